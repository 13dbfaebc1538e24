//! The owner's verbs: every `lareira admin` verb as a value, and what it does, as a call of the steward. The answer is
//! one JSON value with the API's field names, whether it was asked over the control socket or on the spot.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::admin::channels;
use crate::ground::id::{AccountId, PhoneId, UserId};
use crate::ground::limits;
use crate::http::{self, AdminRefused, OwnerAdmin, PhotoOf, PhotoRefused, Photos as _};
use crate::iptv::Channels;
use crate::lifecycle::gallery::Gallery;
use crate::lifecycle::strays::Strays;
use crate::node::now::Now;
use crate::share::{
    Account, Asker, Belongings, Holder, Inviter, MediaInfo, NewPin, NewShare, NewUser, OwnerReport, PhoneReport,
    ProfileChange, Report, Scope, Share, ShareError, Steward, Tv, User, photo_url,
};

/// Something the owner wants done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the words of the command line; `usage.txt` says what each is")]
pub enum Verb {
    AccountAdd { name: String, country: Option<String> },
    AccountList,
    UserAdd { account: String, name: String, msisdn: Option<String>, email: Option<String>, pin: Option<String> },
    UserList,
    UserSet { user: String, name: Option<String>, msisdn: Option<String>, email: Option<String>, pin: SetPin },
    UserPhoto { user: String, file: PathBuf, base64: String },
    UserRemove { user: String },
    TvList,
    TvRename { tv: String, name: String },
    TvApprove { code: String, account: String, name: Option<String> },
    TvRemove { tv: String },
    Invite { name: Option<String>, account: Option<String>, ttl_ms: u64 },
    PhoneList,
    PhoneRename { phone: String, name: String },
    PhoneJoin { phone: String, account: String },
    PhoneLeave { phone: String },
    PhoneRevoke { phone: String },
    ShareList,
    ShareShow { share: String },
    ShareStop { share: String },
    ShareDelete { share: String },
    ShareKeep { share: String },
    ShareUnkeep { share: String },
    ShareNew { to: Vec<String>, from: Option<String> },
    Owner,
    OwnerList,
    OwnerEnd { owner: String },
    OwnerEndAll,
    ClaimCode,
    Unclaim { yes: bool },
    ChannelList,
    ChannelRefresh,
    Backup { file: PathBuf },
    Restore { file: PathBuf },
}

impl Verb {
    /// Whether it is about what a running gateway alone knows.
    pub fn needs_gateway(&self) -> bool {
        matches!(self, Self::TvApprove { .. } | Self::ClaimCode)
    }
}

/// What becomes of a user's PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetPin {
    /// It stays.
    Same,
    /// There is none any more.
    None,
    /// These digits.
    Digits(String),
}

/// Where the gateway is found, for the addresses in answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Such as `http://192.168.1.2:8080`.
    pub http: String,
    /// Such as `https://192.168.1.2:8443`; `None` while nothing is there.
    pub https: Option<String>,
    /// Such as `rtsp://192.168.1.2:8554`.
    pub rtsp: String,
    /// Such as `rtsps://192.168.1.2:8322`; `None` while nothing is there.
    pub rtsps: Option<String>,
}

/// What a gateway listens on.
#[derive(Clone, Copy, Debug)]
pub struct Doors {
    /// Pages, API and playback.
    pub http: SocketAddr,
    /// The same over TLS, where it is.
    pub https: Option<SocketAddr>,
    /// Where phones and cameras publish.
    pub rtsp: SocketAddr,
    /// The same over TLS, where it is.
    pub rtsps: Option<SocketAddr>,
}

impl Addresses {
    /// What a phone opens to be enrolled with `code`.
    fn invite(&self, code: &str) -> String {
        format!("{}/go/?code={code}", self.http)
    }

    /// What a phone opens to claim the house with the gateway's code.
    pub fn claim(&self, code: &str) -> String {
        format!("{}/go/#claim={code}", self.http)
    }

    /// The addresses of a gateway with these doors: by its first name where it has one, else by number.
    pub fn new(doors: Doors, names: &[String]) -> Self {
        let host = |ip: IpAddr| match (names.first(), ip) {
            (Some(name), _) => name.clone(),
            (None, ip) if ip.is_unspecified() => own_address().map_or("localhost".into(), in_url),
            (None, ip) => in_url(ip),
        };
        let url = |scheme: &str, door: SocketAddr| format!("{scheme}://{}:{}", host(door.ip()), door.port());
        Self {
            http: url("http", doors.http),
            https: doors.https.map(|door| url("https", door)),
            rtsp: url("rtsp", doors.rtsp),
            rtsps: doors.rtsps.map(|door| url("rtsps", door)),
        }
    }
}

