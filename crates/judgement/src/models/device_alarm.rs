//! Alarms of terminals (终端报警): alarm bits of position reports and alarms with an identity of their own.
//!
//! Reports of one vehicle and kind with short gaps are one episode and one warning. Its count is said at powers of two,
//! so that an alarm that stays on for hours is revised a dozen times and not each second; the reports at these counts
//! are the evidence.

use super::Context;
use crate::held::{Held, Inserted, Names, insert};
use crate::keyed::{Aging, Keyed};
use crate::parameters::{DeviceAlarmParameters, ModelParameters};
use crate::settle::{Finding, Standing, settle, vehicle_bytes};
use domain::observation::{AlarmKind, Fact, Observation};
use domain::time::MINUTE_MS;
use domain::warning::{Detail, Subject, Warning};
use domain::{Level, ModelId, Timestamp, VehicleKey};
use serde::{Deserialize, Serialize};

/// Most reports of one episode that are all kept, a power of two: the greatest count that is said. Of what comes after,
/// only so many are kept as hold the episode together, one per gap.
const EPISODE_REPORTS_MAX: usize = 1_024;
/// Most reports kept of one vehicle and kind.
const REPORTS_MAX: usize = 16 * EPISODE_REPORTS_MAX;

/// Whose alarm it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Carrier {
    Vehicle(VehicleKey),
    /// The number of the terminal's name, where no vehicle is known.
    Device(u32),
}

/// One kind of alarm of one carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct AlarmKey {
    carrier: Carrier,
    kind: AlarmKind,
}

/// The reports of one key, by capture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reports {
    timeline: Vec<Held>,
    standing: Vec<Standing>,
}

impl Aging for Reports {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.timeline.first().map(|held| held.captured_at)
    }

    /// Forgets whole episodes only: half of one would be another warning.
    fn forget_before(&mut self, cutoff: Timestamp, models: &ModelParameters) {
        let gap_ms = gap_ms(&models.device_alarm.parameters);
        let mut keep_from = self.timeline.partition_point(|held| held.captured_at < cutoff);
        if keep_from > 0 && keep_from < self.timeline.len() {
            keep_from = episode(&self.timeline, keep_from, gap_ms).start;
        }
        self.timeline.drain(..keep_from);
        let oldest = self.oldest_at();
        self.standing.retain(|warning| oldest.is_some_and(|oldest| warning.anchor >= oldest));
    }

    fn size(&self) -> usize {
        self.timeline.len()
    }
}

/// The model with what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct DeviceAlarms {
    pub(crate) reports: Keyed<AlarmKey, Reports>,
}

impl DeviceAlarms {
    pub(crate) fn observe(&mut self, observation: &Observation, context: &mut Context<'_>) {
        match &observation.fact {
            Fact::Position(position) if position.alarm_bits != 0 => {
                for (bit, kind) in AlarmKind::OF_BITS {
                    if position.alarm_bits & bit != 0 {
                        self.report(observation, position.vehicle, kind, context);
                    }
                }
            }
            Fact::Alarm(alarm) => self.report(observation, alarm.vehicle, alarm.kind, context),
            Fact::Position(_) | Fact::Passage(_) => {}
        }
    }

