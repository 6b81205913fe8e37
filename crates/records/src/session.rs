//! Sessions: who is logged in. The database has only hashes of tokens: reading it doesn't let anybody in.

use crate::credential::{Attempt, Proof, SecondFactor};
use crate::error::{During, StoreError};
use crate::password;
use crate::store::{Records, time_of};
use crate::user::{self, User, UserId, user_of};
use domain::Timestamp;
use domain::time::{HOUR_MS, MINUTE_MS};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, QueryOrder, Set};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_hash: String,
        pub user_id: i64,
        pub created_at: i64,
        pub expires_at: i64,
        pub address: Option<String>,
        pub last_used_at: i64,
        pub device: Option<String>,
        pub is_single_sign_on: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How long a session lasts: a duty shift of twelve hours.
pub const SESSION_LIFETIME_MS: i64 = 12 * HOUR_MS;

/// How exactly the last use of a session is known; each use within it costs no write.
pub const SESSION_USE_NOTED_MS: i64 = MINUTE_MS;
/// Digits of a token's hash that name its session: 64 bits.
const SESSION_ID_CHARS: usize = 16;
/// Longest name of a device that is kept, in characters.
const DEVICE_CHARS_MAX: usize = 200;

/// 256 random bits as 64 hexadecimal digits: who has it is logged in. `Debug` doesn't show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// The token, to give it to the client.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// A session that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What proves it.
    pub token: SessionToken,
    /// Whose it is.
    pub user: User,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it was opened with a recovery code, which is used up now.
    pub used_recovery_code: bool,
}

/// Whose session it is, and how it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUser {
    /// Whose it is.
    pub user: User,
    /// Whether an identity provider vouched for the user, so that the password here and its age don't matter.
    pub is_single_sign_on: bool,
}

/// A session, as its user or the security administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// What to end it by. It lets nobody in.
    pub id: SmolStr,
    /// Whose it is.
    pub user: UserId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, within [`SESSION_USE_NOTED_MS`].
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// From which network address.
    pub address: Option<SmolStr>,
    /// What the browser or program calls itself.
    pub device: Option<SmolStr>,
}

