//! Lanes: what is remembered of vehicles, in parts that never concern one another. So lanes can be judged beside one
//! another, and what is said doesn't depend on who judges which.
//!
//! Vehicles concern one another where whose a read is depends on others: among strangers (`strangers.rs`), whose numbers
//! agree in province and authority. So all vehicles of an authority share one lane, except where the register knows its
//! numbers: these are spread over all lanes.

use crate::deadlines::Deadlines;
use crate::doubts::Asked;
use crate::engine::Counts;
use crate::keyed::{Aging, Keyed};
use crate::models::claim::Claims;
use crate::models::drive::Drives;
use crate::models::no_exit::NoExits;
use crate::models::rules::{RuleKey, Said};
use crate::models::terminal::Terminals;
use crate::models::{Ground, Sight};
use crate::parameters::ModelParameters;
use crate::reading::Known;
use crate::reference::prefix_of;
use crate::strangers::{Board, Strangers, is_loose};
use crate::track::Track;
use domain::observation::Fact;
use domain::{CivilDay, Observation, Outcome, Timestamp, VehicleKey};
use std::hash::Hash;

/// More than there will be threads, so that each gets about as much as the others.
pub(crate) const LANES: usize = 1 << LANE_BITS;
const LANE_BITS: u32 = 4;

/// What is remembered of the vehicles of one lane.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) tracks: Keyed<VehicleKey, Track>,
    pub(crate) claims: Claims,
    pub(crate) strangers: Strangers,
    pub(crate) said: Said,
    pub(crate) drives: Drives,
    pub(crate) terminals: Terminals,
    pub(crate) no_exits: NoExits,
    pub(crate) asked: Asked,
    /// What was counted here; the engine's own come on top.
    pub(crate) counts: Counts,
}

impl Lane {
    fn new(keep_ms: i64, tracks_keep_ms: i64) -> Self {
        Self {
            tracks: Keyed::of_lane(tracks_keep_ms),
            claims: Claims { of_vehicles: Keyed::of_lane(keep_ms) },
            strangers: Strangers::new(keep_ms),
            said: Said::new(Keyed::of_lane(tracks_keep_ms)),
            drives: Drives { drives: Keyed::of_lane(keep_ms) },
            terminals: Terminals::default(),
            no_exits: NoExits::default(),
            asked: Asked::new(keep_ms),
            counts: Counts::default(),
        }
    }

    /// Judges a passage of a vehicle of this lane.
    pub(crate) fn judge_passage(
        &mut self,
        sight: &Sight<'_>,
        ground: Ground<'_>,
        clock: Timestamp,
        out: &mut Vec<Outcome>,
    ) {
        let Self { tracks, claims, strangers, said, drives, terminals, no_exits, asked, counts } = self;
        let mut context = ground.context(clock, counts, out);
        context.models = ground.models_for(sight);
        let mut board = Board { tracks, rules: said, no_exits, claims };
        if is_loose(sight, &ground.tuned.everywhere().reading) {
            strangers.take(sight, &mut board, &mut context);
            return;
        }
        if sight.is_sure(&context) {
            board.claims.observe(sight, &mut context);
        }
        // Strangers confirm one another by where they were.
        let is_stranger = sight.reading.is_some_and(|reading| reading.known == Known::Foreign);
        if !is_stranger && !ground.tuned.keeps_tracks() {
            return;
        }
        if let Some(turn) = crate::engine::keep(&mut board, sight, &mut context) {
            if turn.known == Known::Foreign {
                strangers.confirm(sight, &mut board, &mut context);
            } else {
                asked.rouse(sight, &ground.tuned.everywhere().reading);
            }
            terminals.expect(&turn, board.tracks, drives, &mut context);
        }
    }

    /// Judges a fix of a vehicle of this lane, which the register may know under another name.
    pub(crate) fn judge_position(
        &mut self,
        observation: &Observation,
        vehicle: VehicleKey,
        ground: Ground<'_>,
        clock: Timestamp,
        out: &mut Vec<Outcome>,
    ) {
        let Fact::Position(position) = &observation.fact else { return };
        let mut context = ground.context(clock, &mut self.counts, out);
        self.drives.observe(observation, position, &mut context);
        let at = observation.captured_at;
        self.terminals.position_came(&mut self.tracks, &self.drives, vehicle, at, &mut context);
        self.claims.observe_position(observation, position, &mut context);
    }

    /// Asks for the memory in which a vehicle's track is, and what strangers are looked for by; what it gives means
    /// nothing.
    pub(crate) fn warm(&self, vehicle: VehicleKey, is_stranger: bool) -> usize {
        let held = self.tracks.get(&vehicle).map_or(0, |track| track.visits().len());
        if is_stranger { held + self.strangers.warm(vehicle.plate) } else { held }
    }

