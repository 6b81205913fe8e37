//! What observations are judged against, indexed for judging: places, sections, zones, the vehicle register, and what was
//! learned of devices and ways.

use crate::confusion::ConfusionTable;
use crate::held::Names;
use crate::reading::PREFIX_SYMBOLS;
use crate::shards::{FrozenMap, Shards};
use domain::observation::Passage;
use domain::plate::SYMBOL_BITS;
use domain::{
    Calibration, Checkpoint, CheckpointId, CivilDay, DeviceId, KeyClass, Plate, Section, SectionId, Terminal,
    Theatre, Timestamp, TravelTime, VehicleFile, VehicleKey, VehicleType, Wgs84, Zone, ZoneId, ZoneKind,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most calibrations kept of one device; they are learned by the quarter of an hour at most, so this is three days.
const CALIBRATIONS_MAX: usize = 288;

/// What models need of a vehicle's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) key: VehicleKey,
    pub(crate) vehicle_type: Option<VehicleType>,
    pub(crate) use_code: Option<char>,
    pub(crate) key_class: Option<KeyClass>,
    pub(crate) body_color: Option<char>,
    pub(crate) inspection_valid_until: Option<CivilDay>,
    pub(crate) scrap_by: Option<CivilDay>,
    pub(crate) unhandled_offences: u16,
    pub(crate) is_night_exempt: bool,
}

impl File {
    /// Whether the body colours are the same, as far as both are known (Z is "other", K "not read": GA/T 16.8).
    pub(crate) fn has_body_color_of(&self, passage: &Passage) -> bool {
        match (known_body_color(self.body_color), known_body_color(passage.body_color)) {
            (Some(registered), Some(seen)) => registered == seen,
            _ => true,
        }
    }
}

/// The files whose numbers cameras take for one another, by key. Nearly always one: then it lies in the map itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Alike {
    One(File),
    More(Vec<File>),
}

impl Alike {
    fn as_slice(&self) -> &[File] {
        match self {
            Self::One(file) => std::slice::from_ref(file),
            Self::More(files) => files,
        }
    }

    fn add(&mut self, file: File) {
        let mut files = self.as_slice().to_vec();
        files.push(file);
        files.sort_unstable_by_key(|file| file.key);
        *self = Self::More(files);
    }

    /// What is left without the file of this key.
    fn without(&self, key: VehicleKey) -> Option<Self> {
        let left: Vec<File> = self.as_slice().iter().filter(|file| file.key != key).copied().collect();
        match left.as_slice() {
            [] => None,
            [one] => Some(Self::One(*one)),
            _ => Some(Self::More(left)),
        }
    }
}

/// The body colour, when it says something.
pub(crate) fn known_body_color(color: Option<char>) -> Option<char> {
    color.filter(|color| !matches!(color, 'K' | 'Z'))
}

/// What a checkpoint is for sections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Role {
    /// The sections that begin here, with the number of the checkpoint where each ends.
    pub(crate) starts: Vec<(SectionId, u32)>,
    /// The sections that end here, with the number of the checkpoint where each begins.
    pub(crate) ends: Vec<(SectionId, u32)>,
}

/// What models need of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) location: Wgs84,
    pub(crate) theatre: Theatre,
    pub(crate) road: smol_str::SmolStr,
    pub(crate) limit_kmh: Option<u16>,
    pub(crate) limit_large_kmh: Option<u16>,
    pub(crate) one_way: Option<u8>,
}

/// A learned way: the shortest time that is driven, and the usual one, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Way {
    pub(crate) shortest_ms: i64,
    pub(crate) usual_ms: i64,
}

