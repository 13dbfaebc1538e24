//! Finished recordings, opened for playback: the plain MP4 file they make, and their segments.
//!
//! A recording is opened once for all who ask at the same time; of another one nobody waits, but for the few places in
//! which recordings are opened: long ones have a thread of their own, so that nobody's short one waits for them. An index is walked, never held: what is kept of a recording is its segments, its playlist
//! and the plan of its head. A long head itself lies in a file beside the recording.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use event_listener::Event;
use smol::lock::Semaphore;

use crate::executor::{Busy, OwnThread, Work, unblock};
use crate::ground::frame::{AudioParams, VideoParams};
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::package::fmp4::{FinishedRecording, Head, Wanted};
use crate::private;
use crate::recording::Folder;
use crate::recording::index::{Fragments, Record, Records};
use crate::wire::fmp4::AUDIO_TRACK;
use crate::wire::fmp4::progressive::{IndexedSample, Measure, Plan};
use crate::wire::fmp4::read::read_init_segment;
use crate::wire::playlist::segments::Segments;
use crate::wire::playlist::targets::Targets;

/// An init segment is never larger.
const MAX_INIT_SEGMENT_BYTES: u32 = 1 << 20;

/// Opens recordings, and keeps the last ones open.
#[derive(Debug)]
pub struct Library {
    folder: Folder,
    state: Mutex<State>,
    /// A recording is nobody's any more.
    freed: Event,
    openings: Arc<Semaphore>,
    /// Where long ones are opened, one after the other.
    long: OwnThread,
    waiters: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    open: VecDeque<(ShareId, Arc<FinishedRecording>)>,
    /// Recordings that somebody reads or mends just now.
    taken: HashSet<ShareId>,
    /// Recordings that streams go on with.
    written: HashSet<ShareId>,
}

/// The right to read or mend a recording.
pub(super) struct Turn {
    library: Arc<Library>,
    share: ShareId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.library.state().taken.remove(&self.share);
        self.library.freed.notify(usize::MAX);
    }
}

impl Library {
    /// The library of the recordings in `folder`.
    pub fn new(folder: Folder) -> Arc<Self> {
        Arc::new(Self {
            folder,
            state: Mutex::default(),
            freed: Event::new(),
            openings: Arc::new(Semaphore::new(limits::LIBRARY_OPENINGS)),
            long: OwnThread::new("library"),
            waiters: Semaphore::new(limits::LIBRARY_WAITERS),
        })
    }

