//! Tracks: the passages of one vehicle, by the time at which they happened. What all models that look at several passages
//! of a vehicle are judged by.
//!
//! Five million vehicles have one, so it is laid out for size: what models look at in 40 bytes a passage, and the rest of
//! the observation, which is only needed as evidence, as bytes of one block.

use crate::held::{Inserted, Names, pack_fact, unpack_fact};
use crate::keyed::Aging;
use crate::models::Sight;
use crate::parameters::ModelParameters;
use crate::reading::{Look, Reading};
use crate::settle::{Standing, settle};
use domain::{DeviceId, Observation, ObservationId, Outcome, Timestamp, Warning};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Most passages kept of one vehicle; with a camera every minute this is a day. A plate that is read more often is a
/// fault, and its further passages are counted and not judged.
pub(crate) const VISITS_MAX: usize = 1_440;

/// Bytes of a usual observation: room for them is made at once.
const BYTES_USUAL: usize = 96;

/// One passage of a vehicle, as far as models look at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// Of the observation; as bytes, since a number of 16 bytes is aligned to as many.
    id: [u8; 16],
    /// When it happened: the camera's time without the error of its clock.
    pub(crate) at: Timestamp,
    /// The number of its checkpoint.
    place: u32,
    /// How far `at` may be wrong.
    pub(crate) uncertainty_ms: u32,
    /// Where the rest of the observation begins in the track's bytes.
    rest_at: u32,
    /// How sure it was this vehicle, at most 1000.
    pub(crate) permille: u16,
    signs: Signs,
}

/// What is so or not so about a visit, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Signs(u8);

impl Signs {
    const AS_READ: u8 = 1;
    const CLOCK_KNOWN: u8 = 2;
    const DISPUTED: u8 = 4;
    const PLATE_OTHER: u8 = 8;
    const TYPE_OTHER: u8 = 16;
    const COLOR_OTHER: u8 = 32;

    fn with(self, sign: u8, is_so: bool) -> Self {
        Self(if is_so { self.0 | sign } else { self.0 & !sign })
    }

    fn has(self, sign: u8) -> bool {
        self.0 & sign != 0
    }
}

impl Visit {
    pub(crate) fn id(&self) -> ObservationId {
        ObservationId(u128::from_le_bytes(self.id))
    }

    /// The number of its checkpoint.
    pub(crate) fn place(&self) -> u32 {
        self.place
    }

    pub(crate) fn is_as_read(&self) -> bool {
        self.signs.has(Signs::AS_READ)
    }

    pub(crate) fn look(&self) -> Look {
        Look {
            is_plate_other: self.signs.has(Signs::PLATE_OTHER),
            is_type_other: self.signs.has(Signs::TYPE_OTHER),
            is_color_other: self.signs.has(Signs::COLOR_OTHER),
        }
    }

    /// Whether anything was learned of the camera's clock.
    pub(crate) fn is_clock_known(&self) -> bool {
        self.signs.has(Signs::CLOCK_KNOWN)
    }

    /// Whether another visit was found that one vehicle can't have made as well.
    pub(crate) fn is_disputed(&self) -> bool {
        self.signs.has(Signs::DISPUTED)
    }
}

/// A visit that is to come to a track, with all of its observation.
pub(crate) struct NewVisit {
    visit: Visit,
    /// [`Rest`] and the fact.
    bytes: Vec<u8>,
}

impl NewVisit {
    pub(crate) fn new(sight: &Sight<'_>, reading: &Reading, names: &Names) -> Self {
        let observation = sight.observation;
        let rest = Rest {
            captured_at: observation.captured_at,
            received_at: observation.received_at,
            device: names.known(&observation.device.0),
        };
        let mut bytes = rest.pack(sight.at, Vec::with_capacity(BYTES_USUAL));
        let place = pack_fact(&observation.fact, names, &mut bytes);
        let signs = Signs::default()
            .with(Signs::AS_READ, reading.is_as_read)
            .with(Signs::CLOCK_KNOWN, sight.is_clock_known)
            .with(Signs::PLATE_OTHER, reading.look.is_plate_other)
            .with(Signs::TYPE_OTHER, reading.look.is_type_other)
            .with(Signs::COLOR_OTHER, reading.look.is_color_other);
        Self {
            visit: Visit {
                id: observation.id.0.to_le_bytes(),
                at: sight.at,
                place,
                uncertainty_ms: sight.uncertainty_ms,
                rest_at: 0,
                permille: reading.permille,
                signs,
            },
            bytes,
        }
    }
}

/// What comes before the fact in the bytes of an observation.
struct Rest {
    captured_at: Timestamp,
    received_at: Timestamp,
    device: u32,
}

