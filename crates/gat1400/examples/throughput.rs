//! How many passages a second one core reads: `cargo run --release -p gat1400 --example throughput`.

#![expect(clippy::print_stdout, reason = "the figures are what this program makes")]

use gat1400::object::{MotorVehicle, MotorVehicleCore, SubImageInfo};
use gat1400::{DateTime, ImageData, Limits, Object, read_list, write_list};
use std::hint::black_box;
use std::time::{Duration, Instant};

const VEHICLES_PER_BODY: usize = 100;
const MEASURED: Duration = Duration::from_secs(2);
/// A near view as cameras compress it.
const PICTURE_BYTES: usize = 100 << 10;

/// The fields that a checkpoint camera fills in, about 600 bytes.
fn vehicle(index: usize) -> MotorVehicle {
    MotorVehicle {
        motor_vehicle_id: format!("4401130100121000000102202403050815300004202{index:05}").into(),
        info_kind: Some(1),
        source_id: "44011301001210000001022024030508153000042".into(),
        tollgate_id: "44011301001210000001".into(),
        device_id: "44011301001190000001".into(),
        storage_url1: "http://10.0.0.50:8082/d/1000037/20240305/08/4151-58659-0.jpg".into(),
        left_top_x: Some(100),
        left_top_y: Some(200),
        right_btm_x: Some(600),
        right_btm_y: Some(700),
        lane_no: Some(2),
        has_plate: Some(true),
        plate_class: "02".into(),
        plate_color: "5".into(),
        plate_no: "粤A12345".into(),
        speed_kmh: Some(62.0),
        direction: "3".into(),
        vehicle_class: "K33".into(),
        vehicle_color: "2".into(),
        pass_time: Some(DateTime::from_unix_ms(1_709_597_730_000)),
        plate_reliability: "95".into(),
        ..MotorVehicle::default()
    }
}

fn measure<T: Object>(name: &str, body: &[u8]) {
    let start = Instant::now();
    let mut objects = 0;
    while start.elapsed() < MEASURED {
        objects +=
            read_list::<T>(black_box(body), &Limits::default()).map_or(0, |list| black_box(list).len());
    }
    let seconds = start.elapsed().as_secs_f64();
    let bytes = body.len() * objects / VEHICLES_PER_BODY;
    let (per_second, mb_per_second) = (objects as f64 / seconds, bytes as f64 / seconds / 1e6);
    println!("{name:<44}{per_second:>12.0} passages/s {mb_per_second:>8.0} MB/s");
}

fn main() {
    let mut vehicles: Vec<_> = (0..VEHICLES_PER_BODY).map(vehicle).collect();
    let body = write_list(&vehicles);
    measure::<MotorVehicle>("MotorVehicle, no picture", &body);
    measure::<MotorVehicleCore>("MotorVehicleCore, no picture", &body);
    let picture =
        SubImageInfo { data: ImageData::encode(&vec![0x5A; PICTURE_BYTES]), ..SubImageInfo::default() };
    for vehicle in &mut vehicles {
        vehicle.sub_images = vec![picture.clone()];
    }
    let body = write_list(&vehicles);
    measure::<MotorVehicle>("MotorVehicle, one picture, not decoded", &body);
    measure::<MotorVehicleCore>("MotorVehicleCore, one picture, not decoded", &body);
}
