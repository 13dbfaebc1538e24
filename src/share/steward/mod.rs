//! The steward: the domain's service. One method is one decision is one transaction, durable before it returns; then
//! the announcer tells the open pages. All methods are short, may block, and may be called from any thread.
//!
//! What need not survive a restart is held here in memory: who watches right now, until when a stream may come, and who
//! stands at the door.

mod attempts;
mod camera_apps;
mod doorstep;
mod owner;
mod people;
mod phones;
mod sharing;
#[cfg(test)]
pub mod story;
#[cfg(test)]
mod tests;
mod viewing;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::executor::Workbench;
use crate::ground::crypto::{self, RootKey, SigningKey};
use crate::ground::id::{PhoneId, PhotoId, ShareId, TvId, UserId};
use crate::ground::limits;
use crate::ground::not_ready::NotReady;
use crate::ground::time::{Clock, Moment, UnixMs};
use crate::share::events::announcer::Announcer;
use crate::share::events::news::News;
use crate::share::ledger::{Decision, Ledger, Rows, Storage, Verdict};
use crate::share::model::error::{LedgerError, ShareError};
use crate::share::model::state::{EndReason, Kind, ShareState};
use crate::share::model::ticket::{Holder, Scope, Ticket, TicketError};
use crate::share::model::views::{ShareSettings, Unfinished, Unwanted};
use crate::share::rules::retention;
use crate::share::transient::lookups::Lookups;
use crate::share::transient::rate_limit::RateLimit;
use crate::share::transient::refusals::Refusals;
use crate::share::transient::watchers::Watchers;
use doorstep::Doorstep;

/// Where the key that signs tickets is kept.
const TICKET_KEY: u32 = 0;
/// How often retention is looked after.
const KEEPING_INTERVAL: Duration = Duration::from_secs(60);

/// What is called with a share whose stream must end.
type StreamHook = Box<dyn Fn(ShareId, Unwanted) + Send + Sync>;
/// What is called with a photo that nobody has any more.
type PhotoHook = Box<dyn Fn(PhotoId) + Send + Sync>;

/// What is called when a device is nobody's any more.
type DeviceHook = Box<dyn Fn() + Send + Sync>;

/// What is asked how many milliseconds a share's pictures take from the camera to the gateway, where that is known.
type UplinkHook = Box<dyn Fn(ShareId) -> Option<u64> + Send + Sync>;

/// The domain's service.
pub struct Steward {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    announcer: Arc<Announcer>,
    settings: ShareSettings,
    key: SigningKey,
    root: RootKey,
    watch: Mutex<Watch>,
    attempt_limits: Mutex<attempts::ByKind>,
    /// Where PINs are looked at.
    pins: Workbench<UserId>,
    effort: Mutex<Effort>,
    refusals: Mutex<Refusals>,
    doorstep: Mutex<Doorstep>,
    stream_unwanted: OnceLock<StreamHook>,
    photo_unwanted: OnceLock<PhotoHook>,
    device_gone: OnceLock<DeviceHook>,
    uplink: OnceLock<UplinkHook>,
}

/// What each sender has asked of the gateway of late.
struct Effort {
    shares: RateLimit,
    matches: RateLimit,
    lookups: Lookups,
}

/// What the steward keeps an eye on, in memory.
#[derive(Default)]
struct Watch {
    watchers: Watchers,
    /// Until when a stream may come or come back, and why the share ends then.
    deadlines: Vec<(ShareId, Moment, EndReason)>,
    /// What rings on TVs when its stream comes back after a stop of the gateway, and not before.
    held_back: HashSet<(ShareId, TvId)>,
    /// When retention is looked after next.
    keeping: Option<Moment>,
    /// Phones whose camera apps were stopped by someone else, and until when they may not publish.
    held: HashMap<PhoneId, Moment>,
    /// Phones whose camera apps are yet to be told why what they sent could not be shown, for a while.
    unshown: HashMap<PhoneId, (Moment, String)>,
    /// Shares whose stream is interrupted, and may come back.
    interrupted: HashSet<ShareId>,
    /// Why nothing of a share can be shown yet.
    not_ready: HashMap<ShareId, NotReady>,
    /// Recordings that have stopped and may go on.
    pauses: HashMap<ShareId, Pause>,
}

