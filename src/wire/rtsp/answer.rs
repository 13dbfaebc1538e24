//! Answers as bytes (RFC 2326, sections 7 and 11), and which says that a publisher is refused.

use std::fmt::Write as _;

use crate::ground::publish_refusal::PublishRefusal;

/// Status code and reason phrase for a publisher that is refused. After [`PublishRefusal::NoPorts`] it tries TCP.
pub fn status(refusal: &PublishRefusal) -> (u16, String) {
    let (status, phrase) = match refusal {
        PublishRefusal::Authenticate => (401, "Unauthorized"),
        PublishRefusal::NotFound => (404, "Not Found"),
        PublishRefusal::Unsupported(why) => (415, why.as_str()),
        PublishRefusal::NoPorts => (461, "Unsupported Transport"),
        PublishRefusal::Failed => (500, "Internal Server Error"),
        PublishRefusal::Over | PublishRefusal::NotAllowed(_) | PublishRefusal::AlreadyPublishing => {
            return (403, refusal.to_string());
        }
        PublishRefusal::Full(_) | PublishRefusal::DiskFull => return (503, refusal.to_string()),
    };
    (status, phrase.to_owned())
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

/// Adds a request that ends the session `id`, with a reason for people.
pub fn write_teardown(output: &mut Vec<u8>, id: &str, reason: &str) {
    let reason = clean(reason).replace(['"', '\\'], "'");
    let head = format!("TEARDOWN * RTSP/1.0\r\nCSeq: 1\r\nServer: Lareira\r\nSession: {id}\r\n");
    output.extend_from_slice(head.as_bytes());
    output.extend_from_slice(format!("Terminate-Reason: Server-Admin;user-msg=\"{reason}\"\r\n\r\n").as_bytes());
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
    fn who_is_sent_away_is_told_why() {
        let mut output = Vec::new();
        write_teardown(&mut output, "5e551011", "only \"sound\" comes\r\nX: y");
        let text = String::from_utf8(output).unwrap();
        assert!(text.starts_with("TEARDOWN * RTSP/1.0\r\nCSeq: 1\r\n") && text.contains("\r\nSession: 5e551011\r\n"));
        assert!(
            text.ends_with("\r\nTerminate-Reason: Server-Admin;user-msg=\"only 'sound' comes??X: y\"\r\n\r\n"),
            "{text}"
        );
    }

    #[test]
    fn answers_cannot_be_broken_by_what_they_quote() {
        let mut output = Vec::new();
        write(&mut output, 415, "Codec a\r\nX: é", Some("1\r\nY: z"), "Session: 1\r\n");
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text, "RTSP/1.0 415 Codec a??X: ?\r\nCSeq: 1??Y: z\r\nServer: Lareira\r\nSession: 1\r\n\r\n");
    }
}
