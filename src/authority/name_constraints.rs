//! What an authority may sign for: names of the home, and addresses that lead nowhere else (X.509 name constraints,
//! RFC 5280, section 4.2.1.10). Whoever gets hold of its key can show no phone another site.
//!
//! Pure. They stand as a line before the authority's key in its file, so that nobody has to read X.509 to know them; an
//! authority without that line is older, and may sign for anything.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::names::is_host_name;

/// How the line begins.
const LINE: &str = "Permits: ";
/// Names that belong to no one on the internet (RFC 6762, RFC 8375, and what routers give their homes).
const HOME_NAMES: [&str; 6] = ["localhost", "local", "lan", "home", "internal", "home.arpa"];
/// Addresses of homes (RFC 1918, RFC 3927, RFC 6598, RFC 4193) and of the host itself.
const HOME_ADDRESSES: [Subnet; 9] = [
    Subnet::v4([10, 0, 0, 0], 8),
    Subnet::v4([172, 16, 0, 0], 12),
    Subnet::v4([192, 168, 0, 0], 16),
    Subnet::v4([169, 254, 0, 0], 16),
    Subnet::v4([100, 64, 0, 0], 10),
    Subnet::v4([127, 0, 0, 0], 8),
    Subnet::v6(0xfc00, 7),
    Subnet::v6(0xfe80, 10),
    Subnet { address: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 },
];

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    /// The first of them.
    pub address: IpAddr,
    /// How many bits are the same.
    pub prefix: u8,
}

impl Subnet {
    const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    const fn v6(first: u16, prefix: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0)), prefix }
    }

    fn of(address: IpAddr) -> Self {
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }

    fn contains(&self, address: IpAddr) -> bool {
        let others = |bits: u32| bits - u32::from(self.prefix).min(bits);
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (ours.to_bits() ^ theirs.to_bits()).checked_shr(others(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                (ours.to_bits() ^ theirs.to_bits()).checked_shr(others(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = NotASubtree;

    fn from_str(text: &str) -> Result<Self, NotASubtree> {
        let (address, prefix) = text.split_once('/').ok_or(NotASubtree)?;
        let address: IpAddr = address.parse().map_err(|_| NotASubtree)?;
        let prefix = prefix.parse().map_err(|_| NotASubtree)?;
        let most = Self::of(address).prefix;
        if prefix > most { Err(NotASubtree) } else { Ok(Self { address, prefix }) }
    }
}

/// A word that is no network of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotASubtree;

/// What an authority may sign for (RFC 5280, section 4.2.1.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PermittedSubtrees {
    /// Names, with all that end in a dot and one of them.
    pub names: Vec<String>,
    /// Addresses.
    pub addresses: Vec<Subnet>,
}

impl PermittedSubtrees {
    /// The home's names and addresses, and what is `set` besides: the host's own name and what the owner has configured.
    pub fn with(set: &[String]) -> Self {
        let mut permitted = Self { names: HOME_NAMES.map(str::to_owned).into(), addresses: HOME_ADDRESSES.into() };
        for name in set {
            match name.parse() {
                _ if permitted.allow(name) => {}
                Ok(address) => permitted.addresses.push(Subnet::of(address)),
                Err(_) => permitted.names.push(name.clone()),
            }
        }
        permitted
    }

    /// Whether `name`, a host name in lower case or an address, may be signed for.
    pub fn allow(&self, name: &str) -> bool {
        match name.parse() {
            Ok(address) => self.addresses.iter().any(|subnet| subnet.contains(address)),
            Err(_) => self.names.iter().any(|permitted| {
                name.strip_suffix(permitted.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }),
        }
    }

    /// As a line of text.
    pub fn to_text(&self) -> String {
        let addresses: Vec<_> = self.addresses.iter().map(Subnet::to_string).collect();
        format!("{LINE}{} {}\n", self.names.join(" "), addresses.join(" "))
    }

    /// Reads the first line of `text`; `None` if it is none of these.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut permitted = Self { names: Vec::new(), addresses: Vec::new() };
        for word in text.lines().next()?.strip_prefix(LINE)?.split(' ') {
            match word.parse() {
                Ok(subnet) => permitted.addresses.push(subnet),
                Err(NotASubtree) if is_host_name(word) => permitted.names.push(word.to_owned()),
                Err(NotASubtree) => return None,
            }
        }
        Some(permitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_home_is_permitted_and_what_is_set_and_nothing_else() {
        let set =
            ["gateway", "tv.example", "203.0.113.7", "2001:db8::7", "192.168.7.7", "sala.local"].map(str::to_owned);
        let permitted = PermittedSubtrees::with(&set);
        for allowed in [
            "localhost",
            "lareira.local",
            "a.b.local",
            "tv.lan",
            "x.home.arpa",
            "nas.home",
            "nas.internal",
            "gateway",
            "tv.example",
            "www.tv.example",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.2",
            "169.254.9.9",
            "100.127.0.1",
            "127.0.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "203.0.113.7",
            "2001:db8::7",
        ] {
            assert!(permitted.allow(allowed), "{allowed}");
        }
        for other in [
            "example",
            "evil.example",
            "local.evil",
            "notlocal",
            "home.arpa.com",
            "172.32.0.1",
            "11.0.0.1",
            "8.8.8.8",
            "100.128.0.1",
            "203.0.113.8",
            "2001:db8::8",
            "::2",
            "::ffff:8.8.8.8",
            "",
        ] {
            assert!(!permitted.allow(other), "{other}");
        }
        assert_eq!(permitted.names.len(), HOME_NAMES.len() + 2, "nothing stands there twice");
        assert_eq!(permitted.addresses.len(), HOME_ADDRESSES.len() + 2);
    }

    #[test]
    fn what_is_written_is_read() {
        let permitted = PermittedSubtrees::with(&["tv.example".to_owned(), "2001:db8::7".to_owned()]);
        assert_eq!(
            PermittedSubtrees::from_text(&(permitted.to_text() + "-----BEGIN PRIVATE KEY-----\n")),
            Some(permitted)
        );
        for older in ["", "-----BEGIN PRIVATE KEY-----\n", "Permits: ", "Permits: local 10.0.0.0/33", "Permits: a_b"] {
            assert_eq!(PermittedSubtrees::from_text(older), None, "{older}");
        }
    }

    proptest! {
        #[test]
        fn a_subnet_is_its_first_bits(ours: u128, theirs: u128, prefix in 0..=128_u8) {
            let subnet = Subnet { address: Ipv6Addr::from_bits(ours).into(), prefix };
            let same = (0..u32::from(prefix)).all(|bit| (ours ^ theirs) & (1 << (127 - bit)) == 0);
            prop_assert_eq!(subnet.contains(Ipv6Addr::from_bits(theirs).into()), same);
            prop_assert_eq!(subnet.to_string().parse(), Ok(subnet));
        }

        #[test]
        fn any_line_is_answered(text in "(Permits: )?.*") {
            let _ = PermittedSubtrees::from_text(&text);
        }
    }
}
