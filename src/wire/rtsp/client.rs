//! RTSP 1.0 (RFC 2326), the client's side of one connection: requests out, answers and packets in.
//!
//! No socket here: what is asked waits as bytes in [`Client::output`], what the server says goes through
//! [`Client::take`]. The client asks what it is told to, whatever came before: which request may follow which is the
//! server's to say. Whoever holds the socket waits for one answer before asking the next.

use std::time::Duration;

use super::message::{self, Broken, Piece};
use super::proof::Challenge;
use super::session::Route;
use super::uri::Uri;
use crate::ground::limits::RTSP_IDLE;

/// Where a client connects, and what it asks for there. May hold a secret: not shown.
#[derive(Clone)]
pub struct Address {
    /// A name or a number, an IPv6 one without brackets.
    pub host: String,
    /// The port, 554 where none is named.
    pub port: u16,
    /// The whole address, without a slash at its end.
    pub uri: String,
}

impl Address {
    /// Reads `rtsp://[USER:PASSWORD@]HOST[:PORT]/PATH`.
    pub fn parse(uri: &str) -> Option<Self> {
        let rest = uri.strip_prefix("rtsp://")?;
        if uri.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return None;
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (place, 554),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port, uri: uri.trim_end_matches('/').to_owned() })
    }
}

/// What came of some bytes.
#[derive(Debug)]
pub enum Step<'a> {
    /// They are not a whole message yet.
    More,
    /// Something that nobody waits for was passed over, or the request was made again with a proof: there may be
    /// something to send.
    Done,
    /// A packet of a channel. Borrowed, never copied.
    Packet {
        /// The channel.
        channel: u8,
        /// The packet.
        packet: &'a [u8],
    },
    /// The answer to the last request.
    Answer(Answer),
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status (section 7.1.1).
    pub status: u16,
    /// What the server said with it.
    pub reason: String,
    headers: Vec<(String, String)>,
}

impl Answer {
    fn read(head: &str) -> Result<Self, Broken> {
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().splitn(3, ' ').skip(1);
        let status = words.next().and_then(|status| status.parse().ok()).ok_or(Broken::NotRtsp)?;
        let reason = words.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        Ok(Self { status, reason, headers })
    }

    /// The values of header `name`, in any case.
    fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let same = move |(given, _): &&(String, String)| given.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, value)| value.as_str())
    }

    /// The value of header `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// The value of `name=value` among a header's parts between semicolons.
    pub fn parameter(&self, header: &str, name: &str) -> Option<&str> {
        let mut parts = self.header(header)?.split(';');
        parts.find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    }
}

/// A request whose answer has not come yet.
struct Asked {
    method: &'static str,
    uri: String,
    headers: String,
    body: String,
    /// How often it was made with a proof of who asks.
    proofs: u8,
}

/// The client's side of one connection.
pub struct Client {
    uri: String,
    user: Option<(String, String)>,
    agent: &'static str,
    seed: [u8; 16],
    asked: u32,
    waiting: Option<Asked>,
    challenge: Option<Challenge>,
    session: Option<String>,
    timeout: Duration,
    output: Vec<u8>,
}

impl Client {
    /// A client for a new connection that asks for `uri`, and says it is `agent`. A name and password in the URI are
    /// shown to a server that asks for them. `seed` is random.
    pub fn new(uri: &str, agent: &'static str, seed: [u8; 16]) -> Self {
        let user = Uri::new(uri).user;
        let uri = match (&user, uri.split_once("://")) {
            (Some(_), Some((scheme, rest))) => {
                let path = rest.find('/').unwrap_or(rest.len());
                let place = rest[..path].rfind('@').map_or(0, |at| at + 1);
                format!("{scheme}://{}", &rest[place..])
            }
            _ => uri.to_owned(),
        };
        Self {
            uri,
            user,
            agent,
            seed,
            asked: 0,
            waiting: None,
            challenge: None,
            session: None,
            timeout: RTSP_IDLE,
            output: Vec::new(),
        }
    }

    /// What is to be sent to the server. Take away what was sent.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// How often a sign of life is due: after half the time that the server allows, and not more than once a second.
    pub fn keep_alive_interval(&self) -> Duration {
        (self.timeout / 2).max(Duration::from_secs(1))
    }

