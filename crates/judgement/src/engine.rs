//! The engine: applies entries in their order and keeps the clock.

use crate::confusion::ConfusionTable;
use crate::deadlines::BUCKET_MS;
use crate::discipline::Discipline;
use crate::doubts::{Doubts, is_doubtful};
use crate::held::{Inserted, Names};
use crate::keyed::Keyed;
use crate::lane::Lanes;
use crate::models::device_alarm::DeviceAlarms;
use crate::models::hidden_plate::HiddenPlates;
use crate::models::no_exit::NoExits;
use crate::models::rules::{self, RuleState, Rules, Said};
use crate::models::terminal::Terminals;
use crate::models::watch_order::WatchOrders;
use crate::models::{Context, Ground, SLOT_MINUTES, Sight, Turn};
use crate::models::{average_speed, clone_plate, fake_plate, passage_fatigue};
use crate::parameters::{ModelParameters, Parameters, TunedModels};
use crate::reading::{Meant, Reading};
use crate::reference::Reference;
use crate::seen::{Concerned, Glance, Seen};
use crate::strangers::Board;
use crate::track::{NewVisit, Track, VISITS_MAX};
use domain::observation::Fact;
use domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use domain::{Entry, Observation, Outcome, Plate, ReferenceChange, Timestamp};
use serde::{Deserialize, Serialize};

/// The state of all models. Equal entries in equal order give equal outcomes; and whatever the order of the
/// observations, the same warnings stand at the end.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) models: TunedModels,
    pub(crate) table: ConfusionTable,
    pub(crate) clock: Timestamp,
    pub(crate) counts: Counts,
    pub(crate) names: Names,
    pub(crate) reference: Reference,
    pub(crate) watch_orders: WatchOrders,
    pub(crate) hidden_plates: HiddenPlates,
    pub(crate) rules: Rules,
    pub(crate) device_alarms: DeviceAlarms,
    pub(crate) discipline: Discipline,
    pub(crate) doubts: Doubts,
    pub(crate) lanes: Lanes,
}

/// What was counted since the first entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) observations: u64,
    pub(crate) duplicates: u64,
    pub(crate) late_beyond_horizon: u64,
    pub(crate) ahead_of_clock: u64,
    pub(crate) over_bound: u64,
    pub(crate) forgotten_early: u64,
    /// Passages before this moment were forgotten before their time.
    pub(crate) passages_from: Timestamp,
}

impl Counts {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            observations: self.observations + other.observations,
            duplicates: self.duplicates + other.duplicates,
            late_beyond_horizon: self.late_beyond_horizon + other.late_beyond_horizon,
            ahead_of_clock: self.ahead_of_clock + other.ahead_of_clock,
            over_bound: self.over_bound + other.over_bound,
            forgotten_early: self.forgotten_early + other.forgotten_early,
            passages_from: self.passages_from.max(other.passages_from),
        }
    }
}

