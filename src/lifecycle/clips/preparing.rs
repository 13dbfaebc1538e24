//! From a film that is whole to a share that has come to its people: looked at, made into a recording, its first picture
//! decoded, rung.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::failure::{Failure, no_room};
use super::{Clips, Entered, Fate};
use crate::codec::decode_key_frame;
use crate::ground::id::{SenderId, ShareId};
use crate::ground::limits::RECORDING_STEP_BYTES;
use crate::lifecycle::ready::draw_still;
use crate::live::KeyFrame;
use crate::recording::film::{About, Film, FilmError};
use crate::recording::from_film::FilmRecording;
use crate::share::{Asker, ClipError, MediaInfo, Note, ShareError};
use crate::wire::mp4::{Cuts, Movie, Mp4Error};

/// A film that was sent.
struct Sent {
    film: Film,
    sender: SenderId,
}

impl Clips {
    /// Looks at a film that has just arrived: whether it is one that can be shown and kept. If not, the share ends, and the
    /// answer says why; if so, it has what the sender is told.
    pub(super) fn look_at(&self, share: ShareId) -> Result<Vec<Note>, ClipError> {
        self.admit(share).map_err(|failure| {
            self.give_up(share, &failure);
            failure.into()
        })
    }

    /// Whether there could be room for a film's recording, and whether it can be shown, by its first key picture. Only what
    /// is proven gets its room, for which others may have to go, and which they can't take from then on.
    fn admit(&self, share: ShareId) -> Result<Vec<Note>, Failure> {
        let Sent { film, sender } = self.open(share, Cuts::Recoded)?;
        let bytes = film.promised();
        self.room.could_promise(share, sender, bytes).map_err(no_room)?;
        let KeyFrame { params, data } = film.proof()?;
        decode_key_frame(&params, &data)?;
        self.room.promise(share, sender, bytes).map_err(no_room)?;
        Ok(notes(film.movie()))
    }

    /// What was promised before a stop is promised again, whatever has become of the room: preparing finds out. A film that
    /// can't be read is left to that too.
    pub(super) fn promise_again(&self, share: ShareId) {
        let sent = catch_unwind(AssertUnwindSafe(|| self.open(share, Cuts::Recoded)));
        if let Ok(Ok(Sent { film, sender })) = sent {
            self.room.promise_again(share, sender, film.promised());
        }
    }

    fn open(&self, share: ShareId, cuts: Cuts) -> Result<Sent, Failure> {
        let report = self.steward.share(Asker::Owner, share)?;
        if !report.share.state.is_unfinished() {
            return Err(ClipError::Over.into());
        }
        let date = report.share.started_at.unwrap_or(report.share.created_at);
        let film = Film::open(&self.folder.film(share), date, cuts)?;
        Ok(Sent { film, sender: report.share.sender })
    }

