//! Terms (时限): how long each step may take and when work is done, changed with a reason; who changed what is kept.

use super::office::{CalendarFile, HoursFile, TERMS_SETTING, calendar_of};
use super::words;
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{Language, instant};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::case::{Calendar, Measure, Term, Terms};
use domain::{ClockStep, Level, Timestamp, UnitId};
use records::StoreError;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The setting that holds who changed the terms, when, why.
const CHANGES_SETTING: &str = "case_terms_changes";
/// Changes that are kept; the oldest go.
const CHANGES_MAX: usize = 100;
/// Terms at most.
const TERMS_MAX: usize = 500;
/// Longest term: a year.
const MINUTES_MAX: u32 = 366 * 24 * 60;
/// Days in each list of the calendar at most: ten years.
const DAYS_MAX: usize = 600;
/// Parts of a working day at most.
const SHIFTS_MAX: usize = 6;
/// Longest reason.
const REASON_CHARS_MAX: usize = 500;

/// Minutes and measure.
type Length = (Option<u32>, Measure);
/// What a term is for.
type Subject = (ClockStep, Option<SmolStr>, Option<UnitId>);

/// What became of one term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TermChange {
    step: ClockStep,
    level: Option<SmolStr>,
    unit: Option<UnitId>,
    /// `None`: there was no such term.
    before: Option<Length>,
    after: Option<Length>,
}

/// One change of the terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Change {
    at_ms: i64,
    by: SmolStr,
    reason: String,
    terms: Vec<TermChange>,
    is_calendar: bool,
    /// Percent of before and after.
    escalate: Option<(u8, u8)>,
}

/// The changes that are kept, and how many there ever were.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Changes {
    version: u64,
    /// Newest first.
    changes: Vec<Change>,
}

/// A term as it is said.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StepTermView {
    /// The step.
    pub step: String,
    /// Only for this level: `low`, `medium`, `high`.
    #[serde(default)]
    pub level: Option<String>,
    /// Only for this unit and those below it.
    #[serde(default)]
    pub unit: Option<i64>,
    /// How long; `null`: no clock runs.
    #[serde(default)]
    pub minutes: Option<u32>,
    /// `elapsed` (day and night) or `working`.
    pub measure: String,
}

/// A step with its name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermStepView {
    step: &'static str,
    name: &'static str,
}

/// How long a step might take, before or after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermValue {
    minutes: Option<u32>,
    measure: &'static str,
}

/// What became of one term.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermChangeView {
    step: &'static str,
    step_name: &'static str,
    level: Option<String>,
    unit: Option<i64>,
    unit_name: Option<String>,
    /// `null`: there was no such term.
    before: Option<TermValue>,
    /// `null`: it was taken out.
    after: Option<TermValue>,
}

/// One change of the terms.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermsChangeView {
    at: String,
    by: String,
    by_name: String,
    reason: String,
    terms: Vec<TermChangeView>,
    /// Whether the calendar was changed.
    is_calendar: bool,
    escalate_before: Option<u8>,
    escalate_after: Option<u8>,
}

/// The terms that hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermsView {
    /// To be sent along with a change.
    version: u64,
    terms: Vec<StepTermView>,
    calendar: CalendarFile,
    escalate_percent: u8,
    /// All steps, in the order of the loop.
    steps: Vec<TermStepView>,
    /// Newest first.
    changes: Vec<TermsChangeView>,
}

/// Terms that are to hold from now on.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TermsInput {
    /// The version that was changed.
    version: u64,
    /// Why.
    reason: String,
    terms: Vec<StepTermView>,
    calendar: CalendarFile,
    escalate_percent: u8,
}

fn measure_key(measure: Measure) -> &'static str {
    match measure {
        Measure::Elapsed => "elapsed",
        Measure::Working => "working",
    }
}

fn value_of((minutes, measure): Length) -> TermValue {
    TermValue { minutes, measure: measure_key(measure) }
}

fn term_view(term: &Term) -> StepTermView {
    StepTermView {
        step: term.step.key().to_owned(),
        level: term.level.map(|level| level.key().to_owned()),
        unit: term.unit.map(|unit| unit.0),
        minutes: term.minutes,
        measure: measure_key(term.measure).to_owned(),
    }
}

fn calendar_view(calendar: &Calendar) -> CalendarFile {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    CalendarFile {
        hours: calendar
            .hours
            .iter()
            .map(|hours| HoursFile { from: time(hours.from_minute), until: time(hours.until_minute) })
            .collect(),
        holidays: calendar.holidays.iter().map(ToString::to_string).collect(),
        working_weekends: calendar.working_weekends.iter().map(ToString::to_string).collect(),
    }
}

