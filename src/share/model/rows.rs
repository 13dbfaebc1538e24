//! What is kept of everyone and everything: the rows of the ledger, in the words of the house.
//!
//! Rows hold hashes where others would hold secrets. They are stored as they stand here, so a field that is added,
//! removed or moved needs a new schema version in `store`.

use serde::{Deserialize, Serialize};

use crate::ground::crypto::{PinHash, TokenHash};
use crate::ground::id::{AccountId, PhoneId, PhotoId, SenderId, ShareId, TvId, UserId};
use crate::ground::time::UnixMs;
use crate::share::model::quiet_hours::QuietHours;
use crate::share::model::state::{EndReason, Kind, ShareState, TargetState};

/// A household. It has TVs and users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What the owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// The calling code of its country, such as `+351`: phone numbers without one are taken to be from there.
    pub country: Option<String>,
}

/// A person who watches, on the TVs of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their household.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Their phone number, E.164.
    pub msisdn: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Their PIN, if they have one.
    pub pin: Option<PinHash>,
    /// What they set on the settings page.
    pub settings: Settings,
    /// When they were added.
    pub created_at: UnixMs,
    /// Their photo.
    pub photo: Option<PhotoId>,
}

impl User {
    /// Whether they have to give their PIN to accept a share.
    pub fn needs_pin(&self) -> bool {
        self.pin.is_some() && !self.settings.skip_pin
    }

    /// Whether nothing rings for them at `date`.
    pub fn has_quiet(&self, date: UnixMs) -> bool {
        self.settings.quiet_hours.is_some_and(|hours| hours.covers(date))
    }
}

/// What a user sets for themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Accept shares without the PIN.
    pub skip_pin: bool,
    /// Nothing rings; senders are told no more than if they were blocked.
    pub service_off: bool,
    /// Language of the pages (`en`, `es`, `pt`); `None` leaves it to the TV.
    pub language: Option<String>,
    /// When nothing rings.
    pub quiet_hours: Option<QuietHours>,
}

/// Wrong PINs of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinTries {
    /// On all TVs but the one with the most.
    pub elsewhere: Tries,
    /// On each TV where one was wrong since the last right one.
    pub tvs: Vec<(TvId, Tries)>,
}

/// Wrong PINs that are counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Tries since the last right one, those under way included.
    pub wrong: u32,
    /// When the lock began.
    pub locked_at: UnixMs,
    /// How long the lock holds; 0 for none.
    pub locked_ms: u64,
}

/// The senders a user does not want to hear of. Sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    /// Their ids.
    pub senders: Vec<SenderId>,
}

/// A set-top box or television browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tv {
    /// Its id.
    pub id: TvId,
    /// What the household calls it.
    pub name: String,
    /// The cookie that makes it this TV.
    pub cookie: TokenHash,
    /// Its household; `None` while it is not paired.
    pub account: Option<AccountId>,
    /// The code it shows while it is not paired.
    pub pairing: Option<Pairing>,
    /// Who is signed in.
    pub signed_in: Vec<SignedIn>,
    /// When it was first seen.
    pub created_at: UnixMs,
}

impl Tv {
    /// Whether `user` is signed in on it.
    pub fn has_signed_in(&self, user: UserId) -> bool {
        self.signed_in.iter().any(|signed_in| signed_in.user == user)
    }
}

/// A pairing code a TV shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// Six digits, as a number.
    pub code: u32,
    /// When it was made.
    pub made_at: UnixMs,
}

impl Pairing {
    /// The code as the TV shows it: six digits.
    pub fn text(&self) -> String {
        format!("{:06}", self.code)
    }
}

/// A user signed in on a TV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who.
    pub user: UserId,
    /// The cookie that makes the TV's browser this user.
    pub cookie: TokenHash,
    /// Since when.
    pub since: UnixMs,
}

/// Whoever a phone or a camera belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Their id.
    pub id: SenderId,
    /// Their name, as TVs show it.
    pub name: String,
    /// The phone number they say is theirs, E.164. It proves nothing.
    pub msisdn: Option<String>,
    /// The e-mail address they say is theirs. It proves nothing.
    pub email: Option<String>,
    /// When they came.
    pub created_at: UnixMs,
    /// Their photo.
    pub photo: Option<PhotoId>,
    /// The household they belong to: by invitation, or because the owner says so.
    pub account: Option<AccountId>,
    /// The terms they agreed to last.
    pub terms: Option<Agreement>,
}

/// What a sender agreed to, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The terms' version.
    pub version: String,
    /// When.
    pub at: UnixMs,
}

/// An enrolled sender's device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// Its id.
    pub id: PhoneId,
    /// Its owner.
    pub sender: SenderId,
    /// Its token.
    pub token: TokenHash,
    /// When it was enrolled.
    pub created_at: UnixMs,
    /// What the owner calls it; without one it goes by its sender's name.
    pub name: Option<String>,
    /// Whether it is the owner's: it opens the owner's page.
    pub is_owners: bool,
}

/// A browser of the owner's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerBrowser {
    /// When it came in.
    pub since: UnixMs,
    /// When it was there last, to the hour.
    pub seen: UnixMs,
    /// What it is called; may be empty.
    pub agent: String,
    /// The owner's phone, where it came in with one.
    pub phone: Option<PhoneId>,
}

