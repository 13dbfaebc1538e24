//! The command line from outside: help for everything, what is said of mistakes, and what `check`, `serve` and `demo` agree on.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn lareira(args: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lareira"));
    command.args(args).current_dir(folder).env_remove("STATE_DIRECTORY").output().expect("it runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// The words that each verb begins with, by the text that lists them.
fn verbs() -> Vec<Vec<&'static str>> {
    let usage = include_str!("../src/cli/admin/usage.txt");
    let lines = usage.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    lines.map(|line| line.split("  ").next().unwrap_or_default().split(' ').take_while(is_word).collect()).collect()
}

#[test]
fn everything_has_help_and_help_does_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = |args: &[&str], wanted: &str| {
        let output = lareira(args, folder.path());
        let said = out(&output);
        assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""), "{args:?}");
        assert!(said.contains(wanted), "{args:?}: {said}");
        said
    };
    for flag in ["--help", "-h"] {
        told(&[flag], "lareira serve");
        for command in ["serve", "demo", "check"] {
            let said = told(&[command, flag], &format!("lareira {command} ["));
            assert_eq!(told(&["help", command], ""), said);
            let option = if command == "demo" { ["--seconds", "1"] } else { ["--config", "gone.toml"] };
            assert_eq!(told(&[command, option[0], option[1], flag], ""), said, "other options change nothing");
        }
        told(&["admin", flag], "restore FILE");
    }
    told(&["help"], "lareira serve");
    told(&["help", "admin"], "restore FILE");
    let verbs = verbs();
    assert!(verbs.len() > 30 && verbs.contains(&vec!["share", "new"]), "{verbs:?}");
    for verb in verbs {
        let line = format!("  {}", verb.join(" "));
        let said = told(&[&["admin"], &verb[..], &["--help"]].concat(), &line);
        assert_eq!(told(&[&["admin", "-h"], &verb[..]].concat(), ""), said);
        assert_eq!(told(&[&["help", "admin"], &verb[..]].concat(), ""), said);
        assert_eq!(told(&[&["help"], &verb[..]].concat(), ""), said);
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing was made");
}

