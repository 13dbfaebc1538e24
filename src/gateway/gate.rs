//! Who may publish: addresses become shares, shares become streams.

use std::net::IpAddr;
use std::sync::Arc;

use crate::executor::{Executor, Work, unblock};
use crate::ground::crypto::same;
use crate::ground::frame::AudioParams;
use crate::ground::id::ShareId;
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::time::{Clock, UnixMs};
use crate::lifecycle::follow::Follower;
use crate::live::{Hub, OpenError, Publisher, RecordingState, Status};
use crate::package::fmp4::FinishedRecording;
use crate::recording::library::Library;
use crate::rtsp::{Answer, Gate};
use crate::share::{EndReason, LedgerError, RefusedKind, ShareError, Steward};
use crate::web_camera::WebCameraGate;
use crate::wire::address::RtspAddress;
use crate::wire::rtp::Media;
use crate::wire::rtsp::Credentials;

/// The gate of publishers.
pub(super) struct Doorkeeper {
    pub executor: Executor,
    pub steward: Arc<Steward>,
    pub hub: Arc<Hub>,
    pub library: Arc<Library>,
    pub clock: Arc<dyn Clock>,
    pub watch: Arc<Follower>,
    /// Name and password RTSP publishers have to give besides their address, if any.
    pub login: Option<(String, String)>,
}

impl Doorkeeper {
    /// The share that is published at `path`; one is made where the path is a phone's. Blocks elsewhere.
    async fn share(&self, path: &str) -> Result<ShareId, PublishRefusal> {
        match RtspAddress::of(path).ok_or(PublishRefusal::NotFound)? {
            RtspAddress::Phone(token) => self.share_of_phone(token).await,
            RtspAddress::Share(token) => self.share_of(token).await,
        }
    }

    /// Whether something may be published at `path`. Blocks elsewhere.
    async fn may_publish(&self, path: &str) -> Result<(), PublishRefusal> {
        let Some(RtspAddress::Phone(token)) = RtspAddress::of(path) else {
            let share = self.share(path).await?;
            return self.has_place(share);
        };
        let (steward, token) = (self.steward.clone(), token.to_owned());
        let current = unblock(Work::Storage, move || steward.admit_phone(&token)).await.map_err(refusal)?;
        match current.and_then(|share| self.hub.get(share)).map(|stream| stream.status()) {
            Some(Status::Flowing) => Err(PublishRefusal::AlreadyPublishing),
            Some(Status::Interrupted | Status::Ended) | None => Ok(()),
        }
    }

    /// Refuses what would find no place among the streams: said before anything is set up, and again when that is done.
    fn has_place(&self, share: ShareId) -> Result<(), PublishRefusal> {
        self.hub.check(share).map_err(full)
    }

    /// The share that goes on at the lasting address of the phone with `token`, or the next. Blocks elsewhere.
    async fn share_of_phone(&self, token: &str) -> Result<ShareId, PublishRefusal> {
        let (steward, hub, token) = (self.steward.clone(), self.hub.clone(), token.to_owned());
        let share = move || {
            let share = steward.share_of_phone(&token)?;
            // One that was left off at a stop of the gateway is not over.
            if hub.get(share).is_none_or(|stream| stream.status() != Status::Ended || stream.is_left_off()) {
                return Ok(share);
            }
            // Its end is not in the database yet, and whoever comes back so soon means the next share.
            steward.ended(share, EndReason::Stopped, None)?;
            steward.share_of_phone(&token)
        };
        unblock(Work::Storage, share).await.map_err(refusal)
    }

    /// The share that is published with `token`. Blocks elsewhere.
    async fn share_of(&self, token: &str) -> Result<ShareId, PublishRefusal> {
        let token = token.to_owned();
        let steward = self.steward.clone();
        unblock(Work::Storage, move || steward.publisher_for_token(&token)).await.map_err(refusal)
    }

