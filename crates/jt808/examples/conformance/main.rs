//! Decodes published packets and compares with every value their sources assert.
//!
//! `cargo run -p jt808 --example conformance -- --data DIR` reads `DIR/jt808/*.jsonl` and ends with failure when
//! anything disagrees. The packets are not part of this repository; without the folder it says so and ends well.

#![expect(clippy::print_stdout, reason = "a command line prints its table")]

mod framing;
mod go;
mod reference;
mod traccar;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use jt808::{Frame, FrameDecoder, FrameError, Header, Message};
use serde_json::Value;

/// What came of the assertions of one source.
#[derive(Default)]
struct Tally {
    agreed: usize,
    disagreed: Vec<String>,
    left_out: BTreeMap<String, usize>,
}

impl Tally {
    /// Compares one asserted value.
    fn check(&mut self, place: &str, expected: &Value, actual: &Value) {
        if expected == actual {
            self.agreed += 1;
        } else {
            self.disagreed.push(format!("{place}: expected {expected}, decoded {actual}"));
        }
    }

    fn leave_out(&mut self, reason: impl Into<String>) {
        *self.left_out.entry(reason.into()).or_default() += 1;
    }

    fn left_out_count(&self) -> usize {
        self.left_out.values().sum()
    }
}

/// A frame whose body outlives the decoder.
struct OwnedFrame {
    header: Header,
    body: Vec<u8>,
}

impl OwnedFrame {
    fn message(&self) -> Result<Message, jt808::DecodeError> {
        Message::decode(&self.header, &self.body)
    }
}

/// The frames in these bytes, and why others are none.
fn frames(bytes: &[u8]) -> Vec<Result<OwnedFrame, FrameError>> {
    let mut frames = Vec::new();
    FrameDecoder::default().push(bytes, &mut |result: Result<Frame<'_>, FrameError>| {
        frames.push(result.map(|frame| OwnedFrame { header: frame.header, body: frame.body.to_vec() }));
    });
    frames
}

/// Bytes from hex; a half byte at the end is dropped, as the source of the framing cases does.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    Some(digits?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

/// Not asserted by any source: what was decoded must return when it is written and read again.
fn check_round_trip(tally: &mut Tally, place: &str, frame: &OwnedFrame, message: &Message) {
    let header = Header { edition: Message::edition_of(&frame.header, &frame.body), ..frame.header };
    let mut wire = Vec::new();
    let written = jt808::encode_frame(&header, message, &mut wire);
    let again: Vec<_> = frames(&wire).into_iter().map(|again| again.map(|frame| frame.message())).collect();
    match (written, again.as_slice()) {
        (Ok(1), [Ok(Ok(again))]) if again == message => tally.agreed += 1,
        (written, _) => tally.disagreed.push(format!("{place}: does not return ({written:?})")),
    }
}

type Check = fn(&Value, &mut Tally, &mut Tally);

fn run(folder: &Path) -> Result<bool, Box<dyn Error>> {
    let sources: [(&str, Check); 3] =
        [("framing.jsonl", framing::check), ("go-jt808.jsonl", go::check), ("traccar.jsonl", traccar::check)];
    let mut round_trips = Tally::default();
    let mut tallies = Vec::new();
    for (name, check) in sources {
        let mut tally = Tally::default();
        for line in std::fs::read_to_string(folder.join(name))?.lines() {
            check(&serde_json::from_str(line)?, &mut tally, &mut round_trips);
        }
        tallies.push((name, tally));
    }
    tallies.push(("round trips of these", round_trips));

    println!("{:<22}{:>8}{:>11}{:>10}", "jt808", "agreed", "disagreed", "left out");
    for (name, tally) in &tallies {
        println!("{name:<22}{:>8}{:>11}{:>10}", tally.agreed, tally.disagreed.len(), tally.left_out_count());
    }
    for (name, tally) in &tallies {
        for (reason, count) in &tally.left_out {
            println!("left out of {name}: {count} x {reason}");
        }
        for disagreement in &tally.disagreed {
            println!("DISAGREED in {name}: {disagreement}");
        }
    }
    Ok(tallies.iter().all(|(_, tally)| tally.disagreed.is_empty()))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [flag, data] = arguments.as_slice() else {
        println!("usage: conformance --data DIR");
        return ExitCode::FAILURE;
    };
    let folder = Path::new(data).join("jt808");
    if flag != "--data" || !folder.is_dir() {
        println!("jt808: no packets to compare with: {} is no folder", folder.display());
        return if flag == "--data" { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match run(&folder) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("jt808: could not read the packets: {error}");
            ExitCode::FAILURE
        }
    }
}
