//! Shares from the viewer's side: the inbox and its entries, accepted, put off, declined, watched and deleted.

use crate::ground::id::{ShareId, UserId};
use crate::ground::time::UnixMs;
use crate::share::events::news::News;
use crate::share::ledger::{Ledger, Rows};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{Share, Target};
use crate::share::model::state::{Kind, Manner, ShareState, TargetState};
use crate::share::model::ticket::Holder;
use crate::share::model::views::{Entry, InboxPage, Introduction};
use crate::share::rules::sharing::{self, find, save, step_target};
use crate::share::rules::{directory, inbox, ringing};

/// The share and its target, if `user` may know of it.
fn find_both(ledger: &dyn Rows, user: UserId, share: ShareId) -> Result<(Share, Target), ShareError> {
    let share = find(ledger, share)?;
    match share.target(user) {
        Some(target) if target.state != TargetState::Blocked && !target.deleted => {
            let target = target.clone();
            Ok((share, target))
        }
        None if is_for_household(ledger, user, &share)? => Err(ShareError::NotYours),
        _ => Err(ShareError::NotFound("share")),
    }
}

/// Whether someone else at home has the share. Households know of each other's rings, so it is no secret there.
fn is_for_household(ledger: &dyn Rows, user: UserId, share: &Share) -> Result<bool, ShareError> {
    let account = directory::user(ledger, user)?.account;
    for target in share.targets.iter().filter(|target| target.state != TargetState::Blocked && !target.deleted) {
        if ledger.user(target.user)?.is_some_and(|other| other.account == account) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Length of a share: of its recording once it is over, so far while it is ready.
pub fn duration_ms(share: &Share, date: UnixMs) -> Option<u64> {
    match share.state {
        ShareState::Ready if share.kind == Kind::Live => share.started_at.map(|started_at| date.ms_since(started_at)),
        _ => share.duration_ms,
    }
}

fn may_play(share: &Share, target: &Target) -> bool {
    matches!(share.state, ShareState::Ready | ShareState::Ended) && target.state.has_arrived() && !target.deleted
}

fn describe(ledger: &dyn Rows, share: &Share, target: &Target, date: UnixMs) -> Result<Entry, ShareError> {
    let sender = ledger.sender(share.sender)?.ok_or(ShareError::NotFound("sender"))?;
    let is_unknown = match ledger.user(target.user)? {
        Some(user) => ringing::is_unknown(ledger, &sender, &user)?,
        None => false,
    };
    Ok(Entry {
        share: share.id,
        sender: sender.id,
        sender_name: sender.name,
        sender_photo: sender.photo,
        introduction: is_unknown.then_some(Introduction { number: sender.msisdn }),
        title: share.title.clone(),
        started_at: share.started_at,
        duration_ms: duration_ms(share, date),
        state: share.state,
        kind: share.kind,
        seen: target.seen,
        target_state: target.state,
        media: share.media.clone(),
        recording_failure: share.recording_failure.clone(),
        position_ms: target.position_ms,
        may_play: may_play(share, target),
        end_reason: share.end_reason,
        interrupted: false,
    })
}

/// One share as `user` sees it.
pub fn entry(ledger: &dyn Rows, user: UserId, share: ShareId, date: UnixMs) -> Result<Entry, ShareError> {
    let (share, target) = find_both(ledger, user, share)?;
    describe(ledger, &share, &target, date)
}

/// A page of the inbox of `user`.
pub fn page(ledger: &dyn Rows, user: UserId, offset: u64, limit: usize, date: UnixMs) -> Result<InboxPage, ShareError> {
    directory::user(ledger, user)?;
    let counts = ledger.inbox_counts(user)?.unwrap_or_default();
    let mut entries = Vec::new();
    for share in inbox::page(ledger, user, offset, limit)? {
        let (share, target) = find_both(ledger, user, share)?;
        entries.push(describe(ledger, &share, &target, date)?);
    }
    Ok(InboxPage { total: counts.total, unseen: counts.unseen, entries })
}

/// Whether `user` may play the share now.
pub fn target_may_play(ledger: &dyn Rows, share: ShareId, user: UserId) -> Result<bool, ShareError> {
    let Some(share) = ledger.share(share)? else { return Ok(false) };
    Ok(share.target(user).is_some_and(|target| may_play(&share, target)))
}

/// Whether a ticket for `share` that `holder` was given is still good. A share that is gone has no secrets left.
pub fn ticket_holds(ledger: &dyn Rows, share: ShareId, holder: Holder) -> Result<bool, ShareError> {
    let Some(share) = ledger.share(share)? else { return Ok(true) };
    let holds = |target: &Target| !target.deleted && target.state != TargetState::Blocked;
    if !share.target(holder.user).is_some_and(holds) {
        return Ok(false);
    }
    let Some(user) = ledger.user(holder.user)? else { return Ok(false) };
    let Some(tv) = holder.tv else { return Ok(true) };
    Ok(ledger.tv(tv)?.is_some_and(|tv| tv.account == Some(user.account) && tv.has_signed_in(user.id)))
}

/// Changes the user's side of a share that has come to them.
fn change(
    ledger: &mut dyn Ledger,
    news: &mut News,
    user: UserId,
    id: ShareId,
    to: TargetState,
    seen: bool,
) -> Result<Share, ShareError> {
    let (mut share, before) = find_both(ledger, user, id)?;
    if !before.state.has_arrived() {
        return Err(if share.state.is_unfinished() { ShareError::NotReady } else { ShareError::Over(share.state) });
    }
    let Some(target) = share.target_mut(user) else { return Err(ShareError::NotFound("share")) };
    let moved = step_target(target, to);
    let counted = seen && sharing::mark_seen(ledger, target)?;
    if moved || counted {
        save(ledger, &share)?;
    }
    if moved {
        let name = directory::user(ledger, user)?.name;
        news.target(id, user, &name, to, None);
    }
    if counted {
        news.inbox(ledger, user)?;
    }
    Ok(share)
}

/// Allows whoever shared it: they ring as those of the household do from now on, this share first.
pub fn allow(
    ledger: &mut dyn Ledger,
    news: &mut News,
    user: UserId,
    id: ShareId,
    date: UnixMs,
) -> Result<(), ShareError> {
    let (share, target) = find_both(ledger, user, id)?;
    let row = directory::user(ledger, user)?;
    let sender = ledger.sender(share.sender)?.ok_or(ShareError::NotFound("sender"))?;
    if !ringing::allow(ledger, &sender, &row)? {
        return Ok(());
    }
    let is_there = share.state == ShareState::Ready || share.kind == Kind::Clip;
    if is_there && target.state == TargetState::Notified && may_play(&share, &target) && !row.has_quiet(date) {
        news.ring(ledger, &row, &sender, &share, Manner::Loud)?;
    }
    news.inbox(ledger, user)
}

/// Watches: now, and again with every report of a playing TV. Whoever watches has allowed the sender.
pub fn watch(
    ledger: &mut dyn Ledger,
    news: &mut News,
    user: UserId,
    id: ShareId,
    date: UnixMs,
) -> Result<Entry, ShareError> {
    let (share, _) = find_both(ledger, user, id)?;
    if share.state == ShareState::Expired {
        return Err(ShareError::Over(share.state));
    }
    let sender = ledger.sender(share.sender)?.ok_or(ShareError::NotFound("sender"))?;
    change(ledger, news, user, id, TargetState::Watching, true)?;
    let row = directory::user(ledger, user)?;
    ringing::allow(ledger, &sender, &row)?;
    entry(ledger, user, id, date)
}

/// Puts the share off; it waits in the inbox as it is.
pub fn later(ledger: &mut dyn Ledger, news: &mut News, user: UserId, id: ShareId) -> Result<(), ShareError> {
    change(ledger, news, user, id, TargetState::Later, false).map(|_| ())
}

/// Declines the share; kept in the inbox, seen.
pub fn decline(ledger: &mut dyn Ledger, news: &mut News, user: UserId, id: ShareId) -> Result<(), ShareError> {
    change(ledger, news, user, id, TargetState::Declined, true).map(|_| ())
}

/// The last TV of `user` that played the share has left it, at `position_ms`. Nothing to do where the share is gone.
pub fn leave(
    ledger: &mut dyn Ledger,
    news: &mut News,
    user: UserId,
    id: ShareId,
    position_ms: Option<u64>,
) -> Result<(), ShareError> {
    let Some(mut share) = ledger.share(id)? else { return Ok(()) };
    let Some(target) = share.target_mut(user) else { return Ok(()) };
    if target.state != TargetState::Watching {
        return Ok(());
    }
    step_target(target, TargetState::Watched);
    target.position_ms = position_ms.unwrap_or(target.position_ms);
    save(ledger, &share)?;
    let name = directory::user(ledger, user)?.name;
    news.target(id, user, &name, TargetState::Watched, None);
    Ok(())
}

/// Deletes the share from the inbox of `user`.
pub fn delete(ledger: &mut dyn Ledger, news: &mut News, user: UserId, id: ShareId) -> Result<(), ShareError> {
    let (mut share, target) = find_both(ledger, user, id)?;
    if target.place.is_none() {
        return Err(ShareError::NotReady);
    }
    sharing::take_from_inbox(ledger, &mut share, user)?;
    save(ledger, &share)?;
    news.inbox(ledger, user)
}
