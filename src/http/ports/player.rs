//! What the front asks of whoever plays shares. The gateway puts the room that does behind [`Player`].

use std::net::IpAddr;

use crate::executor::BoxFuture;
use crate::ground::reply::Reply;
use crate::wire::address::PlayAddress;

/// A request for a part of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayRequest {
    /// What of which share.
    pub address: PlayAddress,
    /// The query without its question mark, as it came; empty if there is none.
    pub query: String,
    /// Only the head of the answer will be sent: start nothing.
    pub head_only: bool,
    /// The client's address.
    pub peer: IpAddr,
}

/// Whoever plays shares. The future is dropped when the client goes away.
///
/// Answers are whole: the front cuts ranges out of those that say `Accept-Ranges: bytes`, and makes 304 of those
/// whose `ETag` the client has.
pub trait Player: Send + Sync {
    /// The answer to `request`; waits where the interface says that a request is held.
    fn play(&self, request: PlayRequest) -> BoxFuture<'_, Reply>;
    /// Whether whoever is being sent what is at `address` may still have it. Blocks.
    fn still_allowed(&self, address: &PlayAddress) -> bool;
}
