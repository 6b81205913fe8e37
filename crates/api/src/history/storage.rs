//! What the history takes on the disk, what of it is damaged, and for how long it is kept.

use super::verification::VerificationView;
use super::{DamageView, damage_views, read};
use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::instant;
use ::history::{Kind, Projection, Segment};
use axum::Json;
use axum::extract::State;
use domain::Timestamp;
use records::StoreError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;

/// The name of the setting.
const SETTING: &str = "history.retention";
/// What is kept is kept for at least as long: a back-test needs a month.
const DAYS_MIN: u32 = 31;
/// As long as anybody needs: a hundred years.
const DAYS_MAX: u32 = 36_525;

/// For how many days rows are kept, by their time of receipt; what has no number is kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "wire names carry their unit")]
pub struct Retention {
    /// Passages whole: back-test, search.
    passages_arrival_days: Option<u32>,
    /// Passages by plate: traces.
    passages_plate_days: Option<u32>,
    /// Positions whole: back-test.
    positions_arrival_days: Option<u32>,
    /// Positions by plate: tracks.
    positions_plate_days: Option<u32>,
    /// Device alarms and changes of the reference: what was known at the time.
    others_days: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            passages_arrival_days: Some(3 * 366),
            passages_plate_days: Some(3 * 366),
            positions_arrival_days: Some(366),
            positions_plate_days: Some(366),
            others_days: None,
        }
    }
}

impl Retention {
    /// As it was last set.
    pub async fn read(app: &App) -> Result<Self, StoreError> {
        Ok(app.records.setting(SETTING).await?.unwrap_or_default())
    }

    /// For how many days rows of a kind are kept; `None`: for ever.
    pub fn days(&self, kind: Kind, projection: Projection) -> Option<u32> {
        match (kind, projection) {
            (Kind::Passages, Projection::Arrival) => self.passages_arrival_days,
            (Kind::Passages, Projection::Plate) => self.passages_plate_days,
            (Kind::Positions, Projection::Arrival) => self.positions_arrival_days,
            (Kind::Positions, Projection::Plate) => self.positions_plate_days,
            (Kind::Others, _) => self.others_days,
        }
    }

    fn check(self) -> Result<Self, Problem> {
        let all = Kind::ALL.into_iter().flat_map(|kind| kind.projections().iter().map(move |by| (kind, *by)));
        if all.filter_map(|(kind, by)| self.days(kind, by)).any(|days| !(DAYS_MIN..=DAYS_MAX).contains(&days))
        {
            return Err(Problem::invalid(
                format!("保存天数须为 {DAYS_MIN} 至 {DAYS_MAX} 天，留空为永久保存。"),
                format!("Days are from {DAYS_MIN} to {DAYS_MAX}; without a number it is kept for ever."),
            ));
        }
        let whole = [self.passages_arrival_days, self.positions_arrival_days];
        let is_shorter = |days: u32| whole.into_iter().any(|other| other.is_none_or(|other| other > days));
        if self.others_days.is_some_and(is_shorter) {
            return Err(Problem::invalid(
                "参考数据变更的保存期不得短于过车记录和定位：回测需要当时的参考数据。",
                "Changes of the reference must be kept as long as passages and positions: a back-test needs them.",
            ));
        }
        Ok(self)
    }
}

/// The history on the disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StorageView {
    kinds: Vec<KindView>,
    retention: Retention,
    /// Journal offset up to which entries are in files, up to which they are shown, and where the journal ends.
    sealed_up_to: u64,
    shown_up_to: u64,
    journal_end: u64,
    /// Since the start.
    entries: u64,
    unreadable: u64,
    lost_bytes: u64,
    merged_segments: u64,
    expired_segments: u64,
    /// Why archiving does not go on, if so.
    stopped: Option<String>,
    damages: Vec<DamageView>,
    verification: VerificationView,
    mended: MendedView,
    set_aside: SetAsideView,
    disk_free_bytes: Option<u64>,
}

/// The segments of a kind in a projection.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct KindView {
    /// `passages`, `positions`, `others`.
    kind: &'static str,
    /// `arrival`, `plate`.
    projection: &'static str,
    segments: u64,
    rows: u64,
    bytes: u64,
    /// Received.
    from: Option<String>,
    to: Option<String>,
    months: Vec<MonthView>,
}

/// What was received in a month of Beijing time.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct MonthView {
    /// `2026-11`.
    month: String,
    segments: u64,
    rows: u64,
    bytes: u64,
}

/// What the start found that was not as the catalogue says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MendedView {
    /// Files of a write that was cut off; removed.
    removed: Vec<String>,
    /// Segments without a file: their rows are lost.
    missing: Vec<String>,
    /// Segments of another length than was written.
    wrong_length: Vec<String>,
}

