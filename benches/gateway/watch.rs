//! The child that watches closely: one viewer that reads the stamps out of what it is sent.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::child;
use crate::clip::{Arrival, Scanner, now_us};
use crate::http::{Client, join, split};
use crate::playlist::Playlist;
use crate::report::percentile;

/// What comes in the first moments is a burst of what was there before; it says nothing about delay.
const BURST_US: u64 = 1_500_000;

/// What to watch.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub url: String,
    /// HLS with low latency, rather than an endless body.
    pub playlist: bool,
    /// Ends with the first key frame.
    pub until_key: bool,
    /// Pictures from one key frame to the next.
    pub gop: u64,
}

/// What was seen.
#[derive(Default, Serialize, Deserialize)]
pub struct Watched {
    pub joined_us: u64,
    /// When the first key frame was in hand.
    pub key_us: u64,
    /// How old pictures were when they came: median and 95th percentile.
    pub delay_ms: f64,
    pub delay_p95_ms: f64,
    /// How old the newest picture that could be fetched was, on average over time.
    pub edge_ms: f64,
    /// How far behind the edge the playlist wants players to be.
    pub hold_back_ms: f64,
    /// Pictures that were skipped.
    pub missed: u64,
}

/// The child's life.
pub fn run() {
    let job: Job = child::job();
    let stop = child::stop_flag();
    let (authority, path) = split(&job.url);
    let mut viewer = Viewer {
        client: Client::new(authority),
        scanner: Scanner::default(),
        result: Watched { joined_us: now_us(), ..Watched::default() },
        edges: Vec::new(),
    };
    let is_over =
        |scanner: &Scanner| stop.load(Ordering::SeqCst) || job.until_key && first_key(scanner, job.gop).is_some();
    if job.playlist {
        viewer.play_parts(path, &is_over);
    } else {
        viewer.play_endless(path, &is_over);
    }
    child::answer(&viewer.finish(job.gop));
}

fn first_key(scanner: &Scanner, gop: u64) -> Option<Arrival> {
    scanner.arrivals.iter().copied().find(|arrival| arrival.number % gop == 0)
}

struct Viewer {
    client: Client,
    scanner: Scanner,
    result: Watched,
    /// When a part was in hand, and when its newest picture was sent.
    edges: Vec<(u64, u64)>,
}

impl Viewer {
    fn play_endless(&mut self, path: &str, is_over: &impl Fn(&Scanner) -> bool) {
        while !is_over(&self.scanner) {
            let scanner = &mut self.scanner;
            let watched = self.client.get(path, |bytes| {
                scanner.feed(bytes, now_us());
                is_over(scanner)
            });
            if !matches!(watched, Ok(200)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    fn play_parts(&mut self, path: &str, is_over: &impl Fn(&Scanner) -> bool) {
        let mut query = String::new();
        let mut seen: Option<String> = None;
        while !is_over(&self.scanner) {
            let Ok((200, text)) = self.client.fetch(&format!("{path}{query}")) else {
                std::thread::sleep(Duration::from_millis(10));
                continue;
            };
            let list = Playlist::read(&text);
            self.result.hold_back_ms = list.part_hold_back_s * 1000.0;
            query = list.next();
            let from = match &seen {
                // As a player joins: with the newest part that it can start at.
                None => list.parts.iter().rposition(|part| part.independent),
                Some(last) => list.parts.iter().position(|part| part.uri == *last).map(|at| at + 1),
            };
            for part in &list.parts[from.unwrap_or(0)..] {
                let Ok((200, bytes)) = self.client.fetch(&join(path, &part.uri)) else { continue };
                let now = now_us();
                self.scanner.feed(&bytes, now);
                if let Some(newest) = self.scanner.arrivals.last() {
                    self.edges.push((now, newest.sent_us));
                }
                seen = Some(part.uri.clone());
                if is_over(&self.scanner) {
                    return;
                }
            }
        }
    }

    fn finish(self, gop: u64) -> Watched {
        let Self { scanner, mut result, edges, .. } = self;
        let key = first_key(&scanner, gop).expect("a key frame came");
        result.key_us = key.received_us;
        let settled = key.received_us + BURST_US;
        let later = scanner.arrivals.iter().filter(|arrival| arrival.received_us > settled);
        let mut delays: Vec<f64> = later.map(|arrival| (arrival.received_us - arrival.sent_us) as f64 / 1e3).collect();
        result.delay_ms = percentile(&mut delays, 50);
        result.delay_p95_ms = percentile(&mut delays, 95);
        let edges: Vec<_> = edges.into_iter().filter(|(at, _)| *at > settled).collect();
        if let (Some(first), Some(last)) = (edges.first(), edges.last()) {
            // Between two parts the newest picture grows old at the pace of the clock.
            let area: f64 = edges
                .windows(2)
                .map(|two| (two[1].0 - two[0].0) as f64 * ((two[0].0 + two[1].0) as f64 / 2.0 - two[0].1 as f64))
                .sum();
            result.edge_ms = area / (last.0 - first.0).max(1) as f64 / 1e3;
        }
        let numbers: Vec<u64> = scanner.arrivals.iter().map(|arrival| arrival.number).collect();
        result.missed = numbers.windows(2).map(|two| two[1].saturating_sub(two[0] + 1)).sum();
        result
    }
}
