//! Files as phones write them, made by ffmpeg: description at the end, turned, trimmed, uneven.

use super::*;
use proptest::prelude::*;

use crate::ground::frame::Rotation;
use crate::wire::mp4::tables::Row;

/// H.264 with B-frames and AAC, held upright; the description is at the end.
const PHONE: &[u8] = include_bytes!("../../../../tests/captures/mp4/phone.mp4");
/// A MOV of pictures that come unevenly.
const UNEVEN: &[u8] = include_bytes!("../../../../tests/captures/mp4/vfr.mov");
const HEVC: &[u8] = include_bytes!("../../../../tests/captures/mp4/hevc.mp4");
const OPUS: &[u8] = include_bytes!("../../../../tests/captures/mp4/opus.mp4");

/// Opens a file; also counts the bytes that were asked for.
fn open(bytes: &[u8]) -> (Result<Movie, Mp4Error>, usize) {
    let (mut opener, mut read) = (Opener::new(bytes.len() as u64, Cuts::Recoded), 0);
    loop {
        let Ask { offset, length } = opener.ask();
        read += length;
        match opener.answer(Bytes::copy_from_slice(&bytes[offset as usize..][..length])) {
            Ok(None) => {}
            Ok(Some(opened)) => return (Ok(opened), read),
            Err(error) => return (Err(error), read),
        }
    }
}

fn movie(bytes: &[u8]) -> Movie {
    open(bytes).0.expect("a good film")
}

fn samples(movie: &Movie, pictures: bool) -> Vec<MovieSample> {
    movie.samples().filter(|sample| (sample.purpose != Purpose::Sound) == pictures).collect()
}

#[test]
fn a_description_at_the_end_is_found() {
    let moov = PHONE.windows(4).position(|kind| kind == b"moov").expect("it is there");
    let (opened, read) = open(PHONE);
    let movie = opened.expect("a good film");
    let key = movie.first_key().expect("it begins").bytes.length;
    assert!(read < PHONE.len() - moov + 100 + key, "the media are not read: {read}");
}

#[test]
fn a_turned_film_with_b_frames_is_described() {
    let movie = movie(PHONE);
    let mut entries = movie.pictures().map(|pictures| pictures.expect("H.264").clone());
    let params = entries.next().expect("one").params().expect("good sets");
    assert_eq!((params.width, params.height, params.rotation), (96, 64, Rotation::Right));
    assert_eq!(movie.sound().map(|params| params.codec_string()).as_deref(), Some("mp4a.40.2"));
    assert_eq!(movie.duration(), Ticks90k(180_000));
    let pictures = samples(&movie, true);
    assert_eq!(pictures.len(), 60);
    assert!(pictures.iter().all(|picture| picture.dts <= picture.pts && picture.duration == Ticks90k(3000)));
    let mut shown: Vec<_> = pictures.iter().map(|picture| picture.pts.0).collect();
    assert!(shown.windows(2).any(|pair| pair[1] < pair[0]), "there are B-frames");
    shown.sort();
    assert_eq!(shown, (0..60).map(|n| n * 3000).collect::<Vec<_>>(), "the edit list takes their delay away");
    let keys: Vec<_> = (0..).zip(&pictures).filter(|(_, picture)| picture.key).map(|(n, _)| n).collect();
    assert_eq!(keys, [0, 15, 30, 45]);
    // ffprobe tells of 95 pieces of sound; the first lies wholly before the film's beginning.
    let sounds = samples(&movie, false);
    assert_eq!((sounds.len(), sounds[0].pts), (94, Ticks90k(0)));
    let all: Vec<_> = movie.samples().map(|sample| sample.dts).collect();
    assert!(all.windows(2).all(|pair| pair[0] <= pair[1]), "one among the other");
}

#[test]
fn uneven_pictures_keep_their_times() {
    let movie = movie(UNEVEN);
    let pictures = samples(&movie, true);
    // The very times that ffprobe tells of.
    let expected: Vec<_> = (0..60).filter(|n| n % 3 == 0 || n % 7 < 2).map(|n| n * 3000).collect();
    assert_eq!(pictures.iter().map(|picture| picture.pts.0).collect::<Vec<_>>(), expected);
    let durations: std::collections::BTreeSet<_> = pictures.iter().map(|picture| picture.duration.0).collect();
    assert!(durations.len() > 1, "{durations:?}");
    assert_eq!(movie.sound().map(|params| params.sample_rate), Some(48_000), "found in QuickTime's own box");
}

#[test]
fn opus_is_understood() {
    let movie = movie(OPUS);
    let sound = movie.sound().expect("sound");
    assert_eq!((sound.codec_string().as_str(), sound.channels), ("opus", 2));
    assert_eq!(samples(&movie, false)[0].pts, Ticks90k(-585), "312 samples before the beginning");
}

