//! What falls on hazards: crashes, reports of the public, reports that people merge. On one that is struck off it is opened again,
//! by the platform, with what fell on it as the reason in its line; on an open one it is linked.

use super::row::case;
use super::work::{CaseError, Command, OPERATION, Work, Worked};
use crate::crash::{CrashEffect, CrashRecord, link, record_of, row};
use crate::cursor;
use crate::error::{During, damaged};
use crate::page::Put;
use crate::store::{Records, contains, insert};
use domain::case::Spot;
use domain::stage::hazard::{Hazard, HazardAct, HazardKind, HazardState, Relation, Source};
use domain::time::DAY_MS;
use domain::{AnyAct, AnyCase, CaseId, CaseKind, Crash, CrashId, Refusal, Timestamp, Wgs84};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{DbErr, IntoActiveModel, NotSet, QuerySelect, Set};
use smol_str::SmolStr;

/// Hazards near one place that are looked at, at most.
const NEAR_MAX: u64 = 200;
/// Metres of a degree of latitude.
const METRES_A_DEGREE: f64 = 111_320.0;

/// What became of crashes.
#[derive(Clone, Debug, PartialEq)]
pub struct CrashesPut {
    /// The crashes, in the order in which they were given, and what became of each.
    pub crashes: Vec<(CrashRecord, Put)>,
    /// What changed with them: hazards on which they fell.
    pub worked: Option<Worked>,
}

impl Records {
    /// Puts crashes into the ledger, and works the hazards on which they fall, in one transaction. One with the number of a
    /// crash that is there already is that crash, and is corrected.
    pub async fn put_crashes(
        &self,
        crashes: &[Crash],
        command: &Command<'_>,
    ) -> Result<CrashesPut, CaseError> {
        let mut work = Work::begin(self, command).await?;
        let mut put = Vec::with_capacity(crashes.len());
        for crash in crashes {
            crash.check(command.at)?;
            let (record, became) = work.put_crash(crash).await.during(OPERATION)?;
            if became != Put::Unchanged {
                work.fall(&record).await?;
            }
            put.push((record, became));
        }
        work.audit_crashes(&put).await?;
        Ok(CrashesPut { crashes: put, worked: work.commit().await? })
    }
}

