//! Searching passages by what was seen of them, and counting them: newest first, from the files in the journal's order.

use crate::column::{Column, Walk};
use crate::error::HistoryError;
use crate::file::SegmentFile;
use crate::history::{Damage, History, View, table};
use crate::passage::{PASSAGES, PassageWalk};
use crate::pattern::Pattern;
use crate::position::PositionWalk;
use crate::segment::{Kind, Projection, Segment};
use domain::time::HOUR_MS;
use domain::{CheckpointId, Fact, Observation, Passage, PlateClass, PlateColor, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;

/// Rows that one search looks at, at most; then it says how far it came. Some seconds of work.
pub const SEARCH_ROWS_MAX: u64 = 20_000_000;

/// What is asked of a passage. What is left out is not asked.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// When it was captured.
    pub captured: RangeInclusive<Timestamp>,
    /// Its plate.
    pub plate: Option<Pattern>,
    /// Class of the plate.
    pub plate_class: Option<PlateClass>,
    /// Ground colour of the plate.
    pub plate_color: Option<PlateColor>,
    /// One of these checkpoints.
    pub checkpoints: Option<BTreeSet<CheckpointId>>,
    /// What the vehicle's type (GA/T 16.4) begins with: `K`, `H1`, `K33`.
    pub vehicle_type: Option<String>,
    /// Body colour of GA/T 16.8.
    pub body_color: Option<char>,
    /// Speed in km/h.
    pub speed_kmh: Option<RangeInclusive<u16>>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Passages with their offsets in the journal, newest first.
    pub rows: Vec<(u64, Observation)>,
    /// Where to go on: the next search looks before this offset. `None` when there is nothing more.
    pub before: Option<u64>,
    /// Rows that were looked at.
    pub looked_at: u64,
    /// What could not be read, so that rows may be missing.
    pub damages: Vec<Damage>,
}

/// Passages by hour and checkpoint.
#[derive(Clone, Debug)]
pub struct Flows {
    /// The first instant of an hour, and the checkpoint; how many.
    pub counts: BTreeMap<(Timestamp, CheckpointId), u64>,
    /// What could not be read, so that there may be more.
    pub damages: Vec<Damage>,
}

impl Conditions {
    /// All that was captured within a time.
    pub fn within(captured: RangeInclusive<Timestamp>) -> Self {
        Self {
            captured,
            plate: None,
            plate_class: None,
            plate_color: None,
            checkpoints: None,
            vehicle_type: None,
            body_color: None,
            speed_kmh: None,
        }
    }

    /// Whether a passage is such a one.
    pub fn matches(&self, observation: &Observation, passage: &Passage) -> bool {
        let plate_text = || match passage.plate {
            Some(plate) => plate.to_string(),
            None => passage.plate_text.to_string(),
        };
        self.captured.contains(&observation.captured_at)
            && self.plate_class.is_none_or(|class| passage.plate_class == class)
            && self.plate_color.is_none_or(|color| passage.plate_color == color)
            && self.checkpoints.as_ref().is_none_or(|these| these.contains(&passage.checkpoint))
            && self.body_color.is_none_or(|color| passage.body_color == Some(color))
            && self
                .speed_kmh
                .as_ref()
                .is_none_or(|speeds| passage.speed_kmh.is_some_and(|speed| speeds.contains(&speed)))
            && self.vehicle_type.as_deref().is_none_or(|start| {
                passage.vehicle_type.is_some_and(|kind| kind.to_string().starts_with(start))
            })
            && self.plate.as_ref().is_none_or(|pattern| pattern.matches(&plate_text()))
    }

