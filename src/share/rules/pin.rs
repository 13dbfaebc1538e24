//! PINs: five wrong ones on one TV lock it for that user there, for a time that grows from lock to lock; on other TVs they
//! go on. So that many TVs find no more than a few, those on all but the TV with the most are counted together too, and
//! lock each on which one was wrong. Pure.
//!
//! A try is written down as wrong before the PIN is looked at, and forgotten when it was right. So a hundred guesses at
//! once are no more than five, and pulling the plug in between gives no guess back.

use std::time::Duration;

use crate::ground::id::{TvId, UserId};
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::share::ledger::{Ledger, Rows};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{PinTries, Tries};

/// What became of asking for a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// The PIN may be looked at.
    Allowed,
    /// It is locked.
    Locked {
        /// For how long.
        retry_after: Duration,
    },
}

/// Takes one try for the PIN of `user` on `tv`.
pub fn take_try(ledger: &mut dyn Ledger, user: UserId, tv: TvId, date: UnixMs) -> Result<Try, ShareError> {
    let mut tries = ledger.pin_tries(user)?.unwrap_or_default();
    let outcome = step(&mut tries, tv, date);
    ledger.put_pin_tries(user, &tries)?;
    Ok(outcome)
}

/// For how long the PIN of `user` is locked on `tv`, where a try would change nothing that is written down.
pub fn locked(rows: &dyn Rows, user: UserId, tv: TvId, date: UnixMs) -> Result<Option<Duration>, ShareError> {
    let tries = rows.pin_tries(user)?.unwrap_or_default();
    let mut after = tries.clone();
    Ok(match step(&mut after, tv, date) {
        Try::Locked { retry_after } if after == tries => Some(retry_after),
        Try::Locked { .. } | Try::Allowed => None,
    })
}

/// The PIN was right on `tv`, or there is no such TV any more: earlier tries there are forgotten.
pub fn forget_tries(ledger: &mut dyn Ledger, user: UserId, tv: TvId) -> Result<(), ShareError> {
    let Some(mut tries) = ledger.pin_tries(user)? else { return Ok(()) };
    tries.tvs.retain(|(on, _)| *on != tv);
    if tries.tvs.is_empty() {
        return Ok(ledger.remove_pin_tries(user)?);
    }
    tries.elsewhere.wrong = elsewhere(&tries.tvs);
    Ok(ledger.put_pin_tries(user, &tries)?)
}

fn step(tries: &mut PinTries, tv: TvId, date: UnixMs) -> Try {
    // On a TV where none was wrong there is always one try: somebody else's may lock nobody out.
    if let Some((_, own)) = tries.tvs.iter_mut().find(|(on, _)| *on == tv) {
        let left_ms = left_ms(own, date).max(left_ms(&mut tries.elsewhere, date));
        if left_ms > 0 {
            return Try::Locked { retry_after: Duration::from_millis(left_ms) };
        }
        count(own, own.wrong.saturating_add(1), limits::PIN_TRIES, date);
    } else {
        tries.tvs.push((tv, Tries { wrong: 1, ..Tries::default() }));
    }
    count(&mut tries.elsewhere, elsewhere(&tries.tvs), limits::PIN_TRIES_ELSEWHERE, date);
    Try::Allowed
}

/// Wrong ones on all TVs but the one with the most: that one is held up by its own lock.
fn elsewhere(tvs: &[(TvId, Tries)]) -> u32 {
    let wrong = || tvs.iter().map(|(_, tries)| tries.wrong);
    wrong().fold(0, u32::saturating_add) - wrong().max().unwrap_or(0)
}

/// How long the lock of these still holds.
fn left_ms(tries: &mut Tries, date: UnixMs) -> u64 {
    if tries.locked_ms > 0 {
        if date < tries.locked_at {
            // The clock was set back: the lock starts over, or it could hold for years.
            tries.locked_at = date;
        }
        let left_ms = tries.locked_ms.saturating_sub(date.ms_since(tries.locked_at));
        if left_ms > 0 {
            return left_ms;
        }
        tries.locked_ms = 0;
    }
    0
}

