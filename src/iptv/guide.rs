//! What is on: the programmes of the channels that are known, from now until the guide is read again. Pure.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;

use crate::ground::id::ChannelId;
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::iptv::catalogue::Catalogue;
use crate::wire::xmltv::{Item, Reader, XmltvError};

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

/// The guide, as far as it is of use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guide {
    /// Of each channel of the guide that is one of ours; the earliest first, none over another.
    programmes: Vec<Vec<Programme>>,
    of_channel: HashMap<ChannelId, u32>,
    /// The guide has more programmes than are kept.
    pub has_more: bool,
}

impl Guide {
    /// Reads what is on from `from` to `to` on the channels of `catalogue`, until the guide ends, breaks off or
    /// `go_on` says no. A guide that breaks off holds as far as it was read: the reason comes with it.
    pub fn read(
        source: impl BufRead,
        catalogue: &Catalogue,
        (from, to): (UnixMs, UnixMs),
        go_on: &dyn Fn() -> bool,
    ) -> (Self, Option<XmltvError>) {
        let mut wanted = Wanted::of(catalogue);
        let mut found: HashMap<String, Vec<(Programme, bool)>> = HashMap::new();
        let (mut kept, mut has_more) = (0, false);
        let mut reader = Reader::new(source);
        let error = loop {
            match reader.next_item() {
                _ if !go_on() => break None,
                Ok(Some(Item::Channel { id, names })) => wanted.introduce(&id, &names),
                Ok(Some(Item::Programme { channel, start, stop, title })) => {
                    let last = stop.unwrap_or(UnixMs(start.0 + UNKNOWN_LENGTH_MS));
                    let key = key(&channel);
                    if start >= to || last <= from || !wanted.ids.contains(&key) {
                        continue;
                    }
                    if kept == limits::GUIDE_PROGRAMMES {
                        has_more = true;
                        continue;
                    }
                    kept += 1;
                    let programme = Programme { start, stop: last, title: title.into() };
                    found.entry(key).or_default().push((programme, stop.is_some()));
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        (Self::of(catalogue, &wanted, found, has_more), error)
    }

    fn of(
        catalogue: &Catalogue,
        wanted: &Wanted,
        found: HashMap<String, Vec<(Programme, bool)>>,
        has_more: bool,
    ) -> Self {
        let mut guide = Self { has_more, ..Self::default() };
        let mut at = HashMap::new();
        for (key, programmes) in found {
            at.insert(key, guide.programmes.len() as u32);
            guide.programmes.push(in_order(programmes));
        }
        for channel in catalogue.channels() {
            let by_name = || {
                let names = [&channel.guide_name, &channel.name];
                names.into_iter().find_map(|name| at.get(wanted.by_name.get(&key(name))?.as_ref()?))
            };
            if let Some(at) = at.get(&key(&channel.guide_id)).or_else(by_name) {
                guide.of_channel.insert(channel.id, *at);
            }
        }
        guide
    }

    /// What is on at `now` on a channel, and what comes next.
    pub fn now_and_next(&self, channel: ChannelId, now: UnixMs) -> (Option<&Programme>, Option<&Programme>) {
        let programmes = self.of_channel.get(&channel).and_then(|at| self.programmes.get(*at as usize));
        let Some(programmes) = programmes else { return (None, None) };
        let begun = programmes.partition_point(|programme| programme.start <= now);
        let on = begun.checked_sub(1).and_then(|at| programmes.get(at)).filter(|programme| programme.stop > now);
        (on, programmes.get(begun))
    }

    /// Programmes that are kept.
    pub fn count(&self) -> usize {
        self.programmes.iter().map(Vec::len).sum()
    }
}

/// Which of the guide's channels are ours.
struct Wanted {
    /// Ids of the guide whose programmes are kept.
    ids: HashSet<String>,
    /// Names of our channels, and the id of the guide's channel that has one.
    by_name: HashMap<String, Option<String>>,
}

impl Wanted {
    fn of(catalogue: &Catalogue) -> Self {
        let channels = catalogue.channels();
        let ids = channels.iter().map(|channel| key(&channel.guide_id)).filter(|key| !key.is_empty()).collect();
        let names = channels.iter().flat_map(|channel| [&channel.guide_name, &channel.name]);
        Self { ids, by_name: names.map(|name| (key(name), None)).filter(|(key, _)| !key.is_empty()).collect() }
    }

    /// A channel of the guide, and the names it has.
    fn introduce(&mut self, id: &str, names: &[String]) {
        for name in names {
            if let Some(known) = self.by_name.get_mut(&key(name)).filter(|known| known.is_none()) {
                *known = Some(key(id));
                self.ids.insert(key(id));
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
    programmes.sort_by_key(|(programme, _)| programme.start);
    // The same programme said twice.
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
    use crate::iptv::catalogue::Builder;
    use crate::wire::m3u;
    use crate::wire::xmltv::date;

    fn catalogue() -> Catalogue {
        let list = "#EXTINF:-1 tvg-id=\"One.pt\",One\nhttp://a/1\n#EXTINF:-1,Second Channel\nhttp://a/2\n\
            #EXTINF:-1 tvg-id=\"one.pt\",One HD\nhttp://a/3\n#EXTINF:-1,Third\nhttp://a/4\n";
        let mut builder = Builder::new(None);
        let mut reader = m3u::Reader::default();
        reader.push(list.as_bytes(), &mut |item| builder.take(item));
        reader.finish(&mut |item| builder.take(item));
        builder.finish()
    }

    fn at(text: &str) -> UnixMs {
        date(text).expect("a date")
    }

    fn on(guide: &Guide, catalogue: &Catalogue, channel: usize, now: &str) -> (String, String) {
        let title = |programme: Option<&Programme>| programme.map_or("-".to_owned(), |p| p.title.to_string());
        let (now, next) = guide.now_and_next(catalogue.channels()[channel].id, at(now));
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
        let (guide, error) = Guide::read(guide.as_bytes(), &catalogue, window, &|| true);
        assert!(error.is_none());
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
        let (guide, _) = Guide::read(guide.as_bytes(), &catalogue, window, &|| true);
        assert_eq!(on(&guide, &catalogue, 0, "20260114203000"), pair("A", "B"));
        assert_eq!(on(&guide, &catalogue, 0, "20260114213000"), pair("B", "-"));
        assert_eq!(on(&guide, &catalogue, 0, "20260114223000"), pair("-", "-"));
    }
}
