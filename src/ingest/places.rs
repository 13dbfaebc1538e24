//! How many connections there are, from where, and how all of them are ended. A place is given back by dropping it.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_io::Async;
use event_listener::Event;

/// Places for connections, limited in all and per address.
pub(super) struct Places {
    in_all: usize,
    per_address: usize,
    taken: Mutex<Taken>,
    emptied: Event,
}

#[derive(Default)]
struct Taken {
    last: u64,
    streams: HashMap<u64, Arc<Async<TcpStream>>>,
    addresses: HashMap<IpAddr, usize>,
}

/// One connection's place.
pub(super) struct Place {
    places: Arc<Places>,
    /// Names the connection in the log.
    pub number: u64,
    /// Where it comes from; an IPv4 address is one, however it was written.
    pub address: IpAddr,
}

impl Places {
    pub fn new(in_all: usize, per_address: usize) -> Self {
        Self { in_all, per_address, taken: Mutex::default(), emptied: Event::new() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from `address`, unless there are too many.
    pub fn take(self: &Arc<Self>, stream: Arc<Async<TcpStream>>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let mut taken = self.taken();
        if taken.streams.len() >= self.in_all
            || taken.addresses.get(&address).is_some_and(|count| *count >= self.per_address)
        {
            return None;
        }
        taken.last += 1;
        let number = taken.last;
        taken.streams.insert(number, stream);
        *taken.addresses.entry(address).or_default() += 1;
        drop(taken);
        Some(Place { places: self.clone(), number, address })
    }

    /// Shuts every connection down, so that each finds its end, and waits until all have given their places back.
    pub async fn shut_down(&self) {
        loop {
            let emptied = self.emptied.listen();
            {
                let taken = self.taken();
                if taken.streams.is_empty() {
                    return;
                }
                for stream in taken.streams.values() {
                    // One that is closed already is what was wanted.
                    let _ = stream.get_ref().shutdown(Shutdown::Both);
                }
            }
            emptied.await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.streams.remove(&self.number);
        if let Some(count) = taken.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.addresses.remove(&self.address);
            }
        }
        if taken.streams.is_empty() {
            self.places.emptied.notify(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn stream() -> Arc<Async<TcpStream>> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        Arc::new(Async::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap()).unwrap())
    }

    #[test]
    fn places_are_limited_and_given_back() {
        let places = Arc::new(Places::new(3, 2));
        let stream = stream();
        let take = |text: &str| places.take(stream.clone(), text.parse().unwrap());
        let first = take("10.0.0.1").unwrap();
        let _second = take("::ffff:10.0.0.1").unwrap();
        assert!(take("10.0.0.1").is_none(), "per address");
        let _third = take("10.0.0.2").unwrap();
        assert!(take("10.0.0.3").is_none(), "in all");
        drop(first);
        assert!(take("10.0.0.1").is_some());
    }
}
