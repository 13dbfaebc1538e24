//! Wrong PINs, which are counted by TV.

use redb::WriteTransaction;

use crate::store::schema::v1_to_v2::add_nothing;

/// Takes a database from version 3 to version 4, where all tables are there.
pub fn step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    // On which TVs they were was not written down: as many were somewhere, and a lock that holds goes on.
    add_nothing(transaction, "pin_tries", 1)
}

#[cfg(test)]
mod tests {
    use crate::ground::id::UserId;
    use crate::ground::time::UnixMs;
    use crate::share::ledger::Rows as _;
    use crate::share::{PinTries, Tries};
    use crate::store::key;
    use crate::store::ledger::{Reading, definition};
    use crate::store::schema::{STEPS, migrate, migrate_by};
    use redb::backends::InMemoryBackend;
    use redb::{Database, ReadableDatabase as _};

    #[test]
    fn wrong_pins_of_version_3_stay_counted() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).expect("memory");
        migrate_by(&database, &STEPS[..3]).expect("version 3");
        // Five wrong ones and the lock of a minute, as the program wrote them when its schema was 3.
        let row = b"\x01\x05\x80\xa0\xab\xfe\xf9\x62\xe0\xd4\x03";
        let rui = UserId([3; 10]);
        let transaction = database.begin_write().expect("write");
        transaction
            .open_table(definition("pin_tries"))
            .expect("table")
            .insert(key::written(&rui).as_slice(), &row[..])
            .expect("row");
        transaction.commit().expect("commit");

        migrate(&database).expect("the newest version");
        let elsewhere = Tries { wrong: 5, locked_at: UnixMs(1_700_000_000_000), locked_ms: 60_000 };
        let reading = Reading::new(database.begin_read().expect("read"));
        assert_eq!(reading.pin_tries(rui), Ok(Some(PinTries { elsewhere, tvs: Vec::new() })));
    }
}
