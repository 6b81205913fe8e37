//! What proves who a user is: the password, its tries, changes and resets. Passwords live here only as Argon2id hashes.

use crate::error::{During, StoreError, damaged};
use crate::password::{self, OneTimePassword, PasswordRule};
use crate::session;
use crate::store::{Records, time_of};
use crate::user::{UserId, by_username, listed, row};
use domain::Timestamp;
use domain::time::MINUTE_MS;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, DbErr, IntoActiveModel, Set};

/// Wrong passwords in a row that lock a user.
pub const FAILED_ATTEMPTS_MAX: i32 = 5;
/// How long a user stays locked.
pub const LOCK_OUT_MS: i64 = 15 * MINUTE_MS;
/// Passwords, the current one among them, that a new one must not be.
pub const PASSWORDS_REMEMBERED: usize = 5;

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
    /// The new password is one of the last [`PASSWORDS_REMEMBERED`].
    #[error("the new password was used before")]
    UsedBefore,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// Gives a user a new one-time password, lifts a lock-out and ends all sessions; `None` when there is no such user.
    pub async fn reset_password(&self, id: UserId) -> Result<Option<OneTimePassword>, StoreError> {
        let password = OneTimePassword::generate();
        let hash = self.hash_password(password.reveal().to_owned()).await;
        let write = async {
            let tx = self.begin().await?;
            let Some(mut row) = row::Entity::find_by_id(id.0).one(&tx).await? else {
                return Ok(None);
            };
            let old = std::mem::replace(&mut row.password_hash, hash);
            row.past_passwords = with_past(&row.past_passwords, old)?;
            row.must_change_password = true;
            row.password_changed_at = None;
            row.failed_attempts = 0;
            row.locked_until = None;
            row.into_active_model().reset_all().update(&tx).await?;
            session::end_all(&tx, id, None).await?;
            tx.commit().await?;
            Ok(Some(password))
        };
        write.await.during("reset a password")
    }

    /// Lifts a lock-out; `false` when there is no such user.
    pub async fn unlock_user(&self, id: UserId) -> Result<bool, StoreError> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::FailedAttempts, Expr::value(0))
            .col_expr(row::Column::LockedUntil, Expr::value(None::<i64>))
            .filter(row::Column::Id.eq(id.0));
        update.exec(self.writer()).await.map(|done| done.rows_affected > 0).during("unlock a user")
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
            return Err(ChangePasswordError::UsedBefore);
        }
        for past in listed(&row.past_passwords).during(OPERATION)? {
            if self.verify_password(new.to_owned(), Some(past)).await {
                return Err(ChangePasswordError::UsedBefore);
            }
        }
        let hash = self.hash_password(new.to_owned()).await;
        let write = async {
            let tx = self.begin().await?;
            let past = with_past(&row.past_passwords, row.password_hash.clone())?;
            let mut row = row.into_active_model();
            row.password_hash = Set(hash);
            row.past_passwords = Set(past);
            row.must_change_password = Set(false);
            row.password_changed_at = Set(Some(now.unix_ms()));
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

/// The list of past passwords with one more, the oldest forgotten.
fn with_past(past: &str, hash: String) -> Result<String, DbErr> {
    let mut all = listed(past)?;
    all.insert(0, hash);
    all.truncate(PASSWORDS_REMEMBERED - 1);
    serde_json::to_string(&all).map_err(|error| damaged("user", error))
}
