//! An answer's head, as bytes (RFC 9112, sections 4 and 6), and its date (RFC 9110, section 5.6.7).
//!
//! Pure but for the date, which is read once a second.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::time::SystemTime;

use crate::ground::reply::is_clean;

/// How a client finds the end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
    /// When the connection ends.
    UntilClose,
    /// There is no body and cannot be one.
    None,
}

/// The bytes of an answer's head. Fields with line breaks in them are left out: they would be a second answer.
pub(super) fn head<'a>(
    status: u16,
    content_type: &str,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
    framing: Framing,
    close: bool,
) -> Vec<u8> {
    let mut text = String::with_capacity(320);
    // Writing to a String cannot fail.
    let _ = write!(text, "HTTP/1.1 {status} {}\r\n", reason(status));
    DATE.with_borrow_mut(|date| {
        let _ = write!(text, "Date: {}\r\n", date.now());
    });
    if !content_type.is_empty() {
        let _ = write!(text, "Content-Type: {content_type}\r\n");
    }
    for (name, value) in fields {
        if is_clean(value) && is_clean(name) {
            let _ = write!(text, "{name}: {value}\r\n");
        }
    }
    text.push_str("X-Content-Type-Options: nosniff\r\n");
    match framing {
        Framing::Length(bytes) => {
            let _ = write!(text, "Content-Length: {bytes}\r\n");
        }
        Framing::Chunked => text.push_str("Transfer-Encoding: chunked\r\n"),
        Framing::UntilClose | Framing::None => {}
    }
    if close {
        text.push_str("Connection: close\r\n");
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// The head of a chunk of `bytes` bytes: their number in hexadecimal, and a line break.
pub(super) fn chunk_head(bytes: usize, into: &mut [u8; 18]) -> &[u8] {
    into[16..].copy_from_slice(b"\r\n");
    let (mut at, mut rest) = (16, bytes);
    loop {
        at -= 1;
        into[at] = b"0123456789abcdef"[rest & 15];
        rest >>= 4;
        if rest == 0 {
            return &into[at..];
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "",
    }
}

thread_local! {
    static DATE: RefCell<Date> = const { RefCell::new(Date { second: 0, text: String::new() }) };
}

/// The date as text, made anew each second.
struct Date {
    second: u64,
    text: String,
}

impl Date {
    fn now(&mut self) -> &str {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if since_1970.as_secs() != self.second || self.text.is_empty() {
            self.second = since_1970.as_secs();
            self.text = imf_fixdate(self.second);
        }
        &self.text
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, from seconds since 1970.
fn imf_fixdate(second: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = second / 86_400;
    let weekday = DAYS[(days % 7) as usize];
    let (mut year, mut day) = (1970, days);
    let month_lengths = loop {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_of_year = if leap { 366 } else { 365 };
        if day < days_of_year {
            break [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        }
        day -= days_of_year;
        year += 1;
    };
    let mut month = 0;
    while day >= month_lengths[month] {
        day -= month_lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
    format!("{weekday}, {:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT", day + 1, MONTHS[month])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_wants_them() {
        assert_eq!(imf_fixdate(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(imf_fixdate(951_827_696), "Tue, 29 Feb 2000 12:34:56 GMT");
        assert_eq!(imf_fixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn chunks_have_their_length_before_them() {
        let mut room = [0; 18];
        assert_eq!(chunk_head(1, &mut room), b"1\r\n");
        assert_eq!(chunk_head(0x1a2b, &mut room), b"1a2b\r\n");
        assert_eq!(chunk_head(usize::MAX, &mut room), b"ffffffffffffffff\r\n");
    }

    #[test]
    fn a_line_break_never_gets_into_a_head() {
        let fields = [("X-Name", "a\r\nSet-Cookie: b=c"), ("X-Good", "d")];
        let text = String::from_utf8(head(200, "", fields.into_iter(), Framing::Length(0), true)).expect("text");
        assert!(!text.contains("Set-Cookie") && text.contains("X-Good: d\r\n"));
        assert!(text.ends_with("Connection: close\r\n\r\n"));
    }
}
