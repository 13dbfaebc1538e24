//! The step to version 4: what makes a house hard to hurt.

mod doorstep;
mod guests;
mod kept;
mod notes;
mod pins;

use redb::WriteTransaction;

use crate::store::ledger::{TABLES, definition};

/// Takes a database from version 3 to version 4.
pub fn step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    for table in TABLES {
        transaction.open_table(definition(table))?;
    }
    guests::step(transaction)?;
    doorstep::step(transaction)?;
    kept::step(transaction)?;
    notes::step(transaction)?;
    pins::step(transaction)
}
