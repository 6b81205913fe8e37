//! Properties: what is written is read as the same, and no bytes do harm.

use gat1400::object::{DispositionNotification, MotorVehicle, MotorVehicleCore, SubImageInfo, Subscribe};
use gat1400::route::Resource;
use gat1400::{DateTime, Extra, ImageData, Limits, Objects, Request, Route, read_list, write_list};
use proptest::prelude::*;

prop_compose! {
    fn times()(second in 0..4_000_000_000_i64) -> DateTime {
        DateTime::from_unix_ms(second * 1000)
    }
}

prop_compose! {
    fn images()(
        kind in "[0-9]{0,3}", shot_time in proptest::option::of(times()), width_px in proptest::option::of(any::<i64>()),
        bytes in proptest::collection::vec(any::<u8>(), 0..200)
    ) -> SubImageInfo {
        SubImageInfo { kind: kind.into(), shot_time, width_px, data: ImageData::encode(&bytes), ..Default::default() }
    }
}

fn extras() -> impl Strategy<Value = Extra> {
    proptest::collection::btree_map("X[a-z]{1,6}", "\\PC{1,12}", 0..4).prop_map(|fields| {
        let mut extra = Extra::default();
        for (name, text) in fields {
            let json = serde_json::to_string(&text).expect("text is JSON");
            extra.insert(&name, &json).expect("own JSON");
        }
        extra
    })
}

prop_compose! {
    fn vehicles()(
        id in "[0-9]{0,48}", plate_no in "\\PC{0,10}", brand in ".{0,30}", extra in extras(),
        (lane_no, left_top_x) in any::<(Option<i64>, Option<i64>)>(),
        speed_kmh in proptest::option::of(-1e6..1e6_f64),
        (has_plate, is_decked) in any::<(Option<bool>, Option<bool>)>(),
        (pass_time, mark_time) in (proptest::option::of(times()), proptest::option::of(times())),
        sub_images in proptest::collection::vec(images(), 0..4),
    ) -> MotorVehicle {
        MotorVehicle {
            motor_vehicle_id: id.into(), plate_no: plate_no.into(), vehicle_brand: brand.into(), lane_no, left_top_x,
            speed_kmh, has_plate, is_decked, pass_time, mark_time, sub_images, extra, ..Default::default()
        }
    }
}

fn good<T>(objects: Objects<T>) -> Vec<T> {
    objects.into_iter().map(|object| object.expect("object is read")).collect()
}

/// Text that is mostly JSON of the right names.
fn almost_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\"MotorVehicleListObject\""),
        Just("\"MotorVehicleObject\""),
        Just("\"SubImageList\""),
        Just("\"SubImageInfoObject\""),
        Just("\"PlateNo\""),
        Just("\"Speed\""),
        Just("\"PassTime\""),
        Just("\"20240305081530\""),
        Just("1e999"),
        Just("-1"),
        Just("null"),
        Just("true"),
        Just("\"\\ud800\""),
        Just("\"\""),
    ];
    proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn vehicles_are_written_and_read_again(vehicles in proptest::collection::vec(vehicles(), 0..4)) {
        let body = write_list(&vehicles);
        prop_assert_eq!(good(read_list::<MotorVehicle>(&body, &Limits::default()).expect("own body")), vehicles.clone());
        let core = good(read_list::<MotorVehicleCore>(&body, &Limits::default()).expect("own body"));
        prop_assert_eq!(core.len(), vehicles.len());
        for (core, vehicle) in core.iter().zip(&vehicles) {
            prop_assert_eq!(&core.plate_no, &vehicle.plate_no);
            prop_assert_eq!((core.pass_time, core.lane_no, core.speed_kmh), (vehicle.pass_time, vehicle.lane_no, vehicle.speed_kmh));
            prop_assert_eq!(&core.sub_images, &vehicle.sub_images);
            prop_assert!(core.extra.is_empty());
        }
    }

    #[test]
    fn notices_are_written_and_read_again(vehicle in vehicles(), title in "\\PC{0,20}", time in times()) {
        let notice = DispositionNotification {
            title: title.as_str().into(), trigger_time: Some(time), motor_vehicle: Some(Box::new(vehicle)), ..Default::default()
        };
        let has_vehicle = notice.motor_vehicle.as_deref() != Some(&MotorVehicle::default());
        let read = good(read_list::<DispositionNotification>(&write_list(std::slice::from_ref(&notice)), &Limits::default()).expect("own body"));
        // An object without a single field says nothing, and is read as absent.
        if has_vehicle { prop_assert_eq!(read, [notice]) } else { prop_assert_eq!(&read[0].motor_vehicle, &None) }

        let subscribe = Subscribe { title: title.into(), begin_time: Some(time), report_interval: Some(0), ..Default::default() };
        let read = good(read_list::<Subscribe>(&write_list(std::slice::from_ref(&subscribe)), &Limits::default()).expect("own body"));
        prop_assert_eq!(read, [subscribe]);
    }

    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in almost_json()) {
        for &resource in Resource::ALL {
            let Ok(route) = Route::parse("POST", resource.path()) else { continue };
            for body in [bytes.as_slice(), text.as_bytes()] {
                // Reading the same bytes twice gives the same, which no panic and no leftover state allow to fail.
                prop_assert_eq!(
                    Request::read(&route, body, &Limits::default()),
                    Request::read(&route, body, &Limits::default())
                );
            }
        }
    }
}
