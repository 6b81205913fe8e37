//! The words of a notice: one line for people, one event for programs.

use crate::app::App;
use crate::case::words;
use crate::wire::{Language, instant};
use domain::case::Tidings;
use records::TidingsRecord;
use serde_json::{Value, json};

/// The name of what is told.
pub(crate) fn word(word: Tidings, language: Language) -> &'static str {
    let (chinese, english) = match word {
        Tidings::ToDo => ("待办", "To do"),
        Tidings::HalfTime => ("时限过半", "Half time"),
        Tidings::NearlyLate => ("即将超时", "Nearly late"),
        Tidings::Late => ("已超时", "Late"),
        Tidings::GivenBack => ("被退回", "Given back"),
        Tidings::Withdrawn => ("已撤回", "Withdrawn"),
        Tidings::Finished => ("已办结", "Finished"),
        Tidings::Sighted => ("新的过车", "Seen again"),
    };
    language.pick(chinese, english)
}

/// What it is, in official Chinese: 待办：签收指令
pub(crate) fn head_of(tidings: &TidingsRecord) -> String {
    let language = Language::Chinese;
    let what = tidings.step.map_or(words::kind(tidings.kind, language), |step| words::step(step, language));
    format!("{}：{what}", word(tidings.word, language))
}

/// Of what, until when: 鲁Q12B45，12:10 前办理（ZL20261128-0001）
pub(crate) fn rest_of(tidings: &TidingsRecord) -> String {
    let parts = [tidings.plate.as_ref(), Some(&tidings.title)].into_iter().flatten();
    let mut text =
        parts.filter(|part| !part.is_empty()).map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if let Some(due_at) = tidings.due_at {
        text.push('，');
        text.push_str(&crate::words::beijing(due_at));
        text.push_str(" 前办理");
    }
    if tidings.kind.is_some() {
        text.push('（');
        text.push_str(&tidings.subject);
        text.push('）');
    }
    text
}

/// One line: 【安畅】待办：签收指令 鲁Q12B45，12:10 前办理（ZL20261128-0001）
pub fn text_of(tidings: &TidingsRecord) -> String {
    format!("【安畅】{} {}", head_of(tidings), rest_of(tidings))
}

/// A CloudEvent (CloudEvents 1.0, structured JSON).
pub fn event_of(app: &App, tidings: &TidingsRecord) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("tidings-{}", tidings.id),
        "source": "/anchang",
        "type": format!("cn.anchang.case.{}", tidings.word.key()),
        "subject": tidings.subject.as_str(),
        "time": instant(tidings.at),
        "datacontenttype": "application/json",
        "data": {
            "word": tidings.word.key(),
            "kind": tidings.kind.map_or("warning", domain::CaseKind::key),
            "subject": tidings.subject.as_str(),
            "chain": tidings.chain.as_str(),
            "level": tidings.level.key(),
            "title": tidings.title.as_str(),
            "plate": tidings.plate.as_ref().map(ToString::to_string),
            "step": tidings.step.map(domain::ClockStep::key),
            "due_at": tidings.due_at.map(instant),
            "server_time": instant(app.clock.now()),
        },
    })
}
