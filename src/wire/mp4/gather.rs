//! Tables of samples that are told one after the other, as fragments tell them: so a file in fragments is walked like one
//! that has its tables already, and takes little more memory.

use bytes::Bytes;

use crate::ground::limits;
use crate::wire::mp4::Mp4Error;
use crate::wire::mp4::tables::{Row, Tables};

/// Gathers the samples of one track.
#[derive(Debug, Default)]
pub(super) struct Gather {
    durations: Runs,
    compositions: Runs,
    keys: Vec<u8>,
    chunk_runs: Vec<u8>,
    chunks: Vec<u8>,
    sizes: Vec<u8>,
    start: i64,
    count: u32,
    last: Option<Row>,
    /// Samples in the chunk that is open, and in the run of chunks before it with their sample entry.
    in_chunk: u32,
    run: Option<(u32, usize)>,
    chunk_count: u32,
}

/// A table of runs: how often, and which value.
#[derive(Debug, Default)]
struct Runs {
    bytes: Vec<u8>,
    open: Option<(u32, u32)>,
}

impl Runs {
    fn push(&mut self, value: u32) {
        match &mut self.open {
            Some((count, of)) if *of == value => *count += 1,
            _ => {
                self.close();
                self.open = Some((1, value));
            }
        }
    }

    fn close(&mut self) {
        if let Some((count, value)) = self.open.take() {
            words(&mut self.bytes, &[count, value]);
        }
    }
}

fn words(bytes: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| bytes.extend_from_slice(&value.to_be_bytes()));
}

impl Gather {
    /// Takes the next sample; one that is told twice, or goes back in time, is left out. Each lasts until the next.
    pub(super) fn push(&mut self, row: &Row) -> Result<(), Mp4Error> {
        if let Some(last) = &self.last {
            if row.time <= last.time {
                return Ok(());
            }
            let duration = row.time.checked_sub(last.time).and_then(|duration| u32::try_from(duration).ok());
            self.durations.push(duration.ok_or(Mp4Error::Broken("time of a sample"))?);
        } else {
            self.start = row.time;
        }
        if self.count >= limits::MP4_SAMPLES {
            return Err(Mp4Error::TooLarge("samples"));
        }
        self.count += 1;
        let follows =
            self.last.is_some_and(|last| last.offset + u64::from(last.size) == row.offset && last.entry == row.entry);
        if !follows {
            self.close_chunk();
            self.chunk_count += 1;
            self.chunks.extend_from_slice(&row.offset.to_be_bytes());
        }
        self.in_chunk += 1;
        self.compositions.push(row.composition_offset as u32);
        words(&mut self.sizes, &[row.size]);
        if row.key {
            words(&mut self.keys, &[self.count]);
        }
        self.last = Some(*row);
        Ok(())
    }

    fn close_chunk(&mut self) {
        let Some(last) = &self.last else { return };
        let like = (self.in_chunk, last.entry);
        if self.run != Some(like) {
            words(&mut self.chunk_runs, &[self.chunk_count, self.in_chunk, last.entry as u32 + 1]);
            self.run = Some(like);
        }
        self.in_chunk = 0;
    }

    /// All have come.
    pub(super) fn finish(mut self) -> Tables {
        self.close_chunk();
        if let Some(last) = &self.last {
            self.durations.push(last.duration);
        }
        self.durations.close();
        self.compositions.close();
        Tables {
            start: self.start,
            durations: self.durations.bytes.into(),
            compositions: self.compositions.bytes.into(),
            keys: Some(self.keys.into()),
            chunk_runs: self.chunk_runs.into(),
            chunks: self.chunks.into(),
            wide: true,
            sizes: if self.sizes.is_empty() { Bytes::new() } else { self.sizes.into() },
            same_size: 0,
            count: self.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_gathered_is_walked(
            told in proptest::collection::vec((1_u32..5, -3_i32..3, 0_u64..3, 1_u32..4, 0_usize..2, any::<bool>()), 1..60),
            start in -5_i64..1000,
        ) {
            let (mut gather, mut rows) = (Gather::default(), Vec::<Row>::new());
            let (mut time, mut end) = (start, 8);
            for (duration, composition_offset, gap, size, entry, key) in told {
                let row = Row { time, duration, composition_offset, offset: end + gap, size, entry, key };
                (time, end) = (time + i64::from(duration), row.offset + u64::from(size));
                gather.push(&row).expect("few");
                // One that comes again is told once.
                gather.push(&row).expect("few");
                rows.push(row);
            }
            let walked: Vec<_> = gather.finish().rows().map(|row| row.expect("good tables")).collect();
            prop_assert_eq!(walked, rows);
        }
    }

    #[test]
    fn a_sample_lasts_until_the_next() {
        let mut gather = Gather::default();
        for time in [100, 400] {
            let row = Row { time, duration: 10, composition_offset: 0, offset: 8, size: 0, entry: 0, key: true };
            gather.push(&row).expect("few");
        }
        let durations: Vec<_> = gather.finish().rows().flatten().map(|row| (row.time, row.duration)).collect();
        assert_eq!(durations, [(100, 300), (400, 10)]);
    }
}
