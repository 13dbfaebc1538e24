//! The control socket: how `lareira admin` reaches a running gateway.
//!
//! A Unix socket in the data directory, its owner's alone. A message is its length in four bytes, big endian, and JSON:
//! one verb in, one answer out, `{"done":…}` or `{"refused":{"code","message"}}`.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::admin::verbs::{Admin, Answer, NotDone, Verb};
use crate::ground::limits;
use crate::private;

/// The socket's name in the data directory.
const NAME: &str = "control.sock";
/// Bytes of a verb: a photo in base64, and some words.
const VERB_BYTES: usize = limits::PHOTO_BYTES / 3 * 4 + 64 * 1024;
/// Bytes of an answer.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// How long the other side may take to send or to take a whole message.
const PATIENCE: Duration = Duration::from_secs(5);
/// Calls that are answered at once; further ones wait. Whoever is slow, silent or has a large backup made holds up no other.
const THREADS: usize = 4;

/// What comes back: an [`Answer`] as it is written, read again as any JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome<A> {
    Done(A),
    Refused(Refused),
}

/// Why something was not done, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Stable, for programs.
    pub code: String,
    /// For people; says what to do.
    pub message: String,
}

impl From<NotDone> for Refused {
    fn from(error: NotDone) -> Self {
        Self { code: error.code().into(), message: error.to_string() }
    }
}

/// The gateway's side; closes the socket when dropped.
pub struct Control {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Control {
    /// Opens the socket and answers on threads of its own. The database must be open: whoever has it has the socket.
    pub fn start(data_dir: &Path, admin: Arc<Admin>) -> io::Result<Self> {
        let path = data_dir.join(NAME);
        let listener = Arc::new(private::listen(&path)?);
        let mut control = Self { path, stop: Arc::new(AtomicBool::new(false)), threads: Vec::new() };
        for number in 0..THREADS {
            let (listener, admin, stop) = (listener.clone(), admin.clone(), control.stop.clone());
            let thread = std::thread::Builder::new().name(format!("control-{number}"));
            control.threads.push(thread.spawn(move || serve(&listener, &admin, &stop))?);
        }
        Ok(control)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Whoever waits for the next connection gets one, and looks.
        let woken = self.threads.iter().all(|_| UnixStream::connect(&self.path).is_ok());
        for thread in self.threads.drain(..).filter(|_| woken) {
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.path);
    }
}

/// Answers one connection after the other until it is told to stop.
fn serve(listener: &UnixListener, admin: &Admin, stop: &AtomicBool) {
    for stream in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let answered = stream.and_then(|stream| answer(stream, admin));
        if let Err(error) = answered {
            log::warn!("control socket: {error}");
            // An error of the listener itself would come back at once.
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn answer(stream: UnixStream, admin: &Admin) -> io::Result<()> {
    let verb: Verb = receive(&mut InTime::new(&stream), VERB_BYTES)?;
    let outcome: Outcome<Answer> = match admin.execute(&verb) {
        Ok(answer) => Outcome::Done(answer),
        Err(error) => Outcome::Refused(error.into()),
    };
    send(&mut InTime::new(&stream), &outcome)
}

/// A socket's side that has [`PATIENCE`] for all it sends, or all it takes.
struct InTime<'a> {
    stream: &'a UnixStream,
    until: Instant,
}

impl<'a> InTime<'a> {
    fn new(stream: &'a UnixStream) -> Self {
        Self { stream, until: Instant::now() + PATIENCE }
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for InTime<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(bytes)
    }
}

impl Write for InTime<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Has a running gateway do something. `None` when none runs on this data directory.
pub fn ask(data_dir: &Path, verb: &Verb) -> io::Result<Option<Result<Value, Refused>>> {
    let mut stream = match UnixStream::connect(data_dir.join(NAME)) {
        Ok(stream) => stream,
        Err(error)
            // InvalidInput: the path is too long for a socket, so no gateway has one there.
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    send(&mut stream, verb)?;
    Ok(Some(match receive(&mut stream, ANSWER_BYTES)? {
        Outcome::Done(value) => Ok(value),
        Outcome::Refused(refused) => Err(refused),
    }))
}

fn send(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let length = u32::try_from(text.len()).map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
    stream.write_all(&[&length.to_be_bytes()[..], &text].concat())
}

fn receive<T: DeserializeOwned>(stream: &mut impl Read, most: usize) -> io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > most {
        return Err(io::Error::new(ErrorKind::InvalidData, "a message is too long"));
    }
    let mut text = vec![0; length];
    stream.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::addresses::Addresses;
    use crate::album::Album;
    use crate::ground::set_clock::SetClock;
    use crate::ground::time::Clock as _;
    use crate::lifecycle::gallery::Gallery;
    use crate::lifecycle::strays::Strays;
    use crate::share::ledger::memory::MemoryStorage;
    use crate::share::{Announcer, ShareSettings, Steward};
    use std::os::unix::fs::PermissionsExt as _;

    fn admin(data_dir: &Path) -> Admin {
        let addresses =
            Addresses { http: "http://tv:8080".into(), https: None, rtsp: "rtsp://tv:8554".into(), rtsps: None };
        let album = Album::open(&data_dir.join("photos")).expect("an album");
        let steward = steward();
        let strays = Arc::new(Strays::at_rest(steward.clone(), data_dir).expect("a folder"));
        Admin { steward, gallery: Arc::new(Gallery::new(album)), addresses, channels: None, strays }
    }

    fn steward() -> Arc<Steward> {
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(clock.date()));
        let settings = ShareSettings { pin_rounds: 1, ..ShareSettings::default() };
        let steward = Steward::new(Arc::new(MemoryStorage::default()), clock, announcer, settings).expect("opens");
        Arc::new(steward)
    }

    fn done(dir: &Path, verb: Verb) -> Value {
        ask(dir, &verb).expect("asked").expect("a gateway runs").expect("done")
    }

    #[test]
    fn a_running_gateway_does_what_it_is_asked() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(ask(dir.path(), &Verb::AccountList).expect("asked").is_none(), "none runs");
        let control = Control::start(dir.path(), Arc::new(admin(dir.path()))).expect("starts");
        let mode = fs::metadata(dir.path().join(NAME)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let account = done(dir.path(), Verb::AccountAdd { name: "Silva".into(), country: None });
        assert_eq!(done(dir.path(), Verb::AccountList)["accounts"][0], account);
        let user = Verb::UserAdd {
            account: "Silva".into(),
            name: "Ana".into(),
            msisdn: Some("+351 912 345 678".into()),
            email: None,
            pin: Some("1234".into()),
        };
        let user = done(dir.path(), user);
        assert_eq!((&user["has_pin"], &user["msisdn"]), (&true.into(), &"+351912345678".into()));

        let new = done(dir.path(), Verb::ShareNew { to: vec!["Ana".into()], from: Some("Door".into()) });
        let id = new["share_id"].as_str().expect("an id").to_owned();
        assert!(new["publish"]["rtsp_url"].as_str().expect("an address").starts_with("rtsp://tv:8554/live/"));
        let hls = new["play"]["hls_url"].as_str().expect("an address");
        assert!(hls.starts_with(&format!("http://tv:8080/play/{id}/")) && hls.ends_with("/index.m3u8"));
        let shown = done(dir.path(), Verb::ShareShow { share: id.clone() });
        assert_eq!((&shown["state"], &shown["targets"][0]["name"]), (&"pending".into(), &"Ana".into()));
        assert_eq!(shown["sender_name"], "Door");
        done(dir.path(), Verb::ShareDelete { share: id.clone() });
        let refused = ask(dir.path(), &Verb::ShareShow { share: id }).expect("asked").expect("a gateway runs");
        assert_eq!(refused.expect_err("gone").code, "not_found");

        drop(control);
        assert!(ask(dir.path(), &Verb::AccountList).expect("asked").is_none(), "it is gone");
    }

    #[test]
    fn nonsense_ends_its_own_connection_only() {
        let dir = tempfile::tempdir().expect("a directory");
        let _control = Control::start(dir.path(), Arc::new(admin(dir.path()))).expect("starts");
        for nonsense in [&b"\xff\xff\xff\xff"[..], b"\0\0\0\x02{}", b"\0\0\0\x05"] {
            let mut stream = UnixStream::connect(dir.path().join(NAME)).expect("connected");
            stream.write_all(nonsense).expect("written");
            stream.shutdown(std::net::Shutdown::Write).expect("over");
            assert_eq!(stream.read(&mut [0; 8]).unwrap_or(0), 0, "no answer");
        }
        done(dir.path(), Verb::UserList);
    }

    #[test]
    fn whoever_is_silent_holds_up_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let control = Control::start(dir.path(), Arc::new(admin(dir.path()))).expect("starts");
        let silent: Vec<_> = (0..THREADS - 1)
            .map(|sent| {
                let mut stream = UnixStream::connect(dir.path().join(NAME)).expect("connected");
                stream.write_all(&[0, 0, 0, 9][..sent]).expect("written");
                stream
            })
            .collect();
        // They came first, so it is their turn first.
        for _ in 0..5 {
            done(dir.path(), Verb::UserList);
        }
        for stream in &silent {
            stream.set_nonblocking(true).expect("set");
            let read = (&*stream).read(&mut [0]);
            assert_eq!(read.expect_err("nothing has come").kind(), ErrorKind::WouldBlock, "it is still waited for");
        }
        drop(silent);
        drop(control);
    }

