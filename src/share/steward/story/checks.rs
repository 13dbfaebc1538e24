//! What must hold after everything that happens in a story.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::ground::id::{SenderId, ShareId, TvId, UserId};
use crate::ground::time::{Clock as _, UnixMs};
use crate::share::ledger::{Order, Rows, all};
use crate::share::steward::story::{Act, Cast, Phoner, TVS};
use crate::share::{Asker, Change, Holder, Share, ShareState, Shown, Target, TargetState, User};

impl Cast {
    /// Everything that must hold, whatever happened.
    pub(super) fn check(&mut self, act: &Act) {
        let shares = self.rows();
        self.check_steps(&shares, act);
        self.check_inboxes(&shares);
        self.check_lists(&shares);
        self.check_rights(&shares);
        self.check_senders(&shares);
        let allowed = self.check_standings(act);
        self.check_news(&shares, act, &allowed);
        (self.before, self.allowed) = (shares, allowed);
    }

    fn rows(&self) -> BTreeMap<ShareId, Share> {
        let mut shares = BTreeMap::new();
        let mut look = |ledger: &dyn Rows| {
            shares.clear();
            let scan = ledger.scan_shares(all(), Order::Rising, &mut |id, share| {
                shares.insert(id, share);
                ControlFlow::Continue(())
            });
            scan.expect("shares can be read");
        };
        self.storage.read(&mut look).expect("the database can be read");
        shares
    }

    /// States move along allowed steps, nothing seen becomes unseen, and nothing goes by itself.
    fn check_steps(&self, shares: &BTreeMap<ShareId, Share>, act: &Act) {
        for (id, before) in &self.before {
            let Some(share) = shares.get(id) else {
                let forgotten = matches!(act, Act::Sweep) && before.state == ShareState::Expired;
                assert!(forgotten || matches!(act, Act::Withdraw { .. }), "a share is lost by {act:?}");
                continue;
            };
            assert!(share_reaches(before.state, share.state), "{:?} → {:?}", before.state, share.state);
            let stays = |target: &Target| share.target(target.user).is_some();
            assert!(
                before.targets.iter().all(stays) || matches!(act, Act::RemoveUser(_)),
                "a target is lost by {act:?}"
            );
            for target in &share.targets {
                let was = before.target(target.user).expect("targets are never added");
                assert!(target_reaches(was.state, target.state), "{:?} → {:?}", was.state, target.state);
                assert!(!was.seen || target.seen, "seen stays seen");
                assert!(!was.deleted || target.deleted, "deleted stays deleted");
                let deletes = matches!(act, Act::Delete { .. } | Act::Block { delete: true, .. });
                assert!(was.deleted == target.deleted || deletes, "an entry is deleted by {act:?}");
            }
        }
    }

    /// Each inbox has what came to the user and was not deleted: once, in order, and rightly counted.
    fn check_inboxes(&self, shares: &BTreeMap<ShareId, Share>) {
        for user in &self.users {
            let Ok(page) = self.steward.inbox(*user, 0, 1000) else { continue };
            let mut wanted: Vec<_> = shares
                .values()
                .filter_map(|share| share.target(*user).map(|target| (target, share.id)))
                .filter(|(target, _)| target.state.has_arrived() && !target.deleted)
                .map(|(target, id)| (target.place.expect("what arrived has a place"), id, target.seen))
                .collect();
            wanted.sort_unstable_by(|a, b| b.cmp(a));
            let found: Vec<_> = page.entries.iter().map(|entry| entry.share).collect();
            assert_eq!(found, wanted.iter().map(|(_, id, _)| *id).collect::<Vec<_>>());
            assert_eq!(page.total as usize, wanted.len());
            assert_eq!(page.unseen as usize, wanted.iter().filter(|(.., seen)| !seen).count());
            if let Some(half) = found.get(found.len() / 2..) {
                let rest = self.steward.inbox(*user, (found.len() / 2) as u64, 1000).expect("a page").entries;
                assert_eq!(rest.iter().map(|entry| entry.share).collect::<Vec<_>>(), half);
            }
        }
    }

