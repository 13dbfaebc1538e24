//! Films on their way in, as they come and until they are in the folder: who may send what, and how far it is.
//!
//! The answers are those of a resumable upload: 308 with a Range that says what has arrived, until the film is whole.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use super::preparing::{Failure, not_kept};
use super::{Clips, Entered, NoMore, NoTurn};
use crate::executor::{Work, clean_up, unblock};
use crate::ground::id::{SenderId, ShareId};
use crate::ground::reply::Reply;
use crate::ground::shares::Standing;
use crate::lifecycle::room::MIB;
use crate::recording::upload::{self, Upload};
use crate::share::{Share, ShareError, ShareState};

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
    /// The steward's reason.
    Share(ShareError),
    /// All else, which may be good news: what there is to say.
    Said(Reply),
}

impl From<ShareError> for NotTaken {
    fn from(error: ShareError) -> Self {
        Self::Share(error)
    }
}

impl From<Reply> for NotTaken {
    fn from(reply: Reply) -> Self {
        Self::Said(reply)
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
    let arrived = || upload::arrived(&clips.folder, share).map_err(|error| not_kept(&error).reply());
    if sending == Sending::Question && arrived()? < total {
        return Err(goes_on(arrived()?).into());
    }
    let turn = clips.busy.enter(share, (sender, standing), clips.busy.now()).map_err(|refused| match refused {
        NoTurn::Taken => {
            Reply::error(409, "uploading", "this video is being sent already: wait until that is over, or broken off")
                .with("Retry-After", "2")
        }
        NoTurn::Full => {
            Reply::error(503, "busy", "too many videos are being sent at once: try again").with("Retry-After", "5")
        }
        NoTurn::Own => {
            let message = "you are sending other videos already: wait until one of them is there, then try again";
            Reply::error(503, "busy", message).with("Retry-After", "5")
        }
    })?;
    // It may have ended just before it could be called off.
    wanted()?;
    let arrived = arrived()?;
    let anew = sending == Sending::Anew;
    if let Sending::From(first) = sending
        && first != arrived
    {
        let message = format!("{arrived} bytes have arrived: go on there");
        return Err(with_range(Reply::error(416, "offset", &message), arrived).into());
    }
    if anew {
        clips.told_bytes().remove(&share);
    }
    let told = *clips.told_bytes().entry(share).or_insert(total);
    if told != total || arrived > total && !anew {
        let message = format!("this video was said to have {told} bytes; send the same file, or all of it anew");
        return Err(Reply::error(409, "other_file", &message).into());
    }
    let left = total - if anew { 0 } else { arrived };
    // The recording is made while the film is still there.
    let guest = clips.room.is_guest(sender);
    clips.check_room(guest, left.saturating_add(total))?;
    clips.room.could_promise(share, sender, total).map_err(|no_room| Failure::Room(no_room).reply())?;
    clips.steward.media_started(share)?;
    let upload = Upload::open(&clips.folder, share, anew).map_err(|error| {
        clips.steward.clip_awaits_more(share);
        not_kept(&error).reply()
    })?;
    let incoming = Incoming { clips: clips.clone(), share, total, guest, upload: Some(upload), turn: Some(turn) };
    if sending == Sending::Question { Err(incoming.finished().into()) } else { Ok(incoming) }
}

impl Clips {
    /// Whether anything of the film of `share` is wanted any more; if not, the answer is how it stands.
    fn is_wanted(&self, share: &Share) -> Result<(), NotTaken> {
        match share.state {
            ShareState::Ended if share.duration_ms.is_some() => Err(stands(share).into()),
            over if !over.is_unfinished() => Err(ShareError::Over(over).into()),
            _ if self.folder.film(share.id).exists() => Err(stands(share).into()),
            _ => Ok(()),
        }
    }

