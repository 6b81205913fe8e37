//! Clocks (时限): how long a step may take, by level and unit, and when people are reminded of it.

use super::Calendar;
use crate::people::UnitId;
use crate::time::{MINUTE_MS, Timestamp};
use crate::warning::Level;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident = $key:literal),+ $(,)?) => {
        /// A step that somebody has to do in time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ClockStep {
            $($(#[$doc])* $name,)+
        }

        impl ClockStep {
            /// All, in the order of the loop.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word used in the API and in files.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }

            /// The step of a key.
            pub fn parse(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|step| step.key() == key)
            }
        }
    };
}

steps! {
    /// 签收预警
    SignWarning = "sign_warning",
    /// 处置预警：下达指令或给出核查结论
    WorkWarning = "work_warning",
    /// 审核布控
    ReviewWatch = "review_watch",
    /// 批准布控
    ApproveWatch = "approve_watch",
    /// 补批紧急布控
    ApproveUrgentWatch = "approve_urgent_watch",
    /// 签收指令
    SignDispatch = "sign_dispatch",
    /// 反馈指令
    ReportDispatch = "report_dispatch",
    /// 审核反馈
    ConfirmReport = "confirm_report",
    /// 处置拦获车辆
    Dispose = "dispose",
    /// 核实隐患
    VerifyHazard = "verify_hazard",
    /// 下发整改通知书
    IssueNotice = "issue_notice",
    /// 接收整改任务
    TakeRectification = "take_rectification",
    /// 整改
    Rectify = "rectify",
    /// 验收
    AcceptHazard = "accept_hazard",
    /// 销号
    StrikeHazard = "strike_hazard",
}

/// What kind of time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Day and night.
    Elapsed,
    /// Hours of work only.
    Working,
}

/// How long a step may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The step.
    pub step: ClockStep,
    /// Only for this level.
    #[serde(default, with = "super::form::level::maybe")]
    pub level: Option<Level>,
    /// Only for this unit and those below it.
    #[serde(default)]
    pub unit: Option<UnitId>,
    /// How long; `None`: no clock runs.
    #[serde(default)]
    pub minutes: Option<u32>,
    /// Of what kind of time.
    pub measure: Measure,
}

/// The terms that hold, and the calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// All terms; the most special one counts: of a unit before of a level before the rest, and the last one of equals.
    #[expect(clippy::struct_field_names, reason = "they are its terms, beside the calendar")]
    pub terms: Vec<Term>,
    /// When work is done.
    pub calendar: Calendar,
    /// At which part of the term the unit above is told, in percent.
    pub escalate_percent: u8,
}

impl Terms {
    /// The term of a step, where one runs. `units` is the way from the unit up to the root.
    pub fn term(&self, step: ClockStep, level: Level, units: &[UnitId]) -> Option<&Term> {
        let fits = |term: &&Term| {
            term.step == step
                && term.level.is_none_or(|of| of == level)
                && term.unit.is_none_or(|unit| units.contains(&unit))
        };
        let weight = |term: &&Term| {
            let near = term.unit.and_then(|unit| units.iter().position(|other| *other == unit));
            (near.map(|at| units.len() - at), term.level.is_some())
        };
        self.terms.iter().filter(fits).max_by_key(weight)
    }

    /// The clock of a step that begins at `at`.
    pub fn arm(&self, want: &Want, level: Level, units: &[UnitId], at: Timestamp) -> Option<Clock> {
        let due_at = match want.due {
            Due::At(due_at) => due_at,
            Due::Term => {
                let term = self.term(want.step, level, units)?;
                let minutes = term.minutes?;
                match term.measure {
                    Measure::Elapsed => at.plus_ms(i64::from(minutes) * MINUTE_MS),
                    Measure::Working => self.calendar.after_working_minutes(at, minutes),
                }
            }
        };
        let length_ms = due_at.ms_since(at).max(0);
        Some(Clock {
            step: want.step,
            armed_at: at,
            half_at: at.plus_ms(length_ms / 2),
            escalate_at: at.plus_ms(length_ms / 100 * i64::from(self.escalate_percent.min(100))),
            due_at,
        })
    }
}

/// The clock that a state asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The step that has to be done.
    pub step: ClockStep,
    /// By which unit.
    pub unit: UnitId,
    /// By whom, where it is one person.
    pub person: Option<SmolStr>,
    /// Until when.
    pub due: Due,
    /// Permission of those who are told, by its word.
    pub permission: &'static str,
}

/// Until when a step has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// As long as its term says.
    Term,
    /// Until an instant that somebody named.
    At(Timestamp),
}

