//! How long shares are kept: retention, the disk's quota, and what a restart left half done.

use std::collections::HashMap;
use std::ops::{Bound, ControlFlow};
use std::time::Duration;

use crate::ground::id::{SenderId, ShareId};
use crate::ground::time::{DAWN, UnixMs};
use crate::share::events::news::News;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::state::{Kind, ShareState, TargetState};
use crate::share::model::views::Unfinished;
use crate::share::rules::eviction::Held;
use crate::share::rules::ringing;
use crate::share::rules::sharing::{self, active_shares, find, save};
use crate::share::rules::viewing;

/// Shares looked at in one sweep: a sweep is one short decision, and there will be another.
const SWEEP_SHARES: usize = 256;
/// How far in the future an end may lie before the clock must have been wrong.
const CLOCK_SLACK: Duration = Duration::from_secs(24 * 3600);
/// The id above all others.
const LAST: ShareId = ShareId([255; 10]);

/// What a sweep has to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Shares whose time is over.
    expire: Vec<ShareId>,
    /// Shares that expired as long ago as they were kept before.
    forget: Vec<ShareId>,
    /// Shares that ended in the future, or before there were any: the clock was wrong then.
    misdated: Vec<ShareId>,
}

impl Due {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.expire.is_empty() && self.forget.is_empty() && self.misdated.is_empty()
    }
}

/// Looks for what is due; reads nothing else.
pub fn due(ledger: &dyn Rows, date: UnixMs, retention: Duration) -> Result<Due, ShareError> {
    let mut due = Due::default();
    if date < DAWN {
        return Ok(due);
    }
    let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    let old = UnixMs(date.0.saturating_sub(retention_ms));
    let until_old = (Bound::Unbounded, Bound::Included((old, LAST)));
    ledger.scan_kept_shares(until_old, Order::Rising, &mut |(ended_at, share), _| {
        take(if ended_at < DAWN { &mut due.misdated } else { &mut due.expire }, share)
    })?;
    ledger.scan_expired_shares(until_old, Order::Rising, &mut |(_, share), ()| take(&mut due.forget, share))?;
    let future = (Bound::Excluded((date.plus(CLOCK_SLACK), LAST)), Bound::Unbounded);
    ledger.scan_kept_shares(future, Order::Rising, &mut |(_, share), _| take(&mut due.misdated, share))?;
    Ok(due)
}

fn take(list: &mut Vec<ShareId>, share: ShareId) -> ControlFlow<()> {
    list.push(share);
    if list.len() < SWEEP_SHARES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// Does what is due.
pub fn sweep(ledger: &mut dyn Ledger, news: &mut News, date: UnixMs, due: Due) -> Result<(), ShareError> {
    for share in due.expire {
        expire(ledger, news, date, share)?;
    }
    for share in due.forget {
        if let Some(share) = ledger.share(share)? {
            sharing::forget(ledger, &share)?;
        }
    }
    for share in due.misdated {
        let Some(mut share) = ledger.share(share)? else { continue };
        if let Some(ended_at) = share.ended_at {
            ledger.remove_kept_share((ended_at, share.id))?;
            share.ended_at = Some(date);
            save(ledger, &share)?;
        }
    }
    Ok(())
}

/// The share's time is over: its recording is to be deleted, and it counts as seen. Nothing to do where it is not
/// ended, or kept.
pub fn expire(ledger: &mut dyn Ledger, news: &mut News, date: UnixMs, id: ShareId) -> Result<(), ShareError> {
    let Some(mut share) = ledger.share(id)? else { return Ok(()) };
    let may = share.state.may_become(ShareState::Expired) && !share.kept;
    let (true, Some(ended_at)) = (may, share.ended_at) else { return Ok(()) };
    share.state = ShareState::Expired;
    share.expired_at = Some(date);
    let mut counted = Vec::new();
    for target in &mut share.targets {
        if sharing::mark_seen(ledger, target)? {
            counted.push(target.user);
        }
    }
    ledger.remove_kept_share((ended_at, id))?;
    ledger.put_expired_share((date, id), &())?;
    ledger.put_discard(id, &())?;
    save(ledger, &share)?;
    news.share(ledger, &share)?;
    for user in counted {
        news.inbox(ledger, user)?;
    }
    Ok(())
}

/// The shares that may be let go when there is no room, the oldest first; what they take of the disk is not known here.
pub fn held(ledger: &dyn Rows) -> Result<Vec<Held>, ShareError> {
    let mut listed = Vec::new();
    ledger.scan_kept_shares(all(), Order::Rising, &mut |(_, share), kept| {
        listed.push((share, kept.all_seen));
        ControlFlow::Continue(())
    })?;
    let mut guests: HashMap<SenderId, bool> = HashMap::new();
    let mut held = Vec::with_capacity(listed.len());
    for (share, seen) in listed {
        let sender = find(ledger, share)?.sender;
        let is_guest = match guests.get(&sender) {
            Some(known) => *known,
            None => {
                let is_guest = ringing::is_guest(ledger, sender)?;
                *guests.entry(sender).or_insert(is_guest)
            }
        };
        held.push(Held { share, sender, is_guest, seen, bytes: 0 });
    }
    Ok(held)
}

/// The recordings that are to be deleted.
pub fn discards(ledger: &dyn Rows) -> Result<Vec<ShareId>, ShareError> {
    let mut shares = Vec::new();
    ledger.scan_discards(all(), Order::Rising, &mut |share, ()| take(&mut shares, share))?;
    Ok(shares)
}

/// After a restart nobody watches; whoever did has watched.
pub fn wake_up(ledger: &mut dyn Ledger, news: &mut News) -> Result<(), ShareError> {
    for id in active_shares(ledger)? {
        let share = find(ledger, id)?;
        for target in share.targets.iter().filter(|target| target.state == TargetState::Watching) {
            viewing::leave(ledger, news, target.user, id, None)?;
        }
    }
    Ok(())
}

/// Live shares that are over and whose length nobody wrote down: a stop of the gateway came between.
pub fn unmeasured(ledger: &dyn Rows) -> Result<Vec<ShareId>, ShareError> {
    let mut shares = Vec::new();
    ledger.scan_shares(all(), Order::Rising, &mut |id, share| {
        if (share.kind, share.state, share.duration_ms) == (Kind::Live, ShareState::Ended, None) {
            shares.push(id);
        }
        ControlFlow::Continue(())
    })?;
    Ok(shares)
}

/// The shares to which media may still come.
pub fn unfinished(ledger: &dyn Rows) -> Result<Vec<Unfinished>, ShareError> {
    let unfinished = sharing::unfinished(ledger)?.into_iter();
    Ok(unfinished.map(|share| Unfinished { share: share.id, kind: share.kind, state: share.state }).collect())
}
