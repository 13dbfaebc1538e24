//! What the steward answers with, and what it is asked with, as values: no rows, no JSON, no secrets but those just made.

use std::time::Duration;

use crate::ground::id::{AccountId, PhoneId, PhotoId, SenderId, ShareId, TvId, UserId};
use crate::ground::not_ready::NotReady;
use crate::ground::time::UnixMs;
use crate::share::model::rows::{Account, MediaInfo, OwnerBrowser, Phone, Sender, Share, Tv, User};
use crate::share::model::state::{EndReason, Kind, ShareState, TargetState};

/// What the owner can set about shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareSettings {
    /// How long an ended share can be watched.
    pub retention: Duration,
    /// How long a new share may wait for media.
    pub pending_timeout: Duration,
    /// How long a lost stream may take to come back.
    pub resume_window: Duration,
    /// Rounds of new PIN hashes.
    pub pin_rounds: u32,
    /// Live shares that may be under way at once: each keeps a stream's place from its creation to its end.
    pub streams: usize,
}

impl Default for ShareSettings {
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(30 * 24 * 3600),
            pending_timeout: Duration::from_secs(120),
            resume_window: Duration::from_secs(15),
            pin_rounds: crate::ground::crypto::PinHash::ROUNDS,
            streams: crate::ground::limits::ACTIVE_SHARES,
        }
    }
}

/// A user to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Their household.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Their phone number, in any usual international writing.
    pub msisdn: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Their PIN: 4 to 8 digits.
    pub pin: Option<String>,
}

/// What is to be changed of what someone says of themselves: `None` leaves it, an empty text takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// Their name; nobody is without one.
    pub name: Option<String>,
    /// Their phone number.
    pub msisdn: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
}

/// What becomes of a user's PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewPin {
    /// It stays.
    Same,
    /// There is none any more.
    None,
    /// It is this one: 4 to 8 digits.
    Digits(String),
}

/// A TV just seen for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTv {
    /// Its id.
    pub tv: TvId,
    /// The value of its `lareira_tv` cookie; not kept anywhere else.
    pub cookie: String,
    /// The code it shows.
    pub pairing_code: String,
}

/// What is known of whoever asks from a TV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The TV.
    pub tv: Tv,
    /// Its household, once it is paired.
    pub account: Option<Account>,
    /// The user signed in whose cookie was sent.
    pub user: Option<User>,
}

/// An invitation just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvite {
    /// The enrolment code: ten digits.
    pub code: String,
    /// Until when it holds.
    pub expires_at: UnixMs,
}

/// Who enrols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The sender's name.
    pub name: String,
    /// Their phone number, in any usual international writing.
    pub msisdn: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Their photo.
    pub photo: Option<PhotoId>,
}

/// A phone just enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The sender it belongs to.
    pub sender: SenderId,
    /// The phone.
    pub phone: PhoneId,
    /// Its bearer token; not kept anywhere else.
    pub token: String,
}

/// What whoever claims the house says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The code that a TV shows.
    pub code: String,
    /// The person's name.
    pub name: String,
    /// What the household is called.
    pub home: String,
    /// The calling code of its country.
    pub country: Option<String>,
    /// The person's photo, as TVs show who shares.
    pub photo: Option<PhotoId>,
    /// The same photo once more, as TVs show who watches: a photo has one owner, and goes with them.
    pub user_photo: Option<PhotoId>,
}

/// A house just claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The household.
    pub account: AccountId,
    /// Its first user.
    pub user: UserId,
    /// The same person as a sender.
    pub sender: SenderId,
    /// The bearer token of their phone; not kept anywhere else.
    pub token: String,
}

/// A browser of the owner's, and the name by which it is shown out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReport {
    /// Its name; worth nothing to whoever would come in.
    pub id: String,
    /// What is known of it.
    pub browser: OwnerBrowser,
}

/// How many of everything there are in the house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Households.
    pub accounts: usize,
    /// Their users.
    pub users: usize,
    /// Their TVs.
    pub tvs: usize,
    /// Phones that may share with them.
    pub phones: usize,
    /// Shares, with their recordings.
    pub shares: usize,
}

/// Someone in a phone's address book. Not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Their phone number, as it stands there.
    pub msisdn: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
}

/// Which of a phone's contacts are users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matches {
    /// The users, each once.
    pub matched: Vec<User>,
    /// Contacts that were looked at.
    pub considered: usize,
    /// Contacts that were too many, for one call or for one day.
    pub ignored: usize,
    /// Where they were too many for one day: when more are looked at.
    pub again_at: Option<UnixMs>,
}

