//! The steward's decisions about who the owner is.

use crate::ground::crypto::{self, TokenHash};
use crate::ground::id::PhoneId;
use crate::share::model::error::ShareError;
use crate::share::model::rows::Inviter;
use crate::share::model::views::{NewInvite, OwnerReport};
use crate::share::rules::owner;

use super::Steward;

/// Digits of the owner's code.
const OWNER_DIGITS: usize = 10;

impl Steward {
    /// Makes a code with which one browser becomes the owner's. The one before is worth nothing any more.
    pub fn owner_code(&self) -> Result<NewInvite, ShareError> {
        let code = crypto::new_digits(OWNER_DIGITS);
        let hash = TokenHash::of(&code);
        let expires_at = self.write(move |ledger, _, date| owner::new_code(ledger, date, hash))?;
        Ok(NewInvite { code, expires_at })
    }

    /// Lets a browser in with a code; the value of its cookie. `agent` is what the browser is called.
    pub fn owner_sign_in(&self, code: &str, agent: &str) -> Result<String, ShareError> {
        let cookie = crypto::new_token();
        let (hash, code, agent) = (TokenHash::of(&cookie), code.to_owned(), agent.to_owned());
        self.write(move |ledger, _, date| owner::sign_in(ledger, date, &code, hash, &agent))?;
        Ok(cookie)
    }

    /// Lets the browser of the owner's phone in on the owner's page; the value of its cookie.
    pub fn owner_session(&self, phone: PhoneId, agent: &str) -> Result<String, ShareError> {
        let cookie = crypto::new_token();
        let (hash, agent) = (TokenHash::of(&cookie), agent.to_owned());
        self.write(move |ledger, _, date| owner::sign_in_by_phone(ledger, date, phone, hash, &agent))?;
        Ok(cookie)
    }

    /// Whether this is the cookie of a browser of the owner's, which is here now.
    pub fn is_owner(&self, cookie: &str) -> Result<bool, ShareError> {
        let date = self.date();
        let Some(row) = self.read(|ledger| owner::browser(ledger, date, cookie))? else { return Ok(false) };
        if owner::is_seen_anew(&row, date) {
            let cookie = cookie.to_owned();
            self.write(move |ledger, _, date| owner::see(ledger, date, &cookie))?;
        }
        Ok(true)
    }

    /// The browsers of the owner's, the newest first.
    pub fn owners(&self) -> Result<Vec<OwnerReport>, ShareError> {
        let date = self.date();
        self.read(|ledger| owner::browsers(ledger, date))
    }

    /// The name in [`Self::owners`] of the browser with this cookie.
    pub fn owner_id(cookie: &str) -> String {
        owner::id_of(TokenHash::of(cookie))
    }

    /// Shows the browser of that name out.
    pub fn end_owner(&self, id: &str) -> Result<(), ShareError> {
        let id = id.to_owned();
        match self.write(move |ledger, _, _| owner::end(ledger, |cookie, _| owner::id_of(cookie) == id))? {
            0 => Err(ShareError::NotFound("browser")),
            _ => {
                self.device_is_gone();
                Ok(())
            }
        }
    }

    /// Shows every browser of the owner's out; how many there were.
    pub fn end_owners(&self) -> Result<usize, ShareError> {
        let ended = self.write(|ledger, _, _| owner::end(ledger, |_, _| true))?;
        self.device_is_gone();
        Ok(ended)
    }

    /// Who invites where a browser with this cookie does: the phone that opened the owner's page in it, or the owner.
    pub fn owner_inviter(&self, cookie: &str) -> Result<Inviter, ShareError> {
        self.read(|ledger| owner::inviter(ledger, cookie))
    }

    /// Shows a browser of the owner's out.
    pub fn owner_sign_out(&self, cookie: &str) -> Result<(), ShareError> {
        let own = TokenHash::of(cookie);
        self.write(move |ledger, _, _| owner::end(ledger, |cookie, _| cookie == own))?;
        self.device_is_gone();
        Ok(())
    }
}
