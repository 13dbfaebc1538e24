//! The owner's way in: a code that whoever sits at the gateway asks for, good for one browser and a few minutes, and the
//! browsers that came in with one. Pure.

use std::ops::ControlFlow;

use crate::ground::crypto::TokenHash;
use crate::ground::id::PhoneId;
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{Inviter, OwnerBrowser};
use crate::share::model::views::OwnerReport;

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
pub fn sign_in(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    code: &str,
    cookie: TokenHash,
    agent: &str,
) -> Result<(), ShareError> {
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let made_at = ledger.owner_code(TokenHash::of(&code))?.ok_or(ShareError::BadCode)?;
    if !made_at.holds(limits::OWNER_CODE_TIME.as_millis() as u64, date) {
        return Err(ShareError::BadCode);
    }
    forget_codes(ledger)?;
    come_in(ledger, date, cookie, agent, None)
}

/// Lets the browser of the owner's phone in; what it came in with before is worth nothing any more.
pub fn sign_in_by_phone(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    phone: PhoneId,
    cookie: TokenHash,
    agent: &str,
) -> Result<(), ShareError> {
    if !ledger.phone(phone)?.is_some_and(|phone| phone.is_owners) {
        return Err(ShareError::NotOwnersPhone);
    }
    forget_phone(ledger, phone)?;
    come_in(ledger, date, cookie, agent, Some(phone))
}

/// Those whose time is over make room, and whoever came in longest ago when there are many.
fn come_in(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    cookie: TokenHash,
    agent: &str,
    phone: Option<PhoneId>,
) -> Result<(), ShareError> {
    let (mut good, over): (Vec<_>, Vec<_>) = rows(ledger)?.into_iter().partition(|(_, row)| is_good(row, date));
    good.sort_unstable_by_key(|(_, row)| row.since);
    let too_many = (good.len() + 1).saturating_sub(limits::OWNER_BROWSERS);
    for (cookie, _) in over.into_iter().chain(good.into_iter().take(too_many)) {
        ledger.remove_owner(cookie)?;
    }
    let agent = agent.chars().filter(|c| !c.is_control()).take(limits::NAME_CHARS).collect();
    Ok(ledger.put_owner(cookie, &OwnerBrowser { since: date, seen: date, agent, phone })?)
}

fn rows(ledger: &dyn Rows) -> Result<Vec<(TokenHash, OwnerBrowser)>, ShareError> {
    let mut browsers = Vec::new();
    ledger.scan_owners(all(), Order::Rising, &mut |cookie, row| {
        browsers.push((cookie, row));
        ControlFlow::Continue(())
    })?;
    Ok(browsers)
}

/// Whether a browser's time isn't over: it was here of late, and came in not too long ago.
fn is_good(row: &OwnerBrowser, date: UnixMs) -> bool {
    row.seen.holds(limits::OWNER_IDLE.as_millis() as u64, date)
        && row.since.holds(limits::OWNER_TIME.as_millis() as u64, date)
}

/// Shows the browsers of a phone out.
pub fn forget_phone(ledger: &mut dyn Ledger, phone: PhoneId) -> Result<(), ShareError> {
    end(ledger, |_, row| row.phone == Some(phone)).map(drop)
}

/// The browser with this cookie, if it came in and its time isn't over.
pub fn browser(ledger: &dyn Rows, date: UnixMs, cookie: &str) -> Result<Option<OwnerBrowser>, ShareError> {
    Ok(ledger.owner(TokenHash::of(cookie))?.filter(|row| is_good(row, date)))
}

/// Whether it is time to write down that a browser was here.
pub fn is_seen_anew(row: &OwnerBrowser, date: UnixMs) -> bool {
    !row.seen.holds(limits::OWNER_SEEN.as_millis() as u64, date)
}

/// Writes down that a browser was here.
pub fn see(ledger: &mut dyn Ledger, date: UnixMs, cookie: &str) -> Result<(), ShareError> {
    let cookie = TokenHash::of(cookie);
    match ledger.owner(cookie)? {
        Some(row) => Ok(ledger.put_owner(cookie, &OwnerBrowser { seen: date, ..row })?),
        None => Ok(()),
    }
}

/// The browsers that came in, the newest first.
pub fn browsers(ledger: &dyn Rows, date: UnixMs) -> Result<Vec<OwnerReport>, ShareError> {
    let good = rows(ledger)?.into_iter().filter(|(_, row)| is_good(row, date));
    let mut reports: Vec<_> = good.map(|(cookie, browser)| OwnerReport { id: id_of(cookie), browser }).collect();
    reports.sort_by_key(|report| std::cmp::Reverse(report.browser.since));
    Ok(reports)
}

