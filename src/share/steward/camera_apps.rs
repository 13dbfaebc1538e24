//! The steward's decisions about camera apps: whom they share with, and what they publish at a phone's lasting address.

use crate::ground::crypto::{self, TokenHash};
use crate::ground::id::{PhoneId, SenderId, ShareId, UserId};
use crate::share::model::error::ShareError;
use crate::share::rules::camera_apps;

use super::Steward;

impl Steward {
    /// Whom a sender's camera apps share with.
    pub fn recipients(&self, sender: SenderId) -> Result<Vec<UserId>, ShareError> {
        self.read(|ledger| camera_apps::recipients(ledger, sender))
    }

    /// Chooses whom a sender's camera apps share with.
    pub fn choose_recipients(&self, sender: SenderId, users: Vec<UserId>) -> Result<(), ShareError> {
        self.write(move |ledger, _, _| camera_apps::choose(ledger, sender, &users))
    }

    /// Whether something may be published at the lasting address of the phone with `token`; the share that goes on there.
    pub fn admit_phone(&self, token: &str) -> Result<Option<ShareId>, ShareError> {
        let (phone, _) = self.read(|ledger| camera_apps::phone(ledger, token))?;
        self.is_not_held(phone.id)?;
        self.is_told_why(phone.id)?;
        self.read(|ledger| camera_apps::admit(ledger, token, self.settings.streams))
    }

    /// Apps that lose their connection come back by themselves. One whose share was stopped by someone else may not, for as
    /// long as it has not stayed away for the resume window: the TVs would ring at once for what was just stopped.
    pub(super) fn hold_camera_apps(&self, phones: Vec<PhoneId>) {
        let until = self.clock.now() + self.settings.resume_window;
        self.watch().held.extend(phones.into_iter().map(|phone| (phone, until)));
    }

    /// Apps show what refuses them: one whose share could not be shown is told why when it comes back by itself. Once: its
    /// settings may be others the next time.
    pub(super) fn tell_camera_apps(&self, phones: Vec<PhoneId>, why: &str) {
        let until = self.clock.now() + self.settings.pending_timeout;
        self.watch().unshown.extend(phones.into_iter().map(|phone| (phone, (until, why.to_owned()))));
    }

    fn is_told_why(&self, phone: PhoneId) -> Result<(), ShareError> {
        let now = self.clock.now();
        let untold = self.watch().unshown.remove(&phone);
        match untold.filter(|(until, _)| *until > now) {
            Some((_, why)) => Err(ShareError::Invalid(format!("it could not be shown: {why}"))),
            None => Ok(()),
        }
    }

    fn is_not_held(&self, phone: PhoneId) -> Result<(), ShareError> {
        let now = self.clock.now();
        let mut watch = self.watch();
        watch.held.retain(|_, until| *until > now);
        let Some(until) = watch.held.get_mut(&phone) else { return Ok(()) };
        *until = now + self.settings.resume_window;
        Err(ShareError::StoppedElsewhere)
    }

    /// The share that is published at the lasting address of the phone with `token`: the one that goes on, or a new one.
    pub fn share_of_phone(&self, token: &str) -> Result<ShareId, ShareError> {
        let streams = self.settings.streams;
        if self.read(|ledger| camera_apps::admit(ledger, token, streams))?.is_none() {
            let (_, sender) = self.read(|ledger| camera_apps::phone(ledger, token))?;
            self.may_begin(sender.id)?;
        }
        let (token, own) = (token.to_owned(), TokenHash::of(&crypto::new_token()));
        let (id, new) = self.write(move |ledger, _, date| camera_apps::publish(ledger, date, &token, own, streams))?;
        if let Some(share) = &new {
            self.await_media(share);
        }
        Ok(id)
    }
}