    /// The lists that are read instead of all shares say what the shares say.
    fn check_lists(&self, shares: &BTreeMap<ShareId, Share>) {
        let watched = |share: &Share| share.targets.iter().any(|target| target.state == TargetState::Watching);
        let active: Vec<_> = shares
            .values()
            .filter(|share| share.state.is_unfinished() || watched(share))
            .map(|share| share.id)
            .collect();
        let ended = |state| shares.values().filter(move |share| share.state == state);
        let mut kept: Vec<_> =
            ended(ShareState::Ended).filter(|share| !share.kept).map(|share| (share.id, share.all_seen())).collect();
        let mut expired: Vec<_> = ended(ShareState::Expired).map(|share| share.id).collect();
        kept.sort_unstable();
        expired.sort_unstable();
        let mut look = |ledger: &dyn Rows| {
            let (mut found, mut found_kept, mut found_expired, mut tokens) = (Vec::new(), Vec::new(), Vec::new(), 0);
            let (mut own, mut counted) = (Vec::new(), 0);
            let go_on = ControlFlow::Continue(());
            let scans = [
                ledger.scan_active_shares(all(), Order::Rising, &mut |id, ()| {
                    found.push(id);
                    go_on
                }),
                ledger.scan_kept_shares(all(), Order::Rising, &mut |(_, id), kept| {
                    found_kept.push((id, kept.all_seen));
                    go_on
                }),
                ledger.scan_expired_shares(all(), Order::Rising, &mut |(_, id), ()| {
                    found_expired.push(id);
                    go_on
                }),
                ledger.scan_share_tokens(all(), Order::Rising, &mut |_, _| {
                    tokens += 1;
                    go_on
                }),
            ];
            assert_eq!(scans, [Ok(()), Ok(()), Ok(()), Ok(())]);
            let scans = [
                ledger.scan_sender_shares(all(), Order::Rising, &mut |((sender, date), id), ()| {
                    own.push((sender, date, id));
                    go_on
                }),
                ledger.scan_sender_counts(all(), Order::Rising, &mut |_, count| {
                    counted += count as usize;
                    go_on
                }),
            ];
            assert_eq!((scans, counted), ([Ok(()), Ok(())], shares.len()));
            let mut expected: Vec<_> =
                shares.values().map(|share| (share.sender, share.created_at, share.id)).collect();
            expected.sort_unstable();
            assert_eq!(own, expected, "each sender's own shares are listed");
            found_kept.sort_unstable();
            found_expired.sort_unstable();
            assert_eq!((&found, &found_kept, &found_expired, tokens), (&active, &kept, &expired, shares.len()));
        };
        self.storage.read(&mut look).expect("the database can be read");
        let held = self.steward.held().expect("what may go");
        assert_eq!(held.len(), kept.len());
        let may_go = |share: &Share| share.state == ShareState::Ended && !share.kept;
        assert!(held.iter().all(|held| may_go(&shares[&held.share])), "never a live one, nor one that is kept");
    }

    /// Nobody sees or plays what is not theirs, and no ticket opens it.
    fn check_rights(&self, shares: &BTreeMap<ShareId, Share>) {
        for user in &self.users {
            for id in &self.shares {
                let target = shares.get(id).and_then(|share| share.target(*user).map(|target| (share, target)));
                let sees = target.is_some_and(|(_, target)| target.state != TargetState::Blocked && !target.deleted);
                let plays = target.is_some_and(|(share, target)| {
                    sees && target.state.has_arrived() && matches!(share.state, ShareState::Ready | ShareState::Ended)
                });
                assert_eq!(self.steward.entry(*user, *id).is_ok(), sees);
                assert_eq!(self.steward.target_may_play(*id, *user).expect("an answer"), plays);
                let holds = self.steward.ticket_holds(*id, Holder { user: *user, tv: None }).expect("an answer");
                let there = self.steward.user(*user).is_ok();
                assert_eq!(holds, sees && there || !shares.contains_key(id), "a share that is gone has no secrets");
            }
        }
    }

    /// Senders see their own shares, all of them, and nobody else's.
    fn check_senders(&self, shares: &BTreeMap<ShareId, Share>) {
        for Phoner { sender, .. } in &self.senders {
            for (id, share) in shares {
                let report = self.steward.share(Asker::Sender(*sender), *id);
                assert_eq!(report.is_ok(), share.sender == *sender);
            }
        }
    }

    /// Senders are allowed by what a user does at a TV, and by nothing that they do themselves. Who is allowed now.
    fn check_standings(&mut self, act: &Act) -> BTreeSet<(SenderId, UserId)> {
        let mut allowed = BTreeSet::new();
        let mut look = |ledger: &dyn Rows| {
            let scan = ledger.scan_standings(all(), Order::Rising, &mut |key, standing| {
                if standing.allowed {
                    allowed.insert(key);
                }
                ControlFlow::Continue(())
            });
            assert_eq!(scan, Ok(()));
        };
        self.storage.read(&mut look).expect("the database can be read");
        for (_, by) in allowed.difference(&self.allowed) {
            let (Act::Allow { user, .. } | Act::Accept { user, .. } | Act::Watching { user, .. }) = act else {
                panic!("a sender is allowed by {act:?}");
            };
            assert_eq!(self.users[*user], *by, "nobody allows for another");
        }
        for (sender, user) in self.allowed.difference(&allowed) {
            let renamed = matches!(act, Act::Rename(by) if self.senders[*by].sender == *sender);
            assert!(renamed || matches!(act, Act::RemoveUser(gone) if self.users[*gone] == *user), "{act:?}");
        }
        allowed
    }

