//! TVs that wait to be paired are not written down any more, and of the owner's browsers more is known than since when they
//! come.

use std::collections::BTreeMap;

use redb::{TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, PhoneId, TvId};
use crate::ground::time::UnixMs;
use crate::store::key::{self, Key as _};
use crate::store::ledger::definition;
use crate::store::schema::v1_to_v2::{damaged, rows};
use crate::store::value;

/// Where the codes of TVs that waited stood, up to version 3.
const PAIRING_CODES: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("pairing_codes");

/// Where it stood which browser came in with which phone, up to version 3.
const OWNER_PHONES: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("owner_phones");

/// What a TV of version 3 begins with.
#[derive(Deserialize)]
struct OldTv {
    id: TvId,
    _name: String,
    cookie: TokenHash,
    account: Option<AccountId>,
}

/// A browser of the owner's of version 4.
#[derive(Serialize)]
struct NewOwner {
    since: UnixMs,
    seen: UnixMs,
    agent: &'static str,
    phone: Option<PhoneId>,
}

/// Takes a database from version 3 to version 4, where all tables are there.
pub fn step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    forget_waiting_tvs(transaction)?;
    know_owners(transaction)
}

fn forget_waiting_tvs(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.delete_table(PAIRING_CODES)?;
    for (_, row) in rows(transaction, "tvs")? {
        let tv: OldTv = value::read_beginning(&row).ok_or_else(|| damaged("tvs"))?;
        if tv.account.is_none() {
            transaction.open_table(definition("tvs"))?.remove(key::written(&tv.id).as_slice())?;
            transaction.open_table(definition("tv_cookies"))?.remove(key::written(&tv.cookie).as_slice())?;
        }
    }
    Ok(())
}

fn know_owners(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(OWNER_PHONES)?;
    let mut phones = BTreeMap::new();
    for (phone, cookie) in rows(transaction, "owner_phones")? {
        let cookie: TokenHash = value::read(&cookie).ok_or_else(|| damaged("owner_phones"))?;
        phones.insert(cookie, PhoneId::read(&phone).ok_or_else(|| damaged("owner_phones"))?);
    }
    transaction.delete_table(OWNER_PHONES)?;
    for (cookie, row) in rows(transaction, "owners")? {
        let since: UnixMs = value::read(&row).ok_or_else(|| damaged("owners"))?;
        let phone = TokenHash::read(&cookie).and_then(|cookie| phones.get(&cookie).copied());
        let row = value::written(&NewOwner { since, seen: since, agent: "", phone });
        transaction.open_table(definition("owners"))?.insert(cookie.as_slice(), row.as_slice())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::ledger::Rows as _;
    use crate::share::{OwnerBrowser, Tv};
    use crate::store::ledger::Reading;
    use crate::store::schema::{STEPS, migrate, migrate_by};
    use redb::backends::InMemoryBackend;
    use redb::{Database, ReadableDatabase as _};

    const PAIRED: TvId = TvId([4; 10]);
    const WAITING: TvId = TvId([5; 10]);
    const DATE: [u8; 6] = [0x80, 0xa0, 0xab, 0xfe, 0xf9, 0x62];

    fn version_three() -> Database {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).expect("memory");
        migrate_by(&database, &STEPS[..3]).expect("version 3");
        let transaction = database.begin_write().expect("write");
        let put = |table, key: Vec<u8>, row: Vec<u8>| {
            let mut table = transaction.open_table(definition(table)).expect("table");
            table.insert(key.as_slice(), row.as_slice()).expect("row");
        };
        // As the program wrote them when its schema was 3: a TV "a" that is paired, and one "b" that waits with code 123456.
        let paired = [&[1][..], &PAIRED.0, b"\x01a", &[8; 32], &[1], &[6; 10], &[0, 0], &DATE].concat();
        let waiting =
            [&[1][..], &WAITING.0, b"\x01b", &[9; 32], &[0, 1, 0xc0, 0xc4, 0x07], &DATE, &[0], &DATE].concat();
        for (tv, cookie, row) in [(PAIRED, [8; 32], paired), (WAITING, [9; 32], waiting)] {
            put("tvs", key::written(&tv), row);
            put("tv_cookies", key::written(&TokenHash(cookie)), value::written(&tv));
        }
        put("pairing_codes", key::written(&123_456_u32), value::written(&WAITING));
        // Two browsers of the owner's, one of which came in with a phone.
        let since = [&[1][..], &DATE].concat();
        put("owners", key::written(&TokenHash([1; 32])), since.clone());
        put("owners", key::written(&TokenHash([2; 32])), since);
        put("owner_phones", key::written(&PhoneId([7; 10])), [&[1][..], &[2; 32]].concat());
        transaction.commit().expect("commit");
        database
    }

    #[test]
    fn tvs_that_waited_are_forgotten_and_paired_ones_stay() {
        let database = version_three();
        migrate(&database).expect("the newest version");
        let reading = Reading::new(database.begin_read().expect("read"));
        let paired = Tv {
            id: PAIRED,
            name: "a".into(),
            cookie: TokenHash([8; 32]),
            account: Some(AccountId([6; 10])),
            pairing: None,
            signed_in: Vec::new(),
            created_at: UnixMs(1_700_000_000_000),
        };
        assert_eq!(reading.tv(PAIRED), Ok(Some(paired)));
        assert_eq!(reading.tv_cookie(TokenHash([8; 32])), Ok(Some(PAIRED)));
        assert_eq!((reading.tv(WAITING), reading.tv_cookie(TokenHash([9; 32]))), (Ok(None), Ok(None)));
        assert!(database.begin_read().expect("read").open_table(PAIRING_CODES).is_err(), "the table is gone");
    }

    #[test]
    fn browsers_of_the_owner_stay_in_with_their_phone() {
        let database = version_three();
        migrate(&database).expect("the newest version");
        let reading = Reading::new(database.begin_read().expect("read"));
        let date = UnixMs(1_700_000_000_000);
        let known = |phone| OwnerBrowser { since: date, seen: date, agent: String::new(), phone };
        assert_eq!(reading.owner(TokenHash([1; 32])), Ok(Some(known(None))));
        assert_eq!(reading.owner(TokenHash([2; 32])), Ok(Some(known(Some(PhoneId([7; 10]))))));
        assert!(database.begin_read().expect("read").open_table(OWNER_PHONES).is_err(), "the table is gone");
    }
}
