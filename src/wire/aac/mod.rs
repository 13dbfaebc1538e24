//! AAC's description: AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), alone or inside LATM's (`mux`). The access units
//! themselves pass untouched.

mod mux;

use bytes::Bytes;

pub use mux::StreamMux;

use crate::ground::frame::{AudioCodec, AudioParams};

/// Samples a second by `samplingFrequencyIndex` (table 1.18).
const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Why a configuration can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AacError {
    /// It ends too early.
    Truncated,
    /// It is of another codec than AAC-LC, HE-AAC or their like.
    ObjectType(u8),
    /// Its sample rate or channels are none.
    Reserved,
    /// It is of a multiplex that is more than one plain stream; says what it has.
    Mux(&'static str),
}

/// Reads bits, most significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Result<u32, AacError> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).ok_or(AacError::Truncated)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Ok(value)
    }

    /// Takes `count` bits if they are `value`.
    fn take_if(&mut self, count: usize, value: u32) -> bool {
        let at = self.at;
        let taken = self.take(count) == Ok(value);
        if !taken {
            self.at = at;
        }
        taken
    }

    fn object_type(&mut self) -> Result<u8, AacError> {
        let kind = self.take(5)?;
        Ok(if kind == 31 { 32 + self.take(6)? } else { kind } as u8)
    }

    fn sample_rate(&mut self) -> Result<u32, AacError> {
        let rate = match self.take(4)? {
            15 => self.take(24)?,
            index => *SAMPLE_RATES.get(index as usize).ok_or(AacError::Reserved)?,
        };
        if (1000..=96_000).contains(&rate) { Ok(rate) } else { Err(AacError::Reserved) }
    }
}

/// Reads an AudioSpecificConfig.
///
/// With explicit SBR (HE-AAC) the rate and the samples in a frame are those of what is heard, twice the core's.
pub fn parse_config(config: &Bytes) -> Result<AudioParams, AacError> {
    let heard = heard(&mut Bits { bytes: config, at: 0 })?;
    let Heard { object_type, sample_rate, channels, samples_per_frame } = heard;
    let codec = AudioCodec::Aac { config: config.clone(), object_type, samples_per_frame };
    Ok(AudioParams { codec, sample_rate, channels })
}

/// What an AudioSpecificConfig says of what is heard.
struct Heard {
    object_type: u8,
    sample_rate: u32,
    channels: u8,
    samples_per_frame: u32,
}

/// Reads an AudioSpecificConfig up to its `frameLengthFlag`.
fn heard(bits: &mut Bits<'_>) -> Result<Heard, AacError> {
    let object_type = bits.object_type()?;
    let mut sample_rate = bits.sample_rate()?;
    let channels = match bits.take(4)? {
        count @ 1..=6 => count as u8,
        7 => 8,
        _ => return Err(AacError::Reserved),
    };
    let mut core_type = object_type;
    let mut frames_per_core_frame = 1;
    if matches!(object_type, 5 | 29) {
        let heard_rate = bits.sample_rate()?;
        frames_per_core_frame = (heard_rate / sample_rate).max(1);
        sample_rate = heard_rate;
        core_type = bits.object_type()?;
    }
    if !matches!(core_type, 1..=4) {
        return Err(AacError::ObjectType(core_type));
    }
    let short_frames = bits.take(1)? == 1;
    let samples_per_frame = if short_frames { 960 } else { 1024 } * frames_per_core_frame;
    Ok(Heard { object_type, sample_rate, channels, samples_per_frame })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(config: &'static [u8]) -> Result<AudioParams, AacError> {
        parse_config(&Bytes::from_static(config))
    }

    /// Object type, and samples in a frame.
    fn coded(params: &AudioParams) -> (u8, u32) {
        match params.codec {
            AudioCodec::Aac { object_type, samples_per_frame, .. } => (object_type, samples_per_frame),
            AudioCodec::Opus { .. } => panic!("not AAC"),
        }
    }

    #[test]
    fn lc_is_read() {
        let params = parse(&[0x11, 0x88]).expect("AAC-LC, 48 kHz, mono");
        assert_eq!((params.sample_rate, params.channels, coded(&params)), (48_000, 1, (2, 1024)));
        assert_eq!(params.codec_string(), "mp4a.40.2");
        let params = parse(&[0x12, 0x10]).expect("AAC-LC, 44.1 kHz, stereo");
        assert_eq!((params.sample_rate, params.channels), (44_100, 2));
    }

    #[test]
    fn explicit_sbr_counts_what_is_heard() {
        // Object type 5, core 24 kHz (index 6), stereo, heard at 48 kHz (index 3), then AAC-LC.
        let params = parse(&[0x2B, 0x11, 0x88, 0x00]).expect("HE-AAC");
        assert_eq!((params.sample_rate, coded(&params)), (48_000, (5, 2048)));
    }

    #[test]
    fn what_is_not_aac_is_refused() {
        assert_eq!(parse(&[]), Err(AacError::Truncated));
        assert_eq!(parse(&[0x11]), Err(AacError::Truncated));
        assert_eq!(parse(&[0xF9, 0x46, 0x88, 0, 0]), Err(AacError::ObjectType(42)));
        assert_eq!(parse(&[0x17, 0x08]), Err(AacError::Reserved));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(config: Vec<u8>) {
            let _ = parse_config(&Bytes::from(config));
        }
    }
}
