//! People's photos: taken in from phones, and served to pages. The gateway puts thumbnail and album behind [`Photos`].

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use bytes::Bytes;

use crate::ground::id::{PhotoId, SenderId};
use crate::ground::reply::Reply;
use crate::http::api::{Answered, Api, Failure};
use crate::http::back::Request;

/// Which of a photo's sizes a page wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoSize {
    /// 320 × 320 pixels.
    Large,
    /// 96 × 96 pixels.
    Small,
}

/// Why a photo is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoRefused {
    /// Status code.
    pub status: u16,
    /// Stable name of the reason.
    pub code: &'static str,
    /// For people; says what to do.
    pub message: String,
}

/// Of whom a photo is taken in. One photo of each is drawn at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhotoOf {
    /// Whose phone sends it.
    Sender(SenderId),
    /// Who comes in with this code.
    Newcomer(String),
}

/// Whoever draws and keeps photos. Blocks.
pub trait Photos: Send + Sync {
    /// Draws the photo in `file` anew and keeps it; its id. Refused at once where too many are being drawn.
    fn keep(&self, of: PhotoOf, file: Bytes) -> Result<PhotoId, PhotoRefused>;
    /// Keeps a photo once more, under another id.
    fn copy(&self, photo: PhotoId) -> Result<PhotoId, PhotoRefused>;
    /// The JPEG of a photo, if there is one.
    fn jpeg(&self, photo: PhotoId, size: PhotoSize) -> Option<Vec<u8>>;
    /// Deletes a photo that nobody has any more.
    fn discard(&self, photo: PhotoId);
}

/// A photo never changes: another one has another id.
const LASTING: &str = "private, max-age=31536000, immutable";

/// Answers a page that shows a photo. Whoever knows its id may.
pub(in crate::http) fn serve(api: &Api, request: &Request, photo: PhotoId) -> Reply {
    let size = match request.parameter("size") {
        None | Some("320") => PhotoSize::Large,
        Some("96") => PhotoSize::Small,
        Some(_) => return Reply::error(400, "bad_size", "photos are 96 or 320 pixels large"),
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
    let value = serde_json::json!({ "photo_url": crate::share::photo_url(Some(photo)) });
    Ok(super::json(200, &value))
}
