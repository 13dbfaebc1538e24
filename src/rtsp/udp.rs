//! UDP for one track: a pair of ports, the even one for RTP and the next for RTCP (RFC 3550, section 11).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};

use async_io::Async;

use crate::ground::time::Moment;
use crate::wire::rtp::{Heard, Latch};
use crate::wire::rtsp::Kind;

/// How often a free pair is looked for where any port will do.
const TRIES: usize = 64;
/// Datagrams taken from one socket before others have their turn.
const TURN: usize = 64;

/// The two sockets of one track.
pub(super) struct UdpSockets {
    rtp: Side,
    rtcp: Side,
    /// Only packets from here are taken.
    peer: IpAddr,
}

/// From which of a publisher's ports a packet came.
#[derive(Clone, Copy, Debug)]
pub(super) struct From {
    /// The one that it said.
    pub is_named: bool,
    /// Another than before.
    pub is_another: bool,
}

/// One of its two sockets.
struct Side {
    socket: Async<UdpSocket>,
    /// From which of the peer's ports packets are taken.
    latch: Latch,
}

impl Side {
    fn new(socket: UdpSocket, named: u16) -> io::Result<Self> {
        Ok(Self { socket: Async::new(socket)?, latch: Latch::new(named) })
    }
}

impl UdpSockets {
    /// Opens a pair of ports on `local` for packets from `peer`, who says that it sends them from the ports `named`. `next`
    /// spreads sessions over `range`.
    pub fn open(
        local: IpAddr,
        peer: IpAddr,
        named: (u16, u16),
        range: Option<&RangeInclusive<u16>>,
        next: &AtomicU16,
    ) -> io::Result<Self> {
        let (rtp, rtcp) = match range {
            None => any_pair(local)?,
            Some(range) => pair_in(local, range, next)?,
        };
        let (rtp, rtcp) = (Side::new(rtp, named.0)?, Side::new(rtcp, named.1)?);
        Ok(Self { rtp, rtcp, peer: peer.to_canonical() })
    }

    /// The ports for RTP and RTCP.
    pub fn ports(&self) -> io::Result<(u16, u16)> {
        Ok((self.rtp.socket.get_ref().local_addr()?.port(), self.rtcp.socket.get_ref().local_addr()?.port()))
    }

    /// Whether packets of either kind may have come.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<Kind> {
        // An error is seen again when reading, and is no reason to end anything: datagrams may get lost.
        if self.rtp.socket.poll_readable(cx).is_ready() {
            return Poll::Ready(Kind::Rtp);
        }
        if self.rtcp.socket.poll_readable(cx).is_ready() {
            return Poll::Ready(Kind::Rtcp);
        }
        Poll::Pending
    }

    /// Takes what has come of one kind from where it is taken, packet by packet. Whoever sends media from the port that was
    /// named sends control packets so, too.
    pub fn receive(&mut self, kind: Kind, buffer: &mut [u8], now: Moment, mut take: impl FnMut(&[u8], From)) {
        let is_named_only = kind == Kind::Rtcp && self.rtp.latch.is_named();
        let side = match kind {
            Kind::Rtp => &mut self.rtp,
            Kind::Rtcp => &mut self.rtcp,
        };
        for _ in 0..TURN {
            match side.socket.get_ref().recv_from(buffer) {
                Ok((length, from)) if from.ip().to_canonical() == self.peer => {
                    let heard = side.latch.hears(from.port(), now);
                    let is_named = side.latch.is_named();
                    if heard != Heard::Foreign && (is_named || !is_named_only) {
                        take(&buffer[..length], From { is_named, is_another: heard == Heard::Another });
                    }
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // A peer's port that is closed shows up here (ICMP); its next packets are as good as any.
                Err(_) => {}
            }
        }
    }

    /// Sends an RTCP packet to where the peer's come from. One that can't be sent is lost, as on the way.
    pub fn send_rtcp(&self, packet: &[u8]) {
        let to = SocketAddr::new(self.peer, self.rtcp.latch.port());
        let _ = self.rtcp.socket.get_ref().send_to(packet, to);
    }
}

