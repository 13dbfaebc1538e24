//! Shares that the owner keeps.

use redb::WriteTransaction;

use crate::store::schema::v1_to_v2::add_nothing;

/// Takes a database from version 3 to version 4, where all tables are there.
pub fn step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    // Not kept: written like nothing.
    add_nothing(transaction, "shares", 1)
}

#[cfg(test)]
mod tests {
    use crate::ground::crypto::TokenHash;
    use crate::ground::id::{SenderId, ShareId, UserId};
    use crate::ground::time::UnixMs;
    use crate::share::ledger::Rows as _;
    use crate::share::{EndReason, Kind, Share, ShareState, Target, TargetState};
    use crate::store::key;
    use crate::store::ledger::{Reading, definition};
    use crate::store::schema::{STEPS, migrate, migrate_by};
    use redb::backends::InMemoryBackend;
    use redb::{Database, ReadableDatabase as _};

    const DATE: [u8; 6] = [0x80, 0xa0, 0xab, 0xfe, 0xf9, 0x62];

    #[test]
    fn shares_of_version_3_are_read_as_they_were_meant() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).expect("memory");
        migrate_by(&database, &STEPS[..3]).expect("version 3");
        // A share called "a", as the program wrote it when its schema was 3: ended, with one target who has seen it.
        let row: Vec<u8> = [
            &[1][..],
            &[1; 10],
            &[6; 10],
            &[0, 1, 1, b'a', 3],
            &[9; 32],
            &DATE,
            &[1],
            &DATE,
            &[1],
            &DATE,
            // It hasn't expired; stopped; 60 s; no media; no failure.
            &[0, 1, 0, 1, 60, 0, 0],
            &[1],
            &[7; 10],
            &[4, 1, 1, 3, 0, 5],
        ]
        .concat();
        let transaction = database.begin_write().expect("write");
        let share = ShareId([1; 10]);
        transaction
            .open_table(definition("shares"))
            .expect("table")
            .insert(key::written(&share).as_slice(), row.as_slice())
            .expect("row");
        transaction.commit().expect("commit");

        migrate(&database).expect("the newest version");
        let date = UnixMs(1_700_000_000_000);
        let target = Target {
            user: UserId([7; 10]),
            state: TargetState::ALL[4],
            seen: true,
            place: Some(3),
            deleted: false,
            position_ms: 5,
        };
        let expected = Share {
            id: share,
            sender: SenderId([6; 10]),
            kind: Kind::Live,
            title: Some("a".into()),
            state: ShareState::Ended,
            token: TokenHash([9; 32]),
            created_at: date,
            started_at: Some(date),
            ended_at: Some(date),
            expired_at: None,
            end_reason: Some(EndReason::Stopped),
            duration_ms: Some(60),
            media: None,
            recording_failure: None,
            targets: vec![target],
            kept: false,
            notes: Vec::new(),
        };
        let reading = Reading::new(database.begin_read().expect("read"));
        assert_eq!(reading.share(share), Ok(Some(expected)));
    }
}