fn in_url(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// The address this machine has towards its network. Nothing is sent: the system is asked for the way to an address
/// that is kept for documentation (RFC 5737).
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Stable, for programs.
    pub code: String,
    /// For people; says what to do.
    pub message: String,
    /// The HTTP status that says the same; 0 where it came over the control socket.
    #[serde(skip)]
    pub status: u16,
}

impl From<ShareError> for Refused {
    fn from(error: ShareError) -> Self {
        Self { code: error.code().into(), message: error.to_string(), status: http::status_of(&error) }
    }
}

impl From<PhotoRefused> for Refused {
    fn from(refused: PhotoRefused) -> Self {
        Self { code: refused.code.into(), message: refused.message, status: refused.status }
    }
}

/// The owner's verbs as the owner's page knows them.
pub struct OwnerPage {
    /// Where verbs are carried out.
    pub admin: Arc<Admin>,
    /// Who knows what is going on.
    pub now: Now,
}

impl OwnerAdmin for OwnerPage {
    fn carry_out(&self, verb: Value, by: Inviter) -> Result<Value, AdminRefused> {
        let verb: Verb = serde_json::from_value(verb).map_err(|error| AdminRefused {
            status: 400,
            code: "bad_verb".into(),
            message: format!("this is no verb of the owner's: {error}"),
        })?;
        // These name files of the gateway's own machine, let another browser in, or take all: whoever may do that sits there.
        let is_of_the_gateway = matches!(verb, Verb::Backup { .. } | Verb::Restore { .. } | Verb::Owner)
            || matches!(verb, Verb::ClaimCode | Verb::Unclaim { .. });
        if is_of_the_gateway {
            let message = "this is done on the gateway itself, with `lareira admin`".into();
            return Err(AdminRefused { status: 403, code: "not_here".into(), message });
        }
        self.admin.execute_by(by, &verb).map_err(|Refused { code, message, status }| AdminRefused {
            status,
            code,
            message,
        })
    }

    fn invite_url(&self, code: &str) -> String {
        self.admin.addresses.invite(code)
    }

    fn now(&self) -> Value {
        self.now.look()
    }
}

/// Where verbs are carried out.
pub struct Admin {
    /// Who decides.
    pub steward: Arc<Steward>,
    /// Who draws and keeps photos.
    pub gallery: Arc<Gallery>,
    /// Where the gateway is found.
    pub addresses: Addresses,
    /// The TV channels of a gateway that runs.
    pub channels: Option<Arc<Channels>>,
    /// Who looks for recordings that no share has.
    pub strays: Arc<Strays>,
}

impl Admin {
    /// Does what the owner asks on the gateway itself. Blocks while it is done.
    pub fn execute(&self, verb: &Verb) -> Result<Value, Refused> {
        self.execute_by(Inviter::Owner, verb)
    }

    /// Does what is asked where whoever invites is `by`. Blocks while it is done.
    fn execute_by(&self, by: Inviter, verb: &Verb) -> Result<Value, Refused> {
        // Whatever is wrong with one verb, whoever asked waits for an answer, and others ask after them.
        catch_unwind(AssertUnwindSafe(|| self.carry_out(by, verb))).unwrap_or_else(|_| {
            let message = "this broke off: a fault of the program; look at the log, and try again".into();
            Err(Refused { code: "broke_off".into(), message, status: 500 })
        })
    }

