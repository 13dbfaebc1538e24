//! The album: people's photos as files, two sizes each, named by ids that nobody can guess.
//!
//! It keeps and gives bytes. What a photo may be is `thumbnail`'s business, whose it is `share`'s.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::ground::id::PhotoId;
use crate::private;
use crate::wire::address::PhotoSize;

/// What stands behind a photo's id in the name of each of its two files.
const fn ending(size: PhotoSize) -> &'static str {
    match size {
        PhotoSize::Large => ".jpg",
        PhotoSize::Small => "-small.jpg",
    }
}

/// The folder of photos.
#[derive(Clone, Debug)]
pub struct Album(PathBuf);

impl Album {
    /// The album at `path`, made for its owner alone if it isn't there.
    pub fn open(path: &Path) -> io::Result<Self> {
        private::folder(path)?;
        Ok(Self(path.to_owned()))
    }

    fn file(&self, photo: PhotoId, size: PhotoSize) -> PathBuf {
        self.0.join(format!("{photo}{}", ending(size)))
    }

    /// Keeps a photo under a new id: on the disk when this returns, readable by its owner alone.
    pub fn keep(&self, large: &[u8], small: &[u8]) -> io::Result<PhotoId> {
        let photo = PhotoId::random();
        let kept = self.write(photo, PhotoSize::Small, small).and_then(|()| self.write(photo, PhotoSize::Large, large));
        if kept.is_err() {
            let _ = self.remove(photo);
        }
        kept.map(|()| photo)
    }

    fn write(&self, photo: PhotoId, size: PhotoSize, bytes: &[u8]) -> io::Result<()> {
        let path = self.file(photo, size);
        let mut file = private::file().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// A photo's JPEG. `NotFound` where there is none.
    pub fn read(&self, photo: PhotoId, size: PhotoSize) -> io::Result<Vec<u8>> {
        fs::read(self.file(photo, size))
    }

    /// Deletes a photo. What isn't there is no error.
    pub fn remove(&self, photo: PhotoId) -> io::Result<()> {
        for size in PhotoSize::ALL {
            match fs::remove_file(self.file(photo, size)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Dates all photos anew; one that can't be dated keeps its date, and costs no other its own.
    pub fn touch(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let file = fs::File::options().append(true).open(&path);
            if let Err(error) = file.and_then(|file| file.set_modified(SystemTime::now())) {
                log::warn!("a photo keeps its date file={} error=\"{error}\"", path.display());
            }
        }
        Ok(())
    }

    /// The photos that were not touched for `age`, each once or twice.
    pub fn older_than(&self, age: Duration) -> io::Result<Vec<PhotoId>> {
        let mut photos = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            let photo = name.to_str().and_then(|name| {
                PhotoSize::ALL.into_iter().find_map(|size| name.strip_suffix(ending(size))?.parse::<PhotoId>().ok())
            });
            let modified = entry.metadata().and_then(|data| data.modified());
            // A clock set back makes nothing old.
            let old = modified.is_ok_and(|then| SystemTime::now().duration_since(then).is_ok_and(|since| since >= age));
            photos.extend(photo.filter(|_| old));
        }
        Ok(photos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn photos_are_kept_for_their_owner_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("photos");
        let album = Album::open(&path).expect("opened");
        let photo = album.keep(b"large", b"small").expect("kept");
        assert_eq!(album.read(photo, PhotoSize::Large).expect("there"), b"large");
        assert_eq!(album.read(photo, PhotoSize::Small).expect("there"), b"small");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        for entry in fs::read_dir(&path).expect("a list") {
            assert_eq!(mode(&entry.expect("a file").path()), 0o600);
        }
        album.remove(photo).expect("removed");
        album.remove(photo).expect("nothing there is no error");
        assert_eq!(album.read(photo, PhotoSize::Large).expect_err("gone").kind(), ErrorKind::NotFound);
        assert_eq!(fs::read_dir(&path).expect("a list").count(), 0);
    }

    #[test]
    fn old_ones_are_listed_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let album = Album::open(dir.path()).expect("opened");
        let photo = album.keep(b"large", b"small").expect("kept");
        fs::write(dir.path().join("notes.txt"), "x").expect("written");
        assert_eq!(album.older_than(Duration::from_secs(3600)).expect("a list"), []);
        assert_eq!(album.older_than(Duration::ZERO).expect("a list"), [photo, photo]);
    }
}
