//! The store against what can happen to it: the same stories as in memory, the plug pulled, a full disk, other versions.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use redb::backends::InMemoryBackend;
use redb::{Database, StorageBackend};

use crate::ground::id::{ShareId, UserId};
use crate::ground::set_clock::SetClock;
use crate::ground::time::Clock as _;
use crate::share::ledger::memory::MemoryStorage;
use crate::share::story;
use crate::share::{
    Announcer, Asker, EndReason, Holder, LedgerError, MediaInfo, NewUser, Scope, ShareError, ShareSettings, ShareState,
    Steward, Storage,
};
use crate::store::{Store, StoreError};

mod backups;
mod damage;

fn steward(store: Store) -> Steward {
    let clock = SetClock::new();
    let announcer = Arc::new(Announcer::new(clock.date()));
    Steward::new(Arc::new(store), clock, announcer, ShareSettings::default()).expect("opens")
}

fn add_user(steward: &Steward) -> UserId {
    let account = steward.add_account("Silva", None).expect("an account").id;
    let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
    steward.add_user(new).expect("a user").id
}

fn media() -> MediaInfo {
    let codec = "avc1.42c01f".into();
    MediaInfo { codec, audio_codec: None, width: 640, height: 360, frame_rate: 30.0, bits_per_second: 0 }
}

// The same stories.

fn in_memory() -> Store {
    let open = || Database::builder().create_with_backend(InMemoryBackend::new());
    Store::open_by("memory".as_ref(), Box::new(open)).expect("memory opens")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_story_ends_as_it_does_in_memory(story in story::stories()) {
        let simple = story::tell(Arc::new(MemoryStorage::default()), &story);
        let real = story::tell(Arc::new(in_memory()), &story);
        prop_assert_eq!(simple, real);
    }
}

// The plug pulled.

const CHILD: &str = "LAREIRA_TEST_STORE";

/// What the killed process does: shares from several threads, saying on standard output what was acknowledged.
/// Among the other tests, where no file is named, it does nothing.
#[test]
fn child_that_is_killed() {
    let Some(file) = std::env::var_os(CHILD) else { return };
    let steward = Arc::new(steward(Store::open(file.as_ref()).expect("opens")));
    let user = steward.users(None).expect("users")[0].id;
    let say = |line: String| {
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let share = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
                    say(format!("\nack {share} pending\n"));
                    steward.ready(share, media()).expect("ready");
                    say(format!("\nack {share} ready\n"));
                    steward.ended(share, EndReason::Stopped, Some(1)).expect("ended");
                    say(format!("\nack {share} ended\n"));
                }
            });
        }
    });
}

#[test]
fn nothing_acknowledged_is_lost_to_kill_9() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("lareira.redb");
    let user = add_user(&steward(Store::open(&file).expect("opens")));
    let mut acknowledged: Vec<(ShareId, ShareState)> = Vec::new();
    for round in 0..10_u64 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "store::tests::child_that_is_killed", "--nocapture"])
            .env(CHILD, &file)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut left = 1 + round * round * 7 % 97;
        for line in lines {
            let line = line.expect("text");
            let Some((share, state)) = line.strip_prefix("ack ").and_then(|ack| ack.split_once(' ')) else { continue };
            let Ok(share) = share.parse() else { continue };
            let state = ShareState::ALL.into_iter().find(|known| known.as_str() == state).expect("a whole line");
            acknowledged.push((share, state));
            left = left.saturating_sub(1);
            if left == 0 {
                child.kill().expect("killed");
            }
        }
        child.wait().expect("over");

        let steward = steward(Store::open(&file).expect("opens after kill -9"));
        for (share, state) in &acknowledged {
            let found = steward.share(Asker::Owner, *share).expect("nothing acknowledged is lost").share;
            assert!(found.state >= *state, "{:?} < {state:?}", found.state);
        }
        let page = steward.inbox(user, 0, 1000).expect("a page");
        let ready: BTreeSet<_> =
            acknowledged.iter().filter(|(_, state)| *state >= ShareState::Ready).map(|(share, _)| *share).collect();
        assert!(page.total as usize >= ready.len());
        assert_eq!(page.total, page.unseen);
        for unfinished in steward.unfinished_shares().expect("a list") {
            steward.ended(unfinished.share, EndReason::Restarted, None).expect("ended");
        }
    }
    assert!(acknowledged.len() > 100);
}

