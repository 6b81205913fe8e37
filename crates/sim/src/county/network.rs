//! The road network: roads joined where they meet, and shortest routes over it.

use super::roads::{Road, RoadClass};
use crate::geo::{Point, at_m, crossing, length_m};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Index of a node.
pub type NodeIndex = u32;
/// Index of an edge.
pub type EdgeIndex = u32;

/// A stretch of road between two nodes.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The nodes at its ends, in the direction of rising chainage.
    pub ends: [NodeIndex; 2],
    /// Its course from the first node to the second.
    pub points: Vec<Point>,
    /// Length in metres.
    pub length_m: f64,
    /// Index of its road.
    pub road: usize,
    /// Chainage of its first node on the road, in metres.
    pub chainage_m: f64,
    /// Class of its road.
    pub class: RoadClass,
}

impl Edge {
    /// The point `along_m` metres from where the drive enters, and the heading of the drive there.
    pub(crate) fn at_m(&self, along_m: f64, is_forward: bool) -> (Point, f64) {
        if is_forward {
            at_m(&self.points, along_m)
        } else {
            let (point, heading) = at_m(&self.points, self.length_m - along_m);
            (point, (heading + 180.0).rem_euclid(360.0))
        }
    }
}

/// One edge of a route and the direction it is driven in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which edge.
    pub edge: EdgeIndex,
    /// Whether from its first node to its second.
    pub is_forward: bool,
}

/// Nodes and edges.
#[derive(Clone, Debug)]
pub struct Network {
    /// The places of the nodes.
    pub nodes: Vec<Point>,
    /// All edges.
    pub edges: Vec<Edge>,
    around: Vec<Vec<EdgeIndex>>,
    by_key: BTreeMap<(i32, i32), NodeIndex>,
}

impl Network {
    /// Joins the roads: where at-grade roads cross or touch there is a node; the expressway is reached by ramps only.
    /// The roads get the points of their crossings.
    pub(crate) fn join(roads: &mut [Road]) -> Self {
        insert_crossings(roads);
        let mut uses: BTreeMap<(i32, i32), u32> = BTreeMap::new();
        for road in roads.iter() {
            for (index, point) in road.points.iter().enumerate() {
                let is_end = index == 0 || index + 1 == road.points.len();
                *uses.entry(point.key()).or_default() += if is_end { 2 } else { 1 };
            }
        }
        let mut network =
            Self { nodes: Vec::new(), edges: Vec::new(), around: Vec::new(), by_key: BTreeMap::new() };
        for (index, road) in roads.iter().enumerate() {
            network.cut(index, road, &uses);
        }
        network
    }

    /// Cuts a road at its nodes.
    fn cut(&mut self, index: usize, road: &Road, uses: &BTreeMap<(i32, i32), u32>) {
        let mut points: Vec<Point> = Vec::new();
        let mut chainage_m = 0.0;
        for point in &road.points {
            points.push(*point);
            if points.len() < 2 || uses.get(&point.key()).is_none_or(|count| *count < 2) {
                continue;
            }
            let length_m = length_m(&points);
            let ends = [self.node(points[0]), self.node(*point)];
            if length_m > 0.0 {
                let edge = self.edges.len() as EdgeIndex;
                self.around[ends[0] as usize].push(edge);
                self.around[ends[1] as usize].push(edge);
                self.edges.push(Edge { ends, points, length_m, road: index, chainage_m, class: road.class });
            }
            points = vec![*point];
            chainage_m += length_m;
        }
    }

    fn node(&mut self, at: Point) -> NodeIndex {
        *self.by_key.entry(at.key()).or_insert_with(|| {
            self.nodes.push(at);
            self.around.push(Vec::new());
            (self.nodes.len() - 1) as NodeIndex
        })
    }

    /// The node at this very point.
    pub(crate) fn node_at(&self, at: Point) -> Option<NodeIndex> {
        self.by_key.get(&at.key()).copied()
    }

    /// The edges at a node.
    pub(crate) fn around(&self, node: NodeIndex) -> &[EdgeIndex] {
        &self.around[node as usize]
    }

    pub(crate) fn edge(&self, edge: EdgeIndex) -> &Edge {
        &self.edges[edge as usize]
    }

    /// For every node the first edge of the best way to `goal`, and what the whole way costs.
    pub(crate) fn ways_to(&self, goal: NodeIndex, cost: impl Fn(&Edge) -> f64) -> Vec<Way> {
        let mut ways = vec![Way { cost: f64::INFINITY, edge: EdgeIndex::MAX }; self.nodes.len()];
        let mut queue = BinaryHeap::new();
        ways[goal as usize].cost = 0.0;
        queue.push((Reverse(0u64), goal));
        while let Some((Reverse(bits), node)) = queue.pop() {
            // Costs are positive, so their bits sort as they do.
            let so_far = f64::from_bits(bits);
            if so_far > ways[node as usize].cost {
                continue;
            }
            for &index in self.around(node) {
                let edge = self.edge(index);
                let other = if edge.ends[0] == node { edge.ends[1] } else { edge.ends[0] };
                let total = so_far + cost(edge);
                if total < ways[other as usize].cost {
                    ways[other as usize] = Way { cost: total, edge: index };
                    queue.push((Reverse(total.to_bits()), other));
                }
            }
        }
        ways
    }