/// Any free pair of ports.
pub(super) fn any_pair(local: IpAddr) -> io::Result<(UdpSocket, UdpSocket)> {
    for _ in 0..TRIES {
        let first = UdpSocket::bind((local, 0))?;
        let port = first.local_addr()?.port();
        if port % 2 == 1 {
            continue;
        }
        if let Ok(second) = UdpSocket::bind((local, port + 1)) {
            return Ok((first, second));
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Pairs that `range` has.
pub(super) fn pairs_of(range: &RangeInclusive<u16>) -> u32 {
    (u32::from(*range.end()) + 1).saturating_sub(first_even(range)) / 2
}

fn first_even(range: &RangeInclusive<u16>) -> u32 {
    u32::from(*range.start()).next_multiple_of(2)
}

/// A free pair of `range`.
pub(super) fn pair_in(
    local: IpAddr,
    range: &RangeInclusive<u16>,
    next: &AtomicU16,
) -> io::Result<(UdpSocket, UdpSocket)> {
    let pairs = pairs_of(range);
    for _ in 0..pairs {
        let turn = u32::from(next.fetch_add(1, Ordering::Relaxed)) % pairs;
        let port = (first_even(range) + 2 * turn) as u16;
        if let (Ok(first), Ok(second)) = (UdpSocket::bind((local, port)), UdpSocket::bind((local, port + 1))) {
            return Ok((first, second));
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const NAMED: (u16, u16) = (1, 2);

    #[test]
    fn pairs_are_even_and_free() {
        let next = AtomicU16::new(0);
        let pairs: Vec<_> = (0..8).map(|_| UdpSockets::open(LOCAL, LOCAL, NAMED, None, &next).unwrap()).collect();
        for pair in &pairs {
            let (rtp, rtcp) = pair.ports().unwrap();
            assert!(rtp % 2 == 0 && rtcp == rtp + 1);
        }
    }

    #[test]
    fn a_range_is_kept_to_and_ends() {
        // Whatever is free: a range of two pairs beginning before an odd port.
        let (probe, _) = any_pair(LOCAL).unwrap();
        let start = probe.local_addr().unwrap().port();
        drop(probe);
        let (next, range) = (AtomicU16::new(u16::MAX), start - 1..=start + 4);
        let mut taken = Vec::new();
        while let Ok(pair) = UdpSockets::open(LOCAL, LOCAL, NAMED, Some(&range), &next) {
            let (rtp, rtcp) = pair.ports().unwrap();
            assert!(range.contains(&rtp) && range.contains(&rtcp) && rtp % 2 == 0 && rtcp == rtp + 1);
            taken.push(pair);
        }
        assert!(taken.len() <= 2);
        assert!(UdpSockets::open(LOCAL, LOCAL, NAMED, Some(&(7..=7)), &next).is_err(), "no pair in it");
    }

    #[test]
    fn strangers_are_not_heard() {
        let next = AtomicU16::new(0);
        let friend = UdpSockets::open(LOCAL, LOCAL, NAMED, None, &next).unwrap();
        let stranger = UdpSockets::open(LOCAL, "10.9.9.9".parse().unwrap(), NAMED, None, &next).unwrap();
        let sender = UdpSocket::bind((LOCAL, 0)).unwrap();
        for (mut pair, expected) in [(friend, 1), (stranger, 0)] {
            sender.send_to(b"hello", (LOCAL, pair.ports().unwrap().0)).unwrap();
            let mut heard = 0;
            pair.receive(Kind::Rtp, &mut [0; 64], Moment(0), |packet, _| heard += usize::from(packet == b"hello"));
            assert_eq!(heard, expected);
        }
    }
}
