//! What both listeners share.

use crate::clock;
use crate::directory::SharedDirectory;
use crate::events::EventSender;
use crate::intake::Intake;
use crate::limits::Limits;
use crate::offence::OffenceCodes;
use crate::presence::Presence;
use crate::question::Questions;
use crate::terminal::Terminals;
use domain::Timestamp;
use smol_str::SmolStr;
use std::sync::Arc;

/// What both listeners share. Made once by the binary, which keeps a clone of what it looks at.
pub struct Context {
    /// The way into the journal; its clock is the gateway's.
    pub intake: Intake,
    /// Who may speak.
    pub directory: SharedDirectory,
    /// Which devices are there.
    pub presence: Arc<Presence>,
    /// The way out for what needs a person.
    pub events: EventSender,
    /// The way out for what other platforms ask and the records answer.
    pub questions: Questions,
    /// The bounds.
    pub limits: Arc<Limits>,
    /// What the offence codes of cameras mean.
    pub offence_codes: OffenceCodes,
    /// The way to terminals that are connected.
    pub terminals: Terminals,
    /// 20-digit identity under which the platform answers cameras (GA/T 1400.1).
    pub server_id: SmolStr,
    /// Key of the terminals' authentication codes and of the cameras' nonces. Random, kept by the binary across restarts:
    /// with another one every terminal has to register anew.
    pub secret: [u8; 32],
}

impl Context {
    /// The time now, by the clock of the intake.
    pub(crate) fn now(&self) -> Timestamp {
        self.intake.clock().now()
    }

    /// When something happened, as its device says, if that is [believed](clock::believe).
    pub(crate) fn believe(
        &self,
        source: domain::DeviceKind,
        claimed: Option<Timestamp>,
        received_at: Timestamp,
    ) -> Timestamp {
        clock::believe(&self.limits, source.key(), claimed, received_at)
    }
}
