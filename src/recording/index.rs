//! The index of a recording: 32 bytes for each init segment, fragment and sample, in the order of the recording.
//!
//! It is a list of what is in the recording, made from the recording's own boxes, and can be thrown away at any time.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};

use crate::ground::time::Ticks90k;
use crate::wire::fmp4::progressive::IndexedSample;
use crate::wire::fmp4::read::{Sample, samples, usual_duration};
use crate::wire::fmp4::{AUDIO_TRACK, VIDEO_TRACK};
use crate::wire::mp4::boxes::BoxHeader;
use crate::wire::playlist::segments::FragmentMeta;

/// Bytes of a record.
pub const RECORD_BYTES: usize = 32;
const INIT_SEGMENT: u8 = 1;
const FRAGMENT: u8 = 2;
const PICTURE: u8 = 3;
const SOUND: u8 = 4;
const END: u8 = 5;

/// One line of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// An init segment (without the box that may be around it).
    InitSegment {
        /// Where it is.
        offset: u64,
        /// How many bytes it has.
        size: u32,
    },
    /// A fragment; its samples follow.
    Fragment {
        /// Where it is.
        offset: u64,
        /// How many bytes it has.
        size: u32,
        /// What a picture usually takes, in ticks: by this the stream's targets were chosen. 0 where that is not said.
        usual_duration: u32,
    },
    /// A picture or a piece of sound.
    Sample(IndexedSample),
    /// The recording was closed with this many bytes.
    End {
        /// Bytes of the recording.
        size: u64,
    },
}

impl Record {
    /// The record's bytes.
    pub fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        let (kind, size, offset) = match self {
            Self::InitSegment { offset, size } => (INIT_SEGMENT, *size, *offset),
            Self::Fragment { offset, size, usual_duration } => {
                bytes[28..32].copy_from_slice(&usual_duration.to_be_bytes());
                (FRAGMENT, *size, *offset)
            }
            Self::Sample(sample) => {
                bytes[1] = u8::from(sample.key);
                bytes[2..4].copy_from_slice(&(sample.init_segment as u16).to_be_bytes());
                bytes[16..24].copy_from_slice(&sample.decode_time.to_be_bytes());
                bytes[24..28].copy_from_slice(&sample.composition_offset.to_be_bytes());
                bytes[28..32].copy_from_slice(&sample.duration.to_be_bytes());
                (if sample.track == VIDEO_TRACK { PICTURE } else { SOUND }, sample.size, sample.offset)
            }
            Self::End { size } => (END, 0, *size),
        };
        bytes[0] = kind;
        bytes[4..8].copy_from_slice(&size.to_be_bytes());
        bytes[8..16].copy_from_slice(&offset.to_be_bytes());
        bytes
    }

    /// Reads a record.
    pub fn decode(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let u32_at = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) << 32 | u64::from(u32_at(at + 4));
        let (size, offset) = (u32_at(4), u64_at(8));
        Some(match bytes[0] {
            INIT_SEGMENT => Self::InitSegment { offset, size },
            FRAGMENT => Self::Fragment { offset, size, usual_duration: u32_at(28) },
            END => Self::End { size: offset },
            kind @ (PICTURE | SOUND) => Self::Sample(IndexedSample {
                track: if kind == PICTURE { VIDEO_TRACK } else { AUDIO_TRACK },
                decode_time: u64_at(16),
                composition_offset: u32_at(24),
                duration: u32_at(28),
                key: bytes[1] != 0,
                offset,
                size,
                init_segment: u32::from(u16::from_be_bytes([bytes[2], bytes[3]])),
            }),
            _ => return None,
        })
    }
}

/// The records of an index file, up to the first that can't be read. The file is never in memory as a whole: that of a
/// long recording is large.
#[derive(Debug)]
pub struct Records<R>(R);

/// Bytes of an index that are read at once.
const PORTION_BYTES: usize = 64 * 1024;

impl<'a> Records<BufReader<&'a File>> {
    /// All of `index`.
    pub fn of(mut index: &'a File) -> io::Result<Self> {
        index.rewind()?;
        Ok(Self(BufReader::with_capacity(PORTION_BYTES, index)))
    }
}

impl<R: Read> Records<R> {
    /// Those of these bytes.
    pub fn read(bytes: R) -> Self {
        Self(bytes)
    }

    /// The samples among them.
    pub fn samples(self) -> impl Iterator<Item = IndexedSample> {
        self.filter_map(|record| match record {
            Record::Sample(sample) => Some(sample),
            _ => None,
        })
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut bytes = [0; RECORD_BYTES];
        self.0.read_exact(&mut bytes).ok()?;
        Record::decode(&bytes)
    }
}

/// Makes records of a recording's pieces, one after the other.
#[derive(Debug, Default)]
pub struct Indexer {
    offset: u64,
    init_segments: u32,
    samples: u64,
}

/// A piece that is not part of a recording of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPiece;

impl Indexer {
    /// Goes on behind these records, which are a recording's first; with how many there are before the recording's end.
    pub fn resume(records: impl Iterator<Item = Record>) -> (Self, u64) {
        let (mut indexer, mut count) = (Self::default(), 0);
        for record in records {
            match record {
                Record::InitSegment { offset, size } => {
                    indexer.init_segments += 1;
                    indexer.offset = offset + u64::from(size);
                }
                Record::Fragment { offset, size, .. } => indexer.offset = offset + u64::from(size),
                Record::Sample(_) => indexer.samples += 1,
                Record::End { .. } => continue,
            }
            count += 1;
        }
        (indexer, count)
    }

