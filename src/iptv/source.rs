//! Where a list or a guide comes from: a file or an address, as the configuration says it. Pure.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::fetch::{Url, UrlError};

/// Where a list or a guide comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// From nowhere: written as an empty text.
    #[default]
    None,
    /// From a file of this machine.
    File(PathBuf),
    /// From a server.
    Web(Url),
}

impl Source {
    /// The address, if it is one.
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::Web(url) => Some(url),
            _ => None,
        }
    }

    /// It, as everybody may read it: of an address the server only.
    pub fn shown(&self) -> String {
        self.url().map_or_else(|| self.to_string(), Url::server)
    }

    /// The same, a file's path taken from `folder`.
    pub fn in_folder(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }
}

impl FromStr for Source {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        match text {
            "" => Ok(Self::None),
            text if text.contains("://") => Url::parse(text).map(Self::Web),
            text => Ok(Self::File(text.into())),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::File(path) => path.display().fmt(f),
            Self::Web(url) => url.fmt(f),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_addresses_are_told_apart() {
        let source = |text: &str| text.parse::<Source>();
        assert_eq!(source(""), Ok(Source::None));
        assert_eq!(source("tv.m3u").map(|s| s.in_folder(Path::new("/etc"))), Ok(Source::File("/etc/tv.m3u".into())));
        assert_eq!(source("/a/tv.m3u").map(|s| s.in_folder(Path::new("/etc"))), Ok(Source::File("/a/tv.m3u".into())));
        assert_eq!(source("http://a/tv").map(|source| source.to_string()).as_deref(), Ok("http://a/tv"));
        assert!(source("ftp://a/tv").is_err());
    }

    #[test]
    fn passwords_are_shown_to_nobody() {
        let shown = |text: &str| text.parse::<Source>().expect("a source").shown();
        assert_eq!(shown("https://tv.example:8443/get.php?username=U&password=P"), "https://tv.example:8443/…");
        assert_eq!(shown("http://tv.example/live/U/P/tv.m3u"), "http://tv.example/…");
        assert_eq!((shown("/a/tv.m3u"), shown("")), ("/a/tv.m3u".to_owned(), String::new()));
    }
}
