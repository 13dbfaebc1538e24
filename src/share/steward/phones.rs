//! The steward's decisions about phones: those that are invited, what they are called, and when they are shown out.

use std::time::Duration;

use crate::ground::crypto::{self, SealingKey, TokenHash};
use crate::ground::id::{AccountId, PhoneId};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{Inviter, Phone, Sender};
use crate::share::model::views::{Enrolled, Enrolment, NewInvite, PhoneReport, Unwanted};
use crate::share::rules::phones::{self, Invitation};
use crate::share::rules::sharing;

use super::Steward;

/// Digits of an enrolment code.
const INVITE_DIGITS: usize = 10;
/// What the keys that contacts are sealed with are derived for.
const CONTACTS: &str = "lareira contacts 1";

impl Steward {
    /// Makes an invitation for one phone, by the owner, to an account: to the only one, where there is one and none is said.
    pub fn invite(
        &self,
        name: Option<&str>,
        account: Option<AccountId>,
        ttl: Duration,
    ) -> Result<NewInvite, ShareError> {
        self.invite_by(Inviter::Owner, name, account, ttl)
    }

    /// The same by someone else.
    pub fn invite_by(
        &self,
        by: Inviter,
        name: Option<&str>,
        account: Option<AccountId>,
        ttl: Duration,
    ) -> Result<NewInvite, ShareError> {
        let code = crypto::new_digits(INVITE_DIGITS);
        let (hash, name) = (TokenHash::of(&code), name.map(str::to_owned));
        let expires_at = self.write(move |ledger, _, date| {
            phones::invite(ledger, date, hash, &Invitation { name: name.as_deref(), account, ttl, by })
        })?;
        Ok(NewInvite { code, expires_at })
    }

    /// Whether the code of an invitation is good, before anything costly is done with what came with it.
    pub fn check_invite(&self, code: &str) -> Result<(), ShareError> {
        let date = self.date();
        self.read(|ledger| phones::invitation(ledger, date, code).map(drop))
    }

    /// Enrols a phone with the code of an invitation, which is used up.
    pub fn enrol(&self, code: &str, enrolment: Enrolment) -> Result<Enrolled, ShareError> {
        let token = crypto::new_token();
        let (hash, code) = (TokenHash::of(&token), code.to_owned());
        let (sender, phone) =
            self.write(move |ledger, _, date| phones::enrol(ledger, date, &code, hash, &enrolment))?;
        Ok(Enrolled { sender, phone, token })
    }

    /// The phone whose token this is, and its owner.
    pub fn phone_by_token(&self, token: &str) -> Result<Option<(Phone, Sender)>, ShareError> {
        self.read(|ledger| phones::phone_by_token(ledger, token))
    }

    /// The key that a phone seals its contacts with. Derived each time: it is kept nowhere.
    pub fn contacts_key(&self, phone: PhoneId) -> SealingKey {
        self.root.sealing_key(CONTACTS, phone.to_string().as_bytes())
    }

    /// All phones, oldest first.
    pub fn phones(&self) -> Result<Vec<PhoneReport>, ShareError> {
        self.read(phones::phones)
    }

    /// Gives a phone a name.
    pub fn rename_phone(&self, phone: PhoneId, name: &str) -> Result<(), ShareError> {
        let name = name.to_owned();
        self.write(move |ledger, _, _| phones::rename(ledger, phone, &name))
    }

    /// Puts a phone's owner into a household, or into none.
    pub fn belong(&self, phone: PhoneId, account: Option<AccountId>) -> Result<(), ShareError> {
        self.write(move |ledger, _, _| phones::belong(ledger, phone, account))
    }

    /// Revokes a phone; what its sender shares now ends.
    pub fn revoke_phone(&self, phone: PhoneId) -> Result<(), ShareError> {
        let ended = self.write(move |ledger, news, date| {
            let sender = phones::revoke(ledger, phone)?;
            sharing::end_all_of(ledger, news, date, sender)
        })?;
        ended.into_iter().for_each(|share| self.stream_is_unwanted(share, Unwanted::Over));
        self.device_is_gone();
        Ok(())
    }
}
