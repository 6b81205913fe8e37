//! From a notice to a passage: which field is which, and which code means what.

use crate::notifier::Sighting;
use crate::offence::OffenceCodes;
use domain::{Behaviour, Behaviours, Plate, PlateClass, PlateColor, Timestamp, VehicleType};
use notice::isapi::{Capture, LaneDirection, Notice};
use std::borrow::Cow;

/// What a notice says of a passage.
pub(super) fn sighting<'b>(
    notice: &Notice,
    capture: &Capture,
    pictures: Vec<&'b [u8]>,
    codes: &OffenceCodes,
) -> Sighting<'b> {
    let plate_class = capture.plate_class_gat.and_then(plate_class).unwrap_or_default();
    let of_gat = capture.plate_color_gat.and_then(plate_color_gat);
    Sighting {
        channel: notice.channel,
        lane: capture.lane,
        direction: capture.lane_direction.map(direction),
        // The colour is a field of its own.
        plate_text: Plate::without_color(&capture.plate).to_owned(),
        plate_percent: capture.confidence_percent,
        plate_class,
        plate_color: of_gat.unwrap_or_else(|| plate_color(&capture.plate_color)),
        vehicle_type: VehicleType::parse(&capture.vehicle_class_gat).filter(|kind| kind.family() != 'X'),
        body_color: body_color_gat(&capture.body_color_gat).or_else(|| body_color(&capture.body_color)),
        speed_kmh: capture.speed_kmh,
        behaviours: behaviours(capture, plate_class, codes),
        claimed_at: notice.claimed_unix_ms.map(Timestamp::from_unix_ms),
        is_late: notice.is_retransmission,
        own_id: notice.uuid.clone(),
        pictures: pictures.into_iter().map(Cow::Borrowed).collect(),
    }
}

/// GA/T 16.7; 41 to 44 say that there is no plate, a forged or covered one, or one whose class was not read.
fn plate_class(code: u8) -> Option<PlateClass> {
    (1..100).contains(&code).then_some(PlateClass(code)).filter(|_| !matches!(code, 41..=44 | 99))
}

/// Not whether the plate is forged or cloned: that is judged, not seen.
fn behaviours(capture: &Capture, plate_class: PlateClass, codes: &OffenceCodes) -> Behaviours {
    let found = [
        codes.behaviour(&capture.offence_code),
        (capture.has_belt == Some(false) && !plate_class.is_motorcycle()).then_some(Behaviour::NoBelt),
        (capture.is_phoning == Some(true)).then_some(Behaviour::Phone),
    ];
    found.into_iter().flatten().fold(Behaviours::default(), Behaviours::with)
}

/// `plateColorByGAT`: the table of GA/T 833-2016, not that of GA/T 1400 or JT/T 697.7.
fn plate_color_gat(code: u8) -> Option<PlateColor> {
    Some(match code {
        0 => PlateColor::White,
        1 => PlateColor::Yellow,
        2 => PlateColor::Blue,
        3 => PlateColor::Black,
        4 => PlateColor::Green,
        _ => return None,
    })
}

/// `plateColor`: the guide's words.
fn plate_color(word: &str) -> PlateColor {
    match word.to_ascii_lowercase().as_str() {
        "blue" => PlateColor::Blue,
        "yellow" => PlateColor::Yellow,
        "white" => PlateColor::White,
        "black" => PlateColor::Black,
        "green" | "newenergygreen" | "civilaviationgreen" => PlateColor::Green,
        "newenergyyellowgreen" | "yellowgreen" => PlateColor::YellowGreen,
        _ => PlateColor::Unknown,
    }
}

/// `colorByGAT`: GA/T 16.8, K for not read.
fn body_color_gat(text: &str) -> Option<char> {
    match text.as_bytes() {
        [letter] if matches!(letter.to_ascii_uppercase(), b'A'..=b'J' | b'Z') => {
            Some(char::from(letter.to_ascii_uppercase()))
        }
        _ => None,
    }
}

/// `vehicleInfo/color`: the guide's words.
fn body_color(word: &str) -> Option<char> {
    Some(match word.to_ascii_lowercase().as_str() {
        "white" => 'A',
        "gray" | "grey" | "silver" | "darkgray" => 'B',
        "yellow" => 'C',
        "pink" => 'D',
        "red" => 'E',
        "purple" => 'F',
        "green" => 'G',
        "blue" | "deepblue" => 'H',
        "brown" => 'I',
        "black" => 'J',
        "orange" | "cyan" | "mix" => 'Z',
        _ => return None,
    })
}

/// Direction of GA/T 1400: 1 west to east, 2 back, 3 north to south, 4 back, 5 south-west to north-east, 6 back, 7 north-west to
/// south-east, 8 back.
fn direction(lane: LaneDirection) -> u8 {
    match lane {
        LaneDirection::WestToEast => 1,
        LaneDirection::EastToWest => 2,
        LaneDirection::NorthToSouth => 3,
        LaneDirection::SouthToNorth => 4,
        LaneDirection::SouthwestToNortheast => 5,
        LaneDirection::NortheastToSouthwest => 6,
        LaneDirection::NorthwestToSoutheast => 7,
        LaneDirection::SoutheastToNorthwest => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_this_maker_are_not_those_of_others() {
        // 1 is yellow here, black in GA/T 1400 and blue in JT/T 697.7.
        assert_eq!(plate_color_gat(1), Some(PlateColor::Yellow));
        assert_eq!([5, 9].map(plate_color_gat), [None, None]);
        assert_eq!(plate_color("newEnergyYellowGreen"), PlateColor::YellowGreen);
        assert_eq!(plate_class(41), None, "no plate is no class");
        assert_eq!(plate_class(52), Some(PlateClass::SMALL_NEW_ENERGY));
        assert_eq!((body_color_gat("K"), body_color_gat("a")), (None, Some('A')));
    }

    #[test]
    fn what_is_not_known_stays_so_and_a_code_goes_before_a_word() {
        let capture = Capture {
            plate_color: "white".into(),
            plate_color_gat: Some(2),
            vehicle_class_gat: "X99".into(),
            body_color_gat: "K".into(),
            body_color: "black".into(),
            has_belt: Some(false),
            ..Capture::default()
        };
        let seen = sighting(&Notice::default(), &capture, Vec::new(), &OffenceCodes::default());
        assert_eq!((seen.plate_color, seen.vehicle_type), (PlateColor::Blue, None));
        assert_eq!((seen.body_color, seen.behaviours.contains(Behaviour::NoBelt)), (Some('J'), true));
    }
}
