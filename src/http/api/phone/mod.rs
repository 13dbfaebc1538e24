//! The phone API: what an enrolled phone may ask, by its bearer token (RFC 6750, section 2.1).

mod camera_apps;
pub(in crate::http) mod clips;
mod contacts;
pub(in crate::http) mod house;
pub(in crate::http) mod shares;

use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::ground::reply::Reply;
use crate::ground::shares::Standing;
use crate::http::api::{Answered, Api, Failure, body, done, json as answer_json};
use crate::http::api::{owner as api_owner, photos};
use crate::http::back::Request;
use crate::http::pages::texts::{self, Language, TERMS_VERSION};
use crate::http::route::PhoneCall;
use crate::share::{Asker, Phone, ProfileChange, Sender, photo_url};

/// Answers a phone.
pub(in crate::http) fn answer(api: &Api, request: &Request, call: PhoneCall) -> Answered {
    match call {
        PhoneCall::House => return house::house(api, request),
        PhoneCall::Claim => return house::claim(api, request),
        PhoneCall::Enrol => return house::enrol(api, request),
        _ => {}
    }
    let (phone, sender) = phone(api, request.field("authorization"))?;
    match call {
        PhoneCall::Me => Ok(me(api, &phone, &sender)),
        PhoneCall::ChangeMe => {
            let MeBody { name, msisdn, email } = body(request)?;
            let change = ProfileChange { name, msisdn, email };
            Ok(me(api, &phone, &api.steward.change_sender(sender.id, change)?))
        }
        PhoneCall::OwnerSession => {
            api_owner::protected(api, request)?;
            let cookie = api.steward.owner_session(phone.id, &api_owner::browser(request))?;
            Ok(api_owner::come_in(request, &cookie))
        }
        PhoneCall::SetPhoto => photos::set_own(api, request, sender.id),
        PhoneCall::Contacts => contacts::known(api, &sender),
        PhoneCall::MatchContacts => contacts::find(api, request, &phone, &sender),
        PhoneCall::Terms => Ok(terms(request, &sender)),
        PhoneCall::AcceptTerms => accept_terms(api, request, &sender),
        PhoneCall::Help(topic) => Ok(texts::help(topic, language(request))),
        PhoneCall::Probe => probe(request),
        PhoneCall::Recipients => camera_apps::recipients(api, &sender),
        PhoneCall::SetRecipients => camera_apps::choose(api, request, &sender),
        PhoneCall::CameraApps => camera_apps::addresses(api, request),
        PhoneCall::LarixPicture => camera_apps::larix_picture(api, request),
        PhoneCall::OwnShares => shares::own(api, request, &sender),
        PhoneCall::CreateShare => shares::create(api, request, &sender),
        PhoneCall::Share(share) => shares::report(api, &sender, share),
        PhoneCall::RenameShare(share) => shares::rename(api, request, &sender, share),
        PhoneCall::Stop(share) => {
            api.steward.stop_share(Asker::Sender(sender.id), share)?;
            done()
        }
        PhoneCall::Withdraw(share) => {
            api.steward.withdraw_share(Asker::Sender(sender.id), share)?;
            done()
        }
        PhoneCall::House | PhoneCall::Claim | PhoneCall::Enrol | PhoneCall::Events(_) | PhoneCall::Upload(_) => {
            Err(Failure::NotFound)
        }
    }
}

/// The phone and sender an Authorization field speaks for.
pub(in crate::http) fn phone(api: &Api, authorization: Option<&str>) -> Result<(Phone, Sender), Failure> {
    api.steward.phone_by_token(token(authorization).ok_or(Failure::NoPhone)?)?.ok_or(Failure::NoPhone)
}

/// Before whom the owner of a phone goes.
pub(in crate::http) fn standing(phone: &Phone, sender: &Sender) -> Standing {
    match sender.account {
        _ if phone.is_owners => Standing::Owner,
        Some(_) => Standing::Member,
        None => Standing::Guest,
    }
}

/// The token in an Authorization field.
pub(in crate::http) fn token(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// What a phone is told of its owner.
fn me(api: &Api, phone: &Phone, sender: &Sender) -> Reply {
    answer_json(
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

pub(in crate::http) fn language(request: &Request) -> Language {
    request.field("accept-language").and_then(Language::accepted).unwrap_or(Language::English)
}

/// The terms, and whether the sender has agreed to them.
fn terms(request: &Request, sender: &Sender) -> Reply {
    let terms = texts::terms(language(request));
    let agreed = sender.terms.as_ref().filter(|agreement| agreement.version == TERMS_VERSION);
    answer_json(
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

fn accept_terms(api: &Api, request: &Request, sender: &Sender) -> Answered {
    let TermsBody { version } = body(request)?;
    if version.is_some_and(|version| version != TERMS_VERSION) {
        return Err(Failure::OtherTerms);
    }
    let agreement = api.steward.agree(sender.id, TERMS_VERSION)?;
    let value = json!({ "version": agreement.version, "accepted": true, "accepted_at": agreement.at.to_string() });
    Ok(answer_json(200, &value))
}

/// What to send over a line, best first: width, height, pictures and bits a second. The phone's page has the list
/// (`web/phone/publish/ladder.js`); `build.rs` makes this one of it.
const LADDER: &[(u32, u32, u32, u64)] = &include!(concat!(env!("OUT_DIR"), "/ladder.rs"));

fn probe(request: &Request) -> Answered {
    let Some((bytes, elapsed_us)) = request.probe else {
        return Err(Failure::BadBody("nothing was measured".to_owned()));
    };
    let bits_per_second = (u128::from(bytes) * 8_000_000 / u128::from(elapsed_us.max(1))) as u64;
    // A third is left for sound, for what is sent again, and for what the line loses next.
    let usable = bits_per_second / 3 * 2;
    let fitting = LADDER.iter().find(|(.., bits)| *bits <= usable);
    let (width, height, frame_rate, bits) = *fitting.unwrap_or(&LADDER[LADDER.len() - 1]);
    Ok(answer_json(
        200,
        &json!({
            "bytes": bytes,
            "elapsed_ms": elapsed_us / 1000,
            "bits_per_second": bits_per_second,
            "suggested": {
                "width": width, "height": height, "frame_rate": frame_rate, "video_bits_per_second": bits,
            },
        }),
    ))
}
