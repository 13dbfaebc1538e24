//! UDP ports for media that are left out: open, since a closed port would stop some publishers, and never read. All
//! publishers share one pair at each address of this machine: the ports of a small range are for media that are taken.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::AtomicU16;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::udp::{any_pair, pair_in, pairs_of};

/// The pairs that are open, by the address of this machine.
#[derive(Debug, Default)]
pub(super) struct UnreadPorts(Mutex<HashMap<IpAddr, Weak<UnreadPair>>>);

/// A pair of ports; closed when the last publisher that was given it has dropped it.
#[derive(Debug)]
pub(super) struct UnreadPair {
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

impl UnreadPorts {
    /// The pair at `local`. It is of `range` where that has a pair to spare: any other port will do, but may be closed by
    /// a firewall.
    pub fn pair(
        &self,
        local: IpAddr,
        range: Option<&RangeInclusive<u16>>,
        next: &AtomicU16,
    ) -> io::Result<Arc<UnreadPair>> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pair) = open.get(&local).and_then(Weak::upgrade) {
            return Ok(pair);
        }
        let of_range = range.filter(|range| pairs_of(range) > 1).and_then(|range| pair_in(local, range, next).ok());
        let (rtp, rtcp) = of_range.map_or_else(|| any_pair(local), Ok)?;
        let pair = Arc::new(UnreadPair { rtp, rtcp });
        open.retain(|_, pair| pair.strong_count() > 0);
        open.insert(local, Arc::downgrade(&pair));
        Ok(pair)
    }
}

impl UnreadPair {
    /// The ports for RTP and RTCP.
    pub fn ports(&self) -> io::Result<(u16, u16)> {
        Ok((self.rtp.local_addr()?.port(), self.rtcp.local_addr()?.port()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::rtsp::udp::UdpSockets;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// A range of so many free pairs, and whoever will take them one after the other.
    fn range(pairs: u16) -> (RangeInclusive<u16>, AtomicU16) {
        loop {
            let (probe, _) = any_pair(LOCAL).unwrap();
            let start = probe.local_addr().unwrap().port();
            drop(probe);
            let ports = start..=start.saturating_add(2 * pairs - 1);
            if ports.clone().all(|port| UdpSocket::bind((LOCAL, port)).is_ok()) {
                return (ports, AtomicU16::new(0));
            }
        }
    }

    #[test]
    fn publishers_share_one_pair_and_the_range_is_for_what_is_taken() {
        let (ports, next) = range(3);
        let unread = UnreadPorts::default();
        let given: Vec<_> = (0..5).map(|_| unread.pair(LOCAL, Some(&ports), &next).unwrap()).collect();
        assert!(given.iter().all(|pair| Arc::ptr_eq(pair, &given[0])));
        assert!(ports.contains(&given[0].ports().unwrap().0));
        let taken = || UdpSockets::open(LOCAL, LOCAL, (1, 2), Some(&ports), &next);
        let two = [taken(), taken()];
        assert!(two.iter().all(Result::is_ok) && taken().is_err());
        drop(given);
        assert!(taken().is_ok(), "nobody has the pair any more");
    }

    #[test]
    fn a_range_of_one_pair_is_left_alone() {
        let (ports, next) = range(1);
        let unread = UnreadPorts::default();
        let (rtp, rtcp) = unread.pair(LOCAL, Some(&ports), &next).unwrap().ports().unwrap();
        assert!(!ports.contains(&rtp) && rtp % 2 == 0 && rtcp == rtp + 1);
        let pair = unread.pair(LOCAL, Some(&ports), &next).unwrap();
        assert!(UdpSockets::open(LOCAL, LOCAL, (1, 2), Some(&ports), &next).is_ok());
        drop(pair);
    }
}
