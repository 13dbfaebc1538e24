//! TV channels behind the HTTP door, and the households' TVs behind the channels: these rooms don't know each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::executor::{BoxFuture, Work, unblock};
use crate::ground::id::TvId;
use crate::ground::reply::Reply;
use crate::ground::time::{Clock, Moment};
use crate::http::{ChannelPage, ChannelPlayer, ChannelRequest, ChannelView, Lineup, OnAir};
use crate::iptv::{Channel, Channels, Programme, Viewers};
use crate::share::{Audience, Change, Steward};

/// The channels as the HTTP door knows them.
pub(super) struct Watched {
    pub channels: Arc<Channels>,
    pub clock: Arc<dyn Clock>,
}

impl ChannelPlayer for Watched {
    fn watch(&self, request: ChannelRequest) -> BoxFuture<'_, Reply> {
        let ChannelRequest { address, range, head_only } = request;
        Box::pin(async move { self.channels.watch(address, range, head_only).await })
    }

    fn still_allowed(&self, ticket: &str) -> bool {
        self.channels.still_allowed(ticket)
    }
}

impl Lineup for Watched {
    fn page(&self, tv: TvId, offset: usize, limit: usize) -> ChannelPage {
        let held = self.channels.held();
        let now = self.clock.date();
        let ticket = self.channels.ticket(tv);
        let on_air = |programme: Programme| OnAir {
            title: programme.title.into(),
            starts_at: programme.start,
            ends_at: programme.stop,
        };
        let view = |channel: &Channel| {
            let (on, next) = held.guide.now_and_next(channel, now);
            ChannelView {
                id: channel.id,
                number: channel.number,
                name: channel.name.to_string(),
                group: channel.group.as_deref().map(str::to_owned),
                has_logo: !channel.logo.is_empty(),
                ticket: ticket.clone(),
                now: on.map(on_air),
                next: next.map(on_air),
            }
        };
        let channels = held.catalogue.channels();
        let page = channels.iter().skip(offset).take(limit).map(view).collect();
        ChannelPage { total: channels.len(), channels: page }
    }
}

/// How long an answer of the database on a TV is believed. One that was removed watches no longer than that.
const BELIEVED: Duration = Duration::from_secs(2);
/// TVs that are believed at once; more are forgotten.
const MAX_BELIEVED: usize = 1024;

/// Asks the steward which TVs belong to a household. Players ask many times a minute, so the answer holds for a moment.
pub(super) struct PairedTvs {
    pub steward: Arc<Steward>,
    pub clock: Arc<dyn Clock>,
    pub believed: Mutex<HashMap<TvId, Moment>>,
}

impl PairedTvs {
    fn believed(&self) -> MutexGuard<'_, HashMap<TvId, Moment>> {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Viewers for PairedTvs {
    fn may_watch(&self, tv: TvId) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let now = self.clock.now();
            if self.believed().get(&tv).is_some_and(|until| now < *until) {
                return true;
            }
            let steward = self.steward.clone();
            let paired = unblock(Work::Storage, move || is_paired(&steward, tv)).await;
            if paired {
                let mut believed = self.believed();
                if believed.len() >= MAX_BELIEVED {
                    believed.clear();
                }
                believed.insert(tv, now + BELIEVED);
            }
            paired
        })
    }

    fn may_watch_on(&self, tv: TvId) -> bool {
        is_paired(&self.steward, tv)
    }
}

fn is_paired(steward: &Steward, tv: TvId) -> bool {
    steward.is_paired(tv).unwrap_or_else(|error| {
        // A database that can't be read is no reason to stop a picture.
        log::error!("tv={tv} can't be looked up: {error}");
        true
    })
}

/// Tells every TV of a household that channels or guide have changed.
pub(super) fn tell_tvs(steward: &Steward) {
    match steward.tvs() {
        Ok(tvs) => {
            for tv in tvs.iter().filter(|tv| tv.account.is_some()) {
                steward.announcer().tell(Audience::Tv(tv.id), Change::Channels);
            }
        }
        Err(error) => log::error!("TVs can't be told of new channels: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::ground::crypto::TokenHash;
    use crate::ground::id::{AccountId, PhoneId, SenderId, ShareId, UserId};
    use crate::ground::set_clock::SetClock;
    use crate::ground::time::UnixMs;
    use crate::share::ledger::memory::MemoryStorage;
    use crate::share::ledger::{Decision, Order, Range, Rows, Storage, Visit, for_each_table};
    use crate::share::{
        Account, Announcer, Blocks, InboxCounts, Invite, Kept, LedgerError, OwnerBrowser, Phone, PinTries, Recipients,
        Sender, Share, ShareSettings, Standing, Tv, User,
    };

    /// Counts how often a table is read from end to end.
    #[derive(Default)]
    struct Counted {
        storage: MemoryStorage,
        scans: AtomicUsize,
    }

    struct CountedRows<'a>(&'a dyn Rows, &'a AtomicUsize);

    macro_rules! count_scans {
        ($($table:ident($key:ty => $row:ty): $get:ident $put:ident $remove:ident $scan:ident;)*) => {
            impl Rows for CountedRows<'_> {
                $(
                    fn $get(&self, key: $key) -> Result<Option<$row>, LedgerError> {
                        self.0.$get(key)
                    }
                    fn $scan(
                        &self,
                        range: Range<$key>,
                        order: Order,
                        visit: Visit<'_, $key, $row>,
                    ) -> Result<(), LedgerError> {
                        self.1.fetch_add(1, Ordering::SeqCst);
                        self.0.$scan(range, order, visit)
                    }
                )*
            }
        };
    }
    for_each_table!(count_scans);

    impl Storage for Counted {
        fn read(&self, rule: &mut dyn FnMut(&dyn Rows)) -> Result<(), LedgerError> {
            self.storage.read(&mut |rows| rule(&CountedRows(rows, &self.scans)))
        }

        fn write(&self, decision: Decision) -> Result<(), LedgerError> {
            self.storage.write(decision)
        }

        fn backup(&self, file: &Path) -> Result<(), LedgerError> {
            self.storage.backup(file)
        }

        fn restore(&self, file: &Path, then: Decision) -> Result<(), LedgerError> {
            self.storage.restore(file, then)
        }

        fn health(&self) -> Result<(), LedgerError> {
            self.storage.health()
        }
    }

    #[test]
    fn whether_a_tv_may_watch_is_asked_of_its_own_row() {
        let (clock, storage) = (SetClock::new(), Arc::new(Counted::default()));
        let announcer = Arc::new(Announcer::new(clock.date()));
        let steward = Steward::new(storage.clone(), clock.clone(), announcer, ShareSettings::default());
        let steward = Arc::new(steward.expect("opens"));
        let account = steward.add_account("Silva", None).expect("an account").id;
        let tv = steward.new_tv().expect("a TV");
        steward.approve_tv(&tv.pairing_code, account, None).expect("paired");

        let viewers = PairedTvs { steward, clock, believed: Mutex::default() };
        let before = storage.scans.load(Ordering::SeqCst);
        assert!(futures_lite::future::block_on(viewers.may_watch(tv.tv)) && viewers.may_watch_on(tv.tv));
        assert!(!viewers.may_watch_on(TvId([9; 10])), "one that nobody has taken in");
        assert_eq!(storage.scans.load(Ordering::SeqCst), before, "no list of TVs is read for it");
    }
}
