//! A film on its way here: what has arrived of it, in a file that only grows, until it is whole and gets its own name.
//!
//! What was sent is kept over a lost connection and a restart; only [`Upload::finish`] makes it last over a power cut.
//! Who may send, and how much, is decided elsewhere. Blocks.

use std::fs::File;
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};

use crate::ground::id::ShareId;
use crate::private;
use crate::recording::Folder;

/// A film that is being sent.
#[derive(Debug)]
pub struct Upload {
    folder: Folder,
    share: ShareId,
    file: File,
    bytes: u64,
}

/// Bytes of the film of `share` that have arrived, while it is not whole.
pub fn arrived(folder: &Folder, share: ShareId) -> io::Result<u64> {
    match std::fs::metadata(folder.upload(share)) {
        Ok(about) => Ok(about.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

impl Upload {
    /// Goes on with the film of `share`, or begins it; `anew`: what had arrived before is thrown away.
    pub fn open(folder: &Folder, share: ShareId, anew: bool) -> io::Result<Self> {
        let mut file = private::file().write(true).create(true).truncate(anew).open(folder.upload(share))?;
        let bytes = file.seek(SeekFrom::End(0))?;
        Ok(Self { folder: folder.clone(), share, file, bytes })
    }

    /// Bytes that have arrived.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the next bytes. After an error what was written of them counts as not arrived.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        if written.is_ok() {
            self.bytes += bytes.len() as u64;
        } else if self.file.set_len(self.bytes).and_then(|()| self.file.seek(SeekFrom::End(0))).is_err() {
            log::error!("the upload of share={} can't be cut to what had arrived", self.share);
        }
        written
    }

    /// The film is whole: durable, and under its own name.
    pub fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(self.folder.upload(self.share), self.folder.film(self.share))?;
        self.folder.sync()
    }
}
