//! Other people's programs (ffmpeg, GStreamer, VLC) and our own, run with a deadline and never left behind.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    what: String,
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

/// What a program said until it ended.
#[derive(Debug)]
pub struct Ended {
    pub what: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Fails unless the program ended well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.status.success(), "{} ended with {}:\n{}{}", self.what, self.status, self.stdout, self.stderr);
        self
    }
}

/// A command of `program` with `arguments`.
pub fn command<S: AsRef<std::ffi::OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Starts `command`; what it writes is read all the while.
pub fn start(mut command: Command) -> Running {
    let what = format!("{command:?}");
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("{what} can't be started ({error}); tests/run installs it"));
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    Running { what, child, stdout, stderr }
}

/// Runs `command` to its end; fails if that takes longer than `limit`.
#[track_caller]
pub fn run(command: Command, limit: Duration) -> Ended {
    start(command).wait(limit)
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A program that was killed may leave its pipe half read: what came is what there is.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Running {
    /// The command that started it.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end; fails if that takes longer than `limit`.
    #[track_caller]
    pub fn wait(mut self, limit: Duration) -> Ended {
        let started = Instant::now();
        while self.runs() {
            if started.elapsed() > limit {
                let what = self.what.clone();
                let ended = self.kill();
                panic!("{what} was still running after {limit:?}:\n{}{}", ended.stdout, ended.stderr);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.ended()
    }

    /// Kills it at once (SIGKILL), as a power cut would.
    pub fn kill(mut self) -> Ended {
        let _ = self.child.kill();
        self.ended()
    }

    /// Asks it to end (SIGTERM, or SIGINT for programs that end their stream on that) and waits.
    #[track_caller]
    pub fn stop(self, signal: &str, limit: Duration) -> Ended {
        run(command("kill", [format!("-{signal}"), self.id().to_string()]), limit).ok();
        self.wait(limit)
    }

    fn ended(&mut self) -> Ended {
        let status = self.child.wait().expect("a child can be waited for");
        let text = |reader: Option<JoinHandle<String>>| reader.map(|reader| reader.join().expect("reads its pipe"));
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let (stdout, stderr) = (text(stdout).unwrap_or_default(), text(stderr).unwrap_or_default());
        Ended { what: self.what.clone(), status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
