//! The tables of a stream: which programmes are in it (PAT), and of what each is made (PMT) (section 2.4.4).

use crate::wire::mpegts::packet::{BYTES, PAT_PID, Packet, SYNC};

/// Bytes of a section; the length has twelve bits, of which these tables use ten.
const SECTION_BYTES: usize = 3 + 1021;

/// Puts a section together from the packets of one PID.
#[derive(Clone, Debug, Default)]
pub struct SectionReader {
    section: Vec<u8>,
    packets: Vec<[u8; BYTES]>,
}

/// A whole section whose checksum is right, and the packets it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its bytes, the checksum included.
    pub bytes: Vec<u8>,
    /// The packets it came in.
    pub packets: Vec<[u8; BYTES]>,
}

impl SectionReader {
    /// Takes the next packet; gives the section that it completes.
    pub fn take(&mut self, packet: Packet<'_>) -> Option<Section> {
        let payload = packet.payload();
        let content = if packet.starts_unit() {
            self.section.clear();
            self.packets.clear();
            let (pointer, rest) = payload.split_first()?;
            rest.get(usize::from(*pointer)..)?
        } else if self.packets.is_empty() {
            return None;
        } else {
            payload
        };
        self.section.extend_from_slice(content);
        self.packets.push(*packet.bytes());
        let [_, high, low, ..] = self.section[..] else { return None };
        let length = 3 + (usize::from(high & 0x0f) << 8 | usize::from(low));
        if length > SECTION_BYTES {
            self.packets.clear();
            return None;
        }
        if self.section.len() < length {
            return None;
        }
        let packets = std::mem::take(&mut self.packets);
        let bytes = self.section[..length].to_vec();
        (crc32(&bytes) == 0).then_some(Section { bytes, packets })
    }
}

/// The programmes of a PAT section: number and PID of the PMT of each. `None` if it is no PAT that holds now.
pub fn read_pat(section: &[u8]) -> Option<Vec<(u16, u16)>> {
    let body = body(section, 0x00)?;
    let programmes = body
        .chunks_exact(4)
        .map(|entry| (u16::from_be_bytes([entry[0], entry[1]]), u16::from_be_bytes([entry[2] & 0x1f, entry[3]])));
    // Programme 0 is the network's own table.
    Some(programmes.filter(|(number, _)| *number != 0).collect())
}

/// Of what a programme is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pmt {
    /// The PID its clock is in.
    pub pcr_pid: u16,
    /// Its streams: stream type (table 2-34) and PID.
    pub streams: Vec<(u8, u16)>,
}

/// The programme of a PMT section; `None` if it is no PMT that holds now.
pub fn read_pmt(section: &[u8]) -> Option<Pmt> {
    let [pcr_high, pcr_low, info_high, info_low, rest @ ..] = body(section, 0x02)? else { return None };
    let length = |high: u8, low: u8| usize::from(high & 0x0f) << 8 | usize::from(low);
    let pid = |high: u8, low: u8| u16::from_be_bytes([high & 0x1f, low]);
    let mut rest = rest.get(length(*info_high, *info_low)..)?;
    let mut streams = Vec::new();
    while let [kind, high, low, info_high, info_low, after @ ..] = rest {
        streams.push((*kind, pid(*high, *low)));
        rest = after.get(length(*info_high, *info_low)..)?;
    }
    Some(Pmt { pcr_pid: pid(*pcr_high, *pcr_low), streams })
}

/// What stands between a table's head and its checksum.
fn body(section: &[u8], table: u8) -> Option<&[u8]> {
    let holds_now = section.get(5)? & 1 == 1;
    (section[0] == table && holds_now).then_some(())?;
    section.get(8..section.len().checked_sub(4)?)
}

/// A packet with a PAT of one programme.
pub fn pat_packet(programme: u16, pmt_pid: u16) -> [u8; BYTES] {
    let [number_high, number_low] = programme.to_be_bytes();
    let [pid_high, pid_low] = pmt_pid.to_be_bytes();
    let mut section = vec![0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, number_high, number_low, 0xe0 | pid_high, pid_low];
    section.extend_from_slice(&crc32(&section).to_be_bytes());
    let mut packet = [0xff; BYTES];
    let [pat_high, pat_low] = PAT_PID.to_be_bytes();
    packet[..5].copy_from_slice(&[SYNC, 0x40 | pat_high, pat_low, 0x10, 0]);
    packet[5..5 + section.len()].copy_from_slice(&section);
    packet
}

/// The checksum of sections (annex A); zero over a section with its own.
pub fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_pat_is_read_again() {
        let bytes = pat_packet(7, 0x1000);
        let section = SectionReader::default().take(Packet::new(&bytes).expect("a packet")).expect("a section");
        assert_eq!(read_pat(&section.bytes), Some(vec![(7, 0x1000)]));
        assert_eq!(read_pmt(&section.bytes), None);
        let mut damaged = bytes;
        damaged[15] ^= 1;
        assert_eq!(SectionReader::default().take(Packet::new(&damaged).expect("a packet")), None);
    }

    #[test]
    fn a_pmt_over_two_packets_is_put_together() {
        let mut section = vec![0x02, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0xe1, 0x00, 0xf0, 180];
        section.extend([0x09; 180]);
        section.extend([0x1b, 0xe1, 0x00, 0xf0, 0, 0x0f, 0xe1, 0x01, 0xf0, 2, 0x0a, 0]);
        section[2] = (section.len() + 4 - 3) as u8;
        section.extend(crc32(&section).to_be_bytes());
        let mut first = [0xff; BYTES];
        first[..5].copy_from_slice(&[SYNC, 0x50, 0, 0x10, 0]);
        first[5..].copy_from_slice(&section[..183]);
        let mut second = [0xff; BYTES];
        second[..4].copy_from_slice(&[SYNC, 0x10, 0, 0x11]);
        second[4..4 + section.len() - 183].copy_from_slice(&section[183..]);
        let mut reader = SectionReader::default();
        assert_eq!(reader.take(Packet::new(&second).expect("a packet")), None, "not from the middle");
        assert_eq!(reader.take(Packet::new(&first).expect("a packet")), None);
        let whole = reader.take(Packet::new(&second).expect("a packet")).expect("a section");
        assert_eq!(whole.packets, [first, second]);
        let expected = Pmt { pcr_pid: 0x100, streams: vec![(0x1b, 0x100), (0x0f, 0x101)] };
        assert_eq!(read_pmt(&whole.bytes), Some(expected));
    }
}
