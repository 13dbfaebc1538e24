//! Makes files ready that streams go on with, away from the disk's thread: of a recording of hours there is much to read,
//! and nobody else's pictures wait for that.

use std::collections::{HashMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::executor::OwnThread;
use crate::ground::id::ShareId;
use crate::live::{Backlog, RecordingState, Stream};
use crate::recording::open::Open;
use crate::recording::{Folder, repair};

/// A file that is ready to be gone on with; `None` where nothing of it can be played, and it begins anew.
pub(super) type Ready = io::Result<Option<Open>>;
/// How a stream's file is made ready.
pub(super) type Method = Box<dyn Fn(&Stream) -> Ready + Send + Sync>;

/// The files that are made ready, one after the other.
pub(super) struct Mender {
    method: Arc<Method>,
    backlog: Arc<Backlog>,
    thread: OwnThread,
    under_way: HashSet<ShareId>,
    ready: HashMap<ShareId, (Arc<Stream>, Ready)>,
    tell: Sender<(Arc<Stream>, Ready)>,
    told: Receiver<(Arc<Stream>, Ready)>,
}

impl Mender {
    /// Makes files ready by `method`; by way of `backlog` the disk's thread looks at their streams then.
    pub fn new(method: Method, backlog: Arc<Backlog>) -> Self {
        let (tell, told) = channel();
        Self {
            method: Arc::new(method),
            backlog,
            thread: OwnThread::new("mender"),
            under_way: HashSet::new(),
            ready: HashMap::new(),
            tell,
            told,
        }
    }

    /// Begins with the file of `stream`.
    pub fn begin(&mut self, stream: &Arc<Stream>) {
        let (method, backlog, tell) = (self.method.clone(), self.backlog.clone(), self.tell.clone());
        let of = stream.clone();
        let job = move || {
            let made = catch_unwind(AssertUnwindSafe(|| method(&of)));
            let ready = made.unwrap_or_else(|_| Err(io::Error::other("it can't be read")));
            // The disk's thread has ended where it doesn't hear.
            let _ = tell.send((of.clone(), ready));
            backlog.add(of);
        };
        self.under_way.insert(stream.share());
        if self.thread.hand_over(Box::new(job)).is_err() {
            self.ready.insert(stream.share(), (stream.clone(), Err(io::ErrorKind::ResourceBusy.into())));
            self.backlog.add(stream.clone());
        }
    }

    /// Whether the file of `share` is being made ready, or is ready.
    pub fn has(&self, share: ShareId) -> bool {
        self.under_way.contains(&share)
    }

    /// The file of `share`, once it is ready.
    pub fn take(&mut self, share: ShareId) -> Option<Ready> {
        self.ready.extend(self.told.try_iter().map(|made| (made.0.share(), made)));
        let (_, ready) = self.ready.remove(&share)?;
        self.under_way.remove(&share);
        Some(ready)
    }

    /// A stream whose file is ready, once one is; `None` where none is made ready. Blocks.
    pub fn wait(&mut self) -> Option<Arc<Stream>> {
        if self.under_way.is_empty() {
            return None;
        }
        // Whoever took one may have been told of others besides, of which nobody is told again.
        if let Some((stream, _)) = self.ready.values().next() {
            return Some(stream.clone());
        }
        let (stream, ready) = self.told.recv().ok()?;
        self.ready.insert(stream.share(), (stream.clone(), ready));
        Some(stream)
    }
}

/// Makes the file of `stream` ready as it lies in `folder`: what was written in part before the recording stopped is cut
/// off first.
pub(super) fn method(folder: Folder) -> Method {
    Box::new(move |stream| {
        let share = stream.share();
        let bytes = match stream.recording() {
            RecordingState::Resuming(_) => repair(&folder, share)?,
            _ => Some(stream.recorded_bytes()),
        };
        bytes.map(|bytes| Open::at(&folder, share, bytes)).transpose()
    })
}
