//! The vehicle register (一车一档). Every change also goes to the journal, through the outbox.

use crate::error::{During, StoreError, damaged};
use crate::outbox;
use crate::page::{Page, Put, Sort, Window};
use crate::store::{KEYS_PER_QUERY, Records, contains, key_of, narrow, plate_code, upsert};
use domain::{CivilDay, KeyClass, ReferenceChange, VehicleFile, VehicleKey, VehicleType};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{Condition, DbErr, IntoActiveModel, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "vehicle")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub plate_code: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub plate_class: i32,
        pub plate: String,
        pub vehicle_type: Option<String>,
        pub use_code: Option<String>,
        pub key_class: Option<String>,
        pub body_color: Option<String>,
        pub owner: String,
        pub inspection_valid_until: Option<i32>,
        pub scrap_by: Option<i32>,
        pub unhandled_offences: i32,
        pub is_night_exempt: bool,
        pub version: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A vehicle's file and how often it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VehicleRecord {
    /// What the register says.
    pub file: VehicleFile,
    /// 1 when new, one more with each change.
    pub version: u32,
}

/// Which vehicles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VehicleFilter {
    /// Part of the plate.
    pub q: Option<String>,
    /// Key vehicles of this class.
    pub key_class: Option<KeyClass>,
    /// Inspection or scrapping overdue on this day.
    pub overdue_on: Option<CivilDay>,
}

/// By what vehicles are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VehicleField {
    /// The number.
    Plate,
    /// Last day of the inspection; those without one come first.
    InspectionValidUntil,
    /// Day of compulsory scrapping; those without one come first.
    ScrapBy,
    /// Offences not handled.
    UnhandledOffences,
}

impl Records {
    /// Stores vehicle files, new or changed, in one transaction; answers what became of each, in order.
    /// Of files with the same key the last one stands.
    pub async fn put_vehicles(&self, files: &[VehicleFile]) -> Result<Vec<Put>, StoreError> {
        self.put_vehicle_rows(files).await.during("store vehicles")
    }

    async fn put_vehicle_rows(&self, files: &[VehicleFile]) -> Result<Vec<Put>, DbErr> {
        let tx = self.begin().await?;
        let mut known: BTreeMap<(i64, i32), row::Model> = BTreeMap::new();
        for files in files.chunks(KEYS_PER_QUERY) {
            let codes = files.iter().map(|file| plate_code(file.key.plate));
            let rows = row::Entity::find().filter(row::Column::PlateCode.is_in(codes)).all(&tx).await?;
            known.extend(rows.into_iter().map(|row| ((row.plate_code, row.plate_class), row)));
        }
        let mut puts = Vec::with_capacity(files.len());
        let mut changes = Vec::new();
        let mut changed = BTreeMap::new();
        for file in files {
            let mut row = row_of(file);
            let key = (row.plate_code, row.plate_class);
            let put = match known.get(&key) {
                None => Put::Inserted,
                Some(old) => {
                    row.version = old.version;
                    if *old == row { Put::Unchanged } else { Put::Updated }
                }
            };
            if put != Put::Unchanged {
                row.version += 1;
                known.insert(key, row.clone());
                changed.insert(key, row.into_active_model());
                changes.push(ReferenceChange::Vehicle(file.clone()));
            }
            puts.push(put);
        }
        upsert(&tx, changed.into_values().collect()).await?;
        outbox::post(&tx, &changes).await?;
        tx.commit().await?;
        Ok(puts)
    }

    /// Removes a vehicle; `false` when there is none.
    pub async fn remove_vehicle(&self, key: VehicleKey) -> Result<bool, StoreError> {
        let remove = async {
            let tx = self.begin().await?;
            let is_gone = row::Entity::delete_by_id(row_key(key)).exec(&tx).await?.rows_affected > 0;
            if is_gone {
                outbox::post(&tx, &[ReferenceChange::VehicleRemoved(key)]).await?;
            }
            tx.commit().await?;
            Ok(is_gone)
        };
        remove.await.during("remove a vehicle")
    }

    /// One vehicle.
    pub async fn vehicle(&self, key: VehicleKey) -> Result<Option<VehicleRecord>, StoreError> {
        let row = row::Entity::find_by_id(row_key(key)).one(self.reader()).await;
        row.and_then(|row| row.map(vehicle_of).transpose()).during("read a vehicle")
    }

    /// The files of these vehicles, as far as there are any, in no particular order.
    pub async fn vehicles_of(&self, keys: &[VehicleKey]) -> Result<Vec<VehicleRecord>, StoreError> {
        let read = async {
            let mut found = Vec::new();
            for keys in keys.chunks(KEYS_PER_QUERY) {
                let codes = keys.iter().map(|key| plate_code(key.plate));
                let rows = row::Entity::find().filter(row::Column::PlateCode.is_in(codes)).all(self.reader());
                for row in rows.await? {
                    let record = vehicle_of(row)?;
                    if keys.contains(&record.file.key) {
                        found.push(record);
                    }
                }
            }
            Ok(found)
        };
        read.await.during("read vehicles")
    }

