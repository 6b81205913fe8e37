//! Bodies: reading a list of objects so that a bad one costs itself alone, within bounds, in one pass; and writing.

use crate::object::Object;
use crate::object::sealed::Set;
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

/// What one request may bring. The size of the body is the caller's bound, set where it is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Objects in one request, those inside its notifications with them; more refuse the request.
    pub objects: usize,
    /// Pictures of one object; a longer list stays unread in the object's [`Extra`](crate::Extra).
    pub pictures: usize,
    /// Bytes of one decoded picture, for [`ImageData::decode`](crate::ImageData::decode).
    pub picture_bytes: usize,
}

impl Default for Limits {
    /// Enough for every device seen: batches of up to 1,000 objects, 32 pictures each (the standard's table knows 5
    /// kinds a vehicle), 8 MiB a picture (a 4K scene is about 2 MiB).
    fn default() -> Self {
        Limits { objects: 1_000, pictures: 32, picture_bytes: 8 << 20 }
    }
}

/// What the body held, in its order: an object, or why that one could not be read.
pub type Objects<T> = Vec<Result<T, ObjectProblem>>;

/// One object that could not be read; the others of its list stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("object {index}: {reason}")]
pub struct ObjectProblem {
    /// Place in the list, from 0.
    pub index: usize,
    pub reason: ObjectReason,
}

/// Why an object could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ObjectReason {
    #[error("not a JSON object")]
    NotAnObject,
    #[error("text is not UTF-8")]
    NotUtf8,
    #[error("more than {} fields outside the standard's table", crate::EXTRA_FIELDS_MAX)]
    TooManyFields,
}

/// Why a body could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyProblem {
    #[error("body is empty")]
    Empty,
    #[error("not JSON: {detail}")]
    Syntax { detail: String },
    #[error("{expected} not found in the body")]
    Wrapper { expected: &'static str },
    #[error("more than {limit} objects in one request")]
    TooManyObjects { limit: usize },
    #[error("{0}")]
    Object(ObjectProblem),
}

/// Reads the objects of a body: `{"MotorVehicleListObject":{"MotorVehicleObject":[…]}}`, and what devices make of it
/// (a single object where the list belongs, one wrapper missing, a byte order mark).
///
/// Text in another charset than UTF-8 must be converted before; stray bytes cost the object they are in.
///
/// # Errors
/// [`BodyProblem`] when nothing of the body can be used.
pub fn read_list<T: Object>(body: &[u8], limits: &Limits) -> Result<Objects<T>, BodyProblem> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(BodyProblem::Empty);
    }
    let text = String::from_utf8_lossy(body);
    let is_lossy = matches!(text, Cow::Owned(_));
    match read_text(&text, is_lossy, limits) {
        // A NUL behind the last brace, a bare line break in a string: C programs write both.
        Err(BodyProblem::Syntax { .. }) if text.contains(|character: char| character.is_ascii_control()) => {
            read_text(&text.replace(|character: char| character.is_ascii_control(), " "), is_lossy, limits)
        }
        outcome => outcome,
    }
}

fn read_text<T: Object>(text: &str, is_lossy: bool, limits: &Limits) -> Result<Objects<T>, BodyProblem> {
    let budget =
        Budget { limits, is_lossy, objects_left: Cell::new(limits.objects), is_over: Cell::new(false) };
    let found = budget.read::<T>(text, Place::Root);
    if budget.is_over.get() {
        return Err(BodyProblem::TooManyObjects { limit: limits.objects });
    }
    let objects = found.map_err(|error| BodyProblem::Syntax { detail: error.to_string() })?;
    objects.ok_or(BodyProblem::Wrapper { expected: T::LIST })
}

/// Reads the one object of a body: `{"KeepaliveObject":{…}}`.
///
/// # Errors
/// [`BodyProblem`] when there is none, or more than one, or it cannot be read.
pub fn read_one<T: Object>(body: &[u8], limits: &Limits) -> Result<T, BodyProblem> {
    let mut objects = read_list::<T>(body, limits)?;
    match (objects.pop(), objects.len()) {
        (Some(object), 0) => object.map_err(BodyProblem::Object),
        (Some(_), _) => Err(BodyProblem::TooManyObjects { limit: 1 }),
        (None, _) => Err(BodyProblem::Wrapper { expected: T::OBJECT }),
    }
}

/// Objects inside an object. `None` when the list cannot be read or is over a bound: the caller keeps its text.
pub(crate) fn read_nested<T: Object>(json: &str, budget: &Budget<'_>) -> Option<Vec<T>> {
    let objects = budget.read::<T>(json, Place::Inside).ok()??;
    objects.into_iter().collect::<Result<_, _>>().ok()
}

/// The body of a list: `{"MotorVehicleListObject":{"MotorVehicleObject":[…]}}`.
pub fn write_list<T: Object>(objects: &[T]) -> Vec<u8> {
    write(T::LIST, &Wrapped(T::OBJECT, objects))
}

