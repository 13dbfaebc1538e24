//! Recordings that go on in the file they have: what a stream's end, a long file and other streams have to do with it.

use std::collections::HashMap;
use std::sync::Mutex;

use super::*;
use crate::live::{Publisher, Stream};
use crate::recording::mender::{self, Mender};
use crate::recording::writer::Disk;

const OTHER: ShareId = ShareId([6; 10]);

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Complete(ShareId),
    Failed(ShareId, String),
    Resumed(ShareId),
}

struct Hears(mpsc::Sender<Heard>);

impl RecordingObserver for Hears {
    fn complete(&self, share: ShareId) {
        let _ = self.0.send(Heard::Complete(share));
    }

    fn failed(&self, share: ShareId, reason: &str) {
        let _ = self.0.send(Heard::Failed(share, reason.to_owned()));
    }

    fn resumed(&self, share: ShareId) {
        let _ = self.0.send(Heard::Resumed(share));
    }
}

/// A hub and its disk's thread, on which every file takes to be made ready until it is let go.
struct House {
    place: TempDir,
    folder: Folder,
    hub: Hub,
    heard: mpsc::Receiver<Heard>,
    /// Says that a file is about to be made ready.
    begun: mpsc::Receiver<ShareId>,
    lets_go: mpsc::Sender<()>,
    disk: std::thread::JoinHandle<()>,
}

fn house() -> House {
    let (place, folder) = folder();
    let hub = Hub::new(8, Some(RECORDER));
    let (tell, heard) = mpsc::channel();
    let (begins, begun) = mpsc::channel();
    let (lets_go, let_go) = mpsc::channel();
    let (backlog, written, let_go) = (hub.backlog().clone(), folder.clone(), Mutex::new(let_go));
    let disk = std::thread::spawn(move || {
        let method = mender::method(written.clone());
        let slow = move |stream: &Stream| {
            begins.send(stream.share()).expect("the test hears");
            let_go.lock().expect("one at a time").recv().expect("the test lets go");
            method(stream)
        };
        let mender = Mender::new(Box::new(slow), backlog.clone());
        Disk { folder: &written, observer: &Hears(tell), open: HashMap::new(), mender }.run(&backlog);
    });
    House { place, folder, hub, heard, begun, lets_go, disk }
}

fn publish(publisher: &mut Publisher, numbers: std::ops::Range<u8>, bytes: usize) {
    let params = params();
    for number in numbers {
        let (pts, params) = (Ticks90k(i64::from(number) * 3000), params.clone());
        let data = [&(bytes as u32).to_be_bytes()[..], &[0x65], &vec![number; bytes - 1]].concat().into();
        let frame = VideoFrame { pts, dts: pts, key: number % 10 == 0, params, data };
        publisher.write(&mut vec![Frame::Video(frame)], UnixMs(0));
    }
}

impl House {
    fn open(&self, share: ShareId) -> (Publisher, Arc<Stream>) {
        let (publisher, stream) = self.hub.open(share, None, None, UnixMs(0)).expect("there is room");
        (publisher, stream.expect("it is new"))
    }

    fn hears(&self) -> Heard {
        self.heard.recv().expect("the disk says it")
    }

    /// Waits until the disk has all of `pictures` pictures of `share`.
    fn has(&self, share: ShareId, pictures: usize) {
        let count =
            || std::fs::read(self.folder.video(share)).map_or(0, |f| f.windows(4).filter(|f| f == b"mdat").count());
        while count() < pictures {
            std::thread::yield_now();
        }
    }

    /// A stream with five pictures on the disk, whose recording waits for room.
    fn paused(&self) -> (Publisher, Arc<Stream>) {
        let (mut publisher, stream) = self.open(SHARE);
        publish(&mut publisher, 0..5, 40);
        self.has(SHARE, 5);
        self.hub.pause_recording(&stream, "no room");
        assert_eq!(self.hears(), Heard::Failed(SHARE, "no room".into()));
        (publisher, stream)
    }

    /// Its disk's thread has ended, with everything written; the place, and the records of a share's index.
    fn stops(self, share: ShareId) -> (TempDir, Vec<Record>) {
        self.hub.backlog().close();
        self.disk.join().expect("the disk's thread ends well");
        let records = decode(&std::fs::read(self.folder.index(share)).expect("there is an index"));
        (self.place, records)
    }
}

fn is_closed((_, records): &(TempDir, Vec<Record>)) -> bool {
    matches!(records.last(), Some(Record::End { .. }))
}

