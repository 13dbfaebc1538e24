//! What the store costs with 100,000 shares in it: opening, a page of an inbox, a decision. Prints medians.
//!
//! `cargo bench --bench store`; `SHARES=1000` for a quick look, `STORE_DIR=…` to measure the disk it will live on.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and stops where it cannot go on")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use lareira::ground::id::{AccountId, UserId};
use lareira::ground::time::{Clock, Moment, UnixMs};
use lareira::share::{Announcer, Contact, EndReason, Enrolment, MediaInfo, NewUser, ShareSettings, Steward};
use lareira::store::Store;

struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(self.0.elapsed().as_micros() as u64)
    }
    fn date(&self) -> UnixMs {
        SystemTime::now().into()
    }
}

fn open(file: &Path) -> Steward {
    let clock = Arc::new(SystemClock(Instant::now()));
    let announcer = Arc::new(Announcer::new(clock.date()));
    Steward::new(Arc::new(Store::open(file).unwrap()), clock, announcer, ShareSettings::default()).unwrap()
}

fn media() -> MediaInfo {
    let (codec, audio_codec) = ("avc1.42c01f".into(), Some("mp4a.40.2".into()));
    MediaInfo { codec, audio_codec, width: 1280, height: 720, frame_rate: 30.0, bits_per_second: 2_000_000 }
}

/// Stores `shares` ended shares in the inbox of one user.
fn fill(steward: &Steward, user: UserId, shares: usize) {
    let left = AtomicUsize::new(shares);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    let share = steward.new_share_for_cameras(&[user], Some("Bench")).unwrap().share.id;
                    steward.ready(share, media()).unwrap();
                    steward.ended(share, EndReason::Stopped, Some(60_000)).unwrap();
                }
            });
        }
    });
}

/// Adds `users` users to an account, each with a phone number and an address of their own.
fn populate(steward: &Steward, account: AccountId, users: usize) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= users {
                        return;
                    }
                    let (msisdn, email) = (Some(format!("+3519{i:08}")), Some(format!("user{i}@example.org")));
                    let new = NewUser { account, name: format!("User {i}"), msisdn, email, pin: None };
                    steward.add_user(new).unwrap();
                }
            });
        }
    });
}

/// Finds a full address book of contacts among 10,000 users.
fn find_contacts(dir: &Path) {
    let steward = open(&dir.join("contacts.redb"));
    let account = steward.add_account("Village", Some("+351")).unwrap().id;
    populate(&steward, account, 10_000);
    let invite = steward.invite(None, Some(account), Duration::from_secs(60)).unwrap();
    let who = Enrolment { name: "Bia".into(), msisdn: None, email: None, photo: None };
    let sender = steward.enrol(&invite.code, who).unwrap().sender;
    let contact = |i: usize| Contact { msisdn: Some(format!("9{i:08}")), email: Some(format!("USER{i}@example.org")) };
    // Every other one is a user.
    let book: Vec<_> = (0..500).map(|i| contact(i * 40)).collect();
    let start = Instant::now();
    assert_eq!(steward.match_contacts(sender, &book).unwrap().matched.len(), 250);
    println!("500 contacts found among 10,000 users, and remembered: {:.1?}", start.elapsed());
    measure("500 contacts found among 10,000 users, again", 101, || {
        assert_eq!(steward.match_contacts(sender, &book).unwrap().matched.len(), 250);
    });
    // Of an address book twenty times as long, no more is looked at.
    let long: Vec<_> = (0..10_000).map(contact).collect();
    measure("10,000 contacts, of which 500 are looked at", 101, || {
        assert_eq!(steward.match_contacts(sender, &long).unwrap().ignored, 9_500);
    });
    measure("contacts listed, 10,000 users", 101, || {
        assert_eq!(steward.contacts(sender).unwrap().len(), 10_000);
    });
}

/// Prints the median and the 99th percentile of `times` runs.
fn measure(what: &str, times: usize, mut run: impl FnMut()) {
    let mut taken: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    taken.sort_unstable();
    println!("{what:<52} median {:>10.3?}   p99 {:>10.3?}", taken[times / 2], taken[times * 99 / 100]);
}

fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

fn main() {
    let shares: usize = std::env::var("SHARES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let dir = match std::env::var_os("STORE_DIR") {
        Some(dir) => tempfile::tempdir_in(dir).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let file = dir.path().join("lareira.redb");

    let before = rss_kib();
    measure("open, new", 1, || drop(open(&file)));
    let steward = open(&file);
    let account = steward.add_account("Bench", None).unwrap().id;
    let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
    let user = steward.add_user(new).unwrap().id;
    measure("decision: an account added, alone", 301, || drop(steward.add_account("Bench", None).unwrap()));
    println!("memory of an empty store: {} KiB", rss_kib().saturating_sub(before));
    let start = Instant::now();
    fill(&steward, user, shares);
    let rate = 3.0 * shares as f64 / start.elapsed().as_secs_f64();
    println!("{shares} shares stored by 64 threads: {:.1?}, {rate:.0} decisions a second", start.elapsed());
    let crashed = dir.path().join("crashed.redb");
    std::fs::copy(&file, &crashed).unwrap();
    drop(steward);
    println!("file: {} MiB", std::fs::metadata(&file).unwrap().len() >> 20);

    measure("open, after a clean stop", 11, || drop(open(&file)));
    let copy = dir.path().join("copy.redb");
    let mut taken = Vec::new();
    for _ in 0..5 {
        std::fs::copy(&crashed, &copy).unwrap();
        let start = Instant::now();
        let steward = open(&copy);
        taken.push(start.elapsed());
        drop(steward);
    }
    taken.sort_unstable();
    println!("open, after the plug was pulled: median {:.1?}", taken[2]);

    let before = rss_kib();
    let steward = open(&file);
    for offset in [0, shares / 4, shares / 2, shares.saturating_sub(20)] {
        measure(&format!("inbox page of 20 at offset {offset}"), 201, || {
            assert_eq!(steward.inbox(user, offset as u64, 20).unwrap().entries.len(), 20);
        });
    }
    let sender = steward.shares(0, 1).unwrap()[0].sender;
    for offset in [0, shares / 2] {
        measure(&format!("own shares, page of 20 at offset {offset}"), 201, || {
            assert_eq!(steward.own_shares(sender, offset as u64, 20).unwrap().shares.len(), 20);
        });
    }
    println!("memory of the store, opened and read: {} KiB", rss_kib().saturating_sub(before));
    let some = steward.inbox(user, shares as u64 / 2, 1).unwrap().entries[0].share;
    measure("may this user play this share?", 2001, || assert!(steward.target_may_play(some, user).unwrap()));
    measure("sweep with nothing due", 2001, || {
        steward.sweep().unwrap();
        assert!(steward.discards().unwrap().is_empty());
    });
    measure("decision: a share created, alone", 301, || {
        drop(steward.new_share_for_cameras(&[user], Some("Bench")).unwrap())
    });
    let share = steward.new_share_for_cameras(&[user], Some("Bench")).unwrap().share.id;
    let start = Instant::now();
    steward.ready(share, media()).unwrap();
    println!("decision: a share ready, alone: {:.1?}", start.elapsed());
    measure("decision: ready, said again", 301, || steward.ready(share, media()).unwrap());
    measure("what may go for the quota", 11, || drop(steward.held().unwrap()));
    drop(steward);
    find_contacts(dir.path());
}
