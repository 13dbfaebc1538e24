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

use super::Shared;
use super::connections::Connection;
use super::head::Head;
use crate::executor::{Work, unblock};
use crate::http::route::Route;

/// Asks whether what is being sent may go on. Blocks.
type Question = Arc<dyn Fn() -> bool + Send + Sync>;

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

    /// Looks after the body that answers `head`, if not everybody may have it.
    pub fn watch<'a>(
        &'a self,
        shared: &Arc<Shared>,
        connection: &Arc<Connection>,
        head: &Head,
    ) -> Option<UnderWay<'a>> {
        let question = question(shared, connection, head)?;
        let mut used = self.used();
        used.next += 1;
        let number = used.next;
        used.bodies.insert(number, (question, connection.clone()));
        let first = used.bodies.len() == 1;
        drop(used);
        if first {
            self.begun.notify(usize::MAX);
        }
        Some(UnderWay { rights: self, number })
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

fn question(shared: &Arc<Shared>, connection: &Connection, head: &Head) -> Option<Question> {
    let shared = shared.clone();
    Some(match head.route.clone().ok()? {
        Route::Play(address) => Arc::new(move || shared.player.still_allowed(&address)),
        Route::Channel(address) => Arc::new(move || shared.channels.still_allowed(&address.ticket)),
        route @ (Route::Phone(_) | Route::Tv(_)) => {
            let (fields, is_secure) = (head.kept.clone(), connection.socket.is_secure());
            Arc::new(move || shared.events.still_allowed(&route, &fields, is_secure))
        }
        _ => return None,
    })
}
