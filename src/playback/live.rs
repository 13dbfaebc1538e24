//! A share that flows, or has just ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use bytes::Bytes;

use crate::ground::limits;
use crate::ground::reply::{Body, Reply};
use crate::live::{RecordingState, Stream};
use crate::package::fmp4::Fmp4;
use crate::playback::{open_to_all, refuse, within};
use crate::wire::playlist::hls::Reload;

/// How often the disk is looked at for the first bytes of a recording that has just begun.
const FIRST_BYTES_LOOK: Duration = Duration::from_millis(50);
/// Media type of fragmented MP4.
pub(super) const MP4: &str = "video/mp4";
/// Media type of HLS playlists (RFC 8216, section 4).
const PLAYLIST: &str = "application/vnd.apple.mpegurl";
/// A blocked request is answered after three target durations at the latest (draft-pantos-hls-rfc8216bis, 6.2.5.2).
const MAX_BLOCK: Duration = Duration::from_secs(12);

/// Where there are pictures, and their rate hasn't shown in this time, it is a low one. It is longer than a stream takes
/// whose pictures come every half second.
const RATE_KNOWN_AFTER: Duration = Duration::from_millis(1500);

/// The endless body: from the newest key frame on.
pub(super) async fn endless(stream: &Arc<Stream>) -> Reply {
    let fmp4 = Fmp4::of(stream);
    fmp4.begin().await;
    let body = Body::Endless(Box::pin(fmp4.reader()));
    let reply = Reply { status: 200, content_type: MP4, headers: Vec::new(), body };
    open_to_all(reply).with("Cache-Control", "no-store")
}

/// The playlist, when it has what is asked for.
pub(super) async fn playlist(stream: &Arc<Stream>, reload: Reload) -> Reply {
    let fmp4 = Fmp4::of(stream);
    let wait = async {
        let mut seen = None::<Instant>;
        loop {
            let changed = fmp4.listen_parts();
            fmp4.begin().await;
            if stream.is_left_off() {
                return closing();
            }
            match fmp4.playlist(reload) {
                Ok(Some(pieces)) => return playlist_of(pieces).with("Cache-Control", "no-store"),
                Ok(None) if fmp4.awaits_rate() => {
                    let seen = *seen.get_or_insert_with(Instant::now);
                    match RATE_KNOWN_AFTER.checked_sub(seen.elapsed()) {
                        Some(rest) => drop(within(rest, changed).await),
                        None => fmp4.promise_slow(),
                    }
                }
                Ok(None) => changed.await,
                Err(_) => return refuse(400, "directive", "That part of the stream is too far ahead."),
            }
        }
    };
    within(MAX_BLOCK, wait).await.unwrap_or_else(stalled)
}

/// An init segment.
pub(super) fn init_segment(stream: &Arc<Stream>, number: usize) -> Reply {
    match Fmp4::of(stream).init_segment(number) {
        Some(bytes) => media(Body::Pieces(vec![bytes])),
        None => unknown(),
    }
}

/// A segment, or a part of one; one that is about to come is waited for.
pub(super) async fn span(stream: &Arc<Stream>, number: u64, part: Option<usize>, path: PathBuf) -> Reply {
    let fmp4 = Fmp4::of(stream);
    let wait = async {
        loop {
            let changed = fmp4.listen_parts();
            fmp4.begin().await;
            match fmp4.span(number, part) {
                Ok(Some(span)) => return Some(span),
                Ok(None) => changed.await,
                Err(_) => return None,
            }
        }
    };
    let span = match within(MAX_BLOCK, wait).await {
        Some(Some(span)) => span,
        Some(None) if stream.is_left_off() => return closing(),
        Some(None) => return unknown(),
        None => return stalled(),
    };
    if let Some(pieces) = fmp4.pieces(&span) {
        return media(Body::Pieces(pieces));
    }
    if let Some(offset) = fmp4.recorded_at(&span) {
        return media(Body::of_file(path, offset, span.size));
    }
    unknown()
}

/// Resolves when the recording of a stream that is over is closed.
pub(super) async fn settled(stream: &Stream) {
    loop {
        let changed = stream.listen_status();
        if stream.is_settled() {
            return;
        }
        changed.await;
    }
}

/// The recording as far as it is on the disk: it is only ever added to, so ranges of it stay true.
pub(super) async fn growing(stream: &Stream, path: PathBuf) -> Reply {
    let first = async {
        while stream.recorded_bytes() == 0 && stream.recording() == RecordingState::On {
            Timer::after(FIRST_BYTES_LOOK).await;
        }
    };
    within(limits::PLAY_WAIT, first).await;
    match stream.recorded_bytes() {
        0 => refuse(409, "not_recorded", "Nothing of this share is recorded yet."),
        length => {
            media(Body::of_file(path, 0, length)).with("Accept-Ranges", "bytes").with("Cache-Control", "no-store")
        }
    }
}

/// A playlist of these pieces.
pub(super) fn playlist_of(pieces: Vec<Bytes>) -> Reply {
    open_to_all(Reply { status: 200, content_type: PLAYLIST, headers: Vec::new(), body: Body::Pieces(pieces) })
}

fn media(body: Body) -> Reply {
    open_to_all(Reply { status: 200, content_type: MP4, headers: Vec::new(), body })
}

fn unknown() -> Reply {
    refuse(404, "not_found", "That part of the stream is gone, or never was.")
}

/// The gateway stops, and the stream may go on after its next start: no player may take it for over.
pub(super) fn closing() -> Reply {
    refuse(503, "closing", "The gateway is starting again. Try again in a moment.").with("Retry-After", "1")
}

fn stalled() -> Reply {
    refuse(503, "stalled", "Nothing comes from the phone at the moment.").with("Retry-After", "1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::frame::{Frame, VideoFrame, VideoParams};
    use crate::ground::id::ShareId;
    use crate::ground::time::{Ticks90k, UnixMs};
    use crate::live::Hub;
    use crate::wire::h264::params::ParameterSets;
    use crate::wire::h264::params::tests::{PPS, SPS_360};

    /// A camera whose pictures come every few seconds, and nothing says so: nobody is told that it stalls.
    #[test]
    fn of_a_stream_of_one_picture_there_is_a_playlist() {
        let hub = Hub::new(1, None);
        let (mut publisher, stream) = hub.open(ShareId([7; 10]), None, None, UnixMs(0)).expect("there is room");
        let stream = stream.expect("it is new");
        let mut sets = ParameterSets::default();
        sets.take(SPS_360);
        sets.take(PPS);
        let params = sets.current().expect("good sets");
        let params = Arc::new(VideoParams { frame_duration: None, ..(*params).clone() });
        let data = Bytes::from_static(&[0, 0, 0, 2, 0x65, 7]);
        let picture = VideoFrame { pts: Ticks90k(0), dts: Ticks90k(0), key: true, params, data };
        publisher.write(&mut vec![Frame::Video(picture)], UnixMs(0));
        let reply = futures_lite::future::block_on(playlist(&stream, Reload::default()));
        let Body::Pieces(pieces) = reply.body else { panic!("a playlist is in memory") };
        let text = String::from_utf8(pieces.concat()).expect("text");
        assert_eq!(reply.status, 200);
        assert!(text.contains("#EXT-X-TARGETDURATION:2\n") && text.contains("segment-0.m4s"), "{text}");
        assert!(!text.contains("PART"), "{text}");
    }
}
