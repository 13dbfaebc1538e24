//! The owner's verbs: every line of `lareira admin` as a value of [`Verb`], and what it does, as a call of the steward.
//!
//! Each answer is a type of its own (`answers`), written as JSON where it leaves: by the control socket or by the owner's
//! page, which ask for the very same. Who asks is known before; HTTP status codes don't come here.

mod answers;
mod channels;
mod find;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::admin::addresses::Addresses;
use crate::ground::id::PhoneId;
use crate::ground::limits;
use crate::iptv::Channels;
use crate::lifecycle::gallery::{Gallery, PhotoError, PhotoOf};
use crate::lifecycle::strays::Strays;
use crate::share::{Account, Asker, Belongings, Inviter, NewPin, NewUser, ProfileChange, ShareError, Steward};
use answers::Done;

pub use answers::Answer;

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

    /// Whether only who sits at the gateway may ask for it: it names files of that machine, lets another browser in, or
    /// takes all.
    pub fn is_for_the_command_line(&self) -> bool {
        matches!(
            self,
            Self::Backup { .. } | Self::Restore { .. } | Self::Owner | Self::ClaimCode | Self::Unclaim { .. }
        )
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

/// Why something was not done.
#[derive(Debug)]
pub enum NotDone {
    /// The steward's reason.
    Share(ShareError),
    /// The photo's.
    Photo(PhotoError),
    /// So much would be deleted for good, and nobody said that they are sure.
    NotSure(Belongings),
    /// There are no TV channels.
    NoChannels,
    /// The program has a fault.
    BrokeOff,
}

impl NotDone {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Share(error) => error.code(),
            Self::Photo(error) => error.code(),
            Self::NotSure(_) => "not_sure",
            Self::NoChannels => "no_channels",
            Self::BrokeOff => "broke_off",
        }
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(error) => error.fmt(f),
            Self::Photo(error) => error.fmt(f),
            Self::NotSure(Belongings { accounts, users, tvs, phones, shares }) => write!(
                f,
                "this gives the house back to nobody, for good: {accounts} households, {users} users, {tvs} TVs, \
                 {phones} phones and {shares} shares with their recordings, every invitation, contact and setting of \
                 theirs, and the owner's browsers are deleted. Take a copy with `lareira admin backup FILE` if in doubt; \
                 to do it, say `lareira admin unclaim --yes`"
            ),
            Self::NoChannels => {
                f.write_str("no TV channels: set list in [channels] of config.toml, and start the gateway")
            }
            Self::BrokeOff => f.write_str("this broke off: a fault of the program; look at the log, and try again"),
        }
    }
}
impl std::error::Error for NotDone {}

impl From<ShareError> for NotDone {
    fn from(error: ShareError) -> Self {
        Self::Share(error)
    }
}