/// The name by which the browser with this cookie is known to people.
pub fn id_of(cookie: TokenHash) -> String {
    cookie.0[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who invites where a browser with this cookie does.
pub fn inviter(ledger: &dyn Rows, cookie: &str) -> Result<Inviter, ShareError> {
    let phone = ledger.owner(TokenHash::of(cookie))?.and_then(|row| row.phone);
    Ok(phone.map_or(Inviter::Owner, Inviter::Phone))
}

/// Shows browsers out; their cookies are worth nothing from then on. How many there were.
pub fn end(ledger: &mut dyn Ledger, which: impl Fn(TokenHash, &OwnerBrowser) -> bool) -> Result<usize, ShareError> {
    let those: Vec<_> = rows(ledger)?.into_iter().filter(|(cookie, row)| which(*cookie, row)).collect();
    for (cookie, _) in &those {
        ledger.remove_owner(*cookie)?;
    }
    Ok(those.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::ledger::memory::MemoryLedger;
    use std::time::Duration;

    const NOON: UnixMs = UnixMs(1_700_000_000_000);

    fn cookie(number: u64) -> TokenHash {
        TokenHash::of(&number.to_string())
    }

    fn is_owner(ledger: &MemoryLedger, date: UnixMs, cookie: &str) -> bool {
        browser(ledger, date, cookie).expect("storage").is_some()
    }

    fn came_in(ledger: &mut MemoryLedger, date: UnixMs, number: u64) {
        new_code(ledger, date, TokenHash::of("3")).expect("a code");
        sign_in(ledger, date, "3", cookie(number), "Firefox").expect("the code is good");
    }

    #[test]
    fn a_code_lets_one_browser_in_for_a_while() {
        let mut ledger = MemoryLedger::default();
        let until = new_code(&mut ledger, NOON, TokenHash::of("1234567890")).expect("a code");
        assert!(sign_in(&mut ledger, NOON, "0000000000", cookie(1), "").is_err());
        assert!(sign_in(&mut ledger, until, "1234567890", cookie(1), "").is_err(), "too late");
        sign_in(&mut ledger, NOON, "12345 67890", cookie(1), "").expect("the code is good");
        assert!(is_owner(&ledger, NOON, "1") && !is_owner(&ledger, NOON, "2"));
        assert!(sign_in(&mut ledger, NOON, "1234567890", cookie(2), "").is_err(), "used up");
        assert_eq!(end(&mut ledger, |one, _| one == cookie(1)).ok(), Some(1));
        assert!(!is_owner(&ledger, NOON, "1"));
    }

    #[test]
    fn a_new_code_replaces_the_last_and_browsers_make_room() {
        let mut ledger = MemoryLedger::default();
        new_code(&mut ledger, NOON, TokenHash::of("1")).expect("a code");
        new_code(&mut ledger, NOON, TokenHash::of("2")).expect("a code");
        assert!(sign_in(&mut ledger, NOON, "1", cookie(0), "").is_err());
        for number in 0..=limits::OWNER_BROWSERS as u64 {
            came_in(&mut ledger, UnixMs(NOON.0 + number as i64), number);
        }
        assert!(!is_owner(&ledger, NOON, "0") && is_owner(&ledger, NOON, "1"));
    }

    #[test]
    fn who_stays_away_or_came_long_ago_is_out() {
        let mut ledger = MemoryLedger::default();
        came_in(&mut ledger, NOON, 1);
        let idle = NOON.plus(limits::OWNER_IDLE);
        assert!(is_owner(&ledger, UnixMs(idle.0 - 1), "1") && !is_owner(&ledger, idle, "1"));
        let mut date = NOON;
        while date.ms_since(NOON) < limits::OWNER_TIME.as_millis() as u64 {
            let row = browser(&ledger, date, "1").expect("storage").expect("it keeps coming");
            assert_eq!(is_seen_anew(&row, date), date != NOON);
            see(&mut ledger, date, "1").expect("storage");
            date = date.plus(Duration::from_secs(20 * 24 * 3600));
        }
        assert!(!is_owner(&ledger, date, "1"), "it comes in anew now and then");
        came_in(&mut ledger, date, 2);
        assert_eq!(rows(&ledger).expect("storage").len(), 1, "nothing is kept of those who are out");
    }

    #[test]
    fn browsers_are_listed_by_a_name_that_opens_nothing() {
        let mut ledger = MemoryLedger::default();
        came_in(&mut ledger, NOON, 1);
        came_in(&mut ledger, NOON.plus(Duration::from_secs(1)), 2);
        let listed = browsers(&ledger, NOON).expect("storage");
        assert_eq!((listed.len(), &listed[0].id, listed[0].browser.agent.as_str()), (2, &id_of(cookie(2)), "Firefox"));
        assert!(!is_owner(&ledger, NOON, &listed[0].id));
    }
}
