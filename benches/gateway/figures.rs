//! The figures: how each is measured.

use std::path::PathBuf;
use std::time::Duration;

use crate::child::Child;
use crate::clip::{self, HD, HD_GOP2, Recipe, SMALL, now_us};
use crate::crowd::{self, Kind, Seen};
use crate::house::{Gateway, PROGRAM, Place, Server};
use crate::peer::Nginx;
use crate::process::{peak_mib, resident_mib, usage};
use crate::publish::{self, Opened, Published};
use crate::report::Report;
use crate::stored;
use crate::watch::{self, Watched};

/// Streams of the many publishers.
const PUBLISHERS: usize = 50;
/// Viewers of the crowd.
const VIEWERS: usize = 200;
/// How late a publisher's pictures may be before the machine is too busy to be measured on.
const BUSY_MS: f64 = 8.0;

/// What is measured, how often and for how long.
pub struct Bench {
    pub clips: PathBuf,
    pub runs: usize,
    pub time: Duration,
    pub shares: usize,
    pub nginx: bool,
    pub report: Report,
}

/// A publisher, from its connection to its end.
struct Publisher(Child, Opened);

impl Publisher {
    fn start(bench: &Bench, recipe: &Recipe, sound: bool, places: &[Place]) -> Self {
        clip::make(&bench.clips, recipe);
        let urls = places.iter().map(|place| place.publish.clone()).collect();
        let job = publish::Job { clips: bench.clips.clone(), clip: recipe.name.into(), sound, urls };
        let mut child = Child::start("publish", &job);
        let opened = child.answer();
        Self(child, opened)
    }

    /// Ends it, and says if what was measured meanwhile is doubtful.
    fn stop(self, report: &Report) {
        let Published { lost, late_p99_ms } = self.0.stop();
        if !lost.is_empty() {
            report.note(&format!("{} streams were lost: {}", lost.len(), lost[0]));
        }
        if late_p99_ms > BUSY_MS {
            report
                .note(&format!("the machine is busy: 1 % of the pictures were sent {late_p99_ms:.0} ms late or more"));
        }
    }
}

/// A server, how it is watched, and what it should reach.
struct Case {
    server: fn() -> Box<dyn Server>,
    kind: Option<Kind>,
    goals: Option<[f64; 2]>,
}

impl Case {
    fn goal(&self, index: usize) -> Option<f64> {
        self.goals.map(|goals| goals[index])
    }

    fn viewers(&self, none: &str, count: &str, viewers: &str) -> String {
        let peer = if self.goals.is_none() { "nginx-rtmp: " } else { "" };
        let words = self.kind.map_or(none.to_owned(), |kind| format!("{count} {} {viewers}", name(kind)));
        format!("{peer}{}", words.trim())
    }
}

fn watch(url: &str, playlist: bool, until_key: bool, recipe: &Recipe) -> Child {
    Child::start("watch", &watch::Job { url: url.into(), playlist, until_key, gop: recipe.gop })
}

fn address(place: &Place, kind: Kind) -> String {
    if kind == Kind::Mp4 { place.mp4.clone() } else { place.hls.clone() }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Mp4 => "live.mp4",
        Kind::LowLatency => "LL-HLS",
        Kind::Segments => "HLS",
    }
}

