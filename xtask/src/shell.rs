//! Running other programs, and the few options that commands take.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// What went wrong, for the person at the terminal.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// `--name value` and `--flag` after the command.
pub(crate) struct Options {
    words: Vec<String>,
}

impl Options {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { words }
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.words.iter().any(|word| word == flag)
    }

    pub(crate) fn value<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        let place = self.words.iter().position(|word| word == name);
        place.and_then(|index| self.words.get(index + 1)).map_or(default, String::as_str)
    }
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    // As cargo says now: two clones may share a target folder, and with it this program.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).parent().expect("xtask lies in the workspace").to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs `line` (split at spaces) in `folder`, its output shown.
pub(crate) fn run_in(folder: &Path, line: &str) -> Result {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let (program, arguments) = words.split_first().ok_or("empty command")?;
    let started = Instant::now();
    println!("\n== {line}");
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .status()
        .map_err(|error| format!("can't run `{line}`: {error}"))?;
    println!("== {:.1} s: {line}", started.elapsed().as_secs_f64());
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})")) }
}

/// Runs `line` in the workspace's root.
pub(crate) fn run(line: &str) -> Result {
    run_in(&root(), line)
}

/// Whether a program answers `--version`.
pub(crate) fn has_program(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// A program that is ended when this is dropped: first asked, then killed.
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    pub(crate) fn start(name: &str, command: &mut Command) -> Result<Self> {
        let child = command.spawn().map_err(|error| format!("can't start {name}: {error}"))?;
        Ok(Self { child, name: name.to_string() })
    }

    /// The exit status when it has ended already.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        Some(format!("{} ended ({status})", self.name))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let deadline = Instant::now() + std::time::Duration::from_secs(10);
        while asked.is_ok() && Instant::now() < deadline {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
