//! A share that is over, from its recording.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use crate::ground::id::ShareId;
use crate::ground::reply::{Body, Reply};
use crate::ground::time::UnixMs;
use crate::live::FinishedRecording;
use crate::playback::live::{MP4, PLAYLIST};
use crate::playback::{File, Shelf, open_to_all, refuse};

/// The answer to a request for `file` of a share that began then and is over.
pub(super) async fn play(shelf: &Arc<dyn Shelf>, share: ShareId, file: File, began: UnixMs) -> Reply {
    let opener = shelf.clone();
    let recording = match blocking::unblock(move || opener.open(share)).await {
        Ok(recording) => recording,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return gone(),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            return refuse(409, "not_ready", "The share goes on just now. Try again in a moment.")
                .with("Retry-After", "1");
        }
        Err(error) => {
            log::warn!("recording can't be opened share={share} error=\"{error}\"");
            return refuse(500, "recording", "The recording can't be read. Check the gateway's disk.");
        }
    };
    match file {
        File::VideoMp4 => whole(share, &recording),
        File::Index => {
            open_to_all(Reply::bytes(200, PLAYLIST, recording.playlist(began))).with("Cache-Control", "no-cache")
        }
        File::Init(number) => match recording.descriptions.get(number) {
            Some(bytes) => media(Body::Pieces(vec![bytes.clone()])),
            None => gone(),
        },
        File::Segment(number) => match recording.segments.closed().get(number as usize) {
            Some(segment) => media(Body::File {
                head: Bytes::new(),
                path: recording.path.clone(),
                offset: segment.span.offset,
                length: segment.span.size,
            }),
            None => gone(),
        },
        File::LiveMp4 | File::Part(..) | File::Thumbnail => gone(),
    }
}

/// The recording as a plain MP4 file.
fn whole(share: ShareId, recording: &FinishedRecording) -> Reply {
    let (head, length) = (recording.header.clone(), recording.size);
    let tag = format!("\"{share}-{:x}\"", head.len() as u64 + length);
    media(Body::File { head, path: recording.path.clone(), offset: 0, length })
        .with("Accept-Ranges", "bytes")
        .with("ETag", tag)
        .with("Cache-Control", "private, max-age=3600")
}

/// The share's still picture.
pub(super) async fn thumbnail(path: PathBuf) -> Reply {
    match blocking::unblock(move || std::fs::read(path)).await {
        Ok(bytes) => open_to_all(Reply::bytes(200, "image/jpeg", bytes)).with("Cache-Control", "private, max-age=3600"),
        Err(_) => refuse(404, "not_found", "There is no picture of this share."),
    }
}

fn media(body: Body) -> Reply {
    open_to_all(Reply { status: 200, content_type: MP4, headers: Vec::new(), body })
}

fn gone() -> Reply {
    refuse(404, "not_found", "There is no recording of this share.")
}
