//! Rights that are taken back while they are used: what is being sent ends within a few seconds.

mod http_house;

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_lite::future::block_on;
use http_house::home::{Home, event};
use http_house::{Client, House, Request, eventually, share};
use lareira::http::{Caps, Credentials, Devices, Times};

fn house() -> House {
    let (sweep, rights) = (Duration::from_millis(50), Duration::from_millis(20));
    House::new(Times { sweep, rights, ..Times::default() }, Caps::default())
}

/// Reads until the other side ends the connection, whatever comes.
fn read_to_the_end(client: &mut Client) {
    while !client.read_some().is_empty() {}
}

#[test]
fn long_bodies_end_when_the_right_to_them_is_gone() {
    let house = house();
    let open = |path: &str| {
        let mut client = house.connect();
        client.begin(Request::get(path));
        assert_eq!(client.head().status, 200, "{path}");
        client
    };
    let play = |file: &str| format!("/play/{}/t/{file}", share());
    let mut live = open(&play("live.mp4"));
    let mut flood = open(&play("live.mp4?flood"));
    // Nothing comes from this one, so nothing but the question can end it.
    let mut silent = open(&format!("/channel/{}/t/AAAA.ts", share()));
    eventually(|| house.seen.asked_after.load(Ordering::SeqCst) > 20);
    assert_eq!(house.seen.endless.load(Ordering::SeqCst), 3, "who has the right goes on");
    house.seen.puzzled.store(true, Ordering::SeqCst);
    let asked = house.seen.asked_after.load(Ordering::SeqCst);
    eventually(|| house.seen.asked_after.load(Ordering::SeqCst) > asked + 6);
    house.seen.puzzled.store(false, Ordering::SeqCst);
    assert_eq!(live.chunk().as_deref(), Some(&b"xxxxx"[..]));

    house.seen.taken_back.store(true, Ordering::SeqCst);
    for client in [&mut live, &mut flood, &mut silent] {
        read_to_the_end(client);
    }
    eventually(|| house.seen.endless.load(Ordering::SeqCst) == 0);
    eventually(|| house.front.counts().0 == 0);
}

#[test]
fn a_file_ends_too_and_what_is_short_is_not_asked_after() {
    let house = house();
    let path = |file: &str| format!("/play/{}/t/{file}", share());
    house.seen.taken_back.store(true, Ordering::SeqCst);
    let mut client = house.connect();
    for _ in 0..3 {
        assert_eq!(client.get(&path("segment-100000.m4s")).body.len(), 100_000);
    }
    assert_eq!(house.seen.asked_after.load(Ordering::SeqCst), 0);

    // Whoever takes a file slowly has it for long.
    std::fs::write(house.dir.path().join("video.mp4"), vec![7; 64 << 20]).expect("a file");
    house.seen.taken_back.store(false, Ordering::SeqCst);
    let mut slow = house.connect();
    slow.begin(Request::get(path("video.mp4?long")));
    assert_eq!(slow.head().field("content-length"), Some("60000004"));
    eventually(|| house.seen.asked_after.load(Ordering::SeqCst) > 3);
    house.seen.taken_back.store(true, Ordering::SeqCst);
    eventually(|| house.front.counts().0 == 1);
    // The connection that had only short answers is still good.
    assert_eq!(client.get("/healthz").status, 200);
}

#[test]
fn a_removed_tvs_events_end() {
    let home = Home::new();
    let account = home.account("Casa");
    let (kitchen, bedroom) = (home.tv(account), home.tv(account));
    let follow = |tv: &str| {
        let mut client = home.house.connect();
        client.begin(Request::get("/tv/api/events").fields(tv));
        assert_eq!(client.head().status, 200);
        assert_eq!(event(&mut client).0, "hello");
        client
    };
    let (mut removed, mut kept) = (follow(&kitchen), follow(&bedroom));
    let id = |tv: &str| {
        let cookie = tv.trim_end().strip_prefix("Cookie: lareira_tv=").expect("a TV's cookie");
        home.steward.session(cookie, None).expect("an answer").expect("a TV").tv.id
    };
    let (removed_id, kept_id) = (id(&kitchen), id(&bedroom));
    home.steward.remove_tv(removed_id).expect("removed");
    read_to_the_end(&mut removed);
    home.steward.rename_tv(kept_id, "Quarto").expect("renamed");
    assert_eq!(event(&mut kept).0, "tv", "another TV hears on");
}

#[test]
fn a_revoked_phones_events_end() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let ((lost, _), (other, _)) = (home.phone(account, "Rui"), home.phone(account, "Eva"));
    let follow = |phone: &str| {
        let share = home.ready_share(phone, &[ana], None);
        let mut client = home.house.connect();
        client.begin(Request::get(format!("/api/v1/shares/{share}/events")).fields(phone));
        assert_eq!(client.head().status, 200);
        assert_eq!(event(&mut client).0, "hello");
        (client, share)
    };
    let ((mut revoked, _), (mut kept, share)) = (follow(&lost), follow(&other));
    let phones = home.steward.phones().expect("phones");
    let phone = phones.iter().find(|report| report.sender.name == "Rui").expect("Rui's").phone.id;
    home.steward.revoke_phone(phone).expect("revoked");
    read_to_the_end(&mut revoked);
    home.steward.decline(ana, share).expect("declined");
    assert_eq!(event(&mut kept).0, "target", "another phone hears on");
}

#[test]
fn of_what_a_device_shows_only_its_proof_is_kept() {
    let home = Home::new();
    let account = home.account("Casa");
    let (tv, (phone, _)) = (home.tv(account), home.phone(account, "Rui"));
    let code = home.steward.owner_code().expect("a code").code;
    let owner = format!("lareira_owner={}", home.steward.owner_sign_in(&code, "a browser").expect("the owner's"));
    let value = |field: &str| field.trim_end().split_once(": ").expect("a field").1.to_owned();
    let (tv, phone, junk) = (value(&tv), value(&phone), "x".repeat(15_000));
    let with_junk = |cookie: &str| Some(format!("other={junk}; {cookie}; lareira_user={junk}"));
    let ask = |authorization: Option<String>, cookie: Option<String>| {
        let shown = Credentials { authorization, cookie, is_secure: false };
        let (_, proof) = block_on(home.api.device(shown)).expect("storage").expect("a device");
        let (_, again) = block_on(home.api.device(proof.clone())).expect("storage").expect("the same");
        assert_eq!(again, proof);
        (proof.authorization, proof.cookie)
    };
    let padded = format!("{phone}{}", " ".repeat(15_000));
    assert_eq!(ask(Some(padded), with_junk(&tv)), (Some(phone), None));
    assert_eq!(ask(Some(junk.clone()), with_junk(&tv)), (None, Some(tv)));
    assert_eq!(ask(None, with_junk(&owner)), (None, Some(owner)));
}
