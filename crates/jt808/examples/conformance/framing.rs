//! Escapes, sticky packets and half packets.

use jt808::{FrameDecoder, FrameError};
use serde_json::{Value, json};

use crate::{Tally, hex, unhex};

pub(crate) fn check(case: &Value, tally: &mut Tally, _round_trips: &mut Tally) {
    let place = case["name"].as_str().unwrap_or_default();
    let input = case["input"].as_str().and_then(unhex).unwrap_or_default();
    match case["test"].as_str() {
        Some("Test_unescape") => unescape(place, case, &input, tally),
        Some("Test_escape") => escape(place, case, &input, tally),
        _ => stream(place, case, &input, tally),
    }
}

/// These cases are about escapes alone: their content need be no message. The decoder's own view is used: a
/// frame it can read, or the length it read before it found that it is none.
fn unescape(place: &str, case: &Value, input: &[u8], tally: &mut Tally) {
    let mut decoder = FrameDecoder::default();
    let mut ended = None;
    let (last, before) = input.split_last().unwrap_or((&0, &[]));
    decoder.push(before, &mut |_| {});
    let held = decoder.pending_bytes();
    decoder.push(&[*last], &mut |result| {
        ended = Some(result.map(|frame| (frame.header, frame.body.to_vec())));
    });
    if case["want_err"].is_string() {
        let is_refused = !matches!(ended, Some(Ok(_)));
        tally.check(place, &json!(true), &json!(is_refused));
        return;
    }
    let want = case["want"].as_str().and_then(unhex).unwrap_or_default();
    match ended {
        Some(Ok((header, body))) => {
            let mut again = Vec::new();
            let written = jt808::encode_raw_frame(&header, &body, &mut again);
            tally.check(place, &json!([hex(input), want.len()]), &json!([hex(&again), held]));
            tally.check(place, &json!(true), &json!(written.is_ok() && want.len() == held));
        }
        // No good frame, so its bytes are not given out. Their number and both checksums are.
        Some(Err(FrameError::Checksum { found, computed, .. })) => {
            let (last, content) = want.split_last().unwrap_or((&0, &[]));
            let want_computed = content.iter().fold(0, |sum, byte| sum ^ byte);
            tally.check(place, &json!([want.len(), last, want_computed]), &json!([held, found, computed]));
        }
        _ => tally.disagreed.push(format!("{place}: neither a frame nor a wrong checksum")),
    }
}

fn escape(place: &str, case: &Value, input: &[u8], tally: &mut Tally) {
    let (Some(want), Some((_, content))) = (case["want"].as_str(), input.split_last()) else { return };
    let Ok((header, declared, body)) = jt808::Header::decode(content) else {
        tally.leave_out("content to escape is no header; escaping is not offered for other bytes");
        return;
    };
    if declared != body.len() {
        tally.leave_out("content to escape declares another length; such a frame is never written");
        return;
    }
    let mut out = Vec::new();
    let written = jt808::encode_raw_frame(&header, body, &mut out);
    tally.check(place, &json!([want, true]), &json!([hex(&out), written.is_ok()]));
}

/// The source stops at the first error and leaves the rest; here that error costs one frame, and the rest is read.
fn stream(place: &str, case: &Value, input: &[u8], tally: &mut Tally) {
    let mut decoder = FrameDecoder::default();
    let mut before_error = Vec::new();
    let mut unread_at_error = None;
    for (index, byte) in input.iter().enumerate() {
        decoder.push(&[*byte], &mut |result| match result {
            Ok(frame) if unread_at_error.is_none() => {
                let mut again = Vec::new();
                let written = jt808::encode_raw_frame(&frame.header, frame.body, &mut again);
                before_error.push(json!(if written.is_ok() { hex(&again) } else { String::new() }));
            }
            Ok(_) => {}
            Err(_) => unread_at_error = unread_at_error.or(Some(input.len() - index - 1)),
        });
    }
    tally.check(place, &case["want"], &json!(before_error));
    tally.check(place, &case["want_error"], &json!(unread_at_error.is_some()));
    // The delimiter that began the pending frame is not held.
    let pending = decoder.pending_bytes();
    let leftover = unread_at_error.unwrap_or(if pending > 0 { pending + 1 } else { 0 });
    tally.check(place, &case["leftover_bytes"], &json!(leftover));
}
