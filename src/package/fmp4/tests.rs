//! The room's behaviour as its users see it.

use std::sync::Arc;

use bytes::Bytes;
use futures_lite::{FutureExt as _, StreamExt as _, future};

use crate::ground::frame::{AudioFrame, Frame, VideoFrame, VideoParams};
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::live::{Hub, Line, OpenError, Publisher, RecordingState, Status, Stream};
use crate::package::fmp4::packager::LINGER;
use crate::package::fmp4::{Fmp4, RECORDER, Reader};
use crate::wire::aac::parse_config;
use crate::wire::fmp4::read::samples;
use crate::wire::h264::params::ParameterSets;
use crate::wire::h264::params::tests::{PPS, SPS_360};
use crate::wire::mp4::boxes::boxes;
use crate::wire::playlist::hls::Reload;

const SHARE: ShareId = ShareId([7; 10]);
const NOW: UnixMs = UnixMs(1_700_000_000_000);

fn params() -> Arc<VideoParams> {
    let mut sets = ParameterSets::default();
    sets.take(SPS_360);
    sets.take(PPS);
    sets.current().expect("good sets")
}

fn picture(params: &Arc<VideoParams>, number: i64, key: bool, bytes: usize) -> Frame {
    let (time, params) = (Ticks90k(number * 3000), params.clone());
    Frame::Video(VideoFrame { pts: time, dts: time, key, params, data: vec![number as u8; bytes].into() })
}

/// Publishes pictures `from..to`, a key frame every ten.
fn publish(publisher: &mut Publisher, from: i64, to: i64) {
    let params = params();
    for number in from..to {
        publisher.write(&mut vec![picture(&params, number, number % 10 == 0, 100)], NOW);
    }
}

fn open(hub: &Hub) -> (Publisher, Arc<Stream>) {
    let (publisher, stream) = hub.open(SHARE, None, None, NOW).expect("there is room");
    (publisher, stream.expect("it is new"))
}

/// What the reader has now; `None` at the end of the stream.
fn next(reader: &mut Reader) -> Option<Option<Bytes>> {
    let nothing = async { Some(None) };
    future::block_on(async { reader.next().await.map(Some) }.or(nothing))
}

/// Decoding times of all pictures the reader has now, in frames.
fn pictures(reader: &mut Reader) -> Vec<u64> {
    let mut times = Vec::new();
    while let Some(Some(bytes)) = next(reader) {
        for (kind, body) in boxes(&bytes) {
            if kind == *b"moof" {
                times.extend(samples(body).expect("our own").iter().map(|sample| sample.decode_time / 3000));
            }
        }
    }
    times
}

#[test]
fn a_reader_starts_at_the_newest_key_frame_and_follows() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 13);
    let mut reader = Fmp4::of(&stream).reader();
    let first = next(&mut reader).flatten().expect("the init segment");
    assert_eq!(&first[4..8], b"ftyp");
    assert_eq!(pictures(&mut reader), [10, 11, 12]);
    publish(&mut publisher, 13, 15);
    assert_eq!(pictures(&mut reader), [13, 14]);
    publisher.end();
    assert_eq!(next(&mut reader), None);
    assert_eq!(stream.counts().readers, 1);
    drop(reader);
    assert_eq!(stream.counts().readers, 0);
}

/// A loss behind the first key frame: that no picture comes doesn't say that they are few.
#[test]
fn a_freeze_at_the_beginning_says_nothing_of_the_rate() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let fmp4 = Fmp4::of(&stream);
    let params = Arc::new(VideoParams { frame_duration: None, ..(*params()).clone() });
    future::block_on(fmp4.begin());
    publisher.write(&mut vec![picture(&params, 0, true, 100), picture(&params, 1, false, 100)], NOW);
    future::block_on(fmp4.begin());
    assert!(fmp4.awaits_rate());
    publisher.tell_line(Line { is_dropping: true, ..Line::default() });
    assert!(!fmp4.awaits_rate());
    publisher.tell_line(Line::default());
    assert!(fmp4.awaits_rate());
}