/// How large the state is and what was counted, for the health page and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Observations applied since the first entry.
    pub observations: u64,
    /// Vehicles of which passages are remembered.
    pub vehicles: usize,
    /// Passages remembered: those where sections begin or end.
    pub passages_held: usize,
    /// Vehicles whose drives are remembered.
    pub drives: usize,
    /// Slots of five minutes of these drives.
    pub drive_slots_held: usize,
    /// Reports of device alarms remembered.
    pub alarm_reports_held: usize,
    /// Numbers in the register.
    pub registered: usize,
    /// Watch orders, in force or not.
    pub watch_orders: usize,
    /// Deadlines armed.
    pub timers_armed: usize,
    /// Observations that came again and changed nothing.
    pub duplicates: u64,
    /// Observations older than the horizon: compared with watch orders only.
    pub late_beyond_horizon: u64,
    /// Observations from clocks too far ahead: compared with watch orders only.
    pub ahead_of_clock: u64,
    /// Observations not remembered because a bound was reached.
    pub over_bound: u64,
    /// Passages forgotten before their time, because more were remembered than `horizon.passages_held_max`.
    pub forgotten_early: u64,
    /// For how many hours passages are remembered: less than models may look back when they are too many.
    pub passage_hours: i64,
}

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(parameters: Parameters) -> Self {
        let keep_ms = keep_ms(&parameters.models);
        let tracks_keep_ms = tracks_keep_ms(&parameters.models);
        Self {
            table: ConfusionTable::new(&parameters.confusions),
            clock: Timestamp::default(),
            counts: Counts::default(),
            names: Names::default(),
            reference: Reference::default(),
            watch_orders: WatchOrders::new(keep_ms),
            rules: Rules::default(),
            hidden_plates: HiddenPlates::new(&parameters.models),
            device_alarms: DeviceAlarms { reports: Keyed::new(keep_ms) },
            discipline: Discipline::new(keep_ms),
            doubts: Doubts::new(keep_ms),
            lanes: Lanes::new(keep_ms, tracks_keep_ms),
            models: TunedModels::new(parameters.models),
        }
    }

    /// Applies the next entry of the journal and appends what follows from it to `out`.
    pub fn apply(&mut self, entry: &Entry, out: &mut Vec<Outcome>) {
        let first = out.len();
        match entry {
            Entry::Observation(observation) => {
                self.names.take_in(observation);
                self.advance(observation.received_at, out);
                self.observe(observation, out);
            }
            Entry::Reference(change) => self.change(change, out),
        }
        self.mark(first, out);
    }

    /// Says how the warnings stand that the outcomes of one entry touch: those from `first` on.
    pub(crate) fn mark(&mut self, first: usize, out: &mut Vec<Outcome>) {
        if out.len() > first {
            self.discipline.mark(out, first, &self.models.everywhere().discipline, &mut self.names);
        }
    }

    /// The greatest time of receipt or tick applied. Deadlines fire by it, never by a wall clock.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// How large the state is and what was counted.
    pub fn stats(&self) -> Stats {
        let counts = self.counts();
        Stats {
            observations: counts.observations,
            vehicles: self.lanes.sum(|lane| lane.tracks.len()),
            passages_held: self.lanes.sum(|lane| lane.tracks.size()),
            drives: self.lanes.sum(|lane| lane.drives.drives.len()),
            drive_slots_held: self.lanes.sum(|lane| lane.drives.drives.size()),
            alarm_reports_held: self.device_alarms.reports.size(),
            registered: self.reference.file_count(),
            watch_orders: self.watch_orders.order_count(),
            timers_armed: self.watch_orders.hits.armed_count()
                + self.hidden_plates.sightings.armed_count()
                + self.device_alarms.reports.armed_count()
                + self.discipline.standings.armed_count()
                + self.doubts.by_number.armed_count()
                + self.lanes.armed_count(),
            duplicates: counts.duplicates,
            late_beyond_horizon: counts.late_beyond_horizon,
            ahead_of_clock: counts.ahead_of_clock,
            over_bound: counts.over_bound,
            forgotten_early: counts.forgotten_early,
            passage_hours: (tracks_keep_ms(self.models.everywhere()) / HOUR_MS)
                .min(self.clock.ms_since(self.counts.passages_from) / HOUR_MS),
        }
    }

    /// The rules in force, by identity, and what was counted of each.
    pub fn rules(&self) -> Vec<RuleState> {
        self.rules.states(self.lanes.all().iter().map(|lane| &lane.said))
    }

    /// What was counted, in all lanes too.
    pub(crate) fn counts(&self) -> Counts {
        self.lanes.all().iter().fold(self.counts, |sum, lane| sum.plus(lane.counts))
    }

    /// What observations are judged against.
    pub(crate) fn ground(&self) -> Ground<'_> {
        let Self { models: tuned, table, reference, names, rules, .. } = self;
        Ground { tuned, table, reference, names, rules }
    }

    fn advance(&mut self, to: Timestamp, out: &mut Vec<Outcome>) {
        if to <= self.clock {
            return;
        }
        let is_bucket_new = bucket_of(to) != bucket_of(self.clock);
        self.clock = to;
        if is_bucket_new {
            let models = self.models.everywhere();
            self.watch_orders.hits.retire(to, models);
            self.hidden_plates.sightings.retire(to, models);
            self.device_alarms.reports.retire(to, models);
            self.discipline.retire(to, models);
            self.doubts.by_number.retire(to, models);
            for lane in self.lanes.all_mut() {
                lane.retire(to, models);
            }
            let held_max = usize::try_from(models.horizon.passages_held_max.value).unwrap_or(usize::MAX);
            let (forgotten, cutoff) = self.lanes.bound(held_max, models);
            self.counts.forgotten_early += forgotten as u64;
            self.counts.passages_from = self.counts.passages_from.max(cutoff.unwrap_or_default());
            let Self { models: tuned, table, reference, names, rules, lanes, counts, doubts, .. } = self;
            let ground = Ground { tuned, table, reference, names, rules };
            let mut context = ground.context(to, counts, out);
            doubts.settle(lanes, &mut context);
            Terminals::fire(lanes, &mut context);
            NoExits::fire(lanes, &mut context);
        }
    }

    fn observe(&mut self, observation: &Observation, out: &mut Vec<Outcome>) {
        self.counts.observations += 1;
        let mut counts = Counts::default();
        let seen = self.see(observation, self.clock, &mut counts);
        self.counts = self.counts.plus(counts);
        self.before(observation, &seen, self.clock, out);
        let Self { models: tuned, table, reference, names, rules, lanes, clock, .. } = self;
        let ground = Ground { tuned, table, reference, names, rules };
        if let Some(lane) = seen.lane {
            seen.judge(observation, &mut lanes.all_mut()[usize::from(lane)], ground, *clock, out);
        }
        self.after(observation, &seen, self.clock, out);
    }

    /// What is to be done about an observation; nothing remembered is looked at, so that it can be said beforehand.
    pub(crate) fn see(&self, observation: &Observation, clock: Timestamp, counts: &mut Counts) -> Seen {
        let is_timely = self.is_timely(observation, clock, counts);
        let ground = self.ground();
        match &observation.fact {
            Fact::Passage(passage) => {
                let sight = ground.sight(observation, passage);
                let timely = sight.reading.filter(|_| is_timely);
                let p = &ground.tuned.everywhere().reading;
                let doubted = timely.filter(|reading| is_doubtful(reading, p));
                let meant = doubted.map(|_| ground.meant(&sight)).unwrap_or_default();
                let is_doubt = !meant.candidates.is_empty();
                let lane = timely.filter(|_| !is_doubt).map(|reading| reading.vehicle);
                Seen {
                    lane: lane.map(|vehicle| self.lanes.roads().of(vehicle) as u8),
                    is_before: self.watch_orders.may_concern(&sight, ground),
                    is_after: is_timely && HiddenPlates::may_concern(&sight) || is_doubt,
                    subject: Concerned::Passage(Glance::of(&sight)),
                    meant,
                }
            }
            Fact::Position(position) => {
                let named = position.vehicle.filter(|_| is_timely);
                let vehicle =
                    named.map(|key| ground.reference.file(key, ground.table).map_or(key, |file| file.key));
                Seen {
                    lane: vehicle.map(|vehicle| self.lanes.roads().of(vehicle) as u8),
                    is_before: is_timely && position.alarm_bits != 0,
                    is_after: false,
                    subject: Concerned::Vehicle(vehicle),
                    meant: Meant::default(),
                }
            }
            Fact::Alarm(_) => Seen {
                lane: None,
                is_before: is_timely,
                is_after: false,
                subject: Concerned::Vehicle(None),
                meant: Meant::default(),
            },
        }
    }

    /// Asks for the memory that [`Self::see`] needs; what it gives means nothing.
    pub(crate) fn warm(&self, observation: &Observation) -> bool {
        match &observation.fact {
            Fact::Passage(passage) => {
                passage.plate.is_some_and(|plate| self.reference.warm(plate, &self.table))
            }
            Fact::Position(position) => {
                position.vehicle.is_some_and(|vehicle| self.reference.warm(vehicle.plate, &self.table))
            }
            Fact::Alarm(_) => false,
        }
    }

    /// Judges what comes before the vehicle's lane: what concerns all vehicles together.
    pub(crate) fn before(
        &mut self,
        observation: &Observation,
        seen: &Seen,
        clock: Timestamp,
        out: &mut Vec<Outcome>,
    ) {
        if !seen.is_before {
            return;
        }
        let Self { models: tuned, table, reference, names, rules, counts, .. } = self;
        let ground = Ground { tuned, table, reference, names, rules };
        let mut context = ground.context(clock, counts, out);
        match seen.sight(observation) {
            Some(sight) => {
                context.models = ground.models_for(&sight);
                self.watch_orders.observe(&sight, &mut context);
            }
            None => self.device_alarms.observe(observation, &mut context),
        }
    }

    /// Judges what comes behind it.
    pub(crate) fn after(
        &mut self,
        observation: &Observation,
        seen: &Seen,
        clock: Timestamp,
        out: &mut Vec<Outcome>,
    ) {
        let Some(sight) = seen.sight(observation).filter(|_| seen.is_after) else { return };
        let Self { models: tuned, table, reference, names, rules, counts, .. } = self;
        let ground = Ground { tuned, table, reference, names, rules };
        let mut context = ground.context(clock, counts, out);
        context.models = ground.models_for(&sight);
        self.hidden_plates.observe(&sight, &mut context);
        if !seen.meant.candidates.is_empty() {
            self.doubts.take(&sight, seen.meant.clone(), &mut context);
        }
    }

    /// Whether models with memory judge it; counts what they don't.
    fn is_timely(&self, observation: &Observation, clock: Timestamp, counts: &mut Counts) -> bool {
        let horizon = &self.models.everywhere().horizon;
        let late_ms = clock.ms_since(observation.captured_at);
        let ahead_ms = observation.captured_at.ms_since(observation.received_at);
        let is_forgotten = observation.captured_at < self.counts.passages_from;
        if late_ms > horizon.late_max_hours.value * HOUR_MS || is_forgotten {
            counts.late_beyond_horizon += 1;
            return false;
        }
        if ahead_ms > horizon.ahead_max_seconds.value * SECOND_MS {
            counts.ahead_of_clock += 1;
            return false;
        }
        true
    }

    /// Puts vehicles into other lanes where the register has come to know their authority, or no longer does.
    fn cover(&mut self, plate: Plate) {
        let (prefix, count) = self.reference.prefix_count(plate);
        self.lanes.cover(prefix, count, self.models.everywhere().reading.covered_files_min.value);
    }

    /// The same for all authorities.
    pub(crate) fn cover_all(&mut self) {
        let covered_min = self.models.everywhere().reading.covered_files_min.value;
        for (prefix, count) in self.reference.prefixes() {
            self.lanes.cover(prefix, count, covered_min);
        }
    }

    fn change(&mut self, change: &ReferenceChange, out: &mut Vec<Outcome>) {
        match change {
            ReferenceChange::Checkpoint(checkpoint) => self.reference.put_checkpoint(checkpoint),
            ReferenceChange::CheckpointRemoved(id) => self.reference.remove_checkpoint(id),
            ReferenceChange::Section(section) => self.reference.put_section(section, &mut self.names),
            ReferenceChange::SectionRemoved(id) => self.reference.remove_section(id, &mut self.names),
            ReferenceChange::Vehicle(file) => {
                self.reference.put_vehicle(file, &self.table);
                self.cover(file.key.plate);
            }
            ReferenceChange::VehicleRemoved(key) => {
                self.reference.remove_vehicle(*key, &self.table);
                self.cover(key.plate);
            }
            ReferenceChange::WatchOrder(order) => self.watch_orders.put(order.clone(), &self.table),
            ReferenceChange::WatchOrderRemoved(id) => self.watch_orders.remove(id, &self.table),
            ReferenceChange::Tick(at) => self.advance(*at, out),
            ReferenceChange::Calibrations(all) => {
                for one in all {
                    self.reference.put_calibration(one);
                }
            }
            ReferenceChange::TravelTimes(all) => {
                for one in all {
                    self.reference.put_travel_time(one, &mut self.names);
                }
            }
            ReferenceChange::Zone(zone) => self.reference.put_zone(zone),
            ReferenceChange::ZoneRemoved(id) => self.reference.remove_zone(id),
            ReferenceChange::Terminal(terminal) => self.reference.put_terminal(terminal),
            ReferenceChange::TerminalRemoved(device) => self.reference.remove_terminal(device),
            ReferenceChange::Tuning(tuning) => {
                self.models.put(tuning.clone());
                self.cover_all();
            }
            ReferenceChange::TuningRemoved(id) => {
                self.models.remove(id);
                self.cover_all();
            }
            ReferenceChange::Rule(rule) => {
                self.rules.sum(self.lanes.all_mut().iter_mut().map(|lane| &mut lane.said));
                self.rules.put(rule, self.clock, &mut self.names, &mut self.counts);
            }
            ReferenceChange::RuleRetired(id) => {
                self.rules.sum(self.lanes.all_mut().iter_mut().map(|lane| &mut lane.said));
                self.rules.retire(id);
            }
            ReferenceChange::Silence(silence) => {
                self.discipline.silences.insert(silence.id.clone(), silence.clone());
            }
            ReferenceChange::SilenceRemoved(id) => {
                self.discipline.silences.remove(id);
            }
            ReferenceChange::Maintenance(window) => {
                self.discipline.maintenances.insert(window.id.clone(), window.clone());
            }
            ReferenceChange::MaintenanceRemoved(id) => {
                self.discipline.maintenances.remove(id);
            }
            // What verdicts teach comes back as calibrations.
            ReferenceChange::Verdict(_) => {}
        }
    }
}

