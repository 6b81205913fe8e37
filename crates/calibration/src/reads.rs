//! How often a camera misreads, without ground truth: from what the reads themselves say, and from officers' verdicts.
//!
//! A read with an unread place is not right. Of the whole reads with a local prefix some are not in the register: vehicles
//! that it does not know (its *gap*), and misreads. The gap is seen in reads that another camera confirmed, which are
//! seldom misreads. A misread may also hit a registered plate by chance (the register's *density*), which is probed by
//! changing one symbol of registered plates. So with w for the share of misreads:
//! `unknown = gap·(1 − w) + (1 − density)·w`. What is believed before anything was seen (GA/T 497-2009) is a beta
//! distribution; verdicts count as several reads each.

use crate::parameters::MisreadParameters;
use domain::Plate;
use domain::plate::SYMBOL_BITS;
use domain::{Timestamp, VehicleKey};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// Plates of the register that are kept, 5 bytes each or a little more; of further ones nothing is known here.
pub const REGISTER_MAX: usize = 6_000_000;
/// Every so many reads the density is probed.
const PROBE_EVERY: u32 = 16;
/// Beyond this share of gap and density together the register says nothing about misreads.
const REGISTER_NOISE_MAX: f64 = 0.7;
/// Prior of misreads besides unread places: at least this share of the prior.
const PRIOR_LEAST: f64 = 0.2;
/// The Beijing day is from 06:00 to 18:00, as in GA/T 497-2009.
const DAY_MINUTES: std::ops::Range<u16> = 6 * 60..18 * 60;
/// A verdict, split among the reads that its warning rested on, in thousandths.
const WHOLE: u32 = 1_000;
/// Verdicts are halved when there are so many, so that old ones fade.
const VERDICTS_MAX: u32 = 500 * WHOLE;

/// Whether it is night there and then: index of what is kept by day (0) and night (1).
pub(crate) fn night(at: Timestamp) -> usize {
    usize::from(!DAY_MINUTES.contains(&at.beijing_minute_of_day()))
}

/// What the reads of one camera by day or by night say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReadCounts {
    reads: u32,
    unread: u32,
    local: u32,
    local_unknown: u32,
    /// In thousandths of verdicts.
    verdicts: u32,
    misread_verdicts: u32,
}

/// What a read says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadKind {
    /// A place was not read.
    Unread,
    /// Of elsewhere.
    Foreign,
    /// Local, and whether the register knows it.
    Local {
        /// Whether it does.
        is_known: bool,
    },
}

impl ReadCounts {
    pub(crate) fn count(&mut self, read: ReadKind) {
        self.reads += 1;
        match read {
            ReadKind::Unread => self.unread += 1,
            ReadKind::Foreign => {}
            ReadKind::Local { is_known } => {
                self.local += 1;
                self.local_unknown += u32::from(!is_known);
            }
        }
    }

    /// A verdict about one of `of` reads.
    pub(crate) fn judge(&mut self, is_misread: bool, of: usize) {
        let share = WHOLE / (of.max(1) as u32);
        self.verdicts += share;
        self.misread_verdicts += if is_misread { share } else { 0 };
        if self.verdicts > VERDICTS_MAX {
            self.verdicts /= 2;
            self.misread_verdicts /= 2;
        }
    }

    /// A day later what was read weighs half.
    pub(crate) fn fade(&mut self) {
        for count in [&mut self.reads, &mut self.unread, &mut self.local, &mut self.local_unknown] {
            *count /= 2;
        }
    }

    /// How many reads the evidence is worth.
    fn evidence(&self, noise: RegisterNoise, parameters: &MisreadParameters) -> f64 {
        let local = if noise.is_usable() { f64::from(self.local) } else { 0.0 };
        local + verdict_reads(self.verdicts, parameters)
    }

    /// Share of misread plates in permille, given what is believed before.
    fn misread_permille(
        &self,
        prior_permille: i64,
        noise: RegisterNoise,
        parameters: &MisreadParameters,
    ) -> u16 {
        let prior = prior_permille as f64 / 1_000.0;
        let prior_reads = parameters.prior_reads.value as f64;
        let unread = f64::from(self.unread) / f64::from(self.reads.max(1));
        let prior_rest = ((prior - unread) / (1.0 - unread).max(0.01)).max(prior * PRIOR_LEAST);
        let mut misread = prior_rest * prior_reads;
        if noise.is_usable() && self.local > 0 {
            let unknown = f64::from(self.local_unknown) / f64::from(self.local);
            let share = ((unknown - noise.gap) / (1.0 - noise.gap - noise.density)).clamp(0.0, 1.0);
            misread += share * f64::from(self.local);
        }
        misread += verdict_reads(self.misread_verdicts, parameters);
        let rest = misread / (prior_reads + self.evidence(noise, parameters));
        ((unread + (1.0 - unread) * rest) * 1_000.0).round().clamp(0.0, 1_000.0) as u16
    }
}

/// How many reads so many thousandths of verdicts are worth.
fn verdict_reads(thousandths: u32, parameters: &MisreadParameters) -> f64 {
    f64::from(thousandths) / f64::from(WHOLE) * parameters.verdict_reads.value as f64
}