    /// The rows of a row group that are such ones, ascending.
    fn rows_in(&self, file: &SegmentFile, group: usize) -> Result<Vec<usize>, HistoryError> {
        let captured = (self.captured.start().unix_ms(), self.captured.end().unix_ms());
        let within = file.rows_within(group, PASSAGES.column("captured_at"), captured);
        let mut left = Left { file, group, start: within.start, len: within.len(), rows: within.collect() };
        left.keep("captured_at", |walk| walk.long().is_some_and(|at| captured.0 <= at && at <= captured.1))?;
        if let Some(checkpoints) = &self.checkpoints {
            let these: BTreeSet<&[u8]> = checkpoints.iter().map(|id| id.as_str().as_bytes()).collect();
            left.keep("checkpoint", |walk| walk.bytes().is_some_and(|id| these.contains(id)))?;
        }
        if let Some(class) = self.plate_class {
            left.keep("plate_class", |walk| walk.int() == Some(class.0.into()))?;
        }
        if let Some(color) = self.plate_color {
            left.keep("plate_color", |walk| walk.text() == Some(color.key()))?;
        }
        if let Some(speeds) = &self.speed_kmh {
            left.keep("speed_kmh", |walk| walk.int().is_some_and(|speed| speeds.contains(&(speed as u16))))?;
        }
        if let Some(start) = &self.vehicle_type {
            left.keep("vehicle_type", |walk| walk.text().is_some_and(|kind| kind.starts_with(start)))?;
        }
        if let Some(color) = self.body_color {
            left.keep("body_color", |walk| walk.text().is_some_and(|text| text.starts_with(color)))?;
        }
        if let Some(pattern) = &self.plate {
            // What no plate can be stands in another column.
            let texts =
                left.filter("plate_text", |walk| walk.text().is_some_and(|text| pattern.matches(text)))?;
            let plates =
                left.filter("plate", |walk| walk.text().is_some_and(|text| pattern.matches(text)))?;
            let both = left.rows.iter().zip(texts.iter().zip(&plates)).filter(|(_, (a, b))| **a || **b);
            left.rows = both.map(|(row, _)| *row).collect();
        }
        Ok(left.rows)
    }
}

/// Rows that are left while one condition after the other is looked at.
struct Left<'f> {
    file: &'f SegmentFile,
    group: usize,
    start: usize,
    len: usize,
    rows: Vec<usize>,
}

