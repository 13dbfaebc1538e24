//! Who calls the gateway: with a bearer token or cookies, each call on a connection of its own; bodies without end,
//! server-sent events.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::time::{Duration, Instant};

use serde_json::Value;

pub use crate::http_client::{Answer, Client, Request};

/// How long any single read or write may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer whose body is read as it comes.
#[derive(Debug)]
pub struct Opened {
    /// Its head.
    pub answer: Answer,
    pub body: Client,
}

impl Opened {
    /// Status and body in one line, for a message.
    pub fn text(mut self) -> String {
        let mut body = String::new();
        let end = self.body.read_to_string(&mut body).err();
        format!("{} {body} {end:?}", self.answer.status)
    }
}

/// Sends one request and reads the answer's head. `url` is `http://HOST:PORT/PATH`.
pub fn open(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Opened> {
    let rest = url.strip_prefix("http://").ok_or_else(|| io::Error::other(format!("not plain HTTP: {url}")))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = Request::new(method, if path.is_empty() { "/" } else { path }).host(host).body(body);
    let request = headers.iter().fold(request, |request, (name, value)| request.field(name, value));
    let mut client = Client::connect(host)?;
    client.try_send(request.field("Connection", "close").bytes())?;
    let answer = client.try_head(method)?;
    Ok(Opened { answer, body: client })
}

/// Sends one request and reads the whole answer.
#[track_caller]
pub fn call(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let place = std::panic::Location::caller();
    let fail = |error| panic!("{method} {url} at {place}: {error}");
    let mut opened = open(method, url, headers, body).unwrap_or_else(fail);
    if let Err(error) = opened.body.read_to_end(&mut opened.answer.body) {
        fail(error);
    }
    opened.answer
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
        for value in answer.fields("set-cookie") {
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
        assert_eq!(opened.answer.status, 200, "{path}");
        assert_eq!(opened.answer.field("content-type"), Some("text/event-stream"), "{path}");
        Events { lines: BufReader::new(opened.body) }
    }
}

/// Server-sent events as they come.
#[derive(Debug)]
pub struct Events {
    lines: BufReader<Client>,
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
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).expect("the events go on"), 0, "the events go on");
            let line = line.trim_end();
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
