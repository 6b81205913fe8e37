//! Refusals are written into the audit, but nobody floods it with them.

use domain::Timestamp;
use domain::time::MINUTE_MS;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The same refusal is written once in this time; those between are counted into the next row.
const WRITTEN_EVERY_MS: i64 = MINUTE_MS;
/// Persons and routes that are remembered; when all are fresh, further ones are not written until some are old.
const REMEMBERED_MAX: usize = 4_096;

/// Which refusals were written lately.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<BTreeMap<(SmolStr, SmolStr), Noted>>);

#[derive(Debug)]
struct Noted {
    written_at: Timestamp,
    /// Refusals since.
    unwritten: u64,
}

impl Refusals {
    /// Counts a refusal. Gives how many like it were not written, if this one is to be.
    pub(crate) fn note(&self, who: &SmolStr, what: &SmolStr, now: Timestamp) -> Option<u64> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(noted) = noted.get_mut(&(who.clone(), what.clone())) {
            // A clock that was set back makes nobody silent.
            if (0..WRITTEN_EVERY_MS).contains(&now.ms_since(noted.written_at)) {
                noted.unwritten += 1;
                return None;
            }
            noted.written_at = now;
            return Some(std::mem::take(&mut noted.unwritten));
        }
        if noted.len() >= REMEMBERED_MAX {
            noted.retain(|_, noted| (0..WRITTEN_EVERY_MS).contains(&now.ms_since(noted.written_at)));
        }
        if noted.len() >= REMEMBERED_MAX {
            return None;
        }
        noted.insert((who.clone(), what.clone()), Noted { written_at: now, unwritten: 0 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_row_a_minute_and_is_counted() {
        let refusals = Refusals::default();
        let (li, route) = (SmolStr::new("li"), SmolStr::new("GET /audit"));
        let at = |ms| Timestamp::from_unix_ms(ms);
        assert_eq!(refusals.note(&li, &route, at(0)), Some(0));
        for n in 0..1_000 {
            assert_eq!(refusals.note(&li, &route, at(n)), None);
        }
        assert_eq!(refusals.note(&"wang".into(), &route, at(1)), Some(0), "others have rows of their own");
        assert_eq!(refusals.note(&li, &route, at(WRITTEN_EVERY_MS)), Some(1_000));
        assert_eq!(refusals.note(&li, &route, at(0)), Some(0), "also when the clock is set back");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let refusals = Refusals::default();
        let at = |ms| Timestamp::from_unix_ms(ms);
        let written = (0..2 * REMEMBERED_MAX)
            .filter(|n| refusals.note(&SmolStr::default(), &n.to_string().into(), at(0)).is_some());
        assert_eq!(written.count(), REMEMBERED_MAX);
        assert_eq!(refusals.note(&"li".into(), &"later".into(), at(WRITTEN_EVERY_MS)), Some(0));
    }
}
