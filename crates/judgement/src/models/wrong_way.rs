//! Wrong way (逆行): against the only direction of a checkpoint, by what was measured or by what the camera says. One
//! warning per passage.

use super::claim::{Complaint, Key};
use super::{Context, Sight};
use domain::warning::Detail;
use domain::{Behaviour, Level, ModelId};

/// Directions of GA/T 1400 come in pairs: 1 west–east and 2 east–west, … 7 and 8; 9 is any other.
const PAIRED_MAX: u8 = 8;

pub(crate) fn complain(sight: &Sight<'_>, context: &Context<'_>, complaints: &mut Vec<Complaint>) {
    let model = &context.models.wrong_way;
    let passage = sight.passage;
    let is_reported = passage.behaviours.contains(Behaviour::WrongWay);
    if !model.is_enabled || passage.direction.is_none() && !is_reported {
        return;
    }
    let one_way = context.reference.place(&passage.checkpoint).and_then(|place| place.one_way);
    let is_against = match (one_way, passage.direction) {
        // What the camera says is refuted by a direction that is right.
        (Some(right), Some(seen)) => seen == opposite(right),
        (Some(_), None) => is_reported,
        (None, _) => is_reported && model.parameters.trust_camera.value,
    };
    if is_against {
        let detail = Detail::WrongWay { direction: passage.direction, is_reported };
        complaints.push(Complaint::new(ModelId::WrongWay, model, Level::High, detail, Key::PassageAnd(0)));
    }
}

fn opposite(direction: u8) -> u8 {
    if (1..=PAIRED_MAX).contains(&direction) { ((direction - 1) ^ 1) + 1 } else { direction }
}

#[cfg(test)]
mod tests {
    use super::opposite;

    #[test]
    fn directions_come_in_pairs() {
        assert_eq!([1, 2, 3, 4, 5, 6, 7, 8, 9].map(opposite), [2, 1, 4, 3, 6, 5, 8, 7, 9]);
    }
}
