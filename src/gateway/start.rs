//! The longer steps of the gateway's start: each makes rooms that belong together and hands them what they need.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::admin::addresses::{Addresses, Doors};
use crate::admin::verbs::Admin;
use crate::album::Album;
use crate::config::Config;
use crate::executor::Executor;
use crate::fetch::Guard;
use crate::gateway::GatewayError;
use crate::gateway::channels::{PairedTvs, tell_tvs};
use crate::gateway::gate::Doorkeeper;
use crate::gateway::holdings::Kept;
use crate::gateway::player::{LibraryRecordings, Plays, Tickets};
use crate::gateway::secure::Secure;
use crate::ground::id::ShareId;
use crate::ground::time::Clock;
use crate::iptv::{self, Channels, Refresher};
use crate::lifecycle::clips::Clips;
use crate::lifecycle::follow::{Followed, Follower};
use crate::lifecycle::gallery::Gallery;
use crate::lifecycle::recording_outcomes::RecordingOutcomes;
use crate::lifecycle::retention::{Retention, Rounds};
use crate::lifecycle::room::Room;
use crate::lifecycle::strays::Strays;
use crate::live::Hub;
use crate::node::now::Now;
use crate::node::status::Health;
use crate::node::threads::Down;
use crate::package::fmp4::RECORDER;
use crate::playback::Playback;
use crate::private;
use crate::recording::library::Library;
use crate::recording::{self, Folder, writer};
use crate::rtsp::{self, RtspServer};
use crate::share::{Announcer, Kind, ShareSettings, Steward, Unwanted};
use crate::store::Store;
use crate::web_camera::WebCameras;

/// Says of a failure that it is one of this folder or file of the data directory.
pub(super) fn in_data(path: &Path) -> impl FnOnce(io::Error) -> GatewayError + use<> {
    let path = path.to_owned();
    move |error| GatewayError::Data(path, error)
}

/// What is kept on the disk, the streams that flow, and who looks after both.
pub(super) struct Keep {
    pub steward: Arc<Steward>,
    pub gallery: Arc<Gallery>,
    pub hub: Arc<Hub>,
    pub clips: Arc<Clips>,
    folder: Folder,
    library: Arc<Library>,
    room: Arc<Room>,
    strays: Arc<Strays>,
}

impl Keep {
    /// Opens what is in the data directory.
    pub fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, GatewayError> {
        // A family's videos are nobody else's business.
        private::make_folder(&config.data_dir).map_err(in_data(&config.data_dir))?;
        let recordings = config.data_dir.join("recordings");
        let folder = Folder::open(&recordings).map_err(in_data(&recordings))?;
        let (steward, gallery) = open_books(config, clock.clone())?;
        let hub = Arc::new(Hub::new(config.limits.streams, config.recording.enabled.then_some(RECORDER)));
        let flowing = hub.clone();
        steward.on_uplink_asked(move |share| flowing.get(share)?.uplink_ms());
        let library = Library::new(folder.clone());
        let limits = config.recording.limits();
        let room = Arc::new(Room::new(steward.clone(), hub.clone(), library.clone(), &limits));
        let clips = Arc::new(Clips::new(steward.clone(), library.clone(), room.clone(), &limits));
        let strays = Strays::new(steward.clone(), hub.clone(), library.clone()).with_clips(clips.clone());
        let (unwanted, unwanted_clips) = (hub.clone(), clips.clone());
        steward.on_stream_unwanted(move |share, why| {
            unwanted_clips.call_off(share);
            unwanted.end(share);
            if why == Unwanted::Withdrawn {
                unwanted.remove(share);
            }
        });
        Ok(Self { steward, gallery, hub, clips, folder, library, room, strays: Arc::new(strays) })
    }

    /// Mends what a stop left behind, before anyone can go on with it. The shares whose length is to be written down: those
    /// that were live then, and those that have ended since without anybody measuring what was recorded.
    pub fn mend(&self) -> Result<Vec<ShareId>, GatewayError> {
        let unfinished = self.steward.unfinished_shares().map_err(GatewayError::Share)?;
        let live = unfinished.into_iter().filter(|unfinished| unfinished.kind == Kind::Live);
        let mut shares: Vec<ShareId> = live.map(|unfinished| unfinished.share).collect();
        let unmeasured = self.steward.unmeasured_shares().map_err(GatewayError::Share)?;
        shares.extend(unmeasured.into_iter().filter(|share| self.folder.video(*share).exists()));
        for share in &shares {
            if let Err(error) = recording::repair(&self.folder, *share) {
                log::error!("recording can't be mended share={share} error=\"{error}\"");
            }
        }
        self.clips.go_on().map_err(GatewayError::Share)?;
        Ok(shares)
    }

