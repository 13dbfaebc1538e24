//! One stream: its newest fragments, its segments, its state.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use event_listener::{Event, EventListener};

use crate::ground::frame::{AudioParams, Frame, VideoParams};
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::live::backlog::{Backlog, Unrecorded};
use crate::live::finished::FinishedRecording;
use crate::live::gaps::Gaps;
use crate::live::state::{RecordingState, Status};
use crate::wire::fmp4::fragment::ReferenceTime;
use crate::wire::fmp4::init::free_box;
use crate::wire::fmp4::muxer::{Fragment, Muxed, Muxer};
use crate::wire::playlist::hls::{BadReload, MediaPlaylist, Past, Reload};
use crate::wire::playlist::segments::{FragmentMeta, Segments, SegmentSpan};

/// Fragments are kept for this long beyond the newest group of pictures, for players that fetch parts.
const KEPT: Ticks90k = Ticks90k::from_ms(1500);
/// And for this long where nothing is recorded: all that players can go back to.
const KEPT_UNRECORDED: Ticks90k = Ticks90k::from_ms(16_000);

/// A key frame that can be decoded by itself.
#[derive(Clone, Debug)]
pub struct KeyFrame {
    /// Its parameters.
    pub params: Arc<VideoParams>,
    /// The access unit, NAL units behind their lengths.
    pub data: Bytes,
}

/// What the stream carries, for people and for players.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaInfo {
    /// The pictures' codec, such as `avc1.42c01f` (RFC 6381).
    pub codec: String,
    /// The sound's codec, such as `mp4a.40.2`; `None` without sound.
    pub audio_codec: Option<String>,
    /// Width of the pictures in pixels.
    pub width: u32,
    /// Height of the pictures in pixels.
    pub height: u32,
    /// Pictures a second.
    pub frame_rate: f64,
    /// Bits a second, over the whole stream.
    pub bits_per_second: u64,
}

/// What has been counted of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounts {
    /// Pictures published.
    pub pictures: u64,
    /// Bytes given to each reader.
    pub bytes: u64,
    /// Readers now.
    pub readers: u64,
    /// Times a slow reader was sent on to a key frame.
    pub skips: u64,
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    share: ShareId,
    pub(super) inner: Mutex<Inner>,
    /// A fragment is there, or the status changed: for readers of the endless body.
    pub(super) fragment_event: Event,
    /// A part was closed, or the status changed: for players that fetch parts.
    part_event: Event,
    /// The status, readiness or the first key frame changed: for the gateway, and those who wait for readiness.
    status_event: Event,
    /// The publisher is to leave.
    revoked_event: Event,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) muxer: Muxer,
    muxed: Vec<Muxed>,
    /// The newest fragments; the first has number `first`.
    ring: VecDeque<Kept>,
    first: u64,
    newest_key: Option<u64>,
    segments: Segments,
    descriptions: Vec<(Bytes, Arc<VideoParams>)>,
    /// Bytes for the recording so far, whether the disk has them or not.
    pub(super) offset: u64,
    pub(super) unrecorded: Unrecorded,
    pub(super) recording: RecordingState,
    pub(super) gaps: Gaps,
    /// The recording goes on at the next key frame.
    pub(super) awaits_key: bool,
    /// Since when on the timeline it has gone on.
    resumed: Option<Ticks90k>,
    key_frame: Option<KeyFrame>,
    ready: bool,
    status: Status,
    revoked: bool,
    began: UnixMs,
    /// The playlist and its update, as long as they hold.
    playlists: [Option<Vec<Bytes>>; 2],
    past: Past,
    pub(super) counts: StreamCounts,
}

#[derive(Debug)]
struct Kept {
    fragment: Fragment,
    offset: u64,
    description: usize,
}