impl Left<'_> {
    fn keep(&mut self, column: &str, is_such: impl FnMut(&mut Walk<'_>) -> bool) -> Result<(), HistoryError> {
        let are_such = self.filter(column, is_such)?;
        let mut are_such = are_such.into_iter();
        self.rows.retain(|_| are_such.next().unwrap_or(false));
        Ok(())
    }

    /// Of each row that is left, whether it is such a one.
    fn filter(
        &self,
        column: &str,
        mut is_such: impl FnMut(&mut Walk<'_>) -> bool,
    ) -> Result<Vec<bool>, HistoryError> {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else { return Ok(Vec::new()) };
        debug_assert!(self.start <= *first && *last < self.start + self.len);
        let at = PASSAGES.column(column);
        let mut values = Column::of(&PASSAGES, at);
        self.file.read_column(&PASSAGES, self.group, at, *first..last + 1, &mut values)?;
        let mut walk = Walk::new(&values);
        let mut row = *first;
        let mut are_such = Vec::with_capacity(self.rows.len());
        for wanted in &self.rows {
            while row < *wanted {
                walk.pass();
                row += 1;
            }
            are_such.push(is_such(&mut walk));
            row += 1;
        }
        Ok(are_such)
    }
}

impl History {
    /// Passages that are as asked, newest first by receipt, at most `limit`; of those before `before` in the journal.
    pub fn search(&self, conditions: &Conditions, before: Option<u64>, limit: usize) -> Found {
        let mut found = Found { rows: Vec::new(), before: None, looked_at: 0, damages: Vec::new() };
        let before = before.unwrap_or(u64::MAX);
        let view = self.view();
        let fresh = view.fresh().iter().rev().flat_map(|fresh| fresh.passages.iter().rev());
        for (offset, observation) in fresh.filter(|(offset, _)| *offset < before) {
            found.looked_at += 1;
            if let Fact::Passage(passage) = &observation.fact
                && conditions.matches(observation, passage)
            {
                if found.rows.len() == limit {
                    found.before = found.rows.last().map(|(offset, _)| *offset);
                    return found;
                }
                found.rows.push((*offset, observation.clone()));
            }
        }
        let damages = self.each_group(&view, conditions, |file, group| {
            let Some((least, _)) = file.group_range(group, 0) else { return Ok(ControlFlow::Continue(())) };
            if least as u64 >= before {
                return Ok(ControlFlow::Continue(()));
            }
            if found.looked_at > SEARCH_ROWS_MAX {
                found.before = file.group_range(group, 0).map(|(_, most)| most as u64 + 1);
                return Ok(ControlFlow::Break(()));
            }
            found.looked_at += file.group_rows(group) as u64;
            let mut rows = conditions.rows_in(file, group)?;
            loop {
                // One more than asked, to know whether there are more; those at `before` or behind are passed over.
                let wanted = limit + 1 - found.rows.len();
                let part = rows.split_off(rows.len().saturating_sub(wanted));
                if part.is_empty() {
                    return Ok(ControlFlow::Continue(()));
                }
                let part = read_at(file, Kind::Passages, group, &part)?;
                found.rows.extend(part.into_iter().rev().filter(|(offset, _)| *offset < before));
                if found.rows.len() > limit {
                    found.rows.truncate(limit);
                    found.before = found.rows.last().map(|(offset, _)| *offset);
                    return Ok(ControlFlow::Break(()));
                }
            }
        });
        found.damages = damages;
        found
    }

    /// How many passages as asked there were in each hour at each checkpoint, in all of the time.
    pub fn flows(&self, conditions: &Conditions) -> Flows {
        let mut counts: BTreeMap<(i64, CheckpointId), u64> = BTreeMap::new();
        let view = self.view();
        for (_, observation) in view.fresh().iter().flat_map(|fresh| &fresh.passages) {
            if let Fact::Passage(passage) = &observation.fact
                && conditions.matches(observation, passage)
            {
                let hour = observation.captured_at.unix_ms().div_euclid(HOUR_MS);
                *counts.entry((hour, passage.checkpoint.clone())).or_default() += 1;
            }
        }
        let damages = self.each_group(&view, conditions, |file, group| {
            let rows = conditions.rows_in(file, group)?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                return Ok(ControlFlow::Continue(()));
            };
            let read = |name| {
                let at = PASSAGES.column(name);
                let mut column = Column::of(&PASSAGES, at);
                file.read_column(&PASSAGES, group, at, *first..last + 1, &mut column)?;
                Ok::<_, HistoryError>(column)
            };
            let (captured, checkpoints) = (read("captured_at")?, read("checkpoint")?);
            let mut of_group: BTreeMap<(i64, &str), u64> = BTreeMap::new();
            let (mut captured, mut checkpoints) = (Walk::new(&captured), Walk::new(&checkpoints));
            let mut rows = rows.iter().peekable();
            for row in *first..=*last {
                let (at, checkpoint) = (captured.long(), checkpoints.text());
                if rows.next_if(|wanted| **wanted == row).is_some() {
                    let key = (at.unwrap_or(0).div_euclid(HOUR_MS), checkpoint.unwrap_or_default());
                    *of_group.entry(key).or_default() += 1;
                }
            }
            for ((hour, checkpoint), count) in of_group {
                *counts.entry((hour, checkpoint.into())).or_default() += count;
            }
            Ok(ControlFlow::Continue(()))
        });
        let counts = counts
            .into_iter()
            .map(|((hour, checkpoint), count)| ((Timestamp::from_unix_ms(hour * HOUR_MS), checkpoint), count))
            .collect();
        Flows { counts, damages }
    }

    /// The whole passage that a sighting is of; `None` when it is gone, or its bytes are bad.
    pub fn passage_at(
        &self,
        plate: domain::Plate,
        received_at: Timestamp,
        captured_at: Timestamp,
        checkpoint: &CheckpointId,
    ) -> Option<(u64, Observation)> {
        let is_it = |observation: &Observation| {
            observation.received_at == received_at
                && observation.captured_at == captured_at
                && matches!(&observation.fact, Fact::Passage(passage)
                    if passage.plate == Some(plate) && passage.checkpoint == *checkpoint)
        };
        let view = self.view();
        let fresh = view.fresh().iter().flat_map(|fresh| &fresh.passages);
        if let Some(found) = fresh.into_iter().find(|(_, observation)| is_it(observation)) {
            return Some(found.clone());
        }
        let ms = received_at.unix_ms();
        let of_then =
            |segment: &&Arc<Segment>| segment.received.0 <= received_at && segment.received.1 >= received_at;
        for segment in view.segments(Kind::Passages, Projection::Arrival).filter(of_then) {
            let found = self.file(segment).and_then(|file| {
                for group in 0..file.groups() {
                    let at = PASSAGES.column("received_at");
                    let rows = file.rows_within(group, at, (ms, ms));
                    if rows.is_empty() {
                        continue;
                    }
                    let mut column = Column::of(&PASSAGES, at);
                    file.read_column(&PASSAGES, group, at, rows.clone(), &mut column)?;
                    let mut walk = Walk::new(&column);
                    let rows: Vec<usize> = rows.filter(|_| walk.long() == Some(ms)).collect();
                    let mut passages = read_at(&file, Kind::Passages, group, &rows)?.into_iter();
                    if let Some(found) = passages.find(|(_, observation)| is_it(observation)) {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            });
            match found {
                Ok(None) => {}
                Ok(found) => return found,
                Err(error) => drop(self.note_damage(&segment.path, &error)),
            }
        }
        None
    }

    /// Goes through the row groups that may hold such passages, newest first.
    fn each_group(
        &self,
        view: &View,
        conditions: &Conditions,
        mut look: impl FnMut(&SegmentFile, usize) -> Result<ControlFlow<()>, HistoryError>,
    ) -> Vec<Damage> {
        let mut damages = Vec::new();
        let captured = &conditions.captured;
        let segments = view.segments(Kind::Passages, Projection::Arrival).rev().filter(|segment| {
            segment.captured.0 <= *captured.end() && segment.captured.1 >= *captured.start()
        });
        for segment in segments {
            let file = match self.file(segment) {
                Ok(file) => file,
                Err(error) => {
                    damages.push(self.note_damage(&segment.path, &error));
                    continue;
                }
            };
            for group in (0..file.groups()).rev() {
                let is_outside =
                    file.group_range(group, PASSAGES.column("captured_at")).is_some_and(|(least, most)| {
                        least > captured.end().unix_ms() || most < captured.start().unix_ms()
                    });
                if is_outside {
                    continue;
                }
                match look(&file, group) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => return damages,
                    Err(error) => damages.push(self.note_damage(&segment.path, &error)),
                }
            }
        }
        damages
    }
}

/// Some rows of a row group of passages or positions, whole.
pub(crate) fn read_at(
    file: &SegmentFile,
    kind: Kind,
    group: usize,
    rows: &[usize],
) -> Result<Vec<(u64, Observation)>, HistoryError> {
    let table = table(kind);
    let mut columns = table.empty();
    let Some(first) = rows.first().copied() else { return Ok(Vec::new()) };
    for (index, column) in columns.iter_mut().enumerate() {
        let mut stream = file.stream(table, group, index, first, false)?;
        let mut at = first;
        for row in rows {
            stream.skip(row - at)?;
            stream.read(1, column)?;
            at = row + 1;
        }
    }
    let read: Option<Vec<_>> = match kind {
        Kind::Passages => {
            let mut walk = PassageWalk::new(&columns);
            rows.iter().map(|_| walk.next()).collect()
        }
        Kind::Positions => {
            let mut walk = PositionWalk::new(&columns);
            rows.iter().map(|_| walk.next()).collect()
        }
        // These are entries of many kinds and are only read in their order.
        Kind::Others => Some(Vec::new()),
    };
    read.ok_or_else(|| HistoryError::Damaged {
        path: file.path().to_owned(),
        column: None,
        reason: "a row holds what no observation can".into(),
    })
}
