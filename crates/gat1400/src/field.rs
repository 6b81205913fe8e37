//! One field of an object: how each type is read from whatever a device wrote, and written as the standard has it.

use crate::list::{self, Budget};
use crate::object::Object;
use crate::time::DateTime;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use smol_str::SmolStr;

/// A string field; empty means absent. Device ids, plates and times lie inside the value, without a heap allocation.
pub type Text = SmolStr;

/// Most fields outside the standard's table that one object may bring. The largest vendor objects seen bring about 40.
pub const EXTRA_FIELDS_MAX: usize = 256;

/// Fields the object's table does not have, and fields whose value could not be read as their type, as JSON text.
#[derive(Debug, Clone, Default)]
pub struct Extra(Vec<(SmolStr, Box<RawValue>)>);

impl Extra {
    /// The JSON text of the field `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.get())
    }

    /// The text of the field `name`: a JSON string without its quotes, or a number as written.
    pub fn text(&self, name: &str) -> Option<Text> {
        read_text(self.get(name)?)
    }

    /// Puts a field in. `json` must be one JSON value.
    pub fn insert(&mut self, name: &str, json: &str) -> Result<(), serde_json::Error> {
        let value = RawValue::from_string(json.to_owned())?;
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.into(), value)),
        }
        Ok(())
    }

    /// Keeps what was read. False when the object has brought [`EXTRA_FIELDS_MAX`] such fields already.
    pub(crate) fn keep(&mut self, name: &str, value: &RawValue) -> bool {
        if matches!(value.get(), "\"\"" | "null") {
            return true;
        }
        let is_full = self.0.len() == EXTRA_FIELDS_MAX;
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.to_owned(),
            None if is_full => return false,
            None => self.0.push((name.into(), value.to_owned())),
        }
        true
    }

    /// Name and JSON text of each field, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// A type a field can have.
