//! What the machine needs beside Rust: installed through apt when root, else said in one line.

use crate::shell::{Result, has_program, run_in};
use std::path::Path;
use std::process::Command;

/// Debian packages by what shows that they are there.
struct Need {
    package: &'static str,
    is_there: fn() -> bool,
}

const NODE: Need = Need { package: "nodejs npm", is_there: || has_program("node") && has_program("npm") };
/// The simulator draws plates with it, and Chromium shows Chinese with it.
const FONTS: Need = Need {
    package: "fonts-noto-cjk",
    is_there: || Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc").exists(),
};
const CHROMIUM: Need = Need { package: "chromium", is_there: || Path::new("/usr/bin/chromium").exists() };
/// SQLite is compiled from C.
const C_COMPILER: Need = Need { package: "build-essential", is_there: || has_program("cc") };

pub(crate) fn for_demo() -> Result {
    ensure(&[C_COMPILER, NODE, FONTS])
}

pub(crate) fn for_tests() -> Result {
    ensure(&[C_COMPILER, NODE, FONTS, CHROMIUM])
}

fn ensure(needs: &[Need]) -> Result {
    let missing: Vec<&str> =
        needs.iter().filter(|need| !(need.is_there)()).map(|need| need.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"));
    if !is_root {
        return Err(format!("install these first: sudo apt-get install -y {packages}"));
    }
    run_in(Path::new("/"), "apt-get update -qq")?;
    run_in(Path::new("/"), &format!("apt-get install -y -qq {packages}"))
}
