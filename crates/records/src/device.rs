//! Devices and platforms that may connect, each kind by its protocol, with what proves who they are. Which
//! vehicle carries which terminal also goes to the journal, through the outbox.

use crate::error::{During, StoreError, damaged};
use crate::outbox;
use crate::page::{Page, Put, Window};
use crate::platform::SealedPassword;
use crate::store::{KEYS_PER_QUERY, Records, contains, insert, key_of, plate_code, upsert};
use domain::{CheckpointId, DeviceId, DeviceKind, ReferenceChange, Terminal, VehicleKey};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{Condition, ConnectionTrait, DbErr, IntoActiveModel, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "device")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub is_enabled: bool,
        pub username: Option<String>,
        pub secret: Option<String>,
        pub plate_code: Option<i64>,
        pub plate_class: Option<i32>,
        pub plate: Option<String>,
        pub edition: Option<String>,
        pub address: Option<String>,
        pub cipher_sealed: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which checkpoints a camera stands at, in the order they were given.
pub(crate) mod place {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "device_checkpoint")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub device_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        pub checkpoint: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a device proves itself with. Not shown by `Debug`, so that it stays out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceSecret(pub String);

impl std::fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceSecret(…)")
    }
}

/// A device that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which protocol.
    pub kind: DeviceKind,
    /// The 20 digits of GA/T 1400, the SIM number of JT/T 808, the access code of JT/T 809, or what a camera is called in its
    /// notices.
    pub id: DeviceId,
    /// Name, as people say it.
    pub name: SmolStr,
    /// Whether it may connect.
    pub is_enabled: bool,
    /// User of the digest registration, for cameras that need one.
    pub username: Option<SmolStr>,
    /// Cameras and platforms: HA1 = MD5(username:realm:password) as hexadecimal digits, never the password (RFC 7616 3.4.2).
    /// Terminal: its authentication code, where it was given one.
    pub secret: Option<DeviceSecret>,
    /// Checkpoints that it captures for.
    pub checkpoints: Vec<CheckpointId>,
    /// The vehicle that carries it.
    pub vehicle: Option<VehicleKey>,
    /// The edition of its protocol, as last seen.
    pub edition: Option<SmolStr>,
    /// The network address that it speaks from, where its kind is known by it.
    pub address: Option<IpAddr>,
    /// What a platform of JT/T 809 encrypts with (M1, IA1, IC1), sealed.
    pub cipher: Option<SealedPassword>,
}

/// Which devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Of this kind.
    pub kind: Option<DeviceKind>,
    /// Enabled or not.
    pub is_enabled: Option<bool>,
    /// Part of the id, name or plate.
    pub q: Option<String>,
}

impl Records {
    /// Stores devices, new or changed, in one transaction; answers what became of each, in order.
    pub async fn put_devices(&self, devices: &[Device]) -> Result<Vec<Put>, StoreError> {
        self.put_device_rows(devices).await.during("store devices")
    }