    #[test]
    fn a_message_has_its_time_as_a_whole() {
        let (mut ours, theirs) = UnixStream::pair().expect("a pair");
        ours.write_all(&[7; 3]).expect("written");
        let mut late = InTime { stream: &theirs, until: Instant::now() };
        assert_eq!(late.read(&mut [0]).expect_err("late").kind(), ErrorKind::TimedOut, "whatever has come");
        assert_eq!(late.write(&[7]).expect_err("late").kind(), ErrorKind::TimedOut);
        assert_eq!(InTime::new(&theirs).read(&mut [0; 3]).expect("in time"), 3);
    }

    #[test]
    fn a_socket_left_behind_is_no_gateway_and_no_obstacle() {
        let dir = tempfile::tempdir().expect("a directory");
        drop(UnixListener::bind(dir.path().join(NAME)).expect("bound"));
        assert!(ask(dir.path(), &Verb::UserList).expect("asked").is_none());
        let _control = Control::start(dir.path(), Arc::new(admin(dir.path()))).expect("starts");
        done(dir.path(), Verb::UserList);
    }

    #[test]
    fn names_will_do_where_they_are_the_only_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let _control = Control::start(dir.path(), Arc::new(admin(dir.path()))).expect("starts");
        for _ in 0..2 {
            done(dir.path(), Verb::AccountAdd { name: "Silva".into(), country: None });
        }
        let user = |account: &str| {
            let (account, name) = (account.to_owned(), "Ana".to_owned());
            let verb = Verb::UserAdd { account, name, msisdn: None, email: None, pin: None };
            ask(dir.path(), &verb).expect("asked").expect("a gateway runs")
        };
        assert_eq!(user("Silva").expect_err("which?").code, "invalid");
        assert_eq!(user("Souza").expect_err("none").code, "not_found");
        let accounts = done(dir.path(), Verb::AccountList);
        user(accounts["accounts"][1]["account_id"].as_str().expect("an id")).expect("added");
    }
}
