//! Frames in, fragments out: each picture with the sound that came before it, the moment it is there.
//!
//! No frame waits for the next one: how long it takes is said to the muxer (`decode_clock`).
//! The first frame is a key frame; sound from before it is left out. Sound that was announced and doesn't come is
//! replaced by silence: players wait for every track they were promised.

use std::sync::Arc;

use bytes::Bytes;

use crate::ground::frame::{AudioCodec, AudioFrame, AudioParams, VideoFrame, VideoParams};
use crate::ground::time::Ticks90k;
use crate::wire::fmp4::decode_clock::Decoding;
use crate::wire::fmp4::fragment::{AudioRun, ReferenceTime, VideoSample, fragment};
use crate::wire::fmp4::init::init_segment;
use crate::wire::opus::{self, samples_in};

/// Sound that waited this long for a picture goes without.
const MAX_SOUND_WAIT: Ticks90k = Ticks90k::from_ms(60);
/// Sound that lags this far behind the pictures is waited for, and no further: publishers that put many pieces of sound into
/// one packet send it that late.
const MAX_SOUND_LAG: Ticks90k = Ticks90k::from_ms(1000);
/// Sound is waited for half as long again as it ever lagged, and at least this long; then it has stopped, and is replaced
/// by silence until some comes.
const MIN_SOUND_PATIENCE: Ticks90k = Ticks90k::from_ms(300);
/// How far it lags is known when this much of it has come.
const LAG_KNOWN_AFTER: Ticks90k = Ticks90k::from_ms(2000);
/// Pieces of silence in one fragment.
const SILENCE_AT_ONCE: i64 = 500;
/// AAC-LC access units of nothing, mono and stereo (ISO/IEC 14496-3, 4.4.2.1: one or two empty channels).
const SILENCE: [&[u8]; 2] =
    [&[0x00, 0xC8, 0x00, 0x80, 0x23, 0x80], &[0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80]];

/// A fragment, ready for every reader.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// `prft`, `moof` and `mdat`.
    pub bytes: Bytes,
    /// Where it starts on the stream's timeline (decoding time).
    pub start: Ticks90k,
    /// How long it lasts, as far as known when it was made.
    pub duration: Ticks90k,
    /// Whether it has a picture.
    pub picture: bool,
    /// Whether decoding can start here.
    pub key: bool,
}

/// What the muxer gives out.
#[derive(Clone, Debug)]
pub enum Muxed {
    /// The init segment of what follows: first of all, and again when the pictures' parameters change.
    Init(Bytes, Arc<VideoParams>),
    /// A fragment.
    Fragment(Fragment),
}

/// Makes fragments of one stream. Frames come with their places on its timeline, from a key frame on.
#[derive(Debug)]
pub struct Muxer {
    audio: Option<Arc<AudioParams>>,
    params: Option<Arc<VideoParams>>,
    sequence: u32,
    /// When the first picture is shown; `None` until it comes.
    first_picture: Option<Ticks90k>,
    last_picture: Option<Ticks90k>,
    sound: AudioRun,
    /// The numbers of the frames in `sound`; silence has none.
    sound_numbers: Vec<Option<u64>>,
    /// The sample at which the next piece of sound is expected.
    sound_end: Option<i64>,
    /// Where the pictures were when sound last came, or where that was if it was further on.
    heard: Option<Ticks90k>,
    /// How far behind the pictures sound came at most.
    sound_lag: Ticks90k,
    /// How much sound has come.
    sound_came: Ticks90k,
    /// Pieces of sound that came too late, where silence was by then.
    late_sound: u64,
    /// Whether the newest sound is silence of our own.
    is_silent: bool,
    moved: Vec<(u64, Bytes)>,
}

impl Muxer {
    /// A muxer for a stream with this sound.
    pub fn new(audio: Option<Arc<AudioParams>>) -> Self {
        Self {
            audio,
            params: None,
            sequence: 0,
            first_picture: None,
            last_picture: None,
            sound: AudioRun::default(),
            sound_numbers: Vec::new(),
            sound_end: None,
            heard: None,
            sound_lag: Ticks90k(0),
            sound_came: Ticks90k(0),
            late_sound: 0,
            is_silent: false,
            moved: Vec::new(),
        }
    }

    /// The sound's description.
    pub fn audio(&self) -> Option<&Arc<AudioParams>> {
        self.audio.as_ref()
    }