/// Whom a sender's camera apps share with. In the sender's order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// Their ids. Who was removed since, or is no contact any more, may still stand here.
    pub users: Vec<UserId>,
}

/// How a sender stands with a user whom something of theirs has reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The user has allowed them: they ring as those of the household do.
    pub allowed: bool,
    /// When they last asked to be allowed.
    pub asked_at: Option<UnixMs>,
    /// What of theirs rang last, the oldest first, and when.
    pub rung: Vec<(UnixMs, ShareId)>,
}

/// Who made an invitation. It is worth nothing any more once they are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inviter {
    /// The owner, on the gateway itself or in a browser of theirs.
    #[default]
    Owner,
    /// The owner's phone, on the owner's page.
    Phone(PhoneId),
    /// A user at a TV.
    Tv(TvId, UserId),
}

/// A code with which one phone may enrol, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Whom it is meant for, in the owner's words.
    pub name: Option<String>,
    /// When it was made.
    pub made_at: UnixMs,
    /// How long it holds.
    pub ttl_ms: u64,
    /// The household the phone will belong to.
    pub account: Option<AccountId>,
    /// Who made it.
    pub by: Inviter,
}

/// One act of sharing: one sender, one video, some users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Its id.
    pub id: ShareId,
    /// Who shares.
    pub sender: SenderId,
    /// What is shared.
    pub kind: Kind,
    /// What the sender calls it.
    pub title: Option<String>,
    /// Where it stands.
    pub state: ShareState,
    /// The token of its publish address.
    pub token: TokenHash,
    /// When it was created.
    pub created_at: UnixMs,
    /// When its media first arrived.
    pub started_at: Option<UnixMs>,
    /// When it ended.
    pub ended_at: Option<UnixMs>,
    /// When it expired.
    pub expired_at: Option<UnixMs>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// Length of its recording, once known.
    pub duration_ms: Option<u64>,
    /// What its stream is made of, once known.
    pub media: Option<MediaInfo>,
    /// Why its recording is missing or stops early, in words for people.
    pub recording_failure: Option<String>,
    /// Whom it is for, each once.
    pub targets: Vec<Target>,
    /// Whether the owner keeps it: then neither time nor a full disk takes it.
    pub kept: bool,
    /// What its sender is told of it although it is all right.
    pub notes: Vec<Note>,
}

/// What the sender of a clip is told of it, although it could be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// It plays without sound, which is coded in this.
    WithoutSound(String),
    /// It was trimmed inside of groups of pictures that can't be coded again: pictures are missing at its ends.
    Shortened,
}

impl Note {
    /// A stable name for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::WithoutSound(_) => "without_sound",
            Self::Shortened => "shortened",
        }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WithoutSound(codec) => write!(
                f,
                "The video plays without sound: its sound is {codec}, which TVs don't take; film or export it with AAC"
            ),
            Self::Shortened => f.write_str(
                "A little is missing where the video was trimmed, since what was cut away is not to be seen; export it as \
                 a new video, and send that, to have it all",
            ),
        }
    }
}

impl Share {
    /// The side of `user`, if the share is for them.
    pub fn target(&self, user: UserId) -> Option<&Target> {
        self.targets.iter().find(|target| target.user == user)
    }

    pub(crate) fn target_mut(&mut self, user: UserId) -> Option<&mut Target> {
        self.targets.iter_mut().find(|target| target.user == user)
    }

    /// Whether everyone it came to has seen it.
    pub fn all_seen(&self) -> bool {
        self.targets.iter().all(|target| target.seen || target.place.is_none())
    }
}

/// One user's side of a share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Who.
    pub user: UserId,
    /// Where it stands.
    pub state: TargetState,
    /// Whether the user has seen it.
    pub seen: bool,
    /// Its place in the user's inbox; `None` before it arrives and after it was deleted there.
    pub place: Option<u64>,
    /// Whether the user has deleted it.
    pub deleted: bool,
    /// Where in the video the user was when they last left it.
    pub position_ms: u64,
}

/// What a stream is made of, in words for players and people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// The pictures' codec, such as `avc1.42c01f` (RFC 6381).
    pub codec: String,
    /// The sound's codec, such as `mp4a.40.2`; `None` without sound.
    pub audio_codec: Option<String>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pictures a second; 0 while unknown.
    pub frame_rate: f64,
    /// Bits a second, sound and pictures; 0 while unknown.
    pub bits_per_second: u64,
}

impl MediaInfo {
    /// The media type for `MediaSource.isTypeSupported`.
    pub fn mime(&self) -> String {
        match &self.audio_codec {
            Some(audio) => format!("video/mp4; codecs=\"{},{}\"", self.codec, audio),
            None => format!("video/mp4; codecs=\"{}\"", self.codec),
        }
    }
}

/// How many entries an inbox has, and what the next one's place is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxCounts {
    /// Place of the next entry; places only rise.
    pub next: u64,
    /// Entries.
    pub total: u64,
    /// Entries not seen.
    pub unseen: u64,
}

/// What is said of an ended share where those that may go are listed by age: those that the owner doesn't keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Whether everyone it came to has seen it.
    pub all_seen: bool,
}
