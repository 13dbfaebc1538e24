//! Who is connected: strangers by where they come from, known devices in places of their own (`ground/crowd.rs`), each
//! with one coarse deadline that a single sweep looks after.
//!
//! No timer a connection and none a write: a connection that may wait writes down until when, and the sweep shuts
//! its socket when that has passed, which wakes whoever waits on it.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_io::{Async, Timer};
use event_listener::{Event, listener};

use crate::ground::crowd::{self, Crowd, Idle, Known};
use crate::ground::origin::Origin;
use crate::ground::time::Moment;
use crate::http::ports::devices::{Credentials, Devices};
use crate::socket::{Handshakes, Socket};

/// How long things may take; [`Default`] is what `ground::limits` says.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// A request's head, from its first byte; a new connection's first byte too.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// How long the sending of a request's body may rest, besides the time that its bytes earn (`ground/pace.rs`).
    pub body: Duration,
    /// How long a large body keeps its place while it comes, whoever waits (`ground/shares.rs`).
    pub body_safe: Duration,
    /// A write without progress.
    pub write: Duration,
    /// A call to the back.
    pub call: Duration,
    /// Between two sweeps: how late a deadline may be noticed.
    pub sweep: Duration,
    /// Between two looks at who may still have what they are being sent.
    pub rights: Duration,
}

/// How many may be connected at once.
#[derive(Clone, Copy, Debug)]
pub struct Caps(pub crowd::Caps);

/// No deadline.
const NEVER: u64 = u64::MAX;

/// One client's connection.
pub(super) struct Connection {
    pub socket: Socket,
    pub peer: IpAddr,
    number: u64,
    /// Milliseconds since the table was made.
    deadline_ms: AtomicU64,
    /// Nothing is lost if its reading half is closed: it waits for a request, for an answer, or for the next piece.
    resting: AtomicBool,
    /// Since when it has no request to look after.
    idle: Arc<Idle>,
    /// Who it has shown itself to be.
    known: Mutex<Option<Box<Shown>>>,
    /// A large body comes, or one that is measured.
    receiving: AtomicBool,
    table: Arc<Connections>,
}

/// Who a client has shown itself to be, and by what.
struct Shown {
    as_whom: Known,
    /// What has proved a device, and nothing else that came with it.
    by: Option<Credentials>,
}

impl Connection {
    /// The connection is shut when `limit` has passed.
    pub fn expect_within(&self, limit: Duration) {
        self.expect_until(self.table.now() + limit);
    }

    /// No deadline holds any more.
    pub fn take_your_time(&self) {
        self.deadline_ms.store(NEVER, Ordering::Relaxed);
    }

    /// Says whether the connection rests. A resting one is woken by the end of its reading half when the door closes.
    pub fn rest(&self, resting: bool) {
        self.resting.store(resting, Ordering::SeqCst);
    }

    /// A request is waited for, or looked after.
    pub fn is_idle(&self, idle: bool) {
        if idle { self.idle.begin(self.table.now()) } else { self.idle.end() }
    }

