//! The ledger over redb: one table for each of the domain's, in a reading or in the one writing transaction.
//!
//! Several decisions share a writing transaction. Each notes what it overwrites, so that one that is refused can be
//! taken back without touching the others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, PhoneId, SenderId, ShareId, TvId, UserId};
use crate::ground::time::UnixMs;
use crate::share::ledger::{Decision, Ledger, Order, Range, Rows, Verdict, Visit, all, for_each_table};
use crate::share::{
    Account, Blocks, InboxCounts, Invite, Kept, LedgerError, OwnerBrowser, Phone, PinTries, Recipients, Sender, Share,
    Standing, Tv, User,
};
use crate::store::error::failed;
use crate::store::guard::guarded;
use crate::store::key::{self, Key};
use crate::store::value;

/// What runs once a decision is durable.
pub type Then = Box<dyn FnOnce() + Send>;

/// How every table is defined: bytes to bytes, so that a damaged row is an error and not a panic.
pub type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// The definition of the table with this name.
pub const fn definition(name: &'static str) -> Definition {
    TableDefinition::new(name)
}

macro_rules! name_tables {
    ($($table:ident($key:ty => $row:ty): $get:ident $put:ident $remove:ident $scan:ident;)*) => {
        /// The names of all tables.
        pub const TABLES: &[&str] = &[$(stringify!($table)),*];
    };
}
for_each_table!(name_tables);

fn decode<K: Key, R: DeserializeOwned>(table: &'static str, key: &[u8], row: &[u8]) -> Result<(K, R), LedgerError> {
    K::read(key).zip(value::read(row)).ok_or(LedgerError::Corrupt { table })
}

fn scan<K: Key, R: DeserializeOwned>(
    name: &'static str,
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    range: Range<K>,
    order: Order,
    visit: Visit<'_, K, R>,
) -> Result<(), LedgerError> {
    let range = (range.0.map(|key| key::written(&key)), range.1.map(|key| key::written(&key)));
    let mut rows = table.range::<&[u8]>((slice(&range.0), slice(&range.1))).map_err(failed)?;
    loop {
        let row = match order {
            Order::Rising => rows.next(),
            Order::Falling => rows.next_back(),
        };
        let Some(row) = row else { return Ok(()) };
        let (key, row) = row.map_err(failed)?;
        let (key, row) = decode(name, key.value(), row.value())?;
        if visit(key, row) == ControlFlow::Break(()) {
            return Ok(());
        }
    }
}

fn slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

/// A table open for reading.
type Open = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The tables in a reading transaction, each opened when it is first asked.
pub struct Reading {
    transaction: ReadTransaction,
    open: RefCell<HashMap<&'static str, Open>>,
    broken: RefCell<Option<(&'static str, LedgerError)>>,
}

impl Reading {
    /// A ledger that can be read.
    pub fn new(transaction: ReadTransaction) -> Self {
        Self { transaction, open: RefCell::default(), broken: RefCell::default() }
    }

    /// In which table the database failed first, rather than a rule, and how.
    pub fn broken(&self) -> Option<(&'static str, LedgerError)> {
        self.broken.borrow().clone()
    }

    /// Reads all of a table, whatever its rows say.
    pub fn read_through(&self, name: &'static str) -> Result<(), LedgerError> {
        self.with(name, |table| table.iter().map_err(failed)?.try_for_each(|row| row.map(drop).map_err(failed)))
    }

    fn with<T>(&self, name: &'static str, ask: impl FnOnce(&Open) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let known = self.open.borrow().contains_key(name);
        let answer = guarded(|| {
            if !known {
                let table = self.transaction.open_table(definition(name)).map_err(failed)?;
                self.open.borrow_mut().insert(name, table);
            }
            let open = self.open.borrow();
            ask(open.get(name).expect("it was opened just now"))
        });
        if let Err(error @ (LedgerError::DiskFull | LedgerError::Failed(_))) = &answer {
            self.broken.borrow_mut().get_or_insert_with(|| (name, error.clone()));
        }
        answer
    }

    fn get<K: Key, R: DeserializeOwned>(&self, name: &'static str, key: &K) -> Result<Option<R>, LedgerError> {
        self.with(name, |table| match table.get(key::written(key).as_slice()).map_err(failed)? {
            Some(row) => value::read(row.value()).map(Some).ok_or(LedgerError::Corrupt { table: name }),
            None => Ok(None),
        })
    }

    fn scan<K: Key, R: DeserializeOwned>(
        &self,
        name: &'static str,
        range: Range<K>,
        order: Order,
        visit: Visit<'_, K, R>,
    ) -> Result<(), LedgerError> {
        self.with(name, |table| scan(name, table, range, order, visit))
    }
}

/// What a row was before it was written.
struct Before {
    table: &'static str,
    key: Vec<u8>,
    row: Option<Vec<u8>>,
}

/// The tables in the writing transaction.
pub struct Writing<'t> {
    transaction: &'t WriteTransaction,
    /// What the decision under way has overwritten, in order.
    before: Vec<Before>,
    /// The database failed in this transaction: nothing of it can be kept.
    broken: RefCell<Option<LedgerError>>,
}

impl<'t> Writing<'t> {
    /// A ledger that can be written.
    pub fn new(transaction: &'t WriteTransaction) -> Self {
        Self { transaction, before: Vec::new(), broken: RefCell::new(None) }
    }