    /// The owner's verbs.
    pub fn admin(&self, addresses: Addresses, channels: &Arc<Channels>) -> Admin {
        Admin {
            steward: self.steward.clone(),
            gallery: self.gallery.clone(),
            addresses,
            channels: Some(channels.clone()),
            strays: self.strays.clone(),
        }
    }

    /// Who knows what is going on.
    pub fn now(&self, clock: &Arc<dyn Clock>) -> Now {
        Now::new(self.steward.clone(), self.hub.clone(), self.room.clone(), clock.clone())
    }

    /// Who knows how the gateway is.
    pub fn health(&self, config: &Config, channels: &Arc<Channels>, executor: &Executor, down: &Down) -> Health {
        Health {
            steward: self.steward.clone(),
            hub: self.hub.clone(),
            channels: channels.clone(),
            executor: executor.clone(),
            data_dir: config.data_dir.clone(),
            down: down.clone(),
        }
    }

    /// Who knows what there is of shares.
    pub fn holdings(&self, config: &Config) -> Kept {
        Kept { hub: self.hub.clone(), folder: self.folder.clone(), records: config.recording.enabled }
    }

    /// Who plays shares.
    pub fn player(&self, clock: &Arc<dyn Clock>) -> Plays {
        let tickets = Tickets { steward: self.steward.clone(), clock: clock.clone(), believed: Mutex::default() };
        let recordings = Arc::new(LibraryRecordings(self.library.clone()));
        let playback = Playback::new(self.hub.clone(), Arc::new(tickets), recordings);
        Plays { playback, steward: self.steward.clone() }
    }

    /// Starts the threads that write recordings, prepare clips, and sweep until `stopped` is closed. The shares of `cut_off`
    /// may come back for a while.
    pub fn start_threads(
        &self,
        config: &Config,
        cut_off: Vec<ShareId>,
        stopped: Receiver<()>,
        down: &Down,
    ) -> Result<Vec<JoinHandle<()>>, GatewayError> {
        let (folder, backlog) = (self.folder.clone(), self.hub.backlog().clone());
        let outcomes = RecordingOutcomes { steward: self.steward.clone(), library: self.library.clone() };
        let mut retention = Retention {
            steward: self.steward.clone(),
            hub: self.hub.clone(),
            library: self.library.clone(),
            gallery: self.gallery.clone(),
            room: self.room.clone(),
            strays: self.strays.clone(),
            retention: config.share.retention.0,
            rounds: Rounds::new(config.share.resume_window.0, cut_off),
        };
        let clips = self.clips.clone();
        let threads = [
            down.start("recording", move || writer::run(&folder, &backlog, &outcomes)),
            down.start("retention", move || retention.run(&stopped)),
            down.start("clips", move || clips.run()),
        ];
        threads.into_iter().collect::<io::Result<_>>().map_err(GatewayError::Thread)
    }
}

/// Takes the port of HTTP.
pub(super) fn listen_http(config: &Config) -> Result<TcpListener, GatewayError> {
    let address = config.http.address;
    TcpListener::bind(address).map_err(|error| GatewayError::Listen("http.address", address, error))
}

/// Who takes what camera apps and web cameras publish.
pub(super) struct Publishing {
    pub web_cameras: Arc<WebCameras>,
    pub rtsp: Arc<RtspServer>,
    /// The streams whose end is not written down yet.
    pub followed: Followed,
}

