//! One publisher's connection until it records: ANNOUNCE, SETUP and RECORD within a fixed time, decided by the gate.

use std::io;
use std::sync::Arc;

use async_io::Timer;

use super::connection::{Connection, End, UNREAD_ANSWER_BYTES, within};
use super::receiving::Receiving;
use super::udp::UdpSockets;
use super::unread_ports::UnreadPair;
use crate::ground::crowd::number;
use crate::ground::publish_refusal::PublishRefusal;
use crate::live::Publisher;
use crate::wire::rtp::{Delivery, Receiver};
use crate::wire::rtsp::{Event, Route, Step, Track, refusal_status};

/// What was announced on a connection, and the ports bound for it.
#[derive(Default)]
struct Announced {
    path: String,
    /// By medium.
    sockets: Vec<Option<UdpSockets>>,
    /// Of media that are left out.
    unread: Option<Arc<UnreadPair>>,
}

impl Connection {
    /// Brings a publisher to RECORD before the deadline.
    pub async fn set_up(&mut self, deadline: &mut Timer) -> Result<Receiving, End> {
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
                    } else if has_tried && matches!(admitted, Err(PublishRefusal::Authenticate)) {
                        shared.gate.was_wrong(self.slot.address);
                    }
                    if admitted.is_ok() && !left_out.is_empty() {
                        let what = left_out.join("; ");
                        log::info!("rtsp: publisher from {} sends what is left out: {what}", self.slot.address);
                    }
                    announced = Announced { path, ..Announced::default() };
                    admitted.map(|()| self.session.accept())
                }
                Some(Event::Bind { medium, ports, is_left_out }) => {
                    let bound = if is_left_out {
                        self.bind_unread(&mut announced)
                    } else {
                        self.bind(medium, ports, &mut announced)
                    };
                    let bound = bound.map_err(|error| {
                        log::warn!("rtsp: no ports for media over UDP: {error}");
                        PublishRefusal::NoPorts
                    });
                    bound.map(|ports| self.session.bound(ports))
                }
                Some(Event::Record(tracks)) => match within(deadline, self.open(&announced.path, &tracks)).await? {
                    Ok((publisher, receiver)) => {
                        self.session.accept();
                        let Announced { sockets, unread, .. } = announced;
                        return Ok(Receiving::new(publisher, receiver, tracks, sockets, unread, now));
                    }
                    Err(refusal) => Err(refusal),
                },
                Some(Event::Teardown) | None => Ok(()),
            };
            if let Err(refusal) = outcome {
                let (status, reason) = refusal_status(&refusal);
                log::info!("rtsp: publisher from {} refused: {status} {reason}", self.slot.address);
                self.session.refuse(&refusal, now);
            }
        }
    }

    fn bind(&self, medium: usize, named: (u16, u16), announced: &mut Announced) -> io::Result<(u16, u16)> {
        let local = self.socket.tcp().local_addr()?.ip();
        let (range, next) = (self.shared.udp_ports.as_ref(), &self.shared.next_udp_port);
        let sockets = UdpSockets::open(local, self.slot.address, named, range, next)?;
        let ports = sockets.ports()?;
        if announced.sockets.len() <= medium {
            announced.sockets.resize_with(medium + 1, || None);
        }
        announced.sockets[medium] = Some(sockets);
        Ok(ports)
    }

    /// Ports for a medium that is left out.
    fn bind_unread(&self, announced: &mut Announced) -> io::Result<(u16, u16)> {
        let local = self.socket.tcp().local_addr()?.ip();
        let (range, next) = (self.shared.udp_ports.as_ref(), &self.shared.next_udp_port);
        let pair = self.shared.unread_ports.pair(local, range, next)?;
        let ports = pair.ports()?;
        announced.unread = Some(pair);
        Ok(ports)
    }

    async fn open(&self, path: &str, tracks: &[Track]) -> Result<(Publisher, Receiver), PublishRefusal> {
        let media: Vec<_> = tracks.iter().map(|track| track.media.clone()).collect();
        let datagrams = tracks.iter().any(|track| matches!(track.route, Route::Udp(..)));
        let delivery = if datagrams { Delivery::Datagrams } else { Delivery::Reliable };
        let receiver =
            Receiver::new(&media, delivery).map_err(|error| PublishRefusal::Unsupported(error.to_string()))?;
        let publisher = self.shared.gate.open(path, &media).await?;
        Ok((publisher, receiver))
    }
}
