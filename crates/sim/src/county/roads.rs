//! The roads as lines on the plane, before they are joined to a network.

use super::names;
use super::places::{Boundary, Place};
use crate::dice::{Dice, Stream};
use crate::geo::{Point, at_m, crossing, length_m, smooth};
use domain::Theatre;
use std::collections::{BTreeMap, BTreeSet};

/// Class of a road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoadClass {
    /// 高速公路
    Expressway,
    /// 国道
    National,
    /// 省道
    Provincial,
    /// 县道
    County,
    /// 乡道
    Township,
    /// 村道
    Village,
    /// 城市道路
    Street,
}

impl RoadClass {
    /// The word used in GeoJSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Expressway => "expressway",
            Self::National => "national",
            Self::Provincial => "provincial",
            Self::County => "county",
            Self::Township => "township",
            Self::Village => "village",
            Self::Street => "street",
        }
    }

    /// Speed limit for small vehicles in km/h.
    pub fn limit_kmh(self) -> u16 {
        match self {
            Self::Expressway => 120,
            Self::National | Self::Provincial => 80,
            Self::County => 60,
            Self::Township | Self::Street => 50,
            Self::Village => 30,
        }
    }

    /// Speed limit for large vehicles in km/h.
    pub fn limit_large_kmh(self) -> u16 {
        match self {
            Self::Expressway => 100,
            Self::National | Self::Provincial => 70,
            Self::County => 50,
            Self::Township | Self::Street => 40,
            Self::Village => 30,
        }
    }

    /// The theatre that works it.
    pub fn theatre(self) -> Theatre {
        match self {
            Self::Expressway => Theatre::Expressway,
            Self::National | Self::Provincial => Theatre::NationalProvincial,
            Self::Street => Theatre::Urban,
            Self::County | Self::Township | Self::Village => Theatre::Rural,
        }
    }
}

/// A road.
#[derive(Clone, Debug)]
pub struct Road {
    /// Class.
    pub class: RoadClass,
    /// Name, as people say it.
    pub name: String,
    /// Number, empty for streets.
    pub reference: String,
    /// Its course, from chainage 0.
    pub points: Vec<Point>,
    /// Whether it leads from the county's border to a far city: vehicles drive it, the county's map does not show it.
    pub is_outside: bool,
}

impl Road {
    fn new(class: RoadClass, reference: &str, name: &str, points: Vec<Point>) -> Self {
        Self { class, name: name.into(), reference: reference.into(), points, is_outside: false }
    }
}

/// Radius of the spread in which a passing main road turns to a township.
const DETOUR_M: f64 = 2_600.0;
const STEP_M: f64 = 90.0;
const TOLERANCE_M: f64 = 3.0;
/// Main roads end just outside of the border.
const GATE_SHARE: f64 = 1.03;
const INTERCHANGE_GAP_M: f64 = 5_000.0;

/// All roads. Places' centres lie on their roads exactly.
pub(crate) fn generate(seed: u64, boundary: &Boundary, places: &[Place]) -> Vec<Road> {
    let mut dice = Dice::new(seed, Stream::Roads, 0, 0);
    let mut roads = main_roads(&mut dice, boundary, places);
    roads.extend(county_roads(&mut dice, places));
    roads.extend(village_roads(&mut dice, places));
    roads.extend(streets(seed));
    interchanges(&mut roads);
    far_roads(&mut dice, &mut roads);
    roads
}

