//! The steward's decisions about accounts, users and TVs.

use std::collections::BTreeSet;

use crate::ground::crypto::{self, PinHash, TokenHash};
use crate::ground::id::{AccountId, PhotoId, SenderId, TvId, UserId};
use crate::share::model::error::ShareError;
use crate::share::model::input;
use crate::share::model::rows::{Account, Agreement, Sender, Settings, Tv, User};
use crate::share::model::views::{BlockedSender, Contact, Matches, NewPin, NewUser, ProfileChange, Session};
use crate::share::rules::pin::{self, Try};
use crate::share::rules::profile::PinChange;
use crate::share::rules::{contacts, directory, pairing, people, profile};
use crate::share::transient::lookups::Admitted;

use super::Steward;

/// Bytes of the longest PIN.
const PIN_BYTES: usize = 8;

impl Steward {
    /// Adds a household; `country` is its calling code, such as `+351`.
    pub fn add_account(&self, name: &str, country: Option<&str>) -> Result<Account, ShareError> {
        let (name, country) = (name.to_owned(), country.map(str::to_owned));
        self.write(move |ledger, _, date| people::add_account(ledger, date, &name, country.as_deref()))
    }

    /// All households, oldest first.
    pub fn accounts(&self) -> Result<Vec<Account>, ShareError> {
        self.read(directory::accounts)
    }

    /// Adds a user. Hashes their PIN: slow.
    pub fn add_user(&self, user: NewUser) -> Result<User, ShareError> {
        let pin = match user.pin.as_deref() {
            Some(pin) => Some(PinHash::new(input::pin(pin)?, self.settings.pin_rounds)),
            None => None,
        };
        self.write(move |ledger, _, date| people::add_user(ledger, date, &user, pin))
    }

    /// The user with this id.
    pub fn user(&self, user: UserId) -> Result<User, ShareError> {
        self.read(|ledger| directory::user(ledger, user))
    }

    /// The users of an account, or all; oldest first.
    pub fn users(&self, account: Option<AccountId>) -> Result<Vec<User>, ShareError> {
        self.read(|ledger| directory::users(ledger, account))
    }

    /// Removes a user, their inbox, and their side of every share.
    pub fn remove_user(&self, user: UserId) -> Result<(), ShareError> {
        let photo = self.write(move |ledger, news, _| people::remove_user(ledger, news, user))?;
        self.photo_is_unwanted(photo);
        self.stop_watching(|_, by| by == user)
    }

    /// Changes what is said of a user, all or nothing. A new PIN signs them out everywhere. Hashes it: slow.
    pub fn change_user(&self, user: UserId, change: ProfileChange, pin: NewPin) -> Result<User, ShareError> {
        let pin = match pin {
            NewPin::Same => PinChange::Keep,
            NewPin::None => PinChange::Remove,
            NewPin::Digits(digits) => PinChange::Set(PinHash::new(input::pin(&digits)?, self.settings.pin_rounds)),
        };
        self.write(move |ledger, news, _| profile::change_user(ledger, news, user, &change, pin))
    }

    /// Changes what a sender says of themselves, all or nothing.
    pub fn change_sender(&self, sender: SenderId, change: ProfileChange) -> Result<Sender, ShareError> {
        self.write(move |ledger, _, _| profile::change_sender(ledger, sender, &change))
    }

    /// Writes down that a sender agreed to a version of the terms, and when.
    pub fn agree(&self, sender: SenderId, version: &str) -> Result<Agreement, ShareError> {
        let version = version.to_owned();
        self.write(move |ledger, _, date| profile::agree(ledger, date, sender, &version))
    }

    /// Gives a user another photo, or none.
    pub fn set_user_photo(&self, user: UserId, photo: Option<PhotoId>) -> Result<(), ShareError> {
        let before = self.write(move |ledger, news, _| profile::set_user_photo(ledger, news, user, photo))?;
        self.photo_is_unwanted(before);
        Ok(())
    }

    /// Gives a sender another photo, or none.
    pub fn set_sender_photo(&self, sender: SenderId, photo: Option<PhotoId>) -> Result<(), ShareError> {
        let before = self.write(move |ledger, _, _| profile::set_sender_photo(ledger, sender, photo))?;
        self.photo_is_unwanted(before);
        Ok(())
    }

    /// The photos of everyone.
    pub fn photos(&self) -> Result<BTreeSet<PhotoId>, ShareError> {
        self.read(profile::photos)
    }

    /// All TVs that are paired, oldest first.
    pub fn tvs(&self) -> Result<Vec<Tv>, ShareError> {
        self.read(pairing::tvs)
    }

    /// Whether a TV belongs to a household still.
    pub fn is_paired(&self, tv: TvId) -> Result<bool, ShareError> {
        self.read(|ledger| Ok(ledger.tv(tv)?.is_some_and(|tv| tv.account.is_some())))
    }

    /// Gives a TV another name.
    pub fn rename_tv(&self, tv: TvId, name: &str) -> Result<Tv, ShareError> {
        let name = name.to_owned();
        self.write(move |ledger, news, _| pairing::rename(ledger, news, tv, &name))
    }

    /// Removes a TV.
    pub fn remove_tv(&self, tv: TvId) -> Result<(), ShareError> {
        self.write(move |ledger, news, _| pairing::remove(ledger, news, tv))?;
        self.device_is_gone();
        self.stop_watching(|on, _| on == tv)
    }

