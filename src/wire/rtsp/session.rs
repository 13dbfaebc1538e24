//! The server's side of one publisher's connection (RFC 2326, appendix A.2): bytes in, events and packets out.
//!
//! ANNOUNCE, SETUP and RECORD are decided by others: the session tells an [`Event`], takes nothing further from the
//! connection, and goes on when it is answered. No sockets and no timers here; when a connection has been silent for
//! too long is known to whoever holds its socket. One connection has one session, so requests need not name it; a wrong
//! name is an error all the same.

use super::answer;
use super::auth::{Challenger, Claim, Credentials, hex};
use super::message::{self, Broken, Method, Piece, Request};
use super::sdp::{self, Content, Description, SdpError};
use super::transport::{self, Way};
use super::uri::Uri;
use crate::ground::crypto;
use crate::ground::limits::{RTSP_AUTH_TRIES, RTSP_IDLE};
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::time::Moment;
use crate::wire::rtp::Media;

/// The methods a publisher can use.
const PUBLIC: &str = "OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/// What came of some bytes.
#[derive(Debug)]
pub enum Step<'a> {
    /// They are not a whole message yet.
    More,
    /// An event has not been answered yet: nothing was taken.
    Waiting,
    /// A request was answered, or something that means nothing was passed over.
    Done,
    /// A packet of a track that is being recorded. Borrowed, never copied.
    Packet {
        /// Index of the track in [`Event::Record`].
        track: usize,
        /// What the packet is.
        kind: Kind,
        /// The packet.
        packet: &'a [u8],
    },
    /// Something others have to know, or decide.
    Event(Event),
    /// Send what is to be sent, then close the connection.
    Close,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Media (RFC 3550, section 5).
    Rtp,
    /// Control (RFC 3550, section 6).
    Rtcp,
}

/// What a publisher does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It wants to publish at `path`. Answer with [`Session::accept`] or [`Session::refuse`].
    Announce {
        /// The path without slashes at its ends, without query. May be a secret.
        path: String,
        /// What else it will send, that is left out.
        left_out: Vec<String>,
        /// Who it says it is, where it does.
        credentials: Option<Credentials>,
    },
    /// It wants to send a medium over UDP. Answer with [`Session::bound`] or [`Session::refuse`].
    Bind {
        /// Index of the medium in the SDP.
        medium: usize,
        /// The ports for RTP and RTCP that it says it sends from.
        ports: (u16, u16),
        /// Whether nothing of the medium will be taken: [`Event::Record`] won't name it.
        is_left_out: bool,
    },
    /// It wants to send now. Answer with [`Session::accept`] or [`Session::refuse`].
    Record(Vec<Track>),
    /// It is done, and knows it.
    Teardown,
}

/// A medium that was set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Index of the medium in the SDP.
    pub medium: usize,
    /// What its packets are.
    pub media: Media,
    /// How they travel.
    pub route: Route,
}

/// How the packets of a track travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Inside the connection, on these channels for RTP and RTCP.
    Interleaved(u8, u8),
    /// From these ports of the publisher for RTP and RTCP.
    Udp(u16, u16),
}

/// The state of a session (RFC 2326, appendix A.2).
#[derive(Debug)]
enum State {
    /// Nothing was announced.
    Init,
    /// Media were announced; some may be set up.
    Announced(Announced),
    /// Media are coming, on these routes.
    Recording(Vec<Route>),
    /// Nothing more is read.
    Over,
}

#[derive(Debug)]
struct Announced {
    base: Uri,
    description: Description,
    routes: Vec<Option<Route>>,
}

/// A request that others decide.
#[derive(Debug)]
struct Pending {
    cseq: String,
    decision: Decision,
}

#[derive(Debug)]
enum Decision {
    Announce(Announced),
    Bind { medium: usize, name: String, ports: (u16, u16) },
    Record(Vec<Route>),
}

/// A refused request: status, reason phrase, header lines.
type Answer = (u16, String, String);

/// The server's side of one publisher's connection.
#[derive(Debug)]
pub struct Session {
    id: String,
    /// Whether the client has been told the id.
    named: bool,
    challenger: Challenger,
    challenges: u32,
    state: State,
    pending: Option<Pending>,
    output: Vec<u8>,
    /// Whether media may travel inside the connection alone.
    inside: bool,
}

impl Session {
    /// A session for a new connection. `seed` is random: the session's id and its nonces are made of it.
    pub fn new(seed: [u8; 16]) -> Self {
        let id = hex(&crypto::sha256(&[&seed[..], b"session"].concat())[..8]);
        let challenger = Challenger::new(seed);
        Self {
            id,
            named: false,
            challenger,
            challenges: 0,
            state: State::Init,
            pending: None,
            output: Vec::new(),
            inside: false,
        }
    }

