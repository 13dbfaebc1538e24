//! How keys are written: fixed lengths, and in an order of bytes that is the order of the keys.

use crate::ground::crypto::TokenHash;
use crate::ground::id::{AccountId, PhoneId, SenderId, ShareId, TvId, UserId};
use crate::ground::time::UnixMs;

/// A key of a table.
pub trait Key: Sized {
    /// Its length in bytes.
    const BYTES: usize;
    /// Appends its bytes.
    fn write(&self, bytes: &mut Vec<u8>);
    /// The key written as `bytes`, which are [`Self::BYTES`] long.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// The bytes of a key.
pub fn written<K: Key>(key: &K) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(K::BYTES);
    key.write(&mut bytes);
    bytes
}

macro_rules! plain {
    ($($name:ident: $bytes:literal),*) => {$(
        impl Key for $name {
            const BYTES: usize = $bytes;
            fn write(&self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.0);
            }
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }
    )*};
}
plain!(AccountId: 10, UserId: 10, TvId: 10, PhoneId: 10, SenderId: 10, ShareId: 10, TokenHash: 32);

impl Key for u32 {
    const BYTES: usize = 4;
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_be_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl Key for u64 {
    const BYTES: usize = 8;
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_be_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

/// Dates before 1970 sort before those after it.
const SIGN: u64 = 1 << 63;

impl Key for UnixMs {
    const BYTES: usize = 8;
    fn write(&self, bytes: &mut Vec<u8>) {
        ((self.0 as u64) ^ SIGN).write(bytes);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        u64::read(bytes).map(|date| Self((date ^ SIGN) as i64))
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    const BYTES: usize = A::BYTES + B::BYTES;
    fn write(&self, bytes: &mut Vec<u8>) {
        self.0.write(bytes);
        self.1.write(bytes);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let (a, b) = bytes.split_at_checked(A::BYTES)?;
        Some((A::read(a)?, B::read(b)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_sort_as_keys_do(a: (i64, [u8; 10]), b: (i64, [u8; 10])) {
            let key = |(date, share): (i64, [u8; 10])| (UnixMs(date), ShareId(share));
            prop_assert_eq!(written(&key(a)).cmp(&written(&key(b))), key(a).cmp(&key(b)));
            prop_assert_eq!(<(UnixMs, ShareId)>::read(&written(&key(a))), Some(key(a)));
        }

        #[test]
        fn numbers_sort_too(a: (u64, u32), b: (u64, u32)) {
            prop_assert_eq!(written(&a).cmp(&written(&b)), a.cmp(&b));
            prop_assert_eq!(<(u64, u32)>::read(&written(&a)), Some(a));
        }

        #[test]
        fn no_bytes_are_a_trap(bytes: Vec<u8>) {
            let key = <(UnixMs, ShareId)>::read(&bytes);
            prop_assert_eq!(key.is_some(), bytes.len() == 18);
        }
    }
}
