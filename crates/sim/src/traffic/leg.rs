//! One drive: from zone to zone along a route, with its speed and its rests. Where it is at any time, and when it
//! passes which checkpoint.

use super::Passage;
use crate::county::network::{Edge, Step};
use crate::county::roads::RoadClass;
use crate::county::{County, Routing, checkpoints};
use crate::dice::{Stream, mix, unit_of};
use crate::geo::Point;
use domain::Behaviours;

/// A drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Index of the vehicle.
    pub vehicle: u32,
    /// When it sets out, Unix milliseconds.
    pub depart_ms: i64,
    /// Zone it begins at.
    pub from: u16,
    /// Zone it ends at.
    pub to: u16,
    /// Speed as a share of the limit that holds for the vehicle.
    pub pace: f32,
    /// When it rests.
    pub rest: Option<Rest>,
    /// Where it stands on the way, instead of rests.
    pub halt: Option<Halt>,
    /// A road on which it goes too fast.
    pub rush: Option<Rush>,
    /// How it finds its way.
    pub routing: Routing,
    /// What is wrong with it on purpose.
    pub plant: Option<Plant>,
}

/// A stop after so much driving, again and again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rest {
    /// Driving time between rests.
    pub every_ms: i64,
    /// Length of a rest.
    pub for_ms: i64,
}

/// One stand on the way, such as for a breakdown on the hard shoulder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Halt {
    /// Driving time before it.
    pub after_ms: i64,
    /// How long it stands.
    pub for_ms: i64,
}

/// Too fast on one road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rush {
    /// Index of the road.
    pub road: u16,
    /// Speed as a share of the limit.
    pub pace: f32,
}

/// An offence planted on a drive of a vehicle with terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// More than four hours without a rest.
    Fatigue,
    /// A coach driving more than two hours at night without a rest.
    NightFatigue,
    /// A coach on the road between 02:00 and 05:00.
    NightCoach,
}

/// Where a vehicle is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// Place on the plane.
    pub at: Point,
    /// Heading in degrees, 0 north, clockwise.
    pub heading_deg: f64,
    /// Speed in km/h, 0 while resting.
    pub speed_kmh: f64,
    /// Driven since the start, in metres.
    pub driven_m: f64,
}

/// One step of the drive, in driving time (without rests).
struct Stretch<'c> {
    edge: &'c Edge,
    step: Step,
    /// Metres and driving milliseconds before it.
    before_m: f64,
    before_ms: f64,
    speed_mps: f64,
}

