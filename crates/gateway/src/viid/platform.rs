//! What only another platform does: it notifies of what we subscribed to and of vehicles that we look out for, pushes its
//! tollgates, subscribes to our passages, and asks us to look out for vehicles.

use super::answer::{Fault, json};
use super::passage::Vehicle;
use super::post::{Taken, object_key};
use super::{Asker, Poster, Viid};
use crate::events::{Event, NoticeKind, SeenTollgate};
use crate::question::{Question, Told, Wish};
use crate::web::Bound;
use axum::body::Body;
use axum::response::Response;
use domain::{DeviceId, DeviceKind};
use gat1400::codes::StatusCode as ViidStatus;
use gat1400::object::{
    Disposition, DispositionNotification, MotorVehicle, MotorVehicleCore, NonMotorVehicle, Object, Subscribe,
    SubscribeNotification, Tollgate,
};
use gat1400::route::{Method, Resource, Route};
use gat1400::{Extra, Objects, read_list, write_list};
use http::StatusCode;
use http::request::Parts;
use smol_str::SmolStr;
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest body of subscriptions or dispositions.
const WISH_BYTES_MAX: usize = 4 << 20;
/// Names under which a notification may carry its vehicles when not all of them could be read.
const VEHICLE_LISTS: [&str; 3] = ["MotorVehicleObjectList", "MotorVehicleListObject", "MotorVehicleList"];

impl Viid {
    /// Answers what only platforms may ask.
    pub(super) async fn answer_platform(
        &self,
        route: &Route<'_>,
        asker: &Asker<'_>,
        platform: &DeviceId,
        parts: &Parts,
        body: &mut Body,
    ) -> Result<Response, Fault> {
        use Method::{Delete, Get, Post, Put};
        let one = || route.id.map(SmolStr::new);
        let listed = || {
            let ids = route.id.or_else(|| route.parameter("IDList")).unwrap_or_default();
            ids.split(',').filter(|id| !id.is_empty()).map(SmolStr::new).collect()
        };
        match (route.method, route.resource) {
            (Post, Resource::SubscribeNotifications) => {
                self.take_notices::<SubscribeNotification>(asker, platform, parts, body).await
            }
            (Post, Resource::DispositionNotifications) => {
                self.take_notices::<DispositionNotification>(asker, platform, parts, body).await
            }
            (Post | Put, Resource::Tollgates) => self.take_tollgates(asker, platform, parts, body).await,
            (Post | Put, Resource::Subscribes) => {
                let mut objects: Vec<Subscribe> = self.read_wishes(asker, platform, parts, body).await?;
                // A change at the path of one names it there (GA/T 1400.4, 取消订阅).
                if let (Some(id), [object]) = (route.id, objects.as_mut_slice()) {
                    object.subscribe_id = id.into();
                }
                self.ask(asker, platform, Wish::Subscribe(objects)).await
            }
            (Delete, Resource::Subscribes) => {
                self.ask(asker, platform, Wish::ForgetSubscribes(listed())).await
            }
            (Get, Resource::Subscribes) => self.ask(asker, platform, Wish::Subscribes(one())).await,
            (Post | Put, Resource::Dispositions) => {
                let mut objects: Vec<Disposition> = self.read_wishes(asker, platform, parts, body).await?;
                if let (Some(id), [object]) = (route.id, objects.as_mut_slice()) {
                    object.disposition_id = id.into();
                }
                self.ask(asker, platform, Wish::Dispose(objects)).await
            }
            (Delete, Resource::Dispositions) => {
                self.ask(asker, platform, Wish::ForgetDispositions(listed())).await
            }
            (Get, Resource::Dispositions) => self.ask(asker, platform, Wish::Dispositions(one())).await,
            _ => Err(Fault::NotOffered),
        }
    }

