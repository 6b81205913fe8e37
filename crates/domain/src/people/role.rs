//! Roles (角色) and the table of what each may do. Three of them administer, and nobody holds two of those (三员分立).

use super::permission::Permission::{
    self, AcceptHazards, ApplyWatch, ApproveRules, ApproveWatch, Dispatch, Educate, Export, Intercept,
    KeepRegister, LookUp, ManageDevices, ManageHazards, ManageSecurity, ManageSystem, RectifyHazards,
    ReportHazards, ReviewWatch, SeeAudit, SeeHazards, SeeOperation, SeeStatistics, SeeWarnings,
    StrikeHazards, TuneModels, WorkWarnings,
};
use serde::{Deserialize, Serialize};

/// What somebody is in the work of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// 值班员: signs warnings and sends people out.
    DutyOfficer,
    /// 路面民警: intercepts, educates, reports hazards.
    PatrolOfficer,
    /// 内勤: keeps the registers, works the hazards' papers, tunes models.
    Clerk,
    /// 领导: approves, sees everything of the work.
    Leader,
    /// 交安办人员: assigns hazards, strikes them off.
    SafetyOfficer,
    /// 镇街专干
    TownshipOfficer,
    /// 村级人员: 书记、网格员、志愿者、公益岗.
    VillageHelper,
    /// 成员单位经办人: rectifies.
    MemberUnit,
    /// 督察: looks at everything, changes nothing.
    Inspector,
    /// 系统管理员
    SystemAdministrator,
    /// 安全管理员
    SecurityAdministrator,
    /// 安全审计员
    AuditAdministrator,
    /// 初装账号: everything, until three administrators have taken over.
    Founder,
}

/// Which of the three administrations a role is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Administration {
    /// 系统管理
    System,
    /// 安全管理
    Security,
    /// 安全审计
    Audit,
}

impl Role {
    /// All, in the order in which pages list them.
    pub const ALL: [Self; 13] = [
        Self::DutyOfficer,
        Self::PatrolOfficer,
        Self::Clerk,
        Self::Leader,
        Self::SafetyOfficer,
        Self::TownshipOfficer,
        Self::VillageHelper,
        Self::MemberUnit,
        Self::Inspector,
        Self::SystemAdministrator,
        Self::SecurityAdministrator,
        Self::AuditAdministrator,
        Self::Founder,
    ];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::DutyOfficer => "duty_officer",
            Self::PatrolOfficer => "patrol_officer",
            Self::Clerk => "clerk",
            Self::Leader => "leader",
            Self::SafetyOfficer => "safety_officer",
            Self::TownshipOfficer => "township_officer",
            Self::VillageHelper => "village_helper",
            Self::MemberUnit => "member_unit",
            Self::Inspector => "inspector",
            Self::SystemAdministrator => "system_administrator",
            Self::SecurityAdministrator => "security_administrator",
            Self::AuditAdministrator => "audit_administrator",
            Self::Founder => "founder",
        }
    }

    /// The role of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    /// The administration that it is, if it is one.
    pub fn administration(self) -> Option<Administration> {
        match self {
            Self::SystemAdministrator => Some(Administration::System),
            Self::SecurityAdministrator => Some(Administration::Security),
            Self::AuditAdministrator => Some(Administration::Audit),
            _ => None,
        }
    }

    /// What it may do.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn permissions(self) -> &'static [Permission] {
        match self {
            Self::DutyOfficer => &[
                SeeWarnings,
                WorkWarnings,
                Dispatch,
                Intercept,
                ApplyWatch,
                Educate,
                SeeHazards,
                ReportHazards,
                LookUp,
                SeeOperation,
                SeeStatistics,
            ],
            Self::PatrolOfficer => {
                &[SeeWarnings, Intercept, Educate, SeeHazards, ReportHazards, AcceptHazards, LookUp]
            }
            Self::Clerk => &[
                SeeWarnings,
                ApplyWatch,
                Educate,
                SeeHazards,
                ReportHazards,
                ManageHazards,
                AcceptHazards,
                LookUp,
                Export,
                KeepRegister,
                SeeOperation,
                TuneModels,
                SeeStatistics,
            ],
            Self::Leader => &[
                SeeWarnings,
                WorkWarnings,
                Dispatch,
                ReviewWatch,
                ApproveWatch,
                SeeHazards,
                ReportHazards,
                ManageHazards,
                AcceptHazards,
                StrikeHazards,
                LookUp,
                Export,
                SeeOperation,
                ApproveRules,
                SeeStatistics,
            ],
            Self::SafetyOfficer => &[
                SeeWarnings,
                Educate,
                SeeHazards,
                ReportHazards,
                ManageHazards,
                AcceptHazards,
                StrikeHazards,
                Export,
                SeeStatistics,
            ],
            Self::TownshipOfficer => {
                &[Educate, SeeHazards, ReportHazards, RectifyHazards, AcceptHazards, SeeStatistics]
            }
            Self::VillageHelper => &[Educate, SeeHazards, ReportHazards, RectifyHazards],
            Self::MemberUnit => &[SeeHazards, ReportHazards, RectifyHazards],
            Self::Inspector => &[SeeWarnings, SeeHazards, SeeOperation, SeeStatistics, SeeAudit],
            Self::SystemAdministrator => &[SeeOperation, ManageDevices, ManageSystem],
            Self::SecurityAdministrator => &[ManageSecurity],
            Self::AuditAdministrator => &[SeeAudit],
            Self::Founder => Permission::ALL,
        }
    }
}

/// The roles of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSet {
    roles: Vec<Role>,
    /// Of the platform itself; no account can be given this.
    is_platform: bool,
}

impl RoleSet {
    /// These roles; each once, in the order of [`Role::ALL`]. `None` when they hold two of the three administrations.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Option<Self> {
        let mut roles: Vec<Role> = roles.into_iter().collect();
        roles.sort_unstable();
        roles.dedup();
        let administrations = roles.iter().filter(|role| role.administration().is_some()).count();
        (administrations <= 1).then_some(Self { roles, is_platform: false })
    }

    /// What the platform itself may do: all that clocks and rules ask of it.
    pub(super) fn of_platform() -> Self {
        Self { roles: Vec::new(), is_platform: true }
    }

    pub(super) fn is_platform(&self) -> bool {
        self.is_platform
    }

    /// The roles.
    pub fn iter(&self) -> impl Iterator<Item = Role> {
        self.roles.iter().copied()
    }

    /// Whether it holds this one.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether one of them allows it.
    pub fn allow(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.permissions().contains(&permission))
    }
}

impl From<Role> for RoleSet {
    fn from(role: Role) -> Self {
        Self { roles: vec![role], is_platform: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_administrators_are_three_and_do_no_police_work() {
        assert_eq!(RoleSet::new([Role::SystemAdministrator, Role::AuditAdministrator]), None);
        for role in Role::ALL.into_iter().filter(|role| role.administration().is_some()) {
            for forbidden in [LookUp, SeeWarnings, WorkWarnings, ManageHazards, Export] {
                assert!(!role.permissions().contains(&forbidden), "{} {}", role.key(), forbidden.key());
            }
        }
        let system = RoleSet::from(Role::SystemAdministrator);
        assert!(!system.allow(ManageSecurity) && !system.allow(SeeAudit));
    }

    #[test]
    fn whoever_may_look_changes_nothing() {
        let inspector = RoleSet::from(Role::Inspector);
        let acts =
            [WorkWarnings, Dispatch, Intercept, ManageHazards, StrikeHazards, ManageSystem, KeepRegister];
        assert!(acts.into_iter().all(|act| !inspector.allow(act)));
    }
}
