//! How many clients shake hands at once, in all and by address. Each costs far more than a connection that stands: up to
//! 64 KiB of what it says, and signatures.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ground::limits;

/// The handshakes of one door.
#[derive(Debug, Default)]
pub struct Handshakes(Mutex<HashMap<IpAddr, usize>>);

/// One that goes on; dropped when it is over.
#[derive(Debug)]
pub(super) struct Handshake {
    all: Arc<Handshakes>,
    address: IpAddr,
}

impl Handshakes {
    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Counts stay true whatever panicked: each change is one statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A handshake with a client at `address`, unless there are too many.
    pub(super) fn begin(self: &Arc<Self>, address: IpAddr) -> Option<Handshake> {
        let address = address.to_canonical();
        let mut counts = self.counts();
        let full = counts.values().sum::<usize>() >= limits::TLS_HANDSHAKES;
        let from_there = counts.get(&address).copied().unwrap_or(0);
        if full || from_there >= limits::TLS_HANDSHAKES_PER_ADDRESS {
            return None;
        }
        counts.insert(address, from_there + 1);
        drop(counts);
        Some(Handshake { all: self.clone(), address })
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut counts = self.all.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_are_limited_and_given_back() {
        let all = Arc::new(Handshakes::default());
        let begin = |text: &str| all.begin(text.parse().expect("an address"));
        let mut going_on: Vec<_> = (0..limits::TLS_HANDSHAKES_PER_ADDRESS).map(|_| begin("10.0.0.1")).collect();
        assert!(going_on.iter().all(Option::is_some));
        assert!(begin("10.0.0.1").is_none() && begin("::ffff:10.0.0.1").is_none(), "per address");
        while going_on.len() < limits::TLS_HANDSHAKES {
            going_on.push(begin(&format!("10.0.1.{}", going_on.len())));
        }
        assert!(going_on.iter().all(Option::is_some));
        assert!(begin("10.0.0.2").is_none(), "in all");
        going_on.remove(0);
        assert!(begin("10.0.0.1").is_some());
        drop(going_on);
        assert!(all.counts().is_empty());
    }
}
