//! Cutting frames out of a byte stream and building them: delimiters, escapes, checksum (JT/T 808-2019 §4.4.1–4.4.4).

use crate::header::HEADER_BYTES_MAX;
use crate::{BODY_BYTES_MAX, DecodeError, EncodeError, FrameError, Header, Message, Part};

/// Begins and ends every frame.
const DELIMITER: u8 = 0x7e;
/// Begins an escape: `7d 01` stands for 7d, `7d 02` for 7e.
const ESCAPE: u8 = 0x7d;

/// The longest frame once unescaped: header, body, checksum. A decoder holds no more than this.
pub const FRAME_BYTES_MAX: usize = HEADER_BYTES_MAX + BODY_BYTES_MAX + 1;

/// A frame with a good header and the body it declares. The body lives until the decoder goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    pub header: Header,
    pub body: &'a [u8],
    /// False only under [`Checksum::Lenient`].
    pub is_checksum_good: bool,
}

impl Frame<'_> {
    /// Reads the body, unless it is one part of a message.
    pub fn message(&self) -> Result<Message, DecodeError> {
        Message::decode(&self.header, self.body)
    }
}

/// What to do with a frame whose checksum is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checksum {
    /// Reject it.
    #[default]
    Strict,
    /// Let it through and count it, for terminals known to compute it wrongly.
    Lenient,
}

/// What a decoder has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameCounts {
    /// Frames given out.
    pub good: u64,
    /// Frames rejected, each reported once.
    pub rejected: u64,
    /// Frames given out although their checksum was wrong; among `good`.
    pub checksum_forgiven: u64,
    /// Bytes outside any frame: before the first delimiter, or between a frame and the next delimiter.
    pub garbage_bytes: u64,
}

/// Cuts frames out of a stream that arrives in pieces of any size.
///
/// Every delimiter both ends one frame and begins the next, so terminals that share one delimiter between
/// frames are read, and a lost delimiter costs the two frames it stood between.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    /// The unescaped bytes since the last delimiter.
    buffer: Vec<u8>,
    state: State,
    checksum: Checksum,
    counts: FrameCounts,
    /// Whether the last delimiter ended a good frame, so that what follows it may be no frame at all.
    is_after_frame: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// No delimiter seen yet.
    #[default]
    Outside,
    Inside,
    /// After 0x7d.
    Escaped,
    /// Inside a frame already known to be bad; it is reported at its end.
    Bad {
        error: FrameError,
        len: u64,
    },
}

impl FrameDecoder {
    pub fn new(checksum: Checksum) -> Self {
        Self { checksum, ..Self::default() }
    }

    pub fn counts(&self) -> FrameCounts {
        self.counts
    }

    /// How many bytes of an unfinished frame are held.
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len()
    }

    pub fn set_checksum(&mut self, checksum: Checksum) {
        self.checksum = checksum;
    }

    /// Takes the next bytes of the stream and hands each frame that ends in them to `sink`, in order.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl FnMut(Result<Frame<'_>, FrameError>)) {
        let mut rest = bytes;
        while let Some(position) = rest.iter().position(|byte| matches!(*byte, DELIMITER | ESCAPE)) {
            let (run, tail) = rest.split_at(position);
            self.extend(run);
            if tail.first() == Some(&DELIMITER) {
                self.end_frame(sink);
            } else {
                self.escape();
            }
            rest = tail.get(1..).unwrap_or_default();
        }
        self.extend(rest);
    }

    /// Adds bytes that are neither delimiter nor escape.
    fn extend(&mut self, run: &[u8]) {
        let Some((&first, others)) = run.split_first() else { return };
        match self.state {
            State::Outside => self.counts.garbage_bytes += run.len() as u64,
            State::Inside => self.hold(run),
            State::Escaped => {
                self.state = State::Inside;
                match first {
                    0x01 => self.hold(&[ESCAPE]),
                    0x02 => self.hold(&[DELIMITER]),
                    found => self.fail(FrameError::BadEscape { found }),
                }
                self.extend(others);
            }
            State::Bad { error, len } => self.state = State::Bad { error, len: len + run.len() as u64 },
        }
    }

    fn escape(&mut self) {
        match self.state {
            State::Outside => self.counts.garbage_bytes += 1,
            State::Inside => self.state = State::Escaped,
            State::Escaped => self.fail(FrameError::BadEscape { found: ESCAPE }),
            State::Bad { error, len } => self.state = State::Bad { error, len: len + 1 },
        }
    }

    fn hold(&mut self, run: &[u8]) {
        if self.buffer.len() + run.len() > FRAME_BYTES_MAX {
            self.fail(FrameError::TooLong { limit: FRAME_BYTES_MAX });
        } else {
            self.buffer.extend_from_slice(run);
        }
    }

    fn fail(&mut self, error: FrameError) {
        self.state = State::Bad { error, len: self.buffer.len() as u64 };
        self.buffer.clear();
    }

    fn end_frame(&mut self, sink: &mut impl FnMut(Result<Frame<'_>, FrameError>)) {
        if matches!(self.state, State::Escaped) {
            // Some terminals leave a checksum of 7d unescaped; the checksum then tells.
            self.state = State::Inside;
            self.hold(&[ESCAPE]);
        }
        let is_bad = matches!(self.state, State::Bad { .. });
        if self.buffer.is_empty() && !is_bad {
            // The first delimiter, or one frame's end beside the next one's beginning.
            self.state = State::Inside;
            self.is_after_frame = false;
            return;
        }
        let (result, len) = match self.state {
            State::Bad { error, len } => (Err(error), len),
            _ => (parse(&self.buffer, self.checksum), self.buffer.len() as u64),
        };
        match result {
            Ok(frame) => {
                self.counts.good += 1;
                self.counts.checksum_forgiven += u64::from(!frame.is_checksum_good);
                self.is_after_frame = true;
                sink(Ok(frame));
            }
            Err(_) if self.is_after_frame => {
                self.counts.garbage_bytes += len;
                self.is_after_frame = false;
            }
            Err(error) => {
                self.counts.rejected += 1;
                sink(Err(error));
            }
        }
        self.state = State::Inside;
        self.buffer.clear();
    }
}

