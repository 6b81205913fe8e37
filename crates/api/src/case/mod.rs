//! Cases: what people work on, from the watch order to the struck-off hazard. One set of routes for all stages: the stage's state
//! machine (`domain::stage`) decides, the records store, these routes translate.

pub(crate) mod attachment;
pub(crate) mod chain;
pub(crate) mod crash;
pub(crate) mod dispatch;
pub(crate) mod education;
pub(crate) mod hazard;
mod office;
pub(crate) mod post;
pub(crate) mod road;
pub(crate) mod route;
pub(crate) mod saved_view;
pub(crate) mod task;
pub(crate) mod terms;
mod view;
pub(crate) mod words;

pub(crate) use crash::{seated, unit_at};
pub(crate) use office::Category;
pub use office::{CaseFileError, CaseFiles, Office};
pub use road::{Orders, note_sightings};
pub(crate) use route::{fault, has_part};
use view::case_view;

use crate::app::App;
use crate::live::Message;
use crate::wire::Language;
use records::Worked;
use serde_json::json;

/// Tells all pages, and the book of orders, what a command changed.
pub fn publish(app: &App, worked: &Worked, act: &str) {
    worked.cases.iter().for_each(|record| app.orders.note(record));
    crate::stream::publish(app, &worked.warnings);
    if worked.is_reference_changed {
        app.changed.notify_one();
    }
    if app.hub.listeners() == 0 {
        return;
    }
    let now = app.clock.now();
    for record in &worked.cases {
        let text =
            |language| json!({ "act": act, "case": case_view(app, record, now, language) }).to_string();
        let office = app.office.load();
        let also = record.case.summary().also_unit;
        let units =
            [Some(record.unit), also].into_iter().flatten().map(|unit| office.desk.path(unit)).collect();
        let people =
            [Some(record.opened_by.clone()), record.assignee.clone()].into_iter().flatten().collect();
        let (chinese, english) = (text(Language::Chinese), text(Language::English));
        app.hub.send(Message::concerning("case", chinese, english, units, people));
    }
}
