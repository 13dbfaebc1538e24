//! Films that phones send whole: taken (`intake`), then made into recordings, one after the other (`preparing`).
//!
//! One thing at a time goes on with the film of a share; whoever ends the share calls it off. What a stop leaves behind is
//! gone on with at the next start: an upload waits for its phone, a film that is whole is prepared from its beginning.

mod failure;
mod intake;
mod preparing;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use event_listener::Event;
use smol::lock::Semaphore;

use crate::ground::id::{SenderId, ShareId};
use crate::ground::limits::{LARGE_WORK_NICE, UPLOAD_YIELDS, UPLOADS, UPLOADS_KEPT, UPLOADS_PER_SENDER};
use crate::ground::shares::Standing;
use crate::ground::time::Moment;
use crate::lifecycle::RecordingLimits;
use crate::lifecycle::room::Room;
use crate::recording::Folder;
use crate::recording::library::Library;
use crate::share::{Asker, ShareError, ShareState, Steward};

pub(crate) use intake::{Incoming, Sending, admit};

/// Looks after films.
pub(crate) struct Clips {
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
    sender: Option<(SenderId, Standing)>,
    /// When something of it came last, in microseconds.
    heard: AtomicU64,
    called_off: AtomicBool,
    /// Why it made room for another, if it did.
    yielded: OnceLock<NoMore>,
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

    /// Begins to take the film of `share` from someone, unless something goes on with it. Where too many are sent, by them
    /// or by all, one that rests makes room. Where none does, and it is for the household or a guest who sends fewer, one
    /// makes room of the guest who sends most.
    fn enter(
        self: &Arc<Self>,
        share: ShareId,
        (sender, standing): (SenderId, Standing),
        now: Moment,
    ) -> Result<Entered, NoTurn> {
        let turns = self.turns();
        if turns.contains_key(&share) {
            return Err(NoTurn::Taken);
        }
        let sent: Vec<Sent<'_>> = turns.values().filter_map(Sent::of).collect();
        let own = sent.iter().filter(|film| film.sender == sender);
        let is_guest = standing <= Standing::Guest;
        let guests = sent.iter().filter(|film| film.is_guest);
        let enough_guests = is_guest && guests.clone().count() >= UPLOADS - UPLOADS_KEPT;
        let makes_room = if own.clone().count() >= UPLOADS_PER_SENDER {
            Some((longest_resting(own, now).ok_or(NoTurn::Own)?, NoMore::Rested))
        } else if enough_guests || sent.len() >= UPLOADS {
            let resting = sent.iter().filter(|film| film.is_guest || !enough_guests);
            let rests = longest_resting(resting, now).map(|film| (film, NoMore::Rested));
            let fewer = if is_guest { own.count() + 1 } else { 0 };
            let most = || most_of_a_guest(guests, fewer).map(|film| (film, NoMore::Yielded));
            Some(rests.or_else(most).ok_or(NoTurn::Full)?)
        } else {
            None
        };
        if let Some((film, why)) = makes_room {
            let _ = film.turn.yielded.set(why);
            film.turn.changed.notify(usize::MAX);
        }
        Ok(self.place(turns, share, Some((sender, standing)), now))
    }

    /// Begins something with the film of `share`, once nothing goes on with it. Blocks.
    fn wait(self: &Arc<Self>, share: ShareId) -> Entered {
        let turns = self.freed.wait_while(self.turns(), |turns| turns.contains_key(&share));
        self.place(turns.unwrap_or_else(PoisonError::into_inner), share, None, self.now())
    }

