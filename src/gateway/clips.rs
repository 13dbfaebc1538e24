//! Films that phones send, between the HTTP door and the room that looks after them.

use std::sync::Arc;

use crate::executor::{BoxFuture, Work, unblock};
use crate::ground::reply::Reply;
use crate::http::range::Piece;
use crate::http::{self, Admission, Api, UploadRequest};
use crate::lifecycle::clips::{self, Clips, Incoming, Sending};
use crate::share::ClipError;

/// Takes films that phones send.
pub(super) struct Intake {
    pub clips: Arc<Clips>,
    /// Who knows phones by their tokens.
    pub api: Api,
}

impl http::Clips for Intake {
    fn admit(&self, request: UploadRequest) -> BoxFuture<'_, Admission> {
        let (clips, api) = (self.clips.clone(), self.api.clone());
        Box::pin(async move {
            let admitted = unblock(Work::Storage, move || {
                let who = api.sender(request.authorization.as_deref())?;
                let (sending, total) = match request.piece {
                    Piece::Whole { total } => (Sending::Anew, total),
                    Piece::Part { first, total, .. } => (Sending::From(first), total),
                    Piece::Question { total } => (Sending::Question, total),
                };
                let admitted = clips::admit(&clips, who, request.share, sending, total);
                admitted.map_err(|not_taken| http::clip_answer(not_taken.into()))
            });
            match admitted.await {
                Ok(film) => Admission::Open(Box::new(Upload(film))),
                Err(reply) => Admission::Answered(reply),
            }
        })
    }
}

/// A film that arrives.
struct Upload(Incoming);

impl http::Upload for Upload {
    fn write(&mut self, bytes: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, Reply>> {
        let written = self.0.write(bytes);
        Box::pin(async { written.await.map_err(refusal) })
    }

    fn called_off(&self) -> BoxFuture<'static, Reply> {
        let called_off = self.0.called_off();
        Box::pin(async { refusal(called_off.await) })
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Reply> {
        Box::pin(async { http::clip_answer(self.0.finish().await) })
    }
}

fn refusal(error: ClipError) -> Reply {
    http::clip_answer(Err(error))
}
