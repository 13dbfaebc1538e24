//! Recordings from the first byte to playback, through power cuts.

use std::sync::Arc;
use std::sync::mpsc;

use bytes::Bytes;
use futures_lite::future::{block_on, poll_once};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::ground::frame::{AudioFrame, Frame, VideoFrame, VideoParams};
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::live::{Hub, RecordingState};
use crate::package::fmp4::{FinishedRecording, Fmp4, Head, RECORDER, Wanted};
use crate::recording::film::{Film, FilmError};
use crate::recording::from_film::FilmRecording;
use crate::recording::index::{Record, Records};
use crate::recording::library::Library;
use crate::recording::writer::{self, RecordingObserver};
use crate::recording::{Folder, repair};
use crate::wire::aac::parse_config;
use crate::wire::fmp4::progressive::{IndexedSample, Measure};
use crate::wire::fmp4::{AUDIO_TRACK, VIDEO_TRACK};
use crate::wire::h264::params::ParameterSets;
use crate::wire::h264::params::tests::{PPS, SPS_360};
use crate::wire::mp4::boxes::{BoxHeader, boxes};
use crate::wire::mp4::{Ask, Cuts, Opener, Purpose};
use crate::wire::opus;
use crate::wire::playlist::hls::Reload;
use crate::wire::playlist::segments::{FragmentMeta, Segments};

mod films;
mod mending;
mod restarts;

const SHARE: ShareId = ShareId([5; 10]);

struct Done(mpsc::Sender<Result<(), String>>);

impl RecordingObserver for Done {
    fn complete(&self, _: ShareId) {
        let _ = self.0.send(Ok(()));
    }

    fn failed(&self, _: ShareId, reason: &str) {
        let _ = self.0.send(Err(reason.to_owned()));
    }

    fn resumed(&self, _: ShareId) {
        let _ = self.0.send(Ok(()));
    }
}

fn params() -> Arc<VideoParams> {
    let mut sets = ParameterSets::default();
    sets.take(SPS_360);
    sets.take(PPS);
    sets.current().expect("good sets")
}

/// Records pictures of a connection, which starts with a key frame; a group has ten. Each picture's bytes are its number.
fn record(folder: &Folder, past: Option<FinishedRecording>, numbers: std::ops::Range<u8>) -> Result<(), String> {
    let hub = Hub::new(1, Some(RECORDER));
    let (tell, told) = mpsc::channel();
    let (backlog, folder) = (hub.backlog().clone(), folder.clone());
    let disk = std::thread::spawn(move || writer::run(&folder, &backlog, &Done(tell)));
    let (mut publisher, stream) = hub.open(SHARE, None, past.map(Into::into), UnixMs(0)).expect("there is room");
    let params = params();
    for (time, number) in (0..).zip(numbers) {
        let (pts, params) = (Ticks90k(time * 3000), params.clone());
        let data = [&[0, 0, 0, 40, 0x65][..], &[number; 39]].concat().into();
        let frame = VideoFrame { pts, dts: pts, key: time % 10 == 0, params, data };
        publisher.write(&mut vec![Frame::Video(frame)], UnixMs(0));
    }
    publisher.end();
    hub.close_recording(&stream.expect("it is new"));
    let result = told.recv().expect("the disk says what became of it");
    hub.backlog().close();
    disk.join().expect("the disk's thread ends well");
    result
}

fn open(folder: &Folder, wanted: Wanted) -> std::io::Result<Arc<FinishedRecording>> {
    block_on(Library::new(folder.clone()).open(SHARE, wanted))
}

/// The plain file that a recording makes.
fn whole(recording: &FinishedRecording) -> Vec<u8> {
    let head = match recording.head.get().expect("it was wanted") {
        Head::Short(bytes) => bytes.to_vec(),
        Head::File(path) => std::fs::read(path).expect("the head is there"),
    };
    assert_eq!(head.len() as u64, recording.plan.bytes());
    [head, std::fs::read(&recording.path).expect("the file is there")].concat()
}

fn decode(index: &[u8]) -> Vec<Record> {
    Records::read(index).collect()
}

