//! What the API asks of whoever draws and keeps people's photos. The gateway puts the gallery behind [`Photos`].

use bytes::Bytes;

use crate::ground::id::{PhotoId, SenderId};
use crate::wire::address::PhotoSize;

/// Why a photo is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoRefused {
    /// Status code.
    pub status: u16,
    /// Stable name of the reason.
    pub code: &'static str,
    /// For people; says what to do.
    pub message: String,
}

/// Of whom a photo is taken in. One photo of each is drawn at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhotoOf {
    /// Whose phone sends it.
    Sender(SenderId),
    /// Who comes in with this code.
    Newcomer(String),
}

/// Whoever draws and keeps photos. Blocks.
pub trait Photos: Send + Sync {
    /// Draws the photo in `file` anew and keeps it; its id. Refused at once where too many are being drawn.
    fn keep(&self, of: PhotoOf, file: Bytes) -> Result<PhotoId, PhotoRefused>;
    /// Keeps a photo once more, under another id.
    fn copy(&self, photo: PhotoId) -> Result<PhotoId, PhotoRefused>;
    /// The JPEG of a photo, if there is one.
    fn jpeg(&self, photo: PhotoId, size: PhotoSize) -> Option<Vec<u8>>;
    /// Deletes a photo that nobody has any more.
    fn discard(&self, photo: PhotoId);
}
