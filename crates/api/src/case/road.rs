//! What goes on on the road, in memory: the orders under way, whose vehicle is looked for among all that passes, and whose crews
//! are busy. The records hold the orders themselves; this is read from them at the start and follows each change.

use super::dispatch::{Place, ahead};
use super::publish;
use crate::app::App;
use domain::case::Spot;
use domain::observation::Fact;
use domain::stage::dispatch::{DispatchAct, DispatchState};
use domain::stage::sighting::{NEXT_MAX, NextPlace, Sighting};
use domain::{AnyAct, AnyCase, CaseId, CaseKind, CheckpointId, Observation, Passage, Plate, Timestamp};
use records::{CaseError, CaseField, CaseFilter, CaseRecord, PAGE_LIMIT_MAX, Sort, StoreError, Window};
use smol_str::SmolStr;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An order that is not over.
#[derive(Clone, Debug)]
struct UnderWay {
    /// The plate that is looked for, where it is one that cameras can read.
    plate: Option<Plate>,
    /// Who signed it.
    crew: Option<SmolStr>,
    /// Since when; what was seen before is no news.
    since: Timestamp,
    /// Until when waiting makes sense.
    until: Timestamp,
    /// Whether it matters where the vehicle is.
    is_awaited: bool,
    /// Where it was seen since.
    seen: HashSet<CheckpointId>,
}

#[derive(Debug, Default)]
struct Book {
    orders: BTreeMap<CaseId, UnderWay>,
    by_plate: HashMap<Plate, Vec<CaseId>>,
}

/// The orders that are not over.
#[derive(Debug, Default)]
pub struct Orders(Mutex<Book>);

/// Somebody who has an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Engaged {
    /// The order.
    pub(super) order: CaseId,
    /// Until when.
    pub(super) until: Timestamp,
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, Book> {
        // Every method leaves the book whole, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over how a case stands now.
    pub(super) fn note(&self, record: &CaseRecord) {
        let AnyCase::Dispatch(dispatch) = &record.case else { return };
        let mut book = self.lock();
        book.forget(&record.id);
        if !record.is_open {
            return;
        }
        let order = UnderWay {
            plate: Plate::parse(&dispatch.order.plate).ok().filter(|plate| !plate.has_unread()),
            // What was ordered and not signed keeps nobody busy.
            crew: (dispatch.state != DispatchState::Ordered).then(|| dispatch.signed_by.clone()).flatten(),
            since: record.opened_at,
            until: dispatch.order.until,
            is_awaited: dispatch.is_under_way(),
            seen: dispatch.sightings.iter().filter_map(|it| it.spot.checkpoint.clone()).collect(),
        };
        if let Some(plate) = order.plate.filter(|_| order.is_awaited) {
            book.by_plate.entry(plate).or_default().push(record.id.clone());
        }
        book.orders.insert(record.id.clone(), order);
    }

    /// Whether a passage would be news to somebody who is under way.
    pub fn await_it(&self, observation: &Observation) -> bool {
        !self.waiting_for(observation).is_empty()
    }

    /// The orders to which a passage is news.
    fn waiting_for(&self, observation: &Observation) -> Vec<CaseId> {
        let Fact::Passage(Passage { plate: Some(plate), checkpoint, .. }) = &observation.fact else {
            return Vec::new();
        };
        if observation.is_from_file() {
            return Vec::new();
        }
        let book = self.lock();
        let Some(ids) = book.by_plate.get(plate) else { return Vec::new() };
        let is_news = |id: &&CaseId| {
            let order = book.orders.get(*id);
            order.is_some_and(|it| observation.captured_at > it.since && !it.seen.contains(checkpoint))
        };
        ids.iter().filter(is_news).cloned().collect()
    }

    /// Who has signed an order that is not over, and which. Nobody waits beyond an order's end.
    pub(super) fn engaged(&self, now: Timestamp) -> BTreeMap<SmolStr, Engaged> {
        let book = self.lock();
        let running = book.orders.iter().filter(|(_, order)| order.until > now);
        let engaged = running.filter_map(|(id, order)| {
            Some((order.crew.clone()?, Engaged { order: id.clone(), until: order.until }))
        });
        engaged.collect()
    }
}

