//! The plan of the house: its rooms and floors, who owns which outside crate, and words that have no room here.
//!
//! A new room or a new crate is entered here first; a law that finds one missing fails and names this file.

/// Rooms and their floors, from the ground up. A room imports only from floors below its own; on the same floor
/// only where [`NEIGHBOURS`] says so, and never in a circle.
pub const ROOMS: &[(&str, u8)] = &[
    ("ground", 0),
    ("wire/aac", 1),
    ("wire/address", 1),
    ("wire/fetch", 1),
    ("wire/fmp4", 1),
    ("wire/h264", 1),
    ("wire/m3u", 1),
    ("wire/mp4", 1),
    ("wire/mpegts", 1),
    ("wire/opus", 1),
    ("wire/playlist", 1),
    ("wire/rtp", 1),
    ("wire/rtsp", 1),
    ("wire/web_camera", 1),
    ("wire/websocket", 1),
    ("wire/xmltv", 1),
    ("codec", 2),
    ("executor", 2),
    ("fetch", 2),
    ("live", 2),
    ("package", 2),
    ("private", 2),
    ("share", 2),
    ("socket", 2),
    ("album", DOORS),
    ("authority", DOORS),
    ("http", DOORS),
    ("iptv", DOORS),
    ("mdns", DOORS),
    ("playback", DOORS),
    ("recording", DOORS),
    ("rtsp", DOORS),
    ("store", DOORS),
    ("thumbnail", DOORS),
    ("web_camera", DOORS),
    ("admin", SERVICES),
    ("lifecycle", SERVICES),
    ("node", SERVICES),
    ("cli", ROOF),
    ("config", ROOF),
    ("gateway", ROOF),
];

/// The floor of the doors: they never import each other.
pub const DOORS: u8 = 3;
/// The services: what is decided over several doors. They use doors, but never HTTP.
pub const SERVICES: u8 = 4;
/// The roof: configuration, wiring and the command line.
pub const ROOF: u8 = 5;
/// Floors whose rooms may import a neighbour: protocols build on each other, streams on the executor.
pub const NEIGHBOURS: &[u8] = &[1, 2, SERVICES, ROOF];

/// The room that services never import: what they decide is the same however it is asked for.
pub const NOT_FOR_SERVICES: &str = "http";

/// The pure floors: time and bytes are arguments there.
pub const PURE: &[u8] = &[0, 1];

/// Paths that read a clock, a file, a socket or a thread: not on the pure floors.
pub const IMPURE: &[&str] = &[
    "std::net",
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "std::os",
    "Instant::now",
    "SystemTime::now",
    "async_io",
    "async_signal",
    "async_task",
    "blocking",
    "event_listener",
    "libc",
    "nix",
    "rustix",
    "smol",
];

/// Code that draws something at random, besides those of [`MAY_BE_RANDOM`]: not on the pure floors.
pub const RANDOM: &[&str] = &[
    "fill_random",
    "new_token",
    "new_digits",
    "PinHash::new",
    "PhotoId::random",
    "Id::new(",
    "RandomState",
    "SystemRandom",
];

/// The files of the pure floors that draw at random: all secrets and all ids of the house come from there.
pub const MAY_BE_RANDOM: &[&str] = &["src/ground/crypto.rs", "src/ground/id.rs"];

/// Circles of files within a room that are left as they are, each with its reason.
pub const CIRCLES: &[(&[&str], &str)] = &[];

/// Every crate of `[dependencies]` and where it may be named: rooms, or files. Empty: anywhere that [`IMPURE`] allows.
pub const OWNERS: &[(&str, &[&str])] = &[
    ("async_io", &[]),
    ("async_signal", &["cli"]),
    ("async_task", &[]),
    ("base64", &[]),
    ("blocking", &["executor"]),
    ("bytes", &[]),
    ("event_listener", &[]),
    ("flate2", &["iptv"]),
    ("fast_qr", &["http"]),
    ("futures_lite", &[]),
    ("futures_rustls", &["authority", "fetch", "socket"]),
    ("h264_reader", &["wire/h264"]),
    ("httparse", &["http", "wire/fetch"]),
    ("humantime", &[]),
    ("image", &["thumbnail"]),
    ("lexopt", &["cli"]),
    ("libc", &["socket"]),
    ("log", &[]),
    ("md5", &["src/ground/crypto.rs"]),
    ("mdns_sd", &["mdns"]),
    ("nix", &["authority", "fetch", "socket"]),
    ("openh264", &["codec"]),
    ("postcard", &["store"]),
    ("quick_xml", &["wire/xmltv"]),
    ("rcgen", &["authority"]),
    ("redb", &["store"]),
    ("ring", &["src/ground/crypto.rs"]),
    ("rtcp_types", &["wire/rtp"]),
    ("rtp_types", &["wire/rtp"]),
    ("rtsp_types", &["wire/rtsp"]),
    ("rustix", &[]),
    ("serde", &[]),
    // The domain speaks values: JSON is written where it leaves.
    ("serde_json", &["admin", "cli", "http", "wire/web_camera", "src/ground/reply.rs", "src/iptv/cache.rs"]),
    ("simplelog", &["cli"]),
    ("smol", &[]),
    ("subtle", &["src/ground/crypto.rs"]),
    ("tiny_http", &["http"]),
    ("toml", &["config"]),
    ("tungstenite", &["wire/websocket"]),
    ("webpki_roots", &["fetch"]),
];

/// The library's name of a package, where it is not the package's own.
pub const LIBRARY_NAMES: &[(&str, &str)] = &[("md-5", "md5")];

/// Names for things that are hard to place: such a thing is two things, or is missing its word.
pub const NO_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"];

/// Lines of a file, tests apart: a file is one thought.
pub const MAX_LINES: usize = 600;

/// Characters of a line of JavaScript.
pub const MAX_SCRIPT_COLUMNS: usize = 140;

/// Words of the places where this was written. Put together here, so that this file is clean too.
pub const PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/fa", "rm/"),
    concat!("/tmp", "/w/"),
    concat!("..", "/shared"),
    concat!("bash", "_jobs"),
    concat!("farm", "-studio"),
    concat!("farm", "-bench"),
    concat!("cla", "ude"),
    concat!("anthro", "pic"),
];

/// Code that says it is not done.
pub const UNFINISHED: &[&str] =
    &[concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[", "ignore"), concat!("FIX", "ME")];

/// Calls that make files, folders and sockets with whatever mode the umask leaves them.
pub const MAKING: &[&str] = &[
    "File::create",
    "fs::write(",
    "fs::copy(",
    "create_dir",
    "OpenOptions::new",
    "DirBuilder::new",
    "UnixListener::bind",
    "File::options().write(true).create",
];

/// Texts that lead through the repository: the files they name are there.
pub const GUIDES: &[&str] =
    &["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/decisions/", "docs/glossary.md", "docs/schema.md"];

/// Folders that are not ours, or not text.
pub const NOT_READ: &[&str] =
    &[".git", "target", "node_modules", "fuzz/corpus", "fuzz/artifacts", "fuzz/target", "docs/pictures"];