    fn carry_out(&self, by: Inviter, verb: &Verb) -> Result<Value, Refused> {
        let (steward, addresses) = (&*self.steward, &self.addresses);
        Ok(match verb {
            Verb::AccountAdd { name, country } => account_json(&steward.add_account(name, country.as_deref())?),
            Verb::AccountList => json!({ "accounts": all(&steward.accounts()?, account_json) }),
            Verb::UserAdd { account, name, msisdn, email, pin } => user_json(&steward.add_user(NewUser {
                account: find_account(steward, account)?,
                name: name.clone(),
                msisdn: msisdn.clone(),
                email: email.clone(),
                pin: pin.clone(),
            })?),
            Verb::UserList => json!({ "users": all(&steward.users(None)?, user_json) }),
            Verb::UserSet { user, name, msisdn, email, pin } => {
                let change = ProfileChange { name: name.clone(), msisdn: msisdn.clone(), email: email.clone() };
                let pin = match pin {
                    SetPin::Same => NewPin::Same,
                    SetPin::None => NewPin::None,
                    SetPin::Digits(digits) => NewPin::Digits(digits.clone()),
                };
                user_json(&steward.change_user(find_user(steward, user)?, change, pin)?)
            }
            Verb::UserPhoto { user, base64, .. } => self.set_photo(user, base64)?,
            Verb::UserRemove { user } => {
                let user = find_user(steward, user)?;
                steward.remove_user(user)?;
                json!({ "user_id": user.to_string(), "removed": true })
            }
            Verb::TvList => json!({ "tvs": all(&steward.tvs()?, tv_json) }),
            Verb::TvApprove { code, account, name } => {
                tv_json(&steward.approve_tv(code, find_account(steward, account)?, name.as_deref())?)
            }
            Verb::TvRename { tv, name } => {
                tv_json(&steward.rename_tv(tv.parse().map_err(|_| ShareError::NotFound("TV"))?, name)?)
            }
            Verb::TvRemove { tv } => {
                steward.remove_tv(tv.parse().map_err(|_| ShareError::NotFound("TV"))?)?;
                json!({ "tv_id": tv, "removed": true })
            }
            Verb::Invite { name, account, ttl_ms } => {
                let account = account.as_deref().map(|account| find_account(steward, account)).transpose()?;
                let invite = steward.invite_by(by, name.as_deref(), account, Duration::from_millis(*ttl_ms))?;
                let url = addresses.invite(&invite.code);
                json!({ "code": invite.code, "url": url, "expires_at": invite.expires_at.to_string() })
            }
            Verb::PhoneList => {
                let phones = steward.phones()?;
                json!({ "phones": all(&phones, phone_json) })
            }
            Verb::PhoneRename { phone, name } => {
                let id = find_phone(phone)?;
                steward.rename_phone(id, name)?;
                self.phone(id)?
            }
            Verb::PhoneJoin { phone, account } => {
                let (id, account) = (find_phone(phone)?, find_account(steward, account)?);
                steward.belong(id, Some(account))?;
                self.phone(id)?
            }
            Verb::PhoneLeave { phone } => {
                let id = find_phone(phone)?;
                steward.belong(id, None)?;
                self.phone(id)?
            }
            Verb::PhoneRevoke { phone } => {
                steward.revoke_phone(find_phone(phone)?)?;
                json!({ "phone_id": phone, "revoked": true })
            }
            Verb::ShareList => {
                let mut shares = Vec::new();
                for share in steward.shares(0, limits::PAGE_ROWS)? {
                    let mut value = share_json(&share);
                    let report = steward.share(Asker::Owner, share.id)?;
                    value["sender_name"] = report.sender.name.into();
                    value["duration_ms"] = report.duration_ms.into();
                    shares.push(value);
                }
                json!({ "shares": shares })
            }
            Verb::ShareShow { share } => report_json(&steward.share(Asker::Owner, find_share(share)?)?),
            Verb::ShareStop { share } => {
                steward.stop_share(Asker::Owner, find_share(share)?)?;
                json!({ "share_id": share, "stopped": true })
            }
            Verb::ShareDelete { share } => {
                steward.withdraw_share(Asker::Owner, find_share(share)?)?;
                json!({ "share_id": share, "deleted": true })
            }
            Verb::ShareKeep { share } => self.keep(share, true)?,
            Verb::ShareUnkeep { share } => self.keep(share, false)?,
            Verb::ShareNew { to, from } => {
                let to = to.iter().map(|user| find_user(steward, user)).collect::<Result<Vec<_>, _>>()?;
                new_share_json(&steward.new_share_for_cameras(&to, from.as_deref())?, &to, steward, addresses)
            }
            Verb::ChannelList => channels::report(self.channels()?),
            Verb::ChannelRefresh => {
                let channels = self.channels()?;
                channels.refresh();
                channels::report(channels)
            }
            Verb::Owner => {
                let code = steward.owner_code()?;
                let url = format!("{}/admin/#{}", addresses.http, code.code);
                json!({ "code": code.code, "url": url, "expires_at": code.expires_at.to_string() })
            }
            Verb::OwnerList => json!({ "owners": all(&steward.owners()?, owner_json) }),
            Verb::OwnerEnd { owner } => {
                steward.end_owner(owner)?;
                json!({ "owner_id": owner, "ended": true })
            }
            Verb::OwnerEndAll => json!({ "ended": steward.end_owners()? }),
            Verb::ClaimCode => {
                let code = steward.claim_code()?;
                json!({ "code": code, "url": addresses.claim(&code) })
            }
            Verb::Unclaim { yes: false } => return Err(not_sure(&steward.belongings()?)),
            Verb::Unclaim { yes: true } => {
                steward.give_back()?;
                json!({ "unclaimed": true })
            }
            Verb::Backup { file } => {
                steward.books().backup(file).map_err(ShareError::from)?;
                json!({ "file": file, "backed_up": true })
            }
            Verb::Restore { file } => {
                self.gallery.spare_all();
                steward.restore(file)?;
                self.strays.told(json!({ "file": file, "restored": true }))
            }
        })
    }

