//! Request-URIs as publishers write them (RFC 2326, sections 3.2 and C.1.1): absolute or relative, with user and
//! password, queries and trailing slashes; and which medium a SETUP means by one.

use super::sdp::Description;

/// A Request-URI taken apart. All parts are as they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    /// `user:password`, percent-decoded, where the URI has them.
    pub user: Option<(String, String)>,
    /// The path without slashes at its ends.
    pub path: String,
    /// What follows the question mark. Some clients put the medium's name behind it.
    pub query: Option<String>,
}

impl Uri {
    /// Takes `text` apart. Never fails: what is no URI becomes a path that nothing has.
    pub fn new(text: &str) -> Self {
        let (user, rest) = match text.split_once("://") {
            Some((_, rest)) => {
                let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
                (authority.rsplit_once('@').map(|(user, _)| user), path)
            }
            None => (None, text),
        };
        let user = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            (decode(name), decode(password))
        });
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        Self { user, path: path.trim_matches('/').to_owned(), query }
    }

    /// The medium of `description`, announced at `base`, that a SETUP of this URI means.
    ///
    /// A medium's name is appended to the announced URI, before or after its query; or the SETUP names nothing but the
    /// medium; or it is the announced URI itself, where there is one medium alone.
    pub fn medium(&self, base: &Self, description: &Description) -> Option<usize> {
        let by_name = description.iter().position(|described| match &described.control {
            Some(control) if control.contains("://") => self.same_place(&Self::new(control)),
            Some(control) => self.names(base, control.trim_matches('/')),
            None => false,
        });
        by_name.or_else(|| self.medium_by_number(base, description))
    }

    fn same_place(&self, other: &Self) -> bool {
        self.path == other.path && self.query == other.query
    }

    fn names(&self, base: &Self, control: &str) -> bool {
        let relative = self.query.is_none() && self.path == control;
        let before_query = self.path.strip_prefix(base.path.as_str()).is_some_and(|rest| {
            rest.strip_prefix('/') == Some(control) && (self.query.is_none() || self.query == base.query)
        });
        let after_query = self.path == base.path
            && match (&self.query, &base.query) {
                (Some(query), Some(base)) => {
                    query.strip_prefix(base.as_str()).is_some_and(|rest| rest.trim_matches('/') == control)
                }
                _ => false,
            };
        relative || before_query || after_query
    }

    /// For descriptions that name no media: `…/trackID=1` counts them; one medium alone may go without a name.
    fn medium_by_number(&self, base: &Self, description: &Description) -> Option<usize> {
        if description.iter().any(|described| described.control.as_deref().is_some_and(|control| control != "*")) {
            return None;
        }
        let rest = self.path.strip_prefix(base.path.as_str()).unwrap_or(&self.path);
        if rest.is_empty() {
            return (description.len() == 1).then_some(0);
        }
        let number: usize = rest.rsplit_once('=')?.1.parse().ok()?;
        (number < description.len()).then_some(number)
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.first_chunk::<2>().and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::sdp::{Content, Described};
    use super::*;
    use crate::wire::rtp::{Format, Media};

    fn described(controls: &[Option<&str>]) -> Description {
        let media = Media { payload_type: 96, clock_rate: 90_000, format: Format::H264 { parameter_sets: vec![] } };
        controls
            .iter()
            .map(|control| Described { content: Content::Taken(media.clone()), control: control.map(Into::into) })
            .collect()
    }

    #[test]
    fn uris_are_taken_apart() {
        let uri = Uri::new("rtsp://an%40a:p:w%2F@[::1]:8554/live/TOKEN/?a=b/c");
        assert_eq!(uri.user, Some(("an@a".into(), "p:w/".into())));
        assert_eq!(uri.path, "live/TOKEN");
        assert_eq!(uri.query.as_deref(), Some("a=b/c"));
        assert_eq!(Uri::new("rtsp://h").path, "");
        assert_eq!(Uri::new("streamid=0").path, "streamid=0");
        assert_eq!(Uri::new("rtsp://h/p?x=a@b").user, None);
        assert_eq!(Uri::new("*").path, "*");
        assert_eq!(decode("%"), "%");
        assert_eq!(decode("%4"), "%4");
        assert_eq!(decode("%zz%41%"), "%zzA%");
    }

    #[test]
    fn setups_find_their_medium() {
        let two = described(&[Some("streamid=0"), Some("streamid=1")]);
        let base = Uri::new("rtsp://h/live/T");
        for (text, medium) in [
            ("rtsp://h/live/T/streamid=1", Some(1)),
            ("rtsp://10.0.0.1:8554/live/T/streamid=1/", Some(1)),
            ("streamid=0", Some(0)),
            ("/live/T/streamid=0", Some(0)),
            ("rtsp://h/live/T", None),
            ("rtsp://h/live/T/streamid=2", None),
            ("rtsp://h/live/T/streamid=10", None),
            ("rtsp://h/live/Tstreamid=1", None),
            ("rtsp://h/live/OTHER/streamid=1", None),
        ] {
            assert_eq!(Uri::new(text).medium(&base, &two), medium, "{text}");
        }
        let base = Uri::new("rtsp://h/live/T/?key=1");
        for (text, medium) in [
            ("rtsp://h/live/T/?key=1/streamid=1", Some(1)),
            ("rtsp://h/live/T/streamid=1?key=1", Some(1)),
            ("rtsp://h/live/T/streamid=1", Some(1)),
            ("rtsp://h/live/T/streamid=1?key=2", None),
        ] {
            assert_eq!(Uri::new(text).medium(&base, &two), medium, "{text}");
        }
    }

    #[test]
    fn media_may_have_absolute_names_or_none() {
        let base = Uri::new("rtsp://h/live/T");
        let absolute = described(&[Some("rtsp://h/live/T/a"), Some("rtsp://h/live/T/b")]);
        assert_eq!(Uri::new("rtsp://h/live/T/b").medium(&base, &absolute), Some(1));
        assert_eq!(Uri::new("rtsp://h/live/T/c").medium(&base, &absolute), None);
        assert_eq!(Uri::new("rtsp://h/live/T/").medium(&base, &described(&[None])), Some(0));
        assert_eq!(Uri::new("rtsp://h/live/T").medium(&base, &described(&[None, None])), None);
        assert_eq!(Uri::new("rtsp://h/live/T/trackID=1").medium(&base, &described(&[None, None])), Some(1));
        assert_eq!(Uri::new("rtsp://h/live/T/trackID=2").medium(&base, &described(&[None, None])), None);
        assert_eq!(Uri::new("rtsp://h/live/T").medium(&base, &described(&[Some("*")])), Some(0));
    }
}
