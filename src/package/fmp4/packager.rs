//! Wraps one stream's frames into fragments, and cuts them into segments and parts, while somebody wants them.
//!
//! It *rests* until somebody asks, or the stream is recorded; a recording that waits for room counts. Then it *works*: it
//! begins with the newest group of pictures that the stream keeps, and wraps every frame as it comes. Where nobody has
//! asked for [`LINGER`] it rests again, at a key frame, and lets go of its fragments; so it always begins with one. What
//! was numbered stays so: media sequence numbers go on, and where pictures went by while it rested, playlists say that the
//! stream was broken off there.
//!
//! What the stream keeps when it begins may be a lot: it is wrapped in steps, so that nobody holds up the event loop. Until
//! it has caught up, it is *behind*.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::ground::frame::{Frame, VideoFrame};
use crate::ground::limits;
use crate::ground::time::Ticks90k;
use crate::live::{KeptFrame, News, Past, RecordingState, Sink, Source};
use crate::package::fmp4::finished::FinishedRecording;
use crate::wire::fmp4::decode_clock::{DecodeClock, Decoding};
use crate::wire::fmp4::fragment::ReferenceTime;
use crate::wire::fmp4::init::free_box;
use crate::wire::fmp4::lead_in::MOMENT;
use crate::wire::fmp4::muxer::{Fragment, Muxed, Muxer};
use crate::wire::playlist::hls::{BadReload, MediaPlaylist, Past as PastPlaylist, Reload};
use crate::wire::playlist::segments::{FragmentMeta, SegmentSpan, Segments};

/// Fragments are kept for this long beyond the newest group of pictures, for players that fetch parts.
const KEPT: Ticks90k = Ticks90k::from_ms(1500);
/// And for this long where nothing is recorded: all that players can go back to.
const KEPT_UNRECORDED: Ticks90k = Ticks90k::from_ms(16_000);
/// Players that fetch segments or parts ask again sooner: even plain ones once in a target duration, of 4 s and a group of
/// pictures at most. Counted on the stream's own timeline.
pub(super) const LINGER: Ticks90k = Ticks90k::from_ms(16_000);

/// Bytes that are wrapped in one step while it is behind, and of those with each frame that comes meanwhile.
const STEP_BYTES: usize = 1024 * 1024;
const STEP_BYTES_BESIDE: usize = 64 * 1024;
/// Making a fragment takes as long as copying so many bytes.
const FRAGMENT_COST_BYTES: usize = 8 * 1024;

/// A reader that begins with a key frame older than this is led to the newest pictures.
const LEAD_IN_FROM: Ticks90k = Ticks90k::from_ms(1000);
/// So much of what is newest it is shown: players want something in hand.
const LEAD_IN_TO: Ticks90k = Ticks90k::from_ms(400);

/// The way of a reader from a key frame to the newest pictures.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeadIn {
    /// The number of the fragment with which it ends: from there on all is as for everybody.
    pub number: u64,
    /// When that one starts.
    pub join: Ticks90k,
    /// When the next picture of the way is decoded.
    pub time: Ticks90k,
}

/// What a packager does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nobody wants fragments: frames pass by.
    Resting,
    /// Every frame is wrapped as it comes, as soon as those before it are.
    Working,
}

/// Makes the fragments of one stream, and knows where they are.
#[derive(Debug)]
pub(super) struct Packager {
    state: State,
    /// The frame that is wrapped next; while it rests the key frame at which it came to do so.
    next_frame: u64,
    /// Readers of the endless body.
    readers: u64,
    /// How long the stream was when somebody asked last.
    asked: Option<Ticks90k>,
    /// How long it was before the newest frame: a pause of the pictures is no time in which nobody asked.
    seen: Ticks90k,
    clock: DecodeClock,
    muxer: Muxer,
    muxed: Vec<Muxed>,
    /// The newest fragments; the first has number `first`.
    ring: VecDeque<Kept>,
    first: u64,
    newest_key: Option<u64>,
    segments: Segments,
    init_segments: Vec<Bytes>,
    /// Since when on the timeline the recording has gone on.
    resumed: Option<Ticks90k>,
    /// The playlist and its update, as long as they hold.
    playlists: [Option<Vec<Bytes>>; 2],
    past: PastPlaylist,
}

#[derive(Debug)]
struct Kept {
    fragment: Fragment,
    offset: u64,
    init_segment: usize,
}

impl Sink for Packager {
    fn frame(&mut self, source: &mut Source, news: &mut News) {
        if self.state == State::Working && self.may_rest(source) {
            self.rest(source);
            // Whoever waits for a piece asks again, and it begins where it came to rest.
            news.piece = true;
        } else if self.state == State::Resting && self.is_wanted(source) {
            self.begin(source);
        }
        self.catch_up(source, STEP_BYTES_BESIDE, news);
        self.seen = source.duration();
    }

