//! The objects of GA/T 1400.3-2017, Annex A, under their wire names.
//!
//! Codes stay text (a device may send one that no table has); [`codes`](crate::codes) tells what they mean. Flags
//! are `Option<bool>`, times [`DateTime`](crate::DateTime), numbers `i64` or `f64` in the standard's unit; `None` and
//! empty text mean that the sender said nothing.

mod notice;
mod place;
mod system;
mod vehicle;

pub use notice::{Disposition, DispositionNotification, Subscribe, SubscribeNotification};
pub use place::{Ape, Lane, Tollgate};
pub use system::{Keepalive, Register, ResponseStatus, SystemTime, UnRegister};
pub use vehicle::{
    MotorVehicle, MotorVehicleCore, NO_PLATE, NonMotorVehicle, SubImageInfo, UNREAD_CHARACTER,
    plate_char_reliabilities,
};

/// An object of the interface. Implemented by the types of this module only.
pub trait Object: sealed::Fields + Default + serde::Serialize {
    /// Its name around one object, `MotorVehicleObject`.
    const OBJECT: &'static str;
    /// Its name around a list, `MotorVehicleListObject`.
    const LIST: &'static str;
    /// Other names of the list, which are read and never written.
    const LIST_ALIASES: &'static [&'static str];

    /// Wire names of the fields which the standard makes mandatory and this object lacks. Devices leave many of them
    /// out, so this is for reporting: reading does not ask.
    fn missing(&self) -> Vec<&'static str>;
}

pub(crate) mod sealed {
    //! Reading one field, which is nobody's business outside this crate.

    use crate::list::Budget;
    use serde_json::value::RawValue;

    /// What became of a field.
    pub enum Set {
        Known,
        Unknown,
        /// The object has more extra fields than it may have.
        Full,
    }

    pub trait Fields {
        /// Counts as a picture of the object it is in, not as an object of the request.
        const IS_PICTURE: bool;

        fn set(&mut self, name: &str, value: &RawValue, budget: &Budget<'_>) -> Set;
    }
}
