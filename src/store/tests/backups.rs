//! Backups that are made and brought back at the same time, or half.

use std::sync::Barrier;

use super::*;

/// Two threads make backups of one house and bring them back all the time: each does so wholly, or is told to wait.
#[test]
fn two_who_restore_at_once_are_not_in_each_others_way() {
    let dir = tempfile::tempdir().expect("a directory");
    let steward = steward(Store::open(&dir.path().join("a.redb")).expect("opens"));
    let user = add_user(&steward);
    for _ in 0..50 {
        let share = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
        steward.ended(share, EndReason::Stopped, None).expect("ended");
    }
    let good = dir.path().join("good");
    steward.storage().backup(&good).expect("copied");
    let together = Barrier::new(2);
    let results: Vec<Result<(), ShareError>> = std::thread::scope(|scope| {
        let both = [(); 2].map(|()| {
            let (steward, good, one, together) = (&steward, &good, dir.path().join("one"), &together);
            scope.spawn(move || {
                let rounds = (0..20).map(|round| {
                    together.wait();
                    match round % 2 {
                        0 => steward.restore(good),
                        _ => steward.storage().backup(&one).map_err(ShareError::from),
                    }
                });
                rounds.collect::<Vec<_>>()
            })
        });
        both.into_iter().flat_map(|thread| thread.join().expect("it ends well")).collect()
    });
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!(error.code(), "busy", "{error}");
        assert!(error.retry_after().is_some() && error.to_string().contains("try again"));
    }
    assert!(results.iter().filter(|result| result.is_ok()).count() >= 20, "in every round at least one is done");
    assert_eq!(steward.shares(0, 100).expect("shares").len(), 50);
    let elsewhere = self::steward(Store::open(&dir.path().join("one")).expect("a backup is a database"));
    assert_eq!(elsewhere.shares(0, 100).expect("shares").len(), 50);
}

#[test]
fn a_second_one_is_told_to_wait_and_what_a_killed_one_left_goes() {
    let dir = tempfile::tempdir().expect("a directory");
    let (file, copy) = (dir.path().join("a.redb"), dir.path().join("copy"));
    let left = dir.path().join("a.redb.restore");
    std::fs::write(&left, b"half of a backup").expect("written");
    let store = Store::open(&file).expect("opens");
    assert!(!left.exists());
    store.backup(&copy).expect("copied");
    let turn = store.copying().expect("nobody else");
    assert_eq!(store.backup(&copy), Err(LedgerError::Busy));
    let nothing = Box::new(|_: &mut dyn crate::share::ledger::Ledger| crate::share::ledger::Verdict::Undo);
    assert_eq!(store.restore(&copy, nothing), Err(LedgerError::Busy));
    drop(turn);
    store.backup(&copy).expect("its turn has come");
}

/// Whatever is wrong with a file, it is named, and so is what to do.
#[test]
fn the_file_that_is_wrong_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let steward = steward(Store::open(&dir.path().join("a.redb")).expect("opens"));
    let (folder, junk) = (dir.path().join("folder"), dir.path().join("junk"));
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(&junk, b"junk").expect("written");
    let nowhere = dir.path().join("nowhere").join("backup");
    let under_a_file = junk.join("backup");
    for (file, why) in [
        (&nowhere, "No such file"),
        (&folder, "it is a folder"),
        (&junk, "no whole backup"),
        (&under_a_file, "Not a directory"),
    ] {
        let error = steward.restore(file).expect_err("no backup");
        let said = error.to_string();
        assert!(
            said.contains(&file.display().to_string()) && said.contains(why) && said.contains("nothing was changed"),
            "{said}"
        );
        assert_eq!(error.code(), "bad_backup", "{said}");
    }
    for (file, why) in [(&nowhere, "No such file"), (&folder, "Is a directory"), (&under_a_file, "Not a directory")] {
        let error = ShareError::from(steward.storage().backup(file).expect_err("it can't be written"));
        let said = error.to_string();
        assert!(said.contains(&file.display().to_string()) && said.contains(why), "{said}");
        assert!(!said.contains("partial") && !said.contains("data directory"), "{said}");
        assert_eq!(error.code(), "bad_backup", "{said}");
    }
    assert_eq!(std::fs::read(&junk).expect("there"), b"junk");
}

#[test]
fn a_backup_never_takes_the_place_of_the_database() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.redb");
    let store = Store::open(&file).expect("opens");
    let named = dir.path().join(".").join("a.redb");
    assert_eq!(store.backup(&named), Err(LedgerError::Itself(named.clone())));
    let nothing = Box::new(|_: &mut dyn crate::share::ledger::Ledger| crate::share::ledger::Verdict::Undo);
    assert_eq!(store.restore(&named, nothing), Err(LedgerError::Itself(named)));
    let steward = self::steward(store);
    let user = add_user(&steward);
    drop(steward);
    let again = self::steward(Store::open(&file).expect("opens"));
    assert!(again.users(None).expect("users").iter().any(|known| known.id == user), "nothing is written elsewhere");
}

/// The plug is pulled after each single write of a restore: the house is the old one or the backup's, wholly.
#[test]
fn a_restore_that_is_cut_off_is_all_or_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let backup = dir.path().join("backup");
    let elsewhere = self::steward(in_memory());
    let theirs = add_user(&elsewhere);
    let watched = elsewhere.new_share_for_cameras(&[theirs], None).expect("a share").share.id;
    elsewhere.ready(watched, media()).expect("ready");
    elsewhere.accept(theirs, watched, None, crate::share::PlayFrom::Start).expect("it plays");
    elsewhere.storage().backup(&backup).expect("copied");

    let disk = Arc::new(Disk::default());
    let first = steward(on_disk_beside(&dir.path().join("first"), &disk));
    let user = add_user(&first);
    let share = first.new_share_for_cameras(&[user], None).expect("a share").share.id;
    drop(first);
    let start = disk.bytes.lock().expect("bytes").clone();
    let (mut old, mut new) = (0, 0);
    for writes in 1.. {
        let disk = Arc::new(Disk::default());
        disk.bytes.lock().expect("bytes").clone_from(&start);
        let house = steward(on_disk_beside(&dir.path().join("house"), &disk));
        let holder = Holder { user, tv: None };
        let ticket = house.ticket(share, holder, Scope::Play);
        disk.left.store(writes, Ordering::SeqCst);
        let restored = house.restore(&backup);
        let whole = disk.left.swap(0, Ordering::SeqCst) > 0;
        let cut_off = Arc::new(Disk::default());
        cut_off.bytes.lock().expect("bytes").clone_from(&disk.bytes.lock().expect("bytes"));

        let store = on_disk_beside(&dir.path().join("after"), &cut_off);
        let mut watching = None;
        store.read(&mut |rows| watching = Some(rows.share(watched))).expect("can be read");
        let watching = watching.expect("it was asked").expect("a row").map(|share| share.targets[0].state);
        let house = steward(store);
        assert_eq!(house.open_ticket(share, &ticket), Ok((holder, Scope::Play)), "its own key, after {writes} writes");
        assert_ne!(watching, Some(crate::share::TargetState::Watching), "nobody does, after {writes} writes");
        let has = [share, watched].map(|share| house.share(Asker::Owner, share).is_ok());
        match has {
            [true, false] => old += 1,
            [false, true] => new += 1,
            other => panic!("half of each: {other:?} after {writes} writes"),
        }
        if whole {
            restored.expect("it had all the writes it needs");
            break;
        }
    }
    assert!(old > 3 && new > 0, "{old} times the old, {new} times the backup's");
}