    /// The session that the server has opened.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Asks what the server can do (section 10.1).
    pub fn options(&mut self) {
        self.ask("OPTIONS", "", "", "");
    }

    /// Says what will be published (section 10.3).
    pub fn announce(&mut self, sdp: &str) {
        self.ask("ANNOUNCE", "", "Content-Type: application/sdp\r\n", sdp);
    }

    /// Asks how a medium that will be published may travel (section 10.4); the SDP calls it `medium`.
    pub fn set_up(&mut self, medium: &str, route: Route) {
        let transport = match route {
            Route::Interleaved(rtp, rtcp) => format!("RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp};mode=record"),
            Route::Udp(rtp, rtcp) => format!("RTP/AVP/UDP;unicast;client_port={rtp}-{rtcp};mode=record"),
        };
        self.ask("SETUP", medium, &format!("Transport: {transport}\r\n"), "");
    }

    /// Asks to send the media (section 10.11).
    pub fn record(&mut self) {
        self.ask("RECORD", "", "Range: npt=0.000-\r\n", "");
    }

    /// Says that the client is still there (section 10.8).
    pub fn keep_alive(&mut self) {
        self.ask("GET_PARAMETER", "", "", "");
    }

    /// Ends the session (section 10.7).
    pub fn tear_down(&mut self) {
        self.ask("TEARDOWN", "", "", "");
    }

    /// Asks anything, of the whole or of one `medium`. `headers` are whole lines, each with its line end.
    pub fn ask(&mut self, method: &'static str, medium: &str, headers: &str, body: &str) {
        let uri = if medium.is_empty() { self.uri.clone() } else { format!("{}/{medium}", self.uri) };
        self.send(Asked { method, uri, headers: headers.to_owned(), body: body.to_owned(), proofs: 0 });
    }

    fn send(&mut self, mut asked: Asked) {
        self.asked += 1;
        let Asked { method, uri, headers, body, proofs } = &mut asked;
        let mut head = format!("{method} {uri} RTSP/1.0\r\nCSeq: {}\r\nUser-Agent: {}\r\n", self.asked, self.agent);
        if let Some(session) = &self.session {
            head += &format!("Session: {session}\r\n");
        }
        if let (Some(challenge), Some((name, password))) = (&mut self.challenge, &self.user) {
            *proofs += 1;
            head += &challenge.answer((name, password), method, uri, &self.seed);
        }
        head += headers;
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        self.output.extend_from_slice(head.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.output.extend_from_slice(body.as_bytes());
        self.waiting = Some(asked);
    }

    /// Takes the first message of `input`. Also says how many bytes are done with: keep the others, and offer them again
    /// together with what comes next.
    pub fn take<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Step<'a>), Broken> {
        let (used, piece) = message::read(input)?;
        let step = match piece {
            Piece::Partial => Step::More,
            Piece::Interleaved(channel, packet) => Step::Packet { channel, packet },
            // Servers may ask too (section 10); nothing of it matters to who publishes.
            Piece::Request(_) => Step::Done,
            Piece::Response(head) => self.answered(Answer::read(head)?),
        };
        Ok((used, step))
    }

    fn answered(&mut self, answer: Answer) -> Step<'static> {
        // Signs of life are not waited for: their answers come while another is.
        let earlier = answer.header("CSeq").is_some_and(|number| number != self.asked.to_string());
        let Some(asked) = self.waiting.take_if(|_| !earlier) else { return Step::Done };
        if answer.status == 401 && self.user.is_some() {
            let challenge = Challenge::first(answer.headers("WWW-Authenticate"));
            // A second time only if the nonce was too old: whoever is refused with a good one has a wrong password.
            let again = challenge.as_ref().is_some_and(|asks| asked.proofs == 0 || asks.stale && asked.proofs == 1);
            self.challenge = challenge;
            if again {
                self.send(asked);
                return Step::Done;
            }
        }
        if let Some(session) = answer.header("Session") {
            self.session = Some(session.split(';').next().unwrap_or_default().trim().to_owned());
        }
        if let Some(timeout) = answer.parameter("Session", "timeout").and_then(|timeout| timeout.parse().ok()) {
            self.timeout = Duration::from_secs(timeout);
        }
        if asked.method == "TEARDOWN" && answer.status == 200 {
            self.session = None;
        }
        Step::Answer(answer)
    }
}

#[cfg(test)]
mod tests;
