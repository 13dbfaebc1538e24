//! LATM's description of its multiplex: StreamMuxConfig (ISO/IEC 14496-3, 1.7.3.1, table 1.42), of which one plain
//! stream is taken.

use bytes::Bytes;

use super::{AacError, Bits, heard};

/// Announces what a decoder that knows no SBR may pass over (ISO/IEC 14496-3, 1.6.5.1): SBR and PS.
const SBR_SYNC: u32 = 0x2B7;
const PS_SYNC: u32 = 0x548;

/// A multiplex with one stream in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamMux {
    /// The stream's AudioSpecificConfig, brought to whole bytes.
    pub config: Bytes,
    /// Access units of one AudioMuxElement: 1 to 64.
    pub units: u8,
}

impl StreamMux {
    /// Reads a StreamMuxConfig.
    pub fn parse(bytes: &[u8]) -> Result<Self, AacError> {
        let mut bits = Bits { bytes, at: 0 };
        if bits.take(1)? != 0 {
            return Err(AacError::Mux("audioMuxVersion 1"));
        }
        if bits.take(1)? != 1 {
            return Err(AacError::Mux("streams of different timing"));
        }
        let units = bits.take(6)? as u8 + 1;
        if bits.take(4)? != 0 {
            return Err(AacError::Mux("several programs"));
        }
        if bits.take(3)? != 0 {
            return Err(AacError::Mux("several layers"));
        }
        let start = bits.at;
        pass_config(&mut bits)?;
        let config = cut(bytes, start, bits.at);
        // GStreamer's payloaders leave out what follows, or fill up with zeros: what is missing is 0.
        if bits.take(3).unwrap_or(0) != 0 {
            return Err(AacError::Mux("another frameLengthType than 0"));
        }
        let _buffer_fullness = bits.take(8);
        if bits.take(1).unwrap_or(0) != 0 {
            return Err(AacError::Mux("other data"));
        }
        Ok(Self { config, units })
    }
}

/// Passes over an AudioSpecificConfig, whose length is told nowhere.
fn pass_config(bits: &mut Bits<'_>) -> Result<(), AacError> {
    heard(bits)?;
    // The rest of GASpecificConfig (table 4.1): dependsOnCoreCoder with its delay, extensionFlag with extensionFlag3.
    if bits.take(1)? == 1 {
        bits.take(14)?;
    }
    if bits.take(1)? == 1 {
        bits.take(1)?;
    }
    // FFmpeg's encoder always adds the extension. A frameLengthType that is taken, 000, never looks like it.
    if bits.take_if(11, SBR_SYNC) && bits.object_type()? == 5 && bits.take(1)? == 1 {
        bits.sample_rate()?;
        if bits.take_if(11, PS_SYNC) {
            bits.take(1)?;
        }
    }
    Ok(())
}

