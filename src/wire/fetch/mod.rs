//! The asking side of HTTP/1.1, without a socket: addresses, a request's head, an answer's head, a body's framing
//! (RFC 3986, RFC 9110, RFC 9112). What is read here comes from strangers' servers.
//!
//! Only GET, one request a connection. Whether an address may be reached is not decided here.

mod answer;
mod body;
mod cookies;
mod url;

pub use answer::{Answer, Headers, Request, read_answer};
pub use body::{Body, BodyError};
pub use cookies::Cookies;
pub use url::{Scheme, Url, UrlError};
