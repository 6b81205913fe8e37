//! Whole bodies: wrappers, bounds, and one bad object among good ones.

use gat1400::object::{Keepalive, MotorVehicle, MotorVehicleCore, SubscribeNotification};
use gat1400::{
    BodyProblem, EXTRA_FIELDS_MAX, ImageData, ImageProblem, Limits, ObjectProblem, ObjectReason, Objects,
    read_list, read_one,
};

fn vehicles(body: &str) -> Result<Objects<MotorVehicle>, BodyProblem> {
    read_list(body.as_bytes(), &Limits::default())
}

fn plates(body: &str) -> Vec<String> {
    let objects = vehicles(body).expect("body is read");
    objects.into_iter().map(|object| object.expect("object is read").plate_no.to_string()).collect()
}

#[test]
fn the_list_is_found_in_every_wrapping_that_devices_use() {
    for body in [
        r#"{"MotorVehicleListObject":{"MotorVehicleObject":[{"PlateNo":"粤A12345"}]}}"#,
        r#"{"MotorVehicleListObject":{"MotorVehicleObject":{"PlateNo":"粤A12345"}}}"#,
        r#"{"MotorVehicleListObject":[{"PlateNo":"粤A12345"}]}"#,
        r#"{"MotorVehicleObjectList":{"MotorVehicleObject":[{"PlateNo":"粤A12345"}]}}"#,
        r#"{"MotorVehicleObject":[{"PlateNo":"粤A12345"}]}"#,
        r#"{"MotorVehicleObject":{"PlateNo":"粤A12345"}}"#,
        r#"{"Total":1,"MotorVehicleListObject":{"TotalNum":1,"MotorVehicleObject":[{"PlateNo":"粤A12345"}]}}"#,
        r#"[{"PlateNo":"粤A12345"}]"#,
        r#"{"PlateNo":"粤A12345"}"#,
        "\u{feff} {\"MotorVehicleListObject\": {\"MotorVehicleObject\": [{\"PlateNo\": \"粤A12345\"}]}}\r\n",
    ] {
        assert_eq!(plates(body), ["粤A12345"], "{body}");
    }
}

#[test]
fn an_empty_list_is_a_list() {
    for body in [
        r#"{"MotorVehicleListObject":{"MotorVehicleObject":[]}}"#,
        r#"{"MotorVehicleListObject":{}}"#,
        r#"{"MotorVehicleListObject":null}"#,
        r#"{"MotorVehicleListObject":""}"#,
    ] {
        assert_eq!(vehicles(body), Ok(vec![]), "{body}");
    }
}

#[test]
fn a_body_that_cannot_be_used_is_named() {
    assert_eq!(vehicles(" "), Err(BodyProblem::Empty));
    assert!(matches!(vehicles("{\"MotorVehicleListObject\":"), Err(BodyProblem::Syntax { .. })));
    assert!(matches!(vehicles("{} {}"), Err(BodyProblem::Syntax { .. })));
    for body in ["{}", "7", "\"text\"", r#"{"FaceListObject":{"FaceObject":[]}}"#] {
        assert_eq!(
            vehicles(body),
            Err(BodyProblem::Wrapper { expected: "MotorVehicleListObject" }),
            "{body}"
        );
    }
    let nothing: Result<Keepalive, _> = read_one(br#"{"KeepaliveObject":{}}"#, &Limits::default());
    assert_eq!(nothing, Err(BodyProblem::Wrapper { expected: "KeepaliveObject" }));
}

#[test]
fn one_bad_object_costs_that_object() {
    let body = r#"{"MotorVehicleListObject":{"MotorVehicleObject":[
        {"PlateNo":"粤A00001"}, null, "text", 7, [1,[2]], true, {"PlateNo":"粤A00002"}]}}"#;
    let objects = vehicles(body).expect("body is read");
    let good: Vec<_> = objects.iter().flatten().map(|vehicle| vehicle.plate_no.as_str()).collect();
    assert_eq!(good, ["粤A00001", "粤A00002"]);
    let bad: Vec<_> = objects.into_iter().filter_map(Result::err).collect();
    let expected = (1..=5).map(|index| ObjectProblem { index, reason: ObjectReason::NotAnObject });
    assert_eq!(bad, expected.collect::<Vec<_>>());
}

