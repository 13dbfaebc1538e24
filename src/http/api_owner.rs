//! The owner's API: the verbs of `lareira admin`, and what the gateway is doing now, for the owner's page. By a cookie
//! that a code from the gateway's own command line gives.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ground::reply::Reply;
use crate::http::api::{self, Answered, Api, Failure, body, json as answer_json};
use crate::http::back::Request;
use crate::http::qr;
use crate::http::route::OwnerCall;

/// The cookie that makes a browser the owner's.
const OWNER_COOKIE: &str = "lareira_owner";
/// How long browsers keep it.
const COOKIE_SECONDS: u32 = 180 * 24 * 3600;

/// Carries out what the owner wants, and knows what is going on. Blocks.
pub trait OwnersDesk: Send + Sync {
    /// Does one verb of `lareira admin`, written as its name with its fields; what it says.
    fn carry_out(&self, verb: Value) -> Result<Value, DeskRefused>;
    /// The address that a phone opens to be enrolled with `code`.
    fn invite_url(&self, code: &str) -> String;
    /// What the gateway is doing.
    fn now(&self) -> Value;
}

/// Why a verb was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskRefused {
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
pub(super) fn answer(api: &Api, request: &Request, call: OwnerCall) -> Answered {
    api::same_site(request)?;
    if call == OwnerCall::SignIn {
        let SignInBody { code } = body(request)?;
        let cookie = api.steward.owner_sign_in(&code)?;
        return Ok(come_in(&cookie));
    }
    let cookie = request.cookie(OWNER_COOKIE).ok_or(Failure::NotOwner)?;
    if !api.steward.is_owner(cookie)? {
        return Err(Failure::NotOwner);
    }
    match call {
        OwnerCall::InvitePicture => {
            let url = api.desk.invite_url(qr::code(request)?);
            qr::picture(&url).ok_or(Failure::NotFound)
        }
        OwnerCall::Now => Ok(answer_json(200, &api.desk.now())),
        OwnerCall::Verb => match api.desk.carry_out(body(request)?) {
            Ok(said) => Ok(answer_json(200, &said)),
            Err(refused) => Err(Failure::Desk(refused)),
        },
        OwnerCall::SignOut => {
            api.steward.owner_sign_out(cookie)?;
            Ok(with_cookie("", 0))
        }
        OwnerCall::SignIn => Err(Failure::NotFound),
    }
}

/// The answer that makes a browser the owner's.
pub(super) fn come_in(cookie: &str) -> Reply {
    with_cookie(cookie, COOKIE_SECONDS)
}

fn with_cookie(value: &str, seconds: u32) -> Reply {
    answer_json(200, &json!({})).with(
        "Set-Cookie",
        format!("{OWNER_COOKIE}={value}; Path=/admin; Max-Age={seconds}; HttpOnly; SameSite=Strict"),
    )
}
