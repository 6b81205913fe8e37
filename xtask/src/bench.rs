//! `cargo xtask bench`: the measured figures of the design page, as a table.

use crate::shell::{Options, Result};

pub(crate) fn run(_options: &Options) -> Result {
    Err("not wired yet".into())
}
