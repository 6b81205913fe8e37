//! `cargo xtask test`: everything that must hold, in the order in which it is cheapest to fail.

use crate::product::{PASSWORD_FILE, Ports, Product};
use crate::shell::{self, Options, Result, Running, root, run_in, target};
use crate::{conformance, setup, tidy};
use std::process::Command;
use std::time::SystemTime;

/// Port of the product under test; a demo may run beside it.
const PORT: u16 = 18_700;

pub(crate) fn run(options: &Options) -> Result {
    setup::for_tests()?;
    if options.has("--product") {
        build_page()?;
        return test_product();
    }
    tidy::run()?;
    shell::run("cargo fmt --all --check")?;
    shell::run("cargo clippy --workspace --all-targets --quiet -- -D warnings")?;
    build_page()?;
    let python = setup::duckdb_python();
    let told =
        python.map_or_else(String::new, |path| format!("env ANCHANG_DUCKDB_PYTHON={} ", path.display()));
    shell::run(&format!("{told}cargo test --workspace --quiet"))?;
    conformance::run(options)?;
    let page = root().join("ui");
    run_in(&page, "npm run --silent check")?;
    run_in(&page, "npm test --silent")?;
    if !options.has("--no-browser") {
        run_in(&page, "npm run --silent test:browser")?;
        test_product()?;
    }
    println!("\nall tests passed");
    Ok(())
}

/// The page in a browser, on the running product with a simulated county.
fn test_product() -> Result {
    shell::run("cargo build --quiet -p anchang -p sim")?;
    let folder = root().join("var/test");
    let product = Product::start("dev", &folder, Ports { http: PORT }, &[])?;
    let mut command = product.simulator("dev", &["run", "--provision"]);
    let log = std::fs::File::create(folder.join("sim.log")).map_err(|error| error.to_string())?;
    command.args(["--scale", "0.2", "--backfill-hours", "3"]).stdout(log);
    // The county's people are there, and the test works in their names.
    command.arg("--staff-password-file").arg(folder.join(PASSWORD_FILE)).arg("--staff-idle");
    let mut county = Running::start("sim", &mut command)?;
    let mut test = Command::new("npm");
    test.args(["run", "--silent", "test:product"])
        .current_dir(root().join("ui"))
        .env("ANCHANG_URL", format!("http://{}", product.http))
        .env("ANCHANG_PASSWORD", &product.password)
        .env("ANCHANG_CAMERAS", product.at("viid"))
        .env("ANCHANG_TERMINALS", product.at("terminals"));
    let status = test.status().map_err(|error| format!("can't run npm: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let why = county.ended().unwrap_or_else(|| "the page on the running product failed".into());
    Err(format!("{why}; logs in {}", folder.display()))
}

/// Builds `ui/dist`, which the binary embeds. Clones that share a target folder outside of them share the crate that embeds it,
/// and with it the folder of the clone in which that was compiled: so it is compiled anew here.
pub(crate) fn build_page() -> Result {
    let page = root().join("ui");
    if !page.join("node_modules").is_dir() {
        run_in(&page, "npm ci --no-audit --no-fund")?;
    }
    run_in(&page, "npm run --silent build")?;
    if target().starts_with(root()) {
        return Ok(());
    }
    let embeds = root().join("crates/page/src/lib.rs");
    let touched = std::fs::File::options().append(true).open(embeds);
    touched.and_then(|file| file.set_modified(SystemTime::now())).map_err(|error| error.to_string())
}
