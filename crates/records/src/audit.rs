//! Audit: who did what, when and from where. Rows are only added, and each carries the hash of the one before, so that
//! a row changed, removed or put in between later is found by [`Records::verify_audit`]. (Rows removed from the end
//! are found only by whoever noted the last hash elsewhere: [`AuditVerdict::Intact`] gives it.)

use crate::error::{During, StoreError};
use crate::page::{Page, Window};
use crate::session::hex;
use crate::store::{Records, time_of};
use domain::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveModelTrait, Condition, ConnectionTrait, DbErr, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait,
};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub at: i64,
        pub actor: String,
        pub action: String,
        pub target: String,
        pub detail: String,
        pub address: Option<String>,
        pub prev_hash: String,
        pub hash: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Rows read at a time while the chain is verified.
const VERIFY_ROWS: u64 = 5_000;

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Username; empty when nobody was logged in.
    pub actor: SmolStr,
    /// What, in one word: `warning_signed`.
    pub action: SmolStr,
    /// To what: an identity.
    pub target: SmolStr,
    /// What else there is to know: a text or JSON.
    pub detail: String,
    /// From which network address.
    pub address: Option<SmolStr>,
}

/// A row of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place: 1, 2, 3, …
    pub id: i64,
    /// What was done.
    pub entry: AuditEntry,
    /// SHA-256 over the hash before and all fields, as hexadecimal digits.
    pub hash: String,
}

/// Rows that a list of the audit counts; more are said to be more.
pub const AUDIT_COUNT_MAX: u64 = 10_000;

/// Which rows of the audit. Text matches from the beginning, so that an index finds it among millions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By this user.
    pub actor: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// Targets that begin so.
    pub q: Option<String>,
    /// Then or later.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// What the chain of hashes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Each row is as it was written.
    Intact {
        /// How many rows.
        rows: u64,
        /// Hash of the last one; empty when there are none.
        last_hash: String,
    },
    /// A row was changed, or one before it removed or added.
    Broken {
        /// The first row that doesn't fit.
        id: i64,
    },
}

impl Records {
    /// Adds a row to the audit.
    pub async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditRecord, StoreError> {
        let add = async {
            let tx = self.begin().await?;
            let row = append(&tx, entry).await?;
            tx.commit().await?;
            Ok(record_of(row))
        };
        add.await.during("add to the audit")
    }

    /// Rows of the audit, newest first. Its total counts no further than [`AUDIT_COUNT_MAX`] and one: to count millions takes
    /// longer than to show the newest.
    pub async fn audit(&self, filter: &AuditFilter, window: Window) -> Result<Page<AuditRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let counted = found.clone().select_only().column(row::Column::Id).limit(AUDIT_COUNT_MAX + 1);
            let count = Query::select()
                .expr_as(Expr::cust("COUNT(*)"), "count")
                .from_subquery(counted.into_query(), "counted")
                .to_owned();
            let count = self.reader().query_one(&count).await?;
            let total: i64 = count.map_or(Ok(0), |row| row.try_get("", "count"))?;
            let total = total as u64;
            let found = found.order_by_desc(row::Column::At).order_by_desc(row::Column::Id);
            let rows = found.offset(window.offset).limit(window.limit()).all(self.reader()).await?;
            Ok(Page { items: rows.into_iter().map(record_of).collect(), total })
        };
        list.await.during("list the audit")
    }

    /// Follows the chain of hashes from the first row to the last, and tells `progress` how many rows were looked at.
    pub async fn verify_audit(
        &self,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<AuditVerdict, StoreError> {
        let (mut last_id, mut last_hash) = (0, String::new());
        loop {
            let rows = row::Entity::find()
                .filter(row::Column::Id.gt(last_id))
                .order_by_asc(row::Column::Id)
                .limit(VERIFY_ROWS)
                .all(self.reader())
                .await
                .during("verify the audit")?;
            if rows.is_empty() {
                return Ok(AuditVerdict::Intact { rows: last_id as u64, last_hash });
            }
            for row in rows {
                if row.id != last_id + 1 || row.prev_hash != last_hash || row.hash != hash_of(&row) {
                    return Ok(AuditVerdict::Broken { id: row.id });
                }
                (last_id, last_hash) = (row.id, row.hash);
            }
            progress(last_id as u64);
        }
    }
}

/// Adds a row in the transaction that does what it tells of: neither is there without the other.
pub(crate) async fn append(tx: &impl ConnectionTrait, entry: &AuditEntry) -> Result<row::Model, DbErr> {
    let last = row::Entity::find().order_by_desc(row::Column::Id).one(tx).await?;
    let (last_id, prev_hash) = last.map_or((0, String::new()), |last| (last.id, last.hash));
    let mut row = row::Model {
        id: last_id + 1,
        at: entry.at.unix_ms(),
        actor: entry.actor.to_string(),
        action: entry.action.to_string(),
        target: entry.target.to_string(),
        detail: entry.detail.clone(),
        address: entry.address.as_ref().map(ToString::to_string),
        prev_hash,
        hash: String::new(),
    };
    row.hash = hash_of(&row);
    row.clone().into_active_model().reset_all().insert(tx).await?;
    Ok(row)
}

fn condition(filter: &AuditFilter) -> Condition {
    use row::Column::{Action, Actor, At, Target};
    let begins_with = |q: &String| {
        // A range, not LIKE: an index on text serves it in SQLite and PostgreSQL alike.
        Condition::all().add(Target.gte(q.as_str())).add(Target.lt(format!("{q}{}", char::MAX)))
    };
    Condition::all()
        .add_option(filter.actor.as_deref().map(|actor| Actor.eq(actor)))
        .add_option(filter.action.as_deref().map(|action| Action.eq(action)))
        .add_option(filter.q.as_ref().map(begins_with))
        .add_option(filter.since.map(|since| At.gte(since.unix_ms())))
        .add_option(filter.until.map(|until| At.lt(until.unix_ms())))
}

/// SHA-256 over all fields but the hash itself, each text preceded by its length, so that fields can't run together.
fn hash_of(row: &row::Model) -> String {
    let mut hasher = Sha256::new();
    hasher.update(row.id.to_le_bytes());
    hasher.update(row.at.to_le_bytes());
    hasher.update([u8::from(row.address.is_some())]);
    let address = row.address.as_deref().unwrap_or_default();
    for text in [row.prev_hash.as_str(), &row.actor, &row.action, &row.target, &row.detail, address] {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hex(&hasher.finalize())
}

fn record_of(row: row::Model) -> AuditRecord {
    let entry = AuditEntry {
        at: time_of(row.at),
        actor: row.actor.into(),
        action: row.action.into(),
        target: row.target.into(),
        detail: row.detail,
        address: row.address.map(Into::into),
    };
    AuditRecord { id: row.id, entry, hash: row.hash }
}
