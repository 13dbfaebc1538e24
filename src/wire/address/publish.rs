//! Publishing: by RTSP at `/live/{token}` into one share, or at `/phone/{token}`, a phone's lasting address, into the
//! one that goes on or the next; from browsers by the WebSocket `/publish/{token}` into one share.

use std::fmt;

/// Where RTSP publishers publish. The token is the right to it; unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtspAddress<'a> {
    /// `/live/{token}`: a share, by the token that came with it.
    Share(&'a str),
    /// `/phone/{token}`: whatever the phone with this token shares now.
    Phone(&'a str),
}

impl<'a> RtspAddress<'a> {
    /// The address of this path, which has no slashes at its ends.
    pub fn of(path: &'a str) -> Option<Self> {
        match path.split_once('/')? {
            ("live", token) => Some(Self::Share(token)),
            ("phone", token) => Some(Self::Phone(token)),
            _ => None,
        }
    }
}

impl fmt::Display for RtspAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(token) => write!(f, "/live/{token}"),
            Self::Phone(token) => write!(f, "/phone/{token}"),
        }
    }
}

/// Where a browser publishes, with the token that came with its share; unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebSocketAddress<'a>(pub &'a str);

impl WebSocketAddress<'_> {
    /// The whole address for pages that come from `http`: `ws` where they come by `http`, `wss` where by `https`.
    pub fn url(self, http: &str) -> String {
        format!("ws{}{self}", http.strip_prefix("http").unwrap_or(http))
    }
}

impl fmt::Display for WebSocketAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/publish/{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_else_is_published_to() {
        for path in ["", "live", "Live/T", "publish/T", "play/T"] {
            assert_eq!(RtspAddress::of(path), None, "{path}");
        }
    }

    #[test]
    fn browsers_publish_as_safely_as_their_page_came() {
        let address = WebSocketAddress("T-_9");
        assert_eq!(address.url("http://tv:8080"), "ws://tv:8080/publish/T-_9");
        assert_eq!(address.url("https://tv:8443"), "wss://tv:8443/publish/T-_9");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(token in "[A-Za-z0-9_-]{1,40}") {
            for address in [RtspAddress::Share(&token), RtspAddress::Phone(&token)] {
                let printed = address.to_string();
                prop_assert_eq!(RtspAddress::of(printed.trim_matches('/')), Some(address));
            }
        }
    }
}
