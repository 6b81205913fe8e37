//! Zones of the county: the ban of trucks in the inner town with its permits, and the roads that dangerous goods keep to.

use super::{County, Routing};
use crate::geo::Point;
use domain::{Area, Hours, Timestamp, VehicleKey, Zone, ZoneId, ZoneKind};
use std::collections::BTreeSet;
use std::f64::consts::TAU;

/// Radius of the inner town, where trucks are banned by day.
const TOWN_RADIUS_M: f64 = 1_700.0;
/// How far outside of it lies what counts as outside.
pub(crate) const TOWN_CLEARANCE_M: f64 = 60.0;
const TOWN_CORNERS: usize = 16;
/// Minutes of the Beijing day in which the ban holds: 07:00 to 20:00.
pub(crate) const BAN_MINUTES: (u16, u16) = (7 * 60, 20 * 60);
/// Minutes of the Beijing day in which dangerous goods may be on their roads: 06:00 to 20:00.
pub(crate) const CORRIDOR_MINUTES: (u16, u16) = (6 * 60, 20 * 60);
/// How far a corridor reaches to either side of its road.
const CORRIDOR_REACH_M: u16 = 150;
const EVERY_DAY: u8 = 0b111_1111;
/// Depots of dangerous goods, and customers of each.
const DEPOTS: usize = 2;
const CUSTOMERS: usize = 4;

/// Whether a point lies in the inner town or within `clearance_m` of it.
pub(crate) fn is_in_town(at: Point, clearance_m: f64) -> bool {
    // The polygon lies within its circle.
    at.x.hypot(at.y) < TOWN_RADIUS_M + clearance_m
}

/// Whether the ban holds at that time.
pub(crate) fn ban_holds_at(at_ms: i64) -> bool {
    hours(BAN_MINUTES).contain(Timestamp::from_unix_ms(at_ms))
}

fn hours((from_minute, to_minute): (u16, u16)) -> Hours {
    Hours { days: EVERY_DAY, from_minute, to_minute }
}

/// The ways that dangerous goods may take: from a depot at a gate to a customer in a township.
pub(crate) fn dangerous_ways(county: &County) -> Vec<(u16, u16)> {
    let lists = &county.zone_lists;
    // The gates of the expressway come first; tankers come by national roads.
    let depots = lists.gate.iter().skip(2).step_by(2).take(DEPOTS);
    depots
        .flat_map(|depot| {
            // The nearest townships, so that the county is not covered with corridors.
            let mut near: Vec<u16> = lists.outer_township.clone();
            near.sort_by(|a, b| {
                county.route_seconds(*depot, *a).total_cmp(&county.route_seconds(*depot, *b))
            });
            near.into_iter().skip(1).take(CUSTOMERS).map(|customer| (*depot, customer))
        })
        .collect()
}

/// All zones: the ban first, then a corridor for each way of dangerous goods.
pub fn zones(county: &County) -> Vec<Zone> {
    let corner = |i: usize| {
        let angle = TAU * i as f64 / TOWN_CORNERS as f64;
        Point::new(TOWN_RADIUS_M * angle.cos(), TOWN_RADIUS_M * angle.sin()).to_wgs84()
    };
    let exempt = county.register.permits().map(|index| county.register.key(index));
    let mut zones = vec![Zone {
        id: ZoneId::from("ban-town"),
        name: "城区货车限行区".into(),
        kind: ZoneKind::Ban,
        area: Area::Polygon((0..TOWN_CORNERS).map(corner).collect()),
        checkpoints: Vec::new(),
        key_classes: Vec::new(),
        families: "HQ".into(),
        hours: vec![hours(BAN_MINUTES)],
        exempt: exempt.collect::<Vec<VehicleKey>>(),
    }];
    let mut told = BTreeSet::new();
    for (number, (depot, customer)) in dangerous_ways(county).into_iter().enumerate() {
        for (from, to) in [(depot, customer), (customer, depot)] {
            let steps: Vec<_> = county.route(from, to, Routing::AroundTown).collect();
            let mut edges: Vec<u32> = steps.iter().map(|step| step.edge).collect();
            edges.sort_unstable();
            // The way back is mostly the same road.
            if !told.insert(edges) {
                continue;
            }
            let mut points = Vec::new();
            for step in steps {
                let edge = &county.network.edges[step.edge as usize];
                let course: Vec<Point> = if step.is_forward {
                    edge.points.clone()
                } else {
                    edge.points.iter().rev().copied().collect()
                };
                points.extend(course.into_iter().map(Point::to_wgs84));
            }
            points.dedup();
            let way = if from == depot { "" } else { "返程" };
            zones.push(Zone {
                id: ZoneId::from(
                    format!("corridor-{}{}", number + 1, if way.is_empty() { "" } else { "-back" }).as_str(),
                ),
                name: format!("危货通行路线{}{way}", number + 1).into(),
                kind: ZoneKind::Corridor,
                area: Area::Line { points, reach_m: CORRIDOR_REACH_M },
                checkpoints: Vec::new(),
                key_classes: vec![domain::KeyClass::DangerousGoods],
                families: "".into(),
                hours: vec![hours(CORRIDOR_MINUTES)],
                exempt: Vec::new(),
            });
        }
    }
    zones
}
