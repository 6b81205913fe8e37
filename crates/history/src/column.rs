//! Columns of a table: what they are called and how they lie in a file, and their values in memory, row by row.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr, WriterVersion};
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use std::sync::Arc;

/// What a column holds, by the logical types of Parquet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Milliseconds since the epoch, UTC.
    Instant,
    /// A number of 64 bits.
    Long,
    /// A number of 32 bits.
    Number,
    /// Small numbers without sign: bits.
    Unsigned(i8),
    /// 1e-7 degrees as `DECIMAL(10, 7)`.
    Degrees,
    Bool,
    /// UTF-8.
    Text,
    /// Bytes as they are.
    Binary,
}

/// Whether each row has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    One,
    Maybe,
    /// Any number, as a three-level `LIST`.
    List,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    holds: Holds,
    count: Count,
    /// `None`: a dictionary.
    encoding: Option<Encoding>,
}

/// The columns of a table, and how its rows are sorted.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) columns: &'static [Spec],
    /// Indexes of the columns by which rows are sorted.
    pub(crate) sorted_by: &'static [usize],
    /// Rows of one page.
    pub(crate) page_rows: usize,
}

impl Spec {
    pub(crate) const fn one(name: &'static str, holds: Holds) -> Self {
        Self { name, holds, count: Count::One, encoding: None }
    }

    pub(crate) const fn maybe(name: &'static str, holds: Holds) -> Self {
        Self { name, holds, count: Count::Maybe, encoding: None }
    }

    pub(crate) const fn list(name: &'static str, holds: Holds) -> Self {
        Self { name, holds, count: Count::List, encoding: None }
    }

    pub(crate) const fn coded(self, encoding: Encoding) -> Self {
        Self { encoding: Some(encoding), ..self }
    }

    fn physical(&self) -> Physical {
        match self.holds {
            Holds::Instant | Holds::Long | Holds::Degrees => Physical::INT64,
            Holds::Number | Holds::Unsigned(_) => Physical::INT32,
            Holds::Bool => Physical::BOOLEAN,
            Holds::Text | Holds::Binary => Physical::BYTE_ARRAY,
        }
    }

    fn schema(&self) -> Result<Type> {
        let logical = match self.holds {
            Holds::Instant => Some(LogicalType::timestamp(true, TimeUnit::MILLIS)),
            Holds::Unsigned(bits) => Some(LogicalType::integer(bits, false)),
            Holds::Degrees => Some(LogicalType::decimal(7, 10)),
            Holds::Text => Some(LogicalType::String),
            Holds::Long | Holds::Number | Holds::Bool | Holds::Binary => None,
        };
        let primitive = |name: &str, repetition| {
            let builder = Type::primitive_type_builder(name, self.physical())
                .with_repetition(repetition)
                .with_logical_type(logical.clone());
            let builder =
                if self.holds == Holds::Degrees { builder.with_precision(10).with_scale(7) } else { builder };
            builder.build()
        };
        match self.count {
            Count::One => primitive(self.name, Repetition::REQUIRED),
            Count::Maybe => primitive(self.name, Repetition::OPTIONAL),
            Count::List => {
                let element = Arc::new(primitive("element", Repetition::REQUIRED)?);
                let list = Type::group_type_builder("list")
                    .with_repetition(Repetition::REPEATED)
                    .with_fields(vec![element])
                    .build()?;
                Type::group_type_builder(self.name)
                    .with_repetition(Repetition::REQUIRED)
                    .with_logical_type(Some(LogicalType::List))
                    .with_fields(vec![Arc::new(list)])
                    .build()
            }
        }
    }

    fn path(&self) -> ColumnPath {
        let mut parts = vec![self.name.to_owned()];
        if self.count == Count::List {
            parts.extend(["list".to_owned(), "element".to_owned()]);
        }
        ColumnPath::new(parts)
    }
}

