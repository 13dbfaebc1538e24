//! Certificates and keys on the disk: `authority.pem` and `server.pem`, each a key and its certificate in one file, so
//! that they are never apart; written beside and renamed, so that a power cut leaves the old or the new.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_rustls::pki_types::pem::PemObject as _;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::crypto;
use futures_rustls::rustls::sign::CertifiedKey;
use rcgen::KeyPair;

use super::AuthorityError;
use super::issue::{Root, fingerprint};
use super::name_constraints::PermittedSubtrees;
use super::renewal::{CertificateContents, Early};
use crate::ground::time::UnixMs;
use crate::private;

/// Where the authority of `folder` is kept.
pub(super) fn root_file(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

/// The authority of `folder`, made for what `permitted` gives if there is none. One that can't be read is put aside,
/// and people have to trust the new one.
pub(super) fn root(folder: &Path, permitted: impl FnOnce() -> PermittedSubtrees) -> Result<Root, AuthorityError> {
    private::folder(folder).map_err(|error| AuthorityError::File(folder.to_owned(), error))?;
    let path = root_file(folder);
    match fs::read_to_string(&path) {
        Ok(text) => match root_of(&text) {
            Some(root) => return Ok(root),
            None => put_aside(&path)?,
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.kind() == ErrorKind::InvalidData => put_aside(&path)?,
        Err(error) => return Err(AuthorityError::File(path, error)),
    }
    let (root, text) = Root::make(permitted())?;
    write(&path, &text)?;
    log::info!("https: a certificate authority was made");
    Ok(root)
}

fn put_aside(path: &Path) -> Result<(), AuthorityError> {
    let aside = path.with_extension("broken");
    fs::rename(path, &aside).map_err(|error| AuthorityError::File(path.to_owned(), error))?;
    log::error!(
        "https: {} is damaged and was put aside as {}: a new authority is made, and phones have to trust it anew",
        path.display(),
        aside.display()
    );
    Ok(())
}

/// The fingerprint of the authority's certificate that is kept in `folder`, if there is one.
pub(super) fn kept_fingerprint(folder: &Path) -> Option<String> {
    let text = fs::read(root_file(folder)).ok()?;
    CertificateDer::from_pem_slice(&text).ok().map(|certificate| fingerprint(&certificate))
}

fn root_of(text: &str) -> Option<Root> {
    let key = KeyPair::from_pem(text).ok()?;
    let certificate = CertificateDer::from_pem_slice(text.as_bytes()).ok()?;
    // Said by the parts that will be used: the key is the certificate's.
    certified(text.as_bytes(), text.as_bytes(), Path::new("")).ok()?;
    Some(Root::of(key, Bytes::copy_from_slice(&certificate), PermittedSubtrees::from_text(text)))
}

/// The server's certificate and key, as they are used and, if the disk takes them, kept in a folder.
pub(super) struct Server {
    path: PathBuf,
    contents: CertificateContents,
    text: String,
    key: Arc<CertifiedKey>,
    early: Early,
    is_kept: bool,
}

impl Server {
    /// What is kept in `folder`, made anew if it is time to, or if it can't be read.
    pub fn open(folder: &Path, root: &Root, names: &[String], now: UnixMs) -> Result<Self, AuthorityError> {
        let path = folder.join("server.pem");
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                log::error!("https: {}: a certificate is made anew", AuthorityError::File(path.clone(), error));
                String::new()
            }
        };
        let contents =
            CertificateContents::from_text(&text).filter(|contents| !contents.is_due(root.fingerprint(), names, now));
        if let Some(contents) = contents
            && let Ok(key) = certified(text.as_bytes(), text.as_bytes(), &path)
        {
            return Ok(Self { path, contents, text, key, early: Early::default(), is_kept: true });
        }
        Self::make(path, root, names, now)
    }

    fn make(path: PathBuf, root: &Root, names: &[String], now: UnixMs) -> Result<Self, AuthorityError> {
        let contents = CertificateContents::new(root.fingerprint(), names.to_vec(), now);
        let text = contents.to_text() + &root.issue(&contents)?;
        let key = certified(text.as_bytes(), text.as_bytes(), &path)?;
        log::info!(
            "https: a server certificate was made until={} names=\"{}\"",
            contents.until,
            contents.names.join(" ")
        );
        let mut made = Self { path, contents, text, key, early: Early::default(), is_kept: false };
        if let Err(error) = made.keep() {
            log::error!("https: {error}: the new certificate is used all the same, and written as soon as that works");
        }
        Ok(made)
    }

    fn keep(&mut self) -> Result<(), AuthorityError> {
        write(&self.path, &self.text)?;
        self.is_kept = true;
        Ok(())
    }

    /// The certificate and its key.
    pub fn key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }

    /// Makes it anew if it is time to; whether it is another now. One that is not kept yet is written if that works.
    pub fn refresh(&mut self, root: &Root, names: &[String], now: UnixMs) -> Result<bool, AuthorityError> {
        let is_early = self.early.lasts(&self.contents, now);
        if is_early || self.contents.is_due(root.fingerprint(), names, now) {
            *self = Self::make(self.path.clone(), root, names, now)?;
            return Ok(true);
        }
        if !self.is_kept {
            // What is wrong was said when it was made.
            let _ = self.keep();
        }
        Ok(false)
    }
}

