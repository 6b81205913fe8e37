//! What the themes share: small bounds, appending, reading everything back.

use std::fs;
use std::path::{Path, PathBuf};

use journal::{Batch, Journal, Offset, OpenReport, Options, ReadError, Reader};

/// Bounds small enough that a test sees several segments.
pub(crate) fn small() -> Options {
    Options {
        segment_bytes_max: 4096,
        retention_bytes_max: None,
        record_bytes_max: 1000,
        group_bytes_max: 2048,
        queue_bytes_max: 4096,
        sync: true,
    }
}

pub(crate) fn open(dir: &Path) -> (Journal, OpenReport) {
    Journal::open(dir, small()).expect("opens")
}

pub(crate) fn append(journal: &Journal, payload: &[u8]) -> Offset {
    journal.append_blocking(payload).expect("appends").first
}

/// A journal with these records, each in a group of its own, closed again; and their offsets.
pub(crate) fn written(dir: &Path, payloads: &[&[u8]]) -> Vec<Offset> {
    let (journal, _) = open(dir);
    payloads.iter().map(|payload| append(&journal, payload)).collect()
}

pub(crate) fn read_all(journal: &Journal) -> Result<Vec<(Offset, Vec<u8>)>, ReadError> {
    read_rest(&mut journal.reader(journal.first()))
}

pub(crate) fn read_rest(reader: &mut Reader) -> Result<Vec<(Offset, Vec<u8>)>, ReadError> {
    let (mut batch, mut all) = (Batch::new(), Vec::new());
    while reader.read_batch(300, &mut batch)? > 0 {
        all.extend(batch.iter().map(|(offset, payload)| (offset, payload.to_vec())));
    }
    Ok(all)
}

pub(crate) fn payloads(records: &[(Offset, Vec<u8>)]) -> Vec<&[u8]> {
    records.iter().map(|(_, payload)| payload.as_slice()).collect()
}

/// The segment files, oldest first.
pub(crate) fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)
        .expect("lists")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    paths.sort();
    paths
}

/// Flips one bit of a file.
pub(crate) fn flip(path: &Path, position: usize) {
    let mut bytes = fs::read(path).expect("reads");
    bytes[position] ^= 0x10;
    fs::write(path, bytes).expect("writes");
}

pub(crate) fn cut(path: &Path, bytes: u64) {
    fs::File::options().write(true).open(path).expect("opens").set_len(bytes).expect("cuts");
}