impl Table {
    /// The schema of its files.
    pub(crate) fn schema(&self) -> Result<TypePtr> {
        let fields = self.columns.iter().map(|spec| spec.schema().map(Arc::new)).collect::<Result<_>>()?;
        Ok(Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?))
    }

    /// How its files are written.
    pub(crate) fn properties(&self, zstd_level: i32) -> Result<WriterPropertiesPtr> {
        let sorted: Vec<_> = self
            .sorted_by
            .iter()
            .map(|index| SortingColumn { column_idx: *index as i32, descending: false, nulls_first: false })
            .collect();
        let mut builder = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_created_by("anchang".into())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(zstd_level)?))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_data_page_row_count_limit(self.page_rows)
            .set_data_page_size_limit(1 << 20)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
            .set_write_batch_size(512)
            .set_sorting_columns((!sorted.is_empty()).then_some(sorted));
        for (index, spec) in self.columns.iter().enumerate() {
            if let Some(encoding) = spec.encoding {
                builder = builder
                    .set_column_dictionary_enabled(spec.path(), false)
                    .set_column_encoding(spec.path(), encoding);
            }
            // What a page holds at least and at most: of the columns that pages are chosen by, and of the instants.
            if self.sorted_by.contains(&index) || spec.holds == Holds::Instant {
                builder = builder.set_column_statistics_enabled(spec.path(), EnabledStatistics::Page);
            }
        }
        Ok(Arc::new(builder.build()))
    }

    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> usize {
        self.columns.iter().position(|spec| spec.name == name).expect("a column of this table")
    }

    /// Empty columns.
    pub(crate) fn empty(&self) -> Vec<Column> {
        self.columns.iter().map(Column::new).collect()
    }
}

/// A dictionary that grows beyond it is given up, and the rest of the column chunk written as it is.
const DICTIONARY_BYTES_MAX: usize = 4 << 20;

/// Values of one column, for some rows in their order.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) values: Values,
    /// Definition levels, where a row may have none.
    pub(crate) definition: Option<Vec<i16>>,
    /// Repetition levels, where a row may have several.
    pub(crate) repetition: Option<Vec<i16>>,
    rows: usize,
}

/// Values that are there, side by side.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    Int(Vec<i32>),
    Long(Vec<i64>),
    Bool(Vec<bool>),
    Bytes(Blobs),
}

/// Texts: written into one buffer, read as slices of pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blobs {
    pub(crate) read: Vec<ByteArray>,
    written: Vec<u8>,
    /// Where each written text ends.
    ends: Vec<usize>,
}

impl Blobs {
    fn push(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
        self.ends.push(self.written.len());
    }

    /// All as the library wants them; what was written moves.
    pub(crate) fn arrays(&mut self) -> &[ByteArray] {
        if !self.ends.is_empty() {
            let all = Bytes::from(std::mem::take(&mut self.written));
            let mut start = 0;
            for end in self.ends.drain(..) {
                self.read.push(ByteArray::from(all.slice(start..end)));
                start = end;
            }
        }
        &self.read
    }
}

impl Column {
    fn new(spec: &Spec) -> Self {
        let values = match spec.physical() {
            Physical::INT64 => Values::Long(Vec::new()),
            Physical::BOOLEAN => Values::Bool(Vec::new()),
            Physical::BYTE_ARRAY => Values::Bytes(Blobs::default()),
            _ => Values::Int(Vec::new()),
        };
        Self {
            values,
            definition: (spec.count != Count::One).then(Vec::new),
            repetition: (spec.count == Count::List).then(Vec::new),
            rows: 0,
        }
    }

    /// The column at a place of a table, empty.
    pub(crate) fn of(table: &Table, at: usize) -> Self {
        Self::new(&table.columns[at])
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn add_rows(&mut self, rows: usize) {
        self.rows += rows;
    }

    pub(crate) fn clear(&mut self) {
        match &mut self.values {
            Values::Int(values) => values.clear(),
            Values::Long(values) => values.clear(),
            Values::Bool(values) => values.clear(),
            Values::Bytes(blobs) => {
                blobs.read.clear();
                blobs.written.clear();
                blobs.ends.clear();
            }
        }
        for levels in [&mut self.definition, &mut self.repetition].into_iter().flatten() {
            levels.clear();
        }
        self.rows = 0;
    }

    fn count(&mut self, is_there: bool) {
        self.rows += 1;
        if let Some(levels) = &mut self.definition {
            levels.push(is_there.into());
        }
        if let Some(levels) = &mut self.repetition {
            levels.push(0);
        }
    }

    pub(crate) fn push_int(&mut self, value: impl Into<Option<i32>>) {
        let value = value.into();
        self.count(value.is_some());
        if let (Some(value), Values::Int(values)) = (value, &mut self.values) {
            values.push(value);
        }
    }

    pub(crate) fn push_long(&mut self, value: impl Into<Option<i64>>) {
        let value = value.into();
        self.count(value.is_some());
        if let (Some(value), Values::Long(values)) = (value, &mut self.values) {
            values.push(value);
        }
    }

    pub(crate) fn push_bool(&mut self, value: impl Into<Option<bool>>) {
        let value = value.into();
        self.count(value.is_some());
        if let (Some(value), Values::Bool(values)) = (value, &mut self.values) {
            values.push(value);
        }
    }

    pub(crate) fn push_bytes<'v>(&mut self, value: impl Into<Option<&'v [u8]>>) {
        let value = value.into();
        self.count(value.is_some());
        if let (Some(value), Values::Bytes(blobs)) = (value, &mut self.values) {
            blobs.push(value);
        }
    }

