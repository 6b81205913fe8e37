//! Writing a file whole or not at all, and private ones for their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Permissions of files that nobody else may read.
const PRIVATE: u32 = 0o600;
/// Permissions of all other files, before the umask.
const SHARED: u32 = 0o644;

/// Replaces `path` by a file with these parts, durably: after a crash there is the old content or the new one.
pub(crate) fn replace(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    write(path, parts, SHARED)
}

/// The same for a secret: only its owner may read the file.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, &[content], PRIVATE)
}

fn write(path: &Path, parts: &[&[u8]], mode: u32) -> io::Result<()> {
    let beside = with_suffix(path, ".new");
    // What a crash left there has the permissions of an earlier day.
    remove_if_there(&beside)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    sync_folder_of(path)
}

/// Makes renames and removals in the folder of `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Removes a file; that there is none is no error.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// `path` with `suffix` behind its last part.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_is_readable_by_its_owner_alone_whatever_was_left_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(with_suffix(&path, ".new"), b"left by a crash").unwrap();
        replace_private(&path, b"abc").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!with_suffix(&path, ".new").exists());
    }
}
