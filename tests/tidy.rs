//! The laws of the house, as tests that read the source: each fails with the file, the line and the law.
//!
//! `tidy/plan.rs` is the plan (rooms, floors, owners), `tidy/laws.rs` the laws as pure functions over files (that of
//! circles in `tidy/circles.rs`, those of the guides in `tidy/routes.rs`, `tidy/errors.rs` and `tidy/schema.rs`),
//! `tidy/source.rs` the reader of Rust. Here each law is held against the repository, and against a small bad house to show
//! that it can fail.

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/errors.rs"]
mod errors;
#[path = "tidy/laws.rs"]
mod laws;
#[path = "tidy/plan.rs"]
mod plan;
#[path = "tidy/routes.rs"]
mod routes;
#[path = "tidy/schema.rs"]
mod schema;
#[path = "tidy/source.rs"]
mod source;
#[path = "../build/texts.rs"]
mod texts;

use std::fs;
use std::path::Path;

use laws::{Breach, House};
use source::File;

/// A law: from the house to where it is broken.
type Law = fn(&House) -> Vec<Breach>;

/// The repository's text files.
fn repository() -> House {
    let mut files = Vec::new();
    read_folder(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "this is not the repository's top");
    House { files }
}

fn read_folder(top: &Path, inside: &str, files: &mut Vec<File>) {
    let mut entries: Vec<_> = fs::read_dir(top.join(inside)).expect("folders can be read").flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if inside.is_empty() { name.clone() } else { format!("{inside}/{name}") };
        if plan::NOT_READ.contains(&path.as_str()) || plan::NOT_READ.contains(&name.as_str()) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => read_folder(top, &path, files),
            Ok(kind) if kind.is_file() => {
                if let Ok(text) = fs::read_to_string(entry.path()) {
                    files.push(File { path, text });
                }
            }
            _ => {}
        }
    }
}

/// Fails with every place where the repository breaks `law`.
fn keep(law: Law) {
    let breaches = law(&repository());
    let list: Vec<_> = breaches.iter().map(ToString::to_string).collect();
    assert!(breaches.is_empty(), "\n{}\n", list.join("\n"));
}

/// Fails unless `law` finds exactly the files of `expected` at fault in a house of `files`.
#[track_caller]
fn catches(law: Law, files: &[(&str, &str)], expected: &[&str]) {
    let house = House { files: files.iter().map(|(path, text)| File::new(path, text)).collect() };
    let found: Vec<_> = law(&house).into_iter().map(|breach| breach.path).collect();
    assert_eq!(found, expected);
}

#[test]
fn rooms_are_in_the_plan() {
    keep(laws::rooms_are_in_the_plan);
    let files =
        [("src/cellar/mod.rs", ""), ("src/wire/fax/mod.rs", ""), ("src/wire/mod.rs", ""), ("src/live/hub.rs", "")];
    catches(laws::rooms_are_in_the_plan, &files, &["src/cellar/mod.rs", "src/wire/fax/mod.rs"]);
}

#[test]
fn rooms_import_from_below() {
    keep(laws::rooms_import_from_below);
    let files = [
        ("src/ground/frame.rs", "use crate::wire::rtp;"),
        ("src/wire/rtp/mod.rs", "use crate::{ground::id, live::{Hub}};"),
        ("src/wire/fmp4/mod.rs", "use super::h264::Sps; use crate::ground::frame::Frame;"),
        ("src/http/front.rs", "fn f() { crate::playback::play() }"),
        ("src/http/events.rs", "use crate::share::Steward; use crate::live; use super::super::store;"),
        ("src/gateway/mod.rs", "use crate::{http, store, playback};"),
        ("src/lifecycle/room.rs", "use crate::recording::Folder; use crate::live::Hub; use crate::node;"),
        ("src/admin/verbs/mod.rs", "use crate::iptv; use crate::http::PhotoOf;"),
        ("src/node/now.rs", "use crate::config::Config;"),
        ("src/rtsp/mod.rs", "#[cfg(test)] mod tests { use crate::gateway; }"),
    ];
    let bad = ["src/ground/frame.rs", "src/wire/rtp/mod.rs", "src/http/front.rs", "src/http/events.rs"];
    let bad = [&bad[..], &["src/admin/verbs/mod.rs", "src/node/now.rs"]].concat();
    catches(laws::rooms_import_from_below, &files, &bad);
}

