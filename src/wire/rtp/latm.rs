//! AAC in RTP as LATM (RFC 6416, section 6): AudioMuxElements (ISO/IEC 14496-3, 1.7.3.1, tables 1.41, 1.44 and 1.45),
//! whose multiplex was described beforehand, are put together and cut into access units.

use bytes::Bytes;

use crate::wire::rtp::aac::MAX_UNIT_BYTES;

/// A PayloadLengthInfo is never longer: a byte for each 255 of a unit's size, and a last one.
const MAX_LENGTH_BYTES: usize = MAX_UNIT_BYTES / 255 + 1;

/// A payload that breaks RFC 6416, or an element that breaks ISO/IEC 14496-3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Cuts access units out of payloads.
#[derive(Debug)]
pub struct LatmDepacketizer {
    /// Access units of one element.
    units: usize,
    /// The beginning of an element that is spread over several packets.
    gathered: Vec<u8>,
}

impl LatmDepacketizer {
    /// For elements of `units` access units.
    pub fn new(units: u8) -> Self {
        Self { units: usize::from(units.max(1)), gathered: Vec::new() }
    }

    /// A packet is missing: what was begun can't be finished.
    pub fn lost(&mut self) {
        self.gathered.clear();
    }

    /// Takes one payload; calls `unit` with each access unit and its place among those of this element.
    ///
    /// Nothing marks an element's beginning. One whose beginning was lost is told by its lengths, which don't come out.
    pub fn depacketize(
        &mut self,
        payload: &[u8],
        marker: bool,
        unit: impl FnMut(usize, Bytes),
    ) -> Result<(), Malformed> {
        if marker && self.gathered.is_empty() {
            return self.cut(payload, unit);
        }
        if self.gathered.len() + payload.len() > self.units * (MAX_LENGTH_BYTES + MAX_UNIT_BYTES) {
            self.gathered.clear();
            return Err(Malformed);
        }
        self.gathered.extend_from_slice(payload);
        if !marker {
            return Ok(());
        }
        let gathered = std::mem::take(&mut self.gathered);
        self.cut(&gathered, unit)
    }

    /// Cuts what ends with a marker: one element, or several where they are small (RFC 6416, section 6.3).
    fn cut(&self, elements: &[u8], mut unit: impl FnMut(usize, Bytes)) -> Result<(), Malformed> {
        // Looked through before any of it is used: what lies once is not believed at all.
        let mut rest = elements;
        let mut count = 0;
        while !rest.is_empty() {
            rest = split_unit(rest)?.1;
            count += 1;
        }
        if count == 0 || count % self.units != 0 {
            return Err(Malformed);
        }
        let mut rest = elements;
        for place in 0..count {
            let (data, after) = split_unit(rest)?;
            unit(place, Bytes::copy_from_slice(data));
            rest = after;
        }
        Ok(())
    }
}

