//! What a client shows when it is asked who it is: the Authorization header to a 401's challenges (RFC 7616 and RFC 2617
//! for Digest, RFC 7617 for Basic). The server's side of it is `auth`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::auth::{Algorithm, Digest, hex, parameters};
use crate::ground::crypto;

/// What a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: Scheme,
    /// Whether only the nonce was too old: the name and password may be right.
    pub stale: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scheme {
    Basic,
    Digest {
        algorithm: Algorithm,
        realm: String,
        nonce: String,
        opaque: Option<String>,
        /// Whether requests are to be counted (`qop=auth`).
        counts: bool,
        /// Requests that used the nonce.
        used: u32,
    },
}

impl Challenge {
    /// The first of WWW-Authenticate headers that can be answered: the best stands first (RFC 7616, section 3.7).
    pub fn first<'a>(mut headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        headers.find_map(Self::read)
    }

    fn read(header: &str) -> Option<Self> {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self { scheme: Scheme::Basic, stale: false });
        }
        let given = parameters(rest).filter(|_| scheme.eq_ignore_ascii_case("digest"))?;
        let get = |name: &str| {
            let found = given.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let ways = get("qop");
        let counts = ways.as_ref().is_some_and(|ways| ways.split(',').any(|way| way.trim() == "auth"));
        if ways.is_some_and(|ways| !ways.is_empty()) && !counts {
            return None;
        }
        let scheme = Scheme::Digest {
            algorithm: Algorithm::of(get("algorithm").as_deref())?,
            realm: get("realm")?,
            nonce: get("nonce")?,
            opaque: get("opaque"),
            counts,
            used: 0,
        };
        Some(Self { scheme, stale: get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")) })
    }

    /// The Authorization header line for one more request. `seed` is random, and the client's alone.
    pub fn answer(&mut self, (name, password): (&str, &str), method: &str, uri: &str, seed: &[u8; 16]) -> String {
        match &mut self.scheme {
            Scheme::Basic => format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{password}"))),
            Scheme::Digest { algorithm, realm, nonce, opaque, counts, used } => {
                *used += 1;
                let count = used.to_be_bytes();
                let client_nonce = hex(&crypto::sha256(&[&seed[..], b"cnonce", &count].concat())[..16]);
                let digest = Digest {
                    algorithm: *algorithm,
                    method: method.to_owned(),
                    realm: realm.clone(),
                    nonce: nonce.clone(),
                    uri: uri.to_owned(),
                    counted: counts.then(|| (hex(&count), client_nonce)),
                    response: String::new(),
                };
                let response = digest.expected(name, password);
                let counted = digest.counted.map(|(nc, cnonce)| format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
                let opaque = opaque.as_ref().map(|opaque| format!(", opaque={}", quoted(opaque)));
                let hash = match algorithm {
                    Algorithm::Md5 => "MD5",
                    Algorithm::Sha256 => "SHA-256",
                };
                format!(
                    "Authorization: Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\", \
                     algorithm={hash}{}{}\r\n",
                    quoted(name),
                    quoted(realm),
                    quoted(nonce),
                    quoted(uri),
                    counted.unwrap_or_default(),
                    opaque.unwrap_or_default()
                )
            }
        }
    }
}

/// A quoted-string (RFC 9110, section 5.6.4).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: (&str, &str) = ("ana", "pass");

    #[test]
    fn the_published_example_is_answered() {
        // RFC 2617, section 3.5, without its qop, so that the answer is RFC 2069's.
        let header = r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5c\"c""#;
        let mut challenge = Challenge::first([header].into_iter()).unwrap();
        let answer = challenge.answer(("Mufasa", "Circle Of Life"), "GET", "/dir/index.html", &[0; 16]);
        assert!(answer.contains(r#"response="670fd8c2df070c60b045671b8b24ff02""#), "{answer}");
        assert!(answer.contains(r#"username="Mufasa", realm="testrealm@host.com""#), "{answer}");
        assert!(answer.ends_with(", opaque=\"5c\\\"c\"\r\n") && !answer.contains("qop"), "{answer}");
    }

    #[test]
    fn requests_are_counted_where_the_server_wants_it() {
        let header = r#"Digest realm="r", qop="auth-int, auth", algorithm=SHA-256, nonce="n", stale=TRUE"#;
        let mut challenge = Challenge::read(header).unwrap();
        assert!(challenge.stale);
        let first = challenge.answer(ANA, "OPTIONS", "rtsp://h", &[1; 16]);
        let second = challenge.answer(ANA, "OPTIONS", "rtsp://h", &[1; 16]);
        assert!(first.contains("qop=auth, nc=00000001, cnonce=\"") && first.contains("algorithm=SHA-256"), "{first}");
        assert!(second.contains("nc=00000002"), "{second}");
        assert_ne!(first[first.len() - 34..], second[second.len() - 34..], "a nonce for each");
    }

    #[test]
    fn what_cannot_be_answered_is_passed_over() {
        let headers = [
            "Bearer x",
            "Digest",
            r#"Digest realm="r""#,
            r#"Digest realm="r", nonce="n", algorithm=SHA-512"#,
            r#"Digest realm="r", nonce="n", qop="auth-int""#,
        ];
        assert_eq!(Challenge::first(headers.into_iter()), None);
        let mut basic = Challenge::first(headers.into_iter().chain(["basic realm=\"r\""])).unwrap();
        assert_eq!(basic.answer(ANA, "OPTIONS", "*", &[0; 16]), "Authorization: Basic YW5hOnBhc3M=\r\n");
    }
}