#[test]
fn a_slow_reader_goes_on_at_the_newest_key_frame() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 1);
    let mut reader = Fmp4::of(&stream).reader();
    assert_eq!(pictures(&mut reader), [0]);
    publish(&mut publisher, 1, 700);
    let read = pictures(&mut reader);
    assert_eq!((read[0], read.len()), (690, 10));
    assert_eq!(stream.counts().skips, 1);
}

#[test]
fn a_reader_that_joins_in_a_long_group_is_led_to_the_newest_pictures_at_once() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let params = params();
    let mut publish = |from: i64, to: i64| {
        for number in from..to {
            publisher.write(&mut vec![picture(&params, number, number == 0, 100)], NOW);
        }
    };
    publish(0, 450);
    let fmp4 = Fmp4::of(&stream);
    future::block_on(fmp4.begin());
    let mut reader = fmp4.reader();
    assert_eq!(&next(&mut reader).flatten().expect("the init segment")[4..8], b"ftyp");
    let mut pictures = Vec::new();
    let mut read = |reader: &mut Reader| {
        while let Some(Some(bytes)) = next(reader) {
            let (_, moof) = boxes(&bytes).find(|(kind, _)| kind == b"moof").expect("a moof");
            pictures.extend(samples(moof).expect("our own"));
        }
        pictures.len()
    };
    assert_eq!(read(&mut reader), 450, "all that the newest build on");
    publish(450, 452);
    assert_eq!(read(&mut reader), 452);
    let (way, shown) = pictures.split_at(437);
    assert!(way[0].key && way[1..].iter().all(|picture| !picture.key));
    assert!(pictures.windows(2).all(|two| two[0].decode_time + u64::from(two[0].duration) == two[1].decode_time));
    let shown: Vec<_> = shown.iter().map(|picture| picture.decode_time).collect();
    assert_eq!(
        shown,
        (437..452).map(|number| number * 3000).collect::<Vec<_>>(),
        "0.4 s, and what follows, at their times"
    );
    assert!(shown[0] - way[0].decode_time <= 9000, "the way there takes a tenth of a second at most");
}

#[test]
fn memory_is_bounded_even_without_key_frames() {
    let hub = Hub::new(1, Some(RECORDER));
    let (mut publisher, stream) = open(&hub);
    let params = params();
    for number in 0..70 {
        publisher.write(&mut vec![picture(&params, number, number == 0, 1 << 20)], NOW);
    }
    let kept = Fmp4::of(&stream).with(|packager, source| {
        let frames = source.frames.next_number() - source.frames.first_number();
        [packager.next_number() - packager.first_number(), frames]
    });
    let least = limits::STREAM_BYTES + (1 << 20);
    assert!(kept.iter().all(|kept| *kept as usize * (1 << 20) <= least), "{kept:?} pictures are kept");
    assert!(matches!(stream.recording(), RecordingState::Paused(_)), "no disk took anything");
}

#[test]
fn a_share_has_one_publisher_at_a_time() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 5);
    assert_eq!(hub.open(SHARE, None, None, NOW).err(), Some(OpenError::AlreadyPublishing));
    assert_eq!(hub.open(ShareId([8; 10]), None, None, NOW).err(), Some(OpenError::Full(1)));
    drop(publisher);
    assert_eq!(stream.status(), Status::Interrupted);
    let mut reader = Fmp4::of(&stream).reader();
    assert_eq!(pictures(&mut reader), [0, 1, 2, 3, 4]);
    let (mut publisher, again) = hub.open(SHARE, None, None, NOW).expect("it may come back");
    assert!(again.is_none(), "the same stream goes on");
    publish(&mut publisher, 0, 2);
    assert_eq!(pictures(&mut reader), [5, 6], "and so does its timeline");
    hub.end(SHARE);
    assert!(publisher.is_revoked());
    assert_eq!(hub.open(SHARE, None, None, NOW).err(), Some(OpenError::Over));
}