#[test]
fn rooms_have_no_circles() {
    keep(laws::rooms_have_no_circles);
    let files = [
        ("src/live/mod.rs", "use crate::executor::Executor;"),
        ("src/executor/mod.rs", "use crate::share::Steward;"),
        ("src/share/mod.rs", "use crate::ground::id; use crate::live::Hub;"),
    ];
    catches(laws::rooms_have_no_circles, &files, &["src/executor/mod.rs"]);
    catches(laws::rooms_have_no_circles, &files[..2], &[]);
}

#[test]
fn files_have_no_circles() {
    keep(circles::files_have_no_circles);
    let (a, b, c) = ("src/live/a.rs", "src/live/b.rs", "src/live/c.rs");
    let circle = [
        (a, "use crate::live::b::B;"),
        (b, "fn f() { super::c::C::new() }"),
        (c, "use crate::{ground::id, live::{a::A, d}};"),
        ("src/live/d.rs", "use crate::live::c::D;"),
        ("src/live/e.rs", "use crate::live::a::A; use crate::package::f::F;"),
        ("src/package/f.rs", "use crate::live::e::E;"),
    ];
    catches(circles::files_have_no_circles, &circle, &[a]);
    let opened = [circle[0], circle[1], (c, "")];
    catches(circles::files_have_no_circles, &opened, &[]);
    let in_tests = [circle[0], (b, "#[cfg(test)] mod tests { use crate::live::a::A; }")];
    catches(circles::files_have_no_circles, &in_tests, &[]);
    let room = ("src/live/mod.rs", "mod a; mod b; pub use a::{A, Other as More}; pub use crate::live::b::B;");
    let by_the_room =
        [room, (a, "use crate::live::B;"), (b, "use crate::live; fn f() { live::A::new(); super::A::new() }")];
    catches(circles::files_have_no_circles, &by_the_room, &[a]);
    let to_the_room = [("src/live/mod.rs", "mod a; struct S; fn f() { a::f() }"), (a, "use super::S;")];
    catches(circles::files_have_no_circles, &to_the_room, &[]);
    for (allowed, _) in plan::CIRCLES {
        let opened: Vec<_> = allowed.iter().map(|path| (*path, "")).collect();
        catches(circles::files_have_no_circles, &opened, &allowed[..1]);
    }
}

#[test]
fn pure_floors_are_not_random() {
    keep(laws::pure_floors_are_not_random);
    let files = [
        ("src/ground/crypto.rs", "fn f() { rand::SystemRandom::new(); }"),
        ("src/ground/crowd.rs", "use std::hash::RandomState;"),
        (
            "src/wire/rtsp/auth.rs",
            "fn f() { crypto::fill_random(&mut nonce); }\n#[cfg(test)]\nmod t { fn f() { new_token(); } }",
        ),
        ("src/wire/rtp/mod.rs", "fn f(seed: u64) { let random = seed; }"),
        ("src/live/mod.rs", "fn f() { ShareId::new(date); }"),
    ];
    catches(laws::pure_floors_are_not_random, &files, &["src/ground/crowd.rs", "src/wire/rtsp/auth.rs"]);
}

#[test]
fn pure_floors_do_no_io() {
    keep(laws::pure_floors_do_no_io);
    let files = [
        ("src/ground/time.rs", "use std::time::SystemTime; fn f() { SystemTime::now(); }"),
        ("src/wire/rtp/mod.rs", "use std::net::UdpSocket;"),
        ("src/wire/rtsp/mod.rs", "use std::{fmt, fs::File};"),
        ("src/wire/aac/mod.rs", "use std::time::{Duration, SystemTime}; use std::fmt;"),
        ("src/wire/h264/mod.rs", "fn f() { std::time::Instant::now(); smol::block_on(x); }"),
        ("src/live/mod.rs", "use std::net::UdpSocket;"),
    ];
    let h264 = "src/wire/h264/mod.rs";
    let bad = ["src/ground/time.rs", "src/wire/rtp/mod.rs", "src/wire/rtsp/mod.rs", h264, h264];
    catches(laws::pure_floors_do_no_io, &files, &bad);
}