// A full disk.

/// A disk that fills up on command: what was written before can be written over, nothing new.
#[derive(Debug, Default)]
struct Disk {
    bytes: Mutex<Vec<u8>>,
    full: AtomicBool,
    /// Not even what is there can be written over.
    dead: AtomicBool,
    /// Nothing of it can be read.
    unreadable: AtomicBool,
    /// Writes it takes before it is dead; 0 for any number.
    left: AtomicUsize,
    /// How much was written when the disk filled up.
    used: Mutex<u64>,
}

#[derive(Debug)]
struct Plugged(Arc<Disk>);

impl Disk {
    fn fill(&self) {
        *self.used.lock().expect("used") = self.bytes.lock().expect("bytes").len() as u64;
        self.full.store(true, Ordering::SeqCst);
    }
}

impl StorageBackend for Plugged {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0.bytes.lock().expect("bytes").len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        if self.0.unreadable.load(Ordering::SeqCst) {
            return Err(ErrorKind::Other.into());
        }
        let bytes = self.0.bytes.lock().expect("bytes");
        let from = bytes.get(offset as usize..offset as usize + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(from);
        Ok(())
    }
    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.bytes.lock().expect("bytes").resize(len as usize, 0);
        Ok(())
    }
    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        let end = offset + data.len() as u64;
        let full = self.0.full.load(Ordering::SeqCst) && end > *self.0.used.lock().expect("used");
        if full || self.0.dead.load(Ordering::SeqCst) {
            return Err(ErrorKind::StorageFull.into());
        }
        self.0.bytes.lock().expect("bytes")[offset as usize..end as usize].copy_from_slice(data);
        let takes = |left: usize| (left > 0).then(|| left - 1);
        if self.0.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, takes) == Ok(1) {
            self.0.dead.store(true, Ordering::SeqCst);
        }
        Ok(())
    }
}

fn on_disk(disk: &Arc<Disk>) -> Store {
    on_disk_beside("disk".as_ref(), disk)
}

/// A store on a disk of its own; what comes beside its file is at `path`.
fn on_disk_beside(path: &Path, disk: &Arc<Disk>) -> Store {
    let disk = Arc::clone(disk);
    let open = move || Database::builder().create_with_backend(Plugged(Arc::clone(&disk)));
    Store::open_by(path, Box::new(open)).expect("opens")
}

#[test]
fn a_full_disk_refuses_keeps_what_was_and_recovers() {
    let disk = Arc::new(Disk::default());
    let steward = steward(on_disk(&disk));
    let user = add_user(&steward);
    let mut shares = Vec::new();
    for round in 0..3 {
        disk.fill();
        // What was taken back may leave room for one more: it is full when two in a row are refused.
        let mut refused_in_a_row = 0;
        while refused_in_a_row < 2 {
            match steward.new_share_for_cameras(&[user], None) {
                Ok(new) => {
                    refused_in_a_row = 0;
                    shares.push(new.share.id);
                    steward.ended(new.share.id, EndReason::Stopped, None).ok();
                }
                Err(refused) => {
                    refused_in_a_row += 1;
                    assert!(matches!(refused, ShareError::Ledger(LedgerError::DiskFull)), "round {round}: {refused}");
                    assert!(refused.to_string().contains("free some space"), "{refused}");
                }
            }
        }
        for share in &shares {
            steward.share(Asker::Owner, *share).expect("can be read while the disk is full");
        }
        disk.full.store(false, Ordering::SeqCst);
        shares.push(steward.new_share_for_cameras(&[user], None).expect("there is room again").share.id);
    }
    drop(steward);
    let again = self::steward(on_disk(&disk));
    assert_eq!(again.shares(0, 1000).expect("shares").len(), shares.len().min(1000));
}

