//! What terminals raise by themselves on a drive: alarm bits, and what the camera on the driver sees (Su-biao).

use super::Rates;
use super::leg::{Leg, Plant};
use crate::county::County;
use crate::dice::{Dice, Stream};
use domain::AlarmKind;
use domain::time::{HOUR_MS, MINUTE_MS};

/// An alarm of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalAlarm {
    /// First report, Unix milliseconds.
    pub from_ms: i64,
    /// Until when it is reported.
    pub until_ms: i64,
    /// What.
    pub kind: AlarmKind,
}

/// Alarms an hour of driving, from 06:00 to 20:00 and in the hours between, in which far fewer drive.
const ALARMS_PER_HOUR_BY_DAY: f64 = 0.03;
const ALARMS_PER_HOUR_LATE: f64 = 0.14;

/// The alarms of one drive of a vehicle with terminal: at most one by chance, and the terminal's own fatigue timer on
/// a drive without rest.
pub fn of_leg(county: &County, rates: Rates, leg: &Leg) -> Vec<TerminalAlarm> {
    const KINDS: [(AlarmKind, f64); 10] = [
        (AlarmKind::DsmPhone, 26.0),
        (AlarmKind::DsmSmoking, 18.0),
        (AlarmKind::DsmDistraction, 17.0),
        (AlarmKind::DsmFatigue, 14.0),
        (AlarmKind::Overspeed, 12.0),
        (AlarmKind::Fatigue, 6.0),
        (AlarmKind::DsmAbnormal, 4.0),
        (AlarmKind::Collision, 1.0),
        (AlarmKind::Rollover, 0.5),
        (AlarmKind::Sos, 1.5),
    ];
    let mut dice = Dice::new(county.seed, Stream::Alarm, leg.vehicle.into(), leg.depart_ms as u64);
    let driving_ms = leg.driving_ms(county);
    let mut alarms = Vec::new();
    let from_ms = leg.depart_ms + (driving_ms as f64 * dice.between(0.1, 0.8)) as i64;
    let per_hour = if super::is_late(from_ms) { ALARMS_PER_HOUR_LATE } else { ALARMS_PER_HOUR_BY_DAY };
    if dice.chance(driving_ms as f64 / HOUR_MS as f64 * per_hour * rates.offences) {
        let kind = dice.pick_weighted(&KINDS, &KINDS.map(|(_, weight)| weight)).0;
        let for_ms = match kind {
            AlarmKind::Overspeed | AlarmKind::Fatigue => 3 * MINUTE_MS,
            _ => MINUTE_MS,
        };
        alarms.push(TerminalAlarm { from_ms, until_ms: from_ms + for_ms, kind });
    }
    if leg.plant == Some(Plant::Fatigue) {
        let from_ms = leg.depart_ms + 4 * HOUR_MS + 2 * MINUTE_MS;
        alarms.push(TerminalAlarm { from_ms, until_ms: leg.arrive_ms(county), kind: AlarmKind::Fatigue });
    }
    alarms
}
