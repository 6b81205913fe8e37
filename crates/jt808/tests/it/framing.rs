//! Streams in pieces, with noise and with bad frames: each bad frame costs itself only.

use jt808::{
    BODY_BYTES_MAX, Checksum, Edition, EncodeError, FRAME_BYTES_MAX, FrameDecoder, FrameError, Header,
    Message, Part, Phone, encode_frame, encode_raw_frame,
};
use proptest::prelude::*;

use crate::{owned, read, read_in, read_one, unhex};

const HEARTBEAT: &str = "7e 0002 0000 013800138000 0001 a9 7e";

fn heartbeat() -> Header {
    Header::new(0x0002, Edition::V2013, Phone::from(13_800_138_000), 1)
}

#[test]
fn a_frame_is_read_in_pieces_of_any_size() {
    let wire = unhex(&HEARTBEAT.repeat(3));
    for piece_bytes in 1..wire.len() {
        let frames = read_in(&wire, piece_bytes, Checksum::Strict);
        assert_eq!(frames, vec![Ok((heartbeat(), vec![])); 3], "in pieces of {piece_bytes}");
    }
}

#[test]
fn frames_may_share_a_delimiter() {
    let wire = unhex("7e 0002 0000 013800138000 0001 a9 7e 0002 0000 013800138000 0001 a9 7e");
    assert_eq!(read(&wire), vec![Ok((heartbeat(), vec![])); 2]);
}

#[test]
fn noise_between_frames_is_counted_and_costs_nothing() {
    let wire = unhex(&format!("0d0a 7d {HEARTBEAT} 0d0a {HEARTBEAT} ff 7d ff {HEARTBEAT}"));
    let mut decoder = FrameDecoder::default();
    let mut frames = Vec::new();
    decoder.push(&wire, &mut |result| frames.push(owned(result)));
    assert_eq!(frames, vec![Ok((heartbeat(), vec![])); 3]);
    let counts = decoder.counts();
    assert_eq!((counts.good, counts.rejected), (3, 0));
    // 3 before the first; 2 and 1 between. What follows a bad escape is not held, but counted.
    assert_eq!(counts.garbage_bytes, 3 + 2 + 1);
}

