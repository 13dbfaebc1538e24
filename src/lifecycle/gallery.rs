//! The gallery: photos as phones and the owner send them, drawn by `thumbnail` and kept in the `album`.

use std::fmt;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::album::Album;
use crate::executor::{Busy, Workbench};
use crate::ground::id::{PhotoId, SenderId};
use crate::ground::limits;
use crate::share::{ShareError, Steward};
use crate::thumbnail::portrait::{Portrait, PortraitError, portrait};
use crate::wire::address::PhotoSize;

/// A photo that nobody has after this long was left behind: its owner was never written down, or was while the power
/// failed.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// What draws a photo.
pub type Painter = dyn Fn(&[u8]) -> Result<Portrait, PortraitError> + Send + Sync;

/// Draws and keeps photos.
pub struct Gallery {
    album: Album,
    painter: Arc<Painter>,
    /// One photo is drawn at a time: a large one takes as much memory as the rest of the house, and seconds.
    easel: Workbench<PhotoOf>,
}

impl Gallery {
    /// A gallery over this album.
    pub fn new(album: Album) -> Self {
        Self::with_painter(album, Arc::new(portrait))
    }

    /// The same, with photos drawn by `painter`.
    pub fn with_painter(album: Album, painter: Arc<Painter>) -> Self {
        Self { album, painter, easel: Workbench::new("photos", limits::PHOTO_PLACES) }
    }

    fn put_away(&self, large: &[u8], small: &[u8]) -> Result<PhotoId, PhotoError> {
        self.album.keep(large, small).map_err(|error| {
            log::error!("a photo can't be kept: {error}");
            match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => PhotoError::DiskFull,
                _ => PhotoError::NotKept,
            }
        })
    }

    /// Deletes the photos that nobody has, made or last spared so long ago.
    pub(crate) fn delete_strays(&self, steward: &Steward, age: Duration) -> Result<(), ShareError> {
        // First the files, then the database: a photo that comes in between is young.
        let Ok(old) = self.album.older_than(age.max(LEFT_BEHIND)) else { return Ok(()) };
        if old.is_empty() {
            return Ok(());
        }
        let known = steward.photos()?;
        old.into_iter().filter(|photo| !known.contains(photo)).for_each(|photo| self.discard(photo));
        Ok(())
    }

    /// Spares the photos of now, before a database comes back that may not know them: newer ones may come back after.
    pub(crate) fn spare_all(&self) {
        if let Err(error) = self.album.touch() {
            log::error!("photos that the backup doesn't know may go soon, they can't be dated anew: {error}");
        }
    }
}

/// Of whom a photo is taken in. One photo of each is drawn at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhotoOf {
    /// One of the owner's people, by the owner.
    Owner,
    /// Whose phone sends it.
    Sender(SenderId),
    /// Who comes in with this code.
    Newcomer(String),
}

/// Why a photo is not taken.
#[derive(Debug)]
pub enum PhotoError {
    /// It can't be drawn.
    Drawing(PortraitError),
    /// Too many others are being drawn.
    Busy,
    /// The one to be copied is gone.
    Gone,
    /// The disk is full.
    DiskFull,
    /// The disk failed.
    NotKept,
}

impl PhotoError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Drawing(PortraitError::WrongKind) => "not_a_photo",
            Self::Drawing(PortraitError::TooLarge | PortraitError::TooIntricate) => "photo_too_large",
            Self::Drawing(PortraitError::Broken) => "bad_photo",
            Self::Busy => "busy",
            Self::Gone => "not_found",
            Self::DiskFull => "disk_full",
            Self::NotKept => "store_failed",
        }
    }
}

impl fmt::Display for PhotoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drawing(error) => return error.fmt(f),
            Self::Busy => "other photos are being drawn; try again in a moment",
            Self::Gone => "the photo is gone; send it again",
            Self::DiskFull => "the gateway's disk is full; free some space and try again",
            Self::NotKept => "the photo can't be kept; check the gateway's disk and try again",
        })
    }
}
impl std::error::Error for PhotoError {}

