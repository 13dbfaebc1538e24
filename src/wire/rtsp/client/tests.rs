//! The client by itself, and against this crate's own server.

use proptest::prelude::*;

use super::super::{Event, Session};
use super::*;
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::time::Moment;

const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n";

fn client() -> Client {
    Client::new("rtsp://h/live/T", "test", [7; 16])
}

fn sent(client: &mut Client) -> String {
    String::from_utf8(std::mem::take(client.output())).unwrap()
}

/// The one answer in `bytes`.
fn answer(client: &mut Client, bytes: &str) -> Answer {
    match client.take(bytes.as_bytes()) {
        Ok((used, Step::Answer(answer))) if used == bytes.len() => answer,
        other => panic!("no answer: {other:?}"),
    }
}

#[test]
fn addresses_are_read() {
    let read = |uri| Address::parse(uri).map(|address| (address.host, address.port));
    assert_eq!(read("rtsp://127.0.0.1:8554/live/abc"), Some(("127.0.0.1".to_owned(), 8554)));
    assert_eq!(read("rtsp://box.local/live/abc"), Some(("box.local".to_owned(), 554)));
    assert_eq!(read("rtsp://[::1]:8554/live"), Some(("::1".to_owned(), 8554)));
    assert_eq!(read("rtsp://[::1]/live"), Some(("::1".to_owned(), 554)));
    assert_eq!(read("rtsp://ana:p%40s@[::1]:99/live"), Some(("::1".to_owned(), 99)));
    for bad in
        ["http://x/", "rtsp://", "rtsp:///live", "rtsp://x:99999/", "rtsp://x/a b", "rtsp://x/\r\n", "rtsp://a@/"]
    {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn requests_are_counted_and_name_their_session() {
    let mut client = client();
    client.options();
    assert_eq!(sent(&mut client), "OPTIONS rtsp://h/live/T RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: test\r\n\r\n");
    client.announce("v=0");
    assert!(sent(&mut client).ends_with("Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0"));
    client.set_up("streamid=1", Route::Interleaved(2, 3));
    let asked = sent(&mut client);
    assert!(asked.starts_with("SETUP rtsp://h/live/T/streamid=1 RTSP/1.0\r\nCSeq: 3\r\n"), "{asked}");
    assert!(asked.contains("Transport: RTP/AVP/TCP;unicast;interleaved=2-3;mode=record\r\n"), "{asked}");
    answer(&mut client, "RTSP/1.0 200 OK\r\nCSeq: 3\r\nsession: 77 ; timeout=30\r\n\r\n");
    assert_eq!((client.session(), client.keep_alive_interval()), (Some("77"), Duration::from_secs(15)));
    client.tear_down();
    assert!(sent(&mut client).contains("CSeq: 4\r\nUser-Agent: test\r\nSession: 77\r\n"));
    answer(&mut client, "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n");
    assert_eq!(client.session(), None);
}

#[test]
fn answers_are_read_at_every_split() {
    let bytes =
        b"$\x01\x00\x02xyRTSP/1.0 200 All is well\r\nCSeq: 1\r\nsession: 77;timeout=30\r\nContent-Length: 2\r\n\r\nab$";
    for cut in 0..bytes.len() {
        let (mut client, mut packets, mut answers) = (client(), 0, Vec::new());
        client.options();
        let mut start = 0;
        for end in [cut, bytes.len()] {
            loop {
                let (used, step) = client.take(&bytes[start..end]).expect("good so far");
                start += used;
                match step {
                    Step::More => break,
                    Step::Done => {}
                    Step::Packet { channel, packet } => {
                        assert_eq!((channel, packet), (1, &b"xy"[..]));
                        packets += 1;
                    }
                    Step::Answer(answer) => answers.push(answer),
                }
            }
        }
        assert_eq!((packets, answers.len(), start), (1, 1, bytes.len() - 1), "cut at {cut}");
        assert_eq!((answers[0].status, answers[0].reason.as_str()), (200, "All is well"));
        assert_eq!(answers[0].parameter("Session", "timeout"), Some("30"));
        assert_eq!(answers[0].header("CSEQ"), Some("1"));
    }
}

#[test]
fn what_is_not_rtsp_is_an_error() {
    let endless = "x".repeat(70_000);
    for bad in ["HTTP/1.1 200 OK\r\n\r\n", "\r\n$", "RTSP/1.0 many\r\n\r\n", "RTSP/1.0\r\n\r\n", "\x16\x03", &endless] {
        let took = client().take(bad.as_bytes()).map(|(used, step)| (used, matches!(step, Step::More)));
        assert!(took.is_err() || bad == "\r\n$" && took == Ok((2, true)), "{bad:.20}: {took:?}");
    }
}

#[test]
fn only_the_last_request_is_waited_for() {
    let mut client = client();
    assert!(matches!(client.take(b"RTSP/1.0 200 OK\r\nCSeq: 0\r\n\r\n"), Ok((_, Step::Done))), "nothing was asked");
    client.keep_alive();
    client.tear_down();
    assert!(matches!(client.take(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), Ok((_, Step::Done))));
    assert!(matches!(client.take(b"OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n"), Ok((_, Step::Done))));
    assert_eq!(answer(&mut client, "RTSP/1.0 454 Session Not Found\r\nCSeq: 2\r\n\r\n").status, 454);
    client.options();
    assert_eq!(answer(&mut client, "RTSP/1.0 400 No CSeq\r\n\r\n").status, 400);
}

/// Lets `client` ask the crate's own server, whose password for `ana` is `secret` where it has one, until it answers.
fn ask(client: &mut Client, server: &mut Session, password: Option<&str>, request: impl Fn(&mut Client)) -> Answer {
    use super::super::Step as Served;
    let now = Moment(0);
    request(client);
    for _ in 0..4 {
        let asked = std::mem::take(client.output());
        if let (used, Served::Event(event)) = server.take(&asked, now) {
            assert_eq!(used, asked.len());
            match event {
                Event::Announce { credentials, path, .. } => match password {
                    Some(password) if !credentials.as_ref().is_some_and(|given| given.prove(password)) => {
                        server.refuse(&PublishRefusal::Authenticate, now);
                    }
                    _ => {
                        assert_eq!(path, "live/T");
                        server.accept();
                    }
                },
                Event::Record(tracks) => {
                    assert_eq!(tracks.len(), 1);
                    server.accept();
                }
                Event::Bind { ports, .. } => server.bound((ports.0 + 10, ports.1 + 10)),
                Event::Teardown => {}
            }
        }
        let answered = std::mem::take(server.output());
        if let Ok((used, Step::Answer(answer))) = client.take(&answered) {
            assert_eq!(used, answered.len());
            return answer;
        }
    }
    panic!("no answer");
}

#[test]
fn the_own_server_lets_it_publish() {
    for route in [Route::Interleaved(0, 1), Route::Udp(5000, 5001)] {
        let (mut client, mut server) = (client(), Session::new([1; 16]));
        let mut ask = |request: &dyn Fn(&mut Client)| ask(&mut client, &mut server, None, request);
        let granted = ask(&|client| client.options());
        assert!(granted.header("Public").is_some_and(|methods| methods.contains("ANNOUNCE")));
        assert_eq!(ask(&|client| client.announce(SDP)).status, 200);
        let granted = ask(&|client| client.set_up("streamid=0", route));
        match route {
            Route::Interleaved(..) => assert_eq!(granted.parameter("Transport", "interleaved"), Some("0-1")),
            Route::Udp(..) => assert_eq!(granted.parameter("Transport", "server_port"), Some("5010-5011")),
        }
        assert_eq!(ask(&|client| client.record()).status, 200);
        assert_eq!(ask(&|client| client.keep_alive()).status, 200);
        assert_eq!(ask(&|client| client.tear_down()).status, 200);
    }
}

#[test]
fn it_proves_who_it_is_where_it_is_asked() {
    let announce = |uri: &str| {
        let (mut client, mut server) = (Client::new(uri, "test", [7; 16]), Session::new([1; 16]));
        let answer = ask(&mut client, &mut server, Some("secret"), |client| client.announce(SDP));
        assert!(!client.output.windows(6).any(|bytes| bytes == b"secret"));
        (answer.status, client.asked)
    };
    assert_eq!(announce("rtsp://ana:secret@h/live/T"), (200, 2), "asked, and then shown");
    assert_eq!(announce("rtsp://ana:s%65cret@h/live/T"), (200, 2));
    assert_eq!(announce("rtsp://ana:wrong@h/live/T"), (401, 2), "a wrong password is not tried again");
    assert_eq!(announce("rtsp://h/live/T"), (401, 1));
}

#[test]
fn the_address_that_is_asked_for_has_no_password() {
    for uri in ["rtsp://ana:p@ss@h:99/live/@T", "rtsp://h:99/live/@T"] {
        let mut client = Client::new(uri, "test", [7; 16]);
        client.options();
        assert!(sent(&mut client).starts_with("OPTIONS rtsp://h:99/live/@T RTSP/1.0\r\n"), "{uri}");
    }
}

#[test]
fn a_nonce_that_is_too_old_costs_one_more_request() {
    let mut client = Client::new("rtsp://ana:pass@h/live/T", "test", [7; 16]);
    client.options();
    let stale = |number: u8, stale: &str| {
        format!(
            "RTSP/1.0 401 Unauthorized\r\nCSeq: {number}\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"n{number}\"{stale}\r\n\r\n"
        )
    };
    for number in 1..=2 {
        let refused = stale(number, ", stale=true");
        assert!(matches!(client.take(refused.as_bytes()), Ok((_, Step::Done))), "asked again");
    }
    assert_eq!(answer(&mut client, &stale(3, ", stale=true")).status, 401, "and not for ever");
    assert!(sent(&mut client).ends_with("algorithm=MD5\r\n\r\n"));
    client.options();
    assert!(sent(&mut client).contains("nonce=\"n3\""), "the newest is kept for what comes next");
}

proptest! {
    #[test]
    fn any_server_is_borne_with(bytes: Vec<u8>, text in "RTSP/1.0 [0-9]{1,4} \\PC{0,20}\r\n(WWW-Authenticate: Digest \\PC{0,40}\r\n)?\r\n") {
        for bytes in [&bytes[..], text.as_bytes()] {
            let mut client = Client::new("rtsp://ana:pass@h/live/T", "test", [7; 16]);
            client.options();
            if let Ok((used, _)) = client.take(bytes) {
                prop_assert!(used <= bytes.len());
            }
        }
    }
}
