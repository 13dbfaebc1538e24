//! Which networks are the home's own, though their addresses are of the internet: every device of an IPv6 home has such.
//!
//! Home is what this machine is on, by its interfaces' addresses, and what it reaches without leaving the house, by its
//! routes. Reading them is one function, what they mean is pure. The tables are Linux's (proc_pid_net(5),
//! linux/ipv6_route.h); where there are none, the addresses say enough.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use nix::ifaddrs::getifaddrs;

use crate::ground::limits;
use crate::ground::network::Network;

/// Bits of the prefix around an IPv6 address that are taken for one home: providers delegate a /56 or a larger one
/// (RIPE-690), and a device sees a /64 of it at most.
const DELEGATED_BITS: u8 = 56;
/// Routes with fewer bits lead to the internet, or to a part of it: the default, and the halves that tunnels set.
const LEAST_BITS_V4: u8 = 8;
const LEAST_BITS_V6: u8 = 32;
/// Routes through a router that have so many bits lead to another network of the home, not to a provider's.
const INNER_BITS_V6: u8 = 48;
/// The route leads through a router (`RTF_GATEWAY`).
const GATEWAY: u32 = 0x2;
/// The route was learnt for one destination, anywhere on the internet (`RTF_DYNAMIC`, `RTF_MODIFIED`, `RTF_CACHE`).
const OF_ONE_DESTINATION: u32 = 0x10 | 0x20 | 0x0100_0000;
/// Bytes of a table that are read: thousands of routes.
const TABLE_BYTES: usize = 1024 * 1024;

/// The home's networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    networks: Vec<Network>,
}

impl Home {
    /// The home as this machine sees it now. Blocks for a moment.
    pub fn look() -> Self {
        let table = |name: &str| {
            let mut text = fs::read(format!("/proc/self/net/{name}")).unwrap_or_default();
            text.truncate(TABLE_BYTES);
            String::from_utf8_lossy(&text).into_owned()
        };
        Self::of(&interfaces(), &table("route"), &table("ipv6_route"))
    }

    /// The home of a machine with these addresses, each with the bits of its network, and these tables of routes.
    fn of(interfaces: &[(IpAddr, u8)], routes_v4: &str, routes_v6: &str) -> Self {
        let of_interfaces = interfaces.iter().map(|(address, bits)| match address {
            IpAddr::V4(_) => Network::new(*address, *bits),
            IpAddr::V6(_) => Network::new(*address, (*bits).min(DELEGATED_BITS)),
        });
        let routes = routes_v4.lines().filter_map(route_v4).chain(routes_v6.lines().filter_map(route_v6));
        Self { networks: of_interfaces.chain(routes).collect() }
    }

    /// A home of these networks, written like `10.0.0.0/8`.
    #[cfg(test)]
    pub fn of_networks(networks: &[&str]) -> Self {
        Self { networks: networks.iter().map(|text| text.parse().expect("a network")).collect() }
    }

    /// Whether `address` is at home.
    pub fn covers(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.covers(address))
    }
}

/// The home as it was seen last, and when.
#[derive(Debug, Default)]
pub struct LastSeen(Mutex<Option<(Instant, Arc<Home>)>>);

impl LastSeen {
    /// The home as it was seen a moment ago, or is seen now. Blocks for a moment.
    pub fn now(&self) -> Arc<Home> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some((at, home)) if at.elapsed() < limits::LAN_LOOK => home.clone(),
            _ => {
                let home = Arc::new(Home::look());
                *seen = Some((Instant::now(), home.clone()));
                home
            }
        }
    }
}

/// This machine's addresses, and how many bits of each are its network's.
fn interfaces() -> Vec<(IpAddr, u8)> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let network = |interface: nix::ifaddrs::InterfaceAddress| {
        let (address, mask) = (interface.address?, interface.netmask?);
        let v4 = || {
            let mask = mask.as_sockaddr_in()?.ip().to_bits();
            Some((IpAddr::from(address.as_sockaddr_in()?.ip()), mask.leading_ones() as u8))
        };
        let v6 = || {
            let mask = mask.as_sockaddr_in6()?.ip().to_bits();
            Some((IpAddr::from(address.as_sockaddr_in6()?.ip()), mask.leading_ones() as u8))
        };
        v4().or_else(v6)
    };
    interfaces.filter_map(network).collect()
}

