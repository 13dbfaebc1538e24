//! The channels of a list: each with an id that stays, a number of its own and an address that can be asked. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::ground::crypto;
use crate::ground::id::ChannelId;
use crate::ground::limits;
use crate::ground::text;
use crate::wire::fetch::{Headers, Url, UrlError};
use crate::wire::m3u::{Entry, Fault, Item};

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its number; no other channel has it.
    pub number: u32,
    /// Its name.
    pub name: Box<str>,
    /// Its group, if it is in one.
    pub group: Option<Arc<str>>,
    /// Where its logo is; empty if it has none.
    pub logo: Box<str>,
    /// What the guide calls it; empty if that is not said.
    pub guide_id: Box<str>,
    /// The name by which the guide may know it.
    pub guide_name: Box<str>,
    /// How much later than its guide says it shows everything, in milliseconds.
    pub shift_ms: i64,
    /// Where it is.
    pub url: Url,
    /// What its servers are told of who asks.
    pub headers: Headers,
}

/// A line of the list that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub why: Why,
}

/// Why a line was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is no entry.
    Fault(Fault),
    /// Its address can't be asked.
    Address(UrlError),
    /// The guide it names can't be asked for.
    Guide(UrlError),
    /// It names more guides than are read.
    TooManyGuides,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Address(error) => error.fmt(f),
            Self::Guide(error) => write!(f, "the guide is left out: {error}"),
            Self::TooManyGuides => {
                write!(f, "the list names more than {} guides: this one is left out", limits::GUIDES)
            }
        }
    }
}

/// All channels, in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    channels: Vec<Channel>,
    by_id: HashMap<ChannelId, u32>,
    /// The guides' addresses, as the list says them; none of them twice.
    pub guides: Vec<Url>,
    /// The first lines that were skipped.
    pub skipped: Vec<Skipped>,
    /// All that were skipped.
    pub skipped_total: u64,
    /// The list has more channels than are kept.
    pub has_more: bool,
}

impl Catalogue {
    /// The channels, in the order of their numbers.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The channel with this id.
    pub fn get(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(*self.by_id.get(&id)? as usize)
    }
}

/// Makes a catalogue of a list's items.
pub struct Builder {
    /// Where the list came from: what its addresses may be relative to.
    base: Option<Url>,
    catalogue: Catalogue,
    /// The numbers that entries ask for, in the order of the channels.
    wanted: Vec<Option<u32>>,
    groups: HashSet<Arc<str>>,
    ids: HashSet<ChannelId>,
}

impl Builder {
    /// For a list that came from `base`, where that is an address.
    pub fn new(base: Option<Url>) -> Self {
        let catalogue = Catalogue::default();
        Self { base, catalogue, wanted: Vec::new(), groups: HashSet::new(), ids: HashSet::new() }
    }

    /// Takes the next item.
    pub fn take(&mut self, item: Item) {
        match item {
            Item::Entry(entry) => self.entry(entry),
            Item::Guide(line, address) => match self.address(&address) {
                Ok(url) if self.catalogue.guides.contains(&url) => {}
                Ok(_) if self.catalogue.guides.len() == limits::GUIDES => self.skip(line, Why::TooManyGuides),
                Ok(url) => self.catalogue.guides.push(url),
                Err(error) => self.skip(line, Why::Guide(error)),
            },
            Item::Bad(line, fault) => self.skip(line, Why::Fault(fault)),
        }
    }

    /// Whether nothing more can be taken.
    pub fn is_full(&self) -> bool {
        self.catalogue.has_more
    }

    fn skip(&mut self, line: u64, why: Why) {
        self.catalogue.skipped_total += 1;
        if self.catalogue.skipped.len() < limits::CHANNEL_FAULTS {
            self.catalogue.skipped.push(Skipped { line, why });
        }
    }

    fn address(&self, text: &str) -> Result<Url, UrlError> {
        match &self.base {
            Some(base) => base.join(text),
            None => Url::parse(text),
        }
    }

    fn entry(&mut self, entry: Entry) {
        let url = match self.address(&entry.address) {
            Ok(url) => url,
            Err(error) => return self.skip(entry.line, Why::Address(error)),
        };
        if self.catalogue.channels.len() == limits::CHANNELS {
            self.catalogue.has_more = true;
            return;
        }
        let name = if entry.name.is_empty() { name_of(&url) } else { entry.name };
        let group = (!entry.group.is_empty()).then(|| match self.groups.get(entry.group.as_str()) {
            Some(known) => known.clone(),
            None => {
                let group: Arc<str> = entry.group.as_str().into();
                self.groups.insert(group.clone());
                group
            }
        });
        let id = self.new_id(&entry.guide_id, &name, &entry.group);
        self.ids.insert(id);
        self.wanted.push(entry.number);
        self.catalogue.channels.push(Channel {
            id,
            number: 0,
            name: name.into(),
            group,
            logo: entry.logo.into(),
            guide_id: entry.guide_id.into(),
            guide_name: entry.guide_name.into(),
            shift_ms: entry.shift_ms,
            url,
            headers: entry.headers,
        });
    }

