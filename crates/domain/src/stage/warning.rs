//! Warnings as work (预警处置): signed, sent out, closed. What judgement says of them is `domain::warning`; here is what people
//! may do with one, and when judgement may still take it back.

use crate::case::{ClockStep, Due, Refusal, Want};
use crate::people::{Permission, UnitId};
use serde::{Deserialize, Serialize};

/// Where a warning stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningState {
    /// 待签收: nobody has signed it.
    Raised,
    /// 已签收: somebody took it on.
    Signed,
    /// 查缉中: somebody was sent out.
    Dispatched,
    /// 已办结: worked to its end, with a verdict.
    Closed,
    /// 已并入: a repeat, worked with the first of its group.
    Merged,
    /// 已撤销: judgement took it back before anybody signed it.
    Withdrawn,
    /// 逾期未签收: too old to act on, and nobody signed it.
    Expired,
}

super::words!(WarningState {
    Raised = "raised",
    Signed = "signed",
    Dispatched = "dispatched",
    Closed = "closed",
    Merged = "merged",
    Withdrawn = "withdrawn",
    Expired = "expired",
});

/// What happens to a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningAct {
    /// 签收
    Sign,
    /// 下达指令
    Dispatch,
    /// 指令结束而无结果: somebody has to send somebody else.
    Reopen,
    /// 给出核查结论
    Judge,
    /// 办结
    Close,
    /// 并入
    Merge,
    /// 逾期
    Expire,
}

super::words!(WarningAct {
    Sign = "sign",
    Dispatch = "dispatch",
    Reopen = "reopen",
    Judge = "judge",
    Close = "close",
    Merge = "merge",
    Expire = "expire",
});

impl WarningState {
    /// The state after an act; refused where it makes no sense. A verdict closes it, unless somebody is out there: then the
    /// report from the road does, with [`WarningAct::Close`].
    pub fn after(self, act: WarningAct, has_verdict: bool) -> Result<Self, Refusal> {
        use WarningState::{Closed, Dispatched, Expired, Merged, Raised, Signed};
        match (self, act) {
            (Raised, WarningAct::Sign) => Ok(Signed),
            (Raised | Signed | Dispatched, WarningAct::Dispatch) => Ok(Dispatched),
            (Dispatched, WarningAct::Reopen) => Ok(Signed),
            (Raised | Signed | Expired, WarningAct::Judge) => Ok(Closed),
            (Dispatched | Closed | Merged, WarningAct::Judge) => Ok(self),
            (Signed | Dispatched, WarningAct::Close) if has_verdict => Ok(Closed),
            (Signed | Dispatched, WarningAct::Close) => Err(Refusal::Missing("verdict".into())),
            (Raised, WarningAct::Merge) => Ok(Merged),
            (Raised, WarningAct::Expire) => Ok(Expired),
            _ => Err(Refusal::WrongState(self.key().into(), act.key().into())),
        }
    }

    /// Whether somebody acts or has acted on it, so that judgement may not take it back.
    pub fn is_acted_on(self) -> bool {
        matches!(self, Self::Signed | Self::Dispatched | Self::Closed | Self::Merged)
    }

    /// Whether somebody still has to do something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Raised | Self::Signed | Self::Dispatched)
    }

    /// The clock that runs in this state, for the unit at whose desk it is. While somebody is out, the dispatch has the clock.
    pub fn clock(self, unit: UnitId) -> Option<Want> {
        let step = match self {
            Self::Raised => ClockStep::SignWarning,
            Self::Signed => ClockStep::WorkWarning,
            _ => return None,
        };
        Some(Want { step, unit, person: None, due: Due::Term, permission: Permission::WorkWarnings.key() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_act_leads_out_of_the_end_but_a_corrected_verdict() {
        for state in [WarningState::Closed, WarningState::Merged, WarningState::Withdrawn] {
            for act in WarningAct::ALL.iter().copied().filter(|act| *act != WarningAct::Judge) {
                assert!(state.after(act, true).is_err(), "{} {}", state.key(), act.key());
            }
        }
        assert!(WarningState::Withdrawn.after(WarningAct::Judge, true).is_err());
    }

    #[test]
    fn nothing_closes_without_a_verdict() {
        let signed = WarningState::Raised.after(WarningAct::Sign, false).unwrap();
        assert_eq!(signed.after(WarningAct::Close, false), Err(Refusal::Missing("verdict".into())));
        assert_eq!(signed.after(WarningAct::Close, true), Ok(WarningState::Closed));
    }
}
