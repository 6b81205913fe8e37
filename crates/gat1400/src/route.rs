//! What a request asks for: method and path to [`Route`], route and body to [`Request`], and the answers.

use crate::codes::StatusCode;
use crate::list::{BodyProblem, Limits, Objects, read_list, read_one, write_list, write_one};
use crate::object::{
    Ape, Disposition, DispositionNotification, Keepalive, Lane, MotorVehicle, NonMotorVehicle, Object,
    Register, ResponseStatus, Subscribe, SubscribeNotification, Tollgate, UnRegister,
};
use crate::time::DateTime;

/// Every path of the interface begins with it.
pub const PREFIX: &str = "/VIID";

/// Header with the 20-digit id of the sender, on every request after registration (GA/T 1400.4-2017).
pub const USER_IDENTIFY: &str = "User-Identify";

/// What this crate writes beside a body. What peers write beside theirs is of no account.
pub const CONTENT_TYPE: &str = "application/VIID+JSON;charset=UTF-8";

/// The methods of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Method::Get, Method::Post, Method::Put, Method::Delete]
            .into_iter()
            .find(|method| method.name().eq_ignore_ascii_case(name))
    }
}

/// The resources that this crate knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    Register,
    UnRegister,
    Keepalive,
    Time,
    MotorVehicles,
    NonMotorVehicles,
    Tollgates,
    Apes,
    Lanes,
    Subscribes,
    SubscribeNotifications,
    Dispositions,
    DispositionNotifications,
}

impl Resource {
    pub const ALL: &'static [Resource] = &[
        Resource::Register,
        Resource::UnRegister,
        Resource::Keepalive,
        Resource::Time,
        Resource::MotorVehicles,
        Resource::NonMotorVehicles,
        Resource::Tollgates,
        Resource::Apes,
        Resource::Lanes,
        Resource::Subscribes,
        Resource::SubscribeNotifications,
        Resource::Dispositions,
        Resource::DispositionNotifications,
    ];

    /// The whole path.
    pub const fn path(self) -> &'static str {
        match self {
            Resource::Register => "/VIID/System/Register",
            Resource::UnRegister => "/VIID/System/UnRegister",
            Resource::Keepalive => "/VIID/System/Keepalive",
            Resource::Time => "/VIID/System/Time",
            Resource::MotorVehicles => "/VIID/MotorVehicles",
            Resource::NonMotorVehicles => "/VIID/NonMotorVehicles",
            Resource::Tollgates => "/VIID/Tollgates",
            Resource::Apes => "/VIID/APEs",
            Resource::Lanes => "/VIID/Lanes",
            Resource::Subscribes => "/VIID/Subscribes",
            Resource::SubscribeNotifications => "/VIID/SubscribeNotifications",
            Resource::Dispositions => "/VIID/Dispositions",
            Resource::DispositionNotifications => "/VIID/DispositionNotifications",
        }
    }

    /// Methods of the resource; of one item of it, `/VIID/Subscribes/ID`, when `is_item`.
    const fn methods(self, is_item: bool) -> &'static [Method] {
        use Method::{Delete, Get, Post, Put};
        match (self, is_item) {
            (Resource::Register | Resource::UnRegister | Resource::Keepalive, false) => &[Post],
            (Resource::Time, false) => &[Get],
            (Resource::Register | Resource::UnRegister | Resource::Keepalive | Resource::Time, true) => &[],
            // Standard: queries only. Platforms also push their directories by POST, so that is read too.
            (Resource::Tollgates | Resource::Apes | Resource::Lanes, false) => &[Get, Post, Put],
            (Resource::SubscribeNotifications | Resource::DispositionNotifications, false) => {
                &[Get, Post, Delete]
            }
            (_, false) => &[Get, Post, Put, Delete],
            (Resource::SubscribeNotifications | Resource::DispositionNotifications, true) => &[Get, Delete],
            (_, true) => &[Get, Put, Delete],
        }
    }
}

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'p> {
    pub method: Method,
    pub resource: Resource,
    /// `/VIID/Subscribes/ID`: the id as it stands in the path.
    pub id: Option<&'p str>,
    /// Behind the question mark, not decoded; empty without one.
    pub query: &'p str,
}

/// Why a request goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouteProblem {
    /// HTTP 404.
    #[error("no such resource")]
    NotFound,
    /// HTTP 405, with these in `Allow`.
    #[error("method is not one of the resource's")]
    MethodNotAllowed { allowed: &'static [Method] },
}

