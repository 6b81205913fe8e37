//! What observations are judged against, indexed for judging: places, sections and the vehicle register.

use crate::held::Names;
use domain::observation::Passage;
use domain::{
    Checkpoint, CheckpointId, CivilDay, KeyClass, Plate, PlateClass, PlateColor, Section, SectionId,
    VehicleFile, VehicleKey, VehicleType, Wgs84,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What models need of a vehicle's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) key: VehicleKey,
    pub(crate) vehicle_type: Option<VehicleType>,
    pub(crate) key_class: Option<KeyClass>,
    pub(crate) body_color: Option<char>,
    pub(crate) inspection_valid_until: Option<CivilDay>,
    pub(crate) scrap_by: Option<CivilDay>,
    pub(crate) unhandled_offences: u16,
    pub(crate) is_night_exempt: bool,
}

impl File {
    /// Whether what the camera saw can be this vehicle; what either side doesn't know agrees.
    fn agrees_with(&self, passage: &Passage) -> bool {
        let (class, color) = (self.key.class, self.key.class.color());
        let is_class_same = passage.plate_class == PlateClass::UNKNOWN || passage.plate_class == class;
        let is_color_same = passage.plate_color == PlateColor::Unknown
            || color == PlateColor::Unknown
            || passage.plate_color == color;
        is_class_same && is_color_same
    }

    /// Whether the body colours are the same, as far as both are known (Z is "other", K "not read": GA/T 16.8).
    pub(crate) fn has_body_color_of(&self, passage: &Passage) -> bool {
        let known = |color: Option<char>| color.filter(|color| !matches!(color, 'K' | 'Z'));
        match (known(self.body_color), known(passage.body_color)) {
            (Some(registered), Some(seen)) => registered == seen,
            _ => true,
        }
    }
}

/// What a checkpoint is for sections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Role {
    /// Whether a section begins here.
    pub(crate) is_start: bool,
    /// The sections that end here, with the number of the checkpoint where each begins.
    pub(crate) ends: Vec<(SectionId, u32)>,
}

/// The reference. Watch orders have an index of their own in their model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    checkpoints: BTreeMap<CheckpointId, Wgs84>,
    sections: BTreeMap<SectionId, Section>,
    /// By number of the checkpoint; made from `sections`.
    roles: FxHashMap<u32, Role>,
    /// By checkpoint; only those with a role.
    places: FxHashMap<CheckpointId, u32>,
    /// All files of a number, by class: a car and a motorcycle may share it.
    files: FxHashMap<Plate, Vec<File>>,
}

/// The reference in a snapshot.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredReference {
    checkpoints: BTreeMap<CheckpointId, Wgs84>,
    sections: BTreeMap<SectionId, Section>,
    files: Vec<File>,
}

impl Reference {
    pub(crate) fn put_checkpoint(&mut self, checkpoint: &Checkpoint) {
        self.checkpoints.insert(checkpoint.id.clone(), checkpoint.location);
    }

    pub(crate) fn remove_checkpoint(&mut self, id: &CheckpointId) {
        self.checkpoints.remove(id);
    }

    pub(crate) fn location_of(&self, checkpoint: &CheckpointId) -> Option<Wgs84> {
        self.checkpoints.get(checkpoint).copied()
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
        self.places.clear();
        for section in self.sections.values() {
            let (start, end) = (names.number(&section.start.0), names.number(&section.end.0));
            self.places.insert(section.start.clone(), start);
            self.places.insert(section.end.clone(), end);
            self.roles.entry(start).or_default().is_start = true;
            self.roles.entry(end).or_default().ends.push((section.id.clone(), start));
        }
    }

    /// Whether a section begins or ends here.
    pub(crate) fn has_role(&self, checkpoint: &CheckpointId) -> bool {
        self.places.contains_key(checkpoint)
    }

    /// The role of a checkpoint by its number.
    pub(crate) fn role(&self, place: u32) -> Option<&Role> {
        self.roles.get(&place)
    }

    pub(crate) fn section(&self, id: &SectionId) -> Option<&Section> {
        self.sections.get(id)
    }

    pub(crate) fn put_vehicle(&mut self, file: &VehicleFile) {
        let files = self.files.entry(file.key.plate).or_default();
        files.retain(|other| other.key != file.key);
        files.reserve_exact(1);
        files.push(File {
            key: file.key,
            vehicle_type: file.vehicle_type,
            key_class: file.key_class,
            body_color: file.body_color,
            inspection_valid_until: file.inspection_valid_until,
            scrap_by: file.scrap_by,
            unhandled_offences: file.unhandled_offences,
            is_night_exempt: file.is_night_exempt,
        });
        files.sort_unstable_by_key(|file| file.key);
    }

    pub(crate) fn remove_vehicle(&mut self, key: VehicleKey) {
        if let Some(files) = self.files.get_mut(&key.plate) {
            files.retain(|file| file.key != key);
            if files.is_empty() {
                self.files.remove(&key.plate);
            }
        }
    }

    /// The file with this key, or the only one with its number.
    pub(crate) fn file(&self, key: VehicleKey) -> Option<&File> {
        let files = self.files.get(&key.plate)?;
        files.iter().find(|file| file.key == key).or(match files.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }

    /// The file of the vehicle that was read, when what the camera saw agrees with it.
    pub(crate) fn file_of(&self, passage: &Passage) -> Option<&File> {
        self.file(passage.vehicle()?).filter(|file| file.agrees_with(passage))
    }

    pub(crate) fn file_count(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn stored(&self) -> StoredReference {
        let mut files = Vec::with_capacity(self.files.len());
        #[expect(clippy::iter_over_hash_type, reason = "sorted below")]
        for of_number in self.files.values() {
            files.extend_from_slice(of_number);
        }
        files.sort_unstable_by_key(|file| file.key);
        StoredReference { checkpoints: self.checkpoints.clone(), sections: self.sections.clone(), files }
    }

    pub(crate) fn restored(stored: StoredReference, names: &mut Names) -> Self {
        let mut reference =
            Self { checkpoints: stored.checkpoints, sections: stored.sections, ..Self::default() };
        for file in stored.files {
            reference.files.entry(file.key.plate).or_default().push(file);
        }
        reference.index_sections(names);
        reference
    }
}
