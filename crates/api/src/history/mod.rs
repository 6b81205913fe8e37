//! Passages of years: search, trace, flows; storage and export have files of their own. Who looks up a plate says why, and
//! it is audited.

mod export;
mod storage;
mod verification;

pub(crate) use export::{__path_start as __path_export, start as export};
pub use storage::Retention;
pub(crate) use storage::{
    __path_get as __path_storage, __path_put as __path_put_retention, get as storage, put as put_retention,
};

pub(crate) use verification::{__path_ask as __path_verify, ask as verify};
pub use verification::{DAMAGED_NAMED_MAX, Verification, VerificationPass};

use crate::access::Signed;
use crate::app::{App, Names};
use crate::passage::reason_of;
use crate::problem::{Problem, RequestLanguage};
use crate::vehicle::key_of;
use crate::warning::{EvidenceView, evidence_view};
use crate::wire::{LIMIT_MAX, instant, parse_instant};
use ::history::{
    Conditions, Damage, Fix, History, Pattern, PlateKey, SEARCH_ROWS_MAX, Sighting, TRACE_ROWS_MAX, Trace,
};
use axum::Json;
use axum::extract::{Query, State};
use domain::time::DAY_MS;
use domain::{CheckpointId, Plate, PlateClass, PlateColor, Theatre, Timestamp};
use judgement::Confusions;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

/// Questions that are answered from the history at the same time; the others wait for their turn.
const READS_AT_ONCE: usize = 4;
static TURNS: Semaphore = Semaphore::const_new(READS_AT_ONCE);
/// The time that is searched when none is said.
const SEARCH_DAYS: i64 = 7;
/// The time of a trace when none is said.
const TRACE_DAYS: i64 = 365;
/// The longest time whose flows are counted at once.
const FLOW_DAYS_MAX: i64 = 31;
/// Other readings of a plate that a trace looks for.
const MISREADS_MAX: usize = 64;

/// What is asked of passages.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[serde(default)]
pub(crate) struct PassageSearch {
    /// When it was captured, RFC 3339; seven days before `to` when left out.
    pub(crate) from: Option<String>,
    /// Until when; now when left out.
    pub(crate) to: Option<String>,
    /// A plate or a part of it: `?` one symbol, `*` any number. A look-up: needs `reason` and is audited.
    pub(crate) plate: Option<String>,
    /// Also what cameras take these symbols for.
    pub(crate) misreads: Option<bool>,
    /// GA/T 16.7.
    pub(crate) plate_class: Option<String>,
    pub(crate) plate_color: Option<String>,
    /// Identities, with commas between.
    pub(crate) checkpoint: Option<String>,
    /// All checkpoints of a theatre.
    pub(crate) theatre: Option<String>,
    /// What the type of GA/T 16.4 begins with.
    pub(crate) vehicle_type: Option<String>,
    /// A letter of GA/T 16.8.
    pub(crate) vehicle_color: Option<String>,
    /// km/h.
    pub(crate) speed_min: Option<u16>,
    /// km/h.
    pub(crate) speed_max: Option<u16>,
    /// Where the page before ended.
    pub(crate) before: Option<u64>,
    pub(crate) limit: Option<usize>,
    pub(crate) reason: Option<String>,
}

/// Whose way is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct TraceQuery {
    plate: String,
    /// RFC 3339; a year before `to` when left out.
    from: Option<String>,
    to: Option<String>,
    /// Also under what cameras may have read in its place. Yes, when left out.
    misreads: Option<bool>,
    /// Why it is looked up; audited.
    reason: Option<String>,
}

/// Which row of a trace is asked for whole.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct SightingQuery {
    plate: String,
    captured_at: String,
    received_at: String,
    checkpoint: String,
    reason: Option<String>,
}

/// Passages that were found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundView {
    /// Newest first, by receipt.
    items: Vec<EvidenceView>,
    /// For the next page; none when there is nothing more.
    before: Option<u64>,
    /// Rows that were looked at. When as many as one search may look at, there may be more although few were found.
    looked_at: u64,
    is_cut_off: bool,
    /// Segments that could not be read: rows of theirs are missing here.
    damages: Vec<DamageView>,
}

