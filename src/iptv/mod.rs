//! TV channels: which there are, what is on, and how a TV plays them, whatever form they come in.
//!
//! A channel that is HLS is passed on with its playlists rewritten (`relay`), one that is an endless transport stream
//! is received once and cut into segments (`tuner`): a TV asks the gateway alone, and never a stranger's server. Where
//! the gateway itself may ask is for `fetch/` to keep ([`Settings::guard`]). Who may watch is for the gateway to say ([`Viewers`]). No shares,
//! no database, no HTTP door here. RFC 8216 (HLS).

mod cache;
mod catalogue;
mod guide;
mod lineup;
mod refresh;
mod relay;
mod source;
mod survey;
mod ticket;
mod tuner;
mod zone;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::executor::{BoxFuture, Executor};
use crate::fetch::{Client, Guard};
use crate::ground::crypto::SigningKey;
use crate::ground::id::TvId;
use crate::ground::reply::{Body, Reply};
use crate::ground::time::Clock;
use crate::wire::address::{ChannelAddress, ChannelFile};
use crate::wire::fetch::{Request, Url};
use crate::wire::xmltv::Zone;
use cache::Cache;
pub use catalogue::{Catalogue, Channel, Skipped};
pub use guide::Programme;
use lineup::Lineup;
pub use lineup::{GuideOrigin, Held, Origin};
pub use refresh::Refresher;
use refresh::{Asked, Order, Stop};
use relay::{PLAYLIST, Relay};
pub use source::Source;
pub use survey::{Content, Seen, Surveyed, survey};
use ticket::{Bearer, Denied};
use tuner::{Tuned, Tuners};
pub use zone::GuideZone;

/// Media type of a transport stream.
const MPEG_TS: &str = "video/mp2t";
/// How often list and guide can be fetched at most.
const SHORTEST_REFRESH: Duration = Duration::from_secs(60);

/// Knows which TVs may watch.
pub trait Viewers: Send + Sync {
    /// Whether `tv` belongs to a household still.
    fn may_watch(&self, tv: TvId) -> BoxFuture<'_, bool>;
    /// The same, asked anew. Blocks.
    fn may_watch_on(&self, tv: TvId) -> bool;
}

/// How channels are had.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the list comes from.
    pub list: Source,
    /// Where the guide comes from; from where the list says, if from nowhere.
    pub guide: Source,
    /// What a guide's dates mean that have no zone.
    pub zone: Zone,
    /// How often both are fetched again.
    pub refresh: Duration,
    /// Which addresses may be reached.
    pub guard: Guard,
    /// Where both are kept.
    pub folder: PathBuf,
}

/// The channels.
pub struct Channels {
    lineup: Arc<Lineup>,
    relay: Relay,
    tuners: Arc<Tuners>,
    key: SigningKey,
    clock: Arc<dyn Clock>,
    viewers: Arc<dyn Viewers>,
    /// Addresses that turned out to be playlists, though they don't look so.
    playlists: Mutex<HashSet<Url>>,
    orders: Mutex<Sender<Order>>,
    asked: Arc<Asked>,
    stop: Arc<Stop>,
    has_list: bool,
}

/// Addresses that are remembered to be playlists; more are found out again.
const PLAYLISTS: usize = 1000;

impl Channels {
    /// The channels, and who keeps their list fresh: [`Refresher::run`] needs a thread. `changed` is called from there
    /// when the list or the guide has changed.
    pub fn open(
        settings: Settings,
        executor: &Executor,
        clock: Arc<dyn Clock>,
        viewers: Arc<dyn Viewers>,
        changed: Box<dyn Fn() + Send + Sync>,
    ) -> io::Result<(Self, Refresher)> {
        let Settings { list, guide, zone, refresh, guard, folder } = settings;
        let cache = Cache::open(folder)?;
        let key = cache.key()?;
        let client = Arc::new(Client::new(guard));
        let (orders, ordered) = mpsc::channel();
        let lineup = Arc::<Lineup>::default();
        let stop = Arc::<Stop>::default();
        let asked = Arc::<Asked>::default();
        let has_list = list != Source::None;
        let refresher = Refresher {
            list,
            guide,
            zone,
            every: refresh.max(SHORTEST_REFRESH),
            client: client.clone(),
            cache,
            clock: clock.clone(),
            lineup: lineup.clone(),
            orders: ordered,
            asked: asked.clone(),
            stop: stop.clone(),
            changed,
        };
        let channels = Self {
            lineup,
            relay: Relay::new(client.clone(), key.clone()),
            tuners: Arc::new(Tuners::new(executor.clone(), client, clock.clone())),
            key,
            clock,
            viewers,
            playlists: Mutex::default(),
            orders: Mutex::new(orders),
            asked,
            stop,
            has_list,
        };
        Ok((channels, refresher))
    }

