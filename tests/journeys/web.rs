//! A small HTTP/1.1 client: calls with a bearer token or cookies, bodies without end, server-sent events.
//!
//! One connection a request. It follows RFC 9112 as far as the tests need, and takes nothing on trust: a body that
//! ends before its length is an error.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long any single read or write may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Fails unless the status is `status`.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// An answer whose body is read as it comes.
#[derive(Debug)]
pub struct Opened {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

impl Opened {
    /// Status and body in one line, for a message.
    pub fn text(mut self) -> String {
        let mut body = String::new();
        let end = self.body.read_to_string(&mut body).err();
        format!("{} {body} {end:?}", self.status)
    }
}

/// A body as it comes from the socket.
#[derive(Debug)]
pub struct Body {
    socket: BufReader<TcpStream>,
    framing: Framing,
}

#[derive(Debug)]
enum Framing {
    /// That many bytes are still to come.
    Length(u64),
    /// That many bytes of the current chunk are still to come; `None` before a chunk's head.
    Chunks(Option<u64>),
    /// Until the connection is closed.
    Close,
    /// Nothing more.
    Over,
}

fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

fn line(socket: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if socket.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Framing::Chunks(None) = self.framing {
            let head = line(&mut self.socket)?;
            let size = head.split(';').next().unwrap_or("");
            let size = u64::from_str_radix(size, 16).map_err(|_| bad(format!("chunk head {head:?}")))?;
            self.framing = if size == 0 { Framing::Over } else { Framing::Chunks(Some(size)) };
        }
        let room = |left: u64| into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match self.framing {
            Framing::Over | Framing::Length(0) => Ok(0),
            Framing::Close => self.socket.read(into),
            Framing::Length(left) => {
                let room = room(left);
                let got = self.socket.read(&mut into[..room])?;
                if got == 0 && room > 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.framing = Framing::Length(left - got as u64);
                Ok(got)
            }
            Framing::Chunks(left) => {
                let left = left.expect("a chunk's head was read above");
                let room = room(left);
                let got = self.socket.read(&mut into[..room])?;
                if got == 0 && room > 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let left = left - got as u64;
                if left == 0 && !line(&mut self.socket)?.is_empty() {
                    return Err(bad("a chunk is longer than it says"));
                }
                self.framing = Framing::Chunks((left > 0).then_some(left));
                Ok(got)
            }
        }
    }
}

/// Sends one request and reads the answer's head. `url` is `http://HOST:PORT/PATH`.
pub fn open(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Opened> {
    let rest = url.strip_prefix("http://").ok_or_else(|| bad(format!("not plain HTTP: {url}")))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut socket = TcpStream::connect(host)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let mut request = format!("{method} {} HTTP/1.1\r\nHost: {host}\r\n", if path.is_empty() { "/" } else { path });
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    request += "Connection: close\r\n\r\n";
    socket.write_all(request.as_bytes())?;
    socket.write_all(body)?;

    let mut socket = BufReader::new(socket);
    let status_line = line(&mut socket)?;
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status: u16 = status.ok_or_else(|| bad(format!("status line {status_line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let line = line(&mut socket)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad(format!("header {line:?}")))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let framing = if method == "HEAD" || status == 204 || status == 304 {
        Framing::Over
    } else if header(&headers, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        Framing::Chunks(None)
    } else if let Some(length) = header(&headers, "content-length") {
        Framing::Length(length.parse().map_err(|_| bad(format!("length {length:?}")))?)
    } else {
        Framing::Close
    };
    Ok(Opened { status, headers, body: Body { socket, framing } })
}

/// Sends one request and reads the whole answer.
#[track_caller]
pub fn call(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let place = std::panic::Location::caller();
    let fail = |error| panic!("{method} {url} at {place}: {error}");
    let mut opened = open(method, url, headers, body).unwrap_or_else(fail);
    let mut body = Vec::new();
    if let Err(error) = opened.body.read_to_end(&mut body) {
        fail(error);
    }
    Answer { status: opened.status, headers: opened.headers, body }
}

/// One who calls the gateway again and again: a phone with its token, or a TV with its cookies.
#[derive(Clone, Debug)]
pub struct Caller {
    pub base: String,
    pub bearer: Option<String>,
    pub cookies: Vec<(String, String)>,
}

impl Caller {
    pub fn new(base: &str) -> Self {
        Self { base: base.to_owned(), bearer: None, cookies: Vec::new() }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Some(token) = &self.bearer {
            headers.push(("Authorization", format!("Bearer {token}")));
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("Cookie", pairs.join("; ")));
        }
        headers
    }

    /// Calls `path`; cookies that are set are kept.
    #[track_caller]
    pub fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut headers = self.headers();
        let body = body.map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = call(method, &format!("{}{path}", self.base), &headers, body.as_bytes());
        for (_, value) in answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let pair = value.split(';').next().unwrap_or("");
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.retain(|(known, _)| known != name);
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    #[track_caller]
    pub fn get(&mut self, path: &str) -> Value {
        self.call("GET", path, None).expect(200).json()
    }

    #[track_caller]
    pub fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body))
    }

    /// Follows the server-sent events of `path`.
    #[track_caller]
    pub fn events(&self, path: &str) -> Events {
        let headers = self.headers();
        let mut headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.push(("Accept", "text/event-stream"));
        let opened = open("GET", &format!("{}{path}", self.base), &headers, &[]).expect("the events can be opened");
        assert_eq!(opened.status, 200, "{path}");
        assert_eq!(header(&opened.headers, "content-type"), Some("text/event-stream"), "{path}");
        Events { lines: BufReader::new(opened.body) }
    }
}

/// Server-sent events as they come.
#[derive(Debug)]
pub struct Events {
    lines: BufReader<Body>,
}

/// One server-sent event.
#[derive(Clone, Debug)]
pub struct Event {
    pub name: String,
    pub data: Value,
}

impl Events {
    /// The next event; fails when none comes for half a minute.
    #[track_caller]
    pub fn next(&mut self) -> Event {
        let (mut name, mut data) = ("message".to_owned(), String::new());
        loop {
            let line = line(&mut self.lines).expect("the events go on");
            match line.split_once(':') {
                None if line.is_empty() && !data.is_empty() => break,
                Some(("event", value)) => name = value.trim_start().to_owned(),
                Some(("data", value)) => data += value.trim_start(),
                _ => {}
            }
        }
        let data = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error} in event {name}: {data}"));
        Event { name, data }
    }

    /// The data of the next event called `name` that `fits`; others are passed over.
    #[track_caller]
    pub fn wait_for(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let (started, mut passed) = (Instant::now(), Vec::new());
        while started.elapsed() < 2 * PATIENCE {
            let event = self.next();
            if event.name == name && fits(&event.data) {
                return event.data;
            }
            passed.push(event);
        }
        panic!("no {name} that fits among {passed:?}");
    }
}
