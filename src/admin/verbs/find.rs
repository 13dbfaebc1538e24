//! What verbs speak of, found by what was typed: an id, or a name that only one has.

use crate::ground::id::{AccountId, PhoneId, ShareId, TvId, UserId};
use crate::share::{ShareError, Steward};

/// The account with this id, or the only one with this name.
pub(super) fn account(steward: &Steward, text: &str) -> Result<AccountId, ShareError> {
    let accounts = steward.accounts()?;
    let known = accounts.iter().map(|account| (account.id, account.id.to_string(), account.name.as_str()));
    find(text, known, "account")
}

/// The user with this id, or the only one with this name.
pub(super) fn user(steward: &Steward, text: &str) -> Result<UserId, ShareError> {
    let users = steward.users(None)?;
    find(text, users.iter().map(|user| (user.id, user.id.to_string(), user.name.as_str())), "user")
}

fn find<'a, I>(
    text: &str,
    known: impl Iterator<Item = (I, String, &'a str)>,
    what: &'static str,
) -> Result<I, ShareError> {
    let mut named = Vec::new();
    for (id, written, name) in known {
        if written == text {
            return Ok(id);
        }
        if name == text {
            named.push(id);
        }
    }
    match (named.pop(), named.is_empty()) {
        (Some(id), true) => Ok(id),
        (Some(_), false) => Err(ShareError::Invalid(format!("several are named “{text}”; give the {what}'s id"))),
        (None, _) => Err(ShareError::NotFound(what)),
    }
}

pub(super) fn phone(text: &str) -> Result<PhoneId, ShareError> {
    text.parse().map_err(|_| ShareError::NotFound("phone"))
}

pub(super) fn share(text: &str) -> Result<ShareId, ShareError> {
    text.parse().map_err(|_| ShareError::NotFound("share"))
}

pub(super) fn tv(text: &str) -> Result<TvId, ShareError> {
    text.parse().map_err(|_| ShareError::NotFound("TV"))
}
