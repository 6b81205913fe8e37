//! Strangers: vehicles of authorities whose register we don't have. That a number is about is known of them by its being
//! read elsewhere at about the same time: such a number is as good as one in the register.
//!
//! A read of a stranger that is *firm* stands by itself, on the track of the number as read, and confirms this number. One
//! that is *loose* is weighed: it may be the number as read, or any that differs in one symbol, was firmly read at another
//! checkpoint shortly before or after, and looks the same. It goes to the track of the heaviest if that is sure enough,
//! and else to none. A firm visit that comes later weighs the loose ones about it again; whoever changes the owner leaves
//! one track for another, and what was said of it there is taken back. So whose a loose visit is depends on the set of
//! visits alone.

use crate::confusion::{SERIAL_SYMBOLS, masked, unread_places};
use crate::engine::{keep, lift, regrade};
use crate::held::{Held, Names};
use crate::keyed::{Aging, Keyed};
use crate::models::claim::Claims;
use crate::models::no_exit::NoExits;
use crate::models::rules::Said;
use crate::models::{Context, Sight};
use crate::parameters::{ModelParameters, ReadingParameters};
use crate::reading::{Known, Look, PREFIX_SYMBOLS, Reading, kind_of, likelihood_of_misread};
use crate::reference::{File, known_body_color};
use crate::track::{Track, Visit};
use domain::observation::{Fact, Observation, Passage};
use domain::time::MINUTE_MS;
use domain::{Plate, Timestamp, VehicleKey};
use serde::{Deserialize, Serialize};

/// Most loose visits kept of one number as read; more are a fault.
const LOOSE_MAX: usize = 256;

/// What is said of whom.
pub(crate) struct Board<'e> {
    pub(crate) tracks: &'e mut Keyed<VehicleKey, Track>,
    pub(crate) rules: &'e mut Said,
    pub(crate) no_exits: &'e mut NoExits,
    pub(crate) claims: &'e mut Claims,
}

/// Whose a visit is whose read is in doubt, and how sure that is.
pub(crate) type Owner = (VehicleKey, u16);

/// Whose it is, however sure that is.
pub(crate) fn vehicle_of(owner: Option<Owner>) -> Option<VehicleKey> {
    owner.map(|(vehicle, _)| vehicle)
}

/// A loose visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Loose {
    held: Held,
    at: Timestamp,
    uncertainty_ms: u32,
    is_clock_known: bool,
    /// How sure it is by itself that it is the number as read.
    permille: u16,
    owner: Option<Owner>,
}

impl Loose {
    /// Shows it as a passage of its owner, if it has one.
    fn show(&self, context: &mut Context<'_>, see: impl FnOnce(&Sight<'_>, &mut Context<'_>)) {
        let Some((vehicle, permille)) = self.owner else { return };
        // Also where it is the number as read: what is not firm never confirms others, or whose they are would depend on
        // who was asked first, and proves no clone.
        let (is_as_read, look, known) = (false, Look::default(), Known::Foreign);
        let reading = Reading { vehicle, permille, is_as_read, look, known };
        let clock = (self.at, self.uncertainty_ms, self.is_clock_known);
        show(&self.held.unpack(context.names), clock, (reading, None), context, see);
    }
}

/// Shows a passage again as it was when it came, its time set right so, as one of this vehicle with this file.
pub(crate) fn show(
    observation: &Observation,
    (at, uncertainty_ms, is_clock_known): (Timestamp, u32, bool),
    (reading, file): (Reading, Option<File>),
    context: &mut Context<'_>,
    see: impl FnOnce(&Sight<'_>, &mut Context<'_>),
) {
    let Fact::Passage(passage) = &observation.fact else { return };
    let reading = Some(reading);
    let sight = Sight { observation, passage, at, uncertainty_ms, is_clock_known, reading, file };
    let models = context.models;
    context.models = context.tuned.at(|| sight.situation(context.reference));
    see(&sight, context);
    context.models = models;
}

/// The loose visits of one number as read, by time; the identity breaks ties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfRead(Vec<Loose>);

impl Aging for OfRead {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.0.first().map(|loose| loose.at)
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.0.retain(|loose| loose.at >= cutoff);
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

/// The numbers as read of loose visits that differ from one another in one place, each with its latest visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alike(Vec<(VehicleKey, Timestamp)>);

impl Alike {
    /// The numbers, each with its latest visit.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (VehicleKey, Timestamp)> {
        self.0.iter().copied()
    }

    /// Adds a visit; whether its number is new.
    pub(crate) fn add(&mut self, number: VehicleKey, at: Timestamp) -> bool {
        if let Some((_, latest)) = self.0.iter_mut().find(|(known, _)| *known == number) {
            *latest = at.max(*latest);
            return false;
        }
        self.0.push((number, at));
        true
    }
}

