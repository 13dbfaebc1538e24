//! Shares, from their creation to their end: the sender's side and the stream's side.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, SenderId, ShareId, UserId};
use crate::ground::limits;
use crate::ground::not_ready::NotReady;
use crate::ground::time::UnixMs;
use crate::share::events::change::Ring;
use crate::share::events::news::News;
use crate::share::ledger::{Ledger, Order, Rows, all};
use crate::share::model::error::ShareError;
use crate::share::model::input;
use crate::share::model::rows::{Kept, MediaInfo, Note, Share, Target};
use crate::share::model::state::{EndReason, Kind, ShareState, TargetState};
use crate::share::model::views::Asker;
use crate::share::rules::{contacts, directory, inbox, ringing};

/// What a new share is made of.
pub struct Wish {
    /// Who asks for it: a sender shares with their contacts, the owner with anyone.
    pub asker: Asker,
    /// Who shares.
    pub sender: SenderId,
    /// With whom.
    pub targets: Vec<UserId>,
    /// What.
    pub kind: Kind,
    /// What the sender calls it.
    pub title: Option<String>,
    /// The token of its publish address.
    pub token: TokenHash,
    /// Live shares that may be under way at once.
    pub streams: usize,
}

/// Creates a share: pending, its targets invited.
pub fn create(ledger: &mut dyn Ledger, date: UnixMs, wish: Wish) -> Result<Share, ShareError> {
    ledger.sender(wish.sender)?.ok_or(ShareError::NotFound("sender"))?;
    if wish.targets.is_empty() {
        return Err(ShareError::Invalid("choose at least one person to share with".into()));
    }
    if wish.targets.len() > limits::SHARE_TARGETS {
        return Err(ShareError::Full(format!("a share is for {} people at most", limits::SHARE_TARGETS)));
    }
    if let Asker::Sender(sender) = wish.asker {
        contacts::check(ledger, sender, &wish.targets)?;
    }
    check_room(ledger, wish.asker, wish.kind, wish.streams)?;
    let mut targets: Vec<Target> = Vec::with_capacity(wish.targets.len());
    for user in wish.targets {
        if targets.iter().any(|target| target.user == user) {
            continue;
        }
        let barred = ringing::is_barred(ledger, &directory::user(ledger, user)?, wish.sender)?;
        let state = if barred { TargetState::Blocked } else { TargetState::Invited };
        targets.push(Target { user, state, seen: false, place: None, deleted: false, position_ms: 0 });
    }
    let share = Share {
        id: ShareId::new(date),
        sender: wish.sender,
        kind: wish.kind,
        title: input::title(wish.title.as_deref())?,
        state: ShareState::Pending,
        token: wish.token,
        created_at: date,
        started_at: None,
        ended_at: None,
        expired_at: None,
        end_reason: None,
        duration_ms: None,
        media: None,
        recording_failure: None,
        targets,
        kept: false,
        notes: Vec::new(),
    };
    ledger.put_share_token(share.token, &share.id)?;
    ledger.put_sender_share(own_key(&share), &())?;
    ledger.put_sender_count(share.sender, &(own_count(ledger, share.sender)? + 1))?;
    save(ledger, &share)?;
    Ok(share)
}

