//! A request's head, and the head of its answer (RFC 9112, sections 2 to 6).

use std::mem::MaybeUninit;

use crate::ground::limits;
use crate::ground::text;
use crate::wire::fetch::body::{Body, BodyError};
use crate::wire::fetch::url::Url;

/// Header fields of an answer; more is an error.
const FIELDS: usize = 96;

/// Bytes of a header field's value that is sent.
const VALUE_BYTES: usize = 1024;

/// What a server wants to be told of who asks, where that isn't us: both empty for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// `User-Agent`
    user_agent: Box<str>,
    /// `Referer`
    referer: Box<str>,
}

impl Headers {
    /// Takes in a field by its name, in whatever case and with either spelling of the referrer. False if there is no
    /// such field here, or its value can't be sent: it has to be one line of visible ASCII, not too long.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let field = match name.to_ascii_lowercase().as_str() {
            "user-agent" => &mut self.user_agent,
            "referer" | "referrer" => &mut self.referer,
            _ => return false,
        };
        let value = value.trim();
        let clean = is_clean(value);
        if clean {
            *field = value.into();
        }
        clean
    }

    /// The same, and what `other` says goes before it.
    pub fn overridden_by(self, other: Self) -> Self {
        let first = |one: Box<str>, two: Box<str>| if one.is_empty() { two } else { one };
        Self { user_agent: first(other.user_agent, self.user_agent), referer: first(other.referer, self.referer) }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Who asks.
    pub headers: Headers,
    /// `Cookie`; empty for none.
    pub cookie: String,
    /// `Range`, as it came from a player.
    pub range: Option<String>,
    /// `If-None-Match`: the entity tag of what is known.
    pub etag: Option<String>,
    /// `If-Modified-Since`: the date of what is known.
    pub modified: Option<String>,
}

