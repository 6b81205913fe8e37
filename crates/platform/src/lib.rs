//! Other platforms (对接平台): everything outward of GA/T 1400.
//!
//! Two roles, and a platform may have both. **We come to it**: [`keep`] registers with digest, keeps alive, registers again
//! when it was forgotten, places and renews our subscriptions and dispositions. **It comes to us**: the gateway's listener
//! takes what it sends, [`desk`] answers what needs the records, [`deliver`] passes on the passages that it subscribed to,
//! and [`sighting`] tells it when a vehicle that it looks for was seen.
//!
//! What is passed on is read from the journal, and a subscription's place in it is stored after each notification that was
//! confirmed. So a subscriber that is down for a day gets the day when it is back; one that confirmed and was not heard
//! gets a notification again, with the same ids. Never sent: passages out of the platform's scope, and passages at
//! tollgates that were admitted from that same platform.
//!
//! What is wanted is in the records; this crate makes it so, again and again, and notes what came of it. Nothing here is
//! the only holder of anything but the state of the links, which is true only of now.

pub mod deliver;
mod desk;
mod exchange;
mod id;
mod keep;
pub mod link;
mod object;
mod seal;
mod sighting;

pub use desk::accept;
pub use exchange::{Exchange, Options, Stores};
pub use id::{disposition_id, subscription_id};
pub use link::{LinkError, LinkPhase, LinkState, Probe};
pub use seal::Seal;