fn folder() -> (TempDir, Folder) {
    let place = TempDir::new().expect("a temporary folder");
    let folder = Folder::open(place.path()).expect("it can be used");
    (place, folder)
}

/// The numbers of the pictures, in the order of the plain file's own tables.
fn pictures(folder: &Folder) -> Vec<u8> {
    let whole = whole(&open(folder, Wanted::Head).expect("a finished recording"));
    let mut at = 0;
    for _ in 0..2 {
        at += BoxHeader::read(&whole[at..]).expect("a box").size as usize;
    }
    let media = BoxHeader::read(&whole[at..]).expect("the media");
    assert_eq!((&media.kind, at as u64 + media.size), (b"mdat", whole.len() as u64), "the media are the rest");
    let path = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"co64"];
    let table = path.iter().try_fold(&whole[..], |bytes, kind| boxes(bytes).find(|(k, _)| k == *kind).map(|(_, b)| b));
    let (offsets, _) = table.expect("a table of offsets")[8..].as_chunks::<8>();
    offsets.iter().map(|offset| whole[u64::from_be_bytes(*offset) as usize + 5]).collect()
}

#[test]
fn a_finished_recording_is_a_plain_file() {
    let (_place, folder) = folder();
    record(&folder, None, 0..50).expect("the disk takes it");
    assert_eq!(pictures(&folder), (0..50).collect::<Vec<u8>>());
    let recording = open(&folder, Wanted::Playlist(UnixMs(0))).expect("a finished recording");
    assert_eq!(recording.duration(), Ticks90k(50 * 3000));
    assert!(recording.playlist(UnixMs(0)).concat().ends_with(b"#EXT-X-ENDLIST\n"));
}

/// Many tiny pictures: the recording has several times the film's size, which is known before it is made.
#[test]
fn the_recording_of_a_film_is_as_large_as_was_reckoned() {
    let (_place, folder) = folder();
    record(&folder, None, 0..250).expect("the disk takes it");
    let recording = open(&folder, Wanted::Head).expect("a finished recording");
    std::fs::write(folder.film(SHARE), whole(&recording)).expect("a plain file is a film");
    let mut film = Film::open(&folder.film(SHARE), UnixMs(0), Cuts::Recoded).expect("a good film");
    let size = film.about().size;
    let other = ShareId([6; 10]);
    let mut made = FilmRecording::create(&folder, other).expect("there is room");
    let (mut out, mut more) = (Vec::new(), true);
    while more {
        more = film.next(&mut out).expect("a good film");
        out.drain(..).try_for_each(|item| made.take(&item)).expect("there is room");
    }
    made.finish().expect("there is room");
    let real = folder.recording_bytes(other);
    assert!(real > 5 * 45 * 250, "{real} bytes");
    assert!(real <= size && size <= real + 200, "{real} bytes, reckoned {size}");
    let used = folder.used_by_share().expect("the folder is there");
    assert_eq!(used.get(&other), Some(&real));
    assert_eq!(used[&SHARE], folder.recording_bytes(SHARE), "the film itself is no recording");
}