/// The bits `start..end`, from a byte's beginning, filled up with zeros.
fn cut(bytes: &[u8], start: usize, end: usize) -> Bytes {
    let bit = |at: usize| at < end && bytes[at / 8] >> (7 - at % 8) & 1 == 1;
    let byte = |at: usize| (at..at + 8).fold(0, |byte, at| byte << 1 | u8::from(bit(at)));
    (start..end).step_by(8).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::aac::parse_config;
    use proptest::prelude::*;

    /// Bits as text; blanks between fields.
    fn pack(text: &str) -> Vec<u8> {
        let bits: Vec<u8> = text.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        bits.chunks(8).map(|byte| (0..8).fold(0, |value, at| value << 1 | byte.get(at).unwrap_or(&0))).collect()
    }

    fn config(mux: &[u8]) -> Vec<u8> {
        StreamMux::parse(mux).expect("a plain stream").config.to_vec()
    }

    const HEADER: &str = "0 1 000000 0000 000";
    /// AAC-LC, 44.1 kHz, mono.
    const LC: &str = "00010 0100 0001 000";
    const TAIL: &str = "000 11111111 0 0";

    #[test]
    fn real_senders_are_understood() {
        // GStreamer's rtpmp4apay with voaacenc and with avenc_aac, which adds the extension; FFmpeg's latm flag.
        assert_eq!(config(&[0x40, 0, 0x24, 0x10]), [0x12, 0x08]);
        assert_eq!(config(&[0x40, 0, 0x24, 0x10, 0xAD, 0xCA, 0]), [0x12, 0x08, 0x56, 0xE5, 0]);
        assert_eq!(config(&[0x40, 0, 0x24, 0x20, 0x3F, 0xC0]), [0x12, 0x10]);
    }

    #[test]
    fn configs_of_any_length_are_cut_out() {
        let heard = |mux: &str| {
            let config = config(&pack(mux));
            let heard = super::heard(&mut Bits { bytes: &config, at: 0 }).expect("AAC");
            (heard.object_type, heard.sample_rate, heard.samples_per_frame)
        };
        let he = format!("{HEADER} 00101 0110 0010 0011 00010 000 {TAIL}");
        assert_eq!(config(&pack(&he)), pack("00101 0110 0010 0011 00010 000"));
        assert_eq!(heard(&he), (5, 48_000, 2048));
        assert_eq!(heard(&format!("{HEADER} 00010 1111 000000001011101110000000 0001 000")), (2, 48_000, 1024));
        let backward = "00010 0110 0010 000 01010110111 00101 1 0011 10101001000 1";
        assert_eq!(config(&pack(&format!("{HEADER} {backward} {TAIL}"))), pack(backward));
        let delayed = "00010 0100 0001 0 1 00000000000111 0";
        assert_eq!(config(&pack(&format!("{HEADER} {delayed} {TAIL}"))), pack(delayed));
    }

    #[test]
    fn units_of_an_element_are_counted() {
        assert_eq!(StreamMux::parse(&pack(&format!("0 1 000011 0000 000 {LC}"))).map(|mux| mux.units), Ok(4));
        assert_eq!(StreamMux::parse(&pack(&format!("0 1 111111 0000 000 {LC}"))).map(|mux| mux.units), Ok(64));
    }

    #[test]
    fn what_is_no_plain_stream_is_named() {
        let refused = |mux: &str| match StreamMux::parse(&pack(mux)) {
            Err(AacError::Mux(what)) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused("1 0 1"), "audioMuxVersion 1");
        assert_eq!(refused(&format!("0 0 000000 0000 000 {LC} {TAIL}")), "streams of different timing");
        assert_eq!(refused(&format!("0 1 000000 0001 000 {LC} {TAIL}")), "several programs");
        assert_eq!(refused(&format!("0 1 000000 0000 001 {LC} {TAIL}")), "several layers");
        assert_eq!(refused(&format!("{HEADER} {LC} 001 000000000")), "another frameLengthType than 0");
        assert_eq!(refused(&format!("{HEADER} {LC} 000 11111111 1")), "other data");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let error = |mux: &str| StreamMux::parse(&pack(mux)).expect_err("no plain AAC");
        assert_eq!(error(""), AacError::Truncated);
        assert_eq!(StreamMux::parse(&[0x40, 0, 0x24]), Err(AacError::Truncated));
        assert_eq!(error(HEADER), AacError::Truncated);
        assert_eq!(error(&format!("{HEADER} 00010 0100 0000 000")), AacError::Reserved);
        assert_eq!(error(&format!("{HEADER} 01000 0100 0001 000")), AacError::ObjectType(8));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _ = StreamMux::parse(&bytes);
        }

        #[test]
        fn what_is_cut_out_is_read_alike(bytes in prop::collection::vec(any::<u8>(), 2..40), units in 0..64u8) {
            let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
            if let Ok(mux) = StreamMux::parse(&pack(&format!("01{units:06b}0000000{bits}"))) {
                let (cut, whole) = (parse_config(&mux.config), parse_config(&bytes.into()));
                prop_assert_eq!(cut.map(|params| (params.codec_string(), params.sample_rate, params.channels)),
                    whole.map(|params| (params.codec_string(), params.sample_rate, params.channels)));
                prop_assert_eq!(mux.units, units + 1);
            }
        }
    }
}
