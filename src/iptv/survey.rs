//! What there is of channels while no gateway runs: the list and the guides as they lie on this machine, read once, for
//! whoever wants to know beforehand. Nothing is fetched, and nothing is changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::iptv::cache::{Cache, What, unpacked};
use crate::iptv::catalogue::Catalogue;
use crate::iptv::guide::{Builder, Reading};
use crate::iptv::refresh::{read_list, trouble, window};
use crate::iptv::source::Source;
use crate::wire::fetch::Url;
use crate::wire::xmltv::Zone;

/// A list or a guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// Where it comes from, as everybody may read it.
    pub source: String,
    /// What was seen of it.
    pub seen: Seen,
}

/// What was seen of a list or a guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It comes from a server, and hasn't been fetched yet.
    NotFetched,
    /// It can't be read: why.
    Bad(String),
    /// It was read.
    Read(Content),
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Channels of a list; programmes of a guide that are of use.
    pub count: usize,
    /// What can't be used of it.
    pub skipped: u64,
    /// The first of that, and why.
    pub first: Option<String>,
    /// What is wrong with the whole, of which the rest is of use all the same.
    pub trouble: Option<String>,
}

/// Reads the list of `list` and the guides, which are `guide`'s or the list's own, as a gateway does that fetches them
/// `every` so often; what was fetched lies in `folder`. The list comes first; nothing comes where there is none.
pub fn survey(
    (list, guide): (&Source, &Source),
    zone: &Zone,
    every: Duration,
    folder: &Path,
    now: UnixMs,
) -> Vec<Surveyed> {
    let cache = Cache::there(folder);
    let mut all = Vec::new();
    let (path, base) = match list {
        Source::None => return all,
        Source::File(path) => (Some(path.clone()), None),
        Source::Web(url) => fetched(&cache, &What::List, url),
    };
    let read = path.map(|path| read_list(&path, base));
    let seen = match &read {
        None => Seen::NotFetched,
        Some(Err(error)) => Seen::Bad(error.to_string()),
        Some(Ok((catalogue, _))) => Seen::Read(Content {
            count: catalogue.channels().len(),
            skipped: catalogue.skipped_total,
            first: catalogue.skipped.first().map(|skipped| format!("line {}: {}", skipped.line, skipped.why)),
            trouble: None,
        }),
    };
    all.push(Surveyed { source: list.shown(), seen });
    let catalogue = read.and_then(Result::ok).map_or_else(Catalogue::default, |(catalogue, _)| catalogue);
    let guides = match guide {
        Source::None => catalogue.guides.iter().cloned().map(Source::Web).collect(),
        configured => vec![configured.clone()],
    };
    let mut builder = Builder::new(&catalogue, window(now, every), zone);
    for guide in guides {
        let path = match &guide {
            Source::None => None,
            Source::File(path) => Some(path.clone()),
            Source::Web(url) => fetched(&cache, &What::guide(url), url).0,
        };
        let reading = path.map(|path| builder.read(|| unpacked(&path, limits::GUIDE_UNPACKED_BYTES), &|| true));
        let seen = match reading {
            None => Seen::NotFetched,
            Some(Err(error)) => Seen::Bad(error.to_string()),
            Some(Ok(Reading { error: Some(error), kept: 0, .. })) => Seen::Bad(error.to_string()),
            Some(Ok(reading)) => Seen::Read(Content {
                count: reading.kept,
                skipped: reading.skipped_total,
                trouble: trouble(&reading),
                first: reading.skipped.into_iter().next(),
            }),
        };
        all.push(Surveyed { source: guide.shown(), seen });
    }
    all
}

/// Where lies what was fetched from `url`, and what addresses in it are relative to.
fn fetched(cache: &Cache, what: &What, url: &Url) -> (Option<PathBuf>, Option<Url>) {
    let known = cache.known(what, &url.to_string());
    (known.as_ref().map(|_| cache.path(what)), known.and_then(|known| Url::parse(&known.base).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_here_is_counted_and_what_is_skipped_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let list = folder.path().join("tv.m3u");
        let text = "#EXTM3U url-tvg=\"http://g.example/a.xml\"\n#EXTINF:-1 tvg-id=\"a\",A\nhttp://a.example/1\nudp://@239.0.0.1:1\n";
        std::fs::write(&list, text).expect("written");
        let guide = folder.path().join("guide.xml");
        let text = "<tv><programme channel=\"a\" start=\"20260101000000\" stop=\"20260101010000\"><title>T</title></programme>\
            <programme channel=\"a\" start=\"soon\"><title>T</title></programme></tv>";
        std::fs::write(&guide, text).expect("written");
        let now = UnixMs(1_767_225_600_000);
        let every = Duration::from_secs(48 * 3600);
        let look = |list: &Source, guide: &Source| {
            survey((list, guide), &Zone::default(), every, &folder.path().join("none"), now)
        };
        let file = Source::File(list);
        let guide = Source::File(guide);
        let all = look(&file, &guide);
        let content = |at: usize| match &all[at].seen {
            Seen::Read(content) => content.clone(),
            other => panic!("it lies here: {other:?}"),
        };
        assert_eq!((content(0).count, content(0).skipped, content(1).count, content(1).skipped), (1, 1, 1, 1));
        assert!(content(0).first.is_some_and(|first| first.starts_with("line 4: udp")));
        assert!(content(1).first.is_some_and(|first| first.contains("soon")));
        // What breaks off holds up to there; what begins within two days and a half is of use.
        let broken = "<tv><programme channel=\"a\" start=\"20260103110000\"><title>T</title></programme>\
            <programme channel=\"a\" start=\"20260103130000\"><title>T</title></programme><![CDATA[";
        std::fs::write(folder.path().join("guide.xml"), broken).expect("written");
        let all = look(&file, &guide);
        let Seen::Read(Content { count: 1, trouble: Some(_), .. }) = &all[1].seen else { panic!("{all:?}") };
        std::fs::write(folder.path().join("guide.xml"), "<![CDATA[").expect("written");
        let all = look(&file, &guide);
        assert!(matches!(&all[1].seen, Seen::Bad(_)), "{all:?}");
        let all = look(&file, &Source::None);
        assert_eq!(
            (all.len(), &*all[1].source, &all[1].seen),
            (2, "http://g.example/…", &Seen::NotFetched),
            "not fetched yet"
        );
        let all = look(&Source::File(folder.path().join("gone")), &Source::None);
        assert!(matches!(&all[..], [Surveyed { seen: Seen::Bad(_), .. }]), "{all:?}");
        assert_eq!(look(&Source::None, &Source::None), []);
        assert!(!folder.path().join("none").exists(), "nothing is made");
    }
}
