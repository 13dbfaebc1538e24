//! The steward's decisions for those who watch.

use std::collections::HashSet;

use crate::ground::id::{ShareId, TvId, UserId};
use crate::ground::limits;
use crate::share::events::announcer::Audience;
use crate::share::events::change::{Change, Ring};
use crate::share::events::news::News;
use crate::share::model::error::ShareError;
use crate::share::model::state::{EndReason, TargetState};
use crate::share::model::ticket::Holder;
use crate::share::model::views::{Delay, Entry, InboxPage, PlayFrom};
use crate::share::rules::{directory, sharing, viewing};
use crate::share::transient::watchers::Gone;

use super::Steward;

impl Steward {
    /// A page of the inbox of `user`: `limit` entries after the `offset` newest.
    pub fn inbox(&self, user: UserId, offset: u64, limit: usize) -> Result<InboxPage, ShareError> {
        let date = self.date();
        let mut page = self.read(|ledger| viewing::page(ledger, user, offset, limit.min(limits::PAGE_ROWS), date))?;
        for entry in &mut page.entries {
            entry.interrupted = self.is_interrupted(entry.share);
        }
        Ok(page)
    }

    /// One share as `user` sees it, from its creation on.
    pub fn entry(&self, user: UserId, share: ShareId) -> Result<Entry, ShareError> {
        let date = self.date();
        let entry = self.read(|ledger| viewing::entry(ledger, user, share, date))?;
        Ok(Entry { interrupted: self.is_interrupted(share), ..entry })
    }

    /// `user` accepts a share that has come to them: seen, and watching. Asks for the PIN of a user who has one and does
    /// not skip it, with the TV it was typed on: slow.
    pub fn accept(
        &self,
        user: UserId,
        share: ShareId,
        pin: Option<(TvId, &str)>,
        from: PlayFrom,
    ) -> Result<Entry, ShareError> {
        let date = self.date();
        let (row, _) =
            self.read(|ledger| Ok((directory::user(ledger, user)?, viewing::entry(ledger, user, share, date)?)))?;
        if let Some(hash) = row.pin.as_ref().filter(|_| row.needs_pin()) {
            self.check_pin(user, hash, pin)?;
        }
        let entry = self.write(move |ledger, news, date| viewing::watch(ledger, news, user, share, date))?;
        let now = self.clock.now();
        self.watch().watchers.accept(share, user, now);
        log::info!("share={share} accepted by user {user} ({from:?})");
        Ok(entry)
    }

    /// What still rings in the household of a TV that is switched on now: what it would have been told before. Of streams
    /// that were under way when the gateway was stopped, the TV is told when they are back.
    pub fn waiting_rings(&self, tv: TvId) -> Result<Vec<Ring>, ShareError> {
        let mut rings = self.unanswered_rings(tv)?;
        let mut watch = self.watch();
        let gone: HashSet<ShareId> =
            watch.deadlines.iter().filter(|(.., why)| *why == EndReason::Restarted).map(|(share, ..)| *share).collect();
        rings.retain(|ring| {
            let is_there = !gone.contains(&ring.share);
            if !is_there {
                watch.held_back.insert((ring.share, tv));
            }
            is_there
        });
        Ok(rings)
    }

    /// The stream of a share is back after a stop of the gateway: it rings where that waited for it.
    pub(super) fn ring_held_back(&self, share: ShareId) -> Result<(), ShareError> {
        let tvs: Vec<TvId> = self.watch().held_back.extract_if(|(of, _)| *of == share).map(|(_, tv)| tv).collect();
        for tv in tvs {
            for ring in self.unanswered_rings(tv)?.into_iter().filter(|ring| ring.share == share) {
                self.announcer.tell(Audience::Tv(tv), Change::Ring(ring));
            }
        }
        Ok(())
    }

    fn unanswered_rings(&self, tv: TvId) -> Result<Vec<Ring>, ShareError> {
        let date = self.date();
        self.read(|ledger| match ledger.tv(tv)?.and_then(|tv| tv.account) {
            Some(account) => sharing::waiting_rings(ledger, account, date),
            None => Ok(Vec::new()),
        })
    }

    /// `user` allows whoever shared it.
    pub fn allow(&self, user: UserId, share: ShareId) -> Result<(), ShareError> {
        self.write(move |ledger, news, date| viewing::allow(ledger, news, user, share, date))
    }

    /// `user` puts the share off.
    pub fn later(&self, user: UserId, share: ShareId) -> Result<(), ShareError> {
        self.write(move |ledger, news, _| viewing::later(ledger, news, user, share))
    }

    /// `user` declines the share.
    pub fn decline(&self, user: UserId, share: ShareId) -> Result<(), ShareError> {
        self.write(move |ledger, news, _| viewing::decline(ledger, news, user, share))
    }