    fn report(
        &mut self,
        observation: &Observation,
        vehicle: Option<VehicleKey>,
        kind: AlarmKind,
        context: &mut Context<'_>,
    ) {
        let parameters = &context.models.device_alarm.parameters;
        let Some(level) = level(kind, parameters) else { return };
        let gap_ms = gap_ms(parameters);
        let held = Held::pack(observation, context.names);
        let carrier = vehicle
            .map_or_else(|| Carrier::Device(context.names.known(&observation.device.0)), Carrier::Vehicle);
        let key = AlarmKey { carrier, kind };
        let reports = self.reports.state_mut(key, held.captured_at);
        if reports.timeline.len() >= REPORTS_MAX {
            context.counts.over_bound += 1;
            return;
        }
        let (index, is_new) = match insert(&mut reports.timeline, held) {
            Inserted::New(index) => (index, true),
            Inserted::BetterCopy(index) => (index, false),
            Inserted::Duplicate => {
                context.counts.duplicates += 1;
                return;
            }
        };
        let episode = episode(&reports.timeline, index, gap_ms);
        let count = episode.len();
        let last_three = &reports.timeline[episode.end.saturating_sub(3)..episode.end];
        if count > EPISODE_REPORTS_MAX
            && let [before, _, last] = last_three
            && last.captured_at.ms_since(before.captured_at) <= gap_ms
        {
            reports.timeline.remove(episode.end - 2);
            context.counts.over_bound += 1;
            return;
        }
        let is_appended = is_new && index + 1 == episode.end;
        // The usual report of a lasting alarm: it changes nothing that was said.
        if !is_appended || count.is_power_of_two() {
            let episode = &reports.timeline[episode];
            let (first_at, last_at) = (episode[0].captured_at, episode[count - 1].captured_at);
            let is_enabled = context.models.device_alarm.is_enabled;
            let found = is_enabled.then(|| (first_at, warning(key, vehicle, level, episode, context)));
            let found = Vec::from_iter(found);
            let is_in_scope = |warning: &Standing| (first_at..=last_at).contains(&warning.anchor);
            settle(&mut reports.standing, is_in_scope, found, context.out);
        }
        if is_new {
            self.reports.grown();
        }
    }
}

fn gap_ms(parameters: &DeviceAlarmParameters) -> i64 {
    parameters.episode_gap_minutes.value * MINUTE_MS
}

/// The reports around `index` that are one episode.
fn episode(timeline: &[Held], index: usize, gap_ms: i64) -> std::ops::Range<usize> {
    let is_one = |a: &Held, b: &Held| b.captured_at.ms_since(a.captured_at) <= gap_ms;
    let mut start = index;
    while start > 0 && is_one(&timeline[start - 1], &timeline[start]) {
        start -= 1;
    }
    let mut end = index + 1;
    while end < timeline.len() && is_one(&timeline[end - 1], &timeline[end]) {
        end += 1;
    }
    start..end
}

/// How urgent a kind is; `None` for kinds that raise no warning.
fn level(kind: AlarmKind, parameters: &DeviceAlarmParameters) -> Option<Level> {
    [
        (Level::High, &parameters.kinds_high.value),
        (Level::Medium, &parameters.kinds_medium.value),
        (Level::Low, &parameters.kinds_low.value),
    ]
    .into_iter()
    .find(|(_, kinds)| kinds.iter().any(|word| word == kind.key()))
    .map(|(level, _)| level)
}

fn warning(
    key: AlarmKey,
    vehicle: Option<VehicleKey>,
    level: Level,
    episode: &[Held],
    context: &Context<'_>,
) -> Warning {
    let model = &context.models.device_alarm;
    let doublings = episode.len().min(EPISODE_REPORTS_MAX).ilog2();
    let evidence: Vec<Observation> =
        (0..=doublings).map(|doubling| episode[(1 << doubling) - 1].unpack(context.names)).collect();
    let counted = &episode[(1 << doublings) - 1];
    let device = counted.device_name(context.names);
    let carrier = match key.carrier {
        Carrier::Vehicle(vehicle) => vehicle_bytes(vehicle).to_vec(),
        Carrier::Device(_) => device.as_bytes().to_vec(),
    };
    let codes = match key.kind {
        AlarmKind::Adas(kind) => vec![kind],
        AlarmKind::Other { item, kind } => vec![item, kind],
        _ => Vec::new(),
    };
    let first_at = episode[0].captured_at;
    Finding {
        model: ModelId::DeviceAlarm,
        version: model.version,
        identity: &[&carrier, key.kind.key().as_bytes(), &codes, &first_at.unix_ms().to_le_bytes()],
        subject: Subject { vehicle, plate_text: None, device: Some(domain::DeviceId(device)) },
        level,
        actionable_seconds: model.actionable_seconds,
        detail: Detail::DeviceAlarm {
            kind: key.kind,
            count: 1 << doublings,
            first_at,
            last_at: counted.captured_at,
        },
        occurred_at: None,
        evidence,
    }
    .into_warning(context.reference)
}

impl Held {
    fn device_name(&self, names: &Names) -> smol_str::SmolStr {
        self.unpack(names).device.0
    }
}
