//! Hikvision ISAPI: `EventNotificationAlert` of the type `ANPR`, posted to a listening host as XML with pictures, XML alone or
//! JSON. Names and values are those of the ISAPI developer guide (vehicle capture), with the misspellings that devices have.

use crate::multipart::{self, Part};
use crate::time::unix_ms;
use crate::{Limits, Problem, Tree};

/// The root of each notice.
const ROOT: &str = "EventNotificationAlert";

/// What a device says in one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notice {
    /// `eventType`: `ANPR` for a vehicle, `heartBeat` or `videoloss` for a sign of life, and many that are of no use here.
    pub event_type: String,
    /// `eventState`: `active` or `inactive`.
    pub event_state: String,
    /// `deviceID`: what the device is called by who set it up.
    pub device_id: String,
    /// `deviceUUID` or `serialNumber`: by its maker.
    pub serial: String,
    /// `macAddress`.
    pub mac_address: String,
    /// `channelName`.
    pub channel_name: String,
    /// `channelID`, from 1: which of a recorder's cameras.
    pub channel: Option<u32>,
    /// `dateTime` in Unix milliseconds by the device's clock, which may be wrong by years.
    pub claimed_unix_ms: Option<i64>,
    /// `isDataRetransmission`: kept while the line was cut, and sent now.
    pub is_retransmission: bool,
    /// `UUID` of the event; some devices send one again with the next capture of the same vehicle.
    pub uuid: String,
    /// What was seen, in a notice of a vehicle.
    pub capture: Option<Capture>,
}

/// A vehicle as the camera saw it. Texts are as written; "unknown" and the like are left to the reader.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capture {
    /// `licensePlate`, often with the colour in front (蓝苏A8HK52).
    pub plate: String,
    /// `confidenceLevel` in percent.
    pub confidence_percent: Option<f64>,
    /// `plateCharBelieve`: the confidence of each symbol in percent.
    pub symbol_percents: Vec<u8>,
    /// `plateColor`: a word.
    pub plate_color: String,
    /// `plateColorByGAT` (GA/T 833-2016): 0 white, 1 yellow, 2 blue, 3 black, 4 green, 5 not read, 9 other.
    pub plate_color_gat: Option<u8>,
    /// `plateTypeByGAT` (GA/T 16.7); 41 to 44 are no class: none, forged, covered, not read.
    pub plate_class_gat: Option<u8>,
    /// `vehicleTypeByGAT` (GA/T 16.4).
    pub vehicle_class_gat: String,
    /// `colorByGAT` (GA/T 16.8): a letter, K for not read.
    pub body_color_gat: String,
    /// `vehicleInfo/color`: a word.
    pub body_color: String,
    /// `vehicleType`: a word of the maker's.
    pub vehicle_type: String,
    /// `line` or `laneNo`, from 1.
    pub lane: Option<u32>,
    /// `direction` as the camera sees it: `forward`, `reverse` or `unknown`.
    pub direction: String,
    /// `relaLaneDirectionType`: the lane's direction; 0 where nobody has set it.
    pub lane_direction: Option<LaneDirection>,
    /// `vehicleInfo/speed` in km/h; 0 where nothing measures it.
    pub speed_kmh: Option<f64>,
    /// `illegalInfo/illegalCode`; 0 for none.
    pub offence_code: String,
    /// Whether the driver wears the belt: `pilotsafebelt`.
    pub has_belt: Option<bool>,
    /// Whether the driver is on the telephone: `uphone`.
    pub is_phoning: Option<bool>,
    /// What the notice says of its pictures, in its order.
    pub pictures: Vec<PictureInfo>,
}

/// What a notice says of one of its pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PictureInfo {
    /// Name of the part that holds it.
    pub file_name: String,
    /// `detectionPicture`, `licensePlatePicture`, `vehiclePicture`, …
    pub kind: String,
    /// Where the plate is in it.
    pub plate: Option<Rect>,
    /// Where the vehicle is in it.
    pub vehicle: Option<Rect>,
}

/// A rectangle in thousandths of the picture's width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// From the left.
    pub x: u16,
    /// From the top.
    pub y: u16,
    /// To the right.
    pub width: u16,
    /// To the bottom.
    pub height: u16,
}

/// From where to where a lane leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneDirection {
    /// 1
    EastToWest,
    /// 2
    WestToEast,
    /// 3
    SouthToNorth,
    /// 4
    NorthToSouth,
    /// 5
    SoutheastToNorthwest,
    /// 6
    NorthwestToSoutheast,
    /// 7
    NortheastToSouthwest,
    /// 8
    SouthwestToNortheast,
}

