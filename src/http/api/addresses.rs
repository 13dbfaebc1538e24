//! The addresses that answers hold: where whoever asks can play a share, and see its still picture.

use serde_json::{Map, Value};

use crate::ground::id::ShareId;
use crate::http::api::services::Api;
use crate::http::ports::holdings::Held;
use crate::http::request::Request;
use crate::share::{Entry, Holder, MediaInfo, Scope, ShareState};
use crate::wire::address::{PlayAddress, PlayFile};

/// The addresses at which `holder` can play what `entry` tells of, as the asker reaches the gateway: those that answer.
pub fn play(api: &Api, request: &Request, entry: &Entry, holder: Holder, held: Held) -> Value {
    let (share, media) = (entry.share, entry.media.as_ref());
    let ticket = api.steward.ticket(share, holder, Scope::Play);
    let base = request.base();
    let is_live = entry.state == ShareState::Ready;
    let answers = |file| match file {
        PlayFile::LiveMp4 => is_live,
        PlayFile::Index => is_live || held.video,
        PlayFile::Thumbnail => held.still,
        _ => held.video,
    };
    let mut value: Map<_, _> = PlayAddress::offered(share, &ticket)
        .filter(|(_, address)| answers(address.file))
        .map(|(name, address)| (name.to_owned(), format!("{base}{address}").into()))
        .collect();
    value.insert("mime".to_owned(), media.map(MediaInfo::mime).into());
    value.into()
}

/// The address of the share's still picture for `holder`: a right to the picture alone.
pub fn thumbnail_url(api: &Api, request: &Request, share: ShareId, holder: Holder) -> String {
    let ticket = api.steward.ticket(share, holder, Scope::Picture);
    format!("{}{}", request.base(), PlayAddress { share, ticket, file: PlayFile::Thumbnail })
}
