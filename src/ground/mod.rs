//! Floor 0: the words every room shares. Times, ids, limits, frames, pictures, answers, secrets, where someone comes from,
//! why a recording stops and why nobody may publish, and who has how much of what there is not enough of.
//!
//! Nothing here opens a socket or a file, reads a clock or knows a protocol.

pub mod crowd;
pub mod crypto;
pub mod frame;
pub mod id;
pub mod limits;
pub mod network;
pub mod not_ready;
pub mod origin;
pub mod pace;
pub mod picture;
pub mod publish_refusal;
pub mod recording_failure;
pub mod reply;
#[cfg(test)]
pub mod set_clock;
pub mod shares;
pub mod text;
pub mod throttle;
pub mod time;
