//! Reads the samples of real devices and vendor documents and compares with what is known of them.
//!
//! `cargo run -p gat1400 --example conformance -- --data DIR` reads `DIR/gat1400`. Prints what agreed, disagreed and
//! was left out; exits with 1 when anything disagreed.

#![expect(clippy::print_stdout, reason = "a table for a person is what this program makes")]

use gat1400::codes::{Color, StatusCode};
use gat1400::digest::{Authorization, Challenge, Credentials, Ha1};
use gat1400::id::{BusinessId, BusinessKind, DeviceId, DeviceKind, IdProblem, ObjectId, SubjectId};
use gat1400::object::{
    Ape, DispositionNotification, Keepalive, MotorVehicle, Register, SubscribeNotification, Tollgate,
    plate_char_reliabilities,
};
use gat1400::{DateTime, Limits, Object, ResponseStatus, Route, read_list, write_list};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What came of one sample.
#[derive(Default)]
struct Report {
    agreed: usize,
    disagreed: Vec<String>,
    left_out: Vec<&'static str>,
}

impl Report {
    #[expect(clippy::needless_pass_by_value, reason = "called like assert_eq, with values made in place")]
    fn equal<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
        &mut self,
        what: &str,
        found: T,
        expected: U,
    ) {
        if found == expected {
            self.agreed += 1;
        } else {
            self.disagreed.push(format!("{what}: {found:?}, not {expected:?}"));
        }
    }

    /// The one object of the sample; and that writing it keeps every value that is not empty.
    fn only<T: Object>(&mut self, sample: &[u8]) -> T {
        let objects = read_list::<T>(sample, &Limits::default());
        self.equal("objects", objects.as_ref().map_or(0, Vec::len), 1);
        let object = match objects.map(|mut objects| objects.pop()) {
            Ok(Some(Ok(object))) => object,
            other => {
                let why =
                    other.err().map_or_else(|| "object not read".to_owned(), |problem| problem.to_string());
                self.disagreed.push(why);
                return T::default();
            }
        };
        let written = serde_json::to_value(&object).unwrap_or_default();
        let sample: Value = serde_json::from_slice(sample).unwrap_or_default();
        match find(&sample, T::OBJECT) {
            Some(Value::Array(elements)) if elements.len() == 1 => {
                self.keeps(T::OBJECT, &elements[0], &written);
            }
            Some(element @ Value::Object(_)) => self.keeps(T::OBJECT, element, &written),
            _ => self.disagreed.push(format!("sample has no single {}", T::OBJECT)),
        }
        self.equal("second writing", write_list(std::slice::from_ref(&object)), {
            let body = write_list(std::slice::from_ref(&object));
            let again: Vec<T> =
                read_list(&body, &Limits::default()).into_iter().flatten().flatten().collect();
            write_list(&again)
        });
        object
    }

    /// Every value of the sample that is not empty is in what was written, whatever the JSON type.
    fn keeps(&mut self, path: &str, sample: &Value, written: &Value) {
        match sample {
            Value::Object(fields) => {
                for (name, value) in fields.iter().filter(|(_, value)| !is_empty(value)) {
                    self.keeps(&format!("{path}.{name}"), value, &written[name.as_str()]);
                }
            }
            Value::Array(elements) => {
                for (index, value) in elements.iter().enumerate() {
                    self.keeps(&format!("{path}.{index}"), value, &written[index]);
                }
            }
            scalar => self.equal(path, spelling(written), spelling(scalar)),
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// One spelling for `1`, `"1"` and `true`.
fn spelling(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        other => other.to_string(),
    }
}

fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = value.as_object()?;
    fields.get(name).or_else(|| fields.values().find_map(|inner| find(inner, name)))
}

fn at(text: &str) -> Option<DateTime> {
    DateTime::parse(text).ok()
}

fn keepalive(sample: &[u8], report: &mut Report) {
    let keepalive: Keepalive = report.only(sample);
    report.equal("DeviceID", keepalive.device_id.as_str(), "40000000000000000000");
    report.equal("DeviceID form", DeviceId::parse(&keepalive.device_id).is_ok(), true);
}

fn response_status(sample: &[u8], report: &mut Report) {
    let status: ResponseStatus = report.only(sample);
    report.equal("StatusCode", status.code(), StatusCode::Ok);
    report.equal("LocalTime, UTC", status.local_time.map(DateTime::unix_ms), Some(1_513_773_891_000));
    let device = DeviceId::parse(&status.id).map(|id| id.kind);
    report.equal("Id is a capture device's", device, Ok(DeviceKind::CAPTURE_DEVICE));
}

