//! The configuration: `config.toml`, with a default for every key. An unknown or wrong key is an error that names its line.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::admin::addresses::Doors;
use crate::fetch::Allowed;
use crate::ground::network::Network;
use crate::iptv::{GuideZone, Source};
use crate::lifecycle::RecordingLimits;
use crate::mdns::Label;

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the database, recordings and sockets are; relative to the configuration's own folder.
    pub data_dir: PathBuf,
    /// Pages, API and playback.
    pub http: Http,
    /// The same over TLS.
    pub https: Https,
    /// Where camera apps publish.
    pub rtsp: Rtsp,
    /// The same over TLS.
    pub rtsps: Rtsps,
    /// How the gateway is found on the home network.
    pub mdns: Mdns,
    /// How shares live.
    pub share: Share,
    /// What goes to the disk.
    pub recording: Recording,
    /// TV channels.
    pub channels: Channels,
    /// What is refused beyond.
    pub limits: Limits,
    /// What is written to the log.
    pub log: Log,
}

/// Pages, API and playback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    pub address: SocketAddr,
    /// Host names it answers to, besides addresses, `localhost` and `lareira.local`.
    pub names: Vec<String>,
    /// Addresses and networks that may ask for `/metrics`, besides this machine.
    pub metrics_from: Vec<Network>,
}

/// Pages, API and playback over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Https {
    /// Whether there is HTTPS at all.
    pub enabled: bool,
    /// Address and port.
    pub address: SocketAddr,
    /// Certificate chain (PEM); empty for one by the gateway's own authority.
    pub certificate: PathBuf,
    /// Key of `certificate` (PEM).
    pub key: PathBuf,
}

/// Where camera apps publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rtsp {
    /// Address and port.
    pub address: SocketAddr,
    /// First and last UDP port for media; `[0, 0]` takes any that are free.
    pub udp_ports: [u16; 2],
    /// If set, RTSP publishers have to give this name besides their address; for a web camera its address is enough.
    pub user: String,
    /// The password that goes with `user`.
    pub password: String,
}

/// Where camera apps publish over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rtsps {
    /// Whether there is RTSPS at all.
    pub enabled: bool,
    /// Address and port.
    pub address: SocketAddr,
}

/// How the gateway is found on the home network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mdns {
    /// Whether it is announced.
    pub enabled: bool,
    /// Its name there, without `.local`.
    pub name: Label,
    /// Interfaces on which it is announced; none stands for all but the host's own.
    pub interfaces: Vec<String>,
}

/// How shares live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Share {
    /// How long an ended share can be watched.
    pub retention: Span,
    /// How long a new share waits for media.
    pub pending_timeout: Span,
    /// How long a lost stream may take to come back.
    pub resume_window: Span,
}

/// What goes to the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recording {
    /// Whether shares are recorded. Without recordings nothing waits in the inbox.
    pub enabled: bool,
    /// MiB all recordings may take; 0 for all the disk has.
    pub quota_mib: u64,
    /// MiB of the disk that stay free.
    pub keep_free_mib: u64,
    /// MiB of a video that a phone sends whole.
    pub max_clip_mib: u64,
}

/// TV channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Channels {
    /// Where the list (M3U) comes from; empty for no channels.
    pub list: Source,
    /// Where the guide (XMLTV) comes from; empty for what the list says.
    pub guide: Source,
    /// What times of a guide mean that have no zone.
    pub guide_zone: GuideZone,
    /// How often both are fetched again.
    pub refresh: Span,
    /// Addresses that channels may reach besides the public internet.
    pub allow: Vec<Allowed>,
}

/// What is refused beyond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Streams at once.
    pub streams: usize,
}

/// What is written to the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: LogLevel,
}

/// How much is written to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What went wrong for good.
    Error,
    /// And what someone should look at.
    Warn,
    /// And what happened, a line an event.
    Info,
    /// And why.
    Debug,
    /// And everything.
    Trace,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: data_dir(std::env::var_os("STATE_DIRECTORY")),
            http: Http::default(),
            https: Https::default(),
            rtsp: Rtsp::default(),
            rtsps: Rtsps::default(),
            mdns: Mdns::default(),
            share: Share::default(),
            recording: Recording::default(),
            channels: Channels::default(),
            limits: Limits::default(),
            log: Log::default(),
        }
    }
}

