//! Any bytes through framing, reassembly and decoding; what could be read must return unchanged when written and read again.

#![no_main]

use jt808::{
    BODY_BYTES_MAX, Checksum, FRAME_BYTES_MAX, Frame, FrameDecoder, Header, Message, Progress, Reassembler,
    encode_frame, encode_raw_frame,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else { return };
    // The first byte chooses how the stream is cut, and whether checksums count. Strict input must be found by
    // chance, so lenient is the rule.
    let checksum = if choice & 0x80 == 0 { Checksum::Lenient } else { Checksum::Strict };
    let mut decoder = FrameDecoder::new(checksum);
    let mut reassembler = Reassembler::default();
    for piece in bytes.chunks(usize::from(choice & 0x7f) + 1) {
        decoder.push(piece, &mut |result| {
            if let Ok(frame) = result {
                check_frame(&frame);
                if let Progress::Complete { header, body } = reassembler.push(&frame, 0) {
                    check_body(&header, &body);
                }
            }
        });
        assert!(decoder.pending_bytes() <= FRAME_BYTES_MAX);
    }
});

fn check_frame(frame: &Frame<'_>) {
    let mut wire = Vec::new();
    encode_raw_frame(&frame.header, frame.body, &mut wire).expect("a frame that was read can be written");
    let mut count = 0;
    FrameDecoder::default().push(&wire, &mut |again| {
        let again = again.expect("a frame that was written can be read");
        assert_eq!((again.header, again.body), (frame.header, frame.body));
        count += 1;
    });
    assert_eq!(count, 1);
    check_body(&frame.header, frame.body);
}

fn check_body(header: &Header, body: &[u8]) {
    let Ok(first) = Message::decode(header, body) else { return };
    let mut written = Vec::new();
    first
        .encode_body(Message::edition_of(header, body), &mut written)
        .expect("a body that was read can be written");
    let second = Message::decode(header, &written).expect("a body that was written can be read");
    if !shows_replaced_text(&first) {
        assert_eq!(first, second);
    }
    let mut wire = Vec::new();
    let header = Header { edition: Message::edition_of(header, body), ..*header };
    let frames = encode_frame(&header, &first, &mut wire).expect("a message that was read can be framed");
    assert_eq!(usize::from(frames), written.len().div_ceil(BODY_BYTES_MAX).max(1));
}

/// Bytes that are no GBK are replaced when read, and characters that GBK lacks when written.
fn shows_replaced_text(message: &Message) -> bool {
    let shown = format!("{message:?}");
    // Private-use characters, which GBK mostly lacks, are shown as escapes.
    let has_escaped = shown.split("\\u{").skip(1).any(|rest| {
        let code = rest.split('}').next().and_then(|digits| u32::from_str_radix(digits, 16).ok());
        code.is_none_or(|code| code > 0x7f)
    });
    has_escaped || encoding_rs::GBK.encode(&shown).2
}
