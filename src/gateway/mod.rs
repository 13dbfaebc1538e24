//! The gateway: all rooms, wired.
//!
//! `config` says how, [`Gateway::start`] opens every door (`start` has its longer steps), [`Gateway::run`] serves until it is
//! told to stop. The other files translate between rooms that don't know each other. Nothing is decided here.

mod channels;
mod clips;
mod error;
mod gate;
mod holdings;
mod mdns;
pub mod owner_page;
pub mod photos;
mod player;
mod secure;
mod start;
mod status;

use std::future::Future;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_io::Timer;
use futures_lite::FutureExt as _;

use crate::admin::addresses::{Addresses, Doors};
use crate::admin::control::Control;
use crate::config::Config;
use crate::executor::{Executor, SystemClock, Task};
use crate::gateway::channels::Watched;
use crate::gateway::clips::Intake;
use crate::gateway::owner_page::OwnerPage;
use crate::gateway::photos::Photos;
use crate::gateway::secure::Secure;
use crate::gateway::start::{Keep, Publishing, doors, in_data, listen_http, open_channels};
use crate::gateway::status::Status;
use crate::ground::time::Clock;
use crate::http::{Announcements, Api, Back, Caps, Front, FrontConfig, Times};
use crate::iptv::Channels;
use crate::lifecycle::clips::Clips;
use crate::lifecycle::follow::Followed;
use crate::live::Hub;
use crate::mdns::Presence;
use crate::node::threads::Down;
use crate::rtsp::RtspServer;
use crate::share::Steward;
use crate::web_camera::WebCameras;

/// How long connections have to end with their answers when the gateway stops.
const GRACE: Duration = Duration::from_secs(3);

pub use error::GatewayError;
pub use start::open_books;

/// A running gateway.
pub struct Gateway {
    executor: Executor,
    steward: Arc<Steward>,
    hub: Arc<Hub>,
    front: Arc<Front>,
    rtsp: Arc<RtspServer>,
    /// Who looks after the secure doors, if there are to be any.
    secure: Option<Task<()>>,
    web_cameras: Arc<WebCameras>,
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
        let keep = Keep::open(config, &clock)?;
        let cut_off = keep.mend()?;

        let http = listen_http(config)?;
        let publishing = Publishing::open(config, &keep, &executor, &clock)?;
        let secure = secure::open(config, clock.date());
        let doors = doors(config, &http, &publishing, secure.as_ref())?;
        let (channels, refresher) = open_channels(config, doors, &keep.steward, &executor, &clock)?;

        let watched = Arc::new(Watched { channels: channels.clone(), clock: clock.clone() });
        let admin = Arc::new(keep.admin(Addresses::new(doors, &config.http.names), &channels));
        let told = secure.as_ref().map(Secure::told).unwrap_or_default();
        let api = Api::new(
            keep.steward.clone(),
            Arc::new(Photos(keep.gallery.clone())),
            Arc::new(OwnerPage { admin: admin.clone(), now: keep.now(&clock) }),
            doors.rtsp.port(),
        )
        .with_secure(told.ports)
        .with_holdings(Arc::new(keep.holdings(config)))
        .with_lineup(watched.clone());
        let answering = api.clone();
        let back = Back::start(&config.data_dir, Box::new(move |request| answering.answer(request)))
            .map_err(in_data(&config.data_dir))?;
        let down = Down::new(clock.clone());
        let front = Front::new(
            FrontConfig {
                names: secure::names(config),
                authority: told.certificate,
                back: back.entrance(),
                player: Arc::new(keep.player(&clock)),
                channels: watched,
                web_cameras: publishing.web_cameras.clone(),
                clips: Arc::new(Intake { clips: keep.clips.clone(), api: api.clone() }),
                events: Arc::new(Announcements::new(api.clone(), clock.clone())),
                devices: Arc::new(api),
                metrics_from: config.http.metrics_from.clone(),
                status: Arc::new(Status(keep.health(config, &channels, &executor, &down))),
                times: Times::default(),
                caps: Caps::default(),
            },
            &executor,
        );
        front.listen(http).map_err(|error| GatewayError::Listen("http.address", config.http.address, error))?;
        let (front, Publishing { web_cameras, rtsp, followed }) = (Arc::new(front), publishing);
        let secure = secure.map(|secure| secure.keep_serving(front.clone(), rtsp.clone(), &executor, clock.clone()));
        let control = Control::start(&config.data_dir, admin).map_err(in_data(&config.data_dir))?;
        let presence = mdns::announce(config, doors, &executor);

        let (retention_stop, stopped) = mpsc::channel();
        let mut threads = keep.start_threads(config, cut_off, stopped, &down)?;
        if channels.has_list() {
            threads.push(down.start("channels", move || refresher.run()).map_err(GatewayError::Thread)?);
        }
        let Keep { steward, hub, clips, .. } = keep;
        Ok(Self {
            executor,
            steward,
            hub,
            front,
            rtsp,
            secure,
            web_cameras,
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

    /// Serves until `stop` resolves, then leaves every stream off, for its publisher may come back after the next start, and
    /// writes down what is left.
    pub fn run(self, stop: impl Future<Output = ()>) {
        let Self { executor, steward, hub, front, rtsp, web_cameras, followed, retention_stop, threads, .. } = self;
        let (control, channels, clips, presence) = (self.control, self.channels, self.clips, self.presence);
        let secure = self.secure;
        steward.streams_may_come_back();
        executor.run(async {
            stop.await;
            log::info!("stopping");
            steward.announcer().stop();
            followed.stop();
            drop(secure);
            if let Some(presence) = presence {
                presence.leave().await;
            }
            rtsp.stop().await;
            let timeout = async {
                Timer::after(GRACE).await;
            };
            web_cameras.stop().or(timeout).await;
            hub.leave_off();
            front.shut_down(GRACE).await;
            let timeout = async {
                Timer::after(GRACE).await;
            };
            followed.none().or(timeout).await;
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
