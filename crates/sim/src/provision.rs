//! Brings the county into a platform through its public API, as an administrator would.

use crate::county::County;
use crate::county::export::{self, ExportError, Roster, Table};
use serde::Deserialize;
use std::time::Duration;

/// Why the county could not be brought in.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The table could not be made.
    #[error("could not make {table}")]
    Table {
        /// Which.
        table: &'static str,
        /// Why.
        #[source]
        source: ExportError,
    },
    /// The platform did not answer.
    #[error("could not send {what}")]
    Http {
        /// What was sent.
        what: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The platform answered no.
    #[error("{what} refused with status {status}: {answer}")]
    Refused {
        /// What was sent.
        what: &'static str,
        /// The status.
        status: reqwest::StatusCode,
        /// The beginning of the answer.
        answer: String,
    },
}

/// What became of one table.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Imported {
    /// Rows sent.
    pub rows: usize,
    /// Rows taken.
    pub accepted: usize,
    /// Rows refused.
    pub rejected: usize,
}

/// How an administrator shows who they are.
#[derive(Clone)]
pub enum Access {
    /// A token of a session that is open.
    Token(String),
    /// Name and password: a session is opened when needed, and again when it has lapsed, as it does when a driven clock
    /// runs ahead.
    Password {
        /// Name.
        username: String,
        /// Password.
        password: String,
    },
}

/// The public API of a platform, as an administrator.
pub struct Api {
    http: reqwest::Client,
    base: String,
    access: Access,
    /// The token in use.
    token: tokio::sync::Mutex<String>,
}

/// How much of a refusal is shown.
const ANSWER_CHARS_MAX: usize = 400;
/// An import of 100,000 vehicles takes a while on a small machine.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(3);

