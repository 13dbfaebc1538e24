//! The directory: finds households and users by their ids, and users by household, by phone number and by e-mail address,
//! without looking at all of them.

use std::ops::{Bound, ControlFlow};

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, UserId};
use crate::share::ledger::{Ledger, Order, Range, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{Account, User};

/// Ids before and after all others.
const FIRST: UserId = UserId([0; 10]);
const LAST: UserId = UserId([255; 10]);

/// All households, oldest first.
pub fn accounts(ledger: &dyn Rows) -> Result<Vec<Account>, ShareError> {
    let mut accounts = Vec::new();
    ledger.scan_accounts(all(), Order::Rising, &mut |_, account| {
        accounts.push(account);
        ControlFlow::Continue(())
    })?;
    Ok(accounts)
}

/// The account with this id.
pub fn account(ledger: &dyn Rows, account: AccountId) -> Result<Account, ShareError> {
    ledger.account(account)?.ok_or(ShareError::NotFound("account"))
}

/// The user with this id.
pub fn user(ledger: &dyn Rows, user: UserId) -> Result<User, ShareError> {
    ledger.user(user)?.ok_or(ShareError::NotFound("user"))
}

/// The users of an account, or all; oldest first.
pub fn users(ledger: &dyn Rows, account: Option<AccountId>) -> Result<Vec<User>, ShareError> {
    let mut users = Vec::new();
    if let Some(account) = account {
        for user in of_account(ledger, account)? {
            users.extend(ledger.user(user)?);
        }
        return Ok(users);
    }
    ledger.scan_users(all(), Order::Rising, &mut |_, user| {
        users.push(user);
        ControlFlow::Continue(())
    })?;
    Ok(users)
}

/// Under what a phone number in E.164 is found: its digits, fifteen at most, as one number.
pub fn number_key(msisdn: &str) -> Option<u64> {
    msisdn.strip_prefix('+')?.parse().ok()
}

/// Under what an e-mail address is found: the hash of it in small letters, which is as long for every address.
pub fn address_key(email: &str) -> TokenHash {
    TokenHash::of(&email.to_lowercase())
}

/// Enters a user.
pub fn enter(ledger: &mut dyn Ledger, user: &User) -> Result<(), ShareError> {
    ledger.put_account_user((user.account, user.id), &())?;
    if let Some(number) = user.msisdn.as_deref().and_then(number_key) {
        ledger.put_user_number((number, user.id), &())?;
    }
    if let Some(address) = user.email.as_deref().map(address_key) {
        ledger.put_user_address((address, user.id), &())?;
    }
    Ok(())
}

/// Strikes out a user, as they were entered.
pub fn strike(ledger: &mut dyn Ledger, user: &User) -> Result<(), ShareError> {
    ledger.remove_account_user((user.account, user.id))?;
    if let Some(number) = user.msisdn.as_deref().and_then(number_key) {
        ledger.remove_user_number((number, user.id))?;
    }
    if let Some(address) = user.email.as_deref().map(address_key) {
        ledger.remove_user_address((address, user.id))?;
    }
    Ok(())
}

/// The users of an account, oldest first.
pub fn of_account(ledger: &dyn Rows, account: AccountId) -> Result<Vec<UserId>, ShareError> {
    let mut users = Vec::new();
    ledger.scan_account_users(under(account), Order::Rising, &mut |(_, user), ()| take(&mut users, user))?;
    Ok(users)
}

/// The users with this phone number (E.164); a family may have one together.
pub fn with_number(ledger: &dyn Rows, msisdn: &str) -> Result<Vec<UserId>, ShareError> {
    let mut users = Vec::new();
    let Some(number) = number_key(msisdn) else { return Ok(users) };
    ledger.scan_user_numbers(under(number), Order::Rising, &mut |(_, user), ()| take(&mut users, user))?;
    Ok(users)
}

/// The users with this e-mail address, however its letters are written.
pub fn with_address(ledger: &dyn Rows, email: &str) -> Result<Vec<UserId>, ShareError> {
    let mut users = Vec::new();
    let range = under(address_key(email));
    ledger.scan_user_addresses(range, Order::Rising, &mut |(_, user), ()| take(&mut users, user))?;
    Ok(users)
}

fn under<K: Copy>(key: K) -> Range<(K, UserId)> {
    (Bound::Included((key, FIRST)), Bound::Included((key, LAST)))
}

fn take(users: &mut Vec<UserId>, user: UserId) -> ControlFlow<()> {
    users.push(user);
    ControlFlow::Continue(())
}
