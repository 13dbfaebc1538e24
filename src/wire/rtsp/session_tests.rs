//! The session's rules, one request at a time: states, refusals, transports, names, limits.

use super::session::{Event, Kind, Route, Session, Step};
use crate::ground::limits::RTSP_AUTH_TRIES;
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::time::Moment;

const NOW: Moment = Moment(1_000_000);
const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
    a=control:streamid=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\na=fmtp:97 config=1190\r\n\
    a=control:streamid=1\r\n";

fn text(method: &str, uri: &str, headers: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{method} {uri} RTSP/1.0\r\nCSeq: 7\r\n{headers}{length}\r\n{body}")
}

/// A client's view of a session: requests in, the answer's status and text out.
struct Client {
    session: Session,
    event: Option<Event>,
}

impl Client {
    fn new() -> Self {
        Self { session: Session::new([3; 16]), event: None }
    }

    fn send(&mut self, request: &str) -> Option<Event> {
        let (used, step) = self.session.take(request.as_bytes(), NOW);
        assert_eq!(used, request.len());
        match step {
            Step::Event(event) => Some(event),
            Step::Done | Step::Close => None,
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self) -> (u16, String) {
        let text = String::from_utf8(std::mem::take(self.session.output())).unwrap();
        let status = text.strip_prefix("RTSP/1.0 ").and_then(|rest| rest.get(..3)).unwrap_or_default();
        (status.parse().unwrap_or_else(|_| panic!("no answer: {text:?}")), text)
    }

    /// Sends a request that is decided without others; gives the status.
    fn ask(&mut self, method: &str, uri: &str, headers: &str, body: &str) -> u16 {
        self.event = self.send(&text(method, uri, headers, body));
        match &self.event {
            Some(Event::Announce { .. } | Event::Record(_)) => self.session.accept(),
            Some(Event::Bind { .. }) => self.session.bound((6000, 6001)),
            Some(Event::Teardown) | None => {}
        }
        self.answer().0
    }

    fn announced() -> Self {
        Self::new().announces()
    }

    fn announces(self) -> Self {
        let mut client = self;
        assert_eq!(client.ask("ANNOUNCE", "rtsp://h/live/T", "Content-Type: application/sdp\r\n", SDP), 200);
        client
    }

    fn setup(&mut self, uri: &str, transport: &str) -> (u16, String) {
        match self.send(&text("SETUP", uri, &format!("Transport: {transport}\r\n"), "")) {
            Some(Event::Bind { .. }) => self.session.bound((6000, 6001)),
            other => assert_eq!(other, None),
        }
        self.answer()
    }

    fn ready() -> Self {
        let mut client = Self::announced();
        assert_eq!(client.setup("rtsp://h/live/T/streamid=0", "RTP/AVP/TCP;interleaved=0-1").0, 200);
        client
    }

    fn recording() -> Self {
        let mut client = Self::ready();
        assert_eq!(client.ask("RECORD", "rtsp://h/live/T", "Session: 5a\r\n", ""), 454);
        assert_eq!(client.ask("RECORD", "rtsp://h/live/T", "", ""), 200);
        client
    }
}

#[test]
fn every_request_has_its_answer_in_every_state() {
    let tcp = "Transport: RTP/AVP/TCP;interleaved=0-1\r\n";
    let medium = "rtsp://h/live/T/streamid=0";
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, &str, [u16; 4])] = &[
        // method, URI, headers, body, and the answers when nothing is announced, announced, set up, recording
        ("OPTIONS", "*", "", "", [200, 200, 200, 200]),
        ("ANNOUNCE", "rtsp://h/live/T", "", SDP, [200, 200, 455, 455]),
        ("ANNOUNCE", "rtsp://h/live/T", "", "v=1", [400, 400, 455, 455]),
        ("ANNOUNCE", "rtsp://h/live/T", "", "", [400, 400, 455, 455]),
        ("ANNOUNCE", "rtsp://h/live/T", "Content-Type: text/plain\r\n", SDP, [415, 415, 455, 455]),
        ("SETUP", medium, tcp, "", [455, 200, 200, 455]),
        ("SETUP", medium, "", "", [455, 461, 461, 455]),
        ("SETUP", "rtsp://h/live/T/streamid=9", tcp, "", [455, 404, 404, 455]),
        ("RECORD", "rtsp://h/live/T", "", "", [455, 455, 200, 455]),
        ("GET_PARAMETER", "rtsp://h/live/T", "", "", [200, 200, 200, 200]),
        ("SET_PARAMETER", "rtsp://h/live/T", "", "\r\n", [200, 200, 200, 200]),
        ("GET_PARAMETER", "rtsp://h/live/T", "", "jitter\r\n", [451, 451, 451, 451]),
        ("SET_PARAMETER", "rtsp://h/live/T", "", "a: b\r\n", [451, 451, 451, 451]),
        ("PAUSE", "rtsp://h/live/T", "", "", [455, 455, 455, 501]),
        ("DESCRIBE", "rtsp://h/live/T", "", "", [405, 405, 405, 405]),
        ("PLAY", "rtsp://h/live/T", "", "", [405, 405, 405, 405]),
        ("REDIRECT", "rtsp://h/live/T", "", "", [501, 501, 501, 501]),
        ("FETCH", "rtsp://h/live/T", "", "", [501, 501, 501, 501]),
        ("OPTIONS", "*", "Require: funky\r\n", "", [551, 551, 551, 551]),
        ("GET_PARAMETER", "*", "Session: nobody\r\n", "", [454, 454, 454, 454]),
        ("TEARDOWN", "rtsp://h/live/T", "", "", [455, 455, 200, 200]),
    ];
    for (method, uri, headers, body, statuses) in table {
        let starts = [Client::new, Client::announced, Client::ready, Client::recording];
        for (state, (start, status)) in starts.iter().zip(statuses).enumerate() {
            let mut client = start();
            assert_eq!(client.ask(method, uri, headers, body), *status, "{method} in state {state}");
            assert_eq!(client.ask("OPTIONS", "*", "", ""), 200, "the connection stays usable");
        }
    }
}

