//! What the rules read and write: one list of tables, and two traits over it. `store` implements them over a database,
//! `memory` over maps; no rule knows which.

#[cfg(test)]
pub mod memory;

use std::ops::{Bound, ControlFlow};
use std::path::Path;

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, PhoneId, SenderId, ShareId, TvId, UserId};
use crate::ground::time::UnixMs;
use crate::share::model::error::LedgerError;
use crate::share::model::rows::{
    Account, Blocks, InboxCounts, Invite, Kept, OwnerBrowser, Phone, PinTries, Recipients, Sender, Share, Standing, Tv,
    User,
};

/// Hands the list of all tables to a macro: `table(Key => Row): get put remove scan;`.
macro_rules! for_each_table {
    ($then:ident) => {
        $then! {
            accounts(AccountId => Account): account put_account remove_account scan_accounts;
            users(UserId => User): user put_user remove_user scan_users;
            account_users((AccountId, UserId) => ()):
                account_user put_account_user remove_account_user scan_account_users;
            user_numbers((u64, UserId) => ()): user_number put_user_number remove_user_number scan_user_numbers;
            user_addresses((TokenHash, UserId) => ()):
                user_address put_user_address remove_user_address scan_user_addresses;
            pin_tries(UserId => PinTries): pin_tries put_pin_tries remove_pin_tries scan_pin_tries;
            blocks(UserId => Blocks): blocks put_blocks remove_blocks scan_blocks;
            tvs(TvId => Tv): tv put_tv remove_tv scan_tvs;
            tv_cookies(TokenHash => TvId): tv_cookie put_tv_cookie remove_tv_cookie scan_tv_cookies;
            account_tvs((AccountId, TvId) => ()): account_tv put_account_tv remove_account_tv scan_account_tvs;
            senders(SenderId => Sender): sender put_sender remove_sender scan_senders;
            contacts((SenderId, UserId) => ()): contact put_contact remove_contact scan_contacts;
            standings((SenderId, UserId) => Standing): standing put_standing remove_standing scan_standings;
            phones(PhoneId => Phone): phone put_phone remove_phone scan_phones;
            phone_tokens(TokenHash => PhoneId): phone_token put_phone_token remove_phone_token scan_phone_tokens;
            camera_shares(PhoneId => ShareId): camera_share put_camera_share remove_camera_share scan_camera_shares;
            recipients(SenderId => Recipients): recipients put_recipients remove_recipients scan_recipients;
            invites(TokenHash => Invite): invite put_invite remove_invite scan_invites;
            shares(ShareId => Share): share put_share remove_share scan_shares;
            sender_shares(((SenderId, UnixMs), ShareId) => ()):
                sender_share put_sender_share remove_sender_share scan_sender_shares;
            sender_counts(SenderId => u64): sender_count put_sender_count remove_sender_count scan_sender_counts;
            share_tokens(TokenHash => ShareId): share_token put_share_token remove_share_token scan_share_tokens;
            active_shares(ShareId => ()): active_share put_active_share remove_active_share scan_active_shares;
            kept_shares((UnixMs, ShareId) => Kept): kept_share put_kept_share remove_kept_share scan_kept_shares;
            expired_shares((UnixMs, ShareId) => ()):
                expired_share put_expired_share remove_expired_share scan_expired_shares;
            discards(ShareId => ()): discard put_discard remove_discard scan_discards;
            inbox((UserId, u64) => ShareId): inbox_entry put_inbox_entry remove_inbox_entry scan_inbox;
            inbox_blocks((UserId, u64) => u32): inbox_block put_inbox_block remove_inbox_block scan_inbox_blocks;
            inbox_counts(UserId => InboxCounts):
                inbox_counts put_inbox_counts remove_inbox_counts scan_inbox_counts;
            owner_codes(TokenHash => UnixMs): owner_code put_owner_code remove_owner_code scan_owner_codes;
            owners(TokenHash => OwnerBrowser): owner put_owner remove_owner scan_owners;
            keys(u32 => [u8; 32]): key put_key remove_key scan_keys;
        }
    };
}
pub(crate) use for_each_table;

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the smallest key up.
    Rising,
    /// From the largest key down.
    Falling,
}

/// What a scan shows each row to; `Break` ends the scan.
pub type Visit<'a, K, V> = &'a mut dyn FnMut(K, V) -> ControlFlow<()>;

macro_rules! declare_ledger {
    ($($table:ident($key:ty => $row:ty): $get:ident $put:ident $remove:ident $scan:ident;)*) => {
        /// The tables as rules that only read see them: one consistent state.
        pub trait Rows {
            $(
                #[doc = concat!("The row of `", stringify!($table), "` under `key`.")]
                fn $get(&self, key: $key) -> Result<Option<$row>, LedgerError>;
                #[doc = concat!("Shows the rows of `", stringify!($table), "` in `range`, in order.")]
                fn $scan(
                    &self,
                    range: Range<$key>,
                    order: Order,
                    visit: Visit<'_, $key, $row>,
                ) -> Result<(), LedgerError>;
            )*
        }

        /// The tables as rules that write see them, inside one transaction. What was written is read at once.
        pub trait Ledger: Rows {
            $(
                #[doc = concat!("Writes a row of `", stringify!($table), "`, over the one that was there.")]
                fn $put(&mut self, key: $key, row: &$row) -> Result<(), LedgerError>;
                #[doc = concat!("Removes a row of `", stringify!($table), "`, if it is there.")]
                fn $remove(&mut self, key: $key) -> Result<(), LedgerError>;
            )*
        }
    };
}
for_each_table!(declare_ledger);

/// A stretch of keys.
pub type Range<K> = (Bound<K>, Bound<K>);

/// A range of all keys.
pub fn all<K>() -> Range<K> {
    (Bound::Unbounded, Bound::Unbounded)
}

/// What becomes of a decision's writes.
pub enum Verdict {
    /// They are kept; once they are durable, this runs, in the order of the decisions.
    Keep(Box<dyn FnOnce() + Send>),
    /// They are undone.
    Undo,
}

/// A decision: looks, writes, and says whether it holds.
pub type Decision = Box<dyn FnOnce(&mut dyn Ledger) -> Verdict + Send>;

/// Where the ledger is kept: reads and decides, each in a transaction of its own.
pub trait Storage: Send + Sync {
    /// Lets `rule` read one consistent state.
    fn read(&self, rule: &mut dyn FnMut(&dyn Rows)) -> Result<(), LedgerError>;

    /// Runs `decision` alone; when this returns `Ok`, what it kept is durable. When it returns an error,
    /// nothing of it was kept.
    fn write(&self, decision: Decision) -> Result<(), LedgerError>;

    /// Writes a consistent copy of everything to `file`; [`LedgerError::Busy`] while another copy is made or brought back,
    /// [`LedgerError::Itself`] where that is where everything is.
    fn backup(&self, file: &Path) -> Result<(), LedgerError>;

    /// Replaces everything by the copy in `file` as `decision` leaves it, all or nothing; nothing where it is undone.
    /// [`LedgerError::Busy`] while another copy is made or brought back.
    fn restore(&self, file: &Path, decision: Decision) -> Result<(), LedgerError>;

    /// An error while decisions can't be made durable, or rows can't be read: from the attempt that failed to the next
    /// that doesn't.
    fn health(&self) -> Result<(), LedgerError>;
}
