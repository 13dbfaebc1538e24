//! Lost packets: what viewers see of a stream that lost some, beside what ffmpeg's own player shows of the very same
//! packets. A picture is *whole* that decodes to exactly what was sent; any other that is shown is *torn*.

use std::collections::HashSet;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lareira::ground::frame::Frame;
use lareira::ground::time::Moment;
use lareira::wire::rtp::{Delivery, Format, Media, Receiver};

use crate::gateway::PATIENCE;
use crate::program;

/// What is sent: its name, how it is coded, and whether it has key frames after the first.
struct Kind(&'static str, &'static [&'static str], bool);

const KINDS: [Kind; 4] = [
    Kind("one slice", &["-tune", "zerolatency", "-x264-params", "sliced-threads=0", "-g", "30"], true),
    Kind("four slices", &["-tune", "zerolatency", "-x264-params", "slices=4", "-g", "30"], true),
    Kind("B-frames", &["-bf", "3", "-x264-params", "b-pyramid=none", "-g", "60"], true),
    Kind(
        "intra refresh",
        &["-tune", "zerolatency", "-x264-params", "intra-refresh=1:sliced-threads=0", "-g", "30"],
        false,
    ),
];

/// Pictures of a clip, 30 a second.
const PICTURES: usize = 600;

/// What is seen of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    whole: usize,
    torn: usize,
}

impl Seen {
    fn of(shown: &[String], sent: &HashSet<String>) -> Self {
        let whole = shown.iter().collect::<HashSet<_>>().into_iter().filter(|picture| sent.contains(*picture)).count();
        Self { whole, torn: shown.iter().filter(|picture| !sent.contains(*picture)).count() }
    }
}

fn ffmpeg(arguments: &[&str]) -> Command {
    program::command("ffmpeg", ["-nostdin", "-v", "error"].iter().chain(arguments))
}

/// A hash of each picture that ffmpeg shows.
fn hashes(told: &[u8]) -> Vec<String> {
    let lines = String::from_utf8_lossy(told).into_owned();
    let hash = |line: &str| line.rsplit(',').next().unwrap_or_default().trim().to_owned();
    lines.lines().filter(|line| !line.starts_with('#')).map(hash).collect()
}

fn decoded(input: &[&str]) -> Vec<String> {
    let arguments = [input, &["-fps_mode", "passthrough", "-f", "framemd5", "-"]].concat();
    hashes(&ffmpeg(&arguments).output().expect("ffmpeg runs").stdout)
}

/// Codes a clip, and has ffmpeg put it into packets: these, and their description.
fn packets(folder: &Path, coding: &[&str]) -> (Vec<Vec<u8>>, String) {
    let film = folder.join("film.mp4");
    let mut coder = ffmpeg(&["-f", "lavfi", "-i", "testsrc2=s=320x192:r=30:d=20", "-c:v", "libx264"]);
    coder.args(coding).args(["-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "400k"]).arg(&film);
    assert!(coder.status().expect("ffmpeg runs").success());
    let place = folder.join("packets");
    let socket = UnixDatagram::bind(&place).expect("a place of its own");
    let mut sender = ffmpeg(&["-i"]);
    sender.arg(&film).args(["-c", "copy", "-f", "rtp", "-packetsize", "1200", "-type", "datagram"]);
    let sender = sender.arg(format!("unix:{}", place.display())).stdout(Stdio::piped()).spawn().expect("ffmpeg runs");
    let told = thread::spawn(move || sender.wait_with_output().expect("ffmpeg ends").stdout);
    let (mut packets, mut buffer) = (Vec::new(), [0; 2048]);
    // Nobody closes such a socket for another: it has ended when nothing comes any more.
    loop {
        let wait = if told.is_finished() { Duration::from_millis(100) } else { PATIENCE };
        socket.set_read_timeout(Some(wait.min(Duration::from_secs(1)))).expect("a timeout");
        match socket.recv(&mut buffer) {
            Ok(_) if (72..=76).contains(&(buffer[1] & 0x7F)) => {} // RTCP
            Ok(length) => packets.push(buffer[..length].to_vec()),
            Err(_) if told.is_finished() => break,
            Err(_) => {}
        }
    }
    (packets, String::from_utf8(told.join().expect("it is told")).expect("text"))
}

/// What comes through where so many of a thousand packets are lost.
fn weather(packets: &[Vec<u8>], lost_per_mille: u64, seed: u64) -> Vec<Vec<u8>> {
    let mut random = seed;
    let mut lost = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % 1000 < lost_per_mille
    };
    packets.iter().filter(|_| !lost()).cloned().collect()
}

/// What ffmpeg shows of packets that it receives itself.
fn shown_by_ffmpeg(folder: &Path, packets: &[Vec<u8>], description: &str) -> Vec<String> {
    let port = loop {
        let port =
            UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port").local_addr().expect("bound").port() & !1;
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && UdpSocket::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok()
        {
            break port;
        }
    };
    let lines = description.lines().filter(|line| line.contains('='));
    let here = lines.map(|line| match line.split_once(' ') {
        Some((medium, rest)) if line.starts_with("m=") => {
            format!("{medium} {port} {}", rest.split_once(' ').expect("a port").1)
        }
        _ if line.starts_with("c=") => "c=IN IP4 127.0.0.1".to_owned(),
        _ => line.to_owned(),
    });
    let sdp = folder.join("stream.sdp");
    std::fs::write(&sdp, here.collect::<Vec<_>>().join("\r\n") + "\r\n").expect("written");
    let mut player = ffmpeg(&["-protocol_whitelist", "file,udp,rtp", "-i"]);
    player.arg(&sdp).args(["-fps_mode", "passthrough", "-f", "framemd5", "-"]);
    let player = player.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("ffmpeg runs");
    let begun = Instant::now();
    let listens =
        || std::fs::read_to_string("/proc/net/udp").is_ok_and(|all| all.contains(&format!(":{:04X} ", port + 1)));
    while !listens() {
        assert!(begun.elapsed() < PATIENCE, "ffmpeg listens");
        thread::sleep(Duration::from_millis(10));
    }
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    for packet in packets {
        socket.send_to(packet, (Ipv4Addr::LOCALHOST, port)).expect("sent");
        thread::sleep(Duration::from_micros(700));
    }
    // It waits half a second for what is missing; then it is told that nothing comes any more.
    thread::sleep(Duration::from_millis(1500));
    let source = &packets[0][8..12];
    let goodbye = [&[0x80, 201, 0, 1], source, &[0x81, 203, 0, 1], source].concat();
    socket.send_to(&goodbye, (Ipv4Addr::LOCALHOST, port + 1)).expect("sent");
    hashes(&player.wait_with_output().expect("ffmpeg ends").stdout)
}

/// What is shown of what our receiver makes of the packets, each of which comes at its time.
fn shown_by_us(folder: &Path, packets: &[Vec<u8>], description: &str) -> Vec<String> {
    let sets = description.split_once("sprop-parameter-sets=").expect("they are told").1;
    let sets = sets.split([';', '\r', '\n']).next().unwrap_or_default().split(',');
    let parameter_sets = sets.map(|set| STANDARD.decode(set).expect("base64").into()).collect();
    let media = Media { payload_type: 96, clock_rate: 90_000, format: Format::H264 { parameter_sets } };
    let mut receiver = Receiver::new(&[media], Delivery::Datagrams).expect("good media");
    let timestamp = |packet: &[u8]| u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
    let (first, mut now, mut frames) = (timestamp(&packets[0]), Moment(0), Vec::new());
    for packet in packets {
        let at = i64::from(timestamp(packet).wrapping_sub(first) as i32).max(0) as u64;
        now = now.max(Moment(at * 100 / 9));
        while let Some(due) = receiver.next_timeout().filter(|due| *due <= now) {
            receiver.handle_timeout(due, &mut frames);
        }
        receiver.rtp(0, packet, now, &mut frames);
    }
    receiver.handle_end(now, &mut frames);
    let mut bytes = Vec::new();
    for frame in frames {
        let Frame::Video(picture) = frame else { continue };
        for set in std::iter::once(&picture.params.sps).chain(&picture.params.pps).filter(|_| picture.key) {
            bytes.extend_from_slice(&[0, 0, 0, 1]);
            bytes.extend_from_slice(set);
        }
        let mut rest = &picture.data[..];
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (nal, after) = after.split_at(u32::from_be_bytes(*length) as usize);
            bytes.extend_from_slice(&[0, 0, 0, 1]);
            bytes.extend_from_slice(nal);
            rest = after;
        }
    }
    let stream = folder.join("ours.h264");
    std::fs::write(&stream, bytes).expect("written");
    decoded(&["-i", &stream.display().to_string()])
}

/// As many whole pictures as ffmpeg's player shows of the same packets, or more, and none is torn.
#[test]
fn of_lost_packets_as_much_as_can_be_whole_is_and_nothing_is_torn() {
    for Kind(name, coding, has_keys) in KINDS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (packets, description) = packets(folder.path(), coding);
        let sent = decoded(&["-i", &folder.path().join("film.mp4").display().to_string()]);
        let sent: HashSet<String> = sent.into_iter().collect();
        assert_eq!(sent.len(), PICTURES, "{name}: no two pictures are the same");
        // At 5 % the only key frame of the last is among what is lost: nobody's player could begin.
        for lost_per_mille in [0, 10, 20, 50].into_iter().filter(|lost| has_keys || *lost < 50) {
            let here = weather(&packets, lost_per_mille, 7 + lost_per_mille);
            let ours = Seen::of(&shown_by_us(folder.path(), &here, &description), &sent);
            let theirs = Seen::of(&shown_by_ffmpeg(folder.path(), &here, &description), &sent);
            let lost = packets.len() - here.len();
            println!("{name}, {lost} of {} packets lost: {ours:?}, ffmpeg's player {theirs:?}", packets.len());
            // Where no key frame comes again pictures become right bit by bit, or never.
            assert!(ours.torn <= if has_keys { 0 } else { theirs.torn }, "{name}, {lost} lost");
            // And of what goes on right in parts of the picture, we leave out what is shown before all is.
            let least = if has_keys { theirs.whole } else { theirs.whole * 9 / 10 };
            assert!(ours.whole >= least, "{name}, {lost} lost: {ours:?}, ffmpeg's player {theirs:?}");
            assert!(lost_per_mille > 0 || ours.whole == PICTURES, "{name}: {ours:?}");
        }
    }
}
