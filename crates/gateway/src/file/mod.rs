//! Files of other systems: rows that become observations. Read, parsed and appended at the same time by a few threads;
//! what lies between them is bounded, so a slow journal slows the reading down.
//!
//! A row is a double when the journal holds its fact already ([`domain::FactKey`], [`Seen`]), from this file, another one
//! or the device itself; so importing again, after a cancel, a crash or a corrected mapping, adds only what was missing.

mod report;
mod seen;

pub use report::{FaultCount, FileReport};
pub use seen::{Seen, SeenError};

use domain::{Entry, Fact, FactKey, Observation, Timestamp};
use journal::{AppendError, Batch, Journal};
use report::VALUE_CHARS_MAX;
use seen::LookUp;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tables::{Block, Layout, Mapping, MappingFault, ReadError, Row, RowFault, RowReader, Synonyms, World};

/// Bytes appended with one call.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// Blocks waiting between two steps.
const BLOCKS_WAITING_MAX: usize = 4;
/// Threads that parse. Reading, looking up and judging want their share of two cores as well.
const PARSERS: usize = 2;
/// How long to rest while the journal's reader is too far behind.
const REST: Duration = Duration::from_millis(5);
/// Bad rows written out; a file with more of them has a wrong mapping.
const BAD_WRITTEN_MAX: u64 = 1_000_000;

/// Why an import ended early. What was appended stands.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The mapping can't be used.
    #[error("the mapping has faults")]
    Mapping(Vec<MappingFault>),
    /// The file does not read (further).
    #[error("the file could not be read")]
    Read(#[from] ReadError),
    /// The journal takes nothing.
    #[error("the journal takes nothing")]
    Append(#[source] AppendError),
    /// The index of what was seen.
    #[error("could not tell doubles")]
    Seen(#[from] SeenError),
    /// The list of bad rows.
    #[error("could not write the bad rows")]
    Bad(#[source] io::Error),
}

/// What watches an import.
pub trait Watch: Sync {
    /// How far the file is read, in its bytes, and how many rows were seen.
    fn progress(&self, bytes_done: u64, rows: u64);
    /// Whether to end. What was appended stands.
    fn is_cancelled(&self) -> bool;
    /// Whether more may be appended now: history must not hold up what happens now.
    fn has_room(&self) -> bool;
}

/// What is to be done with a file.
pub struct Import<'a> {
    /// How it is read.
    pub layout: &'a Layout,
    /// What its columns are.
    pub mapping: &'a Mapping,
    /// What rows are read against.
    pub world: &'a World,
    /// Words for values.
    pub synonyms: &'a Synonyms,
    /// Rows after which to end.
    pub rows_max: Option<u64>,
    /// The words for a fault, for the list of bad rows.
    pub describe: &'a (dyn Fn(&RowFault) -> String + Sync),
}

/// Where good rows go.
pub enum Target<'a> {
    /// Into the journal, but for doubles.
    Journal(&'a Journal, &'a Seen),
    /// Nowhere; doubles are told by the index, when there is one.
    Nowhere(Option<(&'a Journal, &'a Seen)>),
}

/// Rows of a block after parsing, in the order of the file.
#[derive(Default)]
struct Parsed {
    number: u64,
    bytes_done: u64,
    /// Rows, blank ones too.
    rows_all: u64,
    rows: u64,
    items: Vec<Item>,
    bytes: Vec<u8>,
    bad: Vec<Bad>,
    unread: u64,
    span: Option<(Timestamp, Timestamp)>,
    head: Option<String>,
}

struct Item {
    key: FactKey,
    /// Of its bytes.
    end: usize,
    /// Where several rows may have one key, its identity comes later.
    observation: Option<Box<Observation>>,
}

struct Bad {
    /// In its block, from 0.
    row: u64,
    fault: RowFault,
    value: String,
    line: String,
}

/// Imports a file, or checks it. `bad_rows` gets the bad rows as CSV: row number, column, reason, and the row as it was.
#[expect(clippy::result_large_err, reason = "once a file, and the report is wanted either way")]
pub fn import(
    file: File,
    import: &Import<'_>,
    target: &Target<'_>,
    watch: &dyn Watch,
    bad_rows: &mut dyn Write,
) -> Result<FileReport, (FileReport, ImportError)> {
    let mut report = FileReport::default();
    match run(file, import, target, watch, bad_rows, &mut report) {
        Ok(()) => Ok(report),
        Err(error) => {
            report.is_cut = true;
            Err((report, error))
        }
    }
}

fn run(
    file: File,
    import: &Import<'_>,
    target: &Target<'_>,
    watch: &dyn Watch,
    bad_rows: &mut dyn Write,
    report: &mut FileReport,
) -> Result<(), ImportError> {
    let reader =
        RowReader::new(import.mapping, import.world, import.synonyms).map_err(ImportError::Mapping)?;
    let mut look_up = match target {
        Target::Journal(journal, seen) | Target::Nowhere(Some((journal, seen))) => {
            match seen.look_up(journal, &|_| !watch.is_cancelled()) {
                Ok(look_up) => Some(look_up),
                Err(SeenError::Cancelled) => {
                    report.is_cut = true;
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Target::Nowhere(None) => None,
    };
    let (blocks_in, blocks) = sync_channel::<(u64, Block)>(BLOCKS_WAITING_MAX);
    let (parsed_in, parsed) = sync_channel::<Parsed>(BLOCKS_WAITING_MAX);
    let blocks = Arc::new(Mutex::new(blocks));
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut number = 0;
            tables::read(file, import.layout, &mut |block| {
                number += 1;
                blocks_in.send((number - 1, block)).is_ok()
            })
        });
        for _ in 0..PARSERS {
            let (blocks, parsed_in, reader) = (blocks.clone(), parsed_in.clone(), &reader);
            scope.spawn(move || parse_blocks(&blocks, &parsed_in, import, reader));
        }
        drop(parsed_in);
        // Parsers alone hold it now: when they end, so does the reading.
        drop(blocks);
        let mut appender = match target {
            Target::Journal(journal, _) => Some(Appender::start(scope, journal)),
            Target::Nowhere(_) => None,
        };
        let merged = merge(&parsed, import, watch, look_up.as_mut(), appender.as_mut(), bad_rows, report);
        // Whoever still sends finds nobody there, and ends.
        drop(parsed);
        let appended = appender.map_or(Ok(()), Appender::finish);
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        merged.and(appended)?;
        if report.is_cut { Ok(()) } else { Ok(read?) }
    })
}

