//! How pages read what has changed: server-sent events (HTML Living Standard, section 9.2), each with one JSON object on
//! one line. `docs/api.md` has them all.

use serde_json::{Map, Value, json};

use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::recording_failure;
use crate::http::api::not_ready;
use crate::share::{Change, Event, Kind, Ring, ShareState, Shown};
use crate::wire::address::photo_url;

/// An event with its id, from which a page goes on when it comes back.
pub fn event(event: &Event) -> String {
    format!("id: {}\n{}", event.id, change(&event.change))
}

/// A change as an event without an id.
pub fn change(change: &Change) -> String {
    format!("event: {}\ndata: {}\n\n", name(change), data(change))
}

/// The last a page hears of a gateway that stops: for so long it waits for it to start again.
pub fn stopping() -> String {
    format!("event: stopping\ndata: {{\"wait_ms\":{}}}\n\n", limits::RESTART_WAIT.as_millis())
}

fn name(change: &Change) -> &'static str {
    match change {
        Change::Ring(_) => "ring",
        Change::Share { .. }
        | Change::OwnShare { .. }
        | Change::Interrupted { .. }
        | Change::NotReady { .. }
        | Change::Gone(_)
        | Change::Viewers { .. } => "share",
        Change::Target { .. } => "target",
        Change::Media(_) => "media",
        Change::Inbox { .. } => "inbox",
        Change::Tv { .. } => "tv",
        Change::Channels => "channel",
        Change::Resync => "resync",
    }
}

fn data(change: &Change) -> Value {
    match change {
        Change::Ring(ring) => ring_data(ring),
        Change::Share { share, state, kind, end_reason } => {
            let mut data = stands(*share, *state, *kind);
            if let Some(reason) = end_reason {
                data["reason"] = reason.as_str().into();
            }
            data
        }
        Change::Interrupted { share, state, kind, interrupted } => {
            let mut data = stands(*share, *state, *kind);
            data["interrupted"] = (*interrupted).into();
            data
        }
        Change::NotReady { share, state, kind, why } => {
            let mut data = stands(*share, *state, *kind);
            data["not_ready"] = not_ready(why.as_ref());
            data
        }
        Change::OwnShare { share, state, kind, end_reason, recording_failure } => {
            let mut data = Map::new();
            data.insert("share_id".into(), share.to_string().into());
            data.insert("state".into(), state.as_str().into());
            data.insert("kind".into(), kind.as_str().into());
            if let Some(failure) = recording_failure {
                data.insert("recording_failure".into(), failure.as_str().into());
                data.insert("recording_failure_code".into(), recording_failure::code(failure).into());
            }
            if let Some(reason) = end_reason {
                data.insert("reason".into(), reason.as_str().into());
                if let Some(message) = recording_failure {
                    data.insert("message".into(), message.as_str().into());
                }
            }
            data.into()
        }
        Change::Gone(share) => json!({ "share_id": share.to_string(), "state": "unknown" }),
        Change::Viewers { share, state, viewers } => {
            json!({ "share_id": share.to_string(), "state": state.as_str(), "viewers": viewers })
        }
        Change::Target { user, name, state, delay } => {
            let mut data = json!({ "user_id": user.to_string(), "name": name, "state": state.as_str() });
            if let Some(delay) = delay {
                data["latency_ms"] = delay.ms.into();
                data["latency_from"] = delay.from().into();
            }
            data
        }
        Change::Media(media) => json!({
            "codec": media.codec, "audio_codec": media.audio_codec, "width": media.width, "height": media.height,
            "frame_rate": media.frame_rate, "bits_per_second": media.bits_per_second,
        }),
        Change::Inbox { user, total, unseen } => {
            json!({ "user_id": user.to_string(), "total": total, "unseen": unseen })
        }
        Change::Tv { paired } => json!({ "paired": paired }),
        Change::Channels | Change::Resync => json!({}),
    }
}

