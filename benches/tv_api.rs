//! How fast a TV is answered in a full house: 100 users and 20 TVs in 5 households, 100,000 entries in their inboxes.
//! Every call of the TV API over a real socket, four TVs at once; and how long a ring takes to every open page.
//!
//! `cargo bench --bench tv_api`; `ENTRIES=1000` for a quick look, `DATA_DIR=…` to measure the disk it will live on.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first surprise")]

#[path = "../tests/http_client/mod.rs"]
mod http_client;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use http_client::{Client, Request};
use lareira::config::Config;
use lareira::gateway::Gateway;
use lareira::ground::id::{ShareId, UserId};
use lareira::share::{EndReason, MediaInfo, NewUser, Steward};

const HOUSEHOLDS: usize = 5;
const USERS: usize = 20;
const TVS: usize = 4;
/// Calls of each kind by each TV.
const CALLS: usize = 100;
/// TVs that call at once.
const CALLERS: usize = 4;
/// Shares that ring.
const RINGS: usize = 50;

/// A TV and who is signed in on it.
struct Tv {
    cookies: String,
    user: UserId,
}

fn media() -> MediaInfo {
    let (codec, audio_codec) = ("avc1.42c01f".into(), Some("mp4a.40.2".into()));
    MediaInfo { codec, audio_codec, width: 1280, height: 720, frame_rate: 30.0, bits_per_second: 2_000_000 }
}

/// Everyone moves in.
fn move_in(steward: &Steward) -> (Vec<UserId>, Vec<Tv>) {
    let (mut users, mut tvs) = (Vec::new(), Vec::new());
    for household in 0..HOUSEHOLDS {
        let account = steward.add_account(&format!("Household {household}"), Some("+351")).unwrap().id;
        let here: Vec<_> = (0..USERS)
            .map(|i| {
                let new = NewUser { account, name: format!("User {i}"), msisdn: None, email: None, pin: None };
                steward.add_user(new).unwrap().id
            })
            .collect();
        for user in &here[..TVS] {
            let tv = steward.new_tv().unwrap();
            steward.approve_tv(&tv.pairing_code, account, None).unwrap();
            let cookie = steward.sign_in(tv.tv, *user, None).unwrap();
            tvs.push(Tv { cookies: format!("lareira_tv={}; lareira_user={cookie}", tv.cookie), user: *user });
        }
        users.extend(here);
    }
    (users, tvs)
}

/// Fills the inboxes: half of the entries came to everyone, half to one alone.
fn fill(steward: &Steward, users: &[UserId], entries: usize) {
    let next = AtomicUsize::new(0);
    let (shared, single) = (entries / 2 / users.len(), entries / 2);
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= shared + single {
                        return;
                    }
                    let to = if i < shared { users } else { &users[i % users.len()..][..1] };
                    let share = steward.new_share_for_cameras(to, Some("Bench")).unwrap().share.id;
                    steward.ready(share, media()).unwrap();
                    steward.ended(share, EndReason::Stopped, Some(60_000)).unwrap();
                }
            });
        }
    });
}

/// One call on a connection that stays open; how long the answer took.
fn call(client: &mut Client, tv: &Tv, method: &str, path: &str, body: &str) -> Duration {
    let request = Request::new(method, path).field("Cookie", &tv.cookies).field("Content-Type", "application/json");
    let request = request.body(body).bytes();
    let start = Instant::now();
    client.send(request);
    let answer = client.answer();
    let taken = start.elapsed();
    assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
    taken
}

fn line(what: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    let (median, p99) = (taken[taken.len() / 2], taken[taken.len() * 99 / 100]);
    println!("{what:<34} median {median:>10.3?}   p99 {p99:>10.3?}   most {:>10.3?}", taken[taken.len() - 1]);
}

