//! Passages in the journal's order: all that is needed to make the observation again, each thing in a column of its own.

use crate::column::{Column, Holds, Spec, Table, Walk};
use crate::identity;
use crate::plate_key::PlateKey;
use domain::{
    Behaviour, Behaviours, DeviceId, Fact, Observation, ObservationId, Passage, PictureId, Plate, PlateClass,
    PlateColor, Timestamp, VehicleType, Weighing,
};
use parquet::basic::Encoding;
use smol_str::SmolStr;

/// The columns. Codes are those of the standards that [`Passage`] names, words those of the API.
pub(crate) const PASSAGES: Table = Table {
    columns: &[
        // The journal's offset.
        Spec::one("journal_offset", Holds::Long).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("received_at", Holds::Instant).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("captured_at", Holds::Instant).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("device", Holds::Text),
        Spec::one("checkpoint", Holds::Text),
        Spec::maybe("lane", Holds::Unsigned(8)),
        Spec::maybe("direction", Holds::Unsigned(8)),
        // As understood; none where nothing could be read.
        Spec::maybe("plate", Holds::Text).coded(Encoding::DELTA_LENGTH_BYTE_ARRAY),
        // As the device wrote it, where that differs from `plate`.
        Spec::maybe("plate_text", Holds::Text),
        Spec::maybe("plate_confidence", Holds::Unsigned(8)),
        Spec::one("plate_class", Holds::Unsigned(8)),
        Spec::one("plate_color", Holds::Text),
        Spec::maybe("vehicle_type", Holds::Text),
        Spec::maybe("body_color", Holds::Text),
        Spec::maybe("speed_kmh", Holds::Unsigned(16)),
        Spec::list("pictures", Holds::Text).coded(Encoding::DELTA_BYTE_ARRAY),
        Spec::list("behaviours", Holds::Text),
        Spec::maybe("weight_total_kg", Holds::Unsigned(32)),
        Spec::list("weight_axles_kg", Holds::Unsigned(32)),
        Spec::maybe("axle_count", Holds::Unsigned(8)),
        Spec::maybe("is_train", Holds::Bool),
        // How `id` is made from the other columns; 0: it is stored.
        Spec::one("id_recipe", Holds::Unsigned(8)),
        Spec::maybe("id", Holds::Text).coded(Encoding::PLAIN),
    ],
    sorted_by: &[0],
    page_rows: 16_384,
};

/// Takes passages into columns.
#[derive(Debug)]
pub(crate) struct PassageWriter {
    pub(crate) columns: Vec<Column>,
    likely_recipe: u8,
    text: String,
}

impl PassageWriter {
    pub(crate) fn new() -> Self {
        Self { columns: PASSAGES.empty(), likely_recipe: 1, text: String::new() }
    }

    pub(crate) fn push(&mut self, offset: u64, observation: &Observation, passage: &Passage) {
        let Observation { id, device, captured_at, received_at, .. } = observation;
        let recipe = identity::recipe_of_passage(*id, device, *captured_at, passage, self.likely_recipe);
        if recipe != identity::STORED {
            self.likely_recipe = recipe;
        }
        self.text.clear();
        if let Some(plate) = passage.plate {
            PlateKey::from(plate).write(&mut self.text);
        }
        let plate = passage.plate.is_some().then_some(self.text.as_str());
        let differs = plate.unwrap_or_default() != passage.plate_text;
        let plate_text = differs.then_some(passage.plate_text.as_str());
        let weighing = passage.weighing.as_deref();
        let mut columns = self.columns.iter_mut();
        let mut next = || columns.next().expect("as many columns as the table has");
        next().push_long(offset as i64);
        next().push_long(received_at.unix_ms());
        next().push_long(captured_at.unix_ms());
        next().push_text(device.as_str());
        next().push_text(passage.checkpoint.as_str());
        next().push_int(passage.lane.map(i32::from));
        next().push_int(passage.direction.map(i32::from));
        next().push_text(plate);
        next().push_text(plate_text);
        next().push_int(passage.plate_confidence.map(i32::from));
        next().push_int(i32::from(passage.plate_class.0));
        next().push_text(passage.plate_color.key());
        let kind = passage.vehicle_type.map(|kind| smol_str::format_smolstr!("{kind}"));
        next().push_text(kind.as_deref());
        let mut letter = [0; 4];
        next().push_text(passage.body_color.map(|color| &*color.encode_utf8(&mut letter)));
        next().push_int(passage.speed_kmh.map(i32::from));
        next().push_texts(passage.pictures.iter().map(PictureId::as_str));
        next().push_texts(passage.behaviours.iter().map(Behaviour::key));
        next().push_int(weighing.map(|weighing| weighing.total_kg as i32));
        next().push_ints(weighing.into_iter().flat_map(|weighing| &weighing.axles_kg).map(|kg| *kg as i32));
        next().push_int(weighing.map(|weighing| i32::from(weighing.axle_count)));
        next().push_bool(weighing.and_then(|weighing| weighing.is_train));
        next().push_int(i32::from(recipe));
        let hex = (recipe == identity::STORED).then(|| id.to_string());
        next().push_text(hex.as_deref());
    }
}

/// Makes observations from columns that were read, row by row.
pub(crate) struct PassageWalk<'c> {
    columns: Vec<Walk<'c>>,
}

impl<'c> PassageWalk<'c> {
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
        let checkpoint = next().text();
        let lane = next().int();
        let direction = next().int();
        let plate = next().text();
        let plate_text = next().text();
        let confidence = next().int();
        let class = next().int();
        let color = next().text();
        let kind = next().text();
        let body = next().text();
        let speed = next().int();
        let pictures = next().texts().map(PictureId::from).collect();
        let behaviours =
            next().texts().filter_map(Behaviour::parse).fold(Behaviours::default(), Behaviours::with);
        let total_kg = next().int();
        let axles_kg = next().ints().map(|kg| kg as u32).collect();
        let axle_count = next().int();
        let is_train = next().bool();
        let recipe = next().int();
        let id = next().text();

        let weighing = total_kg.map(|total_kg| {
            Box::new(Weighing {
                total_kg: total_kg as u32,
                axles_kg,
                axle_count: axle_count.unwrap_or(0) as u8,
                is_train,
            })
        });
        let passage = Passage {
            lane: lane.map(|lane| lane as u8),
            direction: direction.map(|direction| direction as u8),
            plate_text: SmolStr::new(plate_text.or(plate).unwrap_or_default()),
            plate: plate.and_then(Plate::of_text),
            plate_confidence: confidence.map(|percent| percent as u8),
            plate_class: PlateClass(class? as u8),
            plate_color: PlateColor::parse(color?)?,
            vehicle_type: kind.and_then(VehicleType::parse),
            body_color: body.and_then(|color| color.chars().next()),
            speed_kmh: speed.map(|speed| speed as u16),
            pictures,
            behaviours,
            weighing,
            ..Passage::unread(checkpoint?.into())
        };
        let device = DeviceId::from(device?);
        let captured_at = Timestamp::from_unix_ms(captured_at?);
        let id = match id {
            Some(text) => ObservationId::parse(text)?,
            None => identity::of_passage(recipe? as u8, &device, captured_at, &passage)?,
        };
        let received_at = Timestamp::from_unix_ms(received_at?);
        let fact = Fact::Passage(passage);
        Some((offset? as u64, Observation { id, device, captured_at, received_at, fact }))
    }
}
