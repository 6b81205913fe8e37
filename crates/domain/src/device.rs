//! Kinds of devices: which protocol each speaks.

use serde::{Deserialize, Serialize};

/// A kind of device, by the protocol that it speaks. Identities are unique within a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DeviceKind {
    /// A camera, or a platform that speaks for many: GA/T 1400.
    Camera,
    /// A vehicle terminal, JT/T 808.
    Terminal,
    /// A camera or recorder that posts Hikvision's ISAPI notices.
    Isapi,
    /// A camera or recorder that posts Dahua's ITSAPI notices.
    Dahua,
    /// A subordinate or neighbouring platform of vehicle terminals, JT/T 809.
    Fleet,
}

impl DeviceKind {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Camera, Self::Isapi, Self::Dahua, Self::Terminal, Self::Fleet];

    /// The word used in the API, in files and in metrics.
    pub fn key(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Terminal => "terminal",
            Self::Isapi => "isapi",
            Self::Dahua => "dahua",
            Self::Fleet => "fleet",
        }
    }

    /// The kind of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// Whether its devices see passages at checkpoints.
    pub fn is_camera(self) -> bool {
        matches!(self, Self::Camera | Self::Isapi | Self::Dahua)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found_by_its_key() {
        for kind in DeviceKind::ALL {
            assert_eq!(DeviceKind::parse(kind.key()), Some(kind));
        }
        assert_eq!(DeviceKind::parse("modem"), None);
    }
}
