//! The test picture of the built-in phone: a hearth that burns, the name, a clock, and a time code for machines.
//!
//! Drawn straight into I420 (BT.709, limited range). What stands still is drawn once; a new picture costs the flames,
//! the clock and the time code. The top 16 rows carry the date in milliseconds as 48 blocks, black or white, most
//! significant bit first, each a 48th of the width rounded down to even pixels: a test reads back from the TV's page
//! when what it shows was taken.

use super::font::Glyph;
use super::scene;
use crate::ground::picture::Picture;
use crate::ground::time::UnixMs;

/// Pixels in a row.
pub(super) const WIDTH: usize = 1280;
/// Rows.
pub(super) const HEIGHT: usize = 720;

/// Rows and bits of the time code.
const CODE_ROWS: usize = 16;
const CODE_BITS: usize = 48;
/// Luma of black and white.
const BLACK: u8 = 16;
const WHITE: u8 = 235;

/// Where the clock stands, and how high its digits are, in pixels.
const CLOCK: (usize, usize) = (696, 440);
const CLOCK_HEIGHT: f32 = 66.0;
/// The bar that fills from second to second: left, top, width, height.
const BAR: (usize, usize, usize, usize) = (690, 560, 536, 14);

/// A colour as luma, blue and red difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    /// Luma.
    pub y: u8,
    /// Blue difference.
    pub u: u8,
    /// Red difference.
    pub v: u8,
}

impl Colour {
    /// The colour of red, green and blue from 0 to 1 (ITU-R BT.709-6, 3).
    pub(super) fn rgb(red: f32, green: f32, blue: f32) -> Self {
        let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        Self {
            y: (16.0 + 219.0 * luma + 0.5) as u8,
            u: (128.0 + 224.0 * (blue - luma) / 1.8556 + 0.5) as u8,
            v: (128.0 + 224.0 * (red - luma) / 1.5748 + 0.5) as u8,
        }
    }
}

/// Draws one picture after the other.
pub struct TestPicture {
    background: Picture,
    picture: Picture,
    flames: scene::Flames,
    digits: Vec<Glyph>,
}

impl Default for TestPicture {
    /// Draws what stands still.
    fn default() -> Self {
        let background = scene::background();
        let digits = "0123456789:.".chars().map(|letter| Glyph::new(letter, CLOCK_HEIGHT)).collect();
        Self { picture: background.clone(), background, flames: scene::Flames::new(), digits }
    }
}

impl TestPicture {
    /// Pixels in a row.
    pub const WIDTH: usize = WIDTH;
    /// Rows.
    pub const HEIGHT: usize = HEIGHT;

    /// The picture of the moment `date`.
    pub fn draw(&mut self, date: UnixMs) -> &Picture {
        self.flames.draw(&self.background, &mut self.picture, date);
        self.draw_clock(date);
        self.draw_bar(date);
        draw_code(&mut self.picture, date);
        &self.picture
    }

    fn draw_clock(&mut self, date: UnixMs) {
        restore(&self.background, &mut self.picture, (CLOCK.0 - 10, CLOCK.1 - 10, 560, 110));
        let text = date.to_string(); // 2026-01-02T03:04:05.678Z
        let mut x = CLOCK.0 as i32;
        for letter in text.get(11..23).unwrap_or_default().bytes() {
            let index = match letter {
                b':' => 10,
                b'.' => 11,
                digit => usize::from(digit.wrapping_sub(b'0')),
            };
            let Some(glyph) = self.digits.get(index) else { continue };
            blend(&mut self.picture, glyph, (x, CLOCK.1 as i32), scene::cream());
            x += glyph.advance;
        }
    }

    /// Fills from second to second, and is bright for its first tenth: the tick is heard then.
    fn draw_bar(&mut self, date: UnixMs) {
        let (left, top, width, height) = BAR;
        let ms = date.0.rem_euclid(1000) as usize;
        let (full, bright) = (width * ms / 1000, ms < 100);
        let colour = if bright { scene::cream() } else { scene::amber() };
        restore(&self.background, &mut self.picture, BAR);
        fill(&mut self.picture, (left, top, if bright { width } else { full }, height), colour);
    }
}

/// Writes the time code into the top rows.
fn draw_code(picture: &mut Picture, date: UnixMs) {
    let (width, chroma_width) = (picture.width, picture.chroma_width());
    let block = width / CODE_BITS / 2 * 2;
    let (row, rest) = picture.y.split_at_mut(width);
    row.fill(BLACK);
    for bit in 0..CODE_BITS {
        if date.0 >> (CODE_BITS - 1 - bit) & 1 == 1 {
            row[bit * block..(bit + 1) * block].fill(WHITE);
        }
    }
    for other in rest.chunks_exact_mut(width).take(CODE_ROWS - 1) {
        other.copy_from_slice(row);
    }
    picture.u[..chroma_width * CODE_ROWS / 2].fill(128);
    picture.v[..chroma_width * CODE_ROWS / 2].fill(128);
}

