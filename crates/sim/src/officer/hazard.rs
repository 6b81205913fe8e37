//! What people find and mend without being sent: hazards and education.

use super::Officer;
use super::answer::pick;
use crate::clock::rfc3339 as instant;
use crate::provision::ProvisionError;
use serde_json::{Value, json};

/// What is found, with its title, and how often of a hundred.
const FOUND: [(&str, &str, &str, usize); 8] = [
    ("guardrail", "road", "路侧护栏缺失，临水路段无防护", 14),
    ("signs", "road", "警告标志被树木遮挡", 18),
    ("pavement", "road", "路面坑槽，雨后积水", 18),
    ("intersection", "road", "支路口无减速带，视线不良", 14),
    ("tree_cover", "road", "路口绿化遮挡行车视线", 12),
    ("roadside", "road", "占道晾晒粮食", 10),
    ("tricycle_people", "vehicle", "农用三轮车载人出工", 8),
    ("enterprise_monitoring", "enterprise", "货运企业动态监控无人值守", 6),
];
/// Between two finds of one person, in ms.
const FIND_MS: (usize, usize) = (120_000, 900_000);

impl Officer {
    /// Now and then something is found, or taught.
    pub(super) async fn find(&mut self, now_ms: i64) -> Result<(), ProvisionError> {
        let finds = ["patrol_officer", "township_officer", "village_helper", "safety_officer"];
        if !finds.iter().any(|role| self.has(role)) {
            return Ok(());
        }
        let (least, most) = FIND_MS;
        let is_first = self.next_find_ms == 0;
        if now_ms < self.next_find_ms || is_first {
            if is_first {
                self.next_find_ms = now_ms + self.dice.below(most) as i64;
            }
            return Ok(());
        }
        self.next_find_ms = now_ms + (least + self.dice.below(most - least)) as i64;
        let session = self.get("session").await?;
        let unit = session["unit"]["id"].clone();
        if unit.is_null() {
            return Ok(());
        }
        if self.dice.below(100) < 45 && !self.has("safety_officer") {
            return self.teach(&unit, now_ms).await;
        }
        self.report_hazard(&unit).await
    }

    async fn teach(&mut self, unit: &Value, now_ms: i64) -> Result<(), ProvisionError> {
        let audience = pick(
            &mut self.dice,
            &[("villager", 30), ("elderly", 20), ("child", 15), ("rider", 20), ("driver", 15)],
        );
        let lesson = json!({ "kind": "education", "audience": audience, "topic": "一盔一带与农村出行安全", "material": "宣传折页",
                             "people_count": 5 + self.dice.below(60), "unit": unit, "at": instant(now_ms - 1_000) });
        self.post("cases", &lesson).await.map(|_| ())
    }

    async fn report_hazard(&mut self, unit: &Value) -> Result<(), ProvisionError> {
        let shares = FOUND.map(|(category, _, _, share)| (category, share));
        let chosen = pick(&mut self.dice, &shares);
        let (category, kind, title, _) =
            FOUND.iter().find(|(category, ..)| *category == chosen).copied().unwrap_or(FOUND[0]);
        let county = self.county.clone();
        let place = &county.places[self.dice.below(county.places.len())];
        let at = place.at.to_wgs84();
        let shift = |dice: &mut crate::dice::Dice| (dice.below(2_000) as f64 - 1_000.0) / 100_000.0;
        let (d_lon, d_lat) = (shift(&mut self.dice), shift(&mut self.dice));
        let source = if self.has("patrol_officer") { "patrol" } else { "village" };
        let report = json!({
            "kind": "hazard", "source": source, "hazard_kind": kind, "category": category, "grade": "general",
            "title": title, "unit": unit, "theatre": "rural", "pictures": [self.attach().await?],
            "answers": self.answers(category).await?,
            "spot": { "at": { "lon": at.lon_deg() + d_lon, "lat": at.lat_deg() + d_lat },
                      "description": format!("{}附近", place.name) },
        });
        self.post("cases", &report).await.map(|_| ())
    }

    /// Answers to what is asked of a category.
    async fn answers(&mut self, category: &str) -> Result<Vec<Value>, ProvisionError> {
        let categories = self.get("hazards/categories").await?;
        let known = categories.as_array().into_iter().flatten().find(|it| it["key"] == category).cloned();
        let questions = known.and_then(|it| it["questions"].as_array().cloned()).unwrap_or_default();
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let options = question["options"].as_array().cloned().unwrap_or_default();
            let answer = match question["type"].as_str() {
                Some("choice") if !options.is_empty() => options[self.dice.below(options.len())].clone(),
                Some("yes_no") => json!(if self.dice.below(2) == 0 { "是" } else { "否" }),
                Some("number") => json!((1 + self.dice.below(80)).to_string()),
                _ => json!("见照片"),
            };
            answers.push(json!({ "question": question["key"], "answer": answer }));
        }
        Ok(answers)
    }

    /// A step of a hazard.
    pub(super) async fn work_hazard(
        &mut self,
        step: &str,
        file: &Value,
        now_ms: i64,
    ) -> Result<(), ProvisionError> {
        let act = match step {
            "verify_hazard" if self.dice.below(100) < 6 => {
                json!({ "act": "unfounded", "reason": "现场核实未发现所述情况" })
            }
            "verify_hazard" => {
                let grade = pick(&mut self.dice, &[("general", 75), ("larger", 20), ("major", 5)]);
                // What was reported without answers is answered by who verifies.
                let report = &file["body"]["report"];
                let is_answered = report["answers"].as_array().is_some_and(|answers| !answers.is_empty());
                let category = report["category"].as_str().unwrap_or_default();
                let answers = if is_answered { Vec::new() } else { self.answers(category).await? };
                json!({ "act": "verify", "grade": grade, "note": "现场核实属实", "answers": answers })
            }
            "issue_notice" => {
                let unit = self.rectifier(file).await?;
                let days = 1 + self.dice.below(14) as i64;
                json!({ "act": "issue_notice", "measure": "按规范整改，完成前设置临时警示", "unit": unit,
                        "deadline": instant(now_ms + days * 86_400_000) })
            }
            "take_rectification" => json!({ "act": "take" }),
            "rectify" => {
                json!({ "act": "submit", "note": "已按要求整改完成", "pictures": [self.attach().await?] })
            }
            "accept_hazard" if self.dice.below(100) < 10 => {
                json!({ "act": "give_back", "reason": "整改不到位，请继续完善" })
            }
            "accept_hazard" => {
                json!({ "act": "accept", "note": "现场验收合格", "pictures": [self.attach().await?],
                        "spot": { "at": file["body"]["report"]["spot"]["at"] } })
            }
            "strike_hazard" => json!({ "act": "strike_off", "note": "同意销号" }),
            _ => return Ok(()),
        };
        self.act(file, act).await.map(|_| ())
    }

    /// Who rectifies: a member department for roads, else the township itself.
    async fn rectifier(&mut self, file: &Value) -> Result<Value, ProvisionError> {
        let units = self.get("units").await?;
        let of = |kind: &str| -> Vec<Value> {
            let all = units["items"].as_array().into_iter().flatten();
            all.filter(|unit| unit["kind"] == kind).map(|unit| unit["id"].clone()).collect()
        };
        let departments = of("department");
        let is_road = file["body"]["report"]["hazard_kind"] == "road";
        let choices = if is_road || departments.is_empty() { departments } else { of("township") };
        if choices.is_empty() {
            return Ok(file["case"]["unit"]["id"].clone());
        }
        Ok(choices[self.dice.below(choices.len())].clone())
    }
}
