//! Checkpoints where the traffic is, with one camera each, and sections between neighbours on one road.

use super::names::DIVISION;
use super::network::{Edge, EdgeIndex, Network, Step};
use super::roads::{Road, RoadClass};
use super::{Zone, ZoneLists};
use crate::dice::{Dice, Stream, mix};
use crate::geo::{Point, at_m, length_m};
use domain::Theatre;
use std::fmt::Write as _;

/// Which way a checkpoint looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// Vehicles that drive towards rising chainage (上行).
    Up,
    /// Vehicles that drive towards falling chainage (下行).
    Down,
    /// Both.
    Both,
}

impl Covers {
    /// Whether a vehicle driving that way is captured.
    pub fn includes(self, is_forward: bool) -> bool {
        match self {
            Self::Up => is_forward,
            Self::Down => !is_forward,
            Self::Both => true,
        }
    }
}

/// What a camera speaks, where the platform has a listener for it; GA/T 1400 elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// GA/T 1400.
    Gat1400,
    /// Notices of Hikvision.
    Isapi,
    /// Notices of Dahua.
    Dahua,
}

/// A checkpoint and its camera.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Tollgate identity of GA/T 1400: 20 digits, 121 in places 11–13.
    pub id: String,
    /// Identity of its camera: 20 digits, 119 in places 11–13.
    pub camera_id: String,
    /// The password of its camera.
    pub camera_password: String,
    /// What its camera speaks.
    pub protocol: Protocol,
    /// Name.
    pub name: String,
    /// Theatre.
    pub theatre: Theatre,
    /// Index of its road.
    pub road: usize,
    /// Chainage on the road in metres.
    pub chainage_m: f64,
    /// Which way it looks.
    pub covers: Covers,
    /// Lanes that it covers.
    pub lane_count: u8,
    /// Its place.
    pub at: Point,
    /// The edge it stands at, and how far from the edge's first node in metres.
    pub edge: EdgeIndex,
    /// See `edge`.
    pub along_m: f64,
    /// Heading of vehicles that drive towards rising chainage, degrees.
    pub heading_deg: f64,
    /// Limit for small vehicles in km/h.
    pub limit_kmh: u16,
    /// Limit for large vehicles in km/h.
    pub limit_large_kmh: u16,
    /// Whether trucks are weighed in motion here.
    pub weighs: bool,
}

impl Checkpoint {
    /// Direction code of GA/T 1400.3 (HDirectionType) of a vehicle: 1 west to east, 2 east to west, 3 north to
    /// south, 4 south to north.
    pub fn direction_code(&self, is_forward: bool) -> &'static str {
        let heading = if is_forward { self.heading_deg } else { self.heading_deg + 180.0 }.rem_euclid(360.0);
        match heading {
            45.0..135.0 => "1",
            135.0..225.0 => "3",
            225.0..315.0 => "2",
            _ => "4",
        }
    }

    /// The direction code of traffic that goes the right way, where the camera sees one carriageway only.
    pub fn one_way_code(&self) -> Option<&'static str> {
        (self.covers != Covers::Both).then(|| self.direction_code(self.covers == Covers::Up))
    }

    /// Which way it looks, in words.
    pub fn direction_text(&self) -> String {
        let towards = |is_forward| match self.direction_code(is_forward) {
            "1" => "由西向东",
            "2" => "由东向西",
            "3" => "由北向南",
            _ => "由南向北",
        };
        match self.covers {
            Covers::Up => towards(true).into(),
            Covers::Down => towards(false).into(),
            Covers::Both => "双向".into(),
        }
    }
}

/// A pair of checkpoints, one direction.
#[derive(Clone, Debug)]
pub struct Section {
    /// Identity.
    pub id: String,
    /// Name.
    pub name: String,
    /// Indices of the checkpoints where it begins and ends.
    pub ends: [u16; 2],
    /// Whether it is driven towards rising chainage.
    pub is_forward: bool,
    /// Length along the road in metres.
    pub length_m: u32,
    /// Limit for small vehicles in km/h.
    pub limit_kmh: u16,
    /// Limit for large vehicles in km/h.
    pub limit_large_kmh: u16,
}

