//! What the owner is told of the TV channels: the list as it was read, the guides, and what was skipped in each.

use serde::Serialize;

use crate::ground::limits;
use crate::iptv::{Channels, GuideOrigin, Origin};

/// The channels, their list and their guides.
#[derive(Debug, Serialize)]
pub struct ChannelsAnswer {
    fetching: bool,
    list: OriginAnswer,
    guides: Vec<GuideAnswer>,
    programmes: usize,
    total: usize,
    channels: Vec<ChannelAnswer>,
    skipped_total: u64,
    skipped: Vec<SkippedAnswer>,
}

/// Where a list or a guide comes from, and how it came last.
#[derive(Debug, Serialize)]
struct OriginAnswer {
    source: String,
    fetched_at: Option<String>,
    problem: Option<String>,
}

/// A guide.
#[derive(Debug, Serialize)]
struct GuideAnswer {
    #[serde(flatten)]
    origin: OriginAnswer,
    programmes: usize,
    skipped_total: u64,
    skipped: Vec<String>,
}

/// A channel.
#[derive(Debug, Serialize)]
struct ChannelAnswer {
    number: u32,
    channel_id: String,
    name: String,
    group: Option<String>,
    guide_id: String,
    url: String,
}

/// A line of the list that is no channel.
#[derive(Debug, Serialize)]
struct SkippedAnswer {
    line: u64,
    reason: String,
}

impl ChannelsAnswer {
    pub(super) fn of(channels: &Channels) -> Self {
        let held = channels.held();
        let origin = |origin: &Origin| OriginAnswer {
            source: origin.source.to_string(),
            fetched_at: origin.fetched_at.map(|date| date.to_string()),
            problem: origin.problem.clone(),
        };
        let guide = |guide: &GuideOrigin| GuideAnswer {
            origin: origin(&guide.origin),
            programmes: guide.programmes,
            skipped_total: guide.skipped_total,
            skipped: guide.skipped.clone(),
        };
        let known = held.catalogue.channels();
        let first = known.iter().take(limits::PAGE_ROWS).map(|channel| ChannelAnswer {
            number: channel.number,
            channel_id: channel.id.to_string(),
            name: channel.name.to_string(),
            group: channel.group.as_deref().map(str::to_owned),
            guide_id: channel.guide_id.to_string(),
            url: channel.url.to_string(),
        });
        let skipped = held.catalogue.skipped.iter();
        Self {
            fetching: channels.is_fetching(),
            list: origin(&held.list_origin),
            guides: held.guide_origins.iter().map(guide).collect(),
            programmes: held.guide.count(),
            total: known.len(),
            channels: first.collect(),
            skipped_total: held.catalogue.skipped_total,
            skipped: skipped
                .map(|skipped| SkippedAnswer { line: skipped.line, reason: skipped.why.to_string() })
                .collect(),
        }
    }
}