impl App {
    async fn terms_changes(&self) -> Result<Changes, StoreError> {
        Ok(self.records.setting::<Changes>(CHANGES_SETTING).await?.unwrap_or_default())
    }

    fn change_view(&self, change: Change, language: Language) -> TermsChangeView {
        let office = self.office.load();
        let terms = change.terms.into_iter().map(|it| TermChangeView {
            step: it.step.key(),
            step_name: words::step(it.step, language),
            level: it.level.map(Into::into),
            unit: it.unit.map(|unit| unit.0),
            unit_name: it.unit.map(|unit| office.unit(unit)),
            before: it.before.map(value_of),
            after: it.after.map(value_of),
        });
        TermsChangeView {
            at: instant(Timestamp::from_unix_ms(change.at_ms)),
            by_name: office.person(&change.by),
            by: change.by.into(),
            reason: change.reason,
            terms: terms.collect(),
            is_calendar: change.is_calendar,
            escalate_before: change.escalate.map(|it| it.0),
            escalate_after: change.escalate.map(|it| it.1),
        }
    }
}

/// The terms that hold: how long each step may take, the calendar of work, and who changed them.
#[utoipa::path(get, path = "/terms", tag = "cases", responses((status = 200, body = TermsView)))]
pub(crate) async fn terms(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
) -> Result<Json<TermsView>, Problem> {
    let Changes { version, changes } = app.terms_changes().await?;
    let office = app.office.load();
    let terms = &office.desk.terms;
    Ok(Json(TermsView {
        version,
        terms: terms.terms.iter().map(term_view).collect(),
        calendar: calendar_view(&terms.calendar),
        escalate_percent: terms.escalate_percent,
        steps: ClockStep::ALL
            .iter()
            .map(|step| TermStepView { step: step.key(), name: words::step(*step, language) })
            .collect(),
        changes: changes.into_iter().map(|change| app.change_view(change, language)).collect(),
    }))
}

/// Changes the terms; clocks that run go on as they are.
#[utoipa::path(put, path = "/terms", tag = "cases", request_body = TermsInput,
    responses((status = 204), (status = 409), (status = 422)))]
pub(crate) async fn put_terms(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<TermsInput>,
) -> Result<StatusCode, Problem> {
    let reason = input.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(Problem::invalid(
            "请填写修改理由，不超过 500 字。",
            "Say why, in at most 500 characters.",
        ));
    }
    let mut known = app.terms_changes().await?;
    if known.version != input.version {
        return Err(Problem::conflict(
            "时限刚刚被他人修改，请刷新后再改。",
            "Somebody changed the terms just now; load them again.",
        ));
    }
    let after = terms_of(&app, &input)?;
    let before = app.office.load().desk.terms.clone();
    let change = Change {
        at_ms: app.clock.now().unix_ms(),
        by: by.user.username.clone(),
        reason: reason.to_owned(),
        terms: changed_terms(&before.terms, &after.terms),
        is_calendar: before.calendar != after.calendar,
        escalate: (before.escalate_percent != after.escalate_percent)
            .then_some((before.escalate_percent, after.escalate_percent)),
    };
    if change.terms.is_empty() && !change.is_calendar && change.escalate.is_none() {
        return Err(Problem::invalid("没有任何改动。", "Nothing was changed."));
    }
    app.records.put_setting(TERMS_SETTING, &after, app.clock.now()).await?;
    app.load_office().await?;
    let detail = format!("{} terms, calendar {}: {reason}", change.terms.len(), change.is_calendar);
    known.version += 1;
    known.changes.insert(0, change);
    known.changes.truncate(CHANGES_MAX);
    app.records.put_setting(CHANGES_SETTING, &known, app.clock.now()).await?;
    by.audit(&app, "terms.change", "terms", &detail).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The terms that were sent, or what is wrong with them.
