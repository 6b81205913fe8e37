//! How much the public may report: so much an hour from one address, so much a day in all.

use domain::Timestamp;
use domain::time::{DAY_MS, HOUR_MS};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Reports from one address within an hour.
pub(super) const REPORTS_AN_HOUR_MAX: u32 = 20;
/// Reports from everybody within a day.
pub(super) const REPORTS_A_DAY_MAX: u32 = 2_000;

/// Counts what the public reports.
#[derive(Debug, Default)]
pub struct PublicGate(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Hour and reports of each address that reported in this hour.
    hours: BTreeMap<IpAddr, (i64, u32)>,
    day: i64,
    of_day: u32,
}

impl PublicGate {
    /// Whether one more is taken from this address now.
    pub fn admit(&self, address: IpAddr, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hour, day) = (now.unix_ms().div_euclid(HOUR_MS), now.unix_ms().div_euclid(DAY_MS));
        if counts.day != day {
            (counts.day, counts.of_day) = (day, 0);
        }
        if counts.of_day >= REPORTS_A_DAY_MAX {
            return false;
        }
        // Addresses of hours gone by are forgotten, so that nobody fills the memory.
        counts.hours.retain(|_, (of, _)| *of == hour);
        let (_, count) = counts.hours.entry(address).or_insert((hour, 0));
        if *count >= REPORTS_AN_HOUR_MAX {
            return false;
        }
        *count += 1;
        counts.of_day += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_reports_so_much_an_hour_and_others_go_on() {
        let gate = PublicGate::default();
        let now = Timestamp::from_unix_ms(0);
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        assert_eq!((0..100).filter(|_| gate.admit(a, now)).count() as u32, REPORTS_AN_HOUR_MAX);
        assert!(gate.admit(b, now));
        assert!(gate.admit(a, now.plus_ms(HOUR_MS)));
    }
}