impl Stream {
    /// A stream of `share` that begins now, or goes on behind `past`; `recorded` says whether it goes to the disk, by
    /// way of `backlog`.
    pub(super) fn new(
        share: ShareId,
        audio: Option<Arc<AudioParams>>,
        past: Option<FinishedRecording>,
        date: UnixMs,
        recorded: bool,
        backlog: &Backlog,
    ) -> Self {
        let mut inner = Inner {
            muxer: Muxer::new(audio),
            muxed: Vec::new(),
            ring: VecDeque::new(),
            first: 0,
            newest_key: None,
            segments: Segments::default(),
            descriptions: Vec::new(),
            offset: 0,
            unrecorded: Unrecorded::behind(0, backlog),
            recording: if recorded { RecordingState::On } else { RecordingState::Off },
            gaps: Gaps::default(),
            awaits_key: false,
            resumed: None,
            key_frame: None,
            ready: false,
            status: Status::Flowing,
            revoked: false,
            began: date,
            playlists: [None, None],
            past: Past::default(),
            counts: StreamCounts::default(),
        };
        if let Some(past) = past {
            inner.go_on(past, date, backlog);
        }
        Self {
            share,
            inner: Mutex::new(inner),
            fragment_event: Event::new(),
            part_event: Event::new(),
            status_event: Event::new(),
            revoked_event: Event::new(),
        }
    }

    /// The share this stream belongs to.
    pub fn share(&self) -> ShareId {
        self.share
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no one panics while holding a stream")
    }

    /// What it is doing.
    pub fn status(&self) -> Status {
        self.lock().status
    }

    /// Whether a key frame has been decoded: only then anyone is told of it.
    pub fn is_ready(&self) -> bool {
        self.lock().ready
    }

    /// A key frame of it has been decoded.
    pub fn set_ready(&self) {
        let mut inner = self.lock();
        inner.ready = true;
        inner.key_frame = None;
        drop(inner);
        self.status_event.notify(usize::MAX);
    }

    /// Resolves at the next change of status or readiness, or when a key frame waits to be decoded. Get the listener
    /// first, then look.
    pub fn listen_status(&self) -> EventListener {
        self.status_event.listen()
    }

    /// Resolves when the next part is closed, or the status changes. Get the listener first, then look.
    pub fn listen_parts(&self) -> EventListener {
        self.part_event.listen()
    }

    /// Takes the key frame that waits to be decoded.
    pub fn take_key_frame(&self) -> Option<KeyFrame> {
        self.lock().key_frame.take()
    }

    /// Sends the publisher away: the share was ended or withdrawn.
    pub fn revoke(&self) {
        self.lock().revoked = true;
        self.revoked_event.notify(usize::MAX);
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.lock().revoked
    }

    pub(super) fn listen_revoked(&self) -> EventListener {
        self.revoked_event.listen()
    }

    /// A publisher has come, first or again.
    pub(super) fn flow(&self) -> Result<(), Status> {
        let mut inner = self.lock();
        match inner.status {
            Status::Interrupted if !inner.revoked => {
                inner.status = Status::Flowing;
                inner.muxer.resume();
                drop(inner);
                self.status_event.notify(usize::MAX);
                Ok(())
            }
            status => Err(status),
        }
    }

    /// The publisher is gone: `over` if it said so.
    pub(super) fn stop(&self, over: bool) {
        let mut inner = self.lock();
        match inner.status {
            Status::Ended => return,
            _ if over => inner.end(),
            _ => inner.status = Status::Interrupted,
        }
        drop(inner);
        self.tell_all();
    }

    /// It is over: what is open is closed, readers get their end. Nothing happens the second time.
    pub fn end(&self) {
        self.stop(true);
        self.revoke();
    }

    pub(super) fn tell_status(&self) {
        self.status_event.notify(usize::MAX);
    }

    fn tell_all(&self) {
        self.fragment_event.notify(usize::MAX);
        self.part_event.notify(usize::MAX);
        self.status_event.notify(usize::MAX);
    }

