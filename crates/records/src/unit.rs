//! Units (单位). One is never removed, since cases and signatures name it: it is abolished.

use crate::error::{During, StoreError, damaged};
use crate::page::Put;
use crate::store::Records;
use crate::user;
use domain::people::{Unit, UnitFault, UnitId, UnitKind, UnitTree};
use domain::place::Wgs84;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, IntoActiveModel, NotSet, QueryOrder};
use smol_str::SmolStr;
use std::collections::BTreeMap;

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

/// A unit as a table has it, found by its code.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitRow {
    /// Its code: a unit that has it is changed, else there is a new one.
    pub code: SmolStr,
    /// Name, unique below its parent.
    pub name: SmolStr,
    /// What kind of unit it is.
    pub kind: UnitKind,
    /// Code of the unit above it, here or in the table.
    pub parent_code: Option<SmolStr>,
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
    /// The unit above it stands in the same table, in a row that was refused.
    #[error("the unit above it was refused")]
    ParentRefused,
    /// The code stands in the table twice.
    #[error("the code is there twice")]
    CodeTaken,
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

    /// Stores the units of a table, in any order, in one transaction; answers what became of each row. A row that can't stand is
    /// refused, and with it those below it; the others are stored.
    pub async fn put_units(&self, rows: &[UnitRow]) -> Result<Vec<Result<Put, UnitError>>, StoreError> {
        const OPERATION: &str = "import units";
        let tx = self.begin().await.during(OPERATION)?;
        let mut units = all(&tx).await.during(OPERATION)?;
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        let mut outcomes: Vec<Option<Result<Put, UnitError>>> = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let is_repeat = *first.entry(row.code.as_str()).or_insert(index) != index;
            outcomes.push(is_repeat.then_some(Err(UnitError::CodeTaken)));
        }
        // Those above before those below; what goes on waiting for one another stands in a circle.
        loop {
            let mut has_moved = false;
            for (index, row) in rows.iter().enumerate() {
                if outcomes[index].is_some() {
                    continue;
                }
                let above = row.parent_code.as_deref().and_then(|code| first.get(code));
                let refused = match above.map(|above| &outcomes[*above]) {
                    Some(None) => continue,
                    Some(Some(Err(_))) => Some(UnitError::ParentRefused),
                    Some(Some(Ok(_))) | None => None,
                };
                has_moved = true;
                outcomes[index] = Some(match refused {
                    Some(error) => Err(error),
                    None => put_row(&tx, &mut units, row).await,
                });
                if let Some(Err(UnitError::Store(_))) = &outcomes[index]
                    && let Some(Err(UnitError::Store(error))) = outcomes[index].take()
                {
                    return Err(error);
                }
            }
            if !has_moved {
                break;
            }
        }
        tx.commit().await.during(OPERATION)?;
        let circle = || Err(UnitError::Fault(UnitFault::Circle(UnitId(0))));
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(circle)).collect())
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
        take_along(&tx, &units, &unit).await.during(OPERATION)?;
        tx.commit().await.during(OPERATION)?;
        Ok(unit)
    }
}

/// Stores one row of a table whose unit above is there.
async fn put_row(tx: &impl ConnectionTrait, units: &mut Vec<Unit>, row: &UnitRow) -> Result<Put, UnitError> {
    const OPERATION: &str = "import a unit";
    let of_code = |code: &SmolStr| units.iter().position(|unit| unit.code.as_ref() == Some(code));
    let parent = match &row.parent_code {
        None => None,
        Some(code) => {
            let above = of_code(code).ok_or(UnitFault::NoParent(UnitId(0)))?;
            Some(units[above].id)
        }
    };
    let known = of_code(&row.code);
    if known.is_none() && units.len() >= UNITS_MAX {
        return Err(UnitError::TooMany);
    }
    let id = known.map_or_else(
        || UnitId(units.iter().map(|unit| unit.id.0).max().unwrap_or(0) + 1),
        |known| units[known].id,
    );
    let unit = Unit {
        id,
        parent,
        kind: row.kind,
        name: row.name.clone(),
        code: Some(row.code.clone()),
        location: row.location.or_else(|| known.and_then(|known| units[known].location)),
        is_enabled: known.is_none_or(|known| units[known].is_enabled),
    };
    if known.is_some_and(|known| units[known] == unit) {
        return Ok(Put::Unchanged);
    }
    check(units, &unit)?;
    let Some(known) = known else {
        let mut new = row_of(&unit);
        new.id = NotSet;
        units.push(unit_of(new.insert(tx).await.during(OPERATION)?).during(OPERATION)?);
        return Ok(Put::Inserted);
    };
    row_of(&unit).reset_all().update(tx).await.during(OPERATION)?;
    take_along(tx, units, &unit).await.during(OPERATION)?;
    units[known] = unit;
    Ok(Put::Updated)
}

/// Rows that lie at a unit's desk, or one below it, by the path of that unit.
const BY_PATH: [(&str, &str); 5] = [
    ("case", "unit_path"),
    ("case", "also_path"),
    ("task", "unit_path"),
    ("warning", "unit_path"),
    ("crash", "unit_path"),
];

/// A unit that is moved takes along what lies at its desk and below: who looks from above sees it from then on.
async fn take_along(tx: &impl ConnectionTrait, before: &[Unit], unit: &Unit) -> Result<(), DbErr> {
    let path = |units: Vec<Unit>| UnitTree::new(units).ok().and_then(|tree| tree.path(unit.id).cloned());
    let others = before.iter().filter(|other| other.id != unit.id).cloned();
    let (Some(old), Some(new)) = (path(before.to_vec()), path(others.chain([unit.clone()]).collect())) else {
        return Ok(());
    };
    if old == new {
        return Ok(());
    }
    for (table, column) in BY_PATH {
        let rest = format!("? || substr({column}, ?)");
        let moved =
            Expr::cust_with_values(rest, [Value::from(new.0.as_str()), Value::from(old.0.len() as i64 + 1)]);
        let mut update = Query::update();
        update
            .table(table)
            .value(column, moved)
            .and_where(Expr::col(column).gte(old.0.as_str()))
            .and_where(Expr::col(column).lt(format!("{}:", old.0)));
        tx.execute(&update).await?;
    }
    Ok(())
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
    let is_new = units.iter().all(|other| other.id != unit.id);
    let above = unit.parent.and_then(|parent| units.iter().find(|other| other.id == parent));
    if is_new && unit.parent.is_some() == above.is_some() {
        // Nothing is below it yet, so it can't stand in a circle: its own place is all there is to look at.
        let fits = unit.kind.may_be_below(above.map(|above| above.kind));
        return if fits { Ok(()) } else { Err(UnitFault::WrongParent(unit.id).into()) };
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
