//! Where async code runs: one event loop for every socket and timer, on one thread.
//!
//! Tasks run right where async-io notices that their socket is ready: on its own thread. Handing them to another thread,
//! as executors do, costs a second wake-up for each packet of each stream; this way a packet costs one. What other
//! threads wake (a finished query, say) is put into a queue, and a bell fetches the event loop.
//!
//! So a task must never block: work that does goes through [`unblock`], or has its own thread (`workbench.rs`).
//!
//! `meter` looks at how long each task holds the loop.
//!
//! Where hundreds of players ask at once, most of the work would be to fall asleep and be woken for each of them. When
//! wakes come that thick, the loop gathers: it rests a moment after each round, so that a round answers several.

mod meter;
mod own_thread;
mod workbench;

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use async_io::{Async, Timer};
use async_task::Runnable;
use futures_lite::FutureExt as _;
use smol::lock::Semaphore;

use meter::Watch;
pub use meter::{Meter, about, processor_time};

use crate::ground::limits;
use crate::ground::time::{Clock, Moment, UnixMs};
pub use own_thread::{Busy, OwnThread};
pub use workbench::Workbench;

/// A future on the heap, as traits of doors give it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A running piece of async work: detach it or it is cancelled when dropped.
pub type Task<T, M = &'static str> = async_task::Task<T, M>;

/// Wakes that begin gathering when they come within `THICK`, as a crowd's do and a stream's don't.
const CROWD: u32 = 8;
/// How long `CROWD` wakes may take to be a crowd.
const THICK: Duration = Duration::from_millis(4);
/// How long a round of gathering rests: what answers and packets may come later by.
const REST: Duration = Duration::from_millis(2);

/// Kinds of work that blocks. Each has threads of its own number: one that hangs holds up no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Looking into the database, or a decision.
    Storage,
    /// Reading and writing files.
    Disk,
    /// Opening recordings and films, decoding pictures.
    Media,
    /// Asking for the addresses of a name.
    Names,
}

/// Threads of each kind of work.
static PLACES: LazyLock<[Arc<Semaphore>; 4]> = LazyLock::new(|| {
    [limits::BOOKS_THREADS, limits::DISK_THREADS, limits::MEDIA_THREADS, limits::NAMES_THREADS]
        .map(|threads| Arc::new(Semaphore::new(threads)))
});

/// What `work` gives, if it does in time.
pub async fn in_time<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let late = async {
        Timer::after(time).await;
        None
    };
    async { Some(work.await) }.or(late).await
}

/// Does work that blocks on another thread, as soon as there is one for its kind: however many ask, so many work. Work that
/// was begun is finished, and holds its place until then, even if nobody waits for it any more.
pub async fn unblock<T: Send + 'static>(work: Work, run: impl FnOnce() -> T + Send + 'static) -> T {
    let place = PLACES[work as usize].acquire_arc().await;
    blocking::unblock(move || {
        let _place = place;
        run()
    })
    .await
}

/// Does what is left to be done when something is dropped that few have at a time. Nobody waits for it.
pub fn clean_up(run: impl FnOnce() + Send + 'static) {
    blocking::unblock(run).detach();
}

