//! What cameras post in the protocols of their makers: Hikvision ISAPI ([`isapi`]) and Dahua ITSAPI and CGI ([`dahua`]).
//! Sans-I/O: bytes come in, values and problems go out.
//!
//! Neither protocol has a public standard. What is here comes from the makers' developer guides as far as they are public and
//! from what real devices send, which differs from them: namespaces, misspelt names, numbers as words. So reading is liberal
//! ([`Tree`] knows names only, without case and namespace), and strict only about bounds ([`Limits`]).

pub mod dahua;
pub mod isapi;
pub mod multipart;
mod time;
mod tree;

pub use time::{local_unix_ms, unix_ms};
pub use tree::Tree;

/// Bounds of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "every bound says that it is one")]
pub struct Limits {
    /// Parts of one multipart body.
    pub parts_max: usize,
    /// Elements or values of one notice.
    pub nodes_max: usize,
    /// How deep they may lie.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { parts_max: 32, nodes_max: 4_096, depth_max: 32 }
    }
}

/// Why a body could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The body says multipart and its boundary is nowhere in it.
    #[error("a multipart body without its boundary")]
    NoBoundary,
    /// More parts than [`Limits::parts_max`].
    #[error("more than {0} parts")]
    TooManyParts(usize),
    /// No part is XML or JSON.
    #[error("no part holds a notice")]
    NoNotice,
    /// Not well-formed.
    #[error("not XML: {0}")]
    Xml(String),
    /// Not well-formed.
    #[error("not JSON: {0}")]
    Json(String),
    /// More than [`Limits::nodes_max`] or deeper than [`Limits::depth_max`].
    #[error("more than {nodes_max} values, or deeper than {depth_max}")]
    TooLarge {
        /// The bound.
        nodes_max: usize,
        /// The bound.
        depth_max: usize,
    },
    /// The root is not the one of a notice.
    #[error("a notice begins with {expected}, not with {found:?}")]
    Root {
        /// What begins a notice.
        expected: &'static str,
        /// What was there.
        found: String,
    },
}

impl Problem {
    /// A short stable word for counting.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoBoundary | Self::TooManyParts(_) => "multipart",
            Self::NoNotice => "no_notice",
            Self::Xml(_) => "xml",
            Self::Json(_) => "json",
            Self::TooLarge { .. } => "too_large",
            Self::Root { .. } => "root",
        }
    }
}
