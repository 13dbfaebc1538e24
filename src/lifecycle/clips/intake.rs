//! Films on their way in, as they come and until they are in the folder: who may send what, and how far it is.

use std::future::Future;
use std::sync::Arc;

use super::failure::{no_room, not_kept};
use super::{Clips, Entered, NoMore, NoTurn};
use crate::executor::{Work, clean_up, unblock};
use crate::ground::id::{SenderId, ShareId};
use crate::ground::shares::Standing;
use crate::lifecycle::room::MIB;
use crate::recording::upload::{self, Upload};
use crate::share::{ClipError, ClipProgress, Share, ShareError, ShareState};

/// What is sent of a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// It comes from its beginning.
    Anew,
    /// It goes on at this byte.
    From(u64),
    /// Nothing: it is asked how much has arrived.
    Question,
}

/// Why nothing is taken of what is sent.
pub(crate) enum NotTaken {
    /// It isn't wanted now, and this is how far the film is.
    Progress(ClipProgress),
    /// It is refused.
    Error(ClipError),
}

impl From<ClipError> for NotTaken {
    fn from(error: ClipError) -> Self {
        Self::Error(error)
    }
}

impl From<ShareError> for NotTaken {
    fn from(error: ShareError) -> Self {
        Self::Error(error.into())
    }
}

impl From<NotTaken> for Result<ClipProgress, ClipError> {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::Progress(progress) => Ok(progress),
            NotTaken::Error(error) => Err(error),
        }
    }
}

/// Whether `sender` may send this of the film of `share`, which has `total` bytes. Blocks.
pub(crate) fn admit(
    clips: &Arc<Clips>,
    (sender, standing): (SenderId, Standing),
    share: ShareId,
    sending: Sending,
    total: u64,
) -> Result<Incoming, NotTaken> {
    let wanted = || clips.is_wanted(&clips.steward.clip(sender, share)?);
    wanted()?;
    clips.check_size(total)?;
    let arrived = || upload::arrived(&clips.folder, share).map_err(not_kept);
    if sending == Sending::Question && arrived()? < total {
        return Err(NotTaken::Progress(ClipProgress::Arrived(arrived()?)));
    }
    let turn = clips.busy.enter(share, (sender, standing), clips.busy.now()).map_err(|refused| match refused {
        NoTurn::Taken => ClipError::Uploading,
        NoTurn::Full => ClipError::Busy,
        NoTurn::Own => ClipError::OwnUploads,
    })?;
    // It may have ended just before it could be called off.
    wanted()?;
    let arrived = arrived()?;
    let anew = sending == Sending::Anew;
    if let Sending::From(first) = sending
        && first != arrived
    {
        return Err(ClipError::Offset(arrived).into());
    }
    if anew {
        clips.told_bytes().remove(&share);
    }
    let told = *clips.told_bytes().entry(share).or_insert(total);
    if told != total || arrived > total && !anew {
        return Err(ClipError::OtherFile(told).into());
    }
    let left = total - if anew { 0 } else { arrived };
    // The recording is made while the film is still there.
    let guest = clips.room.is_guest(sender);
    clips.check_room(guest, left.saturating_add(total))?;
    clips.room.could_promise(share, sender, total).map_err(no_room)?;
    clips.steward.media_started(share)?;
    let upload = Upload::open(&clips.folder, share, anew).map_err(|error| {
        clips.steward.clip_awaits_more(share);
        not_kept(error)
    })?;
    let incoming = Incoming { clips: clips.clone(), share, total, guest, upload: Some(upload), turn: Some(turn) };
    if sending == Sending::Question { Err(NotTaken::Progress(incoming.finished()?)) } else { Ok(incoming) }
}

impl Clips {
    /// Whether anything of the film of `share` is wanted any more; if not, the answer is how it stands.
    fn is_wanted(&self, share: &Share) -> Result<(), NotTaken> {
        match share.state {
            ShareState::Ended if share.duration_ms.is_some() => Err(stands(share)),
            over if !over.is_unfinished() => Err(ShareError::Over(over).into()),
            _ if self.folder.film(share.id).exists() => Err(stands(share)),
            _ => Ok(()),
        }
    }

    fn check_size(&self, total: u64) -> Result<(), ClipError> {
        if !self.recorded {
            return Err(ClipError::NotRecorded);
        }
        if total == 0 {
            return Err(ClipError::Empty);
        }
        if total > self.max_mib * MIB {
            return Err(ClipError::TooLarge(format!(
                "this video has {} MiB, and {} are taken at most: send a shorter one (recording.max_clip_mib in config.toml)",
                total.div_ceil(MIB),
                self.max_mib
            )));
        }
        Ok(())
    }

