//! The owner's way in: a code that whoever sits at the gateway asks for, good for one browser and a few minutes, and the
//! browsers that came in with one. Pure.

use std::ops::ControlFlow;

use crate::ground::id::PhoneId;
use crate::ground::limits;
use crate::ground::secret::TokenHash;
use crate::ground::time::UnixMs;
use crate::share::error::ShareError;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::pairing::holds;
use crate::share::rows::Inviter;

/// Writes down a new code, in the place of the one before; until when it holds.
pub fn new_code(ledger: &mut dyn Ledger, date: UnixMs, code: TokenHash) -> Result<UnixMs, ShareError> {
    forget_codes(ledger)?;
    ledger.put_owner_code(code, &date)?;
    Ok(date.plus(limits::OWNER_CODE_TIME))
}

fn forget_codes(ledger: &mut dyn Ledger) -> Result<(), ShareError> {
    let mut old = Vec::new();
    ledger.scan_owner_codes(all(), Order::Rising, &mut |code, _| {
        old.push(code);
        ControlFlow::Continue(())
    })?;
    old.into_iter().try_for_each(|code| Ok(ledger.remove_owner_code(code)?))
}

/// Lets a browser in with a code, which is used up; from now on it has `cookie`.
pub fn sign_in(ledger: &mut dyn Ledger, date: UnixMs, code: &str, cookie: TokenHash) -> Result<(), ShareError> {
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let made_at = ledger.owner_code(TokenHash::of(&code))?.ok_or(ShareError::BadCode)?;
    if !holds(made_at, limits::OWNER_CODE_TIME.as_millis() as u64, date) {
        return Err(ShareError::BadCode);
    }
    forget_codes(ledger)?;
    make_room(ledger)?;
    ledger.put_owner(cookie, &date)?;
    Ok(())
}

/// The browser that came in longest ago makes room for the next, when there are many.
fn make_room(ledger: &mut dyn Ledger) -> Result<(), ShareError> {
    let mut browsers = Vec::new();
    ledger.scan_owners(all(), Order::Rising, &mut |cookie, since| {
        browsers.push((since, cookie));
        ControlFlow::Continue(())
    })?;
    browsers.sort_unstable_by_key(|(since, _)| *since);
    let too_many = (browsers.len() + 1).saturating_sub(limits::OWNER_BROWSERS);
    browsers.into_iter().take(too_many).try_for_each(|(_, cookie)| Ok(ledger.remove_owner(cookie)?))
}

/// Lets the browser of the owner's phone in; what it came in with before is worth nothing any more.
pub fn sign_in_by_phone(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    phone: PhoneId,
    cookie: TokenHash,
) -> Result<(), ShareError> {
    if !ledger.phone(phone)?.is_some_and(|phone| phone.is_owners) {
        return Err(ShareError::NotOwnersPhone);
    }
    forget_phone(ledger, phone)?;
    make_room(ledger)?;
    ledger.put_owner(cookie, &date)?;
    Ok(ledger.put_owner_phone(phone, &cookie)?)
}

/// Shows the browser of a phone out.
pub fn forget_phone(ledger: &mut dyn Ledger, phone: PhoneId) -> Result<(), ShareError> {
    if let Some(cookie) = ledger.owner_phone(phone)? {
        ledger.remove_owner(cookie)?;
        ledger.remove_owner_phone(phone)?;
    }
    Ok(())
}

/// Whether this is the cookie of a browser that came in.
pub fn is_owner(ledger: &dyn Rows, cookie: &str) -> Result<bool, ShareError> {
    Ok(ledger.owner(TokenHash::of(cookie))?.is_some())
}

/// Who invites where a browser with this cookie does.
pub fn inviter(ledger: &dyn Rows, cookie: &str) -> Result<Inviter, ShareError> {
    let (cookie, mut inviter) = (TokenHash::of(cookie), Inviter::Owner);
    ledger.scan_owner_phones(all(), Order::Rising, &mut |phone, opened| {
        if opened != cookie {
            return ControlFlow::Continue(());
        }
        inviter = Inviter::Phone(phone);
        ControlFlow::Break(())
    })?;
    Ok(inviter)
}

/// Shows a browser out; its cookie is worth nothing from then on.
pub fn sign_out(ledger: &mut dyn Ledger, cookie: &str) -> Result<(), ShareError> {
    Ok(ledger.remove_owner(TokenHash::of(cookie))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::memory::MemoryLedger;

    const NOON: UnixMs = UnixMs(1_700_000_000_000);

    fn cookie(number: u64) -> TokenHash {
        TokenHash::of(&number.to_string())
    }

    #[test]
    fn a_code_lets_one_browser_in_for_a_while() {
        let mut ledger = MemoryLedger::default();
        let until = new_code(&mut ledger, NOON, TokenHash::of("1234567890")).expect("a code");
        assert!(sign_in(&mut ledger, NOON, "0000000000", cookie(1)).is_err());
        assert!(sign_in(&mut ledger, until, "1234567890", cookie(1)).is_err(), "too late");
        sign_in(&mut ledger, NOON, "12345 67890", cookie(1)).expect("the code is good");
        assert!(is_owner(&ledger, "1").expect("books") && !is_owner(&ledger, "2").expect("books"));
        assert!(sign_in(&mut ledger, NOON, "1234567890", cookie(2)).is_err(), "used up");
        sign_out(&mut ledger, "1").expect("books");
        assert!(!is_owner(&ledger, "1").expect("books"));
    }

    #[test]
    fn a_new_code_replaces_the_last_and_browsers_make_room() {
        let mut ledger = MemoryLedger::default();
        new_code(&mut ledger, NOON, TokenHash::of("1")).expect("a code");
        new_code(&mut ledger, NOON, TokenHash::of("2")).expect("a code");
        assert!(sign_in(&mut ledger, NOON, "1", cookie(0)).is_err());
        for number in 0..=limits::OWNER_BROWSERS as u64 {
            let date = UnixMs(NOON.0 + number as i64);
            new_code(&mut ledger, date, TokenHash::of("3")).expect("a code");
            sign_in(&mut ledger, date, "3", cookie(number)).expect("the code is good");
        }
        assert!(!is_owner(&ledger, "0").expect("books") && is_owner(&ledger, "1").expect("books"));
    }
}
