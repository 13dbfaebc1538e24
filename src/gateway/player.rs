//! Playback behind the HTTP door: the two rooms don't know each other, so their words are translated here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::executor::{BoxFuture, Work, unblock};
use crate::ground::crypto::TokenHash;
use crate::ground::id::ShareId;
use crate::ground::reply::Reply;
use crate::ground::time::{Clock, Moment};
use crate::http::{PlayRequest, Player};
use crate::package::fmp4::{FinishedRecording, Wanted};
use crate::playback::{Denied, PlayAccess, Playback, Recordings, Request, Standing};
use crate::recording::library::Library;
use crate::share::{Asker, RefusedKind, Scope, ShareError, ShareState, Steward, TicketError};
use crate::wire::address::{PlayAddress, PlayFile};

/// Plays what the HTTP door asks for.
pub(super) struct Plays {
    pub playback: Playback,
    pub steward: Arc<Steward>,
}

impl Player for Plays {
    fn play(&self, request: PlayRequest) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            let PlayAddress { share, ticket, file } = &request.address;
            let wanted = Request { file: *file, query: &request.query, head_only: request.head_only };
            let reply = self.playback.play(*share, ticket, wanted).await;
            // One that is too old, or whose right was withdrawn, was somebody's once.
            if reply.status == 403
                && let Err(TicketError::Bad | TicketError::Foreign) = self.steward.open_ticket(*share, ticket)
            {
                self.steward.was_refused(RefusedKind::Ticket, request.peer);
            }
            reply
        })
    }

    fn still_allowed(&self, address: &PlayAddress) -> bool {
        self.playback.still_allowed(address.share, &address.ticket, address.file)
    }
}

/// How long an answer of the database on a ticket is believed. A withdrawn right is gone after that, or when it is asked after
/// for what is being sent.
const BELIEVED: Duration = Duration::from_secs(2);
/// Answers that are believed at once; more are forgotten.
const MAX_BELIEVED: usize = 4096;

/// Asks the steward who may play. Players ask many times a second, so the answer holds for a moment.
pub(super) struct Tickets {
    pub steward: Arc<Steward>,
    pub clock: Arc<dyn Clock>,
    pub believed: Mutex<Believed>,
}

/// Tickets that were looked up: to what of which share they are a right, and until when that is believed.
pub(super) type Believed = HashMap<(ShareId, TokenHash), (Scope, Moment)>;

impl Tickets {
    fn believed(&self) -> std::sync::MutexGuard<'_, Believed> {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PlayAccess for Tickets {
    fn permit<'a>(&'a self, share: ShareId, ticket: &'a str, file: PlayFile) -> BoxFuture<'a, Result<(), Denied>> {
        let suits = move |scope| if covers(scope, file) { Ok(()) } else { Err(Denied::Bad) };
        Box::pin(async move {
            let key = (share, TokenHash::of(ticket));
            let now = self.clock.now();
            let known = self.believed().get(&key).copied();
            if let Some((scope, _)) = known.filter(|(_, until)| now < *until) {
                return suits(scope);
            }
            let (steward, ticket) = (self.steward.clone(), ticket.to_owned());
            let opened = unblock(Work::Storage, move || {
                let (holder, scope) = steward.open_ticket(share, &ticket)?;
                // A database that can't be read is no reason to stop a picture.
                if steward.ticket_holds(share, holder).unwrap_or(true) { Ok(scope) } else { Err(TicketError::Foreign) }
            });
            match opened.await {
                Ok(scope) => {
                    let mut believed = self.believed();
                    if believed.len() >= MAX_BELIEVED {
                        believed.clear();
                    }
                    believed.insert(key, (scope, now + BELIEVED));
                    suits(scope)
                }
                Err(TicketError::Expired) => Err(Denied::Expired),
                Err(_) => Err(Denied::Bad),
            }
        })
    }

    fn still_permits(&self, share: ShareId, ticket: &str, file: PlayFile) -> bool {
        let opened = self.steward.open_ticket(share, ticket);
        let permits = opened.is_ok_and(|(holder, scope)| {
            covers(scope, file) && self.steward.may_play_on(share, holder).unwrap_or(true)
        });
        if !permits {
            self.believed().remove(&(share, TokenHash::of(ticket)));
        }
        permits
    }

