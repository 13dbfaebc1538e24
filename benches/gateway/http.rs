//! What viewers ask over HTTP/1.1: a client that connects when it has to, and relative addresses.

use std::io;
use std::net::TcpStream;

use crate::http_client::{Client as Connection, Request};

/// Bytes that a viewer reads at once.
const ROOM: usize = 1 << 18;

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
    connection: Option<Connection>,
}

impl Client {
    /// A client of `authority`, not connected yet.
    pub fn new(authority: &str) -> Self {
        Self { authority: authority.to_owned(), connection: None }
    }

    /// Gets `path`; `body` takes what comes, until it says that it has enough. Returns the status.
    pub fn get(&mut self, path: &str, body: impl FnMut(&[u8]) -> bool) -> io::Result<u16> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect(&self.authority)?;
                stream.set_nodelay(true)?;
                Connection::with_room(stream, ROOM)
            }
        };
        connection.try_send(Request::get(path).host(&self.authority).bytes())?;
        let answer = connection.try_head("GET")?;
        let is_whole = connection.read_until(body)?;
        self.connection = (is_whole && !connection.closes()).then_some(connection);
        Ok(answer.status)
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