/// Refuses a share where too many are under way, in all or of the same sender, or where it would find no place among
/// `streams` live ones. A live share keeps its place from its creation on: whoever was told that they may go live can, for
/// as long as a share waits for media. Those who belong to no household have half of the places together.
pub fn check_room(ledger: &dyn Rows, asker: Asker, kind: Kind, streams: usize) -> Result<(), ShareError> {
    let (in_all, own) = match asker {
        Asker::Owner => (limits::ACTIVE_SHARES, None),
        Asker::Sender(sender) => (limits::ACTIVE_SHARES - limits::OWNERS_SHARES, ledger.sender(sender)?),
    };
    // What is over and only watched takes no stream's place.
    let unfinished = unfinished(ledger)?;
    if unfinished.len() >= in_all {
        return Err(ShareError::Full(format!("{in_all} shares are under way; wait until one ends")));
    }
    let live: Vec<_> = unfinished.iter().filter(|share| share.kind == Kind::Live).map(|share| share.sender).collect();
    if kind == Kind::Live && live.len() >= streams {
        return Err(ShareError::NoPlace(streams));
    }
    let Some(sender) = own else { return Ok(()) };
    let of_guests = streams.div_ceil(2);
    if kind == Kind::Live && sender.account.is_none() && guests(ledger, &live)? >= of_guests {
        return Err(ShareError::NoPlace(of_guests));
    }
    let most = if sender.account.is_some() { limits::UNFINISHED_OF_MEMBERS } else { limits::UNFINISHED_OF_OUTSIDERS };
    if unfinished.iter().filter(|share| share.sender == sender.id).count() >= most {
        return Err(ShareError::Full(format!("{most} of your shares are not over; stop one, or wait until one ends")));
    }
    Ok(())
}

/// How many of these senders are guests: of no household, and not the owner's cameras, which have no phone.
fn guests(ledger: &dyn Rows, senders: &[SenderId]) -> Result<usize, ShareError> {
    let mut phoned = BTreeSet::new();
    ledger.scan_phones(all(), Order::Rising, &mut |_, phone| {
        phoned.insert(phone.sender);
        ControlFlow::Continue(())
    })?;
    let mut guests = 0;
    for sender in senders.iter().filter(|sender| phoned.contains(sender)) {
        guests += usize::from(ledger.sender(*sender)?.is_some_and(|sender| sender.account.is_none()));
    }
    Ok(guests)
}

/// The shares to which media may still come.
pub fn unfinished(ledger: &dyn Rows) -> Result<Vec<Share>, ShareError> {
    let mut shares = Vec::new();
    for share in active_shares(ledger)? {
        shares.extend(ledger.share(share)?.filter(|share| share.state.is_unfinished()));
    }
    Ok(shares)
}

/// Writes a share, and its line in the lists that are read instead of all shares.
pub fn save(ledger: &mut dyn Ledger, share: &Share) -> Result<(), ShareError> {
    let watched = share.targets.iter().any(|target| target.state == TargetState::Watching);
    if share.state.is_unfinished() || watched {
        ledger.put_active_share(share.id, &())?;
    } else {
        ledger.remove_active_share(share.id)?;
    }
    if let (ShareState::Ended, Some(ended_at)) = (share.state, share.ended_at) {
        if share.kept {
            ledger.remove_kept_share((ended_at, share.id))?;
        } else {
            ledger.put_kept_share((ended_at, share.id), &Kept { all_seen: share.all_seen() })?;
        }
    }
    ledger.put_share(share.id, share)?;
    Ok(())
}

/// Where a share stands in the list of its sender's own.
fn own_key(share: &Share) -> ((SenderId, UnixMs), ShareId) {
    ((share.sender, share.created_at), share.id)
}

/// How many shares a sender has.
pub fn own_count(ledger: &dyn Rows, sender: SenderId) -> Result<u64, ShareError> {
    Ok(ledger.sender_count(sender)?.unwrap_or_default())
}

/// A sender's own shares, newest first: `limit` of them after the first `offset`.
pub fn own(ledger: &dyn Rows, sender: SenderId, offset: u64, limit: usize) -> Result<Vec<ShareId>, ShareError> {
    let mut skip = offset;
    let mut shares = Vec::new();
    let first = ((sender, UnixMs(i64::MIN)), ShareId([0; 10]));
    let last = ((sender, UnixMs(i64::MAX)), ShareId([255; 10]));
    let range = (Bound::Included(first), Bound::Included(last));
    ledger.scan_sender_shares(range, Order::Falling, &mut |(_, share), ()| {
        if shares.len() == limit {
            return ControlFlow::Break(());
        }
        if skip > 0 {
            skip -= 1;
        } else {
            shares.push(share);
        }
        ControlFlow::Continue(())
    })?;
    Ok(shares)
}