/// Whole files that the catalogue did not name, in the folder `set-aside`; each goes after 30 days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetAsideView {
    files: u64,
    bytes: u64,
}

/// What the history takes, and how it is.
#[utoipa::path(get, path = "/history/storage", tag = "history", responses((status = 200, body = StorageView)))]
pub(crate) async fn get(State(app): State<Arc<App>>, _: Signed) -> Result<Json<StorageView>, Problem> {
    let retention = Retention::read(&app).await?;
    let (kinds, set_aside) = read(&app, |history| {
        let view = history.view();
        let all = Kind::ALL.into_iter().flat_map(|kind| kind.projections().iter().map(move |by| (kind, *by)));
        let kinds = all.map(|(kind, by)| kind_view(kind, by, view.segments(kind, by).map(AsRef::as_ref)));
        (kinds.collect::<Vec<_>>(), history.set_aside())
    })
    .await?;
    let archive = &app.archive;
    let text = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    let mended = MendedView {
        removed: archive.mended.removed.iter().map(text).collect(),
        missing: archive.mended.missing.iter().map(text).collect(),
        wrong_length: archive.mended.wrong_length.iter().map(|(path, ..)| text(path)).collect(),
    };
    Ok(Json(StorageView {
        kinds,
        retention,
        sealed_up_to: archive.sealed_up_to.load(Ordering::Acquire),
        shown_up_to: archive.shown_up_to.load(Ordering::Acquire),
        journal_end: app.observations.end().get(),
        entries: archive.entries.load(Ordering::Relaxed),
        unreadable: archive.unreadable.load(Ordering::Relaxed),
        lost_bytes: archive.lost_bytes.load(Ordering::Relaxed),
        merged_segments: archive.merged.load(Ordering::Relaxed),
        expired_segments: archive.expired.load(Ordering::Relaxed),
        stopped: archive.stopped.load().as_ref().clone(),
        damages: damage_views(archive.history.damages()),
        verification: VerificationView::from(&**archive.verification.load()),
        mended,
        set_aside: SetAsideView { files: set_aside.files, bytes: set_aside.bytes },
        disk_free_bytes: app.disk_free_bytes(),
    }))
}

/// Says for how long rows are kept; what is older goes within the day.
#[utoipa::path(put, path = "/history/retention", tag = "history", request_body = Retention,
    responses((status = 200, body = Retention), (status = 422)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(retention): Json<Retention>,
) -> Result<Json<Retention>, Problem> {
    let retention = retention.check()?;
    app.records.put_setting(SETTING, &retention, app.clock.now()).await?;
    let detail = serde_json::to_string(&retention).unwrap_or_default();
    by.audit(&app, "history.retention", "history", &detail).await?;
    Ok(Json(retention))
}

fn kind_view<'s>(
    kind: Kind,
    projection: Projection,
    segments: impl Iterator<Item = &'s Segment>,
) -> KindView {
    let mut view = KindView { kind: kind.key(), projection: projection.key(), ..KindView::default() };
    let mut months: BTreeMap<String, MonthView> = BTreeMap::new();
    let (mut from, mut to): (Option<Timestamp>, Option<Timestamp>) = (None, None);
    for segment in segments {
        view.segments += 1;
        view.rows += segment.rows;
        view.bytes += segment.bytes;
        from = Some(from.map_or(segment.received.0, |from| from.min(segment.received.0)));
        to = to.max(Some(segment.received.1));
        let (year, month, _) = segment.received.0.beijing_day().ymd();
        let month = months.entry(format!("{year:04}-{month:02}")).or_default();
        month.segments += 1;
        month.rows += segment.rows;
        month.bytes += segment.bytes;
    }
    view.from = from.map(instant);
    view.to = to.map(instant);
    view.months = months.into_iter().map(|(month, view)| MonthView { month, ..view }).collect();
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_back_test_needs_is_kept_as_long_as_what_is_tested() {
        let usual = Retention::default();
        assert_eq!(usual.check().ok(), Some(usual));
        for (bad, why) in [
            (Retention { passages_plate_days: Some(1), ..usual }, "too short"),
            (Retention { positions_plate_days: Some(u32::MAX), ..usual }, "too long"),
            (Retention { others_days: Some(400), ..usual }, "shorter than passages"),
            (Retention { passages_arrival_days: None, others_days: Some(2_000), ..usual }, "than for ever"),
        ] {
            assert!(bad.check().is_err(), "{why}");
        }
        assert!(Retention { others_days: Some(2_000), ..usual }.check().is_ok());
    }
}