fn main_roads(dice: &mut Dice, boundary: &Boundary, places: &[Place]) -> Vec<Road> {
    use RoadClass::{Expressway, National, Provincial};
    let gate = |degrees: f64| boundary.point(degrees.to_radians(), GATE_SHARE).rounded();
    let townships: Vec<Point> = places.iter().filter(|p| p.is_township).map(|p| p.at).collect();
    let p = Point::new;
    let mut used = BTreeSet::new();
    let mut road = |dice: &mut Dice, class, reference, name, controls: &[Point]| {
        let controls = via_townships(controls, &townships, &mut used);
        Road::new(class, reference, name, course(dice, &controls, 0.05))
    };
    vec![
        Road::new(
            Expressway,
            "S79",
            "安沭高速",
            course(
                dice,
                &[gate(203.0), p(-9_000.0, -7_400.0), p(1_500.0, -6_300.0), p(8_600.0, -1_800.0), gate(36.0)],
                0.02,
            ),
        ),
        road(
            dice,
            National,
            "G691",
            "安滨线",
            &[gate(178.0), p(-4_200.0, 150.0), p(0.0, 0.0), p(4_300.0, -200.0), gate(4.0)],
        ),
        road(
            dice,
            National,
            "G692",
            "沂河线",
            &[gate(94.0), p(1_250.0, 4_400.0), p(1_000.0, -4_500.0), gate(266.0)],
        ),
        road(
            dice,
            Provincial,
            "S391",
            "石青线",
            &[gate(150.0), p(-3_400.0, 3_700.0), p(4_000.0, 3_300.0), gate(26.0)],
        ),
        road(
            dice,
            Provincial,
            "S392",
            "柳汀线",
            &[gate(219.0), p(-4_400.0, -3_500.0), p(4_200.0, -3_900.0), gate(333.0)],
        ),
        road(dice, Provincial, "S393", "云枣线", &[gate(121.0), p(-10_000.0, 3_000.0), gate(240.0)]),
        road(dice, Provincial, "S394", "望金线", &[gate(60.0), p(11_000.0, 1_500.0), gate(300.0)]),
    ]
}

/// The controls with the townships near each span put in; a township lies on one main road of this kind only.
fn via_townships(controls: &[Point], townships: &[Point], used: &mut BTreeSet<usize>) -> Vec<Point> {
    let mut course: Vec<Point> = controls.first().copied().into_iter().collect();
    for span in controls.windows(2) {
        let (from, to) = (span[0], span[1]);
        let length = from.distance(to);
        let mut near: Vec<(f64, usize)> = Vec::new();
        for (index, at) in townships.iter().enumerate().skip(1) {
            let share =
                ((at.x - from.x) * (to.x - from.x) + (at.y - from.y) * (to.y - from.y)) / (length * length);
            if (0.12..0.88).contains(&share)
                && at.distance(from.lerp(to, share)) < DETOUR_M
                && used.insert(index)
            {
                near.push((share, index));
            }
        }
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        course.extend(near.into_iter().map(|(_, index)| townships[index]));
        course.push(to);
    }
    course
}

/// A curved course through the controls: each long span gets bends of up to `bend` of its length.
fn course(dice: &mut Dice, controls: &[Point], bend: f64) -> Vec<Point> {
    const BEND_EVERY_M: f64 = 2_600.0;
    let mut bent: Vec<Point> = controls.first().copied().into_iter().collect();
    for span in controls.windows(2) {
        let (from, to) = (span[0], span[1]);
        let length = from.distance(to);
        let count = (length / BEND_EVERY_M).round().clamp(1.0, 40.0) as usize;
        for i in 1..=count {
            let share = (i as f64 - 0.5) / count as f64;
            let off = (length / count as f64) * bend * dice.normal().clamp(-2.0, 2.0);
            let (nx, ny) = ((from.y - to.y) / length.max(1.0), (to.x - from.x) / length.max(1.0));
            bent.push(from.lerp(to, share).plus(nx * off, ny * off));
        }
        bent.push(to);
    }
    smooth(&bent, STEP_M, TOLERANCE_M)
}

/// County roads between townships: the Gabriel graph without what main roads join already.
fn county_roads(dice: &mut Dice, places: &[Place]) -> Vec<Road> {
    let towns: Vec<&Place> = places.iter().filter(|place| place.is_township).collect();
    let mut roads = Vec::new();
    for (i, a) in towns.iter().enumerate() {
        for b in towns.iter().skip(i + 1) {
            let middle = a.at.lerp(b.at, 0.5);
            let radius = a.at.distance(b.at) / 2.0;
            if towns.iter().all(|c| c.at.distance(middle) >= radius * 0.999) {
                let first = |place: &Place| place.name.chars().next().unwrap_or('安');
                let name = format!("{}{}线", first(a), first(b));
                let reference = format!("X{:03}", roads.len() + 1);
                let points = course(dice, &[a.at, b.at], 0.07);
                roads.push(Road::new(RoadClass::County, &reference, &name, points));
            }
        }
    }
    roads
}

