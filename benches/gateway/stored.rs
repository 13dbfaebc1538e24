//! A database with many shares in it, made through the domain's own service.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lareira::executor::SystemClock;
use lareira::ground::time::Clock as _;
use lareira::share::{Announcer, EndReason, MediaInfo, NewUser, ShareSettings, Steward};
use lareira::store::Store;

/// Threads that share: the store makes what they decide durable together.
const THREADS: usize = 64;

/// Stores `shares` ended shares in a new database at `file`.
pub fn make(file: &Path, shares: usize) {
    let clock = Arc::new(SystemClock::default());
    let announcer = Arc::new(Announcer::new(clock.date()));
    let store = Arc::new(Store::open(file).unwrap());
    let steward = Steward::new(store, clock, announcer, ShareSettings::default()).unwrap();
    let account = steward.add_account("Bench", None).unwrap().id;
    let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
    let user = steward.add_user(new).unwrap().id;
    let (codec, audio_codec) = ("avc1.42c01f".to_owned(), Some("mp4a.40.2".to_owned()));
    let media =
        MediaInfo { codec, audio_codec, width: 1280, height: 720, frame_rate: 30.0, bits_per_second: 2_000_000 };
    let left = AtomicUsize::new(shares);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    let share = steward.new_share_for_cameras(&[user], Some("Bench")).unwrap().share.id;
                    steward.ready(share, media.clone()).unwrap();
                    steward.ended(share, EndReason::Stopped, Some(60_000)).unwrap();
                }
            });
        }
    });
}
