//! Films as phones write them become recordings that a reader of ours, and ffmpeg, take for the same film.

use super::*;
use bytes::Bytes;
use proptest::prelude::*;

use crate::ground::frame::Rotation;
use crate::ground::limits;
use crate::wire::fmp4::read::{Sample, read_init_segment, samples};
use crate::wire::mp4::boxes::boxes;
use crate::wire::mp4::{Cuts, Opener};

pub(super) const PHONE: &[u8] = include_bytes!("../../../../tests/captures/mp4/phone.mp4");
pub(super) const UNEVEN: &[u8] = include_bytes!("../../../../tests/captures/mp4/vfr.mov");
pub(super) const OPUS: &[u8] = include_bytes!("../../../../tests/captures/mp4/opus.mp4");

pub(super) fn movie(bytes: &[u8]) -> Movie {
    let mut opener = Opener::new(bytes.len() as u64, Cuts::AtKeys);
    loop {
        let Ask { offset, length } = opener.ask();
        let answer = opener.answer(Bytes::copy_from_slice(&bytes[offset as usize..][..length]));
        if let Some(movie) = answer.expect("a good film") {
            return movie;
        }
    }
}

/// Nothing needs to be coded again here.
pub(super) struct Never;

impl Recoder for Never {
    fn sets(&mut self, _: &Arc<VideoParams>) -> Result<Vec<Bytes>, CannotRecode> {
        Err(CannotRecode("not here".into()))
    }

    fn begin(&mut self, _: &Arc<VideoParams>, _: Spell) -> Result<(), CannotRecode> {
        Err(CannotRecode("not here".into()))
    }

    fn take(&mut self, _: &[u8], _: &mut Vec<Bytes>) -> Result<(), CannotRecode> {
        Err(CannotRecode("not here".into()))
    }

    fn finish(&mut self, _: &mut Vec<Bytes>) -> Result<(), CannotRecode> {
        Err(CannotRecode("not here".into()))
    }
}

pub(super) fn remux(bytes: &[u8]) -> Vec<Muxed> {
    let mut remux = Remux::new(&movie(bytes), ReferenceTime(0), Never);
    let mut out = Vec::new();
    while let Some(Ask { offset, length }) = remux.ask() {
        remux.answer(&bytes[offset as usize..][..length], &mut out).expect("good samples");
    }
    out
}

/// Everything in the fragments, track by track.
fn tracks(out: &[Muxed]) -> [Vec<Sample>; 2] {
    let mut tracks = [Vec::new(), Vec::new()];
    for item in out {
        let Muxed::Fragment(fragment) = item else { continue };
        let (_, moof) = boxes(&fragment.bytes).find(|(kind, _)| kind == b"moof").expect("a moof");
        for sample in samples(moof).expect("our own") {
            tracks[sample.track as usize - 1].push(sample);
        }
    }
    tracks
}

#[test]
fn a_turned_film_with_b_frames_stays_what_it_is() {
    let out = remux(PHONE);
    let Muxed::Init(init, _) = &out[0] else { panic!("the init segment comes first") };
    assert_eq!(out.iter().filter(|item| matches!(item, Muxed::Init(..))).count(), 1);
    let (video, audio) = read_init_segment(init).expect("our own");
    assert_eq!((video.rotation, video.width), (Rotation::Right, 96));
    assert_eq!(audio.map(|params| params.codec_string()).as_deref(), Some("mp4a.40.2"));
    let [pictures, sound] = tracks(&out);
    assert_eq!(pictures.len(), 60);
    assert!(pictures.windows(2).all(|pair| pair[0].decode_time + u64::from(pair[0].duration) == pair[1].decode_time));
    let mut shown: Vec<_> = pictures.iter().map(|s| s.decode_time + u64::from(s.composition_offset)).collect();
    let first = shown[0];
    shown.sort();
    assert_eq!(shown, (0..60).map(|n| first + n * 3000).collect::<Vec<_>>());
    assert_eq!(pictures.iter().filter(|picture| picture.key).count(), 4);
    assert!(sound.windows(2).all(|pair| pair[0].decode_time + 1024 == pair[1].decode_time), "no gap in the sound");
    assert_eq!(sound.len(), 94);
    assert_eq!(sound[0].decode_time, first * 48_000 / 90_000, "heard with the first picture");
}

