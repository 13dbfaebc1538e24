//! Which pictures of a film are shown: whole groups are taken as they are; where a piece of the edit list begins or ends
//! inside of a group, the pictures of that end are decoded and coded again, since the group holds what was cut away.
//!
//! Nothing that lies outside of all pieces is in what comes out, not even as something that others need for decoding.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::ground::limits;
use crate::ground::time::Ticks90k;
use crate::wire::mp4::Mp4Error;
use crate::wire::mp4::edits::{Piece, Side, is_plausible};
use crate::wire::mp4::tables::{Row, Rows, Tables};

/// Samples from one mark to the next.
const MARKED: u32 = 4096;

/// Sound is longer than the pictures if it goes on so long: all that is less comes of the length of its pieces.
const LONGER: Ticks90k = Ticks90k::from_ms(100);

/// What is done where a piece begins or ends inside of a group of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cuts {
    /// The pictures of the group that are shown are coded again.
    Recoded,
    /// The piece begins at the next key frame, and ends before what can't be shown alone.
    AtKeys,
}

/// A track: its pieces, and where its samples are.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) timescale: u32,
    pub(super) pieces: Vec<Piece>,
    tables: Tables,
    /// Places in the tables, so many samples apart.
    marks: Vec<Rows>,
    /// When its last sample is over.
    end: i64,
}

/// The pictures of a track as they are planned with.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    /// When each is shown, in decoding order.
    pts: Vec<i64>,
    /// How long each is shown: until the next one is.
    durations: Vec<u32>,
    /// Numbers of those that the file calls key pictures.
    keys: Vec<u32>,
}

/// Consecutive samples (in decoding order) that are taken in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The number of the first, and of the first behind it.
    pub(super) first: u32,
    pub(super) end: u32,
    pub(super) piece: Piece,
    /// `None`: as they are.
    pub(super) recoded: Option<Recoded>,
    /// Pictures that were shown in the stretches before.
    pub(super) base: usize,
}

/// Which pictures of a stretch are shown, once it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recoded {
    /// So many come before them, in the order in which they are shown.
    pub(super) hidden: u32,
    /// So many are shown.
    pub(super) shown: u32,
}

/// What is shown of a film's pictures.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) stretches: Vec<Stretch>,
    /// When each picture is shown on the film's timeline, rising.
    pub(super) times: Vec<Ticks90k>,
    /// How much earlier than that they are decoded, one after the other.
    pub(super) early: Ticks90k,
    /// When the last one has been shown.
    pub(super) end: Ticks90k,
    /// Whether pictures are missing that the edit list shows.
    pub(super) is_shortened: bool,
}

/// A plan, or what must be known for one.
#[derive(Debug)]
pub(super) enum Planned {
    Done(Plan),
    /// Whether decoding can start at these samples.
    Keys(Vec<u32>),
}

/// What is known of the samples that the file calls key pictures: whether decoding can start there.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) known: BTreeMap<u32, bool>,
    /// How often was asked; what has not become known then is taken for no key picture.
    pub(super) rounds: u32,
    wanted: RefCell<Vec<u32>>,
}

impl Keys {
    /// Whether decoding can start at a sample, as far as is known.
    fn is_key(&self, number: u32) -> bool {
        self.known.get(&number).copied().unwrap_or_else(|| {
            let asks = self.rounds < limits::MP4_KEY_ROUNDS;
            if asks {
                self.wanted.borrow_mut().push(number);
            }
            asks
        })
    }
}

impl Part {
    /// Walks a track's samples once; they lie in a file of so many bytes. `take` sees each.
    pub(super) fn new(
        (timescale, pieces, tables): (u32, Vec<Piece>, Tables),
        file_bytes: u64,
        take: &mut dyn FnMut(&Row),
    ) -> Result<Self, Mp4Error> {
        let (mut rows, mut marks, mut end) = (tables.rows(), Vec::new(), 0);
        for number in 0.. {
            if number % MARKED == 0 {
                marks.push(rows.clone());
            }
            let Some(row) = rows.next() else { break };
            let row = row?;
            if !is_plausible(row.time, timescale) || !is_plausible(row.time + i64::from(row.duration), timescale) {
                return Err(Mp4Error::Broken("time of a sample"));
            }
            if row.offset.checked_add(u64::from(row.size)).is_none_or(|end| end > file_bytes) {
                return Err(Mp4Error::Broken("place of a sample"));
            }
            if row.size as usize > limits::ACCESS_UNIT_BYTES {
                return Err(Mp4Error::TooLarge("bytes in one picture"));
            }
            end = row.time + i64::from(row.duration);
            take(&row);
        }
        Ok(Self { timescale, pieces, tables, marks, end })
    }

    /// When the first of its pieces begins, and when the last is over.
    pub(super) fn span(&self) -> [Ticks90k; 2] {
        let end = |piece: &Piece| piece.place(piece.end(self.timescale).min(self.end).max(piece.start), self.timescale);
        let first = self.pieces.first().map_or(Ticks90k(0), |piece| piece.at);
        [first, self.pieces.iter().map(end).max().unwrap_or(first)]
    }

