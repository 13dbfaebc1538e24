//! The secure door as a client sees it: handshakes, requests, bodies without end, and clients that mean no good.

mod http_house;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use async_io::{Async, block_on};
use futures_rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::crypto::cipher::{MessageEncrypter, OutboundPlainMessage};
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::crypto::tls13::OkmBlock;
use futures_rustls::rustls::version::{TLS12, TLS13};
use futures_rustls::rustls::{
    ClientConfig, ClientConnection, ContentType, KeyLog, NoKeyLog, ProtocolVersion, RootCertStore, StreamOwned,
    SupportedCipherSuite, SupportedProtocolVersion, Tls13CipherSuite,
};
use http_house::home::Home;
use http_house::{Answer, Client, House, Request, eventually, share};
use lareira::authority::{Authority, Names, Settings};
use lareira::ground::limits;
use lareira::ground::time::UnixMs;
use lareira::http::{Caps, Times};
use lareira::socket as door;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

fn today() -> UnixMs {
    std::time::SystemTime::now().into()
}

/// A house with a secure door.
struct Secure {
    house: House,
    authority: Authority,
    address: SocketAddr,
}

impl Secure {
    fn new(times: Times) -> Self {
        Self::of(House::new(times, Caps::default()))
    }

    fn of(house: House) -> Self {
        let names = Names { set: vec!["tv.example".to_owned()], address: Ipv4Addr::LOCALHOST.into() };
        let settings = Settings { folder: house.dir.path().join("tls"), names, given: None };
        let authority = Authority::open(settings, today()).expect("an authority");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = house.front.listen_tls(listener, authority.tls()).expect("listening");
        Self { house, authority, address }
    }

    fn connect(&self) -> Tls {
        self.connect_as("localhost", &TLS13).expect("hands are shaken")
    }

    fn connect_as(&self, name: &'static str, version: &'static SupportedProtocolVersion) -> std::io::Result<Tls> {
        let mut stream =
            StreamOwned::new(self.client(name, version, Arc::new(NoKeyLog)), TcpStream::connect(self.address)?);
        stream.sock.set_nodelay(true)?;
        stream.sock.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.flush()?;
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Client::over(stream))
    }

    /// A client that trusts the authority.
    fn client(
        &self,
        name: &'static str,
        version: &'static SupportedProtocolVersion,
        key_log: Arc<dyn KeyLog>,
    ) -> ClientConnection {
        let mut roots = RootCertStore::empty();
        let certificate = self.authority.certificate().expect("there is an authority");
        roots.add(CertificateDer::from(certificate.to_vec())).expect("it is a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .expect("known versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.key_log = key_log;
        let name = ServerName::try_from(name).expect("a name");
        ClientConnection::new(Arc::new(config), name).expect("a client")
    }
}

impl Default for Secure {
    fn default() -> Self {
        Self::new(Times { sweep: Duration::from_millis(50), ..Times::default() })
    }
}

type Tls = Client<StreamOwned<ClientConnection, TcpStream>>;

/// Hears the secret from which a client's keys follow.
#[derive(Debug, Default)]
struct Overheard(Mutex<Vec<u8>>);

impl KeyLog for Overheard {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        if label == "CLIENT_TRAFFIC_SECRET_0" {
            *self.0.lock().expect("one hears") = secret.to_vec();
        }
    }
}

/// A client that knows TLS 1.3 well and means no good: its records hold nothing.
struct Nothings {
    socket: TcpStream,
    suite: &'static Tls13CipherSuite,
    secret: OkmBlock,
    encrypter: Box<dyn MessageEncrypter>,
    sequence: u64,
}

