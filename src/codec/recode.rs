//! Pictures of a group that was cut are decoded and coded again: those that are shown come out as a group of their own.
//!
//! Progressive 8-bit 4:2:0 alone, as the gate has it; of pictures that lean on later ones too. One picture is held at a
//! time, whatever the group's length. It takes long: for a thread of its own, and one that is nice.

use std::sync::Arc;

use bytes::Bytes;
use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, Decoder, DecoderConfig, Flush};

use super::decode::{copy, push};
use super::{CodecError, Encoder, EncoderSettings, gate};
use crate::ground::frame::VideoParams;
use crate::ground::limits::{ACCESS_UNIT_BYTES, RECODED_MACROBLOCKS};
use crate::ground::picture::Picture;
use crate::ground::time::Ticks90k;
use crate::wire::fmp4::remux::{CannotRecode, Recoder, Spell};
use crate::wire::h264::renumber::Renumbering;
use crate::wire::h264::{is_picture, kind, nal_type, nal_units};

/// Pictures from one key picture to the next: none comes but the first.
const NEVER: u32 = 1 << 30;
/// Macroblocks of all pictures that a decoder holds at once: those of level 5.1 (H.264, table A-1).
const HELD_MACROBLOCKS: u64 = 184_320;
/// Codes pictures again.
#[derive(Default)]
pub struct Recoding {
    /// The newest parameters that were asked about, and the sets of what is coded of them.
    known: Option<(Arc<VideoParams>, Vec<Bytes>)>,
    work: Option<Work>,
    /// Macroblocks of all pictures that were decoded.
    spent: u64,
}

/// A group that is being coded.
struct Work {
    decoder: Decoder,
    /// The source's parameter sets, until they have gone before the first picture.
    sets: Vec<u8>,
    size: (usize, usize),
    macroblocks: u64,
    encoder: Encoder,
    renumbering: Renumbering,
    coded_sets: Vec<Bytes>,
    spell: Spell,
    /// Pictures that were decoded.
    decoded: u32,
}

fn cannot(error: impl std::fmt::Display) -> CannotRecode {
    CannotRecode(error.to_string())
}

fn encoder(width: usize, height: usize, frame_rate: f32) -> Result<Encoder, CannotRecode> {
    let settings = EncoderSettings { width, height, frame_rate, bits_per_second: 1, key_interval: NEVER };
    Encoder::faithful(settings).map_err(cannot)
}

impl Recoder for Recoding {
    fn sets(&mut self, params: &Arc<VideoParams>) -> Result<Vec<Bytes>, CannotRecode> {
        if let Some((_, sets)) = self.known.as_ref().filter(|(known, _)| **known == **params) {
            return Ok(sets.clone());
        }
        let admitted = gate::admit(&params.sps).map_err(cannot)?;
        let picture = Picture::grey(admitted.width, admitted.height);
        let mut encoder = encoder(admitted.width, admitted.height, 30.0)?;
        let encoded = encoder.encode(&picture, Ticks90k(0)).map_err(cannot)?;
        let renumbering = Renumbering::beside(params).ok_or_else(|| cannot("all ids are taken"))?;
        let of_kind = |wanted| encoded.nals.iter().find(|nal| nal.first().is_some_and(|head| kind(*head) == wanted));
        let sps = of_kind(nal_type::SPS).and_then(|sps| renumbering.sps(sps, &params.sps));
        let pps = of_kind(nal_type::PPS).and_then(|pps| renumbering.pps(pps));
        let (Some(sps), Some(pps)) = (sps, pps) else { return Err(cannot("the encoder's sets can't be read")) };
        let sets = vec![sps, pps];
        self.known = Some((params.clone(), sets.clone()));
        Ok(sets)
    }

    fn begin(&mut self, params: &Arc<VideoParams>, spell: Spell) -> Result<(), CannotRecode> {
        let coded_sets = self.sets(params)?;
        let admitted = gate::admit(&params.sps).map_err(cannot)?;
        if admitted.held_macroblocks > HELD_MACROBLOCKS {
            return Err(cannot("decoding it takes too much memory"));
        }
        let mut sets = Vec::new();
        for set in std::iter::once(&params.sps).chain(&params.pps) {
            push(&mut sets, set, CodecError::BadParameterSets).map_err(cannot)?;
        }
        // What leans on later pictures comes out late, and only if nothing is hurried (measured: otherwise a fifth of it).
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let decoder = Decoder::with_api_config(OpenH264API::from_source(), config).map_err(cannot)?;
        let (width, height) = (admitted.width, admitted.height);
        self.work = Some(Work {
            decoder,
            sets,
            size: (width, height),
            macroblocks: admitted.macroblocks,
            encoder: encoder(width, height, spell.frame_rate)?,
            renumbering: Renumbering::beside(params).ok_or_else(|| cannot("all ids are taken"))?,
            coded_sets,
            spell,
            decoded: 0,
        });
        Ok(())
    }

