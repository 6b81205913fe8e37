//! The listener of pages and programs: connections within a bound, heads within a time, an orderly end.

use crate::body::{ARRIVE_MAX, Arriving};
use crate::shutdown::ended;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use gateway::Shutdown;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Connections at a time; one more is closed at once. An office has tens of pages with some connections each: the rest is
/// for who opens thousands and asks nothing, until [`HEAD_TIMEOUT`] ends them.
pub(crate) const CONNECTIONS_MAX: usize = 8_000;
/// Time in which a request's head must arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long to wait when the process has no file descriptor left.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Serves until `shutdown` becomes true; returns when all requests have been answered.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => break,
            Some(finished) = connections.join_next() => note(finished),
            accepted = listener.accept() => match (accepted, places.clone().try_acquire_owned()) {
                (Ok((stream, address)), Ok(place)) => {
                    let connection = serve_one(stream, address, router.clone(), shutdown.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                (Ok(_), Err(_)) => metrics::counter!("anchang_connections_refused_total", "source" => "page").increment(1),
                (Err(error), _) => {
                    tracing::warn!(%error, "could not accept a connection of a page");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            },
        }
    }
    drop(listener);
    while let Some(finished) = connections.join_next().await {
        note(finished);
    }
}

/// A panic costs its connection only, but is never silent.
fn note(finished: Result<(), tokio::task::JoinError>) {
    if let Err(error) = finished {
        tracing::error!(%error, "a page's connection failed");
    }
}

async fn serve_one(stream: TcpStream, address: SocketAddr, router: Router, mut shutdown: Shutdown) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(Arriving::new(Body::new(body), ARRIVE_MAX)));
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().oneshot(request)
    });
    // Live events are small, and wanted at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection without TCP_NODELAY");
    }
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = ended(&mut shutdown) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%address, %error, "a page's connection ended");
    }
}
