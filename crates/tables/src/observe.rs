//! From a row to an observation.

use crate::field::{Field, Kind};
use crate::instant::{TimeForm, parse_instant};
use crate::mapping::{Datum, Mapping, MappingFault};
use crate::rows::Row;
use crate::synonyms::Synonyms;
use domain::{
    CheckpointId, DeviceId, FILE_DEVICE, Fact, FactKey, Gcj02, Observation, ObservationId, Passage, Plate,
    PlateClass, PlateColor, Position, Timestamp, VehicleKey, VehicleType, Wgs84,
};
use rustc_hash::FxHashMap;
use smol_str::{SmolStr, format_smolstr};

/// Longest plate text in bytes, as for cameras.
const PLATE_TEXT_BYTES_MAX: usize = 64;
/// Longest identity of a terminal in bytes.
const TERMINAL_BYTES_MAX: usize = 64;
/// Fastest that is believed, in km/h, as for cameras.
const SPEED_KMH_MAX: f64 = 999.0;
/// 2000-01-01T00:00Z: before it nothing was recorded that is imported, so this is a clock without a battery.
const OLDEST_MS: i64 = 946_684_800_000;
/// What other systems write where they have nothing.
const NOTHING: [&str; 11] = ["", "-", "--", "—", "null", "NULL", "None", "\\N", "无", "NaN", "N/A"];

/// A checkpoint that rows may name.
#[derive(Clone, Debug)]
pub struct Place {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    device: DeviceId,
}

/// What rows are read against.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Now.
    pub received_at: Timestamp,
    /// How far ahead of now a row's time may be.
    pub ahead_ms_max: i64,
    places: FxHashMap<SmolStr, Place>,
    terminals: FxHashMap<SmolStr, VehicleKey>,
}

impl World {
    /// Registered checkpoints by identity and name; a name that several have means none of them. Registered terminals with
    /// the vehicle that carries each.
    pub fn new<'a>(
        received_at: Timestamp,
        ahead_ms_max: i64,
        checkpoints: impl IntoIterator<Item = (&'a CheckpointId, &'a str)>,
        terminals: impl IntoIterator<Item = (&'a DeviceId, VehicleKey)>,
    ) -> Self {
        let checkpoints: Vec<_> = checkpoints.into_iter().collect();
        let mut named: FxHashMap<&str, usize> = FxHashMap::default();
        for (_, name) in &checkpoints {
            *named.entry(name.trim()).or_default() += 1;
        }
        let place = |id: &CheckpointId| Place {
            checkpoint: id.clone(),
            device: DeviceId(format_smolstr!("{FILE_DEVICE}{id}")),
        };
        let mut places = FxHashMap::default();
        for (id, name) in &checkpoints {
            if named.get(name.trim()) == Some(&1) {
                places.insert(SmolStr::new(name.trim()), place(id));
            }
        }
        // A name may be another's identity; the identity counts.
        for (id, _) in &checkpoints {
            places.insert(id.0.clone(), place(id));
        }
        let terminals = terminals.into_iter().map(|(id, vehicle)| (id.0.clone(), vehicle)).collect();
        Self { received_at, ahead_ms_max, places, terminals }
    }

    /// The checkpoint that a word names.
    pub fn place(&self, word: &str) -> Option<&Place> {
        self.places.get(word)
    }
}

/// What is wrong with a row, or with a cell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Bytes that are no characters of the file's encoding.
    ForeignBytes,
    /// A quote that never closes.
    UnclosedQuote,
    /// The row ends before the column.
    MissingCell,
    /// Nothing where something must be.
    Empty,
    /// Not a time.
    NotATime,
    /// A time that has not come yet.
    InFuture,
    /// A time before 2000.
    TooOld,
    /// Neither registered nor translated.
    UnknownCheckpoint,
    /// More than is taken.
    TooLong,
    /// No code and no known word.
    NotACode,
    /// Not a number.
    NotANumber,
    /// A number that can't be.
    OutOfRange,
    /// Neither plate nor terminal.
    NoVehicle,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::ForeignBytes,
        Self::UnclosedQuote,
        Self::MissingCell,
        Self::Empty,
        Self::NotATime,
        Self::InFuture,
        Self::TooOld,
        Self::UnknownCheckpoint,
        Self::TooLong,
        Self::NotACode,
        Self::NotANumber,
        Self::OutOfRange,
        Self::NoVehicle,
    ];

    /// The word in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::ForeignBytes => "foreign_bytes",
            Self::UnclosedQuote => "unclosed_quote",
            Self::MissingCell => "missing_cell",
            Self::Empty => "empty",
            Self::NotATime => "not_a_time",
            Self::InFuture => "in_future",
            Self::TooOld => "too_old",
            Self::UnknownCheckpoint => "unknown_checkpoint",
            Self::TooLong => "too_long",
            Self::NotACode => "not_a_code",
            Self::NotANumber => "not_a_number",
            Self::OutOfRange => "out_of_range",
            Self::NoVehicle => "no_vehicle",
        }
    }
}

