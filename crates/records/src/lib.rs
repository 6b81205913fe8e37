//! Relational records, migrations and audit on SQLite through SeaORM.
