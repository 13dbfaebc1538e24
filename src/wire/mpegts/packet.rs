//! Packets of 188 bytes (section 2.4.3), and the start of a PES packet in one (section 2.4.3.6).

use crate::ground::time::Ticks90k;

/// Bytes of a packet.
pub const BYTES: usize = 188;
/// A packet's first byte.
pub const SYNC: u8 = 0x47;
/// The PID of the table of programmes (table 2-3).
pub const PAT_PID: u16 = 0;
/// The PID of packets without content (table 2-3).
pub const NULL_PID: u16 = 0x1fff;

/// A packet that begins as one.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a>(&'a [u8; BYTES]);

impl<'a> Packet<'a> {
    /// The packet that `bytes` are.
    pub fn new(bytes: &'a [u8; BYTES]) -> Option<Self> {
        (bytes[0] == SYNC).then_some(Self(bytes))
    }

    /// All of it.
    pub fn bytes(self) -> &'a [u8; BYTES] {
        self.0
    }

    /// A receiver before us could not mend it.
    pub fn is_broken(self) -> bool {
        self.0[1] & 0x80 != 0
    }

    /// A unit (PES packet or section) begins in it.
    pub fn starts_unit(self) -> bool {
        self.0[1] & 0x40 != 0
    }

    /// Which of the streams it belongs to.
    pub fn pid(self) -> u16 {
        u16::from_be_bytes([self.0[1] & 0x1f, self.0[2]])
    }

    /// What it carries; empty if it carries nothing.
    pub fn payload(self) -> &'a [u8] {
        let has = |bit: u8| self.0[3] & bit != 0;
        let start = if has(0x20) { 5 + usize::from(self.0[4]) } else { 4 };
        if has(0x10) { self.0.get(start..).unwrap_or_default() } else { &[] }
    }

    /// Whether decoding can begin at the unit in it, as its muxer says (random_access_indicator).
    pub fn is_random_access(self) -> bool {
        self.0[3] & 0x20 != 0 && self.0[4] > 0 && self.0[5] & 0x40 != 0
    }
}

/// The start of a PES packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PesStart<'a> {
    /// When its unit is decoded, where that is said: 33 bits of 1/90000 s.
    pub time: Option<Ticks90k>,
    /// The first bytes of its content.
    pub content: &'a [u8],
}

impl<'a> PesStart<'a> {
    /// Reads the start of a PES packet with the usual header.
    pub fn read(payload: &'a [u8]) -> Option<Self> {
        let [0, 0, 1, _, _, _, marker, flags, header_length, rest @ ..] = payload else { return None };
        if marker & 0xc0 != 0x80 {
            return None;
        }
        let stamp = |at: usize| rest.get(at..at + 5).map(stamp);
        let time = match flags >> 6 {
            2 => stamp(0),
            // The second is the decoding time.
            3 => stamp(5),
            _ => None,
        };
        Some(Self { time, content: rest.get(usize::from(*header_length)..).unwrap_or_default() })
    }
}

/// A time stamp of five bytes, marker bits between.
fn stamp(bytes: &[u8]) -> Ticks90k {
    let high = i64::from(bytes[0] >> 1 & 7) << 30;
    let middle = i64::from(bytes[1]) << 22 | i64::from(bytes[2] >> 1) << 15;
    Ticks90k(high | middle | i64::from(bytes[3]) << 7 | i64::from(bytes[4] >> 1))
}

/// The span from one 33-bit time to another, by the shorter way.
pub fn span(from: Ticks90k, to: Ticks90k) -> Ticks90k {
    const ROUND: i64 = 1 << 33;
    let ahead = (to.0 - from.0).rem_euclid(ROUND);
    Ticks90k(if ahead >= ROUND / 2 { ahead - ROUND } else { ahead })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_taken_apart() {
        let mut bytes = [0xff; BYTES];
        bytes[..8].copy_from_slice(&[0x47, 0x41, 0x00, 0x30, 3, 0x40, 0, 0]);
        bytes[8..22].copy_from_slice(&[0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 0xb5]);
        let packet = Packet::new(&bytes).expect("a packet");
        assert_eq!((packet.pid(), packet.starts_unit(), packet.is_broken()), (0x100, true, false));
        assert!(packet.is_random_access());
        let pes = PesStart::read(packet.payload()).expect("a unit begins");
        assert_eq!((pes.time, pes.content.len()), (Some(Ticks90k(90)), BYTES - 22));
        bytes[4] = 250;
        assert!(Packet::new(&bytes).expect("a packet").payload().is_empty(), "more stuffing than there is room");
        bytes[0] = 0;
        assert!(Packet::new(&bytes).is_none());
    }

    #[test]
    fn time_goes_round() {
        let end = (1 << 33) - 1;
        assert_eq!(span(Ticks90k(end), Ticks90k(1)), Ticks90k(2));
        assert_eq!(span(Ticks90k(1), Ticks90k(end)), Ticks90k(-2));
    }
}