/// The minute of the clock: deadlines fire when a new one begins.
pub(crate) fn bucket_of(at: Timestamp) -> i64 {
    at.unix_ms().div_euclid(BUCKET_MS)
}

/// Puts a passage on the track of its vehicle, and judges what it can concern there.
pub(crate) fn keep(board: &mut Board<'_>, sight: &Sight<'_>, context: &mut Context<'_>) -> Option<Turn> {
    let Board { tracks, rules, no_exits, .. } = board;
    let reading = sight.reading?;
    let track = tracks.state_mut(reading.vehicle, sight.at);
    if track.visits().len() >= VISITS_MAX {
        context.counts.over_bound += 1;
        return None;
    }
    let inserted = track.insert(NewVisit::new(sight, &reading, context.names));
    let index = match inserted {
        Inserted::Duplicate => {
            context.counts.duplicates += 1;
            return None;
        }
        Inserted::BetterCopy(index) => {
            context.counts.duplicates += 1;
            index
        }
        Inserted::New(index) => index,
    };
    let turn = Turn {
        vehicle: reading.vehicle,
        known: reading.known,
        file: sight.file,
        changed_at: track.visits()[index].at,
    };
    clone_plate::judge(track, index, &turn, context);
    judge_track(track, &turn, sight, (rules, no_exits), context);
    if matches!(inserted, Inserted::New(_)) {
        tracks.grown();
    }
    Some(turn)
}

