//! Camera apps: whom a sender's camera apps share with, and which share the lasting address of a phone is for. Pure.
//!
//! Whoever publishes at the lasting address goes on with the share it made before, as long as media may still come to
//! that; then it makes the next.

use std::ops::ControlFlow;

use crate::ground::crypto::TokenHash;
use crate::ground::id::{PhoneId, SenderId, ShareId, UserId};
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{Phone, Recipients, Sender, Share};
use crate::share::model::state::Kind;
use crate::share::model::views::Asker;
use crate::share::rules::sharing::{self, Wish};
use crate::share::rules::{contacts, directory, phones};

/// Whom a sender's camera apps share with: whom they chose, as far as they are still their contacts; before they choose,
/// the people of the household they were invited to.
pub fn recipients(ledger: &dyn Rows, id: SenderId) -> Result<Vec<UserId>, ShareError> {
    let Some(chosen) = ledger.recipients(id)? else {
        let sender = ledger.sender(id)?.ok_or(ShareError::NotFound("sender"))?;
        let household = sender.account.map(|account| directory::of_account(ledger, account)).transpose()?;
        let mut users = household.unwrap_or_default();
        users.truncate(limits::SHARE_TARGETS);
        return Ok(users);
    };
    let mut users = Vec::with_capacity(chosen.users.len());
    for user in chosen.users {
        match contacts::check(ledger, id, &[user]) {
            Ok(()) => users.push(user),
            Err(ShareError::NotAContact) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(users)
}

/// Chooses whom a sender's camera apps share with; nobody is a choice too.
pub fn choose(ledger: &mut dyn Ledger, id: SenderId, chosen: &[UserId]) -> Result<(), ShareError> {
    if chosen.len() > limits::SHARE_TARGETS {
        return Err(ShareError::Full(format!("a share is for {} people at most", limits::SHARE_TARGETS)));
    }
    contacts::check(ledger, id, chosen)?;
    let mut users = Vec::with_capacity(chosen.len());
    for user in chosen {
        if !users.contains(user) {
            users.push(*user);
        }
    }
    Ok(ledger.put_recipients(id, &Recipients { users })?)
}

/// The phone whose lasting address has this token.
pub fn phone(ledger: &dyn Rows, token: &str) -> Result<(Phone, Sender), ShareError> {
    phones::phone_by_token(ledger, token)?.ok_or(ShareError::NotFound("publish address"))
}

/// The share that goes on at a phone's lasting address.
fn current(ledger: &dyn Rows, phone: &Phone) -> Result<Option<ShareId>, ShareError> {
    let Some(share) = ledger.camera_share(phone.id)? else { return Ok(None) };
    Ok(ledger.share(share)?.filter(|share| share.state.is_unfinished()).map(|share| share.id))
}

/// The phones at whose lasting addresses `share` was published.
pub fn phones_of(ledger: &dyn Rows, share: ShareId) -> Result<Vec<PhoneId>, ShareError> {
    let mut phones = Vec::new();
    ledger.scan_camera_shares(all(), Order::Rising, &mut |phone, made| {
        if made == share {
            phones.push(phone);
        }
        ControlFlow::Continue(())
    })?;
    Ok(phones)
}

/// Whether something may be published at the lasting address with `token`; the share that goes on there, if one does.
/// `streams`: live shares that may be under way at once.
pub fn admit(ledger: &dyn Rows, token: &str, streams: usize) -> Result<Option<ShareId>, ShareError> {
    let (phone, sender) = phone(ledger, token)?;
    let current = current(ledger, &phone)?;
    if current.is_none() {
        if recipients(ledger, sender.id)?.is_empty() {
            return Err(ShareError::NoRecipients);
        }
        sharing::check_room(ledger, Asker::Sender(sender.id), Kind::Live, streams)?;
    }
    Ok(current)
}

/// What is published at the lasting address with `token`: the share that goes on there, or a new one, which comes whole.
/// `publish_token` is the token of the new one's own address, which nobody is told.
pub fn publish(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    token: &str,
    publish_token: TokenHash,
    streams: usize,
) -> Result<(ShareId, Option<Share>), ShareError> {
    let (phone, sender) = phone(ledger, token)?;
    if let Some(share) = current(ledger, &phone)? {
        return Ok((share, None));
    }
    let targets = recipients(ledger, sender.id)?;
    if targets.is_empty() {
        return Err(ShareError::NoRecipients);
    }
    let asker = Asker::Sender(sender.id);
    let wish = Wish { asker, sender: sender.id, targets, kind: Kind::Live, title: None, token: publish_token, streams };
    let share = sharing::create(ledger, date, wish)?;
    ledger.put_camera_share(phone.id, &share.id)?;
    Ok((share.id, Some(share)))
}
