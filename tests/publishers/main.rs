//! Publishers at the doors of RTSP and of web cameras: real FFmpeg and GStreamer over TCP and UDP, and a scripted phone for what they
//! never do. What arrives is counted at a gate made for it.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod gate;
mod phone;
mod web_camera;

use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::{Door, Seen};
use phone::Phone;

/// Whether `tool` is there. Where it is not, its test says so and does nothing.
fn installed(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there {
        eprintln!("{tool} is not installed: nothing is tested here");
    }
    there
}

/// The sound a publisher sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    None,
    /// AAC as RFC 3640 has it.
    Hbr,
    /// AAC as RFC 6416 has it.
    Latm,
    /// MPEG audio, which is left out.
    Mp2,
}

fn ffmpeg(url: &str, transport: &str, sound: Sound) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args("-hide_banner -loglevel error -re -f lavfi -i testsrc2=size=320x180:rate=15".split(' '));
    if sound != Sound::None {
        let codec = if sound == Sound::Mp2 { "mp2" } else { "aac" };
        command.args("-f lavfi -i sine=sample_rate=44100 -c:a".split(' ')).arg(codec);
    }
    command.args("-t 3 -c:v libx264 -preset ultrafast -tune zerolatency -g 15 -pix_fmt yuv420p -f rtsp".split(' '));
    if sound == Sound::Latm {
        command.args(["-rtpflags", "latm"]);
    }
    command.args(["-rtsp_transport", transport, url]);
    command
}

fn gstreamer(url: &str, protocol: &str, sound: Sound, more: &[&str]) -> Command {
    let mut command = Command::new("gst-launch-1.0");
    if sound == Sound::Hbr {
        // Left alone it takes the payloader whose name comes first, which is LATM's.
        command.env("GST_PLUGIN_FEATURE_RANK", "rtpmp4apay:NONE");
    }
    command.args(["-q", "-e", "rtspclientsink", "name=s"]).arg(format!("location={url}"));
    command.arg(format!("protocols={protocol}")).args(more);
    let video = "videotestsrc num-buffers=45 is-live=true ! video/x-raw,width=320,height=180,framerate=15/1 ! \
                 x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse ! s.";
    command.args(video.split_ascii_whitespace());
    if sound != Sound::None {
        let sound = "audiotestsrc num-buffers=130 is-live=true ! audio/x-raw,rate=44100 ! avenc_aac ! aacparse ! s.";
        command.args(sound.split_ascii_whitespace());
    }
    command
}

/// Lets `publisher` publish, and says what was seen at the end.
fn publish(door: &Door, publisher: &mut Command) -> Seen {
    let mut child = publisher.stdin(Stdio::null()).spawn().expect("the publisher starts");
    let seen = door.wait(Duration::from_secs(30), |seen| seen.over);
    let _ = child.kill();
    let _ = child.wait();
    seen
}

#[test]
fn ffmpeg_publishes() {
    if !installed("ffmpeg") {
        return;
    }
    for (transport, sound) in [("tcp", Sound::Hbr), ("udp", Sound::Hbr), ("tcp", Sound::Latm), ("tcp", Sound::None)] {
        let door = Door::open();
        let seen = publish(&door, &mut ffmpeg(&door.url("live/TOKEN"), transport, sound));
        assert!(seen.ended, "{transport} {seen:?}");
        assert!((44..=45).contains(&seen.pictures) && seen.duration_ms > 2800, "{transport} {seen:?}");
        assert_eq!((seen.has_sound, seen.latm), (sound != Sound::None, sound == Sound::Latm), "{transport} {seen:?}");
        assert_eq!(seen.tracks, 1 + usize::from(sound != Sound::None));
        assert_eq!(seen.path, "live/TOKEN");
    }
}

#[test]
fn sound_that_is_left_out_needs_no_port_of_a_small_range() {
    if !installed("ffmpeg") {
        return;
    }
    let even = || {
        let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
        let port = socket.local_addr().ok()?.port();
        (port % 2 == 0 && UdpSocket::bind(("127.0.0.1", port + 1)).is_ok()).then_some(port)
    };
    let port = (0..100).find_map(|_| even()).expect("a free pair");
    let door = Door::open_on(port..=port + 1);
    let seen = publish(&door, &mut ffmpeg(&door.url("live/TOKEN"), "udp", Sound::Mp2));
    assert!(seen.ended && (44..=45).contains(&seen.pictures), "{seen:?}");
    assert_eq!((seen.has_sound, seen.tracks), (false, 1));
}

