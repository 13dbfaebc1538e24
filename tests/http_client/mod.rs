//! The HTTP/1.1 client of tests and benchmarks (RFC 9112): blocking, one connection, over TCP or TLS. It takes nothing on
//! trust: a body that ends before its length is an error.
//!
//! What is deliberately no HTTP goes through [`Client::send`] as bytes.
#![allow(dead_code, reason = "each test uses some of it")]

pub mod reading;

use std::fmt::Display;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use reading::{Reading, Step, field, fields};
use rustix::net::{self, AddressFamily, SocketType};
use serde_json::Value;

/// How long any single read or write may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request, as it is put together.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    path: String,
    host: String,
    fields: String,
    body: Vec<u8>,
    length: Option<String>,
}

impl Request {
    pub fn new(method: &str, path: impl Display) -> Self {
        let (method, host) = (method.to_owned(), "localhost".to_owned());
        Self { method, path: path.to_string(), host, fields: String::new(), body: Vec::new(), length: None }
    }

    pub fn get(path: impl Display) -> Self {
        Self::new("GET", path)
    }

    /// Whom it is for; `localhost` where nothing is said.
    pub fn host(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    pub fn field(mut self, name: &str, value: impl Display) -> Self {
        self.fields += &format!("{name}: {value}\r\n");
        self
    }

    /// Fields as whole lines, each with its line end.
    pub fn fields(mut self, lines: &str) -> Self {
        self.fields += lines;
        self
    }

    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// A body of JSON; none for null.
    pub fn json(self, body: &Value) -> Self {
        match body {
            Value::Null => self,
            body => self.field("Content-Type", "application/json").body(body.to_string()),
        }
    }

    /// Asks for a WebSocket (RFC 6455, section 4.1).
    pub fn websocket(self) -> Self {
        self.field("Connection", "Upgrade")
            .field("Upgrade", "websocket")
            .field("Sec-WebSocket-Version", "13")
            .field("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// Says that its body has so many bytes, whatever it has: others may send them, or nobody.
    pub fn length(self, bytes: impl Display) -> Self {
        Self { length: Some(bytes.to_string()), ..self }
    }

    /// As it is sent.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { method, path, host, fields, body, length } = self;
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}");
        let has_body = !body.is_empty() || matches!(method.as_str(), "POST" | "PUT" | "PATCH");
        if let Some(length) = length.clone().or(has_body.then(|| body.len().to_string())) {
            bytes += &format!("Content-Length: {length}\r\n");
        }
        bytes += "\r\n";
        [bytes.as_bytes(), body].concat()
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Its status line and its fields.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first field of that name, in whatever case.
    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    /// All fields of that name.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        fields(&self.head, name)
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

/// One connection. Reading it reads the body of the answer whose head was read last, to its end.
#[derive(Debug)]
pub struct Client<S: Read = TcpStream> {
    reader: BufReader<S>,
    reading: Reading,
}

impl Client {
    #[track_caller]
    pub fn new(address: SocketAddr) -> Self {
        Self::connect(address).expect("connected")
    }

    /// Connects, without more ado where that fails.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        Self::over_tcp(TcpStream::connect(address)?)
    }

    /// A client at another address of this machine.
    pub fn at(source: Ipv4Addr, address: SocketAddr) -> Self {
        let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        net::bind(&socket, &SocketAddr::from((source, 0))).expect("an address of this machine");
        net::connect(&socket, &address).expect("connected");
        Self::over_tcp(socket.into()).expect("set up")
    }

    fn over_tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self::over(stream))
    }
}

impl<S: Read + Write> Client<S> {
    /// A client over whatever a connection is made of.
    pub fn over(stream: S) -> Self {
        Self::with_room(stream, 8 * 1024)
    }

    /// The same, which reads so many bytes at once.
    pub fn with_room(stream: S, bytes: usize) -> Self {
        Self { reader: BufReader::with_capacity(bytes, stream), reading: Reading::new("") }
    }

    /// What it is made of.
    pub fn stream(&mut self) -> &mut S {
        self.reader.get_mut()
    }

    /// What it is made of, alone, where nothing was read beyond the last answer.
    #[track_caller]
    pub fn into_stream(self) -> S {
        assert_eq!(self.reader.buffer(), b"", "something came that nobody has read");
        self.reader.into_inner()
    }