/// A clock that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The step that has to be done.
    pub step: ClockStep,
    /// Since when it runs.
    pub armed_at: Timestamp,
    /// When half of the time is over.
    pub half_at: Timestamp,
    /// When the unit above is told.
    pub escalate_at: Timestamp,
    /// When it is late.
    pub due_at: Timestamp,
}

/// The moments at which a clock rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Half of the time is over.
    Half,
    /// The unit above is told.
    Escalate,
    /// The time is over.
    Due,
}

impl Clock {
    /// The next moment after `rung` (`None`: none has rung), with its time.
    pub fn next(&self, rung: Option<Moment>) -> Option<(Moment, Timestamp)> {
        match rung {
            None => Some((Moment::Half, self.half_at)),
            Some(Moment::Half) => Some((Moment::Escalate, self.escalate_at)),
            Some(Moment::Escalate) => Some((Moment::Due, self.due_at)),
            Some(Moment::Due) => None,
        }
    }

    /// The same clock after a pause of `ms`: everything that has not rung moves by as much.
    #[must_use]
    pub fn moved(&self, ms: i64) -> Self {
        Self {
            half_at: self.half_at.plus_ms(ms),
            escalate_at: self.escalate_at.plus_ms(ms),
            due_at: self.due_at.plus_ms(ms),
            ..*self
        }
    }
}

/// How a clock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockEnd {
    /// Done in time.
    OnTime,
    /// Done, but late.
    Late,
    /// Never done: the case ended otherwise after the time was over.
    Never,
    /// No longer asked for before the time was over.
    Void,
}

impl ClockEnd {
    /// All.
    pub const ALL: [Self; 4] = [Self::OnTime, Self::Late, Self::Never, Self::Void];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::OnTime => "on_time",
            Self::Late => "late",
            Self::Never => "never",
            Self::Void => "void",
        }
    }

    /// The end of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.key() == key)
    }

    /// How a clock that was due then ends now: because the step was done, or without.
    pub fn of(due_at: Timestamp, at: Timestamp, is_done: bool) -> Self {
        match (is_done, at <= due_at) {
            (true, true) => Self::OnTime,
            (true, false) => Self::Late,
            (false, true) => Self::Void,
            (false, false) => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(level: Option<Level>, unit: Option<i64>, minutes: u32) -> Term {
        Term {
            step: ClockStep::SignWarning,
            level,
            unit: unit.map(UnitId),
            minutes: Some(minutes),
            measure: Measure::Elapsed,
        }
    }

    #[test]
    fn the_most_special_term_counts() {
        let terms = Terms {
            terms: vec![
                term(None, None, 60),
                term(Some(Level::High), None, 2),
                term(None, Some(2), 5),
                term(None, Some(7), 3),
                term(Some(Level::High), Some(7), 1),
            ],
            ..Terms::default()
        };
        let minutes = |level, units: &[i64]| {
            let units: Vec<UnitId> = units.iter().copied().map(UnitId).collect();
            terms.term(ClockStep::SignWarning, level, &units).unwrap().minutes.unwrap()
        };
        assert_eq!(minutes(Level::Low, &[4, 1]), 60);
        assert_eq!(minutes(Level::High, &[4, 1]), 2);
        assert_eq!(minutes(Level::High, &[4, 2, 1]), 5);
        assert_eq!(minutes(Level::Low, &[7, 2, 1]), 3);
        assert_eq!(minutes(Level::High, &[7, 2, 1]), 1);
        assert!(terms.term(ClockStep::Rectify, Level::High, &[]).is_none());
    }

    #[test]
    fn a_clock_rings_three_times_and_a_pause_moves_it() {
        let terms = Terms { terms: vec![term(None, None, 10)], escalate_percent: 80, ..Terms::default() };
        let at = Timestamp::from_unix_ms(0);
        let want = Want {
            step: ClockStep::SignWarning,
            unit: UnitId(1),
            person: None,
            due: Due::Term,
            permission: "work_warnings",
        };
        let clock = terms.arm(&want, Level::High, &[UnitId(1)], at).unwrap();
        let mut rung = None;
        let mut minutes = Vec::new();
        while let Some((moment, when)) = clock.next(rung) {
            minutes.push(when.ms_since(at) / MINUTE_MS);
            rung = Some(moment);
        }
        assert_eq!(minutes, [5, 8, 10]);
        assert_eq!(clock.moved(MINUTE_MS).due_at, at.plus_ms(11 * MINUTE_MS));
        assert_eq!(ClockEnd::of(clock.due_at, clock.due_at, true), ClockEnd::OnTime);
        assert_eq!(ClockEnd::of(clock.due_at, clock.due_at.plus_ms(1), false), ClockEnd::Never);
    }
}