/// The owner's own files.
pub(super) struct Given {
    certificate: PathBuf,
    key: PathBuf,
    seen: [Stamp; 2],
}

/// What changes when a file does.
type Stamp = (u64, u64, i64, i64);

impl Given {
    /// Reads both files.
    pub fn open(certificate: &Path, key: &Path) -> Result<(Self, Arc<CertifiedKey>), AuthorityError> {
        let seen = [stamp(certificate)?, stamp(key)?];
        let given = Self { certificate: certificate.to_owned(), key: key.to_owned(), seen };
        let read = given.read()?;
        Ok((given, read))
    }

    /// Reads them again if they have changed.
    pub fn refresh(&mut self) -> Result<Option<Arc<CertifiedKey>>, AuthorityError> {
        let seen = [stamp(&self.certificate)?, stamp(&self.key)?];
        if seen == self.seen {
            return Ok(None);
        }
        // Not before they are good: one may have been replaced before the other.
        let read = self.read()?;
        self.seen = seen;
        Ok(Some(read))
    }

    fn read(&self) -> Result<Arc<CertifiedKey>, AuthorityError> {
        let bytes = |path: &Path| fs::read(path).map_err(|error| AuthorityError::File(path.to_owned(), error));
        certified(&bytes(&self.certificate)?, &bytes(&self.key)?, &self.certificate)
    }
}