impl Book {
    fn forget(&mut self, id: &CaseId) {
        let Some(plate) = self.orders.remove(id).and_then(|order| order.plate) else { return };
        if let Some(ids) = self.by_plate.get_mut(&plate) {
            ids.retain(|other| other != id);
            if ids.is_empty() {
                self.by_plate.remove(&plate);
            }
        }
    }
}

impl App {
    /// Reads the orders under way from the records; once, at the start.
    pub async fn load_orders(&self) -> Result<(), StoreError> {
        let filter =
            CaseFilter { kinds: vec![CaseKind::Dispatch], is_open: Some(true), ..CaseFilter::default() };
        let mut window = Window { offset: 0, limit: PAGE_LIMIT_MAX };
        loop {
            let page = self.records.cases(&filter, Sort::ascending(CaseField::OpenedAt), window).await?;
            page.items.iter().for_each(|record| self.orders.note(record));
            window.offset += page.items.len() as u64;
            if page.items.is_empty() || window.offset >= page.total {
                return Ok(());
            }
        }
    }
}

/// Tells crews and dispatchers where the vehicles of their orders were seen; doing it again tells nothing twice.
pub async fn note_sightings(app: &App, passages: &[Observation]) -> Result<(), StoreError> {
    for observation in passages {
        for id in app.orders.waiting_for(observation) {
            let Some(sighting) = sighting_of(app, observation) else { continue };
            let act = AnyAct::Dispatch(DispatchAct::Sighted(Box::new(sighting)));
            let office = app.office.load_full();
            let turn = app.hub.turn().lock().await;
            match app.records.act_of_platform(&id, &act, app.clock.now(), &office.desk).await {
                Ok(worked) => publish(app, &worked, "sighted"),
                Err(CaseError::Store(error)) => return Err(error),
                // It ended, or was told already, since the passage came.
                Err(error) => tracing::debug!(case = %id, %error, "a sighting is no news"),
            }
            drop(turn);
        }
    }
    Ok(())
}

/// What a passage tells: where, which way, and where the vehicle will be.
fn sighting_of(app: &App, observation: &Observation) -> Option<Sighting> {
    let Fact::Passage(passage) = &observation.fact else { return None };
    let names = app.names.load();
    let checkpoint = names.checkpoints.get(&passage.checkpoint);
    let at = observation.captured_at;
    let next = |place: Place| {
        let name = names.checkpoints.get(&place.checkpoint)?.name.clone();
        Some(NextPlace {
            checkpoint: place.checkpoint,
            name,
            share_permille: (place.share * 1_000.0).round() as u16,
            earliest: at.plus_ms(place.earliest_ms),
            likely: at.plus_ms(place.likely_ms),
            latest: at.plus_ms(place.latest_ms),
        })
    };
    let ahead = ahead(app, &passage.checkpoint).into_iter().filter(|place| place.ring == 1);
    Some(Sighting {
        spot: Spot {
            at: checkpoint.map(|it| it.location),
            route: checkpoint.map(|it| it.road.clone()).filter(|road| !road.is_empty()),
            chainage_m: checkpoint.and_then(|it| it.chainage_m),
            checkpoint: Some(passage.checkpoint.clone()),
            description: checkpoint.map_or_else(|| passage.checkpoint.as_str().into(), |it| it.name.clone()),
        },
        direction: direction_of(passage.direction)
            .or_else(|| checkpoint.map(|it| it.direction.clone()))
            .unwrap_or_default(),
        at,
        next: ahead.filter_map(next).take(NEXT_MAX).collect(),
    })
}

/// The directions of GA/T 1400.3 (HDirectionType) whose words are sure; the others are the checkpoint's to say.
fn direction_of(code: Option<u8>) -> Option<SmolStr> {
    let word = match code? {
        1 => "由西向东",
        2 => "由东向西",
        3 => "由北向南",
        4 => "由南向北",
        _ => return None,
    };
    Some(SmolStr::new_static(word))
}
