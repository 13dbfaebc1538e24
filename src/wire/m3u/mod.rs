//! Lists of TV channels: M3U, as players and providers have extended it over the years (there is no standard; what is
//! read here is `#EXTM3U` with `url-tvg` or `x-tvg-url` and `tvg-shift`, `#EXTINF` with `tvg-…` and `group-title`,
//! `#EXTGRP`, and what is said of who asks: VLC's `#EXTVLCOPT`, Kodi's `#KODIPROP` and what stands behind a bar).
//!
//! Bytes go in as they come, entries come out; nothing is kept but the line under way. What cannot be an entry comes
//! out too, with its line and the reason. Whether an address may be reached is not decided here.

mod attributes;
mod told;

use std::fmt;

use crate::ground::limits;
use crate::ground::text;
use crate::wire::fetch::Headers;
use attributes::Attributes;

/// One channel of a list, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The line its address stands on, from 1.
    pub line: u64,
    /// Its name; empty if it has none.
    pub name: String,
    /// `tvg-chno`: its number, where that is a whole one.
    pub number: Option<u32>,
    /// `group-title` or `#EXTGRP`; empty if it has none.
    pub group: String,
    /// `tvg-logo`; empty if it has none.
    pub logo: String,
    /// `tvg-id`: what the guide calls it; empty if that is not said.
    pub guide_id: String,
    /// `tvg-name`: the name by which the guide may know it; empty if that is not said.
    pub guide_name: String,
    /// `tvg-shift`: how much later than the guide says it shows everything, in milliseconds; the list's own where the
    /// channel has none.
    pub shift_ms: i64,
    /// Its address.
    pub address: String,
    /// What its server is to be told of who asks.
    pub headers: Headers,
}

/// Something of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A channel.
    Entry(Entry),
    /// The address of a guide, and the line it stands on, from 1.
    Guide(u64, String),
    /// What was skipped: its line, from 1, and why.
    Bad(u64, Fault),
}

/// Why a line of a list is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The line is longer than any address.
    TooLong,
    /// A channel is announced, and another one follows before its address.
    NoAddress,
    /// A line that is no address, and no channel was announced.
    NotAnAddress,
    /// How much later a channel is than its guide is no number of hours, or too large; the channel is taken without.
    Shift,
    /// What is said of who asks can't be sent; the channel is taken without.
    Header,
    /// The whole is a web page.
    WebPage,
    /// The whole is written in UTF-16.
    Utf16,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the line is longer than {} bytes", limits::CHANNEL_LINE_BYTES),
            Self::NoAddress => f.write_str("the channel has no address"),
            Self::NotAnAddress => f.write_str("this is no address"),
            Self::Shift => f.write_str("tvg-shift is no number of hours from -24 to 24: it is left out"),
            Self::Header => f.write_str("the user agent or referrer can't be sent: it is left out"),
            Self::WebPage => f.write_str("this is a web page, not a list: check the list's address"),
            Self::Utf16 => f.write_str("the list is written in UTF-16: save it as UTF-8"),
        }
    }
}

/// Reads a list.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    /// The line under way is too long; the rest of it is thrown away.
    too_long: bool,
    /// Number of the line under way, from 0.
    number: u64,
    /// A channel that waits for its address, and the line it was announced on.
    announced: Option<(u64, Entry)>,
    /// `#EXTGRP`, which holds for the next channel.
    group: String,
    /// What was said of who asks, which holds for the next channel.
    headers: Headers,
    /// The list's own `tvg-shift`.
    shift_ms: i64,
    /// Something that is no list: nothing more is read.
    hopeless: bool,
    /// A line with words on it was read.
    begun: bool,
}

