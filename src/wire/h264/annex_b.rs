//! NAL units behind start codes (H.264, annex B): how encoders hand pictures over.

/// Where the first start code (`00 00 01`) is.
fn start_code(data: &[u8]) -> Option<usize> {
    let mut at = 2;
    while let Some(byte) = data.get(at) {
        match byte {
            0 => at += 1,
            1 if data[at - 2..at] == [0, 0] => return Some(at - 2),
            // Neither this byte nor what stands before it can be part of a start code.
            _ => at += 3,
        }
    }
    None
}

/// Whether `data` begins with a start code, as annex B wants it: zeros, then a one.
pub fn begins_with_start_code(data: &[u8]) -> bool {
    start_code(data).is_some_and(|at| data[..at].iter().all(|byte| *byte == 0))
}

/// The NAL units of `data`, without start codes and the zeros that may stand behind each. What comes before the first
/// start code is passed over; nothing that comes out is empty.
pub fn nal_units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = start_code(data).map_or(&[][..], |at| &data[at + 3..]);
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = start_code(rest).unwrap_or(rest.len());
            let (nal, after) = rest.split_at(end);
            rest = after.get(3..).unwrap_or_default();
            let length = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            if length > 0 {
                return Some(&nal[..length]);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(data: &[u8]) -> Vec<&[u8]> {
        nal_units(data).collect()
    }

    #[test]
    fn long_and_short_start_codes_part_units() {
        let data = [0, 0, 0, 1, 0x67, 7, 0, 0, 1, 0x68, 8, 0, 0, 0, 1, 0x65, 0, 0, 3, 1, 9, 0, 0];
        assert!(begins_with_start_code(&data));
        assert_eq!(units(&data), [&[0x67, 7][..], &[0x68, 8], &[0x65, 0, 0, 3, 1, 9]]);
    }

    #[test]
    fn what_has_no_start_code_has_no_units() {
        for data in [&[][..], &[0], &[0, 0], &[0, 0, 1], &[0, 0, 0, 5, 0x65], &[1, 1, 1, 1], &[0, 0, 1, 0, 0, 1, 0, 0]]
        {
            assert_eq!(units(data), Vec::<&[u8]>::new(), "{data:?}");
        }
        assert!(!begins_with_start_code(&[0, 0, 0, 5, 0x65, 0, 0, 1, 0x65]), "lengths are no start codes");
    }

    proptest! {
        #[test]
        fn units_come_back_as_they_were_joined(
            parts in proptest::collection::vec((proptest::collection::vec(1_u8.., 1..20), any::<bool>()), 0..6),
        ) {
            let mut data = Vec::new();
            for (nal, long) in &parts {
                data.extend_from_slice(if *long { &[0, 0, 0, 1] } else { &[0, 0, 1] });
                data.extend_from_slice(nal);
            }
            prop_assert_eq!(units(&data), parts.iter().map(|(nal, _)| &nal[..]).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_answered(data in proptest::collection::vec(0_u8..4, 0..40)) {
            for nal in nal_units(&data) {
                prop_assert!(!nal.is_empty() && nal.windows(3).all(|three| three != [0, 0, 1]) && !nal.ends_with(&[0]));
            }
        }
    }
}
