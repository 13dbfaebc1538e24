//! One client's connection, from its first request to its last: read a head, find who answers, send the answer.
//!
//! What is rare (files, calls to the back, errors) lives in boxes, so that a waiting connection stays small.

mod body;
mod upload;

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_lite::future::{poll_fn, yield_now};
use futures_lite::{Stream, StreamExt as _};

use super::answer::{self, Framing};
use super::connections::Connection;
use super::head::{self, Head, Refused};
use super::shared::Shared;
use super::tls::Beginning;
use super::upstream::{CallBody, Caller};
use super::websocket;
use crate::executor::{self, BoxFuture, Work, unblock};
use crate::ground::crowd::{self, Known};
use crate::ground::limits;
use crate::ground::network::Network;
use crate::ground::reply::{Body, Portion, Reply};
use crate::http::ports::channel_player::ChannelRequest;
use crate::http::ports::player::PlayRequest;
use crate::http::ports::status::Health;
use crate::http::route::{Half, Method, PhoneCall, Route, RouteError};
use crate::http::{pages, range};
use crate::socket::{ServerConfig, WebSocket};

/// Bytes of a file read at once.
const FILE_CHUNK_BYTES: usize = 256 * 1024;
/// The same where [`limits::HTTP_LARGE_CHUNKS`] files are being sent already.
const SMALL_FILE_CHUNK_BYTES: usize = 16 * 1024;
/// Bytes thrown away from a client that was refused in mid-sentence, so that it can read why.
const LINGER_BYTES: usize = 256 * 1024;

/// What comes after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The next request.
    Next,
    /// The end.
    Close,
    /// The end, once the client has read why: it may still be sending.
    Linger,
}

/// Serves a client until it leaves or is shown out; one that came to the secure door shakes hands first.
pub(super) async fn serve(shared: Arc<Shared>, connection: Arc<Connection>, tls: Option<Arc<ServerConfig>>) {
    let mut exchange = Exchange { shared: &shared, connection: &connection, received: Vec::new() };
    connection.expect_within(shared.times.head);
    if let Some(tls) = tls {
        match Box::pin(connection.begin(tls)).await {
            Ok(Beginning::Secure) => {}
            Ok(Beginning::Plain) => return Box::pin(exchange.send_to_tls()).await,
            Err(error) => return log::debug!("https: no handshake with {}: {error}", connection.peer),
        }
    }
    loop {
        let then = match exchange.next_head().await {
            Ok(Some(head)) => exchange.answer(head).await,
            Ok(None) => return connection.socket.end_writing(),
            Err(refused) => Box::pin(exchange.refuse(refused)).await,
        };
        match then {
            Ok(Then::Next) if !connection.is_closing() => {}
            Ok(Then::Linger) => return Box::pin(exchange.linger()).await,
            Ok(Then::Next | Then::Close) => return connection.socket.end_writing(),
            // No farewell: over TLS it would say that the answer was whole.
            Err(_) => return,
        }
        if exchange.received.is_empty() {
            connection.expect_within(shared.times.idle);
        } else {
            // Requests that came together must not keep others waiting.
            connection.expect_within(shared.times.head);
            yield_now().await;
        }
    }
}

struct Exchange<'a> {
    shared: &'a Arc<Shared>,
    connection: &'a Arc<Connection>,
    /// What was read and not used yet: the start of a head, of a body, or further requests. At most a head's limit
    /// and one read.
    received: Vec<u8>,
}

