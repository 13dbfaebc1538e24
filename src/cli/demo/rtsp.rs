//! The built-in phone's connection: a blocking socket round the client of `wire/rtsp`, media inside (RFC 2326).

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::PhoneError;
use crate::ground::crypto::fill_random;
use crate::wire::rtsp::Route;
use crate::wire::rtsp::client::{Address, Answer, Client, Step};

/// How long the server may take to connect, to answer, and to take what is written.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection on which media may be sent.
pub(super) struct Session {
    connection: Connection,
    /// How often a sign of life is due.
    pub keep_alive: Duration,
    /// Ends when the server closes the connection.
    closed: mpsc::Receiver<()>,
    reader: Option<JoinHandle<()>>,
}

impl Session {
    /// Connects and goes through OPTIONS, ANNOUNCE, SETUP for each of `tracks` and RECORD. Track n is sent on channel
    /// 2n, its reports on 2n + 1.
    pub(super) fn open(address: &Address, sdp: &str, tracks: u8) -> Result<Self, PhoneError> {
        let mut connection = Connection::open(address)?;
        connection.ask(Client::options)?;
        connection.ask(|client| client.announce(sdp))?;
        for track in 0..tracks {
            let (rtp, rtcp) = (2 * track, 2 * track + 1);
            let route = Route::Interleaved(rtp, rtcp);
            let answer = connection.ask(|client| client.set_up(&format!("streamid={track}"), route))?;
            let given = answer.parameter("Transport", "interleaved");
            if given.is_some_and(|given| given != format!("{rtp}-{rtcp}")) {
                return Err(PhoneError::Protocol("the server wants other channels"));
            }
        }
        connection.ask(Client::record)?;
        if connection.client.session().is_none() {
            return Err(PhoneError::Protocol("the server gave no session"));
        }
        let mut reader = connection.stream.try_clone().map_err(PhoneError::lost)?;
        reader.set_read_timeout(None).map_err(PhoneError::lost)?;
        let (end, closed) = mpsc::channel();
        // What the server says while media flows (answers, receiver reports) is of no interest, but must be read.
        let read_on = move || {
            let mut bytes = [0; 4096];
            while reader.read(&mut bytes).is_ok_and(|count| count > 0) {}
            drop(end);
        };
        let reader = thread::Builder::new().name("demo-phone-read".to_owned()).spawn(read_on);
        let keep_alive = connection.client.keep_alive_interval();
        Ok(Self { connection, keep_alive, closed, reader: Some(reader.map_err(PhoneError::lost)?) })
    }

    /// Sends interleaved packets.
    pub(super) fn send(&mut self, packets: &[u8]) -> Result<(), PhoneError> {
        self.connection.stream.write_all(packets).map_err(PhoneError::lost)
    }

    /// Says that the phone is still there. The answer is not waited for.
    pub(super) fn keep_alive(&mut self) -> Result<(), PhoneError> {
        self.connection.client.keep_alive();
        self.connection.send()
    }

    /// Whether the server has closed the connection.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.try_recv() != Err(mpsc::TryRecvError::Empty)
    }

    /// Ends the publishing in order.
    pub(super) fn tear_down(mut self) {
        self.connection.client.tear_down();
        if self.connection.send().is_ok() && self.connection.stream.shutdown(Shutdown::Write).is_ok() {
            // Sent means only handed to the kernel: the server closes once it has read it all.
            let _ = self.closed.recv_timeout(Duration::from_secs(1));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.connection.stream.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The connection; until media flows every request waits for its answer.
struct Connection {
    stream: TcpStream,
    client: Client,
    received: Vec<u8>,
}

impl Connection {
    fn open(address: &Address) -> Result<Self, PhoneError> {
        let mut addresses = (address.host.as_str(), address.port).to_socket_addrs().map_err(PhoneError::lost)?;
        let to = addresses.next().ok_or(PhoneError::BadAddress)?;
        let stream = TcpStream::connect_timeout(&to, PATIENCE).map_err(PhoneError::lost)?;
        stream.set_nodelay(true).map_err(PhoneError::lost)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(PhoneError::lost)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(PhoneError::lost)?;
        let mut seed = [0; 16];
        fill_random(&mut seed);
        Ok(Self { stream, client: Client::new(&address.uri, "Lareira demo", seed), received: Vec::new() })
    }

    /// Sends what the client has to say.
    fn send(&mut self) -> Result<(), PhoneError> {
        let output = self.client.output();
        self.stream.write_all(output).map_err(PhoneError::lost)?;
        output.clear();
        Ok(())
    }

    fn ask(&mut self, request: impl FnOnce(&mut Client)) -> Result<Answer, PhoneError> {
        request(&mut self.client);
        loop {
            self.send()?;
            let (used, step) = self.client.take(&self.received).map_err(PhoneError::Unreadable)?;
            let more = match step {
                Step::Answer(answer) if answer.status != 200 => {
                    return Err(PhoneError::Refused { status: answer.status, reason: answer.reason });
                }
                Step::Answer(answer) => {
                    self.received.drain(..used);
                    return Ok(answer);
                }
                Step::Done | Step::Packet { .. } => false,
                Step::More => true,
            };
            self.received.drain(..used);
            if more {
                let mut bytes = [0; 4096];
                match self.stream.read(&mut bytes).map_err(PhoneError::lost)? {
                    0 => return Err(PhoneError::lost(io::ErrorKind::UnexpectedEof.into())),
                    count => self.received.extend_from_slice(&bytes[..count]),
                }
            }
        }
    }
}
