//! The TV API, the inbox: what was shared with a user, as a list and one by one.

use serde_json::{Value, json};

use crate::ground::id::ShareId;
use crate::ground::recording_failure;
use crate::http::api::addresses;
use crate::http::api::answer::json_reply;
use crate::http::api::call::number;
use crate::http::api::failure::Answered;
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::{EndReason, Entry, Holder, ShareState, User};
use crate::wire::address::photo_url;

/// Entries of an inbox in one answer, at most and if not said.
const INBOX_PAGE: usize = 100;
const INBOX_PAGE_DEFAULT: usize = 20;

/// A page of the inbox, newest first.
pub fn page(api: &Api, request: &Request, holder: Holder) -> Answered {
    let offset = number(request, "offset", 0)?;
    let limit = number(request, "limit", INBOX_PAGE_DEFAULT as u64)?.min(INBOX_PAGE as u64) as usize;
    let page = api.steward.inbox(holder.user, offset, limit)?;
    let entries: Vec<_> = page.entries.iter().map(|entry| entry_json(api, request, holder, entry)).collect();
    Ok(json_reply(200, &json!({ "total": page.total, "unseen": page.unseen, "entries": entries })))
}

/// One entry; of what may be played at once also where.
pub fn entry(api: &Api, request: &Request, holder: Holder, user: &User, share: ShareId) -> Answered {
    let entry = api.steward.entry(user.id, share)?;
    let mut value = entry_json(api, request, holder, &entry);
    // Whoever has a PIN and does not skip it gives it to accept, and plays with what that answers. So does who has
    // not allowed the sender yet.
    let held = api.held(share, entry.state);
    let is_there = entry.state == ShareState::Ready || held.video;
    if entry.may_play && is_there && !user.needs_pin() && entry.introduction.is_none() {
        value["play"] = addresses::play(api, request, &entry, holder, held);
    }
    Ok(json_reply(200, &value))
}

fn entry_json(api: &Api, request: &Request, holder: Holder, entry: &Entry) -> Value {
    let is_known = entry.introduction.is_none();
    let held = api.held(entry.share, entry.state);
    let has_picture = is_known && held.still && matches!(entry.state, ShareState::Ready | ShareState::Ended);
    let thumbnail_url = has_picture.then(|| addresses::thumbnail_url(api, request, entry.share, holder));
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
        "reason": entry.end_reason.map(EndReason::as_str),
        "interrupted": entry.interrupted,
        "kind": entry.kind.as_str(),
        "seen": entry.seen,
        "target_state": entry.target_state.as_str(),
        "recorded": held.video && entry.state != ShareState::Expired,
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