    /// The step that takes an edge from `node`, and the node it leads to.
    pub(crate) fn step_from(&self, node: NodeIndex, edge: EdgeIndex) -> (Step, NodeIndex) {
        let ends = self.edge(edge).ends;
        let is_forward = ends[0] == node;
        (Step { edge, is_forward }, if is_forward { ends[1] } else { ends[0] })
    }
}

/// The next edge towards a goal and the cost of the whole way there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) cost: f64,
    /// [`EdgeIndex::MAX`] at the goal and where no way leads to it.
    pub(crate) edge: EdgeIndex,
}

/// Puts the points where at-grade roads cross into both of them.
fn insert_crossings(roads: &mut [Road]) {
    const CELL_M: f64 = 400.0;
    let is_at_grade = |road: &Road| road.class != RoadClass::Expressway && !road.is_outside;
    let mut cells: BTreeMap<(i32, i32), Vec<(usize, usize)>> = BTreeMap::new();
    for (index, road) in roads.iter().enumerate().filter(|(_, road)| is_at_grade(road)) {
        for (segment, pair) in road.points.windows(2).enumerate() {
            let cell = |point: Point| ((point.x / CELL_M).floor() as i32, (point.y / CELL_M).floor() as i32);
            let (a, b) = (cell(pair[0]), cell(pair[1]));
            for x in a.0.min(b.0)..=a.0.max(b.0) {
                for y in a.1.min(b.1)..=a.1.max(b.1) {
                    cells.entry((x, y)).or_default().push((index, segment));
                }
            }
        }
    }
    let mut found: Vec<(usize, usize, f64, Point)> = Vec::new();
    for members in cells.values() {
        for (i, &(road_a, segment_a)) in members.iter().enumerate() {
            for &(road_b, segment_b) in &members[i + 1..] {
                if road_a == road_b {
                    continue;
                }
                let segment = |road: usize, at: usize| [roads[road].points[at], roads[road].points[at + 1]];
                let (a, b) = (segment(road_a, segment_a), segment(road_b, segment_b));
                if let Some((t, u)) = crossing(a, b) {
                    let point = a[0].lerp(a[1], t).rounded();
                    found.push((road_a, segment_a, t, point));
                    found.push((road_b, segment_b, u, point));
                }
            }
        }
    }
    // From the back, so that earlier places stay valid.
    found.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then(b.2.total_cmp(&a.2)));
    for (road, segment, _, point) in found {
        roads[road].points.insert(segment + 1, point);
    }
    for road in roads {
        road.points.dedup_by_key(|point| point.key());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn road(class: RoadClass, points: &[(f64, f64)]) -> Road {
        let points = points.iter().map(|(x, y)| Point::new(*x, *y)).collect();
        Road { class, name: String::new(), reference: String::new(), points, is_outside: false }
    }

    #[test]
    fn roads_meet_where_they_cross_but_not_under_the_expressway() {
        let mut roads = [
            road(RoadClass::County, &[(0.0, 0.0), (1_000.0, 0.0)]),
            road(RoadClass::County, &[(500.0, -500.0), (500.0, 500.0)]),
            road(RoadClass::Expressway, &[(200.0, -500.0), (200.0, 500.0)]),
        ];
        let network = Network::join(&mut roads);
        assert_eq!((network.nodes.len(), network.edges.len()), (7, 5));
        let crossing = network.node_at(Point::new(500.0, 0.0)).unwrap();
        assert_eq!(network.around(crossing).len(), 4);
        assert!(network.node_at(Point::new(200.0, 0.0)).is_none());
        let chainages: Vec<f64> = network.edges.iter().map(|edge| edge.chainage_m).collect();
        assert_eq!(chainages, [0.0, 500.0, 0.0, 500.0, 0.0]);
    }

    #[test]
    fn ways_are_the_cheapest_and_say_where_none_leads() {
        let mut roads = [
            road(RoadClass::County, &[(0.0, 0.0), (1_000.0, 0.0)]),
            road(RoadClass::County, &[(0.0, 0.0), (500.0, 800.0), (1_000.0, 0.0)]),
            road(RoadClass::Expressway, &[(0.0, 5_000.0), (1_000.0, 5_000.0)]),
        ];
        let network = Network::join(&mut roads);
        let (from, goal) = (
            network.node_at(Point::new(0.0, 0.0)).unwrap(),
            network.node_at(Point::new(1_000.0, 0.0)).unwrap(),
        );
        let ways = network.ways_to(goal, |edge| edge.length_m);
        assert!((ways[from as usize].cost - 1_000.0).abs() < 1e-9);
        let (step, node) = network.step_from(from, ways[from as usize].edge);
        assert_eq!((step.is_forward, node), (true, goal));
        let apart = network.node_at(Point::new(0.0, 5_000.0)).unwrap();
        assert_eq!(ways[apart as usize].edge, EdgeIndex::MAX);
    }
}