impl Request {
    /// The bytes of the request for `url`.
    pub fn head(&self, url: &Url) -> Vec<u8> {
        let Headers { user_agent, referer } = &self.headers;
        let ours = concat!("Lareira/", env!("CARGO_PKG_VERSION"));
        let mut text = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n\
             Connection: close\r\n",
            url.target(),
            url.authority(),
            if user_agent.is_empty() { ours } else { user_agent },
        );
        let fields = [
            ("Referer", Some(&**referer).filter(|referer| !referer.is_empty())),
            ("Range", self.range.as_deref()),
            ("If-None-Match", self.etag.as_deref()),
            ("If-Modified-Since", self.modified.as_deref()),
        ];
        for (name, value) in fields {
            if let Some(value) = value.filter(|value| is_clean(value)) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        if !self.cookie.is_empty() && is_visible(&self.cookie) {
            text.push_str(&format!("Cookie: {}\r\n", self.cookie));
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// Whether a field's value can stand in a head: one line of visible text.
fn is_clean(value: &str) -> bool {
    value.len() <= VALUE_BYTES && is_visible(value)
}

fn is_visible(value: &str) -> bool {
    value.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

/// The head of an answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// How its body is framed.
    pub body: Body,
    /// Names in lower case; values in visible ASCII, others are left out.
    fields: Vec<(String, String)>,
}

impl Answer {
    /// The value of a field, by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).next()
    }

    /// The values of all fields of that name.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `Content-Type` without its parameters, in lower case; empty if there is none.
    pub fn content_type(&self) -> String {
        let value = self.field("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Where a redirect leads, as it stands there.
    pub fn redirect(&self) -> Option<&str> {
        if matches!(self.status, 301 | 302 | 303 | 307 | 308) { self.field("location") } else { None }
    }
}

/// Reads an answer's head at the start of `bytes`: the head and its length, or nothing if more is needed. Interim
/// answers (1xx) are passed over.
pub fn read_answer(bytes: &[u8]) -> Result<Option<(Answer, usize)>, BodyError> {
    let mut start = 0;
    loop {
        let mut room = [const { MaybeUninit::uninit() }; FIELDS];
        let mut parsed = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let length = match config.parse_response_with_uninit_headers(&mut parsed, &bytes[start..], &mut room) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() < limits::HTTP_HEAD_BYTES => return Ok(None),
            _ => return Err(BodyError::Head),
        };
        let status = parsed.code.ok_or(BodyError::Head)?;
        start += length;
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        let fields: Vec<_> = (parsed.headers.iter())
            .map(|field| (field.name.to_ascii_lowercase(), text::of(field.value).trim().to_owned()))
            .filter(|(_, value)| value.bytes().all(|byte| (b' '..0x7f).contains(&byte)))
            .collect();
        let mut answer = Answer { status, body: Body::default(), fields };
        answer.body = framing(&answer)?;
        return Ok(Some((answer, start)));
    }
}

/// How the body of `answer` to a GET is framed (RFC 9112, section 6.3).
fn framing(answer: &Answer) -> Result<Body, BodyError> {
    if matches!(answer.status, 204 | 304) {
        return Ok(Body::Over);
    }
    if let Some(coding) = answer.field("transfer-encoding") {
        let chunked = coding.eq_ignore_ascii_case("chunked");
        return if chunked { Ok(Body::Between(Vec::new())) } else { Err(BodyError::Coding) };
    }
    let Some(length) = answer.field("content-length") else { return Ok(Body::UntilClose) };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, length.parse()) {
        (true, Ok(0)) => Ok(Body::Over),
        (true, Ok(length)) => Ok(Body::Length(length)),
        _ => Err(BodyError::Length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_is_clean() {
        let url = Url::parse("http://a.example:81/x?y").expect("an address");
        let etag = Some("a\r\nb".into());
        let mut request = Request { range: Some("bytes=0-1".into()), etag, ..Request::default() };
        let text = String::from_utf8(request.head(&url)).expect("text");
        assert!(text.starts_with("GET /x?y HTTP/1.1\r\nHost: a.example:81\r\nUser-Agent: Lareira/"), "{text}");
        assert!(!text.contains("Referer"), "{text}");
        assert!(text.contains("\r\nRange: bytes=0-1\r\n") && !text.contains("If-None-Match"), "{text}");
        assert!(text.ends_with("\r\n\r\n"), "{text}");

        assert!(request.headers.set("user-AGENT", " IE 6 ") && request.headers.set("Referrer", "http://x/"));
        for (name, value) in [("User-Agent", "a\r\nX: b"), ("Referer", "a\0"), ("Referer", "é"), ("Cookie", "a=b")] {
            assert!(!request.headers.set(name, value), "{name}: {value}");
        }
        assert!(!request.headers.set("Referer", &"x".repeat(1025)), "too long");
        let text = String::from_utf8(request.head(&url)).expect("text");
        assert!(text.contains("\r\nUser-Agent: IE 6\r\n") && text.contains("\r\nReferer: http://x/\r\n"), "{text}");
        assert!(!text.contains("Lareira"), "{text}");
    }

    #[test]
    fn an_answer_is_read_once_it_is_whole() {
        let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Type: Text/HTML; x\r\n\r\nbody";
        for end in 0..bytes.len() - 4 {
            assert!(read_answer(&bytes[..end]).expect("no error").is_none(), "{end}");
        }
        let (answer, length) = read_answer(bytes).expect("an answer").expect("whole");
        assert_eq!((answer.status, length), (302, bytes.len() - 4));
        assert_eq!((answer.redirect(), answer.content_type().as_str()), (Some("/b"), "text/html"));
        assert!(read_answer(b"ICY 200 OK\r\n\r\n").is_err());
        assert!(read_answer(&[b'a'; 20_000]).is_err());
        let endless = ["HTTP/1.1 200 OK\r\nA: ", &"x".repeat(20_000)].concat();
        assert!(read_answer(endless.as_bytes()).is_err(), "a head has an end");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, pieces in "(HTTP/1.1 200 OK\r\n|Content-Length: |Transfer-Encoding: |chunked|[0-9]|\r\n|:|é){0,20}") {
            let _ = read_answer(&bytes);
            let _ = read_answer(pieces.as_bytes());
        }
    }
}
