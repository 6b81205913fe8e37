//! From what a platform says of a vehicle to observations. The vehicle is known by its plate and the plate's colour.

use crate::context::Context;
use crate::terminal::fact::{self, Reporter};
use domain::plate::PlateError;
use domain::{
    Alarm, AlarmKind, DeviceId, DeviceKind, Fact, Observation, ObservationId, Plate, PlateClass, PlateColor,
    Timestamp, VehicleKey,
};
use jt808::{DateTime, Item, StatusBits};
use jt809::{Basic, Position, VehicleData, VehicleMessage, Warning};

/// Item under which an alarm of 0x1400 is kept that models do not know.
const WARNING_ITEM: u8 = 0x14;

/// Why what is said of a vehicle is no observation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FactProblem {
    #[error("{plate:?} is no plate: {error}")]
    Plate { plate: String, error: PlateError },
    #[error("the report of JT/T 808 in it: {0}")]
    Report(jt808::DecodeError),
}

impl FactProblem {
    /// The word for counting.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Plate { .. } => "plate",
            Self::Report(_) => "report",
        }
    }
}

/// Appends what a message says of its vehicle to `out`; all of it or, with a problem, nothing.
pub(super) fn observe(
    context: &Context,
    platform: &DeviceId,
    received_at: Timestamp,
    message: &VehicleMessage,
    out: &mut Vec<Observation>,
) -> Result<(), FactProblem> {
    let (positions, is_backfill) = match &message.data {
        VehicleData::Position(position) => (std::slice::from_ref(position), false),
        VehicleData::History(positions) => (positions.as_slice(), true),
        // The device register says which vehicles there are, not a platform.
        VehicleData::Registration(_) | VehicleData::Other { .. } => return Ok(()),
    };
    let vehicle = vehicle(&message.plate, message.plate_color)?;
    let reports: Vec<_> = positions.iter().map(report).collect::<Result<_, _>>()?;
    let identity = identity(vehicle);
    for report in &reports {
        let reporter = Reporter {
            kind: DeviceKind::Fleet,
            device: platform,
            identity: &identity,
            vehicle: Some(vehicle),
            received_at,
            is_backfill,
        };
        fact::observe(context, reporter, report, out);
    }
    Ok(())
}

/// An alarm.
pub(super) fn alarm(
    context: &Context,
    platform: &DeviceId,
    received_at: Timestamp,
    warning: &Warning,
) -> Result<Observation, FactProblem> {
    let vehicle = vehicle(&warning.plate, warning.plate_color)?;
    let at_ms = i64::try_from(warning.at_unix_s).ok().and_then(|seconds| seconds.checked_mul(1_000));
    let claimed = at_ms.map(Timestamp::from_unix_ms);
    Ok(Observation {
        // Not the number of the alarm: a platform counts anew when it sends again.
        id: ObservationId::of(&[
            b"809-alarm",
            &identity(vehicle),
            &warning.kind.to_be_bytes(),
            &warning.at_unix_s.to_be_bytes(),
        ]),
        device: platform.clone(),
        captured_at: context.believe(DeviceKind::Fleet, claimed, received_at),
        received_at,
        fact: Fact::Alarm(Alarm {
            vehicle: Some(vehicle),
            kind: alarm_kind(warning.kind),
            level: 0,
            location: None,
            speed_dkmh: 0,
        }),
    })
}

/// WARN_TYPE (JT/T 809-2011, 4.5.8).
fn alarm_kind(kind: u16) -> AlarmKind {
    match kind {
        0x01 => AlarmKind::Overspeed,
        0x02 | 0x0d => AlarmKind::Fatigue,
        0x03 => AlarmKind::Sos,
        // Su-biao ADAS: 1 forward collision, 2 lane departure.
        0x11 => AlarmKind::Adas(1),
        0x12 => AlarmKind::Adas(2),
        other => AlarmKind::Other { item: WARNING_ITEM, kind: other as u8 },
    }
}