#[test]
fn opus_is_recorded_and_known_again() {
    let (_place, folder) = folder();
    let opus = opus::params(2, 0).expect("two channels");
    let hub = Hub::new(1, Some(RECORDER));
    let (tell, told) = mpsc::channel();
    let (backlog, written) = (hub.backlog().clone(), folder.clone());
    let disk = std::thread::spawn(move || writer::run(&written, &backlog, &Done(tell)));
    let (mut publisher, stream) = hub.open(SHARE, Some(opus.clone().into()), None, UnixMs(0)).expect("there is room");
    let params = params();
    for n in 0..20 {
        let (pts, params) = (Ticks90k(n * 3600), params.clone());
        let data = Bytes::from_static(&[0, 0, 0, 2, 0x65, 1]);
        let picture = VideoFrame { pts, dts: pts, key: n % 10 == 0, params, data };
        let sound = |pts| Frame::Audio(AudioFrame { pts, data: Bytes::from_static(&[0xFC, 1, 2]) });
        let mut frames = vec![Frame::Video(picture), sound(pts), sound(pts + Ticks90k(1800))];
        publisher.write(&mut frames, UnixMs(0));
    }
    publisher.end();
    hub.close_recording(&stream.expect("it is new"));
    told.recv().expect("the disk says what became of it").expect("the disk takes it");
    hub.backlog().close();
    disk.join().expect("the disk's thread ends well");

    std::fs::remove_file(folder.index(SHARE)).expect("the index is there");
    let recording = open(&folder, Wanted::Head).expect("it can be indexed again");
    assert_eq!(recording.audio.as_deref(), Some(&opus));
    let whole = whole(&recording);
    let mut opener = Opener::new(whole.len() as u64, Cuts::AtKeys);
    let movie = loop {
        let Ask { offset, length } = opener.ask();
        let answer = opener.answer(Bytes::copy_from_slice(&whole[offset as usize..][..length]));
        if let Some(movie) = answer.expect("a plain file") {
            break movie;
        }
    };
    let heard = movie.samples().filter(|sample| sample.purpose == Purpose::Sound);
    let times: Vec<_> = heard.map(|sample| (sample.pts.0, sample.duration.0)).collect();
    // What came with the last picture waits for one more, in vain.
    assert_eq!(times, (0..38).map(|n| (n * 1800, 1800)).collect::<Vec<_>>());
}

#[test]
fn a_recording_goes_on_after_a_power_cut() {
    let (_place, folder) = folder();
    record(&folder, None, 0..25).expect("the disk takes it");
    let video = std::fs::File::options().write(true).open(folder.video(SHARE)).expect("it is there");
    video.set_len(video.metadata().expect("it is there").len() - 10).expect("it can be cut");
    let library = Library::new(folder.clone());
    let past = block_on(library.past(SHARE, UnixMs(0))).expect("it can be mended").expect("most of it is whole");
    assert_eq!(past.duration(), Ticks90k(24 * 3000));
    assert!(block_on(library.past(SHARE, UnixMs(0))).is_err(), "it is being written");
    assert!(block_on(library.open(SHARE, Wanted::Segments)).is_err(), "it is being written");
    record(&folder, Some(past), 100..115).expect("the disk goes on");
    library.release(SHARE);
    assert_eq!(pictures(&folder), (0..24).chain(100..115).collect::<Vec<u8>>());
    let recording = block_on(library.open(SHARE, Wanted::Segments)).expect("a finished recording");
    assert_eq!(recording.duration(), Ticks90k(39 * 3000), "one timeline");
    assert_eq!(recording.init_segments.len(), 2);
}

