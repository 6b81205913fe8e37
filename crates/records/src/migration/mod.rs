//! The schema, as a list of steps that only grows.

mod m0001_first;
mod m0002_trust;

use sea_orm_migration::prelude::*;

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_first::Migration), Box::new(m0002_trust::Migration)]
    }
}
