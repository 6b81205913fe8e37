//! Passwords: the rules for new ones, one-time passwords, and Argon2id in a bounded number at a time.

use crate::store::Records;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// Fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Most bytes of a password: bounds what hashing reads.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Characters of a one-time password; 16 of 32 symbols are 80 bits.
const ONE_TIME_CHARS: usize = 16;
/// Letters and digits that nobody takes for another (no 0, o, 1, l).
const ONE_TIME_SYMBOLS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Which rule a new password breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRule {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// More than [`PASSWORD_BYTES_MAX`] bytes.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// It is the username.
    #[error("a password is not the username")]
    IsUsername,
    /// Only digits, only small letters, only capitals or only other characters.
    #[error("a password mixes at least two of small letters, capitals, digits and other characters")]
    OneClass,
}

/// A password that is shown once and must be changed at the first log-in. `Debug` doesn't show it.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimePassword(String);

impl OneTimePassword {
    /// The password, to show it this once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A random one, 80 bits, with a letter and a digit, so that it keeps the rules it has to keep.
    pub fn generate() -> Self {
        loop {
            // 32 symbols: five bits of a random byte choose one without bias.
            let bytes: [u8; ONE_TIME_CHARS] = random();
            let symbol = |byte: u8| char::from(ONE_TIME_SYMBOLS[usize::from(byte) % ONE_TIME_SYMBOLS.len()]);
            let text: String = bytes.into_iter().map(symbol).collect();
            if text.contains(|c: char| c.is_ascii_digit()) && text.contains(char::is_alphabetic) {
                return Self(text);
            }
        }
    }
}

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTimePassword(…)")
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    bytes
}

/// Checks a new password.
pub(crate) fn check(password: &str, username: &str) -> Result<(), PasswordRule> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordRule::TooShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordRule::TooLong);
    }
    if password.to_lowercase() == username.to_lowercase() {
        return Err(PasswordRule::IsUsername);
    }
    let class = |c: char| match c {
        _ if c.is_lowercase() => 0,
        _ if c.is_uppercase() => 1,
        _ if c.is_numeric() => 2,
        _ => 3,
    };
    let first = password.chars().next().map(class);
    if password.chars().all(|c| Some(class(c)) == first) {
        return Err(PasswordRule::OneClass);
    }
    Ok(())
}

impl Records {
    /// The Argon2id hash of a password in PHC form.
    pub(crate) async fn hash_password(&self, password: String) -> String {
        let hash = move || {
            let hash: PasswordHash = Argon2::default()
                .hash_password(password.as_bytes())
                .expect("the default parameters are valid and passwords are far shorter than Argon2's bound");
            hash.to_string()
        };
        self.off_the_runtime(hash).await
    }

    /// Whether a password belongs to a hash. Without a hash it takes as long and says no, so that the time doesn't
    /// tell which usernames exist.
    pub(crate) async fn verify_password(&self, password: String, hash: Option<String>) -> bool {
        if password.len() > PASSWORD_BYTES_MAX {
            return false;
        }
        let verify = move || {
            let Some(hash) = hash else {
                let _unused: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
                return false;
            };
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        };
        self.off_the_runtime(verify).await
    }

    async fn off_the_runtime<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _permit = self.hashing.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work).await.expect("hashing doesn't panic and is never aborted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_what_is_wrong() {
        assert_eq!(check("short1", "li"), Err(PasswordRule::TooShort));
        assert_eq!(check("1234567890", "li"), Err(PasswordRule::OneClass));
        assert_eq!(check("onlyletters", "li"), Err(PasswordRule::OneClass));
        assert_eq!(check("Wang.Xiaoming", "wang.xiaoming"), Err(PasswordRule::IsUsername));
        assert_eq!(check(&"aB3".repeat(100), "li"), Err(PasswordRule::TooLong));
        assert_eq!(check("安全畅通保平安零八一五八", "li"), Err(PasswordRule::OneClass));
        assert_eq!(check("correct-horse", "li"), Ok(()));
    }

    #[test]
    fn one_time_passwords_differ_and_stay_out_of_logs() {
        let (a, b) = (OneTimePassword::generate(), OneTimePassword::generate());
        assert_ne!(a, b);
        assert_eq!(a.reveal().len(), ONE_TIME_CHARS);
        assert!(!format!("{a:?}").contains(a.reveal()));
        assert_eq!(ONE_TIME_SYMBOLS.len(), 32, "five bits choose a symbol without bias");
    }
}
