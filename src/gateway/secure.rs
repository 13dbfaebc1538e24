//! HTTPS and RTSPS for the gateway: their ports, their certificates, and a look at them now and then.
//!
//! Without them the gateway still does most of what it is for: whatever fails here is said, and HTTP goes on.

use std::io;
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
use crate::ingest::Ingest;

/// Certificates, and the ports that are opened with them.
pub(super) struct Secure {
    pub authority: Arc<Authority>,
    https: Option<TcpListener>,
    rtsps: Option<TcpListener>,
}

/// The names that the gateway answers to: those that are set, and the host's own.
pub(super) fn names(config: &Config) -> Vec<String> {
    let host = host_name().into_iter().flat_map(|name| [format!("{name}.local"), name]);
    config.http.names.iter().cloned().chain(nearby::names(config)).chain(host).collect()
}

/// Opens ports and certificates as `config` says; `None` if there is to be nothing secure, or if it can't be.
pub(super) fn open(config: &Config, now: UnixMs) -> Option<Secure> {
    let https = config.https.enabled.then_some(config.https.address);
    let rtsps = config.rtsps.enabled.then_some(config.rtsps.address);
    let https = https.and_then(|address| listen("HTTPS", "https.address", address));
    let rtsps = rtsps.and_then(|address| listen("RTSPS", "rtsps.address", address));
    let addresses = [&https, &rtsps].into_iter().flatten().filter_map(|door| door.local_addr().ok());
    let addresses: Vec<_> = addresses.map(|address| address.ip()).collect();
    let address = addresses.iter().find(|address| address.is_unspecified()).or(addresses.first()).copied()?;
    let given = config.own_certificate().inspect_err(|error| log::error!("no HTTPS and no RTSPS: {error}")).ok()?;
    let set = config.http.names.iter().cloned().chain(nearby::names(config)).collect();
    let settings = Settings { folder: config.data_dir.join("tls"), names: Names { set, address }, given };
    let authority = Authority::open(settings, now);
    let authority = authority.inspect_err(|error| log::error!("no HTTPS and no RTSPS: {error}")).ok()?;
    Some(Secure { authority: Arc::new(authority), https, rtsps })
}

fn listen(what: &str, setting: &str, address: SocketAddr) -> Option<TcpListener> {
    let listener = TcpListener::bind(address);
    let told = |error: &io::Error| {
        log::error!("no {what}: {address} can't be listened on: {error}. Set {setting} in config.toml to another");
    };
    listener.inspect_err(told).ok()
}

impl Secure {
    /// Where HTTPS is, if it is.
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.https.as_ref()?.local_addr().ok()
    }

    /// Lets `ingest` take who publishes over TLS. Gives the address.
    pub fn serve_rtsps(&mut self, ingest: &mut Ingest, executor: &Executor) -> Option<SocketAddr> {
        let opened = ingest.listen_tls(self.rtsps.take()?, self.authority.tls(), executor);
        opened.inspect_err(|error| log::error!("no RTSPS: {error}")).ok()
    }

    /// Lets `front` serve who comes by HTTPS, and looks at the certificates from time to time.
    pub fn serve_https(self, front: &Front, executor: &Executor, clock: Arc<dyn Clock>) {
        let Self { https, authority, .. } = self;
        if let Some(Err(error)) = https.map(|listener| front.listen_tls(listener, authority.tls())) {
            log::error!("no HTTPS: {error}");
        }
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
    }
}