    /// Takes frames that were there at `date`. Returns whether there is something new for the disk.
    pub(super) fn write(&self, frames: &mut Vec<Frame>, date: UnixMs) -> bool {
        let mut inner = self.lock();
        if inner.status != Status::Flowing {
            frames.clear();
            return false;
        }
        let before = inner.next_number();
        let recorded = inner.recording == RecordingState::On;
        let reference = ReferenceTime::at(date);
        let mut part_closed = false;
        let mut key_waits = false;
        let mut restless = false;
        for frame in frames.drain(..) {
            if let Frame::Video(picture) = &frame {
                inner.counts.pictures += 1;
                if picture.key && !inner.ready {
                    let (params, data) = (picture.params.clone(), picture.data.clone());
                    inner.key_frame = Some(KeyFrame { params, data });
                    key_waits = true;
                }
            }
            part_closed |= inner.push(&frame, reference);
            restless = inner.descriptions.len() > limits::STREAM_DESCRIPTIONS;
            if restless {
                break;
            }
        }
        let written = inner.next_number() > before;
        let record = written && recorded && inner.unrecorded.mark();
        drop(inner);
        if restless {
            log::warn!("share={} changes its coding all the time: its publisher is sent away", self.share);
            self.revoke();
        }
        if written {
            self.fragment_event.notify(usize::MAX);
        }
        if part_closed {
            self.part_event.notify(usize::MAX);
        }
        if key_waits {
            self.status_event.notify(usize::MAX);
        }
        record
    }

    /// What it carries; `None` before the first key frame.
    pub fn media(&self) -> Option<MediaInfo> {
        let inner = self.lock();
        let (_, params) = inner.descriptions.last()?;
        let seconds = inner.duration().to_seconds();
        let measured = |count: u64| if seconds > 0.5 { count as f64 / seconds } else { 0.0 };
        let said = params.frame_duration.map(|frame| 1.0 / frame.to_seconds());
        Some(MediaInfo {
            codec: params.codec_string(),
            audio_codec: inner.muxer.audio().map(|audio| audio.codec_string()),
            width: params.width,
            height: params.height,
            frame_rate: said.unwrap_or_else(|| measured(inner.counts.pictures)),
            bits_per_second: measured(inner.counts.bytes * 8) as u64,
        })
    }

    /// How long it is.
    pub fn duration(&self) -> Ticks90k {
        self.lock().duration()
    }

    /// What has been counted.
    pub fn counts(&self) -> StreamCounts {
        self.lock().counts
    }

    /// What became of the bytes on disk.
    pub fn recording(&self) -> RecordingState {
        self.lock().recording.clone()
    }

    /// The description of this number (`init-N.mp4`).
    pub fn description(&self, number: usize) -> Option<Bytes> {
        self.lock().descriptions.get(number).map(|(bytes, _)| bytes.clone())
    }

    /// The HLS playlist in pieces, if what is asked for is there: written once for all who ask.
    pub fn playlist(&self, reload: Reload) -> Result<Option<Vec<Bytes>>, BadReload> {
        let mut inner = self.lock();
        let ended = inner.status == Status::Ended;
        if inner.descriptions.is_empty() || !ended && !reload.is_met(&inner.segments)? {
            return Ok(None);
        }
        let (first, began) = (inner.first_segment(), inner.began);
        let update = reload.skip && !ended;
        let slot = usize::from(update);
        if inner.playlists[slot].is_none() {
            let Inner { segments, past, .. } = &mut *inner;
            let playlist = MediaPlaylist { segments, first, began, ended, others: &[] };
            let pieces = if update { vec![playlist.write_update().into()] } else { playlist.write(past) };
            inner.playlists[slot] = Some(pieces);
        }
        Ok(inner.playlists[slot].clone())
    }

