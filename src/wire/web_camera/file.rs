//! The pieces of one fragmented MP4 file, as a browser's recorder hands them on (`wire/mp4` reads it): frames on the
//! session's timeline, by the file's own clock.
//!
//! A file is all there or broken, so nothing is mended here: pictures from before its first key frame are left out, and
//! times that jump go on as they did at the gateway, as they do for frames that come one by one.

use std::sync::Arc;

use crate::ground::frame::{AudioParams, Frame};
use crate::ground::time::{Moment, Ticks90k};
use crate::wire::mp4::{Demuxer, Mp4Error};
use crate::wire::web_camera::session::{LEAST_STEP, MICROSECONDS};
use crate::wire::web_camera::timeline::{Kind, Timeline};

/// A picture is shown no later than so long after its turn: more is no order of pictures.
const LATEST_SHOWN: Ticks90k = Ticks90k::from_ms(10_000);

/// A file that comes.
#[derive(Debug, Default)]
pub(super) struct File {
    demuxer: Demuxer,
    is_described: bool,
    timeline: Timeline,
    last_picture: Option<Ticks90k>,
    dropped: u64,
}

/// What a piece brought.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The file has told what is in it: its sound.
    pub described: Option<Option<Arc<AudioParams>>>,
    /// Pictures that came.
    pub pictures: u64,
    /// Pieces of sound that came.
    pub sounds: u64,
}

impl File {
    /// Takes the next bytes; frames that come of them are added to `frames`.
    pub fn take(&mut self, data: &[u8], now: Moment, frames: &mut Vec<Frame>) -> Result<Taken, Mp4Error> {
        let mut taken = Taken::default();
        let mut read = Vec::new();
        self.demuxer.push(data, &mut read)?;
        if !self.is_described
            && let Some(tracks) = self.demuxer.tracks()
        {
            self.is_described = true;
            taken.described = Some(tracks.audio);
        }
        for mut frame in read {
            match &mut frame {
                Frame::Video(picture) => {
                    taken.pictures += 1;
                    if self.is_seeking() && !picture.key {
                        self.dropped += 1;
                        continue;
                    }
                    let wait = picture.pts - picture.dts;
                    if wait > LATEST_SHOWN {
                        return Err(Mp4Error::Broken("time of a sample"));
                    }
                    let due = self.place(Kind::Picture, picture.dts, now);
                    picture.dts = self.last_picture.map_or(due, |last| due.max(last + LEAST_STEP));
                    picture.pts = picture.dts + wait;
                    self.last_picture = Some(picture.dts);
                }
                Frame::Audio(sound) => {
                    taken.sounds += 1;
                    sound.pts = self.place(Kind::Sound, sound.pts, now);
                }
            }
            frames.push(frame);
        }
        Ok(taken)
    }

    /// A time of the file on the timeline. Both differ by whole ticks, so that what is in step stays so.
    fn place(&mut self, kind: Kind, time: Ticks90k, now: Moment) -> Ticks90k {
        let time_us = time.to_units(MICROSECONDS);
        let placed = self.timeline.place(kind, time_us, now);
        time + Ticks90k::from_units(placed.time_us - time_us, MICROSECONDS)
    }

    /// Whether it has told what is in it.
    pub fn is_described(&self) -> bool {
        self.is_described
    }

    /// Whether its first key frame has yet to come.
    pub fn is_seeking(&self) -> bool {
        self.last_picture.is_none()
    }

    /// Pictures that were left out.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests;