/// A request: its notice, and the pictures that came with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request<'b> {
    /// What is said.
    pub notice: Notice,
    /// The pictures: the scene first, then the others in their order, the plate alone last.
    pub pictures: Vec<&'b [u8]>,
}

impl Notice {
    /// Whether it only says that the device is there.
    pub fn is_heartbeat(&self) -> bool {
        let is = |word: &str| self.event_type.eq_ignore_ascii_case(word);
        is("heartBeat") || (is("videoloss") && self.event_state.eq_ignore_ascii_case("inactive"))
    }

    /// Reads one notice in XML or JSON.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, Problem> {
        let root = Tree::read(bytes, limits)?;
        let root = match root.child(&[ROOT]) {
            Some(inner) if root.name.is_empty() => inner,
            _ => &root,
        };
        let is_json = root.name.is_empty() && root.child(&["eventType"]).is_some();
        if !root.name.eq_ignore_ascii_case(ROOT) && !is_json {
            return Err(Problem::Root { expected: ROOT, found: root.name.clone() });
        }
        Ok(Self {
            event_type: root.text(&["eventType"]).to_owned(),
            event_state: root.text(&["eventState"]).to_owned(),
            device_id: root.text(&["deviceID"]).to_owned(),
            serial: root.text(&["deviceUUID", "serialNumber", "devIndex"]).to_owned(),
            mac_address: root.text(&["macAddress"]).to_owned(),
            channel_name: root.text(&["channelName"]).to_owned(),
            channel: whole(root, &["channelID", "dynChannelID"]),
            claimed_unix_ms: unix_ms(root.text(&["dateTime"])),
            is_retransmission: truth(root.text(&["isDataRetransmission"])) == Some(true),
            uuid: root.text(&["UUID"]).to_owned(),
            capture: root.child(&["ANPR"]).map(|anpr| capture(root, anpr)),
        })
    }
}

impl<'b> Request<'b> {
    /// Reads a whole request by its Content-Type, which may be missing or wrong.
    pub fn read(content_type: &str, body: &'b [u8], limits: &Limits) -> Result<Self, Problem> {
        let boundary = multipart::boundary(content_type);
        let is_alone =
            boundary.is_none() && matches!(body.trim_ascii_start().first(), Some(b'<' | b'{' | 0xef));
        if is_alone {
            return Ok(Self { notice: Notice::read(body, limits)?, pictures: Vec::new() });
        }
        let parts = multipart::parts(body, boundary, limits)?;
        let of_notice = parts.iter().find(|part| part.is_notice()).ok_or(Problem::NoNotice)?;
        let notice = Notice::read(of_notice.body, limits)?;
        let mut pictures: Vec<&Part<'b>> =
            parts.iter().filter(|part| part.is_picture() && !part.body.is_empty()).collect();
        let infos = notice.capture.as_ref().map(|capture| &*capture.pictures).unwrap_or_default();
        pictures.sort_by_key(|part| {
            let info = infos.iter().find(|info| info.file_name == part.file_name);
            let kind = info.map_or(part.name, |info| &info.kind).to_ascii_lowercase();
            match kind.as_str() {
                _ if kind.contains("detection") || kind.contains("scene") => 0,
                _ if kind.contains("plate") => 2,
                _ => 1,
            }
        });
        Ok(Self { notice, pictures: pictures.into_iter().map(|part| part.body).collect() })
    }
}

