//! The law of which addresses may be reached: the public internet, and what the owner has named.
//!
//! Addresses come from strangers, in a list of channels say, and whoever writes one could otherwise make the gateway ask
//! its own administration, the router, or a neighbour's camera, on behalf of a TV. Every address is held against this
//! after its name was resolved and before it is connected to, at each redirect again. A public address that is at home
//! (`home`) is not the internet's. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fetch::home::Home;
use crate::ground::network::Network;

/// Something the owner allows besides the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Addresses that begin with the same bits: `192.168.1.0/24`; one alone: `192.168.1.10`.
    Network(Network),
    /// One port of one address: `127.0.0.1:8888`.
    Place(SocketAddr),
}

/// A text that names no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAllowed(String);

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(f, "{text:?} is no address: write it like \"192.168.1.10:9981\", \"192.168.1.10\" or \"192.168.1.0/24\"")
    }
}
impl std::error::Error for NotAllowed {}

impl FromStr for Allowed {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        let place = text.parse().map(Self::Place);
        place.or_else(|_| text.parse().map(Self::Network)).map_err(|_| NotAllowed(text.to_owned()))
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Place(place) => place.fmt(f),
        }
    }
}

impl Serialize for Allowed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Allowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Allowed {
    fn covers(self, address: IpAddr) -> bool {
        match self {
            Self::Place(_) => false,
            Self::Network(network) => network.covers(address),
        }
    }
}

/// The law.
#[derive(Clone, Debug)]
pub struct Guard {
    allowed: Vec<Allowed>,
    /// Ports the gateway listens on itself.
    own_ports: Vec<u16>,
    /// The setting in which the owner allows more, as errors name it.
    setting: &'static str,
}

impl Guard {
    /// The public internet and `allowed`, but never `own_ports` of this machine. Who is refused is told that the owner
    /// allows more in `setting`.
    pub fn new(allowed: Vec<Allowed>, own_ports: Vec<u16>, setting: &'static str) -> Self {
        Self { allowed, own_ports, setting }
    }

    /// Where the owner allows more.
    pub fn setting(&self) -> &'static str {
        self.setting
    }

    /// Whether `place` may be connected to from `home`. `is_own`: it is an address of this machine.
    pub fn permits(&self, place: SocketAddr, is_own: bool, home: &Home) -> bool {
        let address = place.ip().to_canonical();
        let is_own = is_own || address.is_loopback() || address.is_unspecified();
        if is_own && self.own_ports.contains(&place.port()) {
            return false;
        }
        let named = Allowed::Place(SocketAddr::new(address, place.port()));
        if self.allowed.contains(&named) {
            return true;
        }
        let covered = self.allowed.iter().any(|allowed| allowed.covers(address));
        // Naming a whole network at home doesn't mean this machine in it.
        let itself = is_own && !address.is_loopback();
        let at_home = home.covers(address) || carried(address).is_some_and(|carried| home.covers(carried.into()));
        covered && !itself || !is_own && !at_home && is_public(address)
    }
}

