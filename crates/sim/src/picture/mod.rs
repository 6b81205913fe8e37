//! Evidence pictures, drawn: the road at the checkpoint, the vehicle in its colour, its plate, time and place.
//! The same passage always gives the same picture.

mod canvas;
mod text;

use crate::county::County;
use crate::county::guises::Guise;
use crate::county::vehicles::{Kind, Vehicle};
use crate::dice::{Dice, Stream};
use crate::noise;
use crate::traffic::Passage;
use canvas::{Canvas, Rgb, blend};
use domain::time::BEIJING_OFFSET_MS;
use domain::{PlateColor, Theatre, Timestamp};
use jpeg_encoder::EncodingError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use text::Lettering;

/// Size of a scene in pixels.
pub const WIDTH_PX: i32 = 640;
/// See [`WIDTH_PX`].
pub const HEIGHT_PX: i32 = 360;
/// Size of a plate's picture in pixels.
pub const PLATE_WIDTH_PX: i32 = 220;
/// See [`PLATE_WIDTH_PX`].
pub const PLATE_HEIGHT_PX: i32 = 70;
const HORIZON_PX: i32 = 96;
const STRIP_PX: i32 = 26;
/// Chosen so that a scene stays under 15 kB.
const QUALITY: u8 = 52;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Left edge.
    pub left: i32,
    /// Upper edge.
    pub top: i32,
    /// Right edge.
    pub right: i32,
    /// Lower edge.
    pub bottom: i32,
}

/// Draws pictures. Backgrounds and letters are drawn once and kept (at most 120 backgrounds of 0.7 MB).
pub struct Painter {
    county: Arc<County>,
    lettering: Lettering,
    backgrounds: Mutex<HashMap<(u16, bool), Arc<Canvas>>>,
}

impl Painter {
    /// A painter for the county; looks for a font.
    pub fn new(county: Arc<County>) -> Self {
        Self { county, lettering: Lettering::find(), backgrounds: Mutex::default() }
    }

    /// Whether pictures have text.
    pub fn has_font(&self) -> bool {
        self.lettering.has_font()
    }

    /// The whole scene as JPEG.
    pub fn scene(&self, passage: &Passage) -> Result<Vec<u8>, EncodingError> {
        let vehicle = &self.county.register.vehicles[passage.vehicle as usize];
        let is_night = noise::is_night(passage.at_ms);
        let mut canvas = (*self.background(passage.checkpoint, is_night)).clone();
        let frame = self.frame(passage);
        draw_vehicle(&mut canvas, vehicle, frame, is_night);
        let plate_width = if vehicle.kind == Kind::Motorcycle { 40 } else { 92 };
        let (middle, plate_height) = (i32::midpoint(frame.left, frame.right), plate_width * 22 / 70);
        let bottom = frame.bottom - (frame.bottom - frame.top) / 10;
        let plate = Frame {
            left: middle - plate_width / 2,
            top: bottom - plate_height,
            right: middle + plate_width / 2,
            bottom,
        };
        self.draw_plate(&mut canvas, vehicle, plate);
        self.caption(&mut canvas, passage);
        canvas.jpeg(QUALITY)
    }

    /// The plate alone as JPEG.
    pub fn plate(&self, passage: &Passage) -> Result<Vec<u8>, EncodingError> {
        let vehicle = &self.county.register.vehicles[passage.vehicle as usize];
        let mut canvas = Canvas::new(PLATE_WIDTH_PX, PLATE_HEIGHT_PX);
        self.draw_plate(
            &mut canvas,
            vehicle,
            Frame { left: 0, top: 0, right: PLATE_WIDTH_PX, bottom: PLATE_HEIGHT_PX },
        );
        canvas.jpeg(QUALITY)
    }

    /// Where the vehicle stands in its scene.
    pub fn frame(&self, passage: &Passage) -> Frame {
        let vehicle = &self.county.register.vehicles[passage.vehicle as usize];
        let mut dice =
            Dice::new(self.county.seed, Stream::Scene, passage.vehicle.into(), passage.at_ms as u64);
        let (width, height) = match vehicle.kind {
            Kind::Motorcycle => (52, 112),
            Kind::FarmTricycle => (104, 118),
            Kind::Car | Kind::ElectricCar => (168, 122),
            Kind::Minivan | Kind::LightTruck => (158, 146),
            Kind::SchoolBus | Kind::MediumTruck => (178, 178),
            _ => (196, 214),
        };
        let lane_x =
            210 + 220 * i32::from(passage.lane.min(3) - 1).min(1) + (dice.between(-22.0, 22.0) as i32);
        let bottom = HEIGHT_PX - STRIP_PX - 14 - dice.below(18) as i32;
        Frame { left: lane_x - width / 2, top: bottom - height, right: lane_x + width / 2, bottom }
    }