#[test]
fn a_bad_frame_costs_that_frame() {
    let bad = [
        // A checksum of aa for a9: the header may be wrong, and is given all the same.
        ("7e 0002 0000 013800138000 0001 aa 7e", "checksum is 0xaa, computed 0xa9"),
        ("7e 0002 0001 013800138000 0001 a8 7e", "header declares a body of 1 bytes, the frame has 0"),
        ("7e 0002 00 02 7e", "frame of 4 bytes ends inside its header"),
        ("7e 0002 7d03 013800138000 0001 aa 7e", "0x7d is followed by 0x03, which is no escape"),
    ];
    for (wire, message) in bad {
        let frames = read(&unhex(&format!("{HEARTBEAT} {wire} {HEARTBEAT}")));
        let [Ok(_), Err(error), Ok(_)] = frames.as_slice() else { panic!("{wire}: {frames:?}") };
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_rejected_frame_with_a_readable_header_can_be_answered() {
    let checksum = read_one(&unhex("7e 0002 0000 013800138000 0001 aa 7e")).unwrap().unwrap_err();
    assert_eq!(checksum.header(), Some(&heartbeat()));
    let length = read_one(&unhex("7e 0002 0001 013800138000 0001 a8 7e")).unwrap().unwrap_err();
    assert_eq!(length.header(), Some(&heartbeat()));
}

#[test]
fn a_wrong_checksum_is_let_through_and_counted_where_asked() {
    let wire = unhex("7e 0002 0000 013800138000 0001 aa 7e");
    let mut decoder = FrameDecoder::new(Checksum::Lenient);
    let mut is_good = Vec::new();
    decoder.push(&wire, &mut |result| is_good.push(result.map(|frame| frame.is_checksum_good)));
    assert_eq!(is_good, [Ok(false)]);
    assert_eq!(decoder.counts().checksum_forgiven, 1);
}

#[test]
fn a_checksum_of_7d_may_stand_unescaped() {
    // Serial 00d5 makes the checksum a9^01^d5 = 7d.
    let expected = Ok((Header { serial: 0x00d5, ..heartbeat() }, vec![]));
    assert_eq!(read(&unhex("7e 0002 0000 013800138000 00d5 7d 7e")), std::slice::from_ref(&expected));
    assert_eq!(read(&unhex("7e 0002 0000 013800138000 00d5 7d01 7e")), [expected]);
}

#[test]
fn an_endless_frame_is_not_held() {
    let mut decoder = FrameDecoder::default();
    let mut frames = Vec::new();
    decoder.push(&[0x7e], &mut |result| frames.push(owned(result)));
    for _ in 0..1000 {
        decoder.push(&[0x55; 1000], &mut |result| frames.push(owned(result)));
        assert!(decoder.pending_bytes() <= FRAME_BYTES_MAX);
    }
    assert_eq!(frames, []);
    decoder.push(&unhex(HEARTBEAT), &mut |result| frames.push(owned(result)));
    assert_eq!(frames, [Err(FrameError::TooLong { limit: FRAME_BYTES_MAX }), Ok((heartbeat(), vec![]))]);
}

#[test]
fn the_longest_frame_is_read() {
    let header = Header {
        part: Some(Part { total: 1, index: 1 }),
        ..Header::new(0x0801, Edition::V2019, Phone::from(1), 0)
    };
    // Each byte needs an escape.
    let body = vec![0x7e; BODY_BYTES_MAX];
    let mut wire = Vec::new();
    encode_raw_frame(&header, &body, &mut wire).unwrap();
    assert_eq!(read(&wire), [Ok((header, body.clone()))]);
    let too_long = encode_raw_frame(&header, &[0; BODY_BYTES_MAX + 1], &mut wire);
    assert_eq!(too_long, Err(EncodeError::Body { len: BODY_BYTES_MAX + 1 }));
}

#[test]
fn what_does_not_fit_leaves_the_output_as_it_was() {
    let mut wire = vec![1, 2, 3];
    let long_phone = Header { phone: "1234567890123".parse().unwrap(), ..heartbeat() };
    assert_eq!(encode_frame(&long_phone, &Message::Heartbeat, &mut wire), Err(EncodeError::Phone));
    let long_text = Message::Authentication(jt808::message::Authentication {
        imei: "1234567890123456".into(),
        ..Default::default()
    });
    let header = Header::new(0, Edition::V2019, Phone::from(1), 1);
    assert_eq!(encode_frame(&header, &long_text, &mut wire), Err(EncodeError::Field { field: "imei" }));
    let huge = Message::Unknown { id: 1, body: vec![0; 65_536 * BODY_BYTES_MAX] };
    let error = encode_frame(&header, &huge, &mut wire);
    assert_eq!(error, Err(EncodeError::Body { len: 65_536 * BODY_BYTES_MAX }));
    assert_eq!(wire, [1, 2, 3]);
}

prop_compose! {
    pub(crate) fn any_header()(
        message_id: u16,
        serial: u16,
        version: u8,
        is_2019: bool,
        digits in any::<u64>(),
        encryption in 0u8..8,
        is_reserved_bit_set: bool,
        part in proptest::option::of((any::<u16>(), any::<u16>())),
    ) -> Header {
        let (edition, version, phone) = if is_2019 {
            (Edition::V2019, version, Phone::from(digits))
        } else {
            (Edition::V2013, 0, Phone::from(digits % 1_000_000_000_000))
        };
        let part = part.map(|(total, index)| Part { total, index });
        Header { message_id, phone, serial, edition, version, encryption, is_reserved_bit_set, part }
    }
}

prop_compose! {
    /// Bytes with more delimiters and escapes than chance gives.
    fn any_body()(
        body in proptest::collection::vec(
            prop_oneof![3 => any::<u8>(), 1 => Just(0x7e), 1 => Just(0x7d), 1 => 0x00u8..0x03],
            0..=BODY_BYTES_MAX,
        )
    ) -> Vec<u8> {
        body
    }
}

proptest! {
    #[test]
    fn frames_return_however_the_stream_is_cut(
        frames in proptest::collection::vec((any_header(), any_body()), 0..5),
        piece_bytes in 1usize..2000,
    ) {
        let mut wire = Vec::new();
        for (header, body) in &frames {
            encode_raw_frame(header, body, &mut wire).unwrap();
        }
        let expected: Vec<_> = frames.into_iter().map(Ok).collect();
        prop_assert_eq!(read_in(&wire, piece_bytes, Checksum::Strict), expected);
    }

    #[test]
    fn one_changed_byte_never_passes_for_another_frame(
        header in any_header(),
        body in any_body(),
        place in any::<prop::sample::Index>(),
        change in 1u8..,
    ) {
        let mut wire = Vec::new();
        encode_raw_frame(&header, &body, &mut wire).unwrap();
        let place = place.index(wire.len());
        wire[place] ^= change;
        for frame in read(&wire).into_iter().flatten() {
            prop_assert_eq!(frame, (header, body.clone()));
        }
    }

    #[test]
    fn a_frame_after_any_bytes_is_read(noise in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let mut wire = noise;
        wire.extend(unhex(HEARTBEAT));
        // The noise may end in what joins up with the first delimiter, but not with both.
        wire.extend(unhex(HEARTBEAT));
        let frames = read(&wire);
        prop_assert_eq!(frames.last(), Some(&Ok((heartbeat(), vec![]))));
    }
}
