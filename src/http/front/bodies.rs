//! Large bodies of requests that are held at once: those of known devices, shared out, and a few of strangers.

use std::sync::Arc;

use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::reply::Reply;
use crate::ground::shares::{NoShare, Share, Shares};

/// The places for large bodies.
pub(super) struct Bodies {
    large: Arc<Shares<u64>>,
    photos: Arc<Shares<u64>>,
    strangers: Arc<Shares<Origin>>,
}

/// A place for a body; held until nothing is left of it.
#[derive(Debug, Default)]
pub(super) enum Room {
    /// Of a body that is small.
    #[default]
    Small,
    /// A known device's.
    Device { _share: Share<u64> },
    /// A stranger's.
    Stranger { _share: Share<Origin> },
}

/// Whose body it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    Device(u64),
    Stranger(Origin),
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            large: Shares::new(limits::HTTP_LARGE_BODIES, limits::HTTP_LARGE_BODIES_PER_DEVICE),
            photos: Shares::new(limits::HTTP_PHOTO_BODIES, 1),
            strangers: Shares::new(limits::HTTP_STRANGERS_BODIES, 1),
        }
    }
}

impl Bodies {
    /// Room for a body of `bytes` bytes, or what to say where there is none.
    pub fn room(&self, whose: Whose, bytes: usize) -> Result<Room, Reply> {
        let busy =
            |_: NoShare| Reply::error(503, "busy", "too many uploads at once: try again").with("Retry-After", "2");
        match whose {
            _ if bytes <= limits::HTTP_SMALL_BODY_BYTES => Ok(Room::Small),
            Whose::Stranger(from) => {
                self.strangers.take(from).map(|share| Room::Stranger { _share: share }).map_err(busy)
            }
            Whose::Device(device) => {
                let places = if bytes > limits::HTTP_BODY_BYTES { &self.photos } else { &self.large };
                places.take(device).map(|share| Room::Device { _share: share }).map_err(busy)
            }
        }
    }
}
