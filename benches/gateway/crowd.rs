//! The child that is a crowd: any number of viewers on one thread, which read as players do and look at nothing.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use async_io::{Async, Timer};
use futures_lite::AsyncWriteExt as _;
use serde::{Deserialize, Serialize};
use smol::LocalExecutor;

use crate::child;
use crate::http::{join, split};
use crate::http_client::Request;
use crate::http_client::reading::Reading;
use crate::playlist::Playlist;
use crate::report::percentile;

/// Viewers come one after the other within this time.
const ARRIVAL: Duration = Duration::from_secs(2);
/// What is fetched before everybody has settled is not counted.
const SETTLED: Duration = Duration::from_secs(4);

/// How a crowd watches.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// An endless body.
    Mp4,
    /// HLS with low latency: every part, blocking reloads.
    LowLatency,
    /// Plain HLS: every segment, a reload each target duration.
    Segments,
}

/// Who watches what: the viewers take turns with the addresses.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub kind: Kind,
    pub urls: Vec<String>,
    pub viewers: usize,
}

/// What became of them.
#[derive(Serialize, Deserialize)]
pub struct Seen {
    /// Viewers that were shown something.
    pub started: usize,
    pub failures: BTreeMap<String, usize>,
    pub requests: u64,
    /// From the request for a part or segment to its last byte.
    pub fetch_p99_ms: f64,
    pub least_bytes: u64,
}

struct Crowd {
    kind: Kind,
    began: Instant,
    /// Read to by all: none needs to keep what it has read.
    room: RefCell<Vec<u8>>,
    failures: RefCell<BTreeMap<String, usize>>,
    fetches_ms: RefCell<Vec<f64>>,
    requests: Cell<u64>,
    /// Bytes by viewer.
    bytes: RefCell<Vec<u64>>,
}

/// The child's life.
pub fn run() {
    let job: Job = child::job();
    let crowd = Rc::new(Crowd {
        kind: job.kind,
        began: Instant::now(),
        room: RefCell::new(vec![0; 1 << 18]),
        failures: RefCell::default(),
        fetches_ms: RefCell::default(),
        requests: Cell::new(0),
        bytes: RefCell::new(vec![0; job.viewers]),
    });
    let executor = LocalExecutor::new();
    for number in 0..job.viewers {
        let (crowd, url) = (crowd.clone(), job.urls[number % job.urls.len()].clone());
        let pause = ARRIVAL * number as u32 / job.viewers as u32;
        let watch = async move {
            Timer::after(pause).await;
            loop {
                let error = crowd.watch(number, &url).await.expect_err("only an error ends watching");
                *crowd.failures.borrow_mut().entry(error.to_string()).or_default() += 1;
                Timer::after(Duration::from_millis(500)).await;
            }
        };
        executor.spawn(watch).detach();
    }
    smol::block_on(executor.run(smol::unblock(child::wait_for_the_end)));
    let bytes = crowd.bytes.borrow();
    child::answer(&Seen {
        started: bytes.iter().filter(|bytes| **bytes > 0).count(),
        failures: crowd.failures.borrow().clone(),
        requests: crowd.requests.get(),
        fetch_p99_ms: percentile(&mut crowd.fetches_ms.borrow_mut(), 99),
        least_bytes: bytes.iter().copied().min().unwrap_or(0),
    });
    // The viewers hold the crowd and the crowd's executor holds them: the end of the process is the end of all.
    std::process::exit(0);
}

impl Crowd {
    async fn watch(&self, number: usize, url: &str) -> io::Result<()> {
        let (authority, path) = split(url);
        let mut viewer = Viewer { crowd: self, number, authority, stream: None };
        match self.kind {
            Kind::Mp4 => {
                viewer.get(path, |_| {}).await?;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Kind::LowLatency => viewer.play_parts(path).await,
            Kind::Segments => viewer.play_segments(path).await,
        }
    }
}

struct Viewer<'a> {
    crowd: &'a Crowd,
    number: usize,
    authority: &'a str,
    stream: Option<Async<TcpStream>>,
}

impl Viewer<'_> {
    async fn get(&mut self, path: &str, mut body: impl FnMut(&[u8])) -> io::Result<()> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let address: SocketAddr = self.authority.parse().map_err(io::Error::other)?;
                let stream = Async::<TcpStream>::connect(address).await?;
                stream.get_ref().set_nodelay(true)?;
                stream
            }
        };
        self.crowd.requests.set(self.crowd.requests.get() + 1);
        (&stream).write_all(&Request::get(path).host(self.authority).bytes()).await?;
        let mut answer = Reading::new("GET");
        loop {
            stream.readable().await?;
            let mut room = self.crowd.room.borrow_mut();
            let count = match stream.get_ref().read(&mut room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                result => result?,
            };
            let mut taken = 0;
            let whole = answer.feed(&room[..count], |bytes| {
                taken += bytes.len() as u64;
                body(bytes);
            })?;
            if answer.status == 200 {
                self.crowd.bytes.borrow_mut()[self.number] += taken;
            }
            if !whole && count > 0 {
                continue;
            }
            if whole && !answer.closes() {
                self.stream = Some(stream);
            }
            return match answer.status {
                200 => Ok(()),
                status => Err(io::Error::other(format!("status {status}"))),
            };
        }
    }

    async fn list(&mut self, path: &str) -> io::Result<Playlist> {
        let mut text = Vec::new();
        self.get(path, |bytes| text.extend_from_slice(bytes)).await?;
        Ok(Playlist::read(&text))
    }

    async fn fetch(&mut self, path: &str) -> io::Result<()> {
        let start = Instant::now();
        self.get(path, |_| {}).await?;
        if self.crowd.began.elapsed() > SETTLED {
            self.crowd.fetches_ms.borrow_mut().push(start.elapsed().as_secs_f64() * 1e3);
        }
        Ok(())
    }

    async fn play_parts(&mut self, path: &str) -> io::Result<()> {
        let mut seen: VecDeque<String> = VecDeque::new();
        let mut query = String::new();
        loop {
            let list = self.list(&format!("{path}{query}")).await?;
            query = list.next();
            for part in &list.parts {
                if !seen.contains(&part.uri) {
                    self.fetch(&join(path, &part.uri)).await?;
                    seen.push_back(part.uri.clone());
                }
            }
            while seen.len() > 2 * list.parts.len() {
                seen.pop_front();
            }
        }
    }

    async fn play_segments(&mut self, path: &str) -> io::Result<()> {
        let mut last: Option<String> = None;
        loop {
            let listed = Instant::now();
            let list = self.list(path).await?;
            let from = match &last {
                None => list.segments.len().saturating_sub(3),
                Some(last) => list.segments.iter().position(|uri| uri == last).map_or(0, |at| at + 1),
            };
            let new = &list.segments[from..];
            for uri in new {
                self.fetch(&join(path, uri)).await?;
                last = Some(uri.clone());
            }
            let target = Duration::from_secs_f64(list.target_s.max(0.5));
            let pause = if new.is_empty() { target / 2 } else { target };
            Timer::at(listed + pause).await;
        }
    }
}
