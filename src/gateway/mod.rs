//! The gateway: all rooms, wired.
//!
//! `config` says how, [`Gateway::start`] opens every door, [`Gateway::run`] serves until it is told to stop. The other
//! files translate between rooms that don't know each other.

mod cameras;
mod channels;
mod clips;
mod gate;
mod mdns;
pub mod owner_page;
pub mod photos;
mod player;
mod secure;
mod status;

use std::fmt;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_io::Timer;
use futures_lite::FutureExt as _;

use crate::admin::addresses::{Addresses, Doors};
use crate::admin::control::Control;
use crate::admin::verbs::Admin;
use crate::album::Album;
use crate::config::Config;
use crate::executor::{Executor, SystemClock, Task};
use crate::fetch::Guard;
use crate::gateway::cameras::HandOver;
use crate::gateway::channels::{PairedTvs, Watched, tell_tvs};
use crate::gateway::clips::Intake;
use crate::gateway::gate::Doorkeeper;
use crate::gateway::owner_page::OwnerPage;
use crate::gateway::photos::Photos;
use crate::gateway::player::{LibraryRecordings, Plays, Tickets};
use crate::gateway::secure::Secure;
use crate::gateway::status::Status;
use crate::ground::id::ShareId;
use crate::ground::time::Clock;
use crate::http::{Announcements, Api, Back, Caps, Front, FrontConfig, Times};
use crate::iptv::{self, Channels, Refresher};
use crate::lifecycle::clips::Clips;
use crate::lifecycle::follow::{Followed, Follower, RecordingOutcomes};
use crate::lifecycle::gallery::Gallery;
use crate::lifecycle::retention::{Retention, Rounds};
use crate::lifecycle::room::Room;
use crate::lifecycle::strays::Strays;
use crate::live::Hub;
use crate::mdns::Presence;
use crate::node::now::Now;
use crate::node::status::Health;
use crate::node::threads::Down;
use crate::package::fmp4::RECORDER;
use crate::playback::Playback;
use crate::private;
use crate::recording::library::Library;
use crate::recording::{self, Folder, writer};
use crate::rtsp::{self, Ingest};
use crate::share::{Announcer, Kind, ShareError, ShareSettings, Steward, Unwanted};
use crate::store::{Store, StoreError};
use crate::web_camera::Cameras;

/// How long connections have to end with their answers when the gateway stops.
const GRACE: Duration = Duration::from_secs(3);

/// Why the gateway can't start.
#[derive(Debug)]
pub enum GatewayError {
    /// A folder or file of the data directory.
    Data(PathBuf, std::io::Error),
    /// The database.
    Store(StoreError),
    /// The books.
    Share(ShareError),
    /// An address can't be listened on; the setting's name.
    Listen(&'static str, SocketAddr, std::io::Error),
    /// A thread can't be started.
    Thread(std::io::Error),
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(path, error) => write!(
                f,
                "{} can't be used: {error}. Set data_dir in config.toml to a folder this user may write to",
                path.display()
            ),
            Self::Store(error) => error.fmt(f),
            Self::Share(error) => error.fmt(f),
            Self::Listen(setting, address, error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "{address} is in use by another program. End it, or set {setting} in config.toml to another port"
                )
            }
            Self::Listen(setting, address, error) => {
                write!(f, "{address} can't be listened on: {error}. Set {setting} in config.toml to another address")
            }
            Self::Thread(error) => write!(f, "no thread can be started: {error}"),
        }
    }
}
impl std::error::Error for GatewayError {}

/// A running gateway.
pub struct Gateway {
    executor: Executor,
    steward: Arc<Steward>,
    hub: Arc<Hub>,
    front: Arc<Front>,
    ingest: Arc<Ingest>,
    /// Who looks after the secure doors, if there are to be any.
    secure: Option<Task<()>>,
    cameras: Arc<Cameras>,
    doors: Doors,
    followed: Followed,
    retention_stop: mpsc::Sender<()>,
    threads: Vec<JoinHandle<()>>,
    _back: Back,
    control: Control,
    channels: Arc<Channels>,
    clips: Arc<Clips>,
    presence: Option<Presence>,
}