    /// How many pieces of sound came so late that silence had taken their place.
    pub fn late_sound(&self) -> u64 {
        self.late_sound
    }

    /// Frames are left out here: it goes on with the key frame that comes next.
    pub fn skip(&mut self) {
        self.first_picture = None;
        self.last_picture = None;
        self.sound.samples.clear();
        self.sound_numbers.clear();
        self.sound_end = None;
        self.heard = None;
    }

    /// Takes the picture of this number, which was there at `reference`; adds what is ready to `out`.
    pub fn picture(
        &mut self,
        number: u64,
        frame: &VideoFrame,
        decoding: Decoding,
        reference: ReferenceTime,
        out: &mut Vec<Muxed>,
    ) {
        self.moved.clear();
        self.video(number, frame, decoding, reference, out);
    }

    /// Takes the piece of sound of this number, which was there at `reference`; adds what is ready to `out`.
    pub fn sound(&mut self, number: u64, frame: &AudioFrame, reference: ReferenceTime, out: &mut Vec<Muxed>) {
        self.moved.clear();
        self.audio_frame(number, frame, reference, out);
    }

    /// The numbers of the frames that the last picture or sound has given out, and where in their fragment their bytes lie.
    pub fn moved(&mut self) -> impl Iterator<Item = (u64, Bytes)> {
        self.moved.drain(..)
    }

    fn video(
        &mut self,
        number: u64,
        frame: &VideoFrame,
        decoding: Decoding,
        reference: ReferenceTime,
        out: &mut Vec<Muxed>,
    ) {
        if self.first_picture.is_none() {
            if !frame.key {
                return;
            }
            self.first_picture = Some(frame.pts);
        }
        let same = |known: &Arc<VideoParams>| Arc::ptr_eq(known, &frame.params) || **known == *frame.params;
        if frame.key && !self.params.as_ref().is_some_and(same) {
            self.params = Some(frame.params.clone());
            out.push(Muxed::Init(init_segment(&frame.params, self.audio.as_deref()), frame.params.clone()));
        }
        let Decoding { start, duration, usual } = decoding;
        self.last_picture = Some(frame.dts);
        let sample = VideoSample {
            decode_time: start.0 as u64,
            duration: duration.0 as u32,
            usual_duration: usual.map(|usual| usual.0 as u32),
            composition_offset: (frame.pts - start).0.max(0) as u32,
            key: frame.key,
            data: &frame.data,
        };
        self.fill_with_silence(frame.dts);
        self.give(Some((number, &sample)), start, duration, reference, out);
    }

    fn audio_frame(&mut self, number: u64, frame: &AudioFrame, reference: ReferenceTime, out: &mut Vec<Muxed>) {
        let (Some(params), Some(first_picture)) = (self.audio.clone(), self.first_picture) else { return };
        self.heard = self.last_picture.map(|newest| newest.max(frame.pts));
        if frame.pts < first_picture {
            return;
        }
        let lag = self.last_picture.map_or(Ticks90k(0), |newest| newest - frame.pts).min(MAX_SOUND_LAG);
        self.sound_lag = self.sound_lag.max(lag);
        let Some(duration) = samples_in(&params, &frame.data) else { return };
        let rate = params.sample_rate;
        self.sound_came += Ticks90k::from_units(i64::from(duration), rate);
        let mut start = frame.pts.to_units(rate);
        if let Some(expected) = self.sound_end {
            let late = start - expected;
            if late <= -i64::from(duration / 2) {
                // It was moved back by half a piece, or silence is there by now: it is left out.
                self.late_sound += u64::from(self.is_silent);
                return;
            } else if late <= i64::from(rate / 500) {
                start = expected;
            } else if let Some((last, _)) = self.sound.samples.last_mut() {
                *last += late as u32;
            }
        }
        self.is_silent = false;
        self.add_sound(start, duration, frame.data.clone(), Some(number));
        let sound_end = Ticks90k::from_units(start + i64::from(duration), rate);
        let waiting_since = Ticks90k::from_units(self.sound.decode_time as i64, rate);
        if sound_end - waiting_since > MAX_SOUND_WAIT {
            self.give(None, waiting_since, sound_end - waiting_since, reference, out);
        }
    }

    fn add_sound(&mut self, start: i64, duration: u32, data: Bytes, number: Option<u64>) {
        if self.sound.samples.is_empty() {
            self.sound.decode_time = start as u64;
        }
        self.sound.samples.push((duration, data));
        self.sound_numbers.push(number);
        self.sound_end = Some(start + i64::from(duration));
    }

