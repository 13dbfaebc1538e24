//! The phone API, the terms of use: what they are, and agreeing to them.

use serde::Deserialize;
use serde_json::json;

use crate::ground::reply::Reply;
use crate::http::api::answer::json_reply;
use crate::http::api::call::{body, language};
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::services::Api;
use crate::http::pages::texts::{self, TERMS_VERSION};
use crate::http::request::Request;
use crate::share::Sender;

/// The terms, and whether the sender has agreed to them.
pub fn answer(request: &Request, sender: &Sender) -> Reply {
    let terms = texts::terms(language(request));
    let agreed = sender.terms.as_ref().filter(|agreement| agreement.version == TERMS_VERSION);
    json_reply(
        200,
        &json!({
            "version": TERMS_VERSION,
            "title": terms.title,
            "text": terms.text,
            "accepted": agreed.is_some(),
            "accepted_at": agreed.map(|agreement| agreement.at.to_string()),
        }),
    )
}

#[derive(Deserialize)]
struct TermsBody {
    version: Option<String>,
}

/// Agrees to them, unless others hold by now.
pub fn accept(api: &Api, request: &Request, sender: &Sender) -> Answered {
    let TermsBody { version } = body(request)?;
    if version.is_some_and(|version| version != TERMS_VERSION) {
        return Err(Failure::OtherTerms);
    }
    let agreement = api.steward.agree(sender.id, TERMS_VERSION)?;
    let value = json!({ "version": agreement.version, "accepted": true, "accepted_at": agreement.at.to_string() });
    Ok(json_reply(200, &value))
}
