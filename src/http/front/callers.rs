//! Whose calls were answered of late, by what they came with: a TV's or the owner's cookie, a phone's token. Where
//! strangers wait too, those go first (`lanes`). Learnt from the answers, so that nobody is looked up before their turn;
//! only hashes are kept, with a key that no disk has seen. Forgotten at a restart.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::head::Head;
use crate::ground::limits;
use crate::http::cookies;
use crate::http::route::Lane;

/// Those who are known, in each lane: whoever was answered last comes last.
#[derive(Default)]
pub(super) struct KnownCallers {
    hasher: RandomState,
    lanes: [Mutex<VecDeque<u64>>; Lane::ALL.len()],
}

/// What a call came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    lane: Lane,
    hash: u64,
}

impl KnownCallers {
    /// What a call shows of what counts in its lane.
    pub fn shown(&self, lane: Lane, head: &Head, is_secure: bool) -> Option<Shown> {
        let credential = match lane {
            Lane::Tv => cookies::any(head.field("cookie")?, cookies::TV, is_secure),
            Lane::Owner => cookies::own(head.field("cookie")?, cookies::OWNER, is_secure),
            Lane::Guest => head.field("authorization"),
        };
        Some(Shown { lane, hash: self.hasher.hash_one(credential?) })
    }

    /// Whether whoever showed this was answered of late.
    pub fn know(&self, shown: Shown) -> bool {
        self.lane(shown.lane).contains(&shown.hash)
    }

    /// Learns from the status of an answer to whoever showed this. Of an address that is open to strangers only a refusal
    /// tells anything.
    pub fn learn(&self, shown: Shown, is_open: bool, status: u16) {
        let is_good = status < 400 && !is_open;
        // A TV's 401 may be a wrong PIN or want of a user: a cookie that is worth nothing gets it no more than an earlier turn.
        let is_refused = status == 401 && shown.lane != Lane::Tv;
        if !is_good && !is_refused {
            return;
        }
        let mut known = self.lane(shown.lane);
        known.retain(|hash| *hash != shown.hash);
        if is_good {
            if known.len() >= limits::HTTP_KNOWN_CALLERS {
                known.pop_front();
            }
            known.push_back(shown.hash);
        }
    }

    fn lane(&self, lane: Lane) -> MutexGuard<'_, VecDeque<u64>> {
        // Whatever is missing after a panic is learnt again.
        self.lanes[lane as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::front::head;

    fn head(field: &str) -> Head {
        let text = format!("GET /tv/api/inbox HTTP/1.1\r\nHost: localhost\r\n{field}\r\n\r\n");
        head::read(text.as_bytes(), 0, &head::Hosts::default()).expect("a good head").expect("a whole one").0
    }

    #[test]
    fn who_was_answered_is_known_in_that_lane_until_refused() {
        let callers = KnownCallers::default();
        let shown = |lane, field: &str| callers.shown(lane, &head(field), false);
        let tv = shown(Lane::Tv, "Cookie: lareira_tv=a; lareira_user=b").expect("a TV's cookie");
        assert!(!callers.know(tv));
        callers.learn(tv, true, 200);
        assert!(!callers.know(tv), "strangers are answered there too");
        callers.learn(tv, false, 200);
        assert!(callers.know(tv));
        assert_eq!(shown(Lane::Tv, "Cookie: lareira_tv=a"), Some(tv), "whoever is signed in on it");
        assert!(!callers.know(shown(Lane::Tv, "Cookie: lareira_tv=c").expect("another's")));
        for (lane, field) in [
            (Lane::Owner, "Cookie: lareira_tv=a"),
            (Lane::Guest, "Cookie: lareira_tv=a"),
            (Lane::Tv, "Authorization: Bearer a"),
            (Lane::Tv, "Cookie: lareira_user=a"),
        ] {
            assert_eq!(shown(lane, field), None, "{lane:?} {field}");
        }
        assert!(!callers.know(shown(Lane::Owner, "Cookie: lareira_owner=a").expect("one")));
        callers.learn(tv, false, 404);
        callers.learn(tv, false, 429);
        assert!(callers.know(tv), "that says nothing of who it is");
        callers.learn(tv, true, 401);
        assert!(callers.know(tv), "its user mistyped a PIN");
        let owner = shown(Lane::Owner, "Cookie: lareira_owner=a").expect("the owner's cookie");
        callers.learn(owner, false, 200);
        assert!(callers.know(owner));
        callers.learn(owner, true, 401);
        assert!(!callers.know(owner));
    }

    #[test]
    fn those_who_were_answered_last_are_kept() {
        let callers = KnownCallers::default();
        let shown = |number: usize| Shown { lane: Lane::Guest, hash: number as u64 };
        for number in 0..3 * limits::HTTP_KNOWN_CALLERS {
            callers.learn(shown(number), false, 200);
            callers.learn(shown(0), false, 200);
        }
        assert_eq!(callers.lane(Lane::Guest).len(), limits::HTTP_KNOWN_CALLERS);
        assert!(callers.know(shown(0)) && !callers.know(shown(1)));
    }
}
