//! Whether the engine can work with given parameters: ranges, order of steps, known words.

use crate::models::SLOT_MINUTES;
use crate::parameters::Parameters;
use domain::{Behaviour, KeyClass, ModelId, Theatre};

/// The words of [`domain::AlarmKind::key`].
const ALARM_WORDS: [&str; 12] = [
    "sos",
    "overspeed",
    "fatigue",
    "collision",
    "rollover",
    "dsm_fatigue",
    "dsm_phone",
    "dsm_smoking",
    "dsm_distraction",
    "dsm_abnormal",
    "adas",
    "other",
];

/// The models whose warnings all have the same level.
const FIXED_LEVEL: [ModelId; 16] = [
    ModelId::DrivingTime,
    ModelId::PassageFatigue,
    ModelId::TerminalSilent,
    ModelId::TerminalElsewhere,
    ModelId::ClonePlate,
    ModelId::FakePlate,
    ModelId::HiddenPlate,
    ModelId::WrongWay,
    ModelId::ZoneBan,
    ModelId::DangerousGoods,
    ModelId::Fatigue,
    ModelId::NightCoach,
    ModelId::NoExit,
    ModelId::OverdueInspection,
    ModelId::OverdueScrapping,
    ModelId::UnhandledOffences,
];

/// Why parameters can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A number outside what the model can work with.
    #[error("{name} is {value}, not within {min} to {max}")]
    Range {
        /// The parameter with its table.
        name: &'static str,
        /// What it is.
        value: i64,
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// A word that names no kind of alarm.
    #[error("device_alarm names an unknown kind {0:?}")]
    AlarmKind(String),
    /// A word that names no behaviour.
    #[error("camera_report names an unknown behaviour {0:?}")]
    Behaviour(String),
    /// A word that does not say which model hides which, or closes a circle.
    #[error("discipline.hides has {0:?}, which names no two models or closes a circle")]
    Hides(String),
    /// A word that names no theatre.
    #[error("no_exit names an unknown theatre {0:?}")]
    Theatre(String),
    /// A word that names no class of key vehicles.
    #[error("no_exit names an unknown class {0:?}")]
    KeyClass(String),
    /// The steps of a model do not ascend.
    #[error("the steps of {0} do not ascend")]
    Steps(&'static str),
    /// A model without a level that needs one.
    #[error("{0} needs a level")]
    Level(&'static str),
    /// A level for a model whose warnings each have their own.
    #[error("each warning of {0} has a level of its own")]
    NoFixedLevel(&'static str),
    /// A name that the model does not have.
    #[error("{model} has no parameter {name:?}")]
    Unknown {
        /// The model's key.
        model: &'static str,
        /// The name given.
        name: String,
    },
    /// A value of another type than the parameter's, or of one that is only changed in the file.
    #[error("{model}.{name} can't have a value of this type")]
    Type {
        /// The model's key.
        model: &'static str,
        /// The parameter.
        name: String,
    },
}

impl Parameters {
    /// Says whether the engine can work with these values; call it once where they are loaded.
    pub fn check(&self) -> Result<(), ParameterError> {
        for (name, value, min, max) in self.ranges() {
            if !(min..=max).contains(&value) {
                return Err(ParameterError::Range { name, value, min, max });
            }
        }
        if let Some(word) = crate::discipline::fault_of_table(&self.models.discipline.hides.value) {
            return Err(ParameterError::Hides(word.clone()));
        }
        let models = &self.models;
        for (model, steps) in [
            (ModelId::AverageSpeed, &models.average_speed.parameters.steps.value),
            (ModelId::SpotSpeed, &models.spot_speed.parameters.steps.value),
            (ModelId::Overload, &models.overload.parameters.steps.value),
        ] {
            if !steps.is_sorted_by(|a, b| a.over_percent < b.over_percent) {
                return Err(ParameterError::Steps(model.key()));
            }
        }
        let reports = &self.models.camera_report.parameters;
        let words =
            [&reports.behaviours_high.value, &reports.behaviours_medium.value, &reports.behaviours_low.value];
        if let Some(word) = words.into_iter().flatten().find(|word| Behaviour::parse(word).is_none()) {
            return Err(ParameterError::Behaviour(word.clone()));
        }
        let alarms = &self.models.device_alarm.parameters;
        let words = [&alarms.kinds_high.value, &alarms.kinds_medium.value, &alarms.kinds_low.value];
        if let Some(word) = words.into_iter().flatten().find(|word| !ALARM_WORDS.contains(&word.as_str())) {
            return Err(ParameterError::AlarmKind(word.clone()));
        }
        let exits = &self.models.no_exit.parameters;
        let is_theatre = |word: &String| Theatre::ALL.iter().any(|theatre| theatre.key() == word);
        if let Some(word) = exits.theatres.value.iter().find(|word| !is_theatre(word)) {
            return Err(ParameterError::Theatre(word.clone()));
        }
        let is_class = |word: &String| KeyClass::ALL.iter().any(|class| class.key() == word);
        if let Some(word) = exits.key_classes.value.iter().find(|word| !is_class(word)) {
            return Err(ParameterError::KeyClass(word.clone()));
        }
        match FIXED_LEVEL.into_iter().find(|model| self.models.level(*model).is_none()) {
            Some(model) => Err(ParameterError::Level(model.key())),
            None => Ok(()),
        }
    }

    /// The numbers of reading with their least and greatest values.
    fn reading_ranges(&self) -> Vec<(&'static str, i64, i64, i64)> {
        let reading = &self.models.reading;
        vec![
            ("reading.covered_files_min", reading.covered_files_min.value, 1, 100_000_000),
            ("reading.misread_day_permille", reading.misread_day_permille.value, 1, 900),
            ("reading.misread_night_permille", reading.misread_night_permille.value, 1, 900),
            ("reading.unlisted_permille", reading.unlisted_permille.value, 0, 1000),
            ("reading.plate_look_wrong_permille", reading.plate_look_wrong_permille.value, 1, 999),
            ("reading.type_wrong_permille", reading.type_wrong_permille.value, 1, 999),
            ("reading.color_wrong_permille", reading.color_wrong_permille.value, 1, 999),
            ("reading.sure_min_permille", reading.sure_min_permille.value, 1, 1000),
            ("reading.doubtful_confidence_percent", reading.doubtful_confidence_percent.value, 0, 99),
            (
                "reading.sure_confidence_percent",
                reading.sure_confidence_percent.value,
                reading.doubtful_confidence_percent.value + 1,
                100,
            ),
            ("reading.doubtful_odds_percent", reading.doubtful_odds_percent.value, 100, 100_000),
            ("reading.sure_odds_percent", reading.sure_odds_percent.value, 1, 100),
            ("reading.unconfirmed_permille", reading.unconfirmed_permille.value, 1, 1000),
            ("reading.others_permille", reading.others_permille.value, 0, 1000),
            ("reading.others_left_percent", reading.others_left_percent.value, 0, 100),
            ("reading.seen_minutes", reading.seen_minutes.value, 1, 1_440),
            ("reading.seen_odds_percent", reading.seen_odds_percent.value, 100, 100_000),
            ("reading.unseen_odds_percent", reading.unseen_odds_percent.value, 0, 100),
            (
                "reading.firm_min_permille",
                reading.firm_min_permille.value,
                reading.sure_min_permille.value,
                1000,
            ),
            ("reading.confirm_minutes", reading.confirm_minutes.value, 1, 1440),
        ]
    }

    /// Each number with its least and greatest value.
    pub(crate) fn ranges(&self) -> Vec<(&'static str, i64, i64, i64)> {
        let models = &self.models;
        let (spot, overload) = (&models.spot_speed.parameters, &models.overload.parameters);
        let goods = &models.dangerous_goods.parameters;
        let order = &models.watch_order.parameters;
        let speed = &models.average_speed.parameters;
        let fatigue = &models.fatigue.parameters;
        let night = &models.night_coach.parameters;
        let alarms = &models.device_alarm.parameters;
        let mut ranges = self.reading_ranges();
        ranges.extend([
            ("horizon.late_max_hours", models.horizon.late_max_hours.value, 1, 720),
            ("horizon.passages_held_max", models.horizon.passages_held_max.value, 1_000, 1_000_000_000),
            ("horizon.ahead_max_seconds", models.horizon.ahead_max_seconds.value, 0, 86_400),
            ("discipline.within_minutes", models.discipline.within_minutes.value, 0, 1440),
            ("watch_order.score_min_permille", order.score_min_permille.value, 1, 1000),
            ("watch_order.unread_permille", order.unread_permille.value, 0, 999),
            ("watch_order.unlisted_permille", order.unlisted_permille.value, 0, 999),
            ("watch_order.class_mismatch_permille", order.class_mismatch_permille.value, 0, 999),
            ("watch_order.body_color_mismatch_permille", order.body_color_mismatch_permille.value, 0, 1000),
            ("watch_order.doubtful_confidence_percent", order.doubtful_confidence_percent.value, 0, 99),
            ("watch_order.sure_camera_permille", order.sure_camera_permille.value, 0, 1000),
            ("average_speed.elapsed_max_minutes", speed.elapsed_max_minutes.value, 1, 1440),
            ("average_speed.elapsed_min_seconds", speed.elapsed_min_seconds.value, 1, 3600),
            ("average_speed.clock_difference_max_ms", speed.clock_difference_max_ms.value, 0, 600_000),
            ("average_speed.plausible_max_kmh", speed.plausible_max_kmh.value, 1, 1000),
            ("fatigue.limit_minutes", fatigue.limit_minutes.value, 1, 1440),
            ("fatigue.coach_night_limit_minutes", fatigue.coach_night_limit_minutes.value, 1, 1440),
            ("fatigue.night_from_hour", fatigue.night_from_hour.value, 0, 24),
            ("fatigue.night_to_hour", fatigue.night_to_hour.value, 0, 24),
            // A silence that counts reaches from slot to slot, so that both have a fix of their own.
            ("fatigue.rest_minutes", fatigue.rest_minutes.value, 2 * SLOT_MINUTES, 600),
            ("fatigue.moving_min_kmh", fatigue.moving_min_kmh.value, 1, 200),
            ("fatigue.silent_speed_kmh", fatigue.silent_speed_kmh.value, 1, 1000),
            ("fatigue.silent_max_minutes", fatigue.silent_max_minutes.value, 1, 1440),
            ("fatigue.silent_settle_minutes", fatigue.silent_settle_minutes.value, 0, 240),
            ("fatigue.renewal_minutes", fatigue.renewal_minutes.value, 1, 1440),
            ("night_coach.from_hour", night.from_hour.value, 0, night.to_hour.value - 1),
            ("night_coach.to_hour", night.to_hour.value, 1, 24),
            ("night_coach.moving_max_minutes", night.moving_max_minutes.value, 0, 1440),
            ("night_coach.renewal_minutes", night.renewal_minutes.value, 1, 1440),
            ("device_alarm.episode_gap_minutes", alarms.episode_gap_minutes.value, 1, 1440),
            ("spot_speed.tolerance_kmh", spot.tolerance_kmh.value, 0, 50),
            ("spot_speed.tolerance_percent", spot.tolerance_percent.value, 0, 50),
            ("spot_speed.plausible_max_kmh", spot.plausible_max_kmh.value, 1, 1000),
            ("overload.scale_error_permille", overload.scale_error_permille.value, 0, 500),
            ("overload.hundred_ton_kg", overload.hundred_ton_kg.value, 1, 1_000_000),
            ("dangerous_goods.moving_min_kmh", goods.moving_min_kmh.value, 1, 200),
            ("dangerous_goods.drift_m", goods.drift_m.value, 0, 5_000),
            ("unhandled_offences.count_min", models.unhandled_offences.parameters.count_min.value, 1, 65_535),
        ]);
        ranges.extend(self.trip_ranges());
        ranges.extend(self.plate_ranges());
        ranges
    }

    /// Those of the models of trips: driving times, terminals that are missing, exits that are.
    fn trip_ranges(&self) -> Vec<(&'static str, i64, i64, i64)> {
        let models = &self.models;
        let (driving, passages) = (&models.driving_time.parameters, &models.passage_fatigue.parameters);
        let (silent, elsewhere) = (&models.terminal_silent.parameters, &models.terminal_elsewhere.parameters);
        let exits = &models.no_exit.parameters;
        vec![
            ("driving_time.day_limit_minutes", driving.day_limit_minutes.value, 1, 1440),
            ("driving_time.week_limit_minutes", driving.week_limit_minutes.value, 1, 10_080),
            ("driving_time.halt_max_minutes", driving.halt_max_minutes.value, 0, 60),
            ("driving_time.renewal_minutes", driving.renewal_minutes.value, 1, 1440),
            ("passage_fatigue.limit_minutes", passages.limit_minutes.value, 1, 1440),
            ("passage_fatigue.coach_night_limit_minutes", passages.coach_night_limit_minutes.value, 1, 1440),
            ("passage_fatigue.night_from_hour", passages.night_from_hour.value, 12, 24),
            ("passage_fatigue.night_to_hour", passages.night_to_hour.value, 0, 12),
            ("passage_fatigue.rest_minutes", passages.rest_minutes.value, 1, 600),
            ("passage_fatigue.plausible_kmh", passages.plausible_kmh.value, 1, 1000),
            ("passage_fatigue.renewal_minutes", passages.renewal_minutes.value, 1, 1440),
            ("passage_fatigue.span_max_hours", passages.span_max_hours.value, 1, 48),
            ("terminal_silent.around_minutes", silent.around_minutes.value, 1, 240),
            ("terminal_silent.patience_minutes", silent.patience_minutes.value, 0, 240),
            ("terminal_silent.cut_max_minutes", silent.cut_max_minutes.value, 0, 1_440),
            ("terminal_silent.sightings_min", silent.sightings_min.value, 1, 20),
            ("terminal_silent.within_hours", silent.within_hours.value, 1, 24),
            ("terminal_elsewhere.around_minutes", elsewhere.around_minutes.value, 1, 240),
            ("terminal_elsewhere.parked_gap_minutes", elsewhere.parked_gap_minutes.value, 0, 240),
            ("terminal_elsewhere.distance_min_m", elsewhere.distance_min_m.value, 100, 1_000_000),
            ("terminal_elsewhere.plausible_kmh", elsewhere.plausible_kmh.value, 1, 1000),
            ("terminal_elsewhere.sightings_min", elsewhere.sightings_min.value, 1, 20),
            ("terminal_elsewhere.within_hours", elsewhere.within_hours.value, 1, 24),
            ("no_exit.factor_percent", exits.factor_percent.value, 100, 1000),
            ("no_exit.margin_minutes", exits.margin_minutes.value, 0, 600),
            ("no_exit.confirm_hours", exits.confirm_hours.value, 1, 24),
        ]
    }

    /// Those of the models of plates that lie.
    fn plate_ranges(&self) -> Vec<(&'static str, i64, i64, i64)> {
        let clone = &self.models.clone_plate.parameters;
        let fake = &self.models.fake_plate.parameters;
        let hidden = &self.models.hidden_plate.parameters;
        vec![
            ("clone_plate.window_hours", clone.window_hours.value, 1, 24),
            ("clone_plate.read_min_permille", clone.read_min_permille.value, 1, 1000),
            ("clone_plate.apart_max_minutes", clone.apart_max_minutes.value, 1, 1440),
            ("clone_plate.margin_percent", clone.margin_percent.value, 0, 90),
            (
                "clone_plate.slow_margin_percent",
                clone.slow_margin_percent.value,
                0,
                clone.margin_percent.value,
            ),
            ("clone_plate.margin_seconds", clone.margin_seconds.value, 0, 3600),
            ("clone_plate.unlearned_clock_seconds", clone.unlearned_clock_seconds.value, 0, 86_400),
            ("clone_plate.unlearned_way_min_m", clone.unlearned_way_min_m.value, 0, 1_000_000),
            ("clone_plate.top_speed_kmh", clone.top_speed_kmh.value, 1, 1000),
            ("clone_plate.score_min", clone.score_min.value, 1, 1000),
            ("clone_plate.carried_windows", clone.carried_windows.value, 0, 14),
            ("clone_plate.own_score_min", clone.own_score_min.value, 1, clone.score_min.value),
            ("clone_plate.journey_score", clone.journey_score.value, 0, 1000),
            ("clone_plate.rivalled_journey_score", clone.rivalled_journey_score.value, 0, 1000),
            ("clone_plate.rival_passages", clone.rival_passages.value, 1, 1000),
            ("clone_plate.file_wrong_score", clone.file_wrong_score.value, 0, 1000),
            ("clone_plate.place_sightings_max", clone.place_sightings_max.value, 1, 100),
            (
                "clone_plate.daylight_from_hour",
                clone.daylight_from_hour.value,
                0,
                clone.daylight_to_hour.value,
            ),
            ("clone_plate.daylight_to_hour", clone.daylight_to_hour.value, 1, 24),
            ("fake_plate.window_hours", fake.window_hours.value, 1, 24),
            ("fake_plate.read_min_permille", fake.read_min_permille.value, 1, 1000),
            ("fake_plate.sightings_min", fake.sightings_min.value, 2, 1000),
            ("fake_plate.places_min", fake.places_min.value, 1, 100),
            ("hidden_plate.window_hours", hidden.window_hours.value, 1, 24),
            ("hidden_plate.rate_minutes", hidden.rate_minutes.value, 1, hidden.window_hours.value * 60),
            ("hidden_plate.unlearned_clock_seconds", hidden.unlearned_clock_seconds.value, 0, 86_400),
            ("hidden_plate.fast_percent", hidden.fast_percent.value, 1, 100),
            ("hidden_plate.slow_percent", hidden.slow_percent.value, 100, 1000),
            ("hidden_plate.way_max_minutes", hidden.way_max_minutes.value, 1, 240),
            ("hidden_plate.stop_max_minutes", hidden.stop_max_minutes.value, 0, 240),
            ("hidden_plate.return_min_minutes", hidden.return_min_minutes.value, 0, 240),
            (
                "hidden_plate.return_max_minutes",
                hidden.return_max_minutes.value,
                hidden.return_min_minutes.value,
                720,
            ),
            ("hidden_plate.stop_score", hidden.stop_score.value, 0, 1000),
            ("hidden_plate.color_other_score", hidden.color_other_score.value, 0, 1000),
            ("hidden_plate.type_other_score", hidden.type_other_score.value, 0, 1000),
            ("hidden_plate.cover_other_score", hidden.cover_other_score.value, 0, 1000),
            ("hidden_plate.sightings_min", hidden.sightings_min.value, 2, 100),
            ("hidden_plate.score_min", hidden.score_min.value, 1, 1000),
            ("hidden_plate.choice_score", hidden.choice_score.value, 0, 1000),
            ("hidden_plate.link_score_max", hidden.link_score_max.value, 1, 1000),
            ("hidden_plate.symbol_score", hidden.symbol_score.value, 0, 100),
        ]
    }
}
