//! Channels (通知渠道): webhooks that take CloudEvents with a signature, robots of WeCom (企业微信) and DingTalk (钉钉), and an SMS
//! gateway that is spoken to by HTTP as a county's provider wants it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::case::Tidings;
use domain::{DeviceId, Level, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use platform::Seal;
use records::{NewDelivery, SealedPassword, TidingsRecord};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;
use smol_str::SmolStr;
use std::fmt::Write;
use utoipa::ToSchema;

/// What kind of channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A program: CloudEvents 1.0, structured JSON, signed by HMAC-SHA256.
    Webhook,
    /// 企业微信群机器人
    Wecom,
    /// 钉钉群机器人（加签）
    Dingtalk,
    /// 短信网关: one request a person.
    Sms,
}

/// A channel as it is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// Its word; deliveries name it.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// What kind.
    pub kind: ChannelKind,
    /// Whether it is used.
    pub is_enabled: bool,
    /// Where it is; in that of an SMS gateway `{phone}` and `{text}` are replaced, encoded.
    pub url: String,
    /// The key of the signature; answered as `***` when there is one.
    #[serde(default)]
    pub secret: String,
    /// What it is told of; everything when empty.
    #[serde(default)]
    pub words: Vec<String>,
    /// From this level on: `low`, `medium`, `high`.
    #[serde(default = "low")]
    pub level_min: String,
    /// Body of an SMS request, JSON in which `{phone}` and `{text}` are replaced, quoted; by GET when empty.
    #[serde(default)]
    pub body: String,
}

fn low() -> String {
    "low".to_owned()
}

/// All channels.
pub type Channels = Vec<Channel>;

/// A request that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where.
    pub url: String,
    /// Head fields.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Stands before what is kept sealed; what lacks it was stored before that was done.
const SEALED: &str = "sealed:";

impl Channel {
    /// As it is kept: address and key sealed for this channel, since the address of a robot is its key. `None` without randomness.
    pub(crate) fn sealed(mut self, seal: &Seal) -> Option<Self> {
        let subject = self.subject();
        for field in [&mut self.url, &mut self.secret] {
            *field = format!("{SEALED}{}", seal.seal(&subject, field)?.0);
        }
        Some(self)
    }

    /// As it is used. What does not open is empty: the channel fails in words, and is entered anew.
    pub(crate) fn opened(mut self, seal: &Seal) -> Self {
        let subject = self.subject();
        for field in [&mut self.url, &mut self.secret] {
            if let Some(hex) = field.strip_prefix(SEALED) {
                *field = seal.open(&subject, &SealedPassword(hex.to_owned())).unwrap_or_default();
            }
        }
        self
    }

    fn subject(&self) -> DeviceId {
        DeviceId::from(format!("channel-{}", self.id).as_str())
    }

    /// Whether it is told of this.
    pub fn wants(&self, tidings: &TidingsRecord) -> bool {
        let is_word = |word: Tidings| self.words.is_empty() || self.words.iter().any(|it| it == word.key());
        let level_min = Level::parse(&self.level_min).unwrap_or(Level::Low);
        self.is_enabled && is_word(tidings.word) && tidings.level >= level_min
    }

    /// The request that tells it.
    pub fn request(&self, delivery: &NewDelivery, id: i64, now: Timestamp) -> Outgoing {
        let ms = now.unix_ms();
        let json_type = |kind: &str| vec![("content-type", kind.to_owned())];
        match self.kind {
            ChannelKind::Webhook => {
                let seconds = ms / 1_000;
                // What is signed names the time, so that nobody sends an old one again.
                let signature =
                    hex(&mac(self.secret.as_bytes(), format!("{seconds}.{}", delivery.event).as_bytes()));
                let mut headers = json_type("application/cloudevents+json; charset=utf-8");
                headers.push(("x-anchang-signature", format!("t={seconds},v1={signature}")));
                headers.push(("idempotency-key", format!("delivery-{id}")));
                Outgoing {
                    method: "POST",
                    url: self.url.clone(),
                    headers,
                    body: delivery.event.clone().into(),
                }
            }
            ChannelKind::Wecom | ChannelKind::Dingtalk => {
                let body = json!({ "msgtype": "text", "text": { "content": delivery.text } }).to_string();
                let mut url = self.url.clone();
                if self.kind == ChannelKind::Dingtalk && !self.secret.is_empty() {
                    let sign = mac(self.secret.as_bytes(), format!("{ms}\n{}", self.secret).as_bytes());
                    let mark = if url.contains('?') { '&' } else { '?' };
                    url = format!("{url}{mark}timestamp={ms}&sign={}", encoded(&STANDARD.encode(sign)));
                }
                Outgoing {
                    method: "POST",
                    url,
                    headers: json_type("application/json; charset=utf-8"),
                    body: body.into(),
                }
            }
            ChannelKind::Sms => {
                let fill = |pattern: &str, quote: fn(&str) -> String| {
                    pattern
                        .replace("{phone}", &quote(&delivery.recipient))
                        .replace("{text}", &quote(&delivery.text))
                };
                let body = fill(&self.body, quoted);
                Outgoing {
                    method: if body.is_empty() { "GET" } else { "POST" },
                    url: fill(&self.url, encoded),
                    headers: if body.is_empty() {
                        Vec::new()
                    } else {
                        json_type("application/json; charset=utf-8")
                    },
                    body: body.into(),
                }
            }
        }
    }
}

