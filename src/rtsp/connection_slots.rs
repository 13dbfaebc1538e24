//! Which connections there are (`ground/crowd.rs` says who may stay), and how all of them are ended. A place is given back
//! by dropping it.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_io::Async;
use event_listener::Event;

use crate::ground::crowd::{Caps, Crowd, Idle, Known};
use crate::ground::origin::Origin;
use crate::ground::time::Moment;

/// Places for connections.
pub(super) struct Places {
    taken: Mutex<Taken>,
    emptied: Event,
}

struct Taken {
    crowd: Crowd,
    streams: HashMap<u64, Arc<Async<TcpStream>>>,
}

/// One connection's place.
pub(super) struct Place {
    places: Arc<Places>,
    /// Names the connection in the log.
    pub number: u64,
    /// Where it comes from; an IPv4 address is one, however it was written.
    pub address: IpAddr,
    idle: Arc<Idle>,
}

impl Places {
    pub fn new(caps: Caps) -> Self {
        let taken = Taken { crowd: Crowd::new(caps), streams: HashMap::new() };
        Self { taken: Mutex::new(taken), emptied: Event::new() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from `address`: whoever has to make room for it is shut down. None if there are too many.
    pub fn take(self: &Arc<Self>, stream: Arc<Async<TcpStream>>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let mut taken = self.taken();
        // Until it may publish, a connection keeps others waiting: the order in which they came is all that counts.
        let entered = taken.crowd.enter(Origin::of(address), Moment(0))?;
        if let Some(leaving) = entered.instead_of.and_then(|number| taken.streams.remove(&number)) {
            shut(&leaving);
        }
        taken.streams.insert(entered.number, stream);
        drop(taken);
        Some(Place { places: self.clone(), number: entered.number, address, idle: entered.idle })
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
                    shut(stream);
                }
            }
            emptied.await;
        }
    }
}

impl Place {
    /// The connection may publish at the address that `publisher` stands for: it has a place that strangers can't take.
    pub fn know(&self, publisher: u64) {
        self.idle.end();
        self.places.taken().crowd.know(self.number, Known::Device(publisher));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.streams.remove(&self.number);
        taken.crowd.leave(self.number);
        if taken.streams.is_empty() {
            self.places.emptied.notify(usize::MAX);
        }
    }
}

fn shut(stream: &Async<TcpStream>) {
    // One that is closed already is what was wanted.
    let _ = stream.get_ref().shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;

    /// A connection's two ends.
    fn connection() -> (Arc<Async<TcpStream>>, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_nonblocking(true).unwrap();
        (Arc::new(Async::new(listener.accept().unwrap().0).unwrap()), client)
    }

    #[test]
    fn strangers_make_room_and_publishers_stay() {
        let places = Arc::new(Places::new(Caps { all: 3, strangers: 2, device: 1, viewers: 0, viewers_all: 0 }));
        let take = |text: &str| {
            let (stream, client) = connection();
            (places.take(stream, text.parse().unwrap()).unwrap(), client)
        };
        let is_shut = |client: &mut TcpStream| client.read(&mut [0]).is_ok_and(|bytes| bytes == 0);
        let (publisher, mut published) = take("10.0.0.1");
        publisher.know(7);
        let mut strangers: Vec<_> = (0..9).map(|_| take("::ffff:10.0.0.1")).collect();
        let (_other, mut other) = take("10.0.0.2");
        assert!(strangers[..8].iter_mut().all(|(_, client)| is_shut(client)));
        assert!(!is_shut(&mut strangers[8].1) && !is_shut(&mut published) && !is_shut(&mut other));
        drop(strangers);
        assert_eq!(places.taken().streams.len(), 2);
    }
}
