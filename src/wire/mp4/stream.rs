//! One track of a fragmented MP4: what holds for its samples (14496-12, 8.8.3), and how they become frames.

use bytes::Bytes;

use crate::ground::frame::{AudioCodec, AudioFrame, AudioParams, Frame, VideoFrame};
use crate::ground::time::Ticks90k;
use crate::wire::mp4::Mp4Error;
use crate::wire::mp4::boxes::{Fields, boxes, find};
use crate::wire::mp4::pictures::Picture;
use crate::wire::mp4::track::{Edit, Entry, is_plausible};
use crate::wire::opus;

/// Sound that is out of step by no more than this follows what came before.
const UNEVEN: Ticks90k = Ticks90k::from_ms(30);

/// One track that is taken.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) id: u32,
    pub(super) defaults: Defaults,
    /// Where the next fragment begins that does not say (in the track's units).
    pub(super) next_time: i64,
    pub(super) coding: Coding,
    last: Option<Ticks90k>,
    /// Where the next packet of Opus follows.
    expected: Option<Ticks90k>,
}

/// How a track's samples are read.
#[derive(Debug)]
pub(super) struct Coding {
    pub(super) timescale: u32,
    pub(super) edit: Edit,
    pub(super) entries: Vec<Entry>,
}

/// A sample that a `moof` has told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Which of the streams it belongs to.
    pub(super) stream: usize,
    /// Which sample entry holds for it, counted from 0.
    pub(super) entry: usize,
    /// Decoding time in the track's units.
    pub(super) time: i64,
    /// From decoding to showing, in the track's units.
    pub(super) composition_offset: i32,
    /// Where it is in the file.
    pub(super) offset: u64,
    /// How many bytes it has.
    pub(super) size: u32,
}

/// What holds for samples that do not say otherwise (`trex` and `tfhd`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    /// Sample entry, counted from 1.
    pub(super) entry: u32,
    pub(super) duration: u32,
    pub(super) size: u32,
}

impl Defaults {
    /// Those of this track's `trex`.
    pub(super) fn of(moov: &[u8], track: u32) -> Self {
        let trex = |body: &[u8]| {
            let mut fields = Fields(body.get(4..)?);
            let id = fields.u32()?;
            let defaults = Self { entry: fields.u32()?, duration: fields.u32()?, size: fields.u32()? };
            (id == track).then_some(defaults)
        };
        let extends = find(moov, &[b"mvex"]).unwrap_or_default();
        let found = boxes(extends).filter(|(kind, _)| kind == b"trex").find_map(|(_, body)| trex(body));
        found.unwrap_or(Self { entry: 1, ..Self::default() })
    }
}

impl Stream {
    /// The track `id`, of which nothing has come yet.
    pub(super) fn new(id: u32, defaults: Defaults, coding: Coding) -> Self {
        Self { id, defaults, next_time: 0, coding, last: None, expected: None }
    }

    /// The frame of a sample; `None` for one that comes twice, or in no order.
    pub(super) fn frame(&mut self, sample: &Expected, data: Bytes) -> Result<Option<Frame>, Mp4Error> {
        let Coding { timescale, edit, entries } = &mut self.coding;
        if !is_plausible(sample.time, *timescale) {
            return Err(Mp4Error::Broken("time of a sample"));
        }
        let dts = edit.place(sample.time, *timescale);
        let shown = edit.place(sample.time.saturating_add(i64::from(sample.composition_offset)), *timescale);
        if self.last.is_some_and(|last| dts <= last) {
            return Ok(None);
        }
        self.last = Some(dts);
        match entries.get_mut(sample.entry) {
            Some(Entry::Pictures(pictures)) => {
                let picture = pictures.read(&data).map_err(|_| Mp4Error::Broken("a picture"))?;
                let Picture { key, params, data } = picture;
                Ok(Some(Frame::Video(VideoFrame { pts: shown.max(dts), dts, key, params, data })))
            }
            Some(Entry::Sound(params)) => {
                let pts = match self.expected.filter(|expected| (dts - *expected).0.abs() <= UNEVEN.0) {
                    Some(expected) => expected,
                    None => dts,
                };
                self.expected = duration(params, &data).map(|duration| pts + duration);
                // Few bytes, which must not hold the whole fragment they came in.
                let data = Bytes::copy_from_slice(&data);
                Ok(Some(Frame::Audio(AudioFrame { pts, data })))
            }
            _ => Err(Mp4Error::Broken("description of a sample")),
        }
    }
}

/// How long a packet of Opus is heard; `None` for other sound, whose times are right.
fn duration(params: &AudioParams, data: &[u8]) -> Option<Ticks90k> {
    match params.codec {
        AudioCodec::Aac { .. } => None,
        AudioCodec::Opus { .. } => {
            opus::samples(data).map(|samples| Ticks90k::from_units(i64::from(samples), opus::SAMPLE_RATE))
        }
    }
}
