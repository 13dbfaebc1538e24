//! The owner's API: the verbs of `lareira admin`, and what the gateway is doing now, for the owner's page. By a cookie
//! that a code from the gateway's own command line gives.

pub(super) mod entry;
pub(super) mod verbs;

use serde::Deserialize;
use serde_json::Value;

use crate::http::api::answer::json_reply;
use crate::http::api::attempts::with_code;
use crate::http::api::call::{body, same_site};
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::qr;
use crate::http::api::services::Api;
use crate::http::cookies;
use crate::http::request::Request;
use crate::http::route::OwnerCall;
use crate::share::{RefusedKind, Steward};

#[derive(Deserialize)]
struct SignInBody {
    code: String,
}

/// Answers the owner's page.
pub(in crate::http) fn answer(api: &Api, request: &Request, call: OwnerCall) -> Answered {
    same_site(request)?;
    entry::protected(api, request)?;
    if call == OwnerCall::SignIn {
        return with_code(api, request, RefusedKind::OwnerCode, || {
            let SignInBody { code } = body(request)?;
            Ok(entry::come_in(request, &api.steward.owner_sign_in(&code, &entry::browser(request))?))
        });
    }
    let field = request.field("cookie").unwrap_or_default();
    let cookie = cookies::own(field, cookies::OWNER, request.secure).ok_or(Failure::NotOwner)?;
    if !api.steward.is_owner(cookie)? {
        return Err(Failure::NotOwner);
    }
    match call {
        OwnerCall::InvitePicture => {
            let url = api.admin.invite_url(qr::code(request)?);
            qr::picture(&url).ok_or(Failure::NotFound)
        }
        OwnerCall::Now => Ok(json_reply(200, &api.admin.now()?)),
        OwnerCall::Verb => {
            let said = api.admin.carry_out(body(request)?, api.steward.owner_inviter(cookie)?)?;
            Ok(json_reply(200, &with_here(said, &Steward::owner_id(cookie))))
        }
        OwnerCall::SignOut => {
            api.steward.owner_sign_out(cookie)?;
            Ok(entry::go_out(request))
        }
        OwnerCall::SignIn => Err(Failure::NotFound),
    }
}

/// Says in a list of the owner's browsers which one asks.
fn with_here(mut said: Value, id: &str) -> Value {
    for owner in said.get_mut("owners").and_then(Value::as_array_mut).into_iter().flatten() {
        owner["here"] = (owner["owner_id"] == id).into();
    }
    said
}
