//! Users (人员): who works here, in which unit, with which roles. Their passwords are in `credential.rs`.

use crate::error::{During, StoreError, damaged};
use crate::password::OneTimePassword;
use crate::session;
use crate::store::{Records, time_of};
use crate::unit;
use domain::Timestamp;
use domain::people::{Actor, Permission, Role, RoleSet, UnitId};
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
        /// Keys of roles with spaces between them.
        pub roles: String,
        pub is_enabled: bool,
        pub must_change_password: bool,
        pub password_hash: String,
        pub failed_attempts: i32,
        pub locked_until: Option<i64>,
        pub created_at: i64,
        pub last_login_at: Option<i64>,
        pub unit_id: Option<i64>,
        pub phone: Option<String>,
        pub post: Option<String>,
        pub duty_from: Option<i64>,
        pub duty_until: Option<i64>,
        pub password_changed_at: Option<i64>,
        /// Hashes of passwords before, newest first, as JSON.
        pub past_passwords: String,
        /// Sealed secret of the second factor.
        pub totp_secret: Option<String>,
        /// Time step of the last code that was taken; none before the first.
        pub totp_step: Option<i64>,
        /// Hashes of recovery codes that were not used, as JSON.
        pub recovery_codes: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Longest username in characters.
pub const USERNAME_CHARS_MAX: usize = 64;
/// Longest name, post or telephone number in characters.
pub const USER_TEXT_CHARS_MAX: usize = 64;
/// The user that the first start creates.
pub const FIRST_ADMINISTRATOR: &str = "admin";
/// What somebody enabled must be allowed, so that the platform can still be managed.
const NEVER_WITHOUT: [Permission; 2] = [Permission::ManageSystem, Permission::ManageSecurity];
/// What the three administrators do between them.
const THREE_ADMINISTRATIONS: [Role; 3] =
    [Role::SystemAdministrator, Role::SecurityAdministrator, Role::AuditAdministrator];

/// Identity of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// A turn of duty (值班).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Its begin.
    pub from: Timestamp,
    /// Its end, which is not part of it.
    pub until: Timestamp,
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
    pub roles: RoleSet,
    /// The unit that the user belongs to; `None` stands above all units.
    pub unit: Option<UnitId>,
    /// Telephone number, for whoever has to reach the user.
    pub phone: Option<SmolStr>,
    /// Post (岗位), as people say it.
    pub post: Option<SmolStr>,
    /// The present or next turn of duty.
    pub duty: Option<Duty>,
    /// Whether the user may log in.
    pub is_enabled: bool,
    /// Whether nothing but a new password is allowed.
    pub must_change_password: bool,
    /// When the password was last chosen; `None` for one-time passwords and those from before this was noted.
    pub password_changed_at: Option<Timestamp>,
    /// Whether a code is asked for beside the password.
    pub has_totp: bool,
    /// Recovery codes that are left.
    pub recovery_codes_left: usize,
    /// Until when log-ins are refused after wrong passwords.
    pub locked_until: Option<Timestamp>,
    /// When created.
    pub created_at: Timestamp,
    /// Last log-in.
    pub last_login_at: Option<Timestamp>,
}

impl User {
    /// Whether this is one of the three administrators, or the founder, who may do what the three may.
    pub fn is_administrator(&self) -> bool {
        self.roles.iter().any(|role| role.administration().is_some() || role == Role::Founder)
    }
}

impl User {
    /// Whether the user is on duty then.
    pub fn is_on_duty(&self, now: Timestamp) -> bool {
        self.duty.is_some_and(|duty| duty.from <= now && now < duty.until)
    }
}

/// A user who is to be created; roles are given by somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    /// What the user logs in with.
    pub username: SmolStr,
    /// Name, as people say it.
    pub display_name: SmolStr,
    /// Unit.
    pub unit: Option<UnitId>,
    /// Telephone number.
    pub phone: Option<SmolStr>,
    /// Post.
    pub post: Option<SmolStr>,
}

