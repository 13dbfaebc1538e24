//! The client: one GET a connection, over TLS or not, with every step held against the guard.
//!
//! A name is resolved once, the address is checked, and that very address is connected to: nobody can answer with one
//! address to the check and another to the connection. Works on the event loop and on threads alike.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_io::Async;
use bytes::{Bytes, BytesMut};
use futures_lite::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use futures_rustls::TlsConnector;
use futures_rustls::pki_types::ServerName;
use futures_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::executor::{Work, in_time, unblock};
use crate::fetch::guard::Guard;
use crate::fetch::home::LastSeen;
use crate::ground::limits;
use crate::wire::fetch::{Answer, Body, BodyError, Cookies, Request, Scheme, Url, UrlError, read_answer};

/// Bytes read at once.
const READ_BYTES: usize = 32 * 1024;
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

/// Why a server gave no answer.
#[derive(Debug)]
pub enum FetchError {
    /// The host may not be reached, unless the owner names it in this setting.
    Forbidden(String, &'static str),
    /// The name has no address.
    Unresolved(String),
    /// Nobody answers there, or the connection broke.
    Connection(String, io::Error),
    /// Nothing came for too long.
    Silent(String),
    /// What came is no answer.
    Answer(String, BodyError),
    /// It answered with an error.
    Status(String, u16),
    /// A redirect leads nowhere that can be asked.
    Redirect(String, UrlError),
    /// One redirect after the other.
    TooManyRedirects(String),
    /// The answer is longer than such a thing may be.
    TooLong(String, u64),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(host, setting) => write!(
                f,
                "{host} may not be reached, because it is at home or on this machine; if it should be, add its address \
                 to {setting}"
            ),
            Self::Unresolved(host) => write!(f, "{host} is not found: check the name and the network"),
            Self::Connection(host, error) => write!(f, "{host} can't be reached: {error}"),
            Self::Silent(host) => write!(f, "{host} does not answer: try again later"),
            Self::Answer(host, error) => write!(f, "{host}: {error}"),
            Self::Status(host, status) => write!(f, "{host} answers with status {status}"),
            Self::Redirect(host, error) => write!(f, "{host} leads elsewhere, where {error}"),
            Self::TooManyRedirects(host) => write!(f, "{host} leads from one address to the next without end"),
            Self::TooLong(host, bytes) => write!(f, "the answer of {host} is longer than {bytes} bytes"),
        }
    }
}
impl std::error::Error for FetchError {}

/// A connection, encrypted or not.
trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// Asks servers.
pub struct Client {
    guard: Guard,
    home: Arc<LastSeen>,
    tls: OnceLock<TlsConnector>,
}

/// An answer whose body is still to be read.
pub struct Fetched {
    /// Where it came from in the end.
    pub url: Url,
    /// Its head.
    pub answer: Answer,
    /// What servers on the way set.
    pub cookies: Cookies,
    /// Its body.
    pub body: BodyReader,
}

impl Fetched {
    /// The same, if the answer is good (200 or 206).
    pub fn good(self) -> Result<Self, FetchError> {
        match self.answer.status {
            200 | 206 => Ok(self),
            status => Err(FetchError::Status(self.url.authority(), status)),
        }
    }