impl Aging for Alike {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.0.iter().map(|(_, latest)| *latest).min()
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.0.retain(|(_, latest)| *latest >= cutoff);
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

/// The loose visits of all strangers.
#[derive(Clone, Debug)]
pub(crate) struct Strangers {
    /// By number as read.
    pub(crate) loose: Keyed<VehicleKey, OfRead>,
    /// The same numbers, by each with one place unread.
    pub(crate) alike: Keyed<u64, Alike>,
}

/// Whether a passage is of a stranger and not sure enough to stand by itself.
pub(crate) fn is_loose(sight: &Sight<'_>, p: &ReadingParameters) -> bool {
    let is_firm = |reading: &Reading| i64::from(reading.permille) >= p.firm_min_permille.value;
    sight.reading.is_some_and(|reading| reading.known == Known::Foreign && !is_firm(&reading))
}

impl Strangers {
    pub(crate) fn new(keep_ms: i64) -> Self {
        Self { loose: Keyed::of_lane(keep_ms), alike: Keyed::of_lane(keep_ms) }
    }

    /// Asks for the memory that [`Self::confirm`] looks into; what it gives means nothing.
    pub(crate) fn warm(&self, plate: Plate) -> usize {
        if self.alike.len() == 0 {
            return 0;
        }
        keys(plate).filter(|key| self.alike.get(key).is_some()).count()
    }

    /// Takes a loose passage in and gives it to whose it is.
    pub(crate) fn take(&mut self, sight: &Sight<'_>, board: &mut Board<'_>, context: &mut Context<'_>) {
        let Some(reading) = sight.reading else { return };
        let read = reading.vehicle;
        let mut loose = Loose {
            held: Held::pack(sight.observation, context.names),
            at: sight.at,
            uncertainty_ms: sight.uncertainty_ms,
            is_clock_known: sight.is_clock_known,
            permille: reading.permille,
            owner: None,
        };
        let of_read = &mut self.loose.state_mut(read, sight.at).0;
        let known = of_read.iter().position(|known| known.held.id == loose.held.id);
        let (index, is_new) = match known {
            Some(index) => {
                let known = &mut of_read[index];
                if !loose.held.is_better_copy_than(&known.held) {
                    context.counts.duplicates += 1;
                    return;
                }
                (loose.at, loose.owner) = (known.at, known.owner);
                *known = loose;
                (index, false)
            }
            None if of_read.len() >= LOOSE_MAX => {
                context.counts.over_bound += 1;
                return;
            }
            None => {
                let order = |loose: &Loose| (loose.at, loose.held.id);
                let index = of_read.partition_point(|known| order(known) < order(&loose));
                of_read.insert(index, loose);
                (index, true)
            }
        };
        let loose = &mut of_read[index];
        let owner = owner_of(loose, read, board.tracks, context);
        if is_new || owner != loose.owner {
            context.counts.duplicates += u64::from(!is_new);
            give(loose, owner, board, context);
        } else {
            hand_over(loose, board, context);
        }
        if is_new {
            self.loose.grown();
            self.index(read, sight.at);
        }
    }

    /// Lets a number as read be found by those that differ from it in one place.
    fn index(&mut self, read: VehicleKey, at: Timestamp) {
        for key in keys(read.plate) {
            if self.alike.state_mut(key, at).add(read, at) {
                self.alike.grown();
            }
        }
    }

