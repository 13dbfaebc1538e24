//! What the owner is told of the TV channels.

use serde_json::{Value, json};

use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::iptv::{Channel, Channels, Origin};

/// What the owner is told of the channels.
pub(super) fn report(channels: &Channels) -> Value {
    let held = channels.held();
    let date = |date: Option<UnixMs>| date.map(|date| date.to_string());
    let origin = |origin: &Origin| json!({ "source": origin.source, "fetched_at": date(origin.fetched_at), "problem": origin.problem });
    let channel = |channel: &Channel| {
        json!({
            "number": channel.number, "channel_id": channel.id.to_string(), "name": &*channel.name,
            "group": channel.group.as_deref(), "guide_id": &*channel.guide_id, "url": channel.url.to_string(),
        })
    };
    let known = held.catalogue.channels();
    let skipped = held.catalogue.skipped.iter();
    json!({
        "fetching": channels.is_fetching(),
        "list": origin(&held.list_origin),
        "guide": origin(&held.guide_origin),
        "programmes": held.guide.count(),
        "total": known.len(),
        "channels": known.iter().take(limits::PAGE_ROWS).map(channel).collect::<Vec<_>>(),
        "skipped_total": held.catalogue.skipped_total,
        "skipped": skipped.map(|skipped| json!({ "line": skipped.line, "reason": skipped.why.to_string() }))
            .collect::<Vec<_>>(),
    })
}
