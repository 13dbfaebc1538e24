//! RTP packets of the built-in phone: pure functions from access units to packets.
//!
//! RFC 3550 (RTP, sender reports), RFC 6184 (H.264: single NAL unit packets and FU-A), RFC 3640 (AAC in mode AAC-hbr).

use bytes::Bytes;

/// Bytes of a packet's payload at most: with all headers it stays inside an Ethernet frame.
const PAYLOAD_BYTES: usize = 1400;
/// `nal_unit_type` of a fragment (RFC 6184, section 5.8).
const FU_A: u8 = 28;

/// One track as it is sent.
#[derive(Debug)]
pub(super) struct Packets {
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    packets: u32,
    payload_bytes: u32,
}

impl Packets {
    /// A track whose packets have this payload type, this source and, first, this sequence number.
    pub(super) fn new(payload_type: u8, ssrc: u32, sequence: u16) -> Self {
        Self { payload_type, ssrc, sequence, packets: 0, payload_bytes: 0 }
    }

    /// The packets of an access unit of H.264; the last one has the marker bit.
    pub(super) fn h264(&mut self, nals: &[Bytes], timestamp: u32) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for (index, nal) in nals.iter().enumerate() {
            let last = index + 1 == nals.len();
            if nal.len() <= PAYLOAD_BYTES {
                packets.push(self.packet(last, timestamp, &[nal]));
                continue;
            }
            let (indicator, kind, body) = (nal[0] & 0xe0 | FU_A, nal[0] & 0x1f, &nal[1..]);
            let fragments = body.chunks(PAYLOAD_BYTES - 2);
            let count = fragments.len();
            for (number, fragment) in fragments.enumerate() {
                let (start, end) = (number == 0, number + 1 == count);
                let header = u8::from(start) << 7 | u8::from(end) << 6 | kind;
                packets.push(self.packet(last && end, timestamp, &[&[indicator, header], fragment]));
            }
        }
        packets
    }

    /// The packet of an access unit of AAC: one AU-header of 13 bits of size and 3 bits of index (RFC 3640, 3.3.6).
    pub(super) fn aac(&mut self, frame: &[u8], timestamp: u32) -> Vec<u8> {
        let header = ((frame.len() as u16) << 3).to_be_bytes();
        self.packet(true, timestamp, &[&[0, 16], &header, frame])
    }

    fn packet(&mut self, marker: bool, timestamp: u32, payload: &[&[u8]]) -> Vec<u8> {
        let mut packet = vec![0x80, u8::from(marker) << 7 | self.payload_type];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        let header = packet.len();
        payload.iter().for_each(|part| packet.extend_from_slice(part));
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.payload_bytes = self.payload_bytes.wrapping_add((packet.len() - header) as u32);
        packet
    }

    /// A sender report with the source's name (RFC 3550, sections 6.4.1 and 6.5): `timestamp` is heard or seen at `ntp`,
    /// in 1/2^32 s since 1900.
    pub(super) fn sender_report(&self, ntp: u64, timestamp: u32) -> Vec<u8> {
        let mut report = vec![0x80, 200, 0, 6];
        report.extend_from_slice(&self.ssrc.to_be_bytes());
        report.extend_from_slice(&ntp.to_be_bytes());
        for field in [timestamp, self.packets, self.payload_bytes] {
            report.extend_from_slice(&field.to_be_bytes());
        }
        // One chunk with one CNAME item of 11 letters, filled up to whole words.
        report.extend_from_slice(&[0x81, 202, 0, 5]);
        report.extend_from_slice(&self.ssrc.to_be_bytes());
        report.extend_from_slice(b"\x01\x0blareirademo\0\0\0");
        report
    }
}

/// A time in 1/2^32 s since 1900 (RFC 3550, section 4), from microseconds since 1970.
pub(super) fn ntp(unix_us: u64) -> u64 {
    const SECONDS_1900_TO_1970: u64 = 2_208_988_800;
    let fraction = ((unix_us % 1_000_000) << 32) / 1_000_000;
    ((unix_us / 1_000_000 + SECONDS_1900_TO_1970) << 32) | fraction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a receiver makes of packets: NAL units, checked for order and marker.
    fn depacketize(packets: &[Vec<u8>], first_sequence: u16) -> Vec<Vec<u8>> {
        let mut nals: Vec<Vec<u8>> = Vec::new();
        for (index, packet) in packets.iter().enumerate() {
            assert_eq!(packet[0], 0x80);
            assert_eq!(packet[1] & 0x7f, 96);
            assert_eq!(packet[1] >> 7 == 1, index + 1 == packets.len(), "the marker ends the access unit");
            assert_eq!(packet[2..4], first_sequence.wrapping_add(index as u16).to_be_bytes());
            assert!(packet.len() <= 12 + PAYLOAD_BYTES);
            let payload = &packet[12..];
            if payload[0] & 0x1f != FU_A {
                nals.push(payload.to_vec());
            } else {
                if payload[1] & 0x80 != 0 {
                    nals.push(vec![payload[0] & 0xe0 | payload[1] & 0x1f]);
                }
                nals.last_mut().expect("a start before").extend_from_slice(&payload[2..]);
            }
        }
        nals
    }

    proptest! {
        #[test]
        fn access_units_come_out_as_they_went_in(sizes in proptest::collection::vec(1usize..6000, 1..6), sequence: u16) {
            let nals: Vec<Bytes> = sizes.iter().map(|&size| {
                (0..size).map(|at| if at == 0 { 0x65 } else { at as u8 }).collect::<Vec<u8>>().into()
            }).collect();
            let packets = Packets::new(96, 7, sequence).h264(&nals, 1234);
            let received = depacketize(&packets, sequence);
            prop_assert_eq!(received, nals.iter().map(|nal| nal.to_vec()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_largest_single_packet_and_the_smallest_fragmented_one() {
        let mut packets = Packets::new(96, 7, 0);
        let nal = |size: usize| Bytes::from(vec![0x41; size]);
        assert_eq!(packets.h264(&[nal(PAYLOAD_BYTES)], 0).len(), 1);
        assert_eq!(packets.h264(&[nal(PAYLOAD_BYTES + 1)], 0).len(), 2);
    }

    #[test]
    fn sound_has_one_header_and_the_whole_frame() {
        let packet = Packets::new(97, 7, 0).aac(&[9; 100], 5);
        assert_eq!(packet[12..16], [0, 16, 100 >> 5, (100 << 3) as u8]);
        assert_eq!(packet[16..], [9; 100]);
        assert_eq!(packet[1], 0x80 | 97);
    }

    #[test]
    fn reports_count_what_was_sent() {
        let mut packets = Packets::new(97, 0x0102_0304, 0);
        packets.aac(&[9; 100], 5);
        let report = packets.sender_report(ntp(1_500_000), 77);
        assert_eq!(report[..8], [0x80, 200, 0, 6, 1, 2, 3, 4]);
        assert_eq!(report[8..16], [0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, 0], "1970-01-01 00:00:01.5");
        assert_eq!(report[16..28], [0, 0, 0, 77, 0, 0, 0, 1, 0, 0, 0, 104]);
        assert_eq!(report.len(), 28 + 4 + 5 * 4, "every part is as long as it says");
        assert_eq!(rtcp_types::Compound::parse(&report).map(|compound| compound.count()), Ok(2));
    }
}
