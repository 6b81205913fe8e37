//! The county's people at work: duty officers sign and send out, patrols intercept, the office assigns hazards, members rectify,
//! townships report and teach. Most do it in time, some late, some wrong, so that boards and figures fill by themselves. They
//! know what anybody knows who opens the page: their tasks, and what the platform offers them to do.

mod answer;
mod hazard;

use crate::county::County;
use crate::county::staff::{Person, Staff};
use crate::dice::{Dice, Stream};
use crate::provision::{Access, Api, ProvisionError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How often somebody looks at what waits.
const LOOK_PERIOD: Duration = Duration::from_secs(8);
/// Tasks that somebody works at each look at most.
const WORKED_AT_ONCE: usize = 3;
/// Of a hundred tasks so many are left lying, and so many are done late.
const NEVER_PERCENT: usize = 4;
const LATE_PERCENT: usize = 12;
/// How long somebody takes who does it in time, and who does it late, in ms.
const IN_TIME_MS: (usize, usize) = (5_000, 70_000);
const LATE_MS: (usize, usize) = (150_000, 900_000);
/// Tasks that are remembered at most, each with when it will be done.
const PLANNED_MAX: usize = 5_000;

/// A person at work.
pub(crate) struct Officer {
    pub(crate) api: Api,
    pub(crate) person: Person,
    pub(crate) county: Arc<County>,
    pub(crate) dice: Dice,
    /// When each task will be done, in ms of the simulation; `None`: never.
    planned: BTreeMap<i64, Option<i64>>,
    /// When the next thing is found or taught without being asked.
    pub(crate) next_find_ms: i64,
}

/// Lets everybody work until this is dropped.
pub async fn work(
    server: &str,
    county: Arc<County>,
    password: &str,
    now_ms: impl Fn() -> i64 + Send + Sync + Clone + 'static,
) -> Result<(), reqwest::Error> {
    let staff = Staff::of(&county);
    let works = |person: &&Person| {
        let idle =
            ["inspector", "system_administrator", "security_administrator", "audit_administrator", "clerk"];
        !person.roles.iter().any(|role| idle.contains(role))
    };
    let mut all = JoinSet::new();
    for (index, person) in staff.people.iter().enumerate().filter(|(_, person)| works(person)) {
        let access = Access::Password { username: person.username.clone(), password: password.to_owned() };
        let mut officer = Officer {
            api: Api::new(server, access)?,
            person: person.clone(),
            county: county.clone(),
            dice: Dice::new(county.seed, Stream::Officer, index as u64, 0),
            planned: BTreeMap::new(),
            next_find_ms: 0,
        };
        let now_ms = now_ms.clone();
        all.spawn(async move {
            // Not all at once.
            tokio::time::sleep(Duration::from_millis(200 * index as u64)).await;
            loop {
                if let Err(error) = officer.look(now_ms()).await {
                    tracing::debug!(who = officer.person.username, %error, "could not work");
                }
                tokio::time::sleep(LOOK_PERIOD).await;
            }
        });
    }
    while all.join_next().await.is_some() {}
    Ok(())
}

impl Officer {
    pub(crate) fn has(&self, role: &str) -> bool {
        self.person.roles.contains(&role)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, ProvisionError> {
        self.api.ask("read", self.api.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ProvisionError> {
        self.api.ask("do", self.api.request("POST", path).json(body)).await
    }

    /// Looks at what waits, and does some of it.
    async fn look(&mut self, now_ms: i64) -> Result<(), ProvisionError> {
        let tasks = self.get("tasks?mine=true&limit=100").await?;
        let tasks = tasks["items"].as_array().cloned().unwrap_or_default();
        let mut worked = 0;
        for task in tasks {
            let Some(id) = task["id"].as_i64() else { continue };
            let due = *self.planned.entry(id).or_insert_with(|| plan(&mut self.dice, now_ms));
            if due.is_none_or(|at_ms| at_ms > now_ms) {
                continue;
            }
            if let Err(error) = self.answer(&task, now_ms).await {
                // Somebody was faster, or it is refused: whoever works here sees it and goes on.
                tracing::debug!(who = self.person.username, %error, step = %task["step"], "was refused");
                self.planned.insert(id, plan(&mut self.dice, now_ms + 60_000));
            }
            worked += 1;
            if worked >= WORKED_AT_ONCE {
                break;
            }
        }
        while self.planned.len() > PLANNED_MAX {
            self.planned.pop_first();
        }
        self.find(now_ms).await
    }
}

/// When a task that was seen now will be done.
fn plan(dice: &mut Dice, now_ms: i64) -> Option<i64> {
    let percent = dice.below(100);
    let (least, most) = match percent {
        _ if percent < NEVER_PERCENT => return None,
        _ if percent < NEVER_PERCENT + LATE_PERCENT => LATE_MS,
        _ => IN_TIME_MS,
    };
    Some(now_ms + (least + dice.below(most - least)) as i64)
}

/// A grey picture: what a phone sends is not what matters here.
fn picture(shade: u8) -> Result<Vec<u8>, jpeg_encoder::EncodingError> {
    const SIDE: u16 = 48;
    let mut bytes = Vec::new();
    let pixels: Vec<u8> = (0..SIDE * SIDE).map(|at| shade.wrapping_add((at % SIDE) as u8)).collect();
    jpeg_encoder::Encoder::new(&mut bytes, 70).encode(&pixels, SIDE, SIDE, jpeg_encoder::ColorType::Luma)?;
    Ok(bytes)
}

impl Api {
    /// Sets up two posts for each squad, at checkpoints, with its patrols as crews.
    pub async fn put_posts(
        &self,
        county: &County,
        staff: &Staff,
        unit_ids: &[i64],
    ) -> Result<usize, ProvisionError> {
        let there: Value = self.ask("posts", self.request("GET", "posts")).await?;
        if there.as_array().is_some_and(|posts| !posts.is_empty()) {
            return Ok(0);
        }
        let patrols: Vec<&Person> =
            staff.people.iter().filter(|person| person.roles.contains(&"patrol_officer")).collect();
        let step = (county.checkpoints.len() / patrols.len().max(1)).max(1);
        let mut count = 0;
        for (number, patrol) in patrols.iter().enumerate() {
            let Some(unit) = patrol.unit.and_then(|unit| unit_ids.get(unit)) else { continue };
            let checkpoint = &county.checkpoints[(number * step) % county.checkpoints.len()];
            let at = checkpoint.at.to_wgs84();
            let (kind, word) = if number % 2 == 0 { ("fixed", "岗") } else { ("patrol", "巡逻组") };
            let post = json!({ "name": format!("{}{word}", checkpoint.name), "unit": unit, "kind": kind, "state": "on_duty",
                               "lon": at.lon_deg() + 0.002, "lat": at.lat_deg() + 0.002, "crew": [patrol.username] });
            let _made: Value = self.ask("post", self.request("POST", "posts").json(&post)).await?;
            count += 1;
        }
        Ok(count)
    }
}

impl Officer {
    /// Sends a picture; gives its identity.
    pub(crate) async fn attach(&mut self) -> Result<Value, ProvisionError> {
        let body = picture(self.dice.below(190) as u8).unwrap_or_default();
        let request =
            self.api.request("POST", "attachments?name=photo.jpg").header("content-type", "image/jpeg");
        let stored: Value = self.api.ask("picture", request.body(body)).await?;
        Ok(stored["id"].clone())
    }

    /// Does this with a case, as it stands now.
    pub(crate) async fn act(&self, file: &Value, act: Value) -> Result<Value, ProvisionError> {
        let id = file["case"]["id"].as_str().unwrap_or_default();
        let body = json!({ "version": file["case"]["version"], "act": act });
        self.post(&format!("cases/{id}/acts"), &body).await
    }
}
