//! The county: places, roads, checkpoints, sections, vehicles and devices, all from one seed.
//!
//! Reading order: [`places`], [`roads`], [`network`], [`checkpoints`], [`vehicles`], [`areas`], [`staff`],
//! [`fleets`];
//! [`export`] writes what a platform imports, [`reference`] gives the same to judgement directly.

pub mod areas;
pub mod checkpoints;
pub mod export;
pub mod fleets;
pub mod guises;
pub(crate) mod names;
pub mod network;
pub mod places;
pub mod reference;
pub mod roads;
pub mod staff;
pub mod vehicles;

use crate::geo::Point;
use checkpoints::{Checkpoint, Section};
use domain::CivilDay;
use network::{EdgeIndex, Network, NodeIndex, Way};
use places::Place;
use roads::{Road, RoadClass};
use vehicles::Register;

/// Where a trip can begin or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneKind {
    /// A street corner of the town.
    Town,
    /// A township's centre.
    Township,
    /// A village.
    Village,
    /// Where a main road leaves the county.
    Gate,
    /// A city outside, 120 to 430 km away.
    Far,
}

/// A place where trips begin and end, and the ways to it from everywhere.
#[derive(Clone, Debug)]
pub struct Zone {
    /// What it is.
    pub kind: ZoneKind,
    /// Its node.
    pub node: NodeIndex,
    ways: Vec<Way>,
    /// Ways that keep out of the inner town.
    ways_around: Vec<Way>,
}

/// How a drive finds its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Routing {
    /// The best way.
    #[default]
    Free,
    /// Around the inner town, where trucks are banned.
    AroundTown,
}

/// The zones of each kind, as indices into [`County::zones`].
#[derive(Clone, Debug, Default)]
pub(crate) struct ZoneLists {
    pub(crate) town: Vec<u16>,
    pub(crate) township: Vec<u16>,
    pub(crate) village: Vec<u16>,
    pub(crate) gate: Vec<u16>,
    pub(crate) far: Vec<u16>,
    /// Of the town and the townships, those outside of the ban of trucks.
    pub(crate) outer_town: Vec<u16>,
    pub(crate) outer_township: Vec<u16>,
}

/// The whole county.
#[derive(Clone, Debug)]
pub struct County {
    /// What all of it was made from.
    pub seed: u64,
    /// The day on which its register was written: inspections and orders run out counted from it.
    pub day: CivilDay,
    /// Townships, then villages.
    pub places: Vec<Place>,
    /// All roads, also those outside.
    pub roads: Vec<Road>,
    /// The roads joined.
    pub network: Network,
    /// Where trips begin and end.
    pub zones: Vec<Zone>,
    /// The places of capture.
    pub checkpoints: Vec<Checkpoint>,
    /// Pairs of checkpoints for average speed.
    pub sections: Vec<Section>,
    /// Vehicles, their terminals, watch orders.
    pub register: Register,
    /// The ban of trucks in the inner town first, then the roads of dangerous goods.
    pub areas: Vec<domain::Zone>,
    pub(crate) outline: Vec<Point>,
    pub(crate) zone_lists: ZoneLists,
    /// Checkpoints on each edge, in the order of their distance from its first node.
    on_edge: Vec<Vec<u16>>,
    between_s: Vec<f32>,
    /// By checkpoint: whether it lies where trucks are banned.
    in_ban: Vec<bool>,
}

impl County {
    /// Makes the county. Takes about a second when optimised.
    pub fn generate(seed: u64, day: CivilDay) -> Self {
        let boundary = places::Boundary::new(seed);
        let places = places::generate(seed, &boundary);
        let mut roads = roads::generate(seed, &boundary, &places);
        let network = Network::join(&mut roads);
        let zones = zones(&network, &roads, &places);
        let mut zone_lists = ZoneLists::default();
        for (index, zone) in zones.iter().enumerate() {
            let list = match zone.kind {
                ZoneKind::Town => &mut zone_lists.town,
                ZoneKind::Township => &mut zone_lists.township,
                ZoneKind::Village => &mut zone_lists.village,
                ZoneKind::Gate => &mut zone_lists.gate,
                ZoneKind::Far => &mut zone_lists.far,
            };
            list.push(index as u16);
            if !areas::is_in_town(network.nodes[zone.node as usize], areas::TOWN_CLEARANCE_M) {
                match zone.kind {
                    ZoneKind::Town => zone_lists.outer_town.push(index as u16),
                    ZoneKind::Township => zone_lists.outer_township.push(index as u16),
                    _ => {}
                }
            }
        }
        let checkpoints = checkpoints::place(seed, &roads, &network, &zones, &zone_lists);
        let sections = checkpoints::sections(&checkpoints, &roads, &network);
        let mut on_edge = vec![Vec::new(); network.edges.len()];
        for (index, checkpoint) in checkpoints.iter().enumerate() {
            on_edge[checkpoint.edge as usize].push(index as u16);
        }
        for list in &mut on_edge {
            list.sort_by(|a: &u16, b| {
                checkpoints[*a as usize].along_m.total_cmp(&checkpoints[*b as usize].along_m)
            });
        }
        let between_s = checkpoints::between_s(&checkpoints, &network);
        let register = Register::generate(seed, day, &zone_lists);
        let outline = boundary.outline();
        let mut county = Self {
            seed,
            day,
            places,
            roads,
            network,
            zones,
            checkpoints,
            sections,
            register,
            areas: Vec::new(),
            outline,
            zone_lists,
            on_edge,
            between_s,
            in_ban: Vec::new(),
        };
        county.areas = areas::zones(&county);
        let ban = &county.areas[0].area;
        county.in_ban = county.checkpoints.iter().map(|c| ban.contains(c.at.to_wgs84())).collect();
        county
    }

