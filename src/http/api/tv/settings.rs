//! The TV API, what users set for themselves: PIN, quiet hours, language, and whom they don't want to hear of.

use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::ground::id::{SenderId, UserId};
use crate::http::api::answer::{done, json_reply};
use crate::http::api::call::body;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::{BlockedSender, QuietHours, Settings};
use crate::wire::address::photo_url;

/// A user's settings.
pub fn answer(api: &Api, user: UserId) -> Answered {
    let Settings { skip_pin, service_off, language, quiet_hours } = api.steward.settings(user)?;
    let quiet_hours = quiet_hours.map(|hours| {
        json!({
            "from": hours.from(), "to": hours.to(), "utc_offset_minutes": hours.utc_offset_minutes(),
        })
    });
    Ok(json_reply(
        200,
        &json!({
            "skip_pin": skip_pin, "service_off": service_off, "language": language,
            "quiet_hours": quiet_hours,
        }),
    ))
}

/// Changes those that are said.
pub fn set(api: &Api, request: &Request, user: UserId) -> Answered {
    let told: SettingsBody = body(request)?;
    let before = api.steward.settings(user)?;
    let hours = |hours: QuietBody| QuietHours::parse(&hours.from, &hours.to, hours.utc_offset_minutes);
    let skip_pin = told.skip_pin.unwrap_or(before.skip_pin);
    let service_off = told.service_off.unwrap_or(before.service_off);
    let language = told.language.unwrap_or(before.language);
    let quiet_hours = match told.quiet_hours {
        Some(told) => told.map(hours).transpose()?,
        None => before.quiet_hours,
    };
    api.steward.set_settings(user, Settings { skip_pin, service_off, language, quiet_hours })?;
    done()
}

/// Whom a user has blocked.
pub fn blocks(api: &Api, user: UserId) -> Answered {
    let blocked = api.steward.blocks(user)?;
    let ids: Vec<_> = blocked.iter().map(|blocked| blocked.sender.to_string()).collect();
    let sender = |blocked: &BlockedSender| {
        json!({
            "sender_id": blocked.sender.to_string(), "name": blocked.name,
            "photo_url": photo_url(blocked.photo),
        })
    };
    let senders: Vec<_> = blocked.iter().map(sender).collect();
    Ok(json_reply(200, &json!({ "blocked": ids, "senders": senders })))
}

/// Blocks these, and nobody else.
pub fn set_blocks(api: &Api, request: &Request, user: UserId) -> Answered {
    let BlocksBody { blocked, delete_entries } = body(request)?;
    let Some(blocked) = blocked else { return done() };
    let blocked = blocked.iter().map(|sender| sender.parse::<SenderId>()).collect::<Result<Vec<_>, _>>();
    let blocked = blocked.map_err(|error| Failure::BadBody(format!("blocked: {error}")))?;
    api.steward.set_blocks(user, blocked, delete_entries)?;
    done()
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
