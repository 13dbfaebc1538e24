//! What is made of a stream's frames, and what a stream shows those who make it.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use crate::ground::frame::{AudioParams, VideoParams};
use crate::ground::time::{Ticks90k, UnixMs};
use crate::live::frames::Frames;
use crate::live::recording::Recording;
use crate::live::state::{Status, StreamCounts};
use crate::live::timeline::Timeline;

/// A key frame that is no older serves whoever begins to watch.
const FRESH: Ticks90k = Ticks90k::from_ms(1000);

/// A form that a stream's frames are brought into, once for all who read it (a packager), or whatever else follows them.
///
/// It is called under the stream's lock: it never waits, and takes no lock of its own. The stream has at most one of each
/// type; [`Stream::with`](super::Stream::with) makes it when the first reader asks for it.
pub trait Sink: Any + Debug + Send {
    /// A frame has come, the newest of those that are kept; tells `news` what there is to be read now.
    fn frame(&mut self, source: &mut Source, news: &mut News);
    /// The stream is over: no frame comes any more.
    fn ended(&mut self, source: &mut Source);
}

/// What readers are woken for.
#[derive(Clone, Copy, Debug, Default)]
pub struct News {
    /// There is something for those who follow everything.
    pub more: bool,
    /// A whole piece is there, for those who fetch such.
    pub piece: bool,
}

/// Makes the sink whose bytes are a stream's recording.
pub type Recorder = fn(&Source) -> Box<dyn Sink>;

/// What a stream goes on behind: what was recorded of it before the gateway was stopped.
#[derive(Debug)]
pub struct Past {
    /// How long it is.
    pub duration: Ticks90k,
    /// Bytes that the disk has.
    pub bytes: u64,
    /// What its sound is, and stays.
    pub audio: Option<Arc<AudioParams>>,
    /// How often its pictures' parameters were new.
    pub changes: usize,
    /// What goes on with it.
    pub sink: Box<dyn Sink>,
}

/// A stream as its sinks see it.
#[derive(Debug)]
pub struct Source {
    /// The newest frames.
    pub frames: Frames,
    /// What goes to the disk.
    pub recording: Recording,
    /// What has been counted.
    pub counts: StreamCounts,
    pub(super) timeline: Timeline,
    pub(super) audio: Option<Arc<AudioParams>>,
    /// The pictures' parameters, and how often they were new.
    pub(super) params: Option<Arc<VideoParams>>,
    pub(super) changes: usize,
    pub(super) status: Status,
    pub(super) began: UnixMs,
    /// Whether somebody who begins to watch would be served by a key frame; until the next one.
    pub(super) key_frame_wanted: bool,
}

impl Source {
    /// What its sound is, where it has any.
    pub fn audio(&self) -> Option<&Arc<AudioParams>> {
        self.audio.as_ref()
    }

    /// How long it is.
    pub fn duration(&self) -> Ticks90k {
        self.timeline.duration()
    }

    /// When its timeline began.
    pub fn began(&self) -> UnixMs {
        self.began
    }

    /// Somebody begins to watch, or has fallen behind: where the newest key frame is not from a moment ago, the publisher
    /// is to be asked for one, if it can be ([`Publisher::is_key_frame_wanted`](super::Publisher::is_key_frame_wanted)).
    pub fn want_key_frame(&mut self) {
        let newest = self.frames.newest_key().and_then(|key| self.frames.get(key));
        let is_fresh = newest.is_some_and(|key| self.duration() - key.start() <= FRESH);
        self.key_frame_wanted |= !is_fresh;
    }

    /// Whether it is over.
    pub fn ended(&self) -> bool {
        self.status == Status::Ended
    }
}
