//! Putting sub-packages back together, within bounds, and asking again for those that are missing.

use std::collections::BTreeMap;

use crate::message::ResendRequest;
use crate::{Frame, Header, Phone};

/// What one reassembler may hold, and how long it waits. Times are on the caller's clock, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReassemblyLimits {
    /// Unfinished messages; one more gives up the one that stood still longest.
    pub messages_max: usize,
    /// Bytes of all unfinished messages, each part counted with [`PART_OVERHEAD_BYTES`].
    pub bytes_max: usize,
    /// How long a message stands still before its missing parts are asked for.
    pub resend_after_ms: u64,
    /// How often they are asked for before the message is given up.
    pub resends_max: u8,
}

impl Default for ReassemblyLimits {
    /// 64 messages, 8 MiB (a picture is 30–300 kB), three requests 10 s apart.
    fn default() -> Self {
        Self { messages_max: 64, bytes_max: 8 << 20, resend_after_ms: 10_000, resends_max: 3 }
    }
}

/// What a part costs beside its bytes, so that many empty parts are bounded as well.
pub const PART_OVERHEAD_BYTES: usize = 64;
/// One request names at most this many parts: before 2019 its count is one byte.
const RESEND_PARTS_MAX: usize = 255;

/// What a part led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Other parts are missing still.
    Pending,
    /// This part had come before, or its message was completed a moment ago.
    Duplicate,
    /// The last missing part: here is the message. Its header has the serial of the first part and no `part`.
    Complete { header: Header, body: Vec<u8> },
    /// Not a part of anything: no sub-package, encrypted, an index of 0 or beyond the total, or alone over the bounds.
    Refused,
}

/// What time has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overdue {
    /// Send [`Message::ResendRequest`](crate::Message::ResendRequest) (0x8003) to this terminal; a terminal that waits for the
    /// platform sends [`Message::TerminalResendRequest`](crate::Message::TerminalResendRequest).
    Resend { header: Header, request: ResendRequest },
    /// The message is given up.
    GivenUp { header: Header, missing: usize },
}

/// Parts belong together when terminal, message id, total and the serial of the first part agree: a sender
/// numbers its parts consecutively (JT/T 808-2019 §4.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    phone: Phone,
    message_id: u16,
    total: u16,
    first_serial: u16,
}

#[derive(Debug)]
struct Unfinished {
    /// The header of the whole message.
    header: Header,
    parts: BTreeMap<u16, Vec<u8>>,
    /// When the last new part or request was.
    moved_at_ms: u64,
    resends: u8,
}

impl Unfinished {
    fn cost_bytes(&self) -> usize {
        self.parts.values().map(|part| part.len() + PART_OVERHEAD_BYTES).sum()
    }
}

/// Collects sub-packages of one terminal or of many. It reads no clock: time comes with each call.
#[derive(Debug, Default)]
pub struct Reassembler {
    limits: ReassemblyLimits,
    /// Ordered, so that the same input gives the same output.
    unfinished: BTreeMap<Key, Unfinished>,
    /// When messages were completed, for as long as a part asked for twice may still come: it must not begin
    /// the message anew. At most `messages_max`, else the oldest goes.
    completed: BTreeMap<Key, u64>,
    held_bytes: usize,
    given_up: u64,
}

