//! Opus (RFC 6716): what a packet's first bytes say, and what a stream of them is. The packets themselves pass untouched.

use crate::ground::frame::{AudioCodec, AudioParams};

/// Samples a second of every Opus decoder's clock (RFC 7845, section 4).
pub const SAMPLE_RATE: u32 = 48_000;
/// A packet never lasts longer: 120 ms (RFC 6716, section 3.2.5, requirement R5).
const MAX_PACKET_SAMPLES: u32 = 5760;

/// Samples of [`silence`].
pub const SILENCE_SAMPLES: u32 = 960;

/// A packet of nothing, for one channel or two: CELT, full band, 20 ms.
pub fn silence(channels: u8) -> &'static [u8] {
    if channels == 1 { &[0xF8, 0xFF, 0xFE] } else { &[0xFC, 0xFF, 0xFE] }
}

/// A stream of one or two channels, of which a decoder leaves out the first `pre_skip` samples; `None` for other
/// numbers of channels, which need a mapping of their own (RFC 7845, section 5.1.1).
pub fn params(channels: u8, pre_skip: u16) -> Option<AudioParams> {
    let codec = AudioCodec::Opus { pre_skip };
    matches!(channels, 1 | 2).then_some(AudioParams { codec, sample_rate: SAMPLE_RATE, channels })
}

/// Samples in a packet, as its TOC byte and its number of frames say (RFC 6716, sections 3.1 and 3.2); `None` if it is
/// no packet.
pub fn samples(packet: &[u8]) -> Option<u32> {
    let (toc, rest) = packet.split_first()?;
    let config = usize::from(toc >> 3);
    let frame = match config {
        0..12 => [480, 960, 1920, 2880][config % 4],
        12..16 => [480, 960][config % 2],
        _ => [120, 240, 480, 960][config % 4],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(rest.first()? & 0x3F),
    };
    Some(frame * frames).filter(|samples| (1..=MAX_PACKET_SAMPLES).contains(samples))
}

/// Samples in an access unit of AAC, which are always as many, or in a packet of Opus; `None` if it is none.
pub fn samples_in(params: &AudioParams, data: &[u8]) -> Option<u32> {
    match params.codec {
        AudioCodec::Aac { samples_per_frame, .. } => Some(samples_per_frame),
        AudioCodec::Opus { .. } => samples(data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A packet of this configuration (RFC 6716, table 2) and frame count code.
    fn packet(config: u8, code: u8) -> Vec<u8> {
        vec![config << 3 | code, 0x81]
    }

    #[test]
    fn durations_are_those_of_the_table() {
        for (config, tenths_of_ms) in
            [(0, 100), (3, 600), (9, 200), (12, 100), (15, 200), (16, 25), (19, 200), (30, 100), (31, 200)]
        {
            assert_eq!(samples(&packet(config, 0)), Some(tenths_of_ms * 48 / 10), "configuration {config}");
        }
        assert_eq!(samples(&packet(31, 1)), Some(1920), "two frames of one size");
        assert_eq!(samples(&packet(31, 2)), Some(1920), "two frames of two sizes");
        assert_eq!(samples(&[31 << 3 | 3, 6]), Some(5760), "six frames, 120 ms");
    }

    #[test]
    fn what_is_no_packet_is_told() {
        assert_eq!(samples(&[]), None);
        assert_eq!(samples(&[31 << 3 | 3]), None, "the number of frames is missing");
        assert_eq!(samples(&[31 << 3 | 3, 0]), None, "no frame");
        assert_eq!(samples(&[31 << 3 | 3, 7]), None, "140 ms");
        assert_eq!(params(6, 312), None);
    }

    #[test]
    fn silence_is_a_packet_of_its_channels() {
        for channels in [1, 2] {
            assert_eq!(samples(silence(channels)), Some(SILENCE_SAMPLES));
            assert_eq!(silence(channels)[0] >> 2 & 1, channels - 1, "the stereo flag");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _ = samples(&bytes);
        }
    }
}
