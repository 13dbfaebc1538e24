//! `lareira admin` from outside: exit statuses, one JSON document, and a database used without a gateway.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn admin(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lareira"))
        .arg("admin")
        .arg("--data-dir")
        .arg(dir)
        .args(args)
        .output()
        .expect("runs")
}

fn json(dir: &Path, args: &[&str]) -> Value {
    let output = admin(dir, &[&["--json"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect(field)
}

#[test]
fn everything_can_be_set_up_before_the_gateway_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let account = json(dir.path(), &["account", "add", "Silva"]);
    let id = text(&account, "account_id");
    let user = json(dir.path(), &["user", "add", "--account", id, "--name", "Ana", "--pin", "1234"]);
    assert_eq!((text(&user, "account_id"), &user["has_pin"]), (id, &Value::Bool(true)));
    assert_eq!(json(dir.path(), &["account", "list"])["accounts"][0], account);
    assert_eq!(json(dir.path(), &["user", "list"])["users"][0], user);
    assert_eq!(json(dir.path(), &["tv", "list"])["tvs"], Value::Array(Vec::new()));
    let invite = json(dir.path(), &["invite", "--name", "Bia", "--ttl", "2h"]);
    assert!(text(&invite, "url").ends_with(text(&invite, "code")));
    assert!(text(&invite, "expires_at").ends_with('Z'));
    assert_eq!(invite["note"], Value::Null, "there is one household: it is meant");
    json(dir.path(), &["account", "add", "Souza"]);
    let nobodys = json(dir.path(), &["invite"]);
    assert!(
        text(&nobodys, "note").contains("(Silva, Souza)") && text(&nobodys, "note").contains("--account \"Silva\"")
    );
    let shown = admin(dir.path(), &["invite"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("none of the 2 households"), "people are told too");
    assert_eq!(json(dir.path(), &["invite", "--account", "Souza"])["note"], Value::Null);

    let new = json(dir.path(), &["share", "new", "--to", text(&user, "user_id"), "--from", "Door"]);
    let share = text(&new, "share_id");
    assert!(text(&new["publish"], "rtsp_url").contains(":8554/live/"));
    assert!(text(&new["publish"], "websocket_url").contains("/publish/"));
    assert!(text(&new["play"], "live_mp4_url").contains(&format!(":8080/play/{share}/")));
    assert_eq!(json(dir.path(), &["share", "list"])["shares"][0]["share_id"], share);
    assert_eq!(json(dir.path(), &["share", "show", share])["state"], "pending");

    let copy = dir.path().join("copy");
    json(dir.path(), &["backup", copy.to_str().expect("text")]);
    json(dir.path(), &["share", "delete", share]);
    assert_eq!(admin(dir.path(), &["share", "show", share]).status.code(), Some(1));
    json(dir.path(), &["restore", copy.to_str().expect("text")]);
    assert_eq!(json(dir.path(), &["share", "show", share])["share_id"], share);
    json(dir.path(), &["user", "remove", "Ana"]);
    assert_eq!(json(dir.path(), &["user", "list"])["users"], Value::Array(Vec::new()));
}

#[test]
fn people_change() {
    let dir = tempfile::tempdir().expect("a directory");
    let account = json(dir.path(), &["account", "add", "Silva", "--country", "+351"]);
    assert_eq!(text(&account, "country"), "+351");
    let user = json(dir.path(), &["user", "add", "--account", "Silva", "--name", "Ana", "--msisdn", "+351912345678"]);
    let id = text(&user, "user_id");
    assert_eq!((&user["photo_url"], &user["has_pin"]), (&Value::Null, &Value::Bool(false)));
    let set = json(dir.path(), &["user", "set", id, "--name", "Ana Maria", "--msisdn", "", "--pin", "4321"]);
    assert_eq!((text(&set, "name"), &set["msisdn"], &set["has_pin"]), ("Ana Maria", &Value::Null, &Value::Bool(true)));
    assert_eq!(json(dir.path(), &["user", "set", id, "--no-pin"])["has_pin"], Value::Bool(false));
    let file = dir.path().join("ana.png");
    image::RgbImage::new(400, 300).save(&file).expect("drawn");
    let file = file.to_str().expect("text");
    let photos = || std::fs::read_dir(dir.path().join("photos")).expect("a folder").count();
    let first = json(dir.path(), &["user", "photo", id, file]);
    assert!(text(&first, "photo_url").starts_with("/photo/"));
    let second = json(dir.path(), &["user", "photo", "Ana Maria", file]);
    assert_ne!(first["photo_url"], second["photo_url"]);
    assert_eq!(photos(), 2, "one photo in two sizes");
    let refused = admin(dir.path(), &["--json", "user", "photo", id, "/nowhere.jpg"]);
    assert_eq!(refused.status.code(), Some(1));
    json(dir.path(), &["user", "remove", id]);
    assert_eq!(photos(), 0);
}

#[test]
fn people_get_plain_text() {
    let dir = tempfile::tempdir().expect("a directory");
    admin(dir.path(), &["account", "add", "Silva"]);
    let output = String::from_utf8(admin(dir.path(), &["account", "list"]).stdout).expect("text");
    assert!(output.starts_with("account_id        name   country  created_at\n"), "{output}");
    assert_eq!(output.lines().count(), 2);
}

#[test]
fn failures_and_wrong_usage_differ() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = admin(dir.path(), &["channel", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("config.toml"), "it is said what to do");

    let output = admin(dir.path(), &["user", "add", "--name", "Ana"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--account is missing"));
    assert!(output.stdout.is_empty());

    let output = admin(dir.path(), &["--json", "user", "remove", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["error"]["code"], "not_found");

    let output = admin(&dir.path().join("nowhere"), &["user", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere"));
    assert!(!dir.path().join("nowhere").exists(), "a slip of the finger makes no directory");
}

#[test]
fn it_waits_for_books_that_are_open_for_a_moment() {
    let dir = tempfile::tempdir().expect("a directory");
    let account = json(dir.path(), &["account", "add", "Silva"]);
    // As of a gateway that starts: the database are its own, and nobody answers yet.
    let storage = lareira::store::Store::open(&dir.path().join("lareira.redb")).expect("the database");
    let mut asking = Command::new(env!("CARGO_BIN_EXE_lareira"));
    asking.args(["admin", "--json", "--data-dir"]).arg(dir.path()).args(["account", "list"]);
    let mut asking = asking.stdout(std::process::Stdio::piped()).spawn().expect("runs");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(asking.try_wait().expect("a child").is_none(), "it waits");
    drop(storage);
    let output = asking.wait_with_output().expect("it ends");
    let list: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(list["accounts"][0], account);
}

#[test]
fn a_house_is_given_back_by_whoever_is_sure() {
    let dir = tempfile::tempdir().expect("a directory");
    json(dir.path(), &["account", "add", "Silva"]);
    json(dir.path(), &["invite"]);
    let unsure = admin(dir.path(), &["unclaim"]);
    assert_eq!(unsure.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unsure.stderr).contains("1 households"), "it says what would be lost: {unsure:?}");
    assert_eq!(json(dir.path(), &["account", "list"])["accounts"].as_array().map(Vec::len), Some(1));
    assert_eq!(json(dir.path(), &["unclaim", "--yes"])["unclaimed"], true);
    assert_eq!(json(dir.path(), &["account", "list"])["accounts"], Value::Array(Vec::new()));
    // Codes of TVs, and the one that claims, are in the memory of a gateway that runs.
    for verb in [&["claim-code"][..], &["tv", "approve", "123456", "--account", "Silva"]] {
        let refused = admin(dir.path(), verb);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("no gateway runs"), "{refused:?}");
    }
}
