//! `lareira check`: whether this machine can run the gateway, and how to mend what stands in the way.
//!
//! Three steps: look at the machine ([`Facts::gather`]), judge what was seen ([`judge`], pure), say it ([`report`]).
//! Nothing is left behind on the disk, and nothing listens afterwards. What is wrong in the configuration itself is found
//! where it is read (`config/`), for whoever reads it.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use super::demo::TestPicture;
use crate::codec::{self, CodecError, Encoder, EncoderSettings};
use crate::config::ConfigError;
use crate::ground::frame::{Rotation, VideoParams};
use crate::ground::time::{Ticks90k, UnixMs};
use crate::iptv::{Content, Seen, Surveyed};
use crate::private;

/// The date of the first test picture: 2026-01-01.
const FIRST_PICTURE: UnixMs = UnixMs(1_767_225_600_000);
/// Room for about half an hour of video, besides what is kept free.
const FREE_BYTES: u64 = 1 << 30;
const DAY_MS: i64 = 86_400_000;
/// When the program was built, in seconds from 1970-01-01 (`build.rs`).
const BUILT_S: &str = env!("LAREIRA_BUILT_S");
/// A clock may go back a little when it is set.
const GRACE_MS: i64 = 5 * 60_000;
/// No program runs for longer, unless its clock is ahead: then everything is old, and retention lets it go.
const LONGEST_MS: i64 = 20 * 366 * DAY_MS;
/// Pictures encoded to measure the speed, and how many a second are enough: one stream and some air.
const PICTURES: u32 = 45;
const ENOUGH_PER_SECOND: f64 = 45.0;
/// Longest time a key frame may take: viewers wait for it when a stream starts.
const KEY_FRAME: Duration = Duration::from_millis(100);

/// What is to be checked.
#[derive(Debug)]
pub struct Subject {
    /// Addresses the gateway will listen on, each with the name of its setting, such as `http`.
    pub listeners: Vec<(&'static str, SocketAddr)>,
    /// Where it will keep its data; need not exist yet.
    pub data_dir: PathBuf,
    /// Bytes of the disk that recordings leave free.
    pub keep_free_bytes: u64,
    /// The owner's certificate and key, if they are set.
    pub certificate: Vec<PathBuf>,
    /// What is wrong with how they are set, if anything is.
    pub half_certificate: Option<ConfigError>,
    /// The channel list and guides as they lie here, the list first.
    pub channels: Vec<Surveyed>,
    /// The fingerprint of its certificate authority, if it has one already.
    pub authority: Option<String>,
}

/// What was seen of the machine.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Each listener's setting and address, and whether it can be had.
    pub listeners: Vec<(&'static str, SocketAddr, Result<(), ErrorKind>)>,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Whether a file can be written there, to the disk.
    pub writable: Result<(), ErrorKind>,
    /// Bytes left there for us; `None` where the system doesn't say.
    pub free_bytes: Option<u64>,
    /// Bytes that recordings leave free.
    pub keep_free_bytes: u64,
    /// It is in memory, and gone when the machine restarts.
    pub is_in_memory: bool,
    /// What is wrong with the owner's certificate, if there is one.
    pub certificate: Option<String>,
    /// The channel list and guides.
    pub channels: Vec<Surveyed>,
    /// The date by the system's clock.
    pub date: UnixMs,
    /// When this program was built.
    pub built: UnixMs,
    /// When the database was last written, if there is one.
    pub written: Option<UnixMs>,
    /// When this program was put on the machine, by its file's date.
    pub installed: Option<UnixMs>,
    /// Processors that may be used; `None` where the system doesn't say.
    pub cores: Option<usize>,
    /// How fast 720p video is encoded and decoded.
    pub speed: Result<Speed, CodecError>,
    /// The fingerprint of the certificate authority, if there is one already.
    pub authority: Option<String>,
}

/// How fast the codec is, on one core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Pictures of 1280×720 encoded in a second.
    pub encoded_per_second: f64,
    /// How long the key frame of such a stream takes to decode.
    pub key_frame: Duration,
}

