//! Which connections there are (`ground/crowd.rs` says who may stay), and how all of them are ended. A slot is given
//! back by dropping it.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

use crate::ground::crowd::{Caps, Crowd, Idle, Known};
use crate::ground::origin::Origin;
use crate::ground::time::Moment;
use crate::socket::Socket;

/// The connections that there may be.
pub(super) struct ConnectionSlots {
    taken: Mutex<Taken>,
    emptied: Event,
}

struct Taken {
    crowd: Crowd,
    sockets: HashMap<u64, Arc<Socket>>,
}

/// One connection's slot.
pub(super) struct Slot {
    slots: Arc<ConnectionSlots>,
    /// Names the connection in the log.
    pub number: u64,
    /// Where it comes from; an IPv4 address is one, however it was written.
    pub address: IpAddr,
    idle: Arc<Idle>,
}

impl ConnectionSlots {
    pub fn new(caps: Caps) -> Self {
        let taken = Taken { crowd: Crowd::new(caps), sockets: HashMap::new() };
        Self { taken: Mutex::new(taken), emptied: Event::new() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A slot for a connection from `address`: whoever has to make room for it is shut down. None if there are too
    /// many.
    pub fn take(self: &Arc<Self>, socket: Arc<Socket>, address: IpAddr) -> Option<Slot> {
        let address = address.to_canonical();
        let mut taken = self.taken();
        // Until it may publish, a connection keeps others waiting: the order in which they came is all that counts.
        let entered = taken.crowd.enter(Origin::of(address), Moment(0))?;
        if let Some(leaving) = entered.instead_of.and_then(|number| taken.sockets.remove(&number)) {
            leaving.shut(Shutdown::Both);
        }
        taken.sockets.insert(entered.number, socket);
        drop(taken);
        Some(Slot { slots: self.clone(), number: entered.number, address, idle: entered.idle })
    }

    /// Shuts every connection down, so that each finds its end, and waits until all have given their slots back.
    pub async fn shut_down(&self) {
        loop {
            let emptied = self.emptied.listen();
            {
                let taken = self.taken();
                if taken.sockets.is_empty() {
                    return;
                }
                for socket in taken.sockets.values() {
                    socket.shut(Shutdown::Both);
                }
            }
            emptied.await;
        }
    }
}

impl Slot {
    /// The connection may publish at the address that `publisher` stands for: it has a slot that strangers can't take.
    pub fn know(&self, publisher: u64) {
        self.idle.end();
        self.slots.taken().crowd.know(self.number, Known::Device(publisher));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.sockets.remove(&self.number);
        taken.crowd.leave(self.number);
        if taken.sockets.is_empty() {
            self.slots.emptied.notify(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::{TcpListener, TcpStream};

    use async_io::Async;

    use super::*;

    /// A connection's two ends.
    fn connection() -> (Arc<Socket>, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_nonblocking(true).unwrap();
        (Arc::new(Socket::new(Async::new(listener.accept().unwrap().0).unwrap())), client)
    }

    #[test]
    fn strangers_make_room_and_publishers_stay() {
        let slots =
            Arc::new(ConnectionSlots::new(Caps { all: 3, strangers: 2, device: 1, viewers: 0, viewers_all: 0 }));
        let take = |text: &str| {
            let (socket, client) = connection();
            (slots.take(socket, text.parse().unwrap()).unwrap(), client)
        };
        let is_shut = |client: &mut TcpStream| client.read(&mut [0]).is_ok_and(|bytes| bytes == 0);
        let (publisher, mut published) = take("10.0.0.1");
        publisher.know(7);
        let mut strangers: Vec<_> = (0..9).map(|_| take("::ffff:10.0.0.1")).collect();
        let (_other, mut other) = take("10.0.0.2");
        assert!(strangers[..8].iter_mut().all(|(_, client)| is_shut(client)));
        assert!(!is_shut(&mut strangers[8].1) && !is_shut(&mut published) && !is_shut(&mut other));
        drop(strangers);
        assert_eq!(slots.taken().sockets.len(), 2);
    }
}
