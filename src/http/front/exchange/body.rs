//! A request's body: whose it is, whether there is room for it, and its reading at a least rate.

use std::future::pending;
use std::io;
use std::pin::pin;

use futures_lite::FutureExt as _;

use super::Exchange;
use crate::ground::crowd::Known;
use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::pace::Pace;
use crate::ground::reply::Reply;
use crate::http::api;
use crate::http::front::bodies::{self, BodySlot, Whose};
use crate::http::front::head::Head;
use crate::http::front::upstream::CallBody;
use crate::http::ports::devices::{Credentials, Device, Unknown};
use crate::http::route::Route;

impl Exchange<'_> {
    /// The device that the client is, by what came with this request.
    async fn device(&self, head: &Head) -> Result<Option<Device>, Unknown> {
        let field = |name| head.field(name).map(str::to_owned);
        let credentials = Credentials {
            authorization: field("authorization"),
            cookie: field("cookie"),
            is_secure: self.connection.socket.is_secure(),
        };
        if credentials.is_empty() {
            return Ok(None);
        }
        let turn = self.shared.lookups.acquire().await;
        let device = self.shared.devices.device(credentials).await;
        drop(turn);
        let Some((device, by)) = device? else {
            self.connection.forget();
            return Ok(None);
        };
        self.connection.know(Known::Device(device.number), Some(by));
        Ok(Some(device))
    }

    /// Learns who the client is once it was answered, with `status`, at an address that is not open to strangers; where it
    /// is known already, whether it is still.
    pub(super) async fn recognise(&self, head: &Head, route: &Route, status: u16) {
        let is_known = self.connection.device().is_some();
        if !route.is_open() && (if is_known { status == 401 } else { status < 400 }) {
            let device = Box::pin(self.device(head)).await;
            if is_known && device == Ok(None) {
                self.connection.forget();
            }
        }
    }

    /// Reads a request's body, or says why not. A larger one has a slot among few, which nobody gets before it is known
    /// who asks; it is given back with what comes with the body.
    pub(super) async fn body(&mut self, head: &Head, route: &Route) -> io::Result<Result<CallBody, Reply>> {
        let too_large = Reply::error(413, "too_large", "the request's body is too large");
        let Ok(length) = usize::try_from(head.body_bytes) else { return Ok(Err(too_large)) };
        if length > route.body_bytes() {
            return Ok(Err(too_large));
        }
        // From here on it ends with its device.
        self.connection.receives(length > limits::HTTP_SMALL_BODY_BYTES);
        let whose = match self.whose(head, route, length).await {
            Ok(whose) => whose,
            Err(reply) => return Ok(Err(reply)),
        };
        let bodies = &self.shared.bodies;
        let timeout = self.shared.times.body;
        let slot = match Box::pin(bodies.room(whose, length, timeout, || self.connection.now())).await {
            Ok(slot) => slot,
            Err(reply) => return Ok(Err(reply)),
        };
        let mut bytes = Vec::new();
        if !self.receive(head, slot.as_ref(), |more| bytes.extend_from_slice(more)).await? {
            return Ok(Err(bodies::too_slow()));
        }
        Ok(Ok(CallBody { bytes, slot }))
    }

    /// Whose body comes with a request; strangers send large ones to open addresses alone. Asked anew each time: what was
    /// good before may be worth nothing now.
    pub(super) async fn whose(&self, head: &Head, route: &Route, length: usize) -> Result<Whose, Reply> {
        let stranger = Whose::Stranger(Origin::of(self.connection.peer));
        if length <= limits::HTTP_SMALL_BODY_BYTES {
            return Ok(stranger);
        }
        match Box::pin(self.device(head)).await {
            Ok(Some(device)) => Ok(Whose::Device(device)),
            Ok(None) | Err(Unknown) if route.is_open() => Ok(stranger),
            Err(Unknown) => Err(Reply::error(503, "unavailable", "the gateway can't look you up now: try again")),
            Ok(None) => Err(api::stranger(route)),
        }
    }

    /// Hands a request's body to `take` as it comes, at a least rate, and says whether all of it came: not if its
    /// `slot` had to be left to another.
    pub(super) async fn receive(
        &mut self,
        head: &Head,
        slot: Option<&BodySlot>,
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<bool> {
        let mut missing = usize::try_from(head.body_bytes).unwrap_or(usize::MAX);
        if missing == 0 {
            return Ok(true);
        }
        if head.expects_continue && self.received.is_empty() {
            self.connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n", &[], self.shared.times.write).await?;
        }
        let is_small = missing <= limits::HTTP_SMALL_BODY_BYTES;
        let rate = if is_small { limits::HTTP_SMALL_BODY_RATE } else { limits::HTTP_LARGE_BODY_RATE };
        let begun = self.connection.now();
        let mut pace = Pace::new(self.shared.times.body, rate, begun).within(limits::HTTP_BODY_WHOLE, begun);
        let mut lost = pin!(async {
            match slot {
                Some(slot) => slot.lost().await,
                None => pending().await,
            }
            Ok(None)
        });
        self.connection.receives(!is_small);
        let at_hand = missing.min(self.received.len());
        take(&self.received[..at_hand]);
        self.received.drain(..at_hand);
        missing -= at_hand;
        while missing > 0 {
            self.connection.expect_until(pace.until());
            let (connection, received) = (self.connection, &mut self.received);
            let read = connection.socket.take(|bytes| {
                let (body, further) = bytes.split_at(missing.min(bytes.len()));
                take(body);
                received.extend_from_slice(further);
                Some(body.len())
            });
            match lost.as_mut().or(read).await? {
                None => return Ok(false),
                Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(bytes) => {
                    missing -= bytes;
                    pace.came(bytes, self.connection.now());
                    slot.inspect(|slot| slot.came(bytes));
                }
            }
        }
        if self.received.is_empty() {
            self.received = Vec::new();
        }
        slot.inspect(|slot| slot.is_whole());
        self.connection.receives(false);
        self.connection.take_your_time();
        Ok(true)
    }
}
