//! What can go wrong with the database, and what to do about it.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use redb::{DatabaseError, StorageError};

use crate::share::LedgerError;

/// Why the database could not be opened.
#[derive(Debug)]
pub enum StoreError {
    /// The database was written by a newer version of the program.
    TooNew {
        /// Its schema.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// Another process has it open.
    InUse(PathBuf),
    /// The file can't be read as a database.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the database said.
        why: String,
    },
    /// The file system or the database refused.
    Failed(LedgerError),
}

impl StoreError {
    /// Why the database in the file at `path` could not be opened.
    pub fn opening(path: &Path, error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen => Self::InUse(path.to_owned()),
            DatabaseError::Storage(StorageError::Io(error))
                if !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
            {
                Self::Failed(failed(StorageError::Io(error)))
            }
            other => Self::damaged(path, &other),
        }
    }

    /// The file at `path` is no whole database.
    pub fn damaged(path: &Path, why: &impl fmt::Display) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.to_string() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooNew { found, known } => write!(
                f,
                "the database was written by a newer lareira (its schema is {found}, this one knows {known}); install that version again, or start with another data directory"
            ),
            Self::InUse(path) => {
                write!(f, "another process has {} open; stop it, or use another data directory", path.display())
            }
            Self::Damaged { path, why } => write!(
                f,
                "the database {} can't be read ({why}). Move it away, then bring back a backup with `lareira admin restore FILE`, or start anew without it",
                path.display()
            ),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed(error) => error,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Any of redb's errors, in the words of the ledger.
pub fn failed(error: impl Into<redb::Error>) -> LedgerError {
    match error.into() {
        redb::Error::Io(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            LedgerError::DiskFull
        }
        other => LedgerError::Failed(other.to_string()),
    }
}