    /// A TV plays the share for `user`, at `position_ms`, so far behind the gateway. To be said every few seconds; only
    /// the first time writes.
    pub fn watching(
        &self,
        user: UserId,
        share: ShareId,
        tv: TvId,
        position_ms: u64,
        latency_ms: Option<u64>,
    ) -> Result<(), ShareError> {
        let date = self.date();
        let entry = self.read(|ledger| viewing::entry(ledger, user, share, date))?;
        if entry.target_state != TargetState::Watching {
            self.write(move |ledger, news, date| viewing::watch(ledger, news, user, share, date))?;
        }
        if latency_ms.is_some_and(|ms| ms > limits::LATENCY_MS) {
            return Err(ShareError::Invalid(format!("latency_ms is a delay of {} ms at most", limits::LATENCY_MS)));
        }
        // What the TV measures begins at the gateway: what the camera's line took comes on top, where that is known.
        let delay = latency_ms.map(|ms| match self.uplink.get().and_then(|uplink| uplink(share)) {
            Some(uplink_ms) => Delay { ms: ms.saturating_add(uplink_ms), is_whole: true },
            None => Delay { ms, is_whole: false },
        });
        let change = self.watch().watchers.report((share, user, tv), self.clock.now(), position_ms, delay);
        if change.viewers {
            self.tell_viewers(share);
        }
        if change.delay {
            let name = self.user(user)?.name;
            let mut news = News::default();
            news.target(share, user, &name, TargetState::Watching, delay);
            news.tell(&self.announcer);
        }
        Ok(())
    }

    /// A TV of `user` does not play the share any more.
    pub fn left(&self, user: UserId, share: ShareId, tv: TvId) -> Result<(), ShareError> {
        let gone = self.watch().watchers.leave(share, user, tv);
        if let Some(gone) = gone {
            self.has_left(gone)?;
        }
        self.tell_viewers(share);
        Ok(())
    }

    /// Writes down that a user does not watch any more. Where the database doesn't take it, the next sweep does it.
    pub(super) fn has_left(&self, gone: Gone) -> Result<(), ShareError> {
        let Gone { share, user, position_ms } = gone;
        self.write(move |ledger, news, _| viewing::leave(ledger, news, user, share, position_ms))?;
        self.watch().watchers.forget(gone, self.clock.now());
        Ok(())
    }

    /// What plays where it `fits`, by TV and user, has lost the right to it: it counts as left at once.
    pub(super) fn stop_watching(&self, fits: impl Fn(TvId, UserId) -> bool) -> Result<(), ShareError> {
        let playing = self.watch().watchers.playing(fits);
        playing.into_iter().try_for_each(|(share, user, tv)| self.left(user, share, tv))
    }

    /// `user` deletes the share from their inbox.
    pub fn delete_entry(&self, user: UserId, share: ShareId) -> Result<(), ShareError> {
        self.write(move |ledger, news, _| {
            viewing::leave(ledger, news, user, share, None)?;
            viewing::delete(ledger, news, user, share)
        })?;
        self.watch().watchers.drop_share(share, Some(user));
        Ok(())
    }

    /// Whether `user` may play the share now: it came to them, they did not delete it, and there is something to play.
    pub fn target_may_play(&self, share: ShareId, user: UserId) -> Result<bool, ShareError> {
        self.read(|ledger| viewing::target_may_play(ledger, share, user))
    }

    /// Whether a ticket that `holder` was given for `share` is still good: it is for shares yet to come too, but not when
    /// the user deleted the share, was kept from it or removed, or is not signed in any more on the TV it names.
    pub fn ticket_holds(&self, share: ShareId, holder: Holder) -> Result<bool, ShareError> {
        self.read(|ledger| viewing::ticket_holds(ledger, share, holder))
    }

    /// Whether what plays with such a ticket may go on: the share must be there, too.
    pub fn may_play_on(&self, share: ShareId, holder: Holder) -> Result<bool, ShareError> {
        self.read(|ledger| Ok(ledger.share(share)?.is_some() && viewing::ticket_holds(ledger, share, holder)?))
    }

    /// TVs that play the share now. Does not block.
    pub fn viewers(&self, share: ShareId) -> usize {
        self.watch().watchers.viewers(share)
    }

    /// Tells the phone how many TVs play its share.
    pub(super) fn tell_viewers(&self, share: ShareId) {
        let Ok(state) = self.read(|ledger| Ok(sharing::find(ledger, share)?.state)) else { return };
        let viewers = self.viewers(share);
        self.announcer.tell(Audience::Share(share), Change::Viewers { share, state, viewers });
    }
}
