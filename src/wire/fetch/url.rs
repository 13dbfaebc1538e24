//! Addresses of HTTP servers: taken apart, put together, and resolved against each other (RFC 3986, section 5).
//!
//! Only what can stand in a request as it is: host and path are ASCII, without user names and fragments. What is not
//! ASCII in a path is percent-encoded on the way in.

use std::fmt;

use crate::ground::limits;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// An `http` or `https` address, checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    scheme: Scheme,
    /// In lower case; an IPv6 address without its brackets.
    host: String,
    port: u16,
    /// Path and query: begins with a slash, visible ASCII.
    target: String,
}

/// Why a text is no address that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It has another scheme, named here.
    Scheme(String),
    /// It has no scheme and nothing to be resolved against.
    NotWhole,
    /// Its host or port is none.
    Host,
    /// It has a name and a password in it, which would be told on.
    Password,
    /// It is longer than is useful.
    TooLong,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => write!(f, "{scheme} addresses can't be played: only http and https can"),
            Self::NotWhole => f.write_str("this is no http or https address"),
            Self::Host => f.write_str("the address has no proper host or port"),
            Self::Password => f.write_str(
                "the address has a name and password in it, which is not supported: let the server know this machine by \
                 its address, or by a part of the path",
            ),
            Self::TooLong => write!(f, "the address is longer than {} bytes", limits::FETCH_ADDRESS_BYTES),
        }
    }
}
impl std::error::Error for UrlError {}

impl Url {
    /// The address that `text` is.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        if text.len() > limits::FETCH_ADDRESS_BYTES {
            return Err(UrlError::TooLong);
        }
        let Some((scheme, rest)) = scheme_of(text) else { return Err(UrlError::NotWhole) };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(UrlError::Scheme(other.to_owned())),
        };
        let rest = rest.strip_prefix("//").ok_or(UrlError::Host)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = host_and_port(authority, scheme.port())?;
        let slash = if target.starts_with('/') { "" } else { "/" };
        Self { scheme, host, port, target: format!("{slash}{}", encoded(target)) }.checked()
    }

    /// The address that `reference` means in a document of this one.
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let reference = reference.trim();
        if scheme_of(reference).is_some() {
            return Self::parse(reference);
        }
        if reference.len() > limits::FETCH_ADDRESS_BYTES {
            return Err(UrlError::TooLong);
        }
        if reference.starts_with("//") {
            return Self::parse(&format!("{}:{reference}", self.scheme.name()));
        }
        let reference = encoded(reference.split('#').next().unwrap_or_default());
        let (own_path, _) = self.split_target();
        let target = if reference.is_empty() {
            self.target.clone()
        } else if reference.starts_with('?') {
            format!("{own_path}{reference}")
        } else {
            let (path, query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
            let folder = own_path.rfind('/').map_or("/", |at| &own_path[..=at]);
            let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}{path}") };
            format!("{}{query}", without_dots(&whole))
        };
        Self { target, ..self.clone() }.checked()
    }

    fn checked(self) -> Result<Self, UrlError> {
        if self.target.len() > limits::FETCH_ADDRESS_BYTES { Err(UrlError::TooLong) } else { Ok(self) }
    }

    fn split_target(&self) -> (&str, &str) {
        self.target.split_at(self.target.find('?').unwrap_or(self.target.len()))
    }

    /// How the server is spoken to.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The server's name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query, as they stand in a request.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What stands behind the last dot of the path's last part, where that is short and plain; in lower case.
    pub fn extension(&self) -> Option<String> {
        let (path, _) = self.split_target();
        let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
        let plain = (1..=5).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then(|| extension.to_ascii_lowercase())
    }

    /// The value of a Host field.
    pub fn authority(&self) -> String {
        let port = if self.port == self.scheme.port() { String::new() } else { format!(":{}", self.port) };
        if self.host.contains(':') { format!("[{}]{port}", self.host) } else { format!("{}{port}", self.host) }
    }

    /// Its server, for the log and other places that many may read: a path or query often has a password in it.
    pub fn server(&self) -> String {
        format!("{}://{}/…", self.scheme.name(), self.authority())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.name(), self.authority(), self.target)
    }
}

/// A scheme and what follows its colon, if `text` begins with one.
fn scheme_of(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(letters);
    is_scheme.then_some((scheme, rest))
}

