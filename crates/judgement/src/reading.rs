//! From a read to a vehicle: a plate read is evidence with a likelihood, never a fact.
//!
//! Who may have passed are the registered vehicles whose plates cameras take for the one that was read, one symbol of it
//! misread or not read, and the plate as read, though the register does not know it. Each is weighed by how likely the
//! camera would have read this of it (its share of misreads, what it says of its own doubts, the confusion table) and how
//! likely it would have looked like this (class and colour of the plate, vehicle type, body colour). The heaviest is
//! taken, with its share of the whole weight.

use crate::confusion::{ConfusionTable, paired_codes, unread_code, unread_places};
use crate::parameters::ReadingParameters;
use crate::reference::{File, Reference, known_body_color};
use domain::observation::Passage;
use domain::plate::SYMBOL_BITS;
use domain::{MisreadRate, Plate, PlateClass, PlateColor, Timestamp, VehicleKey, VehicleType};
use serde::{Deserialize, Serialize};

/// Symbols of a number that are hardly ever misread: province and authority are checked against few values.
pub(crate) const PREFIX_SYMBOLS: u32 = 2;
/// The whole weight.
const CERTAIN: f64 = 1000.0;

/// Whom a read is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The vehicle.
    pub(crate) vehicle: VehicleKey,
    /// How sure that is, at most 1000.
    pub(crate) permille: u16,
    /// Whether its plate is the one that was read.
    pub(crate) is_as_read: bool,
    /// What about the vehicle is not as the register says.
    pub(crate) look: Look,
    /// What the register knows about it.
    pub(crate) known: Known,
}

/// What the register says about a plate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Known {
    /// Registered.
    File,
    /// Not registered, though the register knows the plates of this authority.
    Missing,
    /// Of an authority whose register we don't have.
    #[default]
    Foreign,
}

/// Differences between what was seen and the register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Look {
    pub(crate) is_plate_other: bool,
    pub(crate) is_type_other: bool,
    pub(crate) is_color_other: bool,
}

impl Reading {
    /// That of a registered vehicle, not weighed yet.
    fn of(file: &File, look: Look, is_as_read: bool) -> Self {
        Self { vehicle: file.key, permille: 0, is_as_read, look, known: Known::File }
    }
}

impl Look {
    pub(crate) fn is_same(self) -> bool {
        self == Self::default()
    }

    /// How another registered vehicle would look against a file.
    pub(crate) fn between(file: &File, other: &File) -> Self {
        Self {
            is_plate_other: file.key.class != other.key.class,
            is_type_other: match (file.vehicle_type, other.vehicle_type) {
                (Some(one), Some(two)) => is_type_other(one, two),
                _ => false,
            },
            is_color_other: match (known_body_color(file.body_color), known_body_color(other.body_color)) {
                (Some(one), Some(two)) => one != two,
                _ => false,
            },
        }
    }

    /// How a passage looks against a file; what either side doesn't know agrees.
    pub(crate) fn of(file: &File, passage: &Passage) -> Self {
        let (class, color) = (file.key.class, file.key.class.color());
        let is_class_other = passage.plate_class != PlateClass::UNKNOWN && passage.plate_class != class;
        let is_color_other = passage.plate_color != PlateColor::Unknown
            && color != PlateColor::Unknown
            && passage.plate_color != color;
        Self {
            is_plate_other: is_class_other || is_color_other,
            is_type_other: match (file.vehicle_type, passage.vehicle_type) {
                (Some(registered), Some(seen)) => is_type_other(registered, seen),
                _ => false,
            },
            is_color_other: !file.has_body_color_of(passage),
        }
    }

    /// How likely a vehicle that is the registered one looks like this.
    fn likelihood(self, p: &ReadingParameters) -> f64 {
        let factor = |is_other: bool, wrong_permille: i64| {
            let wrong = wrong_permille as f64 / 1000.0;
            if is_other { wrong } else { 1.0 - wrong }
        };
        factor(self.is_plate_other, p.plate_look_wrong_permille.value)
            * factor(self.is_type_other, p.type_wrong_permille.value)
            * factor(self.is_color_other, p.color_wrong_permille.value)
    }
}

