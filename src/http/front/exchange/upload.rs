//! A film that a phone sends: from its connection to whoever takes it, as fast as the disk takes it and no faster.
//!
//! What has arrived is handed on even when the connection breaks: the phone goes on from there.

use std::io;
use std::time::Duration;

use async_io::Timer;
use futures_lite::FutureExt as _;

use super::{Exchange, Then};
use crate::executor::BoxFuture;
use crate::ground::id::ShareId;
use crate::ground::limits::{HTTP_LARGE_BODY_RATE, UPLOAD_CHUNK_BYTES};
use crate::ground::pace::Pace;
use crate::ground::reply::Reply;
use crate::http::front::head::Head;
use crate::http::ports::clips::{Admission, UploadRequest};
use crate::http::range;
use crate::http::route::{PhoneCall, Route};

/// What has come of a film waits no longer than this for more, before it goes to the disk.
const GATHER: Duration = Duration::from_millis(300);

/// What came of filling a chunk.
enum Filled {
    /// It is full, the body is over, or what has come has waited long enough.
    Enough,
    /// The client is gone.
    Gone,
    /// No more is wanted.
    CalledOff(Reply),
}

impl Exchange<'_> {
    /// Takes a request's body as a film of `share`.
    pub(super) async fn upload(&mut self, head: &Head, share: ShareId) -> io::Result<Then> {
        let Some(piece) = range::piece(head.content_range.as_deref(), head.body_bytes) else {
            let message = "the Content-Range and the body don't fit together: send `bytes FIRST-LAST/TOTAL` with as many \
                           bytes, or `bytes */TOTAL` without a body";
            return self.send_before_body(head, Reply::error(400, "content_range", message)).await;
        };
        let authorization = head.field("authorization").map(str::to_owned);
        let shared = self.shared.clone();
        let request = UploadRequest { share, authorization, piece };
        let mut upload = match self.unless_gone(shared.clips.admit(request)).await {
            Some(Admission::Open(upload)) => upload,
            Some(Admission::Answered(reply)) => return self.send_before_body(head, reply).await,
            None => return Ok(Then::Close),
        };
        self.recognise(head, &Route::Phone(PhoneCall::Upload(share)), 200).await;
        let mut called_off = upload.called_off();
        if head.expects_continue && self.received.is_empty() {
            self.connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n", &[], shared.times.write).await?;
        }
        let mut missing = head.body_bytes;
        let mut chunk = Vec::new();
        let mut pace = Pace::new(shared.times.body, HTTP_LARGE_BODY_RATE, self.connection.now());
        while missing > 0 {
            let filled = self.fill(&mut chunk, missing, &mut pace, &mut called_off).await;
            missing -= chunk.len() as u64;
            if !chunk.is_empty() {
                let since = self.connection.now();
                match upload.write(chunk).await {
                    Ok(room) => chunk = room,
                    Err(reply) => return self.send_amid_body(head, reply).await,
                }
                // The disk is not the phone's fault.
                pace.excuse(since, self.connection.now());
            }
            chunk.clear();
            match filled {
                Filled::Enough => {}
                Filled::Gone => return Err(io::ErrorKind::UnexpectedEof.into()),
                Filled::CalledOff(reply) => return self.send_amid_body(head, reply).await,
            }
        }
        let reply = upload.finish().await;
        self.send(head, reply).await
    }

    /// Fills `chunk` with what comes next of a body of which `missing` bytes have yet to come. A client that sends slower
    /// than `pace` is cut off by the sweep.
    async fn fill(
        &mut self,
        chunk: &mut Vec<u8>,
        missing: u64,
        pace: &mut Pace,
        called_off: &mut BoxFuture<'static, Reply>,
    ) -> Filled {
        let most = usize::try_from(missing).unwrap_or(usize::MAX).min(UPLOAD_CHUNK_BYTES);
        let at_hand = most.min(self.received.len());
        chunk.extend(self.received.drain(..at_hand));
        let mut late = Timer::never();
        if !chunk.is_empty() {
            late.set_after(GATHER);
        }
        while chunk.len() < most {
            let before = chunk.len();
            self.connection.expect_until(pace.until());
            self.connection.rest(true);
            if self.connection.is_closing() {
                return Filled::Gone;
            }
            let (connection, received) = (self.connection, &mut self.received);
            let mut take = |bytes: &[u8]| {
                let (body, further) = bytes.split_at(bytes.len().min(most - chunk.len()));
                chunk.extend_from_slice(body);
                received.extend_from_slice(further);
                chunk.len() == most
            };
            let read = async {
                let there = match connection.socket.take(|bytes| (bytes.is_empty(), take(bytes))).await {
                    Ok((false, true)) => true,
                    Ok((false, false)) => connection.socket.take_what_is_there(&mut take),
                    Ok((true, _)) | Err(_) => false,
                };
                (!there).then_some(Filled::Gone)
            };
            let off = async { Some(Filled::CalledOff(called_off.as_mut().await)) };
            let enough = async {
                (&mut late).await;
                Some(Filled::Enough)
            };
            let done = read.or(off).or(enough).await;
            self.connection.rest(false);
            self.connection.take_your_time();
            pace.came(chunk.len() - before, self.connection.now());
            if let Some(done) = done {
                return done;
            }
            if before == 0 {
                late.set_after(GATHER);
            }
        }
        Filled::Enough
    }

    /// Sends an answer while the body still comes: nothing follows it.
    async fn send_amid_body(&mut self, head: &Head, reply: Reply) -> io::Result<Then> {
        self.send(&Head { close: true, ..head.clone() }, reply).await?;
        Ok(Then::Linger)
    }
}