#[test]
fn stray_bytes_cost_the_object_they_are_in() {
    // 粤 in GBK is D4 C1.
    let mut body = br#"{"MotorVehicleListObject":{"MotorVehicleObject":[{"PlateNo":""#.to_vec();
    body.extend_from_slice(b"\xD4\xC1A00001");
    body.extend_from_slice(r#""},{"PlateNo":"粤A00002"}]}}"#.as_bytes());
    let objects: Objects<MotorVehicle> = read_list(&body, &Limits::default()).expect("body is read");
    assert_eq!(objects[0], Err(ObjectProblem { index: 0, reason: ObjectReason::NotUtf8 }));
    assert_eq!(objects[1].as_ref().expect("second is read").plate_no, "粤A00002");
}

#[test]
fn more_objects_than_the_bound_refuse_the_request() {
    let limits = Limits { objects: 2, ..Limits::default() };
    let body = |count: usize| format!("[{}]", vec![r#"{"PlateNo":"x"}"#; count].join(","));
    assert_eq!(read_list::<MotorVehicle>(body(2).as_bytes(), &limits).map(|objects| objects.len()), Ok(2));
    assert_eq!(
        read_list::<MotorVehicle>(body(3).as_bytes(), &limits),
        Err(BodyProblem::TooManyObjects { limit: 2 })
    );
}

#[test]
fn objects_inside_notifications_count_against_the_same_bound() {
    let limits = Limits { objects: 4, pictures: 1, ..Limits::default() };
    let body = |count: usize| {
        let vehicles = vec![r#"{"PlateNo":"x"}"#; count].join(",");
        let notice =
            format!(r#"{{"Title":"t","MotorVehicleObjectList":{{"MotorVehicleObject":[{vehicles}]}}}}"#);
        format!("[{notice}]")
    };
    let read = |count| {
        read_list::<SubscribeNotification>(body(count).as_bytes(), &limits).map(|objects| objects.len())
    };
    assert_eq!(read(3), Ok(1));
    assert_eq!(read(4), Err(BodyProblem::TooManyObjects { limit: 4 }));
}

#[test]
fn control_characters_cost_nothing() {
    for body in ["{\"PlateNo\":\"粤A12345\"}\0", "{\"PlateNo\":\"粤A12345\",\"Place\":\"a\nb\"}"] {
        assert_eq!(plates(body), ["粤A12345"], "{body:?}");
    }
}

#[test]
fn more_pictures_than_the_bound_stay_unread() {
    let limits = Limits { pictures: 1, ..Limits::default() };
    let body = r#"{"MotorVehicleObject":{"PlateNo":"粤A1","SubImageList":{"SubImageInfoObject":[{"Type":"01"},{"Type":"02"}]}}}"#;
    let vehicle: MotorVehicle = read_one(body.as_bytes(), &limits).expect("object is read");
    assert_eq!((vehicle.plate_no.as_str(), vehicle.sub_images.len()), ("粤A1", 0));
    assert!(vehicle.extra.get("SubImageList").is_some_and(|json| json.contains("02")));
}

#[test]
fn an_object_with_too_many_fields_of_its_own_is_refused() {
    let fields = |count| (0..count).map(|index| format!(r#""x{index}":1"#)).collect::<Vec<_>>().join(",");
    let body = format!("[{{{}}},{{{}}}]", fields(EXTRA_FIELDS_MAX), fields(EXTRA_FIELDS_MAX + 1));
    let objects = vehicles(&body).expect("body is read");
    assert_eq!(objects[0].as_ref().map(|vehicle| vehicle.extra.len()), Ok(EXTRA_FIELDS_MAX));
    assert_eq!(objects[1], Err(ObjectProblem { index: 1, reason: ObjectReason::TooManyFields }));
    let core: Objects<MotorVehicleCore> =
        read_list(body.as_bytes(), &Limits::default()).expect("body is read");
    assert!(core[1].is_ok(), "the quick reader passes other fields over");
}

#[test]
fn deep_nesting_is_refused_or_kept_without_harm() {
    let deep = "[".repeat(100_000);
    assert!(matches!(vehicles(&deep), Err(BodyProblem::Syntax { .. })));
    let deep = format!(r#"{{"PlateNo":"x","Deep":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let kept = vehicles(&deep).map(|objects| objects.len());
    assert!(matches!(kept, Ok(1) | Err(BodyProblem::Syntax { .. })));
}

#[test]
fn pictures_are_decoded_within_their_bound() {
    let jpeg: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let data = ImageData::encode(&jpeg);
    assert_eq!(data.decode(10_000).as_deref(), Ok(jpeg.as_slice()));
    assert!(matches!(data.decode(9_999), Err(ImageProblem::TooLarge { .. })));
    assert!(matches!(data.decode(100), Err(ImageProblem::TooLarge { .. })));

    let lines: Vec<_> = data.as_base64().as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
    assert_eq!(ImageData::from_base64(lines.join("\r\n")).decode(10_000).as_deref(), Ok(jpeg.as_slice()));
    let url = format!("data:image/jpeg;base64,{}", data.as_base64().trim_end_matches('='));
    assert_eq!(ImageData::from_base64(url).decode(10_000).as_deref(), Ok(jpeg.as_slice()));
    assert_eq!(ImageData::from_base64("no base64!").decode(100), Err(ImageProblem::NotBase64));
}

#[test]
fn a_notification_carries_its_vehicles() {
    let body = r#"{"SubscribeNotificationListObject":{"SubscribeNotificationObject":[{
        "NotificationID":"440113000000042024030508153000007","InfoIDs":"1,2","DeviceList":{},
        "MotorVehicleObjectList":{"MotorVehicleObject":[{"PlateNo":"粤A00001"},{"PlateNo":"粤A00002"}]},
        "PersonObjectList":{"PersonObject":[{"PersonID":"1"}]}}]}}"#;
    let notification: SubscribeNotification =
        read_one(body.as_bytes(), &Limits::default()).expect("it is read");
    assert_eq!(notification.motor_vehicle_object_list.len(), 2);
    assert_eq!(notification.info_ids, "1,2");
    assert!(notification.extra.get("PersonObjectList").is_some());
    let written = serde_json::to_string(&notification).expect("it is written");
    assert!(
        written.contains(r#""MotorVehicleObjectList":{"MotorVehicleObject":[{"PlateNo":"粤A00001"}"#),
        "{written}"
    );
}
