//! Conditional and partial answers (RFC 9110, sections 13 and 14): from a whole answer to 304, 206 or 416.
//!
//! Pure: values in, values out. One range a request; several are answered with the whole, as the RFC allows.

use bytes::Bytes;

use crate::ground::reply::{Body, Portion, Reply};

/// The stretch a Range field asks of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// All of it: no range, or one that is not understood.
    Whole,
    /// `length` bytes from `start` on; at least one.
    Part {
        /// First byte.
        start: u64,
        /// Bytes.
        length: u64,
    },
    /// Nothing that is there: 416.
    Beyond,
}

/// What `range` (a Range field's value) asks of a body of `total` bytes.
pub fn stretch(range: &str, total: u64) -> Stretch {
    let Some(spec) = range.strip_prefix("bytes=") else { return Stretch::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Stretch::Whole };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // More digits than a u64 holds are still a number: one beyond every end.
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (start, end) = match (first.is_empty(), number(first), last.is_empty(), number(last)) {
        (true, _, _, Some(suffix)) => (total.saturating_sub(suffix), if suffix == 0 { 0 } else { total }),
        (_, Some(first), true, _) => (first, total),
        (_, Some(first), _, Some(last)) if first <= last => (first, last.saturating_add(1).min(total)),
        _ => return Stretch::Whole,
    };
    if start < end { Stretch::Part { start, length: end - start } } else { Stretch::Beyond }
}

/// Which part of a file a body is (RFC 9110, section 14.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// All of it, of so many bytes.
    Whole {
        /// Bytes of the file.
        total: u64,
    },
    /// A part of it.
    Part {
        /// Where it begins.
        first: u64,
        /// Bytes of the file.
        total: u64,
        /// Bytes of the part; at least one.
        length: u64,
    },
    /// None of it: it is asked how much has arrived.
    Question {
        /// Bytes of the file.
        total: u64,
    },
}

/// What a body of `body_bytes` with this Content-Range field is; `None` if the field is none, or the body is another one.
pub fn piece(content_range: Option<&str>, body_bytes: u64) -> Option<Piece> {
    let Some(field) = content_range else { return Some(Piece::Whole { total: body_bytes }) };
    let (range, total) = field.strip_prefix("bytes ")?.trim().split_once('/')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let total = number(total)?;
    if range == "*" {
        return (body_bytes == 0).then_some(Piece::Question { total });
    }
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let length = (last + 1).checked_sub(first)?;
    let fits = last < total && length == body_bytes && length > 0;
    fits.then_some(Piece::Part { first, total, length })
}

/// Whether an If-None-Match field names `etag` (weak comparison).
pub fn matches_etag(if_none_match: &str, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    if_none_match.trim() == "*" || if_none_match.split(',').any(|tag| opaque(tag) == opaque(etag))
}

/// Bytes of a body, where they are known before it is sent.
pub fn length(body: &Body) -> Option<u64> {
    match body {
        Body::Pieces(pieces) => Some(pieces.iter().map(|piece| piece.len() as u64).sum()),
        Body::Portions(portions) => Some(portions.iter().map(Portion::length).sum()),
        Body::Passing { length, .. } => Some(*length),
        Body::Endless(_) => None,
    }
}

