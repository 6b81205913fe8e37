//! Identities of observations, made again from what was seen. They are hashes of it (see where observations are made), and
//! 16 bytes of noise in each row would be the largest column of all. A row says by which recipe its identity was made;
//! only where none gives it, it is stored. The recipe is chosen by trying, so a row never gets a wrong one.

use domain::{DeviceId, ObservationId, Passage, PlateColor, Position, Timestamp};

/// The identity is stored beside the row.
pub(crate) const STORED: u8 = 0;
/// Weighings (`POST /weighings`).
const WEIGHING: u8 = 9;
/// Positions (JT/T 808).
const POSITION: u8 = 1;

/// What the GA/T 1400 device wrote as the colour of the plate, which is in the identity as it was written.
const COLOR_FORMS: [fn(&mut String, &str); 4] = [
    |out, code| out.push_str(code),
    |out, code| {
        out.push('0');
        out.push_str(code);
    },
    |_, _| {},
    |out, _| out.push_str("99"),
];

/// The identity of a passage by a recipe; `None` when there is no such recipe.
pub(crate) fn of_passage(
    recipe: u8,
    device: &DeviceId,
    captured_at: Timestamp,
    passage: &Passage,
) -> Option<ObservationId> {
    let time = captured_at.unix_ms().to_be_bytes();
    if recipe == WEIGHING {
        let weighing = passage.weighing.as_ref()?;
        return Some(ObservationId::of(&[
            b"weigh",
            passage.checkpoint.as_str().as_bytes(),
            &time,
            passage.plate_text.as_bytes(),
            &weighing.total_kg.to_be_bytes(),
        ]));
    }
    let form = COLOR_FORMS.get(usize::from(recipe.checked_sub(1)?))?;
    // `ColorType` of GA/T 1400.
    let code = match passage.plate_color {
        PlateColor::Black => "1",
        PlateColor::White => "2",
        PlateColor::Blue => "5",
        PlateColor::Yellow => "6",
        PlateColor::Green | PlateColor::YellowGreen => "9",
        PlateColor::Unknown => "",
    };
    let mut color = String::new();
    form(&mut color, code);
    let kind = passage.vehicle_type.map(|kind| smol_str::format_smolstr!("{kind}")).unwrap_or_default();
    Some(ObservationId::of(&[
        b"1400",
        device.as_str().as_bytes(),
        passage.checkpoint.as_str().as_bytes(),
        &[passage.lane.unwrap_or(0), passage.direction.unwrap_or(0), passage.plate_class.0],
        &time,
        passage.plate_text.as_bytes(),
        color.as_bytes(),
        kind.as_bytes(),
        &passage.speed_kmh.unwrap_or(u16::MAX).to_be_bytes(),
    ]))
}

/// The recipe that gives the identity. `likely` is tried first: devices of a county are alike.
pub(crate) fn recipe_of_passage(
    id: ObservationId,
    device: &DeviceId,
    captured_at: Timestamp,
    passage: &Passage,
    likely: u8,
) -> u8 {
    let all = 1..=COLOR_FORMS.len() as u8;
    std::iter::once(likely)
        .chain(all)
        .chain([WEIGHING])
        .find(|recipe| of_passage(*recipe, device, captured_at, passage) == Some(id))
        .unwrap_or(STORED)
}

/// The identity of a position by a recipe; `None` when there is no such recipe.
pub(crate) fn of_position(
    recipe: u8,
    device: &DeviceId,
    captured_at: Timestamp,
    position: &Position,
) -> Option<ObservationId> {
    if recipe != POSITION {
        return None;
    }
    let raw = |degrees: f64| ((degrees.abs() * 1e6).round() as u32).to_be_bytes();
    let (latitude, longitude) =
        position.location.map_or(([0; 4], [0; 4]), |place| (raw(place.lat_deg()), raw(place.lon_deg())));
    Some(ObservationId::of(&[
        b"808",
        device.as_str().as_bytes(),
        &bcd(captured_at),
        &latitude,
        &longitude,
        &position.speed_dkmh.to_be_bytes(),
        &position.heading_deg.to_be_bytes(),
        &position.alarm_bits.to_be_bytes(),
        &position.status_bits.to_be_bytes(),
    ]))
}

/// The recipe that gives the identity.
pub(crate) fn recipe_of_position(
    id: ObservationId,
    device: &DeviceId,
    captured_at: Timestamp,
    position: &Position,
) -> u8 {
    if of_position(POSITION, device, captured_at, position) == Some(id) { POSITION } else { STORED }
}

/// Beijing time as terminals send it: `YYMMDDhhmmss`, two digits a byte (JT/T 808, BCD\[6\]).
fn bcd(at: Timestamp) -> [u8; 6] {
    let day = at.beijing_day();
    let (year, month, day_of_month) = day.ymd();
    let second = at.ms_since(day.start()) / domain::time::SECOND_MS;
    let pair = |number: i64| (number / 10 % 10 * 16 + number % 10) as u8;
    [
        pair(i64::from(year) % 100),
        pair(month.into()),
        pair(day_of_month.into()),
        pair(second / 3600),
        pair(second / 60 % 60),
        pair(second % 60),
    ]
}