/// There are so many wrong ones now; each time there are `most` more, they lock for longer.
fn count(tries: &mut Tries, wrong: u32, most: u32, date: UnixMs) {
    let is_more = wrong > tries.wrong;
    tries.wrong = wrong;
    if is_more && wrong.is_multiple_of(most) {
        let doublings = 2 * (wrong / most - 1).min(8);
        let lock = limits::PIN_FIRST_LOCK.saturating_mul(1 << doublings).min(limits::PIN_LONGEST_LOCK);
        tries.locked_at = date;
        tries.locked_ms = lock.as_millis() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: UnixMs = UnixMs(1_700_000_000_000);
    const TV: TvId = TvId([1; 10]);

    fn wrong(tries: &mut PinTries, times: u32, date: UnixMs) {
        for _ in 0..times {
            assert_eq!(step(tries, TV, date), Try::Allowed);
        }
    }

    #[test]
    fn five_wrong_ones_lock_for_a_growing_time() {
        let mut tries = PinTries::default();
        let mut date = NOON;
        for minutes in [1, 4, 16, 64, 256, 1024, 1440, 1440] {
            wrong(&mut tries, 5, date);
            let lock = Duration::from_secs(minutes * 60);
            assert_eq!(step(&mut tries, TV, date), Try::Locked { retry_after: lock });
            date = date.plus(lock);
        }
        tries.tvs[0].1.wrong = u32::MAX - 1;
        wrong(&mut tries, 1, date);
    }

    #[test]
    fn a_clock_set_back_neither_opens_nor_holds_the_lock_for_years() {
        let mut tries = PinTries::default();
        wrong(&mut tries, 5, NOON);
        let years_ago = UnixMs(NOON.0 / 2);
        assert_eq!(step(&mut tries, TV, years_ago), Try::Locked { retry_after: limits::PIN_FIRST_LOCK });
        assert_eq!(step(&mut tries, TV, years_ago.plus(limits::PIN_FIRST_LOCK)), Try::Allowed);
    }

    /// Tries on each of these TVs once a minute for so many days; how many were looked at.
    fn besieged(tries: &mut PinTries, tvs: std::ops::Range<u8>, days: u64) -> u32 {
        let mut looked_at = 0;
        for minute in 0..days * 24 * 60 {
            for tv in tvs.clone() {
                let date = NOON.plus(Duration::from_secs(60 * minute));
                looked_at += u32::from(step(tries, TvId([tv; 10]), date) == Try::Allowed);
            }
        }
        looked_at
    }

    #[test]
    fn a_tv_that_guesses_locks_out_itself_alone() {
        let mut tries = PinTries::default();
        let guessed = besieged(&mut tries, 2..3, 30);
        assert!((30 * 5..40 * 5).contains(&guessed), "{guessed} in a month");
        let late = NOON.plus(Duration::from_secs(30 * 24 * 3600));
        wrong(&mut tries, 5, late);
        assert_eq!(step(&mut tries, TV, late), Try::Locked { retry_after: limits::PIN_FIRST_LOCK }, "as ever");
    }

    #[test]
    fn many_tvs_together_guess_little_more_than_a_few() {
        let mut tries = PinTries::default();
        let guessed = besieged(&mut tries, 2..62, 1);
        let most = 60 + 7 * (limits::PIN_TRIES_ELSEWHERE + limits::PIN_TRIES);
        assert!(guessed <= most, "{guessed} in a day, {most} at most");
        let late = NOON.plus(Duration::from_secs(24 * 3600 - 60));
        assert_eq!(step(&mut tries, TV, late), Try::Allowed, "where none was wrong there is one");
        assert!(matches!(step(&mut tries, TV, late), Try::Locked { .. }), "and no more");
    }
}
