//! The county, its traffic and its devices, seen from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

#[path = "it/county.rs"]
mod county;
#[path = "it/devices.rs"]
mod devices;
#[path = "it/honest.rs"]
mod honest;
#[path = "it/traffic.rs"]
mod traffic;

use domain::CivilDay;
use sim::county::County;
use std::sync::{Arc, LazyLock};

/// A Monday.
const DAY: CivilDay = CivilDay(20_780);

/// Made once: it takes some seconds unoptimised.
static COUNTY: LazyLock<Arc<County>> = LazyLock::new(|| Arc::new(County::generate(7, DAY)));