/// The way of a vehicle.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceView {
    /// The plate as asked and, where wanted, what cameras may have read in its place.
    readings: Vec<ReadingView>,
    /// By time of capture.
    items: Vec<SightingView>,
    /// There are more rows than are shown.
    is_cut_off: bool,
    /// Segments that could not be read: rows of theirs are missing here.
    damages: Vec<DamageView>,
    /// Segments that could not be read, whose rows were all found in the files by arrival: nothing is missing.
    replaced: Vec<DamageView>,
}

/// A plate that the rows of a trace were found under.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadingView {
    plate: String,
    is_asked: bool,
    /// How likely a camera that misreads the one symbol reads this, in permille (the confusion table); none for the plate
    /// itself, and for a symbol that was left unread.
    likelihood_permille: Option<u16>,
    count: usize,
}

/// A passage as a trace shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SightingView {
    plate: String,
    captured_at: String,
    received_at: String,
    checkpoint_id: String,
    checkpoint_name: Option<String>,
    lon: Option<f64>,
    lat: Option<f64>,
    lane: Option<u8>,
    direction: Option<u8>,
    speed_kmh: Option<u16>,
    plate_class: String,
    plate_color: &'static str,
    plate_confidence: Option<u8>,
    /// GA/T 16.4.
    vehicle_class: Option<String>,
    /// GA/T 16.8.
    vehicle_color: Option<String>,
}

/// Positions of the terminal of a vehicle.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackView {
    items: Vec<FixView>,
    is_cut_off: bool,
    damages: Vec<DamageView>,
    /// As of a trace.
    replaced: Vec<DamageView>,
}

/// A position as a track shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FixView {
    captured_at: String,
    device_id: String,
    lon: Option<f64>,
    lat: Option<f64>,
    speed_kmh: f64,
    heading_deg: u16,
}

/// Passages by hour and checkpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlowsView {
    items: Vec<FlowView>,
    damages: Vec<DamageView>,
}

/// Passages of one hour at one checkpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlowView {
    /// Its first instant.
    hour: String,
    checkpoint_id: String,
    checkpoint_name: Option<String>,
    count: u64,
}

/// A segment with bad bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DamageView {
    segment: String,
    column: Option<&'static str>,
    reason: String,
    /// How often it was met since the start.
    count: u64,
}

pub(crate) fn damage_views(damages: Vec<Damage>) -> Vec<DamageView> {
    let view = |damage: Damage| DamageView {
        segment: damage.segment.to_string_lossy().into_owned(),
        column: damage.column,
        reason: damage.reason,
        count: damage.count,
    };
    damages.into_iter().map(view).collect()
}

/// Reads from the history in a thread of its own, when its turn comes.
pub(crate) async fn read<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Arc<History>) -> T + Send + 'static,
) -> Result<T, Problem> {
    let turn = TURNS.acquire().await.map_err(|_| Problem::busy())?;
    let history = app.archive.history.clone();
    let answer = tokio::task::spawn_blocking(move || work(&history)).await;
    drop(turn);
    answer.map_err(|error| Problem::internal("read the history", &error))
}

/// Passages of years, newest first.
#[utoipa::path(get, path = "/history/passages", tag = "history", params(PassageSearch),
    responses((status = 200, body = FoundView), (status = 422)))]
pub(crate) async fn search(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<PassageSearch>,
) -> Result<Json<FoundView>, Problem> {
    let conditions = query.conditions(&app)?;
    query.audit(&app, &by, "history.search").await?;
    let limit = query.limit.unwrap_or(100).clamp(1, LIMIT_MAX as usize);
    let before = query.before;
    let found = read(&app, move |history| history.search(&conditions, before, limit)).await?;
    let names = app.names.load();
    Ok(Json(FoundView {
        items: found.rows.iter().map(|(_, row)| evidence_view(row, &names, language)).collect(),
        is_cut_off: found.before.is_some() && found.looked_at > SEARCH_ROWS_MAX,
        before: found.before,
        looked_at: found.looked_at,
        damages: damage_views(found.damages),
    }))
}

/// The passages of one plate, also under what cameras may have read in its place, by time.
#[utoipa::path(get, path = "/history/trace", tag = "history", params(TraceQuery),
    responses((status = 200, body = TraceView), (status = 422)))]
