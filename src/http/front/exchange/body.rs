//! A request's body: whose it is, whether there is room for it, and its reading at a least rate.

use std::io;

use super::Exchange;
use crate::ground::crowd::Known;
use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::pace::Pace;
use crate::ground::reply::Reply;
use crate::http::devices::{self, Credentials};
use crate::http::front::bodies::Whose;
use crate::http::front::head::Head;
use crate::http::front::upstream::CallBody;
use crate::http::route::Route;

impl Exchange<'_> {
    /// The device that the client is, by what came with this request if it has not shown it before.
    pub(super) async fn device(&self, head: &Head) -> Option<u64> {
        if let Some(device) = self.connection.device() {
            return Some(device);
        }
        let field = |name| head.field(name).map(str::to_owned);
        let credentials = Credentials {
            authorization: field("authorization"),
            cookie: field("cookie"),
            is_secure: self.connection.tls.get().is_some(),
        };
        if credentials.is_empty() {
            return None;
        }
        let turn = self.shared.lookups.acquire().await;
        let device = self.shared.devices.device(credentials).await?;
        drop(turn);
        self.connection.know(Known::Device(device));
        Some(device)
    }

    /// Learns who the client is once it was answered, with `status`, at an address that is not open to strangers.
    pub(super) async fn recognise(&self, head: &Head, route: &Route, status: u16) {
        if status < 400 && !route.is_open() {
            Box::pin(self.device(head)).await;
        }
    }

    /// Reads a request's body, or says why not. A larger one has a place among few, which nobody gets before it is known
    /// who asks; it is given back with what comes with the body.
    pub(super) async fn body(&mut self, head: &Head, route: &Route) -> io::Result<Result<CallBody, Reply>> {
        let too_large = Reply::error(413, "too_large", "the request's body is too large");
        let Ok(length) = usize::try_from(head.body_bytes) else { return Ok(Err(too_large)) };
        if length > route.body_bytes() {
            return Ok(Err(too_large));
        }
        let whose = match self.whose(head, route, length).await {
            Ok(whose) => whose,
            Err(reply) => return Ok(Err(reply)),
        };
        let room = match self.shared.bodies.room(whose, length) {
            Ok(room) => room,
            Err(reply) => return Ok(Err(reply)),
        };
        let mut body = CallBody { bytes: Vec::new(), room };
        self.receive(head, |bytes| body.bytes.extend_from_slice(bytes)).await?;
        Ok(Ok(body))
    }

    /// Whose body comes with a request; strangers send large ones to open addresses alone.
    pub(super) async fn whose(&self, head: &Head, route: &Route, length: usize) -> Result<Whose, Reply> {
        let stranger = Whose::Stranger(Origin::of(self.connection.peer));
        if length <= limits::HTTP_SMALL_BODY_BYTES {
            return Ok(stranger);
        }
        match Box::pin(self.device(head)).await {
            Some(device) => Ok(Whose::Device(device)),
            None if route.is_open() => Ok(stranger),
            None => Err(devices::stranger(route)),
        }
    }

    /// Hands a request's body to `take` as it comes, at a least rate.
    pub(super) async fn receive(&mut self, head: &Head, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut missing = usize::try_from(head.body_bytes).unwrap_or(usize::MAX);
        if missing == 0 {
            return Ok(());
        }
        if head.expects_continue && self.received.is_empty() {
            self.connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n", &[], self.shared.times.write).await?;
        }
        let is_small = missing <= limits::HTTP_SMALL_BODY_BYTES;
        let rate = if is_small { limits::HTTP_SMALL_BODY_RATE } else { limits::HTTP_LARGE_BODY_RATE };
        let mut pace = Pace::new(self.shared.times.body, rate, self.connection.now());
        let at_hand = missing.min(self.received.len());
        take(&self.received[..at_hand]);
        self.received.drain(..at_hand);
        missing -= at_hand;
        while missing > 0 {
            self.connection.expect_until(pace.until());
            let received = &mut self.received;
            let read = self.connection.read(|bytes| {
                let (body, further) = bytes.split_at(missing.min(bytes.len()));
                take(body);
                received.extend_from_slice(further);
                body.len()
            });
            match read.await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                bytes => {
                    missing -= bytes;
                    pace.came(bytes, self.connection.now());
                }
            }
        }
        if self.received.is_empty() {
            self.received = Vec::new();
        }
        self.connection.take_your_time();
        Ok(())
    }
}
