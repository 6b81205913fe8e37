//! Sign-ins that were begun and not ended yet. They are kept in memory: after a restart one begins again.

use domain::Timestamp;
use domain::time::MINUTE_MS;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How long somebody may take to sign in at the provider.
const LIFETIME_MS: i64 = 10 * MINUTE_MS;
/// Sign-ins under way at once.
const UNDER_WAY_MAX: usize = 1_000;

/// What is needed to end a sign-in.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// The sign-ins under way, by state.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<BTreeMap<String, (Timestamp, Attempt)>>);

impl Attempts {
    /// Takes one in; `false` when there are too many.
    pub(super) fn begin(&self, state: String, attempt: Attempt, now: Timestamp) -> bool {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.len() >= UNDER_WAY_MAX {
            under_way.retain(|_, (begun_at, _)| is_alive(*begun_at, now));
        }
        let is_room = under_way.len() < UNDER_WAY_MAX;
        if is_room {
            under_way.insert(state, (now, attempt));
        }
        is_room
    }

    /// Gives one out, once.
    pub(super) fn end(&self, state: &str, now: Timestamp) -> Option<Attempt> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(state);
        taken.filter(|(begun_at, _)| is_alive(*begun_at, now)).map(|(_, attempt)| attempt)
    }
}

fn is_alive(begun_at: Timestamp, now: Timestamp) -> bool {
    (0..LIFETIME_MS).contains(&now.ms_since(begun_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> Attempt {
        Attempt { nonce: String::new(), verifier: String::new() }
    }

    #[test]
    fn a_sign_in_ends_once_and_in_time() {
        let (attempts, at) = (Attempts::default(), Timestamp::from_unix_ms);
        assert!(attempts.begin("a".into(), attempt(), at(0)) && attempts.begin("b".into(), attempt(), at(0)));
        assert!(attempts.end("a", at(LIFETIME_MS - 1)).is_some() && attempts.end("a", at(1)).is_none());
        assert!(attempts.end("b", at(LIFETIME_MS)).is_none());
    }

    #[test]
    fn so_many_are_under_way_until_the_first_are_old() {
        let (attempts, at) = (Attempts::default(), Timestamp::from_unix_ms);
        let begun = |now: i64| {
            let all = 0..UNDER_WAY_MAX + 5;
            all.filter(|n| attempts.begin(format!("{now} {n}"), attempt(), at(now))).count()
        };
        assert_eq!(begun(0), UNDER_WAY_MAX);
        assert_eq!(begun(LIFETIME_MS), UNDER_WAY_MAX);
    }
}
