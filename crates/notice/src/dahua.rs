//! Dahua: notices of passages, posted as JSON (ITSAPI, `/NotificationInfo/…`) or sent over a connection that stays open (CGI,
//! `eventManager.cgi?action=attach`, `multipart/x-mixed-replace`). Names and values are those of the ITSAPI and HTTP API guides,
//! as far as they are public, and of what devices send.

use crate::multipart;
use crate::time::local_unix_ms;
use crate::{Limits, Problem, Tree};

/// Devices in China write the time of Beijing.
const BEIJING_HOURS: i64 = 8;

/// Which of its notices a device posts, by the last step of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// `/NotificationInfo/TollgateInfo`: a passage.
    Tollgate,
    /// `/NotificationInfo/KeepAlive`: a sign of life.
    KeepAlive,
    /// `/NotificationInfo/DeviceInfo`: what the device is.
    Device,
}

impl Push {
    /// By the path of a request; whatever goes before the last step is the user's choice.
    pub fn of_path(path: &str) -> Option<Self> {
        let last = path.trim_end_matches('/').rsplit('/').next()?;
        [("TollgateInfo", Self::Tollgate), ("KeepAlive", Self::KeepAlive), ("DeviceInfo", Self::Device)]
            .into_iter()
            .find_map(|(name, push)| name.eq_ignore_ascii_case(last).then_some(push))
    }
}

/// What a device says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notice {
    /// `Code` of an event (`TrafficJunction`, …); "" in a push.
    pub code: String,
    /// `DeviceID`, `MachineName` or `SerialNumber`: how the device is called.
    pub device_id: String,
    /// `Channel` or `index`, from 0.
    pub channel: Option<u32>,
    /// When, in Unix milliseconds by the device's clock.
    pub claimed_unix_ms: Option<i64>,
    /// What was seen, where the notice is of a vehicle.
    pub capture: Option<Capture>,
}

/// A vehicle as the camera saw it. Texts are as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capture {
    /// `PlateNumber`; "" without a plate.
    pub plate: String,
    /// `Confidence` in percent; devices that count to 255 are scaled.
    pub confidence_percent: Option<f64>,
    /// `PlateColor`: `Blue`, `Yellow`, `White`, `Black`, `Green`, `YellowGreen`, `ShadowGreen`, …
    pub plate_color: String,
    /// `PlateType`: a word of the maker's.
    pub plate_type: String,
    /// `VehicleColor`: a word.
    pub vehicle_color: String,
    /// `VehicleType` or `Category`: a word of the maker's.
    pub vehicle_type: String,
    /// `LanNo` or `Lane`, as the device counts.
    pub lane: Option<u32>,
    /// `Direction` as the camera sees it: `Obverse` (towards it), `Reverse`, or a word for the way it leads.
    pub direction: String,
    /// `Speed` in km/h; 0 where nothing measures it.
    pub speed_kmh: Option<f64>,
    /// `ViolationCode`; "" for none.
    pub offence_code: String,
    /// Whether the driver wears the belt.
    pub has_belt: Option<bool>,
    /// Whether the driver is on the telephone.
    pub is_phoning: Option<bool>,
    /// Pictures in base64: the scene, the vehicle, the plate.
    pub pictures: Vec<String>,
}

