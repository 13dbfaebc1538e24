//! What the gateway is doing just now, for the owner's page: streams and who watches them, load, memory, disk.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::ground::time::{Clock, Moment};
use crate::lifecycle::room::Room;
use crate::live::{self, Hub, RecordingState, Stream};
use crate::share::{Asker, Report, Steward};

/// Linux counts processor time in hundredths of a second, whatever the machine (proc(5), `sysconf(_SC_CLK_TCK)`).
const TICKS_A_SECOND: f64 = 100.0;
/// Load is measured over at least this long: looks that follow sooner are told the last figure.
const LEAST_MS: u64 = 500;

/// Looks around.
pub struct Now {
    steward: Arc<Steward>,
    hub: Arc<Hub>,
    room: Arc<Room>,
    clock: Arc<dyn Clock>,
    started: Moment,
    load: Mutex<Load>,
}

/// What the gateway is doing. The fields' names are those of the API (docs/api.md).
#[derive(Debug, Serialize)]
pub struct GatewayNow {
    now: String,
    uptime_ms: u64,
    version: &'static str,
    cpu_percent: f64,
    memory_bytes: Option<u64>,
    disk_free_bytes: Option<u64>,
    room_left_bytes: Option<i64>,
    little_room: bool,
    viewers: usize,
    wrong_codes: u32,
    streams: Vec<StreamNow>,
}

/// A stream that has not ended.
#[derive(Debug, Serialize)]
struct StreamNow {
    share_id: String,
    interrupted: bool,
    duration_ms: i64,
    bytes: u64,
    readers: u64,
    skips: u64,
    line_wait_ms: u64,
    packets_lost: u64,
    pictures_dropped: u64,
    recording: &'static str,
    width: Option<u32>,
    height: Option<u32>,
    frame_rate: Option<f64>,
    bits_per_second: Option<u64>,
    #[serde(flatten)]
    share: Option<ShareNow>,
}

/// The share of a stream.
#[derive(Debug, Serialize)]
struct ShareNow {
    title: Option<String>,
    sender_name: String,
    state: &'static str,
    viewers: usize,
    latency_ms: Option<u64>,
    latency_from: Option<&'static str>,
    targets: Vec<TargetNow>,
}

/// Whom a share is for.
#[derive(Debug, Serialize)]
struct TargetNow {
    name: String,
    state: &'static str,
}

impl From<Report> for ShareNow {
    fn from(report: Report) -> Self {
        let Report { share, sender, targets, viewers, .. } = report;
        let delay = targets.iter().filter_map(|target| target.delay).max();
        Self {
            title: share.title,
            sender_name: sender.name,
            state: share.state.as_str(),
            viewers,
            latency_ms: delay.map(|delay| delay.ms),
            latency_from: delay.map(|delay| delay.from()),
            targets: targets
                .into_iter()
                .map(|target| TargetNow { name: target.name, state: target.state.as_str() })
                .collect(),
        }
    }
}

/// Processor time at the last look, and the load since the one before.
#[derive(Clone, Copy, Debug)]
struct Load {
    at: Moment,
    ticks: u64,
    percent: f64,
}

impl Now {
    /// For a gateway that starts now and whose recordings have this room.
    pub fn new(steward: Arc<Steward>, hub: Arc<Hub>, room: Arc<Room>, clock: Arc<dyn Clock>) -> Self {
        let started = clock.now();
        let load = Load { at: started, ticks: processor_ticks().unwrap_or(0), percent: 0.0 };
        Self { steward, hub, room, clock, started, load: Mutex::new(load) }
    }

    /// Everything, as the owner's page shows it.
    pub fn look(&self) -> GatewayNow {
        let now = self.clock.now();
        let flowing = |stream: &Arc<Stream>| stream.status() != live::Status::Ended;
        let streams: Vec<_> = self.hub.all().into_iter().filter(flowing).map(|stream| self.stream(&stream)).collect();
        let left = self.room.left().ok();
        GatewayNow {
            now: self.clock.date().to_string(),
            uptime_ms: now.since(self.started).as_millis() as u64,
            version: env!("CARGO_PKG_VERSION"),
            cpu_percent: self.load(now),
            memory_bytes: resident_bytes(),
            disk_free_bytes: self.room.disk_free_bytes().ok(),
            room_left_bytes: left.map(|left| left.least().max(0)),
            little_room: left.is_some_and(|left| self.room.is_tight(left)),
            viewers: streams.iter().filter_map(|stream| Some(stream.share.as_ref()?.viewers)).sum(),
            wrong_codes: self.steward.wrong_codes(),
            streams,
        }
    }

    fn stream(&self, stream: &Stream) -> StreamNow {
        let share = stream.share();
        let (counts, media) = (stream.counts(), stream.media());
        StreamNow {
            share_id: share.to_string(),
            interrupted: stream.status() == live::Status::Interrupted,
            duration_ms: stream.duration().to_ms().max(0),
            bytes: counts.bytes,
            readers: counts.readers,
            skips: counts.skips,
            line_wait_ms: counts.line.wait_ms,
            packets_lost: counts.line.packets_lost,
            pictures_dropped: counts.line.pictures_dropped,
            recording: match stream.recording() {
                RecordingState::Off => "off",
                RecordingState::On => "on",
                RecordingState::Complete => "complete",
                RecordingState::Paused(_) | RecordingState::Resuming(_) => "paused",
                RecordingState::Failed(_) => "failed",
            },
            width: media.as_ref().map(|media| media.width),
            height: media.as_ref().map(|media| media.height),
            frame_rate: media.as_ref().map(|media| media.frame_rate),
            bits_per_second: media.as_ref().map(|media| media.bits_per_second),
            share: self.steward.share(Asker::Owner, share).ok().map(ShareNow::from),
        }
    }

    /// Percent of one processor used since the last look.
    fn load(&self, now: Moment) -> f64 {
        let mut load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        let passed_ms = now.since(load.at).as_millis() as u64;
        if passed_ms >= LEAST_MS
            && let Some(ticks) = processor_ticks()
        {
            let used_s = ticks.saturating_sub(load.ticks) as f64 / TICKS_A_SECOND;
            *load = Load { at: now, ticks, percent: (used_s * 100_000.0 / passed_ms as f64 * 10.0).round() / 10.0 };
        }
        load.percent
    }
}

/// Processor time of this process, in its own code and in the kernel for it (proc(5), `stat`).
fn processor_ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold anything; what follows is numbers.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let own: u64 = fields.next()?.parse().ok()?;
    Some(own + fields.next()?.parse::<u64>().ok()?)
}

/// Memory of this process (proc(5), `statm`). It is counted in pages, whose size is the machine's: 4 KiB on most, 16 or 64
/// on some with ARM processors.
fn resident_bytes() -> Option<u64> {
    resident(&std::fs::read_to_string("/proc/self/statm").ok()?, rustix::param::page_size())
}

fn resident(statm: &str, page_bytes: usize) -> Option<u64> {
    Some(statm.split_whitespace().nth(1)?.parse::<u64>().ok()? * page_bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_reckoned_in_pages_of_this_machine() {
        assert_eq!(resident("9000 1000 300 1 0 500 0", 16 * 1024), Some(16_384_000), "a Raspberry Pi 5");
        // The kernel's own sum, in KiB (proc(5), `status`), as of a moment later.
        let status = std::fs::read_to_string("/proc/self/status").expect("it is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is said");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        let ours = resident_bytes().expect("it is known") / 1024;
        assert!(ours.abs_diff(kib) < kib / 2, "{ours} and {kib} KiB");
    }
}
