//! The TV API: what a TV's page may ask, by its cookies (RFC 6265).

pub(in crate::http) mod channels;

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::ground::id::{AccountId, SenderId, TvId, UserId};
use crate::ground::recording_failure;
use crate::ground::reply::Reply;
use crate::http::api::qr;
use crate::http::api::{self, Answered, Api, Failure, body, done, json as answer_json};
use crate::http::back::Request;
use crate::http::cookies;
use crate::http::pages::texts::{self, Language};
use crate::http::route::{Topic, TvCall};
use crate::share::{
    BlockedSender, ClaimWay, Entry, Holder, Inviter, PlayFrom, QuietHours, Session, Settings, ShareError, ShareState,
    Tv, User, photo_url,
};
use crate::wire::address::PageAddress;

/// How long browsers keep the cookies: as long as they will, and renewed each time the page is opened.
const COOKIE_SECONDS: u32 = 400 * 24 * 3600;
/// Entries of an inbox in one answer, at most and if not said.
const INBOX_PAGE: usize = 100;
const INBOX_PAGE_DEFAULT: usize = 20;
/// How long a TV's invitation is good: for whoever stands before it.
const INVITE_TIME: Duration = Duration::from_secs(10 * 60);

/// Answers a TV.
pub(in crate::http) fn answer(api: &Api, request: &Request, call: TvCall) -> Answered {
    api::same_site(request)?;
    let steward = &api.steward;
    if call == TvCall::Device {
        return device(api, request);
    }
    let session = session(api, request)?.ok_or(Failure::NoTv)?;
    if call == TvCall::PairPicture {
        return pair_picture(api, request, session.tv.id);
    }
    if call == TvCall::SignIn {
        return sign_in(api, request, &session.tv);
    }
    if call == TvCall::Channels {
        // Channels are the household's: nobody needs to say who is watching.
        session.account.ok_or(ShareError::NotPaired)?;
        return match &api.lineup {
            Some(lineup) => channels::answer(&**lineup, request, session.tv.id),
            None => Ok(answer_json(200, &json!({ "total": 0, "channels": [] }))),
        };
    }
    let user = session.user.ok_or(Failure::NotSignedIn)?;
    let holder = Holder { user: user.id, tv: Some(session.tv.id) };
    match call {
        TvCall::Invite => {
            let account = session.account.ok_or(ShareError::NotPaired)?.id;
            invite(api, request, account, Inviter::Tv(session.tv.id, user.id))
        }
        TvCall::InvitePicture => qr::picture(&invite_url(request, qr::code(request)?)).ok_or(Failure::NotFound),
        TvCall::SignOut => {
            steward.sign_out(session.tv.id, user.id)?;
            Ok(done()?.with("Set-Cookie", cookies::set(cookies::USER, "", request.secure, "/tv", 0, "Lax")))
        }
        TvCall::Inbox => inbox(api, request, holder),
        TvCall::DeleteEntry(share) => steward.delete_entry(user.id, share).map_err(Failure::from).and_then(|()| done()),
        TvCall::Entry(share) => {
            let entry = steward.entry(user.id, share)?;
            let mut value = entry_json(api, request, holder, &entry);
            // Whoever has a PIN and does not skip it gives it to accept, and plays with what that answers. So does who has
            // not allowed the sender yet.
            if entry.may_play && !user.needs_pin() && entry.introduction.is_none() {
                value["play"] = api::play(api, request, share, holder, entry.media.as_ref());
            }
            Ok(answer_json(200, &value))
        }
        TvCall::Accept(share) => {
            let AcceptBody { pin, from } = body(request)?;
            let from = if from == From::Start { PlayFrom::Start } else { PlayFrom::Live };
            let pin = pin.as_deref().map(|pin| (session.tv.id, pin));
            let entry = steward.accept(user.id, share, pin, from)?;
            let play = api::play(api, request, share, holder, entry.media.as_ref());
            Ok(answer_json(200, &json!({ "play": play })))
        }
        TvCall::Allow(share) => steward.allow(user.id, share).map_err(Failure::from).and_then(|()| done()),
        TvCall::Later(share) => steward.later(user.id, share).map_err(Failure::from).and_then(|()| done()),
        TvCall::Decline(share) => steward.decline(user.id, share).map_err(Failure::from).and_then(|()| done()),
        TvCall::Watching(share) => {
            let WatchingBody { position_ms, latency_ms } = body(request)?;
            steward.watching(user.id, share, session.tv.id, position_ms, latency_ms)?;
            done()
        }
        TvCall::Left(share) => steward.left(user.id, share, session.tv.id).map_err(Failure::from).and_then(|()| done()),
        TvCall::Settings => {
            let Settings { skip_pin, service_off, language, quiet_hours } = steward.settings(user.id)?;
            let quiet_hours = quiet_hours.map(|hours| {
                json!({
                    "from": hours.from(), "to": hours.to(), "utc_offset_minutes": hours.utc_offset_minutes(),
                })
            });
            Ok(answer_json(
                200,
                &json!({
                    "skip_pin": skip_pin, "service_off": service_off, "language": language,
                    "quiet_hours": quiet_hours,
                }),
            ))
        }
        TvCall::SetSettings => {
            let told: SettingsBody = body(request)?;
            let before = steward.settings(user.id)?;
            let hours = |hours: QuietBody| QuietHours::parse(&hours.from, &hours.to, hours.utc_offset_minutes);
            let skip_pin = told.skip_pin.unwrap_or(before.skip_pin);
            let service_off = told.service_off.unwrap_or(before.service_off);
            let language = told.language.unwrap_or(before.language);
            let quiet_hours = match told.quiet_hours {
                Some(told) => told.map(hours).transpose()?,
                None => before.quiet_hours,
            };
            steward.set_settings(user.id, Settings { skip_pin, service_off, language, quiet_hours })?;
            done()
        }
        TvCall::Blocks => {
            let blocked = steward.blocks(user.id)?;
            let ids: Vec<_> = blocked.iter().map(|blocked| blocked.sender.to_string()).collect();
            let sender = |blocked: &BlockedSender| {
                json!({
                    "sender_id": blocked.sender.to_string(), "name": blocked.name,
                    "photo_url": photo_url(blocked.photo),
                })
            };
            let senders: Vec<_> = blocked.iter().map(sender).collect();
            Ok(answer_json(200, &json!({ "blocked": ids, "senders": senders })))
        }
        TvCall::SetBlocks => {
            let BlocksBody { blocked, delete_entries } = body(request)?;
            let Some(blocked) = blocked else { return done() };
            let blocked = blocked.iter().map(|sender| sender.parse::<SenderId>()).collect::<Result<Vec<_>, _>>();
            let blocked = blocked.map_err(|error| Failure::BadBody(format!("blocked: {error}")))?;
            steward.set_blocks(user.id, blocked, delete_entries)?;
            done()
        }
        TvCall::Device | TvCall::PairPicture | TvCall::SignIn | TvCall::Channels | TvCall::Events => {
            Err(Failure::NotFound)
        }
    }
}

