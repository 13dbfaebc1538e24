//! redb answers a damaged page with a panic, not with an error. Whatever asks a file that it may find damaged goes through
//! here, so that a panic is a failure like any other, and ends no thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::share::LedgerError;

/// Runs `ask`; a panic in it is an error that says what it said.
///
/// Nothing of redb's is used after one: a transaction is dropped, and the database opened again.
pub fn guarded<T>(ask: impl FnOnce() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|panic| Err(LedgerError::Failed(said(&*panic))))
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("its file is damaged: {}", words.unwrap_or("it can't be read"))
}
