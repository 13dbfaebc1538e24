//! How a photo's file is put together, found by its markers or chunks alone: nothing is decoded. Pure.
//!
//! A JPEG may go over its pixels again and again (progressive scans: ITU-T T.81, annex G), at next to no bytes a scan;
//! and both kinds may carry any number of segments beside the pixels, which decoders gather. What that costs has to be
//! known before.

/// What a file consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// How often it goes over pixels. More are never decoded; fewer may be, where the file is damaged.
    pub scans: u64,
    /// Segments of a JPEG, or chunks of a PNG, that are no pixels.
    pub segments: usize,
}

/// A JPEG's marker codes (ITU-T T.81, table B.1).
mod marker {
    pub const TEM: u8 = 0x01;
    pub const RST0: u8 = 0xd0;
    pub const SOI: u8 = 0xd8;
    pub const EOI: u8 = 0xd9;
    pub const SOS: u8 = 0xda;
}

impl Anatomy {
    /// That of a JPEG up to its first end: what phones put behind it (a film, a second picture) is no part of it.
    pub fn of_jpeg(file: &[u8]) -> Self {
        let mut anatomy = Self::default();
        let mut at = 0;
        // Between markers lie pixels, in which 0xff is followed by 0, or nothing that matters.
        while let Some(found) = file.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xff)) {
            at += found + 1;
            let Some(code) = file.get(at).copied() else { break };
            match code {
                // Another 0xff may be the start of a marker.
                0xff => continue,
                0 | marker::TEM | marker::RST0..=marker::SOI => {}
                marker::EOI => break,
                // Its header is short and plain: the search may go through it.
                marker::SOS => anatomy.scans += 1,
                _ => {
                    anatomy.segments += 1;
                    let Some([high, low]) = file.get(at + 1..at + 3) else { break };
                    at += usize::from(u16::from_be_bytes([*high, *low])).max(2);
                }
            }
            at += 1;
        }
        anatomy
    }

    /// That of a PNG (ISO/IEC 15948, 5.3). It goes over its pixels once, interlaced or not.
    pub fn of_png(file: &[u8]) -> Self {
        let mut anatomy = Self { scans: 1, segments: 0 };
        let mut rest = file.get(8..).unwrap_or_default();
        while let Some((head, after)) = rest.split_first_chunk::<8>() {
            let [a, b, c, d, kind @ ..] = *head;
            if &kind != b"IDAT" {
                anatomy.segments += 1;
            }
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            rest = after.get(length.saturating_add(4)..).unwrap_or_default();
        }
        anatomy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment(code: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16 + 2).to_be_bytes();
        [&[0xff, code], &length[..], body].concat()
    }

    #[test]
    fn scans_are_counted_where_they_are_and_only_there() {
        let start = vec![0xff, marker::SOI];
        // A picture in the Exif data, and what looks like scans, are not the file's.
        let exif = segment(0xe1, &[0xff, marker::SOS, 0, 0xff, marker::EOI, 0xff, marker::SOS]);
        let frame = segment(0xc2, &[8, 0, 64, 0, 64, 1, 1, 0x11, 0]);
        let scan =
            [segment(marker::SOS, &[1, 1, 0, 0, 0, 1]), vec![7, 0xff, 0, 0xda, 0xff, 0xd3, 9, 0xff, 0xff]].concat();
        let table = segment(0xc4, &[0; 17]);
        let film = [0xff, marker::SOS].repeat(1000);
        let file = [start, exif, frame, scan.clone(), table, scan, vec![marker::EOI], film].concat();
        assert_eq!(Anatomy::of_jpeg(&file), Anatomy { scans: 2, segments: 3 });
        assert_eq!(Anatomy::of_jpeg(&[0xff, marker::SOI]), Anatomy::default());
    }

    #[test]
    fn chunks_beside_the_pixels_are_counted() {
        let chunk =
            |kind: &[u8; 4], bytes: usize| [&(bytes as u32).to_be_bytes()[..], kind, &vec![0; bytes], &[0; 4]].concat();
        let pixels = chunk(b"IDAT", 100).repeat(5);
        let texts = chunk(b"tEXt", 3).repeat(7);
        let file = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", 13), texts, pixels, chunk(b"IEND", 0)].concat();
        assert_eq!(Anatomy::of_png(&file), Anatomy { scans: 1, segments: 9 });
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_anatomy(bytes: Vec<u8>, marked in prop::collection::vec(prop::sample::select(vec![
            0xff_u8, 0, 1, 2, marker::SOI, marker::EOI, marker::SOS, 0xc2,
        ]), 0..200)) {
            for file in [bytes, marked] {
                let markers = file.iter().filter(|byte| **byte == 0xff).count() as u64;
                prop_assert!(Anatomy::of_jpeg(&file).scans <= markers);
                prop_assert!(Anatomy::of_png(&file).segments <= file.len());
            }
        }
    }
}
