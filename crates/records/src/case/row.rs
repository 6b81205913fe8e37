//! The tables behind cases.

pub(crate) mod case {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "case")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub kind: String,
        pub chain: String,
        pub parent: Option<String>,
        pub warning: Option<String>,
        pub state: String,
        pub is_open: bool,
        pub level: i32,
        pub unit: i64,
        pub unit_path: String,
        pub also_path: Option<String>,
        pub assignee: Option<String>,
        pub title: String,
        pub category: String,
        pub theatre: Option<String>,
        pub plate: Option<String>,
        pub lon: Option<f64>,
        pub lat: Option<f64>,
        pub version: i32,
        pub opened_by: String,
        pub opened_at: i64,
        pub changed_at: i64,
        pub closed_at: Option<i64>,
        pub step: Option<String>,
        pub due_at: Option<i64>,
        pub body: String,
        pub home_unit: Option<i64>,
        pub branch: Option<String>,
        pub source: Option<String>,
        pub is_supervised: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod step {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "step")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub subject: String,
        pub kind: String,
        pub chain: String,
        pub at: i64,
        pub actor: String,
        pub actor_unit: Option<i64>,
        pub act: String,
        pub from_state: Option<String>,
        pub to_state: String,
        pub detail: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod task {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "task")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub subject: String,
        pub kind: String,
        pub chain: String,
        pub step: String,
        pub level: i32,
        pub category: String,
        pub unit: i64,
        pub unit_path: String,
        pub person: Option<String>,
        pub permission: String,
        pub armed_at: i64,
        pub half_at: Option<i64>,
        pub escalate_at: Option<i64>,
        pub due_at: Option<i64>,
        pub rung: Option<String>,
        pub next_at: Option<i64>,
        pub pause_reason: Option<String>,
        pub pause_asked_by: Option<String>,
        pub pause_granted_by: Option<String>,
        pub paused_at: Option<i64>,
        pub ended_at: Option<i64>,
        pub ended_by: Option<String>,
        pub end: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod command {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "command")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub actor: String,
        pub subject: String,
        pub fingerprint: String,
        pub at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod tidings {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tidings")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub at: i64,
        pub audience: String,
        pub word: String,
        pub subject: String,
        pub kind: String,
        pub chain: String,
        pub level: i32,
        pub title: String,
        pub plate: Option<String>,
        pub step: Option<String>,
        pub due_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