/// Twice there is no room: what was streamed meanwhile is missing, and the file plays across it.
#[test]
fn a_recording_goes_on_once_there_is_room_again() {
    const STEP: i64 = 9000;
    let (_place, folder) = folder();
    let hub = Hub::new(1, Some(RECORDER));
    let (tell, told) = mpsc::channel();
    let (backlog, written) = (hub.backlog().clone(), folder.clone());
    let disk = std::thread::spawn(move || writer::run(&written, &backlog, &Done(tell)));
    let (mut publisher, stream) = hub.open(SHARE, None, None, UnixMs(0)).expect("there is room");
    let stream = stream.expect("it is new");
    let params = Arc::new(VideoParams { frame_duration: Some(Ticks90k(STEP)), ..(*params()).clone() });
    let mut publish = |numbers: std::ops::Range<u8>| {
        for number in numbers {
            let (pts, params) = (Ticks90k(i64::from(number) * STEP), params.clone());
            let data = [&[0, 0, 0, 40, 0x65][..], &[number; 39]].concat().into();
            let frame = VideoFrame { pts, dts: pts, key: number % 10 == 0, params, data };
            publisher.write(&mut vec![Frame::Video(frame)], UnixMs(0));
        }
    };
    let on_disk = |pictures: usize| {
        let count =
            || std::fs::read(folder.video(SHARE)).map_or(0, |file| file.windows(4).filter(|f| f == b"mdat").count());
        while count() < pictures {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    };
    // So few that all are in memory still when it pauses, however fast the disk takes them.
    publish(0..15);
    on_disk(15);
    for (lost, recorded, pictures) in [(15..83, 83..157, 15 + 67), (157..164, 164..250, 15 + 67 + 80)] {
        hub.pause_recording(&stream, "no room");
        assert_eq!(told.recv().expect("it is said"), Err("no room".to_owned()));
        assert!(matches!(stream.recording(), RecordingState::Paused(_)));
        publish(lost);
        // A full disk takes a part of what it is given.
        let mut file = std::fs::File::options().append(true).open(folder.video(SHARE)).expect("it is there");
        std::io::Write::write_all(&mut file, b"\0\0\0\x20prft\0").expect("written");
        hub.resume_recording(&stream);
        told.recv().expect("it is said").expect("that it goes on");
        publish(recorded);
        on_disk(pictures);
    }
    let file = std::fs::read(folder.video(SHARE)).expect("it is there");
    let places: Vec<_> = (0..)
        .map_while(|number| Fmp4::of(&stream).span(number, None).ok().flatten())
        .map(|span| (span.start, Fmp4::of(&stream).recorded_at(&span)))
        .collect();
    for (start, place) in &places {
        let Some(at) = place.map(|at| at as usize) else { continue };
        assert_eq!(&file[at + 4..at + 8], b"prft", "a segment begins there");
        let media = at + file[at..].windows(4).position(|four| four == b"mdat").expect("its media");
        assert_eq!(i64::from(file[media + 9]) * STEP, start.0, "and it is that one");
    }
    let here = places.iter().filter(|(_, place)| place.is_some()).count();
    assert!(here > 2 && here < places.len(), "some are in the file, some in the gaps: {places:?}");
    let playlist = Fmp4::of(&stream).playlist(Reload::default()).expect("fits").expect("there is one");
    let playlist = String::from_utf8_lossy(&playlist.concat()).into_owned();
    let first = playlist.split_once("MEDIA-SEQUENCE:").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
    let first: u64 = first.expect("a number");
    assert!(first > 2, "what is gone isn't listed");
    for number in first..places.len() as u64 {
        let span = Fmp4::of(&stream).span(number, None).ok().flatten().expect("it is closed");
        let fmp4 = Fmp4::of(&stream);
        assert!(fmp4.pieces(&span).is_some() || fmp4.recorded_at(&span).is_some(), "{number} can be had");
    }
    publisher.end();
    hub.close_recording(&stream);
    told.recv().expect("it is said").expect("closed");
    hub.backlog().close();
    disk.join().expect("the disk's thread ends well");

    assert_eq!(pictures(&folder), (0..15).chain(90..157).chain(170..250).collect::<Vec<u8>>());
    for without_index in [false, true] {
        if without_index {
            std::fs::remove_file(folder.index(SHARE)).expect("it is there");
        }
        let recording = open(&folder, Wanted::Playlist(UnixMs(0))).expect("a finished recording");
        assert_eq!(recording.duration(), Ticks90k(250 * STEP), "its own times hold");
        let records = decode(&std::fs::read(folder.index(SHARE)).expect("it is there"));
        let times = records.iter().filter_map(|record| match record {
            Record::Sample(sample) => Some(sample.decode_time / STEP as u64),
            _ => None,
        });
        assert_eq!(times.collect::<Vec<_>>(), (0..15).chain(90..157).chain(170..250).collect::<Vec<u64>>());
        let playlist = recording.playlist(UnixMs(0)).concat();
        let cuts = String::from_utf8_lossy(&playlist).matches("#EXT-X-DISCONTINUITY\n").count();
        assert_eq!(cuts, 2, "players are told of each");
    }
}

#[test]
fn a_recording_is_never_overwritten() {
    let (_place, folder) = folder();
    record(&folder, None, 0..5).expect("the disk takes it");
    assert!(record(&folder, None, 0..5).is_err());
    assert_eq!(pictures(&folder).len(), 5);
}

/// Pictures with pauses between them, each of which is told in the playlist.
#[test]
fn a_recording_has_an_end_and_its_stream_goes_on() {
    let (_place, folder) = folder();
    let hub = Hub::new(1, Some(RECORDER));
    let (tell, told) = mpsc::channel();
    let (backlog, written) = (hub.backlog().clone(), folder.clone());
    let disk = std::thread::spawn(move || writer::run(&written, &backlog, &Done(tell)));
    let (mut publisher, stream) = hub.open(SHARE, None, None, UnixMs(0)).expect("there is room");
    let stream = stream.expect("it is new");
    let params = params();
    let mut number = 0;
    let reason = loop {
        let pts = Ticks90k(number * 3 * Ticks90k::PER_SECOND);
        let data = Bytes::from_static(&[0, 0, 0, 2, 0x65, 1]);
        let frame = VideoFrame { pts, dts: pts, key: true, params: params.clone(), data };
        publisher.write(&mut vec![Frame::Video(frame)], UnixMs(0));
        number += 1;
        assert!(number < 200_000, "it has no end");
        if number % 1000 == 0 {
            // As fast as the disk, as every publisher is.
            let newest = Fmp4::of(&stream).span(number as u64 - 2, None).expect("fits").expect("it is closed");
            while stream.recording() == RecordingState::On && stream.recorded_bytes() < newest.offset {
                std::thread::yield_now();
            }
        }
        match told.try_recv() {
            Ok(result) => break result.expect_err("it is not complete"),
            Err(_) => std::thread::yield_now(),
        }
    };
    assert!(reason.contains("24 hours"), "{reason}");
    let next = VideoFrame {
        pts: Ticks90k(number * 3 * Ticks90k::PER_SECOND),
        dts: Ticks90k(number * 3 * Ticks90k::PER_SECOND),
        key: true,
        params,
        data: Bytes::from_static(&[0, 0, 0, 2, 0x65, 1]),
    };
    publisher.write(&mut vec![Frame::Video(next)], UnixMs(0));
    let playlist = Fmp4::of(&stream).playlist(Reload::default()).expect("a good question").expect("it flows").concat();
    assert!(playlist.len() < 10_000, "only what can be had is listed");
    publisher.end();
    hub.close_recording(&stream);
    hub.backlog().close();
    disk.join().expect("the disk's thread ends well");
    let recording = open(&folder, Wanted::Playlist(UnixMs(0))).expect("what was recorded can be played");
    assert!(recording.duration() > Ticks90k::from_ms(10 * 3_600_000), "{:?}", recording.duration());
    let playlist: usize = recording.playlist(UnixMs(0)).iter().map(Bytes::len).sum();
    assert!(playlist < limits::PLAYLIST_BYTES + limits::PLAYLIST_BYTES / 4, "{playlist}");
}

#[test]
fn a_long_head_lies_on_the_disk_as_long_as_it_is_true() {
    let (_place, folder) = folder();
    record(&folder, None, 0..50).expect("the disk takes it");
    let index = decode(&std::fs::read(folder.index(SHARE)).expect("it is there"));
    let samples =
        || index.iter().filter_map(|record| if let Record::Sample(sample) = record { Some(*sample) } else { None });
    // The same samples again and again: a long index.
    let times = limits::HEAD_BYTES / 50 / 12 + 1;
    let many: Vec<Record> = (0..times).flat_map(|_| samples()).map(Record::Sample).collect();
    let (first, end) = (&index[..2], index.last().expect("its end"));
    let long: Vec<u8> = first.iter().chain(&many).chain([end]).flat_map(Record::encode).collect();
    std::fs::write(folder.index(SHARE), long).expect("it can be written");
    let recording = open(&folder, Wanted::Head).expect("a finished recording");
    assert!(matches!(recording.head.get(), Some(Head::File(path)) if *path == folder.head(SHARE)));
    whole(&recording);
    assert!(!folder.unfinished_head(SHARE).exists());

    let again = open(&folder, Wanted::Head).expect("a finished recording");
    assert!(matches!(again.head.get(), Some(Head::File(_))), "it is taken as it lies there");
    let past = block_on(Library::new(folder.clone()).past(SHARE, UnixMs(0))).expect("it can be mended");
    assert!(past.is_some() && !folder.head(SHARE).exists(), "the recording changes");
    open(&folder, Wanted::Head).expect("a finished recording");
    folder.delete(SHARE).expect("it can be deleted");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_recording_is_opened_once_for_all_who_ask() {
    let (_place, folder) = folder();
    record(&folder, None, 0..50).expect("the disk takes it");
    let other = ShareId([6; 10]);
    std::fs::copy(folder.video(SHARE), folder.video(other)).expect("a copy");
    let library = Library::new(folder);
    let turn = block_on(library.turn(SHARE));
    let wanted = Wanted::Playlist(UnixMs(0));
    let mut waiting: Vec<_> = (0..limits::LIBRARY_WAITERS).map(|_| Box::pin(library.open(SHARE, wanted))).collect();
    assert!(waiting.iter_mut().all(|open| block_on(poll_once(open)).is_none()), "they wait for the one who has it");
    let refused = block_on(library.open(SHARE, wanted)).map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(std::io::ErrorKind::ResourceBusy), "and no more than so many");
    waiting.pop();
    let opened = block_on(library.open(other, Wanted::Segments));
    assert_eq!(opened.expect("nobody has another one").duration(), Ticks90k(50 * 3000));
    drop(turn);
    let opened: Vec<_> = waiting.into_iter().map(|open| block_on(open).expect("a finished recording")).collect();
    assert!(opened.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])));
    let pieces = |recording: &FinishedRecording| recording.playlist(UnixMs(0))[0].as_ptr();
    let again = block_on(library.open(SHARE, wanted)).expect("a finished recording");
    assert_eq!(pieces(&again), pieces(&opened[0]), "its playlist was written once");
}

