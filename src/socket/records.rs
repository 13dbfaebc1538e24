//! Where TLS records end (RFC 8446, section 5.1): five bytes of head, the last two of them the length of what follows.

/// Bytes of a record's head.
const HEAD_BYTES: usize = 5;

/// Follows the records of a connection.
#[derive(Debug, Default)]
pub(super) struct Records {
    head: [u8; HEAD_BYTES],
    /// Bytes of the head that have come; all of them while the record's body comes.
    in_head: usize,
    /// Bytes of the body that have yet to come.
    left: usize,
}

impl Records {
    /// Takes bytes that came.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left == 0 {
                let (more, rest) = bytes.split_at((HEAD_BYTES - self.in_head).min(bytes.len()));
                self.head[self.in_head..self.in_head + more.len()].copy_from_slice(more);
                self.in_head += more.len();
                bytes = rest;
                if self.in_head < HEAD_BYTES {
                    return;
                }
                self.in_head = 0;
                self.left = usize::from(u16::from_be_bytes([self.head[3], self.head[4]]));
            }
            let passed = self.left.min(bytes.len());
            self.left -= passed;
            bytes = &bytes[passed..];
        }
    }

    /// Whether the rest of a record has yet to come.
    pub fn is_inside(&self) -> bool {
        self.in_head > 0 || self.left > 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_outside_only_where_a_record_ends(lengths in proptest::collection::vec(0..600_usize, 1..8), piece in 1..700_usize) {
            let (mut bytes, mut ends) = (Vec::new(), vec![0]);
            for length in lengths {
                bytes.extend_from_slice(&[23, 3, 3, (length >> 8) as u8, length as u8]);
                bytes.resize(bytes.len() + length, 7);
                ends.push(bytes.len());
            }
            let (mut records, mut at) = (Records::default(), 0);
            for piece in bytes.chunks(piece) {
                records.pass(piece);
                at += piece.len();
                prop_assert_eq!(records.is_inside(), !ends.contains(&at));
            }
        }
    }
}
