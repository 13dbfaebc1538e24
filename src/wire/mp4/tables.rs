//! The sample tables of a finished file (14496-12, 8.6 and 8.7), walked where they lie: where each sample is, and when.
//!
//! Nothing is unpacked: a table that lies about millions of samples costs no memory, and is told at the first that isn't
//! there.

use bytes::Bytes;

use crate::ground::limits;
use crate::wire::mp4::Mp4Error;
use crate::wire::mp4::boxes::{Fields, boxes};

/// One sample of a track; times in the track's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Decoding time.
    pub(super) time: i64,
    /// Up to the next one's decoding time.
    pub(super) duration: u32,
    /// From decoding to showing.
    pub(super) composition_offset: i32,
    /// Where it is in the file.
    pub(super) offset: u64,
    /// How many bytes it has.
    pub(super) size: u32,
    /// Which sample entry holds for it, counted from 0.
    pub(super) entry: usize,
    /// Whether decoding can start here.
    pub(super) key: bool,
}

/// The tables of one track. Cloning shares them.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    /// When the first sample is decoded.
    pub(super) start: i64,
    /// Runs of a duration: `stts`.
    pub(super) durations: Bytes,
    /// Runs of an offset: `ctts`; empty without.
    pub(super) compositions: Bytes,
    /// Numbers of key samples: `stss`; `None`: all are.
    pub(super) keys: Option<Bytes>,
    /// Runs of chunks: `stsc`.
    pub(super) chunk_runs: Bytes,
    /// Places of chunks, in four bytes or, where `wide`, eight: `stco`, `co64`.
    pub(super) chunks: Bytes,
    pub(super) wide: bool,
    /// Sizes: `stsz`; empty where all have the same.
    pub(super) sizes: Bytes,
    pub(super) same_size: u32,
    /// How many samples there are.
    pub(super) count: u32,
}

impl Tables {
    /// Finds the tables in an `stbl` (its body), which lies in `moov`.
    pub(super) fn parse(moov: &Bytes, stbl: &[u8]) -> Result<Self, Mp4Error> {
        let table = |kind: &[u8; 4]| {
            let body = boxes(stbl).find(|(found, _)| found == kind)?.1;
            body.get(8..).map(|rows| moov.slice_ref(rows))
        };
        let broken = || Mp4Error::Broken("sample tables");
        let sizes = boxes(stbl).find(|(kind, _)| kind == b"stsz").ok_or_else(broken)?.1;
        let mut fields = Fields(sizes.get(4..).ok_or_else(broken)?);
        let (same_size, count) = fields.u32().zip(fields.u32()).ok_or_else(broken)?;
        if count > limits::MP4_SAMPLES {
            return Err(Mp4Error::TooLarge("samples"));
        }
        let sizes = moov.slice_ref(fields.0);
        if same_size == 0 && sizes.len() / 4 < count as usize {
            return Err(broken());
        }
        let wide = table(b"stco").is_none();
        Ok(Self {
            start: 0,
            durations: table(b"stts").ok_or_else(broken)?,
            compositions: table(b"ctts").unwrap_or_default(),
            keys: table(b"stss"),
            chunk_runs: table(b"stsc").ok_or_else(broken)?,
            chunks: table(if wide { b"co64" } else { b"stco" }).ok_or_else(broken)?,
            wide,
            sizes,
            same_size,
            count,
        })
    }

    /// How many samples there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The samples in decoding order. Ends after the first error.
    pub(super) fn rows(&self) -> Rows {
        Rows {
            tables: self.clone(),
            number: 0,
            time: self.start,
            duration: Cursor::default(),
            composition: Cursor::default(),
            next_key: 0,
            chunk: 0,
            chunk_run: 0,
            left_in_chunk: 0,
            offset: 0,
            entry: 0,
            failed: false,
        }
    }

    fn word(table: &Bytes, index: usize) -> Option<u32> {
        Fields(table.get(index.checked_mul(4)?..)?).u32()
    }

    fn chunk(&self, index: usize) -> Option<u64> {
        let at = index.checked_mul(if self.wide { 8 } else { 4 })?;
        Fields(self.chunks.get(at..)?).sized(self.wide)
    }
}

/// A place in a table of runs: how often, and which value.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    next_run: usize,
    left: u32,
    value: u32,
}

impl Cursor {
    fn next(&mut self, table: &Bytes) -> Option<u32> {
        while self.left == 0 {
            self.left = Tables::word(table, self.next_run * 2)?;
            self.value = Tables::word(table, self.next_run * 2 + 1)?;
            self.next_run += 1;
        }
        self.left -= 1;
        Some(self.value)
    }
}

/// Walks the samples of a track.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    tables: Tables,
    number: u32,
    time: i64,
    duration: Cursor,
    composition: Cursor,
    /// Index of the next entry of `stss`.
    next_key: usize,
    /// Chunks begun so far.
    chunk: u32,
    /// Runs of `stsc` begun so far.
    chunk_run: usize,
    left_in_chunk: u32,
    offset: u64,
    entry: usize,
    failed: bool,
}

impl Iterator for Rows {
    type Item = Result<Row, Mp4Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.number >= self.tables.count {
            return None;
        }
        let row = self.row();
        self.failed = row.is_none();
        Some(row.ok_or(Mp4Error::Broken("sample tables")))
    }
}

impl Rows {
    /// When the next sample is decoded.
    pub(super) fn time(&self) -> i64 {
        self.time
    }

