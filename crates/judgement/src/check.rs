//! Whether the engine can work with given parameters: ranges, order of steps, known words.

use crate::models::SLOT_MINUTES;
use crate::parameters::Parameters;
use domain::Level;

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
    /// The steps of average speed do not ascend.
    #[error("the steps of average_speed do not ascend")]
    Steps,
    /// A model without a level that needs one.
    #[error("{0} needs a level")]
    Level(&'static str),
}

impl Parameters {
    /// Says whether the engine can work with these values; call it once where they are loaded.
    pub fn check(&self) -> Result<(), ParameterError> {
        for (name, value, min, max) in self.ranges() {
            if !(min..=max).contains(&value) {
                return Err(ParameterError::Range { name, value, min, max });
            }
        }
        if !self
            .models
            .average_speed
            .parameters
            .steps
            .value
            .is_sorted_by(|a, b| a.over_percent < b.over_percent)
        {
            return Err(ParameterError::Steps);
        }
        let alarms = &self.models.device_alarm.parameters;
        let words = [&alarms.kinds_high.value, &alarms.kinds_medium.value, &alarms.kinds_low.value];
        if let Some(word) = words.into_iter().flatten().find(|word| !ALARM_WORDS.contains(&word.as_str())) {
            return Err(ParameterError::AlarmKind(word.clone()));
        }
        match self.fixed_levels().into_iter().find(|(_, level)| level.is_none()) {
            Some((model, _)) => Err(ParameterError::Level(model)),
            None => Ok(()),
        }
    }

    /// Each number with its least and greatest value.
    fn ranges(&self) -> Vec<(&'static str, i64, i64, i64)> {
        let models = &self.models;
        let order = &models.watch_order.parameters;
        let speed = &models.average_speed.parameters;
        let fatigue = &models.fatigue.parameters;
        let night = &models.night_coach.parameters;
        let alarms = &models.device_alarm.parameters;
        vec![
            ("horizon.late_max_hours", models.horizon.late_max_hours.value, 1, 720),
            ("horizon.ahead_max_seconds", models.horizon.ahead_max_seconds.value, 0, 86_400),
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
            ("fatigue.renewal_minutes", fatigue.renewal_minutes.value, 1, 1440),
            ("night_coach.from_hour", night.from_hour.value, 0, night.to_hour.value - 1),
            ("night_coach.to_hour", night.to_hour.value, 1, 24),
            ("night_coach.moving_max_minutes", night.moving_max_minutes.value, 0, 1440),
            ("night_coach.renewal_minutes", night.renewal_minutes.value, 1, 1440),
            ("device_alarm.episode_gap_minutes", alarms.episode_gap_minutes.value, 1, 1440),
            ("unhandled_offences.count_min", models.unhandled_offences.parameters.count_min.value, 1, 65_535),
        ]
    }

    /// The models whose warnings all have the same level.
    fn fixed_levels(&self) -> [(&'static str, Option<Level>); 5] {
        let models = &self.models;
        [
            ("fatigue", models.fatigue.level),
            ("night_coach", models.night_coach.level),
            ("overdue_inspection", models.overdue_inspection.level),
            ("overdue_scrapping", models.overdue_scrapping.level),
            ("unhandled_offences", models.unhandled_offences.level),
        ]
    }
}
