//! The words of cases, in official Chinese and plain English.

use crate::app::App;
use crate::problem::Problem;
use crate::wire::Language;
use crate::words as warning_words;
use domain::stage::education::Audience;
use domain::{CaseKind, ClockStep, ModelId, Refusal};

/// The name of a kind of case; `None` is a warning.
pub(crate) fn kind(kind: Option<CaseKind>, language: Language) -> &'static str {
    let (chinese, english) = match kind {
        None => ("预警", "Warning"),
        Some(CaseKind::WatchApplication) => ("布控", "Watch order"),
        Some(CaseKind::Dispatch) => ("查缉指令", "Dispatch"),
        Some(CaseKind::Interception) => ("拦截处置", "Interception"),
        Some(CaseKind::Education) => ("宣教", "Education"),
        Some(CaseKind::Hazard) => ("隐患", "Hazard"),
    };
    language.pick(chinese, english)
}

/// The name of a state.
pub(crate) fn state(kind: Option<CaseKind>, state: &str, language: Language) -> &'static str {
    let (chinese, english) = match (kind, state) {
        (None, "raised") => ("待签收", "Unsigned"),
        (None, "signed") => ("已签收", "Signed"),
        (None, "dispatched") => ("查缉中", "Dispatched"),
        (None, "closed") => ("已办结", "Closed"),
        (None, "merged") => ("已并入", "Merged"),
        (None, "expired") => ("逾期未签收", "Expired"),
        (None, "withdrawn") => ("系统已撤回", "Withdrawn"),
        (Some(CaseKind::WatchApplication), "applied") => ("待审核", "To be reviewed"),
        (Some(CaseKind::WatchApplication), "reviewed") => ("待批准", "To be approved"),
        (Some(CaseKind::WatchApplication), "urgent") => ("紧急布控，待补批", "Urgent, to be approved"),
        (Some(CaseKind::WatchApplication), "in_force") => ("布控中", "In force"),
        (Some(CaseKind::WatchApplication), "refused") => ("未通过", "Refused"),
        (Some(CaseKind::WatchApplication), "withdrawn") => ("已撤控", "Withdrawn"),
        (Some(CaseKind::WatchApplication), "lapsed") => ("逾期未补批，已撤控", "Lapsed"),
        (Some(CaseKind::Dispatch), "ordered") => ("待签收", "To be signed"),
        (Some(CaseKind::Dispatch), "signed") => ("赶往现场", "Under way"),
        (Some(CaseKind::Dispatch), "on_site") => ("已到位", "On site"),
        (Some(CaseKind::Dispatch), "reported") => ("已反馈，待审核", "Reported"),
        (Some(CaseKind::Dispatch), "closed") => ("已办结", "Closed"),
        (Some(CaseKind::Dispatch), "declined") => ("无法执行", "Declined"),
        (Some(CaseKind::Dispatch), "withdrawn") => ("已撤回", "Withdrawn"),
        (Some(CaseKind::Interception), "stopped") => ("待处置", "To be disposed of"),
        (Some(CaseKind::Interception), "disposed") => ("已处置", "Disposed of"),
        (Some(CaseKind::Education), "recorded") => ("已登记", "Recorded"),
        (Some(CaseKind::Education), "void") => ("已作废", "Void"),
        (Some(CaseKind::Hazard), "reported") => ("待核实", "To be verified"),
        (Some(CaseKind::Hazard), "verified") => ("已核实，待下发通知", "Verified"),
        (Some(CaseKind::Hazard), "noticed") => ("已下发，待接收", "Notice issued"),
        (Some(CaseKind::Hazard), "rectifying") => ("整改中", "Being rectified"),
        (Some(CaseKind::Hazard), "submitted") => ("已整改，待验收", "Rectified, to be accepted"),
        (Some(CaseKind::Hazard), "accepted") => ("已验收，待销号", "Accepted, to be struck off"),
        (Some(CaseKind::Hazard), "struck_off") => ("已销号", "Struck off"),
        (Some(CaseKind::Hazard), "unfounded") => ("不属实", "Unfounded"),
        (Some(CaseKind::Hazard), "merged") => ("已并入", "Merged"),
        _ => ("—", "—"),
    };
    language.pick(chinese, english)
}