/// When a recording stopped, and what was said of it before.
struct Pause {
    at: UnixMs,
    before: Option<String>,
}

/// What a rule answered, once it was decided.
struct Answer<T>(Arc<Mutex<Option<Result<T, ShareError>>>>);

impl<T> Answer<T> {
    fn take(self) -> Result<T, ShareError> {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.unwrap_or_else(|| Err(unanswered()))
    }
}

impl Steward {
    /// The steward of this storage. Tends to what a stopped gateway left half done: nobody watches any more, and streams
    /// that were under way may come back for a while.
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        announcer: Arc<Announcer>,
        settings: ShareSettings,
    ) -> Result<Self, ShareError> {
        let doorstep = Mutex::new(Doorstep::new(clock.now()));
        let mut steward = Self {
            storage,
            clock,
            announcer,
            settings,
            key: SigningKey::new(&[0; SigningKey::BYTES]),
            root: RootKey::new(&[0; SigningKey::BYTES]),
            watch: Mutex::default(),
            attempt_limits: Mutex::default(),
            pins: Workbench::new("pins", limits::PIN_PLACES),
            effort: Mutex::new(Effort {
                shares: RateLimit::new(limits::SHARES_AT_ONCE, limits::SHARES_EVERY),
                matches: RateLimit::new(limits::MATCHES_AT_ONCE, limits::MATCHES_EVERY),
                lookups: Lookups::default(),
            }),
            refusals: Mutex::default(),
            doorstep,
            stream_unwanted: OnceLock::new(),
            photo_unwanted: OnceLock::new(),
            device_gone: OnceLock::new(),
            uplink: OnceLock::new(),
        };
        let key = steward.write(|ledger, _, _| match ledger.key(TICKET_KEY)? {
            Some(key) => Ok(key),
            None => {
                let mut key = [0; SigningKey::BYTES];
                crypto::fill_random(&mut key);
                ledger.put_key(TICKET_KEY, &key)?;
                Ok(key)
            }
        })?;
        steward.key = SigningKey::new(&key);
        steward.root = RootKey::new(&key);
        steward.wake_up()?;
        Ok(steward)
    }

    fn wake_up(&self) -> Result<(), ShareError> {
        let unfinished = self.write(|ledger, news, _| {
            retention::wake_up(ledger, news)?;
            retention::unfinished(ledger)
        })?;
        self.watch_anew(&unfinished);
        Ok(())
    }

    /// Nobody watches any more, and media may come to these shares for a while.
    fn watch_anew(&self, unfinished: &[Unfinished]) {
        let now = self.clock.now();
        let mut watch = self.watch();
        *watch = Watch::default();
        let cut_off =
            |unfinished: &&Unfinished| unfinished.kind == Kind::Live && unfinished.state != ShareState::Pending;
        watch.interrupted = unfinished.iter().filter(cut_off).map(|unfinished| unfinished.share).collect();
        watch.deadlines = unfinished
            .iter()
            .map(|unfinished| match (unfinished.kind, unfinished.state) {
                (_, ShareState::Pending) => {
                    (unfinished.share, now + self.settings.pending_timeout, EndReason::NeverStarted)
                }
                (Kind::Clip, _) => (unfinished.share, now + self.settings.pending_timeout, EndReason::Lost),
                (Kind::Live, _) => (unfinished.share, now + self.settings.resume_window, EndReason::Restarted),
            })
            .collect();
    }

    /// The gateway listens: streams that were under way when it stopped may come back for a while, from now on.
    pub fn streams_may_come_back(&self) {
        let until = self.clock.now() + self.settings.resume_window;
        for (_, at, why) in &mut self.watch().deadlines {
            if *why == EndReason::Restarted {
                *at = until;
            }
        }
    }

    /// The announcer that tells the open pages.
    pub fn announcer(&self) -> &Arc<Announcer> {
        &self.announcer
    }

    /// The storage, for its backup.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// An error while the database can't be written or read.
    pub fn health(&self) -> Result<(), ShareError> {
        Ok(self.storage.health()?)
    }

    /// Replaces everything by a backup, all or nothing; streams under way end.
    pub fn restore(&self, file: &std::path::Path) -> Result<(), ShareError> {
        let before = self.unfinished_shares()?;
        let key = self.read(|ledger| Ok(ledger.key(TICKET_KEY)?))?;
        let (decision, answer) = self.decision(move |ledger, news, _| {
            // Tickets given out stay good: the key is the running gateway's, not the backup's.
            if let Some(key) = key {
                ledger.put_key(TICKET_KEY, &key)?;
            }
            retention::wake_up(ledger, news)?;
            retention::unfinished(ledger)
        });
        self.storage.restore(file, decision)?;
        self.watch_anew(&answer.take()?);
        before.iter().for_each(|unfinished| self.stream_is_unwanted(unfinished.share, Unwanted::Over));
        self.device_is_gone();
        Ok(())
    }

    /// The key that signs tickets; made once, kept in the database.
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// A ticket with which `holder` may have `scope` of `share` for a day, while `ticket_holds` says so.
    pub fn ticket(&self, share: ShareId, holder: Holder, scope: Scope) -> String {
        Ticket::issue(&self.key, share, holder, scope, self.clock.date().plus(limits::TICKET_TIME))
    }

    /// Who was given the ticket of a playback address, and to what it is a right. Whether they have it still,
    /// `ticket_holds` says.
    pub fn open_ticket(&self, share: ShareId, ticket: &str) -> Result<(Holder, Scope), TicketError> {
        Ticket::open(&self.key, share, ticket, self.clock.date())
    }

    /// Sets what is called when the stream of a share must end: the share was stopped or withdrawn, its phone revoked,
    /// or its time to start is over. Once only; a second one is not heard.
    pub fn on_stream_unwanted(&self, hook: impl Fn(ShareId, Unwanted) + Send + Sync + 'static) {
        let _ = self.stream_unwanted.set(Box::new(hook));
    }

    fn stream_is_unwanted(&self, share: ShareId, why: Unwanted) {
        if let Some(hook) = self.stream_unwanted.get() {
            hook(share, why);
        }
    }

    /// Sets what is asked how long a share's pictures are on their way to the gateway. Once only; a second one is not heard.
    pub fn on_uplink_asked(&self, hook: impl Fn(ShareId) -> Option<u64> + Send + Sync + 'static) {
        let _ = self.uplink.set(Box::new(hook));
    }

    /// Sets what is called when a photo was replaced, or its owner removed. Once only; a second one is not heard.
    pub fn on_photo_unwanted(&self, hook: impl Fn(PhotoId) + Send + Sync + 'static) {
        let _ = self.photo_unwanted.set(Box::new(hook));
    }

    fn photo_is_unwanted(&self, photo: Option<PhotoId>) {
        if let (Some(hook), Some(photo)) = (self.photo_unwanted.get(), photo) {
            hook(photo);
        }
    }

    /// Sets what is called when a phone, a TV or a browser of the owner's is nobody's any more, or somebody signed out on a
    /// TV. Once only; a second one is not heard.
    pub fn on_device_gone(&self, hook: impl Fn() + Send + Sync + 'static) {
        let _ = self.device_gone.set(Box::new(hook));
    }

    fn device_is_gone(&self) {
        if let Some(hook) = self.device_gone.get() {
            hook();
        }
    }

    fn watch(&self) -> std::sync::MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn effort(&self) -> std::sync::MutexGuard<'_, Effort> {
        self.effort.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn date(&self) -> UnixMs {
        self.clock.date()
    }

    /// Runs a rule over one consistent state.
    fn read<T>(&self, mut rule: impl FnMut(&dyn Rows) -> Result<T, ShareError>) -> Result<T, ShareError> {
        let mut answer = None;
        self.storage.read(&mut |ledger| answer = Some(rule(ledger)))?;
        answer.unwrap_or_else(|| Err(unanswered()))
    }

    /// Runs a rule as one decision: its writes are durable when this returns `Ok`, and undone where the rule refuses.
    fn write<T: Send + 'static>(
        &self,
        rule: impl FnOnce(&mut dyn Ledger, &mut News, UnixMs) -> Result<T, ShareError> + Send + 'static,
    ) -> Result<T, ShareError> {
        let (decision, answer) = self.decision(rule);
        self.storage.write(decision)?;
        answer.take()
    }

    /// A rule as a decision of the database, and where its answer will be.
    fn decision<T: Send + 'static>(
        &self,
        rule: impl FnOnce(&mut dyn Ledger, &mut News, UnixMs) -> Result<T, ShareError> + Send + 'static,
    ) -> (Decision, Answer<T>) {
        let date = self.clock.date();
        let announcer = Arc::clone(&self.announcer);
        let answer = Arc::new(Mutex::new(None));
        let put = Arc::clone(&answer);
        let decision: Decision = Box::new(move |ledger| {
            let mut news = News::default();
            let result = rule(ledger, &mut news, date);
            let verdict = match result {
                Ok(_) => Verdict::Keep(Box::new(move || news.tell(&announcer))),
                Err(_) => Verdict::Undo,
            };
            *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            verdict
        });
        (decision, Answer(answer))
    }

    /// Ends what waited too long, expires what is old. Cheap: to be called every second or so. What the database doesn't
    /// take now is tried again the next time, and keeps nothing else from being done.
    pub fn sweep(&self) -> Result<(), ShareError> {
        self.tell_refusals();
        let now = self.clock.now();
        [self.end_late(now), self.let_go_of_silent(now), self.keep_at(now)].into_iter().collect()
    }

    /// The recordings to delete. To be asked for after each sweep, whether all of it was done or not: where a full disk
    /// takes nothing, they make room.
    pub fn discards(&self) -> Result<Vec<ShareId>, ShareError> {
        self.read(retention::discards)
    }

    /// Ends the shares whose media have not come in time. A deadline stays until its share is over.
    fn end_late(&self, now: Moment) -> Result<(), ShareError> {
        let late: Vec<_> = self.watch().deadlines.iter().filter(|(_, until, _)| *until <= now).copied().collect();
        let mut done = Ok(());
        for (share, _, reason) in late {
            match self.ended(share, reason, None) {
                Ok(()) => {
                    log::info!("share={share} ended: {}", reason.as_str());
                    self.stream_is_unwanted(share, Unwanted::Over);
                }
                Err(ShareError::NotFound(_)) => {
                    self.media_is_due_no_more(share);
                    self.stream_is_unwanted(share, Unwanted::Over);
                }
                Err(error) => done = Err(error),
            }
        }
        done
    }

    /// Users whose TVs say nothing any more have left.
    fn let_go_of_silent(&self, now: Moment) -> Result<(), ShareError> {
        let gone = self.watch().watchers.sweep(now);
        let mut done = Ok(());
        for gone in gone {
            match self.has_left(gone) {
                Ok(()) => self.tell_viewers(gone.share),
                Err(error) => done = Err(error),
            }
        }
        done
    }

    /// Looks after retention when it is time: again in a while, or at once where not all of it was done.
    fn keep_at(&self, now: Moment) -> Result<(), ShareError> {
        if self.watch().keeping.is_some_and(|at| at > now) {
            return Ok(());
        }
        self.keep()?;
        self.watch().keeping = Some(now + KEEPING_INTERVAL);
        Ok(())
    }

    fn keep(&self) -> Result<(), ShareError> {
        loop {
            let date = self.date();
            let retention = self.settings.retention;
            let due = self.read(|ledger| retention::due(ledger, date, retention))?;
            if due.is_empty() {
                return Ok(());
            }
            self.write(|ledger, news, date| retention::sweep(ledger, news, date, due))?;
        }
    }
}

fn unanswered() -> ShareError {
    ShareError::Ledger(LedgerError::Failed("a rule did not answer; this is a fault of the program".into()))
}
