//! What handlers read of a call: its JSON, numbers in its query, the host and the language it was asked in; and whether
//! it comes from the gateway's own pages.

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::http::api::failure::Failure;
use crate::http::pages::texts::Language;
use crate::http::request::Request;

/// The host by which the asker reached the gateway, without the port: a colon behind the last bracket, if any, starts it.
pub fn host_name(request: &Request) -> &str {
    let host = request.host.as_str();
    let end = host.rfind(':').filter(|at| host.rfind(']').is_none_or(|bracket| bracket < *at));
    &host[..end.unwrap_or(host.len())]
}

/// A number in the query, or `default` where it is not said.
pub fn number(request: &Request, name: &str, default: u64) -> Result<u64, Failure> {
    match request.parameter(name) {
        Some(text) => text.parse().map_err(|_| Failure::BadBody(format!("{name} must be a number"))),
        None => Ok(default),
    }
}

/// The language the asker likes best.
pub fn language(request: &Request) -> Language {
    request.field("accept-language").and_then(Language::accepted).unwrap_or(Language::English)
}

/// A call's body.
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    let is_json =
        |kind: &str| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !request.field("content-type").is_none_or(is_json) {
        return Err(Failure::NotJson);
    }
    let bytes: &[u8] = if request.body.is_empty() { b"{}" } else { &request.body };
    serde_json::from_slice(bytes).map_err(|error| Failure::BadBody(error.to_string()))
}

/// Refuses what changes something and comes from another site's page, by what browsers say of it
/// (Fetch Metadata; RFC 6454, section 7). Other programs say nothing and need no cookie they were not given; a form
/// of another site, which very old browsers send without a word, cannot call itself JSON.
pub fn same_site(request: &Request) -> Result<(), Failure> {
    if request.is_safe {
        return Ok(());
    }
    let fine = match (request.field("sec-fetch-site"), request.field("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            origin.split_once("://").is_some_and(|(_, host)| host.eq_ignore_ascii_case(&request.host))
        }
        (None, None) => true,
    };
    if !fine {
        return Err(Failure::OtherSite);
    }
    body::<IgnoredAny>(request).map(drop)
}
