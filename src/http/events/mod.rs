//! What the gateway tells open pages by itself: server-sent events (HTML Living Standard, section 9.2).
//!
//! A stream begins with `hello` and the gateway's time, goes on from the event the page last heard of, and says
//! something at least every quarter of a minute, so that both sides notice when the other is gone. It ends with `stopping`
//! when the gateway stops. Each device has so many streams at once.

mod seats;
mod text;

use std::collections::VecDeque;
use std::sync::Arc;

use async_io::Timer;
use bytes::Bytes;
use futures_lite::{FutureExt as _, stream};

use crate::executor::{BoxFuture, Work, unblock};
use crate::ground::id::{PhoneId, TvId};
use crate::ground::limits;
use crate::ground::reply::{Body, Reply};
use crate::ground::time::Clock;
use crate::http::api::{Api, Failure, phone_of, session_of};
use crate::http::events::seats::{Seat, Seats};
use crate::http::ports::events::Events;
use crate::http::route::{PhoneCall, Route, TvCall};
use crate::share::{Asker, Audience, Change, Ring, ShareError, Subscription};

/// How long a page waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 1000;

/// Opens the events of TVs and shares, as the steward's announcer tells them.
pub struct Announcements {
    api: Api,
    clock: Arc<dyn Clock>,
    seats: Arc<Seats<Device>>,
}

/// Whose page or app it is that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Device {
    Tv(TvId),
    Phone(PhoneId),
}

impl Announcements {
    /// Events for who `api` knows.
    pub fn new(api: Api, clock: Arc<dyn Clock>) -> Self {
        Self { api, clock, seats: Arc::new(Seats::new(limits::EVENTS_PER_DEVICE)) }
    }
}

impl Events for Announcements {
    fn open(&self, route: Route, fields: Vec<(&'static str, String)>, is_secure: bool) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            let api = self.api.clone();
            match unblock(Work::Storage, move || follow(&api, &route, &fields, is_secure)).await {
                Ok((device, subscription, rings)) => {
                    let hello =
                        format!("retry: {RETRY_MS}\nevent: hello\ndata: {{\"now\":\"{}\"}}\n\n", self.clock.date());
                    let rings = rings.into_iter().map(|ring| text::change(&Change::Ring(ring)));
                    told(Follower {
                        first: std::iter::once(hello).chain(rings).collect(),
                        subscription,
                        seat: self.seats.take(device),
                        is_over: false,
                    })
                }
                Err(failure) => failure.reply(),
            }
        })
    }

    fn still_allowed(&self, route: &Route, fields: &[(&'static str, String)], is_secure: bool) -> bool {
        // A share that is withdrawn has nothing more to tell, and a database that can't be read is no reason to stop telling.
        match ask(&self.api, route, fields, is_secure) {
            Ok(_) | Err(Failure::Share(ShareError::NotFound(_) | ShareError::Ledger(_))) => true,
            Err(_) => false,
        }
    }
}

fn field<'a>(fields: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

/// The device that follows, what it is told, and what rings for a TV whose page was just opened.
type Followed = (Device, Subscription, Vec<Ring>);

/// Begins to follow. Blocks.
fn follow(api: &Api, route: &Route, fields: &[(&'static str, String)], is_secure: bool) -> Result<Followed, Failure> {
    let last = field(fields, "last-event-id").and_then(|id| id.parse().ok());
    let (device, audience) = ask(api, route, fields, is_secure)?;
    let subscription = api.steward.announcer().subscribe(audience, last);
    let rings = match (audience, last) {
        (Audience::Tv(tv), None) => api.steward.waiting_rings(tv)?,
        _ => Vec::new(),
    };
    Ok((device, subscription, rings))
}

/// Who asks, as a device and as someone the announcer tells things. Blocks.
fn ask(
    api: &Api,
    route: &Route,
    fields: &[(&'static str, String)],
    is_secure: bool,
) -> Result<(Device, Audience), Failure> {
    match route {
        Route::Phone(PhoneCall::Events(share)) => {
            let (phone, sender) = phone_of(api, field(fields, "authorization"))?;
            api.steward.share(Asker::Sender(sender.id), *share)?;
            Ok((Device::Phone(phone.id), Audience::Share(*share)))
        }
        Route::Tv(TvCall::Events) => {
            let cookies = field(fields, "cookie").unwrap_or_default();
            let tv = session_of(api, cookies, is_secure)?.ok_or(Failure::NoTv)?.tv.id;
            Ok((Device::Tv(tv), Audience::Tv(tv)))
        }
        _ => Err(Failure::NotFound),
    }
}

/// One stream of events.
struct Follower {
    first: VecDeque<String>,
    subscription: Subscription,
    seat: Seat<Device>,
    /// It was told that the gateway stops.
    is_over: bool,
}

impl Follower {
    /// What is told next; `None` where the stream ends: the gateway stops, or another one of the same device takes its place.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(text) = self.first.pop_front() {
            return Some(Bytes::from(text));
        }
        if self.is_over {
            return None;
        }
        let event = async {
            let event = self.subscription.next().await;
            self.is_over = event.is_none();
            Some(Bytes::from(event.map_or_else(text::stopping, |event| text::event(&event))))
        };
        let leave = async {
            self.seat.is_wanted().await;
            None
        };
        let quiet = async {
            Timer::after(limits::EVENTS_HEARTBEAT).await;
            Some(Bytes::from_static(b":\n\n"))
        };
        leave.or(event).or(quiet).await
    }
}

/// The answer that tells what a follower hears.
fn told(follower: Follower) -> Reply {
    let events = stream::unfold(follower, |mut follower| async move {
        let text = follower.next().await?;
        Some((text, follower))
    });
    let body = Body::Endless(Box::pin(events));
    Reply { status: 200, content_type: "text/event-stream", headers: Vec::new(), body }
        .with("Cache-Control", "no-store")
}