    /// Whether there is a list at all.
    pub fn has_list(&self) -> bool {
        self.has_list
    }

    /// The channels and the guide that hold now.
    pub fn held(&self) -> Held {
        self.lineup.held()
    }

    /// Channels that are received as transport streams now.
    pub fn receptions(&self) -> usize {
        self.tuners.count()
    }

    /// A ticket with which `tv` may watch.
    pub fn ticket(&self, tv: TvId) -> String {
        ticket::issue(&self.key, tv, self.clock.date())
    }

    /// Has list and guide fetched now. Does not wait for it: [`Self::is_fetching`] says when it is done.
    pub fn refresh(&self) {
        self.asked.ask();
        self.order(Order::Refresh);
    }

    /// Whether something is being fetched because it was asked for.
    pub fn is_fetching(&self) -> bool {
        self.asked.is_waiting()
    }

    /// Ends the refreshing.
    pub fn stop(&self) {
        self.stop.tell();
        self.order(Order::Stop);
    }

    fn order(&self, order: Order) {
        // The thread may have been stopped.
        let _ = self.orders.lock().unwrap_or_else(PoisonError::into_inner).send(order);
    }

    /// The answer to a request for what is at `address`. With `head_only` nothing is started for it.
    pub async fn watch(&self, address: ChannelAddress, range: Option<String>, head_only: bool) -> Reply {
        let ChannelAddress { channel, ticket, file } = address;
        let denied = match ticket::open(&self.key, &ticket, self.clock.date()) {
            Ok(tv) if self.viewers.may_watch(tv).await => None,
            Ok(_) => Some(Denied::Bad),
            Err(denied) => Some(denied),
        };
        if let Some(denied) = denied {
            let code = if denied == Denied::Expired { "ticket_expired" } else { "ticket" };
            return Reply::error(403, code, &denied.to_string());
        }
        let catalogue = self.lineup.held().catalogue;
        let Some(known) = catalogue.get(channel) else {
            return Reply::error(404, "not_found", "there is no such channel any more; open the list again");
        };
        let bearer = Bearer { channel, ticket: &ticket };
        match file {
            ChannelFile::Index if head_only => {
                let body = Body::Endless(Box::pin(futures_lite::stream::empty()));
                Reply { status: 200, content_type: PLAYLIST, headers: Vec::new(), body }
            }
            ChannelFile::Index => self.index(known, bearer).await,
            ChannelFile::Segment(number) => match self.tuners.segment(channel, number) {
                Some(bytes) => {
                    Reply::bytes(200, MPEG_TS, bytes).with("Accept-Ranges", "bytes").with("Cache-Control", "no-store")
                }
                None => Reply::error(404, "not_found", "that part of the channel is gone, or not there yet"),
            },
            ChannelFile::Logo => match Url::parse(&known.logo) {
                Ok(url) => self.relay.logo(&url).await,
                Err(_) => Reply::error(404, "not_found", "this channel has no logo"),
            },
            ChannelFile::Playlist(token) => self.relay.sealed_playlist(bearer, &token, &known.headers).await,
            ChannelFile::Media { token, .. } => {
                let request = Request { range, headers: known.headers.clone(), ..Request::default() };
                self.relay.media(bearer, &token, &request).await
            }
        }
    }

    /// Whether whoever is being sent part of a channel with `ticket` may still have it. Blocks.
    pub fn still_allowed(&self, ticket: &str) -> bool {
        ticket::open(&self.key, ticket, self.clock.date()).is_ok_and(|tv| self.viewers.may_watch_on(tv))
    }

    fn playlists(&self) -> MutexGuard<'_, HashSet<Url>> {
        self.playlists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember_playlist(&self, url: &Url) {
        let mut playlists = self.playlists();
        if playlists.len() >= PLAYLISTS {
            playlists.clear();
        }
        playlists.insert(url.clone());
    }

    async fn index(&self, channel: &Channel, bearer: Bearer<'_>) -> Reply {
        let named_so = matches!(channel.url.extension().as_deref(), Some("m3u8" | "m3u"));
        if named_so || self.playlists().contains(&channel.url) {
            return self.relay.playlist(bearer, &channel.url, &channel.headers).await;
        }
        match self.tuners.index(channel).await {
            Tuned::Stream(playlist) => Reply::bytes(200, PLAYLIST, playlist).with("Cache-Control", "no-store"),
            Tuned::Playlist => {
                self.remember_playlist(&channel.url);
                self.relay.playlist(bearer, &channel.url, &channel.headers).await
            }
            Tuned::Failed(why) => Reply::error(502, "channel_failed", &format!("The channel can't be played: {why}.")),
            Tuned::Stalled => Reply::error(504, "channel_silent", "Nothing comes from this channel. Try another one."),
            Tuned::Full => Reply::error(503, "full", "Too many channels are watched at once. Leave one, or try later.")
                .with("Retry-After", "15"),
        }
    }
}
