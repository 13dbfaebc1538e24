//! Cookies that servers set and ask for again (RFC 6265), as far as players of channels need them: some give a right to
//! the playlist with one, and look for it with every segment. No dates: whoever holds them forgets them in time. No paths.

use crate::wire::fetch::answer::Answer;
use crate::wire::fetch::url::{Scheme, Url};

/// Cookies that are kept; the oldest go first.
const COOKIES: usize = 16;
/// Bytes of one, name and value.
const COOKIE_BYTES: usize = 2048;

/// What servers have set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookies(Vec<Cookie>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    /// Who is told it: this host.
    host: String,
    /// And those below it.
    with_those_below: bool,
    /// Over TLS alone.
    is_secure: bool,
}

impl Cookies {
    /// Takes in what the server of `url` set with `answer`.
    pub fn take(&mut self, url: &Url, answer: &Answer) {
        for field in answer.fields("set-cookie") {
            if let Some(cookie) = read(url, field) {
                self.put(cookie);
            }
        }
    }

    /// Takes in what others know.
    pub fn add(&mut self, others: &Self) {
        others.0.iter().cloned().for_each(|cookie| self.put(cookie));
    }

    fn put(&mut self, cookie: Cookie) {
        self.0.retain(|known| (&known.name, &known.host) != (&cookie.name, &cookie.host));
        self.0.push(cookie);
        if self.0.len() > COOKIES {
            self.0.remove(0);
        }
    }

    /// The value of the Cookie field of a request for `url`; empty for none.
    pub fn of(&self, url: &Url) -> String {
        let told = |cookie: &&Cookie| {
            let is_there = url.host() == cookie.host || cookie.with_those_below && is_below(url.host(), &cookie.host);
            is_there && (!cookie.is_secure || url.scheme() == Scheme::Https)
        };
        let pairs = self.0.iter().filter(told).map(|cookie| format!("{}={}", cookie.name, cookie.value));
        pairs.collect::<Vec<_>>().join("; ")
    }
}

fn is_below(host: &str, above: &str) -> bool {
    host.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
}

/// A cookie that the server of `url` may set (sections 5.2 and 5.3).
fn read(url: &Url, field: &str) -> Option<Cookie> {
    let mut parts = field.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_clean = |byte: u8| byte.is_ascii_graphic() && byte != b';';
    if name.is_empty() || name.len() + value.len() > COOKIE_BYTES || !(name.bytes().chain(value.bytes())).all(is_clean)
    {
        return None;
    }
    let host = url.host().to_owned();
    let mut cookie = Cookie { name: name.into(), value: value.into(), host, with_those_below: false, is_secure: false };
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        match attribute.trim().to_ascii_lowercase().as_str() {
            "secure" => cookie.is_secure = true,
            "domain" => {
                let domain = value.trim().trim_start_matches('.').to_ascii_lowercase();
                if domain.is_empty() {
                    continue;
                }
                // Nobody sets one for others, nor for all names of a country. An address has none below it.
                let is_address = url.host().parse::<core::net::IpAddr>().is_ok();
                if url.host() != domain && (is_address || !domain.contains('.') || !is_below(url.host(), &domain)) {
                    return None;
                }
                cookie.with_those_below = !is_address;
                cookie.host = domain;
            }
            _ => {}
        }
    }
    Some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fetch::read_answer;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    fn set(cookies: &mut Cookies, from: &str, fields: &[&str]) {
        let fields: String = fields.iter().map(|field| format!("Set-Cookie: {field}\r\n")).collect();
        let (answer, _) =
            read_answer(format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes()).expect("good").expect("whole");
        cookies.take(&url(from), &answer);
    }

    #[test]
    fn cookies_go_where_they_came_from_and_nowhere_else() {
        let mut cookies = Cookies::default();
        let fields =
            ["a=1; Path=/x; HttpOnly", "b=2; Domain=.Cdn.example; Secure", "c=3; Domain=evil.example", "=4", "d"];
        set(&mut cookies, "https://one.cdn.example/x", &fields);
        for (to, told) in [
            ("https://one.cdn.example/y", "a=1; b=2"),
            ("http://one.cdn.example:81/y", "a=1"),
            ("https://two.cdn.example/", "b=2"),
            ("https://cdn.example/", "b=2"),
            ("https://xcdn.example/", ""),
            ("https://evil.example/", ""),
            ("https://example/", ""),
        ] {
            assert_eq!(cookies.of(&url(to)), told, "{to}");
        }
        set(&mut cookies, "https://one.cdn.example/x", &["a=5", "e=6; domain=example"]);
        assert_eq!(cookies.of(&url("http://one.cdn.example/")), "a=5", "the newer holds, and none is for a whole top");
        let mut at_home = Cookies::default();
        set(&mut at_home, "http://10.0.0.1/", &["a=1; Domain=10.0.0.1", "b=2; Domain=0.0.1"]);
        assert_eq!(at_home.of(&url("http://10.0.0.1/")), "a=1");
        let many: Vec<String> = (0..40).map(|i| format!("n{i}={}", "x".repeat(9))).collect();
        set(&mut at_home, "http://10.0.0.1/", &many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(at_home.0.len(), COOKIES);
        let long = format!("long={}", "x".repeat(COOKIE_BYTES));
        set(&mut at_home, "http://10.0.0.1/", &[&long, "tab=a\tb"]);
        assert!(
            !at_home.of(&url("http://10.0.0.1/")).contains("long")
                && !at_home.of(&url("http://10.0.0.1/")).contains("tab")
        );
    }
}