thread_local! {
    /// Whether this thread is the event loop's.
    static ON_LOOP: Cell<bool> = const { Cell::new(false) };
    /// Whether this thread is running tasks just now.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// The event loop's tasks.
#[derive(Clone, Debug)]
pub struct Executor(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ready: Mutex<VecDeque<Named>>,
    bell: UnixStream,
    /// Whether the bell was rung and not yet heard.
    rung: AtomicBool,
    wakes: Mutex<Wakes>,
    meter: Meter,
}

/// A task that is ready, with the name of what it does.
type Named = Runnable<&'static str>;

/// How thick wakes come.
#[derive(Debug)]
struct Wakes {
    /// Since `since`, or in this round of gathering.
    count: u32,
    since: Instant,
    gathering: bool,
}

impl Wakes {
    fn new(since: Instant) -> Self {
        Self { count: 0, since, gathering: false }
    }

    /// Counts one: true if gathering begins.
    fn count(&mut self, now: impl FnOnce() -> Instant) -> bool {
        self.count += 1;
        if self.gathering || self.count < CROWD {
            return false;
        }
        let now = now();
        self.gathering = now - self.since < THICK;
        if !self.gathering {
            self.count = 0;
        }
        self.since = now;
        self.gathering
    }

    /// Ends a round: true if there was anything to gather, so that another is worth it.
    fn end_round(&mut self) -> bool {
        self.gathering &= std::mem::take(&mut self.count) > 0;
        self.gathering
    }
}

impl Default for Executor {
    fn default() -> Self {
        let (bell, heard) = UnixStream::pair().expect("two descriptors are to be had at the start");
        bell.set_nonblocking(true).expect("a socket can be made non-blocking");
        let wakes = Mutex::new(Wakes::new(Instant::now()));
        let shared =
            Shared { ready: Mutex::default(), bell, rung: AtomicBool::new(false), wakes, meter: Meter::default() };
        let executor = Self(Arc::new(shared));
        executor.listen_for_bell(heard);
        executor
    }
}

impl Executor {
    /// Starts `future` on the event loop.
    pub fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(&self, future: F) -> Task<T, &'static str> {
        let shared = self.0.clone();
        let named = async_task::Builder::new().metadata(std::any::type_name::<F>());
        let (runnable, task) = named.spawn(move |_| future, move |runnable| shared.schedule(runnable));
        runnable.schedule();
        task
    }

    /// How long its tasks have taken.
    pub fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// Waits on this thread until `future` is done, while the event loop runs on its own.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        futures_lite::future::block_on(future)
    }

    /// Async-io wakes the bell's task on the event loop's thread: that is how the thread is known.
    fn listen_for_bell(&self, heard: UnixStream) {
        let weak = Arc::downgrade(&self.0);
        let heard = Async::new(heard).expect("a fresh socket can be watched");
        let future = async move {
            loop {
                let _ = heard.readable().await;
                let Some(shared) = weak.upgrade() else { return };
                // A bell that is not heard keeps ringing: the next round begins at once after the rest.
                if shared.wakes().end_round() {
                    continue;
                }
                let mut bytes = [0; 64];
                while heard.get_ref().read(&mut bytes).is_ok_and(|read| read == bytes.len()) {}
                shared.rung.store(false, Ordering::SeqCst);
                drop(shared);
            }
        };
        let shared = Arc::downgrade(&self.0);
        let (runnable, task) = async_task::spawn(future, move |runnable: Runnable| {
            ON_LOOP.set(true);
            runnable.run();
            if let Some(shared) = shared.upgrade() {
                shared.drain();
                if shared.wakes().gathering {
                    thread::sleep(REST);
                }
            }
        });
        task.detach();
        runnable.run();
    }
}

impl Shared {
    fn schedule(&self, runnable: Named) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).push_back(runnable);
        if !ON_LOOP.get() {
            self.ring();
        } else if !RUNNING.get() {
            if self.wakes().count(Instant::now) {
                self.ring();
            }
            self.drain();
        }
    }

    fn ring(&self) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            // A bell that can't be rung has been rung often enough.
            let _ = (&self.bell).write(&[1]);
        }
    }

    fn wakes(&self) -> MutexGuard<'_, Wakes> {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what is ready. A task that panics ends alone.
    fn drain(&self) {
        RUNNING.set(true);
        let mut watch = Watch::start();
        loop {
            let next = self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(runnable) = next else { break };
            let name = *runnable.metadata();
            if catch_unwind(AssertUnwindSafe(|| runnable.run())).is_err() {
                log::error!("a task panicked; the others go on");
            }
            self.meter.turn(&mut watch, name);
        }
        RUNNING.set(false);
    }
}

