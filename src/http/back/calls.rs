//! Calls on their way from the front to the back. The front leaves each here, decoded and whole, and sends its number
//! alone over the socket; the back fetches it by that number, once. So nothing is read twice, and whatever else came in
//! over the socket could ask for nothing and say of nobody who they are.
//!
//! There are as many places as the lanes have: whoever leaves a call has a place of its lane, and frees this one with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ground::crypto;
use crate::http::request::Request;

/// The calls under way.
pub(super) struct Calls(Mutex<Vec<Place>>);

/// Where one call is left.
enum Place {
    Free,
    /// It waits for the back.
    Left {
        secret: String,
        call: Box<Request>,
    },
    /// The back has it.
    Fetched,
}

/// A call that was left. Dropped, its place is free again; if nobody has fetched it by then, nobody will.
pub(in crate::http) struct LeftCall {
    calls: Arc<Calls>,
    place: usize,
    secret: String,
}

impl Calls {
    /// Room for so many calls at once.
    pub fn new(places: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new((0..places).map(|_| Place::Free).collect())))
    }

    /// Leaves a call for the back; nothing where all places are taken.
    pub fn leave(self: &Arc<Self>, call: Request) -> Option<LeftCall> {
        let secret = crypto::new_token();
        let mut places = self.places();
        let place = places.iter().position(|place| matches!(place, Place::Free))?;
        places[place] = Place::Left { secret: secret.clone(), call: Box::new(call) };
        drop(places);
        Some(LeftCall { calls: self.clone(), place, secret })
    }

    /// The call with this number, which nobody gets a second time.
    pub fn fetch(&self, number: &str) -> Option<Request> {
        let (place, shown) = number.split_once('-')?;
        let mut places = self.places();
        let place = places.get_mut(place.parse::<usize>().ok()?)?;
        if !matches!(place, Place::Left { secret, .. } if crypto::same(secret.as_bytes(), shown.as_bytes())) {
            return None;
        }
        match std::mem::replace(place, Place::Fetched) {
            Place::Left { call, .. } => Some(*call),
            Place::Free | Place::Fetched => None,
        }
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        // Each change is one statement, so it is whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LeftCall {
    /// Its number: the place, and a secret that nobody can guess.
    pub fn number(&self) -> String {
        format!("{}-{}", self.place, self.secret)
    }
}

impl Drop for LeftCall {
    fn drop(&mut self) {
        self.calls.places()[self.place] = Place::Free;
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
        let left = calls.leave(call("")).expect("a free place");
        (left, move || calls.places().iter().filter(|place| !matches!(place, Place::Free)).count())
    }

    #[test]
    fn a_call_is_fetched_once_and_by_its_number_alone() {
        let calls = Calls::new(2);
        let (one, two) = (calls.leave(call("1")).expect("free"), calls.leave(call("2")).expect("free"));
        assert!(calls.leave(call("3")).is_none(), "no more than there are places for");
        let (place, secret) = one.number().split_once('-').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("both");
        let forged = [
            String::new(),
            secret.clone(),
            format!("{place}-"),
            format!("{place}-{}", crypto::new_token()),
            format!("{place}-{}", &secret[1..]),
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
        assert!(calls.fetch(&number).is_none(), "another has the place");
        assert_eq!(calls.fetch(&next.number()).expect("its own").query, "next");
        assert!(calls.leave(call("")).is_none(), "it is being answered");
        drop(next);
        assert!(calls.leave(call("")).is_some());
    }
}
