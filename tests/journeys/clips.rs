//! Films that a phone sends whole, as phones and other programs write them: sent, resumed, refused, called off; what the
//! TV then plays is what was filmed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clip::{Clip, SMALL};
use crate::faults::SmallDisk;
use crate::film;
use crate::gateway::{Gateway, Household, PATIENCE, Phone, Play, Share, Tv, text};
use crate::program::{self, command};
use crate::web::{self, Answer, Client, Request};

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/mp4");

fn captured(name: &str) -> Vec<u8> {
    fs::read(Path::new(CAPTURES).join(name)).expect("the captured film is there")
}

/// What ffmpeg makes of a clip with these options.
#[track_caller]
pub fn made(clip: &Clip, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("film.mp4");
    let mut ffmpeg = command("ffmpeg", ["-nostdin", "-v", "error", "-y", "-i"]);
    ffmpeg.arg(clip.file()).args(options).arg(&path);
    program::run(ffmpeg, PATIENCE).ok();
    fs::read(path).expect("the film can be read")
}

/// A film as phones write it: its description at the end.
fn of_a_phone(clip: &Clip) -> Vec<u8> {
    let film = made(clip, &["-c", "copy"]);
    let place = |kind: &[u8; 4]| film.windows(4).position(|four| four == kind).expect("the box is there");
    assert!(place(b"moov") > place(b"mdat"), "the description stands at the end");
    film
}

impl Phone {
    #[track_caller]
    pub fn clip_for(&mut self, user: &str) -> Share {
        let ask = json!({ "targets": [user], "kind": "clip", "title": "First steps" });
        let share = self.0.post("/api/v1/shares", &ask).expect(201).json();
        let publish = &share["publish"];
        let [rtsp_url, rtsps_url, websocket_url] =
            ["rtsp_url", "rtsps_url", "websocket_url"].map(|name| text(publish, name));
        Share { id: text(&share, "share_id"), rtsp_url, rtsps_url, websocket_url }
    }

    pub fn put(&self, share: &Share, range: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.0.bearer.as_deref().unwrap_or_default());
        let mut headers = vec![("Authorization", bearer.as_str())];
        if !range.is_empty() {
            headers.push(("Content-Range", range));
        }
        web::call("PUT", &format!("{}/api/v1/shares/{}/video", self.0.base, share.id), &headers, body)
    }

    /// How much of a film has arrived.
    fn arrived(&self, share: &Share, total: usize) -> usize {
        let answer = self.put(share, &format!("bytes */{total}"), &[]).expect(308);
        let range = answer.field("range").map(|range| range.strip_prefix("bytes=0-").expect("a range from 0"));
        range.map_or(0, |last| last.parse::<usize>().expect("a number") + 1)
    }

    /// Begins to send a film of `total` bytes and goes no further than `part` of it.
    fn begin(&self, share: &Share, part: &[u8], total: usize) -> Client {
        self.begin_with(share, "", part, total)
    }

    /// The same, with further fields.
    fn begin_with(&self, share: &Share, fields: &str, part: &[u8], length: usize) -> Client {
        let mut client = Client::connect(self.0.base.trim_start_matches("http://")).expect("the gateway is there");
        let bearer = self.0.bearer.as_deref().unwrap_or_default();
        let put = Request::new("PUT", format!("/api/v1/shares/{}/video", share.id)).fields(fields);
        client.begin(put.field("Authorization", format!("Bearer {bearer}")).length(length).body(part));
        client
    }

    pub fn report(&mut self, share: &Share) -> Value {
        self.0.get(&format!("/api/v1/shares/{}", share.id))
    }
}

/// The files of the film of a share, or of what has arrived of it.
pub fn film_files(gateway: &Gateway, share: &Share) -> Vec<PathBuf> {
    let files =
        ["upload", "film"].map(|ending| gateway.data().join("recordings").join(format!("{}.{ending}", share.id)));
    files.into_iter().filter(|path| path.exists()).collect()
}

