//! Calls on their way from the front to the back. The front leaves each here, decoded and whole, and sends its number
//! alone over the socket; the back fetches it by that number, once. So nothing is read twice, and whatever else came in
//! over the socket could ask for nothing and say of nobody who they are.
//!
//! There are as many slots as the lanes have: whoever leaves a call has a slot of its lane, and frees this one with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ground::crypto;
use crate::http::request::Request;

/// The calls under way.
pub(super) struct Calls(Mutex<Vec<CallSlot>>);

/// Where one call is left.
enum CallSlot {
    Free,
    /// It waits for the back.
    Left {
        secret: String,
        call: Box<Request>,
    },
    /// The back has it.
    Fetched,
}

/// A call that was left. Dropped, its slot is free again; if nobody has fetched it by then, nobody will.
pub(in crate::http) struct LeftCall {
    calls: Arc<Calls>,
    slot: usize,
    secret: String,
}

impl Calls {
    /// Room for so many calls at once.
    pub fn new(slots: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new((0..slots).map(|_| CallSlot::Free).collect())))
    }

    /// Leaves a call for the back; nothing where all slots are taken.
    pub fn leave(self: &Arc<Self>, call: Request) -> Option<LeftCall> {
        let secret = crypto::new_token();
        let mut slots = self.slots();
        let slot = slots.iter().position(|slot| matches!(slot, CallSlot::Free))?;
        slots[slot] = CallSlot::Left { secret: secret.clone(), call: Box::new(call) };
        drop(slots);
        Some(LeftCall { calls: self.clone(), slot, secret })
    }

    /// The call with this number, which nobody gets a second time.
    pub fn fetch(&self, number: &str) -> Option<Request> {
        let (slot, shown) = number.split_once('-')?;
        let mut slots = self.slots();
        let slot = slots.get_mut(slot.parse::<usize>().ok()?)?;
        if !matches!(slot, CallSlot::Left { secret, .. } if crypto::same(secret.as_bytes(), shown.as_bytes())) {
            return None;
        }
        match std::mem::replace(slot, CallSlot::Fetched) {
            CallSlot::Left { call, .. } => Some(*call),
            CallSlot::Free | CallSlot::Fetched => None,
        }
    }

    fn slots(&self) -> MutexGuard<'_, Vec<CallSlot>> {
        // Each change is one statement, so it is whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LeftCall {
    /// Its number: the slot, and a secret that nobody can guess.
    pub fn number(&self) -> String {
        format!("{}-{}", self.slot, self.secret)
    }
}

impl Drop for LeftCall {
    fn drop(&mut self) {
        self.calls.slots()[self.slot] = CallSlot::Free;
    }
}

#[cfg(test)]
pub(in crate::http) mod tests {
    use super::*;
    use crate::http::route::Route;

    /// A call that is as good as any.
    pub fn call(query: &str) -> Request {
        Request {
            route: Route::Health,
            is_safe: true,
            peer: [127, 0, 0, 1].into(),
            secure: false,
            host: "localhost".to_owned(),
            query: query.to_owned(),
            fields: Vec::new(),
            probe: None,
            body: Default::default(),
        }
    }

    /// A call that was left among no others, and the way to see whether anything is left.
    pub fn left() -> (LeftCall, impl Fn() -> usize) {
        let calls = Calls::new(2);
        let left = calls.leave(call("")).expect("a free slot");
        (left, move || calls.slots().iter().filter(|slot| !matches!(slot, CallSlot::Free)).count())
    }

    #[test]
    fn a_call_is_fetched_once_and_by_its_number_alone() {
        let calls = Calls::new(2);
        let (one, two) = (calls.leave(call("1")).expect("free"), calls.leave(call("2")).expect("free"));
        assert!(calls.leave(call("3")).is_none(), "no more than there are slots for");
        let (slot, secret) = one.number().split_once('-').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("both");
        let forged = [
            String::new(),
            secret.clone(),
            format!("{slot}-"),
            format!("{slot}-{}", crypto::new_token()),
            format!("{slot}-{}", &secret[1..]),
            format!("1-{secret}"),
            format!("2-{secret}"),
            format!("-1-{secret}"),
            format!("99999999999999999999999-{secret}"),
        ];
        for number in forged {
            assert!(calls.fetch(&number).is_none(), "{number}");
        }
        assert_eq!(calls.fetch(&one.number()).expect("its own").query, "1");
        assert!(calls.fetch(&one.number()).is_none(), "it is given once");
        assert_eq!(calls.fetch(&two.number()).expect("its own").query, "2");
    }

    #[test]
    fn whoever_goes_leaves_nothing() {
        let calls = Calls::new(1);
        let left = calls.leave(call("")).expect("free");
        let number = left.number();
        drop(left);
        assert!(calls.fetch(&number).is_none(), "it was called off");
        let next = calls.leave(call("next")).expect("free again");
        assert!(calls.fetch(&number).is_none(), "another has the slot");
        assert_eq!(calls.fetch(&next.number()).expect("its own").query, "next");
        assert!(calls.leave(call("")).is_none(), "it is being answered");
        drop(next);
        assert!(calls.leave(call("")).is_some());
    }
}
