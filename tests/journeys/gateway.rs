//! A gateway with a household in it: the built program, its own folder and ports, an account, a user, a paired TV
//! and an enrolled phone, all set up the way an owner would.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::boxes::Film;
use crate::program::{self, Running};
use crate::web::{self, Caller};

/// How long anything may take that usually takes a moment.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PROGRAM: &str = env!("CARGO_BIN_EXE_lareira");

/// A gateway of its own, ended when dropped.
#[derive(Debug)]
pub struct Gateway {
    folder: TempDir,
    data: PathBuf,
    pub http_port: u16,
    pub https_port: u16,
    pub rtsp_port: u16,
    pub rtsps_port: u16,
    serving: Option<Running>,
}

impl Gateway {
    /// Starts a gateway with an empty data folder on free ports.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a gateway whose configuration has these further lines.
    #[track_caller]
    pub fn start_with(settings: &str) -> Self {
        Self::start_in_folder(tempfile::tempdir().expect("a temporary folder"), None, "", settings)
    }

    /// Starts a gateway whose configuration has these further lines on HTTPS.
    #[track_caller]
    pub fn start_with_https(https: &str) -> Self {
        Self::start_in_folder(tempfile::tempdir().expect("a temporary folder"), None, https, "")
    }

    /// Starts a gateway that keeps its data in `data`.
    #[track_caller]
    pub fn start_in(data: &Path, settings: &str) -> Self {
        Self::start_in_folder(tempfile::tempdir().expect("a temporary folder"), Some(data), "", settings)
    }

    #[track_caller]
    fn start_in_folder(folder: TempDir, data: Option<&Path>, https: &str, settings: &str) -> Self {
        let data = data.map_or_else(|| folder.path().join("data"), Path::to_owned);
        let [http_port, https_port, rtsp_port, rtsps_port] = free_ports();
        let config = format!(
            "data_dir = {data:?}\n[http]\naddress = \"127.0.0.1:{http_port}\"\n\
             [https]\naddress = \"127.0.0.1:{https_port}\"\n{https}\
             [rtsps]\naddress = \"127.0.0.1:{rtsps_port}\"\n\
             [rtsp]\naddress = \"127.0.0.1:{rtsp_port}\"\n{settings}"
        );
        fs::write(folder.path().join("config.toml"), config).expect("the configuration can be written");
        let mut gateway = Self { folder, data, http_port, https_port, rtsp_port, rtsps_port, serving: None };
        gateway.serve();
        gateway
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Where its data are.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// `http://HOST:PORT`
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    /// Fetches the authority's certificate as a phone does, and gives it as a PEM file.
    #[track_caller]
    pub fn authority(&self) -> PathBuf {
        let answer = web::call("GET", &format!("{}/go/lareira.crt", self.base()), &[], &[]).expect(200);
        assert_eq!(answer.field("Content-Type"), Some("application/x-x509-ca-cert"));
        let base64 = base64::engine::general_purpose::STANDARD.encode(&answer.body);
        let lines: Vec<&str> =
            base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64 is text")).collect();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
        let path = self.folder.path().join("authority.pem");
        fs::write(&path, pem).expect("the certificate can be written");
        path
    }

    /// Starts the server, again after [`Self::kill`], and waits until it serves.
    #[track_caller]
    pub fn serve(&mut self) {
        self.serve_by(Command::new(PROGRAM));
    }

    /// The same, through `command`, which starts the program with the arguments added to it.
    #[track_caller]
    pub fn serve_by(&mut self, mut command: Command) {
        command.args(["serve", "--config"]).arg(self.config());
        let mut serving = program::start(command);
        let started = Instant::now();
        let health = format!("{}/healthz", self.base());
        loop {
            let answer = web::open("GET", &health, &[], &[]);
            if answer.as_ref().is_ok_and(|opened| opened.answer.status == 200) {
                break;
            }
            if !serving.runs() || started.elapsed() > PATIENCE {
                let ended = serving.kill();
                let health = answer.map(web::Opened::text);
                panic!("the gateway does not serve ({health:?}):\n{}{}", ended.stdout, ended.stderr);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.serving = Some(serving);
    }

    /// Starts the server, and waits for no more than that it can be connected to.
    #[track_caller]
    pub fn begin_to_serve(&mut self) {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--config"]).arg(self.config());
        let mut serving = program::start(command);
        while std::net::TcpStream::connect(("127.0.0.1", self.http_port)).is_err() {
            assert!(serving.runs(), "the gateway does not serve");
        }
        self.serving = Some(serving);
    }

    /// Kills the server at once, as a power cut would. Returns what it had said.
    #[track_caller]
    pub fn kill(&mut self) -> String {
        self.serving.take().expect("the gateway serves").kill().stderr
    }

    /// Asks the server to end and waits. Returns what it had said.
    #[track_caller]
    pub fn stop(&mut self) -> String {
        self.serving.take().expect("the gateway serves").stop("TERM", PATIENCE).ok().stderr
    }

    /// Whether the server still runs.
    pub fn serves(&mut self) -> bool {
        self.serving.as_mut().is_some_and(Running::runs)
    }

    /// The most memory the server has had, in KiB.
    #[track_caller]
    pub fn peak_memory_kib(&self) -> u64 {
        let id = self.serving.as_ref().expect("the gateway serves").id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).expect("Linux tells");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak is told");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// What `lareira admin --json VERB…` says.
    #[track_caller]
    pub fn admin(&self, verb: &[&str]) -> Value {
        let mut command = Command::new(PROGRAM);
        command.args(["admin", "--json", "--config"]).arg(self.config()).args(verb);
        let said = program::run(command, PATIENCE).ok();
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {verb:?} said {:?}", said.stdout))
    }

    /// Sets up an account with one user, a TV where they are signed in, and an enrolled phone.
    #[track_caller]
    pub fn household(&self) -> Household {
        let account = text(&self.admin(&["account", "add", "Living room"]), "account_id");
        let user = text(&self.admin(&["user", "add", "--account", &account, "--name", "Ana"]), "user_id");

        let mut tv = Caller::new(&self.base());
        let device = tv.get("/tv/api/device");
        assert_eq!(device["paired"], json!(false), "{device}");
        let code = text(&device, "pairing_code");
        self.admin(&["tv", "approve", &code, "--account", &account, "--name", "Wall"]);
        let device = tv.get("/tv/api/device");
        assert_eq!(device["paired"], json!(true), "{device}");
        let answer = tv.post("/tv/api/sign-in", &json!({ "user_id": user }));
        assert!((200..300).contains(&answer.status), "{}", answer.text());

        Household { user, tv: Tv(tv), phone: self.phone("Rui") }
    }

    /// An enrolled phone.
    #[track_caller]
    pub fn phone(&self, name: &str) -> Phone {
        let invite = self.admin(&["invite", "--name", name]);
        let mut phone = Caller::new(&self.base());
        let enrol = json!({ "code": invite["code"], "name": name });
        phone.bearer = Some(text(&phone.post("/api/v1/enrol", &enrol).expect(201).json(), "token"));
        Phone(phone)
    }

    /// Waits until the only recording holds that many seconds.
    #[track_caller]
    pub fn wait_for_film(&self, seconds: f64) {
        let started = Instant::now();
        loop {
            let bytes = self.recordings().first().and_then(|path| fs::read(path).ok()).unwrap_or_default();
            if Film::read(&bytes).seconds("vide") >= seconds {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "no recording of {seconds} s");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The recordings on disk.
    pub fn recordings(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        find_recordings(&self.data, &mut found);
        found.sort();
        found
    }
}

fn find_recordings(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find_recordings(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "mp4") {
            found.push(path);
        }
    }
}

/// Ports that nobody listens on now, for TCP.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("a bound socket has an address").port())
}

/// The text called `name` in `value`.
#[track_caller]
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name} in {value}")).to_owned()
}

/// Who is there.
#[derive(Debug)]
pub struct Household {
    pub user: String,
    pub tv: Tv,
    pub phone: Phone,
}

/// A paired TV with the user signed in.
#[derive(Clone, Debug)]
pub struct Tv(pub Caller);

/// An enrolled phone.
#[derive(Clone, Debug)]
pub struct Phone(pub Caller);

/// A share as its phone knows it.
#[derive(Clone, Debug)]
pub struct Share {
    pub id: String,
    pub rtsp_url: String,
    pub rtsps_url: String,
    pub websocket_url: String,
}

impl Phone {
    /// Creates a live share for `user`.
    #[track_caller]
    pub fn share_with(&mut self, user: &str) -> Share {
        let ask = json!({ "targets": [user], "kind": "live", "title": "Garden" });
        let share = self.0.post("/api/v1/shares", &ask).expect(201).json();
        assert_eq!(share["state"], "pending", "{share}");
        let publish = &share["publish"];
        Share {
            id: text(&share, "share_id"),
            rtsp_url: text(publish, "rtsp_url"),
            rtsps_url: text(publish, "rtsps_url"),
            websocket_url: text(publish, "websocket_url"),
        }
    }

