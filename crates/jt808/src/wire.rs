//! Reading and writing of message bodies: a bounded cursor, an appending writer, and the shapes fields take on the wire.

use std::borrow::Cow;
use std::marker::PhantomData;

use encoding_rs::GBK;
use smol_str::SmolStr;

use crate::{DecodeError, Edition, EncodeError};

/// A cursor over one body. It never reads past the end and allocates nothing by itself.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    /// Which layout the body has where editions differ.
    pub(crate) edition: Edition,
    /// The field being read, for the error.
    pub(crate) field: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], edition: Edition) -> Self {
        Self { bytes, edition, field: "body" }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) =
            self.bytes.split_at_checked(count).ok_or(DecodeError::Short { field: self.field })?;
        self.bytes = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, tail) =
            self.bytes.split_first_chunk::<N>().ok_or(DecodeError::Short { field: self.field })?;
        self.bytes = tail;
        Ok(*head)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn get<T: Wire>(&mut self, field: &'static str) -> Result<T, DecodeError> {
        self.field = field;
        T::read(self)
    }

    pub(crate) fn get_as<T, C: Codec<T>>(&mut self, field: &'static str) -> Result<T, DecodeError> {
        self.field = field;
        C::read(self)
    }
}

/// Appends a body to a buffer. What does not fit its field is remembered and reported once, at the end.
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Which layout to write where editions differ.
    pub(crate) edition: Edition,
    /// The field being written, for the error.
    pub(crate) field: &'static str,
    error: Option<EncodeError>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, edition: Edition) -> Self {
        Self { out, edition, field: "body", error: None }
    }

    pub(crate) fn finish(self) -> Result<(), EncodeError> {
        self.error.map_or(Ok(()), Err)
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub(crate) fn put<T: Wire>(&mut self, field: &'static str, value: &T) {
        self.field = field;
        value.write(self);
    }

    pub(crate) fn put_as<T, C: Codec<T>>(&mut self, field: &'static str, value: &T) {
        self.field = field;
        C::write(value, self);
    }

    /// Records that the current field cannot carry its value. The first such field is the one reported.
    fn too_long(&mut self) {
        self.error.get_or_insert(EncodeError::Field { field: self.field });
    }

    /// A count or length as two bytes.
    pub(crate) fn len16(&mut self, len: usize) {
        let len = u16::try_from(len).unwrap_or_else(|_| {
            self.too_long();
            0
        });
        self.u16(len);
    }

    /// Writes `body` after its length in one byte.
    pub(crate) fn prefixed8(&mut self, body: impl FnOnce(&mut Self)) {
        let at = self.out.len();
        self.u8(0);
        body(self);
        let len = self.out.len() - at - 1;
        match u8::try_from(len) {
            Ok(len) => self.out[at] = len,
            Err(_) => self.too_long(),
        }
    }

    /// Writes `body` after its length in two bytes.
    pub(crate) fn prefixed16(&mut self, body: impl FnOnce(&mut Self)) {
        let at = self.out.len();
        self.u16(0);
        body(self);
        let len = self.out.len() - at - 2;
        match u16::try_from(len) {
            Ok(len) => self.out[at..at + 2].copy_from_slice(&len.to_be_bytes()),
            Err(_) => self.too_long(),
        }
    }

    /// Text as GBK, filled up to `width` bytes with `pad`.
    pub(crate) fn fixed_text(&mut self, text: &str, width: usize, pad: u8) {
        let gbk = to_gbk(text);
        if gbk.len() > width {
            self.too_long();
        }
        let kept = gbk.get(..width).unwrap_or(&gbk);
        self.bytes(kept);
        self.out.resize(self.out.len() + width - kept.len(), pad);
    }
}