impl<'p> Route<'p> {
    /// Reads method and target. Case, a trailing slash and a doubled slash make no difference in the path.
    ///
    /// # Errors
    /// [`RouteProblem`] for what this crate does not know; the interface has more resources (persons, faces, …).
    pub fn parse(method: &str, target: &'p str) -> Result<Self, RouteProblem> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let resource = Resource::ALL
            .iter()
            .copied()
            .find(|resource| starts_with(segments.clone(), resource.path()))
            .ok_or(RouteProblem::NotFound)?;
        let depth = resource.path().split('/').filter(|segment| !segment.is_empty()).count();
        let id = segments.nth(depth);
        if segments.next().is_some() {
            return Err(RouteProblem::NotFound);
        }
        let allowed = resource.methods(id.is_some());
        if allowed.is_empty() {
            return Err(RouteProblem::NotFound);
        }
        let method = Method::from_name(method)
            .filter(|method| allowed.contains(method))
            .ok_or(RouteProblem::MethodNotAllowed { allowed })?;
        Ok(Route { method, resource, id, query })
    }

    /// The value of a query parameter, not decoded.
    pub fn parameter(&self, name: &str) -> Option<&'p str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

fn starts_with<'p>(mut segments: impl Iterator<Item = &'p str>, path: &str) -> bool {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .all(|expected| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(expected)))
}

/// A request as objects.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    Register(Register),
    UnRegister(UnRegister),
    Keepalive(Keepalive),
    Time,
    MotorVehicles(Objects<MotorVehicle>),
    NonMotorVehicles(Objects<NonMotorVehicle>),
    Tollgates(Objects<Tollgate>),
    Apes(Objects<Ape>),
    Lanes(Objects<Lane>),
    Subscribes(Objects<Subscribe>),
    SubscribeNotifications(Objects<SubscribeNotification>),
    Dispositions(Objects<Disposition>),
    DispositionNotifications(Objects<DispositionNotification>),
    /// GET: what is asked for stands in the route.
    Query,
    /// DELETE: what is to go stands in the route's id or its parameter `IDList`.
    Delete,
}

impl Request {
    /// Reads the body that belongs to a route. POST brings new objects, PUT changed ones.
    ///
    /// # Errors
    /// [`BodyProblem`] when nothing of the body can be used.
    pub fn read(route: &Route<'_>, body: &[u8], limits: &Limits) -> Result<Self, BodyProblem> {
        Ok(match (route.method, route.resource) {
            (_, Resource::Time) => Request::Time,
            (Method::Get, _) => Request::Query,
            (Method::Delete, _) => Request::Delete,
            (_, Resource::Register) => Request::Register(read_one(body, limits)?),
            (_, Resource::UnRegister) => Request::UnRegister(read_one(body, limits)?),
            (_, Resource::Keepalive) => Request::Keepalive(read_one(body, limits)?),
            (_, Resource::MotorVehicles) => Request::MotorVehicles(read_list(body, limits)?),
            (_, Resource::NonMotorVehicles) => Request::NonMotorVehicles(read_list(body, limits)?),
            (_, Resource::Tollgates) => Request::Tollgates(read_list(body, limits)?),
            (_, Resource::Apes) => Request::Apes(read_list(body, limits)?),
            (_, Resource::Lanes) => Request::Lanes(read_list(body, limits)?),
            (_, Resource::Subscribes) => Request::Subscribes(read_list(body, limits)?),
            (_, Resource::SubscribeNotifications) => {
                Request::SubscribeNotifications(read_list(body, limits)?)
            }
            (_, Resource::Dispositions) => Request::Dispositions(read_list(body, limits)?),
            (_, Resource::DispositionNotifications) => {
                Request::DispositionNotifications(read_list(body, limits)?)
            }
        })
    }
}

impl BodyProblem {
    /// What to answer a body that cannot be used.
    pub fn status_code(&self) -> StatusCode {
        match self {
            BodyProblem::Empty | BodyProblem::Syntax { .. } => StatusCode::InvalidFormat,
            BodyProblem::Wrapper { .. } | BodyProblem::Object(_) => StatusCode::InvalidContent,
            BodyProblem::TooManyObjects { .. } => StatusCode::InvalidOperation,
        }
    }
}

/// The answer to a request about one thing: `{"ResponseStatusObject":{…}}`.
pub fn write_status(status: &ResponseStatus) -> Vec<u8> {
    write_one(status)
}

/// The answer to a request with a list: `{"ResponseStatusListObject":{"ResponseStatusObject":[…]}}`.
pub fn write_statuses(statuses: &[ResponseStatus]) -> Vec<u8> {
    write_list(statuses)
}

/// One status for each object of a request: fine for what was read, invalid content for what was not. `id_of` gives the
/// id of an object.
pub fn statuses_of<T: Object>(
    request_url: &str,
    objects: &Objects<T>,
    local_time: DateTime,
    id_of: impl Fn(&T) -> &str,
) -> Vec<ResponseStatus> {
    let status = |object: &Result<T, _>| match object {
        Ok(object) => ResponseStatus::new(request_url, StatusCode::Ok, id_of(object), local_time),
        Err(_) => ResponseStatus::new(request_url, StatusCode::InvalidContent, "", local_time),
    };
    objects.iter().map(status).collect()
}
