//! Rows sorted by plate and time, and what they are made of: sightings (a passage as a trace shows it) and fixes (a position
//! as a track shows it). The whole row is found by its time of receipt in the projection by arrival.

use crate::column::{Column, Holds, Spec, Table, Walk};
use crate::plate_key::PlateKey;
use crate::position::{degrees, e7};
use domain::{
    CheckpointId, DeviceId, Fact, Observation, Passage, PlateClass, PlateColor, Position, Timestamp,
    VehicleType, Wgs84,
};
use parquet::basic::Encoding;

/// Column of the plate in both tables.
pub(crate) const PLATE: usize = 0;
/// Column of the time of capture in both tables.
pub(crate) const CAPTURED_AT: usize = 1;

/// Rows of a page: a trace reads whole pages for the few rows of one plate, and each page costs about a hundred bytes a
/// column.
const PAGE_ROWS: usize = 2_048;

/// A row that is sorted by plate and time.
pub(crate) trait ByPlate: Sized + Clone + Send + Sync + 'static {
    const TABLE: &'static Table;
    fn plate(&self) -> PlateKey;
    fn captured_at(&self) -> Timestamp;
    fn received_at(&self) -> Timestamp;
    /// What is shown of an observation; `None` for one of another kind, or of no plate.
    fn of(observation: &Observation) -> Option<Self>;
    fn push(&self, plate: &str, columns: &mut [Column]);
    /// The next row; `None` when a value is none that can be.
    fn read(plate: PlateKey, walks: &mut [Walk<'_>]) -> Option<Self>;

    fn order(&self) -> (PlateKey, Timestamp, Timestamp) {
        (self.plate(), self.captured_at(), self.received_at())
    }
}

/// A passage as a trace shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// The plate as it was understood.
    pub plate: PlateKey,
    /// By the camera's clock.
    pub captured_at: Timestamp,
    /// By ours.
    pub received_at: Timestamp,
    /// Where.
    pub checkpoint: CheckpointId,
    /// Class of the plate.
    pub plate_class: PlateClass,
    /// Its ground colour.
    pub plate_color: PlateColor,
    /// Lane from the middle of the road.
    pub lane: Option<u8>,
    /// Direction code of the device.
    pub direction: Option<u8>,
    /// Speed in km/h.
    pub speed_kmh: Option<u16>,
    /// Confidence of the read in percent.
    pub plate_confidence: Option<u8>,
    /// Vehicle type of GA/T 16.4.
    pub vehicle_type: Option<VehicleType>,
    /// Body colour of GA/T 16.8.
    pub body_color: Option<char>,
}

/// A position as a track shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// The plate of the vehicle that carried the terminal.
    pub plate: PlateKey,
    /// By the terminal's clock.
    pub captured_at: Timestamp,
    /// By ours.
    pub received_at: Timestamp,
    /// Class of the plate.
    pub plate_class: PlateClass,
    /// The terminal.
    pub device: DeviceId,
    /// Where; `None` without a fix.
    pub location: Option<Wgs84>,
    /// Speed in 0.1 km/h.
    pub speed_dkmh: u16,
    /// Heading in degrees.
    pub heading_deg: u16,
    /// Status bits of JT/T 808.
    pub status_bits: u32,
}

pub(crate) const SIGHTINGS: Table = Table {
    columns: &[
        Spec::one("plate", Holds::Text).coded(Encoding::DELTA_BYTE_ARRAY),
        Spec::one("captured_at", Holds::Instant).coded(Encoding::DELTA_BINARY_PACKED),
        // `received_at` is `captured_at` and this.
        Spec::one("delay_ms", Holds::Long).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("checkpoint", Holds::Text),
        Spec::one("plate_class", Holds::Unsigned(8)),
        Spec::one("plate_color", Holds::Text),
        Spec::maybe("lane", Holds::Unsigned(8)),
        Spec::maybe("direction", Holds::Unsigned(8)),
        Spec::maybe("speed_kmh", Holds::Unsigned(16)),
        Spec::maybe("plate_confidence", Holds::Unsigned(8)),
        Spec::maybe("vehicle_type", Holds::Text),
        Spec::maybe("body_color", Holds::Text),
    ],
    sorted_by: &[PLATE, CAPTURED_AT],
    page_rows: PAGE_ROWS,
};

