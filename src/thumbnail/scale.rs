//! Scaling down by a box filter: each small pixel is the mean of the large ones it covers.

use std::ops::Range;

use crate::ground::picture::Picture;

/// Rows whose sum still fits into 16 bits.
const ROWS: usize = (u16::MAX / u8::MAX as u16) as usize;

/// Three planes of the same size, `width × height`: chroma is not subsampled any more.
pub(super) struct Planes {
    /// Luma.
    pub y: Vec<u8>,
    /// Blue difference.
    pub u: Vec<u8>,
    /// Red difference.
    pub v: Vec<u8>,
}

/// Scales `picture`, whose planes are as large as it says, down to `width × height`; no side is 0.
pub(super) fn shrink(picture: &Picture, width: usize, height: usize) -> Planes {
    let to = (width, height);
    let chroma = (picture.chroma_width(), picture.chroma_height());
    Planes {
        y: shrink_plane(&picture.y, (picture.width, picture.height), to),
        u: shrink_plane(&picture.u, chroma, to),
        v: shrink_plane(&picture.v, chroma, to),
    }
}

fn shrink_plane(plane: &[u8], (width, height): (usize, usize), (to_width, to_height): (usize, usize)) -> Vec<u8> {
    let columns: Vec<Range<usize>> = (0..to_width).map(|at| covered(at, to_width, width)).collect();
    let mut sums = vec![0u16; width];
    let mut small = Vec::with_capacity(to_width * to_height);
    for at in 0..to_height {
        let rows = covered(at, to_height, height);
        // A box higher than 257 rows is sampled: its sum would not fit, and nobody sees the difference.
        let step = rows.len().div_ceil(ROWS);
        let taken = rows.len().div_ceil(step) as u32;
        sums.fill(0);
        for row in rows.step_by(step) {
            for (sum, &sample) in sums.iter_mut().zip(&plane[row * width..(row + 1) * width]) {
                *sum += u16::from(sample);
            }
        }
        small.extend(columns.iter().map(|column| {
            let samples = taken * column.len() as u32;
            let sum: u32 = sums[column.clone()].iter().map(|&sum| u32::from(sum)).sum();
            ((sum + samples / 2) / samples) as u8
        }));
    }
    small
}

/// The large pixels that small pixel `at` of `small` covers: at least one.
fn covered(at: usize, small: usize, large: usize) -> Range<usize> {
    let start = at * large / small;
    start..((at + 1) * large / small).max(start + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn boxes_are_means() {
        let plane = [0, 10, 100, 200, 20, 30, 100, 200];
        assert_eq!(shrink_plane(&plane, (4, 2), (2, 1)), [15, 150]);
        assert_eq!(shrink_plane(&plane, (4, 2), (4, 2)), plane);
        assert_eq!(shrink_plane(&[7], (1, 1), (3, 2)), [7; 6], "chroma of tiny pictures is repeated");
    }

    #[test]
    fn very_high_boxes_do_not_overflow() {
        assert_eq!(shrink_plane(&[255; 4096 * 2], (2, 4096), (1, 1)), [255]);
    }

    proptest! {
        #[test]
        fn a_flat_plane_stays_flat(width in 1usize..200, height in 1usize..600, to in (1usize..60, 1usize..60), value: u8) {
            let small = shrink_plane(&vec![value; width * height], (width, height), to);
            prop_assert_eq!(small, vec![value; to.0 * to.1]);
        }
    }
}
