//! The gallery: photos as the HTTP door and the owner's desk know them, drawn by `thumbnail` and kept in the `album`.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::album::{Album, Size};
use crate::ground::id::PhotoId;
use crate::http::{PhotoRefused, PhotoSize, Photos};
use crate::share::{ShareError, Steward};
use crate::thumbnail::portrait::{PortraitError, portrait};

/// A photo that nobody has after this long was left behind: its owner was never written down, or was while the power
/// failed.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// Draws and keeps photos.
pub struct Gallery {
    album: Album,
    /// Held while a photo is drawn: a large one takes as much memory as the rest of the house.
    drawing: Mutex<()>,
}

impl Gallery {
    /// A gallery over this album.
    pub fn new(album: Album) -> Self {
        Self { album, drawing: Mutex::default() }
    }

    /// Deletes the photos that nobody has.
    pub(super) fn delete_strays(&self, steward: &Steward) -> Result<(), ShareError> {
        // First the files, then the books: a photo that comes in between is young.
        let Ok(old) = self.album.older_than(LEFT_BEHIND) else { return Ok(()) };
        if old.is_empty() {
            return Ok(());
        }
        let known = steward.photos()?;
        old.into_iter().filter(|photo| !known.contains(photo)).for_each(|photo| self.discard(photo));
        Ok(())
    }
}

impl Photos for Gallery {
    fn keep(&self, file: &[u8]) -> Result<PhotoId, PhotoRefused> {
        let one = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        // A decoder that stumbles over a stranger's file is the file's fault.
        let drawn = catch_unwind(AssertUnwindSafe(|| portrait(file)));
        drop(one);
        let drawn = drawn.unwrap_or_else(|_| Err(PortraitError::Broken("the decoder gave up".into())));
        let portrait = drawn.map_err(|error| {
            let (status, code) = match error {
                PortraitError::WrongKind => (415, "not_a_photo"),
                PortraitError::TooLarge | PortraitError::TooIntricate => (413, "photo_too_large"),
                PortraitError::Broken(_) => (400, "bad_photo"),
            };
            PhotoRefused { status, code, message: error.to_string() }
        })?;
        self.album.keep(&portrait.large, &portrait.small).map_err(|error| {
            log::error!("a photo can't be kept: {error}");
            if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
                let message = "the gateway's disk is full; free some space and try again".into();
                return PhotoRefused { status: 507, code: "disk_full", message };
            }
            let message = "the photo can't be kept; check the gateway's disk and try again".into();
            PhotoRefused { status: 503, code: "store_failed", message }
        })
    }

    fn jpeg(&self, photo: PhotoId, size: PhotoSize) -> Option<Vec<u8>> {
        let size = match size {
            PhotoSize::Large => Size::Large,
            PhotoSize::Small => Size::Small,
        };
        self.album.read(photo, size).ok()
    }

    fn discard(&self, photo: PhotoId) {
        if let Err(error) = self.album.remove(photo) {
            log::error!("a photo can't be deleted: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::share::memory::MemoryBooks;
    use crate::share::story::SetClock;
    use crate::share::{Announcer, NewUser, ShareSettings};
    use crate::thumbnail;

    /// A JPEG.
    fn file() -> Vec<u8> {
        thumbnail::jpeg(&crate::ground::picture::Picture::grey(64, 64), 64, 64).expect("drawn")
    }

    #[test]
    fn photos_nobody_has_are_found_and_deleted() {
        let dir = tempfile::tempdir().expect("a directory");
        let gallery = Gallery::new(Album::open(dir.path()).expect("opened"));
        let (kept, stray, young) = (gallery.keep(&file()), gallery.keep(&file()), gallery.keep(&file()));
        let (kept, stray, young) = (kept.expect("kept"), stray.expect("kept"), young.expect("kept"));
        let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
        for entry in std::fs::read_dir(dir.path()).expect("a list").flatten() {
            if !entry.file_name().to_string_lossy().starts_with(&young.to_string()) {
                let file = std::fs::File::options().write(true).open(entry.path()).expect("opened");
                file.set_modified(long_ago).expect("dated back");
            }
        }
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(Default::default()));
        let steward = Steward::new(Arc::new(MemoryBooks::default()), clock, announcer, ShareSettings::default());
        let steward = steward.expect("opens");
        let account = steward.add_account("Silva", None).expect("an account").id;
        let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
        let ana = steward.add_user(new).expect("a user").id;
        steward.set_user_photo(ana, Some(kept)).expect("set");
        gallery.delete_strays(&steward).expect("tidied");
        let there =
            |photo| gallery.jpeg(photo, PhotoSize::Small).is_some() && gallery.jpeg(photo, PhotoSize::Large).is_some();
        assert!(there(kept) && there(young));
        assert!(gallery.jpeg(stray, PhotoSize::Large).is_none() && gallery.jpeg(stray, PhotoSize::Small).is_none());
    }

    #[test]
    fn refusals_say_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let gallery = Gallery::new(Album::open(dir.path()).expect("opened"));
        let refused = gallery.keep(b"<svg/>").expect_err("no photo");
        assert_eq!((refused.status, refused.code), (415, "not_a_photo"));
        let half = &file()[..20];
        assert_eq!(gallery.keep(half).expect_err("half a photo").status, 400);
        assert_eq!(std::fs::read_dir(dir.path()).expect("a list").count(), 0);
    }
}
