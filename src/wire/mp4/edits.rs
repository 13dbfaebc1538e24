//! Edit lists (14496-12, 8.6.6): which pieces of a track are shown, and when. What is in none of them was cut away, and is
//! not to be seen.

use crate::ground::limits;
use crate::ground::time::Ticks90k;
use crate::wire::mp4::Mp4Error;
use crate::wire::mp4::boxes::Fields;

/// `media_rate` of a piece that is shown as fast as it was filmed, in 16.16.
const USUAL_RATE: u32 = 0x0001_0000;
/// What of a picture is inside of a piece counts, if it is this long or half of the picture.
const SEEN: Ticks90k = Ticks90k::from_ms(20);

/// A piece of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// When it begins on the film's timeline.
    pub at: Ticks90k,
    /// Where in the track it begins, in the track's units.
    pub start: i64,
    /// How long it is; `None`: up to the track's end.
    pub length: Option<Ticks90k>,
    /// Whether the picture of its beginning stands still all that time.
    pub still: bool,
}

impl Piece {
    /// When a moment of the track, in its units, is on the film's timeline.
    pub fn place(&self, time: i64, timescale: u32) -> Ticks90k {
        self.at + Ticks90k::from_units(time.saturating_sub(self.start), timescale)
    }

    /// Where it ends, in the track's units; the very end where that isn't said.
    pub(super) fn end(&self, timescale: u32) -> i64 {
        self.length.map_or(i64::MAX, |length| self.start.saturating_add(length.to_units(timescale)))
    }

    /// Where a picture that is shown for `duration` from `time` on (in the track's units) lies.
    pub(super) fn side(&self, time: i64, duration: u32, timescale: u32) -> Side {
        self.side_by((i64::from(duration) / 2).min(SEEN.to_units(timescale)), time, duration, timescale)
    }

    /// Where a piece of sound lies: as most of it does.
    pub(super) fn side_of_sound(&self, time: i64, duration: u32, timescale: u32) -> Side {
        self.side_by(i64::from(duration) / 2, time, duration, timescale)
    }

    /// Where a sample lies of which so much counts.
    fn side_by(&self, counts: i64, time: i64, duration: u32, timescale: u32) -> Side {
        let counts = counts.max(1);
        let (start, end) = (self.start, self.end(timescale));
        if self.still {
            let until = time.saturating_add(i64::from(duration));
            return if until <= start {
                Side::Before
            } else if time > start {
                Side::Behind
            } else {
                Side::Inside
            };
        }
        if time.saturating_add(i64::from(duration)).saturating_sub(start) < counts {
            Side::Before
        } else if end.saturating_sub(time) < counts {
            Side::Behind
        } else {
            Side::Inside
        }
    }
}

/// Where a sample lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Before the piece.
    Before,
    /// It is shown or heard.
    Inside,
    /// Behind the piece.
    Behind,
}