    /// How many samples there are.
    pub(super) fn count(&self) -> u32 {
        self.tables.count()
    }

    /// The samples from this number on.
    pub(super) fn rows_from(&self, number: u32) -> Rows {
        let mut rows = self.marks[(number / MARKED) as usize].clone();
        (0..number % MARKED).for_each(|_| drop(rows.next()));
        rows
    }

    /// The samples from some time before this on.
    pub(super) fn rows_before(&self, time: i64) -> Rows {
        let behind = self.marks.partition_point(|rows| rows.time() <= time);
        self.marks[behind.saturating_sub(1)].clone()
    }
}

impl Pictures {
    /// Takes the next.
    pub(super) fn push(&mut self, row: &Row) {
        if row.key {
            self.keys.push(self.pts.len() as u32);
        }
        self.pts.push(row.time + i64::from(row.composition_offset));
        self.durations.push(row.duration);
    }

    /// All have come. The tables tell how long it is from decoding to decoding, which is of another picture where they are
    /// not decoded as they are shown.
    pub(super) fn settle_durations(&mut self) {
        let mut order: Vec<u32> = (0..self.pts.len() as u32).collect();
        order.sort_unstable_by_key(|n| (self.pts[*n as usize], *n));
        for pair in order.windows(2) {
            let [is, next] = [pair[0] as usize, pair[1] as usize];
            self.durations[is] = u32::try_from(self.pts[next].saturating_sub(self.pts[is])).unwrap_or(u32::MAX);
        }
    }

    /// Plans what is shown of them. `sound`: when the film's sound begins and ends. Where it has sound before its pictures,
    /// the first of them is shown from there on; the last one up to the end of longer sound.
    pub(super) fn plan(
        &self,
        part: &Part,
        cuts: Cuts,
        keys: &mut Keys,
        sound: Option<[Ticks90k; 2]>,
    ) -> Result<Planned, Mp4Error> {
        if self.pts.len() * part.pieces.len() > limits::MP4_PLANNED {
            return Err(Mp4Error::TooLarge("pieces that it was put together of"));
        }
        let first = self.keys.iter().find(|key| keys.is_key(**key)).copied();
        let mut plan = Plan::default();
        if let Some(first) = first {
            let pieces = part.pieces.iter();
            pieces.for_each(|piece| self.piece((piece, part.timescale), first as usize, cuts, keys, &mut plan));
        }
        let wanted = keys.wanted.take();
        if !wanted.is_empty() {
            keys.rounds += 1;
            return Ok(Planned::Keys(wanted));
        }
        match first {
            None => Err(Mp4Error::Broken("no key frame")),
            Some(_) if plan.times.is_empty() && plan.is_shortened => Err(Mp4Error::Uncut),
            Some(_) if plan.times.is_empty() => Err(Mp4Error::NoVideo),
            Some(_) => {
                self.settle(part, sound, &mut plan);
                Ok(Planned::Done(plan))
            }
        }
    }

    /// Plans one piece.
    fn piece(&self, (piece, timescale): (&Piece, u32), first: usize, cuts: Cuts, keys: &Keys, plan: &mut Plan) {
        let mut sides: Vec<Side> =
            (first..self.pts.len()).map(|n| piece.side(self.pts[n], self.durations[n], timescale)).collect();
        if piece.still {
            keep_last(&mut sides, &self.pts[first..]);
        }
        // What comes before the first picture that anything can be decoded from is lost.
        plan.is_shortened |= (0..first).any(|n| piece.side(self.pts[n], self.durations[n], timescale) == Side::Inside);
        let is_inside = |n: usize| sides[n - first] == Side::Inside;
        let Some(lo) = (first..self.pts.len()).find(|n| is_inside(*n)) else { return };
        let hi = (lo..self.pts.len()).rfind(|n| is_inside(*n)).unwrap_or(lo);
        // The earliest that is shown from each on.
        let mut earliest = vec![i64::MAX; hi - lo + 2];
        for n in (lo..=hi).rev() {
            let shown = if is_inside(n) { self.pts[n] } else { i64::MAX };
            earliest[n - lo] = earliest[n + 1 - lo].min(shown);
        }
        // Whole groups begin at a key picture behind which nothing is from before the piece, and all is shown later than
        // what came before it.
        let clean_from = (lo..=hi).rev().find(|n| sides[n - first] == Side::Before).map_or(lo, |before| before + 1);
        let (mut latest, mut seen) = (i64::MIN, lo);
        let candidates = &self.keys[self.keys.partition_point(|key| (*key as usize) < clean_from)..];
        let start = candidates.iter().map(|key| *key as usize).take_while(|key| *key <= hi).find(|key| {
            while seen < *key {
                latest = latest.max(if is_inside(seen) { self.pts[seen] } else { i64::MIN });
                seen += 1;
            }
            is_inside(*key) && latest < earliest[key - lo] && keys.is_key(*key as u32)
        });
        // They end before the first picture that is shown behind the piece, and before what is shown earlier than they.
        let clean = start.map_or(lo..lo, |start| {
            let (mut end, mut latest) = (start, i64::MIN);
            for n in (start..=hi).take_while(|n| sides[n - first] != Side::Behind) {
                latest = latest.max(self.pts[n]);
                if latest < earliest[n + 1 - lo] {
                    end = n + 1;
                }
            }
            start..end
        });
        let recode = |range: Range<usize>, plan: &mut Plan| {
            let shown: Vec<_> = range.filter(|n| is_inside(*n)).collect();
            let (Some(lo), Some(hi)) = (shown.first(), shown.last()) else { return };
            if cuts == Cuts::AtKeys {
                plan.is_shortened = true;
                return;
            }
            let before = &self.keys[..self.keys.partition_point(|key| key <= &(*lo as u32))];
            let from = before.iter().rev().find(|key| **key as usize <= first || keys.is_key(**key));
            let from = from.map_or(first, |key| first.max(*key as usize));
            let mut order: Vec<_> = (from..=*hi).collect();
            order.sort_unstable_by_key(|n| (self.pts[*n], *n));
            let hidden = order.iter().take_while(|n| !(is_inside(**n) && **n >= *lo)).count();
            let is_one_run = order.iter().skip(hidden).take(shown.len()).all(|n| is_inside(*n) && *n >= *lo);
            if !is_one_run {
                // Times that contradict each other: what comes out can't be told apart.
                plan.is_shortened = true;
                return;
            }
            let recoded = Recoded { hidden: hidden as u32, shown: shown.len() as u32 };
            plan.take((from, *hi + 1), piece, Some(recoded));
            plan.show(piece, timescale, shown.iter().map(|n| self.pts[*n]));
        };
        if clean.is_empty() {
            return recode(lo..hi + 1, plan);
        }
        recode(lo..clean.start, plan);
        plan.take((clean.start, clean.end), piece, None);
        plan.show(piece, timescale, self.pts[clean.clone()].iter().copied());
        recode(clean.end..hi + 1, plan);
    }