fn parse_blocks(
    blocks: &Mutex<Receiver<(u64, Block)>>,
    parsed: &SyncSender<Parsed>,
    import: &Import<'_>,
    reader: &RowReader<'_>,
) {
    loop {
        let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, block)) = next else { return };
        if parsed.send(parse(number, block, import, reader)).is_err() {
            return;
        }
    }
}

fn parse(number: u64, block: Block, import: &Import<'_>, reader: &RowReader<'_>) -> Parsed {
    let mut parsed = Parsed { number, bytes_done: block.bytes_done, ..Parsed::default() };
    let rows = block.rows(import.layout);
    parsed.rows_all = rows.len() as u64;
    // The first block has the head: 1 MB, or 8,000 rows, hold the few rows that a mapping may name.
    let head_rows = if number == 0 { import.mapping.head_rows as usize } else { 0 };
    if number == 0 {
        let head = import.mapping.head_rows.checked_sub(1).and_then(|index| rows.get(index as usize));
        parsed.head = head.map(csv_line);
    }
    for row in rows.iter().skip(head_rows).filter(|row| !row.is_empty()) {
        parsed.rows += 1;
        match reader.read(row) {
            Ok((key, observation)) => parsed.push(key, observation),
            Err(fault) => {
                let value = fault.column.and_then(|column| row.cell(column as usize)).unwrap_or_default();
                parsed.bad.push(Bad {
                    row: row.index as u64,
                    fault,
                    value: value.chars().take(VALUE_CHARS_MAX).collect(),
                    line: csv_line(row),
                });
            }
        }
    }
    parsed
}

impl Parsed {
    fn push(&mut self, key: FactKey, observation: Observation) {
        let at = observation.captured_at;
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        let is_unread = match &observation.fact {
            Fact::Passage(passage) => passage.plate.is_none(),
            Fact::Position(_) | Fact::Alarm(_) => false,
        };
        self.unread += u64::from(is_unread);
        let observation = if key.is_shared() {
            Some(Box::new(observation))
        } else {
            codec::encode(&Entry::Observation(observation), &mut self.bytes);
            None
        };
        self.items.push(Item { key, end: self.bytes.len(), observation });
    }
}

/// Puts the blocks into their order, leaves doubles out, and hands the rest to the journal.
#[expect(
    clippy::too_many_arguments,
    reason = "what comes in, what is asked, and the four places where it goes"
)]
fn merge(
    parsed: &Receiver<Parsed>,
    import: &Import<'_>,
    watch: &dyn Watch,
    mut look_up: Option<&mut LookUp<'_>>,
    mut appender: Option<&mut Appender>,
    bad_rows: &mut dyn Write,
    report: &mut FileReport,
) -> Result<(), ImportError> {
    let mut early: BTreeMap<u64, Parsed> = BTreeMap::new();
    let (mut next, mut row_base) = (0, 1);
    while let Ok(block) = parsed.recv() {
        early.insert(block.number, block);
        while let Some(block) = early.remove(&next) {
            next += 1;
            report.rows += block.rows;
            report.unread += block.unread;
            if let Some((from, to)) = block.span {
                report.stretch(from, to);
            }
            write_bad(&block, row_base, import, bad_rows, report).map_err(ImportError::Bad)?;
            row_base += block.rows_all;
            take(&block, look_up.as_deref_mut(), appender.as_deref_mut(), report)?;
            watch.progress(block.bytes_done, report.rows);
            if let (Some(appender), Some(look_up)) = (appender.as_deref_mut(), look_up.as_deref_mut())
                && look_up.is_full()
            {
                appender.flush()?;
                look_up.release(&|_| true)?;
            }
            if watch.is_cancelled() || import.rows_max.is_some_and(|rows_max| report.rows >= rows_max) {
                report.is_cut = true;
                return appender.map_or(Ok(()), Appender::flush);
            }
            while appender.is_some() && !watch.has_room() && !watch.is_cancelled() {
                std::thread::sleep(REST);
            }
        }
    }
    appender.map_or(Ok(()), Appender::flush)
}

