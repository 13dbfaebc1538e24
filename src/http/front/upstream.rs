//! Passing a call to the threads behind the front: the whole call is left in memory, its number is sent over the socket,
//! the whole answer comes back.
//!
//! One call a connection: what a client sends can never be taken for the start of another's call. Nothing of a
//! client's head goes through but the fields the head reader keeps.
//!
//! A call whose client has gone before its turn is never begun. One that is begun keeps its slots until the back has
//! ended it, whoever still waits for the answer: it has a task of its own.

use std::io;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use async_io::{Async, Timer};
use bytes::Bytes;
use futures_lite::future::yield_now;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, FutureExt as _};
use smol::channel;

use super::bodies::BodySlot;
use super::callers::KnownCallers;
use super::head::Head;
use super::lanes::Lanes;
use crate::executor::{Executor, Work, unblock};
use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::reply::Reply;
use crate::http::back::{Entrance, LeftCall};
use crate::http::request::Request;
use crate::http::route::{Lane, Route};

/// Where a call comes from.
pub(super) struct Caller {
    pub lane: Lane,
    pub peer: IpAddr,
    /// Whether the client came over TLS.
    pub secure: bool,
    /// Bytes and microseconds of an upload that was measured.
    pub probe: Option<(u64, u64)>,
}

/// A call's body, and its slot among large ones.
#[derive(Default)]
pub(super) struct CallBody {
    pub bytes: Vec<u8>,
    pub slot: Option<BodySlot>,
}

/// The back's answer.
pub(super) struct Answered {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Bytes,
}

/// The way to the back.
pub(super) struct Upstream {
    back: Entrance,
    lanes: Lanes,
    callers: KnownCallers,
    executor: Executor,
}

/// Fields of the back's answers that are the front's business.
const HOP_BY_HOP: [&str; 6] = ["connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"];
/// How often a refused connection is tried again.
const TRIES: u32 = 20;

impl Upstream {
    pub fn new(back: Entrance, executor: &Executor) -> Arc<Self> {
        Arc::new(Self { back, lanes: Lanes::new(), callers: KnownCallers::default(), executor: executor.clone() })
    }

    /// The answer to a call, or what to tell the client instead; nothing where `gone` says, before the call's turn, that the
    /// client is gone: the call is never begun then. A client that says early that it sends no more may still be waiting.
    pub async fn call(
        self: &Arc<Self>,
        head: &Head,
        route: &Route,
        body: CallBody,
        caller: &Caller,
        timeout: Duration,
        gone: impl Future<Output = ()>,
    ) -> Option<Result<Answered, Reply>> {
        let mut late = Timer::after(timeout);
        let shown = self.callers.shown(caller.lane, head, caller.secure);
        let is_known = shown.is_some_and(|shown| self.callers.know(shown));
        let turn = async { Some(Some(self.lanes.enter(caller.lane, Origin::of(caller.peer), is_known).await)) };
        let gone = async {
            gone.await;
            None
        };
        let too_late = async {
            (&mut late).await;
            Some(None)
        };
        let Some(slot) = turn.or(too_late).or(gone).await? else { return Some(Err(busy())) };
        let (tell, told) = channel::bounded(1);
        let upstream = self.clone();
        let CallBody { bytes, slot: body_slot } = body;
        let request = request(head, route.clone(), bytes, caller);
        let begun = async move {
            let answer = match upstream.connect().await {
                Ok(_) if tell.is_closed() => return,
                Ok(stream) => match upstream.back.leave(request) {
                    Some(call) => exchange(stream, call).await,
                    None => Err(io::ErrorKind::ResourceBusy.into()),
                },
                Err(error) => Err(error),
            };
            drop((slot, body_slot));
            // Whoever asked may have gone.
            let _ = tell.try_send(answer);
        };
        self.executor.spawn(begun).detach();
        let answer = async { told.recv().await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into())) };
        let too_late = async {
            late.await;
            Err(io::ErrorKind::TimedOut.into())
        };
        let answer = answer.or(too_late).await;
        if let (Some(shown), Ok(answered)) = (shown, &answer) {
            self.callers.learn(shown, route.is_open(), answered.status);
        }
        Some(answer.map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::TimedOut => Reply::error(504, "late", "this took too long: try again"),
            io::ErrorKind::InvalidData => Reply::error(502, "bad_answer", "the gateway could not answer this"),
            _ => busy(),
        }))
    }

    async fn connect(&self) -> io::Result<Async<UnixStream>> {
        let mut tries = 0;
        loop {
            let socket = self.back.socket();
            match Async::<UnixStream>::connect(&socket).await {
                Err(error) if tries < TRIES => {
                    tries += 1;
                    if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) {
                        let back = self.back.clone();
                        unblock(Work::Disk, move || back.nobody_answered(&socket)).await;
                    }
                    Timer::after(Duration::from_millis(50)).await;
                }
                result => return result,
            }
        }
    }
}

