//! Web cameras that do as the book says, with ffmpeg's pictures, and web cameras that don't.

use proptest::prelude::*;

use super::*;
use crate::ground::id::ShareId;
use crate::wire::h264::nal_units;
use crate::wire::h264::params::tests::{PPS, SPS_360};

const PICTURES: &str = r#"{"type":"start","version":1,"video":{"codec":"avc1.42c01e"}}"#;
const WITH_AAC: &str = r#"{"type":"start","version":1,"video":{"codec":"avc1.42c01e"},
    "audio":{"codec":"mp4a.40.2","sample_rate":48000,"channels":1,"description":"EYg="}}"#;
const WITH_OPUS: &str = r#"{"type":"start","version":1,"video":{"codec":"avc1.42c01e"},
    "audio":{"codec":"opus","sample_rate":48000,"channels":1}}"#;
/// Ten pictures of 160×96 from x264, the first and the sixth key frames.
const FILM: &[u8] = include_bytes!("../../../../tests/fixtures/camera/film.h264");

fn at_ms(ms: u64) -> Moment {
    Moment(ms * 1000)
}

fn message(kind: u8, flags: u8, timestamp_us: i64, data: &[u8]) -> Bytes {
    [&[kind, flags, 0, 0][..], &timestamp_us.to_be_bytes(), data].concat().into()
}

fn key_frame() -> Vec<u8> {
    [&[0, 0, 0, 1], SPS_360, &[0, 0, 1], PPS, &[0, 0, 1, 0x65, 0x88, 1, 2, 3]].concat()
}

const INTER: &[u8] = &[0, 0, 0, 1, 0x41, 0x9A, 7];

/// The film's pictures: each from its delimiter on.
fn pictures() -> Vec<&'static [u8]> {
    let mut starts: Vec<_> = (0..FILM.len() - 5).filter(|at| FILM[*at..].starts_with(&[0, 0, 0, 1, 9])).collect();
    starts.push(FILM.len());
    starts.windows(2).map(|two| &FILM[two[0]..two[1]]).collect()
}

fn started(text: &str) -> Session {
    let mut session = Session::new(at_ms(0), UnixMs(0));
    assert!(matches!(session.text(text), Ok(Event::Start(_))));
    session.opened(at_ms(0));
    session
}

fn bad(result: &Result<Option<Event>, WebCameraError>) -> bool {
    matches!(result, Err(WebCameraError::BadMessage(_)))
}

#[test]
fn a_real_film_becomes_frames_as_it_is() {
    let (mut session, mut frames) = (started(WITH_AAC), Vec::new());
    let pictures = pictures();
    assert_eq!(pictures.len(), 10);
    for (n, picture) in pictures.iter().enumerate() {
        let (at_us, now) = (1_000_000 + n as i64 * 40_000, at_ms(n as u64 * 40));
        session.binary(&message(1, u8::from(n % 5 == 0), at_us, picture), now, &mut frames).expect("taken");
        session.binary(&message(2, 0, at_us + 5_000, &[0x21, n as u8]), now, &mut frames).expect("taken");
    }
    let (mut shown, mut heard) = (Vec::new(), Vec::new());
    for frame in &frames {
        match frame {
            Frame::Video(picture) => shown.push(picture),
            Frame::Audio(sound) => heard.push(sound),
        }
    }
    let keys: Vec<_> = shown.iter().map(|picture| picture.key).collect();
    assert_eq!(keys, [true, false, false, false, false].repeat(2));
    for (n, picture) in shown.iter().enumerate() {
        assert_eq!((picture.pts, picture.dts), (Ticks90k(n as i64 * 3600), picture.pts));
        let whole: Vec<_> = nal_units(&picture.data).collect();
        assert_eq!(whole, annex_b::nal_units(pictures[n]).collect::<Vec<_>>(), "every NAL unit, untouched");
        assert!(Arc::ptr_eq(&picture.params, &shown[0].params));
    }
    assert_eq!((shown[0].params.width, shown[0].params.height), (160, 96));
    assert_eq!(heard.len(), 10);
    assert_eq!(heard[9].pts, Ticks90k(9 * 3600 + 450), "in step with the pictures");
    assert_eq!(session.counts().dropped_pictures, 0);
}

