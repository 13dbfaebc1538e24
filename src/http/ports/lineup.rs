//! What the TV's API asks of whoever knows the TV channels. The gateway puts the channels' room behind [`Lineup`].

use crate::ground::id::{ChannelId, TvId};
use crate::ground::time::UnixMs;

/// Whoever knows the channels.
pub trait Lineup: Send + Sync {
    /// Channels for `tv` from `offset` on, `limit` at most, in the order of their numbers.
    fn page(&self, tv: TvId, offset: usize, limit: usize) -> ChannelPage;
}

/// A stretch of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelPage {
    /// Channels in the whole list.
    pub total: usize,
    /// Those asked for.
    pub channels: Vec<ChannelView>,
}

/// A channel in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    /// Which.
    pub id: ChannelId,
    /// The number that is typed for it; no other channel has it.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its group, if it is in one.
    pub group: Option<String>,
    /// Whether it has a logo.
    pub has_logo: bool,
    /// The TV's right to watch it.
    pub ticket: String,
    /// What is on.
    pub now: Option<OnAir>,
    /// What comes after.
    pub next: Option<OnAir>,
}

/// A programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnAir {
    /// Its title; may be empty.
    pub title: String,
    /// When it begins.
    pub starts_at: UnixMs,
    /// When it ends.
    pub ends_at: UnixMs,
}
