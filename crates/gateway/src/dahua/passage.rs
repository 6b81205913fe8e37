//! From a notice to a passage: which field is which, and which word means what.

use crate::notifier::Sighting;
use crate::offence::OffenceCodes;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::{Behaviour, Behaviours, PlateColor, Timestamp};
use notice::dahua::{Capture, Notice};
use std::borrow::Cow;

/// Devices write padding or leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a notice says of a passage. The maker has no codes of GA/T 16.4 and 16.7; its words for vehicles are no classes.
pub(super) fn sighting(notice: &Notice, capture: &Capture, codes: &OffenceCodes) -> Sighting<'static> {
    Sighting {
        // It counts channels from 0.
        channel: notice.channel.and_then(|channel| channel.checked_add(1)),
        lane: capture.lane,
        plate_text: capture.plate.clone(),
        plate_percent: capture.confidence_percent,
        plate_color: plate_color(&capture.plate_color),
        body_color: body_color(&capture.vehicle_color),
        speed_kmh: capture.speed_kmh,
        behaviours: behaviours(capture, codes),
        claimed_at: notice.claimed_unix_ms.map(Timestamp::from_unix_ms),
        pictures: capture.pictures.iter().filter_map(|text| picture(text)).collect(),
        ..Sighting::default()
    }
}

fn behaviours(capture: &Capture, codes: &OffenceCodes) -> Behaviours {
    let found = [
        codes.behaviour(&capture.offence_code),
        (capture.has_belt == Some(false)).then_some(Behaviour::NoBelt),
        (capture.is_phoning == Some(true)).then_some(Behaviour::Phone),
    ];
    found.into_iter().flatten().fold(Behaviours::default(), Behaviours::with)
}

fn plate_color(word: &str) -> PlateColor {
    match word.to_ascii_lowercase().as_str() {
        "blue" => PlateColor::Blue,
        "yellow" => PlateColor::Yellow,
        "white" => PlateColor::White,
        "black" => PlateColor::Black,
        // Gradient green, as the maker calls it.
        "green" | "shadowgreen" => PlateColor::Green,
        "yellowgreen" => PlateColor::YellowGreen,
        _ => PlateColor::Unknown,
    }
}

/// Letters of GA/T 16.8.
fn body_color(word: &str) -> Option<char> {
    Some(match word.to_ascii_lowercase().as_str() {
        "white" => 'A',
        "gray" | "grey" | "silver" | "silvergray" | "darkgray" => 'B',
        "yellow" | "gold" | "golden" => 'C',
        "pink" => 'D',
        "red" | "darkred" => 'E',
        "purple" | "darkviolet" => 'F',
        "green" | "darkgreen" => 'G',
        "blue" | "darkblue" => 'H',
        "brown" | "chocolate" => 'I',
        "black" => 'J',
        "orange" | "darkorange" | "cyan" => 'Z',
        _ => return None,
    })
}

/// A picture; one that is no base64 costs itself only.
fn picture(text: &str) -> Option<Cow<'static, [u8]>> {
    let text = text.split_once("base64,").map_or(text, |(_, data)| data);
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64.decode(compact).ok().filter(|bytes| !bytes.is_empty()).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_count_from_one_and_a_bad_picture_costs_itself() {
        let capture = Capture {
            plate: "鲁Q12345".into(),
            plate_color: "ShadowGreen".into(),
            vehicle_color: "Silver".into(),
            pictures: vec!["c2NlbmU".into(), "***".into(), "data:image/jpeg;base64,cGxh\r\ndGU=".into()],
            ..Capture::default()
        };
        let notice = Notice { channel: Some(0), ..Notice::default() };
        let seen = sighting(&notice, &capture, &OffenceCodes::default());
        assert_eq!(
            (seen.channel, seen.plate_color, seen.body_color),
            (Some(1), PlateColor::Green, Some('B'))
        );
        assert_eq!(seen.pictures, [&b"scene"[..], b"plate"]);
    }
}