/// What cameras tell of a vehicle's type: its family, and whether it is large.
pub(crate) fn kind_of(passage: &Passage) -> Option<(char, bool)> {
    passage.vehicle_type.map(|kind| (kind.family(), kind.is_large()))
}

/// Cameras tell families and whether large, not the finer classes of the register.
fn is_type_other(a: VehicleType, b: VehicleType) -> bool {
    a.family() != b.family() || a.is_large() != b.is_large()
}

/// A vehicle that may be meant by a doubtful read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    pub(crate) vehicle: VehicleKey,
    /// How likely it would be read and look like this.
    pub(crate) weight: f64,
}

/// Who may be meant by a doubtful read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Meant {
    /// By key.
    pub(crate) candidates: Vec<Candidate>,
    /// How likely it is anybody else.
    pub(crate) others: f64,
}

/// Reads plates against the register.
pub(crate) struct Reader<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) table: &'a ConfusionTable,
    pub(crate) parameters: &'a ReadingParameters,
}

impl Reader<'_> {
    /// Whom the passage is taken for; `None` without a plate, or when too little of it was read.
    pub(crate) fn read(
        &self,
        passage: &Passage,
        at: Timestamp,
        misread: Option<MisreadRate>,
    ) -> Option<Reading> {
        let read = passage.plate?;
        let unread = unread_places(read);
        if unread == 0 && self.is_camera_sure(passage) {
            // The usual case: a plate that the register knows, on a vehicle that looks like it.
            if let Some(file) = self.reference.file_seen(passage, self.table) {
                let look = Look::of(file, passage);
                if look.is_same() {
                    return Some(Reading { permille: 1000, ..Reading::of(file, look, true) });
                }
            }
        }
        let is_known_to_us = self.reference.is_covered(read, self.parameters.covered_files_min.value);
        if unread.count_ones() > 1 {
            return None;
        }
        if unread != 0 && !is_known_to_us {
            // Whose it is others may tell.
            let vehicle = VehicleKey { plate: read, class: passage.vehicle()?.class };
            let (look, known) = (Look::default(), Known::Foreign);
            return Some(Reading { vehicle, permille: 0, is_as_read: true, look, known });
        }
        let misread = self.misread_share(passage, at, misread);
        // Whoever else it may be, where the camera doubts; one place that was not read is asked for by itself.
        let has_others = unread == 0 && !self.is_camera_sure(passage);
        let others =
            if has_others { misread * self.parameters.others_permille.value as f64 / 1000.0 } else { 0.0 };
        let mut candidates = Candidates { best: None, weight: others };
        let mut is_registered = false;
        if unread == 0
            && let Some(file) = self.reference.file_seen(passage, self.table)
        {
            is_registered = true;
            let look = Look::of(file, passage);
            let weight = (1.0 - misread) * look.likelihood(self.parameters);
            candidates.add(weight, Reading::of(file, look, true));
        }
        if is_known_to_us {
            self.add_misread(read, unread, passage, misread, &mut candidates);
        }
        if unread == 0 && !is_registered {
            let vehicle = VehicleKey { plate: read, class: passage.vehicle()?.class };
            let known = if is_known_to_us { Known::Missing } else { Known::Foreign };
            let look = Look::default();
            let as_read = Reading { vehicle, permille: 0, is_as_read: true, look, known };
            if candidates.best.is_none() {
                return Some(Reading { permille: (CERTAIN * (1.0 - misread)) as u16, ..as_read });
            }
            candidates.add((1.0 - misread) * self.unconfirmed(), as_read);
        }
        candidates.settled()
    }

    /// Who may be meant by a doubtful read: the number itself, and all registered vehicles that differ from it in one symbol
    /// and don't clearly look otherwise. Nobody when there is no such vehicle.
    pub(crate) fn meant(&self, passage: &Passage, at: Timestamp, learned: Option<MisreadRate>) -> Meant {
        let (Some(read), Some(as_read)) = (passage.plate, passage.vehicle()) else { return Meant::default() };
        let p = self.parameters;
        let misread = self.misread_share(passage, at, learned);
        let unread = unread_places(read);
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut consider = |file: &File| {
            let look = Look::of(file, passage);
            if look.is_plate_other || look.is_type_other {
                return;
            }
            if let Some(likelihood) = likelihood_of_misread(file.key.plate, read, misread, self.table, p) {
                candidates.push(Candidate { vehicle: file.key, weight: likelihood * look.likelihood(p) });
            }
        };
        if unread == 0 {
            self.reference.for_each_near(self.table, read, &mut consider);
        } else {
            let shift = unread.trailing_zeros() * SYMBOL_BITS;
            self.reference.for_each_like(self.table, read, shift, &mut consider);
        }
        if candidates.is_empty() {
            return Meant::default();
        }
        if unread == 0 {
            candidates.push(match self.reference.file_seen(passage, self.table) {
                Some(file) => {
                    let weight = (1.0 - misread) * Look::of(file, passage).likelihood(p);
                    Candidate { vehicle: file.key, weight }
                }
                None => Candidate { vehicle: as_read, weight: 1.0 - misread },
            });
        }
        candidates.sort_unstable_by_key(|candidate| candidate.vehicle);
        let others = p.others_permille.value as f64 / 1000.0 * p.others_left_percent.value as f64 / 100.0;
        Meant { candidates, others: misread * others }
    }

    /// How a number that nothing else confirms weighs against one of which it is known that it is about.
    fn unconfirmed(&self) -> f64 {
        self.parameters.unconfirmed_permille.value as f64 / 1000.0
    }

    /// Adds the registered vehicles whose plates may have been misread as this one: by one symbol, of which the table
    /// knows or which was not read. What the table does not name is nobody's: a number of nobody has half a dozen
    /// registered neighbours that differ in one symbol, so that each would be a guess. And of two explanations for a
    /// look that is not the registered one, a misread plate is not a second error: whoever looks otherwise is not meant.
    fn add_misread(
        &self,
        read: Plate,
        unread: u16,
        passage: &Passage,
        misread: f64,
        candidates: &mut Candidates,
    ) {
        let mut consider = |file: &File| {
            let look = Look::of(file, passage);
            if look.is_plate_other || look.is_type_other {
                return;
            }
            let is_listed = match difference(file.key.plate, read) {
                Some(Difference::Unread) => true,
                Some(Difference::Taken { truth, seen }) => self.table.likelihood_permille(truth, seen) > 0,
                None => false,
            };
            let likelihood = is_listed
                .then(|| likelihood_of_misread(file.key.plate, read, misread, self.table, self.parameters));
            if let Some(likelihood) = likelihood.flatten() {
                candidates.add(likelihood * look.likelihood(self.parameters), Reading::of(file, look, false));
            }
        };
        if unread != 0 {
            let shift = unread.trailing_zeros() * SYMBOL_BITS;
            self.reference.for_each_like(self.table, read, shift, &mut consider);
        } else {
            self.reference.for_each_same(self.table, read, &mut consider);
        }
    }

    /// Whether the camera itself has no doubt, so that an error is less likely than usual.
    fn is_camera_sure(&self, passage: &Passage) -> bool {
        let p = self.parameters;
        let middle = i64::midpoint(p.doubtful_confidence_percent.value, p.sure_confidence_percent.value);
        passage.plate_confidence.is_none_or(|percent| i64::from(percent) >= middle)
    }

    /// How likely this camera misread: what was learned of it as the odds before, turned by what it says of itself.
    pub(crate) fn misread_share(
        &self,
        passage: &Passage,
        at: Timestamp,
        learned: Option<MisreadRate>,
    ) -> f64 {
        let p = self.parameters;
        let is_day = (6..18).contains(&(at.beijing_minute_of_day() / 60));
        let permille = match (learned, is_day) {
            (Some(rate), true) => i64::from(rate.day_permille),
            (Some(rate), false) => i64::from(rate.night_permille),
            (None, true) => p.misread_day_permille.value,
            (None, false) => p.misread_night_permille.value,
        };
        let before = (permille as f64 / 1000.0).clamp(0.001, 0.9);
        let odds =
            before / (1.0 - before) * passage.plate_confidence.map_or(1.0, |says| self.odds_factor(says));
        (odds / (1.0 + odds)).clamp(0.001, 0.95)
    }

    /// By how much the odds of a misread change by what the camera says: between doubtful and sure, evenly by powers.
    fn odds_factor(&self, percent: u8) -> f64 {
        let p = self.parameters;
        let (doubtful, sure) = (p.doubtful_confidence_percent.value, p.sure_confidence_percent.value);
        let factor = |percent: i64| percent as f64 / 100.0;
        let (most, least) = (factor(p.doubtful_odds_percent.value), factor(p.sure_odds_percent.value));
        let above = (i64::from(percent).clamp(doubtful, sure) - doubtful) as f64 / (sure - doubtful) as f64;
        most * (least / most).powf(above)
    }
}

