//! The slow check of all files of the history: what the last one found, how far the present one is, and asking for one.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::instant;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Timestamp;
use records::StoreError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The name of the setting in which it survives a restart.
const SETTING: &str = "history.verification";
/// Damaged files that are named; more are counted.
pub const DAMAGED_NAMED_MAX: usize = 200;

/// How the checks of the files stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The last whole one.
    pub last: Option<VerificationPass>,
    /// The one that is under way; it goes on after a restart.
    pub running: Option<VerificationPass>,
}

/// One check of all files, in the order of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationPass {
    /// When it began, Unix milliseconds.
    pub began_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Files that were compared with their checksum.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Files of them that are not what was written, or are gone.
    pub damaged: u64,
    /// The first of them by name.
    pub damaged_paths: Vec<String>,
    /// The last path that was compared.
    pub up_to: String,
}

impl Verification {
    /// As it was last stored.
    pub async fn read(app: &App) -> Result<Self, StoreError> {
        Ok(app.records.setting(SETTING).await?.unwrap_or_default())
    }

    /// Stores it, and shows it.
    pub async fn store(&self, app: &App) -> Result<(), StoreError> {
        app.archive.verification.store(Arc::new(self.clone()));
        app.records.put_setting(SETTING, self, app.clock.now()).await
    }
}

/// How the checks of the files stand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerificationView {
    last: Option<PassView>,
    running: Option<PassView>,
}

/// One check of all files.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PassView {
    began_at: String,
    ended_at: Option<String>,
    files: u64,
    bytes: u64,
    /// Files that are not what was written, or are gone.
    damaged: u64,
    /// The first 200 of them.
    damaged_paths: Vec<String>,
}

impl From<&Verification> for VerificationView {
    fn from(verification: &Verification) -> Self {
        let view = |pass: &VerificationPass| PassView {
            began_at: instant(Timestamp::from_unix_ms(pass.began_ms)),
            ended_at: pass.ended_ms.map(|ms| instant(Timestamp::from_unix_ms(ms))),
            files: pass.files,
            bytes: pass.bytes,
            damaged: pass.damaged,
            damaged_paths: pass.damaged_paths.clone(),
        };
        Self { last: verification.last.as_ref().map(view), running: verification.running.as_ref().map(view) }
    }
}

/// Asks for a check of all files now; one that is under way goes on. How it does is told with the storage.
#[utoipa::path(post, path = "/history/verification", tag = "history", responses((status = 204)))]
pub(crate) async fn ask(State(app): State<Arc<App>>, by: Signed) -> Result<StatusCode, Problem> {
    app.archive.verify_asked.notify_one();
    by.audit(&app, "history.verify", "history", "").await?;
    Ok(StatusCode::NO_CONTENT)
}
