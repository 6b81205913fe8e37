//! Values as devices write them: numbers as text, text as numbers, flags in every spelling.

use gat1400::object::{MotorVehicle, NO_PLATE, Tollgate, plate_char_reliabilities};
use gat1400::{Limits, Object as _, id::IdProblem, read_one};

fn vehicle(fields: &str) -> MotorVehicle {
    let body = format!(r#"{{"MotorVehicleObject":{{{fields}}}}}"#);
    read_one(body.as_bytes(), &Limits::default()).expect("object is read")
}

#[test]
fn numbers_are_read_in_every_spelling() {
    for lane in ["3", "\"3\"", "3.0", "\"3.0\"", "\" 3 \"", "\"03\""] {
        assert_eq!(vehicle(&format!(r#""LaneNo":{lane}"#)).lane_no, Some(3), "{lane}");
    }
    for speed in ["62.5", "\"62.5\"", "6.25e1"] {
        assert_eq!(vehicle(&format!(r#""Speed":{speed}"#)).speed_kmh, Some(62.5), "{speed}");
    }
    for absent in ["\"\"", "null", "\"  \""] {
        let vehicle = vehicle(&format!(
            r#""LaneNo":{absent},"Speed":{absent},"HasPlate":{absent},"PassTime":{absent}"#
        ));
        assert_eq!(
            (vehicle.lane_no, vehicle.speed_kmh, vehicle.has_plate, vehicle.pass_time),
            (None, None, None, None)
        );
        assert!(vehicle.extra.is_empty(), "{absent}");
    }
}

#[test]
fn flags_are_read_in_every_spelling() {
    for yes in ["true", "\"true\"", "\"True\"", "1", "\"1\""] {
        assert_eq!(vehicle(&format!(r#""IsDecked":{yes}"#)).is_decked, Some(true), "{yes}");
    }
    for no in ["false", "\"false\"", "0", "\"0\""] {
        assert_eq!(vehicle(&format!(r#""IsDecked":{no}"#)).is_decked, Some(false), "{no}");
    }
}

#[test]
fn numbers_are_read_where_text_belongs() {
    let body =
        br#"{"TollgateObject":{"OrgCode":650095768654,"Status":1,"Longitude":"113.26","Name":"\u7ca4\n1"}}"#;
    let tollgate: Tollgate = read_one(body, &Limits::default()).expect("object is read");
    assert_eq!((tollgate.org_code.as_str(), tollgate.status.as_str()), ("650095768654", "1"));
    assert_eq!((tollgate.longitude, tollgate.name.as_str()), (Some(113.26), "粤\n1"));
}

#[test]
fn a_value_of_another_type_costs_its_field_and_is_kept() {
    let vehicle = vehicle(
        r#""PlateNo":"粤A12345","Speed":"fast","LaneNo":[1],"PassTime":"yesterday","IsDecked":{"a":1},"VehicleBrand":{"b":2},"VehicleHood":"\ud800""#,
    );
    assert_eq!(vehicle.plate_no, "粤A12345");
    assert_eq!((vehicle.speed_kmh, vehicle.lane_no, vehicle.pass_time), (None, None, None));
    assert_eq!(vehicle.extra.get("Speed"), Some("\"fast\""));
    assert_eq!(vehicle.extra.text("PassTime").as_deref(), Some("yesterday"));
    assert_eq!(vehicle.extra.get("VehicleBrand"), Some(r#"{"b":2}"#));
    assert_eq!(vehicle.extra.len(), 6);
    let written = serde_json::to_string(&vehicle).expect("it is written");
    assert!(written.contains(r#""LaneNo":[1]"#), "{written}");
}

#[test]
fn fields_of_the_sender_are_kept_and_empty_ones_dropped() {
    let vehicle = vehicle(r#""InOut":"in","Nothing":"","Null":null,"Huge":1e999"#);
    assert_eq!(vehicle.extra.iter().collect::<Vec<_>>(), [("InOut", "\"in\""), ("Huge", "1e999")]);
}

#[test]
fn pictures_are_read_as_list_as_one_and_as_text() {
    for list in [
        r#"{"SubImageInfoObject":[{"Type":"01","Data":"aGk="}]}"#,
        r#"{"SubImageInfoObject":{"Type":1,"Data":"aGk="}}"#,
        r#"[{"Type":"01","Data":"aGk="}]"#,
        r#""{\"SubImageInfoObject\":[{\"Type\":\"01\",\"Data\":\"aGk=\"}]}""#,
    ] {
        let vehicle = vehicle(&format!(r#""SubImageList":{list}"#));
        let [image] = vehicle.sub_images.as_slice() else { panic!("{list}") };
        assert_eq!(image.data.decode(2).as_deref(), Ok(b"hi".as_slice()), "{list}");
    }
    assert!(vehicle(r#""SubImageList":"""#).sub_images.is_empty());
}

#[test]
fn ids_of_other_forms_are_flagged_and_not_refused() {
    let vehicle =
        vehicle(r#""MotorVehicleID":"33029902001210000118","SourceID":"","DeviceID":"44011301001190000001""#);
    assert_eq!(vehicle.id_problems(), [("MotorVehicleID", IdProblem::Length { expected: 48, found: 20 })]);
    assert!(vehicle.missing().contains(&"PassTime"));
    assert!(!vehicle.missing().contains(&"MotorVehicleID"));
}

#[test]
fn reliability_of_each_character_is_read() {
    let of = |text| plate_char_reliabilities(text).collect::<Vec<_>>();
    assert_eq!(of("苏-80,B-90, 1-100"), [('苏', 80), ('B', 90), ('1', 100)]);
    assert_eq!(of("--0,B-101,x,,8"), [('-', 0)]);
    assert_eq!(of(NO_PLATE), []);
}
