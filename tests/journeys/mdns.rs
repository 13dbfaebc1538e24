//! The gateway as others find it on the home network: by its name and by its services, with python-zeroconf's browser.
//!
//! Nothing is said to any real network: each journey runs this program again in a network namespace that has a loopback
//! interface and nothing else. Where a machine lets nobody make one, its own loopback interface is what is told, alone.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo};
use serde_json::Value;

use crate::gateway::{Gateway, PATIENCE};
use crate::program::{self, command};

/// Set where it is a network of its own.
const INSIDE: &str = "LAREIRA_JOURNEY_NETWORK";
const ON_LOOPBACK: &str = "[mdns]\ninterfaces = [\"lo\"]\n";

/// Browses until all three services are found, writes down what they are, and ends when all of them are gone again.
const BROWSER: &str = r#"
import json, os, sys, threading
from zeroconf import ServiceBrowser, Zeroconf

found, gone, lock = {}, threading.Event(), threading.Lock()

class Listener:
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name, 5000)
        with lock:
            found[kind] = {"name": name, "host": info.server, "port": info.port, "addresses": info.parsed_addresses()}
            if len(found) == 3:
                with open(sys.argv[1] + ".part", "w") as file:
                    json.dump(found, file)
                os.rename(sys.argv[1] + ".part", sys.argv[1])

    def remove_service(self, zeroconf, kind, name):
        with lock:
            found.pop(kind, None)
            if not found:
                gone.set()

    def update_service(self, zeroconf, kind, name):
        pass

zeroconf = Zeroconf(interfaces=["127.0.0.1"])
browsers = [ServiceBrowser(zeroconf, f"_{kind}._tcp.local.", Listener()) for kind in ("http", "https", "rtsp")]
sys.exit(0 if gone.wait(50) else "they are not gone")
"#;

/// Whether the journey goes on here; where not, it was made by this program on a network of its own.
#[track_caller]
fn is_inside(journey: &str) -> bool {
    let enter = ["--map-root-user", "--net"];
    if std::env::var_os(INSIDE).is_some()
        || !program::run(command("unshare", enter.iter().chain(&["true"])), PATIENCE).status.success()
    {
        return true;
    }
    let mut again = command("unshare", enter);
    again.args(["sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]).arg(std::env::current_exe().expect("a path"));
    again.args([&format!("mdns::{journey}"), "--exact", "--nocapture"]).env(INSIDE, "lo");
    let said = program::run(again, 2 * PATIENCE).ok();
    assert!(said.stdout.contains("1 passed"), "{}", said.stdout);
    false
}

/// Debian's Python, which has Debian's packages, whatever else is installed.
fn browser(told: &Path) -> Command {
    let mut python = command("/usr/bin/python3", ["-c", BROWSER]);
    python.arg(told);
    python
}

fn wait_for(told: &Path) -> Value {
    let started = Instant::now();
    loop {
        if let Ok(text) = fs::read_to_string(told) {
            return serde_json::from_str(&text).expect("JSON");
        }
        assert!(started.elapsed() < PATIENCE, "nothing is found");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn it_is_found_with_its_services_and_says_goodbye() {
    if !is_inside("it_is_found_with_its_services_and_says_goodbye") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let told = folder.path().join("found.json");
    let browsing = program::start(browser(&told));
    let mut gateway = Gateway::start_with(&format!("{ON_LOOPBACK}name = \"sala\"\n"));
    let found = wait_for(&told);
    for (kind, port) in [("http", gateway.http_port), ("https", gateway.https_port), ("rtsp", gateway.rtsp_port)] {
        let service = &found[format!("_{kind}._tcp.local.")];
        assert_eq!(service["name"], format!("sala._{kind}._tcp.local."), "{found}");
        assert_eq!((&service["host"], &service["port"]), (&"sala.local.".into(), &port.into()), "{found}");
        assert_eq!(service["addresses"], serde_json::json!(["127.0.0.1"]), "{found}");
    }
    // Its name is known by the certificate and by the pages.
    let page = Command::new("curl")
        .args(["--silent", "--noproxy", "*", "--max-time", "20", "--cacert"])
        .arg(gateway.authority())
        .args(["--resolve", &format!("sala.local:{}:127.0.0.1", gateway.https_port)])
        .arg(format!("https://sala.local:{}/healthz", gateway.https_port))
        .output();
    assert_eq!(page.expect("curl is installed").stdout, br#"{"status":"ok"}"#);
    let said = gateway.stop();
    assert!(said.contains("mdns: announced host=sala.local interface=lo"), "{said}");
    browsing.wait(PATIENCE).ok();
}

#[test]
fn a_name_that_another_has_gets_a_number() {
    if !is_inside("a_name_that_another_has_gets_a_number") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let told = folder.path().join("found.json");
    let other = ServiceDaemon::new().expect("a responder");
    other.disable_interface(IfKind::All).expect("told");
    other.enable_interface(IfKind::LoopbackV4).expect("told");
    let printer = ServiceInfo::new("_ipp._tcp.local.", "Printer", "lareira.local.", "127.0.0.9", 631, None);
    let news = other.monitor().expect("told");
    other.register(printer.expect("a service")).expect("told");
    while !matches!(news.recv_timeout(PATIENCE), Ok(mdns_sd::DaemonEvent::Announce(..))) {}

    let _browsing = program::start(browser(&told));
    let mut gateway = Gateway::start_with(ON_LOOPBACK);
    let found = wait_for(&told);
    assert_eq!(found["_http._tcp.local."]["host"], "lareira-2.local.", "{found}");
    let said = gateway.stop();
    assert!(said.contains("lareira.local is someone else's on lo: this gateway is lareira-2.local there"), "{said}");
    other.shutdown().expect("told").recv_timeout(PATIENCE).expect("over");
}

#[test]
fn without_a_network_it_says_so_and_serves_on() {
    if !is_inside("without_a_network_it_says_so_and_serves_on") {
        return;
    }
    let mut gateway = Gateway::start_with("[mdns]\ninterfaces = [\"nothing0\"]\n");
    gateway.stop();
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut writing = command("sh", ["-c", "exec \"$@\" 2>\"$0\""]);
    writing.arg(log.path()).arg(env!("CARGO_BIN_EXE_lareira"));
    gateway.serve_by(writing);
    let (said, started) = (|| fs::read_to_string(log.path()).expect("a log"), Instant::now());
    while !said().contains("mdns: there is no network to announce lareira.local in") {
        assert!(started.elapsed() < PATIENCE && gateway.serves(), "{}", said());
        std::thread::sleep(Duration::from_millis(50));
    }
    crate::web::call("GET", &format!("{}/healthz", gateway.base()), &[], &[]).expect(200);
    gateway.stop();
    assert!(!said().contains("announced host"), "{}", said());
}
