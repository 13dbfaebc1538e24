//! What is on: the programmes of the channels that are known, from now until the guides are read again. Pure.
//!
//! Each channel has its programmes from the first guide that has any of it; a channel that is later than its guide says
//! (`tvg-shift`) shares them with the others.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::io;

use crate::ground::id::ChannelId;
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::iptv::cache::Unpacked;
use crate::iptv::catalogue::{Catalogue, Channel};
use crate::wire::xmltv::{Item, Reader, XmltvError, Zone};

/// How long a programme lasts of which neither the end nor what follows is known.
const UNKNOWN_LENGTH_MS: i64 = 3 * 3600 * 1000;

/// A programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    /// When it begins.
    pub start: UnixMs,
    /// When it ends.
    pub stop: UnixMs,
    /// Its title; may be empty.
    pub title: Box<str>,
}

/// The guides, as far as they are of use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guide {
    /// Of each channel of the guides that is one of ours; the earliest first, none over another.
    programmes: Vec<Vec<Programme>>,
    of_channel: HashMap<ChannelId, u32>,
}

impl Guide {
    /// What is on at `now` on a channel, and what comes next.
    pub fn now_and_next(&self, channel: &Channel, now: UnixMs) -> (Option<Programme>, Option<Programme>) {
        let programmes = self.of_channel.get(&channel.id).and_then(|at| self.programmes.get(*at as usize));
        let Some(programmes) = programmes else { return (None, None) };
        let shifted = |date: UnixMs, by_ms: i64| UnixMs(date.0.saturating_add(by_ms));
        let now = shifted(now, -channel.shift_ms);
        let begun = programmes.partition_point(|programme| programme.start <= now);
        let on = begun.checked_sub(1).and_then(|at| programmes.get(at)).filter(|programme| programme.stop > now);
        let shown = |programme: &Programme| Programme {
            start: shifted(programme.start, channel.shift_ms),
            stop: shifted(programme.stop, channel.shift_ms),
            title: programme.title.clone(),
        };
        (on.map(shown), programmes.get(begun).map(shown))
    }

    /// Programmes that are kept.
    pub fn count(&self) -> usize {
        self.programmes.iter().map(Vec::len).sum()
    }
}

/// How the reading of one guide went.
#[derive(Debug, Default)]
pub struct Reading {
    /// Why it couldn't be read on. What was read before holds.
    pub error: Option<XmltvError>,
    /// It is longer than is read.
    pub is_cut: bool,
    /// Programmes that are kept of it.
    pub kept: usize,
    /// Programmes that would be of use, but are too many.
    pub left_out: u64,
    /// Channels and programmes that can't be used.
    pub skipped_total: u64,
    /// The first of them: what, and why.
    pub skipped: Vec<String>,
}

/// Reads guides, one after the other.
pub struct Builder<'a> {
    catalogue: &'a Catalogue,
    from: UnixMs,
    to: UnixMs,
    zone: &'a Zone,
    kept: usize,
    guide: Guide,
}

impl<'a> Builder<'a> {
    /// Keeps what is on from `from` to `to` on the channels of `catalogue`. Dates without a zone are in `zone`.
    pub fn new(catalogue: &'a Catalogue, (from, to): (UnixMs, UnixMs), zone: &'a Zone) -> Self {
        // Programmes are kept as the guides say them.
        let shifts = || catalogue.channels().iter().map(|channel| channel.shift_ms).chain([0]);
        let from = UnixMs(from.0 - shifts().max().unwrap_or(0));
        let to = UnixMs(to.0 - shifts().min().unwrap_or(0));
        Self { catalogue, from, to, zone, kept: 0, guide: Guide::default() }
    }

