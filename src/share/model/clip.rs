//! What the phone that sends a clip's film is told of it: how far it is, or why no more is taken.

use std::fmt;
use std::time::Duration;

use crate::ground::id::ShareId;
use crate::share::model::error::ShareError;
use crate::share::model::rows::Note;
use crate::share::model::state::ShareState;

/// How far a film is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipProgress {
    /// So many bytes of it have arrived; more is to come.
    Arrived(u64),
    /// Nothing more is to come: this is how its share stands, and what its sender is told.
    Whole(ShareId, ShareState, Vec<Note>),
}

/// Why nothing of a film is taken, or why it does not become a recording.
#[derive(Debug)]
pub enum ClipError {
    /// The steward's reason.
    Share(ShareError),
    /// Its share is over.
    Over,
    /// The gateway keeps no recordings.
    NotRecorded,
    /// There is nothing in the file.
    Empty,
    /// It, or its recording, is larger than it may be; the text says how large that is.
    TooLarge(String),
    /// The disk or what is left of it has no room; the text says for what.
    DiskFull(String),
    /// The disk failed.
    Disk(std::io::Error),
    /// The database can't keep what became of it.
    NotStored(ShareError),
    /// It is sent already.
    Uploading,
    /// Too many films are sent at once.
    Busy,
    /// Its sender sends too many at once.
    OwnUploads,
    /// It rested, and others wanted to send theirs.
    Rested,
    /// Others wanted to send theirs, and had a better right to the place.
    Yielded,
    /// It does not go on where it was: so many bytes have arrived.
    Offset(u64),
    /// It is another file than the one that was begun, which had so many bytes.
    OtherFile(u64),
    /// No TV shows such pictures or plays such sound; the text says which.
    UnsupportedCodec(String),
    /// It can't be read or shown; the text says why.
    NotPlayable(String),
}

impl ClipError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Share(error) | Self::NotStored(error) => error.code(),
            Self::Over => "ended",
            Self::NotRecorded => "not_recorded",
            Self::Empty => "empty",
            Self::TooLarge(_) => "too_large",
            Self::DiskFull(_) => "disk_full",
            Self::Disk(_) => "disk",
            Self::Uploading => "uploading",
            Self::Busy | Self::OwnUploads => "busy",
            Self::Rested => "rested",
            Self::Yielded => "yielded",
            Self::Offset(_) => "offset",
            Self::OtherFile(_) => "other_file",
            Self::UnsupportedCodec(_) => "unsupported_codec",
            Self::NotPlayable(_) => "not_playable",
        }
    }

    /// How long the phone should wait before it tries again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Uploading | Self::Rested => 2,
            Self::Busy | Self::OwnUploads => 5,
            Self::Yielded => 15,
            Self::Share(error) => return error.retry_after(),
            _ => return None,
        };
        Some(Duration::from_secs(seconds))
    }
}

impl fmt::Display for ClipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Share(error) => return error.fmt(f),
            Self::NotStored(error) => return write!(f, "The video can't be stored: {error}"),
            // What the system says of it is in the log.
            Self::Disk(_) => "The gateway's disk failed: look at its log and check it, then send the video again",
            Self::Offset(arrived) => return write!(f, "{arrived} bytes have arrived: go on there"),
            Self::OtherFile(bytes) => {
                return write!(f, "this video was said to have {bytes} bytes; send the same file, or all of it anew");
            }
            Self::TooLarge(why) | Self::DiskFull(why) | Self::UnsupportedCodec(why) | Self::NotPlayable(why) => why,
            Self::Over => "the share has ended; nothing more is taken of this video",
            Self::NotRecorded => {
                "this gateway keeps no recordings, so videos can't be sent: set recording.enabled in config.toml"
            }
            Self::Empty => "there is nothing in this file: choose another",
            Self::Uploading => "this video is being sent already: wait until that is over, or broken off",
            Self::Busy => "too many videos are being sent at once: try again",
            Self::OwnUploads => "you are sending other videos already: wait until one of them is there, then try again",
            Self::Rested => {
                "nothing came of this video for a while, and others wanted to send theirs: go on where it was"
            }
            Self::Yielded => {
                "others wanted to send their videos and there was no other place: go on where this one was"
            }
        })
    }
}

impl std::error::Error for ClipError {}

impl From<ShareError> for ClipError {
    fn from(error: ShareError) -> Self {
        Self::Share(error)
    }
}