    fn take(&mut self, data: &[u8], out: &mut Vec<Bytes>) -> Result<(), CannotRecode> {
        let Some(work) = &mut self.work else { return Err(cannot("nothing was begun")) };
        if data.len() > ACCESS_UNIT_BYTES {
            return Err(cannot("a picture is too large"));
        }
        // What the pictures bring themselves holds, whatever the file's description said.
        self.spent += work.macroblocks;
        if self.spent > RECODED_MACROBLOCKS {
            return Err(cannot("it would take too long"));
        }
        let mut stream = std::mem::take(&mut work.sets);
        for nal in nal_units(data).filter(|nal| nal.first().is_some_and(|head| is_picture(kind(*head)))) {
            push(&mut stream, nal, CodecError::NotAKeyFrame).map_err(cannot)?;
        }
        let decoded = work.decoder.decode(&stream).map_err(cannot)?;
        let picture = decoded.map(|decoded| copy(&decoded, work.size.0, work.size.1)).transpose().map_err(cannot)?;
        picture.map_or(Ok(()), |picture| work.shown(&picture, out))
    }

    fn finish(&mut self, out: &mut Vec<Bytes>) -> Result<(), CannotRecode> {
        let Some(mut work) = self.work.take() else { return Ok(()) };
        let (width, height) = work.size;
        let left = work.decoder.flush_remaining().map_err(cannot)?;
        let left: Result<Vec<_>, _> =
            left.iter().map(|decoded: &DecodedYUV<'_>| copy(decoded, width, height)).collect();
        left.map_err(cannot)?.iter().try_for_each(|picture| work.shown(picture, out))
    }
}

impl Work {
    /// Takes a decoded picture, in the order in which they are shown.
    fn shown(&mut self, picture: &Picture, out: &mut Vec<Bytes>) -> Result<(), CannotRecode> {
        let number = self.decoded;
        self.decoded += 1;
        let Spell { hidden, shown, frame_rate } = self.spell;
        let Some(turn) = number.checked_sub(hidden).filter(|turn| *turn < shown) else { return Ok(()) };
        let time = f64::from(turn) * Ticks90k::PER_SECOND as f64 / f64::from(frame_rate.clamp(1.0, 60.0));
        let encoded = self.encoder.encode(picture, Ticks90k(time as i64)).map_err(cannot)?;
        if encoded.key != (turn == 0) || encoded.nals.is_empty() {
            return Err(cannot("the encoder left a picture out"));
        }
        let mut unit = Vec::new();
        let mut add = |nal: &[u8]| {
            unit.extend_from_slice(&(nal.len() as u32).to_be_bytes());
            unit.extend_from_slice(nal);
        };
        if encoded.key {
            self.coded_sets.iter().for_each(|set| add(set));
        }
        for nal in encoded.nals.iter().filter(|nal| nal.first().is_some_and(|head| is_picture(kind(*head)))) {
            add(&self.renumbering.slice(nal).ok_or_else(|| cannot("the encoder's slices can't be read"))?);
        }
        out.push(unit.into());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::frame::Rotation;

    /// A key picture and its parameters, of an encoder of ours.
    fn key_picture() -> (Arc<VideoParams>, Vec<u8>) {
        let picture = Picture::grey(320, 240);
        let nals =
            encoder(320, 240, 30.0).and_then(|mut encoder| encoder.encode(&picture, Ticks90k(0)).map_err(cannot));
        let nals = nals.expect("it encodes").nals;
        let of = |wanted: u8| nals.iter().filter(move |nal| kind(nal[0]) == wanted).cloned();
        let params = VideoParams {
            sps: of(nal_type::SPS).next().expect("an SPS"),
            pps: of(nal_type::PPS).collect(),
            others: Vec::new(),
            width: 320,
            height: 240,
            reorder_depth: None,
            frame_duration: None,
            rotation: Rotation::None,
        };
        let data = of(nal_type::IDR).flat_map(|nal| [&(nal.len() as u32).to_be_bytes(), &nal[..]].concat()).collect();
        (Arc::new(params), data)
    }

    #[test]
    fn work_is_counted_by_what_is_decoded() {
        let (params, data) = key_picture();
        let spell = Spell { hidden: 0, shown: 1, frame_rate: 30.0 };
        for (spent, is_taken) in [(0, true), (RECODED_MACROBLOCKS - 300, true), (RECODED_MACROBLOCKS - 299, false)] {
            let (mut recoding, mut out) = (Recoding { spent, ..Recoding::default() }, Vec::new());
            recoding.begin(&params, spell).expect("it can be decoded");
            let taken = recoding.take(&data, &mut out).and_then(|()| recoding.finish(&mut out));
            assert_eq!((taken.is_ok(), out.len()), (is_taken, usize::from(is_taken)), "{spent} before: {taken:?}");
        }
    }
}