/// Changes of a user; `None` leaves as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::option_option, reason = "left out, emptied or set")]
pub struct UserPatch {
    /// New name.
    pub display_name: Option<SmolStr>,
    /// New unit.
    pub unit: Option<Option<UnitId>>,
    /// New telephone number.
    pub phone: Option<Option<SmolStr>>,
    /// New post.
    pub post: Option<Option<SmolStr>>,
    /// New turn of duty.
    pub duty: Option<Option<Duty>>,
    /// Other roles. Those of the founder are not given, only taken.
    pub roles: Option<RoleSet>,
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
    /// A name, post or number is too long.
    #[error("a text has at most {USER_TEXT_CHARS_MAX} characters")]
    TooLong,
    /// There is no such unit, or it is abolished.
    #[error("no such unit")]
    NoUnit,
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
    /// Nobody could manage users or roles any more.
    #[error("somebody enabled must be able to manage the system, and somebody its security")]
    LastAdministrator,
    /// Founders are made by the first start alone.
    #[error("nobody is made a founder")]
    NoNewFounder,
    /// A name, post or number is too long.
    #[error("a text has at most {USER_TEXT_CHARS_MAX} characters")]
    TooLong,
    /// There is no such unit, or it is abolished.
    #[error("no such unit")]
    NoUnit,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// Creates [`FIRST_ADMINISTRATOR`] as founder with a one-time password when there are no users at all; `None` when
    /// there are.
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
                let new = NewUser { username: FIRST_ADMINISTRATOR.into(), ..NewUser::default() };
                new_row(&new, &RoleSet::from(Role::Founder), hash, now).insert(&tx).await?;
            }
            tx.commit().await?;
            Ok(is_first)
        };
        Ok(create.await.during(OPERATION)?.then_some(password))
    }

    /// Creates a user without roles and with a one-time password.
    pub async fn create_user(
        &self,
        new: &NewUser,
        now: Timestamp,
    ) -> Result<(User, OneTimePassword), CreateUserError> {
        const OPERATION: &str = "create a user";
        let is_visible = |c: char| !c.is_whitespace() && !c.is_control();
        let chars = new.username.chars().count();
        if !(1..=USERNAME_CHARS_MAX).contains(&chars) || !new.username.chars().all(is_visible) {
            return Err(CreateUserError::BadUsername);
        }
        if [Some(&new.display_name), new.phone.as_ref(), new.post.as_ref()].into_iter().any(is_too_long) {
            return Err(CreateUserError::TooLong);
        }
        let password = OneTimePassword::generate();
        let hash = self.hash_password(password.reveal().to_owned()).await;
        let tx = self.begin().await.during(OPERATION)?;
        // Steps and audit name these where no person acted.
        let is_reserved = [Actor::PLATFORM, Actor::PUBLIC].contains(&new.username.as_str());
        if is_reserved || by_username(&tx, &new.username).await.during(OPERATION)?.is_some() {
            return Err(CreateUserError::Taken);
        }
        if !is_unit(&tx, new.unit).await.during(OPERATION)? {
            return Err(CreateUserError::NoUnit);
        }
        let row = new_row(new, &RoleSet::default(), hash, now).insert(&tx).await.during(OPERATION)?;
        tx.commit().await.during(OPERATION)?;
        Ok((user_of(row).during(OPERATION)?, password))
    }

    /// All users by username; a county has some hundreds.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Username).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(user_of).collect()).during("list users")
    }

    /// One user.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = row::Entity::find_by_id(id.0).one(self.reader()).await;
        row.and_then(|row| row.map(user_of).transpose()).during("read a user")
    }

    /// Changes a user. Disabling one ends all of the user's sessions; other roles count from the next request on.
    pub async fn patch_user(&self, id: UserId, patch: UserPatch) -> Result<User, PatchUserError> {
        const OPERATION: &str = "change a user";
        let UserPatch { display_name, phone, post, .. } = &patch;
        let texts = [display_name.as_ref(), phone.iter().flatten().next(), post.iter().flatten().next()];
        if texts.into_iter().any(is_too_long) {
            return Err(PatchUserError::TooLong);
        }
        let tx = self.begin().await.during(OPERATION)?;
        let found = row::Entity::find_by_id(id.0).one(&tx).await.during(OPERATION)?;
        let mut row = found.ok_or(PatchUserError::NotFound)?;
        if let Some(name) = patch.display_name {
            row.display_name = name.to_string();
        }
        if let Some(unit) = patch.unit {
            if !is_unit(&tx, unit).await.during(OPERATION)? {
                return Err(PatchUserError::NoUnit);
            }
            row.unit_id = unit.map(|unit| unit.0);
        }
        if let Some(phone) = patch.phone {
            row.phone = phone.map(String::from);
        }
        if let Some(post) = patch.post {
            row.post = post.map(String::from);
        }
        if let Some(duty) = patch.duty {
            row.duty_from = duty.map(|duty| duty.from.unix_ms());
            row.duty_until = duty.map(|duty| duty.until.unix_ms());
        }
        if let Some(roles) = patch.roles {
            if roles.has(Role::Founder) && !roles_of(&row.roles).during(OPERATION)?.has(Role::Founder) {
                return Err(PatchUserError::NoNewFounder);
            }
            row.roles = text_of(&roles);
        }
        row.is_enabled = patch.is_enabled.unwrap_or(row.is_enabled);
        let write = async {
            row.clone().into_active_model().reset_all().update(&tx).await?;
            if !row.is_enabled {
                session::end_all(&tx, id, None).await?;
            }
            enabled(&tx).await
        };
        let enabled = write.await.during(OPERATION)?;
        let is_there = |permission: &Permission| enabled.iter().any(|(_, roles)| roles.allow(*permission));
        if !NEVER_WITHOUT.iter().all(is_there) {
            return Err(PatchUserError::LastAdministrator); // Dropping the transaction takes the change back.
        }
        tx.commit().await.during(OPERATION)?;
        Ok(user_of(row).during(OPERATION)?)
    }

    /// Which of the three administrations nobody enabled holds yet, and who is a founder.
    pub async fn take_over(&self) -> Result<TakeOver, StoreError> {
        enabled(self.reader()).await.map(|enabled| take_over_of(&enabled)).during("read who administers")
    }

    /// Ends the founders when three enabled users hold the three administrations: the role goes, and an account that had
    /// no other is disabled. Gives whom it ended; `None` when an administration is still missing.
    pub async fn end_founders(&self) -> Result<Option<Vec<SmolStr>>, StoreError> {
        let end = async {
            let tx = self.begin().await?;
            let found = take_over_of(&enabled(&tx).await?);
            if !found.missing.is_empty() {
                return Ok(None);
            }
            for username in &found.founders {
                let Some(mut row) = by_username(&tx, username).await? else { continue };
                let roles = roles_of(&row.roles)?;
                let rest = RoleSet::new(roles.iter().filter(|role| *role != Role::Founder));
                row.roles = rest.as_ref().map(text_of).unwrap_or_default();
                row.is_enabled = !row.roles.is_empty();
                let id = UserId(row.id);
                row.into_active_model().reset_all().update(&tx).await?;
                session::end_all(&tx, id, None).await?;
            }
            tx.commit().await?;
            Ok(Some(found.founders))
        };
        end.await.during("end the founders")
    }
}

