//! Senders and their phones: invited, enrolled once, revoked.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::ground::id::{AccountId, PhoneId, SenderId, ShareId};
use crate::ground::limits;
use crate::ground::secret::TokenHash;
use crate::ground::time::UnixMs;
use crate::share::error::ShareError;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::news::News;
use crate::share::pairing::holds;
use crate::share::rows::{Invite, Phone, Sender};
use crate::share::sharing::{self, active_shares};
use crate::share::state::EndReason;
use crate::share::views::{Enrolment, PhoneReport};
use crate::share::{owner, people, words};

/// The name of a camera's sender that was given none.
const CAMERA: &str = "Camera";

/// Writes down an invitation to an account, which is the only one there is unless it is said; until when it holds.
pub fn invite(
    ledger: &mut dyn Ledger,
    date: UnixMs,
    code: TokenHash,
    name: Option<&str>,
    account: Option<AccountId>,
    ttl: Duration,
) -> Result<UnixMs, ShareError> {
    if ttl.is_zero() || ttl > limits::INVITE_TIME {
        return Err(ShareError::Invalid("an invitation holds for at least a moment and at most 30 days".into()));
    }
    let mut old = Vec::new();
    ledger.scan_invites(all(), Order::Rising, &mut |code, invite| {
        if !holds(invite.made_at, invite.ttl_ms, date) {
            old.push(code);
        }
        ControlFlow::Continue(())
    })?;
    for code in old {
        ledger.remove_invite(code)?;
    }
    let name = name.map(words::name).transpose()?;
    let account = match account {
        Some(account) => Some(people::account(ledger, account)?.id),
        None => match people::accounts(ledger)?.as_slice() {
            [only] => Some(only.id),
            _ => None,
        },
    };
    ledger.put_invite(code, &Invite { name, made_at: date, ttl_ms: ttl.as_millis() as u64, account })?;
    Ok(date.plus(ttl))
}

/// The invitation with this code, if it holds.
pub fn invitation(ledger: &dyn Rows, date: UnixMs, code: &str) -> Result<(TokenHash, Invite), ShareError> {
    let code: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let code = TokenHash::of(&code);
    let invite = ledger.invite(code)?.ok_or(ShareError::BadCode)?;
    if holds(invite.made_at, invite.ttl_ms, date) { Ok((code, invite)) } else { Err(ShareError::BadCode) }
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
        name: words::name(&who.name)?,
        msisdn: words::msisdn(who.msisdn.as_deref())?,
        email: words::email(who.email.as_deref())?,
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

/// Gives a phone a name; an empty one takes it away.
pub fn rename(ledger: &mut dyn Ledger, phone: PhoneId, name: &str) -> Result<(), ShareError> {
    let mut phone = ledger.phone(phone)?.ok_or(ShareError::NotFound("phone"))?;
    phone.name = if name.trim().is_empty() { None } else { Some(words::name(name)?) };
    Ok(ledger.put_phone(phone.id, &phone)?)
}

/// Revokes a phone: its token is worth nothing from then on, nor is what it opened of the owner's page; and what its
/// sender shares now ends. The shares ended.
pub fn revoke(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    phone: PhoneId,
) -> Result<Vec<ShareId>, ShareError> {
    let phone = ledger.phone(phone)?.ok_or(ShareError::NotFound("phone"))?;
    owner::forget_phone(ledger, phone.id)?;
    ledger.remove_camera_share(phone.id)?;
    ledger.remove_phone_token(phone.token)?;
    ledger.remove_phone(phone.id)?;
    let mut ended = Vec::new();
    for share in active_shares(ledger)? {
        let Some(share) = ledger.share(share)? else { continue };
        if share.sender == phone.sender && share.state.is_unfinished() {
            ended.push(share.id);
            sharing::end(ledger, news, date, share.id, EndReason::Stopped, None)?;
        }
    }
    Ok(ended)
}

/// The sender a camera's share is from: the one with this id or name, made if there is none.
pub fn camera_sender(ledger: &mut dyn Ledger, date: UnixMs, from: Option<&str>) -> Result<Sender, ShareError> {
    if let Some(Ok(id)) = from.map(str::parse)
        && let Some(sender) = ledger.sender(id)?
    {
        return Ok(sender);
    }
    let name = words::name(from.unwrap_or(CAMERA))?;
    let mut found = None;
    ledger.scan_senders(all(), Order::Rising, &mut |_, sender| {
        if sender.name == name {
            found = Some(sender);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    if let Some(sender) = found {
        return Ok(sender);
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