/// Township and village roads: the relative neighbourhood graph of all places, which is sparse and connected. What
/// many villages need to reach their township is a township road.
fn village_roads(dice: &mut Dice, places: &[Place]) -> Vec<Road> {
    /// A pair that serves as many villages is a township road.
    const TOWNSHIP_ROAD_VILLAGES: u32 = 3;
    let pairs = neighbours(places);
    let uses = uses_towards_township(places, &pairs);
    let (mut township_count, mut village_count) = (0, 0);
    let mut roads = Vec::new();
    for (a, b) in pairs {
        if places[a].is_township && places[b].is_township {
            continue; // A county road joins them.
        }
        let is_township_road = uses.get(&(a, b)).is_some_and(|count| *count >= TOWNSHIP_ROAD_VILLAGES);
        let (class, letter, number) = if is_township_road {
            township_count += 1;
            (RoadClass::Township, 'Y', township_count)
        } else {
            village_count += 1;
            (RoadClass::Village, 'C', village_count)
        };
        let name = format!("{}至{}", places[a].name, places[b].name);
        let points = course(dice, &[places[a].at, places[b].at], 0.08);
        roads.push(Road::new(class, &format!("{letter}{number:03}"), &name, points));
    }
    roads
}

/// Pairs with no third place nearer to both (relative neighbourhood graph).
fn neighbours(places: &[Place]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (i, a) in places.iter().enumerate() {
        for (j, b) in places.iter().enumerate().skip(i + 1) {
            let distance = a.at.distance(b.at);
            if places.iter().all(|c| c.at.distance(a.at).max(c.at.distance(b.at)) >= distance * 0.999_9) {
                pairs.push((i, j));
            }
        }
    }
    pairs
}

/// How many villages pass each pair on the way to the next township (Bellman–Ford over the few hundred pairs).
fn uses_towards_township(places: &[Place], pairs: &[(usize, usize)]) -> BTreeMap<(usize, usize), u32> {
    let mut best: Vec<(f64, Option<(usize, usize)>)> =
        places.iter().map(|place| (if place.is_township { 0.0 } else { f64::INFINITY }, None)).collect();
    for _ in 0..places.len() {
        let mut is_settled = true;
        for &(a, b) in pairs {
            let length = places[a].at.distance(places[b].at);
            for (from, to) in [(a, b), (b, a)] {
                if best[from].0 + length < best[to].0 {
                    best[to] = (best[from].0 + length, Some((a, b)));
                    is_settled = false;
                }
            }
        }
        if is_settled {
            break;
        }
    }
    let mut uses = BTreeMap::new();
    for start in 0..places.len() {
        let mut at = start;
        while let Some((a, b)) = best[at].1 {
            *uses.entry((a, b)).or_insert(0) += 1;
            at = if at == a { b } else { a };
        }
    }
    uses
}

/// The town's streets: a grid, turned and warped a little.
fn streets(seed: u64) -> Vec<Road> {
    const SPACING_EAST_M: f64 = 660.0;
    const SPACING_NORTH_M: f64 = 620.0;
    const OVERHANG_M: f64 = 130.0;
    let mut dice = Dice::new(seed, Stream::Streets, 0, 0);
    let turn = dice.between(4.0, 9.0_f64).to_radians();
    let phases: [f64; 2] = [dice.between(0.0, 6.0), dice.between(0.0, 6.0)];
    let warp = |x: f64, y: f64| {
        let (wx, wy) = (x + 70.0 * (y / 900.0 + phases[0]).sin(), y + 60.0 * (x / 1_000.0 + phases[1]).sin());
        Point::new(wx * turn.cos() - wy * turn.sin(), wx * turn.sin() + wy * turn.cos())
    };
    let half_east = SPACING_EAST_M * (names::STREETS_NORTH.len() - 1) as f64 / 2.0;
    let half_north = SPACING_NORTH_M * (names::STREETS_EAST.len() - 1) as f64 / 2.0;
    let mut roads = Vec::new();
    let mut lay = |name: &str, half: f64, point: &dyn Fn(f64) -> Point| {
        let count = ((half + OVERHANG_M) * 2.0 / 200.0) as usize;
        let controls: Vec<Point> = (0..=count)
            .map(|i| point(-(half + OVERHANG_M) + (half + OVERHANG_M) * 2.0 * i as f64 / count as f64))
            .collect();
        roads.push(Road::new(RoadClass::Street, "", name, smooth(&controls, 100.0, 1.0)));
    };
    for (i, name) in names::STREETS_NORTH.iter().enumerate() {
        let x = -half_east + SPACING_EAST_M * i as f64 + dice.between(-90.0, 90.0);
        lay(name, half_north, &|along| warp(x, along));
    }
    for (i, name) in names::STREETS_EAST.iter().enumerate() {
        let y = -half_north + SPACING_NORTH_M * i as f64 + dice.between(-80.0, 80.0);
        lay(name, half_east, &|along| warp(along, y));
    }
    roads
}

