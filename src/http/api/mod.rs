//! The calls of phones and TVs: who asks, may they, and what they are told. The decisions are the steward's.
//!
//! Handlers are plain blocking functions. Whatever fails becomes a `Failure`, and one place turns that into an answer.

mod agent;
pub(in crate::http) mod devices;
pub(in crate::http) mod owner;
pub(in crate::http) mod phone;
pub(in crate::http) mod photos;
pub(in crate::http) mod qr;
pub(in crate::http) mod tv;

use std::sync::{Arc, OnceLock};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::ground::id::{SenderId, ShareId};
use crate::ground::reply::Reply;
use crate::ground::shares::Standing;
use crate::http::api::owner::{AdminRefused, OwnerAdmin};
use crate::http::api::photos::{PhotoRefused, Photos};
use crate::http::api::tv::channels::Lineup;
use crate::http::back::Request;
use crate::http::route::Route;
use crate::http::status::status_of;
use crate::share::{Holder, MediaInfo, RefusedKind, Scope, ShareError, Steward};
use crate::wire::address::{PlayAddress, PlayFile};

/// The ports of HTTPS and RTSPS, where they are served: they may come later than the rest.
#[derive(Debug, Default)]
pub struct SecurePorts {
    https: OnceLock<u16>,
    rtsps: OnceLock<u16>,
}

impl SecurePorts {
    /// HTTPS is served at this port.
    pub fn open_https(&self, port: u16) {
        // It is opened once.
        let _ = self.https.set(port);
    }

    /// RTSPS is served at this port.
    pub fn open_rtsps(&self, port: u16) {
        let _ = self.rtsps.set(port);
    }

    pub(in crate::http) fn https(&self) -> Option<u16> {
        self.https.get().copied()
    }

    pub(in crate::http) fn rtsps(&self) -> Option<u16> {
        self.rtsps.get().copied()
    }
}

/// The calls of phones and TVs, answered with a steward.
#[derive(Clone)]
pub struct Api {
    /// Who decides.
    pub(in crate::http) steward: Arc<Steward>,
    /// Who draws and keeps photos.
    pub(in crate::http) photos: Arc<dyn Photos>,
    /// Who carries out what the owner wants.
    pub(in crate::http) admin: Arc<dyn OwnerAdmin>,
    /// The port phones publish to.
    pub(in crate::http) rtsp_port: u16,
    /// The ports of the secure doors.
    pub(in crate::http) secure: Arc<SecurePorts>,
    /// Who knows the TV channels.
    pub(in crate::http) lineup: Option<Arc<dyn Lineup>>,
}

impl Api {
    /// The calls, decided by `steward`, with `photos` in them, the owner's carried out by `admin`; phones are told to
    /// publish to `rtsp_port`.
    pub fn new(steward: Arc<Steward>, photos: Arc<dyn Photos>, admin: Arc<dyn OwnerAdmin>, rtsp_port: u16) -> Self {
        Self { steward, photos, admin, rtsp_port, secure: Arc::default(), lineup: None }
    }

    /// The same, with secure doors at these ports.
    pub fn with_secure(self, secure: Arc<SecurePorts>) -> Self {
        Self { secure, ..self }
    }

    /// The same, with TV channels.
    pub fn with_lineup(self, lineup: Arc<dyn Lineup>) -> Self {
        Self { lineup: Some(lineup), ..self }
    }

    /// Whose phone an Authorization field speaks for, or the answer that it speaks for none. Blocks.
    pub fn sender(&self, authorization: Option<&str>) -> Result<(SenderId, Standing), Reply> {
        let known = phone::phone(self, authorization);
        known.map(|(phone, sender)| (sender.id, phone::standing(&phone, &sender))).map_err(Failure::reply)
    }

