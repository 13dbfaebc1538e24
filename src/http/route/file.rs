//! The last part of an address: which file of a share or of a channel is asked for.

use std::fmt;
use std::str::FromStr;

use super::RouteError;

/// What of a share is played; shown as the last part of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayFile {
    /// `live.mp4`: endless fragmented MP4.
    LiveMp4,
    /// `index.m3u8`: the HLS playlist players open.
    Index,
    /// `init-{n}.mp4`: an initialisation section.
    Init(u32),
    /// `segment-{msn}.m4s`: a whole segment.
    Segment(u64),
    /// `part-{msn}-{part}.m4s`: a part of a segment.
    Part(u64, u32),
    /// `video.mp4`: the recording.
    VideoMp4,
    /// `thumbnail.jpg`
    Thumbnail,
}

impl FromStr for PlayFile {
    type Err = RouteError;

    fn from_str(name: &str) -> Result<Self, RouteError> {
        let numbered = |prefix, suffix| name.strip_prefix(prefix).and_then(|rest: &str| rest.strip_suffix(suffix));
        Ok(match name {
            "live.mp4" => Self::LiveMp4,
            "index.m3u8" => Self::Index,
            "video.mp4" => Self::VideoMp4,
            "thumbnail.jpg" => Self::Thumbnail,
            _ => {
                if let Some(text) = numbered("init-", ".mp4") {
                    Self::Init(number(text)?)
                } else if let Some(text) = numbered("segment-", ".m4s") {
                    Self::Segment(number(text)?)
                } else if let Some(text) = numbered("part-", ".m4s") {
                    let (msn, part) = text.split_once('-').ok_or(RouteError::NotFound)?;
                    Self::Part(number(msn)?, number(part)?)
                } else {
                    return Err(RouteError::NotFound);
                }
            }
        })
    }
}

impl fmt::Display for PlayFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LiveMp4 => f.write_str("live.mp4"),
            Self::Index => f.write_str("index.m3u8"),
            Self::Init(n) => write!(f, "init-{n}.mp4"),
            Self::Segment(msn) => write!(f, "segment-{msn}.m4s"),
            Self::Part(msn, part) => write!(f, "part-{msn}-{part}.m4s"),
            Self::VideoMp4 => f.write_str("video.mp4"),
            Self::Thumbnail => f.write_str("thumbnail.jpg"),
        }
    }
}

/// What of a TV channel is asked for; the last part of its address.
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
    /// `{token}.{ending}`: any other file of the channel's own server; the token says which.
    Media(String),
}

impl FromStr for ChannelFile {
    type Err = RouteError;

    fn from_str(name: &str) -> Result<Self, RouteError> {
        match name {
            "index.m3u8" => return Ok(Self::Index),
            "logo" => return Ok(Self::Logo),
            _ => {}
        }
        if let Some(text) = name.strip_prefix("segment-").and_then(|rest| rest.strip_suffix(".ts")) {
            return number(text).map(Self::Segment);
        }
        let (token, ending) = name.split_once('.').ok_or(RouteError::NotFound)?;
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let plain = !token.is_empty() && token.bytes().all(letters);
        let known = (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match (plain && known, ending) {
            (true, "m3u8") => Ok(Self::Playlist(token.to_owned())),
            (true, _) => Ok(Self::Media(token.to_owned())),
            (false, _) => Err(RouteError::NotFound),
        }
    }
}

/// One spelling a number: digits alone, no leading zeros.
fn number<T: FromStr>(text: &str) -> Result<T, RouteError> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().map_err(|_| RouteError::NotFound) } else { Err(RouteError::NotFound) }
}
