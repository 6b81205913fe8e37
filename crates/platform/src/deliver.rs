//! Passing on passages for one subscription of another platform, from the journal and from where it stands in it.

use crate::exchange::{Exchange, Patience, ended};
use crate::id::business_id;
use crate::keep::date_time;
use crate::link::{Link, LinkError};
use crate::object::vehicle_of;
use domain::{CheckpointId, Entry, Fact, Observation};
use gat1400::id::BusinessKind;
use gat1400::object::{MotorVehicle, SubscribeNotification};
use gateway::Shutdown;
use journal::{Batch, Journal, Offset, ReadError};
use records::{ExchangeState, Platform, Scope, Subscription};
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Passages in one notification.
pub const OBJECTS_PER_NOTICE_MAX: usize = 100;
/// Bytes of pictures in one notification, encoded; the passage that goes over it is the last.
pub const PICTURE_BYTES_PER_NOTICE_MAX: usize = 8 << 20;
/// Bytes of the journal read at a time.
const READ_BYTES: usize = 1 << 20;
/// How often the place is stored while nothing concerns the subscriber.
const NOTE_EVERY: Duration = Duration::from_secs(10);
/// How often a subscription's end is looked at while nothing comes.
const IDLE: Duration = Duration::from_secs(5);

/// What a subscriber gets.
pub(crate) struct Filter {
    scope: Scope,
    /// Tollgates that are the platform's own.
    hidden: BTreeSet<CheckpointId>,
    /// Tollgates or devices that are asked for; empty for all.
    resources: BTreeSet<SmolStr>,
}

impl Filter {
    pub(crate) fn new(
        exchange: &Exchange,
        platform: &Platform,
        subscription: &Subscription,
        hidden: BTreeSet<CheckpointId>,
    ) -> Self {
        let resources: BTreeSet<SmolStr> = subscription.resources.iter().map(|id| id.0.clone()).collect();
        // Our own id stands for the whole library (ResourceClass 4).
        let is_all = resources.contains(&exchange.server_id);
        Self {
            scope: platform.scope.clone(),
            hidden,
            resources: if is_all { BTreeSet::new() } else { resources },
        }
    }

    fn lets_through(&self, observation: &Observation, checkpoint: &CheckpointId) -> bool {
        let is_asked = self.resources.is_empty()
            || self.resources.contains(&checkpoint.0)
            || self.resources.contains(&observation.device.0);
        is_asked && self.scope.contains(checkpoint) && !self.hidden.contains(checkpoint)
    }
}

/// What was read: the objects, and how far reading came.
struct Chunk {
    objects: Vec<MotorVehicle>,
    /// Where the next chunk begins.
    end: Offset,
}

/// Passing on for one subscription.
struct Delivery {
    exchange: Arc<Exchange>,
    link: Arc<Link>,
    subscription: Subscription,
    filter: Arc<Filter>,
    position: Offset,
    /// The place that is stored, and since when.
    noted: (Offset, Instant),
    patience: Patience,
}

/// What to do next.
enum Next {
    /// Go on at once.
    More,
    /// Nothing is there.
    Idle,
    /// Try again after this time.
    Retry(Duration),
}

/// Runs until the subscription's end, `shutdown`, or until it is stopped because something about it changed.
pub(crate) async fn run(
    exchange: Arc<Exchange>,
    link: Arc<Link>,
    subscription: Subscription,
    filter: Filter,
    mut shutdown: Shutdown,
) {
    let position = Offset::new(subscription.position).max(exchange.observations.first());
    let mut grown = exchange.observations.subscribe();
    let mut delivery = Delivery {
        patience: Patience::new(exchange.options.retry_max),
        exchange,
        link,
        subscription,
        filter: Arc::new(filter),
        position,
        noted: (position, Instant::now()),
    };
    loop {
        if delivery.is_over() {
            return delivery.note_end().await;
        }
        // Before it is looked: what comes meanwhile wakes.
        grown.mark_unchanged();
        match delivery.step().await {
            Next::More if *shutdown.borrow() => break,
            Next::More => {}
            Next::Idle => tokio::select! {
                () = ended(&mut shutdown) => break,
                _ = grown.changed() => {}
                () = tokio::time::sleep(IDLE) => {}
            },
            Next::Retry(wait) => tokio::select! {
                () = ended(&mut shutdown) => break,
                () = tokio::time::sleep(wait) => {}
            },
        }
    }
    if delivery.noted.0 != delivery.position {
        delivery.note(delivery.position, 0).await;
    }
}

impl Delivery {
    fn is_over(&self) -> bool {
        self.exchange.clock.now() >= self.subscription.end_at
    }

