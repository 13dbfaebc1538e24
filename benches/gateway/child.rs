//! The bench's own children: publishers and viewers run in processes of their own, so that what they cost is not
//! counted. A child is told its job in one line of JSON, answers in lines of JSON, and ends when its input does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A running child. Dropping it ends it.
pub struct Child {
    process: Process,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this program again, as `role`.
    pub fn start(role: &str, job: &impl Serialize) -> Self {
        let me = std::env::current_exe().unwrap();
        let mut command = Command::new(me);
        let mut process =
            command.arg(role).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("this program can start");
        let mut input = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        writeln!(input, "{}", serde_json::to_string(job).unwrap()).unwrap();
        Self { process, input: Some(input), answers }
    }

    /// The next answer.
    pub fn answer<T: DeserializeOwned>(&mut self) -> T {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("a child of the bench failed: {error}: {line:?}"))
    }

    /// Tells the child to end, and gets its last answer.
    pub fn stop<T: DeserializeOwned>(mut self) -> T {
        self.input = None;
        self.answer()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.input = None;
        if std::thread::panicking() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// The job this child has to do.
pub fn job<T: DeserializeOwned>() -> T {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// Answers.
pub fn answer(value: &impl Serialize) {
    println!("{}", serde_json::to_string(value).unwrap());
}

/// Waits until the parent says that it is enough. Blocks.
pub fn wait_for_the_end() {
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// Set when the parent says that it is enough.
pub fn stop_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    std::thread::spawn(move || {
        wait_for_the_end();
        set.store(true, Ordering::SeqCst);
    });
    flag
}
