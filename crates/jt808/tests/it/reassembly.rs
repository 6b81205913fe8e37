//! Sub-packages in any order, doubled, missing, too many, too late.

use jt808::message::ResendRequest;
use jt808::{
    BODY_BYTES_MAX, Edition, Frame, FrameDecoder, Header, Message, Overdue, PART_OVERHEAD_BYTES, Part, Phone,
    Progress, Reassembler, ReassemblyLimits, encode_frame,
};
use proptest::prelude::*;

const LIMITS: ReassemblyLimits =
    ReassemblyLimits { messages_max: 3, bytes_max: 10_000, resend_after_ms: 1000, resends_max: 2 };

fn header(serial: u16) -> Header {
    Header::new(0x0801, Edition::V2013, Phone::from(42), serial)
}

/// Part `index` of a message whose first part has this serial.
fn push(reassembler: &mut Reassembler, first_serial: u16, total: u16, index: u16, now_ms: u64) -> Progress {
    let part = Some(Part { total, index });
    let header = Header { part, ..header(first_serial.wrapping_add(index.wrapping_sub(1))) };
    let body = [index as u8; 10];
    reassembler.push(&Frame { header, body: &body, is_checksum_good: true }, now_ms)
}

#[test]
fn missing_parts_are_asked_for_and_then_given_up() {
    let mut reassembler = Reassembler::new(LIMITS);
    assert_eq!(reassembler.next_deadline_ms(), None);
    assert_eq!(push(&mut reassembler, 7, 4, 1, 0), Progress::Pending);
    assert_eq!(push(&mut reassembler, 7, 4, 3, 500), Progress::Pending);
    assert_eq!(reassembler.next_deadline_ms(), Some(1500));
    assert_eq!(reassembler.overdue(1499), []);
    let ask = Overdue::Resend {
        header: header(7),
        request: ResendRequest { first_serial: 7, part_indexes: vec![2, 4] },
    };
    assert_eq!(reassembler.overdue(1500), std::slice::from_ref(&ask));
    assert_eq!(reassembler.overdue(1501), []);
    assert_eq!(reassembler.overdue(2500), [ask]);
    assert_eq!(reassembler.overdue(3500), [Overdue::GivenUp { header: header(7), missing: 2 }]);
    let left = (reassembler.unfinished_count(), reassembler.held_bytes(), reassembler.given_up_count());
    assert_eq!(left, (0, 0, 1));
}

#[test]
fn a_part_sent_again_completes_the_message() {
    let mut reassembler = Reassembler::new(LIMITS);
    push(&mut reassembler, 0xffff, 3, 3, 0);
    push(&mut reassembler, 0xffff, 3, 1, 0);
    assert_eq!(push(&mut reassembler, 0xffff, 3, 3, 0), Progress::Duplicate);
    assert_eq!(reassembler.overdue(1000).len(), 1);
    let body = [[1; 10], [2; 10], [3; 10]].concat();
    assert_eq!(
        push(&mut reassembler, 0xffff, 3, 2, 1100),
        Progress::Complete { header: header(0xffff), body }
    );
    assert_eq!((reassembler.unfinished_count(), reassembler.held_bytes()), (0, 0));
}

#[test]
fn a_part_that_comes_once_more_after_completion_does_not_begin_the_message_anew() {
    let mut reassembler = Reassembler::new(LIMITS);
    push(&mut reassembler, 5, 2, 1, 0);
    assert!(matches!(push(&mut reassembler, 5, 2, 2, 10), Progress::Complete { .. }));
    assert_eq!(push(&mut reassembler, 5, 2, 2, 1009), Progress::Duplicate);
    assert_eq!(reassembler.unfinished_count(), 0);
    // Later the serials may have come round.
    assert_eq!(push(&mut reassembler, 5, 2, 2, 1010), Progress::Pending);
}

#[test]
fn impossible_parts_are_refused() {
    let mut reassembler = Reassembler::new(LIMITS);
    for (total, index) in [(0, 0), (3, 0), (3, 4)] {
        assert_eq!(push(&mut reassembler, 1, total, index, 0), Progress::Refused);
    }
    let whole = Frame { header: header(1), body: &[], is_checksum_good: true };
    assert_eq!(reassembler.push(&whole, 0), Progress::Refused);
    assert_eq!(reassembler.held_bytes(), 0);
}

#[test]
fn the_message_that_stood_still_longest_makes_room() {
    let mut reassembler = Reassembler::new(LIMITS);
    for (first_serial, now_ms) in [(100, 0), (200, 1), (300, 2)] {
        push(&mut reassembler, first_serial, 3, 1, now_ms);
    }
    push(&mut reassembler, 100, 3, 2, 3);
    push(&mut reassembler, 400, 3, 1, 4);
    assert_eq!((reassembler.unfinished_count(), reassembler.given_up_count()), (3, 1));
    // 200 was given up, so its second part begins it anew; 100 is whole.
    assert!(matches!(push(&mut reassembler, 100, 3, 3, 5), Progress::Complete { .. }));
    push(&mut reassembler, 200, 3, 2, 6);
    assert_eq!(push(&mut reassembler, 200, 3, 3, 7), Progress::Pending);
}