#[test]
fn crates_have_one_owner() {
    keep(laws::crates_have_one_owner);
    let files = [
        ("src/http/back.rs", "use tiny_http::Server; use redb::Database;"),
        ("src/store/mod.rs", "use redb::{Database, TableDefinition};"),
        ("src/share/pin.rs", "fn f() { ring::rand::SystemRandom::new(); }"),
        ("src/ground/crypto.rs", "use ring::rand;"),
        ("src/wire/rtp/mod.rs", "use h264_reader::nal::sps::SeqParameterSet;"),
    ];
    let bad = ["src/http/back.rs", "src/share/pin.rs", "src/wire/rtp/mod.rs"];
    catches(laws::crates_have_one_owner, &files, &bad);
}

#[test]
fn crates_are_in_the_plan() {
    keep(laws::crates_are_in_the_plan);
    let all: String = plan::OWNERS.iter().map(|(name, _)| format!("{name} = \"1\"\n")).collect();
    let manifest = format!("[dependencies]\n{all}tokio = \"1\"\n[dev-dependencies]\nproptest = \"1\"\n");
    catches(laws::crates_are_in_the_plan, &[("Cargo.toml", &manifest)], &["Cargo.toml"]);
}

#[test]
fn things_have_their_own_names() {
    keep(laws::things_have_their_own_names);
    let files = [
        ("src/share/utils.rs", ""),
        ("src/common/mod.rs", ""),
        ("web/tv/helpers.js", ""),
        ("src/live/mod.rs", "pub struct StreamManager;"),
        ("src/live/hub.rs", "pub struct Hub; // no manager"),
        ("src/http/mod.rs", "mod misc { }"),
    ];
    let bad = ["src/share/utils.rs", "src/common/mod.rs", "web/tv/helpers.js", "src/live/mod.rs", "src/http/mod.rs"];
    catches(laws::things_have_their_own_names, &files, &bad);
}

#[test]
fn files_say_what_they_are_for() {
    keep(laws::files_say_what_they_are_for);
    let files = [
        ("src/a.rs", "//! What it is for.\nuse b;"),
        ("src/b.rs", "use c;\n//! Late."),
        ("src/c.rs", ""),
        ("web/d.js", ""),
    ];
    catches(laws::files_say_what_they_are_for, &files, &["src/b.rs", "src/c.rs"]);
}

#[test]
fn nothing_unwraps() {
    keep(laws::nothing_unwraps);
    let files = [
        ("src/a.rs", "fn f() { x.unwrap(); }"),
        (
            "src/b.rs",
            "// .unwrap()\nfn f() { x.unwrap_or(0); \".unwrap()\"; }\n#[cfg(test)]\nmod t { fn f() { x.unwrap(); } }",
        ),
        ("src/c.rs", "#[cfg(test)]\nmod proofs;"),
        ("src/c/proofs.rs", "fn f() { x.unwrap(); }"),
    ];
    catches(laws::nothing_unwraps, &files, &["src/a.rs"]);
}

#[test]
fn nothing_is_unsafe() {
    keep(laws::nothing_is_unsafe);
    let files = [
        ("src/a.rs", "fn f() { unsafe { x() } }"),
        ("src/b.rs", "#![deny(unsafe_code)] // unsafe\n"),
        ("tests/c.rs", "#![allow(unsafe_code)]"),
    ];
    catches(laws::nothing_is_unsafe, &files, &["src/a.rs", "tests/c.rs"]);
}

#[test]
fn what_is_made_is_private() {
    keep(laws::what_is_made_is_private);
    let files = [
        ("src/private/mod.rs", "fn f() { OpenOptions::new(); }"),
        ("src/a.rs", "fn f() { std::fs::write(path, b\"x\"); }"),
        (
            "src/b.rs",
            "fn f() { private::write(path, b\"x\"); }\n#[cfg(test)]\nmod t { fn f() { File::create(path); } }",
        ),
        ("src/c.rs", "fn f() { UnixListener::bind(path); }"),
    ];
    catches(laws::what_is_made_is_private, &files, &["src/a.rs", "src/c.rs"]);
}

