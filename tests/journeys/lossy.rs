//! A bad network between a publisher and the gateway: an RTSP proxy that sends UDP media through itself, losing, delaying and
//! reordering packets as told. Control goes through untouched but for the ports (RFC 2326, section 12.39).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How bad the network is. What happens to a packet follows from the seed alone.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Packets of a thousand that are lost.
    pub lost_per_mille: u64,
    /// Packets of a thousand that come after the next one.
    pub late_per_mille: u64,
    /// Each packet takes up to so many milliseconds longer than another.
    pub jitter_ms: u64,
    pub seed: u64,
}

/// The proxy; it takes one publisher.
#[derive(Debug)]
pub struct Lossy {
    pub port: u16,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    lost: AtomicU64,
    late: AtomicU64,
}

impl Lossy {
    /// A proxy to the gateway's RTSP port.
    pub fn new(rtsp_port: u16, weather: Weather) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        thread::spawn(move || {
            let (publisher, _) = listener.accept().expect("the publisher comes");
            let gateway = TcpStream::connect((Ipv4Addr::LOCALHOST, rtsp_port)).expect("the gateway listens");
            pass_on(publisher, gateway, weather, &shared);
        });
        Self { port, counts }
    }

    /// Packets passed on, lost and late.
    pub fn counts(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.counts.sent), read(&self.counts.lost), read(&self.counts.late))
    }
}

/// A UDP socket between the two; where it sends is known once both have named their ports.
#[derive(Debug)]
struct Leg {
    socket: UdpSocket,
    publisher: Mutex<Option<SocketAddr>>,
    gateway: Mutex<Option<SocketAddr>>,
}

impl Leg {
    /// Two with neighbouring ports, the first even, for RTP and RTCP.
    fn pair() -> [Arc<Self>; 2] {
        loop {
            let first = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = first.local_addr().expect("a bound socket has an address").port();
            if port.is_multiple_of(2)
                && let Ok(second) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port + 1))
            {
                return [first, second]
                    .map(|socket| Arc::new(Self { socket, publisher: Mutex::new(None), gateway: Mutex::new(None) }));
            }
        }
    }

    fn port(&self) -> u16 {
        self.socket.local_addr().expect("a bound socket has an address").port()
    }
}

fn read(place: &Mutex<Option<SocketAddr>>) -> Option<SocketAddr> {
    *place.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(place: &Mutex<Option<SocketAddr>>, port: u16) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some((Ipv4Addr::LOCALHOST, port).into());
}

fn pass_on(publisher: TcpStream, gateway: TcpStream, weather: Weather, counts: &Arc<Counts>) {
    let legs: Arc<Mutex<Vec<[Arc<Leg>; 2]>>> = Arc::default();
    let answers = (gateway.try_clone().expect("a socket"), publisher.try_clone().expect("a socket"));
    let asked = Arc::clone(&legs);
    thread::spawn(move || {
        // In each answer, the gateway's ports are put in the place of ours.
        rewrite(answers.0, answers.1, "server_port=", |ports| {
            let legs = asked.lock().unwrap_or_else(PoisonError::into_inner);
            let pair = legs.last().expect("ports are answered after they were asked for");
            pair.iter().zip(ports).for_each(|(leg, port)| set(&leg.gateway, port));
            [pair[0].port(), pair[1].port()]
        });
    });
    let counts = Arc::clone(counts);
    rewrite(publisher, gateway, "client_port=", move |ports| {
        let pair = Leg::pair();
        for (i, (leg, port)) in pair.iter().zip(ports).enumerate() {
            set(&leg.publisher, port);
            // Only media go through bad weather: a lost report would prove nothing.
            let weather =
                if i == 0 { weather } else { Weather { lost_per_mille: 0, late_per_mille: 0, jitter_ms: 0, seed: 0 } };
            let (leg, counts) = (Arc::clone(leg), Arc::clone(&counts));
            thread::spawn(move || relay(&leg, weather, &counts));
        }
        let mine = [pair[0].port(), pair[1].port()];
        legs.lock().unwrap_or_else(PoisonError::into_inner).push(pair);
        mine
    });
}

/// Copies lines; where one has `name` and two ports, they become what `exchange` says.
fn rewrite(from: TcpStream, mut to: TcpStream, name: &str, mut exchange: impl FnMut([u16; 2]) -> [u16; 2]) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        if let Some(text) = std::str::from_utf8(&line).ok().filter(|text| text.contains(name)) {
            let (before, after) = text.split_once(name).expect("it was just found");
            let end = after.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(after.len());
            let (ports, after) = after.split_at(end);
            let (rtp, rtcp) = ports.split_once('-').expect("two ports");
            let port = |text: &str| text.parse().expect("a port");
            let [rtp, rtcp] = exchange([port(rtp), port(rtcp)]);
            line = format!("{before}{name}{rtp}-{rtcp}{after}").into_bytes();
        }
        if to.write_all(&line).is_err() {
            break;
        }
        line.clear();
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// Passes datagrams on in both directions, those of the publisher through the weather.
fn relay(leg: &Leg, weather: Weather, counts: &Counts) {
    let (mut buffer, mut random, mut held) = (vec![0; 65_536], weather.seed | 1, None::<Vec<u8>>);
    // Numerical Recipes' generator: good enough for weather.
    let mut chance = |of: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % of
    };
    // Packets that take longer, by when they go on.
    let mut delayed: BTreeMap<(Instant, u64), Vec<u8>> = BTreeMap::new();
    loop {
        let now = Instant::now();
        if let Some(gateway) = read(&leg.gateway) {
            while let Some(due) = delayed.first_entry().filter(|due| due.key().0 <= now) {
                let _ = leg.socket.send_to(&due.remove(), gateway);
            }
        }
        let wait = delayed.first_key_value().map(|((due, _), _)| due.saturating_duration_since(now));
        let wait = wait.map(|wait| wait.max(Duration::from_micros(100)));
        leg.socket.set_read_timeout(wait).expect("a timeout");
        let (length, sender) = match leg.socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => return,
        };
        let packet = &buffer[..length];
        if Some(sender) != read(&leg.publisher) {
            if let Some(publisher) = read(&leg.publisher) {
                let _ = leg.socket.send_to(packet, publisher);
            }
            continue;
        }
        let Some(gateway) = read(&leg.gateway) else { continue };
        if chance(1000) < weather.lost_per_mille {
            counts.lost.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        if weather.jitter_ms > 0 {
            let number = counts.sent.fetch_add(1, Ordering::Relaxed);
            let due = Instant::now() + Duration::from_micros(chance(weather.jitter_ms * 1000));
            delayed.insert((due, number), packet.to_vec());
            continue;
        }
        if held.is_none() && chance(1000) < weather.late_per_mille {
            counts.late.fetch_add(1, Ordering::Relaxed);
            held = Some(packet.to_vec());
            continue;
        }
        counts.sent.fetch_add(1, Ordering::Relaxed);
        let _ = leg.socket.send_to(packet, gateway);
        if let Some(late) = held.take() {
            let _ = leg.socket.send_to(&late, gateway);
        }
    }
}
