//! The engine: applies entries in their order and keeps the clock.

use crate::confusion::ConfusionTable;
use crate::deadlines::BUCKET_MS;
use crate::discipline::Discipline;
use crate::held::{Inserted, Names};
use crate::keyed::Keyed;
use crate::models::claim::Claims;
use crate::models::device_alarm::DeviceAlarms;
use crate::models::drive::Drives;
use crate::models::hidden_plate::HiddenPlates;
use crate::models::no_exit::NoExits;
use crate::models::rules::{self, RuleState, Rules};
use crate::models::terminal::{self, Terminals};
use crate::models::watch_order::WatchOrders;
use crate::models::{Context, SLOT_MINUTES, Sight, Turn};
use crate::models::{average_speed, clone_plate, fake_plate, passage_fatigue};
use crate::parameters::{ModelParameters, Parameters, TunedModels};
use crate::reading::{Known, Reader};
use crate::reference::Reference;
use crate::strangers::{Board, Strangers, is_loose};
use crate::track::{NewVisit, Track, VISITS_MAX};
use domain::observation::Fact;
use domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use domain::{Entry, Observation, Outcome, Passage, ReferenceChange, Timestamp, VehicleKey};
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
    pub(crate) claims: Claims,
    pub(crate) hidden_plates: HiddenPlates,
    pub(crate) tracks: Keyed<VehicleKey, Track>,
    pub(crate) strangers: Strangers,
    pub(crate) rules: Rules,
    pub(crate) drives: Drives,
    pub(crate) device_alarms: DeviceAlarms,
    pub(crate) terminals: Terminals,
    pub(crate) discipline: Discipline,
    pub(crate) no_exits: NoExits,
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
            claims: Claims { of_vehicles: Keyed::new(keep_ms) },
            tracks: Keyed::new(tracks_keep_ms),
            strangers: Strangers::new(keep_ms),
            rules: Rules::new(tracks_keep_ms),
            hidden_plates: HiddenPlates::new(&parameters.models),
            drives: Drives { drives: Keyed::new(keep_ms) },
            device_alarms: DeviceAlarms { reports: Keyed::new(keep_ms) },
            terminals: Terminals::default(),
            discipline: Discipline::new(keep_ms),
            no_exits: NoExits::default(),
            models: TunedModels::new(parameters.models),
        }
    }

    /// Applies the next entry of the journal and appends what follows from it to `out`.
    pub fn apply(&mut self, entry: &Entry, out: &mut Vec<Outcome>) {
        let first = out.len();
        match entry {
            Entry::Observation(observation) => {
                self.advance(observation.received_at, out);
                self.observe(observation, out);
            }
            Entry::Reference(change) => self.change(change, out),
        }
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
        Stats {
            observations: self.counts.observations,
            vehicles: self.tracks.len(),
            passages_held: self.tracks.size(),
            drives: self.drives.drives.len(),
            drive_slots_held: self.drives.drives.size(),
            alarm_reports_held: self.device_alarms.reports.size(),
            registered: self.reference.file_count(),
            watch_orders: self.watch_orders.order_count(),
            timers_armed: self.watch_orders.hits.armed_count()
                + self.claims.of_vehicles.armed_count()
                + self.hidden_plates.sightings.armed_count()
                + self.tracks.armed_count()
                + self.strangers.loose.armed_count()
                + self.strangers.alike.armed_count()
                + self.rules.standing.armed_count()
                + self.drives.drives.armed_count()
                + self.device_alarms.reports.armed_count()
                + self.terminals.armed_count()
                + self.discipline.standings.armed_count()
                + self.no_exits.armed_count(),
            duplicates: self.counts.duplicates,
            late_beyond_horizon: self.counts.late_beyond_horizon,
            ahead_of_clock: self.counts.ahead_of_clock,
            over_bound: self.counts.over_bound,
            forgotten_early: self.counts.forgotten_early,
            passage_hours: (tracks_keep_ms(self.models.everywhere()) / HOUR_MS)
                .min(self.clock.ms_since(self.counts.passages_from) / HOUR_MS),
        }
    }

    /// The rules in force, by identity, and what was counted of each.
    pub fn rules(&self) -> Vec<RuleState> {
        self.rules.states()
    }

    fn advance(&mut self, to: Timestamp, out: &mut Vec<Outcome>) {
        if to <= self.clock {
            return;
        }
        let is_bucket_new = to.unix_ms().div_euclid(BUCKET_MS) != self.clock.unix_ms().div_euclid(BUCKET_MS);
        self.clock = to;
        if is_bucket_new {
            let models = self.models.everywhere();
            self.watch_orders.hits.retire(to, models);
            self.claims.of_vehicles.retire(to, models);
            self.hidden_plates.sightings.retire(to, models);
            self.tracks.retire(to, models);
            let held_max = usize::try_from(models.horizon.passages_held_max.value).unwrap_or(usize::MAX);
            let (forgotten, cutoff) = self.tracks.bound(held_max, models);
            self.counts.forgotten_early += forgotten as u64;
            self.counts.passages_from = self.counts.passages_from.max(cutoff.unwrap_or_default());
            self.strangers.loose.retire(to, models);
            self.strangers.alike.retire(to, models);
            self.rules.standing.retire(to, models);
            self.drives.drives.retire(to, models);
            self.device_alarms.reports.retire(to, models);
            self.discipline.retire(to, models);
            let Self {
                models,
                table,
                clock,
                reference,
                names,
                counts,
                tracks,
                drives,
                terminals,
                no_exits,
                ..
            } = self;
            let mut context = Context {
                models: models.everywhere(),
                tuned: models,
                table,
                clock: *clock,
                reference,
                names,
                counts,
                out,
            };
            terminals.fire(tracks, drives, &mut context);
            no_exits.fire(tracks, &mut context);
        }
    }

    fn observe(&mut self, observation: &Observation, out: &mut Vec<Outcome>) {
        self.counts.observations += 1;
        let is_timely = self.is_timely(observation);
        let Self { models, table, clock, reference, names, counts, tracks, rules, drives, .. } = self;
        let (terminals, no_exits) = (&mut self.terminals, &mut self.no_exits);
        let (everywhere, clock) = (models.everywhere(), *clock);
        let mut context =
            Context { models: everywhere, tuned: models, table, clock, reference, names, counts, out };
        match &observation.fact {
            Fact::Passage(passage) => {
                let sight = sight(observation, passage, &context);
                context.models = models.at(|| sight.situation(reference));
                self.watch_orders.observe(&sight, &mut context);
                if !is_timely {
                    return;
                }
                let mut board = Board { tracks, rules, no_exits, claims: &mut self.claims };
                if is_loose(&sight, &everywhere.reading) {
                    self.strangers.take(&sight, &mut board, &mut context);
                } else {
                    if sight.is_sure(&context) {
                        board.claims.observe(&sight, &mut context);
                    }
                    if let Some(turn) = keep(&mut board, &sight, &mut context) {
                        if sight.reading.is_some_and(|reading| reading.known == Known::Foreign) {
                            self.strangers.confirm(&sight, &mut board, &mut context);
                        }
                        terminals.expect(&turn, board.tracks, drives, &mut context);
                    }
                }
                self.hidden_plates.observe(&sight, &mut context);
            }
            Fact::Position(position) if is_timely => {
                self.device_alarms.observe(observation, &mut context);
                drives.observe(observation, position, &mut context);
                if let Some(vehicle) = position.vehicle {
                    let vehicle =
                        context.reference.file(vehicle, context.table).map_or(vehicle, |file| file.key);
                    terminal::position_came(tracks, drives, vehicle, observation.captured_at, &mut context);
                }
                self.claims.observe_position(observation, position, &mut context);
            }
            Fact::Alarm(_) if is_timely => self.device_alarms.observe(observation, &mut context),
            Fact::Position(_) | Fact::Alarm(_) => {}
        }
    }

    /// Whether models with memory judge it; counts what they don't.
    fn is_timely(&mut self, observation: &Observation) -> bool {
        let horizon = &self.models.everywhere().horizon;
        let late_ms = self.clock.ms_since(observation.captured_at);
        let ahead_ms = observation.captured_at.ms_since(observation.received_at);
        let is_forgotten = observation.captured_at < self.counts.passages_from;
        if late_ms > horizon.late_max_hours.value * HOUR_MS || is_forgotten {
            self.counts.late_beyond_horizon += 1;
            return false;
        }
        if ahead_ms > horizon.ahead_max_seconds.value * SECOND_MS {
            self.counts.ahead_of_clock += 1;
            return false;
        }
        true
    }

    fn change(&mut self, change: &ReferenceChange, out: &mut Vec<Outcome>) {
        match change {
            ReferenceChange::Checkpoint(checkpoint) => self.reference.put_checkpoint(checkpoint),
            ReferenceChange::CheckpointRemoved(id) => self.reference.remove_checkpoint(id),
            ReferenceChange::Section(section) => self.reference.put_section(section, &mut self.names),
            ReferenceChange::SectionRemoved(id) => self.reference.remove_section(id, &mut self.names),
            ReferenceChange::Vehicle(file) => self.reference.put_vehicle(file, &self.table),
            ReferenceChange::VehicleRemoved(key) => self.reference.remove_vehicle(*key, &self.table),
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
            ReferenceChange::Tuning(tuning) => self.models.put(tuning.clone()),
            ReferenceChange::TuningRemoved(id) => self.models.remove(id),
            ReferenceChange::Rule(rule) => {
                self.rules.put(rule, self.clock, &mut self.names, &mut self.counts);
            }
            ReferenceChange::RuleRetired(id) => self.rules.retire(id),
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

/// A passage as it is judged: its time set right, its read weighed.
pub(crate) fn sight<'a>(
    observation: &'a Observation,
    passage: &'a Passage,
    context: &Context<'_>,
) -> Sight<'a> {
    let (device, captured_at) = (&observation.device, observation.captured_at);
    let learned = context.reference.calibration(device, captured_at);
    let clock = learned.map(|learned| learned.clock).unwrap_or_default();
    let at = captured_at.plus_ms(-clock.ahead_ms);
    let reader =
        Reader { reference: context.reference, table: context.table, parameters: &context.models.reading };
    let reading = reader.read(passage, at, learned.and_then(|learned| learned.misread));
    let file = reading.and_then(|reading| context.reference.file(reading.vehicle, context.table)).copied();
    Sight {
        observation,
        passage,
        at,
        uncertainty_ms: clock.uncertainty_ms,
        is_clock_known: learned.is_some(),
        reading,
        file,
    }
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
    average_speed::judge(track, &turn, context);
    passage_fatigue::judge(track, &turn, context);
    clone_plate::judge(track, index, &turn, context);
    fake_plate::judge(track, &turn, context);
    no_exits.judge(track, &turn, context);
    rules.judge(track, &turn, sight, context);
    if matches!(inserted, Inserted::New(_)) {
        tracks.grown();
    }
    Some(turn)
}

