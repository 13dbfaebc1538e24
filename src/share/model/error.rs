//! What can go wrong in the domain, with a stable code for programs and a sentence for people.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::executor::Busy;
use crate::share::model::state::ShareState;

/// How long it takes until there may be a place again.
const BUSY: Duration = Duration::from_secs(2);
/// When it is worth asking again whether a live share has ended.
const PLACE: Duration = Duration::from_secs(10);

/// Why a decision was refused.
#[derive(Debug)]
pub enum ShareError {
    /// There is no such thing, or not for whoever asks.
    NotFound(&'static str),
    /// What was asked cannot be done as it was said; the text says why and what is expected.
    Invalid(String),
    /// The user has a PIN and none was given.
    PinRequired,
    /// The PIN was wrong.
    WrongPin,
    /// Too many wrong PINs.
    PinLocked {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Too many PINs are being looked at.
    PinsBusy,
    /// The TV belongs to no account yet.
    NotPaired,
    /// The TV belongs to another account than the user.
    WrongAccount,
    /// The share is for someone else of the household.
    NotYours,
    /// The sender does not know whom they want to share with.
    NotAContact,
    /// The pairing or enrolment code is none, was used, or is too old.
    BadCode,
    /// The house has an owner already.
    Claimed,
    /// No TV's square claims the house any more, or none did.
    ClaimClosed,
    /// Too many wrong codes came from there.
    TooManyTries {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The same sender did the same too often.
    TooOften {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The phone is not the owner's.
    NotOwnersPhone,
    /// What a camera app published was stopped by someone else, and the app has not been stopped since.
    StoppedElsewhere,
    /// Nobody is chosen whom a sender's camera apps share with.
    NoRecipients,
    /// The share is not ready yet.
    NotReady,
    /// The share is over.
    Over(ShareState),
    /// A limit is reached; the text says which.
    Full(String),
    /// So many live shares are under way, which is all that the gateway takes, or takes of guests.
    NoPlace(usize),
    /// The ledger could not be read or written.
    Ledger(LedgerError),
}

impl ShareError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Invalid(_) => "invalid",
            Self::PinRequired => "pin_required",
            Self::WrongPin => "wrong_pin",
            Self::PinLocked { .. } => "pin_locked",
            Self::PinsBusy | Self::Ledger(LedgerError::Busy) => "busy",
            Self::NotPaired => "not_paired",
            Self::WrongAccount => "wrong_account",
            Self::NotYours => "not_yours",
            Self::NotAContact => "not_a_contact",
            Self::BadCode => "bad_code",
            Self::Claimed => "claimed",
            Self::ClaimClosed => "claim_closed",
            Self::TooManyTries { .. } => "too_many_tries",
            Self::TooOften { .. } => "too_often",
            Self::NotOwnersPhone => "not_owners_phone",
            Self::StoppedElsewhere => "stopped_elsewhere",
            Self::NoRecipients => "no_recipients",
            Self::NotReady => "not_ready",
            Self::Over(ShareState::Expired) => "expired",
            Self::Over(_) => "ended",
            Self::Full(_) | Self::NoPlace(_) => "full",
            Self::Ledger(LedgerError::DiskFull) => "disk_full",
            Self::Ledger(error) if error.is_of_backup() => "bad_backup",
            Self::Ledger(_) => "store_failed",
        }
    }

    /// How long whoever asked should wait before asking again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::PinLocked { retry_after } | Self::TooManyTries { retry_after } | Self::TooOften { retry_after } => {
                Some(*retry_after)
            }
            Self::PinsBusy | Self::Ledger(LedgerError::Busy) => Some(BUSY),
            Self::NoPlace(_) => Some(PLACE),
            _ => None,
        }
    }
}

