//! Taking a passage: its identity, its pictures, the journal.

use super::{Asker, Fault, Maker, Notifiers};
use domain::{
    Behaviours, CheckpointId, DeviceId, Fact, Observation, ObservationId, Passage, Plate, PlateClass,
    PlateColor, Timestamp, VehicleType,
};
use std::borrow::Cow;

/// Longest plate text that is taken; the longest plate has 9 symbols of at most 3 bytes, and a colour word in front.
const PLATE_TEXT_BYTES_MAX: usize = 64;

/// What a notice says of a passage, in the words of the domain.
#[derive(Default)]
pub(crate) struct Sighting<'b> {
    /// Which of a recorder's cameras, from 1; it stands for the checkpoint at this place of the recorder's list.
    pub(crate) channel: Option<u32>,
    pub(crate) lane: Option<u32>,
    /// Code of GA/T 1400.
    pub(crate) direction: Option<u8>,
    pub(crate) plate_text: String,
    pub(crate) plate_percent: Option<f64>,
    pub(crate) plate_class: PlateClass,
    pub(crate) plate_color: PlateColor,
    pub(crate) vehicle_type: Option<VehicleType>,
    /// Letter of GA/T 16.8.
    pub(crate) body_color: Option<char>,
    pub(crate) speed_kmh: Option<f64>,
    pub(crate) behaviours: Behaviours,
    /// By the camera's clock.
    pub(crate) claimed_at: Option<Timestamp>,
    /// Kept by the camera while the line was cut: its time tells nothing of the clock.
    pub(crate) is_late: bool,
    /// The camera's own identity of the notice; asked only where there is no time.
    pub(crate) own_id: String,
    pub(crate) pictures: Vec<Cow<'b, [u8]>>,
}

impl<M: Maker> Notifiers<M> {
    /// Makes a passage durable with its pictures.
    pub(super) async fn take(
        &self,
        asker: &Asker<'_>,
        device: &DeviceId,
        mut sighting: Sighting<'_>,
        body: &[u8],
    ) -> Result<(), Fault> {
        let context = &self.context;
        let directory = context.directory.load();
        let camera = directory.notifiers.get(&(M::KIND, device.clone())).ok_or(Fault::Refused)?;
        let Some(checkpoint) = checkpoint(&camera.checkpoints, sighting.channel) else {
            let detail = "its camera is registered at no checkpoint".to_owned();
            self.quarantine(asker, device, "no_checkpoint", detail, body);
            return Err(Fault::Unreadable);
        };
        if sighting.plate_text.len() > PLATE_TEXT_BYTES_MAX {
            let detail = format!("its plate has {} bytes", sighting.plate_text.len());
            self.quarantine(asker, device, "plate_too_long", detail, body);
            return Err(Fault::Unreadable);
        }
        drop(directory);
        let pictures = std::mem::take(&mut sighting.pictures);
        let claimed = sighting.claimed_at;
        let is_late = sighting.is_late;
        let mut observation = self.observe(asker, device, checkpoint, &sighting);
        if let Fact::Passage(passage) = &mut observation.fact
            && !context.intake.is_held(observation.id)
        {
            let kept = self.fit(asker, device, &pictures);
            passage.pictures = context.intake.store_pictures(&kept).await?;
        }
        context.intake.store(vec![observation]).await?;
        metrics::counter!("anchang_observations_total", "source" => M::KIND.key(), "kind" => "passage")
            .increment(1);
        context.presence.seen(M::KIND, device, asker.address, asker.at, 1);
        if let Some(claimed) = claimed.filter(|_| !is_late) {
            context.presence.clock_offset(M::KIND, device, claimed.ms_since(asker.at), asker.at);
        }
        Ok(())
    }