    /// Its whole body, if it has at most `limit` bytes.
    pub async fn whole(mut self, limit: u64) -> Result<Vec<u8>, FetchError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.body.next().await? {
            if (whole.len() + piece.len()) as u64 > limit {
                return Err(FetchError::TooLong(self.url.authority(), limit));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

impl Client {
    /// A client that keeps to `guard`.
    pub fn new(guard: Guard) -> Self {
        Self { guard, home: Arc::default(), tls: OnceLock::new() }
    }

    /// Asks for `url` and follows redirects, each server told those of `cookies` that are its own, and what was set on the
    /// way. Answers of any status but redirects come back.
    pub async fn get_with(&self, url: &Url, request: &Request, mut cookies: Cookies) -> Result<Fetched, FetchError> {
        let (mut url, mut request) = (url.clone(), request.clone());
        for _ in 0..=limits::FETCH_REDIRECTS {
            request.cookie = cookies.of(&url);
            let mut fetched = self.get_once(&url, &request).await?;
            cookies.take(&url, &fetched.answer);
            match fetched.answer.redirect() {
                None => {
                    fetched.cookies = cookies;
                    return Ok(fetched);
                }
                Some(location) => {
                    url = url.join(location).map_err(|error| FetchError::Redirect(url.authority(), error))?;
                }
            }
        }
        Err(FetchError::TooManyRedirects(url.authority()))
    }

    /// The same, where nothing was set before.
    pub async fn get(&self, url: &Url, request: &Request) -> Result<Fetched, FetchError> {
        self.get_with(url, request, Cookies::default()).await
    }

    /// The whole body at `url`, if it is good, has at most `limit` bytes, and is there within `time`.
    pub async fn get_whole(&self, url: &Url, limit: u64, time: Duration) -> Result<(Url, Vec<u8>), FetchError> {
        let whole = async {
            let fetched = self.get(url, &Request::default()).await?.good()?;
            Ok((fetched.url.clone(), fetched.whole(limit).await?))
        };
        let in_time = in_time(time, whole).await;
        in_time.unwrap_or_else(|| Err(FetchError::Silent(url.authority())))
    }

    async fn get_once(&self, url: &Url, request: &Request) -> Result<Fetched, FetchError> {
        let broken = |error| FetchError::Connection(url.authority(), error);
        let silent = || FetchError::Silent(url.authority());
        let mut stream = in_time(limits::FETCH_ANSWER_TIME, self.connect(url)).await.ok_or_else(silent)??;
        let exchange = async {
            stream.write_all(&request.head(url)).await.map_err(broken)?;
            stream.flush().await.map_err(broken)?;
            let mut received = BytesMut::new();
            loop {
                let wrong = |error| FetchError::Answer(url.authority(), error);
                if let Some((answer, length)) = read_answer(&received).map_err(wrong)? {
                    let rest = received.split_off(length).freeze();
                    return Ok((answer, rest));
                }
                if read_more(&mut *stream, &mut received, limits::HTTP_HEAD_BYTES).await.map_err(broken)? == 0 {
                    return Err(wrong(BodyError::CutOff));
                }
            }
        };
        let (mut answer, received) = in_time(limits::FETCH_ANSWER_TIME, exchange).await.ok_or_else(silent)??;
        let framing = std::mem::take(&mut answer.body);
        let length = framing.length();
        let body = BodyReader { host: url.authority(), stream, framing, received, room: BytesMut::new(), length };
        Ok(Fetched { url: url.clone(), answer, cookies: Cookies::default(), body })
    }

    async fn connect(&self, url: &Url) -> Result<Box<dyn Connection>, FetchError> {
        let mut failed = None;
        for place in self.places(url).await? {
            let connecting = in_time(limits::FETCH_CONNECT_TIME, Async::<TcpStream>::connect(place));
            match connecting.await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())) {
                Ok(stream) => {
                    // Without it all goes well, only a little later.
                    let _ = stream.get_ref().set_nodelay(true);
                    return match url.scheme() {
                        Scheme::Http => Ok(Box::new(stream)),
                        Scheme::Https => self.encrypt(url, stream).await,
                    };
                }
                Err(error) => failed = Some(error),
            }
        }
        Err(match failed {
            Some(error) => FetchError::Connection(url.authority(), error),
            None => FetchError::Forbidden(url.authority(), self.guard.setting()),
        })
    }

    /// The addresses of the server that may be reached.
    async fn places(&self, url: &Url) -> Result<Vec<SocketAddr>, FetchError> {
        let (host, port) = (url.host().to_owned(), url.port());
        let home = self.home.clone();
        let found = unblock(Work::Names, move || {
            let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
                Ok(address) => vec![SocketAddr::new(address, port)],
                Err(_) => (host.as_str(), port).to_socket_addrs()?.collect(),
            };
            io::Result::Ok((found, home.now()))
        });
        let unresolved = || FetchError::Unresolved(url.host().to_owned());
        let (found, home) = found.await.map_err(|_| unresolved())?;
        if found.is_empty() {
            return Err(unresolved());
        }
        let permitted = found.into_iter().filter(|place| self.guard.permits(*place, is_own(place.ip()), &home));
        Ok(permitted.take(ADDRESSES).collect())
    }

