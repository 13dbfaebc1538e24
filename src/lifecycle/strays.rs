//! Recordings of shares that the database doesn't know: made after the backup that was restored. They are kept aside as long as
//! others are kept, and come back with a database that knows them.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::lifecycle::clips::Clips;
use crate::live::Hub;
use crate::recording::Folder;
use crate::recording::library::Library;
use crate::share::{Asker, ShareState, Steward};

/// What became of the videos that a restored backup doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptAside {
    /// How many there are.
    pub videos_kept_aside: usize,
    /// In which folder.
    pub kept_aside_in: String,
}

/// Who looks for them.
pub struct Strays {
    steward: Arc<Steward>,
    hub: Arc<Hub>,
    library: Arc<Library>,
    /// Who goes on with films that come back; a gateway that doesn't run does when it starts.
    clips: Option<Arc<Clips>>,
}

impl Strays {
    /// Of the recordings in `library`, which are those of the shares that `steward` knows.
    pub fn new(steward: Arc<Steward>, hub: Arc<Hub>, library: Arc<Library>) -> Self {
        Self { steward, hub, library, clips: None }
    }

    /// The same, with films that come back prepared by `clips`.
    pub(crate) fn with_clips(self, clips: Arc<Clips>) -> Self {
        Self { clips: Some(clips), ..self }
    }

    /// In the data directory of a gateway that doesn't run.
    pub fn at_rest(steward: Arc<Steward>, data_dir: &Path) -> io::Result<Self> {
        let library = Library::new(Folder::open(&data_dir.join("recordings"))?);
        Ok(Self::new(steward, Arc::new(Hub::new(0, None)), library))
    }

    /// Sets aside the recordings of shares that are not known, and brings back those that are again. How many are not: one
    /// that still flows is set aside when this is called again. What can't be moved is left for the next time.
    pub fn sort(&self) -> io::Result<usize> {
        let folder = self.library.folder();
        let mut unknown = 0;
        for share in folder.shares()? {
            if !self.steward.is_unknown(share).unwrap_or(false) {
                continue;
            }
            unknown += usize::from(folder.video(share).exists() || folder.film(share).exists());
            if self.hub.get(share).is_none() {
                match self.library.set_aside(share) {
                    Ok(()) => {
                        log::warn!("recording of no share set aside share={share} in={}", folder.strays().display());
                    }
                    Err(error) => log::error!("recording of no share stays where it is share={share}: {error}"),
                }
            }
        }
        for share in folder.set_aside_shares()? {
            let state = self.steward.share(Asker::Owner, share).map(|report| report.share.state);
            if self.hub.get(share).is_some() || !state.is_ok_and(|state| state != ShareState::Expired) {
                continue;
            }
            if let Err(error) = folder.bring_back(share) {
                log::error!("recording can't be brought back share={share}: {error}");
                continue;
            }
            log::info!("recording brought back, its share is known again share={share}");
            if let Some(clips) = &self.clips {
                clips.go_on_with(share);
            }
        }
        Ok(unknown)
    }

    /// Deletes what was set aside so long ago.
    pub fn delete_old(&self, age: Duration) -> io::Result<()> {
        for share in self.library.folder().delete_strays(age)? {
            log::info!("recording of no share deleted share={share}");
        }
        Ok(())
    }

