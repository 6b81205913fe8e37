//! Why an act is refused: in terms that a page can say in any language.

use crate::people::UnitId;
use smol_str::SmolStr;

/// Why an act is refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It stands where this can't be done: the state, the act.
    #[error("in state {0} nobody can {1}")]
    WrongState(SmolStr, SmolStr),
    /// No role of the person allows it: the permission.
    #[error("needs the permission {0}")]
    NotAllowed(SmolStr),
    /// It belongs to another unit.
    #[error("belongs to unit {0}")]
    OtherUnit(UnitId),
    /// It is another person's.
    #[error("{0} has it")]
    OtherPerson(SmolStr),
    /// Who did this step may not do that one: the name of the step that the same person did.
    #[error("the person who did {0} can't do this")]
    SamePerson(SmolStr),
    /// The unit that did this step may not do that one.
    #[error("the unit that did {0} can't do this")]
    SameUnit(SmolStr),
    /// A field that has to be filled.
    #[error("{0} is missing")]
    Missing(SmolStr),
    /// A field with too much in it: how many characters or items at most.
    #[error("{0} is longer than {1}")]
    TooLong(SmolStr, usize),
    /// A field with something that can't be.
    #[error("{0} is not valid")]
    Invalid(SmolStr),
    /// Not enough pictures.
    #[error("needs {want} pictures, has {have}")]
    Pictures {
        /// How many there are.
        have: usize,
        /// How many there must be.
        want: usize,
    },
    /// Too far from the place: the distance and the most that is allowed, in metres.
    #[error("{0} m away, at most {1} m")]
    TooFar(u32, u32),
    /// The position of the person is not known.
    #[error("the position is not known")]
    NoPosition,
    /// An instant that has to be later.
    #[error("{0} is over already")]
    Past(SmolStr),
    /// There is no such act.
    #[error("there is no act {0}")]
    UnknownAct(SmolStr),
}

impl Refusal {
    /// The word used in the API.
    pub fn key(&self) -> &'static str {
        match self {
            Self::WrongState(..) => "wrong_state",
            Self::NotAllowed(_) => "not_allowed",
            Self::OtherUnit(_) => "other_unit",
            Self::OtherPerson(_) => "other_person",
            Self::SamePerson(_) => "same_person",
            Self::SameUnit(_) => "same_unit",
            Self::Missing(_) => "missing",
            Self::TooLong(..) => "too_long",
            Self::Invalid(_) => "invalid",
            Self::Pictures { .. } => "pictures",
            Self::TooFar(..) => "too_far",
            Self::NoPosition => "no_position",
            Self::Past(_) => "past",
            Self::UnknownAct(_) => "unknown_act",
        }
    }
}
