//! Who watches right now: which TVs play which share for which user, and how far behind the camera they are.

use std::collections::HashMap;

use crate::ground::id::{ShareId, TvId, UserId};
use crate::ground::limits;
use crate::ground::time::Moment;
use crate::share::model::views::Delay;

/// A TV that plays.
#[derive(Clone, Copy)]
struct Watcher {
    seen_at: Moment,
    position_ms: u64,
    delay: Option<Delay>,
}

/// A user who watches: on these TVs, or has just accepted and is about to.
#[derive(Clone, Default)]
struct Sitting {
    tvs: HashMap<TvId, Watcher>,
    /// Until when a TV may begin.
    accepted_until: Moment,
    /// Where the last TV was.
    position_ms: Option<u64>,
}

impl Sitting {
    /// Whether a TV plays, or may begin.
    fn is_taken(&self, now: Moment) -> bool {
        !self.tvs.is_empty() || now < self.accepted_until
    }
}

/// A user who does not watch a share any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    pub share: ShareId,
    pub user: UserId,
    pub position_ms: Option<u64>,
}

/// What a report of a TV changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// A TV more plays.
    pub viewers: bool,
    /// The delay is another.
    pub delay: bool,
}

/// All who watch.
#[derive(Default)]
pub struct Watchers(HashMap<(ShareId, UserId), Sitting>);

impl Watchers {
    /// `user` has accepted; a TV will report soon.
    pub fn accept(&mut self, share: ShareId, user: UserId, now: Moment) {
        self.0.entry((share, user)).or_default().accepted_until = now + limits::WATCHING_TIME;
    }

    /// A TV reports that it plays.
    pub fn report(
        &mut self,
        (share, user, tv): (ShareId, UserId, TvId),
        now: Moment,
        position_ms: u64,
        delay: Option<Delay>,
    ) -> Change {
        let sitting = self.0.entry((share, user)).or_default();
        sitting.position_ms = Some(position_ms);
        let before = sitting.tvs.insert(tv, Watcher { seen_at: now, position_ms, delay });
        Change { viewers: before.is_none(), delay: delay.is_some() && before.and_then(|before| before.delay) != delay }
    }

    /// A TV has left; says so when it was the user's last, who is then to be forgotten.
    pub fn leave(&mut self, share: ShareId, user: UserId, tv: TvId) -> Option<Gone> {
        let sitting = self.0.get_mut(&(share, user))?;
        if let Some(watcher) = sitting.tvs.remove(&tv) {
            sitting.position_ms = Some(watcher.position_ms);
        }
        if !sitting.tvs.is_empty() {
            return None;
        }
        sitting.accepted_until = Moment::default();
        Some(Gone { share, user, position_ms: sitting.position_ms })
    }

    /// It is written down that a user does not watch any more; nothing to do where they have begun again.
    pub fn forget(&mut self, Gone { share, user, .. }: Gone, now: Moment) {
        self.0.retain(|of, sitting| *of != (share, user) || sitting.is_taken(now));
    }

    /// What plays where it `fits`, by TV and user.
    pub fn playing(&self, fits: impl Fn(TvId, UserId) -> bool) -> Vec<(ShareId, UserId, TvId)> {
        let of = |(&(share, user), sitting): (&(ShareId, UserId), &Sitting)| {
            sitting.tvs.keys().map(|tv| (share, user, *tv)).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).filter(|(_, user, tv)| fits(*tv, *user)).collect()
    }

    /// Nobody plays the share any more: it was withdrawn, or deleted by `user`.
    pub fn drop_share(&mut self, share: ShareId, user: Option<UserId>) {
        self.0.retain(|(of, by), _| *of != share || user.is_some_and(|user| user != *by));
    }

    /// Drops the TVs that say nothing any more; the users who have none left, each time until they are forgotten.
    pub fn sweep(&mut self, now: Moment) -> Vec<Gone> {
        for sitting in self.0.values_mut() {
            sitting.tvs.retain(|_, watcher| now.since(watcher.seen_at) < limits::WATCHING_TIME);
        }
        let gone = self.0.iter().filter(|(_, sitting)| !sitting.is_taken(now));
        gone.map(|(&(share, user), sitting)| Gone { share, user, position_ms: sitting.position_ms }).collect()
    }

    /// TVs that play the share.
    pub fn viewers(&self, share: ShareId) -> usize {
        self.0.iter().filter(|((of, _), _)| *of == share).map(|(_, sitting)| sitting.tvs.len()).sum()
    }

    /// The longest delay of the user's TVs.
    pub fn delay(&self, share: ShareId, user: UserId) -> Option<Delay> {
        self.0.get(&(share, user))?.tvs.values().filter_map(|watcher| watcher.delay).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: ShareId = ShareId([1; 10]);
    const ANA: UserId = UserId([2; 10]);
    const KITCHEN: TvId = TvId([3; 10]);
    const BEDROOM: TvId = TvId([4; 10]);

    fn of(ms: u64) -> Option<Delay> {
        Some(Delay { ms, is_whole: false })
    }

    #[test]
    fn a_user_is_gone_when_the_last_tv_is() {
        let mut watchers = Watchers::default();
        let first = watchers.report((SHARE, ANA, KITCHEN), Moment(0), 5, of(200));
        assert_eq!(first, Change { viewers: true, delay: true });
        let second = watchers.report((SHARE, ANA, BEDROOM), Moment(0), 7, of(300));
        assert_eq!(second, Change { viewers: true, delay: true });
        assert_eq!((watchers.viewers(SHARE), watchers.delay(SHARE, ANA)), (2, of(300)));
        assert_eq!(watchers.leave(SHARE, ANA, BEDROOM), None);
        let gone = Gone { share: SHARE, user: ANA, position_ms: Some(5) };
        assert_eq!(watchers.leave(SHARE, ANA, KITCHEN), Some(gone));
        assert_eq!(watchers.sweep(Moment(0)), [gone], "until it is written down");
        watchers.forget(gone, Moment(0));
        assert_eq!(watchers.sweep(Moment(0)), []);
        assert_eq!(watchers.leave(SHARE, ANA, KITCHEN), None);
    }

    #[test]
    fn a_silent_tv_counts_as_gone() {
        let mut watchers = Watchers::default();
        watchers.accept(SHARE, ANA, Moment(0));
        assert_eq!(watchers.sweep(Moment(1)), []);
        watchers.report((SHARE, ANA, KITCHEN), Moment(1), 9, None);
        let late = Moment(1) + limits::WATCHING_TIME;
        assert_eq!(watchers.sweep(late), [Gone { share: SHARE, user: ANA, position_ms: Some(9) }]);
    }
}