/// Shares of misread plates of a camera by day and night, `None` when too little was seen of it.
pub(crate) fn misread_permille(
    counts: &[ReadCounts; 2],
    noise: RegisterNoise,
    parameters: &MisreadParameters,
) -> Option<[u16; 2]> {
    let evidence = counts.iter().map(|one| one.evidence(noise, parameters)).fold(0.0, f64::max);
    let priors = [parameters.prior_day_permille.value, parameters.prior_night_permille.value];
    (evidence >= parameters.evidence_min_reads.value as f64)
        .then(|| [0, 1].map(|night| counts[night].misread_permille(priors[night], noise, parameters)))
}

/// Why a read that the register does not know need not be a misread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RegisterNoise {
    /// Share of local vehicles that the register does not know.
    gap: f64,
    /// Chance that a misread hits a registered plate.
    density: f64,
}

impl RegisterNoise {
    fn is_usable(self) -> bool {
        self.gap + self.density < REGISTER_NOISE_MAX
    }
}

/// The plates of the register, as 32-bit hashes: one foreign plate in a thousand is taken for a registered one when there
/// are four million. And what is known about its gap and density.
#[derive(Clone, Debug, Default)]
pub(crate) struct Register {
    plates: FxHashSet<u32>,
    /// Plates by their first two symbols.
    prefixes: FxHashMap<u16, u32>,
    pub(crate) tally: Tally,
}

/// What is counted about the register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    confirmed: u64,
    confirmed_unknown: u64,
    probes: u32,
    probes_hit: u32,
    until_probe: u32,
    /// Plates for which there was no room.
    pub(crate) left_out: u64,
}

/// [`Register`] as stored, sorted.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredRegister {
    plates: Vec<u32>,
    prefixes: Vec<(u16, u32)>,
    tally: Tally,
}

fn hash(packed: u64) -> u32 {
    (packed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// The first two symbols: province and issuing letter.
fn prefix(plate: Plate) -> u16 {
    let symbols = (u64::BITS - plate.packed().leading_zeros()).div_ceil(SYMBOL_BITS);
    (plate.packed() >> (symbols.saturating_sub(2) * SYMBOL_BITS)) as u16
}

impl Register {
    #[expect(clippy::iter_over_hash_type, reason = "sorted at once")]
    pub(crate) fn stored(&self) -> StoredRegister {
        let mut plates = Vec::with_capacity(self.plates.len());
        for plate in &self.plates {
            plates.push(*plate);
        }
        plates.sort_unstable();
        let mut prefixes = Vec::with_capacity(self.prefixes.len());
        for (prefix, count) in &self.prefixes {
            prefixes.push((*prefix, *count));
        }
        prefixes.sort_unstable();
        StoredRegister { plates, prefixes, tally: self.tally }
    }

    pub(crate) fn restored(stored: StoredRegister) -> Self {
        Self {
            plates: stored.plates.into_iter().collect(),
            prefixes: stored.prefixes.into_iter().collect(),
            tally: stored.tally,
        }
    }

    pub(crate) fn add(&mut self, key: VehicleKey) {
        if self.plates.len() >= REGISTER_MAX {
            self.tally.left_out += 1;
        } else if self.plates.insert(hash(key.plate.packed())) {
            *self.prefixes.entry(prefix(key.plate)).or_default() += 1;
        }
    }

    pub(crate) fn remove(&mut self, key: VehicleKey) {
        if self.plates.remove(&hash(key.plate.packed()))
            && let Some(count) = self.prefixes.get_mut(&prefix(key.plate))
        {
            *count = count.saturating_sub(1);
        }
    }

    /// What a read says; `is_confirmed` when another camera read the same shortly before.
    pub(crate) fn read(
        &mut self,
        plate: Plate,
        is_confirmed: bool,
        parameters: &MisreadParameters,
    ) -> ReadKind {
        if plate.has_unread() {
            return ReadKind::Unread;
        }
        let known_of_prefix = self.prefixes.get(&prefix(plate)).copied().unwrap_or_default();
        if i64::from(known_of_prefix) < parameters.local_plates_min.value {
            return ReadKind::Foreign;
        }
        let is_known = self.plates.contains(&hash(plate.packed()));
        if is_confirmed {
            self.tally.confirmed += 1;
            self.tally.confirmed_unknown += u64::from(!is_known);
        }
        if is_known {
            self.probe(plate);
        }
        ReadKind::Local { is_known }
    }

    /// Now and then: would the plate with one other symbol be registered, too?
    fn probe(&mut self, plate: Plate) {
        self.tally.until_probe = self.tally.until_probe.wrapping_add(1) % PROBE_EVERY;
        if self.tally.until_probe != 0 {
            return;
        }
        // One of the last four places, which are digits or letters; the lowest bit of a code makes another of them.
        let place = self.tally.probes % 4;
        let changed = plate.packed() ^ 1 << (place * SYMBOL_BITS);
        self.tally.probes = self.tally.probes.saturating_add(1);
        self.tally.probes_hit =
            self.tally.probes_hit.saturating_add(u32::from(self.plates.contains(&hash(changed))));
    }

    pub(crate) fn noise(&self) -> RegisterNoise {
        let share = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
        RegisterNoise {
            gap: share(self.tally.confirmed_unknown as f64, self.tally.confirmed as f64),
            density: share(f64::from(self.tally.probes_hit), f64::from(self.tally.probes)),
        }
    }
}
