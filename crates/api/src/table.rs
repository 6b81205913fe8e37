//! A table as people send it: a spreadsheet, or text in any encoding of Chinese desktops, with heads in either language.

use crate::problem::Problem;
use crate::wire::Language;
use tables::{ReadError, Rows};

/// Rows among which the head is looked for: titles may stand above it.
const HEAD_WITHIN: usize = 10;

/// A table with known columns.
pub(crate) struct Table {
    pieces: Vec<Rows>,
    /// Line of the head, the first is 1.
    head_line: usize,
    /// English word, Chinese head and place in the file of each column.
    places: Vec<(&'static str, &'static str, usize)>,
}

/// A row with content.
pub(crate) struct Row<'a> {
    table: &'a Table,
    cells: tables::Row<'a>,
    /// Line of the table, as a spreadsheet program numbers it.
    pub(crate) line: usize,
}

impl Table {
    /// Reads a file; the error says what it is when it is no table, or which columns are missing.
    pub(crate) fn read(
        bytes: &[u8],
        columns: &[(&'static str, &'static str, bool)],
    ) -> Result<Self, Problem> {
        let pieces = match tables::whole(bytes.to_vec()) {
            Ok(pieces) => pieces,
            Err(ReadError::Empty) => Vec::new(),
            Err(error) => {
                return Err(Problem::invalid(
                    "文件不是可读取的表格，请用 Excel、WPS 另存为 XLSX 或 CSV。",
                    format!("The file is no table that can be read ({error}). Save it as XLSX or CSV."),
                ));
            }
        };
        let is_named =
            |cell: &str, chinese: &str, english: &str| cell == chinese || cell.eq_ignore_ascii_case(english);
        let is_head = |row: &tables::Row<'_>| {
            row.cells()
                .any(|cell| columns.iter().any(|(zh, en, is_needed)| *is_needed && is_named(cell, zh, en)))
        };
        let first = pieces.iter().flat_map(Rows::iter).take(HEAD_WITHIN);
        let head = first.enumerate().find(|(_, row)| is_head(row));
        let mut places = Vec::new();
        let mut missing = Vec::new();
        for (chinese, english, is_required) in columns {
            let place = head
                .as_ref()
                .and_then(|(_, row)| row.cells().position(|cell| is_named(cell, chinese, english)));
            match place {
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
        let head_line = head.map_or(0, |(index, _)| index + 1);
        Ok(Self { pieces, head_line, places })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows().count()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let all = self.pieces.iter().flat_map(Rows::iter).enumerate().skip(self.head_line);
        all.filter(|(_, cells)| !cells.is_empty()).map(|(index, cells)| Row {
            table: self,
            cells,
            line: index + 1,
        })
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
        let place = self.table.places.iter().find(|(english, ..)| *english == column);
        place.and_then(|(.., place)| self.cells.cell(*place)).unwrap_or("")
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
    fn a_spreadsheet_with_a_title_above_its_head_is_read() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "2026 年车辆台账").unwrap();
        for (row, cells) in [["所有人", "号牌号码"], ["安河运输", "鲁Q12345"]].iter().enumerate()
        {
            for (column, cell) in cells.iter().enumerate() {
                sheet.write(row as u32 + 1, column as u16, *cell).unwrap();
            }
        }
        let table = Table::read(&book.save_to_buffer().unwrap(), COLUMNS).unwrap();
        let row = table.rows().next().unwrap();
        assert_eq!((row.line, row.text("plate"), row.text("owner")), (3, "鲁Q12345", "安河运输"));
        assert!(Table::read(b"\xff\xd8\x00\x00\x01", COLUMNS).is_err(), "a picture");
    }

    #[test]
    fn a_missing_column_is_named_and_an_optional_one_is_empty() {
        assert!(Table::read("所有人\n甲".as_bytes(), COLUMNS).is_err());
        let table = Table::read("plate\n鲁Q12345".as_bytes(), COLUMNS).unwrap();
        assert_eq!(table.rows().next().unwrap().text("owner"), "");
        assert!(Table::read(b"", COLUMNS).is_err());
    }
}