/// Where a share stands.
fn stands(share: ShareId, state: ShareState, kind: Kind) -> Value {
    json!({ "share_id": share.to_string(), "state": state.as_str(), "kind": kind.as_str() })
}

fn ring_data(ring: &Ring) -> Value {
    let mut data = json!({
        "share_id": ring.share.to_string(),
        "user_id": ring.user.to_string(),
        "sender": { "sender_id": ring.sender.to_string(), "name": ring.sender_name, "photo_url": null },
        "title": null,
        "kind": ring.kind.as_str(),
    });
    match &ring.shown {
        Shown::All { photo, title } => {
            data["sender"]["photo_url"] = photo_url(*photo).into();
            data["title"] = title.clone().into();
        }
        Shown::Introduction { number } => {
            data["introduction"] = true.into();
            data["sender"]["number"] = number.clone().into();
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::id::{PhotoId, SenderId, UserId};
    use crate::ground::not_ready::NotReady;
    use crate::share::{Delay, EndReason, MediaInfo, TargetState};

    const SHARE: ShareId = ShareId([6; 10]);
    const ANA: UserId = UserId([2; 10]);

    fn ring(kind: Kind, shown: Shown) -> Change {
        let (sender, sender_name) = (SenderId([4; 10]), "Zé".to_owned());
        Change::Ring(Ring { share: SHARE, user: ANA, sender, sender_name, kind, shown })
    }

    fn told_of_end(reason: EndReason) -> Change {
        Change::Share { share: SHARE, state: ShareState::Ended, kind: Kind::Live, end_reason: Some(reason) }
    }

    fn waits_for(why: Option<NotReady>) -> Change {
        Change::NotReady { share: SHARE, state: ShareState::Preparing, kind: Kind::Live, why }
    }

    fn own(state: ShareState, end_reason: Option<EndReason>, failure: Option<&str>) -> Change {
        let recording_failure = failure.map(str::to_owned);
        Change::OwnShare { share: SHARE, state, kind: Kind::Live, end_reason, recording_failure }
    }

    fn target(latency_ms: Option<u64>) -> Change {
        let delay = latency_ms.map(|ms| Delay { ms, is_whole: true });
        Change::Target { user: ANA, name: "Ana \"A\"".into(), state: TargetState::Watching, delay }
    }

    fn media(audio_codec: Option<&str>, frame_rate: f64, bits_per_second: u64) -> Change {
        let (codec, audio_codec) = ("avc1.42c01f".into(), audio_codec.map(str::to_owned));
        Change::Media(MediaInfo { codec, audio_codec, width: 1280, height: 720, frame_rate, bits_per_second })
    }

    /// What pages have always been told, to the byte.
    #[test]
    fn pages_read_what_they_always_read() {
        let (photo, number) = (Some(PhotoId([5; 16])), Some("+351912345678".to_owned()));
        let told = [
            ring(Kind::Live, Shown::All { photo, title: Some("Party\n".into()) }),
            ring(Kind::Clip, Shown::All { photo: None, title: None }),
            ring(Kind::Live, Shown::Introduction { number }),
            ring(Kind::Live, Shown::Introduction { number: None }),
            Change::Share { share: SHARE, state: ShareState::Ready, kind: Kind::Live, end_reason: None },
            told_of_end(EndReason::Restarted),
            Change::Interrupted { share: SHARE, state: ShareState::Ready, kind: Kind::Live, interrupted: true },
            waits_for(Some(NotReady::OnlySound)),
            waits_for(None),
            own(ShareState::Ready, None, None),
            own(ShareState::Ready, None, Some("the disk is full")),
            own(ShareState::Ended, Some(EndReason::Lost), None),
            own(ShareState::Ended, Some(EndReason::Stopped), Some("the disk is full")),
            Change::Gone(SHARE),
            Change::Viewers { share: SHARE, state: ShareState::Ready, viewers: 2 },
            target(None),
            target(Some(180)),
            media(None, 29.97, 2_000_000),
            media(Some("mp4a.40.2"), 30.0, 0),
            Change::Inbox { user: ANA, total: 4, unseen: 3 },
            Change::Tv { paired: true },
            Change::Tv { paired: false },
            Change::Channels,
            Change::Resync,
        ];
        let written: String = told.iter().map(change).collect();
        assert_eq!(written, GOLDEN);
        let first = event(&Event { id: 7, change: Change::Resync.into() });
        assert_eq!(first, "id: 7\nevent: resync\ndata: {}\n\n");
    }

    const GOLDEN: &str = r#"event: ring
data: {"kind":"live","sender":{"name":"Zé","photo_url":"/photo/05050505050505050505050505050505.jpg","sender_id":"0g2081040g208104"},"share_id":"0r30c1g60r30c1g6","title":"Party\n","user_id":"081040g2081040g2"}

event: ring
data: {"kind":"clip","sender":{"name":"Zé","photo_url":null,"sender_id":"0g2081040g208104"},"share_id":"0r30c1g60r30c1g6","title":null,"user_id":"081040g2081040g2"}

event: ring
data: {"introduction":true,"kind":"live","sender":{"name":"Zé","number":"+351912345678","photo_url":null,"sender_id":"0g2081040g208104"},"share_id":"0r30c1g60r30c1g6","title":null,"user_id":"081040g2081040g2"}

event: ring
data: {"introduction":true,"kind":"live","sender":{"name":"Zé","number":null,"photo_url":null,"sender_id":"0g2081040g208104"},"share_id":"0r30c1g60r30c1g6","title":null,"user_id":"081040g2081040g2"}

event: share
data: {"kind":"live","share_id":"0r30c1g60r30c1g6","state":"ready"}

event: share
data: {"kind":"live","reason":"restarted","share_id":"0r30c1g60r30c1g6","state":"ended"}

event: share
data: {"interrupted":true,"kind":"live","share_id":"0r30c1g60r30c1g6","state":"ready"}

event: share
data: {"kind":"live","not_ready":{"code":"only_sound","message":"only sound comes: switch the camera's picture on"},"share_id":"0r30c1g60r30c1g6","state":"preparing"}

event: share
data: {"kind":"live","not_ready":null,"share_id":"0r30c1g60r30c1g6","state":"preparing"}

event: share
data: {"kind":"live","share_id":"0r30c1g60r30c1g6","state":"ready"}

event: share
data: {"kind":"live","recording_failure":"the disk is full","recording_failure_code":"disk","share_id":"0r30c1g60r30c1g6","state":"ready"}

event: share
data: {"kind":"live","reason":"lost","share_id":"0r30c1g60r30c1g6","state":"ended"}

event: share
data: {"kind":"live","message":"the disk is full","reason":"stopped","recording_failure":"the disk is full","recording_failure_code":"disk","share_id":"0r30c1g60r30c1g6","state":"ended"}

event: share
data: {"share_id":"0r30c1g60r30c1g6","state":"unknown"}

event: share
data: {"share_id":"0r30c1g60r30c1g6","state":"ready","viewers":2}

event: target
data: {"name":"Ana \"A\"","state":"watching","user_id":"081040g2081040g2"}

event: target
data: {"latency_from":"camera","latency_ms":180,"name":"Ana \"A\"","state":"watching","user_id":"081040g2081040g2"}

event: media
data: {"audio_codec":null,"bits_per_second":2000000,"codec":"avc1.42c01f","frame_rate":29.97,"height":720,"width":1280}

event: media
data: {"audio_codec":"mp4a.40.2","bits_per_second":0,"codec":"avc1.42c01f","frame_rate":30.0,"height":720,"width":1280}

event: inbox
data: {"total":4,"unseen":3,"user_id":"081040g2081040g2"}

event: tv
data: {"paired":true}

event: tv
data: {"paired":false}

event: channel
data: {}

event: resync
data: {}

"#;
}