    fn row(&mut self) -> Option<Row> {
        while self.left_in_chunk == 0 {
            self.begin_chunk()?;
        }
        self.left_in_chunk -= 1;
        self.number += 1;
        let Self { tables, number, .. } = self;
        let size = match tables.same_size {
            0 => Tables::word(&tables.sizes, *number as usize - 1)?,
            size => size,
        };
        let duration = self.duration.next(&tables.durations)?;
        // Version 0 has no sign, but QuickTime reads one all the same.
        let composition_offset =
            if tables.compositions.is_empty() { 0 } else { self.composition.next(&tables.compositions)? as i32 };
        let key = match &tables.keys {
            None => true,
            Some(keys) => {
                let key = Tables::word(keys, self.next_key) == Some(*number);
                self.next_key += usize::from(key);
                key
            }
        };
        let (time, offset, entry) = (self.time, self.offset, self.entry);
        self.time = time.checked_add(i64::from(duration))?;
        self.offset = offset.checked_add(u64::from(size))?;
        Some(Row { time, duration, composition_offset, offset, size, entry, key })
    }

    /// Goes to the next chunk, and where one begins, to the next run of chunks (8.7.4).
    fn begin_chunk(&mut self) -> Option<()> {
        self.offset = self.tables.chunk(self.chunk as usize)?;
        self.chunk += 1;
        let runs = &self.tables.chunk_runs;
        if Tables::word(runs, self.chunk_run * 3) == Some(self.chunk) {
            self.chunk_run += 1;
        }
        let run = self.chunk_run.checked_sub(1)?;
        self.left_in_chunk = Tables::word(runs, run * 3 + 1)?;
        self.entry = Tables::word(runs, run * 3 + 2)?.checked_sub(1)? as usize;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full(kind: &[u8; 4], words: &[u32]) -> Vec<u8> {
        let mut bytes = (12 + 4 * words.len() as u32).to_be_bytes().to_vec();
        bytes.extend_from_slice(kind);
        bytes.extend_from_slice(&[0; 4]);
        words.iter().for_each(|word| bytes.extend_from_slice(&word.to_be_bytes()));
        bytes
    }

    fn rows(tables: &[Vec<u8>]) -> Vec<Result<Row, Mp4Error>> {
        let stbl = Bytes::from(tables.concat());
        Tables::parse(&stbl, &stbl).expect("all tables are there").rows().collect()
    }

    #[test]
    fn every_table_is_followed() {
        let rows = rows(&[
            full(b"stts", &[2, 2, 100, 3, 50]),
            full(b"ctts", &[2, 1, 200, 4, (-50_i32) as u32]),
            full(b"stss", &[2, 1, 4]),
            full(b"stsc", &[2, 1, 2, 1, 2, 1, 2]),
            full(b"stsz", &[0, 5, 10, 20, 30, 40, 50]),
            full(b"co64", &[4, 0, 1000, 1, 0, 0, 7000, 0, 9000]),
        ]);
        let rows: Vec<_> = rows.into_iter().map(|row| row.expect("good tables")).collect();
        assert_eq!(rows.iter().map(|row| row.time).collect::<Vec<_>>(), [0, 100, 200, 250, 300]);
        assert_eq!(rows.iter().map(|row| row.composition_offset).collect::<Vec<_>>(), [200, -50, -50, -50, -50]);
        assert_eq!(rows.iter().map(|row| row.offset).collect::<Vec<_>>(), [1000, 1010, 1 << 32, 7000, 9000]);
        assert_eq!(rows.iter().map(|row| row.entry).collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
        assert_eq!(rows.iter().map(|row| row.key).collect::<Vec<_>>(), [true, false, false, true, false]);
        assert_eq!((rows[4].size, rows[4].duration), (50, 50));
    }

    #[test]
    fn tables_that_do_not_reach_are_told() {
        let table = |stts: &[u32], stsc: &[u32], chunks: &[u32]| {
            let found =
                rows(&[full(b"stts", stts), full(b"stsc", stsc), full(b"stsz", &[100, 3]), full(b"stco", chunks)]);
            (found.len(), found.iter().filter(|row| row.is_err()).count())
        };
        assert_eq!(table(&[1, 3, 1], &[1, 1, 3, 1], &[1, 0]), (3, 0));
        assert_eq!(table(&[1, 2, 1], &[1, 1, 3, 1], &[1, 0]), (3, 1), "too few durations");
        assert_eq!(table(&[1, 3, 1], &[1, 1, 1, 1], &[1, 0]), (2, 1), "too few chunks");
        assert_eq!(table(&[1, 3, 1], &[1, 1, 3, 0], &[1, 0]), (1, 1), "no sample entry");
        assert_eq!(table(&[1, 3, 1], &[1, 2, 3, 1], &[1, 0]), (1, 1), "the first chunk is in no run");
        assert_eq!(table(&[1, 3, 1], &[1, 1, 0, 1], &[2, 0, 0]), (1, 1), "chunks without samples");
    }

    #[test]
    fn more_samples_than_can_be_are_refused() {
        let parse = |words: &[u32]| {
            let stbl = Bytes::from(full(b"stsz", words));
            Tables::parse(&stbl, &stbl).err()
        };
        assert_eq!(parse(&[1, u32::MAX]), Some(Mp4Error::TooLarge("samples")));
        assert_eq!(parse(&[0, 1000, 1]), Some(Mp4Error::Broken("sample tables")));
    }

    proptest! {
        #[test]
        fn any_tables_are_answered(stts: Vec<u32>, ctts: Vec<u32>, stss: Vec<u32>, stsc: Vec<u32>, stco: Vec<u32>, count in 0..300u32) {
            let tables = [
                full(b"stts", &stts), full(b"ctts", &ctts), full(b"stss", &stss), full(b"stsc", &stsc),
                full(b"stsz", &[7, count]), full(b"stco", &stco),
            ];
            let stbl = Bytes::from(tables.concat());
            if let Ok(tables) = Tables::parse(&stbl, &stbl) {
                prop_assert!(tables.rows().count() <= count as usize);
            }
        }
    }
}
