//! One who reads the endless body: the description, then every fragment from the newest key frame on.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use event_listener::EventListener;
use futures_lite::{Stream as AsyncStream, ready};

use crate::live::stream::Stream;

/// A reader of one stream. It keeps its place, and nothing else.
#[derive(Debug)]
pub struct Reader {
    stream: Arc<Stream>,
    /// The number of the fragment to be read next; `None` before the first.
    next: Option<u64>,
    /// The description that was read last.
    description: Option<usize>,
    listener: Option<EventListener>,
}

impl Stream {
    /// A reader that begins at the newest key frame.
    pub fn reader(self: &Arc<Self>) -> Reader {
        self.lock().counts.readers += 1;
        Reader { stream: self.clone(), next: None, description: None, listener: None }
    }
}

impl Reader {
    /// What comes next, if it is there; `Err` at the end of the stream.
    fn take(&mut self) -> Result<Option<Bytes>, Ended> {
        let mut inner = self.stream.lock();
        let oldest = inner.first_number();
        let place = match self.next {
            Some(next) if next >= oldest => Some(next),
            Some(_) => {
                inner.counts.skips += 1;
                inner.newest_key()
            }
            None => inner.newest_key(),
        };
        let fragment = place.and_then(|place| Some((place, inner.fragment(place)?)));
        let Some((place, (bytes, description))) = fragment else {
            return if inner.ended() { Err(Ended) } else { Ok(None) };
        };
        if self.description != Some(description) {
            self.description = Some(description);
            self.next = Some(place);
            return Ok(inner.description(description));
        }
        self.next = Some(place + 1);
        Ok(Some(bytes))
    }
}

/// The stream is over, and all of it was read.
struct Ended;

impl AsyncStream for Reader {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match self.take() {
                Ok(Some(bytes)) => return Poll::Ready(Some(bytes)),
                Err(Ended) => return Poll::Ready(None),
                Ok(None) => {}
            }
            match &mut self.listener {
                None => self.listener = Some(self.stream.fragment_event.listen()),
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
        self.stream.lock().counts.readers -= 1;
    }
}
