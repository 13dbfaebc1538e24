//! The phone API, its owner: what a phone is told of whoever shares with it, and what they change of that.

use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::ground::reply::Reply;
use crate::http::api::answer::json_reply;
use crate::http::api::call::body;
use crate::http::api::failure::Answered;
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::{Phone, ProfileChange, Sender};
use crate::wire::address::photo_url;

/// What a phone is told of its owner.
pub fn answer(api: &Api, phone: &Phone, sender: &Sender) -> Reply {
    json_reply(
        200,
        &json!({
            "sender_id": sender.id.to_string(),
            "phone_id": phone.id.to_string(),
            "name": sender.name,
            "msisdn": sender.msisdn,
            "email": sender.email,
            "photo_url": photo_url(sender.photo),
            "owner": phone.is_owners,
            "contacts_key": api.steward.contacts_key(phone.id).text(),
        }),
    )
}

/// Changes what a phone's owner says of themselves.
pub fn change(api: &Api, request: &Request, phone: &Phone, sender: &Sender) -> Answered {
    let MeBody { name, msisdn, email } = body(request)?;
    let change = ProfileChange { name, msisdn, email };
    Ok(answer(api, phone, &api.steward.change_sender(sender.id, change)?))
}

/// What is missing stays; `null` and an empty text take it away.
#[derive(Deserialize)]
struct MeBody {
    #[serde(default, deserialize_with = "said")]
    name: Option<String>,
    #[serde(default, deserialize_with = "said")]
    msisdn: Option<String>,
    #[serde(default, deserialize_with = "said")]
    email: Option<String>,
}

/// A text that is there, if only as `null`.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::<String>::deserialize(deserializer)?.unwrap_or_default()))
}
