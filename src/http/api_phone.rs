//! The phone API: what an enrolled phone may ask, by its bearer token (RFC 6750, section 2.1).

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::ground::id::{ShareId, UserId};
use crate::ground::reply::Reply;
use crate::http::api::{self, Answered, Api, Failure, body, done, json as answer_json};
use crate::http::back::Request;
use crate::http::photos;
use crate::http::route::PhoneCall;
use crate::http::texts::{self, Language, TERMS_VERSION};
use crate::share::{Asker, Contact, Enrolment, Kind, Phone, ProfileChange, Sender, User, photo_url};

/// Answers a phone.
pub(super) fn answer(api: &Api, request: &Request, call: PhoneCall) -> Answered {
    if call == PhoneCall::Enrol {
        return enrol(api, request);
    }
    let (phone, sender) = phone(api, request.field("authorization"))?;
    match call {
        PhoneCall::Me => Ok(me(&phone, &sender)),
        PhoneCall::ChangeMe => {
            let MeBody { name, msisdn, email } = body(request)?;
            let change = ProfileChange { name, msisdn, email };
            Ok(me(&phone, &api.steward.change_sender(sender.id, change)?))
        }
        PhoneCall::SetPhoto => photos::set_own(api, request, sender.id),
        PhoneCall::Contacts => contacts(api, &sender),
        PhoneCall::MatchContacts => match_contacts(api, request, &sender),
        PhoneCall::Terms => Ok(terms(request, &sender)),
        PhoneCall::AcceptTerms => accept_terms(api, request, &sender),
        PhoneCall::Help(topic) => Ok(texts::help(topic, language(request))),
        PhoneCall::Probe => probe(request),
        PhoneCall::CreateShare => create_share(api, request, &sender),
        PhoneCall::Share(share) => report(api, &sender, share),
        PhoneCall::Stop(share) => {
            api.steward.stop_share(Asker::Sender(sender.id), share)?;
            done()
        }
        PhoneCall::Withdraw(share) => {
            api.steward.withdraw_share(Asker::Sender(sender.id), share)?;
            done()
        }
        PhoneCall::Enrol | PhoneCall::Events(_) => Err(Failure::NotFound),
    }
}

/// The phone and sender an Authorization field speaks for.
pub(super) fn phone(api: &Api, authorization: Option<&str>) -> Result<(Phone, Sender), Failure> {
    let (scheme, token) = authorization.and_then(|field| field.split_once(' ')).ok_or(Failure::NoPhone)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Failure::NoPhone);
    }
    api.steward.phone_by_token(token.trim())?.ok_or(Failure::NoPhone)
}

