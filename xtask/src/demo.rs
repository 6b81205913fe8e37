//! `cargo xtask demo`: builds all and runs the product with a simulated county until it is stopped.

use crate::shell::{Options, Result};

pub(crate) fn run(_options: &Options) -> Result {
    Err("not wired yet".into())
}