impl fmt::Display for ShareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(what) => write!(f, "there is no such {what}; it may have been removed"),
            Self::Invalid(why) => f.write_str(why),
            Self::PinRequired => f.write_str("this needs your PIN"),
            Self::WrongPin => f.write_str("that PIN is wrong; try again"),
            Self::PinLocked { retry_after } => {
                write!(f, "too many wrong PINs; try again in {} s", retry_after.as_millis().div_ceil(1000))
            }
            Self::PinsBusy => f.write_str("other PINs are being checked; try again in a moment"),
            Self::NotPaired => f.write_str("this TV belongs to no household yet; pair it with the code it shows"),
            Self::WrongAccount => f.write_str("this TV belongs to another household"),
            Self::NotYours => f.write_str("this is for someone else of your household: choose who is watching"),
            Self::NotAContact => {
                f.write_str("someone you chose is not among your contacts; choose again from the list")
            }
            Self::BadCode => f.write_str("that code is wrong, used or too old; ask for a new one"),
            Self::Claimed => f.write_str("this home has an owner already; ask them for an invitation"),
            Self::ClaimClosed => f.write_str(
                "no TV's square counts any more: type the code that stands in the gateway's log, or restart the box and \
                 scan the only TV that is on",
            ),
            Self::TooManyTries { retry_after } => {
                write!(f, "too many wrong codes or passwords; try again in {} s", retry_after.as_millis().div_ceil(1000))
            }
            Self::TooOften { retry_after } => {
                write!(f, "this was asked too often; try again in {} s", retry_after.as_millis().div_ceil(1000))
            }
            Self::NotOwnersPhone => f.write_str("this phone is not the owner's; ask whoever looks after the box"),
            Self::StoppedElsewhere => f.write_str(
                "this was stopped on the phone's page or by the owner: stop it in the app too, then wait a moment",
            ),
            Self::NoRecipients => f.write_str("choose who shall see it first: on the phone's page, under Camera apps"),
            Self::NotReady => f.write_str("the video is not ready yet; try again in a moment"),
            Self::Over(ShareState::Expired) => f.write_str("the video's time is over; it has been deleted"),
            Self::Over(_) => f.write_str("the share has ended"),
            Self::Full(what) => f.write_str(what),
            Self::NoPlace(most) => write!(
                f,
                "{most} live videos are under way, and no more can be taken: try again when one has ended"
            ),
            Self::Ledger(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ShareError {}

impl From<Busy> for ShareError {
    fn from(_: Busy) -> Self {
        Self::PinsBusy
    }
}

impl From<LedgerError> for ShareError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Why the ledger could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// The disk is full.
    DiskFull,
    /// The file system or the database refused.
    Failed(String),
    /// A row cannot be read as what it should be.
    Corrupt {
        /// The row's table.
        table: &'static str,
    },
    /// This file was to be restored and is no whole backup: why.
    BadBackup(PathBuf, String),
    /// This file was to be restored and can't be read: why.
    Unreadable(PathBuf, String),
    /// A backup can't be written to this file: why.
    Unwritable(PathBuf, String),
    /// Another backup is made or restored.
    Busy,
    /// This file was named for a backup, and is the database itself.
    Itself(PathBuf),
}

impl LedgerError {
    /// Whether it is the file that was named for a backup that is wrong, and not what is kept here.
    pub fn is_of_backup(&self) -> bool {
        matches!(self, Self::BadBackup(..) | Self::Unreadable(..) | Self::Unwritable(..) | Self::Itself(_))
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull => f.write_str(
                "the disk of the data directory is full and nothing was changed; free some space and try again",
            ),
            Self::Failed(why) => {
                write!(f, "the database cannot be used ({why}); check the disk of the data directory and try again")
            }
            Self::BadBackup(file, why) => {
                write!(f, "{} is no whole backup ({why}); nothing was changed: restore another", file.display())
            }
            Self::Unreadable(file, why) => write!(
                f,
                "{} can't be read ({why}); nothing was changed: name a backup that the user may read who runs the gateway",
                file.display()
            ),
            Self::Unwritable(file, why) => write!(
                f,
                "no backup can be written to {} ({why}): name a file in a folder that is there, has room, and is open to \
                 the user who runs the gateway",
                file.display()
            ),
            Self::Busy => f.write_str(
                "another backup is being made or restored just now, and nothing was changed: try again when it is done",
            ),
            Self::Itself(file) => write!(
                f,
                "{} is the database itself, and nothing was changed: name another file for the backup",
                file.display()
            ),
            Self::Corrupt { table } => {
                write!(
                    f,
                    "the database has a damaged row in table {table}; restore a backup with `lareira admin restore FILE`"
                )
            }
        }
    }
}

impl std::error::Error for LedgerError {}
