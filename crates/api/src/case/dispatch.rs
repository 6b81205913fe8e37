//! Dispatch that helps: where a vehicle will be, and which posts can still be there before it.

use super::post::{PostView, post_view};
use super::road::Engaged;
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{Language, instant};
use axum::Json;
use axum::extract::{Query, State};
use domain::case::Limits;
use domain::observation::Fact;
use domain::time::MINUTE_MS;
use domain::{AnyCase, Checkpoint, CheckpointId, Plate, Timestamp, Wgs84};
use records::{Post, PostState};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Next places that are told.
const AHEAD_MAX: usize = 6;
/// Places behind these that are told.
const BEHIND_MAX: usize = 3;
/// Shares below this are left out: a road that one vehicle in fifty takes is nowhere to stand.
const SHARE_MIN: f64 = 0.02;

/// Of what: a warning, or an order under way.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct OptionsQuery {
    /// The warning.
    warning: Option<String>,
    /// The order.
    case: Option<String>,
}

/// Where it was seen last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeenView {
    checkpoint_id: String,
    name: String,
    lon: f64,
    lat: f64,
    at: String,
}

/// Where it will be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AheadView {
    checkpoint_id: String,
    name: String,
    lon: f64,
    lat: f64,
    /// Share of vehicles that go there from where it was seen, 0–1.
    share: f64,
    /// One in ten is there earlier.
    earliest: String,
    likely: String,
    /// One in ten is there later.
    latest: String,
    /// 1 for the next places, 2 for those behind them.
    ring: u8,
}

/// A post and whether it can be there in time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OptionView {
    post: PostView,
    ring: u8,
    checkpoint_id: String,
    drive_minutes: i64,
    /// Between the post's arrival and the vehicle's likely one; negative: too late.
    margin_minutes: i64,
    /// In time, and free.
    can_intercept: bool,
    /// The order that its crew has signed.
    busy_with: Option<String>,
    reason: String,
}

/// Where it will be, and who can be there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OptionsView {
    seen: Option<SeenView>,
    next: Vec<AheadView>,
    posts: Vec<OptionView>,
    /// Why nobody can intercept it any more.
    nobody: Option<String>,
}

/// A place ahead with times counted from the sighting.
pub(super) struct Place {
    pub(super) checkpoint: CheckpointId,
    pub(super) share: f64,
    pub(super) earliest_ms: i64,
    pub(super) likely_ms: i64,
    pub(super) latest_ms: i64,
    pub(super) ring: u8,
}

/// Which posts can still intercept the vehicle of a warning or an order, the best first.
#[utoipa::path(get, path = "/dispatch/options", tag = "dispatch", params(OptionsQuery), responses((status = 200, body = OptionsView), (status = 404), (status = 422)))]
pub(crate) async fn options(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<OptionsQuery>,
) -> Result<Json<OptionsView>, Problem> {
    let seen = last_seen(&app, &by, &query).await?;
    let now = app.clock.now();
    let names = app.names.load_full();
    let Some((from, seen_at)) = seen else {
        let nobody = language.pick(
            "该预警没有卡口过车记录，无法推算去向；请按终端定位或人工判断派遣。",
            "No checkpoint saw the vehicle, so nobody knows where it goes; use its terminal, or judge yourself.",
        );
        return Ok(Json(OptionsView {
            seen: None,
            next: Vec::new(),
            posts: Vec::new(),
            nobody: Some(nobody.into()),
        }));
    };
    let places = ahead(&app, &from);
    let posts = app.records.posts().await?;
    let engaged = app.orders.engaged(now);
    let posts: Vec<Stand<'_>> = posts.iter().map(|post| Stand { post, busy: busy(post, &engaged) }).collect();
    let ranked = rank(&app, &posts, &places, &names.checkpoints, seen_at, now, language);
    let nobody = nobody(&posts, &places, &ranked, seen_at, now, &app.office.load().desk.limits, language);
    let time = |ms: i64| instant(seen_at.plus_ms(ms));
    let next = places.iter().filter_map(|place| {
        let at = names.checkpoints.get(&place.checkpoint)?;
        Some(AheadView {
            checkpoint_id: place.checkpoint.to_string(),
            name: at.name.to_string(),
            lon: at.location.lon_deg(),
            lat: at.location.lat_deg(),
            share: place.share,
            earliest: time(place.earliest_ms),
            likely: time(place.likely_ms),
            latest: time(place.latest_ms),
            ring: place.ring,
        })
    });
    let here = names.checkpoints.get(&from);
    let seen = here.map(|at| SeenView {
        checkpoint_id: from.to_string(),
        name: at.name.to_string(),
        lon: at.location.lon_deg(),
        lat: at.location.lat_deg(),
        at: instant(seen_at),
    });
    Ok(Json(OptionsView { seen, next: next.collect(), posts: ranked, nobody }))
}