/// The name of an act.
pub(crate) fn act(act: &str, language: Language) -> &'static str {
    let (chinese, english) = match act {
        "open" => ("登记", "Opened"),
        "sign" => ("签收", "Sign"),
        "arrive" => ("到位", "Arrived"),
        "report" => ("反馈", "Report"),
        "decline" => ("无法执行", "Decline"),
        "confirm" => ("审核通过", "Confirm"),
        "give_back" => ("退回", "Give back"),
        "reassign" => ("改派", "Reassign"),
        "sighted" => ("新的过车", "Seen again"),
        "relate" => ("关联", "Linked"),
        "withdraw" => ("撤回", "Withdraw"),
        "dispose" => ("处置", "Dispose"),
        "amend" => ("更正", "Amend"),
        "void" => ("作废", "Void"),
        "review" => ("审核通过", "Review"),
        "approve" => ("批准", "Approve"),
        "refuse" => ("不予通过", "Refuse"),
        "lapse" => ("逾期自动撤控", "Lapse"),
        "verify" => ("核实属实", "Verify"),
        "unfounded" => ("不属实", "Unfounded"),
        "merge" => ("并入", "Merge"),
        "issue_notice" => ("下发整改通知书", "Issue notice"),
        "take" => ("接收整改任务", "Take on"),
        "ask_extension" => ("申请延期", "Ask for more time"),
        "grant_extension" => ("同意延期", "Grant more time"),
        "refuse_extension" => ("不同意延期", "Refuse more time"),
        "submit" => ("提交整改", "Submit rectification"),
        "accept" => ("验收通过", "Accept"),
        "strike_off" => ("销号", "Strike off"),
        "supervise" => ("挂牌督办", "List for supervision"),
        "end_supervision" => ("摘牌", "End supervision"),
        "reopen" => ("重新打开", "Open again"),
        "regrade" => ("调整等级", "Change the grade"),
        "raised" => ("产生预警", "Raised"),
        "reopened" => ("再次产生", "Raised again"),
        "withdrawn" => ("系统撤回", "Withdrawn"),
        "signed" => ("签收", "Signed"),
        "judged" => ("给出核查结论", "Verdict"),
        "dispatched" => ("下达查缉指令", "Dispatched"),
        "recalled" => ("指令结束，待重新处置", "Recalled"),
        "closed" => ("办结", "Closed"),
        "merged" => ("并入", "Merged"),
        "expired" => ("逾期未签收", "Expired"),
        "revised" => ("证据更新", "Revised"),
        "refuted" => ("证据反证", "Refuted"),
        "upheld" => ("反证撤销", "Upheld"),
        "passage" => ("通过卡口", "Passed"),
        _ => ("—", "—"),
    };
    language.pick(chinese, english)
}

/// The name of a step that has a clock.
pub(crate) fn step(step: ClockStep, language: Language) -> &'static str {
    let (chinese, english) = match step {
        ClockStep::SignWarning => ("签收预警", "Sign the warning"),
        ClockStep::WorkWarning => ("处置预警", "Work the warning"),
        ClockStep::ReviewWatch => ("审核布控", "Review the watch order"),
        ClockStep::ApproveWatch => ("批准布控", "Approve the watch order"),
        ClockStep::ApproveUrgentWatch => ("补批紧急布控", "Approve the urgent watch order"),
        ClockStep::SignDispatch => ("签收指令", "Sign the dispatch"),
        ClockStep::ReportDispatch => ("反馈指令", "Report on the dispatch"),
        ClockStep::ConfirmReport => ("审核反馈", "Confirm the report"),
        ClockStep::Dispose => ("处置拦获车辆", "Dispose of the vehicle"),
        ClockStep::VerifyHazard => ("核实隐患", "Verify the hazard"),
        ClockStep::IssueNotice => ("下发整改通知书", "Issue the notice"),
        ClockStep::TakeRectification => ("接收整改任务", "Take the rectification on"),
        ClockStep::Rectify => ("整改", "Rectify"),
        ClockStep::AcceptHazard => ("验收", "Accept"),
        ClockStep::StrikeHazard => ("销号", "Strike off"),
    };
    language.pick(chinese, english)
}

