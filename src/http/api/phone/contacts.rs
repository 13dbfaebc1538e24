//! The phone API, contacts: whom a phone can share with, and which of its contacts have a TV (`docs/contacts.md`). Address
//! books are looked at, and not kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::api::answer::json_reply;
use crate::http::api::call::body;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::{Contact, Phone, Sender, User};
use crate::wire::address::photo_url;

/// A user as a phone sees them.
fn contact(user: &User) -> Value {
    json!({ "user_id": user.id.to_string(), "name": user.name, "photo_url": photo_url(user.photo) })
}

/// Whom a phone can share with.
pub(in crate::http) fn known(api: &Api, sender: &Sender) -> Answered {
    let users = api.steward.contacts(sender.id)?;
    Ok(json_reply(200, &json!({ "contacts": users.iter().map(contact).collect::<Vec<_>>() })))
}

/// Contacts as they are, or the same JSON sealed.
#[derive(Deserialize)]
struct ContactsBody {
    contacts: Option<Vec<ContactBody>>,
    /// What the phone is set to, such as `PT`.
    region: Option<String>,
    sealed: Option<String>,
}

/// The name that a phone sends along is not looked at.
#[derive(Deserialize)]
struct ContactBody {
    msisdn: Option<String>,
    email: Option<String>,
}

/// Which of a phone's contacts have a TV.
pub(in crate::http) fn find(api: &Api, request: &Request, phone: &Phone, sender: &Sender) -> Answered {
    api.steward.may_match_contacts(sender.id)?;
    let mut said: ContactsBody = body(request)?;
    if let Some(sealed) = said.sealed {
        let sealed = STANDARD.decode(sealed).map_err(|_| Failure::BadSeal)?;
        let key = api.steward.contacts_key(phone.id);
        let opened = key.open(&sealed, phone.id.to_string().as_bytes()).ok_or(Failure::BadSeal)?;
        said = serde_json::from_slice(&opened).map_err(|error| Failure::BadBody(error.to_string()))?;
    }
    let contacts = said.contacts.ok_or_else(|| Failure::BadBody("contacts are missing".to_owned()))?;
    let contacts = contacts.into_iter().map(|ContactBody { msisdn, email }| Contact { msisdn, email });
    let matches = api.steward.match_contacts_of(sender.id, &contacts.collect::<Vec<_>>(), said.region.as_deref())?;
    let mut value = json!({
        "matched": matches.matched.iter().map(contact).collect::<Vec<_>>(),
        "considered": matches.considered,
        "ignored": matches.ignored,
    });
    if let Some(again_at) = matches.again_at {
        value["budget_spent"] = true.into();
        value["try_again_at"] = again_at.to_string().into();
    }
    Ok(json_reply(200, &value))
}