    /// Puts silence where sound is missing, up to `until_time`.
    fn fill_with_silence(&mut self, until_time: Ticks90k) {
        let (Some(params), Some(first_picture)) = (&self.audio, self.first_picture) else { return };
        let Some((duration, silence)) = silence(params) else { return };
        let rate = params.sample_rate;
        let mut start = self.sound_end.unwrap_or_else(|| first_picture.to_units(rate));
        let until = until_time.to_units(rate);
        let patience = if self.sound_came < LAG_KNOWN_AFTER {
            MAX_SOUND_LAG
        } else {
            Ticks90k(self.sound_lag.0 * 3 / 2).max(MIN_SOUND_PATIENCE)
        };
        if until_time - self.heard.unwrap_or(first_picture) <= patience {
            return;
        }
        // After a long pause of the pictures too, there is no use in hours of it.
        start = start.max(until - SILENCE_AT_ONCE * i64::from(duration));
        while start + i64::from(duration) <= until {
            self.is_silent = true;
            self.add_sound(start, duration, Bytes::from_static(silence), None);
            start += i64::from(duration);
        }
    }

    fn give(
        &mut self,
        video: Option<(u64, &VideoSample<'_>)>,
        start: Ticks90k,
        duration: Ticks90k,
        reference: ReferenceTime,
        out: &mut Vec<Muxed>,
    ) {
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = fragment(self.sequence, reference, video.map(|(_, video)| video), &self.sound);
        // The media are the fragment's end: the picture, and then the sound.
        let mut at = bytes.len() - self.sound.samples.iter().map(|(_, data)| data.len()).sum::<usize>();
        self.moved.extend(video.map(|(number, video)| (number, bytes.slice(at - video.data.len()..at))));
        for (number, (_, data)) in self.sound_numbers.drain(..).zip(self.sound.samples.drain(..)) {
            let place = at..at + data.len();
            at = place.end;
            self.moved.extend(number.map(|number| (number, bytes.slice(place))));
        }
        let key = video.is_some_and(|(_, video)| video.key);
        out.push(Muxed::Fragment(Fragment { bytes, start, duration, picture: video.is_some(), key }));
    }
}

/// A piece of silence and the samples in it, for sound that has one.
fn silence(params: &AudioParams) -> Option<(u32, &'static [u8])> {
    match params.codec {
        AudioCodec::Aac { object_type: 2, samples_per_frame, .. } => {
            Some((samples_per_frame, SILENCE.get(usize::from(params.channels).wrapping_sub(1))?))
        }
        AudioCodec::Aac { .. } => None,
        AudioCodec::Opus { .. } => Some((opus::SILENCE_SAMPLES, opus::silence(params.channels))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::aac::parse_config;
    use crate::wire::fmp4::read::{Sample, samples};
    use crate::wire::h264::params::ParameterSets;
    use crate::wire::h264::params::tests::{PPS, SPS_360};
    use crate::wire::mp4::boxes::boxes;

    struct Stream {
        muxer: Muxer,
        params: Arc<VideoParams>,
        out: Vec<Muxed>,
        number: u64,
    }

    impl Stream {
        fn new(config: &'static [u8]) -> Self {
            Self::with(parse_config(&Bytes::from_static(config)).expect("a good configuration"))
        }

        fn with(audio: AudioParams) -> Self {
            let mut sets = ParameterSets::default();
            sets.take(SPS_360);
            sets.take(PPS);
            let params = sets.current().expect("good sets");
            Self { muxer: Muxer::new(Some(Arc::new(audio))), params, out: Vec::new(), number: 0 }
        }

        fn picture(&mut self, dts: i64, pts: i64, key: bool) {
            let (dts, pts, params) = (Ticks90k(dts), Ticks90k(pts), self.params.clone());
            let frame = VideoFrame { pts, dts, key, params, data: Bytes::from_static(&[1; 9]) };
            let decoding = Decoding { start: dts, duration: Ticks90k(3000), usual: None };
            self.muxer.picture(self.number, &frame, decoding, ReferenceTime(0), &mut self.out);
            self.number += 1;
        }

        fn sound(&mut self, pts: i64) {
            self.packet(pts, &[2; 9]);
        }

        fn packet(&mut self, pts: i64, data: &'static [u8]) {
            let frame = AudioFrame { pts: Ticks90k(pts), data: Bytes::from_static(data) };
            self.muxer.sound(self.number, &frame, ReferenceTime(0), &mut self.out);
            self.number += 1;
        }

        /// Everything given out so far, track by track.
        fn tracks(&self) -> [Vec<Sample>; 2] {
            let mut tracks = [Vec::new(), Vec::new()];
            for item in &self.out {
                let Muxed::Fragment(fragment) = item else { continue };
                let (_, moof) = boxes(&fragment.bytes).find(|(kind, _)| kind == b"moof").expect("a moof");
                for sample in samples(moof).expect("our own") {
                    tracks[sample.track as usize - 1].push(sample);
                }
            }
            tracks
        }
    }

    const MONO: &[u8] = &[0x11, 0x88];

    #[test]
    fn each_picture_goes_out_at_once() {
        let mut stream = Stream::new(MONO);
        for n in 0..3 {
            stream.picture(n * 3000, n * 3000, n == 0);
            assert_eq!(stream.tracks()[0].len(), n as usize + 1);
        }
        assert!(matches!(stream.out[0], Muxed::Init(..)));
    }

    #[test]
    fn b_frames_keep_both_times() {
        let mut stream = Stream::new(MONO);
        for (dts, pts) in [(0, 3000), (3000, 12_000), (6000, 6000), (9000, 9000)] {
            stream.picture(dts, pts, dts == 0);
        }
        let times: Vec<_> = stream.tracks()[0].iter().map(|s| (s.decode_time, s.composition_offset)).collect();
        assert_eq!(times, [(0, 3000), (3000, 9000), (6000, 0), (9000, 0)]);
    }

    #[test]
    fn nothing_goes_out_before_a_key_frame() {
        let mut stream = Stream::new(MONO);
        stream.sound(0);
        stream.picture(0, 0, false);
        assert!(stream.out.is_empty());
    }

    #[test]
    fn small_steps_of_the_sound_are_levelled_and_gaps_kept() {
        let mut stream = Stream::new(MONO);
        stream.picture(0, 0, true);
        for pts in [0, 1925, 3835, 9600, 11_520] {
            stream.sound(pts);
        }
        stream.picture(12_000, 12_000, false);
        let starts: Vec<_> = stream.tracks()[1].iter().map(|sample| sample.decode_time).collect();
        assert_eq!(starts, [0, 1024, 2048, 5120, 6144]);
    }

    #[test]
    fn sound_that_never_comes_is_silence() {
        let mut stream = Stream::new(MONO);
        for n in 0..60 {
            stream.picture(n * 3000, n * 3000, n == 0);
        }
        let [_, sound] = stream.tracks();
        assert!(sound.windows(2).all(|pair| pair[0].decode_time + 1024 == pair[1].decode_time));
        let end = sound.last().expect("silence").decode_time + 1024;
        assert!((59 * 1600 - 1024..=59 * 1600).contains(&end), "it keeps up with the pictures: {end}");
        stream.sound(59 * 3000 + 3000);
        stream.picture(61 * 3000, 61 * 3000, false);
        assert_eq!(stream.tracks()[1].last().expect("sound").size, 9, "sound that comes is heard");
    }

    /// ffmpeg packs about seven access units into a packet: at 16 kHz the first of them is half a second old by then.
    #[test]
    fn sound_that_comes_in_bursts_is_all_kept() {
        let mut stream = Stream::new(&[0x14, 0x08]);
        let (unit, mut sent) = (1024 * 90_000 / 16_000, 0);
        for n in 0..600 {
            stream.picture(n * 3000, n * 3000, n == 0);
            if n == 2 {
                // The first comes by itself.
                stream.sound(0);
                sent = 1;
            }
            while sent > 0 && (sent + 7) * unit <= n * 3000 {
                (sent..sent + 7).for_each(|number| stream.sound(number * unit));
                sent += 7;
            }
        }
        let [_, sound] = stream.tracks();
        assert_eq!((sound.len() as i64, stream.muxer.late_sound()), (sent, 0));
        assert!(sound.iter().all(|piece| piece.size == 9), "no piece is silence");
        for n in 600..700 {
            stream.picture(n * 3000, n * 3000, false);
        }
        assert!(stream.tracks()[1].len() as i64 > sent + 40, "sound that has stopped is silence");
        (sent..sent + 7).for_each(|number| stream.sound(number * unit));
        assert_eq!(stream.muxer.late_sound(), 7);
    }

    /// Pictures are dropped up to a key frame, and the sound goes on: 100 ms behind, or by ffmpeg's seven units at once.
    #[test]
    fn sound_goes_on_while_the_pictures_pause() {
        for at_once in [1, 7] {
            let (mut stream, unit, mut sent) = (Stream::new(MONO), 1920, 0);
            for n in 0..400 {
                if !(150..300).contains(&n) {
                    stream.picture(n * 3000, n * 3000, n == 0 || n == 300);
                }
                while (sent + at_once) * unit + 9000 <= n * 3000 {
                    (sent..sent + at_once).for_each(|number| stream.sound(number * unit));
                    sent += at_once;
                }
            }
            let [_, sound] = stream.tracks();
            assert_eq!(stream.muxer.late_sound(), 0);
            assert!(sound.len() as i64 > sent - 9 && sound.len() as i64 <= sent, "{} of {sent}", sound.len());
            let starts = sound.iter().map(|piece| piece.decode_time).enumerate();
            assert!(starts.into_iter().all(|(number, start)| start == number as u64 * 1024));
            assert!(sound.iter().all(|piece| piece.size == 9), "no piece is silence");
        }
    }

    #[test]
    fn packets_of_opus_tell_their_own_duration() {
        let mut stream = Stream::with(opus::params(1, 312).expect("one channel"));
        stream.picture(0, 0, true);
        // 20 ms, 10 ms, no packet at all, 60 ms, and then 20 ms again.
        for (pts, packet) in
            [(0, &[0xF8, 1][..]), (1800, &[0xF0, 2]), (2700, &[]), (2700, &[0x18, 3]), (8100, &[0xF8, 4])]
        {
            stream.packet(pts, packet);
        }
        stream.picture(10_000, 10_000, false);
        let sound: Vec<_> = stream.tracks()[1].iter().map(|sample| (sample.decode_time, sample.duration)).collect();
        assert_eq!(sound, [(0, 960), (960, 480), (1440, 2880), (4320, 960)]);
    }

    #[test]
    fn opus_that_never_comes_is_silence() {
        let mut stream = Stream::with(opus::params(2, 0).expect("two channels"));
        for n in 0..60 {
            stream.picture(n * 3000, n * 3000, n == 0);
        }
        let [_, sound] = stream.tracks();
        assert!(sound.windows(2).all(|pair| pair[0].decode_time + 960 == pair[1].decode_time));
        assert!((59 * 1600 - 960..=59 * 1600).contains(&(sound.last().expect("silence").decode_time + 960)));
    }

    #[test]
    fn it_is_said_where_the_bytes_of_frames_lie() {
        let mut stream = Stream::new(MONO);
        stream.picture(0, 0, true);
        stream.packet(0, &[2; 5]);
        stream.packet(1920, &[3; 7]);
        assert_eq!(stream.muxer.moved().count(), 0, "sound waits for its picture");
        stream.picture(3000, 3000, false);
        let moved: Vec<_> = stream.muxer.moved().collect();
        let said: Vec<_> = moved.iter().map(|(number, data)| (*number, &data[..])).collect();
        assert_eq!(said, [(3, &[1; 9][..]), (1, &[2; 5]), (2, &[3; 7])]);
        let Some(Muxed::Fragment(fragment)) = stream.out.last() else { panic!("a fragment") };
        let within = fragment.bytes.as_ptr_range();
        assert!(moved.iter().all(|(_, data)| within.contains(&data.as_ptr())), "they are not copied");
    }

    #[test]
    fn after_frames_that_are_left_out_it_goes_on_with_a_key_frame() {
        let mut stream = Stream::new(MONO);
        stream.picture(0, 0, true);
        stream.sound(0);
        stream.muxer.skip();
        stream.sound(900_000);
        stream.picture(900_000, 900_000, false);
        stream.picture(903_000, 903_000, true);
        stream.sound(903_000);
        stream.picture(906_000, 906_000, false);
        let [pictures, sound] = stream.tracks().map(|track| track.iter().map(|s| s.decode_time).collect::<Vec<_>>());
        assert_eq!((pictures, sound), (vec![0, 903_000, 906_000], vec![903_000 * 48 / 90]), "and no silence between");
        assert_eq!(stream.out.iter().filter(|item| matches!(item, Muxed::Init(..))).count(), 1, "nothing has changed");
    }
}
