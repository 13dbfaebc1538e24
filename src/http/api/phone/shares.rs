//! The phone API, shares: making one, and a sender's own, looked at, listed and renamed.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ground::id::{ShareId, UserId};
use crate::ground::recording_failure;
use crate::http::api::answer::{json_reply, media, not_ready};
use crate::http::api::call::{body, host_name, number};
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::phone::clips::notes;
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::{Asker, Kind, Report, Sender, ShareState};
use crate::wire::address::{RtspAddress, WebSocketAddress};

/// Shares in one answer, at most and if not said.
const OWN_PAGE: u64 = 100;
const OWN_PAGE_DEFAULT: u64 = 20;

#[derive(Deserialize)]
struct ShareBody {
    targets: Vec<String>,
    #[serde(default)]
    kind: KindBody,
    title: Option<String>,
}

/// What is to be shared.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindBody {
    #[default]
    Live,
    Clip,
}

impl From<KindBody> for Kind {
    fn from(kind: KindBody) -> Self {
        match kind {
            KindBody::Live => Self::Live,
            KindBody::Clip => Self::Clip,
        }
    }
}

/// Makes a share.
pub(in crate::http) fn create(api: &Api, request: &Request, sender: &Sender) -> Answered {
    let ShareBody { targets, kind, title } = body(request)?;
    let targets = users(&targets)?;
    api.steward.may_begin(sender.id)?;
    let new = api.steward.create_share(sender.id, &targets, kind.into(), title.as_deref())?;
    let name = host_name(request);
    let address = RtspAddress::Share(&new.publish_token);
    let mut publish = json!({
        "rtsp_url": format!("rtsp://{name}:{}{address}", api.rtsp_port),
        "websocket_url": WebSocketAddress(&new.publish_token).url(&request.base()),
    });
    if let Some(port) = api.secure.rtsps() {
        publish["rtsps_url"] = format!("rtsps://{name}:{port}{address}").into();
    }
    let (share, state) = (new.share.id.to_string(), new.share.state.as_str());
    Ok(json_reply(201, &json!({ "share_id": share, "state": state, "publish": publish })))
}

/// A share of the sender's own.
pub(in crate::http) fn report(api: &Api, sender: &Sender, share: ShareId) -> Answered {
    let report = api.steward.share(Asker::Sender(sender.id), share)?;
    Ok(json_reply(200, &share_json(api, &report)))
}

/// The sender's own shares, newest first.
pub(in crate::http) fn own(api: &Api, request: &Request, sender: &Sender) -> Answered {
    let offset = number(request, "offset", 0)?;
    let limit = number(request, "limit", OWN_PAGE_DEFAULT)?.min(OWN_PAGE) as usize;
    let page = api.steward.own_shares(sender.id, offset, limit)?;
    let shares: Vec<_> = page.shares.iter().map(|report| share_json(api, report)).collect();
    Ok(json_reply(200, &json!({ "total": page.total, "shares": shares })))
}

#[derive(Deserialize)]
struct TitleBody {
    title: Option<String>,
}

/// Gives a share of the sender's own another title.
pub(in crate::http) fn rename(api: &Api, request: &Request, sender: &Sender, share: ShareId) -> Answered {
    let TitleBody { title } = body(request)?;
    api.steward.rename_share(Asker::Sender(sender.id), share, title.as_deref())?;
    report(api, sender, share)
}

/// The users with these ids.
pub(in crate::http) fn users(ids: &[String]) -> Result<Vec<UserId>, Failure> {
    let users = ids.iter().map(|id| id.parse::<UserId>()).collect::<Result<Vec<_>, _>>();
    users.map_err(|error| Failure::BadBody(format!("targets: {error}")))
}

fn share_json(api: &Api, report: &Report) -> Value {
    let targets = report.targets.iter().map(|target| {
        let mut value = json!({
            "user_id": target.user.to_string(),
            "name": target.name,
            "state": target.state.as_str(),
        });
        if let Some(delay) = target.delay {
            value["latency_ms"] = delay.ms.into();
            value["latency_from"] = delay.from().into();
        }
        value
    });
    let over = report.share.end_reason.map(|reason| reason.as_str());
    json!({
        "share_id": report.share.id.to_string(),
        "state": report.share.state.as_str(),
        "reason": over,
        "message": report.share.recording_failure.as_ref().filter(|_| over.is_some()),
        "kind": report.share.kind.as_str(),
        "title": report.share.title,
        "started_at": report.share.started_at.map(|date| date.to_string()),
        "duration_ms": report.duration_ms,
        "targets": targets.collect::<Vec<_>>(),
        "viewers": report.viewers,
        "interrupted": report.interrupted,
        "not_ready": not_ready(report.not_ready.as_ref()),
        "kept": report.share.kept,
        "recorded": report.share.state != ShareState::Expired && api.held(report.share.id, report.share.state).video,
        "notes": notes(&report.share.notes),
        "recording_failure": report.share.recording_failure,
        "recording_failure_code": report.share.recording_failure.as_deref().map(recording_failure::code),
        "media": report.share.media.as_ref().map(media),
    })
}
