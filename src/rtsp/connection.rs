//! One publisher's connection until it records: ANNOUNCE, SETUP and RECORD within a fixed time, decided by the gate.

use std::future::Future;
use std::io::{self, Write as _};
use std::sync::Arc;

use async_io::Timer;
use futures_lite::future;

use super::buffer::Buffer;
use super::connection_slots::Slot;
use super::receiving::{End, Receiving};
use super::udp::UdpSockets;
use super::{Refusal, Shared};
use crate::ground::crowd::number;
use crate::ground::crypto;
use crate::ground::limits::RTSP_SETUP_TIME;
use crate::socket::{ServerConfig, Socket, is_not_yet};
use crate::wire::rtp::{Delivery, Receiver};
use crate::wire::rtsp::{Event, Route, Session, Step, Track};

/// Answers that wait for a client which does not read them; more ends the connection.
const UNREAD_ANSWER_BYTES: usize = 64 * 1024;

/// One publisher's connection.
pub(super) struct Connection {
    pub socket: Arc<Socket>,
    pub slot: Slot,
    pub shared: Arc<Shared>,
    pub session: Session,
    pub buffer: Buffer,
}

/// What was announced on a connection, and the ports bound for it.
#[derive(Default)]
struct Announced {
    path: String,
    /// By medium.
    sockets: Vec<Option<UdpSockets>>,
}

impl Connection {
    pub fn new(socket: Arc<Socket>, slot: Slot, shared: Arc<Shared>) -> Self {
        let mut seed = [0; 16];
        crypto::fill_random(&mut seed);
        Self { socket, slot, shared, session: Session::new(seed), buffer: Buffer::new() }
    }

    /// Lives until the connection ends; through TLS, where there is a configuration for it.
    pub async fn run(mut self, tls: Option<Arc<ServerConfig>>) {
        log::debug!("rtsp: connection {} from {} opened", self.slot.number, self.slot.address);
        let mut deadline = Timer::after(RTSP_SETUP_TIME);
        if let Some(config) = tls {
            let handshake = self.socket.secure(self.slot.address, config, &self.shared.handshakes);
            let shaken = Box::pin(within(&mut deadline, handshake)).await;
            if let Err(end) = shaken.and_then(|shaken| shaken.map_err(End::Failed)) {
                log::debug!("rtsp: connection {} closed: {end}", self.slot.number);
                return;
            }
            // Media beside the connection would be there for anyone to read.
            self.session.keep_inside();
        }
        let end = loop {
            let receiving = match self.set_up(&mut deadline).await {
                Ok(receiving) => receiving,
                Err(end) => break end,
            };
            // A publisher may go on with another ANNOUNCE after its TEARDOWN.
            // In a box, so that connections which do not get that far stay small.
            match Box::pin(self.record(receiving)).await {
                End::Teardown => deadline = Timer::after(RTSP_SETUP_TIME),
                end => break end,
            }
        };
        self.socket.say_goodbye();
        log::debug!("rtsp: connection {} closed: {end}", self.slot.number);
    }

    /// Brings a publisher to RECORD before the deadline.
    async fn set_up(&mut self, deadline: &mut Timer) -> Result<Receiving, End> {
        let mut announced = Announced::default();
        loop {
            let now = self.shared.clock.now();
            let (used, step) = self.session.take(self.buffer.unread(), now);
            // Packets that come before their time are passed over with the rest.
            let event = match step {
                Step::Event(event) => Some(event),
                Step::More => {
                    self.buffer.advance(used);
                    self.send_all(deadline).await?;
                    within(deadline, self.socket.readable()).await?.map_err(End::Failed)?;
                    self.read()?;
                    continue;
                }
                Step::Close => {
                    self.send_all(deadline).await?;
                    return Err(End::Refused);
                }
                Step::Done | Step::Waiting | Step::Packet { .. } => None,
            };
            self.buffer.advance(used);
            if self.session.output().len() > UNREAD_ANSWER_BYTES {
                self.send_all(deadline).await?;
            }
            let outcome = match event {
                Some(Event::Announce { path, left_out, credentials }) => {
                    let (shared, has_tried) = (self.shared.clone(), credentials.is_some());
                    let admitted = match shared.gate.may_try(self.slot.address) {
                        Err(refusal) if has_tried => Err(refusal),
                        _ => within(deadline, shared.gate.admit(&path, credentials)).await?,
                    };
                    if admitted.is_ok() {
                        self.slot.know(number("publisher", &path));
                    } else if has_tried && matches!(admitted, Err(Refusal::Authenticate)) {
                        shared.gate.was_wrong(self.slot.address);
                    }
                    if admitted.is_ok() && !left_out.is_empty() {
                        let what = left_out.join(", ");
                        log::info!(
                            "rtsp: publisher from {} also sends {what}: left out, TVs don't take it",
                            self.slot.address
                        );
                    }
                    announced = Announced { path, sockets: Vec::new() };
                    admitted.map(|()| self.session.accept())
                }
                Some(Event::Bind { medium, ports }) => {
                    self.bind(medium, ports, &mut announced).map(|ports| self.session.bound(ports))
                }
                Some(Event::Record(tracks)) => match within(deadline, self.open(&announced.path, &tracks)).await? {
                    Ok((publisher, receiver)) => {
                        self.session.accept();
                        let sockets = std::mem::take(&mut announced.sockets);
                        return Ok(Receiving::new(publisher, receiver, tracks, sockets, now));
                    }
                    Err(refusal) => Err(refusal),
                },
                Some(Event::Teardown) | None => Ok(()),
            };
            if let Err(refusal) = outcome {
                let (status, reason) = refusal.status();
                log::info!("rtsp: publisher from {} refused: {status} {reason}", self.slot.address);
                self.session.refuse(&refusal, now);
            }
        }
    }