fn pause(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

/// A number between 0 and 1, other in every call.
fn some() -> f64 {
    (now_us() % 9973) as f64 / 9973.0
}

impl Bench {
    /// How long until both doors take connections.
    pub fn start(&mut self) {
        self.report.title("Start-up");
        let size = std::fs::metadata(PROGRAM).unwrap().len();
        self.report.figure("the program", "MB", Some(10.0), vec![size as f64 / 1e6]);
        let runs = self.runs.max(9);
        let empty = (0..runs).map(|_| Gateway::start().start_ms).collect();
        self.report.figure("listening, nothing stored", "ms", Some(15.0), empty);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stored.redb");
        stored::make(&file, self.shares);
        let full = (0..runs).map(|_| Gateway::start_with(Some(&file)).start_ms).collect();
        self.report.figure(&format!("listening, {} shares stored", self.shares), "ms", Some(100.0), full);
    }

    /// What it uses when nobody does anything.
    pub fn idle(&mut self) {
        self.report.title("Idle");
        let (mut memory, mut cpu, mut wakeups) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.runs {
            let gateway = Gateway::start();
            pause(2.0);
            let used = usage(gateway.pid(), self.time / 2);
            memory.push(resident_mib(gateway.pid()));
            cpu.push(used.cpu_per_minute());
            wakeups.push(used.wakeups_per_second());
        }
        self.report.figure("resident memory", "MiB", Some(10.0), memory);
        self.report.figure("processor time", "s a minute", None, cpu);
        self.report.figure("wake-ups", "a second", None, wakeups);
    }

    /// How soon a viewer who waits already has the first key frame.
    pub fn first(&mut self) {
        self.report.title("First key frame at a waiting viewer, after the publisher's TCP connect");
        for (recipe, gop) in [(HD, "1 s"), (HD_GOP2, "2 s")] {
            for kind in [Kind::Mp4, Kind::LowLatency] {
                let mut waits = Vec::new();
                for _ in 0..self.runs.max(7) {
                    let mut gateway = Gateway::start();
                    let place = gateway.place();
                    let mut viewer = watch(&address(&place, kind), kind != Kind::Mp4, true, recipe);
                    pause(0.4 + some() * 0.1);
                    let publisher = Publisher::start(self, recipe, true, &[place]);
                    let watched: Watched = viewer.answer();
                    waits.push((watched.key_us - publisher.1.connect_us) as f64 / 1e3);
                }
                self.report.figure(&format!("{}, GOP {gop}", name(kind)), "ms", Some(50.0), waits);
            }
        }
    }

    /// What the gateway adds to a picture's way to a viewer of the endless body.
    pub fn delay(&mut self) {
        self.report.title("Delay added on live.mp4: from the publisher's write to the viewer's read");
        let mut gateway = Gateway::start();
        let place = gateway.place();
        let publisher = Publisher::start(self, HD, true, std::slice::from_ref(&place));
        pause(2.0);
        let (mut median, mut p95, mut missed) = (Vec::new(), Vec::new(), 0);
        for _ in 0..self.runs {
            let viewer = watch(&place.mp4, false, false, HD);
            pause(self.time.as_secs_f64() / 2.0 + 1.5);
            let watched: Watched = viewer.stop();
            median.push(watched.delay_ms);
            p95.push(watched.delay_p95_ms);
            missed += watched.missed;
        }
        publisher.stop(&self.report);
        self.report.figure("median", "ms", Some(0.5), median);
        self.report.figure("95th percentile", "ms", Some(3.0), p95);
        self.report.figure("pictures that never came", "", Some(0.0), vec![missed as f64]);
    }

    /// How far behind a low-latency player is that keeps the distance the playlist asks for.
    pub fn llhls(&mut self) {
        self.report.title("LL-HLS: age of the newest picture that can be fetched, and what players add");
        let mut gateway = Gateway::start();
        let place = gateway.place();
        let publisher = Publisher::start(self, HD, true, std::slice::from_ref(&place));
        pause(4.0);
        let (mut edge, mut hold_back, mut player) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.runs {
            let viewer = watch(&place.hls, true, false, HD);
            pause(self.time.as_secs_f64() / 2.0 + 1.5);
            let watched: Watched = viewer.stop();
            edge.push(watched.edge_ms);
            hold_back.push(watched.hold_back_ms);
            player.push(watched.edge_ms + watched.hold_back_ms);
        }
        publisher.stop(&self.report);
        self.report.figure("edge", "ms", None, edge);
        self.report.figure("PART-HOLD-BACK", "ms", None, hold_back);
        self.report.figure("player's delay: both together", "ms", Some(350.0), player);
    }

    /// How long a viewer who comes late waits for a key frame.
    pub fn late(&mut self) {
        self.report.title("Late joiner: from TCP connect to a key frame in hand");
        let mut gateway = Gateway::start();
        let place = gateway.place();
        let publisher = Publisher::start(self, HD, true, std::slice::from_ref(&place));
        pause(4.0);
        for kind in [Kind::Mp4, Kind::LowLatency] {
            let mut waits = Vec::new();
            for _ in 0..self.runs.max(15) {
                pause(some());
                let watched: Watched = watch(&address(&place, kind), kind != Kind::Mp4, true, HD).answer();
                waits.push((watched.key_us - watched.joined_us) as f64 / 1e3);
            }
            self.report.figure(name(kind), "ms", Some(5.0), waits);
        }
        publisher.stop(&self.report);
    }

    /// What one stream costs.
    pub fn cpu(&mut self) {
        self.report.title("One stream, 720p30 2 Mbit/s with sound, recorded");
        let kinds = [(None, 0.30), (Some(Kind::Mp4), 0.35), (Some(Kind::LowLatency), 0.35)];
        let cases =
            self.cases(kinds.map(|(kind, goal)| (kind, [goal, 120.0])).to_vec(), vec![None, Some(Kind::Segments)]);
        for (case, runs) in self.in_turns(cases, Self::one_stream) {
            let viewers = case.viewers("no viewer", "one", "viewer");
            let [cpu, wakeups] = runs;
            self.report.figure(&format!("{viewers}, CPU"), "s a stream-minute", case.goal(0), cpu);
            self.report.figure(&format!("{viewers}, wake-ups"), "a second", case.goal(1), wakeups);
        }
    }

    fn one_stream(&self, case: &Case) -> [f64; 2] {
        let mut server = (case.server)();
        let place = server.place();
        let publisher = Publisher::start(self, HD, true, std::slice::from_ref(&place));
        pause(3.0);
        let viewer = case.kind.map(|kind| self.crowd(kind, std::slice::from_ref(&place), 1));
        pause(2.0);
        let used = usage(server.pid(), self.time);
        self.all_were_served(viewer, 1);
        publisher.stop(&self.report);
        [used.cpu_per_minute(), used.wakeups_per_second()]
    }

    /// What many streams cost.
    pub fn publishers(&mut self) {
        self.report.title(&format!("{PUBLISHERS} streams, 360p30 500 kbit/s, recorded"));
        let kinds = [(None, 0.07), (Some(Kind::Mp4), 0.10), (Some(Kind::LowLatency), 0.10)];
        let cases =
            self.cases(kinds.map(|(kind, goal)| (kind, [goal, 30.0])).to_vec(), vec![None, Some(Kind::Segments)]);
        for (case, runs) in self.in_turns(cases, Self::many_streams) {
            let viewers = case.viewers("no viewers", "one", "viewer each");
            let [cpu, peak, resident] = runs;
            self.report.figure(&format!("{viewers}, CPU"), "s a stream-minute", case.goal(0), cpu);
            self.report.figure(&format!("{viewers}, memory while they flow"), "MiB", None, resident);
            self.report.figure(&format!("{viewers}, peak memory"), "MiB", case.goal(1), peak);
        }
    }

    fn many_streams(&self, case: &Case) -> [f64; 3] {
        let mut server = (case.server)();
        let places: Vec<_> = (0..PUBLISHERS).map(|_| server.place()).collect();
        let publisher = Publisher::start(self, SMALL, false, &places);
        pause(3.0);
        let viewers = case.kind.map(|kind| self.crowd(kind, &places, PUBLISHERS));
        pause(5.0);
        let used = usage(server.pid(), self.time);
        let (peak, resident) = (peak_mib(server.pid()), resident_mib(server.pid()));
        self.all_were_served(viewers, PUBLISHERS);
        publisher.stop(&self.report);
        [used.cpu_per_minute() / PUBLISHERS as f64, peak, resident]
    }

    /// What many viewers of one stream cost.
    pub fn viewers(&mut self) {
        self.report.title(&format!("{VIEWERS} viewers of one stream, 360p30 500 kbit/s, recorded"));
        let ours = vec![(Some(Kind::Mp4), [0.02, 40.0]), (Some(Kind::LowLatency), [0.03, 40.0])];
        let cases = self.cases(ours, vec![Some(Kind::Segments)]);
        for (case, runs) in self.in_turns(cases, Self::many_viewers) {
            let viewers = case.viewers("", "", "");
            let [cpu, peak, fetch] = runs;
            self.report.figure(&format!("{viewers}, CPU"), "s a viewer-minute", case.goal(0), cpu);
            self.report.figure(&format!("{viewers}, peak memory"), "MiB", case.goal(1), peak);
            if case.kind != Some(Kind::Mp4) {
                self.report.figure(&format!("{viewers}, 99th percentile of fetches"), "ms", None, fetch);
            }
        }
    }

    fn many_viewers(&self, case: &Case) -> [f64; 3] {
        let mut server = (case.server)();
        let place = server.place();
        let publisher = Publisher::start(self, SMALL, false, std::slice::from_ref(&place));
        pause(5.0);
        let viewers = case.kind.map(|kind| self.crowd(kind, &[place], VIEWERS));
        pause(5.0);
        let used = usage(server.pid(), self.time);
        let peak = peak_mib(server.pid());
        let fetch = self.all_were_served(viewers, VIEWERS).map_or(0.0, |seen| seen.fetch_p99_ms);
        publisher.stop(&self.report);
        [used.cpu_per_minute() / VIEWERS as f64, peak, fetch]
    }

    /// The gateway's cases with their goals, and those of the peer, if it is to be measured.
    fn cases(&self, ours: Vec<(Option<Kind>, [f64; 2])>, peers: Vec<Option<Kind>>) -> Vec<Case> {
        let gateway = |(kind, goals)| Case { server: || Box::new(Gateway::start()), kind, goals: Some(goals) };
        let nginx = |kind| Case { server: || Box::new(Nginx::start()), kind, goals: None };
        let peers = if self.nginx { peers } else { Vec::new() };
        ours.into_iter().map(gateway).chain(peers.into_iter().map(nginx)).collect()
    }

    /// Measures the cases in turns, so that a machine that is slower for a while is so for all of them.
    fn in_turns<const N: usize>(
        &self,
        cases: Vec<Case>,
        measure: fn(&Self, &Case) -> [f64; N],
    ) -> Vec<(Case, [Vec<f64>; N])> {
        let mut found: Vec<_> = cases.into_iter().map(|case| (case, [const { Vec::new() }; N])).collect();
        for _ in 0..self.runs {
            for (case, runs) in &mut found {
                for (values, value) in runs.iter_mut().zip(measure(self, case)) {
                    values.push(value);
                }
            }
        }
        found
    }

    fn crowd(&self, kind: Kind, places: &[Place], viewers: usize) -> Child {
        let urls = places.iter().map(|place| address(place, kind)).collect();
        Child::start("crowd", &crowd::Job { kind, urls, viewers })
    }

    /// Ends the viewers; says so if someone saw nothing, or an error.
    fn all_were_served(&self, viewers: Option<Child>, expected: usize) -> Option<Seen> {
        let seen: Seen = viewers?.stop();
        if seen.started < expected || !seen.failures.is_empty() || seen.least_bytes == 0 {
            self.report.note(&format!("{} of {expected} viewers saw something; {:?}", seen.started, seen.failures));
        }
        Some(seen)
    }
}