/// The answer as the request's conditions want it. Only whole answers (200) that say `Accept-Ranges: bytes` are cut.
pub fn apply(mut reply: Reply, range: Option<&str>, if_range: Option<&str>, if_none_match: Option<&str>) -> Reply {
    // What comes from elsewhere was cut there, or is not cut at all.
    if reply.status != 200 || matches!(reply.body, Body::Passing { .. }) {
        return reply;
    }
    let header = |name: &str| {
        reply.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    let etag = header("etag");
    if let (Some(condition), Some(etag)) = (if_none_match, etag)
        && matches_etag(condition, etag)
    {
        reply.status = 304;
        reply.body = Body::Pieces(Vec::new());
        return reply;
    }
    let (Some(range), Some("bytes"), Some(total)) = (range, header("accept-ranges"), length(&reply.body)) else {
        return reply;
    };
    // Strong comparison (RFC 9110, section 13.1.5); a date never holds, we send none.
    if if_range.is_some_and(|condition| condition.starts_with("W/") || etag != Some(condition)) {
        return reply;
    }
    match stretch(range, total) {
        Stretch::Whole => reply,
        Stretch::Part { start, length } => {
            reply.status = 206;
            reply.headers.push(("Content-Range", format!("bytes {start}-{}/{total}", start + length - 1)));
            reply.body = cut(reply.body, start, length);
            reply
        }
        Stretch::Beyond => Reply::error(416, "range", "the range asked for is beyond the end")
            .with("Content-Range", format!("bytes */{total}")),
    }
}

/// `length` bytes of a body from `start` on; both lie inside it.
fn cut(body: Body, start: u64, length: u64) -> Body {
    let end = start + length;
    let mut at = 0;
    // Where in the next one, of so many bytes, the part begins and ends.
    let mut inside = |length: u64| {
        let (first, last) = (start.saturating_sub(at).min(length), end.saturating_sub(at).min(length));
        at += length;
        (first, last)
    };
    let part_of = |piece: &Bytes, (first, last): (u64, u64)| piece.slice(first as usize..last as usize);
    match body {
        Body::Pieces(pieces) => {
            let parts = pieces.iter().map(|piece| part_of(piece, inside(piece.len() as u64)));
            Body::Pieces(parts.filter(|part| !part.is_empty()).collect())
        }
        Body::Portions(portions) => {
            let parts = portions.into_iter().map(|portion| {
                let (first, last) = inside(portion.length());
                match portion {
                    Portion::Memory(bytes) => Portion::Memory(part_of(&bytes, (first, last))),
                    Portion::File { path, offset, .. } => {
                        Portion::File { path, offset: offset + first, length: last - first }
                    }
                }
            });
            Body::Portions(parts.filter(|part| part.length() > 0).collect())
        }
        Body::Endless(_) | Body::Passing { .. } => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_body_is_a_part_of() {
        let part = |first, total, length| Some(Piece::Part { first, total, length });
        assert_eq!(piece(None, 7), Some(Piece::Whole { total: 7 }));
        assert_eq!(piece(Some("bytes 0-6/7"), 7), part(0, 7, 7));
        assert_eq!(piece(Some("bytes 3-3/7"), 1), part(3, 7, 1));
        assert_eq!(piece(Some("bytes */7"), 0), Some(Piece::Question { total: 7 }));
        for (lie, body_bytes) in [
            ("bytes 0-6/7", 6),
            ("bytes 0-7/7", 8),
            ("bytes 4-3/7", 0),
            ("bytes 5-3/7", 0),
            ("bytes */7", 1),
            ("bytes 0-6/*", 7),
            ("bytes 0-/7", 7),
            ("bytes -6/7", 6),
            ("bytes 0-6", 7),
            ("bytes=0-6/7", 7),
            ("bytes +0-6/7", 7),
            ("bytes 0-999999999999999999999999/9", 7),
            ("items 0-6/7", 7),
            ("", 7),
        ] {
            assert_eq!(piece(Some(lie), body_bytes), None, "{lie} of {body_bytes}");
        }
    }

    #[test]
    fn ranges_as_players_write_them() {
        let part = |start, length| Stretch::Part { start, length };
        let table = [
            ("bytes=0-", part(0, 1000)),
            ("bytes=0-0", part(0, 1)),
            ("bytes=0-1", part(0, 2)),
            ("bytes=999-", part(999, 1)),
            ("bytes=10-5000", part(10, 990)),
            ("bytes=-1", part(999, 1)),
            ("bytes=-5000", part(0, 1000)),
            ("bytes=1000-", Stretch::Beyond),
            ("bytes=-0", Stretch::Beyond),
            ("bytes=99999999999999999999999-", Stretch::Beyond),
            ("bytes=5-99999999999999999999999", part(5, 995)),
            ("bytes=5-4", Stretch::Whole),
            ("bytes=0-1,5-6", Stretch::Whole),
            ("bytes=-", Stretch::Whole),
            ("bytes=a-b", Stretch::Whole),
            ("bytes=+1-2", Stretch::Whole),
            ("items=0-1", Stretch::Whole),
            ("", Stretch::Whole),
        ];
        for (text, expected) in table {
            assert_eq!(stretch(text, 1000), expected, "{text}");
        }
        assert_eq!(stretch("bytes=0-", 0), Stretch::Beyond);
    }

    fn video() -> Reply {
        let pieces = vec![Bytes::from_static(b"0123"), Bytes::from_static(b"45"), Bytes::from_static(b"6789")];
        let reply = Reply { status: 200, content_type: "video/mp4", headers: Vec::new(), body: Body::Pieces(pieces) };
        reply.with("ETag", "\"a\"").with("Accept-Ranges", "bytes")
    }

    fn text(body: &Body) -> String {
        match body {
            Body::Pieces(pieces) => pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect(),
            Body::Portions(portions) => {
                let texts = portions.iter().map(|portion| match portion {
                    Portion::Memory(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Portion::File { path, offset, length } => format!("{}+{offset}+{length}", path.display()),
                });
                texts.collect::<Vec<_>>().join(" ")
            }
            Body::Endless(_) | Body::Passing { .. } => String::new(),
        }
    }

    #[test]
    fn conditions_come_first() {
        assert_eq!(apply(video(), Some("bytes=0-1"), None, Some("\"b\", W/\"a\"")).status, 304);
        assert_eq!(apply(video(), None, None, Some("*")).status, 304);
        assert_eq!(apply(video(), None, None, Some("\"b\"")).status, 200);
        assert_eq!(apply(video(), Some("bytes=0-1"), Some("\"a\""), None).status, 206);
        assert_eq!(apply(video(), Some("bytes=0-1"), Some("\"b\""), None).status, 200);
        assert_eq!(apply(video(), Some("bytes=0-1"), Some("W/\"a\""), None).status, 200);
        assert_eq!(apply(video(), Some("bytes=10-"), None, None).status, 416);
        assert_eq!(apply(Reply::error(404, "x", "y"), Some("bytes=0-1"), None, None).status, 404);
    }

    #[test]
    fn a_stretch_of_memory_and_file() {
        let file = |range: &str| {
            let file = |path: &str, offset, length| Portion::File { path: path.into(), offset, length };
            let head = Portion::Memory(Bytes::from_static(b"moov"));
            let body = Body::Portions(vec![head, file("h", 0, 10), file("v", 100, 40)]);
            apply(Reply { body, ..video() }, Some(range), None, None)
        };
        assert_eq!(text(&file("bytes=0-1").body), "mo");
        assert_eq!(text(&file("bytes=2-5").body), "ov h+0+2");
        assert_eq!(text(&file("bytes=10-13").body), "h+6+4");
        assert_eq!(text(&file("bytes=12-15").body), "h+8+2 v+100+2");
        assert_eq!(text(&file("bytes=-1").body), "v+139+1");
    }

    proptest! {
        #[test]
        fn any_range_is_cut_right(range in "bytes=[0-9]{0,2}-[0-9]{0,2}|\\PC{0,20}", start in 0_usize..11, length in 0_usize..11) {
            let reply = apply(video(), Some(&range), None, None);
            prop_assert!([200, 206, 416].contains(&reply.status));
            if start + length < 10 {
                let reply = apply(video(), Some(&format!("bytes={start}-{}", start + length)), None, None);
                prop_assert_eq!(text(&reply.body), &"0123456789"[start..=start + length]);
            }
        }
    }
}
