//! Compares with an independent decode of header, position and registration.

use jt808::item::Item;
use jt808::{Edition, Message, Position, StatusBits};
use serde_json::{Value, json};

use crate::{OwnedFrame, Tally, hex};

/// What is about the packet as text, and not about what it says.
const NOT_CONTENT: [&str; 10] = [
    "frame_len",
    "escaped",
    "props",
    "checksum_ok",
    "body_len_ok",
    "ascii",
    "error",
    "checksum_expected",
    "checksum_ok_without_unescape",
    "body_len_decl",
];

pub(crate) fn check(place: &str, reference: &Value, frame: &OwnedFrame, tally: &mut Tally) {
    let Some(fields) = reference.as_object() else { return };
    let message = frame.message();
    for (name, expected) in fields {
        let place = format!("{place}: {name}");
        match name.as_str() {
            name if NOT_CONTENT.contains(&name) => {}
            "location" => check_locations(&place, &json!([expected]), &message, tally),
            "locations" => check_locations(&place, expected, &message, tally),
            "register" => check_register(&place, expected, frame, &message, tally),
            "phone" => {
                let digits = expected.as_str().unwrap_or_default().trim_start_matches('0');
                let digits = if digits.is_empty() { "0" } else { digits };
                tally.check(&place, &json!(digits), &json!(frame.header.phone.to_string()));
            }
            name => match header_field(name, frame, &message) {
                Some(actual) => tally.check(&place, expected, &actual),
                None => tally.disagreed.push(format!("{place}: not compared")),
            },
        }
    }
}

fn header_field(
    name: &str,
    frame: &OwnedFrame,
    message: &Result<Message, jt808::DecodeError>,
) -> Option<Value> {
    let header = &frame.header;
    Some(match name {
        "msg_id" => json!(format!("0x{:04X}", header.message_id)),
        "encrypt" => json!(header.encryption),
        "subpkg" => json!(header.part.is_some()),
        "v2019" => json!(header.edition == Edition::V2019),
        "proto_ver" => json!(header.version),
        "serial" => json!(header.serial),
        "pkg_total" => json!(header.part.map(|part| part.total)),
        "pkg_no" => json!(header.part.map(|part| part.index)),
        "body_len_actual" => json!(frame.body.len()),
        "auth_body_hex" => json!(hex(&frame.body)),
        "ack_serial" => match message {
            Ok(Message::PositionReply(reply)) => json!(reply.serial),
            _ => json!(null),
        },
        "batch_count" => match message {
            Ok(Message::PositionBatch(batch)) => json!(batch.positions.len() + batch.unreadable.len()),
            _ => json!(null),
        },
        "batch_type" => match message {
            Ok(Message::PositionBatch(batch)) => json!(batch.kind),
            _ => json!(null),
        },
        _ => return None,
    })
}

fn check_locations(
    place: &str,
    expected: &Value,
    message: &Result<Message, jt808::DecodeError>,
    tally: &mut Tally,
) {
    let positions = match message {
        Ok(Message::Position(position)) => std::slice::from_ref(position),
        Ok(Message::PositionReply(reply)) => std::slice::from_ref(&reply.position),
        Ok(Message::PositionBatch(batch)) => batch.positions.as_slice(),
        other => {
            tally.disagreed.push(format!("{place}: expected positions, decoded {other:?}"));
            return;
        }
    };
    let expected = expected.as_array().map(Vec::as_slice).unwrap_or_default();
    tally.check(place, &json!(expected.len()), &json!(positions.len()));
    for (expected, position) in expected.iter().zip(positions) {
        for (name, value) in expected.as_object().into_iter().flatten() {
            match name.as_str() {
                "extra" => check_items(place, value, position, tally),
                "altitude_m" if value.as_i64() < Some(0) => {
                    tally.leave_out("altitude as a signed number: the standard and the source have none");
                }
                "lat" | "lon" if location_field(name, position).is_null() => {
                    tally.leave_out("degrees beyond a pole or 180, which are no place; the raw value agrees");
                }
                _ => tally.check(&format!("{place}.{name}"), value, &location_field(name, position)),
            }
        }
    }
}

