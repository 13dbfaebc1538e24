//! One key frame in, one picture out. Whole pictures only: what the decoder would have to guess counts as damaged.
//!
//! Speaks H.264 Annex B towards the decoder (start codes) and ISO/IEC 14496-15 (lengths) towards the house. Only the
//! parameter sets the house has judged and the slices of one IDR picture reach the decoder.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, Decoder, DecoderConfig};
use openh264::formats::YUVSource as _;

use super::{CodecError, gate};
use crate::ground::frame::VideoParams;
use crate::ground::limits::ACCESS_UNIT_BYTES;
use crate::ground::picture::Picture;
use crate::wire::h264::{kind, nal_type};

/// Held while a decoder works.
static TURN: Mutex<()> = Mutex::new(());

/// Decodes the key frame `data` (NAL units behind their lengths in four bytes) of a stream described by `params`.
///
/// Costs a few milliseconds, and waits for others that decode: not for the event loop.
///
/// One at a time in the whole process, each on a thread of its own that ends with it: a decoder takes 10 MB for 360p and
/// 35 MB for 1080p, and the C library keeps what was freed for each thread that ever decoded (measured: 160 MB after
/// ten threads). New threads inherit the store of those that ended, so it is kept once.
pub fn decode_key_frame(params: &VideoParams, data: &[u8]) -> Result<Picture, CodecError> {
    let admitted = gate::admit(&params.sps)?;
    let stream = annex_b(&admitted.sps, &params.pps, data)?;
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        let work = || decode(&stream, admitted.width, admitted.height);
        let thread = thread::Builder::new().name("decode".to_owned()).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| {
            log::error!("no thread can be had to decode a picture: {error}");
            CodecError::Damaged("the gateway had no thread to decode it")
        })?;
        thread.join().unwrap_or(Err(CodecError::Damaged("the decoder panicked")))
    })
}

fn decode(stream: &[u8], width: usize, height: usize) -> Result<Picture, CodecError> {
    let config = DecoderConfig::new();
    let mut decoder = Decoder::with_api_config(OpenH264API::from_source(), config).map_err(damaged)?;
    let decoded = decoder.decode(stream).map_err(damaged)?;
    let decoded = decoded.ok_or(CodecError::Damaged("no whole picture came out"))?;
    copy(&decoded, width, height)
}

/// What the C library says is for the log: it means nothing to who sent the picture.
fn damaged(error: openh264::Error) -> CodecError {
    log::info!("a picture can't be decoded: {error}");
    CodecError::Damaged("the decoder can't read it")
}

/// Parameter sets and IDR slices with start codes.
fn annex_b(sps: &[u8], pps: &[Bytes], data: &[u8]) -> Result<Vec<u8>, CodecError> {
    if data.len() > ACCESS_UNIT_BYTES {
        return Err(CodecError::NotAKeyFrame);
    }
    let mut stream = Vec::with_capacity(data.len() + 512);
    push(&mut stream, sps, CodecError::BadParameterSets)?;
    for pps in pps {
        push(&mut stream, pps, CodecError::BadParameterSets)?;
    }
    let mut rest = data;
    let mut slices = 0;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let nal = after.get(..length).ok_or(CodecError::NotAKeyFrame)?;
        rest = &after[length..];
        if nal.first().is_some_and(|header| kind(*header) == nal_type::IDR) {
            push(&mut stream, nal, CodecError::NotAKeyFrame)?;
            slices += 1;
        }
    }
    if slices == 0 || !rest.is_empty() { Err(CodecError::NotAKeyFrame) } else { Ok(stream) }
}

/// Adds a NAL unit behind a start code. One that has a start code inside is refused: it would be read as two, and the
/// second has not been through the gate.
pub(super) fn push(stream: &mut Vec<u8>, nal: &[u8], otherwise: CodecError) -> Result<(), CodecError> {
    let end = nal.iter().rposition(|&byte| byte != 0).ok_or_else(|| otherwise.clone())? + 1;
    let nal = &nal[..end];
    if nal.windows(3).any(|bytes| matches!(bytes, [0, 0, 0..=2])) {
        return Err(otherwise);
    }
    stream.extend_from_slice(&[0, 0, 0, 1]);
    stream.extend_from_slice(nal);
    Ok(())
}

