//! Letters for pictures, from a font with Chinese characters that is looked for when the simulator starts.

use ab_glyph::{Font as _, FontVec, PxScale, ScaleFont as _};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where distributions keep fonts with Chinese characters, and which face of a collection is the simplified one.
const FONTS: [(&str, u32); 7] = [
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/System/Library/Fonts/PingFang.ttc", 0),
];

/// A drawn character.
pub(super) struct Glyph {
    /// Offset of its box from the pen and from the base line.
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: i32,
    /// 0 to 255 for each pixel of the box, row by row.
    pub(super) coverage: Vec<u8>,
    /// How far the pen moves.
    pub(super) advance: f32,
}

/// Draws characters, each once. Without a font nothing is written.
pub(super) struct Lettering {
    font: Option<FontVec>,
    drawn: Mutex<HashMap<(char, u16), Arc<Glyph>>>,
}

impl Lettering {
    /// The first font that is there.
    pub(super) fn find() -> Self {
        let font = FONTS.iter().find_map(|(path, index)| {
            let bytes = std::fs::read(path).ok()?;
            FontVec::try_from_vec_and_index(bytes, *index).ok()
        });
        if font.is_none() {
            tracing::warn!(
                "no font with Chinese characters found (try fonts-noto-cjk): pictures have no text"
            );
        }
        Self { font, drawn: Mutex::new(HashMap::new()) }
    }

    pub(super) fn has_font(&self) -> bool {
        self.font.is_some()
    }

    /// How wide a text is; 0 without a font.
    pub(super) fn width_px(&self, text: &str, size_px: u16) -> f32 {
        let Some(font) = &self.font else { return 0.0 };
        let font = font.as_scaled(PxScale::from(f32::from(size_px)));
        text.chars().map(|symbol| font.h_advance(font.glyph_id(symbol))).sum()
    }

    pub(super) fn glyph(&self, symbol: char, size_px: u16) -> Option<Arc<Glyph>> {
        let font = self.font.as_ref()?;
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        Some(drawn.entry((symbol, size_px)).or_insert_with(|| Arc::new(draw(font, symbol, size_px))).clone())
    }
}

fn draw(font: &FontVec, symbol: char, size_px: u16) -> Glyph {
    let scale = PxScale::from(f32::from(size_px));
    let id = font.glyph_id(symbol);
    let advance = font.as_scaled(scale).h_advance(id);
    let Some(outline) = font.outline_glyph(id.with_scale(scale)) else {
        return Glyph { left: 0, top: 0, width: 1, coverage: Vec::new(), advance };
    };
    let bounds = outline.px_bounds();
    let (width, height) = (bounds.width().ceil() as i32, bounds.height().ceil() as i32);
    let mut coverage = vec![0; (width * height) as usize];
    outline.draw(|x, y, share| {
        if let Some(pixel) = coverage.get_mut((y as i32 * width + x as i32) as usize) {
            *pixel = (share * 255.0) as u8;
        }
    });
    Glyph { left: bounds.min.x.round() as i32, top: bounds.min.y.round() as i32, width, coverage, advance }
}