    /// What was recorded of a share whose stream was cut off when the gateway was stopped.
    async fn past(&self, share: ShareId, date: UnixMs) -> Result<Option<FinishedRecording>, PublishRefusal> {
        if self.hub.get(share).is_some() {
            return Ok(None);
        }
        self.library.past(share, date).await.map_err(|error| {
            if error.kind() == std::io::ErrorKind::WouldBlock {
                return PublishRefusal::AlreadyPublishing;
            }
            log::error!("what was recorded can't be read share={share} error=\"{error}\"");
            PublishRefusal::Failed
        })
    }

    async fn open_stream(&self, share: ShareId, audio: Option<Arc<AudioParams>>) -> Result<Publisher, PublishRefusal> {
        let date = self.clock.date();
        let past = self.past(share, date).await?;
        let (publisher, new) = self.hub.open(share, audio, past.map(Into::into), date).map_err(|error| {
            self.library.release(share);
            match error {
                OpenError::AlreadyPublishing => PublishRefusal::AlreadyPublishing,
                OpenError::Over => PublishRefusal::Over,
                // Whoever tries again finds the next start.
                OpenError::LeftOff => PublishRefusal::Failed,
                OpenError::Full(streams) => full(streams),
            }
        })?;
        let is_recorded_anew = new.as_ref().is_some_and(|stream| stream.recording() == RecordingState::On);
        if let Some(stream) = new {
            self.executor.spawn(self.watch.clone().follow(stream)).detach();
        }
        let steward = self.steward.clone();
        let begin = move || {
            steward.media_started(share)?;
            if is_recorded_anew && let Err(error) = steward.recording_goes_on(share) {
                log::error!("that the recording of share={share} goes on can't be written down: {error}");
            }
            Ok(())
        };
        if let Err(error) = unblock(Work::Storage, begin).await {
            self.hub.end(share);
            return Err(refusal(error));
        }
        Ok(publisher)
    }
}

impl Gate for Doorkeeper {
    fn admit<'a>(&'a self, path: &'a str, credentials: Option<Credentials>) -> Answer<'a, ()> {
        Box::pin(async move {
            if let Some((user, password)) = &self.login
                && !credentials
                    .is_some_and(|given| given.prove(password) && same(given.user().as_bytes(), user.as_bytes()))
            {
                return Err(PublishRefusal::Authenticate);
            }
            self.may_publish(path).await
        })
    }

    fn may_try(&self, from: IpAddr) -> Result<(), PublishRefusal> {
        self.steward.may_try(RefusedKind::RtspPassword, from).map_err(refusal)
    }

    fn was_wrong(&self, from: IpAddr) {
        self.steward.was_wrong(RefusedKind::RtspPassword, from);
    }

    fn open<'a>(&'a self, path: &'a str, media: &'a [Media]) -> Answer<'a, Publisher> {
        Box::pin(async move {
            let share = self.share(path).await?;
            self.open_stream(share, sound(media)?).await
        })
    }
}

/// Web cameras have no name and password to give: the token in their address is the right to publish.
impl WebCameraGate for Doorkeeper {
    fn admit<'a>(&'a self, token: &'a str) -> Answer<'a, ShareId> {
        Box::pin(async move {
            let share = self.share_of(token).await?;
            let Some(stream) = self.hub.get(share) else { return self.has_place(share).map(|()| share) };
            match stream.status() {
                Status::Flowing => Err(PublishRefusal::AlreadyPublishing),
                Status::Ended if stream.is_left_off() => Err(PublishRefusal::Failed),
                Status::Ended => Err(PublishRefusal::Over),
                Status::Interrupted => Ok(share),
            }
        })
    }

    fn open<'a>(&'a self, token: &'a str, audio: Option<Arc<AudioParams>>) -> Answer<'a, Publisher> {
        Box::pin(async move { self.open_stream(self.share_of(token).await?, audio).await })
    }

    fn viewers(&self, share: ShareId) -> usize {
        self.steward.viewers(share)
    }
}

fn sound(media: &[Media]) -> Result<Option<Arc<AudioParams>>, PublishRefusal> {
    let sound = media.iter().find_map(|media| media.format.sound()).transpose();
    sound
        .map(|params| params.map(Arc::new))
        .map_err(|_| PublishRefusal::Unsupported("Only AAC and Opus can be taken as sound".into()))
}