#[track_caller]
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Where a clip that was sent and prepared plays.
#[track_caller]
pub fn sent(tv: &mut Tv, phone: &mut Phone, user: &str, film: &[u8]) -> (Share, Play) {
    let share = phone.clip_for(user);
    let answer = phone.put(&share, "", film).expect(200).json();
    assert_eq!((answer["share_id"].as_str(), answer["state"].as_str()), (Some(&*share.id), Some("preparing")));
    phone.wait_until(&share, "ended");
    let play = Play::of(&tv.entry(&share)["play"]);
    (share, play)
}

pub fn probed(url: &str, entries: &str) -> String {
    let arguments = ["-v", "error", "-count_packets", "-show_entries", entries, "-of", "csv=p=0", url];
    program::run(command("ffprobe", arguments), PATIENCE).ok().stdout.trim().replace('\n', " ")
}

#[test]
fn a_film_as_phones_write_it_rings_and_plays() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let clip = Clip { b_frames: 2, ..SMALL };
    let film = of_a_phone(&clip);
    let mut rings = tv.events();
    let share = phone.clip_for(&user);
    let mut told = phone.events(&share);
    phone.put(&share, "", &film).expect(200);
    let ring = rings.wait_for("ring", |ring| ring["share_id"] == json!(share.id));
    assert_eq!((&ring["kind"], &ring["title"]), (&json!("clip"), &json!("First steps")));
    let over = rings.wait_for("share", |told| told["state"] == json!("ended"));
    assert_eq!(over["kind"], json!("clip"), "the TV can tell that there is nothing to miss");
    for state in ["preparing", "ready", "ended"] {
        told.wait_for("share", |told| told["state"] == json!(state));
    }
    let entry = tv.entry(&share);
    assert_eq!(
        (&entry["state"], &entry["kind"], &entry["target_state"], &entry["seen"]),
        (&json!("ended"), &json!("clip"), &json!("notified"), &json!(false)),
        "{entry}"
    );
    let length_ms = entry["duration_ms"].as_u64().expect("a length");
    assert!((5900..=6100).contains(&length_ms), "{length_ms} ms");
    let still = web::call("GET", &text(&entry, "thumbnail_url"), &[], &[]).expect(200);
    assert!(still.body.starts_with(&[0xFF, 0xD8]), "a JPEG");

    // It plays from its beginning although the share is over, and the phone sees it.
    let play = tv.accept(&share, "live");
    tv.0.post(&format!("/tv/api/shares/{}/watching", share.id), &json!({ "position_ms": 10 })).expect(200);
    let report = phone.report(&share);
    assert_eq!(report["targets"][0]["state"], json!("watching"), "{report}");
    assert!(report["media"]["codec"].as_str().is_some_and(|codec| codec.starts_with("avc1.64")), "{report}");
    let rate = report["media"]["frame_rate"].as_f64().expect("a rate");
    assert!((29.0..31.0).contains(&rate), "{rate}");
    for file in ["video.mp4", "index.m3u8"] {
        let film = film::decode(&play.url(file));
        assert_eq!(film.complaints, Vec::<String>::new(), "{file}");
        film.shows_every_picture(0..clip.pictures() as u32);
        film.sounds_for(clip.seconds as f64 - 0.15);
        film.is_in_step();
    }
    web::call("GET", &play.url("live.mp4"), &[], &[]).expect(410);
    assert!(film_files(&gateway, &share).is_empty(), "what was sent is not kept beside the recording");
    phone.put(&share, &format!("bytes */{}", film.len()), &[]).expect(200);
}