    /// Makes the recording of a film, and lets it ring.
    pub(super) fn prepare(&self, share: ShareId) {
        // Whatever is wrong with one film, the others are prepared.
        let work = AssertUnwindSafe(|| self.made(share));
        let made = catch_unwind(work).unwrap_or_else(|_| {
            log::error!("preparing broke off share={share}");
            Err(FilmError::from(Mp4Error::Broken("it can't be read")).into())
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
        self.admit(share)?;
        let film = match self.recorded(share, Cuts::Recoded, &turn) {
            Err(Failure::Recoding(why)) => {
                log::warn!("share={share} was trimmed within groups of pictures that can't be coded again: {why}");
                self.recorded(share, Cuts::AtKeys, &turn)?
            }
            film => film?,
        };
        if let Some(KeyFrame { params, data }) = &film.about().key_frame {
            draw_still(&self.folder, share, &decode_key_frame(params, data)?, params.rotation);
        }
        let duration = self.library.duration(share)?;
        let media = media(film.about(), duration.to_seconds()).ok_or(Mp4Error::NoVideo).map_err(FilmError::from)?;
        if turn.is_called_off() {
            return Err(ClipError::Over.into());
        }
        Ok(self.steward.clip_ready(share, media, notes(film.movie()), duration.to_ms().max(0) as u64)?)
    }

    /// Makes a film's recording, and gives the film as it is known then.
    fn recorded(&self, share: ShareId, cuts: Cuts, turn: &Entered) -> Result<Film, Failure> {
        let Sent { mut film, sender } = self.open(share, cuts)?;
        let mut promised = film.promised();
        let mut recording = FilmRecording::create(&self.folder, share)?;
        let mut out = Vec::new();
        let mut looked_at = 0;
        let mut more = true;
        while more {
            if turn.is_called_off() {
                return Err(ClipError::Over.into());
            }
            if self.is_stopped() {
                return Err(Failure::Stopping);
            }
            more = film.next(&mut out)?;
            out.drain(..).try_for_each(|item| recording.take(&item))?;
            if recording.bytes() > promised {
                promised = recording.bytes() + RECORDING_STEP_BYTES;
                self.room.promise(share, sender, promised).map_err(no_room)?;
            }
            if recording.bytes() >= looked_at + RECORDING_STEP_BYTES {
                looked_at = recording.bytes();
                if self.room.free()? <= 0 {
                    return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
                }
            }
        }
        recording.finish()?;
        Ok(film)
    }

    /// Ends a share whose film can't be shown or kept, and deletes what is there of it. A film that was called off is kept
    /// where the database, replaced by another, knows it as one to be prepared, or doesn't know it.
    fn give_up(&self, share: ShareId, failure: &Failure) {
        let fate = self.fate(share);
        if matches!((failure, &fate), (Failure::Told(ClipError::Over), Fate::Wanted)) {
            return;
        }
        self.room.settle(share);
        if !matches!(fate, Fate::Kept) {
            self.delete(share);
        }
        if let Some((reason, message)) = failure.end() {
            log::warn!("share={share} ends: {message}");
            match self.steward.failed(share, reason, &message) {
                Ok(()) | Err(ShareError::NotFound(_)) => {}
                Err(error) => log::error!("the end of share={share} can't be written down: {error}"),
            }
        }
    }
}

/// What the sender of a film is told of it, although it could be taken.
fn notes(movie: &Movie) -> Vec<Note> {
    let sound = movie.left_out().map(|codec| Note::WithoutSound(codec.to_owned()));
    sound.into_iter().chain(movie.is_shortened().then_some(Note::Shortened)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::lifecycle::RecordingLimits;
    use crate::lifecycle::room::tests::house;

    const PHONE: &[u8] = include_bytes!("../../../tests/captures/mp4/phone.mp4");

    #[test]
    fn nothing_goes_for_a_film_that_can_not_be_shown() {
        let house = house(1);
        let limits = RecordingLimits { enabled: true, quota_mib: 1, keep_free_mib: 0, max_clip_mib: 8192 };
        let clips = Clips::new(house.steward.clone(), house.library.clone(), house.room.clone(), &limits);
        let seen = house.recorded("Family", 1);
        house.see(seen);
        let send = |film: &[u8]| {
            let share = house.clip("Guest");
            std::fs::write(clips.folder.film(share), film).expect("there is room");
            clips.look_at(share).map_err(|error| error.code())
        };
        // Its description is at the end; what comes before are its pictures and its sound.
        let moov = PHONE.windows(4).position(|kind| kind == b"moov").expect("it is there") - 4;
        let broken = [&PHONE[..48], &vec![0xff; moov - 48], &PHONE[moov..]].concat();
        assert_eq!(send(&broken), Err("not_playable"));
        assert!(house.has(seen), "what can't be shown takes nobody's room");
        assert_eq!(send(PHONE), Ok(Vec::new()));
        assert!(!house.has(seen), "what was seen makes room for what can");
    }

    #[test]
    fn a_film_that_was_called_off_goes_only_where_the_books_say_so() {
        let house = house(0);
        let limits = config::Recording::default().limits();
        let clips = Clips::new(house.steward.clone(), house.library.clone(), house.room.clone(), &limits);
        let (wanted, unknown) = (house.clip("Guest"), ShareId([7; 10]));
        for share in [wanted, unknown] {
            std::fs::write(clips.folder.film(share), PHONE).expect("there is room");
            clips.give_up(share, &ClipError::Over.into());
        }
        assert!(clips.folder.film(wanted).exists(), "it is prepared anew");
        assert_eq!(clips.folder.set_aside_shares().expect("a list"), [unknown]);
        house.steward.withdraw_share(Asker::Owner, wanted).expect("withdrawn");
        clips.give_up(wanted, &ClipError::Over.into());
        assert!(!clips.folder.film(wanted).exists());
    }
}
