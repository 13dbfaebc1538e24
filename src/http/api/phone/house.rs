//! The phone API, the way in: what the house is for whoever comes, the first phone's claim, and enrolling with an
//! invitation. Whoever asks here has no token yet; wrong codes are counted by where they come from.

use serde::Deserialize;
use serde_json::json;

use crate::ground::reply::Reply;
use crate::http::api::answer::json_reply;
use crate::http::api::attempts::with_code;
use crate::http::api::call::{body, host_name, language, same_site};
use crate::http::api::failure::Answered;
use crate::http::api::photos;
use crate::http::api::services::Api;
use crate::http::pages::texts;
use crate::http::ports::photos::PhotoOf;
use crate::http::request::Request;
use crate::share::{Claim, Enrolment, RefusedKind, of_region};

/// Characters of a person's name that a household may be called after.
const HOME_NAME_CHARS: usize = 80;

/// What the house is for whoever comes: where its pages are protected, and whether anyone owns it.
pub(in crate::http) fn house(api: &Api, request: &Request) -> Answered {
    let https_url = api.secure.https().map(|port| format!("https://{}:{port}", host_name(request)));
    Ok(json_reply(200, &json!({ "https_url": https_url, "claimed": api.steward.is_claimed()? })))
}

/// A photo that may come with a person, as it was sent.
fn photo_of(photo: Option<&String>) -> Option<&str> {
    photo.map(String::as_str).filter(|url| !url.is_empty())
}

#[derive(Deserialize)]
struct EnrolBody {
    code: String,
    name: String,
    msisdn: Option<String>,
    email: Option<String>,
    photo: Option<String>,
}

/// Makes the phone a sender's, with an invitation.
pub(in crate::http) fn enrol(api: &Api, request: &Request) -> Answered {
    with_code(api, request, RefusedKind::Code, || {
        let EnrolBody { code, name, msisdn, email, photo } = body(request)?;
        // Nobody has a photo drawn who was not invited.
        api.steward.check_invite(code.trim())?;
        let newcomer = || PhotoOf::Newcomer(code.trim().to_owned());
        let photo = photo_of(photo.as_ref()).map(|url| photos::from_data_url(api, url, newcomer())).transpose()?;
        let enrolment = Enrolment { name, msisdn, email, photo };
        let enrolled = photos::given(api, photo, || Ok(api.steward.enrol(code.trim(), enrolment)?))?;
        let value = json!({ "token": enrolled.token, "sender_id": enrolled.sender.to_string() });
        Ok(created(&value))
    })
}

#[derive(Deserialize)]
struct ClaimBody {
    code: String,
    name: String,
    home: Option<String>,
    /// The calling code of the home's country, as people write it.
    country: Option<String>,
    /// What the phone is set to, such as `PT`: where no country was given.
    region: Option<String>,
    photo: Option<String>,
}

/// Makes the first phone the owner's, with the code that a TV shows.
pub(in crate::http) fn claim(api: &Api, request: &Request) -> Answered {
    same_site(request)?;
    with_code(api, request, RefusedKind::Code, || {
        let ClaimBody { code, name, home, country, region, photo } = body(request)?;
        // Nobody has a photo drawn who can't claim anything.
        api.steward.check_claim(&code)?;
        let home = home.filter(|home| !home.trim().is_empty()).unwrap_or_else(|| {
            let first: String = name.trim().chars().take(HOME_NAME_CHARS).collect();
            texts::home_of(&first, language(request))
        });
        let country = country.filter(|country| !country.trim().is_empty());
        let country = country.or_else(|| Some(of_region(&region?)?.to_owned()));
        let newcomer = || PhotoOf::Newcomer(code.trim().to_owned());
        let photo = photo_of(photo.as_ref()).map(|url| photos::from_data_url(api, url, newcomer())).transpose()?;
        let claimed = photos::given(api, photo, || {
            let user_photo = photo.map(|photo| api.photos.copy(photo)).transpose()?;
            let claim = Claim { code, name, home, country, photo, user_photo };
            photos::given(api, user_photo, || Ok(api.steward.claim(claim)?))
        })?;
        Ok(created(&json!({
            "token": claimed.token,
            "sender_id": claimed.sender.to_string(),
            "account_id": claimed.account.to_string(),
            "user_id": claimed.user.to_string(),
        })))
    })
}

fn created(value: &serde_json::Value) -> Reply {
    json_reply(201, value)
}
