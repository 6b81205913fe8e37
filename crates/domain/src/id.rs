//! Identities. Each kind is a type of its own, so that a device can't be passed for a checkpoint.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub SmolStr);

        impl $name {
            /// The identity as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(SmolStr::new(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A device: the 20 digits of GA/T 1400 for a camera, the SIM number of JT/T 808 for a terminal.
    DeviceId
}
text_id! {
    /// A checkpoint (卡口): the 20-digit tollgate identity of GA/T 1400.
    CheckpointId
}
text_id! {
    /// A section between two checkpoints.
    SectionId
}
text_id! {
    /// A watch order (布控).
    WatchOrderId
}
text_id! {
    /// A rule that a user wrote (自定义规则).
    RuleId
}
text_id! {
    /// A zone (区域): where vehicles are banned, or which they may not leave.
    ZoneId
}
text_id! {
    /// A tuning of a model's parameters.
    TuningId
}
text_id! {
    /// A silence (静默) or a maintenance window (维护窗口).
    SilenceId
}
text_id! {
    /// A picture: `j<offset>` for one in the picture journal, `u<url>` for one that its device keeps.
    PictureId
}

/// Bytes that are hashed in one piece.
const ONE_PIECE: usize = 256;

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u128);

        impl $name {
            /// The identity of these parts: XXH3-128 over the parts, each preceded by its length, so that
            /// (`ab`,`c`) and (`a`,`bc`) differ. Equal parts give equal identities on every machine, for ever.
            pub fn of(parts: &[&[u8]]) -> Self {
                // In one piece it is several times as quick; what is seen of a vehicle fits.
                let mut buffer = [0; ONE_PIECE];
                let bytes: usize = parts.iter().map(|part| 4 + part.len()).sum();
                if let Some(mut rest) = buffer.get_mut(..bytes) {
                    for part in parts {
                        for bytes in [&(part.len() as u32).to_le_bytes()[..], part] {
                            let (here, behind) = rest.split_at_mut(bytes.len());
                            here.copy_from_slice(bytes);
                            rest = behind;
                        }
                    }
                    return Self(xxhash_rust::xxh3::xxh3_128(&buffer[..bytes]));
                }
                let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
                for part in parts {
                    hasher.update(&(part.len() as u32).to_le_bytes());
                    hasher.update(part);
                }
                Self(hasher.digest128())
            }

            /// Parses the 32 hexadecimal digits that `Display` writes.
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:032x})", stringify!($name), self.0)
            }
        }
    };
}

hash_id! {
    /// An observation, by what was seen: the same report sent twice has the same identity.
    ObservationId
}
hash_id! {
    /// A warning, by model, version, subject and what it rests on: judged again, it has the same identity.
    WarningId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_ids_are_stable_and_keep_parts_apart() {
        // Stored in databases and documents: this value must never change.
        assert_eq!(WarningId::of(&[b"a", b"bc"]).to_string(), "6e496efc8f77eebc83650241d6affe03");
        assert_ne!(WarningId::of(&[b"a", b"bc"]), WarningId::of(&[b"ab", b"c"]));
        // Short ones are hashed in one piece, long ones part by part.
        let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
        for bytes in [&250_u32.to_le_bytes()[..], &[7; 250], &2_u32.to_le_bytes(), b"bc"] {
            hasher.update(bytes);
        }
        assert_eq!(WarningId::of(&[&[7; 250], b"bc"]).0, hasher.digest128());
        let all = [&200_u32.to_le_bytes()[..], &[7; 200], &2_u32.to_le_bytes(), b"bc"].concat();
        assert_eq!(WarningId::of(&[&[7; 200], b"bc"]).0, xxhash_rust::xxh3::xxh3_128(&all));
        let id = ObservationId::of(&[b"x"]);
        assert_eq!(ObservationId::parse(&id.to_string()), Some(id));
        assert_eq!(ObservationId::parse("zz"), None);
    }
}
