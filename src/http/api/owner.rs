//! The owner's API: the verbs of `lareira admin`, and what the gateway is doing now, for the owner's page. By a cookie
//! that a code from the gateway's own command line gives.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ground::limits;
use crate::ground::reply::Reply;
use crate::http::api::phone::house::with_code;
use crate::http::api::{self, Answered, Api, Failure, body, json as answer_json};
use crate::http::api::{agent, qr};
use crate::http::back::Request;
use crate::http::cookies;
use crate::http::route::OwnerCall;
use crate::share::{Inviter, RefusedKind, Steward};

/// How long browsers keep it.
const COOKIE_SECONDS: u32 = limits::OWNER_TIME.as_secs() as u32;

/// Carries out what the owner wants, and knows what is going on. Blocks.
pub trait OwnerAdmin: Send + Sync {
    /// Does one verb of `lareira admin`, written as its name with its fields, for whoever invites as `by`; what it says.
    fn carry_out(&self, verb: Value, by: Inviter) -> Result<Value, AdminRefused>;
    /// The address that a phone opens to be enrolled with `code`.
    fn invite_url(&self, code: &str) -> String;
    /// What the gateway is doing.
    fn now(&self) -> Value;
}

/// Why a verb was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminRefused {
    /// Status code.
    pub status: u16,
    /// Stable name of the reason.
    pub code: String,
    /// For people; says what to do.
    pub message: String,
}

#[derive(Deserialize)]
struct SignInBody {
    code: String,
}

/// Answers the owner's page.
pub(in crate::http) fn answer(api: &Api, request: &Request, call: OwnerCall) -> Answered {
    api::same_site(request)?;
    protected(api, request)?;
    if call == OwnerCall::SignIn {
        return with_code(api, request, RefusedKind::OwnerCode, || {
            let SignInBody { code } = body(request)?;
            Ok(come_in(request, &api.steward.owner_sign_in(&code, &browser(request))?))
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
        OwnerCall::Now => Ok(answer_json(200, &api.admin.now())),
        OwnerCall::Verb => match api.admin.carry_out(body(request)?, api.steward.owner_inviter(cookie)?) {
            Ok(said) => Ok(answer_json(200, &with_here(said, &Steward::owner_id(cookie)))),
            Err(refused) => Err(Failure::Admin(refused)),
        },
        OwnerCall::SignOut => {
            api.steward.owner_sign_out(cookie)?;
            Ok(with_cookie(request, "", 0))
        }
        OwnerCall::SignIn => Err(Failure::NotFound),
    }
}

/// Refuses whoever comes without TLS where TLS is to be had: what is said here would be there for the whole network to
/// read. This machine's own are let in, as by an SSH tunnel: nobody listens between.
pub(in crate::http) fn protected(api: &Api, request: &Request) -> Result<(), Failure> {
    let is_own = request.peer.is_some_and(|peer| peer.to_canonical().is_loopback());
    match api.secure.https() {
        Some(port) if !request.secure && !is_own => {
            Err(Failure::HttpsOnly(format!("https://{}:{port}/admin/", api::host_name(request))))
        }
        _ => Ok(()),
    }
}

/// What the browser is called.
pub(in crate::http) fn browser(request: &Request) -> String {
    agent::name(request.field("user-agent").unwrap_or_default())
}

/// Says in a list of the owner's browsers which one asks.
fn with_here(mut said: Value, id: &str) -> Value {
    for owner in said.get_mut("owners").and_then(Value::as_array_mut).into_iter().flatten() {
        owner["here"] = (owner["owner_id"] == id).into();
    }
    said
}

/// The answer that makes a browser the owner's.
pub(in crate::http) fn come_in(request: &Request, cookie: &str) -> Reply {
    with_cookie(request, cookie, COOKIE_SECONDS)
}

fn with_cookie(request: &Request, value: &str, seconds: u32) -> Reply {
    let cookie = cookies::set(cookies::OWNER, value, request.secure, "/admin", seconds, "Strict");
    answer_json(200, &json!({})).with("Set-Cookie", cookie)
}
