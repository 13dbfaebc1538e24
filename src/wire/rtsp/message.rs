//! Where one RTSP message ends and the next begins, and what a request says (RFC 2326, sections 4, 6 and 10.12).
//!
//! The only file that knows the `rtsp-types` crate. Two of its habits are kept away from it: it believes any
//! Content-Length, so it never sees one (bodies are cut here, after the limit); and it wants every URI absolute, so it
//! sees `*` and the URI stays text. Lines may end in a bare LF: RFC 2326, section 4, asks receivers to bear with that.
//! What the messages mean is the session's business.

use std::fmt;

use rtsp_types::{HeaderName, Message, Method as Verb};

use crate::ground::limits::{RTSP_BODY_BYTES, RTSP_HEAD_BYTES};

/// What the front of some bytes is.
#[derive(Debug)]
pub enum Piece<'a> {
    /// Not a whole message yet.
    Partial,
    /// Binary data of one interleaved channel (section 10.12).
    Interleaved(u8, &'a [u8]),
    /// A request.
    Request(Box<Request<'a>>),
    /// An answer's head; its body means nothing to anyone here.
    Response(&'a str),
}

/// Bytes after which nothing can be told apart any more: the connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The bytes are no RTSP.
    NotRtsp,
    /// A head beyond [`RTSP_HEAD_BYTES`].
    HeadTooLong,
    /// A body beyond [`RTSP_BODY_BYTES`].
    BodyTooLong,
    /// A Content-Length that is no number, or two that differ.
    BadLength,
    /// Another version of RTSP than 1.0.
    Version,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRtsp => "this is no RTSP",
            Self::HeadTooLong => "a head that is too long",
            Self::BodyTooLong => "a body that is too long",
            Self::BadLength => "a Content-Length that is no length",
            Self::Version => "another version than RTSP 1.0",
        })
    }
}

impl std::error::Error for Broken {}

/// A method, as far as this server tells them apart (section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Options,
    Describe,
    Announce,
    Setup,
    Play,
    Pause,
    Record,
    Teardown,
    GetParameter,
    SetParameter,
    Unknown,
}

/// A request, its body borrowed.
#[derive(Debug)]
pub struct Request<'a> {
    /// What is asked.
    pub method: Method,
    /// The method's name as it was sent.
    pub method_name: String,
    /// The Request-URI as it was sent: absolute, relative or `*`.
    pub uri: String,
    /// The body.
    pub body: &'a [u8],
    head: rtsp_types::Request<Vec<u8>>,
}

impl Request<'_> {
    /// The value of header `name`; several headers of one name are joined with commas (section 4.2).
    pub fn header(&self, name: &'static str) -> Option<&str> {
        let name = HeaderName::from_static_str(name).expect("header names here are ASCII");
        self.head.header(&name).map(|value| value.as_str().trim())
    }
}

/// Reads the first message of `input`. Also says how many bytes are done with.
pub fn read(input: &[u8]) -> Result<(usize, Piece<'_>), Broken> {
    let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let rest = &input[blank..];
    match rest {
        [] => Ok((blank, Piece::Partial)),
        [b'$', channel, high, low, rest @ ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            Ok(match rest.get(..length) {
                Some(data) => (blank + 4 + length, Piece::Interleaved(*channel, data)),
                None => (blank, Piece::Partial),
            })
        }
        [b'$', ..] => Ok((blank, Piece::Partial)),
        [first, ..] if first.is_ascii_alphabetic() => {
            let (used, piece) = read_control(rest)?;
            Ok((blank + used, piece))
        }
        _ => Err(Broken::NotRtsp),
    }
}

/// Writes a packet of one interleaved channel (section 10.12), given in pieces. One whose length can't be said, beyond
/// 65535 bytes, is left out.
pub fn interleave(channel: u8, pieces: &[&[u8]], output: &mut Vec<u8>) {
    let Ok(length) = u16::try_from(pieces.iter().map(|piece| piece.len()).sum::<usize>()) else { return };
    output.extend_from_slice(&[b'$', channel]);
    output.extend_from_slice(&length.to_be_bytes());
    pieces.iter().for_each(|piece| output.extend_from_slice(piece));
}

