//! The gallery as the HTTP door knows it.

use std::sync::Arc;

use bytes::Bytes;

use crate::ground::id::PhotoId;
use crate::http::{self, PhotoRefused};
use crate::lifecycle::gallery::{Gallery, PhotoError, PhotoOf};
use crate::thumbnail::portrait::PortraitError;
use crate::wire::address::PhotoSize;

/// Photos that phones send and pages show.
pub struct Photos(pub Arc<Gallery>);

impl http::Photos for Photos {
    fn keep(&self, of: http::PhotoOf, file: Bytes) -> Result<PhotoId, PhotoRefused> {
        let of = match of {
            http::PhotoOf::Sender(sender) => PhotoOf::Sender(sender),
            http::PhotoOf::Newcomer(code) => PhotoOf::Newcomer(code),
        };
        self.0.keep(of, file).map_err(refused)
    }

    fn copy(&self, photo: PhotoId) -> Result<PhotoId, PhotoRefused> {
        self.0.copy(photo).map_err(refused)
    }

    fn jpeg(&self, photo: PhotoId, size: PhotoSize) -> Option<Vec<u8>> {
        self.0.jpeg(photo, size)
    }

    fn discard(&self, photo: PhotoId) {
        self.0.discard(photo);
    }
}

fn refused(error: PhotoError) -> PhotoRefused {
    PhotoRefused { status: status(&error), code: error.code(), message: error.to_string() }
}

/// The HTTP status that says the same.
pub(super) fn status(error: &PhotoError) -> u16 {
    match error {
        PhotoError::Drawing(PortraitError::WrongKind) => 415,
        PhotoError::Drawing(PortraitError::TooLarge | PortraitError::TooIntricate) => 413,
        PhotoError::Drawing(PortraitError::Broken) => 400,
        PhotoError::Gone => 404,
        PhotoError::DiskFull => 507,
        PhotoError::Busy | PhotoError::NotKept => 503,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::album::Album;
    use crate::ground::frame::Rotation;
    use crate::ground::picture::Picture;
    use crate::http::{PhotoOf, Photos as _};
    use crate::thumbnail;

    #[test]
    fn refusals_say_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let gallery = Photos(Arc::new(Gallery::new(Album::open(dir.path()).expect("opened"))));
        let of = || PhotoOf::Newcomer("a code".into());
        let refused = gallery.keep(of(), Bytes::from_static(b"<svg/>")).expect_err("no photo");
        assert_eq!((refused.status, refused.code), (415, "not_a_photo"));
        let half =
            Bytes::from(thumbnail::jpeg(&Picture::grey(64, 64), Rotation::None, (64, 64)).expect("drawn")).slice(..20);
        assert_eq!(gallery.keep(of(), half).expect_err("half a photo").status, 400);
        assert_eq!(std::fs::read_dir(dir.path()).expect("a list").count(), 0);
    }
}
