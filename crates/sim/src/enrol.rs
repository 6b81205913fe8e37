//! Brings the county's units and people into a platform, as its administrators would.

use crate::clock;
use crate::county::staff::{Person, Staff, Unit};
use crate::geo::Point;
use crate::provision::{Api, ProvisionError};
use domain::time::HOUR_MS;
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;

/// How long those are on duty who are at the beginning.
const DUTY_MS: i64 = 24 * HOUR_MS;

#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct KnownUnit {
    id: i64,
    parent_id: Option<i64>,
    name: String,
}

#[derive(Deserialize)]
struct KnownUser {
    id: i64,
    username: String,
}

#[derive(Deserialize)]
struct Created {
    user: KnownUser,
    one_time_password: String,
}

#[derive(Deserialize)]
struct Opened {
    token: String,
}

impl Api {
    /// Adds the units that are not there yet; gives the identity of each.
    pub async fn put_units(&self, units: &[Unit]) -> Result<Vec<i64>, ProvisionError> {
        let there: List<KnownUnit> = self.ask("units", self.request("GET", "units")).await?;
        let mut known: HashMap<_, _> =
            there.items.into_iter().map(|unit| ((unit.parent_id, unit.name), unit.id)).collect();
        let mut ids: Vec<i64> = Vec::with_capacity(units.len());
        for unit in units {
            let parent = unit.parent.and_then(|index| ids.get(index).copied());
            let id = if let Some(id) = known.get(&(parent, unit.name.clone())) {
                *id
            } else {
                let at = unit.at.map(Point::to_wgs84);
                let location = at.map(|at| json!({ "lon": at.lon_deg(), "lat": at.lat_deg() }));
                let body = json!({ "parent_id": parent, "kind": unit.kind, "name": unit.name,
                                   "code": unit.code, "location": location });
                let unit: KnownUnit = self.ask("unit", self.request("POST", "units").json(&body)).await?;
                known.insert((unit.parent_id, unit.name), unit.id);
                unit.id
            };
            ids.push(id);
        }
        Ok(ids)
    }

    /// Adds the people who are not there yet, with their roles, and sets this password for them; gives how many.
    pub async fn put_people(
        &self,
        staff: &Staff,
        unit_ids: &[i64],
        password: &str,
        now_ms: i64,
    ) -> Result<usize, ProvisionError> {
        let there: List<KnownUser> = self.ask("users", self.request("GET", "users")).await?;
        let is_there = |person: &&Person| there.items.iter().any(|user| user.username == person.username);
        let mut count = 0;
        for person in staff.people.iter().filter(|person| !is_there(person)) {
            let unit_id = person.unit.and_then(|index| unit_ids.get(index));
            let body = json!({ "username": person.username, "display_name": person.name, "unit_id": unit_id,
                               "post": person.post, "phone": person.phone });
            let created: Created = self.ask("user", self.request("POST", "users").json(&body)).await?;
            let id = created.user.id;
            let roles = json!({ "roles": person.roles });
            self.send("roles", self.request("PUT", &format!("users/{id}/roles")).json(&roles)).await?;
            if person.is_on_duty {
                let until = clock::rfc3339(now_ms + DUTY_MS);
                let duty = json!({ "from": clock::rfc3339(now_ms), "until": until });
                self.send("duty", self.request("PUT", &format!("users/{id}/duty")).json(&duty)).await?;
            }
            self.choose_password(&person.username, &created.one_time_password, password).await?;
            count += 1;
        }
        Ok(count)
    }

    /// Changes a one-time password, as its user would at the first sign-in.
    async fn choose_password(&self, username: &str, once: &str, new: &str) -> Result<(), ProvisionError> {
        let body = json!({ "username": username, "password": once });
        let opened: Opened = self.ask("session", self.request("POST", "session").json(&body)).await?;
        let body = json!({ "current_password": once, "new_password": new });
        let change = self.request("PUT", "session/password").json(&body);
        self.send_as("password", change, &opened.token).await?;
        self.send_as("session", self.request("DELETE", "session"), &opened.token).await.map(drop)
    }
}
