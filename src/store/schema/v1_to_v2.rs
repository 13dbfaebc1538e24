//! The step to version 2: photos, quiet hours, countries of accounts, what senders belong to and agreed to, and the
//! directory of users.
//!
//! The rows stand here as those versions wrote them, so that the step stays what it was when the domain's rows change.

use redb::{ReadableTable as _, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::ground::crypto::PinHash;
use crate::ground::id::{AccountId, UserId};
use crate::ground::time::UnixMs;
use crate::share::directory::{address_key, number_key};
use crate::store::ledger::{TABLES, definition};
use crate::store::{key, value};

/// A user of version 1.
#[derive(Deserialize)]
struct OldUser {
    id: UserId,
    account: AccountId,
    name: String,
    msisdn: Option<String>,
    email: Option<String>,
    pin: Option<PinHash>,
    skip_pin: bool,
    service_off: bool,
    language: Option<String>,
    created_at: UnixMs,
}

/// A user of version 2, as they are after the step: without quiet hours, without a photo.
#[derive(Serialize)]
struct NewUser {
    id: UserId,
    account: AccountId,
    name: String,
    msisdn: Option<String>,
    email: Option<String>,
    pin: Option<PinHash>,
    skip_pin: bool,
    service_off: bool,
    language: Option<String>,
    quiet_hours: Option<()>,
    created_at: UnixMs,
    photo: Option<()>,
}

/// How postcard writes what is not there.
const NONE: u8 = 0;

/// Takes a database from version 1 to version 2.
pub fn step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    for table in TABLES {
        transaction.open_table(definition(table))?;
    }
    // What came to these rows stands at their end, and is not there yet.
    add_nothing(transaction, "accounts", 1)?;
    add_nothing(transaction, "senders", 3)?;
    add_nothing(transaction, "invites", 1)?;
    for (user_key, row) in rows(transaction, "users")? {
        let old: OldUser = value::read(&row).ok_or_else(|| damaged("users"))?;
        enter(transaction, &old)?;
        let OldUser { id, account, name, msisdn, email, pin, skip_pin, service_off, language, created_at } = old;
        let (quiet_hours, photo) = (None, None);
        let new = NewUser {
            id,
            account,
            name,
            msisdn,
            email,
            pin,
            skip_pin,
            service_off,
            language,
            quiet_hours,
            created_at,
            photo,
        };
        transaction.open_table(definition("users"))?.insert(user_key.as_slice(), value::written(&new).as_slice())?;
    }
    Ok(())
}

/// Adds `fields` fields that are `None` at the end of every row.
pub(super) fn add_nothing(
    transaction: &WriteTransaction,
    table: &'static str,
    fields: usize,
) -> Result<(), redb::Error> {
    for (key, mut row) in rows(transaction, table)? {
        row.extend(std::iter::repeat_n(NONE, fields));
        transaction.open_table(definition(table))?.insert(key.as_slice(), row.as_slice())?;
    }
    Ok(())
}

/// Enters a user in the directory.
fn enter(transaction: &WriteTransaction, user: &OldUser) -> Result<(), redb::Error> {
    let put = |table, key: Vec<u8>| -> Result<(), redb::Error> {
        transaction.open_table(definition(table))?.insert(key.as_slice(), value::written(&()).as_slice())?;
        Ok(())
    };
    put("account_users", key::written(&(user.account, user.id)))?;
    if let Some(number) = user.msisdn.as_deref().and_then(number_key) {
        put("user_numbers", key::written(&(number, user.id)))?;
    }
    if let Some(address) = user.email.as_deref().map(address_key) {
        put("user_addresses", key::written(&(address, user.id)))?;
    }
    Ok(())
}

/// A key and its row, as bytes.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// All of a table.
pub(super) fn rows(transaction: &WriteTransaction, table: &'static str) -> Result<Vec<Pair>, redb::Error> {
    let table = transaction.open_table(definition(table))?;
    let mut rows = Vec::new();
    for row in table.iter()? {
        let (key, row) = row?;
        rows.push((key.value().to_vec(), row.value().to_vec()));
    }
    Ok(rows)
}

