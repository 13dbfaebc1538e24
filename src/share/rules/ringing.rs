//! Whether what is shared with a user reaches them, and whether it rings, and how. Pure.
//!
//! A sender from outside the household whom the user does not know yet asks first: a quiet ring, once a day at most,
//! until the user allows them. Nobody rings often: what is too much waits in the inbox, silently. Senders are told
//! nothing of all this.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use crate::ground::id::{AccountId, SenderId, ShareId, UserId};
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{Sender, Standing, User};
use crate::share::model::state::Manner;
use crate::share::rules::{directory, phones};

/// What a sender is to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tie {
    /// One of the owner's own cameras: it has no phone, so whatever it shares is the owner's doing.
    OwnersCamera,
    /// Of the same household.
    Member,
    /// Anyone else.
    Outsider,
}

/// An owner's camera never stands in any way with anyone: who does has a phone, or had one that was revoked.
fn tie(ledger: &dyn Rows, sender: &Sender, user: &User, standing: Option<&Standing>) -> Result<Tie, ShareError> {
    Ok(match sender.account {
        Some(household) if household == user.account => Tie::Member,
        _ if standing.is_some() || phones::has_phone(ledger, sender.id)? => Tie::Outsider,
        _ => Tie::OwnersCamera,
    })
}

/// Whether a sender belongs to no household. Whoever has the owner's phone does, and so do the owner's cameras.
pub fn is_guest(ledger: &dyn Rows, sender: SenderId) -> Result<bool, ShareError> {
    let household = ledger.sender(sender)?.and_then(|sender| sender.account);
    if household.is_some() || phones::is_owner(ledger, sender)? {
        return Ok(false);
    }
    Ok(phones::has_phone(ledger, sender)? || !known_to(ledger, sender)?.is_empty())
}

/// Whether nothing of `sender` may reach `user`: blocked, or the service is off. Nobody is told which.
pub fn is_barred(ledger: &dyn Rows, user: &User, sender: SenderId) -> Result<bool, ShareError> {
    Ok(user.settings.service_off
        || ledger.blocks(user.id)?.is_some_and(|blocks| blocks.senders.binary_search(&sender).is_ok()))
}

/// The users whom something of a sender's has reached, and how the sender stands with them.
fn known_to(ledger: &dyn Rows, sender: SenderId) -> Result<Vec<(UserId, Standing)>, ShareError> {
    let with = |user| Bound::Included((sender, UserId(user)));
    let mut standings = Vec::new();
    ledger.scan_standings((with([0; 10]), with([255; 10])), Order::Rising, &mut |(_, user), standing| {
        standings.push((user, standing));
        ControlFlow::Continue(())
    })?;
    Ok(standings)
}

/// Whether `user` has yet to say whether they want to hear of `sender`.
pub fn is_unknown(ledger: &dyn Rows, sender: &Sender, user: &User) -> Result<bool, ShareError> {
    if sender.account == Some(user.account) {
        return Ok(false);
    }
    let standing = ledger.standing((sender.id, user.id))?;
    let is_allowed = standing.as_ref().is_some_and(|standing| standing.allowed);
    Ok(!is_allowed && tie(ledger, sender, user, standing.as_ref())? == Tie::Outsider)
}

/// How a share that has just come to `user` rings; `None` where it waits silently. It is written down.
pub fn arrive(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    share: ShareId,
    sender: &Sender,
    user: &User,
) -> Result<Option<Manner>, ShareError> {
    let key = (sender.id, user.id);
    let standing = ledger.standing(key)?;
    let tie = tie(ledger, sender, user, standing.as_ref())?;
    if tie == Tie::OwnersCamera {
        return Ok(Some(Manner::Loud));
    }
    let mut standing = standing.unwrap_or_default();
    let manner = if tie == Tie::Member || standing.allowed { Manner::Loud } else { Manner::Quiet };
    let most = if tie == Tie::Member { limits::RINGS_OF_MEMBERS } else { limits::RINGS_OF_OUTSIDERS };
    let too_much = match manner {
        Manner::Loud => {
            let rung = of_late(ledger, date, sender.id, user.account)?;
            rung.len() >= most && !rung.contains(&share)
        }
        Manner::Quiet => standing.asked_at.is_some_and(|at| at.holds(limits::ASKING_TIME.as_millis() as u64, date)),
    };
    if too_much {
        return Ok(None);
    }
    if manner == Manner::Quiet {
        standing.asked_at = Some(date);
    }
    standing.rung.push((date, share));
    let old = standing.rung.len().saturating_sub(limits::RINGS_OF_MEMBERS);
    standing.rung.drain(..old);
    ledger.put_standing(key, &standing)?;
    Ok(Some(manner))
}

/// What of a sender's rang in a household of late, for whomever of it: its TVs are everyone's.
fn of_late(
    ledger: &dyn Rows,
    date: UnixMs,
    sender: SenderId,
    account: AccountId,
) -> Result<BTreeSet<ShareId>, ShareError> {
    let is_late = |at: UnixMs| at.holds(limits::RINGS_TIME.as_millis() as u64, date);
    let mut shares = BTreeSet::new();
    for user in directory::of_account(ledger, account)? {
        let rung = ledger.standing((sender, user))?.map(|standing| standing.rung).unwrap_or_default();
        shares.extend(rung.into_iter().filter(|(at, _)| is_late(*at)).map(|(_, share)| share));
    }
    Ok(shares)
}

/// How a share that `user` has not answered rings on a TV that is switched on now; `None` where it never rang.
pub fn again(ledger: &dyn Rows, share: ShareId, sender: &Sender, user: &User) -> Result<Option<Manner>, ShareError> {
    let standing = ledger.standing((sender.id, user.id))?;
    let tie = tie(ledger, sender, user, standing.as_ref())?;
    let standing = standing.unwrap_or_default();
    let is_known = tie != Tie::Outsider || standing.allowed;
    // Of what came before all this was written down, nothing is.
    let is_old = is_known && standing.rung.is_empty();
    let rang = tie == Tie::OwnersCamera || is_old || standing.rung.iter().any(|(_, rung)| *rung == share);
    Ok(rang.then_some(if is_known { Manner::Loud } else { Manner::Quiet }))
}

/// `user` wants to hear of `sender` from now on; whether that is new.
pub fn allow(ledger: &mut dyn Ledger, sender: &Sender, user: &User) -> Result<bool, ShareError> {
    let new = is_unknown(ledger, sender, user)?;
    if new {
        let standing = ledger.standing((sender.id, user.id))?.unwrap_or_default();
        ledger.put_standing((sender.id, user.id), &Standing { allowed: true, ..standing })?;
    }
    Ok(new)
}

/// A sender goes by another name: nobody has allowed that one. When they asked last stays as it was.
pub fn is_renamed(ledger: &mut dyn Ledger, sender: SenderId) -> Result<(), ShareError> {
    for (user, standing) in known_to(ledger, sender)?.into_iter().filter(|(_, standing)| standing.allowed) {
        ledger.put_standing((sender, user), &Standing { allowed: false, ..standing })?;
    }
    Ok(())
}

/// Nobody stands in any way with a user who goes.
pub fn forget(ledger: &mut dyn Ledger, user: UserId) -> Result<(), ShareError> {
    let mut gone = Vec::new();
    ledger.scan_standings(all(), Order::Rising, &mut |key, _| {
        if key.1 == user {
            gone.push(key);
        }
        ControlFlow::Continue(())
    })?;
    gone.into_iter().try_for_each(|key| Ok(ledger.remove_standing(key)?))
}
