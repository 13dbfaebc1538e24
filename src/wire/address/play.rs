//! Playback: `/play/{share}/{ticket}/{file}`.

use std::fmt;
use std::str::FromStr;

use super::{NotAnAddress, number};
use crate::ground::id::ShareId;

/// A file of a share, with a right to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayAddress {
    /// The share.
    pub share: ShareId,
    /// The right to play it, as it came; not empty, and unchecked.
    pub ticket: String,
    /// What of it.
    pub file: PlayFile,
}

impl PlayAddress {
    /// The address of these three parts, if they make one.
    pub fn of(share: &str, ticket: &str, file: &str) -> Option<Self> {
        let (share, ticket) = (share.parse().ok()?, Some(ticket).filter(|ticket| !ticket.is_empty())?);
        Some(Self { share, ticket: ticket.to_owned(), file: file.parse().ok()? })
    }

    /// What is offered of a share to whoever may play it with `ticket`: names for answers in JSON, and addresses.
    pub fn offered(share: ShareId, ticket: &str) -> impl Iterator<Item = (&'static str, Self)> {
        PlayFile::OFFERED.into_iter().map(move |(name, file)| (name, Self { share, ticket: ticket.to_owned(), file }))
    }
}

impl fmt::Display for PlayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/play/{}/{}/{}", self.share, self.ticket, self.file)
    }
}

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

impl PlayFile {
    /// Those that players open, with their names in answers.
    const OFFERED: [(&'static str, Self); 4] = [
        ("live_mp4_url", Self::LiveMp4),
        ("hls_url", Self::Index),
        ("video_mp4_url", Self::VideoMp4),
        ("thumbnail_url", Self::Thumbnail),
    ];
}

impl FromStr for PlayFile {
    type Err = NotAnAddress;

    fn from_str(name: &str) -> Result<Self, NotAnAddress> {
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
                    let (msn, part) = text.split_once('-').ok_or(NotAnAddress)?;
                    Self::Part(number(msn)?, number(part)?)
                } else {
                    return Err(NotAnAddress);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_files() {
        for (name, file) in [
            ("live.mp4", Some(PlayFile::LiveMp4)),
            ("index.m3u8", Some(PlayFile::Index)),
            ("init-3.mp4", Some(PlayFile::Init(3))),
            ("segment-12.m4s", Some(PlayFile::Segment(12))),
            ("part-12-0.m4s", Some(PlayFile::Part(12, 0))),
            ("video.mp4", Some(PlayFile::VideoMp4)),
            ("thumbnail.jpg", Some(PlayFile::Thumbnail)),
            ("part-12.m4s", None),
            ("part-012-0.m4s", None),
            ("segment-99999999999999999999.m4s", None),
            ("segment-+1.m4s", None),
            ("segment-.m4s", None),
            ("other", None),
        ] {
            assert_eq!(name.parse::<PlayFile>().ok(), file, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(msn: u64, part: u32) {
            let offered = PlayFile::OFFERED.map(|(_, file)| file);
            for file in [PlayFile::Init(part), PlayFile::Segment(msn), PlayFile::Part(msn, part)].iter().chain(&offered) {
                prop_assert_eq!(file.to_string().parse(), Ok(*file));
            }
        }

        #[test]
        fn what_is_read_is_printed_as_it_came(name in "(init|segment|part|live|video)[-.0-9]{0,9}(mp4|m4s|)") {
            if let Ok(file) = name.parse::<PlayFile>() {
                prop_assert_eq!(file.to_string(), name);
            }
        }
    }
}