/// The reference. Watch orders, rules and silences have an index of their own where they are used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    checkpoints: FxHashMap<CheckpointId, Place>,
    sections: BTreeMap<SectionId, Section>,
    /// By number of the checkpoint; made from `sections`.
    roles: FxHashMap<u32, Role>,
    /// West, south, east and north of all checkpoints, in degrees.
    bounds: Option<[f64; 4]>,
    zones: BTreeMap<ZoneId, Zone>,
    /// The zones in which a checkpoint lies; made from `zones` and `checkpoints`.
    zones_of: FxHashMap<CheckpointId, Vec<ZoneId>>,
    /// Files by the canonical form of the number: what cameras take for one another lies together.
    files: Shards<u64, Alike>,
    file_count: usize,
    /// How many files there are by province and authority.
    files_of_prefix: BTreeMap<u64, u32>,
    /// Terminals by vehicle.
    terminals: Arc<BTreeMap<VehicleKey, Vec<DeviceId>>>,
    /// By device, each list by `from`.
    calibrations: Shards<DeviceId, Vec<Calibration>>,
    /// By numbers of the two checkpoints.
    ways: Shards<(u32, u32), Way>,
    /// By the number of the checkpoint where they begin, the usual times of ways, ascending; made from `ways`.
    usual_from: FxHashMap<u32, Vec<i64>>,
}

/// What of the reference is small and not learned, in a snapshot.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct StoredPlaces {
    checkpoints: BTreeMap<CheckpointId, Place>,
    sections: BTreeMap<SectionId, Section>,
    zones: BTreeMap<ZoneId, Zone>,
    terminals: Arc<BTreeMap<VehicleKey, Vec<DeviceId>>>,
}

/// What of the reference is large or learned, as it was at one moment.
#[derive(Debug)]
pub(crate) struct FrozenReference {
    pub(crate) files: FrozenMap<u64, Alike>,
    pub(crate) calibrations: FrozenMap<DeviceId, Vec<Calibration>>,
    pub(crate) ways: FrozenMap<(u32, u32), Way>,
}

impl Reference {
    pub(crate) fn put_checkpoint(&mut self, checkpoint: &Checkpoint) {
        let place = Place {
            location: checkpoint.location,
            theatre: checkpoint.theatre,
            road: checkpoint.road.clone(),
            limit_kmh: checkpoint.limit_kmh,
            limit_large_kmh: checkpoint.limit_large_kmh,
            one_way: checkpoint.one_way,
        };
        let id = &checkpoint.id;
        let lies_in = |zone: &Zone| zone.checkpoints.contains(id) || zone.area.contains(place.location);
        let zones = self.zones.values().filter(|zone| lies_in(zone)).map(|zone| zone.id.clone()).collect();
        self.zones_of.insert(id.clone(), zones);
        self.checkpoints.insert(id.clone(), place);
        self.bound();
    }

    pub(crate) fn remove_checkpoint(&mut self, id: &CheckpointId) {
        self.checkpoints.remove(id);
        self.bound();
        self.zones_of.remove(id);
    }

    pub(crate) fn place(&self, checkpoint: &CheckpointId) -> Option<&Place> {
        self.checkpoints.get(checkpoint)
    }

    pub(crate) fn location_of(&self, checkpoint: &CheckpointId) -> Option<Wgs84> {
        self.checkpoints.get(checkpoint).map(|place| place.location)
    }

    pub(crate) fn put_section(&mut self, section: &Section, names: &mut Names) {
        self.sections.insert(section.id.clone(), section.clone());
        self.index_sections(names);
    }

    pub(crate) fn remove_section(&mut self, id: &SectionId, names: &mut Names) {
        self.sections.remove(id);
        self.index_sections(names);
    }

    fn index_sections(&mut self, names: &mut Names) {
        self.roles.clear();
        for section in self.sections.values() {
            let (start, end) = (names.number(&section.start.0), names.number(&section.end.0));
            self.roles.entry(start).or_default().starts.push((section.id.clone(), end));
            self.roles.entry(end).or_default().ends.push((section.id.clone(), start));
        }
    }

    /// The role of a checkpoint by its number.
    pub(crate) fn role(&self, place: u32) -> Option<&Role> {
        self.roles.get(&place)
    }

    pub(crate) fn section(&self, id: &SectionId) -> Option<&Section> {
        self.sections.get(id)
    }

    pub(crate) fn put_zone(&mut self, zone: &Zone) {
        self.remove_zone(&zone.id);
        let lies_in = |(id, place): &(&CheckpointId, &Place)| {
            zone.checkpoints.contains(*id) || zone.area.contains(place.location)
        };
        self.checkpoints.iter().filter(lies_in).for_each(|(id, _)| {
            let zones = self.zones_of.entry(id.clone()).or_default();
            zones.push(zone.id.clone());
            zones.sort_unstable();
        });
        self.zones.insert(zone.id.clone(), zone.clone());
    }