    fn bind(&self, medium: usize, named: (u16, u16), announced: &mut Announced) -> Result<(u16, u16), Refusal> {
        let open = || {
            let local = self.socket.tcp().local_addr()?.ip();
            let (range, next) = (self.shared.udp_ports.as_ref(), &self.shared.next_udp_port);
            let sockets = UdpSockets::open(local, self.slot.address, named, range, next)?;
            Ok((sockets.ports()?, sockets))
        };
        let (ports, sockets) = open().map_err(|error: io::Error| {
            log::warn!("rtsp: no ports for media over UDP: {error}");
            Refusal::NoPorts
        })?;
        if announced.sockets.len() <= medium {
            announced.sockets.resize_with(medium + 1, || None);
        }
        announced.sockets[medium] = Some(sockets);
        Ok(ports)
    }

    async fn open(&self, path: &str, tracks: &[Track]) -> Result<(crate::live::Publisher, Receiver), Refusal> {
        let media: Vec<_> = tracks.iter().map(|track| track.media.clone()).collect();
        let datagrams = tracks.iter().any(|track| matches!(track.route, Route::Udp(..)));
        let delivery = if datagrams { Delivery::Datagrams } else { Delivery::Reliable };
        let receiver = Receiver::new(&media, delivery).map_err(|error| Refusal::Unsupported(error.to_string()))?;
        let publisher = self.shared.gate.open(path, &media).await?;
        Ok((publisher, receiver))
    }

    /// Reads once. Nothing may have come; the end and errors are the connection's end.
    pub fn read(&mut self) -> Result<(), End> {
        match self.buffer.read(&*self.socket) {
            Ok(0) => Err(End::Closed),
            Ok(_) => Ok(()),
            Err(error) if is_not_yet(&error) => Ok(()),
            Err(error) => Err(End::Failed(error)),
        }
    }

    /// Sends what can be sent without waiting. What is left is tried again later, up to a limit.
    pub fn send(&mut self) -> Result<(), End> {
        let output = self.session.output();
        while !output.is_empty() {
            match (&*self.socket).write(output) {
                Ok(0) => return Err(End::Closed),
                Ok(count) => drop(output.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && output.len() <= UNREAD_ANSWER_BYTES => {
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(End::NotReading),
                Err(error) => return Err(End::Failed(error)),
            }
        }
        match (&*self.socket).flush() {
            Err(error) if !is_not_yet(&error) => Err(End::Failed(error)),
            _ => Ok(()),
        }
    }

    async fn send_all(&mut self, deadline: &mut Timer) -> Result<(), End> {
        loop {
            self.send()?;
            if self.session.output().is_empty() && (&*self.socket).flush().is_ok() {
                return Ok(());
            }
            within(deadline, self.socket.writable()).await?.map_err(End::Failed)?;
        }
    }
}

/// What `work` gives, unless the deadline is earlier.
async fn within<T>(deadline: &mut Timer, work: impl Future<Output = T>) -> Result<T, End> {
    let late = async {
        deadline.await;
        Err(End::NotRecording)
    };
    future::or(async { Ok(work.await) }, late).await
}
