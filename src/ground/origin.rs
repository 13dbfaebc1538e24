//! Where someone comes from, as limits count it: what one household or one machine can have many of counts as one.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

/// A network someone comes from: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    network: IpAddr,
    bits: u8,
}

impl Origin {
    /// One machine: an IPv4 address, or the IPv6 network of 64 bits in which it chooses its addresses itself (RFC 4862).
    pub fn of(address: IpAddr) -> Self {
        Self::cut(address, 32, 64)
    }

    /// The network around it, in which one person can easily have many addresses: 24 bits of IPv4, 48 of IPv6
    /// (RFC 6177).
    pub fn around(address: IpAddr) -> Self {
        Self::cut(address, 24, 48)
    }

    fn cut(address: IpAddr, bits_v4: u8, bits_v6: u8) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let mask = u32::MAX << (32 - u32::from(bits_v4));
                Self { network: Ipv4Addr::from_bits(address.to_bits() & mask).into(), bits: bits_v4 }
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX << (128 - u32::from(bits_v6));
                Self { network: Ipv6Addr::from_bits(address.to_bits() & mask).into(), bits: bits_v6 }
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.network, self.bits) {
            (IpAddr::V4(address), 32) => address.fmt(f),
            (network, bits) => write!(f, "{network}/{bits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_machine_can_have_many_of_counts_as_one() {
        let shown = |address: &str| {
            let address: IpAddr = address.parse().expect("an address");
            (Origin::of(address).to_string(), Origin::around(address).to_string())
        };
        let pair = |of: &str, around: &str| (of.to_owned(), around.to_owned());
        assert_eq!(shown("192.168.1.7"), pair("192.168.1.7", "192.168.1.0/24"));
        assert_eq!(shown("::ffff:192.168.1.7"), pair("192.168.1.7", "192.168.1.0/24"));
        assert_eq!(shown("2001:db8:1:2:3:4:5:6"), pair("2001:db8:1:2::/64", "2001:db8:1::/48"));
    }
}
