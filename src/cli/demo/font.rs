//! The letters of the test picture: strokes drawn with a round pen, for the few characters it shows.
//!
//! Units are the height of a capital: y runs from 0 (top) to 1 (baseline), small letters start at 0.36.

/// Right and down.
pub(super) type Point = (f32, f32);

/// How far apart letters are, and the pen's radius.
const GAP: f32 = 0.2;
const PEN: f32 = 0.062;

/// A character as it covers pixels.
pub(super) struct Glyph {
    /// Pixels from the pen's place to the left edge, and from the capitals' top to the upper edge; negative.
    pub left: i32,
    /// See `left`.
    pub top: i32,
    /// Pixels in a row.
    pub width: usize,
    /// How far a pixel is covered, 255 is whole.
    pub coverage: Vec<u8>,
    /// Pixels to the next character.
    pub advance: i32,
}

impl Glyph {
    /// Draws `letter` with capitals `height` pixels high. An unknown one is empty.
    pub(super) fn new(letter: char, height: f32) -> Self {
        let (letter_width, strokes) = strokes(letter);
        let margin = (PEN * height).ceil() + 1.0;
        let width = (letter_width * height + 2.0 * margin).ceil() as usize;
        let rows = (height * 1.3 + 2.0 * margin).ceil() as usize;
        let mut coverage = Vec::with_capacity(width * rows);
        for row in 0..rows {
            for column in 0..width {
                let at = (column as f32 + 0.5 - margin, row as f32 + 0.5 - margin);
                let nearest = strokes
                    .iter()
                    .flat_map(|stroke| stroke.windows(2))
                    .map(|ends| distance(at, scaled(ends[0], height), scaled(ends[1], height)))
                    .fold(f32::MAX, f32::min);
                coverage.push(((PEN * height + 0.5 - nearest).clamp(0.0, 1.0) * 255.0) as u8);
            }
        }
        let advance = ((letter_width + GAP) * height).round() as i32;
        Self { left: -margin as i32, top: -margin as i32, width, coverage, advance }
    }
}

fn scaled((x, y): Point, height: f32) -> Point {
    (x * height, y * height)
}

/// How far a point is from the straight line between two others.
pub(super) fn distance(at: Point, from: Point, to: Point) -> f32 {
    let (along, off) = ((to.0 - from.0, to.1 - from.1), (at.0 - from.0, at.1 - from.1));
    let squared = along.0 * along.0 + along.1 * along.1;
    let share = if squared > 0.0 { ((off.0 * along.0 + off.1 * along.1) / squared).clamp(0.0, 1.0) } else { 0.0 };
    length(off.0 - share * along.0, off.1 - share * along.1)
}

/// `f32::hypot` guards against numbers no picture has, and is several times slower.
pub(super) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Part of an ellipse, from one angle to another in degrees: 0 is right, 90 below.
fn arc(centre: Point, radius: Point, from: f32, to: f32) -> Vec<Point> {
    const STEPS: u16 = 20;
    let point = |step: u16| {
        let angle = (from + (to - from) * f32::from(step) / f32::from(STEPS)).to_radians();
        (centre.0 + radius.0 * angle.cos(), centre.1 + radius.1 * angle.sin())
    };
    (0..=STEPS).map(point).collect()
}

fn round(centre: Point, radius: Point) -> Vec<Point> {
    arc(centre, radius, 0.0, 360.0)
}

fn joined(mut first: Vec<Point>, second: &[Point]) -> Vec<Point> {
    first.extend_from_slice(second);
    first
}

fn dot(at: Point) -> Vec<Point> {
    vec![at, at]
}