/// From where somebody logs in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// Network address.
    pub address: Option<&'a str>,
    /// What the browser or program calls itself.
    pub device: Option<&'a str>,
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// No such user, or another password.
    #[error("wrong username or password")]
    WrongCredentials,
    /// Too many wrong passwords.
    #[error("locked after too many wrong passwords")]
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// The right password of a user who must also show a code.
    #[error("a code is needed beside the password")]
    NeedsCode,
    /// The right password with a wrong code, or with one that was used before.
    #[error("wrong code")]
    WrongCode,
    /// An identity provider vouched for somebody whose account is the platform's own.
    #[error("an administrator signs in by password")]
    OwnAccount,
    /// The right password of a disabled user.
    #[error("the user is disabled")]
    Disabled,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// Opens a session for a username, its password, and a code of who has a second factor.
    pub async fn log_in(
        &self,
        username: &str,
        password: &str,
        second: SecondFactor<'_>,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<Session, LogInError> {
        let (row, proof) = match self.attempt(username, password, Some(second), now).await? {
            Attempt::Right(row, proof) => (row, proof),
            Attempt::Wrong => return Err(LogInError::WrongCredentials),
            Attempt::CodeNeeded => return Err(LogInError::NeedsCode),
            Attempt::WrongCode => return Err(LogInError::WrongCode),
            Attempt::Locked { until } => return Err(LogInError::Locked { until }),
        };
        let used_recovery_code = matches!(proof, Proof::Recovery { .. });
        Ok(Session { used_recovery_code, ..self.admit(*row, false, origin, now).await? })
    }

    /// Opens a session for whom an identity provider has vouched for, by username. The three administrators and the
    /// founder are not vouched for: their accounts are the platform's own.
    pub async fn log_in_vouched(
        &self,
        username: &str,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<Session, LogInError> {
        let found = user::row::Entity::find().filter(user::row::Column::Username.eq(username));
        let row =
            found.one(self.reader()).await.during("find a user")?.ok_or(LogInError::WrongCredentials)?;
        let is_own = user_of(row.clone()).during("find a user")?.is_administrator();
        if is_own { Err(LogInError::OwnAccount) } else { self.admit(row, true, origin, now).await }
    }

    async fn admit(
        &self,
        row: user::row::Model,
        is_single_sign_on: bool,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<Session, LogInError> {
        if !row.is_enabled {
            return Err(LogInError::Disabled);
        }
        let token = SessionToken(hex(&password::random::<32>()));
        let expires_at = now.plus_ms(SESSION_LIFETIME_MS);
        let session = row::ActiveModel {
            token_hash: Set(token_hash(&token.0)),
            user_id: Set(row.id),
            created_at: Set(now.unix_ms()),
            expires_at: Set(expires_at.unix_ms()),
            address: Set(origin.address.map(str::to_owned)),
            last_used_at: Set(now.unix_ms()),
            device: Set(origin.device.map(|device| device.chars().take(DEVICE_CHARS_MAX).collect())),
            is_single_sign_on: Set(is_single_sign_on),
        };
        let open = async {
            let tx = self.begin().await?;
            row::Entity::delete_many().filter(row::Column::ExpiresAt.lte(now.unix_ms())).exec(&tx).await?;
            session.insert(&tx).await?;
            let seen = user::row::ActiveModel {
                id: Set(row.id),
                last_login_at: Set(Some(now.unix_ms())),
                ..Default::default()
            };
            let user = user_of(seen.update(&tx).await?)?;
            tx.commit().await?;
            Ok(user)
        };
        let user = open.await.during("open a session")?;
        Ok(Session { token, user, expires_at, used_recovery_code: false })
    }

    /// Whose session this is; `None` when there is none, it is over or was not used for `idle_ms`, or the user is
    /// disabled. Notes that it is used.
    pub async fn session_user(
        &self,
        token: &str,
        idle_ms: Option<i64>,
        now: Timestamp,
    ) -> Result<Option<SessionUser>, StoreError> {
        let read = async {
            let Some((session, user)) = self.open_session(token, idle_ms, now).await? else {
                return Ok(None);
            };
            let is_single_sign_on = session.is_single_sign_on;
            let unused_ms = now.unix_ms() - session.last_used_at;
            if unused_ms >= SESSION_USE_NOTED_MS {
                row::Entity::update_many()
                    .col_expr(row::Column::LastUsedAt, Expr::value(now.unix_ms()))
                    .filter(row::Column::TokenHash.eq(session.token_hash))
                    .exec(self.writer())
                    .await?;
            }
            Ok(Some(SessionUser { user: user_of(user)?, is_single_sign_on }))
        };
        read.await.during("look up a session")
    }

    /// Whether a session is still open. Asking is no use of it.
    pub async fn is_session_open(
        &self,
        token: &str,
        idle_ms: Option<i64>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = self.open_session(token, idle_ms, now).await;
        found.map(|found| found.is_some()).during("look up a session")
    }

    async fn open_session(
        &self,
        token: &str,
        idle_ms: Option<i64>,
        now: Timestamp,
    ) -> Result<Option<(row::Model, user::row::Model)>, DbErr> {
        let is_open = |session: &row::Model| {
            let unused_ms = now.unix_ms() - session.last_used_at;
            now.unix_ms() < session.expires_at && idle_ms.is_none_or(|idle_ms| unused_ms < idle_ms)
        };
        let session = row::Entity::find_by_id(token_hash(token)).one(self.reader()).await?;
        let Some(session) = session.filter(is_open) else { return Ok(None) };
        let user = user::row::Entity::find_by_id(session.user_id).one(self.reader()).await?;
        Ok(user.filter(|user| user.is_enabled).map(|user| (session, user)))
    }

    /// The sessions of a user that are not over, newest first.
    pub async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        let found = row::Entity::find()
            .filter(row::Column::UserId.eq(user.0))
            .filter(row::Column::ExpiresAt.gt(now.unix_ms()))
            .order_by_desc(row::Column::CreatedAt);
        let rows = found.all(self.reader()).await.during("list sessions")?;
        Ok(rows.into_iter().map(record_of).collect())
    }

    /// Ends one session of a user; `false` when there is none of this identity.
    pub async fn end_session(&self, user: UserId, id: &str) -> Result<bool, StoreError> {
        if id.len() != SESSION_ID_CHARS {
            return Ok(false);
        }
        let ended = row::Entity::delete_many()
            .filter(row::Column::UserId.eq(user.0))
            .filter(row::Column::TokenHash.starts_with(id));
        ended.exec(self.writer()).await.map(|done| done.rows_affected > 0).during("end a session")
    }

    /// Ends the sessions of a user but the one of the token `keep`.
    pub async fn end_sessions(&self, user: UserId, keep: Option<&str>) -> Result<(), StoreError> {
        end_all(self.writer(), user, keep).await.during("end sessions")
    }

    /// Ends a session; one that isn't there is ended already.
    pub async fn log_out(&self, token: &str) -> Result<(), StoreError> {
        let ended = row::Entity::delete_by_id(token_hash(token)).exec(self.writer()).await;
        ended.map(|_| ()).during("end a session")
    }
}

/// Identity of the session of a token.
pub fn session_id(token: &str) -> SmolStr {
    id_of(&token_hash(token))
}

fn id_of(token_hash: &str) -> SmolStr {
    token_hash.chars().take(SESSION_ID_CHARS).collect()
}

fn record_of(row: row::Model) -> SessionRecord {
    SessionRecord {
        id: id_of(&row.token_hash),
        user: UserId(row.user_id),
        created_at: time_of(row.created_at),
        last_used_at: time_of(row.last_used_at.max(row.created_at)),
        expires_at: time_of(row.expires_at),
        address: row.address.map(Into::into),
        device: row.device.map(Into::into),
    }
}

pub(crate) async fn end_all(
    db: &impl ConnectionTrait,
    user: UserId,
    keep: Option<&str>,
) -> Result<(), DbErr> {
    let mut ended = row::Entity::delete_many().filter(row::Column::UserId.eq(user.0));
    if let Some(keep) = keep {
        ended = ended.filter(row::Column::TokenHash.ne(token_hash(keep)));
    }
    ended.exec(db).await.map(|_| ())
}

/// SHA-256 is enough here: a token has 256 random bits, so nothing is to be guessed from its hash.
fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string never fails");
        text
    })
}