/// A post, and the order that its crew has.
struct Stand<'a> {
    post: &'a Post,
    busy: Option<&'a Engaged>,
}

impl Stand<'_> {
    fn is_free(&self) -> bool {
        self.post.state == PostState::OnDuty && self.busy.is_none()
    }
}

/// The order that somebody of a post's crew has signed: with it the whole post is away.
pub(super) fn busy<'a>(post: &Post, engaged: &'a BTreeMap<SmolStr, Engaged>) -> Option<&'a Engaged> {
    post.crew.iter().find_map(|person| engaged.get(person))
}

/// Where and when the vehicle was seen last.
async fn last_seen(
    app: &App,
    by: &Signed,
    query: &OptionsQuery,
) -> Result<Option<(CheckpointId, Timestamp)>, Problem> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (mut plate, mut seen) = (None, Vec::new());
    let warning;
    if let Some(id) = given(&query.case) {
        let record = super::route::seen(app, by, &id).await?;
        let AnyCase::Dispatch(dispatch) = &record.case else { return Err(super::route::no_such()) };
        plate = Plate::parse(&dispatch.order.plate).ok();
        warning = dispatch.order.warning;
        seen.extend(dispatch.sightings.iter().filter_map(|it| Some((it.spot.checkpoint.clone()?, it.at))));
    } else if let Some(text) = given(&query.warning) {
        warning = Some(crate::warning::seen(app, by, &text).await?.warning.id);
    } else {
        return Err(Problem::invalid("请指明预警或指令。", "Name a warning or an order."));
    }
    if let Some(id) = warning {
        let record = app.records.warning(id).await?.ok_or_else(crate::warning::no_such)?;
        plate = plate.or(record.warning.subject.vehicle.map(|key| key.plate));
        seen.extend(record.warning.evidence.iter().filter_map(|observation| match &observation.fact {
            Fact::Passage(passage) => Some((passage.checkpoint.clone(), observation.captured_at)),
            Fact::Position(_) | Fact::Alarm(_) => None,
        }));
    }
    // What cameras saw of it since counts more than what the warning rests on.
    seen.extend(plate.and_then(|plate| app.board.last_passage(plate)));
    Ok(seen.into_iter().max_by_key(|(_, at)| *at))
}

/// The next places, and those behind them.
pub(super) fn ahead(app: &App, from: &CheckpointId) -> Vec<Place> {
    let onward = app.onward.lock();
    let mut places: Vec<Place> = onward
        .ahead(from, AHEAD_MAX)
        .into_iter()
        .filter(|next| next.share >= SHARE_MIN)
        .map(|next| Place {
            checkpoint: next.checkpoint,
            share: next.share,
            earliest_ms: next.earliest_ms,
            likely_ms: next.likely_ms,
            latest_ms: next.latest_ms,
            ring: 1,
        })
        .collect();
    let mut second: BTreeMap<CheckpointId, Place> = BTreeMap::new();
    for first in &places {
        for next in onward.ahead(&first.checkpoint, BEHIND_MAX) {
            let share = first.share * next.share;
            let is_known =
                next.checkpoint == *from || places.iter().any(|it| it.checkpoint == next.checkpoint);
            if is_known || share < SHARE_MIN {
                continue;
            }
            let place = Place {
                share,
                earliest_ms: first.earliest_ms + next.earliest_ms,
                likely_ms: first.likely_ms + next.likely_ms,
                latest_ms: first.latest_ms + next.latest_ms,
                ring: 2,
                checkpoint: next.checkpoint.clone(),
            };
            second
                .entry(next.checkpoint)
                .and_modify(|known| {
                    known.share += share;
                    known.earliest_ms = known.earliest_ms.min(place.earliest_ms);
                    known.latest_ms = known.latest_ms.max(place.latest_ms);
                })
                .or_insert(place);
        }
    }
    places.extend(second.into_values());
    places
}

fn drive_ms(from: Wgs84, to: Wgs84, limits: &Limits) -> i64 {
    let road_m = from.distance_m(to) * f64::from(limits.road_permille) / 1_000.0;
    let hours = road_m / 1_000.0 / f64::from(limits.patrol_kmh.max(1));
    i64::from(limits.prepare_minutes) * MINUTE_MS + (hours * 3_600_000.0) as i64
}