    /// A phone as it is now.
    fn phone(&self, id: PhoneId) -> Result<Value, ShareError> {
        let phones = self.steward.phones()?;
        Ok(phone_json(phones.iter().find(|report| report.phone.id == id).ok_or(ShareError::NotFound("phone"))?))
    }

    /// Keeps a share, or lets it go with the others again.
    fn keep(&self, share: &str, kept: bool) -> Result<Value, Refused> {
        let share = find_share(share)?;
        self.steward.keep_share(share, kept)?;
        Ok(report_json(&self.steward.share(Asker::Owner, share)?))
    }

    /// The TV channels, if there are any.
    fn channels(&self) -> Result<&Channels, Refused> {
        self.channels.as_deref().filter(|channels| channels.has_list()).ok_or_else(|| Refused {
            code: "no_channels".into(),
            message: "no TV channels: set list in [channels] of config.toml, and start the gateway".into(),
            status: 404,
        })
    }

    /// Gives a user the photo in a file that was sent whole.
    fn set_photo(&self, user: &str, base64: &str) -> Result<Value, Refused> {
        let user = find_user(&self.steward, user)?;
        let file = STANDARD.decode(base64).map_err(|_| ShareError::Invalid("the photo came damaged".into()))?;
        let photo = self.gallery.keep(PhotoOf::Owner, file.into())?;
        if let Err(error) = self.steward.set_user_photo(user, Some(photo)) {
            self.gallery.discard(photo);
            return Err(error.into());
        }
        Ok(user_json(&self.steward.user(user)?))
    }
}

fn all<T>(rows: &[T], in_json: impl Fn(&T) -> Value) -> Vec<Value> {
    rows.iter().map(in_json).collect()
}

/// The account with this id, or the only one with this name.
fn find_account(steward: &Steward, text: &str) -> Result<AccountId, ShareError> {
    let accounts = steward.accounts()?;
    let known = accounts.iter().map(|account| (account.id, account.id.to_string(), account.name.as_str()));
    find(text, known, "account")
}

/// The user with this id, or the only one with this name.
fn find_user(steward: &Steward, text: &str) -> Result<UserId, ShareError> {
    let users = steward.users(None)?;
    find(text, users.iter().map(|user| (user.id, user.id.to_string(), user.name.as_str())), "user")
}

fn find<'a, I>(
    text: &str,
    known: impl Iterator<Item = (I, String, &'a str)>,
    what: &'static str,
) -> Result<I, ShareError> {
    let mut named = Vec::new();
    for (id, written, name) in known {
        if written == text {
            return Ok(id);
        }
        if name == text {
            named.push(id);
        }
    }
    match (named.pop(), named.is_empty()) {
        (Some(id), true) => Ok(id),
        (Some(_), false) => Err(ShareError::Invalid(format!("several are named “{text}”; give the {what}'s id"))),
        (None, _) => Err(ShareError::NotFound(what)),
    }
}

fn find_phone(text: &str) -> Result<PhoneId, ShareError> {
    text.parse().map_err(|_| ShareError::NotFound("phone"))
}

fn find_share(text: &str) -> Result<crate::ground::id::ShareId, ShareError> {
    text.parse().map_err(|_| ShareError::NotFound("share"))
}

fn not_sure(lost: &Belongings) -> Refused {
    let Belongings { accounts, users, tvs, phones, shares } = lost;
    Refused {
        code: "not_sure".into(),
        message: format!(
            "this gives the house back to nobody, for good: {accounts} households, {users} users, {tvs} TVs, {phones} phones \
             and {shares} shares with their recordings, every invitation, contact and setting of theirs, and the owner's \
             browsers are deleted. Take a copy with `lareira admin backup FILE` if in doubt; to do it, say \
             `lareira admin unclaim --yes`"
        ),
        status: 409,
    }
}

fn owner_json(owner: &OwnerReport) -> Value {
    let OwnerReport { id, browser } = owner;
    json!({
        "owner_id": id, "browser": browser.agent, "since": browser.since.to_string(),
        "seen_at": browser.seen.to_string(), "phone_id": browser.phone.map(|phone| phone.to_string()),
    })
}

