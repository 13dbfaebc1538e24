//! Storage in memory, for tests: what the database must do, in the simplest form.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, PhoneId, SenderId, ShareId, TvId, UserId};
use crate::ground::time::UnixMs;
use crate::share::ledger::{Decision, Ledger, Order, Range, Rows, Storage, Verdict, Visit, for_each_table};
use crate::share::model::error::LedgerError;
use crate::share::model::rows::{
    Account, Blocks, InboxCounts, Invite, Kept, OwnerBrowser, Phone, PinTries, Recipients, Sender, Share, Standing, Tv,
    User,
};

macro_rules! keep_in_maps {
    ($($table:ident($key:ty => $row:ty): $get:ident $put:ident $remove:ident $scan:ident;)*) => {
        /// The tables, as maps.
        #[derive(Clone, Default)]
        pub struct MemoryLedger {
            $($table: BTreeMap<$key, $row>,)*
        }

        impl Rows for MemoryLedger {
            $(
                fn $get(&self, key: $key) -> Result<Option<$row>, LedgerError> {
                    Ok(self.$table.get(&key).cloned())
                }
                fn $scan(
                    &self,
                    range: Range<$key>,
                    order: Order,
                    visit: Visit<'_, $key, $row>,
                ) -> Result<(), LedgerError> {
                    let rows = self.$table.range(range).map(|(key, row)| (key.clone(), row.clone()));
                    let rows: Vec<_> = match order {
                        Order::Rising => rows.collect(),
                        Order::Falling => rows.rev().collect(),
                    };
                    for (key, row) in rows {
                        if visit(key, row).is_break() {
                            break;
                        }
                    }
                    Ok(())
                }
            )*
        }

        impl Ledger for MemoryLedger {
            $(
                fn $put(&mut self, key: $key, row: &$row) -> Result<(), LedgerError> {
                    self.$table.insert(key, row.clone());
                    Ok(())
                }
                fn $remove(&mut self, key: $key) -> Result<(), LedgerError> {
                    self.$table.remove(&key);
                    Ok(())
                }
            )*
        }
    };
}
for_each_table!(keep_in_maps);

/// Storage in memory; lost with the process.
#[derive(Default)]
pub struct MemoryStorage {
    ledger: Mutex<MemoryLedger>,
    fails: AtomicBool,
}

impl MemoryStorage {
    /// From now on it takes nothing, as on a full disk; or takes all again.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    fn ledger(&self) -> MutexGuard<'_, MemoryLedger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for MemoryStorage {
    fn read(&self, rule: &mut dyn FnMut(&dyn Rows)) -> Result<(), LedgerError> {
        rule(&*self.ledger());
        Ok(())
    }

    fn write(&self, decision: Decision) -> Result<(), LedgerError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(LedgerError::DiskFull);
        }
        let mut ledger = self.ledger();
        let before = ledger.clone();
        match decision(&mut *ledger) {
            Verdict::Keep(then) => then(),
            Verdict::Undo => *ledger = before,
        }
        Ok(())
    }

    fn backup(&self, _: &Path) -> Result<(), LedgerError> {
        Err(LedgerError::Failed("this storage is in memory only".into()))
    }

    fn restore(&self, _: &Path, _: Decision) -> Result<(), LedgerError> {
        Err(LedgerError::Failed("this storage is in memory only".into()))
    }

    fn health(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}