    /// Where the recordings are.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no one panics while holding the lists")
    }

    /// Opens the finished recording of a share and has what is wanted of it made, if it isn't yet: away from the event loop.
    /// A recording whose index is missing or unfinished is mended first.
    ///
    /// `WouldBlock`: a stream goes on with it. `ResourceBusy`: too many wait already.
    pub async fn open(self: &Arc<Self>, share: ShareId, wanted: Wanted) -> io::Result<Arc<FinishedRecording>> {
        if let Some(open) = self.kept(share).filter(|open| open.has(wanted)) {
            return Ok(open);
        }
        let _waits = self.waiters.try_acquire().ok_or(ErrorKind::ResourceBusy)?;
        let turn = self.turn(share).await;
        if let Some(open) = self.kept(share).filter(|open| open.has(wanted)) {
            return Ok(open);
        }
        // The work goes on where whoever asked has gone: another may ask again.
        let library = self.clone();
        if unblock(Work::Disk, move || library.is_long(share)).await {
            let opened = self.long.work(move || turn.library.opened(&turn, wanted)).await;
            return opened.unwrap_or_else(|Busy| Err(ErrorKind::ResourceBusy.into()));
        }
        let place = self.openings.acquire_arc().await;
        unblock(Work::Media, move || {
            let _place = place;
            turn.library.opened(&turn, wanted)
        })
        .await
    }

    /// Whether a recording takes so much memory and time that one such is opened at a time.
    fn is_long(&self, share: ShareId) -> bool {
        std::fs::metadata(self.folder.index(share)).is_ok_and(|index| index.len() > limits::LIBRARY_LONG_INDEX_BYTES)
    }

    /// How long the finished recording of a share is. Blocks.
    pub fn duration(self: &Arc<Self>, share: ShareId) -> io::Result<Ticks90k> {
        let turn = futures_lite::future::block_on(self.turn(share));
        Ok(self.opened(&turn, Wanted::Segments)?.duration())
    }

    /// The recording of a share whose stream goes on at `date`, after the gateway was stopped; `None` if there is none.
    ///
    /// From then on it is the stream's, until [`Self::release`]; whoever else asks is told `WouldBlock`.
    pub async fn past(self: &Arc<Self>, share: ShareId, date: UnixMs) -> io::Result<Option<FinishedRecording>> {
        let turn = self.turn(share).await;
        unblock(Work::Media, move || turn.library.handed_over(&turn, date)).await
    }

    fn handed_over(&self, turn: &Turn, date: UnixMs) -> io::Result<Option<FinishedRecording>> {
        let share = turn.share;
        if self.state().written.contains(&share) {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.state().open.retain(|(known, _)| *known != share);
        match crate::recording::repair(&self.folder, share)? {
            Some(_) => {
                let past = self.read(share)?.going_on(date);
                self.state().written.insert(share);
                Ok(Some(past))
            }
            None => Ok(None),
        }
    }

    /// No stream writes the recording of `share` any more.
    pub fn release(&self, share: ShareId) {
        self.state().written.remove(&share);
    }

    /// Deletes all there is of a share.
    pub fn delete(&self, share: ShareId) -> io::Result<()> {
        self.state().open.retain(|(known, _)| *known != share);
        self.folder.delete(share)
    }

    /// Moves all there is of a share aside.
    pub fn set_aside(&self, share: ShareId) -> io::Result<()> {
        self.state().open.retain(|(known, _)| *known != share);
        self.folder.set_aside(share)
    }

    pub(super) fn kept(&self, share: ShareId) -> Option<Arc<FinishedRecording>> {
        let mut state = self.state();
        let index = state.open.iter().position(|(known, _)| *known == share)?;
        let entry = state.open.remove(index)?;
        state.open.push_back(entry.clone());
        Some(entry.1)
    }

    pub(super) fn keep(&self, share: ShareId, recording: &Arc<FinishedRecording>) {
        let mut state = self.state();
        state.open.retain(|(known, _)| *known != share);
        state.open.push_back((share, recording.clone()));
        let bytes = |open: &VecDeque<(ShareId, Arc<FinishedRecording>)>| -> usize {
            open.iter().map(|(_, recording)| recording.held_bytes()).sum()
        };
        while state.open.len() > 1 && bytes(&state.open) > limits::LIBRARY_BYTES {
            state.open.pop_front();
        }
    }

    fn take(self: &Arc<Self>, share: ShareId) -> Option<Turn> {
        self.state().taken.insert(share).then(|| Turn { library: self.clone(), share })
    }

    /// Waits until the recording of a share is nobody's. No thread of [`Work::Media`] may wait so: whoever has the turn may
    /// wait for one of those.
    pub(super) async fn turn(self: &Arc<Self>, share: ShareId) -> Turn {
        loop {
            let freed = self.freed.listen();
            match self.take(share) {
                Some(turn) => return turn,
                None => freed.await,
            }
        }
    }

    /// The recording, with what is wanted of it.
    fn opened(&self, turn: &Turn, wanted: Wanted) -> io::Result<Arc<FinishedRecording>> {
        let share = turn.share;
        if self.state().written.contains(&share) {
            return Err(ErrorKind::WouldBlock.into());
        }
        let recording = match self.kept(share) {
            Some(recording) => recording,
            None => Arc::new(self.read(share)?),
        };
        match wanted {
            Wanted::Segments => {}
            Wanted::Playlist(began) => drop(recording.playlist(began)),
            Wanted::Head => drop(recording.head.set(self.head(share, &recording.plan)?)),
        }
        self.keep(share, &recording);
        Ok(recording)
    }

    fn read(&self, share: ShareId) -> io::Result<FinishedRecording> {
        let path = self.folder.video(share);
        let size = std::fs::metadata(&path)?.len();
        match self.walk(share, size) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof || error.kind() == ErrorKind::NotFound => {
                crate::recording::repair(&self.folder, share)?;
                self.walk(share, std::fs::metadata(&path)?.len())
            }
            result => result,
        }
    }

    /// Reads the index of a recording of `size` bytes; `UnexpectedEof` if it isn't whole.
    fn walk(&self, share: ShareId, size: u64) -> io::Result<FinishedRecording> {
        let path = self.folder.video(share);
        let (index, file) = (File::open(self.folder.index(share))?, File::open(&path)?);
        let mut init_segments: Vec<(Bytes, Arc<VideoParams>)> = Vec::new();
        let mut audio: Option<AudioParams> = None;
        let mut fragments = Fragments::new(1);
        let (mut segments, mut measure, mut last) = (Segments::default(), Measure::default(), None);
        let (mut end, mut usual) = (Ticks90k(0), 0);
        for record in Records::of(&index)? {
            match &record {
                Record::InitSegment { offset, size } => {
                    let mut bytes = vec![0; (*size).min(MAX_INIT_SEGMENT_BYTES) as usize];
                    file.read_exact_at(&mut bytes, *offset)?;
                    let (video, sound) = read_init_segment(&bytes)
                        .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "an init segment can't be read"))?;
                    if init_segments.is_empty() {
                        fragments = Fragments::new(sound.as_ref().map_or(1, |audio| audio.sample_rate));
                        audio = sound;
                    }
                    segments.describe(video.frame_duration);
                    init_segments.push((bytes.into(), Arc::new(video)));
                }
                Record::Sample(sample) => {
                    measure.push(sample);
                    end = end.max(end_of(sample, usual, audio.as_ref()));
                }
                Record::Fragment { .. } | Record::End { .. } => {}
            }
            if let Some(fragment) = fragments.take(&record) {
                segments.push(&fragment);
            }
            // What was promised holds, whatever the disk has of the stream's beginning.
            if let Record::Fragment { usual_duration: said @ 1.., .. } = record {
                usual = said;
                segments.promise(Targets::of(Ticks90k(said.into())));
            }
            last = Some(record);
        }
        if last != Some(Record::End { size }) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if init_segments.is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidData, "the recording has no init segment"));
        }
        segments.finish();
        let videos: Vec<&VideoParams> = init_segments.iter().map(|(_, video)| &**video).collect();
        let plan = measure.plan(&videos, audio.as_ref(), size);
        Ok(FinishedRecording::new(path, size, plan, init_segments, audio.map(Arc::new), segments, end))
    }

    /// Makes the head of a recording; one that lies beside it from before is taken.
    fn head(&self, share: ShareId, plan: &Plan) -> io::Result<Head> {
        let path = self.folder.head(share);
        if plan.bytes() <= limits::HEAD_BYTES {
            return self.short_head(share, plan);
        }
        if std::fs::metadata(&path).is_ok_and(|meta| meta.len() == plan.bytes()) {
            return Ok(Head::File(path));
        }
        match self.write_head(share, plan, &path) {
            Ok(()) => Ok(Head::File(path)),
            Err(error) if plan.bytes() <= limits::HEAD_BYTES_WITHOUT_DISK => {
                log::warn!("the head of a recording can't be kept share={share} error=\"{error}\"");
                self.short_head(share, plan)
            }
            Err(error) => Err(error),
        }
    }

    fn short_head(&self, share: ShareId, plan: &Plan) -> io::Result<Head> {
        let mut bytes = vec![0; plan.bytes() as usize];
        let index = File::open(self.folder.index(share))?;
        plan.write(Records::of(&index)?.samples(), |at, piece| {
            let at = at as usize;
            bytes.get_mut(at..at + piece.len()).ok_or(ErrorKind::InvalidData)?.copy_from_slice(piece);
            io::Result::Ok(())
        })?;
        Ok(Head::Short(bytes.into()))
    }

    /// Only what is whole gets the name.
    fn write_head(&self, share: ShareId, plan: &Plan, path: &Path) -> io::Result<()> {
        let index = File::open(self.folder.index(share))?;
        let unfinished = self.folder.unfinished_head(share);
        let write = || {
            let file = private::file().write(true).create(true).truncate(true).open(&unfinished)?;
            plan.write(Records::of(&index)?.samples(), |at, piece| file.write_all_at(piece, at))?;
            file.sync_data()?;
            std::fs::rename(&unfinished, path)
        };
        write().inspect_err(|_| drop(std::fs::remove_file(&unfinished)))
    }
}

/// Where a sample's time ends on the stream's timeline. The decode clock may be behind the pictures, and says of them then
/// that they take longer than is usual: one is over when it has been shown for as long as is usual (0 where that isn't
/// said), and the next is decoded.
fn end_of(sample: &IndexedSample, usual_duration: u32, audio: Option<&AudioParams>) -> Ticks90k {
    let (rate, shown) = match audio {
        Some(audio) if sample.track == AUDIO_TRACK => (audio.sample_rate, 0),
        _ if usual_duration == 0 => (Ticks90k::PER_SECOND as u32, sample.duration),
        _ => (Ticks90k::PER_SECOND as u32, sample.duration.min(usual_duration)),
    };
    let ends = [sample.duration, sample.composition_offset.saturating_add(shown)];
    let end = sample.decode_time + u64::from(ends[0].max(ends[1]));
    Ticks90k::from_units(i64::try_from(end).unwrap_or(i64::MAX), rate)
}