    /// Reads on, passes on what concerns the subscriber, and remembers how far it came.
    async fn step(&mut self) -> Next {
        let (exchange, filter) = (self.exchange.clone(), self.filter.clone());
        let (from, with_pictures) = (self.position, self.subscription.with_pictures);
        let read = tokio::task::spawn_blocking(move || read(&exchange, &filter, from, with_pictures));
        let chunk = match read.await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => {
                tracing::error!(%error, subscription = %self.subscription.id, "could not read the journal for a subscriber");
                return Next::Retry(self.patience.next());
            }
            Err(error) => {
                tracing::error!(%error, "reading for a subscriber was cut off");
                return Next::Retry(self.patience.next());
            }
        };
        if chunk.end == self.position {
            return Next::Idle;
        }
        if let Err(error) = pass_on(&self.exchange, &self.link, &self.subscription, &chunk.objects).await {
            self.note_failure(&error).await;
            return Next::Retry(self.patience.next());
        }
        let count = chunk.objects.len() as u64;
        if count > 0 || self.noted.1.elapsed() >= NOTE_EVERY {
            if !self.note(chunk.end, count).await {
                // What is not noted is sent again.
                return Next::Retry(self.patience.next());
            }
            self.noted = (chunk.end, Instant::now());
        }
        self.position = chunk.end;
        self.patience.reset();
        Next::More
    }

    async fn note(&self, end: Offset, count: u64) -> bool {
        let now = self.exchange.clock.now();
        let noted = self.exchange.records.note_delivered(&self.subscription, end.get(), count, now).await;
        noted.inspect_err(|error| tracing::warn!(%error, "could not note what was passed on")).is_ok()
    }

    async fn note_failure(&self, error: &LinkError) {
        tracing::debug!(%error, subscription = %self.subscription.id, "could not pass passages on");
        let (records, state) = (&self.exchange.records, ExchangeState::InForce);
        let noted = records.note_subscription(&self.subscription, state, Some(&error.stored())).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "could not note that a subscriber is away");
        }
    }

    async fn note_end(&self) {
        let (records, state) = (&self.exchange.records, ExchangeState::Ended);
        if let Err(error) = records.note_subscription(&self.subscription, state, None).await {
            tracing::warn!(%error, "could not note the end of a subscription");
        }
    }
}

/// The next objects for a subscriber, up to a notification's worth.
fn read(exchange: &Exchange, filter: &Filter, from: Offset, with_pictures: bool) -> Result<Chunk, ReadError> {
    let mut reader = exchange.observations.reader(from);
    let mut batch = Batch::new();
    match reader.read_batch(READ_BYTES, &mut batch) {
        Ok(_) => {}
        // Retention went past it: the subscriber was away for longer than the journal reaches.
        Err(ReadError::Expired { first, .. }) => {
            tracing::warn!(%from, %first, "a subscriber was away for longer than the journal is kept");
            metrics::counter!("anchang_platform_expired_total").increment(1);
            return Ok(Chunk { objects: Vec::new(), end: first });
        }
        Err(ReadError::Damaged { .. }) => {
            let skipped = reader.skip_damage()?;
            return Ok(Chunk { objects: Vec::new(), end: skipped.to });
        }
        Err(error) => return Err(error),
    }
    let pictures: Option<&Journal> = with_pictures.then_some(&*exchange.pictures);
    let mut objects: Vec<MotorVehicle> = Vec::new();
    let mut picture_bytes = 0;
    for (offset, bytes) in &batch {
        if objects.len() >= OBJECTS_PER_NOTICE_MAX || picture_bytes >= PICTURE_BYTES_PER_NOTICE_MAX {
            return Ok(Chunk { objects, end: offset });
        }
        let Ok(Entry::Observation(observation)) = codec::decode(bytes) else { continue };
        let Fact::Passage(passage) = &observation.fact else { continue };
        if filter.lets_through(&observation, &passage.checkpoint) {
            let vehicle = vehicle_of(&observation, passage, &exchange.server_id, pictures);
            picture_bytes +=
                vehicle.sub_images.iter().map(|image| image.data.as_base64().len()).sum::<usize>();
            objects.push(vehicle);
        }
    }
    Ok(Chunk { objects, end: batch.end().max(from) })
}

/// Sends a notification; nothing to send is done at once.
async fn pass_on(
    exchange: &Exchange,
    link: &Link,
    subscription: &Subscription,
    objects: &[MotorVehicle],
) -> Result<(), LinkError> {
    let Some(first) = objects.first() else { return Ok(()) };
    let now = exchange.clock.now();
    let ids: Vec<&str> = objects.iter().map(|object| object.motor_vehicle_id.as_str()).collect();
    // Of what is in it: the same notification again has the same id but for its time.
    let of = [subscription.id.as_bytes(), first.motor_vehicle_id.as_bytes()];
    let notification = SubscribeNotification {
        notification_id: business_id(&exchange.server_id, BusinessKind::SUBSCRIBE_NOTIFICATION, now, &of),
        subscribe_id: subscription.id.clone(),
        title: subscription.title.clone(),
        trigger_time: Some(date_time(now)),
        info_ids: ids.join(",").into(),
        motor_vehicle_object_list: objects.to_vec(),
        ..SubscribeNotification::default()
    };
    let request = link.client().post(&[notification]);
    link.send_to(&subscription.receive_addr, request).await?;
    metrics::counter!("anchang_platform_passed_on_total").increment(objects.len() as u64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ObservationId, Passage, Timestamp};

    #[test]
    fn a_subscriber_gets_what_it_asks_for_within_its_scope_and_not_its_own() {
        let observation = |device: &str, checkpoint: &str| Observation {
            id: ObservationId(1),
            device: device.into(),
            captured_at: Timestamp::default(),
            received_at: Timestamp::default(),
            fact: Fact::Passage(Passage::unread(checkpoint.into())),
        };
        let filter = |scope, resources: &[&str]| Filter {
            scope,
            hidden: ["theirs".into()].into(),
            resources: resources.iter().map(SmolStr::new).collect(),
        };
        let gets = |filter: &Filter, device: &str, checkpoint: &str| {
            filter.lets_through(&observation(device, checkpoint), &checkpoint.into())
        };
        assert!(gets(&filter(Scope::All, &[]), "d", "a"));
        assert!(!gets(&filter(Scope::All, &[]), "d", "theirs"));
        assert!(!gets(&filter(Scope::None, &[]), "d", "a"));
        let two = filter(Scope::Checkpoints(vec!["a".into(), "b".into()]), &["a", "d2", "c"]);
        assert!(gets(&two, "d", "a"), "a tollgate by its id");
        assert!(gets(&two, "d2", "b"), "or by its device");
        assert!(!gets(&two, "d", "b") && !gets(&two, "d2", "c"), "never out of scope");
    }
}
