//! What the front asks of whoever takes web cameras: whether one may publish, and to take its WebSocket over. The
//! gateway puts the room that does behind [`Cameras`].

use crate::executor::BoxFuture;
use crate::ground::reply::Reply;
use crate::http::front::websocket::WebSocket;

/// Takes a web camera's WebSocket until it is over.
pub type TakeOver = Box<dyn FnOnce(WebSocket) -> BoxFuture<'static, ()> + Send>;

/// Whoever takes web cameras.
pub trait Cameras: Send + Sync {
    /// Who takes over the WebSocket of a web camera that publishes with `token`, or the answer why nobody does.
    /// `camera`: which one it says it is.
    fn admit<'a>(&'a self, token: &'a str, camera: Option<&'a str>) -> BoxFuture<'a, Result<TakeOver, Reply>>;
}
