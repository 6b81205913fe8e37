//! From a position report to observations: the position itself and one alarm for each active safety item in it.

use crate::context::Context;
use domain::{
    Alarm, AlarmKind, DeviceId, DeviceKind, Fact, Gcj02, Observation, ObservationId, Position, Timestamp,
    VehicleKey, Wgs84,
};
use jt808::active_safety::{AlarmCircumstances, DsmKind};
use jt808::{DateTime, Item, StatusBits};

/// Who reports, and when it reached us.
#[derive(Clone, Copy)]
pub(crate) struct Reporter<'r> {
    pub(crate) kind: DeviceKind,
    /// The terminal, or the platform that relays it.
    pub(crate) device: &'r DeviceId,
    /// What names the terminal in identities: its SIM number, or its vehicle where a platform relays it.
    pub(crate) identity: &'r [u8],
    pub(crate) vehicle: Option<VehicleKey>,
    pub(crate) received_at: Timestamp,
    /// From a batch for a blind area (0x0704), so not of now.
    pub(crate) is_backfill: bool,
}

/// Appends what a position report says to `out`.
pub(crate) fn observe(
    context: &Context,
    reporter: Reporter<'_>,
    report: &jt808::Position,
    out: &mut Vec<Observation>,
) {
    out.push(observation(context, reporter, position_id(reporter.identity, report), report.time, || {
        Fact::Position(position(reporter, report))
    }));
    for item in &report.items {
        let Some(found) = FoundAlarm::of(item) else { continue };
        let id = alarm_id(reporter.identity, item.id(), &found);
        out.push(observation(context, reporter, id, found.circumstances.time, || {
            let own = place(
                report.status,
                found.circumstances.longitude_raw.into(),
                found.circumstances.latitude_raw.into(),
            );
            Fact::Alarm(Alarm {
                vehicle: reporter.vehicle,
                kind: found.kind,
                level: found.level,
                location: own.or_else(|| location(report)),
                speed_dkmh: u16::from(found.circumstances.speed_kmh) * 10,
            })
        }));
    }
}

fn observation(
    context: &Context,
    reporter: Reporter<'_>,
    id: ObservationId,
    time: DateTime,
    fact: impl FnOnce() -> Fact,
) -> Observation {
    let claimed = time.to_unix_ms().map(Timestamp::from_unix_ms);
    Observation {
        id,
        device: reporter.device.clone(),
        captured_at: context.believe(reporter.kind, claimed, reporter.received_at),
        received_at: reporter.received_at,
        fact: fact(),
    }
}

fn position(reporter: Reporter<'_>, report: &jt808::Position) -> Position {
    let mileage_hm = report.items.iter().find_map(|item| match item {
        Item::MileageKmX10(mileage) => Some(*mileage),
        _ => None,
    });
    Position {
        vehicle: reporter.vehicle,
        location: location(report),
        speed_dkmh: report.speed_kmh_x10,
        heading_deg: report.direction_deg,
        // Heights above 32,767 m are no heights; below sea level is sent as a negative number by some.
        altitude_m: report.altitude_m as i16,
        alarm_bits: report.alarm.0,
        status_bits: report.status.0,
        mileage_hm,
        is_backfill: reporter.is_backfill,
    }
}

/// Where the report was made; `None` when the terminal had no fix.
fn location(report: &jt808::Position) -> Option<Wgs84> {
    if !report.status.contains(StatusBits::POSITIONED) {
        return None;
    }
    place(report.status, report.longitude_raw.into(), report.latitude_raw.into())
}

/// A place in 1e-6 degrees without signs, which the status has. Zero and zero is what terminals send for nowhere.
fn place(status: StatusBits, lon_e6: f64, lat_e6: f64) -> Option<Wgs84> {
    if lon_e6 == 0.0 && lat_e6 == 0.0 {
        return None;
    }
    let lon_deg = if status.contains(StatusBits::WEST) { -lon_e6 } else { lon_e6 } / 1e6;
    let lat_deg = if status.contains(StatusBits::SOUTH) { -lat_e6 } else { lat_e6 } / 1e6;
    if status.contains(StatusBits::PLACE_ENCRYPTED) {
        return Gcj02 { lon_deg, lat_deg }.to_wgs84();
    }
    Wgs84::new(lon_deg, lat_deg)
}

/// The identity of a position: terminal, its own time, place, motion, alarms and state, all as sent. A repeat has them all,
/// in a 0x0200 or a 0x0704; of two reports within one second, the second comes because one of them changed. The time is
/// taken as sent, valid or not, so that a repeat is known whenever it comes.
fn position_id(terminal: &[u8], report: &jt808::Position) -> ObservationId {
    ObservationId::of(&[
        b"808",
        terminal,
        &report.time.bcd(),
        &report.latitude_raw.to_be_bytes(),
        &report.longitude_raw.to_be_bytes(),
        &report.speed_kmh_x10.to_be_bytes(),
        &report.direction_deg.to_be_bytes(),
        &report.alarm.0.to_be_bytes(),
        &report.status.0.to_be_bytes(),
    ])
}

