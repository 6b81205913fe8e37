//! Which cameras are registered, from where, and how often they may ask.

use super::Bound;
use crate::bucket::{BURST_S, Bucket};
use domain::{DeviceId, Timestamp};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Session {
    /// The registration holds for this host; each connection has a port of its own.
    address: SocketAddr,
    last_seen_at: Timestamp,
    rate: Bucket,
}

/// The sessions. Only devices of the directory get one, so their number is bounded by it.
#[derive(Debug)]
pub(crate) struct Sessions {
    by_device: Mutex<HashMap<DeviceId, Session>>,
    life_ms: i64,
    per_s: u32,
}

impl Sessions {
    /// Sessions that lapse after `life_ms` of silence and may ask `per_s` times a second.
    pub(crate) fn new(life_ms: i64, per_s: u32) -> Self {
        Self { by_device: Mutex::default(), life_ms, per_s }
    }

    /// The device has proved who it is.
    pub(crate) fn begin(&self, device: &DeviceId, address: SocketAddr, now: Timestamp) {
        let mut sessions = self.lock();
        if let Some(session) = sessions.get_mut(device) {
            // Its rate goes on: registering again is no way around it.
            session.address = address;
            session.last_seen_at = now;
            return;
        }
        let rate = Bucket::new(self.per_s, u64::from(self.per_s) * u64::from(BURST_S), now);
        sessions.insert(device.clone(), Session { address, last_seen_at: now, rate });
    }

    /// Lets a request in, if its device is registered from that host, has not lapsed and is within its rate.
    pub(crate) fn enter(&self, device: &DeviceId, address: SocketAddr, now: Timestamp) -> Result<(), Bound> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(device).ok_or(Bound::Unregistered)?;
        let is_lapsed = now.ms_since(session.last_seen_at) > self.life_ms;
        if is_lapsed || session.address.ip() != address.ip() {
            return Err(Bound::Unregistered);
        }
        session.address = address;
        session.last_seen_at = now;
        if session.rate.take(now) { Ok(()) } else { Err(Bound::TooOften) }
    }

    /// Ends a session; gives the address it last spoke from.
    pub(crate) fn end(&self, device: &DeviceId) -> Option<SocketAddr> {
        self.lock().remove(device).map(|session| session.address)
    }

    /// Ends the sessions that have lapsed.
    pub(crate) fn take_lapsed(&self, now: Timestamp) -> Vec<(DeviceId, SocketAddr)> {
        let is_lapsed = |session: &Session| now.ms_since(session.last_seen_at) > self.life_ms;
        self.lock()
            .extract_if(|_, session| is_lapsed(session))
            .map(|(device, session)| (device, session.address))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Session>> {
        self.by_device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers to challenges with which devices have registered, for as long as their nonces are good: one that was overheard
/// is no use to who sends it again. Only right answers are remembered, so only who knows a password adds to them. (Counting
/// the uses of a nonce would not do: cameras that are challenged in the same millisecond get the same.)
#[derive(Debug)]
pub(crate) struct UsedAnswers {
    /// Device and response, and when it was used.
    used_at: Mutex<HashMap<(DeviceId, String), Timestamp>>,
    life_ms: i64,
}

impl UsedAnswers {
    pub(crate) fn new(life_ms: i64) -> Self {
        Self { used_at: Mutex::default(), life_ms }
    }

    /// Remembers a right answer; false when it was used before.
    pub(crate) fn use_up(&self, device: &DeviceId, response: &str, now: Timestamp) -> bool {
        let mut used_at = self.used_at.lock().unwrap_or_else(PoisonError::into_inner);
        used_at.retain(|_, used_at| now.ms_since(*used_at) <= self.life_ms);
        used_at.insert((device.clone(), response.to_owned()), now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_answer_is_good_once_while_its_nonce_lives() {
        let used = UsedAnswers::new(1_000);
        let camera = DeviceId::from("1");
        let start = Timestamp::from_unix_ms(0);
        assert!(used.use_up(&camera, "a", start));
        assert!(!used.use_up(&camera, "a", start));
        assert!(used.use_up(&camera, "b", start));
        assert!(used.use_up(&DeviceId::from("2"), "b", start.plus_ms(1_000)));
        assert!(!used.use_up(&camera, "b", start.plus_ms(1_000)));
        // Each use counts anew, and by then the nonce itself has expired.
        assert!(used.use_up(&camera, "b", start.plus_ms(2_001)));
    }

    #[test]
    fn a_session_holds_for_its_host_and_lapses_after_silence() {
        let sessions = Sessions::new(1_000, 1);
        let camera = DeviceId::from("1");
        let here: SocketAddr = "10.0.0.1:1000".parse().unwrap();
        let here_again: SocketAddr = "10.0.0.1:2000".parse().unwrap();
        let elsewhere: SocketAddr = "10.0.0.2:1000".parse().unwrap();
        let start = Timestamp::from_unix_ms(0);
        assert!(matches!(sessions.enter(&camera, here, start), Err(Bound::Unregistered)));
        sessions.begin(&camera, here, start);
        assert!(sessions.enter(&camera, here_again, start.plus_ms(1_000)).is_ok());
        assert!(matches!(sessions.enter(&camera, elsewhere, start.plus_ms(1_000)), Err(Bound::Unregistered)));
        assert_eq!(sessions.take_lapsed(start.plus_ms(2_000)), []);
        assert!(matches!(sessions.enter(&camera, here, start.plus_ms(2_001)), Err(Bound::Unregistered)));
        assert_eq!(sessions.take_lapsed(start.plus_ms(2_001)), [(camera, here_again)]);
    }

    #[test]
    fn registering_again_gives_no_new_tokens() {
        let sessions = Sessions::new(1_000_000, 1);
        let camera = DeviceId::from("1");
        let here: SocketAddr = "10.0.0.1:1000".parse().unwrap();
        let start = Timestamp::from_unix_ms(0);
        sessions.begin(&camera, here, start);
        while sessions.enter(&camera, here, start).is_ok() {}
        sessions.begin(&camera, here, start);
        assert!(matches!(sessions.enter(&camera, here, start), Err(Bound::TooOften)));
    }
}
