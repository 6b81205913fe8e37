//! A warning replayed (预警重放): what the journal holds about its subject is judged once more, step by step. The journal's
//! reader does it, since it has the engine; here is how it is asked and what people read.

use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::warning::{EvidenceView, evidence_view};
use crate::wire::instant;
use axum::Json;
use axum::extract::{Path, State};
use domain::Warning;
use judgement::{Change, Replay};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::oneshot;
use utoipa::ToSchema;

/// A warning to be replayed.
#[derive(Debug)]
pub struct ReplayRequest {
    /// As it is stored.
    pub warning: Warning,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Replay, ReplayFault>>,
}

/// Requests that wait for the journal's reader; more are told to come again.
pub const REPLAYS_WAITING_MAX: usize = 8;

/// Why there is no replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayFault {
    /// The journal no longer holds its time.
    #[error("the journal no longer holds that time")]
    Expired,
    /// It takes longer than it may.
    #[error("it takes too long")]
    TooLong,
    /// The journal can't be read.
    #[error("the journal can't be read")]
    Unreadable,
}

/// A replay.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayView {
    /// Whether the same warning came of it, in every field. It may not: when models were tuned or the register changed
    /// since, or when observations are missing in the journal.
    is_same: bool,
    /// Whether a warning of this identity came of it at all.
    is_raised: bool,
    /// Observations about its subject that were judged.
    judged_count: usize,
    /// The telling ones, in the order in which they reached us.
    steps: Vec<StepView>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
struct StepView {
    /// When it happened, clocks set right.
    at: String,
    /// `none`, `raised`, `revised` or `withdrawn`.
    change: &'static str,
    /// How sure it was this vehicle, 0 to 1; absent where no plate was read.
    read_likelihood: Option<f64>,
    /// What was judged; absent when a deadline fired.
    observation: Option<EvidenceView>,
}

/// Replays a warning from the journal. It may take some seconds.
#[utoipa::path(get, path = "/warnings/{id}/replay", tag = "warnings", params(("id" = String, Path)),
    responses((status = 200, body = ReplayView), (status = 404), (status = 409), (status = 503)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
) -> Result<Json<ReplayView>, Problem> {
    let record = crate::warning::seen(&app, &by, &id).await?;
    let (answer, answered) = oneshot::channel();
    let request = ReplayRequest { warning: record.warning.clone(), answer };
    app.replays.try_send(request).map_err(|_| Problem::busy())?;
    let replay = answered.await.map_err(|_| Problem::busy())?.map_err(|fault| match fault {
        ReplayFault::Expired => Problem::conflict(
            "日志中已不再保存该时段的记录，无法重放。",
            "The journal no longer holds that time.",
        ),
        ReplayFault::TooLong => Problem::conflict(
            "该预警涉及的记录过多，未能在限定时间内重放完。",
            "Too much would have to be judged again for this warning.",
        ),
        ReplayFault::Unreadable => Problem::busy(),
    })?;
    let names = app.names.load();
    let steps = replay.steps.iter().map(|step| StepView {
        at: instant(step.at),
        change: match step.change {
            Change::None => "none",
            Change::Raised => "raised",
            Change::Revised => "revised",
            Change::Withdrawn => "withdrawn",
        },
        read_likelihood: step.read_permille.map(|permille| f64::from(permille) / 1000.0),
        observation: step.observation.as_ref().map(|seen| evidence_view(seen, &names, language)),
    });
    Ok(Json(ReplayView {
        is_same: replay.warning.as_ref() == Some(&record.warning),
        is_raised: replay.warning.is_some(),
        judged_count: replay.judged,
        steps: steps.collect(),
    }))
}