/// A value with one form on the wire.
pub(crate) trait Wire: Sized {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError>;
    fn write(&self, w: &mut Writer<'_>);
}

/// A form on the wire for values, such as text and lists, that have several.
pub(crate) trait Codec<T> {
    fn read(r: &mut Reader<'_>) -> Result<T, DecodeError>;
    fn write(value: &T, w: &mut Writer<'_>);
}

macro_rules! wire_integer {
    ($($ty:ty),*) => {$(
        impl Wire for $ty {
            fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                r.array().map(<$ty>::from_be_bytes)
            }
            fn write(&self, w: &mut Writer<'_>) {
                w.bytes(&self.to_be_bytes());
            }
        }
    )*};
}
wire_integer!(u8, u16, u32, u64);

impl<const N: usize> Wire for [u8; N] {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array()
    }
    fn write(&self, w: &mut Writer<'_>) {
        w.bytes(self);
    }
}

/// Text of a fixed width, filled with zeros.
pub(crate) struct Fixed<const N: usize>;

impl<const N: usize> Codec<SmolStr> for Fixed<N> {
    fn read(r: &mut Reader<'_>) -> Result<SmolStr, DecodeError> {
        Ok(trimmed_text(r.take(N)?))
    }
    fn write(value: &SmolStr, w: &mut Writer<'_>) {
        w.fixed_text(value, N, 0);
    }
}

/// Text after its length in one byte.
pub(crate) struct Text8;

impl Codec<SmolStr> for Text8 {
    fn read(r: &mut Reader<'_>) -> Result<SmolStr, DecodeError> {
        let len = r.u8()?;
        Ok(text(r.take(usize::from(len))?))
    }
    fn write(value: &SmolStr, w: &mut Writer<'_>) {
        w.prefixed8(|w| w.bytes(&to_gbk(value)));
    }
}

/// Text after its length in two bytes.
pub(crate) struct Text16;

impl Codec<SmolStr> for Text16 {
    fn read(r: &mut Reader<'_>) -> Result<SmolStr, DecodeError> {
        let len = r.u16()?;
        Ok(text(r.take(usize::from(len))?))
    }
    fn write(value: &SmolStr, w: &mut Writer<'_>) {
        w.prefixed16(|w| w.bytes(&to_gbk(value)));
    }
}

/// All that is left, as text.
pub(crate) struct TextRest;

impl Codec<SmolStr> for TextRest {
    fn read(r: &mut Reader<'_>) -> Result<SmolStr, DecodeError> {
        Ok(trimmed_text(r.rest()))
    }
    fn write(value: &SmolStr, w: &mut Writer<'_>) {
        w.bytes(&to_gbk(value));
    }
}

/// All that is left, as bytes.
pub(crate) struct BytesRest;

impl Codec<Vec<u8>> for BytesRest {
    fn read(r: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
        Ok(r.rest().to_vec())
    }
    fn write(value: &Vec<u8>, w: &mut Writer<'_>) {
        w.bytes(value);
    }
}

/// Bytes after their length in one byte.
pub(crate) struct Bytes8;

impl Codec<Vec<u8>> for Bytes8 {
    fn read(r: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
        let len = r.u8()?;
        Ok(r.take(usize::from(len))?.to_vec())
    }
    fn write(value: &Vec<u8>, w: &mut Writer<'_>) {
        w.prefixed8(|w| w.bytes(value));
    }
}

/// A list after its count, which is an `N`.
///
/// Nothing is reserved for the count: elements are read until the body ends, so memory is bounded by the body.
pub(crate) struct List<N>(PhantomData<N>);

impl<T: Wire, N: Wire + TryFrom<usize> + TryInto<usize> + Default> Codec<Vec<T>> for List<N> {
    fn read(r: &mut Reader<'_>) -> Result<Vec<T>, DecodeError> {
        let field = r.field;
        let count = N::read(r)?.try_into().unwrap_or(usize::MAX);
        let mut list = Vec::new();
        for _ in 0..count {
            r.field = field;
            list.push(T::read(r)?);
        }
        Ok(list)
    }
    fn write(value: &Vec<T>, w: &mut Writer<'_>) {
        let field = w.field;
        match N::try_from(value.len()) {
            Ok(count) => count.write(w),
            Err(_) => w.too_long(),
        }
        for element in value {
            w.field = field;
            element.write(w);
        }
    }
}

/// The one form of a [`Wire`] value, where a [`Codec`] is asked for.
pub(crate) struct Plain;

impl<T: Wire> Codec<T> for Plain {
    fn read(r: &mut Reader<'_>) -> Result<T, DecodeError> {
        T::read(r)
    }
    fn write(value: &T, w: &mut Writer<'_>) {
        value.write(w);
    }
}

/// GBK text as sent; bytes that are no GBK become U+FFFD.
pub(crate) fn text(bytes: &[u8]) -> SmolStr {
    GBK.decode_without_bom_handling(bytes).0.into()
}

/// GBK text without the zeros and spaces that fill its field (2011 fills with spaces, 2013 and 2019 with zeros).
pub(crate) fn trimmed_text(bytes: &[u8]) -> SmolStr {
    let decoded = GBK.decode_without_bom_handling(bytes).0;
    decoded.trim_matches(['\0', ' ']).into()
}

/// Text as GBK; characters that GBK lacks become `?`.
pub(crate) fn to_gbk(text: &str) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut gbk = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        // `Encoding::encode` would write HTML character references for what GBK lacks.
        let (bytes, _, unmappable) = GBK.encode(character.encode_utf8(&mut buffer));
        if unmappable {
            gbk.push(b'?');
        } else {
            gbk.extend_from_slice(&bytes);
        }
    }
    Cow::Owned(gbk)
}

