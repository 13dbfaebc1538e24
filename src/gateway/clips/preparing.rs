//! From a film that is whole to a share that has come to its people: looked at, made into a recording, its first picture
//! decoded, rung.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Clips;
use crate::codec::{CodecError, decode_key_frame};
use crate::gateway::room::NoRoom;
use crate::gateway::watch::THUMBNAIL;
use crate::ground::id::{SenderId, ShareId};
use crate::ground::limits::RECORDING_STEP_BYTES;
use crate::ground::picture::Picture;
use crate::ground::reply::Reply;
use crate::live::KeyFrame;
use crate::private;
use crate::recording::film::{About, Film, FilmError};
use crate::recording::whole::Whole;
use crate::share::{Asker, EndReason, MediaInfo, ShareError};
use crate::thumbnail;
use crate::wire::mp4::Mp4Error;

/// Why a film does not become a recording.
pub(super) enum Failure {
    /// The film, or the disk.
    Film(FilmError),
    /// Its first picture.
    Picture(CodecError),
    /// Its recording has no room.
    Room(NoRoom),
    /// The share is over.
    Over,
    /// The gateway stops; the film is gone on with later.
    Stopping,
    /// The books.
    Books(ShareError),
}

impl From<FilmError> for Failure {
    fn from(error: FilmError) -> Self {
        Self::Film(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Film(error.into())
    }
}

impl From<ShareError> for Failure {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::NotFound(_) | ShareError::Over(_) => Self::Over,
            error => Self::Books(error),
        }
    }
}

/// A film that was sent.
struct Sent {
    film: Film,
    share: ShareId,
    sender: SenderId,
}

impl Sent {
    /// Bytes its recording is promised at first.
    fn needs(&self) -> u64 {
        self.film.about().size.unwrap_or(self.film.bytes())
    }
}

/// A failure as people and programs are told of it.
pub(super) struct Told {
    reason: EndReason,
    status: u16,
    code: &'static str,
    message: String,
}

impl Told {
    /// The answer to the one who sent the film.
    pub fn reply(&self) -> Reply {
        Reply::error(self.status, self.code, &self.message)
    }
}

impl Failure {
    /// What is said of it; `None` where it is nobody's fault.
    fn told(&self) -> Option<Told> {
        let unplayable = |code, message| Told { reason: EndReason::Unplayable, status: 415, code, message };
        Some(match self {
            Self::Film(FilmError::Mp4(error @ Mp4Error::Codec(_))) => {
                unplayable("unsupported_codec", error.to_string())
            }
            Self::Film(FilmError::Mp4(error)) => unplayable("not_playable", error.to_string()),
            Self::Picture(CodecError::Unsupported(kind)) => unplayable(
                "unsupported_codec",
                format!("This video can't be shown on TVs: {kind}. Export it as ordinary H.264, and send that"),
            ),
            Self::Picture(error) => unplayable(
                "not_playable",
                format!("The video's first picture can't be shown ({error}); record or export the video again"),
            ),
            Self::Film(FilmError::Disk(error)) => {
                log::error!("a film can't be kept: {error}");
                not_kept(error)
            }
            Self::Room(NoRoom::Disk(error)) => not_kept(error),
            Self::Room(no_room) => {
                let (status, code) = match no_room {
                    NoRoom::TooLarge { .. } => (413, "too_large"),
                    _ => (507, "disk_full"),
                };
                Told { reason: EndReason::NotKept, status, code, message: no_room.to_string() }
            }
            Self::Books(error) => {
                let message = format!("The video can't be entered in the books: {error}");
                Told { reason: EndReason::NotKept, status: error.status(), code: error.code(), message }
            }
            Self::Over | Self::Stopping => return None,
        })
    }
}

impl Failure {
    /// The answer to the one who sends the film.
    pub fn reply(&self) -> Reply {
        self.told().map_or_else(|| Reply::error(410, "ended", "the share has ended"), |told| told.reply())
    }
}

/// What is said where the disk takes no more.
pub(super) fn not_kept(error: &std::io::Error) -> Told {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let (status, code, message) = match error.kind() {
        StorageFull | QuotaExceeded => (
            507,
            "disk_full",
            "The gateway's disk has no room for this video: delete shares, or give the gateway a larger disk"
                .to_owned(),
        ),
        _ => (500, "disk", format!("The gateway's disk failed ({error}): check it, then send the video again")),
    };
    Told { reason: EndReason::NotKept, status, code, message }
}

impl Clips {
    /// Looks at a film that has just arrived: whether it is one that can be shown, by its first picture. If not, the share
    /// ends, and the answer says why.
    pub(super) fn look_at(&self, share: ShareId) -> Result<(), Reply> {
        let looked = self.open(share).and_then(|mut sent| {
            self.promise(&sent)?;
            prove(&sent.film.first_key_frame()?)
        });
        looked.map(drop).map_err(|failure| {
            self.give_up(share, &failure);
            failure.reply()
        })
    }

