//! Proving who publishes: Digest (RFC 7616 with MD5 and SHA-256, RFC 2617 and RFC 2069 for older clients) and Basic
//! (RFC 7617), in the headers of RFC 2326, sections 12.5 and 12.44.
//!
//! Passwords are not kept here: whoever knows them asks [`Credentials::prove`].

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::uri::Uri;
use crate::ground::crypto;
use crate::ground::time::Moment;

/// What the password is asked for, as clients show it.
const REALM: &str = "Lareira";
/// How long a nonce is taken; a client that comes later is given a new one without asking its user.
const NONCE_TIME: Duration = Duration::from_secs(300);

/// What a publisher gave to prove who it is. Shows no bytes of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    proof: Proof,
}

#[derive(Clone, PartialEq, Eq)]
enum Proof {
    Password(String),
    Digest(Box<Digest>),
}

/// The parts of a Digest answer that the proof is made of (RFC 7616, section 3.4.1).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Digest {
    pub algorithm: Algorithm,
    pub method: String,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    /// `nc` and `cnonce`, where the client took `qop=auth`.
    pub counted: Option<(String, String)>,
    pub response: String,
}

/// What Digest hashes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// The algorithm of this name; without one it is MD5 (RFC 7616, section 3.3).
    pub fn of(name: Option<&str>) -> Option<Self> {
        match name.map(str::to_ascii_uppercase).as_deref() {
            None | Some("MD5") => Some(Self::Md5),
            Some("SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&crypto::md5(text.as_bytes())),
            Self::Sha256 => hex(&crypto::sha256(text.as_bytes())),
        }
    }
}

impl Credentials {
    pub(super) fn password(user: String, password: String) -> Self {
        Self { user, proof: Proof::Password(password) }
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether this proves that the publisher knows `password`. Compared in constant time.
    pub fn prove(&self, password: &str) -> bool {
        match &self.proof {
            Proof::Password(given) => crypto::same(given.as_bytes(), password.as_bytes()),
            Proof::Digest(digest) => {
                let expected = digest.expected(&self.user, password);
                crypto::same(digest.response.to_ascii_lowercase().as_bytes(), expected.as_bytes())
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Digest {
    /// The response that `user` makes with `password`.
    pub fn expected(&self, user: &str, password: &str) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let who = hash(format!("{user}:{}:{password}", self.realm));
        let what = hash(format!("{}:{}", self.method, self.uri));
        match &self.counted {
            Some((nc, cnonce)) => hash(format!("{who}:{}:{nc}:{cnonce}:auth:{what}", self.nonce)),
            None => hash(format!("{who}:{}:{what}", self.nonce)),
        }
    }
}

/// What an Authorization header is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Fresh, to be proved.
    Credentials(Credentials),
    /// Made for a nonce that is over, or was never given to this connection.
    Stale,
    /// Not to be read, or for another request.
    Invalid,
}

/// Asks one connection's client for credentials. A nonce holds for its connection alone, so nobody else can use an
/// answer again, and requests need not be counted (`nc`).
#[derive(Debug)]
pub(super) struct Challenger {
    seed: [u8; 16],
    given: u64,
    nonce: Option<(String, Moment)>,
}

impl Challenger {
    pub fn new(seed: [u8; 16]) -> Self {
        Self { seed, given: 0, nonce: None }
    }

    /// The WWW-Authenticate headers of a 401.
    ///
    /// Best first, as RFC 7616, section 3.7, has it. FFmpeg and GStreamer take the last Digest they are offered and
    /// know no SHA-256, so MD5 is last; and as GStreamer knows no `qop`, MD5 comes without.
    pub fn challenges(&mut self, stale: bool, now: Moment) -> String {
        if self.nonce.as_ref().is_none_or(|(_, since)| now.since(*since) >= NONCE_TIME / 2) {
            self.given += 1;
            let seed = [&self.seed[..], b"nonce", &self.given.to_be_bytes()].concat();
            self.nonce = Some((hex(&crypto::sha256(&seed)[..16]), now));
        }
        let nonce = self.nonce.as_ref().map_or("", |(nonce, _)| nonce);
        let stale = if stale { ", stale=true" } else { "" };
        format!(
            "WWW-Authenticate: Digest realm=\"{REALM}\", qop=\"auth\", algorithm=SHA-256, nonce=\"{nonce}\"{stale}\r\n\
             WWW-Authenticate: Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm=MD5{stale}\r\n\
             WWW-Authenticate: Basic realm=\"{REALM}\"\r\n"
        )
    }

    /// Reads an Authorization header that came with `method` on `uri`.
    pub fn read(&self, header: &str, method: &str, uri: &Uri, now: Moment) -> Claim {
        let Some((scheme, rest)) = header.split_once(' ') else { return Claim::Invalid };
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => basic(rest.trim()).map_or(Claim::Invalid, Claim::Credentials),
            "digest" => {
                let Some((credentials, digest)) = digest(rest, method) else { return Claim::Invalid };
                let fresh = self.nonce.as_ref().is_some_and(|(nonce, since)| {
                    crypto::same(nonce.as_bytes(), digest.nonce.as_bytes()) && now.since(*since) < NONCE_TIME
                });
                if !fresh {
                    Claim::Stale
                } else if digest.realm != REALM || Uri::new(&digest.uri).path != uri.path {
                    Claim::Invalid
                } else {
                    Claim::Credentials(credentials)
                }
            }
            _ => Claim::Invalid,
        }
    }
}

fn basic(text: &str) -> Option<Credentials> {
    let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Credentials::password(user.to_owned(), password.to_owned()))
}

fn digest(text: &str, method: &str) -> Option<(Credentials, Digest)> {
    let parameters = parameters(text)?;
    let get = |name: &str| {
        let found = parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let counted = match get("qop").as_deref() {
        None | Some("") => None,
        Some("auth") => Some((get("nc")?, get("cnonce")?)),
        Some(_) => return None,
    };
    let digest = Digest {
        algorithm: Algorithm::of(get("algorithm").as_deref())?,
        method: method.to_owned(),
        realm: get("realm")?,
        nonce: get("nonce")?,
        uri: get("uri")?,
        counted,
        response: get("response")?,
    };
    Some((Credentials { user: get("username")?, proof: Proof::Digest(Box::new(digest.clone())) }, digest))
}

/// `name=value` pairs between commas, values perhaps quoted (RFC 9110, section 11.2).
pub(super) fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let mut value = String::new();
        let end = if let Some(quoted) = after.strip_prefix('"') {
            let mut letters = quoted.char_indices();
            loop {
                match letters.next()? {
                    (end, '"') => break 1 + end + 1,
                    (_, '\\') => value.push(letters.next()?.1),
                    (_, letter) => value.push(letter),
                }
            }
        } else {
            let end = after.find(',').unwrap_or(after.len());
            value.push_str(after[..end].trim());
            end
        };
        found.push((name.trim().to_owned(), value));
        rest = after[end..].trim_start().trim_start_matches(',').trim_start();
    }
    Some(found)
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn proves(header: &str, method: &str, password: &str) -> bool {
        digest(header, method).unwrap().0.prove(password)
    }