pub(crate) async fn trace(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<TraceQuery>,
) -> Result<Json<TraceView>, Problem> {
    let (plate, captured) = query.checked(&app, &by, "history.trace").await?;
    let likely = if query.misreads.unwrap_or(true) {
        readings(plate, &app.parameters.confusions)
    } else {
        BTreeMap::new()
    };
    let others: Vec<Plate> = likely.keys().copied().collect();
    let (trace, counts) = read(&app, move |history| trace_all(history, plate, &others, &captured)).await?;
    let names = app.names.load();
    let items = trace.rows.iter().map(|row| sighting_view(row, &names)).collect();
    let readings = counts
        .into_iter()
        .filter(|(of, count)| *of == plate || *count > 0)
        .map(|(of, count)| ReadingView {
            plate: of.to_string(),
            is_asked: of == plate,
            likelihood_permille: likely.get(&of).copied().flatten(),
            count,
        })
        .collect();
    Ok(Json(TraceView {
        readings,
        items,
        is_cut_off: trace.is_cut,
        damages: damage_views(trace.damages),
        replaced: damage_views(trace.replaced),
    }))
}

/// One passage of a trace, whole, with its pictures.
#[utoipa::path(get, path = "/history/trace/passage", tag = "history", params(SightingQuery),
    responses((status = 200, body = EvidenceView), (status = 404)))]
pub(crate) async fn passage(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<SightingQuery>,
) -> Result<Json<EvidenceView>, Problem> {
    let plate = whole_plate(&query.plate)?;
    let captured_at = time_of(Some(&query.captured_at))?.ok_or_else(no_time)?;
    let received_at = time_of(Some(&query.received_at))?.ok_or_else(no_time)?;
    let reason = reason_of(query.reason.as_ref())?;
    by.audit(&app, "history.passage", &query.plate, &reason).await?;
    let checkpoint = CheckpointId::from(query.checkpoint.trim());
    let found =
        read(&app, move |history| history.passage_at(plate, received_at, captured_at, &checkpoint)).await?;
    let (_, observation) = found.ok_or_else(|| {
        Problem::not_found(
            "没有这条过车记录，可能已过保存期。",
            "There is no such passage, or it is no longer kept.",
        )
    })?;
    Ok(Json(evidence_view(&observation, &app.names.load(), language)))
}

/// The positions of the terminal of a vehicle, by time.
#[utoipa::path(get, path = "/history/track", tag = "history", params(TraceQuery),
    responses((status = 200, body = TrackView), (status = 422)))]
pub(crate) async fn track(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<TraceQuery>,
) -> Result<Json<TrackView>, Problem> {
    let (plate, captured) = query.checked(&app, &by, "history.track").await?;
    let key = PlateKey::from(plate);
    let track = read(&app, move |history| history.track(&(key..=key), &captured)).await?;
    let view = |fix: &Fix| FixView {
        captured_at: instant(fix.captured_at),
        device_id: fix.device.to_string(),
        lon: fix.location.map(domain::Wgs84::lon_deg),
        lat: fix.location.map(domain::Wgs84::lat_deg),
        speed_kmh: f64::from(fix.speed_dkmh) / 10.0,
        heading_deg: fix.heading_deg,
    };
    let items = track.rows.iter().map(view).collect();
    Ok(Json(TrackView {
        items,
        is_cut_off: track.is_cut,
        damages: damage_views(track.damages),
        replaced: damage_views(track.replaced),
    }))
}

/// How many passages there were in each hour at each checkpoint; of at most 31 days.
#[utoipa::path(get, path = "/history/flows", tag = "history", params(PassageSearch),
    responses((status = 200, body = FlowsView), (status = 422)))]
pub(crate) async fn flows(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<PassageSearch>,
) -> Result<Json<FlowsView>, Problem> {
    let conditions = query.conditions(&app)?;
    if conditions.captured.end().ms_since(*conditions.captured.start()) > FLOW_DAYS_MAX * DAY_MS {
        return Err(Problem::invalid(
            format!("流量统计一次最多 {FLOW_DAYS_MAX} 天，请缩短时间范围。"),
            format!("Flows are counted for at most {FLOW_DAYS_MAX} days at once."),
        ));
    }
    query.audit(&app, &by, "history.flows").await?;
    let flows = read(&app, move |history| history.flows(&conditions)).await?;
    let names = app.names.load();
    let items = flows.counts.into_iter().map(|((hour, checkpoint), count)| FlowView {
        hour: instant(hour),
        checkpoint_name: names.checkpoints.get(&checkpoint).map(|known| known.name.to_string()),
        checkpoint_id: checkpoint.to_string(),
        count,
    });
    Ok(Json(FlowsView { items: items.collect(), damages: damage_views(flows.damages) }))
}