/// Where data are kept unless the file says so: where the service manager wants them (systemd.exec(5)), else `data`.
fn data_dir(state_directory: Option<std::ffi::OsString>) -> PathBuf {
    let given = state_directory.and_then(|given| given.into_string().ok());
    let first = given.as_deref().and_then(|given| given.split(':').next()).filter(|first| !first.is_empty());
    first.unwrap_or("data").into()
}

impl Default for Http {
    fn default() -> Self {
        Self { address: (Ipv4Addr::UNSPECIFIED, 8080).into(), names: Vec::new(), metrics_from: Vec::new() }
    }
}

impl Default for Https {
    fn default() -> Self {
        let address = (Ipv4Addr::UNSPECIFIED, 8443).into();
        Self { enabled: true, address, certificate: PathBuf::new(), key: PathBuf::new() }
    }
}

impl Default for Rtsp {
    fn default() -> Self {
        let address = (Ipv4Addr::UNSPECIFIED, 8554).into();
        Self { address, udp_ports: [0, 0], user: String::new(), password: String::new() }
    }
}

impl Default for Rtsps {
    fn default() -> Self {
        Self { enabled: true, address: (Ipv4Addr::UNSPECIFIED, 8322).into() }
    }
}

impl Default for Mdns {
    fn default() -> Self {
        Self { enabled: true, name: Label::default(), interfaces: Vec::new() }
    }
}

impl Default for Share {
    fn default() -> Self {
        let seconds = |seconds| Span(Duration::from_secs(seconds));
        Self { retention: seconds(30 * 24 * 3600), pending_timeout: seconds(120), resume_window: seconds(15) }
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self { enabled: true, quota_mib: 0, keep_free_mib: 512, max_clip_mib: 8192 }
    }
}

impl Recording {
    /// The same, as the room knows it that looks after recordings.
    pub fn limits(&self) -> RecordingLimits {
        let Self { enabled, quota_mib, keep_free_mib, max_clip_mib } = *self;
        RecordingLimits { enabled, quota_mib, keep_free_mib, max_clip_mib }
    }
}

impl Default for Channels {
    fn default() -> Self {
        let refresh = Span(Duration::from_secs(6 * 3600));
        let guide_zone = GuideZone::default();
        Self { list: Source::None, guide: Source::None, guide_zone, refresh, allow: Vec::new() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { streams: 100 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info }
    }
}

/// A span of time as people write it: `15s`, `2min`, `30days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A configuration that can't be used.
#[derive(Debug)]
pub enum ConfigError {
    /// The file can't be read.
    Unreadable(PathBuf, std::io::Error),
    /// The file has a mistake; the text names the line.
    Wrong(PathBuf, Box<toml::de::Error>),
    /// Of two keys that go together only one is set.
    Half {
        /// The one that is.
        set: &'static str,
        /// The other.
        missing: &'static str,
    },
    /// A value that can't be used.
    Value {
        /// Its key, with its section.
        key: &'static str,
        /// What is wrong with it, and what would be right.
        why: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "{} can't be read: {error}", path.display()),
            Self::Wrong(path, error) => write!(f, "{} has a mistake:\n{error}", path.display()),
            Self::Half { set, missing } => write!(
                f,
                "config.toml sets {set} but not {missing}: set both, to your certificate and its key, or neither, for a \
                 certificate by the gateway's own authority"
            ),
            Self::Value { key, why } => write!(f, "{key} in config.toml {why}"),
        }
    }
}
impl std::error::Error for ConfigError {}

/// No span of time is meant to be longer.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

