//! The list and the guides as they were fetched, on the disk: channels are there after a restart without a network.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use crate::ground::crypto::{self, SigningKey};
use crate::ground::time::UnixMs;
use crate::private;
use crate::wire::fetch::Url;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The channel list.
    List,
    /// A guide, by what its address is known by here.
    Guide(String),
}

impl What {
    /// The guide from `url`.
    pub fn guide(url: &Url) -> Self {
        let hash = crypto::sha256(url.to_string().as_bytes());
        Self::Guide(hash[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn name(&self) -> String {
        match self {
            Self::List => "list".to_owned(),
            Self::Guide(known_by) => format!("{GUIDE}-{known_by}"),
        }
    }
}

/// What the names of all guides' files begin with.
const GUIDE: &str = "guide";

/// A file that is being read, unpacked, up to a limit.
pub(super) type Unpacked = io::Take<Box<dyn BufRead>>;

/// What is known of something that was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// The address it was fetched from.
    pub source: String,
    /// The address it came from in the end.
    pub base: String,
    /// Its entity tag.
    pub etag: Option<String>,
    /// When it was last changed, as its server says it.
    pub modified: Option<String>,
    /// When it was fetched.
    pub fetched_at: UnixMs,
    /// It was longer, and the rest was left out.
    pub is_cut: bool,
}

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in `folder`, which is made if it isn't there.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        private::folder(&folder)?;
        Ok(Self { folder })
    }

    /// The cache in `folder` as it is, or isn't.
    pub fn there(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The key that signs channels' addresses: the same for ever, so that a player goes on after a restart.
    pub fn key(&self) -> io::Result<SigningKey> {
        let path = self.folder.join("key");
        if let Ok(bytes) = fs::read(&path)
            && let Ok(bytes) = <[u8; SigningKey::BYTES]>::try_from(bytes)
        {
            return Ok(SigningKey::new(&bytes));
        }
        let mut bytes = [0; SigningKey::BYTES];
        crypto::fill_random(&mut bytes);
        write_whole(&path, &bytes)?;
        Ok(SigningKey::new(&bytes))
    }

    /// Where it lies.
    pub fn path(&self, what: &What) -> PathBuf {
        self.folder.join(what.name())
    }

    /// Where it is written to while it comes.
    pub fn new_path(&self, what: &What) -> PathBuf {
        self.folder.join(format!("{}.new", what.name()))
    }

    /// What is known of it, if it came from `source`.
    pub fn known(&self, what: &What, source: &str) -> Option<Known> {
        let text = fs::read(self.folder.join(format!("{}.json", what.name()))).ok()?;
        let known: Known = serde_json::from_slice(&text).ok()?;
        (known.source == source && self.path(what).exists()).then_some(known)
    }

    /// Writes down what is known of it.
    pub fn note(&self, what: &What, known: &Known) -> io::Result<()> {
        let text = serde_json::to_vec(known)?;
        write_whole(&self.folder.join(format!("{}.json", what.name())), &text)
    }

    /// Puts what has come in the place of what was there.
    pub fn replace(&self, what: &What, known: &Known) -> io::Result<()> {
        fs::rename(self.new_path(what), self.path(what))?;
        self.note(what, known)
    }

    /// Deletes what has come and was not put in the place of what was there: half a file, or none that can be read.
    pub fn drop_new(&self, what: &What) {
        match fs::remove_file(self.new_path(what)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                log::warn!("iptv: what was fetched in vain can't be deleted: {error}");
            }
            _ => {}
        }
    }

    /// Lets go all guides but `kept`.
    pub fn keep_guides(&self, kept: &[What]) -> io::Result<()> {
        let kept: Vec<_> = kept.iter().map(What::name).collect();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let stem = name.split('.').next().unwrap_or_default();
            if stem.starts_with(GUIDE) && !kept.iter().any(|kept| kept == stem) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Writes a file so that it is there whole or as it was.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("part");
    let mut file = create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// A new file, its owner's alone.
pub(super) fn create(path: &Path) -> io::Result<File> {
    private::file().write(true).create(true).truncate(true).open(path)
}

/// Reads a file, unpacked if it is packed (gzip, RFC 1952); at most `limit` bytes.
pub(super) fn unpacked(path: &Path, limit: u64) -> io::Result<Unpacked> {
    let mut file = BufReader::with_capacity(64 * 1024, File::open(path)?);
    let packed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let source: Box<dyn BufRead> =
        if packed { Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(file))) } else { Box::new(file) };
    Ok(source.take(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let cache = Cache::open(dir.path().join("channels")).expect("opens");
        let key = cache.key().expect("a key");
        assert_eq!(cache.key().expect("a key").sign(b"x"), key.sign(b"x"), "the same for ever");
        assert_eq!(cache.known(&What::List, "http://a/"), None);
        let known = Known { source: "http://a/".into(), etag: Some("\"1\"".into()), ..Known::default() };
        fs::write(cache.new_path(&What::List), "x").expect("written");
        cache.replace(&What::List, &known).expect("replaced");
        assert_eq!(cache.known(&What::List, "http://a/"), Some(known));
        assert_eq!(cache.known(&What::List, "http://b/"), None, "another source");
        let guides = ["http://a/", "http://b/"].map(|url| What::guide(&Url::parse(url).expect("an address")));
        for (guide, source) in guides.iter().zip(["http://a/", "http://b/"]) {
            assert_eq!(cache.known(guide, source), None);
            fs::write(cache.new_path(guide), source).expect("written");
            cache.replace(guide, &Known { source: source.into(), ..Known::default() }).expect("replaced");
        }
        cache.keep_guides(&guides[1..]).expect("the other one goes");
        assert_eq!((cache.known(&guides[0], "http://a/"), cache.path(&guides[0]).exists()), (None, false));
        assert!(cache.known(&guides[1], "http://b/").is_some() && cache.known(&What::List, "http://a/").is_some());
    }

    #[test]
    fn packed_files_are_unpacked_up_to_a_limit() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("guide");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&[b'x'; 1_000_000]).expect("packed");
        fs::write(&path, packed.finish().expect("packed")).expect("written");
        let mut text = Vec::new();
        let mut source = unpacked(&path, 100_000).expect("opens");
        source.read_to_end(&mut text).expect("read");
        assert_eq!((text.len(), source.limit()), (100_000, 0));
        fs::write(&path, "plain").expect("written");
        text.clear();
        unpacked(&path, 100).expect("opens").read_to_end(&mut text).expect("read");
        assert_eq!(text, b"plain");
    }
}