impl Gateway {
    /// Opens every door. Serving begins with [`Self::run`].
    pub fn start(config: &Config) -> Result<Self, GatewayError> {
        let executor = Executor::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let data_dir = &config.data_dir;
        let data = |path: &Path| {
            let path = path.to_owned();
            move |error| GatewayError::Data(path.clone(), error)
        };
        // A family's videos are nobody else's business.
        private::make_folder(data_dir).map_err(data(data_dir))?;
        let recordings = data_dir.join("recordings");
        let folder = Folder::open(&recordings).map_err(data(&recordings))?;
        let (steward, gallery) = open_books(config, clock.clone())?;
        let hub = Arc::new(Hub::new(config.limits.streams, config.recording.enabled.then_some(RECORDER)));
        let library = Library::new(folder.clone());
        let limits = config.recording.limits();
        let room = Arc::new(Room::new(steward.clone(), hub.clone(), library.clone(), &limits));
        let clips = Arc::new(Clips::new(steward.clone(), library.clone(), room.clone(), &limits));
        let strays = Strays::new(steward.clone(), hub.clone(), library.clone()).with_clips(clips.clone());
        let strays = Arc::new(strays);
        let (unwanted, unwanted_clips) = (hub.clone(), clips.clone());
        steward.on_stream_unwanted(move |share, why| {
            unwanted_clips.call_off(share);
            unwanted.end(share);
            if why == Unwanted::Withdrawn {
                unwanted.remove(share);
            }
        });

        let cut_off = mend(&steward, &folder)?;
        clips.go_on().map_err(GatewayError::Share)?;

        let http = TcpListener::bind(config.http.address)
            .map_err(|error| GatewayError::Listen("http.address", config.http.address, error))?;
        let followed = Followed::default();
        let watch = Follower {
            steward: steward.clone(),
            hub: hub.clone(),
            folder: folder.clone(),
            resume_window: config.share.resume_window.0,
            followed: followed.clone(),
        };
        let login = (!config.rtsp.user.is_empty()).then(|| (config.rtsp.user.clone(), config.rtsp.password.clone()));
        let doorkeeper = Arc::new(Doorkeeper {
            executor: executor.clone(),
            steward: steward.clone(),
            hub: hub.clone(),
            library: library.clone(),
            clock: clock.clone(),
            watch: Arc::new(watch),
            login,
        });
        let cameras = Arc::new(Cameras::new(doorkeeper.clone(), clock.clone()));
        let settings = rtsp::Settings { address: config.rtsp.address, udp_ports: config.udp_ports() };
        let ingest = Ingest::open(&settings, doorkeeper, clock.clone(), &executor)
            .map_err(|error| GatewayError::Listen("rtsp.address", config.rtsp.address, error))?;

        let http_address =
            http.local_addr().map_err(|error| GatewayError::Listen("http.address", config.http.address, error))?;
        let secure = secure::open(config, clock.date());
        let https = secure.as_ref().and_then(Secure::https_address);
        let rtsps = secure.as_ref().and_then(Secure::rtsps_address);
        let told = secure.as_ref().map(Secure::told).unwrap_or_default();
        let doors = Doors { http: http_address, https, rtsp: ingest.address(), rtsps };
        let own_ports = [Some(doors.http), doors.https, Some(doors.rtsp), doors.rtsps];
        let own_ports = own_ports.into_iter().flatten().map(|door| door.port()).collect();
        let (channels, refresher) = open_channels(config, own_ports, &steward, &executor, &clock)?;
        let watched = Arc::new(Watched { channels: channels.clone(), clock: clock.clone() });

        let addresses = Addresses::new(doors, &config.http.names);
        let channels_known = Some(channels.clone());
        let admin = Arc::new(Admin {
            steward: steward.clone(),
            gallery: gallery.clone(),
            addresses,
            channels: channels_known,
            strays: strays.clone(),
        });
        let now = Now::new(steward.clone(), hub.clone(), room.clone(), clock.clone());
        let owner_page = Arc::new(OwnerPage { admin: admin.clone(), now });
        let api = Api::new(steward.clone(), Arc::new(Photos(gallery.clone())), owner_page, doors.rtsp.port())
            .with_secure(told.ports)
            .with_lineup(watched.clone());
        let answering = api.clone();
        let back = Back::start(data_dir, Box::new(move |request| answering.answer(request))).map_err(data(data_dir))?;
        let tickets = Tickets { steward: steward.clone(), clock: clock.clone(), believed: Mutex::default() };
        let playback = Playback::new(hub.clone(), Arc::new(tickets), Arc::new(LibraryRecordings(library.clone())));
        let down = Down::new(clock.clone());
        let front = Front::new(
            FrontConfig {
                names: secure::names(config),
                authority: told.certificate,
                back: back.entrance(),
                player: Arc::new(Plays { playback, steward: steward.clone() }),
                channels: watched,
                cameras: Arc::new(HandOver(cameras.clone())),
                clips: Arc::new(Intake { clips: clips.clone(), api: api.clone() }),
                events: Arc::new(Announcements::new(api.clone(), clock.clone())),
                devices: Arc::new(api),
                metrics_from: config.http.metrics_from.clone(),
                status: Arc::new(Status(Health {
                    steward: steward.clone(),
                    hub: hub.clone(),
                    channels: channels.clone(),
                    executor: executor.clone(),
                    data_dir: data_dir.clone(),
                    down: down.clone(),
                })),
                times: Times::default(),
                caps: Caps::default(),
            },
            &executor,
        );
        front.listen(http).map_err(|error| GatewayError::Listen("http.address", config.http.address, error))?;
        let (front, ingest) = (Arc::new(front), Arc::new(ingest));
        let secure = secure.map(|secure| secure.keep_serving(front.clone(), ingest.clone(), &executor, clock.clone()));
        let control = Control::start(data_dir, admin).map_err(data(data_dir))?;
        let presence = mdns::announce(config, doors, &executor);

        let (retention_stop, stopped) = mpsc::channel();
        let mut retention = Retention {
            steward: steward.clone(),
            hub: hub.clone(),
            library: library.clone(),
            gallery,
            room,
            strays,
            retention: config.share.retention.0,
            rounds: Rounds::new(config.share.resume_window.0, cut_off),
        };
        let (backlog, outcomes) = (hub.backlog().clone(), RecordingOutcomes { steward: steward.clone(), library });
        let mut threads = vec![
            down.start("recording", move || writer::run(&folder, &backlog, &outcomes)).map_err(GatewayError::Thread)?,
            down.start("retention", move || retention.run(&stopped)).map_err(GatewayError::Thread)?,
        ];
        let preparing = clips.clone();
        threads.push(down.start("clips", move || preparing.run()).map_err(GatewayError::Thread)?);
        if channels.has_list() {
            threads.push(down.start("channels", move || refresher.run()).map_err(GatewayError::Thread)?);
        }
        Ok(Self {
            executor,
            steward,
            hub,
            front,
            ingest,
            secure,
            cameras,
            doors,
            followed,
            retention_stop,
            threads,
            _back: back,
            control,
            channels,
            clips,
            presence,
        })
    }

