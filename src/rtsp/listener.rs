//! Takes connections, for as long as the door is open: no error ends that, and too many are closed at once.

use std::io;
use std::net::TcpListener;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_io::{Async, Timer};
use futures_lite::FutureExt as _;

use super::Shared;
use super::connection::Connection;
use crate::executor::Executor;
use crate::ground::limits;
use crate::socket::{ServerConfig, Socket};

/// How long nothing is taken when descriptors or memory have run out: trying again at once would only burn the
/// processor until a connection ends.
const REST: Duration = Duration::from_millis(100);

/// Takes connections for ever, over TLS where there is a configuration for it.
pub(super) async fn listen(
    listener: Async<TcpListener>,
    tls: Option<Arc<ServerConfig>>,
    shared: Arc<Shared>,
    executor: Executor,
) {
    if let Err(error) = rustix::net::listen(&listener, limits::ACCEPT_QUEUE) {
        log::warn!("rtsp: few may knock at once: {error}");
    }
    for knock in 0_usize.. {
        // However many knock, those who are in have their turn after a few: by way of the reactor, which tells of every
        // socket, and not of this one alone.
        if knock % limits::ACCEPTS_AT_ONCE == 0 {
            let _ = listener.readable().await;
        }
        match listener.accept().await {
            Ok((stream, peer)) => {
                let socket = Arc::new(Socket::new(stream));
                let Some(slot) = shared.slots.take(socket.clone(), peer.ip()) else {
                    log::warn!("rtsp: connection from {} closed: there are too many", peer.ip());
                    continue;
                };
                // Answers are small and waited for.
                let _ = socket.tcp().set_nodelay(true);
                let connection = Connection::new(socket, slot, shared.clone());
                // A fault in one connection is that connection's alone.
                let work = AssertUnwindSafe(connection.run(tls.clone())).catch_unwind();
                executor.spawn(async { drop(work.await) }).detach();
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                log::warn!("rtsp: no connection can be taken now: {error}");
                Timer::after(REST).await;
            }
        }
    }
}

/// Whether `accept` failed for a connection that is gone already (accept(2)), not for want of anything here.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::Interrupted)
}
