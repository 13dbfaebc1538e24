//! What a server has used, from `/proc`: processor time in nanoseconds, waits, memory, of it and its children.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

/// Threads that have nothing to do end after half a second: looked at this often, none ends unseen.
const LOOK: Duration = Duration::from_millis(200);

/// What was used over a time.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub cpu_s: f64,
    /// Times a thread went to sleep and was woken.
    pub wakeups: f64,
    pub minutes: f64,
}

impl Usage {
    /// Processor seconds a minute.
    pub fn cpu_per_minute(&self) -> f64 {
        self.cpu_s / self.minutes
    }

    /// Wake-ups a second.
    pub fn wakeups_per_second(&self) -> f64 {
        self.wakeups / self.minutes / 60.0
    }
}

/// Nanoseconds on a processor and voluntary context switches, by thread.
type Threads = HashMap<u32, (u64, u64)>;

/// Looks at what `pid` and its children use, for `time`.
pub fn usage(pid: u32, time: Duration) -> Usage {
    let before = threads(pid);
    let start = Instant::now();
    let mut last = before.clone();
    while start.elapsed() < time {
        std::thread::sleep(LOOK.min(time.saturating_sub(start.elapsed())));
        last.extend(threads(pid));
    }
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    let (mut cpu_ns, mut wakeups) = (0, 0);
    for (thread, (ns, switches)) in last {
        let (ns_before, switches_before) = before.get(&thread).copied().unwrap_or_default();
        cpu_ns += ns - ns_before;
        wakeups += switches - switches_before;
    }
    Usage { cpu_s: cpu_ns as f64 / 1e9, wakeups: wakeups as f64, minutes }
}

fn threads(pid: u32) -> Threads {
    let mut threads = Threads::new();
    for process in family(pid) {
        for entry in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let path = entry.path();
            let ns = fs::read_to_string(path.join("schedstat"));
            let ns = ns.ok().and_then(|text| text.split(' ').next()?.parse().ok());
            let switches = fs::read_to_string(path.join("status"))
                .ok()
                .and_then(|status| field(&status, "voluntary_ctxt_switches:"));
            let thread = entry.file_name().to_string_lossy().parse();
            if let (Ok(thread), Some(ns), Some(switches)) = (thread, ns, switches) {
                threads.insert(thread, (ns, switches));
            }
        }
    }
    threads
}

/// A process and its children.
fn family(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    [pid].into_iter().chain(children.split_whitespace().filter_map(|word| word.parse().ok())).collect()
}

fn field(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn mebibytes(pid: u32, name: &str) -> f64 {
    let of = |process| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        field(&status, name).unwrap_or(0)
    };
    family(pid).into_iter().map(of).sum::<u64>() as f64 / 1024.0
}

/// Memory in use, in MiB.
pub fn resident_mib(pid: u32) -> f64 {
    mebibytes(pid, "VmRSS:")
}

/// The most memory there was in use, in MiB.
pub fn peak_mib(pid: u32) -> f64 {
    mebibytes(pid, "VmHWM:")
}
