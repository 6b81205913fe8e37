//! Notices (通知): what one was told, by which channels others are told besides, and what became of what was sent.

pub(crate) mod channel;
pub(crate) mod delivery;
pub(crate) mod push;
pub(crate) mod route;
mod text;

pub use channel::{Channel, ChannelKind, Channels, Outgoing, is_taken};
pub use push::{PUSH_CHANNEL, PushConfig, PushError, is_public, push_event};
pub use route::Ways;
pub use text::{event_of, text_of};

use crate::case::Office;
use domain::case::Audience;
use domain::people::{Permission, UnitId};
use domain::{Desk, Timestamp};
use smol_str::SmolStr;

/// Who is meant by an audience: in the nearest unit in which somebody may do it, whoever is on duty, else everybody who may.
pub fn people_of(audience: &Audience, office: &Office, now: Timestamp) -> Vec<SmolStr> {
    match audience {
        Audience::Person(username) => vec![username.clone()],
        Audience::Unit(unit, permission) => {
            of_seat(Some(office.desk.seat(*unit, permission)), permission, office, now)
        }
        Audience::Above(unit, permission) => {
            let above = seat_above(&office.desk, *unit, permission);
            of_seat(above, permission, office, now)
        }
    }
}

/// The next unit above the one that has to act in which somebody may do it; without one, those above all units.
fn seat_above(desk: &Desk, unit: UnitId, permission: &str) -> Option<UnitId> {
    let seat = desk.seat(unit, permission);
    let above = desk.units.above(seat)?.id;
    let next = desk.seat(above, permission);
    desk.staffed.contains(&(next, SmolStr::new(permission))).then_some(next)
}

fn of_seat(unit: Option<UnitId>, permission: &str, office: &Office, now: Timestamp) -> Vec<SmolStr> {
    let Some(permission) = Permission::ALL.iter().copied().find(|it| it.key() == permission) else {
        return Vec::new();
    };
    let may = office
        .users
        .iter()
        .filter(|user| user.is_enabled && user.unit == unit && user.roles.allow(permission));
    let (on_duty, off): (Vec<_>, Vec<_>) = may.partition(|user| user.is_on_duty(now));
    let told = if on_duty.is_empty() { off } else { on_duty };
    told.into_iter().map(|user| user.username.clone()).collect()
}
