//! What a phone is told of the film it sends. The answers are those of a resumable upload: 308 with a Range that says
//! what has arrived, until the film is whole.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::ground::reply::Reply;
use crate::http::api::answer::json_reply;
use crate::http::api::failure::refused;
use crate::http::status::status_of_clip;
use crate::share::{ClipError, ClipProgress, Note};

/// The answer that tells how far a film is, or why it is not taken.
pub fn clip_answer(answer: Result<ClipProgress, ClipError>) -> Reply {
    let error = match answer {
        Ok(ClipProgress::Arrived(bytes)) => return with_range(Reply::bytes(308, "", Bytes::new()), bytes),
        Ok(ClipProgress::Whole(share, state, told)) => {
            let answer = json!({ "share_id": share.to_string(), "state": state.as_str(), "notes": notes(&told) });
            return json_reply(200, &answer);
        }
        Err(ClipError::Share(error)) => return refused(error),
        Err(error) => error,
    };
    let reply = Reply::error(status_of_clip(&error), error.code(), &error.to_string());
    let reply = match error.retry_after() {
        Some(wait) => reply.with("Retry-After", wait.as_secs().to_string()),
        None => reply,
    };
    match error {
        ClipError::Offset(arrived) => with_range(reply, arrived),
        _ => reply,
    }
}

/// What a sender is told of a clip that could be taken.
pub fn notes(told: &[Note]) -> Value {
    told.iter().map(|note| json!({ "code": note.as_str(), "message": note.to_string() })).collect()
}

/// Says which bytes have arrived, if any have (a `Range` of an answer, as resumable uploads have it).
fn with_range(reply: Reply, arrived: u64) -> Reply {
    if arrived == 0 { reply } else { reply.with("Range", format!("bytes=0-{}", arrived - 1)) }
}