/// Joins the expressway (road 0) to the main roads it crosses, by ramps, some kilometres apart.
fn interchanges(roads: &mut Vec<Road>) {
    /// How far from the crossing a ramp leaves each road.
    const RAMP_REACH_M: f64 = 420.0;
    let mut found: Vec<(f64, usize, f64)> = Vec::new();
    for (index, road) in roads.iter().enumerate() {
        if matches!(road.class, RoadClass::National | RoadClass::Provincial) {
            found.extend(crossings_m(&roads[0].points, &road.points).map(|(own, other)| (own, index, other)));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut last_m = f64::NEG_INFINITY;
    for (own_m, index, other_m) in found {
        if own_m - last_m < INTERCHANGE_GAP_M {
            continue;
        }
        last_m = own_m;
        let leave = insert_at(&mut roads[0].points, own_m + RAMP_REACH_M);
        let join = insert_at(&mut roads[index].points, other_m + RAMP_REACH_M);
        let name = format!("{}互通匝道", roads[index].reference);
        let (centre, _) = at_m(&roads[0].points, own_m);
        // The ramp swings out, away from the crossing.
        let middle = leave.lerp(join, 0.5);
        let bulge = middle.plus((middle.x - centre.x) * 0.35, (middle.y - centre.y) * 0.35);
        let points = smooth(&[leave, bulge, join], 30.0, 1.0);
        roads.push(Road::new(RoadClass::Expressway, "S79", &name, points));
    }
}

/// Chainages, on each of two lines, of the points where they cross.
fn crossings_m<'l>(a: &'l [Point], b: &'l [Point]) -> impl Iterator<Item = (f64, f64)> + 'l {
    a.windows(2).enumerate().flat_map(move |(i, first)| {
        b.windows(2).enumerate().filter_map(move |(j, second)| {
            let (t, u) = crossing([first[0], first[1]], [second[0], second[1]])?;
            let along_a = length_m(&a[..=i]) + t * first[0].distance(first[1]);
            let along_b = length_m(&b[..=j]) + u * second[0].distance(second[1]);
            Some((along_a, along_b))
        })
    })
}

/// Puts a point into the line at a chainage, and gives it.
fn insert_at(points: &mut Vec<Point>, along_m: f64) -> Point {
    let mut left = along_m;
    for index in 1..points.len() {
        let length = points[index - 1].distance(points[index]);
        if left < length {
            let point = points[index - 1].lerp(points[index], left / length).rounded();
            points.insert(index, point);
            return point;
        }
        left -= length;
    }
    *points.last().expect("a road has points")
}

/// Roads from the border to far cities, for those who drive further than the county.
fn far_roads(dice: &mut Dice, roads: &mut Vec<Road>) {
    const FAR: [(usize, bool, f64, &str); 6] = [
        (0, false, 210_000.0, "临西市"),
        (0, true, 430_000.0, "海川市"),
        (1, false, 150_000.0, "中宁市"),
        (1, true, 120_000.0, "港城市"),
        (2, false, 330_000.0, "北原市"),
        (2, true, 190_000.0, "南淮市"),
    ];
    for (index, is_end, length, city) in FAR {
        let points = &roads[index].points;
        let ends = if is_end {
            [points[points.len() - 2], points[points.len() - 1]]
        } else {
            [points[1], points[0]]
        };
        let heading = (ends[1].y - ends[0].y).atan2(ends[1].x - ends[0].x);
        let far = ends[1].plus(heading.cos() * length, heading.sin() * length).rounded();
        let count = (length / 20_000.0) as usize;
        let controls: Vec<Point> = (0..=count)
            .map(|i| {
                let off = if i == 0 || i == count { 0.0 } else { dice.normal().clamp(-2.0, 2.0) * 1_200.0 };
                ends[1]
                    .lerp(far, i as f64 / count as f64)
                    .plus(-heading.sin() * off, heading.cos() * off)
                    .rounded()
            })
            .collect();
        let class = roads[index].class;
        let reference = roads[index].reference.clone();
        let mut road = Road::new(class, &reference, &format!("往{city}"), smooth(&controls, 1_000.0, 15.0));
        road.is_outside = true;
        roads.push(road);
    }
}