/// A share just created.
#[derive(Clone, Debug, PartialEq)]
pub struct NewShare {
    /// The share.
    pub share: Share,
    /// The token of its publish address; not kept anywhere else.
    pub publish_token: String,
}

/// Who asks about a share from the sender's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A sender: sees and touches their own shares only.
    Sender(SenderId),
    /// The owner of the gateway.
    Owner,
}

/// A share as its sender sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The share.
    pub share: Share,
    /// Who shares.
    pub sender: Sender,
    /// Its targets, in the sender's order.
    pub targets: Vec<TargetReport>,
    /// TVs that play it at this moment.
    pub viewers: usize,
    /// Whether its stream is interrupted, and may come back.
    pub interrupted: bool,
    /// Why nothing of it can be shown yet.
    pub not_ready: Option<NotReady>,
    /// Its length: of the recording once it is over, so far while it is live.
    pub duration_ms: Option<u64>,
}

/// A page of a sender's own shares.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnShares {
    /// Shares in all.
    pub total: u64,
    /// The shares asked for, newest first.
    pub shares: Vec<Report>,
}

/// How far a TV's picture is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delay {
    /// How long.
    pub ms: u64,
    /// Whether this is the whole way from the camera, or from the gateway on, because the camera's clock can't be related.
    pub is_whole: bool,
}

impl Delay {
    /// Where it is counted from, in answers and events.
    pub fn from(self) -> &'static str {
        if self.is_whole { "camera" } else { "gateway" }
    }
}

/// One target as the sender sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetReport {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Where it stands.
    pub state: TargetState,
    /// How far its TV's picture is behind, while it watches live.
    pub delay: Option<Delay>,
}

/// A share as a user sees it: an entry of the inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The share.
    pub share: ShareId,
    /// Who shares.
    pub sender: SenderId,
    /// The sender's name.
    pub sender_name: String,
    /// The sender's photo.
    pub sender_photo: Option<PhotoId>,
    /// The number the sender says is theirs, where the user does not know the sender: they have yet to say whether they
    /// want to hear of them, and see nothing of what is shared before.
    pub introduction: Option<Introduction>,
    /// What the sender calls it.
    pub title: Option<String>,
    /// When its media first arrived.
    pub started_at: Option<UnixMs>,
    /// Its length: of the recording once it is over, so far while it is live.
    pub duration_ms: Option<u64>,
    /// Where it stands.
    pub state: ShareState,
    /// What is shared.
    pub kind: Kind,
    /// Whether the user has seen it.
    pub seen: bool,
    /// Where the user's side stands.
    pub target_state: TargetState,
    /// What its stream is made of, once known.
    pub media: Option<MediaInfo>,
    /// Why its recording is missing or stops early.
    pub recording_failure: Option<String>,
    /// Where in the video the user was when they last left it.
    pub position_ms: u64,
    /// Whether the user may play it now.
    pub may_play: bool,
    /// Why it is over, once it is.
    pub end_reason: Option<EndReason>,
    /// Whether its stream is interrupted, and may come back.
    pub interrupted: bool,
}

/// What a user is told of a sender they do not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The number the sender says is theirs.
    pub number: Option<String>,
}

/// A page of an inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxPage {
    /// Entries in the whole inbox.
    pub total: u64,
    /// Entries in the whole inbox not seen.
    pub unseen: u64,
    /// The entries asked for, newest first.
    pub entries: Vec<Entry>,
}

/// From where a share is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayFrom {
    /// The newest picture.
    Live,
    /// The first picture.
    Start,
}

/// A user's block list, as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedSender {
    /// The sender.
    pub sender: SenderId,
    /// Their name.
    pub name: String,
    /// Their photo.
    pub photo: Option<PhotoId>,
}

/// An enrolled phone and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneReport {
    /// The phone.
    pub phone: Phone,
    /// Its owner.
    pub sender: Sender,
}

/// Why a stream must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwanted {
    /// The share is over. What was streamed may still be played.
    Over,
    /// The share was withdrawn: nothing of it may be played any more, not even by a TV in the middle of it.
    Withdrawn,
}

/// A stream that was under way when the gateway stopped, or waits for its first media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The share.
    pub share: ShareId,
    /// What is shared: a stream, or a film that is sent or being prepared.
    pub kind: Kind,
    /// Where it stands.
    pub state: ShareState,
}