    fn standing(&self, share: ShareId) -> BoxFuture<'_, Standing> {
        let steward = self.steward.clone();
        Box::pin(async move {
            match unblock(Work::Storage, move || steward.share(Asker::Owner, share)).await {
                Ok(report) => {
                    let began = report.share.started_at.unwrap_or(report.share.created_at);
                    match report.share.state {
                        ShareState::Pending | ShareState::Preparing => Standing::Expected,
                        ShareState::Ready => Standing::CutOff(began),
                        ShareState::Ended => Standing::Over(began),
                        ShareState::Expired => Standing::Expired,
                    }
                }
                Err(ShareError::NotFound(_)) => Standing::Unknown,
                Err(error) => {
                    log::error!("share={share} can't be looked up: {error}");
                    Standing::Unknown
                }
            }
        })
    }
}

/// Whether a right to `scope` is one to `file`.
fn covers(scope: Scope, file: PlayFile) -> bool {
    match scope {
        Scope::Play => true,
        Scope::Picture => file == PlayFile::Thumbnail,
    }
}

/// The library as playback knows it.
pub(super) struct LibraryRecordings(pub Arc<Library>);

impl Recordings for LibraryRecordings {
    fn open(&self, share: ShareId, wanted: Wanted) -> BoxFuture<'_, std::io::Result<Arc<FinishedRecording>>> {
        Box::pin(self.0.open(share, wanted))
    }

    fn video_path(&self, share: ShareId) -> PathBuf {
        self.0.folder().video(share)
    }

    fn thumbnail_path(&self, share: ShareId) -> PathBuf {
        self.0.folder().thumbnail(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::set_clock::SetClock;
    use crate::share::ledger::memory::MemoryStorage;
    use crate::share::{Announcer, Holder, MediaInfo, NewUser, ShareSettings};

    #[test]
    fn a_removed_tvs_ticket_is_worth_nothing_in_a_moment() {
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(clock.date()));
        let settings = ShareSettings { pin_rounds: 1, ..ShareSettings::default() };
        let steward = Steward::new(Arc::new(MemoryStorage::default()), clock.clone(), announcer, settings);
        let steward = Arc::new(steward.expect("opens"));
        let account = steward.add_account("Silva", None).expect("an account").id;
        let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
        let user = steward.add_user(new).expect("a user").id;
        let tv = steward.new_tv().expect("a TV");
        steward.approve_tv(&tv.pairing_code, account, None).expect("paired");
        steward.sign_in(tv.tv, user, None).expect("signed in");
        let share = steward.new_share_for_cameras(&[user], None).expect("a share").share.id;
        let media = MediaInfo {
            codec: "avc1.42c01f".into(),
            audio_codec: None,
            width: 1280,
            height: 720,
            frame_rate: 0.0,
            bits_per_second: 0,
        };
        steward.ready(share, media).expect("ready");

        let tickets = Tickets { steward: steward.clone(), clock: clock.clone(), believed: Mutex::default() };
        let permit = |ticket: &str, file| futures_lite::future::block_on(tickets.permit(share, ticket, file));
        let (on_tv, program) = (Holder { user, tv: Some(tv.tv) }, Holder { user, tv: None });
        let ticket = steward.ticket(share, on_tv, Scope::Play);
        let picture = steward.ticket(share, on_tv, Scope::Picture);
        let other = steward.ticket(share, program, Scope::Play);
        assert_eq!(permit(&ticket, PlayFile::LiveMp4), Ok(()));
        assert_eq!(
            (permit(&picture, PlayFile::Thumbnail), permit(&picture, PlayFile::Index)),
            (Ok(()), Err(Denied::Bad))
        );
        assert!(tickets.still_permits(share, &ticket, PlayFile::LiveMp4));
        assert!(tickets.still_permits(share, &picture, PlayFile::Thumbnail));
        assert!(!tickets.still_permits(share, &picture, PlayFile::VideoMp4));

        steward.remove_tv(tv.tv).expect("removed");
        assert!(!tickets.still_permits(share, &ticket, PlayFile::LiveMp4), "what plays is asked after at once");
        clock.advance(BELIEVED);
        assert_eq!(permit(&ticket, PlayFile::Segment(3)), Err(Denied::Bad));
        assert_eq!(permit(&picture, PlayFile::Thumbnail), Err(Denied::Bad));
        assert_eq!(permit(&other, PlayFile::LiveMp4), Ok(()), "a program's ticket names no TV");
        assert!(tickets.still_permits(share, &other, PlayFile::LiveMp4));
    }
}
