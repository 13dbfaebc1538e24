//! As much of an HTTP/1.1 client (RFC 9112) as viewers need: a reader of answers that knows no socket, a blocking client
//! around it, and relative addresses.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Length(usize),
    ChunkHead,
    Chunk(usize),
    ChunkEnd,
    Trailer,
    UntilClose,
    Done,
}

/// Reads one answer.
pub struct Answer {
    state: State,
    line: Vec<u8>,
    pub status: u16,
    pub closes: bool,
}

impl Answer {
    /// An answer of which nothing has come.
    pub fn new() -> Self {
        Self { state: State::Head, line: Vec::new(), status: 0, closes: false }
    }

    /// Takes bytes and hands on what of them is body. Returns whether the answer is whole.
    pub fn feed(&mut self, mut bytes: &[u8], mut body: impl FnMut(&[u8])) -> bool {
        while !bytes.is_empty() && self.state != State::Done {
            match self.state {
                State::Head => {
                    self.line.extend_from_slice(bytes);
                    let Some(end) = self.line.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
                    bytes = &bytes[bytes.len() - (self.line.len() - end - 4)..];
                    let head = String::from_utf8_lossy(&self.line[..end]).to_ascii_lowercase();
                    self.line.clear();
                    self.read_head(&head);
                }
                State::Length(left) | State::Chunk(left) => {
                    let (taken, rest) = bytes.split_at(left.min(bytes.len()));
                    body(taken);
                    bytes = rest;
                    self.state = match (self.state, left - taken.len()) {
                        (State::Length(_), 0) => State::Done,
                        (State::Length(_), left) => State::Length(left),
                        (_, 0) => State::ChunkEnd,
                        (_, left) => State::Chunk(left),
                    };
                }
                State::ChunkHead | State::ChunkEnd | State::Trailer => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let (taken, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
                    self.line.extend_from_slice(taken);
                    bytes = rest;
                    if end.is_some() {
                        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).trim().to_owned();
                        self.state = match self.state {
                            State::ChunkHead => match usize::from_str_radix(&line, 16).expect("a chunk's size") {
                                0 => State::Trailer,
                                size => State::Chunk(size),
                            },
                            State::ChunkEnd => State::ChunkHead,
                            _ => State::Done,
                        };
                    }
                }
                State::UntilClose => {
                    body(bytes);
                    bytes = &[];
                }
                State::Done => {}
            }
        }
        self.state == State::Done
    }

    fn read_head(&mut self, head: &str) {
        let field =
            |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        self.status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        self.closes = field("connection") == Some("close");
        self.state = match field("content-length").and_then(|length| length.parse().ok()) {
            Some(0) => State::Done,
            Some(length) => State::Length(length),
            None if field("transfer-encoding").is_some() => State::ChunkHead,
            None => State::UntilClose,
        };
    }
}

/// The request for `path`.
pub fn request(authority: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
}

/// Authority and path of `http://AUTHORITY/PATH`.
pub fn split(url: &str) -> (&str, &str) {
    let rest = url.trim_start_matches("http://");
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// The path of `uri`, which stands in a playlist at `path`.
pub fn join(path: &str, uri: &str) -> String {
    if uri.starts_with('/') { uri.to_owned() } else { format!("{}/{uri}", path.rsplit_once('/').unwrap().0) }
}

/// One keep-alive connection.
pub struct Client {
    authority: String,
    stream: Option<TcpStream>,
    room: Vec<u8>,
}

impl Client {
    /// A client of `authority`, not connected yet.
    pub fn new(authority: &str) -> Self {
        Self { authority: authority.to_owned(), stream: None, room: vec![0; 1 << 18] }
    }

    /// Gets `path`; `body` takes what comes, until it says that it has enough. Returns the status.
    pub fn get(&mut self, path: &str, mut body: impl FnMut(&[u8]) -> bool) -> io::Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.authority)?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        stream.write_all(request(&self.authority, path).as_bytes())?;
        let mut answer = Answer::new();
        let mut enough = false;
        loop {
            let count = stream.read(&mut self.room)?;
            if count == 0 {
                return Ok(answer.status);
            }
            let whole = answer.feed(&self.room[..count], |bytes| enough |= body(bytes));
            if whole || enough {
                self.stream = (whole && !answer.closes).then_some(stream);
                return Ok(answer.status);
            }
        }
    }

    /// Gets all of `path`.
    pub fn fetch(&mut self, path: &str) -> io::Result<(u16, Vec<u8>)> {
        let mut bytes = Vec::new();
        let status = self.get(path, |more| {
            bytes.extend_from_slice(more);
            false
        })?;
        Ok((status, bytes))
    }
}
