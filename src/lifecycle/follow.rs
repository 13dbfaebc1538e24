//! The life of a stream: until it is ready, while it flows, when it is lost, and after its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_io::Timer;
use event_listener::Event;
use futures_lite::FutureExt as _;

use crate::codec::{CodecError, decode_key_frame};
use crate::executor::{Work, unblock};
use crate::ground::id::ShareId;
use crate::live::{Hub, KeyFrame, MediaInfo, Status, Stream};
use crate::private;
use crate::recording::Folder;
use crate::recording::library::Library;
use crate::recording::writer::RecordingObserver;
use crate::share::{self, EndReason, ShareError, Steward};
use crate::thumbnail;

/// Thumbnails fit into this many pixels.
pub(crate) const THUMBNAIL: (usize, usize) = (640, 360);
/// How often the sender is told what its stream looks like.
const MEDIA_INTERVAL: Duration = Duration::from_secs(10);
/// How soon the first time.
const FIRST_MEDIA: Duration = Duration::from_secs(2);
/// Key frames that may fail to be decoded before the stream counts as one that can't be shown.
const MAX_BAD_KEY_FRAMES: u32 = 5;
/// A stream none of whose key frames could be decoded by then can't be shown.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long to wait before an end is written down again, at first and at most.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// Players that fetch segments find an ended stream for this long.
const AFTERLIFE: Duration = Duration::from_secs(60);

/// Follows streams.
pub(crate) struct Follower {
    pub steward: Arc<Steward>,
    pub hub: Arc<Hub>,
    pub folder: Folder,
    /// How long a lost stream may take to come back.
    pub resume_window: Duration,
    /// The streams whose end is not written down yet.
    pub followed: Followed,
}

/// Counts the streams whose end is not written down yet.
#[derive(Clone, Default)]
pub(crate) struct Followed(Arc<(AtomicUsize, Event)>);

/// One of them; dropped when its end is written down.
struct Entered(Followed);

impl Followed {
    fn enter(&self) -> Entered {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        Entered(self.clone())
    }

    /// Resolves when there are none.
    pub async fn none(&self) {
        loop {
            let left = self.0.1.listen();
            if self.0.0.load(Ordering::SeqCst) == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::SeqCst);
        self.0.0.1.notify(usize::MAX);
    }
}

/// What a key frame has shown.
enum Proof {
    /// The stream can be watched.
    Ready,
    /// This one couldn't be decoded, or written down; the next may be.
    Bad,
    /// No key frame of this stream will be.
    Hopeless,
}

/// Since when a stream is lost: from when its publisher went, after the last picture. One that comes back without
/// pictures gains no time.
#[derive(Default)]
struct Loss(Option<(Instant, u64)>);

impl Loss {
    /// What is left of `window` for a stream without a publisher that has had so many pictures.
    fn left(&mut self, window: Duration, pictures: u64, now: Instant) -> Duration {
        let known = self.0.filter(|(_, before)| *before == pictures);
        let (since, _) = *self.0.insert(known.unwrap_or((now, pictures)));
        window.saturating_sub(now.saturating_duration_since(since))
    }
}

/// What comes next in a stream's life.
enum Turn {
    Changed,
    Late,
}

impl Follower {
    /// Follows one stream to its end.
    pub async fn follow(self: Arc<Self>, stream: Arc<Stream>) {
        let share = stream.share();
        let followed = self.followed.enter();
        let reason = self.until_the_end(&stream).await;
        stream.end();
        self.hub.close_recording(&stream);
        let duration_ms = stream.duration().to_ms().max(0) as u64;
        log::info!("stream over share={share} reason={} duration_ms={duration_ms}", reason.as_str());
        let mut pause = FIRST_RETRY;
        loop {
            let steward = self.steward.clone();
            match unblock(Work::Storage, move || steward.ended(share, reason, Some(duration_ms))).await {
                // A share that was withdrawn is gone from the database already.
                Ok(()) | Err(ShareError::NotFound(_)) => break,
                Err(error) => log::error!("the end of share={share} can't be written down, trying again: {error}"),
            }
            Timer::after(pause).await;
            pause = (pause * 2).min(LAST_RETRY);
        }
        drop(followed);
        Timer::after(AFTERLIFE).await;
        self.hub.remove(share);
    }