fn stamp(path: &Path) -> Result<Stamp, AuthorityError> {
    let about = fs::metadata(path).map_err(|error| AuthorityError::File(path.to_owned(), error))?;
    Ok((about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
}

/// The certificates of one text with the key of another, if they belong together.
fn certified(certificates: &[u8], key: &[u8], path: &Path) -> Result<Arc<CertifiedKey>, AuthorityError> {
    let content = |what| AuthorityError::Content(path.to_owned(), what);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| content("certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| content("private key"))?;
    let certified = CertifiedKey::from_der(chain, key, &crypto::ring::default_provider());
    certified.map(Arc::new).map_err(|error| AuthorityError::Unusable(path.to_owned(), error))
}

/// Writes a file that nobody else may read: the old or the new is there, whatever happens.
fn write(path: &Path, text: &str) -> Result<(), AuthorityError> {
    let new = path.with_extension("new");
    let written = || -> io::Result<()> {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private::file().write(true).create_new(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    written().map_err(|error| AuthorityError::File(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::renewal::EARLIEST;
    use std::os::unix::fs::PermissionsExt as _;

    fn names() -> Vec<String> {
        vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
    }

    fn made_root(folder: &Path) -> Result<Root, AuthorityError> {
        root(folder, || PermittedSubtrees::with(&[]))
    }

    fn server(folder: &Path, root: &Root, now: UnixMs) -> Arc<CertifiedKey> {
        Server::open(folder, root, &names(), now).expect("made or read").key().clone()
    }

    #[test]
    fn a_clock_that_is_set_back_costs_no_certificate() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = made_root(dir.path()).expect("made");
        // 2027-06-01; and when a gateway begins that has no clock.
        let (right, back) = (UnixMs(1_811_808_000_000), EARLIEST);
        let first = server(dir.path(), &root, right);
        for boot in 0..3 {
            let mut booted = Server::open(dir.path(), &root, &names(), back).expect("read");
            for minute in 0..60 {
                let now = UnixMs(back.0 + minute * 60_000);
                assert!(!booted.refresh(&root, &names(), now).expect("the same"), "boot {boot}");
            }
            assert!(!booted.refresh(&root, &names(), right).expect("the same"));
            assert_eq!(booted.key().cert, first.cert);
        }
    }

    #[test]
    fn what_cannot_be_written_is_used_and_written_later() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = made_root(dir.path()).expect("made");
        let file = dir.path().join("server.pem");
        // A folder in its place can't be read nor written over, whoever one is.
        fs::create_dir_all(file.join("full")).expect("a folder");
        let mut server = Server::open(dir.path(), &root, &names(), EARLIEST).expect("made");
        let first = server.key().clone();
        assert!(!server.refresh(&root, &names(), EARLIEST).expect("not made again and again"));
        fs::remove_dir_all(&file).expect("removed");
        assert!(!server.refresh(&root, &names(), EARLIEST).expect("written"));
        assert_eq!(self::server(dir.path(), &root, EARLIEST).cert, first.cert);
        fs::remove_file(&file).expect("removed");
        fs::create_dir_all(file.join("full")).expect("a folder");
        let late = UnixMs(EARLIEST.0 + 380 * 86_400_000);
        assert!(server.refresh(&root, &names(), late).expect("made"), "it ends soon");
        assert_ne!(server.key().cert, first.cert);
    }

    #[test]
    fn what_is_made_is_kept_and_nobody_elses() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("tls");
        let first = made_root(&folder).expect("made");
        let key = server(&folder, &first, EARLIEST);
        let again = made_root(&folder).expect("read");
        assert_eq!(again.der(), first.der());
        let kept = server(&folder, &again, EARLIEST);
        assert_eq!(kept.cert, key.cert);
        for file in ["authority.pem", "server.pem"] {
            let mode = fs::metadata(folder.join(file)).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 2, "nothing is left over");
    }

    #[test]
    fn an_authority_keeps_its_limits_and_an_older_one_has_none() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = root_file(dir.path());
        let sorted =
            |root: &Root| root.sort(["tv.local", "tv.example", "10.0.0.1", "8.8.8.8"].map(str::to_owned).into());
        let made = made_root(dir.path()).expect("made");
        assert_eq!(kept_fingerprint(dir.path()).as_deref(), Some(made.fingerprint()));
        let again = root(dir.path(), || PermittedSubtrees::with(&["tv.example".to_owned()])).expect("read");
        for root in [&made, &again] {
            let (permitted, left_out) = sorted(root);
            assert_eq!(
                (permitted, left_out),
                (vec!["tv.local".into(), "10.0.0.1".into()], vec!["tv.example".into(), "8.8.8.8".into()])
            );
        }
        let text = fs::read_to_string(&file).expect("it is there");
        fs::write(&file, text.split_once('\n').expect("lines").1).expect("written");
        let older = made_root(dir.path()).expect("read");
        assert!(made.is_limited() && !older.is_limited());
        assert_eq!(older.der(), made.der());
        assert_eq!(sorted(&older).1, Vec::<String>::new());
    }

    #[test]
    fn what_is_lost_or_damaged_is_made_anew() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path();
        let first = made_root(folder).expect("made");
        let key = server(folder, &first, EARLIEST);
        for damage in [&b""[..], b"garbage", &[0xff; 100]] {
            fs::write(folder.join("server.pem"), damage).expect("written");
            assert_ne!(server(folder, &first, EARLIEST).cert, key.cert);
        }
        let good = fs::read_to_string(folder.join("server.pem")).expect("it is there");
        fs::write(folder.join("server.pem"), &good[..good.len() / 2]).expect("written");
        server(folder, &first, EARLIEST);
        for damage in [&b""[..], b"garbage", &[0xff; 100], good.as_bytes()[..300].as_ref()] {
            fs::write(folder.join("authority.pem"), damage).expect("written");
            let new = made_root(folder).expect("made");
            assert_ne!(new.der(), first.der());
            assert_eq!(fs::read(folder.join("authority.broken")).expect("put aside"), damage);
            let by_new = server(folder, &new, EARLIEST);
            assert_ne!(by_new.cert, key.cert, "the old authority's is worth nothing now");
        }
        fs::remove_file(folder.join("authority.pem")).expect("removed");
        made_root(folder).expect("made");
    }

    #[test]
    fn given_files_are_read_again_when_they_change_and_kept_when_they_are_bad() {
        let dir = tempfile::tempdir().expect("a folder");
        let (root, _) = Root::make(PermittedSubtrees::with(&[])).expect("an authority");
        let contents = CertificateContents::new(root.fingerprint(), names(), EARLIEST);
        let (certificate, key) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
        assert!(Given::open(&certificate, &key).is_err_and(|error| error.to_string().contains("c.pem")));
        let put = |text: &str| {
            fs::write(&certificate, text).expect("written");
            fs::write(&key, text).expect("written");
        };
        put(&root.issue(&contents).expect("issued"));
        let (mut given, first) = Given::open(&certificate, &key).expect("read");
        assert!(given.refresh().expect("the same").is_none());
        fs::write(&key, "nothing").expect("written");
        assert!(given.refresh().is_err_and(|error| error.to_string().contains("private key")));
        fs::write(&key, root.issue(&contents).expect("issued")).expect("written");
        assert!(given.refresh().is_err_and(|error| error.to_string().contains("together")));
        put(&root.issue(&contents).expect("issued"));
        let second = given.refresh().expect("read").expect("they changed");
        assert_ne!(first.cert, second.cert);
    }
}
