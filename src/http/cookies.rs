//! The gateway's cookies (RFC 6265): over TLS they go by a name that nothing but TLS can set, and are never sent without it
//! (`__Secure-` of draft-ietf-httpbis-rfc6265bis, section 4.1.3.1); over plain HTTP by their plain name.

use std::borrow::Cow;

/// The cookie that makes a browser a TV.
pub const TV: &str = "lareira_tv";
/// The cookie that makes it a user, on that TV.
pub const USER: &str = "lareira_user";
/// The cookie that makes a browser the owner's.
pub const OWNER: &str = "lareira_owner";

/// Its name where it is set.
fn own_name(name: &str, is_secure: bool) -> Cow<'_, str> {
    if is_secure { format!("__Secure-{name}").into() } else { name.into() }
}

/// The value of a cookie that was set the way it came, in a Cookie field.
pub fn own<'a>(field: &'a str, name: &str, is_secure: bool) -> Option<&'a str> {
    let name = own_name(name, is_secure);
    let mut pairs = field.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The same, or over TLS the one of plain HTTP: a TV that was paired without TLS stays paired.
pub fn any<'a>(field: &'a str, name: &str, is_secure: bool) -> Option<&'a str> {
    own(field, name, is_secure).or_else(|| own(field, name, false))
}

/// A Cookie field with this one alone, by its name where it is set.
pub fn pair(name: &str, value: &str, is_secure: bool) -> String {
    format!("{}={value}", own_name(name, is_secure))
}

/// The Set-Cookie field that gives a cookie for `path` a value, or takes it away with 0 seconds.
pub fn set(name: &str, value: &str, is_secure: bool, path: &str, seconds: u32, same_site: &str) -> String {
    let pair = pair(name, value, is_secure);
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{pair}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tls_has_set_is_read_over_tls_alone() {
        let both = "lareira_tv=plain; __Secure-lareira_tv=secure; other=x";
        assert_eq!((any(both, TV, true), any(both, TV, false)), (Some("secure"), Some("plain")));
        assert_eq!((own(both, TV, true), own(both, TV, false)), (Some("secure"), Some("plain")));
        let secure = "__Secure-lareira_tv=secure";
        assert_eq!((any(secure, TV, true), any(secure, TV, false)), (Some("secure"), None));
        let plain = "lareira_tv=plain";
        assert_eq!((any(plain, TV, true), own(plain, TV, true)), (Some("plain"), None));
    }

    #[test]
    fn cookies_of_tls_say_so() {
        let given = set(TV, "v", true, "/tv", 5, "Lax");
        assert_eq!(given, "__Secure-lareira_tv=v; Path=/tv; Max-Age=5; HttpOnly; SameSite=Lax; Secure");
        let given = set(OWNER, "v", false, "/admin", 5, "Strict");
        assert_eq!(given, "lareira_owner=v; Path=/admin; Max-Age=5; HttpOnly; SameSite=Strict");
    }
}
