//! What the protocol promises, checked from outside: frames written by hand, and properties over generated ones.

mod by_hand;
mod framing;
mod properties;
mod reassembly;

use jt808::{Checksum, Frame, FrameDecoder, FrameError, Header};

/// A frame whose body outlives the decoder.
type Owned = Result<(Header, Vec<u8>), FrameError>;

fn owned(result: Result<Frame<'_>, FrameError>) -> Owned {
    result.map(|frame| (frame.header, frame.body.to_vec()))
}

/// All frames in a stream that comes at once.
fn read(bytes: &[u8]) -> Vec<Owned> {
    read_in(bytes, bytes.len().max(1), Checksum::Strict)
}

/// The only frame in a stream; `None` when there are none or several.
fn read_one(bytes: &[u8]) -> Option<Owned> {
    let mut frames = read(bytes);
    frames.pop().filter(|_| frames.is_empty())
}

/// All frames in a stream that comes in pieces of one size.
fn read_in(bytes: &[u8], piece_bytes: usize, checksum: Checksum) -> Vec<Owned> {
    let mut decoder = FrameDecoder::new(checksum);
    let mut frames = Vec::new();
    for piece in bytes.chunks(piece_bytes) {
        decoder.push(piece, &mut |result| frames.push(owned(result)));
    }
    frames
}

/// Bytes from hex with spaces.
#[track_caller]
fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte in {text}");
    let digit = |byte: &u8| char::from(*byte).to_digit(16).expect("hex") as u8;
    digits.chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}