#[test]
fn films_of_other_kinds_play_as_they_are() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let turned = made(&SMALL, &["-c", "copy", "-metadata:s:v", "rotate=-90"]);
    let (_, play) = sent(&mut tv, &mut phone, &user, &turned);
    assert_eq!(probed(&play.url("video.mp4"), "stream_side_data=rotation"), "-90");
    let film = film::decode_with(&["-noautorotate"], true, &play.url("video.mp4"));
    film.shows_every_picture(0..SMALL.pictures() as u32);

    // Uneven pictures: all of the first two seconds, every second of the next, then six a second.
    let uneven = "select='if(lt(t,2),1,if(lt(t,4),not(mod(n,2)),not(mod(n,5))))'";
    let options =
        ["-vf", uneven, "-fps_mode", "vfr", "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-c:a", "copy"];
    let film = made(&SMALL, &options);
    let (_, play) = sent(&mut tv, &mut phone, &user, &film);
    for file in ["video.mp4", "index.m3u8"] {
        let film = film::decode(&play.url(file));
        assert_eq!(film.numbers().len(), 60 + 30 + 12, "{file}");
        film.runs_evenly();
        film.is_in_step();
    }

    let opus = of_a_phone(&Clip { opus: true, ..SMALL });
    let (_, play) = sent(&mut tv, &mut phone, &user, &opus);
    let film = film::decode(&play.url("video.mp4"));
    film.shows_every_picture(0..SMALL.pictures() as u32);
    film.is_in_step();

    let silent = of_a_phone(&Clip { sound: false, ..SMALL });
    let (_, play) = sent(&mut tv, &mut phone, &user, &silent);
    film::decode_with(&[], false, &play.url("video.mp4")).shows_every_picture(0..SMALL.pictures() as u32);
    assert_eq!(probed(&play.url("video.mp4"), "stream=codec_type"), "video");

    let in_fragments = ["-c", "copy", "-movflags", "frag_keyframe+empty_moov+default_base_moof"];
    let (_, play) = sent(&mut tv, &mut phone, &user, &made(&Clip { b_frames: 2, ..SMALL }, &in_fragments));
    for file in ["video.mp4", "index.m3u8"] {
        let film = film::decode(&play.url(file));
        film.shows_every_picture(0..SMALL.pictures() as u32);
        film.is_in_step();
    }

    for name in ["phone.mp4", "vfr.mov", "recorder.mp4", "opus.mp4", "two_sps.mp4"] {
        let film = captured(name);
        let pictures = |path: &str| probed(path, "stream=nb_read_packets");
        let before = pictures(&format!("{CAPTURES}/{name}"));
        let (share, play) = sent(&mut tv, &mut phone, &user, &film);
        let after = pictures(&play.url("video.mp4"));
        let count = |text: &str| text.split_whitespace().next().and_then(|count| count.parse::<i64>().ok());
        assert_eq!(count(&before), count(&after), "{name}: {before:?} and {after:?}");
        assert_eq!(tv.entry(&share)["recording_failure"], json!(null));
        let url = play.url("video.mp4");
        let decode = ["-v", "error", "-i", &url, "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"];
        assert_eq!(program::run(program::command("ffmpeg", decode), PATIENCE).ok().stderr, "", "{name}");
    }
}

#[test]
fn what_cannot_be_shown_is_refused_and_said() {
    let gateway = Gateway::start();
    let Household { user, mut phone, .. } = gateway.household();
    let sound_only = made(&SMALL, &["-vn", "-c:a", "copy"]);
    let mut cut = of_a_phone(&SMALL);
    cut.truncate(cut.len() / 2);
    let mut noise = captured("phone.mp4");
    let media = noise.windows(4).position(|four| four == b"mdat").expect("media") + 4;
    let end = noise.windows(4).position(|four| four == b"moov").expect("a description") - 4;
    noise[media..end].fill(0xA5);
    let cases: [(&str, Vec<u8>, &str, &str); 6] = [
        ("HEVC", captured("hevc.mp4"), "unsupported_codec", "HEVC"),
        ("sound alone", sound_only, "not_playable", "no pictures"),
        ("a page", b"<!doctype html><title>No video</title>".repeat(99), "not_playable", "no whole MP4"),
        ("zeros", vec![0; 100_000], "not_playable", ""),
        ("half of a film", cut, "not_playable", "no whole MP4"),
        ("noise instead of pictures", noise, "not_playable", ""),
    ];
    for (what, film, code, message) in cases {
        let share = phone.clip_for(&user);
        let mut told = phone.events(&share);
        let answer = phone.put(&share, "", &film).expect(415).json();
        let error = &answer["error"];
        assert_eq!(error["code"], json!(code), "{what}: {answer}");
        let said = text(error, "message");
        assert!(said.contains(message), "{what}: {said}");
        let over = told.wait_for("share", |told| told["state"] == json!("ended"));
        assert_eq!((&over["reason"], &over["message"]), (&json!("unplayable"), &json!(said)), "{what}");
        let report = phone.report(&share);
        assert_eq!((&report["reason"], &report["message"]), (&json!("unplayable"), &json!(said)), "{what}");
        assert_eq!(report["targets"][0]["state"], json!("failed"), "{what}: nobody was told");
        assert!(film_files(&gateway, &share).is_empty() && gateway.recordings().is_empty(), "{what}: nothing stays");
        phone.put(&share, "", &film).expect(410);
    }
}