    /// An id made of what stays when a list comes anew; its address may not, as many hold a password that changes.
    fn new_id(&self, guide_id: &str, name: &str, group: &str) -> ChannelId {
        let mut turn = 0_u32;
        loop {
            let hash = crypto::sha256(format!("{guide_id}\n{name}\n{group}\n{turn}").as_bytes());
            let id = ChannelId(hash[..10].try_into().expect("a hash is longer"));
            if !self.ids.contains(&id) {
                return id;
            }
            turn += 1;
        }
    }

    /// The catalogue. Each channel has the number it asks for if no earlier one has; the others have what is free.
    pub fn finish(self) -> Catalogue {
        let Self { mut catalogue, wanted, .. } = self;
        let mut taken = BTreeSet::new();
        for (channel, wanted) in catalogue.channels.iter_mut().zip(wanted) {
            if let Some(number) = wanted.filter(|number| taken.insert(*number)) {
                channel.number = number;
            }
        }
        let mut free = (1..).filter(|number| !taken.contains(number));
        for channel in catalogue.channels.iter_mut().filter(|channel| channel.number == 0) {
            channel.number = free.next().unwrap_or(u32::MAX);
        }
        catalogue.channels.sort_by_key(|channel| channel.number);
        catalogue.by_id = (0..).zip(&catalogue.channels).map(|(at, channel)| (channel.id, at)).collect();
        catalogue
    }
}

/// A name for a channel that has none.
fn name_of(url: &Url) -> String {
    let path = url.target().split('?').next().unwrap_or_default();
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(url.host());
    text::line(last, limits::CHANNEL_NAME_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::m3u::Reader;

    fn catalogue(list: &str) -> Catalogue {
        let mut builder = Builder::new(Some(Url::parse("http://lists.example/tv/all.m3u").expect("an address")));
        let mut reader = Reader::default();
        reader.push(list.as_bytes(), &mut |item| builder.take(item));
        reader.finish(&mut |item| builder.take(item));
        builder.finish()
    }

    #[test]
    fn each_channel_has_a_number_and_an_address() {
        let list = "#EXTM3U x-tvg-url=\"guide.xml,/b.xml,guide.xml\" url-tvg=\"ftp://a/b\"\n#EXTINF:-1,A\n1.m3u8\n#EXTINF:-1 tvg-chno=1,B\nhttp://b/\n\
            #EXTINF:-1 tvg-chno=1,C\n/c.ts\n#EXTINF:-1 group-title=G,\nhttp://d.example/live/d.ts?x\n\
            #EXTINF:-1,E\nudp://239.0.0.1:1\n#EXTINF:-1,F\nfile:///etc/passwd\n";
        let catalogue = catalogue(list);
        let shown: Vec<_> = (catalogue.channels().iter())
            .map(|channel| (channel.number, &*channel.name, channel.url.to_string()))
            .collect();
        let expected = [
            (1, "B", "http://b/".to_owned()),
            (2, "A", "http://lists.example/tv/1.m3u8".to_owned()),
            (3, "C", "http://lists.example/c.ts".to_owned()),
            (4, "d.ts", "http://d.example/live/d.ts?x".to_owned()),
        ];
        assert_eq!(shown, expected);
        let guides: Vec<_> = catalogue.guides.iter().map(Url::to_string).collect();
        assert_eq!(guides, ["http://lists.example/tv/guide.xml", "http://lists.example/b.xml"], "each once");
        let skipped: Vec<_> = catalogue.skipped.iter().map(|skipped| (skipped.line, skipped.why.to_string())).collect();
        assert!(skipped[0].0 == 1 && skipped[0].1.starts_with("the guide is left out: ftp"), "{skipped:?}");
        let skipped = &skipped[1..];
        assert!(skipped[0].0 == 11 && skipped[0].1.starts_with("udp addresses can't be played"), "{skipped:?}");
        assert!(skipped[1].0 == 13 && skipped[1].1.starts_with("file addresses can't be played"), "{skipped:?}");
    }

    #[test]
    fn ids_stay_when_addresses_and_places_change() {
        let before = catalogue("#EXTINF:-1,A\nhttp://a/?token=1\n#EXTINF:-1,B\nhttp://b/\n#EXTINF:-1,A\nhttp://c/");
        let after = catalogue("#EXTINF:-1,B\nhttp://b/\n#EXTINF:-1,A\nhttp://a/?token=2\n");
        let id = |catalogue: &Catalogue, host: &str| {
            catalogue.channels().iter().find(|channel| channel.url.host() == host).expect("there").id
        };
        assert_eq!(id(&before, "a"), id(&after, "a"));
        assert_eq!(id(&before, "b"), id(&after, "b"));
        assert_ne!(id(&before, "a"), id(&before, "c"));
        assert_eq!(after.get(id(&after, "a")).map(|channel| &*channel.name), Some("A"));
    }

    #[test]
    fn too_many_are_left_out() {
        let list: String = (0..limits::CHANNELS + 5).map(|i| format!("http://a/{i}\n")).collect();
        let catalogue = catalogue(&list);
        assert!(catalogue.has_more);
        assert_eq!(catalogue.channels().len(), limits::CHANNELS);
    }
}
