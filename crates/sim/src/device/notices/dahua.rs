//! Dahua's notice of a passage: JSON as ITSAPI has it (`/NotificationInfo/TollgateInfo`), with the pictures inside in base64.

use super::{Body, Sight};
use crate::clock;
use crate::county::checkpoints::Checkpoint;
use crate::noise::Quality;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::PlateColor;
use serde_json::{Value, json};

/// `KeepAlive`.
pub(super) fn sign_of_life(checkpoint: &Checkpoint) -> Body {
    body(&json!({"Active": "keepAlive", "DeviceID": checkpoint.camera_id}))
}

/// A passage.
pub(super) fn passage(sight: &Sight<'_>) -> Body {
    let Sight { world, passage, read, .. } = sight;
    let county = &world.county;
    let checkpoint = &county.checkpoints[usize::from(passage.checkpoint)];
    let class = county.register.vehicles[passage.vehicle as usize].kind.plate_class();
    let has_plate = read.quality != Quality::NoPlate;
    let color = if has_plate { class.color() } else { PlateColor::Unknown };
    let mut snap = json!({
        "AccurateTime": clock::beijing(sight.claimed_ms, ' ', true),
        "DeviceID": checkpoint.camera_id,
        "Direction": "Obverse",
        "LanNo": passage.lane,
        "Speed": read.speed_kmh,
        "SnapAddress": checkpoint.name,
    });
    if let Some((code, name)) = sight.offence() {
        snap["ViolationCode"] = code.into();
        snap["ViolationDesc"] = name.into();
    }
    let mut picture = json!({
        "Plate": {
            "Channel": 0,
            "Confidence": read.confidence,
            "IsExist": has_plate,
            "PlateColor": plate_color(color),
            "PlateNumber": read.text.as_str(),
            "PlateType": if has_plate { "Normal" } else { "Unknown" },
        },
        "SnapInfo": snap,
        "Vehicle": {
            "VehicleColor": body_color(read.body_color),
            "VehicleType": vehicle_type(read.vehicle_type),
        },
    });
    if let Some([scene, plate]) = &sight.pictures {
        let name = |kind: &str| format!("{}-{}-{kind}.jpg", passage.at_ms, passage.lane);
        let content =
            |kind: &str, jpeg: &[u8]| json!({"Content": STANDARD.encode(jpeg), "PicName": name(kind)});
        picture["NormalPic"] = content("scene", scene);
        picture["CutoutPic"] = content("plate", plate);
    }
    body(&json!({"Picture": picture}))
}

fn body(value: &Value) -> Body {
    Body { content_type: "application/json;charset=UTF-8".into(), bytes: value.to_string().into_bytes() }
}

fn plate_color(color: PlateColor) -> &'static str {
    match color {
        PlateColor::Blue => "Blue",
        PlateColor::Yellow => "Yellow",
        PlateColor::White => "White",
        PlateColor::Black => "Black",
        // Gradient green, as the maker calls it.
        PlateColor::Green => "ShadowGreen",
        PlateColor::YellowGreen => "YellowGreen",
        PlateColor::Unknown => "Unknown",
    }
}

/// Of a letter of GA/T 16.8.
fn body_color(letter: char) -> &'static str {
    match letter {
        'A' => "White",
        'B' => "Gray",
        'C' => "Yellow",
        'D' => "Pink",
        'E' => "Red",
        'F' => "Purple",
        'G' => "Green",
        'H' => "Blue",
        'I' => "Brown",
        'J' => "Black",
        _ => "Unknown",
    }
}

/// By the family of GA/T 16.4.
fn vehicle_type(code: &str) -> &'static str {
    match code.as_bytes().first() {
        Some(b'K') if code.starts_with("K1") || code.starts_with("K2") => "LargeBus",
        Some(b'K') => "SaloonCar",
        Some(b'H' | b'Q') => "HeavyTruck",
        Some(b'N') => "Tricycle",
        Some(b'M') => "Motorcycle",
        _ => "Unknown",
    }
}
