//! Brings the county into a platform through its public API, as an administrator would.

use crate::county::County;
use crate::county::export::{self, ExportError, Table};
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

/// The public API of a platform, with an administrator's token.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// How much of a refusal is shown.
const ANSWER_CHARS_MAX: usize = 400;
/// An import of 100,000 vehicles takes a while on a small machine.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(3);

impl Api {
    /// The API at a server such as `http://host:port`.
    pub fn new(server: &str, token: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().timeout(REQUEST_TIMEOUT).build()?;
        Ok(Self { http, base: format!("{}/api/v1", server.trim_end_matches('/')), token: token.to_owned() })
    }

    async fn send(
        &self,
        what: &'static str,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, ProvisionError> {
        let sent = request.bearer_auth(&self.token).send().await;
        let answer = sent.map_err(|source| ProvisionError::Http { what, source })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let answer = answer.text().await.unwrap_or_default().chars().take(ANSWER_CHARS_MAX).collect();
        Err(ProvisionError::Refused { what, status, answer })
    }

    /// Imports one table.
    pub async fn import(
        &self,
        county: &County,
        table: Table,
        terminal_count: usize,
    ) -> Result<Imported, ProvisionError> {
        let what = table.key();
        let body = export::csv(county, table, terminal_count)
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

    /// Sets the clock of a platform whose clock is driven.
    pub async fn set_clock(&self, now_ms: i64) -> Result<(), ProvisionError> {
        let body = serde_json::json!({"now": crate::clock::rfc3339(now_ms)});
        self.send("clock", self.http.put(format!("{}/clock", self.base)).json(&body)).await.map(drop)
    }
}
