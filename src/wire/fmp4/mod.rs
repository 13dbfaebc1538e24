//! Fragmented MP4 (ISO/IEC 14496-12 and -15): a stream's init segment once, then a fragment a picture.
//!
//! `init` writes the init segment, `decode_clock` says when pictures are decoded, `fragment` one fragment, `muxer` turns frames into fragments, `read` finds its way in
//! what was written, `lead_in` has players catch up with it, `remux` makes fragments of a finished film, `progressive` describes a finished recording for players that want to seek at once.

pub mod decode_clock;
pub mod fragment;
pub mod init;
pub mod lead_in;
pub mod muxer;
pub mod progressive;
pub mod read;
pub mod remux;

/// Track id of the pictures.
pub const VIDEO_TRACK: u32 = 1;
/// Track id of the sound.
pub const AUDIO_TRACK: u32 = 2;

/// Writes boxes: each begins with its size and its four letters (14496-12, 4.2).
#[derive(Debug, Default)]
struct BoxWriter {
    bytes: Vec<u8>,
    /// Where bytes are left out that are written later, each with how many: they count as part of their boxes.
    gaps: Vec<(usize, u64)>,
    gap_bytes: u64,
}

impl BoxWriter {
    fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), ..Self::default() }
    }

    /// Writes a box with what `body` writes inside.
    fn boxed(&mut self, kind: &[u8; 4], body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        let gap_bytes = self.gap_bytes;
        self.u32(0);
        self.bytes.extend_from_slice(kind);
        body(self);
        let size = (self.bytes.len() - start) as u32 + (self.gap_bytes - gap_bytes) as u32;
        self.bytes[start..start + 4].copy_from_slice(&size.to_be_bytes());
    }

    /// Writes a box that has a version and flags.
    fn full(&mut self, kind: &[u8; 4], version: u8, flags: u32, body: impl FnOnce(&mut Self)) {
        self.boxed(kind, |out| {
            out.u32(u32::from(version) << 24 | flags);
            body(out);
        });
    }

    fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Leaves out so many bytes.
    fn gap(&mut self, bytes: u64) {
        self.gaps.push((self.bytes.len(), bytes));
        self.gap_bytes += bytes;
    }

    fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len() + count, 0);
    }
}