fn vehicle_of_a_device(sample: &[u8], report: &mut Report) {
    let vehicle: MotorVehicle = report.only(sample);
    report.equal("PlateNo", vehicle.plate_no.as_str(), "浙BY6H39");
    report.equal("PassTime", vehicle.pass_time, at("2021-04-11 17:13:37"));
    report.equal("HasPlate", vehicle.has_plate, Some(true));
    report.equal("IsDecked", vehicle.is_decked, Some(false));
    report.equal("LaneNo", vehicle.lane_no, None);
    report.equal("InOut", vehicle.extra.text("InOut").as_deref(), Some("in"));
    report.equal("pictures", vehicle.sub_images.len(), 1);
    let odd = [("MotorVehicleID", IdProblem::Length { expected: 48, found: 20 })];
    report.equal("id problems", vehicle.id_problems().as_slice(), odd.as_slice());
    report.left_out.push("picture bytes: base64 is cut off in the source");
}

fn vehicle_of_a_document(sample: &[u8], report: &mut Report) {
    let vehicle: MotorVehicle = report.only(sample);
    report.equal("PlateNo", vehicle.plate_no.as_str(), "苏NF5676");
    report.equal("PassTime", vehicle.pass_time, at("20160912220107"));
    report.equal("Speed", vehicle.speed_kmh, Some(8.0));
    report.equal("IsSuspicious", vehicle.is_suspicious, Some(true));
    report.equal("PlateColor", Color::from_text(&vehicle.plate_color), Some(Color::Other));
    report.equal("extra fields", vehicle.extra.len(), 0);
    report.equal("reliabilities", plate_char_reliabilities(&vehicle.plate_char_reliability).count(), 7);
    let id = SubjectId::parse(&vehicle.motor_vehicle_id);
    report.equal("MotorVehicleID kind", id.map(|id| id.kind), Ok(SubjectId::KIND_MOTOR_VEHICLE));
    report.equal("MotorVehicleID tollgate", id.map(|id| id.source.device.kind), Ok(DeviceKind::TOLLGATE));
    report.equal("MotorVehicleID source", id.map(|id| id.source), ObjectId::parse(&vehicle.source_id));
    report.equal(
        "MotorVehicleID digits",
        id.ok().and_then(|id| id.build().ok()),
        Some(vehicle.motor_vehicle_id.to_string()),
    );
    let image = &vehicle.sub_images[0];
    report.equal("picture width", image.width_px, Some(437));
    report.equal("picture ShotTime", image.shot_time, at("20170925032455"));
}

fn disposition_notification(sample: &[u8], report: &mut Report) {
    let notice: DispositionNotification = report.only(sample);
    let id = BusinessId::parse(&notice.notification_id);
    report.equal("NotificationID kind", id.map(|id| id.kind), Ok(BusinessKind::DISPOSITION_NOTIFICATION));
    report.equal("NotificationID time", id.map(|id| Some(id.created_at)), Ok(at("20171214162340")));
    let id = BusinessId::parse(&notice.disposition_id);
    report.equal("DispositionID kind", id.map(|id| id.kind), Ok(BusinessKind::DISPOSITION));
    report.equal("TriggerTime", notice.trigger_time, at("20170920121314"));
    let vehicle_id = notice.motor_vehicle.as_ref().map(|vehicle| vehicle.motor_vehicle_id.as_str());
    report.equal("vehicle is the one that was hit", vehicle_id, Some(notice.cnt_object_id.as_str()));
    report.left_out.push("the rest of the object: cut off in the source");
}

fn subscribe_notification(sample: &[u8], report: &mut Report) {
    let notice: SubscribeNotification = report.only(sample);
    report.equal("TriggerTime", notice.trigger_time, at("20230412145514"));
    report.equal("ExecuteOperation", notice.execute_operation, Some(1));
    report.left_out.push("ids: placeholders in the source");
}

fn tollgates(sample: &[u8], report: &mut Report) {
    let tollgate: Tollgate = report.only(sample);
    let kind = DeviceId::parse(&tollgate.tollgate_id).map(|id| id.kind);
    report.equal("TollgateID kind", kind, Ok(DeviceKind::TOLLGATE));
    report.equal("OrgCode", tollgate.org_code.as_str(), "650095768654");
    report.equal("Longitude", tollgate.longitude, Some(13.145_678));
    report.equal("ActiveTime", tollgate.active_time, at("20171111122324"));
    report.equal("TollgateCat2", tollgate.extra.text("TollgateCat2").as_deref(), Some("80"));
}

fn apes(sample: &[u8], report: &mut Report) {
    let ape: Ape = report.only(sample);
    report.equal("ApeID", DeviceId::parse(&ape.ape_id).is_ok(), true);
    report.equal("Name", ape.name.as_str(), "南车库入");
    report.equal("IPAddr", ape.ip_addr.as_str(), "172.16.16.139");
    report.equal("IsOnline", ape.is_online.as_str(), "1");
    report.equal("CapDirection", ape.cap_direction.as_str(), "3");
}

