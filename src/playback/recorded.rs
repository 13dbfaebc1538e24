//! A share that is over, from its recording.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::executor::{Work, unblock};
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::reply::{Body, Portion, Reply};
use crate::ground::time::UnixMs;
use crate::package::fmp4::{FinishedRecording, Head, Wanted};
use crate::playback::live::{MP4, playlist_of};
use crate::playback::{File, Recordings, Request, open_to_all, refuse, within};

/// The answer to a request for a part of a share that began then and is over.
pub(super) async fn play(recordings: &dyn Recordings, share: ShareId, request: Request<'_>, began: UnixMs) -> Reply {
    let wanted = match request.file {
        File::Index => Wanted::Playlist(began),
        File::VideoMp4 if !request.head_only => Wanted::Head,
        File::VideoMp4 | File::Init(_) | File::Segment(_) => Wanted::Segments,
        File::LiveMp4 | File::Part(..) | File::Thumbnail => return gone(),
    };
    let recording = match within(limits::PLAY_WAIT, recordings.open(share, wanted)).await {
        Some(Ok(recording)) => recording,
        Some(Err(error)) => return failed(share, &error),
        None => return busy(),
    };
    match request.file {
        File::VideoMp4 => whole(share, &recording),
        File::Index => playlist_of(recording.playlist(began).to_vec()).with("Cache-Control", "no-cache"),
        File::Init(number) => match recording.init_segments.get(number) {
            Some((bytes, _)) => media(Body::Pieces(vec![bytes.clone()])),
            None => gone(),
        },
        File::Segment(number) => match recording.segments.closed(number as usize) {
            Some(segment) => media(Body::of_file(recording.path.clone(), segment.span.offset, segment.span.size)),
            None => gone(),
        },
        File::LiveMp4 | File::Part(..) | File::Thumbnail => gone(),
    }
}

fn failed(share: ShareId, error: &std::io::Error) -> Reply {
    match error.kind() {
        ErrorKind::NotFound => gone(),
        ErrorKind::WouldBlock => {
            refuse(409, "not_ready", "The share goes on just now. Try again in a moment.").with("Retry-After", "1")
        }
        ErrorKind::ResourceBusy => busy(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            log::error!("recording can't be made ready share={share} error=\"{error}\"");
            refuse(
                507,
                "disk_full",
                "The gateway's disk has no room to make this recording ready: delete shares, or give the gateway a \
                 larger disk.",
            )
        }
        _ => {
            log::warn!("recording can't be opened share={share} error=\"{error}\"");
            refuse(500, "recording", "The recording can't be read. Check the gateway's disk.")
        }
    }
}

/// It goes on being opened, so that another try finds it open.
fn busy() -> Reply {
    refuse(503, "busy", "The recording is being opened, and others are. Try again in a moment.")
        .with("Retry-After", "2")
}

/// The recording as a plain MP4 file.
fn whole(share: ShareId, recording: &FinishedRecording) -> Reply {
    let head_bytes = recording.plan.bytes();
    let head = match recording.head.get() {
        Some(Head::Short(bytes)) => Portion::Memory(bytes.clone()),
        Some(Head::File(path)) => Portion::File { path: path.clone(), offset: 0, length: head_bytes },
        // Only its length is asked for.
        None => Portion::File { path: PathBuf::new(), offset: 0, length: head_bytes },
    };
    let media_file = Portion::File { path: recording.path.clone(), offset: 0, length: recording.size };
    let tag = format!("\"{share}-{:x}\"", head_bytes + recording.size);
    media(Body::Portions(vec![head, media_file]))
        .with("Accept-Ranges", "bytes")
        .with("ETag", tag)
        .with("Cache-Control", "private, max-age=3600")
}

/// The share's still picture.
pub(super) async fn thumbnail(path: PathBuf) -> Reply {
    match unblock(Work::Disk, move || std::fs::read(path)).await {
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
