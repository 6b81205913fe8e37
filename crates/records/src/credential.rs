//! What proves who a user is: the password, its tries, changes and resets, and the second factor beside it. Passwords live
//! here only as Argon2id hashes, recovery codes as SHA-256 of 80 random bits, and the secret of codes sealed by the caller.

use crate::error::{During, StoreError, damaged};
use crate::password::{self, OneTimePassword, PasswordRule};
use crate::session;
use crate::store::{Records, time_of};
use crate::user::{UserId, by_username, listed, row};
use domain::Timestamp;
use domain::time::MINUTE_MS;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, Condition, DbErr, IntoActiveModel, Set};
use sha2::{Digest, Sha256};

/// Wrong passwords in a row that lock a user.
pub const FAILED_ATTEMPTS_MAX: i32 = 5;
/// How long a user stays locked.
pub const LOCK_OUT_MS: i64 = 15 * MINUTE_MS;
/// Passwords, the current one among them, that a new one must not be.
pub const PASSWORDS_REMEMBERED: usize = 5;

/// Recovery codes that a user gets.
pub const RECOVERY_CODES: usize = 10;

/// What is shown beside the password, and how it is checked.
#[derive(Clone, Copy)]
pub struct SecondFactor<'a> {
    /// What the user typed: a code, or a recovery code.
    pub code: Option<&'a str>,
    /// The time step of a right code, from the username, the sealed secret and the code.
    pub step_of: &'a (dyn Fn(&str, &str, &str) -> Option<i64> + Sync),
}

/// Why somebody who is signed in did not prove to be who they are.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// Another password.
    #[error("wrong password")]
    WrongPassword,
    /// Too many wrong passwords.
    #[error("locked after too many wrong passwords")]
    Locked {
        /// Until when.
        until: Timestamp,
    },
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
        let row = match self.attempt(&user.username, current, None, now).await? {
            Attempt::Right(row, _) => row,
            Attempt::Locked { until } => return Err(ChangePasswordError::Locked { until }),
            _ => return Err(ChangePasswordError::WrongPassword),
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

    /// Whether a user who is signed in knows the password; asked before the second factor is changed.
    pub async fn prove(&self, username: &str, password: &str, now: Timestamp) -> Result<(), ProofError> {
        match self.attempt(username, password, None, now).await? {
            Attempt::Right(..) => Ok(()),
            Attempt::Locked { until } => Err(ProofError::Locked { until }),
            _ => Err(ProofError::WrongPassword),
        }
    }

    /// Turns the second factor on, with a sealed secret of which the code of `step` was shown. Gives recovery codes, to
    /// show them this once.
    pub async fn enable_totp(
        &self,
        id: UserId,
        sealed: &str,
        step: i64,
    ) -> Result<Vec<OneTimePassword>, StoreError> {
        let codes: Vec<OneTimePassword> = (0..RECOVERY_CODES).map(|_| OneTimePassword::generate()).collect();
        let hashes: Vec<String> = codes.iter().map(|code| code_hash(code.reveal())).collect();
        let write = async {
            let mut row = row::ActiveModel { id: Set(id.0), ..Default::default() };
            row.totp_secret = Set(Some(sealed.to_owned()));
            row.totp_step = Set(Some(step));
            row.recovery_codes = Set(json(&hashes)?);
            row.update(self.writer()).await
        };
        write.await.during("turn a second factor on")?;
        Ok(codes)
    }

    /// Turns the second factor off; `false` when there is no such user.
    pub async fn disable_totp(&self, id: UserId) -> Result<bool, StoreError> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::TotpSecret, Expr::value(None::<String>))
            .col_expr(row::Column::TotpStep, Expr::value(None::<i64>))
            .col_expr(row::Column::RecoveryCodes, Expr::value("[]"))
            .filter(row::Column::Id.eq(id.0));
        let done = update.exec(self.writer()).await;
        done.map(|done| done.rows_affected > 0).during("turn a second factor off")
    }

    /// Tries a password, and the second factor of who has one. The attempt is counted before the password is checked, so that many at the same time are no
    /// way around the lock-out; only when all is right the count is set back, so that codes can't be guessed either.
    pub(crate) async fn attempt(
        &self,
        username: &str,
        password: &str,
        second: Option<SecondFactor<'_>>,
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
        let proof = match (second, &row.totp_secret) {
            (Some(second), Some(sealed)) => {
                let Some(code) = second.code else { return Ok(Attempt::CodeNeeded) };
                match proof_of(&row, sealed, second, code).during(OPERATION)? {
                    Some(proof) => proof,
                    None => return Ok(Attempt::WrongCode),
                }
            }
            _ => Proof::Password,
        };
        let mut reset = row::Entity::update_many()
            .col_expr(row::Column::FailedAttempts, Expr::value(0))
            .col_expr(row::Column::LockedUntil, Expr::value(None::<i64>))
            .filter(row::Column::Id.eq(row.id));
        // Compared when written: of two that show the same code at the same time, one gets in.
        match &proof {
            Proof::Password => {}
            Proof::Step(step) => {
                let is_later = Condition::any()
                    .add(row::Column::TotpStep.lt(*step))
                    .add(row::Column::TotpStep.is_null());
                reset = reset.col_expr(row::Column::TotpStep, Expr::value(*step)).filter(is_later);
            }
            Proof::Recovery { rest } => {
                let is_same = row::Column::RecoveryCodes.eq(row.recovery_codes.as_str());
                reset =
                    reset.col_expr(row::Column::RecoveryCodes, Expr::value(rest.as_str())).filter(is_same);
            }
        }
        if reset.exec(self.writer()).await.during(OPERATION)?.rows_affected == 0 {
            return Ok(Attempt::WrongCode);
        }
        row.failed_attempts = 0;
        row.locked_until = None;
        Ok(Attempt::Right(row, proof))
    }
}

