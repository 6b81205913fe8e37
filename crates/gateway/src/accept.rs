//! Taking connections, within a bound, until shutdown: the part that both listeners have in common.

use domain::DeviceKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Becomes true when the process is to end; a dropped sender means the same.
pub type Shutdown = watch::Receiver<bool>;

/// Waits for the end.
pub(crate) async fn ended(shutdown: &mut Shutdown) {
    // An error says that the sender is gone, which is an end as well.
    drop(shutdown.wait_for(|is_ended| *is_ended).await);
}

/// How long to wait when the process has no file descriptor left: the connection stays in the kernel's queue meanwhile.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Runs `serve_one` for each connection, at most `connections_max` at a time; one more is closed at once and counted.
/// Returns when `shutdown` says so and every connection has ended.
pub(crate) async fn accept<F>(
    listener: TcpListener,
    source: DeviceKind,
    connections_max: usize,
    mut shutdown: Shutdown,
    serve_one: impl Fn(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS)));
    let open = metrics::gauge!("anchang_connections", "source" => source.key());
    let refused = metrics::counter!("anchang_connections_refused_total", "source" => source.key());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => break,
            Some(finished) = connections.join_next() => note(source, finished),
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => match places.clone().try_acquire_owned() {
                    Ok(place) => {
                        let connection = serve_one(stream, address);
                        open.increment(1);
                        let open = open.clone();
                        connections.spawn(async move {
                            connection.await;
                            open.decrement(1);
                            drop(place);
                        });
                    }
                    Err(_) => refused.increment(1),
                },
                Err(error) => {
                    tracing::warn!(source = source.key(), %error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            },
        }
    }
    drop(listener);
    while let Some(finished) = connections.join_next().await {
        note(source, finished);
    }
}

/// A panic in one connection costs that connection only, but is never silent.
fn note(source: DeviceKind, finished: Result<(), tokio::task::JoinError>) {
    if let Err(error) = finished {
        metrics::gauge!("anchang_connections", "source" => source.key()).decrement(1);
        tracing::error!(source = source.key(), %error, "a connection's task failed");
    }
}