#[test]
fn gstreamer_publishes() {
    if !installed("gst-launch-1.0") {
        return;
    }
    for (protocol, sound) in [("tcp", Sound::Latm), ("udp", Sound::Latm), ("tcp", Sound::Hbr), ("udp", Sound::None)] {
        let door = Door::open();
        let seen = publish(&door, &mut gstreamer(&door.url("live/TOKEN"), protocol, sound, &[]));
        assert!(seen.ended, "{protocol} {seen:?}");
        assert!((43..=45).contains(&seen.pictures), "{protocol} {seen:?}");
        assert_eq!((seen.has_sound, seen.latm), (sound != Sound::None, sound == Sound::Latm), "{protocol} {seen:?}");
    }
}

#[test]
fn publishers_prove_who_they_are() {
    let with = |password: &str, door: &Door| door.url("live/TOKEN").replace("://", &format!("://ana:{password}@"));
    if installed("ffmpeg") {
        let door = Door::open_for("ana", "secret");
        let seen = publish(&door, &mut ffmpeg(&with("secret", &door), "tcp", Sound::None));
        assert!(seen.ended && seen.pictures > 40, "{seen:?}");
        assert!(door.wrong().is_empty(), "to be asked for a password is no wrong one");
        let status = ffmpeg(&with("wrong", &door), "tcp", Sound::None).stderr(Stdio::null()).status().expect("it runs");
        assert!(!status.success());
        assert_eq!(door.wrong().first(), Some(&std::net::Ipv4Addr::LOCALHOST.into()));
    }
    if installed("gst-launch-1.0") {
        let door = Door::open_for("ana", "secret");
        let more = ["user-id=ana", "user-pw=secret"];
        let seen = publish(&door, &mut gstreamer(&door.url("live/TOKEN"), "tcp", Sound::None, &more));
        assert!(seen.ended && seen.pictures > 40, "{seen:?}");
    }
    let door = Door::open_for("ana", "secret");
    let demo = lareira::cli::demo::Phone::start(&with("secret", &door), Some(2)).expect("a good address");
    assert_eq!(demo.wait(), Ok(()));
    let seen = door.wait(Duration::from_secs(5), |seen| seen.over);
    assert!(seen.ended && seen.pictures > 0 && seen.has_sound && door.wrong().is_empty(), "{seen:?}");
    let demo = lareira::cli::demo::Phone::start(&with("wrong", &door), Some(2)).expect("a good address");
    assert!(matches!(demo.wait(), Err(lareira::cli::demo::PhoneError::Refused { status: 401, .. })));
    assert_eq!(door.wrong().len(), 1, "a wrong password is shown once");
}

#[test]
fn passwords_are_not_found_by_trying_many() {
    let door = Door::open_for("ana", "secret");
    let announce = |password: &str| {
        let proof = STANDARD.encode(format!("ana:{password}"));
        let headers = format!("Content-Type: application/sdp\r\nAuthorization: Basic {proof}\r\n");
        Phone::connect(door.address).request("ANNOUNCE", &headers, phone::SDP)
    };
    for _ in 0..gate::TRIES {
        assert_eq!(announce("wrong"), 401);
    }
    assert_eq!(announce("secret"), 403, "the right one is too late now");
    assert_eq!(door.wrong().len(), gate::TRIES);
    // Whoever gives none is asked for it, as ever.
    let asked = Phone::connect(door.address).request("ANNOUNCE", "Content-Type: application/sdp\r\n", phone::SDP);
    assert_eq!(asked, 401);
}

#[test]
fn ffmpeg_is_told_which_codec_is_not_taken() {
    if !installed("ffmpeg") {
        return;
    }
    let door = Door::open();
    let mut command = Command::new("ffmpeg");
    command.args(
        "-hide_banner -loglevel error -f lavfi -i testsrc2=size=320x180:rate=15 -t 1 -c:v mpeg4 -f rtsp".split(' '),
    );
    let output = command.args(["-rtsp_transport", "tcp", &door.url("live/TOKEN")]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("415 Codec MP4V-ES is not supported"), "{output:?}");
}

#[test]
fn an_orderly_phone_ends_its_stream_and_may_begin_another() {
    let door = Door::open();
    let mut phone = Phone::connect(door.address);
    for _ in 0..2 {
        phone.record();
        phone.send_pictures(3);
        door.wait(Duration::from_secs(5), |seen| seen.pictures > 0);
        assert_eq!(phone.request("TEARDOWN", "", ""), 200);
        assert!(door.wait(Duration::from_secs(5), |seen| seen.over).ended);
    }
}

#[test]
fn a_phone_that_vanishes_is_lost() {
    let door = Door::open();
    let mut phone = Phone::connect(door.address);
    phone.record();
    phone.send_pictures(3);
    drop(phone);
    assert!(!door.wait(Duration::from_secs(5), |seen| seen.over).ended);
}