/// How wide a letter is, and the strokes that make it.
fn strokes(letter: char) -> (f32, Vec<Vec<Point>>) {
    let bowl = || round((0.24, 0.68), (0.24, 0.32));
    match letter {
        '0' => (0.6, vec![round((0.3, 0.5), (0.29, 0.5))]),
        '1' => (0.6, vec![vec![(0.12, 0.2), (0.36, 0.0), (0.36, 1.0)]]),
        '2' => (0.6, vec![joined(arc((0.3, 0.3), (0.28, 0.3), 185.0, 400.0), &[(0.03, 1.0), (0.58, 1.0)])]),
        '3' => (0.6, vec![arc((0.3, 0.25), (0.25, 0.25), 200.0, 450.0), arc((0.3, 0.75), (0.29, 0.25), 270.0, 515.0)]),
        '4' => (0.6, vec![vec![(0.46, 1.0), (0.46, 0.0), (0.0, 0.7), (0.6, 0.7)]]),
        '5' => (
            0.6,
            vec![joined(vec![(0.54, 0.0), (0.1, 0.0), (0.06, 0.48)], &arc((0.29, 0.68), (0.3, 0.32), 217.0, 510.0))],
        ),
        '6' => (0.6, vec![round((0.3, 0.68), (0.29, 0.32)), arc((0.45, 0.66), (0.44, 0.66), 180.0, 285.0)]),
        '7' => (0.6, vec![vec![(0.02, 0.0), (0.58, 0.0), (0.2, 1.0)]]),
        '8' => (0.6, vec![round((0.3, 0.25), (0.24, 0.25)), round((0.3, 0.75), (0.29, 0.25))]),
        '9' => (0.6, vec![round((0.3, 0.32), (0.29, 0.32)), arc((0.15, 0.34), (0.44, 0.66), 0.0, 105.0)]),
        ':' => (0.1, vec![dot((0.05, 0.32)), dot((0.05, 0.82))]),
        '.' => (0.1, vec![dot((0.05, 0.97))]),
        'L' => (0.5, vec![vec![(0.0, 0.0), (0.0, 1.0), (0.5, 1.0)]]),
        'U' => {
            (0.54, vec![joined(joined(vec![(0.0, 0.0)], &arc((0.27, 0.68), (0.27, 0.32), 180.0, 0.0)), &[(0.54, 0.0)])])
        }
        'T' => (0.56, vec![vec![(0.0, 0.0), (0.56, 0.0)], vec![(0.28, 0.0), (0.28, 1.0)]]),
        'C' => (0.56, vec![arc((0.34, 0.5), (0.34, 0.5), 310.0, 50.0)]),
        'a' => (0.48, vec![bowl(), vec![(0.48, 0.36), (0.48, 1.0)]]),
        'c' => (0.42, vec![arc((0.24, 0.68), (0.24, 0.32), 310.0, 50.0)]),
        'e' => (0.48, vec![joined(vec![(0.02, 0.68)], &arc((0.24, 0.68), (0.24, 0.32), 0.0, -310.0))]),
        'i' => (0.02, vec![vec![(0.01, 0.36), (0.01, 1.0)], dot((0.01, 0.1))]),
        'p' => (0.48, vec![bowl(), vec![(0.0, 0.36), (0.0, 1.28)]]),
        'r' => (0.3, vec![vec![(0.0, 0.36), (0.0, 1.0)], arc((0.22, 0.62), (0.22, 0.26), 180.0, 300.0)]),
        's' => (
            0.4,
            vec![joined(arc((0.2, 0.52), (0.18, 0.16), 330.0, 90.0), &arc((0.2, 0.84), (0.19, 0.16), 270.0, 510.0))],
        ),
        't' => (
            0.3,
            vec![
                joined(vec![(0.12, 0.1)], &arc((0.27, 0.85), (0.15, 0.15), 180.0, 80.0)),
                vec![(0.0, 0.36), (0.28, 0.36)],
            ],
        ),
        'u' => (
            0.44,
            vec![
                joined(vec![(0.0, 0.36)], &arc((0.22, 0.76), (0.22, 0.24), 180.0, 0.0)),
                vec![(0.44, 0.36), (0.44, 1.0)],
            ],
        ),
        _ => (0.2, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shown_character_covers_pixels() {
        for letter in "0123456789:.LareiratestpictureUTC".chars() {
            let glyph = Glyph::new(letter, 40.0);
            let covered = glyph.coverage.iter().filter(|&&pixel| pixel > 128).count();
            assert!(covered > 15, "{letter}: {covered} pixels");
            assert_eq!(glyph.coverage.len() % glyph.width, 0);
        }
        assert!(Glyph::new(' ', 40.0).coverage.iter().all(|&pixel| pixel == 0));
    }

    #[test]
    fn digits_are_equally_wide_so_that_the_clock_stands_still() {
        let advances: Vec<i32> = ('0'..='9').map(|digit| Glyph::new(digit, 76.0).advance).collect();
        assert!(advances.iter().all(|advance| *advance == advances[0]), "{advances:?}");
    }
}