#[test]
fn promises_have_tests() {
    keep(laws::promises_have_tests);
    let guide = "`nothing` here\n| what `holds` | shown by |\n| a | `one`, `in the browser` |\n| b | `two` |\n| c | `three` |\n";
    let files = [
        ("docs/security.md", guide),
        ("tests/a.rs", "#[test]\nfn one() {}\nfn two() {}\n#[test]\n#[should_panic]\nfn three() {}"),
        ("tests/web/b.test.js", "test('in the browser', () => {});"),
    ];
    catches(laws::promises_have_tests, &files, &["docs/security.md"]);
}

#[test]
fn errors_are_types() {
    keep(laws::errors_are_types);
    let files = [
        ("src/a.rs", "fn f() -> Result<u8, String> { }"),
        ("src/b.rs", "fn f() -> Result<Vec<String>, AError> { let x: Result<String, BError>; }"),
    ];
    catches(laws::errors_are_types, &files, &["src/a.rs"]);
}

#[test]
fn files_are_one_thought() {
    keep(laws::files_are_one_thought);
    let long = "fn f() {}\n".repeat(601);
    let tested = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    let files = [("src/a.rs", long.as_str()), ("src/b.rs", &tested), ("web/c.js", &long), ("web/vendor/d.js", &long)];
    catches(laws::files_are_one_thought, &files, &["src/a.rs", "web/c.js"]);
}

#[test]
fn script_lines_are_short() {
    keep(laws::script_lines_are_short);
    let fits = "é".repeat(140);
    let long = format!("{fits}é");
    let files = [
        ("web/a.js", fits.as_str()),
        ("web/tv/b.js", &long),
        ("web/vendor/c.js", &long),
        ("docs/d.md", &long),
        ("tests/web/e.test.js", &long),
        ("tests/f.rs", &long),
        ("benches/g.py", &long),
    ];
    catches(laws::script_lines_are_short, &files, &["web/tv/b.js", "tests/web/e.test.js", "benches/g.py"]);
}

#[test]
fn nothing_names_a_workplace() {
    keep(laws::nothing_names_a_workplace);
    let bad = format!("see {}harness", plan::PLACES[0]);
    catches(laws::nothing_names_a_workplace, &[("docs/a.md", &bad), ("docs/b.md", "see harness/")], &["docs/a.md"]);
}

#[test]
fn nothing_is_left_undone() {
    keep(laws::nothing_is_left_undone);
    for word in plan::UNFINISHED {
        let text = format!("fn f() {{ {word} }}");
        catches(laws::nothing_is_left_undone, &[("src/a.rs", &text), ("src/b.rs", "fn f() {}")], &["src/a.rs"]);
    }
    let run_by = concat!("#[ign", "ore = \"run by a, with less\"]\nfn b() {}\n");
    let files = [("tests/a.rs", format!("fn a() {{}}\n{run_by}")), ("tests/b.rs", run_by.to_owned())];
    catches(
        laws::nothing_is_left_undone,
        &files.each_ref().map(|(path, text)| (*path, text.as_str())),
        &["tests/b.rs"],
    );
}

#[test]
fn guides_name_real_files() {
    keep(laws::guides_name_real_files);
    let guide =
        "A frame enters `live/hub.rs`, a share `src/share/mod.rs`, of `share/`; then `live/lost.rs`, at `/tv/`.";
    let files = [("ARCHITECTURE.md", guide), ("docs/decisions/a.md", guide), ("docs/b.md", guide)];
    let there = [("src/live/hub.rs", ""), ("src/share/mod.rs", "")];
    let bad = ["ARCHITECTURE.md", "docs/decisions/a.md"];
    catches(laws::guides_name_real_files, &[&files[..], &there].concat(), &bad);
}

