//! A sheet of official paper: title, paragraphs, signature.

use docx_rs::{
    AlignmentType, Docx, LineSpacing, LineSpacingType, PageMargin, Paragraph, Run, RunFonts,
    SpecialIndentType,
};
use std::io::Cursor;

/// A document that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write the document: {0}")]
pub struct DocumentError(String);

/// Twentieths of a point.
const fn twips(millimetres: i32) -> i32 {
    millimetres * 1_440 * 10 / 254
}
/// 3 号 is 16 points; Word counts halves.
const BODY_HALF_POINTS: usize = 32;
/// 2 号 is 22 points.
const TITLE_HALF_POINTS: usize = 44;
/// Lines of 28 points.
const LINE_TWIPS: i32 = 28 * 20;
/// Two characters of 3 号.
const INDENT_TWIPS: i32 = 2 * 16 * 20;

/// A document that grows from the top.
pub(crate) struct Paper(Docx);

impl Paper {
    pub(crate) fn new() -> Self {
        let margin = PageMargin {
            top: twips(37),
            bottom: twips(35),
            left: twips(28),
            right: twips(26),
            header: 851,
            footer: 992,
            gutter: 0,
        };
        // A4: 210 × 297 mm.
        Self(Docx::new().page_size(11_906, 16_838).page_margin(margin))
    }

    fn add(self, paragraph: Paragraph) -> Self {
        let spacing = LineSpacing::new().line(LINE_TWIPS).line_rule(LineSpacingType::Exact);
        Self(self.0.add_paragraph(paragraph.line_spacing(spacing)))
    }

    fn run(text: &str, font: &str, half_points: usize) -> Run {
        let fonts = RunFonts::new().east_asia(font).ascii("Times New Roman").hi_ansi("Times New Roman");
        Run::new().add_text(text).fonts(fonts).size(half_points)
    }

    pub(crate) fn title(self, text: &str) -> Self {
        let title = Self::run(text, "方正小标宋简体", TITLE_HALF_POINTS);
        let spacing = LineSpacing::new().line(36 * 20).line_rule(LineSpacingType::Exact);
        Self(self.0.add_paragraph(
            Paragraph::new().add_run(title).align(AlignmentType::Center).line_spacing(spacing),
        ))
    }

    /// In the middle: the number of the paper.
    pub(crate) fn centred(self, text: &str) -> Self {
        let run = Self::run(text, "仿宋_GB2312", BODY_HALF_POINTS);
        self.add(Paragraph::new().add_run(run).align(AlignmentType::Center))
    }

    pub(crate) fn blank(self) -> Self {
        self.add(Paragraph::new())
    }

    /// From the edge: to whom.
    pub(crate) fn flush(self, text: &str) -> Self {
        let run = Self::run(text, "仿宋_GB2312", BODY_HALF_POINTS);
        self.add(Paragraph::new().add_run(run))
    }

    /// A paragraph, its first line two characters in.
    pub(crate) fn text(self, text: &str) -> Self {
        let run = Self::run(text, "仿宋_GB2312", BODY_HALF_POINTS);
        let indent = Some(SpecialIndentType::FirstLine(INDENT_TWIPS));
        self.add(Paragraph::new().add_run(run).indent(None, indent, None, None))
    }

    /// A heading of the first level: 一、… in black type.
    pub(crate) fn heading(self, text: &str) -> Self {
        let run = Self::run(text, "黑体", BODY_HALF_POINTS);
        let indent = Some(SpecialIndentType::FirstLine(INDENT_TWIPS));
        self.add(Paragraph::new().add_run(run).indent(None, indent, None, None))
    }

    /// On the right: who signs, when.
    pub(crate) fn right(self, text: &str) -> Self {
        let run = Self::run(text, "仿宋_GB2312", BODY_HALF_POINTS);
        let paragraph = Paragraph::new().add_run(run).align(AlignmentType::Right);
        self.add(paragraph.indent(None, None, Some(4 * 16 * 20), None))
    }

    /// The file.
    pub(crate) fn bytes(self) -> Result<Vec<u8>, DocumentError> {
        let mut out = Cursor::new(Vec::new());
        self.0.build().pack(&mut out).map_err(|error| DocumentError(error.to_string()))?;
        Ok(out.into_inner())
    }
}