    /// Asks for the memory in which its visits are, when the track itself has come.
    pub(crate) fn warm_visits(&self, vehicle: VehicleKey) -> usize {
        self.tracks.get(&vehicle).map_or(0, Track::warm)
    }

    /// Lets go of what the clock has left behind.
    pub(crate) fn retire(&mut self, clock: Timestamp, models: &ModelParameters) {
        self.claims.of_vehicles.retire(clock, models);
        self.tracks.retire(clock, models);
        self.strangers.loose.retire(clock, models);
        self.strangers.alike.retire(clock, models);
        self.said.standing.retire(clock, models);
        self.drives.drives.retire(clock, models);
        self.asked.by_vehicle.retire(clock, models);
    }

    fn armed_count(&self) -> usize {
        self.claims.of_vehicles.armed_count()
            + self.tracks.armed_count()
            + self.strangers.loose.armed_count()
            + self.strangers.alike.armed_count()
            + self.said.standing.armed_count()
            + self.drives.drives.armed_count()
            + self.terminals.armed_count()
            + self.no_exits.armed_count()
            + self.asked.by_vehicle.armed_count()
    }
}

/// All lanes.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    lanes: Box<[Lane]>,
    roads: Roads,
}

/// Which lane a vehicle is in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roads {
    /// Province and authority of the numbers that are spread over all lanes.
    spread: Vec<u64>,
}

impl Roads {
    /// The lane of a vehicle.
    pub(crate) fn of(&self, vehicle: VehicleKey) -> usize {
        let (packed, prefix) = (vehicle.plate.packed(), prefix_of(vehicle.plate.packed()));
        lane_of(if self.spread.contains(&prefix) { packed } else { prefix })
    }
}

/// The lane in which the strangers of an authority are, by a number or its packed form with places unread.
fn of_strangers(packed: u64) -> usize {
    lane_of(prefix_of(packed))
}

fn lane_of(what: u64) -> usize {
    // Mixed otherwise than for shards, so that a lane uses all of its shards.
    let mixed = (what ^ what >> 32).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ mixed >> 29).wrapping_mul(0x94d0_49bb_1331_11eb) >> (u64::BITS - LANE_BITS)) as usize
}

impl Lanes {
    pub(crate) fn new(keep_ms: i64, tracks_keep_ms: i64) -> Self {
        let lane = |_| Lane::new(keep_ms, tracks_keep_ms);
        Self { lanes: (0..LANES).map(lane).collect(), roads: Roads::default() }
    }

    pub(crate) fn roads(&self) -> &Roads {
        &self.roads
    }

    pub(crate) fn all(&self) -> &[Lane] {
        &self.lanes
    }

    pub(crate) fn all_mut(&mut self) -> &mut [Lane] {
        &mut self.lanes
    }

    /// The lane of a vehicle.
    pub(crate) fn of(&self, vehicle: VehicleKey) -> &Lane {
        &self.lanes[self.roads.of(vehicle)]
    }

    /// The same, to judge in it.
    pub(crate) fn of_mut(&mut self, vehicle: VehicleKey) -> &mut Lane {
        &mut self.lanes[self.roads.of(vehicle)]
    }

    /// The sum of something over all lanes.
    pub(crate) fn sum(&self, of: impl Fn(&Lane) -> usize) -> usize {
        self.lanes.iter().map(of).sum()
    }

    pub(crate) fn armed_count(&self) -> usize {
        self.sum(Lane::armed_count)
    }

