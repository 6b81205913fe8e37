//! Officers who look at some of the warnings and say what they were worth: as they truly are, some minutes later.
//! Which warning, when and what follows from its identity and the truth alone.

use crate::matching::Truths;
use crate::standing::{Standing, Warnings};
use domain::time::MINUTE_MS;
use domain::{ReferenceChange, Timestamp, Verdict, VerdictGiven, WarningId};
use std::collections::BTreeSet;

/// Share of the warnings that get a verdict, in percent: the field signs all that are acted on, and acts on some.
const SHARE_PERCENT: u128 = 30;
/// From the warning to the verdict.
const FIRST_MINUTES: i64 = 5;
const SPREAD_MINUTES: u128 = 85;

/// The officers of one brigade.
#[derive(Clone, Debug, Default)]
pub struct Officers {
    /// By when the verdict is given.
    waiting: BTreeSet<(Timestamp, WarningId)>,
}

impl Officers {
    /// Shows them a warning that was raised now.
    pub fn see(&mut self, warning: &Standing, now: Timestamp) {
        let chance = warning.id.0;
        if warning.is_historical || chance % 100 >= SHARE_PERCENT {
            return;
        }
        let minutes = FIRST_MINUTES + (chance / 100 % SPREAD_MINUTES) as i64;
        self.waiting.insert((now.plus_ms(minutes * MINUTE_MS), warning.id));
    }

    /// When the next verdict is due.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.waiting.first().map(|(at, _)| *at)
    }

    /// The verdicts that are due; none on a warning that was withdrawn meanwhile.
    pub fn due(&mut self, now: Timestamp, warnings: &Warnings, truths: &Truths) -> Vec<ReferenceChange> {
        let mut verdicts = Vec::new();
        while let Some((at, id)) = self.waiting.pop_first() {
            if at > now {
                self.waiting.insert((at, id));
                break;
            }
            if let Some(warning) = warnings.get(id) {
                verdicts.push(ReferenceChange::Verdict(VerdictGiven {
                    warning: id,
                    model: warning.model,
                    verdict: verdict(warning, truths),
                    at,
                    reads: warning.reads.clone(),
                }));
            }
        }
        verdicts
    }
}

/// What it was worth.
fn verdict(warning: &Standing, truths: &Truths) -> Verdict {
    let is_true = !truths.about(warning).is_empty();
    let is_read_other = matches!(
        (&warning.plate_text, warning.plate()),
        (Some(text), Some(plate)) if *text != smol_str::format_smolstr!("{plate}")
    );
    match (is_true, warning.plate()) {
        (true, Some(plate)) if truths.is_cloned(plate) => Verdict::Cloned,
        (true, _) => Verdict::Confirmed,
        // Either the text was corrected to somebody who was not there, or read as somebody who was not.
        (false, Some(_)) if is_read_other || !warning.reads.is_empty() => Verdict::Misread,
        (false, _) => Verdict::Unfounded,
    }
}
