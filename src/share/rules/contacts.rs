//! Contacts: whom a sender knows, and so may share with. Never everyone: the users of the household they belong to, and
//! those whose number or address is in their phone's address book. The address book itself is not kept.
//!
//! What a sender says of themselves proves nothing: they belong where they were invited to, or where the owner put them.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use crate::ground::id::{SenderId, UserId};
use crate::ground::limits;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::phone_numbers;
use crate::share::model::rows::{Sender, User};
use crate::share::model::views::Contact;
use crate::share::rules::directory;

/// Whom a sender may share with, oldest first.
pub fn contacts(ledger: &dyn Rows, id: SenderId) -> Result<Vec<User>, ShareError> {
    let sender = ledger.sender(id)?.ok_or(ShareError::NotFound("sender"))?;
    let mut known = BTreeSet::new();
    let range = (Bound::Included((id, UserId([0; 10]))), Bound::Included((id, UserId([255; 10]))));
    ledger.scan_contacts(range, Order::Rising, &mut |(_, user), ()| {
        known.insert(user);
        ControlFlow::Continue(())
    })?;
    if let Some(account) = sender.account {
        known.extend(directory::of_account(ledger, account)?);
    }
    let mut users = Vec::with_capacity(known.len());
    for user in known {
        users.extend(ledger.user(user)?);
    }
    Ok(users)
}

/// Refuses a share for anyone the sender does not know. Users that are not there are not known either: nobody learns by
/// asking who is.
pub fn check(ledger: &dyn Rows, id: SenderId, users: &[UserId]) -> Result<(), ShareError> {
    let sender = ledger.sender(id)?.ok_or(ShareError::NotFound("sender"))?;
    for user in users {
        let row = ledger.user(*user)?.ok_or(ShareError::NotAContact)?;
        if sender.account != Some(row.account) && ledger.contact((id, *user))?.is_none() {
            return Err(ShareError::NotAContact);
        }
    }
    Ok(())
}

/// A contact as it is compared: what its number may mean in E.164, and its address in small letters.
#[derive(Debug, Default)]
pub struct Read {
    numbers: Vec<String>,
    address: String,
}

impl Read {
    /// What it is counted by.
    pub fn key(&self) -> (&str, &str) {
        (self.numbers.first().map_or("", String::as_str), &self.address)
    }
}

/// Where the numbers of a sender's address book are from that don't say it: the country of the sender's own number; else
/// that of their household; else that of the `region` their phone is set to; else that of the only household.
fn country(ledger: &dyn Rows, sender: &Sender, region: Option<&str>) -> Result<Option<String>, ShareError> {
    if let Some(code) = sender.msisdn.as_deref().and_then(phone_numbers::calling_code) {
        return Ok(Some(code.to_owned()));
    }
    let own = sender.account.map(|account| directory::account(ledger, account)).transpose()?;
    if let Some(country) = own.and_then(|household| household.country) {
        return Ok(Some(country));
    }
    if let Some(code) = region.and_then(phone_numbers::of_region) {
        return Ok(Some(code.to_owned()));
    }
    match directory::accounts(ledger)?.as_slice() {
        [only] => Ok(only.country.clone()),
        _ => Ok(None),
    }
}

/// The first contacts of a sender's, which are all that is looked at, as numbers are written where the sender is from.
/// `region`: what their phone is set to, such as `PT`.
pub fn read(
    ledger: &dyn Rows,
    id: SenderId,
    contacts: &[Contact],
    region: Option<&str>,
) -> Result<Vec<Read>, ShareError> {
    let sender = ledger.sender(id)?.ok_or(ShareError::NotFound("sender"))?;
    let country = country(ledger, &sender, region)?;
    let first = contacts.iter().take(limits::CONTACTS);
    Ok(first
        .map(|contact| Read {
            numbers: phone_numbers::meanings(contact.msisdn.as_deref().unwrap_or_default(), country.as_deref()),
            address: contact.email.as_deref().unwrap_or_default().trim().to_lowercase(),
        })
        .collect())
}

/// Which users these contacts are.
pub fn find<'a>(ledger: &dyn Rows, contacts: impl Iterator<Item = &'a Read>) -> Result<Vec<User>, ShareError> {
    let mut found = BTreeSet::new();
    for contact in contacts {
        for number in &contact.numbers {
            found.extend(directory::with_number(ledger, number)?);
        }
        if !contact.address.is_empty() {
            found.extend(directory::with_address(ledger, &contact.address)?);
        }
    }
    let mut matched = Vec::with_capacity(found.len());
    for user in found {
        matched.extend(ledger.user(user)?);
    }
    Ok(matched)
}

/// Which of these users the sender was not known to know.
pub fn unknown(ledger: &dyn Rows, id: SenderId, users: &[User]) -> Result<Vec<UserId>, ShareError> {
    let mut unknown = Vec::new();
    for user in users {
        if ledger.contact((id, user.id))?.is_none() {
            unknown.push(user.id);
        }
    }
    Ok(unknown)
}

/// Remembers that a sender knows these users, as far as they are still there.
pub fn remember(ledger: &mut dyn Ledger, id: SenderId, users: &[UserId]) -> Result<(), ShareError> {
    for user in users {
        if ledger.user(*user)?.is_some() {
            ledger.put_contact((id, *user), &())?;
        }
    }
    Ok(())
}

/// Nobody knows a user who goes.
pub fn forget(ledger: &mut dyn Ledger, user: UserId) -> Result<(), ShareError> {
    let mut known = Vec::new();
    ledger.scan_contacts(all(), Order::Rising, &mut |key, ()| {
        if key.1 == user {
            known.push(key);
        }
        ControlFlow::Continue(())
    })?;
    known.into_iter().try_for_each(|key| Ok(ledger.remove_contact(key)?))
}
