//! What answers of all parts of the API have in common: JSON, the answer that it was done, what a stream is made of.

use serde_json::{Value, json};

use crate::ground::not_ready::NotReady;
use crate::ground::reply::Reply;
use crate::http::api::failure::Answered;
use crate::share::MediaInfo;

/// An answer in JSON.
pub fn json_reply(status: u16, value: &Value) -> Reply {
    Reply::bytes(status, "application/json", value.to_string())
}

/// An answer that says no more than that it was done.
pub fn done() -> Answered {
    Ok(Reply::bytes(200, "application/json", "{}"))
}

/// Why nothing of a share can be shown yet: a word for pages, a sentence for people.
pub fn not_ready(why: Option<&NotReady>) -> Value {
    why.map(|why| json!({ "code": why.word(), "message": why.to_string() })).into()
}

/// What a stream is made of.
pub fn media(media: &MediaInfo) -> Value {
    json!({
        "codec": media.codec,
        "audio_codec": media.audio_codec,
        "width": media.width,
        "height": media.height,
        "frame_rate": media.frame_rate,
        "bits_per_second": media.bits_per_second,
    })
}
