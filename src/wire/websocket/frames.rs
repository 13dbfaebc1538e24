//! Where a client's messages end (RFC 6455, section 5.2): the heads of its frames, and how much is behind them.

/// Bytes of a frame's head, at most.
const HEAD_BYTES: usize = 14;

/// Follows the frames of a connection. What is wrong with them is found by others.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD_BYTES],
    /// Bytes of the head that have come.
    in_head: usize,
    /// Bytes of the payload that have yet to come.
    left: u64,
    /// Whether a message goes on in further frames.
    goes_on: bool,
}

impl Frames {
    /// Takes bytes that came.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let passed = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= passed as u64;
                bytes = &bytes[passed..];
                continue;
            }
            self.head[self.in_head] = *first;
            self.in_head += 1;
            bytes = rest;
            if self.in_head == self.head_bytes() {
                self.begin();
            }
        }
    }

    /// How long the head is, as far as is known.
    fn head_bytes(&self) -> usize {
        if self.in_head < 2 {
            return HEAD_BYTES;
        }
        2 + match self.head[1] & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        } + if self.head[1] & 0x80 != 0 { 4 } else { 0 }
    }

    fn begin(&mut self) {
        let [first, second, length @ ..] = self.head;
        self.left = match second & 0x7F {
            126 => u64::from(u16::from_be_bytes([length[0], length[1]])),
            127 => length.iter().take(8).fold(0, |left, byte| left << 8 | u64::from(*byte)),
            short => u64::from(short),
        };
        // Frames of control may stand between those of a message.
        if first & 0x08 == 0 {
            self.goes_on = first & 0x80 == 0;
        }
        self.in_head = 0;
    }

    /// Whether part of a message has come, and its rest has not.
    pub fn is_inside(&self) -> bool {
        self.in_head > 0 || self.left > 0 || self.goes_on
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A client's frame.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | length as u8),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + 4 + length, 0x7F);
        frame
    }

    #[test]
    fn a_message_may_go_on_with_pings_between() {
        let mut frames = Frames::default();
        let parts = [(0x02, true), (0x89, true), (0x00, true), (0x80, false), (0x89, false), (0x82, false)];
        for (first, inside) in parts {
            frames.pass(&frame(first, 10));
            assert_eq!(frames.is_inside(), inside, "after {first:#x}");
        }
    }

    proptest! {
        #[test]
        fn it_is_outside_only_where_a_message_ends(
            lengths in proptest::collection::vec(prop_oneof![0..300_usize, 65_000..66_000_usize], 1..5),
            piece in prop_oneof![1..20_usize, 100..70_000_usize],
        ) {
            let (mut bytes, mut ends) = (Vec::new(), vec![0]);
            for length in lengths {
                bytes.extend(frame(0x82, length));
                ends.push(bytes.len());
            }
            let (mut frames, mut at) = (Frames::default(), 0);
            for piece in bytes.chunks(piece) {
                frames.pass(piece);
                at += piece.len();
                prop_assert_eq!(frames.is_inside(), !ends.contains(&at), "at {}", at);
            }
        }

        #[test]
        fn any_bytes_are_followed(pieces: Vec<Vec<u8>>) {
            let mut frames = Frames::default();
            pieces.iter().for_each(|piece| frames.pass(piece));
        }
    }
}
