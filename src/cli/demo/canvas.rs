//! What the test picture is painted with: colours, rectangles and letters on a picture in I420.

use super::font::Glyph;
use crate::ground::picture::Picture;

/// Pixels in a row.
pub(super) const WIDTH: usize = 1280;
/// Rows.
pub(super) const HEIGHT: usize = 720;

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

/// Copies a rectangle (left, top, width, height; all even) of one picture into another of the same size.
pub(super) fn restore(from: &Picture, to: &mut Picture, (left, top, width, height): (usize, usize, usize, usize)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_the_published_ones() {
        assert_eq!(Colour::rgb(1.0, 1.0, 1.0), Colour { y: 235, u: 128, v: 128 });
        assert_eq!(Colour::rgb(1.0, 0.0, 0.0), Colour { y: 63, u: 102, v: 240 });
    }
}
