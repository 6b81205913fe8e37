//! The 33 digits of subscriptions, dispositions and their notifications (GA/T 1400.1-2017).

use domain::Timestamp;
use gat1400::DateTime;
use gat1400::id::{BusinessId, BusinessKind};
use smol_str::SmolStr;

/// An id of our unit: organisation, kind, time, and five digits that `of` settles. The organisation is what our own 20
/// digits begin with (division and unit), filled up with zeros.
pub(crate) fn business_id(server_id: &str, kind: BusinessKind, at: Timestamp, of: &[&[u8]]) -> SmolStr {
    let org = server_id.get(..8).and_then(|unit| unit.parse::<u64>().ok()).unwrap_or(0) * 10_000;
    let serial = (domain::ObservationId::of(of).0 % 100_000) as u32;
    let id = BusinessId { org, kind, created_at: DateTime::from_unix_ms(at.unix_ms()), serial };
    id.build().expect("each part has its digits").into()
}

/// The id of a new subscription of ours; `of` tells apart those of one second.
pub fn subscription_id(server_id: &str, at: Timestamp, of: &[&[u8]]) -> SmolStr {
    business_id(server_id, BusinessKind::SUBSCRIBE, at, of)
}

/// The id of a new disposition of ours; `of` tells apart those of one second.
pub fn disposition_id(server_id: &str, at: Timestamp, of: &[&[u8]]) -> SmolStr {
    business_id(server_id, BusinessKind::DISPOSITION, at, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_parts_and_the_same_things_give_the_same() {
        let at = Timestamp::from_unix_ms(1_795_406_400_000);
        let id = business_id("37132700005020000001", BusinessKind::SUBSCRIBE, at, &[b"a"]);
        assert!(id.starts_with("3713270000000320261123120000") && id.len() == 33, "{id}");
        assert_eq!(id, business_id("37132700005020000001", BusinessKind::SUBSCRIBE, at, &[b"a"]));
        assert_ne!(id, business_id("37132700005020000001", BusinessKind::SUBSCRIBE, at, &[b"b"]));
        assert_eq!(business_id("x", BusinessKind::SUBSCRIBE, at, &[]).len(), 33);
    }
}
