//! Every address the gateway answers, decoded once: method and path go in, one [`Route`] comes out.
//!
//! Pure: no sockets, no assets, no shares. The front alone asks this table. Paths are taken apart
//! strictly (RFC 3986, section 2.1 and 3.3): what is odd is refused, so a segment never holds a slash, a control
//! character or a step upwards.

use std::fmt;

use crate::ground::id::{PhotoId, ShareId};
use crate::ground::limits;
use crate::wire::address::{ChannelAddress, PhotoAddress, PlayAddress, PlayFile};

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
    Play(PlayAddress),
    /// `/publish/{token}`: the WebSocket of a web camera.
    Publish(String),
    /// `/photo/{id}.jpg`: a photo of a person.
    Photo(PhotoId),
    /// `/channel/{channel}/{ticket}/{file}`
    Channel(ChannelAddress),
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
            Self::Play(PlayAddress { file: PlayFile::Index, .. }) => "/play/…/index.m3u8",
            Self::Play(PlayAddress { file: PlayFile::LiveMp4, .. }) => "/play/…/live.mp4",
            Self::Play(PlayAddress { file: PlayFile::VideoMp4, .. }) => "/play/…/video.mp4",
            Self::Play(_) => "/play/…",
            Self::Publish(_) => "/publish/…",
            Self::Photo(_) => "/photo/…",
            Self::Channel(_) => "/channel/…",
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
    pub const fn slots(self) -> usize {
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
        let method = if method == Head { Get } else { method };
        match (method, parts) {
            (Get, ["play", share, ticket, file]) => PlayAddress::of(share, ticket, file).map(Self::Play),
            (Get, ["channel", id, ticket, file]) => ChannelAddress::of(id, ticket, file).map(Self::Channel),
            (Get, ["publish", token]) if !token.is_empty() => Some(Self::Publish((*token).to_owned())),

            (Get, [""]) => Some(Self::Home),
            (Get, ["healthz"]) => Some(Self::Health),
            (Get, ["metrics"]) => Some(Self::Metrics),
            (Get, ["photo", file]) => PhotoAddress::of(file).map(|PhotoAddress(photo)| Self::Photo(photo)),

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
            Self::Play(_) | Self::Channel(_) | Self::Publish(_) => Half::Front,
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
mod tests;