    /// From now on media over UDP are refused: they may travel inside the connection alone.
    pub fn keep_inside(&mut self) {
        self.inside = true;
    }

    /// Takes the first message of `input`. Also says how many bytes are done with: keep the others, and offer them
    /// again together with what comes next.
    pub fn take<'a>(&mut self, input: &'a [u8], now: Moment) -> (usize, Step<'a>) {
        if self.pending.is_some() {
            return (0, Step::Waiting);
        }
        if matches!(self.state, State::Over) {
            return (input.len(), Step::Close);
        }
        match message::read(input) {
            Ok((used, Piece::Partial)) => (used, Step::More),
            Ok((used, Piece::Interleaved(channel, packet))) => (used, self.packet(channel, packet)),
            Ok((used, Piece::Request(request))) => (used, self.request(&request, now)),
            Ok((used, Piece::Response(_))) => (used, Step::Done),
            Err(broken) => {
                let (status, reason) = match broken {
                    Broken::NotRtsp => (400, "Bad Request"),
                    Broken::HeadTooLong => (400, "Request head too long"),
                    Broken::BadLength => (400, "Bad Content-Length"),
                    Broken::BodyTooLong => (413, "Request Entity Too Large"),
                    Broken::Version => (505, "RTSP Version Not Supported"),
                };
                answer::write(&mut self.output, status, reason, None, "Connection: close\r\n");
                self.state = State::Over;
                (input.len(), Step::Close)
            }
        }
    }

    /// What is to be sent to the client. Take away what was sent.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Grants what the last [`Event::Announce`] or [`Event::Record`] asked for.
    pub fn accept(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        match pending.decision {
            Decision::Announce(announced) => self.state = State::Announced(announced),
            Decision::Record(routes) => self.state = State::Recording(routes),
            Decision::Bind { .. } => unreachable!("ports are granted with `bound`"),
        }
        let headers = self.session_header();
        answer::write(&mut self.output, 200, "OK", Some(&pending.cseq), &headers);
    }

    /// Grants what the last [`Event::Bind`] asked for: the server's ports for RTP and RTCP.
    pub fn bound(&mut self, server: (u16, u16)) {
        let Some(Pending { cseq, decision: Decision::Bind { medium, name, ports } }) = self.pending.take() else {
            return;
        };
        let transport = format!(
            "{name};unicast;client_port={}-{};server_port={}-{};mode=record",
            ports.0, ports.1, server.0, server.1
        );
        self.set_up(medium, Route::Udp(ports.0, ports.1), &cseq, &transport);
    }

    /// Refuses what the last event asked for. The connection stays usable, unless a client guesses passwords.
    pub fn refuse(&mut self, refusal: &PublishRefusal, now: Moment) {
        let Some(pending) = self.pending.take() else { return };
        let (status, reason) = answer::status(refusal);
        let headers = match refusal {
            PublishRefusal::Authenticate => {
                self.challenges += 1;
                self.challenger.challenges(false, now)
            }
            _ => String::new(),
        };
        answer::write(&mut self.output, status, &reason, Some(&pending.cseq), &headers);
        if self.challenges > RTSP_AUTH_TRIES {
            self.state = State::Over;
        }
    }

    /// Sends the client away, with a reason for people. RTSP 1.0 has no word for it: it is told as RTSP 2.0 does (RFC 7826,
    /// sections 13.7.2 and 18.52), which clients that don't know it pass over.
    pub fn dismiss(&mut self, reason: &str) {
        answer::write_teardown(&mut self.output, &self.id, reason);
        self.state = State::Over;
    }

    /// Sends an RTCP packet inside the connection, where `track` travels there.
    pub fn send_rtcp(&mut self, track: usize, packet: &[u8]) {
        if let State::Recording(routes) = &self.state
            && let Some(Route::Interleaved(_, channel)) = routes.get(track)
        {
            message::interleave(*channel, &[packet], &mut self.output);
        }
    }

    fn packet<'a>(&self, channel: u8, packet: &'a [u8]) -> Step<'a> {
        let State::Recording(routes) = &self.state else { return Step::Done };
        for (track, route) in routes.iter().enumerate() {
            match route {
                Route::Interleaved(rtp, _) if *rtp == channel => {
                    return Step::Packet { track, kind: Kind::Rtp, packet };
                }
                Route::Interleaved(_, rtcp) if *rtcp == channel => {
                    return Step::Packet { track, kind: Kind::Rtcp, packet };
                }
                _ => {}
            }
        }
        Step::Done
    }

    fn request(&mut self, request: &Request<'_>, now: Moment) -> Step<'static> {
        let Some(cseq) = request.header("CSeq").filter(|cseq| !cseq.is_empty()) else {
            answer::write(&mut self.output, 400, "CSeq is missing", None, "");
            return Step::Done;
        };
        match self.decide(request, cseq, now) {
            Ok(step) => step,
            Err((status, reason, headers)) => {
                answer::write(&mut self.output, status, &reason, Some(cseq), &headers);
                if self.challenges > RTSP_AUTH_TRIES {
                    self.state = State::Over;
                }
                Step::Done
            }
        }
    }

    fn decide(&mut self, request: &Request<'_>, cseq: &str, now: Moment) -> Result<Step<'static>, Answer> {
        if let Some(required) = request.header("Require") {
            return Err((551, "Option not supported".into(), format!("Unsupported: {}\r\n", printable(required))));
        }
        if !matches!(request.method, Method::Options | Method::Announce)
            && let Some(header) = request.header("Session")
            && header.split(';').next().map(str::trim) != Some(&self.id)
        {
            return Err(refused(454, "Session Not Found"));
        }
        match request.method {
            Method::Options => self.ok(cseq, &format!("Public: {PUBLIC}\r\n")),
            Method::Announce => self.announce(request, cseq, now),
            Method::Setup => self.setup(request, cseq),
            Method::Record => self.record(cseq),
            Method::GetParameter | Method::SetParameter if request.body.trim_ascii().is_empty() => self.ok(cseq, ""),
            Method::GetParameter | Method::SetParameter => Err(refused(451, "Parameter Not Understood")),
            Method::Teardown => self.teardown(cseq),
            Method::Pause if matches!(self.state, State::Recording(_)) => Err(refused(501, "Live video has no pause")),
            Method::Pause => Err(refused(455, "Method Not Valid in This State")),
            Method::Describe | Method::Play => Err((405, "Method Not Allowed".into(), format!("Allow: {PUBLIC}\r\n"))),
            Method::Unknown => Err((501, "Not Implemented".into(), format!("Public: {PUBLIC}\r\n"))),
        }
    }

    fn ok(&mut self, cseq: &str, headers: &str) -> Result<Step<'static>, Answer> {
        let headers = self.session_header() + headers;
        answer::write(&mut self.output, 200, "OK", Some(cseq), &headers);
        Ok(Step::Done)
    }

    fn session_header(&self) -> String {
        match self.named {
            true => format!("Session: {};timeout={}\r\n", self.id, RTSP_IDLE.as_secs()),
            false => String::new(),
        }
    }

    fn wait(&mut self, cseq: &str, decision: Decision, event: Event) -> Result<Step<'static>, Answer> {
        self.pending = Some(Pending { cseq: cseq.to_owned(), decision });
        Ok(Step::Event(event))
    }

    fn announce(&mut self, request: &Request<'_>, cseq: &str, now: Moment) -> Result<Step<'static>, Answer> {
        match &self.state {
            State::Init => {}
            State::Announced(announced) if announced.routes.iter().all(Option::is_none) => {}
            _ => return Err(refused(455, "Method Not Valid in This State")),
        }
        let kind = request.header("Content-Type").map(|kind| kind.split(';').next().unwrap_or_default().trim());
        if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("application/sdp")) {
            return Err(refused(415, "Announce with application/sdp"));
        }
        let base = Uri::new(&request.uri);
        let credentials = self.credentials(request, &base, now)?;
        let description = sdp::read(request.body).map_err(|error| match error {
            SdpError::Malformed(why) => refused(400, &format!("Bad SDP: {why}")),
            SdpError::Codec(name) => {
                refused(415, &format!("Codec {name} is not supported: send H264, and AAC or Opus beside it"))
            }
            SdpError::NoVideo => refused(415, "There is no video: send H264"),
            SdpError::TooMany => refused(415, "Send one video, and one sound at most"),
        })?;
        let left_out = description.iter().filter_map(|described| match &described.content {
            Content::LeftOut(name) => Some(printable(name)),
            Content::Taken(_) => None,
        });
        let event = Event::Announce { path: base.path.clone(), left_out: left_out.collect(), credentials };
        let routes = vec![None; description.len()];
        self.wait(cseq, Decision::Announce(Announced { base, description, routes }), event)
    }

    fn credentials(&mut self, request: &Request<'_>, uri: &Uri, now: Moment) -> Result<Option<Credentials>, Answer> {
        let Some(header) = request.header("Authorization") else {
            return Ok(uri.user.clone().map(|(user, password)| Credentials::password(user, password)));
        };
        match self.challenger.read(header, &request.method_name, uri, now) {
            Claim::Credentials(credentials) => Ok(Some(credentials)),
            claim => {
                self.challenges += 1;
                let headers = self.challenger.challenges(claim == Claim::Stale, now);
                Err((401, "Unauthorized".into(), headers))
            }
        }
    }

    fn setup(&mut self, request: &Request<'_>, cseq: &str) -> Result<Step<'static>, Answer> {
        let State::Announced(announced) = &self.state else {
            return Err(refused(455, "Method Not Valid in This State"));
        };
        let medium = Uri::new(&request.uri).medium(&announced.base, &announced.description);
        let medium = medium.ok_or_else(|| refused(404, "No such medium was announced"))?;
        // All tracks of a session travel alike, so that one receiver knows whether packets can be late.
        let other = announced.routes.iter().enumerate().find(|(other, route)| *other != medium && route.is_some());
        let other = other.and_then(|(_, route)| *route);
        let offers = transport::offers(request.header("Transport").unwrap_or_default());
        let fits = |way: &Way| match other {
            None if self.inside => matches!(way, Way::Interleaved(_)),
            Some(route) => matches!(route, Route::Udp(..)) == matches!(way, Way::Udp(_)),
            None => true,
        };
        let offer = offers.into_iter().find(|offer| fits(&offer.way));
        let offer = offer.ok_or_else(|| refused(461, "Unsupported Transport"))?;
        match offer.way {
            Way::Udp(ports) => {
                let is_left_out = announced.description[medium].taken().is_none();
                let event = Event::Bind { medium, ports, is_left_out };
                self.wait(cseq, Decision::Bind { medium, name: offer.name, ports }, event)
            }
            Way::Interleaved(wanted) => {
                let others = announced.routes.iter().enumerate().filter(|(other, _)| *other != medium);
                let taken = |channel: u8| {
                    others.clone().any(|(_, route)| match route {
                        Some(Route::Interleaved(rtp, rtcp)) => channel == *rtp || channel == *rtcp,
                        _ => false,
                    })
                };
                let free = |(rtp, rtcp): &(u8, u8)| !taken(*rtp) && !taken(*rtcp);
                let pairs = (0..=u8::MAX).step_by(2).map(|rtp| (rtp, rtp + 1));
                let channels = wanted.filter(free).or_else(|| pairs.into_iter().find(free));
                let (rtp, rtcp) = channels.expect("so few media leave a pair of channels free");
                let transport = format!("{};unicast;interleaved={rtp}-{rtcp};mode=record", offer.name);
                self.set_up(medium, Route::Interleaved(rtp, rtcp), cseq, &transport);
                Ok(Step::Done)
            }
        }
    }

    fn set_up(&mut self, medium: usize, route: Route, cseq: &str, transport: &str) {
        if let State::Announced(announced) = &mut self.state {
            announced.routes[medium] = Some(route);
        }
        self.named = true;
        let headers = format!("{}Transport: {transport}\r\n", self.session_header());
        answer::write(&mut self.output, 200, "OK", Some(cseq), &headers);
    }

    fn record(&mut self, cseq: &str) -> Result<Step<'static>, Answer> {
        let State::Announced(announced) = &self.state else {
            return Err(refused(455, "Method Not Valid in This State"));
        };
        // Media that were announced but not set up will never come, and what comes of those that are left out is passed
        // over: nobody is told of them.
        let media = announced.description.iter().zip(&announced.routes).enumerate();
        let tracks: Vec<Track> = media
            .filter_map(|(medium, (described, route))| {
                Some(Track { medium, media: described.taken()?.clone(), route: (*route)? })
            })
            .collect();
        if !tracks.iter().any(|track| sdp::is_video(&track.media)) {
            return Err(refused(455, "The video has not been set up"));
        }
        let routes = tracks.iter().map(|track| track.route).collect();
        self.wait(cseq, Decision::Record(routes), Event::Record(tracks))
    }

    fn teardown(&mut self, cseq: &str) -> Result<Step<'static>, Answer> {
        if !self.named {
            return Err(refused(455, "Method Not Valid in This State"));
        }
        self.ok(cseq, "")?;
        let before = std::mem::replace(&mut self.state, State::Init);
        self.named = false;
        Ok(if matches!(before, State::Recording(_)) { Step::Event(Event::Teardown) } else { Step::Done })
    }
}

fn refused(status: u16, reason: &str) -> Answer {
    (status, reason.to_owned(), String::new())
}

fn printable(text: &str) -> String {
    text.chars().filter(|letter| *letter == ' ' || letter.is_ascii_graphic()).take(120).collect()
}