    fn ended(&mut self, source: &mut Source) {
        if self.state == State::Working && !self.is_behind(source) {
            self.finish();
        }
    }
}

impl From<FinishedRecording> for Past {
    /// What a stream needs that goes on with a recording.
    fn from(recording: FinishedRecording) -> Self {
        let (duration, bytes, audio) = (recording.end(), recording.size, recording.audio.clone());
        let changes = recording.init_segments.len();
        Self { duration, bytes, audio, changes, sink: Box::new(Packager::behind(recording)) }
    }
}

impl Packager {
    /// One that has made nothing yet.
    pub fn new(source: &Source) -> Self {
        Self::with(Muxer::new(source.audio().cloned()))
    }

    /// One that goes on behind what was recorded before.
    fn behind(mut recording: FinishedRecording) -> Self {
        Self {
            past: recording.take_past(),
            first: recording.segments.last_closed().map_or(0, |last| last.span.last_fragment + 1),
            segments: recording.segments,
            init_segments: recording.init_segments.into_iter().map(|(bytes, _)| bytes).collect(),
            ..Self::with(Muxer::new(recording.audio))
        }
    }

    fn with(muxer: Muxer) -> Self {
        Self {
            state: State::Resting,
            next_frame: 0,
            readers: 0,
            asked: None,
            seen: Ticks90k(0),
            clock: DecodeClock::default(),
            muxer,
            muxed: Vec::new(),
            ring: VecDeque::new(),
            first: 0,
            newest_key: None,
            segments: Segments::default(),
            init_segments: Vec::new(),
            resumed: None,
            playlists: [None, None],
            past: PastPlaylist::default(),
        }
    }

    /// Somebody asks: a step of what the stream keeps is wrapped now, if it isn't yet.
    pub fn ask(&mut self, source: &mut Source) {
        self.asked = Some(source.duration());
        if self.state == State::Resting {
            self.begin(source);
        }
        if self.is_behind(source) {
            self.catch_up(source, STEP_BYTES, &mut News::default());
        }
    }

    /// Whether it works, and there is something to be wrapped yet.
    pub fn is_behind(&self, source: &Source) -> bool {
        self.state == State::Working && self.next_frame < source.frames.next_number()
    }

    /// A reader of the endless body comes.
    pub fn enter(&mut self, source: &mut Source) {
        self.readers += 1;
        source.counts.readers += 1;
    }

    /// A reader of the endless body goes.
    pub fn leave(&mut self, source: &mut Source) {
        self.readers -= 1;
        source.counts.readers -= 1;
        self.asked = Some(source.duration());
    }

    fn is_wanted(&self, source: &Source) -> bool {
        let lately = |asked: Ticks90k| self.seen - asked <= LINGER;
        self.readers > 0 || source.recording.is_under_way() || self.asked.is_some_and(lately)
    }

    /// Whether nobody wants what begins with the newest frame, and all before it is wrapped.
    fn may_rest(&self, source: &Source) -> bool {
        let is_next = self.next_frame + 1 == source.frames.next_number();
        is_next && source.frames.newest().is_some_and(KeptFrame::is_key) && !self.is_wanted(source)
    }

    fn rest(&mut self, source: &Source) {
        self.state = State::Resting;
        self.first = self.next_number();
        self.ring = VecDeque::new();
        self.newest_key = None;
        self.segments.begin_anew();
        self.finish();
        self.keep_playlist(source);
    }

    /// Begins where it came to rest, or with the newest key frame; not yet, where none is kept.
    fn begin(&mut self, source: &Source) {
        let Some(key) = source.frames.newest_key() else { return };
        if self.next_frame < source.frames.first_number() {
            self.next_frame = key;
            self.muxer.skip();
            self.clock.skip();
            self.segments.break_off();
        }
        self.state = State::Working;
    }

    /// Wraps frames that have come, about `most` bytes of them, while it works.
    fn catch_up(&mut self, source: &mut Source, most: usize, news: &mut News) {
        if self.state == State::Working && self.next_frame < source.frames.first_number() {
            // Frames went before they were wrapped: it begins again with the key frame, or the next.
            self.rest(source);
            self.begin(source);
        }
        if self.state == State::Resting {
            return;
        }
        let mut done = 0;
        while done < most
            && let Some(KeptFrame { frame, date, .. }) = source.frames.get(self.next_frame)
        {
            let mut muxed = std::mem::take(&mut self.muxed);
            let reference = ReferenceTime::at(*date);
            match frame {
                Frame::Video(picture) => {
                    let decoding = self.decoding(picture);
                    self.muxer.picture(self.next_frame, picture, decoding, reference, &mut muxed);
                }
                Frame::Audio(sound) => self.muxer.sound(self.next_frame, sound, reference, &mut muxed),
            }
            for (number, data) in self.muxer.moved() {
                source.frames.moved(number, data);
            }
            for item in muxed.drain(..) {
                match item {
                    Muxed::Init(bytes, _) => self.describe(bytes, source),
                    Muxed::Fragment(fragment) => {
                        done += fragment.bytes.len() + FRAGMENT_COST_BYTES;
                        news.more = true;
                        news.piece |= self.keep(fragment, source);
                    }
                }
            }
            self.muxed = muxed;
            self.next_frame += 1;
        }
        source.counts.late_sound = self.muxer.late_sound();
        if source.ended() && !self.is_behind(source) {
            self.finish();
        }
    }