/// A help page: in the language of the address, of the user, of the browser, or in English.
pub(in crate::http) fn help(api: &Api, request: &Request, topic: Topic) -> Answered {
    let asked = request.parameter("lang").and_then(Language::of_tag);
    let set = || {
        let user = session(api, request).ok().flatten()?.user?;
        Language::of_tag(&user.settings.language?)
    };
    let accepted = || request.field("accept-language").and_then(Language::accepted);
    let language = asked.or_else(set).or_else(accepted).unwrap_or(Language::English);
    Ok(texts::help(topic, language))
}

fn session(api: &Api, request: &Request) -> Result<Option<Session>, Failure> {
    session_of(api, request.field("cookie").unwrap_or_default(), request.secure)
}

/// Who asks, by the Cookie field, and whether it came over TLS.
pub(in crate::http) fn session_of(api: &Api, field: &str, is_secure: bool) -> Result<Option<Session>, Failure> {
    let Some(tv) = cookies::any(field, cookies::TV, is_secure) else { return Ok(None) };
    Ok(api.steward.session(tv, cookies::any(field, cookies::USER, is_secure))?)
}

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
fn pair_picture(api: &Api, request: &Request, tv: TvId) -> Answered {
    let code = api.steward.pairing_code(tv).ok_or(Failure::NotFound)?;
    let claimed = api.steward.is_claimed()?;
    if !claimed && api.steward.claim_way(tv) != ClaimWay::Square {
        return Err(Failure::NotFound);
    }
    qr::picture(&pair_url(request, &code, claimed)).ok_or(Failure::NotFound)
}

/// Where a phone goes to be enrolled with `code`.
fn invite_url(request: &Request, code: &str) -> String {
    format!("{}{}", request.base(), PageAddress::Enrol(code))
}

