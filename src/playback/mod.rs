//! What TVs and players are served of a share: live while it flows, from its recording after.
//!
//! Answers are values ([`Reply`]); sockets, ranges and caching are the HTTP door's business. A request for a share that
//! isn't ready is held until it is. Nothing here knows who may see what: the [`PlayAccess`] does.

mod live;
mod recorded;

use std::sync::Arc;
use std::time::Duration;

use async_io::Timer;
use futures_lite::FutureExt as _;

use crate::executor::BoxFuture;
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::reply::Reply;
use crate::ground::time::UnixMs;
use crate::live::{Hub, Status, Stream};
use crate::package::fmp4::{FinishedRecording, Wanted};
use crate::wire::address::PlayFile;
use crate::wire::playlist::hls::Reload;

/// What is asked for of a share.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Which of its addresses.
    pub file: PlayFile,
    /// What stands behind the question mark.
    pub query: &'a str,
    /// Only what the answer says of its body is wanted.
    pub head_only: bool,
}

/// What is known of a share that has no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Media may still come.
    Expected,
    /// It was ready and its stream is gone, perhaps for a moment only; it began then.
    CutOff(UnixMs),
    /// It is over; it began then.
    Over(UnixMs),
    /// Its time is over, and its recording gone.
    Expired,
    /// There is none.
    Unknown,
}

/// Why a ticket doesn't open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It is no ticket, or one for something else.
    Bad,
    /// Its time is over.
    Expired,
}

/// Knows who may play what.
pub trait PlayAccess: Send + Sync {
    /// Whether `ticket` opens `file` of `share`.
    fn permit<'a>(&'a self, share: ShareId, ticket: &'a str, file: PlayFile) -> BoxFuture<'a, Result<(), Denied>>;
    /// Whether `ticket` still opens `file` of `share`, for what is being sent. Blocks.
    fn still_permits(&self, share: ShareId, ticket: &str, file: PlayFile) -> bool;
    /// What is known of a share.
    fn standing(&self, share: ShareId) -> BoxFuture<'_, Standing>;
}

/// Opens finished recordings.
pub trait Recordings: Send + Sync {
    /// The finished recording of a share, with what is wanted of it.
    fn open(&self, share: ShareId, wanted: Wanted) -> BoxFuture<'_, std::io::Result<Arc<FinishedRecording>>>;
    /// Where the bytes of a recording lie while it is written.
    fn video_path(&self, share: ShareId) -> std::path::PathBuf;
    /// Where a share's still picture lies.
    fn thumbnail_path(&self, share: ShareId) -> std::path::PathBuf;
}

/// Plays shares.
pub struct Playback {
    hub: Arc<Hub>,
    access: Arc<dyn PlayAccess>,
    recordings: Arc<dyn Recordings>,
}

/// What a request finds.
enum Found {
    Live(Arc<Stream>),
    Over(UnixMs),
}

impl Playback {
    /// Plays the streams of `hub` and the recordings of `recordings`.
    pub fn new(hub: Arc<Hub>, access: Arc<dyn PlayAccess>, recordings: Arc<dyn Recordings>) -> Self {
        Self { hub, access, recordings }
    }

    /// The answer to a request for a part of `share`.
    pub async fn play(&self, share: ShareId, ticket: &str, request: Request<'_>) -> Reply {
        let file = request.file;
        match self.access.permit(share, ticket, file).await {
            Ok(()) => {}
            Err(Denied::Bad) => {
                return refuse(403, "ticket", "This address is not valid. Open the share from the TV's inbox.");
            }
            Err(Denied::Expired) => {
                return refuse(
                    403,
                    "ticket_expired",
                    "This address is too old. Open the share from the TV's inbox again.",
                );
            }
        }
        if file == PlayFile::Thumbnail {
            return recorded::thumbnail(self.recordings.thumbnail_path(share)).await;
        }
        match self.find(share, file).await {
            Ok(Found::Live(stream)) => self.play_live(stream, request).await,
            Ok(Found::Over(_)) if file == PlayFile::LiveMp4 => over(),
            Ok(Found::Over(began)) => recorded::play(&*self.recordings, share, request, began).await,
            Err(reply) => reply,
        }
    }

