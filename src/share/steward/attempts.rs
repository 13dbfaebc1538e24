//! The steward's eye on those who try secrets they don't have.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use crate::share::model::error::ShareError;
use crate::share::transient::attempt_limit::AttemptLimit;
use crate::share::transient::refusals::RefusedKind;

use super::Steward;

/// Wrong ones of late, of each kind: who mistypes one has all tries for the others.
pub(super) type ByKind = BTreeMap<RefusedKind, AttemptLimit>;

impl Steward {
    fn attempt_limits(&self) -> MutexGuard<'_, ByKind> {
        self.attempt_limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a code or password that comes from where too many wrong ones came from.
    pub fn may_try(&self, kind: RefusedKind, from: IpAddr) -> Result<(), ShareError> {
        let now = self.clock.now();
        match self.attempt_limits().get(&kind).map_or(Duration::ZERO, |limit| limit.wait(from, now)) {
            Duration::ZERO => Ok(()),
            retry_after => Err(ShareError::TooManyTries { retry_after }),
        }
    }

    /// Counts a wrong code or password, and tells the log.
    pub fn was_wrong(&self, kind: RefusedKind, from: IpAddr) {
        self.attempt_limits().entry(kind).or_default().note(from, self.clock.now());
        self.was_refused(kind, from);
    }

    /// How many codes and passwords were wrong of late, for the owner to know.
    pub fn wrong_codes(&self) -> u32 {
        let now = self.clock.now();
        self.attempt_limits().values().map(|limit| limit.of_late(now)).sum()
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