fn host_and_port(authority: &str, default: u16) -> Result<(String, u16), UrlError> {
    // A name and password before an @ are a secret that would be told on; no browser takes them either.
    if authority.contains('@') {
        return Err(UrlError::Password);
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(UrlError::Host)?;
            host.parse::<core::net::Ipv6Addr>().map_err(|_| UrlError::Host)?;
            (host, port)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match port.strip_prefix(':') {
        Some("") => default,
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            digits.parse().map_err(|_| UrlError::Host)?
        }
        None if port.is_empty() => default,
        _ => return Err(UrlError::Host),
    };
    let host = host.trim_end_matches('.');
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    let proper = (1..=253).contains(&host.len()) && host.bytes().all(letters) && port != 0;
    if proper { Ok((host.to_ascii_lowercase(), port)) } else { Err(UrlError::Host) }
}

/// `text` in visible ASCII: everything else as the bytes of UTF-8, percent-encoded.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
        }
    }
    out
}

/// `path` with its `.` and `..` walked (section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut open_end = false;
    for part in path.split('/').skip(1) {
        open_end = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let end = if open_end && !parts.is_empty() { "/" } else { "" };
    format!("/{}{end}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Result<String, UrlError> {
        Url::parse(text).map(|url| url.to_string())
    }

    #[test]
    fn addresses_are_read() {
        for (text, expected) in [
            ("http://A.Example/x", "http://a.example/x"),
            ("HTTPS://a.example:443", "https://a.example/"),
            (" http://a.example:8080?q=1#f ", "http://a.example:8080/?q=1"),
            ("http://[::1]:80/a b/ç", "http://[::1]/a%20b/%C3%A7"),
            ("http://10.0.0.1:81/%41", "http://10.0.0.1:81/%41"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("udp://@239.0.0.1:1", UrlError::Scheme("udp".into())),
            ("file:///etc/passwd", UrlError::Scheme("file".into())),
            ("a.example/x", UrlError::NotWhole),
            ("http:a", UrlError::Host),
            ("http:///x", UrlError::Host),
            ("http://user:word@a.example/", UrlError::Password),
            ("http://a.example:0/", UrlError::Host),
            ("http://a.example:99999/", UrlError::Host),
            ("http://a.example:x/", UrlError::Host),
            ("http://[::1/", UrlError::Host),
            ("http://[x]/", UrlError::Host),
            ("http://./", UrlError::Host),
            ("http://a\r\nb/", UrlError::Host),
            ("http://é.example/", UrlError::Host),
        ] {
            assert_eq!(shown(text), Err(expected), "{text}");
        }
        assert_eq!(shown(&format!("http://a/{}", "x".repeat(5000))), Err(UrlError::TooLong));
    }

    #[test]
    fn references_are_resolved_as_the_rfc_says() {
        // Section 5.4, with the paths of its base.
        let base = Url::parse("http://a/b/c/d;p?q").expect("an address");
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../..", "http://a/"),
            ("../../../g", "http://a/g"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("https://h:1/x", "https://h:1/x"),
        ] {
            assert_eq!(base.join(reference).map(|url| url.to_string()).as_deref(), Ok(expected), "{reference:?}");
        }
        assert_eq!(base.join("data:text/plain,x"), Err(UrlError::Scheme("data".into())));
    }

    #[test]
    fn extensions_are_short_and_plain() {
        let extension = |text: &str| Url::parse(text).expect("an address").extension();
        assert_eq!(extension("http://a/b.M3U8?x=y.z").as_deref(), Some("m3u8"));
        assert_eq!(extension("http://a.ts/b"), None);
        assert_eq!(extension("http://a/b.%00"), None);
    }

    proptest! {
        #[test]
        fn what_is_read_is_clean_and_the_same_again(text in "https?://[a-z0-9.\\[\\]:@]{0,12}\\PC{0,30}", reference in "\\PC{0,30}") {
            if let Ok(url) = Url::parse(&text) {
                prop_assert_eq!(Url::parse(&url.to_string()), Ok(url.clone()));
                prop_assert!(url.target().bytes().all(|byte| byte.is_ascii_graphic()));
                if let Ok(joined) = url.join(&reference) {
                    prop_assert_eq!(Url::parse(&joined.to_string()), Ok(joined));
                }
            }
        }
    }
}