    pub(crate) fn push_text<'v>(&mut self, value: impl Into<Option<&'v str>>) {
        self.push_bytes(value.into().map(str::as_bytes));
    }

    /// One row of a list.
    pub(crate) fn push_texts<'v>(&mut self, texts: impl IntoIterator<Item = &'v str>) {
        self.push_list(texts, |values, text| {
            if let Values::Bytes(blobs) = values {
                blobs.push(text.as_bytes());
            }
        });
    }

    /// One row of a list.
    pub(crate) fn push_ints(&mut self, numbers: impl IntoIterator<Item = i32>) {
        self.push_list(numbers, |values, number| {
            if let Values::Int(ints) = values {
                ints.push(number);
            }
        });
    }

    fn push_list<T>(&mut self, items: impl IntoIterator<Item = T>, mut push: impl FnMut(&mut Values, T)) {
        self.rows += 1;
        let (Some(definition), Some(repetition)) = (&mut self.definition, &mut self.repetition) else {
            return;
        };
        let start = definition.len();
        for item in items {
            repetition.push((definition.len() > start).into());
            definition.push(1);
            push(&mut self.values, item);
        }
        if definition.len() == start {
            definition.push(0);
            repetition.push(0);
        }
    }
}

/// Walks over the rows of a column that was read, from the first to the last.
#[derive(Debug)]
pub(crate) struct Walk<'c> {
    column: &'c Column,
    level: usize,
    value: usize,
}

impl<'c> Walk<'c> {
    pub(crate) fn new(column: &'c Column) -> Self {
        Self { column, level: 0, value: 0 }
    }

    /// Goes to the next row; not for lists.
    pub(crate) fn pass(&mut self) {
        self.next();
    }

    /// The place of the next row's value.
    fn next(&mut self) -> Option<usize> {
        if let Some(levels) = &self.column.definition {
            let level = levels.get(self.level).copied().unwrap_or(0);
            self.level += 1;
            if level == 0 {
                return None;
            }
        }
        self.value += 1;
        Some(self.value - 1)
    }

    pub(crate) fn int(&mut self) -> Option<i32> {
        let at = self.next()?;
        if let Values::Int(values) = &self.column.values { values.get(at).copied() } else { None }
    }

    pub(crate) fn long(&mut self) -> Option<i64> {
        let at = self.next()?;
        if let Values::Long(values) = &self.column.values { values.get(at).copied() } else { None }
    }

    pub(crate) fn bool(&mut self) -> Option<bool> {
        let at = self.next()?;
        if let Values::Bool(values) = &self.column.values { values.get(at).copied() } else { None }
    }

    pub(crate) fn bytes(&mut self) -> Option<&'c [u8]> {
        let at = self.next()?;
        self.blob(at)
    }

    fn blob(&self, at: usize) -> Option<&'c [u8]> {
        if let Values::Bytes(blobs) = &self.column.values {
            blobs.read.get(at).map(ByteArray::data)
        } else {
            None
        }
    }

    /// Texts are checked when they are read: a file may be another program's.
    pub(crate) fn text(&mut self) -> Option<&'c str> {
        self.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The items of the next row of a list, by their places.
    fn items(&mut self) -> std::ops::Range<usize> {
        let start = self.value;
        let (Some(definition), Some(repetition)) = (&self.column.definition, &self.column.repetition) else {
            return start..start;
        };
        let mut is_first = true;
        while let Some(level) = definition.get(self.level) {
            if !is_first && repetition.get(self.level).is_none_or(|level| *level == 0) {
                break;
            }
            is_first = false;
            self.level += 1;
            self.value += usize::from(*level > 0);
        }
        start..self.value
    }

    pub(crate) fn texts(&mut self) -> impl Iterator<Item = &'c str> + use<'c> {
        let column = self.column;
        self.items().filter_map(move |at| {
            let Values::Bytes(blobs) = &column.values else { return None };
            std::str::from_utf8(blobs.read.get(at)?.data()).ok()
        })
    }

    pub(crate) fn ints(&mut self) -> impl Iterator<Item = i32> + use<'c> {
        let column = self.column;
        self.items().filter_map(move |at| {
            let Values::Int(values) = &column.values else { return None };
            values.get(at).copied()
        })
    }
}