impl Rest {
    /// As bytes: times as what lies between them, which is little.
    fn pack(&self, at: Timestamp, bytes: Vec<u8>) -> Vec<u8> {
        let between =
            (self.captured_at.ms_since(at), self.received_at.ms_since(self.captured_at), self.device);
        postcard::to_extend(&between, bytes).expect("plain data always has a postcard form")
    }

    /// Read back, with the bytes of the fact and what follows them.
    fn unpack(at: Timestamp, bytes: &[u8]) -> (Self, &[u8]) {
        let ((captured_after_ms, received_after_ms, device), fact): ((i64, i64, u32), _) =
            postcard::take_from_bytes(bytes).expect("packed by `pack`; snapshots carry a checksum");
        let captured_at = at.plus_ms(captured_after_ms);
        (Self { captured_at, received_at: captured_at.plus_ms(received_after_ms), device }, fact)
    }
}

/// The passages of one vehicle, and the warnings that stand about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Track {
    /// By time; the identity breaks ties, so that the order never depends on that of arrival.
    visits: Box<[Visit]>,
    /// What else their observations hold, in the same order: [`Rest`] and the fact.
    rest: Box<[u8]>,
    #[expect(clippy::box_collection, reason = "nearly always nothing stands, and this is 80 MB less then")]
    standing: Option<Box<Vec<Standing>>>,
    /// By window; hardly any vehicle has one.
    #[expect(clippy::box_collection, reason = "as for `standing`: 16 bytes a track less")]
    suspicions: Option<Box<Vec<Suspicion>>>,
}

/// How much a window spoke for a clone; kept for longer than its visits, because the windows after it go by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspicion {
    /// When the window began.
    pub(crate) from: Timestamp,
    /// The end of the last window that goes by it.
    pub(crate) counts_until: Timestamp,
    /// In decibans; 0 for none.
    pub(crate) score: u32,
}

impl Track {
    pub(crate) fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// Reads one of each kind of its memory, so that it comes into the cache; what it gives means nothing.
    pub(crate) fn warm(&self) -> usize {
        let place = self.visits.last().map_or(0, |visit| visit.place as usize);
        self.rest.first().map_or(place, |byte| place ^ usize::from(*byte))
    }