impl Leg {
    fn stretches<'c>(&self, county: &'c County) -> impl Iterator<Item = Stretch<'c>> + use<'c> {
        let leg = *self;
        let is_large = county.register.vehicles[self.vehicle as usize].kind.is_large();
        let (mut before_m, mut before_ms) = (0.0, 0.0);
        county.route(self.from, self.to, self.routing).map(move |step| {
            let edge = county.network.edge(step.edge);
            let limit = if is_large { edge.class.limit_large_kmh() } else { edge.class.limit_kmh() };
            let pace = match leg.rush {
                Some(rush) if usize::from(rush.road) == edge.road => f64::from(rush.pace),
                // Corners and lights.
                _ if edge.class == RoadClass::Street => f64::from(leg.pace) * 0.7,
                _ => f64::from(leg.pace),
            };
            let speed_mps = f64::from(limit) * pace / 3.6;
            let stretch = Stretch { edge, step, before_m, before_ms, speed_mps };
            before_m += edge.length_m;
            before_ms += edge.length_m / speed_mps * 1_000.0;
            stretch
        })
    }

    /// Driving time in all, without rests.
    pub fn driving_ms(&self, county: &County) -> i64 {
        self.stretches(county)
            .last()
            .map_or(0, |s| (s.before_ms + s.edge.length_m / s.speed_mps * 1_000.0) as i64)
    }

    /// When it ends, Unix milliseconds.
    pub fn arrive_ms(&self, county: &County) -> i64 {
        self.depart_ms + self.clock_ms(self.driving_ms(county) as f64)
    }

    /// Time since the start, rests included, when this much has been driven.
    fn clock_ms(&self, driving_ms: f64) -> i64 {
        let rests = self.rest.map_or(0, |rest| (driving_ms as i64 / rest.every_ms) * rest.for_ms);
        let halt = self.halt.filter(|halt| driving_ms as i64 > halt.after_ms).map_or(0, |halt| halt.for_ms);
        driving_ms as i64 + rests + halt
    }

    /// Driving time at a clock time, and whether it rests then.
    fn driven_ms(&self, clock_ms: i64) -> (i64, bool) {
        if let Some(Halt { after_ms, for_ms }) = self.halt {
            let is_standing = (after_ms..after_ms + for_ms).contains(&clock_ms);
            let driven_ms = if clock_ms < after_ms { clock_ms } else { (clock_ms - for_ms).max(after_ms) };
            return (driven_ms, is_standing);
        }
        match self.rest {
            None => (clock_ms, false),
            Some(Rest { every_ms, for_ms }) => {
                let (rounds, rest) = (clock_ms / (every_ms + for_ms), clock_ms % (every_ms + for_ms));
                (rounds * every_ms + rest.min(every_ms), rest >= every_ms)
            }
        }
    }

    /// When it drives, from and to: between its rests.
    pub fn driving(&self, county: &County) -> Vec<(i64, i64)> {
        let all_ms = self.driving_ms(county);
        let mut cuts: Vec<(i64, i64)> = Vec::new();
        if let Some(Rest { every_ms, for_ms }) = self.rest {
            cuts.extend((1..=all_ms / every_ms).map(|round| (round * every_ms, for_ms)));
        }
        cuts.extend(self.halt.map(|halt| (halt.after_ms, halt.for_ms)));
        let (mut driving, mut from_ms, mut driven_ms) = (Vec::new(), self.depart_ms, 0);
        for (after_ms, for_ms) in cuts.into_iter().chain([(all_ms, 0)]) {
            let to_ms = from_ms + after_ms - driven_ms;
            if to_ms > from_ms {
                driving.push((from_ms, to_ms));
            }
            (from_ms, driven_ms) = (to_ms + for_ms, after_ms);
        }
        driving
    }

    /// Where the vehicle is at an instant; `None` before and after the drive.
    pub fn at(&self, county: &County, at_ms: i64) -> Option<Fix> {
        if at_ms < self.depart_ms {
            return None;
        }
        let (driven_ms, is_resting) = self.driven_ms(at_ms - self.depart_ms);
        for stretch in self.stretches(county) {
            let length_ms = stretch.edge.length_m / stretch.speed_mps * 1_000.0;
            let in_stretch_ms = driven_ms as f64 - stretch.before_ms;
            if in_stretch_ms <= length_ms {
                let along_m = in_stretch_ms / 1_000.0 * stretch.speed_mps;
                let (at, heading_deg) = stretch.edge.at_m(along_m, stretch.step.is_forward);
                let speed_kmh = if is_resting { 0.0 } else { stretch.speed_mps * 3.6 };
                return Some(Fix { at, heading_deg, speed_kmh, driven_m: stretch.before_m + along_m });
            }
        }
        None
    }

    /// The checkpoints it passes, in order.
    pub fn passages(&self, county: &County, mut sink: impl FnMut(Passage)) {
        for stretch in self.stretches(county) {
            let here = county.on_edge(stretch.step.edge);
            let mut pass = |index: u16| {
                let checkpoint = &county.checkpoints[index as usize];
                let Some(along_m) = checkpoints::passed_at_m(checkpoint, stretch.step, stretch.edge) else {
                    return;
                };
                let driving_ms = stretch.before_ms + along_m / stretch.speed_mps * 1_000.0;
                let at_ms = self.depart_ms + self.clock_ms(driving_ms);
                let chance = [county.seed, Stream::Leg as u64, self.vehicle.into(), at_ms as u64];
                let per_direction = checkpoint.lane_count
                    / if checkpoint.covers == checkpoints::Covers::Both { 2 } else { 1 };
                let wobble = 0.96 + 0.08 * unit_of(&chance);
                sink(Passage {
                    at_ms,
                    vehicle: self.vehicle,
                    checkpoint: index,
                    lane: 1 + (mix(&chance) % u64::from(per_direction.max(1))) as u8,
                    speed_kmh: (stretch.speed_mps * 3.6 * wobble).round().clamp(1.0, 255.0) as u8,
                    is_forward: stretch.step.is_forward,
                    behaviours: Behaviours::default(),
                    load_percent: 0,
                });
            };
            if stretch.step.is_forward {
                for index in here {
                    pass(*index);
                }
            } else {
                for index in here.iter().rev() {
                    pass(*index);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::{HOUR_MS, MINUTE_MS};

    fn leg(rest: Option<Rest>) -> Leg {
        let (halt, rush, plant, routing) = (None, None, None, Routing::Free);
        Leg { vehicle: 0, depart_ms: 0, from: 0, to: 1, pace: 0.8, rest, halt, rush, routing, plant }
    }

    #[test]
    fn rests_stop_the_driving_and_not_the_clock() {
        let rest = Rest { every_ms: 2 * HOUR_MS, for_ms: 30 * MINUTE_MS };
        let leg = leg(Some(rest));
        assert_eq!(leg.driven_ms(HOUR_MS), (HOUR_MS, false));
        assert_eq!(leg.driven_ms(2 * HOUR_MS + 10 * MINUTE_MS), (2 * HOUR_MS, true));
        assert_eq!(leg.driven_ms(3 * HOUR_MS), (2 * HOUR_MS + 30 * MINUTE_MS, false));
        // There and back.
        for driven_ms in [0, HOUR_MS, 3 * HOUR_MS, 5 * HOUR_MS + 1] {
            assert_eq!(leg.driven_ms(leg.clock_ms(driven_ms as f64)), (driven_ms, false));
        }
        let halted =
            Leg { halt: Some(Halt { after_ms: HOUR_MS, for_ms: 90 * MINUTE_MS }), ..self::leg(None) };
        assert_eq!(halted.driven_ms(HOUR_MS + MINUTE_MS), (HOUR_MS, true));
        for driven_ms in [0, HOUR_MS, 3 * HOUR_MS] {
            assert_eq!(halted.driven_ms(halted.clock_ms(driven_ms as f64)).0, driven_ms);
        }
        assert_eq!(self::leg(None).clock_ms(7.0 * HOUR_MS as f64), 7 * HOUR_MS);
    }
}
