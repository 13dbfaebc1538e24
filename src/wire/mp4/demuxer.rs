//! Fragmented MP4 (14496-12, 8.8) as a browser's recorder sends it: pieces cut anywhere in, frames out.
//!
//! A fragment's media are gathered, then given out in the order of their times: recorders write all pictures of a second,
//! then all its sound. Chromium's takes the time of sound from when it came, some milliseconds early or late; packets of
//! Opus tell their own duration, and follow each other by that. What is not needed (`free`, `sidx`, `mfra`…) is passed over without being held.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::ground::frame::{Frame, Tracks};
use crate::ground::limits;
use crate::wire::mp4::boxes::{BoxHeader, find};
use crate::wire::mp4::fragment::Told;
use crate::wire::mp4::stream::{Coding, Stream};
use crate::wire::mp4::tables::{Row, Tables};
use crate::wire::mp4::track::{Entry, Track, timescale};
use crate::wire::mp4::{Mp4Error, fragment};

/// Takes one fragmented MP4 apart.
#[derive(Debug, Default)]
pub struct Demuxer {
    /// The box that is being gathered, from its header on.
    gathered: BytesMut,
    /// Bytes still to be passed over.
    skip: u64,
    /// Where the gathered box begins in the file.
    position: u64,
    streams: Vec<Stream>,
    /// What holds for the fragments of each stream.
    told: Vec<Told>,
    described: bool,
    /// Samples whose media have yet to come, each with the number of its stream.
    expected: Vec<(usize, Row)>,
}

impl Demuxer {
    /// A demuxer that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the file has; `None` before its description has come. Its pictures may be known only with the first of them.
    pub fn tracks(&mut self) -> Option<Tracks> {
        let mut tracks = Tracks { video: None, audio: None };
        for stream in &mut self.streams {
            match stream.entries().first_mut() {
                Some(Entry::Pictures(pictures)) => tracks.video = pictures.params(),
                Some(Entry::Sound(params)) => tracks.audio = Some(Arc::new(params.clone().without_pre_skip())),
                _ => {}
            }
        }
        self.described.then_some(tracks)
    }

    /// Takes the next bytes of the file; frames that are complete are added to `frames`. After an error the file is of no
    /// more use.
    pub fn push(&mut self, mut bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), Mp4Error> {
        loop {
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            bytes = &bytes[skipped..];
            self.skip -= skipped as u64;
            self.position += skipped as u64;
            let header = self.header(&mut bytes);
            let Some(header) = header? else { return Ok(()) };
            if !self.is_needed(&header)? {
                self.skip = header.size - self.gathered.len() as u64;
                self.position += self.gathered.len() as u64;
                self.gathered.clear();
                continue;
            }
            let missing = header.size as usize - self.gathered.len();
            let (more, rest) = bytes.split_at(missing.min(bytes.len()));
            self.gathered.extend_from_slice(more);
            bytes = rest;
            if self.gathered.len() < header.size as usize {
                return Ok(());
            }
            let whole = self.gathered.split().freeze();
            self.take(&header, &whole, frames)?;
            self.position += header.size;
        }
    }

