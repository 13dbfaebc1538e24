//! Ids: opaque to everyone outside, sortable by age inside.
//!
//! An id is ten bytes: five of seconds since 2020 and five at random, so that rows made together lie together.
//! It is shown as sixteen letters and digits. An id is a name, never a secret.

use std::fmt;
use std::str::FromStr;

use crate::ground::crypto;
use crate::ground::time::UnixMs;

/// 2020-01-01 00:00 UTC, in Unix seconds.
const EPOCH_2020_S: i64 = 1_577_836_800;
/// Letters and digits without those that look alike (Crockford's base 32, in lower case).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id: ids are sixteen letters and digits")
    }
}
impl std::error::Error for NotAnId {}

fn new_bytes(now: UnixMs) -> [u8; 10] {
    let seconds = (now.0 / 1000 - EPOCH_2020_S).max(0) as u64;
    let mut bytes = [0; 10];
    bytes[..5].copy_from_slice(&seconds.to_be_bytes()[3..]);
    crypto::fill_random(&mut bytes[5..]);
    bytes
}

fn write_text(bytes: &[u8; 10], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0; 16];
    for (out, block) in text.chunks_exact_mut(8).zip(bytes.chunks_exact(5)) {
        let word = block.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        for (i, letter) in out.iter_mut().enumerate() {
            *letter = ALPHABET[(word >> (35 - 5 * i)) as usize & 31];
        }
    }
    f.pad(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
}

fn read_text(text: &str) -> Result<[u8; 10], NotAnId> {
    let text: &[u8; 16] = text.as_bytes().try_into().map_err(|_| NotAnId)?;
    let mut bytes = [0; 10];
    for (block, letters) in bytes.chunks_exact_mut(5).zip(text.chunks_exact(8)) {
        let mut word = 0_u64;
        for letter in letters {
            let digit = ALPHABET.iter().position(|known| known == letter).ok_or(NotAnId)?;
            word = word << 5 | digit as u64;
        }
        block.copy_from_slice(&word.to_be_bytes()[3..]);
    }
    Ok(bytes)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub struct $name(pub [u8; 10]);

        impl $name {
            /// A new id for something made at `now`.
            pub fn new(now: UnixMs) -> Self {
                Self(new_bytes(now))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                read_text(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// Names an account: a household.
    AccountId
    /// Names a user: a person who watches.
    UserId
    /// Names a TV.
    TvId
    /// Names an enrolled phone.
    PhoneId
    /// Names a sender: whoever a phone belongs to.
    SenderId
    /// Names a share, and its stream and recording with it.
    ShareId
    /// Names a TV channel: made of what a list says of it, so that it is the same in the next one.
    ChannelId
}

/// Names a photo. Unlike the others it is a secret of sorts: sixteen bytes at random, and whoever knows them may see the
/// photo. Shown as 32 hexadecimal digits, in small letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct PhotoId(pub [u8; 16]);

impl PhotoId {
    /// A new id that nobody can guess.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        crypto::fill_random(&mut bytes);
        Self(bytes)
    }
}
impl fmt::Display for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhotoId(…)")
    }
}
impl FromStr for PhotoId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digits: &[u8; 32] = text.as_bytes().try_into().map_err(|_| NotAnId)?;
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(NotAnId),
        };
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn later_ids_sort_later() {
        let (old, new) = (ShareId::new(UnixMs(1_700_000_000_000)), ShareId::new(UnixMs(1_700_000_001_000)));
        assert!(old < new);
        assert!(old.to_string() < new.to_string());
    }

    proptest! {
        #[test]
        fn text_and_bytes_are_one(bytes: [u8; 10]) {
            let id = ShareId(bytes);
            prop_assert_eq!(id.to_string().len(), 16);
            prop_assert_eq!(id.to_string().parse::<ShareId>(), Ok(id));
        }

        #[test]
        fn photos_have_one_spelling(bytes: [u8; 16], text in "[0-9a-fA-F]{31,33}") {
            let id = PhotoId(bytes);
            prop_assert_eq!(id.to_string().parse::<PhotoId>(), Ok(id));
            if let Ok(id) = text.parse::<PhotoId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn other_text_is_refused(text in "\\PC{0,20}") {
            if let Ok(id) = text.parse::<ShareId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