impl TraceQuery {
    /// The plate and the time, after the look-up was written into the audit.
    async fn checked(
        &self,
        app: &App,
        by: &Signed,
        action: &str,
    ) -> Result<(Plate, RangeInclusive<Timestamp>), Problem> {
        let plate = whole_plate(&self.plate)?;
        let captured = period(app, self.from.as_ref(), self.to.as_ref(), TRACE_DAYS)?;
        let reason = reason_of(self.reason.as_ref())?;
        by.audit(app, action, &plate.to_string(), &reason).await?;
        Ok((plate, captured))
    }
}

impl PassageSearch {
    /// What it asks, checked.
    pub(crate) fn conditions(&self, app: &App) -> Result<Conditions, Problem> {
        let captured = period(app, self.from.as_ref(), self.to.as_ref(), SEARCH_DAYS)?;
        let plate = match word(self.plate.as_ref()) {
            None => None,
            Some(text) => {
                let pattern = Pattern::parse(&text).ok_or_else(|| {
                    Problem::invalid(
                        "车牌条件至少须有一个确定的字符。",
                        "The plate must name at least one symbol.",
                    )
                })?;
                let confusions = &app.parameters.confusions;
                let reads = |symbol: char| {
                    let reads = confusions.likelihood_permille.get(&symbol);
                    reads.into_iter().flat_map(|reads| reads.keys().copied()).collect()
                };
                Some(if self.misreads == Some(true) { pattern.with_misreads(reads) } else { pattern })
            }
        };
        let names = app.names.load();
        Ok(Conditions {
            plate,
            plate_class: code(self.plate_class.as_ref(), PlateClass::parse, "plate_class")?,
            plate_color: code(self.plate_color.as_ref(), PlateColor::parse, "plate_color")?,
            checkpoints: self.checkpoints(&names)?,
            vehicle_type: word(self.vehicle_type.as_ref()).map(|text| text.to_uppercase()),
            body_color: word(self.vehicle_color.as_ref()).and_then(|text| text.to_uppercase().chars().next()),
            speed_kmh: (self.speed_min.is_some() || self.speed_max.is_some())
                .then(|| self.speed_min.unwrap_or(0)..=self.speed_max.unwrap_or(u16::MAX)),
            ..Conditions::within(captured)
        })
    }

    fn checkpoints(&self, names: &Names) -> Result<Option<BTreeSet<CheckpointId>>, Problem> {
        let theatre = code(self.theatre.as_ref(), Theatre::parse, "theatre")?;
        let named = word(self.checkpoint.as_ref())
            .map(|text| text.split(',').map(|id| CheckpointId::from(id.trim())).collect::<BTreeSet<_>>());
        let Some(theatre) = theatre else { return Ok(named) };
        let of_theatre = names.checkpoints.values().filter(|checkpoint| checkpoint.theatre == theatre);
        let of_theatre = of_theatre.map(|checkpoint| checkpoint.id.clone());
        Ok(Some(match named {
            Some(named) => of_theatre.filter(|id| named.contains(id)).collect(),
            None => of_theatre.collect(),
        }))
    }

    /// Who asks for a plate says why.
    pub(crate) async fn audit(&self, app: &App, by: &Signed, action: &str) -> Result<(), Problem> {
        let Some(plate) = word(self.plate.as_ref()) else { return Ok(()) };
        let reason = reason_of(self.reason.as_ref())?;
        by.audit(app, action, &plate, &reason).await
    }
}

/// The rows of a plate and of its other readings, and how many each has.
fn trace_all(
    history: &History,
    plate: Plate,
    others: &[Plate],
    captured: &RangeInclusive<Timestamp>,
) -> (Trace<Sighting>, Vec<(Plate, usize)>) {
    let view = history.view();
    let of = |plate: Plate| {
        let key = PlateKey::from(plate);
        history.trace_in(&view, &(key..=key), captured)
    };
    let mut all = of(plate);
    let mut counts = vec![(plate, all.rows.len())];
    for other in others {
        let found = of(*other);
        counts.push((*other, found.rows.len()));
        all.rows.extend(found.rows);
        all.damages.extend(found.damages);
        all.replaced.extend(found.replaced);
    }
    for damages in [&mut all.damages, &mut all.replaced] {
        damages.sort_by(|a, b| a.segment.cmp(&b.segment).then(b.count.cmp(&a.count)));
        damages.dedup_by(|a, b| a.segment == b.segment);
    }
    all.rows.sort_by_key(|row| (row.captured_at, row.received_at));
    all.is_cut |= all.rows.len() > TRACE_ROWS_MAX;
    all.rows.truncate(TRACE_ROWS_MAX);
    (all, counts)
}