impl Api {
    /// The API at a server such as `http://host:port`.
    pub fn new(server: &str, access: Access) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().timeout(REQUEST_TIMEOUT).build()?;
        let token = match &access {
            Access::Token(token) => token.clone(),
            Access::Password { .. } => String::new(),
        };
        let base = format!("{}/api/v1", server.trim_end_matches('/'));
        Ok(Self { http, base, access, token: token.into() })
    }

    /// A request to a path of the API.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap_or(reqwest::Method::GET);
        self.http.request(method, format!("{}/{path}", self.base))
    }

    /// Sends a request and reads what it answers.
    pub(crate) async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        request: reqwest::RequestBuilder,
    ) -> Result<T, ProvisionError> {
        self.send(what, request).await?.json().await.map_err(|source| ProvisionError::Http { what, source })
    }

    /// Sends a request in the session of somebody else.
    pub(crate) async fn send_as(
        &self,
        what: &'static str,
        request: reqwest::RequestBuilder,
        token: &str,
    ) -> Result<reqwest::Response, ProvisionError> {
        let answer = request.bearer_auth(token).send().await;
        checked(what, answer.map_err(|source| ProvisionError::Http { what, source })?).await
    }

    pub(crate) async fn send(
        &self,
        what: &'static str,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, ProvisionError> {
        let http = |source| ProvisionError::Http { what, source };
        let again = request.try_clone();
        let token = self.token.lock().await.clone();
        let mut answer = request.bearer_auth(token).send().await.map_err(http)?;
        if answer.status() == reqwest::StatusCode::UNAUTHORIZED
            && let (Access::Password { username, password }, Some(again)) = (&self.access, again)
        {
            let token = self.open_session(username, password).await.map_err(http)?;
            answer = again.bearer_auth(&token).send().await.map_err(http)?;
            *self.token.lock().await = token;
        }
        checked(what, answer).await
    }

    /// A new session's token; empty when the platform gave none.
    async fn open_session(&self, username: &str, password: &str) -> Result<String, reqwest::Error> {
        #[derive(Deserialize)]
        struct Opened {
            token: String,
        }
        let body = serde_json::json!({"username": username, "password": password});
        let answer = self.http.post(format!("{}/session", self.base)).json(&body).send().await?;
        match answer.error_for_status_ref() {
            Ok(_) => Ok(answer.json::<Opened>().await?.token),
            Err(_) => Ok(String::new()),
        }
    }

    /// Imports one table.
    pub async fn import(
        &self,
        county: &County,
        table: Table,
        roster: &Roster,
    ) -> Result<Imported, ProvisionError> {
        let what = table.key();
        let body = export::csv(county, table, roster)
            .map_err(|source| ProvisionError::Table { table: what, source })?;
        let request = self.http.post(format!("{}/imports/{what}", self.base));
        let request = request.header("Content-Type", "text/csv; charset=utf-8").body(body);
        let answer = self.send(what, request).await?;
        answer.json().await.map_err(|source| ProvisionError::Http { what, source })
    }

    /// Puts the county's roads and places on the map.
    pub async fn put_map(&self, county: &County) -> Result<(), ProvisionError> {
        for (what, path, map) in [
            ("roads", "map/roads", export::roads_geojson(county)),
            ("places", "map/places", export::places_geojson(county)),
        ] {
            let request = self.http.put(format!("{}/{path}", self.base)).json(&map);
            self.send(what, request).await?;
        }
        Ok(())
    }

    /// Puts the county's zones; gives how many the platform took: none where it knows no zones.
    pub async fn put_zones(&self, county: &County) -> Result<usize, ProvisionError> {
        for zone in &county.areas {
            let request = self.http.put(format!("{}/zones/{}", self.base, zone.id)).json(&zone_json(zone));
            match self.send("zone", request).await {
                Ok(_) => {}
                Err(ProvisionError::Refused { status, .. }) if is_unknown(status) => return Ok(0),
                Err(error) => return Err(error),
            }
        }
        Ok(county.areas.len())
    }

    /// Reports what a truck weighed; gives whether the platform takes weighings.
    pub async fn post_weighing(&self, weighing: &serde_json::Value) -> Result<bool, ProvisionError> {
        let request = self.http.post(format!("{}/weighings", self.base)).json(weighing);
        match self.send("weighing", request).await {
            Ok(_) => Ok(true),
            Err(ProvisionError::Refused { status, .. }) if is_unknown(status) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes a camera off the list of those refused. It need not be on it.
    pub async fn dismiss_camera(&self, camera: &str) -> Result<(), ProvisionError> {
        let request = self.http.delete(format!("{}/refused-devices/camera/{camera}", self.base));
        match self.send("dismissal", request).await {
            Err(ProvisionError::Refused { status: reqwest::StatusCode::NOT_FOUND, .. }) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Sets the clock of a platform whose clock is driven.
    pub async fn set_clock(&self, now_ms: i64) -> Result<(), ProvisionError> {
        let body = serde_json::json!({"now": crate::clock::rfc3339(now_ms)});
        self.send("clock", self.http.put(format!("{}/clock", self.base)).json(&body)).await.map(drop)
    }
}

/// An answer that says yes.
async fn checked(what: &'static str, answer: reqwest::Response) -> Result<reqwest::Response, ProvisionError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let answer = answer.text().await.unwrap_or_default().chars().take(ANSWER_CHARS_MAX).collect();
    Err(ProvisionError::Refused { what, status, answer })
}

/// Whether the platform has no such route.
fn is_unknown(status: reqwest::StatusCode) -> bool {
    matches!(status, reqwest::StatusCode::NOT_FOUND | reqwest::StatusCode::METHOD_NOT_ALLOWED)
}

/// A zone as the API takes it.
fn zone_json(zone: &domain::Zone) -> serde_json::Value {
    use domain::Area;
    let points = |points: &[domain::Wgs84]| -> Vec<[f64; 2]> {
        points.iter().map(|point| [point.lon_deg(), point.lat_deg()]).collect()
    };
    let area = match &zone.area {
        Area::Checkpoints => serde_json::json!({"type": "checkpoints"}),
        Area::Polygon(corners) => serde_json::json!({"type": "polygon", "points": points(corners)}),
        Area::Line { points: line, reach_m } => {
            serde_json::json!({"type": "line", "points": points(line), "reach_m": reach_m})
        }
    };
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let hours: Vec<serde_json::Value> = zone
        .hours
        .iter()
        .map(|hours| {
            let days: Vec<u8> = (0..7).filter(|day| hours.days >> day & 1 != 0).map(|day| day + 1).collect();
            serde_json::json!({"days": days, "from": clock(hours.from_minute), "to": clock(hours.to_minute)})
        })
        .collect();
    let exempt: Vec<serde_json::Value> = zone
        .exempt
        .iter()
        .map(|key| serde_json::json!({"plate": key.plate.to_string(), "plate_class": key.class.to_string()}))
        .collect();
    serde_json::json!({
        "name": zone.name,
        "kind": zone.kind.key(),
        "area": area,
        "checkpoints": zone.checkpoints,
        "key_classes": zone.key_classes.iter().map(|class| class.key()).collect::<Vec<_>>(),
        "families": zone.families,
        "hours": hours,
        "exempt": exempt,
    })
}
