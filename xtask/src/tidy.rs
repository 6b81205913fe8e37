//! Rules that the compiler does not know: which room may depend on which, and the shape of files. Each has its reason.

use crate::shell::{Result, root};
use std::fs;
use std::path::{Path, PathBuf};

/// The arrows of the house: a room and the rooms it may depend upon. The order is the order of reading.
const ARROWS: &[(&str, &[&str])] = &[
    ("jt808", &[]),
    ("jt809", &[]),
    ("gat1400", &[]),
    ("notice", &[]),
    ("domain", &[]),
    ("documents", &[]),
    ("tables", &["domain"]),
    ("codec", &["domain"]),
    ("history", &["codec", "domain"]),
    ("journal", &[]),
    ("calibration", &["domain"]),
    ("judgement", &["domain"]),
    ("records", &["domain"]),
    ("gateway", &["codec", "domain", "gat1400", "journal", "jt808", "jt809", "notice", "tables"]),
    ("platform", &["codec", "domain", "gat1400", "gateway", "journal", "records"]),
    (
        "api",
        &[
            "calibration",
            "codec",
            "documents",
            "domain",
            "gateway",
            "history",
            "journal",
            "judgement",
            "platform",
            "records",
            "tables",
        ],
    ),
    ("page", &[]),
    (
        "anchang",
        &[
            "page",
            "api",
            "calibration",
            "codec",
            "domain",
            "gateway",
            "history",
            "journal",
            "judgement",
            "platform",
            "records",
            "tables",
        ],
    ),
    // Not the product: it may know the protocols and the words, never the product's insides.
    ("sim", &["domain", "gat1400", "jt808", "jt809"]),
    // Judges the judgement: it may know both sides.
    ("truth", &["calibration", "codec", "domain", "judgement", "sim"]),
];

/// Rooms that may never read a clock, a file or a socket: everything they know arrives as a value.
const PURE: &[&str] = &[
    "jt808",
    "jt809",
    "gat1400",
    "notice",
    "domain",
    "documents",
    "tables",
    "codec",
    "calibration",
    "judgement",
];
const IMPURE_WORDS: &[&str] =
    &["SystemTime::now", "Instant::now", "std::fs", "std::net", "std::env", "thread::sleep", "thread::spawn"];

/// Past this many lines a file hides a seam.
const LINES_MAX: usize = 700;

pub(crate) fn run() -> Result {
    let mut faults = Vec::new();
    check_arrows(&mut faults);
    for folder in ["crates", "xtask"] {
        visit(&root().join(folder), &mut |path| check_file(path, &mut faults));
    }
    // Types made from the OpenAPI document are as long as the API is wide.
    let is_made = |path: &Path| path.ends_with("api/schema.d.ts");
    visit(&root().join("ui/src"), &mut |path| {
        if !is_made(path) {
            check_length(path, &mut faults);
        }
    });
    check_architecture(&mut faults);
    if faults.is_empty() {
        println!("tidy: the arrows and the files are in order");
        return Ok(());
    }
    Err(format!("{} faults\n  {}", faults.len(), faults.join("\n  ")))
}

fn check_arrows(faults: &mut Vec<String>) {
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let Ok(folders) = fs::read_dir(root().join("crates")) else {
        faults.push("there is no folder crates".into());
        return;
    };
    for folder in folders.flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        let Some((_, allowed)) = ARROWS.iter().find(|(room, _)| *room == name) else {
            faults.push(format!("crates/{name}: say in xtask/src/tidy.rs what it may depend upon"));
            continue;
        };
        let manifest = fs::read_to_string(folder.path().join("Cargo.toml")).unwrap_or_default();
        for dependency in dependencies(&manifest) {
            if rooms.contains(&dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
                faults.push(format!("crates/{name} may not depend on {dependency}"));
            }
        }
    }
}

/// The names under `[dependencies]`; what tests use is their own affair.
fn dependencies(manifest: &str) -> Vec<String> {
    let after = manifest.split("\n[dependencies]").nth(1).unwrap_or_default();
    let section = after.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_string)
        .collect()
}

fn check_file(path: &Path, faults: &mut Vec<String>) {
    if path.extension().is_none_or(|extension| extension != "rs") {
        return;
    }
    check_length(path, faults);
    let text = fs::read_to_string(path).unwrap_or_default();
    let name = shown(path);
    if !text.starts_with("//!") && !text.starts_with("#![") {
        faults.push(format!("{name}: the first line says what the file is for (//!)"));
    }
    let is_pure = PURE.iter().any(|room| name.starts_with(&format!("crates/{room}/src/")));
    if is_pure {
        for word in IMPURE_WORDS.iter().filter(|word| text.contains(**word)) {
            faults.push(format!("{name}: {word} in a pure room"));
        }
    }
}

fn check_length(path: &Path, faults: &mut Vec<String>) {
    let is_code = path.extension().is_some_and(|e| e == "rs" || e == "ts" || e == "vue");
    let lines = fs::read_to_string(path).map_or(0, |text| text.lines().count());
    if is_code && lines > LINES_MAX {
        faults.push(format!("{}: {lines} lines; look for the seam", shown(path)));
    }
}

fn check_architecture(faults: &mut Vec<String>) {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default();
    for (room, _) in ARROWS {
        if !text.contains(&format!("`{room}`")) {
            faults.push(format!("ARCHITECTURE.md does not name `{room}`"));
        }
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

fn visit(folder: &Path, see: &mut impl FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir()
            && !matches!(name.as_str(), "target" | "node_modules" | "dist" | "corpus" | "artifacts")
        {
            visit(&path, see);
        } else if path.is_file() {
            see(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_never_point_at_a_room_below() {
        for (index, (room, allowed)) in ARROWS.iter().enumerate() {
            for dependency in *allowed {
                let place = ARROWS.iter().position(|(other, _)| other == dependency);
                assert!(place.is_some_and(|place| place < index), "{room} -> {dependency}");
            }
        }
    }

    #[test]
    fn only_the_dependencies_section_is_read() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\ndomain.workspace = true\nserde = \"1\"\n\n[dev-dependencies]\napi = \"1\"\n";
        assert_eq!(dependencies(manifest), ["domain", "serde"]);
    }
}