/// Why a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowFault {
    /// Where.
    pub field: Field,
    /// Its column, from 0, where it has one.
    pub column: Option<u32>,
    /// Why.
    pub reason: Reason,
}

#[derive(Debug, Default)]
struct Origin {
    column: Option<u32>,
    constant: Option<String>,
    words: FxHashMap<String, String>,
    is_mapped: bool,
}

/// Reads rows by a mapping.
#[derive(Debug)]
pub struct RowReader<'w> {
    kind: Kind,
    origins: Vec<Origin>,
    time_form: TimeForm,
    zone_minutes: i16,
    datum: Datum,
    world: &'w World,
    synonyms: &'w Synonyms,
    /// The last column that is mapped, and its field.
    last: Option<(u32, Field)>,
}

type Read<T> = Result<T, RowFault>;

impl<'w> RowReader<'w> {
    /// A reader by a mapping without faults.
    pub fn new(
        mapping: &Mapping,
        world: &'w World,
        synonyms: &'w Synonyms,
    ) -> Result<Self, Vec<MappingFault>> {
        let faults = mapping.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let origin = |field: Field| {
            let column = mapping.columns.get(&field).copied();
            let words = mapping.translations.get(&field);
            Origin {
                column,
                // A column says more than what is the same in all rows.
                constant: mapping.constants.get(&field).filter(|_| column.is_none()).cloned(),
                words: words.into_iter().flatten().map(|(from, to)| (from.clone(), to.clone())).collect(),
                is_mapped: mapping.has(field),
            }
        };
        Ok(Self {
            kind: mapping.kind,
            origins: Field::ALL.into_iter().map(origin).collect(),
            time_form: mapping.time_form,
            zone_minutes: mapping.zone_minutes,
            datum: mapping.datum,
            world,
            synonyms,
            last: mapping.columns.iter().map(|(field, column)| (*column, *field)).max(),
        })
    }

    /// The observation of a row and its key, or the first fault that is found. The identity is that of the first with its
    /// key.
    pub fn read(&self, row: Row<'_>) -> Result<(FactKey, Observation), RowFault> {
        if row.is_unclosed() {
            return Err(RowFault { field: Field::CapturedAt, column: None, reason: Reason::UnclosedQuote });
        }
        if let Some((column, field)) = self.last
            && row.len() <= column as usize
        {
            // A row that was cut off; empty cells at its end are left out by spreadsheets.
            let is_needed = self.origins.iter().zip(Field::ALL).any(|(origin, field)| {
                origin.column.is_some_and(|at| at as usize >= row.len()) && self.is_needed(field)
            });
            if is_needed {
                return Err(RowFault { field, column: Some(column), reason: Reason::MissingCell });
            }
        }
        if let Some(column) = row.foreign_column() {
            let column = column as u32;
            let mapped = Field::ALL.into_iter().find(|field| self.origin(*field).column == Some(column));
            if let Some(field) = mapped {
                return Err(RowFault { field, column: Some(column), reason: Reason::ForeignBytes });
            }
        }
        let captured_at = self.captured_at(row)?;
        let (device, fact) = match self.kind {
            Kind::Passage => self.passage(row)?,
            Kind::Position => self.position(row)?,
        };
        let mut observation = Observation {
            id: ObservationId(0),
            device,
            captured_at,
            received_at: self.world.received_at,
            fact,
        };
        let key = FactKey::of(&observation).expect("passages and positions have keys");
        observation.id = key.observation_id(0);
        Ok((key, observation))
    }

    fn is_needed(&self, field: Field) -> bool {
        match field {
            Field::CapturedAt | Field::Date | Field::TimeOfDay | Field::Checkpoint => true,
            Field::Plate => self.kind == Kind::Passage,
            Field::Lon | Field::Lat => self.kind == Kind::Position,
            _ => false,
        }
    }

    fn origin(&self, field: Field) -> &Origin {
        // All fields have one, in their order.
        &self.origins[field as usize]
    }

