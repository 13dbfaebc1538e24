//! Who made an invitation, and how senders stand with the users they have reached.

use std::collections::{BTreeMap, BTreeSet};

use redb::WriteTransaction;
use serde::Serialize;

use crate::ground::id::{PhoneId, SenderId, ShareId, UserId};
use crate::ground::time::UnixMs;
use crate::store::key::{self, Key as _};
use crate::store::ledger::definition;
use crate::store::schema::v1_to_v2::{add_nothing, damaged, rows};
use crate::store::value;

/// A standing of version 4.
#[derive(Serialize)]
struct NewStanding {
    allowed: bool,
    asked_at: Option<UnixMs>,
    rung: Vec<(UnixMs, ShareId)>,
}

/// Takes a database from version 3 to version 4, where all tables are there.
pub fn step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    // Whoever made it was not written down: it stays good, as the owner's, which is written like nothing.
    add_nothing(transaction, "invites", 1)?;
    allow_whoever_came(transaction)
}

/// Whoever has a phone, and something in a user's inbox, need not ask whether they may ring. Cameras need not anyhow.
fn allow_whoever_came(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    let mut with_phone: BTreeSet<SenderId> = BTreeSet::new();
    for (_, row) in rows(transaction, "phones")? {
        let (_, sender): (PhoneId, _) = value::read_beginning(&row).ok_or_else(|| damaged("phones"))?;
        with_phone.insert(sender);
    }
    let mut senders: BTreeMap<ShareId, SenderId> = BTreeMap::new();
    for (_, row) in rows(transaction, "shares")? {
        let (share, sender) = value::read_beginning(&row).ok_or_else(|| damaged("shares"))?;
        if with_phone.contains(&sender) {
            senders.insert(share, sender);
        }
    }
    let mut known: BTreeSet<(SenderId, UserId)> = BTreeSet::new();
    for (place, row) in rows(transaction, "inbox")? {
        let (user, _) = <(UserId, u64)>::read(&place).ok_or_else(|| damaged("inbox"))?;
        let share = value::read(&row).ok_or_else(|| damaged("inbox"))?;
        known.extend(senders.get(&share).map(|sender| (*sender, user)));
    }
    let allowed = value::written(&NewStanding { allowed: true, asked_at: None, rung: Vec::new() });
    let mut table = transaction.open_table(definition("standings"))?;
    for key in known {
        table.insert(key::written(&key).as_slice(), allowed.as_slice())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::crypto::TokenHash;
    use crate::share::ledger::Rows as _;
    use crate::share::{Invite, Inviter, Standing};
    use crate::store::ledger::Reading;
    use crate::store::schema::{STEPS, migrate, migrate_by};
    use redb::backends::InMemoryBackend;
    use redb::{Database, ReadableDatabase as _};

    const CODE: TokenHash = TokenHash([7; 32]);
    const RUI: SenderId = SenderId([6; 10]);
    /// A camera.
    const EVA: SenderId = SenderId([8; 10]);
    const ANA: UserId = UserId([2; 10]);
    const LEO: UserId = UserId([3; 10]);
    const SHARE: ShareId = ShareId([1; 10]);
    const CAMERAS: ShareId = ShareId([4; 10]);
    const PHONE: PhoneId = PhoneId([5; 10]);

    #[test]
    fn invitations_stay_and_who_came_before_is_allowed() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).expect("memory");
        migrate_by(&database, &STEPS[..3]).expect("version 3");
        let transaction = database.begin_write().expect("write");
        let put = |table, key: Vec<u8>, row: &[u8]| {
            let mut table = transaction.open_table(definition(table)).expect("table");
            table.insert(key.as_slice(), row).expect("row");
        };
        // Rows as the program wrote them when its schema was 3: an invitation of an hour for "Bia", to no household; a
        // share of Rui's, and one of a camera's, as far as they are looked at, in Ana's inbox and not in Leo's.
        let invite = [&b"\x01\x01\x03Bia\x88\xa0\xab\xfe\xf9\x62\x80\xdd\xdb\x01\x00"[..]].concat();
        put("invites", key::written(&CODE), &invite);
        put("shares", key::written(&SHARE), &[&[1][..], &SHARE.0, &RUI.0, b"and what follows"].concat());
        put("shares", key::written(&CAMERAS), &[&[1][..], &CAMERAS.0, &EVA.0, b"and what follows"].concat());
        put("phones", key::written(&PHONE), &[&[1][..], &PHONE.0, &RUI.0, b"and what follows"].concat());
        put("inbox", key::written(&(ANA, 0_u64)), &[&[1][..], &SHARE.0].concat());
        put("inbox", key::written(&(ANA, 1_u64)), &[&[1][..], &CAMERAS.0].concat());
        transaction.commit().expect("commit");

        migrate(&database).expect("the newest version");
        let reading = Reading::new(database.begin_read().expect("read"));
        let invite = Invite {
            name: Some("Bia".into()),
            made_at: UnixMs(1_700_000_000_004),
            ttl_ms: 3_600_000,
            account: None,
            by: Inviter::Owner,
        };
        assert_eq!(reading.invite(CODE), Ok(Some(invite)));
        let allowed = Standing { allowed: true, asked_at: None, rung: Vec::new() };
        assert_eq!(reading.standing((RUI, ANA)), Ok(Some(allowed)));
        assert_eq!((reading.standing((RUI, LEO)), reading.standing((EVA, ANA))), (Ok(None), Ok(None)));
    }
}