pub(crate) trait Field: Sized {
    /// Reads one JSON value. `None`: not readable as this type, so the caller keeps the value as it came.
    fn read(json: &str, budget: &Budget<'_>) -> Option<Self>;
    fn is_absent(&self) -> bool;
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A field as serde writes it.
pub(crate) struct Wire<'f, F>(pub(crate) &'f F);

impl<F: Field> Serialize for Wire<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// The text between the quotes when the value is a string without escapes, which is the common case; a number or
/// a boolean as written; `null` as nothing.
fn plain(json: &str) -> Option<&str> {
    match json.as_bytes().first()? {
        b'"' => {
            let inner = json.strip_prefix('"')?.strip_suffix('"')?;
            // Base64 pictures pass here: `contains` on one byte is a vectorised search.
            (!inner.contains('\\')).then_some(inner)
        }
        b'{' | b'[' => None,
        b'n' => Some(""),
        _ => Some(json),
    }
}

/// The text of a scalar, unescaped. `None` for objects, arrays and strings with broken escapes.
pub(crate) fn scalar<R>(json: &str, read: impl FnOnce(&str) -> Option<R>) -> Option<R> {
    match plain(json) {
        Some(text) => read(text),
        None if json.starts_with('"') => read(&serde_json::from_str::<String>(json).ok()?),
        None => None,
    }
}

fn read_text(json: &str) -> Option<Text> {
    scalar(json, |text| Some(SmolStr::new(text)))
}

impl Field for Text {
    fn read(json: &str, _: &Budget<'_>) -> Option<Self> {
        read_text(json)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

/// Largest float that stands for an exact integer (2^53).
const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

fn integer(text: &str) -> Option<i64> {
    match text {
        "true" => Some(1),
        "false" => Some(0),
        _ => text.parse().ok().or_else(|| {
            // "3.0": a number whose sender has only floats.
            let float: f64 = text.parse().ok()?;
            (float.fract() == 0.0 && float.abs() <= EXACT_INTEGER_MAX).then_some(float as i64)
        }),
    }
}

/// Reads a scalar; blank text is an absent value.
#[expect(clippy::option_option, reason = "outer: readable at all; inner: the field's own type")]
fn optional<T>(json: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    scalar(json, |text| match text.trim() {
        "" => Some(None),
        text => read(text).map(Some),
    })
}

impl Field for Option<i64> {
    fn read(json: &str, _: &Budget<'_>) -> Option<Self> {
        optional(json, integer)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

impl Field for Option<f64> {
    fn read(json: &str, _: &Budget<'_>) -> Option<Self> {
        optional(json, |text| text.parse().ok().filter(|float: &f64| float.is_finite()))
    }

    fn is_absent(&self) -> bool {
        self.is_none_or(|float| !float.is_finite())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            // Receivers with integer columns take `60`, not `60.0`.
            Some(float) if float.fract() == 0.0 && float.abs() <= EXACT_INTEGER_MAX => {
                serializer.serialize_i64(float as i64)
            }
            float => float.serialize(serializer),
        }
    }
}

/// Written `"1"` and `"0"`, as the standard's own examples have it.
impl Field for Option<bool> {
    fn read(json: &str, _: &Budget<'_>) -> Option<Self> {
        optional(json, |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ if text.eq_ignore_ascii_case("true") => Some(true),
            _ if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *self == Some(true) { "1" } else { "0" })
    }
}

impl Field for Option<DateTime> {
    fn read(json: &str, _: &Budget<'_>) -> Option<Self> {
        optional(json, |text| DateTime::parse(text).ok())
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(instant) => serializer.collect_str(instant),
            None => serializer.serialize_str(""),
        }
    }
}

/// Objects inside an object, `{"MotorVehicleObject":[…]}`.
impl<T: Object> Field for Vec<T> {
    fn read(json: &str, budget: &Budget<'_>) -> Option<Self> {
        match json.as_bytes().first()? {
            b'{' | b'[' => list::read_nested(json, budget),
            // Some platforms put the list's JSON into a string.
            _ => scalar(json, |text| match text.trim() {
                "" => Some(Vec::new()),
                text if text.starts_with(['{', '[']) => list::read_nested(text, budget),
                _ => None,
            }),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(T::OBJECT, self.as_slice())?;
        map.end()
    }
}

/// One object inside an object.
impl<T: Object> Field for Option<Box<T>> {
    fn read(json: &str, budget: &Budget<'_>) -> Option<Self> {
        let mut objects = <Vec<T> as Field>::read(json, budget)?;
        (objects.len() <= 1).then(|| objects.pop().map(Box::new))
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

/// Defines an object of the interface: the struct, its table of wire names, and serde in both directions.
///
/// `keep` or `skip` says what happens to fields outside the table; `picture` keeps them, and makes the object count as one.
macro_rules! object {
    (
        $(#[$meta:meta])*
        $name:ident $unknown:ident ($object:literal in $list:literal $(or $alt:literal)*), required [$($required:ident = $required_wire:literal),*] {
            $( $(#[$field_meta:meta])* $field:ident: $type:ty = $wire:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
            /// Fields outside the table, and values that were not of their field's type.
            pub extra: $crate::Extra,
        }

        impl $crate::object::sealed::Fields for $name {
            const IS_PICTURE: bool = object!(@is_picture $unknown);

            fn set(&mut self, name: &str, value: &serde_json::value::RawValue, budget: &$crate::list::Budget<'_>) -> $crate::object::sealed::Set {
                use $crate::object::sealed::Set;
                match name {
                    $(
                        $wire => match <$type as $crate::field::Field>::read(value.get(), budget) {
                            Some(read) => {
                                self.$field = read;
                                Set::Known
                            }
                            None if self.extra.keep(name, value) => Set::Known,
                            None => Set::Full,
                        },
                    )*
                    _ => object!(@$unknown self name value),
                }
            }
        }

        impl $crate::object::Object for $name {
            const OBJECT: &'static str = $object;
            const LIST: &'static str = $list;
            const LIST_ALIASES: &'static [&'static str] = &[$($alt),*];

            fn missing(&self) -> Vec<&'static str> {
                let mut missing = Vec::new();
                $(
                    if $crate::field::Field::is_absent(&self.$required) {
                        missing.push($required_wire);
                    }
                )*
                missing
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $(
                    if !$crate::field::Field::is_absent(&self.$field) {
                        map.serialize_entry($wire, &$crate::field::Wire(&self.$field))?;
                    }
                )*
                self.extra.write(&mut map)?;
                map.end()
            }
        }
    };
    (@keep $self:ident $name:ident $value:ident) => {
        if $self.extra.keep($name, $value) { Set::Unknown } else { Set::Full }
    };
    (@skip $self:ident $name:ident $value:ident) => { Set::Unknown };
    (@picture $self:ident $name:ident $value:ident) => { object!(@keep $self $name $value) };
    (@is_picture picture) => { true };
    (@is_picture $unknown:ident) => { false };
}
