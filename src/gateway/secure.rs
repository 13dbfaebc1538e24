//! HTTPS for the gateway: its port, its certificates, and a look at them now and then.
//!
//! Without HTTPS the gateway still does most of what it is for: whatever fails here is said, and HTTP goes on.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use async_io::Timer;

use crate::authority::{Authority, Names, Settings, host_name};
use crate::executor::Executor;
use crate::gateway::config::Config;
use crate::gateway::nearby;
use crate::ground::limits;
use crate::ground::time::{Clock, UnixMs};
use crate::http::Front;

/// A port and certificates.
pub(super) struct Https {
    listener: TcpListener,
    pub address: SocketAddr,
    pub authority: Arc<Authority>,
}

/// The names that the gateway answers to: those that are set, and the host's own.
pub(super) fn names(config: &Config) -> Vec<String> {
    let host = host_name().into_iter().flat_map(|name| [format!("{name}.local"), name]);
    config.http.names.iter().cloned().chain(nearby::names(config)).chain(host).collect()
}

/// Opens port and certificates as `config` says; `None` if there is to be no HTTPS, or if it can't be.
pub(super) fn open(config: &Config, now: UnixMs) -> Option<Https> {
    if !config.https.enabled {
        return None;
    }
    let address = config.https.address;
    let listener = match TcpListener::bind(address) {
        Ok(listener) => listener,
        Err(error) => {
            log::error!(
                "no HTTPS: {address} can't be listened on: {error}. Set https.address in config.toml to another"
            );
            return None;
        }
    };
    let given = config.own_certificate().inspect_err(|error| log::error!("no HTTPS: {error}")).ok()?;
    let set = config.http.names.iter().cloned().chain(nearby::names(config)).collect();
    let names = Names { set, address: address.ip() };
    let settings = Settings { folder: config.data_dir.join("tls"), names, given };
    match (Authority::open(settings, now), listener.local_addr()) {
        (Ok(authority), Ok(address)) => Some(Https { listener, address, authority: Arc::new(authority) }),
        (Err(error), _) => {
            log::error!("no HTTPS: {error}");
            None
        }
        (_, Err(error)) => {
            log::error!("no HTTPS: {error}");
            None
        }
    }
}

impl Https {
    /// Lets `front` serve who comes, and looks at the certificates from time to time. Gives the address.
    pub fn serve(self, front: &Front, executor: &Executor, clock: Arc<dyn Clock>) -> Option<SocketAddr> {
        let Self { listener, authority, .. } = self;
        let address = match front.listen_tls(listener, authority.tls()) {
            Ok(address) => address,
            Err(error) => {
                log::error!("no HTTPS: {error}");
                return None;
            }
        };
        let looking = async move {
            let mut failed = false;
            loop {
                Timer::after(limits::CERTIFICATE_LOOK).await;
                let (authority, now) = (authority.clone(), clock.date());
                let refreshed = blocking::unblock(move || authority.refresh(now)).await;
                if let Err(error) = &refreshed
                    && !failed
                {
                    log::error!("https: the certificate of before stays in use: {error}");
                }
                failed = refreshed.is_err();
            }
        };
        executor.spawn(looking).detach();
        Some(address)
    }
}
