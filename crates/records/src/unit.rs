//! Units (单位). One is never removed, since cases and signatures name it: it is abolished.

use crate::error::{During, StoreError, damaged};
use crate::store::Records;
use crate::user;
use domain::people::{Unit, UnitFault, UnitId, UnitKind, UnitTree};
use domain::place::Wgs84;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, IntoActiveModel, NotSet, QueryOrder};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "unit")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub parent_id: Option<i64>,
        pub kind: String,
        pub name: String,
        pub code: Option<String>,
        pub lon: Option<f64>,
        pub lat: Option<f64>,
        pub is_enabled: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Units of one installation: a county has some hundreds, and the tree is held in memory.
pub const UNITS_MAX: usize = 5_000;
/// Longest name of a unit in characters.
pub const UNIT_NAME_CHARS_MAX: usize = 64;

/// A unit that is to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUnit {
    /// The unit above it.
    pub parent: Option<UnitId>,
    /// What kind of unit it is.
    pub kind: UnitKind,
    /// Name, unique below its parent.
    pub name: SmolStr,
    /// Administrative division, or the unit's own code.
    pub code: Option<SmolStr>,
    /// Where it sits.
    pub location: Option<Wgs84>,
}

/// Changes of a unit; `None` leaves as it is.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::option_option, reason = "left out, emptied or set")]
pub struct UnitPatch {
    /// New name.
    pub name: Option<SmolStr>,
    /// Moves it, with all that is below it.
    pub parent: Option<Option<UnitId>>,
    /// New code.
    pub code: Option<Option<SmolStr>>,
    /// New place.
    pub location: Option<Option<Wgs84>>,
    /// Abolishes it, or takes that back.
    pub is_enabled: Option<bool>,
}

/// Why a unit was not stored.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// There is none with this id.
    #[error("no such unit")]
    NotFound,
    /// Empty or too long.
    #[error("a unit has a name of 1 to {UNIT_NAME_CHARS_MAX} characters")]
    BadName,
    /// Another unit below the same one has this name.
    #[error("the name is taken")]
    Taken,
    /// There are too many.
    #[error("there are {UNITS_MAX} units already")]
    TooMany,
    /// It may not stand there.
    #[error(transparent)]
    Fault(#[from] UnitFault),
    /// Units below it, or people in it, are in service.
    #[error("units or people belong to it")]
    InUse,
    /// The unit above it is abolished.
    #[error("the unit above it is abolished")]
    ParentAbolished,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// All units, by identity.
    pub async fn units(&self) -> Result<Vec<Unit>, StoreError> {
        all(self.reader()).await.during("list units")
    }

    /// Adds a unit.
    pub async fn add_unit(&self, new: NewUnit) -> Result<Unit, UnitError> {
        const OPERATION: &str = "add a unit";
        let tx = self.begin().await.during(OPERATION)?;
        let units = all(&tx).await.during(OPERATION)?;
        if units.len() >= UNITS_MAX {
            return Err(UnitError::TooMany);
        }
        let NewUnit { parent, kind, name, code, location } = new;
        let id = UnitId(units.last().map_or(0, |unit| unit.id.0) + 1);
        let unit = Unit { id, parent, kind, name, code, location, is_enabled: true };
        check(&units, &unit)?;
        let mut row = row_of(&unit);
        row.id = NotSet;
        let unit = unit_of(row.insert(&tx).await.during(OPERATION)?).during(OPERATION)?;
        tx.commit().await.during(OPERATION)?;
        Ok(unit)
    }

    /// Changes a unit.
    pub async fn change_unit(&self, id: UnitId, patch: UnitPatch) -> Result<Unit, UnitError> {
        const OPERATION: &str = "change a unit";
        let tx = self.begin().await.during(OPERATION)?;
        let units = all(&tx).await.during(OPERATION)?;
        let mut unit = units.iter().find(|unit| unit.id == id).ok_or(UnitError::NotFound)?.clone();
        let was_enabled = unit.is_enabled;
        unit.name = patch.name.unwrap_or(unit.name);
        unit.parent = patch.parent.unwrap_or(unit.parent);
        unit.code = patch.code.unwrap_or(unit.code);
        unit.location = patch.location.unwrap_or(unit.location);
        unit.is_enabled = patch.is_enabled.unwrap_or(unit.is_enabled);
        check(&units, &unit)?;
        if was_enabled && !unit.is_enabled {
            let people = user::row::Entity::find()
                .filter(user::row::Column::UnitId.eq(id.0))
                .filter(user::row::Column::IsEnabled.eq(true));
            let has_people = people.count(&tx).await.during(OPERATION)? > 0;
            if has_people || units.iter().any(|below| below.parent == Some(id) && below.is_enabled) {
                return Err(UnitError::InUse);
            }
        }
        row_of(&unit).reset_all().update(&tx).await.during(OPERATION)?;
        tx.commit().await.during(OPERATION)?;
        Ok(unit)
    }
}

/// Whether the tree is one with this unit in its place.
fn check(units: &[Unit], unit: &Unit) -> Result<(), UnitError> {
    let chars = unit.name.chars().count();
    if unit.name.trim() != unit.name || !(1..=UNIT_NAME_CHARS_MAX).contains(&chars) {
        return Err(UnitError::BadName);
    }
    let others = || units.iter().filter(|other| other.id != unit.id);
    if others().any(|other| other.parent == unit.parent && other.name == unit.name) {
        return Err(UnitError::Taken);
    }
    if unit.is_enabled && others().any(|other| unit.parent == Some(other.id) && !other.is_enabled) {
        return Err(UnitError::ParentAbolished);
    }
    UnitTree::new(others().cloned().chain([unit.clone()]).collect())?;
    Ok(())
}

async fn all(db: &impl ConnectionTrait) -> Result<Vec<Unit>, DbErr> {
    let rows = row::Entity::find().order_by_asc(row::Column::Id).all(db).await?;
    rows.into_iter().map(unit_of).collect()
}

fn row_of(unit: &Unit) -> row::ActiveModel {
    row::Model {
        id: unit.id.0,
        parent_id: unit.parent.map(|parent| parent.0),
        kind: unit.kind.key().to_owned(),
        name: unit.name.to_string(),
        code: unit.code.as_ref().map(ToString::to_string),
        lon: unit.location.map(Wgs84::lon_deg),
        lat: unit.location.map(Wgs84::lat_deg),
        is_enabled: unit.is_enabled,
    }
    .into_active_model()
}

fn unit_of(row: row::Model) -> Result<Unit, DbErr> {
    let location = row.lon.zip(row.lat).map(|(lon, lat)| {
        Wgs84::new(lon, lat).ok_or_else(|| damaged("unit", format_args!("{lon} {lat} is no place")))
    });
    Ok(Unit {
        id: UnitId(row.id),
        parent: row.parent_id.map(UnitId),
        kind: UnitKind::parse(&row.kind).ok_or_else(|| damaged("unit", &row.kind))?,
        name: row.name.into(),
        code: row.code.map(SmolStr::from),
        location: location.transpose()?,
        is_enabled: row.is_enabled,
    })
}
