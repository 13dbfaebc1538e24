//! TV guides in XMLTV (xmltv.dtd of the XMLTV project): channels and their names, programmes and their times.
//!
//! A guide may be hundreds of megabytes: it is read from a stream, one channel or programme at a time, in bounded
//! memory. Entities that a guide defines itself are not known here, so none can grow. No clock: what is on now is for
//! the caller to find.

mod date;
mod source;
mod zone;

use std::fmt;
use std::io::BufRead;

use quick_xml::Reader as XmlReader;
use quick_xml::events::{BytesStart, Event};

use crate::ground::limits;
use crate::ground::text;
use crate::ground::time::UnixMs;
pub use date::date;
use source::Source;
pub use zone::{NoZone, Zone};

/// Something of a guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A channel: its id in this guide and the names it has.
    Channel {
        /// `id`
        id: String,
        /// Its `display-name`s; at most eight.
        names: Vec<String>,
    },
    /// Something shown on a channel.
    Programme {
        /// The channel's id.
        channel: String,
        /// When it begins.
        start: UnixMs,
        /// When it ends, if that is said.
        stop: Option<UnixMs>,
        /// Its first title.
        title: String,
    },
    /// What was skipped, and why.
    Bad(Fault),
}

/// Why a programme or channel of a guide is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A channel without an id.
    NoId,
    /// A programme of no channel.
    NoChannel,
    /// A programme of this channel whose start can't be read: as it stands there.
    Start(String, String),
    /// A programme of this channel with nothing in it.
    Empty(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoId => f.write_str("a channel has no id"),
            Self::NoChannel => f.write_str("a programme names no channel"),
            Self::Start(channel, start) => {
                write!(f, "a programme of {channel} begins at no date that is known: {start:?}")
            }
            Self::Empty(channel) => write!(f, "a programme of {channel} has no title"),
        }
    }
}

/// Why a guide can't be read on. What was read before holds.
#[derive(Debug)]
pub enum XmltvError {
    /// The source failed, or gave what can't be unpacked.
    Source(std::io::Error),
    /// This is not XML.
    Xml(String),
    /// It is well-formed and no guide: it opens with this tag.
    NotAGuide(String),
}

impl fmt::Display for XmltvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => write!(f, "the guide breaks off: {error}"),
            Self::Xml(error) => write!(f, "the guide is broken: {error}"),
            Self::NotAGuide(tag) => write!(f, "this is no XMLTV guide: it opens with <{tag}>; check the address"),
        }
    }
}
impl std::error::Error for XmltvError {}

/// Names of one channel that are kept.
const NAMES: usize = 8;

/// Reads a guide, item by item.
pub struct Reader<R> {
    xml: XmlReader<Source<R>>,
    buffer: Vec<u8>,
    /// Of dates that have none.
    zone: Zone,
    begun: bool,
    over: bool,
}

/// An element that is being read.
enum Open {
    Channel { id: String, names: Vec<String> },
    Programme { channel: String, start: String, stop: String, title: Option<String> },
}

impl<R: BufRead> Reader<R> {
    /// Reads the guide that `source` gives, unpacked. Dates without a zone are in `zone`.
    pub fn new(source: R, zone: Zone) -> Self {
        let mut xml = XmlReader::from_reader(Source::new(source, limits::GUIDE_TOKEN_BYTES));
        let config = xml.config_mut();
        // Guides are written by scripts: one wrong end is no reason to know nothing.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self { xml, buffer: Vec::new(), zone, begun: false, over: false }
    }