impl Nothings {
    /// Shakes hands with whoever listens at `address`.
    fn connect(house: &Secure, address: SocketAddr) -> Self {
        let overheard = Arc::new(Overheard::default());
        let tls = house.client("localhost", &TLS13, overheard.clone());
        let mut stream = StreamOwned::new(tls, TcpStream::connect(address).expect("connected"));
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("hands are shaken");
        }
        let Some(SupportedCipherSuite::Tls13(suite)) = stream.conn.negotiated_cipher_suite() else { panic!("1.3") };
        let secret = OkmBlock::new(&overheard.0.lock().expect("one hears"));
        let encrypter = Self::encrypter(suite, &secret);
        Self { socket: stream.sock, suite, secret, encrypter, sequence: 0 }
    }

    /// HKDF-Expand-Label (RFC 8446, section 7.1), of suites with keys of 32 bytes.
    fn expand(suite: &Tls13CipherSuite, secret: &OkmBlock, label: &str, into: &mut [u8]) {
        let head = [0, into.len() as u8, 6 + label.len() as u8];
        let info: [&[u8]; 4] = [&head, b"tls13 ", label.as_bytes(), &[0]];
        suite.hkdf_provider.expander_for_okm(secret).expand_slice(&info, into).expect("short");
    }

    fn encrypter(suite: &Tls13CipherSuite, secret: &OkmBlock) -> Box<dyn MessageEncrypter> {
        let (mut key, mut iv) = ([0; 32], [0; 12]);
        Self::expand(suite, secret, "key", &mut key);
        Self::expand(suite, secret, "iv", &mut iv);
        suite.aead_alg.encrypter(key.into(), iv.into())
    }

    fn record(&mut self, typ: ContentType, bytes: &[u8]) -> Vec<u8> {
        let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload: bytes.into() };
        let sealed = self.encrypter.encrypt(message, self.sequence).expect("sealed");
        self.sequence += 1;
        sealed.encode()
    }

    /// Rounds of thirty empty records. A few more in a row would be too many for rustls, but it forgets them at every new
    /// key, and the new keys at every empty record.
    fn empty(&mut self, rounds: usize) -> Vec<u8> {
        let mut records = Vec::new();
        for _ in 0..rounds {
            for _ in 0..30 {
                records.extend(self.data(b""));
            }
            // KeyUpdate, update_not_requested (RFC 8446, section 4.6.3).
            records.extend(self.record(ContentType::Handshake, &[24, 0, 0, 1, 0]));
            let mut next = vec![0; self.secret.as_ref().len()];
            Self::expand(self.suite, &self.secret, "traffic upd", &mut next);
            self.secret = OkmBlock::new(&next);
            (self.encrypter, self.sequence) = (Self::encrypter(self.suite, &self.secret), 0);
        }
        records
    }

    fn data(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.record(ContentType::ApplicationData, bytes)
    }
}

