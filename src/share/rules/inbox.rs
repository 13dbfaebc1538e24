//! Inboxes: where a user's shares have their places, newest first. Pure.
//!
//! A place is a number that rises with every arrival, whatever the clock says. Places are counted in stretches of
//! [`STRETCH`], so a page is found by skipping stretches, not entries: a page costs the same in an inbox of ten and of
//! a hundred thousand.

use std::ops::{Bound, ControlFlow};

use crate::ground::id::{ShareId, UserId};
use crate::share::ledger::{Ledger, Order, Range, Rows};
use crate::share::model::error::ShareError;

/// Places of a stretch.
const STRETCH: u64 = 256;

/// Puts `share` on top of the inbox of `user`, unseen; its place.
pub fn arrive(ledger: &mut dyn Ledger, user: UserId, share: ShareId) -> Result<u64, ShareError> {
    let mut counts = ledger.inbox_counts(user)?.unwrap_or_default();
    let place = counts.next;
    counts.next += 1;
    counts.total += 1;
    counts.unseen += 1;
    let stretch = (user, place / STRETCH);
    let held = ledger.inbox_block(stretch)?.unwrap_or(0);
    ledger.put_inbox_entry((user, place), &share)?;
    ledger.put_inbox_block(stretch, &(held + 1))?;
    ledger.put_inbox_counts(user, &counts)?;
    Ok(place)
}

/// Counts an entry of `user` as seen that was not.
pub fn count_seen(ledger: &mut dyn Ledger, user: UserId) -> Result<(), ShareError> {
    let mut counts = ledger.inbox_counts(user)?.unwrap_or_default();
    counts.unseen = counts.unseen.saturating_sub(1);
    ledger.put_inbox_counts(user, &counts)?;
    Ok(())
}

/// Takes the entry at `place` out of the inbox of `user`.
pub fn leave(ledger: &mut dyn Ledger, user: UserId, place: u64, seen: bool) -> Result<(), ShareError> {
    let mut counts = ledger.inbox_counts(user)?.unwrap_or_default();
    counts.total = counts.total.saturating_sub(1);
    if !seen {
        counts.unseen = counts.unseen.saturating_sub(1);
    }
    let stretch = (user, place / STRETCH);
    ledger.remove_inbox_entry((user, place))?;
    match ledger.inbox_block(stretch)?.unwrap_or(0) {
        0 | 1 => ledger.remove_inbox_block(stretch)?,
        held => ledger.put_inbox_block(stretch, &(held - 1))?,
    }
    ledger.put_inbox_counts(user, &counts)?;
    Ok(())
}

/// `limit` shares of the inbox of `user`, newest first, after the `offset` newest.
pub fn page(ledger: &dyn Rows, user: UserId, offset: u64, limit: usize) -> Result<Vec<ShareId>, ShareError> {
    let mut skip = offset;
    let mut top = None;
    ledger.scan_inbox_blocks(stretches(user), Order::Falling, &mut |(_, stretch), held| {
        if skip >= u64::from(held) {
            skip -= u64::from(held);
            ControlFlow::Continue(())
        } else {
            top = Some(stretch);
            ControlFlow::Break(())
        }
    })?;
    let mut shares = Vec::new();
    let Some(top) = top.filter(|_| limit > 0) else { return Ok(shares) };
    let range = (Bound::Included((user, 0)), Bound::Included((user, top * STRETCH + (STRETCH - 1))));
    ledger.scan_inbox(range, Order::Falling, &mut |_, share| {
        if skip > 0 {
            skip -= 1;
        } else {
            shares.push(share);
        }
        if shares.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(shares)
}

/// All shares in the inbox of `user`, oldest first.
pub fn all(ledger: &dyn Rows, user: UserId) -> Result<Vec<ShareId>, ShareError> {
    let mut shares = Vec::new();
    ledger.scan_inbox(stretches(user), Order::Rising, &mut |_, share| {
        shares.push(share);
        ControlFlow::Continue(())
    })?;
    Ok(shares)
}

/// Removes the inbox of a user who goes.
pub fn clear(ledger: &mut dyn Ledger, user: UserId) -> Result<(), ShareError> {
    let (mut places, mut held) = (Vec::new(), Vec::new());
    ledger.scan_inbox(stretches(user), Order::Rising, &mut |key, _| {
        places.push(key);
        ControlFlow::Continue(())
    })?;
    ledger.scan_inbox_blocks(stretches(user), Order::Rising, &mut |key, _| {
        held.push(key);
        ControlFlow::Continue(())
    })?;
    for key in places {
        ledger.remove_inbox_entry(key)?;
    }
    for key in held {
        ledger.remove_inbox_block(key)?;
    }
    ledger.remove_inbox_counts(user)?;
    Ok(())
}

fn stretches(user: UserId) -> Range<(UserId, u64)> {
    (Bound::Included((user, 0)), Bound::Included((user, u64::MAX)))
}
