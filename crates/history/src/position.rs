//! Positions in the journal's order.

use crate::column::{Column, Holds, Spec, Table, Walk};
use crate::identity;
use crate::plate_key::PlateKey;
use domain::{
    DeviceId, Fact, Observation, ObservationId, Plate, PlateClass, Position, Timestamp, VehicleKey, Wgs84,
};
use parquet::basic::Encoding;

/// The columns. Units are in the names; bits are those of JT/T 808, as sent.
pub(crate) const POSITIONS: Table = Table {
    columns: &[
        Spec::one("journal_offset", Holds::Long).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("received_at", Holds::Instant).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("captured_at", Holds::Instant).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("device", Holds::Text),
        // Of the vehicle that carried the terminal at the time.
        Spec::maybe("plate", Holds::Text),
        Spec::maybe("plate_class", Holds::Unsigned(8)),
        Spec::maybe("longitude", Holds::Degrees).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::maybe("latitude", Holds::Degrees).coded(Encoding::DELTA_BINARY_PACKED),
        // 0.1 km/h.
        Spec::one("speed_dkmh", Holds::Unsigned(16)),
        Spec::one("heading_deg", Holds::Unsigned(16)),
        Spec::one("altitude_m", Holds::Number),
        Spec::one("alarm_bits", Holds::Unsigned(32)),
        Spec::one("status_bits", Holds::Unsigned(32)),
        // 0.1 km.
        Spec::maybe("mileage_hm", Holds::Unsigned(32)).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("is_backfill", Holds::Bool),
        Spec::one("id_recipe", Holds::Unsigned(8)),
        Spec::maybe("id", Holds::Text).coded(Encoding::PLAIN),
    ],
    sorted_by: &[0],
    page_rows: 16_384,
};

/// Degrees in units of 1e-7, which is all that a place has.
pub(crate) fn e7(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

pub(crate) fn degrees(e7: i64) -> f64 {
    e7 as f64 / 1e7
}

/// Takes positions into columns.
#[derive(Debug)]
pub(crate) struct PositionWriter {
    pub(crate) columns: Vec<Column>,
    text: String,
}

impl PositionWriter {
    pub(crate) fn new() -> Self {
        Self { columns: POSITIONS.empty(), text: String::new() }
    }

    pub(crate) fn push(&mut self, offset: u64, observation: &Observation, position: &Position) {
        let Observation { id, device, captured_at, received_at, .. } = observation;
        let recipe = identity::recipe_of_position(*id, device, *captured_at, position);
        self.text.clear();
        if let Some(vehicle) = position.vehicle {
            PlateKey::from(vehicle.plate).write(&mut self.text);
        }
        let mut columns = self.columns.iter_mut();
        let mut next = || columns.next().expect("as many columns as the table has");
        next().push_long(offset as i64);
        next().push_long(received_at.unix_ms());
        next().push_long(captured_at.unix_ms());
        next().push_text(device.as_str());
        next().push_text(position.vehicle.is_some().then_some(self.text.as_str()));
        next().push_int(position.vehicle.map(|vehicle| i32::from(vehicle.class.0)));
        next().push_long(position.location.map(|place| e7(place.lon_deg())));
        next().push_long(position.location.map(|place| e7(place.lat_deg())));
        next().push_int(i32::from(position.speed_dkmh));
        next().push_int(i32::from(position.heading_deg));
        next().push_int(i32::from(position.altitude_m));
        next().push_int(position.alarm_bits as i32);
        next().push_int(position.status_bits as i32);
        next().push_int(position.mileage_hm.map(|mileage| mileage as i32));
        next().push_bool(position.is_backfill);
        next().push_int(i32::from(recipe));
        let hex = (recipe == identity::STORED).then(|| id.to_string());
        next().push_text(hex.as_deref());
    }
}

/// Makes observations from columns that were read, row by row.
pub(crate) struct PositionWalk<'c> {
    columns: Vec<Walk<'c>>,
}

impl<'c> PositionWalk<'c> {
    pub(crate) fn new(columns: &'c [Column]) -> Self {
        Self { columns: columns.iter().map(Walk::new).collect() }
    }

    /// The next row with its offset; `None` when a value is none that can be.
    pub(crate) fn next(&mut self) -> Option<(u64, Observation)> {
        let mut columns = self.columns.iter_mut();
        let mut next = || columns.next().expect("as many columns as the table has");
        // All columns are read in any case, so that all stay at the same row.
        let offset = next().long();
        let received_at = next().long();
        let captured_at = next().long();
        let device = next().text();
        let plate = next().text();
        let class = next().int();
        let longitude = next().long();
        let latitude = next().long();
        let speed = next().int();
        let heading = next().int();
        let altitude = next().int();
        let alarm = next().int();
        let status = next().int();
        let mileage = next().int();
        let is_backfill = next().bool();
        let recipe = next().int();
        let id = next().text();

        let vehicle = match plate {
            Some(plate) => {
                let plate = Plate::of_text(plate)?;
                Some(VehicleKey { plate, class: PlateClass(class? as u8) })
            }
            None => None,
        };
        let location = match (longitude, latitude) {
            (Some(longitude), Some(latitude)) => Some(Wgs84::new(degrees(longitude), degrees(latitude))?),
            _ => None,
        };
        let position = Position {
            vehicle,
            location,
            speed_dkmh: speed? as u16,
            heading_deg: heading? as u16,
            altitude_m: altitude? as i16,
            alarm_bits: alarm? as u32,
            status_bits: status? as u32,
            mileage_hm: mileage.map(|mileage| mileage as u32),
            is_backfill: is_backfill?,
        };
        let device = DeviceId::from(device?);
        let captured_at = Timestamp::from_unix_ms(captured_at?);
        let id = match id {
            Some(text) => ObservationId::parse(text)?,
            None => identity::of_position(recipe? as u8, &device, captured_at, &position)?,
        };
        let received_at = Timestamp::from_unix_ms(received_at?);
        let fact = Fact::Position(position);
        Some((offset? as u64, Observation { id, device, captured_at, received_at, fact }))
    }
}