impl Reassembler {
    pub fn new(limits: ReassemblyLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// How many messages are unfinished.
    pub fn unfinished_count(&self) -> usize {
        self.unfinished.len()
    }

    /// What the unfinished messages cost, against [`ReassemblyLimits::bytes_max`].
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// How many messages were given up, for time or for room.
    pub fn given_up_count(&self) -> u64 {
        self.given_up
    }

    /// Takes one part.
    pub fn push(&mut self, frame: &Frame<'_>, now_ms: u64) -> Progress {
        let Some(part) = frame.header.part else { return Progress::Refused };
        let cost_bytes = frame.body.len() + PART_OVERHEAD_BYTES;
        let is_in_range = (1..=part.total).contains(&part.index);
        if !is_in_range || frame.header.encryption != 0 || cost_bytes > self.limits.bytes_max {
            return Progress::Refused;
        }
        let first_serial = frame.header.serial.wrapping_sub(part.index - 1);
        let Header { phone, message_id, .. } = frame.header;
        let key = Key { phone, message_id, total: part.total, first_serial };
        self.completed
            .retain(|_, done_at_ms| done_at_ms.saturating_add(self.limits.resend_after_ms) > now_ms);
        if self.completed.contains_key(&key) {
            return Progress::Duplicate;
        }
        if self.unfinished.get(&key).is_some_and(|message| message.parts.contains_key(&part.index)) {
            return Progress::Duplicate;
        }
        self.make_room(key, cost_bytes);
        let whole = Header { serial: first_serial, part: None, ..frame.header };
        let message = self.unfinished.entry(key).or_insert_with(|| Unfinished {
            header: whole,
            parts: BTreeMap::new(),
            moved_at_ms: now_ms,
            resends: 0,
        });
        message.parts.insert(part.index, frame.body.to_vec());
        message.moved_at_ms = now_ms;
        self.held_bytes += cost_bytes;
        if message.parts.len() < usize::from(part.total) {
            return Progress::Pending;
        }
        match self.remove(key) {
            Some(done) => {
                self.remember(key, now_ms);
                let body = done.parts.into_values().collect::<Vec<_>>().concat();
                Progress::Complete { header: done.header, body }
            }
            None => Progress::Pending,
        }
    }

    fn remember(&mut self, key: Key, now_ms: u64) {
        self.completed.insert(key, now_ms);
        if self.completed.len() > self.limits.messages_max.max(1) {
            let oldest = self.completed.iter().min_by_key(|(_, done_at_ms)| **done_at_ms);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.completed.remove(&oldest);
            }
        }
    }

    /// Tells what is overdue now. Call it at [`next_deadline_ms`](Self::next_deadline_ms), or now and then.
    pub fn overdue(&mut self, now_ms: u64) -> Vec<Overdue> {
        let due: Vec<Key> = self
            .unfinished
            .iter()
            .filter(|(_, message)| message.moved_at_ms.saturating_add(self.limits.resend_after_ms) <= now_ms)
            .map(|(key, _)| *key)
            .collect();
        due.into_iter().filter_map(|key| self.ask_again(key, now_ms)).collect()
    }

    /// When something will be overdue, if nothing comes.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        let stood_still_since = self.unfinished.values().map(|message| message.moved_at_ms).min()?;
        Some(stood_still_since.saturating_add(self.limits.resend_after_ms))
    }

    fn ask_again(&mut self, key: Key, now_ms: u64) -> Option<Overdue> {
        let resends_max = self.limits.resends_max;
        let message = self.unfinished.get_mut(&key)?;
        if message.resends >= resends_max {
            let message = self.give_up(key)?;
            let missing = usize::from(key.total) - message.parts.len();
            return Some(Overdue::GivenUp { header: message.header, missing });
        }
        message.resends += 1;
        message.moved_at_ms = now_ms;
        let missing = (1..=key.total).filter(|index| !message.parts.contains_key(index));
        let request = ResendRequest {
            first_serial: key.first_serial,
            part_indexes: missing.take(RESEND_PARTS_MAX).collect(),
        };
        Some(Overdue::Resend { header: message.header, request })
    }

    /// Gives up the messages that stood still longest, other than `key`, until a part of this cost fits; `key` itself last.
    fn make_room(&mut self, key: Key, cost_bytes: usize) {
        loop {
            let is_new = !self.unfinished.contains_key(&key);
            let too_many = is_new && self.unfinished.len() >= self.limits.messages_max.max(1);
            let too_big = self.held_bytes + cost_bytes > self.limits.bytes_max;
            if !too_many && !too_big {
                return;
            }
            let stalest = self
                .unfinished
                .iter()
                .min_by_key(|(other, message)| (**other == key, message.moved_at_ms))
                .map(|(other, _)| *other);
            match stalest {
                Some(stalest) => drop(self.give_up(stalest)),
                None => return,
            }
        }
    }

    fn give_up(&mut self, key: Key) -> Option<Unfinished> {
        self.given_up += 1;
        self.remove(key)
    }

    fn remove(&mut self, key: Key) -> Option<Unfinished> {
        let message = self.unfinished.remove(&key)?;
        self.held_bytes -= message.cost_bytes();
        Some(message)
    }
}
