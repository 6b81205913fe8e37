//! Who works here: units in a tree, roles, and what a role may do.

mod permission;
mod role;
mod unit;

pub use permission::Permission;
pub use role::{Administration, Role, RoleSet};
pub use unit::{Unit, UnitFault, UnitId, UnitKind, UnitPath, UnitTree};

use smol_str::SmolStr;

/// Who does something, as the state machines need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Username; `anchang` for the platform itself.
    pub username: SmolStr,
    /// Unit that the person belongs to; `None` stands above all units.
    pub unit: Option<UnitId>,
    /// What the person may do.
    pub roles: RoleSet,
}

impl Actor {
    /// The platform itself, where a clock or a rule does something.
    pub const PLATFORM: &'static str = "anchang";
    /// Under which name the public reports.
    pub const PUBLIC: &'static str = "public";

    /// The platform itself.
    pub fn platform() -> Self {
        Self { username: SmolStr::new_static(Self::PLATFORM), unit: None, roles: RoleSet::of_platform() }
    }

    /// Whether this is the platform.
    pub fn is_platform(&self) -> bool {
        // Not by the name, which somebody could be given.
        self.roles.is_platform()
    }

    /// Whether one of the person's roles allows it.
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.allow(permission)
    }
}