pub(crate) const FIXES: Table = Table {
    columns: &[
        Spec::one("plate", Holds::Text).coded(Encoding::DELTA_BYTE_ARRAY),
        Spec::one("captured_at", Holds::Instant).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("delay_ms", Holds::Long).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("device", Holds::Text),
        Spec::one("plate_class", Holds::Unsigned(8)),
        Spec::maybe("longitude", Holds::Degrees).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::maybe("latitude", Holds::Degrees).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("speed_dkmh", Holds::Unsigned(16)),
        Spec::one("heading_deg", Holds::Unsigned(16)),
        Spec::one("status_bits", Holds::Unsigned(32)),
    ],
    sorted_by: &[PLATE, CAPTURED_AT],
    page_rows: PAGE_ROWS,
};

impl Sighting {
    /// What a trace shows of a passage; `None` without a plate.
    pub fn of(observation: &Observation, passage: &Passage) -> Option<Self> {
        Some(Self {
            plate: passage.plate?.into(),
            captured_at: observation.captured_at,
            received_at: observation.received_at,
            checkpoint: passage.checkpoint.clone(),
            plate_class: passage.plate_class,
            plate_color: passage.plate_color,
            lane: passage.lane,
            direction: passage.direction,
            speed_kmh: passage.speed_kmh,
            plate_confidence: passage.plate_confidence,
            vehicle_type: passage.vehicle_type,
            body_color: passage.body_color,
        })
    }
}

impl Fix {
    /// What a track shows of a position; `None` without a vehicle.
    pub fn of(observation: &Observation, position: &Position) -> Option<Self> {
        let vehicle = position.vehicle?;
        Some(Self {
            plate: vehicle.plate.into(),
            captured_at: observation.captured_at,
            received_at: observation.received_at,
            plate_class: vehicle.class,
            device: observation.device.clone(),
            location: position.location,
            speed_dkmh: position.speed_dkmh,
            heading_deg: position.heading_deg,
            status_bits: position.status_bits,
        })
    }
}

impl ByPlate for Sighting {
    const TABLE: &'static Table = &SIGHTINGS;

    fn of(observation: &Observation) -> Option<Self> {
        let Fact::Passage(passage) = &observation.fact else { return None };
        Self::of(observation, passage)
    }

    fn plate(&self) -> PlateKey {
        self.plate
    }

    fn captured_at(&self) -> Timestamp {
        self.captured_at
    }

    fn received_at(&self) -> Timestamp {
        self.received_at
    }

    fn push(&self, plate: &str, columns: &mut [Column]) {
        let mut columns = columns.iter_mut();
        let mut next = || columns.next().expect("as many columns as the table has");
        next().push_text(plate);
        next().push_long(self.captured_at.unix_ms());
        next().push_long(self.received_at.ms_since(self.captured_at));
        next().push_text(self.checkpoint.as_str());
        next().push_int(i32::from(self.plate_class.0));
        next().push_text(self.plate_color.key());
        next().push_int(self.lane.map(i32::from));
        next().push_int(self.direction.map(i32::from));
        next().push_int(self.speed_kmh.map(i32::from));
        next().push_int(self.plate_confidence.map(i32::from));
        let kind = self.vehicle_type.map(|kind| smol_str::format_smolstr!("{kind}"));
        next().push_text(kind.as_deref());
        let mut letter = [0; 4];
        next().push_text(self.body_color.map(|color| &*color.encode_utf8(&mut letter)));
    }