/// What a TV asks: a name, a method, an address and a body. `S` stands for a share of the TV's user.
fn questions(entries: usize) -> Vec<(&'static str, &'static str, String, String)> {
    let settings = r#"{"skip_pin":false,"service_off":false,"language":"pt","quiet_hours":null}"#;
    let of_share = |verb: &str| format!("/tv/api/shares/S/{verb}");
    let whole = |name, method, path: &str, body: &str| (name, method, path.to_owned(), body.to_owned());
    let middle = entries / 200;
    vec![
        whole("device", "GET", "/tv/api/device", ""),
        whole("inbox, newest", "GET", "/tv/api/inbox?offset=0&limit=20", ""),
        whole("inbox, middle", "GET", &format!("/tv/api/inbox?offset={middle}&limit=20"), ""),
        whole("inbox, 100 at once", "GET", "/tv/api/inbox?offset=0&limit=100", ""),
        whole("share", "GET", "/tv/api/shares/S", ""),
        whole("settings", "GET", "/tv/api/settings", ""),
        whole("settings, set", "PUT", "/tv/api/settings", settings),
        whole("blocks", "GET", "/tv/api/blocks", ""),
        whole("blocks, set", "PUT", "/tv/api/blocks", r#"{"blocked":[]}"#),
        whole("later", "POST", &of_share("later"), "{}"),
        whole("decline", "POST", &of_share("decline"), "{}"),
        whole("accept, no PIN", "POST", &of_share("accept"), r#"{"from":"start"}"#),
        whole("watching", "POST", &of_share("watching"), r#"{"position_ms":1000,"latency_ms":200}"#),
        whole("left", "POST", &of_share("left"), "{}"),
        whole("help", "GET", "/tv/help/inbox", ""),
    ]
}

fn ask(address: SocketAddr, steward: &Steward, tvs: &[Tv], entries: usize) {
    for (name, method, path, body) in questions(entries) {
        let taken: Vec<Duration> = thread::scope(|scope| {
            let callers: Vec<_> = tvs[..CALLERS]
                .iter()
                .map(|tv| {
                    let (path, body) = (&path, &body);
                    scope.spawn(move || {
                        let page = steward.inbox(tv.user, 0, CALLS).unwrap().entries;
                        let mut client = Client::new(address);
                        let share = |i: usize| page[i % page.len()].share.to_string();
                        (0..CALLS).map(|i| call(&mut client, tv, method, &path.replace('S', &share(i)), body)).collect()
                    })
                })
                .collect();
            callers
                .into_iter()
                .flat_map(|caller: thread::ScopedJoinHandle<'_, Vec<_>>| caller.join().unwrap())
                .collect()
        });
        line(name, taken);
    }
}

/// Follows the events of a TV; says of each ring for whom it is first heard, and when.
fn listen(address: SocketAddr, tv: &Tv, heard: mpsc::Sender<(ShareId, Instant)>) {
    let mut client = Client::new(address);
    client.stream().set_read_timeout(None).unwrap();
    client.begin(Request::get("/tv/api/events").field("Cookie", &tv.cookies));
    assert_eq!(client.head().status, 200);
    thread::spawn(move || {
        let (mut is_ring, mut last) = (false, None);
        for line in BufReader::new(client).lines().map_while(Result::ok) {
            is_ring = if line.starts_with("event:") { line == "event: ring" } else { is_ring };
            let Some(data) = line.strip_prefix("data: ").filter(|_| is_ring) else { continue };
            let now = Instant::now();
            let id = data.split_once(r#""share_id":""#).and_then(|(_, rest)| rest.get(..16)?.parse().ok()).unwrap();
            if last.replace(id) != Some(id) && heard.send((id, now)).is_err() {
                return;
            }
        }
    });
}

fn ring(address: SocketAddr, steward: &Steward, users: &[UserId], tvs: &[Tv]) {
    let (heard, rings) = mpsc::channel();
    for tv in tvs {
        listen(address, tv, heard.clone());
    }
    thread::sleep(Duration::from_millis(500));
    for (what, to) in [("ring, one user's 4 TVs", &users[..1]), ("ring, 100 users' 20 TVs", users)] {
        let listeners = if to.len() == 1 { TVS } else { tvs.len() };
        let (mut decided, mut taken) = (Vec::new(), Vec::new());
        for _ in 0..RINGS {
            let share = steward.new_share_for_cameras(to, Some("Bench")).unwrap().share.id;
            let start = Instant::now();
            steward.ready(share, media()).unwrap();
            decided.push(start.elapsed());
            for _ in 0..listeners {
                let (id, at) = rings.recv_timeout(Duration::from_secs(10)).unwrap();
                assert_eq!(id, share);
                taken.push(at.duration_since(start));
            }
            steward.ended(share, EndReason::Stopped, Some(1)).unwrap();
        }
        line(&format!("{what}, decided"), decided);
        line(&format!("{what}, heard"), taken);
    }
}

fn main() {
    let entries: usize = std::env::var("ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let dir = match std::env::var_os("DATA_DIR") {
        Some(dir) => tempfile::tempdir_in(dir).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let mut config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
    config.http.address = ([127, 0, 0, 1], 0).into();
    config.rtsp.address = ([127, 0, 0, 1], 0).into();
    config.https.enabled = false;
    config.rtsps.enabled = false;
    let gateway = Gateway::start(&config).unwrap();
    let (address, steward) = (gateway.doors().http, Arc::clone(gateway.steward()));
    let (done, stopped) = smol::channel::bounded::<()>(1);
    let asking = thread::spawn(move || {
        let (users, tvs) = move_in(&steward);
        let start = Instant::now();
        fill(&steward, &users, entries);
        println!("{entries} entries for {} users: {:.1?}", users.len(), start.elapsed());
        ask(address, &steward, &tvs, entries);
        ring(address, &steward, &users, &tvs);
        drop(done);
    });
    gateway.run(async move {
        let _ = stopped.recv().await;
    });
    asking.join().unwrap();
}
