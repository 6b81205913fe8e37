//! Watch orders (布控比对): exact reads, and reads that may be the ordered plate misread.
//!
//! Orders are found by keys: the plate in canonical form, in which symbols that cameras take for one another are one,
//! with its wildcards masked and once more with each single place masked, for reads with an unread place. What is found
//! is then scored symbol by symbol. One warning per order and passage.

use super::{Context, Ground, Sight};
use crate::confusion::{ConfusionTable, masked, paired_codes, unread_code, unread_places};
use crate::keyed::{Aging, Keyed};
use crate::parameters::{ModelParameters, WatchOrderParameters};
use crate::reading::Known;
use crate::reference::File;
use crate::settle::{Finding, Standing, digest, settle};
use crate::shards::{FrozenMap, Shards};
use domain::observation::Passage;
use domain::warning::{Detail, Subject};
use domain::{
    Level, ModelId, ObservationId, Plate, PlateClass, PlateColor, Timestamp, VehicleKey, WatchOrder,
    WatchOrderId,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The score of a read that is the ordered plate as it is.
const EXACT_PERMILLE: i64 = 1000;

/// What is remembered of a passage that hit: which copy of it counts, and what stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hit {
    /// When the copy that counts reached us, and its digest to break ties.
    copy: (Timestamp, u64),
    standing: Vec<Standing>,
}

impl Aging for Hit {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.standing.iter().map(|warning| warning.anchor).min()
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.standing.retain(|warning| warning.anchor >= cutoff);
    }

    fn size(&self) -> usize {
        self.standing.len()
    }
}

/// The model with its orders and what it found.
#[derive(Clone, Debug)]
pub(crate) struct WatchOrders {
    orders: Shards<WatchOrderId, WatchOrder>,
    /// By masked canonical plate.
    by_key: FxHashMap<u64, Vec<WatchOrderId>>,
    /// How many orders have their wildcards at these places. Mostly one entry: no wildcards.
    wildcards: BTreeMap<u16, usize>,
    pub(crate) hits: Keyed<ObservationId, Hit>,
}

impl WatchOrders {
    pub(crate) fn new(keep_ms: i64) -> Self {
        Self {
            orders: Shards::default(),
            by_key: FxHashMap::default(),
            wildcards: BTreeMap::new(),
            hits: Keyed::new(keep_ms),
        }
    }

    pub(crate) fn freeze_orders(&self) -> FrozenMap<WatchOrderId, WatchOrder> {
        self.orders.freeze()
    }

    pub(crate) fn restore_orders(&mut self, orders: Vec<(WatchOrderId, WatchOrder)>, table: &ConfusionTable) {
        for (_, order) in orders {
            self.put(order, table);
        }
    }

    /// The model with one order at most, and without what it found.
    pub(crate) fn only(&self, order: Option<&WatchOrderId>, keep_ms: i64, table: &ConfusionTable) -> Self {
        let mut only = Self::new(keep_ms);
        if let Some(order) = order.and_then(|id| self.orders.get(id)) {
            only.put(order.clone(), table);
        }
        only
    }

    pub(crate) fn order_count(&self) -> usize {
        self.orders.len()
    }

    pub(crate) fn put(&mut self, order: WatchOrder, table: &ConfusionTable) {
        self.remove(&order.id, table);
        for key in keys(order.plate, table) {
            self.by_key.entry(key).or_default().push(order.id.clone());
        }
        *self.wildcards.entry(unread_places(order.plate)).or_default() += 1;
        self.orders.insert(order.id.clone(), order);
    }

    pub(crate) fn remove(&mut self, id: &WatchOrderId, table: &ConfusionTable) {
        let Some(order) = self.orders.remove(id) else { return };
        for key in keys(order.plate, table) {
            if let Some(ids) = self.by_key.get_mut(&key) {
                ids.retain(|other| other != id);
                if ids.is_empty() {
                    self.by_key.remove(&key);
                }
            }
        }
        let places = unread_places(order.plate);
        if let Some(count) = self.wildcards.get_mut(&places) {
            *count -= 1;
            if *count == 0 {
                self.wildcards.remove(&places);
            }
        }
    }

