//! What lines of a list tell beside their attributes: who is said to ask, how much later a channel is than its guide,
//! and where the guides are.

use crate::wire::fetch::Headers;

/// More hours than that is no other zone, but a mistake.
const SHIFT_HOURS: f64 = 24.0;

/// What stands behind `#EXTVLCOPT` or `#KODIPROP`: a name and a value. False if it says who asks, and that can't be sent.
pub(super) fn property(rest: &str, headers: &mut Headers) -> bool {
    let rest = rest.trim_start_matches([':', '-', ' ', '\t']);
    let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
    let name = name.trim().to_ascii_lowercase();
    if let Some(name @ ("user-agent" | "referrer" | "referer")) = name.strip_prefix("http-") {
        return headers.set(name, unquoted(value));
    }
    match name.strip_prefix("inputstream.adaptive.") {
        Some("stream_headers" | "manifest_headers" | "common_headers") => pairs(value, headers),
        // The rest is for players of their own, or for what isn't supported.
        _ => true,
    }
}

/// `Name=value&Name=value`, each value percent-encoded, as Kodi writes header fields behind an address. Fields that are
/// not sent are passed over; false if one can't be.
pub(super) fn pairs(text: &str, headers: &mut Headers) -> bool {
    let mut fine = true;
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        let (name, value) = (name.trim(), decoded(unquoted(value)));
        if ["user-agent", "referer", "referrer"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            fine &= headers.set(name, &value);
        }
    }
    fine
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

/// `text` with its percent-encoding undone, and a plus as a blank; bytes that are no text then stay as signs for that.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let (byte, after) = match (first, code.and_then(|code| u8::from_str_radix(code, 16).ok())) {
            (b'%', Some(byte)) => (byte, &after[2..]),
            (b'+', _) => (b' ', after),
            (byte, _) => (*byte, after),
        };
        out.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// How much later than its guide a channel is, in milliseconds, from a number of hours: `2`, `-1`, `+0.5`, `0,5`.
pub(super) fn shift_ms(text: &str) -> Option<i64> {
    let hours: f64 = text.trim().replace(',', ".").parse().ok()?;
    (hours.abs() <= SHIFT_HOURS).then_some((hours * 3_600_000.0).round() as i64)
}

/// The addresses that stand in one text with commas between. What follows a comma and is no whole address belongs to the
/// one before it, where others are whole: a comma may stand in an address.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let any_whole = text.contains("://");
    let mut found: Vec<String> = Vec::new();
    for piece in text.split(',') {
        match found.last_mut() {
            Some(last) if any_whole && !piece.contains("://") => {
                last.push(',');
                last.push_str(piece);
            }
            _ => found.push(piece.to_owned()),
        }
    }
    let trimmed = found.iter().map(|address| address.trim_matches(|c: char| c.is_whitespace() || c == ',').to_owned());
    trimmed.filter(|address| !address.is_empty()).collect()
}
