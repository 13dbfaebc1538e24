//! Why a film does not become a recording: what rooms below say of it becomes what its phone is told.

use std::io;

use crate::codec::CodecError;
use crate::lifecycle::room::NoRoom;
use crate::recording::film::FilmError;
use crate::share::{ClipError, EndReason, ShareError};
use crate::wire::mp4::Mp4Error;

/// Why a film does not become a recording.
pub(super) enum Failure {
    /// What its phone is told.
    Told(ClipError),
    /// Groups of pictures that were cut can't be coded again; says why. The recording is begun anew without.
    Recoding(String),
    /// The gateway stops; the film is gone on with later.
    Stopping,
}

impl Failure {
    /// Why the share ends, and what is said of it; `None` where it is nobody's fault.
    pub fn end(&self) -> Option<(EndReason, String)> {
        let reason = match self {
            Self::Stopping | Self::Recoding(_) | Self::Told(ClipError::Over) => return None,
            Self::Told(ClipError::UnsupportedCodec(_) | ClipError::NotPlayable(_)) => EndReason::Unplayable,
            Self::Told(_) => EndReason::NotKept,
        };
        let Self::Told(error) = self else { return None };
        Some((reason, error.to_string()))
    }
}

impl From<Failure> for ClipError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Told(error) => error,
            Failure::Stopping | Failure::Recoding(_) => Self::Over,
        }
    }
}

impl From<ClipError> for Failure {
    fn from(error: ClipError) -> Self {
        Self::Told(error)
    }
}

impl From<FilmError> for Failure {
    fn from(error: FilmError) -> Self {
        Self::Told(match error {
            FilmError::Mp4(error @ Mp4Error::Codec(_)) => ClipError::UnsupportedCodec(error.to_string()),
            FilmError::Mp4(error) => ClipError::NotPlayable(error.to_string()),
            FilmError::Recoding(why) => return Self::Recoding(why),
            FilmError::Disk(error) => {
                log::error!("a film can't be kept: {error}");
                not_kept(error)
            }
        })
    }
}

impl From<CodecError> for Failure {
    fn from(error: CodecError) -> Self {
        Self::Told(match error {
            CodecError::Unsupported(kind) => ClipError::UnsupportedCodec(format!(
                "This video can't be shown on TVs: {kind}. Export it as ordinary H.264, and send that"
            )),
            error => ClipError::NotPlayable(format!(
                "The video's first picture can't be shown ({error}); record or export the video again"
            )),
        })
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        FilmError::from(error).into()
    }
}

impl From<ShareError> for Failure {
    fn from(error: ShareError) -> Self {
        Self::Told(match error {
            ShareError::NotFound(_) | ShareError::Over(_) => ClipError::Over,
            error => ClipError::NotStored(error),
        })
    }
}

/// What is said where a recording has no room.
pub(super) fn no_room(no_room: NoRoom) -> ClipError {
    match no_room {
        NoRoom::Disk(error) => not_kept(error),
        NoRoom::TooLarge { .. } => ClipError::TooLarge(no_room.to_string()),
        NoRoom::Short { .. } => ClipError::DiskFull(no_room.to_string()),
    }
}

/// What is said where the disk takes no more.
pub(super) fn not_kept(error: io::Error) -> ClipError {
    match error.kind() {
        io::ErrorKind::QuotaExceeded | io::ErrorKind::StorageFull => ClipError::DiskFull(
            "The gateway's disk has no room for this video: delete shares, or give the gateway a larger disk"
                .to_owned(),
        ),
        _ => ClipError::Disk(error),
    }
}