impl Notice {
    /// Reads the body of a push.
    pub fn read_push(bytes: &[u8], limits: &Limits) -> Result<Self, Problem> {
        let root = Tree::read(bytes, limits)?;
        let nothing = Tree::default();
        let Some(picture) = root.child(&["Picture"]) else {
            let device = root.child(&["DeviceInfo", "Device"]).unwrap_or(&root);
            return Ok(Self { device_id: device_id(device).to_owned(), ..Self::default() });
        };
        let of = |name| picture.child(&[name]).unwrap_or(&nothing);
        let (plate, vehicle, snap) = (of("Plate"), of("Vehicle"), of("SnapInfo"));
        let time = snap.text(&["AccurateTime", "SnapTime"]);
        // Words for a plate that is not there go before what is written in its place.
        let is_there = !plate.text(&["IsExist"]).eq_ignore_ascii_case("false");
        Ok(Self {
            code: String::new(),
            device_id: device_id(snap).to_owned(),
            channel: plate.number(&["Channel"]).or_else(|| snap.number(&["Channel"])).and_then(whole),
            claimed_unix_ms: local_unix_ms(time, BEIJING_HOURS),
            capture: Some(Capture {
                plate: if is_there { plate.text(&["PlateNumber"]).to_owned() } else { String::new() },
                confidence_percent: plate.number(&["Confidence"]).and_then(percent),
                plate_color: plate.text(&["PlateColor"]).to_owned(),
                plate_type: plate.text(&["PlateType"]).to_owned(),
                vehicle_color: vehicle.text(&["VehicleColor"]).to_owned(),
                vehicle_type: vehicle.text(&["VehicleType"]).to_owned(),
                lane: snap.number(&["LanNo", "LaneNo", "Lane"]).and_then(whole),
                direction: snap.text(&["Direction"]).to_owned(),
                speed_kmh: snap.number(&["Speed"]).or_else(|| vehicle.number(&["Speed", "VehicleSpeed"])),
                offence_code: snap.text(&["ViolationCode", "DefenceCode"]).to_owned(),
                has_belt: None,
                is_phoning: None,
                pictures: ["NormalPic", "VehiclePic", "CutoutPic"]
                    .into_iter()
                    .map(|name| of(name).text(&["Content"]))
                    .filter(|content| !content.is_empty())
                    .map(str::to_owned)
                    .collect(),
            }),
        })
    }

    /// Reads one part of an attached stream; `None` for a heartbeat and for events of no vehicle.
    pub fn read_event(part: &[u8], limits: &Limits) -> Result<Option<Self>, Problem> {
        let text = String::from_utf8_lossy(part);
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("Heartbeat") {
            return Ok(None);
        }
        let (code, channel, data) = if text.starts_with("Events[") {
            let data = from_lines(text, limits)?;
            let info = data.child(&["EventBaseInfo"]).unwrap_or(&data);
            let channel = info.number(&["Index"]).and_then(whole);
            (info.text(&["Code"]).to_owned(), channel, data)
        } else {
            let (head, data) = text.split_once(";data=").unwrap_or((text, "{}"));
            let field = |name: &str| {
                let fields = head.split(';').filter_map(|field| field.split_once('='));
                fields
                    .into_iter()
                    .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.trim())
            };
            let code = field("Code").ok_or(Problem::NoNotice)?.to_owned();
            let channel = field("index").and_then(|index| index.parse().ok());
            (code, channel, Tree::read(data.trim().as_bytes(), limits)?)
        };
        let Some(car) = data.child(&["TrafficCar"]) else { return Ok(None) };
        let nothing = Tree::default();
        let object = data.child(&["Object"]).unwrap_or(&nothing);
        let vehicle = data.child(&["Vehicle"]).unwrap_or(&nothing);
        let driver = object.child(&["MainSeat"]).unwrap_or(&nothing);
        let object_plate = if object.text(&["ObjectType"]) == "Plate" { object.text(&["Text"]) } else { "" };
        let written = car.text(&["PlateNumber"]);
        Ok(Some(Self {
            code,
            device_id: device_id(car).to_owned(),
            channel,
            claimed_unix_ms: event_time(&data, car),
            capture: Some(Capture {
                plate: if written.is_empty() { object_plate } else { written }.to_owned(),
                confidence_percent: object
                    .number(&["Confidence"])
                    .filter(|_| !object_plate.is_empty())
                    .and_then(percent),
                plate_color: car.text(&["PlateColor"]).to_owned(),
                plate_type: car.text(&["PlateType"]).to_owned(),
                vehicle_color: car.text(&["VehicleColor"]).to_owned(),
                vehicle_type: vehicle.text(&["Category"]).to_owned(),
                lane: car.number(&["Lane"]).or_else(|| data.number(&["Lane"])).and_then(whole),
                direction: data.text(&["JunctionDirection"]).to_owned(),
                speed_kmh: car.number(&["Speed"]),
                offence_code: car.text(&["ViolationCode"]).to_owned(),
                has_belt: match driver.text(&["SafeBelt"]).to_ascii_lowercase().as_str() {
                    "withsafebelt" => Some(true),
                    "withoutsafebelt" => Some(false),
                    _ => None,
                },
                is_phoning: match driver.text(&["DriverCalling"]).to_ascii_lowercase().as_str() {
                    "calling" => Some(true),
                    "nocalling" => Some(false),
                    _ => None,
                },
                pictures: Vec::new(),
            }),
        }))
    }
}