    /// When a picture is decoded. It begins what is promised of the stream, where it is the first.
    fn decoding(&mut self, picture: &VideoFrame) -> Decoding {
        self.segments.describe(picture.params.frame_duration);
        let targets = self.segments.targets();
        let start = self.clock.start(picture.dts, targets);
        // A change of parameters begins a segment, as a key frame usually does; the room is a whole part's then.
        let init_segment = self.init_segments.len().saturating_sub(1) as u32;
        let room = self.segments.room(start, picture.key, init_segment);
        self.clock.take(picture.dts, start, room, targets)
    }

    /// Closes what is open.
    fn finish(&mut self) {
        self.segments.finish();
        self.playlists = [None, None];
    }

    /// The init segment of this number.
    pub fn init_segment(&self, number: usize) -> Option<Bytes> {
        self.init_segments.get(number).cloned()
    }

    /// The HLS playlist in pieces, if what is asked for is there.
    pub fn playlist(&mut self, source: &Source, reload: Reload) -> Result<Option<Vec<Bytes>>, BadReload> {
        let ended = source.ended();
        let is_known = self.segments.targets().is_some() || ended;
        if !is_known || self.init_segments.is_empty() || !ended && !reload.is_met(&self.segments)? {
            return Ok(None);
        }
        let first = self.first_segment(source);
        let began = source.began();
        let update = reload.skip && !ended;
        let slot = usize::from(update);
        if self.playlists[slot].is_none() {
            let Self { segments, past, .. } = self;
            let playlist = MediaPlaylist { segments, first, began, ended, others: &[] };
            let pieces = if update { vec![playlist.write_update().into()] } else { playlist.write(past) };
            self.playlists[slot] = Some(pieces);
        }
        Ok(self.playlists[slot].clone())
    }

    /// Whether there are pictures, and nothing tells their rate yet: there is no playlist before. Where those that come are
    /// dropped, how long they are awaited tells nothing.
    pub fn awaits_rate(&self, source: &Source) -> bool {
        self.segments.targets().is_none()
            && !self.init_segments.is_empty()
            && !source.ended()
            && !source.counts.line.is_dropping
    }

    /// Its pictures have been awaited for so long that their rate must be a low one.
    pub fn promise_slow(&mut self) {
        if self.segments.targets().is_none() {
            self.segments.promise(self.segments.slow_targets());
            self.playlists = [None, None];
        }
    }

    /// Where a closed segment, or with `part` a part of a segment, is; `Ok(None)` if it has yet to come.
    pub fn span(&self, source: &Source, number: u64, part: Option<usize>) -> Result<Option<SegmentSpan>, BadReload> {
        let closed = self.segments.next_number() as u64;
        let found = match part {
            None => self.segments.closed(number as usize).map(|segment| segment.span),
            Some(part) => self.segments.segment(number).and_then(|segment| segment.parts.get(part).copied()),
        };
        let comes = number >= closed && number <= closed + 1 && !source.ended();
        if found.is_none() && !comes { Err(BadReload) } else { Ok(found) }
    }

    /// The bytes of a span, if they are still in memory.
    pub fn pieces(&self, span: &SegmentSpan) -> Option<Vec<Bytes>> {
        (span.first_fragment..=span.last_fragment)
            .map(|number| self.kept(number).map(|kept| kept.fragment.bytes.clone()))
            .collect()
    }

    /// Whether its recording is as long as one may be.
    pub fn is_full(&self) -> bool {
        self.segments.bound().is_some()
    }