    /// The share's state as the phone sees it.
    #[track_caller]
    pub fn state(&mut self, share: &Share) -> String {
        text(&self.0.get(&format!("/api/v1/shares/{}", share.id)), "state")
    }

    /// Waits until the share is in `state`, asking again and again.
    #[track_caller]
    pub fn wait_until(&mut self, share: &Share, state: &str) {
        let started = Instant::now();
        loop {
            let now = self.state(share);
            if now == state {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "share {} is {now}, not {state}", share.id);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Follows a share's events.
    #[track_caller]
    pub fn events(&self, share: &Share) -> web::Events {
        self.0.events(&format!("/api/v1/shares/{}/events", share.id))
    }
}

impl Tv {
    /// Follows the TV's events.
    #[track_caller]
    pub fn events(&self) -> web::Events {
        self.0.events("/tv/api/events")
    }

    /// Accepts a share; the answer tells where it plays.
    #[track_caller]
    pub fn accept(&mut self, share: &Share, from: &str) -> Play {
        let path = format!("/tv/api/shares/{}/accept", share.id);
        let answer = self.0.post(&path, &json!({ "from": from })).expect(200).json();
        Play::of(&answer["play"])
    }

    /// The share's entry.
    #[track_caller]
    pub fn entry(&mut self, share: &Share) -> Value {
        self.0.get(&format!("/tv/api/shares/{}", share.id))
    }
}

/// Where a share plays: `/play/SHARE/TICKET/`.
#[derive(Clone, Debug)]
pub struct Play(String);

impl Play {
    /// Of the `play` of an answer.
    #[track_caller]
    pub fn of(play: &Value) -> Self {
        // What is live lists its live address, what is over its recording.
        let name = if play["live_mp4_url"].is_string() { "live_mp4_url" } else { "video_mp4_url" };
        let url = text(play, name);
        let (base, _) = url.rsplit_once('/').unwrap_or_else(|| panic!("{url} is no address"));
        Self(format!("{base}/"))
    }

    /// The address of one file of the share.
    pub fn url(&self, file: &str) -> String {
        format!("{}{file}", self.0)
    }

    /// The ticket in the addresses.
    pub fn ticket(&self) -> &str {
        self.0.trim_end_matches('/').rsplit('/').next().expect("a split has one piece at least")
    }
}
