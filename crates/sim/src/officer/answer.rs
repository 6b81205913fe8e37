//! What people do with a task of the road: warnings, dispatches, interceptions, watch orders.

use super::Officer;
use crate::clock::rfc3339 as instant;
use crate::provision::ProvisionError;
use serde_json::{Value, json};

/// What comes of an interception, and how often of a hundred: real systems catch one in ten to four in ten.
const OUTCOMES: [(&str, &str, usize, &str); 5] = [
    ("intercepted", "confirmed", 38, "已拦获，现场处置"),
    ("not_seen", "stale", 27, "守候至截止时间未发现该车"),
    ("gone", "stale", 15, "车辆提前驶离，未经过该点"),
    ("released", "misread", 14, "经核对为号牌误识，放行"),
    ("fled", "confirmed", 6, "车辆闯卡，已通报下一岗点"),
];
/// Verdicts at the desk, for what nobody is sent out for.
const VERDICTS: [(&str, usize); 6] =
    [("confirmed", 72), ("misread", 10), ("stale", 8), ("exempt", 4), ("wrong_data", 3), ("unfounded", 3)];

impl Officer {
    /// Does a task.
    pub(super) async fn answer(&mut self, task: &Value, now_ms: i64) -> Result<(), ProvisionError> {
        let subject = task["subject"].as_str().unwrap_or_default().to_owned();
        match task["step"].as_str().unwrap_or_default() {
            "sign_warning" => self.sign(&subject).await,
            "work_warning" => self.work_warning(&subject, now_ms).await,
            step => {
                let file = self.get(&format!("cases/{subject}")).await?;
                match step {
                    "sign_dispatch" => self.sign_dispatch(&file).await,
                    "report_dispatch" => self.report(file, now_ms).await,
                    "confirm_report" => self.confirm(&file).await,
                    "dispose" => {
                        let measures =
                            json!([{ "kind": "fine", "amount": 200 }, { "kind": "points", "amount": 3 }]);
                        self.act(&file, json!({ "act": "dispose", "measures": measures })).await.map(|_| ())
                    }
                    "review_watch" => self.act(&file, json!({ "act": "review" })).await.map(|_| ()),
                    "approve_watch" | "approve_urgent_watch" => {
                        self.act(&file, json!({ "act": "approve", "note": "同意" })).await.map(|_| ())
                    }
                    _ => self.work_hazard(step, &file, now_ms).await,
                }
            }
        }
    }

    async fn sign(&mut self, id: &str) -> Result<(), ProvisionError> {
        let warning = self.get(&format!("warnings/{id}")).await?;
        self.post(&format!("warnings/{id}/sign"), &json!({ "version": warning["version"] })).await.map(|_| ())
    }

    /// Sends somebody out where somebody can still be there in time; else says what it was worth.
    async fn work_warning(&mut self, id: &str, now_ms: i64) -> Result<(), ProvisionError> {
        let warning = self.get(&format!("warnings/{id}")).await?;
        let is_urgent = warning["is_actionable"] == true && warning["level"] != "low";
        if is_urgent && self.dice.below(100) < 70 {
            let options = self.get(&format!("dispatch/options?warning={id}")).await?;
            let posts = options["posts"].as_array().cloned().unwrap_or_default();
            let best = posts.iter().find(|post| post["can_intercept"] == true).or(posts.first());
            if let Some(option) = best {
                return self.send_out(&warning, option, &options, now_ms).await;
            }
        }
        let verdict = pick(&mut self.dice, &VERDICTS);
        let body = json!({ "version": warning["version"], "verdict": verdict });
        self.post(&format!("warnings/{id}/verdict"), &body).await.map(|_| ())
    }

    async fn send_out(
        &self,
        warning: &Value,
        option: &Value,
        options: &Value,
        now_ms: i64,
    ) -> Result<(), ProvisionError> {
        let plate = warning["subject"]["plate"].as_str().or(warning["subject"]["raw_text"].as_str());
        let next = options["next"].as_array().into_iter().flatten();
        let place = next.clone().find(|place| place["checkpoint_id"] == option["checkpoint_id"]);
        let place = place.unwrap_or(&Value::Null);
        let name = place["name"].as_str().unwrap_or("就近路口");
        let at = place["lon"].as_f64().map(|lon| json!({ "lon": lon, "lat": place["lat"] }));
        let order = json!({
            "kind": "dispatch",
            "warning": warning["id"],
            "plate": plate.unwrap_or("无号牌"),
            "level": warning["level"],
            "unit": option["post"]["unit"]["id"],
            "spot": { "at": at, "description": name },
            "order": format!("{}，请在“{name}”拦截检查。", warning["title"].as_str().unwrap_or("预警车辆")),
            "until": instant(now_ms + 45 * 60_000),
            "category": warning["model"],
            "ring": option["ring"],
        });
        self.post("cases", &order).await.map(|_| ())
    }

    async fn sign_dispatch(&mut self, file: &Value) -> Result<(), ProvisionError> {
        if self.dice.below(100) < 5 {
            let decline = json!({ "act": "decline", "reason": "正在处置其他警情，无法赶到" });
            return self.act(file, decline).await.map(|_| ());
        }
        self.act(file, json!({ "act": "sign" })).await.map(|_| ())
    }

    async fn report(&mut self, file: Value, now_ms: i64) -> Result<(), ProvisionError> {
        let order = &file["body"]["order"];
        let file = if file["case"]["state"] == "signed" {
            self.act(&file, json!({ "act": "arrive", "spot": order["spot"] })).await?
        } else {
            file.clone()
        };
        let shares = OUTCOMES.map(|(outcome, _, share, _)| (outcome, share));
        let chosen = pick(&mut self.dice, &shares);
        let (outcome, verdict, _, note) =
            OUTCOMES.iter().find(|(outcome, ..)| *outcome == chosen).copied().unwrap_or(OUTCOMES[0]);
        let mut report = json!({ "act": "report", "outcome": outcome, "verdict": verdict, "note": note,
                                 "at": instant(now_ms - 2_000), "spot": file["body"]["order"]["spot"] });
        if outcome == "intercepted" {
            report["pictures"] = json!([self.attach().await?]);
            let offence = file["case"]["category_name"].as_str().unwrap_or("交通违法");
            report["findings"] = json!([{ "code": "", "name": offence }]);
            if self.dice.below(3) > 0 {
                report["measures"] = json!([{ "kind": "fine", "amount": 200, "document": "" }]);
            }
            report["education"] =
                json!({ "audience": "driver", "topic": "事故案例警示教育", "material": "折页" });
        }
        self.act(&file, report).await.map(|_| ())
    }

    async fn confirm(&mut self, file: &Value) -> Result<(), ProvisionError> {
        let act = if self.dice.below(100) < 8 {
            json!({ "act": "give_back", "reason": "处置情况不完整，请补充" })
        } else {
            json!({ "act": "confirm", "note": "情况属实" })
        };
        self.act(file, act).await.map(|_| ())
    }
}

/// One of these, by how often of a hundred.
pub(super) fn pick<'a>(dice: &mut crate::dice::Dice, shares: &[(&'a str, usize)]) -> &'a str {
    let mut left = dice.below(shares.iter().map(|(_, share)| share).sum::<usize>().max(1));
    for (word, share) in shares {
        if left < *share {
            return word;
        }
        left -= share;
    }
    shares.first().map_or("", |(word, _)| word)
}
