//! The steward.
#![allow(missing_docs, unused_variables, dead_code)]
use crate::ground::id::*;
use crate::ground::secret::SigningKey;
use crate::ground::time::Clock;
use crate::share::announcer::Announcer;
use crate::share::error::ShareError;
use crate::share::ledger::Books;
use crate::share::rows::*;
use crate::share::state::*;
use crate::share::ticket::TicketError;
use crate::share::views::*;
use std::sync::Arc;
use std::time::Duration;

/// The domain's service.
pub struct Steward {
    books: Arc<dyn Books>,
}

impl Steward {
    // core
    /// The steward of these books. Ends what a stopped gateway left half done.
    pub fn new(
        books: Arc<dyn Books>,
        clock: Arc<dyn Clock>,
        announcer: Arc<Announcer>,
        settings: ShareSettings,
    ) -> Result<Self, ShareError> {
        unimplemented!()
    }
    /// The announcer it tells.
    pub fn announcer(&self) -> &Arc<Announcer> {
        unimplemented!()
    }
    /// The key that signs tickets; made once, kept in the books.
    pub fn signing_key(&self) -> &SigningKey {
        unimplemented!()
    }
    /// A ticket with which `user` may play `share` for a day.
    pub fn ticket(&self, share: ShareId, user: UserId) -> String {
        unimplemented!()
    }
    /// Whom the ticket in a playback address lets play `share`, if they still may.
    pub fn open_ticket(&self, share: ShareId, ticket: &str) -> Result<UserId, TicketError> {
        unimplemented!()
    }
    /// Sets what is called when the stream of a share must end: it was stopped or withdrawn, or its phone was revoked.
    pub fn on_stream_unwanted(&self, hook: impl Fn(ShareId) + Send + Sync + 'static) {
        unimplemented!()
    }
    // people
    pub fn add_account(&self, name: &str) -> Result<Account, ShareError> {
        unimplemented!()
    }
    pub fn accounts(&self) -> Result<Vec<Account>, ShareError> {
        unimplemented!()
    }
    pub fn add_user(&self, user: NewUser) -> Result<User, ShareError> {
        unimplemented!()
    }
    pub fn user(&self, user: UserId) -> Result<User, ShareError> {
        unimplemented!()
    }
    pub fn users(&self, account: Option<AccountId>) -> Result<Vec<User>, ShareError> {
        unimplemented!()
    }
    pub fn remove_user(&self, user: UserId) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn new_tv(&self) -> Result<NewTv, ShareError> {
        unimplemented!()
    }
    pub fn tv_by_cookie(&self, cookie: &str) -> Result<Option<Tv>, ShareError> {
        unimplemented!()
    }
    /// The code an unpaired TV shows; a new one when the last is too old. `None` when it is paired.
    pub fn pairing_code(&self, tv: TvId) -> Result<Option<String>, ShareError> {
        unimplemented!()
    }
    pub fn approve_tv(&self, code: &str, account: AccountId, name: Option<&str>) -> Result<Tv, ShareError> {
        unimplemented!()
    }
    pub fn tvs(&self) -> Result<Vec<Tv>, ShareError> {
        unimplemented!()
    }
    pub fn remove_tv(&self, tv: TvId) -> Result<(), ShareError> {
        unimplemented!()
    }
    /// Signs `user` in on `tv`; the value of the `lareira_user` cookie.
    pub fn sign_in(&self, tv: TvId, user: UserId, pin: Option<&str>) -> Result<String, ShareError> {
        unimplemented!()
    }
    pub fn sign_out(&self, tv: TvId, user: UserId) -> Result<(), ShareError> {
        unimplemented!()
    }
    /// Who asks, by the TV's cookies. `None` when the TV cookie is none of ours.
    pub fn session(&self, tv_cookie: &str, user_cookie: Option<&str>) -> Result<Option<Session>, ShareError> {
        unimplemented!()
    }
    pub fn invite(&self, name: Option<&str>, ttl: Duration) -> Result<NewInvite, ShareError> {
        unimplemented!()
    }
    pub fn enrol(&self, code: &str, enrolment: Enrolment) -> Result<Enrolled, ShareError> {
        unimplemented!()
    }
    pub fn phone_by_token(&self, token: &str) -> Result<Option<(Phone, Sender)>, ShareError> {
        unimplemented!()
    }
    pub fn phones(&self) -> Result<Vec<PhoneReport>, ShareError> {
        unimplemented!()
    }
    pub fn revoke_phone(&self, phone: PhoneId) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn settings(&self, user: UserId) -> Result<Settings, ShareError> {
        unimplemented!()
    }
    pub fn set_settings(&self, user: UserId, settings: Settings) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn blocks(&self, user: UserId) -> Result<Vec<BlockedSender>, ShareError> {
        unimplemented!()
    }
    pub fn set_blocks(&self, user: UserId, blocked: Vec<SenderId>, delete_entries: bool) -> Result<(), ShareError> {
        unimplemented!()
    }
    // sharing
    pub fn create_share(
        &self,
        sender: SenderId,
        targets: &[UserId],
        kind: Kind,
        title: Option<&str>,
    ) -> Result<NewShare, ShareError> {
        unimplemented!()
    }
    /// A live share for a camera or a script; `from` is a sender's id or name, made if there is none yet.
    pub fn new_share_for_cameras(&self, to: &[UserId], from: Option<&str>) -> Result<NewShare, ShareError> {
        unimplemented!()
    }
    pub fn share(&self, asker: Asker, share: ShareId) -> Result<Report, ShareError> {
        unimplemented!()
    }
    pub fn shares(&self, offset: usize, limit: usize) -> Result<Vec<Share>, ShareError> {
        unimplemented!()
    }
    pub fn stop_share(&self, asker: Asker, share: ShareId) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn withdraw_share(&self, asker: Asker, share: ShareId) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn publisher_for_token(&self, token: &str) -> Result<ShareId, ShareError> {
        unimplemented!()
    }
    /// Media arrives: a pending share becomes preparing; one that lost its stream goes on.
    pub fn media_started(&self, share: ShareId) -> Result<(), ShareError> {
        unimplemented!()
    }
    /// A key frame was decoded: the share becomes ready and the TVs ring.
    pub fn ready(&self, share: ShareId, media: MediaInfo) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn media_changed(&self, share: ShareId, media: MediaInfo) -> Result<(), ShareError> {
        unimplemented!()
    }
    /// The stream is over. Said again, it only adds the duration.
    pub fn ended(&self, share: ShareId, reason: EndReason, duration_ms: Option<u64>) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn recording_failed(&self, share: ShareId, reason: &str) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn unfinished_shares(&self) -> Result<Vec<Unfinished>, ShareError> {
        unimplemented!()
    }
    /// Ends what waited too long, expires what is old; the recordings to delete. Cheap: call it every second or so.
    pub fn sweep(&self) -> Result<Vec<ShareId>, ShareError> {
        unimplemented!()
    }
    /// The recording of `share` is gone from the disk.
    pub fn recording_deleted(&self, share: ShareId) -> Result<(), ShareError> {
        unimplemented!()
    }
    /// Shares whose recordings may go when the disk is full, best first: seen by all, oldest first; then the others.
    pub fn quota_candidates(&self, limit: usize) -> Result<Vec<ShareId>, ShareError> {
        unimplemented!()
    }
    /// Ends the time of an ended share early, for the disk quota.
    pub fn expire_early(&self, share: ShareId) -> Result<(), ShareError> {
        unimplemented!()
    }
    // viewing
    pub fn inbox(&self, user: UserId, offset: u64, limit: usize) -> Result<InboxPage, ShareError> {
        unimplemented!()
    }
    pub fn entry(&self, user: UserId, share: ShareId) -> Result<Entry, ShareError> {
        unimplemented!()
    }
    pub fn accept(&self, user: UserId, share: ShareId, pin: Option<&str>, from: PlayFrom) -> Result<Entry, ShareError> {
        unimplemented!()
    }
    pub fn later(&self, user: UserId, share: ShareId) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn decline(&self, user: UserId, share: ShareId) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn watching(
        &self,
        user: UserId,
        share: ShareId,
        tv: TvId,
        position_ms: u64,
        latency_ms: Option<u64>,
    ) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn left(&self, user: UserId, share: ShareId, tv: TvId) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn delete_entry(&self, user: UserId, share: ShareId) -> Result<(), ShareError> {
        unimplemented!()
    }
    pub fn target_may_play(&self, share: ShareId, user: UserId) -> Result<bool, ShareError> {
        unimplemented!()
    }
}
