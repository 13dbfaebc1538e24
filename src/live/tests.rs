//! The room's behaviour as its users see it: without any form that frames are brought into.

use std::sync::Arc;

use crate::ground::frame::{Frame, VideoFrame, VideoParams};
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::live::{Hub, News, OpenError, Publisher, Sink, Source, Status, Stream};
use crate::wire::h264::params::ParameterSets;
use crate::wire::h264::params::tests::{PPS, SPS_360};

const SHARE: ShareId = ShareId([7; 10]);
const NOW: UnixMs = UnixMs(1_700_000_000_000);

/// Counts what it is shown.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counter {
    frames: u64,
    ended: bool,
}

impl Sink for Counter {
    fn frame(&mut self, source: &mut Source, news: &mut News) {
        self.frames += 1;
        news.more |= source.frames.newest().is_some();
    }

    fn ended(&mut self, _: &mut Source) {
        self.ended = true;
    }
}

fn open(hub: &Hub) -> (Publisher, Arc<Stream>) {
    let (publisher, stream) = hub.open(SHARE, None, None, NOW).expect("there is room");
    (publisher, stream.expect("it is new"))
}

/// Publishes pictures `from..to` of so many bytes, a key frame every `group`.
fn publish(publisher: &mut Publisher, from: i64, to: i64, group: i64, bytes: usize) {
    let mut sets = ParameterSets::default();
    sets.take(SPS_360);
    sets.take(PPS);
    let params: Arc<VideoParams> = sets.current().expect("good sets");
    for number in from..to {
        let (pts, params) = (Ticks90k(number * 3000), params.clone());
        let (key, data) = (number % group == 0, vec![number as u8; bytes].into());
        publisher.write(&mut vec![Frame::Video(VideoFrame { pts, dts: pts, key, params, data })], NOW);
    }
}

/// The numbers of the frames that are kept.
fn kept(stream: &Stream) -> std::ops::Range<u64> {
    let frames = &stream.lock().source.frames;
    frames.first_number()..frames.next_number()
}

#[test]
fn the_newest_group_is_kept_and_a_little_more() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 100, 30, 100);
    assert_eq!(kept(&stream), 84..100, "half a second, as the group began not long ago");
    publish(&mut publisher, 100, 118, 30, 100);
    assert_eq!(kept(&stream), 90..118);
    let source = &stream.lock().source;
    let newest_key = source.frames.newest_key().expect("it is kept");
    assert!(newest_key == 90 && source.frames.get(90).is_some_and(|frame| frame.is_key()));
    assert_eq!((source.frames.get(89).is_some(), source.duration()), (false, Ticks90k(118 * 3000)));
}

#[test]
fn memory_is_bounded_even_without_key_frames() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 70, 1000, 1 << 20);
    let kept = kept(&stream);
    assert!((kept.end - kept.start) as usize * (1 << 20) <= limits::STREAM_BYTES, "{kept:?} are kept");
    assert_eq!(stream.lock().source.frames.newest_key(), None);
}

#[test]
fn a_sink_is_made_once_and_shown_every_frame() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 3, 10, 100);
    let count = |stream: &Stream| stream.with(|_| Counter::default(), |counter, _| (counter.frames, counter.ended));
    assert_eq!(count(&stream), (0, false), "it is made when it is asked for");
    publish(&mut publisher, 3, 5, 10, 100);
    assert_eq!(count(&stream), (2, false));
    publisher.end();
    assert_eq!(count(&stream), (2, true));
}

#[test]
fn a_stream_goes_on_after_its_publisher_was_lost() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 5, 10, 100);
    assert_eq!(hub.open(SHARE, None, None, NOW).err(), Some(OpenError::AlreadyPublishing));
    drop(publisher);
    assert_eq!(stream.status(), Status::Interrupted);
    let (mut publisher, again) = hub.open(SHARE, None, None, NOW).expect("it may come back");
    assert!(again.is_none(), "the same stream goes on");
    publish(&mut publisher, 1, 12, 10, 100);
    assert_eq!(stream.duration(), Ticks90k(7 * 3000), "from the next key frame on, without a gap");
    assert_eq!((kept(&stream), stream.counts().pictures, stream.counts().bytes), (0..7, 16, 700));
}

#[test]
fn a_key_frame_is_wanted_by_whoever_begins_to_watch_unless_there_was_one_a_moment_ago() {
    let hub = Hub::new(1, None);
    let (mut publisher, stream) = open(&hub);
    publish(&mut publisher, 0, 30, 1000, 100);
    stream.want_key_frame();
    assert!(!publisher.is_key_frame_wanted(), "the newest is a second old");
    publish(&mut publisher, 30, 32, 1000, 100);
    assert!(!publisher.is_key_frame_wanted(), "nobody begins to watch");
    stream.want_key_frame();
    publish(&mut publisher, 32, 34, 1000, 100);
    assert!(publisher.is_key_frame_wanted());
    publish(&mut publisher, 34, 36, 35, 100);
    assert!(!publisher.is_key_frame_wanted(), "it has come");
    publish(&mut publisher, 36, 60, 1000, 1 << 20);
    stream.want_key_frame();
    assert!(publisher.is_key_frame_wanted(), "none is kept");
}