    /// Reads one more guide, which `open` opens, until it ends, breaks off or `go_on` says no. Where names of our
    /// channels stand behind their programmes, it is read a second time.
    pub fn read(&mut self, open: impl Fn() -> io::Result<Unpacked>, go_on: &dyn Fn() -> bool) -> io::Result<Reading> {
        // What an earlier guide has takes no room a second time.
        let served = &self.guide.of_channel;
        let mut wanted =
            Wanted::of(self.catalogue.channels().iter().filter(|channel| !served.contains_key(&channel.id)));
        let (mut reading, mut found) = self.read_through(open()?, &mut wanted, go_on);
        if std::mem::take(&mut wanted.came_late) && go_on() {
            // Never are both there.
            drop(found);
            (reading, found) = self.read_through(open()?, &mut wanted, go_on);
        }
        self.kept += reading.kept;
        let mut at = HashMap::new();
        for (key, programmes) in found {
            at.insert(key, self.guide.programmes.len() as u32);
            self.guide.programmes.push(in_order(programmes));
        }
        for channel in self.catalogue.channels() {
            let by_name = || {
                let names = [&channel.guide_name, &channel.name];
                names.into_iter().find_map(|name| at.get(wanted.by_name.get(&key(name))?.as_ref()?))
            };
            if let Some(at) = at.get(&key(&channel.guide_id)).or_else(by_name) {
                self.guide.of_channel.entry(channel.id).or_insert(*at);
            }
        }
        Ok(reading)
    }

    fn read_through(&self, mut source: Unpacked, wanted: &mut Wanted, go_on: &dyn Fn() -> bool) -> (Reading, Found) {
        let mut reading = Reading::default();
        let mut found = Found::new();
        let mut reader = Reader::new(&mut source, self.zone.clone());
        loop {
            match reader.next_item() {
                _ if !go_on() => break,
                Ok(Some(Item::Channel { id, names })) => wanted.introduce(&id, &names),
                Ok(Some(Item::Programme { channel, start, stop, title })) => {
                    let last = stop.unwrap_or(UnixMs(start.0 + UNKNOWN_LENGTH_MS));
                    if start >= self.to || last <= self.from {
                        continue;
                    }
                    let key = key(&channel);
                    if !wanted.ids.contains(&key) {
                        wanted.remember(&key);
                    } else if self.kept + reading.kept == limits::GUIDE_PROGRAMMES {
                        reading.left_out += 1;
                    } else {
                        reading.kept += 1;
                        let programme = Programme { start, stop: last, title: title.into() };
                        found.entry(key).or_default().push((programme, stop.is_some()));
                    }
                }
                Ok(Some(Item::Bad(fault))) => {
                    reading.skipped_total += 1;
                    if reading.skipped.len() < limits::GUIDE_FAULTS {
                        reading.skipped.push(fault.to_string());
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    reading.error = Some(error);
                    break;
                }
            }
        }
        reading.is_cut = source.limit() == 0;
        (reading, found)
    }

    /// What was read.
    pub fn finish(self) -> Guide {
        self.guide
    }
}

/// Programmes of the guide's channels, and of each whether its end was said.
type Found = HashMap<String, Vec<(Programme, bool)>>;

/// Which of the guide's channels are ours.
struct Wanted {
    /// Ids of the guide whose programmes are kept.
    ids: HashSet<String>,
    /// Names of our channels, and the id of the guide's channel that has one.
    by_name: HashMap<String, Option<String>>,
    /// Ids whose programmes were passed over, as hashes.
    unknown: HashSet<u64>,
    hasher: RandomState,
    /// One of them turned out to be ours after that.
    came_late: bool,
}

impl Wanted {
    fn of<'a>(channels: impl Iterator<Item = &'a Channel> + Clone) -> Self {
        let ids = channels.clone().map(|channel| key(&channel.guide_id)).filter(|key| !key.is_empty()).collect();
        let names = channels.flat_map(|channel| [&channel.guide_name, &channel.name]);
        let by_name = names.map(|name| (key(name), None)).filter(|(key, _)| !key.is_empty()).collect();
        Self { ids, by_name, unknown: HashSet::new(), hasher: RandomState::new(), came_late: false }
    }

    /// Programmes of a channel are passed over.
    fn remember(&mut self, key: &str) {
        if self.unknown.len() < limits::GUIDE_UNKNOWN_CHANNELS {
            self.unknown.insert(self.hasher.hash_one(key));
        }
    }