    pub(crate) fn remove_zone(&mut self, id: &ZoneId) {
        if self.zones.remove(id).is_some() {
            self.zones_of.values_mut().for_each(|zones| zones.retain(|other| other != id));
        }
    }

    /// The zones in which a checkpoint lies, by identity.
    pub(crate) fn zones_of(&self, checkpoint: &CheckpointId) -> impl Iterator<Item = &Zone> {
        self.zones_of.get(checkpoint).into_iter().flatten().filter_map(|id| self.zones.get(id))
    }

    pub(crate) fn has_zones(&self) -> bool {
        !self.zones.is_empty()
    }

    /// Whether a place lies within the bounds of the checkpoints: beyond them corridors say nothing.
    pub(crate) fn is_in_county(&self, location: Wgs84) -> bool {
        self.bounds.is_some_and(|[west, south, east, north]| {
            (west..=east).contains(&location.lon_deg()) && (south..=north).contains(&location.lat_deg())
        })
    }

    fn bound(&mut self) {
        let bounds = self.checkpoints.values().fold(None, |bounds: Option<[f64; 4]>, place| {
            let (lon, lat) = (place.location.lon_deg(), place.location.lat_deg());
            let [west, south, east, north] = bounds.unwrap_or([lon, lat, lon, lat]);
            Some([west.min(lon), south.min(lat), east.max(lon), north.max(lat)])
        });
        self.bounds = bounds;
    }

    /// All zones of a kind, by identity.
    pub(crate) fn zones(&self, kind: ZoneKind) -> impl Iterator<Item = &Zone> {
        self.zones.values().filter(move |zone| zone.kind == kind)
    }

    pub(crate) fn put_vehicle(&mut self, file: &VehicleFile, table: &ConfusionTable) {
        self.remove_vehicle(file.key, table);
        self.add_file(
            File {
                key: file.key,
                vehicle_type: file.vehicle_type,
                use_code: file.use_code,
                key_class: file.key_class,
                body_color: file.body_color,
                inspection_valid_until: file.inspection_valid_until,
                scrap_by: file.scrap_by,
                unhandled_offences: file.unhandled_offences,
                is_night_exempt: file.is_night_exempt,
            },
            table,
        );
    }

    fn add_file(&mut self, file: File, table: &ConfusionTable) {
        let canonical = table.canonical(file.key.plate);
        match self.files.get_mut(&canonical) {
            Some(alike) => alike.add(file),
            None => drop(self.files.insert(canonical, Alike::One(file))),
        }
        self.file_count += 1;
        *self.files_of_prefix.entry(prefix(file.key.plate)).or_default() += 1;
    }

    pub(crate) fn remove_vehicle(&mut self, key: VehicleKey, table: &ConfusionTable) {
        let canonical = table.canonical(key.plate);
        let Some(alike) = self.files.get_mut(&canonical) else { return };
        let before = alike.as_slice().len();
        let left = alike.without(key);
        let gone = before - left.as_ref().map_or(0, |left| left.as_slice().len());
        match left {
            Some(left) => *alike = left,
            None => drop(self.files.remove(&canonical)),
        }
        if gone > 0 {
            self.file_count -= gone;
            if let Some(count) = self.files_of_prefix.get_mut(&prefix(key.plate)) {
                *count -= gone as u32;
            }
        }
    }

    /// The file with this key, or the only one with its number.
    pub(crate) fn file(&self, key: VehicleKey, table: &ConfusionTable) -> Option<&File> {
        let files = self.files.get(&table.canonical(key.plate))?.as_slice();
        let mut of_number = files.iter().filter(|file| file.key.plate == key.plate);
        let first = of_number.next()?;
        let Some(second) = of_number.next() else { return Some(first) };
        [first, second].into_iter().chain(of_number).find(|file| file.key.class == key.class)
    }

