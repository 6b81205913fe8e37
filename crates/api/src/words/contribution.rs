//! What one piece of evidence shows, by model and by its place among the others.

use crate::wire::Language;
use domain::{CloneEvidence, Detail, Fact, Observation, Warning};

/// Where a piece stands among the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The only one.
    Only,
    First,
    Between,
    Last,
}

impl Place {
    /// The place of an index when `last` is the greatest one.
    pub(crate) fn of(index: usize, last: usize) -> Self {
        match index {
            0 if last == 0 => Self::Only,
            0 => Self::First,
            _ if index == last => Self::Last,
            _ => Self::Between,
        }
    }
}

/// What a piece of evidence shows.
pub(crate) fn contribution(
    warning: &Warning,
    observation: &Observation,
    place: Place,
    language: Language,
) -> &'static str {
    let is_passage = matches!(observation.fact, Fact::Passage(_));
    let (chinese, english) = match &warning.detail {
        Detail::WatchOrder { .. } => {
            ("识读到的号牌与布控号牌比对。", "The plate read, compared with the order.")
        }
        Detail::AverageSpeed { .. } | Detail::NoExit { .. } => in_section(place),
        Detail::Fatigue { .. } | Detail::PassageFatigue { .. } | Detail::DrivingTime { .. } => drive(place),
        Detail::NightCoach { .. } => ("凌晨 2 时至 5 时仍在行驶。", "On the move between 02:00 and 05:00."),
        Detail::DeviceAlarm { .. } => ("终端上报的报警。", "The alarm that the terminal reported."),
        Detail::ClonePlate { evidence: CloneEvidence::Journey { .. }, .. } => match place {
            Place::First | Place::Only => ("号牌在第一处出现。", "The plate at the first place."),
            Place::Between => ("其间的又一次出现。", "Another sighting in between."),
            Place::Last => (
                "号牌在另一处出现，间隔短于最短行程时间。",
                "The plate at another place, sooner than anybody drives.",
            ),
        },
        Detail::ClonePlate { evidence: CloneEvidence::Look { .. }, .. } => {
            ("车辆特征与登记信息比对。", "The vehicle's look, compared with the register.")
        }
        Detail::FakePlate { .. } => ("识读到同一未登记号牌。", "The same unregistered plate was read."),
        Detail::HiddenPlate { .. } => ("号牌缺失或被遮挡的一次过车。", "A passage without a readable plate."),
        Detail::DangerousGoods { .. } | Detail::ZoneBan { .. } => {
            ("车辆位置与区域、时段比对。", "Where it was, compared with the zone and its hours.")
        }
        Detail::TerminalSilent { .. } | Detail::TerminalElsewhere { .. } if is_passage => {
            ("卡口在该时刻见到车辆。", "A checkpoint saw the vehicle then.")
        }
        Detail::TerminalSilent { .. } => {
            ("终端失联前后的上报。", "The terminal's report before or after its silence.")
        }
        Detail::TerminalElsewhere { .. } => {
            ("同一时刻前后终端上报的位置。", "Where the terminal said it was at that time.")
        }
        Detail::SpotSpeed { .. } => ("卡口测得的车速。", "The speed that was measured."),
        Detail::WrongWay { .. } => {
            ("行驶方向与规定方向比对。", "The direction, compared with the only one allowed.")
        }
        Detail::Overload { .. } => ("动态称重结果。", "What was weighed in motion."),
        Detail::CameraReport { .. } => ("相机识别到的行为。", "The behaviour that the camera saw."),
        Detail::OverdueInspection { .. }
        | Detail::OverdueScrapping { .. }
        | Detail::UnhandledOffences { .. } => (
            "该车上道路行驶的一次过车，与登记信息比对。",
            "A passage on the road, compared with the register.",
        ),
        Detail::Rule { .. } => {
            ("规则条件成立的一次过车。", "The passage for which the rule's condition holds.")
        }
    };
    language.pick(chinese, english)
}

fn in_section(place: Place) -> (&'static str, &'static str) {
    match place {
        Place::Only | Place::First => ("驶入区间，开始计时。", "Into the section: the time begins."),
        Place::Between => ("区间内的一次过车。", "A passage within the section."),
        Place::Last => ("驶出区间，计时结束。", "Out of the section: the time ends."),
    }
}

fn drive(place: Place) -> (&'static str, &'static str) {
    match place {
        Place::Only | Place::First => ("驾驶开始。", "The drive begins."),
        Place::Between => ("其间仍在行驶，未满足休息要求。", "Still driving: no rest that counts before it."),
        Place::Last => ("驾驶时间由此达到超限值。", "With it the driving time is beyond the limit."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_alone_is_first_and_last() {
        assert_eq!(Place::of(0, 0), Place::Only);
        assert_eq!([0, 1, 2].map(|index| Place::of(index, 2)), [Place::First, Place::Between, Place::Last]);
    }
}
