//! Where the gateway is found, as people and programs are told.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::wire::address::PageAddress;

/// Where the gateway is found, for the addresses in answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Such as `http://192.168.1.2:8080`.
    pub http: String,
    /// Such as `https://192.168.1.2:8443`; `None` while nothing is there.
    pub https: Option<String>,
    /// Such as `rtsp://192.168.1.2:8554`.
    pub rtsp: String,
    /// Such as `rtsps://192.168.1.2:8322`; `None` while nothing is there.
    pub rtsps: Option<String>,
}

/// What a gateway listens on.
#[derive(Clone, Copy, Debug)]
pub struct Doors {
    /// Pages, API and playback.
    pub http: SocketAddr,
    /// The same over TLS, where it is.
    pub https: Option<SocketAddr>,
    /// Where camera apps publish.
    pub rtsp: SocketAddr,
    /// The same over TLS, where it is.
    pub rtsps: Option<SocketAddr>,
}

impl Addresses {
    /// What a phone opens to be enrolled with `code`.
    pub fn invite(&self, code: &str) -> String {
        format!("{}{}", self.http, PageAddress::Enrol(code))
    }

    /// What a phone opens to claim the house with the gateway's code.
    pub fn claim(&self, code: &str) -> String {
        format!("{}{}", self.http, PageAddress::Claim(code))
    }

    /// What a browser opens to be the owner's, by `code`.
    pub fn owner(&self, code: &str) -> String {
        format!("{}{}", self.http, PageAddress::OwnerSignIn(code))
    }

    /// The addresses of a gateway with these doors: by its first name where it has one, else by number.
    pub fn new(doors: Doors, names: &[String]) -> Self {
        let host = |ip: IpAddr| match (names.first(), ip) {
            (Some(name), _) => name.clone(),
            (None, ip) if ip.is_unspecified() => own_address().map_or("localhost".into(), in_url),
            (None, ip) => in_url(ip),
        };
        let url = |scheme: &str, door: SocketAddr| format!("{scheme}://{}:{}", host(door.ip()), door.port());
        Self {
            http: url("http", doors.http),
            https: doors.https.map(|door| url("https", door)),
            rtsp: url("rtsp", doors.rtsp),
            rtsps: doors.rtsps.map(|door| url("rtsps", door)),
        }
    }
}

fn in_url(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// The address this machine has towards its network. Nothing is sent: the system is asked for the way to an address
/// that is kept for documentation (RFC 5737).
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}