    async fn encrypt(&self, url: &Url, stream: Async<TcpStream>) -> Result<Box<dyn Connection>, FetchError> {
        let broken = |error| FetchError::Connection(url.authority(), error);
        let name = ServerName::try_from(url.host().to_owned()).map_err(|error| broken(io::Error::other(error)))?;
        let stream = self.tls.get_or_init(connector).connect(name, stream).await.map_err(broken)?;
        Ok(Box::new(stream))
    }
}

/// TLS with the authorities that browsers trust (Mozilla's).
fn connector() -> TlsConnector {
    connector_trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

fn connector_trusting(roots: RootCertStore) -> TlsConnector {
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider speaks what is standard")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config).into()
}

/// Whether an address is this machine's: the way to it begins where it ends. Nothing is sent.
fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let way = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    way.is_ok_and(|from| from.ip().to_canonical() == address.to_canonical())
}

async fn read_more(stream: &mut dyn Connection, into: &mut BytesMut, most: usize) -> io::Result<usize> {
    let before = into.len();
    into.resize(before + most, 0);
    let read = stream.read(&mut into[before..]).await;
    into.truncate(before + read.as_ref().copied().unwrap_or(0));
    read
}

/// A body, piece by piece as it comes. Reads no further than is taken from it.
pub struct BodyReader {
    host: String,
    stream: Box<dyn Connection>,
    framing: Body,
    received: Bytes,
    /// Where is read to, so that pieces don't each cost a room of their own.
    room: BytesMut,
    length: Option<u64>,
}

