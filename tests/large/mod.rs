//! A gateway in this process with as much in it as may be: recordings at their limits, a household, channels.
#![allow(dead_code)]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use event_listener::Event;
use lareira::config::Config;
use lareira::gateway::Gateway;
use lareira::ground::crypto::TokenHash;
use lareira::ground::frame::{Frame, VideoFrame, VideoParams};
use lareira::ground::id::{SenderId, ShareId, UserId};
use lareira::ground::time::{Ticks90k, UnixMs};
use lareira::live::Hub;
use lareira::package::fmp4::Fmp4;
use lareira::recording::Folder;
use lareira::recording::index::Record;
use lareira::share::ledger::Verdict;
use lareira::share::{
    EndReason, Enrolment, Holder, Kept, Kind, Ledger, LedgerError, MediaInfo, NewUser, Scope, Steward,
};
use lareira::wire::aac::parse_config;
use lareira::wire::address::{PlayAddress, PlayFile};
use lareira::wire::fmp4::progressive::IndexedSample;
use lareira::wire::fmp4::{AUDIO_TRACK, VIDEO_TRACK};
use lareira::wire::h264::params::ParameterSets;
use tempfile::TempDir;

use crate::http_house::Client;

const SPS: &[u8] = &[
    0x67, 0x42, 0xC0, 0x1E, 0xD9, 0x00, 0xA0, 0x2F, 0xF9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03,
    0x00, 0x3C, 0x0F, 0x16, 0x2E, 0x48,
];
const PPS: &[u8] = &[0x68, 0xCB, 0x83, 0xCB, 0x20];
const SOUND_RATE: u64 = 48_000;
/// Places of an inbox that are counted together (`share/rules/inbox.rs`).
const STRETCH: u64 = 256;

/// A gateway with a household, on loopback.
pub struct Large {
    pub address: SocketAddr,
    pub rtsp: SocketAddr,
    /// The secure door, if there is one.
    pub https: Option<SocketAddr>,
    pub steward: Arc<Steward>,
    pub folder: Folder,
    pub sender: SenderId,
    /// Authorization field of its phone.
    pub phone: String,
    pub users: Vec<UserId>,
    /// Cookie field of a TV on which the first user is signed in.
    pub tv: String,
    dir: TempDir,
    stop: Arc<Event>,
    running: Option<JoinHandle<()>>,
}

impl Large {
    /// With this many users and TVs, and these settings.
    pub fn new(users: usize, tvs: usize, set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = Config { data_dir: dir.path().join("data"), ..Config::default() };
        config.http.address = ([127, 0, 0, 1], 0).into();
        config.rtsp.address = ([127, 0, 0, 1], 0).into();
        (config.https.enabled, config.rtsps.enabled, config.mdns.enabled) = (false, false, false);
        config.recording.keep_free_mib = 1;
        set(&mut config);
        let gateway = Gateway::start(&config).expect("a gateway");
        let doors = gateway.doors();
        let (address, rtsp, https, steward) = (doors.http, doors.rtsp, doors.https, gateway.steward().clone());
        let account = steward.add_account("Casa", Some("+351")).expect("an account").id;
        let users: Vec<UserId> = (0..users)
            .map(|number| {
                let name = format!("User {number} {}", "x".repeat(80));
                steward.add_user(NewUser { account, name, msisdn: None, email: None, pin: None }).expect("a user").id
            })
            .collect();
        let cookies: Vec<String> = (0..tvs)
            .map(|_| {
                let tv = steward.new_tv().expect("a TV");
                steward.approve_tv(&tv.pairing_code, account, Some("Kitchen")).expect("paired");
                tv.cookie
            })
            .collect();
        let tv = steward.session(&cookies[0], None).expect("storage").expect("the TV").tv.id;
        let user = steward.sign_in(tv, users[0], None).expect("signed in");
        let tv = format!("Cookie: lareira_tv={}; lareira_user={user}\r\n", cookies[0]);
        let invite = steward.invite(None, Some(account), Duration::from_secs(60)).expect("an invitation");
        let enrolment = Enrolment { name: "Rui".to_owned(), msisdn: None, email: None, photo: None };
        let enrolled = steward.enrol(&invite.code, enrolment).expect("enrolled");
        let phone = format!("Authorization: Bearer {}\r\n", enrolled.token);
        let stop = Arc::new(Event::new());
        let stopped = stop.listen();
        let running = std::thread::spawn(move || gateway.run(stopped));
        let folder = Folder::open(&config.data_dir.join("recordings")).expect("a folder");
        let (sender, running) = (enrolled.sender, Some(running));
        Self { address, rtsp, https, steward, folder, sender, phone, users, tv, dir, stop, running }
    }

    /// A share for the first user that is over.
    pub fn share(&self, title: &str) -> ShareId {
        let new = self.steward.create_share(self.sender, &self.users[..1], Kind::Live, Some(title));
        let share = new.expect("a share").share.id;
        self.steward.ready(share, media()).expect("ready");
        self.steward.ended(share, EndReason::Stopped, Some(1000)).expect("ended");
        share
    }

