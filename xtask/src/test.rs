//! `cargo xtask test`: everything that must hold, in the order in which it is cheapest to fail.

use crate::shell::{self, Options, Result, root, run_in};
use crate::{conformance, setup, tidy};

pub(crate) fn run(options: &Options) -> Result {
    setup::for_tests()?;
    tidy::run()?;
    shell::run("cargo fmt --all --check")?;
    shell::run("cargo clippy --workspace --all-targets --quiet -- -D warnings")?;
    build_page()?;
    shell::run("cargo test --workspace --quiet")?;
    conformance::run(options)?;
    let page = root().join("ui");
    run_in(&page, "npm run --silent check")?;
    run_in(&page, "npm test --silent")?;
    if !options.has("--no-browser") {
        shell::run("cargo build --quiet -p anchang -p sim")?;
        run_in(&page, "npm run --silent test:browser")?;
    }
    println!("\nall tests passed");
    Ok(())
}

/// Builds `ui/dist`, which the binary embeds.
pub(crate) fn build_page() -> Result {
    let page = root().join("ui");
    if !page.join("node_modules").is_dir() {
        run_in(&page, "npm ci --no-audit --no-fund")?;
    }
    run_in(&page, "npm run --silent build")
}
