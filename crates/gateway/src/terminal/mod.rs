//! Vehicle terminals: JT/T 808 over TCP.
//!
//! A session belongs to a SIM number, never to a socket: an upstream platform relays thousands of terminals over one
//! connection, and a terminal that comes back on a new connection takes its session with it ([`registry`]). What a terminal
//! reports is answered only when it is durable; what several frames of one read report is made durable together
//! ([`connection`]). What is said and answered is in [`dialog`], how a report becomes observations in [`fact`].

mod connection;
mod dialog;
pub(crate) mod fact;
mod registry;
mod turn;

pub use registry::{SendError, Terminals, auth_code};

use crate::accept::{Shutdown, accept};
use crate::context::Context;
use domain::DeviceKind;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves terminals until `shutdown` becomes true; returns when every connection has ended.
pub async fn serve(listener: TcpListener, context: Arc<Context>, shutdown: Shutdown) {
    let connections_max = context.limits.terminal_connections_max;
    let of_connection = shutdown.clone();
    accept(listener, DeviceKind::Terminal, connections_max, shutdown, |stream, address| {
        connection::serve(stream, address, context.clone(), of_connection.clone())
    })
    .await;
}
