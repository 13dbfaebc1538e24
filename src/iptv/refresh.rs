//! Keeps list and guides fresh: reads what is cached, fetches what has changed, and tells when something did. Blocks:
//! it has a thread of its own.
//!
//! What can't be had or read leaves what was there before in its place, and is told to the owner.

use std::future::Future;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use event_listener::Event;
use futures_lite::FutureExt as _;

use crate::executor::in_time;
use crate::fetch::{Client, FetchError};
use crate::ground::crypto;
use crate::ground::limits;
use crate::ground::time::{Clock, UnixMs};
use crate::iptv::SHORTEST_REFRESH;
use crate::iptv::cache::{Cache, Known, What, create, unpacked};
use crate::iptv::catalogue::{Builder, Catalogue};
use crate::iptv::guide::{Builder as GuideBuilder, Reading};
use crate::iptv::lineup::{GuideOrigin, Lineup, Origin};
use crate::iptv::source::Source;
use crate::wire::fetch::{Request, Url};
use crate::wire::m3u;
use crate::wire::xmltv::Zone;

/// The first pause after a failure; it doubles with each further one, up to the usual time.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// How much longer than to the next reading programmes are kept: it may come late.
const GUIDE_RESERVE: Duration = Duration::from_secs(12 * 3600);

/// What the thread is told to do.
pub(super) enum Order {
    /// Fetch everything now.
    Refresh,
    /// Look whether it has to stop.
    Stop,
}

/// How often the owner asked that everything be fetched, and how many of these are done.
#[derive(Default)]
pub(super) struct Asked {
    times: AtomicU64,
    done: AtomicU64,
}

impl Asked {
    /// The owner asks.
    pub fn ask(&self) {
        self.times.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether something that was asked for is not done yet.
    pub fn is_waiting(&self) -> bool {
        self.done.load(Ordering::SeqCst) < self.times.load(Ordering::SeqCst)
    }

    /// Does all that was asked for before it begins.
    fn satisfy(&self, work: impl FnOnce()) {
        let times = self.times.load(Ordering::SeqCst);
        if self.is_waiting() {
            work();
            self.done.store(times, Ordering::SeqCst);
        }
    }
}

/// Tells the thread to stop, whatever it does.
#[derive(Default)]
pub(super) struct Stop {
    told: AtomicBool,
    bell: Event,
}

impl Stop {
    /// Stops it.
    pub fn tell(&self) {
        self.told.store(true, Ordering::SeqCst);
        self.bell.notify(usize::MAX);
    }

    fn is_told(&self) -> bool {
        self.told.load(Ordering::SeqCst)
    }

    /// What `work` gives, unless it has to stop before.
    fn unless_told<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let listener = self.bell.listen();
        if self.is_told() {
            return None;
        }
        let stopped = async {
            listener.await;
            None
        };
        futures_lite::future::block_on(stopped.or(async { Some(work.await) }))
    }
}

/// Keeps list and guides fresh.
pub struct Refresher {
    pub(super) list: Source,
    pub(super) guide: Source,
    pub(super) zone: Zone,
    pub(super) every: Duration,
    pub(super) client: Arc<Client>,
    pub(super) cache: Cache,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lineup: Arc<Lineup>,
    pub(super) orders: Receiver<Order>,
    pub(super) asked: Arc<Asked>,
    pub(super) stop: Arc<Stop>,
    pub(super) changed: Box<dyn Fn() + Send + Sync>,
}

/// Something that was fetched, or found on the disk.
struct Had {
    known: Option<Known>,
    /// It has come just now and lies under its new name.
    is_new: bool,
    problem: Option<String>,
}