    /// Where a closed segment, or with `part` a part of a segment, is; `Ok(None)` if it has yet to come.
    pub fn span(&self, number: u64, part: Option<usize>) -> Result<Option<SegmentSpan>, BadReload> {
        let inner = self.lock();
        let closed = inner.segments.next_number() as u64;
        let found = match part {
            None => inner.segments.closed(number as usize).map(|segment| segment.span),
            Some(part) => inner.segments.segment(number).and_then(|segment| segment.parts.get(part).copied()),
        };
        let comes = number >= closed && number <= closed + 1 && inner.status != Status::Ended;
        if found.is_none() && !comes { Err(BadReload) } else { Ok(found) }
    }

    /// The bytes of a span, if they are still in memory.
    pub fn pieces(&self, span: &SegmentSpan) -> Option<Vec<Bytes>> {
        let inner = self.lock();
        (span.first_fragment..=span.last_fragment)
            .map(|number| inner.kept(number).map(|kept| kept.fragment.bytes.clone()))
            .collect()
    }

    /// Whether its recording is as long as one may be.
    pub fn recording_is_full(&self) -> bool {
        self.lock().segments.bound().is_some()
    }
}

impl Inner {
    /// Goes on behind what was recorded before.
    fn go_on(&mut self, mut past: FinishedRecording, date: UnixMs, backlog: &Backlog) {
        let end = past.duration();
        self.past = past.take_past();
        self.muxer = Muxer::new(past.audio);
        self.muxer.begin_at(end);
        self.first = past.segments.last_closed().map_or(0, |last| last.span.last_fragment + 1);
        self.descriptions = past.descriptions;
        self.offset = past.size;
        self.unrecorded = Unrecorded::behind(past.size, backlog);
        self.began = UnixMs(date.0 - end.to_ms());
        self.segments = past.segments;
    }

