//! The house's name on the home network: multicast DNS (RFC 6762) and its services (RFC 6763), so that `lareira.local`
//! is found, and camera apps and players list the gateway by themselves.
//!
//! `mdns-sd` speaks the protocol, on a thread of its own that sleeps while nobody asks. A name that someone has already
//! gets a number (`lareira-2.local`), and that is said. No network is no error: the gateway is reached by its addresses.

mod label;

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;

use async_io::Timer;
use futures_lite::FutureExt as _;
use mdns_sd::{DaemonEvent, IfKind, Receiver, ServiceDaemon, ServiceInfo};

use crate::executor::{Executor, Task};
use crate::ground::limits;

pub use label::Label;

/// What is announced, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The host's name without `.local`, and the name that services are listed by.
    pub name: String,
    /// Which networks are told.
    pub networks: Networks,
    /// Whether it is reached by IPv6 too.
    pub ipv6: bool,
    /// What is there.
    pub services: Vec<Service>,
}

/// Networks that are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Networks {
    /// All that the host is in; itself it need not tell.
    All,
    /// The one in which it has this address.
    Of(IpAddr),
    /// Those of the interfaces with these names.
    Named(Vec<String>),
}

/// Something that is there to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// What is spoken there.
    pub kind: Kind,
    /// The TCP port.
    pub port: u16,
}

/// What is spoken, by its registered name (RFC 6335).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Pages.
    Http,
    /// Pages, over TLS.
    Https,
    /// Where camera apps publish.
    Rtsp,
}

impl Kind {
    fn domain(self) -> &'static str {
        match self {
            Self::Http => "_http._tcp.local.",
            Self::Https => "_https._tcp.local.",
            Self::Rtsp => "_rtsp._tcp.local.",
        }
    }

    /// The TXT record: where pages begin (RFC 6763, section 6; the key `path` is registered for `http`).
    fn text(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Http | Self::Https => &[("path", "/")],
            Self::Rtsp => &[],
        }
    }
}

/// Why nothing can be announced.
#[derive(Debug)]
pub enum LanError {
    /// The responder can't be started or told.
    Responder(mdns_sd::Error),
}

impl fmt::Display for LanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Responder(error) => write!(f, "the gateway's name can't be announced: {error}"),
        }
    }
}
impl std::error::Error for LanError {}

impl From<mdns_sd::Error> for LanError {
    fn from(error: mdns_sd::Error) -> Self {
        Self::Responder(error)
    }
}

/// The name and the services, announced; dropped without [`Self::leave`] they are remembered by others for two minutes.
pub struct Presence {
    responder: ServiceDaemon,
    _listening: Task<()>,
}

impl Presence {
    /// Announces what `settings` say, now and wherever the host comes to be.
    pub fn announce(settings: &Settings, executor: &Executor) -> Result<Self, LanError> {
        let responder = ServiceDaemon::new()?;
        // Addresses are looked at now and then: more often would only wake a sleeping machine.
        responder.set_ip_check_interval(limits::LAN_LOOK.as_secs() as u32)?;
        match &settings.networks {
            Networks::All => responder.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?,
            Networks::Of(address) => {
                responder.disable_interface(IfKind::All)?;
                responder.enable_interface(IfKind::Addr(*address))?;
            }
            Networks::Named(names) => {
                responder.disable_interface(IfKind::All)?;
                responder.enable_interface(names.iter().cloned().map(IfKind::Name).collect::<Vec<_>>())?;
            }
        }
        if !settings.ipv6 {
            responder.disable_interface(IfKind::IPv6)?;
        }
        let news = responder.monitor()?;
        let host = format!("{}.local.", settings.name);
        for Service { kind, port } in &settings.services {
            let info = ServiceInfo::new(kind.domain(), &settings.name, &host, "", *port, kind.text())?;
            responder.register(info.enable_addr_auto())?;
        }
        let listening = executor.spawn(tell(news, settings.name.clone()));
        Ok(Self { responder, _listening: listening })
    }

    /// Says goodbye: others forget the name at once (RFC 6762, section 10.1).
    pub async fn leave(self) {
        let Ok(left) = self.responder.shutdown() else { return };
        let said = async { drop(left.recv_async().await) };
        let late = async {
            Timer::after(limits::LAN_GOODBYE).await;
        };
        said.or(late).await;
    }
}

/// Writes down what becomes of the name.
async fn tell(news: Receiver<DaemonEvent>, name: String) {
    let mut seen = HashSet::new();
    let first = async { Some(news.recv_async().await) };
    let alone = async {
        Timer::after(limits::LAN_SILENCE).await;
        None
    };
    let mut heard = first.or(alone).await;
    if heard.is_none() {
        log::info!("mdns: there is no network to announce {name}.local in: the gateway is reached by its addresses");
    }
    loop {
        let event = match heard.take() {
            Some(heard) => heard,
            None => news.recv_async().await,
        };
        match event {
            // Its text is "HOST:INTERFACE".
            Ok(DaemonEvent::Announce(_, place)) if seen.len() < limits::LAN_PLACES => {
                if let Some((host, interface)) = place.split_once(':')
                    && seen.insert(place.clone())
                {
                    log::info!("mdns: announced host={} interface={interface}", host.trim_end_matches('.'));
                }
            }
            Ok(DaemonEvent::NameChange(change)) if seen.len() < limits::LAN_PLACES => {
                let (old, new) = (change.original.trim_end_matches('.'), change.new_name.trim_end_matches('.'));
                if seen.insert(format!("{old} {new} {}", change.intf_name)) {
                    log::warn!("mdns: {old} is someone else's on {}: this gateway is {new} there", change.intf_name);
                }
            }
            Ok(DaemonEvent::Error(error)) => log::warn!("mdns: {error}"),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
