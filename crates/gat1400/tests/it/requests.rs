//! A client's requests reach the server's objects, and the server's answers the client.

use gat1400::client::Client;
use gat1400::codes::StatusCode;
use gat1400::digest::{Authorization, Challenge, Credentials, Ha1, Server};
use gat1400::object::{MotorVehicle, Subscribe};
use gat1400::route::{
    Method, Resource, RouteProblem, USER_IDENTIFY, statuses_of, write_status, write_statuses,
};
use gat1400::{BodyProblem, DateTime, Limits, Request, ResponseStatus, Route, read_list, read_one};

const DEVICE: &str = "44011301001190000001";

#[test]
fn a_device_registers_and_reports() {
    let now_ms = 1_709_597_730_000;
    let (client, server) = (Client::new(DEVICE), Server::new("viid", [1; 32], 60_000));

    let asked = client.register();
    assert_eq!((asked.method, asked.target.as_str()), (Method::Post, "/VIID/System/Register"));
    assert_eq!(
        String::from_utf8_lossy(&asked.body),
        format!(r#"{{"RegisterObject":{{"DeviceID":"{DEVICE}"}}}}"#)
    );
    assert!(asked.headers.contains(&(USER_IDENTIFY, DEVICE.to_owned())));

    let challenge = Challenge::parse(&server.challenge(now_ms)).expect("challenge");
    let credentials = Credentials { username: DEVICE, password: "secret" };
    let answer = challenge.answer(credentials, asked.method.name(), &asked.target, "cn", 1);
    let again = client.register().with_authorization(answer);
    let (_, header) = again.headers.iter().find(|(name, _)| *name == "Authorization").expect("it is there");
    let authorization = Authorization::parse(header).expect("answer");
    let ha1 = Ha1::new(DEVICE, "viid", "secret");
    assert_eq!(server.verify(&authorization, &ha1, "POST", &again.target, now_ms + 50), Ok(()));

    let vehicle =
        MotorVehicle { motor_vehicle_id: "1".into(), plate_no: "粤A12345".into(), ..Default::default() };
    let posted = client.post(std::slice::from_ref(&vehicle));
    let route = Route::parse(posted.method.name(), &posted.target).expect("route");
    let request = Request::read(&route, &posted.body, &Limits::default()).expect("request");
    assert_eq!(request, Request::MotorVehicles(vec![Ok(vehicle)]));
}

#[test]
fn answers_are_what_the_interface_says() {
    let now = DateTime::parse("20171220204451").expect("time");
    let status = ResponseStatus::new("/VIID/System/Register", StatusCode::Ok, DEVICE, now);
    assert_eq!(
        String::from_utf8(write_status(&status)).expect("UTF-8"),
        r#"{"ResponseStatusObject":{"RequestURL":"/VIID/System/Register","StatusCode":0,"StatusString":"正常","Id":"44011301001190000001","LocalTime":"20171220204451"}}"#
    );

    let body = br#"{"MotorVehicleListObject":{"MotorVehicleObject":[{"MotorVehicleID":"1"},null]}}"#;
    let objects = read_list::<MotorVehicle>(body, &Limits::default()).expect("list");
    let statuses = statuses_of("/VIID/MotorVehicles", &objects, now, |vehicle| &vehicle.motor_vehicle_id);
    let written = write_statuses(&statuses);
    assert!(written.starts_with(br#"{"ResponseStatusListObject":{"ResponseStatusObject":[{"#));
    let read: Vec<ResponseStatus> = read_list(&written, &Limits::default())
        .expect("answers")
        .into_iter()
        .map(|status| status.expect("answer"))
        .collect();
    assert_eq!((read[0].is_ok(), read[0].id.as_str()), (true, "1"));
    assert_eq!((read[1].code(), read[1].id.as_str()), (StatusCode::InvalidContent, ""));
}

#[test]
fn paths_are_read_as_devices_write_them() {
    for target in
        ["/VIID/MotorVehicles", "/VIID/MotorVehicles/", "/viid/motorvehicles", "//VIID//MotorVehicles?x=1"]
    {
        let route = Route::parse("POST", target).expect(target);
        assert_eq!((route.resource, route.id), (Resource::MotorVehicles, None), "{target}");
    }
    let route = Route::parse("put", "/VIID/Subscribes/440113000000032024030508153000007").expect("route");
    assert_eq!((route.method, route.resource), (Method::Put, Resource::Subscribes));
    assert_eq!(route.id, Some("440113000000032024030508153000007"));
    let route = Route::parse("DELETE", "/VIID/Subscribes?IDList=1,2&y=3").expect("route");
    assert_eq!((route.parameter("IDList"), route.parameter("none")), (Some("1,2"), None));
}

#[test]
fn paths_and_methods_outside_the_interface_are_refused() {
    for target in ["/", "", "/VIID", "/VIID/System", "/VIID/Faces", "/VIID/System/Time/1", "/VIID/Lanes/1/2"]
    {
        assert_eq!(Route::parse("GET", target), Err(RouteProblem::NotFound), "{target}");
    }
    assert_eq!(
        Route::parse("GET", "/VIID/System/Register"),
        Err(RouteProblem::MethodNotAllowed { allowed: &[Method::Post] })
    );
    assert!(Route::parse("PATCH", "/VIID/MotorVehicles").is_err());
}

#[test]
fn every_resource_is_reached_by_its_own_path() {
    for &resource in Resource::ALL {
        let found = ["GET", "POST"].iter().find_map(|method| Route::parse(method, resource.path()).ok());
        assert_eq!(found.map(|route| route.resource), Some(resource));
    }
}

#[test]
fn a_subscription_is_taken_back_at_its_own_path() {
    let subscribe = Subscribe { subscribe_id: "a/b".into(), operate_type: Some(1), ..Default::default() };
    let outgoing = Client::new(DEVICE).put_one("a/b", &subscribe);
    assert_eq!(outgoing.target, "/VIID/Subscribes/a%2Fb");
    let route = Route::parse(outgoing.method.name(), &outgoing.target).expect("route");
    let request = Request::read(&route, &outgoing.body, &Limits::default()).expect("request");
    assert_eq!(request, Request::Subscribes(vec![Ok(subscribe)]));
}

#[test]
fn bodies_that_cannot_be_used_have_their_status() {
    let read = |body: &[u8]| {
        read_one::<Subscribe>(body, &Limits::default()).map_err(|problem| problem.status_code())
    };
    assert_eq!(read(b""), Err(StatusCode::InvalidFormat));
    assert_eq!(read(b"<xml/>"), Err(StatusCode::InvalidFormat));
    assert_eq!(read(b"{}"), Err(StatusCode::InvalidContent));
    assert_eq!(BodyProblem::TooManyObjects { limit: 1 }.status_code(), StatusCode::InvalidOperation);
}