    pub(super) fn next_number(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    pub(super) fn first_number(&self) -> u64 {
        self.first
    }

    /// The number of the newest key frame's fragment.
    pub(super) fn newest_key(&self) -> Option<u64> {
        self.newest_key
    }

    /// The first segment that can be had: all that the disk has, or what is still in memory.
    fn first_segment(&self) -> usize {
        let in_memory = self.segments.first_where_not(|segment| segment.span.first_fragment < self.first);
        match (&self.recording, self.gaps.end()) {
            (RecordingState::On | RecordingState::Complete, None) => 0,
            (RecordingState::On | RecordingState::Complete, Some(gap)) => {
                in_memory.min(self.segments.first_where_not(|segment| segment.span.offset < gap))
            }
            _ => in_memory,
        }
    }

    fn kept(&self, number: u64) -> Option<&Kept> {
        self.ring.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The bytes of a fragment and the number of its description.
    pub(super) fn fragment(&self, number: u64) -> Option<(Bytes, usize)> {
        self.kept(number).map(|kept| (kept.fragment.bytes.clone(), kept.description))
    }

    pub(super) fn description(&self, number: usize) -> Option<Bytes> {
        self.descriptions.get(number).map(|(bytes, _)| bytes.clone())
    }

    pub(super) fn ended(&self) -> bool {
        self.status == Status::Ended
    }

    fn duration(&self) -> Ticks90k {
        let last = self.segments.open().or(self.segments.last_closed());
        last.map_or(Ticks90k(0), |last| last.span.start + last.span.duration)
    }

    fn end(&mut self) {
        self.status = Status::Ended;
        self.segments.finish();
        self.playlists = [None, None];
    }

    /// Returns whether a part or a segment was closed.
    fn push(&mut self, frame: &Frame, reference: ReferenceTime) -> bool {
        let mut muxed = std::mem::take(&mut self.muxed);
        self.muxer.push(frame, reference, &mut muxed);
        let mut part_closed = false;
        for item in muxed.drain(..) {
            match item {
                Muxed::Init(bytes, params) => self.describe(bytes, params),
                Muxed::Fragment(fragment) => part_closed |= self.keep(fragment),
            }
        }
        self.muxed = muxed;
        part_closed
    }

    fn describe(&mut self, bytes: Bytes, params: Arc<VideoParams>) {
        // A second description lies in a box that players of the plain file pass over.
        let recorded = if self.descriptions.is_empty() { bytes.clone() } else { free_box(&bytes) };
        self.record(recorded);
        self.descriptions.push((bytes, params));
    }

    /// The recording goes on here, with the key frame that comes now: by itself a whole stream again.
    fn go_on_recording(&mut self, start: Ticks90k) {
        self.awaits_key = false;
        self.resumed = Some(start);
        self.segments.finish();
        self.playlists = [None, None];
        let is_first = self.unrecorded.taken() == self.gaps.lost();
        let description = self.descriptions.last().map(|(bytes, _)| bytes.clone()).unwrap_or_default();
        self.record(if is_first { description } else { free_box(&description) });
    }

    fn record(&mut self, bytes: Bytes) {
        self.offset += bytes.len() as u64;
        if self.awaits_key {
            self.gaps.extend(self.offset);
            self.unrecorded.skip_to(self.offset);
            return;
        }
        if self.recording == RecordingState::On && !self.unrecorded.push(bytes) {
            self.stop_recording(RecordingState::Paused("the disk is too slow for this stream".into()));
        }
    }

    fn keep(&mut self, fragment: Fragment) -> bool {
        if self.awaits_key && fragment.key {
            self.go_on_recording(fragment.start);
        }
        let number = self.next_number();
        let size = fragment.bytes.len() as u64;
        let meta = FragmentMeta {
            number,
            start: fragment.start,
            duration: fragment.duration,
            picture: fragment.picture,
            key: fragment.key,
            offset: self.offset,
            size,
            description: self.descriptions.len().saturating_sub(1) as u32,
        };
        let closed_before = self.segments.next_number();
        let part_closed = self.segments.push(&meta);
        let segment_closed = self.segments.next_number() > closed_before;
        if segment_closed {
            self.keep_playlist();
        }
        let news = part_closed || segment_closed;
        if news {
            self.playlists = [None, None];
        }
        if fragment.key {
            self.newest_key = Some(number);
        }
        self.counts.bytes += size;
        let end = fragment.start;
        self.ring.push_back(Kept { offset: self.offset, description: meta.description as usize, fragment });
        let bytes = self.ring.back().map(|kept| kept.fragment.bytes.clone()).unwrap_or_default();
        self.record(bytes);
        let has_all = self.recording == RecordingState::On
            && !self.awaits_key
            && self.resumed.is_none_or(|start| start <= end - KEPT_UNRECORDED);
        self.forget(end - if has_all { KEPT } else { KEPT_UNRECORDED });
        news
    }

    /// Writes down what is new of the playlist that grows: whoever asks for the first one after hours is answered at once.
    /// Where nothing is recorded, lets go of the segments that can't be had any more instead.
    fn keep_playlist(&mut self) {
        let first = self.first_segment();
        if self.recording == RecordingState::On {
            let Self { segments, past, began, .. } = self;
            MediaPlaylist { segments, first, began: *began, ended: false, others: &[] }.keep(past);
        } else {
            self.segments.forget(first);
        }
    }

    /// Lets go of fragments that are older than `horizon` and the newest key frame, and on the disk if they shall be.
    fn forget(&mut self, horizon: Ticks90k) {
        let key = self.newest_key.unwrap_or(u64::MAX);
        let newest = self.offset;
        while let Some(oldest) = self.ring.front() {
            let needed = self.first >= key || oldest.fragment.start >= horizon;
            let on_disk = self.recording != RecordingState::On
                || oldest.offset + oldest.fragment.bytes.len() as u64 <= self.unrecorded.taken();
            let too_much = newest - oldest.offset > limits::STREAM_BYTES as u64;
            if !too_much && (needed || !on_disk) {
                break;
            }
            self.ring.pop_front();
            self.first += 1;
        }
    }
}