    /// Samples indexed so far.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Bytes indexed so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next piece (an init segment, perhaps in a `free` box, or a fragment): `start` are at least its boxes
    /// before the media, `size` its whole size.
    pub fn piece(&mut self, start: &[u8], size: u64, records: &mut Vec<Record>) -> Result<(), NotAPiece> {
        // What lies behind it is no part of it, whatever it looks like.
        let start = &start[..start.len().min(usize::try_from(size).unwrap_or(usize::MAX))];
        let first = BoxHeader::read(start).ok_or(NotAPiece)?;
        let offset = self.offset;
        match &first.kind {
            b"ftyp" => self.init_segment(offset, size, records),
            b"free" => self.init_segment(offset + first.header, size - first.header, records),
            b"prft" | b"moof" => {
                let before = records.len();
                self.fragment(start, size, records)?;
                self.samples += (records.len() - before) as u64 - 1;
            }
            _ => return Err(NotAPiece),
        }
        self.offset += size;
        Ok(())
    }

    fn init_segment(&mut self, offset: u64, size: u64, records: &mut Vec<Record>) {
        self.init_segments += 1;
        records.push(Record::InitSegment { offset, size: size as u32 });
    }

    fn fragment(&self, start: &[u8], size: u64, records: &mut Vec<Record>) -> Result<(), NotAPiece> {
        let mut at = 0;
        let moof = loop {
            let header = BoxHeader::read(start.get(at..).ok_or(NotAPiece)?).ok_or(NotAPiece)?;
            let end = at + usize::try_from(header.size).map_err(|_| NotAPiece)?;
            if header.kind == *b"moof" {
                break start.get(at + header.header as usize..end).ok_or(NotAPiece)?;
            }
            at = end;
        };
        let usual_duration = usual_duration(moof).unwrap_or(0);
        records.push(Record::Fragment { offset: self.offset, size: size as u32, usual_duration });
        let base = self.offset + at as u64;
        for sample in samples(moof).ok_or(NotAPiece)? {
            let Sample { track, decode_time, duration, composition_offset, key, offset, size } = sample;
            let init_segment = if track == VIDEO_TRACK { self.init_segments.saturating_sub(1) } else { 0 };
            let offset = base + offset;
            records.push(Record::Sample(IndexedSample {
                track,
                decode_time,
                composition_offset,
                duration,
                key,
                offset,
                size,
                init_segment,
            }));
        }
        Ok(())
    }
}

/// Tells the fragments of a recording from its records, as the cutter of segments wants them.
#[derive(Debug)]
pub struct Fragments {
    audio_rate: u32,
    next: u64,
    /// The fragment whose samples follow, and whether none has been seen yet.
    current: Option<(FragmentMeta, bool)>,
}

impl Fragments {
    /// Of a recording whose sound, if there is any, has this rate.
    pub fn new(audio_rate: u32) -> Self {
        Self { audio_rate, next: 0, current: None }
    }

    /// Takes the next record; gives a fragment when its last sample has been seen. [`Record::End`] ends the last one.
    pub fn take(&mut self, record: &Record) -> Option<FragmentMeta> {
        let fresh = match *record {
            Record::Fragment { offset, size, .. } => Some(FragmentMeta {
                number: self.next,
                start: Ticks90k(0),
                duration: Ticks90k(0),
                picture: false,
                key: false,
                offset,
                size: u64::from(size),
                init_segment: 0,
            }),
            Record::End { .. } => None,
            Record::Sample(sample) => {
                if let Some((fragment, fresh)) = &mut self.current {
                    let picture = sample.track == VIDEO_TRACK;
                    if picture || *fresh {
                        let rate = if picture { Ticks90k::PER_SECOND as u32 } else { self.audio_rate };
                        fragment.start = Ticks90k::from_units(sample.decode_time as i64, rate);
                        fragment.duration = Ticks90k::from_units(i64::from(sample.duration), rate);
                        (fragment.picture, fragment.key) = (picture, picture && sample.key);
                        fragment.init_segment = sample.init_segment;
                        *fresh = false;
                    }
                }
                return None;
            }
            Record::InitSegment { .. } => return None,
        };
        self.next += u64::from(fresh.is_some());
        std::mem::replace(&mut self.current, fresh.map(|fragment| (fragment, true))).map(|(fragment, _)| fragment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_are_read_back(offset: u64, size: u32, time: u64, composition: u32, key: bool, init_segment: u16) {
            let sample = IndexedSample {
                track: VIDEO_TRACK,
                decode_time: time,
                composition_offset: composition,
                duration: 3000,
                key,
                offset,
                size,
                init_segment: u32::from(init_segment),
            };
            for record in [
                Record::InitSegment { offset, size },
                Record::Fragment { offset, size, usual_duration: size },
                Record::Sample(sample),
                Record::Sample(IndexedSample { track: AUDIO_TRACK, ..sample }),
                Record::End { size: offset },
            ] {
                prop_assert_eq!(Record::decode(&record.encode()), Some(record));
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            Records::read(&bytes[..]).count();
            let _ = Indexer::default().piece(&bytes, bytes.len() as u64, &mut Vec::new());
        }
    }
}
