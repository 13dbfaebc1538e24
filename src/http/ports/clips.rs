//! What the front asks of whoever takes films that phones send whole: whether one may be sent, and to take it piece by
//! piece. The gateway puts the rooms that do behind [`Clips`].

use crate::executor::BoxFuture;
use crate::ground::id::ShareId;
use crate::ground::reply::Reply;
use crate::http::range::Piece;

/// A request to take a film, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRequest {
    /// The share it is for.
    pub share: ShareId,
    /// The Authorization field, as it came; unchecked.
    pub authorization: Option<String>,
    /// What the body is.
    pub piece: Piece,
}

/// What becomes of such a request.
pub enum Admission {
    /// Nothing of the body is wanted: this is the answer.
    Answered(Reply),
    /// The body is taken.
    Open(Box<dyn Upload>),
}

/// Whoever takes films.
pub trait Clips: Send + Sync {
    /// Whether the body of `request` is taken. The future is dropped when the client goes away.
    fn admit(&self, request: UploadRequest) -> BoxFuture<'_, Admission>;
}

/// A body that is taken. Dropped before its end it is kept as far as it came.
pub trait Upload: Send {
    /// Takes the next bytes, and gives the room back once the disk has them; or tells why no more is taken.
    fn write(&mut self, bytes: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, Reply>>;
    /// Resolves when no more is wanted: the share was ended, withdrawn, or its phone revoked.
    fn called_off(&self) -> BoxFuture<'static, Reply>;
    /// All of the body was written: the answer.
    fn finish(self: Box<Self>) -> BoxFuture<'static, Reply>;
}
