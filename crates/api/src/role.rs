//! The table of roles: what each may do. It is part of the program; people hold roles, and nobody edits them.

use crate::wire::List;
use axum::Json;
use domain::people::{Permission, Role};
use serde::Serialize;
use utoipa::ToSchema;

/// A role and what it may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleView {
    /// `duty_officer`, `patrol_officer`, `clerk`, `leader`, `safety_officer`, `township_officer`, `village_helper`,
    /// `member_unit`, `inspector`, `system_administrator`, `security_administrator`, `audit_administrator`, `founder`.
    key: &'static str,
    /// Whether it is one of the three administrations, of which nobody holds two.
    is_administration: bool,
    /// Permissions, in the order of the menu.
    permissions: Vec<&'static str>,
}

/// All roles.
#[utoipa::path(get, path = "/roles", tag = "users", responses((status = 200, body = List<RoleView>)))]
pub(crate) async fn list() -> Json<List<RoleView>> {
    let items: Vec<RoleView> = Role::ALL
        .into_iter()
        .map(|role| RoleView {
            key: role.key(),
            is_administration: role.administration().is_some(),
            permissions: Permission::ALL
                .iter()
                .filter(|permission| role.permissions().contains(permission))
                .map(|permission| permission.key())
                .collect(),
        })
        .collect();
    Json(List { total: items.len() as u64, items })
}