impl Reader {
    /// Reads on; `found` is called with what `bytes` complete.
    pub fn push(&mut self, bytes: &[u8], found: &mut impl FnMut(Item)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.hopeless {
                return;
            }
            let (text, ended) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            if self.line.len() + text.len() > limits::CHANNEL_LINE_BYTES {
                self.too_long = true;
                self.line.clear();
            }
            if !self.too_long {
                self.line.extend_from_slice(text);
            }
            if ended {
                self.end_line(found);
            }
        }
    }

    /// The list is over.
    pub fn finish(mut self, found: &mut impl FnMut(Item)) {
        if self.hopeless {
            return;
        }
        self.end_line(found);
        if let Some((line, _)) = self.announced {
            found(Item::Bad(line, Fault::NoAddress));
        }
    }

    fn end_line(&mut self, found: &mut impl FnMut(Item)) {
        self.number += 1;
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) {
            // What was said of that channel is no other's.
            self.announced = None;
            self.group.clear();
            self.headers = Headers::default();
            found(Item::Bad(self.number, Fault::TooLong));
            return;
        }
        if self.number == 1 && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff")) {
            self.hopeless = true;
            found(Item::Bad(1, Fault::Utf16));
            return;
        }
        let text = text::of(&line);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            // The room is used again.
            self.line = line;
            self.line.clear();
            return;
        }
        if !self.begun && text.starts_with('<') {
            self.hopeless = true;
            found(Item::Bad(self.number, Fault::WebPage));
            return;
        }
        self.begun = true;
        self.take(text, found);
        self.line = line;
        self.line.clear();
    }

    fn take(&mut self, text: &str, found: &mut impl FnMut(Item)) {
        if let Some(rest) = tag(text, "#EXTINF:") {
            if let Some((line, _)) = self.announced.take() {
                found(Item::Bad(line, Fault::NoAddress));
                // What was said stood below that channel.
                self.headers = Headers::default();
            }
            self.announced = Some((self.number, self.entry(rest, found)));
        } else if let Some(rest) = tag(text, "#EXTGRP:") {
            self.group = text::line(rest, limits::CHANNEL_NAME_CHARS);
        } else if let Some(rest) = tag(text, "#EXTVLCOPT").or_else(|| tag(text, "#KODIPROP")) {
            if !told::property(rest, &mut self.headers) {
                found(Item::Bad(self.number, Fault::Header));
            }
        } else if let Some(rest) = tag(text, "#EXTM3U") {
            let (attributes, _) = Attributes::read(rest);
            self.shift_ms = self.shift(&attributes, found).unwrap_or(self.shift_ms);
            let guides = ["url-tvg", "x-tvg-url", "tvg-url"].into_iter().filter_map(|name| attributes.get(name));
            for guide in guides.flat_map(told::addresses) {
                found(Item::Guide(self.number, guide));
            }
        } else if !text.starts_with('#') {
            self.address(text, found);
        }
    }

    fn address(&mut self, text: &str, found: &mut impl FnMut(Item)) {
        let (address, behind) = text.split_once('|').unwrap_or((text, ""));
        let address = address.trim();
        let group = std::mem::take(&mut self.group);
        let mut headers = std::mem::take(&mut self.headers);
        let mut entry = match self.announced.take() {
            Some((_, entry)) => entry,
            None if address.contains("://") => Entry { shift_ms: self.shift_ms, ..Entry::default() },
            None => return found(Item::Bad(self.number, Fault::NotAnAddress)),
        };
        if !told::pairs(behind, &mut headers) {
            found(Item::Bad(self.number, Fault::Header));
        }
        if entry.group.is_empty() {
            entry.group = group;
        }
        let headers = std::mem::take(&mut entry.headers).overridden_by(headers);
        found(Item::Entry(Entry { line: self.number, address: address.to_owned(), headers, ..entry }));
    }

    /// What stands behind `#EXTINF:`.
    fn entry(&self, rest: &str, found: &mut impl FnMut(Item)) -> Entry {
        // The length comes first; channels have none (-1), and what is said of it is of no use.
        let after_length = rest.find([' ', '\t', ',']).map_or("", |at| &rest[at..]);
        let (attributes, name) = Attributes::read(after_length);
        let get = |name: &str, chars| attributes.get(name).map(|value| text::line(value, chars)).unwrap_or_default();
        let words = limits::CHANNEL_NAME_CHARS;
        let guide_name = get("tvg-name", words);
        let mut name = text::line(name, words);
        if name.is_empty() {
            name.clone_from(&guide_name);
        }
        let number = attributes.get("tvg-chno").or_else(|| attributes.get("channel-number"));
        let mut headers = Headers::default();
        for name in ["user-agent", "http-user-agent", "referrer", "http-referrer", "http-referer"] {
            if let Some(value) = attributes.get(name)
                && !headers.set(name.trim_start_matches("http-"), value)
            {
                found(Item::Bad(self.number, Fault::Header));
            }
        }
        Entry {
            line: 0,
            name,
            number: number.and_then(|number| number.trim().parse().ok()).filter(|number| *number > 0),
            group: get("group-title", words),
            logo: get("tvg-logo", limits::FETCH_ADDRESS_BYTES),
            guide_id: get("tvg-id", words),
            guide_name,
            shift_ms: self.shift(&attributes, found).unwrap_or(self.shift_ms),
            address: String::new(),
            headers,
        }
    }

    /// `tvg-shift` of a line, if it says one that can be.
    fn shift(&self, attributes: &Attributes<'_>, found: &mut impl FnMut(Item)) -> Option<i64> {
        let shift = told::shift_ms(attributes.get("tvg-shift")?);
        if shift.is_none() {
            found(Item::Bad(self.number, Fault::Shift));
        }
        shift
    }
}