pub(super) fn damaged(table: &str) -> redb::Error {
    redb::Error::Corrupted(format!("table {table} has a damaged row"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::crypto::TokenHash;
    use crate::ground::id::SenderId;
    use crate::share::directory;
    use crate::share::ledger::Rows as _;
    use crate::share::{Account, Invite, Inviter, Sender, Settings, User};
    use crate::store::ledger::Reading;
    use crate::store::schema::{STEPS, migrate, migrate_by};
    use redb::backends::InMemoryBackend;
    use redb::{Database, ReadableDatabase as _};

    const SILVA: AccountId = AccountId([1; 10]);
    const ANA: UserId = UserId([2; 10]);
    const RUI: UserId = UserId([3; 10]);
    const BIA: SenderId = SenderId([6; 10]);
    const CODE: TokenHash = TokenHash([7; 32]);

    /// Rows as the program wrote them when its schema was 1.
    const ACCOUNT: &str = "01010101010101010101010553696c766180a0abfef962";
    const USER: &str = "01020202020202020202020101010101010101010103416e61010d2b333531393132333435363738010f416e61404578616d\
        706c652e6f726701c0cf24040404040404040404040404040404040505050505050505050505050505050505050505050505\
        05050505050505050501000102707482a0abfef962";
    const PLAIN_USER: &str = "0103030303030303030303010101010101010101010352756900000000000084a0abfef962";
    const SENDER: &str = "01060606060606060606060342696100010f626961406578616d706c652e6f726786a0abfef962";
    const INVITE: &str = "01010342696188a0abfef96280dddb01";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect()
    }

    fn version_one() -> Database {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).expect("memory");
        migrate_by(&database, &STEPS[..1]).expect("version 1");
        let transaction = database.begin_write().expect("write");
        for (table, key, row) in [
            ("accounts", key::written(&SILVA), ACCOUNT),
            ("users", key::written(&ANA), USER),
            ("users", key::written(&RUI), PLAIN_USER),
            ("senders", key::written(&BIA), SENDER),
            ("invites", key::written(&CODE), INVITE),
        ] {
            let mut table = transaction.open_table(definition(table)).expect("table");
            table.insert(key.as_slice(), bytes(row).as_slice()).expect("row");
        }
        transaction.commit().expect("commit");
        database
    }

    #[test]
    fn rows_of_version_1_are_read_as_they_were_meant() {
        let database = version_one();
        migrate(&database).expect("the newest version");
        let reading = Reading::new(database.begin_read().expect("read"));
        let account = Account { id: SILVA, name: "Silva".into(), created_at: UnixMs(1_700_000_000_000), country: None };
        assert_eq!(reading.account(SILVA), Ok(Some(account)));
        let ana = reading.user(ANA).expect("read").expect("Ana");
        assert_eq!((ana.account, ana.name.as_str(), ana.created_at), (SILVA, "Ana", UnixMs(1_700_000_000_001)));
        assert_eq!((ana.msisdn.as_deref(), ana.email.as_deref()), (Some("+351912345678"), Some("Ana@Example.org")));
        let settings = Settings { skip_pin: true, service_off: false, language: Some("pt".into()), quiet_hours: None };
        assert_eq!((ana.pin.is_some(), ana.settings, ana.photo), (true, settings, None));
        let rui = User {
            id: RUI,
            account: SILVA,
            name: "Rui".into(),
            msisdn: None,
            email: None,
            pin: None,
            settings: Settings::default(),
            created_at: UnixMs(1_700_000_000_002),
            photo: None,
        };
        assert_eq!(reading.user(RUI), Ok(Some(rui)));
        let bia = Sender {
            id: BIA,
            name: "Bia".into(),
            msisdn: None,
            email: Some("bia@example.org".into()),
            created_at: UnixMs(1_700_000_000_003),
            photo: None,
            account: None,
            terms: None,
        };
        assert_eq!(reading.sender(BIA), Ok(Some(bia)));
        let invite = Invite {
            name: Some("Bia".into()),
            made_at: UnixMs(1_700_000_000_004),
            ttl_ms: 3_600_000,
            account: None,
            by: Inviter::Owner,
        };
        assert_eq!(reading.invite(CODE), Ok(Some(invite)));
    }

    #[test]
    fn everyone_is_in_the_directory() {
        let database = version_one();
        migrate(&database).expect("the newest version");
        let reading = Reading::new(database.begin_read().expect("read"));
        assert_eq!(directory::of_account(&reading, SILVA).expect("read"), [ANA, RUI]);
        assert_eq!(directory::with_number(&reading, "+351912345678").expect("read"), [ANA]);
        assert_eq!(directory::with_address(&reading, "ana@example.ORG").expect("read"), [ANA]);
        assert_eq!(directory::with_address(&reading, "rui@example.org").expect("read"), []);
    }

    #[test]
    fn a_damaged_row_leaves_the_database_as_it_was() {
        let database = version_one();
        let transaction = database.begin_write().expect("write");
        let mut row = bytes(USER);
        row.pop();
        transaction
            .open_table(definition("users"))
            .expect("table")
            .insert(key::written(&ANA).as_slice(), row.as_slice())
            .expect("row");
        transaction.commit().expect("commit");
        let error = migrate(&database).expect_err("damaged");
        assert!(error.to_string().contains("users"), "{error}");
        let account = database.begin_read().expect("read").open_table(definition("accounts")).expect("table");
        assert_eq!(account.get(key::written(&SILVA).as_slice()).expect("read").expect("there").value(), bytes(ACCOUNT));
    }
}
