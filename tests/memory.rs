//! What a crowd that asks for the largest recordings costs the whole gateway: memory and threads stay as they are.

mod http_house;
mod large;

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use http_house::Request;
use lareira::ground::time::Ticks90k;
use lareira::wire::address::PlayFile;
use large::Large;

/// Pictures of a recording of 24 hours that is cut as often as segments can be.
const PICTURES: u64 = 90_000;
/// Threads of the crowd, each of which asks eight times at once.
const CROWD: usize = 70;
/// How long each is shown.
const SHOWN: Ticks90k = Ticks90k::from_ms(950);

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("a line");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn a_crowd_that_asks_for_the_largest_recordings_fits_into_96_mb() {
    let house = Large::new(1, 1, |_| {});
    let shares: Vec<_> = (0..8).map(|_| house.recorded(PICTURES, SHOWN, 5)).collect();
    let files = [PlayFile::VideoMp4, PlayFile::Index, PlayFile::Segment(7), PlayFile::Init(0)];
    let all_at_once = Barrier::new(CROWD);
    let most_threads = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for number in 0..CROWD {
            let (house, shares, all_at_once, most_threads) = (&house, &shares, &all_at_once, &most_threads);
            scope.spawn(move || {
                let share = shares[number % shares.len()];
                let mut clients: Vec<_> = (0..8).map(|_| house.connect()).collect();
                all_at_once.wait();
                for (client, file) in clients.iter_mut().zip(files.iter().cycle()) {
                    client.begin(Request::new("HEAD", house.play(share, *file)));
                }
                most_threads.fetch_max(status("Threads"), Ordering::Relaxed);
                let answers = clients.iter_mut().map(|client| client.head());
                let statuses: Vec<_> = answers.map(|answer| answer.status).collect();
                assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
            });
        }
    });
    let peak_kb = status("VmHWM");
    assert!(peak_kb < 96 * 1024, "{peak_kb} kB");
    let threads = most_threads.into_inner() - CROWD as u64;
    assert!(threads < 64, "{threads} threads");
    // Whoever comes back is served, from a file with all tables first.
    for share in &shares[..2] {
        let answer = house.connect().get(&house.play(*share, PlayFile::Index).to_string());
        assert!(answer.status == 200 && answer.body.ends_with(b"#EXT-X-ENDLIST\n"), "{}", answer.status);
        let mut client = house.connect();
        let path = house.play(*share, PlayFile::VideoMp4);
        let part = client.ask(Request::get(path).field("Range", "bytes=4-7"));
        assert_eq!((part.body, status("VmHWM") < 96 * 1024), (b"ftyp".to_vec(), true));
    }
}
