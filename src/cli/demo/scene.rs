//! The hearth of the test picture: wall, mantel, stones and logs that stand still, and flames that don't.

use super::canvas::{Colour, HEIGHT, WIDTH, blend, mix};
use super::font::{Glyph, distance, length};
use crate::ground::picture::Picture;
use crate::ground::time::UnixMs;

/// Where flames may be: left, top, width, height in pixels, all even.
const FIRE: (usize, usize, usize, usize) = (160, 290, 360, 330);
/// The flames' heat is worked out for every second pixel.
const CELLS: (usize, usize) = (FIRE.2 / 2, FIRE.3 / 2);

/// The colour of letters.
pub(super) fn cream() -> Colour {
    Colour::rgb(1.0, 0.91, 0.78)
}

/// The colour of the bar and of small letters.
pub(super) fn amber() -> Colour {
    Colour::rgb(0.93, 0.58, 0.25)
}

/// Red, green and blue from 0 to 1.
type Rgb = [f32; 3];

/// Everything that stands still.
pub(super) fn background() -> Picture {
    let mut picture = Picture::grey(WIDTH, HEIGHT);
    for y in (0..HEIGHT).step_by(2) {
        for x in (0..WIDTH).step_by(2) {
            let mut sum: Rgb = [0.0; 3];
            for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
                let colour = scenery(x as f32 + 0.5, y as f32 + 0.5);
                // Half a step of luma to and fro, so that slow gradients show no edges.
                let grain = ((x * 7919 + y * 104_729 + x * y * 31) % 16) as f32 / 16.0 - 0.5;
                let luma = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2];
                picture.y[y * WIDTH + x] = (16.5 + 219.0 * luma + grain) as u8;
                (0..3).for_each(|i| sum[i] += colour[i] / 4.0);
            }
            let Colour { u, v, .. } = Colour::rgb(sum[0], sum[1], sum[2]);
            picture.u[y / 2 * WIDTH / 2 + x / 2] = u;
            picture.v[y / 2 * WIDTH / 2 + x / 2] = v;
        }
    }
    write(&mut picture, "Lareira", (696, 178), 112.0, cream());
    write(&mut picture, "test picture", (696, 346), 30.0, amber());
    write(&mut picture, "UTC", (696, 596), 26.0, amber());
    picture
}

fn write(picture: &mut Picture, text: &str, (mut x, y): (i32, i32), height: f32, colour: Colour) {
    for letter in text.chars() {
        let glyph = Glyph::new(letter, height);
        blend(picture, &glyph, (x, y), colour);
        x += glyph.advance;
    }
}

/// The colour of one point of the room.
fn scenery(x: f32, y: f32) -> Rgb {
    let wall = towards([0.20, 0.085, 0.075], [0.10, 0.04, 0.05], y / HEIGHT as f32);
    let glow = (1.0 - length((x - 340.0) / 760.0, (y - 500.0) / 520.0)).max(0.0).powi(2);
    let mut colour = add(wall, [0.62, 0.26, 0.09], glow * 0.8);
    let floor = edge(648.0 - y);
    let boards = if (y - 648.0).rem_euclid(24.0) < 2.0 { 0.75 } else { 1.0 };
    colour = towards(colour, scale(add([0.16, 0.07, 0.045], [0.7, 0.32, 0.1], glow * 0.6), boards), floor);
    // The stones round the fire, in courses of bricks, and the opening with its round top.
    let stones = edge(inside_arch(x, y, 266.0, 216.0, 60.0));
    let course = (y / 36.0).floor();
    let seam = (y.rem_euclid(36.0) < 3.0) || ((x + course.rem_euclid(2.0) * 42.0).rem_euclid(84.0) < 3.0);
    let tint = ((course * 3.7 + ((x + course.rem_euclid(2.0) * 42.0) / 84.0).floor() * 5.3).sin() * 0.5 + 0.5) * 0.05;
    let brick = if seam { [0.19, 0.10, 0.08] } else { [0.40 + tint, 0.21 + tint, 0.15 + tint] };
    colour = towards(colour, add(brick, [0.5, 0.2, 0.05], glow * 0.35), stones);
    let opening = edge(inside_arch(x, y, 190.0, 276.0, 150.0));
    let hollow = towards([0.05, 0.022, 0.02], [0.30, 0.10, 0.03], ((y - 400.0) / 250.0).clamp(0.0, 1.0).powi(2));
    colour = towards(colour, hollow, opening);
    // Two logs and the shelf above.
    for ((from, to), wood) in [(((212.0, 630.0), (455.0, 600.0)), 0.8), (((228.0, 596.0), (470.0, 632.0)), 1.0)] {
        let off = distance((x, y), from, to);
        let bark = scale([0.30, 0.15, 0.08], wood * (1.15 - 0.55 * (off / 19.0).min(1.0)));
        colour = towards(colour, bark, edge(off - 19.0));
    }
    let shelf = edge((x - 340.0).abs() - 296.0).min(edge((y - 190.0).abs() - 17.0));
    let grain = 1.0 + 0.07 * (y * 0.9 + (x * 0.013).sin() * 5.0).sin();
    towards(colour, scale([0.47, 0.26, 0.13], grain * (1.15 - (y - 173.0) / 120.0)), shelf)
}