#[test]
fn routes_are_documented() {
    keep(routes::routes_are_documented);
    let table = r#"
        fn look_up(method: Method, path: &str, parts: &[&str]) -> Option<Self> {
            match (method, parts) {
                (Get, [""]) => Some(Self::Home),
                (Get, ["play", share, ticket, file]) if !ticket.is_empty() => play(file),
                (Post, ["api", "v1", "shares", share, "stop"]) => stop(id(share)?),
                (_, ["tv", "api", ..]) => None,
                (Get, ["tv" | "go", ..] | ["favicon.ico"]) => Some(Self::Asset(path.to_owned())),
                _ => None,
            }
        }"#;
    let files = "pub enum PlayFile {\n    /// `live.mp4`\n    Live,\n    /// `init-{n}.mp4`: one.\n    Init(u32),\n}\n";
    let whole = "# API\n## `GET /`\n### `GET /play/{id}/{t}/live.mp4`\n### `GET /play/{id}/{t}/init-{n}.mp4`\n\
        ### `POST /api/v1/shares/{id}/stop`\n### `GET /tv/…`, `GET /go/…`\n### `GET /favicon.ico`\n### `RECORD` over RTSP\n";
    for (guide, breaches) in [
        (whole.to_owned(), 0),
        (whole.replace("### `GET /favicon.ico`\n", ""), 1),
        (whole.replace("`GET /go/…`", ""), 1),
        (whole.replace("init-{n}.mp4", "live.mp4"), 1),
        (whole.replace("POST /api", "PUT /api"), 2),
        (format!("{whole}### `GET /hello`\n"), 1),
    ] {
        let house =
            [("src/http/route/mod.rs", table), ("src/wire/address/play.rs", files), ("docs/api.md", guide.as_str())];
        catches(routes::routes_are_documented, &house, &["docs/api.md"; 2][..breaches]);
    }
    catches(routes::routes_are_documented, &[("docs/api.md", whole)], &["src/http/route/mod.rs"]);
}

#[test]
fn schema_is_documented() {
    keep(schema::schema_is_documented);
    let ledger = "macro_rules! for_each_table { ($then:ident) => { $then! {\n\
        tvs(TvId => Tv): tv put_tv remove_tv scan_tvs;\n\
        tv_users((TvId, UserId) => ()):\n    tv_user put_tv_user remove_tv_user scan_tv_users;\n} } }";
    let types = "pub struct Tv {\n    /// Its name.\n    pub name: String,\n    pub state: Option<State>,\n}\n\
        pub enum State {\n    /// Waits.\n    Waits,\n    #[default]\n    Paired(UserId),\n}\npub struct Other {\n    a: u8,\n}\n";
    let rules = "fn f() { ledger.put_tv(id, &tv); ledger.put_tv_user(key, &()); ledger.remove_tv_user(key); }";
    let whole = "# Schema\n### `tvs(TvId => Tv)`\n- Written by: `share/rules/tvs.rs`\n- Removed by: nobody\n\
        ### `tv_users((TvId, UserId) => ())`\n- Written by: `share/rules/tvs.rs`\n- Removed by: `share/rules/tvs.rs`\n\
        ### `Tv`\n| field | type | |\n| --- | --- | --- |\n| `name` | `String` | x |\n| `state` | `Option<State>` | x |\n\
        ### `State`\n| number | variant | |\n| --- | --- | --- |\n| 0 | `Waits` | x |\n| 1 | `Paired(UserId)` | x |\n\
        ### `meta(&str => u32)`\n## Versions\n`src/store/schema/v1_to_v2.rs`\n";
    for (page, breaches) in [
        (whole.to_owned(), 0),
        (whole.replace("### `tvs(TvId => Tv)`", "### `tvs(UserId => Tv)`"), 2),
        (whole.replace("Removed by: nobody", "Removed by: `share/rules/tvs.rs`"), 1),
        (whole.replacen("Written by: `share/rules/tvs.rs`", "Written by: nobody", 1), 1),
        (whole.replace("`Option<State>`", "`State`"), 1),
        (whole.replace("| `name` | `String` | x |\n", ""), 1),
        (whole.replace("| 1 | `Paired(UserId)`", "| 2 | `Paired(UserId)`"), 1),
        (whole.replace("### `State`", "### `Other`"), 2),
        (whole.replace("### `meta(&str => u32)`\n", ""), 1),
        (whole.replace("`src/store/schema/v1_to_v2.rs`", ""), 1),
    ] {
        let house = [
            ("src/share/ledger/mod.rs", ledger),
            ("src/share/model/rows.rs", types),
            ("src/share/rules/tvs.rs", rules),
            ("src/store/schema.rs", "const META: T = TableDefinition::new(\"meta\");"),
            ("src/store/schema/v1_to_v2.rs", ""),
            ("src/store/schema/v1_to_v2/tvs.rs", ""),
            ("docs/schema.md", page.as_str()),
        ];
        catches(schema::schema_is_documented, &house, &["docs/schema.md"; 2][..breaches]);
    }
    catches(schema::schema_is_documented, &[("docs/schema.md", whole)], &["src/share/ledger/mod.rs"]);
}

