//! Doubtful reads of numbers whose register we have: which of the registered vehicles that differ from it in one symbol
//! was it? Most such reads are settled by the confusion table and the look alone (`reading.rs`); these are the others.
//!
//! Who is on the road is seen elsewhere. So each that may be meant is weighed by how likely it would be read and look like
//! this, and by whether it was surely read at another checkpoint shortly before or after, in a time in which it can have
//! come from there. The heaviest gets the passage if that is sure enough, and else nobody.
//!
//! Those that may be meant are in all lanes, so doubts are weighed when a minute of the clock begins and no lane is being
//! judged: each that came in the last minute, and again each of which somebody who may be meant was surely read since.
//! Whoever changes the owner leaves one track for another, and what was said of it there is taken back. So whose a
//! doubtful read is depends on the set of observations alone.

use crate::engine::{keep, lift, regrade};
use crate::held::Held;
use crate::keyed::{Aging, Keyed};
use crate::lane::{Lane, Lanes};
use crate::models::{Context, Sight, Turn};
use crate::parameters::{ModelParameters, ReadingParameters};
use crate::reading::{Candidate, Known, Look, Meant, Reading};
use crate::strangers::{Alike, Board, Owner, show, vehicle_of};
use crate::track::{Track, Visit};
use domain::observation::Fact;
use domain::time::{MINUTE_MS, SECOND_MS};
use domain::{Timestamp, VehicleKey};
use serde::{Deserialize, Serialize};

/// Most doubtful reads kept of one number; more are a fault.
const DOUBTS_MAX: usize = 256;

/// A doubtful read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Doubt {
    held: Held,
    at: Timestamp,
    uncertainty_ms: u32,
    is_clock_known: bool,
    /// Whether it came since doubts were weighed.
    is_fresh: bool,
    meant: Meant,
    /// Whose it is, and how sure that is.
    owner: Option<Owner>,
}

/// The doubtful reads of one number, by time; the identity breaks ties.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OfNumber(Vec<Doubt>);

impl Aging for OfNumber {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.0.first().map(|doubt| doubt.at)
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.0.retain(|doubt| doubt.at >= cutoff);
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

/// A doubtful number, and the time of a read that may tell whose the doubts near it are.
pub(crate) type Due = (VehicleKey, Timestamp);

/// Whose doubtful reads a vehicle may be, and those of them that are to be weighed again.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// By vehicle, the numbers as read, each with its latest doubtful read.
    pub(crate) by_vehicle: Keyed<VehicleKey, Alike>,
    pub(crate) due: Vec<Due>,
}

impl Asked {
    pub(crate) fn new(keep_ms: i64) -> Self {
        Self { by_vehicle: Keyed::of_lane(keep_ms), due: Vec::new() }
    }

    /// Takes note that a vehicle was surely read.
    pub(crate) fn rouse(&mut self, sight: &Sight<'_>, p: &ReadingParameters) {
        let is_firm = |reading: &Reading| {
            reading.is_as_read && i64::from(reading.permille) >= p.firm_min_permille.value
        };
        let Some(reading) = sight.reading.filter(is_firm) else { return };
        let earliest = sight.at.plus_ms(-p.seen_minutes.value * MINUTE_MS);
        let alike = self.by_vehicle.get(&reading.vehicle).into_iter().flat_map(Alike::numbers);
        self.due
            .extend(alike.filter(|(_, latest)| *latest >= earliest).map(|(number, _)| (number, sight.at)));
    }
}

/// The doubtful reads of all.
#[derive(Clone, Debug)]
pub(crate) struct Doubts {
    /// By number as read.
    pub(crate) by_number: Keyed<VehicleKey, OfNumber>,
    /// Those that came since doubts were weighed.
    pub(crate) due: Vec<Due>,
}

/// Whether the register can tell more about whom a read is of than the read alone.
pub(crate) fn is_doubtful(reading: &Reading, p: &ReadingParameters) -> bool {
    reading.known != Known::Foreign && i64::from(reading.permille) < p.sure_min_permille.value
}