/// One thing that is well or isn't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub what: String,
    /// What to do about it; `None` if all is well.
    pub mend: Option<String>,
}

/// Looks, judges and says it: the text to print, and 0 if the gateway can run.
pub fn check(subject: &Subject) -> (String, ExitCode) {
    let findings = judge(&Facts::gather(subject));
    let well = findings.iter().all(|finding| finding.mend.is_none());
    (report(&findings), if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A line for each finding, and one more for each that needs mending.
pub fn report(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { what, mend } in findings {
        let mark = if mend.is_none() { '✓' } else { '✗' };
        text += &format!("{mark} {what}\n");
        if let Some(mend) = mend {
            text += &format!("  → {mend}\n");
        }
    }
    text
}

/// What the facts mean. Pure.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = facts.listeners.iter().map(|(name, at, free)| listener(name, *at, free)).collect();
    findings.push(directory(facts));
    findings.extend(facts.free_bytes.map(|free| room(free, facts.keep_free_bytes, &facts.data_dir)));
    findings.push(clock(facts));
    findings.extend(facts.certificate.as_ref().map(|why| {
        let mend = "Set both in [https] of config.toml to files of yours, or neither: then the gateway makes its own.";
        bad(format!("certificate: {why}"), mend.to_owned())
    }));
    findings.extend(facts.channels.iter().enumerate().map(|(i, seen)| channels(seen, i == 0)));
    findings
        .extend(facts.cores.map(|cores| good(format!("{cores} processor core{}", if cores == 1 { "" } else { "s" }))));
    findings.extend(speed(&facts.speed));
    let authority = facts.authority.iter();
    findings.extend(authority.map(|mark| good(format!("certificate authority that phones trust: SHA-256 {mark}"))));
    findings
}

fn good(what: String) -> Finding {
    Finding { what, mend: None }
}

fn bad(what: String, mend: String) -> Finding {
    Finding { what, mend: Some(mend) }
}

fn listener(name: &str, at: SocketAddr, free: &Result<(), ErrorKind>) -> Finding {
    let port = at.port();
    match free {
        Ok(()) => good(format!("{name}: port {port} is free")),
        Err(ErrorKind::AddrInUse) => bad(
            format!("{name}: port {port} is in use"),
            format!(
                "Stop the program that has it (perhaps Lareira runs already), or set another port for `{name}` in config.toml."
            ),
        ),
        Err(ErrorKind::PermissionDenied) => bad(
            format!("{name}: port {port} is not allowed"),
            format!(
                "Ports below 1024 need a privilege: set one from 1024 up for `{name}` in config.toml, or start it as a systemd service with AmbientCapabilities=CAP_NET_BIND_SERVICE."
            ),
        ),
        Err(ErrorKind::AddrNotAvailable) => bad(
            format!("{name}: {} is not an address of this machine", at.ip()),
            format!("Set an address of this machine, or 0.0.0.0 for all of them, for `{name}` in config.toml."),
        ),
        Err(kind) => bad(
            format!("{name}: {at} can't be listened on: {kind}"),
            format!("Set another address for `{name}` in config.toml."),
        ),
    }
}

fn directory(facts: &Facts) -> Finding {
    let shown = facts.data_dir.display();
    match facts.writable {
        Ok(()) if facts.is_in_memory => bad(
            format!("data directory {shown} is in memory (tmpfs)"),
            "Everything in it is gone when the machine restarts: set a data directory on a disk.".to_owned(),
        ),
        Ok(()) => good(format!("data directory {shown} can be written")),
        Err(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => bad(
            format!("data directory {shown}: the disk is full"),
            "Free some space, or set another data directory.".to_owned(),
        ),
        Err(ErrorKind::ReadOnlyFilesystem) => bad(
            format!("data directory {shown}: the disk can only be read"),
            "Mount it for writing (`dmesg` says whether it was damaged), or set another data directory.".to_owned(),
        ),
        Err(kind) => bad(
            format!("data directory {shown} can't be written: {kind}"),
            "Give the user that runs Lareira the right to write there, or set another data directory.".to_owned(),
        ),
    }
}

fn room(free: u64, keep_free: u64, data_dir: &Path) -> Finding {
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let left = free.saturating_sub(keep_free);
    let what = format!("{:.1} GiB free for recordings", gib(left));
    if left >= FREE_BYTES {
        return good(what);
    }
    let mend = format!(
        "Free some space where {} is (an hour of video takes 1 to 2 GiB), or set another data directory. Of the {:.1} GiB \
         that are left there, recordings leave {:.1} GiB free (`recording.keep_free_mib` in config.toml).",
        data_dir.display(),
        gib(free),
        gib(keep_free)
    );
    bad(what, mend)
}

fn clock(facts: &Facts) -> Finding {
    const MEND: &str =
        "Set the clock, or let it be set: `timedatectl set-ntp true`. Recordings and playing rights carry dates.";
    let Facts { date, built, .. } = *facts;
    let what = format!("the clock shows {date}");
    // A day of grace: files keep the date of the machine that made them.
    let program = facts.installed.map_or(built, |installed| built.max(installed));
    if date.0 < program.0 - DAY_MS {
        return bad(what, format!("That is in the past: this program is of {program}. {MEND}"));
    }
    match facts.written {
        Some(written) if date.0 < written.0 - GRACE_MS => {
            bad(what, format!("That is in the past: something was kept here on {written}. {MEND}"))
        }
        _ if date.0 > built.0 + LONGEST_MS => {
            bad(what, format!("That is far ahead: what is kept would look old, and go. {MEND}"))
        }
        _ => good(what),
    }
}

/// A list or a guide of the TV channels.
fn channels(surveyed: &Surveyed, is_list: bool) -> Finding {
    let Surveyed { source, seen } = surveyed;
    let (name, of) = if is_list { ("channel list", "channel") } else { ("guide", "programme") };
    match seen {
        Seen::NotFetched => good(format!("{name} {source} has not been fetched yet")),
        Seen::Bad(why) => bad(
            format!("{name} {source}: {why}"),
            format!(
                "Set `{}` in [channels] of config.toml to a file or address that is one.",
                if is_list { "list" } else { "guide" }
            ),
        ),
        Seen::Read(Content { count, skipped, first, trouble }) => {
            let first = first.as_ref().map(|first| format!(" ({first})")).unwrap_or_default();
            let many = if *count == 1 { "" } else { "s" };
            let trouble = trouble.as_ref().map(|trouble| format!("; {trouble}")).unwrap_or_default();
            let what = format!("{name} {source}: {count} {of}{many}, {skipped} skipped{first}{trouble}");
            if is_list && *count == 0 {
                return bad(what, "Nothing in it can be played: check the list.".to_owned());
            }
            good(what)
        }
    }
}

fn speed(speed: &Result<Speed, CodecError>) -> Vec<Finding> {
    let slow = || {
        let cause = if cfg!(debug_assertions) {
            "This is a debug build: build with --release."
        } else if cfg!(target_arch = "x86_64") {
            "If nasm was missing when Lareira was built, install it and build again: that doubles the speed."
        } else {
            "A faster machine would help."
        };
        format!("{cause} Streams that pass through untouched are not concerned.")
    };
    match speed {
        Ok(Speed { encoded_per_second, key_frame }) => {
            let transcoding =
                format!("transcoding: {encoded_per_second:.0} pictures a second at 720p; one stream takes 30");
            let starting = format!("a 720p key frame is decoded in {:.1} ms", key_frame.as_secs_f64() * 1000.0);
            let judged = |well: bool, what: String| if well { good(what) } else { bad(what, slow()) };
            vec![
                judged(*encoded_per_second >= ENOUGH_PER_SECOND, transcoding),
                judged(*key_frame <= KEY_FRAME, starting),
            ]
        }
        Err(error) => {
            vec![bad(
                format!("video can't be encoded or decoded: {error}"),
                "Build Lareira again for this machine.".to_owned(),
            )]
        }
    }
}

impl Facts {
    /// Looks at the machine. Takes a second or two, most of it for the speed.
    pub fn gather(subject: &Subject) -> Self {
        let free = |at: &SocketAddr| TcpListener::bind(at).map(drop).map_err(|error| error.kind());
        let existing = existing(&subject.data_dir);
        let date_of = |path: PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).map(UnixMs::from);
        Self {
            listeners: subject.listeners.iter().map(|(name, at)| (*name, *at, free(at))).collect(),
            writable: try_writing(existing).map_err(|error| error.kind()),
            free_bytes: free_bytes(existing).ok(),
            keep_free_bytes: subject.keep_free_bytes,
            is_in_memory: is_in_memory(existing),
            certificate: subject
                .half_certificate
                .as_ref()
                .map(ToString::to_string)
                .or_else(|| unreadable(&subject.certificate)),
            channels: subject.channels.clone(),
            written: date_of(subject.data_dir.join("lareira.redb")).ok(),
            data_dir: subject.data_dir.clone(),
            date: SystemTime::now().into(),
            built: UnixMs(BUILT_S.parse::<i64>().unwrap_or(0) * 1000),
            installed: std::env::current_exe().and_then(date_of).ok(),
            cores: std::thread::available_parallelism().map(usize::from).ok(),
            speed: measure(),
            authority: subject.authority.clone(),
        }
    }
}

/// The directory itself, or the nearest above it that exists: there the directory would be made.
fn existing(directory: &Path) -> &Path {
    let here = Path::new(".");
    directory
        .ancestors()
        .map(|path| if path.as_os_str().is_empty() { here } else { path })
        .find(|path| path.exists())
        .unwrap_or(here)
}

/// Writes a file to the disk, and takes it away again.
fn try_writing(directory: &Path) -> io::Result<()> {
    let path = directory.join(format!(".lareira-check-{}", std::process::id()));
    let written = private::file().write(true).create_new(true).open(&path).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_all()
    });
    let removed = if path.exists() { fs::remove_file(&path) } else { Ok(()) };
    written.and(removed)
}