    fn check_size(&self, total: u64) -> Result<(), Reply> {
        if !self.recorded {
            let message =
                "this gateway keeps no recordings, so videos can't be sent: set recording.enabled in config.toml";
            return Err(Reply::error(409, "not_recorded", message));
        }
        if total == 0 {
            return Err(Reply::error(400, "empty", "there is nothing in this file: choose another"));
        }
        if total > self.max_mib * MIB {
            let message = format!(
                "this video has {} MiB, and {} are taken at most: send a shorter one (recording.max_clip_mib in config.toml)",
                total.div_ceil(MIB),
                self.max_mib
            );
            return Err(Reply::error(413, "too_large", &message));
        }
        Ok(())
    }

    fn check_room(&self, guest: bool, needed: u64) -> Result<(), Reply> {
        let room = self.room.for_uploads(guest).map_err(|error| not_kept(&error).reply())?;
        if room >= needed {
            return Ok(());
        }
        let (needed, room) = (needed.div_ceil(MIB), room / MIB);
        let message = format!(
            "the gateway's disk needs {needed} MiB for this video and has {room} for it: delete shares, or give it a larger disk"
        );
        Err(Reply::error(507, "disk_full", &message))
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
    pub async fn write(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, Reply> {
        let (clips, guest, called_off) = (self.clips.clone(), self.guest, self.is_called_off());
        let Some(mut upload) = self.upload.take().filter(|_| !called_off) else { return Err(over()) };
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
            not_kept(&error).reply()
        })
    }

    /// Resolves when no more is wanted, with what is said of it.
    pub fn called_off(&self) -> impl Future<Output = Reply> + Send + use<> {
        let turn = self.turn.as_ref().map(|entered| entered.turn.clone());
        async move {
            if let Some(turn) = turn {
                return match turn.no_more().await {
                    NoMore::CalledOff => over(),
                    NoMore::Rested => rested(),
                    NoMore::Yielded => yielded(),
                };
            }
            over()
        }
    }

    /// All that was to come has been written: the answer.
    pub async fn finish(self) -> Reply {
        // The tables of a film may be long: one is looked at, at a time.
        let place = self.clips.looking.acquire_arc().await;
        unblock(Work::Media, move || {
            let _place = place;
            match self.upload.as_ref().map(Upload::bytes) {
                Some(arrived) if arrived < self.total => goes_on(arrived),
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
    fn finished(mut self) -> Reply {
        let Some(upload) = self.upload.take().filter(|_| !self.is_called_off()) else { return over() };
        if let Err(error) = upload.finish() {
            return if self.is_called_off() { over() } else { not_kept(&error).reply() };
        }
        // It awaits no more; and preparing needs the turn.
        let turn = self.turn.take();
        let (clips, share) = (self.clips.clone(), self.share);
        clips.told_bytes().remove(&share);
        if let Err(reply) = clips.look_at(share) {
            return reply;
        }
        drop(turn);
        clips.enqueue(share);
        let state = json!({ "share_id": share.to_string(), "state": "preparing" });
        Reply::bytes(200, "application/json", state.to_string())
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

/// The answer while more is to come.
fn goes_on(arrived: u64) -> Reply {
    with_range(Reply::bytes(308, "", Bytes::new()), arrived)
}

fn with_range(reply: Reply, arrived: u64) -> Reply {
    if arrived == 0 { reply } else { reply.with("Range", format!("bytes=0-{}", arrived - 1)) }
}

fn stands(share: &Share) -> Reply {
    let state = json!({ "share_id": share.id.to_string(), "state": share.state.as_str() });
    Reply::bytes(200, "application/json", state.to_string())
}

fn over() -> Reply {
    Reply::error(410, "ended", "the share has ended; nothing more is taken of this video")
}

fn yielded() -> Reply {
    let message = "others wanted to send their videos and there was no other place: go on where this one was";
    Reply::error(503, "yielded", message).with("Retry-After", "15")
}

fn rested() -> Reply {
    let message = "nothing came of this video for a while, and others wanted to send theirs: go on where it was";
    Reply::error(503, "rested", message).with("Retry-After", "2")
}
