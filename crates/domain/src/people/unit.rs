//! Units (单位): the county office, the brigade, squads, stations, townships, villages, member departments, in one tree.

use crate::place::Wgs84;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, SmolStrBuilder, ToSmolStr};
use std::collections::BTreeMap;

/// Identity of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnitId(pub i64);

impl std::fmt::Display for UnitId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What kind of unit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum UnitKind {
    /// 县交安办: the county's road traffic safety office, the root.
    CountyOffice,
    /// 交警大队
    Brigade,
    /// 交警中队
    Squad,
    /// 交管站、劝导站
    Station,
    /// 镇街
    Township,
    /// 村居
    Village,
    /// 成员单位: 公路、交通运输、应急、农业农村 …
    Department,
}

impl UnitKind {
    /// All, from the top down.
    pub const ALL: [Self; 7] = [
        Self::CountyOffice,
        Self::Brigade,
        Self::Squad,
        Self::Station,
        Self::Township,
        Self::Village,
        Self::Department,
    ];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::CountyOffice => "county_office",
            Self::Brigade => "brigade",
            Self::Squad => "squad",
            Self::Station => "station",
            Self::Township => "township",
            Self::Village => "village",
            Self::Department => "department",
        }
    }

    /// The kind of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// Whether a unit of this kind may stand directly below one of kind `parent` (`None`: be a root).
    pub fn may_be_below(self, parent: Option<Self>) -> bool {
        match self {
            Self::CountyOffice => parent.is_none(),
            Self::Brigade | Self::Department => matches!(parent, None | Some(Self::CountyOffice)),
            Self::Squad => parent == Some(Self::Brigade),
            Self::Station => matches!(parent, Some(Self::Brigade | Self::Squad | Self::Township)),
            Self::Township => parent == Some(Self::CountyOffice),
            Self::Village => parent == Some(Self::Township),
        }
    }
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Identity.
    pub id: UnitId,
    /// The unit above it; `None` for a root.
    pub parent: Option<UnitId>,
    /// What kind of unit it is.
    pub kind: UnitKind,
    /// Name, as people say it; unique below its parent.
    pub name: SmolStr,
    /// Administrative division (GB/T 2260 and the codes below it), or the unit's own code.
    pub code: Option<SmolStr>,
    /// Where it sits.
    pub location: Option<Wgs84>,
    /// Whether it still exists; an abolished one stays for the records that name it.
    pub is_enabled: bool,
}

/// The way from the root to a unit: its own path begins with that of every unit above it. `1.4.17.`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitPath(pub SmolStr);

impl UnitPath {
    /// The path that begins every path: the whole county.
    pub const WHOLE: Self = Self(SmolStr::new_static(""));

    /// Whether `other` is this unit or below it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(self.0.as_str())
    }
}

/// Why a tree is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitFault {
    /// The unit above it is not there.
    #[error("unit {0} has an unknown unit above it")]
    NoParent(UnitId),
    /// A kind that may not stand there.
    #[error("unit {0} may not stand below a unit of this kind")]
    WrongParent(UnitId),
    /// It would be above itself.
    #[error("unit {0} would be above itself")]
    Circle(UnitId),
}

/// All units with their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitTree {
    units: BTreeMap<UnitId, (Unit, UnitPath)>,
}

impl UnitTree {
    /// The tree of these units, in any order.
    pub fn new(units: Vec<Unit>) -> Result<Self, UnitFault> {
        let by_id: BTreeMap<UnitId, Unit> = units.into_iter().map(|unit| (unit.id, unit)).collect();
        let mut tree = Self::default();
        for (id, unit) in &by_id {
            let parent = unit.parent.map(|parent| by_id.get(&parent).ok_or(UnitFault::NoParent(*id)));
            let parent = parent.transpose()?;
            if !unit.kind.may_be_below(parent.map(|parent| parent.kind)) {
                return Err(UnitFault::WrongParent(*id));
            }
            let path = path_of(unit, &by_id)?;
            tree.units.insert(*id, (unit.clone(), path));
        }
        Ok(tree)
    }