/// Copies a rectangle (left, top, width, height; all even) of one picture into another of the same size.
fn restore(from: &Picture, to: &mut Picture, (left, top, width, height): (usize, usize, usize, usize)) {
    let (stride, chroma) = (from.width, from.chroma_width());
    for row in top..top + height {
        let at = row * stride + left;
        to.y[at..at + width].copy_from_slice(&from.y[at..at + width]);
    }
    for row in top / 2..(top + height) / 2 {
        let at = row * chroma + left / 2;
        to.u[at..at + width / 2].copy_from_slice(&from.u[at..at + width / 2]);
        to.v[at..at + width / 2].copy_from_slice(&from.v[at..at + width / 2]);
    }
}

/// Fills a rectangle with a colour; chroma to the nearest whole sample.
pub(super) fn fill(picture: &mut Picture, (left, top, width, height): (usize, usize, usize, usize), colour: Colour) {
    let (stride, chroma) = (picture.width, picture.chroma_width());
    for row in top..top + height {
        picture.y[row * stride + left..][..width].fill(colour.y);
    }
    for row in top / 2..(top + height) / 2 {
        picture.u[row * chroma + left / 2..][..width / 2].fill(colour.u);
        picture.v[row * chroma + left / 2..][..width / 2].fill(colour.v);
    }
}

/// Puts a character on the picture; what would stand outside is left out.
pub(super) fn blend(picture: &mut Picture, glyph: &Glyph, (x, y): (i32, i32), colour: Colour) {
    let (width, height, chroma) = (picture.width, picture.height, picture.chroma_width());
    for (row, coverage) in glyph.coverage.chunks_exact(glyph.width).enumerate() {
        let Some(at_y) = inside(y + glyph.top + row as i32, height) else { continue };
        for (column, &covered) in coverage.iter().enumerate().filter(|(_, covered)| **covered > 0) {
            let Some(at_x) = inside(x + glyph.left + column as i32, width) else { continue };
            mix(&mut picture.y[at_y * width + at_x], colour.y, covered);
            if at_x % 2 == 0 && at_y % 2 == 0 {
                let at = at_y / 2 * chroma + at_x / 2;
                mix(&mut picture.u[at], colour.u, covered);
                mix(&mut picture.v[at], colour.v, covered);
            }
        }
    }
}

fn inside(at: i32, size: usize) -> Option<usize> {
    usize::try_from(at).ok().filter(|at| *at < size)
}

/// Moves `under` towards `over` by `share` of 255.
pub(super) fn mix(under: &mut u8, over: u8, share: u8) {
    let (share, rest) = (u32::from(share), 255 - u32::from(share));
    *under = ((u32::from(*under) * rest + u32::from(over) * share + 127) / 255) as u8;
}

/// Reads the time code back.
#[cfg(test)]
pub(super) fn read_code(picture: &Picture) -> i64 {
    let block = picture.width / CODE_BITS / 2 * 2;
    let row = &picture.y[picture.width * CODE_ROWS / 2..];
    (0..CODE_BITS).fold(0, |value, bit| value << 1 | i64::from(row[bit * block + block / 2] > 128))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Encoder, EncoderSettings, decode_key_frame};
    use crate::ground::frame::{Rotation, VideoParams};
    use crate::ground::time::Ticks90k;

    const DATE: UnixMs = UnixMs(1_767_323_045_678);

    #[test]
    fn the_time_code_survives_the_codec() {
        let mut test_picture = TestPicture::default();
        let settings = EncoderSettings {
            width: WIDTH,
            height: HEIGHT,
            frame_rate: 30.0,
            bits_per_second: 2_000_000,
            key_interval: 30,
        };
        let mut encoder = Encoder::new(settings).expect("good settings");
        let encoded = encoder.encode(test_picture.draw(DATE), Ticks90k(0)).expect("encodes");
        let (slices, sets): (Vec<_>, Vec<_>) = encoded.nals.iter().cloned().partition(|nal| nal[0] & 0x1f == 5);
        let params = VideoParams {
            sps: sets[0].clone(),
            pps: sets[1..].to_vec(),
            width: 1280,
            height: 720,
            reorder_depth: None,
            frame_duration: None,
            rotation: Rotation::None,
        };
        let data: Vec<u8> =
            slices.iter().flat_map(|nal| [&(nal.len() as u32).to_be_bytes(), &nal[..]].concat()).collect();
        let decoded = decode_key_frame(&params, &data).expect("decodes");
        assert_eq!(read_code(&decoded), DATE.0);
    }

    #[test]
    fn pictures_depend_on_their_date_alone() {
        let mut once = TestPicture::default();
        let wanted = once.draw(DATE).clone();
        let mut other = TestPicture::default();
        other.draw(UnixMs(DATE.0 - 12_345));
        let other_picture = other.draw(DATE);
        assert_eq!(read_code(other_picture), DATE.0);
        assert!(*other_picture == wanted, "nothing of an earlier picture is left");
        assert!(*once.draw(UnixMs(DATE.0 + 33)) != wanted, "the picture moves");
    }

    #[test]
    fn odd_dates_do_no_harm() {
        let mut picture = TestPicture::default();
        for date in [0, -1, i64::MAX, i64::MIN] {
            picture.draw(UnixMs(date));
        }
    }

    #[test]
    fn colours_are_the_published_ones() {
        assert_eq!(Colour::rgb(1.0, 1.0, 1.0), Colour { y: 235, u: 128, v: 128 });
        assert_eq!(Colour::rgb(1.0, 0.0, 0.0), Colour { y: 63, u: 102, v: 240 });
    }
}
