//! The sentences that people read about a warning, in official Chinese and plain English.

use crate::wire::Language;
use domain::{AlarmKind, Behaviour, Detail, ModelId, Timestamp, Warning, warning::WithdrawReason};

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
        _ => name.to_string(),
    }
}

/// How far over the limit, in whole percent, rounded down.
pub(crate) fn over_percent(speed_dkmh: u32, limit_kmh: u16) -> u32 {
    let limit_dkmh = u32::from(limit_kmh) * 10;
    (speed_dkmh.saturating_sub(limit_dkmh) * 100).checked_div(limit_dkmh).unwrap_or(0)
}

/// What was found and against which threshold, in one or two sentences.
pub(crate) fn explanation(warning: &Warning, section_name: Option<&str>, language: Language) -> String {
    match language {
        Language::Chinese => chinese(warning, section_name),
        Language::English => english(warning, section_name),
    }
}

fn chinese(warning: &Warning, section_name: Option<&str>) -> String {
    let late = if warning.is_historical {
        "该记录到达时已过处置时限，仅作存档，不再派警。"
    } else {
        ""
    };
    let text = match &warning.detail {
        Detail::WatchOrder { ordered_plate, read_plate, score_permille, reason, .. }
            if *score_permille < 1_000 =>
        {
            format!(
                "卡口识读号牌“{read_plate}”，与布控车辆“{ordered_plate}”易混字符相符，相似度 {}%，请核对图片后处置。布控原因：{reason}。",
                percent(*score_permille)
            )
        }
        Detail::WatchOrder { ordered_plate, reason, .. } => {
            format!("布控车辆“{ordered_plate}”通过卡口，号牌完全一致。布控原因：{reason}。")
        }
        Detail::AverageSpeed { length_m, elapsed_ms, speed_dkmh, limit_kmh, .. } => format!(
            "区间“{}”全长 {}，用时 {}，平均车速 {} km/h，限速 {limit_kmh} km/h，超速 {}%（GA/T 959-2011：区间长度÷通过时间）。",
            section_name.unwrap_or("—"),
            kilometres(*length_m),
            duration_zh(*elapsed_ms),
            tenths(*speed_dkmh),
            over_percent(*speed_dkmh, *limit_kmh)
        ),
        Detail::Fatigue { started_at, driven_minutes, limit_minutes, is_night } => format!(
            "自 {} 起连续驾驶 {}，其间未停车休息满 20 分钟，超过{}连续驾驶 {} 的限值。",
            beijing(*started_at),
            minutes_zh(*driven_minutes),
            if *is_night { "客车夜间" } else { "" },
            minutes_zh(*limit_minutes)
        ),
        Detail::NightCoach { day, first_moving_at, moving_minutes } => format!(
            "{day} 凌晨 2 时至 5 时，该客车仍在行驶（首次于 {}，累计 {moving_minutes} 分钟），应停止运行或实行接驳运输。",
            beijing(*first_moving_at)
        ),
        Detail::DeviceAlarm { kind, count, first_at, last_at } => format!(
            "车载终端上报“{}”{count} 次，首次 {}，最近 {}。",
            alarm_name(*kind, Language::Chinese),
            beijing(*first_at),
            beijing(*last_at)
        ),
        Detail::OverdueInspection { valid_until, overdue_days } => {
            format!("检验有效期止 {valid_until}，已逾期 {overdue_days} 天，仍上道路行驶。")
        }
        Detail::OverdueScrapping { scrap_by, overdue_days } => {
            format!("强制报废期止 {scrap_by}，已逾期 {overdue_days} 天，仍上道路行驶。")
        }
        Detail::UnhandledOffences { count, threshold } => {
            format!("该车有 {count} 条交通违法记录未处理（预警值 {threshold} 条）。")
        }
        _ => String::new(),
    };
    format!("{text}{late}")
}

fn english(warning: &Warning, section_name: Option<&str>) -> String {
    let late = if warning.is_historical {
        " It arrived too late to act on and is kept for the record only."
    } else {
        ""
    };
    let text = match &warning.detail {
        Detail::WatchOrder { ordered_plate, read_plate, score_permille, reason, .. }
            if *score_permille < 1_000 =>
        {
            format!(
                "The camera read “{read_plate}”, which is easily mistaken for the ordered “{ordered_plate}” (likelihood {}%). Compare the pictures first. Reason of the order: {reason}.",
                percent(*score_permille)
            )
        }
        Detail::WatchOrder { ordered_plate, reason, .. } => {
            format!(
                "“{ordered_plate}” is under a watch order and passed, read exactly. Reason of the order: {reason}."
            )
        }
        Detail::AverageSpeed { length_m, elapsed_ms, speed_dkmh, limit_kmh, .. } => format!(
            "Section “{}”, {}, passed in {} s: {} km/h on average where {limit_kmh} km/h is allowed, {}% over (GA/T 959-2011: length ÷ time).",
            section_name.unwrap_or("—"),
            kilometres(*length_m),
            elapsed_ms / 1_000,
            tenths(*speed_dkmh),
            over_percent(*speed_dkmh, *limit_kmh)
        ),
        Detail::Fatigue { started_at, driven_minutes, limit_minutes, is_night } => format!(
            "Driving since {} for {driven_minutes} min without a stop of 20 min; the limit is {limit_minutes} min{}.",
            beijing(*started_at),
            if *is_night { " for coaches at night" } else { "" }
        ),
        Detail::NightCoach { day, first_moving_at, moving_minutes } => format!(
            "On {day} between 02:00 and 05:00 this coach was on the move (first at {}, {moving_minutes} min in all); it has to stop or be relayed.",
            beijing(*first_moving_at)
        ),
        Detail::DeviceAlarm { kind, count, first_at, last_at } => format!(
            "The terminal reported “{}” {count} times, first at {}, last at {}.",
            alarm_name(*kind, Language::English),
            beijing(*first_at),
            beijing(*last_at)
        ),
        Detail::OverdueInspection { valid_until, overdue_days } => {
            format!(
                "The inspection was valid until {valid_until} and is {overdue_days} days overdue; the vehicle is on the road."
            )
        }
        Detail::OverdueScrapping { scrap_by, overdue_days } => {
            format!(
                "The vehicle had to be scrapped by {scrap_by}, {overdue_days} days ago, and is on the road."
            )
        }
        Detail::UnhandledOffences { count, threshold } => {
            format!("{count} offences of this vehicle are not handled (warned from {threshold} on).")
        }
        _ => String::new(),
    };
    format!("{text}{late}")
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

fn percent(permille: u16) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

fn tenths(value: u32) -> String {
    format!("{}.{}", value / 10, value % 10)
}

fn kilometres(length_m: u32) -> String {
    format!("{}.{:02} km", length_m / 1_000, length_m % 1_000 / 10)
}

fn minutes_zh(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, m) => format!("{m} 分钟"),
        (h, 0) => format!("{h} 小时"),
        (h, m) => format!("{h} 小时 {m} 分"),
    }
}

fn duration_zh(ms: i64) -> String {
    let s = ms / 1_000;
    if s >= 60 { format!("{} 分 {} 秒", s / 60, s % 60) } else { format!("{s} 秒") }
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
        assert_eq!(minutes_zh(245), "4 小时 5 分");
        assert_eq!(duration_zh(372_000), "6 分 12 秒");
        assert_eq!(kilometres(8_240), "8.24 km");
        assert_eq!(beijing(Timestamp::from_unix_ms(1_795_363_200_000)), "11-23 00:00");
    }
}
