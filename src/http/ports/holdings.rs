//! What the API asks of whoever keeps recordings and stills, so that nothing is offered that isn't there. The gateway puts
//! the streams and the disk behind [`Holdings`].

use crate::ground::id::ShareId;

/// Whoever keeps recordings and stills.
pub trait Holdings: Send + Sync {
    /// What there is of `share`. May look at the disk.
    fn of(&self, share: ShareId, is_over: bool) -> Held;
}

/// What there is of a share besides its live picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its video, for whoever comes later: there, or being recorded.
    pub video: bool,
    /// Its still picture.
    pub still: bool,
}

impl Held {
    /// All there can be.
    pub const ALL: Self = Self { video: true, still: true };
}
