//! The folder of a demo: gone when the demo is, or, if that was killed, when the next one comes.
//!
//! Each demo holds a lock in its folder, which the system lets go with the process, however that ends. A folder whose lock
//! can be had is nobody's.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::ground::crypto;
use crate::private;

/// What the names of all demos' folders begin with.
const NAME: &str = "lareira-demo-";
const LOCK: &str = "demo.lock";
/// The lock while it is being made.
const NEW_LOCK: &str = "demo.lock.new";

/// The folder of this demo.
pub(super) struct Folder {
    path: PathBuf,
    /// Held as long as the demo runs.
    _lock: File,
}

impl Folder {
    /// A new folder in `parent`; those that killed demos of this user left there are deleted.
    pub fn new(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("{NAME}{}", crypto::new_token()));
        private::make_folder(&path)?;
        let lock = private::file().write(true).create_new(true).open(path.join(NEW_LOCK))?;
        lock.lock()?;
        // It is held before it is there: nobody who cleans up in this very moment can have it.
        fs::rename(path.join(NEW_LOCK), path.join(LOCK))?;
        clean_up(parent, &path);
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Deletes what killed demos left in `parent`. What can't be deleted is left.
fn clean_up(parent: &Path, own: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path != own) {
        let is_demos = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(NAME));
        if is_demos && is_left(&path) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether a demo of this user's left the folder, and doesn't run any more.
fn is_left(path: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    let is_ours = fs::symlink_metadata(path).is_ok_and(|folder| folder.is_dir() && folder.uid() == user);
    // A folder without a lock is being made.
    is_ours && File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    #[test]
    fn what_a_killed_demo_left_goes_and_what_runs_stays() {
        let parent = tempfile::tempdir().expect("a folder");
        let make = |name: &str, lock: bool| {
            let path = parent.path().join(name);
            fs::create_dir(&path).expect("a folder");
            fs::write(path.join("lareira.redb"), "x").expect("written");
            if lock {
                fs::write(path.join(LOCK), "").expect("written");
            }
            path
        };
        let left = make("lareira-demo-left", true);
        let being_made = make("lareira-demo-new", false);
        let other = make("somebodys", true);
        let elsewhere = make("elsewhere", true);
        let link = parent.path().join("lareira-demo-link");
        std::os::unix::fs::symlink(&elsewhere, &link).expect("a link");
        let first = Folder::new(parent.path()).expect("a folder");
        assert!(!left.exists(), "its process is gone");
        let second = Folder::new(parent.path()).expect("a folder");
        for path in [first.path(), second.path(), &being_made, &other, &elsewhere, &link] {
            assert!(path.exists(), "{}", path.display());
        }
        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists() && second.path().join(LOCK).exists());
    }

    #[test]
    fn demos_that_begin_at_once_leave_each_other_alone() {
        let parent = tempfile::tempdir().expect("a folder");
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let cleaning = || {
                while !done.load(Ordering::SeqCst) {
                    clean_up(parent.path(), Path::new(""));
                }
            };
            scope.spawn(cleaning);
            let made = (0..2000).find_map(|_| match Folder::new(parent.path()) {
                Ok(folder) if folder.path().join(LOCK).exists() => None,
                Ok(_) => Some("it is gone".to_owned()),
                Err(error) => Some(error.to_string()),
            });
            done.store(true, Ordering::SeqCst);
            assert_eq!(made, None, "what a demo has just made stays");
        });
    }
}