/// Judges a track in which a visit has come, gone, or become more or less sure.
fn judge_track(
    track: &mut Track,
    turn: &Turn,
    sight: &Sight<'_>,
    (rules, no_exits): (&mut Said, &mut NoExits),
    context: &mut Context<'_>,
) {
    average_speed::judge(track, turn, context);
    passage_fatigue::judge(track, turn, context);
    fake_plate::judge(track, turn, context);
    no_exits.judge(track, turn, context);
    context.rules.judge(rules, track, turn, sight, context);
}

/// A passage on a track is more or less sure to be of its vehicle than was thought: what was said of it stands. Only reads
/// that were in doubt change so, which were never held for a clone's.
pub(crate) fn regrade(board: &mut Board<'_>, sight: &Sight<'_>, context: &mut Context<'_>) -> Option<Turn> {
    let Board { tracks, rules, no_exits, .. } = board;
    let Reading { vehicle, known, permille, .. } = sight.reading?;
    let track = tracks.get_mut(&vehicle)?;
    let changed_at = track.regrade(sight.observation.id, permille)?;
    let turn = Turn { vehicle, known, file: sight.file, changed_at };
    judge_track(track, &turn, sight, (rules, no_exits), context);
    Some(turn)
}

/// Takes a passage off the track of its vehicle, and back what was said of it: it is of somebody else. Only passages move
/// whose read was in doubt, so that they were never held for a clone's.
pub(crate) fn lift(board: &mut Board<'_>, sight: &Sight<'_>, context: &mut Context<'_>) -> Option<Turn> {
    let Board { tracks, rules, no_exits, claims } = board;
    let Reading { vehicle, known, .. } = sight.reading?;
    let track = tracks.get_mut(&vehicle)?;
    if !track.remove(sight.observation.id) {
        return None;
    }
    let turn = Turn { vehicle, known, file: sight.file, changed_at: sight.at };
    judge_track(track, &turn, sight, (rules, no_exits), context);
    claims.take_back(&turn, sight.observation.id, track, context);
    tracks.shrunk(1);
    Some(turn)
}