    /// A unit.
    pub fn get(&self, id: UnitId) -> Option<&Unit> {
        self.units.get(&id).map(|(unit, _)| unit)
    }

    /// The path of a unit.
    pub fn path(&self, id: UnitId) -> Option<&UnitPath> {
        self.units.get(&id).map(|(_, path)| path)
    }

    /// All units by identity.
    pub fn all(&self) -> impl Iterator<Item = &Unit> {
        self.units.values().map(|(unit, _)| unit)
    }

    /// What people of a unit look at: all of the county for the county office and the brigade, which lead in it; for others
    /// the own unit and those below it. `None` when there is no such unit.
    pub fn scope(&self, id: UnitId) -> Option<UnitPath> {
        match self.get(id)?.kind {
            UnitKind::CountyOffice | UnitKind::Brigade => Some(UnitPath::WHOLE),
            _ => self.path(id).cloned(),
        }
    }

    /// The unit above, to which a clock escalates.
    pub fn above(&self, id: UnitId) -> Option<&Unit> {
        self.get(id)?.parent.and_then(|parent| self.get(parent))
    }

    /// The nearest unit of a kind, upwards from this one.
    pub fn upwards(&self, id: UnitId, kind: UnitKind) -> Option<&Unit> {
        let mut unit = self.get(id)?;
        while unit.kind != kind {
            unit = self.get(unit.parent?)?;
        }
        Some(unit)
    }
}

fn path_of(unit: &Unit, by_id: &BTreeMap<UnitId, Unit>) -> Result<UnitPath, UnitFault> {
    let mut ids = vec![unit.id];
    let mut parent = unit.parent;
    while let Some(id) = parent {
        if ids.contains(&id) {
            return Err(UnitFault::Circle(unit.id));
        }
        ids.push(id);
        parent = by_id.get(&id).and_then(|unit| unit.parent);
    }
    let mut text = SmolStrBuilder::new();
    for id in ids.iter().rev() {
        text.push_str(&id.0.to_smolstr());
        text.push('.');
    }
    Ok(UnitPath(text.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: i64, parent: Option<i64>, kind: UnitKind) -> Unit {
        Unit {
            id: UnitId(id),
            parent: parent.map(UnitId),
            kind,
            name: SmolStr::new(format!("单位{id}")),
            code: None,
            location: None,
            is_enabled: true,
        }
    }

    #[test]
    fn a_unit_covers_what_is_below_it_and_nothing_else() {
        let tree = UnitTree::new(vec![
            unit(1, None, UnitKind::CountyOffice),
            unit(2, Some(1), UnitKind::Brigade),
            unit(3, Some(2), UnitKind::Squad),
            unit(12, Some(1), UnitKind::Township),
            unit(13, Some(12), UnitKind::Village),
        ])
        .unwrap();
        let path = |id| tree.path(UnitId(id)).unwrap();
        assert!(path(1).covers(path(13)) && path(2).covers(path(3)) && path(2).covers(path(2)));
        assert!(!path(2).covers(path(13)) && !path(3).covers(path(2)));
        assert!(!path(1).covers(&UnitPath("12.".into())), "1 is not the beginning of 12");
        assert!(UnitPath::WHOLE.covers(path(3)));
        assert!(tree.scope(UnitId(2)).unwrap().covers(path(13)), "the brigade leads in the whole county");
        assert_eq!(tree.scope(UnitId(12)).as_ref(), Some(path(12)));
        assert_eq!(tree.above(UnitId(3)).unwrap().id, UnitId(2));
        assert_eq!(tree.upwards(UnitId(13), UnitKind::Township).unwrap().id, UnitId(12));
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let lone = UnitTree::new(vec![unit(2, Some(9), UnitKind::Brigade)]);
        assert_eq!(lone, Err(UnitFault::NoParent(UnitId(2))));
        let wrong =
            UnitTree::new(vec![unit(1, None, UnitKind::Brigade), unit(2, Some(1), UnitKind::Village)]);
        assert_eq!(wrong, Err(UnitFault::WrongParent(UnitId(2))));
    }
}
