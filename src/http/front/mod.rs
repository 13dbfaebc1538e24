//! The front half of the HTTP door: takes every connection, keeps every limit, serves what streams.
//!
//! Everything a stranger sends is read here, on the event loop, by code that trusts none of it; pages' calls go on to
//! the back over a Unix socket once they are whole. No blocking work here, and no store.

mod answer;
mod bodies;
mod callers;
mod connections;
mod exchange;
pub mod head;
mod lanes;
mod rights;
mod shared;
mod socket;
mod tls;
mod upstream;
pub(in crate::http) mod websocket;

use std::io::{self, Write as _};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_io::{Async, Timer};
use bytes::Bytes;
use futures_lite::FutureExt as _;
use rustix::net::sockopt;
use smol::channel;
use smol::lock::Semaphore;

pub use connections::{Caps, Times};

use crate::executor::{Executor, Task};
use crate::ground::crowd;
use crate::ground::limits;
use crate::ground::network::Network;
use crate::http::back::Entrance;
use crate::http::ports::channel_player::ChannelPlayer;
use crate::http::ports::clips::Clips;
use crate::http::ports::devices::Devices;
use crate::http::ports::events::Events;
use crate::http::ports::player::Player;
use crate::http::ports::status::Status;
use crate::socket::{ServerConfig, WebSocketDoor};
use bodies::Bodies;
use connections::Connections;
use head::Hosts;
use rights::Rights;
use shared::Shared;
use upstream::Upstream;

/// What a front needs.
pub struct FrontConfig {
    /// Host names it answers to, besides addresses, `localhost` and `lareira.local`.
    pub names: Vec<String>,
    /// Certificate (DER) of the authority that people install to trust the secure door, as soon as there is one.
    pub authority: Arc<OnceLock<Bytes>>,
    /// The way to the back.
    pub back: Entrance,
    /// Who plays shares.
    pub player: Arc<dyn Player>,
    /// Who plays TV channels.
    pub channels: Arc<dyn ChannelPlayer>,
    /// Who takes web cameras.
    pub web_cameras: Arc<dyn WebSocketDoor>,
    /// Who takes films.
    pub clips: Arc<dyn Clips>,
    /// Who opens events.
    pub events: Arc<dyn Events>,
    /// Who knows how the gateway is.
    pub status: Arc<dyn Status>,
    /// Who knows devices.
    pub devices: Arc<dyn Devices>,
    /// From where figures may be asked for, besides this machine.
    pub metrics_from: Vec<Network>,
    /// How long things may take.
    pub times: Times,
    /// How many may be connected.
    pub caps: Caps,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            head: limits::HTTP_HEAD_TIME,
            idle: limits::HTTP_IDLE,
            body: limits::HTTP_BODY_TIME,
            body_safe: limits::HTTP_BODY_SAFE,
            write: limits::HTTP_WRITE_TIME,
            call: limits::HTTP_CALL_TIME,
            sweep: limits::HTTP_SWEEP,
            rights: limits::RIGHTS_LOOK,
        }
    }
}

impl Default for Caps {
    /// What `ground::limits` says, or half the descriptors this process may have if that is less: a client costs one
    /// here and perhaps two in the back.
    fn default() -> Self {
        let half = descriptors().map_or(usize::MAX, |descriptors| (descriptors / 2).max(16));
        Self(crowd::Caps::of(limits::HTTP_CONNECTIONS.min(half)))
    }
}

/// How many descriptors this process may have, where Linux tells.
fn descriptors() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

/// The front half, serving. Dropping it ends the listening; call [`Front::shut_down`] before to end it well.
pub struct Front {
    executor: Executor,
    shared: Arc<Shared>,
    connections: Arc<Connections>,
    listening: Mutex<Vec<Task<()>>>,
    _sweep: Task<()>,
    _rounds: Task<()>,
    _looks: Task<()>,
}