impl Config {
    /// Reads the file at `path`; without a path, `config.toml` in the working folder if there is one, else the defaults.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let (path, optional) = path.map_or((Path::new("config.toml"), true), |path| (path, false));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if optional && error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(ConfigError::Unreadable(path.to_owned(), error)),
        };
        let mut config =
            toml::from_str::<Self>(&text).map_err(|error| ConfigError::Wrong(path.to_owned(), Box::new(error)))?;
        if let Some(folder) = path.parent() {
            config.data_dir = folder.join(&config.data_dir);
            for file in [&mut config.https.certificate, &mut config.https.key] {
                if !file.as_os_str().is_empty() {
                    *file = folder.join(&*file);
                }
            }
            config.channels.list = config.channels.list.in_folder(folder);
            config.channels.guide = config.channels.guide.in_folder(folder);
        }
        config.judged()
    }

    /// The configuration, if its values can be used. Whoever loads one comes by here: what the gateway doesn't take,
    /// `check` doesn't either.
    fn judged(self) -> Result<Self, ConfigError> {
        let wrong = |key, why: &str| Err(ConfigError::Value { key, why: why.to_owned() });
        if self.limits.streams == 0 {
            return wrong("limits.streams", "is 0, so nobody could share anything: set 1 or more");
        }
        let Share { retention, pending_timeout, resume_window } = self.share;
        let spans = [
            ("share.retention", retention, true),
            ("share.pending_timeout", pending_timeout, true),
            ("share.resume_window", resume_window, false),
            ("channels.refresh", self.channels.refresh, true),
        ];
        for (key, Span(span), takes_time) in spans {
            if takes_time && span.is_zero() {
                return wrong(key, "is no time at all: set one like \"2min\", \"6h\" or \"30days\"");
            }
            if span > LONGEST {
                return wrong(key, "is longer than 100 years: set less");
            }
        }
        match self.rtsp.udp_ports {
            [0, 0] => {}
            [first, last] if first == 0 || first > last => {
                let why =
                    format!("is [{first}, {last}]: set the lower port first, like [50000, 50100], or [0, 0] for any");
                return wrong("rtsp.udp_ports", &why);
            }
            [first, last] if u32::from(first).next_multiple_of(2) >= u32::from(last) => {
                let why = format!("is [{first}, {last}], which has no even port with the next one: set more ports");
                return wrong("rtsp.udp_ports", &why);
            }
            _ => {}
        }
        let Doors { http, https, rtsp, rtsps } = self.doors();
        let doors = [("http", Some(http)), ("https", https), ("rtsp", Some(rtsp)), ("rtsps", rtsps)];
        let doors: Vec<_> = doors.into_iter().filter_map(|(name, at)| Some((name, at?))).collect();
        for (i, (name, at)) in doors.iter().enumerate() {
            let meets = |other: &SocketAddr| {
                let same = other.ip() == at.ip() || other.ip().is_unspecified() || at.ip().is_unspecified();
                same && other.port() == at.port() && at.port() != 0
            };
            if let Some((other, _)) = doors[..i].iter().find(|(_, other)| meets(other)) {
                let why = format!("of [{name}] is {at}, which [{other}] has already: set another port");
                return wrong("address", &why);
            }
        }
        Ok(self)
    }

    /// What is to be listened on.
    pub fn doors(&self) -> Doors {
        Doors {
            http: self.http.address,
            https: self.https.enabled.then_some(self.https.address),
            rtsp: self.rtsp.address,
            rtsps: self.rtsps.enabled.then_some(self.rtsps.address),
        }
    }

    /// The owner's own certificate and key; `None` for those of the gateway's own authority.
    pub fn own_certificate(&self) -> Result<Option<(PathBuf, PathBuf)>, ConfigError> {
        let Https { certificate, key, .. } = &self.https;
        match (certificate.as_os_str().is_empty(), key.as_os_str().is_empty()) {
            (true, true) => Ok(None),
            (false, false) => Ok(Some((certificate.clone(), key.clone()))),
            (false, true) => Err(ConfigError::Half { set: "https.certificate", missing: "https.key" }),
            (true, false) => Err(ConfigError::Half { set: "https.key", missing: "https.certificate" }),
        }
    }

    /// The ports that media over UDP may use; `None` for any.
    pub fn udp_ports(&self) -> Option<std::ops::RangeInclusive<u16>> {
        let [first, last] = self.rtsp.udp_ports;
        (last > 0).then_some(first..=last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../config.toml");

    fn wrong(text: &str) -> String {
        toml::from_str::<Config>(text).expect_err("a mistake").to_string()
    }

    /// The unit's bounds, against what the limits admit.
    #[test]
    fn the_unit_gives_what_is_admitted_and_little_more() {
        use crate::ground::limits as l;
        let unit = include_str!("../../systemd/lareira.service");
        let value = |name: &str| unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        const MIB: usize = 1 << 20;
        let streams = Limits::default().streams * l::STREAM_BYTES + l::BACKLOG_BYTES;
        // While guides are read, what was read before still holds.
        let list = 3 * l::CHANNEL_LIST_BYTES as usize + 2 * l::GUIDE_PROGRAMMES * 256;
        let channels =
            l::CHANNEL_TUNERS * l::CHANNEL_BYTES + l::CHANNEL_FETCHES * l::CHANNEL_PLAYLIST_BYTES as usize + list;
        let recordings = l::LIBRARY_BYTES + l::LIBRARY_OPENINGS * l::LIBRARY_BYTES;
        let films = 2 * l::MP4_MOOV_BYTES as usize + l::UPLOADS * l::UPLOAD_CHUNK_BYTES;
        let connections = l::HTTP_CONNECTIONS * (l::HTTP_HEAD_BYTES + l::TLS_WRITE_BYTES);
        let places = l::HTTP_TV_CALLS + l::HTTP_OWNER_CALLS + l::HTTP_GUEST_CALLS;
        let calls = places * l::HTTP_ANSWER_BYTES + (l::HTTP_LARGE_BODIES + l::HTTP_PHOTO_BODIES) * 11 * MIB;
        let admitted = (streams + channels + recordings + films + connections + calls) / MIB;
        let memory = value("MemoryMax").and_then(|value| value.strip_suffix('M')).and_then(|mib| mib.parse().ok());
        let memory: usize = memory.expect("so many MiB");
        assert!((admitted..admitted + admitted / 4).contains(&memory), "{admitted} MiB are admitted");
        let blocking = l::BOOKS_THREADS + l::DISK_THREADS + l::MEDIA_THREADS + l::NAMES_THREADS + l::UPLOADS;
        // Pictures are decoded on threads of their own; a call has one that reads it and one that answers it.
        let tasks = blocking + l::MEDIA_THREADS + 2 * places + 24;
        let given: usize = value("TasksMax").and_then(|tasks| tasks.parse().ok()).expect("so many threads");
        assert!((tasks..tasks * 3 / 2).contains(&given), "{tasks} threads are admitted");
    }

    #[test]
    fn the_shipped_file_says_the_defaults() {
        let shipped: Config = toml::from_str(SHIPPED).expect("the shipped file is good");
        assert_eq!(shipped, Config::default());
    }

    #[test]
    fn the_shipped_file_has_every_key_and_a_line_on_it() {
        let all = serde_json::to_value(Config::default()).expect("a configuration is a table");
        let mut section = String::new();
        let mut shipped = Vec::new();
        let lines: Vec<&str> = SHIPPED.lines().collect();
        for pair in lines.windows(2) {
            if let Some(name) = pair[1].strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = format!("{name}.");
            } else if let Some((key, _)) = pair[1].split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
                assert!(pair[0].starts_with("# "), "nothing is said of {key}");
                shipped.push(format!("{section}{key}"));
            }
        }
        let mut expected = Vec::new();
        for (name, value) in all.as_object().expect("a table") {
            match value.as_object() {
                Some(table) => expected.extend(table.keys().map(|key| format!("{name}.{key}"))),
                None => expected.push(name.clone()),
            }
        }
        shipped.sort();
        expected.sort();
        assert_eq!(shipped, expected);
    }

    #[test]
    fn the_service_manager_has_a_say_in_where_data_are() {
        assert_eq!(data_dir(None), Path::new("data"));
        assert_eq!(data_dir(Some("/var/lib/lareira:/var/lib/other".into())), Path::new("/var/lib/lareira"));
    }

    #[test]
    fn half_a_certificate_names_both_keys() {
        for (text, has) in [
            ("", Ok(false)),
            ("[https]\ncertificate = \"a.pem\"\nkey = \"b.pem\"", Ok(true)),
            ("[https]\ncertificate = \"a.pem\"", Err(("https.certificate", "https.key"))),
            ("[https]\nkey = \"b.pem\"", Err(("https.key", "https.certificate"))),
        ] {
            let own = toml::from_str::<Config>(text).expect("it can be read").own_certificate();
            match (own, has) {
                (Ok(own), Ok(has)) => assert_eq!(own.is_some(), has, "{text}"),
                (Err(error), Err((set, missing))) => {
                    assert!(error.to_string().contains(&format!("sets {set} but not {missing}")), "{error}");
                }
                (own, _) => panic!("{text}: {own:?}"),
            }
        }
    }

    #[test]
    fn values_that_can_not_be_used_name_their_key() {
        let judged = |text: &str| toml::from_str::<Config>(text).expect("it can be read").judged();
        for (text, named) in [
            ("[limits]\nstreams = 0", "limits.streams"),
            ("[share]\nretention = \"0s\"", "share.retention"),
            ("[share]\nretention = \"1000years\"", "share.retention"),
            ("[share]\npending_timeout = \"0s\"", "share.pending_timeout"),
            ("[share]\nresume_window = \"101years\"", "share.resume_window"),
            ("[channels]\nrefresh = \"0s\"", "channels.refresh"),
            ("[rtsp]\nudp_ports = [5, 1]", "[5, 1]"),
            ("[rtsp]\nudp_ports = [0, 5]", "[0, 5]"),
            ("[rtsp]\nudp_ports = [50001, 50002]", "no even port"),
            ("[rtsp]\nudp_ports = [65535, 65535]", "no even port"),
            ("[rtsp]\naddress = \"127.0.0.1:8080\"", "of [rtsp]"),
            ("[rtsps]\naddress = \"0.0.0.0:8443\"", "which [https] has already"),
        ] {
            let error = judged(text).expect_err(text).to_string();
            assert!(
                error.contains(named) && error.contains("config.toml") && error.contains("set "),
                "{text}: {error}"
            );
        }
        for text in [
            "",
            "[share]\nresume_window = \"0s\"",
            "[rtsp]\nudp_ports = [50000, 50001]",
            "[rtsps]\nenabled = false\naddress = \"0.0.0.0:8443\"",
            "[http]\naddress = \"127.0.0.1:0\"\n[rtsp]\naddress = \"127.0.0.1:0\"",
            "[http]\naddress = \"127.0.0.1:8080\"\n[rtsp]\naddress = \"127.0.0.2:8080\"",
        ] {
            assert!(judged(text).is_ok(), "{text}");
        }
        assert_eq!(toml::from_str::<Config>(SHIPPED).expect("good").judged().expect("good"), Config::default());
    }

    #[test]
    fn mistakes_name_their_line() {
        assert!(wrong("[http]\nadress = \"x\"").contains("line 2"), "{}", wrong("[http]\nadress = \"x\""));
        assert!(wrong("data_dir = \"x\"\n[share]\nresume_window = \"soon\"").contains("line 3"));
        assert!(wrong("[http]\naddress = \"everywhere\"").contains("line 2"));
        assert!(wrong("[http]\nmetrics_from = [\"home\"]").contains("192.168.1.0/24"), "it is said how to write it");
        assert!(wrong("[channels]\nallow = [\"home\"]").contains("192.168.1.0/24"), "it is said how to write it");
        assert!(wrong("[channels]\nguide_zone = \"Mars\"").contains("Europe/Lisbon"), "it is said how to write it");
        assert!(wrong("[channels]\nlist = \"ftp://a/tv.m3u\"").contains("line 2"));
        assert!(wrong("[log]\nlevel = \"loud\"").contains("warn"), "the levels are listed");
    }
}
