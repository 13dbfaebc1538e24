//! Rights that are used for long: whoever is sent a long body is asked after again, and cut off when the right is gone.
//!
//! One round looks after all of them every few seconds, and when a device is no more, on a thread that may wait for the
//! storage. Nothing is done for each piece that leaves, so a picture is as fast as without.

use std::collections::HashMap;
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_io::Timer;
use event_listener::{Event, listener};

use super::connections::Connection;
use crate::executor::{Work, unblock};

/// Asks whether what is being sent may go on. Blocks.
pub(super) type Question = Arc<dyn Fn() -> bool + Send + Sync>;

/// The bodies under way that not everybody may have.
#[derive(Default)]
pub(super) struct Rights {
    used: Mutex<Used>,
    /// Notified when the first body begins.
    begun: Event,
}

#[derive(Default)]
struct Used {
    bodies: HashMap<u64, (Question, Arc<Connection>)>,
    next: u64,
}

/// A body under way; it is asked after until this is dropped.
pub(super) struct UnderWay<'a> {
    rights: &'a Rights,
    number: u64,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.rights.used().bodies.remove(&self.number);
    }
}

impl Rights {
    fn used(&self) -> MutexGuard<'_, Used> {
        // Each change is one statement, so it is whole whatever panicked.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks after a body that `connection` is sent, as long as `question` says that it may.
    pub fn watch(&self, question: Question, connection: &Arc<Connection>) -> UnderWay<'_> {
        let mut used = self.used();
        used.next += 1;
        let number = used.next;
        used.bodies.insert(number, (question, connection.clone()));
        let first = used.bodies.len() == 1;
        drop(used);
        if first {
            self.begun.notify(usize::MAX);
        }
        UnderWay { rights: self, number }
    }

    /// Goes the rounds, for ever. Sleeps while nothing long is sent.
    pub async fn go_round(&self, every: Duration) {
        loop {
            listener!(self.begun => begun);
            if self.used().bodies.is_empty() {
                begun.await;
                continue;
            }
            Timer::after(every).await;
            self.ask().await;
        }
    }

    /// Asks after all of them, and cuts off those whose right is gone.
    pub async fn ask(&self) {
        let questions: Vec<(u64, Question)> =
            self.used().bodies.iter().map(|(number, (question, _))| (*number, question.clone())).collect();
        let gone = unblock(Work::Storage, move || {
            // A question that breaks costs nobody their right, and the others are asked on.
            let holds = |question: &Question| catch_unwind(AssertUnwindSafe(|| question())).unwrap_or(true);
            let gone = questions.into_iter().filter(|(_, question)| !holds(question));
            gone.map(|(number, _)| number).collect::<Vec<_>>()
        });
        for number in gone.await {
            // Its connection may be at the next answer already: then it is not here any more.
            let used = self.used();
            if let Some((_, connection)) = used.bodies.get(&number) {
                log::info!("http: what {} was sent is cut off: the right to it is gone", connection.peer);
                connection.socket.shut(Shutdown::Both);
            }
        }
    }
}
