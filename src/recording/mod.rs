//! Recordings: every byte that was streamed, in one growing fragmented MP4 a share, and an index beside it.
//!
//! `writer` is the disk's thread: it takes what streams have for it, and is the only one that writes. `index` says where
//! each picture is; it can always be made again from the recording. `repair` does that after a power cut: it cuts the
//! recording to its last whole fragment. `library` opens finished recordings for playback.
//!
//! A full or slow disk ends the recording, never the live stream.

pub mod index;
pub mod library;
mod repair;
pub mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::ground::id::ShareId;

pub use repair::repair;

/// Where recordings are.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, made if it isn't there.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(path)?;
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

    /// The thumbnail of a share.
    pub fn thumbnail(&self, share: ShareId) -> PathBuf {
        self.0.join(format!("{share}.jpg"))
    }

    /// Deletes all there is of a share. What isn't there is no error.
    pub fn delete(&self, share: ShareId) -> std::io::Result<()> {
        for path in [self.video(share), self.index(share), self.thumbnail(share)] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Bytes of all recordings.
    pub fn used_bytes(&self) -> std::io::Result<u64> {
        std::fs::read_dir(&self.0)?.try_fold(0, |sum, entry| Ok(sum + entry?.metadata().map_or(0, |meta| meta.len())))
    }

    /// The shares that have a recording here.
    pub fn shares(&self) -> std::io::Result<Vec<ShareId>> {
        let mut shares = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let share = name.to_str().and_then(|name| name.strip_suffix(".mp4")?.parse::<ShareId>().ok());
            shares.extend(share);
        }
        Ok(shares)
    }
}