#[expect(clippy::too_many_arguments, reason = "what it is ranked by")]
/// Each post on duty at the place where it is most likely to meet the vehicle; who has an order already comes last.
fn rank(
    app: &App,
    posts: &[Stand<'_>],
    places: &[Place],
    checkpoints: &BTreeMap<CheckpointId, Checkpoint>,
    seen_at: Timestamp,
    now: Timestamp,
    language: Language,
) -> Vec<OptionView> {
    let office = app.office.load();
    let mut options: Vec<(f64, OptionView)> = Vec::new();
    for Stand { post, busy } in posts.iter().filter(|stand| stand.post.state == PostState::OnDuty) {
        let best = places
            .iter()
            .filter_map(|place| {
                let at = checkpoints.get(&place.checkpoint)?;
                let drive_ms = drive_ms(post.location, at.location, &office.desk.limits);
                let there_at = now.plus_ms(drive_ms);
                let margin_ms = seen_at.plus_ms(place.likely_ms).ms_since(there_at);
                // Late of the early ones is still in time for the others.
                let in_time = seen_at.plus_ms(place.earliest_ms).ms_since(there_at) >= 0;
                let score = match (margin_ms >= 0, in_time) {
                    (true, true) => place.share,
                    (true, false) => place.share * 0.7,
                    (false, _) => place.share * 0.001,
                };
                Some((score, place, at, drive_ms, margin_ms))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.4.cmp(&b.4)));
        let Some((score, place, at, drive_ms, margin_ms)) = best else { continue };
        let minutes = |ms: i64| ms.div_euclid(MINUTE_MS);
        let percent = (place.share * 100.0).round();
        let arrival = minutes(seen_at.plus_ms(place.likely_ms).ms_since(now)).max(0);
        let (drive, margin) = (minutes(drive_ms), minutes(margin_ms));
        let reason = if let Some(busy) = busy {
            let until = crate::words::beijing(busy.until);
            language.pick(
                format!(
                    "正在执行指令 {}（至 {until}），改派前不能再派；到“{}”需 {drive} 分钟。",
                    busy.order, at.name
                ),
                format!("Has the order {} until {until}; to “{}” it needs {drive} min.", busy.order, at.name),
            )
        } else if margin_ms >= 0 {
            language.pick(
                format!("车辆约 {arrival} 分钟后到达“{}”（{percent} % 的车辆由此经过），该岗 {drive} 分钟可到位，余量 {margin} 分钟。", at.name),
                format!("The vehicle is at “{}” in about {arrival} min ({percent} % go there); the post needs {drive} min, {margin} min to spare.", at.name),
            )
        } else {
            language.pick(
                format!("赶到“{}”需 {drive} 分钟，比车辆晚 {} 分钟。", at.name, -margin),
                format!("It needs {drive} min to “{}”, {} min after the vehicle.", at.name, -margin),
            )
        };
        let is_free = busy.is_none();
        options.push((
            if is_free { score } else { -1.0 },
            OptionView {
                post: post_view(app, post, *busy, language),
                ring: place.ring,
                checkpoint_id: place.checkpoint.to_string(),
                drive_minutes: drive,
                margin_minutes: margin,
                can_intercept: is_free && margin_ms >= 0,
                busy_with: busy.map(|busy| busy.order.to_string()),
                reason,
            },
        ));
    }
    options.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| b.1.margin_minutes.cmp(&a.1.margin_minutes)));
    options.into_iter().map(|(_, option)| option).collect()
}

/// An honest “nobody can”, with its reason.
#[expect(clippy::too_many_arguments, reason = "what it is judged by")]
fn nobody(
    posts: &[Stand<'_>],
    places: &[Place],
    ranked: &[OptionView],
    seen_at: Timestamp,
    now: Timestamp,
    limits: &Limits,
    language: Language,
) -> Option<String> {
    if ranked.iter().any(|option| option.can_intercept) {
        return None;
    }
    let since = now.ms_since(seen_at) / MINUTE_MS;
    let is_on_duty = |stand: &Stand<'_>| stand.post.state == PostState::OnDuty;
    let text = if !posts.iter().any(is_on_duty) {
        language.pick("当前没有在岗的岗点或巡逻组。".to_owned(), "No post or patrol is on duty.".to_owned())
    } else if !posts.iter().any(Stand::is_free) {
        language.pick(
            "在岗力量均正在执行指令；如需改派，请先撤回原指令。".to_owned(),
            "Everybody on duty has an order; withdraw one first to send them elsewhere.".to_owned(),
        )
    } else if places.is_empty() {
        language.pick(
            "尚未积累该卡口的车辆去向，无法推算；请按道路情况人工派遣。".to_owned(),
            "Nothing is known yet of where vehicles go from there; judge yourself.".to_owned(),
        )
    } else if since > i64::from(limits.sighting_minutes_max) {
        language.pick(
            format!("该车已 {since} 分钟未被采集，去向不明；建议布控等待下一次采集。"),
            format!("Nothing saw it for {since} min, so nobody knows where it is; put it under watch."),
        )
    } else {
        language.pick(
            "在岗力量均晚于车辆预计到达时间，已无法拦截；建议布控或通知下一辖区。".to_owned(),
            "Everybody on duty comes after the vehicle; put it under watch or tell the next county."
                .to_owned(),
        )
    };
    Some(text)
}
