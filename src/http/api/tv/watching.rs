//! The TV API, watching: accepting a share, and saying how far one is.

use serde::Deserialize;
use serde_json::json;

use crate::ground::id::{ShareId, TvId, UserId};
use crate::http::api::addresses;
use crate::http::api::answer::{done, json_reply};
use crate::http::api::call::body;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::{Holder, PlayFrom, ShareState};

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

/// Watches a share: where it plays.
pub fn accept(api: &Api, request: &Request, tv: TvId, user: UserId, share: ShareId) -> Answered {
    let AcceptBody { pin, from } = body(request)?;
    let from = if from == From::Start { PlayFrom::Start } else { PlayFrom::Live };
    let pin = pin.as_deref().map(|pin| (tv, pin));
    let state = api.steward.entry(user, share)?.state;
    if state == ShareState::Ended && !api.held(share, state).video {
        return Err(Failure::NothingKept);
    }
    let entry = api.steward.accept(user, share, pin, from)?;
    let play = addresses::play(api, request, &entry, Holder { user, tv: Some(tv) }, api.held(share, entry.state));
    Ok(json_reply(200, &json!({ "play": play })))
}

/// Hears that a share plays on a TV, and where in it.
pub fn position(api: &Api, request: &Request, tv: TvId, user: UserId, share: ShareId) -> Answered {
    let WatchingBody { position_ms, latency_ms } = body(request)?;
    api.steward.watching(user, share, tv, position_ms, latency_ms)?;
    done()
}