    fn background(&self, checkpoint: u16, is_night: bool) -> Arc<Canvas> {
        let mut backgrounds = self.backgrounds.lock().unwrap_or_else(PoisonError::into_inner);
        backgrounds
            .entry((checkpoint, is_night))
            .or_insert_with(|| Arc::new(draw_background(&self.county, checkpoint, is_night)))
            .clone()
    }

    fn draw_plate(&self, canvas: &mut Canvas, vehicle: &Vehicle, frame: Frame) {
        if matches!(vehicle.guise, Guise::NoPlate | Guise::Covered) {
            return;
        }
        let (ground, ink): (Rgb, Rgb) = match vehicle.kind.plate_class().color() {
            PlateColor::Blue => ([20, 60, 170], [240, 240, 245]),
            PlateColor::Green => ([70, 190, 120], [10, 20, 15]),
            PlateColor::YellowGreen => ([150, 200, 70], [10, 20, 15]),
            PlateColor::White => ([235, 235, 235], [20, 20, 20]),
            PlateColor::Black => ([20, 20, 20], [235, 235, 235]),
            PlateColor::Yellow | PlateColor::Unknown => ([230, 175, 30], [15, 15, 15]),
        };
        let Frame { left, top, right, bottom } = frame;
        let (width, height) = (right - left, bottom - top);
        canvas.rectangle(left, top, right, bottom, blend(ground, [255, 255, 255], 0.7));
        let rim = (height / 16).max(1);
        canvas.rectangle(left + rim, top + rim, right - rim, bottom - rim, ground);
        let text = vehicle.plate.to_string();
        // As large as width and height allow; capitals are about half as high as the font's line.
        let probe_px = 100;
        let by_width =
            f64::from(width) * 0.9 / f64::from(self.lettering.width_px(&text, probe_px).max(1.0)) * 100.0;
        let size_px = by_width.min(f64::from(height) * 1.3) as u16;
        let start = left + (width - self.lettering.width_px(&text, size_px) as i32) / 2;
        let base = bottom - (height - i32::from(size_px) / 2) / 2;
        canvas.text(&self.lettering, (start, base), size_px, &text, ink);
    }