impl Refresher {
    /// Works until it is told to stop. Blocks.
    pub fn run(&self) {
        // What is cached shows at once, whatever the network is like.
        self.look(false);
        let mut failures = 0;
        loop {
            failures = if self.look(true) { 0 } else { failures + 1 };
            let pause = match failures {
                0 => self.every,
                failures => (FIRST_PAUSE * 2_u32.saturating_pow(failures - 1)).min(self.every),
            };
            match self.orders.recv_timeout(with_jitter(pause)) {
                Ok(Order::Refresh) => {
                    self.asked.satisfy(|| failures = if self.look(true) { 0 } else { 1 });
                }
                Ok(Order::Stop) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.stop.is_told() {
                return;
            }
        }
    }

    /// Reads everything anew, and fetches it before if `fetch`. False if something failed.
    fn look(&self, fetch: bool) -> bool {
        let before = self.lineup.held();
        let list = self.look_at_list(fetch);
        let catalogue = self.lineup.held().catalogue;
        let guides = match &self.guide {
            Source::None => catalogue.guides.iter().cloned().map(Source::Web).collect(),
            configured => vec![configured.clone()],
        };
        let guide = self.look_at_guides(&guides, &catalogue, fetch);
        let after = self.lineup.held();
        if !Arc::ptr_eq(&before.catalogue, &after.catalogue) || !Arc::ptr_eq(&before.guide, &after.guide) {
            (self.changed)();
        }
        list && guide
    }

    fn look_at_list(&self, fetch: bool) -> bool {
        let had = match &self.list {
            Source::None => return true,
            Source::File(_) => Had { known: None, is_new: false, problem: None },
            Source::Web(url) => self.have(&What::List, url, fetch),
        };
        let read = match (&self.list, &had) {
            (Source::File(path), _) => Some(read_list(path, None)),
            (_, Had { known: Some(known), is_new, .. }) => {
                let path = if *is_new { self.cache.new_path(&What::List) } else { self.cache.path(&What::List) };
                Some(read_list(&path, Url::parse(&known.base).ok()))
            }
            _ => None,
        };
        let mut fine = had.problem.is_none();
        let mut problem = had.problem;
        let before = self.lineup.held().catalogue;
        match read {
            Some(Ok((catalogue, cut))) => {
                let empty = catalogue.channels().is_empty() && !before.channels().is_empty();
                if cut || had.known.as_ref().is_some_and(|known| known.is_cut) {
                    let most = limits::CHANNEL_LIST_BYTES >> 20;
                    problem = Some(format!("the list is longer than {most} MiB: the rest is left out"));
                } else if catalogue.has_more {
                    problem =
                        Some(format!("the list has more than {} channels: the rest is left out", limits::CHANNELS));
                } else if catalogue.channels().is_empty() && problem.is_none() {
                    fine = false;
                    let first = catalogue.skipped.first();
                    let why = first.map(|skipped| format!(" (line {}: {})", skipped.line, skipped.why));
                    problem = Some(format!("the list has no channels{}", why.unwrap_or_default()));
                }
                if !empty {
                    if let Some(known) = had.known.as_ref().filter(|_| had.is_new) {
                        self.replace(&What::List, known, &mut problem);
                    }
                    self.lineup.set_catalogue(catalogue);
                }
            }
            Some(Err(error)) => {
                fine = false;
                problem = Some(format!("the list can't be read: {error}"));
            }
            None => {}
        }
        self.cache.drop_new(&What::List);
        let fetched_at = self.fetched_at(&What::List, &self.list);
        self.lineup.report_list(&self.list, fetched_at, problem);
        fine
    }

    /// The guides, of which the first that has anything of a channel counts for it.
    fn look_at_guides(&self, sources: &[Source], catalogue: &Catalogue, fetch: bool) -> bool {
        let mut builder = GuideBuilder::new(catalogue, window(self.clock.date(), self.every), &self.zone);
        let mut origins = Vec::new();
        let mut fine = true;
        for source in sources {
            let (origin, is_fine) = self.look_at_guide(source, &mut builder, fetch);
            origins.push(origin);
            fine &= is_fine;
        }
        if self.stop.is_told() {
            return fine;
        }
        let guide = builder.finish();
        // What can't be had leaves what was there before.
        if fine || guide.count() > 0 {
            self.lineup.set_guide(guide);
        }
        self.lineup.report_guides(origins);
        let web = sources.iter().filter_map(Source::url).map(What::guide).collect::<Vec<_>>();
        if fetch && let Err(error) = self.cache.keep_guides(&web) {
            log::warn!("iptv: guides that nobody needs can't be deleted: {error}");
        }
        fine
    }

    /// One guide, from the newest file there is of it that can be read.
    fn look_at_guide(&self, source: &Source, builder: &mut GuideBuilder<'_>, fetch: bool) -> (GuideOrigin, bool) {
        let what = source.url().map(What::guide);
        let had = match (source, &what) {
            (Source::Web(url), Some(what)) => self.have(what, url, fetch),
            _ => Had { known: None, is_new: false, problem: None },
        };
        let mut fine = had.problem.is_none();
        let mut problem = had.problem;
        let mut reading = None;
        if let (Some(what), Some(known), true) = (&what, &had.known, had.is_new) {
            match self.read_guide(&self.cache.new_path(what), builder) {
                // A web page, say. What was there before holds, if anything was.
                Ok(Reading { error: Some(error), kept: 0, .. }) if self.cache.path(what).exists() => {
                    problem = Some(error.to_string());
                }
                Ok(new) => {
                    self.replace(what, known, &mut problem);
                    reading = Some(new);
                }
                Err(error) => {
                    fine = false;
                    problem = Some(format!("the guide can't be read: {error}"));
                }
            }
        }
        let path = match (source, &what) {
            (Source::File(path), _) => Some(path.clone()),
            (_, Some(what)) => had.known.as_ref().map(|_| self.cache.path(what)).filter(|path| path.exists()),
            _ => None,
        };
        if let (None, Some(path)) = (&reading, path) {
            match self.read_guide(&path, builder) {
                Ok(old) => reading = Some(old),
                Err(error) => {
                    fine = false;
                    problem = Some(format!("the guide can't be read: {error}"));
                }
            }
        }
        if let Some(what) = &what {
            self.cache.drop_new(what);
        }
        let reading = reading.unwrap_or_default();
        let problem = problem.or_else(|| trouble(&reading));
        let fetched_at = what.as_ref().map_or(Some(self.clock.date()), |what| self.fetched_at(what, source));
        let origin = Origin { source: source.clone(), fetched_at, problem };
        let Reading { kept, skipped_total, skipped, .. } = reading;
        (GuideOrigin { origin, programmes: kept, skipped_total, skipped }, fine)
    }

    fn read_guide(&self, path: &Path, builder: &mut GuideBuilder<'_>) -> io::Result<Reading> {
        builder.read(|| unpacked(path, limits::GUIDE_UNPACKED_BYTES), &|| !self.stop.is_told())
    }

    fn fetched_at(&self, what: &What, source: &Source) -> Option<UnixMs> {
        match source {
            Source::Web(url) => self.cache.known(what, &url.to_string()).map(|known| known.fetched_at),
            _ => Some(self.clock.date()),
        }
    }

    fn replace(&self, what: &What, known: &Known, problem: &mut Option<String>) {
        if let Err(error) = self.cache.replace(what, known) {
            problem.get_or_insert(format!("what was fetched can't be kept: {error}"));
        }
    }

    /// Fetches if `fetch`, and says what there is.
    fn have(&self, what: &What, url: &Url, fetch: bool) -> Had {
        let known = self.cache.known(what, &url.to_string());
        if !fetch {
            return Had { known, is_new: false, problem: None };
        }
        let fetching = in_time(limits::CHANNEL_FETCH_TIME, self.fetch(what, url, known.as_ref()));
        let fetched = match self.stop.unless_told(fetching) {
            None => return Had { known, is_new: false, problem: None },
            Some(in_time) => in_time.unwrap_or_else(|| Err(Missed::Fetch(FetchError::Silent(url.authority())))),
        };
        match fetched {
            Ok(Some(new)) => Had { known: Some(new), is_new: true, problem: None },
            Ok(None) => {
                let known = known.map(|known| Known { fetched_at: self.clock.date(), ..known });
                if let Some(known) = &known
                    && let Err(error) = self.cache.note(what, known)
                {
                    log::warn!("iptv: the cache can't be written: {error}");
                }
                Had { known, is_new: false, problem: None }
            }
            Err(missed) => {
                let problem = match missed {
                    Missed::Fetch(error) => error.to_string(),
                    Missed::Disk(error) => format!("what is fetched can't be written to the disk: {error}"),
                };
                log::warn!("iptv: {problem}");
                Had { known, is_new: false, problem: Some(problem) }
            }
        }
    }

    /// Fetches into the new file; nothing if it hasn't changed.
    async fn fetch(&self, what: &What, url: &Url, known: Option<&Known>) -> Result<Option<Known>, Missed> {
        let request = Request {
            etag: known.and_then(|known| known.etag.clone()),
            modified: known.and_then(|known| known.modified.clone()),
            ..Request::default()
        };
        let mut fetched = self.client.get(url, &request).await?;
        match fetched.answer.status {
            304 if known.is_some() => return Ok(None),
            200 => {}
            status => return Err(FetchError::Status(fetched.url.authority(), status).into()),
        }
        let limit = match what {
            What::List => limits::CHANNEL_LIST_BYTES,
            What::Guide(_) => limits::GUIDE_BYTES,
        };
        let mut file = create(&self.cache.new_path(what)).map_err(Missed::Disk)?;
        let (mut bytes, mut is_cut) = (0, false);
        while let Some(piece) = fetched.body.next().await? {
            bytes += piece.len() as u64;
            if bytes > limit {
                match what {
                    What::List => is_cut = true,
                    What::Guide(_) => return Err(FetchError::TooLong(fetched.url.authority(), limit).into()),
                }
                break;
            }
            file.write_all(&piece).map_err(Missed::Disk)?;
        }
        file.sync_all().map_err(Missed::Disk)?;
        let field = |name: &str| fetched.answer.field(name).map(str::to_owned);
        Ok(Some(Known {
            source: url.to_string(),
            base: fetched.url.to_string(),
            etag: field("etag"),
            modified: field("last-modified"),
            fetched_at: self.clock.date(),
            is_cut,
        }))
    }
}

/// From when to when programmes are kept that are read at `now`, and anew `every` so often.
pub(super) fn window(now: UnixMs, every: Duration) -> (UnixMs, UnixMs) {
    (now, now.plus(every.max(SHORTEST_REFRESH)).plus(GUIDE_RESERVE))
}

/// What is wrong with a guide that was read; for people.
pub(super) fn trouble(reading: &Reading) -> Option<String> {
    if reading.is_cut {
        let most = limits::GUIDE_UNPACKED_BYTES >> 20;
        return Some(format!("the guide is longer than {most} MiB: the rest is left out"));
    }
    let too_many = || {
        (reading.left_out > 0).then(|| {
            let most = limits::GUIDE_PROGRAMMES;
            format!("the guides have more than {most} programmes: {} of this one are left out", reading.left_out)
        })
    };
    reading.error.as_ref().map(ToString::to_string).or_else(too_many)
}

/// Why something was not fetched.
enum Missed {
    Fetch(FetchError),
    Disk(io::Error),
}

impl From<FetchError> for Missed {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

/// Reads a list; says whether it was longer than is read.
pub(super) fn read_list(path: &Path, base: Option<Url>) -> io::Result<(Catalogue, bool)> {
    let mut source = unpacked(path, limits::CHANNEL_LIST_BYTES)?;
    let (mut builder, mut reader) = (Builder::new(base), m3u::Reader::default());
    while !builder.is_full() {
        let bytes = source.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        reader.push(bytes, &mut |item| builder.take(item));
        let length = bytes.len();
        source.consume(length);
    }
    reader.finish(&mut |item| builder.take(item));
    let cut = source.limit() == 0;
    Ok((builder.finish(), cut))
}

/// `pause`, up to a tenth longer or shorter, so that not all gateways ask at once.
fn with_jitter(pause: Duration) -> Duration {
    let mut byte = [0];
    crypto::fill_random(&mut byte);
    pause * 9 / 10 + pause / 5 * u32::from(byte[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::pin::Pin;
    use std::sync::mpsc;
    use std::thread;

    use crate::executor::{Executor, SystemClock};
    use crate::fetch::{Allowed, Guard};
    use crate::ground::id::TvId;
    use crate::iptv::{Channels, Settings, Viewers};

    struct Nobody;

    impl Viewers for Nobody {
        fn may_watch(&self, _: TvId) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
            Box::pin(std::future::ready(false))
        }

        fn may_watch_on(&self, _: TvId) -> bool {
            false
        }
    }

    /// Channels of a list that lies here, and whoever keeps them fresh.
    fn opened(
        list: &Path,
        folder: &Path,
        allowed: Vec<Allowed>,
        changed: Box<dyn Fn() + Send + Sync>,
    ) -> (Channels, Refresher) {
        let settings = Settings {
            list: Source::File(list.to_owned()),
            guide: Source::None,
            zone: Zone::default(),
            refresh: Duration::from_secs(3600),
            guard: Guard::new(allowed, Vec::new(), "a setting"),
            folder: folder.to_owned(),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        Channels::open(settings, &Executor::default(), clock, Arc::new(Nobody), changed).expect("opened")
    }

    /// Answers as many requests as said: `/whole…` with a guide, anything else with the half of one.
    fn guides(server: &TcpListener, requests: usize) {
        for _ in 0..requests {
            let (mut stream, _) = server.accept().expect("somebody asks");
            let mut lines = io::BufReader::new(stream.try_clone().expect("a socket")).lines();
            let first = lines.next().expect("a line").expect("read");
            assert!(lines.any(|line| line.expect("read").is_empty()), "the head ends");
            let length = if first.contains("/whole") { 9 } else { 1000 };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all(format!("{head}<tv></tv>").as_bytes()).expect("sent");
        }
    }

    #[test]
    fn nothing_of_guides_that_fail_or_move_stays_on_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let (list, kept) = (folder.path().join("tv.m3u"), folder.path().join("channels"));
        let server = TcpListener::bind("127.0.0.1:0").expect("a port");
        let place = server.local_addr().expect("an address");
        let (_channels, refresher) = opened(&list, &kept, vec![Allowed::Place(place)], Box::new(|| {}));
        const ROUNDS: usize = 3;
        let thread = thread::spawn(move || guides(&server, 2 * ROUNDS));
        for round in 0..ROUNDS {
            // Providers' addresses have a token in them that is another one each time.
            let guides = ["half", "whole"].map(|name| format!("http://{place}/{name}?t={round}")).join(",");
            let text = format!("#EXTM3U url-tvg=\"{guides}\"\n#EXTINF:-1,A\nhttp://a.example/1.ts\n");
            std::fs::write(&list, text).expect("written");
            assert!(!refresher.look(true), "half of a guide is none");
            let there = std::fs::read_dir(&kept).expect("a folder").map(|entry| entry.expect("read").file_name());
            let mut there: Vec<_> = there.filter_map(|name| name.into_string().ok()).collect();
            there.retain(|name| name.starts_with("guide"));
            there.sort();
            let whole = What::guide(&Url::parse(&format!("http://{place}/whole?t={round}")).expect("an address"));
            let whole = refresher.cache.path(&whole).file_name().expect("a name").to_string_lossy().into_owned();
            assert_eq!(there, [whole.clone(), format!("{whole}.json")], "round {round}");
        }
        thread.join().expect("all were asked for");
    }

    #[test]
    fn whoever_asks_for_a_new_list_is_told_at_once_and_when_it_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let list = folder.path().join("tv.m3u");
        let write = |names: &[&str]| {
            let lines: String =
                names.iter().map(|name| format!("#EXTINF:-1,{name}\nhttp://a.example/{name}.ts\n")).collect();
            std::fs::write(&list, lines).expect("written");
        };
        // Whatever is new is held in the middle of the work.
        let (told, tell) = (mpsc::channel(), mpsc::channel::<()>());
        let (begun, gate) = (told.0, std::sync::Mutex::new(tell.1));
        let changed = Box::new(move || {
            // At the end nobody holds it any more.
            let _ = begun.send(());
            let _ = gate.lock().expect("held").recv();
        });
        write(&["A"]);
        let (channels, refresher) = opened(&list, &folder.path().join("channels"), Vec::new(), changed);
        let thread = thread::spawn(move || refresher.run());
        told.1.recv().expect("the first list");
        write(&["A", "B"]);
        assert!(!channels.is_fetching());
        channels.refresh();
        assert!(channels.is_fetching());
        tell.0.send(()).expect("it waits");
        told.1.recv().expect("the second list");
        // It changes again while it is being read, and is asked for again: what was asked last holds.
        write(&["A", "B", "C"]);
        channels.refresh();
        channels.refresh();
        assert!(channels.is_fetching(), "it is not done");
        tell.0.send(()).expect("it waits");
        told.1.recv().expect("the third list");
        assert!(channels.is_fetching());
        drop(tell.0);
        while channels.is_fetching() {
            thread::yield_now();
        }
        assert_eq!(channels.held().catalogue.channels().len(), 3);
        channels.stop();
        thread.join().expect("ended");
    }
}
