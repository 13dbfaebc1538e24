//! Damaged files: backups that are restored, and the database itself.

use std::path::PathBuf;

use proptest::prelude::*;
use redb::TableDefinition;
use tempfile::TempDir;

use super::*;

/// A house with a database, and a whole backup of what it had before its newest share.
struct House {
    _place: TempDir,
    steward: Steward,
    user: UserId,
    backup: PathBuf,
    before: ShareId,
    after: ShareId,
}

fn house() -> House {
    let place = tempfile::tempdir().expect("a directory");
    let steward = steward(Store::open(&place.path().join("a.redb")).expect("opens"));
    let user = add_user(&steward);
    let before = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
    let backup = place.path().join("backup");
    steward.storage().backup(&backup).expect("copied");
    let after = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
    House { _place: place, steward, user, backup, before, after }
}

impl House {
    fn has(&self, share: ShareId) -> bool {
        self.steward.share(Asker::Owner, share).is_ok()
    }

    /// Restores what `file` holds, and finds out that the gateway has the old data or the backup's, and works.
    fn survives(&mut self, file: &[u8]) -> Result<(), ShareError> {
        std::fs::write(&self.backup, file).expect("written");
        let restored = self.steward.restore(&self.backup);
        assert!(self.has(self.before), "what is in both is there");
        assert_eq!(self.has(self.after), restored.is_err(), "the old data or the backup's: {restored:?}");
        self.after = self.steward.new_share_for_cameras(&[self.user], None).expect("writes work").share.id;
        self.steward.health().expect("and it is well");
        restored
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn a_damaged_backup_changes_nothing(
        flips in prop::collection::vec((0.0_f64..1.0, 1_u8..), 1..40),
        heads in prop::collection::vec((0_usize..512, 1_u8..), 0..3),
        length in 0.0_f64..1.0,
    ) {
        let mut house = house();
        let good = std::fs::read(&house.backup).expect("it was written");
        let mut damaged = good.clone();
        for (at, with) in &flips {
            damaged[(at * good.len() as f64) as usize] ^= with;
        }
        let _ = house.survives(&damaged);
        for (at, with) in &flips {
            let mut damaged = good.clone();
            damaged[(at * good.len() as f64) as usize] ^= with;
            let _ = house.survives(&damaged);
        }
        for (at, with) in heads {
            let mut damaged = good.clone();
            damaged[at] ^= with;
            let _ = house.survives(&damaged);
        }
        prop_assert!(house.survives(&good[..(length * good.len() as f64) as usize]).is_err(), "a part of one is none");
        prop_assert!(house.survives(&good).is_ok());
    }
}

/// Every page of a backup, torn out: zeros and noise where it was.
#[test]
fn a_backup_with_any_page_damaged_changes_nothing() {
    let mut house = house();
    let good = std::fs::read(&house.backup).expect("it was written");
    let mut refused = 0;
    for page in (0..good.len()).step_by(4096) {
        for filling in [0, 0x5A] {
            let mut damaged = good.clone();
            let end = good.len().min(page + 4096);
            damaged[page..end].fill(filling);
            if damaged != good {
                refused += usize::from(house.survives(&damaged).is_err());
            }
        }
    }
    assert!(refused > 20, "most of a backup matters: {refused}");
}

#[test]
fn what_is_no_backup_changes_nothing() {
    let mut house = house();
    let foreign = house.backup.with_file_name("foreign");
    let database = Database::create(&foreign).expect("a database");
    let transaction = database.begin_write().expect("write");
    let table: TableDefinition<'_, u64, u64> = TableDefinition::new("numbers");
    transaction.open_table(table).expect("a table").insert(1, 2).expect("a row");
    transaction.commit().expect("commit");
    drop(database);
    let foreign = std::fs::read(&foreign).expect("it was written");
    for (file, said) in [(&b""[..], ""), (b"junk", ""), (&[0; 1 << 20], ""), (&foreign, "another program's")] {
        let error = house.survives(file).expect_err("no backup");
        assert_eq!(error.code(), "bad_backup");
        let message = error.to_string();
        assert!(message.contains("nothing was changed") && message.contains(said), "{message}");
    }
}

#[test]
fn a_row_that_is_none_is_found_before_anything_is_replaced() {
    let mut house = house();
    let database = Database::open(&house.backup).expect("opens");
    let transaction = database.begin_write().expect("write");
    let mut table = transaction.open_table(crate::store::ledger::definition("inbox_counts")).expect("a table");
    table.insert(&[7; 10][..], &[1, 2][..]).expect("written");
    drop(table);
    transaction.commit().expect("commit");
    drop(database);
    let file = std::fs::read(&house.backup).expect("it was written");
    let error = house.survives(&file).expect_err("damaged");
    assert!(error.to_string().contains("inbox_counts"), "{error}");
}

/// A house with two hundred shares of a user, on a disk that can go bad.
fn house_on_disk() -> (Arc<Disk>, Steward, UserId) {
    let disk = Arc::new(Disk::default());
    let steward = steward(on_disk(&disk));
    let user = add_user(&steward);
    for _ in 0..200 {
        let share = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
        steward.ended(share, EndReason::Stopped, None).expect("ended");
    }
    (disk, steward, user)
}

/// The database's own pages go bad while it is open: whoever asks is told, and once the disk is good again so is all.
#[test]
fn a_database_that_goes_bad_ends_no_thread_and_comes_back() {
    let (disk, steward, user) = house_on_disk();
    let good = disk.bytes.lock().expect("bytes").clone();
    let mut failures = 0;
    for (start, filling) in [(4096, 0xA5), (64 << 10, 0), (0, 0), (64, 0xFF)] {
        // A failure has it opened again, so that nothing of it is in memory.
        disk.dead.store(true, Ordering::SeqCst);
        steward.new_share_for_cameras(&[user], None).expect_err("the disk takes nothing");
        disk.bytes.lock().expect("bytes")[start..].fill(filling);
        disk.dead.store(false, Ordering::SeqCst);
        for _ in 0..3 {
            let refused = steward.new_share_for_cameras(&[user], None).is_err();
            failures += usize::from(refused);
            assert!(!refused || steward.health().is_err(), "health tells the truth");
            if steward.shares(0, 1000).is_err() {
                steward.health().expect_err("of what can't be read as well");
            }
        }
        *disk.bytes.lock().expect("bytes") = good.clone();
        while steward.health().is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        steward.new_share_for_cameras(&[user], None).expect("it came back by itself");
    }
    assert!(failures > 3, "the damage was met: {failures}");
}

/// A disk that can be written, and not be read: nothing is asked to be written.
#[test]
fn what_cannot_be_read_is_said_until_it_can() {
    let (disk, steward, user) = house_on_disk();
    // A failure has it opened again, so that nothing of it is in memory.
    disk.dead.store(true, Ordering::SeqCst);
    steward.new_share_for_cameras(&[user], None).expect_err("the disk takes nothing");
    disk.dead.store(false, Ordering::SeqCst);
    steward.new_share_for_cameras(&[user], None).expect("it does again");
    steward.health().expect("and that is all there was");
    disk.unreadable.store(true, Ordering::SeqCst);
    steward.shares(0, 1000).expect_err("it can't be read");
    for _ in 0..3 {
        steward.health().expect_err("which is said, whoever asks");
    }
    disk.unreadable.store(false, Ordering::SeqCst);
    while steward.health().is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(steward.shares(0, 1000).expect("all is there").len(), 201);
}

#[test]
fn a_database_that_is_damaged_at_the_start_is_said() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("a.redb");
    add_user(&steward(Store::open(&file).expect("opens")));
    let good = std::fs::read(&file).expect("it was written");
    for start in [0, 9, 64, 320, 4096] {
        let mut damaged = good.clone();
        damaged[start..].fill(0x5A);
        std::fs::write(&file, &damaged).expect("written");
        match Store::open(&file) {
            Err(error @ StoreError::Damaged { .. }) => {
                let said = error.to_string();
                assert!(said.contains("a.redb") && said.contains("restore FILE"), "{said}");
            }
            Err(other) => panic!("{start}: {other}"),
            Ok(_) => {}
        }
    }
}