impl BodyReader {
    /// Its length, where the server said it.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next piece; `None` at the end. A body that breaks off or falls silent is an error.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let wrong = |host: &str, error| FetchError::Answer(host.to_owned(), error);
        loop {
            if let Some(piece) = self.framing.take(&mut self.received).map_err(|error| wrong(&self.host, error))? {
                return Ok(Some(piece));
            }
            if self.framing.is_over() {
                return Ok(None);
            }
            let read = read_more(&mut *self.stream, &mut self.room, READ_BYTES);
            let read = in_time(limits::FETCH_SILENCE, read).await;
            match read.ok_or_else(|| FetchError::Silent(self.host.clone()))? {
                // Servers that end TLS without a word are many; the framing tells whether something is missing.
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Err(FetchError::Connection(self.host.clone(), error));
                }
                Ok(0) | Err(_) => {
                    self.framing.end().map_err(|error| wrong(&self.host, error))?;
                    self.framing = Body::Over;
                    return Ok(None);
                }
                Ok(_) => self.received = self.room.split().freeze(),
            }
        }
    }

    /// The pieces as a stream that ends at the end or at an error.
    pub fn into_stream(self) -> Pin<Box<dyn futures_lite::Stream<Item = Bytes> + Send>> {
        Box::pin(futures_lite::stream::unfold(self, |mut body| async move {
            match body.next().await {
                Ok(piece) => Some((piece?, body)),
                Err(error) => {
                    log::debug!("fetch: {error}");
                    None
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    use futures_rustls::TlsAcceptor;
    use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use futures_rustls::rustls::ServerConfig;

    use crate::executor::Executor;

    /// Where the owner allows more.
    const SETTING: &str = "allow of the test";
    const AUTHORITY: &[u8] = include_bytes!("../../tests/fixtures/tls/authority.der");
    const LOCALHOST: &[u8] = include_bytes!("../../tests/fixtures/tls/localhost.der");
    const KEY: &[u8] = include_bytes!("../../tests/fixtures/tls/localhost.key.der");

    /// A server on loopback that gives each who comes the same bytes, over TLS or not.
    fn serve(executor: &Executor, answer: &'static [u8], tls: bool) -> u16 {
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks what is standard")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(LOCALHOST)], PrivateKeyDer::try_from(KEY).expect("a key"))
            .expect("they belong together");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).expect("a free port");
        let port = listener.get_ref().local_addr().expect("it is bound").port();
        let serving = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream: Box<dyn Connection> = match tls {
                    false => Box::new(stream),
                    true => match acceptor.accept(stream).await {
                        Ok(stream) => Box::new(stream),
                        Err(_) => continue,
                    },
                };
                let mut head = [0; 1024];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.close().await;
            }
        };
        executor.spawn(serving).detach();
        port
    }

    fn client(port: u16) -> Client {
        Client::new(Guard::new(vec![format!("127.0.0.1:{port}").parse().expect("an address")], Vec::new(), SETTING))
    }

    fn get(executor: &Executor, client: &Client, url: &str) -> Result<Vec<u8>, FetchError> {
        let url = Url::parse(url).expect("an address");
        executor.run(client.get_whole(&url, 100, Duration::from_secs(20))).map(|(_, whole)| whole)
    }

    #[test]
    fn certificates_are_checked() {
        let executor = Executor::default();
        let port = serve(&executor, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true);
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(AUTHORITY)).expect("an authority");
        let trusting = client(port);
        assert!(trusting.tls.set(connector_trusting(roots)).is_ok());
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("https://{host}:{port}/");
            assert_eq!(get(&executor, &trusting, &url).expect("an answer"), b"hello", "{url}");
            let error = get(&executor, &client(port), &url).expect_err("nobody vouches for it");
            assert!(error.to_string().contains("certificate"), "{error}");
        }
    }

    #[test]
    fn answers_have_limits_and_ends() {
        let executor = Executor::default();
        let failure = |answer: &'static [u8]| {
            let port = serve(&executor, answer, false);
            let got = get(&executor, &client(port), &format!("http://127.0.0.1:{port}/"));
            got.map_or_else(|error| error.to_string(), |whole| String::from_utf8_lossy(&whole).into_owned())
        };
        assert_eq!(failure(b"HTTP/1.0 200 OK\r\n\r\nhello"), "hello");
        assert!(failure(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").contains("broke off"));
        assert!(failure(b"HTTP/1.1 500 No\r\n\r\n").contains("status 500"));
        assert!(failure(b"what?").contains("not HTTP"));
        assert!(failure(b"").contains("broke off"));
        assert!(failure(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n").contains("without end"));
        const LONG: &[u8] = &[b'x'; 200];
        let long: &'static [u8] = [b"HTTP/1.1 200 OK\r\n\r\n", LONG].concat().leak();
        assert!(failure(long).contains("longer than 100 bytes"));
    }

    #[test]
    fn names_that_lead_home_are_refused() {
        let executor = Executor::default();
        let port = serve(&executor, b"HTTP/1.1 200 OK\r\n\r\nsecret", false);
        let closed = Client::new(Guard::new(Vec::new(), Vec::new(), SETTING));
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
            let error = get(&executor, &closed, &format!("http://{host}:{port}/")).expect_err("home");
            assert!(matches!(error, FetchError::Forbidden(..)), "{host}: {error}");
            assert!(error.to_string().ends_with(SETTING), "{error}");
        }
        let missing = get(&executor, &closed, "http://nobody.invalid/").expect_err("no such name");
        assert!(matches!(missing, FetchError::Unresolved(_)), "{missing}");
    }
}