fn capture(root: &Tree, anpr: &Tree) -> Capture {
    let nothing = Tree::default();
    let vehicle = anpr.child(&["vehicleInfo"]).unwrap_or(&nothing);
    let gat = root.child(&["VehicleGATInfo"]).or_else(|| anpr.child(&["VehicleGATInfo"])).unwrap_or(&nothing);
    let offence = anpr.child(&["illegalInfo"]).unwrap_or(&nothing);
    let rect = |info: &Tree, names: &[&str]| info.child(names).and_then(rect);
    let pictures = (anpr.children("pictureInfoList"))
        // In JSON the list holds the pictures themselves.
        .flat_map(|list| {
            if list.child(&["pictureInfo"]).is_some() { &*list.children } else { std::slice::from_ref(list) }
        })
        .map(|info| PictureInfo {
            file_name: info.text(&["fileName", "pId"]).to_owned(),
            kind: info.text(&["type"]).to_owned(),
            plate: rect(info, &["plateRect"]),
            vehicle: rect(info, &["vehicelRect", "vehicleRect"]),
        })
        .collect();
    let speed_kmh = vehicle.number(&["speed"]).or_else(|| anpr.number(&["speed"]));
    Capture {
        plate: anpr.text(&["licensePlate", "originalLicensePlate"]).to_owned(),
        confidence_percent: anpr
            .number(&["confidenceLevel", "confidence"])
            .filter(|percent| (0.0..=100.0).contains(percent)),
        symbol_percents: anpr
            .text(&["plateCharBelieve"])
            .split(',')
            .filter_map(|percent| percent.trim().parse().ok())
            .collect(),
        plate_color: anpr.text(&["plateColor"]).to_owned(),
        plate_color_gat: whole(gat, &["plateColorByGAT"]),
        plate_class_gat: whole(gat, &["plateTypeByGAT", "palteTypeByGAT"]),
        vehicle_class_gat: gat.text(&["vehicleTypeByGAT"]).to_owned(),
        body_color_gat: gat.text(&["colorByGAT"]).to_owned(),
        body_color: vehicle.text(&["color", "vehicleColor"]).to_owned(),
        vehicle_type: anpr.text(&["vehicleType"]).to_owned(),
        lane: whole(anpr, &["laneNo", "line"]),
        direction: anpr.text(&["direction"]).to_owned(),
        lane_direction: whole(anpr, &["relaLaneDirectionType"]).and_then(LaneDirection::from_code),
        speed_kmh,
        offence_code: offence.text(&["illegalCode"]).to_owned(),
        has_belt: truth(anpr.text(&["pilotsafebelt", "pilotSafebelt"])),
        is_phoning: truth(anpr.text(&["uphone"])),
        pictures,
    }
}

impl LaneDirection {
    /// By the code of `relaLaneDirectionType`.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::EastToWest,
            2 => Self::WestToEast,
            3 => Self::SouthToNorth,
            4 => Self::NorthToSouth,
            5 => Self::SoutheastToNorthwest,
            6 => Self::NorthwestToSoutheast,
            7 => Self::NortheastToSouthwest,
            8 => Self::SouthwestToNortheast,
            _ => return None,
        })
    }
}

/// A whole number that fits; -1 stands for "not known" in many fields.
fn whole<T: TryFrom<i64>>(tree: &Tree, names: &[&str]) -> Option<T> {
    tree.number(names)
        .filter(|number| number.fract() == 0.0)
        .and_then(|number| T::try_from(number as i64).ok())
}

