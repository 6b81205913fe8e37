//! Rectification notices (道路交通安全隐患整改通知书): place, hazard, measure, responsible unit, deadline.

use crate::paper::{DocumentError, Paper};

/// What a notice says. Days are written as people write them: 2026年11月28日.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RectificationNotice {
    /// Who issues it.
    pub issuer: String,
    /// Number of the paper.
    pub number: String,
    /// Number of the hazard.
    pub case: String,
    /// Who has to rectify.
    pub unit: String,
    /// Where: road, chainage, words.
    pub place: String,
    /// What kind of hazard, how grave.
    pub category: String,
    /// `一般`, `较大`, `重大`.
    pub grade: String,
    /// What is wrong.
    pub hazard: String,
    /// What was answered about it, question and answer.
    pub answers: Vec<(String, String)>,
    /// When it was found.
    pub found_on: String,
    /// What has to be done.
    pub measure: String,
    /// Until when.
    pub deadline: String,
    /// When it is issued.
    pub issued_on: String,
    /// Who supervises it (挂牌督办), where somebody does.
    pub supervision: Option<String>,
}

impl RectificationNotice {
    /// The notice as a Word file.
    pub fn docx(&self) -> Result<Vec<u8>, DocumentError> {
        let mut paper = Paper::new()
            .title("道路交通安全隐患整改通知书")
            .centred(&self.number)
            .blank()
            .flush(&format!("{}：", self.unit))
            .text(&format!(
                "{}，经排查核实，你单位负责的下列部位存在道路交通安全隐患。依据《中华人民共和国道路交通安全法》及有关规定，现通知你单位按要求整改。",
                self.found_on
            ))
            .heading("一、隐患部位")
            .text(&format!("{}。", self.place))
            .heading("二、隐患情况")
            .text(&format!("类别：{}；等级：{}。", self.category, self.grade))
            .text(&format!("{}。", self.hazard.trim_end_matches('。')));
        for (question, answer) in &self.answers {
            paper = paper.text(&format!("{question}：{answer}。"));
        }
        paper = paper
            .heading("三、整改要求")
            .text(&format!("{}。", self.measure.trim_end_matches('。')))
            .heading("四、整改期限")
            .text(&format!(
                "请于{}前完成整改，并将整改情况及整改前后照片报送我单位，由我单位组织验收。",
                self.deadline
            ));
        if let Some(supervision) = &self.supervision {
            paper = paper.heading("五、挂牌督办").text(&format!("{supervision}。"));
        }
        paper
            .text("逾期未整改或者整改不到位的，将依法依规报告、通报并追究责任。")
            .text(&format!("（隐患编号：{}）", self.case))
            .blank()
            .blank()
            .right(&self.issuer)
            .right(&self.issued_on)
            .bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_a_word_file_with_what_it_says() {
        let notice = RectificationNotice {
            issuer: "某县道路交通安全工作领导小组办公室".into(),
            number: "县交安办整〔2026〕7号".into(),
            unit: "公路事业发展中心".into(),
            measure: "补设护栏".into(),
            ..RectificationNotice::default()
        };
        let bytes = notice.docx().unwrap();
        assert_eq!(&bytes[..2], b"PK", "a Word file is a ZIP archive");
        assert!(bytes.len() > 2_000);
    }
}
