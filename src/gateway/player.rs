//! Playback behind the HTTP door: the two rooms don't know each other, so their words are translated here.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::executor::{Work, unblock};
use crate::ground::id::ShareId;
use crate::ground::reply::Reply;
use crate::ground::secret::TokenHash;
use crate::ground::time::{Clock, Moment};
use crate::http::route::PlayFile;
use crate::http::{PlayRequest, Player};
use crate::live::{FinishedRecording, Wanted};
use crate::playback::{Denied, File, Playback, Request, Shelf, Standing, Warden};
use crate::recording::library::Library;
use crate::share::{Asker, RefusedKind, Scope, ShareError, ShareState, Steward, TicketError};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Plays what the HTTP door asks for.
pub(super) struct Plays {
    pub playback: Playback,
    pub steward: Arc<Steward>,
}

impl Player for Plays {
    fn play(&self, request: PlayRequest) -> BoxFuture<'_, Reply> {
        let file = match request.file {
            PlayFile::LiveMp4 => File::LiveMp4,
            PlayFile::Index => File::Index,
            PlayFile::Init(number) => File::Init(number as usize),
            PlayFile::Segment(number) => File::Segment(number),
            PlayFile::Part(number, part) => File::Part(number, part as usize),
            PlayFile::VideoMp4 => File::VideoMp4,
            PlayFile::Thumbnail => File::Thumbnail,
        };
        Box::pin(async move {
            let wanted = Request { file, query: &request.query, head_only: request.head_only };
            let reply = self.playback.play(request.share, &request.ticket, wanted).await;
            // One that is too old, or whose right was withdrawn, was somebody's once.
            if reply.status == 403
                && let Err(TicketError::Bad | TicketError::Foreign) =
                    self.steward.open_ticket(request.share, &request.ticket)
            {
                self.steward.was_refused(RefusedKind::Ticket, request.peer);
            }
            reply
        })
    }
}

/// How long an answer of the books on a ticket is believed. A withdrawn right is gone after that.
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

impl Warden for Tickets {
    fn permit<'a>(&'a self, share: ShareId, ticket: &'a str, file: File) -> BoxFuture<'a, Result<(), Denied>> {
        let suits = move |scope| match scope {
            Scope::Play => Ok(()),
            Scope::Picture if file == File::Thumbnail => Ok(()),
            Scope::Picture => Err(Denied::Bad),
        };
        Box::pin(async move {
            let key = (share, TokenHash::of(ticket));
            let now = self.clock.now();
            let known = self.believed().get(&key).copied();
            if let Some((scope, _)) = known.filter(|(_, until)| now < *until) {
                return suits(scope);
            }
            let (steward, ticket) = (self.steward.clone(), ticket.to_owned());
            let opened = unblock(Work::Books, move || {
                let (user, scope) = steward.open_ticket(share, &ticket)?;
                // Books that can't be read are no reason to stop a picture.
                if steward.ticket_holds(share, user).unwrap_or(true) { Ok(scope) } else { Err(TicketError::Foreign) }
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

    fn standing(&self, share: ShareId) -> BoxFuture<'_, Standing> {
        let steward = self.steward.clone();
        Box::pin(async move {
            match unblock(Work::Books, move || steward.share(Asker::Owner, share)).await {
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

/// The library as playback knows it.
pub(super) struct Shelved(pub Arc<Library>);

impl Shelf for Shelved {
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