/// What a phone is told of its owner.
fn me(phone: &Phone, sender: &Sender) -> Reply {
    answer_json(
        200,
        &json!({
            "sender_id": sender.id.to_string(),
            "phone_id": phone.id.to_string(),
            "name": sender.name,
            "msisdn": sender.msisdn,
            "email": sender.email,
            "photo_url": photo_url(sender.photo),
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

#[derive(Deserialize)]
struct EnrolBody {
    code: String,
    name: String,
    msisdn: Option<String>,
    email: Option<String>,
    photo: Option<String>,
}

fn enrol(api: &Api, request: &Request) -> Answered {
    let EnrolBody { code, name, msisdn, email, photo } = body(request)?;
    // Nobody has a photo drawn who was not invited.
    api.steward.check_invite(code.trim())?;
    let photo =
        photo.as_deref().filter(|url| !url.is_empty()).map(|url| photos::from_data_url(api, url)).transpose()?;
    let enrolment = Enrolment { name, msisdn, email, photo };
    let enrolled = photos::given(api, photo, || Ok(api.steward.enrol(code.trim(), enrolment)?))?;
    let value = json!({ "token": enrolled.token, "sender_id": enrolled.sender.to_string() });
    Ok(answer_json(201, &value))
}

/// A user as a phone sees them.
fn contact(user: &User) -> Value {
    json!({ "user_id": user.id.to_string(), "name": user.name, "photo_url": photo_url(user.photo) })
}

/// Whom a phone can share with.
fn contacts(api: &Api, sender: &Sender) -> Answered {
    let users = api.steward.contacts(sender.id)?;
    Ok(answer_json(200, &json!({ "contacts": users.iter().map(contact).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
struct ContactsBody {
    contacts: Vec<ContactBody>,
}

/// The name that a phone sends along is not looked at.
#[derive(Deserialize)]
struct ContactBody {
    msisdn: Option<String>,
    email: Option<String>,
}

/// Which of a phone's contacts have a TV. The list is looked at, and not kept.
fn match_contacts(api: &Api, request: &Request, sender: &Sender) -> Answered {
    let ContactsBody { contacts } = body(request)?;
    let contacts = contacts.into_iter().map(|ContactBody { msisdn, email }| Contact { msisdn, email });
    let matches = api.steward.match_contacts(sender.id, &contacts.collect::<Vec<_>>())?;
    Ok(answer_json(
        200,
        &json!({
            "matched": matches.matched.iter().map(contact).collect::<Vec<_>>(),
            "considered": matches.considered,
            "ignored": matches.ignored,
        }),
    ))
}

fn language(request: &Request) -> Language {
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

/// What to send over a line, best first: width, height, pictures and bits a second.
const LADDER: [(u32, u32, u32, u64); 5] = [
    (1920, 1080, 30, 4_500_000),
    (1280, 720, 30, 2_000_000),
    (960, 540, 30, 1_200_000),
    (640, 360, 30, 600_000),
    (426, 240, 15, 250_000),
];

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

#[derive(Deserialize)]
struct ShareBody {
    targets: Vec<String>,
    #[serde(default = "live")]
    kind: Kind,
    title: Option<String>,
}

fn live() -> Kind {
    Kind::Live
}

fn create_share(api: &Api, request: &Request, sender: &Sender) -> Answered {
    let ShareBody { targets, kind, title } = body(request)?;
    let targets = targets.iter().map(|target| target.parse::<UserId>()).collect::<Result<Vec<_>, _>>();
    let targets = targets.map_err(|error| Failure::BadBody(format!("targets: {error}")))?;
    let new = api.steward.create_share(sender.id, &targets, kind, title.as_deref())?;
    // The port in the Host field is HTTP's; a colon behind the last bracket, if any, starts it.
    let host = request.host.as_str();
    let name_end = host.rfind(':').filter(|at| host.rfind(']').is_none_or(|bracket| bracket < *at));
    let name = &host[..name_end.unwrap_or(host.len())];
    let mut publish = json!({
        "rtsp_url": format!("rtsp://{name}:{}/live/{}", api.rtsp_port, new.publish_token),
        "websocket_url": api::publish_address(request, &new.publish_token),
    });
    if let Some(port) = api.rtsps_port {
        publish["rtsps_url"] = format!("rtsps://{name}:{port}/live/{}", new.publish_token).into();
    }
    let (share, state) = (new.share.id.to_string(), new.share.state.as_str());
    Ok(answer_json(201, &json!({ "share_id": share, "state": state, "publish": publish })))
}

fn report(api: &Api, sender: &Sender, share: ShareId) -> Answered {
    let report = api.steward.share(Asker::Sender(sender.id), share)?;
    let targets = report.targets.iter().map(|target| {
        let mut value = json!({
            "user_id": target.user.to_string(),
            "name": target.name,
            "state": target.state.as_str(),
        });
        if let Some(latency_ms) = target.latency_ms {
            value["latency_ms"] = latency_ms.into();
        }
        value
    });
    Ok(answer_json(
        200,
        &json!({
            "share_id": share.to_string(),
            "state": report.share.state.as_str(),
            "kind": report.share.kind.as_str(),
            "title": report.share.title,
            "started_at": report.share.started_at.map(|date| date.to_string()),
            "duration_ms": report.duration_ms,
            "targets": targets.collect::<Vec<_>>(),
            "viewers": report.viewers,
            "media": report.share.media.as_ref().map(api::media),
        }),
    ))
}
