//! What the owner is told, a type for each answer. The fields' names are those of the API (docs/api.md); ids and dates are
//! written as they are everywhere.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::channels::ChannelsAnswer;
use crate::admin::addresses::Addresses;
use crate::ground::id::UserId;
use crate::ground::time::UnixMs;
use crate::iptv::Channels;
use crate::lifecycle::strays::KeptAside;
use crate::share::{Account, Holder, MediaInfo, NewShare, OwnerReport, PhoneReport, Report, Scope, Steward, Tv, User};
use crate::wire::address::{PlayAddress, RtspAddress, WebSocketAddress, photo_url};

/// What is said when a verb was carried out. Only the fields are written, not the variant's name.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "the names are the API's; docs/api.md says what each is")]
pub enum Answer {
    Account(AccountAnswer),
    Accounts {
        accounts: Vec<AccountAnswer>,
    },
    User(UserAnswer),
    Users {
        users: Vec<UserAnswer>,
    },
    UserRemoved {
        user_id: String,
        removed: Done,
    },
    Tv(TvAnswer),
    Tvs {
        tvs: Vec<TvAnswer>,
    },
    TvRemoved {
        tv_id: String,
        removed: Done,
    },
    Code(CodeAnswer),
    Phone(PhoneAnswer),
    Phones {
        phones: Vec<PhoneAnswer>,
    },
    PhoneRevoked {
        phone_id: String,
        revoked: Done,
    },
    Shares {
        shares: Vec<ShareAnswer>,
    },
    Share(Box<ShareReport>),
    ShareStopped {
        share_id: String,
        stopped: Done,
    },
    ShareDeleted {
        share_id: String,
        deleted: Done,
    },
    NewShare(NewShareAnswer),
    Channels(ChannelsAnswer),
    Owners {
        owners: Vec<OwnerAnswer>,
    },
    OwnerEnded {
        owner_id: String,
        ended: Done,
    },
    OwnersEnded {
        ended: usize,
    },
    Unclaimed {
        unclaimed: Done,
    },
    BackedUp {
        file: PathBuf,
        backed_up: Done,
    },
    Restored {
        file: PathBuf,
        restored: Done,
        #[serde(flatten)]
        aside: Option<KeptAside>,
    },
}

/// It was done: written as `true`.
#[derive(Debug)]
pub struct Done;

impl Serialize for Done {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

/// A household.
#[derive(Debug, Serialize)]
pub struct AccountAnswer {
    account_id: String,
    name: String,
    country: Option<String>,
    created_at: String,
}

/// A user.
#[derive(Debug, Serialize)]
pub struct UserAnswer {
    user_id: String,
    account_id: String,
    name: String,
    msisdn: Option<String>,
    email: Option<String>,
    has_pin: bool,
    photo_url: Option<String>,
    created_at: String,
}

/// A TV.
#[derive(Debug, Serialize)]
pub struct TvAnswer {
    tv_id: String,
    account_id: Option<String>,
    name: String,
    signed_in: Vec<String>,
    created_at: String,
}

/// A phone and whose it is.
#[derive(Debug, Serialize)]
pub struct PhoneAnswer {
    phone_id: String,
    sender_id: String,
    account_id: Option<String>,
    name: String,
    msisdn: Option<String>,
    email: Option<String>,
    photo_url: Option<String>,
    phone_name: Option<String>,
    owner: bool,
    created_at: String,
}

/// A code that lets someone in, and the address that has it.
#[derive(Debug, Serialize)]
pub struct CodeAnswer {
    code: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A browser of the owner's.
#[derive(Debug, Serialize)]
pub struct OwnerAnswer {
    owner_id: String,
    browser: String,
    since: String,
    seen_at: String,
    phone_id: Option<String>,
}

/// A share, as lists have it.
#[derive(Debug, Serialize)]
pub struct ShareAnswer {
    share_id: String,
    state: &'static str,
    kind: &'static str,
    title: Option<String>,
    sender_id: String,
    sender_name: String,
    created_at: String,
    started_at: Option<String>,
    duration_ms: Option<u64>,
    kept: bool,
}

/// A share with all there is to know of it.
#[derive(Debug, Serialize)]
pub struct ShareReport {
    #[serde(flatten)]
    share: ShareAnswer,
    ended_at: Option<String>,
    end_reason: Option<&'static str>,
    recording_failure: Option<String>,
    targets: Vec<TargetAnswer>,
    viewers: usize,
    media: Option<MediaAnswer>,
}

/// Whom a share is for.
#[derive(Debug, Serialize)]
pub struct TargetAnswer {
    user_id: String,
    name: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    latency_from: Option<&'static str>,
}

/// What a share's stream is made of.
#[derive(Debug, Serialize)]
pub struct MediaAnswer {
    codec: String,
    audio_codec: Option<String>,
    width: u32,
    height: u32,
    frame_rate: f64,
    bits_per_second: u64,
}

/// A new share: where it is published, and where it can be played.
#[derive(Debug, Serialize)]
pub struct NewShareAnswer {
    share_id: String,
    state: &'static str,
    publish: PublishAddresses,
    /// Names and addresses, as the API has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    play: Option<BTreeMap<&'static str, String>>,
}

/// Where a share is published.
#[derive(Debug, Serialize)]
pub struct PublishAddresses {
    rtsp_url: String,
    websocket_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtsps_url: Option<String>,
}

impl Answer {
    pub(super) fn account(account: &Account) -> Self {
        Self::Account(account.into())
    }

