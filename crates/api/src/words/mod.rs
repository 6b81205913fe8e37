//! The sentences that people read about a warning, in official Chinese and plain English.

mod contribution;
mod en;
mod zh;

pub(crate) use contribution::{Place, contribution};

use crate::app::Names;
use crate::wire::Language;
use domain::warning::WithdrawReason;
use domain::{
    AlarmKind, Behaviour, CheckpointId, CloneEvidence, Detail, ModelId, SectionId, Timestamp, Verdict,
    Warning,
};

/// The name of a model.
pub(crate) fn model_name(model: ModelId, language: Language) -> &'static str {
    let (chinese, english) = match model {
        ModelId::WatchOrder => ("布控车辆", "Watch order"),
        ModelId::AverageSpeed => ("区间超速", "Average speed"),
        ModelId::Fatigue => ("疲劳驾驶", "Fatigue"),
        ModelId::NightCoach => ("客车凌晨违规运行", "Coach at night"),
        ModelId::DeviceAlarm => ("车载终端报警", "Terminal alarm"),
        ModelId::OverdueInspection => ("逾期未检验", "Inspection overdue"),
        ModelId::OverdueScrapping => ("逾期未报废", "Scrapping overdue"),
        ModelId::UnhandledOffences => ("多次违法未处理", "Offences not handled"),
        ModelId::ClonePlate => ("套牌嫌疑", "Clone plate"),
        ModelId::FakePlate => ("假牌嫌疑", "Fake plate"),
        ModelId::HiddenPlate => ("无牌、遮挡号牌", "Hidden plate"),
        ModelId::SpotSpeed => ("单点超速", "Speeding"),
        ModelId::DrivingTime => ("累计驾驶超时", "Driving time"),
        ModelId::PassageFatigue => ("卡口推算疲劳驾驶", "Fatigue by checkpoints"),
        ModelId::DangerousGoods => ("危货车违规路线时段", "Dangerous goods"),
        ModelId::ZoneBan => ("违反限行", "Zone ban"),
        ModelId::WrongWay => ("逆行", "Wrong way"),
        ModelId::Overload => ("超限超载", "Overload"),
        ModelId::CameraReport => ("卡口识别违法", "Camera report"),
        ModelId::TerminalSilent => ("终端失联", "Terminal silent"),
        ModelId::TerminalElsewhere => ("车与终端位置不符", "Terminal elsewhere"),
        ModelId::NoExit => ("区间滞留", "No exit"),
        ModelId::Rule => ("自定义规则", "Rule"),
    };
    language.pick(chinese, english)
}

/// One line: what it is about.
pub(crate) fn title(warning: &Warning, language: Language) -> String {
    let name = model_name(warning.model, language);
    match &warning.detail {
        Detail::WatchOrder { score_permille, .. } if *score_permille < 1_000 => {
            language.pick(format!("{name}（疑似误识）"), format!("{name} (likely misread)"))
        }
        Detail::AverageSpeed { speed_dkmh, limit_kmh, .. } => {
            let percent = over_percent(*speed_dkmh, *limit_kmh);
            language.pick(format!("{name} {percent}%"), format!("{name} {percent}% over"))
        }
        Detail::DeviceAlarm { kind, .. } => {
            let alarm = alarm_name(*kind, language);
            language.pick(format!("{name}：{alarm}"), format!("{name}: {alarm}"))
        }
        Detail::SpotSpeed { speed_kmh, limit_kmh } => {
            let percent = over_percent(u32::from(*speed_kmh) * 10, *limit_kmh);
            language.pick(format!("{name} {percent}%"), format!("{name} {percent}% over"))
        }
        Detail::ClonePlate { evidence: CloneEvidence::Look { .. }, .. } => {
            language.pick(format!("{name}（车辆特征不符）"), format!("{name} (looks otherwise)"))
        }
        Detail::HiddenPlate { is_covered, .. } => {
            let (chinese, english) =
                if *is_covered { ("遮挡号牌", "Plate covered") } else { ("无牌上路", "No plate") };
            language.pick(chinese, english).to_string()
        }
        Detail::DangerousGoods { is_hours, .. } => {
            let (chinese, english) = if *is_hours {
                ("危货车违规时段通行", "Dangerous goods out of hours")
            } else {
                ("危货车偏离规定路线", "Dangerous goods off route")
            };
            language.pick(chinese, english).to_string()
        }
        Detail::ZoneBan { name: zone, .. } => {
            language.pick(format!("{name}：{zone}"), format!("{name}: {zone}"))
        }
        Detail::Overload { is_hundred_ton: true, .. } => {
            language.pick("超限超载（百吨王）".to_string(), format!("{name}, beyond 100 t"))
        }
        Detail::Overload { total_kg, limit_kg, .. } => {
            let percent = over_weight_percent(*total_kg, *limit_kg);
            language.pick(format!("{name} {percent}%"), format!("{name} {percent}% over"))
        }
        Detail::CameraReport { behaviour } => {
            let behaviour = self::behaviour(*behaviour, language);
            language.pick(format!("{name}：{behaviour}"), format!("{name}: {behaviour}"))
        }
        Detail::Rule { name: rule, .. } => rule.to_string(),
        Detail::WatchOrder { .. }
        | Detail::Fatigue { .. }
        | Detail::NightCoach { .. }
        | Detail::OverdueInspection { .. }
        | Detail::OverdueScrapping { .. }
        | Detail::UnhandledOffences { .. }
        | Detail::ClonePlate { .. }
        | Detail::FakePlate { .. }
        | Detail::DrivingTime { .. }
        | Detail::PassageFatigue { .. }
        | Detail::WrongWay { .. }
        | Detail::TerminalSilent { .. }
        | Detail::TerminalElsewhere { .. }
        | Detail::NoExit { .. } => name.to_string(),
    }
}

