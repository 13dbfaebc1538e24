//! Photos of people: whatever file a phone sends becomes a small square JPEG without metadata, in two sizes.
//!
//! The files come from strangers. Sizes and the work they make are looked at before a single pixel is decoded, the decoders
//! are told how much memory there is, and what leaves is drawn anew: nothing of the file itself does. Exif's orientation is applied first
//! (CIPA DC-008, 4.6.5): phones write their pictures lying down.

use std::fmt;
use std::io::Cursor;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::imageops;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageError, Limits, RgbImage};

use crate::ground::limits;
use crate::thumbnail::anatomy::Anatomy;
use crate::wire::address::PhotoSize;

/// Sides of the two sizes, in pixels.
pub const LARGE: u32 = PhotoSize::Large.pixels();
/// The size for lists.
pub const SMALL: u32 = PhotoSize::Small.pixels();

/// JPEG quality, of 100.
const QUALITY: u8 = 85;
/// How often the picture's own size a decoder takes that goes over its pixels more than once: it keeps two bytes for each
/// of its values until the last scan.
const LAYERED: u64 = 3;
/// Bytes a PNG's decoder may take besides its pixels: for a row, and for a profile that is packed.
const PNG_BYTES: u64 = 16 << 20;
/// What is behind the transparent parts of a picture.
const PAPER: u16 = 255;

/// A photo, drawn anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portrait {
    /// A JPEG of [`LARGE`] × [`LARGE`] pixels.
    pub large: Vec<u8>,
    /// A JPEG of [`SMALL`] × [`SMALL`] pixels.
    pub small: Vec<u8>,
}

/// Why a file does not become a photo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortraitError {
    /// It is neither a JPEG nor a PNG.
    WrongKind,
    /// It has too many bytes or too many pixels.
    TooLarge,
    /// It goes over its pixels too often, or carries too much besides.
    TooIntricate,
    /// It is damaged; what the decoder said of it is in the log.
    Broken,
}

impl fmt::Display for PortraitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongKind => f.write_str("the photo must be a JPEG or PNG picture"),
            Self::TooLarge => write!(
                f,
                "the photo is too large; {} MB and {} megapixels at most (a third of that in a progressive file)",
                limits::PHOTO_BYTES / 1_000_000,
                limits::PHOTO_PIXELS / 1_000_000
            ),
            Self::TooIntricate => {
                f.write_str("the photo's file is built of too many layers or parts; save it anew as a plain JPEG")
            }
            Self::Broken => f.write_str("the photo can't be read: choose another, or save it anew as a plain JPEG"),
        }
    }
}

impl std::error::Error for PortraitError {}

impl From<ImageError> for PortraitError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            other => {
                log::info!("a photo can't be read: {other}");
                Self::Broken
            }
        }
    }
}

/// Draws the middle of the picture in `file` anew. Takes up to seconds and as much memory as the picture has pixels.
pub fn portrait(file: &[u8]) -> Result<Portrait, PortraitError> {
    if file.len() > limits::PHOTO_BYTES {
        return Err(PortraitError::TooLarge);
    }
    let square = if file.starts_with(&[0xff, 0xd8, 0xff]) {
        let anatomy = plain(Anatomy::of_jpeg(file))?;
        square(JpegDecoder::new(Cursor::new(file))?, anatomy)?
    } else if file.starts_with(b"\x89PNG\r\n\x1a\n") {
        let anatomy = plain(Anatomy::of_png(file))?;
        square(PngDecoder::with_limits(Cursor::new(file), within(PNG_BYTES))?, anatomy)?
    } else {
        return Err(PortraitError::WrongKind);
    };
    let small = imageops::thumbnail(&square, SMALL, SMALL);
    Ok(Portrait { large: encode(&square)?, small: encode(&small)? })
}

fn within(bytes: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(bytes);
    limits
}