/// How far a point lies outside an opening on the floor: half its width, its top, and the height of its round part.
fn inside_arch(x: f32, y: f32, half: f32, top: f32, round: f32) -> f32 {
    let sides = (x - 340.0).abs() - half;
    let bow =
        if y < top + round { (length((x - 340.0) / half, (y - top - round) / round) - 1.0) * round } else { sides };
    bow.max(sides).max(y - 648.0)
}

/// 1 inside, 0 outside, soft over a pixel.
fn edge(outside: f32) -> f32 {
    (0.5 - outside).clamp(0.0, 1.0)
}

fn towards(from: Rgb, to: Rgb, share: f32) -> Rgb {
    [0, 1, 2].map(|i| from[i] + (to[i] - from[i]) * share)
}

fn add(to: Rgb, what: Rgb, share: f32) -> Rgb {
    [0, 1, 2].map(|i| (to[i] + what[i] * share).min(1.0))
}

fn scale(colour: Rgb, by: f32) -> Rgb {
    colour.map(|part| (part * by).clamp(0.0, 1.0))
}

/// One flame: where it stands (of the fire's width), how wide and high it is, and how it sways.
struct Tongue {
    place: f32,
    width: f32,
    height: f32,
    speed: f32,
}

const TONGUES: [Tongue; 6] = [
    Tongue { place: 0.27, width: 0.10, height: 0.46, speed: 1.9 },
    Tongue { place: 0.38, width: 0.13, height: 0.72, speed: 1.3 },
    Tongue { place: 0.50, width: 0.16, height: 0.93, speed: 1.0 },
    Tongue { place: 0.61, width: 0.13, height: 0.78, speed: 1.5 },
    Tongue { place: 0.72, width: 0.11, height: 0.52, speed: 1.7 },
    Tongue { place: 0.55, width: 0.10, height: 0.60, speed: 2.3 },
];

/// The fire.
pub(super) struct Flames {
    /// Heat of each cell, with one more column and row than there are cells, from 0 to 255.
    heat: Vec<u8>,
    /// Colour by heat, and how much of it covers what is behind.
    palette: Vec<(Colour, u8)>,
}

impl Flames {
    pub(super) fn new() -> Self {
        Self { heat: vec![0; (CELLS.0 + 1) * (CELLS.1 + 1)], palette: (0..=255).map(ember).collect() }
    }

    /// Draws the fire of the moment `date` over the background.
    pub(super) fn draw(&mut self, background: &Picture, picture: &mut Picture, date: UnixMs) {
        let seconds = date.0.rem_euclid(3_600_000) as f32 / 1000.0;
        self.heat.fill(0);
        for (number, tongue) in TONGUES.iter().enumerate() {
            self.burn(tongue, number as f32, seconds);
        }
        self.fly(seconds);
        self.paint(background, picture);
    }