/// Reads what stood between two delimiters, unescaped.
fn parse(bytes: &[u8], checksum: Checksum) -> Result<Frame<'_>, FrameError> {
    let too_short = FrameError::ShortHeader { len: bytes.len() };
    let (&found, content) = bytes.split_last().ok_or(too_short)?;
    let parsed = Header::decode(content);
    let computed = xor(content);
    let is_checksum_good = computed == found;
    if !is_checksum_good && checksum == Checksum::Strict {
        let header = parsed.ok().map(|(header, ..)| header);
        return Err(FrameError::Checksum { header, found, computed });
    }
    let Ok((header, declared, body)) = parsed else { return Err(too_short) };
    if body.len() != declared {
        return Err(FrameError::BodyLength { header, declared, actual: body.len() });
    }
    Ok(Frame { header, body, is_checksum_good })
}

/// The checksum: all bytes of header and body, exclusive-ored (§4.4.4).
fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Appends `message` to `out` as one frame, or as sub-packages when its body exceeds [`BODY_BYTES_MAX`].
///
/// Gives the number of frames, which take the serials from `header.serial` on (wrapping): the sender's next
/// serial is that much further. The message decides the id; `header.part` and `header.encryption` are
/// ignored. On error `out` is as it was.
pub fn encode_frame(header: &Header, message: &Message, out: &mut Vec<u8>) -> Result<u16, EncodeError> {
    let start = out.len();
    let result = encode_frame_at(header, message, out, start);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn encode_frame_at(
    header: &Header,
    message: &Message,
    out: &mut Vec<u8>,
    start: usize,
) -> Result<u16, EncodeError> {
    let header = Header { message_id: message.id(), part: None, encryption: 0, ..*header };
    // The body goes where it will stand when, as nearly always, one frame is enough.
    out.push(DELIMITER);
    let header_at = out.len();
    header.encode(0, out)?;
    let body_at = out.len();
    message.encode_body(header.edition, out)?;
    let body_len = out.len() - body_at;
    if body_len <= BODY_BYTES_MAX {
        // Patch the length into the properties, whose other bits are set already.
        out[header_at + 2] |= (body_len >> 8) as u8;
        out[header_at + 3] = body_len as u8;
        seal(out, header_at);
        return Ok(1);
    }
    let body = out.split_off(body_at);
    out.truncate(start);
    let total = u16::try_from(body.len().div_ceil(BODY_BYTES_MAX))
        .map_err(|_| EncodeError::Body { len: body_len })?;
    for (chunk, index) in body.chunks(BODY_BYTES_MAX).zip(1..=total) {
        let serial = header.serial.wrapping_add(index - 1);
        encode_raw_frame(&Header { serial, part: Some(Part { total, index }), ..header }, chunk, out)?;
    }
    Ok(total)
}

/// Appends one frame with a body already encoded, of at most [`BODY_BYTES_MAX`] bytes; longer ones are refused.
///
/// For relaying, and for resending a sub-package exactly as it was.
pub fn encode_raw_frame(header: &Header, body: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(EncodeError::Body { len: body.len() });
    }
    let start = out.len();
    out.push(DELIMITER);
    if let Err(error) = header.encode(body.len(), out) {
        out.truncate(start);
        return Err(error);
    }
    out.extend_from_slice(body);
    seal(out, start + 1);
    Ok(())
}

/// Adds the checksum of what stands from `content_at` on, escapes all of it in place and ends the frame.
fn seal(out: &mut Vec<u8>, content_at: usize) {
    let checksum = xor(&out[content_at..]);
    out.push(checksum);
    let escapes = out[content_at..].iter().filter(|byte| matches!(**byte, DELIMITER | ESCAPE)).count();
    let mut from = out.len();
    let mut to = from + escapes;
    out.resize(to, 0);
    // Move from the back until the rest stands where it belongs.
    while to > from {
        from -= 1;
        let code = match out[from] {
            DELIMITER => 0x02,
            ESCAPE => 0x01,
            plain => {
                to -= 1;
                out[to] = plain;
                continue;
            }
        };
        to -= 2;
        out[to] = ESCAPE;
        out[to + 1] = code;
    }
    out.push(DELIMITER);
}
