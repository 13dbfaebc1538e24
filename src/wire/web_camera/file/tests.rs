//! Files of real recorders through a session, and files that lie.

use bytes::Bytes;
use proptest::prelude::*;

use crate::ground::frame::Frame;
use crate::ground::limits;
use crate::ground::time::{Moment, Ticks90k, UnixMs};
use crate::wire::mp4::{Demuxer, Mp4Error};
use crate::wire::web_camera::{Event, Overdue, Said, Session, WebCameraError};

const START: &str = r#"{"type":"start","version":1,"container":"mp4"}"#;
/// Two and a half seconds out of Chromium's MediaRecorder: H.264 and Opus, fragments of a second at most.
const RECORDER: &[u8] = include_bytes!("../../../../tests/captures/mp4/recorder.mp4");
/// Two seconds of H.264 and Opus out of ffmpeg.
const FFMPEG: &[u8] = include_bytes!("../../../../tests/captures/mp4/fragmented.mp4");
/// H.265, as a whole file.
const HEVC: &[u8] = include_bytes!("../../../../tests/captures/mp4/hevc.mp4");

fn at_ms(ms: u64) -> Moment {
    Moment(ms * 1000)
}

fn message(kind: u8, time_us: i64, data: &[u8]) -> Bytes {
    [&[kind, 0, 0, 0][..], &time_us.to_be_bytes(), data].concat().into()
}

fn started() -> Session {
    let mut session = Session::new(at_ms(0), UnixMs(0));
    assert_eq!(session.text(START), Ok(Event::StartFile));
    session.opened(at_ms(0));
    session
}

type Sent = (Session, Vec<Frame>, Vec<(usize, Event)>);

/// Sends `file` in pieces, one every 200 ms; gives the frames, and the events with the number of frames before each.
fn sent(file: &[u8], piece: usize) -> Result<Sent, WebCameraError> {
    let (mut session, mut frames, mut events) = (started(), Vec::new(), Vec::new());
    for (n, piece) in file.chunks(piece).enumerate() {
        let before = frames.len();
        let event = session.binary(&message(3, n as i64 * 200_000, piece), at_ms(n as u64 * 200), &mut frames)?;
        events.extend(event.map(|event| (before, event)));
    }
    Ok((session, frames, events))
}

fn time(frame: &Frame) -> (bool, Ticks90k) {
    match frame {
        Frame::Video(picture) => (true, picture.dts),
        Frame::Audio(sound) => (false, sound.pts),
    }
}

#[test]
fn a_recorders_file_becomes_frames_in_its_own_time() {
    for file in [RECORDER, FFMPEG] {
        let (session, frames, events) = sent(file, 4000).expect("a good file");
        let mut plain = Vec::new();
        Demuxer::new().push(file, &mut plain).expect("a good file");
        assert_eq!(frames.len(), plain.len());
        let first = time(&plain[0]).1;
        for (frame, plain) in frames.iter().zip(&plain) {
            assert_eq!(time(frame), (time(plain).0, time(plain).1 - first), "only the beginning is moved");
        }
        let [(0, Event::Start(Some(sound)))] = &events[..] else {
            panic!("described once, before any frame: {events:?}")
        };
        assert_eq!(sound.codec_string(), "opus");
        let counts = session.counts();
        assert_eq!((counts.pictures + counts.sounds, counts.dropped_pictures), (frames.len() as u64, 0));
    }
}

#[test]
fn pieces_are_acknowledged_by_when_they_were_handed_over() {
    let mut session = started();
    let mut acks = Vec::new();
    for (n, piece) in RECORDER.chunks(2000).take(4).enumerate() {
        // Every piece waits 50 ms longer than the one before.
        let now = at_ms(n as u64 * 250);
        session.binary(&message(3, 7 + n as i64 * 200_000, piece), now, &mut Vec::new()).expect("taken");
        acks.extend(session.said(now, false, || 1));
    }
    let told: Vec<_> = acks
        .iter()
        .map(|ack| if let Said::Ack { timestamp_us, queue_ms, .. } = ack { (*timestamp_us, *queue_ms) } else { (0, 0) })
        .collect();
    assert_eq!(told, [(7, 0), (200_007, 50), (400_007, 100), (600_007, 150)]);
    session.binary(&message(3, 0, &RECORDER[8000..8100]), at_ms(3000), &mut Vec::new()).expect("taken");
    let said = session.said(at_ms(3000), false, || 1);
    assert!(matches!(said[..], [Said::Ack { timestamp_us: 0, queue_ms: 0, .. }]), "what is not known is not told");
}

