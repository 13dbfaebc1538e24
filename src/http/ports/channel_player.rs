//! What the front asks of whoever plays TV channels. The gateway puts the room that does behind [`ChannelPlayer`].

use crate::executor::BoxFuture;
use crate::ground::reply::Reply;
use crate::wire::address::ChannelAddress;

/// A request for a part of a TV channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRequest {
    /// What of which channel.
    pub address: ChannelAddress,
    /// The Range field, as it came.
    pub range: Option<String>,
    /// Only the head of the answer will be sent: start nothing.
    pub head_only: bool,
}

/// Whoever plays TV channels. The future is dropped when the client goes away.
pub trait ChannelPlayer: Send + Sync {
    /// The answer to `request`; waits for a channel that is being tuned in.
    fn watch(&self, request: ChannelRequest) -> BoxFuture<'_, Reply>;
    /// Whether whoever is being sent part of a channel with `ticket` may still have it. Blocks.
    fn still_allowed(&self, ticket: &str) -> bool;
}
