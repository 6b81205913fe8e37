//! Any bytes as a request: nothing panics, and what was read is written and read again as the same objects.
//!
//! The first line is method and target, the second a header, the rest the body.

#![no_main]

use gat1400::client::{Client, Resident};
use gat1400::digest::{Authorization, Challenge};
use gat1400::object::MotorVehicleCore;
use gat1400::{Limits, Object, Objects, Request, Route, id, read_list, write_list};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { objects: 64, pictures: 8, picture_bytes: 4096 };

fn read_again<T: Object + Clone + PartialEq + std::fmt::Debug>(objects: &Objects<T>) {
    let good: Vec<T> = objects.iter().flatten().cloned().collect();
    let once = write_list(&good);
    let again = read_list::<T>(&once, &LIMITS).expect("own writing is read");
    let again: Vec<T> = again.into_iter().map(|object| object.expect("own object is read")).collect();
    // Fractions of a second and escapes settle with the first writing; from then on nothing changes.
    assert_eq!(write_list(&again), once);
}

fn post<T: Resident + Object + Clone + PartialEq + std::fmt::Debug>(objects: &Objects<T>) {
    read_again(objects);
    let good: Vec<T> = objects.iter().flatten().cloned().collect();
    let outgoing = Client::new("44011301001190000001").post(&good);
    Route::parse(outgoing.method.name(), &outgoing.target).expect("own request has a route");
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |byte| *byte == b'\n');
    let line = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let header = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default();
    if let Ok(authorization) = Authorization::parse(&header) {
        assert!(Authorization::parse(&authorization.to_header()).is_ok());
    }
    let _unused = Challenge::parse(&header);
    let (method, target) = line.split_once(' ').unwrap_or(("POST", &line));
    let Ok(route) = Route::parse(method, target) else { return };
    let Ok(request) = Request::read(&route, body, &LIMITS) else { return };
    match &request {
        Request::MotorVehicles(objects) => {
            post(objects);
            // An object without its wrapper is known by its fields, and the core has fewer.
            if let Ok(core) = read_list::<MotorVehicleCore>(body, &LIMITS) {
                assert_eq!(core.len(), objects.len());
            }
            for vehicle in objects.iter().flatten() {
                let _unused = id::SubjectId::parse(&vehicle.motor_vehicle_id);
                for image in &vehicle.sub_images {
                    let bytes = image.data.decode(LIMITS.picture_bytes).unwrap_or_default();
                    assert!(bytes.len() <= LIMITS.picture_bytes);
                }
            }
        }
        Request::NonMotorVehicles(objects) => post(objects),
        Request::Tollgates(objects) => post(objects),
        Request::Apes(objects) => post(objects),
        Request::Lanes(objects) => post(objects),
        Request::Subscribes(objects) => post(objects),
        Request::SubscribeNotifications(objects) => post(objects),
        Request::Dispositions(objects) => post(objects),
        Request::DispositionNotifications(objects) => post(objects),
        _ => {}
    }
});
