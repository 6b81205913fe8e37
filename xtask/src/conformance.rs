//! Real packets against the protocol rooms. The data is not part of the project: its folder is an argument.

use crate::shell::{self, Options, Result, root};

/// The rooms that have an `examples/conformance.rs`.
const ROOMS: [&str; 4] = ["jt808", "gat1400", "notice", "domain"];

pub(crate) fn run_all(data: &str) -> Result {
    if !root().join(data).is_dir() {
        println!("conformance: there is no folder {data}; nothing was checked against real packets");
        return Ok(());
    }
    for room in ROOMS {
        shell::run(&format!("cargo run --quiet -p {room} --example conformance -- --data {data}"))?;
    }
    Ok(())
}

pub(crate) fn run(options: &Options) -> Result {
    run_all(options.value("--data", "../shared/data"))
}