/// How long state is kept: longer than observations may be late by the farthest that a model looks back, so that the
/// latest of them still finds all that concerns it, and forgetting never shows.
pub(crate) fn keep_ms(models: &ModelParameters) -> i64 {
    let farthest_minutes = [
        models.average_speed.parameters.elapsed_max_minutes.value,
        models.fatigue.parameters.silent_max_minutes.value + models.fatigue.parameters.rest_minutes.value,
        models.device_alarm.parameters.episode_gap_minutes.value,
        models.passage_fatigue.parameters.span_max_hours.value * 60,
        models.no_exit.parameters.confirm_hours.value * 60,
        // Days are judged whole.
        24 * 60,
    ]
    .into_iter()
    .fold(0, i64::max);
    // Drives are remembered in slots: what lies in the slot of the farthest minute is needed whole.
    let look_back_ms = (farthest_minutes + 2 * SLOT_MINUTES) * MINUTE_MS;
    models.horizon.late_max_hours.value * HOUR_MS + look_back_ms
}

/// A late passage moves others whose reads were in doubt that lie so far from it.
fn moved_ms(models: &ModelParameters) -> i64 {
    models.reading.confirm_minutes.value.max(models.reading.seen_minutes.value) * MINUTE_MS
}

/// How long passages are kept on tracks: whole windows of the models that count in them, too.
pub(crate) fn tracks_keep_ms(models: &ModelParameters) -> i64 {
    let windows =
        [models.clone_plate.parameters.window_hours.value, models.fake_plate.parameters.window_hours.value];
    let window_ms = windows.into_iter().fold(0, i64::max) * HOUR_MS + 2 * SLOT_MINUTES * MINUTE_MS;
    let look_back_ms = window_ms.max(rules::LOOK_BACK_MS);
    keep_ms(models).max(models.horizon.late_max_hours.value * HOUR_MS + look_back_ms + moved_ms(models))
}
