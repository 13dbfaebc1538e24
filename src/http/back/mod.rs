//! The back half of the HTTP door: tiny_http on a Unix socket only the front reaches, and threads that run handlers.
//!
//! Calls don't come over the socket: the front leaves them in memory (`calls`), and sends their numbers alone.
//!
//! Handlers are plain blocking functions from a whole request to an answer. A handler's panic costs that one answer.
//! A listener that died is opened anew: tiny_http gives up at the first accept error, and panics when a descriptor is
//! wanting just after an accept, which nobody learns but who knocks in vain.

mod calls;

use std::fs::{self, File};
use std::io::{self, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::ground::crypto;
use crate::ground::reply::{Body, Reply, is_clean};
use crate::http::request::Request;
use crate::http::route::Lane;
use crate::private;
use calls::Calls;
pub(in crate::http) use calls::LeftCall;

/// Threads of the back: one for each place of each lane, so that no call waits for another in here.
const WORKERS: usize = Lane::Tv.slots() + Lane::Owner.slots() + Lane::Guest.slots();
/// Bytes a socket's path may have: Linux takes 107, and a number may come behind.
const SOCKET_PATH_BYTES: usize = 90;
/// Free descriptors that a new listener should find.
const SPARE_DESCRIPTORS: usize = 16;

/// What answers calls.
pub type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// The back half, serving. Dropping it ends it.
pub struct Back {
    inner: Arc<Inner>,
    workers: Vec<JoinHandle<()>>,
}

struct Inner {
    /// The first listener's socket; later ones have a number behind it.
    socket: PathBuf,
    /// Made for the socket alone.
    own_directory: Option<PathBuf>,
    handler: Box<Handler>,
    calls: Arc<Calls>,
    open: Mutex<Arc<Open>>,
    /// Held while a listener is opened anew, so that one does it.
    reopening: Mutex<()>,
    ended: AtomicBool,
}

/// A listener and its socket.
struct Open {
    server: tiny_http::Server,
    socket: PathBuf,
    number: u64,
}

impl Back {
    /// Listens on a socket in `directory`, or in one of its own if that one's path is too long for a socket's
    /// address (unix(7)), and answers with `handler` on as many threads as all lanes have
    /// places.
    pub fn start(directory: &Path, handler: Box<Handler>) -> io::Result<Self> {
        let mut socket = directory.join("http.sock");
        let mut own_directory = None;
        if socket.as_os_str().len() > SOCKET_PATH_BYTES {
            let own = std::env::temp_dir().join(format!("lareira-{}", crypto::new_token()));
            private::make_folder(&own)?;
            socket = own.join("http.sock");
            own_directory = Some(own);
        }
        let inner = Inner {
            open: Mutex::new(Arc::new(Open::new(socket.clone(), 0)?)),
            socket,
            own_directory,
            handler,
            calls: Calls::new(WORKERS),
            reopening: Mutex::default(),
            ended: AtomicBool::new(false),
        };
        let mut back = Self { inner: Arc::new(inner), workers: Vec::new() };
        for number in 0..WORKERS {
            let inner = back.inner.clone();
            let thread = thread::Builder::new().name(format!("http-back-{number}"));
            back.workers.push(thread.spawn(move || inner.work())?);
        }
        Ok(back)
    }

    /// The way in, for the front.
    pub fn entrance(&self) -> Entrance {
        Entrance(self.inner.clone())
    }
}

/// The way to the back.
#[derive(Clone)]
pub struct Entrance(Arc<Inner>);

impl Entrance {
    /// The socket to connect to.
    pub(super) fn socket(&self) -> PathBuf {
        self.0.open().socket.clone()
    }

    /// Leaves a call for the back, to be fetched by its number; nothing where more are under way than the lanes have places.
    pub(super) fn leave(&self, call: Request) -> Option<LeftCall> {
        self.0.calls.leave(call)
    }

    /// Says that nobody answered at `socket`: a new one is opened if there is none yet and it can be. Blocks.
    pub(super) fn nobody_answered(&self, socket: &Path) {
        let open = self.0.open();
        if open.socket == socket {
            self.0.reopen(&open, "nobody answered");
        }
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        self.inner.ended.store(true, Ordering::SeqCst);
        let open = self.inner.open();
        for _ in &self.workers {
            open.server.unblock();
        }
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
        let _ = fs::remove_file(&open.socket);
        if let Some(own) = &self.inner.own_directory {
            let _ = fs::remove_dir_all(own);
        }
    }
}

impl Open {
    /// Opens `socket`, for its owner alone.
    fn new(socket: PathBuf, number: u64) -> io::Result<Self> {
        let listener = private::listen(&socket)?;
        let server = tiny_http::Server::from_listener(listener, None).map_err(io::Error::other)?;
        Ok(Self { server, socket, number })
    }
}

/// Whether there are descriptors to spare.
fn spare_descriptors() -> io::Result<()> {
    (0..SPARE_DESCRIPTORS).map(|_| File::open("/dev/null")).collect::<io::Result<Vec<_>>>().map(drop)
}

impl Inner {
    fn open(&self) -> Arc<Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    fn work(&self) {
        while !self.has_ended() {
            let open = self.open();
            match open.server.recv() {
                Ok(request) => self.answer(request),
                Err(error) => {
                    while !self.has_ended() && !self.reopen(&open, &error.to_string()) {
                        thread::sleep(Duration::from_millis(100));
                    }
                }
            }
        }
    }

    /// Opens a new socket after tiny_http gave up `dead`; false if that cannot be done yet. The first to notice does
    /// it, and wakes the workers that wait for the old one. A socket's name is never used again: tiny_http may still
    /// knock at it.
    fn reopen(&self, dead: &Arc<Open>, why: &str) -> bool {
        let _one = self.reopening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.open().number != dead.number {
            return true;
        }
        let number = dead.number + 1;
        let mut socket = self.socket.clone().into_os_string();
        socket.push(format!(".{number}"));
        // In want of descriptors the new one would die as the old one did.
        let Ok(new) = spare_descriptors().and_then(|()| Open::new(socket.into(), number)) else { return false };
        log::warn!("http: the inner listener failed and was opened anew: {why}");
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        let _ = fs::remove_file(&dead.socket);
        for _ in 0..WORKERS {
            dead.server.unblock();
        }
        true
    }

    fn answer(&self, request: tiny_http::Request) {
        let reply = match self.calls.fetch(request.url().trim_start_matches('/')) {
            Some(call) => catch_unwind(AssertUnwindSafe(|| (self.handler)(&call))).unwrap_or_else(|_| {
                log::error!("http: a handler panicked");
                Reply::error(500, "internal", "something went wrong here: try again")
            }),
            None => Reply::error(400, "bad_request", "no call has this number"),
        };
        // A front that went away has nobody to tell.
        let _ = request.respond(response(reply));
    }
}

/// An answer in tiny_http's words. Fields that are not clean text are left out: it writes them as they are.
fn response(reply: Reply) -> tiny_http::Response<Cursor<Vec<u8>>> {
    let body = match reply.body {
        Body::Pieces(pieces) => pieces.concat(),
        Body::Portions(_) | Body::Endless(_) | Body::Passing { .. } => {
            log::error!("http: a handler gave an answer that only the front can send");
            return response(Reply::error(500, "internal", "something went wrong here"));
        }
    };
    let content_type = Some(("Content-Type", reply.content_type)).filter(|(_, value)| !value.is_empty());
    let others = reply.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let mut headers = Vec::new();
    for (name, value) in content_type.into_iter().chain(others) {
        match tiny_http::Header::from_bytes(name, value) {
            Ok(header) if is_clean(value) && value.is_ascii() => headers.push(header),
            _ => log::error!("http: a handler's {name} field is not clean text, left out"),
        }
    }
    let length = body.len();
    tiny_http::Response::new(tiny_http::StatusCode(reply.status), headers, Cursor::new(body), Some(length), None)
        .with_chunked_threshold(usize::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::AtomicUsize;

    pub use super::calls::tests::{call, left};

    #[test]
    fn whoever_reaches_the_socket_can_ask_for_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let asked = Arc::new(AtomicUsize::new(0));
        let handler = {
            let asked = asked.clone();
            move |call: &Request| {
                asked.fetch_add(1, Ordering::SeqCst);
                Reply::bytes(200, "text/plain", call.query.clone())
            }
        };
        let back = Back::start(dir.path(), Box::new(handler)).expect("started");
        let entrance = back.entrance();
        let ask = |head: &str| {
            let mut stream = UnixStream::connect(entrance.socket()).expect("connected");
            let head = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("answered");
            answer
        };
        let left = entrance.leave(call("one")).expect("a free place");
        let number = left.number();
        for forged in [
            "GET /api/v1/me HTTP/1.1\r\nX-Lareira-Peer: 127.0.0.1\r\nAuthorization: Bearer x",
            "POST /admin/api/verb HTTP/1.1\r\nX-Lareira-Secure: yes",
            "GET /0-AAAAAAAAAAAAAAAAAAAAAAAA HTTP/1.1",
            "GET / HTTP/1.1",
        ] {
            assert!(ask(forged).starts_with("HTTP/1.1 400 "), "{forged}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 0);
        let answer = ask(&format!("GET /{number} HTTP/1.1"));
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("one"), "{answer}");
        assert!(ask(&format!("GET /{number} HTTP/1.1")).starts_with("HTTP/1.1 400 "), "it was answered");
        let off = entrance.leave(call("two")).expect("a free place");
        let number = off.number();
        drop(off);
        assert!(ask(&format!("GET /{number} HTTP/1.1")).starts_with("HTTP/1.1 400 "), "it was called off");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}