/// Whether an answer of 200 says that it was taken: robots answer errors with 200 and a number.
pub fn is_taken(kind: ChannelKind, answer: &str) -> Result<(), SmolStr> {
    if !matches!(kind, ChannelKind::Wecom | ChannelKind::Dingtalk) {
        return Ok(());
    }
    let value: serde_json::Value = serde_json::from_str(answer).unwrap_or_default();
    match value["errcode"].as_i64() {
        None | Some(0) => Ok(()),
        Some(code) => {
            Err(SmolStr::new(format!("errcode {code}: {}", value["errmsg"].as_str().unwrap_or_default())))
        }
    }
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

/// Percent-encoding of everything but what RFC 3986 calls unreserved.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes any text");
        }
        out
    })
}

/// The inside of a JSON string.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let inside = json.strip_prefix('"').and_then(|json| json.strip_suffix('"'));
    inside.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(kind: ChannelKind) -> Channel {
        Channel {
            id: "a".into(),
            name: "a".into(),
            kind,
            is_enabled: true,
            url: "https://example.test/send?to={phone}&text={text}".into(),
            secret: "s".into(),
            words: Vec::new(),
            level_min: "low".into(),
            body: String::new(),
        }
    }

    fn delivery() -> NewDelivery {
        NewDelivery {
            channel: "a".into(),
            recipient: "13900000000".into(),
            person: None,
            text: "待办：\"签收\"".into(),
            event: "{}".into(),
        }
    }

    #[test]
    fn address_and_key_are_kept_sealed_and_what_was_stored_before_is_read_as_it_is() {
        let seal = Seal::new(&[7; 32]);
        let plain = channel(ChannelKind::Webhook);
        let kept = plain.clone().sealed(&seal).unwrap();
        assert!(!format!("{kept:?}").contains("example.test") && kept.secret.starts_with(SEALED));
        assert_eq!(kept.clone().opened(&seal), plain);
        assert_eq!(plain.clone().opened(&seal), plain);
        assert_eq!(kept.opened(&Seal::new(&[8; 32])).url, "", "under another secret");
    }

    const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);

    #[test]
    fn a_webhook_is_signed_over_time_and_body() {
        let request = channel(ChannelKind::Webhook).request(&delivery(), 7, NOW);
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac s
        let signature = hex(&mac(b"s", b"1700000000.{}"));
        assert!(request.headers.contains(&("x-anchang-signature", format!("t=1700000000,v1={signature}"))));
        assert_eq!(request.body, b"{}");
    }

    #[test]
    fn a_robot_of_dingtalk_gets_time_and_signature_in_the_address() {
        let url = channel(ChannelKind::Dingtalk).request(&delivery(), 7, NOW).url;
        assert!(url.contains("&timestamp=1700000000000&sign=") && !url.ends_with('='), "{url}");
        assert!(is_taken(ChannelKind::Dingtalk, r#"{"errcode":310000,"errmsg":"sign not match"}"#).is_err());
        assert!(is_taken(ChannelKind::Wecom, r#"{"errcode":0,"errmsg":"ok"}"#).is_ok());
    }

    #[test]
    fn an_sms_gateway_gets_what_its_pattern_says_and_nothing_breaks_out_of_it() {
        let mut sms = channel(ChannelKind::Sms);
        let by_address = sms.request(&delivery(), 7, NOW);
        assert_eq!((by_address.method, by_address.url.contains("%22")), ("GET", true));
        sms.body = r#"{"mobile":"{phone}","content":"{text}"}"#.into();
        let by_body = sms.request(&delivery(), 7, NOW);
        let value: serde_json::Value = serde_json::from_slice(&by_body.body).unwrap();
        assert_eq!((by_body.method, value["content"].as_str()), ("POST", Some("待办：\"签收\"")));
    }
}