    /// The best route from zone to zone; empty when they are the same.
    pub fn route(&self, from: u16, to: u16, routing: Routing) -> Route<'_> {
        let goal = &self.zones[to as usize];
        let ways = match routing {
            Routing::Free => &goal.ways,
            Routing::AroundTown => &goal.ways_around,
        };
        Route { county: self, ways, node: self.zones[from as usize].node }
    }

    /// Seconds that the best route takes a small vehicle at its limits, with delays at street corners.
    pub fn route_seconds(&self, from: u16, to: u16) -> f64 {
        self.zones[to as usize].ways[self.zones[from as usize].node as usize].cost
    }

    /// The same for a way; around the inner town only between places outside of it.
    pub(crate) fn way_seconds(&self, from: u16, to: u16, routing: Routing) -> f64 {
        let goal = &self.zones[to as usize];
        let ways = if routing == Routing::Free { &goal.ways } else { &goal.ways_around };
        ways[self.zones[from as usize].node as usize].cost
    }

    /// The place of a zone.
    pub(crate) fn zone_at(&self, zone: u16) -> Point {
        self.network.nodes[self.zones[zone as usize].node as usize]
    }

    /// The least seconds in which a small vehicle at its limits gets from checkpoint to checkpoint.
    pub(crate) fn between_s(&self, from: u16, to: u16) -> f64 {
        f64::from(self.between_s[usize::from(from) * self.checkpoints.len() + usize::from(to)])
    }

    /// Whether the checkpoint lies where trucks are banned by day.
    pub(crate) fn is_in_ban(&self, checkpoint: u16) -> bool {
        self.in_ban[usize::from(checkpoint)]
    }

    /// The checkpoints on an edge, by distance from its first node.
    pub(crate) fn on_edge(&self, edge: EdgeIndex) -> &[u16] {
        &self.on_edge[edge as usize]
    }
}

/// The steps of a route, one by one.
#[derive(Clone, Debug)]
pub struct Route<'c> {
    county: &'c County,
    ways: &'c [Way],
    node: NodeIndex,
}

impl Iterator for Route<'_> {
    type Item = network::Step;

    fn next(&mut self) -> Option<Self::Item> {
        let way = self.ways.get(self.node as usize)?;
        if way.edge == EdgeIndex::MAX {
            return None;
        }
        let (step, node) = self.county.network.step_from(self.node, way.edge);
        self.node = node;
        Some(step)
    }
}

/// What an edge costs a driver, in seconds: its length at the limit, with the delays of its class. Main streets draw the
/// town's traffic together.
fn seconds(edge: &network::Edge, road: &Road) -> f64 {
    let delay = match edge.class {
        RoadClass::Street if names::STREETS_MAIN.contains(&road.name.as_str()) => 1.0,
        RoadClass::Street => 1.8,
        RoadClass::Village => 1.3,
        RoadClass::Township => 1.15,
        _ => 1.0,
    };
    edge.length_m / (f64::from(edge.class.limit_kmh()) / 3.6) * delay
}

fn zones(network: &Network, roads: &[Road], places: &[Place]) -> Vec<Zone> {
    /// What keeps drives out of the inner town without cutting off what lies in it.
    const DETOUR_FACTOR: f64 = 60.0;
    let mut ends: Vec<(ZoneKind, NodeIndex)> = Vec::new();
    for node in 0..network.nodes.len() as NodeIndex {
        let streets = network
            .around(node)
            .iter()
            .filter(|edge| network.edge(**edge).class == RoadClass::Street)
            .count();
        if streets >= 3 {
            ends.push((ZoneKind::Town, node));
        }
    }
    for place in places {
        let kind = if place.is_township { ZoneKind::Township } else { ZoneKind::Village };
        ends.extend(network.node_at(place.at).map(|node| (kind, node)));
    }
    for road in roads {
        let (Some(first), Some(last)) = (road.points.first(), road.points.last()) else { continue };
        let is_main = matches!(road.class, RoadClass::National | RoadClass::Provincial)
            || road.class == RoadClass::Expressway && !road.name.ends_with("匝道");
        if road.is_outside {
            ends.extend(network.node_at(*last).map(|node| (ZoneKind::Far, node)));
        } else if is_main {
            ends.extend(
                [first, last]
                    .into_iter()
                    .filter_map(|end| network.node_at(*end))
                    .map(|n| (ZoneKind::Gate, n)),
            );
        }
    }
    let cost = |edge: &network::Edge| seconds(edge, &roads[edge.road]);
    let cost_around = |edge: &network::Edge| {
        let is_inside = edge.points.iter().any(|point| areas::is_in_town(*point, areas::TOWN_CLEARANCE_M));
        cost(edge) * if is_inside { DETOUR_FACTOR } else { 1.0 }
    };
    ends.into_iter()
        .map(|(kind, node)| Zone {
            kind,
            node,
            ways: network.ways_to(node, cost),
            ways_around: network.ways_to(node, cost_around),
        })
        .collect()
}
