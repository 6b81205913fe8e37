//! The parameters of learning as data: every threshold with its unit, its source and its meaning in two languages
//! (`data/calibration.toml`), and the ranges within which they make sense.

use serde::{Deserialize, Serialize};

/// One value with what a person must know to change it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The value in `unit`.
    pub value: i64,
    /// The unit, as the page writes it.
    pub unit: String,
    /// Law, standard or experience that it comes from.
    pub source: String,
    /// What it does, in Chinese.
    pub zh: String,
    /// What it does, in English.
    pub en: String,
}

/// A parameter as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterDescription {
    /// Its group in `data/calibration.toml`.
    pub group: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Its value.
    pub value: i64,
    /// Its unit.
    pub unit: String,
    /// Where it comes from.
    pub source: String,
    /// Explanation in Chinese.
    pub explanation_zh: String,
    /// Explanation in English.
    pub explanation_en: String,
}

/// Why parameters can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{group}.{name} is {value}, not within {least} to {greatest}")]
pub struct ParameterError {
    /// Its group.
    pub group: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What the file says.
    pub value: i64,
    /// The least that makes sense.
    pub least: i64,
    /// The greatest that makes sense.
    pub greatest: i64,
}

/// Declares a group of parameters with their ranges, so that neither the page nor the check can forget one.
macro_rules! group {
    ($(#[$doc:meta])* $name:ident = $group:literal {
        $($(#[$field_doc:meta])* $field:ident: $least:literal..=$greatest:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Parameter,)*
        }

        impl $name {
            fn check(&self) -> Result<(), ParameterError> {
                $(if !($least..=$greatest).contains(&self.$field.value) {
                    return Err(ParameterError {
                        group: $group,
                        name: stringify!($field),
                        value: self.$field.value,
                        least: $least,
                        greatest: $greatest,
                    });
                })*
                Ok(())
            }

            fn describe(&self, into: &mut Vec<ParameterDescription>) {
                $(into.push(ParameterDescription {
                    group: $group,
                    name: stringify!($field),
                    value: self.$field.value,
                    unit: self.$field.unit.clone(),
                    source: self.$field.source.clone(),
                    explanation_zh: self.$field.zh.clone(),
                    explanation_en: self.$field.en.clone(),
                });)*
            }
        }
    };
}

group! {
    /// Errors of clocks.
    ClockParameters = "clock" {
        /// Only what came within this long says how a clock stands now.
        window_minutes: 15..=360,
        /// Fewer moments with a passage say nothing.
        moments_min: 3..=8,
        /// Share of the newest moments that must agree.
        agree_share_percent: 51..=100,
        /// Delays within this agree.
        agree_ms: 500..=60_000,
        /// What the least delay of a line is taken for until enough cameras show it.
        usual_delay_ms: 0..=10_000,
        /// The least delay of a line is never taken for more, unless travel times prove it.
        usual_delay_max_ms: 0..=10_000,
        /// So many cameras show the usual delay.
        usual_cameras_min: 1..=1_000,
        /// A smaller change is not made known.
        change_min_ms: 100..=60_000,
        /// The least uncertainty.
        uncertainty_min_ms: 50..=10_000,
        /// Greater errors are not set right: the device must be repaired.
        error_max_hours: 1..=100_000,
        /// The first calibration also holds for what was captured so long before.
        first_reach_hours: 0..=8_760,
        /// A camera that seems so far behind may hang on a slow line.
        slow_line_min_ms: 1_000..=600_000,
        /// Drives in each direction before they say anything about a slow line.
        slow_line_drives_min: 10..=10_000,
        /// Neighbours that must say so.
        slow_line_neighbours_min: 1..=20,
    }
}

group! {
    /// Shortest travel times.
    TravelParameters = "travel" {
        /// Longest time between two sightings that may be one drive.
        elapsed_max_minutes: 10..=240,
        /// Passages that came later, by clocks set right, are left out.
        live_max_seconds: 2..=600,
        /// Least confidence of a read, where the camera gives one.
        confidence_min_percent: 0..=100,
        /// This share of the drives is faster than the shortest time.
        shortest_permille: 1..=200,
        /// Taken off the shortest time.
        margin_percent: 0..=50,
        /// Fewer drives say nothing.
        drives_min: 10..=10_000,
        /// A smaller change is not made known.
        change_min_percent: 1..=50,
        /// The first travel times are made known after so many hours of passages.
        first_after_hours: 1..=48,
    }
}

group! {
    /// Shares of misread plates.
    MisreadParameters = "misread" {
        /// What is believed of a camera by day.
        prior_day_permille: 0..=900,
        /// What is believed of a camera by night.
        prior_night_permille: 0..=900,
        /// So many reads weigh as much as that belief.
        prior_reads: 1..=100_000,
        /// One verdict weighs as much as so many reads.
        verdict_reads: 0..=1_000,
        /// Fewer reads and verdicts, as weighed, say nothing.
        evidence_min_reads: 10..=100_000,
        /// A plate's first two symbols are local when the register knows so many of them.
        local_plates_min: 10..=1_000_000,
        /// A smaller change is not made known.
        change_min_permille: 1..=500,
    }
}

group! {
    /// Health of devices.
    HealthParameters = "health" {
        /// What came later is late.
        late_min_seconds: 1..=86_400,
    }
}

/// All of `data/calibration.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// 时钟误差
    pub clock: ClockParameters,
    /// 最短行驶时间
    pub travel: TravelParameters,
    /// 号牌误识率
    pub misread: MisreadParameters,
    /// 设备健康
    pub health: HealthParameters,
}

impl Parameters {
    /// Whether the values make sense.
    ///
    /// # Errors
    /// The first value outside its range.
    pub fn check(&self) -> Result<(), ParameterError> {
        self.clock.check()?;
        self.travel.check()?;
        self.misread.check()?;
        self.health.check()
    }

    /// All parameters in the order of the file, as the page shows them.
    pub fn describe(&self) -> Vec<ParameterDescription> {
        let mut all = Vec::new();
        self.clock.describe(&mut all);
        self.travel.describe(&mut all);
        self.misread.describe(&mut all);
        self.health.describe(&mut all);
        all
    }
}
