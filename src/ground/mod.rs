//! Floor 0: the words every room shares. Times, ids, limits, frames, pictures, answers, origins
//! and secrets.
//!
//! Nothing here opens a socket or a file, reads a clock or knows a protocol.

pub mod frame;
pub mod id;
pub mod limits;
pub mod origin;
pub mod picture;
pub mod reply;
pub mod secret;
pub mod text;
pub mod throttle;
pub mod time;
