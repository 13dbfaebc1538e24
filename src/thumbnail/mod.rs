//! Small JPEG pictures of large ones: what the TV shows of a share before it plays, and (`portrait`) of people.
//!
//! Scaled first and turned into RGB after, so that the costly steps see few pixels. The only room that knows the
//! `image` crate. Shares' pictures come in decoded; reading files and HTTP don't enter.

use std::fmt;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::ground::frame::Rotation;
use crate::ground::picture::Picture;

mod anatomy;
mod colour;
pub mod portrait;
mod scale;
mod turn;

/// JPEG quality, of 100: no artefacts to be seen on a TV from a sofa.
const QUALITY: u8 = 82;

/// Why there is no thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThumbnailError {
    /// The picture is empty, or its planes aren't of its size, or no size was asked for.
    WrongPicture,
    /// The JPEG encoder failed; the text is its own.
    Jpeg(String),
}

impl fmt::Display for ThumbnailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongPicture => f.write_str("no thumbnail can be made of an empty picture"),
            Self::Jpeg(why) => write!(f, "the thumbnail can't be encoded: {why}"),
        }
    }
}

impl std::error::Error for ThumbnailError {}

/// A JPEG of `picture`, which is shown turned so, that fits into `max_width × max_height` pixels and keeps its shape; never
/// larger than it.
///
/// Costs about three milliseconds for 320×180: not for the event loop.
pub fn jpeg(
    picture: &Picture,
    rotation: Rotation,
    (max_width, max_height): (usize, usize),
) -> Result<Vec<u8>, ThumbnailError> {
    let chroma = picture.chroma_width() * picture.chroma_height();
    let whole = picture.y.len() == picture.width * picture.height
        && picture.u.len() == chroma
        && picture.v.len() == chroma
        && chroma > 0;
    if !whole || max_width == 0 || max_height == 0 {
        return Err(ThumbnailError::WrongPicture);
    }
    let (max_width, max_height) =
        if turn::is_across(rotation) { (max_height, max_width) } else { (max_width, max_height) };
    let (width, height) = fit(picture.width, picture.height, max_width, max_height);
    let small = scale::shrink(picture, width, height);
    let rgb = colour::rgb(&small, colour::Matrix::of(picture.width, picture.height));
    let (rgb, width, height) = turn::turned(rgb, (width, height), rotation);
    let sides = (u16::try_from(width), u16::try_from(height));
    let (Ok(width), Ok(height)) = sides else { return Err(ThumbnailError::WrongPicture) };
    let mut file = Vec::with_capacity(32 * 1024);
    JpegEncoder::new_with_quality(&mut file, QUALITY)
        .encode(&rgb, width.into(), height.into(), ExtendedColorType::Rgb8)
        .map_err(|error| ThumbnailError::Jpeg(error.to_string()))?;
    Ok(file)
}

/// The largest size of the same shape inside the limits, not above the original.
fn fit(width: usize, height: usize, max_width: usize, max_height: usize) -> (usize, usize) {
    let scale = (max_width as f64 / width as f64).min(max_height as f64 / height as f64).min(1.0);
    let side = |pixels: usize, most: usize| ((pixels as f64 * scale).round() as usize).clamp(1, most);
    (side(width, max_width), side(height, max_height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(jpeg: &[u8]) -> image::RgbImage {
        image::load_from_memory(jpeg).expect("a JPEG").into_rgb8()
    }

    fn filled(width: usize, height: usize, (y, u, v): (u8, u8, u8)) -> Picture {
        let mut picture = Picture::grey(width, height);
        picture.y.fill(y);
        picture.u.fill(u);
        picture.v.fill(v);
        picture
    }

    #[test]
    fn known_colours_survive() {
        // Limited-range Y, Cb, Cr of full red, green, blue, white and black after BT.709 and BT.601.
        let high = [(63, 102, 240), (173, 42, 26), (32, 240, 118), (235, 128, 128), (16, 128, 128)];
        let standard = [(81, 90, 240), (145, 54, 34), (41, 240, 110), (235, 128, 128), (16, 128, 128)];
        let wanted = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]];
        for (width, height, colours) in
            [(1280, 720, high), (640, 360, standard), (720, 1280, high), (720, 576, standard)]
        {
            for (colour, wanted) in colours.into_iter().zip(wanted) {
                let small =
                    decode(&jpeg(&filled(width, height, colour), Rotation::None, (320, 320)).expect("a thumbnail"));
                let seen = small.get_pixel(small.width() / 2, small.height() / 2).0;
                let off = (0..3).map(|i| seen[i].abs_diff(wanted[i])).max();
                assert!(off <= Some(6), "{width}×{height} {colour:?}: {seen:?}, not {wanted:?}");
            }
        }
    }

    #[test]
    fn shapes_are_kept_inside_the_limits() {
        for ((width, height), wanted) in [
            ((1920, 1080), (320, 180)),
            ((1080, 1920), (101, 180)),
            ((640, 480), (240, 180)),
            ((319, 179), (319, 179)),
            ((641, 361), (320, 180)),
            ((1, 1), (1, 1)),
            ((4000, 3), (320, 1)),
            ((3, 4000), (1, 180)),
        ] {
            let small = decode(&jpeg(&Picture::grey(width, height), Rotation::None, (320, 180)).expect("a thumbnail"));
            assert_eq!(small.dimensions(), wanted, "of {width}×{height}");
        }
    }

    #[test]
    fn what_is_left_and_right_stays_there() {
        let mut picture = filled(640, 360, (16, 128, 128));
        for row in picture.y.chunks_exact_mut(640) {
            row[320..].fill(235);
        }
        let small = decode(&jpeg(&picture, Rotation::None, (320, 180)).expect("a thumbnail"));
        assert!(small.get_pixel(100, 90).0[0] < 10);
        assert!(small.get_pixel(220, 90).0[0] > 245);
    }

    #[test]
    fn turned_pictures_fit_as_they_are_shown() {
        let mut picture = filled(640, 360, (16, 128, 128));
        for row in picture.y.chunks_exact_mut(640) {
            row[320..].fill(235);
        }
        let small = decode(&jpeg(&picture, Rotation::Right, (320, 180)).expect("a thumbnail"));
        assert_eq!(small.dimensions(), (101, 180));
        assert!(small.get_pixel(50, 40).0[0] < 10 && small.get_pixel(50, 140).0[0] > 245, "the right is below");
        let small = decode(&jpeg(&picture, Rotation::Mirrored, (320, 180)).expect("a thumbnail"));
        assert_eq!(small.dimensions(), (320, 180));
        assert!(small.get_pixel(100, 90).0[0] > 245 && small.get_pixel(220, 90).0[0] < 10);
    }

    #[test]
    fn wrong_pictures_are_errors() {
        let mut lying = Picture::grey(64, 64);
        lying.v.pop();
        let empty = Picture { width: 0, height: 0, y: Vec::new(), u: Vec::new(), v: Vec::new() };
        for picture in [lying, empty] {
            assert_eq!(jpeg(&picture, Rotation::None, (320, 180)), Err(ThumbnailError::WrongPicture));
        }
        assert_eq!(jpeg(&Picture::grey(64, 64), Rotation::None, (0, 180)), Err(ThumbnailError::WrongPicture));
    }
}
