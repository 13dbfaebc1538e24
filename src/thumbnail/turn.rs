//! Pixels turned and mirrored, as pictures are shown.

use crate::ground::frame::Rotation;

/// Whether width and height change places.
pub(super) fn is_across(rotation: Rotation) -> bool {
    rotation.matrix()[0] == 0
}

/// `rgb` of so many pixels, three bytes each, as they are shown; with their width and height then.
pub(super) fn turned(rgb: Vec<u8>, (width, height): (usize, usize), rotation: Rotation) -> (Vec<u8>, usize, usize) {
    if rotation == Rotation::None {
        return (rgb, width, height);
    }
    let (wide, high) = if is_across(rotation) { (height, width) } else { (width, height) };
    let [a, b, c, d] = rotation.matrix().map(|value| value as isize);
    // Where the corner comes to lie, so that all is in the picture.
    let back = |of_x: isize, of_y: isize| {
        (if of_x < 0 { width as isize - 1 } else { 0 }) + if of_y < 0 { height as isize - 1 } else { 0 }
    };
    let (back_x, back_y) = (back(a, c), back(b, d));
    let mut shown = vec![0; rgb.len()];
    for (number, pixel) in rgb.chunks_exact(3).enumerate() {
        let (x, y) = ((number % width) as isize, (number / width) as isize);
        let at = ((b * x + d * y + back_y) as usize * wide + (a * x + c * y + back_x) as usize) * 3;
        if let Some(place) = shown.get_mut(at..at + 3) {
            place.copy_from_slice(pixel);
        }
    }
    (shown, wide, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pixels in two rows, by one letter each, turned so; the rows.
    fn rows(rotation: Rotation) -> Vec<String> {
        let rgb = b"abcdef".iter().flat_map(|letter| [*letter; 3]).collect();
        let (shown, wide, high) = turned(rgb, (3, 2), rotation);
        assert_eq!(shown.len(), wide * high * 3);
        shown.chunks(wide * 3).map(|row| row.iter().step_by(3).map(|letter| char::from(*letter)).collect()).collect()
    }

    #[test]
    fn pixels_come_to_lie_where_players_show_them() {
        for (rotation, wanted) in [
            (Rotation::None, &["abc", "def"][..]),
            (Rotation::Right, &["da", "eb", "fc"]),
            (Rotation::Half, &["fed", "cba"]),
            (Rotation::Left, &["cf", "be", "ad"]),
            (Rotation::Mirrored, &["cba", "fed"]),
            (Rotation::MirroredRight, &["fc", "eb", "da"]),
            (Rotation::MirroredHalf, &["def", "abc"]),
            (Rotation::MirroredLeft, &["ad", "be", "cf"]),
        ] {
            assert_eq!(rows(rotation), wanted, "{rotation:?}");
        }
    }
}
