//! What senders are told of clips that could be taken.

use redb::WriteTransaction;

use crate::store::schema::v1_to_v2::add_nothing;

/// Takes a database from version 3 to version 4, where shares have all other columns.
pub fn step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    // An empty list is written like nothing.
    add_nothing(transaction, "shares", 1)
}