impl From<Busy> for PhotoError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl Gallery {
    /// Draws the photo in `file` anew and keeps it; its id. Refused at once where too many are being drawn. Blocks.
    pub fn keep(&self, of: PhotoOf, file: Bytes) -> Result<PhotoId, PhotoError> {
        let spare = if of == PhotoOf::Owner { 0 } else { limits::PHOTO_PLACES_SPARE };
        let painter = self.painter.clone();
        let draw = move || {
            // A decoder that stumbles over a stranger's file is the file's fault.
            let drawn = catch_unwind(AssertUnwindSafe(|| painter(&file)));
            drawn.unwrap_or(Err(PortraitError::Broken))
        };
        let drawn = self.easel.place(of, spare).and_then(|place| place.work(draw))?;
        let portrait = drawn.map_err(PhotoError::Drawing)?;
        self.put_away(&portrait.large, &portrait.small)
    }

    /// Keeps a photo once more, under another id. Blocks.
    pub fn copy(&self, photo: PhotoId) -> Result<PhotoId, PhotoError> {
        let size = |size| self.jpeg(photo, size).ok_or(PhotoError::Gone);
        self.put_away(&size(PhotoSize::Large)?, &size(PhotoSize::Small)?)
    }

    /// The JPEG of a photo, if there is one. Blocks.
    pub fn jpeg(&self, photo: PhotoId, size: PhotoSize) -> Option<Vec<u8>> {
        self.album.read(photo, size).ok()
    }

    /// Deletes a photo that nobody has any more. Blocks.
    pub fn discard(&self, photo: PhotoId) {
        if let Err(error) = self.album.remove(photo) {
            log::error!("a photo can't be deleted: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::ground::frame::Rotation;
    use crate::ground::set_clock::SetClock;
    use crate::share::ledger::memory::MemoryStorage;
    use crate::share::{Announcer, NewUser, ShareSettings};
    use crate::thumbnail;

    /// A JPEG.
    fn file() -> Vec<u8> {
        thumbnail::jpeg(&crate::ground::picture::Picture::grey(64, 64), Rotation::None, (64, 64)).expect("drawn")
    }

    #[test]
    fn photos_nobody_has_are_found_and_deleted() {
        let dir = tempfile::tempdir().expect("a directory");
        let gallery = Gallery::new(Album::open(dir.path()).expect("opened"));
        let kept = gallery.keep(PhotoOf::Owner, file().into()).expect("kept");
        let (stray, young) = (gallery.copy(kept).expect("kept"), gallery.copy(kept).expect("kept"));
        let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
        let age = || {
            for entry in std::fs::read_dir(dir.path()).expect("a list").flatten() {
                if !entry.file_name().to_string_lossy().starts_with(&young.to_string()) {
                    let file = std::fs::File::options().write(true).open(entry.path()).expect("opened");
                    file.set_modified(long_ago).expect("dated back");
                }
            }
        };
        age();
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(Default::default()));
        let steward = Steward::new(Arc::new(MemoryStorage::default()), clock, announcer, ShareSettings::default());
        let steward = steward.expect("opens");
        let account = steward.add_account("Silva", None).expect("an account").id;
        let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
        let ana = steward.add_user(new).expect("a user").id;
        steward.set_user_photo(ana, Some(kept)).expect("set");
        let there =
            |photo| gallery.jpeg(photo, PhotoSize::Small).is_some() && gallery.jpeg(photo, PhotoSize::Large).is_some();
        gallery.spare_all();
        gallery.delete_strays(&steward, LEFT_BEHIND).expect("tidied");
        assert!(there(stray), "a database that knows it may come back after a restore");
        age();
        gallery.delete_strays(&steward, 3 * LEFT_BEHIND).expect("tidied");
        assert!(there(stray), "it is kept as long as videos are");
        gallery.delete_strays(&steward, LEFT_BEHIND).expect("tidied");
        assert!(there(kept) && there(young));
        assert!(gallery.jpeg(stray, PhotoSize::Large).is_none() && gallery.jpeg(stray, PhotoSize::Small).is_none());
    }
}
