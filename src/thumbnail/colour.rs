//! Y'CbCr into R'G'B', limited range, in whole numbers (ITU-R BT.601-7, 2.5; BT.709-6, 3).

use super::scale::Planes;

/// How a stream's colours were turned into luma and chroma, as 16.16 fixed point factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matrix {
    red_of_v: i32,
    green_of_u: i32,
    green_of_v: i32,
    blue_of_u: i32,
}

impl Matrix {
    const BT601: Self = Self { red_of_v: 104_597, green_of_u: -25_675, green_of_v: -53_279, blue_of_u: 132_201 };
    const BT709: Self = Self { red_of_v: 117_489, green_of_u: -13_975, green_of_v: -34_925, blue_of_u: 138_438 };

    /// The matrix that pictures of that size are taken to have: what phones and TVs do with streams that don't say.
    pub(super) fn of(width: usize, height: usize) -> Self {
        if width.max(height) >= 1280 || width.min(height) > 576 { Self::BT709 } else { Self::BT601 }
    }
}

/// 255 / 219 in 16.16 fixed point: luma is 16 for black, 235 for white.
const LUMA: i32 = 76_309;

/// The same pixels as red, green, blue, a byte each.
pub(super) fn rgb(planes: &Planes, matrix: Matrix) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(planes.y.len() * 3);
    for ((&y, &u), &v) in planes.y.iter().zip(&planes.u).zip(&planes.v) {
        let luma = (i32::from(y) - 16) * LUMA + (1 << 15);
        let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
        let byte = |value: i32| (value >> 16).clamp(0, 255) as u8;
        rgb.push(byte(luma + matrix.red_of_v * v));
        rgb.push(byte(luma + matrix.green_of_u * u + matrix.green_of_v * v));
        rgb.push(byte(luma + matrix.blue_of_u * u));
    }
    rgb
}
