//! The protocols that are listened to: one folder each, and one line here.

use crate::accept::Shutdown;
use crate::context::Context;
use crate::{dahua, fleet, isapi, terminal, viid};
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What serves a listener until it is told to end.
type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A protocol that devices or other platforms speak to us.
#[derive(Clone, Copy)]
pub struct Protocol {
    /// Its name: the key of its address in the configuration, in `addresses.json` and on the command line.
    pub name: &'static str,
    /// Where it is listened to unless it is said otherwise.
    pub port: u16,
    /// Serves a listener until the end; returns when every connection has ended.
    pub serve: fn(TcpListener, Arc<Context>, Shutdown) -> Serving,
}

impl std::fmt::Debug for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.name, self.port)
    }
}

/// The name of GA/T 1400, which other platforms speak, too.
pub const VIID: &str = "viid";

/// All of them. To add one, see `docs/adding-a-protocol.md`.
#[rustfmt::skip] // A line each.
pub const PROTOCOLS: &[Protocol] = &[
    Protocol { name: VIID, port: 8710, serve: |at, context, end| Box::pin(viid::serve(at, context, end)) },
    Protocol { name: "terminals", port: 8720, serve: |at, context, end| Box::pin(terminal::serve(at, context, end)) },
    Protocol { name: "isapi", port: 8730, serve: |at, context, end| Box::pin(isapi::serve(at, context, end)) },
    Protocol { name: "dahua", port: 8740, serve: |at, context, end| Box::pin(dahua::serve(at, context, end)) },
    Protocol { name: "fleets", port: 8750, serve: |at, context, end| Box::pin(fleet::serve(at, context, end)) },
];

impl Protocol {
    /// The protocol of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PROTOCOLS.iter().find(|protocol| protocol.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ports_are_different() {
        for (index, protocol) in PROTOCOLS.iter().enumerate() {
            let others = PROTOCOLS.iter().skip(index + 1);
            others.for_each(|other| assert!(other.name != protocol.name && other.port != protocol.port));
            assert!(Protocol::find(protocol.name).is_some_and(|found| found.port == protocol.port));
        }
    }
}