/// How many checkpoints stand at the expressway (pairs of both directions), streets and county roads.
const EXPRESSWAY_SITES: usize = 5;
/// A stretch without exits has its sites so far within its ends.
const EXIT_GAP_M: f64 = 700.0;
/// National roads that weigh, with their first and last site.
const WEIGHING_ROADS: [usize; 2] = [1, 2];
const URBAN_SITES: usize = 20;
const RURAL_ROADS: usize = 4;
/// Cameras that post the notices of their maker; the first checkpoint's is never one.
const ISAPI_CAMERAS: usize = 4;
const DAHUA_CAMERAS: usize = 3;
/// Sites on each national and provincial road, in the order of `roads::main_roads` without the expressway.
const MAIN_SITES: [usize; 6] = [5, 5, 3, 3, 3, 3];
const SECTIONS_MAX: usize = 40;
/// Radius of the town, in which main roads count as streets.
const TOWN_M: f64 = 3_400.0;
const STREET_GAP_M: f64 = 520.0;

struct Site {
    road: usize,
    chainage_m: f64,
    covers: Covers,
    lane_count: u8,
    theatre: Theatre,
}

/// Chooses the places of all sixty checkpoints.
pub(crate) fn place(
    seed: u64,
    roads: &[Road],
    network: &Network,
    zones: &[Zone],
    lists: &ZoneLists,
) -> Vec<Checkpoint> {
    let uses = edge_uses(seed, network, zones, lists);
    let mut sites = Vec::new();
    for chainage_m in expressway_chainages(network) {
        for covers in [Covers::Up, Covers::Down] {
            sites.push(Site { road: 0, chainage_m, covers, lane_count: 3, theatre: Theatre::Expressway });
        }
    }
    for (road, count) in (1..).zip(MAIN_SITES) {
        for chainage_m in spread(&roads[road], count) {
            let lane_count = if roads[road].class == RoadClass::National { 4 } else { 2 };
            let theatre = Theatre::NationalProvincial;
            sites.push(Site { road, chainage_m, covers: Covers::Both, lane_count, theatre });
        }
    }
    sites.extend(urban_sites(roads, network, &uses));
    sites.extend(rural_sites(roads, network, &uses));
    let mut checkpoints: Vec<Checkpoint> =
        sites.iter().enumerate().map(|(index, site)| checkpoint(seed, index, site, roads, network)).collect();
    for road in WEIGHING_ROADS {
        let here = |checkpoint: &Checkpoint| checkpoint.road == road;
        let (first, last) = (checkpoints.iter().position(here), checkpoints.iter().rposition(here));
        for index in [first, last].into_iter().flatten() {
            checkpoints[index].weighs = true;
        }
    }
    let mut makers: Vec<usize> = (1..checkpoints.len()).collect();
    makers.sort_by_key(|index| mix(&[seed, Stream::Maker as u64, *index as u64]));
    let protocols = [Protocol::Isapi; ISAPI_CAMERAS].into_iter().chain([Protocol::Dahua; DAHUA_CAMERAS]);
    for (index, protocol) in makers.into_iter().zip(protocols) {
        checkpoints[index].protocol = protocol;
    }
    checkpoints
}

/// Where the expressway (road 0) is watched: both ends of its longest stretches without exits, so that what goes in has
/// to come out, and the beginning of the next.
fn expressway_chainages(network: &Network) -> Vec<f64> {
    let mut stretches: Vec<(f64, f64)> = network
        .edges
        .iter()
        .filter(|edge| edge.road == 0)
        .map(|edge| (edge.chainage_m, edge.chainage_m + edge.length_m))
        .collect();
    stretches.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)));
    let mut chainages: Vec<f64> = stretches
        .iter()
        .flat_map(|(from, to)| {
            let gap_m = EXIT_GAP_M.min((to - from) / 4.0);
            [from + gap_m, to - gap_m]
        })
        .take(EXPRESSWAY_SITES)
        .collect();
    chainages.sort_by(f64::total_cmp);
    chainages
}