/// Takes the picture out of the decoder's padded planes. The decoder has cropped it; the size must be the SPS's.
pub(super) fn copy(decoded: &DecodedYUV<'_>, width: usize, height: usize) -> Result<Picture, CodecError> {
    let wrong_size = || CodecError::Damaged("the picture isn't of the size that was announced");
    if decoded.dimensions() != (width, height) {
        return Err(wrong_size());
    }
    let (y_stride, u_stride, v_stride) = decoded.strides();
    let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
    let plane = |bytes: &[u8], stride: usize, width: usize, height: usize| {
        let mut plane = Vec::with_capacity(width * height);
        for row in 0..height {
            let Range { start, end } = row * stride..row * stride + width;
            plane.extend_from_slice(bytes.get(start..end)?);
        }
        Some(plane)
    };
    Ok(Picture {
        width,
        height,
        y: plane(decoded.y(), y_stride, width, height).ok_or_else(wrong_size)?,
        u: plane(decoded.u(), u_stride, chroma_width, chroma_height).ok_or_else(wrong_size)?,
        v: plane(decoded.v(), v_stride, chroma_width, chroma_height).ok_or_else(wrong_size)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::Unsupported;
    use crate::ground::crypto::sha256;
    use crate::ground::frame::Rotation;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/codec/", $name, ".h264"))
        };
    }

    /// Splits an Annex B file into what the house would make of it.
    fn read(annex_b: &[u8]) -> (VideoParams, Vec<u8>) {
        let (mut sps, mut pps, mut data) = (Bytes::new(), Vec::new(), Vec::new());
        let mut starts: Vec<usize> = (3..annex_b.len()).filter(|&i| annex_b[i - 3..i] == [0, 0, 1]).collect();
        starts.push(annex_b.len() + 3);
        for pair in starts.windows(2) {
            let mut nal = &annex_b[pair[0]..pair[1] - 3];
            while let [before @ .., 0] = nal {
                nal = before;
            }
            match nal[0] & 0x1f {
                7 => sps = Bytes::copy_from_slice(nal),
                8 => pps.push(Bytes::copy_from_slice(nal)),
                _ => {
                    data.extend_from_slice(&(nal.len() as u32).to_be_bytes());
                    data.extend_from_slice(nal);
                }
            }
        }
        let params = VideoParams {
            sps,
            pps,
            others: Vec::new(),
            width: 0,
            height: 0,
            reorder_depth: None,
            frame_duration: None,
            rotation: Rotation::None,
        };
        (params, data)
    }

    fn decode_file(annex_b: &[u8]) -> Result<Picture, CodecError> {
        let (params, data) = read(annex_b);
        decode_key_frame(&params, &data)
    }

    fn hash(picture: &Picture) -> String {
        let bytes = [&picture.y[..], &picture.u, &picture.v].concat();
        sha256(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn key_frames_come_out_as_ffmpeg_decodes_them() {
        for (name, file, sha256) in [
            ("baseline", &fixture!("baseline")[..], "c05d71ae32de802502839b16ff77c59dd694cf0d966d2651ff066c163f0e5af4"),
            ("main", fixture!("main"), "c38fe1837c761fc24a61a1a3adb4d1e4bf00daf0a77bd97d7d5bf998334c08f4"),
            ("high", fixture!("high"), "7f7ef173e6ec575ef67fbe11f6081d6a7afa9ce1be162539023d4465f636c804"),
            ("b_frames", fixture!("b_frames"), "339ec610fa74e9bbd342e0f9d0aeaf8725cb57138d120eecfada66a177d1d724"),
            ("slices", fixture!("slices"), "16688fb1271cedb488661a39adebbbb64fd2a20cd65381ae4396e9072a0eb3c9"),
            ("portrait", fixture!("portrait"), "fdcd552f02a03d9fd1dd344b1905efa79c3b1e04739ad05ac87673efffe7d760"),
        ] {
            let picture = decode_file(file).unwrap_or_else(|error| panic!("{name}: {error}"));
            let size = if name == "portrait" { (178, 318) } else { (318, 178) };
            assert_eq!((picture.width, picture.height), size, "{name}");
            assert_eq!(hash(&picture), sha256, "{name}");
        }
    }

    #[test]
    fn a_level_that_is_too_low_for_the_picture_is_no_hindrance() {
        let (mut params, data) = read(fixture!("high"));
        let mut sps = params.sps.to_vec();
        sps[3] = 10;
        params.sps = sps.into();
        assert!(decode_key_frame(&params, &data).is_ok());
    }

    #[test]
    fn what_cannot_be_shown_is_named() {
        for (file, kind, says) in [
            (&fixture!("high10")[..], Unsupported::BitDepth(10), "10-bit video can't be shown"),
            (fixture!("high422"), Unsupported::Chroma("4:2:2"), "4:2:2 video can't be shown"),
            (fixture!("high444"), Unsupported::Chroma("4:4:4"), "4:4:4 video can't be shown"),
            (fixture!("monochrome"), Unsupported::Chroma("black-and-white (4:0:0)"), "black-and-white"),
            (fixture!("interlaced"), Unsupported::Interlaced, "interlaced video can't be shown"),
        ] {
            let error = decode_file(file).expect_err(says);
            assert_eq!(error, CodecError::Unsupported(kind));
            assert!(error.to_string().starts_with(says), "{error}");
        }
    }

    #[test]
    fn every_truncation_is_an_error() {
        for file in [&fixture!("baseline")[..], fixture!("high"), fixture!("slices")] {
            let (params, data) = read(file);
            for length in (0..data.len()).step_by(7) {
                assert!(decode_key_frame(&params, &data[..length]).is_err(), "{length} bytes");
            }
        }
    }

    #[test]
    fn a_slice_that_ends_early_or_is_missing_is_damage() {
        for file in [&fixture!("baseline")[..], fixture!("high"), fixture!("main")] {
            let (params, data) = read(file);
            for length in [data.len() / 4, data.len() / 2, data.len() * 9 / 10] {
                let mut cut = data[..length].to_vec();
                cut[..4].copy_from_slice(&(length as u32 - 4).to_be_bytes());
                assert!(matches!(decode_key_frame(&params, &cut), Err(CodecError::Damaged(_))), "{length} bytes");
            }
        }
        let (params, data) = read(fixture!("slices"));
        let first = 4 + u32::from_be_bytes(data[..4].try_into().expect("four bytes")) as usize;
        assert!(decode_key_frame(&params, &data[first..]).is_err(), "without the first slice");
        assert!(decode_key_frame(&params, &data[..first]).is_err(), "with the first slice only");
    }

    #[test]
    fn parameter_sets_inside_slices_are_not_smuggled_in() {
        let (params, data) = read(fixture!("baseline"));
        let mut nal = data[4..].to_vec();
        nal.extend_from_slice(&[0, 0, 1]);
        nal.extend_from_slice(&params.sps);
        let mut smuggled = (nal.len() as u32).to_be_bytes().to_vec();
        smuggled.extend_from_slice(&nal);
        assert_eq!(decode_key_frame(&params, &smuggled), Err(CodecError::NotAKeyFrame));
    }

    #[test]
    fn a_frame_without_parameter_sets_or_slices_is_an_error() {
        let (params, data) = read(fixture!("baseline"));
        let without_pps = VideoParams { pps: Vec::new(), ..params.clone() };
        assert!(decode_key_frame(&without_pps, &data).is_err());
        let without_sps = VideoParams { sps: Bytes::new(), ..params.clone() };
        assert_eq!(decode_key_frame(&without_sps, &data), Err(CodecError::BadParameterSets));
        assert_eq!(decode_key_frame(&params, &[0, 0, 0, 2, 0x41, 0x9a]), Err(CodecError::NotAKeyFrame));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let (params, _) = read(fixture!("high"));
            let mut nal = vec![0x65];
            nal.extend_from_slice(&bytes);
            let mut data = (nal.len() as u32).to_be_bytes().to_vec();
            data.extend_from_slice(&nal);
            let _ = decode_key_frame(&params, &data);
            let _ = decode_key_frame(&params, &bytes);
        }

        #[test]
        fn flipped_bits_never_panic(flips in proptest::collection::vec((any::<usize>(), 0u8..8), 1..12), which in 0usize..3) {
            let file = [&fixture!("baseline")[..], fixture!("high"), fixture!("slices")][which];
            let (params, mut data) = read(file);
            for (at, bit) in flips {
                let at = 5 + at % (data.len() - 5);
                data[at] ^= 1 << bit;
            }
            let _ = decode_key_frame(&params, &data);
        }

        #[test]
        fn damaged_parameter_sets_never_panic(at in any::<usize>(), bit in 0u8..8, of_pps in any::<bool>()) {
            let (mut params, data) = read(fixture!("high"));
            let mut nal = if of_pps { params.pps[0].to_vec() } else { params.sps.to_vec() };
            let at = at % nal.len();
            nal[at] ^= 1 << bit;
            if of_pps { params.pps[0] = nal.into() } else { params.sps = nal.into() }
            let _ = decode_key_frame(&params, &data);
        }
    }
}