    /// The number of the fragment that comes next.
    pub fn next_number(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    /// The number of the oldest fragment that is kept.
    pub fn first_number(&self) -> u64 {
        self.first
    }

    /// The number of the newest key frame's fragment.
    pub fn newest_key(&self) -> Option<u64> {
        self.newest_key
    }

    /// Where a reader that begins with the key frame `key` is to be led, and at what time the first picture of the way there
    /// is decoded; `None` where the key frame is not from long ago.
    pub fn lead_in(&self, key: u64) -> Option<LeadIn> {
        let start = |kept: &Kept| kept.fragment.start;
        let newest = self.ring.back().map(start)?;
        if newest - self.kept(key).map(start)? <= LEAD_IN_FROM {
            return None;
        }
        let way = self.ring.iter().zip(self.first..).skip((key - self.first) as usize);
        let mut pictures = way.filter(|(kept, _)| kept.fragment.picture);
        let mut before = 0;
        let (join, number) = pictures.find(|(kept, _)| {
            before += 1;
            newest - start(kept) <= LEAD_IN_TO
        })?;
        let join_start = start(join);
        Some(LeadIn { number, join: join_start, time: join_start - Ticks90k(MOMENT.0 * (before - 1)) })
    }

    fn kept(&self, number: u64) -> Option<&Kept> {
        self.ring.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The bytes of a fragment and the number of its init segment.
    pub fn fragment(&self, number: u64) -> Option<(Bytes, usize)> {
        self.kept(number).map(|kept| (kept.fragment.bytes.clone(), kept.init_segment))
    }

    /// The first segment that can be had: all that the disk has, or what is still in memory.
    fn first_segment(&self, source: &Source) -> usize {
        let in_memory = self.segments.first_where_not(|segment| segment.span.first_fragment < self.first);
        match (source.recording.state(), source.recording.last_gap_end()) {
            (RecordingState::On | RecordingState::Complete, None) => 0,
            (RecordingState::On | RecordingState::Complete, Some(gap)) => {
                in_memory.min(self.segments.first_where_not(|segment| segment.span.offset < gap))
            }
            _ => in_memory,
        }
    }

    fn describe(&mut self, bytes: Bytes, source: &mut Source) {
        // A second init segment lies in a box that players of the plain file pass over.
        source.recording.push(if self.init_segments.is_empty() { bytes.clone() } else { free_box(&bytes) });
        self.init_segments.push(bytes);
    }

    /// The recording goes on here, with the key frame that comes now: by itself a whole stream again.
    fn go_on_recording(&mut self, start: Ticks90k, source: &mut Source) {
        self.resumed = Some(start);
        self.finish();
        let is_first = source.recording.go_on();
        let init_segment = self.init_segments.last().cloned().unwrap_or_default();
        source.recording.push(if is_first { init_segment } else { free_box(&init_segment) });
    }

    /// Keeps a fragment. Returns whether a part or a segment was closed.
    fn keep(&mut self, fragment: Fragment, source: &mut Source) -> bool {
        if source.recording.awaits_key() && fragment.key {
            self.go_on_recording(fragment.start, source);
        }
        let number = self.next_number();
        let offset = source.recording.offset();
        let init_segment = self.init_segments.len().saturating_sub(1);
        let meta = FragmentMeta {
            number,
            start: fragment.start,
            duration: fragment.duration,
            picture: fragment.picture,
            key: fragment.key,
            offset,
            size: fragment.bytes.len() as u64,
            init_segment: init_segment as u32,
        };
        let closed_before = self.segments.next_number();
        let news = self.segments.push(&meta);
        if self.segments.next_number() > closed_before {
            self.keep_playlist(source);
        }
        if news {
            self.playlists = [None, None];
        }
        if fragment.key {
            self.newest_key = Some(number);
        }
        let end = fragment.start;
        let bytes = fragment.bytes.clone();
        self.ring.push_back(Kept { fragment, offset, init_segment });
        source.recording.push(bytes);
        let has_all = source.recording.is_on()
            && !source.recording.awaits_key()
            && self.resumed.is_none_or(|start| start <= end - KEPT_UNRECORDED);
        self.forget(end - if has_all { KEPT } else { KEPT_UNRECORDED }, source);
        news
    }

    /// Writes down what is new of the playlist that grows: whoever asks for the first one after hours is answered at once.
    /// Where nothing is recorded, lets go of the segments that can't be had any more instead.
    fn keep_playlist(&mut self, source: &Source) {
        let first = self.first_segment(source);
        if source.recording.is_on() {
            let Self { segments, past, .. } = self;
            MediaPlaylist { segments, first, began: source.began(), ended: false, others: &[] }.keep(past);
        } else {
            self.segments.forget(first);
        }
    }

    /// Lets go of fragments that are older than `horizon` and the newest key frame, and on the disk if they shall be.
    fn forget(&mut self, horizon: Ticks90k, source: &Source) {
        let key = self.newest_key.unwrap_or(u64::MAX);
        let newest = source.recording.offset();
        while let Some(oldest) = self.ring.front() {
            let needed = self.first >= key || oldest.fragment.start >= horizon;
            let on_disk = !source.recording.is_on()
                || oldest.offset + oldest.fragment.bytes.len() as u64 <= source.recording.taken();
            let too_much = newest - oldest.offset > limits::STREAM_BYTES as u64;
            if !too_much && (needed || !on_disk) {
                break;
            }
            self.ring.pop_front();
            self.first += 1;
        }
    }
}
