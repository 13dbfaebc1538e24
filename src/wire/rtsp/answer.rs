//! Answers as bytes (RFC 2326, sections 7 and 11), and the reasons a publisher can be refused for.

use std::fmt::Write as _;

/// Why a publisher is refused. Texts are for people: they say what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has to prove who it is, or failed to: 401 with challenges.
    Authenticate,
    /// Nothing is to be published there: 404.
    NotFound,
    /// It may not publish there now: 403.
    NotAllowed(String),
    /// Someone publishes there already: 403.
    AlreadyPublishing,
    /// Its media can't be taken: 415.
    Unsupported(String),
    /// There are no ports for UDP; a publisher tries TCP next: 461.
    NoPorts,
    /// The gateway has no room: 503.
    Full(String),
    /// Something broke here, not there: 500.
    Failed,
}

impl Refusal {
    /// Status code and reason phrase.
    pub fn status(&self) -> (u16, &str) {
        match self {
            Self::Authenticate => (401, "Unauthorized"),
            Self::NotFound => (404, "Not Found"),
            Self::NotAllowed(why) => (403, why),
            Self::AlreadyPublishing => (403, "This share is already being published"),
            Self::Unsupported(why) => (415, why),
            Self::NoPorts => (461, "Unsupported Transport"),
            Self::Full(why) => (503, why),
            Self::Failed => (500, "Internal Server Error"),
        }
    }
}

/// Adds an answer to `output`. `headers` are whole lines, each with its line end; `cseq` came with the request.
pub fn write(output: &mut Vec<u8>, status: u16, reason: &str, cseq: Option<&str>, headers: &str) {
    let mut head = format!("RTSP/1.0 {status} {}\r\n", clean(reason));
    if let Some(cseq) = cseq {
        let _ = write!(head, "CSeq: {}\r\n", clean(cseq));
    }
    output.extend_from_slice(head.as_bytes());
    output.extend_from_slice(b"Server: Lareira\r\n");
    output.extend_from_slice(headers.as_bytes());
    output.extend_from_slice(b"\r\n");
}

/// Without line breaks and anything else that is no printable ASCII, and not longer than a line: the text may be made
/// of what a client sent.
fn clean(text: &str) -> String {
    text.chars().take(120).map(|letter| if letter == ' ' || letter.is_ascii_graphic() { letter } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_cannot_be_broken_by_what_they_quote() {
        let mut output = Vec::new();
        write(&mut output, 415, "Codec a\r\nX: é", Some("1\r\nY: z"), "Session: 1\r\n");
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text, "RTSP/1.0 415 Codec a??X: ?\r\nCSeq: 1??Y: z\r\nServer: Lareira\r\nSession: 1\r\n\r\n");
    }
}
