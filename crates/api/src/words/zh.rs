//! What a warning found, in official Chinese.

use super::{
    alarm_name, beijing, checkpoint_name, kilometres, over_percent, over_weight_percent, percent,
    section_name, tenths, tonnes,
};
use crate::app::Names;
use crate::wire::Language;
use crate::words;
use domain::{CloneEvidence, Detail, ZoneId};

#[expect(clippy::too_many_lines, reason = "one arm for each kind of detail")]
pub(super) fn explanation(detail: &Detail, names: &Names) -> String {
    match detail {
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
        Detail::AverageSpeed { section, length_m, elapsed_ms, speed_dkmh, limit_kmh, .. } => format!(
            "区间“{}”全长 {}，用时 {}，平均车速 {} km/h，限速 {limit_kmh} km/h，超速 {}%（GA/T 959-2011：区间长度÷通过时间）。",
            section_name(names, section),
            kilometres(*length_m),
            duration(*elapsed_ms),
            tenths(*speed_dkmh),
            over_percent(*speed_dkmh, *limit_kmh)
        ),
        Detail::Fatigue { started_at, driven_minutes, limit_minutes, is_night } => format!(
            "自 {} 起连续驾驶 {}，其间未停车休息满 20 分钟，超过{}连续驾驶 {} 的限值。",
            beijing(*started_at),
            minutes(*driven_minutes),
            if *is_night { "客车夜间" } else { "" },
            minutes(*limit_minutes)
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
        Detail::ClonePlate { evidence, contradiction_count, first_at, needs_earlier } => {
            let what = match evidence {
                CloneEvidence::Journey { from, to, elapsed_ms, shortest_ms } => format!(
                    "同一号牌先后出现在“{}”和“{}”，校准相机时钟后仅隔 {}，而两地间最短行程时间为 {}，一辆车无法做到",
                    checkpoint_name(names, from),
                    checkpoint_name(names, to),
                    duration(*elapsed_ms),
                    duration(*shortest_ms)
                ),
                CloneEvidence::Look { is_plate_other, is_type_other, is_color_other } => {
                    let features = [
                        (*is_plate_other, "号牌种类或颜色"),
                        (*is_type_other, "车辆类型"),
                        (*is_color_other, "车身颜色"),
                    ];
                    let other: Vec<_> = features
                        .into_iter()
                        .filter(|(is_other, _)| *is_other)
                        .map(|(_, word)| word)
                        .collect();
                    format!("过车车辆的{}与登记信息不符", other.join("、"))
                }
            };
            format!(
                "{what}。自 {} 起共发现 {contradiction_count} 处矛盾，{}有套牌嫌疑，请比对两处图片。",
                beijing(*first_at),
                if *needs_earlier { "结合前几日同类矛盾，" } else { "" }
            )
        }
        Detail::FakePlate { plate, sighting_count, place_count, first_at } => format!(
            "号牌“{plate}”在本地登记库中不存在。自 {} 起在 {place_count} 处卡口被识读 {sighting_count} 次，识读结果一致，有假牌嫌疑。",
            beijing(*first_at)
        ),
        Detail::HiddenPlate { sighting_count, first_at, is_covered } => format!(
            "该车自 {} 起 {sighting_count} 次通过卡口，{}。",
            beijing(*first_at),
            if *is_covered { "相机报告号牌被遮挡或污损" } else { "均未识别到号牌" }
        ),
        Detail::SpotSpeed { speed_kmh, limit_kmh } => format!(
            "卡口测得车速 {speed_kmh} km/h，该车型限速 {limit_kmh} km/h，超速 {}%。",
            over_percent(u32::from(*speed_kmh) * 10, *limit_kmh)
        ),
        Detail::DrivingTime { window_hours, window_from, driven_minutes, limit_minutes } => format!(
            "自 {} 起 {}内累计驾驶 {}，超过 {} 的限值。",
            beijing(*window_from),
            if *window_hours == 168 { "7 天".to_string() } else { format!("{window_hours} 小时") },
            minutes(*driven_minutes),
            minutes(*limit_minutes)
        ),
        Detail::PassageFatigue { started_at, driven_minutes, limit_minutes, is_night } => format!(
            "按卡口过车推算，自 {} 起连续驾驶 {}，各卡口之间均无停车休息满 20 分钟的可能，超过{}连续驾驶 {} 的限值。",
            beijing(*started_at),
            minutes(*driven_minutes),
            if *is_night { "客车夜间" } else { "" },
            minutes(*limit_minutes)
        ),
        Detail::DangerousGoods { is_hours: true, zone, first_at } => format!(
            "危险货物运输车辆自 {} 起行驶在通行路线“{}”，不在准许通行的时段内。",
            beijing(*first_at),
            zone_name(names, zone.as_ref())
        ),
        Detail::DangerousGoods { is_hours: false, first_at, .. } => {
            format!("危险货物运输车辆自 {} 起驶离规定的通行路线。", beijing(*first_at))
        }
        Detail::ZoneBan { name, first_at, .. } => {
            format!("该车于 {} 进入限行区域“{name}”，正值限行时段，且无通行证。", beijing(*first_at))
        }
        Detail::WrongWay { is_reported: true, .. } => "相机识别该车逆行，请核对图片后处置。".to_string(),
        Detail::WrongWay { direction, .. } => format!(
            "该处只准单方向通行，该车行驶方向{}与规定方向相反。",
            direction.map_or_else(String::new, |code| format!("（{}）", direction_name(code)))
        ),
        Detail::Overload { total_kg, limit_kg, axle_count, is_hundred_ton } => format!(
            "动态称重总质量 {}，{axle_count} 轴车辆限值 {}（GB 1589），超限 {}%。{}",
            tonnes(*total_kg),
            tonnes(*limit_kg),
            over_weight_percent(*total_kg, *limit_kg),
            if *is_hundred_ton {
                "车货总质量超过 100 吨，属“百吨王”，应立即拦截。"
            } else {
                ""
            }
        ),
        Detail::CameraReport { behaviour } => {
            format!("相机识别到“{}”，请核对图片后处置。", words::behaviour(*behaviour, Language::Chinese))
        }
        Detail::TerminalSilent { seen_at, last_report_at, silent_minutes } => format!(
            "该车于 {} 通过卡口，而车载终端前后 {} 没有任何上报（{}），终端可能故障、断电或被屏蔽。",
            beijing(*seen_at),
            minutes(*silent_minutes),
            last_report_at
                .map_or_else(|| "此前无上报记录".to_string(), |at| format!("最近一次上报 {}", beijing(at)))
        ),
        Detail::TerminalElsewhere { seen_at, distance_m } => format!(
            "该车于 {} 通过卡口，而车载终端上报的位置在 {} 以外（已扣除时钟误差和行驶的影响），终端可能已拆离车辆。",
            beijing(*seen_at),
            kilometres(*distance_m)
        ),
        Detail::NoExit { section, entered_at, expected_minutes } => format!(
            "该车于 {} 驶入区间“{}”，最迟应在 {} 内驶出，至今未驶出，请核实是否发生事故、故障或违法停车。",
            beijing(*entered_at),
            section_name(names, section),
            minutes(*expected_minutes)
        ),
        Detail::Rule { version, name, values, .. } => {
            let values: Vec<_> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("符合自定义规则“{name}”（第 {version} 版）。判定所用数值：{}。", values.join("，"))
        }
    }
}

fn zone_name<'a>(names: &'a Names, id: Option<&ZoneId>) -> &'a str {
    id.and_then(|id| names.zones.get(id)).map_or("—", |zone| zone.name.as_str())
}

/// The direction codes of GA/T 1400.3 (HDirectionType).
fn direction_name(code: u8) -> &'static str {
    match code {
        1 => "西向东",
        2 => "东向西",
        3 => "北向南",
        4 => "南向北",
        5 => "西南向东北",
        6 => "东北向西南",
        7 => "西北向东南",
        8 => "东南向西北",
        _ => "其他方向",
    }
}

fn minutes(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, m) => format!("{m} 分钟"),
        (h, 0) => format!("{h} 小时"),
        (h, m) => format!("{h} 小时 {m} 分"),
    }
}

fn duration(ms: i64) -> String {
    let s = ms / 1_000;
    if s >= 60 { format!("{} 分 {} 秒", s / 60, s % 60) } else { format!("{s} 秒") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_read_them() {
        assert_eq!(minutes(245), "4 小时 5 分");
        assert_eq!(duration(372_000), "6 分 12 秒");
    }
}
