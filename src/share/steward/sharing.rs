//! The steward's decisions about shares, for their senders and their streams.

use crate::ground::crypto::{self, TokenHash};
use crate::ground::id::{SenderId, ShareId, UserId};
use crate::ground::limits;
use crate::ground::not_ready::NotReady;
use crate::ground::recording_failure::{self, GAPS};
use crate::ground::time::UnixMs;
use crate::share::events::announcer::Audience;
use crate::share::events::change::Change;
use crate::share::events::news::News;
use crate::share::ledger::{Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{MediaInfo, Note, Share};
use crate::share::model::state::{EndReason, Kind};
use crate::share::model::views::{Asker, NewShare, OwnShares, Report, TargetReport, Unfinished, Unwanted};
use crate::share::rules::eviction::Held;
use crate::share::rules::sharing::{self, Wish};
use crate::share::rules::{camera_apps, phones, retention, ringing, viewing};

use super::{Pause, Steward};

impl Steward {
    /// Creates a share of `sender` for `targets`, who are their contacts.
    pub fn create_share(
        &self,
        sender: SenderId,
        targets: &[UserId],
        kind: Kind,
        title: Option<&str>,
    ) -> Result<NewShare, ShareError> {
        let publish_token = crypto::new_token();
        let (targets, title) = (targets.to_vec(), title.map(str::to_owned));
        let asker = Asker::Sender(sender);
        let (token, streams) = (TokenHash::of(&publish_token), self.settings.streams);
        let wish = Wish { asker, sender, targets, kind, title, token, streams };
        let share = self.write(move |ledger, _, date| sharing::create(ledger, date, wish))?;
        self.await_media(&share);
        Ok(NewShare { share, publish_token })
    }

    /// Creates a live share for one of the owner's cameras or a script; `from` is a sender's id or name, made if there
    /// is none yet.
    pub fn new_share_for_cameras(&self, to: &[UserId], from: Option<&str>) -> Result<NewShare, ShareError> {
        let publish_token = crypto::new_token();
        let (targets, from, token) = (to.to_vec(), from.map(str::to_owned), TokenHash::of(&publish_token));
        let streams = self.settings.streams;
        let share = self.write(move |ledger, _, date| {
            let sender = phones::camera_sender(ledger, date, from.as_deref())?.id;
            let asker = Asker::Owner;
            sharing::create(
                ledger,
                date,
                Wish { asker, sender, targets, kind: Kind::Live, title: None, token, streams },
            )
        })?;
        self.await_media(&share);
        Ok(NewShare { share, publish_token })
    }

    /// Refuses one more share of a sender who begins too many.
    pub fn may_begin(&self, sender: SenderId) -> Result<(), ShareError> {
        self.effort().shares.take(sender, self.clock.now())
    }

    /// Ends a share just created, unless media come in time.
    pub(super) fn await_media(&self, share: &Share) {
        let until = self.clock.now() + self.settings.pending_timeout;
        self.watch().deadlines.push((share.id, until, EndReason::NeverStarted));
        log::info!("share={} created by sender {} for {} people", share.id, share.sender, share.targets.len());
    }

    /// A share as its sender sees it.
    pub fn share(&self, asker: Asker, share: ShareId) -> Result<Report, ShareError> {
        let date = self.date();
        let report = self.read(|ledger| report(ledger, asker, share, date))?;
        Ok(self.watched(report))
    }

    /// Adds who watches now.
    fn watched(&self, mut report: Report) -> Report {
        let watch = self.watch();
        report.interrupted = watch.interrupted.contains(&report.share.id);
        report.not_ready = watch.not_ready.get(&report.share.id).cloned();
        report.viewers = watch.watchers.viewers(report.share.id);
        for target in &mut report.targets {
            target.delay = watch.watchers.delay(report.share.id, target.user);
        }
        report
    }

    /// A sender's own shares, newest first: `limit` of them after the first `offset`.
    pub fn own_shares(&self, sender: SenderId, offset: u64, limit: usize) -> Result<OwnShares, ShareError> {
        let date = self.date();
        let (total, reports) = self.read(|ledger| {
            let ids = sharing::own(ledger, sender, offset, limit.min(limits::PAGE_ROWS))?;
            let reports = ids.into_iter().map(|share| report(ledger, Asker::Sender(sender), share, date));
            Ok((sharing::own_count(ledger, sender)?, reports.collect::<Result<Vec<_>, _>>()?))
        })?;
        Ok(OwnShares { total, shares: reports.into_iter().map(|report| self.watched(report)).collect() })
    }

    /// Gives a share another title, or none.
    pub fn rename_share(&self, asker: Asker, share: ShareId, title: Option<&str>) -> Result<(), ShareError> {
        let title = title.map(str::to_owned);
        self.write(move |ledger, news, _| sharing::rename(ledger, news, asker, share, title.as_deref()))
    }

    /// Keeps a share, whatever its age and however full the disk is; or lets it go with the others again.
    pub fn keep_share(&self, share: ShareId, kept: bool) -> Result<(), ShareError> {
        self.write(move |ledger, _, _| sharing::keep(ledger, share, kept))
    }

    /// All shares, newest first: `limit` of them after the first `offset`.
    pub fn shares(&self, offset: usize, limit: usize) -> Result<Vec<Share>, ShareError> {
        self.read(|ledger| {
            let mut skip = offset;
            let mut shares = Vec::new();
            let limit = limit.min(limits::PAGE_ROWS);
            ledger.scan_shares(all(), Order::Falling, &mut |_, share| {
                if shares.len() == limit {
                    return std::ops::ControlFlow::Break(());
                }
                if skip > 0 {
                    skip -= 1;
                } else {
                    shares.push(share);
                }
                std::ops::ControlFlow::Continue(())
            })?;
            Ok(shares)
        })
    }

    /// The sender stops the share.
    pub fn stop_share(&self, asker: Asker, share: ShareId) -> Result<(), ShareError> {
        let phones = self.read(|ledger| {
            let found = sharing::find_for(ledger, asker, share)?;
            if found.state.is_unfinished() { camera_apps::phones_of(ledger, share) } else { Ok(Vec::new()) }
        })?;
        self.hold_camera_apps(phones);
        self.ended(share, EndReason::Stopped, None)?;
        self.stream_is_unwanted(share, Unwanted::Over);
        Ok(())
    }

    /// The sender withdraws the share: it vanishes from every inbox, and its recording is deleted.
    pub fn withdraw_share(&self, asker: Asker, share: ShareId) -> Result<(), ShareError> {
        let phones = self.write(move |ledger, news, _| {
            let found = sharing::find_for(ledger, asker, share)?;
            let phones = if found.state.is_unfinished() { camera_apps::phones_of(ledger, share)? } else { Vec::new() };
            sharing::withdraw(ledger, news, share)?;
            Ok(phones)
        })?;
        self.hold_camera_apps(phones);
        self.is_over(share);
        self.watch().watchers.drop_share(share, None);
        self.stream_is_unwanted(share, Unwanted::Withdrawn);
        log::info!("share={share} withdrawn");
        Ok(())
    }

    /// Which share the token of a publish address is for, if media may still come to it.
    pub fn publisher_for_token(&self, token: &str) -> Result<ShareId, ShareError> {
        self.read(|ledger| sharing::publisher(ledger, TokenHash::of(token)))
    }

    /// Media arrives: a pending share is being prepared; one whose stream was lost goes on.
    pub fn media_started(&self, share: ShareId) -> Result<(), ShareError> {
        self.write(move |ledger, news, date| sharing::media_started(ledger, news, date, share))?;
        self.media_is_due_no_more(share);
        // It may have been interrupted by a stop of the gateway.
        self.interrupted(share, false)?;
        self.ring_held_back(share)
    }

    /// A key frame was decoded: the share is ready and the TVs ring.
    pub fn ready(&self, share: ShareId, media: MediaInfo) -> Result<(), ShareError> {
        self.write(move |ledger, news, date| sharing::ready(ledger, news, date, share, media))?;
        self.media_is_due_no_more(share);
        log::info!("share={share} ready");
        Ok(())
    }

    /// The clip whose file `sender` wants to send. It may be over already.
    pub fn clip(&self, sender: SenderId, share: ShareId) -> Result<Share, ShareError> {
        self.read(|ledger| sharing::clip_of(ledger, sender, share))
    }

    /// Nothing of a clip's file comes any more at the moment: if that stays so, the share ends.
    pub fn clip_awaits_more(&self, share: ShareId) {
        let until = self.clock.now() + self.settings.pending_timeout;
        let mut watch = self.watch();
        watch.deadlines.retain(|(of, ..)| *of != share);
        watch.deadlines.push((share, until, EndReason::Lost));
    }

    /// A clip is prepared: the TVs ring, and the share is over; `notes` are for its sender.
    pub fn clip_ready(
        &self,
        share: ShareId,
        media: MediaInfo,
        notes: Vec<Note>,
        duration_ms: u64,
    ) -> Result<(), ShareError> {
        let of = (media, notes);
        self.write(move |ledger, news, date| sharing::clip_ready(ledger, news, date, share, of.clone(), duration_ms))?;
        self.media_is_due_no_more(share);
        log::info!("share={share} ready: a clip of {duration_ms} ms");
        Ok(())
    }

    /// What was sent can't be shown or kept: the share ends, and its phone is told why; `message` is for people.
    pub fn failed(&self, share: ShareId, reason: EndReason, message: &str) -> Result<(), ShareError> {
        let message: String = message.chars().take(limits::TITLE_CHARS).collect();
        let phones = self.read(|ledger| camera_apps::phones_of(ledger, share))?;
        self.tell_camera_apps(phones, &message);
        self.write(move |ledger, news, date| {
            if sharing::find(ledger, share)?.state.is_unfinished() {
                sharing::recording_failed(ledger, news, share, &message)?;
            }
            sharing::end(ledger, news, date, share, reason, None)
        })?;
        self.is_over(share);
        Ok(())
    }

    /// Why nothing of a share can be shown yet, or that there is no such reason any more: told to its phone.
    pub fn not_ready(&self, share: ShareId, why: Option<NotReady>) -> Result<(), ShareError> {
        match &why {
            Some(why) => drop(self.watch().not_ready.insert(share, why.clone())),
            None => drop(self.watch().not_ready.remove(&share)),
        }
        let Share { state, kind, .. } = self.read(|ledger| sharing::find(ledger, share))?;
        if state.is_unfinished() {
            self.announcer.tell(Audience::Share(share), Change::NotReady { share, state, kind, why });
        }
        Ok(())
    }

    /// The stream of a share is interrupted and may come back, or is back: told to its phone, and to the TVs it came to.
    pub fn interrupted(&self, share: ShareId, interrupted: bool) -> Result<(), ShareError> {
        let mut watch = self.watch();
        let changed = if interrupted { watch.interrupted.insert(share) } else { watch.interrupted.remove(&share) };
        drop(watch);
        if !changed {
            return Ok(());
        }
        let news = self.read(|ledger| {
            let mut news = News::default();
            let share = sharing::find(ledger, share)?;
            if share.state.is_unfinished() {
                news.interrupted(ledger, &share, interrupted)?;
            }
            Ok(news)
        })?;
        news.tell(&self.announcer);
        Ok(())
    }

    /// Whether the stream of a share is interrupted, and may come back.
    pub(super) fn is_interrupted(&self, share: ShareId) -> bool {
        self.watch().interrupted.contains(&share)
    }

    /// What the stream is made of has changed.
    pub fn media_changed(&self, share: ShareId, media: MediaInfo) -> Result<(), ShareError> {
        self.write(move |ledger, news, _| sharing::media_changed(ledger, news, share, media))
    }

    /// The stream is over. Said again, it only adds the duration.
    pub fn ended(&self, share: ShareId, reason: EndReason, duration_ms: Option<u64>) -> Result<(), ShareError> {
        self.watch().pauses.remove(&share);
        self.write(move |ledger, news, date| sharing::end(ledger, news, date, share, reason, duration_ms))?;
        self.is_over(share);
        Ok(())
    }

    /// Forgets what a share that is over can't be any more.
    fn is_over(&self, share: ShareId) {
        self.media_is_due_no_more(share);
        let mut watch = self.watch();
        watch.interrupted.remove(&share);
        watch.not_ready.remove(&share);
        watch.held_back.retain(|(of, _)| *of != share);
    }

    pub(super) fn media_is_due_no_more(&self, share: ShareId) {
        self.watch().deadlines.retain(|(of, ..)| *of != share);
    }

    /// The recording is missing or stops early; `reason` is said in the share.
    pub fn recording_failed(&self, share: ShareId, reason: &str) -> Result<(), ShareError> {
        let reason: String = reason.chars().take(limits::TITLE_CHARS).collect();
        // A database on a full disk may not take it; that it went on it will.
        let Share { state, recording_failure: before, .. } = self.read(|ledger| sharing::find(ledger, share))?;
        if state.is_unfinished() {
            let at = self.date();
            self.watch().pauses.entry(share).or_insert(Pause { at, before });
        }
        self.write(move |ledger, news, _| sharing::recording_failed(ledger, news, share, &reason))
    }

    /// The recording goes on after it had failed: both are said in the share.
    pub fn recording_resumed(&self, share: ShareId) -> Result<(), ShareError> {
        let now = self.date();
        let Some(Pause { at, before }) = self.watch().pauses.remove(&share) else { return Ok(()) };
        let said = said_of_gap(before.as_deref(), at, now);
        log::info!("share={share}: {said}");
        self.write(move |ledger, news, _| sharing::recording_failed(ledger, news, share, &said))
    }

    /// The recording of a stream begins, or goes on after a restart: where it had stopped for want of room, which nobody has in
    /// memory any more, that is a gap from now on.
    pub fn recording_goes_on(&self, share: ShareId) -> Result<(), ShareError> {
        let said = self.read(|ledger| Ok(sharing::find(ledger, share)?.recording_failure))?;
        if said.is_none_or(|said| recording_failure::code(&said) != "disk_full") {
            return Ok(());
        }
        let said = format!("{GAPS}went on at {} (UTC)", time_of_day(self.date()));
        self.write(move |ledger, news, _| sharing::recording_failed(ledger, news, share, &said))
    }

    /// The shares to which media may still come.
    pub fn unfinished_shares(&self) -> Result<Vec<Unfinished>, ShareError> {
        self.read(retention::unfinished)
    }

    /// The live shares that are over and whose length was not written down yet.
    pub fn unmeasured_shares(&self) -> Result<Vec<ShareId>, ShareError> {
        self.read(retention::unmeasured)
    }

    /// The recording of `share` is gone from the disk; `discards` does not name it again.
    pub fn recording_deleted(&self, share: ShareId) -> Result<(), ShareError> {
        self.write(move |ledger, _, _| Ok(ledger.remove_discard(share)?))
    }

    /// The shares that may be let go when recordings have no room, the oldest first, without their sizes. Never a live one,
    /// and none that is kept.
    pub fn held(&self) -> Result<Vec<Held>, ShareError> {
        self.read(retention::held)
    }

    /// Whether the database knows nothing of a share, nor that its recording is to be deleted: it is older than the share.
    pub fn is_unknown(&self, share: ShareId) -> Result<bool, ShareError> {
        self.read(|ledger| Ok(ledger.share(share)?.is_none() && ledger.discard(share)?.is_none()))
    }

    /// Whose a share is, and whether they belong to no household.
    pub fn whose(&self, share: ShareId) -> Result<(SenderId, bool), ShareError> {
        self.read(|ledger| {
            let sender = sharing::find(ledger, share)?.sender;
            Ok((sender, ringing::is_guest(ledger, sender)?))
        })
    }

    /// Whether a sender belongs to no household.
    pub fn is_guest(&self, sender: SenderId) -> Result<bool, ShareError> {
        self.read(|ledger| ringing::is_guest(ledger, sender))
    }

    /// Ends the time of an ended share early, for the disk's quota; not of one that is kept.
    pub fn expire_early(&self, share: ShareId) -> Result<(), ShareError> {
        self.write(move |ledger, news, date| retention::expire(ledger, news, date, share))
    }
}

/// What is said of a recording with a gap, after what was said of those before.
fn said_of_gap(before: Option<&str>, stopped: UnixMs, went_on: UnixMs) -> String {
    let gap = format!("stopped at {}, went on at {} (UTC)", time_of_day(stopped), time_of_day(went_on));
    let all = before.filter(|said| said.starts_with(GAPS)).map(|said| format!("{said}; {gap}"));
    all.filter(|said| said.chars().count() <= limits::TITLE_CHARS).unwrap_or_else(|| format!("{GAPS}{gap}"))
}

fn time_of_day(date: UnixMs) -> String {
    date.to_string().get(11..19).unwrap_or_default().to_owned()
}

fn report(ledger: &dyn Rows, asker: Asker, share: ShareId, date: UnixMs) -> Result<Report, ShareError> {
    let share = sharing::find_for(ledger, asker, share)?;
    let sender = ledger.sender(share.sender)?.ok_or(ShareError::NotFound("sender"))?;
    let mut targets = Vec::with_capacity(share.targets.len());
    for target in &share.targets {
        // Who was removed is no target any more, although shares that never came to them still name them.
        if let Some(user) = ledger.user(target.user)? {
            targets.push(TargetReport { user: user.id, name: user.name, state: target.state, delay: None });
        }
    }
    let duration_ms = viewing::duration_ms(&share, date);
    Ok(Report { share, sender, targets, viewers: 0, duration_ms, interrupted: false, not_ready: None })
}