/// Refuses a file that carries too much beside its pixels.
fn plain(anatomy: Anatomy) -> Result<Anatomy, PortraitError> {
    if anatomy.segments > limits::PHOTO_SEGMENTS { Err(PortraitError::TooIntricate) } else { Ok(anatomy) }
}

/// The middle of the picture, as it was meant to be seen.
fn square(mut decoder: impl ImageDecoder, anatomy: Anatomy) -> Result<RgbImage, PortraitError> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels.saturating_mul(anatomy.scans.saturating_sub(1)) > limits::PHOTO_SCAN_PIXELS {
        return Err(PortraitError::TooIntricate);
    }
    let memory_bytes = decoder.total_bytes().saturating_mul(if anatomy.scans > 1 { LAYERED } else { 1 });
    if pixels > limits::PHOTO_PIXELS || memory_bytes > limits::PHOTO_MEMORY_BYTES {
        return Err(PortraitError::TooLarge);
    }
    if width == 0 || height == 0 {
        return Err(PortraitError::Broken);
    }
    decoder.set_limits(within(limits::PHOTO_MEMORY_BYTES))?;
    let orientation = decoder.orientation()?;
    let picture = DynamicImage::from_decoder(decoder)?;
    let side = width.min(height);
    let middle = imageops::crop_imm(&picture, (width - side) / 2, (height - side) / 2, side, side);
    let mut square = DynamicImage::ImageRgba8(imageops::thumbnail(&*middle, LARGE, LARGE));
    square.apply_orientation(orientation);
    Ok(on_paper(&square.into_rgba8()))
}

/// The picture without transparency.
fn on_paper(picture: &image::RgbaImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u16::from);
        image::Rgb([red, green, blue].map(|colour| ((colour * alpha + PAPER * (255 - alpha) + 127) / 255) as u8))
    })
}

