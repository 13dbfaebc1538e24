//! Films that phones send whole: taken (`intake`), then made into recordings, one after the other (`preparing`).
//!
//! One thing at a time goes on with the film of a share; whoever ends the share calls it off. What a stop leaves behind is
//! gone on with at the next start: an upload waits for its phone, a film that is whole is prepared from its beginning.

mod intake;
mod preparing;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use event_listener::Event;
use smol::lock::Semaphore;

use crate::gateway::config;
use crate::gateway::room::Room;
use crate::ground::id::{SenderId, ShareId};
use crate::ground::limits::{UPLOAD_YIELDS, UPLOADS, UPLOADS_PER_SENDER};
use crate::ground::time::Moment;
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
    /// The place in which a film that has just arrived is looked at.
    looking: Arc<Semaphore>,
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
struct Busy {
    turns: Mutex<HashMap<ShareId, Arc<Turn>>>,
    freed: Condvar,
    /// Since when its times count.
    started: Instant,
}

type Turns<'a> = MutexGuard<'a, HashMap<ShareId, Arc<Turn>>>;

/// Something that goes on with a film.
struct Turn {
    /// Who sends it, while it is sent.
    sender: Option<SenderId>,
    /// When something of it came last, in microseconds.
    heard: AtomicU64,
    called_off: AtomicBool,
    /// Whether it rested and others wanted in.
    yielded: AtomicBool,
    changed: Event,
}

/// Its place in [`Busy`]; dropped when it is over.
struct Entered {
    busy: Arc<Busy>,
    share: ShareId,
    turn: Arc<Turn>,
}

impl Default for Busy {
    fn default() -> Self {
        Self { turns: Mutex::default(), freed: Condvar::new(), started: Instant::now() }
    }
}

impl Busy {
    fn turns(&self) -> Turns<'_> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment::default() + self.started.elapsed()
    }

    /// Begins to take the film of `share` from `sender`, unless something goes on with it. Where too many are sent, by
    /// this sender or by all, one that rests makes room.
    fn enter(self: &Arc<Self>, share: ShareId, sender: SenderId, now: Moment) -> Result<Entered, NoTurn> {
        let turns = self.turns();
        if turns.contains_key(&share) {
            return Err(NoTurn::Taken);
        }
        let going_on = || turns.values().filter(|turn| !turn.yielded.load(Ordering::SeqCst));
        let own = |turn: &&Arc<Turn>| turn.sender == Some(sender);
        let rests = if going_on().filter(own).count() >= UPLOADS_PER_SENDER {
            Some(longest_resting(going_on().filter(own), now).ok_or(NoTurn::Own)?)
        } else if going_on().count() >= UPLOADS {
            Some(longest_resting(going_on(), now).ok_or(NoTurn::Full)?)
        } else {
            None
        };
        if let Some(turn) = rests {
            turn.yielded.store(true, Ordering::SeqCst);
            turn.changed.notify(usize::MAX);
        }
        Ok(self.place(turns, share, Some(sender), now))
    }

    /// Begins something with the film of `share`, once nothing goes on with it. Blocks.
    fn wait(self: &Arc<Self>, share: ShareId) -> Entered {
        let turns = self.freed.wait_while(self.turns(), |turns| turns.contains_key(&share));
        self.place(turns.unwrap_or_else(PoisonError::into_inner), share, None, self.now())
    }

    fn place(self: &Arc<Self>, mut turns: Turns<'_>, share: ShareId, sender: Option<SenderId>, now: Moment) -> Entered {
        let turn = Arc::new(Turn {
            sender,
            heard: now.0.into(),
            called_off: AtomicBool::new(false),
            yielded: AtomicBool::new(false),
            changed: Event::new(),
        });
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
    /// So many others are sent.
    Full,
    /// So many others of the same sender are.
    Own,
}

/// Of these, the one that is sent and of which nothing has come for longest, if that is long.
fn longest_resting<'a>(turns: impl Iterator<Item = &'a Arc<Turn>>, now: Moment) -> Option<&'a Arc<Turn>> {
    let rest = |turn: &Arc<Turn>| now.since(Moment(turn.heard.load(Ordering::SeqCst)));
    let resting = turns.filter(|turn| turn.sender.is_some() && rest(turn) >= UPLOAD_YIELDS);
    resting.max_by_key(|turn| rest(turn))
}

