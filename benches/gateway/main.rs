//! What the gateway costs, measured from outside: the built program as a process of its own, with publishers and
//! viewers in further ones. It reproduces the figures of `docs/performance.md`.
//!
//! `cargo bench --bench gateway -- [NAMES] [--runs N] [--secs N] [--shares N] [--peer nginx] [--json]`, where names are
//! any of start, idle, first, delay, llhls, late, cpu, publishers, viewers; without a name, all. It needs ffmpeg, once,
//! to make the clips it publishes; they stay in `target/bench-assets/`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

mod child;
mod clip;
mod crowd;
mod figures;
mod house;
mod http;
#[path = "../../tests/http_client/mod.rs"]
mod http_client;
mod peer;
mod playlist;
mod process;
mod publish;
mod report;
mod rtmp;
mod rtsp;
mod stored;
mod watch;

use std::path::Path;
use std::time::Duration;

use figures::Bench;
use report::Report;

/// A figure's name, and how it is measured.
type Figure = (&'static str, fn(&mut Bench));

const FIGURES: &[Figure] = &[
    ("start", Bench::start),
    ("idle", Bench::idle),
    ("first", Bench::first),
    ("delay", Bench::delay),
    ("llhls", Bench::llhls),
    ("late", Bench::late),
    ("cpu", Bench::cpu),
    ("publishers", Bench::publishers),
    ("viewers", Bench::viewers),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut names = Vec::new();
    let (mut runs, mut secs, mut shares, mut nginx, mut json) = (3, 20, 100_000, false, false);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).expect("a number follows");
        match argument.as_str() {
            "publish" => return publish::run(),
            "watch" => return watch::run(),
            "crowd" => return crowd::run(),
            "--runs" => runs = number(),
            "--secs" => secs = number(),
            "--shares" => shares = number(),
            "--peer" => {
                assert_eq!(arguments.next().as_deref(), Some("nginx"), "the only peer is nginx");
                assert!(peer::Nginx::is_there(), "nginx or its module is missing: install nginx and libnginx-mod-rtmp");
                nginx = true;
            }
            "--json" => json = true,
            // Cargo says so to every bench.
            "--bench" => {}
            name => {
                assert!(FIGURES.iter().any(|figure| figure.0 == name), "there is no figure {name}");
                names.push(name.to_owned());
            }
        }
    }
    let target = Path::new(env!("CARGO_BIN_EXE_lareira")).ancestors().nth(2).expect("programs are built in target");
    let clips = target.join("bench-assets");
    let time = Duration::from_secs(secs as u64);
    let mut bench = Bench { clips, runs, time, shares, nginx, report: Report::new(json) };
    for (_, figure) in FIGURES.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|asked| asked == name)) {
        figure(&mut bench);
    }
    bench.report.finish();
}
