//! Writes a notice to look at: `cargo run -p documents --example notice -- notice.docx`

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let notice = documents::RectificationNotice {
        issuer: "某县道路交通安全工作领导小组办公室".into(),
        number: "县交安办整〔2026〕7号".into(),
        case: "YH20261128-0007".into(),
        unit: "公路事业发展中心".into(),
        place: "G205 K12+300 北环路口，北侧支路入主路处".into(),
        category: "临水临崖、高路基无防护".into(),
        grade: "较大".into(),
        hazard: "路侧护栏缺失约 60 米，落差 4 米，夜间无反光设施".into(),
        answers: vec![("缺失长度（米）".into(), "60".into()), ("落差（米）".into(), "4".into())],
        found_on: "2026年11月28日".into(),
        measure: "补设波形梁护栏及反光轮廓标；整改完成前设置临时警示标志".into(),
        deadline: "2026年12月15日".into(),
        issued_on: "2026年11月29日".into(),
        supervision: None,
    };
    let path = std::env::args().nth(1).unwrap_or_else(|| "notice.docx".to_owned());
    std::fs::write(path, notice.docx()?)?;
    Ok(())
}
