//! Subordinate and neighbouring platforms of vehicle terminals: JT/T 809-2011 and -2019 over TCP.
//!
//! A platform opens the main link and logs in with its access code, its user and its password ([`dialog`]); a session belongs to
//! the access code, so one that logs in again takes over. We open the sub link back to it where it asks for one
//! ([`sub_link`]). What it says of vehicles becomes observations ([`fact`]) that are made durable before more is read
//! ([`connection`]): the protocol has no acknowledgement, so a full disk slows the platform by TCP and loses nothing.

mod connection;
mod dialog;
mod fact;
mod sub_link;

use crate::accept::{Shutdown, accept};
use crate::context::Context;
use dialog::Sessions;
use domain::DeviceKind;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves platforms until `shutdown` becomes true; returns when every connection has ended.
pub async fn serve(listener: TcpListener, context: Arc<Context>, shutdown: Shutdown) {
    let connections_max = context.limits.fleet_connections_max;
    let sessions = Arc::new(Sessions::default());
    let of_connection = shutdown.clone();
    accept(listener, DeviceKind::Fleet, connections_max, shutdown, |stream, address| {
        connection::serve(stream, address, context.clone(), sessions.clone(), of_connection.clone())
    })
    .await;
}
