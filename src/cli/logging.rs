//! The log, to standard error: a line an event. What outsiders can cause at will fills no disk: of each place in the
//! program so many lines are written a minute, then how many more there were.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};
use simplelog::WriteLogger;

use crate::config::LogLevel;
use crate::ground::limits::LOG_LINES;
use crate::ground::throttle::Throttle;
use crate::ground::time::Moment;

/// How long lines are counted together.
const SPAN: Duration = Duration::from_secs(60);

/// A place in the program: file and line.
type Site = (&'static str, u32);

/// Writes the log to standard error.
pub(super) fn log_to_stderr(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
        LogLevel::Trace => LevelFilter::Trace,
    };
    // A second logger in one process is a test's affair.
    if log::set_boxed_logger(Box::new(Bounded::new(level, std::io::stderr()))).is_ok() {
        log::set_max_level(level);
    }
}

/// A log that can't be filled.
struct Bounded {
    writer: Box<dyn Log>,
    started: Instant,
    lines: Mutex<Lines>,
}

struct Lines {
    throttle: Throttle<Site>,
    /// The first line of each place in this span.
    samples: BTreeMap<Site, String>,
}

impl Bounded {
    fn new(level: LevelFilter, to: impl Write + Send + 'static) -> Self {
        let config = simplelog::ConfigBuilder::new()
            .set_time_format_rfc3339()
            .set_thread_level(LevelFilter::Off)
            .set_target_level(LevelFilter::Off)
            .add_filter_allow_str("lareira")
            .build();
        let lines = Lines { throttle: Throttle::new(SPAN, LOG_LINES, u32::MAX), samples: BTreeMap::new() };
        Self { writer: WriteLogger::new(level, config, to), started: Instant::now(), lines: lines.into() }
    }

    fn write(&self, record: &Record<'_>, now: Moment) {
        // Whoever asks for details gets them all.
        let (false, Some(file), Some(line)) = (record.level() > Level::Info, record.file_static(), record.line())
        else {
            return self.writer.log(record);
        };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for (site, more) in lines.throttle.untold(now).kinds {
            let Some(sample) = lines.samples.remove(&site) else { continue };
            let told = format_args!("and {more} more like this: {sample}").to_string();
            self.writer.log(
                &Record::builder().level(Level::Warn).target(record.target()).args(format_args!("{told}")).build(),
            );
        }
        if lines.throttle.may_tell((file, line), now) {
            lines.samples.entry((file, line)).or_insert_with(|| record.args().to_string());
            drop(lines);
            self.writer.log(record);
        }
    }
}

impl Log for Bounded {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.writer.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.write(record, Moment::default() + self.started.elapsed());
        }
    }

    fn flush(&self) {
        self.writer.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn refusals_without_end_fill_no_disk() {
        let written = Written::default();
        let log = Bounded::new(LevelFilter::Debug, written.clone());
        let say = |line: u32, level: Level, text: &str, now: Moment| {
            let mut record = Record::builder();
            record.level(level).target("lareira").file_static(Some("src/door.rs")).line(Some(line));
            log.write(&record.args(format_args!("{text}")).build(), now);
        };
        for number in 0..24_000 {
            say(7, Level::Info, &format!("refused {number}"), Moment(number));
        }
        say(8, Level::Error, "the disk is full", Moment(24_000));
        let text = || String::from_utf8(written.0.lock().expect("nobody panics").clone()).expect("text");
        assert_eq!(text().lines().count(), LOG_LINES as usize + 1, "another place is heard");
        say(8, Level::Info, "a minute later", Moment::default() + SPAN * 2);
        let more = 24_000 - LOG_LINES;
        assert!(text().contains(&format!("and {more} more like this: refused 0\n")), "{}", text());
        assert!(text().len() < 20_000 && text().ends_with("a minute later\n"));
        for number in 0..1000 {
            say(9, Level::Debug, &format!("detail {number}"), Moment::default() + SPAN * 2);
        }
        assert!(text().contains("detail 999"), "who asks for details gets them");
    }
}