    /// Whether [`Self::observe`] would look at any order.
    pub(crate) fn may_concern(&self, sight: &Sight<'_>, ground: Ground<'_>) -> bool {
        let Some(read) = sight.passage.plate.filter(|_| !self.orders.is_empty()) else { return false };
        let unread = unread_places(read);
        let p = &ground.models_for(sight).watch_order.parameters;
        // Where any symbol may be doubted, `observe` looks under more keys.
        unread.count_ones() <= 1
            && (p.unlisted_permille.value >= p.score_min_permille.value
                || self.wildcards.keys().any(|wildcards| {
                    self.by_key.contains_key(&masked(ground.table.canonical(read), wildcards | unread))
                }))
    }

    pub(crate) fn observe(&mut self, sight: &Sight<'_>, context: &mut Context<'_>) {
        let (observation, passage, table) = (sight.observation, sight.passage, context.table);
        let (Some(read), false) = (passage.plate, self.orders.is_empty()) else { return };
        if !context.models.watch_order.is_enabled {
            return;
        }
        let candidates = self.candidates(
            read,
            table,
            context.models.watch_order.parameters.unlisted_permille.value
                >= context.models.watch_order.parameters.score_min_permille.value,
        );
        if candidates.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for id in candidates {
            let Some(order) = self.orders.get(&id) else { continue };
            if !order.is_in_force_at(sight.at) {
                continue;
            }
            if let Some(score_permille) = score(order, read, sight, context) {
                let warning = finding(order, score_permille, read, sight, context);
                found.push((observation.captured_at, warning));
            }
        }
        if found.is_empty() {
            return;
        }
        let copy = (observation.received_at, digest(observation));
        // Beyond the horizon it is forgotten at once; a copy then raises the same warning again.
        let hit = self.hits.state_mut(observation.id, observation.captured_at);
        if !hit.standing.is_empty() && hit.copy <= copy {
            context.counts.duplicates += 1;
            return;
        }
        hit.copy = copy;
        settle(&mut hit.standing, |_| true, found, context.out);
    }

