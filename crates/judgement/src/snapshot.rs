//! Snapshots: all of the engine's state as bytes, so that a restart replays minutes of the journal, not months.
//!
//! [`Engine::freeze`] takes hold of the state in well under a millisecond, whatever its size; the [`Frozen`] state is
//! turned into [`Part`]s on another thread while judging goes on. Equal state is equal bytes: maps are written shard by
//! shard, each sorted. Parameters are not part of it: they are given again on restoring, and a change of them that
//! matters raises a model's version. Deadlines are not part of it either where they follow from the states.
//!
//! # A new version of a state
//! Whoever changes what a section holds raises its version in [`Section::row`] and says there what becomes of the older
//! ones: a migration, where the new state follows from the old one alone, and else a rebuild of the
//! engine from the journal. The test of the golden snapshot fails when it is forgotten.

use crate::discipline::{Standings, Subject};
use crate::doubts::{Due, OfNumber};
use crate::engine::{Counts, Engine};
use crate::held::Names;
use crate::lane::Lane;
use crate::models::claim::OfVehicle;
use crate::models::device_alarm::{AlarmKey, Reports};
use crate::models::drive::Drive;
use crate::models::hidden_plate::{HiddenKind, Sightings};
use crate::models::no_exit::NoExits;
use crate::models::rules::{OfRule, RuleKey, StoredRule};
use crate::models::watch_order::Hit;
use crate::parameters::Parameters;
use crate::parts::{Part, PartError, PartsReader, PartsWriter};
use crate::reference::{FrozenReference, StoredPlaces};
use crate::shards::FrozenMap;
use crate::strangers::{Alike, OfRead};
use crate::track::Track;
use domain::{Maintenance, ObservationId, Silence, Timestamp, Tuning, VehicleKey, WatchOrder, WatchOrderId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;

/// What a snapshot of the engine consists of, in the order in which it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Core,
    Tunings,
    Names,
    Places,
    Files,
    Calibrations,
    Ways,
    Orders,
    Hits,
    Claims,
    Tracks,
    Drives,
    Alarms,
    Rules,
    RuleWarnings,
    HiddenPlates,
    Standings,
    Silences,
    Exits,
    LooseVisits,
    LooseNumbers,
    Doubts,
    Asked,
    DoubtsDue,
}

/// What becomes of a section that an older version of the code wrote.
#[derive(Clone, Copy)]
enum Older {
    /// Each of these turns a part of the version named into one of the next version.
    #[cfg_attr(not(test), expect(dead_code, reason = "no section has had a second version yet"))]
    Migrate(&'static [(u16, Migration)]),
    /// The engine is rebuilt from the journal, for this reason.
    Rebuild(&'static str),
}

type Migration = fn(&[u8]) -> Result<Vec<u8>, postcard::Error>;

impl Section {
    const ALL: [Self; 24] = [
        Self::Core,
        Self::Tunings,
        Self::Names,
        Self::Places,
        Self::Files,
        Self::Calibrations,
        Self::Ways,
        Self::Orders,
        Self::Hits,
        Self::Claims,
        Self::Tracks,
        Self::Drives,
        Self::Alarms,
        Self::Rules,
        Self::RuleWarnings,
        Self::HiddenPlates,
        Self::Standings,
        Self::Silences,
        Self::Exits,
        Self::LooseVisits,
        Self::LooseNumbers,
        Self::Doubts,
        Self::Asked,
        Self::DoubtsDue,
    ];

    /// The table of sections: name, version, and what becomes of older versions. A name is never changed and never used
    /// again for something else; a version is raised with every change of what the section holds.
    fn row(self) -> (&'static str, u16, Older) {
        const FIRST: Older = Older::Rebuild("there was no version before this one");
        match self {
            Self::Core => ("core", 1, FIRST),
            Self::Tunings => ("tunings", 1, FIRST),
            Self::Names => ("names", 1, FIRST),
            Self::Places => ("places", 1, FIRST),
            Self::Files => ("files", 1, FIRST),
            Self::Calibrations => ("calibrations", 1, FIRST),
            Self::Ways => ("ways", 1, FIRST),
            Self::Orders => ("orders", 1, FIRST),
            Self::Hits => ("hits", 1, FIRST),
            Self::Claims => ("claims", 1, FIRST),
            Self::Tracks => {
                let reason = "before version 3 nobody knew what a window hands on to those after it";
                ("tracks", 3, Older::Rebuild(reason))
            }
            Self::Drives => ("drives", 1, FIRST),
            Self::Alarms => ("alarms", 1, FIRST),
            Self::Rules => ("rules", 1, FIRST),
            Self::RuleWarnings => ("rule_warnings", 1, FIRST),
            Self::HiddenPlates => ("hidden_plates", 2, FIRST),
            Self::Standings => ("standings", 1, FIRST),
            Self::Silences => ("silences", 1, FIRST),
            Self::Exits => ("exits", 1, FIRST),
            Self::LooseVisits => ("loose_visits", 1, FIRST),
            Self::LooseNumbers => ("loose_numbers", 1, FIRST),
            Self::Doubts => ("doubts", 1, FIRST),
            Self::Asked => ("asked", 1, FIRST),
            Self::DoubtsDue => ("doubts_due", 1, FIRST),
        }
    }

    fn name(self) -> &'static str {
        self.row().0
    }

    fn version(self) -> u16 {
        self.row().1
    }

    fn older(self) -> Older {
        self.row().2
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

/// Why a snapshot can't be used; the engine is rebuilt from the journal instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not a snapshot, or one of a later version of the code.
    #[error("not a snapshot of this version")]
    Version,
    /// The bytes are not those that were written.
    #[error("the snapshot is damaged")]
    Damaged,
    /// A section of an older version has no migration, or is missing; and why so.
    #[error("section {section:?} of version {version} has no migration: {reason}")]
    Older {
        /// Name of the section.
        section: &'static str,
        /// That of the snapshot; 0 when it is missing.
        version: u16,
        /// Why the engine is rebuilt.
        reason: &'static str,
    },
}

impl From<PartError> for SnapshotError {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Layout => Self::Version,
            PartError::Io(_) | PartError::Damaged => Self::Damaged,
        }
    }
}

