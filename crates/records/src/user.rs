//! Users: who may do what. Passwords live here only as Argon2id hashes.

use crate::error::{During, StoreError, damaged};
use crate::password::{self, OneTimePassword, PasswordRule};
use crate::session;
use crate::store::{Records, time_of};
use domain::Timestamp;
use domain::time::MINUTE_MS;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, IntoActiveModel, NotSet, QueryOrder, Set};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub username: String,
        pub display_name: String,
        pub role: String,
        pub is_enabled: bool,
        pub must_change_password: bool,
        pub password_hash: String,
        pub failed_attempts: i32,
        pub locked_until: Option<i64>,
        pub created_at: i64,
        pub last_login_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Wrong passwords in a row that lock a user.
pub const FAILED_ATTEMPTS_MAX: i32 = 5;
/// How long a user stays locked.
pub const LOCK_OUT_MS: i64 = 15 * MINUTE_MS;
/// Longest username in characters.
pub const USERNAME_CHARS_MAX: usize = 64;
/// The user that the first start creates.
pub const FIRST_ADMINISTRATOR: &str = "admin";

/// Identity of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Works: signs, orders, registers.
    Officer,
    /// Also manages users, devices and settings.
    Administrator,
}

impl Role {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Officer => "officer",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a key.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Viewer, Self::Officer, Self::Administrator].into_iter().find(|role| role.key() == key)
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Identity.
    pub id: UserId,
    /// What the user logs in with; never changes, since signatures and audit name it.
    pub username: SmolStr,
    /// Name, as people say it.
    pub display_name: SmolStr,
    /// What the user may do.
    pub role: Role,
    /// Whether the user may log in.
    pub is_enabled: bool,
    /// Whether nothing but a new password is allowed.
    pub must_change_password: bool,
    /// Until when log-ins are refused after wrong passwords.
    pub locked_until: Option<Timestamp>,
    /// When created.
    pub created_at: Timestamp,
    /// Last log-in.
    pub last_login_at: Option<Timestamp>,
}

/// Changes of a user; `None` leaves as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserPatch {
    /// New name.
    pub display_name: Option<SmolStr>,
    /// New role.
    pub role: Option<Role>,
    /// Enable or disable.
    pub is_enabled: Option<bool>,
}