    /// A channel of the guide, and the names it has.
    fn introduce(&mut self, id: &str, names: &[String]) {
        for name in names {
            if let Some(known) = self.by_name.get_mut(&key(name)).filter(|known| known.is_none()) {
                let id = key(id);
                let is_full = self.unknown.len() == limits::GUIDE_UNKNOWN_CHANNELS;
                let was_passed_over = is_full || self.unknown.contains(&self.hasher.hash_one(&id));
                self.came_late |= was_passed_over && !self.ids.contains(&id);
                *known = Some(id.clone());
                self.ids.insert(id);
            }
        }
    }
}

/// Lists and guides are written by different people: capitals and spaces at the ends don't count.
fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Programmes by their start; one ends where the next begins, if it had no end of its own or one behind that.
fn in_order(mut programmes: Vec<(Programme, bool)>) -> Vec<Programme> {
    // The same programme said twice: an end that is said goes before a guess, the later one before the earlier.
    programmes.sort_by_key(|(programme, ends)| (programme.start, !ends, Reverse(programme.stop)));
    programmes.dedup_by_key(|(programme, _)| programme.start);
    let starts: Vec<_> = programmes.iter().skip(1).map(|(programme, _)| Some(programme.start)).collect();
    let nexts = starts.into_iter().chain([None]);
    let close = |((mut programme, ends), next): ((Programme, bool), Option<UnixMs>)| {
        if let Some(next) = next
            && (next < programme.stop || !ends)
        {
            programme.stop = next;
        }
        programme
    };
    programmes.into_iter().zip(nexts).map(close).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iptv::catalogue::Builder as CatalogueBuilder;
    use crate::wire::m3u;
    use crate::wire::xmltv::date;

    fn catalogue() -> Catalogue {
        let list = "#EXTINF:-1 tvg-id=\"One.pt\",One\nhttp://a/1\n#EXTINF:-1,Second Channel\nhttp://a/2\n\
            #EXTINF:-1 tvg-id=\"one.pt\",One HD\nhttp://a/3\n#EXTINF:-1,Third\nhttp://a/4\n";
        let mut builder = CatalogueBuilder::new(None);
        let mut reader = m3u::Reader::default();
        reader.push(list.as_bytes(), &mut |item| builder.take(item));
        reader.finish(&mut |item| builder.take(item));
        builder.finish()
    }

    fn at(text: &str) -> UnixMs {
        date(text, &Zone::default()).expect("a date")
    }

    fn opened(guide: &[u8]) -> Unpacked {
        let guide: Box<dyn io::BufRead> = Box::new(io::Cursor::new(guide.to_vec()));
        io::Read::take(guide, u64::MAX)
    }

    fn read(guides: &[&str], catalogue: &Catalogue, window: (UnixMs, UnixMs)) -> (Guide, Vec<Reading>) {
        let zone = Zone::default();
        let mut builder = Builder::new(catalogue, window, &zone);
        let readings =
            guides.iter().map(|guide| builder.read(|| Ok(opened(guide.as_bytes())), &|| true).expect("it opens"));
        let readings = readings.collect();
        (builder.finish(), readings)
    }

    fn on(guide: &Guide, catalogue: &Catalogue, channel: usize, now: &str) -> (String, String) {
        let title = |programme: Option<Programme>| programme.map_or("-".to_owned(), |p| p.title.to_string());
        let (now, next) = guide.now_and_next(&catalogue.channels()[channel], at(now));
        (title(now), title(next))
    }

    fn pair(now: &str, next: &str) -> (String, String) {
        (now.to_owned(), next.to_owned())
    }

    #[test]
    fn now_and_next_over_midnight_and_zones() {
        let guide = r#"<tv><channel id="x2"><display-name>second channel </display-name></channel>
            <programme channel="one.PT" start="20260114230000 +0100" stop="20260115003000 +0100"><title>Late</title></programme>
            <programme channel="one.PT" start="20260114233000 +0000" stop="20260115010000 +0000"><title>Night</title></programme>
            <programme channel="one.PT" start="20260115020000 +0000"><title>Morning</title></programme>
            <programme channel="one.PT" start="20260110020000" stop="20260110030000"><title>Long ago</title></programme>
            <programme channel="one.PT" start="20270110020000" stop="20270110030000"><title>Next year</title></programme>
            <programme channel="x2" start="20260114180000 -0500" stop="20260115000000 -0500"><title>Film</title></programme>
            <programme channel="other" start="20260114000000" stop="20260116000000"><title>Not ours</title></programme></tv>"#;
        let catalogue = catalogue();
        let window = (at("20260114220000"), at("20260116000000"));
        let (guide, readings) = read(&[guide], &catalogue, window);
        assert!(readings[0].error.is_none());
        assert_eq!(guide.count(), 4);
        assert_eq!(on(&guide, &catalogue, 0, "20260114232959"), pair("Late", "Night"));
        assert_eq!(on(&guide, &catalogue, 0, "20260114233000"), pair("Night", "Morning"));
        assert_eq!(on(&guide, &catalogue, 0, "20260115003000 +0100"), pair("Night", "Morning"));
        assert_eq!(on(&guide, &catalogue, 0, "20260115013000"), pair("-", "Morning"));
        assert_eq!(on(&guide, &catalogue, 0, "20260115020000"), pair("Morning", "-"));
        assert_eq!(on(&guide, &catalogue, 0, "20260115060000"), pair("-", "-"), "without an end, not for ever");
        assert_eq!(on(&guide, &catalogue, 1, "20260115020000"), pair("Film", "-"), "known by its name");
        assert_eq!(on(&guide, &catalogue, 2, "20260114233000"), pair("Night", "Morning"), "two with one id");
        assert_eq!(on(&guide, &catalogue, 3, "20260114233000"), pair("-", "-"));
    }

    #[test]
    fn programmes_never_overlap() {
        let guide = r#"<tv><programme channel="one.pt" start="20260114200000" stop="20260114230000"><title>A</title></programme>
            <programme channel="one.pt" start="20260114210000" stop="20260114220000"><title>B</title></programme>
            <programme channel="one.pt" start="20260114210000" stop="20260114220000"><title>B again</title></programme>"#;
        let catalogue = catalogue();
        let window = (at("20260114200000"), at("20260116000000"));
        let (guide, _) = read(&[guide], &catalogue, window);
        assert_eq!(on(&guide, &catalogue, 0, "20260114203000"), pair("A", "B"));
        assert_eq!(on(&guide, &catalogue, 0, "20260114213000"), pair("B", "-"));
        assert_eq!(on(&guide, &catalogue, 0, "20260114223000"), pair("-", "-"));
    }

    #[test]
    fn each_channel_has_the_first_guide_that_has_it() {
        let one = r#"<tv><programme channel="one.pt" start="20260114200000" stop="20260114210000"><title>A</title></programme></tv>"#;
        // Names behind the programmes, and one of them in capitals.
        let two = r#"<tv><programme channel="one.pt" start="20260114200000" stop="20260114210000"><title>Not this</title></programme>
            <programme channel="7" start="20260114200000 BST" stop="20260114220000 BST"><title>B</title></programme>
            <programme channel="7" start="2026 soon"><title>Never</title></programme><programme start="20260114200000"><title/></programme>
            <programme channel="8" start="20260114200000"><title>Nobody's</title></programme>
            <channel id="7"><display-name>SECOND channel</display-name></channel><channel id="8"><display-name>x</display-name></channel></tv>"#;
        let broken = r#"<tv><programme channel="third" start="20260114200000"><title>C</title></programme><channel id="third">
            <display-name>Third</display-name></channel><![CDATA["#;
        let catalogue = catalogue();
        let window = (at("20260114190000"), at("20260116000000"));
        let (guide, readings) = read(&[one, two, broken], &catalogue, window);
        for (channel, now) in [(0, "A"), (1, "B"), (2, "A"), (3, "C")] {
            assert_eq!(on(&guide, &catalogue, channel, "20260114203000"), pair(now, "-"), "{channel}");
        }
        assert_eq!(
            readings.iter().map(|reading| (reading.kept, reading.skipped_total)).collect::<Vec<_>>(),
            [(1, 0), (1, 2), (1, 0)],
            "what an earlier guide has is not kept twice"
        );
        assert_eq!(guide.count(), 3);
        assert!(readings[1].skipped[0].contains("2026 soon"), "{readings:?}");
        assert!(readings[2].error.is_some());
    }

    #[test]
    fn the_better_of_two_that_begin_at_once_is_shown() {
        let guide = r#"<tv><programme channel="one.pt" start="20260114200000" stop="20260114200500"><title>Short</title></programme>
            <programme channel="one.pt" start="20260114200000"><title>Without an end</title></programme>
            <programme channel="one.pt" start="20260114200000" stop="20260114220000"><title>Long</title></programme></tv>"#;
        let catalogue = catalogue();
        let (guide, _) = read(&[guide], &catalogue, (at("20260114190000"), at("20260116000000")));
        assert_eq!(on(&guide, &catalogue, 0, "20260114213000"), pair("Long", "-"));
    }

    /// The list and the guides that real programs give, at the moment they were made.
    #[test]
    fn every_kind_of_channel_has_what_is_on() {
        let mut builder = CatalogueBuilder::new(None);
        let mut reader = m3u::Reader::default();
        reader.push(include_bytes!("../../tests/captures/iptv/tv.m3u"), &mut |item| builder.take(item));
        reader.finish(&mut |item| builder.take(item));
        let catalogue = builder.finish();
        assert_eq!((catalogue.guides.len(), catalogue.skipped_total), (2, 0), "{:?}", catalogue.skipped);
        let now = at("20261127221921");
        let zone = Zone::default();
        let mut builder = Builder::new(&catalogue, (now, at("20261128160000")), &zone);
        let first: &[u8] = include_bytes!("../../tests/captures/iptv/guide1.xml");
        let packed: &[u8] = include_bytes!("../../tests/captures/iptv/guide2.xml.gz");
        let mut second = Vec::new();
        io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut second).expect("it is packed with gzip");
        for guide in [first, &second] {
            let reading = builder.read(|| Ok(opened(guide)), &|| true).expect("it opens");
            assert!(reading.error.is_none() && reading.skipped_total == 0, "{reading:?}");
        }
        let guide = builder.finish();
        let shown: Vec<_> = (catalogue.channels().iter())
            .map(|channel| {
                let title = |programme: Option<Programme>| programme.map_or("-".into(), |p| p.title.to_string());
                let (now, next) = guide.now_and_next(channel, now);
                (&*channel.name, title(now), title(next))
            })
            .collect();
        let expected = [
            ("Um, o primeiro", "UTC now", "Coração & pão"),
            ("Two", "Zone now", "-"),
            ("Three (2nd guide)", "From the second guide", "-"),
            ("Bst", "BST now", "-"),
            ("Cet", "CET now", "-"),
            ("Nostop", "No stop now", "Later"),
            ("Dup", "Long", "-"),
            ("Nome Depois", "By name, channel later", "-"),
            ("Sec", "12 digits no zone", "-"),
            ("RTP 1 (user agent)", "-", "-"),
            // Two hours later than the guide says: its first programme is still to come.
            ("One +2h", "-", "UTC now"),
            ("Kodiprop before", "UTC now", "Coração & pão"),
            ("Space name", "UTC now", "Coração & pão"),
        ];
        assert_eq!(shown, expected.map(|(name, now, next)| (name, now.to_owned(), next.to_owned())));
        let later = catalogue.channels().iter().find(|channel| &*channel.name == "One +2h").expect("it is there");
        let (_, next) = guide.now_and_next(later, now);
        assert_eq!(next.map(|next| next.start), Some(at("20261127231921")));
    }
}