    pub(super) fn accounts(accounts: &[Account]) -> Self {
        Self::Accounts { accounts: all(accounts) }
    }

    pub(super) fn user(user: &User) -> Self {
        Self::User(user.into())
    }

    pub(super) fn users(users: &[User]) -> Self {
        Self::Users { users: all(users) }
    }

    pub(super) fn tv(tv: &Tv) -> Self {
        Self::Tv(tv.into())
    }

    pub(super) fn tvs(tvs: &[Tv]) -> Self {
        Self::Tvs { tvs: all(tvs) }
    }

    pub(super) fn phone(phone: &PhoneReport) -> Self {
        Self::Phone(phone.into())
    }

    pub(super) fn phones(phones: &[PhoneReport]) -> Self {
        Self::Phones { phones: all(phones) }
    }

    pub(super) fn owners(owners: &[OwnerReport]) -> Self {
        Self::Owners { owners: all(owners) }
    }

    pub(super) fn share(report: &Report) -> Self {
        Self::Share(Box::new(report.into()))
    }

    pub(super) fn shares(reports: &[Report]) -> Self {
        Self::Shares { shares: all(reports) }
    }

    pub(super) fn channels(channels: &Channels) -> Self {
        Self::Channels(ChannelsAnswer::of(channels))
    }

    pub(super) fn code(code: &str, url: String, expires_at: Option<UnixMs>) -> Self {
        let expires_at = expires_at.map(|date| date.to_string());
        Self::Code(CodeAnswer { code: code.to_owned(), url, expires_at, note: None })
    }

    /// An invitation, and what is to be known of it.
    pub(super) fn invite(code: &str, url: String, expires_at: UnixMs, note: Option<String>) -> Self {
        Self::Code(CodeAnswer { code: code.to_owned(), url, expires_at: Some(expires_at.to_string()), note })
    }

