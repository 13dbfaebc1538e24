//! A stream that goes on behind its recording after the gateway was stopped: what was promised of it holds, and it begins
//! where its pictures ended.

use super::*;
use crate::live::{Publisher, Stream};

/// A stream and the disk's thread that records it.
struct House {
    hub: Hub,
    disk: std::thread::JoinHandle<()>,
    told: mpsc::Receiver<Result<(), String>>,
    publisher: Publisher,
    stream: Arc<Stream>,
    params: Arc<VideoParams>,
}

impl House {
    /// Of pictures of which nothing says how long they are shown.
    fn begin(folder: &Folder, past: Option<FinishedRecording>) -> Self {
        let hub = Hub::new(1, Some(RECORDER));
        let (tell, told) = mpsc::channel();
        let (backlog, folder) = (hub.backlog().clone(), folder.clone());
        let disk = std::thread::spawn(move || writer::run(&folder, &backlog, &Done(tell)));
        let (publisher, stream) = hub.open(SHARE, None, past.map(Into::into), UnixMs(0)).expect("there is room");
        let params = Arc::new(VideoParams { frame_duration: None, ..(*params()).clone() });
        Self { hub, disk, told, publisher, stream: stream.expect("it is new"), params }
    }

    fn picture(&mut self, time: i64, key: bool) {
        let (pts, params) = (Ticks90k(time), self.params.clone());
        let data = Bytes::from_static(&[0, 0, 0, 2, 0x65, 7]);
        self.publisher.write(&mut vec![Frame::Video(VideoFrame { pts, dts: pts, key, params, data })], UnixMs(0));
    }

    /// What its playlist promises.
    fn promises(&self) -> Vec<String> {
        let playlist = Fmp4::of(&self.stream).playlist(Reload::default()).expect("fits").expect("there is one");
        let text = String::from_utf8(playlist.concat()).expect("text");
        let tags = ["#EXT-X-TARGETDURATION", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL"];
        text.lines().filter(|line| tags.iter().any(|tag| line.starts_with(tag))).map(str::to_owned).collect()
    }

    /// The gateway stops; the stream will go on behind what this gives.
    fn stop(self, folder: &Folder) -> FinishedRecording {
        self.publisher.end();
        self.hub.close_recording(&self.stream);
        self.told.recv().expect("it is said").expect("that it is closed");
        self.hub.backlog().close();
        self.disk.join().expect("the disk's thread ends well");
        // Whatever the index was, all is in the recording.
        std::fs::remove_file(folder.index(SHARE)).expect("it is there");
        let past = block_on(Library::new(folder.clone()).past(SHARE, UnixMs(0)));
        past.expect("it can be read").expect("there is one")
    }
}

/// A disk that is full at first records nothing of what the promises were chosen by.
#[test]
fn what_was_promised_is_kept_though_the_disk_was_full_then() {
    let (_place, folder) = folder();
    let mut house = House::begin(&folder, None);
    house.hub.pause_recording(&house.stream, "no room");
    assert_eq!(house.told.recv().expect("it is said"), Err("no room".to_owned()));
    let mut time = 0;
    let mut publish = |house: &mut House, pictures: u32, step: i64| {
        for number in 0..pictures {
            house.picture(time, number % 15 == 0);
            time += step;
        }
    };
    publish(&mut house, 30, 2910);
    let promised = house.promises();
    house.hub.resume_recording(&house.stream);
    house.told.recv().expect("it is said").expect("that it goes on");
    publish(&mut house, 60, 3060);
    assert_eq!(house.promises(), promised);
    let mut again = House::begin(&folder, Some(house.stop(&folder)));
    assert_eq!(again.promises(), promised);
    publish(&mut again, 30, 3000);
    assert_eq!(again.promises(), promised);
    drop(again.stop(&folder));
}

/// A stream of which one picture came for long: somebody asked, and what was promised then holds, whatever comes.
#[test]
fn what_was_promised_of_a_slow_stream_is_kept() {
    let (_place, folder) = folder();
    let mut house = House::begin(&folder, None);
    house.picture(0, true);
    let fmp4 = Fmp4::of(&house.stream);
    assert!(fmp4.awaits_rate() && fmp4.playlist(Reload::default()) == Ok(None));
    fmp4.promise_slow();
    let promised = house.promises();
    assert_eq!(promised.iter().filter(|tag| tag.contains("PART")).count(), 0, "{promised:?}");
    for number in 0..60 {
        house.picture(500_000 + number * 3000, number == 0);
    }
    assert_eq!(house.promises(), promised);
    let again = House::begin(&folder, Some(house.stop(&folder)));
    assert_eq!(again.promises(), promised);
    drop(again.stop(&folder));
}

/// A picture that is a second late leaves the decode clock behind the pictures, in which the gateway stops.
#[test]
fn it_begins_where_its_pictures_ended() {
    let (_place, folder) = folder();
    let mut house = House::begin(&folder, None);
    for number in 0..34 {
        house.picture(number * 3000 + if number < 30 { 0 } else { 81_000 }, number == 0);
    }
    let past = house.stop(&folder);
    assert!(past.duration() < Ticks90k(34 * 3000 + 81_000 - 45_000), "the clock is behind: {:?}", past.duration());
    let mut again = House::begin(&folder, Some(past));
    again.picture(0, true);
    again.picture(3000, false);
    assert_eq!(again.stream.duration(), Ticks90k(34 * 3000 + 81_000 + 2 * 3000));
    drop(again.stop(&folder));
}
