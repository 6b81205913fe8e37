//! The live stream (server-sent events): one hub, many pages, no gaps.
//!
//! Warnings carry their change number as event id; a page that comes back names the last one it saw and gets what it
//! missed from the records before it is joined to the hub. Everything else is a picture of now and needs no past.
//! A page that reads too slowly is cut off: it reconnects and catches up, and nobody else waits for it.

use crate::wire::Language;
use domain::people::UnitPath;
use smol_str::SmolStr;
use std::sync::Arc;
use tokio::sync::{Mutex, broadcast};

/// Messages that a slow page may lag behind before it is cut off.
const WAITING_MAX: usize = 4_096;

/// The event after which a stream ends; pages never see it.
pub(crate) const LAST: &str = "last";

/// One message, in both languages where it has words.
#[derive(Clone, Debug)]
pub struct Message {
    /// Event name.
    pub event: &'static str,
    /// Change number of a warning.
    pub seq: Option<u64>,
    chinese: Arc<str>,
    english: Option<Arc<str>>,
    /// Whose pages it is for.
    pub(crate) readers: Readers,
}

/// Whose pages a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Those who may see warnings.
    Police,
    /// Those who may see warnings and in whose scope this desk is.
    Desk(UnitPath),
    /// Those in whose scope one of these units is, or who are named.
    Concerned { units: Arc<[UnitPath]>, people: Arc<[SmolStr]> },
}

impl Readers {
    /// Whether a person of this scope reads it.
    pub(crate) fn include(&self, username: &str, scope: &UnitPath, sees_warnings: bool) -> bool {
        match self {
            Self::Police => sees_warnings,
            Self::Desk(desk) => sees_warnings && scope.covers(desk),
            Self::Concerned { units, people } => {
                people.iter().any(|person| person == username) || units.iter().any(|unit| scope.covers(unit))
            }
        }
    }
}

impl Message {
    /// A message without words.
    pub fn plain(event: &'static str, json: String) -> Self {
        Self { event, seq: None, chinese: json.into(), english: None, readers: Readers::Police }
    }

    /// A message in both languages, for those whom it concerns.
    pub(crate) fn concerning(
        event: &'static str,
        chinese: String,
        english: String,
        units: Vec<UnitPath>,
        people: Vec<SmolStr>,
    ) -> Self {
        let readers = Readers::Concerned { units: units.into(), people: people.into() };
        Self { event, seq: None, chinese: chinese.into(), english: Some(english.into()), readers }
    }

    /// A change of a warning that lies at this desk, in both languages.
    pub fn warning(seq: u64, desk: UnitPath, chinese: String, english: String) -> Self {
        let readers = Readers::Desk(desk);
        Self {
            event: "warning",
            seq: Some(seq),
            chinese: chinese.into(),
            english: Some(english.into()),
            readers,
        }
    }

    pub(crate) fn text(&self, language: Language) -> &str {
        match (language, &self.english) {
            (Language::English, Some(english)) => english,
            _ => &self.chinese,
        }
    }
}

/// The hub.
#[derive(Clone)]
pub struct Hub {
    sender: broadcast::Sender<Message>,
    turn: Arc<Mutex<()>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { sender: broadcast::channel(WAITING_MAX).0, turn: Arc::default() }
    }
}

impl Hub {
    /// Sends to every page. Without pages nothing happens.
    pub fn send(&self, message: Message) {
        // The only error is that nobody listens.
        drop(self.sender.send(message));
    }

    /// Held by whoever changes warnings in the records, until the pages are told: so change numbers reach them in order,
    /// although judging and several officers change warnings at a time. The records take one writer at a time anyway.
    pub fn turn(&self) -> &Mutex<()> {
        &self.turn
    }

    /// Ends all streams: the process is going down, and pages shall look for the next one.
    pub fn close(&self) {
        self.send(Message::plain(LAST, String::new()));
    }

    /// Pages that listen.
    pub fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Message> {
        self.sender.subscribe()
    }
}