#[test]
fn other_files_are_refused_with_a_reason() {
    assert_eq!(open(HEVC).0.err(), Some(Mp4Error::Codec("HEVC (H.265)".into())));
    assert!(Mp4Error::Codec("HEVC (H.265)".into()).to_string().contains("most compatible"));
    assert_eq!(open(b"GIF89a not a film").0.err(), Some(Mp4Error::NotMp4));
    assert_eq!(open(b"").0.err(), Some(Mp4Error::NotMp4));
    assert_eq!(open(&PHONE[..PHONE.len() - 100]).0.err(), Some(Mp4Error::NotMp4), "cut short");
    let mut no_pictures = PHONE.to_vec();
    replace(&mut no_pictures, b"vide", b"text");
    assert_eq!(open(&no_pictures).0.err(), Some(Mp4Error::NoVideo));
}

#[test]
fn sound_of_another_codec_is_left_out_and_told() {
    let mut bytes = PHONE.to_vec();
    replace(&mut bytes, b"mp4a", b"samr");
    let movie = movie(&bytes);
    assert_eq!((movie.sound(), movie.left_out()), (None, Some("AMR")));
    assert!(samples(&movie, false).is_empty());
}

#[test]
fn tracks_that_are_not_enabled_are_neither_shown_nor_heard() {
    let disabled = |which: &[usize]| {
        let mut bytes = PHONE.to_vec();
        let heads: Vec<_> = (0..bytes.len() - 4).filter(|at| &bytes[*at..at + 4] == b"tkhd").collect();
        which.iter().for_each(|track| bytes[heads[*track] + 7] = 0);
        movie(&bytes)
    };
    assert!(disabled(&[]).sound().is_some());
    assert_eq!(disabled(&[1]).sound(), None, "its sound is switched off");
    let all = disabled(&[0, 1]);
    assert_eq!((samples(&all, true).len(), all.sound()), (60, None), "some programs enable no track");
}

#[test]
fn an_edit_list_of_fragments_holds_but_where_it_knew_of_the_first_alone() {
    let begun = |length_ms: i64, known: u32| {
        let mut gathered = Gather::default();
        for number in 0..known {
            let time = i64::from(number) * 100;
            let row = Row { time, duration: 100, composition_offset: 0, offset: 0, size: 1, entry: 0, key: true };
            gathered.push(&row).expect("few");
        }
        let piece = Piece { length: Some(Ticks90k::from_ms(length_ms)), ..Piece::default() };
        let tables = (known > 0).then(|| std::mem::take(&mut gathered).finish());
        let (timescale, pieces, told) = (1000, vec![piece], Told::default());
        let mut track = Described { timescale, pieces, entries: Vec::new(), tables, told, gathered };
        track.begin().expect("good");
        track.pieces[0].length.map(Ticks90k::to_ms)
    };
    assert_eq!(begun(3000, 0), Some(3000), "nothing was known: it is meant");
    assert_eq!(begun(1000, 10), None, "all that was known");
    assert_eq!(begun(500, 10), Some(500), "it ends within");
    assert_eq!(begun(3000, 10), Some(3000), "it ends behind");
}

#[test]
fn lying_places_and_sizes_are_told() {
    let mut bytes = PHONE.to_vec();
    let stco = bytes.windows(4).position(|kind| kind == b"stco").expect("it is there") + 12;
    bytes[stco..stco + 4].copy_from_slice(&0xFFFF_0000_u32.to_be_bytes());
    assert_eq!(open(&bytes).0.err(), Some(Mp4Error::Broken("place of a sample")));
    let mut bytes = PHONE.to_vec();
    let stsz = bytes.windows(4).position(|kind| kind == b"stsz").expect("it is there") + 12;
    bytes[stsz..stsz + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(open(&bytes).0.err(), Some(Mp4Error::TooLarge("samples")));
    // A file of 20 GB whose description would fill the memory.
    let mut opener = Opener::new(20 << 30, Cuts::Recoded);
    assert!(matches!(opener.answer(Bytes::from_static(b"\0\0\0\x10ftypisom\0\0\0\0")), Ok(None)));
    assert_eq!(opener.ask(), Ask { offset: 16, length: 16 });
    assert_eq!(
        opener.answer(Bytes::from_static(b"\0\0\0\x01moov\0\0\0\x02\0\0\0\0")).err(),
        Some(Mp4Error::TooLarge("samples"))
    );
}

fn replace(bytes: &mut [u8], from: &[u8; 4], to: &[u8; 4]) {
    while let Some(at) = bytes.windows(4).position(|found| found == from) {
        bytes[at..at + 4].copy_from_slice(to);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn damaged_files_are_answered(back in 4_usize..4000, bytes: [u8; 4]) {
        // In the description, which is at the end.
        let mut file = PHONE.to_vec();
        let at = file.len() - back;
        file[at..at + 4].copy_from_slice(&bytes);
        if let Ok(movie) = open(&file).0 {
            for sample in movie.samples() {
                prop_assert!(sample.bytes.offset + sample.bytes.length as u64 <= file.len() as u64);
                prop_assert!(sample.dts <= sample.pts);
            }
            let _ = movie.duration();
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let _ = open(&bytes);
    }
}
