//! Senders and their phones: invited, enrolled once, revoked.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, PhoneId, SenderId};
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::input;
use crate::share::model::rows::{Invite, Inviter, Phone, Sender};
use crate::share::model::views::{Enrolment, PhoneReport};
use crate::share::rules::{directory, owner};

/// The name of an owner's camera that was given none.
const CAMERA: &str = "Camera";

/// What an invitation is to be.
pub struct Invitation<'a> {
    /// Whom it is meant for.
    pub name: Option<&'a str>,
    /// The household; the only one there is, unless it is said.
    pub account: Option<AccountId>,
    /// How long it holds.
    pub ttl: Duration,
    /// Who makes it.
    pub by: Inviter,
}

/// Writes down an invitation; until when it holds. Those of one TV make room for each other.
pub fn invite(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    code: TokenHash,
    invitation: &Invitation<'_>,
) -> Result<UnixMs, ShareError> {
    let Invitation { name, account, ttl, by } = *invitation;
    if ttl.is_zero() || ttl > limits::INVITE_TIME {
        return Err(ShareError::Invalid("an invitation holds for at least a moment and at most 30 days".into()));
    }
    let (mut old, mut same) = (Vec::new(), Vec::new());
    ledger.scan_invites(all(), Order::Rising, &mut |code, invite| {
        if !invite.made_at.holds(invite.ttl_ms, date) {
            old.push(code);
        } else if matches!((invite.by, by), (Inviter::Tv(a, _), Inviter::Tv(b, _)) if a == b) {
            same.push((invite.made_at, code));
        }
        ControlFlow::Continue(())
    })?;
    same.sort_unstable();
    same.truncate((same.len() + 1).saturating_sub(limits::INVITES_PER_TV));
    for code in old.into_iter().chain(same.into_iter().map(|(_, code)| code)) {
        ledger.remove_invite(code)?;
    }
    let name = name.map(input::name).transpose()?;
    let account = match account {
        Some(account) => Some(directory::account(ledger, account)?.id),
        None => match directory::accounts(ledger)?.as_slice() {
            [only] => Some(only.id),
            _ => None,
        },
    };
    ledger.put_invite(code, &Invite { name, made_at: date, ttl_ms: ttl.as_millis() as u64, account, by })?;
    Ok(date.plus(ttl))
}

/// Invitations of whoever is gone are worth nothing any more.
pub fn void_invites(ledger: &mut dyn Ledger, is_gone: impl Fn(Inviter) -> bool) -> Result<(), ShareError> {
    let mut void = Vec::new();
    ledger.scan_invites(all(), Order::Rising, &mut |code, invite| {
        if is_gone(invite.by) {
            void.push(code);
        }
        ControlFlow::Continue(())
    })?;
    void.into_iter().try_for_each(|code| Ok(ledger.remove_invite(code)?))
}

/// The invitation with this code, if it holds.
pub fn invitation(ledger: &dyn Rows, date: UnixMs, code: &str) -> Result<(TokenHash, Invite), ShareError> {
    let code: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let code = TokenHash::of(&code);
    let invite = ledger.invite(code)?.ok_or(ShareError::BadCode)?;
    if invite.made_at.holds(invite.ttl_ms, date) { Ok((code, invite)) } else { Err(ShareError::BadCode) }
}

/// Enrols a phone with the code of an invitation, which is used up.
pub fn enrol(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    code: &str,
    token: TokenHash,
    who: &Enrolment,
) -> Result<(SenderId, PhoneId), ShareError> {
    let (code, invite) = invitation(ledger, date, code)?;
    ledger.remove_invite(code)?;
    enter(ledger, date, token, who, invite.account, false)
}

/// Takes in a phone and its sender, of an account.
pub fn enter(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    token: TokenHash,
    who: &Enrolment,
    account: Option<AccountId>,
    is_owners: bool,
) -> Result<(SenderId, PhoneId), ShareError> {
    let sender = Sender {
        id: SenderId::new(date),
        name: input::name(&who.name)?,
        msisdn: input::msisdn(who.msisdn.as_deref())?,
        email: input::email(who.email.as_deref())?,
        created_at: date,
        photo: who.photo,
        account,
        terms: None,
    };
    let phone = Phone { id: PhoneId::new(date), sender: sender.id, token, created_at: date, name: None, is_owners };
    ledger.put_sender(sender.id, &sender)?;
    ledger.put_phone(phone.id, &phone)?;
    ledger.put_phone_token(token, &phone.id)?;
    Ok((sender.id, phone.id))
}

