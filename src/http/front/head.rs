//! A request's head, from bytes to checked values (RFC 9112, sections 2 to 6; RFC 9110, section 7.2).
//!
//! Pure: no sockets, no clock. What two servers could read in two ways (repeated or odd lengths, transfer codings,
//! doubtful hosts) is refused here, and only fields named here go any further.

use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::ground::limits;
use crate::http::route::{Method, Route, RouteError};

/// Header fields in one request; more is 431.
const FIELDS: usize = 64;

/// The fields that reach the pages and calls behind the front; nothing else a client sends does.
const KEPT: [&str; 9] = [
    "accept-language",
    "authorization",
    "content-type",
    "cookie",
    "last-event-id",
    "origin",
    "range",
    "sec-fetch-site",
    "user-agent",
];

/// A request that is answered with an error before anyone looks at its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Status code.
    pub status: u16,
    /// Stable name of the reason.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: &'static str,
}

const fn refused<T>(status: u16, code: &'static str, message: &'static str) -> Result<T, Refused> {
    Err(Refused { status, code, message })
}

const fn bad<T>(message: &'static str) -> Result<T, Refused> {
    refused(400, "bad_request", message)
}

/// A request's head, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// Path and query as they came; ASCII without spaces.
    pub target: String,
    /// What is asked for.
    pub route: Result<Route, RouteError>,
    /// Where the query starts in `target`, after the question mark; its length if there is none.
    pub query_start: usize,
    /// Spoken in HTTP/1.0: no chunks, no interim answers, closed after the answer.
    pub http10: bool,
    /// The connection ends after this request.
    pub close: bool,
    /// Length of the body that follows, in bytes.
    pub body_bytes: u64,
    /// The client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// The Host field: one of ours, or empty (HTTP/1.0 without it).
    pub host: String,
    /// If-None-Match.
    pub if_none_match: Option<String>,
    /// Range.
    pub range: Option<String>,
    /// If-Range.
    pub if_range: Option<String>,
    /// Content-Range; several are one that is none.
    pub content_range: Option<String>,
    /// Whether gzip is accepted.
    pub gzip: bool,
    /// What is asked of a WebSocket.
    pub websocket: WebSocketAsked,
    /// What goes on to the calls behind; names in lower case, values visible ASCII. Empty for playback.
    pub kept: Vec<(&'static str, String)>,
}

/// The fields of a request that would have its connection become a WebSocket (RFC 6455, section 4.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSocketAsked {
    /// Upgrade names a WebSocket.
    pub upgrade: bool,
    /// Connection says that Upgrade is meant.
    pub connection: bool,
    /// Sec-WebSocket-Version.
    pub version: Option<String>,
    /// Sec-WebSocket-Key; several are one that is none.
    pub key: Option<String>,
}

impl Head {
    /// The query, without its question mark; empty if there is none.
    pub fn query(&self) -> &str {
        self.target.get(self.query_start..).unwrap_or_default()
    }

    /// The value of a kept field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.kept.iter().find(|(kept, _)| *kept == name).map(|(_, value)| value.as_str())
    }
}

/// The host names the gateway answers to, against DNS rebinding. Addresses are always answered: no name is involved.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// Those names besides `localhost` and `lareira.local`.
    pub fn new(names: &[String]) -> Self {
        Self { names: names.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect() }
    }

    /// Whether a Host field, with or without a port, is one of ours.
    pub fn knows(&self, host: &str) -> bool {
        let (name, port) = match host.strip_prefix('[') {
            Some(rest) => {
                let Some((address, port)) = rest.split_once(']') else { return false };
                if address.parse::<Ipv6Addr>().is_err() {
                    return false;
                }
                ("", port)
            }
            None => host.split_at(host.find(':').unwrap_or(host.len())),
        };
        let port_is_fine = match port.strip_prefix(':') {
            Some(digits) => digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()),
            None => port.is_empty(),
        };
        if !port_is_fine {
            return false;
        }
        if name.is_empty() {
            return host.starts_with('[');
        }
        let name = name.strip_suffix('.').unwrap_or(name);
        let same = |ours: &str| ours.eq_ignore_ascii_case(name);
        name.parse::<Ipv4Addr>().is_ok()
            || same("localhost")
            || same("lareira.local")
            || self.names.iter().any(|ours| same(ours))
    }
}