#[test]
fn recordings_are_kept_open_by_their_bytes() {
    let (_place, folder) = folder();
    record(&folder, None, 0..50).expect("the disk takes it");
    let shares: Vec<_> = (10..40).map(|number| ShareId([number; 10])).collect();
    for share in &shares {
        std::fs::copy(folder.video(SHARE), folder.video(*share)).expect("a copy");
    }
    let library = Library::new(folder);
    let ask = |share| block_on(library.open(share, Wanted::Segments)).expect("a finished recording");
    let small: Vec<_> = shares.iter().map(|share| ask(*share)).collect();
    assert!(Arc::ptr_eq(&small[0], &ask(shares[0])), "small ones are many");
    let segments = || {
        let mut segments = Segments::default();
        for number in 0..40_000 {
            let start = Ticks90k(number * Ticks90k::PER_SECOND);
            let (duration, init_segment) = (Ticks90k(Ticks90k::PER_SECOND), 0);
            let (picture, key, offset, size) = (true, true, 0, 0);
            let number = number as u64;
            segments.push(&FragmentMeta { number, start, duration, picture, key, offset, size, init_segment });
        }
        segments
    };
    for number in 0..8 {
        let plan = Measure::default().plan(&[], None, 0);
        let large = FinishedRecording::new("x".into(), 0, plan, Vec::new(), None, segments(), Ticks90k(0));
        assert!(large.held_bytes() > limits::LIBRARY_BYTES / 8);
        library.keep(ShareId([number; 10]), &Arc::new(large));
    }
    let held = (0..8).filter(|number| library.kept(ShareId([*number; 10])).is_some()).count();
    assert!((1..8).contains(&held), "{held} large ones");
    assert!(library.kept(ShareId([7; 10])).is_some(), "the newest is among them");
    assert!(library.kept(shares[0]).is_none());
}

