//! Working calendars: when hours of work run, with holidays and the working weekends that make up for them.

use crate::time::{CivilDay, MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A part of the day in which work is done, in minutes of the Beijing day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkTime {
    /// From.
    pub from_minute: u16,
    /// Until (exclusive).
    pub until_minute: u16,
}

/// When work is done. Weekdays, but for holidays, and the weekend days that the State Council makes working days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Parts of a working day, in order, without overlap.
    pub hours: Vec<WorkTime>,
    /// Days off besides Saturday and Sunday.
    pub holidays: BTreeSet<CivilDay>,
    /// Saturdays and Sundays that are worked.
    pub working_weekends: BTreeSet<CivilDay>,
}

/// Days looked at before it is plain that a calendar has no working day.
const DAYS_MAX: i32 = 3_660;

impl Calendar {
    /// Whether the day is worked.
    pub fn is_working(&self, day: CivilDay) -> bool {
        // 1970-01-01 was a Thursday.
        let is_weekend = matches!((day.0 + 3).rem_euclid(7), 5 | 6);
        if is_weekend { self.working_weekends.contains(&day) } else { !self.holidays.contains(&day) }
    }

    /// The instant at which `minutes` of working time have run since `from`. Without any working time (no hours, no
    /// day) it counts like a clock on the wall.
    pub fn after_working_minutes(&self, from: Timestamp, minutes: u32) -> Timestamp {
        let mut left_ms = i64::from(minutes) * MINUTE_MS;
        let first = from.beijing_day();
        for day in first.0..first.0 + DAYS_MAX {
            let day = CivilDay(day);
            if !self.is_working(day) {
                continue;
            }
            for time in &self.hours {
                let begin = day.start().plus_ms(i64::from(time.from_minute) * MINUTE_MS).max(from);
                let end = day.start().plus_ms(i64::from(time.until_minute) * MINUTE_MS);
                let here_ms = end.ms_since(begin);
                if here_ms <= 0 {
                    continue;
                }
                if left_ms <= here_ms {
                    return begin.plus_ms(left_ms);
                }
                left_ms -= here_ms;
            }
        }
        from.plus_ms(i64::from(minutes) * MINUTE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MS;
    use proptest::prelude::*;

    fn office() -> Calendar {
        let day = |text| CivilDay::parse(text).unwrap();
        Calendar {
            hours: vec![
                WorkTime { from_minute: 8 * 60 + 30, until_minute: 12 * 60 },
                WorkTime { from_minute: 14 * 60, until_minute: 18 * 60 },
            ],
            holidays: [day("2026-10-01"), day("2026-10-02"), day("2026-10-05")].into(),
            working_weekends: [day("2026-10-10")].into(),
        }
    }

    fn at(day: &str, minute: i64) -> Timestamp {
        CivilDay::parse(day).unwrap().start().plus_ms(minute * MINUTE_MS)
    }

    #[test]
    fn holidays_and_nights_do_not_count_and_working_weekends_do() {
        let calendar = office();
        // Wednesday 17:00, two hours of work: one today; the holidays, the weekend and Monday are off; then Tuesday.
        assert_eq!(
            calendar.after_working_minutes(at("2026-09-30", 17 * 60), 120),
            at("2026-10-06", 9 * 60 + 30)
        );
        assert!(calendar.is_working(CivilDay::parse("2026-10-10").unwrap()));
        assert!(!calendar.is_working(CivilDay::parse("2026-10-11").unwrap()));
    }

    #[test]
    fn without_working_time_the_wall_clock_counts() {
        let from = at("2026-10-11", 0);
        assert_eq!(Calendar::default().after_working_minutes(from, 60), from.plus_ms(HOUR_MS));
    }

    proptest! {
        #[test]
        fn more_work_is_never_done_earlier(start in 0i64..400 * 24 * 60, minutes in 0u32..20_000, more in 1u32..600) {
            let calendar = office();
            let from = at("2026-01-01", start);
            let end = calendar.after_working_minutes(from, minutes);
            prop_assert!(end >= from.plus_ms(i64::from(minutes) * MINUTE_MS));
            prop_assert!(calendar.after_working_minutes(from, minutes + more) > end);
            // In two parts it is the same.
            let half = calendar.after_working_minutes(from, minutes / 2);
            prop_assert_eq!(calendar.after_working_minutes(half, minutes - minutes / 2), end);
        }
    }
}
