//! Sessions: who is logged in. The database has only hashes of tokens: reading it doesn't let anybody in.

use crate::error::{During, StoreError};
use crate::password;
use crate::store::Records;
use crate::user::{self, Attempt, User, UserId, user_of};
use domain::Timestamp;
use domain::time::HOUR_MS;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set};
use sha2::{Digest, Sha256};

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
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How long a session lasts: a duty shift of twelve hours.
pub const SESSION_LIFETIME_MS: i64 = 12 * HOUR_MS;

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
    /// The right password of a disabled user.
    #[error("the user is disabled")]
    Disabled,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// Opens a session for a username and its password, from this network address.
    pub async fn log_in(
        &self,
        username: &str,
        password: &str,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<Session, LogInError> {
        let row = match self.attempt(username, password, now).await? {
            Attempt::Right(row) => row,
            Attempt::Wrong => return Err(LogInError::WrongCredentials),
            Attempt::Locked { until } => return Err(LogInError::Locked { until }),
        };
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
            address: Set(address.map(str::to_owned)),
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
        Ok(Session { token, user, expires_at })
    }

    /// Whose session this is; `None` when there is none, it is over, or the user is disabled.
    pub async fn session_user(&self, token: &str, now: Timestamp) -> Result<Option<User>, StoreError> {
        let read = async {
            let session = row::Entity::find_by_id(token_hash(token)).one(self.reader()).await?;
            let Some(session) = session.filter(|session| now.unix_ms() < session.expires_at) else {
                return Ok(None);
            };
            let user = user::row::Entity::find_by_id(session.user_id).one(self.reader()).await?;
            user.filter(|user| user.is_enabled).map(user_of).transpose()
        };
        read.await.during("look up a session")
    }

    /// Ends a session; one that isn't there is ended already.
    pub async fn log_out(&self, token: &str) -> Result<(), StoreError> {
        let ended = row::Entity::delete_by_id(token_hash(token)).exec(self.writer()).await;
        ended.map(|_| ()).during("end a session")
    }
}

/// Ends the sessions of a user but the one of the token `keep`.
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