#[test]
fn teardown_ends_a_recording_and_the_connection_can_begin_again() {
    let mut client = Client::recording();
    assert_eq!(client.ask("TEARDOWN", "rtsp://h/live/T", "", ""), 200);
    assert_eq!(client.event, Some(Event::Teardown));
    assert_eq!(client.ask("ANNOUNCE", "rtsp://h/live/T", "", SDP), 200);
    let mut ready = Client::ready();
    assert_eq!(ready.ask("TEARDOWN", "rtsp://h/live/T", "", ""), 200);
    assert_eq!(ready.event, None, "nothing was being recorded");
}

#[test]
fn sequence_numbers_and_session_names_come_back() {
    let mut client = Client::announced();
    let (status, answer) =
        client.setup("rtsp://h/live/T/streamid=0", "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record");
    assert_eq!(status, 200);
    assert!(answer.contains("\r\nCSeq: 7\r\n"));
    assert!(answer.contains("\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n"), "{answer}");
    let session = answer.lines().find_map(|line| line.strip_prefix("Session: ")).unwrap().to_owned();
    let id = session.strip_suffix(";timeout=60").unwrap();
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    for name in [id.to_owned(), session.clone(), format!("{id}; timeout=60")] {
        assert_eq!(client.ask("GET_PARAMETER", "*", &format!("Session: {name}\r\n"), ""), 200, "{name}");
    }
    client.send("OPTIONS * RTSP/1.0\r\n\r\n");
    assert_eq!(client.answer().0, 400, "no sequence number");
    assert_eq!(client.ask("OPTIONS", "*", "", ""), 200);
}

#[test]
fn what_is_announced_is_told_without_query_and_slashes() {
    let mut client = Client::new();
    let event = client.send(&text("ANNOUNCE", "rtsp://ana:pa%3Ass@h:8554/live/T/?x=1", "", SDP));
    let Some(Event::Announce { path, credentials: Some(credentials), .. }) = event else { panic!("{event:?}") };
    assert_eq!(path, "live/T");
    assert!(credentials.user() == "ana" && credentials.prove("pa:ss"));
}