/// Declares a struct whose fields follow each other on the wire in the order written.
///
/// A field is `name: Type`, or `name: Type as Codec` where its type has several forms.
macro_rules! wire_struct {
    (@codec) => { $crate::wire::Plain };
    (@codec $codec:ty) => { $codec };
    ($(
        $(#[$meta:meta])*
        $name:ident { $( $(#[$field_meta:meta])* $field:ident : $ty:ty $(as $codec:ty)? ),* $(,)? }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $( $(#[$field_meta])* pub $field: $ty, )* }

        impl $crate::wire::Wire for $name {
            fn read(r: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                Ok(Self { $( $field: r.get_as::<$ty, $crate::wire::wire_struct!(@codec $($codec)?)>(stringify!($field))?, )* })
            }
            fn write(&self, w: &mut $crate::wire::Writer<'_>) {
                $( w.put_as::<$ty, $crate::wire::wire_struct!(@codec $($codec)?)>(stringify!($field), &self.$field); )*
            }
        }
    )*};
}
pub(crate) use wire_struct;

/// Declares a one-byte code with named values; any other value is kept as `Other`.
macro_rules! code {
    ($(#[$meta:meta])* $name:ident { $( $(#[$value_meta:meta])* $value:literal = $variant:ident ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[$value_meta])* $variant, )*
            /// A value the standard leaves open.
            Other(u8),
        }

        impl From<u8> for $name {
            fn from(code: u8) -> Self {
                match code { $( $value => Self::$variant, )* other => Self::Other(other) }
            }
        }

        impl From<$name> for u8 {
            fn from(code: $name) -> u8 {
                match code { $( $name::$variant => $value, )* $name::Other(other) => other }
            }
        }

        impl $crate::wire::Wire for $name {
            fn read(r: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                r.u8().map(Self::from)
            }
            fn write(&self, w: &mut $crate::wire::Writer<'_>) {
                w.u8((*self).into());
            }
        }
    };
}
pub(crate) use code;

/// Declares a set of bits with named members; bits without a name are kept.
macro_rules! bits {
    ($(#[$meta:meta])* $name:ident : $int:ty { $( $(#[$bit_meta:meta])* $bit:literal = $constant:ident ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub $int);

        impl $name {
            $( $(#[$bit_meta])* pub const $constant: Self = Self(1 << $bit); )*

            /// Whether all bits of `other` are set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// The set with the bits of `other` set or cleared.
            #[must_use]
            pub const fn with(self, other: Self, is_set: bool) -> Self {
                Self(if is_set { self.0 | other.0 } else { self.0 & !other.0 })
            }

            /// The names of the bits that are set, lowest first; bits without a name are left out.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                [$( (Self::$constant, stringify!($constant)) ),*]
                    .into_iter()
                    .filter(move |(bit, _)| self.contains(*bit))
                    .map(|(_, name)| name)
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl $crate::wire::Wire for $name {
            fn read(r: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                <$int>::read(r).map(Self)
            }
            fn write(&self, w: &mut $crate::wire::Writer<'_>) {
                self.0.write(w);
            }
        }
    };
}
pub(crate) use bits;
