//! The built-in phone publishes to a server that is not ours (ffmpeg): what arrives is whole, on time and in step.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lareira::cli::demo::{Phone, PhoneError};

const SECONDS: u64 = 4;
/// Width of the test picture, and of a bit of its time code.
const WIDTH: usize = 1280;
const BLOCK: usize = 26;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().expect("the program is installed");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{program}: {complaints}");
    output.stdout
}

/// Times in seconds of the frames of one track, as ffprobe reads them.
fn frame_times(file: &str, track: &str) -> Vec<f64> {
    let fields = ["-v", "error", "-select_streams", track, "-show_entries", "frame=pts_time", "-of", "csv=p=0", file];
    let text = String::from_utf8(output("ffprobe", &fields)).expect("text");
    text.lines().map(|line| line.trim_end_matches(',').parse().expect("a time")).collect()
}

/// Dates in milliseconds that the pictures carry.
fn picture_dates(file: &str) -> Vec<i64> {
    let crop = format!("crop={WIDTH}:2:0:8");
    let gray =
        ["-v", "error", "-i", file, "-an", "-vf", &crop, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt"];
    let rows = output("ffmpeg", &[&gray[..], &["gray", "-"]].concat());
    let bit = |row: &[u8], bit: usize| i64::from(row[bit * BLOCK + BLOCK / 2] > 128);
    rows.chunks_exact(WIDTH * 2).map(|row| (0..48).fold(0, |date, at| date << 1 | bit(row, at))).collect()
}

/// Times in seconds, since the first sample, at which ticks begin.
fn ticks(file: &str) -> Vec<f64> {
    let bytes = output("ffmpeg", &["-v", "error", "-i", file, "-vn", "-f", "s16le", "-ar", "48000", "-"]);
    let samples: Vec<i32> =
        bytes.chunks_exact(2).map(|pair| i32::from(i16::from_le_bytes([pair[0], pair[1]])).abs()).collect();
    let mut ticks: Vec<usize> = Vec::new();
    for (at, &sample) in samples.iter().enumerate() {
        if sample > 8000 && ticks.last().is_none_or(|last| at - last > 24_000) {
            ticks.push(at);
        }
    }
    ticks.into_iter().map(|at| at as f64 / 48_000.0).collect()
}

#[test]
fn ffmpeg_receives_pictures_and_sound_in_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("received.mkv");
    let file = file.to_str().expect("a path in UTF-8");
    let url = format!("rtsp://127.0.0.1:{}/live/test", free_port());
    let mut server = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-rtsp_flags", "listen", "-i", &url, "-c", "copy", "-copyts", file])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ffmpeg is installed");
    let before = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    // The server may need a moment to listen: the phone connects again by itself.
    let phone = Phone::start(&url, Some(SECONDS)).expect("a good address");
    assert_eq!(phone.wait(), Ok(()));
    let deadline = Instant::now() + Duration::from_secs(15);
    while server.try_wait().expect("a child").is_none() {
        assert!(Instant::now() < deadline, "the server ends with the stream");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Path::new(file).exists());

    let (pictures, sounds) = (frame_times(file, "v"), frame_times(file, "a"));
    let wanted = SECONDS as usize * 30;
    // A phone on a busy machine leaves pictures out, and the others stay where they belong.
    assert!((wanted / 3..=wanted + 2).contains(&pictures.len()), "{} pictures", pictures.len());
    let dates = picture_dates(file);
    assert_eq!(dates.len(), pictures.len());
    assert!(dates[0] >= before && dates[0] < before + 20_000, "{} after {before}", dates[0]);
    let gaps: Vec<f64> = pictures.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap > 0.03 && (gap * 30.0 - (gap * 30.0).round()).abs() < 0.06), "{gaps:?}");
    let sound_gaps: Vec<f64> = sounds.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(sound_gaps.iter().all(|gap| (gap - 1024.0 / 48_000.0).abs() < 0.002), "{sound_gaps:?}");

    // A tick is heard on each whole second; what the pictures carry at that time says the same.
    let ticks = ticks(file);
    assert!(ticks.len() >= SECONDS as usize - 1, "{ticks:?}");
    let date_of_zero = |at: usize| dates[at] as f64 / 1000.0 - pictures[at];
    let mut offsets: Vec<f64> = (0..pictures.len()).map(date_of_zero).collect();
    offsets.sort_by(f64::total_cmp);
    let offset = offsets[offsets.len() / 2];
    for tick in ticks.iter().skip(1) {
        let date = sounds[0] + tick + offset;
        assert!((date - date.round()).abs() < 0.040, "a tick at {date}");
    }
}

#[test]
fn a_refusal_ends_the_phone_and_names_the_reason() {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("rtsp://{}/live/gone", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut bytes = [0; 1024];
        let _ = stream.read(&mut bytes);
        stream.write_all(b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n").expect("written");
    });
    let refused = PhoneError::Refused { status: 404, reason: "Not Found".to_owned() };
    assert_eq!(Phone::start(&url, None).expect("a good address").wait(), Err(refused));
    server.join().expect("no panic");
}

#[test]
fn a_phone_that_nobody_answers_stops_when_told() {
    let url = format!("rtsp://127.0.0.1:{}/live/test", free_port());
    let phone = Phone::start(&url, None).expect("a good address");
    assert!(!phone.is_finished());
    phone.stop();
    assert_eq!(phone.wait(), Ok(()));
    assert_eq!(Phone::start("http://127.0.0.1/", None).map(drop), Err(PhoneError::BadAddress));
}