impl Doubts {
    pub(crate) fn new(keep_ms: i64) -> Self {
        Self { by_number: Keyed::new(keep_ms), due: Vec::new() }
    }

    /// Takes a doubtful read in, to be weighed when the minute is over.
    pub(crate) fn take(&mut self, sight: &Sight<'_>, meant: Meant, context: &mut Context<'_>) {
        let Some(number) = sight.passage.vehicle() else { return };
        let mut doubt = Doubt {
            held: Held::pack(sight.observation, context.names),
            at: sight.at,
            uncertainty_ms: sight.uncertainty_ms,
            is_clock_known: sight.is_clock_known,
            is_fresh: true,
            meant,
            owner: None,
        };
        let doubts = &mut self.by_number.state_mut(number, sight.at).0;
        if let Some(known) = doubts.iter_mut().find(|known| known.held.id == doubt.held.id) {
            context.counts.duplicates += 1;
            if doubt.held.is_better_copy_than(&known.held) {
                (doubt.at, doubt.owner) = (known.at, known.owner);
                self.due.push((number, doubt.at));
                *known = doubt;
            }
        } else if doubts.len() >= DOUBTS_MAX {
            context.counts.over_bound += 1;
        } else {
            self.due.push((number, doubt.at));
            let order = |doubt: &Doubt| (doubt.at, doubt.held.id);
            doubts.insert(doubts.partition_point(|known| order(known) < order(&doubt)), doubt);
            self.by_number.grown();
        }
    }

    /// What is due to be weighed, here and in all lanes; each once, by number and time.
    pub(crate) fn all_due<'l>(&self, lanes: impl Iterator<Item = &'l Lane>) -> Vec<Due> {
        let mut due = self.due.clone();
        due.extend(lanes.flat_map(|lane| &lane.asked.due));
        due.sort_unstable();
        due.dedup();
        due
    }

    /// Weighs what is due, and gives passages to whose they are.
    pub(crate) fn settle(&mut self, lanes: &mut Lanes, context: &mut Context<'_>) {
        let due = self.all_due(lanes.all().iter());
        self.due.clear();
        lanes.all_mut().iter_mut().for_each(|lane| lane.asked.due.clear());
        let within_ms = context.tuned.everywhere().reading.seen_minutes.value * MINUTE_MS;
        for (number, at) in due {
            let Some(doubts) = self.by_number.get_mut(&number) else { continue };
            for doubt in &mut doubts.0 {
                if doubt.at.ms_since(at).abs() <= within_ms {
                    doubt.settle(number, lanes, context);
                }
            }
        }
    }
}

impl Doubt {
    fn settle(&mut self, number: VehicleKey, lanes: &mut Lanes, context: &mut Context<'_>) {
        if self.is_fresh {
            for Candidate { vehicle, .. } in &self.meant.candidates {
                let asked = &mut lanes.of_mut(*vehicle).asked.by_vehicle;
                if asked.state_mut(*vehicle, self.at).add(number, self.at) {
                    asked.grown();
                }
            }
        }
        let owner = self.weigh(lanes, context);
        let (has_changed, is_same_vehicle) =
            (owner != self.owner, vehicle_of(owner) == vehicle_of(self.owner));
        if is_same_vehicle && !self.is_fresh {
            self.owner = owner;
            if has_changed {
                self.show(lanes, context, regrade);
            }
            return;
        }
        if has_changed {
            self.show(lanes, context, lift);
            self.owner = owner;
        }
        self.is_fresh = false;
        self.show(lanes, context, |board, sight, context| {
            if sight.is_sure(context) {
                board.claims.observe(sight, context);
            }
            keep(board, sight, context)
        });
    }

