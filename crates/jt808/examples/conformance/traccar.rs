//! Packets of real devices, with the attributes traccar reads from them.

use jt808::item::Item;
use jt808::{FrameError, Message, Position};
use serde_json::{Value, json};

use crate::{Tally, check_round_trip, frames, hex, reference, unhex};

pub(crate) fn check(case: &Value, tally: &mut Tally, round_trips: &mut Tally) {
    let place = format!("line {}", case["line"]);
    let reference = &case["ref_decode"];
    let bytes = case["frame"].as_str().and_then(unhex).unwrap_or_default();
    if bytes.first() != Some(&0x7e) || bytes.last() != Some(&0x7e) {
        tally.leave_out("packet: not between 0x7e, a vendor's own protocol");
        return;
    }
    let frame = match frames(&as_sent(&bytes)).pop() {
        Some(Ok(frame)) => frame,
        Some(Err(FrameError::Checksum { .. })) => {
            tally.check(&place, &reference["checksum_ok"], &json!(false));
            tally.leave_out("packet: wrong checksum, rejected");
            return;
        }
        Some(Err(FrameError::BodyLength { header, .. })) => {
            tally.check(&place, &reference["body_len_ok"], &json!(false));
            tally.leave_out(format!(
                "packet: vendor's {:#06x} with a wrong length, rejected",
                header.message_id
            ));
            return;
        }
        other => {
            let reason = other.map(|result| result.map(|frame| frame.header));
            tally.disagreed.push(format!("{place}: expected one frame, got {reason:?}"));
            return;
        }
    };
    tally.check(&place, &reference["checksum_ok"], &json!(true));
    tally.check(&place, &reference["body_len_ok"], &json!(true));
    reference::check(&place, reference, &frame, tally);
    match frame.message() {
        Ok(message) => {
            check_round_trip(round_trips, &format!("traccar {place}"), &frame, &message);
            check_kind(&place, case, &message, tally);
        }
        Err(error) => tally.disagreed.push(format!("{place}: {error}")),
    }
}

/// Some packets were recorded after their escapes were resolved: they hold a bare delimiter, or a 7d that is
/// no escape. These are escaped again.
fn as_sent(bytes: &[u8]) -> Vec<u8> {
    let Some(content) = bytes.get(1..bytes.len() - 1) else { return bytes.to_vec() };
    let is_recorded_unescaped = content
        .iter()
        .zip(content.iter().skip(1))
        .any(|pair| matches!(pair, (0x7e, _) | (0x7d, 0x00 | 0x03..)));
    if !is_recorded_unescaped {
        return bytes.to_vec();
    }
    let mut sent = vec![0x7e];
    for byte in content {
        match byte {
            0x7d => sent.extend([0x7d, 0x01]),
            0x7e => sent.extend([0x7d, 0x02]),
            plain => sent.push(*plain),
        }
    }
    sent.push(0x7e);
    sent
}

fn check_kind(place: &str, case: &Value, message: &Message, tally: &mut Tally) {
    let kind = case["kind"].as_str().unwrap_or_default();
    if let Some(attributes) = case["expect_attribute"].as_object() {
        for (name, expected) in attributes {
            match attribute(name, message) {
                Some(actual) => tally.check(&format!("{place}: {name}"), expected, &actual),
                None => tally.leave_out(match message {
                    Message::Unknown { id, .. } => format!("attribute: of {id:#06x}, kept as bytes"),
                    _ if name == "alarm" => {
                        "attribute: alarm, which traccar mixes from alarm bits and vendors' items".to_owned()
                    }
                    _ => "attribute: of a vendor's item or use of a bit, which are kept".to_owned(),
                }),
            }
        }
    } else if let Message::Unknown { id, .. } = message {
        tally.leave_out(format!("{kind}: of {id:#06x}, kept as bytes"));
    } else if kind == "verifyNull" {
        tally.leave_out("verifyNull: traccar makes no position of it, which says nothing about its content");
    } else {
        let has_position = matches!(message, Message::Position(_) | Message::PositionBatch(_));
        tally.check(&format!("{place}: has a position"), &json!(true), &json!(has_position));
    }
}

/// The attributes that traccar reads from what the standard defines.
fn attribute(name: &str, message: &Message) -> Option<Value> {
    match (name, message) {
        ("iccid", Message::TerminalAttributes(attributes)) => Some(json!(hex(&attributes.iccid))),
        ("cardCode", Message::DriverCard(card)) => {
            Some(json!(card.driver.as_ref().map(|driver| driver.certificate.as_str())))
        }
        (_, Message::Position(position)) => position_attribute(name, position),
        (_, Message::PositionBatch(batch)) => {
            batch.positions.last().and_then(|position| position_attribute(name, position))
        }
        _ => None,
    }
}

/// `None` for what vendors define. What the standard defines is compared even when it was not decoded: a null disagrees.
fn position_attribute(name: &str, position: &Position) -> Option<Value> {
    let find: fn(&Item) -> Option<Value> = match name {
        "sat" => |item| if let Item::Satellites(count) = item { Some(json!(count)) } else { None },
        "videoAlarm" => |item| if let Item::VideoAlarm(bits) = item { Some(json!(bits.0)) } else { None },
        _ => return None,
    };
    Some(position.items.iter().find_map(find).unwrap_or_default())
}