/// Where the head in `bytes` ends; looks only from `seen` on, what was there before having no end in it.
fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(2);
    let mut at = from;
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'\n') {
        at += found + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// How many empty lines' bytes stand before a request (RFC 9112, section 2.2).
pub fn empty_lines(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Reads a head at the start of `bytes`, of which the first `seen` were looked at before. Gives the head and its
/// length, or nothing if it is not whole yet.
pub fn read(bytes: &[u8], seen: usize, hosts: &Hosts) -> Result<Option<(Head, usize)>, Refused> {
    let Some(length) = end_of_head(bytes, seen) else {
        if bytes.len() >= limits::HTTP_HEAD_BYTES {
            return refused(431, "head_too_large", "the request's head is too large");
        }
        return Ok(None);
    };
    if length > limits::HTTP_HEAD_BYTES {
        return refused(431, "head_too_large", "the request's head is too large");
    }
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(&bytes[..length], &mut fields) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return bad("the request's head is broken"),
        Err(httparse::Error::TooManyHeaders) => {
            return refused(431, "head_too_large", "the request has too many header fields");
        }
        Err(httparse::Error::Version) => return refused(505, "version", "HTTP/1.1 and HTTP/1.0 are spoken here"),
        Err(_) => return bad("the request's head is broken"),
    }
    checked(&request, hosts).map(|head| Some((head, length)))
}

fn checked(request: &httparse::Request<'_, '_>, hosts: &Hosts) -> Result<Head, Refused> {
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return bad("the request's head is broken");
    };
    let Some(method) = Method::named(method) else {
        return refused(501, "method", "this method is not known here");
    };
    if !target.is_ascii() {
        return bad("the address has letters that must be percent-encoded");
    }
    // The absolute form names the host itself (RFC 9112, section 3.2.2).
    let (authority, target) = match target.strip_prefix("http://").or_else(|| target.strip_prefix("https://")) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (Some(authority), if path.is_empty() { "/" } else { path })
        }
        None => (None, target),
    };
    let (path, query_start) = match target.split_once('?') {
        Some((path, _)) => (path, path.len() + 1),
        None => (target, target.len()),
    };
    let http10 = version == 0;
    let route = Route::decode(method, path);
    let playback = matches!(route, Ok(Route::Play(_) | Route::Channel(_)));
    let mut head = Head {
        method,
        target: target.to_owned(),
        route,
        query_start,
        http10,
        close: http10,
        body_bytes: 0,
        expects_continue: false,
        host: String::new(),
        if_none_match: None,
        range: None,
        if_range: None,
        content_range: None,
        gzip: false,
        websocket: WebSocketAsked::default(),
        kept: Vec::new(),
    };
    let mut seen = Seen::default();
    for field in request.headers.iter() {
        head.take(field, &mut seen, playback)?;
    }
    if seen.transfer_encoding {
        if seen.length {
            return bad("a request has a Content-Length or a Transfer-Encoding, not both");
        }
        return refused(501, "transfer_encoding", "send the body with a Content-Length");
    }
    if let Some(authority) = authority {
        head.host = authority.to_owned();
    } else if !seen.host && !http10 {
        return bad("the Host field is missing");
    }
    if (seen.host || authority.is_some()) && !hosts.knows(&head.host) {
        return refused(421, "unknown_host", "this host name is not one of the gateway's: add it to `http.names`");
    }
    if http10 {
        head.expects_continue = false;
    }
    Ok(head)
}

/// Fields that may come once, and whether they came.
#[derive(Default)]
struct Seen {
    host: bool,
    length: bool,
    transfer_encoding: bool,
}

