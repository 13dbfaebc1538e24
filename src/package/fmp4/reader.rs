//! One who reads the endless body: the init segment, then every fragment from the newest key frame on.
//!
//! Where that is from long ago it is led to the newest pictures at once: those before them are decoded, not watched.
//! It keeps its place and no queue: one that falls behind goes on at the newest key frame, and is counted. Where other
//! parameters hold its body ends, for many players pass over a second init segment: who asks again gets the new one.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use event_listener::EventListener;
use futures_lite::{Stream as AsyncStream, ready};

use crate::package::fmp4::Fmp4;
use crate::package::fmp4::packager::LeadIn;
use crate::wire::fmp4::lead_in::{MOMENT, lead_in as squeezed};

/// A reader of one stream. It keeps its place, and nothing else.
#[derive(Debug)]
pub struct Reader {
    fmp4: Fmp4,
    /// The number of the fragment to be read next; `None` before the first.
    next: Option<u64>,
    /// The init segment that was read.
    init_segment: Option<usize>,
    /// Its way from the key frame it began with, where that was from long ago.
    lead_in: Option<LeadIn>,
    listener: Option<EventListener>,
}

impl Fmp4 {
    /// A reader that begins at the newest key frame.
    pub fn reader(&self) -> Reader {
        self.ask(|packager, source| {
            packager.enter(source);
            source.want_key_frame();
        });
        Reader { fmp4: self.clone(), next: None, init_segment: None, lead_in: None, listener: None }
    }
}

impl Reader {
    /// What comes next, if it is there; `Err` at the end of the body.
    fn take(&mut self) -> Result<Option<Bytes>, Ended> {
        let Self { fmp4, next, init_segment, lead_in, .. } = self;
        fmp4.with(|packager, source| {
            let oldest = packager.first_number();
            let place = match *next {
                Some(next) if next >= oldest => Some(next),
                Some(_) => {
                    source.counts.skips += 1;
                    source.want_key_frame();
                    packager.newest_key()
                }
                None => packager.newest_key(),
            };
            let is_new = *next != place;
            let fragment = place.and_then(|place| Some((place, packager.fragment(place)?)));
            let Some((place, (bytes, described))) = fragment else {
                return if source.ended() { Err(Ended) } else { Ok(None) };
            };
            if init_segment.is_some_and(|known| known != described) {
                return Err(Ended);
            }
            if is_new {
                *lead_in = packager.lead_in(place);
            }
            if init_segment.is_none() {
                *init_segment = Some(described);
                *next = Some(place);
                return Ok(packager.init_segment(described));
            }
            *next = Some(place + 1);
            let Some(way) = lead_in.as_mut().filter(|way| place < way.number) else { return Ok(Some(bytes)) };
            let picture = squeezed(&bytes, way.time, way.join);
            if picture.is_some() {
                way.time += MOMENT;
            }
            // Sound by itself is left out: an empty piece is none.
            Ok(Some(picture.unwrap_or_default()))
        })
    }
}

/// The stream is over and all of it was read, or other parameters hold from here on.
struct Ended;

impl AsyncStream for Reader {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match self.take() {
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => return Poll::Ready(Some(bytes)),
                Err(Ended) => return Poll::Ready(None),
                Ok(None) => {}
            }
            match &mut self.listener {
                None => self.listener = Some(self.fmp4.0.listen_news()),
                Some(listener) => {
                    ready!(Pin::new(listener).poll(context));
                    self.listener = None;
                }
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.fmp4.with(|packager, source| packager.leave(source));
    }
}
