//! The step to version 3: names of phones and which is the owner's, a list of each sender's own shares, and camera apps.

use std::collections::BTreeMap;

use redb::WriteTransaction;
use serde::Deserialize;

use super::v1_to_v2::{add_nothing, damaged, rows};
use crate::ground::crypto::TokenHash;
use crate::ground::id::{SenderId, ShareId};
use crate::ground::time::UnixMs;
use crate::store::ledger::{TABLES, definition};
use crate::store::{key, value};

/// What a share of version 2 begins with.
#[derive(Deserialize)]
struct OldShare {
    id: ShareId,
    sender: SenderId,
    _kind: u32,
    _title: Option<String>,
    _state: u32,
    _token: TokenHash,
    created_at: UnixMs,
}

/// Takes a database from version 2 to version 3.
pub fn step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    for table in TABLES {
        transaction.open_table(definition(table))?;
    }
    // No name, and not the owner's: both are written like nothing.
    add_nothing(transaction, "phones", 2)?;
    let mut counts: BTreeMap<SenderId, u64> = BTreeMap::new();
    for (_, row) in rows(transaction, "shares")? {
        let share: OldShare = value::read_beginning(&row).ok_or_else(|| damaged("shares"))?;
        let place = key::written(&((share.sender, share.created_at), share.id));
        transaction
            .open_table(definition("sender_shares"))?
            .insert(place.as_slice(), value::written(&()).as_slice())?;
        *counts.entry(share.sender).or_default() += 1;
    }
    let mut table = transaction.open_table(definition("sender_counts"))?;
    for (sender, count) in counts {
        table.insert(key::written(&sender).as_slice(), value::written(&count).as_slice())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::id::PhoneId;
    use crate::share::Phone;
    use crate::share::ledger::{Order, Rows as _, all};
    use crate::store::ledger::Reading;
    use crate::store::schema::{STEPS, migrate, migrate_by};
    use redb::backends::InMemoryBackend;
    use redb::{Database, ReadableDatabase as _};
    use std::ops::ControlFlow;

    const PHONE: PhoneId = PhoneId([4; 10]);
    const RUI: SenderId = SenderId([6; 10]);
    const EVA: SenderId = SenderId([8; 10]);

    /// A phone and the beginning of shares, as the program wrote them when its schema was 2.
    const PHONE_ROW: [&[u8]; 4] = [&[1], &[4; 10], &[6; 10], &[9; 32]];
    const PHONE_DATE: [u8; 6] = [0x80, 0xa0, 0xab, 0xfe, 0xf9, 0x62];

    fn version_two() -> Database {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).expect("memory");
        migrate_by(&database, &STEPS[..2]).expect("version 2");
        let transaction = database.begin_write().expect("write");
        let put = |table, key: Vec<u8>, row: Vec<u8>| {
            let mut table = transaction.open_table(definition(table)).expect("table");
            table.insert(key.as_slice(), row.as_slice()).expect("row");
        };
        put("phones", key::written(&PHONE), [PHONE_ROW.concat(), PHONE_DATE.to_vec()].concat());
        // The first is called "a", and the third is the older one.
        for (share, sender, title, date) in [
            ([1; 10], RUI, &b"\x01\x01a"[..], PHONE_DATE),
            ([2; 10], EVA, b"\x00", PHONE_DATE),
            ([3; 10], RUI, b"\x00", [0x80, 0xa0, 0xab, 0xfe, 0xf9, 0x61]),
        ] {
            let beginning = [&[1][..], &share, &sender.0, &[0], title, &[3]].concat();
            let row = [&beginning[..], &[9; 32], &date, b"and what follows"].concat();
            put("shares", key::written(&ShareId(share)), row);
        }
        transaction.commit().expect("commit");
        database
    }

    #[test]
    fn phones_and_shares_of_version_2_are_read_as_they_were_meant() {
        let database = version_two();
        migrate(&database).expect("the newest version");
        let reading = Reading::new(database.begin_read().expect("read"));
        let phone = Phone {
            id: PHONE,
            sender: RUI,
            token: TokenHash([9; 32]),
            created_at: UnixMs(1_700_000_000_000),
            name: None,
            is_owners: false,
        };
        assert_eq!(reading.phone(PHONE), Ok(Some(phone)));
        let mut listed = Vec::new();
        reading
            .scan_sender_shares(all(), Order::Rising, &mut |((sender, _), share), ()| {
                listed.push((sender, share));
                ControlFlow::Continue(())
            })
            .expect("read");
        assert_eq!(listed, [(RUI, ShareId([3; 10])), (RUI, ShareId([1; 10])), (EVA, ShareId([2; 10]))]);
        assert_eq!((reading.sender_count(RUI), reading.sender_count(EVA)), (Ok(Some(2)), Ok(Some(1))));
    }

    #[test]
    fn a_damaged_share_leaves_the_database_as_it_was() {
        let database = version_two();
        let transaction = database.begin_write().expect("write");
        let key = key::written(&ShareId([1; 10]));
        transaction.open_table(definition("shares")).expect("table").insert(key.as_slice(), &[1, 2][..]).expect("row");
        transaction.commit().expect("commit");
        let error = migrate(&database).expect_err("damaged");
        assert!(error.to_string().contains("shares"), "{error}");
    }
}
