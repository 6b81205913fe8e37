//! The installation's secret: the key of terminals' authentication codes and of cameras' nonces.

use crate::files;
use anyhow::{Context, bail};
use std::io::ErrorKind;
use std::path::Path;

/// Its length in bytes.
const SECRET_BYTES: usize = 32;

/// The secret kept in `path`, which is made from the machine's randomness when there is none. It has to stay the same:
/// with another one every terminal registers anew.
pub(crate) fn load_or_create(path: &Path) -> anyhow::Result<[u8; SECRET_BYTES]> {
    match std::fs::read(path) {
        Ok(bytes) => match <[u8; SECRET_BYTES]>::try_from(bytes.as_slice()) {
            Ok(secret) => Ok(secret),
            Err(_) => bail!(
                "{} has {} bytes instead of {SECRET_BYTES}; restore it, or remove it and let all terminals register anew",
                path.display(),
                bytes.len()
            ),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut secret = [0; SECRET_BYTES];
            getrandom::fill(&mut secret).context("could not get randomness from the system")?;
            files::replace_private(path, &secret)
                .with_context(|| format!("could not write {}", path.display()))?;
            Ok(secret)
        }
        Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_stays_and_a_cut_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let first = load_or_create(&path).unwrap();
        assert_ne!(first, [0; SECRET_BYTES]);
        assert_eq!(load_or_create(&path).unwrap(), first);
        std::fs::write(&path, &first[..31]).unwrap();
        assert!(load_or_create(&path).unwrap_err().to_string().contains("31 bytes instead of 32"));
    }
}
