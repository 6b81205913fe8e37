//! `cargo xtask truth`: a simulated month, judged in process and compared with what was planted in it.

use crate::shell::{Result, root};
use std::process::Command;

/// Runs the crate `truth`, optimised, with the same arguments.
pub(crate) fn run(arguments: &[String]) -> Result {
    let status = Command::new("cargo")
        .args(["run", "--release", "--quiet", "-p", "truth", "--"])
        .args(arguments)
        .current_dir(root())
        .status()
        .map_err(|error| format!("can't run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err("an aim is missed, or a replay left other warnings".into()) }
}