#[test]
fn a_disk_that_takes_nothing_is_said_and_survived() {
    let disk = Arc::new(Disk::default());
    let steward = steward(on_disk(&disk));
    let user = add_user(&steward);
    let share = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
    disk.dead.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert!(steward.new_share_for_cameras(&[user], None).is_err());
    }
    disk.dead.store(false, Ordering::SeqCst);
    steward.share(Asker::Owner, share).expect("still there");
    steward.new_share_for_cameras(&[user], None).expect("works again");
    assert_eq!(steward.shares(0, 10).expect("shares").len(), 2, "what was refused is not there");
}

// Decisions side by side.

#[test]
fn a_refused_decision_leaves_its_neighbours_alone() {
    let disk = Arc::new(Disk::default());
    let steward = steward(on_disk(&disk));
    let user = add_user(&steward);
    std::thread::scope(|scope| {
        for i in 0..8 {
            let steward = &steward;
            scope.spawn(move || {
                for _ in 0..20 {
                    let name = if i % 2 == 0 { "Camera" } else { "" };
                    assert_eq!(steward.new_share_for_cameras(&[user], Some(name)).is_ok(), i % 2 == 0);
                }
            });
        }
    });
    assert_eq!(steward.shares(0, 1000).expect("shares").len(), 80);
}

#[test]
fn a_decision_that_breaks_leaves_nothing_behind() {
    let store = in_memory();
    let account = crate::ground::id::AccountId([1; 10]);
    let broken = store.write(Box::new(move |ledger| {
        let row =
            crate::share::Account { id: account, name: "x".into(), created_at: Default::default(), country: None };
        ledger.put_account(account, &row).expect("written");
        panic!("a rule that is wrong (this belongs to the test)");
    }));
    assert_eq!(broken, Ok(()));
    let mut found = None;
    store.read(&mut |ledger| found = Some(ledger.account(account))).expect("read");
    assert_eq!(found, Some(Ok(None)));
}

// Files.

#[test]
fn a_backup_is_everything_and_comes_back_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let (file, copy) = (dir.path().join("a.redb"), dir.path().join("copy"));
    let steward = steward(Store::open(&file).expect("opens"));
    let user = add_user(&steward);
    let kept = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
    let holder = Holder { user, tv: None };
    let ticket = steward.ticket(kept, holder, Scope::Play);
    steward.storage().backup(&copy).expect("copied");
    let later = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;

    steward.restore(&copy).expect("restored");
    assert!(steward.share(Asker::Owner, kept).is_ok());
    assert!(steward.share(Asker::Owner, later).is_err());
    steward.new_share_for_cameras(&[user], None).expect("goes on");
    assert_eq!(steward.open_ticket(kept, &ticket), Ok((holder, Scope::Play)));

    let elsewhere = self::steward(Store::open(&copy).expect("a backup is a database"));
    assert_eq!(elsewhere.shares(0, 10).expect("shares").len(), 1);
    std::fs::write(dir.path().join("junk"), b"junk").expect("written");
    assert!(steward.restore(&dir.path().join("junk")).is_err());
    assert!(steward.restore(Path::new("/nowhere/at/all")).is_err());
    assert!(steward.share(Asker::Owner, kept).is_ok(), "a failed restore changes nothing");
    let names: Vec<_> = std::fs::read_dir(dir.path()).expect("a list").map(|e| e.expect("entry").file_name()).collect();
    assert_eq!(names.len(), 3, "nothing is left lying about: {names:?}");
}

#[test]
fn the_file_is_its_owners_alone_and_opened_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.redb");
    let _open = Store::open(&file).expect("opens");
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(matches!(Store::open(&file), Err(StoreError::InUse(_))));
    assert!(matches!(Store::open(Path::new("/nowhere/at/all")), Err(StoreError::Failed(_))));
}

/// Long enough for several batches to form.
#[test]
fn what_is_acknowledged_can_be_read_at_once() {
    let steward = steward(in_memory());
    let user = add_user(&steward);
    let start = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while start.elapsed() < Duration::from_millis(50) {
                    let share = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
                    steward.share(Asker::Owner, share).expect("there");
                    steward.withdraw_share(Asker::Owner, share).expect("gone");
                }
            });
        }
    });
}