#[test]
fn a_film_goes_on_after_a_cut_and_after_a_restart() {
    let mut gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let film = of_a_phone(&SMALL);
    let total = film.len();
    let share = phone.clip_for(&user);
    assert_eq!(phone.arrived(&share, total), 0);
    assert_eq!(phone.state(&share), "pending", "asking begins nothing");
    drop(phone.begin(&share, &film[..total / 3], total));
    eventually("what came is kept", || phone.arrived(&share, total) == total / 3);
    assert_eq!(phone.state(&share), "preparing");

    let (at, to) = (total / 3, total / 2);
    let answer = phone.put(&share, &format!("bytes {at}-{}/{total}", to - 1), &film[at..to]).expect(308);
    assert_eq!(answer.field("range"), Some(&*format!("bytes=0-{}", to - 1)));
    gateway.kill();
    gateway.serve();
    assert_eq!(phone.arrived(&share, total), to, "a restart loses nothing");
    assert_eq!(phone.state(&share), "preparing");

    let wrong = phone.put(&share, &format!("bytes {}-{}/{total}", to + 1, total - 1), &film[to + 1..]).expect(416);
    assert_eq!(wrong.field("range"), Some(&*format!("bytes=0-{}", to - 1)), "it is said how far it is");
    phone.put(&share, &format!("bytes {to}-{}/{total}", total - 1), &film[to..]).expect(200);
    phone.wait_until(&share, "ended");
    let film = film::decode(&Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
    film.shows_every_picture(0..SMALL.pictures() as u32);

    // The last answer may be lost: whoever asks again is told, and a film that was whole when the gateway died is taken.
    let film = of_a_phone(&SMALL);
    let share = phone.clip_for(&user);
    phone.put(&share, &format!("bytes 0-999/{total}"), &film[..1000]).expect(308);
    gateway.kill();
    fs::write(&film_files(&gateway, &share)[0], &film).expect("all of it had come");
    gateway.serve();
    phone.put(&share, &format!("bytes */{total}"), &[]).expect(200);
    phone.wait_until(&share, "ended");
    assert!(!tv.entry(&share)["play"].is_null());
}

#[test]
fn killed_while_it_prepares_it_prepares_again() {
    let mut gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let film = of_a_phone(&SMALL);
    let total = film.len();
    let share = phone.clip_for(&user);
    phone.put(&share, &format!("bytes 0-999/{total}"), &film[..1000]).expect(308);
    gateway.kill();
    // As a kill leaves it: all of the film, and some of its recording.
    let recordings = gateway.data().join("recordings");
    fs::remove_file(&film_files(&gateway, &share)[0]).expect("it gets its own name");
    fs::write(recordings.join(format!("{}.film", share.id)), &film).expect("the film");
    fs::write(recordings.join(format!("{}.mp4", share.id)), &film[..total / 2]).expect("a part of a recording");
    fs::write(recordings.join(format!("{}.index", share.id)), [0; 17]).expect("a part of an index");
    gateway.serve();
    phone.wait_until(&share, "ended");
    let film = film::decode(&Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
    film.shows_every_picture(0..SMALL.pictures() as u32);
    eventually("the film goes", || film_files(&gateway, &share).is_empty());

    // And killed again and again right after the last byte, no clip is lost.
    for _ in 0..5 {
        let share = phone.clip_for(&user);
        phone.put(&share, "", &captured("phone.mp4")).expect(200);
        gateway.kill();
        gateway.serve();
        phone.wait_until(&share, "ended");
        web::call("HEAD", &Play::of(&tv.entry(&share)["play"]).url("video.mp4"), &[], &[]).expect(200);
    }
}

#[test]
fn what_may_not_be_sent_is_refused_before_it_is() {
    let gateway = Gateway::start_with("[share]\npending_timeout = \"2s\"\n");
    let Household { user, mut phone, .. } = gateway.household();
    let film = captured("phone.mp4");
    let total = film.len();
    let code = |answer: Answer| text(&answer.json()["error"], "code");
    let share = phone.clip_for(&user);

    let mut huge = phone.begin(&share, &[], 20_000_000_000);
    let answer = huge.answer().expect(413).text();
    assert!(answer.contains("8192 are taken at most"), "{answer}");
    assert_eq!(huge.read_rest().expect("the end, without a byte of it"), b"");
    assert_eq!(code(phone.put(&share, "bytes 0-9/20000000000", &film[..10]).expect(413)), "too_large");
    assert_eq!(code(phone.put(&share, "", &[]).expect(400)), "empty");
    for lie in [
        format!("bytes 0-{}/{total}", total - 1),
        "bytes 0-9/9".to_owned(),
        format!("bytes 9-0/{total}"),
        "bytes 0-9/*".to_owned(),
        format!("bytes 0-18446744073709551615/{total}"),
        format!("bytes */{total}"),
        "all of it".to_owned(),
    ] {
        assert_eq!(code(phone.put(&share, &lie, &film[..10]).expect(400)), "content_range", "{lie}");
    }
    assert_eq!(code(phone.put(&share, &format!("bytes 5-14/{total}"), &film[5..15]).expect(416)), "offset");
    phone.put(&share, &format!("bytes 0-9/{total}"), &film[..10]).expect(308);
    assert_eq!(code(phone.put(&share, &format!("bytes 10-19/{}", total + 1), &film[10..20]).expect(409)), "other_file");

    // Two at once; the one that was there first goes on.
    let mut first = phone.begin(&share, &film[..total / 2], total);
    eventually("it is being sent", || phone.arrived(&share, total) > 10);
    assert_eq!(code(phone.put(&share, &format!("bytes 10-19/{total}"), &film[10..20]).expect(409)), "uploading");
    first.send(&film[total / 2..]);
    first.answer().expect(200);

    let stranger = Household { user: user.clone(), ..gateway.household() };
    assert_eq!(code(stranger.phone.put(&share, "", &film).expect(404)), "not_found");
    let mut nobody = phone.clone();
    nobody.0.bearer = Some("made-up".to_owned());
    assert_eq!(code(nobody.put(&share, "", &film).expect(401)), "no_phone");
    let live = phone.share_with(&user);
    assert_eq!(code(phone.put(&live, "", &film).expect(400)), "invalid");

    // One that is never sent, and one that is given up, end by themselves.
    let (never, given_up) = (phone.clip_for(&user), phone.clip_for(&user));
    let mut told = phone.events(&given_up);
    phone.put(&given_up, &format!("bytes 0-9/{total}"), &film[..10]).expect(308);
    phone.wait_until(&never, "ended");
    assert_eq!(phone.report(&never)["reason"], json!("never_started"));
    let over = told.wait_for("share", |told| told["state"] == json!("ended"));
    assert_eq!(over["reason"], json!("lost"));
    eventually("nothing of it stays", || film_files(&gateway, &given_up).is_empty());
}

#[test]
fn nobody_publishes_live_into_a_clip() {
    let gateway = Gateway::start();
    let Household { user, mut phone, .. } = gateway.household();
    let share = phone.clip_for(&user);
    let publishing = crate::publisher::ffmpeg(&SMALL, crate::publisher::Transport::Tcp, &share.rtsp_url);
    assert!(!program::run(publishing, PATIENCE).status.success());
    assert_eq!(phone.state(&share), "pending");
}

#[test]
fn a_film_that_is_called_off_ends_at_once() {
    let gateway = Gateway::start();
    let Household { user, mut phone, mut tv } = gateway.household();
    let film = of_a_phone(&SMALL);
    let total = film.len();
    for how in ["withdrawn", "stopped", "revoked"] {
        let share = phone.clip_for(&user);
        let mut sending = phone.begin(&share, &film[..total / 2], total);
        eventually("it arrives", || phone.arrived(&share, total) > total / 4);
        let path = format!("/api/v1/shares/{}", share.id);
        let began = Instant::now();
        match how {
            "withdrawn" => drop(phone.0.call("DELETE", &path, None).expect(200)),
            "stopped" => drop(phone.0.post(&format!("{path}/stop"), &json!({})).expect(200)),
            _ => {
                let phones = gateway.admin(&["phone", "list"]);
                gateway.admin(&["phone", "revoke", &text(&phones["phones"][0], "phone_id")]);
            }
        }
        assert_eq!(sending.answer().status, 410, "{how}");
        assert_eq!(sending.read_rest().expect("the end"), b"", "{how}");
        println!("{how}: over after {:?}", began.elapsed());
        eventually("nothing of it stays", || film_files(&gateway, &share).is_empty());
        let answer = phone.put(&share, &format!("bytes */{total}"), &[]);
        assert_eq!(
            answer.status,
            match how {
                "withdrawn" => 404,
                "stopped" => 410,
                _ => 401,
            },
            "{how}"
        );
        assert_eq!(tv.0.get("/tv/api/inbox")["total"], json!(0), "{how}");
    }
}

#[test]
fn a_disk_without_room_says_so() {
    let gateway = Gateway::start_with("[recording]\nkeep_free_mib = 1000000000\n");
    let Household { user, mut phone, .. } = gateway.household();
    let share = phone.clip_for(&user);
    let answer = phone.put(&share, "", &captured("phone.mp4")).expect(507).json();
    assert_eq!(answer["error"]["code"], json!("disk_full"), "{answer}");
}

/// Thousands of tiny pictures: as a recording it has three times its size, which is more than all may have together.
#[test]
fn a_film_whose_recording_has_no_room_fails_by_itself() {
    let gateway = Gateway::start_with("[recording]\nquota_mib = 1\n");
    let Household { user, mut tv, mut phone } = gateway.household();
    let unseen = phone.clip_for(&user);
    phone.put(&unseen, "", &captured("phone.mp4")).expect(200);
    phone.wait_until(&unseen, "ended");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("tiny.mp4");
    let picture = "testsrc2=size=64x64:rate=100:duration=60";
    let coding =
        ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "40k", "-loglevel", "error"];
    let mut ffmpeg = command("ffmpeg", ["-f", "lavfi", "-i", picture]);
    ffmpeg.args(coding).arg(&path);
    program::run(ffmpeg, PATIENCE).ok();
    let film = fs::read(&path).expect("a film");
    assert!((200_000..1_000_000).contains(&film.len()), "{} bytes", film.len());

    let share = phone.clip_for(&user);
    let answer = phone.put(&share, "", &film).expect(413).json();
    assert_eq!(answer["error"]["code"], json!("too_large"), "{answer}");
    assert!(text(&answer["error"], "message").contains("takes 2 MiB as a recording"), "{answer}");
    phone.wait_until(&share, "ended");
    assert_eq!(phone.report(&share)["reason"], json!("not_kept"));
    assert!(film_files(&gateway, &share).is_empty(), "nothing is left of it");
    let play = Play::of(&tv.entry(&unseen)["play"]);
    web::call("GET", &play.url("video.mp4"), &[], &[]).expect(200);
    assert_eq!(tv.entry(&unseen)["seen"], json!(false), "what was there is there");
}

/// A video that came after the backup was made is kept aside when that is restored, and is back with a newer backup.
#[test]
fn a_restore_keeps_the_videos_that_came_after_the_backup() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let [old, new] = ["old", "new"].map(|name| gateway.data().join(name).display().to_string());
    gateway.admin(&["backup", &old]);
    let share = phone.clip_for(&user);
    phone.put(&share, "", &captured("phone.mp4")).expect(200);
    phone.wait_until(&share, "ended");
    gateway.admin(&["backup", &new]);
    let recordings = gateway.data().join("recordings");
    let (video, stray) = (format!("{}.mp4", share.id), format!("strays/{}.mp4", share.id));

    let said = gateway.admin(&["restore", &old]);
    assert_eq!(said["videos_kept_aside"], json!(1), "{said}");
    assert_eq!(said["kept_aside_in"], json!(recordings.join("strays")));
    assert!(recordings.join(&stray).exists() && !recordings.join(&video).exists());

    let said = gateway.admin(&["restore", &new]);
    assert_eq!(said.get("videos_kept_aside"), None, "{said}");
    let play = Play::of(&tv.entry(&share)["play"]);
    assert!(film::decode(&play.url("video.mp4")).pictures.len() > 50, "it plays as before");
}