/// The system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(self.0.elapsed().as_micros() as u64)
    }

    fn date(&self) -> UnixMs {
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::AtomicUsize;
    use std::sync::{RwLock, mpsc};

    use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, future};

    #[test]
    fn tasks_run_wherever_they_are_woken_from() {
        let executor = Executor::default();
        let inner = executor.clone();
        let task = executor.spawn(async move {
            let answer = unblock(Work::Disk, || 20).await;
            future::yield_now().await;
            answer + inner.spawn(async { 22 }).await
        });
        assert_eq!(executor.run(task), 42);
    }

    #[test]
    fn however_many_ask_so_many_work() {
        let executor = Executor::default();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (gate, (started, begun)) = (Arc::new(RwLock::new(())), mpsc::channel());
        let closed = gate.write().expect("nobody panics");
        let asked: Vec<_> = (0..10 * limits::NAMES_THREADS)
            .map(|_| {
                let (running, most, gate, started) = (running.clone(), most.clone(), gate.clone(), started.clone());
                executor.spawn(unblock(Work::Names, move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let _ = started.send(());
                    drop(gate.read());
                    running.fetch_sub(1, Ordering::SeqCst);
                }))
            })
            .collect();
        assert_eq!(begun.iter().take(limits::NAMES_THREADS).count(), limits::NAMES_THREADS);
        let other = executor.spawn(unblock(Work::Disk, || 7));
        assert_eq!(executor.run(other), 7, "work of another kind has threads of its own");
        drop(closed);
        asked.into_iter().for_each(|task| executor.run(task));
        assert_eq!(most.load(Ordering::SeqCst), limits::NAMES_THREADS);
    }

    #[test]
    fn a_panic_ends_its_task_alone() {
        let executor = Executor::default();
        let bad = executor.spawn(async { panic!("on purpose") });
        let good = executor.spawn(async {
            future::yield_now().await;
            7
        });
        assert_eq!(executor.run(good), 7);
        assert!(catch_unwind(AssertUnwindSafe(|| executor.run(bad))).is_err());
        assert_eq!(executor.run(executor.spawn(async { 8 })), 8);
    }

    #[test]
    fn sockets_wake_their_tasks() {
        let executor = Executor::default();
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).expect("a free port");
        let address = listener.get_ref().local_addr().expect("it is bound");
        let server = executor.spawn(async move {
            let (mut socket, _) = listener.accept().await?;
            let mut bytes = [0; 4];
            socket.read_exact(&mut bytes).await?;
            socket.write_all(&bytes).await
        });
        let mut client = TcpStream::connect(address).expect("it listens");
        client.write_all(b"ping").expect("it is there");
        let mut answer = [0; 4];
        client.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"ping");
        executor.run(server).expect("nothing failed");
    }
    #[test]
    fn a_crowd_is_gathered_and_a_stream_is_not() {
        let start = Instant::now();
        let mut wakes = Wakes::new(start);
        // A stream's pictures and sound: a hundred a second.
        assert!(!(0..1_000).any(|wake| wakes.count(|| start + Duration::from_millis(10) * wake)));
        let start = start + Duration::from_secs(60);
        let mut at = (0..).map(|wake| start + Duration::from_micros(100) * wake);
        let begun = (0..100).filter(|_| wakes.count(|| at.next().expect("endless"))).count();
        assert_eq!(begun, 1, "it begins once");
        assert!(wakes.end_round(), "a round that had something is followed by another");
        assert!(!wakes.end_round(), "an empty one is the last");
    }

    #[test]
    fn a_crowd_is_answered_whole_and_then_the_loop_sleeps() {
        let executor = Executor::default();
        let pairs: Vec<_> = (0..50).map(|_| UnixStream::pair().expect("two descriptors")).collect();
        let (clients, servers): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let echoes: Vec<_> = servers
            .into_iter()
            .map(|socket| {
                executor.spawn(async move {
                    let mut socket = Async::new(socket).expect("a fresh socket");
                    let mut bytes = [0; 4];
                    for _ in 0..20 {
                        socket.read_exact(&mut bytes).await.expect("the client writes");
                        socket.write_all(&bytes).await.expect("the client reads");
                    }
                })
            })
            .collect();
        for _ in 0..20 {
            for mut client in &clients {
                client.write_all(b"ping").expect("it is there");
            }
            for mut client in &clients {
                let mut answer = [0; 4];
                client.read_exact(&mut answer).expect("it answers");
                assert_eq!(&answer, b"ping");
            }
        }
        for echo in echoes {
            executor.run(echo);
        }
        while executor.0.wakes().gathering {
            thread::sleep(REST);
        }
    }
}
