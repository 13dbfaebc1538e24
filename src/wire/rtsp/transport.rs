//! The Transport header (RFC 2326, section 12.39): which of the ways a publisher offers is taken, and how that is said.
//!
//! Read here and not with `rtsp-types`, whose typed header panics on `dest_addr="\"`.

use std::str::FromStr;

/// A way for one medium's packets that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// `RTP/AVP`, `RTP/AVP/UDP` or `RTP/AVP/TCP`, as it was written.
    pub name: String,
    /// What it needs.
    pub way: Way,
}

/// How packets of one medium travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Inside the RTSP connection (section 10.12), on these channels for RTP and RTCP; `None` lets the server choose.
    Interleaved(Option<(u8, u8)>),
    /// UDP from the publisher's ports for RTP and RTCP.
    Udp((u16, u16)),
}

/// The offers of a Transport header that a publisher can be given, best first as it wrote them.
pub fn offers(header: &str) -> Vec<Offer> {
    split_outside_quotes(header, ',').into_iter().filter_map(offer).collect()
}

fn offer(text: &str) -> Option<Offer> {
    let mut parts = split_outside_quotes(text, ';').into_iter().map(str::trim);
    let name = parts.next()?;
    let (mut channels, mut ports, mut multicast) = (None, None, false);
    for part in parts {
        let (key, value) = part.split_once('=').map_or((part, ""), |(key, value)| (key.trim(), value.trim()));
        match key.to_ascii_lowercase().as_str() {
            "multicast" => multicast = true,
            "interleaved" => channels = Some(pair(value, |first: u8| first.checked_add(1))?),
            "client_port" => ports = Some(pair(value, |first: u16| first.checked_add(1))?),
            // RECORD is what was announced, so a missing mode is taken for it; PLAY is not offered here.
            "mode" if !value.to_ascii_uppercase().contains("RECORD") => return None,
            _ => {}
        }
    }
    let way = match (name.to_ascii_uppercase().as_str(), ports, channels) {
        _ if multicast => return None,
        ("RTP/AVP/TCP", _, channels) => Way::Interleaved(channels),
        ("RTP/AVP" | "RTP/AVP/UDP", Some(ports), _) if ports.0 != 0 => Way::Udp(ports),
        ("RTP/AVP", None, Some(channels)) => Way::Interleaved(Some(channels)),
        _ => return None,
    };
    Some(Offer { name: name.to_owned(), way })
}

fn pair<T: FromStr + Copy + PartialEq>(text: &str, next: impl Fn(T) -> Option<T>) -> Option<(T, T)> {
    let (first, second) = match text.split_once('-') {
        Some((first, second)) => (first.parse().ok()?, second.parse().ok()?),
        None => {
            let first = text.parse().ok()?;
            (first, next(first)?)
        }
    };
    (first != second).then_some((first, second))
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|letter| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(header: &str) -> Vec<Way> {
        offers(header).into_iter().map(|offer| offer.way).collect()
    }

    #[test]
    fn the_ways_of_known_publishers_are_read() {
        let ffmpeg = "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record";
        assert_eq!(ways(ffmpeg), [Way::Interleaved(Some((0, 1)))]);
        assert_eq!(ways("RTP/AVP/UDP;unicast;client_port=19412-19413;mode=record"), [Way::Udp((19412, 19413))]);
        let gstreamer = "RTP/AVP;unicast;client_port=40000-40001;mode=\"RECORD\"";
        assert_eq!(ways(gstreamer), [Way::Udp((40000, 40001))]);
        assert_eq!(ways("RTP/AVP/TCP;unicast;mode=record"), [Way::Interleaved(None)]);
        assert_eq!(
            ways("RTP/AVP;unicast;interleaved=2-3;mode=receive,RTP/AVP/TCP;interleaved=4"),
            [Way::Interleaved(Some((4, 5)))]
        );
        assert_eq!(ways("rtp/avp/tcp ; Interleaved = 6-7"), [Way::Interleaved(Some((6, 7)))]);
    }

    #[test]
    fn alternatives_keep_their_order() {
        let header = "RTP/AVP;multicast,RTP/SAVP;client_port=1-2, RTP/AVP/UDP;unicast;client_port=5000;mode=\"PLAY,RECORD\",\
                      RTP/AVP/TCP;interleaved=0-1";
        assert_eq!(ways(header), [Way::Udp((5000, 5001)), Way::Interleaved(Some((0, 1)))]);
        assert_eq!(offers(header)[0].name, "RTP/AVP/UDP");
    }

    #[test]
    fn what_cannot_be_given_is_no_offer() {
        for header in [
            "",
            ",;,",
            "RTP/AVP",
            "RTP/AVP/UDP;unicast",
            "RTP/AVP;client_port=0-1",
            "RTP/AVP;client_port=70000-70001",
            "RTP/AVP;client_port=65535",
            "RTP/AVP;client_port=5000-5000",
            "RTP/AVP/TCP;interleaved=255",
            "RTP/AVP/TCP;interleaved=a-b",
            "RTP/AVP/TCP;mode=play",
            "RTP/SAVP/TCP;interleaved=0-1",
            "RTP/AVP/TCP;dest_addr=\"\\\";multicast",
        ] {
            assert_eq!(ways(header), [], "{header}");
        }
    }
}
