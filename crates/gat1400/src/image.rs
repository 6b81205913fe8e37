//! Pictures inside objects: base64 kept as it came, decoded when somebody wants the bytes, within a bound.

use crate::field::{Field, scalar};
use crate::list::Budget;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Serializer;

/// Padding may be missing and the last bits may be dirty: both come from real encoders and lose nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The base64 text of `SubImageInfo.Data` (GA/T 1400.3-2017, 子图像信息对象); empty means no picture.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ImageData(Box<str>);

/// Why a picture could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageProblem {
    #[error("picture of about {bytes} bytes is over the bound of {bytes_max}")]
    TooLarge { bytes: usize, bytes_max: usize },
    #[error("picture is not base64")]
    NotBase64,
}

impl ImageData {
    /// Encodes a picture's bytes (a JPEG file as a rule) for sending.
    pub fn encode(bytes: &[u8]) -> Self {
        ImageData(BASE64.encode(bytes).into())
    }

    /// Base64 text that somebody else encoded; it is checked when decoded.
    pub fn from_base64(text: impl Into<Box<str>>) -> Self {
        ImageData(text.into())
    }

    pub fn as_base64(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The picture's bytes. Line breaks and a `data:image/jpeg;base64,` in front are passed over.
    ///
    /// # Errors
    /// [`ImageProblem`]; nothing is allocated for a picture over `bytes_max`.
    pub fn decode(&self, bytes_max: usize) -> Result<Vec<u8>, ImageProblem> {
        let text = match self.0.split_once(";base64,") {
            Some((scheme, data)) if scheme.starts_with("data:") => data,
            _ => &self.0,
        };
        let bytes = text.len() / 4 * 3;
        // Line breaks make the text up to 1/32 longer than its picture needs, padding 2 bytes.
        if bytes.saturating_sub(bytes / 32 + 2) > bytes_max {
            return Err(ImageProblem::TooLarge { bytes, bytes_max });
        }
        let decoded = BASE64.decode(text).or_else(|_| {
            let joined: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            BASE64.decode(joined).map_err(|_| ImageProblem::NotBase64)
        })?;
        if decoded.len() > bytes_max {
            return Err(ImageProblem::TooLarge { bytes: decoded.len(), bytes_max });
        }
        Ok(decoded)
    }
}

impl std::fmt::Debug for ImageData {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ImageData({} base64 characters)", self.0.len())
    }
}

impl Field for ImageData {
    fn read(json: &str, _: &Budget<'_>) -> Option<Self> {
        scalar(json, |text| Some(ImageData(text.into())))
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