    fn place(
        self: &Arc<Self>,
        mut turns: Turns<'_>,
        share: ShareId,
        sender: Option<(SenderId, Standing)>,
        now: Moment,
    ) -> Entered {
        let turn = Arc::new(Turn {
            sender,
            heard: now.0.into(),
            called_off: AtomicBool::new(false),
            yielded: OnceLock::new(),
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

/// A film that is being sent.
struct Sent<'a> {
    turn: &'a Turn,
    sender: SenderId,
    is_guest: bool,
}

impl<'a> Sent<'a> {
    /// What goes on in this turn, if it is that, and goes on.
    fn of(turn: &'a Arc<Turn>) -> Option<Self> {
        let (sender, standing) = turn.sender.filter(|_| turn.yielded.get().is_none())?;
        Some(Self { turn, sender, is_guest: standing <= Standing::Guest })
    }

    fn heard(&self) -> u64 {
        self.turn.heard.load(Ordering::SeqCst)
    }
}

/// Of these, the one of which nothing has come for longest, if that is long.
fn longest_resting<'a>(films: impl Iterator<Item = &'a Sent<'a>>, now: Moment) -> Option<&'a Sent<'a>> {
    let resting = films.filter(|film| now.since(Moment(film.heard())) >= UPLOAD_YIELDS);
    resting.min_by_key(|film| film.heard())
}

/// Of the guest who sends most of these, and more than so many, the one of which something came longest ago.
fn most_of_a_guest<'a>(films: impl Iterator<Item = &'a Sent<'a>> + Clone, more_than: usize) -> Option<&'a Sent<'a>> {
    let count = |of: &Sent<'_>| films.clone().filter(|film| film.sender == of.sender).count();
    let most = films.clone().map(count).max().filter(|most| *most > more_than)?;
    films.clone().filter(|film| count(film) == most).min_by_key(|film| film.heard())
}

/// Why no more of a film is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoMore {
    /// Its share is over.
    CalledOff,
    /// It rested, and others wanted in.
    Rested,
    /// It was a guest's, and others wanted in.
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
            if let Some(why) = self.yielded.get() {
                return *why;
            }
            changed.await;
        }
    }
}

/// What becomes of what is there of a film.
enum Fate {
    /// It is whole, and to be prepared.
    Wanted,
    /// It is whole, and kept: nobody knows whether it is wanted.
    Kept,
    /// It goes.
    Over,
}

