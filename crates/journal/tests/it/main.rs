//! The journal from outside, on real files: one binary, one module a theme.

mod concurrent;
mod kill;
mod read;
mod recovery;
mod support;
