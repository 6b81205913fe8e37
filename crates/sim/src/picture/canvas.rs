//! A small raster: filled shapes and text in 24-bit colour, written as JPEG.

use super::text::Lettering;
use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

/// Red, green, blue.
pub(super) type Rgb = [u8; 3];

/// A picture being drawn.
#[derive(Clone)]
pub(super) struct Canvas {
    pub(super) width: i32,
    pub(super) height: i32,
    pixels: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(width: i32, height: i32) -> Self {
        Self { width, height, pixels: vec![0; (width * height * 3) as usize] }
    }

    /// Fills a row's pixels from `left` up to `right`; what lies outside is cut off.
    fn span(&mut self, y: i32, left: i32, right: i32, color: Rgb) {
        let (left, right) = (left.max(0), right.min(self.width));
        if !(0..self.height).contains(&y) || left >= right {
            return;
        }
        let start = ((y * self.width + left) * 3) as usize;
        let end = ((y * self.width + right) * 3) as usize;
        for pixel in self.pixels[start..end].chunks_exact_mut(3) {
            pixel.copy_from_slice(&color);
        }
    }

    pub(super) fn rectangle(&mut self, left: i32, top: i32, right: i32, bottom: i32, color: Rgb) {
        for y in top..bottom {
            self.span(y, left, right, color);
        }
    }

    /// A shape with level top and bottom: each edge given as (left, right, y).
    pub(super) fn trapezoid(&mut self, top: (i32, i32, i32), bottom: (i32, i32, i32), color: Rgb) {
        let height = (bottom.2 - top.2).max(1);
        for y in top.2..bottom.2 {
            let share = |from: i32, to: i32| from + (to - from) * (y - top.2) / height;
            self.span(y, share(top.0, bottom.0), share(top.1, bottom.1), color);
        }
    }

    pub(super) fn ellipse(&mut self, x: i32, y: i32, width: i32, height: i32, color: Rgb) {
        for dy in -height..=height {
            let share = 1.0 - (f64::from(dy) / f64::from(height.max(1))).powi(2);
            let dx = (f64::from(width) * share.max(0.0).sqrt()) as i32;
            self.span(y + dy, x - dx, x + dx + 1, color);
        }
    }

    /// From `top` to `bottom` colour, row by row.
    pub(super) fn gradient(&mut self, from_y: i32, to_y: i32, top: Rgb, bottom: Rgb) {
        for y in from_y..to_y {
            let share = f64::from(y - from_y) / f64::from((to_y - from_y).max(1));
            self.span(y, 0, self.width, blend(top, bottom, share));
        }
    }

    /// Writes text with its left end at `x` and its base line at `y`; gives its right end.
    pub(super) fn text(
        &mut self,
        lettering: &Lettering,
        (x, y): (i32, i32),
        size_px: u16,
        text: &str,
        color: Rgb,
    ) -> i32 {
        let mut pen = x as f32;
        for symbol in text.chars() {
            let Some(glyph) = lettering.glyph(symbol, size_px) else { continue };
            let (left, top) = (pen.round() as i32 + glyph.left, y + glyph.top);
            for (index, coverage) in glyph.coverage.iter().enumerate().filter(|(_, coverage)| **coverage > 0)
            {
                let (px, py) = (left + index as i32 % glyph.width, top + index as i32 / glyph.width);
                if (0..self.width).contains(&px) && (0..self.height).contains(&py) {
                    let at = ((py * self.width + px) * 3) as usize;
                    let under = [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]];
                    self.pixels[at..at + 3].copy_from_slice(&blend(
                        under,
                        color,
                        f64::from(*coverage) / 255.0,
                    ));
                }
            }
            pen += glyph.advance;
        }
        pen.round() as i32
    }

    pub(super) fn jpeg(&self, quality: u8) -> Result<Vec<u8>, EncodingError> {
        let mut bytes = Vec::with_capacity(16 * 1_024);
        let mut encoder = Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode(&self.pixels, self.width as u16, self.height as u16, ColorType::Rgb)?;
        Ok(bytes)
    }
}

pub(super) fn blend(from: Rgb, to: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|i| {
        (f64::from(from[i]) + (f64::from(to[i]) - f64::from(from[i])) * share).round() as u8
    })
}
