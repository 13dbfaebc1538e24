//! The store: the domain's ledger in redb, one file. Nothing else knows redb.
//!
//! Looks read on the caller's thread. Decisions go to one writer thread, which takes all that wait into one transaction
//! and makes them durable together, each with its own result. Disk full or failing: the database is opened again, so
//! that what was durable stays readable, and the writer tries until it can be written again. redb's panics, which are its
//! answer to damaged pages, are failures like any other (`guard`).

mod copy;
mod error;
mod guard;
mod key;
mod ledger;
mod schema;
#[cfg(test)]
mod tests;
mod value;
mod writer;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

use redb::{Database, DatabaseError, ReadableDatabase as _};

use crate::private;
use crate::share::LedgerError;
use crate::share::ledger::{Decision, Rows, Storage};
pub use error::StoreError;
use error::failed;
use guard::guarded;
use ledger::Reading;
use writer::{Work, Writer};

/// Bytes redb may keep of the file in memory. The operating system keeps more; ours would only be a second copy.
const CACHE_BYTES: usize = 3 << 20;

/// The domain's storage, in one file.
pub struct Store {
    shelf: Arc<Shelf>,
    writer: Writer,
    /// Whoever makes a copy or brings one back: one at a time.
    copying: Mutex<()>,
}

/// The open database, and how to open it again.
struct Shelf {
    database: RwLock<Option<Database>>,
    open: Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>,
    path: PathBuf,
    /// Why it could not be written when that was last tried.
    trouble: Mutex<Option<LedgerError>>,
    /// The tables that could not be read, and why; none by name where not even the database could.
    unread: Mutex<BTreeMap<Option<&'static str>, LedgerError>>,
}

impl Store {
    /// Opens the database at `path`, new or of any earlier version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = path.to_owned();
        Self::open_by(path, Box::new(move || open_file(&file)))
    }

    /// Opens a database by `open`, which is called again after a failure of the disk.
    fn open_by(
        path: &Path,
        open: Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>,
    ) -> Result<Self, StoreError> {
        let opened = guarded(|| {
            let opened = open().map_err(|error| StoreError::opening(path, error));
            Ok(opened.and_then(|database| schema::migrate(&database).map(|()| database)))
        });
        let database = opened.unwrap_or_else(|error| Err(StoreError::damaged(path, &error)))?;
        let shelf = Arc::new(Shelf {
            database: RwLock::new(Some(database)),
            open,
            path: path.to_owned(),
            trouble: Mutex::default(),
            unread: Mutex::default(),
        });
        copy::clean_up(path);
        let writer = Writer::start(Arc::clone(&shelf))
            .map_err(|error| StoreError::Failed(LedgerError::Failed(error.to_string())))?;
        Ok(Self { shelf, writer, copying: Mutex::default() })
    }

    /// An error if `file` is where everything is.
    fn is_another(&self, file: &Path) -> Result<(), LedgerError> {
        let is_own = file.canonicalize().is_ok_and(|file| self.shelf.path.canonicalize().is_ok_and(|own| own == file));
        if is_own { Err(LedgerError::Itself(file.to_owned())) } else { Ok(()) }
    }

    /// The right to make a copy or to bring one back.
    fn copying(&self) -> Result<MutexGuard<'_, ()>, LedgerError> {
        match self.copying.try_lock() {
            Ok(turn) => Ok(turn),
            Err(TryLockError::Poisoned(turn)) => Ok(turn.into_inner()),
            Err(TryLockError::WouldBlock) => Err(LedgerError::Busy),
        }
    }
}

/// Opens the database file, readable by its owner alone: there are keys in it.
fn open_file(path: &Path) -> Result<Database, DatabaseError> {
    match private::file().write(true).create_new(true).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        new => {
            if new.is_err() {
                private::narrow(path);
            }
            Database::builder().set_cache_size(CACHE_BYTES).create(path)
        }
    }
}

impl Shelf {
    fn trouble(&self) -> MutexGuard<'_, Option<LedgerError>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unread(&self) -> MutexGuard<'_, BTreeMap<Option<&'static str>, LedgerError>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it could not be written or read when that was last tried.
    fn is_in_trouble(&self) -> bool {
        self.trouble().is_some() || !self.unread().is_empty()
    }

    /// Tries to read what could not be read.
    fn read_again(&self) {
        let unread: Vec<_> = self.unread().keys().copied().collect();
        for table in unread {
            let read = self.with(|database| {
                let reading = Reading::new(database.begin_read().map_err(failed)?);
                table.map_or(Ok(()), |table| reading.read_through(table))
            });
            if read.is_err() {
                // What it holds in memory may be what is wrong. A failure to open it is met by whoever asks next.
                let _ = self.reopen();
                continue;
            }
            self.unread().remove(&table);
            log::info!("the database can be read again{}", in_table(table));
        }
    }

    /// Lets `ask` use the database; opens it first where the last attempt failed.
    fn with<T>(&self, ask: impl FnOnce(&Database) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        loop {
            let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(database) = &*database {
                return guarded(|| ask(database));
            }
            drop(database);
            self.reopen()?;
        }
    }

    /// Closes and opens the database: after a failure of the disk, redb writes no more until then.
    fn reopen(&self) -> Result<(), LedgerError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = database.take() {
            // One that panicked before may do so again while it is closed.
            let _ = guarded(|| {
                drop(old);
                Ok(())
            });
        }
        *database = Some(guarded(|| (self.open)().map_err(failed))?);
        log::warn!("database opened again after a failure of the disk");
        Ok(())
    }
}

impl Storage for Store {
    fn read(&self, rule: &mut dyn FnMut(&dyn Rows)) -> Result<(), LedgerError> {
        let mut once = || {
            self.shelf.with(|database| {
                let reading = Reading::new(database.begin_read().map_err(failed)?);
                rule(&reading);
                Ok(reading.broken())
            })
        };
        let looked = match once() {
            Ok(None) => return Ok(()),
            Ok(Some(_)) | Err(_) => self.shelf.reopen().and_then(|()| once()),
        };
        let (table, error) = match &looked {
            Ok(None) => return Ok(()),
            Ok(Some((table, error))) => (Some(*table), error),
            Err(error) => (None, error),
        };
        if self.shelf.unread().insert(table, error.clone()).is_none() {
            log::error!("database not read{}: {error}", in_table(table));
            self.writer.wake();
        }
        looked.map(drop)
    }

    fn write(&self, decision: Decision) -> Result<(), LedgerError> {
        self.writer.ask(Work::Decide(decision))
    }

    fn backup(&self, file: &Path) -> Result<(), LedgerError> {
        let _turn = self.copying()?;
        self.is_another(file)?;
        self.shelf.with(|database| copy::backup(database, file))
    }

    fn restore(&self, file: &Path, decision: Decision) -> Result<(), LedgerError> {
        let _turn = self.copying()?;
        self.is_another(file)?;
        let copy = copy::open_copy(file, &self.shelf.path)?;
        match copy::prepare(&copy, decision)? {
            Some(then) => self.writer.ask(Work::Replace(copy, then)),
            None => Ok(()),
        }
    }

    fn health(&self) -> Result<(), LedgerError> {
        if self.writer.is_gone() {
            return Err(LedgerError::Failed("its writer is gone; restart the gateway".into()));
        }
        let trouble = self.shelf.trouble().clone();
        trouble.or_else(|| self.shelf.unread().values().next().cloned()).map_or(Ok(()), Err)
    }
}

fn in_table(table: Option<&'static str>) -> String {
    table.map_or_else(String::new, |table| format!(" in table {table}"))
}