    /// Vehicles in pages.
    pub async fn vehicles(
        &self,
        filter: &VehicleFilter,
        sort: Sort<VehicleField>,
        window: Window,
    ) -> Result<Page<VehicleRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let order = sort.order();
            let column = match sort.field {
                VehicleField::Plate => row::Column::Plate,
                VehicleField::InspectionValidUntil => row::Column::InspectionValidUntil,
                VehicleField::ScrapBy => row::Column::ScrapBy,
                VehicleField::UnhandledOffences => row::Column::UnhandledOffences,
            };
            let mut found = found.order_by(column, order.clone());
            if sort.field != VehicleField::Plate {
                found = found.order_by(row::Column::Plate, order.clone());
            }
            let found = found.order_by(row::Column::PlateCode, order.clone());
            let found = found.order_by(row::Column::PlateClass, order);
            let rows = found.offset(window.offset).limit(window.limit()).all(self.reader()).await?;
            let items = rows.into_iter().map(vehicle_of).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        list.await.during("list vehicles")
    }

    /// Up to `limit` vehicles whose key follows `after`, in the order of keys: to walk through the whole register
    /// (`None` begins), and for key vehicles alone with `key_vehicles_only`.
    pub async fn vehicles_after(
        &self,
        after: Option<VehicleKey>,
        key_vehicles_only: bool,
        limit: u64,
    ) -> Result<Vec<VehicleFile>, StoreError> {
        let read = async {
            let mut found = row::Entity::find();
            if let Some((code, class)) = after.map(row_key) {
                let same_plate = Condition::all()
                    .add(row::Column::PlateCode.eq(code))
                    .add(row::Column::PlateClass.gt(class));
                found = found.filter(Condition::any().add(row::Column::PlateCode.gt(code)).add(same_plate));
            }
            if key_vehicles_only {
                found = found.filter(row::Column::KeyClass.is_not_null());
            }
            let found = found.order_by_asc(row::Column::PlateCode).order_by_asc(row::Column::PlateClass);
            let rows = found.limit(limit).all(self.reader()).await?;
            rows.into_iter().map(|row| Ok(vehicle_of(row)?.file)).collect::<Result<_, DbErr>>()
        };
        read.await.during("walk through the vehicles")
    }
}

fn condition(filter: &VehicleFilter) -> Condition {
    use row::Column::{InspectionValidUntil, KeyClass, Plate, ScrapBy};
    let overdue = |day: CivilDay| {
        // The inspection is good through its last day; scrapping is due on its day.
        Condition::any().add(InspectionValidUntil.lt(day.0)).add(ScrapBy.lte(day.0))
    };
    Condition::all()
        .add_option(filter.q.as_deref().map(|q| Expr::col(Plate).like(contains(q))))
        .add_option(filter.key_class.map(|class| KeyClass.eq(class.key())))
        .add_option(filter.overdue_on.map(overdue))
}

fn row_key(key: VehicleKey) -> (i64, i32) {
    (plate_code(key.plate), key.class.0.into())
}

fn row_of(file: &VehicleFile) -> row::Model {
    let (plate_code, plate_class) = row_key(file.key);
    row::Model {
        plate_code,
        plate_class,
        plate: file.key.plate.to_string(),
        vehicle_type: file.vehicle_type.map(|kind| kind.to_string()),
        use_code: file.use_code.map(String::from),
        key_class: file.key_class.map(|class| class.key().to_owned()),
        body_color: file.body_color.map(String::from),
        owner: file.owner.to_string(),
        inspection_valid_until: file.inspection_valid_until.map(|day| day.0),
        scrap_by: file.scrap_by.map(|day| day.0),
        unhandled_offences: file.unhandled_offences.into(),
        is_night_exempt: file.is_night_exempt,
        version: 0,
    }
}

fn vehicle_of(row: row::Model) -> Result<VehicleRecord, DbErr> {
    const TABLE: &str = "vehicle";
    let parsed = |text: Option<String>| -> Result<Option<VehicleType>, DbErr> {
        text.map(|text| VehicleType::parse(&text).ok_or_else(|| damaged(TABLE, text))).transpose()
    };
    let file = VehicleFile {
        key: key_of(row.plate_code, row.plate_class)?,
        vehicle_type: parsed(row.vehicle_type)?,
        use_code: row.use_code.and_then(|text| text.chars().next()),
        key_class: match row.key_class {
            Some(key) => Some(KeyClass::parse(&key).ok_or_else(|| damaged(TABLE, key))?),
            None => None,
        },
        body_color: row.body_color.and_then(|text| text.chars().next()),
        owner: row.owner.into(),
        inspection_valid_until: row.inspection_valid_until.map(CivilDay),
        scrap_by: row.scrap_by.map(CivilDay),
        unhandled_offences: narrow(TABLE, row.unhandled_offences)?,
        is_night_exempt: row.is_night_exempt,
    };
    Ok(VehicleRecord { file, version: narrow(TABLE, row.version)? })
}