    /// Runs one decision; a refused or broken one leaves nothing behind.
    pub fn decide(&mut self, decision: Decision) -> Result<Option<Then>, LedgerError> {
        match catch_unwind(AssertUnwindSafe(|| decision(self))) {
            Ok(Verdict::Keep(then)) => Ok(Some(then)),
            Ok(Verdict::Undo) | Err(_) => {
                self.undo()?;
                Ok(None)
            }
        }
    }

    /// Keeps what the decision under way has written; whether that is anything.
    pub fn keep(&mut self) -> bool {
        let wrote = !self.before.is_empty();
        self.before.clear();
        wrote
    }

    /// Takes back what the decision under way has written.
    fn undo(&mut self) -> Result<(), LedgerError> {
        for Before { table, key, row } in std::mem::take(&mut self.before).into_iter().rev() {
            let mut table = self.transaction.open_table(definition(table)).map_err(failed)?;
            match row {
                Some(row) => table.insert(key.as_slice(), row.as_slice()).map_err(failed).map(drop)?,
                None => table.remove(key.as_slice()).map_err(failed).map(drop)?,
            }
        }
        Ok(())
    }

    /// Why nothing of this transaction can be kept, if so.
    pub fn broken(&self) -> Option<LedgerError> {
        self.broken.borrow().clone()
    }

    fn note<T>(&self, ask: impl FnOnce() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let answer = guarded(ask);
        if let Err(error @ (LedgerError::DiskFull | LedgerError::Failed(_))) = &answer {
            self.broken.borrow_mut().get_or_insert_with(|| error.clone());
        }
        answer
    }

    fn get<K: Key, R: DeserializeOwned>(&self, name: &'static str, key: &K) -> Result<Option<R>, LedgerError> {
        let get = || {
            let table = self.transaction.open_table(definition(name)).map_err(failed)?;
            let row = table.get(key::written(key).as_slice()).map_err(failed)?;
            row.map(|row| value::read(row.value()).ok_or(LedgerError::Corrupt { table: name })).transpose()
        };
        self.note(get)
    }

    fn put<K: Key, R: Serialize>(&mut self, name: &'static str, key: &K, row: &R) -> Result<(), LedgerError> {
        let key = key::written(key);
        let row = value::written(row);
        let put = || {
            let mut table = self.transaction.open_table(definition(name)).map_err(failed)?;
            let before = table.insert(key.as_slice(), row.as_slice()).map_err(failed)?;
            Ok(before.map(|before| before.value().to_vec()))
        };
        let before = self.note(put)?;
        self.before.push(Before { table: name, key, row: before });
        Ok(())
    }

    fn remove<K: Key>(&mut self, name: &'static str, key: &K) -> Result<(), LedgerError> {
        let key = key::written(key);
        let remove = || {
            let mut table = self.transaction.open_table(definition(name)).map_err(failed)?;
            let before = table.remove(key.as_slice()).map_err(failed)?;
            Ok(before.map(|before| before.value().to_vec()))
        };
        if let Some(before) = self.note(remove)? {
            self.before.push(Before { table: name, key, row: Some(before) });
        }
        Ok(())
    }

    fn scan<K: Key, R: DeserializeOwned>(
        &self,
        name: &'static str,
        range: Range<K>,
        order: Order,
        visit: Visit<'_, K, R>,
    ) -> Result<(), LedgerError> {
        let run = || {
            let table = self.transaction.open_table(definition(name)).map_err(failed)?;
            scan(name, &table, range, order, visit)
        };
        self.note(run)
    }
}

macro_rules! keep_in_redb {
    ($($table:ident($key:ty => $row:ty): $get:ident $put:ident $remove:ident $scan:ident;)*) => {
        keep_in_redb!(read Reading: $($table $key, $row, $get $scan;)*);
        keep_in_redb!(read Writing<'_>: $($table $key, $row, $get $scan;)*);

        impl Ledger for Writing<'_> {
            $(
                fn $put(&mut self, key: $key, row: &$row) -> Result<(), LedgerError> {
                    self.put(stringify!($table), &key, row)
                }
                fn $remove(&mut self, key: $key) -> Result<(), LedgerError> {
                    self.remove(stringify!($table), &key)
                }
            )*
        }
    };
    (read $ledger:ty: $($table:ident $key:ty, $row:ty, $get:ident $scan:ident;)*) => {
        impl Rows for $ledger {
            $(
                fn $get(&self, key: $key) -> Result<Option<$row>, LedgerError> {
                    self.get(stringify!($table), &key)
                }
                fn $scan(
                    &self,
                    range: Range<$key>,
                    order: Order,
                    visit: Visit<'_, $key, $row>,
                ) -> Result<(), LedgerError> {
                    self.scan(stringify!($table), range, order, visit)
                }
            )*
        }
    };
}
for_each_table!(keep_in_redb);

macro_rules! check_tables {
    ($($table:ident($key:ty => $row:ty): $get:ident $put:ident $remove:ident $scan:ident;)*) => {
        /// Reads every row of every table; an error at the first that is none.
        pub fn check_rows(rows: &dyn Rows) -> Result<(), LedgerError> {
            $(rows.$scan(all(), Order::Rising, &mut |_, _| ControlFlow::Continue(()))?;)*
            Ok(())
        }
    };
}
for_each_table!(check_tables);
