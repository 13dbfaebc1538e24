//! Accounts, their users, and what users set for themselves.

use crate::ground::crypto::PinHash;
use crate::ground::id::{AccountId, PhotoId, SenderId, UserId};
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::share::events::news::{News, account_tvs};
use crate::share::ledger::{Ledger, Rows};
use crate::share::model::error::ShareError;
use crate::share::model::input;
use crate::share::model::rows::{Account, Blocks, Inviter, Settings, User};
use crate::share::model::state::TargetState;
use crate::share::model::views::{BlockedSender, NewUser};
use crate::share::rules::sharing::{self, active_shares};
use crate::share::rules::{contacts, directory, inbox, phones, ringing};

/// Adds a household. `country` is its calling code.
pub fn add_account(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    name: &str,
    country: Option<&str>,
) -> Result<Account, ShareError> {
    let country = input::country(country)?;
    let account = Account { id: AccountId::new(date), name: input::name(name)?, created_at: date, country };
    ledger.put_account(account.id, &account)?;
    Ok(account)
}

/// Adds a user. The PIN was hashed before: that is slow.
pub fn add_user(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    new: &NewUser,
    pin: Option<PinHash>,
) -> Result<User, ShareError> {
    let user = User {
        id: UserId::new(date),
        account: directory::account(ledger, new.account)?.id,
        name: input::name(&new.name)?,
        msisdn: input::msisdn(new.msisdn.as_deref())?,
        email: input::email(new.email.as_deref())?,
        pin,
        settings: Settings::default(),
        created_at: date,
        photo: None,
    };
    ledger.put_user(user.id, &user)?;
    directory::enter(ledger, &user)?;
    Ok(user)
}

/// Removes a user: their inbox, their side of every share, and their place on every TV. The photo they had.
pub fn remove_user(ledger: &mut dyn Ledger, news: &mut News, id: UserId) -> Result<Option<PhotoId>, ShareError> {
    let gone = directory::user(ledger, id)?;
    let mut shares = inbox::all(ledger, id)?;
    shares.extend(active_shares(ledger)?);
    for share in shares {
        let Some(mut share) = ledger.share(share)? else { continue };
        if share.target(id).is_some() {
            share.targets.retain(|target| target.user != id);
            sharing::save(ledger, &share)?;
        }
    }
    inbox::clear(ledger, id)?;
    sign_out_everywhere(ledger, &gone)?;
    for tv in account_tvs(ledger, gone.account)? {
        news.tv(tv, true);
    }
    ledger.remove_blocks(id)?;
    ledger.remove_pin_tries(id)?;
    directory::strike(ledger, &gone)?;
    contacts::forget(ledger, id)?;
    ringing::forget(ledger, id)?;
    phones::void_invites(ledger, |by| matches!(by, Inviter::Tv(_, user) if user == id))?;
    ledger.remove_user(id)?;
    Ok(gone.photo)
}

/// Signs a user out on every TV; their cookies are worth nothing from then on.
pub fn sign_out_everywhere(ledger: &mut dyn Ledger, user: &User) -> Result<(), ShareError> {
    for tv in account_tvs(ledger, user.account)? {
        let Some(mut row) = ledger.tv(tv)? else { continue };
        row.signed_in.retain(|signed_in| signed_in.user != user.id);
        ledger.put_tv(tv, &row)?;
    }
    Ok(())
}

/// Changes what a user sets for themselves.
pub fn set_settings(
    ledger: &mut dyn Ledger,
    news: &mut News,
    id: UserId,
    settings: Settings,
) -> Result<(), ShareError> {
    let mut row = directory::user(ledger, id)?;
    let switched_off = settings.service_off && !row.settings.service_off;
    row.settings = Settings { language: input::language(settings.language)?, ..settings };
    ledger.put_user(id, &row)?;
    if switched_off { bar_invited(ledger, news, &row, |_| true) } else { Ok(()) }
}

/// Shares that wait for their first picture do not come to `user` any more, if they are of a barred sender. Their phones
/// are told the same, whatever the reason.
fn bar_invited(
    ledger: &mut dyn Ledger,
    news: &mut News,
    user: &User,
    is_barred: impl Fn(SenderId) -> bool,
) -> Result<(), ShareError> {
    for share in active_shares(ledger)? {
        let Some(mut share) = ledger.share(share)? else { continue };
        let (share_id, sender) = (share.id, share.sender);
        let Some(target) = share.target_mut(user.id) else { continue };
        if is_barred(sender) && target.state == TargetState::Invited {
            target.state = TargetState::Blocked;
            news.target(share_id, user.id, &user.name, TargetState::Blocked, None);
            sharing::save(ledger, &share)?;
        }
    }
    Ok(())
}

/// Whom a user has blocked.
pub fn blocks(ledger: &dyn Rows, id: UserId) -> Result<Vec<BlockedSender>, ShareError> {
    let mut blocked = Vec::new();
    for sender in ledger.blocks(id)?.unwrap_or_default().senders {
        if let Some(row) = ledger.sender(sender)? {
            blocked.push(BlockedSender { sender, name: row.name, photo: row.photo });
        }
    }
    Ok(blocked)
}

/// Replaces a user's block list, all or nothing. `delete_entries` takes what newly blocked senders sent out of the inbox.
pub fn set_blocks(
    ledger: &mut dyn Ledger,
    news: &mut News,
    id: UserId,
    mut senders: Vec<SenderId>,
    delete_entries: bool,
) -> Result<(), ShareError> {
    let row = directory::user(ledger, id)?;
    senders.sort_unstable();
    senders.dedup();
    if senders.len() > limits::BLOCKED_SENDERS {
        return Err(ShareError::Full(format!("at most {} senders can be blocked", limits::BLOCKED_SENDERS)));
    }
    let before = ledger.blocks(id)?.unwrap_or_default().senders;
    let added: Vec<SenderId> = senders.iter().filter(|sender| !before.contains(sender)).copied().collect();
    for sender in &added {
        ledger.sender(*sender)?.ok_or(ShareError::NotFound("sender"))?;
    }
    if senders.is_empty() {
        ledger.remove_blocks(id)?;
    } else {
        ledger.put_blocks(id, &Blocks { senders })?;
    }
    if added.is_empty() {
        return Ok(());
    }
    bar_invited(ledger, news, &row, |sender| added.contains(&sender))?;
    if delete_entries {
        for share in inbox::all(ledger, id)? {
            let Some(mut share) = ledger.share(share)? else { continue };
            if added.contains(&share.sender) {
                sharing::take_from_inbox(ledger, &mut share, id)?;
                sharing::save(ledger, &share)?;
            }
        }
        news.inbox(ledger, id)?;
    }
    Ok(())
}
