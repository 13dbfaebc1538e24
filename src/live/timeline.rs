//! One timeline for all connections of a stream: it starts at the first key frame, and each further connection, whose
//! times are its own, goes on where the one before it ended.
//!
//! No frame waits for the next one to learn how long it lasts: that is taken from the one before. Nothing here knows what
//! frames are made into.

use crate::ground::frame::{AudioFrame, AudioParams, Frame, VideoFrame};
use crate::ground::time::Ticks90k;
use crate::wire::opus::samples_in;

/// What a picture takes where nothing tells.
const USUAL_FRAME: Ticks90k = Ticks90k(3000);
/// A picture is never said to last longer, whatever the one before it took.
const LONGEST_FRAME: Ticks90k = Ticks90k::from_ms(500);

/// Gives frames their place.
#[derive(Debug)]
pub struct Timeline {
    /// What is added to a frame's times to get its place; `None` until the next key frame sets it.
    shift: Option<Ticks90k>,
    /// The time up to which it is filled, with pictures or sound.
    end: Ticks90k,
    /// The same of its pictures.
    pictures_end: Ticks90k,
    last_picture: Option<Ticks90k>,
    frame_duration: Ticks90k,
}

impl Timeline {
    /// One that is filled up to `end` already.
    pub fn behind(end: Ticks90k) -> Self {
        Self { shift: None, end, pictures_end: end, last_picture: None, frame_duration: USUAL_FRAME }
    }

    /// Where the newest picture's time ends.
    pub fn duration(&self) -> Ticks90k {
        self.pictures_end
    }

    /// The next frames come from another connection, with times of their own.
    pub fn resume(&mut self) {
        self.shift = None;
        self.last_picture = None;
    }

    /// Gives a frame of a stream with this sound its times, and says how long it lasts as far as is known; `None` where it
    /// has no place: before its connection's first key frame, and sound that is none.
    pub fn place(&mut self, frame: &mut Frame, audio: Option<&AudioParams>) -> Option<Ticks90k> {
        match frame {
            Frame::Video(picture) => self.picture(picture),
            Frame::Audio(sound) => self.sound(sound, audio?),
        }
    }

    fn picture(&mut self, picture: &mut VideoFrame) -> Option<Ticks90k> {
        let shift = match self.shift {
            Some(shift) => shift,
            None if !picture.key => return None,
            None => *self.shift.insert(self.end - picture.dts),
        };
        picture.dts += shift;
        picture.pts += shift;
        let start = picture.dts;
        self.frame_duration = match self.last_picture {
            Some(last) => Ticks90k((start - last).0.clamp(1, LONGEST_FRAME.0)),
            None => picture.params.frame_duration.unwrap_or(self.frame_duration),
        };
        self.last_picture = Some(start);
        self.pictures_end = start + self.frame_duration;
        self.end = self.end.max(self.pictures_end);
        Some(self.frame_duration)
    }

    fn sound(&mut self, sound: &mut AudioFrame, params: &AudioParams) -> Option<Ticks90k> {
        let duration = Ticks90k::from_units(i64::from(samples_in(params, &sound.data)?), params.sample_rate);
        sound.pts += self.shift?;
        self.end = self.end.max(sound.pts + duration);
        Some(duration)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::ground::frame::VideoParams;
    use crate::wire::aac::parse_config;
    use crate::wire::h264::params::ParameterSets;
    use crate::wire::h264::params::tests::{PPS, SPS_360};

    fn params() -> Arc<VideoParams> {
        let mut sets = ParameterSets::default();
        sets.take(SPS_360);
        sets.take(PPS);
        sets.current().expect("good sets")
    }

    /// Places pictures; their decoding and showing times.
    fn placed(timeline: &mut Timeline, pictures: &[(i64, i64, bool)]) -> Vec<(i64, i64)> {
        let places = pictures.iter().filter_map(|(dts, pts, key)| {
            let (dts, pts, params) = (Ticks90k(*dts), Ticks90k(*pts), params());
            let mut frame = Frame::Video(VideoFrame { pts, dts, key: *key, params, data: Bytes::new() });
            timeline.place(&mut frame, None)?;
            let Frame::Video(picture) = frame else { return None };
            Some((picture.dts.0, picture.pts.0))
        });
        places.collect()
    }

    #[test]
    fn it_starts_at_the_first_key_frame() {
        let mut timeline = Timeline::behind(Ticks90k(0));
        let pictures = [(-6000, -6000, false), (-3000, 0, true), (0, 9000, false), (3000, 3000, false)];
        assert_eq!(placed(&mut timeline, &pictures), [(0, 3000), (3000, 12_000), (6000, 6000)]);
        assert_eq!(timeline.duration(), Ticks90k(9000));
    }

    #[test]
    fn another_connection_goes_on_where_the_first_ended() {
        let mut timeline = Timeline::behind(Ticks90k(0));
        let mut times = placed(&mut timeline, &[(0, 0, true), (3000, 3000, false), (6000, 6000, false)]);
        timeline.resume();
        let again = [(777_000, 777_000, false), (780_000, 780_000, true), (783_000, 783_000, false)];
        times.extend(placed(&mut timeline, &again));
        let times: Vec<_> = times.into_iter().map(|(dts, _)| dts).collect();
        assert_eq!(times, [0, 3000, 6000, 9000, 12_000]);
    }

    #[test]
    fn sound_has_its_place_behind_the_first_picture() {
        let audio = parse_config(&Bytes::from_static(&[0x11, 0x88])).expect("AAC-LC");
        let mut timeline = Timeline::behind(Ticks90k(90_000));
        let sound = |timeline: &mut Timeline, pts| {
            let mut frame = Frame::Audio(AudioFrame { pts: Ticks90k(pts), data: Bytes::from_static(&[9]) });
            let duration = timeline.place(&mut frame, Some(&audio))?;
            let Frame::Audio(frame) = frame else { return None };
            Some((frame.pts.0, duration.0))
        };
        assert_eq!(sound(&mut timeline, 5000), None, "no picture yet");
        placed(&mut timeline, &[(6000, 6000, true)]);
        assert_eq!(sound(&mut timeline, 9000), Some((93_000, 1920)));
        assert_eq!(timeline.duration(), Ticks90k(93_000), "of its pictures");
        timeline.resume();
        assert_eq!(placed(&mut timeline, &[(0, 0, true)]), [(94_920, 94_920)], "behind the sound too");
    }
}
