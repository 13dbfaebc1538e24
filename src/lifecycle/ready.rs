//! What makes a share ready: its first key frame could be decoded, and is its still from then on.
//!
//! Nothing rings before. How often a stream may fail at it, and what comes after, is in `follow`.

use std::sync::Arc;

use crate::codec::{CodecError, decode_key_frame};
use crate::executor::{Work, unblock};
use crate::ground::frame::Rotation;
use crate::ground::id::ShareId;
use crate::ground::not_ready::NotReady;
use crate::ground::picture::Picture;
use crate::live::{KeyFrame, MediaInfo, Stream};
use crate::private;
use crate::recording::Folder;
use crate::share::{self, Steward};
use crate::thumbnail;

/// Stills fit into this many pixels.
const STILL: (usize, usize) = (640, 360);

/// What a key frame has shown.
pub(super) enum Proof {
    /// The stream can be watched.
    Ready,
    /// This one couldn't be decoded, or written down; the next may be.
    Bad,
    /// No key frame of this stream will be.
    Hopeless,
}

/// Decodes a key frame. If that goes well the share becomes ready: first in the database, then for everyone.
pub(super) async fn prove(steward: &Arc<Steward>, folder: &Folder, stream: &Stream, key_frame: KeyFrame) -> Proof {
    let share = stream.share();
    let rotation = key_frame.params.rotation;
    let picture = match unblock(Work::Media, move || decode_key_frame(&key_frame.params, &key_frame.data)).await {
        Ok(picture) => picture,
        Err(error) => {
            log::warn!("key frame can't be decoded share={share} reason=\"{error}\"");
            return match error {
                CodecError::Unsupported(kind) => {
                    stream.set_not_ready(NotReady::Unsupported(kind.to_string()));
                    Proof::Hopeless
                }
                _ => {
                    stream.set_not_ready(NotReady::Undecodable);
                    Proof::Bad
                }
            };
        }
    };
    let Some(media) = stream.media() else { return Proof::Bad };
    log::info!("ready share={share} width={} height={}", picture.width, picture.height);
    let steward = steward.clone();
    let folder = folder.clone();
    let told = unblock(Work::Media, move || {
        draw_still(&folder, share, &picture, rotation);
        steward.ready(share, in_words(media))
    });
    if let Err(error) = told.await {
        log::error!("share={share} can't become ready: {error}");
        return Proof::Bad;
    }
    stream.set_ready();
    Proof::Ready
}

/// Draws a share's still, before it becomes ready: TVs show it when they ring. Without it all goes well. Blocks.
pub(super) fn draw_still(folder: &Folder, share: ShareId, picture: &Picture, rotation: Rotation) {
    let drawn = thumbnail::jpeg(picture, rotation, STILL).map_err(|error| error.to_string());
    let path = folder.thumbnail(share);
    if let Err(error) = drawn.and_then(|jpeg| private::write(&path, &jpeg).map_err(|error| error.to_string())) {
        log::warn!("no thumbnail share={share} reason=\"{error}\"");
    }
}

/// What a stream carries, as it stands in the database.
pub(super) fn in_words(media: MediaInfo) -> share::MediaInfo {
    let MediaInfo { codec, audio_codec, width, height, frame_rate, bits_per_second } = media;
    share::MediaInfo { codec, audio_codec, width, height, frame_rate, bits_per_second }
}
