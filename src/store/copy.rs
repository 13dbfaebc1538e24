//! Backups: a consistent copy of all tables into a file of its own, and back.

use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase as _, ReadableTable as _, WriteTransaction};

use crate::private;
use crate::share::LedgerError;
use crate::share::ledger::Decision;
use crate::store::error::failed;
use crate::store::guard::guarded;
use crate::store::ledger::{Reading, TABLES, Then, Writing, check_rows, definition};
use crate::store::{open_file, schema};

/// Writes a copy of `database` to `file`, as it is at this moment; whole, or not at all.
pub fn backup(database: &Database, file: &Path) -> Result<(), LedgerError> {
    let partial = beside(file, "partial");
    let _ = std::fs::remove_file(&partial);
    let copied =
        copy_all(database, &partial, file).and_then(|()| std::fs::rename(&partial, file).map_err(unwritable(file)));
    if copied.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    copied
}

/// Writes to `partial` what will be `file`, by which it is known to people.
fn copy_all(database: &Database, partial: &Path, file: &Path) -> Result<(), LedgerError> {
    let copy = open_file(partial).map_err(unwritable(file))?;
    let reading = database.begin_read().map_err(failed)?;
    let transaction = copy.begin_write().map_err(unwritable(file))?;
    for table in TABLES {
        let from = reading.open_table(definition(table)).map_err(failed)?;
        let mut to = transaction.open_table(definition(table)).map_err(unwritable(file))?;
        for row in from.iter().map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            to.insert(key.value(), row.value()).map_err(unwritable(file))?;
        }
    }
    schema::stamp(&transaction).map_err(unwritable(file))?;
    transaction.commit().map_err(unwritable(file))?;
    copy.close().map_err(unwritable(file))
}

/// What is said of an error of the file that a backup is written to.
fn unwritable<E: Into<redb::Error>>(file: &Path) -> impl Fn(E) -> LedgerError {
    move |error| LedgerError::Unwritable(file.to_owned(), plain(&error.into()))
}

/// An error without the database's own words around it, where it is the file system's.
fn plain(error: &redb::Error) -> String {
    match error {
        redb::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// Has `decision` change a copy before it replaces anything; what runs once it has, `None` where the decision is undone.
pub fn prepare(copy: &Copy, decision: Decision) -> Result<Option<Then>, LedgerError> {
    guarded(|| {
        let transaction = copy.database.begin_write().map_err(failed)?;
        let mut ledger = Writing::new(&transaction);
        let then = ledger.decide(decision)?;
        if let Some(error) = ledger.broken() {
            return Err(error);
        }
        drop(ledger);
        transaction.commit().map_err(failed)?;
        Ok(then)
    })
}

/// Deletes what a restore that was killed left beside the database.
pub fn clean_up(store: &Path) {
    let _ = std::fs::remove_file(beside(store, "restore"));
}

/// A backup, opened beside the database it will replace; removed when dropped.
pub struct Copy {
    database: Database,
    path: PathBuf,
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Opens the backup in `file`, of this or any earlier version, once all of it was read. The file itself is not touched.
pub fn open_copy(file: &Path, store: &Path) -> Result<Copy, LedgerError> {
    let unreadable = |why: String| LedgerError::Unreadable(file.to_owned(), why);
    let named = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?;
    if !named.is_file() {
        return Err(unreadable(if named.is_dir() { "it is a folder" } else { "it is no file" }.into()));
    }
    std::fs::File::open(file).map_err(|error| unreadable(error.to_string()))?;
    let path = beside(store, "restore");
    private::copy(file, &path).map_err(|error| {
        let _ = std::fs::remove_file(&path);
        failed(error)
    })?;
    guarded(|| checked(&path)).map(|database| Copy { database, path: path.clone() }).map_err(|error| {
        let _ = std::fs::remove_file(&path);
        let bad = |why| LedgerError::BadBackup(file.to_owned(), why);
        match error {
            LedgerError::Failed(why) | LedgerError::BadBackup(_, why) => bad(why),
            LedgerError::Corrupt { table } => bad(format!("table {table} has a damaged row")),
            other => other,
        }
    })
}

/// Opens the file at `path`, and reads every page and every row of it.
fn checked(path: &Path) -> Result<Database, LedgerError> {
    let mut database = Database::open(path).map_err(failed)?;
    if !database.check_integrity().map_err(failed)? {
        return Err(LedgerError::BadBackup(path.to_owned(), "it is damaged".into()));
    }
    if !schema::is_ours(&database)? {
        return Err(LedgerError::BadBackup(path.to_owned(), "it is another program's database".into()));
    }
    schema::migrate(&database)?;
    check_rows(&Reading::new(database.begin_read().map_err(failed)?))?;
    Ok(database)
}

/// Replaces all rows by those of a copy, in a transaction that is under way.
pub fn replace(transaction: &WriteTransaction, copy: &Copy) -> Result<(), LedgerError> {
    let write = || -> Result<(), redb::Error> {
        let reading = copy.database.begin_read()?;
        for table in TABLES {
            transaction.delete_table(definition(table))?;
            let from = reading.open_table(definition(table))?;
            let mut to = transaction.open_table(definition(table))?;
            for row in from.iter()? {
                let (key, row) = row?;
                to.insert(key.value(), row.value())?;
            }
        }
        Ok(())
    };
    write().map_err(failed)
}

fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}