    /// Whether whoever is being sent `file` with `ticket` may still have it. Blocks.
    pub fn still_allowed(&self, share: ShareId, ticket: &str, file: PlayFile) -> bool {
        self.access.still_permits(share, ticket, file)
    }

    async fn play_live(&self, stream: Arc<Stream>, request: Request<'_>) -> Reply {
        let file = request.file;
        if file == PlayFile::VideoMp4 && stream.status() == Status::Ended {
            // The file that grows and the finished one are not the same: no player may see both.
            within(limits::PLAY_WAIT, live::settled(&stream)).await;
        }
        let settled = stream.is_settled();
        if stream.is_left_off() {
            return live::closing();
        }
        let path = || self.recordings.video_path(stream.share());
        match file {
            PlayFile::LiveMp4 if stream.status() == Status::Ended => over(),
            PlayFile::LiveMp4 => live::endless(&stream).await,
            PlayFile::Index => match Reload::parse(request.query) {
                Ok(reload) => live::playlist(&stream, reload).await,
                Err(_) => refuse(400, "directive", "The playlist can't be asked for like that."),
            },
            PlayFile::Init(number) => live::init_segment(&stream, number as usize),
            PlayFile::Segment(number) => live::span(&stream, number, None, path()).await,
            PlayFile::Part(number, part) => live::span(&stream, number, Some(part as usize), path()).await,
            PlayFile::VideoMp4 if settled => {
                recorded::play(&*self.recordings, stream.share(), request, UnixMs(0)).await
            }
            PlayFile::VideoMp4 => live::growing(&stream, path()).await,
            PlayFile::Thumbnail => refuse(404, "not_found", "There is no picture yet."),
        }
    }

    /// The share's stream, once it is ready; waits as long as the interface says.
    async fn find(&self, share: ShareId, file: PlayFile) -> Result<Found, Reply> {
        if let Some(stream) = self.hub.get(share)
            && stream.is_ready()
        {
            return Ok(Found::Live(stream));
        }
        within(limits::PLAY_WAIT, self.wait(share, file)).await.unwrap_or_else(|| {
            Err(refuse(409, "not_ready", "The picture isn't there yet. Try again in a moment.")
                .with("Retry-After", "1"))
        })
    }

    async fn wait(&self, share: ShareId, file: PlayFile) -> Result<Found, Reply> {
        loop {
            let opened = self.hub.listen_opened();
            let Some(stream) = self.hub.get(share) else {
                match self.access.standing(share).await {
                    Standing::CutOff(began) if file == PlayFile::VideoMp4 => return Ok(Found::Over(began)),
                    Standing::Expected | Standing::CutOff(_) => {}
                    Standing::Over(began) => return Ok(Found::Over(began)),
                    Standing::Expired => return Err(refuse(410, "expired", "This share's time is over.")),
                    Standing::Unknown => return Err(refuse(404, "not_found", "There is no such share.")),
                }
                opened.await;
                continue;
            };
            let changed = stream.listen_status();
            if stream.is_ready() {
                return Ok(Found::Live(stream));
            }
            if stream.status() == Status::Ended {
                return Err(if stream.is_left_off() { live::closing() } else { over() });
            }
            changed.await;
        }
    }
}

/// What `future` gives, if it does in time.
async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    let late = async {
        Timer::after(time).await;
        None
    };
    async { Some(future.await) }.or(late).await
}

/// An error that any page may read.
fn refuse(status: u16, code: &str, message: &str) -> Reply {
    open_to_all(Reply::error(status, code, message))
}

fn over() -> Reply {
    refuse(410, "ended", "The share has ended. Its recording is in the inbox.")
}

/// The ticket in the address is the right to play, so any page may play it.
fn open_to_all(reply: Reply) -> Reply {
    reply.with("Access-Control-Allow-Origin", "*")
}