/// What a log-in was proved with, beside the password.
pub(crate) enum Proof {
    Password,
    Step(i64),
    /// A recovery code; `rest` are those that are left, as JSON.
    Recovery {
        rest: String,
    },
}

/// What a code proves; `None` when it is wrong, or was used before.
fn proof_of(
    row: &row::Model,
    sealed: &str,
    second: SecondFactor<'_>,
    code: &str,
) -> Result<Option<Proof>, DbErr> {
    if let Some(step) = (second.step_of)(&row.username, sealed, code.trim()) {
        return Ok(row.totp_step.is_none_or(|last| last < step).then_some(Proof::Step(step)));
    }
    let hash = code_hash(code);
    let mut rest = listed(&row.recovery_codes)?;
    let before = rest.len();
    rest.retain(|known| *known != hash);
    if rest.len() == before { Ok(None) } else { Ok(Some(Proof::Recovery { rest: json(&rest)? })) }
}

/// Of a recovery code, however it is written: people add spaces and dashes.
fn code_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    session::hex(&Sha256::digest(plain.to_ascii_lowercase().as_bytes()))
}

fn json(list: &[String]) -> Result<String, DbErr> {
    serde_json::to_string(list).map_err(|error| damaged("user", error))
}

enum Counted {
    Unknown,
    Locked { until: Timestamp },
    Once(Box<row::Model>),
}

/// What became of an attempt.
pub(crate) enum Attempt {
    Right(Box<row::Model>, Proof),
    Wrong,
    /// The right password of a user with a second factor.
    CodeNeeded,
    /// The right password with a wrong code, or with one that was used before.
    WrongCode,
    Locked {
        until: Timestamp,
    },
}

/// The list of past passwords with one more, the oldest forgotten.
fn with_past(past: &str, hash: String) -> Result<String, DbErr> {
    let mut all = listed(past)?;
    all.insert(0, hash);
    all.truncate(PASSWORDS_REMEMBERED - 1);
    json(&all)
}