#[test]
fn nothing_is_taken_while_others_decide() {
    let mut client = Client::new();
    let both = text("ANNOUNCE", "rtsp://h/live/T", "", SDP) + &text("OPTIONS", "*", "", "");
    let (used, Step::Event(_)) = client.session.take(both.as_bytes(), NOW) else { panic!() };
    assert!(matches!(client.session.take(&both.as_bytes()[used..], NOW), (0, Step::Waiting)));
    assert!(client.session.output().is_empty());
    client.session.refuse(&PublishRefusal::NotFound, NOW);
    assert!(matches!(client.session.take(&both.as_bytes()[used..], NOW), (_, Step::Done)));
    let (_, answers) = client.answer();
    assert!(answers.starts_with("RTSP/1.0 404 ") && answers.contains("RTSP/1.0 200 OK"), "{answers}");
}

#[test]
fn refusals_are_told_and_leave_the_connection_usable() {
    for (refusal, status) in [
        (PublishRefusal::NotFound, 404),
        (PublishRefusal::AlreadyPublishing, 403),
        (PublishRefusal::Over, 403),
        (PublishRefusal::NotAllowed("Not now".into()), 403),
        (PublishRefusal::Full("Full".into()), 503),
        (PublishRefusal::DiskFull, 503),
        (PublishRefusal::Failed, 500),
        (PublishRefusal::Unsupported("No".into()), 415),
    ] {
        let mut client = Client::new();
        client.send(&text("ANNOUNCE", "rtsp://h/live/T", "", SDP));
        client.session.refuse(&refusal, NOW);
        assert_eq!(client.answer().0, status);
        assert_eq!(client.ask("ANNOUNCE", "rtsp://h/live/T", "", SDP), 200, "after {refusal:?}");
    }
    let mut client = Client::ready();
    client.send(&text("RECORD", "rtsp://h/live/T", "", ""));
    client.session.refuse(&PublishRefusal::AlreadyPublishing, NOW);
    assert_eq!(client.answer().0, 403);
    assert_eq!(client.ask("RECORD", "rtsp://h/live/T", "", ""), 200);
}

#[test]
fn other_codecs_are_refused_by_name() {
    for (from, to, says) in [
        ("H264/90000", "VP8/90000", "415 Codec VP8 is not supported"),
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n", "", "415 There is no video"),
    ] {
        let mut client = Client::new();
        assert!(client.send(&text("ANNOUNCE", "rtsp://h/live/T", "", &SDP.replace(from, to))).is_none());
        let (status, answer) = client.answer();
        assert_eq!(status, 415);
        assert!(answer.contains(says), "{answer}");
        assert_eq!(client.ask("ANNOUNCE", "rtsp://h/live/T", "", SDP), 200);
    }
}

#[test]
fn media_that_are_left_out_may_be_set_up_and_are_passed_over() {
    let sdp = SDP.replace("MPEG4-GENERIC/48000/2", "speex/16000")
        + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:streamid=2\r\n";
    let mut client = Client::new();
    let event = client.send(&text("ANNOUNCE", "rtsp://h/live/T", "", &sdp));
    let Some(Event::Announce { left_out, .. }) = event else { panic!("{event:?}") };
    assert_eq!(left_out, ["speex", "vnd.onvif.metadata"]);
    client.session.accept();
    assert_eq!(client.answer().0, 200);
    for (medium, wanted, given) in [(0, "0-1", "0-1"), (1, "2-3", "2-3"), (2, "0-1", "4-5")] {
        let (status, answer) =
            client.setup(&format!("rtsp://h/live/T/streamid={medium}"), &format!("RTP/AVP/TCP;interleaved={wanted}"));
        assert_eq!(status, 200);
        assert!(answer.contains(&format!("interleaved={given};")), "{answer}");
    }
    let event = client.send(&text("RECORD", "rtsp://h/live/T", "", ""));
    let Some(Event::Record(tracks)) = event else { panic!("{event:?}") };
    assert_eq!(tracks.iter().map(|track| track.medium).collect::<Vec<_>>(), [0]);
    client.session.accept();
    assert_eq!(client.answer().0, 200);
    for (channel, taken) in [(2, false), (4, false), (0, true)] {
        let packet = [b'$', channel, 0, 2, 9, 9];
        let (used, step) = client.session.take(&packet, NOW);
        assert_eq!((used, matches!(step, Step::Packet { track: 0, .. })), (packet.len(), taken));
    }
}