    /// Asks for the memory that [`Self::file`] needs.
    pub(crate) fn warm(&self, plate: Plate, table: &ConfusionTable) -> bool {
        self.files.get(&table.canonical(plate)).is_some_and(|alike| matches!(alike, Alike::One(_)))
    }

    /// The file of the number that was read, by the class that was seen.
    pub(crate) fn file_seen(&self, passage: &Passage, table: &ConfusionTable) -> Option<&File> {
        self.file(passage.vehicle()?, table)
    }

    /// The files whose numbers cameras take for this one, by the table alone.
    pub(crate) fn for_each_same<'a>(
        &'a self,
        table: &ConfusionTable,
        plate: Plate,
        mut see: impl FnMut(&'a File),
    ) {
        self.files.get(&table.canonical(plate)).map_or(&[][..], Alike::as_slice).iter().for_each(&mut see);
    }

    /// The files whose numbers are this one, by the table, but for the symbol at `shift` bits.
    pub(crate) fn for_each_like<'a>(
        &'a self,
        table: &ConfusionTable,
        plate: Plate,
        shift: u32,
        mut see: impl FnMut(&'a File),
    ) {
        for canonical in table.canonical_like(plate, shift) {
            self.files.get(&canonical).map_or(&[][..], Alike::as_slice).iter().for_each(&mut see);
        }
    }

    /// The files whose numbers may differ from this one in one symbol after the prefix, whichever it is; and some that differ
    /// in more.
    pub(crate) fn for_each_near<'a>(
        &'a self,
        table: &ConfusionTable,
        plate: Plate,
        mut see: impl FnMut(&'a File),
    ) {
        let own = table.canonical(plate);
        self.for_each_same(table, plate, &mut see);
        for place in 0..(plate.symbol_count() as u32).saturating_sub(PREFIX_SYMBOLS) {
            for canonical in table.canonical_like(plate, place * SYMBOL_BITS).filter(|other| *other != own) {
                self.files.get(&canonical).map_or(&[][..], Alike::as_slice).iter().for_each(&mut see);
            }
        }
    }

    /// Whether the register is taken to know all numbers of this one's province and authority.
    pub(crate) fn is_covered(&self, plate: Plate, files_min: i64) -> bool {
        self.files_of_prefix.get(&prefix(plate)).is_some_and(|count| i64::from(*count) >= files_min)
    }