    /// The next channel or programme, or what had to be skipped; `None` at the end.
    pub fn next_item(&mut self) -> Result<Option<Item>, XmltvError> {
        let mut open: Option<Open> = None;
        // The text of the element under way, if it is one that is wanted.
        let mut words: Option<String> = None;
        while !self.over {
            self.buffer.clear();
            self.xml.get_mut().begin_token();
            let event = self.xml.read_event_into(&mut self.buffer).map_err(|error| match error {
                quick_xml::Error::Io(error) => XmltvError::Source(std::io::Error::new(error.kind(), error.to_string())),
                other => XmltvError::Xml(other.to_string()),
            })?;
            match event {
                Event::Start(start) => {
                    let name = start.name();
                    match name.as_ref() {
                        "channel" => open = Some(channel(&start)),
                        "programme" => open = Some(programme(&start)),
                        "display-name" | "title" if open.is_some() => words = Some(String::new()),
                        "tv" => {}
                        other if !self.begun => {
                            let tag = text::line(other, 40);
                            return Err(XmltvError::NotAGuide(tag));
                        }
                        _ => {}
                    }
                    self.begun = true;
                }
                Event::Text(piece) => add(&mut words, &piece),
                Event::CData(piece) => add(&mut words, &piece),
                Event::GeneralRef(reference) => {
                    if let (Some(words), Some(c)) = (&mut words, character(&reference)) {
                        words.push(c);
                    }
                }
                Event::End(end) => match end.name().as_ref() {
                    "display-name" | "title" => close_words(&mut open, words.take()),
                    "channel" | "programme" => {
                        if let Some(open) = open.take() {
                            return Ok(Some(open.close(&self.zone)));
                        }
                    }
                    _ => {}
                },
                Event::Eof => self.over = true,
                Event::Empty(start) if start.name().as_ref() == "programme" => {
                    return Ok(Some(Item::Bad(Fault::Empty(attribute(&start, "channel")))));
                }
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        Ok(None)
    }
}

fn add(words: &mut Option<String>, piece: &str) {
    if let Some(words) = words
        && words.len() < 4 * limits::CHANNEL_NAME_CHARS
    {
        words.extend(piece.chars().take(limits::CHANNEL_NAME_CHARS + 1));
    }
}

fn close_words(open: &mut Option<Open>, words: Option<String>) {
    let Some(words) = words.map(|words| text::line(&words, limits::CHANNEL_NAME_CHARS)) else { return };
    match open {
        Some(Open::Channel { names, .. }) if names.len() < NAMES && !words.is_empty() => names.push(words),
        // The first title is the original one, or that of the guide's own language.
        Some(Open::Programme { title, .. }) if title.is_none() && !words.is_empty() => *title = Some(words),
        _ => {}
    }
}

impl Open {
    fn close(self, zone: &Zone) -> Item {
        match self {
            Self::Channel { id, .. } if id.is_empty() => Item::Bad(Fault::NoId),
            Self::Channel { id, names } => Item::Channel { id, names },
            Self::Programme { channel, .. } if channel.is_empty() => Item::Bad(Fault::NoChannel),
            Self::Programme { channel, start, stop, title } => match date(&start, zone) {
                None => Item::Bad(Fault::Start(channel, start)),
                Some(start) => {
                    let stop = date(&stop, zone).filter(|stop| *stop > start);
                    Item::Programme { channel, start, stop, title: title.unwrap_or_default() }
                }
            },
        }
    }
}

fn channel(start: &BytesStart<'_>) -> Open {
    Open::Channel { id: attribute(start, "id"), names: Vec::new() }
}

fn programme(start: &BytesStart<'_>) -> Open {
    Open::Programme {
        channel: attribute(start, "channel"),
        start: attribute(start, "start"),
        stop: attribute(start, "stop"),
        title: None,
    }
}

/// The value of an attribute; empty if there is none.
fn attribute(start: &BytesStart<'_>, name: &str) -> String {
    let mut attributes = start.attributes();
    let found = attributes.with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == name);
    let value = found.map(|attribute| unescaped(attribute.value.as_ref())).unwrap_or_default();
    text::line(&value, limits::CHANNEL_NAME_CHARS)
}

/// `text` with its references replaced; those that are unknown stay as they are.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';').and_then(|(reference, after)| Some((character(reference)?, after))) {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The character a reference stands for: one of the five of XML, or a number (XML 1.0, sections 4.1 and 4.6).
fn character(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = reference.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(guide: &[u8]) -> (Vec<Item>, Option<XmltvError>) {
        let mut reader = Reader::new(guide, Zone::default());
        let mut items = Vec::new();
        loop {
            match reader.next_item() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return (items, None),
                Err(error) => return (items, Some(error)),
            }
        }
    }

