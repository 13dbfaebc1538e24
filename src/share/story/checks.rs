//! What must hold after everything that happens in a story.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::ground::id::{ShareId, UserId};
use crate::ground::time::Clock as _;
use crate::share::ledger::{Order, Rows, all};
use crate::share::story::{Act, Cast, Phoner, TVS};
use crate::share::{Asker, Share, ShareState, Target, TargetState};

impl Cast {
    /// Everything that must hold, whatever happened.
    pub(super) fn check(&mut self, act: &Act) {
        let shares = self.rows();
        self.check_steps(&shares, act);
        self.check_inboxes(&shares);
        self.check_lists(&shares);
        self.check_rights(&shares);
        self.check_senders(&shares);
        self.check_news(&shares);
        self.before = shares;
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
        self.books.look(&mut look).expect("the books can be read");
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
        self.books.look(&mut look).expect("the books can be read");
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
                let holds = self.steward.ticket_holds(*id, *user).expect("an answer");
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

    /// Every TV rings once for whoever a share has just come to, if they live there and want to hear of it now; nothing
    /// else rings. Inboxes are told of where their user is signed in, with the right counts.
    fn check_news(&mut self, shares: &BTreeMap<ShareId, Share>) {
        let (date, rows) = (self.clock.date(), self.steward.tvs().expect("TVs"));
        let mut wanted = Vec::new();
        for (id, share) in shares {
            let came = |target: &&Target| {
                let was = self.before.get(id).and_then(|before| before.target(target.user)).map(|target| target.state);
                target.state == TargetState::Notified && was.is_none_or(|was| was == TargetState::Invited)
            };
            for target in share.targets.iter().filter(came) {
                let user = self.steward.user(target.user).expect("a user");
                let blocks = self.steward.blocks(user.id).expect("a list");
                assert!(!user.settings.service_off && blocks.iter().all(|blocked| blocked.sender != share.sender));
                assert_eq!(share.state, ShareState::Ready);
                let quiet = user.settings.quiet_hours.is_some_and(|hours| hours.covers(date));
                let home = (0..TVS)
                    .filter(|tv| rows.iter().any(|row| row.id == self.tvs[*tv] && row.account == Some(user.account)));
                wanted.extend(home.filter(|_| !quiet).map(|tv| (tv, user.id, *id)));
            }
        }
        let mut rung = Vec::new();
        for (tv, ear) in self.ears.iter_mut().enumerate() {
            while let Some(event) = ear.try_next() {
                let data: serde_json::Value = serde_json::from_str(&event.data).expect("JSON");
                let id = |field: &str| data[field].as_str().expect("an id").to_owned();
                match event.name {
                    "ring" => {
                        let user = id("user_id").parse::<UserId>().expect("an id");
                        rung.push((tv, user, id("share_id").parse::<ShareId>().expect("an id")));
                    }
                    "inbox" => {
                        let user = id("user_id").parse::<UserId>().expect("an id");
                        let row = rows.iter().find(|row| row.id == self.tvs[tv]).expect("a TV");
                        assert!(row.signed_in.iter().any(|signed_in| signed_in.user == user), "not their TV");
                    }
                    "share" => assert!(matches!(data["state"].as_str(), Some(state) if STATES.contains(&state))),
                    other => assert_eq!(other, "tv"),
                }
            }
        }
        wanted.sort_unstable();
        rung.sort_unstable();
        assert_eq!(rung, wanted);
        assert!(self.removed.iter_mut().all(|ear| ear.try_next().is_none_or(|event| event.name == "tv")));
    }
}

/// What TVs are told of a share.
const STATES: [&str; 4] = ["ready", "ended", "expired", "unknown"];

/// Whether a share gets from one state to another in any number of allowed steps.
fn share_reaches(from: ShareState, to: ShareState) -> bool {
    from == to || ShareState::ALL.into_iter().any(|next| from.may_become(next) && share_reaches(next, to))
}

/// Whether a target gets from one state to another in at most three allowed steps.
fn target_reaches(from: TargetState, to: TargetState) -> bool {
    let steps = |from: TargetState| TargetState::ALL.into_iter().filter(move |next| from.may_become(*next));
    from == to || steps(from).any(|a| a == to || steps(a).any(|b| b == to || steps(b).any(|c| c == to)))
}