fn register(sample: &[u8], report: &mut Report) {
    let capture: Value = serde_json::from_slice(sample).unwrap_or_default();
    let text = |path: &str| capture.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let route = Route::parse(text("/request1/method"), text("/request1/uri"));
    report.equal("route", route.map(|route| route.resource.path()), Ok(text("/request1/uri")));
    let device: Register = report.only(capture["request1"]["body"].to_string().as_bytes());
    report.equal("User-Identify", text("/request1/headers/User-Identify"), device.device_id.as_str());
    let status: ResponseStatus = report.only(capture["response2"]["body"].to_string().as_bytes());
    report.equal("answered", status.is_ok(), true);

    let challenge = Challenge::parse(text("/response1/WWW-Authenticate"));
    let answer = Authorization::parse(text("/request2/Authorization"));
    let (Ok(challenge), Ok(answer)) = (challenge, answer) else {
        report.disagreed.push("digest headers are not read".to_owned());
        return;
    };
    report.equal("realm", challenge.realm.as_str(), "viid");
    report.equal("qop", challenge.has_qop_auth, true);
    report.equal("nonce", &answer.nonce, &challenge.nonce);
    report.equal("opaque", &answer.opaque, &challenge.opaque);
    report.equal("username", answer.username.as_str(), "hik");
    report.equal("uri", answer.uri.as_str(), text("/request1/uri"));
    report.equal("nc", answer.nonce_count(), Some(1));
    report.equal("response", answer.response.as_str(), "ab47b96080378e817233fad448de7f31");
    report.equal("written header", Authorization::parse(&answer.to_header()).as_ref(), Ok(&answer));
    // With a password of our own, the answer has the shape of the captured one.
    let credentials = Credentials { username: "hik", password: "not the device's" };
    let own = Authorization::parse(&challenge.answer(credentials, "POST", &answer.uri, "pwz08088", 1));
    let own = own.map(|own| Authorization { response: answer.response.clone(), ..own });
    report.equal("own answer but for the password", own.as_ref(), Ok(&answer));
    report.equal("stored hash", Ha1::new("hik", "viid", "x").as_hex().len(), answer.response.len());
    report.left_out.push("captured response hash: its password is not known");
}

/// A sample's file and what is known of it.
type Sample = (&'static str, fn(&[u8], &mut Report));

const SAMPLES: [Sample; 9] = [
    ("register_digest_capture.json", register),
    ("keepalive_request.json", keepalive),
    ("response_status.json", response_status),
    ("motorvehicles_studygo.json", vehicle_of_a_device),
    ("motorvehicles_vendor_doc_sample.json", vehicle_of_a_document),
    ("disposition_notification_partial.json", disposition_notification),
    ("subscribe_notification_skeleton.json", subscribe_notification),
    ("tollgates_response.json", tollgates),
    ("apes_studygo.json", apes),
];

fn data_dir() -> Option<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--data" {
            return arguments.next().map(|dir| Path::new(&dir).join("gat1400"));
        }
    }
    None
}

fn main() -> ExitCode {
    let Some(dir) = data_dir() else {
        println!("usage: conformance --data DIR");
        return ExitCode::from(2);
    };
    let Ok(entries) = std::fs::read_dir(&dir) else {
        println!("GA/T 1400: no samples, {} is not there", dir.display());
        return ExitCode::SUCCESS;
    };
    println!("GA/T 1400 sample                          agreed  disagreed  left out");
    let (mut agreed, mut disagreed, mut left_out) = (0, 0, 0);
    let mut notes = Vec::new();
    for (name, check) in SAMPLES {
        let mut report = Report::default();
        match std::fs::read(dir.join(name)) {
            Ok(sample) => check(&sample, &mut report),
            Err(_) => report.left_out.push("the file is not there"),
        }
        let counts = (report.agreed, report.disagreed.len(), report.left_out.len());
        println!("{name:<40}{:>8}{:>11}{:>10}", counts.0, counts.1, counts.2);
        agreed += counts.0;
        disagreed += counts.1;
        left_out += counts.2;
        notes.extend(report.disagreed.iter().map(|note| format!("{name}: DISAGREED: {note}")));
        notes.extend(report.left_out.iter().map(|note| format!("{name}: left out: {note}")));
    }
    let unknown = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    for name in unknown.filter(|name| SAMPLES.iter().all(|(known, _)| known != name)) {
        left_out += 1;
        notes.push(format!("{name}: left out: nothing is known of this file"));
    }
    println!("{:<40}{agreed:>8}{disagreed:>11}{left_out:>10}", "all");
    for note in &notes {
        println!("{note}");
    }
    ExitCode::from(u8::from(disagreed > 0))
}
