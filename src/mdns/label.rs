//! A host's name on the home network, as it may be set. No sockets here.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Characters of a name: room for a number behind it in a label (RFC 1035, section 2.3.4).
const NAME_CHARS: usize = 60;

/// A host's name without `.local`: one label (RFC 1123, section 2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label(String);

impl Default for Label {
    fn default() -> Self {
        Self("lareira".into())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?.to_ascii_lowercase();
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && (1..=NAME_CHARS).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-') {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom("a name has letters, digits and hyphens, 60 at most, and no \".local\""))
    }
}
