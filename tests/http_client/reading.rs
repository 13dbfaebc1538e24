//! An answer of HTTP/1.1 (RFC 9112), read as it comes: bytes go in, its head and body come out. No sockets here.

use std::io;

/// What came of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// They are all taken, and the answer goes on.
    More,
    /// The head is whole.
    Head,
    /// A piece of the body.
    Body(&'a [u8]),
    /// A chunk is whole.
    ChunkEnd,
    /// The answer is whole. What comes now belongs to the next.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Length(u64),
    ChunkHead,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    UntilClose,
    Done,
}

/// Reads one answer.
#[derive(Debug)]
pub struct Reading {
    state: State,
    line: Vec<u8>,
    /// Whether it has no body, whatever it says.
    bodiless: bool,
    pub status: u16,
    /// Its status line and its fields, with the empty line after them.
    pub head: String,
}

impl Reading {
    /// The answer to `method`, of which nothing has come.
    pub fn new(method: &str) -> Self {
        Self { state: State::Head, line: Vec::new(), bodiless: method == "HEAD", status: 0, head: String::new() }
    }

    /// Whether it is whole.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the connection is closed after it.
    pub fn closes(&self) -> bool {
        field(&self.head, "Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Takes bytes up to the next thing that is to be told; says how many.
    pub fn take<'a>(&mut self, bytes: &'a [u8]) -> io::Result<(usize, Step<'a>)> {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            match self.state {
                State::Done => return Ok((used, Step::Done)),
                _ if rest.is_empty() => return Ok((used, Step::More)),
                State::UntilClose => return Ok((bytes.len(), Step::Body(rest))),
                State::Length(left) | State::Chunk(left) => {
                    let piece = &rest[..rest.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
                    self.state = match (self.state, left - piece.len() as u64) {
                        (State::Length(_), 0) => State::Done,
                        (State::Length(_), left) => State::Length(left),
                        (_, 0) => State::ChunkEnd,
                        (_, left) => State::Chunk(left),
                    };
                    return Ok((used + piece.len(), Step::Body(piece)));
                }
                State::Head | State::ChunkHead | State::ChunkEnd | State::Trailer => {
                    let end = rest.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
                    self.line.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
                    used += end.unwrap_or(rest.len());
                    if end.is_some() {
                        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                        if let Some(step) = self.line(&line)? {
                            return Ok((used, step));
                        }
                    }
                }
            }
        }
    }

    /// Takes all of `bytes` and hands on what of them is body. Returns whether the answer is whole.
    pub fn feed(&mut self, bytes: &[u8], mut body: impl FnMut(&[u8])) -> io::Result<bool> {
        let mut taken = 0;
        loop {
            let (used, step) = self.take(&bytes[taken..])?;
            taken += used;
            match step {
                Step::More => return Ok(false),
                Step::Done => return Ok(true),
                Step::Body(piece) => body(piece),
                Step::Head | Step::ChunkEnd => {}
            }
        }
    }

    /// The connection has ended: an error, unless that is the end of the answer too.
    pub fn end(&mut self) -> io::Result<()> {
        match self.state {
            State::UntilClose | State::Done => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("it ended in {:?}", self.state))),
        }
    }

    fn line(&mut self, line: &str) -> io::Result<Option<Step<'static>>> {
        let bad = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, format!("{what}: {line:?}")));
        match self.state {
            State::Head => {
                self.head.push_str(line);
                if line != "\r\n" {
                    return Ok(None);
                }
                self.read_head()?;
                return Ok(Some(Step::Head));
            }
            State::ChunkHead => match u64::from_str_radix(line.trim_end().split(';').next().unwrap_or(""), 16) {
                Ok(0) => self.state = State::Trailer,
                Ok(size) => self.state = State::Chunk(size),
                Err(_) => return bad("a chunk's head"),
            },
            State::ChunkEnd if line != "\r\n" => return bad("a chunk is longer than it says"),
            State::ChunkEnd => {
                self.state = State::ChunkHead;
                return Ok(Some(Step::ChunkEnd));
            }
            State::Trailer if line == "\r\n" => self.state = State::Done,
            _ => {}
        }
        Ok(None)
    }

    fn read_head(&mut self) -> io::Result<()> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{what}: {:?}", self.head));
        let status_line = self.head.strip_prefix("HTTP/1.1 ").ok_or_else(|| bad("no HTTP/1.1"))?;
        self.status = status_line.get(..3).and_then(|status| status.parse().ok()).ok_or_else(|| bad("no status"))?;
        self.state = if self.bodiless || matches!(self.status, 100..=199 | 204 | 304) {
            State::Done
        } else if field(&self.head, "Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            State::ChunkHead
        } else if let Some(length) = field(&self.head, "Content-Length") {
            match length.parse().map_err(|_| bad("no length"))? {
                0 => State::Done,
                length => State::Length(length),
            }
        } else {
            State::UntilClose
        };
        Ok(())
    }
}

/// The values of the fields `name` of a head, in whatever case.
pub fn fields<'a>(head: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    head.lines().skip(1).filter_map(move |line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// The first of them.
pub fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    fields(head, name).next()
}