    /// Whether a share of `sender` that comes to `user` now rings; `Some(true)` where it only asks to be allowed.
    fn rings(&mut self, share: &Share, user: &User) -> Option<bool> {
        let (date, sender, key) = (self.clock.date(), share.sender, (share.sender, user.id));
        let within = |at: UnixMs, s: u64| date.0.abs_diff(at.0) < 1000 * s;
        let mut account = None;
        let mut look = |ledger: &dyn Rows| account = ledger.sender(sender).expect("read").and_then(|row| row.account);
        self.storage.read(&mut look).expect("the database can be read");
        let is_member = account == Some(user.account);
        if !is_member && !self.allowed.contains(&key) {
            if self.asked.get(&key).is_some_and(|at| within(*at, 24 * 3600)) {
                return None;
            }
            self.asked.insert(key, date);
            self.rung.push((sender, user.id, date, share.id));
            return Some(true);
        }
        let mut of_late = BTreeSet::new();
        for one in self.steward.users(Some(user.account)).expect("users") {
            let last = self.rung.iter().rev().filter(|(of, to, ..)| (*of, *to) == (sender, one.id)).take(12);
            of_late.extend(last.filter(|(.., at, _)| within(*at, 5 * 60)).map(|(.., share)| *share));
        }
        (of_late.len() < if is_member { 12 } else { 3 } || of_late.contains(&share.id)).then(|| {
            self.rung.push((sender, user.id, date, share.id));
            false
        })
    }

    /// Every TV rings once for whoever a share has just come to, if they live there and want to hear of it now, from whom it
    /// is and so often; nothing else rings. Inboxes are told of where their user is signed in, with the right counts.
    fn check_news(&mut self, shares: &BTreeMap<ShareId, Share>, act: &Act, allowed: &BTreeSet<(SenderId, UserId)>) {
        let (date, rows) = (self.clock.date(), self.steward.tvs().expect("TVs"));
        let mut came = Vec::new();
        for (id, share) in shares {
            let is_new = |target: &&Target| {
                let was = self.before.get(id).and_then(|before| before.target(target.user)).map(|target| target.state);
                target.state == TargetState::Notified && was.is_none_or(|was| was == TargetState::Invited)
            };
            for target in share.targets.iter().filter(is_new) {
                let user = self.steward.user(target.user).expect("a user");
                let blocks = self.steward.blocks(user.id).expect("a list");
                assert!(!user.settings.service_off && blocks.iter().all(|blocked| blocked.sender != share.sender));
                assert_eq!(share.state, ShareState::Ready);
                came.push((user, share));
            }
        }
        let mut wanted = Vec::new();
        let mut ring = |tvs: &[TvId], user: &User, share: ShareId, asks: bool| {
            let home =
                (0..TVS).filter(|tv| rows.iter().any(|row| row.id == tvs[*tv] && row.account == Some(user.account)));
            wanted.extend(home.filter(|_| !user.has_quiet(date)).map(|tv| (tv, user.id, share, asks)));
        };
        for (user, share) in came {
            if let Some(asks) = self.rings(share, &user) {
                ring(&self.tvs, &user, share.id, asks);
            }
        }
        // What asked to be allowed rings once it is, while it goes on: all that is shared here is live.
        if let Act::Allow { user, share } = act
            && let Some(share) = shares.get(&self.share(*share))
            && let Some(target) = share.target(self.users[*user])
            && allowed.contains(&(share.sender, target.user))
            && !self.allowed.contains(&(share.sender, target.user))
            && target.state == TargetState::Notified
            && !target.deleted
            && share.state == ShareState::Ready
        {
            ring(&self.tvs, &self.steward.user(target.user).expect("a user"), share.id, false);
        }
        let mut rung = Vec::new();
        for (tv, ear) in self.ears.iter_mut().enumerate() {
            while let Some(event) = ear.try_next() {
                match &*event.change {
                    Change::Ring(ring) => {
                        let asks = matches!(ring.shown, Shown::Introduction { .. });
                        rung.push((tv, ring.user, ring.share, asks));
                    }
                    Change::Inbox { user, .. } => {
                        let row = rows.iter().find(|row| row.id == self.tvs[tv]).expect("a TV");
                        assert!(row.has_signed_in(*user), "not their TV");
                    }
                    Change::Share { state, .. } | Change::Interrupted { state, .. } => assert!(STATES.contains(state)),
                    Change::Gone(_) | Change::Tv { .. } => {}
                    other => panic!("no TV is told of {other:?}"),
                }
            }
        }
        wanted.sort_unstable();
        rung.sort_unstable();
        assert_eq!(rung, wanted);
        assert!(
            self.removed
                .iter_mut()
                .all(|ear| ear.try_next().is_none_or(|event| matches!(*event.change, Change::Tv { .. })))
        );
    }
}

/// What TVs are told of a share.
const STATES: [ShareState; 3] = [ShareState::Ready, ShareState::Ended, ShareState::Expired];

/// Whether a share gets from one state to another in any number of allowed steps.
fn share_reaches(from: ShareState, to: ShareState) -> bool {
    from == to || ShareState::ALL.into_iter().any(|next| from.may_become(next) && share_reaches(next, to))
}

/// Whether a target gets from one state to another in at most three allowed steps.
fn target_reaches(from: TargetState, to: TargetState) -> bool {
    let steps = |from: TargetState| TargetState::ALL.into_iter().filter(move |next| from.may_become(*next));
    from == to || steps(from).any(|a| a == to || steps(a).any(|b| b == to || steps(b).any(|c| c == to)))
}
