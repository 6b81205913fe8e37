//! Official documents (公文) as Word files. The form is that of GB/T 9704-2012 (党政机关公文格式): A4, margins of 37, 35, 28 and
//! 26 mm, the title in 2 号小标宋, the text in 3 号仿宋 with lines of 28 points. What is written in them comes as values; nothing
//! is asked for here.

mod notice;
mod paper;

pub use notice::RectificationNotice;
pub use paper::DocumentError;
