//! What a `moof` tells (14496-12, 8.8.4 to 8.8.12): where each sample of a fragment is, and when.

use crate::ground::limits;
use crate::wire::mp4::Mp4Error;
use crate::wire::mp4::boxes::{Fields, boxes, find};
use crate::wire::mp4::stream::{Defaults, Expected, Stream};

/// A `tfhd`.
struct Head {
    base: Option<u64>,
    from_moof: bool,
    defaults: Defaults,
}

/// Reads the samples of a `moof` (its body) that stands at `position` in the file.
pub(super) fn samples(
    moof: &[u8],
    position: u64,
    streams: &mut [Stream],
    out: &mut Vec<Expected>,
) -> Result<(), Mp4Error> {
    // Where a track's data begin that say nothing: behind those of the track before (8.8.7).
    let mut behind = position;
    let mut count = 0;
    for (_, traf) in boxes(moof).filter(|(kind, _)| kind == b"traf") {
        let broken = || Mp4Error::Broken("description of a fragment");
        let body = find(traf, &[b"tfhd"]).ok_or_else(broken)?;
        let id = body.get(4..8).and_then(|bytes| Fields(bytes).u32()).ok_or_else(broken)?;
        let stream = streams.iter().position(|stream| stream.id == id);
        // Tracks that are not taken move what is behind them all the same.
        let defaults = stream.map_or(Defaults::default(), |stream| streams[stream].defaults);
        let head = Head::parse(body, defaults).ok_or_else(broken)?;
        let base = head.base.unwrap_or(if head.from_moof { position } else { behind });
        let mut time = stream.map_or(0, |stream| streams[stream].next_time);
        if let Some(said) = find(traf, &[b"tfdt"]) {
            time = decode_time(said).and_then(|time| i64::try_from(time).ok()).ok_or_else(broken)?;
        }
        let mut at = base;
        for (_, trun) in boxes(traf).filter(|(kind, _)| kind == b"trun") {
            let mut run = Run::parse(trun, base, at).ok_or_else(broken)?;
            while let Some(sample) = run.next(&head.defaults, &mut time).ok_or_else(broken)? {
                count += 1;
                if count > limits::MP4_FRAGMENT_SAMPLES {
                    return Err(Mp4Error::TooLarge("samples in one fragment"));
                }
                if sample.size as usize > limits::ACCESS_UNIT_BYTES {
                    return Err(Mp4Error::TooLarge("bytes in one picture"));
                }
                if let Some(stream) = stream {
                    out.push(Expected { stream, ..sample });
                }
            }
            at = run.at;
        }
        behind = at;
        if let Some(stream) = stream {
            streams[stream].next_time = time;
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
        for (flag, value) in [(2, &mut defaults.entry), (8, &mut defaults.duration), (0x10, &mut defaults.size)] {
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
    /// Where the next sample is in the file.
    at: u64,
}

impl<'a> Run<'a> {
    fn parse(trun: &'a [u8], base: u64, at: u64) -> Option<Self> {
        let mut fields = Fields(trun);
        let flags = fields.u32()?;
        let left = fields.u32()?;
        let at = if flags & 1 != 0 { base.checked_add_signed(i64::from(fields.u32()? as i32))? } else { at };
        fields.take(if flags & 4 != 0 { 4 } else { 0 })?;
        Some(Self { fields, flags, left, at })
    }

    /// The next sample; `Some(None)` at the end, `None` if it can't be read. `time` goes on by its duration.
    fn next(&mut self, defaults: &Defaults, time: &mut i64) -> Option<Option<Expected>> {
        if self.left == 0 {
            return Some(None);
        }
        self.left -= 1;
        let flags = self.flags;
        let mut field = |flag: u32, otherwise: u32| if flags & flag != 0 { self.fields.u32() } else { Some(otherwise) };
        let (duration, size) = (field(0x100, defaults.duration)?, field(0x200, defaults.size)?);
        let _sample_flags = field(0x400, 0)?;
        // Version 0 has no sign; an offset of more than 2³¹ units is none, so both are read alike.
        let composition_offset = field(0x800, 0)? as i32;
        let entry = defaults.entry.saturating_sub(1) as usize;
        let sample = Expected { stream: 0, entry, time: *time, composition_offset, offset: self.at, size };
        self.at = self.at.checked_add(u64::from(size))?;
        *time = time.checked_add(i64::from(duration))?;
        Some(Some(sample))
    }
}
