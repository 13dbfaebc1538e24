//! Someone else's HLS playlist, rewritten so that everything in it is asked from us (RFC 8216, section 4).
//!
//! Only tags that are known pass: whatever else a playlist may name (advertisements, steering, variables) would lead
//! players elsewhere. The directives of low latency are left out, so the rest is an ordinary playlist.

use std::fmt;

/// What an address in a playlist leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Another playlist.
    Playlist,
    /// A segment, a key, an initialisation section, subtitles.
    Media,
}

/// Why a playlist can't be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayError {
    /// It doesn't begin as one.
    NotAPlaylist,
    /// It is written with variables (EXT-X-DEFINE).
    Variables,
}

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPlaylist => "the channel's server gave something else than a playlist",
            Self::Variables => "the channel's playlist is written with variables, which is not supported",
        })
    }
}
impl std::error::Error for RelayError {}

/// Tags that pass as they are.
const PLAIN: [&str; 16] = [
    "EXTINF",
    "EXT-X-VERSION",
    "EXT-X-BYTERANGE",
    "EXT-X-DISCONTINUITY",
    "EXT-X-PROGRAM-DATE-TIME",
    "EXT-X-GAP",
    "EXT-X-BITRATE",
    "EXT-X-TARGETDURATION",
    "EXT-X-MEDIA-SEQUENCE",
    "EXT-X-DISCONTINUITY-SEQUENCE",
    "EXT-X-ENDLIST",
    "EXT-X-PLAYLIST-TYPE",
    "EXT-X-INDEPENDENT-SEGMENTS",
    "EXT-X-START",
    "EXT-X-STREAM-INF",
    "EXT-X-ALLOW-CACHE",
];

/// Tags with an address in their attribute `URI`.
const WITH_ADDRESS: [(&str, Role); 3] =
    [("EXT-X-KEY", Role::Media), ("EXT-X-MAP", Role::Media), ("EXT-X-MEDIA", Role::Playlist)];

/// Whether `bytes` begin as a playlist does.
pub fn is_playlist(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start().starts_with(b"#EXTM3U")
}

/// `text` with every address in it replaced by what `ours` makes of it.
pub fn relay(text: &str, mut ours: impl FnMut(&str, Role) -> String) -> Result<String, RelayError> {
    if !is_playlist(text.as_bytes()) {
        return Err(RelayError::NotAPlaylist);
    }
    let mut out = String::with_capacity(text.len() * 2);
    out.push_str("#EXTM3U\n");
    // What the next address is of.
    let mut role = Role::Media;
    for line in text.lines().map(|line| line.trim_start_matches('\u{feff}').trim()).filter(|line| !line.is_empty()) {
        let Some(tag) = line.strip_prefix('#') else {
            out.push_str(&ours(line, std::mem::replace(&mut role, Role::Media)));
            out.push('\n');
            continue;
        };
        let (name, value) = tag.split_at(tag.find(':').unwrap_or(tag.len()));
        if name == "EXT-X-DEFINE" {
            return Err(RelayError::Variables);
        }
        if name == "EXT-X-STREAM-INF" {
            role = Role::Playlist;
        }
        if PLAIN.contains(&name) {
            out.push_str(line);
            out.push('\n');
        } else if let Some((_, role)) = WITH_ADDRESS.into_iter().find(|(known, _)| *known == name) {
            out.push('#');
            out.push_str(name);
            with_our_address(value, |address| ours(address, role), &mut out);
            out.push('\n');
        }
    }
    Ok(out)
}

