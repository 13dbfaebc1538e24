//! How a connection becomes a WebSocket (RFC 6455, section 4.2): the handshake's answer, or why there is none.

use super::answer::{self, Framing};
use super::head::Head;
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::reply::Reply;
use crate::wire::websocket;

/// The head of the answer that makes a connection a WebSocket, or why it does not become one (RFC 6455, section 4.2).
pub(super) fn handshake(head: &Head) -> Result<Vec<u8>, Reply> {
    let asked = &head.websocket;
    let wanted =
        asked.upgrade && asked.connection && !head.http10 && asked.version.as_deref() == Some(websocket::VERSION);
    if !wanted {
        let reply =
            Reply::error(426, "upgrade_required", "a WebSocket (RFC 6455, version 13) is spoken at this address");
        return Err(reply.with("Upgrade", "websocket").with("Sec-WebSocket-Version", websocket::VERSION));
    }
    let Some(accept) = asked.key.as_deref().and_then(websocket::accept) else {
        return Err(Reply::error(400, "bad_request", "the Sec-WebSocket-Key field is doubtful"));
    };
    let fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept.as_str())];
    Ok(answer::head(101, "", fields.into_iter(), Framing::None, false))
}

/// The answer to a client that nobody takes over.
pub(super) fn refused(refusal: &PublishRefusal) -> Reply {
    let status = match refusal {
        PublishRefusal::AlreadyPublishing => 409,
        PublishRefusal::NotFound | PublishRefusal::Over | PublishRefusal::NotAllowed(_) => 404,
        PublishRefusal::Full(_) => 503,
        PublishRefusal::DiskFull => 507,
        PublishRefusal::Authenticate
        | PublishRefusal::Unsupported(_)
        | PublishRefusal::NoPorts
        | PublishRefusal::Failed => 500,
    };
    let reply = Reply::error(status, refusal.code(), &refusal.to_string());
    if status == 503 { reply.with("Retry-After", "5") } else { reply }
}