fn read_control(input: &[u8]) -> Result<(usize, Piece<'_>), Broken> {
    let Some(head_length) = head_length(input) else {
        return if input.len() > RTSP_HEAD_BYTES { Err(Broken::HeadTooLong) } else { Ok((0, Piece::Partial)) };
    };
    if head_length > RTSP_HEAD_BYTES {
        return Err(Broken::HeadTooLong);
    }
    let head = std::str::from_utf8(&input[..head_length]).map_err(|_| Broken::NotRtsp)?;
    let body_length = body_length(head)?;
    let Some(body) = input[head_length..].get(..body_length) else { return Ok((0, Piece::Partial)) };
    let used = head_length + body_length;
    if head.starts_with("RTSP/") {
        return Ok((used, Piece::Response(head)));
    }
    read_request(head, body).map(|request| (used, Piece::Request(Box::new(request))))
}

/// Bytes up to and including the empty line.
fn head_length(input: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    while let Some(length) = input[line_start..].iter().take(RTSP_HEAD_BYTES).position(|byte| *byte == b'\n') {
        let line = &input[line_start..line_start + length];
        line_start += length + 1;
        if line.is_empty() || line == b"\r" {
            return Some(line_start);
        }
        if line_start > RTSP_HEAD_BYTES {
            return None;
        }
    }
    None
}

fn is_content_length(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, _)| name.trim_end().eq_ignore_ascii_case("content-length"))
}

fn body_length(head: &str) -> Result<usize, Broken> {
    let mut length = None;
    for line in head.lines().skip(1).filter(|line| is_content_length(line)) {
        let value = line.split_once(':').map_or("", |(_, value)| value.trim());
        if value.is_empty() || !value.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(Broken::BadLength);
        }
        let value = value.parse().unwrap_or(usize::MAX);
        if length.is_some_and(|earlier| earlier != value) {
            return Err(Broken::BadLength);
        }
        length = Some(value);
    }
    match length.unwrap_or(0) {
        length if length > RTSP_BODY_BYTES => Err(Broken::BodyTooLong),
        length => Ok(length),
    }
}

