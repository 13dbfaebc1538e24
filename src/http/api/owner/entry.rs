//! Coming in to the owner's page, and going out: by TLS where there is TLS, and with a cookie that makes a browser the
//! owner's.

use serde_json::json;

use crate::ground::id::PhoneId;
use crate::ground::limits;
use crate::ground::reply::Reply;
use crate::http::api::agent;
use crate::http::api::answer::json_reply;
use crate::http::api::call::host_name;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::services::Api;
use crate::http::cookies;
use crate::http::request::Request;
use crate::wire::address::PageAddress;

/// How long browsers keep it.
const COOKIE_SECONDS: u32 = limits::OWNER_TIME.as_secs() as u32;

/// Refuses whoever comes without TLS where TLS is to be had: what is said here would be there for the whole network to
/// read. This machine's own are let in, as by an SSH tunnel: nobody listens between.
pub fn protected(api: &Api, request: &Request) -> Result<(), Failure> {
    let is_own = request.peer.to_canonical().is_loopback();
    match api.secure.https() {
        Some(port) if !request.secure && !is_own => {
            Err(Failure::HttpsOnly(format!("https://{}:{port}{}", host_name(request), PageAddress::Owner)))
        }
        _ => Ok(()),
    }
}

/// What the browser is called.
pub fn browser(request: &Request) -> String {
    agent::name(request.field("user-agent").unwrap_or_default())
}

/// The owner's phone opens the page.
pub fn by_phone(api: &Api, request: &Request, phone: PhoneId) -> Answered {
    protected(api, request)?;
    let cookie = api.steward.owner_session(phone, &browser(request))?;
    Ok(come_in(request, &cookie))
}

/// The answer that makes a browser the owner's.
pub fn come_in(request: &Request, cookie: &str) -> Reply {
    with_cookie(request, cookie, COOKIE_SECONDS)
}

/// The answer that takes it away again.
pub fn go_out(request: &Request) -> Reply {
    with_cookie(request, "", 0)
}

fn with_cookie(request: &Request, value: &str, seconds: u32) -> Reply {
    let cookie = cookies::set(cookies::OWNER, value, request.secure, "/admin", seconds, "Strict");
    json_reply(200, &json!({})).with("Set-Cookie", cookie)
}
