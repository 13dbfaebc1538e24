//! Why a call is not answered as asked, and the answer that says so: the one place where failures meet HTTP.

use crate::ground::reply::Reply;
use crate::http::ports::owner::AdminRefused;
use crate::http::ports::photos::PhotoRefused;
use crate::http::status::status_of;
use crate::share::{LedgerError, ShareError};

/// The answer that tells why the steward would not.
pub fn refused(error: ShareError) -> Reply {
    Failure::Share(error).reply()
}

/// Why a call is not answered as asked.
#[derive(Debug)]
pub(in crate::http) enum Failure {
    /// The steward's reason.
    Share(ShareError),
    /// No token of an enrolled phone came with it.
    NoPhone,
    /// No cookie of a TV came with it.
    NoTv,
    /// Nobody is signed in on the TV.
    NotSignedIn,
    /// No cookie of the owner's came with it.
    NotOwner,
    /// The owner's page is to be had over TLS, at this address.
    HttpsOnly(String),
    /// Why something of the owner's was not done.
    Admin(AdminRefused),
    /// It came from another site's page.
    OtherSite,
    /// Its body is not what the call wants.
    BadBody(String),
    /// The contacts in it are not sealed with the phone's key.
    BadSeal,
    /// Its body says to be something else than JSON.
    NotJson,
    /// Its body says to be something else than a photo.
    NotAPhoto,
    /// The photo in it is not taken.
    Photo(PhotoRefused),
    /// The terms that were agreed to are not the ones that hold.
    OtherTerms,
    /// The share is over, and no video of it was kept.
    NothingKept,
    /// There is no such call.
    NotFound,
}

impl From<ShareError> for Failure {
    fn from(error: ShareError) -> Self {
        Self::Share(error)
    }
}

impl From<PhotoRefused> for Failure {
    fn from(refused: PhotoRefused) -> Self {
        Self::Photo(refused)
    }
}

impl Failure {
    /// The answer that says so: the one place where failures meet HTTP.
    pub fn reply(self) -> Reply {
        match self {
            Self::Share(error) => {
                if matches!(error, ShareError::Ledger(_)) {
                    log::error!("http: {error}");
                }
                let text = match &error {
                    // What the database's own program says of it is for the log.
                    ShareError::Ledger(LedgerError::Failed(_)) => {
                        "the database cannot be used; check the disk of the data directory and try again".to_owned()
                    }
                    error => error.to_string(),
                };
                let reply = Reply::error(status_of(&error), error.code(), &text);
                match error.retry_after() {
                    Some(wait) => reply.with("Retry-After", wait.as_millis().div_ceil(1000).to_string()),
                    None => reply,
                }
            }
            Self::NoPhone => {
                Reply::error(401, "no_phone", "enrol this phone first: its token is missing or was revoked")
                    .with("WWW-Authenticate", "Bearer")
            }
            Self::NoTv => Reply::error(401, "no_tv", "this TV is not known: open /tv/ again"),
            Self::NotSignedIn => Reply::error(401, "not_signed_in", "say who is watching first"),
            Self::NotOwner => Reply::error(401, "not_owner", "come in with a code: run `lareira admin owner`"),
            Self::HttpsOnly(address) => {
                Reply::error(403, "https_only", &format!("the owner's page opens over HTTPS alone: go to {address}"))
            }
            Self::Admin(AdminRefused { status, code, message }) => refusal(status, code, &message),
            Self::OtherSite => Reply::error(403, "other_site", "this can only be asked from the gateway's own pages"),
            Self::BadBody(why) => {
                Reply::error(400, "bad_body", &format!("the request's body is not understood: {why}"))
            }
            Self::BadSeal => Reply::error(
                400,
                "bad_seal",
                "the contacts are not sealed with this phone's key: ask for contacts_key anew, and seal them again",
            ),
            Self::NotJson => Reply::error(415, "not_json", "send the body as application/json"),
            Self::NotAPhoto => Reply::error(415, "not_a_photo", "send the photo itself, as image/jpeg or image/png"),
            Self::Photo(PhotoRefused { status, code, message }) => refusal(status, code, &message),
            Self::OtherTerms => {
                Reply::error(409, "terms_changed", "the terms have changed: read them again, then accept them")
            }
            Self::NothingKept => Reply::error(410, "not_kept", "no video of this was kept: there is nothing to watch"),
            Self::NotFound => Reply::error(404, "not_found", "nothing is at this address"),
        }
    }
}

/// A refusal; one that may not be one in a moment says so.
fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let reply = Reply::error(status, code, message);
    if status == 503 { reply.with("Retry-After", "2") } else { reply }
}

/// What a handler gives.
pub(in crate::http) type Answered = Result<Reply, Failure>;
