//! Platforms that forward positions, against one that listens by JT/T 809.

use crate::devices::world;
use crate::{COUNTY, eventually};
use domain::time::HOUR_MS;
use jt809::{Decoder, Edition, Frame, Header, LoginResult, Message, Position, VehicleData, VehicleMessage};
use sim::county::fleets::Fleet;
use sim::device::Counts;
use sim::device::fleet::Forwarder;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the superior shows on the sub link.
const CODE: u32 = 77;

/// What was heard of a platform.
#[derive(Default)]
struct Heard {
    sub_link_port: u16,
    registrations: usize,
    histories: usize,
    places: usize,
    /// Frames that are not encrypted.
    plain: usize,
}

impl Heard {
    /// Takes a frame; gives what is answered.
    fn take(&mut self, bytes: &[u8], fleet: &Fleet) -> Option<(Header, Message)> {
        assert!(Edition::of_login(bytes).is_none_or(|edition| edition == fleet.edition));
        let frame = Frame::read(bytes, fleet.edition, fleet.cipher).unwrap();
        self.plain += usize::from(frame.header.key.is_none());
        assert_eq!(frame.header.center_id, fleet.access_code);
        match frame.message(fleet.edition).unwrap() {
            Message::Login(login) => {
                assert_eq!((login.user_id, &login.password), (fleet.user_id, &fleet.password));
                self.sub_link_port = login.down_link_port;
                let reply = Message::LoginReply { result: LoginResult::Done, verify_code: CODE };
                return Some((Header { id: reply.id(), key: None, ..frame.header }, reply));
            }
            Message::Vehicle(VehicleMessage { plate, plate_color, data }) => {
                assert!(domain::Plate::parse(&plate).is_ok() && !plate.starts_with("鲁Q"), "{plate}");
                assert_eq!(plate_color, 2, "trucks");
                self.take_data(data);
            }
            other => panic!("{other:?}"),
        }
        None
    }

    fn take_data(&mut self, data: VehicleData) {
        match data {
            VehicleData::Registration(_) => self.registrations += 1,
            VehicleData::Position(position) => self.places += usize::from(is_near(&position)),
            VehicleData::History(positions) => {
                assert!((2..=5).contains(&positions.len()));
                self.histories += 1;
                self.places += positions.iter().filter(|position| is_near(position)).count();
            }
            other @ VehicleData::Other { .. } => panic!("{other:?}"),
        }
    }
}

/// Within reach of the far cities.
fn is_near(position: &Position) -> bool {
    let (lon_e6, lat_e6) = match position {
        Position::Basic(basic) => (basic.longitude_e6, basic.latitude_e6),
        Position::Full(full) => {
            let report = jt808::Position::decode(&full.report).unwrap();
            (report.longitude_raw, report.latitude_raw)
        }
    };
    (113_000_000..125_000_000).contains(&lon_e6) && (30_000_000..40_000_000).contains(&lat_e6)
}

/// Frames that come, up to the end of what is read.
async fn frames(stream: &mut TcpStream, decoder: &mut Decoder) -> Vec<Vec<u8>> {
    let mut buffer = [0; 8_192];
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut buffer));
    let count = read.await.expect("something").unwrap();
    assert!(count > 0, "the link was closed");
    let mut frames = Vec::new();
    decoder.push(&buffer[..count], &mut |frame, _| frames.push(frame.unwrap().to_vec()));
    frames
}

async fn say(stream: &mut TcpStream, header: Header, message: &Message, edition: Edition) {
    let mut out = Vec::new();
    header.encode(message, edition, None, &mut out);
    stream.write_all(&out).await.unwrap();
}

/// Calls a platform back, and shows a code.
async fn connect_back(fleet: &Fleet, port: u16, verify_code: u32) -> Message {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connect = Message::SubConnect { verify_code };
    let header = Header {
        serial: 1,
        id: connect.id(),
        center_id: fleet.access_code,
        version: [1, 0, 0],
        key: None,
        sent_unix_s: 0,
    };
    say(&mut stream, header, &connect, fleet.edition).await;
    let answer = frames(&mut stream, &mut Decoder::new(400)).await;
    Frame::read(&answer[0], fleet.edition, fleet.cipher).unwrap().message(fleet.edition).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn platforms_forward_positions_over_a_link_that_they_hold_and_encrypt() {
    let world = world();
    let since_ms = world.clock.now_ms() - 4 * HOUR_MS;
    for fleet in Fleet::of(&COUNTY) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let task = tokio::spawn(Forwarder::new(world.clone(), fleet.clone(), &address, since_ms).run());
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut decoder, mut heard) = (Decoder::new(1 << 16), Heard::default());
        while heard.histories < 20 || heard.registrations == 0 {
            for bytes in frames(&mut stream, &mut decoder).await {
                if let Some((header, answer)) = heard.take(&bytes, &fleet) {
                    say(&mut stream, header, &answer, fleet.edition).await;
                }
            }
        }
        assert!(heard.places > 40, "{}", heard.places);
        assert_eq!(heard.plain == 0, fleet.cipher.is_some());
        // It answers on its sub link who shows the code of its login.
        let port = heard.sub_link_port;
        assert_eq!(connect_back(&fleet, port, CODE + 1).await, Message::SubConnectReply(1));
        assert_eq!(connect_back(&fleet, port, CODE).await, Message::SubConnectReply(0));
        eventually("it is counted", || Counts::get(&world.counts.fleets) == 1).await;
        task.abort();
        eventually("it is gone", || Counts::get(&world.counts.fleets) == 0).await;
    }
}