/// How a plate that was read differs from one that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// In the one place that was not read.
    Unread,
    /// In one symbol, by their codes.
    Taken { truth: u8, seen: u8 },
}

/// How likely a camera that misreads such a share reads this of that plate; `None` when more than one symbol differs.
pub(crate) fn likelihood_of_misread(
    truth: Plate,
    read: Plate,
    misread: f64,
    table: &ConfusionTable,
    p: &ReadingParameters,
) -> Option<f64> {
    let unlisted = p.unlisted_permille.value as f64 / 1000.0;
    let share = match difference(truth, read)? {
        Difference::Unread => return Some(misread),
        Difference::Taken { truth, seen } => match table.likelihood_permille(truth, seen) {
            0 => unlisted / SYMBOLS_ABOUT,
            listed => (1.0 - unlisted) * f64::from(listed) / 1000.0,
        },
    };
    Some(misread * share / places(read))
}

/// Symbols that a place may hold, about: letters without I and O, and digits.
const SYMBOLS_ABOUT: f64 = 33.0;

/// What was misread if the read is of this plate: a misread is one symbol. `None` when more differs, or nothing.
pub(crate) fn difference(truth: Plate, read: Plate) -> Option<Difference> {
    let mut differing = paired_codes(truth, read)?.filter(|(truth, seen)| truth != seen);
    let (truth, seen) = differing.next()?;
    let found = if seen == unread_code() { Difference::Unread } else { Difference::Taken { truth, seen } };
    differing.next().is_none().then_some(found)
}

/// Places of a number that may be misread.
fn places(read: Plate) -> f64 {
    f64::from((read.symbol_count() as u32).saturating_sub(PREFIX_SYMBOLS).max(1))
}

/// The heaviest candidate, and the weight of all.
struct Candidates {
    best: Option<(f64, Reading)>,
    weight: f64,
}

impl Candidates {
    fn add(&mut self, weight: f64, reading: Reading) {
        self.weight += weight;
        let is_better = self.best.as_ref().is_none_or(|(best, of)| {
            // The key breaks ties, so that the order of the register never matters.
            weight > *best || weight.to_bits() == best.to_bits() && reading.vehicle < of.vehicle
        });
        if is_better {
            self.best = Some((weight, reading));
        }
    }

    fn settled(self) -> Option<Reading> {
        let (weight, reading) = self.best?;
        Some(Reading { permille: (CERTAIN * weight / self.weight) as u16, ..reading })
    }
}