#[test]
fn new_parameters_bring_a_new_init_segment() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 2);
    let mut reader = Fmp4::of(&stream).reader();
    assert_eq!(pictures(&mut reader), [0, 1]);
    let changed = Arc::new(VideoParams { width: 1280, ..(*params()).clone() });
    publisher.write(&mut vec![picture(&changed, 2, true, 100)], NOW);
    assert_eq!(next(&mut reader), None, "players of the plain body pass over a second init segment");
    let mut reader = Fmp4::of(&stream).reader();
    let init_segment = next(&mut reader).flatten().expect("an init segment");
    assert_eq!(&init_segment[4..8], b"ftyp");
    assert_eq!(pictures(&mut reader), [2]);
    assert!(Fmp4::of(&stream).init_segment(1).is_some() && Fmp4::of(&stream).init_segment(2).is_none());
}

#[test]
fn a_stream_that_changes_all_the_time_is_ended() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    for number in 0..=limits::STREAM_INIT_SEGMENTS as u32 {
        assert!(!publisher.is_revoked());
        let changed = Arc::new(VideoParams { width: 16 + number, ..(*params()).clone() });
        publisher.write(&mut vec![picture(&changed, i64::from(number), true, 100)], NOW);
    }
    assert!(publisher.is_revoked());
    assert_eq!(stream.status(), Status::Flowing, "its watcher ends it");
}

#[test]
fn changes_that_come_all_at_once_are_limited_as_well() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let fmp4 = Fmp4::of(&stream);
    let _reader = fmp4.reader();
    let changed = |number: u32| {
        let params = Arc::new(VideoParams { width: 16 + number, ..(*params()).clone() });
        picture(&params, i64::from(number), true, 100)
    };
    publisher.write(&mut (0..limits::STREAM_INIT_SEGMENTS as u32 * 3).map(changed).collect(), NOW);
    assert!(publisher.is_revoked());
    assert!(fmp4.init_segment(limits::STREAM_INIT_SEGMENTS).is_some());
    assert!(fmp4.init_segment(limits::STREAM_INIT_SEGMENTS + 1).is_none());
}

#[test]
fn what_waits_for_the_disk_is_bounded_over_all_streams() {
    let hub = Hub::new(100, Some(RECORDER));
    let params = params();
    let each = limits::STREAM_BYTES as i64 / (1 << 20) - 1;
    let mut streams = Vec::new();
    for number in 0..10 {
        let (mut publisher, stream) = hub.open(ShareId([number; 10]), None, None, NOW).expect("there is room");
        for picture_number in 0..each {
            publisher.write(&mut vec![picture(&params, picture_number, picture_number == 0, 1 << 20)], NOW);
        }
        streams.push((publisher, stream.expect("it is new")));
    }
    let recorded = streams.iter().filter(|(_, stream)| stream.recording() == RecordingState::On).count();
    assert_eq!(recorded, 4, "the disk takes nothing, and the others had no room left to wait");
    drop(hub.backlog().wait());
    for (_, stream) in &streams {
        stream.take_unrecorded();
    }
    let (mut publisher, stream) = hub.open(ShareId([99; 10]), None, None, NOW).expect("there is room");
    publisher.write(&mut vec![picture(&params, 0, true, 1 << 20)], NOW);
    assert_eq!(stream.expect("it is new").recording(), RecordingState::On, "what was taken makes room");
}

#[test]
fn the_disk_gets_every_byte_in_order() {
    let hub = Hub::new(1, Some(RECORDER));
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 5);
    let waiting = hub.backlog().wait().expect("a stream with something to write");
    let (pieces, over) = waiting[0].take_unrecorded();
    assert_eq!((pieces.len(), over), (6, false), "an init segment and five fragments");
    stream.recorded(pieces.iter().map(|piece| piece.len() as u64).sum());
    let mut reader = Fmp4::of(&stream).reader();
    let mut read = Vec::new();
    while let Some(Some(bytes)) = next(&mut reader) {
        read.push(bytes);
    }
    assert_eq!(read, pieces, "the very bytes that were streamed");
    publisher.end();
    hub.close_recording(&stream);
    let (pieces, over) = hub.backlog().wait().expect("an end to write down")[0].take_unrecorded();
    assert_eq!((pieces.len(), over), (0, true));
    hub.backlog().close();
    assert!(hub.backlog().wait().is_none());
}