impl Head {
    fn take(&mut self, field: &httparse::Header<'_>, seen: &mut Seen, playback: bool) -> Result<(), Refused> {
        let name = field.name;
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        // A value that is not plain text is nobody's business here, unless it is one that decides about the framing.
        let plain = field.value.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
        let value = if plain { std::str::from_utf8(field.value).unwrap_or_default().trim() } else { "" };
        match name.len() {
            4 if is("host") => {
                if std::mem::replace(&mut seen.host, true) || !plain {
                    return bad("the Host field is doubtful");
                }
                self.host = value.to_owned();
            }
            14 if is("content-length") => {
                let digits = !value.is_empty() && value.len() <= 18 && value.bytes().all(|byte| byte.is_ascii_digit());
                if std::mem::replace(&mut seen.length, true) || !digits {
                    return bad("the Content-Length is doubtful");
                }
                self.body_bytes = value.parse().unwrap_or(u64::MAX);
            }
            17 if is("transfer-encoding") => seen.transfer_encoding = true,
            10 if is("connection") => {
                self.close |= has_word(value, "close");
                self.websocket.connection |= has_word(value, "upgrade");
            }
            7 if is("upgrade") => self.websocket.upgrade |= has_word(value, "websocket"),
            21 if is("sec-websocket-version") => self.websocket.version = Some(value.to_owned()),
            17 if is("sec-websocket-key") => {
                let repeated = self.websocket.key.is_some();
                self.websocket.key = Some(if repeated { String::new() } else { value.to_owned() });
            }
            6 if is("expect") => {
                if !value.eq_ignore_ascii_case("100-continue") {
                    return refused(417, "expectation", "only 100-continue can be expected");
                }
                self.expects_continue = true;
            }
            13 if is("if-none-match") => self.if_none_match = Some(value.to_owned()),
            5 if is("range") => self.range = Some(value.to_owned()),
            13 if is("content-range") => {
                let repeated = self.content_range.is_some();
                self.content_range = Some(if repeated { String::new() } else { value.to_owned() });
            }
            8 if is("if-range") => self.if_range = Some(value.to_owned()),
            15 if is("accept-encoding") => self.gzip = accepts_gzip(value),
            _ if playback || !plain => {}
            _ => {
                if let Some(known) = KEPT.into_iter().find(|known| is(known)) {
                    self.keep(known, value);
                }
            }
        }
        Ok(())
    }

    fn keep(&mut self, name: &'static str, value: &str) {
        match self.kept.iter_mut().find(|(kept, _)| *kept == name) {
            Some((_, known)) => {
                known.push_str(if name == "cookie" { "; " } else { ", " });
                known.push_str(value);
            }
            None => self.kept.push((name, value.to_owned())),
        }
    }
}

/// Whether `word` is in a field that lists some.
fn has_word(value: &str, word: &str) -> bool {
    value.split(',').any(|other| other.trim().eq_ignore_ascii_case(word))
}