#[test]
fn a_phone_that_sends_nothing_is_lost() {
    let door = Door::open();
    let mut phone = Phone::connect(door.address);
    phone.record();
    phone.send_pictures(3);
    door.wait(Duration::from_secs(5), |seen| seen.pictures > 0);
    door.pass(Duration::from_secs(4));
    assert_eq!(phone.request("GET_PARAMETER", "", ""), 200, "signs of life are no media");
    assert!(!door.seen().over);
    door.pass(Duration::from_secs(1));
    assert!(!door.wait(Duration::from_secs(5), |seen| seen.over).ended);
    assert!(phone.is_closed());
}

#[test]
fn a_share_that_is_ended_closes_its_phone() {
    let door = Door::open();
    let mut phone = Phone::connect(door.address);
    phone.record();
    door.revoke();
    assert!(phone.is_closed());
    assert!(door.wait(Duration::from_secs(5), |seen| seen.over).over);
}

#[test]
fn closing_the_door_sends_publishers_away_whose_shares_may_go_on() {
    let mut door = Door::open();
    let (mut phone, mut idle) = (Phone::connect(door.address), Phone::connect(door.address));
    phone.record();
    phone.send_pictures(3);
    door.stop();
    assert!(!door.wait(Duration::from_secs(5), |seen| seen.over).ended, "lost, and not stopped");
    assert!(phone.is_closed() && idle.is_closed());
    assert!(std::net::TcpStream::connect(door.address).is_err());
}

#[test]
fn another_codec_leaves_the_connection_usable() {
    let door = Door::open();
    let mut phone = Phone::connect(door.address);
    let sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n";
    assert_eq!(phone.request("ANNOUNCE", "Content-Type: application/sdp\r\n", sdp), 415);
    phone.record();
    assert_eq!(door.seen().tracks, 2);
}

/// At the publisher's own address there may be others: behind the same NAT, or on the same machine.
#[test]
fn strangers_put_nothing_into_a_stream_and_end_none() {
    let door = Door::open();
    let mut phone = Phone::connect(door.address);
    let socket = || std::net::UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let (rtp, rtcp, stranger) = (socket(), socket(), socket());
    let (media, control) = phone.record_over_udp(&rtp, &rtcp);
    let send = |from: &std::net::UdpSocket, port: u16, packet: &[u8]| {
        from.send_to(packet, ("127.0.0.1", port)).expect("sent");
    };
    // The stranger comes first, with another source and with the phone's own.
    for number in 1..=20 {
        send(&stranger, media, &phone::picture(500 + number, 9));
        send(&stranger, media, &phone::picture(number, 1));
        send(&stranger, control, &phone::goodbye(1));
        send(&stranger, control, &phone::goodbye(9));
    }
    // Who comes first is heard, until there is somebody at the port that was named. What is read of two ports comes in any
    // order: a goodbye may let one or two pictures more in.
    let first = door.wait(Duration::from_secs(5), |seen| seen.pictures >= 20).pictures;
    for number in 1000..1020 {
        send(&rtp, media, &phone::picture(number, 7));
    }
    door.wait(Duration::from_secs(5), |seen| seen.pictures >= first + 18);
    for number in 1..=20 {
        send(&stranger, media, &phone::picture(1100 + number, 7));
        send(&stranger, control, &phone::goodbye(7));
    }
    send(&rtp, media, &phone::picture(1020, 7));
    send(&rtp, media, &phone::picture(1021, 7));
    door.wait(Duration::from_secs(5), |seen| seen.pictures >= 42);
    drop(phone);
    let all = door.wait(Duration::from_secs(5), |seen| seen.over);
    assert!(!all.ended, "nobody but the phone said goodbye");
    assert!((42..50).contains(&all.pictures), "the stranger's twenty later pictures are none of them: {all:?}");
}

#[test]
fn an_unknown_address_is_not_found() {
    let door = Door::open();
    let mut phone = Phone::connect_for(door.address, "live/NOBODY");
    assert_eq!(phone.request("ANNOUNCE", "", phone::SDP), 404);
    assert_eq!(phone.request("OPTIONS", "", ""), 200);
}

#[test]
fn idlers_and_dawdlers_are_shown_out_and_disturb_nobody() {
    let door = Door::open();
    let idlers: Vec<_> = (0..300).map(|_| Phone::connect(door.address)).collect();
    let mut dawdlers: Vec<_> = (0..50).map(|_| Phone::connect(door.address)).collect();
    let mut phone = Phone::connect(door.address);
    phone.record();
    // 15 s is how long a connection may take to get to RECORD.
    for second in 0..16 {
        phone.send_pictures(second + 1);
        dawdlers.iter_mut().for_each(|dawdler| dawdler.dawdle());
        std::thread::sleep(Duration::from_secs(1));
    }
    assert!(!door.seen().over);
    assert!(idlers.into_iter().chain(dawdlers).all(|mut phone| phone.is_closed()));
}