/// Wait after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Front {
    /// A front that listens nowhere yet.
    pub fn new(config: FrontConfig, executor: &Executor) -> Self {
        let connections = Connections::new(config.caps);
        let sweep = {
            let (connections, every) = (connections.clone(), config.times.sweep);
            executor.spawn(async move { connections.sweep(every).await })
        };
        let shared = Shared {
            hosts: Hosts::new(&config.names),
            authority: config.authority,
            times: config.times,
            player: config.player,
            channels: config.channels,
            web_cameras: config.web_cameras,
            clips: config.clips,
            events: config.events,
            status: config.status,
            devices: config.devices,
            lookups: Semaphore::new(limits::HTTP_LOOKUPS),
            metrics_from: config.metrics_from,
            upstream: Upstream::new(config.back, executor),
            bodies: Bodies::new(config.times.body_safe),
            large_chunks: Semaphore::new(limits::HTTP_LARGE_CHUNKS),
            rights: Rights::default(),
        };
        let shared = Arc::new(shared);
        // One look is enough however many devices have gone before it.
        let (tell, told) = channel::bounded(1);
        shared.devices.on_gone(Box::new(move || {
            let _ = tell.try_send(());
        }));
        let looks = {
            let (shared, connections) = (shared.clone(), connections.clone());
            executor.spawn(async move {
                while told.recv().await.is_ok() {
                    shared.rights.ask().await;
                    connections.ask_again(&*shared.devices).await;
                }
            })
        };
        let rounds = {
            let (shared, every) = (shared.clone(), config.times.rights);
            executor.spawn(async move { shared.rights.go_round(every).await })
        };
        Self {
            executor: executor.clone(),
            shared,
            connections,
            listening: Mutex::default(),
            _sweep: sweep,
            _rounds: rounds,
            _looks: looks,
        }
    }

    /// Serves who comes to `listener`; gives the address.
    pub fn listen(&self, listener: TcpListener) -> io::Result<SocketAddr> {
        self.open(listener, None)
    }

    /// Serves who comes to `listener` over TLS, as `tls` says; gives the address.
    pub fn listen_tls(&self, listener: TcpListener, tls: Arc<ServerConfig>) -> io::Result<SocketAddr> {
        self.open(listener, Some(tls))
    }

    fn open(&self, listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> io::Result<SocketAddr> {
        let address = listener.local_addr()?;
        rustix::net::listen(&listener, limits::ACCEPT_QUEUE)?;
        let listener = Async::new(listener)?;
        let (executor, shared) = (self.executor.clone(), self.shared.clone());
        let connections = self.connections.clone();
        let task = self.executor.spawn(async move {
            for knock in 0_usize.. {
                // However many knock, those who are in have their turn after a few: by way of the reactor, which tells of
                // every socket, and not of this one alone.
                if knock % limits::ACCEPTS_AT_ONCE == 0 {
                    let _ = listener.readable().await;
                }
                match listener.accept().await {
                    Ok((stream, peer)) => take_in(&executor, &shared, &connections, stream, peer.ip(), tls.clone()),
                    Err(error) if is_the_clients(&error) => {}
                    Err(error) => {
                        log::warn!("http: accept failed, trying again: {error}");
                        Timer::after(ACCEPT_PAUSE).await;
                    }
                }
            }
        });
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        Ok(address)
    }

    /// Connections open now, and how many were refused since the start because the house was full.
    pub fn counts(&self) -> (usize, u64) {
        self.connections.counts()
    }

    /// Takes nobody in any more, ends endless bodies and idle connections cleanly, gives the others `grace` to end
    /// with their answers, then cuts them off.
    pub async fn shut_down(&self, grace: Duration) {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.connections.close();
        let in_time = async {
            self.connections.empty().await;
            true
        };
        let late = async {
            Timer::after(grace).await;
            false
        };
        if !in_time.or(late).await {
            log::info!("http: cutting off {} connections", self.connections.counts().0);
            self.connections.cut();
        }
    }
}

fn take_in(
    executor: &Executor,
    shared: &Arc<Shared>,
    connections: &Arc<Connections>,
    stream: Async<TcpStream>,
    peer: IpAddr,
    tls: Option<Arc<ServerConfig>>,
) {
    // Each piece of a live body leaves at once, and a TV that was switched off is noticed.
    let timeout_ms = limits::HTTP_UNACKNOWLEDGED.as_millis() as u32;
    let prepared = stream.get_ref().set_nodelay(true);
    if prepared.and_then(|()| Ok(sockopt::set_tcp_user_timeout(stream.get_ref(), timeout_ms)?)).is_err() {
        return;
    }
    match connections.admit(stream, peer) {
        Ok(connection) => executor.spawn(exchange::serve(shared.clone(), connection, tls)).detach(),
        // Over TLS it would take a handshake to say why.
        Err(stream) if tls.is_none() => turn_away(stream.get_ref()),
        Err(_) => {}
    }
}

/// Says in one breath that the house is full.
fn turn_away(mut stream: &TcpStream) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
        Content-Type: application/json\r\nContent-Length: 84\r\n\r\n\
        {\"error\":{\"code\":\"full\",\"message\":\"too many connections: close some, or try later\"}}";
    // Whoever does not take it at once does without.
    let _ = stream.write(FULL);
    let _ = stream.shutdown(Shutdown::Write);
}

/// Whether an accept failed because of the client alone: the next may succeed at once.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | TimedOut | WouldBlock)
}
