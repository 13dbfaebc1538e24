//! What of a stream its recording lacks: a disk that was full had room again, and the file goes on without it.

/// Stretches of a stream that are not in its file, in bytes of the stream, the first of them first.
#[derive(Debug, Default)]
pub struct Gaps(Vec<(u64, u64)>);

impl Gaps {
    /// The file, which has `file_bytes`, goes on later: what follows in the stream, up to `to` so far, is not in it.
    pub fn begin(&mut self, file_bytes: u64, to: u64) {
        let from = file_bytes + self.lost();
        self.0.push((from.min(to), to));
    }

    /// The last one reaches up to here.
    pub fn extend(&mut self, to: u64) {
        if let Some((_, end)) = self.0.last_mut() {
            *end = to;
        }
    }

    /// Where the last one ends.
    pub fn end(&self) -> Option<u64> {
        self.0.last().map(|(_, to)| *to)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Bytes of all.
    pub fn lost(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// Where in the file these bytes of the stream are, if none of them is in a gap.
    pub fn place(&self, offset: u64, size: u64) -> Option<u64> {
        let mut lost = 0;
        for (from, to) in &self.0 {
            if *to <= offset {
                lost += to - from;
            } else if *from < offset + size {
                return None;
            }
        }
        Some(offset - lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_gaps_is_found() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.place(70, 30), Some(70));
        gaps.begin(100, 120);
        gaps.extend(150);
        assert_eq!((gaps.lost(), gaps.end()), (50, Some(150)));
        gaps.begin(180, 260);
        assert_eq!((gaps.lost(), gaps.count()), (80, 2), "the file's 180 bytes are the stream's first 230");
        for (offset, size, place) in [
            (70, 30, Some(70)),
            (70, 31, None),
            (100, 50, None),
            (150, 80, Some(100)),
            (150, 81, None),
            (260, 9, Some(180)),
        ] {
            assert_eq!(gaps.place(offset, size), place, "{offset}+{size}");
        }
    }
}
