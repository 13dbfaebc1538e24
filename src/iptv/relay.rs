//! Channels that are HLS already: their playlists rewritten, their segments passed on as they come, their logos.
//!
//! What is passed on is never kept: a slow TV slows its own reading, and holds one piece.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_lite::StreamExt as _;
use smol::lock::{Semaphore, SemaphoreGuardArc};

use crate::executor::{Work, in_time, unblock};
use crate::fetch::{Client, FetchError, Fetched};
use crate::ground::crypto::SigningKey;
use crate::ground::id::ChannelId;
use crate::ground::limits;
use crate::ground::reply::{Body, Reply};
use crate::ground::text;
use crate::iptv::ticket::Bearer;
use crate::wire::address::ChannelFile;
use crate::wire::fetch::{Cookies, Headers, Request, Url};
use crate::wire::playlist::relay::{Role, relay};

/// Media type of HLS playlists (RFC 8216, section 4).
pub(super) const PLAYLIST: &str = "application/vnd.apple.mpegurl";
/// Endings that say what a file is, and the media type that goes with each; other files are called `ts`.
const ENDINGS: [(&str, &str); 11] = [
    ("ts", "video/mp2t"),
    ("m4s", "video/iso.segment"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("m4a", "audio/mp4"),
    ("cmfv", "video/mp4"),
    ("aac", "audio/aac"),
    ("mp3", "audio/mpeg"),
    ("ac3", "audio/ac3"),
    ("vtt", "text/vtt"),
    ("key", "application/octet-stream"),
];
/// What stands for an address that can't be asked: nothing is there.
const NOWHERE: &str = "nowhere";

/// Passes on.
pub(super) struct Relay {
    client: Arc<Client>,
    key: Arc<SigningKey>,
    places: Arc<Semaphore>,
    /// What channels' servers have set, of those that were watched of late.
    cookies: Mutex<HashMap<ChannelId, Cookies>>,
}

/// Channels whose cookies are remembered; when there are more, all are forgotten, and set again.
const REMEMBERED: usize = 64;

impl Relay {
    /// Asks with `client` and signs with `key`.
    pub fn new(client: Arc<Client>, key: SigningKey) -> Self {
        let places = Arc::new(Semaphore::new(limits::CHANNEL_FETCHES));
        Self { client, key: Arc::new(key), places, cookies: Mutex::default() }
    }

    fn place(&self) -> Result<SemaphoreGuardArc, Reply> {
        self.places.try_acquire_arc().ok_or_else(|| {
            Reply::error(503, "busy", "too much is asked of channels at once: try again").with("Retry-After", "1")
        })
    }

    /// Asks a server of a channel, which is told the cookies that were set for it there.
    async fn get(&self, channel: ChannelId, url: &Url, request: &Request) -> Result<Fetched, FetchError> {
        let known = self.cookies().get(&channel).cloned().unwrap_or_default();
        let fetched = self.client.get_with(url, request, known.clone()).await?.good()?;
        if fetched.cookies != known {
            let mut cookies = self.cookies();
            if cookies.len() >= REMEMBERED && !cookies.contains_key(&channel) {
                cookies.clear();
            }
            cookies.entry(channel).or_default().add(&fetched.cookies);
        }
        Ok(fetched)
    }

    fn cookies(&self) -> MutexGuard<'_, HashMap<ChannelId, Cookies>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The playlist at `url`, everything in it asked from us. Its server is told `headers`.
    pub async fn playlist(&self, bearer: Bearer<'_>, url: &Url, headers: &Headers) -> Reply {
        let _place = match self.place() {
            Ok(place) => place,
            Err(reply) => return reply,
        };
        let request = Request { headers: headers.clone(), ..Request::default() };
        let whole = async {
            let fetched = self.get(bearer.channel, url, &request).await?;
            Ok((fetched.url.clone(), fetched.whole(limits::CHANNEL_PLAYLIST_BYTES).await?))
        };
        let silent = || Err(FetchError::Silent(url.authority()));
        let (base, bytes) = match in_time(limits::CHANNEL_WHOLE_TIME, whole).await.unwrap_or_else(silent) {
            Ok(whole) => whole,
            Err(error) => return failed(&error),
        };
        // A long one has tens of thousands of addresses, each of which is signed.
        let (key, channel, ticket) = (self.key.clone(), bearer.channel, bearer.ticket.to_owned());
        let rewritten = unblock(Work::Media, move || {
            let bearer = Bearer { channel, ticket: &ticket };
            relay(&text::of(&bytes), |address, role| match base.join(address) {
                Ok(url) => ours(&key, bearer, role, &url),
                Err(_) => NOWHERE.to_owned(),
            })
        });
        match rewritten.await {
            Ok(text) => Reply::bytes(200, PLAYLIST, text).with("Cache-Control", "no-store"),
            Err(error) => Reply::error(502, "channel_failed", &error.to_string()),
        }
    }

    /// The playlist a token stands for.
    pub async fn sealed_playlist(&self, bearer: Bearer<'_>, token: &str, headers: &Headers) -> Reply {
        match bearer.unseal(&self.key, Role::Playlist, token) {
            Ok(url) => self.playlist(bearer, &url, headers).await,
            Err(denied) => Reply::error(403, "ticket", &denied.to_string()),
        }
    }

    /// The file a token stands for, or the stretch of it that `request` asks for, as it comes.
    pub async fn media(&self, bearer: Bearer<'_>, token: &str, request: &Request) -> Reply {
        let url = match bearer.unseal(&self.key, Role::Media, token) {
            Ok(url) => url,
            Err(denied) => return Reply::error(403, "ticket", &denied.to_string()),
        };
        let place = match self.place() {
            Ok(place) => place,
            Err(reply) => return reply,
        };
        let fetched = match self.get(bearer.channel, &url, request).await {
            Ok(fetched) => fetched,
            Err(error) => return failed(&error),
        };
        let (status, body) = (fetched.answer.status, fetched.body);
        let length = body.length();
        let pieces = body.into_stream().map(move |piece: Bytes| {
            // The place is free again when the last piece has gone.
            let _place = &place;
            piece
        });
        let body = match length {
            Some(length) => Body::Passing { length, pieces: Box::pin(pieces) },
            None => Body::Endless(Box::pin(pieces)),
        };
        let reply = Reply { status, content_type: known_ending(&url).1, headers: Vec::new(), body };
        let stretch = fetched.answer.field("content-range").filter(|_| status == 206).map(str::to_owned);
        match stretch {
            Some(stretch) => reply.with("Content-Range", stretch),
            None => reply,
        }
        .with("Cache-Control", "no-store")
    }

    /// The picture at `url`, if it is one. Nothing else is passed on: it would be shown as if it were ours.
    pub async fn logo(&self, url: &Url) -> Reply {
        let none = || Reply::error(404, "not_found", "there is no picture of this channel");
        let _place = match self.place() {
            Ok(place) => place,
            Err(reply) => return reply,
        };
        let whole = self.client.get_whole(url, limits::CHANNEL_LOGO_BYTES, limits::CHANNEL_WHOLE_TIME);
        let Ok((_, bytes)) = whole.await else { return none() };
        match picture_type(&bytes) {
            Some(content_type) => {
                Reply::bytes(200, content_type, bytes).with("Cache-Control", "private, max-age=86400")
            }
            None => none(),
        }
    }
}

/// Our name for `url`, in the folder of the channel's own playlist.
fn ours(key: &SigningKey, bearer: Bearer<'_>, role: Role, url: &Url) -> String {
    let token = bearer.seal(key, role, url);
    let file = match role {
        Role::Playlist => ChannelFile::Playlist(token),
        Role::Media => ChannelFile::Media { token, ending: known_ending(url).0.to_owned() },
    };
    file.to_string()
}

/// What a file is by its ending, and the media type it is sent with.
fn known_ending(url: &Url) -> (&'static str, &'static str) {
    let ending = url.extension();
    ENDINGS.into_iter().find(|(known, _)| ending.as_deref() == Some(*known)).unwrap_or(ENDINGS[0])
}

/// The media type of a picture, by its first bytes; drawings with scripts in them (SVG) are none.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// The answer that tells what a channel's server did.
pub(super) fn failed(error: &FetchError) -> Reply {
    let (status, code) = match error {
        FetchError::Forbidden(..) => (403, "forbidden_address"),
        FetchError::Status(_, status @ (404 | 410 | 416)) => (*status, "channel_failed"),
        FetchError::Silent(_) => (504, "channel_silent"),
        _ => (502, "channel_failed"),
    };
    Reply::error(status, code, &format!("The channel can't be played: {error}."))
}
