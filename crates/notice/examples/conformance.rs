//! Real notices against the reader: `cargo run -p notice --example conformance -- --data DIR`, whose folder `cameras` holds them.

#![expect(clippy::print_stdout, reason = "a command line")]

use notice::isapi::{Notice, Request};
use notice::{Limits, dahua};
use std::path::Path;
use std::process::ExitCode;

struct Report {
    checked: u32,
    wrong: u32,
}

/// Compares what is read of one file.
type Check = fn(&mut Report, &[u8]);

impl Report {
    #[expect(clippy::needless_pass_by_value, reason = "what is compared is made for it")]
    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, expected: T) {
        self.checked += 1;
        if found != expected {
            self.wrong += 1;
            println!("  {what}: {found:?}, expected {expected:?}");
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let data = match (arguments.next().as_deref(), arguments.next()) {
        (Some("--data"), Some(data)) => data,
        _ => "../shared/data".to_owned(),
    };
    let folder = Path::new(&data).join("cameras");
    let read = |name: &str| std::fs::read(folder.join(name));
    let mut report = Report { checked: 0, wrong: 0 };
    let checks: [(&str, Check); 5] = [
        ("hikvision_anpr_china_blue_multipart.txt", china),
        ("hikvision_anpr_deepinview_v58.xml", deepinview),
        ("hikvision_anpr_nvr_prefixed_ns.xml", recorder),
        ("dahua_cgi_trafficjunction.txt", stream),
        ("dahua_itsapi_tollgateinfo.json", tollgate),
    ];
    for (name, check) in checks {
        match read(name) {
            Ok(bytes) => check(&mut report, &bytes),
            Err(error) => {
                println!("  {name}: {error}");
                report.wrong += 1;
            }
        }
    }
    println!("notice: {} checks of real notices, {} wrong", report.checked, report.wrong);
    if report.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A push of a capture camera: colour before the plate, misspelt names, a clock that is years ahead, the boundary not named.
fn china(report: &mut Report, bytes: &[u8]) {
    let Ok(request) = Request::read("", bytes, &Limits::default()) else {
        return report.equal("the push", "unreadable", "read");
    };
    let notice = &request.notice;
    report.equal("device", notice.device_id.as_str(), "123456789");
    report.equal("channel", notice.channel, Some(1));
    // `date -d '2034-01-04T15:57:03+08:00' +%s`
    report.equal("time", notice.claimed_unix_ms, Some(2_019_974_223_000));
    report.equal("UUID", notice.uuid.as_str(), "46dd0716-1dd2-11b2-821f-8ba17e6f56b7");
    let Some(capture) = &notice.capture else { return report.equal("capture", "none", "one") };
    report.equal("plate", capture.plate.as_str(), "蓝苏A8HK52");
    report.equal("confidence", capture.confidence_percent, Some(78.0));
    report.equal("symbols", capture.symbol_percents.clone(), vec![99; 7]);
    report.equal("plate class", capture.plate_class_gat, Some(2));
    report.equal("plate colour", capture.plate_color_gat, Some(2));
    report.equal("vehicle class", capture.vehicle_class_gat.as_str(), "H20");
    report.equal("lane", capture.lane, Some(1));
    report.equal("belt", capture.has_belt, None);
    report.equal("pictures named", capture.pictures.len(), 2);
    let vehicle = capture.pictures.get(1).and_then(|picture| picture.vehicle);
    report.equal("vehicle's rectangle", vehicle.map(|rect| (rect.x, rect.height)), Some((241, 765)));
    report.equal("pictures there", request.pictures.len(), 1);
}

/// Another namespace, no codes of GA/T, an offset that is not Beijing's.
fn deepinview(report: &mut Report, bytes: &[u8]) {
    let Ok(notice) = Notice::read(bytes, &Limits::default()) else {
        return report.equal("DeepinView", "unreadable", "read");
    };
    // `date -d '2026-07-05T20:44:40+01:00' +%s`
    report.equal("time", notice.claimed_unix_ms, Some(1_783_280_680_000));
    let Some(capture) = &notice.capture else { return report.equal("capture", "none", "one") };
    report.equal("plate", capture.plate.as_str(), "WX1234A");
    report.equal("symbol in doubt", capture.symbol_percents.get(3).copied(), Some(61));
    report.equal("colour", capture.body_color.as_str(), "black");
    report.equal("codes of GA/T", (capture.plate_color_gat, capture.plate_class_gat), (None, None));
}

/// A prefix on each name, and hardly anything said.
fn recorder(report: &mut Report, bytes: &[u8]) {
    let Ok(notice) = Notice::read(bytes, &Limits::default()) else {
        return report.equal("recorder", "unreadable", "read");
    };
    report.equal("time", notice.claimed_unix_ms, None);
    let Some(capture) = &notice.capture else { return report.equal("capture", "none", "one") };
    report.equal("plate", capture.plate.as_str(), "WA99999");
    report.equal("direction", capture.direction.as_str(), "forward");
}

fn stream(report: &mut Report, bytes: &[u8]) {
    let mut plates = Vec::new();
    let mut parts = dahua::Parts::new("multipart/x-mixed-replace; boundary=myboundary", 64 << 10);
    let limits = Limits::default();
    parts.push(bytes, &mut |part| match dahua::Notice::read_event(part, &limits) {
        Ok(notice) => plates.push(notice.and_then(|notice| notice.capture).map(|capture| capture.plate)),
        Err(problem) => plates.push(Some(problem.to_string())),
    });
    report.equal("events", plates, vec![None, Some("ABC1234".into()), Some("29A11111".into())]);
}

fn tollgate(report: &mut Report, bytes: &[u8]) {
    let Ok(notice) = dahua::Notice::read_push(bytes, &Limits::default()) else {
        return report.equal("tollgate", "unreadable", "read");
    };
    report.equal("device", notice.device_id.as_str(), "camera_01");
    // `date -d '2026-02-10 09:30:45 +0800' +%s`
    report.equal("time", notice.claimed_unix_ms, Some(1_770_687_045_000));
    let Some(capture) = &notice.capture else { return report.equal("capture", "none", "one") };
    report.equal("plate", (capture.plate.as_str(), capture.confidence_percent), ("ABC1234", Some(90.0)));
    report.equal(
        "colours",
        (capture.plate_color.as_str(), capture.vehicle_color.as_str()),
        ("White", "Black"),
    );
}