/// Whether an address belongs to someone on the internet (RFC 6890 and IANA's registries of special addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224.., ..)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(carried) = carried(address.into()) {
        return is_public_v4(carried);
    }
    match address.segments() {
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Global unicast; all the rest is local, reserved or a group.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The IPv4 address that is reached in the end: translated on the way (RFC 6052), or carried in it (RFC 3056).
fn carried(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guard(allowed: &[&str]) -> Guard {
        Guard::new(
            allowed.iter().map(|text| text.parse().expect("an address")).collect(),
            vec![8080, 8554],
            "a setting",
        )
    }

    fn place(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_the_public_internet_is_reached() {
        let guard = guard(&[]);
        for public in [
            "93.184.216.34:80",
            "172.32.0.1:8080",
            "[2606:2800::1]:443",
            "[64:ff9b::5db8:d822]:80",
            "[2002:5db8:d822::]:80",
        ] {
            assert!(guard.permits(place(public), false, &Home::default()), "{public}");
            assert!(!guard.permits(place(public), true, &Home::default()), "{public}, this machine's own");
        }
        for kept in [
            "127.0.0.1:80",
            "127.9.9.9:80",
            "0.0.0.0:80",
            "10.0.0.1:80",
            "172.16.0.1:80",
            "172.31.255.255:80",
            "192.168.1.1:80",
            "169.254.169.254:80",
            "100.64.0.1:80",
            "198.18.0.1:80",
            "224.0.0.1:80",
            "255.255.255.255:80",
            "192.0.0.192:80",
            "[::1]:80",
            "[::]:80",
            "[::ffff:127.0.0.1]:80",
            "[::ffff:10.0.0.1]:80",
            "[fe80::1]:80",
            "[fd00::1]:80",
            "[ff02::1]:80",
            "[64:ff9b::7f00:1]:80",
            "[2002:7f00:1::]:80",
            "[2001::1]:80",
            "[2001:db8::1]:80",
            "[fec0::1]:80",
            "[::127.0.0.1]:80",
        ] {
            assert!(!guard.permits(place(kept), false, &Home::default()), "{kept}");
        }
    }

    #[test]
    fn public_addresses_at_home_are_not_the_internet() {
        let home = Home::of_networks(&["2a00:1:2:3::/56", "198.100.7.0/24"]);
        let guard = guard(&["2a00:1:2:3::9"]);
        for kept in [
            "[2a00:1:2:3::1]:80",
            "[2a00:1:2:ff::1]:8080",
            "198.100.7.1:80",
            "[::ffff:198.100.7.1]:80",
            "[64:ff9b::198.100.7.1]:80",
            "[2002:c664:0701::1]:80",
        ] {
            assert!(!guard.permits(place(kept), false, &home), "{kept}");
            assert!(guard.permits(place(kept), false, &Home::default()), "{kept}, from elsewhere");
        }
        for public in ["[2a00:1:2:100::1]:80", "198.100.8.1:80", "[64:ff9b::198.100.8.1]:80"] {
            assert!(guard.permits(place(public), false, &home), "{public}");
        }
        assert!(guard.permits(place("[2a00:1:2:3::9]:80"), false, &home), "the owner has named it");
    }

    #[test]
    fn the_owner_may_name_more() {
        let guard = guard(&["192.168.1.0/24", "127.0.0.1:8888", "10.0.0.7", "fd00::/8"]);
        for named in ["192.168.1.9:80", "127.0.0.1:8888", "10.0.0.7:1", "[fd12::1]:80", "[::ffff:192.168.1.9]:80"] {
            assert!(guard.permits(place(named), false, &Home::default()), "{named}");
        }
        for not in ["192.168.2.1:80", "127.0.0.1:8889", "127.0.0.2:8888", "10.0.0.8:1", "[fc00::1]:80"] {
            assert!(!guard.permits(place(not), false, &Home::default()), "{not}");
        }
        assert!(
            !guard.permits(place("192.168.1.9:80"), true, &Home::default()),
            "this machine is not meant by its network"
        );
    }

    #[test]
    fn its_own_doors_stay_closed() {
        let guard = guard(&["0.0.0.0/0", "::/0", "127.0.0.1:8080", "192.168.1.2:8554"]);
        for door in ["127.0.0.1:8080", "127.1.1.1:8554", "[::1]:8080", "[::ffff:127.0.0.1]:8080"] {
            assert!(!guard.permits(place(door), false, &Home::default()), "{door}");
        }
        assert!(!guard.permits(place("192.168.1.2:8554"), true, &Home::default()));
        assert!(
            guard.permits(place("192.168.1.3:8554"), false, &Home::default()),
            "another machine's door is its own business"
        );
        assert!(guard.permits(place("127.0.0.1:9000"), false, &Home::default()));
    }

    #[test]
    fn what_is_no_address_is_said() {
        for text in ["", "home", "192.168.1.0/33", "192.168.1/24", "::1/129", "127.0.0.1:", "[::1]", "a.example:80"] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
        assert!("192.168.1.0/99".parse::<Allowed>().expect_err("too many").to_string().contains("192.168.1.0/24"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bits in 0_u8..=32, address: u32, port: u16) {
            let address = Ipv4Addr::from_bits(address);
            for allowed in [Allowed::Network(Network::new(address.into(), bits)), Allowed::Place((address, port).into())] {
                prop_assert_eq!(allowed.to_string().parse(), Ok(allowed));
            }
            prop_assert!(Allowed::Network(Network::new(address.into(), bits)).covers(address.into()));
        }
    }
}
