//! Tells open pages what has changed: a bounded ring of events that anyone may follow from where they were.
//!
//! Telling never waits for a listener. A listener that falls behind what the ring holds is told to ask for everything
//! again ([`Change::Resync`]). Event ids start from the clock, so they keep rising over a restart.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::{Event as Bell, Listener as _};

use crate::ground::id::{ShareId, TvId};
use crate::ground::time::UnixMs;
use crate::share::events::change::Change;

/// Events the ring holds: a share for the most people there may be, in a household of many TVs, makes thousands at once.
/// Pages that are told the same share it.
const RING_EVENTS: usize = 8192;
/// Ids a millisecond of the clock is worth: more events than that are not told in one, and the ids stay below 2^53.
const IDS_PER_MS: i64 = 1000;

/// Who hears an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The pages open on one TV.
    Tv(TvId),
    /// Whoever follows one share: its sender's phone.
    Share(ShareId),
}

/// A change that was told, and its place among all others.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Rises from event to event; what a page goes on from when it comes back.
    pub id: u64,
    /// What has changed.
    pub change: Arc<Change>,
}

struct Told {
    audience: Audience,
    event: Event,
}

struct Ring {
    told: VecDeque<Told>,
    /// Id of the next event.
    next: u64,
    /// Smallest id of which nothing was lost.
    oldest: u64,
}

/// The ring of events. Shared by all who tell and all who listen.
pub struct Announcer {
    ring: Mutex<Ring>,
    bell: Bell,
    stopping: AtomicBool,
}

impl Announcer {
    /// An empty ring; `date` is now.
    pub fn new(date: UnixMs) -> Self {
        let first = (date.0.max(1) * IDS_PER_MS) as u64;
        Self {
            ring: Mutex::new(Ring { told: VecDeque::new(), next: first, oldest: first }),
            bell: Bell::new(),
            stopping: AtomicBool::new(false),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells `audience` what has changed.
    pub fn tell(&self, audience: Audience, change: impl Into<Arc<Change>>) {
        let mut ring = self.ring();
        let id = ring.next;
        ring.next += 1;
        if ring.told.len() == RING_EVENTS
            && let Some(gone) = ring.told.pop_front()
        {
            ring.oldest = gone.event.id + 1;
        }
        ring.told.push_back(Told { audience, event: Event { id, change: change.into() } });
        drop(ring);
        self.bell.notify(usize::MAX);
    }

    /// The gateway stops: nothing more is told.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.bell.notify(usize::MAX);
    }

    /// Follows what `audience` is told: everything after the event `last`, or from now on.
    pub fn subscribe(self: &Arc<Self>, audience: Audience, last: Option<u64>) -> Subscription {
        let ring = self.ring();
        let (next, lost) = match last {
            None => (ring.next, false),
            Some(last) if last >= ring.next => (ring.next, true),
            Some(last) => (last + 1, false),
        };
        drop(ring);
        Subscription { announcer: Arc::clone(self), audience, next, lost }
    }
}

/// One listener's place in the ring.
pub struct Subscription {
    announcer: Arc<Announcer>,
    audience: Audience,
    /// Smallest id not looked at.
    next: u64,
    /// The id asked for is none of ours: from before the clock was set back.
    lost: bool,
}

impl Subscription {
    /// The next event, if one waits. [`Change::Resync`] when some were lost.
    pub fn try_next(&mut self) -> Option<Event> {
        let ring = self.announcer.ring();
        if self.lost || self.next < ring.oldest {
            self.lost = false;
            self.next = ring.next;
            return Some(Event { id: ring.next - 1, change: Change::Resync.into() });
        }
        let from = ring.told.partition_point(|told| told.event.id < self.next);
        let found = ring.told.range(from..).find(|told| told.audience == self.audience);
        self.next = found.map_or(ring.next, |told| told.event.id + 1);
        found.map(|told| told.event.clone())
    }

    /// The next event, as soon as there is one; `None` after the last, where the gateway stops.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let listener = self.announcer.bell.listen();
            let stopping = self.announcer.stopping.load(Ordering::SeqCst);
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            if stopping {
                return None;
            }
            listener.await;
        }
    }

    /// The next event, for a thread that may wait.
    pub fn wait(&mut self) -> Event {
        loop {
            if let Some(event) = self.try_next() {
                return event;
            }
            let listener = self.announcer.bell.listen();
            if let Some(event) = self.try_next() {
                return event;
            }
            listener.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TV: Audience = Audience::Tv(TvId([1; 10]));
    const PHONE: Audience = Audience::Share(ShareId([2; 10]));
    const GONE: Change = Change::Gone(ShareId([2; 10]));

    fn ring() -> Arc<Announcer> {
        Arc::new(Announcer::new(UnixMs(1_700_000_000_000)))
    }

    #[test]
    fn each_hears_its_own() {
        let announcer = ring();
        let (mut tv, mut phone) = (announcer.subscribe(TV, None), announcer.subscribe(PHONE, None));
        announcer.tell(PHONE, GONE);
        announcer.tell(TV, Change::Tv { paired: true });
        assert_eq!(*tv.try_next().expect("told").change, Change::Tv { paired: true });
        assert_eq!(tv.try_next(), None);
        assert_eq!(*phone.wait().change, GONE);
        assert_eq!(futures_lite::future::block_on(futures_lite::future::poll_once(phone.next())), None);
    }

    #[test]
    fn whoever_listens_hears_the_last_event_and_then_that_the_gateway_stops() {
        let announcer = ring();
        let mut tv = announcer.subscribe(TV, None);
        announcer.tell(TV, GONE);
        announcer.stop();
        let mut next = || futures_lite::future::block_on(tv.next()).map(|event| (*event.change).clone());
        assert_eq!((next(), next(), next()), (Some(GONE), None, None));
    }

    #[test]
    fn a_page_goes_on_from_its_last_event() {
        let announcer = ring();
        announcer.tell(TV, Change::Tv { paired: true });
        let first = announcer.subscribe(TV, Some(0)).try_next().expect("something");
        assert_eq!(*first.change, Change::Resync, "0 is from long before the ring");
        let mut page = announcer.subscribe(TV, Some(1_700_000_000_000_000));
        announcer.tell(TV, Change::Tv { paired: false });
        assert_eq!(*page.try_next().expect("told").change, Change::Tv { paired: false });
        assert_eq!(page.try_next(), None);
    }

    #[test]
    fn who_falls_behind_starts_over() {
        let announcer = ring();
        let mut slow = announcer.subscribe(TV, None);
        for _ in 0..=RING_EVENTS {
            announcer.tell(TV, GONE);
        }
        assert_eq!(slow.try_next().map(|event| (*event.change).clone()), Some(Change::Resync));
        assert_eq!(slow.try_next(), None);
        announcer.tell(TV, Change::Channels);
        assert_eq!(slow.try_next().map(|event| (*event.change).clone()), Some(Change::Channels));
    }

    #[test]
    fn ids_go_on_over_a_restart() {
        let before = ring();
        before.tell(TV, Change::Channels);
        let last = before.subscribe(TV, Some(1_699_999_999_999_999)).wait().id;
        let after = Arc::new(Announcer::new(UnixMs(1_700_000_005_000)));
        assert_eq!(*after.subscribe(TV, Some(last)).wait().change, Change::Resync);
        let set_back = Arc::new(Announcer::new(UnixMs(1_600_000_000_000)));
        assert_eq!(*set_back.subscribe(TV, Some(last)).wait().change, Change::Resync);
    }
}