    fn caption(&self, canvas: &mut Canvas, passage: &Passage) {
        const INK: Rgb = [245, 245, 235];
        let checkpoint = &self.county.checkpoints[passage.checkpoint as usize];
        let local = Timestamp::from_unix_ms(passage.at_ms);
        let ms = (passage.at_ms + BEIJING_OFFSET_MS).rem_euclid(domain::time::DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        canvas.rectangle(0, HEIGHT_PX - STRIP_PX, WIDTH_PX, HEIGHT_PX, [12, 12, 12]);
        let time = format!("{} {hour:02}:{minute:02}:{second:02}", local.beijing_day());
        let place = format!("{}  车道{}  {}km/h", checkpoint.name, passage.lane, passage.speed_kmh);
        let base = HEIGHT_PX - 8;
        let end = canvas.text(&self.lettering, (8, base), 17, &time, INK);
        canvas.text(&self.lettering, (end + 16, base), 17, &place, INK);
    }
}

fn draw_background(county: &County, checkpoint: u16, is_night: bool) -> Canvas {
    let site = &county.checkpoints[checkpoint as usize];
    let mut dice = Dice::new(county.seed, Stream::Scene, checkpoint.into(), u64::MAX);
    let dim = |color: Rgb| if is_night { blend(color, [8, 10, 22], 0.78) } else { color };
    let mut canvas = Canvas::new(WIDTH_PX, HEIGHT_PX);
    canvas.gradient(0, HORIZON_PX, dim([150, 185, 220]), dim([214, 224, 232]));
    let verge = if site.theatre == Theatre::Urban { [168, 164, 158] } else { [118, 146, 88] };
    for _ in 0..10 {
        let x = dice.below(WIDTH_PX as usize) as i32;
        if site.theatre == Theatre::Urban {
            let (width, height) = (40 + dice.below(60) as i32, 30 + dice.below(60) as i32);
            let grey = 120 + dice.below(80) as u8;
            canvas.rectangle(x, HORIZON_PX - height, x + width, HORIZON_PX, dim([grey, grey, grey - 12]));
        } else {
            let (width, height) = (60 + dice.below(120) as i32, 8 + dice.below(26) as i32);
            canvas.ellipse(x, HORIZON_PX, width, height, dim([96, 122, 84]));
        }
    }
    canvas.rectangle(0, HORIZON_PX, WIDTH_PX, HEIGHT_PX, dim(verge));
    canvas.trapezoid((270, 370, HORIZON_PX), (-40, 680, HEIGHT_PX), dim([96, 98, 102]));
    for (top, bottom) in [(274, -16), (363, 648)] {
        canvas.trapezoid((top, top + 3, HORIZON_PX), (bottom, bottom + 10, HEIGHT_PX), dim([226, 226, 214]));
    }
    for dash in 0..6 {
        let near = |step: i32| HORIZON_PX + (HEIGHT_PX - HORIZON_PX) * step * step / 144;
        let (from, to) = (near(dash * 2), near(dash * 2 + 1));
        let width = 1 + (from - HORIZON_PX) / 50;
        canvas.trapezoid(
            (320 - width, 320 + width, from),
            (319 - width, 321 + width, to),
            dim([226, 226, 214]),
        );
    }
    canvas
}

fn draw_vehicle(canvas: &mut Canvas, vehicle: &Vehicle, frame: Frame, is_night: bool) {
    let paint: Rgb = match vehicle.color {
        'A' => [232, 234, 236],
        'B' => [150, 154, 158],
        'C' => [222, 180, 50],
        'D' => [226, 160, 176],
        'E' => [176, 36, 40],
        'F' => [112, 62, 130],
        'G' => [52, 120, 72],
        'H' => [42, 82, 152],
        'I' => [112, 80, 58],
        _ => [42, 44, 48],
    };
    let dim = |color: Rgb| if is_night { blend(color, [10, 12, 20], 0.5) } else { color };
    let Frame { left, top, right, bottom } = frame;
    let (width, height) = (right - left, bottom - top);
    let is_box =
        vehicle.kind.is_large() || matches!(vehicle.kind, Kind::SchoolBus | Kind::LightTruck | Kind::Minivan);
    canvas.ellipse(i32::midpoint(left, right), bottom, width * 6 / 11, height / 16, [38, 40, 42]);
    for wheel in [left + width / 16, right - width / 16 - width / 8] {
        canvas.rectangle(wheel, bottom - height / 5, wheel + width / 8, bottom + 3, [22, 22, 24]);
    }
    let inset = if is_box { width / 28 } else { width / 6 };
    let shoulder = top + height * if is_box { 5 } else { 9 } / 20;
    canvas.trapezoid(
        (left + inset, right - inset, top),
        (left + width / 24, right - width / 24, shoulder),
        dim(paint),
    );
    canvas.rectangle(left, shoulder, right, bottom - height / 14, dim(paint));
    let glass = dim([58, 72, 84]);
    let pane = inset + width / 14;
    canvas.trapezoid(
        (left + pane, right - pane, top + height / 16),
        (left + width / 10, right - width / 10, shoulder + if is_box { height / 5 } else { -height / 40 }),
        glass,
    );
    let grille = bottom - height / 3;
    canvas.rectangle(
        left + width / 4,
        grille,
        right - width / 4,
        grille + height / 14,
        dim(blend(paint, [0, 0, 0], 0.55)),
    );
    let light: Rgb = if is_night { [255, 250, 214] } else { [226, 228, 216] };
    for x in [left + width / 8, right - width / 8] {
        if is_night {
            canvas.ellipse(x, grille + height / 24, width / 7, height / 11, blend(dim(paint), light, 0.45));
        }
        canvas.ellipse(x, grille + height / 24, width / 12, height / 18, light);
    }
    canvas.rectangle(
        left,
        bottom - height / 7,
        right,
        bottom - height / 14,
        dim(blend(paint, [0, 0, 0], 0.35)),
    );
}
