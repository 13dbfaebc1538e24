//! Recordings: every byte that was streamed, in one growing fragmented MP4 a share, and an index beside it.
//!
//! `writer` is the disk's thread: it takes what streams have for it, and is the only one that writes; `open` is one file that
//! it writes, with its index. `index` says where
//! each picture is; it can always be made again from the recording. `repair` does that after a power cut: it cuts the
//! recording to its last whole fragment. `mender` makes files ready that streams go on
//! with, away from the disk's thread. `library` opens finished recordings for playback.
//!
//! What belongs to no share any more is kept aside for a while (`strays`).
//!
//! A finished film that a phone sends comes into the same house: `upload` keeps what has arrived of it, `film` reads it
//! once it is whole, `from_film` makes the recording of it.
//!
//! A full or slow disk ends the recording, never the live stream.

pub mod film;
pub mod from_film;
pub mod index;
pub mod library;
mod mender;
mod open;
mod repair;
mod strays;
pub mod upload;
pub mod writer;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::ground::id::ShareId;
use crate::private;

pub use repair::repair;

/// How the names of films end that a phone sends: as they arrive, and once they are whole.
const FILMS: [&str; 2] = ["upload", "film"];

/// Where recordings are.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, made if it isn't there, and its owner's alone.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        private::folder(path)?;
        Ok(Self(path.to_owned()))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The recording of a share.
    pub fn video(&self, share: ShareId) -> PathBuf {
        self.0.join(format!("{share}.mp4"))
    }

    /// The index of a share's recording.
    pub fn index(&self, share: ShareId) -> PathBuf {
        self.0.join(format!("{share}.index"))
    }

    /// The head of a share's recording, where it is a long one: it is made of the index, and can be made again.
    pub fn head(&self, share: ShareId) -> PathBuf {
        self.0.join(format!("{share}.head"))
    }

    /// The same while it is being made.
    fn unfinished_head(&self, share: ShareId) -> PathBuf {
        self.0.join(format!("{share}.head.new"))
    }

    /// The thumbnail of a share.
    pub fn thumbnail(&self, share: ShareId) -> PathBuf {
        self.0.join(format!("{share}.jpg"))
    }

    /// What has arrived of the film of a share.
    pub fn upload(&self, share: ShareId) -> PathBuf {
        self.0.join(format!("{share}.upload"))
    }

    /// The film of a share, whole as it was sent, until its recording is made.
    pub fn film(&self, share: ShareId) -> PathBuf {
        self.0.join(format!("{share}.film"))
    }

    /// Deletes all there is of a share. What isn't there is no error.
    pub fn delete(&self, share: ShareId) -> std::io::Result<()> {
        self.delete_recording(share)?;
        self.delete_film(share)
    }

    /// Deletes the recording of a share, with all that belongs to it.
    pub fn delete_recording(&self, share: ShareId) -> std::io::Result<()> {
        let paths = [self.video(share), self.index(share), self.thumbnail(share)];
        paths.iter().try_for_each(|path| remove(path))?;
        self.delete_head(share)
    }

    /// Deletes the head of a recording, which is one no longer once the recording changes.
    fn delete_head(&self, share: ShareId) -> std::io::Result<()> {
        [self.head(share), self.unfinished_head(share)].iter().try_for_each(|path| remove(path))
    }

    /// Deletes the film a share was sent as, or what has arrived of it.
    pub fn delete_film(&self, share: ShareId) -> std::io::Result<()> {
        [self.upload(share), self.film(share)].iter().try_for_each(|path| remove(path))
    }

    /// Bytes of the recording of each share, with all that belongs to it. Films on their way in are no recordings yet.
    pub fn used_by_share(&self) -> std::io::Result<HashMap<ShareId, u64>> {
        self.bytes_by_share(|ending| !FILMS.contains(&ending))
    }

    /// Bytes of the films on their way in, and of those whose recordings are being made.
    pub fn films(&self) -> std::io::Result<HashMap<ShareId, u64>> {
        self.bytes_by_share(|ending| FILMS.contains(&ending))
    }

    fn bytes_by_share(&self, is_meant: impl Fn(&str) -> bool) -> std::io::Result<HashMap<ShareId, u64>> {
        let mut used = HashMap::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some((id, ending)) = name.to_str().and_then(|name| name.split_once('.')) else { continue };
            if let Ok(share) = id.parse::<ShareId>()
                && is_meant(ending)
            {
                *used.entry(share).or_default() += entry.metadata().map_or(0, |meta| meta.len());
            }
        }
        Ok(used)
    }

    /// Bytes of the recording of a share, with all that belongs to it.
    pub fn recording_bytes(&self, share: ShareId) -> u64 {
        let files = [self.video(share), self.index(share), self.thumbnail(share)];
        files.iter().filter_map(|path| std::fs::metadata(path).ok()).map(|about| about.len()).sum()
    }

    /// The shares that have a recording here, or a film.
    pub fn shares(&self) -> std::io::Result<Vec<ShareId>> {
        self.shares_with(&["mp4", "upload", "film"])
    }

    /// The shares of which a film is here, or a part of one.
    pub fn shares_with_films(&self) -> std::io::Result<Vec<ShareId>> {
        self.shares_with(&FILMS)
    }

    fn shares_with(&self, endings: &[&str]) -> std::io::Result<Vec<ShareId>> {
        let mut shares = BTreeSet::new();
        for entry in std::fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let named = name.to_str().and_then(|name| name.split_once('.'));
            shares.extend(
                named.filter(|(_, ending)| endings.contains(ending)).and_then(|(id, _)| id.parse::<ShareId>().ok()),
            );
        }
        Ok(shares.into_iter().collect())
    }

    /// Makes the folder's own entries last: names that were made, changed or removed.
    fn sync(&self) -> std::io::Result<()> {
        std::fs::File::open(&self.0)?.sync_all()
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