#[test]
fn nothing_is_taken_before_start() {
    let mut session = Session::new(at_ms(0), UnixMs(0));
    assert!(bad(&session.binary(&message(1, 1, 0, &key_frame()), at_ms(1), &mut Vec::new())));
    let mut session = Session::new(at_ms(0), UnixMs(0));
    assert!(matches!(session.text(r#"{"type":"end"}"#), Err(WebCameraError::BadMessage(_))));
    let mut session = started(PICTURES);
    assert!(matches!(session.text(PICTURES), Err(WebCameraError::BadMessage(_))), "start is said once");
    assert_eq!(session.text(r#"{"type":"end"}"#), Ok(Event::End));
}

#[test]
fn messages_that_lie_end_it() {
    let key = key_frame();
    for wrong in [
        Bytes::new(),
        Bytes::from_static(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        message(0, 0, 0, &key),
        message(4, 0, 0, &key),
        message(3, 0, 0, &key),
        message(1, 2, 0, &key),
        message(1, 0, 0, &[]),
        message(1, 0, 0, &[0, 0, 0, 5, 0x65, 0x88, 1, 2, 3]),
        message(2, 0, 0, &[]),
        message(2, 0, 0, &[7; 8193]),
        [&[1, 1, 0, 1][..], &[0; 8], &key].concat().into(),
    ] {
        assert!(
            bad(&started(WITH_AAC).binary(&wrong, at_ms(1), &mut Vec::new())),
            "{:?}",
            &wrong[..wrong.len().min(16)]
        );
    }
    assert!(
        bad(&started(PICTURES).binary(&message(2, 0, 0, &[7]), at_ms(1), &mut Vec::new())),
        "no sound was announced"
    );
    let large = message(1, 0, 0, &vec![1; limits::WEB_CAMERA_MESSAGE_BYTES]);
    assert_eq!(started(PICTURES).binary(&large, at_ms(1), &mut Vec::new()), Err(WebCameraError::TooLarge));
    let long = format!("{{\"type\":\"end\",\"x\":\"{}\"}}", "y".repeat(limits::WEB_CAMERA_TEXT_BYTES));
    assert_eq!(started(PICTURES).text(&long), Err(WebCameraError::TooLarge));
}

#[test]
fn a_message_is_one_picture() {
    let mut session = started(PICTURES);
    let mut many = key_frame();
    while many.len() + 5 + HEAD_BYTES <= limits::WEB_CAMERA_MESSAGE_BYTES {
        many.extend_from_slice(&[0, 0, 1, 0x41, 0x80]);
    }
    let mut frames = Vec::new();
    assert!(bad(&session.binary(&message(1, 1, 0, &many), at_ms(1), &mut frames)));
    assert_eq!((frames.len(), session.units.capacity()), (0, 0), "nothing was built of it");
    // What is one picture still is one: with notes before it, and in several slices.
    let slices = [&key_frame()[..], &[0, 0, 1, 0x65, 0x40, 4, 5], &[0, 0, 1, 0x65, 0x20, 6]].concat();
    let noted = [&[0, 0, 1, 9, 0x10, 0, 0, 1, 6, 5, 1, 7, 0x80], &slices[..]].concat();
    let mut session = started(PICTURES);
    session.binary(&message(1, 1, 0, &noted), at_ms(1), &mut frames).expect("taken");
    assert_eq!(frames.len(), 1);
}

#[test]
fn opus_goes_on_beside_the_pictures() {
    let mut session = Session::new(at_ms(0), UnixMs(0));
    let Ok(Event::Start(Some(params))) = session.text(WITH_OPUS) else { panic!("Opus is taken") };
    assert_eq!(params.codec_string(), "opus");
    let mut frames = Vec::new();
    session.binary(&message(1, 1, 0, &key_frame()), at_ms(1), &mut frames).expect("taken");
    session.binary(&message(2, 0, 20_000, &[0xF8; 90]), at_ms(1), &mut frames).expect("taken");
    let [Frame::Video(_), Frame::Audio(sound)] = &frames[..] else { panic!("both: {frames:?}") };
    assert_eq!((sound.pts, sound.data.len()), (Ticks90k::from_ms(20), 90));
}

#[test]
fn a_key_frame_is_asked_for_once_a_second_until_it_comes() {
    let (mut session, mut frames, mut asked) = (started(PICTURES), Vec::new(), Vec::new());
    for n in 0..75 {
        let now = at_ms(n * 40);
        session.binary(&message(1, 0, n as i64 * 40_000, INTER), now, &mut frames).expect("taken");
        asked.extend(session.said(now, false, || 0).iter().filter(|said| **said == Said::KeyFrame).map(|_| n * 40));
    }
    assert_eq!((&asked[..], frames.len()), (&[0, 1000, 2000][..], 0));
    session.binary(&message(1, 1, 3_000_000, &key_frame()), at_ms(3000), &mut frames).expect("taken");
    assert!(!session.said(at_ms(3000), false, || 0).contains(&Said::KeyFrame));
    let wished = [3100, 3140, 4060, 4100].map(|ms| session.said(at_ms(ms), true, || 0).contains(&Said::KeyFrame));
    assert_eq!(wished, [true, false, false, true], "somebody begins to watch");
    assert_eq!((frames.len(), session.counts().dropped_pictures), (1, 75));
}

#[test]
fn acknowledgements_come_at_most_every_fifth_of_a_second() {
    let (mut session, mut acks) = (started(PICTURES), Vec::new());
    for n in 0..25 {
        // Every picture waits ten milliseconds longer than the one before.
        let now = at_ms(n * 50);
        session.binary(&message(1, 1, n as i64 * 40_000, &key_frame()), now, &mut Vec::new()).expect("taken");
        acks.extend(session.said(now, false, || 3));
    }
    let bytes = (HEAD_BYTES + key_frame().len()) as u64;
    let ack = |n: u64| Said::Ack {
        timestamp_us: n as i64 * 40_000,
        received_bytes: bytes * (n + 1),
        queue_ms: n * 10,
        viewers: 3,
    };
    assert_eq!(acks, [0, 4, 8, 12, 16, 20, 24].map(ack));
    assert_eq!(session.said(at_ms(9000), false, || 3), [], "nothing came");
    assert!(Said::Started(ShareId([1; 10])).text().contains("\"version\":1"));
}

#[test]
fn times_that_stand_still_or_tremble_still_rise() {
    let (mut session, mut frames) = (started(PICTURES), Vec::new());
    for time_us in [0, 0, 33_000, 32_000, 66_000] {
        session.binary(&message(1, 1, time_us, &key_frame()), at_ms(0), &mut frames).expect("taken");
    }
    let times: Vec<_> =
        frames.iter().map(|frame| if let Frame::Video(picture) = frame { picture.pts.0 } else { 0 }).collect();
    assert_eq!(times, [0, 90, 2970, 3060, 5940]);
}

#[test]
fn a_new_start_of_the_clock_is_no_gap_and_no_wait() {
    let (mut session, mut frames) = (started(PICTURES), Vec::new());
    session.binary(&message(1, 1, 0, &key_frame()), at_ms(0), &mut frames).expect("taken");
    session.binary(&message(1, 1, i64::MAX, &key_frame()), at_ms(40), &mut frames).expect("taken");
    let Frame::Video(second) = &frames[1] else { panic!("a picture") };
    assert_eq!(second.pts, Ticks90k(3600));
    let said = session.said(at_ms(40), false, || 0);
    assert!(matches!(said[..], [Said::Ack { timestamp_us: i64::MAX, queue_ms: 0, .. }]), "{said:?}");
}

#[test]
fn what_does_not_come_in_time_is_overdue() {
    let mut session = Session::new(at_ms(0), UnixMs(0));
    assert_eq!((session.overdue(at_ms(9_999)), session.overdue(at_ms(10_000))), (None, Some(Overdue::Start)));
    session.text(PICTURES).expect("start");
    session.opened(at_ms(10_000));
    assert_eq!((session.overdue(at_ms(14_999)), session.overdue(at_ms(15_000))), (None, Some(Overdue::Picture)));
    session.binary(&message(1, 1, 0, &key_frame()), at_ms(14_000), &mut Vec::new()).expect("taken");
    assert_eq!(session.overdue(at_ms(18_999)), None);
    session.binary(&message(1, 1, 0, &key_frame()), at_ms(18_999), &mut Vec::new()).expect("taken");
    assert_eq!(session.overdue(at_ms(23_998)), None);
}

#[test]
fn sound_alone_is_silence() {
    let (mut session, mut frames) = (started(WITH_AAC), Vec::new());
    session.binary(&message(1, 1, 0, &key_frame()), at_ms(0), &mut frames).expect("taken");
    for second in 1..5 {
        session
            .binary(&message(2, 0, second * 1_000_000, &[0x21]), at_ms(second as u64 * 1000), &mut frames)
            .expect("taken");
        assert_eq!(session.overdue(at_ms(second as u64 * 1000)), None);
    }
    assert_eq!(session.overdue(at_ms(5000)), Some(Overdue::Picture));
    // Nor are pictures that nobody can show.
    let mut session = started(WITH_AAC);
    session.binary(&message(1, 0, 0, INTER), at_ms(4000), &mut frames).expect("taken");
    assert_eq!(session.overdue(at_ms(5000)), Some(Overdue::Picture));
}

#[test]
fn pieces_of_a_file_without_a_picture_are_silence() {
    let mut session = Session::new(at_ms(0), UnixMs(0));
    assert_eq!(session.text(r#"{"type":"start","version":1,"container":"mp4"}"#), Ok(Event::StartFile));
    session.opened(at_ms(0));
    let film = include_bytes!("../../../../tests/captures/mp4/recorder.mp4");
    let (mut frames, mut now) = (Vec::new(), 0);
    for piece in film.chunks(5000) {
        now += 100;
        session.binary(&message(3, 0, 0, piece), at_ms(now), &mut frames).expect("taken");
    }
    assert!(frames.iter().any(|frame| matches!(frame, Frame::Video(_))));
    assert_eq!(
        (session.overdue(at_ms(now + 4000)), session.overdue(at_ms(now + 5000))),
        (None, Some(Overdue::Picture))
    );
}

#[derive(Clone, Debug)]
enum Step {
    Text(String),
    Binary(Vec<u8>),
    Frame(u8, u8, i64, Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let nal = prop_oneof![
        Just(key_frame()),
        Just(INTER.to_vec()),
        proptest::collection::vec(0_u8..8, 0..40),
        proptest::collection::vec(any::<u8>(), 0..40)
    ];
    prop_oneof![
        1 => Just(Step::Text(WITH_AAC.to_owned())),
        1 => any::<String>().prop_map(Step::Text),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Step::Binary),
        8 => (0_u8..5, 0_u8..2, prop_oneof![any::<i64>(), 0..9_000_000_i64], nal)
            .prop_map(|(kind, flags, time, data)| Step::Frame(kind, flags, time, data)),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_pictures_are_whole_and_time_rises(steps in proptest::collection::vec((step(), 0..3000_u64), 0..60)) {
        let (mut session, mut frames, mut now, mut last) = (Session::new(at_ms(0), UnixMs(0)), Vec::new(), at_ms(0), None);
        let (mut asked, mut acknowledged) = (None, None);
        let _ = session.text(WITH_AAC);
        for (step, passed_ms) in steps {
            now = now + std::time::Duration::from_millis(passed_ms);
            // A real session ends at the first error; a pure core stands it all the same.
            let _ = match step {
                Step::Text(text) => session.text(&text).map(drop),
                Step::Binary(data) => session.binary(&data, now, &mut frames).map(drop),
                Step::Frame(kind, flags, time, data) => session.binary(&message(kind, flags, time, &data), now, &mut frames).map(drop),
            };
            for frame in frames.drain(..) {
                if let Frame::Video(picture) = frame {
                    prop_assert_eq!(picture.pts, picture.dts);
                    prop_assert!(last.is_some() || picture.key, "the first picture is a key frame");
                    prop_assert!(last.is_none_or(|last| last < picture.dts));
                    prop_assert_eq!(nal_units(&picture.data).map(|nal| nal.len() + 4).sum::<usize>(), picture.data.len());
                    last = Some(picture.dts);
                }
            }
            for said in session.said(now, false, || 0) {
                let (before, every) = match said {
                    Said::KeyFrame => (&mut asked, limits::WEB_CAMERA_KEY_FRAME_TIME),
                    _ => (&mut acknowledged, limits::WEB_CAMERA_ACK_TIME),
                };
                prop_assert!(before.replace(now).is_none_or(|before| now.since(before) >= every));
            }
        }
    }
}
