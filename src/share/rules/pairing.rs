//! TVs: paired to an account, known by a cookie, with users signed in. Those that wait to be paired are in `waiting`.

use std::ops::ControlFlow;

use crate::ground::crypto::{self, TokenHash};
use crate::ground::id::{AccountId, TvId, UserId};
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::share::events::news::News;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::input;
use crate::share::model::rows::{Inviter, SignedIn, Tv};
use crate::share::model::views::Session;
use crate::share::rules::{directory, phones, pin};

/// Pairs a TV that waited to an account.
pub fn approve(
    ledger: &mut dyn Ledger,
    news: &mut News,
    mut tv: Tv,
    account: AccountId,
    name: Option<&str>,
) -> Result<Tv, ShareError> {
    let account = directory::account(ledger, account)?;
    if ledger.tv(tv.id)?.is_some() {
        // Someone else took it in just now.
        return Err(ShareError::BadCode);
    }
    if let Some(name) = name {
        tv.name = input::name(name)?;
    }
    tv.account = Some(account.id);
    tv.pairing = None;
    ledger.put_tv(tv.id, &tv)?;
    ledger.put_tv_cookie(tv.cookie, &tv.id)?;
    ledger.put_account_tv((account.id, tv.id), &())?;
    news.tv(tv.id, true);
    Ok(tv)
}

fn tv_by_cookie(ledger: &dyn Rows, cookie: &str) -> Result<Option<Tv>, ShareError> {
    match ledger.tv_cookie(TokenHash::of(cookie))? {
        Some(tv) => Ok(ledger.tv(tv)?),
        None => Ok(None),
    }
}

/// All TVs that are paired, oldest first.
pub fn tvs(ledger: &dyn Rows) -> Result<Vec<Tv>, ShareError> {
    let mut tvs = Vec::new();
    ledger.scan_tvs(all(), Order::Rising, &mut |_, tv| {
        tvs.push(tv);
        ControlFlow::Continue(())
    })?;
    Ok(tvs)
}

/// Gives a TV another name.
pub fn rename(ledger: &mut dyn Ledger, news: &mut News, tv: TvId, name: &str) -> Result<Tv, ShareError> {
    let mut tv = ledger.tv(tv)?.ok_or(ShareError::NotFound("TV"))?;
    tv.name = input::name(name)?;
    ledger.put_tv(tv.id, &tv)?;
    news.tv(tv.id, tv.account.is_some());
    Ok(tv)
}

/// Removes a TV; its cookie is worth nothing from then on.
pub fn remove(ledger: &mut dyn Ledger, news: &mut News, tv: TvId) -> Result<(), ShareError> {
    let tv = ledger.tv(tv)?.ok_or(ShareError::NotFound("TV"))?;
    forget_tv(ledger, &tv)?;
    news.tv(tv.id, false);
    Ok(())
}

fn forget_tv(ledger: &mut dyn Ledger, tv: &Tv) -> Result<(), ShareError> {
    if let Some(account) = tv.account {
        ledger.remove_account_tv((account, tv.id))?;
        for user in directory::of_account(ledger, account)? {
            pin::forget_tries(ledger, user, tv.id)?;
        }
    }
    ledger.remove_tv_cookie(tv.cookie)?;
    ledger.remove_tv(tv.id)?;
    phones::void_invites(ledger, |by| matches!(by, Inviter::Tv(maker, _) if maker == tv.id))
}

/// The TV, if it is paired to the account of `user`.
pub fn tv_of_user(ledger: &dyn Rows, tv: TvId, user: UserId) -> Result<Tv, ShareError> {
    let tv = ledger.tv(tv)?.ok_or(ShareError::NotFound("TV"))?;
    let account = tv.account.ok_or(ShareError::NotPaired)?;
    match ledger.user(user)? {
        Some(user) if user.account == account => Ok(tv),
        Some(_) => Err(ShareError::WrongAccount),
        None => Err(ShareError::NotFound("user")),
    }
}

/// Signs `user` in on a TV; their PIN was looked at before.
pub fn sign_in(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    tv: TvId,
    user: UserId,
    cookie: TokenHash,
) -> Result<(), ShareError> {
    let mut tv = tv_of_user(ledger, tv, user)?;
    tv.signed_in.retain(|signed_in| signed_in.user != user);
    if tv.signed_in.len() >= limits::SIGNED_IN_USERS {
        tv.signed_in.remove(0);
    }
    tv.signed_in.push(SignedIn { user, cookie, since: date });
    ledger.put_tv(tv.id, &tv)?;
    news.tv(tv.id, true);
    Ok(())
}

/// Signs `user` out on a TV; the cookie is worth nothing from then on.
pub fn sign_out(ledger: &mut dyn Ledger, news: &mut News, tv: TvId, user: UserId) -> Result<(), ShareError> {
    let mut tv = ledger.tv(tv)?.ok_or(ShareError::NotFound("TV"))?;
    tv.signed_in.retain(|signed_in| signed_in.user != user);
    ledger.put_tv(tv.id, &tv)?;
    news.tv(tv.id, tv.account.is_some());
    Ok(())
}

/// Who asks, by the cookies of a TV. A user's cookie is worth something on the TV where they signed in, and nowhere else.
pub fn session(ledger: &dyn Rows, tv_cookie: &str, user_cookie: Option<&str>) -> Result<Option<Session>, ShareError> {
    let Some(tv) = tv_by_cookie(ledger, tv_cookie)? else { return Ok(None) };
    let account = match tv.account {
        Some(account) => ledger.account(account)?,
        None => None,
    };
    let signed_in = user_cookie.map(TokenHash::of).and_then(|cookie| {
        tv.signed_in
            .iter()
            .find(|signed_in| crypto::same(&signed_in.cookie.0, &cookie.0))
            .map(|signed_in| signed_in.user)
    });
    let user = match signed_in {
        Some(user) => ledger.user(user)?,
        None => None,
    };
    Ok(Some(Session { tv, account, user }))
}
