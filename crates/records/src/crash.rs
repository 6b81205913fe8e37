//! Crashes (事故): the ledger. Narrow columns to filter and sort by, the whole value as JSON, so that it can grow; which hazards
//! a crash fell on is a table beside (filled by [`Records::put_crashes`], in `case/fall.rs`).

use crate::error::{During, StoreError, damaged};
use crate::page::{Page, Window};
use crate::store::{Records, contains, time_of};
use domain::crash::{CrashSource, Severity};
use domain::people::UnitPath;
use domain::{CaseId, Crash, CrashId, Timestamp, Wgs84};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{Condition, DbErr, QueryOrder, QuerySelect};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "crash")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub source: String,
        pub source_number: Option<String>,
        pub occurred_at: i64,
        pub severity: String,
        pub dead: i32,
        pub injured: i32,
        pub unit: Option<i64>,
        pub unit_path: String,
        pub theatre: Option<String>,
        pub lon: Option<f64>,
        pub lat: Option<f64>,
        pub route: Option<String>,
        pub chainage_m: Option<i64>,
        pub recorded_by: String,
        pub recorded_at: i64,
        pub body: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod link {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "crash_hazard")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub crash: String,
        pub hazard: String,
        pub distance_m: Option<i64>,
        pub effect: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A crash of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct CrashRecord {
    /// Identity.
    pub id: CrashId,
    /// What is known of it.
    pub crash: Crash,
    /// Who recorded it.
    pub recorded_by: SmolStr,
    /// When.
    pub recorded_at: Timestamp,
}

/// What a crash did to a hazard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashEffect {
    /// It was struck off, and is open again.
    Reopened,
    /// It is named in the hazard.
    Linked,
    /// The hazard was reported from it.
    Reported,
}

impl CrashEffect {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Reopened => "reopened",
            Self::Linked => "linked",
            Self::Reported => "reported",
        }
    }

    fn parse(key: &str) -> Option<Self> {
        [Self::Reopened, Self::Linked, Self::Reported].into_iter().find(|effect| effect.key() == key)
    }
}

/// A hazard on which a crash fell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashLink {
    /// The crash.
    pub crash: CrashId,
    /// The hazard.
    pub hazard: CaseId,
    /// How far away.
    pub distance_m: Option<u32>,
    /// What it did.
    pub effect: CrashEffect,
}

/// Which crashes; every field that is set narrows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrashFilter {
    /// As grave.
    pub severity: Option<Severity>,
    /// From there.
    pub source: Option<CrashSource>,
    /// In the area of units below this one; empty: all.
    pub scope: Option<UnitPath>,
    /// Happened then or later.
    pub since: Option<Timestamp>,
    /// Happened before.
    pub until: Option<Timestamp>,
    /// With a point, or without.
    pub has_point: Option<bool>,
    /// Within these bounds: south-west and north-east.
    pub within: Option<(Wgs84, Wgs84)>,
    /// Part of the number, ours or theirs, or of the route.
    pub q: Option<String>,
}

impl Records {
    /// One crash.
    pub async fn crash(&self, id: &CrashId) -> Result<Option<CrashRecord>, StoreError> {
        let row = row::Entity::find_by_id(id.as_str()).one(self.reader()).await;
        row.and_then(|row| row.map(record_of).transpose()).during("read a crash")
    }

    /// Crashes, newest first.
    pub async fn crashes(
        &self,
        filter: &CrashFilter,
        window: Window,
    ) -> Result<Page<CrashRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_desc(row::Column::OccurredAt).order_by_desc(row::Column::Id);
            let rows = found.offset(window.offset).limit(window.limit()).all(self.reader()).await?;
            let items = rows.into_iter().map(record_of).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        list.await.during("list crashes")
    }

    /// The hazards on which a crash fell.
    pub async fn crash_links(&self, id: &CrashId) -> Result<Vec<CrashLink>, StoreError> {
        let found = link::Entity::find().filter(link::Column::Crash.eq(id.as_str()));
        let rows = found.order_by_asc(link::Column::Id).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(link_of).collect()).during("read the hazards of a crash")
    }
}

fn condition(filter: &CrashFilter) -> Condition {
    use row::Column::{Id, Lat, Lon, OccurredAt, Route, Severity, Source, SourceNumber, UnitPath as Path};
    let below = |path: &UnitPath| {
        Condition::all().add(Path.gte(path.0.as_str())).add(Path.lt(format!("{}:", path.0)))
    };
    let within = |(south_west, north_east): (Wgs84, Wgs84)| {
        Condition::all()
            .add(Lat.between(south_west.lat_deg(), north_east.lat_deg()))
            .add(Lon.between(south_west.lon_deg(), north_east.lon_deg()))
    };
    let with_text = |q: &str| {
        let any = [Id, SourceNumber, Route].map(|column| Expr::col(column).like(contains(q)));
        any.into_iter().fold(Condition::any(), Condition::add)
    };
    let q = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    Condition::all()
        .add_option(filter.severity.map(|severity| Severity.eq(severity.key())))
        .add_option(filter.source.map(|source| Source.eq(source.key())))
        .add_option(filter.scope.as_ref().filter(|path| !path.0.is_empty()).map(below))
        .add_option(filter.since.map(|at| OccurredAt.gte(at.unix_ms())))
        .add_option(filter.until.map(|at| OccurredAt.lt(at.unix_ms())))
        .add_option(filter.has_point.map(|has| if has { Lat.is_not_null() } else { Lat.is_null() }))
        .add_option(filter.within.map(within))
        .add_option(q.map(with_text))
}

pub(crate) fn record_of(row: row::Model) -> Result<CrashRecord, DbErr> {
    Ok(CrashRecord {
        id: CrashId(row.id.into()),
        crash: serde_json::from_str(&row.body).map_err(|error| damaged("crash", error))?,
        recorded_by: row.recorded_by.into(),
        recorded_at: time_of(row.recorded_at),
    })
}

fn link_of(row: link::Model) -> Result<CrashLink, DbErr> {
    Ok(CrashLink {
        crash: CrashId(row.crash.into()),
        hazard: CaseId(row.hazard.into()),
        distance_m: row.distance_m.and_then(|metres| u32::try_from(metres).ok()),
        effect: CrashEffect::parse(&row.effect).ok_or_else(|| damaged("crash_hazard", &row.effect))?,
    })
}
