//! Which HTTP status says what the domain refuses: the one place where its errors meet status codes (RFC 9110,
//! section 15). Nothing else of an answer is made here.

use crate::share::{ClipError, LedgerError, ShareError};

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
        ShareError::Ledger(error) if error.is_of_backup() => 422,
        ShareError::PinLocked { .. } | ShareError::TooManyTries { .. } | ShareError::TooOften { .. } => 429,
        ShareError::Full(_) | ShareError::NoPlace(_) | ShareError::PinsBusy => 503,
        ShareError::Ledger(LedgerError::DiskFull) => 507,
        ShareError::Ledger(_) => 503,
    }
}

/// The same of what a phone that sends a clip's film is told.
pub fn status_of_clip(error: &ClipError) -> u16 {
    match error {
        ClipError::Share(error) => status_of(error),
        ClipError::NotStored(ShareError::Ledger(LedgerError::DiskFull)) => 507,
        ClipError::NotStored(_) | ClipError::Busy | ClipError::OwnUploads | ClipError::Rested | ClipError::Yielded => {
            503
        }
        ClipError::Empty => 400,
        ClipError::NotRecorded | ClipError::Uploading | ClipError::OtherFile(_) => 409,
        ClipError::Over => 410,
        ClipError::TooLarge(_) => 413,
        ClipError::UnsupportedCodec(_) | ClipError::NotPlayable(_) => 415,
        ClipError::Offset(_) => 416,
        ClipError::Disk(_) => 500,
        ClipError::DiskFull(_) => 507,
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
            (ShareError::NoPlace(4), "full", 503),
            (ShareError::Ledger(LedgerError::Busy), "busy", 503),
            (ShareError::Ledger(LedgerError::Failed(String::new())), "store_failed", 503),
            (ShareError::Ledger(LedgerError::BadBackup("x".into(), String::new())), "bad_backup", 422),
            (ShareError::Ledger(LedgerError::DiskFull), "disk_full", 507),
        ] {
            assert_eq!((error.code(), status_of(&error)), (code, status));
        }
    }

    #[test]
    fn codes_of_clips_have_their_status() {
        let text = String::new;
        for (error, code, status) in [
            (ClipError::Share(ShareError::NotReady), "not_ready", 409),
            (ClipError::Over, "ended", 410),
            (ClipError::NotRecorded, "not_recorded", 409),
            (ClipError::Empty, "empty", 400),
            (ClipError::TooLarge(text()), "too_large", 413),
            (ClipError::DiskFull(text()), "disk_full", 507),
            (ClipError::Disk(std::io::Error::other("broken")), "disk", 500),
            (ClipError::NotStored(LedgerError::DiskFull.into()), "disk_full", 507),
            (ClipError::NotStored(LedgerError::Failed(text()).into()), "store_failed", 503),
            (ClipError::Uploading, "uploading", 409),
            (ClipError::Busy, "busy", 503),
            (ClipError::OwnUploads, "busy", 503),
            (ClipError::Rested, "rested", 503),
            (ClipError::Yielded, "yielded", 503),
            (ClipError::Offset(1), "offset", 416),
            (ClipError::OtherFile(1), "other_file", 409),
            (ClipError::UnsupportedCodec(text()), "unsupported_codec", 415),
            (ClipError::NotPlayable(text()), "not_playable", 415),
        ] {
            assert_eq!((error.code(), status_of_clip(&error)), (code, status));
        }
    }
}