#[test]
fn bytes_are_bounded_across_messages_and_within_one() {
    let push_big = |reassembler: &mut Reassembler, first_serial: u16, index: u16, now_ms| {
        let header = Header { part: Some(Part { total: 100, index }), ..header(first_serial + index - 1) };
        reassembler.push(&Frame { header, body: &[0; 936], is_checksum_good: true }, now_ms)
    };
    let mut reassembler = Reassembler::new(LIMITS);
    // Ten parts of 936 + 64 bytes fill the 10,000.
    for index in 1..=5 {
        push_big(&mut reassembler, 100, index, 0);
        push_big(&mut reassembler, 300, index, 1);
    }
    assert_eq!((reassembler.held_bytes(), reassembler.unfinished_count()), (10_000, 2));
    // The message that stood still longest goes.
    push_big(&mut reassembler, 300, 6, 2);
    assert_eq!((reassembler.held_bytes(), reassembler.unfinished_count()), (6_000, 1));
    // A message that fills all by itself gives itself up and begins anew.
    for index in 7..=10 {
        push_big(&mut reassembler, 300, index, 3);
    }
    assert_eq!(push_big(&mut reassembler, 300, 11, 4), Progress::Pending);
    assert_eq!((reassembler.held_bytes(), reassembler.given_up_count()), (1_000, 2));
}

#[test]
fn a_request_names_at_most_what_its_count_can_say() {
    let mut reassembler = Reassembler::new(LIMITS);
    push(&mut reassembler, 0, u16::MAX, 1, 0);
    let overdue = reassembler.overdue(1000);
    let [Overdue::Resend { request, .. }] = overdue.as_slice() else { panic!("{overdue:?}") };
    assert_eq!(request.part_indexes, (2..=256).collect::<Vec<_>>());
    let mut body = Vec::new();
    Message::ResendRequest(request.clone()).encode_body(Edition::V2013, &mut body).unwrap();
    assert_eq!(body.len(), 2 + 1 + 2 * 255);
}

proptest! {
    #[test]
    fn a_split_message_returns_from_parts_in_any_order_with_duplicates(
        body in proptest::collection::vec(any::<u8>(), BODY_BYTES_MAX + 1..5 * BODY_BYTES_MAX),
        serial: u16,
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let message = Message::Unknown { id: 0x0f01, body: body.clone() };
        let header = Header { message_id: 0x0f01, ..header(serial) };
        let mut wire = Vec::new();
        let count = usize::from(encode_frame(&header, &message, &mut wire).unwrap());
        prop_assert_eq!(count, body.len().div_ceil(BODY_BYTES_MAX));
        let mut parts = Vec::new();
        FrameDecoder::default().push(&wire, &mut |result| {
            let frame = result.unwrap();
            parts.push((frame.header, frame.body.to_vec()));
        });
        // Some parts in a random order, doubled perhaps; then all of them.
        let drawn = order.iter().map(|index| index.index(count)).chain(0..count);
        let mut reassembler = Reassembler::default();
        let mut seen = std::collections::BTreeSet::new();
        let mut complete = None;
        for place in drawn {
            let (header, body) = &parts[place];
            let progress = reassembler.push(&Frame { header: *header, body, is_checksum_good: true }, 0);
            let is_new = seen.insert(place);
            match progress {
                Progress::Complete { header, body } => {
                    prop_assert!(is_new && seen.len() == count && complete.is_none());
                    complete = Some((header, body));
                }
                Progress::Duplicate => prop_assert!(!is_new),
                Progress::Pending => prop_assert!(is_new && seen.len() < count),
                Progress::Refused => prop_assert!(false, "a part of a message was refused"),
            }
        }
        prop_assert_eq!(complete, Some((header, body)));
    }

    #[test]
    fn bounds_hold_whatever_comes(
        parts in proptest::collection::vec((0u16..8, 0u16..6, 0u16..6, 0usize..1024, 0u64..50), 0..200),
    ) {
        let mut reassembler = Reassembler::new(LIMITS);
        let mut now_ms = 0;
        for (first_serial, total, index, len, step_ms) in parts {
            now_ms += step_ms;
            let header = Header { part: Some(Part { total, index }), ..header(first_serial * 100 + index) };
            let body = vec![0; len];
            let progress =
                reassembler.push(&Frame { header, body: &body, is_checksum_good: true }, now_ms);
            if let Progress::Complete { body, .. } = &progress {
                prop_assert!(body.len() <= usize::from(total) * 1024);
            }
            reassembler.overdue(now_ms);
            prop_assert!(reassembler.unfinished_count() <= LIMITS.messages_max);
            prop_assert!(reassembler.held_bytes() <= LIMITS.bytes_max);
            let least_bytes = reassembler.unfinished_count() * PART_OVERHEAD_BYTES;
            prop_assert!(reassembler.held_bytes() >= least_bytes);
        }
    }
}
