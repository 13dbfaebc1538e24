//! A gateway to be measured: the built program with a folder of its own and free ports, set up by its own admin verbs.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// What is measured.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_lareira");
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a stream is published and watched.
#[derive(Clone)]
pub struct Place {
    pub publish: String,
    pub mp4: String,
    pub hls: String,
}

/// A server that can be measured.
pub trait Server {
    /// Its process.
    fn pid(&self) -> u32;
    /// A place for one more stream.
    fn place(&mut self) -> Place;
}

/// Waits until something listens on all ports; `process` must go on running.
pub fn wait_until_listening(process: &mut Child, ports: &[u16], log: &Path) {
    let start = Instant::now();
    for port in ports {
        while TcpStream::connect(("127.0.0.1", *port)).is_err() {
            if !matches!(process.try_wait(), Ok(None)) || start.elapsed() > PATIENCE {
                panic!("the server does not listen:\n{}", fs::read_to_string(log).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    }
}

/// Ports on which nothing listens.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// A running gateway. Dropping it ends it.
pub struct Gateway {
    folder: TempDir,
    process: Child,
    user: Option<String>,
    /// From its start until both doors took connections.
    pub start_ms: f64,
}

impl Gateway {
    /// Starts a gateway that has nothing yet.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts a gateway with a copy of `database`, if there is one.
    pub fn start_with(database: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if let Some(database) = database {
            fs::copy(database, data.join("lareira.redb")).unwrap();
        }
        let ports @ [http, rtsp] = free_ports();
        let config = folder.path().join("config.toml");
        let text = format!(
            "data_dir = {data:?}\n[http]\naddress = \"127.0.0.1:{http}\"\n[https]\naddress = \"127.0.0.1:0\"\n[rtsps]\naddress = \"127.0.0.1:0\"\n[rtsp]\naddress = \"127.0.0.1:{rtsp}\"\n"
        );
        fs::write(&config, text).unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--config"]).arg(&config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
        let start = Instant::now();
        let mut process = command.spawn().unwrap();
        wait_until_listening(&mut process, &ports, &log);
        Self { folder, process, user: None, start_ms: start.elapsed().as_secs_f64() * 1e3 }
    }

    fn admin(&self, verb: &[&str]) -> Value {
        let data = self.folder.path().join("data");
        let start = Instant::now();
        loop {
            let mut command = Command::new(PROGRAM);
            let said = command.args(["admin", "--json", "--data-dir"]).arg(&data).args(verb).output().unwrap();
            if said.status.success() {
                return serde_json::from_slice(&said.stdout).unwrap();
            }
            // Just started, it takes connections a moment before it takes its owner's orders.
            assert!(start.elapsed() < PATIENCE, "admin {verb:?}: {}", String::from_utf8_lossy(&said.stdout));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn user(&mut self) -> String {
        if self.user.is_none() {
            let account = self.admin(&["account", "add", "Bench"]);
            let user = self.admin(&["user", "add", "--account", text(&account["account_id"]), "--name", "Ana"]);
            self.user = Some(text(&user["user_id"]).to_owned());
        }
        self.user.clone().unwrap()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

impl Server for Gateway {
    fn pid(&self) -> u32 {
        self.process.id()
    }

    fn place(&mut self) -> Place {
        let user = self.user();
        let share = self.admin(&["share", "new", "--to", &user]);
        let url = |value: &Value| text(value).to_owned();
        Place {
            publish: url(&share["publish"]["rtsp_url"]),
            mp4: url(&share["play"]["live_mp4_url"]),
            hls: url(&share["play"]["hls_url"]),
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