#[test]
fn nothing_playable_leaves_nothing() {
    let (_place, folder) = folder();
    std::fs::write(folder.video(SHARE), b"\0\0\0\x18ftyp").expect("it can be written");
    assert_eq!(repair(&folder, SHARE).expect("no error"), None);
    assert!(!folder.video(SHARE).exists());
    assert_eq!(repair(&folder, SHARE).expect("no error"), None, "there is none");
}

/// Pieces that were taken for whole because of the bytes behind them: found by fuzzing.
#[test]
fn what_was_mended_is_whole() {
    let (_place, folder) = folder();
    record(&folder, None, 0..3).expect("the disk takes it");
    let good = std::fs::read(folder.video(SHARE)).expect("it is there");
    let last = good.windows(4).rposition(|four| four == b"prft").expect("a fragment") - 4;
    let media = good.windows(4).rposition(|four| four == b"mdat").expect("its media") - 4;
    let (fragment, start) = (&good[last..], &good[last..media]);
    let without_media = [start, &[0, 0, 0, 8], b"mdat", &[0, 0, 2, 0xB3, 7, 7]].concat();
    let mut of_another_kind = [fragment, fragment].concat();
    let kind = start.windows(4).position(|four| four == b"moof").expect("a fragment's head");
    of_another_kind[kind..kind + 4].copy_from_slice(b"moov");
    for behind in [without_media, of_another_kind] {
        std::fs::write(folder.video(SHARE), [&good[..], &behind].concat()).expect("it can be written");
        let _ = std::fs::remove_file(folder.index(SHARE));
        for _ in 0..2 {
            assert_eq!(repair(&folder, SHARE).expect("no error"), Some(good.len() as u64));
        }
        assert_eq!(pictures(&folder), [0, 1, 2]);
    }
}