fn terms_of(app: &App, input: &TermsInput) -> Result<Terms, Problem> {
    let calendar = calendar_of(&input.calendar).map_err(|error| {
        Problem::invalid(format!("日历有误：{error}"), format!("The calendar can't be read: {error}"))
    })?;
    let in_order = calendar.hours.windows(2).all(|pair| match pair {
        [first, second] => first.until_minute <= second.from_minute,
        _ => true,
    });
    let are_parts = calendar
        .hours
        .iter()
        .all(|hours| hours.from_minute < hours.until_minute && hours.until_minute <= 24 * 60);
    if !in_order || !are_parts || !(1..=SHIFTS_MAX).contains(&calendar.hours.len()) {
        return Err(Problem::invalid(
            "工作时段须为 1–6 段，先后排列、互不重叠，且起早于止。",
            "Hours of work are one to six parts in order, without overlap, each beginning before its end.",
        ));
    }
    if calendar.holidays.len() > DAYS_MAX || calendar.working_weekends.len() > DAYS_MAX {
        return Err(Problem::invalid("节假日、调休日各不超过 600 天。", "At most 600 days in each list."));
    }
    if !(1..=99).contains(&input.escalate_percent) || input.terms.len() > TERMS_MAX {
        return Err(Problem::invalid(
            "提醒比例须为 1–99，时限不超过 500 条。",
            "The percentage is 1 to 99, the terms are at most 500.",
        ));
    }
    let office = app.office.load();
    let mut terms = Vec::with_capacity(input.terms.len());
    let mut seen = BTreeMap::new();
    for (index, it) in input.terms.iter().enumerate() {
        let row = index + 1;
        let wrong = |chinese: &str, english: &str| {
            Problem::invalid(format!("第 {row} 条时限：{chinese}"), format!("Term {row}: {english}"))
        };
        let step =
            ClockStep::parse(&it.step).ok_or_else(|| wrong("没有这个环节。", "there is no such step."))?;
        let level = it
            .level
            .as_deref()
            .map(|key| Level::parse(key).ok_or_else(|| wrong("没有这个级别。", "there is no such level.")));
        let level = level.transpose()?;
        let measure = match it.measure.as_str() {
            "elapsed" => Measure::Elapsed,
            "working" => Measure::Working,
            _ => return Err(wrong("计时方式有误。", "the measure is `elapsed` or `working`.")),
        };
        let unit = it.unit.map(UnitId);
        if unit.is_some_and(|unit| office.desk.units.get(unit).is_none()) {
            return Err(wrong("没有这个单位。", "there is no such unit."));
        }
        if it.minutes.is_some_and(|minutes| !(1..=MINUTES_MAX).contains(&minutes)) {
            return Err(wrong("时长须为 1 分钟至 366 天。", "it lasts from a minute to 366 days."));
        }
        if let Some(other) = seen.insert((step, level.map(Level::key), unit), row) {
            return Err(wrong(
                &format!("与第 {other} 条的环节、级别、单位相同。"),
                &format!("step, level and unit are those of term {other}."),
            ));
        }
        terms.push(Term { step, level, unit, minutes: it.minutes, measure });
    }
    Ok(Terms { terms, calendar, escalate_percent: input.escalate_percent })
}

/// What became different, in the order of the loop.
fn changed_terms(before: &[Term], after: &[Term]) -> Vec<TermChange> {
    // Of equals the last one counts.
    let by_key = |terms: &[Term]| -> BTreeMap<Subject, Length> {
        let key =
            |term: &Term| (term.step, term.level.map(|level| SmolStr::new_static(level.key())), term.unit);
        terms.iter().map(|term| (key(term), (term.minutes, term.measure))).collect()
    };
    let (before, after) = (by_key(before), by_key(after));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).cloned().collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter(|key| before.get(key) != after.get(key))
        .map(|key| TermChange {
            before: before.get(&key).copied(),
            after: after.get(&key).copied(),
            step: key.0,
            level: key.1,
            unit: key.2,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_different_is_told_by_step_level_and_unit() {
        let term =
            |step, level, minutes| Term { step, level, unit: None, minutes, measure: Measure::Elapsed };
        let before = [
            term(ClockStep::SignWarning, None, Some(2)),
            term(ClockStep::SignWarning, Some(Level::Low), None),
            term(ClockStep::Dispose, None, Some(60)),
        ];
        let after = [
            term(ClockStep::SignWarning, None, Some(3)),
            term(ClockStep::Dispose, None, Some(60)),
            term(ClockStep::StrikeHazard, None, Some(90)),
        ];
        let changed: Vec<_> = changed_terms(&before, &after)
            .into_iter()
            .map(|it| (it.step.key(), it.level, it.before.map(|it| it.0), it.after.map(|it| it.0)))
            .collect();
        assert_eq!(
            changed,
            [
                ("sign_warning", None, Some(Some(2)), Some(Some(3))),
                ("sign_warning", Some("low".into()), Some(None), None),
                ("strike_hazard", None, None, Some(Some(90))),
            ]
        );
    }
}