/// How many of some thousand sample trips use each edge.
fn edge_uses(seed: u64, network: &Network, zones: &[Zone], lists: &ZoneLists) -> Vec<u32> {
    const SAMPLE_TRIPS: usize = 6_000;
    let mut dice = Dice::new(seed, Stream::Checkpoints, 0, 0);
    let mut uses = vec![0; network.edges.len()];
    for _ in 0..SAMPLE_TRIPS {
        let mut end = || {
            let weighted = [&lists.town, &lists.township, &lists.village, &lists.gate];
            let list = *dice.pick_weighted(&weighted, &[0.5, 0.2, 0.2, 0.1]);
            *dice.pick(list)
        };
        let (from, to) = (end(), end());
        let mut node = zones[from as usize].node;
        while let Some(way) =
            zones[to as usize].ways.get(node as usize).filter(|way| way.edge != EdgeIndex::MAX)
        {
            uses[way.edge as usize] += 1;
            node = network.step_from(node, way.edge).1;
        }
    }
    uses
}

/// Chainages spread evenly over the stretches of a main road outside of the town.
fn spread(road: &Road, count: usize) -> Vec<f64> {
    const STEP_M: f64 = 100.0;
    let count_all = (length_m(&road.points) / STEP_M) as usize;
    let outside: Vec<f64> = (0..count_all)
        .map(|i| i as f64 * STEP_M)
        .filter(|chainage_m| {
            let at = at_m(&road.points, *chainage_m).0;
            at.x.hypot(at.y) > TOWN_M
        })
        .collect();
    (0..count)
        .map(|i| {
            outside[(outside.len() as f64 * (0.12 + 0.76 * i as f64 / (count - 1) as f64)) as usize] + 15.0
        })
        .collect()
}

/// The busiest streets, some distance apart.
fn urban_sites(roads: &[Road], network: &Network, uses: &[u32]) -> Vec<Site> {
    let mut edges: Vec<usize> =
        (0..network.edges.len()).filter(|e| network.edges[*e].class == RoadClass::Street).collect();
    edges.sort_by_key(|edge| (std::cmp::Reverse(uses[*edge]), *edge));
    let mut chosen: Vec<usize> = Vec::new();
    let mut gap_m = STREET_GAP_M;
    while chosen.len() < URBAN_SITES {
        let middle = |edge: usize| network.edges[edge].at_m(network.edges[edge].length_m / 2.0, true).0;
        let next = edges.iter().copied().find(|edge| {
            network.edges[*edge].length_m > 150.0
                && chosen.iter().all(|other| middle(*other).distance(middle(*edge)) > gap_m)
        });
        match next {
            Some(edge) => chosen.push(edge),
            None => gap_m *= 0.9,
        }
    }
    chosen
        .into_iter()
        .map(|edge| {
            let edge = &network.edges[edge];
            let lane_count = if roads[edge.road].name.ends_with("大街") { 6 } else { 4 };
            Site {
                road: edge.road,
                chainage_m: edge.chainage_m + edge.length_m / 2.0,
                covers: Covers::Both,
                lane_count,
                theatre: Theatre::Urban,
            }
        })
        .collect()
}

