//! Recordings that belong to no share: kept aside for a while, under `strays/`, and brought back where there is a share
//! again. How long, and which, is said by whoever knows the shares.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::ground::id::ShareId;
use crate::ground::time::DAWN;
use crate::recording::{Folder, remove};

/// Where they are, in the folder of the recordings.
const STRAYS: &str = "strays";

impl Folder {
    /// Where recordings are that belong to no share.
    pub fn strays(&self) -> PathBuf {
        self.0.join(STRAYS)
    }

    /// Moves all there is of a share aside. Of a film that has not come whole there is nothing to keep.
    pub fn set_aside(&self, share: ShareId) -> io::Result<()> {
        let aside = Self::open(&self.strays())?;
        for path in [self.video(share), self.film(share)] {
            date(&path)?;
        }
        remove(&self.upload(share))?;
        self.move_to(&aside, share)
    }

    /// Moves what was set aside of a share back to the others.
    pub fn bring_back(&self, share: ShareId) -> io::Result<()> {
        Self(self.strays()).move_to(self, share)
    }

    /// What names the share goes last: what a power cut leaves behind is found again. Nothing is moved over another video.
    fn move_to(&self, other: &Self, share: ShareId) -> io::Result<()> {
        let videos = |folder: &Self| [folder.film(share), folder.video(share)];
        if videos(self).iter().zip(videos(other)).any(|(from, to)| from.exists() && to.exists()) {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "another video of the share is there"));
        }
        self.delete_head(share)?;
        let paths =
            |folder: &Self| [folder.thumbnail(share), folder.index(share), folder.film(share), folder.video(share)];
        for (from, to) in paths(self).iter().zip(paths(other)) {
            match fs::rename(from, to) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        other.sync()?;
        self.sync()
    }

    /// The shares of which something was set aside.
    pub fn set_aside_shares(&self) -> io::Result<Vec<ShareId>> {
        match Self(self.strays()).shares() {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            shares => shares,
        }
    }

    /// Deletes what was set aside so long ago; the shares it was of. A clock set back makes nothing old, nor one that was
    /// not set yet.
    pub fn delete_strays(&self, age: Duration) -> io::Result<Vec<ShareId>> {
        let aside = Self(self.strays());
        let mut deleted = Vec::new();
        for share in self.set_aside_shares()? {
            let modified = |path: PathBuf| fs::metadata(path).and_then(|about| about.modified()).ok();
            let since = modified(aside.video(share)).max(modified(aside.film(share)));
            let Some(since) = since else { continue };
            if since < SystemTime::UNIX_EPOCH + Duration::from_millis(DAWN.0.unsigned_abs()) {
                [aside.video(share), aside.film(share)].iter().try_for_each(|path| date(path))?;
            } else if SystemTime::now().duration_since(since).is_ok_and(|kept| kept >= age) {
                aside.delete(share)?;
                deleted.push(share);
            }
        }
        Ok(deleted)
    }
}

/// The file says from when on it is kept.
fn date(path: &Path) -> io::Result<()> {
    match fs::File::options().append(true).open(path) {
        Ok(file) => file.set_modified(SystemTime::now()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const SHARE: ShareId = ShareId([5; 10]);

    #[test]
    fn what_is_set_aside_is_kept_for_its_time_and_can_come_back() {
        let place = tempfile::tempdir().expect("a directory");
        let folder = Folder::open(place.path()).expect("a folder");
        let files = |folder: &Folder| {
            let all = [folder.video(SHARE), folder.index(SHARE), folder.thumbnail(SHARE), folder.film(SHARE)];
            all.map(|path| fs::read_to_string(path).unwrap_or_default())
        };
        let texts = ["video", "index", "still", "film"];
        for (path, text) in
            [folder.video(SHARE), folder.index(SHARE), folder.thumbnail(SHARE), folder.film(SHARE)].iter().zip(texts)
        {
            fs::write(path, text).expect("written");
        }
        fs::write(folder.upload(SHARE), "a part").expect("written");
        let long_ago = SystemTime::now() - Duration::from_secs(400 * 86_400);
        for path in [folder.video(SHARE), folder.film(SHARE)] {
            fs::File::options().append(true).open(path).and_then(|file| file.set_modified(long_ago)).expect("old");
        }
        assert_eq!(folder.set_aside_shares().expect("none yet"), []);
        folder.set_aside(SHARE).expect("moved");
        let aside = Folder(folder.strays());
        assert_eq!((files(&aside), files(&folder)), (texts.map(str::to_owned), [""; 4].map(str::to_owned)));
        assert_eq!(fs::metadata(folder.strays()).expect("there").permissions().mode() & 0o777, 0o700);
        assert!(folder.shares().expect("a list").is_empty() && folder.used_by_share().expect("a list").is_empty());
        assert_eq!(folder.set_aside_shares().expect("a list"), [SHARE]);
        let month = Duration::from_secs(30 * 86_400);
        assert_eq!(folder.delete_strays(month).expect("looked"), [], "its time begins now, however old it is");

        folder.bring_back(SHARE).expect("moved back");
        assert_eq!(files(&folder), texts.map(str::to_owned));
        folder.set_aside(SHARE).expect("moved");
        for (since, deleted) in [(SystemTime::UNIX_EPOCH, vec![]), (long_ago, vec![SHARE])] {
            for path in [aside.video(SHARE), aside.film(SHARE)] {
                fs::File::options().append(true).open(path).and_then(|file| file.set_modified(since)).expect("dated");
            }
            assert_eq!(folder.delete_strays(month).expect("looked"), deleted, "{since:?}");
        }
        assert_eq!(files(&aside), [""; 4].map(str::to_owned));
    }
}
