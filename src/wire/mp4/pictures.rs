//! Access units of H.264 as files have them (14496-15, 5.3 and 5.4.1) are brought into the house's form: each NAL unit
//! behind its length in four bytes, parameter sets known, key frames told by what they are.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::ground::frame::{Rotation, VideoParams};
use crate::wire::h264::params::ParameterSets;
use crate::wire::h264::{kind, nal_type};

/// Reads access units that are described by one sample entry.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Bytes of a NAL unit's length: 1, 2 or 4.
    length_bytes: usize,
    sets: ParameterSets,
    rotation: Rotation,
    /// The newest parameters, as the sets tell them and as they are given out.
    known: Option<(Arc<VideoParams>, Arc<VideoParams>)>,
}

/// An access unit.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Whether decoding can start here (an IDR picture).
    pub key: bool,
    /// The parameters that hold for it.
    pub params: Arc<VideoParams>,
    /// NAL units, each behind its length in four bytes.
    pub data: Bytes,
}

/// An access unit whose lengths lie, or that has no parameter sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Pictures {
    /// Reads an `avcC` (14496-15, 5.3.3.1); its parameter sets may be empty, where the stream brings its own.
    pub fn new(configuration: &[u8], rotation: Rotation) -> Option<Self> {
        let length_bytes = usize::from(configuration.get(4)? & 3) + 1;
        let mut sets = ParameterSets::default();
        let mut rest = configuration.get(5..)?;
        for mask in [31, 255] {
            let (count, after) = rest.split_first()?;
            rest = after;
            for _ in 0..count & mask {
                let (length, after) = rest.split_first_chunk::<2>()?;
                let (nal, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
                sets.take(nal);
                rest = after;
            }
        }
        Some(Self { length_bytes, sets, rotation, known: None })
    }

    /// The parameters as they are known now: the same `Arc` until they change.
    pub fn params(&mut self) -> Option<Arc<VideoParams>> {
        let now = self.sets.current()?;
        if let Some((_, given)) = self.known.as_ref().filter(|(known, _)| Arc::ptr_eq(known, &now)) {
            return Some(given.clone());
        }
        let (rotation, others) = (self.rotation, self.sets.others(&now));
        let given = Arc::new(VideoParams { rotation, others, ..(*now).clone() });
        self.known = Some((now, given.clone()));
        Some(given)
    }

    /// How many bytes an access unit of `bytes` has at most once it was read: every NAL unit has one byte at least.
    pub fn most_bytes(&self, bytes: u64) -> u64 {
        let length_bytes = self.length_bytes as u64;
        if length_bytes >= 4 { bytes } else { bytes.saturating_mul(5) / (length_bytes + 1) }
    }

    /// Reads an access unit.
    pub fn read(&mut self, sample: &[u8]) -> Result<Picture, Malformed> {
        let mut data = BytesMut::with_capacity(sample.len() + 64);
        let mut rest = sample;
        let mut key = false;
        while !rest.is_empty() {
            let (length, after) = rest.split_at_checked(self.length_bytes).ok_or(Malformed)?;
            let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            let (nal, after) = after.split_at_checked(length).ok_or(Malformed)?;
            rest = after;
            let Some(header) = nal.first() else { continue };
            if kind(*header) == nal_type::IDR {
                key = true;
                self.sets.use_for(nal);
            }
            self.sets.take(nal);
            data.put_u32(length as u32);
            data.put_slice(nal);
        }
        let params = self.params().ok_or(Malformed)?;
        if data.is_empty() { Err(Malformed) } else { Ok(Picture { key, params, data: data.freeze() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::h264::params::tests::{PPS, SPS_360};
    use proptest::prelude::*;

    /// An `avcC` of these sets.
    fn configuration(length_bytes: u8, sps: &[&[u8]], pps: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![1, 0x42, 0xC0, 0x1E, 0xFC | (length_bytes - 1)];
        for (sets, head) in [(sps, 0xE0), (pps, 0)] {
            bytes.push(head | sets.len() as u8);
            for set in sets {
                bytes.extend_from_slice(&(set.len() as u16).to_be_bytes());
                bytes.extend_from_slice(set);
            }
        }
        bytes
    }

    #[test]
    fn lengths_of_any_size_become_four_bytes() {
        for bytes in [1, 2, 4] {
            let mut pictures =
                Pictures::new(&configuration(bytes, &[SPS_360], &[PPS]), Rotation::Right).expect("good sets");
            let mut sample = Vec::new();
            for nal in [&[0x06, 5][..], &[0x65, 0x88, 1]] {
                sample.extend_from_slice(&(nal.len() as u32).to_be_bytes()[4 - usize::from(bytes)..]);
                sample.extend_from_slice(nal);
            }
            let picture = pictures.read(&sample).expect("good lengths");
            assert_eq!(&picture.data[..], [0, 0, 0, 2, 0x06, 5, 0, 0, 0, 3, 0x65, 0x88, 1]);
            assert!(picture.key && picture.params.width == 640 && picture.params.rotation == Rotation::Right);
            let again = pictures.read(&sample).expect("good lengths");
            assert!(Arc::ptr_eq(&picture.params, &again.params), "nothing has changed");
        }
    }

    #[test]
    fn sets_may_come_with_the_pictures() {
        let mut pictures = Pictures::new(&configuration(2, &[], &[]), Rotation::None).expect("empty, but good");
        assert!(pictures.params().is_none());
        assert_eq!(pictures.read(&[0, 2, 0x41, 0x9A]).err(), Some(Malformed));
        let mut sample = Vec::new();
        for nal in [SPS_360, PPS, &[0x65, 0x88]] {
            sample.extend_from_slice(&(nal.len() as u16).to_be_bytes());
            sample.extend_from_slice(nal);
        }
        assert!(pictures.read(&sample).is_ok_and(|picture| picture.params.height == 360));
        assert_eq!(pictures.read(&[0, 9, 0x41]).err(), Some(Malformed), "a lying length");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(configured: Vec<u8>, samples: Vec<Vec<u8>>, length_bytes in 1..5u8) {
            let _ = Pictures::new(&configured, Rotation::None);
            let mut pictures = Pictures::new(&configuration(length_bytes, &[SPS_360], &[PPS]), Rotation::None).expect("good");
            for sample in &samples {
                let _ = pictures.read(sample);
            }
        }
    }
}