/// Why no more of a film is taken.
enum NoMore {
    /// Its share is over.
    CalledOff,
    /// It rested, and others wanted in.
    Yielded,
}

impl Entered {
    fn is_called_off(&self) -> bool {
        self.turn.called_off.load(Ordering::SeqCst)
    }

    /// Something of the film came, or goes to the disk.
    fn hears(&self) {
        self.turn.heard.store(self.busy.now().0, Ordering::SeqCst);
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.busy.turns().remove(&self.share);
        self.busy.freed.notify_all();
    }
}

impl Turn {
    async fn no_more(&self) -> NoMore {
        loop {
            let changed = self.changed.listen();
            if self.called_off.load(Ordering::SeqCst) {
                return NoMore::CalledOff;
            }
            if self.yielded.load(Ordering::SeqCst) {
                return NoMore::Yielded;
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
            looking: Arc::new(Semaphore::new(1)),
            told_bytes: Mutex::default(),
            queue: Mutex::default(),
            queued: Condvar::new(),
        }
    }

    /// The share is over: nothing more is taken or prepared of its film, and what is there of it goes. Blocks.
    pub fn call_off(&self, share: ShareId) {
        self.busy.call_off(share);
        if self.keeps_aside(share) {
            self.forget(share);
        } else {
            self.discard(share);
        }
    }

    /// Keeps a whole film aside that the books know nothing of, since they were replaced by older ones; whether it is one.
    fn keeps_aside(&self, share: ShareId) -> bool {
        let is_stray = self.folder.film(share).exists() && self.steward.is_unknown(share).unwrap_or(false);
        if is_stray {
            log::warn!("film of no share set aside share={share} in={}", self.folder.strays().display());
            if let Err(error) = self.library.set_aside(share) {
                log::error!("the film of share={share} stays where it is: {error}");
            }
        }
        is_stray
    }

    /// Deletes what is there of a film.
    fn discard(&self, share: ShareId) {
        self.forget(share);
        if let Err(error) = self.folder.delete_film(share) {
            log::error!("the film of share={share} can't be deleted: {error}");
        }
    }

    fn forget(&self, share: ShareId) {
        self.told_bytes().remove(&share);
        self.room.settle(share);
    }

    /// Goes on with what a stop left behind, before anyone can send more: what was promised is promised again first.
    pub fn go_on(&self) -> Result<(), ShareError> {
        let films = self.folder.shares_with_films().unwrap_or_else(|error| {
            log::error!("films can't be looked for: {error}");
            Vec::new()
        });
        for share in films {
            match self.steward.share(Asker::Owner, share) {
                Ok(report) if report.share.state.is_unfinished() => {
                    if self.folder.film(share).exists() {
                        self.promise_again(share);
                        self.steward.media_started(share)?;
                        self.enqueue(share);
                    }
                }
                // One that was never ready has no recording to keep.
                Ok(report) if report.share.state == ShareState::Ended && report.share.duration_ms.is_some() => {
                    self.discard(share);
                }
                Ok(_) | Err(ShareError::NotFound(_)) => {
                    if !self.keeps_aside(share) {
                        self.delete(share);
                    }
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::time::{Clock as _, UnixMs};
    use crate::share::memory::MemoryBooks;
    use crate::share::story::SetClock;
    use crate::share::{Announcer, NewUser, ShareSettings};

    const NOW: Moment = Moment(0);
    const FILM: &[u8] = include_bytes!("../../../tests/captures/mp4/phone.mp4");

    /// What knows films and their room, as it is made at each start.
    fn started(steward: &Arc<Steward>, place: &std::path::Path) -> Clips {
        let library = Library::new(Folder::open(place).expect("a folder"));
        let limits = config::Recording { quota_mib: 1, keep_free_mib: 0, ..config::Recording::default() };
        let hub = Arc::new(crate::live::Hub::new(4, true));
        let room = Arc::new(Room::new(steward.clone(), hub, library.clone(), &limits));
        Clips::new(steward.clone(), library, room, &limits)
    }

    #[test]
    fn a_film_has_its_room_still_after_the_gateway_was_killed() {
        let place = tempfile::tempdir().expect("a directory");
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(clock.date()));
        let steward = Steward::new(Arc::new(MemoryBooks::default()), clock, announcer, ShareSettings::default());
        let steward = Arc::new(steward.expect("opens"));
        let account = steward.add_account("Silva", None).expect("an account").id;
        let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
        let ana = steward.add_user(new).expect("a user").id;
        let share = |from| steward.new_share_for_cameras(&[ana], Some(from)).expect("a share").share;
        let (film, other) = (share("Family").id, share("Guest"));

        let clips = started(&steward, place.path());
        std::fs::write(clips.folder.film(film), FILM).expect("it has arrived");
        assert!(clips.look_at(film).is_ok(), "it is a good one");
        let left = |clips: &Clips| clips.room.left().expect("measured").of_quota;
        let promised = (1 << 20) - left(&clips);
        assert!(promised > 0, "its recording has room");
        // Half of it is written when the plug is pulled.
        std::fs::write(clips.folder.video(film), vec![0; promised as usize / 2]).expect("written");
        drop(clips);

        let clips = started(&steward, place.path());
        clips.go_on().expect("nothing is in the way");
        assert_eq!(left(&clips), (1 << 20) - promised, "the rest of it is nobody else's");
        let fits = left(&clips) as u64;
        clips.room.could_promise(other.id, other.sender, fits).expect("what was free before");
        clips.room.could_promise(other.id, other.sender, fits + 1).expect_err("and not a byte of the film's");
        clips.prepare(film);
        assert_eq!(steward.share(Asker::Owner, film).expect("known").share.state, ShareState::Ended, "it is there");
        assert!(clips.folder.video(film).exists());
    }

    fn enter(busy: &Arc<Busy>, sender: u8, now: Moment) -> Result<Entered, NoTurn> {
        busy.enter(ShareId::new(UnixMs(0)), SenderId([sender; 10]), now)
    }

    #[test]
    fn nobody_sends_so_many_films_that_others_send_none() {
        let busy = Arc::<Busy>::default();
        let mut eve: Vec<_> = (0..UPLOADS_PER_SENDER).filter_map(|_| enter(&busy, 1, NOW).ok()).collect();
        assert_eq!(eve.len(), UPLOADS_PER_SENDER);
        assert!(matches!(enter(&busy, 1, NOW), Err(NoTurn::Own)));
        let ana = enter(&busy, 2, NOW).ok().expect("a place");
        assert!(matches!(busy.enter(ana.share, SenderId([2; 10]), NOW), Err(NoTurn::Taken)));
        eve.pop();
        assert!(enter(&busy, 1, NOW).is_ok());
    }

    #[test]
    fn a_film_that_rests_makes_room_for_one_that_is_sent() {
        let busy = Arc::<Busy>::default();
        let going_on: Vec<_> =
            (0..UPLOADS).filter_map(|n| enter(&busy, n as u8, NOW + UPLOAD_YIELDS / 100 * n as u32).ok()).collect();
        assert_eq!(going_on.len(), UPLOADS);
        assert!(matches!(enter(&busy, 99, NOW), Err(NoTurn::Full)), "all are sent");
        let later = NOW + UPLOAD_YIELDS * 2;
        going_on[0].turn.heard.store(later.0, Ordering::SeqCst);
        let newcomer = enter(&busy, 99, later).ok().expect("a place");
        let yielded = |entered: &Entered| entered.turn.yielded.load(Ordering::SeqCst);
        assert_eq!(
            going_on.iter().map(yielded).collect::<Vec<_>>()[..3],
            [false, true, false],
            "the one that rests longest"
        );
        assert!(matches!(futures_lite::future::block_on(going_on[1].turn.no_more()), NoMore::Yielded));
        assert!(!yielded(&newcomer) && !going_on[1].is_called_off(), "what came of it is kept");
    }
}
