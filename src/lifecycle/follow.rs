//! The life of a stream: until it is ready, while it flows, when it is lost, and after its end. What makes it ready is in
//! `ready`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_io::Timer;
use event_listener::Event;
use futures_lite::FutureExt as _;

use crate::executor::{Work, unblock};
use crate::ground::id::ShareId;
use crate::ground::not_ready::NotReady;
use crate::lifecycle::ready::{Proof, in_words, prove};
use crate::live::{Hub, MediaInfo, Status, Stream};
use crate::recording::Folder;
use crate::share::{EndReason, ShareError, Steward};

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
pub(crate) struct Followed(Arc<Count>);

#[derive(Default)]
struct Count {
    streams: AtomicUsize,
    /// One less.
    less: Event,
    /// The gateway stops.
    stopping: AtomicBool,
}

/// One of them; dropped when its end is written down.
struct Entered(Followed);

impl Followed {
    fn enter(&self) -> Entered {
        self.0.streams.fetch_add(1, Ordering::SeqCst);
        Entered(self.clone())
    }

    /// The gateway stops: whoever is lost from now on was sent away by it, and no share is over for that.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
    }

    fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::SeqCst)
    }

    /// Resolves when there are none.
    pub async fn none(&self) {
        loop {
            let left = self.0.less.listen();
            if self.0.streams.load(Ordering::SeqCst) == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.0.streams.fetch_sub(1, Ordering::SeqCst);
        self.0.0.less.notify(usize::MAX);
    }
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
    /// Follows one stream to its end, or until the gateway stops: then its share goes on after the next start.
    pub async fn follow(self: Arc<Self>, stream: Arc<Stream>) {
        let share = stream.share();
        let followed = self.followed.enter();
        let Some(reason) = self.until_the_end(&stream).await else {
            log::info!("stream left off share={share}: it may go on after the next start");
            return;
        };
        stream.end();
        self.hub.close_recording(&stream);
        let duration_ms = stream.duration().to_ms().max(0) as u64;
        // A sender who stopped what never began is told why it didn't, as one is whose stream was given up.
        let why = stream.not_ready().map(|why| why.to_string());
        log::info!("stream over share={share} reason={} duration_ms={duration_ms}", reason.as_str());
        let mut pause = FIRST_RETRY;
        loop {
            let (steward, why) = (self.steward.clone(), why.clone());
            let end = move || match why {
                Some(why) => steward.failed(share, reason, &why),
                None => steward.ended(share, reason, Some(duration_ms)),
            };
            match unblock(Work::Storage, end).await {
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

    /// Why it is over; `None` where the gateway stops.
    async fn until_the_end(&self, stream: &Arc<Stream>) -> Option<EndReason> {
        let mut bad_key_frames = 0;
        let began = Instant::now();
        let mut told: Option<MediaInfo> = None;
        let mut wait = FIRST_MEDIA;
        let mut loss = Loss::default();
        let (mut why, mut interrupted) = (None, false);
        loop {
            let changed = stream.listen_status();
            let now_why = stream.not_ready();
            if now_why != why {
                self.tell_not_ready(stream.share(), now_why.as_ref()).await;
                why = now_why;
            }
            let now_interrupted = stream.status() == Status::Interrupted;
            if now_interrupted != interrupted {
                interrupted = now_interrupted;
                self.tell_interrupted(stream.share(), interrupted).await;
            }
            if !stream.is_ready()
                && let Some(key_frame) = stream.take_key_frame()
            {
                match prove(&self.steward, &self.folder, stream, key_frame).await {
                    Proof::Ready => {}
                    Proof::Bad if bad_key_frames < MAX_BAD_KEY_FRAMES => bad_key_frames += 1,
                    Proof::Bad | Proof::Hopeless => return Some(EndReason::Unplayable),
                }
                continue;
            }
            let limit = match stream.status() {
                Status::Ended if stream.is_left_off() => return None,
                Status::Ended => return Some(EndReason::Stopped),
                Status::Interrupted if self.followed.is_stopping() => LAST_RETRY,
                Status::Interrupted => loss.left(self.resume_window, stream.counts().pictures, Instant::now()),
                Status::Flowing if !stream.is_ready() && began.elapsed() >= READY_WITHIN => {
                    return Some(EndReason::Unplayable);
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
                (Turn::Late, Status::Interrupted) if !self.followed.is_stopping() => return Some(EndReason::Lost),
                (Turn::Late, Status::Flowing) if stream.is_ready() => {
                    wait = MEDIA_INTERVAL;
                    self.tell_media(stream, &mut told).await;
                }
                _ => {}
            }
        }
    }

    /// Tells the sender why nothing can be shown yet.
    async fn tell_not_ready(&self, share: ShareId, why: Option<&NotReady>) {
        if let Some(why) = why {
            log::warn!("share={share} can't be shown yet: {why}");
        }
        let (steward, why) = (self.steward.clone(), why.cloned());
        if let Err(error) = unblock(Work::Storage, move || steward.not_ready(share, why)).await {
            log::warn!("why share={share} isn't ready can't be told: {error}");
        }
    }

    /// Tells whoever shares and whoever watches that the stream is interrupted, or back. Not where the gateway stops: pages
    /// are told that instead.
    async fn tell_interrupted(&self, share: ShareId, interrupted: bool) {
        if self.followed.is_stopping() {
            return;
        }
        let steward = self.steward.clone();
        if let Err(error) = unblock(Work::Storage, move || steward.interrupted(share, interrupted)).await {
            log::warn!("that share={share} is interrupted can't be told: {error}");
        }
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