    /// Who decides.
    pub fn steward(&self) -> &Arc<Steward> {
        &self.steward
    }

    /// What it listens on.
    pub fn doors(&self) -> Doors {
        self.doors
    }

    /// Serves until `stop` resolves, then ends every stream cleanly and writes down what is left.
    pub fn run(self, stop: impl Future<Output = ()>) {
        let Self { executor, hub, front, ingest, cameras, followed, retention_stop, threads, .. } = self;
        let (control, channels, clips, presence) = (self.control, self.channels, self.clips, self.presence);
        let secure = self.secure;
        executor.run(async {
            stop.await;
            log::info!("stopping");
            drop(secure);
            if let Some(presence) = presence {
                presence.leave().await;
            }
            ingest.stop().await;
            let patience = async {
                Timer::after(GRACE).await;
            };
            cameras.stop().or(patience).await;
            for stream in hub.all() {
                stream.end();
                hub.close_recording(&stream);
            }
            front.shut_down(GRACE).await;
            let patience = async {
                Timer::after(GRACE).await;
            };
            followed.none().or(patience).await;
        });
        channels.stop();
        clips.stop();
        drop(control);
        drop(retention_stop);
        hub.backlog().close();
        for thread in threads {
            if thread.join().is_err() {
                log::error!("a thread ended badly");
            }
        }
    }
}

/// Opens the database and the photos in the data directory of `config`, and puts a steward in charge of them.
pub fn open_books(config: &Config, clock: Arc<dyn Clock>) -> Result<(Arc<Steward>, Arc<Gallery>), GatewayError> {
    let store = Store::open(&config.data_dir.join("lareira.redb")).map_err(GatewayError::Store)?;
    let announcer = Arc::new(Announcer::new(clock.date()));
    let settings = ShareSettings {
        retention: config.share.retention.0,
        pending_timeout: config.share.pending_timeout.0,
        resume_window: config.share.resume_window.0,
        ..ShareSettings::default()
    };
    let steward = Steward::new(Arc::new(store), clock, announcer, settings).map_err(GatewayError::Share)?;
    let photos = config.data_dir.join("photos");
    let album = Album::open(&photos).map_err(|error| GatewayError::Data(photos, error))?;
    let gallery = Arc::new(Gallery::new(album));
    let unwanted = gallery.clone();
    steward.on_photo_unwanted(move |photo| unwanted.discard(photo));
    Ok((Arc::new(steward), gallery))
}

/// Opens the TV channels, and who keeps their list fresh.
fn open_channels(
    config: &Config,
    own_ports: Vec<u16>,
    steward: &Arc<Steward>,
    executor: &Executor,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<Channels>, Refresher), GatewayError> {
    let folder = config.data_dir.join("channels");
    let settings = iptv::Settings {
        list: config.channels.list.clone(),
        guide: config.channels.guide.clone(),
        refresh: config.channels.refresh.0,
        guard: Guard::new(config.channels.allow.clone(), own_ports),
        folder: folder.clone(),
    };
    let viewers = PairedTvs { steward: steward.clone(), clock: clock.clone(), believed: Mutex::default() };
    let told = steward.clone();
    let changed = Box::new(move || tell_tvs(&told));
    let opened = Channels::open(settings, executor, clock.clone(), Arc::new(viewers), changed);
    let (channels, refresher) = opened.map_err(|error| GatewayError::Data(folder, error))?;
    Ok((Arc::new(channels), refresher))
}

/// Mends the recordings of shares that were live when the gateway was stopped, before anyone can go on with them.
fn mend(steward: &Steward, folder: &Folder) -> Result<Vec<ShareId>, GatewayError> {
    let unfinished = steward.unfinished_shares().map_err(GatewayError::Share)?;
    let live = unfinished.into_iter().filter(|unfinished| unfinished.kind == Kind::Live);
    let shares: Vec<ShareId> = live.map(|unfinished| unfinished.share).collect();
    for share in &shares {
        if let Err(error) = recording::repair(folder, *share) {
            log::error!("recording can't be mended share={share} error=\"{error}\"");
        }
    }
    Ok(shares)
}
