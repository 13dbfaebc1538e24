//! How rows are written: one byte for the version of the writing, then postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of the writing. Another one means that `schema` has a migration that writes every row anew.
const VERSION: u8 = 1;

/// The bytes of a row.
pub fn written<R: Serialize>(row: &R) -> Vec<u8> {
    postcard::to_extend(row, vec![VERSION]).expect("rows are plain values; memory takes them")
}

/// The row written as `bytes`, if it is one.
pub fn read<R: DeserializeOwned>(bytes: &[u8]) -> Option<R> {
    let (&VERSION, row) = bytes.split_first()? else { return None };
    match postcard::take_from_bytes(row) {
        Ok((row, [])) => Some(row),
        _ => None,
    }
}

/// What a row begins with; the rest of it is not looked at.
pub fn read_beginning<R: DeserializeOwned>(bytes: &[u8]) -> Option<R> {
    let (&VERSION, row) = bytes.split_first()? else { return None };
    postcard::take_from_bytes(row).ok().map(|(row, _)| row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::{Blocks, Share};
    use proptest::prelude::*;

    #[test]
    fn other_writings_are_refused() {
        let blocks = Blocks { senders: vec![crate::ground::id::SenderId([1; 10])] };
        let bytes = written(&blocks);
        assert_eq!(read(&bytes), Some(blocks));
        assert_eq!(read::<Blocks>(&[]), None);
        assert_eq!(read::<Blocks>(&[&[2], &bytes[1..]].concat()), None);
        assert_eq!(read::<Blocks>(&[&bytes[..], &[0]].concat()), None, "nothing may follow");
        for end in 0..bytes.len() {
            assert_eq!(read::<Blocks>(&bytes[..end]), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_trap(mut bytes: Vec<u8>) {
            bytes.insert(0, VERSION);
            let _ = read::<Share>(&bytes);
        }
    }
}