/// What names the vehicle in identities: whichever platform relays a report, it is the same.
fn identity(vehicle: VehicleKey) -> Vec<u8> {
    [vehicle.plate.packed().to_be_bytes().as_slice(), &[vehicle.class.0]].concat()
}

fn vehicle(plate: &str, color: u8) -> Result<VehicleKey, FactProblem> {
    let parsed = Plate::parse(plate);
    let plate = parsed.map_err(|error| FactProblem::Plate { plate: plate.to_owned(), error })?;
    Ok(VehicleKey { plate, class: PlateClass::of_color(plate_color(color)) })
}

/// JT/T 697.7-2014, 5.6.
fn plate_color(code: u8) -> PlateColor {
    match code {
        1 => PlateColor::Blue,
        2 => PlateColor::Yellow,
        3 => PlateColor::Black,
        4 => PlateColor::White,
        5 | 94 => PlateColor::Green,
        93 => PlateColor::YellowGreen,
        _ => PlateColor::Unknown,
    }
}

/// A position as a report of JT/T 808.
fn report(position: &Position) -> Result<jt808::Position, FactProblem> {
    let (mut report, is_shifted) = match position {
        Position::Basic(basic) => (basic_report(basic), basic.is_shifted),
        Position::Full(full) if full.basic().is_some() => {
            (full.basic().as_ref().map(basic_report).unwrap_or_default(), full.is_shifted)
        }
        Position::Full(full) => {
            (jt808::Position::decode(&full.report).map_err(FactProblem::Report)?, full.is_shifted)
        }
    };
    if is_shifted {
        report.status = report.status | StatusBits::PLACE_ENCRYPTED;
    }
    Ok(report)
}

fn basic_report(basic: &Basic) -> jt808::Position {
    let time = basic.unix_ms().and_then(DateTime::from_unix_ms).unwrap_or_default();
    jt808::Position {
        alarm: jt808::AlarmBits(basic.alarm),
        status: StatusBits(basic.status),
        latitude_raw: basic.latitude_e6,
        longitude_raw: basic.longitude_e6,
        altitude_m: basic.altitude_m,
        speed_kmh_x10: basic.speed_kmh.saturating_mul(10),
        direction_deg: basic.heading_deg,
        time,
        items: vec![Item::MileageKmX10(basic.mileage_km.saturating_mul(10))],
        tail: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vehicle_is_known_by_plate_and_colour_of_this_protocol() {
        let key = vehicle("鲁Q12345", 2).unwrap();
        assert_eq!((key.plate.to_string().as_str(), key.class), ("鲁Q12345", PlateClass::LARGE));
        // 1 is blue here, black in GA/T 1400 and yellow in GA/T 833.
        assert_eq!(vehicle("鲁Q12345", 1).unwrap().class, PlateClass::SMALL);
        assert_eq!(vehicle("鲁QD12345", 93).unwrap().class, PlateClass::LARGE_NEW_ENERGY);
        assert!(matches!(vehicle("", 1), Err(FactProblem::Plate { .. })));
    }

    #[test]
    fn a_basic_position_is_a_report_of_its_place_and_time() {
        let basic = Basic {
            is_shifted: true,
            time: (23, 11, 2026, 10, 0, 5),
            longitude_e6: 118_350_000,
            latitude_e6: 35_050_000,
            speed_kmh: 61,
            status: 3,
            ..Basic::default()
        };
        let report = report(&Position::Basic(basic)).unwrap();
        assert_eq!((report.time.to_unix_ms(), report.speed_kmh_x10), (Some(1_795_399_205_000), 610));
        assert!(report.status.contains(StatusBits::PLACE_ENCRYPTED | StatusBits::POSITIONED));
        let odd = Position::Full(jt809::Full { report: vec![0; 5], ..jt809::Full::default() });
        assert!(matches!(super::report(&odd), Err(FactProblem::Report(_))));
    }
}