/// `yes`, `true` and `1`, or their opposites; everything else says nothing.
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn rect(tree: &Tree) -> Option<Rect> {
    let side = |names: &[&str]| whole::<u16>(tree, names).filter(|side| *side <= 1_000);
    let rect =
        Rect { x: side(&["X"])?, y: side(&["Y"])?, width: side(&["width"])?, height: side(&["height"])? };
    (rect.width > 0 && rect.height > 0).then_some(rect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Notice, Problem> {
        Notice::read(text.as_bytes(), &Limits::default())
    }

    const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <h:EventNotificationAlert version="2.0" xmlns:h="http://www.std-cgi.com/ver20/XMLSchema">
        <h:channelID>2</h:channelID><h:dateTime>2026-11-23T09:59:58.250+08:00</h:dateTime>
        <h:eventType>ANPR</h:eventType><h:eventState>active</h:eventState><h:isDataRetransmission>true</h:isDataRetransmission>
        <h:ANPR><h:licensePlate>黄鲁Q12345</h:licensePlate><h:line>3</h:line><h:direction>reverse</h:direction>
        <h:confidenceLevel>78.5</h:confidenceLevel><h:plateCharBelieve>99,98,97</h:plateCharBelieve>
        <h:relaLaneDirectionType>4</h:relaLaneDirectionType><h:uphone>yes</h:uphone><h:pilotsafebelt>unknown</h:pilotsafebelt>
        <h:illegalInfo><h:illegalCode>1301</h:illegalCode></h:illegalInfo>
        <h:vehicleInfo><h:speed>61</h:speed><h:color>white</h:color></h:vehicleInfo>
        <h:pictureInfoList><h:pictureInfo><h:fileName>a.jpg</h:fileName><h:type>licensePlatePicture</h:type></h:pictureInfo>
        <h:pictureInfo><h:fileName>b.jpg</h:fileName><h:type>detectionPicture</h:type>
        <h:plateRect><h:X>375</h:X><h:Y>645</h:Y><h:width>227</h:width><h:height>118</h:height></h:plateRect>
        <h:vehicelRect><h:x>0</h:x><h:y>0</h:y><h:width>0</h:width><h:height>0</h:height></h:vehicelRect>
        </h:pictureInfo></h:pictureInfoList></h:ANPR>
        <h:VehicleGATInfo><h:palteTypeByGAT>1</h:palteTypeByGAT><h:plateColorByGAT>-1</h:plateColorByGAT>
        <h:vehicleTypeByGAT>H10</h:vehicleTypeByGAT><h:colorByGAT>A</h:colorByGAT></h:VehicleGATInfo>
        </h:EventNotificationAlert>"#;

    const JSON: &str = r#"{"channelID": 2, "dateTime": "2026-11-23T09:59:58.250+08:00", "eventType": "ANPR",
        "eventState": "active", "isDataRetransmission": true, "ANPR": {"licensePlate": "黄鲁Q12345", "line": 3,
        "direction": "reverse", "confidenceLevel": 78.5, "plateCharBelieve": "99,98,97", "relaLaneDirectionType": 4,
        "uphone": "yes", "pilotsafebelt": "unknown", "illegalInfo": {"illegalCode": "1301"},
        "vehicleInfo": {"speed": 61, "color": "white"},
        "pictureInfoList": [{"fileName": "a.jpg", "type": "licensePlatePicture"}, {"fileName": "b.jpg",
        "type": "detectionPicture", "plateRect": {"X": 375, "Y": 645, "width": 227, "height": 118},
        "vehicelRect": {"x": 0, "y": 0, "width": 0, "height": 0}}]},
        "VehicleGATInfo": {"plateTypeByGAT": 1, "plateColorByGAT": -1, "vehicleTypeByGAT": "H10", "colorByGAT": "A"}}"#;

    #[test]
    fn a_notice_says_the_same_in_xml_with_a_prefix_and_in_json() {
        let notice = read(XML).unwrap();
        assert_eq!(notice, read(JSON).unwrap());
        assert_eq!(notice.claimed_unix_ms, Some(1_795_399_198_250));
        assert_eq!((notice.channel, notice.is_retransmission, notice.is_heartbeat()), (Some(2), true, false));
        let capture = notice.capture.unwrap();
        assert_eq!((capture.plate.as_str(), capture.confidence_percent), ("黄鲁Q12345", Some(78.5)));
        assert_eq!((capture.lane, capture.lane_direction), (Some(3), Some(LaneDirection::NorthToSouth)));
        assert_eq!((capture.plate_color_gat, capture.plate_class_gat), (None, Some(1)));
        assert_eq!((capture.has_belt, capture.is_phoning), (None, Some(true)));
        assert_eq!((capture.offence_code.as_str(), capture.speed_kmh), ("1301", Some(61.0)));
        assert_eq!(capture.pictures.len(), 2);
        assert_eq!(capture.pictures[1].plate, Some(Rect { x: 375, y: 645, width: 227, height: 118 }));
        assert_eq!(capture.pictures[1].vehicle, None, "a rectangle without a side is none");
    }

    #[test]
    fn pictures_come_with_the_scene_first() {
        let part = |name: &str, kind: &str, body: &str| {
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n{body}\r\n"
            )
        };
        let body = part("a.jpg", "image/jpeg", "plate")
            + &part("anpr.xml", "text/xml", XML)
            + &part("b.jpg", "image/jpeg", "scene")
            + "--b--\r\n";
        let request =
            Request::read("multipart/form-data; boundary=b", body.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(request.pictures, [&b"scene"[..], b"plate"]);
        let alone = Request::read("", XML.as_bytes(), &Limits::default()).unwrap();
        assert_eq!((alone.notice, alone.pictures.len()), (request.notice, 0));
        let without = part("b.jpg", "image/jpeg", "scene");
        let read = Request::read("multipart/form-data; boundary=b", without.as_bytes(), &Limits::default());
        assert_eq!(read, Err(Problem::NoNotice));
    }

    #[test]
    fn signs_of_life_and_other_roots_are_told_apart() {
        let life = "<EventNotificationAlert><eventType>videoloss</eventType><eventState>inactive</eventState></EventNotificationAlert>";
        let life = read(life).unwrap();
        assert!(life.is_heartbeat() && life.capture.is_none());
        assert!(read(r#"{"eventType": "heartBeat", "eventState": "active"}"#).unwrap().is_heartbeat());
        assert!(matches!(read("<ResponseStatus/>"), Err(Problem::Root { .. })));
        assert!(matches!(read("{}"), Err(Problem::Root { .. })));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fail_but_a_problem(cut in 0..XML.len(), noise in proptest::collection::vec(any::<u8>(), 0..20), json: bool) {
            let text = if json { JSON } else { XML }.as_bytes();
            let cut = cut.min(text.len());
            let bytes = [&text[..cut], &noise, &text[(cut + noise.len()).min(text.len())..]].concat();
            drop(Request::read("", &bytes, &Limits::default()));
            drop(Request::read("multipart/form-data; boundary=b", &bytes, &Limits::default()));
        }
    }
}
