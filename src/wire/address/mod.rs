//! The addresses that are handed out and come back: of playback, TV channels, photos, publishing and pages. Each is
//! printed and parsed here alone, so that what one room hands out is what another understands.
//!
//! Paths only (RFC 3986, section 3.3): which host they are reached at knows who hands them out, whether a ticket or
//! a token in them is good knows who is asked. Which method an address takes is the HTTP door's table of routes.

mod channel;
mod page;
mod photo;
mod play;
mod publish;

use std::fmt;
use std::str::FromStr;

pub use channel::{ChannelAddress, ChannelFile};
pub use page::PageAddress;
pub use photo::{PhotoAddress, PhotoSize, photo_url};
pub use play::{PlayAddress, PlayFile};
pub use publish::{RtspAddress, WebSocketAddress};

/// A text that is none of our addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAddress;

impl fmt::Display for NotAnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no address of ours")
    }
}
impl std::error::Error for NotAnAddress {}

/// A number, which has one spelling: digits alone, no leading zeros.
fn number<T: FromStr>(text: &str) -> Result<T, NotAnAddress> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().map_err(|_| NotAnAddress) } else { Err(NotAnAddress) }
}