/// How far the three administrators have taken over from the founders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeOver {
    /// Enabled founders, by username.
    pub founders: Vec<SmolStr>,
    /// Administrations that nobody enabled holds.
    pub missing: Vec<Role>,
}

fn take_over_of(enabled: &[(SmolStr, RoleSet)]) -> TakeOver {
    let founders = enabled.iter().filter(|(_, roles)| roles.has(Role::Founder));
    let is_missing = |role: &Role| !enabled.iter().any(|(_, roles)| roles.has(*role));
    TakeOver {
        founders: founders.map(|(username, _)| username.clone()).collect(),
        missing: THREE_ADMINISTRATIONS.into_iter().filter(is_missing).collect(),
    }
}

/// Those who may log in, with their roles.
async fn enabled(db: &impl ConnectionTrait) -> Result<Vec<(SmolStr, RoleSet)>, DbErr> {
    let rows = row::Entity::find().filter(row::Column::IsEnabled.eq(true)).all(db).await?;
    rows.into_iter().map(|row| Ok((row.username.into(), roles_of(&row.roles)?))).collect()
}

fn is_too_long(text: Option<&SmolStr>) -> bool {
    text.is_some_and(|text| text.chars().count() > USER_TEXT_CHARS_MAX)
}

/// Whether people can belong to it.
async fn is_unit(db: &impl ConnectionTrait, unit: Option<UnitId>) -> Result<bool, DbErr> {
    let Some(id) = unit else { return Ok(true) };
    let found = unit::row::Entity::find_by_id(id.0).one(db).await?;
    Ok(found.is_some_and(|unit| unit.is_enabled))
}