/// The identity of an active safety alarm: what the terminal itself numbers it by (报警标识号), and which report of it this
/// is, its beginning or its end.
fn alarm_id(terminal: &[u8], item: u8, found: &FoundAlarm<'_>) -> ObservationId {
    let identifier = &found.circumstances.identifier;
    ObservationId::of(&[
        b"808-alarm",
        terminal,
        &[item, found.code, found.phase, identifier.sequence],
        &found.alarm_id.to_be_bytes(),
        &identifier.time.bcd(),
        &found.circumstances.time.bcd(),
    ])
}

/// An active safety item as an alarm (Su-biao, T/JSATL 12-2017 tables 4-15 to 4-20).
struct FoundAlarm<'i> {
    kind: AlarmKind,
    /// The type in the item.
    code: u8,
    level: u8,
    alarm_id: u32,
    phase: u8,
    circumstances: &'i AlarmCircumstances,
}

impl<'i> FoundAlarm<'i> {
    fn of(item: &'i Item) -> Option<Self> {
        let other = |kind: u8| AlarmKind::Other { item: item.id(), kind };
        let (kind, code, level, alarm_id, phase, circumstances) = match item {
            Item::Adas(alarm) => {
                let code = alarm.kind.into();
                (AlarmKind::Adas(code), code, alarm.level, alarm.alarm_id, alarm.phase, &alarm.circumstances)
            }
            Item::Dsm(alarm) => {
                let code = alarm.kind.into();
                let kind = match alarm.kind {
                    DsmKind::Fatigue => AlarmKind::DsmFatigue,
                    DsmKind::Phone => AlarmKind::DsmPhone,
                    DsmKind::Smoking => AlarmKind::DsmSmoking,
                    DsmKind::Distraction => AlarmKind::DsmDistraction,
                    DsmKind::DriverAbnormal => AlarmKind::DsmAbnormal,
                    DsmKind::Snapshot | DsmKind::DriverChange | DsmKind::Other(_) => other(code),
                };
                (kind, code, alarm.level, alarm.alarm_id, alarm.phase, &alarm.circumstances)
            }
            Item::Tyre(alarm) => {
                // The type of a tyre alarm is what is wrong with any of them; the bits that are named lie in the low byte.
                let code = alarm.tyres.iter().fold(0, |bits, tyre| bits | tyre.alarm.0 as u8);
                (other(code), code, 0, alarm.alarm_id, alarm.phase, &alarm.circumstances)
            }
            Item::BlindSpot(alarm) => {
                let code = alarm.kind.into();
                (other(code), code, 0, alarm.alarm_id, alarm.phase, &alarm.circumstances)
            }
            Item::HardDriving(alarm) => {
                let code = alarm.kind.into();
                (other(code), code, 0, alarm.alarm_id, alarm.phase, &alarm.circumstances)
            }
            _ => return None,
        };
        Some(Self { kind, code, level, alarm_id, phase: phase.into(), circumstances })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_signs_and_its_datum_in_the_status() {
        let at = |status, lon_e6, lat_e6| place(status, lon_e6, lat_e6);
        let fixed = StatusBits::POSITIONED;
        assert_eq!(at(fixed, 118.35e6, 35.05e6), Wgs84::new(118.35, 35.05));
        assert_eq!(at(fixed | StatusBits::WEST, 118.35e6, 35.05e6), Wgs84::new(-118.35, 35.05));
        assert_eq!(at(fixed | StatusBits::SOUTH, 118.35e6, 35.05e6), Wgs84::new(118.35, -35.05));
        assert_eq!(at(fixed, 0.0, 0.0), None);
        assert_eq!(at(fixed, 180.1e6, 35.05e6), None);
        let shifted = at(fixed | StatusBits::PLACE_ENCRYPTED, 118.35e6, 35.05e6).unwrap();
        let distance_m = shifted.distance_m(Wgs84::new(118.35, 35.05).unwrap());
        assert!((300.0..800.0).contains(&distance_m), "{distance_m}");
        let map = shifted.to_gcj02();
        assert!((map.lon_deg - 118.35).abs() < 1e-6 && (map.lat_deg - 35.05).abs() < 1e-6);
    }

    #[test]
    fn without_a_fix_there_is_no_place() {
        let mut report = jt808::Position::default();
        report.set_place_e6(35_000_000, 118_000_000);
        assert_eq!(location(&report), None);
        report.status = report.status | StatusBits::POSITIONED;
        assert!(location(&report).is_some());
    }
}