    /// Whose it is by all that is known now.
    fn weigh(&self, lanes: &Lanes, context: &Context<'_>) -> Option<Owner> {
        let p = &context.tuned.everywhere().reading;
        let mut whole = self.meant.others;
        let mut heaviest: Option<(f64, VehicleKey)> = None;
        for Candidate { vehicle, weight } in &self.meant.candidates {
            let track = lanes.of(*vehicle).tracks.get(vehicle);
            let is_seen = track.is_some_and(|track| self.is_seen(track, p, context));
            let is_registered = context.reference.file(*vehicle, context.table).is_some();
            let factor = match (is_registered, is_seen) {
                (true, true) => p.seen_odds_percent.value as f64 / 100.0,
                (true, false) => p.unseen_odds_percent.value as f64 / 100.0,
                (false, true) => 1.0,
                // A number of nobody.
                (false, false) => p.unconfirmed_permille.value as f64 / 1000.0,
            };
            let weight = weight * factor;
            whole += weight;
            // By key, so that the first of equals is kept.
            if heaviest.is_none_or(|(most, _)| weight > most) {
                heaviest = Some((weight, *vehicle));
            }
        }
        let (weight, vehicle) = heaviest?;
        let permille = (1000.0 * weight / whole) as u16;
        (i64::from(permille) >= p.sure_min_permille.value).then_some((vehicle, permille))
    }

    /// Whether a vehicle was surely read elsewhere near in time, and can have been here as well. One that can't is as little
    /// likely as one that was not seen: clocks may be wrong, and the fastest are seldom like others.
    fn is_seen(&self, track: &Track, p: &ReadingParameters, context: &Context<'_>) -> bool {
        let within_ms = p.seen_minutes.value * MINUTE_MS;
        let near = track.range(self.at.plus_ms(-within_ms), self.at.plus_ms(within_ms));
        let mut firm = track.visits()[near]
            .iter()
            .filter(|visit| {
                visit.is_as_read()
                    && i64::from(visit.permille) >= p.firm_min_permille.value
                    && visit.place() != self.held.place
            })
            .peekable();
        firm.peek().is_some() && firm.all(|visit| !self.contradicts(visit, context))
    }

    /// Whether one vehicle can't have made both, by learned ways and all that clocks explain.
    fn contradicts(&self, visit: &Visit, context: &Context<'_>) -> bool {
        let p = &context.tuned.everywhere().clone_plate.parameters;
        let unlearned_ms = p.unlearned_clock_seconds.value * SECOND_MS;
        let doubt_ms = |is_known: bool, uncertainty_ms: u32| {
            if is_known { i64::from(uncertainty_ms) } else { unlearned_ms }
        };
        let elapsed_ms = visit.at.ms_since(self.at);
        let (from, to) =
            if elapsed_ms >= 0 { (self.held.place, visit.place()) } else { (visit.place(), self.held.place) };
        let latest_ms = elapsed_ms.abs()
            + doubt_ms(self.is_clock_known, self.uncertainty_ms)
            + doubt_ms(visit.is_clock_known(), visit.uncertainty_ms)
            + p.margin_seconds.value * SECOND_MS;
        context
            .reference
            .way(from, to)
            .is_some_and(|way| latest_ms < way.shortest_ms * (100 - p.margin_percent.value) / 100)
    }

    /// Shows it to the lane of its owner, if it has one, as a passage of the owner.
    fn show(
        &self,
        lanes: &mut Lanes,
        context: &mut Context<'_>,
        see: impl FnOnce(&mut Board<'_>, &Sight<'_>, &mut Context<'_>) -> Option<Turn>,
    ) {
        let Some((vehicle, permille)) = self.owner else { return };
        let observation = self.held.unpack(context.names);
        let Fact::Passage(passage) = &observation.fact else { return };
        let file = context.reference.file(vehicle, context.table).copied();
        let (look, known) = match &file {
            Some(file) => (Look::of(file, passage), Known::File),
            None => (Look::default(), Known::Missing),
        };
        // Also where it is the number as read: what was in doubt confirms nobody, and proves no clone.
        let reading = Reading { vehicle, permille, is_as_read: false, look, known };
        let Lane { tracks, claims, said, drives, terminals, no_exits, .. } = lanes.of_mut(vehicle);
        let clock = (self.at, self.uncertainty_ms, self.is_clock_known);
        show(&observation, clock, (reading, file), context, |sight, context| {
            let mut board = Board { tracks, rules: said, no_exits, claims };
            if let Some(turn) = see(&mut board, sight, context) {
                terminals.expect(&turn, board.tracks, drives, context);
            }
        });
    }
}