/// Invites one phone to the household.
fn invite(api: &Api, request: &Request, account: AccountId, by: Inviter) -> Answered {
    let invite = api.steward.invite_by(by, None, Some(account), INVITE_TIME)?;
    Ok(answer_json(
        201,
        &json!({
            "code": invite.code,
            "url": invite_url(request, &invite.code),
            "qr_svg": format!("/tv/api/invite.svg?code={}", invite.code),
            "expires_at": invite.expires_at.to_string(),
        }),
    ))
}

/// Who this TV is. One that is new is made known.
fn device(api: &Api, request: &Request) -> Answered {
    let steward = &api.steward;
    let Some(Session { tv, account, user }) = session(api, request)? else {
        let new = request.peer.map_or_else(|| steward.new_tv(), |peer| steward.new_tv_from(peer))?;
        let mut value = json!({ "tv_id": new.tv.to_string(), "paired": false, "users": [] });
        unpaired(api, request, &mut value, new.tv, &new.pairing_code)?;
        return Ok(with_cookie(request, answer_json(200, &value), cookies::TV, &new.cookie));
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
    let mut reply = answer_json(200, &value);
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

fn sign_in(api: &Api, request: &Request, tv: &Tv) -> Answered {
    let SignInBody { user_id, pin } = body(request)?;
    let user = user_id.parse::<UserId>().map_err(|error| Failure::BadBody(format!("user_id: {error}")))?;
    let cookie = api.steward.sign_in(tv.id, user, pin.as_deref())?;
    Ok(with_cookie(request, done()?, cookies::USER, &cookie))
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum From {
    #[default]
    Live,
    Start,
}

#[derive(Deserialize)]
struct AcceptBody {
    pin: Option<String>,
    #[serde(default)]
    from: From,
}

#[derive(Deserialize)]
struct WatchingBody {
    #[serde(default)]
    position_ms: u64,
    latency_ms: Option<u64>,
}

/// Fields that are left out stay as they are; null is a value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsBody {
    #[serde(default, deserialize_with = "told")]
    skip_pin: Option<bool>,
    #[serde(default, deserialize_with = "told")]
    service_off: Option<bool>,
    #[serde(default, deserialize_with = "told")]
    language: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    quiet_hours: Option<Option<QuietBody>>,
}

/// What a field that is there says.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietBody {
    from: String,
    to: String,
    utc_offset_minutes: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlocksBody {
    #[serde(default, deserialize_with = "told")]
    blocked: Option<Vec<String>>,
    #[serde(default)]
    delete_entries: bool,
}

fn inbox(api: &Api, request: &Request, holder: Holder) -> Answered {
    let offset = api::number(request, "offset", 0)?;
    let limit = api::number(request, "limit", INBOX_PAGE_DEFAULT as u64)?.min(INBOX_PAGE as u64) as usize;
    let page = api.steward.inbox(holder.user, offset, limit)?;
    let entries: Vec<_> = page.entries.iter().map(|entry| entry_json(api, request, holder, entry)).collect();
    Ok(answer_json(200, &json!({ "total": page.total, "unseen": page.unseen, "entries": entries })))
}

fn entry_json(api: &Api, request: &Request, holder: Holder, entry: &Entry) -> Value {
    let is_known = entry.introduction.is_none();
    let has_picture = is_known && matches!(entry.state, ShareState::Ready | ShareState::Ended);
    let thumbnail_url = has_picture.then(|| api::thumbnail_url(api, request, entry.share, holder));
    let mut value = json!({
        "share_id": entry.share.to_string(),
        "sender": {
            "sender_id": entry.sender.to_string(), "name": entry.sender_name,
            "photo_url": photo_url(entry.sender_photo.filter(|_| is_known)),
        },
        "title": entry.title.as_ref().filter(|_| is_known),
        "started_at": entry.started_at.map(|date| date.to_string()),
        "duration_ms": entry.duration_ms,
        "state": entry.state.as_str(),
        "kind": entry.kind.as_str(),
        "seen": entry.seen,
        "target_state": entry.target_state.as_str(),
        "thumbnail_url": thumbnail_url,
        "recording_failure": entry.recording_failure,
        "recording_failure_code": entry.recording_failure.as_deref().map(recording_failure::code),
    });
    if let Some(introduction) = &entry.introduction {
        value["introduction"] = true.into();
        value["sender"]["number"] = introduction.number.as_deref().into();
    }
    value
}