/// The body of one object: `{"KeepaliveObject":{…}}`.
pub fn write_one<T: Object>(object: &T) -> Vec<u8> {
    write(T::OBJECT, object)
}

fn write<V: Serialize>(name: &'static str, value: &V) -> Vec<u8> {
    serde_json::to_vec(&Wrapped(name, value)).expect("string keys and finite numbers always serialise")
}

struct Wrapped<'v, V: ?Sized>(&'static str, &'v V);

impl<V: Serialize + ?Sized> Serialize for Wrapped<'_, V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, self.1)])
    }
}

/// Where in the body the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The whole body: siblings of the wrapper are not objects.
    Root,
    /// Where a list, its wrapper, or a single object in their stead may be.
    Inside,
    /// An element of an array: an object, whatever it holds.
    Element,
}

/// The bounds of one request, and what is left of them.
pub struct Budget<'l> {
    limits: &'l Limits,
    is_lossy: bool,
    objects_left: Cell<usize>,
    is_over: Cell<bool>,
}

impl Budget<'_> {
    /// `None` when the root holds neither the wrapper nor any field of the object.
    fn read<T: Object>(&self, json: &str, place: Place) -> serde_json::Result<Option<Objects<T>>> {
        let mut objects = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let is_found =
            Reader { budget: self, objects: &mut objects, place }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(is_found.then_some(objects))
    }

    /// Whether one more object may be read beside the `count` already in its list.
    fn take<T: Object>(&self, count: usize) -> bool {
        if T::IS_PICTURE {
            return count < self.limits.pictures;
        }
        match self.objects_left.get().checked_sub(1) {
            Some(left) => self.objects_left.set(left),
            None => self.is_over.set(true),
        }
        !self.is_over.get()
    }
}

/// Puts the objects found at one place of the body into `objects`; yields whether the place had any business there.
struct Reader<'c, T> {
    budget: &'c Budget<'c>,
    objects: &'c mut Objects<T>,
    place: Place,
}

impl<'de, T: Object> DeserializeSeed<'de> for Reader<'_, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<T: Object> Reader<'_, T> {
    fn at(&mut self, place: Place) -> Reader<'_, T> {
        Reader { budget: self.budget, objects: self.objects, place }
    }

    fn push<E: serde::de::Error>(&mut self, object: Result<T, ObjectReason>) -> Result<(), E> {
        let index = self.objects.len();
        if !self.budget.take::<T>(index) {
            return Err(E::custom("too many objects"));
        }
        self.objects.push(object.map_err(|reason| ObjectProblem { index, reason }));
        Ok(())
    }

    fn refuse<E: serde::de::Error>(mut self) -> Result<bool, E> {
        match self.place {
            Place::Root => Ok(false),
            Place::Inside | Place::Element => self.push(Err(ObjectReason::NotAnObject)).map(|()| true),
        }
    }
}

impl<'de, T: Object> Visitor<'de> for Reader<'_, T> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::LIST)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        let mut object = T::default();
        let mut problem = None;
        let (mut has_wrapper, mut has_field) = (false, false);
        while let Some(name) = map.next_key_seed(Name(PhantomData))? {
            if self.place != Place::Element && is_wrapper::<T>(&name) {
                has_wrapper = true;
                map.next_value_seed(self.at(Place::Inside))?;
                continue;
            }
            let value: &RawValue = map.next_value()?;
            if self.budget.is_lossy && value.get().contains(char::REPLACEMENT_CHARACTER) {
                problem = problem.or(Some(ObjectReason::NotUtf8));
            }
            match object.set(&name, value, self.budget) {
                Set::Known => has_field = true,
                Set::Unknown => has_field |= self.place != Place::Root,
                Set::Full => problem = problem.or(Some(ObjectReason::TooManyFields)),
            }
        }
        // Beside a wrapper, other fields are remarks of the sender, such as a total.
        if !has_wrapper && (has_field || problem.is_some() || self.place == Place::Element) {
            self.push(problem.map_or(Ok(object), Err))?;
            return Ok(true);
        }
        Ok(has_wrapper || self.place == Place::Inside)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<bool, A::Error> {
        if self.place == Place::Element {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return self.refuse();
        }
        while seq.next_element_seed(self.at(Place::Element))?.is_some() {}
        Ok(true)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<bool, E> {
        if self.place == Place::Inside { Ok(true) } else { self.refuse() }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<bool, E> {
        if text.is_empty() { self.visit_unit() } else { self.refuse() }
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<bool, E> {
        self.refuse()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<bool, E> {
        self.refuse()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<bool, E> {
        self.refuse()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<bool, E> {
        self.refuse()
    }
}

fn is_wrapper<T: Object>(name: &str) -> bool {
    name == T::OBJECT || name == T::LIST || T::LIST_ALIASES.contains(&name)
}

/// A field's name, borrowed unless it has escapes.
struct Name<'de>(PhantomData<&'de str>);

impl<'de> DeserializeSeed<'de> for Name<'de> {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'de> {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
