//! The TV API, invitations: one for the phone of whoever stands before the TV.

use std::time::Duration;

use serde_json::json;

use crate::ground::id::AccountId;
use crate::http::api::answer::json_reply;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::qr;
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::Inviter;
use crate::wire::address::PageAddress;

/// How long a TV's invitation is good: for whoever stands before it.
const INVITE_TIME: Duration = Duration::from_secs(10 * 60);

/// Where a phone goes to be enrolled with `code`.
fn url(request: &Request, code: &str) -> String {
    format!("{}{}", request.base(), PageAddress::Enrol(code))
}

/// Invites one phone to the household.
pub fn invite(api: &Api, request: &Request, account: AccountId, by: Inviter) -> Answered {
    let invite = api.steward.invite_by(by, None, Some(account), INVITE_TIME)?;
    Ok(json_reply(
        201,
        &json!({
            "code": invite.code,
            "url": url(request, &invite.code),
            "qr_svg": format!("/tv/api/invite.svg?code={}", invite.code),
            "expires_at": invite.expires_at.to_string(),
        }),
    ))
}

/// The address of an invitation as a picture for phones (ISO/IEC 18004).
pub fn picture(request: &Request) -> Answered {
    qr::picture(&url(request, qr::code(request)?)).ok_or(Failure::NotFound)
}