    fn fault(&self, field: Field, reason: Reason) -> RowFault {
        RowFault { field, column: self.origin(field).column, reason }
    }

    /// What a row says of a field, translated; empty where it says nothing.
    fn text<'r>(&'r self, row: Row<'r>, field: Field) -> &'r str {
        let origin = self.origin(field);
        let cell = match (origin.column, &origin.constant) {
            (Some(column), _) => row.cell(column as usize).unwrap_or_default(),
            (None, Some(constant)) => constant.as_str(),
            (None, None) => return "",
        };
        if origin.words.is_empty() { cell } else { origin.words.get(cell).map_or(cell, String::as_str) }
    }

    fn optional<'r>(&'r self, row: Row<'r>, field: Field) -> Option<&'r str> {
        if !self.origin(field).is_mapped {
            return None;
        }
        let text = self.text(row, field);
        (!NOTHING.contains(&text)).then_some(text)
    }

    /// A code, or a word that stands for one.
    fn code<T>(&self, row: Row<'_>, field: Field, parse: impl Fn(&str) -> Option<T>) -> Read<Option<T>> {
        let Some(text) = self.optional(row, field) else { return Ok(None) };
        parse(text)
            .or_else(|| parse(self.synonyms.code_of(field, text)?))
            .map(Some)
            .ok_or_else(|| self.fault(field, Reason::NotACode))
    }

    fn number(&self, row: Row<'_>, field: Field, least: f64, most: f64) -> Read<Option<f64>> {
        let Some(text) = self.optional(row, field) else { return Ok(None) };
        let number: f64 = text.parse().map_err(|_| self.fault(field, Reason::NotANumber))?;
        if (least..=most).contains(&number) {
            Ok(Some(number))
        } else {
            Err(self.fault(field, Reason::OutOfRange))
        }
    }

    fn captured_at(&self, row: Row<'_>) -> Read<Timestamp> {
        let (field, read) = if self.origin(Field::CapturedAt).is_mapped {
            let text = self.text(row, Field::CapturedAt);
            (Field::CapturedAt, (!text.is_empty()).then(|| self.instant(text)))
        } else {
            let (day, time) = (self.text(row, Field::Date), self.text(row, Field::TimeOfDay));
            // Spreadsheets give a day with midnight, and a time with a day of its own.
            let day = day.split([' ', 'T']).next().unwrap_or_default();
            let time = time.rsplit([' ', 'T']).next().unwrap_or_default();
            let is_filled = !day.is_empty() && !time.is_empty();
            (Field::Date, is_filled.then(|| self.instant(&format_smolstr!("{day} {time}"))))
        };
        let read = read.ok_or_else(|| self.fault(field, Reason::Empty))?;
        let at = read.ok_or_else(|| self.fault(field, Reason::NotATime))?;
        if at.unix_ms() < OLDEST_MS {
            return Err(self.fault(field, Reason::TooOld));
        }
        if at.ms_since(self.world.received_at) > self.world.ahead_ms_max {
            return Err(self.fault(field, Reason::InFuture));
        }
        Ok(at)
    }

    fn instant(&self, text: &str) -> Option<Timestamp> {
        parse_instant(text, self.time_form, self.zone_minutes)
    }

    fn plate_text<'r>(&'r self, row: Row<'r>) -> Read<&'r str> {
        let text = self.text(row, Field::Plate);
        if text.len() > PLATE_TEXT_BYTES_MAX {
            return Err(self.fault(Field::Plate, Reason::TooLong));
        }
        Ok(text)
    }

    fn class_and_color(&self, row: Row<'_>) -> Read<(PlateClass, PlateColor)> {
        let class = self.code(row, Field::PlateClass, PlateClass::parse)?.unwrap_or(PlateClass::UNKNOWN);
        let color = self.code(row, Field::PlateColor, PlateColor::parse)?;
        Ok((class, color.unwrap_or_else(|| class.color())))
    }