    /// The warnings that stand.
    pub(crate) fn standing(&self) -> &[Standing] {
        self.standing.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The score of the windows that begin in `from..to`.
    pub(crate) fn suspicion(&self, from: Timestamp, to: Timestamp) -> u32 {
        let all = self.suspicions.iter().flat_map(|all| all.iter());
        all.filter(|one| (from..to).contains(&one.from)).map(|one| one.score).sum()
    }

    /// Says how much a window speaks for a clone; whether that is something else than before.
    pub(crate) fn suspect(&mut self, suspicion: Suspicion) -> bool {
        let mut all = self.suspicions.take().unwrap_or_default();
        let before = all.iter().position(|one| one.from == suspicion.from).map(|index| all.remove(index));
        if suspicion.score > 0 {
            all.insert(all.partition_point(|one| one.from < suspicion.from), suspicion);
        }
        self.suspicions = Some(all).filter(|all| !all.is_empty());
        before.map_or(0, |before| before.score) != suspicion.score
    }

    /// Replaces the standing warnings of one scope by what is found now, and says what changed.
    pub(crate) fn settle(
        &mut self,
        is_in_scope: impl Fn(&Standing) -> bool,
        found: Vec<(Timestamp, Warning)>,
        out: &mut Vec<Outcome>,
    ) {
        if found.is_empty() && self.standing.is_none() {
            return;
        }
        let mut standing = self.standing.take().unwrap_or_default();
        settle(&mut standing, is_in_scope, found, out);
        self.standing = Some(standing).filter(|standing| !standing.is_empty());
    }

    /// The visits from one time to another, both included.
    pub(crate) fn range(&self, from: Timestamp, to: Timestamp) -> Range<usize> {
        self.visits.partition_point(|visit| visit.at < from)
            ..self.visits.partition_point(|visit| visit.at <= to)
    }

    /// Marks visits that can't all be of one vehicle.
    pub(crate) fn dispute(&mut self, indices: &[usize]) {
        for index in indices {
            let signs = &mut self.visits[*index].signs;
            *signs = signs.with(Signs::DISPUTED, true);
        }
    }

    /// The observation of a visit of this track.
    pub(crate) fn observation(&self, visit: &Visit, names: &Names) -> Observation {
        let (rest, fact) = self.rest_of(visit);
        Observation {
            id: visit.id(),
            device: DeviceId(names.name(rest.device)),
            captured_at: rest.captured_at,
            received_at: rest.received_at,
            fact: unpack_fact(fact, visit.place, names),
        }
    }

    /// When the observation of a visit of this track reached us.
    pub(crate) fn received_at(&self, visit: &Visit) -> Timestamp {
        self.rest_of(visit).0.received_at
    }

    fn rest_of(&self, visit: &Visit) -> (Rest, &[u8]) {
        Rest::unpack(visit.at, &self.rest[visit.rest_at as usize..])
    }

    /// Where the bytes of the visit at `index` end.
    fn rest_end(&self, index: usize) -> usize {
        self.visits.get(index + 1).map_or(self.rest.len(), |next| next.rest_at as usize)
    }

    /// Takes a visit out that turned out to be of somebody else; whether there was one.
    pub(crate) fn remove(&mut self, id: ObservationId) -> bool {
        let Some(index) = self.visits.iter().position(|visit| visit.id() == id) else { return false };
        let (begin, end) = (self.visits[index].rest_at as usize, self.rest_end(index));
        edit(&mut self.rest, |rest| drop(rest.drain(begin..end)));
        edit(&mut self.visits, |visits| {
            visits.remove(index);
            for later in &mut visits[index..] {
                later.rest_at -= (end - begin) as u32;
            }
        });
        true
    }

    /// Says anew how sure a visit is to be of this vehicle; gives its time, if there is such a visit.
    pub(crate) fn regrade(&mut self, id: ObservationId, permille: u16) -> Option<Timestamp> {
        let visit = self.visits.iter_mut().find(|visit| visit.id() == id)?;
        visit.permille = permille;
        Some(visit.at)
    }

    /// Takes a visit in; of several copies of one passage the one that reached us first counts, and of those of one
    /// instant the one with the lesser bytes: which is kept doesn't depend on the order of arrival.
    pub(crate) fn insert(&mut self, new: NewVisit) -> Inserted {
        let NewVisit { mut visit, mut bytes } = new;
        // What was learned of the clock between two copies may put them at different times.
        let known = self.visits.iter().position(|other| other.id == visit.id);
        if let Some(index) = known {
            let (known_rest, known_fact) = self.rest_of(&self.visits[index]);
            let known_fact = &known_fact[..known_fact.len() - (self.rest.len() - self.rest_end(index))];
            let (rest, fact) = Rest::unpack(visit.at, &bytes);
            if (rest.received_at, fact) >= (known_rest.received_at, known_fact) {
                return Inserted::Duplicate;
            }
            visit.at = self.visits[index].at;
            let fact = fact.to_vec();
            bytes = rest.pack(visit.at, Vec::new());
            bytes.extend(fact);
        }
        let order = |visit: &Visit| (visit.at, visit.id());
        let index =
            known.unwrap_or_else(|| self.visits.partition_point(|other| order(other) < order(&visit)));
        let begin = self.visits.get(index).map_or(self.rest.len(), |next| next.rest_at as usize);
        let end = if known.is_some() { self.rest_end(index) } else { begin };
        let grown = bytes.len() as i64 - (end - begin) as i64;
        visit.rest_at = begin as u32;
        edit(&mut self.rest, |rest| {
            // By what is needed, not by powers of two: most vehicles keep one or two.
            rest.reserve_exact(bytes.len());
            rest.splice(begin..end, bytes);
        });
        edit(&mut self.visits, |visits| {
            if known.is_some() {
                visits[index] = visit;
            } else {
                visits.reserve_exact(1);
                visits.insert(index, visit);
            }
            for later in &mut visits[index + 1..] {
                later.rest_at = (i64::from(later.rest_at) + grown) as u32;
            }
        });
        if known.is_some() { Inserted::BetterCopy(index) } else { Inserted::New(index) }
    }
}

/// Changes a list that is kept without room to spare.
fn edit<T>(list: &mut Box<[T]>, change: impl FnOnce(&mut Vec<T>)) {
    let mut room = std::mem::take(list).into_vec();
    change(&mut room);
    *list = room.into_boxed_slice();
}

impl Aging for Track {
    fn oldest_at(&self) -> Option<Timestamp> {
        let visit_at = self.visits.first().map(|visit| visit.at);
        let suspicion_until =
            self.suspicions.iter().filter_map(|all| all.first()).map(|one| one.counts_until);
        visit_at.into_iter().chain(suspicion_until).min()
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        let forgotten = self.visits.partition_point(|visit| visit.at < cutoff);
        if forgotten > 0 {
            let end = self.rest_end(forgotten - 1);
            edit(&mut self.rest, |rest| drop(rest.drain(..end)));
            edit(&mut self.visits, |visits| {
                visits.drain(..forgotten);
                for visit in visits {
                    visit.rest_at -= end as u32;
                }
            });
        }
        if let Some(standing) = &mut self.standing {
            standing.retain(|warning| warning.anchor >= cutoff);
            self.standing.take_if(|standing| standing.is_empty());
        }
        if let Some(suspicions) = &mut self.suspicions {
            suspicions.retain(|one| one.counts_until >= cutoff);
            self.suspicions.take_if(|suspicions| suspicions.is_empty());
        }
    }

    fn size(&self) -> usize {
        self.visits.len()
    }
}
