//! Codes that are tried: so many wrong ones from one place, and no more.

use crate::http::api::failure::{Answered, Failure};
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::{RefusedKind, ShareError};

/// Does something with a code, unless too many wrong ones came from there.
pub fn with_code(api: &Api, request: &Request, kind: RefusedKind, work: impl FnOnce() -> Answered) -> Answered {
    api.steward.may_try(kind, request.peer)?;
    work().inspect_err(|failure| {
        if matches!(failure, Failure::Share(ShareError::BadCode)) {
            api.steward.was_wrong(kind, request.peer);
        }
    })
}