#[test]
fn only_pieces_come_where_a_file_was_told_of() {
    for kind in [1, 2] {
        let sent = started().binary(&message(kind, 0, &[0, 0, 0, 1, 0x65]), at_ms(1), &mut Vec::new());
        assert!(matches!(sent, Err(WebCameraError::BadMessage(_))), "{sent:?}");
    }
    assert!(matches!(started().text(START), Err(WebCameraError::BadMessage(_))), "start is said once");
    let large = message(3, 0, &vec![0; limits::WEB_CAMERA_MESSAGE_BYTES]);
    assert_eq!(started().binary(&large, at_ms(1), &mut Vec::new()), Err(WebCameraError::TooLarge));
}

/// `FFMPEG` with the four letters of one box changed.
fn renamed(from: &[u8; 4], to: &[u8; 4]) -> Vec<u8> {
    let mut file = FFMPEG.to_vec();
    let at = file.windows(4).position(|letters| letters == from).expect("it is there");
    file[at..at + 4].copy_from_slice(to);
    file
}

fn sent_away(file: &[u8]) -> WebCameraError {
    sent(file, 1000).map(|(_, frames, _)| frames.len()).expect_err("not to be taken")
}

#[test]
fn a_codec_that_is_not_played_is_named() {
    for (letters, name) in [(b"hvc1", "HEVC"), (b"vp09", "VP9"), (b"av01", "AV1")] {
        let error = sent_away(&renamed(b"avc1", letters));
        assert_eq!((error.code(), error.close_code()), ("unsupported_codec", 1003));
        assert!(error.to_string().starts_with(name), "{error}");
    }
    let (_, frames, events) = sent(&renamed(b"Opus", b"fLaC"), 1000).expect("pictures without that sound");
    assert_eq!(events, [(0, Event::Start(None))]);
    assert!(frames.iter().all(|frame| time(frame).0));
}

#[test]
fn files_that_lie_or_lack_something_end_it() {
    let code = |file: &[u8]| (sent_away(file).code(), sent_away(file).close_code());
    assert_eq!(code(HEVC), ("bad_message", 1002), "not in fragments");
    assert_eq!(code(&renamed(b"moov", b"free")), ("bad_message", 1002), "no description");
    assert_eq!(code(b"<!doctype html>"), ("bad_message", 1002));
    let moof = FFMPEG.windows(4).position(|letters| letters == b"moof").expect("it is there") - 4;
    let mut large = FFMPEG.to_vec();
    large[moof..moof + 4].copy_from_slice(&[0x7F, 0, 0, 0]);
    assert_eq!(code(&large), ("too_large", 1009));
    assert!(sent_away(&large).to_string().contains("key frame a second"));
    assert_eq!(
        sent_away(&renamed(b"mvhd", b"free")),
        WebCameraError::File(Mp4Error::Broken("head of the description"))
    );
}

#[test]
fn a_file_that_tells_nothing_is_waited_for_like_start() {
    let mut session = started();
    session.binary(&message(3, 0, &RECORDER[..40]), at_ms(9000), &mut Vec::new()).expect("taken");
    assert_eq!((session.overdue(at_ms(9_999)), session.overdue(at_ms(10_000))), (None, Some(Overdue::Start)));
    let taken = session.binary(&message(3, 0, &RECORDER[40..2000]), at_ms(9_500), &mut Vec::new());
    assert!(matches!(taken, Ok(Some(Event::Start(Some(_))))));
    session.opened(at_ms(9_500));
    assert_eq!((session.overdue(at_ms(14_499)), session.overdue(at_ms(14_500))), (None, Some(Overdue::Picture)));
}

