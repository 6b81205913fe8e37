//! Dahua cameras and recorders: ITSAPI notices posted as JSON.
//!
//! Set on the camera: this listener's address, and as paths those of the manual, `/NotificationInfo/TollgateInfo` and so on, with
//! `/<its identity here>` before them where the camera lets one.

mod passage;

use crate::accept::Shutdown;
use crate::context::Context;
use crate::notifier::{self, Maker, Said};
use crate::offence::OffenceCodes;
use domain::DeviceKind;
use http::StatusCode;
use notice::dahua::{Notice, Push};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves Dahua's cameras until `shutdown` becomes true; returns when every connection has ended.
pub async fn serve(listener: TcpListener, context: Arc<Context>, shutdown: Shutdown) {
    notifier::serve::<Dahua>(listener, context, shutdown).await;
}

struct Dahua;

impl Maker for Dahua {
    const KIND: DeviceKind = DeviceKind::Dahua;
    const ANSWER_TYPE: &'static str = "application/json";

    fn read<'b>(
        path: &str,
        _: &str,
        body: &'b [u8],
        limits: &notice::Limits,
        codes: &OffenceCodes,
    ) -> Result<Said<'b>, notice::Problem> {
        // A sign of life may be empty.
        if matches!(Push::of_path(path), Some(Push::KeepAlive | Push::Device)) {
            return Ok(Said::SignOfLife);
        }
        let notice = Notice::read_push(body, limits)?;
        Ok(match &notice.capture {
            Some(capture) => Said::Passage(Box::new(passage::sighting(&notice, capture, codes))),
            None => Said::Nothing,
        })
    }

    /// Without `result` the camera sends the same notice again and again.
    fn answer(status: StatusCode, _: &str) -> String {
        let is_taken = status == StatusCode::OK;
        let message = status.canonical_reason().unwrap_or_default();
        format!("{{\"Result\":{is_taken},\"result\":\"{is_taken}\",\"Message\":\"{message}\"}}")
    }

    fn name_in_path(path: &str) -> Option<&str> {
        let (before, _) = path.split_once("/NotificationInfo")?;
        before.rsplit('/').next().filter(|name| !name.is_empty())
    }

    fn names(_: &str, beginning: &[u8]) -> Vec<String> {
        if let Ok(notice) = Notice::read_push(beginning, &notice::Limits::default()) {
            return vec![notice.device_id].into_iter().filter(|name| !name.is_empty()).collect();
        }
        // Cut off within a picture; the name may have come before it.
        let text = String::from_utf8_lossy(beginning);
        let after = text.split_once("\"DeviceID\"").and_then(|(_, rest)| rest.split('"').nth(1));
        after.filter(|name| !name.is_empty()).map(str::to_owned).into_iter().collect()
    }
}
