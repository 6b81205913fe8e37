//! Zones (区域): where some vehicles may not be, or which they may not leave, at given hours.

use crate::id::{CheckpointId, ZoneId};
use crate::place::Wgs84;
use crate::time::{BEIJING_OFFSET_MS, DAY_MS, MINUTE_MS, Timestamp};
use crate::vehicle::{KeyClass, VehicleKey};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Metres of one degree of latitude (mean).
const METRES_PER_DEGREE: f64 = 111_195.0;

/// A zone with whom it concerns and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Identity.
    pub id: ZoneId,
    /// Name.
    pub name: SmolStr,
    /// What it does.
    pub kind: ZoneKind,
    /// Its place.
    pub area: Area,
    /// Checkpoints that are in it besides those that lie in the area.
    pub checkpoints: Vec<CheckpointId>,
    /// The key vehicles that it concerns; empty for all vehicles of the families.
    pub key_classes: Vec<KeyClass>,
    /// First letters of the vehicle types that it concerns (GA/T 16.4: `H` trucks, `Q` tractors …); empty for all.
    pub families: SmolStr,
    /// When it holds; empty for always.
    pub hours: Vec<Hours>,
    /// Vehicles with a permit (通行证).
    pub exempt: Vec<VehicleKey>,
}

/// What a zone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ZoneKind {
    /// 限行: whom it concerns may not be in it while it holds.
    Ban,
    /// 通行路线: whom it concerns may only be in it (or in another corridor), and only while it holds.
    Corridor,
}

impl ZoneKind {
    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Corridor => "corridor",
        }
    }

    /// The kind of a key.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Ban, Self::Corridor].into_iter().find(|kind| kind.key() == key)
    }
}

/// The ground that a zone covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Area {
    /// Only the zone's checkpoints.
    Checkpoints,
    /// Within a polygon; its ends are joined.
    Polygon(Vec<Wgs84>),
    /// Within so many metres of a line.
    Line {
        /// The line.
        points: Vec<Wgs84>,
        /// Metres to either side.
        reach_m: u16,
    },
}

impl Area {
    /// Whether the point lies in the area.
    pub fn contains(&self, point: Wgs84) -> bool {
        match self {
            Self::Checkpoints => false,
            Self::Polygon(corners) => is_inside(corners, point),
            Self::Line { points, reach_m } => distance_to_line_m(points, point) <= f64::from(*reach_m),
        }
    }
}

/// Hours of days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hours {
    /// Days of the week, bit 0 Monday to bit 6 Sunday.
    pub days: u8,
    /// First minute of the Beijing day.
    pub from_minute: u16,
    /// Minute of the Beijing day at which it ends; when not after the beginning, it ends on the next day.
    pub to_minute: u16,
}

impl Hours {
    /// Whether they hold at that time.
    pub fn contain(self, at: Timestamp) -> bool {
        let local_ms = at.unix_ms() + BEIJING_OFFSET_MS;
        let day = local_ms.div_euclid(DAY_MS);
        let minute = (local_ms.rem_euclid(DAY_MS) / MINUTE_MS) as u16;
        // 1970-01-01 was a Thursday.
        let is_day = |day: i64| self.days >> (day + 3).rem_euclid(7) & 1 != 0;
        if self.from_minute < self.to_minute {
            is_day(day) && (self.from_minute..self.to_minute).contains(&minute)
        } else {
            is_day(day) && minute >= self.from_minute || is_day(day - 1) && minute < self.to_minute
        }
    }
}

impl Zone {
    /// Whether its hours hold at that time.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.hours.is_empty() || self.hours.iter().any(|hours| hours.contain(at))
    }
}

/// Even–odd rule in degrees: a county is small.
fn is_inside(corners: &[Wgs84], point: Wgs84) -> bool {
    let (x, y) = (point.lon_deg(), point.lat_deg());
    let mut is_inside = false;
    let mut previous = corners.last();
    for corner in corners {
        if let Some(previous) = previous {
            let ((ax, ay), (bx, by)) =
                ((previous.lon_deg(), previous.lat_deg()), (corner.lon_deg(), corner.lat_deg()));
            if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
                is_inside = !is_inside;
            }
        }
        previous = Some(corner);
    }
    is_inside
}

/// Least distance in metres from a point to a line, on a plane around the point.
pub fn distance_to_line_m(points: &[Wgs84], point: Wgs84) -> f64 {
    let shrink = point.lat_deg().to_radians().cos();
    let plane = |other: Wgs84| {
        (
            (other.lon_deg() - point.lon_deg()) * METRES_PER_DEGREE * shrink,
            (other.lat_deg() - point.lat_deg()) * METRES_PER_DEGREE,
        )
    };
    let mut least = points.first().map_or(f64::INFINITY, |only| {
        let (x, y) = plane(*only);
        x.hypot(y)
    });
    for ends in points.windows(2) {
        let ((ax, ay), (bx, by)) = (plane(ends[0]), plane(ends[1]));
        let (dx, dy) = (bx - ax, by - ay);
        let length_squared = dx * dx + dy * dy;
        let along =
            if length_squared > 0.0 { (-(ax * dx + ay * dy) / length_squared).clamp(0.0, 1.0) } else { 0.0 };
        least = least.min((ax + along * dx).hypot(ay + along * dy));
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MS;

    fn point(lon: f64, lat: f64) -> Wgs84 {
        Wgs84::new(lon, lat).unwrap()
    }

    #[test]
    fn a_polygon_and_a_line_contain_what_lies_in_them() {
        let square = Area::Polygon(vec![
            point(118.0, 35.0),
            point(118.1, 35.0),
            point(118.1, 35.1),
            point(118.0, 35.1),
        ]);
        assert!(square.contains(point(118.05, 35.05)));
        assert!(!square.contains(point(118.15, 35.05)));
        let road = Area::Line { points: vec![point(118.0, 35.0), point(118.1, 35.0)], reach_m: 200 };
        assert!(road.contains(point(118.05, 35.001)));
        assert!(!road.contains(point(118.05, 35.003)));
        assert!(!road.contains(point(118.11, 35.0)));
        assert!(!Area::Checkpoints.contains(point(118.0, 35.0)));
    }

    #[test]
    fn hours_reach_over_midnight_by_the_day_on_which_they_begin() {
        // 2026-11-23 is a Monday; midnight in Beijing is 16:00 UTC of the day before.
        let monday = Timestamp::from_unix_ms(1_795_363_200_000);
        let nights = Hours { days: 1, from_minute: 22 * 60, to_minute: 6 * 60 };
        assert!(nights.contain(monday.plus_ms(23 * HOUR_MS)));
        assert!(nights.contain(monday.plus_ms(29 * HOUR_MS)), "Tuesday 05:00 belongs to Monday's night");
        assert!(!nights.contain(monday.plus_ms(5 * HOUR_MS)), "Monday 05:00 belongs to Sunday's");
        let whole_day = Hours { days: 0b111_1111, from_minute: 0, to_minute: 0 };
        assert!(whole_day.contain(monday.plus_ms(7 * HOUR_MS)));
    }
}