fn device_id(tree: &Tree) -> &str {
    tree.text(&["DeviceID", "MachineName", "SerialNumber", "SN"])
}

/// `RealUTC` is Unix time; `LocaleTime` is the device's wall clock; `UTC` is the wall clock counted as if it were UTC.
fn event_time(data: &Tree, car: &Tree) -> Option<i64> {
    let ms = data.number(&["UTCMS"]).filter(|ms| (0.0..1_000.0).contains(ms)).unwrap_or(0.0) as i64;
    let seconds = |tree: &Tree, name| {
        tree.number(&[name])
            .filter(|seconds| (1.0..1e11).contains(seconds))
            .map(|seconds| seconds as i64 * 1_000)
    };
    let wall =
        || seconds(data, "UTC").or_else(|| seconds(car, "UTC")).map(|wall| wall - BEIJING_HOURS * 3_600_000);
    let by_text = || local_unix_ms(data.text(&["LocaleTime"]), BEIJING_HOURS);
    Some(seconds(data, "RealUTC").or_else(by_text).or_else(wall)? + ms)
}

/// Whole and not below 0; -1 stands for "not known".
fn whole(number: f64) -> Option<u32> {
    (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
}

/// Some devices count to 255.
fn percent(confidence: f64) -> Option<f64> {
    match confidence {
        c if (0.0..=100.0).contains(&c) => Some(c),
        c if (100.0..=255.0).contains(&c) => Some(c / 2.55),
        _ => None,
    }
}

/// The first event of `Events[0].A.B=value` lines as a tree.
fn from_lines(text: &str, limits: &Limits) -> Result<Tree, Problem> {
    let mut root = Tree::default();
    for (index, line) in text.lines().enumerate() {
        if index >= limits.nodes_max {
            return Err(Problem::TooLarge { nodes_max: limits.nodes_max, depth_max: limits.depth_max });
        }
        let Some((path, value)) = line.trim().split_once('=') else { continue };
        let Some(path) = path.strip_prefix("Events[0].") else { continue };
        let mut at = &mut root;
        for (depth, step) in path.split('.').enumerate() {
            if depth >= limits.depth_max {
                return Err(Problem::TooLarge { nodes_max: limits.nodes_max, depth_max: limits.depth_max });
            }
            let known = at.children.iter().position(|child| child.name == step);
            let index = known.unwrap_or_else(|| {
                at.children.push(Tree { name: step.to_owned(), ..Tree::default() });
                at.children.len() - 1
            });
            let Some(child) = at.children.get_mut(index) else { break };
            at = child;
        }
        value.trim().clone_into(&mut at.text);
    }
    Ok(root)
}

/// The parts of an attached stream as they come. Bounded: what is longer than a part may be is thrown away up to the next
/// boundary, and counted.
#[derive(Debug)]
pub struct Parts {
    delimiter: Vec<u8>,
    held: Vec<u8>,
    part_bytes_max: usize,
    is_skipping: bool,
    /// Parts that were too long.
    pub skipped: u64,
}

impl Parts {
    /// By the Content-Type of the answer; devices that name no boundary use `myboundary`.
    pub fn new(content_type: &str, part_bytes_max: usize) -> Self {
        let boundary = multipart::boundary(content_type).unwrap_or("myboundary");
        let delimiter = format!("--{}", boundary.trim_start_matches("--")).into_bytes();
        Self { delimiter, held: Vec::new(), part_bytes_max, is_skipping: true, skipped: 0 }
    }

    /// Takes bytes; gives the body of each part that they complete.
    pub fn push(&mut self, bytes: &[u8], take: &mut dyn FnMut(&[u8])) {
        self.held.extend_from_slice(bytes);
        let mut from = 0;
        while let Some((start, end)) = self.boundary_after(from) {
            let part = self.held.get(from..start).unwrap_or_default();
            if !self.is_skipping
                && let Some(body) = body_of(part)
            {
                take(body);
            }
            self.is_skipping = false;
            from = end;
        }
        self.held.drain(..from);
        if self.held.len() > self.part_bytes_max {
            if !self.is_skipping {
                self.skipped += 1;
            }
            self.is_skipping = true;
            // The beginning of a boundary may be among the last bytes.
            let keep = self.delimiter.len() + 2;
            self.held.drain(..self.held.len() - keep.min(self.held.len()));
        }
    }

    /// Where the next whole line of a boundary begins and ends.
    fn boundary_after(&self, from: usize) -> Option<(usize, usize)> {
        let mut at = from;
        loop {
            let found = self
                .held
                .get(at..)?
                .windows(self.delimiter.len())
                .position(|window| window == self.delimiter)?;
            let start = at + found;
            let begins_line = start == 0 || self.held.get(start - 1) == Some(&b'\n');
            let line_end = self.held.get(start..)?.iter().position(|byte| *byte == b'\n')?;
            if begins_line {
                return Some((start, start + line_end + 1));
            }
            at = start + 1;
        }
    }
}

/// The body of a part; `None` for one that holds nothing.
fn body_of(part: &[u8]) -> Option<&[u8]> {
    let whole = [b"--b\n".as_slice(), part].concat();
    let len = multipart::parts(&whole, Some("b"), &Limits::default()).ok()?.first()?.body.trim_ascii().len();
    let body = part.trim_ascii_end();
    (len > 0).then(|| body.get(body.len().checked_sub(len)?..)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { parts_max: 32, nodes_max: 4_096, depth_max: 32 };

    const PUSH: &str = r#"{"Picture": {"CutoutPic": {"Content": "cGxhdGU=", "PicName": "c.jpg"},
        "NormalPic": {"Content": "c2NlbmU=", "PicName": "n.jpg"},
        "Plate": {"Channel": 0, "Confidence": 204, "IsExist": true, "PlateColor": "Yellow", "PlateNumber": "鲁Q12345"},
        "SnapInfo": {"AccurateTime": "2026-11-23 09:59:58.250", "DeviceID": "camera_01", "Direction": "Obverse", "LanNo": 2},
        "Vehicle": {"VehicleColor": "White", "VehicleType": "HeavyTruck"}}}"#;

    #[test]
    fn a_push_is_read() {
        let notice = Notice::read_push(PUSH.as_bytes(), &LIMITS).unwrap();
        assert_eq!((notice.device_id.as_str(), notice.channel), ("camera_01", Some(0)));
        assert_eq!(notice.claimed_unix_ms, Some(1_795_399_198_250));
        let capture = notice.capture.unwrap();
        assert_eq!((capture.plate.as_str(), capture.confidence_percent), ("鲁Q12345", Some(80.0)));
        assert_eq!(
            (capture.lane, capture.pictures),
            (Some(2), vec!["c2NlbmU=".to_owned(), "cGxhdGU=".to_owned()])
        );
        let without = PUSH.replace("\"IsExist\": true", "\"IsExist\": false");
        assert_eq!(Notice::read_push(without.as_bytes(), &LIMITS).unwrap().capture.unwrap().plate, "");
        let device = Notice::read_push(br#"{"DeviceInfo": {"DeviceID": "x"}}"#, &LIMITS).unwrap();
        assert_eq!((device.device_id.as_str(), device.capture), ("x", None));
        assert!(Notice::read_push(b"{", &LIMITS).is_err());
        assert_eq!(Push::of_path("/north/NotificationInfo/tollgateinfo/"), Some(Push::Tollgate));
        assert_eq!(Push::of_path("/"), None);
    }

    #[test]
    fn an_event_says_the_same_in_either_form() {
        let json = "Code=TrafficJunction;action=Pulse;index=1;data={\"Object\": {\"ObjectType\": \"Plate\", \"Text\": \"鲁Q12345\", \
                    \"Confidence\": 90}, \"TrafficCar\": {\"PlateColor\": \"Blue\", \"Lane\": 2, \"Speed\": 61}, \"UTC\": 1795428000, \
                    \"UTCMS\": 5, \"JunctionDirection\": \"Obverse\"}\n";
        let lines = "Events[0].EventBaseInfo.Code=TrafficJunction\r\nEvents[0].EventBaseInfo.Index=1\r\nEvents[0].UTC=1795428000\r\n\
                     Events[0].UTCMS=5\r\nEvents[0].JunctionDirection=Obverse\r\nEvents[0].Object.ObjectType=Plate\r\n\
                     Events[0].Object.Text=鲁Q12345\r\nEvents[0].Object.Confidence=90\r\nEvents[0].TrafficCar.PlateColor=Blue\r\n\
                     Events[0].TrafficCar.Lane=2\r\nEvents[0].TrafficCar.Speed=61\r\n";
        let notice = Notice::read_event(json.as_bytes(), &LIMITS).unwrap().unwrap();
        assert_eq!(Notice::read_event(lines.as_bytes(), &LIMITS).unwrap().unwrap(), notice);
        // The wall clock of Beijing, counted as if it were UTC.
        assert_eq!((notice.claimed_unix_ms, notice.channel), (Some(1_795_399_200_005), Some(1)));
        let capture = notice.capture.unwrap();
        assert_eq!((capture.plate.as_str(), capture.speed_kmh), ("鲁Q12345", Some(61.0)));
        for nothing in ["Heartbeat\r\n", "", "Code=VideoMotion;action=Start;index=0"] {
            assert_eq!(Notice::read_event(nothing.as_bytes(), &LIMITS).unwrap(), None);
        }
        assert_eq!(Notice::read_event(b"what", &LIMITS), Err(Problem::NoNotice));
    }

    fn split(bytes: &[u8], sizes: &[usize]) -> Vec<String> {
        let mut parts = Parts::new("multipart/x-mixed-replace; boundary=myboundary", 200);
        let mut found = Vec::new();
        let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().map_or(1, |size| (*size).max(1)).min(rest.len());
            let (now, later) = rest.split_at(size);
            parts.push(now, &mut |body| found.push(String::from_utf8_lossy(body).into_owned()));
            rest = later;
        }
        found
    }

    const STREAM: &str = "--myboundary\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nHeartbeat\r\n--myboundary\r\n\
                          Content-Type: text/plain\r\n\r\nCode=A;data={\r\n  \"a\": 1\r\n}\r\n\r\n--myboundary\r\n\r\nEvents[0].A=1\r\n--myboundary--\r\n";

    proptest! {
        #[test]
        fn a_stream_gives_its_parts_however_it_is_cut(sizes in proptest::collection::vec(1..40usize, 1..10)) {
            prop_assert_eq!(split(STREAM.as_bytes(), &sizes), ["Heartbeat", "Code=A;data={\r\n  \"a\": 1\r\n}", "Events[0].A=1"]);
        }

        #[test]
        fn a_part_too_long_costs_itself(sizes in proptest::collection::vec(1..40usize, 1..10)) {
            let long = STREAM.replace("Code=A", &"x".repeat(900));
            prop_assert_eq!(split(long.as_bytes(), &sizes), ["Heartbeat", "Events[0].A=1"]);
        }

        #[test]
        fn nothing_makes_it_fail_but_a_problem(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(Notice::read_push(&bytes, &LIMITS));
            drop(Notice::read_event(&bytes, &LIMITS));
            drop(split(&bytes, &[7]));
        }
    }
}