    fn read(plate: PlateKey, walks: &mut [Walk<'_>]) -> Option<Self> {
        // The plate was read already.
        let mut walks = walks.iter_mut().skip(1);
        let mut next = || walks.next().expect("as many columns as the table has");
        let captured_at = next().long();
        let delay = next().long();
        let checkpoint = next().text();
        let class = next().int();
        let color = next().text();
        let lane = next().int();
        let direction = next().int();
        let speed = next().int();
        let confidence = next().int();
        let kind = next().text();
        let body = next().text();
        let captured_at = Timestamp::from_unix_ms(captured_at?);
        Some(Self {
            plate,
            captured_at,
            received_at: captured_at.plus_ms(delay?),
            checkpoint: checkpoint?.into(),
            plate_class: PlateClass(class? as u8),
            plate_color: PlateColor::parse(color?)?,
            lane: lane.map(|lane| lane as u8),
            direction: direction.map(|direction| direction as u8),
            speed_kmh: speed.map(|speed| speed as u16),
            plate_confidence: confidence.map(|percent| percent as u8),
            vehicle_type: kind.and_then(VehicleType::parse),
            body_color: body.and_then(|color| color.chars().next()),
        })
    }
}

impl ByPlate for Fix {
    const TABLE: &'static Table = &FIXES;

    fn of(observation: &Observation) -> Option<Self> {
        let Fact::Position(position) = &observation.fact else { return None };
        Self::of(observation, position)
    }

    fn plate(&self) -> PlateKey {
        self.plate
    }

    fn captured_at(&self) -> Timestamp {
        self.captured_at
    }

    fn received_at(&self) -> Timestamp {
        self.received_at
    }

    fn push(&self, plate: &str, columns: &mut [Column]) {
        let mut columns = columns.iter_mut();
        let mut next = || columns.next().expect("as many columns as the table has");
        next().push_text(plate);
        next().push_long(self.captured_at.unix_ms());
        next().push_long(self.received_at.ms_since(self.captured_at));
        next().push_text(self.device.as_str());
        next().push_int(i32::from(self.plate_class.0));
        next().push_long(self.location.map(|place| e7(place.lon_deg())));
        next().push_long(self.location.map(|place| e7(place.lat_deg())));
        next().push_int(i32::from(self.speed_dkmh));
        next().push_int(i32::from(self.heading_deg));
        next().push_int(self.status_bits as i32);
    }

    fn read(plate: PlateKey, walks: &mut [Walk<'_>]) -> Option<Self> {
        let mut walks = walks.iter_mut().skip(1);
        let mut next = || walks.next().expect("as many columns as the table has");
        let captured_at = next().long();
        let delay = next().long();
        let device = next().text();
        let class = next().int();
        let longitude = next().long();
        let latitude = next().long();
        let speed = next().int();
        let heading = next().int();
        let status = next().int();
        let captured_at = Timestamp::from_unix_ms(captured_at?);
        let location = match (longitude, latitude) {
            (Some(longitude), Some(latitude)) => Some(Wgs84::new(degrees(longitude), degrees(latitude))?),
            _ => None,
        };
        Some(Self {
            plate,
            captured_at,
            received_at: captured_at.plus_ms(delay?),
            plate_class: PlateClass(class? as u8),
            device: device?.into(),
            location,
            speed_dkmh: speed? as u16,
            heading_deg: heading? as u16,
            status_bits: status? as u32,
        })
    }
}

/// Puts rows into columns, in their order. The text of a plate is made once for all its rows.
pub(crate) struct ByPlateWriter<R> {
    pub(crate) columns: Vec<Column>,
    plate: PlateKey,
    text: String,
    rows: std::marker::PhantomData<R>,
}

impl<R: ByPlate> ByPlateWriter<R> {
    pub(crate) fn new() -> Self {
        Self {
            columns: R::TABLE.empty(),
            plate: PlateKey::LEAST,
            text: String::new(),
            rows: std::marker::PhantomData,
        }
    }

    pub(crate) fn push(&mut self, row: &R) {
        if row.plate() != self.plate {
            self.plate = row.plate();
            self.text.clear();
            self.plate.write(&mut self.text);
        }
        row.push(&self.text, &mut self.columns);
    }

    pub(crate) fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::rows)
    }
}