    /// So many more shares like `share`, which is for the first user and over: their rows are written as they are, all in
    /// one decision.
    pub fn copies(&self, share: ShareId, count: u64) {
        let user = self.users[0];
        let decision = move |ledger: &mut dyn Ledger| -> Result<(), LedgerError> {
            let row = ledger.share(share)?.expect("the share");
            let mut counts = ledger.inbox_counts(user)?.expect("an inbox");
            for number in 0..count {
                let mut copy = row.clone();
                copy.id = ShareId::new(row.created_at);
                copy.token = TokenHash::of(&format!("copy {number}"));
                copy.title = Some(format!("{number} {}", "x".repeat(150)));
                copy.targets[0].place = Some(counts.next);
                let stretch = (user, counts.next / STRETCH);
                ledger.put_share(copy.id, &copy)?;
                let ended = copy.ended_at.expect("it is over");
                ledger.put_kept_share((ended, copy.id), &Kept { all_seen: false })?;
                ledger.put_share_token(copy.token, &copy.id)?;
                ledger.put_sender_share(((copy.sender, copy.created_at), copy.id), &())?;
                ledger.put_inbox_entry((user, counts.next), &copy.id)?;
                let held = ledger.inbox_block(stretch)?.unwrap_or(0);
                ledger.put_inbox_block(stretch, &(held + 1))?;
                (counts.next, counts.total, counts.unseen) = (counts.next + 1, counts.total + 1, counts.unseen + 1);
            }
            ledger.put_inbox_counts(user, &counts)?;
            let own = ledger.sender_count(row.sender)?.unwrap_or(0);
            ledger.put_sender_count(row.sender, &(own + count))
        };
        let decided = self.steward.storage().write(Box::new(move |ledger| {
            decision(ledger).expect("written");
            Verdict::Keep(Box::new(|| {}))
        }));
        decided.expect("kept");
    }

    /// A share that is over, with a recording of so many pictures, all of them key frames that are shown so long, and so
    /// many pieces of sound with each.
    pub fn recorded(&self, pictures: u64, shown: Ticks90k, sounds: u64) -> ShareId {
        let share = self.share("A long one");
        record(&self.folder, share, pictures, shown, sounds);
        share
    }

    /// A right to play a share.
    pub fn ticket(&self, share: ShareId) -> String {
        self.steward.ticket(share, Holder { user: self.users[0], tv: None }, Scope::Play)
    }

    /// The address of a file of a share.
    pub fn play(&self, share: ShareId, file: PlayFile) -> PlayAddress {
        PlayAddress { share, ticket: self.ticket(share), file }
    }

    pub fn connect(&self) -> Client {
        Client::new(self.address)
    }

    /// A figure of the gateway's.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.connect().get("/metrics").text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        self.stop.notify(usize::MAX);
        if let Some(running) = self.running.take() {
            let ended = running.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the gateway ends well");
        }
    }
}

fn media() -> MediaInfo {
    MediaInfo {
        codec: "avc1.42c01e".to_owned(),
        audio_codec: Some("mp4a.40.2".to_owned()),
        width: 640,
        height: 360,
        frame_rate: 30.0,
        bits_per_second: 2_000_000,
    }
}

pub fn params() -> Arc<VideoParams> {
    let mut sets = ParameterSets::default();
    sets.take(SPS);
    sets.take(PPS);
    sets.current().expect("good sets")
}

/// A key frame of so many bytes.
pub fn picture(params: &Arc<VideoParams>, pts: Ticks90k, bytes: usize) -> Frame {
    let mut data = (bytes as u32).to_be_bytes().to_vec();
    data.resize(4 + bytes, 0x65);
    Frame::Video(VideoFrame { pts, dts: pts, key: true, params: params.clone(), data: data.into() })
}

/// The init segment of a stream of pictures with sound.
pub fn init_segment() -> Bytes {
    let hub = Hub::new(1, None);
    let sound = parse_config(&Bytes::from_static(&[0x11, 0x90])).expect("AAC at 48 kHz");
    let opened = hub.open(ShareId([9; 10]), Some(Arc::new(sound)), None, UnixMs(0));
    let (mut publisher, stream) = opened.expect("there is room");
    publisher.write(&mut vec![picture(&params(), Ticks90k(0), 20)], UnixMs(0));
    Fmp4::of(&stream.expect("it is new")).init_segment(0).expect("it was made")
}

/// Makes a recording without much on the disk but its index: what is in its pictures is a hole.
fn record(folder: &Folder, share: ShareId, pictures: u64, shown: Ticks90k, sounds: u64) {
    const PICTURE_BYTES: u32 = 1000;
    const SOUND_BYTES: u32 = 50;
    let init_segment = init_segment();
    let mut index = BufWriter::new(File::create(folder.index(share)).expect("an index"));
    let mut put = |record: Record| index.write_all(&record.encode()).expect("room");
    put(Record::InitSegment { offset: 0, size: init_segment.len() as u32 });
    let mut offset = init_segment.len() as u64;
    let sound_units = shown.0 as u64 * SOUND_RATE / 90_000 / sounds.max(1);
    for picture in 0..pictures {
        let size = 200 + PICTURE_BYTES + SOUND_BYTES * sounds as u32;
        put(Record::Fragment { offset, size, usual_duration: 0 });
        let sample = IndexedSample {
            track: VIDEO_TRACK,
            decode_time: picture * shown.0 as u64,
            composition_offset: 0,
            duration: shown.0 as u32,
            key: true,
            offset: offset + 200,
            size: PICTURE_BYTES,
            init_segment: 0,
        };
        put(Record::Sample(sample));
        for sound in 0..sounds {
            put(Record::Sample(IndexedSample {
                track: AUDIO_TRACK,
                decode_time: (picture * sounds + sound) * sound_units,
                duration: sound_units as u32,
                offset: offset + 200 + u64::from(PICTURE_BYTES) + sound * u64::from(SOUND_BYTES),
                size: SOUND_BYTES,
                ..sample
            }));
        }
        offset += u64::from(size);
    }
    put(Record::End { size: offset });
    index.flush().expect("room");
    let mut video = File::create(folder.video(share)).expect("a recording");
    video.write_all(&init_segment).expect("room");
    video.set_len(offset).expect("a hole");
}