    fn passage(&self, row: Row<'_>) -> Read<(DeviceId, Fact)> {
        let word = self.text(row, Field::Checkpoint);
        let place = self.world.place(word).ok_or_else(|| {
            let reason = if word.is_empty() { Reason::Empty } else { Reason::UnknownCheckpoint };
            self.fault(Field::Checkpoint, reason)
        })?;
        let text = self.plate_text(row)?;
        let (plate_class, plate_color) = self.class_and_color(row)?;
        let byte = |field, most: f64| {
            self.whole(row, field, 1.0, most).map(|number| number.map(|number| number as u8))
        };
        let code_1400 = |text: &str| text.parse::<u8>().ok().filter(|code| (1..=9).contains(code));
        let passage = Passage {
            lane: byte(Field::Lane, 255.0)?,
            direction: self.code(row, Field::Direction, code_1400)?,
            plate_text: text.into(),
            plate: Plate::parse_on(text, plate_color).ok(),
            plate_confidence: self
                .number(row, Field::PlateConfidence, 0.0, 100.0)?
                .map(|percent| percent.round() as u8),
            plate_class,
            plate_color,
            vehicle_type: self.code(row, Field::VehicleType, VehicleType::parse)?,
            body_color: self.code(row, Field::BodyColor, body_color)?,
            speed_kmh: self
                .number(row, Field::SpeedKmh, 0.0, SPEED_KMH_MAX)?
                .map(|speed| speed.round() as u16),
            ..Passage::unread(place.checkpoint.clone())
        };
        Ok((place.device.clone(), Fact::Passage(passage)))
    }

    fn whole(&self, row: Row<'_>, field: Field, least: f64, most: f64) -> Read<Option<f64>> {
        match self.number(row, field, least, most)? {
            Some(number) if number.fract() != 0.0 => Err(self.fault(field, Reason::NotANumber)),
            number => Ok(number),
        }
    }

    fn position(&self, row: Row<'_>) -> Read<(DeviceId, Fact)> {
        let coordinate = |field, most: f64| {
            self.number(row, field, -most, most)?.ok_or_else(|| self.fault(field, Reason::Empty))
        };
        let (lon_deg, lat_deg) = (coordinate(Field::Lon, 180.0)?, coordinate(Field::Lat, 90.0)?);
        let location = match self.datum {
            // Zero and zero is what terminals send for nowhere.
            _ if lon_deg == 0.0 && lat_deg == 0.0 => None,
            Datum::Wgs84 => Wgs84::new(lon_deg, lat_deg),
            Datum::Gcj02 => Gcj02 { lon_deg, lat_deg }.to_wgs84(),
        };
        let terminal = self.optional(row, Field::Terminal).unwrap_or_default();
        if terminal.len() > TERMINAL_BYTES_MAX {
            return Err(self.fault(Field::Terminal, Reason::TooLong));
        }
        let text = self.plate_text(row)?;
        let (class, color) = self.class_and_color(row)?;
        let class = if class == PlateClass::UNKNOWN { PlateClass::of_color(color) } else { class };
        // What the row says counts; else who carries that terminal now.
        let registered = || self.world.terminals.get(terminal).copied();
        let vehicle = Plate::parse(text).ok().map(|plate| VehicleKey { plate, class }).or_else(registered);
        if vehicle.is_none() && terminal.is_empty() {
            return Err(self.fault(Field::Plate, Reason::NoVehicle));
        }
        let device = match (terminal, vehicle) {
            ("", Some(vehicle)) => format_smolstr!("{FILE_DEVICE}{}", vehicle.plate),
            (terminal, _) => format_smolstr!("{FILE_DEVICE}{terminal}"),
        };
        let rounded = |number: Option<f64>| number.unwrap_or(0.0).round();
        let speed_kmh = self.number(row, Field::SpeedKmh, 0.0, SPEED_KMH_MAX)?;
        // A file says nothing of the ignition; who moves has it on.
        let ignition = u32::from(speed_kmh.is_some_and(|kmh| kmh > 0.0));
        let position = Position {
            vehicle,
            location,
            speed_dkmh: rounded(speed_kmh.map(|kmh| kmh * 10.0)) as u16,
            heading_deg: rounded(self.number(row, Field::HeadingDeg, 0.0, 360.0)?) as u16 % 360,
            altitude_m: rounded(self.number(row, Field::AltitudeM, -500.0, 9_000.0)?) as i16,
            alarm_bits: 0,
            status_bits: ignition | u32::from(location.is_some()) << 1,
            mileage_hm: self
                .number(row, Field::MileageKm, 0.0, 100_000_000.0)?
                .map(|km| (km * 10.0).round() as u32),
            is_backfill: true,
        };
        Ok((DeviceId(device), Fact::Position(position)))
    }
}

fn body_color(text: &str) -> Option<char> {
    match text.as_bytes() {
        [letter] => Some(char::from(letter.to_ascii_uppercase())).filter(|c| matches!(c, 'A'..='J' | 'Z')),
        _ => None,
    }
}