#[test]
fn pictures_go_on_without_sound_that_has_no_config() {
    let mut client = Client::new();
    let event = client.send(&text("ANNOUNCE", "rtsp://h/live/T", "", &SDP.replace("config=1190", "mode=AAC-hbr")));
    let Some(Event::Announce { left_out, .. }) = event else { panic!("{event:?}") };
    assert!(
        left_out[0].ends_with("set config= in the SDP's a=fmtp to its AudioSpecificConfig, in hex"),
        "{left_out:?}"
    );
    client.session.accept();
    assert_eq!(client.answer().0, 200);
    for (medium, expected) in [(0, false), (1, true)] {
        let request = text("SETUP", &format!("streamid={medium}"), "Transport: RTP/AVP;client_port=5000-5001\r\n", "");
        let event = client.send(&request);
        assert_eq!(event, Some(Event::Bind { medium, ports: (5000, 5001), is_left_out: expected }));
        client.session.bound((6000, 6001));
        assert_eq!(client.answer().0, 200);
    }
    let event = client.send(&text("RECORD", "rtsp://h/live/T", "", ""));
    let Some(Event::Record(tracks)) = event else { panic!("{event:?}") };
    assert_eq!(tracks.iter().map(|track| track.medium).collect::<Vec<_>>(), [0]);
}

#[test]
fn udp_has_ports_on_both_sides() {
    let mut client = Client::announced();
    let (status, answer) = client.setup("streamid=0", "RTP/AVP;unicast;client_port=5000-5001;mode=\"RECORD\"");
    assert_eq!(status, 200);
    assert!(answer.contains("Transport: RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;mode=record\r\n"));
    assert_eq!(client.setup("streamid=1", "RTP/AVP/TCP;interleaved=0-1").0, 461, "all tracks travel alike");
    assert_eq!(client.setup("streamid=0", "RTP/AVP/TCP;interleaved=0-1").0, 200, "a track may be set up anew");
    client.send(&text("SETUP", "streamid=0", "Transport: RTP/AVP;client_port=5000-5001\r\n", ""));
    client.session.refuse(&PublishRefusal::NoPorts, NOW);
    assert_eq!(client.answer().0, 461);
}

#[test]
fn channels_are_given_where_none_or_taken_ones_are_asked_for() {
    let mut client = Client::announced();
    let (_, answer) = client.setup("streamid=1", "RTP/AVP/TCP;unicast");
    assert!(answer.contains("interleaved=0-1"), "{answer}");
    let (_, answer) = client.setup("streamid=0", "RTP/AVP/TCP;unicast;interleaved=1-2");
    assert!(answer.contains("interleaved=2-3"), "{answer}");
    let Some(Event::Record(tracks)) = client.send(&text("RECORD", "rtsp://h/live/T", "", "")) else { panic!() };
    let routes: Vec<_> = tracks.iter().map(|track| (track.medium, track.route)).collect();
    assert_eq!(routes, [(0, Route::Interleaved(2, 3)), (1, Route::Interleaved(0, 1))]);
}

#[test]
fn media_that_are_not_set_up_are_not_recorded() {
    let mut client = Client::announced();
    assert_eq!(client.setup("streamid=1", "RTP/AVP/TCP;interleaved=0-1").0, 200);
    assert_eq!(client.ask("RECORD", "rtsp://h/live/T", "", ""), 455, "no video");
    let mut client = Client::ready();
    let Some(Event::Record(tracks)) = client.send(&text("RECORD", "rtsp://h/live/T", "", "")) else { panic!() };
    assert_eq!(tracks.len(), 1);
}