    /// Puts the times of all that is shown in order, and finds when they are decoded.
    fn settle(&self, part: &Part, sound: Option<[Ticks90k; 2]>, plan: &mut Plan) {
        let Plan { stretches, times, early, end, .. } = plan;
        let last = *stretches.last().expect("something is shown");
        // As long as the last picture says, or its piece.
        let newest = (last.first..last.end).max_by_key(|n| self.pts[*n as usize]).unwrap_or(last.first) as usize;
        let duration = Ticks90k::from_units(i64::from(self.durations[newest]), part.timescale);
        times.sort_unstable();
        if let (Some([begins, _]), Some(first)) = (sound, times.first_mut())
            && begins < part.span()[0]
        {
            *first = begins.min(*first);
        }
        for n in 1..times.len() {
            times[n] = times[n].max(times[n - 1] + Ticks90k(1));
        }
        let newest = *times.last().expect("something is shown");
        *end = match last.piece.length {
            Some(length) if last.piece.still => last.piece.at + length,
            Some(length) => (newest + duration).min(last.piece.at + length),
            None => newest + duration,
        };
        *end = (*end).max(newest + Ticks90k(1));
        if let Some([_, ends]) = sound.filter(|[_, ends]| *ends > *end + LONGER) {
            *end = ends;
        }
        for stretch in stretches.iter().filter(|stretch| stretch.recoded.is_none()) {
            for (n, pts) in (stretch.base..).zip(&self.pts[stretch.first as usize..stretch.end as usize]) {
                let shown = stretch.piece.place(*pts, part.timescale).max(times[stretch.base]);
                *early = (*early).max(times[n] - shown);
            }
        }
    }
}

impl Plan {
    fn take(&mut self, (first, end): (usize, usize), piece: &Piece, recoded: Option<Recoded>) {
        let (first, end, base) = (first as u32, end as u32, self.times.len());
        self.stretches.push(Stretch { first, end, piece: *piece, recoded, base });
    }

    fn show(&mut self, piece: &Piece, timescale: u32, shown: impl Iterator<Item = i64>) {
        self.times.extend(shown.map(|pts| piece.place(pts, timescale).max(piece.at)));
    }

    /// Pictures that are decoded to be coded again.
    pub(super) fn recoded(&self) -> u64 {
        let recoded = self.stretches.iter().filter(|stretch| stretch.recoded.is_some());
        recoded.map(|stretch| u64::from(stretch.end - stretch.first)).sum()
    }

    /// When a picture of this number (in decoding order) is decoded, and how long it is until the next.
    pub(super) fn turn(&self, number: usize) -> (Ticks90k, Ticks90k) {
        let time = self.times[number];
        let next = self.times.get(number + 1).copied().unwrap_or(self.end);
        (time - self.early, next - time)
    }
}

/// Of several pictures that are shown at the moment at which a film stands still, the last holds.
fn keep_last(sides: &mut [Side], pts: &[i64]) {
    let inside = (0..sides.len()).filter(|n| sides[*n] == Side::Inside);
    let Some(last) = inside.max_by_key(|n| pts[*n]) else { return };
    for (n, side) in sides.iter_mut().enumerate() {
        if n != last && *side == Side::Inside {
            *side = Side::Before;
        }
    }
}

#[cfg(test)]
mod tests;