fn full(streams: usize) -> PublishRefusal {
    PublishRefusal::Full(ShareError::NoPlace(streams).to_string())
}

fn refusal(error: ShareError) -> PublishRefusal {
    match error {
        ShareError::NotFound(_) => PublishRefusal::NotFound,
        ShareError::Over(_) => PublishRefusal::Over,
        ShareError::Full(_) | ShareError::NoPlace(_) => PublishRefusal::Full(error.to_string()),
        ShareError::Ledger(LedgerError::DiskFull) => PublishRefusal::DiskFull,
        ShareError::Ledger(error) => {
            log::error!("publishing: {error}");
            PublishRefusal::Failed
        }
        other => PublishRefusal::NotAllowed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_lite::future::block_on;

    use super::*;
    use crate::ground::recording_failure::{self, NO_ROOM, TOO_LONG};
    use crate::lifecycle::follow::Followed;
    use crate::lifecycle::room::tests::{House, house};
    use crate::share::{Asker, ShareState};

    fn doorkeeper(house: &House) -> Doorkeeper {
        let watch = Follower {
            steward: house.steward.clone(),
            hub: house.hub.clone(),
            folder: house.library.folder().clone(),
            resume_window: Duration::from_secs(15),
            followed: Followed::default(),
        };
        Doorkeeper {
            executor: Executor::default(),
            steward: house.steward.clone(),
            hub: house.hub.clone(),
            library: house.library.clone(),
            clock: house.clock.clone(),
            watch: Arc::new(watch),
            login: None,
        }
    }

    /// What publishers of both doors are told who come back to a share at this moment.
    fn answers(doorkeeper: &Doorkeeper, token: &str) -> [Option<PublishRefusal>; 3] {
        let path = format!("live/{token}");
        let admitted = block_on(WebCameraGate::admit(doorkeeper, token)).err();
        let web_camera = block_on(WebCameraGate::open(doorkeeper, token, None)).err();
        let rtsp = block_on(Gate::open(doorkeeper, &path, &[])).err();
        [admitted, web_camera, rtsp]
    }

    #[test]
    fn who_comes_back_while_the_gateway_stops_is_to_try_again() {
        let house = house(100);
        let doorkeeper = doorkeeper(&house);
        let [left_off, over] = ["Door", "Garden"].map(|name| {
            let new = house.steward.new_share_for_cameras(&[house.ana], Some(name)).expect("a share");
            (new.share.id, new.publish_token)
        });
        for (share, _) in [&left_off, &over] {
            house.steward.media_started(*share).expect("preparing");
        }
        let _publishers = [&left_off, &over]
            .map(|(share, _)| house.hub.open(*share, None, None, house.clock.date()).expect("it flows"));
        house.hub.end(over.0);
        house.hub.leave_off();
        let again = || Some(PublishRefusal::Failed);
        assert_eq!(answers(&doorkeeper, &left_off.1), [again(), again(), again()]);
        let no_more = || Some(PublishRefusal::Over);
        assert_eq!(answers(&doorkeeper, &over.1), [no_more(), no_more(), no_more()]);
        let state = house.steward.share(Asker::Owner, left_off.0).expect("a share").share.state;
        assert_eq!(state, ShareState::Preparing, "and nobody has ended it");
    }

    #[test]
    fn a_recording_that_waited_for_room_before_a_stop_has_a_gap_when_it_goes_on() {
        let house = house(100);
        let doorkeeper = doorkeeper(&house);
        let [full, long] = [NO_ROOM, TOO_LONG].map(|why| {
            let new = house.steward.new_share_for_cameras(&[house.ana], None).expect("a share");
            house.steward.media_started(new.share.id).expect("preparing");
            house.steward.recording_failed(new.share.id, why).expect("said");
            let _publisher = block_on(WebCameraGate::open(&doorkeeper, &new.publish_token, None)).expect("it is back");
            let share = house.steward.share(Asker::Owner, new.share.id).expect("a share").share;
            recording_failure::code(&share.recording_failure.expect("something is said"))
        });
        assert_eq!((full, long), ("gaps", "too_long"));
    }
}