/// What follows `name` at the start of a line, in whatever case.
fn tag<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (start, rest) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], piece: usize) -> Vec<Item> {
        let (mut reader, mut items) = (Reader::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            reader.push(piece, &mut |item| items.push(item));
        }
        reader.finish(&mut |item| items.push(item));
        items
    }

    fn entries(text: &str) -> Vec<Entry> {
        let entry = |item| match item {
            Item::Entry(entry) => Some(entry),
            _ => None,
        };
        read(text.as_bytes(), usize::MAX).into_iter().filter_map(entry).collect()
    }

    fn headers(said: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in said {
            assert!(headers.set(name, value), "{name}: {value}");
        }
        headers
    }

    #[test]
    fn who_asks_is_said_in_all_ways_of_saying_it() {
        let list = "#EXTM3U\n\
            #EXTINF:-1,Below\n#EXTVLCOPT:http-user-agent=IE 6\n#EXTVLCOPT:http-referrer=http://x/\nhttp://a/1\n\
            #EXTVLCOPT--http-referer=\"http://above/\"\n#EXTINF:-1,Above\nhttp://a/2\n\
            #EXTINF:-1,Bar\nhttp://a/3|User-Agent=Mozilla%2F5.0+(X)&referer='http://x/?a=1'&Cookie=a%0d%0ab\n\
            #EXTINF:-1,Kodi\n#KODIPROP:inputstream.adaptive.stream_headers=User-Agent=A%20B&X-Y=1\n\
            #KODIPROP:inputstream.adaptive.license_type=com.widevine.alpha\nhttp://a/4\n\
            #EXTINF:-1 http-user-agent=\"U\" http-referrer='http://r/' user-agent=\"\",Attributes\nhttp://a/5\n\
            #EXTINF:-1 http-user-agent=\"first\",Both\n#EXTVLCOPT:http-user-agent=second\nhttp://a/6|User-Agent=third\n\
            #EXTINF:-1,No address\n#EXTVLCOPT:http-user-agent=nobody's\n\
            #EXTINF:-1,Nothing\nhttp://a/7\nhttp://a/8|User-Agent=bare\n";
        let said: Vec<_> = entries(list).into_iter().map(|entry| entry.headers).collect();
        let expected: [&[(&str, &str)]; 8] = [
            &[("user-agent", "IE 6"), ("referer", "http://x/")],
            &[("referer", "http://above/")],
            &[("user-agent", "Mozilla/5.0 (X)"), ("referer", "http://x/?a=1")],
            &[("user-agent", "A B")],
            &[("user-agent", "U"), ("referer", "http://r/")],
            &[("user-agent", "third")],
            &[],
            &[("user-agent", "bare")],
        ];
        assert_eq!(said, expected.map(headers));
        // Nobody writes a line of his own into a request.
        let evil = "#EXTINF:-1,A\nhttp://a/|User-Agent=x%0d%0aHost:%20evil&Referer=%00\n";
        assert_eq!(entries(evil)[0].headers, Headers::default());
        assert_eq!(read(evil.as_bytes(), 9)[0], Item::Bad(2, Fault::Header));
    }

    #[test]
    fn channels_may_be_later_than_their_guide() {
        let list = "#EXTM3U tvg-shift=\"1\"\n#EXTINF:-1,List's own\nhttp://a/1\n#EXTINF:-1 tvg-shift=-2.5,A\nhttp://a/2\n\
            #EXTINF:-1 tvg-shift=\"+0,25\",B\nhttp://a/3\n#EXTINF:-1 tvg-shift=\"0\",C\nhttp://a/4\n\
            #EXTINF:-1 tvg-shift=\"soon\",D\nhttp://a/5\nhttp://a/6\n#EXTINF:-1 tvg-shift=\"99\",E\nhttp://a/7\n";
        let minutes: Vec<_> = entries(list).iter().map(|entry| entry.shift_ms / 60_000).collect();
        assert_eq!(minutes, [60, -150, 15, 0, 60, 60, 60]);
        let bad = read(list.as_bytes(), 7).into_iter().filter(|item| matches!(item, Item::Bad(_, Fault::Shift)));
        assert_eq!(bad.count(), 2);
    }

    #[test]
    fn all_guides_of_a_list_are_found() {
        let guides = |list: &str| -> Vec<_> {
            let guide = |item| match item {
                Item::Guide(line, address) => Some((line, address)),
                _ => None,
            };
            read(list.as_bytes(), 100).into_iter().filter_map(guide).collect()
        };
        let one = |text: &str| (1, text.to_owned());
        assert_eq!(
            guides("#EXTM3U url-tvg=\"http://a/1.xml, http://b/2.xml?x=1,2 ,\" x-tvg-url='http://c/3.xml'"),
            [one("http://a/1.xml"), one("http://b/2.xml?x=1,2"), one("http://c/3.xml")]
        );
        assert_eq!(guides("#EXTM3U x-tvg-url=\"1.xml,2.xml.gz\"\n"), [one("1.xml"), one("2.xml.gz")]);
        // Lists that were joined.
        assert_eq!(guides("#EXTM3U url-tvg=a.xml\n\n#EXTM3U url-tvg=b.xml\n"), [one("a.xml"), (3, "b.xml".into())]);
    }

    #[test]
    fn sloppy_lines_are_read() {
        let list = "#EXTM3U\n#EXTINF:-1 tvg-id='it.one' group-title='L'Arte, TV',Single quotes\nhttp://a/1\n\
            #EXTINF:-1 tvg-id=\"two\" No comma at all\nhttp://a/2\n#EXTINF:-1 Name alone\nhttp://a/3\n\
            #EXTINF:-1, tvg-id=\"four\" group-title=\"G\",Comma first\nhttp://a/4\n#EXTINF:-1, a=b, c\nhttp://a/5\n\
            #EXTINF:-1 tvg-id=six tvg-name=Six,\nhttp://a/6\n";
        let entries = entries(list);
        let shown: Vec<_> = entries.iter().map(|e| (&*e.guide_id, &*e.group, &*e.name)).collect();
        assert_eq!(
            shown,
            [
                ("it.one", "L'Arte, TV", "Single quotes"),
                ("two", "", "No comma at all"),
                ("", "", "Name alone"),
                ("four", "G", "Comma first"),
                ("", "", "a=b, c"),
                ("six", "", "Six"),
            ]
        );
    }

    #[test]
    fn a_providers_list() {
        let list = "\u{feff}#EXTM3U url-tvg=\"http://guide.example/a.xml.gz,http://b\" tvg-shift=0\r\n\
            #EXTINF:-1 tvg-id=\"rtp1.pt\" tvg-name=\"RTP 1\" tvg-logo=\"http://l.example/1.png\" tvg-chno=\"1\" \
            group-title=\"Portugal, free\",RTP 1 HD, Lisboa\r\n\
            #EXTVLCOPT:http-user-agent=VLC\r\n\
            \r\n\
            http://tv.example:8080/live/1.m3u8|User-Agent=x\r\n\
            #EXTINF:-1,SIC\r\n\
            #EXTGRP:News\r\n\
            hls/sic.m3u8\r\n\
            #EXTINF:0 tvg-chno=5.1 tvg-name=Five , \r\n\
            https://tv.example/5.ts";
        let expected = [
            Item::Guide(1, "http://guide.example/a.xml.gz".into()),
            Item::Guide(1, "http://b".into()),
            Item::Entry(Entry {
                line: 5,
                name: "RTP 1 HD, Lisboa".into(),
                number: Some(1),
                group: "Portugal, free".into(),
                logo: "http://l.example/1.png".into(),
                guide_id: "rtp1.pt".into(),
                guide_name: "RTP 1".into(),
                shift_ms: 0,
                address: "http://tv.example:8080/live/1.m3u8".into(),
                headers: headers(&[("user-agent", "x")]),
            }),
            Item::Entry(Entry {
                line: 8,
                name: "SIC".into(),
                group: "News".into(),
                address: "hls/sic.m3u8".into(),
                ..Entry::default()
            }),
            Item::Entry(Entry {
                line: 10,
                name: "Five".into(),
                guide_name: "Five".into(),
                address: "https://tv.example/5.ts".into(),
                ..Entry::default()
            }),
        ];
        for piece in [usize::MAX, 1, 7] {
            assert_eq!(read(list.as_bytes(), piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_plain_list_of_addresses() {
        let plain = entries("http://a.example/1.ts\n\n# a comment\nudp://@239.0.0.1:1234\n");
        let addresses: Vec<_> = plain.iter().map(|entry| (entry.line, entry.address.as_str())).collect();
        assert_eq!(addresses, [(1, "http://a.example/1.ts"), (4, "udp://@239.0.0.1:1234")]);
    }

    #[test]
    fn what_is_no_channel_is_named() {
        let long = format!("#EXTM3U\n#EXTINF:-1,A\nhttp://a/{}\nhttp://b/\n", "x".repeat(limits::CHANNEL_LINE_BYTES));
        let bad = |text: &str| -> Vec<_> {
            let bad = |item| match item {
                Item::Bad(line, fault) => Some((line, fault)),
                _ => None,
            };
            read(text.as_bytes(), 1000).into_iter().filter_map(bad).collect()
        };
        assert_eq!(bad(&long), [(3, Fault::TooLong)]);
        let list = long.replace("EXTINF:-1,A", "EXTINF:-1,A\n#EXTGRP:G\n#EXTVLCOPT:http-user-agent=A's");
        let [other] = &entries(&list)[..] else { panic!("one has an address") };
        assert_eq!(
            (&*other.address, &*other.group, &other.headers),
            ("http://b/", "", &Headers::default()),
            "what was said of one is no other's"
        );
        assert_eq!(
            bad("#EXTINF:-1,A\n#EXTINF:-1,B\nhttp://b/\n#EXTINF:-1,C"),
            [(1, Fault::NoAddress), (4, Fault::NoAddress)]
        );
        assert_eq!(bad("#EXTM3U\nwhat is this\n"), [(2, Fault::NotAnAddress)]);
        assert_eq!(bad("\n<!DOCTYPE html>\n<p>\n"), [(2, Fault::WebPage)]);
        assert_eq!(bad("<"), [(1, Fault::WebPage)]);
        let utf16: Vec<u8> = "\u{feff}#EXTM3U\n#EXT".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16, 3), [Item::Bad(1, Fault::Utf16)]);
    }

    #[test]
    fn names_are_read_in_latin_1_too() {
        let items = read(b"#EXTINF:-1 group-title=\"Not\xedcias\",Televis\xe3o\nhttp://a/\n", 5);
        let [Item::Entry(entry)] = &items[..] else { panic!("{items:?}") };
        assert_eq!((entry.name.as_str(), entry.group.as_str()), ("Televisão", "Notícias"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, piece in 1_usize..50) {
            read(&bytes, piece);
        }

        #[test]
        fn lines_of_pieces_are_answered(pieces in "(#EXTINF:|#EXTM3U|#EXTGRP:|#EXTVLCOPT:|#KODIPROP:|http-user-agent|tvg-shift|url-tvg|%0a|[|&]|'|-1|,|\"|=| |tvg-id|\n|\r|http://|é|<){0,40}", piece in 1_usize..9) {
            let whole = read(pieces.as_bytes(), usize::MAX);
            prop_assert_eq!(read(pieces.as_bytes(), piece), whole);
        }
    }
}
