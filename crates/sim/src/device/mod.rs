//! The devices: cameras that speak GA/T 1400 or post the notices of their maker, terminals that speak JT/T 808, platforms
//! that forward positions by JT/T 809, where cameras keep their pictures, and scales, which post to the platform's own API.

pub mod camera;
pub mod fleet;
pub(crate) mod notices;
pub mod pictures;
pub mod scale;
pub mod terminal;
pub(crate) mod tour;
pub mod viid;

use crate::clock::Clock;
use crate::county::County;
use crate::noise::NoiseRates;
use crate::picture::Painter;
use crate::traffic::Traffic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What all devices share.
pub struct World {
    /// The county.
    pub county: Arc<County>,
    /// Who drives where.
    pub traffic: Traffic,
    /// What goes wrong.
    pub noise: NoiseRates,
    /// The simulation's time.
    pub clock: Clock,
    /// Draws pictures.
    pub painter: Painter,
    /// Base of the links to pictures that cameras keep, such as `http://127.0.0.1:8908`.
    pub picture_base: String,
    /// What happened so far.
    pub counts: Counts,
}

/// What the devices have done.
#[derive(Debug, Default)]
pub struct Counts {
    /// Passages answered as stored.
    pub passages: AtomicU64,
    /// Passages that the platform refused for good.
    pub passages_refused: AtomicU64,
    /// Passages that a full camera forgot.
    pub passages_lost: AtomicU64,
    /// Positions acknowledged.
    pub positions: AtomicU64,
    /// Positions that other platforms have forwarded; nobody acknowledges those.
    pub forwarded: AtomicU64,
    /// Posts and connections that failed and were tried again.
    pub retries: AtomicU64,
    /// Cameras registered now.
    pub cameras: AtomicU64,
    /// Other platforms logged in now.
    pub fleets: AtomicU64,
    /// Terminals authenticated now.
    pub terminals: AtomicU64,
    /// Terminals that have caught up with the present.
    pub terminals_live: AtomicU64,
}

impl Counts {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn take(counter: &AtomicU64, count: usize) {
        counter.fetch_sub(count as u64, Ordering::Relaxed);
    }

    /// The value of a counter.
    pub fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

/// Codes of offences (违法行为代码) as the county's cameras write them; `data/offence-codes.toml` has them with their source.
pub(crate) mod offence_code {
    pub(crate) const WRONG_WAY: &str = "1301";
    pub(crate) const NO_HELMET: &str = "1207";
    pub(crate) const OVERCROWDED: &str = "1238";
    pub(crate) const CARRYING_PEOPLE: &str = "1036";
    pub(crate) const NO_BELT: &str = "1101";
    pub(crate) const PHONE: &str = "1223";
    pub(crate) const PLATE_COVERED: &str = "1614";
}

/// Waits longer after each failure.
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(500);
    const MAX: Duration = Duration::from_secs(30);

    pub(crate) fn new() -> Self {
        Self { next: Self::FIRST }
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(Self::MAX);
    }

    pub(crate) fn reset(&mut self) {
        self.next = Self::FIRST;
    }
}
