//! AAC in RTP (RFC 3640, mode AAC-hbr): AU headers are read, access units cut out and put together again.

use bytes::{Bytes, BytesMut};

/// An access unit is never larger: the AU-size field of AAC-hbr has 13 bits.
pub(super) const MAX_UNIT_BYTES: usize = 8191;

/// A payload that breaks RFC 3640.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Cuts access units out of payloads.
#[derive(Debug)]
pub struct AacDepacketizer {
    size_length: u8,
    index_length: u8,
    index_delta_length: u8,
    /// The beginning of a unit that is spread over several packets, and the size it will have.
    fragment: Option<(BytesMut, usize)>,
}

/// Reads `count` bits at bit `at`.
fn bits(bytes: &[u8], at: usize, count: u8) -> Option<usize> {
    (at..at + usize::from(count))
        .try_fold(0, |value, at| Some(value << 1 | usize::from(bytes.get(at / 8)? >> (7 - at % 8) & 1)))
}

impl AacDepacketizer {
    /// For payloads whose AU headers have fields of these lengths, in bits (RFC 3640, 4.1).
    pub fn new(size_length: u8, index_length: u8, index_delta_length: u8) -> Self {
        Self { size_length, index_length, index_delta_length, fragment: None }
    }

    /// A packet is missing: what was begun can't be finished.
    pub fn lost(&mut self) {
        self.fragment = None;
    }

    /// Takes one payload; calls `unit` with each access unit and its place among those of this packet.
    pub fn depacketize(
        &mut self,
        payload: &[u8],
        marker: bool,
        mut unit: impl FnMut(usize, Bytes),
    ) -> Result<(), Malformed> {
        let (header_bits, rest) = payload.split_first_chunk::<2>().ok_or(Malformed)?;
        let header_bits = usize::from(u16::from_be_bytes(*header_bits));
        let (headers, mut data) = rest.split_at_checked(header_bits.div_ceil(8)).ok_or(Malformed)?;
        let (mut at, mut place) = (0, 0);
        while at < header_bits {
            let size = bits(headers, at, self.size_length).ok_or(Malformed)?;
            at += usize::from(self.size_length);
            at += usize::from(if place == 0 { self.index_length } else { self.index_delta_length });
            if size == 0 || size > MAX_UNIT_BYTES || at > header_bits {
                return Err(Malformed);
            }
            if size > data.len() || self.fragment.is_some() {
                return self.fragment(size, data, marker, unit);
            }
            let (whole, after) = data.split_at(size);
            unit(place, Bytes::copy_from_slice(whole));
            (data, place) = (after, place + 1);
        }
        Ok(())
    }

    /// Each packet of a fragmented unit has one AU header with the whole unit's size (RFC 3640, 3.2.3.1).
    fn fragment(
        &mut self,
        size: usize,
        data: &[u8],
        marker: bool,
        mut unit: impl FnMut(usize, Bytes),
    ) -> Result<(), Malformed> {
        let (mut gathered, expected) = self.fragment.take().unwrap_or((BytesMut::new(), size));
        gathered.extend_from_slice(data);
        if expected != size || gathered.len() > size || marker != (gathered.len() == size) {
            return Err(Malformed);
        }
        if marker {
            unit(0, gathered.freeze());
        } else {
            self.fragment = Some((gathered, size));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(packets: &[(&[u8], bool)]) -> (Vec<(usize, Vec<u8>)>, usize) {
        let (mut depacketizer, mut units) = (AacDepacketizer::new(13, 3, 3), Vec::new());
        let bad = packets
            .iter()
            .filter(|(payload, marker)| {
                depacketizer.depacketize(payload, *marker, |place, unit| units.push((place, unit.to_vec()))).is_err()
            })
            .count();
        (units, bad)
    }

    #[test]
    fn one_and_several_units_in_a_packet() {
        let (units, bad) =
            run(&[(&[0, 16, 0, 3 << 3, 1, 2, 3], true), (&[0, 32, 0, 2 << 3, 0, 1 << 3, 4, 5, 6], true)]);
        assert_eq!((units, bad), (vec![(0, vec![1, 2, 3]), (0, vec![4, 5]), (1, vec![6])], 0));
    }

    #[test]
    fn a_unit_over_several_packets() {
        let parts: [(&[u8], bool); 2] = [(&[0, 16, 0, 5 << 3, 1, 2], false), (&[0, 16, 0, 5 << 3, 3, 4, 5], true)];
        assert_eq!(run(&parts), (vec![(0, vec![1, 2, 3, 4, 5])], 0));
        assert_eq!(run(&parts[1..]).1, 1, "its beginning is missing");
    }

    #[test]
    fn lying_lengths_are_told() {
        for payload in
            [&[][..], &[0], &[0, 16], &[0, 16, 0], &[0, 16, 0, 0, 1], &[0, 12, 0, 8, 1], &[0, 16, 255, 248, 1]]
        {
            assert_eq!(run(&[(payload, true)]), (vec![], 1), "{payload:?}");
        }
    }

    proptest! {
        #[test]
        fn any_packets_are_answered(packets: Vec<(Vec<u8>, bool)>, lengths: (u8, u8, u8)) {
            let mut depacketizer = AacDepacketizer::new(lengths.0 % 33, lengths.1 % 33, lengths.2 % 33);
            for (payload, marker) in packets {
                let _ = depacketizer.depacketize(&payload, marker, |_, unit| assert!(!unit.is_empty()));
            }
        }
    }
}
