//! From what a model finds to outcomes: makes warnings, and says what changed against those that stand.

use crate::reference::Reference;
use domain::observation::{Fact, Observation};
use domain::warning::{Detail, EVIDENCE_MAX, Outcome, Subject, Warning, WithdrawReason};
use domain::{Level, ModelId, Timestamp, VehicleKey, WarningId};
use serde::{Deserialize, Serialize};

/// What a model found; [`Finding::into_warning`] adds what follows from the evidence.
pub(crate) struct Finding<'a> {
    pub(crate) model: ModelId,
    pub(crate) version: u16,
    /// What makes it this warning and no other, after model and version.
    pub(crate) identity: &'a [&'a [u8]],
    pub(crate) subject: Subject,
    pub(crate) level: Level,
    pub(crate) actionable_seconds: i64,
    pub(crate) detail: Detail,
    /// When the last of the evidence happened, where a camera's clock was set right; `None` when as captured.
    pub(crate) occurred_at: Option<Timestamp>,
    /// In order of capture. The first and the last prove it, what lies between fills in; the last completed it.
    pub(crate) evidence: Vec<Observation>,
}

impl Finding<'_> {
    /// The warning; it is a function of the finding and the places of the checkpoints alone.
    pub(crate) fn into_warning(self, reference: &Reference) -> Warning {
        let version = self.version.to_le_bytes();
        let parts: Vec<&[u8]> = [self.model.key().as_bytes(), &version]
            .into_iter()
            .chain(self.identity.iter().copied())
            .collect();
        let (first, last) = match self.evidence.as_slice() {
            [first, .., last] => (first, last),
            [only] => (only, only),
            [] => unreachable!("a model finds nothing without evidence"),
        };
        let occurred_at = self.occurred_at.unwrap_or(last.captured_at);
        let raised_at = first.received_at.max(last.received_at);
        let actionable_until = occurred_at.plus_ms(self.actionable_seconds * domain::time::SECOND_MS);
        let (checkpoint, location) = match &last.fact {
            Fact::Passage(passage) => {
                (Some(passage.checkpoint.clone()), reference.location_of(&passage.checkpoint))
            }
            Fact::Position(position) => (None, position.location),
            Fact::Alarm(alarm) => (None, alarm.location),
        };
        Warning {
            id: WarningId::of(&parts),
            model: self.model,
            model_version: self.version,
            subject: self.subject,
            level: self.level,
            checkpoint,
            location,
            occurred_at,
            raised_at,
            actionable_until,
            is_historical: raised_at > actionable_until,
            detail: self.detail,
            evidence: thinned(self.evidence),
        }
    }
}

/// At most [`EVIDENCE_MAX`] of them, evenly, the first and the last kept.
fn thinned(evidence: Vec<Observation>) -> Vec<Observation> {
    let count = evidence.len();
    if count <= EVIDENCE_MAX {
        return evidence;
    }
    let mut picks = (0..EVIDENCE_MAX).map(|pick| pick * (count - 1) / (EVIDENCE_MAX - 1)).peekable();
    evidence
        .into_iter()
        .enumerate()
        .filter_map(|(index, observation)| picks.next_if_eq(&index).map(|_| observation))
        .collect()
}

/// A vehicle as bytes of an identity.
pub(crate) fn vehicle_bytes(vehicle: VehicleKey) -> [u8; 9] {
    let mut bytes = [0; 9];
    bytes[..8].copy_from_slice(&vehicle.plate.packed().to_le_bytes());
    bytes[8] = vehicle.class.0;
    bytes
}

/// A warning that stands: enough to know whether a new judgement says something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) model: ModelId,
    /// The moment by which it is found again: of the end passage, of the start of the spell or episode.
    pub(crate) anchor: Timestamp,
    pub(crate) id: WarningId,
    digest: u64,
}