fn location_field(name: &str, position: &Position) -> Value {
    let degrees = |e6: Option<i32>| json!(e6.map(|e6| f64::from(e6) / 1e6));
    match name {
        "alarm" => json!(position.alarm.0),
        "status" => json!(position.status.0),
        "lat_raw" => json!(position.latitude_raw),
        "lon_raw" => json!(position.longitude_raw),
        "altitude_m" => json!(position.altitude_m),
        "speed_dkmh" => json!(position.speed_kmh_x10),
        "course" => json!(position.direction_deg),
        "time_bcd" => json!(hex(&position.time.bcd())),
        "lat" => degrees(position.latitude_e6()),
        "lon" => degrees(position.longitude_e6()),
        "acc" => json!(position.status.contains(StatusBits::ACC_ON)),
        "fix" => json!(position.status.contains(StatusBits::POSITIONED)),
        "time_local_gmt8" => match position.time.to_unix_ms() {
            Some(_) => json!(format!("{}+08:00", position.time).replace(' ', "T")),
            None => json!(null),
        },
        other => json!(format!("field {other} is not compared")),
    }
}

fn check_items(place: &str, expected: &Value, position: &Position, tally: &mut Tally) {
    let expected = expected.as_array().map(Vec::as_slice).unwrap_or_default();
    let (expected, tail) = match expected.split_last() {
        Some((last, whole)) if last["truncated"].is_string() => (whole, last["truncated"].clone()),
        _ => (expected, json!("")),
    };
    tally.check(&format!("{place}: number of items"), &json!(expected.len()), &json!(position.items.len()));
    tally.check(&format!("{place}: after the items"), &tail, &json!(hex(&position.tail)));
    for (expected, item) in expected.iter().zip(&position.items) {
        let (id, value) = item_bytes(item);
        let actual = json!({ "id": format!("0x{id:02X}"), "len": value.len(), "hex": hex(&value) });
        tally.check(&format!("{place}: item"), expected, &actual);
    }
}

/// An item as it is written.
fn item_bytes(item: &Item) -> (u8, Vec<u8>) {
    const ITEMS_AT: usize = 28;
    let position = Position { items: vec![item.clone()], ..Position::default() };
    let mut body = Vec::new();
    let written = Message::Position(position).encode_body(Edition::V2019, &mut body);
    match body.get(ITEMS_AT..) {
        Some([id, _, value @ ..]) if written.is_ok() => (*id, value.to_vec()),
        _ => (item.id(), Vec::new()),
    }
}

fn check_register(
    place: &str,
    expected: &Value,
    frame: &OwnedFrame,
    message: &Result<Message, jt808::DecodeError>,
    tally: &mut Tally,
) {
    let Ok(Message::Registration(registration)) = message else {
        tally.disagreed.push(format!("{place}: expected a registration, decoded {message:?}"));
        return;
    };
    let layout = match Message::edition_of(&frame.header, &frame.body) {
        Edition::V2011 => "2011",
        Edition::V2013 => "2013",
        Edition::V2019 => "2019",
    };
    let actual = json!({
        "province": registration.province_id,
        "city": registration.city_id,
        "maker": registration.manufacturer.as_str(),
        "model": registration.model.as_str(),
        "terminal": registration.terminal_id.as_str(),
        "plate_color": registration.plate_colour,
        "plate_or_vin": registration.plate.as_str(),
        "layout": layout,
    });
    for (name, value) in expected.as_object().into_iter().flatten() {
        // The reference keeps the spaces that fill a field.
        let value = value.as_str().map_or_else(|| value.clone(), |text| json!(text.trim_end()));
        tally.check(&format!("{place}.{name}"), &value, &actual[name]);
    }
}