/// A disk that fills up while a film is sent, and while its recording is made: needs root, for a small disk in memory.
#[test]
fn a_disk_that_fills_up_ends_the_clip_and_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(_disk) = SmallDisk::mount(folder.path()) else { return };
    let mut gateway = Gateway::start_in(folder.path(), "[recording]\nkeep_free_mib = 0\n");
    let Household { user, mut phone, .. } = gateway.household();
    let film = of_a_phone(&Clip { width: 1280, height: 720, kilobits_per_second: 4000, ..SMALL });
    let total = film.len();
    assert!((1_500_000..6_000_000).contains(&total), "{total} bytes");
    let filler = folder.path().join("filler");
    let fill = |leave: usize| {
        fs::write(&filler, []).expect("emptied");
        let mut file = fs::File::options().append(true).open(&filler).expect("a file");
        while file.write_all(&[7; 65_536]).is_ok() {}
        let size = file.metadata().expect("its size").len();
        file.set_len(size - leave as u64).expect("cut");
    };

    let share = phone.clip_for(&user);
    phone.put(&share, &format!("bytes 0-999/{total}"), &film[..1000]).expect(308);
    let range = format!("Content-Range: bytes 1000-{}/{total}\r\n", total - 1);
    let mut sending = phone.begin_with(&share, &range, &film[1000..2000], total - 1000);
    // It is let in before the disk fills up.
    eventually("it is being sent", || phone.arrived(&share, total) > 1000);
    fill(500_000);
    // The answer may come before all is sent.
    let _ = sending.try_send(&film[2000..]);
    assert_eq!(sending.head().status, 507);
    fs::remove_file(&filler).expect("there is room again");
    let arrived = phone.arrived(&share, total);
    assert!(arrived >= 1000, "{arrived} bytes are kept");
    let rest = phone.put(&share, &format!("bytes {arrived}-{}/{total}", total - 1), &film[arrived..]).expect(200);
    assert_eq!(rest.json()["state"], json!("preparing"));
    phone.wait_until(&share, "ended");
    assert!(phone.report(&share)["reason"] == json!("stopped"), "with room it goes on to its end");

    let share = phone.clip_for(&user);
    phone.put(&share, &format!("bytes 0-999/{total}"), &film[..1000]).expect(308);
    gateway.kill();
    fs::remove_file(&film_files(&gateway, &share)[0]).expect("it gets its own name");
    fs::write(folder.path().join("recordings").join(format!("{}.film", share.id)), &film).expect("the film");
    fill(1_200_000);
    // So little room is not well: it serves all the same.
    gateway.begin_to_serve();
    phone.wait_until(&share, "ended");
    let report = phone.report(&share);
    assert_eq!(report["reason"], json!("not_kept"), "{report}");
    assert!(text(&report, "message").contains("no room"), "{report}");
    assert!(film_files(&gateway, &share).is_empty(), "what can't be kept makes room");
    assert!(gateway.serves());
}