#[test]
fn a_box_that_is_larger_than_numbers_go_is_cut_off() {
    let (_place, folder) = folder();
    record(&folder, None, 0..3).expect("the disk takes it");
    let good = std::fs::read(folder.video(SHARE)).expect("it is there");
    // The one that ends where the file begins, counted past the largest number, would be read for ever.
    for size in [u64::MAX, u64::MAX - good.len() as u64 + 1] {
        let behind = [&[0, 0, 0, 1], &b"free"[..], &size.to_be_bytes()].concat();
        std::fs::write(folder.video(SHARE), [&good[..], &behind].concat()).expect("it can be written");
        let _ = std::fs::remove_file(folder.index(SHARE));
        assert_eq!(repair(&folder, SHARE).expect("no error"), Some(good.len() as u64));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_is_cut_or_empty_the_whole_fragments_stay(cut in 0.0_f64..1.0, empty in 0_usize..600, keep_index: bool) {
        let (_place, folder) = folder();
        record(&folder, None, 0..30).expect("the disk takes it");
        let mut bytes = std::fs::read(folder.video(SHARE)).expect("it is there");
        let before = decode(&std::fs::read(folder.index(SHARE)).expect("it is there"));
        bytes.truncate((bytes.len() as f64 * cut) as usize);
        let whole = bytes.len().saturating_sub(empty);
        bytes[whole..].fill(0);
        std::fs::write(folder.video(SHARE), &bytes).expect("it can be written");
        if !keep_index {
            std::fs::remove_file(folder.index(SHARE)).expect("it is there");
        }
        let mended = repair(&folder, SHARE).expect("it can be mended");
        let end = |record: &Record| match record {
            Record::Fragment { offset, size, .. } => offset + u64::from(*size),
            _ => 0,
        };
        let expected = before.iter().map(end).filter(|end| *end <= whole as u64).max().filter(|end| *end > 0);
        match (mended, expected) {
            (Some(size), Some(expected)) => {
                // Zeros may begin within a fragment's media, where nothing tells them from media.
                prop_assert!(size >= expected && size <= bytes.len() as u64);
                let after = decode(&std::fs::read(folder.index(SHARE)).expect("it was made anew"));
                prop_assert_eq!(after.last(), Some(&Record::End { size }));
                prop_assert!(before.starts_with(&after[..after.len() - 1]));
                prop_assert!(!pictures(&folder).is_empty());
            }
            (mended, None) => prop_assert!(mended.is_none() || empty > 0),
            (None, Some(_)) => prop_assert!(false, "whole fragments were thrown away"),
        }
    }
}
