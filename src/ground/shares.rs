//! A few places that many want: so many in all, so many for each, given back by dropping. Nobody waits.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places, counted by who has them.
#[derive(Debug)]
pub struct Shares<K: Eq + Hash> {
    all: usize,
    each: usize,
    taken: Mutex<HashMap<K, usize>>,
}

/// A place that is taken.
#[derive(Debug)]
pub struct Share<K: Eq + Hash> {
    of: Arc<Shares<K>>,
    whose: K,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoShare {
    /// Whoever asks has as many as they may.
    Own,
    /// Others have them all.
    All,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// `all` places, `each` of them for one.
    pub fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { all, each, taken: Mutex::default() })
    }

    /// A place for `whose`.
    pub fn take(self: &Arc<Self>, whose: K) -> Result<Share<K>, NoShare> {
        let mut taken = self.taken();
        if taken.get(&whose).is_some_and(|count| *count >= self.each) {
            return Err(NoShare::Own);
        }
        if taken.values().sum::<usize>() >= self.all {
            return Err(NoShare::All);
        }
        *taken.entry(whose.clone()).or_default() += 1;
        drop(taken);
        Ok(Share { of: self.clone(), whose })
    }
}

impl<K: Eq + Hash> Shares<K> {
    fn taken(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        // Counts stay true whatever panicked: each change is one statement.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.of.taken();
        if let Some(count) = taken.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_share_and_gives_it_back() {
        let shares = Shares::new(3, 2);
        let mut ana: Vec<_> = (0..2).map(|_| shares.take("Ana").expect("a place")).collect();
        assert_eq!(shares.take("Ana").err(), Some(NoShare::Own));
        let rui = shares.take("Rui").expect("a place");
        assert_eq!(shares.take("Eva").err(), Some(NoShare::All));
        ana.pop();
        assert!(shares.take("Eva").is_ok());
        drop((ana, rui));
        assert!(shares.taken().is_empty());
    }
}