    /// The answer to a call. Blocks while the steward decides.
    pub fn answer(&self, request: &Request) -> Reply {
        let answered = match request.route {
            Route::Photo(photo) => return photos::serve(self, request, photo),
            Route::Phone(call) => phone::answer(self, request, call),
            Route::Tv(call) => tv::answer(self, request, call),
            Route::TvHelp(topic) => tv::help(self, request, topic),
            Route::Owner(call) => owner::answer(self, request, call),
            _ => Err(Failure::NotFound),
        };
        if let (Err(Failure::Share(ShareError::WrongPin)), Some(peer)) = (&answered, request.peer) {
            self.steward.was_refused(RefusedKind::Pin, peer);
        }
        // Nothing of this may stay in a cache between.
        answered.unwrap_or_else(Failure::reply).with("Cache-Control", "no-store")
    }
}

/// The answer that tells why the steward would not.
pub fn refused(error: ShareError) -> Reply {
    Failure::Share(error).reply()
}

/// Why a call is not answered as asked.
#[derive(Debug)]
pub(in crate::http) enum Failure {
    /// The steward's reason.
    Share(ShareError),
    /// No token of an enrolled phone came with it.
    NoPhone,
    /// No cookie of a TV came with it.
    NoTv,
    /// Nobody is signed in on the TV.
    NotSignedIn,
    /// No cookie of the owner's came with it.
    NotOwner,
    /// The owner's page is to be had over TLS, at this address.
    HttpsOnly(String),
    /// Why something of the owner's was not done.
    Admin(AdminRefused),
    /// It came from another site's page.
    OtherSite,
    /// Its body is not what the call wants.
    BadBody(String),
    /// The contacts in it are not sealed with the phone's key.
    BadSeal,
    /// Its body says to be something else than JSON.
    NotJson,
    /// Its body says to be something else than a photo.
    NotAPhoto,
    /// The photo in it is not taken.
    Photo(PhotoRefused),
    /// The terms that were agreed to are not the ones that hold.
    OtherTerms,
    /// There is no such call.
    NotFound,
}

impl From<ShareError> for Failure {
    fn from(error: ShareError) -> Self {
        Self::Share(error)
    }
}

impl From<PhotoRefused> for Failure {
    fn from(refused: PhotoRefused) -> Self {
        Self::Photo(refused)
    }
}

impl Failure {
    /// The answer that says so: the one place where failures meet HTTP.
    pub fn reply(self) -> Reply {
        match self {
            Self::Share(error) => {
                if matches!(error, ShareError::Ledger(_)) {
                    log::error!("http: {error}");
                }
                let reply = Reply::error(status_of(&error), error.code(), &error.to_string());
                match error.retry_after() {
                    Some(wait) => reply.with("Retry-After", wait.as_millis().div_ceil(1000).to_string()),
                    None => reply,
                }
            }
            Self::NoPhone => {
                Reply::error(401, "no_phone", "enrol this phone first: its token is missing or was revoked")
                    .with("WWW-Authenticate", "Bearer")
            }
            Self::NoTv => Reply::error(401, "no_tv", "this TV is not known: open /tv/ again"),
            Self::NotSignedIn => Reply::error(401, "not_signed_in", "say who is watching first"),
            Self::NotOwner => Reply::error(401, "not_owner", "come in with a code: run `lareira admin owner`"),
            Self::HttpsOnly(address) => {
                Reply::error(403, "https_only", &format!("the owner's page opens over HTTPS alone: go to {address}"))
            }
            Self::Admin(AdminRefused { status, code, message }) => refusal(status, &code, &message),
            Self::OtherSite => Reply::error(403, "other_site", "this can only be asked from the gateway's own pages"),
            Self::BadBody(why) => {
                Reply::error(400, "bad_body", &format!("the request's body is not understood: {why}"))
            }
            Self::BadSeal => Reply::error(
                400,
                "bad_seal",
                "the contacts are not sealed with this phone's key: ask for contacts_key anew, and seal them again",
            ),
            Self::NotJson => Reply::error(415, "not_json", "send the body as application/json"),
            Self::NotAPhoto => Reply::error(415, "not_a_photo", "send the photo itself, as image/jpeg or image/png"),
            Self::Photo(PhotoRefused { status, code, message }) => refusal(status, code, &message),
            Self::OtherTerms => {
                Reply::error(409, "terms_changed", "the terms have changed: read them again, then accept them")
            }
            Self::NotFound => Reply::error(404, "not_found", "nothing is at this address"),
        }
    }
}