/// Splits PayloadLengthInfo and the unit it tells of from what follows.
fn split_unit(elements: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let full = elements.iter().take_while(|byte| **byte == 255).count();
    let (last, rest) = elements[full..].split_first().ok_or(Malformed)?;
    let size = full * 255 + usize::from(*last);
    if size == 0 || size > MAX_UNIT_BYTES {
        return Err(Malformed);
    }
    rest.split_at_checked(size).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(units_in_element: u8, packets: &[(&[u8], bool)]) -> (Vec<(usize, Vec<u8>)>, usize) {
        let (mut depacketizer, mut units) = (LatmDepacketizer::new(units_in_element), Vec::new());
        let bad = packets
            .iter()
            .filter(|(payload, marker)| {
                depacketizer.depacketize(payload, *marker, |place, unit| units.push((place, unit.to_vec()))).is_err()
            })
            .count();
        (units, bad)
    }

    /// PayloadLengthInfo and unit.
    fn element(unit: &[u8]) -> Vec<u8> {
        [vec![255; unit.len() / 255], vec![(unit.len() % 255) as u8], unit.to_vec()].concat()
    }

    #[test]
    fn one_unit_in_a_packet() {
        assert_eq!(run(1, &[(&[3, 1, 2, 3], true), (&[1, 4], true)]), (vec![(0, vec![1, 2, 3]), (0, vec![4])], 0));
    }

    #[test]
    fn long_units_have_long_lengths() {
        for size in [254, 255, 256, 509, 510, 511, MAX_UNIT_BYTES] {
            let unit = vec![7; size];
            assert_eq!(run(1, &[(&element(&unit), true)]), (vec![(0, unit)], 0), "{size}");
        }
        assert_eq!(run(1, &[(&element(&vec![7; MAX_UNIT_BYTES + 1]), true)]), (vec![], 1));
    }

    #[test]
    fn several_units_in_an_element_and_several_elements_in_a_packet() {
        let two: (&[u8], bool) = (&[2, 1, 2, 1, 3], true);
        let units = vec![(0, vec![1, 2]), (1, vec![3])];
        assert_eq!(run(2, &[two]), (units.clone(), 0));
        assert_eq!(run(1, &[two]), (units, 0));
        assert_eq!(run(3, &[two]), (vec![], 1), "one is missing");
    }

    #[test]
    fn an_element_over_several_packets() {
        let unit: Vec<u8> = (0..=255).chain(0..=255).collect();
        let whole = element(&unit);
        let parts: [(&[u8], bool); 3] = [(&whole[..1], false), (&whole[1..300], false), (&whole[300..], true)];
        assert_eq!(run(1, &parts), (vec![(0, unit)], 0));
        assert_eq!(run(1, &parts[1..]), (vec![], 1), "its beginning is missing");
        assert_eq!(run(1, &[parts[0], parts[2]]), (vec![], 1), "its middle is missing");
    }

    #[test]
    fn after_a_loss_the_next_whole_element_is_taken() {
        let (mut depacketizer, mut units) = (LatmDepacketizer::new(1), Vec::new());
        assert_eq!(depacketizer.depacketize(&[9, 1, 2], false, |_, _| panic!("it is not whole")), Ok(()));
        depacketizer.lost();
        assert_eq!(depacketizer.depacketize(&[2, 3, 4], true, |_, unit| units.push(unit)), Ok(()));
        assert_eq!(units, [&[3, 4][..]]);
    }

    #[test]
    fn lying_lengths_are_told() {
        for payload in [&[][..], &[0], &[1], &[255], &[255, 0], &[2, 1], &[1, 1, 1], &[1, 1, 0], &[1, 1, 255]] {
            assert_eq!(run(1, &[(payload, true), (&[1, 9], true)]), (vec![(0, vec![9])], 1), "{payload:?}");
        }
    }

    #[test]
    fn an_element_without_end_is_given_up() {
        let mut depacketizer = LatmDepacketizer::new(1);
        let mut given_up = 0;
        for _ in 0..100 {
            given_up += usize::from(depacketizer.depacketize(&[255; 1400], false, |_, _| {}).is_err());
            assert!(depacketizer.gathered.len() <= MAX_LENGTH_BYTES + MAX_UNIT_BYTES);
        }
        assert!(given_up > 10);
    }

    proptest! {
        #[test]
        fn any_packets_are_answered(packets: Vec<(Vec<u8>, bool)>, units: u8) {
            let mut depacketizer = LatmDepacketizer::new(units);
            for (payload, marker) in packets {
                let _ = depacketizer.depacketize(&payload, marker, |_, unit| assert!(!unit.is_empty()));
            }
        }

        #[test]
        fn what_was_spread_comes_out(
            sizes in prop::collection::vec(1..1200usize, 1..8), size in 1..1500usize, in_one_element: bool,
        ) {
            let units: Vec<_> = sizes.iter().enumerate().map(|(n, size)| vec![n as u8 | 0xF8; *size]).collect();
            let elements: Vec<Vec<u8>> = units.iter().map(|unit| element(unit)).collect();
            let elements = if in_one_element { vec![elements.concat()] } else { elements };
            let mut depacketizer = LatmDepacketizer::new(if in_one_element { units.len() as u8 } else { 1 });
            let mut out = Vec::new();
            for element in &elements {
                for (n, part) in element.chunks(size).enumerate() {
                    let last = n + 1 == element.len().div_ceil(size);
                    prop_assert_eq!(depacketizer.depacketize(part, last, |_, unit| out.push(unit.to_vec())), Ok(()));
                }
            }
            prop_assert_eq!(out, units);
        }
    }
}