/// The name of an audience.
pub(crate) fn audience(audience: Audience, language: Language) -> &'static str {
    let (chinese, english) = match audience {
        Audience::CoachDriver => ("客运驾驶人", "Coach drivers"),
        Audience::TruckDriver => ("货运驾驶人", "Truck drivers"),
        Audience::DangerousGoodsCrew => ("危货驾驶人、押运员", "Dangerous goods crews"),
        Audience::MinivanDriver => ("面包车驾驶人", "Minivan drivers"),
        Audience::Rider => ("摩托车、电动车骑乘人", "Riders"),
        Audience::TricycleDriver => ("农用三轮车驾驶人", "Farm tricycle drivers"),
        Audience::Driver => ("其他驾驶人", "Other drivers"),
        Audience::Passenger => ("乘客", "Passengers"),
        Audience::Elderly => ("老年人", "Elderly people"),
        Audience::Child => ("学生、儿童", "Children"),
        Audience::Villager => ("村民", "Villagers"),
        Audience::Enterprise => ("企业安全管理人员", "Safety managers of enterprises"),
    };
    language.pick(chinese, english)
}

/// The name of a category: a model, an audience, a category of hazards; else the word itself.
pub(crate) fn category(app: &App, kind: Option<CaseKind>, key: &str, language: Language) -> String {
    match kind {
        None | Some(CaseKind::Dispatch) => ModelId::parse(key)
            .map_or_else(|| key.to_owned(), |model| warning_words::model_name(model, language).to_owned()),
        Some(CaseKind::Education) => {
            Audience::parse(key).map_or_else(|| key.to_owned(), |it| audience(it, language).to_owned())
        }
        Some(CaseKind::Hazard) => {
            let found = app.case_files.categories.iter().find(|category| category.key == key);
            found.map_or_else(|| key.to_owned(), |it| language.pick(&it.zh, &it.en).clone())
        }
        Some(CaseKind::WatchApplication | CaseKind::Interception) => key.to_owned(),
    }
}

/// The name of a field that an act needs.
fn field(field: &str) -> (&str, &str) {
    match field {
        "reason" => ("理由", "the reason"),
        "note" => ("说明", "the note"),
        "plate" => ("号牌", "the plate"),
        "plate_class" => ("号牌种类", "the class of the plate"),
        "order" => ("指令内容", "the order"),
        "until" => ("截止时间", "the end"),
        "deadline" => ("整改期限", "the deadline"),
        "at" => ("时间", "the time"),
        "legal_basis" => ("法律依据", "the legal basis"),
        "measure" => ("整改措施", "the measure"),
        "measures" => ("处置措施", "the measures"),
        "amount" => ("金额或分值", "the amount"),
        "document" => ("文书编号", "the number of the paper"),
        "findings" => ("违法行为", "the findings"),
        "topic" => ("宣教内容", "the topic"),
        "people_count" => ("人数", "the number of people"),
        "title" => ("标题", "the title"),
        "category" => ("类别", "the category"),
        "description" => ("情况描述", "the description"),
        "spot" => ("地点", "the place"),
        "pictures" => ("照片", "the pictures"),
        "tier" => ("督办层级", "the tier"),
        "verdict" => ("核查结论", "the verdict"),
        "warning" => ("预警", "the warning"),
        "answers" => ("问题回答", "the answers"),
        "name" => ("名称", "the name"),
        other => (other, other),
    }
}

