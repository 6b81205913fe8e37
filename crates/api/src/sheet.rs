//! Small tables as files: CSV that spreadsheet programs of Chinese desktops open rightly, and XLSX.

use crate::problem::Problem;

/// CSV in UTF-8 with a byte order mark, without which Excel guesses another encoding. A text that a spreadsheet program would
/// take for a formula gets an apostrophe in front.
pub(crate) fn csv(heads: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, Problem> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let write = |writer: &mut csv::Writer<Vec<u8>>| -> Result<(), csv::Error> {
        writer.write_record(heads)?;
        for row in rows {
            writer.write_record(row.iter().map(|cell| harmless(cell)))?;
        }
        Ok(())
    };
    write(&mut writer).map_err(|error| Problem::internal("write a table", &error))?;
    writer.into_inner().map_err(|error| Problem::internal("write a table", error.error()))
}

/// A spreadsheet with a bold head that stays in sight.
pub(crate) fn xlsx(heads: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, Problem> {
    let write = || -> Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        let bold = rust_xlsxwriter::Format::new().set_bold();
        for (column, head) in (0u16..).zip(heads) {
            sheet.write_with_format(0, column, *head, &bold)?;
            sheet.set_column_width(column, 18)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        for (line, row) in (1u32..).zip(rows) {
            for (column, cell) in (0u16..).zip(row) {
                sheet.write_string(line, column, cell)?;
            }
        }
        book.save_to_buffer()
    };
    write().map_err(|error| Problem::internal("write a spreadsheet", &error))
}

fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula() {
        let bytes = csv(&["标题"], &[vec!["=HYPERLINK(\"http://x\")".into()], vec!["护栏,缺失".into()]])
            .ok()
            .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "\u{feff}标题\n\"'=HYPERLINK(\"\"http://x\"\")\"\n\"护栏,缺失\"\n");
    }
}