/// Two sites on each of the busiest county roads, so that they make a section.
fn rural_sites(roads: &[Road], network: &Network, uses: &[u32]) -> Vec<Site> {
    let mut load: Vec<(u64, usize)> = Vec::new();
    for (index, road) in roads.iter().enumerate().filter(|(_, road)| road.class == RoadClass::County) {
        let (touches_town, length) =
            (road.points.iter().any(|p| p.x.hypot(p.y) < TOWN_M), length_m(&road.points));
        if !touches_town && length > 5_000.0 {
            let edges = network.edges.iter().enumerate().filter(|(_, edge)| edge.road == index);
            let vehicle_m: f64 = edges.map(|(e, edge)| f64::from(uses[e]) * edge.length_m).sum();
            load.push(((vehicle_m / length) as u64, index));
        }
    }
    load.sort_by_key(|(load, index)| (std::cmp::Reverse(*load), *index));
    load.iter()
        .take(RURAL_ROADS)
        .flat_map(|(_, road)| {
            let length = length_m(&roads[*road].points);
            [0.18, 0.82].map(|share| Site {
                road: *road,
                chainage_m: length * share,
                covers: Covers::Both,
                lane_count: 2,
                theatre: Theatre::Rural,
            })
        })
        .collect()
}

fn checkpoint(seed: u64, index: usize, site: &Site, roads: &[Road], network: &Network) -> Checkpoint {
    let is_here = |edge: &Edge| edge.road == site.road && edge.chainage_m <= site.chainage_m;
    let edge = network.edges.iter().rposition(is_here).expect("every road has an edge from chainage 0");
    let along_m = (site.chainage_m - network.edges[edge].chainage_m).min(network.edges[edge].length_m);
    let (at, heading_deg) = network.edges[edge].at_m(along_m, true);
    let road = &roads[site.road];
    let mut checkpoint = Checkpoint {
        id: format!("{DIVISION}0000121{:07}", index + 1),
        camera_id: format!("{DIVISION}0000119{:07}", index + 1),
        camera_password: password(seed, index),
        protocol: Protocol::Gat1400,
        name: String::new(),
        theatre: site.theatre,
        road: site.road,
        chainage_m: site.chainage_m,
        covers: site.covers,
        lane_count: site.lane_count,
        at,
        edge: edge as EdgeIndex,
        along_m,
        heading_deg,
        limit_kmh: roads[site.road].class.limit_kmh(),
        limit_large_kmh: roads[site.road].class.limit_large_kmh(),
        weighs: false,
    };
    checkpoint.name = if site.theatre == Theatre::Urban {
        let corner = network.edges[edge].ends[1];
        let cross = network.around(corner).iter().map(|e| network.edge(*e).road).find(|r| *r != site.road);
        let cross = cross.map_or(String::new(), |cross| format!("{}口", roads[cross].name));
        format!("{}{cross}卡口", road.name)
    } else {
        let metres = site.chainage_m.round() as u32;
        let suffix = if site.covers == Covers::Both { String::new() } else { checkpoint.direction_text() };
        format!("{}{}K{}+{:03}{suffix}", road.reference, road.name, metres / 1_000, metres % 1_000)
    };
    checkpoint
}

/// A camera's password: 12 letters and digits without those that are easily confused.
fn password(seed: u64, index: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut dice = Dice::new(seed, Stream::Checkpoints, 1, index as u64);
    (0..12).fold(String::new(), |mut text, _| {
        write!(text, "{}", char::from(*dice.pick(LETTERS))).expect("a string takes all that is written");
        text
    })
}

