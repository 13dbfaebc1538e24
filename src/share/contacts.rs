//! Contacts: whom a sender knows, and so may share with. Never everyone: the users of the households they belong to, and
//! those whose number or address is in their phone's address book. The address book itself is not kept.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use crate::ground::id::{AccountId, SenderId, UserId};
use crate::ground::limits;
use crate::share::error::ShareError;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::rows::{Sender, User};
use crate::share::views::{Contact, Matches};
use crate::share::{directory, numbers, people};

/// The households a sender belongs to: where they were invited to, and where a user has their number or address.
pub fn households(ledger: &dyn Rows, sender: &Sender) -> Result<BTreeSet<AccountId>, ShareError> {
    let mut same = Vec::new();
    if let Some(msisdn) = &sender.msisdn {
        same.extend(directory::with_number(ledger, msisdn)?);
    }
    if let Some(email) = &sender.email {
        same.extend(directory::with_address(ledger, email)?);
    }
    let mut households: BTreeSet<AccountId> = sender.account.into_iter().collect();
    for user in same {
        households.extend(ledger.user(user)?.map(|user| user.account));
    }
    Ok(households)
}

/// Whom a sender may share with, oldest first.
pub fn contacts(ledger: &dyn Rows, id: SenderId) -> Result<Vec<User>, ShareError> {
    let sender = ledger.sender(id)?.ok_or(ShareError::NotFound("sender"))?;
    let mut known = BTreeSet::new();
    let range = (Bound::Included((id, UserId([0; 10]))), Bound::Included((id, UserId([255; 10]))));
    ledger.scan_contacts(range, Order::Rising, &mut |(_, user), ()| {
        known.insert(user);
        ControlFlow::Continue(())
    })?;
    for account in households(ledger, &sender)? {
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
    let households = households(ledger, &sender)?;
    for user in users {
        let row = ledger.user(*user)?.ok_or(ShareError::NotAContact)?;
        if !households.contains(&row.account) && ledger.contact((id, *user))?.is_none() {
            return Err(ShareError::NotAContact);
        }
    }
    Ok(())
}

/// Which users a sender's contacts are. Looks at the first contacts only, and says how many.
pub fn find(ledger: &dyn Rows, id: SenderId, contacts: &[Contact]) -> Result<Matches, ShareError> {
    let sender = ledger.sender(id)?.ok_or(ShareError::NotFound("sender"))?;
    let mut country = None;
    for account in households(ledger, &sender)? {
        country = country.or(people::account(ledger, account)?.country);
    }
    let considered = &contacts[..contacts.len().min(limits::CONTACTS)];
    let mut found = BTreeSet::new();
    for contact in considered {
        for number in numbers::meanings(contact.msisdn.as_deref().unwrap_or_default(), country.as_deref()) {
            found.extend(directory::with_number(ledger, &number)?);
        }
        if let Some(address) = contact.email.as_deref().map(str::trim).filter(|address| !address.is_empty()) {
            found.extend(directory::with_address(ledger, address)?);
        }
    }
    let mut matched = Vec::with_capacity(found.len());
    for user in found {
        matched.extend(ledger.user(user)?);
    }
    let ignored = contacts.len() - considered.len();
    Ok(Matches { matched, considered: considered.len(), ignored })
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
