//! H.264 in RTP (RFC 6184): single NAL unit packets, STAP-A and FU-A become NAL units again.

use crate::wire::h264::access_unit::{AccessUnit, AccessUnitBuilder};
use crate::wire::h264::{is_first_slice, kind, nal_type};

/// Several NAL units in one packet (RFC 6184, 5.7.1).
const STAP_A: u8 = 24;
/// A fragment of a NAL unit (RFC 6184, 5.8).
const FU_A: u8 = 28;

/// A payload that breaks RFC 6184, or uses its interleaved mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Whether a payload may be the first of a key frame: its first slice, or what comes before it.
pub fn begins_key_frame(payload: &[u8]) -> bool {
    let [header, next, rest @ ..] = payload else { return false };
    match kind(*header) {
        nal_type::IDR => is_first_slice(payload),
        nal_type::SEI..=nal_type::DELIMITER | STAP_A => true,
        // Its start, of a NAL unit of this kind that is a first slice.
        FU_A => *next & 0x80 != 0 && kind(*next) == nal_type::IDR && rest.first().is_some_and(|byte| byte & 0x80 != 0),
        _ => false,
    }
}

/// Takes one packet's payload into the access unit it belongs to.
pub fn depacketize(
    payload: &[u8],
    timestamp: i64,
    marker: bool,
    units: &mut AccessUnitBuilder,
    out: &mut Vec<AccessUnit>,
) -> Result<(), Malformed> {
    let header = *payload.first().ok_or(Malformed)?;
    if header & 0x80 != 0 {
        return Err(Malformed);
    }
    match kind(header) {
        1..=23 => units.nal(timestamp, payload, out),
        STAP_A => {
            // Looked through before any of it is used: a lying length spoils the packet, not the picture.
            let mut rest = &payload[1..];
            while !rest.is_empty() {
                rest = split_aggregated(rest)?.1;
            }
            let mut rest = &payload[1..];
            while !rest.is_empty() {
                let (nal, after) = split_aggregated(rest)?;
                units.nal(timestamp, nal, out);
                rest = after;
            }
        }
        FU_A => {
            let fragment = *payload.get(1).ok_or(Malformed)?;
            let (start, end, body) = (fragment & 0x80 != 0, fragment & 0x40 != 0, &payload[2..]);
            if !start {
                units.nal_continue(kind(fragment), body, end);
            } else {
                units.nal_start(timestamp, header & 0xE0 | kind(fragment), body, out);
                if end {
                    // RFC 6184 forbids it, and cameras do it: a NAL unit in one fragment.
                    units.nal_continue(kind(fragment), &[], true);
                }
            }
        }
        _ => return Err(Malformed),
    }
    if marker {
        units.marker(out);
    }
    Ok(())
}

fn split_aggregated(rest: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Malformed)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).filter(|(nal, _)| !nal.is_empty()).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::h264::params::tests::{PPS, SPS_360};
    use bytes::Bytes;
    use proptest::prelude::*;

    const KEY: &[u8] = &[0x65, 0x88, 1, 2, 3, 4];

    fn run(packets: &[(&[u8], bool)]) -> (Vec<AccessUnit>, usize) {
        let mut units = AccessUnitBuilder::new(&[Bytes::from_static(SPS_360), Bytes::from_static(PPS)]);
        let mut out = Vec::new();
        let bad = packets
            .iter()
            .filter(|(payload, marker)| depacketize(payload, 0, *marker, &mut units, &mut out).is_err())
            .count();
        (out, bad)
    }

    #[test]
    fn all_three_packet_kinds_make_the_same_picture() {
        let expected = [&[0, 0, 0, 6], KEY].concat();
        let (single, _) = run(&[(KEY, true)]);
        let (aggregated, _) = run(&[(&[&[STAP_A, 0, 6], KEY].concat(), true)]);
        let (fragments, _) =
            run(&[(&[0x7C, 0x85, 0x88, 1], false), (&[0x7C, 0x05, 2, 3], false), (&[0x7C, 0x45, 4], true)]);
        for units in [single, aggregated, fragments] {
            assert_eq!(units[0].data, expected);
        }
    }

    #[test]
    fn a_fragment_that_is_all_of_it_is_taken_whole() {
        let (units, bad) = run(&[(&[&[0x7C, 0xC5], &KEY[1..]].concat(), true)]);
        assert_eq!((&units[0].data[4..], units[0].key, bad), (KEY, true, 0));
    }

    #[test]
    fn the_beginning_of_a_key_frame_is_known() {
        for begins in [KEY, &[0x67, 66], &[STAP_A, 0, 6], &[0x06, 5], &[0x7C, 0x85, 0x88]] {
            assert!(begins_key_frame(begins), "{begins:?}");
        }
        for other in [&[][..], &[0x65], &[0x65, 0x40], &[0x41, 0x9A], &[0x7C, 0x05, 0x88], &[0x7C, 0x85, 0x40]] {
            assert!(!begins_key_frame(other), "{other:?}");
        }
    }

    #[test]
    fn lying_lengths_are_told() {
        for payload in [&[][..], &[STAP_A, 0, 9, 1], &[STAP_A, 0], &[STAP_A, 0, 0], &[FU_A], &[0x80]] {
            assert_eq!(run(&[(payload, true)]).1, 1, "{payload:?}");
        }
        for interleaved_mode in [25, 26, 27, 29, 30, 31] {
            assert_eq!(run(&[(&[interleaved_mode, 0, 0], true)]).1, 1);
        }
    }

    #[test]
    fn a_fragment_without_its_start_spoils_the_picture() {
        let (units, _) = run(&[(&[0x7C, 0x05, 2, 3], false), (&[0x7C, 0x45, 4], true)]);
        assert!(units.is_empty());
        let (units, _) =
            run(&[(&[0x7C, 0x85, 0x88, 1], false), (&[0x06, 5, 1, 0, 0x80], false), (&[0x7C, 0x45, 4], true)]);
        assert!(units.is_empty(), "its end never came");
    }

    proptest! {
        #[test]
        fn any_packets_are_answered(packets: Vec<(Vec<u8>, bool)>) {
            let packets: Vec<_> = packets.iter().map(|(payload, marker)| (&payload[..], *marker)).collect();
            run(&packets);
        }
    }
}
