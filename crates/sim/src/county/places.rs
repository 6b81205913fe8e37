//! Where people live: the boundary, sixteen townships, some 280 villages.

use super::names;
use crate::dice::{Dice, Stream};
use crate::geo::Point;
use std::collections::BTreeSet;
use std::f64::consts::TAU;

/// Half of the county's extent from west to east, and from south to north, in metres.
const HALF_WIDTH_M: f64 = 22_000.0;
const HALF_HEIGHT_M: f64 = 19_500.0;
pub(crate) const VILLAGE_COUNT: usize = 280;
/// Villages keep this distance from each other and from township centres.
const VILLAGE_GAP_M: f64 = 1_150.0;
const TOWNSHIP_GAP_M: f64 = 7_200.0;
/// No village stands inside the town.
pub(crate) const TOWN_RADIUS_M: f64 = 4_300.0;

/// A township or village.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Name.
    pub name: String,
    /// Its centre.
    pub at: Point,
    /// Index of the township it belongs to (its own for a township).
    pub township: usize,
    /// Whether it is a township.
    pub is_township: bool,
}

/// The outline of the county: an ellipse with lobes.
#[derive(Clone, Debug)]
pub(crate) struct Boundary {
    lobes: Vec<(f64, f64, f64)>,
}

impl Boundary {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Stream::Boundary, 0, 0);
        let lobes = [2.0, 3.0, 5.0, 7.0, 11.0, 17.0, 23.0]
            .into_iter()
            .map(|waves| (waves, 0.11 / f64::sqrt(waves) * dice.between(0.4, 1.0), dice.between(0.0, TAU)))
            .collect();
        Self { lobes }
    }

    /// The border point in that direction (radians, 0 east, counter-clockwise), stretched by `share`.
    pub(crate) fn point(&self, angle_rad: f64, share: f64) -> Point {
        let lobe: f64 =
            self.lobes.iter().map(|(waves, size, phase)| size * (waves * angle_rad + phase).sin()).sum();
        let radius = (0.97 + lobe) * share;
        Point::new(HALF_WIDTH_M * angle_rad.cos() * radius, HALF_HEIGHT_M * angle_rad.sin() * radius)
    }

    /// Whether a point lies within `share` of the way from the centre to the border.
    pub(crate) fn holds(&self, point: Point, share: f64) -> bool {
        let angle = (point.y / HALF_HEIGHT_M).atan2(point.x / HALF_WIDTH_M);
        let border = self.point(angle, share);
        point.x.hypot(point.y) < border.x.hypot(border.y)
    }

    /// The closed outline.
    pub(crate) fn outline(&self) -> Vec<Point> {
        const CORNERS: usize = 240;
        (0..=CORNERS)
            .map(|i| self.point(TAU * (i % CORNERS) as f64 / CORNERS as f64, 1.0).rounded())
            .collect()
    }
}

/// Townships first (the county town at index 0, at the centre), then villages.
pub(crate) fn generate(seed: u64, boundary: &Boundary) -> Vec<Place> {
    let mut dice = Dice::new(seed, Stream::Places, 0, 0);
    let mut centres = vec![Point::default()];
    scatter(&mut dice, boundary, 0.86, TOWNSHIP_GAP_M, names::TOWNSHIPS.len(), &mut centres);
    let mut taken = BTreeSet::new();
    let mut places: Vec<Place> = centres
        .iter()
        .zip(names::TOWNSHIPS)
        .enumerate()
        .map(|(township, (at, name))| Place { name: name.into(), at: *at, township, is_township: true })
        .collect();
    let mut all = centres.clone();
    scatter(&mut dice, boundary, 0.97, VILLAGE_GAP_M, centres.len() + VILLAGE_COUNT, &mut all);
    for at in all.drain(centres.len()..) {
        let township = nearest(&centres, at);
        places.push(Place { name: names::village(&mut dice, &mut taken), at, township, is_township: false });
    }
    places
}

/// Adds points at random, each at least `gap_m` from all others, until there are `count`; the gap shrinks when there
/// is no room.
fn scatter(
    dice: &mut Dice,
    boundary: &Boundary,
    share: f64,
    gap_m: f64,
    count: usize,
    points: &mut Vec<Point>,
) {
    let mut gap_m = gap_m;
    let mut misses = 0;
    while points.len() < count {
        let at = Point::new(
            dice.between(-HALF_WIDTH_M * 1.2, HALF_WIDTH_M * 1.2),
            dice.between(-HALF_HEIGHT_M * 1.2, HALF_HEIGHT_M * 1.2),
        )
        .rounded();
        let is_clear =
            points.iter().all(|other| other.distance(at) >= gap_m) && at.x.hypot(at.y) > TOWN_RADIUS_M;
        if is_clear && boundary.holds(at, share) {
            points.push(at);
        } else {
            misses += 1;
            if misses % 400 == 0 {
                gap_m *= 0.98;
            }
        }
    }
}

/// Index of the nearest of `points`.
pub(crate) fn nearest(points: &[Point], at: Point) -> usize {
    let distance = |index: &usize| points[*index].distance(at);
    (0..points.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or_default()
}