    /// Sends bytes, whatever they are.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("sent");
    }

    /// Sends bytes that the other side may not want.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let stream = self.reader.get_mut();
        stream.write_all(bytes.as_ref())?;
        stream.flush()
    }

    /// Sends a request, and leaves its answer to be read.
    #[track_caller]
    pub fn begin(&mut self, request: Request) {
        self.send(request.bytes());
    }

    /// Sends a request, and reads its answer.
    #[track_caller]
    pub fn ask(&mut self, request: Request) -> Answer {
        self.send(request.bytes());
        self.answer_to(&request.method)
    }

    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        self.ask(Request::get(path))
    }

    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.answer_to("GET")
    }

    /// Reads an answer: by length, by chunks, or to the end.
    #[track_caller]
    pub fn answer_to(&mut self, method: &str) -> Answer {
        self.try_answer(method).unwrap_or_else(|error| panic!("{error} after {:?}", self.reading.head))
    }

    pub fn try_answer(&mut self, method: &str) -> io::Result<Answer> {
        let mut answer = self.try_head(method)?;
        self.read_to_end(&mut answer.body)?;
        Ok(answer)
    }

    /// Reads a head alone.
    #[track_caller]
    pub fn head(&mut self) -> Answer {
        self.try_head("GET").expect("a head")
    }

    pub fn try_head(&mut self, method: &str) -> io::Result<Answer> {
        self.reading = Reading::new(method);
        loop {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                self.reading.end()?;
            }
            let (used, step) = self.reading.take(bytes)?;
            let is_whole = step == Step::Head;
            self.reader.consume(used);
            if is_whole {
                return Ok(Answer { status: self.reading.status, head: self.reading.head.clone(), body: Vec::new() });
            }
        }
    }

    /// Hands the body on as it comes, until `body` says that it has enough. Returns whether it was whole.
    pub fn read_until(&mut self, mut body: impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
        let mut enough = false;
        while !enough && !self.reading.is_done() {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                self.reading.end()?;
            }
            let count = bytes.len();
            self.reading.feed(bytes, |piece| enough |= body(piece))?;
            self.reader.consume(count);
        }
        Ok(self.reading.is_done())
    }

    /// Whether the other side closes the connection after the last answer.
    pub fn closes(&self) -> bool {
        self.reading.closes()
    }

    /// The next chunk; `None` for the last.
    #[track_caller]
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut chunk = Vec::new();
        while !self.reading.is_done() {
            let bytes = self.reader.fill_buf().expect("a chunk");
            assert!(!bytes.is_empty(), "the connection ended in a chunk");
            let (used, step) = self.reading.take(bytes).expect("a chunk");
            if let Step::Body(piece) = step {
                chunk.extend_from_slice(piece);
            }
            let is_whole = step == Step::ChunkEnd;
            self.reader.consume(used);
            if is_whole {
                return Some(chunk);
            }
        }
        None
    }

    /// The first line of what comes; nothing where the other side has cut the connection off.
    pub fn first_line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.reader.read_line(&mut line);
        line
    }

    /// Whatever else comes until the connection ends.
    pub fn read_rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).map(|_| rest)
    }

    /// Whether the other side ends the connection without a further word.
    pub fn is_ended(&mut self) -> bool {
        match self.read_rest() {
            Ok(rest) => rest.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    /// The next so many bytes, whatever they are.
    #[track_caller]
    pub fn read_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    /// The next bytes, whatever they are and however many come at once.
    #[track_caller]
    pub fn read_some(&mut self) -> Vec<u8> {
        let mut some = vec![0; 65_536];
        let bytes = self.reader.read(&mut some).expect("something");
        some.truncate(bytes);
        some
    }
}

impl<S: Read> Read for Client<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.reading.is_done() || into.is_empty() {
                return Ok(0);
            }
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                self.reading.end()?;
            }
            let (used, step) = self.reading.take(&bytes[..bytes.len().min(into.len())])?;
            let count = match step {
                Step::Body(piece) => {
                    into[..piece.len()].copy_from_slice(piece);
                    piece.len()
                }
                _ => 0,
            };
            self.reader.consume(used);
            if count > 0 {
                return Ok(count);
            }
        }
    }
}
