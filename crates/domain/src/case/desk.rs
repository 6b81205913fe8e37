//! The desk: the units, who sits where, the terms and limits by which cases are worked. Read from settings and records, given to
//! the state machines as a value.

use super::{Clock, Covers, Limits, Scene, Terms, Want};
use crate::people::{Actor, Permission, UnitId, UnitKind, UnitTree};
use crate::time::Timestamp;
use crate::{CheckpointId, Level, people::UnitPath};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// By what cases are worked.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// All units.
    pub units: UnitTree,
    /// How long steps may take.
    pub terms: Terms,
    /// What acts are measured against.
    pub limits: Limits,
    /// In which units somebody has which permission, by its word.
    pub staffed: BTreeSet<(UnitId, SmolStr)>,
    /// Whose checkpoints are, of those that are somebody's.
    pub places: BTreeMap<CheckpointId, UnitId>,
}

/// A step that somebody has to do, and its clock where one runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What has to be done, and who is told.
    pub want: Want,
    /// Where whoever has to do it sits.
    pub unit: UnitId,
    /// Its path.
    pub path: UnitPath,
    /// Since when.
    pub since: Timestamp,
    /// How long.
    pub clock: Option<Clock>,
}

impl Desk {
    /// The way from a unit up to the root, itself first.
    pub fn way(&self, unit: UnitId) -> Vec<UnitId> {
        let mut way = vec![unit];
        while let Some(above) = way.last().and_then(|unit| self.units.above(*unit)) {
            way.push(above.id);
        }
        way
    }

    /// The nearest unit upwards in which somebody may do this; the unit itself when nobody can anywhere.
    pub fn seat(&self, unit: UnitId, permission: &str) -> UnitId {
        let has = |unit: &UnitId| self.staffed.contains(&(*unit, SmolStr::new(permission)));
        self.way(unit).into_iter().find(has).unwrap_or(unit)
    }

    /// At whose desk a warning lies: whose checkpoint it is, else the brigade, else the root.
    pub fn warning_unit(&self, checkpoint: Option<&CheckpointId>) -> Option<UnitId> {
        let in_service = |unit: &UnitId| self.units.get(*unit).is_some_and(|unit| unit.is_enabled);
        let owner = checkpoint.and_then(|checkpoint| self.places.get(checkpoint)).copied();
        let brigade = || self.units.all().find(|unit| unit.kind == UnitKind::Brigade && unit.is_enabled);
        let root = || self.units.all().find(|unit| unit.parent.is_none());
        owner.filter(in_service).or_else(|| brigade().or_else(root).map(|unit| unit.id))
    }

    /// The task that a state asks for, from now on.
    pub fn task(&self, want: &Want, level: Level, since: Timestamp) -> Task {
        let unit = match want.person {
            Some(_) => want.unit,
            None => self.seat(want.unit, want.permission),
        };
        Task {
            unit,
            path: self.path(unit),
            since,
            clock: self.terms.arm(want, level, &self.way(unit), since),
            want: want.clone(),
        }
    }

    /// The path of a unit; for one that is not there, the whole county.
    pub fn path(&self, unit: UnitId) -> UnitPath {
        self.units.path(unit).cloned().unwrap_or(UnitPath::WHOLE)
    }

    /// What somebody may see and do: the person's unit and all below it; everything without one.
    pub fn scope(&self, by: &Actor) -> UnitPath {
        by.unit.map_or(UnitPath::WHOLE, |unit| self.path(unit))
    }

    /// Calls `work` with the scene in which this person acts now.
    pub fn scene<T>(&self, by: &Actor, at: Timestamp, work: impl FnOnce(&Scene<'_>) -> T) -> T {
        let view = View { desk: self, scope: self.scope(by) };
        work(&Scene { by, covers: &view, at, limits: &self.limits })
    }

    /// Whether somebody with this permission works in a unit that covers another.
    pub fn may_see(&self, by: &Actor, permission: Permission, unit: UnitId) -> bool {
        by.may(permission) && self.scope(by).covers(&self.path(unit))
    }
}

#[derive(Debug)]
struct View<'a> {
    desk: &'a Desk,
    scope: UnitPath,
}

impl Covers for View<'_> {
    fn covers(&self, unit: UnitId) -> bool {
        self.scope.covers(&self.desk.path(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Unit;

    #[test]
    fn what_nobody_in_a_unit_may_do_lies_at_the_next_desk_above() {
        let unit = |id, parent: Option<i64>, kind| Unit {
            id: UnitId(id),
            parent: parent.map(UnitId),
            kind,
            name: SmolStr::new(id.to_string()),
            code: None,
            location: None,
            is_enabled: true,
        };
        let units = UnitTree::new(vec![
            unit(1, None, UnitKind::CountyOffice),
            unit(2, Some(1), UnitKind::Brigade),
            unit(5, Some(1), UnitKind::Township),
            unit(6, Some(5), UnitKind::Village),
        ]);
        let staffed = [(UnitId(1), "manage_hazards".into()), (UnitId(6), "rectify_hazards".into())].into();
        let desk = Desk { units: units.unwrap(), staffed, ..Desk::default() };
        assert_eq!(desk.seat(UnitId(6), "manage_hazards"), UnitId(1));
        assert_eq!(desk.seat(UnitId(6), "rectify_hazards"), UnitId(6));
        assert_eq!(desk.seat(UnitId(6), "strike_hazards"), UnitId(6));
        assert_eq!(desk.warning_unit(None), Some(UnitId(2)));
        let places = [("A".into(), UnitId(6)), ("B".into(), UnitId(9))].into();
        let desk = Desk { places, ..desk };
        assert_eq!(desk.warning_unit(Some(&"A".into())), Some(UnitId(6)));
        assert_eq!(
            desk.warning_unit(Some(&"B".into())),
            Some(UnitId(2)),
            "a unit that isn't there has no desk"
        );
        assert_eq!(desk.scope(&Actor::platform()), UnitPath::WHOLE);
    }
}
