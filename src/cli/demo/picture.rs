//! The test picture of the built-in phone: a hearth that burns, the name, a clock, and a time code for machines.
//!
//! Drawn straight into I420 (BT.709, limited range). What stands still is drawn once; a new picture costs the flames,
//! the clock and the time code. The top 16 rows carry the date in milliseconds as 48 blocks, black or white, most
//! significant bit first, each a 48th of the width rounded down to even pixels: a test reads back from the TV's page
//! when what it shows was taken.

use super::canvas::{HEIGHT, WIDTH, blend, fill, restore};
use super::font::Glyph;
use super::scene;
use crate::ground::picture::Picture;
use crate::ground::time::UnixMs;

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
        let full = width * ms / 1000;
        let bright = ms < 100;
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
            others: Vec::new(),
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
}
