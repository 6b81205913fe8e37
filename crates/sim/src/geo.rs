//! Plane geometry of the county: metres east and north of its centre, polylines, smooth curves.

use domain::Wgs84;

/// Centre of the county in degrees.
pub(crate) const CENTRE_LON_DEG: f64 = 118.84;
pub(crate) const CENTRE_LAT_DEG: f64 = 35.18;
/// Metres in a degree of latitude on the mean sphere (IUGG radius 6 371 008.8 m).
const METRES_PER_DEGREE: f64 = 111_195.08;

/// A point of the plane, in metres east and north of the centre.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// East.
    pub x: f64,
    /// North.
    pub y: f64,
}

impl Point {
    pub(crate) const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    pub(crate) fn plus(self, dx: f64, dy: f64) -> Self {
        Self::new(self.x + dx, self.y + dy)
    }

    pub(crate) fn lerp(self, other: Self, share: f64) -> Self {
        Self::new(self.x + (other.x - self.x) * share, self.y + (other.y - self.y) * share)
    }

    pub(crate) fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// Rounded to 0.1 m, so that points that are meant to be the same are.
    pub(crate) fn rounded(self) -> Self {
        Self::new((self.x * 10.0).round() / 10.0, (self.y * 10.0).round() / 10.0)
    }

    /// The point as a key: tenths of a metre.
    pub(crate) fn key(self) -> (i32, i32) {
        ((self.x * 10.0).round() as i32, (self.y * 10.0).round() as i32)
    }

    /// Heading towards `other` in degrees, 0 north, clockwise.
    pub(crate) fn heading_deg(self, other: Self) -> f64 {
        (other.x - self.x).atan2(other.y - self.y).to_degrees().rem_euclid(360.0)
    }

    /// The point on the earth.
    pub fn to_wgs84(self) -> Wgs84 {
        let lat = CENTRE_LAT_DEG + self.y / METRES_PER_DEGREE;
        let lon = CENTRE_LON_DEG + self.x / (METRES_PER_DEGREE * CENTRE_LAT_DEG.to_radians().cos());
        Wgs84::new(lon, lat).expect("the plane reaches a few degrees around its centre")
    }
}

/// Length of a polyline in metres.
pub(crate) fn length_m(points: &[Point]) -> f64 {
    points.windows(2).map(|pair| pair[0].distance(pair[1])).sum()
}

/// The point `along_m` metres along a polyline and the heading there; held at its ends.
pub(crate) fn at_m(points: &[Point], along_m: f64) -> (Point, f64) {
    let mut left = along_m.max(0.0);
    for pair in points.windows(2) {
        let length = pair[0].distance(pair[1]);
        if left <= length && length > 0.0 {
            return (pair[0].lerp(pair[1], left / length), pair[0].heading_deg(pair[1]));
        }
        left -= length;
    }
    match points {
        [.., before, last] => (*last, before.heading_deg(*last)),
        [only] => (*only, 0.0),
        [] => (Point::default(), 0.0),
    }
}

/// Where two segments cross, away from their ends: shares along each.
pub(crate) fn crossing(a: [Point; 2], b: [Point; 2]) -> Option<(f64, f64)> {
    let (rx, ry) = (a[1].x - a[0].x, a[1].y - a[0].y);
    let (sx, sy) = (b[1].x - b[0].x, b[1].y - b[0].y);
    let cross = rx * sy - ry * sx;
    if cross.abs() < 1e-6 {
        return None;
    }
    let (qx, qy) = (b[0].x - a[0].x, b[0].y - a[0].y);
    let t = (qx * sy - qy * sx) / cross;
    let u = (qx * ry - qy * rx) / cross;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some((t, u))
}

