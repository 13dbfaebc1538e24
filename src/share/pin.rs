//! PINs: five wrong ones lock for a time that grows from lock to lock. Pure.
//!
//! A try is written down as wrong before the PIN is looked at, and forgotten when it was right. So a hundred guesses at
//! once are no more than five, and pulling the plug in between gives no guess back.

use std::time::Duration;

use crate::ground::id::UserId;
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::share::error::ShareError;
use crate::share::ledger::{Ledger, Rows};
use crate::share::rows::PinTries;

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

/// Takes one try for the PIN of `user`.
pub fn take_try(ledger: &mut dyn Ledger, user: UserId, date: UnixMs) -> Result<Try, ShareError> {
    let mut tries = ledger.pin_tries(user)?.unwrap_or_default();
    let outcome = step(&mut tries, date);
    ledger.put_pin_tries(user, &tries)?;
    Ok(outcome)
}

/// For how long the PIN of `user` is locked, where a try would change nothing that is written down.
pub fn locked(rows: &dyn Rows, user: UserId, date: UnixMs) -> Result<Option<Duration>, ShareError> {
    let tries = rows.pin_tries(user)?.unwrap_or_default();
    let mut after = tries.clone();
    Ok(match step(&mut after, date) {
        Try::Locked { retry_after } if after == tries => Some(retry_after),
        Try::Locked { .. } | Try::Allowed => None,
    })
}

/// The PIN was right: earlier tries are forgotten.
pub fn forget_tries(ledger: &mut dyn Ledger, user: UserId) -> Result<(), ShareError> {
    Ok(ledger.remove_pin_tries(user)?)
}

fn step(tries: &mut PinTries, date: UnixMs) -> Try {
    if tries.locked_ms > 0 {
        if date < tries.locked_at {
            // The clock was set back: the lock starts over, or it could hold for years.
            tries.locked_at = date;
        }
        let left = tries.locked_ms.saturating_sub(date.ms_since(tries.locked_at));
        if left > 0 {
            return Try::Locked { retry_after: Duration::from_millis(left) };
        }
        tries.locked_ms = 0;
    }
    tries.wrong = tries.wrong.saturating_add(1);
    if tries.wrong.is_multiple_of(limits::PIN_TRIES) {
        let doublings = 2 * (tries.wrong / limits::PIN_TRIES - 1).min(8);
        tries.locked_at = date;
        let lock = limits::PIN_FIRST_LOCK.saturating_mul(1 << doublings).min(limits::PIN_LONGEST_LOCK);
        tries.locked_ms = lock.as_millis() as u64;
    }
    Try::Allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: UnixMs = UnixMs(1_700_000_000_000);

    fn wrong(tries: &mut PinTries, times: u32, date: UnixMs) {
        for _ in 0..times {
            assert_eq!(step(tries, date), Try::Allowed);
        }
    }

    #[test]
    fn five_wrong_ones_lock_for_a_growing_time() {
        let mut tries = PinTries::default();
        let mut date = NOON;
        for minutes in [1, 4, 16, 64, 256, 1024, 1440, 1440] {
            wrong(&mut tries, 5, date);
            let lock = Duration::from_secs(minutes * 60);
            assert_eq!(step(&mut tries, date), Try::Locked { retry_after: lock });
            date = date.plus(lock);
        }
        tries.wrong = u32::MAX - 1;
        wrong(&mut tries, 1, date);
    }

    #[test]
    fn a_clock_set_back_neither_opens_nor_holds_the_lock_for_years() {
        let mut tries = PinTries::default();
        wrong(&mut tries, 5, NOON);
        let years_ago = UnixMs(NOON.0 / 2);
        assert_eq!(step(&mut tries, years_ago), Try::Locked { retry_after: limits::PIN_FIRST_LOCK });
        assert_eq!(step(&mut tries, years_ago.plus(limits::PIN_FIRST_LOCK)), Try::Allowed);
    }
}