    async fn put_device_rows(&self, devices: &[Device]) -> Result<Vec<Put>, DbErr> {
        let tx = self.begin().await?;
        let ids: Vec<&str> = devices.iter().map(|device| device.id.as_str()).collect();
        let mut known = BTreeMap::new();
        for ids in ids.chunks(KEYS_PER_QUERY) {
            let rows =
                row::Entity::find().filter(row::Column::Id.is_in(ids.iter().copied())).all(&tx).await?;
            known.extend(with_places(&tx, rows).await?.into_iter().map(|d| ((d.kind, d.id.clone()), d)));
        }
        let mut puts = Vec::with_capacity(devices.len());
        let mut changes = Vec::new();
        for device in devices {
            let old = known.get(&(device.kind, device.id.clone())).and_then(terminal_of);
            changes.extend(terminal_change(old.as_ref(), terminal_of(device)));
            let put = match known.insert((device.kind, device.id.clone()), device.clone()) {
                None => Put::Inserted,
                Some(old) if old == *device => Put::Unchanged,
                Some(_) => Put::Updated,
            };
            puts.push(put);
        }
        // The last of equal keys wins: it is what `known` holds now.
        let changed: BTreeMap<_, _> = (devices.iter().zip(&puts))
            .filter(|(_, put)| **put != Put::Unchanged)
            .filter_map(|(device, _)| known.get_key_value(&(device.kind, device.id.clone())))
            .collect();
        upsert(&tx, changed.values().map(|device| row_of(device).into_active_model()).collect()).await?;
        let keys: Vec<&str> = changed.keys().map(|(_, id)| id.as_str()).collect();
        for kind in DeviceKind::ALL {
            let of_kind = |id: &&&str| changed.contains_key(&(kind, DeviceId::from(**id)));
            let ids: Vec<&str> = keys.iter().filter(of_kind).copied().collect();
            for ids in ids.chunks(KEYS_PER_QUERY) {
                let old = place::Entity::delete_many().filter(place::Column::Kind.eq(kind.key()));
                old.filter(place::Column::DeviceId.is_in(ids.iter().copied())).exec(&tx).await?;
            }
        }
        insert(&tx, changed.values().flat_map(|device| places_of(device)).collect()).await?;
        outbox::post(&tx, &changes).await?;
        tx.commit().await?;
        Ok(puts)
    }

    /// Notes the edition of its protocol that a device was seen to speak.
    pub async fn note_device_edition(
        &self,
        kind: DeviceKind,
        id: &DeviceId,
        edition: &str,
    ) -> Result<(), StoreError> {
        row::Entity::update_many()
            .col_expr(row::Column::Edition, Expr::value(edition))
            .filter(row::Column::Kind.eq(kind.key()))
            .filter(row::Column::Id.eq(id.as_str()))
            .exec(self.writer())
            .await
            .map(|_| ())
            .during("note the edition of a device")
    }

    /// Removes a device; `false` when there is none.
    pub async fn remove_device(&self, kind: DeviceKind, id: &DeviceId) -> Result<bool, StoreError> {
        let remove = async {
            let key = (kind.key().to_owned(), id.to_string());
            let tx = self.begin().await?;
            let row = row::Entity::find_by_id(key.clone()).one(&tx).await?;
            let device = row.map(|row| device_of(row, Vec::new())).transpose()?;
            row::Entity::delete_by_id(key).exec(&tx).await?;
            let change = terminal_change(device.as_ref().and_then(terminal_of).as_ref(), None);
            outbox::post(&tx, change.as_slice()).await?;
            tx.commit().await?;
            Ok(device.is_some())
        };
        remove.await.during("remove a device")
    }

    /// One device.
    pub async fn device(&self, kind: DeviceKind, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        let read = async {
            let key = (kind.key().to_owned(), id.to_string());
            let row = row::Entity::find_by_id(key).one(self.reader()).await?;
            Ok(with_places(self.reader(), row.into_iter().collect()).await?.pop())
        };
        read.await.during("read a device")
    }

    /// Devices by kind and id.
    pub async fn devices(&self, filter: &DeviceFilter, window: Window) -> Result<Page<Device>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_asc(row::Column::Kind).order_by_asc(row::Column::Id);
            let rows = found.offset(window.offset).limit(window.limit()).all(self.reader()).await?;
            Ok(Page { items: with_places(self.reader(), rows).await?, total })
        };
        list.await.during("list devices")
    }

    /// All devices by kind and id, for the gateway's register.
    pub async fn all_devices(&self) -> Result<Vec<Device>, StoreError> {
        let list = async {
            let found = row::Entity::find().order_by_asc(row::Column::Kind).order_by_asc(row::Column::Id);
            with_places(self.reader(), found.all(self.reader()).await?).await
        };
        list.await.during("list devices")
    }
}