/// A smooth curve (centripetal-like Catmull–Rom) through all `controls`, about one point every `step_m`, thinned to
/// `tolerance_m`; the controls themselves stay points of the curve.
pub(crate) fn smooth(controls: &[Point], step_m: f64, tolerance_m: f64) -> Vec<Point> {
    let mut curve = Vec::new();
    for index in 0..controls.len().saturating_sub(1) {
        let (p1, p2) = (controls[index], controls[index + 1]);
        let p0 = if index == 0 { p1.lerp(p2, -1.0) } else { controls[index - 1] };
        let p3 = controls.get(index + 2).copied().unwrap_or_else(|| p2.lerp(p1, -1.0));
        let span = p1.distance(p2);
        // Tangents scaled to the span, so that unequal spans do not overshoot.
        let tangent = |a: Point, b: Point| {
            let reach = a.distance(b).max(1.0);
            Point::new((b.x - a.x) / reach * span, (b.y - a.y) / reach * span)
        };
        let (m1, m2) = (tangent(p0, p2), tangent(p1, p3));
        let count = (span / step_m).ceil().max(1.0) as usize;
        let piece: Vec<Point> = (0..=count)
            .map(|i| {
                let t = i as f64 / count as f64;
                let (t2, t3) = (t * t, t * t * t);
                let (h1, h2) = (2.0 * t3 - 3.0 * t2 + 1.0, t3 - 2.0 * t2 + t);
                let (h3, h4) = (-2.0 * t3 + 3.0 * t2, t3 - t2);
                Point::new(
                    h1 * p1.x + h2 * m1.x + h3 * p2.x + h4 * m2.x,
                    h1 * p1.y + h2 * m1.y + h3 * p2.y + h4 * m2.y,
                )
                .rounded()
            })
            .collect();
        let thin = thinned(&piece, tolerance_m);
        curve.extend_from_slice(&thin[usize::from(index > 0)..]);
    }
    curve
}

/// Douglas–Peucker; first and last point stay.
fn thinned(points: &[Point], tolerance_m: f64) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let farthest = (1..points.len().saturating_sub(1))
        .map(|index| (index, off_line_m(points[index], *first, *last)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    match farthest {
        Some((index, off)) if off > tolerance_m => {
            let mut left = thinned(&points[..=index], tolerance_m);
            left.pop();
            left.extend(thinned(&points[index..], tolerance_m));
            left
        }
        _ => vec![*first, *last],
    }
}

fn off_line_m(point: Point, a: Point, b: Point) -> f64 {
    let length = a.distance(b);
    if length < 1e-9 {
        return point.distance(a);
    }
    ((b.x - a.x) * (a.y - point.y) - (a.x - point.x) * (b.y - a.y)).abs() / length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plane_metres_are_metres_on_the_earth() {
        let (a, b) = (Point::new(-20_000.0, -15_000.0), Point::new(20_000.0, 15_000.0));
        let real = a.to_wgs84().distance_m(b.to_wgs84());
        assert!((real / 50_000.0 - 1.0).abs() < 0.003, "{real}");
    }

    #[test]
    fn curves_pass_through_their_controls() {
        let controls = [Point::new(0.0, 0.0), Point::new(1_000.0, 400.0), Point::new(2_500.0, -300.0)];
        let curve = smooth(&controls, 50.0, 2.0);
        for control in controls {
            assert!(curve.iter().any(|p| p.key() == control.key()));
        }
        let length = length_m(&curve);
        assert!((2_700.0..3_200.0).contains(&length), "{length}");
        let (end, _) = at_m(&curve, length + 5.0);
        assert_eq!(end.key(), controls[2].key());
    }

    #[test]
    fn segments_cross_or_do_not() {
        let a = [Point::new(0.0, 0.0), Point::new(10.0, 0.0)];
        assert_eq!(crossing(a, [Point::new(5.0, -5.0), Point::new(5.0, 5.0)]), Some((0.5, 0.5)));
        assert_eq!(crossing(a, [Point::new(5.0, 1.0), Point::new(5.0, 5.0)]), None);
        assert!((Point::new(0.0, 0.0).heading_deg(Point::new(1.0, 0.0)) - 90.0).abs() < 1e-9);
    }
}