    fn at(text: &str) -> UnixMs {
        date(text, &Zone::default()).expect("a date")
    }

    #[test]
    fn a_guide() {
        let guide = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd" [ <!ENTITY a "aaaaaaaaaa"> ]>
<tv generator-info-name="x">
  <!-- channels first -->
  <channel id="rtp1.pt"><display-name lang="pt">RTP 1</display-name><display-name>1</display-name><icon src="x"/></channel>
  <channel id=""><display-name>none</display-name></channel>
  <programme start="20260114233000 +0100" stop="20260115003000 +0100" channel="rtp1.pt">
    <title lang="pt">Tom &amp; Jerry &#8211; &a;<![CDATA[ <3]]></title><title lang="en">Other</title>
    <desc>title</desc>
  </programme>
  <programme start="20260115003000" channel="R&amp;D"/>
  <programme start="202601150030" channel="R&amp;D"></programme>
  <programme start="soon" channel="rtp1.pt"><title>Never</title></programme>
  <programme start="20260115003000 +0000" stop="20260115000000 +0000" channel='rtp1.pt'><title> </title></programme>
</tv>"#;
        let (items, error) = read(guide.as_bytes());
        assert!(error.is_none(), "{error:?}");
        let programme = |channel: &str, start: &str, stop: Option<&str>, title: &str| Item::Programme {
            channel: channel.into(),
            start: at(start),
            stop: stop.map(at),
            title: title.into(),
        };
        assert_eq!(
            items,
            [
                Item::Channel { id: "rtp1.pt".into(), names: vec!["RTP 1".into(), "1".into()] },
                Item::Bad(Fault::NoId),
                programme("rtp1.pt", "20260114223000", Some("20260114233000"), "Tom & Jerry –  <3"),
                Item::Bad(Fault::Empty("R&D".into())),
                programme("R&D", "20260115003000", None, ""),
                Item::Bad(Fault::Start("rtp1.pt".into(), "soon".into())),
                programme("rtp1.pt", "20260115003000", None, ""),
            ]
        );
    }

    #[test]
    fn other_encodings_are_read() {
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><tv><programme start=\"20260101000000\" \
            channel=\"Televis\xe3o\"><title>Not\xedcias</title></programme></tv>";
        let (items, _) = read(latin);
        let [Item::Programme { channel, title, .. }] = &items[..] else { panic!("{items:?}") };
        assert_eq!((channel.as_str(), title.as_str()), ("Televisão", "Notícias"));
    }

    #[test]
    fn what_is_no_guide_is_named() {
        let (items, error) = read(b"<html><body>Not found</body></html>");
        assert!(items.is_empty() && matches!(error, Some(XmltvError::NotAGuide(tag)) if tag == "html"));
        let good = "<tv><channel id=\"a\"></channel>";
        let (items, error) = read(format!("{good}<programme start='{}'", "x".repeat(2_000_000)).as_bytes());
        assert_eq!(items.len(), 1, "what came before holds");
        assert!(matches!(error, Some(XmltvError::Source(_))), "{error:?}");
        let (items, error) = read(format!("{good}{}", "<a>".repeat(100_000)).as_bytes());
        assert!(items.len() == 1 && error.is_none(), "{error:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            read(&bytes);
        }

        #[test]
        fn any_pieces_are_answered(pieces in "(<tv>|<channel |<programme |id=|start=\"|20260101|\"|'|>|/>|</|<title>|&|;|#x|<!\\[CDATA\\[|\\]\\]>|<!--|-->|<\\?|é){0,40}") {
            read(pieces.as_bytes());
        }
    }
}
