//! Hikvision's notice of a passage: `EventNotificationAlert` of the type `ANPR` (ISAPI developer guide, vehicle capture), with the
//! fields, order and misspellings of what a camera in China posts. Cameras of even number write XML, those of odd number JSON.

use super::{Body, Sight};
use crate::clock;
use crate::county::checkpoints::Checkpoint;
use crate::dice::mix;
use crate::noise::Quality;
use crate::picture::{Frame, HEIGHT_PX, WIDTH_PX};
use domain::{Behaviour, PlateColor};
use std::fmt::Write as _;

/// What stands between parts: two dashes more than it is said with (RFC 2046).
const BOUNDARY: &str = "-------------------------7e13971310878";
const ROOT: &str = "EventNotificationAlert";
/// China in the guide's list of countries.
const COUNTRY: i64 = 59;
/// Rectangles are in thousandths of the picture.
const WHOLE: i32 = 1_000;

/// A value of a notice.
enum Node {
    Text(String),
    Number(i64),
    Group(Vec<(&'static str, Node)>),
    /// Elements of one name; in JSON an array.
    List(&'static str, Vec<Node>),
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for Node {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// `heartBeat`, in XML from all.
pub(super) fn sign_of_life(checkpoint: &Checkpoint, now_ms: i64) -> Body {
    let mut fields = head(checkpoint, now_ms, "heartBeat");
    fields.push(("deviceID", checkpoint.camera_id.as_str().into()));
    Body {
        content_type: "application/xml; charset=\"UTF-8\"".into(),
        bytes: xml(&Node::Group(fields)).into_bytes(),
    }
}

/// A passage: the notice alone, or in parts with its pictures.
pub(super) fn passage(sight: &Sight<'_>) -> Body {
    let notice = notice(sight);
    let (name, kind, text) = if sight.passage.checkpoint.is_multiple_of(2) {
        ("anpr.xml", "application/xml", xml(&notice))
    } else {
        ("anpr.json", "application/json", json(&notice).to_string())
    };
    let content_type = format!("{kind}; charset=\"UTF-8\"");
    let Some([scene, plate]) = &sight.pictures else {
        return Body { content_type, bytes: text.into_bytes() };
    };
    let mut bytes = Vec::with_capacity(scene.len() + plate.len() + text.len() + 1_024);
    let mut part = |name: &str, kind: &str, body: &[u8]| {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\";filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(b"\r\n");
    };
    part(name, &content_type, text.as_bytes());
    part("licensePlatePicture.jpg", "image/jpeg", plate);
    part("detectionPicture.jpg", "image/jpeg", scene);
    bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    Body { content_type: format!("multipart/form-data; boundary={BOUNDARY}"), bytes }
}

/// What all events begin with.
fn head(checkpoint: &Checkpoint, at_ms: i64, kind: &str) -> Vec<(&'static str, Node)> {
    let number = mix(&[checkpoint.camera_id.len() as u64, checkpoint.chainage_m.to_bits()]);
    let mac = number.to_be_bytes();
    vec![
        ("ipAddress", "192.168.100.248".into()),
        ("portNo", 20_480.into()),
        ("protocol", "HTTP".into()),
        ("macAddress", format!("44:a6:42:{:02x}:{:02x}:{:02x}", mac[5], mac[6], mac[7]).into()),
        ("channelID", 1.into()),
        ("dateTime", clock::beijing(at_ms, 'T', false).into()),
        ("activePostCount", 1.into()),
        ("eventType", kind.into()),
        ("eventState", "active".into()),
        ("eventDescription", kind.into()),
        ("channelName", "IP CAPTURE CAMERA".into()),
    ]
}

fn notice(sight: &Sight<'_>) -> Node {
    let Sight { world, passage, read, .. } = sight;
    let county = &world.county;
    let checkpoint = &county.checkpoints[usize::from(passage.checkpoint)];
    let class = county.register.vehicles[passage.vehicle as usize].kind.plate_class();
    let has_plate = read.quality != Quality::NoPlate;
    let color = if has_plate { class.color() } else { PlateColor::Unknown };
    let mut fields = head(checkpoint, sight.claimed_ms, "ANPR");
    fields.push(("deviceID", checkpoint.camera_id.as_str().into()));
    if sight.pictures.is_none() {
        fields.push(("isDataRetransmission", "true".into()));
    }
    let identity = mix(&[passage.vehicle.into(), passage.at_ms as u64, passage.checkpoint.into()]);
    let gat = vec![
        // As it is spelt by the cameras. 41 stands for no plate.
        ("palteTypeByGAT", if has_plate { i64::from(class.0) } else { 41 }.into()),
        ("plateColorByGAT", color_code(color).into()),
        ("vehicleTypeByGAT", read.vehicle_type.into()),
        ("colorByGAT", read.body_color.to_string().into()),
    ];
    fields.extend([
        ("ANPR", Node::Group(capture(sight, checkpoint, color))),
        (
            "UUID",
            format!("{:08x}-1dd2-11b2-821f-{:012x}", identity >> 32, identity & 0xffff_ffff_ffff).into(),
        ),
        ("picNum", if sight.pictures.is_some() { 2 } else { 0 }.into()),
        ("VehicleGATInfo", Node::Group(gat)),
    ]);
    Node::Group(fields)
}

fn capture(sight: &Sight<'_>, checkpoint: &Checkpoint, color: PlateColor) -> Vec<(&'static str, Node)> {
    let Sight { passage, read, .. } = sight;
    let saw = |behaviour| read.behaviours.contains(behaviour);
    let (code, name) = sight.offence().unwrap_or(("0", "正常"));
    let percents: Vec<String> = read.percents().map(|percent| percent.to_string()).collect();
    vec![
        ("country", COUNTRY.into()),
        ("licensePlate", format!("{}{}", color_in_front(color), read.text).into()),
        ("line", i64::from(passage.lane).into()),
        ("direction", "forward".into()),
        ("confidenceLevel", i64::from(read.confidence).into()),
        ("plateType", plate_type(color).into()),
        ("plateColor", color_word(color).into()),
        ("licenseBright", 0.into()),
        ("pilotsafebelt", if saw(Behaviour::NoBelt) { "no" } else { "unknown" }.into()),
        ("vicepilotsafebelt", "unknown".into()),
        ("uphone", if saw(Behaviour::Phone) { "yes" } else { "unknown" }.into()),
        ("plateCharBelieve", percents.join(",").into()),
        ("speedLimit", i64::from(checkpoint.limit_kmh).into()),
        (
            "illegalInfo",
            Node::Group(vec![
                ("illegalCode", code.into()),
                ("illegalName", name.into()),
                ("illegalDescription", name.into()),
            ]),
        ),
        ("vehicleType", vehicle_word(read.vehicle_type).into()),
        ("featurePicFileName", 1.into()),
        ("detectDir", 2.into()),
        ("relaLaneDirectionType", lane_direction(checkpoint.direction_code(passage.is_forward)).into()),
        ("detectType", 3.into()),
        (
            "vehicleInfo",
            Node::Group(vec![
                ("index", i64::from(passage.vehicle).into()),
                ("vehicleType", 1.into()),
                ("colorDepth", 0.into()),
                ("color", "unknown".into()),
                ("speed", i64::from(read.speed_kmh).into()),
                ("length", 0.into()),
            ]),
        ),
        ("pictureInfoList", pictures(sight)),
        ("listType", "temporary".into()),
    ]
}

fn pictures(sight: &Sight<'_>) -> Node {
    if sight.pictures.is_none() {
        return Node::List("pictureInfo", Vec::new());
    }
    let picture = |name: &str, kind: &str| -> Vec<(&'static str, Node)> {
        vec![("fileName", name.into()), ("type", kind.into()), ("dataType", 0.into())]
    };
    let mut scene = picture("detectionPicture.jpg", "detectionPicture");
    let Frame { left, top, right, bottom } = sight.world.painter.frame(&sight.passage);
    let share = |part: i32, whole: i32| i64::from((part * WHOLE / whole).clamp(0, WHOLE));
    // As it is spelt by the cameras.
    scene.push((
        "vehicelRect",
        Node::Group(vec![
            ("X", share(left, WIDTH_PX).into()),
            ("Y", share(top, HEIGHT_PX).into()),
            ("width", share(right - left, WIDTH_PX).into()),
            ("height", share(bottom - top, HEIGHT_PX).into()),
        ]),
    ));
    let plate = picture("licensePlatePicture.jpg", "licensePlatePicture");
    Node::List("pictureInfo", vec![Node::Group(plate), Node::Group(scene)])
}

fn xml(notice: &Node) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{ROOT} version=\"2.0\" xmlns=\"http://www.isapi.org/ver20/XMLSchema\">\n"
    );
    write_inner(notice, &mut out);
    out.push_str("</");
    out.push_str(ROOT);
    out.push_str(">\n");
    out
}

fn write_inner(node: &Node, out: &mut String) {
    let mut element = |name: &str, inner: &Node| {
        write!(out, "<{name}>").expect("a string takes all that is written");
        if matches!(inner, Node::Group(_) | Node::List(..)) {
            out.push('\n');
        }
        write_inner(inner, out);
        writeln!(out, "</{name}>").expect("a string takes all that is written");
    };
    match node {
        Node::Group(fields) => fields.iter().for_each(|(name, inner)| element(name, inner)),
        Node::List(name, inner) => inner.iter().for_each(|inner| element(name, inner)),
        // Nothing that is written here has a sign that XML reserves.
        Node::Text(text) => out.push_str(text),
        Node::Number(number) => write!(out, "{number}").expect("a string takes all that is written"),
    }
}

fn json(node: &Node) -> serde_json::Value {
    match node {
        Node::Text(text) => text.as_str().into(),
        Node::Number(number) => (*number).into(),
        Node::List(_, inner) => inner.iter().map(json).collect(),
        Node::Group(fields) => fields.iter().map(|(name, inner)| ((*name).to_owned(), json(inner))).collect(),
    }
}

/// The colour that cameras write in front of the number.
fn color_in_front(color: PlateColor) -> &'static str {
    match color {
        PlateColor::Blue => "蓝",
        PlateColor::Yellow => "黄",
        PlateColor::White => "白",
        PlateColor::Black => "黑",
        PlateColor::Green => "绿",
        PlateColor::YellowGreen => "黄绿",
        PlateColor::Unknown => "",
    }
}

fn color_word(color: PlateColor) -> &'static str {
    match color {
        PlateColor::Blue => "blue",
        PlateColor::Yellow => "yellow",
        PlateColor::White => "white",
        PlateColor::Black => "black",
        PlateColor::Green => "newEnergyGreen",
        PlateColor::YellowGreen => "newEnergyYellowGreen",
        PlateColor::Unknown => "unknown",
    }
}

/// GA/T 833-2016.
fn color_code(color: PlateColor) -> i64 {
    match color {
        PlateColor::White => 0,
        PlateColor::Yellow => 1,
        PlateColor::Blue => 2,
        PlateColor::Black => 3,
        PlateColor::Green | PlateColor::YellowGreen => 4,
        PlateColor::Unknown => 5,
    }
}

fn plate_type(color: PlateColor) -> &'static str {
    match color {
        PlateColor::Green | PlateColor::YellowGreen => "newEnergy",
        PlateColor::Unknown => "unknown",
        _ => "92TypeCivil",
    }
}

/// By the family of GA/T 16.4.
fn vehicle_word(code: &str) -> &'static str {
    match code.as_bytes().first() {
        Some(b'K') if code.starts_with("K1") || code.starts_with("K2") => "largeBus",
        Some(b'K') => "vehicle",
        Some(b'H' | b'Q') => "truck",
        Some(b'N') => "threeWheelVehicle",
        Some(b'M') => "motorcycle",
        _ => "unknown",
    }
}

/// `relaLaneDirectionType` of a direction code of GA/T 1400.
fn lane_direction(code: &str) -> i64 {
    match code {
        "1" => 2,
        "2" => 1,
        "3" => 4,
        _ => 3,
    }
}
