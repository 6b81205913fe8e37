//! Rules that local security sets: how old passwords may be, when idle sessions end, who needs a second factor.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Timestamp;
use domain::time::{DAY_MS, MINUTE_MS};
use records::{StoreError, User};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Name of the setting.
const SETTING: &str = "security";
/// Longest age of a password that can be set, in days.
const PASSWORD_DAYS_MAX: u32 = 3_650;
/// Longest time without use that can be set, in minutes: a session lasts no longer than twelve hours.
const IDLE_MINUTES_MAX: u32 = 720;

/// The rules. GB/T 22239-2019 asks for passwords that are changed at intervals (7.1.4.1 a, 8.1.4.1 a), for idle sessions that
/// end (7.1.4.1 b, 8.1.4.1 b) and, at level 3, for a second factor (8.1.4.1 d); it names no numbers. The defaults are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SecurityRules {
    /// Longest age of the passwords of administrators, in days; 0 for any.
    administrator_password_days: u32,
    /// Longest age of other passwords, in days; 0 for any.
    password_days: u32,
    /// Minutes after which a session that is not used ends; 0 for never. Never by default: a duty desk that was signed out in
    /// a quiet hour misses the next warning.
    idle_minutes: u32,
    /// Whether the three administrators must have a second factor.
    administrators_need_totp: bool,
}

impl Default for SecurityRules {
    fn default() -> Self {
        Self {
            administrator_password_days: 90,
            password_days: 180,
            idle_minutes: 0,
            administrators_need_totp: false,
        }
    }
}

impl SecurityRules {
    /// When the user's password must be changed; `None` for one that must be changed at once anyway, or never.
    pub(crate) fn password_due_at(&self, user: &User) -> Option<Timestamp> {
        let days =
            if user.is_administrator() { self.administrator_password_days } else { self.password_days };
        let changed_at = user.password_changed_at?;
        (days > 0).then(|| changed_at.plus_ms(i64::from(days) * DAY_MS))
    }

    /// Whether the user may do nothing before a second factor is set up.
    pub(crate) fn lacks_totp(&self, user: &User) -> bool {
        self.administrators_need_totp && user.is_administrator() && !user.has_totp
    }

    /// After which time without use a session is over.
    pub(crate) fn idle_ms(&self) -> Option<i64> {
        (self.idle_minutes > 0).then(|| i64::from(self.idle_minutes) * MINUTE_MS)
    }
}

impl App {
    /// Reads the rules of security anew.
    pub async fn load_security(&self) -> Result<(), StoreError> {
        let rules = self.records.setting(SETTING).await?.unwrap_or_default();
        self.security.store(Arc::new(rules));
        Ok(())
    }

    /// Whether the user must choose a new password before anything else. Under a driven clock, where years pass in minutes,
    /// only one-time passwords count.
    pub(crate) fn must_change_password(&self, user: &User) -> bool {
        let is_old = || {
            let due_at = self.security.load().password_due_at(user);
            !self.clock.is_driven() && due_at.is_some_and(|due_at| due_at <= self.clock.now())
        };
        user.must_change_password || is_old()
    }
}

/// The rules of security.
#[utoipa::path(get, path = "/security", tag = "users", responses((status = 200, body = SecurityRules)))]
pub(crate) async fn get(State(app): State<Arc<App>>) -> Json<SecurityRules> {
    Json(**app.security.load())
}

/// Sets the rules of security; they count from the next request on.
#[utoipa::path(put, path = "/security", tag = "users", request_body = SecurityRules,
    responses((status = 200, body = SecurityRules), (status = 422)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(rules): Json<SecurityRules>,
) -> Result<Json<SecurityRules>, Problem> {
    let days = [rules.administrator_password_days, rules.password_days];
    if days.into_iter().any(|days| days > PASSWORD_DAYS_MAX) || rules.idle_minutes > IDLE_MINUTES_MAX {
        return Err(Problem::invalid(
            format!("密码有效期不超过 {PASSWORD_DAYS_MAX} 天，自动退出不超过 {IDLE_MINUTES_MAX} 分钟。"),
            format!(
                "Passwords last {PASSWORD_DAYS_MAX} days at most, idle sessions {IDLE_MINUTES_MAX} minutes."
            ),
        ));
    }
    app.records.put_setting(SETTING, &rules, app.clock.now()).await?;
    app.security.store(Arc::new(rules));
    let detail = serde_json::to_string(&rules).unwrap_or_default();
    by.audit(&app, "security.change", SETTING, &detail).await?;
    Ok(Json(rules))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::people::{Role, RoleSet};
    use records::UserId;

    fn user(role: Role) -> User {
        let at = Timestamp::from_unix_ms(0);
        User {
            id: UserId(1),
            username: "li".into(),
            display_name: "李".into(),
            roles: RoleSet::from(role),
            unit: None,
            phone: None,
            post: None,
            duty: None,
            is_enabled: true,
            must_change_password: false,
            password_changed_at: Some(at),
            has_totp: false,
            recovery_codes_left: 0,
            locked_until: None,
            created_at: at,
            last_login_at: None,
        }
    }

    #[test]
    fn passwords_of_administrators_age_faster_and_zero_is_never() {
        let rules = SecurityRules::default();
        let day = |days: i64| Some(Timestamp::from_unix_ms(days * DAY_MS));
        assert_eq!(rules.password_due_at(&user(Role::SystemAdministrator)), day(90));
        assert_eq!(rules.password_due_at(&user(Role::Founder)), day(90));
        assert_eq!(rules.password_due_at(&user(Role::DutyOfficer)), day(180));
        let never = SecurityRules { password_days: 0, ..rules };
        assert_eq!(never.password_due_at(&user(Role::DutyOfficer)), None);
        let once = User { password_changed_at: None, ..user(Role::DutyOfficer) };
        assert_eq!(rules.password_due_at(&once), None);
    }

    #[test]
    fn a_second_factor_is_asked_of_administrators_when_the_rule_is_on() {
        let on = SecurityRules { administrators_need_totp: true, ..SecurityRules::default() };
        let security = user(Role::SecurityAdministrator);
        assert!(on.lacks_totp(&security) && !SecurityRules::default().lacks_totp(&security));
        assert!(!on.lacks_totp(&User { has_totp: true, ..security }) && !on.lacks_totp(&user(Role::Leader)));
        assert_eq!((on.idle_ms(), SecurityRules { idle_minutes: 5, ..on }.idle_ms()), (None, Some(300_000)));
    }
}
