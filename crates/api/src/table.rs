//! A CSV table as people send it: UTF-8 or GBK, with or without a byte-order mark, heads in either language.

use crate::problem::Problem;
use crate::wire::Language;

/// A table with known columns.
pub(crate) struct Table {
    rows: Vec<(usize, csv::StringRecord)>,
    /// English word of each column and its place in the file.
    places: Vec<(&'static str, &'static str, usize)>,
}

/// A row with content.
pub(crate) struct Row<'a> {
    table: &'a Table,
    record: &'a csv::StringRecord,
    /// Line of the table, the head is 1.
    pub(crate) line: usize,
}

impl Table {
    /// Reads a file; the error says which columns are missing.
    pub(crate) fn read(
        bytes: &[u8],
        columns: &[(&'static str, &'static str, bool)],
    ) -> Result<Self, Problem> {
        let text = decode(bytes);
        let delimiter =
            if text.lines().next().is_some_and(|head| head.contains('\t')) { b'\t' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let heads = reader.headers().cloned().unwrap_or_default();
        let mut places = Vec::new();
        let mut missing = Vec::new();
        for (chinese, english, is_required) in columns {
            match heads.iter().position(|head| head == *chinese || head.eq_ignore_ascii_case(english)) {
                Some(place) => places.push((*english, *chinese, place)),
                None if *is_required => missing.push((*chinese, *english)),
                None => {}
            }
        }
        if !missing.is_empty() {
            let in_chinese: Vec<_> = missing.iter().map(|(chinese, _)| *chinese).collect();
            let in_english: Vec<_> = missing.iter().map(|(_, english)| *english).collect();
            return Err(Problem::invalid(
                format!("表头缺少列：{}。请下载模板对照。", in_chinese.join("、")),
                format!("Columns are missing: {}. Compare with the template.", in_english.join(", ")),
            ));
        }
        let mut rows = Vec::new();
        for (index, record) in reader.records().enumerate() {
            // The text is UTF-8 and the reader is flexible, so a record can't fail.
            let record = record.unwrap_or_default();
            if record.iter().any(|field| !field.is_empty()) {
                rows.push((index + 2, record));
            }
        }
        Ok(Self { rows, places })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row { table: self, record, line: *line })
    }

    /// The name of a column as the reader of the report knows it.
    pub(crate) fn shown_name(&self, column: &str, language: Language) -> String {
        let known = self.places.iter().find(|(english, ..)| *english == column);
        known.map_or(column, |(english, chinese, _)| language.pick(*chinese, *english)).to_string()
    }
}

impl<'a> Row<'a> {
    /// The text of a column; empty where the file has none.
    pub(crate) fn text(&self, column: &str) -> &'a str {
        let place =
            self.table.places.iter().find(|(english, ..)| *english == column).map(|(_, _, place)| *place);
        place.and_then(|place| self.record.get(place)).unwrap_or("")
    }
}

/// UTF-8 when it is, else GBK, which spreadsheet programs on Chinese desktops write.
fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => encoding_rs::GB18030.decode(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[(&str, &str, bool)] = &[("号牌号码", "plate", true), ("所有人", "owner", false)];

    #[test]
    fn both_languages_both_encodings_and_any_order_are_read() {
        let utf8 = "\u{feff}所有人,号牌号码\n安河运输,鲁Q12345\n,\n甲,鲁Q1".as_bytes().to_vec();
        let gbk = encoding_rs::GB18030
            .encode("所有人,号牌号码\r\n安河运输,鲁Q12345\r\n,\r\n甲,鲁Q1")
            .0
            .into_owned();
        for bytes in [utf8, gbk, "Owner\tPlate\n安河运输\t鲁Q12345\n\t\n甲\t鲁Q1".as_bytes().to_vec()]
        {
            let table = Table::read(&bytes, COLUMNS).unwrap();
            let rows: Vec<_> =
                table.rows().map(|row| (row.line, row.text("plate"), row.text("owner"))).collect();
            assert_eq!(rows, [(2, "鲁Q12345", "安河运输"), (4, "鲁Q1", "甲")]);
        }
    }

    #[test]
    fn a_missing_column_is_named_and_an_optional_one_is_empty() {
        assert!(Table::read("所有人\n甲".as_bytes(), COLUMNS).is_err());
        let table = Table::read("plate\n鲁Q12345".as_bytes(), COLUMNS).unwrap();
        assert_eq!(table.rows().next().unwrap().text("owner"), "");
        assert!(Table::read(b"", COLUMNS).is_err());
    }
}