fn read_request<'a>(head: &str, body: &'a [u8]) -> Result<Request<'a>, Broken> {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split_ascii_whitespace();
    let (Some(method), Some(uri), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Broken::NotRtsp);
    };
    match version.strip_prefix("RTSP/") {
        Some("1.0") => {}
        Some(_) => return Err(Broken::Version),
        None => return Err(Broken::NotRtsp),
    }
    let mut clean = format!("{method} * RTSP/1.0\r\n");
    for line in lines.filter(|line| !is_content_length(line)) {
        clean.push_str(line);
        clean.push_str("\r\n");
    }
    let Ok((Message::Request(head), _)) = Message::<Vec<u8>>::parse(clean.as_bytes()) else {
        return Err(Broken::NotRtsp);
    };
    let known = match head.method() {
        Verb::Options => Method::Options,
        Verb::Describe => Method::Describe,
        Verb::Announce => Method::Announce,
        Verb::Setup => Method::Setup,
        Verb::Play => Method::Play,
        Verb::Pause => Method::Pause,
        Verb::Record => Method::Record,
        Verb::Teardown => Method::Teardown,
        Verb::GetParameter => Method::GetParameter,
        Verb::SetParameter => Method::SetParameter,
        _ => Method::Unknown,
    };
    Ok(Request { method: known, method_name: method.to_owned(), uri: uri.to_owned(), body, head })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(input: &[u8]) -> (usize, Box<Request<'_>>) {
        match read(input) {
            Ok((used, Piece::Request(request))) => (used, request),
            other => panic!("no request: {other:?}"),
        }
    }

    #[test]
    fn bare_lf_and_blank_lines_are_borne_with() {
        let input = b"\r\n\nSETUP streamid=0 RTSP/1.0\nCSeq: 3\nTransport: RTP/AVP\n\n";
        let (used, request) = request(input);
        assert_eq!(used, input.len());
        assert_eq!((request.method, request.uri.as_str()), (Method::Setup, "streamid=0"));
        assert_eq!(request.header("CSeq"), Some("3"));
        assert_eq!(request.header("transport"), Some("RTP/AVP"), "names in any case");
        assert_eq!(request.header("Session"), None);
    }

    #[test]
    fn bodies_are_cut_after_their_length() {
        let input = b"ANNOUNCE rtsp://h/p RTSP/1.0\r\nCSeq: 1\r\nContent-length : 3\r\n\r\nabcOPTIONS";
        let (used, request) = request(input);
        assert_eq!(request.body, b"abc");
        assert_eq!(&input[used..], b"OPTIONS");
        for cut in 0..used {
            assert!(matches!(read(&input[..cut]), Ok((0, Piece::Partial))), "cut at {cut}");
        }
    }

    #[test]
    fn lying_lengths_end_the_connection() {
        let with = |length: &str| format!("ANNOUNCE rtsp://h/p RTSP/1.0\r\nCSeq: 1\r\n{length}\r\n\r\n");
        let broken = |length: &str| read(with(length).as_bytes()).map(|(used, _)| used).unwrap_err();
        assert_eq!(broken("Content-Length: 65537"), Broken::BodyTooLong);
        assert_eq!(broken("Content-Length: 1000000000000000000000000"), Broken::BodyTooLong);
        assert_eq!(broken("Content-Length: -1"), Broken::BadLength);
        assert_eq!(broken("Content-Length: +1"), Broken::BadLength);
        assert_eq!(broken("Content-Length:"), Broken::BadLength);
        assert_eq!(broken("Content-Length: 1, 1"), Broken::BadLength);
        assert_eq!(broken("Content-Length: 1\r\ncontent-length: 2"), Broken::BadLength);
    }

    #[test]
    fn long_heads_end_the_connection() {
        let endless = vec![b'A'; RTSP_HEAD_BYTES];
        assert!(matches!(read(&endless), Ok((0, Piece::Partial))));
        assert_eq!(read(&[&endless[..], b"A"].concat()).map(|_| ()), Err(Broken::HeadTooLong));
        let many = "OPTIONS * RTSP/1.0\r\n".to_owned() + &"X: y\r\n".repeat(RTSP_HEAD_BYTES / 6) + "\r\n";
        assert_eq!(read(many.as_bytes()).map(|_| ()), Err(Broken::HeadTooLong));
    }

    #[test]
    fn other_protocols_are_refused_at_once() {
        assert_eq!(read(b"\x16\x03\x01").map(|_| ()), Err(Broken::NotRtsp), "TLS");
        assert_eq!(read(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").map(|_| ()), Err(Broken::NotRtsp));
        assert_eq!(read(b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n").map(|_| ()), Err(Broken::Version));
        assert_eq!(read(b"OPTIONS *\r\n\r\n").map(|_| ()), Err(Broken::NotRtsp));
        assert_eq!(read(b"OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n").map(|_| ()), Err(Broken::NotRtsp));
        assert_eq!(read(b"OPTIONS * RTSP/1.0\r\nX: \xff\r\n\r\n").map(|_| ()), Err(Broken::NotRtsp));
    }

    #[test]
    fn interleaved_data_is_borrowed() {
        let input = b"$\x01\x00\x03abc$";
        let Ok((7, Piece::Interleaved(1, data))) = read(input) else { panic!("not interleaved") };
        assert_eq!(data.as_ptr(), input[4..].as_ptr());
        assert!(matches!(read(&input[..6]), Ok((0, Piece::Partial))));
        assert!(matches!(read(b"$\x01\xff\xff"), Ok((0, Piece::Partial))));
    }

    #[test]
    fn interleaved_packets_say_their_channel_and_length() {
        let mut stream = Vec::new();
        interleave(2, &[&[1, 2], &[], &[3]], &mut stream);
        assert_eq!(stream, [b'$', 2, 0, 3, 1, 2, 3]);
        assert!(matches!(read(&stream), Ok((7, Piece::Interleaved(2, [1, 2, 3])))));
        interleave(2, &[&[0; 60_000], &[0; 5536]], &mut stream);
        assert_eq!(stream.len(), 7);
    }

    #[test]
    fn answers_are_passed_over() {
        let input = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 2\r\n\r\nhi";
        assert!(matches!(read(input), Ok((used, Piece::Response(_))) if used == input.len()));
    }
}
