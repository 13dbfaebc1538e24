//! Large bodies of requests that are held at once: those of known devices, shared out, and a few of strangers.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_io::Timer;
use event_listener::Event;
use futures_lite::FutureExt as _;

use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::reply::Reply;
use crate::ground::shares::{Enough, Shares, SlotLimits, Standing, Turn};
use crate::ground::time::Moment;
use crate::http::ports::devices::Device;

/// The slots for large bodies.
pub(super) struct Bodies {
    large: Arc<Pool>,
    photos: Arc<Pool>,
    strangers: Arc<Pool>,
}

/// Slots of one kind.
struct Pool {
    shares: Mutex<Shares<Whose>>,
    /// Notified when somebody has a slot, or leaves one.
    changed: Event,
}

/// A body's slot, or the wish for one; given back when dropped.
pub(super) struct BodySlot {
    pool: Arc<Pool>,
    number: u64,
}

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    Device(Device),
    Stranger(Origin),
}

impl Bodies {
    /// Free slots; whoever has one keeps it for `safe` while the body comes.
    pub fn new(safe: Duration) -> Self {
        let pool = |all, each, kept| {
            let shares = Shares::new(SlotLimits { all, each, kept, safe });
            Arc::new(Pool { shares: Mutex::new(shares), changed: Event::new() })
        };
        Self {
            large: pool(
                limits::HTTP_LARGE_BODIES,
                limits::HTTP_LARGE_BODIES_PER_DEVICE,
                limits::HTTP_LARGE_BODIES_KEPT,
            ),
            photos: pool(limits::HTTP_PHOTO_BODIES, 1, limits::HTTP_PHOTO_BODIES_KEPT),
            strangers: pool(limits::HTTP_STRANGERS_BODIES, 1, 0),
        }
    }

    /// Room for a body of `bytes` bytes, as soon as there is some; what to say if there is none within `timeout`. A small
    /// body needs none.
    pub async fn room(
        &self,
        whose: Whose,
        bytes: usize,
        timeout: Duration,
        now: impl Fn() -> Moment,
    ) -> Result<Option<BodySlot>, Reply> {
        if bytes <= limits::HTTP_SMALL_BODY_BYTES {
            return Ok(None);
        }
        let (pool, standing) = match whose {
            Whose::Stranger(_) => (&self.strangers, Standing::Stranger),
            Whose::Device(device) if bytes > limits::HTTP_BODY_BYTES => (&self.photos, device.standing),
            Whose::Device(device) => (&self.large, device.standing),
        };
        let number = pool.shares().want(whose, standing).map_err(|Enough| busy())?;
        let slot = BodySlot { pool: pool.clone(), number };
        let end = now() + timeout;
        loop {
            let changed = pool.changed.listen();
            let turn = pool.shares().turn(number, now());
            let until = match turn {
                Turn::Slot { .. } => {
                    pool.changed.notify(usize::MAX);
                    return Ok(Some(slot));
                }
                Turn::Wait(until) => until.map_or(end, |until| until.min(end)),
            };
            if now() >= end {
                return Err(busy());
            }
            let later = async {
                Timer::after(until.since(now())).await;
            };
            changed.or(later).await;
        }
    }
}

impl Pool {
    fn shares(&self) -> MutexGuard<'_, Shares<Whose>> {
        // Each change is whole whatever panicked.
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodySlot {
    /// So much of the body has come.
    pub fn came(&self, bytes: usize) {
        self.pool.shares().came(self.number, bytes);
    }

    /// All of the body has come: the slot is its own until it is dropped.
    pub fn is_whole(&self) {
        self.pool.shares().is_whole(self.number);
    }

    /// Resolves when the slot had to be left to another.
    pub async fn lost(&self) {
        loop {
            let changed = self.pool.changed.listen();
            if !self.pool.shares().has(self.number) {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for BodySlot {
    fn drop(&mut self) {
        self.pool.shares().leave(self.number);
        self.pool.changed.notify(usize::MAX);
    }
}

fn busy() -> Reply {
    Reply::error(503, "busy", "too many uploads at once: try again").with("Retry-After", "2")
}

/// What is told to whoever had to leave their slot to another.
pub(super) fn too_slow() -> Reply {
    let message = "this came too slowly while others waited to send theirs: try again, closer to the Wi-Fi";
    Reply::error(503, "too_slow", message).with("Retry-After", "5")
}