#[test]
fn packets_are_told_from_requests_only_while_recording() {
    let packets = b"$\x00\x00\x02ab$\x01\x00\x01c$\x09\x00\x01d";
    let mut client = Client::ready();
    assert!(matches!(client.session.take(packets, NOW), (6, Step::Done)));
    let mut client = Client::recording();
    assert!(matches!(
        client.session.take(packets, NOW),
        (6, Step::Packet { track: 0, kind: Kind::Rtp, packet: b"ab" })
    ));
    let rtcp = client.session.take(&packets[6..], NOW);
    assert!(matches!(rtcp, (5, Step::Packet { track: 0, kind: Kind::Rtcp, packet: b"c" })));
    assert!(matches!(client.session.take(&packets[11..], NOW), (5, Step::Done)));
    client.session.send_rtcp(0, b"rr");
    client.session.send_rtcp(1, b"rr");
    assert_eq!(client.session.output(), b"$\x01\x00\x02rr");
}

#[test]
fn lengths_of_a_gigabyte_cost_nothing() {
    let mut client = Client::recording();
    // Interleaved lengths end at 65535; sixteen thousand such packets pass as they come, none is kept.
    let mut packet = vec![0; 4 + 65_535];
    packet[..4].copy_from_slice(b"$\x00\xff\xff");
    for _ in 0..16_384 {
        let (used, step) = client.session.take(&packet, NOW);
        assert!(used == packet.len() && matches!(step, Step::Packet { packet, .. } if packet.len() == 65_535));
    }
    client.send("ANNOUNCE rtsp://h/live/T RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 1073741824\r\n\r\n");
    assert_eq!(client.answer().0, 413);
    assert!(matches!(client.session.take(b"OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n", NOW), (_, Step::Close)));
}

#[test]
fn guessing_passwords_ends_the_connection() {
    let mut client = Client::new();
    for attempt in 0..=RTSP_AUTH_TRIES {
        let header = if attempt % 2 == 0 { "Authorization: Basic YTpi\r\n" } else { "Authorization: Digest x=1\r\n" };
        if client.send(&text("ANNOUNCE", "rtsp://h/live/T", header, SDP)).is_some() {
            client.session.refuse(&PublishRefusal::Authenticate, NOW);
        }
        let (status, answer) = client.answer();
        assert_eq!(status, 401);
        let offered: Vec<_> = answer.lines().filter(|line| line.starts_with("WWW-Authenticate: ")).collect();
        assert!(offered.len() == 3 && offered[0].contains("SHA-256") && offered[1].contains("MD5"), "{answer}");
    }
    assert!(matches!(client.session.take(b"", NOW), (0, Step::Close)));
}

#[test]
fn a_digest_made_for_another_nonce_is_asked_again() {
    let mut client = Client::new();
    let header = "Authorization: Digest username=\"a\", realm=\"Lareira\", nonce=\"old\", uri=\"rtsp://h/live/T\", response=\"0\"\r\n";
    assert_eq!(client.send(&text("ANNOUNCE", "rtsp://h/live/T", header, SDP)), None);
    let (status, answer) = client.answer();
    assert!(status == 401 && answer.contains("stale=true"), "{answer}");
    let nonce = answer.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let event = client.send(&text("ANNOUNCE", "rtsp://h/live/T", &header.replace("old", nonce), SDP));
    let Some(Event::Announce { credentials: Some(credentials), .. }) = event else { panic!("{event:?}") };
    assert!(credentials.user() == "a" && !credentials.prove("x"));
}

#[test]
fn where_media_stay_inside_udp_is_refused_and_tcp_is_taken() {
    let mut client = Client::new();
    client.session.keep_inside();
    let mut client = client.announces();
    let udp = "Transport: RTP/AVP;unicast;client_port=5000-5001;mode=record\r\n";
    assert_eq!(client.ask("SETUP", "rtsp://h/live/T/streamid=0", udp, ""), 461);
    assert_eq!(client.event, None, "no ports are asked for");
    let either = "Transport: RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n";
    assert_eq!(client.ask("SETUP", "rtsp://h/live/T/streamid=0", either, ""), 200);
    let tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=2-3;mode=record\r\n";
    assert_eq!(client.ask("SETUP", "rtsp://h/live/T/streamid=1", tcp, ""), 200);
    assert_eq!(client.ask("RECORD", "rtsp://h/live/T", "", ""), 200);
}