fn busy() -> Reply {
    Reply::error(503, "busy", "the gateway is too busy: try again").with("Retry-After", "2")
}

/// Sends a call's number and reads the answer. The call is there to be fetched until then.
async fn exchange(mut stream: Async<UnixStream>, call: LeftCall) -> io::Result<Answered> {
    // Whatever the client's method is: what is left out of an answer to HEAD is left out on the way to the client.
    let number = call.number();
    let request = format!("GET /{number} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while answer.len() < limits::HTTP_ANSWER_BYTES {
        let before = answer.len();
        (&mut stream).take(limits::TURN_BYTES as u64).read_to_end(&mut answer).await?;
        if answer.len() == before {
            break;
        }
        // However fast the back is, others get their turn.
        yield_now().await;
    }
    read_answer(answer)
}

/// The call as handlers get it.
fn request(head: &Head, route: Route, body: Vec<u8>, caller: &Caller) -> Request {
    Request {
        route,
        is_safe: head.method.is_safe(),
        peer: caller.peer,
        secure: caller.secure,
        host: if head.host.is_empty() { "localhost".to_owned() } else { head.host.clone() },
        query: head.query().to_owned(),
        fields: head.kept.clone(),
        probe: caller.probe,
        body: body.into(),
    }
}

fn read_answer(bytes: Vec<u8>) -> io::Result<Answered> {
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(length)) = response.parse(&bytes) else { return Err(broken()) };
    let status = response.code.ok_or_else(broken)?;
    let mut kept = Vec::with_capacity(response.headers.len());
    let mut body_bytes = None;
    for field in response.headers.iter() {
        let value = std::str::from_utf8(field.value).map_err(|_| broken())?;
        let is = |known: &str| field.name.eq_ignore_ascii_case(known);
        if is("content-length") {
            body_bytes = value.parse::<usize>().ok();
        }
        if !HOP_BY_HOP.into_iter().any(is) {
            kept.push((field.name.to_owned(), value.to_owned()));
        }
    }
    let body = Bytes::from(bytes).split_off(length);
    let bodiless = matches!(status, 204 | 304);
    if !bodiless && body_bytes != Some(body.len()) {
        return Err(broken());
    }
    Ok(Answered { status, fields: kept, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::back;

    use std::io::{Read as _, Write as _};

    use futures_lite::future::block_on;

    /// What comes of a call where the back does `work` with its connection, and how many calls are left after it.
    fn ask(work: impl FnOnce(UnixStream) + Send + 'static) -> (io::Result<Answered>, usize) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let (call, left) = back::tests::left();
        assert_eq!(left(), 1);
        let back = std::thread::spawn(move || work(theirs));
        let answer = block_on(exchange(Async::new(ours).expect("a socket"), call));
        back.join().expect("it does not panic");
        (answer, left())
    }

    #[test]
    fn a_call_whose_connection_dies_leaves_nothing() {
        let read = |stream: &mut UnixStream| {
            let mut head = [0; 512];
            let length = stream.read(&mut head).expect("the number");
            assert!(head[..length].starts_with(b"GET /0-"), "{head:?}");
        };
        let (answer, left) = ask(drop);
        assert!(answer.is_err() && left == 0, "nobody is there");
        let (answer, left) = ask(move |mut stream| read(&mut stream));
        assert!(answer.is_err() && left == 0, "it was read, and never answered");
        let (answer, left) = ask(move |mut stream| {
            read(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").expect("sent");
        });
        assert!(answer.is_err() && left == 0, "half an answer");
        let (answer, left) = ask(move |mut stream| {
            read(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole").expect("sent");
        });
        assert_eq!((answer.expect("answered").body.as_ref(), left), (&b"whole"[..], 0));
    }
}
