//! Asking servers of the internet: one client, held against one guard at every step.
//!
//! Whoever asks a server whose address came from outside (a channel list, a redirect, a settings page) asks it through
//! [`Client`], which reaches only what its [`Guard`] permits. The guard is the asker's own: what it may reach, and where
//! the owner allows more. What the answers mean is not known here. `wire/fetch` is the protocol; `home` says which
//! networks are the home's own. RFC 9110, RFC 9112 (HTTP/1.1), RFC 8446 (TLS).

mod client;
mod guard;
mod home;

pub use client::{BodyReader, Client, FetchError, Fetched};
pub use guard::{Allowed, Guard, NotAllowed};