    /// Asks whoever has the records, and waits for the answer no longer than a request may take.
    async fn ask(&self, asker: &Asker<'_>, platform: &DeviceId, wish: Wish) -> Result<Response, Fault> {
        let (answer, told) = oneshot::channel();
        let question =
            Question { platform: platform.clone(), address: asker.address.ip(), at: asker.at, wish, answer };
        self.context.questions.try_send(question).map_err(|_| Bound::Busy)?;
        let time_max = Duration::from_secs(self.context.limits.camera_request_s_max);
        let Ok(Ok(told)) = tokio::time::timeout(time_max, told).await else { return Err(Bound::Busy.into()) };
        let presence = &self.context.presence;
        presence.seen(DeviceKind::Camera, platform, asker.address, asker.at, 0);
        Ok(match told {
            Told::Statuses(statuses) => {
                let statuses: Vec<_> =
                    statuses.iter().map(|(id, code)| asker.status_object(*code, id)).collect();
                Asker::statuses(&statuses)
            }
            Told::Subscribes(objects) => json(StatusCode::OK, write_list(&objects)),
            Told::Dispositions(objects) => json(StatusCode::OK, write_list(&objects)),
        })
    }

    /// Objects of a small body. One that cannot be read is quarantined; with none that can be, the request fails.
    async fn read_wishes<T: Object>(
        &self,
        asker: &Asker<'_>,
        platform: &DeviceId,
        parts: &Parts,
        body: &mut Body,
    ) -> Result<Vec<T>, Fault> {
        let limits = &self.context.limits;
        let held = self.desk.bodies.read(&parts.headers, body, WISH_BYTES_MAX).await?;
        let reading = gat1400::Limits { objects: limits.camera_objects_max, ..gat1400::Limits::default() };
        let objects: Objects<T> = read_list(&held.bytes, &reading).inspect_err(|problem| {
            self.quarantine(asker, Some(platform), "body", problem.to_string(), &held.bytes);
        })?;
        let mut good = Vec::with_capacity(objects.len());
        let mut is_any_bad = false;
        for object in objects {
            match object {
                Ok(object) => good.push(object),
                Err(problem) => {
                    is_any_bad = true;
                    let key = object_key(problem.reason);
                    self.quarantine(asker, Some(platform), key, problem.to_string(), &held.bytes);
                }
            }
        }
        if good.is_empty() && is_any_bad { Err(Fault::NoObject) } else { Ok(good) }
    }

    /// Takes what a platform notifies of. A notification is answered as taken when its good passages are durable; an object
    /// in it that cannot be used is quarantined or, at a tollgate that we do not know, counted.
    async fn take_notices<T: Notice>(
        &self,
        asker: &Asker<'_>,
        platform: &DeviceId,
        parts: &Parts,
        body: &mut Body,
    ) -> Result<Response, Fault> {
        let (held, _place) = self.read_body(parts, body).await?;
        let objects: Objects<T> = read_list(&held.bytes, &self.reading()).inspect_err(|problem| {
            self.quarantine(asker, Some(platform), "body", problem.to_string(), &held.bytes);
        })?;
        let mut taken = Taken::default();
        let mut counts = Vec::new();
        for object in &objects {
            let notice = match object {
                Ok(notice) => notice,
                Err(problem) => {
                    let key = object_key(problem.reason);
                    self.quarantine(asker, Some(platform), key, problem.to_string(), &held.bytes);
                    taken.statuses.push(asker.status_object(ViidStatus::InvalidContent, ""));
                    continue;
                }
            };
            let poster =
                Poster::Platform { id: platform, believes_tollgates: T::KIND == NoticeKind::Sighting };
            let before = taken.observations.len();
            // What came of each vehicle is in the quarantine; the notification itself was understood.
            let statuses = std::mem::take(&mut taken.statuses);
            notice.each_vehicle(&mut |vehicle| {
                self.take_vehicle(asker, &poster, vehicle, &held.bytes, &mut taken);
            });
            for list in VEHICLE_LISTS.iter().filter_map(|name| notice.extra().get(name)) {
                self.salvage(asker, &poster, list, &mut taken);
            }
            taken.statuses = statuses;
            taken.statuses.push(asker.status_object(ViidStatus::Ok, notice.id()));
            self.tell_tollgates(platform, asker, notice.tollgates());
            counts.push((SmolStr::new(notice.cause()), taken.observations.len() - before));
        }
        let response = self.store(asker, platform, taken).await?;
        for (cause, objects) in counts {
            self.context.events.send(Event::Notice {
                platform: platform.clone(),
                kind: T::KIND,
                cause,
                objects: objects as u64,
                at: asker.at,
            });
        }
        Ok(response)
    }