    /// Gets the film's recording its room, which others can't take from then on. One that can't be reckoned is promised
    /// what the film has itself, and more as it grows.
    fn promise(&self, sent: &Sent) -> Result<(), Failure> {
        self.room.promise(sent.share, sent.sender, sent.needs()).map_err(Failure::Room)
    }

    /// What was promised before a stop is promised again, whatever has become of the room: preparing finds out. A film that
    /// can't be read is left to that too.
    pub(super) fn promise_again(&self, share: ShareId) {
        let needs = catch_unwind(AssertUnwindSafe(|| self.open(share).map(|sent| sent.needs())));
        if let Ok(Ok(bytes)) = needs {
            self.room.promise_again(share, bytes);
        }
    }

    fn open(&self, share: ShareId) -> Result<Sent, Failure> {
        let report = self.steward.share(Asker::Owner, share)?;
        if !report.share.state.is_unfinished() {
            return Err(Failure::Over);
        }
        let date = report.share.started_at.unwrap_or(report.share.created_at);
        let film = Film::open(&self.folder.film(share), date)?;
        Ok(Sent { film, share, sender: report.share.sender })
    }

    /// Makes the recording of a film, and lets it ring.
    pub(super) fn prepare(&self, share: ShareId) {
        // Whatever is wrong with one film, the others are prepared.
        let work = AssertUnwindSafe(|| self.made(share));
        let made = catch_unwind(work).unwrap_or_else(|_| {
            log::error!("preparing broke off share={share}");
            Err(Mp4Error::Broken("it can't be read").into()).map_err(|error: FilmError| error.into())
        });
        match made {
            Ok(()) => self.discard(share),
            Err(Failure::Stopping) => {}
            Err(failure) => self.give_up(share, &failure),
        }
    }

    fn made(&self, share: ShareId) -> Result<(), Failure> {
        let turn = self.busy.wait(share);
        if !self.folder.film(share).exists() {
            return Ok(());
        }
        let sent = self.open(share)?;
        self.promise(&sent)?;
        let mut promised = sent.needs();
        let Sent { mut film, sender, .. } = sent;
        let mut whole = Whole::create(&self.folder, share)?;
        let (mut out, mut looked_at, mut more) = (Vec::new(), 0, true);
        while more {
            if turn.is_called_off() {
                return Err(Failure::Over);
            }
            if self.is_stopped() {
                return Err(Failure::Stopping);
            }
            more = film.next(&mut out)?;
            out.drain(..).try_for_each(|item| whole.take(&item))?;
            if whole.bytes() > promised {
                promised = whole.bytes() + RECORDING_STEP_BYTES;
                self.room.promise(share, sender, promised).map_err(Failure::Room)?;
            }
            if whole.bytes() >= looked_at + RECORDING_STEP_BYTES {
                looked_at = whole.bytes();
                if self.room.free()? <= 0 {
                    return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
                }
            }
        }
        let picture = prove(&film.first_key_frame()?)?;
        whole.finish()?;
        self.draw(share, &picture);
        let duration = self.library.duration(share)?;
        let media = media(film.about(), duration.to_seconds()).ok_or(Mp4Error::NoVideo).map_err(FilmError::from)?;
        if turn.is_called_off() {
            return Err(Failure::Over);
        }
        Ok(self.steward.clip_ready(share, media, duration.to_ms().max(0) as u64)?)
    }

    /// Draws the share's still: TVs show it when they ring.
    fn draw(&self, share: ShareId, picture: &Picture) {
        let drawn = thumbnail::jpeg(picture, THUMBNAIL.0, THUMBNAIL.1).map_err(|error| error.to_string());
        let path = self.folder.thumbnail(share);
        if let Err(error) = drawn.and_then(|jpeg| private::write(&path, &jpeg).map_err(|error| error.to_string())) {
            log::warn!("no thumbnail share={share} reason=\"{error}\"");
        }
    }

    /// Ends a share whose film can't be shown or kept, and deletes what is there of it.
    fn give_up(&self, share: ShareId, failure: &Failure) {
        self.room.settle(share);
        self.delete(share);
        if let Some(told) = failure.told() {
            log::warn!("share={share} ends: {}", told.message);
            match self.steward.clip_failed(share, told.reason, &told.message) {
                Ok(()) | Err(ShareError::NotFound(_)) => {}
                Err(error) => log::error!("the end of share={share} can't be written down: {error}"),
            }
        }
    }
}

/// Decodes a film's first picture.
fn prove(key_frame: &KeyFrame) -> Result<Picture, Failure> {
    decode_key_frame(&key_frame.params, &key_frame.data).map_err(Failure::Picture)
}

/// What a film is made of, as phones and TVs are told.
fn media(about: &About, seconds: f64) -> Option<MediaInfo> {
    let video = about.video.as_ref()?;
    let a_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    Some(MediaInfo {
        codec: video.codec_string(),
        audio_codec: about.audio.as_ref().map(|audio| audio.codec_string()),
        width: video.width,
        height: video.height,
        frame_rate: a_second(about.pictures),
        bits_per_second: a_second(about.bytes * 8) as u64,
    })
}
