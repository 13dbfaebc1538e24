//! Files and folders that are their owner's alone: a family's videos, photos and keys, on a machine that others use too.
//!
//! What is made here has its mode from the first moment, whatever the umask; what was there before with a wider one is
//! narrowed. Nothing here knows what is in the files.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// What others may do.
const OTHERS: u32 = 0o077;

/// Ways to open a file; one that is made is its owner's alone.
pub fn file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Writes a whole file, its owner's alone, over the one that was there.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    io::Write::write_all(&mut file().write(true).create(true).truncate(true).open(path)?, bytes)
}

/// Copies a file, its owner's alone whoever may read the other, over the one that was there.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = fs::File::open(from)?;
    io::copy(&mut from, &mut file().write(true).create(true).truncate(true).open(to)?).map(drop)
}

/// Makes a folder, and those above it that are not there. One that is there stays as it is.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder that holds nothing but files of ours; one that others may look into is narrowed, its files first.
pub fn folder(path: &Path) -> io::Result<()> {
    make_folder(path)?;
    if is_wide(&fs::metadata(path)?) {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                narrow(&entry.path());
            }
        }
        narrow(path);
    }
    Ok(())
}

/// Listens at a Unix socket that nobody else can reach, not even in the moment before it has its mode; one that was left
/// there gives way.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    let aside = path.with_extension("new");
    let _ = fs::remove_dir_all(&aside).or_else(|_| fs::remove_file(&aside));
    make_folder(&aside)?;
    let new = aside.join("s");
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    fs::rename(&new, path)?;
    fs::remove_dir(&aside)?;
    Ok(listener)
}

/// Takes from others what they may do with a file or a folder. Some disks know no owners: then it stays as it is, and is
/// said.
pub fn narrow(path: &Path) {
    let narrowed = fs::metadata(path).and_then(|about| {
        if !is_wide(&about) {
            return Ok(());
        }
        fs::set_permissions(path, Permissions::from_mode(about.permissions().mode() & 0o7777 & !OTHERS))
    });
    if let Err(error) = narrowed {
        log::warn!("{}: others on this machine may be able to read it, its mode can't be set: {error}", path.display());
    }
}

fn is_wide(about: &fs::Metadata) -> bool {
    about.permissions().mode() & OTHERS != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_made_is_its_owners_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let inner = dir.path().join("a/b");
        folder(&inner).expect("made");
        write(&inner.join("one"), b"1").expect("written");
        write(&inner.join("one"), b"2").expect("written over");
        file().append(true).create(true).open(inner.join("two")).expect("opened");
        assert_eq!(fs::read(inner.join("one")).expect("read"), b"2");
        let other = dir.path().join("other");
        fs::write(&other, "3").expect("written");
        fs::set_permissions(&other, Permissions::from_mode(0o666)).expect("set");
        copy(&other, &inner.join("three")).expect("copied");
        assert_eq!(fs::read(inner.join("three")).expect("read"), b"3");
        assert!(copy(&dir.path().join("none"), &inner.join("four")).is_err() && !inner.join("four").exists());
        for (path, expected) in
            [("a/b/three", 0o600), ("a", 0o700), ("a/b", 0o700), ("a/b/one", 0o600), ("a/b/two", 0o600)]
        {
            assert_eq!(mode(&dir.path().join(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_socket_is_its_owners_alone_and_takes_the_place_of_another() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("control.sock");
        fs::write(dir.path().join("control.new"), "left behind").expect("written");
        for _ in 0..2 {
            let _listener = listen(&path).expect("it listens");
            assert_eq!(mode(&path), 0o600);
            std::os::unix::net::UnixStream::connect(&path).expect("it is there");
        }
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1, "nothing else stays");
    }

    #[test]
    fn what_was_there_is_narrowed() {
        let dir = tempfile::tempdir().expect("a directory");
        let (inner, elsewhere) = (dir.path().join("old"), dir.path().join("elsewhere"));
        fs::create_dir(&inner).expect("made");
        for path in [&inner.join("video"), &elsewhere] {
            fs::write(path, "x").expect("written");
            fs::set_permissions(path, Permissions::from_mode(0o666)).expect("set");
        }
        std::os::unix::fs::symlink(&elsewhere, inner.join("link")).expect("linked");
        fs::set_permissions(&inner, Permissions::from_mode(0o777)).expect("set");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("set");
        folder(&inner).expect("narrowed");
        assert_eq!((mode(&inner), mode(&inner.join("video"))), (0o700, 0o600));
        assert_eq!((mode(&elsewhere), mode(dir.path())), (0o666, 0o755), "what is not in it is not ours");
        narrow(&dir.path().join("nothing"));
    }
}