/// Why a user was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Somebody has this username.
    #[error("the username is taken")]
    Taken,
    /// Empty, too long, or with characters that can't be seen.
    #[error("a username has 1 to {USERNAME_CHARS_MAX} visible characters without spaces")]
    BadUsername,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PatchUserError {
    /// There is none with this id.
    #[error("no such user")]
    NotFound,
    /// Nobody could manage users any more.
    #[error("the last enabled administrator stays one")]
    LastAdministrator,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// There is no such user.
    #[error("no such user")]
    NotFound,
    /// The current password is another.
    #[error("wrong password")]
    WrongPassword,
    /// Too many wrong passwords.
    #[error("locked after too many wrong passwords")]
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// The new password breaks a rule.
    #[error(transparent)]
    Rule(#[from] PasswordRule),
    /// The new password is the current one.
    #[error("the new password is the current one")]
    Same,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// Creates [`FIRST_ADMINISTRATOR`] with a one-time password when there are no users at all; `None` when there are.
    pub async fn ensure_first_administrator(
        &self,
        now: Timestamp,
    ) -> Result<Option<OneTimePassword>, StoreError> {
        const OPERATION: &str = "create the first administrator";
        if row::Entity::find().count(self.reader()).await.during(OPERATION)? > 0 {
            return Ok(None);
        }
        let password = OneTimePassword::generate();
        let hash = self.hash_password(password.reveal().to_owned()).await;
        let create = async {
            let tx = self.begin().await?;
            let is_first = row::Entity::find().count(&tx).await? == 0;
            if is_first {
                new_row(FIRST_ADMINISTRATOR, "", Role::Administrator, hash, now).insert(&tx).await?;
            }
            tx.commit().await?;
            Ok(is_first)
        };
        Ok(create.await.during(OPERATION)?.then_some(password))
    }

    /// Creates a user with a one-time password.
    pub async fn create_user(
        &self,
        username: &str,
        display_name: &str,
        role: Role,
        now: Timestamp,
    ) -> Result<(User, OneTimePassword), CreateUserError> {
        const OPERATION: &str = "create a user";
        let is_visible = |c: char| !c.is_whitespace() && !c.is_control();
        if !(1..=USERNAME_CHARS_MAX).contains(&username.chars().count()) || !username.chars().all(is_visible)
        {
            return Err(CreateUserError::BadUsername);
        }
        let password = OneTimePassword::generate();
        let hash = self.hash_password(password.reveal().to_owned()).await;
        let tx = self.begin().await.during(OPERATION)?;
        if by_username(&tx, username).await.during(OPERATION)?.is_some() {
            return Err(CreateUserError::Taken);
        }
        let row = new_row(username, display_name, role, hash, now).insert(&tx).await.during(OPERATION)?;
        tx.commit().await.during(OPERATION)?;
        Ok((user_of(row).during(OPERATION)?, password))
    }

    /// All users by username; a brigade has some dozens.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Username).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(user_of).collect()).during("list users")
    }

    /// One user.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = row::Entity::find_by_id(id.0).one(self.reader()).await;
        row.and_then(|row| row.map(user_of).transpose()).during("read a user")
    }

    /// Changes a user. Disabling one ends all of the user's sessions.
    pub async fn patch_user(&self, id: UserId, patch: UserPatch) -> Result<User, PatchUserError> {
        const OPERATION: &str = "change a user";
        let tx = self.begin().await.during(OPERATION)?;
        let found = row::Entity::find_by_id(id.0).one(&tx).await.during(OPERATION)?;
        let mut row = found.ok_or(PatchUserError::NotFound)?;
        if let Some(name) = patch.display_name {
            row.display_name = name.to_string();
        }
        if let Some(role) = patch.role {
            role.key().clone_into(&mut row.role);
        }
        row.is_enabled = patch.is_enabled.unwrap_or(row.is_enabled);
        let write = async {
            row.clone().into_active_model().reset_all().update(&tx).await?;
            if !row.is_enabled {
                session::end_all(&tx, id, None).await?;
            }
            row::Entity::find()
                .filter(row::Column::Role.eq(Role::Administrator.key()))
                .filter(row::Column::IsEnabled.eq(true))
                .count(&tx)
                .await
        };
        if write.await.during(OPERATION)? == 0 {
            return Err(PatchUserError::LastAdministrator); // Dropping the transaction takes the change back.
        }
        tx.commit().await.during(OPERATION)?;
        Ok(user_of(row).during(OPERATION)?)
    }

    /// Gives a user a new one-time password, lifts a lock-out and ends all sessions; `None` when there is no such user.
    pub async fn reset_password(&self, id: UserId) -> Result<Option<OneTimePassword>, StoreError> {
        let password = OneTimePassword::generate();
        let hash = self.hash_password(password.reveal().to_owned()).await;
        let write = async {
            let tx = self.begin().await?;
            let Some(mut row) = row::Entity::find_by_id(id.0).one(&tx).await? else {
                return Ok(None);
            };
            row.password_hash = hash;
            row.must_change_password = true;
            row.failed_attempts = 0;
            row.locked_until = None;
            row.into_active_model().reset_all().update(&tx).await?;
            session::end_all(&tx, id, None).await?;
            tx.commit().await?;
            Ok(Some(password))
        };
        write.await.during("reset a password")
    }

    /// Changes the password of a user who knows the current one; ends all sessions but `keep`.
    pub async fn change_password(
        &self,
        id: UserId,
        current: &str,
        new: &str,
        keep: Option<&str>,
        now: Timestamp,
    ) -> Result<(), ChangePasswordError> {
        const OPERATION: &str = "change a password";
        let user = self.user(id).await?.ok_or(ChangePasswordError::NotFound)?;
        password::check(new, &user.username)?;
        let row = match self.attempt(&user.username, current, now).await? {
            Attempt::Right(row) => row,
            Attempt::Wrong => return Err(ChangePasswordError::WrongPassword),
            Attempt::Locked { until } => return Err(ChangePasswordError::Locked { until }),
        };
        if new == current {
            return Err(ChangePasswordError::Same);
        }
        let hash = self.hash_password(new.to_owned()).await;
        let write = async {
            let tx = self.begin().await?;
            let mut row = row.into_active_model();
            row.password_hash = Set(hash);
            row.must_change_password = Set(false);
            row.update(&tx).await?;
            session::end_all(&tx, id, keep).await?;
            tx.commit().await
        };
        Ok(write.await.during(OPERATION)?)
    }

    /// Tries a password. The attempt is counted before the password is checked, so that many at the same time are no
    /// way around the lock-out; the right password sets the count back.
    pub(crate) async fn attempt(
        &self,
        username: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        const OPERATION: &str = "check a password";
        let count = async {
            let tx = self.begin().await?;
            let Some(mut row) = by_username(&tx, username).await? else { return Ok(Counted::Unknown) };
            if let Some(until) = row.locked_until.map(time_of).filter(|until| now < *until) {
                return Ok(Counted::Locked { until });
            }
            row.failed_attempts += 1;
            row.locked_until = None;
            if row.failed_attempts >= FAILED_ATTEMPTS_MAX {
                row.failed_attempts = 0;
                row.locked_until = Some(now.plus_ms(LOCK_OUT_MS).unix_ms());
            }
            row.clone().into_active_model().reset_all().update(&tx).await?;
            tx.commit().await?;
            Ok(Counted::Once(Box::new(row)))
        };
        let mut row = match count.await.during(OPERATION)? {
            Counted::Unknown => {
                self.verify_password(password.to_owned(), None).await;
                return Ok(Attempt::Wrong);
            }
            Counted::Locked { until } => return Ok(Attempt::Locked { until }),
            Counted::Once(row) => row,
        };
        if !self.verify_password(password.to_owned(), Some(row.password_hash.clone())).await {
            return Ok(Attempt::Wrong);
        }
        row.failed_attempts = 0;
        row.locked_until = None;
        let mut reset = row::ActiveModel { id: Set(row.id), ..Default::default() };
        reset.failed_attempts = Set(0);
        reset.locked_until = Set(None);
        reset.update(self.writer()).await.during(OPERATION)?;
        Ok(Attempt::Right(row))
    }
}

