//! Reading and writing fields: big-endian numbers, GBK text of fixed length.

/// Why a body is not what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It ends before a field.
    #[error("the body ends before its {field}")]
    Short {
        /// The field.
        field: &'static str,
    },
    /// A length within it leads beyond its end.
    #[error("{field} has {len} bytes and {left} are left")]
    Length {
        /// The field.
        field: &'static str,
        /// What is said.
        len: usize,
        /// What is there.
        left: usize,
    },
}

impl DecodeError {
    /// A short stable word for counting.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Short { .. } => "short",
            Self::Length { .. } => "length",
        }
    }
}

/// Takes fields from the front.
pub(crate) struct Reader<'b>(pub(crate) &'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) fn bytes(&mut self, len: usize, field: &'static str) -> Result<&'b [u8], DecodeError> {
        let (now, rest) = self.0.split_at_checked(len).ok_or(DecodeError::Short { field })?;
        self.0 = rest;
        Ok(now)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let (now, rest) = self.0.split_first_chunk().ok_or(DecodeError::Short { field })?;
        self.0 = rest;
        Ok(*now)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array(field).map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_be_bytes)
    }

    /// GBK, ended by its length or by a zero byte; spaces around it go.
    pub(crate) fn text(&mut self, len: usize, field: &'static str) -> Result<String, DecodeError> {
        let bytes = self.bytes(len, field)?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let text = encoding_rs::GBK.decode_without_bom_handling(bytes.get(..end).unwrap_or(bytes)).0;
        Ok(text.trim().to_owned())
    }

    /// As many bytes as a length before them says.
    pub(crate) fn sized(&mut self, field: &'static str) -> Result<&'b [u8], DecodeError> {
        let len = self.u32(field)? as usize;
        let left = self.0.len();
        self.bytes(len, field).map_err(|_| DecodeError::Length { field, len, left })
    }
}

/// Writes GBK padded with zeros, cut at a whole character.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str, len: usize) {
    let start = out.len();
    for character in text.chars() {
        let mut utf8 = [0; 4];
        let encoded = encoding_rs::GBK.encode(character.encode_utf8(&mut utf8)).0;
        if out.len() - start + encoded.len() > len {
            break;
        }
        out.extend_from_slice(&encoded);
    }
    out.resize(start + len, 0);
}
