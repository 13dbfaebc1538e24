//! Films that phones send whole: taken (`intake`), then made into recordings, one after the other (`preparing`).
//!
//! One thing at a time goes on with the film of a share; whoever ends the share calls it off. What a stop leaves behind is
//! gone on with at the next start: an upload waits for its phone, a film that is whole is prepared from its beginning.

mod intake;
mod preparing;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

use crate::gateway::config;
use crate::gateway::room::Room;
use crate::ground::id::ShareId;
use crate::recording::Folder;
use crate::recording::library::Library;
use crate::share::{Asker, ShareError, ShareState, Steward};

pub(super) use intake::Intake;

/// Looks after films.
pub(super) struct Clips {
    steward: Arc<Steward>,
    library: Arc<Library>,
    folder: Folder,
    room: Arc<Room>,
    /// Whether there are recordings at all.
    recorded: bool,
    /// MiB of a film; larger ones are refused.
    max_mib: u64,
    busy: Arc<Busy>,
    /// How large films are whose upload was begun, as it was said first.
    told_bytes: Mutex<HashMap<ShareId, u64>>,
    queue: Mutex<Queue>,
    queued: Condvar,
}

#[derive(Default)]
struct Queue {
    shares: VecDeque<ShareId>,
    stopped: bool,
}

/// What goes on with films: one thing at a time for each share.
#[derive(Default)]
struct Busy {
    turns: Mutex<HashMap<ShareId, Arc<Turn>>>,
    freed: Condvar,
}

type Turns<'a> = MutexGuard<'a, HashMap<ShareId, Arc<Turn>>>;

/// Something that goes on with a film.
#[derive(Default)]
struct Turn {
    called_off: AtomicBool,
    changed: Event,
}

/// Its place in [`Busy`]; dropped when it is over.
struct Entered {
    busy: Arc<Busy>,
    share: ShareId,
    turn: Arc<Turn>,
}

impl Busy {
    fn turns(&self) -> Turns<'_> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins something with the film of `share`, unless something goes on with it, or with `most` films.
    fn enter(self: &Arc<Self>, share: ShareId, most: usize) -> Result<Entered, NoTurn> {
        let turns = self.turns();
        match turns.contains_key(&share) {
            true => Err(NoTurn::Taken),
            false if turns.len() >= most => Err(NoTurn::Full),
            false => Ok(self.place(turns, share)),
        }
    }

    /// Begins something with the film of `share`, once nothing goes on with it. Blocks.
    fn wait(self: &Arc<Self>, share: ShareId) -> Entered {
        let turns = self.freed.wait_while(self.turns(), |turns| turns.contains_key(&share));
        self.place(turns.unwrap_or_else(PoisonError::into_inner), share)
    }

    fn place(self: &Arc<Self>, mut turns: Turns<'_>, share: ShareId) -> Entered {
        let turn = Arc::<Turn>::default();
        turns.insert(share, turn.clone());
        Entered { busy: self.clone(), share, turn }
    }

    fn call_off(&self, share: ShareId) {
        if let Some(turn) = self.turns().get(&share) {
            turn.called_off.store(true, Ordering::SeqCst);
            turn.changed.notify(usize::MAX);
        }
    }
}

/// Why nothing can be begun with a film.
enum NoTurn {
    /// Something goes on with it.
    Taken,
    /// So much goes on with others.
    Full,
}

impl Entered {
    fn is_called_off(&self) -> bool {
        self.turn.called_off.load(Ordering::SeqCst)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.busy.turns().remove(&self.share);
        self.busy.freed.notify_all();
    }
}

impl Turn {
    async fn called_off(&self) {
        loop {
            let changed = self.changed.listen();
            if self.called_off.load(Ordering::SeqCst) {
                return;
            }
            changed.await;
        }
    }
}

impl Clips {
    pub fn new(steward: Arc<Steward>, library: Arc<Library>, room: Arc<Room>, limits: &config::Recording) -> Self {
        let max_mib =
            if limits.quota_mib == 0 { limits.max_clip_mib } else { limits.max_clip_mib.min(limits.quota_mib) };
        Self {
            steward,
            folder: library.folder().clone(),
            library,
            room,
            recorded: limits.enabled,
            max_mib,
            busy: Arc::default(),
            told_bytes: Mutex::default(),
            queue: Mutex::default(),
            queued: Condvar::new(),
        }
    }

    /// The share is over: nothing more is taken or prepared of its film, and what is there of it goes. Blocks.
    pub fn call_off(&self, share: ShareId) {
        self.busy.call_off(share);
        self.discard(share);
    }

    /// Deletes what is there of a film.
    fn discard(&self, share: ShareId) {
        self.told_bytes().remove(&share);
        self.room.settle(share);
        if let Err(error) = self.folder.delete_film(share) {
            log::error!("the film of share={share} can't be deleted: {error}");
        }
    }

    /// Goes on with what a stop left behind, before anyone can send more.
    pub fn go_on(&self) -> Result<(), ShareError> {
        let films = self.folder.shares_with_films().unwrap_or_else(|error| {
            log::error!("films can't be looked for: {error}");
            Vec::new()
        });
        for share in films {
            match self.steward.share(Asker::Owner, share) {
                Ok(report) if report.share.state.is_unfinished() => {
                    if self.folder.film(share).exists() {
                        self.steward.media_started(share)?;
                        self.enqueue(share);
                    }
                }
                // One that was never ready has no recording to keep.
                Ok(report) if report.share.state == ShareState::Ended && report.share.duration_ms.is_some() => {
                    self.discard(share);
                }
                Ok(_) | Err(ShareError::NotFound(_)) => self.delete(share),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn delete(&self, share: ShareId) {
        if let Err(error) = self.library.delete(share) {
            log::error!("what is left of share={share} can't be deleted: {error}");
        }
    }

    fn told_bytes(&self) -> MutexGuard<'_, HashMap<ShareId, u64>> {
        self.told_bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The film of `share` is whole, and waits to be prepared.
    fn enqueue(&self, share: ShareId) {
        self.queue().shares.push_back(share);
        self.queued.notify_one();
    }

    /// Ends [`Self::run`]; the film that is being prepared is begun anew at the next start.
    pub fn stop(&self) {
        self.queue().stopped = true;
        self.queued.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.queue().stopped
    }

    /// Prepares films, one after the other, until stopped. Blocks: give it a thread.
    pub fn run(&self) {
        let mut queue = self.queue();
        while !queue.stopped {
            let Some(share) = queue.shares.pop_front() else {
                queue = self.queued.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(queue);
            self.prepare(share);
            queue = self.queue();
        }
    }
}