enum Counted {
    Unknown,
    Locked { until: Timestamp },
    Once(Box<row::Model>),
}

/// What became of an attempt.
pub(crate) enum Attempt {
    Right(Box<row::Model>),
    Wrong,
    Locked { until: Timestamp },
}

async fn by_username(db: &impl ConnectionTrait, username: &str) -> Result<Option<row::Model>, DbErr> {
    row::Entity::find().filter(row::Column::Username.eq(username)).one(db).await
}

fn new_row(
    username: &str,
    display_name: &str,
    role: Role,
    password_hash: String,
    now: Timestamp,
) -> row::ActiveModel {
    row::ActiveModel {
        id: NotSet,
        username: Set(username.to_owned()),
        display_name: Set(display_name.to_owned()),
        role: Set(role.key().to_owned()),
        is_enabled: Set(true),
        must_change_password: Set(true),
        password_hash: Set(password_hash),
        failed_attempts: Set(0),
        locked_until: Set(None),
        created_at: Set(now.unix_ms()),
        last_login_at: Set(None),
    }
}

pub(crate) fn user_of(row: row::Model) -> Result<User, DbErr> {
    Ok(User {
        id: UserId(row.id),
        username: row.username.into(),
        display_name: row.display_name.into(),
        role: Role::parse(&row.role).ok_or_else(|| damaged("user", &row.role))?,
        is_enabled: row.is_enabled,
        must_change_password: row.must_change_password,
        locked_until: row.locked_until.map(time_of),
        created_at: time_of(row.created_at),
        last_login_at: row.last_login_at.map(time_of),
    })
}