    fn burn(&mut self, tongue: &Tongue, number: f32, seconds: f32) {
        let (columns, rows) = (CELLS.0 as f32, CELLS.1 as f32);
        let phase = seconds * tongue.speed * 2.2 + number * 1.7;
        let height = tongue.height * rows * (0.86 + 0.10 * phase.sin() + 0.04 * (phase * 2.7).sin());
        for row in (rows - height).max(0.0) as usize..CELLS.1 {
            let up = (rows - row as f32) / height; // 0 at the bottom, 1 at the tip
            let sway = (phase * 0.8 - up * 3.1).sin() * 0.045 * up + (phase * 1.9 - up * 7.0).sin() * 0.02 * up;
            let centre = (tongue.place + sway) * columns;
            let half = tongue.width * columns * (1.0 - up).max(0.0).powf(0.75) * (0.55 + 1.1 * up.min(0.45));
            if half < 0.5 {
                continue;
            }
            // Cooler towards the tip, and soft where it leaves the wood.
            let strength = 255.0 * (1.0 - 0.55 * up * up) * ((rows - row as f32) / 12.0).min(1.0);
            let (from, to) = ((centre - half).max(0.0) as usize, ((centre + half) as usize + 1).min(CELLS.0));
            let line = &mut self.heat[row * (CELLS.0 + 1)..][..CELLS.0];
            for (column, cell) in line.iter_mut().enumerate().take(to).skip(from) {
                let off = (column as f32 - centre) / half;
                *cell = (*cell).max((strength * (1.0 - off * off).max(0.0)) as u8);
            }
        }
    }

    /// Sparks: each rises, sways and dies, and starts again.
    fn fly(&mut self, seconds: f32) {
        for spark in 0..7u8 {
            let number = f32::from(spark);
            let life = (seconds * (0.22 + 0.03 * number) + number * 0.37).fract();
            let x = 0.5 + 0.22 * (number * 2.4).sin() + 0.05 * (life * 6.0 + number).sin();
            let (x, y) = ((x * CELLS.0 as f32) as usize, ((1.0 - life) * 0.9 * CELLS.1 as f32) as usize);
            let cell = &mut self.heat[y * (CELLS.0 + 1) + x];
            *cell = (*cell).max((230.0 * (1.0 - life)) as u8);
        }
    }

    fn paint(&self, background: &Picture, picture: &mut Picture) {
        let (left, top, width, _) = FIRE;
        let over = |mut under: u8, over: u8, share: u8| {
            mix(&mut under, over, share);
            under
        };
        for row in 0..CELLS.1 {
            let heat = &self.heat[row * (CELLS.0 + 1)..][..CELLS.0 + 1];
            let below = &self.heat[(row + 1) * (CELLS.0 + 1)..][..CELLS.0 + 1];
            let chroma = (top / 2 + row) * WIDTH / 2 + left / 2;
            for (column, &heat) in heat[..CELLS.0].iter().enumerate() {
                let (colour, share) = self.palette[usize::from(heat)];
                picture.u[chroma + column] = over(background.u[chroma + column], colour.u, share);
                picture.v[chroma + column] = over(background.v[chroma + column], colour.v, share);
            }
            for half in 0..2 {
                let luma = (top + row * 2 + half) * WIDTH + left;
                let cells = heat.windows(2).zip(below.windows(2));
                let lines = background.y[luma..luma + width].chunks_exact(2);
                let pixels = picture.y[luma..luma + width].chunks_exact_mut(2);
                for (((here, below), behind), pixels) in cells.zip(lines).zip(pixels) {
                    let (a, b) = if half == 0 {
                        (here[0], mean(here[0], here[1]))
                    } else {
                        let (a, b) = (mean(here[0], below[0]), mean(here[1], below[1]));
                        (a, mean(a, b))
                    };
                    for ((heat, behind), pixel) in [a, b].into_iter().zip(behind).zip(pixels) {
                        let (colour, share) = self.palette[usize::from(heat)];
                        *pixel = over(*behind, colour.y, share);
                    }
                }
            }
        }
    }
}

fn mean(a: u8, b: u8) -> u8 {
    ((u16::from(a) + u16::from(b)).div_ceil(2)) as u8
}

/// The colour of a heat: from nothing over red and orange to nearly white.
fn ember(heat: u8) -> (Colour, u8) {
    const STEPS: [(f32, Rgb); 5] = [
        (0.0, [0.45, 0.05, 0.02]),
        (0.3, [0.85, 0.22, 0.04]),
        (0.6, [1.0, 0.52, 0.10]),
        (0.85, [1.0, 0.82, 0.36]),
        (1.0, [1.0, 0.95, 0.75]),
    ];
    let heat = f32::from(heat) / 255.0;
    let mut colour = STEPS[0].1;
    for pair in STEPS.windows(2) {
        if heat >= pair[0].0 {
            colour = towards(pair[0].1, pair[1].1, (heat - pair[0].0) / (pair[1].0 - pair[0].0));
        }
    }
    let share = (heat * 2.2).min(1.0);
    (Colour::rgb(colour[0], colour[1], colour[2]), (share * 255.0) as u8)
}
