//! The phone API, the line: what an upload that the front has measured says of what should be sent over it.

use serde_json::json;

use crate::http::api::answer::json_reply;
use crate::http::api::failure::{Answered, Failure};
use crate::http::request::Request;

/// What to send over a line, best first: width, height, pictures and bits a second. The phone's page has the list
/// (`web/phone/publish/ladder.js`); `build.rs` makes this one of it.
const LADDER: &[(u32, u32, u32, u64)] = &include!(concat!(env!("OUT_DIR"), "/ladder.rs"));

/// What was measured, and what to send.
pub fn answer(request: &Request) -> Answered {
    let Some((bytes, elapsed_us)) = request.probe else {
        return Err(Failure::BadBody("nothing was measured".to_owned()));
    };
    let bits_per_second = (u128::from(bytes) * 8_000_000 / u128::from(elapsed_us.max(1))) as u64;
    // A third is left for sound, for what is sent again, and for what the line loses next.
    let usable = bits_per_second / 3 * 2;
    let fitting = LADDER.iter().find(|(.., bits)| *bits <= usable);
    let (width, height, frame_rate, bits) = *fitting.unwrap_or(&LADDER[LADDER.len() - 1]);
    Ok(json_reply(
        200,
        &json!({
            "bytes": bytes,
            "elapsed_ms": elapsed_us / 1000,
            "bits_per_second": bits_per_second,
            "suggested": {
                "width": width, "height": height, "frame_rate": frame_rate, "video_bits_per_second": bits,
            },
        }),
    ))
}
