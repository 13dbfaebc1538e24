//! Which HTTP status says what the domain refuses: the one place where its errors meet status codes (RFC 9110,
//! section 15). Nothing else of an answer is made here.

use crate::share::{LedgerError, ShareError};

/// The HTTP status that says the same as `error`.
pub fn status_of(error: &ShareError) -> u16 {
    match error {
        ShareError::Invalid(_) => 400,
        ShareError::PinRequired | ShareError::WrongPin => 401,
        ShareError::NotPaired
        | ShareError::WrongAccount
        | ShareError::NotYours
        | ShareError::NotAContact
        | ShareError::NotOwnersPhone
        | ShareError::ClaimClosed => 403,
        ShareError::NotFound(_) | ShareError::BadCode => 404,
        ShareError::NotReady | ShareError::Claimed | ShareError::StoppedElsewhere | ShareError::NoRecipients => 409,
        ShareError::Over(_) => 410,
        ShareError::Ledger(LedgerError::BadBackup(_) | LedgerError::Itself) => 422,
        ShareError::PinLocked { .. } | ShareError::TooManyTries { .. } | ShareError::TooOften { .. } => 429,
        ShareError::Full(_) | ShareError::PinsBusy => 503,
        ShareError::Ledger(LedgerError::DiskFull) => 507,
        ShareError::Ledger(_) => 503,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn codes_of_the_domain_have_their_status() {
        let retry_after = Duration::from_secs(1);
        for (error, code, status) in [
            (ShareError::TooOften { retry_after }, "too_often", 429),
            (ShareError::TooManyTries { retry_after }, "too_many_tries", 429),
            (ShareError::PinLocked { retry_after }, "pin_locked", 429),
            (ShareError::PinsBusy, "busy", 503),
            (ShareError::Ledger(LedgerError::Busy), "busy", 503),
            (ShareError::Ledger(LedgerError::Failed(String::new())), "store_failed", 503),
            (ShareError::Ledger(LedgerError::BadBackup(String::new())), "bad_backup", 422),
            (ShareError::Ledger(LedgerError::DiskFull), "disk_full", 507),
        ] {
            assert_eq!((error.code(), status_of(&error)), (code, status));
        }
    }
}