/// Takes a passage off the track of its vehicle, and back what was said of it: it is of somebody else. Only passages of
/// strangers move, so that no model has judged them that needs a file.
pub(crate) fn lift(board: &mut Board<'_>, sight: &Sight<'_>, context: &mut Context<'_>) {
    let Some(vehicle) = sight.reading.map(|reading| reading.vehicle) else { return };
    let Some(track) = board.tracks.get_mut(&vehicle) else { return };
    if !track.remove(sight.observation.id) {
        return;
    }
    let turn = Turn { vehicle, known: Known::Foreign, file: None, changed_at: sight.at };
    average_speed::judge(track, &turn, context);
    board.rules.judge(track, &turn, sight, context);
    board.claims.take_back(vehicle, sight.observation.id, track, context);
    board.tracks.shrunk(1);
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

/// A late passage moves others of strangers that lie so far from it.
fn moved_ms(models: &ModelParameters) -> i64 {
    models.reading.confirm_minutes.value * MINUTE_MS
}

/// How long passages are kept on tracks: whole windows of the models that count in them, too.
pub(crate) fn tracks_keep_ms(models: &ModelParameters) -> i64 {
    let windows =
        [models.clone_plate.parameters.window_hours.value, models.fake_plate.parameters.window_hours.value];
    let window_ms = windows.into_iter().fold(0, i64::max) * HOUR_MS + 2 * SLOT_MINUTES * MINUTE_MS;
    let look_back_ms = window_ms.max(rules::LOOK_BACK_MS);
    keep_ms(models).max(models.horizon.late_max_hours.value * HOUR_MS + look_back_ms + moved_ms(models))
}
