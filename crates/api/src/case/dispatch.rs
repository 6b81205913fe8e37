//! Dispatch that helps: where a vehicle will be, and which posts can still be there before it.

use super::post::{PostView, post_view};
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{Language, instant};
use axum::Json;
use axum::extract::{Query, State};
use domain::case::Limits;
use domain::observation::Fact;
use domain::time::MINUTE_MS;
use domain::{Checkpoint, CheckpointId, Timestamp, Wgs84};
use records::{Post, PostState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Next places that are told.
const AHEAD_MAX: usize = 6;
/// Places behind these that are told.
const BEHIND_MAX: usize = 3;
/// Shares below this are left out: a road that one vehicle in fifty takes is nowhere to stand.
const SHARE_MIN: f64 = 0.02;
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct OptionsQuery {
    /// The warning.
    warning: String,
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
    can_intercept: bool,
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
struct Place {
    checkpoint: CheckpointId,
    share: f64,
    earliest_ms: i64,
    likely_ms: i64,
    latest_ms: i64,
    ring: u8,
}

/// Which posts can still intercept the vehicle of a warning, the best first.
#[utoipa::path(get, path = "/dispatch/options", tag = "dispatch", params(OptionsQuery), responses((status = 200, body = OptionsView), (status = 404)))]
pub(crate) async fn options(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<OptionsQuery>,
) -> Result<Json<OptionsView>, Problem> {
    let id = crate::warning::parse_id(&query.warning)?;
    let record = app.records.warning(id).await?.ok_or_else(crate::warning::no_such)?;
    let now = app.clock.now();
    let names = app.names.load_full();
    let last_in_evidence =
        record.warning.evidence.iter().rev().find_map(|observation| match &observation.fact {
            Fact::Passage(passage) => Some((passage.checkpoint.clone(), observation.captured_at)),
            Fact::Position(_) | Fact::Alarm(_) => None,
        });
    // What cameras saw of it since counts more than what the warning rests on.
    let since = record.warning.subject.vehicle.and_then(|key| app.board.last_passage(key.plate));
    let seen = match (last_in_evidence, since) {
        (Some(a), Some(b)) => Some(if a.1 >= b.1 { a } else { b }),
        (a, b) => a.or(b),
    };
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

/// The next places, and those behind them.
fn ahead(app: &App, from: &CheckpointId) -> Vec<Place> {
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
/// Each free post at the place where it is most likely to meet the vehicle.
fn rank(
    app: &App,
    posts: &[Post],
    places: &[Place],
    checkpoints: &BTreeMap<CheckpointId, Checkpoint>,
    seen_at: Timestamp,
    now: Timestamp,
    language: Language,
) -> Vec<OptionView> {
    let office = app.office.load();
    let mut options: Vec<(f64, OptionView)> = Vec::new();
    for post in posts.iter().filter(|post| post.state == PostState::OnDuty) {
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
        let reason = if margin_ms >= 0 {
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
        options.push((
            score,
            OptionView {
                post: post_view(app, post, language),
                ring: place.ring,
                checkpoint_id: place.checkpoint.to_string(),
                drive_minutes: drive,
                margin_minutes: margin,
                can_intercept: margin_ms >= 0,
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
    posts: &[Post],
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
    let text = if posts.iter().all(|post| post.state != PostState::OnDuty) {
        language.pick("当前没有在岗的岗点或巡逻组。".to_owned(), "No post or patrol is on duty.".to_owned())
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
