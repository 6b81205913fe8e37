//! The county, its traffic and its devices, seen from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

#[path = "it/county.rs"]
mod county;
#[path = "it/devices.rs"]
mod devices;
#[path = "it/fleets.rs"]
mod fleets;
#[path = "it/honest.rs"]
mod honest;
#[path = "it/notices.rs"]
mod notices;
#[path = "it/traffic.rs"]
mod traffic;

use domain::CivilDay;
use sim::county::County;
use std::sync::{Arc, LazyLock};

/// A Monday.
const DAY: CivilDay = CivilDay(20_780);

/// Waits for something that must come soon.
async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..400 {
        if is_so() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{what} did not come");
}

/// Made once: it takes some seconds unoptimised.
static COUNTY: LazyLock<Arc<County>> = LazyLock::new(|| Arc::new(County::generate(7, DAY)));