/// Replaces the standing warnings of one scope by what is found now, and says what changed.
pub(crate) fn settle(
    standing: &mut Vec<Standing>,
    is_in_scope: impl Fn(&Standing) -> bool,
    found: Vec<(Timestamp, Warning)>,
    out: &mut Vec<Outcome>,
) {
    if found.is_empty() && standing.is_empty() {
        return;
    }
    let mut gone = Vec::new();
    standing.retain(|warning| {
        let stays = !is_in_scope(warning);
        if !stays {
            gone.push(warning.clone());
        }
        stays
    });
    let mut said = Vec::new();
    for (anchor, warning) in found {
        let now = Standing { model: warning.model, anchor, id: warning.id, digest: digest(&warning) };
        match gone.iter().position(|before| before.id == now.id).map(|index| gone.swap_remove(index)) {
            Some(before) if before.digest == now.digest => {}
            Some(_) => said.push(Outcome::Revise(Box::new(warning))),
            None => said.push(Outcome::Raise(Box::new(warning))),
        }
        standing.push(now);
    }
    standing.sort_unstable_by_key(|warning| (warning.model, warning.anchor, warning.id));
    gone.sort_unstable_by_key(|warning| (warning.model, warning.anchor, warning.id));
    // What is found as before takes nobody's place; how much of it is in the scope depends on what was forgotten.
    let is_replaced = !said.is_empty();
    let reason = if is_replaced { WithdrawReason::Replaced } else { WithdrawReason::Refuted };
    out.extend(gone.into_iter().map(|warning| Outcome::Withdraw { id: warning.id, reason }));
    out.extend(said);
}

/// A digest of plain data; equal data, equal digest.
pub(crate) fn digest<T: Serialize>(value: &T) -> u64 {
    let bytes = postcard::to_allocvec(value).expect("plain data always has a postcard form");
    xxhash_rust::xxh3::xxh3_64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Alarm, AlarmKind, ObservationId};

    fn warning(minute: i64) -> (Timestamp, Warning) {
        let at = Timestamp::from_unix_ms(minute * domain::time::MINUTE_MS);
        let fact = Fact::Alarm(Alarm {
            vehicle: None,
            kind: AlarmKind::Sos,
            level: 0,
            location: None,
            speed_dkmh: 0,
        });
        let seen = Observation {
            id: ObservationId(minute as u128),
            device: "1".into(),
            captured_at: at,
            received_at: at,
            fact,
        };
        let finding = Finding {
            model: ModelId::DeviceAlarm,
            version: 1,
            identity: &[&minute.to_le_bytes()],
            subject: Subject { vehicle: None, plate_text: None, device: None },
            level: Level::Low,
            actionable_seconds: 60,
            detail: Detail::DeviceAlarm { kind: AlarmKind::Sos, count: 1, first_at: at, last_at: at },
            occurred_at: None,
            evidence: vec![seen],
        };
        (at, finding.into_warning(&Reference::default()))
    }

    fn settled(before: &[i64], after: &[i64]) -> Vec<Outcome> {
        let (mut standing, mut out) = (Vec::new(), Vec::new());
        settle(&mut standing, |_| true, before.iter().copied().map(warning).collect(), &mut out);
        out.clear();
        settle(&mut standing, |_| true, after.iter().copied().map(warning).collect(), &mut out);
        out
    }

    #[test]
    fn a_warning_is_replaced_by_what_is_new_and_refuted_when_the_others_only_stay() {
        let withdrawn = |reason| Outcome::Withdraw { id: warning(9).1.id, reason };
        assert_eq!(settled(&[1, 9], &[1]), [withdrawn(WithdrawReason::Refuted)]);
        assert_eq!(
            settled(&[1, 9], &[1, 10]),
            [withdrawn(WithdrawReason::Replaced), Outcome::Raise(Box::new(warning(10).1))]
        );
        assert_eq!(settled(&[1, 9], &[1, 9]), []);
    }
}