#[test]
fn what_is_typed_wrong_is_named_with_what_would_be_right() {
    let folder = tempfile::tempdir().expect("a folder");
    for (args, wanted) in [
        (&["serve", "--colour"][..], &["serve: invalid option '--colour'", "--config and --help", "Ctrl-C"][..]),
        (&["serve", "--json"], &["--json", "there are --config and --help"]),
        (&["demo", "--config", "x"], &["--config", "--json, --seconds and --help"]),
        (&["demo", "--seconds", "soon"], &["soon", "lareira demo ["]),
        (&["check", "-v"], &["-v", "--config and --help"]),
        (&["check", "now"], &["now"]),
        (&["admin", "user", "list", "--colour=red"], &["--colour", "--config, --data-dir, --json and --help"]),
        (
            &["admin", "user", "add", "--nmae", "X"],
            &["--nmae", "--account, --name, --msisdn, --email, --pin", "user add --account A"],
        ),
        (&["admin", "tv", "approve"], &["after `tv approve`", "tv approve CODE"]),
        (&["admin", "dance"], &["there is no `dance`", "account add NAME"]),
        (&["help", "dance"], &["there is no `dance`", "account add NAME"]),
        (&["dance"], &["no command `dance`", "lareira serve"]),
        (&[], &["Which command?", "lareira serve"]),
    ] {
        let output = lareira(args, folder.path());
        let said = err(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        for wanted in wanted {
            assert!(said.contains(wanted), "{args:?}: no {wanted:?} in {said}");
        }
    }
}

/// Whatever is wrong in a configuration is wrong for all who read it, in the same words.
#[test]
fn check_and_serve_agree_on_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    for wrong in [
        "[share]\nretention = \"0s\"",
        "[share]\nretention = \"1000years\"",
        "[share]\npending_timeout = \"0s\"",
        "[limits]\nstreams = 0",
        "[limits]\nstreams = -1",
        "[rtsp]\nudp_ports = [5, 1]",
        "[rtsp]\nudp_ports = [0, 5]",
        "[rtsp]\nudp_ports = [7, 8]",
        "[rtsp]\naddress = \"127.0.0.1:8080\"",
        "[channels]\nguide_zone = \"Mars\"",
        "[channels]\nrefresh = \"0s\"",
        "[http]\nadress = \"x\"",
        "[log]\nlevel = \"loud\"",
        "this is no configuration",
    ] {
        fs::write(folder.path().join("config.toml"), wrong).expect("written");
        let [checked, served, listed] =
            [&["check"][..], &["serve"], &["admin", "share", "list"]].map(|args| lareira(args, folder.path()));
        assert_eq!([checked.status.code(), served.status.code(), listed.status.code()], [Some(1); 3], "{wrong}");
        assert_eq!(err(&checked), err(&served), "{wrong}");
        assert_eq!(err(&checked), err(&listed), "{wrong}");
        assert!(err(&checked).contains("config.toml") && out(&checked).is_empty(), "{wrong}: {}", err(&checked));
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no data directory was made");
    // What can be used is no mistake; what is missing is said with the rest.
    let free = "[http]\naddress = \"127.0.0.1:0\"\n[https]\naddress = \"127.0.0.1:0\"\ncertificate = \"no.pem\"\n\
        [rtsp]\naddress = \"127.0.0.1:0\"\n[rtsps]\naddress = \"127.0.0.1:0\"\n[channels]\nlist = \"tv.m3u\"\n";
    fs::write(folder.path().join("config.toml"), free).expect("written");
    fs::write(folder.path().join("tv.m3u"), "#EXTM3U\nhttp://a.example/1.ts\nudp://@239.0.0.1:1\n").expect("written");
    let said = out(&lareira(&["check"], folder.path()));
    assert!(said.contains("✗ certificate: config.toml sets https.certificate but not https.key"), "{said}");
    assert!(said.contains("tv.m3u: 1 channel, 1 skipped (line 3: udp addresses can't be played"), "{said}");
}

#[test]
fn backups_that_are_wrong_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let admin = |args: &[&str]| lareira(&[&["admin", "--data-dir", "data"], args].concat(), folder.path());
    fs::create_dir(folder.path().join("data")).expect("a folder");
    assert_eq!(admin(&["account", "add", "Silva"]).status.code(), Some(0));
    fs::write(folder.path().join("junk"), "junk").expect("written");
    for (args, wanted) in [
        (["restore", "gone"], "gone can't be read (No such file"),
        (["restore", "data"], "data can't be read (it is a folder)"),
        (["restore", "junk"], "junk is no whole backup"),
        (["restore", "data/lareira.redb"], "data/lareira.redb is the database itself"),
        (["backup", "no/where/file"], "no/where/file (No such file"),
        (["backup", "data"], "data (Is a directory"),
        (["backup", "data/lareira.redb"], "data/lareira.redb is the database itself"),
    ] {
        let output = admin(&args);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}{}", out(&output));
        assert!(said.contains(wanted), "{args:?}: {said}");
        let json = lareira(&[&["admin", "--data-dir", "data", "--json"], &args[..]].concat(), folder.path());
        let answer: Value = serde_json::from_slice(&json.stdout).expect("one JSON document");
        assert_eq!(answer["error"]["code"], "bad_backup", "{answer}");
    }
    assert!(out(&admin(&["account", "list"])).contains("Silva"), "nothing was changed");
}

/// A demo, until its line has come: where its data are.
fn demo(folder: &Path) -> (std::process::Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lareira"));
    command.args(["demo", "--json"]).env("TMPDIR", folder).stdout(Stdio::piped());
    let mut demo = command.spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(demo.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let line: Value = serde_json::from_str(&line).expect("JSON");
    (demo, line["data_dir"].as_str().expect("text").to_owned())
}

#[test]
fn a_killed_demo_is_cleaned_up_by_the_next_and_a_running_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut killed, left) = demo(folder.path());
    killed.kill().expect("killed");
    killed.wait().expect("gone");
    assert!(Path::new(&left).exists());
    let (mut first, runs) = demo(folder.path());
    assert!(!Path::new(&left).exists(), "{left} was left by a process that is gone");
    let (mut second, _) = demo(folder.path());
    assert!(Path::new(&runs).join("lareira.redb").exists(), "{runs} is another's that runs");
    for demo in [&mut first, &mut second] {
        demo.kill().expect("killed");
        demo.wait().expect("gone");
    }
}