/// How far over the limit, in whole percent, rounded down.
pub(crate) fn over_percent(speed_dkmh: u32, limit_kmh: u16) -> u32 {
    let limit_dkmh = u32::from(limit_kmh) * 10;
    (speed_dkmh.saturating_sub(limit_dkmh) * 100).checked_div(limit_dkmh).unwrap_or(0)
}

/// How far over the permitted weight, in whole percent, rounded down.
pub(crate) fn over_weight_percent(total_kg: u32, limit_kg: u32) -> u64 {
    (u64::from(total_kg.saturating_sub(limit_kg)) * 100).checked_div(u64::from(limit_kg)).unwrap_or(0)
}

/// What was found and against which threshold, in one or two sentences.
pub(crate) fn explanation(warning: &Warning, names: &Names, language: Language) -> String {
    let (text, late) = match language {
        Language::Chinese => {
            (zh::explanation(&warning.detail, names), "该记录到达时已过处置时限，仅作存档，不再派警。")
        }
        Language::English => (
            en::explanation(&warning.detail, names),
            " It arrived too late to act on and is kept for the record only.",
        ),
    };
    if warning.is_historical { text + late } else { text }
}

/// The name of a section as it is now.
fn section_name<'a>(names: &'a Names, id: &SectionId) -> &'a str {
    names.sections.get(id).map_or("—", |section| section.name.as_str())
}

/// The name of a checkpoint as it is now.
fn checkpoint_name<'a>(names: &'a Names, id: &'a CheckpointId) -> &'a str {
    names.checkpoints.get(id).map_or(id.as_str(), |checkpoint| checkpoint.name.as_str())
}

/// Why judgement took a warning back.
pub(crate) fn withdraw_reason(reason: WithdrawReason, language: Language) -> String {
    let (chinese, english) = match reason {
        WithdrawReason::Replaced => (
            "迟到数据改变了判定，已由另一条预警代替。",
            "Late data changed it; another warning takes its place.",
        ),
        WithdrawReason::Refuted => ("迟到数据表明该情形不成立，已自动撤回。", "Late data refuted it."),
    };
    language.pick(chinese, english).to_string()
}

fn alarm_name(kind: AlarmKind, language: Language) -> &'static str {
    let (chinese, english) = match kind {
        AlarmKind::Sos => ("紧急报警", "emergency button"),
        AlarmKind::Overspeed => ("超速", "overspeed"),
        AlarmKind::Fatigue => ("疲劳驾驶", "fatigue"),
        AlarmKind::Collision => ("碰撞", "collision"),
        AlarmKind::Rollover => ("侧翻", "rollover"),
        AlarmKind::DsmFatigue => ("驾驶员疲劳", "driver fatigue"),
        AlarmKind::DsmPhone => ("驾驶员接打手持电话", "driver on the telephone"),
        AlarmKind::DsmSmoking => ("驾驶员抽烟", "driver smoking"),
        AlarmKind::DsmDistraction => ("驾驶员分神", "driver distracted"),
        AlarmKind::DsmAbnormal => ("驾驶员异常", "driver abnormal"),
        AlarmKind::Adas(_) => ("前向安全辅助", "driver assistance"),
        AlarmKind::Other { .. } => ("其他", "other"),
    };
    language.pick(chinese, english)
}

/// What a camera says it saw.
pub(crate) fn behaviour(behaviour: Behaviour, language: Language) -> &'static str {
    let (chinese, english) = match behaviour {
        Behaviour::WrongWay => ("逆行", "wrong way"),
        Behaviour::PlateCovered => ("遮挡、污损号牌", "plate covered or soiled"),
        Behaviour::NoBelt => ("驾驶人未系安全带", "driver without a belt"),
        Behaviour::Phone => ("驾驶时拨打接听手持电话", "driver on a hand-held telephone"),
        Behaviour::NoHelmet => ("未戴安全头盔", "no helmet"),
        Behaviour::Overcrowded => ("超员", "more people than allowed"),
        Behaviour::CarryingPeople => ("违法载人", "people carried where none may be"),
    };
    language.pick(chinese, english)
}

/// What a verdict says.
pub(crate) fn verdict_name(verdict: Verdict, language: Language) -> &'static str {
    let (chinese, english) = match verdict {
        Verdict::Confirmed => ("属实", "confirmed"),
        Verdict::Misread => ("号牌误识", "plate misread"),
        Verdict::Cloned => ("被套牌", "plate cloned"),
        Verdict::Stale => ("已过时", "too old"),
        Verdict::Exempt => ("豁免", "exempt"),
        Verdict::WrongData => ("数据有误", "wrong data"),
        Verdict::Unfounded => ("不属实", "unfounded"),
    };
    language.pick(chinese, english)
}

fn percent(permille: u16) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

fn tenths(value: u32) -> String {
    format!("{}.{}", value / 10, value % 10)
}

fn kilometres(length_m: u32) -> String {
    format!("{}.{:02} km", length_m / 1_000, length_m % 1_000 / 10)
}

fn tonnes(kg: u32) -> String {
    format!("{}.{:02} t", kg / 1_000, kg % 1_000 / 10)
}

/// `11-23 14:05` in Beijing time.
pub(crate) fn beijing(at: Timestamp) -> String {
    let (_, month, day) = at.beijing_day().ymd();
    let minute = at.beijing_minute_of_day();
    format!("{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(over_percent(1_096, 80), 37);
        assert_eq!(over_percent(100, 0), 0);
        assert_eq!(tonnes(49_050), "49.05 t");
        assert_eq!(kilometres(8_240), "8.24 km");
        assert_eq!(beijing(Timestamp::from_unix_ms(1_795_363_200_000)), "11-23 00:00");
    }
}
