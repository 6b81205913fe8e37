//! Watch orders (布控): vehicles to look out for. Their approval is the stage of issue and review; here is what judgement needs.

use crate::id::WatchOrderId;
use crate::plate::Plate;
use crate::time::Timestamp;
use crate::vehicle::PlateClass;
use crate::warning::Level;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A vehicle to look out for, with its reason and its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchOrder {
    /// Identity.
    pub id: WatchOrderId,
    /// The number; an unread place (`-`) matches any symbol.
    pub plate: Plate,
    /// The class, where it is known.
    pub class: Option<PlateClass>,
    /// Why.
    pub reason: SmolStr,
    /// How urgent a hit is.
    pub level: Level,
    /// From when sightings count.
    pub from: Timestamp,
    /// Until when sightings count (exclusive): the end date, or earlier when withdrawn (撤控).
    pub until: Timestamp,
}

impl WatchOrder {
    /// Whether a sighting at that time counts.
    pub fn is_in_force_at(&self, captured_at: Timestamp) -> bool {
        self.from <= captured_at && captured_at < self.until
    }
}