#[test]
fn what_comes_before_the_first_key_frame_is_left_out_and_one_is_asked_for() {
    // The first picture's IDR becomes another slice: what follows builds on what was not there.
    let mut plain = Vec::new();
    Demuxer::new().push(FFMPEG, &mut plain).expect("a good file");
    let Some(Frame::Video(first)) = plain.iter().find(|frame| time(frame).0) else { panic!("pictures") };
    let at = FFMPEG.windows(first.data.len()).position(|bytes| bytes == first.data).expect("it is in the file");
    let mut file = FFMPEG.to_vec();
    let (mut nal, end) = (at, at + first.data.len());
    while nal < end {
        let length = u32::from_be_bytes(FFMPEG[nal..nal + 4].try_into().expect("four bytes")) as usize;
        if file[nal + 4] & 31 == 5 {
            file[nal + 4] = 0x41;
        }
        nal += 4 + length;
    }
    let (mut session, frames, _) = sent(&file, 1_000_000).expect("a good file all the same");
    let Some(Frame::Video(picture)) = frames.iter().find(|frame| time(frame).0) else { panic!("pictures") };
    assert!(picture.key && session.counts().dropped_pictures > 0);
    assert!(!session.said(at_ms(1), true, || 0).contains(&Said::KeyFrame), "it has come already");
    let cut = file.windows(4).rposition(|letters| letters == b"moof").expect("more than one fragment") - 4;
    let (mut session, frames, _) = sent(&file[..cut], 1_000_000).expect("a good file all the same");
    assert!(frames.iter().all(|frame| !time(frame).0));
    assert!(session.said(at_ms(1), false, || 0).contains(&Said::KeyFrame));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damaged_files_end_well_or_give_whole_frames(
        damages in proptest::collection::vec((0..RECORDER.len(), any::<[u8; 4]>()), 0..4),
        handed_over in any::<i64>(),
        piece in 1_usize..6000,
        pause_ms in 0..3000_u64,
    ) {
        let mut file = RECORDER.to_vec();
        for (at, bytes) in damages {
            let end = (at + 4).min(file.len());
            file[at..end].copy_from_slice(&bytes[..end - at]);
        }
        let (mut session, mut frames, mut now, mut last, mut described) = (started(), Vec::new(), at_ms(0), None, 0);
        for piece in file.chunks(piece) {
            now = now + std::time::Duration::from_millis(pause_ms);
            let Ok(event) = session.binary(&message(3, handed_over, piece), now, &mut frames) else { break };
            described += usize::from(event.is_some());
            for frame in frames.drain(..) {
                prop_assert_eq!(described, 1, "nothing comes before its description");
                let Frame::Video(picture) = frame else { continue };
                prop_assert!(last.is_some() || picture.key, "the first picture is a key frame");
                prop_assert!(last.is_none_or(|last| last < picture.dts) && picture.dts <= picture.pts);
                last = Some(picture.dts);
            }
            let _ = session.said(now, false, || 0);
        }
    }
}

/// Eight seconds with B-frames out of ffmpeg, of which some are shown before they are decoded (`-movflags negative_cts_offsets`).
const EARLY: &[u8] = include_bytes!("../../../../tests/captures/mp4/frag_negcts.mp4");
/// The same, whose description tells of the first fragment's samples (`-movflags frag_keyframe` alone).
const BEGUN: &[u8] = include_bytes!("../../../../tests/captures/mp4/frag_noempty.mp4");

#[test]
fn pictures_have_their_own_times_in_the_order_of_the_source() {
    for (file, piece) in [(EARLY, 4000), (EARLY, 100_000), (BEGUN, 4000), (BEGUN, 7)] {
        let (_, frames, _) = sent(file, piece.max(file.len() / 3000)).expect("a good file");
        let pictures = frames.iter().filter_map(|frame| if let Frame::Video(p) = frame { Some(p) } else { None });
        let times: Vec<_> = pictures.clone().map(|picture| picture.pts.0).collect();
        assert_eq!(times.len(), 240);
        assert!(pictures.clone().all(|picture| picture.dts <= picture.pts));
        let decoded: Vec<_> = pictures.map(|picture| picture.dts).collect();
        assert!(decoded.windows(2).all(|pair| pair[0] < pair[1]));
        let mut shown = times.clone();
        shown.sort_unstable();
        let uneven = shown.windows(2).filter(|pair| !(2999..=3001).contains(&(pair[1] - pair[0]))).count();
        assert_eq!(uneven, 0, "each is shown a picture after the last");
        // As ffprobe tells of the file: B-frames, two or one in a row.
        let order: Vec<_> = times[..8].iter().map(|time| (time - shown[0] + 1) / 3000).collect();
        assert_eq!(order, [0, 3, 1, 2, 6, 4, 5, 8], "in the source's order");
    }
}
