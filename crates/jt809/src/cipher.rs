//! Encryption of bodies: a stream of a linear congruential generator that both sides have agreed upon (JT/T 809-2011 4.5.2, annex).
//! It hides nothing from who wants to know; it is here because platforms use it.

/// The parameters of a platform, agreed upon when it is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cipher {
    /// M1
    pub m1: u32,
    /// IA1
    pub ia1: u32,
    /// IC1
    pub ic1: u32,
}

impl Cipher {
    /// Encrypts or decrypts with the key of a frame: the operation is its own inverse.
    pub fn apply(self, key: u32, bytes: &mut [u8]) {
        let mut state = key.max(1);
        let modulus = self.m1.max(1);
        for byte in bytes {
            state = self.ia1.wrapping_mul(state % modulus).wrapping_add(self.ic1);
            *byte ^= (state >> 20) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_is_nothing_and_the_stream_is_the_generators() {
        let cipher = Cipher { m1: 30_000_000, ia1: 20_000_000, ic1: 20_000_000 };
        let mut bytes = [1, 2, 3, 4, 5, 6, 7];
        cipher.apply(256_178, &mut bytes);
        // By hand: 20000000 · 256178 + 20000000 mod 2^32, bits 20 to 27 of it, over 1; and so on.
        let first = (20_000_000u64 * 256_178 + 20_000_000) % (1 << 32);
        assert_eq!(bytes[0], 1 ^ (first >> 20) as u8);
        assert_ne!(bytes, [1, 2, 3, 4, 5, 6, 7]);
        cipher.apply(256_178, &mut bytes);
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6, 7]);
        // Parameters of 0 stand for 1, and nothing divides by it.
        Cipher { m1: 0, ia1: 0, ic1: 0 }.apply(0, &mut bytes);
    }
}