    /// The header of the box that is being gathered, once it is there.
    fn header(&mut self, bytes: &mut &[u8]) -> Result<Option<BoxHeader>, Mp4Error> {
        loop {
            let needed = match self.gathered.get(..4) {
                Some([0, 0, 0, 1]) => 16,
                _ => 8,
            };
            if self.gathered.len() >= needed {
                return BoxHeader::read(&self.gathered).map(Some).ok_or(Mp4Error::Broken("size of a box"));
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            let (more, rest) = bytes.split_at((needed - self.gathered.len()).min(bytes.len()));
            self.gathered.extend_from_slice(more);
            *bytes = rest;
        }
    }

    /// Whether a box is gathered; one that is must not be too large.
    fn is_needed(&self, header: &BoxHeader) -> Result<bool, Mp4Error> {
        let (most, of) = match &header.kind {
            b"moof" if !self.described => return Err(Mp4Error::Broken("a fragment before the description")),
            b"moov" | b"moof" => (limits::MP4_FRAGMENT_HEAD_BYTES, "description"),
            b"mdat" if !self.expected.is_empty() => (limits::MP4_FRAGMENT_BYTES, "media in one fragment"),
            _ if !self.described && self.position == 0 && header.kind != *b"ftyp" => return Err(Mp4Error::NotMp4),
            _ => return Ok(false),
        };
        if header.size > most { Err(Mp4Error::TooLarge(of)) } else { Ok(true) }
    }

    fn take(&mut self, header: &BoxHeader, whole: &Bytes, frames: &mut Vec<Frame>) -> Result<(), Mp4Error> {
        let body = &whole[header.header as usize..];
        match &header.kind {
            b"moov" => self.describe(&whole.slice_ref(body)),
            b"moof" => {
                self.expected.clear();
                let Self { position, streams, told, expected, .. } = self;
                fragment::samples(body, *position, told, limits::MP4_FRAGMENT_SAMPLES, &mut |stream, sample| {
                    streams[stream].expects(&sample);
                    expected.push((stream, sample));
                    Ok(())
                })
            }
            _ => self.media(whole, frames),
        }
    }

    /// Takes the description: the first track of pictures and the first of sound that are understood. Its own tables may
    /// tell of the samples that come next (ffmpeg's `-movflags frag_keyframe`).
    fn describe(&mut self, moov: &Bytes) -> Result<(), Mp4Error> {
        if self.described {
            return Err(Mp4Error::Broken("a second description"));
        }
        if find(moov, &[b"mvex"]).is_none() {
            return Err(Mp4Error::Broken("it is not written in fragments"));
        }
        let scale = find(moov, &[b"mvhd"]).and_then(timescale).ok_or(Mp4Error::Broken("head of the description"))?;
        let (mut foreign, mut found) = (None, [false; 2]);
        for track in Track::shown(moov, scale)? {
            if let Some(name) = track.foreign() {
                foreign = foreign.or(track.is_video.then(|| name.to_owned()));
                continue;
            }
            if std::mem::replace(&mut found[usize::from(track.is_video)], true) {
                continue;
            }
            let Track { id, timescale, pieces, entries, tables, .. } = track;
            let piece = pieces.first().copied().unwrap_or_default();
            let (mut stream, mut told) = (Stream::new(Coding { timescale, piece, entries }), Told::of(moov, id));
            for row in Tables::parse(moov, tables).iter().flat_map(Tables::rows) {
                let row = row?;
                if self.expected.len() >= limits::MP4_FRAGMENT_SAMPLES {
                    return Err(Mp4Error::TooLarge("samples in one fragment"));
                }
                if row.size as usize > limits::ACCESS_UNIT_BYTES {
                    return Err(Mp4Error::TooLarge("bytes in one picture"));
                }
                told.next_time = row.time + i64::from(row.duration);
                stream.expects(&row);
                self.expected.push((self.streams.len(), row));
            }
            self.streams.push(stream);
            self.told.push(told);
        }
        self.described = true;
        match (found[1], foreign) {
            (true, _) => Ok(()),
            (false, Some(name)) => Err(Mp4Error::Codec(name)),
            (false, None) => Err(Mp4Error::NoVideo),
        }
    }

    /// Takes a fragment's media: all samples that lie in it are given out, in the order of their times.
    fn media(&mut self, mdat: &Bytes, frames: &mut Vec<Frame>) -> Result<(), Mp4Error> {
        let known = frames.len();
        // Each sample is copied: samples that lie over each other would make much of little.
        let told = self.expected.iter().map(|(_, sample)| u64::from(sample.size)).sum::<u64>();
        if told > mdat.len() as u64 {
            return Err(Mp4Error::Broken("place of a sample"));
        }
        for (stream, sample) in std::mem::take(&mut self.expected) {
            let start = sample.offset.checked_sub(self.position).and_then(|start| usize::try_from(start).ok());
            let data = start.and_then(|start| mdat.get(start..start.checked_add(sample.size as usize)?));
            let data = data.ok_or(Mp4Error::Broken("place of a sample"))?;
            if !data.is_empty() {
                frames.extend(self.streams[stream].frame(&sample, mdat.slice_ref(data))?);
            }
        }
        frames[known..].sort_by_key(|frame| match frame {
            Frame::Video(picture) => picture.dts,
            Frame::Audio(sound) => sound.pts,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