fn take(
    block: &Parsed,
    mut look_up: Option<&mut LookUp<'_>>,
    mut appender: Option<&mut Appender>,
    report: &mut FileReport,
) -> Result<(), ImportError> {
    let mut from = 0;
    for item in &block.items {
        let bytes = block.bytes.get(from..item.end).unwrap_or_default();
        from = item.end;
        let nth = match look_up.as_deref_mut() {
            Some(look_up) => look_up.note(item.key)?,
            None => Some(0),
        };
        let Some(nth) = nth else {
            report.doubled += 1;
            continue;
        };
        report.good += 1;
        if let Some(appender) = appender.as_deref_mut() {
            appender.push(|out| match &item.observation {
                None => out.extend_from_slice(bytes),
                Some(observation) => {
                    let mut observation = (**observation).clone();
                    observation.id = item.key.observation_id(nth);
                    codec::encode(&Entry::Observation(observation), out);
                }
            })?;
        }
    }
    Ok(())
}

fn write_bad(
    block: &Parsed,
    row_base: u64,
    import: &Import<'_>,
    out: &mut dyn Write,
    report: &mut FileReport,
) -> io::Result<()> {
    if let Some(head) = &block.head {
        // The mark in front makes spreadsheet programs read UTF-8.
        write!(out, "\u{feff}{head},行号,错误\r\n")?;
    }
    for bad in &block.bad {
        let row = row_base + bad.row;
        report.count_bad(row, bad.fault, &bad.value);
        if report.bad_written < BAD_WRITTEN_MAX {
            report.bad_written += 1;
            write!(out, "{},{row},", bad.line)?;
            write_cell(&(import.describe)(&bad.fault), out)?;
            out.write_all(b"\r\n")?;
        }
    }
    Ok(())
}

fn csv_line(row: Row<'_>) -> String {
    let mut line = Vec::new();
    for (index, cell) in row.cells().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        write_cell(cell, &mut line).expect("writing to memory can't fail");
    }
    String::from_utf8_lossy(&line).into_owned()
}

fn write_cell(cell: &str, out: &mut dyn Write) -> io::Result<()> {
    if cell.contains(['"', ',', '\n', '\r']) {
        write!(out, "\"{}\"", cell.replace('"', "\"\""))
    } else {
        out.write_all(cell.as_bytes())
    }
}

/// Appends one batch while the next is being made.
struct Appender {
    batch: Batch,
    batches: Option<SyncSender<Batch>>,
    answers: Receiver<Result<Batch, AppendError>>,
    /// Handed over and not answered.
    waiting: usize,
}

impl Appender {
    fn start<'s>(scope: &'s std::thread::Scope<'s, '_>, journal: &'s Journal) -> Self {
        let (batches, to_append) = sync_channel::<Batch>(1);
        let (say, answers) = sync_channel(2);
        scope.spawn(move || {
            for batch in to_append {
                let appended = journal.append_blocking(batch).map(|appended| appended.batch);
                let has_failed = appended.is_err();
                if say.send(appended).is_err() || has_failed {
                    return;
                }
            }
        });
        Self { batch: Batch::new(), batches: Some(batches), answers, waiting: 0 }
    }

    fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), ImportError> {
        self.batch.push_with(write);
        if self.batch.bytes() >= BATCH_BYTES_MAX { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), ImportError> {
        // One is written and one waits: the answer to the one before them brings its memory back.
        let mut spare = Batch::new();
        if self.waiting >= 2 {
            spare = self.answer()?;
            spare.clear();
        }
        let batch = std::mem::replace(&mut self.batch, spare);
        self.waiting += 1;
        let is_taken = self.batches.as_ref().is_some_and(|batches| batches.send(batch).is_ok());
        if is_taken { Ok(()) } else { self.drain() }
    }

    fn answer(&mut self) -> Result<Batch, ImportError> {
        self.waiting = self.waiting.saturating_sub(1);
        let gone = || AppendError::Stopped { reason: "its thread has ended".into() };
        self.answers.recv().unwrap_or_else(|_| Err(gone())).map_err(ImportError::Append)
    }

    fn drain(&mut self) -> Result<(), ImportError> {
        while self.waiting > 0 {
            self.answer()?;
        }
        Ok(())
    }

    /// Makes durable what was pushed.
    fn flush(&mut self) -> Result<(), ImportError> {
        if !self.batch.is_empty() {
            self.hand_over()?;
        }
        self.drain()
    }

    fn finish(mut self) -> Result<(), ImportError> {
        self.batches = None;
        self.drain()
    }
}
