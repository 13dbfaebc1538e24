//! How the gateway is: for those who watch over it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::executor::{Executor, processor_time};
use crate::iptv::Channels;
use crate::lifecycle::room::free_bytes;
use crate::live::{self, Hub};
use crate::node::threads::Down;
use crate::share::Steward;

/// Less room than this on the data directory's disk is not well.
const LEAST_FREE_BYTES: u64 = 8 << 20;

/// The gateway's state.
pub(crate) struct Health {
    pub steward: Arc<Steward>,
    pub hub: Arc<Hub>,
    pub channels: Arc<Channels>,
    pub executor: Executor,
    pub data_dir: PathBuf,
    pub down: Down,
}

impl Health {
    /// What is not as it should be; `None` if all is well.
    pub fn trouble(&self) -> Option<String> {
        if let Err(error) = self.steward.health() {
            return Some(error.to_string());
        }
        if let Some(name) = self.down.first() {
            return Some(format!("thread {name} broke off, and was begun again not long ago: look at the log"));
        }
        match free_bytes(&self.data_dir) {
            Ok(free) if free >= LEAST_FREE_BYTES => None,
            Ok(free) => Some(format!("the disk is full: {free} bytes are left")),
            Err(error) => Some(format!("the data directory can't be reached: {error}")),
        }
    }

    /// Figures in Prometheus' text format. Asked on the event loop: answers at once.
    pub fn metrics(&self) -> String {
        let streams = self.hub.all();
        let flowing = streams.iter().filter(|stream| stream.status() == live::Status::Flowing).count();
        let mut sums = live::StreamCounts::default();
        for counts in streams.iter().map(|stream| stream.counts()) {
            sums.readers += counts.readers;
            sums.skips += counts.skips;
            sums.late_sound += counts.late_sound;
            sums.line.wait_ms = sums.line.wait_ms.max(counts.line.wait_ms);
            sums.line.packets_lost += counts.line.packets_lost;
            sums.line.pictures_dropped += counts.line.pictures_dropped;
            sums.pictures += counts.pictures;
            sums.bytes += counts.bytes;
        }
        let failed = |stream: &&Arc<live::Stream>| {
            use live::RecordingState::{Failed, Paused, Resuming};
            matches!(stream.recording(), Failed(_) | Paused(_) | Resuming(_))
        };
        let failed = streams.iter().filter(failed).count();
        let free = free_bytes(&self.data_dir).unwrap_or(0);
        let mut out = String::new();
        for (name, help, value) in [
            ("lareira_streams", "Streams that flow.", flowing as u64),
            ("lareira_viewers", "Readers of endless bodies.", sums.readers),
            ("lareira_pictures_published", "Pictures of the streams held now.", sums.pictures),
            ("lareira_bytes_published", "Bytes of the streams held now.", sums.bytes),
            ("lareira_reader_skips", "Times a slow reader was sent on to a key frame.", sums.skips),
            ("lareira_sound_too_late", "Pieces of sound that came so late that silence was sent.", sums.late_sound),
            (
                "lareira_line_wait_ms_max",
                "The longest that packets over UDP waited for late ones of late.",
                sums.line.wait_ms,
            ),
            ("lareira_line_packets_lost", "Packets over UDP that never came.", sums.line.packets_lost),
            ("lareira_line_pictures_dropped", "Pictures left out because of them.", sums.line.pictures_dropped),
            ("lareira_recordings_failed", "Streams held now whose recording failed or waits for room.", failed as u64),
            ("lareira_channel_receptions", "TV channels that are received now.", self.channels.receptions() as u64),
            ("lareira_disk_free_bytes", "Bytes free on the data directory's disk.", free),
        ] {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        let meter = self.executor.meter();
        for (name, help, kind, value) in [
            (
                "lareira_loop_turn_seconds_max",
                "Processor time of the longest turn of a task on the event loop since the start.",
                "gauge",
                meter.longest().as_secs_f64(),
            ),
            (
                "lareira_loop_long_turns_total",
                "Turns of tasks on the event loop that took more than 5 ms of processor time.",
                "counter",
                meter.long_turns() as f64,
            ),
            // Asked on the event loop, so this thread is it.
            (
                "lareira_loop_processor_seconds_total",
                "Processor time of the event loop.",
                "counter",
                processor_time().as_secs_f64(),
            ),
        ] {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        out
    }
}