    /// A list in which something could not be read stays as its text: the rest of it is read here, object by object.
    fn salvage(&self, asker: &Asker<'_>, poster: &Poster<'_>, list: &str, taken: &mut Taken) {
        let body = format!(r#"{{"{}":{list}}}"#, MotorVehicleCore::LIST);
        match read_list::<MotorVehicleCore>(body.as_bytes(), &self.reading()) {
            Ok(objects) => {
                for object in &objects {
                    match object {
                        Ok(object) => {
                            self.take_vehicle(asker, poster, &Vehicle::from(object), body.as_bytes(), taken);
                        }
                        Err(problem) => {
                            let (key, detail) = (object_key(problem.reason), problem.to_string());
                            self.quarantine(asker, Some(poster.id()), key, detail, body.as_bytes());
                        }
                    }
                }
            }
            Err(problem) => {
                self.quarantine(asker, Some(poster.id()), "body", problem.to_string(), body.as_bytes());
            }
        }
    }

    async fn take_tollgates(
        &self,
        asker: &Asker<'_>,
        platform: &DeviceId,
        parts: &Parts,
        body: &mut Body,
    ) -> Result<Response, Fault> {
        let tollgates: Vec<Tollgate> = self.read_wishes(asker, platform, parts, body).await?;
        self.tell_tollgates(platform, asker, &tollgates);
        let statuses: Vec<_> =
            tollgates.iter().map(|one| asker.status_object(ViidStatus::Ok, &one.tollgate_id)).collect();
        Ok(Asker::statuses(&statuses))
    }

    fn tell_tollgates(&self, platform: &DeviceId, asker: &Asker<'_>, tollgates: &[Tollgate]) {
        for tollgate in tollgates {
            if let Some(seen) = SeenTollgate::of(tollgate) {
                self.context.events.send(Event::Tollgate { platform: platform.clone(), seen, at: asker.at });
            }
        }
    }
}

/// A notification that carries vehicles.
trait Notice: Object {
    const KIND: NoticeKind;

    fn id(&self) -> &str;
    /// The subscription or disposition that it is about.
    fn cause(&self) -> &str;
    fn extra(&self) -> &Extra;
    fn tollgates(&self) -> &[Tollgate] {
        &[]
    }
    fn each_vehicle(&self, take: &mut dyn FnMut(&Vehicle<'_>));
}

impl Notice for SubscribeNotification {
    const KIND: NoticeKind = NoticeKind::Subscription;

    fn id(&self) -> &str {
        &self.notification_id
    }

    fn cause(&self) -> &str {
        &self.subscribe_id
    }

    fn extra(&self) -> &Extra {
        &self.extra
    }

    fn tollgates(&self) -> &[Tollgate] {
        &self.tollgate_object_list
    }

    fn each_vehicle(&self, take: &mut dyn FnMut(&Vehicle<'_>)) {
        self.motor_vehicle_object_list.iter().for_each(|one: &MotorVehicle| take(&one.into()));
        self.non_motor_vehicle_object_list.iter().for_each(|one: &NonMotorVehicle| take(&one.into()));
    }
}

impl Notice for DispositionNotification {
    const KIND: NoticeKind = NoticeKind::Sighting;

    fn id(&self) -> &str {
        &self.notification_id
    }

    fn cause(&self) -> &str {
        &self.disposition_id
    }

    fn extra(&self) -> &Extra {
        &self.extra
    }

    fn each_vehicle(&self, take: &mut dyn FnMut(&Vehicle<'_>)) {
        self.motor_vehicle.iter().for_each(|one| take(&(&**one).into()));
        self.non_motor_vehicle.iter().for_each(|one| take(&(&**one).into()));
    }
}