impl Work<'_> {
    /// Stores a crash, new or corrected.
    async fn put_crash(&mut self, crash: &Crash) -> Result<(CrashRecord, Put), DbErr> {
        let Command { by, at, desk, .. } = self.command;
        let body = serde_json::to_string(crash).map_err(|error| DbErr::Json(error.to_string()))?;
        let mut known = None;
        if let Some(number) = &crash.source_number {
            let same = row::Entity::find().filter(row::Column::SourceNumber.eq(number.as_str()));
            known = same.one(&self.tx).await?;
        }
        if let Some(same) = known.as_ref().filter(|known| known.body == body) {
            return Ok((record_of(same.clone())?, Put::Unchanged));
        }
        let id = if let Some(known) = &known {
            CrashId(SmolStr::new(&known.id))
        } else {
            let day = at.beijing_day();
            let name = format!("crash.{day}");
            let number = cursor::get(&self.tx, &name).await?.unwrap_or(0) + 1;
            cursor::set(&self.tx, &name, number).await?;
            CrashId::new(day, number)
        };
        let spot = &crash.spot;
        let model = row::Model {
            id: id.to_string(),
            source: crash.source.key().to_owned(),
            source_number: crash.source_number.as_ref().map(ToString::to_string),
            occurred_at: crash.occurred_at.unix_ms(),
            severity: crash.severity.key().to_owned(),
            dead: crash.dead.into(),
            injured: crash.injured.into(),
            unit: crash.unit.map(|unit| unit.0),
            unit_path: crash.unit.map(|unit| desk.path(unit).0.to_string()).unwrap_or_default(),
            theatre: crash.theatre.map(|theatre| theatre.key().to_owned()),
            lon: spot.at.map(Wgs84::lon_deg),
            lat: spot.at.map(Wgs84::lat_deg),
            route: spot.route.as_ref().map(ToString::to_string),
            chainage_m: spot.chainage_m.map(i64::from),
            recorded_by: known.as_ref().map_or_else(|| by.username.to_string(), |it| it.recorded_by.clone()),
            recorded_at: known.as_ref().map_or(at.unix_ms(), |it| it.recorded_at),
            body,
        };
        let record = record_of(model.clone())?;
        if known.is_some() {
            row::Entity::update(model.into_active_model().reset_all()).exec(&self.tx).await?;
            return Ok((record, Put::Updated));
        }
        insert(&self.tx, vec![model.into_active_model()]).await?;
        Ok((record, Put::Inserted))
    }

    /// A crash falls on the hazards of roads that lie near: each at the distance of its category.
    async fn fall(&mut self, record: &CrashRecord) -> Result<(), CaseError> {
        let limits = &self.command.desk.limits;
        let near = self.hazards_near(&record.crash.spot, limits.crash_m_widest()).await?;
        let before = Timestamp::from_unix_ms(
            record.crash.occurred_at.unix_ms() + i64::from(limits.crash_days_max) * DAY_MS,
        );
        for (row, hazard) in near {
            let reach_m = limits.crash_m_max(&hazard.report.category);
            let Some(distance_m) = record.crash.distance_m(&hazard.report.spot) else { continue };
            let is_of_road = hazard.report.hazard_kind == HazardKind::Road;
            // What happened long before somebody reported the hazard is known to whoever judged it.
            let is_old = row.opened_at > before.unix_ms();
            if distance_m > reach_m || !is_of_road || is_old || hazard.crashes.contains(&record.id) {
                continue;
            }
            let is_struck_off = hazard.state == HazardState::StruckOff;
            // What happened before it was struck off was seen to with it.
            let is_after = row.closed_at.is_some_and(|at| at <= record.crash.occurred_at.unix_ms());
            let id = CaseId(SmolStr::new(&row.id));
            let relation = Relation {
                crash: Some(record.id.clone()),
                distance_m: Some(distance_m),
                note: record.crash.line(&record.id, distance_m),
                ..Relation::default()
            };
            self.relate(row, relation, is_struck_off && is_after).await?;
            let effect = if is_struck_off && is_after { CrashEffect::Reopened } else { CrashEffect::Linked };
            self.link(&record.id, &id, Some(distance_m), effect).await.during(OPERATION)?;
        }
        self.follow().await
    }

    /// Notes in a hazard what fell on it; opens it again before, if it is to be.
    async fn relate(
        &mut self,
        row: case::Model,
        relation: Relation,
        is_reopened: bool,
    ) -> Result<(), CaseError> {
        let id = row.id.clone();
        let mut row = row;
        if is_reopened {
            let reopen = HazardAct::Reopen { reason: relation.note.clone() };
            self.act_as_platform(row, &AnyAct::Hazard(reopen)).await?;
            row = self.row(&id).await?;
        }
        self.act_as_platform(row, &AnyAct::Hazard(HazardAct::Relate(Box::new(relation)))).await
    }

    /// A report falls on another hazard: its pictures go there, and one that is struck off is open again.
    pub(super) async fn relate_report(
        &mut self,
        report: &CaseId,
        into: &CaseId,
        relation: Relation,
    ) -> Result<(), CaseError> {
        let wrong = || CaseError::Refused(Refusal::Invalid("into".into()));
        if report == into {
            return Err(wrong());
        }
        let found = case::Entity::find_by_id(into.as_str()).one(&self.tx).await.during(OPERATION)?;
        let row = found.filter(|row| row.kind == CaseKind::Hazard.key()).ok_or_else(wrong)?;
        if matches!(row.state.as_str(), "merged" | "unfounded") {
            return Err(wrong());
        }
        let is_struck_off = row.state == HazardState::StruckOff.key();
        let note = SmolStr::new(format!("上报 {report}：{}", relation.note));
        let relation = Relation { report: Some(report.clone()), note, ..relation };
        self.relate(row, relation, is_struck_off).await
    }

    /// What the public reports where a hazard of the same category was struck off is that hazard: it is open again, and the
    /// report is merged into it.
    pub(super) async fn fall_on_struck_off(&mut self, id: &CaseId) -> Result<(), CaseError> {
        let row = self.row(id.as_str()).await?;
        let AnyCase::Hazard(report) = hazard_of(&row).during(OPERATION)? else { return Ok(()) };
        let (Some(here), Source::Public) = (report.report.spot.at, report.report.source) else {
            return Ok(());
        };
        let reach_m = self.command.desk.limits.duplicate_m_max;
        let near = self.hazards_near(&report.report.spot, reach_m).await?;
        let same = near.into_iter().filter(|(_, hazard)| {
            hazard.state == HazardState::StruckOff && hazard.report.category == report.report.category
        });
        let distance = |hazard: &Hazard| hazard.report.spot.at.map(|at| at.distance_m(here));
        let nearest = same
            .filter_map(|(row, hazard)| Some((distance(&hazard)?, row.id)))
            .filter(|(metres, _)| *metres <= f64::from(reach_m))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, into)) = nearest else { return Ok(()) };
        let merge = HazardAct::Merge { into: CaseId(into.into()), note: SmolStr::default() };
        self.act_as_platform(row, &AnyAct::Hazard(merge)).await?;
        self.follow().await
    }

    /// Hazards within a distance of a place, or on its route where it has no point; neither merged nor unfounded ones.
    async fn hazards_near(&self, spot: &Spot, reach_m: u32) -> Result<Vec<(case::Model, Hazard)>, CaseError> {
        use case::Column::{Body, Kind, Lat, Lon, State};
        let mut found = case::Entity::find()
            .filter(Kind.eq(CaseKind::Hazard.key()))
            .filter(State.is_not_in([HazardState::Merged.key(), HazardState::Unfounded.key()]));
        found = match (spot.at, &spot.route) {
            (Some(here), _) => {
                let d_lat = f64::from(reach_m) / METRES_A_DEGREE;
                let d_lon = d_lat / here.lat_deg().to_radians().cos().abs().max(0.01);
                found
                    .filter(Lat.between(here.lat_deg() - d_lat, here.lat_deg() + d_lat))
                    .filter(Lon.between(here.lon_deg() - d_lon, here.lon_deg() + d_lon))
            }
            // No column: few crashes come without a point.
            (None, Some(route)) => {
                let named = format!("\"route\":{}", serde_json::Value::from(route.as_str()));
                found.filter(Expr::col(Body).like(contains(&named)))
            }
            (None, None) => return Ok(Vec::new()),
        };
        let rows = found.limit(NEAR_MAX).all(&self.tx).await.during(OPERATION)?;
        let hazard = |row: case::Model| match hazard_of(&row) {
            Ok(AnyCase::Hazard(hazard)) => Some(Ok((row, hazard))),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };
        let hazards: Result<_, DbErr> = rows.into_iter().filter_map(hazard).collect();
        Ok(hazards.during(OPERATION)?)
    }

    /// A hazard that is reported from a crash names one that is there.
    pub(super) async fn report_from_crash(&self, id: &CaseId, crash: &CrashId) -> Result<(), CaseError> {
        let found = row::Entity::find_by_id(crash.as_str()).one(&self.tx).await.during(OPERATION)?;
        found.ok_or(CaseError::Refused(Refusal::Invalid("crash".into())))?;
        Ok(self.link(crash, id, None, CrashEffect::Reported).await.during(OPERATION)?)
    }

    async fn link(
        &self,
        crash: &CrashId,
        hazard: &CaseId,
        distance_m: Option<u32>,
        effect: CrashEffect,
    ) -> Result<(), DbErr> {
        let row = link::ActiveModel {
            id: NotSet,
            crash: Set(crash.to_string()),
            hazard: Set(hazard.to_string()),
            distance_m: Set(distance_m.map(i64::from)),
            effect: Set(effect.key().to_owned()),
        };
        insert(&self.tx, vec![row]).await
    }

    /// One row of the audit for what was recorded.
    async fn audit_crashes(&self, put: &[(CrashRecord, Put)]) -> Result<(), CaseError> {
        let [(record, _), ..] = put else { return Ok(()) };
        let action = if put.len() == 1 { "crash.record" } else { "crash.import" };
        let detail = format!("{} crashes, {} hazards", put.len(), self.cases.len());
        Ok(self.audit_row(action, record.id.as_str(), detail).await?)
    }
}

fn hazard_of(row: &case::Model) -> Result<AnyCase, DbErr> {
    serde_json::from_str(&row.body).map_err(|error| damaged("case", error))
}
