//! What one read has led to: observations to be stored, answers to be sent, and who has spoken.

use domain::{DeviceId, DeviceKind, Fact, Observation, Timestamp};
use jt808::{AckResult, Header, Message};

/// What one read has led to.
pub(super) struct Turn {
    pub(super) received_at: Timestamp,
    pub(super) observations: Vec<Observation>,
    pub(super) answers: Vec<Answer>,
    /// Who spoke, with the number of observations.
    pub(super) seen: Vec<(DeviceId, u64)>,
}

/// An answer to the terminal that sent a message with this header.
pub(super) enum Answer {
    /// Whatever becomes of the observations.
    Now(Header, Message),
    /// 0x8001, its result depending on whether the observations could be stored.
    WhenStored(Header),
}

impl Turn {
    pub(super) fn new(received_at: Timestamp) -> Self {
        Self { received_at, observations: Vec::new(), answers: Vec::new(), seen: Vec::new() }
    }

    /// Whether anything that could be read was among it.
    pub(super) fn has_sense(&self) -> bool {
        !self.seen.is_empty() || !self.answers.is_empty()
    }

    /// Answers with 0x8001 (general acknowledgement).
    pub(super) fn acknowledge(&mut self, header: Header, result: AckResult) {
        self.answers.push(Answer::Now(header, Message::platform_ack(&header, result)));
    }
}

/// How many observations of each kind there are, counted before they are given away.
pub(super) struct KindCounts {
    positions: u64,
    alarms: u64,
}

impl KindCounts {
    pub(super) fn of(observations: &[Observation]) -> Self {
        let alarms = observations.iter().filter(|o| matches!(o.fact, Fact::Alarm(_))).count() as u64;
        Self { positions: observations.len() as u64 - alarms, alarms }
    }

    /// They are durable now.
    pub(super) fn count(&self) {
        for (kind, count) in [("position", self.positions), ("alarm", self.alarms)] {
            metrics::counter!("anchang_observations_total", "source" => DeviceKind::Terminal.key(), "kind" => kind)
                .increment(count);
        }
    }
}
