//! TV channels: `/channel/{channel}/{ticket}/{file}`.

use std::fmt;
use std::str::FromStr;

use super::{NotAnAddress, number};
use crate::ground::id::ChannelId;

/// A file of a channel, with a right to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelAddress {
    /// The channel.
    pub channel: ChannelId,
    /// The right to watch channels, as it came; not empty, and unchecked.
    pub ticket: String,
    /// What of it.
    pub file: ChannelFile,
}

impl ChannelAddress {
    /// The address of these three parts, if they make one.
    pub fn of(channel: &str, ticket: &str, file: &str) -> Option<Self> {
        let (channel, ticket) = (channel.parse().ok()?, Some(ticket).filter(|ticket| !ticket.is_empty())?);
        Some(Self { channel, ticket: ticket.to_owned(), file: file.parse().ok()? })
    }
}

impl fmt::Display for ChannelAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/channel/{}/{}/{}", self.channel, self.ticket, self.file)
    }
}

/// What of a TV channel is asked for; shown as the last part of its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelFile {
    /// `index.m3u8`: the HLS playlist players open.
    Index,
    /// `segment-{n}.ts`: a segment that was cut here.
    Segment(u64),
    /// `logo`: its picture.
    Logo,
    /// `{token}.m3u8`: a playlist of the channel's own server; the token says which.
    Playlist(String),
    /// `{token}.{ending}`: any other file of the channel's own server; the token says which, the ending of what kind.
    Media {
        /// Which.
        token: String,
        /// One to five letters and digits.
        ending: String,
    },
}

impl FromStr for ChannelFile {
    type Err = NotAnAddress;

    fn from_str(name: &str) -> Result<Self, NotAnAddress> {
        match name {
            "index.m3u8" => return Ok(Self::Index),
            "logo" => return Ok(Self::Logo),
            _ => {}
        }
        if let Some(text) = name.strip_prefix("segment-").and_then(|rest| rest.strip_suffix(".ts")) {
            return number(text).map(Self::Segment);
        }
        let (token, ending) = name.split_once('.').ok_or(NotAnAddress)?;
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let plain = !token.is_empty() && token.bytes().all(letters);
        let known = (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match (plain && known, ending) {
            (true, "m3u8") => Ok(Self::Playlist(token.to_owned())),
            (true, _) => Ok(Self::Media { token: token.to_owned(), ending: ending.to_owned() }),
            (false, _) => Err(NotAnAddress),
        }
    }
}

impl fmt::Display for ChannelFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index => f.write_str("index.m3u8"),
            Self::Segment(number) => write!(f, "segment-{number}.ts"),
            Self::Logo => f.write_str("logo"),
            Self::Playlist(token) => write!(f, "{token}.m3u8"),
            Self::Media { token, ending } => write!(f, "{token}.{ending}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_files() {
        let media = |token: &str, ending: &str| ChannelFile::Media { token: token.into(), ending: ending.into() };
        for (name, file) in [
            ("index.m3u8", Some(ChannelFile::Index)),
            ("segment-12.ts", Some(ChannelFile::Segment(12))),
            ("logo", Some(ChannelFile::Logo)),
            ("a-_9.m3u8", Some(ChannelFile::Playlist("a-_9".into()))),
            ("a-_9.m4s", Some(media("a-_9", "m4s"))),
            ("a.b.ts", None),
            (".ts", None),
            ("a.", None),
            ("a.toolong", None),
            ("segment-x.ts", None),
            ("segment-01.ts", None),
        ] {
            assert_eq!(name.parse::<ChannelFile>().ok(), file, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(number: u64, token in "[A-Za-z0-9_-]{20,40}", ending in "[a-z0-9]{1,5}") {
            let playlist = ChannelFile::Playlist(token.clone());
            for file in [ChannelFile::Segment(number), playlist, ChannelFile::Media { token, ending }] {
                prop_assert_eq!(file.to_string().parse(), Ok(file));
            }
        }

        #[test]
        fn what_is_read_is_printed_as_it_came(name in "(segment-|index|logo|[a-z]-_)[0-9]{0,3}(.(ts|m3u8|[a-z]{0,6}))?") {
            if let Ok(file) = name.parse::<ChannelFile>() {
                prop_assert_eq!(file.to_string(), name);
            }
        }
    }
}