/// Gives a share another title, or none; the inboxes that have it hear of it.
pub fn rename(
    ledger: &mut dyn Ledger,
    news: &mut News,
    asker: Asker,
    id: ShareId,
    title: Option<&str>,
) -> Result<(), ShareError> {
    let mut share = find_for(ledger, asker, id)?;
    share.title = input::title(title)?;
    save(ledger, &share)?;
    for target in share.targets.iter().filter(|target| target.place.is_some()) {
        news.inbox(ledger, target.user)?;
    }
    Ok(())
}

/// Keeps a share, whatever its age and however full the disk is; or lets it go with the others again.
pub fn keep(ledger: &mut dyn Ledger, id: ShareId, kept: bool) -> Result<(), ShareError> {
    let mut share = find(ledger, id)?;
    if share.state == ShareState::Expired {
        return Err(ShareError::Over(share.state));
    }
    share.kept = kept;
    save(ledger, &share)
}

/// The share with this id.
pub fn find(ledger: &dyn Rows, share: ShareId) -> Result<Share, ShareError> {
    ledger.share(share)?.ok_or(ShareError::NotFound("share"))
}

/// The share with this id, if `asker` may see and touch it.
pub fn find_for(ledger: &dyn Rows, asker: Asker, share: ShareId) -> Result<Share, ShareError> {
    let share = find(ledger, share)?;
    match asker {
        Asker::Sender(sender) if sender != share.sender => Err(ShareError::NotFound("share")),
        _ => Ok(share),
    }
}

/// The shares that are not over, or that someone watches.
pub fn active_shares(ledger: &dyn Rows) -> Result<Vec<ShareId>, ShareError> {
    let mut shares = Vec::new();
    ledger.scan_active_shares(all(), Order::Rising, &mut |share, ()| {
        shares.push(share);
        ControlFlow::Continue(())
    })?;
    Ok(shares)
}

/// Which share the token of a publish address is for, if media may still come to it.
pub fn publisher(ledger: &dyn Rows, token: TokenHash) -> Result<ShareId, ShareError> {
    let share = ledger.share_token(token)?.ok_or(ShareError::NotFound("publish address"))?;
    let share = find(ledger, share)?;
    if share.kind == Kind::Clip {
        return Err(ShareError::Invalid("this share is a clip: send its file to /api/v1/shares/ID/video".into()));
    }
    match share.recording_failure {
        _ if share.state.is_unfinished() => Ok(share.id),
        Some(why) if NotReady::word_of(&why).is_some() => {
            Err(ShareError::Invalid(format!("this share is over: {why}")))
        }
        _ => Err(ShareError::Over(share.state)),
    }
}

/// The clip with this id, if `sender` may send its file.
pub fn clip_of(ledger: &dyn Rows, sender: SenderId, share: ShareId) -> Result<Share, ShareError> {
    let share = find_for(ledger, Asker::Sender(sender), share)?;
    match share.kind {
        Kind::Clip => Ok(share),
        Kind::Live => Err(ShareError::Invalid("this share is live: a file is taken by one of kind clip only".into())),
    }
}

fn step(share: &mut Share, to: ShareState) {
    assert!(share.state.may_become(to), "a share never goes from {:?} to {to:?}", share.state);
    share.state = to;
}

/// Moves a target's state where the table of states allows it; whether it moved.
pub fn step_target(target: &mut Target, to: TargetState) -> bool {
    let may = target.state.may_become(to);
    if may {
        target.state = to;
    }
    may
}

/// Media arrives: a pending share is being prepared from now on.
pub fn media_started(ledger: &mut dyn Ledger, news: &mut News, date: UnixMs, id: ShareId) -> Result<(), ShareError> {
    let mut share = find(ledger, id)?;
    match share.state {
        ShareState::Pending => {
            step(&mut share, ShareState::Preparing);
            share.started_at = Some(date);
            save(ledger, &share)?;
            news.share(ledger, &share)
        }
        ShareState::Preparing | ShareState::Ready => Ok(()),
        over => Err(ShareError::Over(over)),
    }
}