fn account_json(account: &Account) -> Value {
    json!({
        "account_id": account.id.to_string(), "name": account.name, "country": account.country,
        "created_at": account.created_at.to_string(),
    })
}

fn user_json(user: &User) -> Value {
    json!({
        "user_id": user.id.to_string(), "account_id": user.account.to_string(), "name": user.name,
        "msisdn": user.msisdn, "email": user.email, "has_pin": user.pin.is_some(),
        "photo_url": photo_url(user.photo),
        "created_at": user.created_at.to_string(),
    })
}

fn tv_json(tv: &Tv) -> Value {
    let signed_in: Vec<_> = tv.signed_in.iter().map(|signed_in| signed_in.user.to_string()).collect();
    json!({
        "tv_id": tv.id.to_string(), "account_id": tv.account.map(|account| account.to_string()), "name": tv.name,
        "signed_in": signed_in, "created_at": tv.created_at.to_string(),
    })
}

fn phone_json(report: &PhoneReport) -> Value {
    let PhoneReport { phone, sender } = report;
    json!({
        "phone_id": phone.id.to_string(), "sender_id": sender.id.to_string(),
        "account_id": sender.account.map(|account| account.to_string()),
        "name": sender.name, "msisdn": sender.msisdn, "email": sender.email, "photo_url": photo_url(sender.photo),
        "phone_name": phone.name, "owner": phone.is_owners, "created_at": phone.created_at.to_string(),
    })
}

fn share_json(share: &Share) -> Value {
    json!({
        "share_id": share.id.to_string(), "state": share.state.as_str(), "kind": share.kind.as_str(),
        "title": share.title, "sender_id": share.sender.to_string(), "created_at": share.created_at.to_string(),
        "started_at": share.started_at.map(|date| date.to_string()), "duration_ms": share.duration_ms,
        "kept": share.kept,
    })
}

fn media_json(media: &MediaInfo) -> Value {
    json!({
        "codec": media.codec, "audio_codec": media.audio_codec, "width": media.width, "height": media.height,
        "frame_rate": media.frame_rate, "bits_per_second": media.bits_per_second,
    })
}

fn report_json(report: &Report) -> Value {
    let share = &report.share;
    let target = |target: &crate::share::TargetReport| {
        let mut value = json!({
            "user_id": target.user.to_string(), "name": target.name, "state": target.state.as_str(),
        });
        if let Some(latency_ms) = target.latency_ms {
            value["latency_ms"] = latency_ms.into();
        }
        value
    };
    let mut value = share_json(share);
    value["sender_name"] = report.sender.name.as_str().into();
    value["duration_ms"] = report.duration_ms.into();
    value["ended_at"] = share.ended_at.map(|date| date.to_string()).into();
    value["end_reason"] = share.end_reason.map(|reason| reason.as_str()).into();
    value["recording_failure"] = share.recording_failure.as_deref().into();
    value["targets"] = all(&report.targets, target).into();
    value["viewers"] = report.viewers.into();
    value["media"] = share.media.as_ref().map(media_json).into();
    value
}

/// The address at which a browser publishes with `token`: `ws` where pages come by `http`, `wss` where by `https`.
pub fn websocket_url(http: &str, token: &str) -> String {
    format!("ws{}/publish/{token}", http.strip_prefix("http").unwrap_or(http))
}

fn new_share_json(new: &NewShare, to: &[UserId], steward: &Steward, addresses: &Addresses) -> Value {
    let share = new.share.id;
    let mut value = json!({
        "share_id": share.to_string(),
        "state": new.share.state.as_str(),
        "publish": {
            "rtsp_url": format!("{}/live/{}", addresses.rtsp, new.publish_token),
            "websocket_url": websocket_url(&addresses.http, &new.publish_token),
        },
    });
    if let Some(rtsps) = &addresses.rtsps {
        value["publish"]["rtsps_url"] = format!("{rtsps}/live/{}", new.publish_token).into();
    }
    if let Some(user) = to.first() {
        let holder = Holder { user: *user, tv: None };
        let base = format!("{}/play/{share}/{}", addresses.http, steward.ticket(share, holder, Scope::Play));
        value["play"] = json!({
            "live_mp4_url": format!("{base}/live.mp4"),
            "hls_url": format!("{base}/index.m3u8"),
            "video_mp4_url": format!("{base}/video.mp4"),
            "thumbnail_url": format!("{base}/thumbnail.jpg"),
        });
    }
    value
}
