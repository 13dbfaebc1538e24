//! The steward's decisions about who the owner is.

use crate::ground::secret::{self, TokenHash};
use crate::share::error::ShareError;
use crate::share::owner;
use crate::share::rows::Inviter;
use crate::share::views::NewInvite;

use super::Steward;

/// Digits of the owner's code.
const OWNER_DIGITS: usize = 10;

impl Steward {
    /// Makes a code with which one browser becomes the owner's. The one before is worth nothing any more.
    pub fn owner_code(&self) -> Result<NewInvite, ShareError> {
        let code = secret::new_digits(OWNER_DIGITS);
        let hash = TokenHash::of(&code);
        let expires_at = self.decide(move |ledger, _, date| owner::new_code(ledger, date, hash))?;
        Ok(NewInvite { code, expires_at })
    }

    /// Lets a browser in with a code; the value of its cookie.
    pub fn owner_sign_in(&self, code: &str) -> Result<String, ShareError> {
        let cookie = secret::new_token();
        let (hash, code) = (TokenHash::of(&cookie), code.to_owned());
        self.decide(move |ledger, _, date| owner::sign_in(ledger, date, &code, hash))?;
        Ok(cookie)
    }

    /// Whether this is the cookie of a browser of the owner's.
    pub fn is_owner(&self, cookie: &str) -> Result<bool, ShareError> {
        self.look(|ledger| owner::is_owner(ledger, cookie))
    }

    /// Who invites where a browser with this cookie does: the phone that opened the owner's page in it, or the owner.
    pub fn owner_inviter(&self, cookie: &str) -> Result<Inviter, ShareError> {
        self.look(|ledger| owner::inviter(ledger, cookie))
    }

    /// Shows a browser of the owner's out.
    pub fn owner_sign_out(&self, cookie: &str) -> Result<(), ShareError> {
        let cookie = cookie.to_owned();
        self.decide(move |ledger, _, _| owner::sign_out(ledger, &cookie))
    }
}