    async fn until_the_end(&self, stream: &Arc<Stream>) -> EndReason {
        let mut bad_key_frames = 0;
        let began = Instant::now();
        let mut told: Option<MediaInfo> = None;
        let mut wait = FIRST_MEDIA;
        let mut loss = Loss::default();
        loop {
            let changed = stream.listen_status();
            if !stream.is_ready()
                && let Some(key_frame) = stream.take_key_frame()
            {
                match self.prove(stream, key_frame).await {
                    Proof::Ready => {}
                    Proof::Bad if bad_key_frames < MAX_BAD_KEY_FRAMES => bad_key_frames += 1,
                    Proof::Bad | Proof::Hopeless => return EndReason::Unplayable,
                }
                continue;
            }
            let limit = match stream.status() {
                Status::Ended => return EndReason::Stopped,
                Status::Interrupted => loss.left(self.resume_window, stream.counts().pictures, Instant::now()),
                Status::Flowing if !stream.is_ready() && began.elapsed() >= READY_WITHIN => {
                    return EndReason::Unplayable;
                }
                Status::Flowing => wait,
            };
            let late = async {
                Timer::after(limit).await;
                Turn::Late
            };
            let change = async {
                changed.await;
                Turn::Changed
            };
            let turn = change.or(late).await;
            match (turn, stream.status()) {
                (Turn::Late, Status::Interrupted) => return EndReason::Lost,
                (Turn::Late, Status::Flowing) if stream.is_ready() => {
                    wait = MEDIA_INTERVAL;
                    self.tell_media(stream, &mut told).await;
                }
                _ => {}
            }
        }
    }

    /// Decodes a key frame. If that goes well the share becomes ready: first in the database, then for everyone.
    async fn prove(&self, stream: &Arc<Stream>, key_frame: KeyFrame) -> Proof {
        let share = stream.share();
        let picture = match unblock(Work::Media, move || decode_key_frame(&key_frame.params, &key_frame.data)).await {
            Ok(picture) => picture,
            Err(error) => {
                log::warn!("key frame can't be decoded share={share} reason=\"{error}\"");
                return if matches!(error, CodecError::Unsupported(_)) { Proof::Hopeless } else { Proof::Bad };
            }
        };
        let Some(media) = stream.media() else { return Proof::Bad };
        log::info!("ready share={share} width={} height={}", picture.width, picture.height);
        let (steward, path) = (self.steward.clone(), self.folder.thumbnail(share));
        let told = unblock(Work::Media, move || {
            // First the still: TVs show it when they ring.
            let drawn = thumbnail::jpeg(&picture, THUMBNAIL.0, THUMBNAIL.1).map_err(|error| error.to_string());
            if let Err(error) = drawn.and_then(|jpeg| private::write(&path, &jpeg).map_err(|error| error.to_string())) {
                log::warn!("no thumbnail share={share} reason=\"{error}\"");
            }
            steward.ready(share, in_words(media))
        });
        if let Err(error) = told.await {
            log::error!("share={share} can't become ready: {error}");
            return Proof::Bad;
        }
        stream.set_ready();
        Proof::Ready
    }

    /// Tells the sender what the stream looks like, if that has changed.
    async fn tell_media(&self, stream: &Arc<Stream>, told: &mut Option<MediaInfo>) {
        let Some(media) = stream.media() else { return };
        let same = |before: &MediaInfo| {
            let close = |a: f64, b: f64| (a - b).abs() <= 0.1 * a.max(b);
            (before.width, before.height) == (media.width, media.height)
                && close(before.frame_rate, media.frame_rate)
                && close(before.bits_per_second as f64, media.bits_per_second as f64)
        };
        if told.as_ref().is_some_and(same) {
            return;
        }
        *told = Some(media.clone());
        let (steward, share) = (self.steward.clone(), stream.share());
        if let Err(error) = unblock(Work::Storage, move || steward.media_changed(share, in_words(media))).await {
            log::warn!("the media of share={share} can't be written down: {error}");
        }
    }
}

fn in_words(media: MediaInfo) -> share::MediaInfo {
    let MediaInfo { codec, audio_codec, width, height, frame_rate, bits_per_second } = media;
    share::MediaInfo { codec, audio_codec, width, height, frame_rate, bits_per_second }
}

/// Hears from the disk what became of recordings.
pub(crate) struct RecordingOutcomes {
    pub steward: Arc<Steward>,
    pub library: Arc<Library>,
}

impl RecordingObserver for RecordingOutcomes {
    fn complete(&self, share: ShareId) {
        self.library.release(share);
        log::info!("recording complete share={share}");
    }

    fn resumed(&self, share: ShareId) {
        if let Err(error) = self.steward.recording_resumed(share) {
            log::error!("that the recording of share={share} goes on can't be written down: {error}");
        }
    }

    fn failed(&self, share: ShareId, reason: &str) {
        self.library.release(share);
        if let Err(error) = self.steward.recording_failed(share, reason) {
            log::error!("the failed recording of share={share} can't be written down: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_begin_the_resume_window_anew() {
        let (mut loss, window, start) = (Loss::default(), Duration::from_secs(15), Instant::now());
        let seconds = Duration::from_secs;
        assert_eq!(loss.left(window, 100, start), window);
        assert_eq!(loss.left(window, 100, start + seconds(6)), seconds(9), "it came back, and was silent");
        assert_eq!(loss.left(window, 100, start + seconds(12)), seconds(3));
        assert_eq!(loss.left(window, 100, start + seconds(18)), Duration::ZERO);
        assert_eq!(loss.left(window, 101, start + seconds(18)), window, "there was a picture");
        assert_eq!(loss.left(window, 101, start + seconds(20)), seconds(13));
    }
}