impl Clips {
    pub fn new(steward: Arc<Steward>, library: Arc<Library>, room: Arc<Room>, limits: &RecordingLimits) -> Self {
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

    /// Nothing more is taken or prepared of a film as it was begun. What is there of it goes if its share is over; where the
    /// database was replaced by another, a whole one is prepared anew or kept aside, as it knows it. Blocks.
    pub fn call_off(&self, share: ShareId) {
        self.busy.call_off(share);
        match self.fate(share) {
            Fate::Wanted => self.go_on_with(share),
            Fate::Kept => self.forget(share),
            Fate::Over => self.discard(share),
        }
    }

    /// What becomes of what is there of a film. A whole one is kept when in doubt, and aside if the database knows nothing of it,
    /// since they were replaced by older ones.
    fn fate(&self, share: ShareId) -> Fate {
        if !self.folder.film(share).exists() {
            return Fate::Over;
        }
        let known = match self.steward.share(Asker::Owner, share) {
            Ok(report) => Ok(Some(report.share.state)),
            Err(ShareError::NotFound(_)) => {
                self.steward.is_unknown(share).map(|unknown| (!unknown).then_some(ShareState::Expired))
            }
            Err(error) => Err(error),
        };
        match known {
            Ok(Some(state)) if state.is_unfinished() => return Fate::Wanted,
            Ok(Some(_)) => return Fate::Over,
            Ok(None) => {
                log::warn!("film of no share set aside share={share} in={}", self.folder.strays().display());
                if let Err(error) = self.library.set_aside(share) {
                    log::error!("the film of share={share} stays where it is: {error}");
                }
            }
            Err(error) => log::error!("the film of share={share} stays, the database can't be asked for it: {error}"),
        }
        Fate::Kept
    }

    /// Goes on with a film that the database knows again, if it is whole: nothing more of it is due.
    pub fn go_on_with(&self, share: ShareId) {
        if !self.folder.film(share).exists() {
            return;
        }
        self.promise_again(share);
        if let Err(error) = self.steward.media_started(share) {
            log::error!("the film of share={share} can't be gone on with: {error}");
        }
        self.enqueue(share);
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
                    self.go_on_with(share);
                }
                // One that was never ready has no recording to keep.
                Ok(report) if report.share.state == ShareState::Ended && report.share.duration_ms.is_some() => {
                    self.discard(share);
                }
                Ok(_) | Err(ShareError::NotFound(_)) => {
                    if matches!(self.fate(share), Fate::Over) {
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
        // Of this thread alone, on Linux (nice(2), "C library/kernel differences"): pictures that come now go before.
        if let Err(error) = rustix::process::nice(LARGE_WORK_NICE) {
            log::warn!("the thread that prepares films can't be made nice: {error}");
        }
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
    use crate::ground::set_clock::SetClock;
    use crate::ground::time::{Clock as _, UnixMs};
    use crate::share::ledger::memory::MemoryStorage;
    use crate::share::{Announcer, NewUser, ShareSettings};

    const NOW: Moment = Moment(0);
    const FILM: &[u8] = include_bytes!("../../../tests/captures/mp4/phone.mp4");

    /// What knows films and their room, as it is made at each start.
    fn started(steward: &Arc<Steward>, place: &std::path::Path) -> Clips {
        let library = Library::new(Folder::open(place).expect("a folder"));
        let limits = RecordingLimits { enabled: true, quota_mib: 1, keep_free_mib: 0, max_clip_mib: 8192 };
        let hub = Arc::new(crate::live::Hub::new(4, Some(crate::package::fmp4::RECORDER)));
        let room = Arc::new(Room::new(steward.clone(), hub, library.clone(), &limits));
        Clips::new(steward.clone(), library, room, &limits)
    }

    #[test]
    fn a_film_has_its_room_still_after_the_gateway_was_killed() {
        let place = tempfile::tempdir().expect("a directory");
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(clock.date()));
        let steward = Steward::new(Arc::new(MemoryStorage::default()), clock, announcer, ShareSettings::default());
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
        enter_as(busy, sender, Standing::Member, now)
    }

    fn enter_as(busy: &Arc<Busy>, sender: u8, standing: Standing, now: Moment) -> Result<Entered, NoTurn> {
        busy.enter(ShareId::new(UnixMs(0)), (SenderId([sender; 10]), standing), now)
    }

    fn yielded(entered: &Entered) -> bool {
        entered.turn.yielded.get().is_some()
    }

    #[test]
    fn nobody_sends_so_many_films_that_others_send_none() {
        let busy = Arc::<Busy>::default();
        let mut eve: Vec<_> = (0..UPLOADS_PER_SENDER).filter_map(|_| enter(&busy, 1, NOW).ok()).collect();
        assert_eq!(eve.len(), UPLOADS_PER_SENDER);
        assert!(matches!(enter(&busy, 1, NOW), Err(NoTurn::Own)));
        let ana = enter(&busy, 2, NOW).ok().expect("a place");
        assert!(matches!(busy.enter(ana.share, (SenderId([2; 10]), Standing::Member), NOW), Err(NoTurn::Taken)));
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
        assert_eq!(
            going_on.iter().map(yielded).collect::<Vec<_>>()[..3],
            [false, true, false],
            "the one that rests longest"
        );
        assert!(matches!(futures_lite::future::block_on(going_on[1].turn.no_more()), NoMore::Rested));
        assert!(!yielded(&newcomer) && !going_on[1].is_called_off(), "what came of it is kept");
    }

    #[test]
    fn guests_films_make_room_for_the_household_and_for_guests_who_send_fewer() {
        let busy = Arc::<Busy>::default();
        let guest = |sender| enter_as(&busy, sender, Standing::Guest, NOW);
        let greedy: Vec<_> = [1, 1, 2, 2, 3, 4].into_iter().filter_map(|sender| guest(sender).ok()).collect();
        assert_eq!(greedy.len(), UPLOADS - UPLOADS_KEPT);
        let fifth = guest(5).ok().expect("those who send two send one");
        let which = |films: &[Entered]| films.iter().map(|film| u8::from(yielded(film))).collect::<Vec<_>>();
        assert_eq!(which(&greedy[..4]).iter().sum::<u8>(), 1);
        let sixth = guest(6).ok().expect("and the other too");
        assert_eq!((which(&greedy)[..2].iter().sum::<u8>(), which(&greedy)[2..4].iter().sum::<u8>()), (1, 1));
        assert!(matches!(guest(7), Err(NoTurn::Full)), "all send one");
        let household: Vec<_> = (10..13).filter_map(|sender| enter(&busy, sender, NOW).ok()).collect();
        assert_eq!(household.len(), 3, "two places were kept, and a guest's makes room");
        assert_eq!(greedy.iter().chain([&fifth, &sixth]).filter(|film| yielded(film)).count(), 3);
        assert!(!household.iter().any(yielded));
        let more: Vec<_> = (13..30).filter_map(|sender| enter(&busy, sender, NOW).ok()).collect();
        assert_eq!(more.len(), UPLOADS - household.len(), "the household may have all places, and no more");
        assert!(!household.iter().chain(&more).any(yielded), "nobody of the household makes room at work");
        assert!(matches!(guest(8), Err(NoTurn::Full)));
        let later = NOW + UPLOAD_YIELDS;
        assert!(enter_as(&busy, 8, Standing::Guest, later).is_ok(), "unless theirs rests");
    }
}
