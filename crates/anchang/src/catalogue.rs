//! The history's catalogue in the records, in the history's own words.

use anyhow::Context;
use history::{Kind, Projection, Segment};
use records::SegmentRecord;
use std::path::PathBuf;

/// A segment as the records keep it.
pub(crate) fn to_record(segment: &Segment) -> SegmentRecord {
    SegmentRecord {
        path: path_text(&segment.path),
        kind: segment.kind.key().to_owned(),
        projection: segment.projection.key().to_owned(),
        level: segment.level,
        offsets: segment.offsets.clone(),
        captured: segment.captured,
        received: segment.received,
        rows: segment.rows,
        bytes: segment.bytes,
        checksum: segment.checksum,
        tail_at: segment.tail_at,
        tail_checksum: segment.tail_checksum,
    }
}

/// A segment's path as the records keep it: made by us, of letters and digits.
pub(crate) fn path_text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A segment of the records.
pub(crate) fn to_segment(record: SegmentRecord) -> anyhow::Result<Segment> {
    let words = (Kind::parse(&record.kind), Projection::parse(&record.projection));
    let (Some(kind), Some(projection)) = words else {
        anyhow::bail!("the catalogue of the history has a {} by {}", record.kind, record.projection)
    };
    Ok(Segment {
        kind,
        projection,
        path: PathBuf::from(record.path),
        level: record.level,
        offsets: record.offsets,
        captured: record.captured,
        received: record.received,
        rows: record.rows,
        bytes: record.bytes,
        checksum: record.checksum,
        tail_at: record.tail_at,
        tail_checksum: record.tail_checksum,
    })
}

/// Opens the history with what the records know of it, and logs what the start mended.
pub(crate) async fn open_history(records: &records::Records, root: PathBuf) -> anyhow::Result<api::Archive> {
    let segments = records.segments().await?.into_iter().map(to_segment).collect::<Result<_, _>>()?;
    let opened = tokio::task::spawn_blocking(move || history::History::open(root, segments)).await?;
    let (history, mended) = opened.context("could not open the history")?;
    if !mended.removed.is_empty() {
        tracing::warn!(
            count = mended.removed.len(),
            first = %mended.removed[0].display(),
            "mended the history: removed files of a write that was cut off; their entries are read again"
        );
    }
    for path in &mended.missing {
        tracing::error!(segment = %path.display(), "a segment of the history is missing: its rows are lost");
    }
    for (path, written, found) in &mended.wrong_length {
        tracing::error!(segment = %path.display(), written, found, "a segment of the history has another length");
    }
    Ok(api::Archive::new(std::sync::Arc::new(history), mended))
}
