//! The schema, as a list of steps that only grows.

mod m0001_first;
mod m0002_trust;
mod m0003_history;
mod m0004_job;
mod m0005_mapping;
mod m0006_platform;
mod m0007_device_address;
mod m0008_back_test;
mod m0009_people;
mod m0010_case;
mod m0011_notice;
mod m0012_single_sign_on;
mod m0013_push;
mod m0014_device_cipher;
mod m0015_reach;
mod m0016_counted;

use sea_orm_migration::prelude::*;

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first::Migration),
            Box::new(m0002_trust::Migration),
            Box::new(m0003_history::Migration),
            Box::new(m0004_job::Migration),
            Box::new(m0005_mapping::Migration),
            Box::new(m0006_platform::Migration),
            Box::new(m0007_device_address::Migration),
            Box::new(m0008_back_test::Migration),
            Box::new(m0009_people::Migration),
            Box::new(m0010_case::Migration),
            Box::new(m0011_notice::Migration),
            Box::new(m0012_single_sign_on::Migration),
            Box::new(m0013_push::Migration),
            Box::new(m0014_device_cipher::Migration),
            Box::new(m0015_reach::Migration),
            Box::new(m0016_counted::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Migrator;
    use crate::{Records, WarningState};
    use domain::{CivilDay, ReferenceChange};
    use sea_orm::ConnectionTrait;
    use sea_orm_migration::MigratorTrait;

    #[tokio::test]
    async fn what_the_first_schema_held_is_a_group_of_its_own_has_its_day_and_its_terminals() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records.db");
        let old = Records::connect(&path).await.unwrap();
        Migrator::up(old.writer(), Some(1)).await.unwrap();
        let id = "00000000000000000000000000000001";
        let key = domain::VehicleKey {
            plate: domain::Plate::parse("鲁Q12345").unwrap(),
            class: domain::PlateClass::SMALL,
        };
        // 2026-11-23 00:00 in Beijing is still the 22nd in UTC.
        let statements = [
            format!(
                "INSERT INTO warning (id, seq, change, model, level, state, version, occurred_at, raised_at, \
                 actionable_until, is_historical) VALUES ('{id}', 1, 'raised', 'fatigue', 3, 'raised', 1, \
                 1795363200000, 0, 0, 0)"
            ),
            format!(
                "INSERT INTO device (kind, id, name, is_enabled, plate_code, plate_class) \
                 VALUES ('terminal', '013900000001', 'T', 1, {}, {})",
                key.plate.packed(),
                key.class.0
            ),
        ];
        for statement in statements {
            old.writer().execute_unprepared(&statement).await.unwrap();
        }
        old.close().await.unwrap();

        let records = Records::open(&path).await.unwrap();
        let day = CivilDay::parse("2026-11-23").unwrap();
        let counts = records.yield_counts(day, CivilDay(day.0 + 1)).await.unwrap();
        assert_eq!((counts.len(), counts[0].model_version, counts[0].count), (1, 1, 1));
        let unsigned =
            records.warning_counts_by_level(WarningState::Raised, &domain::UnitPath::WHOLE).await.unwrap();
        assert_eq!(unsigned.values().sum::<u64>(), 1);
        let pending = records.outbox_pending(10).await.unwrap();
        let ReferenceChange::Terminal(terminal) = &pending[0].change else { panic!("{pending:?}") };
        assert_eq!((terminal.device.as_str(), terminal.vehicle), ("013900000001", key));
    }
}