/// Bytes that an ordinary user may still write in the file system of `path`.
fn free_bytes(path: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(path)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

/// Whether `path` is in a file system that is kept in memory.
fn is_in_memory(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        // TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h.
        const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58f6];
        rustix::fs::statfs(path).is_ok_and(|system| IN_MEMORY.contains(&(system.f_type as u32)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}

/// What is wrong with the first of `files` that can't be read, if there is one.
fn unreadable(files: &[PathBuf]) -> Option<String> {
    let trouble =
        |file: &PathBuf| fs::File::open(file).err().map(|error| format!("{} can't be read: {error}", file.display()));
    files.iter().find_map(trouble)
}

/// Encodes test pictures and decodes the first.
fn measure() -> Result<Speed, CodecError> {
    let mut picture = TestPicture::default();
    let settings = EncoderSettings {
        width: TestPicture::WIDTH,
        height: TestPicture::HEIGHT,
        frame_rate: 30.0,
        bits_per_second: 2_000_000,
        key_interval: 1000,
    };
    let mut encoder = Encoder::new(settings)?;
    let mut first = Vec::new();
    let mut spent = Duration::ZERO;
    for number in 0..i64::from(PICTURES) {
        let drawn = picture.draw(UnixMs(FIRST_PICTURE.0 + number * 33));
        let start = Instant::now();
        let encoded = encoder.encode(drawn, Ticks90k(number * 3000))?;
        spent += start.elapsed();
        if number == 0 {
            first = encoded.nals;
        }
    }
    let (params, data) = in_house_form(&first);
    // The best of three: what else the machine does at this moment is not its speed.
    let mut key_frame = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        codec::decode_key_frame(&params, &data)?;
        key_frame = key_frame.min(start.elapsed());
    }
    Ok(Speed { encoded_per_second: f64::from(PICTURES) / spent.as_secs_f64().max(1e-6), key_frame })
}

/// What the house makes of a key frame's NAL units.
fn in_house_form(nals: &[Bytes]) -> (VideoParams, Vec<u8>) {
    let of_type = |wanted: u8| nals.iter().filter(move |nal| nal.first().is_some_and(|header| header & 0x1f == wanted));
    let params = VideoParams {
        sps: of_type(7).next().cloned().unwrap_or_default(),
        pps: of_type(8).cloned().collect(),
        others: Vec::new(),
        width: TestPicture::WIDTH as u32,
        height: TestPicture::HEIGHT as u32,
        reorder_depth: None,
        frame_duration: None,
        rotation: Rotation::None,
    };
    let mut data = Vec::new();
    for nal in of_type(5) {
        data.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        data.extend_from_slice(nal);
    }
    (params, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            listeners: vec![("http", SocketAddr::from(([0, 0, 0, 0], 8080)), Ok(()))],
            data_dir: PathBuf::from("/data"),
            writable: Ok(()),
            free_bytes: Some(21 << 30),
            keep_free_bytes: 1 << 30,
            is_in_memory: false,
            certificate: None,
            channels: Vec::new(),
            date: UnixMs(FIRST_PICTURE.0 + 1),
            built: FIRST_PICTURE,
            written: None,
            installed: Some(FIRST_PICTURE),
            cores: Some(2),
            speed: Ok(Speed { encoded_per_second: 160.0, key_frame: Duration::from_millis(9) }),
            authority: None,
        }
    }

    fn list(seen: Seen) -> Surveyed {
        Surveyed { source: "tv.m3u".into(), seen }
    }

    fn content(count: usize) -> Content {
        Content { count, skipped: 2, first: Some("line 4: this is no address".into()), trouble: None }
    }

    fn what_fails(facts: &Facts) -> Vec<String> {
        judge(facts).into_iter().filter(|finding| finding.mend.is_some()).map(|finding| finding.what).collect()
    }

    #[test]
    fn a_good_machine_passes_and_the_report_says_so() {
        let findings = judge(&facts());
        assert_eq!(what_fails(&facts()), [""; 0]);
        let text = report(&findings);
        assert!(
            text.starts_with("✓ http: port 8080 is free\n✓ data directory /data can be written\n✓ 20.0 GiB free"),
            "{text}"
        );
        assert_eq!(text.lines().count(), findings.len());
    }

    #[test]
    fn each_failure_is_found_and_has_a_mend() {
        let at = SocketAddr::from(([0, 0, 0, 0], 80));
        let later = UnixMs(FIRST_PICTURE.0 + 10 * DAY_MS);
        let slow = Speed { encoded_per_second: 20.0, key_frame: Duration::from_millis(200) };
        for (facts, wanted) in [
            (Facts { listeners: vec![("http", at, Err(ErrorKind::AddrInUse))], ..facts() }, "http: port 80 is in use"),
            (
                Facts { listeners: vec![("http", at, Err(ErrorKind::PermissionDenied))], ..facts() },
                "http: port 80 is not allowed",
            ),
            (
                Facts { listeners: vec![("rtsp", at, Err(ErrorKind::AddrNotAvailable))], ..facts() },
                "rtsp: 0.0.0.0 is not",
            ),
            (Facts { writable: Err(ErrorKind::PermissionDenied), ..facts() }, "data directory /data can't be written"),
            (
                Facts { writable: Err(ErrorKind::ReadOnlyFilesystem), ..facts() },
                "data directory /data: the disk can only be read",
            ),
            (Facts { is_in_memory: true, ..facts() }, "data directory /data is in memory"),
            (Facts { free_bytes: Some(5 << 20), ..facts() }, "0.0 GiB free"),
            (Facts { free_bytes: Some(3 << 29), ..facts() }, "0.5 GiB free"),
            (Facts { date: UnixMs(5), ..facts() }, "the clock shows 1970-01-01"),
            (Facts { built: later, ..facts() }, "the clock shows 2026-01-01"),
            (Facts { installed: Some(later), ..facts() }, "the clock shows 2026-01-01"),
            (Facts { written: Some(UnixMs(FIRST_PICTURE.0 + 2 * GRACE_MS)), ..facts() }, "the clock shows 2026-01-01"),
            (Facts { date: UnixMs(FIRST_PICTURE.0 + 2 * LONGEST_MS), ..facts() }, "the clock shows 2066"),
            (Facts { certificate: Some("a.pem can't be read".into()), ..facts() }, "certificate: a.pem"),
            (
                Facts { channels: vec![list(Seen::Bad("no such file".into()))], ..facts() },
                "channel list tv.m3u: no such file",
            ),
            (
                Facts { channels: vec![list(Seen::Read(content(0)))], ..facts() },
                "channel list tv.m3u: 0 channels, 2 skipped",
            ),
            (Facts { speed: Err(CodecError::NotAKeyFrame), ..facts() }, "video can't be"),
        ] {
            let failures = what_fails(&facts);
            assert_eq!(failures.len(), 1, "{failures:?}");
            assert!(failures[0].starts_with(wanted), "{failures:?}");
        }
        assert_eq!(what_fails(&Facts { speed: Ok(slow), ..facts() }).len(), 2);
    }

    #[test]
    fn what_is_skipped_of_channels_is_counted_and_fails_nothing() {
        let facts = Facts {
            channels: vec![list(Seen::Read(content(7))), list(Seen::Read(content(0))), list(Seen::NotFetched)],
            ..facts()
        };
        assert_eq!(what_fails(&facts), [""; 0]);
        let text = report(&judge(&facts));
        assert!(text.contains("channel list tv.m3u: 7 channels, 2 skipped (line 4: this is no address)\n"), "{text}");
        assert!(text.contains("guide tv.m3u: 0 programmes, 2 skipped"), "{text}");
        assert!(text.contains("guide tv.m3u has not been fetched yet"), "{text}");
    }

    #[test]
    fn the_authority_is_named_where_there_is_one() {
        let named = |facts: &Facts| report(&judge(facts)).contains("SHA-256 0123ab");
        assert!(named(&Facts { authority: Some("0123ab".to_owned()), ..facts() }));
        assert!(!named(&facts()));
    }

    #[test]
    fn a_port_that_is_taken_and_a_directory_to_be_made_are_seen() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let at = taken.local_addr().expect("an address");
        let folder = tempfile::tempdir().expect("a folder");
        let data_dir = folder.path().join("not/there/yet");
        let certificate = vec![folder.path().join("no.pem"), folder.path().join("no.key")];
        let subject = Subject {
            listeners: vec![("rtsp", at)],
            data_dir,
            keep_free_bytes: 0,
            certificate,
            half_certificate: None,
            channels: Vec::new(),
            authority: None,
        };
        let facts = Facts::gather(&subject);
        assert!(facts.certificate.as_ref().is_some_and(|why| why.contains("no.pem")), "{:?}", facts.certificate);
        assert!(facts.built.0 > FIRST_PICTURE.0 && facts.written.is_none(), "{} {:?}", facts.built, facts.written);
        assert_eq!(is_in_memory(Path::new("/dev/shm")), Path::new("/dev/shm").exists());
        assert_eq!(facts.listeners[0].2, Err(ErrorKind::AddrInUse));
        assert_eq!(facts.writable, Ok(()));
        assert!(facts.free_bytes.is_some());
        assert!(facts.speed.is_ok(), "{:?}", facts.speed);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left behind");
    }
}