    /// Signs `user` in on `tv`; the value of the `lareira_user` cookie. Looks at the PIN: slow.
    pub fn sign_in(&self, tv: TvId, user: UserId, pin: Option<&str>) -> Result<String, ShareError> {
        if self.waiting_tvs().iter().any(|waiting| waiting.id == tv) {
            return Err(ShareError::NotPaired);
        }
        self.read(|ledger| pairing::tv_of_user(ledger, tv, user))?;
        let row = self.user(user)?;
        if let Some(hash) = &row.pin {
            self.check_pin(user, hash, pin.map(|pin| (tv, pin)))?;
        }
        let cookie = crypto::new_token();
        let hash = TokenHash::of(&cookie);
        self.write(move |ledger, news, date| pairing::sign_in(ledger, news, date, tv, user, hash))?;
        Ok(cookie)
    }

    /// Looks at a PIN that was typed on a TV, on the thread for that; wrong ones are counted, and lock it after a while. One
    /// that finds no place there is not counted.
    pub(super) fn check_pin(
        &self,
        user: UserId,
        hash: &PinHash,
        given: Option<(TvId, &str)>,
    ) -> Result<(), ShareError> {
        let Some((tv, given)) = given.filter(|(_, given)| !given.is_empty()) else {
            return Err(ShareError::PinRequired);
        };
        let date = self.date();
        if let Some(retry_after) = self.read(|ledger| pin::locked(ledger, user, tv, date))? {
            return Err(ShareError::PinLocked { retry_after });
        }
        let place = self.pins.place(user, 0)?;
        let taken = self.write(move |ledger, _, date| pin::take_try(ledger, user, tv, date))?;
        if let Try::Locked { retry_after } = taken {
            return Err(ShareError::PinLocked { retry_after });
        }
        let (hash, given) = (hash.clone(), given.to_owned());
        if given.len() > PIN_BYTES || !place.work(move || hash.verify(&given))? {
            return Err(ShareError::WrongPin);
        }
        self.write(move |ledger, _, _| pin::forget_tries(ledger, user, tv))
    }

    /// Signs `user` out on `tv`.
    pub fn sign_out(&self, tv: TvId, user: UserId) -> Result<(), ShareError> {
        self.write(move |ledger, news, _| pairing::sign_out(ledger, news, tv, user))?;
        self.device_is_gone();
        self.stop_watching(|on, by| on == tv && by == user)
    }

    /// Who asks, by the cookies of a TV. `None` when the TV's cookie is none of ours.
    pub fn session(&self, tv_cookie: &str, user_cookie: Option<&str>) -> Result<Option<Session>, ShareError> {
        let paired = self.read(|ledger| pairing::session(ledger, tv_cookie, user_cookie))?;
        Ok(paired.or_else(|| Some(Session { tv: self.waiting_tv(tv_cookie)?, account: None, user: None })))
    }

    /// Whom a sender may share with, oldest first.
    pub fn contacts(&self, sender: SenderId) -> Result<Vec<User>, ShareError> {
        self.read(|ledger| contacts::contacts(ledger, sender))
    }

    /// Refuses contacts of a sender who sends them too often, before anything costly is done with them.
    pub fn may_match_contacts(&self, sender: SenderId) -> Result<(), ShareError> {
        self.effort().matches.take(sender, self.clock.now())
    }

    /// Finds a sender's contacts among the users, as many as may be looked for in a day, and remembers those it finds.
    pub fn match_contacts(&self, sender: SenderId, contacts: &[Contact]) -> Result<Matches, ShareError> {
        self.match_contacts_of(sender, contacts, None)
    }

    /// The same, of a phone that is set to a `region`, such as `PT`.
    pub fn match_contacts_of(
        &self,
        sender: SenderId,
        contacts: &[Contact],
        region: Option<&str>,
    ) -> Result<Matches, ShareError> {
        let (of, read) = self.read(|ledger| {
            let of = ledger.sender(sender)?.and_then(|sender| sender.account);
            Ok((of, contacts::read(ledger, sender, contacts, region)?))
        })?;
        let (now, date) = (self.clock.now(), self.date());
        let keys: Vec<_> = read.iter().map(contacts::Read::key).collect();
        let Admitted { each, again_at } = self.effort().lookups.admit(sender, of, now, &keys);
        let considered = each.iter().filter(|admitted| **admitted).count();
        let (matched, unknown) = self.read(|ledger| {
            let admitted = read.iter().zip(&each).filter(|(_, admitted)| **admitted).map(|(contact, _)| contact);
            let matched = contacts::find(ledger, admitted)?;
            let unknown = contacts::unknown(ledger, sender, &matched)?;
            Ok((matched, unknown))
        })?;
        if !unknown.is_empty() {
            self.write(move |ledger, _, _| contacts::remember(ledger, sender, &unknown))?;
        }
        let again_at = again_at.map(|at| date.plus(at.since(now)));
        Ok(Matches { matched, considered, ignored: contacts.len() - considered, again_at })
    }

    /// What a user has set.
    pub fn settings(&self, user: UserId) -> Result<Settings, ShareError> {
        Ok(self.user(user)?.settings)
    }

    /// Changes what a user has set, all or nothing.
    pub fn set_settings(&self, user: UserId, settings: Settings) -> Result<(), ShareError> {
        self.write(move |ledger, news, _| people::set_settings(ledger, news, user, settings))
    }

    /// Whom a user has blocked.
    pub fn blocks(&self, user: UserId) -> Result<Vec<BlockedSender>, ShareError> {
        self.read(|ledger| people::blocks(ledger, user))
    }

    /// Replaces a user's block list, all or nothing.
    pub fn set_blocks(&self, user: UserId, blocked: Vec<SenderId>, delete_entries: bool) -> Result<(), ShareError> {
        self.write(move |ledger, news, _| people::set_blocks(ledger, news, user, blocked, delete_entries))
    }
}
