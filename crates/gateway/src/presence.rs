//! Which devices are there, since when, and how well their clocks go. In memory: it is true only of now.

use domain::{DeviceId, DeviceKind, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// How long the least delayed report stands for a device's clock, in ms.
const CLOCK_WINDOW_MS: i64 = 15 * domain::time::MINUTE_MS;
/// A report that claims to be older than this was kept by its device and is not live, in ms.
const LATE_MS: i64 = 10 * domain::time::MINUTE_MS;

/// What is known of a device now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceState {
    /// Where it speaks from.
    pub address: SocketAddr,
    /// Since when it is registered or connected; `None` when it is gone.
    pub connected_since: Option<Timestamp>,
    /// When it last said anything.
    pub last_seen_at: Timestamp,
    /// Observations taken from it since the start of the process.
    pub observations: u64,
    /// Its clock minus ours at its last live report, in ms, network delay included; `None` before the first.
    pub clock_offset_ms: Option<i64>,
    /// When the report arrived that told so.
    pub clock_told_at: Option<Timestamp>,
    /// Protocol edition, where one was seen.
    pub edition: Option<&'static str>,
}

/// All devices that spoke since the start of the process.
#[derive(Debug, Default)]
pub struct Presence {
    devices: Mutex<HashMap<(DeviceKind, DeviceId), DeviceState>>,
}

impl Presence {
    /// A device connected or registered.
    pub fn connected(&self, kind: DeviceKind, id: &DeviceId, address: SocketAddr, at: Timestamp) {
        self.with(kind, id, address, at, |state| {
            state.address = address;
            state.connected_since.get_or_insert(at);
            state.last_seen_at = at;
        });
    }

    /// A device said something.
    pub fn seen(
        &self,
        kind: DeviceKind,
        id: &DeviceId,
        address: SocketAddr,
        at: Timestamp,
        observations: u64,
    ) {
        self.with(kind, id, address, at, |state| {
            state.address = address;
            state.last_seen_at = at;
            state.observations += observations;
        });
    }

    /// A live report that arrived at `at` claimed a time `offset_ms` ahead of ours.
    ///
    /// A delay on the way makes a clock look slow, never fast, so the report least delayed of the last
    /// [`CLOCK_WINDOW_MS`] tells the clock. What claims to be older than [`LATE_MS`] is late data and tells nothing.
    pub fn clock_offset(&self, kind: DeviceKind, id: &DeviceId, offset_ms: i64, at: Timestamp) {
        if offset_ms < -LATE_MS {
            return;
        }
        if let Some(state) = self.lock().get_mut(&(kind, id.clone())) {
            let is_old = state.clock_told_at.is_none_or(|told_at| at.ms_since(told_at) > CLOCK_WINDOW_MS);
            if is_old || state.clock_offset_ms.is_none_or(|known| known < offset_ms) {
                state.clock_offset_ms = Some(offset_ms);
                state.clock_told_at = Some(at);
            }
        }
    }

    /// The device speaks this edition of its protocol.
    pub fn edition(&self, kind: DeviceKind, id: &DeviceId, edition: &'static str) {
        if let Some(state) = self.lock().get_mut(&(kind, id.clone())) {
            state.edition = Some(edition);
        }
    }

    /// A device left or fell silent; only if it still speaks from `address` (it may have come back elsewhere already).
    pub fn gone(&self, kind: DeviceKind, id: &DeviceId, address: SocketAddr) {
        if let Some(state) = self.lock().get_mut(&(kind, id.clone()))
            && state.address == address
        {
            state.connected_since = None;
        }
    }

    /// The state of one device.
    pub fn get(&self, kind: DeviceKind, id: &DeviceId) -> Option<DeviceState> {
        self.lock().get(&(kind, id.clone())).cloned()
    }

    /// The state of all devices, by kind and identity.
    pub fn all(&self) -> BTreeMap<(DeviceKind, DeviceId), DeviceState> {
        self.lock().iter().map(|(key, state)| (key.clone(), state.clone())).collect()
    }

    fn with(
        &self,
        kind: DeviceKind,
        id: &DeviceId,
        address: SocketAddr,
        at: Timestamp,
        change: impl FnOnce(&mut DeviceState),
    ) {
        change(self.lock().entry((kind, id.clone())).or_insert(DeviceState {
            address,
            connected_since: None,
            last_seen_at: at,
            observations: 0,
            clock_offset_ms: None,
            clock_told_at: None,
            edition: None,
        }));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(DeviceKind, DeviceId), DeviceState>> {
        // The map is valid after every statement, so a panic elsewhere does not spoil it.
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_delayed_report_tells_the_clock_until_it_is_old() {
        let presence = Presence::default();
        let (camera, id) = (DeviceKind::Camera, DeviceId::from("1"));
        let at = |minutes: i64| Timestamp::from_unix_ms(minutes * domain::time::MINUTE_MS);
        presence.connected(camera, &id, ([127, 0, 0, 1], 1).into(), at(0));
        let offset = || presence.get(camera, &id).and_then(|state| state.clock_offset_ms);
        presence.clock_offset(camera, &id, -3_600_000, at(0));
        assert_eq!(offset(), None, "an hour old: kept by the camera and sent late");
        presence.clock_offset(camera, &id, -40_000, at(1));
        presence.clock_offset(camera, &id, -1_500, at(2));
        presence.clock_offset(camera, &id, -9_000, at(3));
        assert_eq!(offset(), Some(-1_500));
        presence.clock_offset(camera, &id, -9_000, at(18));
        assert_eq!(offset(), Some(-9_000));
    }
}
