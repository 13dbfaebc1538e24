//! The TV API, the TV itself: who it is, how it is taken in, and who is signed in on it. By cookies, renewed each time
//! the page is opened.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ground::id::{TvId, UserId};
use crate::ground::reply::Reply;
use crate::http::api::answer::{done, json_reply};
use crate::http::api::asker::session;
use crate::http::api::call::body;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::qr;
use crate::http::api::services::Api;
use crate::http::cookies;
use crate::http::request::Request;
use crate::share::{ClaimWay, Session, Tv, User};
use crate::wire::address::{PageAddress, photo_url};

/// How long browsers keep the cookies: as long as they will, and renewed each time the page is opened.
const COOKIE_SECONDS: u32 = 400 * 24 * 3600;

fn with_cookie(request: &Request, reply: Reply, name: &str, value: &str) -> Reply {
    reply.with("Set-Cookie", cookies::set(name, value, request.secure, "/tv", COOKIE_SECONDS, "Lax"))
}

/// Where a phone goes to take in the TV that shows this code: the owner's to the owner's page; the first phone of a house
/// that nobody owns yet to where it becomes the owner's.
fn pair_url(request: &Request, code: &str, claimed: bool) -> String {
    let page = if claimed { PageAddress::PairTv(code) } else { PageAddress::Claim(code) };
    format!("{}{page}", request.base())
}

/// What an unpaired TV shows of itself. In a house that nobody owns its square is shown as long as that claims it.
fn unpaired(api: &Api, request: &Request, value: &mut Value, tv: TvId, code: &str) -> Result<(), Failure> {
    let claimed = api.steward.is_claimed()?;
    value["claimed"] = claimed.into();
    value["pairing_code"] = code.into();
    if !claimed {
        let way = api.steward.claim_way(tv);
        value["claim"] = way.as_str().into();
        if way != ClaimWay::Square {
            return Ok(());
        }
    }
    value["pair_url"] = pair_url(request, code, claimed).into();
    value["pair_qr_svg"] = format!("/tv/api/pair.svg?code={code}&claimed={claimed}").into();
    Ok(())
}

/// The TV's pairing address as a picture for phones (ISO/IEC 18004).
pub fn pair_picture(api: &Api, request: &Request, tv: TvId) -> Answered {
    let code = api.steward.pairing_code(tv).ok_or(Failure::NotFound)?;
    let claimed = api.steward.is_claimed()?;
    if !claimed && api.steward.claim_way(tv) != ClaimWay::Square {
        return Err(Failure::NotFound);
    }
    qr::picture(&pair_url(request, &code, claimed)).ok_or(Failure::NotFound)
}

/// Who this TV is. One that is new is made known.
pub fn answer(api: &Api, request: &Request) -> Answered {
    let steward = &api.steward;
    let Some(Session { tv, account, user }) = session(api, request)? else {
        let new = steward.new_tv_from(request.peer)?;
        let mut value = json!({ "tv_id": new.tv.to_string(), "paired": false, "users": [] });
        unpaired(api, request, &mut value, new.tv, &new.pairing_code)?;
        return Ok(with_cookie(request, json_reply(200, &value), cookies::TV, &new.cookie));
    };
    let mut value = json!({ "tv_id": tv.id.to_string(), "name": tv.name, "paired": account.is_some(), "users": [] });
    if let Some(account) = account {
        value["account"] = json!({ "account_id": account.id.to_string(), "name": account.name });
        let users = steward.users(Some(account.id))?;
        let here = |known: &User| user.as_ref().is_some_and(|user| user.id == known.id);
        let user_json = |known: &User| {
            json!({
                "user_id": known.id.to_string(),
                "name": known.name,
                "photo_url": photo_url(known.photo),
                "has_pin": known.pin.is_some(),
                "signed_in": here(known),
            })
        };
        value["users"] = users.iter().map(user_json).collect::<Vec<_>>().into();
    } else if let Some(code) = steward.pairing_code(tv.id) {
        unpaired(api, request, &mut value, tv.id, &code)?;
    }
    let mut reply = json_reply(200, &value);
    let field = request.field("cookie").unwrap_or_default();
    if let Some(cookie) = cookies::any(field, cookies::TV, request.secure) {
        reply = with_cookie(request, reply, cookies::TV, cookie);
    }
    if let (Some(cookie), true) = (cookies::any(field, cookies::USER, request.secure), user.is_some()) {
        reply = with_cookie(request, reply, cookies::USER, cookie);
    }
    Ok(reply)
}

#[derive(Deserialize)]
struct SignInBody {
    user_id: String,
    pin: Option<String>,
}

/// Says who is watching.
pub fn sign_in(api: &Api, request: &Request, tv: &Tv) -> Answered {
    let SignInBody { user_id, pin } = body(request)?;
    let user = user_id.parse::<UserId>().map_err(|error| Failure::BadBody(format!("user_id: {error}")))?;
    let cookie = api.steward.sign_in(tv.id, user, pin.as_deref())?;
    Ok(with_cookie(request, done()?, cookies::USER, &cookie))
}

/// Nobody is watching any more.
pub fn sign_out(api: &Api, request: &Request, tv: TvId, user: UserId) -> Answered {
    api.steward.sign_out(tv, user)?;
    Ok(done()?.with("Set-Cookie", cookies::set(cookies::USER, "", request.secure, "/tv", 0, "Lax")))
}