/// The phone whose token this is, and its owner.
pub fn phone_by_token(ledger: &dyn Rows, token: &str) -> Result<Option<(Phone, Sender)>, ShareError> {
    let Some(phone) = ledger.phone_token(TokenHash::of(token))? else { return Ok(None) };
    let Some(phone) = ledger.phone(phone)? else { return Ok(None) };
    Ok(ledger.sender(phone.sender)?.map(|sender| (phone, sender)))
}

/// All phones, oldest first.
pub fn phones(ledger: &dyn Rows) -> Result<Vec<PhoneReport>, ShareError> {
    let mut rows = Vec::new();
    ledger.scan_phones(all(), Order::Rising, &mut |_, phone| {
        rows.push(phone);
        ControlFlow::Continue(())
    })?;
    let mut phones = Vec::new();
    for phone in rows {
        if let Some(sender) = ledger.sender(phone.sender)? {
            phones.push(PhoneReport { phone, sender });
        }
    }
    Ok(phones)
}

/// Whether a sender has a phone. One without is the owner's camera, or had a phone that was revoked.
pub fn has_phone(ledger: &dyn Rows, sender: SenderId) -> Result<bool, ShareError> {
    any_phone(ledger, |phone| phone.sender == sender)
}

/// Whether the owner's page opens with a phone of this sender.
pub fn is_owner(ledger: &dyn Rows, sender: SenderId) -> Result<bool, ShareError> {
    any_phone(ledger, |phone| phone.sender == sender && phone.is_owners)
}

fn any_phone(ledger: &dyn Rows, is_meant: impl Fn(&Phone) -> bool) -> Result<bool, ShareError> {
    let mut found = false;
    ledger.scan_phones(all(), Order::Rising, &mut |_, phone| {
        found = is_meant(&phone);
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// Puts a phone's owner into a household, or into none: they see and reach the people there, and nobody else but those in
/// their address book.
pub fn belong(ledger: &mut dyn Ledger, phone: PhoneId, account: Option<AccountId>) -> Result<(), ShareError> {
    let phone = ledger.phone(phone)?.ok_or(ShareError::NotFound("phone"))?;
    let mut sender = ledger.sender(phone.sender)?.ok_or(ShareError::NotFound("sender"))?;
    sender.account = account.map(|account| directory::account(ledger, account)).transpose()?.map(|account| account.id);
    Ok(ledger.put_sender(sender.id, &sender)?)
}

/// Gives a phone a name; an empty one takes it away.
pub fn rename(ledger: &mut dyn Ledger, phone: PhoneId, name: &str) -> Result<(), ShareError> {
    let mut phone = ledger.phone(phone)?.ok_or(ShareError::NotFound("phone"))?;
    phone.name = if name.trim().is_empty() { None } else { Some(input::name(name)?) };
    Ok(ledger.put_phone(phone.id, &phone)?)
}

/// Revokes a phone: its token is worth nothing from then on, nor is what it opened of the owner's page, nor whom it
/// invited there. Whose it was: what they share now is to end.
pub fn revoke(ledger: &mut dyn Ledger, phone: PhoneId) -> Result<SenderId, ShareError> {
    let phone = ledger.phone(phone)?.ok_or(ShareError::NotFound("phone"))?;
    owner::forget_phone(ledger, phone.id)?;
    ledger.remove_camera_share(phone.id)?;
    ledger.remove_phone_token(phone.token)?;
    ledger.remove_phone(phone.id)?;
    void_invites(ledger, |by| by == Inviter::Phone(phone.id))?;
    Ok(phone.sender)
}

/// The sender a share of an owner's camera is from: the one with this id or name, made if there is none. Whoever has a
/// phone has given their name themselves, and is not meant by it.
pub fn camera_sender(ledger: &mut dyn Ledger, date: UnixMs, from: Option<&str>) -> Result<Sender, ShareError> {
    if let Some(Ok(id)) = from.map(str::parse)
        && let Some(sender) = ledger.sender(id)?
    {
        return Ok(sender);
    }
    let name = input::name(from.unwrap_or(CAMERA))?;
    let mut named = Vec::new();
    ledger.scan_senders(all(), Order::Rising, &mut |_, sender| {
        if sender.name == name {
            named.push(sender);
        }
        ControlFlow::Continue(())
    })?;
    for sender in named {
        if !has_phone(ledger, sender.id)? {
            return Ok(sender);
        }
    }
    let sender = Sender {
        id: SenderId::new(date),
        name,
        msisdn: None,
        email: None,
        created_at: date,
        photo: None,
        account: None,
        terms: None,
    };
    ledger.put_sender(sender.id, &sender)?;
    Ok(sender)
}
