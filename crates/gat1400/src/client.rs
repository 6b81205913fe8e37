//! The requests of the side that reports: a device, or a platform toward the one above it.

use crate::list::{write_list, write_one};
use crate::object::{
    Ape, Disposition, DispositionNotification, Keepalive, Lane, MotorVehicle, NonMotorVehicle, Object,
    Register, Subscribe, SubscribeNotification, Tollgate, UnRegister,
};
use crate::route::{CONTENT_TYPE, Method, Resource, USER_IDENTIFY};
use std::fmt::Write as _;

/// A request, ready for whatever sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub method: Method,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    /// Empty for GET and DELETE.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// Adds the answer to a digest challenge, from [`Challenge::answer`](crate::digest::Challenge::answer).
    #[must_use]
    pub fn with_authorization(mut self, authorization: String) -> Self {
        self.headers.push(("Authorization", authorization));
        self
    }
}

/// Makes the requests of one device or platform.
#[derive(Debug, Clone)]
pub struct Client {
    device_id: String,
}

/// Objects that have a resource of their own.
pub trait Resident: Object {
    const RESOURCE: Resource;
}

macro_rules! residents {
    ($($object:ty = $resource:ident,)*) => {
        $( impl Resident for $object { const RESOURCE: Resource = Resource::$resource; } )*
    };
}

residents! {
    MotorVehicle = MotorVehicles,
    NonMotorVehicle = NonMotorVehicles,
    Tollgate = Tollgates,
    Ape = Apes,
    Lane = Lanes,
    Subscribe = Subscribes,
    SubscribeNotification = SubscribeNotifications,
    Disposition = Dispositions,
    DispositionNotification = DispositionNotifications,
}

impl Client {
    /// `device_id`: the 20 digits of the sender.
    pub fn new(device_id: &str) -> Self {
        Client { device_id: device_id.to_owned() }
    }

    /// The first time without [`Outgoing::with_authorization`], then with the answer to the challenge of the 401.
    pub fn register(&self) -> Outgoing {
        let object = Register { device_id: self.device_id.as_str().into(), ..Register::default() };
        self.send(Method::Post, Resource::Register.path().to_owned(), write_one(&object))
    }

    pub fn unregister(&self) -> Outgoing {
        let object = UnRegister { device_id: self.device_id.as_str().into(), ..UnRegister::default() };
        self.send(Method::Post, Resource::UnRegister.path().to_owned(), write_one(&object))
    }

    pub fn keepalive(&self) -> Outgoing {
        let object = Keepalive { device_id: self.device_id.as_str().into(), ..Keepalive::default() };
        self.send(Method::Post, Resource::Keepalive.path().to_owned(), write_one(&object))
    }

    pub fn time(&self) -> Outgoing {
        self.send(Method::Get, Resource::Time.path().to_owned(), Vec::new())
    }

    /// New objects: passages, subscriptions, notifications.
    pub fn post<T: Resident>(&self, objects: &[T]) -> Outgoing {
        self.send(Method::Post, T::RESOURCE.path().to_owned(), write_list(objects))
    }

    /// Changed objects.
    pub fn put<T: Resident>(&self, objects: &[T]) -> Outgoing {
        self.send(Method::Put, T::RESOURCE.path().to_owned(), write_list(objects))
    }

    /// One changed object at its own path, such as a subscription that is taken back.
    pub fn put_one<T: Resident>(&self, id: &str, object: &T) -> Outgoing {
        self.send(Method::Put, item_path(T::RESOURCE, id), write_one(object))
    }

    /// Asks for objects; `query` is written as it is, and may be empty.
    pub fn get(&self, resource: Resource, query: &str) -> Outgoing {
        let mark = if query.is_empty() { "" } else { "?" };
        self.send(Method::Get, format!("{}{mark}{query}", resource.path()), Vec::new())
    }

    /// Deletes the objects with these ids.
    pub fn delete(&self, resource: Resource, ids: &[&str]) -> Outgoing {
        self.send(Method::Delete, format!("{}?IDList={}", resource.path(), ids.join(",")), Vec::new())
    }

    fn send(&self, method: Method, target: String, body: Vec<u8>) -> Outgoing {
        let mut headers = vec![(USER_IDENTIFY, self.device_id.clone())];
        if !body.is_empty() {
            headers.push(("Content-Type", CONTENT_TYPE.to_owned()));
        }
        Outgoing { method, target, headers, body }
    }
}

fn item_path(resource: Resource, id: &str) -> String {
    let mut path = resource.path().to_owned() + "/";
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            write!(path, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    path
}
