//! TVs: paired to an account by a code, known by a cookie, with users signed in.

use std::ops::ControlFlow;

use crate::ground::id::{AccountId, TvId, UserId};
use crate::ground::limits;
use crate::ground::secret::{self, TokenHash};
use crate::ground::time::UnixMs;
use crate::share::error::ShareError;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::news::News;
use crate::share::rows::{Inviter, Pairing, SignedIn, Tv};
use crate::share::views::Session;
use crate::share::{people, phones, words};

/// Takes in a TV seen for the first time: unpaired, with a code to show.
pub fn new_tv(ledger: &mut dyn Ledger, date: UnixMs, cookie: TokenHash) -> Result<Tv, ShareError> {
    make_room(ledger)?;
    let tv = Tv {
        id: TvId::new(date),
        name: "TV".into(),
        cookie,
        account: None,
        pairing: Some(new_pairing(ledger, date)?),
        signed_in: Vec::new(),
        created_at: date,
    };
    save_new(ledger, &tv)?;
    Ok(tv)
}

fn save_new(ledger: &mut dyn Ledger, tv: &Tv) -> Result<(), ShareError> {
    ledger.put_tv(tv.id, tv)?;
    ledger.put_tv_cookie(tv.cookie, &tv.id)?;
    if let Some(pairing) = tv.pairing {
        ledger.put_pairing_code(pairing.code, &tv.id)?;
    }
    Ok(())
}

/// Drops the TV that waits longest to be paired, when too many wait: anyone on the network can make one.
fn make_room(ledger: &mut dyn Ledger) -> Result<(), ShareError> {
    let mut waiting = Vec::new();
    ledger.scan_pairing_codes(all(), Order::Rising, &mut |_, tv| {
        waiting.push(tv);
        ControlFlow::Continue(())
    })?;
    if waiting.len() < limits::UNPAIRED_TVS {
        return Ok(());
    }
    let mut oldest: Option<Tv> = None;
    for tv in waiting {
        let Some(tv) = ledger.tv(tv)? else { continue };
        let made_at = |tv: &Tv| tv.pairing.map(|pairing| pairing.made_at);
        if oldest.as_ref().is_none_or(|oldest| made_at(&tv) < made_at(oldest)) {
            oldest = Some(tv);
        }
    }
    oldest.map_or(Ok(()), |tv| forget_tv(ledger, &tv))
}

fn new_pairing(ledger: &dyn Rows, date: UnixMs) -> Result<Pairing, ShareError> {
    loop {
        let code = secret::new_digits(6).parse().expect("six digits are a number");
        if ledger.pairing_code(code)?.is_none() {
            return Ok(Pairing { code, made_at: date });
        }
    }
}

/// Whether something made at `made_at` still holds. A clock set back by less than its time makes no difference.
pub fn holds(made_at: UnixMs, ttl_ms: u64, date: UnixMs) -> bool {
    date.0.abs_diff(made_at.0) < ttl_ms
}

fn code_holds(pairing: &Pairing, date: UnixMs) -> bool {
    holds(pairing.made_at, limits::PAIRING_CODE_TIME.as_millis() as u64, date)
}

/// The code an unpaired TV shows, if the last one still holds.
pub fn current_code(ledger: &dyn Rows, tv: TvId, date: UnixMs) -> Result<Option<String>, ShareError> {
    let tv = ledger.tv(tv)?.ok_or(ShareError::NotFound("TV"))?;
    Ok(tv.pairing.filter(|pairing| code_holds(pairing, date)).map(|pairing| pairing.text()))
}

/// Gives an unpaired TV a new code when its last is too old. `None` when it is paired.
pub fn renew_code(ledger: &mut dyn Ledger, tv: TvId, date: UnixMs) -> Result<Option<String>, ShareError> {
    let mut tv = ledger.tv(tv)?.ok_or(ShareError::NotFound("TV"))?;
    let Some(old) = tv.pairing else { return Ok(None) };
    if code_holds(&old, date) {
        return Ok(Some(old.text()));
    }
    let new = new_pairing(ledger, date)?;
    ledger.remove_pairing_code(old.code)?;
    tv.pairing = Some(new);
    ledger.put_pairing_code(new.code, &tv.id)?;
    ledger.put_tv(tv.id, &tv)?;
    Ok(Some(new.text()))
}

/// The TV that shows `code`, if it still holds; and the code as a number.
pub fn tv_by_code(ledger: &dyn Rows, date: UnixMs, code: &str) -> Result<(u32, Tv), ShareError> {
    let code: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).take(7).collect();
    if code.len() != 6 || !code.bytes().all(|c| c.is_ascii_digit()) {
        return Err(ShareError::BadCode);
    }
    let code: u32 = code.parse().map_err(|_| ShareError::BadCode)?;
    let tv = ledger.pairing_code(code)?.ok_or(ShareError::BadCode)?;
    let tv = ledger.tv(tv)?.ok_or(ShareError::BadCode)?;
    match tv.pairing {
        Some(pairing) if code_holds(&pairing, date) => Ok((code, tv)),
        _ => Err(ShareError::BadCode),
    }
}

/// Pairs the TV that shows `code` to an account.
pub fn approve(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    code: &str,
    account: AccountId,
    name: Option<&str>,
) -> Result<Tv, ShareError> {
    let account = people::account(ledger, account)?;
    let (code, mut tv) = tv_by_code(ledger, date, code)?;
    if let Some(name) = name {
        tv.name = words::name(name)?;
    }
    tv.account = Some(account.id);
    tv.pairing = None;
    ledger.remove_pairing_code(code)?;
    ledger.put_account_tv((account.id, tv.id), &())?;
    ledger.put_tv(tv.id, &tv)?;
    news.tv(tv.id, true);
    Ok(tv)
}

/// The TV whose cookie this is.
pub fn tv_by_cookie(ledger: &dyn Rows, cookie: &str) -> Result<Option<Tv>, ShareError> {
    match ledger.tv_cookie(TokenHash::of(cookie))? {
        Some(tv) => Ok(ledger.tv(tv)?),
        None => Ok(None),
    }
}

/// All TVs, paired or waiting to be; oldest first.
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
    tv.name = words::name(name)?;
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
    }
    if let Some(pairing) = tv.pairing {
        ledger.remove_pairing_code(pairing.code)?;
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
            .find(|signed_in| secret::same(&signed_in.cookie.0, &cookie.0))
            .map(|signed_in| signed_in.user)
    });
    let user = match signed_in {
        Some(user) => ledger.user(user)?,
        None => None,
    };
    Ok(Some(Session { tv, account, user }))
}