/// The engine's state as it was at one moment. Memory is shared with the engine as long as neither changes.
#[derive(Debug)]
pub struct Frozen {
    core: (Timestamp, Counts),
    tunings: Vec<Tuning>,
    names: Vec<SmolStr>,
    places: StoredPlaces,
    reference: FrozenReference,
    orders: FrozenMap<WatchOrderId, WatchOrder>,
    hits: FrozenMap<ObservationId, Hit>,
    claims: FrozenMap<VehicleKey, OfVehicle>,
    tracks: FrozenMap<VehicleKey, Track>,
    drives: FrozenMap<VehicleKey, Drive>,
    alarms: FrozenMap<AlarmKey, Reports>,
    rules: Vec<StoredRule>,
    rule_warnings: FrozenMap<RuleKey, OfRule>,
    hidden_plates: FrozenMap<HiddenKind, Sightings>,
    standings: FrozenMap<Subject, Standings>,
    silences: (Vec<Silence>, Vec<Maintenance>),
    exits: Vec<(i64, Vec<(VehicleKey, Timestamp)>)>,
    loose_visits: FrozenMap<VehicleKey, OfRead>,
    loose_numbers: FrozenMap<u64, Alike>,
    doubts: FrozenMap<VehicleKey, OfNumber>,
    asked: FrozenMap<VehicleKey, Alike>,
    doubts_due: Vec<Due>,
}

impl Frozen {
    /// The state as parts, made when they are asked for; what was made is let go of.
    pub fn into_parts(self) -> impl Iterator<Item = Part> + Send {
        [
            whole(Section::Core, &self.core),
            whole(Section::Tunings, &self.tunings),
            whole(Section::Names, &self.names),
            whole(Section::Places, &self.places),
        ]
        .into_iter()
        .chain(shards(Section::Files, self.reference.files))
        .chain(shards(Section::Calibrations, self.reference.calibrations))
        .chain(shards(Section::Ways, self.reference.ways))
        .chain(shards(Section::Orders, self.orders))
        .chain(shards(Section::Hits, self.hits))
        .chain(shards(Section::Claims, self.claims))
        .chain(shards(Section::Tracks, self.tracks))
        .chain(shards(Section::Drives, self.drives))
        .chain(shards(Section::Alarms, self.alarms))
        .chain([whole(Section::Rules, &self.rules)])
        .chain(shards(Section::RuleWarnings, self.rule_warnings))
        .chain(shards(Section::HiddenPlates, self.hidden_plates))
        .chain(shards(Section::Standings, self.standings))
        .chain([whole(Section::Silences, &self.silences)])
        .chain([whole(Section::Exits, &self.exits)])
        .chain(shards(Section::LooseVisits, self.loose_visits))
        .chain(shards(Section::LooseNumbers, self.loose_numbers))
        .chain(shards(Section::Doubts, self.doubts))
        .chain(shards(Section::Asked, self.asked))
        .chain([whole(Section::DoubtsDue, &self.doubts_due)])
    }
}

