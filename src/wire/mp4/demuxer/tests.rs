//! Files of real recorders, whole and in pieces, and what they would do wrong.

use super::*;
use proptest::prelude::*;

use crate::wire::fmp4::fragment::{AudioRun, ReferenceTime, VideoSample, fragment};

/// Two and a half seconds out of Chromium's MediaRecorder: H.264 and Opus, a fragment a second at most.
const RECORDER: &[u8] = include_bytes!("../../../../tests/captures/mp4/recorder.mp4");
/// Two seconds of H.264 and Opus out of ffmpeg.
const FFMPEG: &[u8] = include_bytes!("../../../../tests/captures/mp4/fragmented.mp4");
const PHONE: &[u8] = include_bytes!("../../../../tests/captures/mp4/phone.mp4");

fn demux(bytes: &[u8], piece: usize) -> Result<(Demuxer, Vec<Frame>), Mp4Error> {
    let (mut demuxer, mut frames) = (Demuxer::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        demuxer.push(piece, &mut frames)?;
    }
    Ok((demuxer, frames))
}

/// Kind, times and size of each frame.
fn told(frames: &[Frame]) -> Vec<(bool, i64, i64, usize)> {
    let told = |frame: &Frame| match frame {
        Frame::Video(picture) => (true, picture.dts.0, picture.pts.0, picture.data.len()),
        Frame::Audio(sound) => (false, sound.pts.0, sound.pts.0, sound.data.len()),
    };
    frames.iter().map(told).collect()
}

#[test]
fn what_a_browser_records_is_taken() {
    let (mut demuxer, frames) = demux(RECORDER, RECORDER.len()).expect("a good file");
    let tracks = demuxer.tracks().expect("described");
    let video = tracks.video.expect("pictures");
    assert_eq!((video.width, video.height), (96, 64));
    let audio = tracks.audio.expect("sound");
    assert_eq!((audio.codec_string().as_str(), audio.sample_rate, audio.channels), ("opus", 48_000, 2));
    let pictures: Vec<_> =
        frames.iter().filter_map(|frame| if let Frame::Video(p) = frame { Some(p) } else { None }).collect();
    assert_eq!((pictures.len(), frames.len()), (106, 106 + 58));
    assert!(pictures[0].key && pictures.iter().filter(|picture| picture.key).count() == 5);
    assert!(pictures.windows(2).all(|pair| pair[0].dts < pair[1].dts));
    let sounds: Vec<_> = told(&frames).into_iter().filter(|frame| !frame.0).map(|frame| frame.1).collect();
    assert!(sounds.windows(2).all(|pair| pair[1] - pair[0] == 5400), "packets of 60 ms follow each other: {sounds:?}");
    let times: Vec<_> = told(&frames).into_iter().map(|frame| frame.1).collect();
    assert!(times.windows(2).filter(|pair| pair[1] < pair[0]).count() <= 4, "in order, but where fragments meet");
}

#[test]
fn frames_are_those_that_ffmpeg_sees() {
    // ffprobe -show_packets tells of 60 pictures and 101 packets of sound. The sound begins 312 samples before the
    // pictures, which ffmpeg moves by as much.
    let (_, frames) = demux(FFMPEG, 1000).expect("a good file");
    let told = told(&frames);
    let pictures: Vec<_> = told.iter().filter(|frame| frame.0).map(|frame| frame.1).collect();
    assert_eq!(pictures[1..], (1..60).map(|n| n * 3000 + 586).collect::<Vec<_>>());
    let sounds: Vec<_> = told.iter().filter(|frame| !frame.0).map(|frame| frame.1).collect();
    assert_eq!(sounds.len(), 101);
    assert!(sounds.windows(2).all(|pair| pair[1] - pair[0] == 1800));
}

#[test]
fn pieces_of_any_size_give_the_same() {
    let whole = told(&demux(RECORDER, RECORDER.len()).expect("a good file").1);
    for piece in [1, 2, 3, 7, 8, 9, 100, 4097] {
        assert_eq!(told(&demux(RECORDER, piece).expect("a good file").1), whole, "pieces of {piece}");
    }
}

#[test]
fn what_our_own_house_writes_is_taken() {
    let mut bytes = FFMPEG[..find_at(FFMPEG, b"moof")].to_vec();
    // The last bytes of this picture are no part of it: AAC's descriptions and ours are read by one reader.
    let data = [0, 0, 0, 3, 0x65, 0x88, 0x80];
    let video = VideoSample {
        decode_time: 0,
        duration: 512,
        usual_duration: None,
        composition_offset: 0,
        key: true,
        data: &data,
    };
    bytes.extend_from_slice(&fragment(1, ReferenceTime(0), Some(&video), &AudioRun::default()));
    let (_, frames) = demux(&bytes, 5).expect("a good file");
    assert!(matches!(&frames[..], [Frame::Video(picture)] if picture.key && picture.data[..] == data));
}