    fn check_room(&self, guest: bool, needed: u64) -> Result<(), ClipError> {
        let room = self.room.for_uploads(guest).map_err(not_kept)?;
        if room >= needed {
            return Ok(());
        }
        let (needed, room) = (needed.div_ceil(MIB), room / MIB);
        Err(ClipError::DiskFull(format!(
            "the gateway's disk needs {needed} MiB for this video and has {room} for it: delete shares, or give it a larger disk"
        )))
    }
}

/// A film that arrives. Dropped before its end it is kept as far as it came.
pub(crate) struct Incoming {
    clips: Arc<Clips>,
    share: ShareId,
    /// Bytes of the film.
    total: u64,
    /// Whether a guest sends it.
    guest: bool,
    /// Absent while the disk works, and once it is whole.
    upload: Option<Upload>,
    turn: Option<Entered>,
}

impl Incoming {
    /// Writes the next bytes, and gives the room back once the disk has them; or tells why no more is taken.
    pub async fn write(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, ClipError> {
        let (clips, guest, called_off) = (self.clips.clone(), self.guest, self.is_called_off());
        let Some(mut upload) = self.upload.take().filter(|_| !called_off) else { return Err(ClipError::Over) };
        self.hears();
        let (upload, written, bytes) = unblock(Work::Disk, move || {
            let written = match clips.room.takes_of_upload(guest, bytes.len() as u64) {
                Ok(false) => Err(std::io::ErrorKind::StorageFull.into()),
                Ok(true) => upload.append(&bytes),
                Err(error) => Err(error),
            };
            (upload, written, bytes)
        })
        .await;
        self.upload = Some(upload);
        self.hears();
        written.map(|()| bytes).map_err(|error| {
            log::warn!("a film can't be taken share={} error=\"{error}\"", self.share);
            not_kept(error)
        })
    }

    /// Resolves when no more is wanted, with what is said of it.
    pub fn called_off(&self) -> impl Future<Output = ClipError> + Send + use<> {
        let turn = self.turn.as_ref().map(|entered| entered.turn.clone());
        async move {
            if let Some(turn) = turn {
                return match turn.no_more().await {
                    NoMore::CalledOff => ClipError::Over,
                    NoMore::Rested => ClipError::Rested,
                    NoMore::Yielded => ClipError::Yielded,
                };
            }
            ClipError::Over
        }
    }

    /// All that was to come has been written: the answer.
    pub async fn finish(self) -> Result<ClipProgress, ClipError> {
        // The tables of a film may be long: one is looked at, at a time.
        let place = self.clips.looking.acquire_arc().await;
        unblock(Work::Media, move || {
            let _place = place;
            match self.upload.as_ref().map(Upload::bytes) {
                Some(arrived) if arrived < self.total => Ok(ClipProgress::Arrived(arrived)),
                _ => self.finished(),
            }
        })
        .await
    }

    fn hears(&self) {
        if let Some(turn) = &self.turn {
            turn.hears();
        }
    }

    fn is_called_off(&self) -> bool {
        self.turn.as_ref().is_some_and(Entered::is_called_off)
    }

    /// The film is whole: looked at, and left to be prepared. Blocks.
    fn finished(mut self) -> Result<ClipProgress, ClipError> {
        let Some(upload) = self.upload.take().filter(|_| !self.is_called_off()) else { return Err(ClipError::Over) };
        if let Err(error) = upload.finish() {
            return Err(if self.is_called_off() { ClipError::Over } else { not_kept(error) });
        }
        // It awaits no more; and preparing needs the turn.
        let turn = self.turn.take();
        let (clips, share) = (self.clips.clone(), self.share);
        clips.told_bytes().remove(&share);
        let notes = clips.look_at(share)?;
        drop(turn);
        clips.enqueue(share);
        Ok(ClipProgress::Whole(share, ShareState::Preparing, notes))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let Some(turn) = self.turn.take() else { return };
        let (clips, share) = (self.clips.clone(), self.share);
        if !turn.is_called_off() {
            clips.steward.clip_awaits_more(share);
            return;
        }
        // The file may have been opened again just when it was deleted.
        clean_up(move || {
            clips.discard(share);
            drop(turn);
        });
    }
}

fn stands(share: &Share) -> NotTaken {
    NotTaken::Progress(ClipProgress::Whole(share.id, share.state, share.notes.clone()))
}