    /// The device that it has shown itself to be.
    pub fn device(&self) -> Option<u64> {
        match self.known().as_ref()?.as_whom {
            Known::Device(device) => Some(device),
            Known::Viewer => None,
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<Box<Shown>>> {
        // Each change is one statement.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It has shown who it is: it gets a place among those who are known, if there is one left for it. A ticket makes no
    /// difference to a device.
    pub fn know(&self, as_whom: Known, by: Option<Credentials>) {
        if as_whom == Known::Viewer && self.known().is_some() {
            return;
        }
        *self.known() = Some(Box::new(Shown { as_whom, by }));
        self.table.table().crowd.know(self.number, as_whom);
    }

    /// It is no device any more.
    pub fn forget(&self) {
        if self.device().is_some() {
            *self.known() = None;
            self.table.table().crowd.forget(self.number);
        }
    }

    /// Says whether a body comes to which only a device has a right.
    pub fn receives(&self, receiving: bool) {
        self.receiving.store(receiving, Ordering::SeqCst);
    }

    /// The credentials by which it is known are worth nothing any more: what comes of it is cut off, and it is a stranger,
    /// unless it has shown others meanwhile.
    fn lost(&self, credentials: &Credentials) {
        let same = self.known().as_ref().is_some_and(|shown| shown.by.as_ref() == Some(credentials));
        if !same {
            return;
        }
        self.forget();
        if self.receiving.load(Ordering::SeqCst) {
            log::info!("http: what {} sends is cut off: its device is no more", self.peer);
            self.socket.shut(Shutdown::Both);
        }
    }

    /// The time, as the deadlines of this door have it.
    pub fn now(&self) -> Moment {
        self.table.now()
    }

    /// The connection is shut at `deadline`.
    pub fn expect_until(&self, deadline: Moment) {
        self.deadline_ms.store(deadline.0.div_ceil(1000), Ordering::Relaxed);
    }

    /// The handshakes of this door.
    pub fn handshakes(&self) -> &Arc<Handshakes> {
        &self.table.handshakes
    }

    /// Whether the door closes: no further requests.
    pub fn is_closing(&self) -> bool {
        self.table.closing.load(Ordering::SeqCst)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.table.remove(self.number);
    }
}

struct Table {
    /// Those that have not been dropped: some may have had to leave.
    open: HashMap<u64, std::sync::Weak<Connection>>,
    crowd: Crowd,
}

/// All connections.
pub(super) struct Connections {
    table: Mutex<Table>,
    started: Instant,
    closing: AtomicBool,
    refused: AtomicU64,
    handshakes: Arc<Handshakes>,
    /// Notified when the first connection comes and when one goes.
    changed: Event,
}

impl Connections {
    pub fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self {
            table: Mutex::new(Table { open: HashMap::new(), crowd: Crowd::new(caps.0) }),
            started: Instant::now(),
            closing: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            handshakes: Arc::default(),
            changed: Event::new(),
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Counts stay true whatever panicked: each change is one statement.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment::default() + self.started.elapsed()
    }

    /// Takes a connection in, or gives it back when the house is full and nobody has to make room for it.
    pub fn admit(
        self: &Arc<Self>,
        stream: Async<TcpStream>,
        peer: IpAddr,
    ) -> Result<Arc<Connection>, Async<TcpStream>> {
        let peer = peer.to_canonical();
        let now = self.now();
        let mut table = self.table();
        let Some(entered) = table.crowd.enter(Origin::of(peer), now) else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(stream);
        };
        let connection = Arc::new(Connection {
            socket: Socket::new(stream),
            peer,
            number: entered.number,
            deadline_ms: AtomicU64::new(NEVER),
            resting: AtomicBool::new(false),
            idle: entered.idle,
            known: Mutex::default(),
            receiving: AtomicBool::new(false),
            table: self.clone(),
        });
        table.open.insert(connection.number, Arc::downgrade(&connection));
        let leaving = entered.instead_of.and_then(|number| table.open.get(&number)?.upgrade());
        let first = table.open.len() == 1;
        drop(table);
        if let Some(leaving) = leaving {
            leaving.socket.shut(Shutdown::Both);
        }
        if first {
            self.changed.notify(usize::MAX);
        }
        Ok(connection)
    }

    fn remove(&self, number: u64) {
        let mut table = self.table();
        table.open.remove(&number);
        table.crowd.leave(number);
        let last = table.open.is_empty();
        drop(table);
        if last {
            self.changed.notify(usize::MAX);
        }
    }

    /// Open connections now, and how many were refused since the start.
    pub fn counts(&self) -> (usize, u64) {
        (self.table().open.len(), self.refused.load(Ordering::Relaxed))
    }

    /// All that are open. Dropping the last handle takes the table's lock, so none is dropped while it is held.
    fn open(&self) -> Vec<Arc<Connection>> {
        self.table().open.values().filter_map(std::sync::Weak::upgrade).collect()
    }

    /// Shuts what is past its deadline, for ever. Sleeps while nobody is connected.
    pub async fn sweep(&self, every: Duration) {
        loop {
            listener!(self.changed => changed);
            if self.table().open.is_empty() {
                changed.await;
                continue;
            }
            Timer::after(every).await;
            let now_ms = self.now().0 / 1000;
            for connection in self.open() {
                if connection.deadline_ms.load(Ordering::Relaxed) <= now_ms {
                    connection.socket.shut(Shutdown::Both);
                }
            }
        }
    }

    /// Asks anew after every device that is connected, and forgets those that are no more.
    pub async fn ask_again(&self, devices: &dyn Devices) {
        let mut answers = HashMap::new();
        for connection in self.open() {
            let by = connection.known().as_ref().and_then(|shown| shown.by.clone());
            let (Some(credentials), Some(number)) = (by, connection.device()) else { continue };
            let now = match answers.get(&credentials) {
                Some(known) => *known,
                None => devices.device(credentials.clone()).await.map(|now| now.map(|(device, _)| device.number)),
            };
            // What can't be looked up now is no reason to cut anyone off.
            if now.is_ok_and(|now| now != Some(number)) {
                connection.lost(&credentials);
            }
            answers.insert(credentials, now);
        }
    }

    /// Lets no further request in and wakes all that rest; those at work end with their answer.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        for connection in self.open() {
            if connection.resting.load(Ordering::SeqCst) {
                connection.socket.shut(Shutdown::Read);
            }
        }
    }

    /// Waits until nobody is connected.
    pub async fn empty(&self) {
        loop {
            listener!(self.changed => changed);
            if self.table().open.is_empty() {
                return;
            }
            changed.await;
        }
    }

    /// Cuts off everyone.
    pub fn cut(&self) {
        for connection in self.open() {
            connection.socket.shut(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use futures_lite::future::block_on;

    use super::*;
    use crate::executor::BoxFuture;
    use crate::ground::shares::Standing;
    use crate::http::ports::devices::{Device, Proven, Unknown};

    /// A storage of which this is read.
    struct Storage(Result<Option<Proven>, Unknown>);

    impl Devices for Storage {
        fn device(&self, _: Credentials) -> BoxFuture<'_, Result<Option<Proven>, Unknown>> {
            Box::pin(std::future::ready(self.0.clone()))
        }

        fn on_gone(&self, _: Box<dyn Fn() + Send + Sync>) {}
    }

    #[test]
    fn books_that_cannot_be_read_cut_nobody_off() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let (stream, peer) = listener.accept().expect("a client");
        let connections = Connections::new(Caps(crowd::Caps::of(64)));
        let stream = Async::new(stream).expect("a socket");
        let connection = connections.admit(stream, peer.ip()).unwrap_or_else(|_| panic!("there is room"));
        let by = Credentials { authorization: Some("Bearer a".into()), ..Credentials::default() };
        connection.know(Known::Device(5), Some(by.clone()));
        connection.receives(true);
        block_on(connections.ask_again(&Storage(Err(Unknown))));
        assert_eq!(connection.device(), Some(5));
        block_on(connections.ask_again(&Storage(Ok(Some((Device { number: 5, standing: Standing::Guest }, by))))));
        assert_eq!(connection.device(), Some(5));
        block_on(connections.ask_again(&Storage(Ok(None))));
        assert_eq!(connection.device(), None);
        drop(client);
    }
}