/// A network behind an interface itself, in a line of `/proc/net/route`. Numbers are written as the machine holds them.
fn route_v4(line: &str) -> Option<Network> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |at: usize| u32::from_str_radix(fields.get(at)?, 16).ok();
    let (destination, flags, mask) = (number(1)?, number(3)?, number(7)?);
    let bits = u32::from_be_bytes(mask.to_ne_bytes()).leading_ones() as u8;
    let network = Network::new(Ipv4Addr::from(destination.to_ne_bytes()).into(), bits);
    (flags & (GATEWAY | OF_ONE_DESTINATION) == 0 && bits >= LEAST_BITS_V4).then_some(network)
}

/// A network of the home, in a line of `/proc/net/ipv6_route`: one behind an interface itself, one that a router in the
/// house leads to, or the rest of a delegated prefix, for which routers keep a route that refuses.
fn route_v6(line: &str) -> Option<Network> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let destination = fields.first().filter(|text| text.len() == 32)?;
    let address = Ipv6Addr::from(u128::from_str_radix(destination, 16).ok()?);
    let bits = u8::from_str_radix(fields.get(1)?, 16).ok().filter(|bits| *bits <= 128)?;
    let flags = u32::from_str_radix(fields.get(8)?, 16).ok()?;
    let least = if flags & GATEWAY == 0 { LEAST_BITS_V6 } else { INNER_BITS_V6 };
    (flags & OF_ONE_DESTINATION == 0 && bits >= least).then_some(Network::new(address.into(), bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::client::{Client, FetchError};
    use crate::fetch::guard::Guard;
    use crate::wire::fetch::{Request, Url};
    use proptest::prelude::*;
    use std::process::Command;

    const NOWHERE: &str = "00000000000000000000000000000000 00";

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// A line of the IPv6 table.
    fn route(network: &str, bits: u8, router: Option<&str>, flags: u32) -> String {
        let hex = |text: &str| format!("{:032x}", text.parse::<Ipv6Addr>().expect("an address").to_bits());
        let router = hex(router.unwrap_or("::"));
        format!("{} {bits:02x} {NOWHERE} {router} 00000100 00000001 00000000 {flags:08x}     eth0\n", hex(network))
    }

    #[test]
    fn what_an_interface_is_on_is_home() {
        let on = [(address("2001:db8:1:2::5"), 64), (address("203.0.113.9"), 29), (address("2001:db8:9::7"), 128)];
        let home = Home::of(&on, "", "");
        for near in ["2001:db8:1:2::1", "2001:db8:1:99::1", "203.0.113.14", "2001:db8:9:1::1"] {
            assert!(home.covers(address(near)), "{near}");
        }
        for far in ["2001:db8:1:102::1", "2001:db8:2::1", "203.0.113.16", "2606:2800::1", "::ffff:203.0.113.14"] {
            assert!(!home.covers(address(far)), "{far}");
        }
        assert!(!Home::default().covers(address("2001:db8::1")));
    }

    #[test]
    fn routes_tell_of_the_rest_of_the_home() {
        let (up, refuses, cached) = (0x1, 0x201, 0x0100_0003);
        let table = [
            route("2001:db8:aa::", 64, None, up),
            route("2001:db8:bb::", 60, Some("fe80::1"), up | GATEWAY),
            route("2001:db8:cc00::", 40, None, refuses),
            // The internet, whichever way it is written.
            route("::", 0, Some("fe80::1"), up | GATEWAY),
            route("::", 0, None, 0x0020_0200),
            route("2000::", 3, None, up),
            route("2606:4700::", 32, Some("fe80::1"), up | GATEWAY),
            route("2606:2800::1", 128, Some("fe80::1"), cached),
        ];
        let home = Home::of(&[], "", &table.concat());
        for near in ["2001:db8:aa::9", "2001:db8:bb:f::9", "2001:db8:ccff::9"] {
            assert!(home.covers(address(near)), "{near}");
        }
        for far in ["2606:4700::9", "2606:2800::1", "2001:db8:ab::1", "2001:db8:bb:10::1"] {
            assert!(!home.covers(address(far)), "{far}");
        }
    }

    #[test]
    fn a_public_ipv4_network_behind_an_interface_is_home() {
        let hex = |text: &str| {
            let address: Ipv4Addr = text.parse().expect("an address");
            format!("{:08X}", u32::from_ne_bytes(address.octets()))
        };
        let line = |to: &str, router: &str, flags: &str, mask: &str| {
            format!("eth0\t{}\t{}\t{flags}\t0\t0\t0\t{}\t0\t0\t0\n", hex(to), hex(router), hex(mask))
        };
        let table = [
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n".to_owned(),
            line("0.0.0.0", "203.0.113.1", "0003", "0.0.0.0"),
            line("0.0.0.0", "0.0.0.0", "0001", "128.0.0.0"),
            line("203.0.113.0", "0.0.0.0", "0001", "255.255.255.0"),
            line("198.51.100.0", "203.0.113.1", "0003", "255.255.255.0"),
        ];
        let home = Home::of(&[], &table.concat(), "");
        assert!(home.covers(address("203.0.113.200")));
        for far in ["203.0.114.1", "198.51.100.1", "93.184.216.34", "1.1.1.1"] {
            assert!(!home.covers(address(far)), "{far}");
        }
    }

    proptest! {
        #[test]
        fn any_table_is_read(text in "\\PC{0,200}", number: u128, bits: u8, flags: u32) {
            Home::of(&[], &text, &text);
            let line = format!("{number:032x} {bits:02x} {NOWHERE} {number:032x} 0 0 0 {flags:08x} eth0");
            let _ = route_v6(&line).map(|network| network.covers(IpAddr::from(Ipv6Addr::from(number))));
        }
    }

    /// What a real kernel says, of networks made for this in a namespace; where nobody may make one, of this machine.
    #[test]
    fn a_real_machines_networks_are_seen() {
        const INSIDE: &str = "LAREIRA_TEST_HOME_NETWORKS";
        if std::env::var_os(INSIDE).is_none() {
            let make = "ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up \
                && ip link set v1 up && ip -6 address add 2a00:db8:1:20::5/64 dev v0 nodad \
                && ip address add 203.0.113.9/29 dev v0 && ip -6 route add unreachable 2a00:db8:5500::/40 \
                && ip -6 route add 2a00:db8:7:7::/64 via fe80::1 dev v0 && ip -6 route add default via fe80::1 dev v0";
            let name = "fetch::home::tests::a_real_machines_networks_are_seen";
            let in_namespace = |script: &str| {
                let mut command = Command::new("unshare");
                command.args(["--map-root-user", "--net", "sh", "-c", script]);
                command.arg(std::env::current_exe().expect("a path")).args([name, "--exact", "--nocapture"]);
                command.env(INSIDE, "1").output()
            };
            if in_namespace("ip link add v0 type veth peer name v1").is_ok_and(|output| output.status.success()) {
                let inside = in_namespace(&format!("{make} && exec \"$0\" \"$@\"")).expect("it runs");
                let said = String::from_utf8_lossy(&inside.stdout);
                assert!(said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&inside.stderr));
            }
            assert!(Home::look().covers(Ipv4Addr::LOCALHOST.into()), "the loopback network is this machine's");
            return;
        }
        let home = Home::look();
        for near in ["2a00:db8:1:20::9", "2a00:db8:1:21::1", "203.0.113.14", "2a00:db8:55ff::1", "2a00:db8:7:7::1"] {
            assert!(home.covers(address(near)), "{near}: {home:?}");
        }
        for far in ["2606:2800::1", "2a00:db8:1:120::1", "203.0.113.16", "2a00:db8:7:8::1"] {
            assert!(!home.covers(address(far)), "{far}: {home:?}");
        }
        // Nobody who asks reaches a neighbour, nor this machine by its own address.
        let client = Client::new(Guard::new(Vec::new(), Vec::new(), "a setting"));
        for place in ["[2a00:db8:1:20::9]:80", "203.0.113.14:80", "[2a00:db8:1:20::5]:9"] {
            let url = Url::parse(&format!("http://{place}/")).expect("an address");
            let answer = futures_lite::future::block_on(client.get(&url, &Request::default()));
            assert!(matches!(answer, Err(FetchError::Forbidden(..))), "{place}");
        }
    }
}
