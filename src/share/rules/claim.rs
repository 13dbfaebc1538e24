//! The first phone: whoever stands before the TV of a house that nobody owns yet, with their phone, becomes its owner. Pure.
//!
//! A house is owned from its first account on. Whoever sits at the gateway can give it back to nobody, with all that is in it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, PhoneId, PhotoId, SenderId, ShareId, TvId, UserId};
use crate::ground::time::UnixMs;
use crate::share::events::news::News;
use crate::share::ledger::{Ledger, Order, Rows, all, for_each_table};
use crate::share::model::error::{LedgerError, ShareError};
use crate::share::model::rows::Tv;
use crate::share::model::views::{Belongings, Claim, Enrolment, NewUser};
use crate::share::rules::{pairing, people, phones, profile};

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

/// Makes the household, its first user, and the owner's phone, whose token is `token`; pairs `tv`, whose square was scanned.
/// The `others` that wait show where the owner takes them in from now on.
pub fn claim(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    claim: &Claim,
    tv: Option<Tv>,
    others: Vec<TvId>,
    token: TokenHash,
) -> Result<Made, ShareError> {
    if is_claimed(ledger)? {
        return Err(ShareError::Claimed);
    }
    let account = people::add_account(ledger, date, &claim.home, claim.country.as_deref())?.id;
    let new = NewUser { account, name: claim.name.clone(), msisdn: None, email: None, pin: None };
    let user = people::add_user(ledger, date, &new, None)?.id;
    profile::set_user_photo(ledger, news, user, claim.user_photo)?;
    let who = Enrolment { name: claim.name.clone(), msisdn: None, email: None, photo: claim.photo };
    if let Some(tv) = tv {
        pairing::approve(ledger, news, tv, account, None)?;
    }
    others.into_iter().for_each(|tv| news.tv(tv, false));
    let (sender, _) = phones::enter(ledger, date, token, &who, Some(account), true)?;
    Ok(Made { account, user, sender })
}

/// What would be lost if the house were given back.
pub fn belongings(ledger: &dyn Rows) -> Result<Belongings, ShareError> {
    let mut all_of = Belongings::default();
    ledger.scan_accounts(all(), Order::Rising, &mut |_, _| count(&mut all_of.accounts))?;
    ledger.scan_users(all(), Order::Rising, &mut |_, _| count(&mut all_of.users))?;
    ledger.scan_tvs(all(), Order::Rising, &mut |_, _| count(&mut all_of.tvs))?;
    ledger.scan_phones(all(), Order::Rising, &mut |_, _| count(&mut all_of.phones))?;
    ledger.scan_shares(all(), Order::Rising, &mut |_, _| count(&mut all_of.shares))?;
    Ok(all_of)
}

fn count(counted: &mut usize) -> ControlFlow<()> {
    *counted += 1;
    ControlFlow::Continue(())
}

/// What was left in a house that was given back, to be deleted elsewhere.
pub struct LeftBehind {
    pub shares: Vec<ShareId>,
    pub photos: BTreeSet<PhotoId>,
}

/// Gives the house back to nobody: everyone and everything is forgotten, and all recordings are to be deleted.
pub fn give_back(ledger: &mut dyn Ledger, news: &mut News) -> Result<LeftBehind, ShareError> {
    let mut left = LeftBehind { shares: Vec::new(), photos: profile::photos(ledger)? };
    let (mut shares, mut tvs) = (Vec::new(), Vec::new());
    ledger.scan_shares(all(), Order::Rising, &mut |_, share| {
        shares.push(share);
        ControlFlow::Continue(())
    })?;
    ledger.scan_tvs(all(), Order::Rising, &mut |tv, _| {
        tvs.push(tv);
        ControlFlow::Continue(())
    })?;
    for share in shares {
        news.gone(ledger, &share)?;
        ledger.put_discard(share.id, &())?;
        left.shares.push(share.id);
    }
    tvs.into_iter().for_each(|tv| news.tv(tv, false));
    empty(ledger)?;
    Ok(left)
}

macro_rules! empty_tables {
    ($($table:ident($key:ty => $row:ty): $get:ident $put:ident $remove:ident $scan:ident;)*) => {
        /// Empties every table but the gateway's own key and the recordings that are to be deleted.
        fn empty(ledger: &mut dyn Ledger) -> Result<(), LedgerError> {
            $(
                if !matches!(stringify!($table), "keys" | "discards") {
                    let mut keys: Vec<$key> = Vec::new();
                    ledger.$scan(all(), Order::Rising, &mut |key, _| {
                        keys.push(key);
                        ControlFlow::Continue(())
                    })?;
                    keys.into_iter().try_for_each(|key| ledger.$remove(key))?;
                }
            )*
            Ok(())
        }
    };
}
for_each_table!(empty_tables);