#[test]
fn uneven_pictures_last_as_long_as_they_did() {
    let [pictures, sound] = tracks(&remux(UNEVEN));
    let expected: Vec<u64> = (0..60).filter(|n| n % 3 == 0 || n % 7 < 2).map(|n| n * 3000).collect();
    assert_eq!(pictures.iter().map(|picture| picture.decode_time).collect::<Vec<_>>(), expected);
    assert!(pictures.windows(2).all(|pair| pair[0].decode_time + u64::from(pair[0].duration) == pair[1].decode_time));
    assert!(sound.len() > 90);
}

#[test]
fn opus_goes_on_without_a_gap() {
    let out = remux(OPUS);
    let Muxed::Init(init, _) = &out[0] else { panic!("the init segment comes first") };
    assert_eq!(read_init_segment(init).and_then(|(_, audio)| audio), crate::wire::opus::params(2, 0));
    let [pictures, sound] = tracks(&out);
    assert_eq!(pictures.len(), 60);
    assert!(sound.len() >= 99 && sound.windows(2).all(|pair| pair[0].decode_time + 960 == pair[1].decode_time));
}

/// A film whose first picture is given out, and a sound in it.
fn begun() -> (Remux<Never>, MovieSample) {
    let movie = movie(PHONE);
    let mut remux = Remux::new(&movie, ReferenceTime(0), Never);
    let mut out = Vec::new();
    while !out.iter().any(|item| matches!(item, Muxed::Fragment(_))) {
        let Ask { offset, length } = remux.ask().expect("there is a picture");
        remux.answer(&PHONE[offset as usize..][..length], &mut out).expect("good samples");
    }
    remux.give_sound(&mut out);
    let sound = movie.samples().find(|sample| sample.purpose == Purpose::Sound).expect("it has sound");
    (remux, sound)
}

#[test]
fn sound_with_weeks_in_between_stays_where_it_is() {
    let (mut remux, sound) = begun();
    let at_hours = [1, 1 + 25, 29 * 24];
    let mut out = Vec::new();
    for hours in at_hours {
        let pts = Ticks90k(hours * 3600 * Ticks90k::PER_SECOND) + remux.first_picture;
        remux.sound(&MovieSample { pts, dts: pts, ..sound }, &[7], &mut out);
    }
    remux.give_sound(&mut out);
    let [_, heard] = tracks(&out);
    let place = |sample: &Sample| (sample.decode_time, sample.duration);
    let first = (remux.first_picture + remux.shift).to_units(48_000) as u64;
    let wanted: Vec<_> = at_hours.map(|hours| (first + hours as u64 * 3600 * 48_000, 1024)).into();
    assert_eq!(heard.iter().map(place).collect::<Vec<_>>(), wanted);
}

proptest! {
    #[test]
    fn whatever_gaps_sound_has_its_times_hold(
        gaps_ms in proptest::collection::vec(prop_oneof![0..50_i64, 900..1100_i64, 0..limits::MP4_SECONDS as i64 * 100], 1..10),
    ) {
        let (mut remux, sound) = begun();
        let (mut out, mut pts) = (Vec::new(), remux.first_picture + Ticks90k(90_000));
        for gap_ms in gaps_ms {
            pts += Ticks90k::from_ms(gap_ms);
            remux.sound(&MovieSample { pts, dts: pts, ..sound }, &[7], &mut out);
        }
        remux.give_sound(&mut out);
        let [_, heard] = tracks(&out);
        prop_assert!(!heard.is_empty());
        prop_assert!(heard.iter().all(|sample| (1024..=48_000 + 1024).contains(&sample.duration)));
        prop_assert!(heard.windows(2).all(|pair| pair[0].decode_time + u64::from(pair[0].duration) <= pair[1].decode_time));
    }
}

#[test]
fn other_bytes_than_were_asked_for_are_refused() {
    let mut remux = Remux::new(&movie(PHONE), ReferenceTime(0), Never);
    assert_eq!(remux.answer(&[1], &mut Vec::new()), Err(Mp4Error::Broken("bytes of a sample").into()));
    let length = remux.ask().expect("a sample").length;
    assert_eq!(remux.answer(&vec![0xFF; length], &mut Vec::new()), Err(Mp4Error::Broken("a picture").into()));
}