#[test]
fn a_recording_is_neither_paused_nor_forgotten_at_its_streams_end() {
    let hub = Hub::new(2, Some(RECORDER));
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 5);
    publisher.end();
    hub.pause_recording(&stream, "no room");
    assert_eq!(stream.recording(), RecordingState::On, "what has come is written, and closed");

    let (mut publisher, stream) = hub.open(ShareId([8; 10]), None, None, NOW).expect("there is room");
    let stream = stream.expect("it is new");
    publish(&mut publisher, 0, 5);
    hub.pause_recording(&stream, "no room");
    assert_eq!((stream.take_failure().as_deref(), stream.take_failure()), (Some("no room"), None));
    hub.resume_recording(&stream);
    hub.pause_recording(&stream, "no room");
    hub.end(ShareId([8; 10]));
    assert!(!stream.is_settled(), "the disk is at its file");
    assert!(!stream.resume_recording(0), "nothing more comes");
    assert!(stream.take_unrecorded().1 && !stream.is_settled(), "it is closed as any other");
    stream.stop_recording(RecordingState::Complete);
    stream.stop_recording(RecordingState::Failed("too late".into()));
    assert_eq!((stream.recording(), stream.is_settled()), (RecordingState::Complete, true));
}

#[test]
fn playlists_wait_for_their_part() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let fmp4 = Fmp4::of(&stream);
    assert_eq!(fmp4.playlist(Reload::default()), Ok(None));
    publish(&mut publisher, 0, 1);
    let part = |segment, part| Reload { segment: Some(segment), part: Some(part), skip: false };
    assert!(fmp4.playlist(part(0, 0)).expect("a good question").is_some());
    assert_eq!(fmp4.playlist(part(1, 0)), Ok(None));
    let mut changed = fmp4.listen_parts();
    publish(&mut publisher, 1, 4);
    assert!(future::block_on(future::poll_once(&mut changed)).is_some());
    assert!(fmp4.playlist(part(1, 0)).expect("a good question").is_some());
    let span = fmp4.span(1, Some(0)).expect("a part").expect("that is there");
    assert_eq!(fmp4.pieces(&span).expect("in memory").len(), 3);
}

#[test]
fn sound_rides_with_pictures() {
    let hub = Hub::new(1, None);
    let audio = Arc::new(parse_config(&Bytes::from_static(&[0x11, 0x88])).expect("AAC-LC"));
    let (mut publisher, stream) = hub.open(SHARE, Some(audio), None, NOW).expect("there is room");
    let stream = stream.expect("it is new");
    let params = params();
    let sound = |ticks| Frame::Audio(AudioFrame { pts: Ticks90k(ticks), data: Bytes::from_static(&[9; 20]) });
    let mut frames =
        vec![sound(-1920), picture(&params, 0, true, 10), sound(0), sound(1920), picture(&params, 1, false, 10)];
    publisher.write(&mut frames, NOW);
    let mut reader = Fmp4::of(&stream).reader();
    next(&mut reader);
    next(&mut reader);
    let fragment = next(&mut reader).flatten().expect("the second picture");
    let (_, moof) = boxes(&fragment).find(|(kind, _)| kind == b"moof").expect("a moof");
    let tracks: Vec<_> = samples(moof).expect("our own").iter().map(|s| (s.track, s.decode_time)).collect();
    assert_eq!(tracks, [(1, 3000), (2, 0), (2, 1024)], "what was before the first picture is left out");
    assert_eq!(stream.media().expect("it flows").audio_codec.as_deref(), Some("mp4a.40.2"));
}

/// The playlist, as text.
fn playlist(fmp4: &Fmp4) -> String {
    let pieces = fmp4.playlist(Reload::default()).expect("a good question").expect("there is one");
    String::from_utf8(pieces.concat()).expect("text")
}

/// How many fragments have been made.
fn made(fmp4: &Fmp4) -> u64 {
    fmp4.with(|packager, _| packager.next_number())
}

/// Pictures that last as long as a packager works on when nobody asks any more, and a group more.
const LONG: i64 = LINGER.0 / 3000 + 10;

