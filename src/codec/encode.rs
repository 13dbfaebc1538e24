//! Pictures in, H.264 out: constrained baseline, one slice a picture, low complexity, one thread.
//!
//! The safe part of the `openh264` crate has no CABAC, so this is CAVLC; what it makes plays on everything.

use bytes::Bytes;
use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile, RateControlMode, VuiConfig,
};
use openh264::formats::YUVSource;
use openh264::{Timestamp, encoder};

use super::CodecError;
use crate::ground::picture::Picture;
use crate::ground::time::Ticks90k;

/// What is encoded, and into how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EncoderSettings {
    /// Width of every picture, in pixels: even, 16 or more.
    pub width: usize,
    /// Height of every picture, in pixels: even, 16 or more.
    pub height: usize,
    /// Pictures a second at most.
    pub frame_rate: f32,
    /// Bits a second on average.
    pub bits_per_second: u32,
    /// Pictures from one key frame to the next.
    pub key_interval: u32,
}

/// One encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Whether decoding can start here: then the parameter sets are among the NAL units.
    pub key: bool,
    /// NAL units without start codes, in stream order. None where the rate control left the picture out.
    pub nals: Vec<Bytes>,
}

/// An H.264 encoder for pictures of one size.
pub struct Encoder {
    settings: EncoderSettings,
    inner: encoder::Encoder,
    force_key: bool,
}

impl Encoder {
    /// An encoder with these settings; its first picture will be a key frame.
    pub fn new(settings: EncoderSettings) -> Result<Self, CodecError> {
        Self::configured(settings, |config| config)
    }

    /// One that leaves no picture out and codes all alike, so well that hardly anything is lost (the quantisation is 24, of
    /// 51), whatever that takes: without a bit rate.
    pub fn faithful(settings: EncoderSettings) -> Result<Self, CodecError> {
        Self::configured(settings, |config| config.rate_control_mode(RateControlMode::Off).skip_frames(false))
    }

    fn configured(
        settings: EncoderSettings,
        further: impl FnOnce(EncoderConfig) -> EncoderConfig,
    ) -> Result<Self, CodecError> {
        let EncoderSettings { width, height, .. } = settings;
        let sides = (width.min(height), width.max(height));
        if sides.0 < 16 || sides.0 > 2160 || sides.1 > 3840 || width % 2 == 1 || height % 2 == 1 {
            return Err(CodecError::BadSize { width, height });
        }
        let high_definition = sides.1 >= 1280 || sides.0 > 576;
        let config = EncoderConfig::new()
            .profile(Profile::Baseline)
            .complexity(Complexity::Low)
            .rate_control_mode(RateControlMode::Bitrate)
            .bitrate(BitRate::from_bps(settings.bits_per_second.max(1)))
            .max_frame_rate(FrameRate::from_hz(settings.frame_rate.clamp(1.0, 60.0)))
            .intra_frame_period(IntraFramePeriod::from_num_frames(settings.key_interval.max(1)))
            .scene_change_detect(false) // key frames come when they are due, not in between
            .num_threads(1)
            .vui(if high_definition { VuiConfig::bt709() } else { VuiConfig::bt601() });
        let config = further(config);
        let inner = encoder::Encoder::with_api_config(OpenH264API::from_source(), config).map_err(failed)?;
        Ok(Self { settings, inner, force_key: false })
    }

    /// Makes the next picture a key frame.
    pub fn force_key(&mut self) {
        self.force_key = true;
    }

