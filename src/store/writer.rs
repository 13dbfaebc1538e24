//! The one thread that writes: takes the decisions that wait into one transaction, and answers each when all are durable.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redb::Database;

use crate::share::LedgerError;
use crate::share::ledger::Decision;
use crate::store::copy::{self, Copy};
use crate::store::error::failed;
use crate::store::guard::guarded;
use crate::store::ledger::{Then, Writing};
use crate::store::{Shelf, schema};

/// Decisions taken into one transaction.
const BATCH: usize = 128;
/// While the database can't be written or read, how often that is tried without being asked.
const RETRY: Duration = Duration::from_secs(2);

/// What the writer is asked to do.
pub enum Work {
    /// Run a decision.
    Decide(Decision),
    /// Replace everything by a copy; what is to run then.
    Replace(Copy, Then),
    /// Look after what could not be read.
    Wake,
}

struct Job {
    work: Work,
    answer: SyncSender<Result<(), LedgerError>>,
}

/// The writer; ends with the last job when dropped.
pub struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(shelf: Arc<Shelf>) -> std::io::Result<Self> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new().name("store".into()).spawn(move || write(&shelf, &waiting))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has `work` done; returns when it is durable, or refused.
    pub fn ask(&self, work: Work) -> Result<(), LedgerError> {
        let (answer, answered) = sync_channel(1);
        let gone = || LedgerError::Failed("the store is closed".into());
        self.jobs.as_ref().ok_or_else(gone)?.send(Job { work, answer }).map_err(|_| gone())?;
        answered.recv().unwrap_or_else(|_| Err(gone()))
    }

    /// Has the thread look after what could not be read. Does not wait.
    pub fn wake(&self) {
        let (answer, _) = sync_channel(1);
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Job { work: Work::Wake, answer });
        }
    }

    /// Whether the thread has ended, which it never should.
    pub fn is_gone(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What runs after the commit, and who waits for it.
struct Done {
    then: Option<Then>,
    answer: SyncSender<Result<(), LedgerError>>,
}

fn write(shelf: &Shelf, waiting: &Receiver<Job>) {
    let mut tried = Instant::now();
    while let Some(first) = next(shelf, waiting, &mut tried) {
        let mut batch = std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1));
        let mut done: Vec<Done> = Vec::new();
        let result = shelf.with(|database| write_batch(database, &mut batch, &mut done));
        note(shelf, &result);
        if result.is_err() && done.is_empty() {
            done.extend(batch.next().map(|job| Done { then: None, answer: job.answer }));
        }
        for Done { then, answer } in done {
            // Whatever is wrong with the news, what was decided is durable.
            if let (Ok(_), Some(then)) = (&result, then)
                && let Err(error) = guarded(|| {
                    then();
                    Ok(())
                })
            {
                log::error!("the news of a decision broke off: {error}");
            }
            let _ = answer.send(result.clone().map(drop));
        }
    }
}

/// The next job; `None` when there will be none. Tries every while, however many there are, whether a database in trouble
/// can be written and read again.
fn next(shelf: &Shelf, waiting: &Receiver<Job>, tried: &mut Instant) -> Option<Job> {
    while shelf.is_in_trouble() {
        let rest = RETRY.saturating_sub(tried.elapsed());
        if rest.is_zero() {
            *tried = Instant::now();
            note(shelf, &shelf.with(|database| schema::touch(database).map(|()| true)));
            shelf.read_again();
            continue;
        }
        match waiting.recv_timeout(rest) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    waiting.recv().ok()
}

/// Notes whether the database can be written, and opens it again where not; says so when that has changed.
fn note(shelf: &Shelf, written: &Result<bool, LedgerError>) {
    let before = shelf.trouble().clone();
    match written {
        Ok(false) => {}
        Ok(true) => {
            *shelf.trouble() = None;
            if before.is_some() {
                log::info!("the database can be written again");
            }
        }
        Err(error) => {
            *shelf.trouble() = Some(error.clone());
            if before.as_ref() != Some(error) {
                log::error!("database not written: {error}");
            }
            // A failure to open it again is met, and said, by whoever asks next.
            let _ = shelf.reopen();
        }
    }
}

/// Does the jobs of a batch in one transaction; whether anything was written. What comes after a failure of the disk stays
/// in the batch.
fn write_batch(
    database: &Database,
    batch: &mut dyn Iterator<Item = Job>,
    done: &mut Vec<Done>,
) -> Result<bool, LedgerError> {
    let transaction = database.begin_write().map_err(failed)?;
    let mut wrote = false;
    let mut ledger = Writing::new(&transaction);
    for Job { work, answer } in batch {
        done.push(Done { then: None, answer });
        let then = match work {
            Work::Decide(decision) => {
                let then = ledger.decide(decision)?;
                wrote |= ledger.keep();
                then
            }
            Work::Replace(copy, then) => {
                copy::replace(&transaction, &copy)?;
                wrote = true;
                Some(then)
            }
            Work::Wake => None,
        };
        if let Some(error) = ledger.broken() {
            return Err(error);
        }
        if let Some(last) = done.last_mut() {
            last.then = then;
        }
    }
    drop(ledger);
    if wrote {
        transaction.commit().map_err(failed)?
    } else {
        transaction.abort().map_err(failed)?
    }
    Ok(wrote)
}
