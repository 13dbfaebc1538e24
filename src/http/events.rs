//! What the gateway tells open pages by itself: server-sent events (HTML Living Standard, section 9.2).
//!
//! A stream begins with `hello` and the gateway's time, goes on from the event the page last heard of, and says
//! something at least every quarter of a minute, so that both sides notice when the other is gone.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use async_io::Timer;
use bytes::Bytes;
use futures_lite::{FutureExt as _, stream};

use crate::ground::limits;
use crate::ground::reply::{Body, Reply};
use crate::ground::time::Clock;
use crate::http::api::{Api, Failure};
use crate::http::front::Events;
use crate::http::play::BoxFuture;
use crate::http::route::{PhoneCall, Route, TvCall};
use crate::http::{api_phone, api_tv};
use crate::share::{Asker, Audience, Event, ShareError, Subscription};

/// How long a page waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 1000;

/// Opens the events of TVs and shares, as the steward's announcer tells them.
pub struct Announcements {
    api: Api,
    clock: Arc<dyn Clock>,
}

impl Announcements {
    /// Events for who `api` knows.
    pub fn new(api: Api, clock: Arc<dyn Clock>) -> Self {
        Self { api, clock }
    }
}

impl Events for Announcements {
    fn open(&self, route: Route, fields: Vec<(&'static str, String)>) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            let api = self.api.clone();
            let last = field(&fields, "last-event-id").and_then(|id| id.parse().ok());
            match blocking::unblock(move || follow(&api, &route, &fields, last)).await {
                Ok((subscription, rings)) => {
                    let hello =
                        format!("retry: {RETRY_MS}\nevent: hello\ndata: {{\"now\":\"{}\"}}\n\n", self.clock.date());
                    let rings = rings.iter().map(|ring| format!("event: ring\ndata: {ring}\n\n"));
                    told(std::iter::once(hello).chain(rings).collect(), subscription)
                }
                Err(failure) => failure.reply(),
            }
        })
    }

    fn still_allowed(&self, route: &Route, fields: &[(&'static str, String)]) -> bool {
        // Books that can't be read are no reason to stop telling.
        match audience(&self.api, route, fields) {
            Ok(_) | Err(Failure::Share(ShareError::Ledger(_))) => true,
            Err(_) => false,
        }
    }
}

fn field<'a>(fields: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

/// The events of whoever asks, and what rings for a TV whose page was just opened. Blocks.
fn follow(
    api: &Api,
    route: &Route,
    fields: &[(&'static str, String)],
    last: Option<u64>,
) -> Result<(Subscription, Vec<Arc<str>>), Failure> {
    let audience = audience(api, route, fields)?;
    let subscription = api.steward.announcer().subscribe(audience, last);
    let rings = match (audience, last) {
        (Audience::Tv(tv), None) => api.steward.waiting_rings(tv)?,
        _ => Vec::new(),
    };
    Ok((subscription, rings))
}

/// Who asks, as someone the announcer tells things. Blocks.
fn audience(api: &Api, route: &Route, fields: &[(&'static str, String)]) -> Result<Audience, Failure> {
    match route {
        Route::Phone(PhoneCall::Events(share)) => {
            let (_, sender) = api_phone::phone(api, field(fields, "authorization"))?;
            api.steward.share(Asker::Sender(sender.id), *share)?;
            Ok(Audience::Share(*share))
        }
        Route::Tv(TvCall::Events) => {
            let cookies = field(fields, "cookie").unwrap_or_default();
            let cookie = |name: &str| {
                let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
                pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
            };
            let session = api_tv::session_of(api, cookie)?.ok_or(Failure::NoTv)?;
            Ok(Audience::Tv(session.tv.id))
        }
        _ => Err(Failure::NotFound),
    }
}

/// An answer that tells `first`, and then what comes.
fn told(first: VecDeque<String>, subscription: Subscription) -> Reply {
    let events = stream::unfold((first, subscription), |(mut first, mut subscription)| async move {
        if let Some(text) = first.pop_front() {
            return Some((Bytes::from(text), (first, subscription)));
        }
        let event = async { Some(subscription.next().await) };
        let silence = async {
            Timer::after(limits::EVENTS_HEARTBEAT).await;
            None
        };
        let text = match event.or(silence).await {
            Some(event) => Bytes::from(event_text(&event)),
            None => Bytes::from_static(b":\n\n"),
        };
        Some((text, (first, subscription)))
    });
    let body = Body::Endless(Box::pin(events));
    Reply { status: 200, content_type: "text/event-stream", headers: Vec::new(), body }
        .with("Cache-Control", "no-store")
}

fn event_text(event: &Event) -> String {
    let mut text = format!("id: {}\nevent: {}\n", event.id, event.name);
    for line in event.data.lines() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "data: {line}");
    }
    text.push('\n');
    text
}