/// Reads an `elst` (its body). Pieces that join are one; there is one at least.
pub(super) fn parse(elst: &[u8], movie_timescale: u32, timescale: u32) -> Result<Vec<Piece>, Mp4Error> {
    let broken = || Mp4Error::Broken("edit list");
    let mut fields = Fields(elst);
    let wide = fields.u32().ok_or_else(broken)? >> 24 == 1;
    let count = fields.u32().ok_or_else(broken)?;
    if count > limits::MP4_EDITS {
        return Err(Mp4Error::TooLarge("pieces that it was put together of"));
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = Ticks90k(0);
    for _ in 0..count {
        let duration = fields.sized(wide).ok_or_else(broken)?;
        let time = fields.sized(wide).ok_or_else(broken)?;
        let rate = fields.u32().ok_or_else(broken)?;
        let start = if wide { time as i64 } else { i64::from(time as u32 as i32) };
        let span = i64::try_from(duration).ok().filter(|span| is_plausible(*span, movie_timescale));
        let span = Ticks90k::from_units(span.ok_or_else(broken)?, movie_timescale);
        let still = rate == 0;
        if start == -1 {
            at += span;
            if at.0 > limits::MP4_SECONDS as i64 * Ticks90k::PER_SECOND {
                return Err(broken());
            }
            continue;
        }
        if start < 0 || !is_plausible(start, timescale) {
            return Err(broken());
        }
        if !still && rate != USUAL_RATE {
            return Err(Mp4Error::Edited);
        }
        if duration > 0 && span.0 == 0 {
            continue; // It shows nothing; and not all that is left, as one of no length does.
        }
        let piece = Piece { at, start, length: (duration > 0).then_some(span), still };
        match pieces.last_mut() {
            Some(last) if last.length.is_none() => return Err(broken()),
            // Times of the film may be coarser than those of the track.
            Some(last)
                if !last.still
                    && !still
                    && last.at + last.length.unwrap_or_default() == at
                    && u128::from((last.end(timescale) - start).unsigned_abs()) * u128::from(movie_timescale)
                        <= u128::from(timescale.max(movie_timescale)) =>
            {
                last.length = piece.length.map(|more| last.length.unwrap_or_default() + more);
            }
            _ => pieces.push(piece),
        }
        at += span;
        if at.0 > limits::MP4_SECONDS as i64 * Ticks90k::PER_SECOND {
            return Err(broken());
        }
    }
    if pieces.is_empty() {
        pieces.push(Piece { at, ..Piece::default() });
    }
    Ok(pieces)
}

/// Whether a time in units of `timescale` is one a film can have: so nothing that is reckoned with it runs over.
pub(super) fn is_plausible(units: i64, timescale: u32) -> bool {
    units.unsigned_abs() <= limits::MP4_SECONDS * u64::from(timescale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An edit list of version 0 of these entries: duration, start, rate.
    fn list(entries: &[(u32, i32, u32)]) -> Vec<u8> {
        let mut elst = vec![0; 4];
        elst.extend_from_slice(&(entries.len() as u32).to_be_bytes());
        for (duration, start, rate) in entries {
            [*duration, *start as u32, *rate].iter().for_each(|word| elst.extend_from_slice(&word.to_be_bytes()));
        }
        elst
    }

    fn read(entries: &[(u32, i32, u32)]) -> Result<Vec<(i64, i64, i64)>, Mp4Error> {
        let told = |piece: &Piece| (piece.at.to_ms(), piece.start, piece.length.map_or(0, Ticks90k::to_ms));
        parse(&list(entries), 1000, 15_360).map(|pieces| pieces.iter().map(told).collect())
    }

    const RATE: u32 = USUAL_RATE;

    #[test]
    fn pieces_follow_each_other_on_the_films_timeline() {
        assert_eq!(read(&[(2000, 1024, RATE), (2000, 77_824, RATE)]), Ok(vec![(0, 1024, 2000), (2000, 77_824, 2000)]));
        assert_eq!(read(&[(500, -1, RATE), (0, 1024, RATE)]), Ok(vec![(500, 1024, 0)]), "an empty one is a delay");
        let apart = [(1000, 0, RATE), (700, -1, RATE), (1000, 15_360, RATE)];
        assert_eq!(read(&apart), Ok(vec![(0, 0, 1000), (1700, 15_360, 1000)]), "a delay in between");
        assert_eq!(read(&[(300, -1, RATE)]), Ok(vec![(300, 0, 0)]), "no media at all: all of them, later");
    }

    #[test]
    fn pieces_that_join_are_one() {
        assert_eq!(read(&[(3000, 1024, RATE), (5000, 47_104, RATE)]), Ok(vec![(0, 1024, 8000)]));
        assert_eq!(read(&[(3000, 1024, RATE), (5000, 47_110, RATE)]), Ok(vec![(0, 1024, 8000)]), "in coarser times");
        assert_eq!(read(&[(1000, 0, RATE), (1000, 0, RATE)]).map(|pieces| pieces.len()), Ok(2), "the same once more");
    }

    #[test]
    fn a_picture_may_stand_still_and_nothing_may_go_faster() {
        let pieces = parse(&list(&[(1000, 0, RATE), (2000, 15_360, 0)]), 1000, 15_360).expect("both are taken");
        assert_eq!(pieces.iter().map(|piece| piece.still).collect::<Vec<_>>(), [false, true]);
        assert_eq!(pieces[1].side(15_360 - 512, 512, 15_360), Side::Before);
        assert_eq!(pieces[1].side(15_360, 512, 15_360), Side::Inside);
        assert_eq!(pieces[1].side(15_361, 512, 15_360), Side::Behind);
        assert_eq!(read(&[(1000, 0, 2 * RATE)]), Err(Mp4Error::Edited));
    }

    #[test]
    fn a_sample_is_where_most_of_it_is() {
        let piece = Piece { start: 1000, length: Some(Ticks90k(90_000)), ..Piece::default() };
        let side = |time, duration| piece.side(time, duration, 1000);
        assert_eq!(side(981, 33), Side::Before);
        assert_eq!(side(984, 33), Side::Inside);
        assert_eq!(side(1984, 33), Side::Inside);
        assert_eq!(side(1990, 33), Side::Behind);
        assert_eq!(side(0, 1021), Side::Inside, "a picture that stands long shows long enough");
        assert_eq!(side(1000, 0), Side::Before, "nothing");
        assert_eq!(piece.side_of_sound(880, 128, 1000), Side::Before, "sound that was cut away for the most part");
        assert_eq!(piece.side_of_sound(936, 128, 1000), Side::Inside);
    }

    #[test]
    fn an_edit_of_next_to_nothing_is_not_all_the_rest() {
        let list = list(&[(1, 500, RATE), (1_000_000, 7000, RATE)]);
        let pieces = parse(&list, 1_000_000, 15_360).expect("good");
        assert_eq!(
            pieces.iter().map(|piece| (piece.start, piece.length)).collect::<Vec<_>>(),
            [(7000, Some(Ticks90k(90_000)))]
        );
    }

    #[test]
    fn lists_that_lie_are_refused() {
        let many = [&[0; 4][..], &1_000_000_u32.to_be_bytes()].concat();
        assert_eq!(parse(&many, 1000, 1000), Err(Mp4Error::TooLarge("pieces that it was put together of")));
        assert_eq!(read(&[(u32::MAX, 0, RATE)]), Err(Mp4Error::Broken("edit list")), "49 days");
        assert_eq!(read(&[(1_500_000_000, -1, RATE), (1_500_000_000, -1, RATE)]), Err(Mp4Error::Broken("edit list")));
        assert_eq!(
            read(&[(0, 0, RATE), (1000, 5, RATE)]),
            Err(Mp4Error::Broken("edit list")),
            "behind one without an end"
        );
        let wide: Vec<u8> =
            [&[1, 0, 0, 0, 0, 0, 0, 1][..], &(1_u64 << 63).to_be_bytes(), &0_u64.to_be_bytes(), &RATE.to_be_bytes()]
                .concat();
        assert_eq!(parse(&wide, 1000, 1000), Err(Mp4Error::Broken("edit list")));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, scales in (1_u32.., 1_u32..), time: i64, duration: u32) {
            for piece in parse(&bytes, scales.0, scales.1).unwrap_or_default() {
                let _ = (piece.side(time, duration, scales.1), piece.place(time, scales.1));
            }
        }
    }
}