fn whole<T: Serialize>(section: Section, state: &T) -> Part {
    let bytes = postcard::to_allocvec(state).expect("plain data always has a postcard form");
    Part { section: SmolStr::new_static(section.name()), version: section.version(), bytes }
}

/// One part for each shard that holds anything, and at least one, so that a section that is missing is noticed.
fn shards<K, S>(section: Section, map: FrozenMap<K, S>) -> impl Iterator<Item = Part> + Send
where
    K: Serialize + Ord + Send + Sync,
    S: Serialize + Send + Sync,
{
    let mut is_first = true;
    map.into_shards().filter_map(move |shard| {
        let entries = shard.sorted();
        let is_written = is_first || !entries.is_empty();
        is_first = false;
        is_written.then(|| whole(section, &entries))
    })
}

/// An engine that is being put together from the parts of a snapshot.
#[derive(Debug)]
pub struct Restoring {
    engine: Engine,
    places: StoredPlaces,
    /// The sections of which a part came, with its version.
    seen: Vec<(Section, u16)>,
}

/// A section that was of an older version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Name of the section.
    pub section: &'static str,
    /// Its version in the snapshot.
    pub from: u16,
    /// Its version now.
    pub to: u16,
}

impl std::fmt::Display for Migrated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} from version {} to {}", self.section, self.from, self.to)
    }
}

impl Restoring {
    /// Begins with nothing.
    pub fn new(parameters: Parameters) -> Self {
        Self { engine: Engine::new(parameters), places: StoredPlaces::default(), seen: Vec::new() }
    }

    /// Whether a section is the engine's.
    pub fn knows(section: &str) -> bool {
        Section::named(section).is_some()
    }

    /// Takes the next part, in the order in which [`Frozen::into_parts`] gave them.
    ///
    /// # Errors
    /// See [`SnapshotError`]; what was taken before is of no use then.
    pub fn take(&mut self, part: &Part) -> Result<(), SnapshotError> {
        let section = Section::named(&part.section).ok_or(SnapshotError::Version)?;
        if self.seen.last() != Some(&(section, part.version)) {
            self.seen.push((section, part.version));
        }
        let migrated = migrated(section.name(), section.version(), section.older(), part)?;
        let bytes = migrated.as_deref().unwrap_or(&part.bytes);
        let engine = &mut self.engine;
        let lanes = &mut engine.lanes;
        match section {
            Section::Core => (engine.clock, engine.counts) = read(bytes)?,
            Section::Tunings => engine.models.restore(read(bytes)?),
            Section::Names => engine.names = Names::restored(read(bytes)?),
            Section::Places => self.places = read(bytes)?,
            Section::Files => {
                engine.reference.restore_files(&read::<Vec<_>>(bytes)?, &engine.table);
                engine.cover_all();
            }
            Section::Calibrations => engine.reference.restore_calibrations(read(bytes)?),
            Section::Ways => engine.reference.restore_ways(read(bytes)?),
            Section::Orders => engine.watch_orders.restore_orders(read(bytes)?, &engine.table),
            Section::Hits => engine.watch_orders.hits.restore(read(bytes)?),
            Section::Claims => lanes.restore(read(bytes)?, |lane| &mut lane.claims.of_vehicles, |key| *key),
            Section::Tracks => lanes.restore(read(bytes)?, |lane| &mut lane.tracks, |key| *key),
            Section::Drives => lanes.restore(read(bytes)?, |lane| &mut lane.drives.drives, |key| *key),
            Section::Alarms => engine.device_alarms.reports.restore(read(bytes)?),
            Section::Standings => engine.discipline.restore_standings(read(bytes)?),
            Section::Silences => {
                let (silences, maintenances): (Vec<Silence>, Vec<Maintenance>) = read(bytes)?;
                let discipline = &mut engine.discipline;
                discipline.silences =
                    silences.into_iter().map(|silence| (silence.id.clone(), silence)).collect();
                discipline.maintenances =
                    maintenances.into_iter().map(|window| (window.id.clone(), window)).collect();
            }
            Section::LooseVisits => lanes.restore_strangers(
                read(bytes)?,
                |lane| &mut lane.strangers.loose,
                |key| key.plate.packed(),
            ),
            Section::LooseNumbers => {
                lanes.restore_strangers(read(bytes)?, |lane| &mut lane.strangers.alike, |key| *key);
            }
            Section::Rules => engine.rules.restore(read(bytes)?, &mut engine.names),
            Section::RuleWarnings => {
                lanes.restore(read(bytes)?, |lane| &mut lane.said.standing, |(vehicle, _)| *vehicle);
            }
            Section::HiddenPlates => engine.hidden_plates.sightings.restore(read(bytes)?),
            Section::Exits => NoExits::restore(lanes, read(bytes)?),
            Section::Doubts => engine.doubts.by_number.restore(read(bytes)?),
            Section::Asked => lanes.restore(read(bytes)?, |lane| &mut lane.asked.by_vehicle, |key| *key),
            Section::DoubtsDue => engine.doubts.due = read(bytes)?,
        }
        Ok(())
    }

