//! The door publishers come through: RTSP over TCP, media inside the connection or over UDP; RTSP over TLS, media inside.
//!
//! Sockets and timers only. What bytes mean is known to `wire::rtsp` and `wire::rtp`; who may publish where is asked of
//! the [`Gate`]; frames go straight into the [`Publisher`] it gives. Nothing here knows shares, the store or HTTP.

mod buffer;
mod connection;
mod connection_slots;
mod listener;
mod publishing;
mod receiving;
mod setup;
mod udp;
mod unread_ports;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_io::Async;

use crate::executor::{Executor, Task};
use crate::ground::crowd::Caps;
use crate::ground::limits::{RTSP_CONNECTIONS, RTSP_CONNECTIONS_PER_PUBLISHER};
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::time::Clock;
use crate::live::Publisher;
use crate::socket::{Handshakes, ServerConfig};
use crate::wire::rtp::Media;

pub use crate::wire::rtsp::Credentials;
use connection_slots::ConnectionSlots;
use unread_ports::UnreadPorts;

/// What a [`Gate`] answers, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, PublishRefusal>> + Send + 'a>>;

/// Decides who may publish where. Work that blocks is done elsewhere.
pub trait Gate: Send + Sync {
    /// Whether something may be published at `path`, which is the address without slashes at its ends, such as
    /// `live/TOKEN`. Asked when a publisher announces itself.
    fn admit<'a>(&'a self, path: &'a str, credentials: Option<Credentials>) -> Answer<'a, ()>;

    /// Whether a name and password that come from `from` are looked at: not where too many were wrong.
    fn may_try(&self, from: IpAddr) -> Result<(), PublishRefusal>;

    /// A name and password that came from `from` were wrong.
    fn was_wrong(&self, from: IpAddr);

    /// Opens the stream for `path`, which was admitted on the same connection. Asked when media are about to come.
    fn open<'a>(&'a self, path: &'a str, media: &'a [Media]) -> Answer<'a, Publisher>;
}

/// Where publishers are waited for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address and port of RTSP. Port 0 takes a free one.
    pub address: SocketAddr,
    /// Ports that media over UDP may use, two for each track that is taken and two for all others; `None` takes free ones.
    pub udp_ports: Option<RangeInclusive<u16>>,
}

/// What all connections share.
struct Shared {
    gate: Arc<dyn Gate>,
    clock: Arc<dyn Clock>,
    slots: Arc<ConnectionSlots>,
    handshakes: Arc<Handshakes>,
    udp_ports: Option<RangeInclusive<u16>>,
    next_udp_port: AtomicU16,
    unread_ports: UnreadPorts,
    stopping: AtomicBool,
}

/// The open door.
pub struct RtspServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Mutex<Vec<Task<()>>>,
}

impl RtspServer {
    /// Opens the door: publishers are taken from now on.
    pub fn open(
        settings: &Settings,
        gate: Arc<dyn Gate>,
        clock: Arc<dyn Clock>,
        executor: &Executor,
    ) -> io::Result<Self> {
        let listener = Async::<TcpListener>::bind(settings.address)?;
        let address = listener.get_ref().local_addr()?;
        let caps = Caps { device: RTSP_CONNECTIONS_PER_PUBLISHER, ..Caps::of(RTSP_CONNECTIONS) };
        let shared = Arc::new(Shared {
            gate,
            clock,
            slots: Arc::new(ConnectionSlots::new(caps)),
            handshakes: Arc::default(),
            udp_ports: settings.udp_ports.clone(),
            next_udp_port: AtomicU16::new(0),
            unread_ports: UnreadPorts::default(),
            stopping: AtomicBool::new(false),
        });
        let listening = executor.spawn(listener::listen(listener, None, shared.clone(), executor.clone()));
        Ok(Self { address, shared, listening: vec![listening].into() })
    }

    /// Takes publishers at `listener` too, over TLS as `tls` says; gives the address.
    pub fn listen_tls(
        &self,
        listener: TcpListener,
        tls: Arc<ServerConfig>,
        executor: &Executor,
    ) -> io::Result<SocketAddr> {
        let address = listener.local_addr()?;
        let listening = listener::listen(Async::new(listener)?, Some(tls), self.shared.clone(), executor.clone());
        self.listening().push(executor.spawn(listening));
        Ok(address)
    }

    /// The address that is listened at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn listening(&self) -> MutexGuard<'_, Vec<Task<()>>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the door: takes no more publishers, sends those away who publish, as lost ones, and waits until that is done.
    pub async fn stop(&self) {
        let listening = std::mem::take(&mut *self.listening());
        for listening in listening {
            listening.cancel().await;
        }
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.slots.shut_down().await;
    }
}