/// A key frame of the share was decoded: it comes to its targets, and the TVs of those ring who have no quiet hours now,
/// as far as its sender may ring.
pub fn ready(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    id: ShareId,
    media: MediaInfo,
) -> Result<(), ShareError> {
    media_started(ledger, news, date, id)?;
    let mut share = find(ledger, id)?;
    if share.state == ShareState::Ready {
        return media_changed(ledger, news, id, media);
    }
    step(&mut share, ShareState::Ready);
    let sender = ledger.sender(share.sender)?.ok_or(ShareError::NotFound("sender"))?;
    let mut rung = Vec::new();
    for target in share.targets.iter_mut().filter(|target| target.state == TargetState::Invited) {
        let user = directory::user(ledger, target.user)?;
        if ringing::is_barred(ledger, &user, share.sender)? {
            step_target(target, TargetState::Blocked);
        } else {
            step_target(target, TargetState::Notified);
            target.place = Some(inbox::arrive(ledger, user.id, id)?);
        }
        news.target(id, user.id, &user.name, target.state, None);
        if target.state == TargetState::Notified {
            rung.push(user);
        }
    }
    news.media(id, &media);
    share.media = Some(media);
    save(ledger, &share)?;
    news.share(ledger, &share)?;
    for user in rung {
        let manner = ringing::arrive(ledger, date, id, &sender, &user)?;
        if let Some(manner) = manner.filter(|_| !user.has_quiet(date)) {
            news.ring(ledger, &user, &sender, &share, manner)?;
        }
        news.inbox(ledger, user.id)?;
    }
    Ok(())
}

/// A clip is prepared: it comes to its targets, their TVs ring, and as nothing more comes it is over. One decision, so
/// that no clip is ever found in between.
pub fn clip_ready(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    id: ShareId,
    (media, notes): (MediaInfo, Vec<Note>),
    duration_ms: u64,
) -> Result<(), ShareError> {
    ready(ledger, news, date, id, media)?;
    let mut share = find(ledger, id)?;
    share.notes = notes;
    save(ledger, &share)?;
    end(ledger, news, date, id, EndReason::Stopped, Some(duration_ms))
}

/// What still rings in a household: live shares that nobody has answered, for a TV that is switched on now.
pub fn waiting_rings(ledger: &dyn Rows, account: AccountId, date: UnixMs) -> Result<Vec<Ring>, ShareError> {
    let mut rings = Vec::new();
    for share in active_shares(ledger)? {
        let Some(share) = ledger.share(share)?.filter(|share| share.state == ShareState::Ready) else { continue };
        let Some(sender) = ledger.sender(share.sender)? else { continue };
        for target in share.targets.iter().filter(|target| target.state == TargetState::Notified && !target.deleted) {
            let Some(user) = ledger.user(target.user)?.filter(|user| user.account == account) else { continue };
            if user.has_quiet(date) || ringing::is_barred(ledger, &user, share.sender)? {
                continue;
            }
            let manner = ringing::again(ledger, share.id, &sender, &user)?;
            rings.extend(manner.map(|manner| Ring::new(&user, &sender, &share, manner)));
        }
    }
    Ok(rings)
}

/// What the stream is made of has changed.
pub fn media_changed(
    ledger: &mut dyn Ledger,
    news: &mut News,
    id: ShareId,
    media: MediaInfo,
) -> Result<(), ShareError> {
    let mut share = find(ledger, id)?;
    if !share.state.is_unfinished() {
        return Err(ShareError::Over(share.state));
    }
    if share.media.as_ref() != Some(&media) {
        news.media(id, &media);
        share.media = Some(media);
        save(ledger, &share)?;
    }
    Ok(())
}

