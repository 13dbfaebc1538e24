//! The list of TV channels, as a TV's page is told it.

use serde::Serialize;
use serde_json::json;

use crate::ground::id::TvId;
use crate::ground::limits;
use crate::ground::reply::Reply;
use crate::http::api::answer::json_reply;
use crate::http::api::failure::{Answered, Failure};
use crate::http::ports::lineup::{ChannelView, Lineup, OnAir};
use crate::http::request::Request;
use crate::wire::address::{ChannelAddress, ChannelFile};

/// A channel in JSON.
#[derive(Serialize)]
struct Row<'a> {
    channel_id: String,
    number: u32,
    name: &'a str,
    group: Option<&'a str>,
    logo_url: Option<String>,
    play: Play,
    now: Option<Programme<'a>>,
    next: Option<Programme<'a>>,
}

#[derive(Serialize)]
struct Play {
    hls_url: String,
}

#[derive(Serialize)]
struct Programme<'a> {
    title: &'a str,
    starts_at: String,
    ends_at: String,
}

impl<'a> Row<'a> {
    fn of(view: &'a ChannelView) -> Self {
        let url = |file| ChannelAddress { channel: view.id, ticket: view.ticket.clone(), file }.to_string();
        let programme = |on_air: &'a OnAir| Programme {
            title: &on_air.title,
            starts_at: on_air.starts_at.to_string(),
            ends_at: on_air.ends_at.to_string(),
        };
        Self {
            channel_id: view.id.to_string(),
            number: view.number,
            name: &view.name,
            group: view.group.as_deref(),
            logo_url: view.has_logo.then(|| url(ChannelFile::Logo)),
            play: Play { hls_url: url(ChannelFile::Index) },
            now: view.now.as_ref().map(programme),
            next: view.next.as_ref().map(programme),
        }
    }
}

/// `GET /tv/api/channels?offset=&limit=`: `{total,channels:[…]}`.
pub fn answer(lineup: Option<&dyn Lineup>, request: &Request, tv: TvId) -> Answered {
    let Some(lineup) = lineup else { return Ok(json_reply(200, &json!({ "total": 0, "channels": [] }))) };
    let number = |name, default| match request.parameter(name) {
        Some(text) => text.parse::<usize>().map_err(|_| Failure::BadBody(format!("{name} must be a number"))),
        None => Ok(default),
    };
    let limit = number("limit", limits::CHANNEL_PAGE)?.min(limits::CHANNEL_PAGE);
    let page = lineup.page(tv, number("offset", 0)?, limit);
    let rows: Vec<_> = page.channels.iter().map(Row::of).collect();
    // Written straight to text: a tree of thousands of channels would be many times as large.
    let rows = serde_json::to_string(&rows).unwrap_or_else(|_| json!([]).to_string());
    Ok(Reply::bytes(200, "application/json", format!("{{\"total\":{},\"channels\":{rows}}}", page.total)))
}