    /// The orders that the read may be a sighting of, by ascending identity.
    fn candidates(
        &self,
        read: Plate,
        table: &ConfusionTable,
        is_any_symbol_doubted: bool,
    ) -> Vec<WatchOrderId> {
        let unread = unread_places(read);
        if unread.count_ones() > 1 {
            return Vec::new();
        }
        let canonical = table.canonical(read);
        let mut found = Vec::new();
        let mut look_up = |places: u16| {
            if let Some(ids) = self.by_key.get(&masked(canonical, places)) {
                found.extend_from_slice(ids);
            }
        };
        for wildcards in self.wildcards.keys() {
            look_up(wildcards | unread);
            if is_any_symbol_doubted && unread == 0 {
                (0..read.symbol_count()).for_each(|place| look_up(wildcards | 1 << place));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The keys under which an order is found: its wildcards masked, and besides them each one place.
fn keys(plate: Plate, table: &ConfusionTable) -> Vec<u64> {
    let (canonical, wildcards) = (table.canonical(plate), unread_places(plate));
    let mut keys = vec![masked(canonical, wildcards)];
    keys.extend((0..plate.symbol_count()).map(|place| masked(canonical, wildcards | 1 << place)));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// How likely the read is a sighting of the ordered vehicle, in permille; `None` when it is no hit.
fn score(order: &WatchOrder, read: Plate, sight: &Sight<'_>, context: &Context<'_>) -> Option<u16> {
    let (passage, table) = (sight.passage, context.table);
    let p = &context.models.watch_order.parameters;
    let unread = unread_code();
    let mut score = EXACT_PERMILLE;
    let mut differing = 0;
    for (truth, seen) in paired_codes(order.plate, read)? {
        if truth == unread || truth == seen {
            continue;
        }
        // A misread is one symbol; where two differ, it is another number.
        differing += 1;
        if differing > 1 {
            return None;
        }
        score = if seen == unread {
            p.unread_permille.value
        } else {
            match i64::from(table.likelihood_permille(truth, seen)) {
                0 => p.unlisted_permille.value,
                listed => listed,
            }
        };
    }
    let is_misread = score < EXACT_PERMILLE;
    if is_misread {
        score = score * camera_doubt_permille(passage, p) / 1000;
        let is_read_confirmed = sight.reading.is_some_and(|reading| {
            reading.is_as_read
                && reading.known == Known::File
                && !reading.look.is_plate_other
                && !reading.look.is_color_other
        });
        if p.trust_registered_read.value && is_read_confirmed {
            return None;
        }
        let ordered = context.reference.file(ordered_key(order, passage), table);
        if ordered.is_some_and(|file: &File| !file.has_body_color_of(passage)) {
            score = score * p.body_color_mismatch_permille.value / 1000;
        }
    }
    if order.class.is_some_and(|class| contradicts(class, passage)) {
        score = score * p.class_mismatch_permille.value / 1000;
    }
    (score >= p.score_min_permille.value).then_some(score as u16)
}

/// How much a misread is to be reckoned with, by the camera's own confidence.
fn camera_doubt_permille(passage: &Passage, p: &WatchOrderParameters) -> i64 {
    let Some(confidence) = passage.plate_confidence else { return 1000 };
    let (doubtful, sure) = (p.doubtful_confidence_percent.value, p.sure_camera_permille.value);
    let above = (i64::from(confidence).min(100) - doubtful).max(0);
    1000 - (1000 - sure) * above / (100 - doubtful)
}

/// Whether plate class or ground colour, where seen, are not those of the ordered class.
fn contradicts(class: PlateClass, passage: &Passage) -> bool {
    let (color, seen) = (class.color(), passage.plate_color);
    passage.plate_class != PlateClass::UNKNOWN && passage.plate_class != class
        || color != PlateColor::Unknown && seen != PlateColor::Unknown && color != seen
}

/// The ordered vehicle; an order without a class means the one that was seen.
fn ordered_key(order: &WatchOrder, passage: &Passage) -> VehicleKey {
    let seen = passage.vehicle().map_or(PlateClass::UNKNOWN, |vehicle| vehicle.class);
    VehicleKey { plate: order.plate, class: order.class.unwrap_or(seen) }
}

fn finding(
    order: &WatchOrder,
    score_permille: u16,
    read: Plate,
    sight: &Sight<'_>,
    context: &Context<'_>,
) -> domain::Warning {
    let (observation, passage) = (sight.observation, sight.passage);
    let model = &context.models.watch_order;
    let is_certain = i64::from(score_permille) == EXACT_PERMILLE;
    // A wildcard order means whoever matches it: the vehicle that was read.
    let vehicle =
        if order.plate.has_unread() { passage.vehicle() } else { Some(ordered_key(order, passage)) };
    Finding {
        model: ModelId::WatchOrder,
        version: model.version,
        identity: &[order.id.as_str().as_bytes(), &observation.id.0.to_le_bytes()],
        subject: Subject { vehicle, plate_text: Some(passage.plate_text.clone()), device: None },
        level: if is_certain { order.level } else { one_lower(order.level) },
        actionable_seconds: model.actionable_seconds,
        detail: Detail::WatchOrder {
            order: order.id.clone(),
            ordered_plate: order.plate,
            read_plate: read,
            score_permille,
            reason: order.reason.clone(),
        },
        occurred_at: Some(sight.at),
        evidence: vec![observation.clone()],
    }
    .into_warning(context.reference)
}

fn one_lower(level: Level) -> Level {
    match level {
        Level::High => Level::Medium,
        Level::Medium | Level::Low => Level::Low,
    }
}