/// The share is over. Said again, it only adds the duration. Whoever was never told never will be.
pub fn end(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    id: ShareId,
    reason: EndReason,
    duration_ms: Option<u64>,
) -> Result<(), ShareError> {
    let mut share = find(ledger, id)?;
    if !share.state.is_unfinished() {
        if let (ShareState::Ended, Some(_)) = (share.state, duration_ms)
            && share.duration_ms != duration_ms
        {
            share.duration_ms = duration_ms;
            save(ledger, &share)?;
        }
        return Ok(());
    }
    step(&mut share, ShareState::Ended);
    share.ended_at = Some(date);
    share.end_reason = Some(reason);
    share.duration_ms = duration_ms;
    for target in &mut share.targets {
        if step_target(target, TargetState::Failed) {
            let name = ledger.user(target.user)?.map(|user| user.name).unwrap_or_default();
            news.target(id, target.user, &name, TargetState::Failed, None);
        }
    }
    save(ledger, &share)?;
    news.share(ledger, &share)
}

/// Everything that a sender shares now is over, as if they had stopped it. The shares that ended.
pub fn end_all_of(
    ledger: &mut dyn Ledger,
    news: &mut News,
    date: UnixMs,
    sender: SenderId,
) -> Result<Vec<ShareId>, ShareError> {
    let own = unfinished(ledger)?.into_iter().filter(|share| share.sender == sender);
    let ended: Vec<_> = own.map(|share| share.id).collect();
    for share in &ended {
        end(ledger, news, date, *share, EndReason::Stopped, None)?;
    }
    Ok(ended)
}

/// The recording is missing, stops early or has a gap: said in the share, and to whom it came.
pub fn recording_failed(ledger: &mut dyn Ledger, news: &mut News, id: ShareId, reason: &str) -> Result<(), ShareError> {
    let mut share = find(ledger, id)?;
    share.recording_failure = input::title(Some(reason))?;
    save(ledger, &share)?;
    news.share(ledger, &share)?;
    for target in share.targets.iter().filter(|target| target.place.is_some()) {
        news.inbox(ledger, target.user)?;
    }
    Ok(())
}

/// Takes a share out of the inbox of `user`. The caller saves the share.
pub fn take_from_inbox(ledger: &mut dyn Ledger, share: &mut Share, user: UserId) -> Result<(), ShareError> {
    if let Some(target) = share.target_mut(user)
        && let Some(place) = target.place.take()
    {
        inbox::leave(ledger, user, place, target.seen)?;
        target.deleted = true;
    }
    Ok(())
}

/// Counts a share as seen by a target. The caller saves the share.
pub fn mark_seen(ledger: &mut dyn Ledger, target: &mut Target) -> Result<bool, ShareError> {
    if target.seen || target.place.is_none() {
        return Ok(false);
    }
    target.seen = true;
    inbox::count_seen(ledger, target.user)?;
    Ok(true)
}

/// Withdraws a share: it vanishes from every inbox, and its recording is to be deleted.
pub fn withdraw(ledger: &mut dyn Ledger, news: &mut News, id: ShareId) -> Result<(), ShareError> {
    let share = find(ledger, id)?;
    ledger.put_discard(id, &())?;
    forget(ledger, &share)?;
    news.gone(ledger, &share)?;
    for target in share.targets.iter().filter(|target| target.place.is_some()) {
        news.inbox(ledger, target.user)?;
    }
    Ok(())
}

/// Removes every row of a share.
pub fn forget(ledger: &mut dyn Ledger, share: &Share) -> Result<(), ShareError> {
    for target in &share.targets {
        if let Some(place) = target.place {
            inbox::leave(ledger, target.user, place, target.seen)?;
        }
    }
    if let Some(ended_at) = share.ended_at {
        ledger.remove_kept_share((ended_at, share.id))?;
    }
    if let Some(expired_at) = share.expired_at {
        ledger.remove_expired_share((expired_at, share.id))?;
    }
    ledger.remove_active_share(share.id)?;
    ledger.remove_share_token(share.token)?;
    ledger.remove_sender_share(own_key(share))?;
    match own_count(ledger, share.sender)?.saturating_sub(1) {
        0 => ledger.remove_sender_count(share.sender)?,
        count => ledger.put_sender_count(share.sender, &count)?,
    }
    ledger.remove_share(share.id)?;
    Ok(())
}