    /// The engine as it was, and what was migrated.
    ///
    /// # Errors
    /// [`SnapshotError::Older`] when a section is missing.
    pub fn finish(mut self) -> Result<(Engine, Vec<Migrated>), SnapshotError> {
        for section in Section::ALL {
            if !self.seen.iter().any(|(seen, _)| *seen == section) {
                let reason = "it is missing";
                return Err(SnapshotError::Older { section: section.name(), version: 0, reason });
            }
        }
        // Its index is made of the names' numbers.
        self.engine.reference.restore_places(self.places, &mut self.engine.names);
        let Engine { models, reference, lanes, clock, .. } = &mut self.engine;
        for vehicle in reference.vehicles_with_terminals() {
            let Lane { tracks, drives, terminals, .. } = lanes.of_mut(vehicle);
            if let Some(track) = tracks.get(&vehicle) {
                let drive = drives.drives.get(&vehicle);
                terminals.expect_again(vehicle, track, drive, models.everywhere(), *clock);
            }
        }
        let migrated = self.seen.into_iter().filter(|(section, version)| *version != section.version());
        let migrated =
            migrated.map(|(section, from)| Migrated { section: section.name(), from, to: section.version() });
        Ok((self.engine, migrated.collect()))
    }
}

/// The part's bytes brought to the version that is read; `None` when they are of it.
fn migrated(
    section: &'static str,
    version: u16,
    older: Older,
    part: &Part,
) -> Result<Option<Vec<u8>>, SnapshotError> {
    if part.version > version {
        return Err(SnapshotError::Version);
    }
    let mut bytes = None;
    for from in part.version..version {
        let step = match older {
            Older::Rebuild(reason) => {
                return Err(SnapshotError::Older { section, version: part.version, reason });
            }
            Older::Migrate(steps) => steps.iter().find(|(of, _)| *of == from),
        };
        let Some((_, migrate)) = step else {
            let reason = "it is too old";
            return Err(SnapshotError::Older { section, version: part.version, reason });
        };
        let before = bytes.as_deref().unwrap_or(part.bytes.as_slice());
        bytes = Some(migrate(before).map_err(|_| SnapshotError::Damaged)?);
    }
    Ok(bytes)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, SnapshotError> {
    match postcard::take_from_bytes(bytes) {
        Ok((state, [])) => Ok(state),
        _ => Err(SnapshotError::Damaged),
    }
}

impl Engine {
    /// Takes hold of all state, for another thread to write it.
    pub fn freeze(&self) -> Frozen {
        let lanes = || self.lanes.all().iter();
        Frozen {
            core: (self.clock, self.counts()),
            tunings: self.models.tunings().into_iter().cloned().collect(),
            names: self.names.all().to_vec(),
            places: self.reference.stored_places(),
            reference: self.reference.freeze(),
            orders: self.watch_orders.freeze_orders(),
            hits: self.watch_orders.hits.freeze(),
            claims: lanes().map(|lane| lane.claims.of_vehicles.freeze()).collect(),
            tracks: lanes().map(|lane| lane.tracks.freeze()).collect(),
            drives: lanes().map(|lane| lane.drives.drives.freeze()).collect(),
            alarms: self.device_alarms.reports.freeze(),
            standings: self.discipline.standings.freeze(),
            silences: (
                self.discipline.silences.values().cloned().collect(),
                self.discipline.maintenances.values().cloned().collect(),
            ),
            loose_visits: lanes().map(|lane| lane.strangers.loose.freeze()).collect(),
            loose_numbers: lanes().map(|lane| lane.strangers.alike.freeze()).collect(),
            rules: self.rules.stored(lanes().map(|lane| &lane.said)),
            rule_warnings: lanes().map(|lane| lane.said.standing.freeze()).collect(),
            hidden_plates: self.hidden_plates.sightings.freeze(),
            exits: NoExits::stored(&self.lanes),
            doubts: self.doubts.by_number.freeze(),
            asked: lanes().map(|lane| lane.asked.by_vehicle.freeze()).collect(),
            doubts_due: self.doubts.all_due(lanes()),
        }
    }

    /// All state as bytes, at once: see [`Self::freeze`] for a state that is large.
    pub fn snapshot(&self) -> Vec<u8> {
        let written = PartsWriter::begin(Vec::new()).and_then(|mut writer| {
            self.freeze().into_parts().try_for_each(|part| writer.put(&part))?;
            writer.end()
        });
        written.expect("a vector takes all that is written to it")
    }

    /// The engine as it was when [`Self::snapshot`] wrote `bytes`.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub fn restore(parameters: Parameters, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut reader = PartsReader::begin(bytes)?;
        let mut restoring = Restoring::new(parameters);
        while let Some(part) = reader.next_part()? {
            restoring.take(&part)?;
        }
        restoring.finish().map(|(engine, _)| engine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One number; version 2 has it twice, version 3 as its square.
    const STEPS: &[(u16, Migration)] = &[
        (1, |bytes| postcard::from_bytes::<u32>(bytes).and_then(|n| postcard::to_allocvec(&(n, n)))),
        (2, |bytes| {
            postcard::from_bytes::<(u32, u32)>(bytes).and_then(|(a, b)| postcard::to_allocvec(&(a * b)))
        }),
    ];

    fn part(version: u16, state: &impl Serialize) -> Part {
        Part { section: "x".into(), version, bytes: postcard::to_allocvec(state).unwrap() }
    }

    #[test]
    fn an_old_part_goes_through_all_migrations_behind_its_version() {
        let nine = postcard::to_allocvec(&9u32).unwrap();
        let migrated = |part: &Part| super::migrated("x", 3, Older::Migrate(STEPS), part);
        assert_eq!(migrated(&part(1, &3u32)), Ok(Some(nine.clone())));
        assert_eq!(migrated(&part(2, &(1u32, 9u32))), Ok(Some(nine)));
        assert_eq!(migrated(&part(3, &9u32)), Ok(None));
        assert_eq!(migrated(&part(4, &9u32)), Err(SnapshotError::Version));
        let too_old = SnapshotError::Older { section: "x", version: 0, reason: "it is too old" };
        assert_eq!(migrated(&part(0, &9u32)), Err(too_old));
        assert_eq!(migrated(&part(1, &())), Err(SnapshotError::Damaged));
    }

    #[test]
    fn a_section_that_is_rebuilt_says_why() {
        let older = Older::Rebuild("it forgot too much");
        let error = migrated("x", 3, older, &part(2, &9u32)).unwrap_err();
        assert_eq!(error.to_string(), "section \"x\" of version 2 has no migration: it forgot too much");
        assert_eq!(migrated("x", 3, older, &part(3, &9u32)), Ok(None));
    }

    #[test]
    fn sections_have_names_of_their_own_and_complete_migrations() {
        for (index, section) in Section::ALL.into_iter().enumerate() {
            assert_eq!(Section::named(section.name()), Some(section));
            assert_eq!(section as usize, index);
            if let Older::Migrate(steps) = section.older() {
                let from: Vec<u16> = steps.iter().map(|(from, _)| *from).collect();
                let last = section.version();
                assert_eq!(from, (last - from.len() as u16..last).collect::<Vec<_>>(), "{section:?}");
            }
        }
    }
}