#[test]
fn nothing_is_made_while_nobody_reads() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let fmp4 = Fmp4::of(&stream);
    publish(&mut publisher, 0, 105);
    assert_eq!(made(&fmp4), 0);
    assert_eq!(stream.duration(), Ticks90k(105 * 3000), "the stream knows without");
    assert!(stream.media().is_some());
    let mut reader = fmp4.reader();
    assert_eq!(pictures(&mut reader), [100, 101, 102, 103, 104], "its newest group of pictures");
    publish(&mut publisher, 105, 107);
    assert_eq!(pictures(&mut reader), [105, 106]);
    let text = playlist(&fmp4);
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:0\n") && text.contains("segment-0.m4s"), "{text}");
}

#[test]
fn a_stream_is_recorded_whether_anybody_reads_or_not() {
    let hub = Hub::new(1, Some(RECORDER));
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 2 * LONG);
    assert_eq!(made(&Fmp4::of(&stream)), 2 * LONG as u64);
}

#[test]
fn what_is_kept_as_frames_and_fragments_is_kept_once() {
    let hub = Hub::new(1, None);
    let audio = Arc::new(parse_config(&Bytes::from_static(&[0x11, 0x88])).expect("AAC-LC"));
    let (mut publisher, stream) = hub.open(SHARE, Some(audio), None, NOW).expect("there is room");
    let fmp4 = Fmp4::of(&stream.expect("it is new"));
    let _reader = fmp4.reader();
    let params = params();
    let sound = Frame::Audio(AudioFrame { pts: Ticks90k(0), data: Bytes::from_static(&[9; 20]) });
    publisher.write(&mut vec![picture(&params, 0, true, 50), sound, picture(&params, 1, false, 60)], NOW);
    fmp4.with(|packager, source| {
        let fragments: Vec<_> = (0..2).map(|n| packager.fragment(n).expect("it is kept").0.as_ptr_range()).collect();
        for (number, fragment, bytes) in [(0, 0, &[0; 50][..]), (1, 1, &[9; 20]), (2, 1, &[1; 60])] {
            let data = match &source.frames.get(number).expect("it is kept").frame {
                Frame::Video(picture) => &picture.data,
                Frame::Audio(sound) => &sound.data,
            };
            assert_eq!(data, bytes);
            assert!(fragments[fragment].contains(&data.as_ptr()), "frame {number} lies in its fragment");
        }
    });
}

#[test]
fn it_rests_when_nobody_has_read_for_a_while_and_numbers_go_on() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let fmp4 = Fmp4::of(&stream);
    publish(&mut publisher, 0, 40);
    playlist(&fmp4);
    publish(&mut publisher, 40, 100);
    let before = playlist(&fmp4);
    let known = fmp4.with(|packager, source| packager.span(source, 1, None).expect("it is closed"));
    publish(&mut publisher, 100, 100 + LONG + 200);
    let rested = made(&fmp4);
    assert!(rested < (100 + LONG) as u64, "{rested} fragments");
    publish(&mut publisher, 100 + LONG + 200, 100 + LONG + 225);
    assert_eq!(made(&fmp4), rested);

    let after = playlist(&fmp4);
    assert!(made(&fmp4) > rested, "who asks has it work at once");
    assert!(after.contains("\nsegment-"), "plain players find a segment: {after}");
    let sequence = |text: &str| -> u64 {
        let (_, rest) = text.split_once("MEDIA-SEQUENCE:").expect("it is said");
        rest.lines().next().and_then(|line| line.parse().ok()).expect("a number")
    };
    assert!(sequence(&after) > sequence(&before), "{before}\n{after}");
    assert!(after.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n") || after.contains("#EXT-X-DISCONTINUITY\n"), "{after}");
    assert_eq!(after.matches("#EXT-X-MAP:URI=\"init-0.mp4\"").count(), 1, "{after}");
    assert!(known.is_some_and(|span| fmp4.pieces(&span).is_none()), "what was made before it rested is let go");

    publish(&mut publisher, 100 + LONG + 225, 100 + LONG + 300);
    let first = sequence(&playlist(&fmp4));
    let next = fmp4.with(|packager, source| packager.span(source, first, None).expect("it is listed"));
    let pieces = fmp4.pieces(&next.expect("it is closed")).expect("it can be had");
    let times = pieces.iter().flat_map(|piece| boxes(piece)).filter(|(kind, _)| kind == b"moof");
    let times: Vec<_> = times.flat_map(|(_, moof)| samples(moof).expect("our own")).collect();
    assert!(times[0].key && times[0].decode_time as i64 >= (100 + LONG + 200) * 3000, "at a key frame, and not before");
}