#[test]
fn errors_are_documented() {
    keep(errors::errors_are_documented);
    let door = r#"
        fn refuse() -> Reply {
            // Once it was (400, "old").
            Reply::error(
                403,
                "ticket",
                "Not valid.",
            )
        }
        fn late() -> Refused { Refused { code: "late".into(), message: "busy" } }
        #[cfg(test)]
        mod tests { fn f() { answer(404, "none") } }"#;
    let error = r#"
        impl Error {
            pub fn code(&self) -> &'static str {
                match self {
                    Self::One => "one",
                    Self::Two | Self::Three => "two",
                }
            }
            pub fn name(&self) -> &'static str { match self { Self::One => "uno" } }
        }"#;
    let guide =
        "403 `ticket` (foreign), `two`; see `other`\n| 400, 504 | `late`, `one` | when |\n| 200 | `fine` | ever |\n";
    let rtsp = r#"fn f() { refuse(454, "session") }"#;
    for (guide, breaches) in [
        (guide.to_owned(), &[][..]),
        (guide.replace("`ticket`", "`tickets`"), &["src/http/a.rs", "docs/api.md"]),
        (guide.replace(", `one`", ""), &["src/share/error.rs"]),
        (format!("{guide}404 `none`"), &["docs/api.md"]),
        (format!("{guide}400 `old`"), &["docs/api.md"]),
        (format!("{guide}500 `uno`"), &["docs/api.md"]),
    ] {
        let (door, error, rtsp) =
            (("src/http/a.rs", door), ("src/share/error.rs", error), ("src/wire/rtsp/b.rs", rtsp));
        catches(errors::errors_are_documented, &[door, error, rtsp, ("docs/api.md", guide.as_str())], breaches);
    }
}

#[test]
fn texts_are_in_every_language() {
    keep(laws::texts_are_in_every_language);
    let whole = "# One.\n\ntoday_at\n  en Today, {time}\n  es Hoy, {time}\n  pt Hoje, {time}\n";
    for (text, breaches) in [
        (whole.to_owned(), 0),
        (whole.replace("  es Hoy, {time}\n", ""), 1),
        (whole.replace("  pt Hoje, {time}\n", ""), 1),
        (whole.replace("Hoy, {time}", ""), 1),
        (whole.replace("Hoje, {time}", "Hoje"), 1),
        (whole.replace("Hoje, ", "Hoje | "), 1),
        (whole.replace("today_at", "today at"), 1),
        (format!("{whole}{whole}"), 1),
    ] {
        let house = [("web/texts/tv.txt", text.as_str()), ("web/terms/en.txt", "Terms")];
        catches(laws::texts_are_in_every_language, &house, &["web/texts/tv.txt"; 1][..breaches]);
    }
    let texts =
        texts::read("a\n  en \"1\"\n  es 2\n  pt \\\nb\n  en x | y\n  es y | z\n  pt z | x\n").expect("they are whole");
    assert_eq!(texts::module(&texts, 2), "export const words={\na:\"\\\\\",\nb:[\"z\",\"x\"],\n};\n");
    let script = "(window.Lareira=window.Lareira||{}).texts={\na:[\"\\\"1\\\"\",\"2\",\"\\\\\"],\n\
        b:[[\"x\",\"y\"],[\"y\",\"z\"],[\"z\",\"x\"]]\n};\n";
    assert_eq!(texts::script(&texts), script);
}

#[test]
fn every_file_is_reached() {
    keep(laws::every_file_is_reached);
    let files = [
        ("src/lib.rs", "pub mod live;"),
        ("src/main.rs", ""),
        ("src/live/mod.rs", "mod hub; // mod lost;"),
        ("src/live/hub.rs", ""),
        ("src/live/lost.rs", ""),
    ];
    catches(laws::every_file_is_reached, &files, &["src/live/lost.rs"]);
}
