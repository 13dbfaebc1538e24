//! What the front asks of whoever tells open pages what happens.

use crate::executor::BoxFuture;
use crate::ground::reply::Reply;
use crate::http::route::Route;

/// Who opens streams of events: gives an answer with an endless body, or the reason why not.
pub trait Events: Send + Sync {
    /// Opens the events of `route`, one of the two that has them. `fields` are the request's header fields that are
    /// kept, names in lower case; `is_secure` says whether it came over TLS.
    fn open(&self, route: Route, fields: Vec<(&'static str, String)>, is_secure: bool) -> BoxFuture<'_, Reply>;
    /// Whether the events that were opened so may go on. Blocks.
    fn still_allowed(&self, route: &Route, fields: &[(&'static str, String)], is_secure: bool) -> bool;
}