fn encode(picture: &RgbImage) -> Result<Vec<u8>, PortraitError> {
    let mut file = Vec::with_capacity(32 * 1024);
    JpegEncoder::new_with_quality(&mut file, QUALITY).encode(
        picture,
        picture.width(),
        picture.height(),
        ExtendedColorType::Rgb8,
    )?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageEncoder as _, ImageFormat, Rgb, Rgba, RgbaImage};
    use proptest::prelude::*;

    fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.into().write_to(&mut file, format).expect("encoded");
        file.into_inner()
    }

    fn drawn(jpeg: &[u8]) -> RgbImage {
        image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).expect("a JPEG").into_rgb8()
    }

    /// Red on the left, green in the middle, blue on the right; each a square of 100 pixels.
    fn flag() -> RgbImage {
        RgbImage::from_fn(300, 100, |x, _| match x / 100 {
            0 => Rgb([255, 0, 0]),
            1 => Rgb([0, 255, 0]),
            _ => Rgb([0, 0, 255]),
        })
    }

    #[test]
    fn the_middle_is_drawn_in_both_sizes() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let portrait = portrait(&file(flag(), format)).expect("a portrait");
            for (jpeg, side) in [(&portrait.large, LARGE), (&portrait.small, SMALL)] {
                let picture = drawn(jpeg);
                assert_eq!(picture.dimensions(), (side, side));
                let Rgb([red, green, blue]) = *picture.get_pixel(side / 2, side / 2);
                assert!(red < 30 && green > 225 && blue < 30, "{format:?} {red} {green} {blue}");
            }
        }
    }

    #[test]
    fn pictures_lying_down_are_put_upright_and_lose_what_they_say() {
        // Left half white, right half black; Exif says: turn by 90° to the right, so white comes to the top.
        let lying = RgbImage::from_fn(64, 64, |x, _| if x < 32 { Rgb([255; 3]) } else { Rgb([0; 3]) });
        let mut jpeg = Vec::new();
        let mut encoder = JpegEncoder::new(&mut jpeg);
        let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0 GPS 38.7 -9.1".to_vec();
        encoder.set_exif_metadata(exif).expect("taken");
        encoder.encode(&lying, 64, 64, ExtendedColorType::Rgb8).expect("encoded");
        assert!(jpeg.windows(3).any(|three| three == b"GPS"));
        let portrait = portrait(&jpeg).expect("a portrait");
        let picture = drawn(&portrait.large);
        assert!(picture.get_pixel(160, 40).0[0] > 225 && picture.get_pixel(160, 280).0[0] < 30);
        for jpeg in [&portrait.large, &portrait.small] {
            assert!(!jpeg.windows(3).any(|three| three == b"GPS") && !jpeg.windows(4).any(|four| four == b"Exif"));
        }
    }

    #[test]
    fn glass_lies_on_paper() {
        let glass = RgbaImage::from_pixel(10, 10, Rgba([0, 0, 0, 0]));
        let picture = drawn(&portrait(&file(glass, ImageFormat::Png)).expect("a portrait").small);
        assert!(picture.get_pixel(48, 48).0.iter().all(|colour| *colour > 250));
        let one = RgbImage::from_pixel(1, 1, Rgb([9, 9, 9]));
        assert_eq!(drawn(&portrait(&file(one, ImageFormat::Jpeg)).expect("a portrait").large).width(), LARGE);
    }

    /// A PNG that says to be `width` × `height` and is a few bytes.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut bomb = file(RgbImage::new(1, 1), ImageFormat::Png);
        bomb[16..20].copy_from_slice(&width.to_be_bytes());
        bomb[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        bomb
    }

    /// The check of a PNG chunk (ISO/IEC 15948, annex D).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }

    #[test]
    fn bombs_do_not_go_off() {
        let broken = |result| matches!(result, Err(PortraitError::Broken));
        assert_eq!(portrait(&bomb(65_000, 65_000)), Err(PortraitError::TooLarge));
        assert_eq!(portrait(&bomb(u32::MAX >> 1, u32::MAX >> 1)), Err(PortraitError::TooLarge));
        assert_eq!(portrait(&bomb(40_000_001, 1)), Err(PortraitError::TooLarge));
        assert!(broken(portrait(&bomb(4000, 4000))), "the size is fine, the pixels are missing");
        assert_eq!(portrait(&vec![0xff; limits::PHOTO_BYTES + 1]), Err(PortraitError::TooLarge));
        let mut jpeg = file(RgbImage::new(16, 16), ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).expect("a frame header");
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
        assert_eq!(portrait(&jpeg), Err(PortraitError::TooLarge));
        // Sixteen bits a colour and transparency: within the pixels, and too much memory.
        let mut deep = Vec::new();
        image::codecs::png::PngEncoder::new(&mut deep)
            .write_image(&[0; 8], 1, 1, ExtendedColorType::Rgba16)
            .expect("encoded");
        deep[16..24].copy_from_slice(&[0, 0, 0x0c, 0, 0, 0, 0x0c, 0]);
        let crc = crc32(&deep[12..29]);
        deep[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(portrait(&deep), Err(PortraitError::TooLarge));
        assert!(broken(portrait(&[0xff, 0xd8, 0xff])) && broken(portrait(b"\x89PNG\r\n\x1a\n")));
        for other in [&b""[..], b"GIF89a", b"<svg onload=alert(1)>", b"RIFF....WEBP"] {
            assert_eq!(portrait(other), Err(PortraitError::WrongKind));
        }
    }

    /// A progressive JPEG of one grey in `width` × `height` pixels that goes over them `scans` times, at a few bytes a scan.
    fn layered(width: u16, height: u16, scans: usize) -> Vec<u8> {
        let segment =
            |code: u8, body: &[u8]| [&[0xff, code], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat();
        // One code each: the DC table's says "no difference", the AC table's "end of band for 32,767 blocks".
        let code = |class: u8, value: u8| {
            let mut body = vec![class, 1];
            body.extend([0; 15]);
            body.push(value);
            segment(0xc4, &body)
        };
        let [h1, h0] = height.to_be_bytes();
        let [w1, w0] = width.to_be_bytes();
        let mut file = vec![0xff, 0xd8];
        file.extend(segment(0xdb, &[&[0][..], &[1; 64]].concat()));
        file.extend(segment(0xc2, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0]));
        file.extend(code(0x00, 0));
        file.extend(code(0x10, 0xe0));
        let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
        for scan in 0..scans {
            if scan == 0 {
                file.extend(segment(0xda, &[1, 1, 0, 0, 0, 0]));
                file.extend(vec![0; blocks.div_ceil(8)]);
            } else {
                file.extend(segment(0xda, &[1, 1, 0, 1, 63, 0]));
                // A code of one bit and fourteen of length, for each run of blocks.
                file.extend(vec![0; (blocks.div_ceil(1 << 14) * 15).div_ceil(8)]);
            }
        }
        file.extend([0xff, 0xd9]);
        file
    }

    #[test]
    fn a_file_of_a_hundred_layers_is_refused_and_what_phones_write_is_not() {
        let bomb = layered(6320, 6320, 96);
        assert!(bomb.len() < 150_000, "{}", bomb.len());
        assert_eq!(portrait(&bomb), Err(PortraitError::TooIntricate));
        // Small ones may be built as they like, within reason; it is a picture.
        let picture = drawn(&portrait(&layered(320, 320, 96)).expect("a portrait").small);
        assert!(picture.get_pixel(48, 48).0.iter().all(|colour| (126..=130).contains(colour)));
        // What cameras and editors write has ten scans or so.
        assert!(portrait(&layered(4000, 3000, 14)).is_ok());
        assert_eq!(
            portrait(&layered(5600, 5600, 2)),
            Err(PortraitError::TooLarge),
            "it is kept whole until the last scan"
        );
    }

    #[test]
    fn a_file_of_a_thousand_parts_is_refused() {
        // The parts of a note on the photo that never ends: a decoder puts them together anew at each.
        let mut jpeg = file(RgbImage::new(16, 16), ImageFormat::Jpeg);
        let note = [&b"http://ns.adobe.com/xmp/extension/\0"[..], &[b'a'; 32], &[0xff; 4], &[0; 4], b"x"].concat();
        let part = [&[0xff, 0xe1], &(note.len() as u16 + 2).to_be_bytes()[..], &note].concat();
        jpeg.splice(2..2, part.repeat(20));
        assert!(portrait(&jpeg).is_ok());
        jpeg.splice(2..2, part.repeat(limits::PHOTO_SEGMENTS));
        assert_eq!(portrait(&jpeg), Err(PortraitError::TooIntricate));
        let mut png = file(RgbImage::new(16, 16), ImageFormat::Png);
        let chunk = [&[0, 0, 0, 0][..], b"teXt", &crc32(b"teXt").to_be_bytes()].concat();
        png.splice(33..33, chunk.repeat(20));
        assert!(portrait(&png).is_ok());
        png.splice(33..33, chunk.repeat(limits::PHOTO_SEGMENTS));
        assert_eq!(portrait(&png), Err(PortraitError::TooIntricate));
    }

    #[test]
    fn large_pngs_are_drawn_within_their_decoders_memory() {
        let picture = RgbImage::from_pixel(3000, 2500, Rgb([9, 200, 9]));
        assert_eq!(drawn(&portrait(&file(picture, ImageFormat::Png)).expect("a portrait").small).width(), SMALL);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn damage_is_an_error_or_a_worse_picture(at in 0.0_f64..1.0, with: u8, cut in 0.0_f64..1.0, png: bool) {
            let format = if png { ImageFormat::Png } else { ImageFormat::Jpeg };
            let mut file = file(flag(), format);
            let at = (at * file.len() as f64) as usize;
            file[at] = with;
            file.truncate(file.len() - (cut * cut * 200.0) as usize);
            if let Ok(portrait) = portrait(&file) {
                prop_assert_eq!(drawn(&portrait.small).dimensions(), (SMALL, SMALL));
            }
        }
    }
}
