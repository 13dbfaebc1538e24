//! One track of a stream in fragments: how its samples become frames.

use bytes::Bytes;

use crate::ground::frame::{AudioCodec, AudioFrame, AudioParams, Frame, VideoFrame};
use crate::ground::time::Ticks90k;
use crate::wire::mp4::Mp4Error;
use crate::wire::mp4::edits::{Piece, is_plausible};
use crate::wire::mp4::pictures::Picture;
use crate::wire::mp4::tables::Row;
use crate::wire::mp4::track::Entry;
use crate::wire::opus;

/// Sound that is out of step by no more than this follows what came before.
const UNEVEN: Ticks90k = Ticks90k::from_ms(30);
/// Pictures that are earlier than the edit list's beginning by no more than this are its first.
const ROUNDED: Ticks90k = Ticks90k::from_ms(20);

/// One track that is taken.
#[derive(Debug)]
pub(super) struct Stream {
    coding: Coding,
    /// How much later than its decoding time a picture is shown at most, where the file says that it is shown before: it is
    /// decoded so much earlier (in the track's units).
    early: i64,
    last_time: Option<i64>,
    last: Option<Ticks90k>,
    /// Where the next packet of Opus follows.
    expected: Option<Ticks90k>,
    /// Whether what was trimmed away at the beginning is over.
    shows: bool,
}

/// How a track's samples are read.
#[derive(Debug)]
pub(super) struct Coding {
    pub(super) timescale: u32,
    /// The piece of the track that is shown: what comes may have no end.
    pub(super) piece: Piece,
    pub(super) entries: Vec<Entry>,
}

impl Stream {
    /// Of which nothing has come yet.
    pub(super) fn new(coding: Coding) -> Self {
        let shows = coding.piece.start == 0;
        Self { coding, early: 0, last_time: None, last: None, expected: None, shows }
    }

    /// Its sample entries.
    pub(super) fn entries(&mut self) -> &mut [Entry] {
        &mut self.coding.entries
    }

    /// A sample is told of, which will come.
    pub(super) fn expects(&mut self, sample: &Row) {
        self.early = self.early.max(-i64::from(sample.composition_offset));
    }

    /// The frame of a sample; `None` for one that comes twice, in no order, or was trimmed away.
    pub(super) fn frame(&mut self, sample: &Row, data: Bytes) -> Result<Option<Frame>, Mp4Error> {
        let Coding { timescale, piece, entries } = &mut self.coding;
        if !is_plausible(sample.time, *timescale) {
            return Err(Mp4Error::Broken("time of a sample"));
        }
        if self.last_time.is_some_and(|last| sample.time <= last) {
            return Ok(None);
        }
        self.last_time = Some(sample.time);
        let shown = piece.place(sample.time.saturating_add(i64::from(sample.composition_offset)), *timescale);
        match entries.get_mut(sample.entry) {
            Some(Entry::Pictures(pictures)) => {
                let picture = pictures.read(&data).map_err(|_| Mp4Error::Broken("a picture"))?;
                let Picture { key, params, data } = picture;
                self.shows |= key && shown + ROUNDED >= piece.at;
                if !self.shows {
                    return Ok(None);
                }
                let due = piece.place(sample.time - self.early, *timescale);
                let dts = self.last.map_or(due, |last| due.max(last + Ticks90k(1)));
                self.last = Some(dts);
                Ok(Some(Frame::Video(VideoFrame { pts: shown.max(dts), dts, key, params, data })))
            }
            Some(Entry::Sound(params)) => {
                let said = piece.place(sample.time, *timescale);
                let pts = match self.expected.filter(|expected| (said - *expected).0.abs() <= UNEVEN.0) {
                    Some(expected) => expected,
                    None => said,
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