/// Whether an Accept-Encoding field takes gzip (RFC 9110, section 12.5.3).
fn accepts_gzip(value: &str) -> bool {
    value.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let refused = parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        coding.eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(text: &str) -> Result<Head, Refused> {
        read(text.as_bytes(), 0, &Hosts::new(&["tv.example".to_owned()])).map(|head| head.expect("a whole head").0)
    }

    fn status(text: &str) -> u16 {
        head(text).expect_err("refused").status
    }

    #[test]
    fn a_plain_request() {
        let head = head(concat!(
            "POST /api/v1/shares?x=1 HTTP/1.1\r\nHost: 192.168.1.2:8080\r\nContent-Length: 12\r\n",
            "Cookie: a=1\r\nCookie: b=2\r\nX-Peer: 9.9.9.9\r\nAccept-Encoding: br, gzip;q=0.5\r\n\r\n"
        ));
        let head = head.expect("accepted");
        assert_eq!((head.body_bytes, head.close, head.query(), head.gzip), (12, false, "x=1", true));
        assert_eq!(head.kept, [("cookie", "a=1; b=2".to_owned())], "what is not known goes no further");
    }

    #[test]
    fn hosts_are_ours_or_addresses() {
        let hosts = Hosts::new(&["TV.example.".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1",
            "10.0.0.1:8080",
            "[::1]",
            "[fe80::1]:80",
            "lareira.local",
            "tv.example.",
        ] {
            assert!(hosts.knows(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "evil.example",
            "localhost.evil.example",
            "[::1",
            "[x]",
            "[]",
            "a:b",
            "localhost:",
            "127.0.0.1:80x",
            "1.2.3.4@x",
            "localhost:999999",
        ] {
            assert!(host == "localhost:" || !hosts.knows(host), "{host}");
        }
    }

    #[test]
    fn what_is_doubtful_is_refused() {
        let host = "Host: localhost\r\n";
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 400, "no host");
        assert_eq!(status(&format!("GET / HTTP/1.1\r\n{host}{host}\r\n")), 400);
        assert_eq!(status("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
        assert_eq!(status("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n"), 421);
        assert_eq!(status("GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n"), 421);
        for length in ["-1", "+1", "1 ", "0x1", "1,1", "", "9999999999999999999", "1\t2"] {
            let wanted = if length == "1 " { None } else { Some(400) };
            let got = head(&format!("POST / HTTP/1.1\r\n{host}Content-Length: {length}\r\n\r\n"));
            assert_eq!(got.err().map(|refused| refused.status), wanted, "{length:?}");
        }
        let twice = "Content-Length: 1\r\nContent-Length: 1\r\n";
        assert_eq!(status(&format!("POST / HTTP/1.1\r\n{host}{twice}\r\n")), 400);
        assert_eq!(status(&format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n")), 501);
        let both = "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n";
        assert_eq!(status(&format!("POST / HTTP/1.1\r\n{host}{both}\r\n")), 400);
        assert_eq!(status(&format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\n\r\n")), 400);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\n{host}A: b\r\n folded\r\n\r\n")), 400);
        assert_eq!(status(&format!("POST / HTTP/1.1\r\n{host}Expect: wonders\r\n\r\n")), 417);
        assert_eq!(status(&format!("BREW / HTTP/1.1\r\n{host}\r\n")), 501);
        assert_eq!(status(&format!("GET /\u{e9} HTTP/1.1\r\n{host}\r\n")), 400);
        assert_eq!(status("PRI * HTTP/2.0\r\n\r\n"), 505);
        assert_eq!(status("\u{16}\u{3}\u{1} tls\n\n"), 400);
        let many = "A: b\r\n".repeat(FIELDS + 1);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\n{many}\r\n")), 431);
        let large = format!("GET / HTTP/1.1\r\n{host}A: {}\r\n\r\n", "b".repeat(limits::HTTP_HEAD_BYTES));
        assert_eq!(status(&large), 431);
        let endless = "a".repeat(limits::HTTP_HEAD_BYTES);
        assert_eq!(read(endless.as_bytes(), 0, &Hosts::default()).expect_err("refused").status, 431);
    }

    #[test]
    fn http_1_0_needs_no_host_and_closes() {
        let head = head("GET /healthz HTTP/1.0\r\n\r\n").expect("accepted");
        assert!(head.http10 && head.close && head.host.is_empty());
    }

    #[test]
    fn the_end_is_found_at_any_split() {
        let text = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nrest";
        for seen in 0..35 {
            assert_eq!(end_of_head(&text[..seen], 0), None, "{seen}");
            assert_eq!(end_of_head(text, seen), Some(35), "{seen}");
        }
        assert_eq!(end_of_head(b"GET / HTTP/1.0\n\n", 15), Some(16));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, text in "(GET|POST) /[a-z%?]{0,9} HTTP/1.[01]\r\n((Host|Range|Cookie|Content-Length): [ -~]{0,9}\r\n){0,5}\r\n") {
            let hosts = Hosts::default();
            let _ = read(&bytes, 0, &hosts);
            if let Ok(Some((head, length))) = read(text.as_bytes(), 0, &hosts) {
                prop_assert!(length <= text.len());
                prop_assert!(head.kept.iter().all(|(_, value)| !value.contains(['\r', '\n'])));
            }
        }
    }
}
