//! The sound of the built-in phone: a soft chord, and a tick at each whole second of the date.
//!
//! Eight seconds are exactly 375 AAC frames, so the loop has no seam and the ticks stay on the seconds. `tone.aac` is
//! the second of three rounds, made by
//! `ffmpeg -f lavfi -i "aevalsrc=0.06*sin(2*PI*220*t)*(1+0.5*sin(PI*t/2))+0.04*sin(2*PI*330*t)+0.5*exp(-50*mod(t\,1))*sin(2*PI*1500*mod(t\,1)):s=48000:d=24"
//! -c:a aac -b:a 32k -bsf:a "noise=drop=lt(n\,376)+gte(n\,751)" -f adts tone.aac` (an AAC frame is heard one frame
//! after it is encoded, hence 376).

/// Samples a second.
pub(super) const SAMPLE_RATE: u32 = 48_000;
/// Samples in a frame.
pub(super) const FRAME_SAMPLES: u32 = 1024;
/// AudioSpecificConfig: AAC-LC, 48 kHz, one channel (ISO/IEC 14496-3, 1.6.2.1).
pub(super) const CONFIG: [u8; 2] = [0x11, 0x88];

/// Frames in eight seconds.
const LOOP_FRAMES: usize = 375;
/// Bytes of an ADTS header without CRC (ISO/IEC 14496-3, 1.A.2.2).
const ADTS_HEADER_BYTES: usize = 7;
const FILE: &[u8] = include_bytes!("tone.aac");

/// The frames of the loop.
pub(super) struct Tone(Vec<&'static [u8]>);

impl Tone {
    pub(super) fn new() -> Self {
        let (mut rest, mut frames) = (FILE, Vec::with_capacity(LOOP_FRAMES));
        while let [_, _, _, high, middle, low, ..] = rest {
            let length = usize::from(high & 3) << 11 | usize::from(*middle) << 3 | usize::from(low >> 5);
            let (frame, after) = rest.split_at(length);
            frames.push(&frame[ADTS_HEADER_BYTES..]);
            rest = after;
        }
        Self(frames)
    }

    /// The frame that is heard `number` frames after 1970-01-01 00:00 UTC.
    pub(super) fn frame(&self, number: u64) -> &'static [u8] {
        self.0[(number % self.0.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_is_eight_seconds_of_whole_frames() {
        let tone = Tone::new();
        assert_eq!(tone.0.len(), LOOP_FRAMES);
        assert_eq!(LOOP_FRAMES as u32 * FRAME_SAMPLES, 8 * SAMPLE_RATE);
        assert!(tone.0.iter().all(|frame| !frame.is_empty() && frame.len() < 1024));
        assert_eq!(tone.frame(375 * 1000 + 3), tone.frame(3));
    }
}
