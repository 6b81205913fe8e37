//! The terminal phone number (终端手机号): who a terminal is, on every frame.

use std::fmt;
use std::str::FromStr;

/// The number of BCD bytes in a header of editions 2011 and 2013.
pub(crate) const BYTES_2013: usize = 6;
/// The number of BCD bytes in a header of edition 2019.
pub(crate) const BYTES_2019: usize = 10;

/// A terminal phone number, the identity of a session: up to 20 digits.
///
/// Its canonical form has no leading zeros, so that one SIM is one value whether it came in a 12-digit or a
/// 20-digit header; the zeros return when it is written. A digit may be `a`–`f`, since some terminals fill
/// the field with bytes that are no BCD.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Phone {
    /// Right-aligned, zero-filled.
    bcd: [u8; BYTES_2019],
}

/// Why text is no terminal phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePhoneError {
    #[error("a terminal phone has 1 to 20 digits")]
    Length,
    #[error("a terminal phone consists of digits")]
    Digit,
}

impl Phone {
    /// The phone in the BCD field of a header; longer fields keep their last 20 digits.
    pub(crate) fn from_bcd(field: &[u8]) -> Self {
        let mut bcd = [0; BYTES_2019];
        for (to, from) in bcd.iter_mut().rev().zip(field.iter().rev()) {
            *to = *from;
        }
        Self { bcd }
    }

    /// The BCD field of a 2019 header.
    pub const fn bcd(&self) -> [u8; BYTES_2019] {
        self.bcd
    }

    /// The BCD field of a 2011 or 2013 header, or `None` when the number has more than 12 digits.
    pub(crate) fn bcd_2013(&self) -> Option<[u8; BYTES_2013]> {
        let (zeros, field) = self.bcd.split_last_chunk::<BYTES_2013>()?;
        zeros.iter().all(|byte| *byte == 0).then_some(*field)
    }
}

impl FromStr for Phone {
    type Err = ParsePhoneError;

    fn from_str(text: &str) -> Result<Self, ParsePhoneError> {
        if text.is_empty() || text.len() > BYTES_2019 * 2 {
            return Err(ParsePhoneError::Length);
        }
        let mut bcd = [0; BYTES_2019];
        for (place, character) in text.bytes().rev().enumerate() {
            let digit = char::from(character).to_digit(16).ok_or(ParsePhoneError::Digit)? as u8;
            bcd[BYTES_2019 - 1 - place / 2] |= digit << (4 * (place % 2));
        }
        Ok(Self { bcd })
    }
}

impl From<u64> for Phone {
    /// The phone with the decimal digits of a number; every `u64` has at most 20.
    fn from(mut number: u64) -> Self {
        let mut bcd = [0; BYTES_2019];
        for byte in bcd.iter_mut().rev() {
            let pair = (number % 100) as u8;
            *byte = ((pair / 10) << 4) | (pair % 10);
            number /= 100;
        }
        Self { bcd }
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.bcd.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
        let mut canonical = digits.skip_while(|digit| *digit == 0).peekable();
        if canonical.peek().is_none() {
            return f.write_str("0");
        }
        canonical.try_for_each(|digit| write!(f, "{digit:x}"))
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_sim_is_one_phone_in_both_header_widths() {
        let short = Phone::from_bcd(&[0x01, 0x38, 0x00, 0x13, 0x80, 0x00]);
        let long = Phone::from_bcd(&[0, 0, 0, 0, 0x01, 0x38, 0x00, 0x13, 0x80, 0x00]);
        assert_eq!(short, long);
        assert_eq!(short.to_string(), "13800138000");
        assert_eq!("013800138000".parse(), Ok(short));
        assert_eq!(Phone::from(13_800_138_000), short);
        assert_eq!(short.bcd_2013(), Some([0x01, 0x38, 0x00, 0x13, 0x80, 0x00]));
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert_eq!("".parse::<Phone>(), Err(ParsePhoneError::Length));
        assert_eq!("123456789012345678901".parse::<Phone>(), Err(ParsePhoneError::Length));
        assert_eq!("1380013800x".parse::<Phone>(), Err(ParsePhoneError::Digit));
        assert_eq!(Phone::from(1_234_567_890_123).bcd_2013(), None);
        assert_eq!(Phone::default().to_string(), "0");
    }

    proptest! {
        #[test]
        fn canonical_text_returns(bcd in any::<[u8; BYTES_2019]>()) {
            let phone = Phone::from_bcd(&bcd);
            prop_assert_eq!(phone.to_string().parse(), Ok(phone));
        }
    }
}