/// A refusal; one that may not be one in a moment says so.
fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let reply = Reply::error(status, code, message);
    if status == 503 { reply.with("Retry-After", "2") } else { reply }
}

/// What a handler gives.
pub(in crate::http) type Answered = Result<Reply, Failure>;

/// An answer in JSON.
pub(in crate::http) fn json(status: u16, value: &Value) -> Reply {
    Reply::bytes(status, "application/json", value.to_string())
}

/// The host by which the asker reached the gateway, without the port: a colon behind the last bracket, if any, starts it.
pub(in crate::http) fn host_name(request: &Request) -> &str {
    let host = request.host.as_str();
    let end = host.rfind(':').filter(|at| host.rfind(']').is_none_or(|bracket| bracket < *at));
    &host[..end.unwrap_or(host.len())]
}

/// A number in the query, or `default` where it is not said.
pub(in crate::http) fn number(request: &Request, name: &str, default: u64) -> Result<u64, Failure> {
    match request.parameter(name) {
        Some(text) => text.parse().map_err(|_| Failure::BadBody(format!("{name} must be a number"))),
        None => Ok(default),
    }
}

/// An answer that says no more than that it was done.
pub(in crate::http) fn done() -> Answered {
    Ok(Reply::bytes(200, "application/json", "{}"))
}

/// A call's body.
pub(in crate::http) fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    let is_json =
        |kind: &str| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !request.field("content-type").is_none_or(is_json) {
        return Err(Failure::NotJson);
    }
    let bytes: &[u8] = if request.body.is_empty() { b"{}" } else { &request.body };
    serde_json::from_slice(bytes).map_err(|error| Failure::BadBody(error.to_string()))
}

/// Refuses what changes something and comes from another site's page, by what browsers say of it
/// (Fetch Metadata; RFC 6454, section 7). Other programs say nothing and need no cookie they were not given; a form
/// of another site, which very old browsers send without a word, cannot call itself JSON.
pub(in crate::http) fn same_site(request: &Request) -> Result<(), Failure> {
    if request.is_safe {
        return Ok(());
    }
    let fine = match (request.field("sec-fetch-site"), request.field("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            origin.split_once("://").is_some_and(|(_, host)| host.eq_ignore_ascii_case(&request.host))
        }
        (None, None) => true,
    };
    if !fine {
        return Err(Failure::OtherSite);
    }
    body::<IgnoredAny>(request).map(drop)
}

/// The addresses at which `holder` can play `share`, as the asker reaches the gateway.
pub(in crate::http) fn play(
    api: &Api,
    request: &Request,
    share: ShareId,
    holder: Holder,
    media: Option<&MediaInfo>,
) -> Value {
    let ticket = api.steward.ticket(share, holder, Scope::Play);
    let base = request.base();
    let mut value: serde_json::Map<_, _> = PlayAddress::offered(share, &ticket)
        .map(|(name, address)| (name.to_owned(), format!("{base}{address}").into()))
        .collect();
    value.insert("mime".to_owned(), media.map(MediaInfo::mime).into());
    value.into()
}

/// The address of the share's still picture for `holder`: a right to the picture alone.
pub(in crate::http) fn thumbnail_url(api: &Api, request: &Request, share: ShareId, holder: Holder) -> String {
    let ticket = api.steward.ticket(share, holder, Scope::Picture);
    format!("{}{}", request.base(), PlayAddress { share, ticket, file: PlayFile::Thumbnail })
}

/// What a stream is made of.
pub(in crate::http) fn media(media: &MediaInfo) -> Value {
    serde_json::json!({
        "codec": media.codec,
        "audio_codec": media.audio_codec,
        "width": media.width,
        "height": media.height,
        "frame_rate": media.frame_rate,
        "bits_per_second": media.bits_per_second,
    })
}
