//! Helpers of the hard tests: a terminal, and the good devices that must notice nothing.

use crate::world::{Anchang, Camera, Page, eventually, passage};
use jt808::message::{Authentication, Registration};
use jt808::{AckResult, Edition, FrameDecoder, Header, Message, Phone, Position, StatusBits};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const PHONE: u64 = 13_800_138_000;
/// Within which a good device must have its answer, whatever others do. An idle debug build needs a hundredth of it.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// 2026-11-23T12:00 in Beijing.
const NOON_UNIX_S: i64 = 1_795_406_400;

/// A terminal that speaks JT/T 808-2013.
pub(crate) struct Terminal {
    stream: TcpStream,
    serial: u16,
    decoder: FrameDecoder,
}

impl Terminal {
    /// Registers and authenticates.
    pub(crate) async fn begin(anchang: &Anchang) -> Self {
        let stream = TcpStream::connect(anchang.address("terminals")).await.unwrap();
        let mut terminal = Self { stream, serial: 0, decoder: FrameDecoder::default() };
        let registration = Registration {
            province_id: 37,
            city_id: 1327,
            manufacturer: "MAKER".into(),
            model: "M-1".into(),
            terminal_id: "T000001".into(),
            plate_colour: 2,
            plate: "鲁Q12345".into(),
        };
        let Message::RegisterReply(reply) = terminal.exchange(&Message::Registration(registration)).await
        else {
            panic!("no reply to the registration")
        };
        let code = Authentication { code: reply.auth_code, ..Authentication::default() };
        assert_eq!(terminal.ask(Message::Authentication(code)).await, AckResult::Ok);
        terminal
    }

    async fn exchange(&mut self, message: &Message) -> Message {
        let header = Header::new(message.id(), Edition::V2013, Phone::from(PHONE), self.serial);
        self.serial = self.serial.wrapping_add(1);
        let mut out = Vec::new();
        jt808::encode_frame(&header, message, &mut out).unwrap();
        self.stream.write_all(&out).await.unwrap();
        let mut answer = None;
        while answer.is_none() {
            let mut buffer = [0; 4_096];
            let reading = tokio::time::timeout(Duration::from_secs(20), self.stream.read(&mut buffer));
            let count = reading.await.expect("an answer").unwrap();
            assert!(count > 0, "the good terminal was cut off");
            self.decoder
                .push(&buffer[..count], &mut |frame| answer = Some(frame.unwrap().message().unwrap()));
        }
        answer.unwrap()
    }

    pub(crate) async fn ask(&mut self, message: Message) -> AckResult {
        match self.exchange(&message).await {
            Message::PlatformAck(ack) => ack.result,
            other => panic!("{other:?}"),
        }
    }

    /// Reports a position so many seconds after noon.
    pub(crate) async fn report(&mut self, second: i64) -> AckResult {
        let mut position = Position {
            status: StatusBits::ACC_ON | StatusBits::POSITIONED,
            speed_kmh_x10: 605,
            time: jt808::DateTime::from_unix_ms((NOON_UNIX_S + second) * 1_000).unwrap(),
            ..Position::default()
        };
        position.set_place_e6(35_000_000 + second as i32, 118_000_000);
        self.ask(Message::Position(position)).await
    }
}

/// A good camera, a good terminal and a page, that work while something bad goes on.
pub(crate) struct Good {
    pub(crate) page: Page,
    pub(crate) camera: Camera,
    pub(crate) terminal: Terminal,
    /// How many passages, and how many positions, were answered as stored.
    pub(crate) answered: i64,
}

impl Good {
    /// On a platform that was [`prepared`](crate::prepared).
    pub(crate) async fn begin(anchang: &Anchang, page: Page) -> Self {
        page.post("/devices", json!({ "kind": "terminal", "id": PHONE.to_string() })).await;
        let camera = Camera::new(anchang);
        eventually("the camera is let in", async || camera.register().await == 200).await;
        eventually("the terminal is known", async || page.get("/devices?kind=terminal").await["total"] == 1)
            .await;
        // The directory follows the records within a second.
        tokio::time::sleep(Duration::from_millis(600)).await;
        let terminal = Terminal::begin(anchang).await;
        Self { page, camera, terminal, answered: 0 }
    }

    /// One passage, one position, one look of the page at the figures and at the health.
    pub(crate) async fn work(&mut self) {
        let begun = Instant::now();
        assert_eq!(self.camera.post(&[passage(&format!("鲁Q{:05}", self.answered), 9)]).await, 200);
        assert_eq!(self.terminal.report(-self.answered).await, AckResult::Ok);
        self.answered += 1;
        self.page.get("/figures").await;
        let health = self.page.get("/health").await;
        assert_eq!(health["status"], "ok", "{health}");
        assert!(begun.elapsed() < ANSWER_MAX, "the good ones had to wait {:?}", begun.elapsed());
    }

    /// Works until a task has ended, and once more.
    pub(crate) async fn work_beside<T>(&mut self, task: tokio::task::JoinHandle<T>) -> T {
        while !task.is_finished() {
            self.work().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.work().await;
        task.await.unwrap()
    }

    /// All that was answered is there, once.
    pub(crate) async fn is_complete(&self) {
        eventually("all that was answered is there, once", async || {
            let figures = self.page.get("/figures").await;
            figures["passages_today"] == self.answered && figures["positions_today"] == self.answered
        })
        .await;
    }
}
