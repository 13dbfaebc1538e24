//! The steward's eye on those who try secrets they don't have.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Duration;

use crate::share::error::ShareError;
use crate::share::refusals::RefusedKind;

use super::Steward;

impl Steward {
    /// Refuses a code that comes from where too many wrong ones came from.
    pub fn may_try_code(&self, from: IpAddr) -> Result<(), ShareError> {
        let guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        match guesses.wait(from, self.clock.now()) {
            Duration::ZERO => Ok(()),
            retry_after => Err(ShareError::TooManyTries { retry_after }),
        }
    }

    /// Counts a wrong code, and tells the log.
    pub fn code_was_wrong(&self, kind: RefusedKind, from: IpAddr) {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).note(from, self.clock.now());
        self.was_refused(kind, from);
    }

    /// How many codes were wrong of late, for the owner to know.
    pub fn wrong_codes(&self) -> u32 {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).of_late(self.clock.now())
    }

    /// Tells the log of a secret that was wrong.
    pub fn was_refused(&self, kind: RefusedKind, from: IpAddr) {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).note(kind, from, self.clock.now());
    }

    /// Tells the log how many more there were.
    pub(super) fn tell_refusals(&self) {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).tell_untold(self.clock.now());
    }
}
