//! Publishing over TLS: ffmpeg's whole way, and what a client is told that trusts the gateway's authority alone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use futures_rustls::pki_types::pem::PemObject as _;
use futures_rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use lareira::wire::rtsp::{Route, client as rtsp};

use crate::clip::{Clip, SMALL};
use crate::film;
use crate::gateway::{Gateway, Household, PATIENCE, Play};
use crate::program;
use crate::publisher::{self, Transport};

/// Published over TLS, rung, recorded: every picture, sound in step. This ffmpeg asks no one whose certificate it is.
#[test]
fn ffmpeg_publishes_over_tls() {
    let clip = Clip { seconds: 4, ..SMALL };
    clip.file();
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    assert!(share.rtsps_url.starts_with(&format!("rtsps://127.0.0.1:{}/live/", gateway.rtsps_port)), "{share:?}");
    let mut rings = tv.events();
    let publishing = program::start(publisher::ffmpeg(&clip, Transport::Tcp, &share.rtsps_url));
    rings.wait_for("ring", |event| event["share_id"] == share.id.as_str());
    publishing.wait(PATIENCE).ok();
    phone.wait_until(&share, "ended");
    let recorded = film::decode(&Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
    assert_eq!(recorded.complaints, Vec::<String>::new());
    recorded.shows_every_picture(0..clip.pictures() as u32);
    recorded.is_in_step();
    drop(tv);
}

/// A client's connection that believes `authority` and nobody else.
struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    fn connect(port: u16, authority: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).expect("a certificate")).expect("a good one");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("known versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("lareira.local").expect("a name");
        let tls = ClientConnection::new(Arc::new(config), name).expect("a client");
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the gateway listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self(StreamOwned::new(tls, stream))
    }

    /// Sends a request in pieces; gives the answer's bytes.
    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        for piece in request.chunks(50) {
            self.0.write_all(piece).and_then(|()| self.0.flush()).expect("the gateway reads");
        }
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("the gateway answers");
            answer.push(byte[0]);
        }
        answer
    }

    /// Asks what `rtsp` has to say; gives the answer's status and its reason.
    fn say(&mut self, rtsp: &mut rtsp::Client) -> (u16, String) {
        let answer = self.ask(&std::mem::take(rtsp.output()));
        match rtsp.take(&answer) {
            Ok((_, rtsp::Step::Answer(answer))) => (answer.status, answer.reason),
            other => panic!("no answer: {other:?}"),
        }
    }
}

#[test]
fn media_over_tls_stay_inside_and_the_end_is_said() {
    let mut gateway = Gateway::start();
    let Household { user, mut phone, .. } = gateway.household();
    let share = phone.share_with(&user);
    let mut client = Client::connect(gateway.rtsps_port, &gateway.authority());
    let sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
               a=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n";
    let mut rtsp = rtsp::Client::new(&share.rtsps_url, "a phone of tests", [7; 16]);
    rtsp.announce(sdp);
    assert_eq!(client.say(&mut rtsp), (200, "OK".to_owned()));
    rtsp.set_up("streamid=0", Route::Udp(5000, 5001));
    assert_eq!(client.say(&mut rtsp), (461, "Unsupported Transport".to_owned()));
    rtsp.set_up("streamid=0", Route::Interleaved(0, 1));
    assert_eq!(client.say(&mut rtsp), (200, "OK".to_owned()));

    let mut wrong = Client::connect(gateway.rtsps_port, &gateway.authority());
    assert!(wrong.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with(b"RTSP/1.0 400 Bad Request\r\n"));
    assert_eq!(wrong.0.read(&mut [0]).expect("a farewell, not a cut"), 0);
    gateway.stop();
}