impl Exchange<'_> {
    /// Answers a plain request that came to the secure door with the same address, but for the scheme.
    async fn send_to_tls(&mut self) {
        let sent = match self.next_head().await {
            Ok(Some(head)) if !head.host.is_empty() => {
                let reply = Reply::bytes(308, "", Bytes::new());
                let reply = reply.with("Location", format!("https://{}{}", head.host, head.target));
                self.send(&Head { close: true, ..head }, reply).await
            }
            Ok(_) => return,
            Err(refused) => self.refuse(refused).await,
        };
        if sent.is_ok() {
            self.linger().await;
        }
    }

    /// The next request's head; `None` when the client is gone.
    async fn next_head(&mut self) -> Result<Option<Head>, Refused> {
        let (connection, shared) = (self.connection, self.shared);
        let mut seen = 0;
        // Its time counts from the first byte, whatever that is, and is given once.
        let mut begun = !self.received.is_empty();
        connection.is_idle(true);
        loop {
            if seen < self.received.len() {
                let empty = head::empty_lines(&self.received);
                self.received.drain(..empty);
                if let Some((head, length)) = head::read(&self.received, seen.saturating_sub(empty), &shared.hosts)? {
                    self.received.drain(..length);
                    if self.received.is_empty() {
                        self.received = Vec::new();
                    }
                    connection.is_idle(false);
                    connection.take_your_time();
                    return Ok(Some(head));
                }
                seen = self.received.len();
            }
            connection.rest(true);
            if connection.is_closing() {
                return Ok(None);
            }
            let received = &mut self.received;
            let read = connection.socket.take(|bytes| {
                if bytes.is_empty() {
                    return Ok(None);
                }
                // Nearly always the whole request is there at once, and nothing else: no copy is made then.
                if received.is_empty() {
                    let bytes = &bytes[head::empty_lines(bytes)..];
                    let whole = head::read(bytes, 0, &shared.hosts)?;
                    let length = whole.as_ref().map_or(0, |(_, length)| *length);
                    received.extend_from_slice(&bytes[length..]);
                    return Ok(Some(whole.map(|(head, _)| head)));
                }
                received.extend_from_slice(bytes);
                Ok(Some(None))
            });
            match read.await {
                Err(_) => return Ok(None),
                Ok(result) => match result? {
                    None => return Ok(None),
                    Some(Some(head)) => {
                        connection.rest(false);
                        connection.is_idle(false);
                        connection.take_your_time();
                        return Ok(Some(head));
                    }
                    Some(None) => connection.rest(false),
                },
            }
            if !std::mem::replace(&mut begun, true) {
                connection.expect_within(shared.times.head);
            }
        }
    }

    async fn answer(&mut self, head: Head) -> io::Result<Then> {
        if let Ok(route) = &head.route {
            executor::about(route.name());
        }
        let shared = self.shared.clone();
        let head_only = head.method == Method::Head;
        let work = match &head.route {
            _ if head.body_bytes > 0 => return Box::pin(self.answer_others(head)).await,
            Ok(Route::Play(address)) => shared.player.play(PlayRequest {
                address: address.clone(),
                query: head.query().to_owned(),
                head_only,
                peer: self.connection.peer,
            }),
            Ok(Route::Channel(address)) => {
                shared.channels.watch(ChannelRequest { address: address.clone(), range: head.range.clone(), head_only })
            }
            _ => return Box::pin(self.answer_others(head)).await,
        };
        match self.unless_gone(work).await {
            Some(reply) => {
                if reply.status < 400 {
                    // Their ticket was good.
                    self.connection.know(Known::Viewer, None);
                }
                self.send(&head, reply).await
            }
            None if self.connection.is_closing() => {
                let reply = Reply::error(503, "closing", "the gateway is stopping: try again");
                Box::pin(self.send(&head, reply.with("Retry-After", "2"))).await
            }
            None => Ok(Then::Close),
        }
    }

    /// What `work` gives, or nothing if the client goes away before.
    async fn unless_gone<T>(&self, mut work: BoxFuture<'_, T>) -> Option<T> {
        let mut watching = true;
        let mut resting = false;
        let result = poll_fn(|cx| {
            if let std::task::Poll::Ready(done) = work.as_mut().poll(cx) {
                return std::task::Poll::Ready(Some(done));
            }
            if !std::mem::replace(&mut resting, true) {
                self.connection.rest(true);
                if self.connection.is_closing() {
                    return std::task::Poll::Ready(None);
                }
            }
            self.connection.socket.poll_gone(cx, &mut watching).map(|()| None)
        })
        .await;
        if resting {
            self.connection.rest(false);
        }
        result
    }

    /// All that is not playback.
    async fn answer_others(&mut self, head: Head) -> io::Result<Then> {
        let route = match &head.route {
            Ok(route) => route.clone(),
            Err(error) => {
                let reply = match error {
                    RouteError::BadPath => Reply::error(400, "bad_path", &error.to_string()),
                    RouteError::NotFound => Reply::error(404, "not_found", &error.to_string()),
                    RouteError::Method(allow) => {
                        Reply::error(405, "method", &error.to_string()).with("Allow", allow.as_str())
                    }
                };
                return self.send_before_body(&head, reply).await;
            }
        };
        if let Route::Publish(token) = &route {
            return self.publish(&head, token).await;
        }
        if let Route::Phone(PhoneCall::Upload(share)) = route {
            return Box::pin(self.upload(&head, share)).await;
        }
        if route == Route::Phone(PhoneCall::Probe) {
            return self.probe(&head).await;
        }
        let body = match self.body(&head, &route).await? {
            Ok(body) => body,
            Err(reply) => return self.send_before_body(&head, reply).await,
        };
        if route.half() == Half::Back {
            return self.call(&head, &route, body, None).await;
        }
        drop(body);
        let reply = match route {
            Route::Home => pages::home(head.field("user-agent").unwrap_or_default()),
            Route::TvPage => pages::tv(head.gzip),
            Route::Authority => pages::authority(self.shared.authority.get()),
            Route::Asset(path) => pages::file(&path, head.gzip),
            Route::Health => match self.shared.status.health() {
                Health::Serving => {
                    Reply::bytes(200, "application/json", r#"{"status":"ok"}"#).with("Cache-Control", "no-store")
                }
                Health::Failing(why) => Reply::error(503, "unhealthy", &why).with("Cache-Control", "no-store"),
            },
            Route::Metrics if !may_see_metrics(self.connection.peer, &self.shared.metrics_from) => Reply::error(
                403,
                "metrics_from",
                "figures are for this machine: name the address you ask from in http.metrics_from in config.toml",
            ),
            Route::Metrics => Reply::bytes(200, "text/plain; version=0.0.4", self.shared.status.metrics()),
            Route::Phone(_) | Route::Tv(_) | Route::TvHelp(_) | Route::Photo(_) | Route::Owner(_) => {
                let shared = self.shared.clone();
                let (kept, is_secure) = (head.kept.clone(), self.connection.socket.is_secure());
                match self.unless_gone(shared.events.open(route.clone(), kept, is_secure)).await {
                    Some(reply) => {
                        self.recognise(&head, &route, reply.status).await;
                        reply
                    }
                    None => return Ok(Then::Close),
                }
            }
            // With a body: nobody asks so.
            Route::Play(_) | Route::Channel(_) | Route::Publish(_) => {
                Reply::error(400, "bad_request", "a playback request has no body")
            }
        };
        self.send(&head, reply).await
    }

    /// Hands a web camera's connection over, if it is one. Nothing follows it.
    async fn publish(&mut self, head: &Head, token: &str) -> io::Result<Then> {
        let handshake = match websocket::handshake(head) {
            Ok(handshake) if head.body_bytes == 0 && head.method == Method::Get => handshake,
            Ok(_) => {
                let reply = Reply::error(400, "bad_request", "a WebSocket is asked for with GET, without a body");
                return self.send_before_body(head, reply).await;
            }
            Err(reply) => {
                // Browsers are not told why a handshake failed; a plain question is.
                let asked = self.shared.web_cameras.clone().admit_client(token, None);
                let refusal = self.unless_gone(asked).await.and_then(Result::err);
                let reply = refusal.map_or(reply, |refusal| websocket::refused(&refusal));
                return self.send_before_body(head, reply).await;
            }
        };
        let shared = self.shared.clone();
        let camera = head.query().split('&').find_map(|field| field.strip_prefix("camera="));
        let camera = camera.filter(|camera| (1..=limits::WEB_CAMERA_NAME_BYTES).contains(&camera.len()));
        let take_over = match self.unless_gone(shared.web_cameras.clone().admit_client(token, camera)).await {
            Some(Ok(take_over)) => take_over,
            Some(Err(refusal)) => return self.send(head, websocket::refused(&refusal)).await,
            None => return Ok(Then::Close),
        };
        self.connection.know(Known::Device(crowd::number("camera", token)), None);
        self.connection.write_all(&handshake, &[], self.shared.times.write).await?;
        take_over(WebSocket::new(self.connection.clone(), &std::mem::take(&mut self.received))).await;
        Ok(Then::Linger)
    }

    /// Measures an upload: counts the body here, where it is never kept, and lets the back say what it means.
    async fn probe(&mut self, head: &Head) -> io::Result<Then> {
        if head.body_bytes > limits::HTTP_PROBE_BYTES {
            let reply = Reply::error(413, "too_large", "the probe is too large");
            return self.send_before_body(head, reply).await;
        }
        let route = Route::Phone(PhoneCall::Probe);
        if let Err(reply) = self.whose(head, &route, usize::try_from(head.body_bytes).unwrap_or(usize::MAX)).await {
            return self.send_before_body(head, reply).await;
        }
        let started = std::time::Instant::now();
        self.receive(head, None, |_| {}).await?;
        let elapsed_us = started.elapsed().as_micros() as u64;
        self.call(head, &route, CallBody::default(), Some((head.body_bytes, elapsed_us))).await
    }

    /// Lets the back answer, unless the client goes away before it is this call's turn.
    async fn call(
        &mut self,
        head: &Head,
        route: &Route,
        body: CallBody,
        probe: Option<(u64, u64)>,
    ) -> io::Result<Then> {
        let (peer, secure) = (self.connection.peer, self.connection.socket.is_secure());
        let caller = Caller { lane: route.lane(), peer, secure, probe };
        let mut watching = true;
        let gone = poll_fn(|cx| self.connection.socket.poll_gone(cx, &mut watching));
        let answered = match self.shared.upstream.call(head, route, body, &caller, self.shared.times.call, gone).await {
            Some(Ok(answered)) => answered,
            Some(Err(reply)) => return self.send(head, reply).await,
            None => return Ok(Then::Close),
        };
        self.recognise(head, route, answered.status).await;
        let fields = answered.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let close = head.close || self.connection.is_closing();
        let framing = match answered.status {
            204 | 304 => Framing::None,
            _ => Framing::Length(answered.body.len() as u64),
        };
        let bytes = answer::head(answered.status, "", fields, framing, close);
        let body = if head.method == Method::Head || framing == Framing::None { Bytes::new() } else { answered.body };
        self.connection.write_all(&bytes, &[body], self.shared.times.write).await?;
        Ok(if close { Then::Close } else { Then::Next })
    }

    /// Sends an answer that was found before the body was read: the body may be anything, so nothing follows it.
    async fn send_before_body(&mut self, head: &Head, reply: Reply) -> io::Result<Then> {
        if head.body_bytes == 0 {
            return self.send(head, reply).await;
        }
        let closing = Head { close: true, ..head.clone() };
        self.send(&closing, reply).await?;
        Ok(Then::Linger)
    }

    async fn refuse(&mut self, refused: Refused) -> io::Result<Then> {
        let Reply { status, content_type, body: Body::Pieces(pieces), .. } =
            Reply::error(refused.status, refused.code, refused.message)
        else {
            return Ok(Then::Close);
        };
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        let head = answer::head(status, content_type, std::iter::empty(), Framing::Length(length), true);
        self.connection.write_all(&head, &pieces, self.shared.times.write).await?;
        Ok(Then::Linger)
    }

    /// Ends the sending half and throws away what still comes, for a while: closing at once would reset the
    /// connection, and the client might never see the answer (RFC 9112, section 9.6).
    async fn linger(&mut self) {
        self.connection.expect_within(self.shared.times.sweep * 2);
        self.connection.socket.end_writing();
        let mut left = LINGER_BYTES;
        while left > 0 {
            match self.connection.socket.take(<[u8]>::len).await {
                Ok(bytes) if bytes > 0 => left = left.saturating_sub(bytes),
                _ => return,
            }
        }
    }

    /// Sends a door's answer.
    async fn send(&mut self, head: &Head, reply: Reply) -> io::Result<Then> {
        let conditional = head.if_none_match.is_some() || head.range.is_some();
        let reply = if conditional {
            range::apply(reply, head.range.as_deref(), head.if_range.as_deref(), head.if_none_match.as_deref())
        } else {
            reply
        };
        let framing = match (reply.status, range::length(&reply.body)) {
            (204 | 304, _) => Framing::None,
            (_, Some(length)) => Framing::Length(length),
            (_, None) if head.http10 => Framing::UntilClose,
            (_, None) => Framing::Chunked,
        };
        let close = head.close || self.connection.is_closing();
        let fields = reply.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let content_type = if framing == Framing::None { "" } else { reply.content_type };
        let bytes = answer::head(reply.status, content_type, fields, framing, close);
        let then = if close { Then::Close } else { Then::Next };
        let timeout = self.shared.times.write;
        let connection = self.connection;
        let whole = head.method != Method::Head && framing != Framing::None;
        let is_long = whole && !matches!(reply.body, Body::Pieces(_));
        let question = is_long.then(|| self.shared.question(head, connection.socket.is_secure())).flatten();
        let _under_way = question.map(|question| self.shared.rights.watch(question, connection));
        match reply.body {
            Body::Pieces(pieces) => {
                connection.write_all(&bytes, if whole { &pieces } else { &[] }, timeout).await?;
            }
            Body::Portions(portions) if whole => Box::pin(self.send_portions(bytes, portions)).await?,
            Body::Endless(mut pieces) if whole => {
                connection.write_all(&bytes, &[], timeout).await?;
                connection.write_endless(pieces.as_mut(), framing == Framing::Chunked, timeout).await?;
            }
            Body::Passing { length, pieces } if whole => {
                connection.write_all(&bytes, &[], timeout).await?;
                Box::pin(self.pass_on(length, pieces)).await?;
            }
            Body::Portions(_) | Body::Endless(_) | Body::Passing { .. } => {
                connection.write_all(&bytes, &[], timeout).await?;
            }
        }
        Ok(then)
    }

    /// Sends pieces that come from elsewhere, `length` bytes in all. Fewer end the connection: only that tells the client.
    async fn pass_on(&self, length: u64, pieces: Pin<Box<dyn Stream<Item = Bytes> + Send>>) -> io::Result<()> {
        let mut passed = 0;
        let mut pieces = std::pin::pin!(pieces.map(|piece| {
            passed += piece.len() as u64;
            piece
        }));
        self.connection.write_endless(pieces.as_mut(), false, self.shared.times.write).await?;
        if passed == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Sends files and memory, one after the other. The disk is waited for on another thread.
    async fn send_portions(&self, answer_head: Vec<u8>, portions: Vec<Portion>) -> io::Result<()> {
        let timeout = self.shared.times.write;
        let opened = unblock(Work::Disk, move || {
            let open = |portion| match portion {
                Portion::Memory(bytes) => Ok(Opened::Memory(bytes)),
                Portion::File { path, offset, length } => {
                    Ok(Opened::File { file: Arc::new(File::open(path)?), offset, length })
                }
            };
            portions.into_iter().map(open).collect::<io::Result<Vec<_>>>()
        });
        let Ok(opened) = opened.await else {
            let Body::Pieces(pieces) = Reply::error(404, "not_found", "the file is gone").body else { return Ok(()) };
            let size = pieces.iter().map(|piece| piece.len() as u64).sum();
            let head = answer::head(404, "application/json", std::iter::empty(), Framing::Length(size), true);
            self.connection.write_all(&head, &pieces, timeout).await?;
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut answer_head = Some(answer_head);
        for portion in opened {
            let answer_head = answer_head.take().unwrap_or_default();
            match portion {
                Opened::Memory(bytes) => self.connection.write_all(&answer_head, &[bytes], timeout).await?,
                Opened::File { file, offset, length } => {
                    self.connection.write_all(&answer_head, &[], timeout).await?;
                    self.send_file(&file, offset, length).await?;
                }
            }
        }
        Ok(())
    }

    async fn send_file(&self, file: &Arc<File>, mut offset: u64, mut length: u64) -> io::Result<()> {
        // What a client is slow to take stays in memory: only so many may have much there.
        let large = self.shared.large_chunks.try_acquire();
        let chunk_bytes = if large.is_some() { FILE_CHUNK_BYTES } else { SMALL_FILE_CHUNK_BYTES };
        let mut chunk = Vec::new();
        while length > 0 {
            let (file, size) = (file.clone(), length.min(chunk_bytes as u64) as usize);
            let (filled, read) = unblock(Work::Disk, move || {
                chunk.resize(size, 0);
                let read = file.read_at(&mut chunk, offset);
                (chunk, read)
            })
            .await;
            chunk = filled;
            let bytes = match read? {
                // Shorter than was promised: only a broken connection can say so.
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                bytes => bytes,
            };
            self.connection.write_all(&chunk[..bytes], &[], self.shared.times.write).await?;
            offset += bytes as u64;
            length -= bytes as u64;
        }
        Ok(())
    }
}

/// A portion of a body that is ready to be sent.
enum Opened {
    Memory(Bytes),
    File { file: Arc<File>, offset: u64, length: u64 },
}

/// Whether whoever asks from `peer` may see figures: this machine, and those in `named`.
fn may_see_metrics(peer: IpAddr, named: &[Network]) -> bool {
    let peer = peer.to_canonical();
    peer.is_loopback() || named.iter().any(|network| network.covers(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_for_this_machine_and_who_is_named() {
        let may = |peer: &str, named: &[&str]| {
            let named: Vec<_> = named.iter().map(|text| text.parse().expect("a network")).collect();
            may_see_metrics(peer.parse().expect("an address"), &named)
        };
        assert!(may("127.0.0.1", &[]) && may("::1", &[]) && may("::ffff:127.0.0.1", &[]));
        assert!(!may("192.168.1.20", &[]) && !may("192.168.1.20", &["192.168.2.0/24"]));
        assert!(may("192.168.1.20", &["10.0.0.1", "192.168.1.0/24"]));
        assert!(may("::ffff:192.168.1.20", &["192.168.1.0/24"]));
    }
}
