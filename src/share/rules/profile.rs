//! What people say of themselves and how they look: names, numbers, addresses, PINs and photos, changed later on.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::ground::crypto::PinHash;
use crate::ground::id::{PhotoId, SenderId, UserId};
use crate::ground::time::UnixMs;
use crate::share::events::news::{News, account_tvs};
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::input;
use crate::share::model::rows::{Agreement, Sender, User};
use crate::share::model::views::ProfileChange;
use crate::share::rules::{directory, people, ringing};

/// What becomes of a PIN.
pub enum PinChange {
    /// It stays as it is.
    Keep,
    /// There is none any more.
    Remove,
    /// It is this one; hashed before: that is slow.
    Set(PinHash),
}

/// Changes what a sender says of themselves. Nobody has allowed a name that they take now.
pub fn change_sender(ledger: &mut dyn Ledger, id: SenderId, change: &ProfileChange) -> Result<Sender, ShareError> {
    let mut sender = sender(ledger, id)?;
    let before = sender.name.clone();
    apply(change, &mut sender.name, &mut sender.msisdn, &mut sender.email)?;
    if sender.name != before {
        ringing::is_renamed(ledger, id)?;
    }
    ledger.put_sender(id, &sender)?;
    Ok(sender)
}

/// Changes what is said of a user. A new PIN opens what an old one locked, and whoever was signed in has to know it.
pub fn change_user(
    ledger: &mut dyn Ledger,
    news: &mut News,
    id: UserId,
    change: &ProfileChange,
    pin: PinChange,
) -> Result<User, ShareError> {
    let mut user = directory::user(ledger, id)?;
    directory::strike(ledger, &user)?;
    apply(change, &mut user.name, &mut user.msisdn, &mut user.email)?;
    directory::enter(ledger, &user)?;
    let sign_out = matches!(pin, PinChange::Set(_));
    match pin {
        PinChange::Keep => {}
        PinChange::Remove => user.pin = None,
        PinChange::Set(hash) => user.pin = Some(hash),
    }
    ledger.put_user(id, &user)?;
    if sign_out {
        ledger.remove_pin_tries(id)?;
        people::sign_out_everywhere(ledger, &user)?;
    }
    tell_tvs(ledger, news, &user)?;
    Ok(user)
}

fn apply(
    change: &ProfileChange,
    name: &mut String,
    msisdn: &mut Option<String>,
    email: &mut Option<String>,
) -> Result<(), ShareError> {
    if let Some(text) = &change.name {
        *name = input::name(text)?;
    }
    if let Some(text) = &change.msisdn {
        *msisdn = input::msisdn(Some(text))?;
    }
    if let Some(text) = &change.email {
        *email = input::email(Some(text))?;
    }
    Ok(())
}

/// Writes down that a sender agreed to a version of the terms. Said again, the first time counts.
pub fn agree(ledger: &mut dyn Ledger, date: UnixMs, id: SenderId, version: &str) -> Result<Agreement, ShareError> {
    let mut sender = sender(ledger, id)?;
    if let Some(agreement) = sender.terms.as_ref().filter(|agreement| agreement.version == version) {
        return Ok(agreement.clone());
    }
    let agreement = Agreement { version: version.to_owned(), at: date };
    sender.terms = Some(agreement.clone());
    ledger.put_sender(id, &sender)?;
    Ok(agreement)
}

/// Gives a sender another photo; the one they had.
pub fn set_sender_photo(
    ledger: &mut dyn Ledger,
    id: SenderId,
    photo: Option<PhotoId>,
) -> Result<Option<PhotoId>, ShareError> {
    let mut sender = sender(ledger, id)?;
    let before = std::mem::replace(&mut sender.photo, photo);
    ledger.put_sender(id, &sender)?;
    Ok(before)
}

/// Gives a user another photo; the one they had.
pub fn set_user_photo(
    ledger: &mut dyn Ledger,
    news: &mut News,
    id: UserId,
    photo: Option<PhotoId>,
) -> Result<Option<PhotoId>, ShareError> {
    let mut user = directory::user(ledger, id)?;
    let before = std::mem::replace(&mut user.photo, photo);
    ledger.put_user(id, &user)?;
    tell_tvs(ledger, news, &user)?;
    Ok(before)
}

/// The photos of everyone.
pub fn photos(ledger: &dyn Rows) -> Result<BTreeSet<PhotoId>, ShareError> {
    let mut photos = BTreeSet::new();
    ledger.scan_users(all(), Order::Rising, &mut |_, user| {
        photos.extend(user.photo);
        ControlFlow::Continue(())
    })?;
    ledger.scan_senders(all(), Order::Rising, &mut |_, sender| {
        photos.extend(sender.photo);
        ControlFlow::Continue(())
    })?;
    Ok(photos)
}

fn sender(ledger: &dyn Rows, id: SenderId) -> Result<Sender, ShareError> {
    ledger.sender(id)?.ok_or(ShareError::NotFound("sender"))
}

/// The household's TVs ask again who is there.
fn tell_tvs(ledger: &dyn Rows, news: &mut News, user: &User) -> Result<(), ShareError> {
    for tv in account_tvs(ledger, user.account)? {
        news.tv(tv, true);
    }
    Ok(())
}