fn condition(filter: &DeviceFilter) -> Condition {
    use row::Column::{Id, IsEnabled, Kind, Name, Plate};
    let mut all = Condition::all()
        .add_option(filter.kind.map(|kind| Kind.eq(kind.key())))
        .add_option(filter.is_enabled.map(|is_enabled| IsEnabled.eq(is_enabled)));
    if let Some(q) = &filter.q {
        let any = [Id, Name, Plate].map(|column| Expr::col(column).like(contains(q)));
        all = all.add(any.into_iter().fold(Condition::any(), Condition::add));
    }
    all
}

/// The terminal that judgement knows of: one that may report, of a vehicle.
pub(crate) fn terminal_of(device: &Device) -> Option<Terminal> {
    let vehicle = device.vehicle.filter(|_| device.kind == DeviceKind::Terminal && device.is_enabled)?;
    Some(Terminal { device: device.id.clone(), vehicle })
}

fn terminal_change(old: Option<&Terminal>, new: Option<Terminal>) -> Option<ReferenceChange> {
    match (old, new) {
        (Some(old), None) => Some(ReferenceChange::TerminalRemoved(old.device.clone())),
        (old, Some(new)) if old != Some(&new) => Some(ReferenceChange::Terminal(new)),
        _ => None,
    }
}

/// The devices of these rows, in their order, with their checkpoints.
async fn with_places(db: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<Device>, DbErr> {
    let mut places: BTreeMap<(String, String), Vec<CheckpointId>> = BTreeMap::new();
    for rows in rows.chunks(KEYS_PER_QUERY) {
        let ids = rows.iter().map(|row| row.id.as_str());
        let found = place::Entity::find().filter(place::Column::DeviceId.is_in(ids));
        for place in found.order_by_asc(place::Column::Position).all(db).await? {
            let checkpoint = CheckpointId::from(place.checkpoint.as_str());
            places.entry((place.kind, place.device_id)).or_default().push(checkpoint);
        }
    }
    let device = |row: row::Model| {
        let checkpoints = places.remove(&(row.kind.clone(), row.id.clone())).unwrap_or_default();
        device_of(row, checkpoints)
    };
    rows.into_iter().map(device).collect()
}

fn places_of(device: &Device) -> impl Iterator<Item = place::ActiveModel> {
    device.checkpoints.iter().enumerate().map(|(position, checkpoint)| place::ActiveModel {
        kind: Set(device.kind.key().to_owned()),
        device_id: Set(device.id.to_string()),
        position: Set(position as i32),
        checkpoint: Set(checkpoint.to_string()),
    })
}

fn row_of(device: &Device) -> row::Model {
    row::Model {
        kind: device.kind.key().to_owned(),
        id: device.id.to_string(),
        name: device.name.to_string(),
        is_enabled: device.is_enabled,
        username: device.username.as_ref().map(ToString::to_string),
        secret: device.secret.as_ref().map(|secret| secret.0.clone()),
        plate_code: device.vehicle.map(|vehicle| plate_code(vehicle.plate)),
        plate_class: device.vehicle.map(|vehicle| vehicle.class.0.into()),
        plate: device.vehicle.map(|vehicle| vehicle.plate.to_string()),
        edition: device.edition.as_ref().map(ToString::to_string),
        address: device.address.map(|address| address.to_string()),
        cipher_sealed: device.cipher.as_ref().map(|sealed| sealed.0.clone()),
    }
}

fn device_of(row: row::Model, checkpoints: Vec<CheckpointId>) -> Result<Device, DbErr> {
    Ok(Device {
        kind: DeviceKind::parse(&row.kind).ok_or_else(|| damaged("device", &row.kind))?,
        id: DeviceId::from(row.id.as_str()),
        name: row.name.into(),
        is_enabled: row.is_enabled,
        username: row.username.map(Into::into),
        secret: row.secret.map(DeviceSecret),
        checkpoints,
        vehicle: row
            .plate_code
            .zip(row.plate_class)
            .map(|(plate, class)| key_of(plate, class))
            .transpose()?,
        edition: row.edition.map(Into::into),
        address: (row.address.map(|address| address.parse().map_err(|_| damaged("device", &address))))
            .transpose()?,
        cipher: row.cipher_sealed.map(SealedPassword),
    })
}
