//! Every address the gateway answers, decoded once: method and path go in, one [`Route`] comes out.
//!
//! Pure: no sockets, no assets, no shares. Both halves of the door read this one table. Paths are taken apart
//! strictly (RFC 3986, section 2.1 and 3.3): what is odd is refused, so a segment never holds a slash, a control
//! character or a step upwards.

mod file;

use std::fmt;

use crate::ground::id::{ChannelId, PhotoId, ShareId};
use crate::ground::limits;
pub use file::{ChannelFile, PlayFile};

/// A method we know (RFC 9110, section 9; RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`: as GET, without the body.
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of that name; names are case-sensitive.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether the method promises to change nothing (RFC 9110, section 9.2.1).
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/`: on to the TV's or the phone's page.
    Home,
    /// `/tv/` and `/tv/n/{share}`: the TV application.
    TvPage,
    /// `/go/lareira.crt`: the certificate of the authority, for phones to install.
    Authority,
    /// A file of the pages, by its path.
    Asset(String),
    /// `/healthz`
    Health,
    /// `/metrics`
    Metrics,
    /// `/play/{share}/{ticket}/{file}`
    Play {
        /// The share in the path.
        share: ShareId,
        /// The ticket in the path, as it came.
        ticket: String,
        /// What of the share.
        file: PlayFile,
    },
    /// `/publish/{token}`: the WebSocket of a camera.
    Publish(String),
    /// `/photo/{id}.jpg`: a photo of a person.
    Photo(PhotoId),
    /// `/channel/{channel}/{ticket}/{file}`
    Channel {
        /// The channel in the path.
        channel: ChannelId,
        /// The ticket in the path, as it came.
        ticket: String,
        /// What of the channel.
        file: ChannelFile,
    },
    /// `/api/v1/…`: the phone API.
    Phone(PhoneCall),
    /// `/tv/api/…`: the TV API.
    Tv(TvCall),
    /// `/tv/help/{topic}`: a help page for TVs.
    TvHelp(Topic),
    /// `/admin/api/…`: the owner's API.
    Owner(OwnerCall),
}

impl Route {
    /// What the log calls it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::TvPage => "/tv/",
            Self::Authority | Self::Asset(_) => "a page's file",
            Self::Health => "/healthz",
            Self::Metrics => "/metrics",
            Self::Play { file: PlayFile::Index, .. } => "/play/…/index.m3u8",
            Self::Play { file: PlayFile::LiveMp4, .. } => "/play/…/live.mp4",
            Self::Play { file: PlayFile::VideoMp4, .. } => "/play/…/video.mp4",
            Self::Play { .. } => "/play/…",
            Self::Publish(_) => "/publish/…",
            Self::Photo(_) => "/photo/…",
            Self::Channel { .. } => "/channel/…",
            Self::Phone(_) => "/api/v1/…",
            Self::Tv(_) | Self::TvHelp(_) => "/tv/api/…",
            Self::Owner(_) => "/admin/api/…",
        }
    }
}

/// What a help page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// On TVs: who is watching, and the PIN.
    SignIn,
    /// On TVs: the inbox, and what rings.
    Inbox,
    /// On TVs: what users set for themselves.
    Settings,
    /// On phones: the first time.
    Start,
    /// On phones: whom one can share with.
    Contacts,
    /// On phones: while one is live.
    Live,
}

impl Topic {
    /// Those of TVs first, then those of phones.
    pub const ALL: [Self; 6] = [Self::SignIn, Self::Inbox, Self::Settings, Self::Start, Self::Contacts, Self::Live];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Inbox => "inbox",
            Self::Settings => "settings",
            Self::Start => "start",
            Self::Contacts => "contacts",
            Self::Live => "live",
        }
    }

    fn of_tv(name: &str) -> Option<Self> {
        Self::ALL[..3].iter().copied().find(|topic| topic.name() == name)
    }

    fn of_phone(name: &str) -> Option<Self> {
        Self::ALL[3..].iter().copied().find(|topic| topic.name() == name)
    }
}

/// A call of the phone API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneCall {
    /// `GET house`
    House,
    /// `POST claim`
    Claim,
    /// `POST owner-session`
    OwnerSession,
    /// `POST enrol`
    Enrol,
    /// `GET me`
    Me,
    /// `PATCH me`
    ChangeMe,
    /// `PUT me/photo`
    SetPhoto,
    /// `GET contacts`
    Contacts,
    /// `POST contacts/match`
    MatchContacts,
    /// `GET terms`
    Terms,
    /// `POST terms/accept`
    AcceptTerms,
    /// `GET help/{topic}`
    Help(Topic),
    /// `POST probe`
    Probe,
    /// `GET recipients`
    Recipients,
    /// `PUT recipients`
    SetRecipients,
    /// `GET camera-apps`
    CameraApps,
    /// `GET larix.svg`
    LarixPicture,
    /// `GET shares`
    OwnShares,
    /// `POST shares`
    CreateShare,
    /// `GET shares/{id}`
    Share(ShareId),
    /// `GET shares/{id}/events`
    Events(ShareId),
    /// `POST shares/{id}/stop`
    Stop(ShareId),
    /// `PATCH shares/{id}`
    RenameShare(ShareId),
    /// `DELETE shares/{id}`
    Withdraw(ShareId),
    /// `PUT shares/{id}/video`
    Upload(ShareId),
}

/// A call of the owner's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerCall {
    /// `POST sign-in`
    SignIn,
    /// `POST sign-out`
    SignOut,
    /// `POST verb`
    Verb,
    /// `GET now`
    Now,
    /// `GET invite.svg`
    InvitePicture,
}

/// A call of the TV API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TvCall {
    /// `GET device`
    Device,
    /// `GET pair.svg`
    PairPicture,
    /// `POST invite`
    Invite,
    /// `GET invite.svg`
    InvitePicture,
    /// `POST sign-in`
    SignIn,
    /// `POST sign-out`
    SignOut,
    /// `GET events`
    Events,
    /// `GET inbox`
    Inbox,
    /// `DELETE inbox/{share}`
    DeleteEntry(ShareId),
    /// `GET shares/{id}`
    Entry(ShareId),
    /// `POST shares/{id}/accept`
    Accept(ShareId),
    /// `POST shares/{id}/allow`
    Allow(ShareId),
    /// `POST shares/{id}/later`
    Later(ShareId),
    /// `POST shares/{id}/decline`
    Decline(ShareId),
    /// `POST shares/{id}/watching`
    Watching(ShareId),
    /// `POST shares/{id}/left`
    Left(ShareId),
    /// `GET settings`
    Settings,
    /// `PUT settings`
    SetSettings,
    /// `GET blocks`
    Blocks,
    /// `PUT blocks`
    SetBlocks,
    /// `GET channels`
    Channels,
}

/// Why method and path are no route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteError {
    /// The path is not a path: 400.
    BadPath,
    /// Nothing is there: 404.
    NotFound,
    /// Something is there, with other methods, named here as in an Allow header: 405.
    Method(String),
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadPath => f.write_str("the path is not a proper path"),
            Self::NotFound => f.write_str("nothing is at this address"),
            Self::Method(allow) => write!(f, "this address answers {allow} only"),
        }
    }
}
impl std::error::Error for RouteError {}

/// Which half of the door answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The event loop: what streams, and what is in memory.
    Front,
    /// A thread: what asks the store.
    Back,
}

/// Whose calls a call of the back is among. Each lane has places, and threads, that the others can't take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The TVs'.
    Tv,
    /// The owner's.
    Owner,
    /// The phones', and those of whoever comes.
    Guest,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tv, Self::Owner, Self::Guest];

    /// How many of its calls are answered at once; further ones wait.
    pub const fn places(self) -> usize {
        match self {
            Self::Tv => limits::HTTP_TV_CALLS,
            Self::Owner => limits::HTTP_OWNER_CALLS,
            Self::Guest => limits::HTTP_GUEST_CALLS,
        }
    }
}

/// The longest path has seven segments; one more shows that there are too many.
const SEGMENTS: usize = 8;

impl Route {
    /// The route of `method` and `path` (without query).
    pub fn decode(method: Method, path: &str) -> Result<Self, RouteError> {
        let rest = path.strip_prefix('/').ok_or(RouteError::BadPath)?;
        if !rest.is_ascii() || rest.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || byte == b'\\') {
            return Err(RouteError::BadPath);
        }
        if !rest.contains('%') {
            return Self::of_segments(method, path, rest.split('/'));
        }
        let decoded = rest.split('/').map(percent_decoded).collect::<Result<Vec<_>, _>>()?;
        let path = format!("/{}", decoded.join("/"));
        Self::of_segments(method, &path, decoded.iter().map(String::as_str))
    }

    fn of_segments<'a>(
        method: Method,
        path: &str,
        segments: impl Iterator<Item = &'a str>,
    ) -> Result<Self, RouteError> {
        let mut parts = [""; SEGMENTS];
        let mut count = 0;
        for segment in segments {
            if segment == "." || segment == ".." {
                return Err(RouteError::BadPath);
            }
            *parts.get_mut(count).ok_or(RouteError::NotFound)? = segment;
            count += 1;
        }
        let parts = &parts[..count];
        if let Some(route) = Self::look_up(method, path, parts) {
            return Ok(route);
        }
        let others = Method::ALL.into_iter().filter(|other| Self::look_up(*other, path, parts).is_some());
        let allow = others.map(Method::name).collect::<Vec<_>>().join(", ");
        Err(if allow.is_empty() { RouteError::NotFound } else { RouteError::Method(allow) })
    }

    /// The table.
    fn look_up(method: Method, path: &str, parts: &[&str]) -> Option<Self> {
        use Method::{Delete, Get, Head, Patch, Post, Put};
        let phone = |call| Some(Self::Phone(call));
        let tv = |call| Some(Self::Tv(call));
        let id = |text: &str| text.parse::<ShareId>().ok();
        let channel = |text: &str| text.parse::<ChannelId>().ok();
        let method = if method == Head { Get } else { method };
        match (method, parts) {
            (Get, ["play", share, ticket, file]) if !ticket.is_empty() => {
                Some(Self::Play { share: id(share)?, ticket: (*ticket).to_owned(), file: file.parse().ok()? })
            }
            (Get, ["channel", id, ticket, file]) if !ticket.is_empty() => {
                Some(Self::Channel { channel: channel(id)?, ticket: (*ticket).to_owned(), file: file.parse().ok()? })
            }

            (Get, ["publish", token]) if !token.is_empty() => Some(Self::Publish((*token).to_owned())),

            (Get, [""]) => Some(Self::Home),
            (Get, ["healthz"]) => Some(Self::Health),
            (Get, ["metrics"]) => Some(Self::Metrics),
            (Get, ["photo", file]) => Some(Self::Photo(file.strip_suffix(".jpg")?.parse().ok()?)),

            (Get, ["api", "v1", "house"]) => phone(PhoneCall::House),
            (Post, ["api", "v1", "claim"]) => phone(PhoneCall::Claim),
            (Post, ["api", "v1", "owner-session"]) => phone(PhoneCall::OwnerSession),
            (Post, ["api", "v1", "enrol"]) => phone(PhoneCall::Enrol),
            (Get, ["api", "v1", "me"]) => phone(PhoneCall::Me),
            (Patch, ["api", "v1", "me"]) => phone(PhoneCall::ChangeMe),
            (Put, ["api", "v1", "me", "photo"]) => phone(PhoneCall::SetPhoto),
            (Get, ["api", "v1", "contacts"]) => phone(PhoneCall::Contacts),
            (Post, ["api", "v1", "contacts", "match"]) => phone(PhoneCall::MatchContacts),
            (Get, ["api", "v1", "terms"]) => phone(PhoneCall::Terms),
            (Post, ["api", "v1", "terms", "accept"]) => phone(PhoneCall::AcceptTerms),
            (Get, ["api", "v1", "help", topic]) => phone(PhoneCall::Help(Topic::of_phone(topic)?)),
            (Post, ["api", "v1", "probe"]) => phone(PhoneCall::Probe),
            (Get, ["api", "v1", "recipients"]) => phone(PhoneCall::Recipients),
            (Put, ["api", "v1", "recipients"]) => phone(PhoneCall::SetRecipients),
            (Get, ["api", "v1", "camera-apps"]) => phone(PhoneCall::CameraApps),
            (Get, ["api", "v1", "larix.svg"]) => phone(PhoneCall::LarixPicture),
            (Get, ["api", "v1", "shares"]) => phone(PhoneCall::OwnShares),
            (Post, ["api", "v1", "shares"]) => phone(PhoneCall::CreateShare),
            (Get, ["api", "v1", "shares", share]) => phone(PhoneCall::Share(id(share)?)),
            (Patch, ["api", "v1", "shares", share]) => phone(PhoneCall::RenameShare(id(share)?)),
            (Delete, ["api", "v1", "shares", share]) => phone(PhoneCall::Withdraw(id(share)?)),
            (Get, ["api", "v1", "shares", share, "events"]) => phone(PhoneCall::Events(id(share)?)),
            (Post, ["api", "v1", "shares", share, "stop"]) => phone(PhoneCall::Stop(id(share)?)),
            (Put, ["api", "v1", "shares", share, "video"]) => phone(PhoneCall::Upload(id(share)?)),

            (Get, ["tv", "api", "device"]) => tv(TvCall::Device),
            (Get, ["tv", "api", "pair.svg"]) => tv(TvCall::PairPicture),
            (Post, ["tv", "api", "invite"]) => tv(TvCall::Invite),
            (Get, ["tv", "api", "invite.svg"]) => tv(TvCall::InvitePicture),
            (Post, ["tv", "api", "sign-in"]) => tv(TvCall::SignIn),
            (Post, ["tv", "api", "sign-out"]) => tv(TvCall::SignOut),
            (Get, ["tv", "api", "events"]) => tv(TvCall::Events),
            (Get, ["tv", "api", "inbox"]) => tv(TvCall::Inbox),
            (Delete, ["tv", "api", "inbox", share]) => tv(TvCall::DeleteEntry(id(share)?)),
            (Get, ["tv", "api", "shares", share]) => tv(TvCall::Entry(id(share)?)),
            (Post, ["tv", "api", "shares", share, "accept"]) => tv(TvCall::Accept(id(share)?)),
            (Post, ["tv", "api", "shares", share, "allow"]) => tv(TvCall::Allow(id(share)?)),
            (Post, ["tv", "api", "shares", share, "later"]) => tv(TvCall::Later(id(share)?)),
            (Post, ["tv", "api", "shares", share, "decline"]) => tv(TvCall::Decline(id(share)?)),
            (Post, ["tv", "api", "shares", share, "watching"]) => tv(TvCall::Watching(id(share)?)),
            (Post, ["tv", "api", "shares", share, "left"]) => tv(TvCall::Left(id(share)?)),
            (Get, ["tv", "api", "settings"]) => tv(TvCall::Settings),
            (Put, ["tv", "api", "settings"]) => tv(TvCall::SetSettings),
            (Get, ["tv", "api", "blocks"]) => tv(TvCall::Blocks),
            (Put, ["tv", "api", "blocks"]) => tv(TvCall::SetBlocks),
            (Get, ["tv", "api", "channels"]) => tv(TvCall::Channels),
            (Post, ["admin", "api", "sign-in"]) => Some(Self::Owner(OwnerCall::SignIn)),
            (Post, ["admin", "api", "sign-out"]) => Some(Self::Owner(OwnerCall::SignOut)),
            (Post, ["admin", "api", "verb"]) => Some(Self::Owner(OwnerCall::Verb)),
            (Get, ["admin", "api", "now"]) => Some(Self::Owner(OwnerCall::Now)),
            (Get, ["admin", "api", "invite.svg"]) => Some(Self::Owner(OwnerCall::InvitePicture)),
            (_, ["tv" | "admin", "api", ..]) => None,
            (Get, ["tv", "help", topic]) => Some(Self::TvHelp(Topic::of_tv(topic)?)),
            (_, ["tv", "help", ..]) => None,

            (Get, ["go", "lareira.crt"]) => Some(Self::Authority),
            (Get, ["tv", ""]) => Some(Self::TvPage),
            (Get, ["tv", "n", share]) => id(share).map(|_| Self::TvPage),
            (Get, ["tv" | "go" | "admin" | "shared" | "vendor", ..] | ["favicon.ico"]) => {
                Some(Self::Asset(path.to_owned()))
            }
            _ => None,
        }
    }

    /// Bytes of a request's body that this route takes; more is 413.
    pub fn body_bytes(&self) -> usize {
        match self {
            Self::Phone(PhoneCall::SetPhoto) => limits::PHOTO_BYTES,
            // A photo in base64, and the rest of the enrolment.
            Self::Phone(PhoneCall::Enrol | PhoneCall::Claim) => {
                limits::PHOTO_BYTES / 3 * 4 + limits::HTTP_SMALL_BODY_BYTES
            }
            _ => limits::HTTP_BODY_BYTES,
        }
    }

    /// Whose lane this route's calls take to the back.
    pub fn lane(&self) -> Lane {
        match self {
            Self::Tv(_) | Self::TvHelp(_) => Lane::Tv,
            Self::Owner(_) => Lane::Owner,
            _ => Lane::Guest,
        }
    }

    /// Whether strangers are answered too, by whatever their request carries.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Phone(call) => matches!(call, PhoneCall::House | PhoneCall::Claim | PhoneCall::Enrol),
            Self::Tv(call) => matches!(call, TvCall::Device | TvCall::PairPicture),
            Self::Owner(call) => matches!(call, OwnerCall::SignIn),
            _ => true,
        }
    }

    /// Which half answers this route.
    pub fn half(&self) -> Half {
        match self {
            Self::Phone(PhoneCall::Events(_) | PhoneCall::Upload(_)) | Self::Tv(TvCall::Events) => Half::Front,
            Self::Phone(_) | Self::Tv(_) | Self::TvHelp(_) | Self::Owner(_) | Self::Photo(_) => Half::Back,
            Self::Home | Self::TvPage | Self::Authority | Self::Asset(_) | Self::Health | Self::Metrics => Half::Front,
            Self::Play { .. } | Self::Channel { .. } | Self::Publish(_) => Half::Front,
        }
    }
}

/// A segment with its `%xx` decoded: UTF-8 without slashes, backslashes and control characters, or no path at all.
fn percent_decoded(segment: &str) -> Result<String, RouteError> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return Err(RouteError::BadPath) };
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(RouteError::BadPath);
        bytes.push((digit(*high)? << 4 | digit(*low)?) as u8);
        rest = tail;
    }
    let text = String::from_utf8(bytes).map_err(|_| RouteError::BadPath)?;
    if text.chars().any(|c| c.is_control() || c == '/' || c == '\\') { Err(RouteError::BadPath) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table() {
        use Method::{Delete, Get, Head, Patch, Post, Put};
        let share = ShareId([7; 10]);
        let asset = |path: &str| Ok(Route::Asset(path.to_owned()));
        let phone = |call| Ok(Route::Phone(call));
        let tv = |call| Ok(Route::Tv(call));
        let play = |file| Ok(Route::Play { share, ticket: "T-_9".to_owned(), file });
        let channel = ChannelId([7; 10]);
        let watch = |file| Ok(Route::Channel { channel, ticket: "T-_9".to_owned(), file });
        let method = |allow: &str| Err(RouteError::Method(allow.to_owned()));
        let (not_found, bad) = (Err(RouteError::NotFound), Err(RouteError::BadPath));
        let table: &[(Method, &str, Result<Route, RouteError>)] = &[
            (Get, "/", Ok(Route::Home)),
            (Head, "/", Ok(Route::Home)),
            (Post, "/", method("GET, HEAD")),
            (Get, "/healthz", Ok(Route::Health)),
            (Get, "/metrics", Ok(Route::Metrics)),
            (Get, "/tv/", Ok(Route::TvPage)),
            (Get, "/go/lareira.crt", Ok(Route::Authority)),
            (Get, "/go/", asset("/go/")),
            (Get, "/tv", asset("/tv")),
            (Get, "/tv/app.js", asset("/tv/app.js")),
            (Get, "/tv/img/a%20b.png", asset("/tv/img/a b.png")),
            (Get, "/favicon.ico", asset("/favicon.ico")),
            (Get, "/vendor/hls.light.min.js", asset("/vendor/hls.light.min.js")),
            (Get, "/tv/n/SHARE", Ok(Route::TvPage)),
            (Get, "/tv/n/short", not_found.clone()),
            (Get, "/tv/api/nothing", not_found.clone()),
            (Get, "/admin/", asset("/admin/")),
            (Post, "/admin/api/sign-in", Ok(Route::Owner(OwnerCall::SignIn))),
            (Post, "/admin/api/sign-out", Ok(Route::Owner(OwnerCall::SignOut))),
            (Post, "/admin/api/verb", Ok(Route::Owner(OwnerCall::Verb))),
            (Get, "/admin/api/now", Ok(Route::Owner(OwnerCall::Now))),
            (Get, "/admin/api/invite.svg", Ok(Route::Owner(OwnerCall::InvitePicture))),
            (Get, "/admin/api/nothing", not_found.clone()),
            (Get, "/api/v1/house", phone(PhoneCall::House)),
            (Post, "/api/v1/claim", phone(PhoneCall::Claim)),
            (Post, "/api/v1/owner-session", phone(PhoneCall::OwnerSession)),
            (Get, "/api/v1/recipients", phone(PhoneCall::Recipients)),
            (Put, "/api/v1/recipients", phone(PhoneCall::SetRecipients)),
            (Get, "/api/v1/camera-apps", phone(PhoneCall::CameraApps)),
            (Get, "/api/v1/larix.svg", phone(PhoneCall::LarixPicture)),
            (Post, "/api/v1/enrol", phone(PhoneCall::Enrol)),
            (Get, "/api/v1/enrol", method("POST")),
            (Get, "/api/v1/me", phone(PhoneCall::Me)),
            (Patch, "/api/v1/me", phone(PhoneCall::ChangeMe)),
            (Put, "/api/v1/me/photo", phone(PhoneCall::SetPhoto)),
            (Put, "/api/v1/me", method("GET, HEAD, PATCH")),
            (Get, "/photo/07070707070707070707070707070707.jpg", Ok(Route::Photo(PhotoId([7; 16])))),
            (Get, "/photo/07070707070707070707070707070707", not_found.clone()),
            (Get, "/photo/0707070707070707070707070707070g.jpg", not_found.clone()),
            (Get, "/photo/0707070707070707070707070707070A.jpg", not_found.clone()),
            (Get, "/photo/%2e%2e%2fx.jpg", bad.clone()),
            (Get, "/api/v1/contacts", phone(PhoneCall::Contacts)),
            (Post, "/api/v1/contacts/match", phone(PhoneCall::MatchContacts)),
            (Get, "/api/v1/terms", phone(PhoneCall::Terms)),
            (Post, "/api/v1/terms/accept", phone(PhoneCall::AcceptTerms)),
            (Get, "/api/v1/help/live", phone(PhoneCall::Help(Topic::Live))),
            (Get, "/api/v1/help/inbox", not_found.clone()),
            (Get, "/tv/help/sign-in", Ok(Route::TvHelp(Topic::SignIn))),
            (Get, "/tv/help/live", not_found.clone()),
            (Get, "/tv/help/help.css", not_found.clone()),
            (Get, "/help/en/live.html", not_found.clone()),
            (Post, "/api/v1/probe", phone(PhoneCall::Probe)),
            (Get, "/api/v1/shares", phone(PhoneCall::OwnShares)),
            (Post, "/api/v1/shares", phone(PhoneCall::CreateShare)),
            (Patch, "/api/v1/shares/SHARE", phone(PhoneCall::RenameShare(share))),
            (Get, "/api/v1/shares/SHARE", phone(PhoneCall::Share(share))),
            (Delete, "/api/v1/shares/SHARE", phone(PhoneCall::Withdraw(share))),
            (Put, "/api/v1/shares/SHARE", method("GET, HEAD, PATCH, DELETE")),
            (Get, "/api/v1/shares/SHARE/events", phone(PhoneCall::Events(share))),
            (Post, "/api/v1/shares/SHARE/stop", phone(PhoneCall::Stop(share))),
            (Put, "/api/v1/shares/SHARE/video", phone(PhoneCall::Upload(share))),
            (Get, "/api/v1/shares/SHARE/video", method("PUT")),
            (Get, "/api/v1/shares/0", not_found.clone()),
            (Get, "/api/v2/me", not_found.clone()),
            (Get, "/tv/api/device", tv(TvCall::Device)),
            (Get, "/tv/api/pair.svg", tv(TvCall::PairPicture)),
            (Post, "/tv/api/invite", tv(TvCall::Invite)),
            (Get, "/tv/api/invite.svg", tv(TvCall::InvitePicture)),
            (Post, "/tv/api/sign-in", tv(TvCall::SignIn)),
            (Post, "/tv/api/sign-out", tv(TvCall::SignOut)),
            (Get, "/tv/api/events", tv(TvCall::Events)),
            (Get, "/tv/api/inbox", tv(TvCall::Inbox)),
            (Delete, "/tv/api/inbox/SHARE", tv(TvCall::DeleteEntry(share))),
            (Get, "/tv/api/inbox/SHARE", method("DELETE")),
            (Get, "/tv/api/shares/SHARE", tv(TvCall::Entry(share))),
            (Post, "/tv/api/shares/SHARE/accept", tv(TvCall::Accept(share))),
            (Post, "/tv/api/shares/SHARE/allow", tv(TvCall::Allow(share))),
            (Post, "/tv/api/shares/SHARE/later", tv(TvCall::Later(share))),
            (Post, "/tv/api/shares/SHARE/decline", tv(TvCall::Decline(share))),
            (Post, "/tv/api/shares/SHARE/watching", tv(TvCall::Watching(share))),
            (Post, "/tv/api/shares/SHARE/left", tv(TvCall::Left(share))),
            (Get, "/tv/api/settings", tv(TvCall::Settings)),
            (Put, "/tv/api/settings", tv(TvCall::SetSettings)),
            (Get, "/tv/api/blocks", tv(TvCall::Blocks)),
            (Put, "/tv/api/blocks", tv(TvCall::SetBlocks)),
            (Get, "/tv/api/channels", tv(TvCall::Channels)),
            (Post, "/tv/api/channels", method("GET, HEAD")),
            (Get, "/play/SHARE/T-_9/live.mp4", play(PlayFile::LiveMp4)),
            (Get, "/play/SHARE/T-_9/index.m3u8", play(PlayFile::Index)),
            (Get, "/play/SHARE/T-_9/init-3.mp4", play(PlayFile::Init(3))),
            (Get, "/play/SHARE/T-_9/segment-12.m4s", play(PlayFile::Segment(12))),
            (Get, "/play/SHARE/T-_9/part-12-0.m4s", play(PlayFile::Part(12, 0))),
            (Get, "/play/SHARE/T-_9/video.mp4", play(PlayFile::VideoMp4)),
            (Head, "/play/SHARE/T-_9/video.mp4", play(PlayFile::VideoMp4)),
            (Get, "/play/SHARE/T-_9/thumbnail.jpg", play(PlayFile::Thumbnail)),
            (Get, "/play/SHARE/T-_9/part-12.m4s", not_found.clone()),
            (Get, "/play/SHARE/T-_9/part-012-0.m4s", not_found.clone()),
            (Get, "/play/SHARE/T-_9/segment-99999999999999999999.m4s", not_found.clone()),
            (Get, "/play/SHARE/T-_9/segment-+1.m4s", not_found.clone()),
            (Get, "/play/SHARE/T-_9/other", not_found.clone()),
            (Get, "/play/SHARE//live.mp4", not_found.clone()),
            (Get, "/channel/SHARE//index.m3u8", not_found.clone()),
            (Put, "/play/SHARE/T-_9/live.mp4", method("GET, HEAD")),
            (Get, "/play/SHARE/T-_9/live.mp4/more", not_found.clone()),
            (Get, "/channel/SHARE/T-_9/index.m3u8", watch(ChannelFile::Index)),
            (Head, "/channel/SHARE/T-_9/index.m3u8", watch(ChannelFile::Index)),
            (Get, "/channel/SHARE/T-_9/segment-12.ts", watch(ChannelFile::Segment(12))),
            (Get, "/channel/SHARE/T-_9/logo", watch(ChannelFile::Logo)),
            (Get, "/channel/SHARE/T-_9/a-_9.m3u8", watch(ChannelFile::Playlist("a-_9".to_owned()))),
            (Get, "/channel/SHARE/T-_9/a-_9.m4s", watch(ChannelFile::Media("a-_9".to_owned()))),
            (Get, "/channel/SHARE/T-_9/a.b.ts", not_found.clone()),
            (Get, "/channel/SHARE/T-_9/.ts", not_found.clone()),
            (Get, "/channel/SHARE/T-_9/segment-x.ts", not_found.clone()),
            (Get, "/channel/SHARE/T-_9/http:%2F%2Fa", bad.clone()),
            (Get, "/channel/short/T-_9/index.m3u8", not_found.clone()),
            (Put, "/channel/SHARE/T-_9/index.m3u8", method("GET, HEAD")),
            (Get, "/publish/T-_9", Ok(Route::Publish("T-_9".to_owned()))),
            (Post, "/publish/T-_9", method("GET, HEAD")),
            (Get, "/publish/", not_found.clone()),
            (Get, "/publish/T-_9/more", not_found.clone()),
            (Get, "/elsewhere", not_found.clone()),
            (Get, "//", not_found.clone()),
            (Get, "/a/a/a/a/a/a/a/a/a/a", not_found.clone()),
            (Get, "/tv/../healthz", bad.clone()),
            (Get, "/tv/%2e%2e/healthz", bad.clone()),
            (Get, "/tv/%2E/app.js", bad.clone()),
            (Get, "/tv/a%2Fb", bad.clone()),
            (Get, "/tv/a%5Cb", bad.clone()),
            (Get, "/tv/a\\b", bad.clone()),
            (Get, "/tv/%00", bad.clone()),
            (Get, "/tv/%", bad.clone()),
            (Get, "/tv/%4", bad.clone()),
            (Get, "/tv/%zz", bad.clone()),
            (Get, "/tv/%ff", bad.clone()),
            (Get, "/tv/é", bad.clone()),
            (Get, "", bad.clone()),
            (Get, "*", bad),
        ];
        for (method, path, expected) in table {
            let path = path.replace("SHARE", &share.to_string());
            assert_eq!(&Route::decode(*method, &path), expected, "{method:?} {path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_decoded_or_refused(path in "\\PC{0,60}", of_pieces in "(/(tv|play|api|v1|%2e|%2F|\\.\\.|0123456789abcdef|live.mp4|)){0,10}") {
            for path in [path, of_pieces] {
                for method in Method::ALL {
                    if let Ok(Route::Asset(asset)) = Route::decode(method, &path) {
                        prop_assert!(asset.split('/').all(|part| part != ".." && part != "."));
                        prop_assert!(!asset.contains(['\\', '\0']));
                    }
                }
            }
        }

        #[test]
        fn names_of_files_are_read_as_written(msn: u64, part: u32) {
            for file in [PlayFile::Init(part), PlayFile::Segment(msn), PlayFile::Part(msn, part), PlayFile::LiveMp4] {
                prop_assert_eq!(file.to_string().parse::<PlayFile>(), Ok(file));
            }
        }
    }
}
