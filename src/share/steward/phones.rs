//! The steward's decisions about phones: the first, which claims the house; those that are invited; what they are called.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Duration;

use crate::ground::id::{AccountId, PhoneId};
use crate::ground::secret::{self, SealingKey, TokenHash};
use crate::share::error::ShareError;
use crate::share::phones::Invitation;
use crate::share::rows::{Inviter, Phone, Sender};
use crate::share::views::{Claim, Claimed, Enrolled, Enrolment, NewInvite, PhoneReport, Unwanted};
use crate::share::{claim, owner, phones};

use super::Steward;

/// Digits of an enrolment code.
const INVITE_DIGITS: usize = 10;
/// What the keys that contacts are sealed with are derived for.
const CONTACTS: &str = "lareira contacts 1";

impl Steward {
    /// Whether anyone owns the house.
    pub fn is_claimed(&self) -> Result<bool, ShareError> {
        self.look(claim::is_claimed)
    }

    /// Whether the house can be claimed with a TV's code, before anything costly is done with what came with it.
    pub fn check_claim(&self, code: &str) -> Result<(), ShareError> {
        let date = self.date();
        self.look(|ledger| claim::check(ledger, date, code))
    }

    /// Makes the first phone the owner's, with a household, a user and the TV that shows the code.
    pub fn claim(&self, wish: Claim) -> Result<Claimed, ShareError> {
        let token = secret::new_token();
        let hash = TokenHash::of(&token);
        let made = self.decide(move |ledger, news, date| claim::claim(ledger, news, date, &wish, hash))?;
        log::info!("the house was claimed: account {}", made.account);
        Ok(Claimed { account: made.account, user: made.user, sender: made.sender, token })
    }

    /// Refuses a code that comes from where too many wrong ones came from.
    pub fn may_try_code(&self, from: IpAddr) -> Result<(), ShareError> {
        let guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        match guesses.wait(from, self.clock.now()) {
            Duration::ZERO => Ok(()),
            retry_after => Err(ShareError::TooManyTries { retry_after }),
        }
    }

    /// Counts a wrong code.
    pub fn code_was_wrong(&self, from: IpAddr) {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).note(from, self.clock.now());
    }

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
        let code = secret::new_digits(INVITE_DIGITS);
        let (hash, name) = (TokenHash::of(&code), name.map(str::to_owned));
        let expires_at = self.decide(move |ledger, _, date| {
            phones::invite(ledger, date, hash, &Invitation { name: name.as_deref(), account, ttl, by })
        })?;
        Ok(NewInvite { code, expires_at })
    }

    /// Whether the code of an invitation is good, before anything costly is done with what came with it.
    pub fn check_invite(&self, code: &str) -> Result<(), ShareError> {
        let date = self.date();
        self.look(|ledger| phones::invitation(ledger, date, code).map(drop))
    }

    /// Enrols a phone with the code of an invitation, which is used up.
    pub fn enrol(&self, code: &str, enrolment: Enrolment) -> Result<Enrolled, ShareError> {
        let token = secret::new_token();
        let (hash, code) = (TokenHash::of(&token), code.to_owned());
        let (sender, phone) =
            self.decide(move |ledger, _, date| phones::enrol(ledger, date, &code, hash, &enrolment))?;
        Ok(Enrolled { sender, phone, token })
    }

    /// The phone whose token this is, and its owner.
    pub fn phone_by_token(&self, token: &str) -> Result<Option<(Phone, Sender)>, ShareError> {
        self.look(|ledger| phones::phone_by_token(ledger, token))
    }

    /// The key that a phone seals its contacts with. Derived each time: it is kept nowhere.
    pub fn contacts_key(&self, phone: PhoneId) -> SealingKey {
        self.root.sealing_key(CONTACTS, phone.to_string().as_bytes())
    }

    /// All phones, oldest first.
    pub fn phones(&self) -> Result<Vec<PhoneReport>, ShareError> {
        self.look(phones::phones)
    }

    /// Gives a phone a name.
    pub fn rename_phone(&self, phone: PhoneId, name: &str) -> Result<(), ShareError> {
        let name = name.to_owned();
        self.decide(move |ledger, _, _| phones::rename(ledger, phone, &name))
    }

    /// Puts a phone's owner into a household, or into none.
    pub fn belong(&self, phone: PhoneId, account: Option<AccountId>) -> Result<(), ShareError> {
        self.decide(move |ledger, _, _| phones::belong(ledger, phone, account))
    }

    /// Revokes a phone; what its sender shares now ends.
    pub fn revoke_phone(&self, phone: PhoneId) -> Result<(), ShareError> {
        let ended = self.decide(move |ledger, news, date| phones::revoke(ledger, news, date, phone))?;
        ended.into_iter().for_each(|share| self.stream_is_unwanted(share, Unwanted::Over));
        Ok(())
    }

    /// Lets the browser of the owner's phone in on the owner's page; the value of its cookie.
    pub fn owner_session(&self, phone: PhoneId) -> Result<String, ShareError> {
        let cookie = secret::new_token();
        let hash = TokenHash::of(&cookie);
        self.decide(move |ledger, _, date| owner::sign_in_by_phone(ledger, date, phone, hash))?;
        Ok(cookie)
    }
}
