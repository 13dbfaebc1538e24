//! People's photos: taken in from phones, and served to pages.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::json;

use crate::ground::id::{PhotoId, SenderId};
use crate::ground::reply::Reply;
use crate::http::api::answer::json_reply;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::services::Api;
use crate::http::ports::photos::PhotoOf;
use crate::http::request::Request;
use crate::wire::address::{PhotoSize, photo_url};

/// A photo never changes: another one has another id.
const LASTING: &str = "private, max-age=31536000, immutable";

/// Answers a page that shows a photo. Whoever knows its id may.
pub(in crate::http) fn serve(api: &Api, request: &Request, photo: PhotoId) -> Reply {
    let Ok(size) = request.parameter("size").map_or(Ok(PhotoSize::Large), str::parse) else {
        return Reply::error(400, "bad_size", "photos are 96 or 320 pixels large");
    };
    match api.photos.jpeg(photo, size) {
        Some(jpeg) => Reply::bytes(200, "image/jpeg", jpeg).with("Cache-Control", LASTING),
        None => Reply::error(404, "not_found", "there is no such photo").with("Cache-Control", "no-store"),
    }
}

/// Takes in a photo that is a call's body. It is nobody's yet.
fn from_body(api: &Api, request: &Request, of: PhotoOf) -> Result<PhotoId, Failure> {
    let kind = request.field("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !["image/jpeg", "image/png"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Err(Failure::NotAPhoto);
    }
    Ok(api.photos.keep(of, request.body.clone())?)
}

/// Takes in a photo from a data URL (RFC 2397). It is nobody's yet.
pub(in crate::http) fn from_data_url(api: &Api, url: &str, of: PhotoOf) -> Result<PhotoId, Failure> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bad = |why: &str| Failure::BadBody(format!("photo: {why}"));
    let rest = url.strip_prefix("data:image/jpeg;base64,").or_else(|| url.strip_prefix("data:image/png;base64,"));
    let text = rest.ok_or_else(|| bad("send it as data:image/jpeg;base64,… or data:image/png;base64,…"))?;
    let engine = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    let file = engine.decode(text).map_err(|_| bad("its base64 is damaged"))?;
    Ok(api.photos.keep(of, file.into())?)
}

/// Gives a photo just kept to its owner by `give`; where that fails, it is not kept.
pub(in crate::http) fn given<T>(
    api: &Api,
    photo: Option<PhotoId>,
    give: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    give().inspect_err(|_| {
        if let Some(photo) = photo {
            api.photos.discard(photo);
        }
    })
}

/// What `PUT me/photo` answers.
pub(in crate::http) fn set_own(api: &Api, request: &Request, sender: SenderId) -> Answered {
    let photo = from_body(api, request, PhotoOf::Sender(sender))?;
    given(api, Some(photo), || Ok(api.steward.set_sender_photo(sender, Some(photo))?))?;
    let value = json!({ "photo_url": photo_url(Some(photo)) });
    Ok(json_reply(200, &value))
}
