//! In which bytes the characters of a text file are written.

use serde::{Deserialize, Serialize};
use std::io::{self, Read};

/// An encoding that Chinese desktops and servers write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// With or without a byte-order mark.
    Utf8,
    /// GB 18030, and so GBK and GB 2312: what Excel and WPS save as CSV in China.
    Gb18030,
    /// What Excel calls "Unicode text".
    Utf16Le,
    /// The other order.
    Utf16Be,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Utf8, Self::Gb18030, Self::Utf16Le, Self::Utf16Be];

    /// The word in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Gb18030 => "gb18030",
            Self::Utf16Le => "utf16_le",
            Self::Utf16Be => "utf16_be",
        }
    }

    /// The encoding of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.key() == key)
    }

    /// What the beginning of a file looks like; `None` when it is no text. Text of ASCII alone is UTF-8.
    pub fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0xef, 0xbb, 0xbf, ..] => return Some(Self::Utf8),
            [0xff, 0xfe, ..] => return Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => return Some(Self::Utf16Be),
            _ => {}
        }
        let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd) = (zeros(0), zeros(1));
        if even + odd > 0 {
            // The separators and digits of a table are ASCII: every second byte of them is zero.
            let most = head.len() / 8;
            return if odd > most && even <= odd / 8 {
                Some(Self::Utf16Le)
            } else if even > most && odd <= even / 8 {
                Some(Self::Utf16Be)
            } else {
                None
            };
        }
        match std::str::from_utf8(head) {
            Ok(_) => Some(Self::Utf8),
            // The beginning may end within a character.
            Err(error) if error.error_len().is_none() => Some(Self::Utf8),
            Err(_) => {
                let whole =
                    head.iter().rposition(|byte| *byte == b'\n').map_or(head, |at| head.split_at(at).0);
                let (text, has_errors) = encoding_rs::GB18030.decode_without_bom_handling(whole);
                // One broken character does not make a Chinese file a foreign one; then the majority tells.
                let broken = |text: &str| text.matches(char::REPLACEMENT_CHARACTER).count();
                let is_better = broken(&text) < broken(&String::from_utf8_lossy(whole));
                Some(if !has_errors || is_better { Self::Gb18030 } else { Self::Utf8 })
            }
        }
    }

    /// Text of these bytes, and whether some are no characters; those are U+FFFD. Not for UTF-16, which [`Utf16`] reads.
    pub(crate) fn decode(self, bytes: Vec<u8>) -> (String, bool) {
        match self {
            Self::Gb18030 => {
                let (text, has_errors) = encoding_rs::GB18030.decode_without_bom_handling(&bytes);
                (text.into_owned(), has_errors)
            }
            Self::Utf8 | Self::Utf16Le | Self::Utf16Be => match String::from_utf8(bytes) {
                Ok(text) => (text, false),
                Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
            },
        }
    }
}

/// Reads UTF-16 as UTF-8.
pub(crate) struct Utf16<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    is_over: bool,
}

const UTF16_BYTES: usize = 64 << 10;

impl<R: Read> Utf16<R> {
    pub(crate) fn new(inner: R, is_big_endian: bool) -> Self {
        let encoding = if is_big_endian { encoding_rs::UTF_16BE } else { encoding_rs::UTF_16LE };
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; UTF16_BYTES],
            // Three bytes of UTF-8 for two of UTF-16 at most, and some for what was begun.
            text: Vec::with_capacity(UTF16_BYTES * 2 + 64),
            given: 0,
            is_over: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let count = self.inner.read(&mut self.raw)?;
        self.is_over = count == 0;
        self.given = 0;
        self.text.resize(self.text.capacity(), 0);
        let raw = self.raw.get(..count).unwrap_or_default();
        let (_, _, written, _) = self.decoder.decode_to_utf8(raw, &mut self.text, self.is_over);
        self.text.truncate(written);
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.is_over {
            self.fill()?;
        }
        let rest = self.text.get(self.given..).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(out), Some(rest)) = (out.get_mut(..count), rest.get(..count)) {
            out.copy_from_slice(rest);
        }
        self.given += count;
        Ok(count)
    }
}