#[test]
fn a_pause_of_the_pictures_is_no_time_in_which_nobody_asked() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let fmp4 = Fmp4::of(&stream);
    publish(&mut publisher, 0, 40);
    playlist(&fmp4);
    let before = made(&fmp4);
    // The next picture, a key frame, comes long after.
    publish(&mut publisher, 2 * LONG, 2 * LONG + 1);
    assert_eq!(made(&fmp4), before + 1, "it works on");
}

#[test]
fn who_comes_back_at_once_misses_nothing() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let fmp4 = Fmp4::of(&stream);
    publish(&mut publisher, 0, 15);
    playlist(&fmp4);
    let mut rests = 15;
    while made(&fmp4) == rests as u64 {
        publish(&mut publisher, rests, rests + 1);
        rests += 1;
    }
    publish(&mut publisher, rests, rests + 5);
    let text = playlist(&fmp4);
    assert_eq!(made(&fmp4), (rests + 5) as u64, "every picture has its fragment");
    assert!(!text.contains("DISCONTINUITY"), "{text}");
}

#[test]
fn what_ended_while_nobody_read_can_still_be_had() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 25);
    publisher.end();
    let text = playlist(&Fmp4::of(&stream));
    assert!(text.ends_with("#EXT-X-ENDLIST\n") && text.contains("segment-0.m4s"), "{text}");
}

/// What is kept when somebody comes is wrapped in steps, and what comes meanwhile with it.
#[test]
fn what_is_kept_is_wrapped_in_steps() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let params = params();
    let mut send = |number: i64, bytes| {
        publisher.write(&mut vec![picture(&params, number, number == 0 || number == 60, bytes)], NOW);
    };
    (0..20).for_each(|number| send(number, 1 << 20));
    let fmp4 = Fmp4::of(&stream);
    let made = || fmp4.with(|packager, _| packager.next_number() - packager.first_number());
    assert!(fmp4.init_segment(0).is_some());
    assert_eq!(made(), 1, "a step is about a MiB");
    send(20, 100);
    assert_eq!(made(), 2, "whoever publishes wraps as little as may be");
    let mut begun = Box::pin(fmp4.begin());
    let mut steps = 1;
    while future::block_on(future::poll_once(&mut begun)).is_none() {
        steps += 1;
    }
    assert!((18..=20).contains(&steps), "{steps}");
    assert_eq!(made(), 21);
    let mut reader = fmp4.reader();
    assert_eq!(pictures(&mut reader), (0..21).collect::<Vec<_>>());
    send(21, 1 << 20);
    assert_eq!(pictures(&mut reader), [21]);
}

/// A stream may keep less than a step behind: what it let go is left out, and all goes on with a key frame.
#[test]
fn frames_that_go_before_they_are_wrapped_are_left_out() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    let params = params();
    let mut send = |number: i64, bytes| {
        publisher.write(&mut vec![picture(&params, number, number % 30 == 0, bytes)], NOW);
    };
    (0..22).for_each(|number| send(number, 1 << 20));
    let fmp4 = Fmp4::of(&stream);
    assert!(fmp4.init_segment(0).is_some(), "it is a step further");
    (22..28).for_each(|number| send(number, 4 << 20));
    future::block_on(fmp4.begin());
    let mut reader = fmp4.reader();
    assert_eq!(next(&mut reader), Some(None), "nothing that is kept begins with a key frame");
    (28..33).for_each(|number| send(number, 100));
    assert_eq!(pictures(&mut reader), [30, 31, 32]);
    let playlist = fmp4.playlist(Reload::default()).expect("fits").expect("there is one").concat();
    assert!(String::from_utf8_lossy(&playlist).contains("#EXT-X-DISCONTINUITY"), "{playlist:?}");
}