/// What a camera may read in place of a plate: one symbol misread as the table says, or left unread.
fn readings(plate: Plate, confusions: &Confusions) -> BTreeMap<Plate, Option<u16>> {
    let mut found = BTreeMap::new();
    for (place, symbol) in plate.symbols().enumerate() {
        let named = confusions.likelihood_permille.get(&symbol);
        for (read, permille) in named.into_iter().flatten() {
            found.extend(plate.with_symbol(place, *read).map(|read| (read, Some(*permille))));
        }
        let unread = plate.with_symbol(place, domain::plate::UNREAD);
        found.extend(unread.map(|read| (read, None)));
        if found.len() >= MISREADS_MAX {
            break;
        }
    }
    found.remove(&plate);
    found
}

fn sighting_view(row: &Sighting, names: &Names) -> SightingView {
    let checkpoint = names.checkpoints.get(&row.checkpoint);
    SightingView {
        plate: row.plate.to_string(),
        captured_at: instant(row.captured_at),
        received_at: instant(row.received_at),
        checkpoint_id: row.checkpoint.to_string(),
        checkpoint_name: checkpoint.map(|known| known.name.to_string()),
        lon: checkpoint.map(|known| known.location.lon_deg()),
        lat: checkpoint.map(|known| known.location.lat_deg()),
        lane: row.lane,
        direction: row.direction,
        speed_kmh: row.speed_kmh,
        plate_class: row.plate_class.to_string(),
        plate_color: row.plate_color.key(),
        plate_confidence: row.plate_confidence,
        vehicle_class: row.vehicle_type.map(|kind| kind.to_string()),
        vehicle_color: row.body_color.map(String::from),
    }
}

/// The time asked for.
fn period(
    app: &App,
    from: Option<&String>,
    to: Option<&String>,
    days: i64,
) -> Result<RangeInclusive<Timestamp>, Problem> {
    let to = time_of(to)?.unwrap_or_else(|| app.clock.now());
    let from = time_of(from)?.unwrap_or(to.plus_ms(-days * DAY_MS));
    if from > to {
        return Err(Problem::invalid("起始时间不得晚于结束时间。", "The time ends before it begins."));
    }
    Ok(from..=to)
}

fn time_of(text: Option<&String>) -> Result<Option<Timestamp>, Problem> {
    word(text).map(|text| parse_instant(&text).ok_or_else(no_time)).transpose()
}

fn no_time() -> Problem {
    Problem::invalid("时间有误，须为带时区的时间。", "A time is no RFC 3339 instant.")
}

fn whole_plate(text: &str) -> Result<Plate, Problem> {
    // The class does not matter: a trace shows each row's own.
    key_of(text, "00").map(|key| key.plate)
}

fn code<T>(
    text: Option<&String>,
    parse: impl Fn(&str) -> Option<T>,
    field: &'static str,
) -> Result<Option<T>, Problem> {
    let known = |text: String| {
        parse(&text).ok_or_else(|| {
            Problem::invalid(
                format!("条件 {field} 的取值有误：{text}。"),
                format!("{field} has no value {text}."),
            )
        })
    };
    word(text).map(known).transpose()
}

fn word(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plate_is_looked_for_under_what_cameras_may_have_read() {
        let table = [('8', [('B', 600), ('3', 250)].into())].into();
        let confusions = Confusions { likelihood_permille: table };
        let plate = Plate::parse("鲁Q12845").unwrap();
        let found = readings(plate, &confusions);
        let of = |text: &str| found.get(&Plate::parse(text).unwrap()).copied();
        assert_eq!(of("鲁Q12B45"), Some(Some(600)));
        assert_eq!(of("鲁Q12345"), Some(Some(250)));
        assert_eq!(of("鲁Q12-45"), Some(None));
        assert_eq!(of("鲁Q12845"), None);
        assert_eq!(found.len(), 2 + 7);
    }
}
