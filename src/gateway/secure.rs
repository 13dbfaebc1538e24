//! HTTPS and RTSPS for the gateway: their ports, their certificates, and a look at them now and then.
//!
//! Without them the gateway still does most of what it is for: whatever fails here is said, HTTP goes on, and it is tried
//! again at every look.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};

use async_io::Timer;
use bytes::Bytes;

use crate::authority::{Authority, Names, Settings, host_name};
use crate::config::Config;
use crate::executor::{Executor, Task, Work, unblock};
use crate::gateway::mdns;
use crate::ground::limits;
use crate::ground::time::{Clock, UnixMs};
use crate::http::{Front, SecurePorts};
use crate::rtsp::RtspServer;

/// Certificates, and the ports that are opened with them.
pub(super) struct Secure {
    settings: Settings,
    authority: Option<Arc<Authority>>,
    https: Door,
    rtsps: Door,
    /// What is wrong with the certificates, as it was said last.
    trouble: Option<String>,
    told: Told,
}

/// What others are told of the secure doors.
#[derive(Clone, Default)]
pub(super) struct Told {
    /// Where they are.
    pub ports: Arc<SecurePorts>,
    /// The authority's certificate (DER), if there is an authority.
    pub certificate: Arc<OnceLock<Bytes>>,
}

/// A secure door.
struct Door {
    what: &'static str,
    setting: &'static str,
    /// Where it is to be; `None` if nowhere, or once it is served.
    wanted: Option<SocketAddr>,
    listener: Option<TcpListener>,
    /// Whether it was said that it can't be opened.
    is_troubled: bool,
}

/// The names that the gateway answers to: those that are set, and the host's own.
pub(super) fn names(config: &Config) -> Vec<String> {
    let host = host_name().into_iter().flat_map(|name| [format!("{name}.local"), name]);
    config.http.names.iter().cloned().chain(mdns::names(config)).chain(host).collect()
}

/// What of certificates and ports can be had at once, as `config` says; `None` if there is to be nothing secure.
pub(super) fn open(config: &Config, now: UnixMs) -> Option<Secure> {
    let https = Door::new("HTTPS", "https.address", config.https.enabled.then_some(config.https.address));
    let rtsps = Door::new("RTSPS", "rtsps.address", config.rtsps.enabled.then_some(config.rtsps.address));
    let addresses: Vec<_> = [&https, &rtsps].into_iter().filter_map(|door| door.wanted).map(|at| at.ip()).collect();
    let address = addresses.iter().find(|address| address.is_unspecified()).or(addresses.first()).copied()?;
    let given = config.own_certificate().inspect_err(|error| log::error!("no HTTPS and no RTSPS: {error}")).ok()?;
    let set = config.http.names.iter().cloned().chain(mdns::names(config)).collect();
    let settings = Settings { folder: config.data_dir.join("tls"), names: Names { set, address }, given };
    let mut secure = Secure { settings, authority: None, https, rtsps, trouble: None, told: Told::default() };
    secure.look(now);
    Some(secure)
}

impl Door {
    fn new(what: &'static str, setting: &'static str, wanted: Option<SocketAddr>) -> Self {
        Self { what, setting, wanted, listener: None, is_troubled: false }
    }

    /// Takes its port, if it is wanted and not taken yet.
    fn bind(&mut self) {
        let (Some(address), None) = (self.wanted, &self.listener) else { return };
        match TcpListener::bind(address) {
            Ok(listener) => self.listener = Some(listener),
            Err(error) if !self.is_troubled => {
                self.is_troubled = true;
                log::error!(
                    "no {}: {address} can't be listened on: {error}. Set {} in config.toml to another, or free it: it \
                     is tried again every minute",
                    self.what,
                    self.setting
                );
            }
            Err(_) => {}
        }
    }

    /// Where it is, or is to be as soon as that works.
    fn address(&self) -> Option<SocketAddr> {
        let bound = self.listener.as_ref().and_then(|listener| listener.local_addr().ok());
        bound.or(self.wanted).filter(|address| address.port() != 0)
    }

    /// Hands its port over to whoever serves it; gives the port.
    fn serve(&mut self, listen: impl FnOnce(TcpListener) -> std::io::Result<SocketAddr>) -> Option<u16> {
        match listen(self.listener.take()?) {
            Ok(address) => {
                self.wanted = None;
                if self.is_troubled {
                    log::info!("{} is there now, at {address}", self.what);
                }
                Some(address.port())
            }
            Err(error) => {
                self.is_troubled = true;
                log::error!("no {} yet: {error}", self.what);
                None
            }
        }
    }
}