    /// The pictures within their bounds: the passage matters more than one that is too large.
    fn fit<'p>(&self, asker: &Asker<'_>, device: &DeviceId, pictures: &'p [Cow<'_, [u8]>]) -> Vec<&'p [u8]> {
        let limits = &self.context.limits;
        let mut kept = Vec::new();
        for picture in pictures.iter().take(limits.camera_pictures_per_object_max) {
            if picture.len() <= limits.camera_picture_bytes_max {
                kept.push(&**picture);
            } else {
                let detail = format!("a picture has {} bytes", picture.len());
                self.quarantine(asker, device, "picture_too_large", detail, picture);
            }
        }
        kept
    }

    fn observe(
        &self,
        asker: &Asker<'_>,
        device: &DeviceId,
        checkpoint: CheckpointId,
        sighting: &Sighting<'_>,
    ) -> Observation {
        let plate_class = sighting.plate_class;
        let plate_color = match sighting.plate_color {
            // Neither maker has a colour for large new-energy vehicles; their class tells.
            PlateColor::Green if plate_class == PlateClass::LARGE_NEW_ENERGY => PlateColor::YellowGreen,
            PlateColor::Unknown => plate_class.color(),
            color => color,
        };
        let passage = Passage {
            checkpoint,
            lane: sighting.lane.and_then(|lane| u8::try_from(lane).ok()).filter(|lane| *lane > 0),
            direction: sighting.direction,
            plate_text: sighting.plate_text.as_str().into(),
            plate: Plate::parse_on(&sighting.plate_text, plate_color).ok(),
            plate_confidence: sighting.plate_percent.map(|percent| percent.round().clamp(0.0, 100.0) as u8),
            plate_class,
            plate_color,
            vehicle_type: sighting.vehicle_type,
            body_color: sighting.body_color,
            // Without a radar cameras write 0: nobody passes a checkpoint standing.
            speed_kmh: sighting
                .speed_kmh
                .map(f64::round)
                .filter(|speed| (1.0..=999.0).contains(speed))
                .map(|speed| speed as u16),
            pictures: Vec::new(),
            behaviours: sighting.behaviours,
            weighing: None,
        };
        Observation {
            id: identity::<M>(asker, device, &passage, sighting),
            device: device.clone(),
            captured_at: self.context.believe(M::KIND, sighting.claimed_at, asker.at),
            received_at: asker.at,
            fact: Fact::Passage(passage),
        }
    }
}

/// The checkpoint of a channel; the first where the list has no place for it.
fn checkpoint(served: &[CheckpointId], channel: Option<u32>) -> Option<CheckpointId> {
    let of_channel = channel.and_then(|channel| served.get(channel.checked_sub(1)? as usize));
    of_channel.or(served.first()).cloned()
}

/// The identity of a passage by what was seen: device, checkpoint, lane, direction, the camera's own time, the plate as read, its
/// class and colour, the vehicle's class and speed. Not the camera's number of the notice, which some give anew when they send
/// again and others give to two vehicles; nor the behaviours, of which a second look may find more. Without a time the
/// number has to do, and without both each notice is a passage of its own: losing one would be worse than having one twice.
fn identity<M: Maker>(
    asker: &Asker<'_>,
    device: &DeviceId,
    passage: &Passage,
    sighting: &Sighting<'_>,
) -> ObservationId {
    let time = match sighting.claimed_at {
        Some(claimed) => claimed.unix_ms().to_be_bytes().to_vec(),
        None if !sighting.own_id.is_empty() => sighting.own_id.clone().into_bytes(),
        None => asker.at.unix_ms().to_be_bytes().to_vec(),
    };
    let vehicle_type = passage.vehicle_type.map(|kind| kind.to_string()).unwrap_or_default();
    ObservationId::of(&[
        M::KIND.key().as_bytes(),
        device.as_str().as_bytes(),
        passage.checkpoint.as_str().as_bytes(),
        &[passage.lane.unwrap_or(0), passage.direction.unwrap_or(0), passage.plate_class.0],
        &time,
        passage.plate_text.as_bytes(),
        passage.plate_color.key().as_bytes(),
        vehicle_type.as_bytes(),
        &passage.speed_kmh.unwrap_or(u16::MAX).to_be_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_stands_for_the_checkpoint_at_its_place() {
        let served: Vec<CheckpointId> = ["a", "b"].map(CheckpointId::from).into();
        let of = |channel| checkpoint(&served, channel).map(|found| found.to_string());
        assert_eq!(of(Some(2)).as_deref(), Some("b"));
        for channel in [None, Some(0), Some(1), Some(9)] {
            assert_eq!(of(channel).as_deref(), Some("a"));
        }
        assert_eq!(checkpoint(&[], Some(1)), None);
    }
}
