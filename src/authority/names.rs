//! What the server is called: names that are set, the host's own, and the addresses it has at the moment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::ifaddrs::getifaddrs;

use crate::ground::limits;

/// Where the names of a certificate come from.
#[derive(Clone, Debug)]
pub struct Names {
    /// Host names that are set.
    pub set: Vec<String>,
    /// The address that is listened on: an unspecified one stands for all that the host has.
    pub address: IpAddr,
}

impl Names {
    /// All names and addresses as they are now, each once, no more than [`limits::CERTIFICATE_NAMES`].
    pub(super) fn now(&self) -> Vec<String> {
        let mut names: Vec<String> = ["localhost", "lareira.local"].map(str::to_owned).into();
        names.extend(host_name().into_iter().flat_map(|name| [format!("{name}.local"), name]));
        names.extend(self.set.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase()));
        names.retain(|name| is_host_name(name));
        names
            .extend([IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].map(|address| address.to_string()));
        let addresses = if self.address.is_unspecified() { addresses() } else { vec![self.address] };
        names.extend(addresses.into_iter().map(|address| address.to_canonical().to_string()));
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names.truncate(limits::CERTIFICATE_NAMES);
        names
    }
}

impl Names {
    /// What an authority may sign for besides the home: what is set, an address that is listened on and no other, and the
    /// host's own name where it can't be a domain of the internet, which a box that is called `tv` would bring along.
    pub(super) fn lasting(&self) -> Vec<String> {
        let set = self.set.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        let mut names: Vec<String> =
            set.chain(host_name().filter(|name| is_no_domain(name))).filter(|name| is_host_name(name)).collect();
        names.extend((!self.address.is_unspecified()).then(|| self.address.to_canonical().to_string()));
        names.truncate(limits::CERTIFICATE_NAMES);
        names
    }
}

/// The host's own name, if it can stand in a certificate: its first label, in lower case.
pub fn host_name() -> Option<String> {
    let system = rustix::system::uname();
    let name = system.nodename().to_str().ok()?.split('.').next()?.to_ascii_lowercase();
    is_host_name(&name).then_some(name)
}

/// The host's addresses. Those of one link alone (RFC 4291, section 2.5.6) need a zone, which no certificate has.
fn addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let of_interfaces = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|address| address.ip().into()))
    });
    let mut addresses: Vec<IpAddr> = of_interfaces
        .filter(|address| match address {
            IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
            IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
        })
        .collect();
    addresses.sort();
    addresses
}

/// Whether a single label is surely no top-level domain: those are letters alone (RFC 1123, section 2.1), or begin as
/// those of other alphabets do (RFC 5890, section 2.3.2.1).
fn is_no_domain(label: &str) -> bool {
    label.bytes().any(|byte| !byte.is_ascii_lowercase()) && !label.starts_with("xn--")
}

/// Letters, digits and hyphens in labels (RFC 1123, section 2.1).
pub(super) fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_and_each_stands_once() {
        let set = ["TV.example.", "tv.example", "no name", "-x", "lareira.local", ""].map(str::to_owned).into();
        let names = Names { set, address: Ipv4Addr::LOCALHOST.into() }.now();
        for wanted in ["localhost", "lareira.local", "tv.example", "127.0.0.1", "::1"] {
            assert_eq!(names.iter().filter(|name| *name == wanted).count(), 1, "{wanted} in {names:?}");
        }
        assert!(!names.iter().any(|name| name.contains(' ') || name.starts_with('-') || name.is_empty()), "{names:?}");
    }

    #[test]
    fn a_host_that_is_called_like_a_domain_brings_no_domain_along() {
        for (name, is_none) in [("tv", false), ("dev", false), ("xn--p1ai", false), ("tv-box", true), ("nas2", true)] {
            assert_eq!(is_no_domain(name), is_none, "{name}");
        }
        let set = vec!["TV.example.".to_owned(), "no name".to_owned()];
        let lasting = Names { set, address: "203.0.113.7".parse().expect("an address") }.lasting();
        assert!(lasting.starts_with(&["tv.example".to_owned()]) && lasting.ends_with(&["203.0.113.7".to_owned()]));
        assert!(!lasting.contains(&"no name".to_owned()));
    }

    #[test]
    fn there_are_no_more_than_may_be() {
        let set = (0..1000).map(|number| format!("tv{number}.example")).collect();
        let names = Names { set, address: Ipv4Addr::UNSPECIFIED.into() }.now();
        assert_eq!(names.len(), limits::CERTIFICATE_NAMES);
    }
}
