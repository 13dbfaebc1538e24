//! The authority: makes and keeps the certificates with which the gateway speaks TLS on the home's network.
//!
//! A certificate authority of this gateway's own, made on the first start, and a server certificate by it that is made
//! anew before it ends or when names change; or files of the owner's. No sockets: whoever listens takes [`Authority::tls`].
//! X.509 (RFC 5280), PEM (RFC 7468), TLS (RFC 8446, RFC 5246).

mod files;
mod issue;
mod name_constraints;
mod names;
mod renewal;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use futures_rustls::rustls::crypto;
use futures_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use futures_rustls::rustls::sign::CertifiedKey;
use futures_rustls::rustls::{self, ServerConfig};

use crate::ground::time::UnixMs;
use files::{Given, Server};
use issue::Root;
use name_constraints::PermittedSubtrees;
pub use names::{Names, host_name};

/// What certificates are made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the authority's files are.
    pub folder: PathBuf,
    /// What the server is called.
    pub names: Names,
    /// Certificate chain and key of the owner's own, as PEM files; then no authority is made.
    pub given: Option<(PathBuf, PathBuf)>,
}

/// Why there is no certificate.
#[derive(Debug)]
pub enum AuthorityError {
    /// A file or folder can't be used.
    File(PathBuf, io::Error),
    /// A file does not hold what it should; the text says what is missing.
    Content(PathBuf, &'static str),
    /// Certificate and key of these files don't belong together, or are of a kind that can't be used.
    Unusable(PathBuf, rustls::Error),
    /// No certificate can be made.
    Making(rcgen::Error),
}

impl fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{} can't be used: {error}", path.display()),
            Self::Content(path, missing) => write!(f, "{} holds no {missing} in PEM form", path.display()),
            Self::Unusable(path, error) => {
                write!(f, "{}: certificate and key can't be used together: {error}", path.display())
            }
            Self::Making(error) => write!(f, "no certificate can be made: {error}"),
        }
    }
}
impl std::error::Error for AuthorityError {}

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        Self::Making(error)
    }
}

/// The certificate that is shown to clients now. Connections that stand keep theirs.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    fn show(&self, key: Arc<CertifiedKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Where server certificates come from.
enum Source {
    /// The authority of this gateway, and the server's certificate by it.
    Own(Box<Root>, Mutex<Server>),
    /// Files of the owner's.
    Given(Mutex<Given>),
}

/// Certificates for as long as the gateway runs.
pub struct Authority {
    settings: Settings,
    source: Source,
    shown: Arc<Shown>,
    tls: Arc<ServerConfig>,
}

impl Authority {
    /// Reads what there is, and makes what is missing. `now` is the date by the system's clock, right or wrong.
    pub fn open(settings: Settings, now: UnixMs) -> Result<Self, AuthorityError> {
        let (source, key) = match &settings.given {
            Some((certificate, key)) => {
                let (given, key) = Given::open(certificate, key)?;
                (Source::Given(given.into()), key)
            }
            None => {
                let root = files::root(&settings.folder, || PermittedSubtrees::with(&settings.names.lasting()))?;
                log::info!(
                    "https: the certificate authority has fingerprint={} limited_to_the_home={}",
                    root.fingerprint(),
                    root.is_limited()
                );
                let (names, left_out) = root.sort(settings.names.now());
                tell_left_out(&settings, &left_out);
                let server = Server::open(&settings.folder, &root, &names, now)?;
                let key = server.key().clone();
                (Source::Own(root.into(), server.into()), key)
            }
        };
        let shown = Arc::new(Shown(RwLock::new(key)));
        let mut tls = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { settings, source, shown, tls: Arc::new(tls) })
    }

    /// How to speak TLS; the certificate in it is always the newest.
    pub fn tls(&self) -> Arc<ServerConfig> {
        self.tls.clone()
    }

    /// The authority's own certificate (DER), for people to install; `None` with the owner's files.
    pub fn certificate(&self) -> Option<Bytes> {
        match &self.source {
            Source::Own(root, _) => Some(root.der().clone()),
            Source::Given(_) => None,
        }
    }

    /// Makes a new server certificate if it is time to, or reads the owner's files if they have changed. Blocks on the
    /// disk. After an error the certificate of before stays in use.
    pub fn refresh(&self, now: UnixMs) -> Result<(), AuthorityError> {
        match &self.source {
            Source::Own(root, server) => {
                let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
                let (names, left_out) = root.sort(self.settings.names.now());
                if server.refresh(root, &names, now)? {
                    tell_left_out(&self.settings, &left_out);
                    self.shown.show(server.key().clone());
                }
            }
            Source::Given(given) => {
                let read_anew = given.lock().unwrap_or_else(PoisonError::into_inner).refresh()?;
                if let Some(key) = read_anew {
                    log::info!("https: the certificate was read anew");
                    self.shown.show(key);
                }
            }
        }
        Ok(())
    }
}

/// The fingerprint (SHA-256, in hexadecimal) of the certificate authority that is kept in `folder`, if there is one.
pub fn fingerprint(folder: &Path) -> Option<String> {
    files::kept_fingerprint(folder)
}

/// Says which names and addresses are not in the certificate because the authority may not sign for them.
fn tell_left_out(settings: &Settings, left_out: &[String]) {
    let (addresses, names): (Vec<_>, Vec<_>) = left_out.iter().partition(|name| name.parse::<IpAddr>().is_ok());
    let (own, names): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| Some(*name) == host_name().as_ref());
    if let [own] = own[..] {
        log::info!("https: not for {own}, which may be a domain of the internet. Use {own}.local");
    }
    if !addresses.is_empty() {
        log::info!("https: not for addresses of the internet: {addresses:?}. Use a name, or an address of the home");
    }
    if !names.is_empty() {
        log::warn!(
            "https: not for {names:?}, because the authority was made before they were set. To have them, delete {} and \
             start again; phones then have to trust the new authority",
            files::root_file(&settings.folder).display()
        );
    }
}