/// Why the state machine refuses, for people.
#[expect(clippy::too_many_lines, reason = "one arm a reason")]
pub(crate) fn refusal(app: &App, refusal: &Refusal) -> Problem {
    let office = app.office.load();
    let both = |word: &str| (act(word, Language::Chinese), act(word, Language::English));
    let (chinese, english) = match refusal {
        Refusal::WrongState(_, word) => {
            let (chinese, english) = both(word);
            (
                format!("当前状态下不能“{chinese}”，可能已被他人处理，请刷新后查看。"),
                format!(
                    "“{english}” can't be done as it stands now; perhaps somebody was faster. Look again."
                ),
            )
        }
        Refusal::NotAllowed(_) => {
            ("您的角色没有此项权限。".to_owned(), "Your role does not allow this.".to_owned())
        }
        Refusal::OtherUnit(unit) => {
            let name = office.unit(*unit);
            (format!("该事项由“{name}”办理。"), format!("It belongs to “{name}”."))
        }
        Refusal::OtherPerson(person) => {
            let name = office.person(person);
            (format!("该事项由 {name} 办理。"), format!("{name} has it."))
        }
        Refusal::SamePerson(word) => {
            let (chinese, english) = match word.as_str() {
                "apply" => ("申请", "applied"),
                other => both(other),
            };
            (
                format!("“{chinese}”是您本人办理的，这一步须由他人办理。"),
                format!("You did “{english}” yourself; somebody else has to do this step."),
            )
        }
        Refusal::SameUnit(word) => {
            let (chinese, english) = both(word);
            (
                format!("“{chinese}”由您所在单位办理，这一步须由其他单位办理。"),
                format!("Your unit did “{english}”; another unit has to do this step."),
            )
        }
        Refusal::Missing(name) => {
            let (chinese, english) = field(name);
            (format!("请填写{chinese}。"), format!("Fill in {english}."))
        }
        Refusal::TooLong(name, max) => {
            let (chinese, english) = field(name);
            (format!("{chinese}超过上限（{max}）。"), format!("Too much in {english} (at most {max})."))
        }
        Refusal::Invalid(name) => {
            let (chinese, english) = field(name);
            (format!("{chinese}有误，请核对。"), format!("Check {english}: it can't be."))
        }
        Refusal::Pictures { have, want } => (
            format!("至少需要 {want} 张照片，现有 {have} 张。"),
            format!("At least {want} pictures are needed, there are {have}."),
        ),
        Refusal::TooFar(metres, max) => (
            format!("您距隐患位置 {metres} 米，须在 {max} 米以内现场验收。"),
            format!("You are {metres} m from the hazard; acceptance is within {max} m."),
        ),
        Refusal::NoPosition => (
            "未取得您的位置，请允许定位后在现场验收。".to_owned(),
            "Your position is not known. Allow it and accept on the spot.".to_owned(),
        ),
        Refusal::Past(name) => {
            let (chinese, english) = field(name);
            (format!("{chinese}须晚于当前时间。"), format!("{english} has to be later than now."))
        }
        Refusal::UnknownAct(word) => {
            (format!("没有“{word}”这一操作。"), format!("There is no act “{word}”."))
        }
    };
    match refusal {
        Refusal::NotAllowed(_) | Refusal::OtherUnit(_) | Refusal::OtherPerson(_) => {
            Problem::not_yours(chinese, english)
        }
        Refusal::WrongState(..) => Problem::conflict(chinese, english),
        _ => Problem::refused(chinese, english),
    }
}

/// The name of a level.
pub(crate) fn level(level: domain::Level, language: Language) -> &'static str {
    match level {
        domain::Level::High => language.pick("一级", "high"),
        domain::Level::Medium => language.pick("二级", "medium"),
        domain::Level::Low => language.pick("三级", "low"),
    }
}

/// The name of a theatre.
pub(crate) fn theatre(theatre: domain::Theatre, language: Language) -> &'static str {
    match theatre {
        domain::Theatre::Expressway => language.pick("高速公路", "expressway"),
        domain::Theatre::NationalProvincial => language.pick("国省道", "national or provincial road"),
        domain::Theatre::Urban => language.pick("城区", "urban"),
        domain::Theatre::Rural => language.pick("农村", "rural"),
    }
}

/// The name of a category of any kind.
pub(crate) fn any_category(app: &App, key: &str, language: Language) -> String {
    let kinds = [None, Some(CaseKind::Hazard), Some(CaseKind::Education)];
    let named = kinds.into_iter().map(|kind| category(app, kind, key, language)).find(|name| name != key);
    named.unwrap_or_else(|| key.to_owned())
}

/// How a clock ended.
pub(crate) fn clock_end(end: domain::case::ClockEnd, language: Language) -> &'static str {
    match end {
        domain::case::ClockEnd::OnTime => language.pick("按时", "on time"),
        domain::case::ClockEnd::Late => language.pick("超时", "late"),
        domain::case::ClockEnd::Never => language.pick("未办理", "never done"),
        domain::case::ClockEnd::Void => language.pick("不再计时", "not asked for any more"),
    }
}