pub(crate) async fn by_username(
    db: &impl ConnectionTrait,
    username: &str,
) -> Result<Option<row::Model>, DbErr> {
    row::Entity::find().filter(row::Column::Username.eq(username)).one(db).await
}

fn new_row(new: &NewUser, roles: &RoleSet, password_hash: String, now: Timestamp) -> row::ActiveModel {
    let text = |text: &Option<SmolStr>| Set(text.as_ref().map(ToString::to_string));
    row::ActiveModel {
        id: NotSet,
        username: Set(new.username.to_string()),
        display_name: Set(new.display_name.to_string()),
        roles: Set(text_of(roles)),
        is_enabled: Set(true),
        must_change_password: Set(true),
        password_hash: Set(password_hash),
        failed_attempts: Set(0),
        locked_until: Set(None),
        created_at: Set(now.unix_ms()),
        last_login_at: Set(None),
        unit_id: Set(new.unit.map(|unit| unit.0)),
        phone: text(&new.phone),
        post: text(&new.post),
        duty_from: Set(None),
        duty_until: Set(None),
        password_changed_at: Set(None),
        past_passwords: Set("[]".to_owned()),
        totp_secret: Set(None),
        totp_step: Set(None),
        recovery_codes: Set("[]".to_owned()),
    }
}

fn text_of(roles: &RoleSet) -> String {
    roles.iter().map(Role::key).collect::<Vec<_>>().join(" ")
}

fn roles_of(text: &str) -> Result<RoleSet, DbErr> {
    let roles = text.split_whitespace().map(|key| Role::parse(key).ok_or_else(|| damaged("user", key)));
    let roles: Vec<Role> = roles.collect::<Result<_, _>>()?;
    RoleSet::new(roles).ok_or_else(|| damaged("user", text))
}

/// What a column of JSON lists.
pub(crate) fn listed(json: &str) -> Result<Vec<String>, DbErr> {
    serde_json::from_str(json).map_err(|error| damaged("user", error))
}

pub(crate) fn user_of(row: row::Model) -> Result<User, DbErr> {
    let duty = row.duty_from.zip(row.duty_until);
    Ok(User {
        id: UserId(row.id),
        username: row.username.into(),
        display_name: row.display_name.into(),
        roles: roles_of(&row.roles)?,
        unit: row.unit_id.map(UnitId),
        phone: row.phone.map(Into::into),
        post: row.post.map(Into::into),
        duty: duty.map(|(from, until)| Duty { from: time_of(from), until: time_of(until) }),
        is_enabled: row.is_enabled,
        must_change_password: row.must_change_password,
        password_changed_at: row.password_changed_at.map(time_of),
        has_totp: row.totp_secret.is_some(),
        recovery_codes_left: listed(&row.recovery_codes)?.len(),
        locked_until: row.locked_until.map(time_of),
        created_at: time_of(row.created_at),
        last_login_at: row.last_login_at.map(time_of),
    })
}
