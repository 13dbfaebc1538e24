//! Pages and their files: found by exact path in the table the build made, never on a disk.

mod assets;
pub(in crate::http) mod texts;

use bytes::Bytes;

use crate::ground::crypto;
use crate::ground::reply::Reply;
use crate::wire::address::PageAddress;

/// What a page may load and do: its own things only.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
    worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// Sends a phone to its page, and everyone else to the TV's.
pub fn home(user_agent: &str) -> Reply {
    let has = |word: &str| user_agent.contains(word);
    let phone = (has("Mobile") || has("iPhone") || has("iPad")) && !has("TV") && !has("Tizen") && !has("Web0S");
    let to = if phone { PageAddress::Phone } else { PageAddress::Tv };
    Reply::bytes(302, "", Bytes::new())
        .with("Location", to.to_string())
        .with("Cache-Control", "no-store")
        .with("Vary", "User-Agent")
}

/// The authority's certificate (DER), as phones install it. Its fingerprint is in a field of its own, because pages
/// that are not secure yet can't compute it.
pub fn authority(certificate: Option<&Bytes>) -> Reply {
    let Some(certificate) = certificate else {
        return Reply::error(404, "no_authority", "this gateway has no certificate authority of its own");
    };
    let fingerprint: Vec<String> = crypto::sha256(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    Reply::bytes(200, "application/x-x509-ca-cert", certificate.clone())
        .with("Cache-Control", "no-cache")
        .with("Content-Disposition", "attachment; filename=\"lareira.crt\"")
        .with("X-Fingerprint-SHA256", fingerprint.join(":"))
}

/// The TV application's page.
pub fn tv(gzip: bool) -> Reply {
    file("/tv/index.html", gzip)
}

/// The file at `path`.
pub fn file(path: &str, gzip: bool) -> Reply {
    let asset = assets::asset(path);
    let asset = asset.or_else(|| path.ends_with('/').then(|| assets::asset(&format!("{path}index.html"))).flatten());
    let Some(asset) = asset else {
        if matches!(path, "/tv" | "/go" | "/admin") {
            return Reply::bytes(308, "", Bytes::new()).with("Location", format!("{path}/"));
        }
        return Reply::error(404, "not_found", "nothing is at this address");
    };
    let packed = asset.gzip.filter(|_| gzip);
    let mut reply = Reply::bytes(200, asset.content_type, Bytes::from_static(packed.unwrap_or(asset.body)));
    // Each form of a file has a tag of its own (RFC 9110, section 8.8.3.3).
    let etag = match packed {
        Some(_) => format!("{}-gz\"", asset.etag.trim_end_matches('"')),
        None => asset.etag.to_owned(),
    };
    reply = reply.with("ETag", etag);
    if packed.is_some() {
        reply = reply.with("Content-Encoding", "gzip");
    }
    if asset.gzip.is_some() {
        reply = reply.with("Vary", "Accept-Encoding");
    }
    let lasting = if is_hashed(asset.path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    reply = reply.with("Cache-Control", lasting).with("Referrer-Policy", "same-origin");
    if asset.content_type.starts_with("text/html") {
        reply = reply.with("Content-Security-Policy", PAGE_POLICY);
    }
    reply
}

/// Whether a file's name has a hash of its contents in it, such as `app.0123abcd.js`: it never changes.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let hash =
        |part: &str| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    name.split('.').skip(1).any(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_is_sent_to_their_page() {
        let sent = |agent: &str| home(agent).headers[0].1.clone();
        assert_eq!(sent("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"), "/go/");
        assert_eq!(sent("Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile Safari/537.36"), "/go/");
        assert_eq!(sent("Mozilla/5.0 (Linux; Android 12; BRAVIA 4K) Chrome/120.0 Safari/537.36"), "/tv/");
        assert_eq!(sent("Mozilla/5.0 (Web0S; Linux/SmartTV) Chrome/79 Safari/537.36"), "/tv/");
        assert_eq!(sent("Mozilla/5.0 (SMART-TV; LINUX; Tizen 4.0) TV Mobile Safari/537.36"), "/tv/");
        assert_eq!(sent(""), "/tv/");
    }

    #[test]
    fn only_names_with_a_hash_last() {
        assert!(is_hashed("/tv/app.0123abcd.js"));
        assert!(!is_hashed("/tv/app.js") && !is_hashed("/tv/deadbeef") && !is_hashed("/0123abcd.x/app.js"));
    }

    #[test]
    fn what_is_not_there_is_not_there() {
        assert_eq!(file("/tv/none.js", true).status, 404);
        assert_eq!(file("/go", true).status, 308);
    }
}