    #[test]
    fn the_published_examples_are_proved() {
        // RFC 2617, section 3.5 (with the password of its erratum 1649).
        let rfc2617 = r#"username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
            uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b",
            response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
        assert!(proves(rfc2617, "GET", "Circle Of Life"));
        assert!(!proves(rfc2617, "GET", "Circle of Life"));
        assert!(!proves(rfc2617, "PUT", "Circle Of Life"));
        // RFC 7616, section 3.9.1.
        let rfc7616 = |algorithm: &str, response: &str| {
            format!(
                r#"username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm},
                nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001,
                cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}",
                opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
            )
        };
        assert!(proves(&rfc7616("MD5", "8ca523f5e9506fed4657c9700eebdbec"), "GET", "Circle of Life"));
        let sha256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(proves(&rfc7616("SHA-256", sha256), "GET", "Circle of Life"));
        assert!(proves(&rfc7616("SHA-256", &sha256.to_uppercase()), "GET", "Circle of Life"));
        assert!(!proves(&rfc7616("SHA-256", sha256), "GET", "Circle Of Life"));
        assert!(!proves(&rfc7616("MD5", sha256), "GET", "Circle of Life"));
    }

    /// A client's answer of RFC 2069's kind to the challenge, for ANNOUNCE of `uri`.
    fn answer(challenger: &Challenger, uri: &str, password: &str) -> String {
        let nonce = &challenger.nonce.as_ref().unwrap().0;
        let who = hex(&crypto::md5(format!("ana:{REALM}:{password}").as_bytes()));
        let what = hex(&crypto::md5(format!("ANNOUNCE:{uri}").as_bytes()));
        let response = hex(&crypto::md5(format!("{who}:{nonce}:{what}").as_bytes()));
        format!(
            r#"Digest username="ana", realm="{REALM}", nonce="{nonce}", uri="{uri}", response="{response}", algorithm=MD5"#
        )
    }

    #[test]
    fn nonces_hold_for_their_connection_and_time() {
        let uri = Uri::new("rtsp://h/live/T");
        let (mut challenger, start) = (Challenger::new([1; 16]), Moment(0));
        challenger.challenges(false, start);
        let header = answer(&challenger, "rtsp://h/live/T", "pass");
        let Claim::Credentials(credentials) = challenger.read(&header, "ANNOUNCE", &uri, start) else { panic!() };
        assert_eq!(credentials.user(), "ana");
        assert!(credentials.prove("pass") && !credentials.prove("word"));
        assert_eq!(challenger.read(&header, "ANNOUNCE", &uri, start + NONCE_TIME), Claim::Stale);
        assert_eq!(Challenger::new([1; 16]).read(&header, "ANNOUNCE", &uri, start), Claim::Stale);
        assert_eq!(challenger.read(&header, "ANNOUNCE", &Uri::new("rtsp://h/live/U"), start), Claim::Invalid);
        let Claim::Credentials(other) = challenger.read(&header, "SETUP", &uri, start) else { panic!() };
        assert!(!other.prove("pass"), "made for another method");
        let renewed = challenger.challenges(true, start + NONCE_TIME);
        assert!(renewed.contains("stale=true") && !renewed.contains(&credentials_nonce(&header)));
    }

    fn credentials_nonce(header: &str) -> String {
        digest(header.strip_prefix("Digest ").unwrap(), "").unwrap().1.nonce
    }

    #[test]
    fn basic_is_read() {
        let claim = |header: &str| Challenger::new([0; 16]).read(header, "ANNOUNCE", &Uri::new("x"), Moment(0));
        let Claim::Credentials(aladdin) = claim("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") else { panic!() };
        assert!(aladdin.user() == "Aladdin" && aladdin.prove("open sesame") && !aladdin.prove("open"));
        assert_eq!(format!("{aladdin:?}"), "Credentials(…)");
        for header in ["Basic", "Basic !", "Basic QQ==", "Bearer x", "", "Digest ", "Digest username=\"", "Digest a"] {
            assert_eq!(claim(header), Claim::Invalid, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic(text in "\\PC{0,80}") {
            let challenger = Challenger::new([0; 16]);
            let _ = challenger.read(&text, "ANNOUNCE", &Uri::new(&text), Moment(0));
            let _ = challenger.read(&format!("Digest {text}"), "ANNOUNCE", &Uri::new(&text), Moment(0));
        }
    }
}