/// The stream ends while its file is made ready, and just after.
#[test]
fn a_recording_that_goes_on_as_its_stream_ends_is_closed() {
    for ends_first in [true, false] {
        let house = house();
        let (mut publisher, stream) = house.paused();
        publish(&mut publisher, 5..8, 40);
        house.hub.resume_recording(&stream);
        assert_eq!(house.begun.recv(), Ok(SHARE));
        if ends_first {
            house.hub.end(SHARE);
            assert!(!stream.is_settled(), "its file is in work: nobody else may touch it");
            house.lets_go.send(()).expect("it waits");
        } else {
            house.lets_go.send(()).expect("it waits");
            assert_eq!(house.hears(), Heard::Resumed(SHARE));
            publish(&mut publisher, 10..13, 40);
            house.hub.end(SHARE);
        }
        assert_eq!(house.hears(), Heard::Complete(SHARE), "ends first: {ends_first}");
        assert!(stream.is_settled() && stream.recording() == RecordingState::Complete);
        assert!(is_closed(&house.stops(SHARE)));
    }
}

/// The gateway stops while a file is made ready.
#[test]
fn a_recording_is_closed_before_the_disks_thread_ends() {
    let house = house();
    let (_publisher, stream) = house.paused();
    house.hub.resume_recording(&stream);
    assert_eq!(house.begun.recv(), Ok(SHARE));
    house.hub.end(SHARE);
    house.hub.backlog().close();
    house.lets_go.send(()).expect("it waits");
    assert!(is_closed(&house.stops(SHARE)));
    assert_eq!(stream.recording(), RecordingState::Complete);
}

#[test]
fn others_are_recorded_while_a_long_file_is_made_ready() {
    let house = house();
    let (mut publisher, stream) = house.paused();
    house.hub.resume_recording(&stream);
    assert_eq!(house.begun.recv(), Ok(SHARE));
    let (mut other, other_stream) = house.open(OTHER);
    publish(&mut other, 0..20, 1000);
    house.has(OTHER, 20);
    house.hub.end(OTHER);
    assert_eq!(house.hears(), Heard::Complete(OTHER), "the other one's file is not waited for");
    assert!(matches!(stream.recording(), RecordingState::Resuming(_)));
    assert_eq!(other_stream.recording(), RecordingState::Complete);
    house.lets_go.send(()).expect("it waits");
    assert_eq!(house.hears(), Heard::Resumed(SHARE));
    publish(&mut publisher, 10..20, 40);
    house.has(SHARE, 15);
    house.hub.end(SHARE);
    assert_eq!(house.hears(), Heard::Complete(SHARE));
    assert!(is_closed(&house.stops(SHARE)));
}

/// Of a stream that goes on after a restart more comes than may wait while its long file is read.
#[test]
fn what_is_too_much_to_wait_is_missing_and_the_recording_goes_on() {
    let house = house();
    record(&house.folder, None, 0..5).expect("the disk takes it");
    let past =
        block_on(Library::new(house.folder.clone()).past(SHARE, UnixMs(0))).expect("it is whole").expect("there");
    let (mut publisher, stream) = house.hub.open(SHARE, None, Some(past.into()), UnixMs(0)).expect("there is room");
    let stream = stream.expect("it is new");
    publish(&mut publisher, 0..1, 1 << 20);
    assert_eq!(house.begun.recv(), Ok(SHARE));
    publish(&mut publisher, 1..30, 1 << 20);
    assert!(matches!(stream.recording(), RecordingState::Paused(_)), "{:?}", stream.recording());
    house.hub.resume_recording(&stream);
    house.lets_go.send(()).expect("it waits");
    let said = house.hears();
    assert!(matches!(&said, Heard::Failed(_, reason) if reason.contains("too slow")), "{said:?}");
    assert_eq!(house.hears(), Heard::Resumed(SHARE), "the file was ready, and is gone on with");
    publish(&mut publisher, 30..33, 40);
    house.has(SHARE, 8);
    house.hub.end(SHARE);
    assert_eq!(house.hears(), Heard::Complete(SHARE));
    let folder = house.folder.clone();
    let stopped = house.stops(SHARE);
    assert!(is_closed(&stopped));
    assert_eq!(pictures(&folder), [0, 1, 2, 3, 4, 30, 31, 32]);
}

#[test]
fn a_file_that_another_was_told_of_is_not_waited_for() {
    let (_place, folder) = folder();
    let hub = Hub::new(8, Some(RECORDER));
    let backlog = hub.backlog().clone();
    let mut mender = Mender::new(mender::method(folder), backlog.clone());
    let opened = [SHARE, OTHER].map(|share| hub.open(share, None, None, UnixMs(0)).expect("there is room"));
    for (_, stream) in &opened {
        mender.begin(stream.as_ref().expect("it is new"));
    }
    let mut made = 0;
    while made < 2 {
        made += backlog.wait().expect("it is open").len();
    }
    assert!(mender.take(SHARE).is_some());
    assert_eq!(mender.wait().expect("the other is ready").share(), OTHER);
    assert!(mender.take(OTHER).is_some() && mender.wait().is_none());
}