    /// Provinces and authorities, each with how many of its numbers are registered, or were.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = (u64, i64)> {
        self.files_of_prefix.iter().map(|(prefix, count)| (*prefix, i64::from(*count)))
    }

    /// How many numbers of this one's province and authority are registered, with these.
    pub(crate) fn prefix_count(&self, plate: Plate) -> (u64, i64) {
        let prefix = prefix(plate);
        (prefix, self.files_of_prefix.get(&prefix).map_or(0, |count| i64::from(*count)))
    }

    pub(crate) fn file_count(&self) -> usize {
        self.file_count
    }

    pub(crate) fn put_terminal(&mut self, terminal: &Terminal) {
        self.remove_terminal(&terminal.device);
        let devices = Arc::make_mut(&mut self.terminals).entry(terminal.vehicle).or_default();
        devices.push(terminal.device.clone());
        devices.sort_unstable();
    }

    pub(crate) fn remove_terminal(&mut self, device: &DeviceId) {
        Arc::make_mut(&mut self.terminals).retain(|_, devices| {
            devices.retain(|other| other != device);
            !devices.is_empty()
        });
    }

    /// By key.
    pub(crate) fn vehicles_with_terminals(&self) -> impl Iterator<Item = VehicleKey> {
        self.terminals.keys().copied()
    }

    /// The terminals registered for a vehicle, by identity.
    pub(crate) fn terminals_of(&self, vehicle: VehicleKey) -> &[DeviceId] {
        self.terminals.get(&vehicle).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn put_calibration(&mut self, calibration: &Calibration) {
        let of_device = self.calibrations.get_or_insert_with(calibration.device.clone(), Vec::new);
        match of_device.binary_search_by_key(&calibration.from, |known| known.from) {
            Ok(index) => of_device[index] = calibration.clone(),
            Err(index) => of_device.insert(index, calibration.clone()),
        }
        if of_device.len() > CALIBRATIONS_MAX {
            of_device.remove(0);
        }
    }

    /// What was learned of a camera for what it captured at that time by its own clock; `None` when nothing was. Before
    /// the first calibration the first one holds: a clock that is wrong now was wrong before anybody had noticed.
    pub(crate) fn calibration(&self, device: &DeviceId, captured_at: Timestamp) -> Option<&Calibration> {
        let of_device = self.calibrations.get(device)?;
        let later = of_device.partition_point(|known| known.from <= captured_at);
        of_device.get(later.saturating_sub(1))
    }

    pub(crate) fn put_travel_time(&mut self, time: &TravelTime, names: &mut Names) {
        let pair = (names.number(&time.from.0), names.number(&time.to.0));
        self.put_way(pair, Way { shortest_ms: time.shortest_ms, usual_ms: time.usual_ms });
    }

    fn put_way(&mut self, pair: (u32, u32), way: Way) {
        let before = self.ways.insert(pair, way);
        let usual = self.usual_from.entry(pair.0).or_default();
        if let Some(index) = before.and_then(|before| usual.binary_search(&before.usual_ms).ok()) {
            usual.remove(index);
        }
        usual.insert(usual.partition_point(|known| *known < way.usual_ms), way.usual_ms);
    }

    /// How many learned ways from here usually take no longer.
    pub(crate) fn ways_within(&self, from: u32, usual_ms: i64) -> usize {
        self.usual_from.get(&from).map_or(0, |usual| usual.partition_point(|known| *known <= usual_ms))
    }

    pub(crate) fn checkpoint_count(&self) -> usize {
        self.checkpoints.len()
    }

    /// What was learned of the way between two checkpoints, by their numbers.
    pub(crate) fn way(&self, from: u32, to: u32) -> Option<Way> {
        self.ways.get(&(from, to)).copied()
    }

    pub(crate) fn stored_places(&self) -> StoredPlaces {
        StoredPlaces {
            checkpoints: self.checkpoints.iter().map(|(id, place)| (id.clone(), place.clone())).collect(),
            sections: self.sections.clone(),
            zones: self.zones.clone(),
            terminals: self.terminals.clone(),
        }
    }

    pub(crate) fn freeze(&self) -> FrozenReference {
        FrozenReference {
            files: self.files.freeze(),
            calibrations: self.calibrations.freeze(),
            ways: self.ways.freeze(),
        }
    }

    pub(crate) fn restore_places(&mut self, stored: StoredPlaces, names: &mut Names) {
        self.zones_of = stored.checkpoints.keys().map(|id| (id.clone(), Vec::new())).collect();
        self.checkpoints = stored.checkpoints.into_iter().collect();
        self.sections = stored.sections;
        self.terminals = stored.terminals;
        for zone in stored.zones.values() {
            self.put_zone(zone);
        }
        self.index_sections(names);
        self.bound();
    }

    pub(crate) fn restore_files(&mut self, files: &[(u64, Alike)], table: &ConfusionTable) {
        // Their canonical form is that of the table of today.
        for file in files.iter().flat_map(|(_, alike)| alike.as_slice()) {
            self.add_file(*file, table);
        }
    }

    pub(crate) fn restore_calibrations(&mut self, calibrations: Vec<(DeviceId, Vec<Calibration>)>) {
        for (device, known) in calibrations {
            self.calibrations.insert(device, known);
        }
    }

    pub(crate) fn restore_ways(&mut self, ways: Vec<((u32, u32), Way)>) {
        for (pair, way) in ways {
            self.put_way(pair, way);
        }
    }
}

/// Province and authority of a number.
fn prefix(plate: Plate) -> u64 {
    prefix_of(plate.packed())
}

/// Province and authority of a packed number, with places unread or not.
pub(crate) fn prefix_of(packed: u64) -> u64 {
    const PREFIX_SYMBOLS: u32 = 2;
    let count = (u64::BITS - packed.leading_zeros()).div_ceil(SYMBOL_BITS);
    packed >> (count.saturating_sub(PREFIX_SYMBOLS) * SYMBOL_BITS)
}
