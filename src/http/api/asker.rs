//! Who asks: a phone by its bearer token (RFC 6750, section 2.1), a TV by its cookies (RFC 6265). Whoever needs no more
//! than to know them asks here.

use crate::ground::id::SenderId;
use crate::ground::reply::Reply;
use crate::ground::shares::Standing;
use crate::http::api::failure::Failure;
use crate::http::api::services::Api;
use crate::http::cookies;
use crate::http::request::Request;
use crate::share::{Phone, Sender, Session};

impl Api {
    /// Whose phone an Authorization field speaks for, or the answer that it speaks for none. Blocks.
    pub fn sender(&self, authorization: Option<&str>) -> Result<(SenderId, Standing), Reply> {
        let known = phone_of(self, authorization);
        known.map(|(phone, sender)| (sender.id, standing(&phone, &sender))).map_err(Failure::reply)
    }
}

/// The phone and sender an Authorization field speaks for.
pub fn phone_of(api: &Api, authorization: Option<&str>) -> Result<(Phone, Sender), Failure> {
    api.steward.phone_by_token(token(authorization).ok_or(Failure::NoPhone)?)?.ok_or(Failure::NoPhone)
}

/// Before whom the owner of a phone goes.
pub fn standing(phone: &Phone, sender: &Sender) -> Standing {
    match sender.account {
        _ if phone.is_owners => Standing::Owner,
        Some(_) => Standing::Member,
        None => Standing::Guest,
    }
}

/// The token in an Authorization field.
pub fn token(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Who asks from a TV.
pub fn session(api: &Api, request: &Request) -> Result<Option<Session>, Failure> {
    session_of(api, request.field("cookie").unwrap_or_default(), request.secure)
}

/// Who asks, by the Cookie field, and whether it came over TLS.
pub fn session_of(api: &Api, field: &str, is_secure: bool) -> Result<Option<Session>, Failure> {
    let Some(tv) = cookies::any(field, cookies::TV, is_secure) else { return Ok(None) };
    Ok(api.steward.session(tv, cookies::any(field, cookies::USER, is_secure))?)
}
