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

/// The oracle of the history's files. Its wheel is installed once, into the target folder.
const DUCKDB: &str = "duckdb==2.0.1";

/// A Python with DuckDB; `None`, said in one line, where there is no Python or nothing to install from.
pub(crate) fn duckdb_python() -> Option<std::path::PathBuf> {
    let folder = crate::shell::target().join("duckdb");
    let python = folder.join("bin/python");
    let has_it =
        || Command::new(&python).args(["-c", "import duckdb"]).output().is_ok_and(|it| it.status.success());
    if has_it() {
        return Some(python);
    }
    let made = run_in(Path::new("/"), &format!("python3 -m venv {}", folder.display()))
        .and_then(|()| run_in(Path::new("/"), &format!("{} -m pip install -q {DUCKDB}", python.display())));
    match made {
        Ok(()) if has_it() => Some(python),
        Ok(()) | Err(_) => {
            println!(
                "without DuckDB: that other programs read the history's files is not tried (needs python3-venv and PyPI)"
            );
            None
        }
    }
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
