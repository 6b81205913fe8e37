//! Passwords that have to be known again: sealed under the installation's secret, so that a copy of the database alone
//! does not give them away. Who has the whole data folder has both.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit as _, Nonce};
use domain::DeviceId;
use records::SealedPassword;
use std::fmt::Write as _;

const NONCE_BYTES: usize = 12;

/// Seals and opens (ChaCha20-Poly1305, RFC 8439). The platform's id is bound in: a row moved to another platform does not open.
#[derive(Clone)]
pub struct Seal {
    cipher: ChaCha20Poly1305,
}

impl Seal {
    /// With the installation's secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { cipher: ChaCha20Poly1305::new(&Key::from(*secret)) }
    }

    /// Seals a password for a platform; `None` when the system gives no randomness.
    pub fn seal(&self, platform: &DeviceId, password: &str) -> Option<SealedPassword> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: password.as_bytes(), aad: platform.as_str().as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).ok()?;
        let mut hex = String::with_capacity(2 * (NONCE_BYTES + sealed.len()));
        for byte in nonce.iter().chain(&sealed) {
            write!(hex, "{byte:02x}").ok()?;
        }
        Some(SealedPassword(hex))
    }

    /// The password; `None` when it was sealed under another secret or for another platform.
    pub fn open(&self, platform: &DeviceId, sealed: &SealedPassword) -> Option<String> {
        let bytes: Option<Vec<u8>> = (0..sealed.0.len())
            .step_by(2)
            .map(|at| sealed.0.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        let bytes = bytes?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: platform.as_str().as_bytes() };
        let opened = self.cipher.decrypt(&Nonce::from(*nonce), payload).ok()?;
        String::from_utf8(opened).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_for_its_platform_and_under_its_secret_only() {
        let (one, other) = (DeviceId::from("1"), DeviceId::from("2"));
        let seal = Seal::new(&[7; 32]);
        let sealed = seal.seal(&one, "密码 pass").unwrap();
        assert_eq!(seal.open(&one, &sealed).as_deref(), Some("密码 pass"));
        assert_ne!(sealed, seal.seal(&one, "密码 pass").unwrap(), "no two look alike");
        assert_eq!(seal.open(&other, &sealed), None);
        assert_eq!(Seal::new(&[8; 32]).open(&one, &sealed), None);
        let cut: String = sealed.0.chars().take(sealed.0.len() - 2).collect();
        for text in ["", "00", "zz", &cut] {
            assert_eq!(seal.open(&one, &SealedPassword(text.into())), None);
        }
    }
}