    /// A new share, with the addresses at which `player` may play it.
    pub(super) fn new_share(new: &NewShare, player: Option<UserId>, steward: &Steward, addresses: &Addresses) -> Self {
        let (share, token) = (new.share.id, &new.publish_token);
        let address = RtspAddress::Share(token);
        let play = player.map(|user| {
            let ticket = steward.ticket(share, Holder { user, tv: None }, Scope::Play);
            let url = |(name, address)| (name, format!("{}{address}", addresses.http));
            PlayAddress::offered(share, &ticket).map(url).collect()
        });
        Self::NewShare(NewShareAnswer {
            share_id: share.to_string(),
            state: new.share.state.as_str(),
            publish: PublishAddresses {
                rtsp_url: format!("{}{address}", addresses.rtsp),
                websocket_url: WebSocketAddress(token).url(&addresses.http),
                rtsps_url: addresses.rtsps.as_ref().map(|rtsps| format!("{rtsps}{address}")),
            },
            play,
        })
    }
}

fn all<'a, R, A: From<&'a R>>(rows: &'a [R]) -> Vec<A> {
    rows.iter().map(A::from).collect()
}

impl From<&Account> for AccountAnswer {
    fn from(account: &Account) -> Self {
        Self {
            account_id: account.id.to_string(),
            name: account.name.clone(),
            country: account.country.clone(),
            created_at: account.created_at.to_string(),
        }
    }
}

impl From<&User> for UserAnswer {
    fn from(user: &User) -> Self {
        Self {
            user_id: user.id.to_string(),
            account_id: user.account.to_string(),
            name: user.name.clone(),
            msisdn: user.msisdn.clone(),
            email: user.email.clone(),
            has_pin: user.pin.is_some(),
            photo_url: photo_url(user.photo),
            created_at: user.created_at.to_string(),
        }
    }
}

impl From<&Tv> for TvAnswer {
    fn from(tv: &Tv) -> Self {
        Self {
            tv_id: tv.id.to_string(),
            account_id: tv.account.map(|account| account.to_string()),
            name: tv.name.clone(),
            signed_in: tv.signed_in.iter().map(|signed_in| signed_in.user.to_string()).collect(),
            created_at: tv.created_at.to_string(),
        }
    }
}

impl From<&PhoneReport> for PhoneAnswer {
    fn from(PhoneReport { phone, sender }: &PhoneReport) -> Self {
        Self {
            phone_id: phone.id.to_string(),
            sender_id: sender.id.to_string(),
            account_id: sender.account.map(|account| account.to_string()),
            name: sender.name.clone(),
            msisdn: sender.msisdn.clone(),
            email: sender.email.clone(),
            photo_url: photo_url(sender.photo),
            phone_name: phone.name.clone(),
            owner: phone.is_owners,
            created_at: phone.created_at.to_string(),
        }
    }
}

impl From<&OwnerReport> for OwnerAnswer {
    fn from(OwnerReport { id, browser }: &OwnerReport) -> Self {
        Self {
            owner_id: id.clone(),
            browser: browser.agent.clone(),
            since: browser.since.to_string(),
            seen_at: browser.seen.to_string(),
            phone_id: browser.phone.map(|phone| phone.to_string()),
        }
    }
}

impl From<&Report> for ShareAnswer {
    fn from(report: &Report) -> Self {
        let share = &report.share;
        Self {
            share_id: share.id.to_string(),
            state: share.state.as_str(),
            kind: share.kind.as_str(),
            title: share.title.clone(),
            sender_id: share.sender.to_string(),
            sender_name: report.sender.name.clone(),
            created_at: share.created_at.to_string(),
            started_at: share.started_at.map(|date| date.to_string()),
            duration_ms: report.duration_ms,
            kept: share.kept,
        }
    }
}

impl From<&Report> for ShareReport {
    fn from(report: &Report) -> Self {
        let share = &report.share;
        let target = |target: &crate::share::TargetReport| TargetAnswer {
            user_id: target.user.to_string(),
            name: target.name.clone(),
            state: target.state.as_str(),
            latency_ms: target.delay.map(|delay| delay.ms),
            latency_from: target.delay.map(|delay| delay.from()),
        };
        Self {
            share: report.into(),
            ended_at: share.ended_at.map(|date| date.to_string()),
            end_reason: share.end_reason.map(|reason| reason.as_str()),
            recording_failure: share.recording_failure.clone(),
            targets: report.targets.iter().map(target).collect(),
            viewers: report.viewers,
            media: share.media.as_ref().map(MediaAnswer::from),
        }
    }
}

impl From<&MediaInfo> for MediaAnswer {
    fn from(media: &MediaInfo) -> Self {
        let MediaInfo { codec, audio_codec, width, height, frame_rate, bits_per_second } = media.clone();
        Self { codec, audio_codec, width, height, frame_rate, bits_per_second }
    }
}