impl Secure {
    /// Where HTTPS is, or is to be as soon as that works.
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.https.address()
    }

    /// Where RTSPS is, or is to be as soon as that works.
    pub fn rtsps_address(&self) -> Option<SocketAddr> {
        self.rtsps.address()
    }

    /// What others are told.
    pub fn told(&self) -> Told {
        self.told.clone()
    }

    /// Gets what is missing, and looks whether certificates are still good. Blocks on the disk.
    fn look(&mut self, now: UnixMs) {
        let looked = match &self.authority {
            Some(authority) => authority.refresh(now),
            None => Authority::open(self.settings.clone(), now).map(|authority| {
                if let Some(certificate) = authority.certificate() {
                    // It stays the same for as long as the gateway runs.
                    let _ = self.told.certificate.set(certificate);
                }
                self.authority = Some(Arc::new(authority));
            }),
        };
        match looked.map_err(|error| error.to_string()) {
            Ok(()) => {
                if self.trouble.take().is_some() {
                    log::info!("https: the certificate is there again");
                }
            }
            Err(error) if self.trouble.as_ref() == Some(&error) => {}
            Err(error) => {
                let meanwhile = match self.authority {
                    Some(_) => "https: the certificate of before stays in use",
                    None => "no HTTPS and no RTSPS yet, it is tried again every minute",
                };
                log::error!("{meanwhile}: {error}");
                self.trouble = Some(error);
            }
        }
        if self.authority.is_some() {
            self.https.bind();
            self.rtsps.bind();
        }
    }

    /// Lets `front` and `rtsp` serve who comes over TLS, where a port is there that is not served yet.
    fn serve(&mut self, front: &Front, rtsp: &RtspServer, executor: &Executor) {
        let Some(authority) = &self.authority else { return };
        if let Some(port) = self.https.serve(|listener| front.listen_tls(listener, authority.tls())) {
            self.told.ports.open_https(port);
        }
        if let Some(port) = self.rtsps.serve(|listener| rtsp.listen_tls(listener, authority.tls(), executor)) {
            self.told.ports.open_rtsps(port);
        }
    }

    /// Lets `front` and `rtsp` serve who comes over TLS, and looks at ports and certificates from time to time, until
    /// what is given back is dropped.
    pub fn keep_serving(
        mut self,
        front: Arc<Front>,
        rtsp: Arc<RtspServer>,
        executor: &Executor,
        clock: Arc<dyn Clock>,
    ) -> Task<()> {
        self.serve(&front, &rtsp, executor);
        let spawner = executor.clone();
        let mut secure = self;
        executor.spawn(async move {
            loop {
                Timer::after(limits::CERTIFICATE_LOOK).await;
                let now = clock.date();
                secure = unblock(Work::Disk, move || {
                    secure.look(now);
                    secure
                })
                .await;
                secure.serve(&front, &rtsp, &spawner);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);

    /// A gateway's secure doors at loopback, HTTPS at `port`, with more of `[https]`.
    fn secure(folder: &std::path::Path, port: u16, more: &str) -> Secure {
        let text = format!(
            "data_dir = {folder:?}\n[https]\naddress = \"127.0.0.1:{port}\"\n{more}\n[rtsps]\naddress = \"127.0.0.1:0\""
        );
        open(&toml::from_str(&text).expect("a configuration"), NOW).expect("something is to be secure")
    }

    #[test]
    fn a_busy_port_is_tried_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let other = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = other.local_addr().expect("bound");
        let mut secure = secure(dir.path(), address.port(), "");
        assert!(secure.https.listener.is_none() && secure.rtsps.listener.is_some());
        assert_eq!(secure.https_address(), Some(address), "others are told where it will be");
        secure.look(NOW);
        assert!(secure.https.listener.is_none());
        drop(other);
        secure.look(NOW);
        assert!(secure.https.listener.is_some());
        assert_eq!(secure.https.serve(|listener| listener.local_addr()), Some(address.port()));
        secure.look(NOW);
        assert!(secure.https.listener.is_none(), "it is opened once");
    }

    #[test]
    fn own_files_that_are_half_replaced_are_read_again() {
        let (ours, dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let by_authority = secure(ours.path(), 0, "");
        assert!(by_authority.told.certificate.get().is_some());
        let good = std::fs::read(ours.path().join("tls/server.pem")).expect("made");
        let [certificate, key] = ["c.pem", "k.pem"].map(|name| dir.path().join(name));
        let more = format!("certificate = {certificate:?}\nkey = {key:?}");
        std::fs::write(&certificate, &good).expect("written");
        let mut secure = secure(dir.path(), 0, &more);
        assert!(secure.authority.is_none() && secure.https.listener.is_none(), "nobody comes to a door without key");
        std::fs::write(&key, "half").expect("written");
        secure.look(NOW);
        assert!(secure.authority.is_none() && secure.trouble.as_ref().is_some_and(|said| said.contains("private key")));
        std::fs::write(&key, &good).expect("written");
        secure.look(NOW);
        assert!(secure.trouble.is_none());
        assert!(secure.https_address().is_some() && secure.rtsps_address().is_some(), "the doors can open");
        assert!(secure.told.certificate.get().is_none(), "nobody needs to install anything");
    }
}