    /// Sorts after a restore; what became of the videos that the backup didn't know, if there are any.
    pub fn sort_after_restore(&self) -> Option<KeptAside> {
        let place = self.library.folder().strays().display().to_string();
        match self.sort() {
            Ok(0) => None,
            Ok(aside) => {
                log::warn!(
                    "{aside} videos are younger than the backup: they are kept in {place} as long as others are"
                );
                Some(KeptAside { videos_kept_aside: aside, kept_aside_in: place })
            }
            Err(error) => {
                log::error!("recordings that the backup doesn't know can't be kept in {place}: {error}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::addresses::Addresses;
    use crate::admin::verbs::{Admin, Answer, Verb};
    use crate::config::{Config, Recording};
    use crate::gateway::open_books;
    use crate::ground::id::ShareId;
    use crate::ground::set_clock::SetClock;
    use crate::ground::time::UnixMs;
    use crate::lifecycle::room::tests::house;
    use crate::share::NewUser;

    /// Shares that the database doesn't know are those that are younger than the backup which was restored.
    #[test]
    fn a_restore_costs_no_video_that_is_younger_than_the_backup() {
        let house = house(0);
        let strays = Strays::new(house.steward.clone(), house.hub.clone(), house.library.clone());
        let folder = house.library.folder();
        let known = house.recorded("Family", 1);
        let [young, live, clip] = [1, 2, 3].map(|number| ShareId([number; 10]));
        house.grow(young, 1);
        house.grow(live, 1);
        let _publisher = house.hub.open(live, None, None, UnixMs(0)).expect("it flows");
        std::fs::write(folder.film(clip), "whole").expect("a film");

        let clips = Clips::new(
            house.steward.clone(),
            house.library.clone(),
            house.room.clone(),
            &Recording::default().limits(),
        );
        clips.call_off(clip);
        assert_eq!(folder.set_aside_shares().expect("a list"), [clip], "a film that came whole is kept");
        assert_eq!(strays.sort().expect("sorted"), 2);
        assert_eq!(folder.set_aside_shares().expect("a list"), [young, clip]);
        assert!(house.has(known) && folder.video(live).exists(), "what flows stays where it is for now");
        strays.delete_old(Duration::from_secs(3600)).expect("looked");
        assert_eq!(folder.set_aside_shares().expect("a list"), [young, clip], "and nothing of it goes before its time");

        std::fs::write(folder.film(known), "withdrawn").expect("a film");
        house.steward.withdraw_share(Asker::Owner, known).expect("withdrawn");
        assert_eq!(strays.sort().expect("sorted"), 1, "what is to be deleted is none");
        clips.call_off(known);
        assert!(!folder.film(known).exists() && folder.video(known).exists(), "and goes when its time comes");
    }

    #[test]
    fn the_answer_to_a_restore_says_what_is_kept_aside() {
        let place = tempfile::tempdir().expect("a directory");
        let config = Config { data_dir: place.path().to_owned(), ..Config::default() };
        let (steward, gallery) = open_books(&config, SetClock::new()).expect("opens");
        let account = steward.add_account("Silva", None).expect("an account").id;
        let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
        let ana = steward.add_user(new).expect("a user").id;
        let strays = Arc::new(Strays::at_rest(steward.clone(), place.path()).expect("a folder"));
        let addresses = Addresses::new(config.doors(), &[]);
        let admin = Admin { steward, gallery, addresses, channels: None, strays };
        let file = place.path().join("backup");
        admin.execute(&Verb::Backup { file: file.clone() }).expect("backed up");
        let share = admin.steward.new_share_for_cameras(&[ana], None).expect("a share").share.id;
        let folder = admin.strays.library.folder().clone();
        std::fs::write(folder.video(share), "a video").expect("recorded");
        let newer = place.path().join("newer");
        admin.execute(&Verb::Backup { file: newer.clone() }).expect("backed up");
        let restore = |file| {
            let answer: Answer = admin.execute(&Verb::Restore { file }).expect("restored");
            serde_json::to_value(answer).expect("written")
        };
        let restored = restore(file);
        assert_eq!((&restored["restored"], &restored["videos_kept_aside"]), (&true.into(), &1.into()), "{restored}");
        assert_eq!(restored["kept_aside_in"], folder.strays().display().to_string());
        let restored = restore(newer);
        assert_eq!(restored.get("videos_kept_aside"), None, "{restored}");
        assert_eq!(std::fs::read(folder.video(share)).expect("it is back"), b"a video");
    }

    #[test]
    fn what_books_know_again_comes_back() {
        let house = house(0);
        let strays = Strays::new(house.steward.clone(), house.hub.clone(), house.library.clone());
        let share = house.recorded("Family", 1);
        house.library.set_aside(share).expect("moved");
        assert_eq!(strays.sort().expect("sorted"), 0);
        assert!(house.has(share));
        house.library.set_aside(share).expect("moved");
        house.steward.expire_early(share).expect("its time is over");
        assert_eq!(strays.sort().expect("sorted"), 0);
        assert!(!house.has(share), "but not what has expired");
    }

    #[test]
    fn a_film_that_comes_back_is_gone_on_with() {
        let house = house(0);
        let limits = Recording::default().limits();
        let clips = Clips::new(house.steward.clone(), house.library.clone(), house.room.clone(), &limits);
        let clips = Arc::new(clips);
        let strays = Strays::new(house.steward.clone(), house.hub.clone(), house.library.clone());
        let strays = strays.with_clips(clips.clone());
        let folder = house.library.folder();
        let film = house.clip("Guest");
        std::fs::write(folder.film(film), "whole").expect("a film");
        clips.call_off(film);
        assert!(folder.film(film).exists(), "the database that came back knows it as one to be prepared");
        house.library.set_aside(film).expect("moved");
        house.steward.clip_awaits_more(film);
        assert_eq!(strays.sort().expect("sorted"), 0);
        house.clock.advance(Duration::from_secs(86_400));
        house.steward.sweep().expect("swept");
        let state = house.steward.share(Asker::Owner, film).expect("known").share.state;
        assert!(state.is_unfinished() && folder.film(film).exists(), "nothing more of it is due: {state:?}");
    }

    #[test]
    fn one_that_can_not_come_back_keeps_no_other_from_it() {
        let house = house(0);
        let strays = Strays::new(house.steward.clone(), house.hub.clone(), house.library.clone());
        let folder = house.library.folder();
        let shares = [1, 2, 3].map(|mib| house.recorded("Family", mib));
        for share in shares {
            house.library.set_aside(share).expect("moved");
        }
        std::fs::write(folder.video(shares[0]), "newer").expect("recorded anew");
        let _publisher = house.hub.open(shares[1], None, None, UnixMs(0)).expect("it flows");
        assert_eq!(strays.sort().expect("sorted"), 0);
        assert_eq!(std::fs::read(folder.video(shares[0])).expect("there"), b"newer", "nothing is moved over it");
        assert_eq!(folder.set_aside_shares().expect("a list"), shares[..2], "nor to what flows");
        assert!(house.has(shares[2]));
    }
}
