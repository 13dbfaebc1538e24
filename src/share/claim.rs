//! The first phone: whoever stands before the TV of a house that nobody owns yet, with their phone, becomes its owner. Pure.
//!
//! A house is owned from its first account on; there is no way back to being nobody's.

use std::ops::ControlFlow;

use crate::ground::id::{AccountId, SenderId, UserId};
use crate::ground::secret::TokenHash;
use crate::ground::time::UnixMs;
use crate::share::error::ShareError;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::news::News;
use crate::share::views::{Claim, Enrolment, NewUser};
use crate::share::{pairing, people, phones, profile};

/// What a claim made, without the token that the phone gets.
pub struct Made {
    pub account: AccountId,
    pub user: UserId,
    pub sender: SenderId,
}

/// Whether anyone owns the house.
pub fn is_claimed(ledger: &dyn Rows) -> Result<bool, ShareError> {
    let mut claimed = false;
    ledger.scan_accounts(all(), Order::Rising, &mut |_, _| {
        claimed = true;
        ControlFlow::Break(())
    })?;
    Ok(claimed)
}

/// Whether the house can be claimed with the code that one of its TVs shows.
pub fn check(ledger: &dyn Rows, date: UnixMs, code: &str) -> Result<(), ShareError> {
    if is_claimed(ledger)? {
        return Err(ShareError::Claimed);
    }
    pairing::tv_by_code(ledger, date, code).map(drop)
}

/// Makes the household, its first user, its TV and the owner's phone, whose token is `token`.
pub fn claim(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    claim: &Claim,
    token: TokenHash,
) -> Result<Made, ShareError> {
    check(ledger, date, &claim.code)?;
    let account = people::add_account(ledger, date, &claim.home, None)?.id;
    let new = NewUser { account, name: claim.name.clone(), msisdn: None, email: None, pin: None };
    let user = people::add_user(ledger, date, &new, None)?.id;
    profile::set_user_photo(ledger, news, user, claim.user_photo)?;
    let who = Enrolment { name: claim.name.clone(), msisdn: None, email: None, photo: claim.photo };
    pairing::approve(ledger, news, date, &claim.code, account, None)?;
    // The other TVs that wait show where the owner takes them in from now on.
    let mut waiting = Vec::new();
    ledger.scan_pairing_codes(all(), Order::Rising, &mut |_, tv| {
        waiting.push(tv);
        ControlFlow::Continue(())
    })?;
    waiting.into_iter().for_each(|tv| news.tv(tv, false));
    let (sender, _) = phones::enter(ledger, date, token, &who, Some(account), true)?;
    Ok(Made { account, user, sender })
}
