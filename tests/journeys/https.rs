//! HTTPS by a program that trusts the gateway's own authority, as a phone does that has installed it.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;

use crate::gateway::Gateway;

/// What curl gets, its head included.
fn curl(authority: &Path, arguments: &[&str]) -> (bool, Vec<u8>) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--include", "--noproxy", "*", "--max-time", "20", "--cacert"]).arg(authority);
    let output = command.args(arguments).output().expect("curl is installed");
    (output.status.success(), output.stdout)
}

#[test]
fn whoever_trusts_the_authority_is_served() {
    let mut gateway = Gateway::start();
    let authority = tempfile::tempdir().expect("a folder");
    let authority = authority.path().join("lareira.pem");
    fs::write(&authority, "").expect("written");
    let (_, answer) = curl(&authority, &[&format!("{}/go/lareira.crt", gateway.base())]);
    let split = answer.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    assert!(head.contains("Content-Type: application/x-x509-ca-cert\r\n"), "{head}");
    let base64 = base64::engine::general_purpose::STANDARD.encode(&answer[split..]);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("text")).collect();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    fs::write(&authority, pem).expect("written");

    let base = format!("https://localhost:{}", gateway.https_port);
    let get = |path: &str, more: &[&str]| {
        let (done, answer) = curl(&authority, &[more, &[&format!("{base}{path}")]].concat());
        (done, String::from_utf8_lossy(&answer).into_owned())
    };
    for version in ["1.2", "1.3"] {
        let (done, answer) = get("/healthz", &["--tls-max", version]);
        assert!(done && answer.starts_with("HTTP/1.1 200 "), "{version}: {answer}");
    }
    assert!(get("/tv/", &[]).1.contains("text/html"));
    let (_, device) = get("/tv/api/device", &[]);
    assert!(device.contains(&format!("{base}/admin/#pair=")), "addresses are secure, too: {device}");
    let cookie = device.lines().find_map(|line| line.strip_prefix("Set-Cookie: ")).expect("a cookie");
    let cookie = cookie.split(';').next().expect("a value");
    // Events have no end: curl gives up after two seconds, with what has come.
    let (done, events) = get("/tv/api/events", &["--no-buffer", "--max-time", "2", "--cookie", cookie]);
    assert!(!done && events.contains("text/event-stream"), "{events}");
    let nobody = Command::new("curl").args(["--silent", "--noproxy", "*", &format!("{base}/healthz")]).output();
    assert!(!nobody.expect("curl is installed").status.success(), "nobody else vouches for it");

    gateway.stop();
    gateway.serve();
    assert!(get("/healthz", &[]).0, "the authority is the same after a restart");
}
