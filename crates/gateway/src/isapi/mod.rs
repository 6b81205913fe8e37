//! Hikvision cameras and recorders: ISAPI notices (`EventNotificationAlert`, ANPR) posted to a listening host.
//!
//! Set on the camera: protocol HTTP, this listener's address, and as path `/isapi/<its identity here>`.

mod passage;

use crate::accept::Shutdown;
use crate::context::Context;
use crate::notifier::{self, Maker, Said};
use crate::offence::OffenceCodes;
use domain::DeviceKind;
use http::StatusCode;
use notice::isapi::{Notice, Request};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves Hikvision's cameras until `shutdown` becomes true; returns when every connection has ended.
pub async fn serve(listener: TcpListener, context: Arc<Context>, shutdown: Shutdown) {
    notifier::serve::<Hikvision>(listener, context, shutdown).await;
}

struct Hikvision;

impl Maker for Hikvision {
    const KIND: DeviceKind = DeviceKind::Isapi;
    const ANSWER_TYPE: &'static str = "application/xml; charset=UTF-8";

    fn read<'b>(
        _: &str,
        content_type: &str,
        body: &'b [u8],
        limits: &notice::Limits,
        codes: &OffenceCodes,
    ) -> Result<Said<'b>, notice::Problem> {
        let Request { notice, pictures } = Request::read(content_type, body, limits)?;
        Ok(match &notice.capture {
            Some(capture) => Said::Passage(Box::new(passage::sighting(&notice, capture, pictures, codes))),
            None if notice.is_heartbeat() => Said::SignOfLife,
            None => Said::Nothing,
        })
    }

    /// `ResponseStatus` of the ISAPI guide: 1 OK, 2 busy, 4 invalid operation, 6 invalid content.
    fn answer(status: StatusCode, path: &str) -> String {
        let (code, text) = match status {
            StatusCode::OK => (1, "OK"),
            StatusCode::SERVICE_UNAVAILABLE => (2, "Device Busy"),
            StatusCode::BAD_REQUEST => (6, "Invalid Content"),
            _ => (4, "Invalid Operation"),
        };
        let path: String =
            path.chars().filter(|c| c.is_ascii_alphanumeric() || "/-_.:".contains(*c)).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ResponseStatus version=\"2.0\" \
             xmlns=\"http://www.isapi.org/ver20/XMLSchema\"><requestURL>{path}</requestURL>\
             <statusCode>{code}</statusCode><statusString>{text}</statusString></ResponseStatus>\n"
        )
    }

    fn name_in_path(path: &str) -> Option<&str> {
        let mut steps = path.split('/').skip_while(|step| !step.eq_ignore_ascii_case("isapi"));
        steps.nth(1)
    }

    fn names(content_type: &str, beginning: &[u8]) -> Vec<String> {
        let limits = notice::Limits::default();
        let notice = match Request::read(content_type, beginning, &limits) {
            Ok(request) => request.notice,
            Err(_) => Notice::default(),
        };
        let mac = notice.mac_address.replace([':', '-'], "").to_ascii_lowercase();
        let serial = notice.serial.replace(' ', "");
        [mac, serial, notice.device_id, notice.channel_name]
            .into_iter()
            .filter(|name| !name.is_empty())
            .collect()
    }
}