    /// Encodes one picture; `pts` rises from picture to picture and steers the rate control.
    pub fn encode(&mut self, picture: &Picture, pts: Ticks90k) -> Result<Encoded, CodecError> {
        let planes = Planes::of(picture, &self.settings)?;
        if std::mem::take(&mut self.force_key) {
            self.inner.force_intra_frame();
        }
        let time = Timestamp::from_millis(pts.to_ms().max(0) as u64);
        let stream = self.inner.encode_at(&planes, time).map_err(failed)?;
        let mut nals = Vec::new();
        for layer in (0..stream.num_layers()).filter_map(|index| stream.layer(index)) {
            for nal in (0..layer.nal_count()).filter_map(|index| layer.nal_unit(index)) {
                let nal = nal.strip_prefix(&[0]).unwrap_or(nal);
                nals.push(Bytes::copy_from_slice(nal.strip_prefix(&[0, 0, 1]).unwrap_or(nal)));
            }
        }
        Ok(Encoded { key: stream.frame_type() == FrameType::IDR, nals })
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn failed(error: openh264::Error) -> CodecError {
    log::error!("the encoder failed: {error}");
    CodecError::Encoder
}

/// A picture whose planes are known to be as large as it says: the encoder reads them by address.
struct Planes<'a>(&'a Picture);

impl<'a> Planes<'a> {
    fn of(picture: &'a Picture, settings: &EncoderSettings) -> Result<Self, CodecError> {
        let chroma = picture.chroma_width() * picture.chroma_height();
        let whole = picture.width == settings.width
            && picture.height == settings.height
            && picture.y.len() == picture.width * picture.height
            && picture.u.len() == chroma
            && picture.v.len() == chroma;
        if whole { Ok(Self(picture)) } else { Err(CodecError::WrongPicture) }
    }
}

impl YUVSource for Planes<'_> {
    fn dimensions(&self) -> (usize, usize) {
        (self.0.width, self.0.height)
    }
    fn strides(&self) -> (usize, usize, usize) {
        (self.0.width, self.0.chroma_width(), self.0.chroma_width())
    }
    fn y(&self) -> &[u8] {
        &self.0.y
    }
    fn u(&self) -> &[u8] {
        &self.0.u
    }
    fn v(&self) -> &[u8] {
        &self.0.v
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::decode_key_frame;
    use crate::ground::frame::{Rotation, VideoParams};

    const SETTINGS: EncoderSettings =
        EncoderSettings { width: 318, height: 178, frame_rate: 30.0, bits_per_second: 400_000, key_interval: 30 };

    /// A soft pattern that moves with `at`.
    fn picture(at: usize) -> Picture {
        let mut picture = Picture::grey(SETTINGS.width, SETTINGS.height);
        for (index, luma) in picture.y.iter_mut().enumerate() {
            let (x, y) = (index % SETTINGS.width + at * 3, index / SETTINGS.width);
            *luma = (16 + ((x * y) / 96 + x / 4) % 200) as u8;
        }
        let width = picture.chroma_width();
        for (index, (u, v)) in picture.u.iter_mut().zip(&mut picture.v).enumerate() {
            *u = (64 + (index % width + at) % 128) as u8;
            *v = (80 + (index / width) % 96) as u8;
        }
        picture
    }

    fn params(nals: &[Bytes]) -> VideoParams {
        let of_type = |wanted: u8| nals.iter().filter(move |nal| nal[0] & 0x1f == wanted).cloned();
        let sps = of_type(7).next().expect("a key frame has an SPS");
        VideoParams {
            sps,
            pps: of_type(8).collect(),
            others: Vec::new(),
            width: 318,
            height: 178,
            reorder_depth: None,
            frame_duration: None,
            rotation: Rotation::None,
        }
    }

    fn avcc(nals: &[Bytes]) -> Vec<u8> {
        nals.iter().flat_map(|nal| [&(nal.len() as u32).to_be_bytes(), &nal[..]].concat()).collect()
    }

    fn psnr(a: &[u8], b: &[u8]) -> f64 {
        let squares: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
        10.0 * (255.0 * 255.0 * a.len() as f64 / squares.max(1e-9)).log10()
    }

    #[test]
    fn a_key_frame_survives_the_round_trip() {
        let settings = EncoderSettings { bits_per_second: 4_000_000, ..SETTINGS };
        let original = picture(0);
        let encoded = Encoder::new(settings).expect("good settings").encode(&original, Ticks90k(0)).expect("encodes");
        assert!(encoded.key);
        let decoded = decode_key_frame(&params(&encoded.nals), &avcc(&encoded.nals)).expect("decodes");
        assert_eq!((decoded.width, decoded.height), (318, 178));
        for (name, a, b) in
            [("y", &original.y, &decoded.y), ("u", &original.u, &decoded.u), ("v", &original.v, &decoded.v)]
        {
            assert!(psnr(a, b) > 30.0, "{name}: {:.1} dB", psnr(a, b));
        }
    }

    #[test]
    fn the_stream_is_constrained_baseline() {
        let encoded = Encoder::new(SETTINGS).expect("good settings").encode(&picture(0), Ticks90k(0)).expect("encodes");
        let codec = params(&encoded.nals).codec_string();
        assert!(codec.starts_with("avc1.42c0"), "{codec}");
    }

    #[test]
    fn key_frames_come_when_due_and_on_demand_and_the_rate_holds() {
        let mut encoder = Encoder::new(SETTINGS).expect("good settings");
        let (mut keys, mut bytes) = (Vec::new(), 0);
        for at in 0..150 {
            if at == 45 {
                encoder.force_key();
            }
            let encoded = encoder.encode(&picture(at), Ticks90k(at as i64 * 3000)).expect("encodes");
            bytes += encoded.nals.iter().map(Bytes::len).sum::<usize>();
            if encoded.key {
                assert_eq!(encoded.nals[0][0] & 0x1f, 7, "a key frame brings its parameter sets");
                keys.push(at);
            }
        }
        assert_eq!(keys, [0, 30, 45, 75, 105, 135]);
        let rate = bytes * 8 / 5;
        assert!((250_000..520_000).contains(&rate), "{rate} bits a second");
    }

    #[test]
    fn odd_or_tiny_sizes_and_other_pictures_are_refused() {
        for (width, height) in [(317, 178), (318, 177), (8, 8), (3842, 2160), (2162, 2162)] {
            let error = Encoder::new(EncoderSettings { width, height, ..SETTINGS }).expect_err("refused");
            assert_eq!(error, CodecError::BadSize { width, height });
        }
        let mut encoder = Encoder::new(SETTINGS).expect("good settings");
        let mut lying = picture(0);
        lying.u.pop();
        for wrong in [Picture::grey(320, 178), lying] {
            assert_eq!(encoder.encode(&wrong, Ticks90k(0)), Err(CodecError::WrongPicture));
        }
    }
}
