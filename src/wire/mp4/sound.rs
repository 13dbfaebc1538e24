//! How sound is coded: sample entries of AAC (14496-14, 5.6, and QuickTime's versions of it) and of Opus (Encapsulation of
//! Opus in ISO Base Media File Format, 4.3).

use bytes::Bytes;

use crate::ground::frame::AudioParams;
use crate::wire::aac::parse_config;
use crate::wire::mp4::boxes::{Fields, find};
use crate::wire::opus;

/// Descriptors' tags (14496-1, 7.2.2.1): the stream, its decoder, what only the decoder reads.
const STREAM: u8 = 3;
const DECODER: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;
/// `objectTypeIndication` values of AAC (14496-1, 7.2.6.6.2): of MPEG-4, and of MPEG-2 in three profiles.
const AAC: [u8; 4] = [0x40, 0x66, 0x67, 0x68];

/// Reads a sample entry's body; `None` if it is of another codec, or can't be read.
pub(super) fn params(kind: [u8; 4], entry: &[u8]) -> Option<AudioParams> {
    // QuickTime's entries of version 1 and 2 have more fields before their boxes.
    let fields = match entry.get(8..10)? {
        [0, 1] => 44,
        [0, 2] => 64,
        _ => 28,
    };
    let boxes = entry.get(fields..)?;
    match &kind {
        b"mp4a" => aac(find(boxes, &[b"esds"]).or_else(|| find(boxes, &[b"wave", b"esds"]))?),
        b"Opus" => opus(find(boxes, &[b"dOps"])?),
        _ => None,
    }
}

fn aac(esds: &[u8]) -> Option<AudioParams> {
    let mut fields = Fields(esds.get(4..)?);
    loop {
        let tag = fields.u8()?;
        let length = descriptor_length(&mut fields)?;
        match tag {
            STREAM => {
                fields.u16()?;
                let flags = fields.u8()?;
                // Fields that are there when their flags say so (14496-1, 7.2.6.5).
                fields.take(if flags & 0x80 != 0 { 2 } else { 0 })?;
                let address = if flags & 0x40 != 0 { usize::from(fields.u8()?) } else { 0 };
                fields.take(address)?;
                fields.take(if flags & 0x20 != 0 { 2 } else { 0 })?;
            }
            DECODER => {
                if !AAC.contains(&fields.u8()?) {
                    return None;
                }
                fields.take(12)?;
            }
            DECODER_SPECIFIC => return parse_config(&Bytes::copy_from_slice(fields.take(length)?)).ok(),
            _ => {
                fields.take(length)?;
            }
        }
    }
}

/// The length of a descriptor: seven bits a byte, four bytes at most (14496-1, 8.3.3).
fn descriptor_length(fields: &mut Fields<'_>) -> Option<usize> {
    let mut length = 0;
    for _ in 0..4 {
        let byte = fields.u8()?;
        length = length << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some(length);
        }
    }
    None
}

fn opus(configuration: &[u8]) -> Option<AudioParams> {
    let mut fields = Fields(configuration);
    let _version = fields.u8()?;
    let channels = fields.u8()?;
    let pre_skip = fields.u16()?;
    let (_input_rate, _gain) = (fields.u32()?, fields.u16()?);
    let mapping = fields.u8()?;
    if mapping == 0 { opus::params(channels, pre_skip) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A sample entry of this version with its boxes.
    fn entry(version: u8, boxes: &[u8]) -> Vec<u8> {
        let fields = [28, 44, 64][usize::from(version)];
        let mut entry = vec![0; fields];
        entry[9] = version;
        entry.extend_from_slice(boxes);
        entry
    }

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    /// As Apple's cameras write it: lengths in one byte each.
    fn esds(object_type: u8) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 0, 3, 25, 0, 0, 0, 4, 17, object_type, 0x15];
        body.extend_from_slice(&[0; 11]);
        body.extend_from_slice(&[5, 2, 0x12, 0x10, 6, 1, 2]);
        boxed(b"esds", &body)
    }

    #[test]
    fn aac_is_found_in_entries_of_every_version() {
        for version in 0..3 {
            let params = params(*b"mp4a", &entry(version, &esds(0x40))).expect("AAC");
            assert_eq!((params.codec_string().as_str(), params.sample_rate, params.channels), ("mp4a.40.2", 44_100, 2));
        }
        let wave = boxed(b"wave", &[boxed(b"frma", b"mp4a"), esds(0x40)].concat());
        assert!(params(*b"mp4a", &entry(1, &wave)).is_some(), "QuickTime's box around it");
        assert_eq!(params(*b"mp4a", &entry(0, &esds(0x6B))), None, "MP3");
    }

    #[test]
    fn opus_of_one_or_two_channels_is_taken() {
        let head = |channels, mapping| boxed(b"dOps", &[0, channels, 1, 56, 0, 0, 187, 128, 0, 0, mapping]);
        assert_eq!(params(*b"Opus", &entry(0, &head(2, 0))), opus::params(2, 312));
        assert_eq!(params(*b"Opus", &entry(0, &head(6, 1))), None, "surround");
        assert_eq!(params(*b"Opus", &entry(0, &head(6, 0))), None, "a lie");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, version in 0..3u8) {
            for kind in [b"mp4a", b"Opus"] {
                let _ = params(*kind, &bytes);
                let _ = params(*kind, &entry(version, &boxed(b"esds", &bytes)));
                let _ = params(*kind, &entry(version, &boxed(b"dOps", &bytes)));
            }
        }
    }
}