/// Sections between neighbours on one road, both ways, where no other way is shorter.
pub(crate) fn sections(checkpoints: &[Checkpoint], roads: &[Road], network: &Network) -> Vec<Section> {
    /// Shorter sections are too coarse for times in whole seconds.
    const LENGTH_M: std::ops::Range<f64> = 2_400.0..16_600.0;
    let mut sections = Vec::new();
    for is_forward in [true, false] {
        for (i, start) in checkpoints.iter().enumerate() {
            let ahead = |c: &Checkpoint| {
                if is_forward { c.chainage_m - start.chainage_m } else { start.chainage_m - c.chainage_m }
            };
            let next = checkpoints
                .iter()
                .enumerate()
                .filter(|(_, c)| c.road == start.road && c.covers.includes(is_forward) && ahead(c) > 1.0)
                .min_by(|a, b| ahead(a.1).total_cmp(&ahead(b.1)));
            let Some((j, end)) = next.filter(|_| start.covers.includes(is_forward)) else { continue };
            let length = ahead(end);
            // What enters a section of the expressway has no way out but its end.
            let has_exit = start.theatre == Theatre::Expressway && start.edge != end.edge;
            let is_usable = start.theatre != Theatre::Urban
                && !has_exit
                && LENGTH_M.contains(&length)
                && shortest_m(start, end, is_forward, network).is_some_and(|m| m >= length * 0.99);
            if is_usable {
                let class = roads[start.road].class;
                sections.push(Section {
                    id: format!("{DIVISION}Q{:04}", sections.len() + 1),
                    name: format!("{}至{}", start.name, end.name),
                    ends: [i as u16, j as u16],
                    is_forward,
                    length_m: length.round() as u32,
                    limit_kmh: class.limit_kmh(),
                    limit_large_kmh: class.limit_large_kmh(),
                });
            }
        }
    }
    sections.truncate(SECTIONS_MAX);
    sections
}

/// The shortest drive past `start` and then past `end`, each in the direction of the section.
fn shortest_m(start: &Checkpoint, end: &Checkpoint, is_forward: bool, network: &Network) -> Option<f64> {
    let (from, to) = (network.edge(start.edge), network.edge(end.edge));
    if start.edge == end.edge {
        return Some((end.along_m - start.along_m).abs());
    }
    let (leave, enter) = (usize::from(is_forward), usize::from(!is_forward));
    let rest = if is_forward { from.length_m - start.along_m } else { start.along_m };
    let begin = if is_forward { end.along_m } else { to.length_m - end.along_m };
    let way = network.ways_to(to.ends[enter], |edge| edge.length_m)[from.ends[leave] as usize];
    way.cost.is_finite().then_some(rest + way.cost + begin)
}

/// The least seconds from each checkpoint to each, at the limits of small vehicles, whichever way they face: row by row.
pub(crate) fn between_s(checkpoints: &[Checkpoint], network: &Network) -> Vec<f32> {
    let seconds = |class: RoadClass, length_m: f64| length_m / (f64::from(class.limit_kmh()) / 3.6);
    let mut table = vec![0.0; checkpoints.len() * checkpoints.len()];
    for (j, to) in checkpoints.iter().enumerate() {
        let goal = network.edge(to.edge);
        // From either end of the goal's edge, and the rest of that edge.
        let ways = goal.ends.map(|end| network.ways_to(end, |edge| seconds(edge.class, edge.length_m)));
        let rests = [to.along_m, goal.length_m - to.along_m];
        for (i, from) in checkpoints.iter().enumerate() {
            let start = network.edge(from.edge);
            let begins = [from.along_m, start.length_m - from.along_m];
            let mut least = f64::INFINITY;
            if from.edge == to.edge {
                least = seconds(goal.class, (from.along_m - to.along_m).abs());
            }
            for (way, rest) in ways.iter().zip(rests) {
                for (end, begin) in start.ends.iter().zip(begins) {
                    let between = way[*end as usize].cost;
                    least = least.min(seconds(start.class, begin) + between + seconds(goal.class, rest));
                }
            }
            table[i * checkpoints.len() + j] = least as f32;
        }
    }
    table
}

/// Whether a step passes the checkpoint, and how far into the step.
pub(crate) fn passed_at_m(checkpoint: &Checkpoint, step: Step, edge: &Edge) -> Option<f64> {
    let along_m = if step.is_forward { checkpoint.along_m } else { edge.length_m - checkpoint.along_m };
    checkpoint.covers.includes(step.is_forward).then_some(along_m)
}
