//! What a `moof` tells (14496-12, 8.8.4 to 8.8.12): where each sample of a fragment is, and when.

use crate::ground::limits;
use crate::wire::mp4::Mp4Error;
use crate::wire::mp4::boxes::{Fields, boxes, find};
use crate::wire::mp4::tables::Row;

/// A track of fragments: what holds for those of its samples that do not say otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) id: u32,
    defaults: Defaults,
    /// Where the next fragment begins that does not say (in the track's units).
    pub(super) next_time: i64,
}

/// What holds for samples that do not say otherwise (`trex` and `tfhd`).
#[derive(Clone, Copy, Debug, Default)]
struct Defaults {
    /// Sample entry, counted from 1.
    entry: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

/// `sample_is_non_sync_sample` (8.8.3.1).
const NOT_SYNC: u32 = 0x1_0000;

impl Told {
    /// The track `id` of a description, none of whose fragments has come yet.
    pub(super) fn of(moov: &[u8], id: u32) -> Self {
        let trex = |body: &[u8]| {
            let mut fields = Fields(body.get(4..)?);
            let track = fields.u32()?;
            let (entry, duration, size, flags) = (fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?);
            (track == id).then_some(Defaults { entry, duration, size, flags })
        };
        let extends = find(moov, &[b"mvex"]).unwrap_or_default();
        let found = boxes(extends).filter(|(kind, _)| kind == b"trex").find_map(|(_, body)| trex(body));
        Self { id, defaults: found.unwrap_or(Defaults { entry: 1, ..Defaults::default() }), next_time: 0 }
    }
}

/// A `tfhd`.
struct Head {
    base: Option<u64>,
    from_moof: bool,
    defaults: Defaults,
}

/// Reads the samples of a `moof` (its body) that stands at `position` in the file, of these tracks, and at most so many;
/// `take` gets each with the number of its track.
pub(super) fn samples(
    moof: &[u8],
    position: u64,
    tracks: &mut [Told],
    most: usize,
    take: &mut dyn FnMut(usize, Row) -> Result<(), Mp4Error>,
) -> Result<(), Mp4Error> {
    // Where a track's data begin that say nothing: behind those of the track before (8.8.7).
    let mut behind = position;
    let mut count = 0;
    for (_, traf) in boxes(moof).filter(|(kind, _)| kind == b"traf") {
        let broken = || Mp4Error::Broken("description of a fragment");
        let body = find(traf, &[b"tfhd"]).ok_or_else(broken)?;
        let id = body.get(4..8).and_then(|bytes| Fields(bytes).u32()).ok_or_else(broken)?;
        let track = tracks.iter().position(|track| track.id == id);
        // Tracks that are not taken move what is behind them all the same.
        let defaults = track.map_or(Defaults::default(), |track| tracks[track].defaults);
        let head = Head::parse(body, defaults).ok_or_else(broken)?;
        let base = head.base.unwrap_or(if head.from_moof { position } else { behind });
        let mut time = track.map_or(0, |track| tracks[track].next_time);
        if let Some(said) = find(traf, &[b"tfdt"]) {
            time = decode_time(said).and_then(|time| i64::try_from(time).ok()).ok_or_else(broken)?;
        }
        let mut at = base;
        for (_, trun) in boxes(traf).filter(|(kind, _)| kind == b"trun") {
            let mut run = Run::parse(trun, base, at).ok_or_else(broken)?;
            while let Some(sample) = run.next(&head.defaults, &mut time).ok_or_else(broken)? {
                count += 1;
                if count > most {
                    return Err(Mp4Error::TooLarge("samples in one fragment"));
                }
                if sample.size as usize > limits::ACCESS_UNIT_BYTES {
                    return Err(Mp4Error::TooLarge("bytes in one picture"));
                }
                if let Some(track) = track {
                    take(track, sample)?;
                }
            }
            at = run.at;
        }
        behind = at;
        if let Some(track) = track {
            tracks[track].next_time = time;
        }
    }
    Ok(())
}

impl Head {
    fn parse(body: &[u8], mut defaults: Defaults) -> Option<Self> {
        let mut fields = Fields(body);
        let flags = fields.u32()?;
        let _track = fields.u32()?;
        let base = if flags & 1 != 0 { Some(fields.u64()?) } else { None };
        let Defaults { entry, duration, size, flags: of_samples } = &mut defaults;
        for (flag, value) in [(2, entry), (8, duration), (0x10, size), (0x20, of_samples)] {
            if flags & flag != 0 {
                *value = fields.u32()?;
            }
        }
        Some(Self { base, from_moof: flags & 0x02_0000 != 0, defaults })
    }
}

fn decode_time(tfdt: &[u8]) -> Option<u64> {
    let mut fields = Fields(tfdt);
    let wide = fields.u32()? >> 24 == 1;
    fields.sized(wide)
}

/// A `trun` that is being read.
struct Run<'a> {
    fields: Fields<'a>,
    flags: u32,
    left: u32,
    /// Flags of the first sample, where they are said for it alone.
    first: Option<u32>,
    /// Where the next sample is in the file.
    at: u64,
}

impl<'a> Run<'a> {
    fn parse(trun: &'a [u8], base: u64, at: u64) -> Option<Self> {
        let mut fields = Fields(trun);
        let flags = fields.u32()?;
        let left = fields.u32()?;
        let at = if flags & 1 != 0 { base.checked_add_signed(i64::from(fields.u32()? as i32))? } else { at };
        let first = if flags & 4 != 0 { Some(fields.u32()?) } else { None };
        Some(Self { fields, flags, left, first, at })
    }

    /// The next sample; `Some(None)` at the end, `None` if it can't be read. `time` goes on by its duration.
    fn next(&mut self, defaults: &Defaults, time: &mut i64) -> Option<Option<Row>> {
        if self.left == 0 {
            return Some(None);
        }
        self.left -= 1;
        let flags = self.flags;
        let mut field = |flag: u32, otherwise: u32| if flags & flag != 0 { self.fields.u32() } else { Some(otherwise) };
        let (duration, size) = (field(0x100, defaults.duration)?, field(0x200, defaults.size)?);
        let sample_flags = field(0x400, self.first.take().unwrap_or(defaults.flags))?;
        // Version 0 has no sign; an offset of more than 2³¹ units is none, so both are read alike.
        let composition_offset = field(0x800, 0)? as i32;
        let entry = defaults.entry.saturating_sub(1) as usize;
        let key = sample_flags & NOT_SYNC == 0;
        let sample = Row { time: *time, duration, composition_offset, offset: self.at, size, entry, key };
        self.at = self.at.checked_add(u64::from(size))?;
        *time = time.checked_add(i64::from(duration))?;
        Some(Some(sample))
    }
}