/// Writes `attributes` (with the colon before them), the value of `URI` replaced.
fn with_our_address(attributes: &str, ours: impl FnOnce(&str) -> String, out: &mut String) {
    let mut ours = Some(ours);
    let mut rest = attributes;
    while !rest.is_empty() {
        // The sign before the name: the colon, then commas.
        let (sign, after) = rest.split_at(1);
        let equals = after.find('=').unwrap_or(after.len());
        let (name, value) = after.split_at(equals);
        let length = match value.strip_prefix("=\"") {
            Some(quoted) => quoted.find('"').map_or(value.len(), |end| end + 3),
            None => value.find(',').unwrap_or(value.len()),
        };
        let (value, next) = value.split_at(length);
        out.push_str(sign);
        out.push_str(name);
        match (ours.take(), name.trim() == "URI") {
            (Some(ours), true) => {
                out.push_str(&format!("=\"{}\"", ours(value.trim_start_matches('=').trim_matches('"'))));
            }
            (kept, _) => {
                ours = kept;
                out.push_str(value);
            }
        }
        // Between a value and the next comma there is nothing.
        rest = next.find(',').map_or("", |at| &next[at..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marked(text: &str) -> Result<String, RelayError> {
        relay(text, |address, role| format!("<{address}|{role:?}>"))
    }

    #[test]
    fn a_master_playlist() {
        let text = "#EXTM3U\r\n#EXT-X-VERSION:6\r\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a,b\",NAME=\"x\",URI=\"audio/pt.m3u8\",DEFAULT=YES\r\n\
            #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",INSTREAM-ID=\"CC1\"\r\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\",AUDIO=\"a,b\"\r\nhttp://b.example/v.m3u8?x=1\r\n\
            #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\r\n\
            #EXT-X-SESSION-DATA:DATA-ID=\"x\",URI=\"http://a/\"\r\n\
            #EXT-X-CONTENT-STEERING:SERVER-URI=\"http://a/\"\r\n";
        let expected = "#EXTM3U\n#EXT-X-VERSION:6\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a,b\",NAME=\"x\",URI=\"<audio/pt.m3u8|Playlist>\",DEFAULT=YES\n\
            #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",INSTREAM-ID=\"CC1\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\",AUDIO=\"a,b\"\n<http://b.example/v.m3u8?x=1|Playlist>\n";
        assert_eq!(marked(text).as_deref(), Ok(expected));
    }

    #[test]
    fn a_media_playlist() {
        let text = "\u{feff}#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n\
            #EXT-X-KEY:METHOD=AES-128,URI=\"/key?a=1,2\",IV=0x1\n#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"1@0\"\n\
            #EXT-X-DATERANGE:ID=\"ad\",X-ASSET-URI=\"http://ads/\"\n#EXTINF:4,\n../1.ts\n\
            #EXT-X-PART:DURATION=1,URI=\"2.0.ts\"\n# a remark\n#EXT-X-DISCONTINUITY\n#EXTINF:4,\n2.ts\n";
        let expected = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n\
            #EXT-X-KEY:METHOD=AES-128,URI=\"</key?a=1,2|Media>\",IV=0x1\n\
            #EXT-X-MAP:URI=\"<init.mp4|Media>\",BYTERANGE=\"1@0\"\n#EXTINF:4,\n<../1.ts|Media>\n\
            #EXT-X-DISCONTINUITY\n#EXTINF:4,\n<2.ts|Media>\n";
        assert_eq!(marked(text).as_deref(), Ok(expected));
    }

    #[test]
    fn what_cannot_be_passed_on_is_said() {
        assert_eq!(marked("<html>"), Err(RelayError::NotAPlaylist));
        assert_eq!(marked(""), Err(RelayError::NotAPlaylist));
        assert_eq!(marked("#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n{$a}.ts"), Err(RelayError::Variables));
    }

    proptest! {
        #[test]
        fn no_address_gets_through(pieces in "(#EXT-X-KEY:|#EXT-X-MAP:|#EXT-X-MEDIA:|#EXTINF:|#EXT-X-STREAM-INF:|URI=|\"|,|=|\n|http://a|é| ){0,40}") {
            let out = relay(&format!("#EXTM3U\n{pieces}"), |_, _| "ours".to_owned()).expect("a playlist");
            for line in out.lines().filter(|line| !line.starts_with('#')) {
                prop_assert_eq!(line, "ours");
            }
        }
    }
}