    /// Takes the deadlines that are due next: those of the earliest bucket of all lanes, by key, each with its lane.
    pub(crate) fn take_due<K: Ord>(
        &mut self,
        clock: Timestamp,
        of: impl Fn(&mut Lane) -> &mut Deadlines<K>,
    ) -> Option<Vec<(K, usize)>> {
        let first_due_at = self.lanes.iter_mut().filter_map(|lane| of(lane).first_due_at()).min()?;
        let mut due = Vec::new();
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let deadlines = of(lane);
            if deadlines.first_due_at() == Some(first_due_at) {
                due.extend(deadlines.take_due(clock)?.into_iter().map(|key| (key, index)));
            }
        }
        due.sort_unstable();
        Some(due)
    }

    /// Forgets the oldest passages before their time, one bucket after the other, until no more than so many are
    /// remembered in all lanes. Gives how many were forgotten, and what lies before which moment.
    pub(crate) fn bound(&mut self, held_max: usize, models: &ModelParameters) -> (usize, Option<Timestamp>) {
        let held = |lanes: &Self| lanes.sum(|lane| lane.tracks.size());
        let (before, mut cutoff) = (held(self), None);
        while held(self) > held_max {
            let Some(due_at) = self.lanes.iter().filter_map(|lane| lane.tracks.first_due_at()).min() else {
                break;
            };
            for lane in &mut self.lanes {
                lane.tracks.retire(due_at, models);
                cutoff = Some(due_at.plus_ms(-lane.tracks.keep_ms()));
            }
        }
        (before.saturating_sub(held(self)), cutoff)
    }

    /// Takes note of how many numbers of an authority the register knows. Below `covered_min` they are strangers to one
    /// another and must be in one lane; well above they are spread. In between they stay, so that a register that grows
    /// and shrinks about the border moves nothing.
    pub(crate) fn cover(&mut self, prefix: u64, count: i64, covered_min: i64) {
        let is_spread = self.roads.spread.contains(&prefix);
        if is_spread && count < covered_min {
            self.roads.spread.retain(|other| *other != prefix);
        } else if !is_spread && count >= covered_min && count - covered_min >= covered_min / 4 {
            self.roads.spread.push(prefix);
        } else {
            return;
        }
        self.move_vehicles();
    }

    /// Brings all vehicles to where they now belong.
    fn move_vehicles(&mut self) {
        let Self { lanes, roads } = self;
        let of = |key: &VehicleKey| roads.of(*key);
        move_keyed(lanes, |lane| &mut lane.tracks, of);
        move_keyed(lanes, |lane| &mut lane.claims.of_vehicles, of);
        move_keyed(lanes, |lane| &mut lane.said.standing, |(vehicle, _): &RuleKey| roads.of(*vehicle));
        move_keyed(lanes, |lane| &mut lane.drives.drives, of);
        move_keyed(lanes, |lane| &mut lane.asked.by_vehicle, of);
        let of_day = |(vehicle, _): &(VehicleKey, CivilDay)| roads.of(*vehicle);
        move_deadlines(lanes, |lane| &mut lane.terminals.deadlines, of_day);
        let of_entry = |(vehicle, _): &(VehicleKey, Timestamp)| roads.of(*vehicle);
        move_deadlines(lanes, |lane| &mut lane.no_exits.deadlines, of_entry);
        // Loose visits are where their authority is; that never changes.
    }

    /// Takes states of a snapshot into the lanes of their vehicles.
    pub(crate) fn restore<K: Copy + Ord + Hash, S: Aging>(
        &mut self,
        states: Vec<(K, S)>,
        pick: impl Fn(&mut Lane) -> &mut Keyed<K, S>,
        vehicle_of: impl Fn(&K) -> VehicleKey,
    ) {
        self.restore_where(states, pick, |roads, key| roads.of(vehicle_of(key)));
    }

    /// Takes states of a snapshot into the lanes of their authority.
    pub(crate) fn restore_strangers<K: Copy + Ord + Hash, S: Aging>(
        &mut self,
        states: Vec<(K, S)>,
        pick: impl Fn(&mut Lane) -> &mut Keyed<K, S>,
        packed_of: impl Fn(&K) -> u64,
    ) {
        self.restore_where(states, pick, |_, key| of_strangers(packed_of(key)));
    }

    fn restore_where<K: Copy + Ord + Hash, S: Aging>(
        &mut self,
        states: Vec<(K, S)>,
        pick: impl Fn(&mut Lane) -> &mut Keyed<K, S>,
        of: impl Fn(&Roads, &K) -> usize,
    ) {
        let mut by_lane: Vec<Vec<(K, S)>> = (0..LANES).map(|_| Vec::new()).collect();
        for (key, state) in states {
            by_lane[of(&self.roads, &key)].push((key, state));
        }
        for (lane, states) in self.lanes.iter_mut().zip(by_lane) {
            pick(lane).restore(states);
        }
    }
}

fn move_keyed<K: Copy + Ord + Hash + 'static, S: Aging + 'static>(
    lanes: &mut [Lane],
    pick: impl Fn(&mut Lane) -> &mut Keyed<K, S>,
    of: impl Fn(&K) -> usize,
) {
    for index in 0..lanes.len() {
        for (key, state) in pick(&mut lanes[index]).take_if(|key| of(key) != index) {
            pick(&mut lanes[of(&key)]).put(key, state);
        }
    }
    move_deadlines(lanes, |lane| pick(lane).deadlines_mut(), &of);
}

fn move_deadlines<K: Copy + Ord>(
    lanes: &mut [Lane],
    pick: impl Fn(&mut Lane) -> &mut Deadlines<K>,
    of: impl Fn(&K) -> usize,
) {
    for index in 0..lanes.len() {
        for (bucket, key) in pick(&mut lanes[index]).take_if(|key| of(key) != index) {
            pick(&mut lanes[of(&key)]).arm_in(bucket, key);
        }
    }
}