impl From<PhotoError> for NotDone {
    fn from(error: PhotoError) -> Self {
        Self::Photo(error)
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
    pub fn execute(&self, verb: &Verb) -> Result<Answer, NotDone> {
        self.execute_by(Inviter::Owner, verb)
    }

    /// Does what is asked where whoever invites is `by`. Blocks while it is done.
    pub fn execute_by(&self, by: Inviter, verb: &Verb) -> Result<Answer, NotDone> {
        // Whatever is wrong with one verb, whoever asked waits for an answer, and others ask after them.
        catch_unwind(AssertUnwindSafe(|| self.carry_out(by, verb))).unwrap_or(Err(NotDone::BrokeOff))
    }

    fn carry_out(&self, by: Inviter, verb: &Verb) -> Result<Answer, NotDone> {
        let (steward, addresses) = (&*self.steward, &self.addresses);
        Ok(match verb {
            Verb::AccountAdd { name, country } => Answer::account(&steward.add_account(name, country.as_deref())?),
            Verb::AccountList => Answer::accounts(&steward.accounts()?),
            Verb::UserAdd { account, name, msisdn, email, pin } => Answer::user(&steward.add_user(NewUser {
                account: find::account(steward, account)?,
                name: name.clone(),
                msisdn: msisdn.clone(),
                email: email.clone(),
                pin: pin.clone(),
            })?),
            Verb::UserList => Answer::users(&steward.users(None)?),
            Verb::UserSet { user, name, msisdn, email, pin } => {
                let change = ProfileChange { name: name.clone(), msisdn: msisdn.clone(), email: email.clone() };
                let pin = match pin {
                    SetPin::Same => NewPin::Same,
                    SetPin::None => NewPin::None,
                    SetPin::Digits(digits) => NewPin::Digits(digits.clone()),
                };
                Answer::user(&steward.change_user(find::user(steward, user)?, change, pin)?)
            }
            Verb::UserPhoto { user, base64, .. } => self.set_photo(user, base64)?,
            Verb::UserRemove { user } => {
                let user = find::user(steward, user)?;
                steward.remove_user(user)?;
                Answer::UserRemoved { user_id: user.to_string(), removed: Done }
            }
            Verb::TvList => Answer::tvs(&steward.tvs()?),
            Verb::TvApprove { code, account, name } => {
                Answer::tv(&steward.approve_tv(code, find::account(steward, account)?, name.as_deref())?)
            }
            Verb::TvRename { tv, name } => Answer::tv(&steward.rename_tv(find::tv(tv)?, name)?),
            Verb::TvRemove { tv } => {
                steward.remove_tv(find::tv(tv)?)?;
                Answer::TvRemoved { tv_id: tv.clone(), removed: Done }
            }
            Verb::Invite { name, account, ttl_ms } => {
                let account = account.as_deref().map(|account| find::account(steward, account)).transpose()?;
                let invite = steward.invite_by(by, name.as_deref(), account, Duration::from_millis(*ttl_ms))?;
                let note = if account.is_none() { of_no_household(&steward.accounts()?) } else { None };
                Answer::invite(&invite.code, addresses.invite(&invite.code), invite.expires_at, note)
            }
            Verb::PhoneList => Answer::phones(&steward.phones()?),
            Verb::PhoneRename { phone, name } => {
                let id = find::phone(phone)?;
                steward.rename_phone(id, name)?;
                self.phone(id)?
            }
            Verb::PhoneJoin { phone, account } => {
                let (id, account) = (find::phone(phone)?, find::account(steward, account)?);
                steward.belong(id, Some(account))?;
                self.phone(id)?
            }
            Verb::PhoneLeave { phone } => {
                let id = find::phone(phone)?;
                steward.belong(id, None)?;
                self.phone(id)?
            }
            Verb::PhoneRevoke { phone } => {
                steward.revoke_phone(find::phone(phone)?)?;
                Answer::PhoneRevoked { phone_id: phone.clone(), revoked: Done }
            }
            Verb::ShareList => {
                let shares = steward.shares(0, limits::PAGE_ROWS)?;
                let reports = shares.iter().map(|share| steward.share(Asker::Owner, share.id));
                Answer::shares(&reports.collect::<Result<Vec<_>, _>>()?)
            }
            Verb::ShareShow { share } => Answer::share(&steward.share(Asker::Owner, find::share(share)?)?),
            Verb::ShareStop { share } => {
                steward.stop_share(Asker::Owner, find::share(share)?)?;
                Answer::ShareStopped { share_id: share.clone(), stopped: Done }
            }
            Verb::ShareDelete { share } => {
                steward.withdraw_share(Asker::Owner, find::share(share)?)?;
                Answer::ShareDeleted { share_id: share.clone(), deleted: Done }
            }
            Verb::ShareKeep { share } => self.keep(share, true)?,
            Verb::ShareUnkeep { share } => self.keep(share, false)?,
            Verb::ShareNew { to, from } => {
                let to = to.iter().map(|user| find::user(steward, user)).collect::<Result<Vec<_>, _>>()?;
                let new = steward.new_share_for_cameras(&to, from.as_deref())?;
                Answer::new_share(&new, to.first().copied(), steward, addresses)
            }
            Verb::ChannelList => Answer::channels(self.channels()?),
            Verb::ChannelRefresh => {
                let channels = self.channels()?;
                channels.refresh();
                Answer::channels(channels)
            }
            Verb::Owner => {
                let code = steward.owner_code()?;
                Answer::code(&code.code, addresses.owner(&code.code), Some(code.expires_at))
            }
            Verb::OwnerList => Answer::owners(&steward.owners()?),
            Verb::OwnerEnd { owner } => {
                steward.end_owner(owner)?;
                Answer::OwnerEnded { owner_id: owner.clone(), ended: Done }
            }
            Verb::OwnerEndAll => Answer::OwnersEnded { ended: steward.end_owners()? },
            Verb::ClaimCode => {
                let code = steward.claim_code()?;
                Answer::code(&code, addresses.claim(&code), None)
            }
            Verb::Unclaim { yes: false } => return Err(NotDone::NotSure(steward.belongings()?)),
            Verb::Unclaim { yes: true } => {
                steward.give_back()?;
                Answer::Unclaimed { unclaimed: Done }
            }
            Verb::Backup { file } => {
                steward.storage().backup(file).map_err(ShareError::from)?;
                Answer::BackedUp { file: file.clone(), backed_up: Done }
            }
            Verb::Restore { file } => {
                self.gallery.spare_all();
                steward.restore(file)?;
                Answer::Restored { file: file.clone(), restored: Done, aside: self.strays.sort_after_restore() }
            }
        })
    }

    /// A phone as it is now.
    fn phone(&self, id: PhoneId) -> Result<Answer, ShareError> {
        let phones = self.steward.phones()?;
        phones.iter().find(|report| report.phone.id == id).map(Answer::phone).ok_or(ShareError::NotFound("phone"))
    }

    /// Keeps a share, or lets it go with the others again.
    fn keep(&self, share: &str, kept: bool) -> Result<Answer, ShareError> {
        let share = find::share(share)?;
        self.steward.keep_share(share, kept)?;
        Ok(Answer::share(&self.steward.share(Asker::Owner, share)?))
    }

    /// The TV channels, if there are any.
    fn channels(&self) -> Result<&Channels, NotDone> {
        self.channels.as_deref().filter(|channels| channels.has_list()).ok_or(NotDone::NoChannels)
    }

    /// Gives a user the photo in a file that was sent whole.
    fn set_photo(&self, user: &str, base64: &str) -> Result<Answer, NotDone> {
        let user = find::user(&self.steward, user)?;
        let file = STANDARD.decode(base64).map_err(|_| ShareError::Invalid("the photo came damaged".into()))?;
        let photo = self.gallery.keep(PhotoOf::Owner, file.into())?;
        if let Err(error) = self.steward.set_user_photo(user, Some(photo)) {
            self.gallery.discard(photo);
            return Err(error.into());
        }
        Ok(Answer::user(&self.steward.user(user)?))
    }
}
/// What is said of an invitation that names no household, where there are several to choose from.
fn of_no_household(accounts: &[Account]) -> Option<String> {
    let mut names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    names.sort_unstable();
    let [first, _, ..] = names.as_slice() else { return None };
    Some(format!(
        "this phone will belong to none of the {} households ({}), and is a guest in each: name one with --account, such as \
         --account \"{}\", or add it later with phone join",
        accounts.len(),
        names.join(", "),
        first
    ))
}