#[test]
fn empty_records_keep_nobody_waiting() {
    // Eight portions of TLS, which are about 4 KiB each.
    const MOST_BYTES: usize = 9 * 4096;
    let house = Secure::default();
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.get_ref().local_addr().expect("bound");
    let (stream, tls, records, _client) = thread::scope(|scope| {
        let client = scope.spawn(|| Nothings::connect(&house, address));
        let (stream, tls) = block_on(async {
            let (stream, peer) = listener.accept().await.expect("one has come");
            let tls = door::Tls::accept(&stream, peer.ip(), house.authority.tls(), &Arc::default()).await;
            (stream, tls.expect("hands are shaken"))
        });
        let mut client = client.join().expect("a client");
        let mut records = client.empty(120);
        records.extend(client.data(b"hello"));
        client.socket.write_all(&records).expect("sent");
        (stream, tls, records, client)
    });
    let waiting = || rustix::io::ioctl_fionread(stream.get_ref()).expect("known") as usize;
    eventually(|| waiting() == records.len());
    // Whoever reads, or asks whether there is something to read, is held up for a few portions at most, and then waits
    // for the socket, as others do for theirs: it is readable all the while.
    let (mut into, mut calls, mut left) = ([0; 16 * 1024], 0, records.len());
    let count = block_on(async {
        loop {
            let peeked = calls % 2 == 1;
            let said = if peeked {
                tls.peek(stream.get_ref()).and_then(|_| Err(ErrorKind::WouldBlock.into()))
            } else {
                tls.read(stream.get_ref(), &mut into)
            };
            calls += 1;
            assert!(left - waiting() < MOST_BYTES, "{} bytes in one call", left - waiting());
            left = waiting();
            match said {
                Ok(count) => return count,
                Err(error) if door::is_not_yet(&error) && !tls.has_plaintext() => {
                    stream.readable().await.expect("readable")
                }
                Err(error) if door::is_not_yet(&error) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    assert_eq!(&into[..count], b"hello");
    assert!(calls > records.len() / MOST_BYTES, "{calls} calls");
}

#[test]
fn others_are_served_while_empty_records_come() {
    let house = Secure::default();
    let mut client = Nothings::connect(&house, house.address);
    client.socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut other = house.connect();
    for _ in 0..20 {
        let records = client.empty(200);
        client.socket.write_all(&records).expect("taken");
        assert_eq!(other.get("/healthz").status, 200);
    }
    let path = format!("/play/{}/t/video.mp4", share());
    let request = client.data(&Request::get(path).field("Connection", "close").bytes());
    client.socket.write_all(&request).expect("taken");
    let mut answer = Vec::new();
    client.socket.read_to_end(&mut answer).expect("an answer, and its end");
    assert!(answer.len() > 1_000_000, "it was not forgotten");
}

#[test]
fn half_open_handshakes_keep_nobody_out() {
    let house = Secure::default();
    // A silent one costs nothing, and is none.
    let silent = TcpStream::connect(house.address).expect("connected");
    let begun: Vec<_> = (0..limits::TLS_HANDSHAKES)
        .map(|_| {
            let mut stream = TcpStream::connect(house.address).expect("connected");
            stream.write_all(b"\x16\x03\x01\x02\x00\x01").expect("sent");
            stream
        })
        .collect();
    eventually(|| house.house.front.counts().0 == begun.len() + 1);
    for come in 1..=3 {
        assert!(house.connect_as("localhost", &TLS13).is_ok(), "one that was begun long ago makes room");
        eventually(|| house.house.front.counts().0 <= begun.len() + 1 - come + 1);
    }
    drop((begun, silent));
}

#[test]
fn both_versions_are_spoken_by_every_name() {
    let house = Secure::default();
    for name in ["localhost", "lareira.local", "tv.example", "127.0.0.1"] {
        for (version, spoken) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
            let mut client = house.connect_as(name, version).expect("hands are shaken");
            assert_eq!(client.stream().conn.protocol_version(), Some(spoken));
            assert_eq!(client.stream().conn.alpn_protocol(), Some(&b"http/1.1"[..]));
            for _ in 0..3 {
                let answer = client.get("/healthz");
                assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"status":"ok"}"#));
            }
        }
    }
    let error = house.connect_as("elsewhere.example", &TLS13).expect_err("not its name");
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn cookies_that_tls_gives_are_worth_nothing_without() {
    let home = Home::new();
    let (steward, plain) = (home.steward.clone(), home.house.address);
    let account = home.account("Casa");
    let tv = home.tv(account);
    let secure = Secure::of(home.house);
    let device = |fields: &str| {
        let answer = secure.connect().ask(Request::get("/tv/api/device").fields(fields));
        let set = answer.field("Set-Cookie").expect("a cookie").to_owned();
        let value = answer.json();
        (set, value["tv_id"].as_str().expect("an id").to_owned(), value["paired"] == true)
    };
    let over_http = |path: &str, fields: &str| {
        let mut client = Client::new(plain);
        client.begin(Request::get(path).fields(fields));
        client.head().status
    };
    // A TV that was paired without TLS stays paired, and its cookie is given anew.
    let (set, _, is_paired) = device(&tv);
    assert!(is_paired && set.starts_with("__Secure-lareira_tv=") && set.ends_with("; Secure"), "{set}");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/tv"), "{set}");
    let given = format!("Cookie: {}\r\n", set.split(';').next().expect("its pair"));
    assert!(device(&given).2);
    let mut events = secure.connect();
    events.begin(Request::get("/tv/api/events").fields(&given));
    assert_eq!(events.head().status, 200);
    // The same name means nothing over plain HTTP, to calls and events alike; the plain one does.
    for path in ["/tv/api/channels", "/tv/api/events"] {
        assert_eq!((over_http(path, &given), over_http(path, &tv)), (401, 200), "{path}");
    }
    // A new one has one name from the beginning.
    let (set, id, _) = device("");
    assert!(set.starts_with("__Secure-lareira_tv="), "{set}");
    assert_eq!(device(&format!("Cookie: {}\r\n", set.split(';').next().expect("its pair"))).1, id);
    assert_eq!(steward.waiting_tvs().len(), 1);
}

#[test]
fn the_end_is_said() {
    let house = Secure::default();
    let mut client = house.connect();
    let answer = client.ask(Request::get("/healthz").field("Connection", "close"));
    assert_eq!(answer.field("Connection"), Some("close"));
    assert_eq!(client.read_rest().expect("a farewell, not a cut"), b"");
    let mut client = house.connect();
    assert_eq!(client.ask(Request::get("/healthz").host("evil.example")).status, 421);
    assert_eq!(client.read_rest().expect("a farewell, not a cut"), b"");
}

#[test]
fn requests_may_come_together_and_in_pieces() {
    let house = Secure::default();
    let mut client = house.connect();
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(request.repeat(2000));
    for _ in 0..2000 {
        assert_eq!(client.answer().status, 200);
    }
    for piece in request.as_bytes().chunks(7) {
        client.send(piece);
    }
    assert_eq!(client.answer().status, 200);
    let body = "b".repeat(900_000);
    assert_eq!(client.ask(Request::new("POST", "/api/v1/enrol").body(body.as_str())).text(), body);
}

#[test]
fn files_are_sent_whole_and_in_parts() {
    let house = Secure::default();
    let path = format!("/play/{}/t/video.mp4", share());
    let byte = |at: usize| if at < 4 { b"head"[at] } else { ((at - 4 + 10) % 251) as u8 };
    for version in [&TLS12, &TLS13] {
        let mut client = house.connect_as("localhost", version).expect("hands are shaken");
        let Answer { status, body, .. } = client.get(&path);
        assert_eq!(status, 200);
        assert_eq!(body.len(), 1_000_004);
        assert!(body.iter().enumerate().all(|(at, got)| *got == byte(at)));
        let Answer { status, body, .. } = client.ask(Request::get(&path).field("Range", "bytes=300000-800000"));
        assert_eq!(status, 206);
        assert_eq!(body.len(), 500_001);
        assert!(body.iter().zip(300_000..).all(|(got, at)| *got == byte(at)));
    }
}

#[test]
fn bodies_without_end_come_as_they_are_made() {
    let house = Secure::default();
    let mut client = house.connect();
    client.begin(Request::get(format!("/play/{}/t/live.mp4", share())));
    assert_eq!(client.head().field("Transfer-Encoding"), Some("chunked"));
    let mut seen = Vec::new();
    while seen.len() < 100 {
        seen.extend(client.read_some());
    }
    assert!(seen.starts_with(b"5\r\nxxxxx\r\n5\r\nxxxxx\r\n"));
    assert_eq!(house.house.seen.endless.load(Ordering::SeqCst), 1);
    drop(client);
    eventually(|| house.house.seen.endless.load(Ordering::SeqCst) == 0);
    // A farewell alone, without the end of the connection, is a going, too.
    let mut client = house.connect();
    client.begin(Request::get(format!("/play/{}/t/live.mp4", share())));
    client.head();
    client.stream().conn.send_close_notify();
    client.stream().flush().expect("sent");
    eventually(|| house.house.seen.endless.load(Ordering::SeqCst) == 0);
}

#[test]
fn a_client_that_does_not_read_is_held_up_and_ended() {
    let quick = Duration::from_millis(300);
    let house = Secure::new(Times { write: quick, sweep: Duration::from_millis(50), ..Times::default() });
    let mut client = house.connect();
    client.begin(Request::get(format!("/play/{}/t/live.mp4?flood", share())));
    eventually(|| house.house.seen.endless.load(Ordering::SeqCst) == 1);
    let started = Instant::now();
    eventually(|| house.house.front.counts().0 == 0);
    assert!(started.elapsed() < Duration::from_secs(10));
    // What was sent at all is what the kernel and TLS hold: a few hundred KiB of a flood.
    let mut sent = Vec::new();
    let _ = client.stream().sock.read_to_end(&mut sent);
    assert!(sent.len() < 16 << 20, "{} bytes", sent.len());
}

#[test]
fn slow_and_broken_handshakes_are_cut_off() {
    let quick = Duration::from_millis(300);
    let house = Secure::new(Times { head: quick, sweep: Duration::from_millis(50), ..Times::default() });
    // Silence; the beginning of a record; garbage that begins as a record does; garbage of another kind.
    for garbage in
        [&b""[..], b"\x16\x03\x01\x02\x00\x01", &[0x16, 3, 1, 0, 5, 9, 9, 9, 9, 9], &[0xff; 64], &[0; 20_000]]
    {
        let mut stream = TcpStream::connect(house.address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        // It may be shut in mid-sentence.
        let _ = stream.write_all(garbage);
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let reset = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionReset;
        assert!(ended.is_ok() || ended.as_ref().is_err_and(reset), "{ended:?}");
        assert!(rest.len() <= 7, "an alert at most: {rest:?}");
    }
    // A handshake that trickles has no more time than one that is silent.
    let mut stream = TcpStream::connect(house.address).expect("connected");
    let started = Instant::now();
    let record = [&[0x16, 3, 1, 2, 0][..], &[1; 512]].concat();
    for byte in record {
        if stream.write_all(&[byte]).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    eventually(|| house.house.front.counts().0 == 0);
    assert_eq!(house.connect().get("/healthz").status, 200, "others are served");
}

#[test]
fn plain_requests_are_sent_to_the_secure_address() {
    let house = Secure::default();
    let mut client = Client::new(house.address);
    let answer = client.ask(Request::get("/tv/?a=b").host("localhost:8443"));
    assert_eq!((answer.status, answer.field("location")), (308, Some("https://localhost:8443/tv/?a=b")));
    assert!(client.is_ended());
    let mut client = Client::new(house.address);
    assert_eq!(client.ask(Request::get("/tv/").host("evil.example")).status, 421);
    let mut client = Client::new(house.address);
    client.send("GET /tv/ HTTP/1.0\r\n\r\n");
    assert!(client.is_ended());
}

#[test]
fn a_new_certificate_is_shown_without_a_restart() {
    let house = Secure::default();
    let shown =
        |client: &mut Tls| client.stream().conn.peer_certificates().expect("it showed one")[0].clone().into_owned();
    let mut before = house.connect();
    house.authority.refresh(today()).expect("nothing to do");
    assert_eq!(shown(&mut house.connect()), shown(&mut before));
    let soon = UnixMs(today().0 + 366 * DAY_MS);
    house.authority.refresh(soon).expect("a new one is made");
    house.authority.refresh(today()).expect("the clock was set back");
    house.authority.refresh(UnixMs(today().0 + DAY_MS)).expect("one from the future is made anew after a day");
    let mut after = house.connect();
    assert_ne!(shown(&mut after), shown(&mut before));
    assert_eq!(before.get("/healthz").status, 200, "who is connected stays");
}

#[test]
fn the_door_closes_in_good_order() {
    let house = Secure::default();
    let mut idle = house.connect();
    assert_eq!(idle.get("/healthz").status, 200);
    let mut live = house.connect();
    live.begin(Request::get(format!("/play/{}/t/live.mp4", share())));
    live.head();
    let silent = TcpStream::connect(house.address).expect("connected");
    eventually(|| house.house.front.counts().0 == 3);
    let front = house.house.front.clone();
    let closing = house.house.executor.spawn(async move { front.shut_down(Duration::from_secs(60)).await });
    assert_eq!(idle.read_rest().expect("a farewell"), b"");
    let rest = live.read_rest().expect("a farewell");
    assert!(rest.ends_with(b"0\r\n\r\n"), "the end of the body is said");
    futures_lite::future::block_on(closing);
    assert_eq!(house.house.front.counts().0, 0);
    let _ = silent.shutdown(Shutdown::Both);
}