impl Publishing {
    /// Opens the doors of publishers.
    pub fn open(
        config: &Config,
        keep: &Keep,
        executor: &Executor,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, GatewayError> {
        let followed = Followed::default();
        let watch = Follower {
            steward: keep.steward.clone(),
            hub: keep.hub.clone(),
            folder: keep.folder.clone(),
            resume_window: config.share.resume_window.0,
            followed: followed.clone(),
        };
        let login = (!config.rtsp.user.is_empty()).then(|| (config.rtsp.user.clone(), config.rtsp.password.clone()));
        let doorkeeper = Arc::new(Doorkeeper {
            executor: executor.clone(),
            steward: keep.steward.clone(),
            hub: keep.hub.clone(),
            library: keep.library.clone(),
            clock: clock.clone(),
            watch: Arc::new(watch),
            login,
        });
        let web_cameras = Arc::new(WebCameras::new(doorkeeper.clone(), clock.clone()));
        let settings = rtsp::Settings { address: config.rtsp.address, udp_ports: config.udp_ports() };
        let rtsp = RtspServer::open(&settings, doorkeeper, clock.clone(), executor)
            .map_err(|error| GatewayError::Listen("rtsp.address", config.rtsp.address, error))?;
        Ok(Self { web_cameras, rtsp: Arc::new(rtsp), followed })
    }
}

/// Where all doors are, or are to be.
pub(super) fn doors(
    config: &Config,
    http: &TcpListener,
    publishing: &Publishing,
    secure: Option<&Secure>,
) -> Result<Doors, GatewayError> {
    Ok(Doors {
        http: http.local_addr().map_err(|error| GatewayError::Listen("http.address", config.http.address, error))?,
        https: secure.and_then(Secure::https_address),
        rtsp: publishing.rtsp.address(),
        rtsps: secure.and_then(Secure::rtsps_address),
    })
}

/// Opens the database and the photos in the data directory of `config`, and puts a steward in charge of them.
pub fn open_books(config: &Config, clock: Arc<dyn Clock>) -> Result<(Arc<Steward>, Arc<Gallery>), GatewayError> {
    let store = Store::open(&config.data_dir.join("lareira.redb")).map_err(GatewayError::Store)?;
    let announcer = Arc::new(Announcer::new(clock.date()));
    let settings = ShareSettings {
        retention: config.share.retention.0,
        pending_timeout: config.share.pending_timeout.0,
        resume_window: config.share.resume_window.0,
        streams: config.limits.streams,
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
pub(super) fn open_channels(
    config: &Config,
    doors: Doors,
    steward: &Arc<Steward>,
    executor: &Executor,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<Channels>, Refresher), GatewayError> {
    let folder = config.data_dir.join("channels");
    let own = [Some(doors.http), doors.https, Some(doors.rtsp), doors.rtsps];
    let own_ports = own.into_iter().flatten().map(|door| door.port()).collect();
    let settings = iptv::Settings {
        list: config.channels.list.clone(),
        guide: config.channels.guide.clone(),
        zone: config.channels.guide_zone.zone().clone(),
        refresh: config.channels.refresh.0,
        guard: Guard::new(config.channels.allow.clone(), own_ports, "allow in [channels] of config.toml"),
        folder: folder.clone(),
    };
    let viewers = PairedTvs { steward: steward.clone(), clock: clock.clone(), believed: Mutex::default() };
    let told = steward.clone();
    let changed = Box::new(move || tell_tvs(&told));
    let opened = Channels::open(settings, executor, clock.clone(), Arc::new(viewers), changed);
    let (channels, refresher) = opened.map_err(|error| GatewayError::Data(folder, error))?;
    Ok((Arc::new(channels), refresher))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::set_clock::SetClock;
    use crate::share::{Asker, EndReason, MediaInfo, NewUser};

    #[test]
    fn a_start_measures_what_ended_before_anyone_did() {
        let place = tempfile::tempdir().expect("a directory");
        let config = Config { data_dir: place.path().to_owned(), ..Config::default() };
        let clock: Arc<dyn Clock> = SetClock::new();
        let keep = Keep::open(&config, &clock).expect("opens");
        let steward = &keep.steward;
        let account = steward.add_account("Silva", None).expect("an account").id;
        let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
        let ana = steward.add_user(new).expect("a user").id;
        let codec = "avc1.42c01f".into();
        let media =
            MediaInfo { codec, audio_codec: None, width: 640, height: 360, frame_rate: 30.0, bits_per_second: 0 };
        let [unmeasured, kept, measured, unrecorded, live] = [(); 5].map(|()| {
            let share = steward.new_share_for_cameras(&[ana], None).expect("a share").share.id;
            steward.ready(share, media.clone()).expect("ready");
            share
        });
        for share in [unmeasured, kept, measured, live] {
            std::fs::write(keep.folder.video(share), b"a video").expect("written");
        }
        for (share, length) in [(unmeasured, None), (kept, None), (measured, Some(1000)), (unrecorded, None)] {
            steward.ended(share, EndReason::Stopped, length).expect("ended");
        }
        steward.keep_share(kept, true).expect("kept");
        let mut found = keep.mend().expect("mended");
        found.sort();
        let mut right = vec![unmeasured, kept, live];
        right.sort();
        assert_eq!(found, right);
        assert_eq!(steward.share(Asker::Owner, measured).expect("a share").share.duration_ms, Some(1000));
    }
}