/// Where the box of this kind begins.
fn find_at(bytes: &[u8], kind: &[u8]) -> usize {
    bytes.windows(kind.len()).position(|found| found == kind).expect("it is there") - 4
}

fn error(bytes: &[u8]) -> Mp4Error {
    demux(bytes, 100).map(|(_, frames)| frames.len()).expect_err("not to be taken")
}

#[test]
fn what_is_no_such_file_is_refused_at_once() {
    assert_eq!(error(b"<!doctype html><html>"), Mp4Error::NotMp4);
    assert_eq!(error(&[0; 16]), Mp4Error::Broken("size of a box"));
    assert_eq!(error(PHONE), Mp4Error::Broken("it is not written in fragments"));
    let mut twice = FFMPEG[..find_at(FFMPEG, b"moof")].to_vec();
    twice.extend_from_within(find_at(FFMPEG, b"moov")..);
    assert_eq!(error(&twice), Mp4Error::Broken("a second description"));
}

#[test]
fn lying_sizes_cost_no_memory() {
    let lie = |kind: &[u8; 4], size: u32| {
        let mut bytes = RECORDER.to_vec();
        let at = find_at(&bytes, kind);
        bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
        error(&bytes)
    };
    assert_eq!(lie(b"moov", 0x7FFF_FFFF), Mp4Error::TooLarge("description"));
    assert_eq!(lie(b"moof", 0x7FFF_FFFF), Mp4Error::TooLarge("description"));
    assert_eq!(lie(b"mdat", 0x7FFF_FFFF), Mp4Error::TooLarge("media in one fragment"));
    let mut bytes = RECORDER.to_vec();
    let at = find_at(&bytes, b"trun") + 12;
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(error(&bytes), Mp4Error::Broken("description of a fragment"));
    bytes[at - 4..at + 4].copy_from_slice(&[0, 0, 0, 0, 255, 255, 255, 255]);
    assert_eq!(error(&bytes), Mp4Error::TooLarge("samples in one fragment"), "samples without fields");
}

/// Each sample is copied: many that lie in one place would make gigabytes of a few kilobytes.
#[test]
fn samples_that_lie_over_each_other_are_refused() {
    let boxed = |kind: &[u8; 4], body: &[u8]| [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat();
    let fields = |fields: &[u32]| fields.iter().flat_map(|field| field.to_be_bytes()).collect::<Vec<u8>>();
    let fragment = |runs: usize| {
        // Runs of one sample of 100 bytes each, all of the first bytes of the media.
        let size = 8 + 8 + 16 + runs * 24;
        let run = boxed(b"trun", &fields(&[0x201, 1, size as u32 + 8, 100]));
        let traf = [boxed(b"tfhd", &fields(&[0x02_0000, 1])), run.repeat(runs)].concat();
        [boxed(b"moof", &boxed(b"traf", &traf)), boxed(b"mdat", &[0; 100])].concat()
    };
    let description = &FFMPEG[..find_at(FFMPEG, b"moof")];
    assert_eq!(error(&[description, &fragment(1)].concat()), Mp4Error::Broken("a picture"), "zeros are none");
    assert_eq!(error(&[description, &fragment(2)].concat()), Mp4Error::Broken("place of a sample"));
}

#[test]
fn another_codec_is_named() {
    let mut bytes = FFMPEG.to_vec();
    let at = find_at(&bytes, b"avc1\0");
    bytes[at + 4..at + 8].copy_from_slice(b"hvc1");
    assert_eq!(error(&bytes), Mp4Error::Codec("HEVC (H.265)".into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_are_answered(at in 0..RECORDER.len(), bytes: [u8; 4], piece in 1_usize..5000) {
        let mut file = RECORDER.to_vec();
        let end = (at + 4).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        if let Ok((_, frames)) = demux(&file, piece) {
            let pictures = frames.iter().filter_map(|frame| if let Frame::Video(p) = frame { Some(p) } else { None });
            prop_assert!(pictures.clone().all(|picture| picture.dts <= picture.pts));
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let _ = demux(&bytes, 3);
        let mut file = FFMPEG[..find_at(FFMPEG, b"moof")].to_vec();
        file.extend_from_slice(&bytes);
        let _ = demux(&file, 7);
    }
}