    /// Weighs again the loose visits that a firm one can concern.
    pub(crate) fn confirm(&mut self, firm: &Sight<'_>, board: &mut Board<'_>, context: &mut Context<'_>) {
        let Some(vehicle) = firm.reading.map(|reading| reading.vehicle).filter(|_| self.alike.len() > 0)
        else {
            return;
        };
        let mut reads: Vec<VehicleKey> = keys(vehicle.plate)
            .filter_map(|key| self.alike.get(&key))
            .flat_map(|alike| alike.0.iter().map(|(read, _)| *read))
            .filter(|read| read.class == vehicle.class)
            .collect();
        reads.sort_unstable();
        reads.dedup();
        let within_ms = context.tuned.everywhere().reading.confirm_minutes.value * MINUTE_MS;
        for read in reads {
            let Some(of_read) = self.loose.get_mut(&read) else { continue };
            for loose in &mut of_read.0 {
                if loose.at.ms_since(firm.at).abs() <= within_ms {
                    let owner = owner_of(loose, read, board.tracks, context);
                    give(loose, owner, board, context);
                }
            }
        }
    }
}

/// Gives a loose visit to its owner: it leaves the track of another before, where it is surer now it stays.
fn give(loose: &mut Loose, owner: Option<Owner>, board: &mut Board<'_>, context: &mut Context<'_>) {
    if owner == loose.owner {
        return;
    }
    if vehicle_of(owner) == vehicle_of(loose.owner) {
        loose.owner = owner;
        loose.show(context, |sight, context| {
            regrade(board, sight, context);
        });
        return;
    }
    loose.show(context, |sight, context| {
        lift(board, sight, context);
    });
    loose.owner = owner;
    hand_over(loose, board, context);
}

/// Puts a loose visit on the track of its owner, if it has one.
fn hand_over(loose: &Loose, board: &mut Board<'_>, context: &mut Context<'_>) {
    loose.show(context, |sight, context| {
        board.claims.observe(sight, context);
        keep(board, sight, context);
    });
}

/// The keys under which a number lies with those that differ from it in one place: itself with this place unread.
fn keys(plate: Plate) -> impl Iterator<Item = u64> {
    let unread = unread_places(plate);
    let places = 0..(plate.symbol_count() as u32).saturating_sub(PREFIX_SYMBOLS);
    let is_key = move |place: &u32| unread == 0 || unread >> place & 1 != 0;
    places.filter(is_key).map(move |place| masked(plate.packed(), 1 << place))
}

/// Whose a loose visit is by all that is known now.
fn owner_of(
    loose: &Loose,
    read: VehicleKey,
    tracks: &Keyed<VehicleKey, Track>,
    context: &Context<'_>,
) -> Option<Owner> {
    let p = &context.tuned.everywhere().reading;
    let observation = loose.held.unpack(context.names);
    let Fact::Passage(passage) = &observation.fact else { return None };
    let witness = Witness { loose, passage, p, names: context.names };
    let misread = 1.0 - f64::from(loose.permille) / 1000.0;
    let confirms =
        |vehicle: VehicleKey| tracks.get(&vehicle).is_some_and(|track| witness.is_confirmed_by(track));
    let mut candidates: Vec<(f64, VehicleKey)> = Vec::new();
    for plate in numbers_about(read.plate) {
        let vehicle = VehicleKey { plate, ..read };
        if confirms(vehicle)
            && let Some(likelihood) = likelihood_of_misread(plate, read.plate, misread, context.table, p)
        {
            candidates.push((likelihood, vehicle));
        }
    }
    if !read.plate.has_unread() {
        let is_confirmed = confirms(read);
        if candidates.is_empty() && !is_confirmed {
            // Nobody else is about: it is what it was read as, as surely as it was read.
            let is_sure = i64::from(loose.permille) >= p.sure_min_permille.value;
            return is_sure.then_some((read, loose.permille));
        }
        let confirmed = if is_confirmed { 1.0 } else { p.unconfirmed_permille.value as f64 / 1000.0 };
        candidates.push(((1.0 - misread) * confirmed, read));
    }
    let whole: f64 = candidates.iter().map(|(likelihood, _)| likelihood).sum();
    let (heaviest, vehicle) =
        candidates.into_iter().max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
    let permille = (1000.0 * heaviest / whole) as u16;
    (i64::from(permille) >= p.sure_min_permille.value).then_some((vehicle, permille))
}

/// The numbers that differ from this one in one symbol after the prefix; where one was not read, in this.
fn numbers_about(plate: Plate) -> impl Iterator<Item = Plate> {
    let unread = unread_places(plate);
    let count = plate.symbol_count();
    (PREFIX_SYMBOLS as usize..count)
        .filter(move |index| unread == 0 || unread >> (count - 1 - index) & 1 != 0)
        .flat_map(move |index| {
            SERIAL_SYMBOLS.chars().filter_map(move |symbol| plate.with_symbol(index, symbol))
        })
        .filter(move |other| *other != plate)
}

/// A loose visit that looks for others of its vehicle.
struct Witness<'a> {
    loose: &'a Loose,
    passage: &'a Passage,
    p: &'a ReadingParameters,
    names: &'a Names,
}

impl Witness<'_> {
    /// Whether a vehicle was firmly read at another checkpoint near in time, and looked like this.
    fn is_confirmed_by(&self, track: &Track) -> bool {
        let within_ms = self.p.confirm_minutes.value * MINUTE_MS;
        let near = track.range(self.loose.at.plus_ms(-within_ms), self.loose.at.plus_ms(within_ms));
        track.visits()[near].iter().any(|visit| self.is_same_vehicle(track, visit))
    }

    fn is_same_vehicle(&self, track: &Track, visit: &Visit) -> bool {
        let is_firm = visit.is_as_read() && i64::from(visit.permille) >= self.p.firm_min_permille.value;
        if !is_firm || visit.place() == self.loose.held.place {
            return false;
        }
        let observation = track.observation(visit, self.names);
        let Fact::Passage(other) = &observation.fact else { return false };
        let agree = |a: Option<_>, b: Option<_>| a.is_none() || b.is_none() || a == b;
        agree(kind_of(self.passage), kind_of(other))
            && known_body_color(self.passage.body_color)
                .zip(known_body_color(other.body_color))
                .is_none_or(|(a, b)| a == b)
    }
}
